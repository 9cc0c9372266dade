//! The value-weighted return rate of a group of customers, and how sure we are of it.

use serde::Serialize;

use crate::economics::returns::{Interval, normal_z};
use crate::numeric::wilson::score_interval;
use crate::numeric::{exp, ln};

/// A ratio of two sums over customers, with the customer as the sampling unit.
///
/// ```text
/// R = Σy / Σx        Var R = n/(n−1) · Σ(yᵢ − R xᵢ)² / (Σx)²        interval: logit R ± z · se / (R (1−R))
/// ```
///
/// This is the ratio estimator with clustered (linearised) variance of survey sampling (Cochran 1977, ch. 6). Customers
/// with `x = 0` and `y = 0` say nothing and are not counted. The logit interval needs a rate between 0 and 1. Where
/// nothing or everything came back it is Wilson's, with the effective number of customers `(Σx)² / Σx²`; for a rate
/// above 1 (returns of sales that are not in the data) it is `R ± z · se`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RatioEstimate {
    /// The rate.
    pub rate: f64,
    /// Its standard error; `None` for fewer than two customers.
    pub standard_error: Option<f64>,
    /// Its interval at the chosen level; `None` for fewer than two customers.
    pub interval: Option<Interval>,
    /// Customers with a value.
    pub customers: u64,
}

impl RatioEstimate {
    /// The ratio of `returned` to `bought`, one pair per customer, at a confidence level such as `0.95`. `None`
    /// where nothing was bought, the lengths differ, a number is not finite, or the level is not between 0 and 1.
    /// O(customers).
    ///
    /// ```
    /// use kohort::economics::returns::RatioEstimate;
    ///
    /// let bought = [100.0, 200.0, 50.0, 400.0];
    /// let returned = [50.0, 20.0, 0.0, 200.0];
    /// let estimate = RatioEstimate::of(&bought, &returned, 0.95).expect("something was bought");
    /// assert_eq!(estimate.rate, 0.36);
    /// ```
    #[must_use]
    pub fn of(bought: &[f64], returned: &[f64], level: f64) -> Option<Self> {
        let finite = bought.iter().chain(returned).all(|value| value.is_finite());
        if bought.len() != returned.len() || !finite {
            return None;
        }
        let (x, y) = (bought.iter().sum(), returned.iter().sum());
        let mut sums = RatioSums::new(x, y)?;
        bought.iter().zip(returned).for_each(|(x, y)| sums.add(*x, *y));
        sums.estimate(level)
    }
}

/// Second pass of the estimator: the sums are known, residuals are added up.
#[derive(Clone, Copy, Debug)]
pub(in crate::economics) struct RatioSums {
    x: f64,
    rate: f64,
    customers: u64,
    squared_residuals: f64,
    squared_x: f64,
}

impl RatioSums {
    /// For totals `x` and `y`; `None` where `x` is not above zero.
    pub(in crate::economics) fn new(x: f64, y: f64) -> Option<Self> {
        (x > 0.0).then(|| Self { x, rate: y / x, customers: 0, squared_residuals: 0.0, squared_x: 0.0 })
    }

    pub(in crate::economics) fn add(&mut self, x: f64, y: f64) {
        if x != 0.0 || y != 0.0 {
            let residual = y - self.rate * x;
            self.customers += 1;
            self.squared_residuals += residual * residual;
            self.squared_x += x * x;
        }
    }

    /// Adds the second pass over other customers of the same totals.
    pub(in crate::economics) fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        self.squared_residuals += other.squared_residuals;
        self.squared_x += other.squared_x;
    }

    /// How many customers of equal value would say as much, `(Σx)² / Σx²`; `None` without any.
    pub(in crate::economics) fn effective_customers(&self) -> Option<f64> {
        (self.squared_x > 0.0).then(|| self.x * self.x / self.squared_x)
    }

    pub(in crate::economics) fn estimate(&self, level: f64) -> Option<RatioEstimate> {
        if !(level > 0.0 && level < 1.0 && self.rate.is_finite()) {
            return None;
        }
        let (n, rate) = (self.customers as f64, self.rate);
        let standard_error =
            (self.customers > 1).then(|| (n / (n - 1.0) * self.squared_residuals).sqrt() / self.x);
        let interval = standard_error.map(|se| {
            let z = normal_z(level);
            if rate > 0.0 && rate < 1.0 {
                let (centre, reach) = (ln(rate / (1.0 - rate)), z * se / (rate * (1.0 - rate)));
                let rate_of = |logit: f64| 1.0 / (1.0 + exp(-logit));
                Interval { low: rate_of(centre - reach), high: rate_of(centre + reach) }
            } else if rate.total_cmp(&0.0).is_eq() || rate.total_cmp(&1.0).is_eq() {
                score_interval(rate, self.x * self.x / self.squared_x, level)
            } else {
                Interval { low: rate - z * se, high: rate + z * se }
            }
        });
        Some(RatioEstimate { rate, standard_error, interval, customers: self.customers })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reference_value() {
        let estimate =
            RatioEstimate::of(&[100.0, 200.0, 50.0, 400.0], &[50.0, 20.0, 0.0, 200.0], 0.95).unwrap();
        assert_relative_eq!(estimate.rate, 0.36, epsilon = 1e-15);
        assert_relative_eq!(estimate.standard_error.unwrap(), 0.122_782_553_95, epsilon = 1e-11);
        // logit 0.36 = −0.575364, reach 1.959964 · 0.1227826 / 0.2304 = 1.044485.
        let interval = estimate.interval.unwrap();
        assert_relative_eq!(interval.low, 0.165_225_652, epsilon = 1e-8);
        assert_relative_eq!(interval.high, 0.615_175_694, epsilon = 1e-8);
    }

    #[test]
    fn extremes_are_finite() {
        assert_eq!(RatioEstimate::of(&[], &[], 0.95), None);
        assert_eq!(RatioEstimate::of(&[0.0], &[5.0], 0.95), None);
        assert_eq!(RatioEstimate::of(&[1.0], &[f64::NAN], 0.95), None);
        let one = RatioEstimate::of(&[10.0], &[5.0], 0.95).unwrap();
        assert_eq!((one.rate, one.standard_error, one.interval), (0.5, None, None));
        let nothing = RatioEstimate::of(&[1.0; 20], &[0.0; 20], 0.95).unwrap().interval.unwrap();
        assert!(nothing.low.abs() < 1e-12, "{nothing:?}");
        assert_relative_eq!(nothing.high, 0.1611, epsilon = 5e-5);
        let everything = RatioEstimate::of(&[2.0; 20], &[2.0; 20], 0.95).unwrap().interval.unwrap();
        assert_relative_eq!(everything.low, 1.0 - 0.1611, epsilon = 5e-5);
        let more = RatioEstimate::of(&[1.0, 1.0], &[3.0, 1.0], 0.95).unwrap();
        assert!(more.interval.unwrap().high > 2.0);
    }

    proptest! {
        #[test]
        fn the_unit_of_money_does_not_matter(pairs in prop::collection::vec((1.0..1e4, 0.0..1.0), 2..30)) {
            let x: Vec<f64> = pairs.iter().map(|(x, _)| *x).collect();
            let y: Vec<f64> = pairs.iter().map(|(x, share)| x * share).collect();
            let scaled = |values: &[f64]| values.iter().map(|value| value * 1024.0).collect::<Vec<_>>();
            let plain = RatioEstimate::of(&x, &y, 0.9).unwrap();
            prop_assert_eq!(RatioEstimate::of(&scaled(&x), &scaled(&y), 0.9).unwrap(), plain);
            let interval = plain.interval.unwrap();
            prop_assert!(interval.low <= plain.rate && plain.rate <= interval.high);
            prop_assert!(interval.low >= 0.0 && interval.high <= 1.0);
        }
    }
}
