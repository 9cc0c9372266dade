//! The space in which the pool is round: no dimension counts more than another, and none twice.

use super::Block;
use super::covariance::Covariance;
use crate::lookalike::training::Training;

/// The least shrinkage of the pool's covariance: a direction in which the pool hardly differs, such as a rare level or one
/// feature told twice, is stretched by at most 1/√0.05, four and a half times the typical one.
const LEAST: f64 = 0.05;

/// z = L⁻¹ (x − mean), where L Lᵀ is the shrunk covariance of the pool.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Whitening {
    pub(crate) mean: Vec<f64>,
    /// L, row by row.
    pub(crate) lower: Vec<f64>,
}

impl Whitening {
    pub(crate) fn fit(training: &Training) -> Self {
        let background = &training.points[training.seeds * training.dims..];
        let covariance = Covariance::shrunk(background, training.dims, None, LEAST);
        Self { lower: covariance.factor(), mean: covariance.mean }
    }

    /// Customers row by row, in place.
    pub(crate) fn rows(&self, rows: &mut [f64]) {
        let dims = self.mean.len();
        for row in rows.chunks_exact_mut(dims) {
            for at in 0..dims {
                let lower = &self.lower[at * dims..][..=at];
                let mut value = row[at] - self.mean[at];
                for (l, z) in lower[..at].iter().zip(&row[..at]) {
                    value -= l * z;
                }
                row[at] = value / lower[at];
            }
        }
    }

    /// A block, dimension by dimension: the same operations for each customer as in [`rows`](Self::rows).
    pub(crate) fn block(&self, block: &Block<'_>) -> Vec<f64> {
        let dims = self.mean.len();
        let mut whitened = vec![0.0; dims * block.rows];
        for at in 0..dims {
            let (before, rest) = whitened.split_at_mut(at * block.rows);
            let lower = &self.lower[at * dims..][..=at];
            let column = &mut rest[..block.rows];
            for (z, x) in column.iter_mut().zip(block.column(at)) {
                *z = x - self.mean[at];
            }
            for (l, known) in lower[..at].iter().zip(before.chunks_exact(block.rows.max(1))) {
                for (z, y) in column.iter_mut().zip(known) {
                    *z -= l * y;
                }
            }
            for z in column {
                *z /= lower[at];
            }
        }
        whitened
    }
}
