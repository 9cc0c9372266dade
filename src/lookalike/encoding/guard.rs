//! The guard against leakage: features that alone tell seeds from the pool almost perfectly.
//!
//! Such a feature usually *defines* the seed, or was measured after what made the seed. A score that uses it finds the rule
//! again instead of those who resemble the seeds, and every measure of its quality looks splendid.

use std::fmt;
use std::ops::Range;

use rayon::prelude::*;

use super::{EncodedFeature, Encoding, Kind};
use crate::lookalike::training::Training;

/// A feature that alone separates the seeds from the pool this well is suspected.
const SUSPECT: f64 = 0.98;

/// Bins that the seeds' values are cut into, beside those below the least and above the greatest of them.
const BINS: usize = 50;

/// A feature that alone separates seeds from the pool almost perfectly.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Leak {
    /// The feature.
    pub feature: String,
    /// Its AUC as the only score: how often, of a seed and a customer of the pool, it puts the seed first. Levels of a text
    /// are ordered by how common they are among seeds, and so are the parts of a number's range: below all seeds, fifty
    /// quantiles of theirs, above all of them, and missing. So a range in the middle is found as well as one end.
    pub auc: f64,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} alone tells seeds from the pool (AUC {:.3})", self.feature, self.auc)
    }
}

/// The features that are suspected, in the encoding's order. O(rows · features · log bins), in parallel.
pub(crate) fn leaks(encoding: &Encoding, training: &Training) -> Vec<Leak> {
    let places: Vec<(usize, &EncodedFeature)> = encoding.places().collect();
    let suspected = |(first, feature): (usize, &EncodedFeature)| {
        let auc = match feature.kind {
            Kind::Number(_) => by_range(training, first, feature.indicator.then_some(first + 1)),
            Kind::Levels { .. } => by_level(training, first..first + feature.width()),
        };
        (auc >= SUSPECT).then(|| Leak { feature: feature.name.clone(), auc })
    };
    places.into_par_iter().filter_map(suspected).collect()
}

/// The AUC of a number, by parts of its range.
fn by_range(training: &Training, dim: usize, missing: Option<usize>) -> f64 {
    let known = |row: &[f64]| missing.is_none_or(|missing| row[missing] <= 0.0);
    let seeds = (0..training.seeds).map(|row| training.row(row)).filter(|row| known(row));
    let mut seeds: Vec<f64> = seeds.map(|row| row[dim]).collect();
    seeds.sort_unstable_by(f64::total_cmp);
    let Some(lowest) = seeds.first().copied() else {
        return auc(training, 2, |row| usize::from(known(row)));
    };
    let mut ends: Vec<f64> = (1..=BINS).map(|bin| seeds[(seeds.len() - 1) * bin / BINS]).collect();
    ends.dedup_by(|a, b| a.total_cmp(b).is_eq());
    // Below, up to each end, above, and missing.
    auc(training, ends.len() + 3, |row| match row[dim] {
        _ if !known(row) => ends.len() + 2,
        value if value < lowest => 0,
        value => 1 + ends.partition_point(|end| *end < value),
    })
}

/// The AUC of a text, by its levels.
fn by_level(training: &Training, dims: Range<usize>) -> f64 {
    auc(training, dims.len() + 1, |row| {
        row[dims.clone()].iter().position(|value| *value > 0.0).unwrap_or(dims.len())
    })
}

/// How often a seed is in a part where seeds are more common than where a customer of the background is, ties for half.
fn auc(training: &Training, parts: usize, part: impl Fn(&[f64]) -> usize) -> f64 {
    let mut counts = vec![[0_u64; 2]; parts];
    for row in 0..training.rows() {
        counts[part(training.row(row))][usize::from(row < training.seeds)] += 1;
    }
    counts.retain(|[others, own]| others + own > 0);
    // By seeds for each of the others; products of counts fit into 128 bits.
    let product = |seeds: u64, others: u64| u128::from(seeds) * u128::from(others);
    counts.sort_by(|[a_others, a], [b_others, b]| product(*a, *b_others).cmp(&product(*b, *a_others)));
    let (mut below, mut pairs) = (0.0, 0.0);
    for [others, own] in counts {
        pairs += own as f64 * (below + 0.5 * others as f64);
        below += others as f64;
    }
    let all = training.seeds as f64 * training.background() as f64;
    if all > 0.0 { pairs / all } else { 0.5 }
}
