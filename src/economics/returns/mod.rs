//! Return rates that take small samples seriously.
//!
//! A customer who returned her only order has a raw rate of 100 % and almost no evidence. [`BetaBinomial`] learns
//! from all customers how much rates differ, and pulls each one towards the shop in proportion to what is not known
//! of her. [`RatioEstimate`] is the value-weighted rate of a group, with customers as the sampling unit, because the
//! items of one customer come back together. [`wilson()`] is the interval of a plain share of independent counts.
//! [`ReturnLag`] learns how long returns take, so that what was sold last week is not taken for kept; [`CorrectedRate`] is
//! the rate of a group that allows for it.

mod beta;
mod beta_binomial;
mod beta_quantile;
mod gamma;
mod group_rates;
mod incomplete_beta;
mod lag;
mod likelihood;
mod power_sums;
mod quadrature;
mod ratio;

pub use crate::numeric::wilson::{Interval, wilson};
pub use beta::Posterior;
pub use beta_binomial::{BetaBinomial, Dispersion};
pub use group_rates::{GroupRate, GroupRates, PriorSource};
pub use lag::{AgeGroup, CorrectedRate, LagCurve, ReturnLag, ReturnLagBuilder, ReturnLagModel};
pub use ratio::RatioEstimate;

pub(super) use crate::numeric::wilson::normal_z;
pub(super) use power_sums::log_sum;
pub(super) use ratio::RatioSums;

/// The standard normal's distribution function.
pub(super) fn normal_cdf(z: f64) -> f64 {
    if z > 0.0 { 1.0 - quadrature::normal_tail(z) } else { quadrature::normal_tail(-z) }
}

#[cfg(test)]
mod simulation_tests;

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn the_normal_distribution_agrees_with_tables() {
        assert_relative_eq!(normal_z(0.95), 1.959_963_984_540_054, epsilon = 1e-12);
        assert_relative_eq!(normal_cdf(1.959_963_984_540_054), 0.975, epsilon = 1e-11);
        assert_relative_eq!(normal_cdf(0.0), 0.5, epsilon = 1e-15);
        assert_eq!((normal_cdf(f64::NEG_INFINITY), normal_cdf(f64::INFINITY)), (0.0, 1.0));
        // By mpmath with forty digits.
        let references = [
            (-30.0, 4.906_713_927_148_187e-198),
            (-8.0, 6.220_960_574_271_784e-16),
            (-5.0, 2.866_515_718_791_939e-7),
            (-3.0, 0.001_349_898_031_630_094_6),
            (-1.5, 0.066_807_201_268_858_07),
            (-0.74, 0.229_649_997_164_790_6),
            (-0.1, 0.460_172_162_722_971),
            (0.3, 0.617_911_422_188_952_7),
            (1.1, 0.864_333_939_053_617_3),
            (2.7, 0.996_533_026_196_959_4),
        ];
        for (z, expected) in references {
            assert_relative_eq!(normal_cdf(z), expected, max_relative = 1e-13, epsilon = 0.0);
        }
    }
}
