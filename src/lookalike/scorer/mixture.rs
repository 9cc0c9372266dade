//! Seeds of several kinds, each a cloud around its mean: how much denser they are at a customer than the pool.
//!
//! In the space where the pool is round ([`whitening`](super::whitening)) its density is the standard Gaussian's. Kind j
//! has the mean of its seeds by their weights, a share πⱼ of all weights, and the covariance W that all kinds share, that
//! of the seeds around the means of their kinds, shrunk as in [`covariance`](super::covariance). The score is the log odds
//! ln Σⱼ πⱼ N(z; mⱼ, W) − ln N(z; 0, I).
//!
//! Where seeds spread more than the pool in a direction, customers far out in it would resemble the seeds without limit,
//! though nobody was ever seen there. So a customer farther from the middle than anyone of the training is taken for one who is
//! just as far, in the same direction.

use super::covariance::Covariance;
use super::modes::SeedModes;
use super::whitening::Whitening;
use super::{Block, Scorer};
use crate::lookalike::training::Training;
use crate::numeric::{exp, ln};

/// The least shrinkage of the covariance within kinds.
const LEAST: f64 = 0.05;

/// A fitted mixture.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Mixture {
    pub(crate) whitening: Whitening,
    /// From there to the space where the kinds are round.
    pub(crate) within: Whitening,
    /// Kind by kind, in that space.
    pub(crate) means: Vec<f64>,
    /// ln πⱼ − ½ ln |W|.
    pub(crate) offsets: Vec<f64>,
    /// How far from the middle customers may be.
    pub(crate) reach: f64,
}

impl Mixture {
    /// O((seeds + background) · dims² + dims³).
    pub(crate) fn fit(training: &Training, modes: &SeedModes) -> Self {
        let dims = training.dims;
        let whitening = Whitening::fit(training);
        let mut points = training.points.clone();
        whitening.rows(&mut points);
        let norm = |row: &[f64]| row.iter().map(|z| z * z).sum::<f64>().sqrt();
        let reach = points.chunks_exact(dims).map(norm).fold(0.0, f64::max);
        points.truncate(training.seeds * dims);
        let mut sums = vec![0.0; modes.modes * dims];
        let mut shares = vec![0.0; modes.modes];
        for ((row, label), weight) in points.chunks_exact(dims).zip(&modes.labels).zip(&training.weights) {
            let kind = *label as usize;
            shares[kind] += weight;
            sums[kind * dims..][..dims].iter_mut().zip(row).for_each(|(sum, z)| *sum += weight * z);
        }
        let total: f64 = shares.iter().sum();
        let kinds: Vec<usize> = (0..modes.modes).filter(|kind| shares[*kind] > 0.0).collect();
        let mut means: Vec<f64> = kinds
            .iter()
            .flat_map(|kind| sums[kind * dims..][..dims].iter().map(|sum| sum / shares[*kind]))
            .collect();
        for (row, label) in points.chunks_exact_mut(dims).zip(&modes.labels) {
            let kind = kinds.iter().position(|kind| *kind == *label as usize).unwrap_or_default();
            row.iter_mut().zip(&means[kind * dims..]).for_each(|(z, mean)| *z -= mean);
        }
        let middle = vec![0.0; dims];
        let covariance = Covariance::shrunk(&points, dims, Some(&middle), LEAST);
        let within = Whitening { lower: covariance.factor(), mean: middle };
        within.rows(&mut means);
        let half_determinant: f64 = (0..dims).map(|at| ln(within.lower[at * (dims + 1)])).sum();
        let offsets = kinds.iter().map(|kind| ln(shares[*kind] / total) - half_determinant).collect();
        Self { whitening, within, means, offsets, reach }
    }
}

impl Scorer for Mixture {
    fn score(&self, block: &Block<'_>, scores: &mut [f64]) {
        let rows = block.rows;
        let dims = self.whitening.mean.len();
        let mut points = self.whitening.block(block);
        let mut norms = squared_norms(&points, rows);
        for (row, norm) in norms.iter_mut().enumerate() {
            let length = norm.sqrt();
            if length > self.reach {
                points[row..].iter_mut().step_by(rows).for_each(|z| *z *= self.reach / length);
                *norm = self.reach * self.reach;
            }
        }
        let points = self.within.block(&Block { values: &points, rows });
        let mut logs = vec![0.0; self.offsets.len() * rows];
        let kinds = self.means.chunks_exact(dims).zip(&self.offsets);
        for (logs, (mean, offset)) in logs.chunks_exact_mut(rows.max(1)).zip(kinds) {
            for (column, mean) in points.chunks_exact(rows.max(1)).zip(mean) {
                for (log, z) in logs.iter_mut().zip(column) {
                    *log += (z - mean) * (z - mean);
                }
            }
            for log in logs {
                *log = offset - *log / 2.0;
            }
        }
        for (row, (score, norm)) in scores.iter_mut().zip(&norms).enumerate() {
            let logs = || logs.iter().skip(row).step_by(rows);
            let largest = logs().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logs().map(|log| exp(log - largest)).sum();
            *score = largest + ln(sum) + norm / 2.0;
        }
    }
}

/// The squared norms of customers that lie dimension by dimension.
fn squared_norms(points: &[f64], rows: usize) -> Vec<f64> {
    let mut norms = vec![0.0; rows];
    for column in points.chunks_exact(rows.max(1)) {
        norms.iter_mut().zip(column).for_each(|(norm, z)| *norm += z * z);
    }
    norms
}
