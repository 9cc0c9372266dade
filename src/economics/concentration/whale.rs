//! The whale curve: profit added up from the customer who brings most to the one who brings least.

use rayon::prelude::*;
use serde::Serialize;

use crate::transaction::{Money, MoneyTotal};

/// The most points of a curve that are kept, its start among them.
const POINTS: usize = 101;

/// A point of a [`WhaleCurve`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct WhalePoint {
    /// So many customers, those who bring most.
    pub customers: u64,
    /// What they bring together.
    pub profit: MoneyTotal,
}

/// Profit added up from the customer who brings most to the one who brings least: it rises to a peak and falls by what
/// unprofitable customers take away again.
///
/// Kaplan and Narayanan (Journal of Cost Management 2001) report peaks of one and a half to three times the total.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WhaleCurve {
    /// How many customers there are.
    pub customers: u64,
    /// What all bring together.
    pub total: MoneyTotal,
    /// The highest point: what those bring together who bring anything.
    pub peak: MoneyTotal,
    /// How many customers it takes, the fewest: those with a profit above zero.
    pub peak_rank: u64,
    /// The peak over the total; `None` where the total is zero or less.
    pub peak_ratio: Option<f64>,
    /// What the best fifth of customers bring (their number rounded up), over the total; `None` where the total is zero
    /// or less.
    pub top_fifth_share: Option<f64>,
    /// What unprofitable customers take away from the peak.
    pub loss: MoneyTotal,
    /// Customers with a profit below zero.
    pub unprofitable: u64,
    /// As a share of all; `None` without customers.
    pub unprofitable_share: Option<f64>,
    /// The Gini coefficient of the profits: 0 where all bring the same, near 1 where one brings everything; `None` where a
    /// profit is negative or all are zero, where it is not defined.
    pub gini: Option<f64>,
    /// The curve at up to 101 numbers of customers, evenly spread from none to all.
    pub points: Vec<WhalePoint>,
}

impl WhaleCurve {
    /// The curve of some customers' profits, in any order; sums are exact. O(n log n).
    ///
    /// ```
    /// use kohort::Money;
    /// use kohort::economics::WhaleCurve;
    ///
    /// let profits = [120, 80, 40, 20, 10, 5, 0, -5, -20, -50].map(|units| Money::from_ten_thousandths(units * 10_000));
    /// let curve = WhaleCurve::of(&profits);
    /// assert_eq!((curve.peak.to_string(), curve.total.to_string()), ("275.00".to_owned(), "200.00".to_owned()));
    /// assert_eq!((curve.peak_rank, curve.peak_ratio), (6, Some(1.375)));
    /// assert_eq!(curve.top_fifth_share, Some(1.0));
    /// ```
    #[must_use]
    pub fn of(profits: &[Money]) -> Self {
        let mut falling: Vec<i64> = profits.iter().map(|profit| profit.ten_thousandths()).collect();
        falling.par_sort_unstable_by(|a, b| b.cmp(a));
        Self::of_falling(&falling)
    }

    pub(super) fn of_falling(falling: &[i64]) -> Self {
        let n = falling.len();
        let sum = |profits: &[i64]| {
            MoneyTotal::from_ten_thousandths(profits.iter().map(|profit| i128::from(*profit)).sum())
        };
        let peak_rank = falling.partition_point(|profit| *profit > 0);
        let unprofitable = n - falling.partition_point(|profit| *profit >= 0);
        let (peak, total) = (sum(&falling[..peak_rank]), sum(falling));
        let of_total = |part: MoneyTotal| part.share_of(total).filter(|_| total > MoneyTotal::ZERO);
        let steps = n.min(POINTS - 1);
        let mut points = Vec::with_capacity(steps + 1);
        let (mut reached, mut profit) = (0, MoneyTotal::ZERO);
        for step in 0..=steps {
            let customers = (n * step).checked_div(steps).unwrap_or_default();
            profit += sum(&falling[reached..customers]);
            reached = customers;
            points.push(WhalePoint { customers: customers as u64, profit });
        }
        Self {
            customers: n as u64,
            total,
            peak,
            peak_rank: peak_rank as u64,
            peak_ratio: of_total(peak),
            top_fifth_share: of_total(sum(&falling[..n.div_ceil(5)])),
            loss: peak - total,
            unprofitable: unprofitable as u64,
            unprofitable_share: (n > 0).then(|| unprofitable as f64 / n as f64),
            gini: gini(falling),
            points,
        }
    }
}

/// The Gini coefficient of values from the largest to the smallest: `Σ (n + 1 − 2i) xᵢ / (n Σ xᵢ)`, in whole numbers up to
/// the division. `None` where one is negative or all are zero.
pub(super) fn gini(falling: &[i64]) -> Option<f64> {
    let n = falling.len() as i128;
    let total: i128 = falling.iter().map(|value| i128::from(*value)).sum();
    if falling.last().is_none_or(|least| *least < 0) || total == 0 {
        return None;
    }
    let weighted: i128 = falling.iter().zip(1..).map(|(value, i)| (n + 1 - 2 * i) * i128::from(*value)).sum();
    Some(weighted as f64 / (n * total) as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(units: &[i64]) -> WhaleCurve {
        let profits: Vec<Money> =
            units.iter().map(|unit| Money::from_ten_thousandths(unit * 10_000)).collect();
        WhaleCurve::of(&profits)
    }

    #[test]
    fn the_published_example() {
        let curve = curve(&[0, -5, 120, 40, -50, 80, 20, 5, 10, -20]);
        assert_eq!((curve.peak.to_string(), curve.total.to_string()), ("275.00".into(), "200.00".into()));
        assert_eq!((curve.peak_rank, curve.peak_ratio, curve.top_fifth_share), (6, Some(1.375), Some(1.0)));
        assert_eq!((curve.loss.to_string(), curve.unprofitable), ("75.00".into(), 3));
        assert_eq!((curve.unprofitable_share, curve.gini), (Some(0.3), None));
        assert_eq!(curve.points.len(), 11);
        let profits: Vec<f64> = curve.points.iter().map(|point| point.profit.to_f64()).collect();
        assert_eq!(profits, [0.0, 120.0, 200.0, 240.0, 260.0, 270.0, 275.0, 275.0, 270.0, 250.0, 200.0]);
    }

    #[test]
    fn ends_of_the_range() {
        let nobody = curve(&[]);
        assert_eq!((nobody.customers, nobody.peak_ratio, nobody.unprofitable_share), (0, None, None));
        assert_eq!(nobody.points, [WhalePoint { customers: 0, profit: MoneyTotal::ZERO }]);
        let losses = curve(&[-3, -1, -2]);
        assert_eq!((losses.peak, losses.peak_rank, losses.peak_ratio), (MoneyTotal::ZERO, 0, None));
        assert_eq!((losses.loss.to_string(), losses.unprofitable), ("6.00".into(), 3));
        let one = curve(&[7]);
        assert_eq!((one.top_fifth_share, one.gini, one.peak_ratio), (Some(1.0), Some(0.0), Some(1.0)));
        assert_eq!(curve(&[0, 0]).gini, None);
        assert_eq!(curve(&[1, 1, 1, 1]).gini, Some(0.0));
        assert_eq!(curve(&[0, 0, 0, 8]).gini, Some(0.75));
        let extreme = WhaleCurve::of(&vec![Money::from_ten_thousandths(i64::MAX); 1_000]);
        assert_eq!((extreme.gini, extreme.peak_ratio), (Some(0.0), Some(1.0)));
    }

    proptest! {
        #[test]
        fn a_curve_is_that_of_a_plain_loop(units in prop::collection::vec(-50_i64..80, 0..400)) {
            let found = curve(&units);
            let mut sorted = units.clone();
            sorted.sort_by_key(|unit| -unit);
            let sum = |n: usize| sorted[..n].iter().sum::<i64>();
            let best = (0..=sorted.len()).max_by_key(|n| (sum(*n), std::cmp::Reverse(*n))).unwrap();
            prop_assert_eq!(found.peak_rank, best as u64);
            prop_assert_eq!(found.peak.ten_thousandths(), i128::from(sum(best)) * 10_000);
            prop_assert_eq!(found.loss.ten_thousandths(), i128::from(sum(best) - sum(sorted.len())) * 10_000);
            prop_assert!(found.points.len() <= POINTS);
            for point in &found.points {
                prop_assert_eq!(point.profit.ten_thousandths(), i128::from(sum(point.customers as usize)) * 10_000);
            }
            prop_assert_eq!(found.points.last().unwrap().customers, units.len() as u64);
            // The Gini coefficient is half the mean difference of all pairs over the mean.
            let differences: i64 = units.iter().flat_map(|a| units.iter().map(move |b| (a - b).abs())).sum();
            let plain = differences as f64 / (2 * units.len() as i64 * units.iter().sum::<i64>().max(1)) as f64;
            match found.gini {
                Some(gini) => prop_assert!((gini - plain).abs() < 1e-12),
                None => prop_assert!(units.iter().any(|unit| *unit < 0) || units.iter().all(|unit| *unit == 0)),
            }
        }
    }
}
