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
        assert_relative_eq!(normal_cdf(-8.0), 6.220_960_574_271_785e-16, max_relative = 1e-9);
        assert_relative_eq!(normal_cdf(0.0), 0.5, epsilon = 1e-15);
        assert_relative_eq!(normal_cdf(-30.0), 4.906_713_927_148_187e-198, max_relative = 1e-12);
        assert_eq!((normal_cdf(f64::NEG_INFINITY), normal_cdf(f64::INFINITY)), (0.0, 1.0));
        for step in -800..800 {
            let z = f64::from(step) / 100.0;
            let theirs = 0.5 * statrs::function::erf::erfc(-z / std::f64::consts::SQRT_2);
            assert_relative_eq!(normal_cdf(z), theirs, max_relative = 1e-10);
        }
    }
}
