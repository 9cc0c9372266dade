//! Why one customer scores as she does.

use std::fmt;
use std::ops::Range;

use super::super::encoding::{EncodedFeature, Meaning};
use super::super::learned::Fitted;
use super::super::model::LookalikeModel;
use super::weights::factor;
use crate::error::Result;
use crate::features::FeatureTable;
use crate::numeric::elementary::{exp_m1, logistic};
use crate::segment::{CustomerFeatures, FeatureValue};
use crate::transaction::{CustomerId, Zone};

/// One feature's part in a customer's score.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// The feature.
    pub feature: String,
    /// Her value as text, a time in UTC; `None` where it is missing.
    pub value: Option<String>,
    /// What the pool has: the mean of a number (the geometric one where the feature is taken by its logarithm), or the
    /// share of the pool that has her level or lacks a value as well. Of a time, microseconds since 1970.
    pub pool: f64,
    /// The log odds that her value adds against the pool's average.
    pub log_odds: f64,
}

/// Why one customer scores as she does.
///
/// Prints as a list of her strongest reasons.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Explanation {
    /// Her similarity, as in [`Scores::similarity`](super::super::Scores::similarity).
    pub similarity: f64,
    /// The log odds behind it.
    pub log_odds: f64,
    /// Every feature, the strongest first, for or against her.
    pub reasons: Vec<Reason>,
}

impl LookalikeModel {
    /// Why a customer of a table scores as she does. O(features · cost of one score).
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`](crate::Error::UnknownCustomer), and as for [`LookalikeModel::score`].
    pub fn explain(&self, table: &FeatureTable, customer: &CustomerId) -> Result<Explanation> {
        self.explain_one(&CustomerFeatures::of(table, customer)?)
    }

    /// Why a customer scores as she does, without a table.
    ///
    /// # Errors
    /// As for [`LookalikeModel::score_one`].
    pub fn explain_one(&self, customer: &CustomerFeatures) -> Result<Explanation> {
        let point = self.encoding.point(customer)?;
        let log_odds = self.log_odds_of(&point);
        let mut reasons = Vec::with_capacity(self.encoding.features.len());
        for (first, feature) in self.encoding.places() {
            let own = first..first + feature.width();
            let value = customer.value(&feature.name)?;
            reasons.push(Reason {
                feature: feature.name.clone(),
                value: value.map(text),
                pool: pool(feature, &point[own.clone()], &self.typical[own.clone()]),
                log_odds: self.part(&point, own, log_odds),
            });
        }
        // The order of the encoding decides between equals.
        reasons.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
        Ok(Explanation { similarity: logistic(log_odds), log_odds, reasons })
    }
}

impl LookalikeModel {
    /// What some dimensions of a point add to its log odds.
    fn part(&self, point: &[f64], own: Range<usize>, log_odds: f64) -> f64 {
        if let Fitted::Evidence(evidence) = &self.fitted {
            // Evidence is against the pool already.
            let parts = evidence.parts(point);
            let parts = parts.iter().filter(|(dimension, _)| own.contains(dimension));
            return parts.map(|(_, part)| part * self.correction.slope).sum();
        }
        let mut typical = point.to_vec();
        typical[own.clone()].copy_from_slice(&self.typical[own]);
        log_odds - self.log_odds_of(&typical)
    }
}

/// What the pool has of what she has.
fn pool(feature: &EncodedFeature, own: &[f64], typical: &[f64]) -> f64 {
    let known = |dimension: usize| own[dimension] > 0.0;
    match feature.meaning(0) {
        Meaning::Number(_) if feature.indicator && known(1) => typical[1],
        Meaning::Number(scale) if scale.log => exp_m1(scale.centre.abs()).copysign(scale.centre),
        Meaning::Number(scale) => scale.centre,
        _ => (0..own.len()).find(|dimension| known(*dimension)).map_or(0.0, |dimension| typical[dimension]),
    }
}

fn text(value: &FeatureValue) -> String {
    match value {
        FeatureValue::Count(count) => count.to_string(),
        FeatureValue::Time(micros) => {
            // Of a customer alone no zone is known.
            let text = Zone::utc().civil(*micros).to_string().replace('T', " ");
            text.strip_suffix(" 00:00:00").map_or_else(|| text.clone(), str::to_owned)
        }
        FeatureValue::Number(number) => format!("{number:.3}"),
        FeatureValue::Money(amount) => amount.to_string(),
        FeatureValue::Text(text) => text.clone(),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} is {value}", self.feature)?,
            None => write!(f, "{} is not known", self.feature)?,
        }
        let way = if self.log_odds < 0.0 { "less" } else { "more" };
        write!(f, ": {} times {way} like the seeds than the pool's average", factor(self.log_odds.abs()))
    }
}

/// Reasons that are printed.
const PRINTED: usize = 5;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Similarity {:.4}", self.similarity)?;
        for reason in self.reasons.iter().take(PRINTED) {
            writeln!(f, "  {reason}")?;
        }
        Ok(())
    }
}
