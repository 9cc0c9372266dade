//! The beta distribution of a customer's return rate.

use std::cell::OnceCell;

use serde::Serialize;
use statrs::function::beta::beta_reg;

use crate::economics::returns::{BetaBinomial, Interval, normal_cdf};

/// What is known of a customer's return rate: a beta distribution.
///
/// Made by [`BetaBinomial::posterior`]; both parameters are finite and above zero.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Posterior {
    alpha: f64,
    beta: f64,
}

/// Both parameters above this: the continued fraction of the incomplete beta function would need more terms than it
/// is given, and the cube-root normal approximation (Abramowitz and Stegun 26.5.22) errs by less than 10⁻⁵.
const CONCENTRATED: f64 = 2_000.0;

impl Posterior {
    pub(super) fn new(alpha: f64, beta: f64) -> Self {
        debug_assert!(
            alpha.is_finite() && alpha > 0.0 && beta.is_finite() && beta > 0.0,
            "Beta({alpha}, {beta})"
        );
        Self { alpha, beta }
    }

    /// Its parameters α and β.
    #[must_use]
    pub fn parameters(&self) -> (f64, f64) {
        (self.alpha, self.beta)
    }

    /// The expected return rate.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// The probability that the rate is above `threshold`. O(1), about a microsecond.
    #[must_use]
    pub fn probability_above(&self, threshold: f64) -> f64 {
        if threshold >= 1.0 {
            0.0
        } else if threshold > 0.0 {
            // The upper tail directly, and not as 1 − I, which would lose small probabilities.
            distribution(self.beta, self.alpha, 1.0 - threshold)
        } else {
            1.0
        }
    }

    /// The rate that is not exceeded with a probability. `None` unless the probability lies between 0 and 1.
    #[must_use]
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        if !(probability > 0.0 && probability < 1.0) {
            return None;
        }
        // Bisection: it needs 60 steps, but it always ends, whatever the parameters.
        let (mut low, mut high) = (0.0_f64, 1.0_f64);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if distribution(self.alpha, self.beta, middle) < probability {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(f64::midpoint(low, high))
    }

    /// The central interval that holds the rate with probability `level`, such as `0.95`. `None` unless the level lies
    /// between 0 and 1. It takes the prior as known, which is fair for a prior learned from 200 customers or more.
    #[must_use]
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let tail = (1.0 - level) / 2.0;
        Some(Interval { low: self.quantile(tail)?, high: self.quantile(1.0 - tail)? })
    }
}

/// The regularised incomplete beta function `I_x(a, b)` for finite `a, b > 0` and `0 ≤ x ≤ 1`.
fn distribution(a: f64, b: f64, x: f64) -> f64 {
    if a.min(b) < CONCENTRATED {
        return beta_reg(a, b, x.clamp(0.0, 1.0)).clamp(0.0, 1.0);
    }
    let (below, above) = ((b * x).cbrt(), (a * (1.0 - x)).cbrt());
    let spread = (below * below / b + above * above / a).sqrt();
    normal_cdf(3.0 * (below * (1.0 - 1.0 / (9.0 * b)) - above * (1.0 - 1.0 / (9.0 * a))) / spread)
}

/// Probabilities above a threshold for many customers: those of few lines share theirs, as there are few pairs of
/// returned and bought.
pub(in crate::economics) struct PosteriorTable {
    rates: BetaBinomial,
    threshold: f64,
    small: OnceCell<Vec<f64>>,
}

impl PosteriorTable {
    /// Lines up to which probabilities are shared.
    const SHARED: u32 = 64;

    pub(in crate::economics) fn new(rates: BetaBinomial, threshold: f64) -> Self {
        Self { rates, threshold, small: OnceCell::new() }
    }

    /// P(rate > threshold) of a customer who returned `y` of `n` lines.
    pub(in crate::economics) fn probability(&self, y: u32, n: u32) -> f64 {
        let compute = |y, n| self.rates.posterior(y, n).probability_above(self.threshold);
        if n >= Self::SHARED {
            return compute(y, n);
        }
        let pairs = || (0..Self::SHARED).flat_map(|n| (0..=n).map(move |y| compute(y, n))).collect();
        self.small.get_or_init(pairs)[(n * (n + 1) / 2 + y.min(n)) as usize]
    }
}

#[cfg(test)]
mod tests {
    use approx::{assert_abs_diff_eq, assert_relative_eq};

    use super::*;

    #[test]
    fn reference_posterior() {
        let posterior = Posterior::new(2.341_614_4 + 4.0, 14.114_804_3 + 10.0);
        assert_relative_eq!(posterior.mean(), 0.208_219_302_23, epsilon = 1e-8);
        let interval = posterior.interval(0.95).unwrap();
        assert_relative_eq!(interval.low, 0.086_216_35, epsilon = 1e-7);
        assert_relative_eq!(interval.high, 0.366_351_99, epsilon = 1e-7);
    }

    #[test]
    fn a_uniform_and_a_power_distribution_have_closed_forms() {
        let uniform = Posterior::new(1.0, 1.0);
        assert_relative_eq!(uniform.probability_above(0.85), 0.15, epsilon = 1e-12);
        assert_relative_eq!(uniform.quantile(0.3).unwrap(), 0.3, epsilon = 1e-12);
        // Beta(a, 1): P(rate > t) = 1 − tᵃ.
        let power = Posterior::new(12.0, 1.0);
        assert_relative_eq!(power.probability_above(0.85), 1.0 - 0.85_f64.powi(12), epsilon = 1e-12);
        assert_eq!((power.probability_above(1.0), power.probability_above(-0.1)), (0.0, 1.0));
        assert_eq!(power.quantile(1.0), None);
        assert_eq!(power.interval(f64::NAN), None);
    }

    #[test]
    fn the_approximation_for_much_evidence_meets_the_exact_function() {
        for (a, b, x) in [(2_001.0, 2_100.0, 0.49), (2_001.0, 30_000.0, 0.061), (9_000.0, 2_001.0, 0.82)] {
            let exact = beta_reg(a, b, x);
            assert_abs_diff_eq!(distribution(a, b, x), exact, epsilon = 1e-5);
        }
        // Far beyond the reach of the exact function: Φ of the standardised distance, to the first order.
        let posterior = Posterior::new(5e6, 5e6);
        let one_sd_above = 0.5 + (0.25_f64 / 1e7).sqrt();
        assert_abs_diff_eq!(posterior.probability_above(one_sd_above), 1.0 - normal_cdf(1.0), epsilon = 1e-5);
    }
}
