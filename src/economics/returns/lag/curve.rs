//! A distribution of return lags: which share of the returns has been seen by an age.

use std::fmt;

/// Which share of all returns that ever come has been seen by a line's age.
#[derive(Clone, PartialEq)]
pub struct LagCurve {
    /// The share that comes in less than one day, in less than two, and so on; the last is 1. Empty: all comes at once.
    pub(super) shares: Vec<f64>,
    /// The returns with a time that it is made of.
    pub(super) returns: u64,
    /// Those among them that came when the window was over.
    pub(super) late: u64,
    /// For how many days enough of the lines that came back were watched, up to the window.
    pub(super) watched_days: u32,
}

impl LagCurve {
    /// Nothing before so many days, all from then on.
    pub(super) fn step(days: u32) -> Self {
        let mut shares = vec![0.0; days as usize];
        if let Some(last) = shares.last_mut() {
            *last = 1.0;
        }
        Self { shares, returns: 0, late: 0, watched_days: 0 }
    }

    /// The share of the returns that come in less than so many days of 24 hours after the sale: from 0 at once to 1 at the
    /// window's end, and never falling.
    #[must_use]
    pub fn share_seen(&self, days: u32) -> f64 {
        let day = days as usize;
        if day >= self.shares.len() {
            1.0
        } else if day == 0 {
            0.0
        } else {
            self.shares[day - 1]
        }
    }

    /// The first whole number of days in less than which a share of the returns has come; 0 for no share, the window for one
    /// above 1 or that is no number. As [`maturity_days`](crate::features::FeatureExtractorBuilder::maturity_days) of an
    /// extractor it leaves younger lines out. O(log days).
    #[must_use]
    pub fn days_until(&self, share: f64) -> u32 {
        if share <= 0.0 {
            return 0;
        }
        let days = self.shares.partition_point(|seen| share.is_nan() || *seen < share);
        // The position of a day's end, which is one more than its number; past the last where nothing is enough.
        (days + 1).min(self.shares.len()) as u32
    }

    /// The window: in less than so many days all have come.
    #[must_use]
    pub fn window_days(&self) -> u32 {
        self.shares.len() as u32
    }

    /// How many returned lines it was learned from; 0 for an assumption.
    #[must_use]
    pub fn returns(&self) -> u64 {
        self.returns
    }

    /// How many of them came when the window was over. They count as if they had come on its last day; where there are
    /// many, the window is too short.
    #[must_use]
    pub fn late_returns(&self) -> u64 {
        self.late
    }

    /// For how many days at least 20 of the lines that came back could be watched, up to the window: what takes longer is
    /// not in the curve. Below the window where the data are younger than that.
    #[must_use]
    pub fn watched_days(&self) -> u32 {
        self.watched_days
    }
}

impl fmt::Debug for LagCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, most) = (self.days_until(0.5), self.days_until(0.95));
        write!(f, "LagCurve({} returns, half in {half} days, 95 % in {most})", self.returns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_shares_are_each_others_inverse() {
        let curve = LagCurve { shares: vec![0.2, 0.5, 0.5, 0.9, 1.0], returns: 10, late: 0, watched_days: 5 };
        let seen: Vec<f64> = (0..7).map(|day| curve.share_seen(day)).collect();
        assert_eq!(seen, [0.0, 0.2, 0.5, 0.5, 0.9, 1.0, 1.0]);
        let days =
            [-1.0, 0.0, 0.1, 0.2, 0.21, 0.5, 0.95, 1.0, 2.0, f64::NAN].map(|share| curve.days_until(share));
        assert_eq!(days, [0, 0, 1, 1, 2, 2, 5, 5, 5, 5]);
        assert_eq!(format!("{curve:?}"), "LagCurve(10 returns, half in 2 days, 95 % in 5)");
    }

    #[test]
    fn a_step_is_what_a_maturity_says() {
        let curve = LagCurve::step(60);
        assert_eq!((curve.share_seen(59).to_bits(), curve.share_seen(60).to_bits()), (0, 1.0_f64.to_bits()));
        assert_eq!((curve.days_until(0.01), curve.days_until(0.95), curve.window_days()), (60, 60, 60));
        let at_once = LagCurve::step(0);
        assert_eq!((at_once.share_seen(0).to_bits(), at_once.days_until(0.5)), (1.0_f64.to_bits(), 0));
    }
}
