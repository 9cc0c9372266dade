//! The beta distribution of a customer's return rate.

use serde::Serialize;

use crate::economics::returns::Interval;
use crate::economics::returns::incomplete_beta::{BetaLaw, Point};

/// What is known of a customer's return rate: a beta distribution.
///
/// Made by [`BetaBinomial::posterior`](crate::economics::returns::BetaBinomial::posterior); both parameters are finite
/// and above zero.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Posterior {
    alpha: f64,
    beta: f64,
}

impl Posterior {
    pub(super) fn new(alpha: f64, beta: f64) -> Self {
        debug_assert!(
            alpha.is_finite() && alpha > 0.0 && beta.is_finite() && beta > 0.0,
            "Beta({alpha}, {beta})"
        );
        Self { alpha, beta }
    }

    fn law(&self) -> BetaLaw {
        BetaLaw::new(self.alpha, self.beta)
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
            self.law().mirrored().below(Point { x: 1.0 - threshold, y: threshold })
        } else {
            1.0
        }
    }

    /// The rate that is not exceeded with a probability. `None` unless the probability lies between 0 and 1. Within
    /// 10⁻¹², whatever the parameters; a microsecond or two, and some four where both parameters are above 1,000.
    #[must_use]
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        if !(probability > 0.0 && probability < 1.0) {
            return None;
        }
        Some(self.law().quantile(probability))
    }

    /// The central interval that holds the rate with probability `level`, such as `0.95`. `None` unless the level lies
    /// between 0 and 1. It takes the prior as known, which is fair for a prior learned from 200 customers or more; from
    /// fewer it is too narrow by what the prior's own error would add.
    #[must_use]
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let tail = (1.0 - level) / 2.0;
        Some(Interval { low: self.quantile(tail)?, high: self.quantile(1.0 - tail)? })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

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
}
