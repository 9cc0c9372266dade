//! The scorers as a model keeps them, and what their scores are worth.

use super::encoding::Source;
use super::scorer::{Block, ROWS, Scorer, ScorerKind};
use super::training::Training;
use crate::error::Result;

/// A linear score: log odds are the intercept and the sum of weights by dimension.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Linear {
    pub(crate) weights: Vec<f64>,
    pub(crate) intercept: f64,
}

/// A fitted scorer of any kind.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Fitted {
    Linear(Linear),
}

/// What scores are of rows that took no part in learning them.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct HeldOut {
    /// Raw scores of the training's rows, each by a scorer that was learned without her.
    pub(crate) raw: Vec<f64>,
    /// The penalty that cross-validation chose, where there is one.
    pub(crate) penalty: Option<f64>,
}

/// How a raw score becomes log odds at the pool's share of seeds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Correction {
    pub(crate) slope: f64,
    pub(crate) shift: f64,
}

impl Correction {
    pub(crate) fn log_odds(self, raw: f64) -> f64 {
        raw * self.slope + self.shift
    }
}

impl HeldOut {
    /// Log odds at a share of seeds whose logarithm is `share`, for scores that were learned as if it were one half.
    pub(crate) fn correction(&self, _training: &Training, share: f64) -> Correction {
        Correction { slope: 1.0, shift: share }
    }
}

impl Fitted {
    /// Raw scores of some rows of a source, at most a block of them.
    pub(crate) fn score(
        &self,
        source: &Source<'_>,
        dims: usize,
        rows: std::ops::Range<usize>,
        scores: &mut [f64],
        scratch: &mut Vec<f64>,
    ) {
        match self {
            Self::Linear(linear) => {
                scratch.resize(ROWS, 0.0);
                source.linear(rows, &linear.weights, linear.intercept, scores, scratch);
            }
            #[expect(unreachable_patterns, reason = "more to come")]
            _ => {
                scratch.resize(dims * ROWS, 0.0);
                let values = &mut scratch[..dims * rows.len()];
                let count = rows.len();
                source.block(rows, values);
                self.block(&Block { values, rows: count }, scores);
            }
        }
    }

    /// Raw scores of a block.
    pub(crate) fn block(&self, block: &Block<'_>, scores: &mut [f64]) {
        match self {
            Self::Linear(linear) => linear.score(block, scores),
        }
    }

    pub(crate) fn learn(kind: ScorerKind, training: &Training) -> Result<(Self, HeldOut)> {
        let _ = kind;
        // Stands in until the scorers are here.
        let linear = stand_in(training, None);
        let mut raw = vec![0.0; training.rows()];
        for fold in 0..5 {
            let without = stand_in(training, Some(fold));
            for row in (0..training.rows()).filter(|row| training.keys[*row] % 5 == fold) {
                let block = Block { values: training.row(row), rows: 1 };
                without.score(&block, &mut raw[row..=row]);
            }
        }
        Ok((Self::Linear(linear), HeldOut { raw, penalty: None }))
    }
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

fn stand_in(training: &Training, fold: Option<u64>) -> Linear {
    let (d, n) = (training.dims, training.rows());
    let inside = |row: usize| fold.is_none_or(|fold| training.keys[row] % 5 != fold);
    let mut beta = vec![0.0; d + 1];
    let positive: f64 = (0..training.seeds).filter(|row| inside(*row)).map(|row| training.weights[row]).sum();
    let background = (training.seeds..n).filter(|row| inside(*row)).count() as f64;
    let lambda = 1e-3 * 2.0 * positive;
    for _ in 0..12 {
        let mut hessian = vec![vec![0.0; d + 2]; d + 1];
        for row in (0..n).filter(|row| inside(*row)) {
            let x = training.row(row);
            let (y, w) = if row < training.seeds {
                (1.0, training.weights[row])
            } else {
                (0.0, positive / background)
            };
            let eta = beta[d] + x.iter().zip(&beta).map(|(x, b)| x * b).sum::<f64>();
            let p = crate::numeric::elementary::logistic(eta);
            let at = |i: usize| if i < d { x[i] } else { 1.0 };
            for i in 0..=d {
                hessian[i][d + 1] += w * (y - p) * at(i);
                for (j, cell) in hessian[i].iter_mut().enumerate().take(d + 1) {
                    *cell += w * p * (1.0 - p) * at(i) * at(j);
                }
            }
        }
        for i in 0..d {
            hessian[i][i] += lambda;
            hessian[i][d + 1] -= lambda * beta[i];
        }
        for i in 0..=d {
            hessian[i][i] += 1e-9;
            let pivot = hessian[i].clone();
            for (k, other) in hessian.iter_mut().enumerate() {
                if k != i {
                    let factor = other[i] / pivot[i];
                    for (cell, own) in other.iter_mut().zip(&pivot) {
                        *cell -= factor * own;
                    }
                }
            }
        }
        for i in 0..=d {
            beta[i] += hessian[i][d + 1] / hessian[i][i];
        }
    }
    let intercept = beta.pop().unwrap_or_default();
    Linear { weights: beta, intercept }
}
