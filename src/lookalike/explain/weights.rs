//! The weights of a linear score, in the features' own units.

use std::fmt;
use std::ops::RangeInclusive;

use super::super::encoding::Meaning;
use super::super::learned::Fitted;
use super::super::model::LookalikeModel;
use crate::numeric::elementary::exp;

/// What a weight is per.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WeightUnit {
    /// One unit of the feature: a day, an order, a currency unit.
    Unit,
    /// So many units, the standard deviation in the pool, where customers differ by far less than a unit or by millions of
    /// them: a rate of thousandths, a time in microseconds.
    Deviation(f64),
    /// Twice as much: the feature is taken by its logarithm. Holds for values well above 1.
    Doubling,
    /// This level against a level of no weight.
    Level(String),
    /// A level that has no weight of its own.
    OtherLevels,
    /// That nothing is known against the pool's average.
    Missing,
}

/// What one feature, or one level of it, adds to the log odds of resembling the seeds.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct FeatureWeight {
    /// The feature.
    pub feature: String,
    /// What the weight is per.
    pub per: WeightUnit,
    /// The log odds that it adds.
    pub log_odds: f64,
    /// What it does to the odds: their factor, the exponential of [`FeatureWeight::log_odds`], at most the greatest number
    /// there is.
    pub odds: f64,
    /// The log odds per standard deviation of the pool (of a number), or as they are (of a level): for comparing features.
    pub standardised: f64,
}

/// Customers differ by so many units where a weight per unit says something.
const IN_UNITS: RangeInclusive<f64> = 0.01..=1e6;

impl LookalikeModel {
    /// The weights in the features' own units, the strongest first by [`FeatureWeight::standardised`]; none for scorers that are not linear.
    #[must_use]
    pub fn weights(&self) -> Vec<FeatureWeight> {
        let Fitted::Linear(linear) = &self.fitted else { return Vec::new() };
        let mut weights = Vec::new();
        for (first, feature) in self.encoding.places() {
            for at in 0..feature.width() {
                let standardised = linear.weights[first + at] * self.correction.slope;
                let (per, log_odds) = match feature.meaning(at) {
                    Meaning::Number(scale) if !IN_UNITS.contains(&scale.spread) => {
                        // Of a logarithm, what it is about the centre.
                        let unit = if scale.log { exp(scale.centre.abs()) } else { 1.0 };
                        (WeightUnit::Deviation((scale.spread * unit).min(f64::MAX)), standardised)
                    }
                    Meaning::Number(scale) if scale.log => {
                        (WeightUnit::Doubling, standardised / scale.spread * std::f64::consts::LN_2)
                    }
                    Meaning::Number(scale) => (WeightUnit::Unit, standardised / scale.spread),
                    Meaning::Level(level) => (WeightUnit::Level(level.to_owned()), standardised),
                    Meaning::Other => (WeightUnit::OtherLevels, standardised),
                    Meaning::Missing => (WeightUnit::Missing, standardised),
                };
                let feature = feature.name.clone();
                let odds = exp(log_odds).min(f64::MAX);
                weights.push(FeatureWeight { feature, per, log_odds, odds, standardised });
            }
        }
        // The order of the encoding decides between equals.
        weights.sort_by(|a, b| b.standardised.abs().total_cmp(&a.standardised.abs()));
        weights
    }
}

/// How much a feature tells seeds from the pool, by itself.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct FeatureEvidence {
    /// The feature.
    pub feature: String,
    /// Its information value: `Σ (share of seeds − share of pool) · weight of evidence` over its bins.
    pub information_value: f64,
    /// The same less what chance alone would give for so few seeds; less than 0.02 takes no part in the score.
    pub beyond_chance: f64,
    /// Whether it tells them apart so well (above 0.5) that it may be what defines the seed.
    pub suspicious: bool,
}

impl LookalikeModel {
    /// How much each feature tells seeds from the pool by itself, the most first; of a score by
    /// [`WeightOfEvidence`](super::super::ScorerKind::WeightOfEvidence), none for others.
    #[must_use]
    pub fn evidence(&self) -> Vec<FeatureEvidence> {
        let Fitted::Evidence(evidence) = &self.fitted else { return Vec::new() };
        let features = evidence.values.iter().zip(&self.encoding.features);
        let mut told: Vec<FeatureEvidence> = features
            .map(|(value, feature)| FeatureEvidence {
                feature: feature.name.clone(),
                information_value: value.value,
                beyond_chance: value.beyond_chance,
                suspicious: value.is_suspicious(),
            })
            .collect();
        // The order of the encoding decides between equals.
        told.sort_by(|a, b| b.beyond_chance.total_cmp(&a.beyond_chance));
        told
    }
}

impl fmt::Display for FeatureWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.feature;
        match &self.per {
            WeightUnit::Unit => write!(f, "{name}, for one more")?,
            WeightUnit::Deviation(_) => write!(f, "{name}, for a standard deviation more")?,
            WeightUnit::Doubling => write!(f, "{name}, for twice as much")?,
            WeightUnit::Level(level) => write!(f, "{name} is {level}")?,
            WeightUnit::OtherLevels => write!(f, "{name} is any other")?,
            WeightUnit::Missing => write!(f, "{name} is not known")?,
        }
        write!(f, ": odds × {}", factor(self.log_odds))
    }
}

/// The exponential of log odds with the digits that matter; as a power where it has too many.
pub(super) fn factor(log_odds: f64) -> String {
    let odds = exp(log_odds);
    let digits = match odds {
        _ if (0.1..10.0).contains(&odds) => 2,
        _ if (10.0..1e9).contains(&odds) => 0,
        _ if (1e-3..0.1).contains(&odds) => 4,
        _ => return format!("e^{log_odds:.0}"),
    };
    format!("{odds:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_has_the_digits_that_matter() {
        for (log_odds, expected) in [
            (0.0, "1.00"),
            (-2.0, "0.14"),
            (-6.0, "0.0025"),
            (-9.0, "e^-9"),
            (5.0, "148"),
            (25.0, "e^25"),
            (3_400.0, "e^3400"),
            (-3_400.0, "e^-3400"),
        ] {
            assert_eq!(factor(log_odds), expected);
        }
    }
}
