//! The scorers: what each learns of seeds and background, and how it scores others.
//!
//! Each gives *log odds*: the natural logarithm of how much likelier a customer is a seed than one drawn from the pool, up
//! to a scale and a constant that the model settles by held-out seeds.

mod choice;
mod covariance;
mod dip;
mod discriminant;
mod evidence;
mod linear;
mod mixture;
mod modes;
mod nearest;
mod whitening;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use choice::choose;
pub(crate) use discriminant::Discriminant;
pub(crate) use evidence::{Evidence, InformationValue, Split, Variable};
pub(crate) use linear::Linear;
pub(crate) use mixture::Mixture;
pub(crate) use modes::SeedModes;
pub(crate) use nearest::NearestScore;
pub use nearest::NearestSeeds;
pub(crate) use whitening::Whitening;

/// How a model scores likeness.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScorerKind {
    /// Logistic regression: a weight for every dimension, learned together.
    Logistic,
    /// Weight of evidence: what each feature says by itself, added up; for few seeds.
    WeightOfEvidence,
    /// Linear discriminant: the direction from the pool's mean to the seeds', in units of the pool's spread.
    Discriminant,
    /// A cloud for each kind of seeds, against the pool's; for seeds of several kinds.
    Mixture,
    /// The distance of the nearest seeds against that of other customers; for seeds of any shape.
    NearestSeeds,
}

impl fmt::Display for ScorerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Logistic => "logistic regression",
            Self::WeightOfEvidence => "weight of evidence",
            Self::Discriminant => "linear discriminant",
            Self::Mixture => "mixture of kinds",
            Self::NearestSeeds => "nearest seeds",
        })
    }
}

/// Customers to be scored, as a scorer sees them: at most [`ROWS`] of them, dimension by dimension.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    /// `values[dimension * rows + row]`.
    pub(crate) values: &'a [f64],
    pub(crate) rows: usize,
}

/// Rows of a whole block.
pub(crate) const ROWS: usize = 1_024;

/// Rows of one piece of parallel work: a whole number of blocks, so much that the neighbours in memory of what is read are
/// read as well.
pub(crate) const PIECE: usize = 8 * ROWS;

impl<'a> Block<'a> {
    pub(crate) fn column(&self, dimension: usize) -> &'a [f64] {
        &self.values[dimension * self.rows..][..self.rows]
    }
}

/// A fitted scorer.
pub(crate) trait Scorer: Send + Sync {
    /// The raw score of each customer of a block, larger for those who resemble the seeds more; finite. The same to the bit
    /// for a customer whatever block she stands in.
    fn score(&self, block: &Block<'_>, scores: &mut [f64]);
}

#[cfg(test)]
mod tests;
