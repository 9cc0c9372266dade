//! Would cuts through one cloud be as tight?
//!
//! Any cloud can be cut into parts, and with enough customers the best cut is found again in every sample (Ben-David,
//! von Luxburg & Pál, COLT 2006): a stable cut through a cloud is still a cut. So the clusters are compared with those
//! that the same search finds in reference clouds without any structure. This is the gap statistic of Tibshirani,
//! Walther & Hastie (*JRSS B* 63, 2001) in the form that looks at k clusters against one:
//!
//! ```text
//! gap(k) = mean over references of ln(W*(k) / W*(1))  −  ln(W(k) / W(1))        W(k): inertia of k clusters
//! ```
//!
//! A reference is drawn evenly from a box along the customers' principal axes, in each of which it has their variance.
//! Even clouds are the ones that cuts gain most on among those with a single peak, which makes the comparison a hard one.
//! The original takes the box from the extremes; a single far customer would then stretch it and let anything
//! pass.

use crate::error::Result;
use crate::numeric::ln;
use crate::random::Stream;

use super::builder::ChooseClusters;
use super::candidate::Gap;
use super::points::Customers;
use super::progress::{ChoiceStage, Observer, in_batches};
use super::stability::spread_out;
use super::sweep::{Clustered, Draws};

/// Points of a reference cloud, at most.
const POINTS: usize = 10_000;

/// Customers whose principal axes are taken.
const MEASURED: usize = 100_000;

/// For each reference, `ln(W*(k) / W*(1))` of each number of clusters; `None` where it has no spread.
pub(super) fn references(
    customers: &Customers<'_>,
    choose: &ChooseClusters,
    observer: Observer<'_>,
) -> Result<Vec<Vec<Option<f64>>>> {
    let mut stream = Stream::new(choose.seed, "reference: axes", 0);
    let rows = spread_out(customers.len(), MEASURED, &mut stream);
    let (values, weights) = (customers.values_of(&rows), customers.weights_of(&rows));
    let mut covariance = covariance(&values, customers.dims(), weights.as_deref());
    // Only shares are compared, so the scale is free; this one keeps squares of variances within floats.
    let largest = covariance.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    if largest > 0.0 {
        for x in &mut covariance {
            *x /= largest;
        }
    }
    let variances = eigenvalues(covariance, customers.dims());
    // Even on −√3…√3 has variance 1.
    let sides: Vec<f64> = variances.iter().map(|variance| (12.0 * variance.max(0.0)).sqrt()).collect();
    let points = customers.len().min(POINTS);
    in_batches(observer, ChoiceStage::References, choose.references, |number| {
        let draws = Draws { seed: choose.seed, purpose: "reference", number };
        let mut stream = draws.stream("points", 0);
        let cloud: Vec<f64> =
            (0..points).flat_map(|_| &sides).map(|side| (stream.unit() - 0.5) * side).collect();
        let (_, spread) = Customers::new(&cloud, sides.len(), None).spread();
        let whole: f64 = spread.iter().sum();
        let cloud = Clustered::new(cloud, sides.len(), None, choose, draws)?;
        Ok(cloud.fits.iter().map(|fit| log_share(fit.inertia, whole)).collect())
    })
}

/// The logarithm of the share of the inertia that is left; `None` where there is none to begin with or none left.
pub(super) fn log_share(left: f64, whole: f64) -> Option<f64> {
    let share = left / whole;
    (share.is_normal() && share > 0.0).then(|| ln(share))
}

/// The gap for one number of clusters.
pub(super) fn gap(of_customers: Option<f64>, of_references: &[Option<f64>]) -> Option<Gap> {
    let found: Vec<f64> = of_references.iter().copied().collect::<Option<_>>()?;
    let (mean, deviation) = mean_and_deviation(&found)?;
    let standard_error = deviation * (1.0 + 1.0 / found.len() as f64).sqrt();
    Some(Gap { value: mean - of_customers?, standard_error })
}

/// The mean and the standard deviation of at least two numbers.
pub(super) fn mean_and_deviation(numbers: &[f64]) -> Option<(f64, f64)> {
    if numbers.len() < 2 {
        return None;
    }
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let squares = numbers.iter().fold(0.0, |sum, number| sum + (number - mean) * (number - mean));
    Some((mean, (squares / (numbers.len() - 1) as f64).sqrt()))
}

/// Row by row.
fn covariance(values: &[f64], dims: usize, weights: Option<&[f64]>) -> Vec<f64> {
    let rows = values.chunks_exact(dims);
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let total = (0..rows.len()).fold(0.0, |sum, row| sum + weight(row));
    let mut mean = vec![0.0; dims];
    for (at, row) in rows.clone().enumerate() {
        let share = weight(at) / total;
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += share * x);
    }
    let mut sums = vec![0.0; dims * dims];
    let mut away = vec![0.0; dims];
    for (at, row) in rows.enumerate() {
        let share = weight(at) / total;
        away.iter_mut().zip(row).zip(&mean).for_each(|((away, x), mean)| *away = x - mean);
        for (sums, x) in sums.chunks_exact_mut(dims).zip(&away) {
            sums.iter_mut().zip(&away).for_each(|(sum, y)| *sum += share * x * y);
        }
    }
    sums
}

/// Rounds of rotations after which Jacobi's method has long converged.
const ROUNDS: usize = 50;

/// Those of a symmetric matrix, by Jacobi's rotations. O(dims³) a round, of which it takes a handful.
fn eigenvalues(mut matrix: Vec<f64>, dims: usize) -> Vec<f64> {
    for _ in 0..ROUNDS {
        let squares = |part: &[f64]| part.iter().map(|x| x * x).sum::<f64>();
        let beside: f64 = (0..dims).map(|one| squares(&matrix[one * dims + one + 1..(one + 1) * dims])).sum();
        let diagonal: f64 = (0..dims).map(|one| squares(&matrix[one * dims + one..][..1])).sum();
        if beside <= 1e-30 * diagonal {
            break;
        }
        for one in 0..dims {
            for other in one + 1..dims {
                rotate(&mut matrix, dims, one, other);
            }
        }
    }
    (0..dims).map(|one| matrix[one * dims + one]).collect()
}

/// Turns two axes so that nothing is left beside the diagonal between them.
fn rotate(matrix: &mut [f64], dims: usize, one: usize, other: usize) {
    let beside = matrix[one * dims + other];
    if beside.abs() <= 0.0 {
        return;
    }
    let half = (matrix[other * dims + other] - matrix[one * dims + one]) / (2.0 * beside);
    let tangent = half.signum() / (half.abs() + (half * half + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for (step, across) in [(dims, 1), (1, dims)] {
        for line in 0..dims {
            let (left, right) = (line * step + one * across, line * step + other * across);
            let (x, y) = (matrix[left], matrix[right]);
            matrix[left] = cosine * x - sine * y;
            matrix[right] = sine * x + cosine * y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_known_matrices() {
        let close = |found: Vec<f64>, expected: &[f64]| {
            let mut found = found;
            found.sort_by(f64::total_cmp);
            found.iter().zip(expected).for_each(|(x, y)| assert!((x - y).abs() < 1e-12, "{found:?}"));
        };
        close(eigenvalues(vec![2.0, 1.0, 1.0, 2.0], 2), &[1.0, 3.0]);
        close(eigenvalues(vec![3.0, 0.0, 0.0, 5.0], 2), &[3.0, 5.0]);
        // 2 − √2, 2, 2 + √2.
        let chain = vec![2.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 2.0];
        close(eigenvalues(chain, 3), &[2.0 - 2.0_f64.sqrt(), 2.0, 2.0 + 2.0_f64.sqrt()]);
        close(eigenvalues(vec![0.0; 4], 2), &[0.0, 0.0]);
    }

    #[test]
    fn covariance_counts_weights() {
        let once = covariance(&[0.0, 1.0, 2.0, 5.0, 2.0, 5.0, 4.0, 0.0], 2, None);
        let weighted = covariance(&[0.0, 1.0, 2.0, 5.0, 4.0, 0.0], 2, Some(&[1.0, 2.0, 1.0]));
        once.iter().zip(&weighted).for_each(|(x, y)| assert!((x - y).abs() < 1e-14));
        assert!((once[0] - 2.0).abs() < 1e-14 && (once[1] - once[2]).abs() < 1e-14);
    }
}
