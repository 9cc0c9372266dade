//! The encoding: features of any type as numbers on one scale, learned once and kept in the model.
//!
//! A number becomes `(x − centre) / spread` over the background sample, after a signed `ln(1 + |x|)` where its tail is long;
//! a text becomes one dimension a level, 1 for hers and 0 for the others, rare levels together in one; where somebody
//! lacks a value, one dimension more says so, and the value counts as the centre. So a missing value is neither zero nor
//! lost, and every customer can be scored.

mod columns;
mod guard;
mod learn;
mod outcome;

pub(crate) use columns::Source;
pub use guard::Leak;
pub(crate) use guard::leaks;
pub(crate) use learn::learn;
pub(crate) use outcome::tells_of_returns;

use rayon::prelude::*;

use super::scorer::ROWS;
use crate::error::Result;
use crate::features::FeatureTable;
use crate::numeric::elementary::ln_1p;
use crate::segment::{CustomerFeatures, FeatureValue};

/// The features of a model and how each becomes numbers.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Encoding {
    pub(crate) features: Vec<EncodedFeature>,
}

/// One feature.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct EncodedFeature {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether a dimension says that she has no value; the last of the feature's.
    pub(crate) indicator: bool,
}

/// How a feature becomes numbers.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Kind {
    /// One dimension.
    Number(NumberScale),
    /// One dimension a level, in the order of their texts.
    Levels {
        levels: Vec<String>,
        /// Whether one more stands for all other levels.
        other: bool,
    },
}

/// The scale of a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct NumberScale {
    /// A signed logarithm first.
    pub(crate) log: bool,
    pub(crate) centre: f64,
    /// Positive.
    pub(crate) spread: f64,
}

impl NumberScale {
    /// A value on the scale.
    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    pub(crate) fn scaled(self, inverse: f64, value: f64) -> f64 {
        let value = if self.log { ln_1p(value.abs()).copysign(value) } else { value };
        standardised(value, self.centre, inverse)
    }

    pub(crate) fn inverse(self) -> f64 {
        1.0 / self.spread
    }
}

/// A value in deviations from the centre. Values beyond what was learned from stay finite, so that no score is NaN.
#[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
#[inline(always)]
fn standardised(value: f64, centre: f64, inverse: f64) -> f64 {
    ((value - centre) * inverse).clamp(-FARTHEST, FARTHEST)
}

/// No customer stands farther from the centre than this, in deviations: a value so far off is a slip of the unit.
const FARTHEST: f64 = 1e6;

impl EncodedFeature {
    /// Its dimensions.
    pub(crate) fn width(&self) -> usize {
        self.values() + usize::from(self.indicator)
    }

    /// Those that tell of a value.
    pub(crate) fn values(&self) -> usize {
        match &self.kind {
            Kind::Number(_) => 1,
            Kind::Levels { levels, other } => levels.len() + usize::from(*other),
        }
    }

    /// What its dimension number `at` means, beside the feature's name.
    pub(crate) fn meaning(&self, at: usize) -> Meaning<'_> {
        match &self.kind {
            _ if at >= self.values() => Meaning::Missing,
            Kind::Number(scale) => Meaning::Number(*scale),
            Kind::Levels { levels, .. } => {
                levels.get(at).map_or(Meaning::Other, |level| Meaning::Level(level))
            }
        }
    }

    /// Which dimension of the feature a level is.
    fn slot(&self, level: &str) -> Option<usize> {
        let Kind::Levels { levels, other } = &self.kind else { return None };
        match levels.binary_search_by(|own| own.as_str().cmp(level)) {
            Ok(slot) => Some(slot),
            Err(_) => other.then_some(levels.len()),
        }
    }

    /// One customer's value in the feature's dimensions, which are zero.
    fn encode(&self, value: Option<&FeatureValue>, out: &mut [f64]) {
        match (&self.kind, value) {
            (_, None) => {
                if self.indicator {
                    out[self.values()] = 1.0;
                }
            }
            (Kind::Number(scale), Some(value)) => {
                out[0] = scale.scaled(scale.inverse(), number(value).unwrap_or(scale.centre));
            }
            (Kind::Levels { .. }, Some(FeatureValue::Text(text))) => {
                if let Some(slot) = self.slot(text) {
                    out[slot] = 1.0;
                }
            }
            (Kind::Levels { .. }, Some(_)) => {}
        }
    }
}

/// What a dimension of the encoding says of a customer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Meaning<'a> {
    Number(NumberScale),
    Level(&'a str),
    Other,
    Missing,
}

impl Encoding {
    /// All dimensions.
    pub(crate) fn dims(&self) -> usize {
        self.features.iter().map(EncodedFeature::width).sum()
    }

    /// Each feature with its first dimension.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, &EncodedFeature)> {
        self.features.iter().scan(0, |first, feature| {
            let own = *first;
            *first += feature.width();
            Some((own, feature))
        })
    }

    /// Which feature each dimension belongs to.
    pub(crate) fn feature_of(&self) -> Vec<usize> {
        let widths = self.features.iter().map(EncodedFeature::width).enumerate();
        widths.flat_map(|(feature, width)| std::iter::repeat_n(feature, width)).collect()
    }

    /// A table's columns, ready to be read.
    ///
    /// # Errors
    /// [`Error::MissingFeature`](crate::Error::MissingFeature) and [`Error::FeatureType`](crate::Error::FeatureType).
    pub(crate) fn source<'a>(&'a self, table: &'a FeatureTable) -> Result<Source<'a>> {
        Source::of(self, table)
    }

    /// All customers of a table, row-major.
    ///
    /// # Errors
    /// As for [`Encoding::source`].
    pub(crate) fn points(&self, table: &FeatureTable) -> Result<Vec<f64>> {
        let (source, dims) = (self.source(table)?, self.dims());
        let mut points = vec![0.0; table.len() * dims];
        points.par_chunks_mut(ROWS * dims.max(1)).enumerate().for_each_init(
            Vec::new,
            |scratch, (block, points)| {
                let rows = points.len() / dims;
                scratch.resize(points.len(), 0.0);
                source.block(block * ROWS..block * ROWS + rows, scratch);
                for (row, point) in points.chunks_exact_mut(dims).enumerate() {
                    for (dimension, value) in point.iter_mut().enumerate() {
                        *value = scratch[dimension * rows + row];
                    }
                }
            },
        );
        Ok(points)
    }

    /// One customer, to the same bits as in a table.
    ///
    /// # Errors
    /// As for [`Encoding::source`].
    pub(crate) fn point(&self, customer: &CustomerFeatures) -> Result<Vec<f64>> {
        let mut point = vec![0.0; self.dims()];
        for (first, feature) in self.places() {
            let value = customer.value(&feature.name)?;
            feature.check(value)?;
            feature.encode(value, &mut point[first..][..feature.width()]);
        }
        Ok(point)
    }
}

impl EncodedFeature {
    /// Refuses a text where a number is meant, and the other way round.
    fn check(&self, value: Option<&FeatureValue>) -> Result<()> {
        let (found, expected) = match (&self.kind, value) {
            (Kind::Number(_), Some(FeatureValue::Text(_))) => ("text", "a number"),
            (Kind::Levels { .. }, Some(value)) if !matches!(value, FeatureValue::Text(_)) => {
                ("a number", "text")
            }
            _ => return Ok(()),
        };
        Err(crate::Error::FeatureType { feature: self.name.clone(), found, expected })
    }
}

fn number(value: &FeatureValue) -> Option<f64> {
    match value {
        FeatureValue::Count(count) | FeatureValue::Time(count) => Some(*count as f64),
        FeatureValue::Number(number) => Some(*number),
        FeatureValue::Money(amount) => Some(amount.to_f64()),
        FeatureValue::Text(_) => None,
    }
}

#[cfg(test)]
mod tests;
