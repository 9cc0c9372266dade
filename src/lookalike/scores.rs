//! How much each customer of a table resembles the seeds.

use crate::transaction::CustomerIds;

/// How much each customer of a table resembles the seeds: one score a row of the table.
#[derive(Clone, PartialEq)]
pub struct Scores {
    pub(crate) ids: CustomerIds,
    /// Log odds of being a seed, at the share that seeds have in the pool; finite.
    pub(crate) log_odds: Vec<f64>,
    /// Whether she is one of the seeds.
    pub(crate) seed: crate::Bitmap,
}

impl Scores {
    /// The similarity of a row, between 0 and 1: the share of seeds among customers like her, in the pool and the seeds
    /// together. It orders customers; it is no probability that she will buy.
    #[must_use]
    pub fn similarity(&self, row: usize) -> f64 {
        crate::numeric::elementary::logistic(self.log_odds[row])
    }
}
