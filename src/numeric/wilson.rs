//! The interval of a share of independent counts.

use serde::Serialize;

/// A range that holds a number with a stated probability.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Wilson's score interval for `successes` of `trials` at a confidence level such as `0.95`.
///
/// ```text
/// (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)
/// ```
///
/// It keeps its coverage for shares near 0 and 1 and for few trials (Wilson 1927; Newcombe 1998), and lies within 0
/// and 1. Items of one customer are not independent: for the rate of a group of customers take
/// [`RatioEstimate`](crate::economics::returns::RatioEstimate). `None` without trials, for more successes than
/// trials, or for a level that is not between 0 and 1.
///
/// ```
/// use kohort::economics::returns::wilson;
///
/// let interval = wilson(1, 29, 0.95).expect("29 trials");
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "0.0061 0.1718");
/// ```
#[must_use]
pub fn wilson(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    if trials == 0 || successes > trials || !(level > 0.0 && level < 1.0) {
        return None;
    }
    Some(score_interval(successes as f64 / trials as f64, trials as f64, level))
}

/// The same for a share of an effective number of trials, which is positive.
pub(crate) fn score_interval(share: f64, trials: f64, level: f64) -> Interval {
    let z = normal_z(level);
    let shrink = z * z / trials;
    let centre = share + shrink / 2.0;
    let reach = z * (share * (1.0 - share) / trials + shrink / (4.0 * trials)).sqrt();
    let end = |value: f64| (value / (1.0 + shrink)).clamp(0.0, 1.0);
    Interval { low: end(centre - reach), high: end(centre + reach) }
}

/// How many standard deviations a central interval of a probability between 0 and 1 reaches to either side.
pub(crate) fn normal_z(level: f64) -> f64 {
    std::f64::consts::SQRT_2 * statrs::function::erf::erf_inv(level)
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn published_intervals() {
        let published = [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ];
        for (successes, trials, low, high) in published {
            let interval = wilson(successes, trials, 0.95).unwrap();
            assert_abs_diff_eq!(interval.low, low, epsilon = 5e-5);
            assert_abs_diff_eq!(interval.high, high, epsilon = 5e-5);
        }
    }

    #[test]
    fn nothing_to_say_without_trials_or_with_damaged_counts() {
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(wilson(3, 2, 0.95), None);
        assert_eq!(wilson(1, 2, f64::NAN), None);
        assert_eq!(wilson(1, 2, 1.0), None);
        let everything = wilson(u64::MAX, u64::MAX, 0.95).unwrap();
        assert!(everything.low > 0.999 && everything.high <= 1.0);
    }
}
