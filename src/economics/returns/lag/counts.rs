//! Counts of returns by their lag, and the distribution of lags from those that could be seen.

use crate::economics::returns::lag::LagCurve;

/// A day that fewer returns could have come on takes nothing away. Otherwise a single slow return of the oldest line would
/// say that all returns are as slow.
pub(super) const ENOUGH: u64 = 20;

/// Returns counted by lag, each with the days that its line could be watched. Whole numbers, so that the order of returns
/// cannot show.
pub(super) struct LagCounts {
    /// Returns per day, of those that came on a day that could be watched to its end.
    on_day: Vec<u64>,
    /// Differences from day to day of the number of returns that had come by then, of lines that were watched that long.
    watched: Vec<i64>,
    returns: u64,
    late: u64,
}

impl LagCounts {
    /// For lags below a window of days, which is not zero.
    pub(super) fn new(window: u32) -> Self {
        let days = window as usize;
        Self { on_day: vec![0; days], watched: vec![0; days + 1], returns: 0, late: 0 }
    }

    /// Adds returns of one lag in whole days, of lines whose last day that was watched to its end is `last_day`; -1 where no
    /// day was. A lag beyond the window counts as one on its last day.
    pub(super) fn add(&mut self, lag: i64, last_day: i64, returns: u64) {
        let last = self.on_day.len() as i64 - 1;
        self.returns += returns;
        self.late += if lag > last { returns } else { 0 };
        let (lag, until) = (lag.clamp(0, last), last_day.min(last));
        // One that came on the day that is not over tells of no whole day.
        if lag <= until {
            self.on_day[lag as usize] += returns;
            self.watched[lag as usize] += returns as i64;
            self.watched[until as usize + 1] -= returns as i64;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.on_day.iter_mut().zip(&other.on_day).for_each(|(own, part)| *own += part);
        self.watched.iter_mut().zip(&other.watched).for_each(|(own, part)| *own += part);
        self.returns += other.returns;
        self.late += other.late;
    }

    /// The product-limit estimate in reversed time: from the last day back, each day takes away the share of the returns
    /// up to it that came on it, among lines old enough to have shown it.
    pub(super) fn curve(&self) -> LagCurve {
        let days = self.on_day.len();
        let mut at_risk: Vec<i64> = self.watched[..days].to_vec();
        for day in 1..days {
            at_risk[day] += at_risk[day - 1];
        }
        let enough = |at_risk: &i64| *at_risk >= ENOUGH as i64;
        let mut shares = vec![1.0; days];
        for day in (1..days).rev() {
            let left = at_risk[day] - self.on_day[day] as i64;
            let kept = if enough(&at_risk[day]) { left as f64 / at_risk[day] as f64 } else { 1.0 };
            shares[day - 1] = shares[day] * kept;
        }
        let watched_days = at_risk.iter().rposition(enough).map_or(0, |day| day as u32 + 1);
        LagCurve { shares, returns: self.returns, late: self.late, watched_days }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    fn shares(returns: &[(i64, i64)], window: u32) -> Vec<f64> {
        let mut counts = LagCounts::new(window);
        for (lag, last_day) in returns {
            counts.add(*lag, *last_day, ENOUGH);
        }
        counts.curve().shares
    }

    #[test]
    fn a_day_is_judged_by_the_lines_that_could_show_it() {
        // Three old lines came back on days 0, 1 and 2; a young one on day 0, which says nothing of later days.
        let found = shares(&[(0, 9), (1, 9), (2, 9), (0, 0)], 4);
        // Day 2: one of three. Day 1: one of two. So a third on each, where plain counts say a half on day 0.
        assert_relative_eq!(found[0], 1.0 / 3.0, epsilon = 1e-15);
        assert_relative_eq!(found[1], 2.0 / 3.0, epsilon = 1e-15);
        assert_eq!(found[2..], [1.0, 1.0]);
    }

    #[test]
    fn late_returns_count_on_the_last_day_and_unfinished_days_not_at_all() {
        let mut counts = LagCounts::new(10);
        for (lag, last_day) in [(3, 50), (12, 50), (i64::MAX, i64::MAX), (5, 4), (0, -1)] {
            counts.add(lag, last_day, ENOUGH);
        }
        let curve = counts.curve();
        assert_eq!((curve.returns, curve.late, curve.watched_days), (100, 40, 10));
        assert_relative_eq!(curve.shares[8], 1.0 / 3.0);
        assert_eq!((curve.shares[2].to_bits(), curve.shares[9].to_bits()), (0, 1.0_f64.to_bits()));
    }

    #[test]
    fn one_lag_is_a_step_and_none_is_no_news_until_the_window_ends() {
        assert_eq!(shares(&[(0, 5), (0, 5), (0, 0)], 3), [1.0; 3], "all came back on the first day");
        assert_eq!(shares(&[(2, 5)], 3), [0.0, 0.0, 1.0]);
        assert_eq!(shares(&[], 2), [1.0; 2]);
        assert_eq!(shares(&[(7, 7)], 1), [1.0]);
    }

    #[test]
    fn a_single_slow_return_does_not_speak_for_all() {
        let mut counts = LagCounts::new(40);
        counts.add(2, 10, 500);
        counts.add(30, 30, 1);
        let curve = counts.curve();
        assert_eq!((curve.share_seen(3).to_bits(), curve.watched_days), (1.0_f64.to_bits(), 11));
        assert_eq!(curve.share_seen(2).to_bits(), 0);
    }

    proptest! {
        /// The formula of the methods, word for word: F(a) = Π over j > a of (1 − d_j / n_j).
        #[test]
        fn agrees_with_the_formula(returns in prop::collection::vec((0_i64..20, 0_i64..40), 0..60), window in 1_u32..30) {
            let seen: Vec<(i64, i64)> = returns.into_iter().filter(|(lag, last)| lag <= last).collect();
            let found = shares(&seen, window);
            for (a, found) in (0_i64..).zip(&found) {
                let mut product = 1.0;
                for j in a + 1..i64::from(window) {
                    let lag_of = |lag: i64| lag.min(i64::from(window) - 1);
                    let d = seen.iter().filter(|(lag, last)| lag_of(*lag) == j && *last >= j).count();
                    let n = seen.iter().filter(|(lag, last)| lag_of(*lag) <= j && *last >= j).count();
                    product *= if n == 0 { 1.0 } else { 1.0 - d as f64 / n as f64 };
                }
                prop_assert!((found - product).abs() < 1e-12, "day {}: {} against {}", a, found, product);
            }
            prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1]));
        }

        #[test]
        fn parts_add_up(returns in prop::collection::vec((0_i64..30, -1_i64..40), 1..60), cut in 0_usize..60) {
            let (left, right) = returns.split_at(cut.min(returns.len()));
            let count = |part: &[(i64, i64)]| {
                let mut counts = LagCounts::new(21);
                for (lag, last) in part {
                    counts.add(*lag, *last, 7);
                }
                counts
            };
            let mut merged = count(right);
            merged.merge(&count(left));
            prop_assert_eq!(merged.curve(), count(&returns).curve());
        }
    }
}
