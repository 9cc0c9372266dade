//! Means and shrunk covariances, and the linear algebra of a small symmetric matrix.
//!
//! **Shrinkage** is Ledoit and Wolf's (Journal of Multivariate Analysis 88, 2004): Σ = (1 − ρ) S + ρ m I, where S is the
//! covariance of n rows in p dimensions (divided by n), m = tr S / p, and
//!
//! ρ = min(b², d²) / d², with d² = ‖S − m I‖² / p and b² = (Σᵢ ‖xᵢ − x̄‖⁴ / n − ‖S‖²) / (n p),
//!
//! norms of matrices being those of Frobenius. It minimises the expected error of Σ without any tuning. It is never let
//! below a floor, because it falls with n: dimensions that are constant or follow from others would otherwise make a
//! matrix that can hardly be inverted.

use rayon::prelude::*;

/// Rows that are added up together.
const CHUNK: usize = 4_096;

/// A covariance that can be inverted.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Covariance {
    pub(crate) mean: Vec<f64>,
    /// Row by row, symmetric and positive definite.
    pub(crate) matrix: Vec<f64>,
    /// ρ.
    pub(crate) shrinkage: f64,
}

/// The mean of rows, weighted if they have weights; zeros without rows.
pub(crate) fn mean(rows: &[f64], dims: usize, weights: Option<&[f64]>) -> Vec<f64> {
    let parts: Vec<(Vec<f64>, f64)> = rows
        .par_chunks(CHUNK * dims)
        .enumerate()
        .map(|(chunk, rows)| {
            let mut sums = vec![0.0; dims];
            let mut total = 0.0;
            for (at, row) in rows.chunks_exact(dims).enumerate() {
                let weight = weights.map_or(1.0, |weights| weights[chunk * CHUNK + at]);
                total += weight;
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum += weight * x;
                }
            }
            (sums, total)
        })
        .collect();
    let mut mean = vec![0.0; dims];
    let total: f64 = parts.iter().map(|(_, total)| total).sum();
    for (sums, _) in &parts {
        for (mean, sum) in mean.iter_mut().zip(sums) {
            *mean += sum;
        }
    }
    if total > 0.0 {
        for mean in &mut mean {
            *mean /= total;
        }
    }
    mean
}

/// Products of centred rows.
struct Products<'a> {
    rows: &'a [f64],
    mean: &'a [f64],
}

impl pulp::WithSimd for Products<'_> {
    /// The lower triangle of Σ t tᵀ, and Σ ‖t‖⁴.
    type Output = (Vec<f64>, f64);

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> (Vec<f64>, f64) {
        let dims = self.mean.len();
        let mut products = vec![0.0; dims * dims];
        let mut fourth = 0.0;
        let mut centred = vec![0.0; dims];
        for row in self.rows.chunks_exact(dims) {
            for ((t, x), mean) in centred.iter_mut().zip(row).zip(self.mean) {
                *t = x - mean;
            }
            let square: f64 = centred.iter().map(|t| t * t).sum();
            fourth += square * square;
            for (at, t) in centred.iter().enumerate() {
                for (product, u) in products[at * dims..].iter_mut().zip(&centred[..=at]) {
                    *product = t.mul_add(*u, *product);
                }
            }
        }
        (products, fourth)
    }
}

impl Covariance {
    /// Of rows around their mean, or around `mean` if it is given. The identity where they do not differ at all.
    pub(crate) fn shrunk(rows: &[f64], dims: usize, around: Option<&[f64]>, floor: f64) -> Self {
        let mean = around.map_or_else(|| mean(rows, dims, None), <[f64]>::to_vec);
        let parts: Vec<(Vec<f64>, f64)> = rows
            .par_chunks(CHUNK * dims)
            .map(|rows| pulp::Arch::new().dispatch(Products { rows, mean: &mean }))
            .collect();
        let count = (rows.len() / dims) as f64;
        let mut matrix = vec![0.0; dims * dims];
        let mut fourth = 0.0;
        for (products, part) in &parts {
            fourth += part;
            matrix.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
        }
        for at in 0..dims {
            for other in 0..=at {
                let value = matrix[at * dims + other] / count.max(1.0);
                matrix[at * dims + other] = value;
                matrix[other * dims + at] = value;
            }
        }
        let p = dims as f64;
        let middle = (0..dims).map(|at| matrix[at * dims + at]).sum::<f64>() / p;
        if !(middle.is_finite() && middle > 0.0) {
            let identity = (0..dims * dims).map(|at| f64::from(u8::from(at % (dims + 1) == 0)));
            return Self { mean, matrix: identity.collect(), shrinkage: 1.0 };
        }
        // Relative to m, so that no square leaves the range of floats.
        let squares: f64 = matrix.iter().map(|value| (value / middle) * (value / middle)).sum();
        let distance = (squares - p) / p;
        let error = (fourth / (middle * middle) / count - squares) / (count * p);
        let found = if distance > 0.0 { (error.max(0.0) / distance).min(1.0) } else { 1.0 };
        let shrinkage = if found.is_nan() { 1.0 } else { found.max(floor) };
        for (at, value) in matrix.iter_mut().enumerate() {
            *value *= 1.0 - shrinkage;
            if at % (dims + 1) == 0 {
                *value += shrinkage * middle;
            }
        }
        Self { mean, matrix, shrinkage }
    }

    /// L of Σ = L Lᵀ, row by row.
    pub(crate) fn factor(&self) -> Vec<f64> {
        factor(&self.matrix, self.mean.len())
    }
}

/// The lower triangle L of a symmetric positive definite matrix L Lᵀ, zeros above.
pub(crate) fn factor(matrix: &[f64], dims: usize) -> Vec<f64> {
    let mut lower = vec![0.0; dims * dims];
    for at in 0..dims {
        for other in 0..=at {
            let (row, column) = (&lower[at * dims..][..other], &lower[other * dims..][..other]);
            let known: f64 = row.iter().zip(column).map(|(a, b)| a * b).sum();
            let rest = matrix[at * dims + other] - known;
            lower[at * dims + other] = if at == other {
                // Shrinkage keeps it away from zero; rounding could not, with numbers of very different sizes.
                rest.max(f64::EPSILON * matrix[at * dims + at]).max(f64::MIN_POSITIVE).sqrt()
            } else {
                rest / lower[other * dims + other]
            };
        }
    }
    lower
}

/// x of L Lᵀ x = b.
pub(crate) fn solve(lower: &[f64], mut b: Vec<f64>) -> Vec<f64> {
    let dims = b.len();
    for at in 0..dims {
        let known: f64 = lower[at * dims..][..at].iter().zip(&b).map(|(l, x)| l * x).sum();
        b[at] = (b[at] - known) / lower[at * dims + at];
    }
    for at in (0..dims).rev() {
        let known: f64 = (at + 1..dims).map(|other| lower[other * dims + at] * b[other]).sum();
        b[at] = (b[at] - known) / lower[at * dims + at];
    }
    b
}
