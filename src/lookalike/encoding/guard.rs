//! The guard against leakage: features that alone tell seeds from the pool almost perfectly.
//!
//! Such a feature usually *defines* the seed, or was measured after what made the seed. A score that uses it finds the rule
//! again instead of those who resemble the seeds, and every measure of its quality looks splendid.

use std::fmt;

use super::{Encoding, Kind};
use crate::error::Result;
use crate::lookalike::evaluation::Ranking;
use crate::lookalike::training::Training;

/// A feature that alone separates the seeds from the pool this well is suspected.
const SUSPECT: f64 = 0.98;

/// A feature that alone separates seeds from the pool almost perfectly.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Leak {
    /// The feature.
    pub feature: String,
    /// Its AUC as the only score: how often, of a seed and a customer of the pool, it puts the seed first; the better of both
    /// directions, levels of a text ordered by how common they are among seeds.
    pub auc: f64,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} alone tells seeds from the pool (AUC {:.3})", self.feature, self.auc)
    }
}

/// Beyond all values of an encoded number.
const BEYOND: f64 = 1e9;

/// The features that are suspected, in the encoding's order.
pub(crate) fn leaks(encoding: &Encoding, training: &Training) -> Result<Vec<Leak>> {
    let mut leaks = Vec::new();
    for (first, feature) in encoding.places() {
        let auc = match feature.kind {
            // Someone without a value may stand below or above all others.
            Kind::Number(_) if feature.indicator => {
                let at = |missing: f64| {
                    auc_by(training, |row| if row[first + 1] > 0.0 { missing } else { row[first] })
                };
                either_way(at(-BEYOND)?).max(either_way(at(BEYOND)?))
            }
            Kind::Number(_) => either_way(auc_by(training, |row| row[first])?),
            Kind::Levels { .. } => {
                let dims = first..first + feature.width();
                let score = levels_by_share(training, dims.clone());
                auc_by(training, |row| {
                    let slot = row[dims.clone()].iter().position(|value| *value > 0.0);
                    slot.map_or(score[dims.len()], |slot| score[slot])
                })?
            }
        };
        if auc >= SUSPECT {
            leaks.push(Leak { feature: feature.name.clone(), auc });
        }
    }
    Ok(leaks)
}

fn either_way(auc: f64) -> f64 {
    auc.max(1.0 - auc)
}

/// The share of seeds among those who have 1 in each of some dimensions; the last is that of those who have it in none.
fn levels_by_share(training: &Training, dims: std::ops::Range<usize>) -> Vec<f64> {
    let mut counts = vec![[0_u64; 2]; dims.len() + 1];
    for row in 0..training.rows() {
        let slot =
            training.row(row)[dims.clone()].iter().position(|value| *value > 0.0).unwrap_or(dims.len());
        counts[slot][usize::from(row < training.seeds)] += 1;
    }
    let seeds = training.seeds as f64;
    let background = training.background() as f64;
    // Per cent of all seeds against per cent of the background, so that their numbers do not matter.
    let share = |[others, own]: [u64; 2]| {
        let (own, others) = (own as f64 / seeds, others as f64 / background);
        if own + others > 0.0 { own / (own + others) } else { 0.5 }
    };
    counts.into_iter().map(share).collect()
}

/// The AUC of a score of the training's rows.
fn auc_by(training: &Training, score: impl Fn(&[f64]) -> f64) -> Result<f64> {
    let scores: Vec<f64> = (0..training.rows()).map(|row| score(training.row(row))).collect();
    let seeds: Vec<bool> = (0..training.rows()).map(|row| row < training.seeds).collect();
    Ok(Ranking::of(&scores)?.auc(&seeds)?.unwrap_or(0.5))
}
