//! The scorers as a model keeps them, and what their scores are worth by seeds that took no part.

use std::ops::Range;

use rayon::prelude::*;

use super::encoding::Source;
use super::evaluation::{LabelFrequency, Platt, Ranking};
use super::logistic::PenalisedFit;
use super::scorer::{
    Block, Discriminant, Evidence, Linear, Mixture, NearestScore, ROWS, Scorer, ScorerKind, SeedModes,
};
use super::training::{FOLDS, Training};
use crate::error::Result;
use crate::numeric::elementary::logistic;
use crate::numeric::ln;

/// Customers of the background whose held-out scores are looked at, at most: enough for shares to the third digit.
const CHECKED: usize = 50_000;

/// A fitted scorer of any kind.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Fitted {
    Linear(Linear),
    Evidence(Evidence),
    Mixture(Mixture),
    Nearest(NearestScore),
}

/// Scores of rows that took no part in learning them: the seeds, then part of the background.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct HeldOut {
    raw: Vec<f64>,
    seeds: usize,
    /// Whether raw scores are log odds where seeds weigh as much as the background.
    are_log_odds: bool,
    /// The penalty that cross-validation chose, where there is one.
    pub(crate) penalty: Option<f64>,
    /// Whether the search for the weights came to its end.
    pub(crate) converged: bool,
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

/// The order of scores is kept whatever held-out seeds say.
const SMALLEST_SLOPE: f64 = 1e-6;

impl HeldOut {
    fn labels(&self) -> Vec<bool> {
        (0..self.raw.len()).map(|row| row < self.seeds).collect()
    }

    /// How often a seed scores above a customer of the background.
    pub(crate) fn auc(&self) -> Result<f64> {
        Ok(Ranking::of(&self.raw)?.auc(&self.labels())?.unwrap_or(0.5))
    }

    /// Log odds at the pool's share of seeds.
    ///
    /// Logistic regression gives log odds where seeds and background weigh the same; the others give scores, which
    /// a logistic curve of the held-out ones reads as log odds where they are as many as here (Platt 1999). From there it
    /// is a shift by the logarithm of what was drawn.
    pub(crate) fn correction(&self, training: &Training) -> Result<Correction> {
        let background = self.raw.len() - self.seeds;
        let [seeds, background, pool] = [self.seeds as f64, background as f64, training.pool as f64].map(ln);
        if self.are_log_odds {
            return Ok(Correction { slope: 1.0, shift: seeds - pool });
        }
        let curve = Platt::fit(&self.raw, &self.labels())?;
        if curve.slope() > SMALLEST_SLOPE {
            return Ok(Correction { slope: curve.slope(), shift: curve.intercept() + background - pool });
        }
        // A score that puts held-out seeds last still ranks by what it learned, and says no more than their share.
        let mean = self.raw.iter().sum::<f64>() / self.raw.len() as f64;
        Ok(Correction { slope: SMALLEST_SLOPE, shift: seeds - pool - SMALLEST_SLOPE * mean })
    }

    /// The mean similarity of the seeds.
    pub(crate) fn label_frequency(&self, correction: Correction) -> Result<LabelFrequency> {
        let similarity = |raw: &f64| logistic(correction.log_odds(*raw)).max(f64::MIN_POSITIVE);
        LabelFrequency::of(&self.raw[..self.seeds].iter().map(similarity).collect::<Vec<f64>>())
    }
}

impl Fitted {
    /// Learns a scorer, and scores each row by one that was learned without her fold.
    pub(crate) fn learn(kind: ScorerKind, training: &Training, modes: &SeedModes) -> (Self, HeldOut) {
        if kind == ScorerKind::Logistic {
            let fit = PenalisedFit::of(training);
            let held_out = HeldOut {
                raw: fit.out_of_fold,
                seeds: training.seeds,
                are_log_odds: true,
                penalty: Some(fit.share),
                converged: fit.converged,
            };
            let linear = Linear { weights: fit.coefficients, intercept: fit.intercept };
            return (Self::Linear(linear), held_out);
        }
        let fitted = Self::fit(kind, training, modes);
        let rows = checked(training);
        let mut raw = vec![0.0; rows.len()];
        for fold in 0..FOLDS {
            let kept: Vec<usize> = (0..training.rows()).filter(|row| training.fold(*row) != fold).collect();
            let part = training.with_rows(&kept);
            let held: Vec<usize> = (0..rows.len()).filter(|at| training.fold(rows[*at]) == fold).collect();
            if part.seeds == 0 || part.background() == 0 || held.is_empty() {
                continue;
            }
            let without = Self::fit(kind, &part, &modes.of_seeds(&kept[..part.seeds]));
            let scores: Vec<f64> = held.par_iter().map(|at| without.point(training.row(rows[*at]))).collect();
            held.iter().zip(scores).for_each(|(at, score)| raw[*at] = score);
        }
        (fitted, HeldOut { raw, seeds: training.seeds, are_log_odds: false, penalty: None, converged: true })
    }

    fn fit(kind: ScorerKind, training: &Training, modes: &SeedModes) -> Self {
        match kind {
            ScorerKind::WeightOfEvidence => Self::Evidence(Evidence::fit(training)),
            ScorerKind::Mixture => Self::Mixture(Mixture::fit(training, modes)),
            ScorerKind::NearestSeeds => Self::Nearest(NearestScore::fit(training)),
            ScorerKind::Discriminant | ScorerKind::Logistic => {
                Self::Linear(Discriminant::fit(training).linear)
            }
        }
    }

    /// How many seeds it keeps as they are, if it does.
    pub(crate) fn seeds(&self) -> Option<usize> {
        match self {
            Self::Nearest(nearest) => Some(nearest.seeds.len()),
            Self::Linear(_) | Self::Evidence(_) | Self::Mixture(_) => None,
        }
    }

    /// With some of the seeds that it keeps, of which there is one at least.
    pub(crate) fn of_seeds(&self, kept: &[usize]) -> Self {
        match self {
            Self::Nearest(nearest) => Self::Nearest(nearest.of_seeds(kept)),
            other => other.clone(),
        }
    }

    /// Raw scores of some rows of a source.
    pub(crate) fn score(
        &self,
        source: &Source<'_>,
        dims: usize,
        rows: Range<usize>,
        scores: &mut [f64],
        scratch: &mut Vec<f64>,
    ) {
        if let Self::Linear(linear) = self {
            scratch.resize(rows.len(), 0.0);
            return source.linear(rows, linear, scores, scratch);
        }
        scratch.resize(dims * ROWS, 0.0);
        for (block, scores) in scores.chunks_mut(ROWS).enumerate() {
            let first = rows.start + block * ROWS;
            let values = &mut scratch[..dims * scores.len()];
            source.block(first..first + scores.len(), values);
            self.block(&Block { values, rows: scores.len() }, scores);
        }
    }

    /// Raw scores of a block.
    pub(crate) fn block(&self, block: &Block<'_>, scores: &mut [f64]) {
        match self {
            Self::Linear(linear) => linear.score(block, scores),
            Self::Evidence(evidence) => evidence.score(block, scores),
            Self::Mixture(mixture) => mixture.score(block, scores),
            Self::Nearest(nearest) => nearest.score(block, scores),
        }
    }

    /// The raw score of one encoded customer.
    pub(crate) fn point(&self, point: &[f64]) -> f64 {
        let mut score = [0.0];
        self.block(&Block { values: point, rows: 1 }, &mut score);
        score[0]
    }
}

/// The rows whose held-out scores are looked at: all seeds, and of the background those with the smallest hashes.
fn checked(training: &Training) -> Vec<usize> {
    let mut background: Vec<usize> = (training.seeds..training.rows()).collect();
    if background.len() > CHECKED {
        background.select_nth_unstable_by_key(CHECKED, |row| (training.keys[*row], *row));
        background.truncate(CHECKED);
        background.sort_unstable();
    }
    (0..training.seeds).chain(background).collect()
}
