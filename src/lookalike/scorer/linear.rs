//! A sum of weighted dimensions: what the discriminant and the logistic regression come down to.

use super::{Block, Scorer};

/// `intercept + Σ weights · x`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Linear {
    pub(crate) weights: Vec<f64>,
    pub(crate) intercept: f64,
}

impl Scorer for Linear {
    fn score(&self, block: &Block<'_>, scores: &mut [f64]) {
        scores.fill(self.intercept);
        for (dimension, weight) in self.weights.iter().enumerate() {
            for (score, value) in scores.iter_mut().zip(block.column(dimension)) {
                *score += weight * value;
            }
        }
    }
}
