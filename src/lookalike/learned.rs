//! The scorers as a model keeps them, and what their scores are worth.

use super::encoding::Source;
use super::evaluation::Platt;
use super::scorer::{Block, Linear, ROWS, Scorer, ScorerKind};
use super::training::Training;
use crate::error::Result;
use crate::numeric::ln;

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
    /// Whether raw scores are log odds where seeds weigh as much as the background.
    pub(crate) are_log_odds: bool,
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
    /// Log odds at the pool's share of seeds.
    ///
    /// Logistic regression gives log odds where seeds and background weigh the same; the others give scores, which
    /// a logistic curve of the held-out ones reads as log odds where they are as many as in the sample (Platt 1999). From there
    /// it is a shift by the logarithm of what was drawn.
    pub(crate) fn correction(&self, training: &Training) -> Result<Correction> {
        let [seeds, background, pool] =
            [training.seeds as f64, training.background() as f64, training.pool as f64].map(ln);
        if self.are_log_odds {
            return Ok(Correction { slope: 1.0, shift: seeds - pool });
        }
        let curve = Platt::fit(&self.raw, &training.labels())?;
        // A score that puts held-out seeds last still ranks by what it learned.
        let slope = curve.slope().max(SMALLEST_SLOPE);
        Ok(Correction { slope, shift: curve.intercept() + background - pool })
    }
}

/// The order of scores is kept whatever held-out seeds say.
const SMALLEST_SLOPE: f64 = 1e-6;

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

    /// Whether it scores points of this many dimensions, and with finite numbers.
    pub(crate) fn fits(&self, dims: usize) -> bool {
        match self {
            Self::Linear(linear) => {
                linear.weights.len() == dims
                    && linear.intercept.is_finite()
                    && linear.weights.iter().all(|weight| weight.is_finite())
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
        Ok((Self::Linear(linear), HeldOut { raw, are_log_odds: true, penalty: None }))
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
