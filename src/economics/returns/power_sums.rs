//! Sums over consecutive numbers that the beta-binomial likelihood is made of, at a cost that does not grow with
//! their number. Portable to the bit, like everything that a fit is made of.

use crate::economics::returns::gamma::stirling_rest;
use crate::numeric::elementary::ln_1p;
use crate::numeric::ln;

/// `Σ 1/(z+j)` and `Σ 1/(z+j)²` over `j` in `from..to`, for `z > 0`.
pub(super) fn reciprocal_sums(z: f64, from: u64, to: u64) -> (f64, f64) {
    let direct = direct_end(from, to);
    let (mut first, mut second) = (0.0, 0.0);
    for j in from..direct {
        let inverse = 1.0 / (z + j as f64);
        first += inverse;
        second += inverse * inverse;
    }
    if direct < to {
        let (low, high) = (z + direct as f64, z + to as f64);
        // The leading terms as differences, which would cancel if each end were computed for itself.
        let length = (to - direct) as f64;
        first += ln_1p(length / low) + digamma_rest(high) - digamma_rest(low);
        second += length / (low * high) + trigamma_rest(low) - trigamma_rest(high);
    }
    (first, second)
}

/// `Σ ln(z+j)` over `j` in `from..to`, for `z > 0`.
pub(in crate::economics) fn log_sum(z: f64, from: u64, to: u64) -> f64 {
    let direct = direct_end(from, to);
    let mut sum = 0.0;
    let mut j = from;
    while j < direct {
        // A logarithm costs much more than a product: that of eight factors instead of eight of one, as far as it is
        // sure to be a number.
        let end = (j + 8).min(direct);
        let product: f64 = (j..end).map(|j| z + j as f64).product();
        sum += if product < f64::MAX { ln(product) } else { (j..end).map(|j| ln(z + j as f64)).sum() };
        j = end;
    }
    if direct == to {
        return sum;
    }
    // ln Γ(high) − ln Γ(low) by Stirling, with the leading terms as differences.
    let (low, high) = (z + direct as f64, z + to as f64);
    let length = (to - direct) as f64;
    sum + (low - 0.5) * ln_1p(length / low) + length * (ln(high) - 1.0) + stirling_rest(high)
        - stirling_rest(low)
}

/// Where direct summation ends: short runs are summed whole, of long ones the part where the series below are not
/// yet exact.
fn direct_end(from: u64, to: u64) -> u64 {
    if to - from <= 64 { to } else { from.max(32) }
}

/// The asymptotic series of ψ(z) − ln z; exact to rounding for `z ≥ 32`.
fn digamma_rest(z: f64) -> f64 {
    let r = 1.0 / (z * z);
    -0.5 / z - r * (1.0 / 12.0 - r * (1.0 / 120.0 - r * (1.0 / 252.0 - r / 240.0)))
}

/// The asymptotic series of ψ′(z) − 1/z; exact to rounding for `z ≥ 32`.
fn trigamma_rest(z: f64) -> f64 {
    let r = 1.0 / (z * z);
    (0.5 / z + r * (1.0 / 6.0 - r * (1.0 / 30.0 - r * (1.0 / 42.0 - r / 30.0)))) / z
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn long_runs_agree_with_summing_one_by_one() {
        for (z, from, to) in
            [(1e-3, 0, 5_000), (0.7, 3, 400), (250.0, 0, 10_000), (1e6, 100, 165), (2.5, 0, 7)]
        {
            let terms = || (from..to).map(|j| z + j as f64);
            let (first, second) = reciprocal_sums(z, from, to);
            assert_relative_eq!(first, terms().map(|t| 1.0 / t).sum::<f64>(), max_relative = 1e-12);
            assert_relative_eq!(second, terms().map(|t| 1.0 / (t * t)).sum::<f64>(), max_relative = 1e-12);
            assert_relative_eq!(
                log_sum(z, from, to),
                terms().map(f64::ln).sum::<f64>(),
                max_relative = 1e-13
            );
        }
    }
}
