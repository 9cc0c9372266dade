//! The return rate of a group of lines of which some may still come back.

use serde::Serialize;

use crate::economics::returns::{Interval, normal_z};
use crate::error::{Error, Result};

/// Newton's steps, of which some may halve the bracket; 53 halvings reach the last bit.
const MOST_STEPS: usize = 80;

/// Lines of one age: how much of their returns has been seen, how many there are, how many have come back.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AgeGroup {
    /// The share of the returns seen by this age, from 0 to 1.
    pub seen: f64,
    /// Lines.
    pub lines: u64,
    /// Those that have come back.
    pub returned: u64,
}

/// A return rate that allows for the returns still to come.
///
/// With shares seen F, lines n and returned lines y of each age:
///
/// ```text
/// naive  Σy / Σn                                too low by what is still to come
/// ratio  Σy / ΣnF                               unbiased for known F
/// rate   Σ y/p = Σ (n − y) F / (1 − p F)        the maximum of the likelihood, in p
/// se     1 / √( Σ n F / (p (1 − p F)) )         by the expected information
/// ```
///
/// A line comes back with probability p, and one that does has been seen to by now with probability F: the model of delayed
/// feedback (Chapelle, KDD 2014) with a known delay. The two estimates agree closely; the likelihood knows that the old
/// lines, which could show everything, tell more. The standard error takes F as known.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct CorrectedRate {
    /// Lines.
    pub lines: u64,
    /// Those that have come back.
    pub returned: u64,
    /// The effective exposure, `ΣnF`: as many lines, seen to their end, would tell as much.
    pub exposed: f64,
    /// The share of lines that have come back, as if the others were kept.
    pub naive: f64,
    /// Returned lines by effective exposure. Above 1 where more has come back than F allows for.
    pub ratio: f64,
    /// The estimate of maximum likelihood, from 0 to 1.
    pub rate: f64,
    /// Its standard error for known F; `None` at 0 and 1, where it says nothing.
    pub standard_error: Option<f64>,
}

impl CorrectedRate {
    /// The rate of lines by age, in any number of groups; several may have the same age. O(groups).
    ///
    /// ```
    /// use kohort::economics::returns::{AgeGroup, CorrectedRate};
    ///
    /// let age = |seen, lines, returned| AgeGroup { seen, lines, returned };
    /// let ages = [age(0.35, 100, 10), age(0.70, 100, 22), age(0.96, 100, 29), age(1.0, 300, 93)];
    /// let rate = CorrectedRate::of(&ages)?;
    /// assert!((rate.naive - 0.257).abs() < 1e-3, "a sixth too low");
    /// assert!((rate.rate - 0.308).abs() < 1e-3);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] for a share outside 0 to 1 or more returned than bought, [`Error::Empty`] where no line is old
    /// enough to show a return.
    pub fn of(ages: &[AgeGroup]) -> Result<Self> {
        for age in ages {
            let refused = |setting, found, expected| Err(Error::Setting { setting, found, expected });
            if !(0.0..=1.0).contains(&age.seen) {
                return refused("seen", age.seen.to_string(), "a share from 0 to 1");
            }
            if age.returned > age.lines {
                let found = format!("{} of {} lines", age.returned, age.lines);
                return refused("returned", found, "at most all lines");
            }
        }
        let (lines, returned) = ages.iter().fold((0_u64, 0_u64), |(lines, returned), age| {
            (lines.saturating_add(age.lines), returned.saturating_add(age.returned))
        });
        let exposed: f64 = ages.iter().map(|age| age.seen * age.lines as f64).sum();
        if !(exposed.is_finite() && exposed > 0.0) {
            let hint = "no line is old enough for a return to have been seen";
            return Err(Error::Empty { what: "the effective exposure", hint });
        }
        let (rate, information) = likeliest(ages, returned as f64, exposed);
        Ok(Self {
            lines,
            returned,
            exposed,
            naive: returned as f64 / lines as f64,
            ratio: returned as f64 / exposed,
            rate,
            standard_error: information.map(|information| 1.0 / information.sqrt()),
        })
    }

    /// An interval of the rate at a level such as `0.95`, on the logit: `logit p ± z · se / (p (1−p))`. `None` at 0 and 1,
    /// and for a level that is not between 0 and 1.
    #[must_use]
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let error = self.standard_error.filter(|_| level > 0.0 && level < 1.0)?;
        let (odds, spread) = (self.rate / (1.0 - self.rate), self.rate * (1.0 - self.rate));
        let factor = crate::numeric::exp(normal_z(level) * error / spread);
        let rate_of = |odds: f64| if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 };
        Some(Interval { low: rate_of(odds / factor), high: rate_of(odds * factor) })
    }
}

/// The rate of maximum likelihood, and the expected information there; none at the ends.
fn likeliest(ages: &[AgeGroup], returned: f64, exposed: f64) -> (f64, Option<f64>) {
    if returned <= 0.0 {
        return (0.0, None);
    }
    // Those that have not come back, by what their age would have shown.
    let open =
        || ages.iter().map(|age| ((age.lines - age.returned) as f64, age.seen)).filter(|(n, _)| *n > 0.0);
    let score = |p: f64| {
        let kept: f64 = open().map(|(n, seen)| n * seen / (1.0 - p * seen)).sum();
        returned / p - kept
    };
    let curvature = |p: f64| {
        let kept: f64 = open().map(|(n, seen)| n * (seen / (1.0 - p * seen)).powi(2)).sum();
        returned / (p * p) + kept
    };
    if score(1.0) >= 0.0 {
        return (1.0, None);
    }
    // The score falls from infinity at 0 to below zero at 1.
    let (mut low, mut high) = (0.0, 1.0);
    let mut p = (returned / exposed).min(0.5 * (1.0 + returned / (returned + exposed)));
    for _ in 0..MOST_STEPS {
        let slope = score(p);
        if slope > 0.0 {
            low = p;
        } else {
            high = p;
        }
        let step = slope / curvature(p);
        let newton = p + step;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - p).abs() <= f64::EPSILON * p {
            break;
        }
        p = next;
    }
    let information: f64 = ages.iter().map(|age| age.lines as f64 * age.seen / (1.0 - p * age.seen)).sum();
    (p, Some(information / p).filter(|information| information.is_finite()))
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    fn age(seen: f64, lines: u64, returned: u64) -> AgeGroup {
        AgeGroup { seen, lines, returned }
    }

    #[test]
    fn reference_values() {
        let ages = [age(0.35, 100, 10), age(0.7, 100, 22), age(0.96, 100, 29), age(1.0, 300, 93)];
        let found = CorrectedRate::of(&ages).unwrap();
        assert_relative_eq!(found.naive, 0.256_666_7, epsilon = 5e-8);
        assert_relative_eq!(found.ratio, 0.307_385_229_5, epsilon = 5e-11);
        assert_relative_eq!(found.rate, 0.307_637_780_9, epsilon = 5e-11);
        assert_relative_eq!(found.standard_error.unwrap(), 0.020_994_328_8, epsilon = 5e-11);
        let interval = found.interval(0.95).unwrap();
        assert!(
            interval.low > 0.266 && interval.low < 0.27 && interval.high > 0.349 && interval.high < 0.352
        );
    }

    #[test]
    fn what_is_seen_whole_is_a_plain_rate() {
        let found = CorrectedRate::of(&[age(1.0, 300, 93), age(1.0, 100, 7)]).unwrap();
        assert_relative_eq!(found.rate, 0.25, epsilon = 1e-15);
        assert_relative_eq!(found.standard_error.unwrap(), (0.25_f64 * 0.75 / 400.0).sqrt(), epsilon = 1e-15);
        assert_eq!((found.naive.to_bits(), found.ratio.to_bits()), (0.25_f64.to_bits(), 0.25_f64.to_bits()));
    }

    #[test]
    fn ends_are_documented_results() {
        let nothing = CorrectedRate::of(&[age(0.5, 10, 0)]).unwrap();
        assert_eq!((nothing.rate.to_bits(), nothing.standard_error, nothing.interval(0.95)), (0, None, None));
        let all = CorrectedRate::of(&[age(0.5, 10, 10), age(1.0, 3, 3)]).unwrap();
        assert_eq!((all.rate.to_bits(), all.standard_error), (1.0_f64.to_bits(), None));
        assert!(all.ratio > 1.0, "more than the ages allow for");
        // Half of them seen at half their returns: it cannot be less than all.
        assert_eq!(CorrectedRate::of(&[age(0.5, 10, 5)]).unwrap().rate.to_bits(), 1.0_f64.to_bits());
        let large =
            CorrectedRate::of(&[age(1e-9, u64::MAX, 1), age(1.0, 10_000_000_000, 9_999_999_999)]).unwrap();
        assert!(large.rate.is_finite() && large.standard_error.is_some_and(f64::is_finite), "{large:?}");
    }

    #[test]
    fn groups_that_cannot_be_are_named() {
        for refused in [&[age(1.1, 1, 0)][..], &[age(f64::NAN, 1, 0)], &[age(-0.1, 1, 0)], &[age(1.0, 1, 2)]]
        {
            assert!(matches!(CorrectedRate::of(refused), Err(Error::Setting { .. })), "{refused:?}");
        }
        for empty in [&[][..], &[age(0.0, 10, 0)], &[age(1.0, 0, 0)], &[age(0.0, 10, 10)]] {
            assert!(matches!(CorrectedRate::of(empty), Err(Error::Empty { .. })), "{empty:?}");
        }
    }

    proptest! {
        /// No other rate makes the data likelier.
        #[test]
        fn the_rate_is_the_likeliest(groups in prop::collection::vec((0.01_f64..=1.0, 1_u64..200, 0.0_f64..=1.0), 1..12)) {
            let ages: Vec<AgeGroup> = groups
                .iter()
                .map(|(seen, lines, share)| age(*seen, *lines, (*lines as f64 * share * seen) as u64))
                .collect();
            let found = CorrectedRate::of(&ages).unwrap();
            prop_assert!((0.0..=1.0).contains(&found.rate));
            let likelihood = |p: f64| -> f64 {
                ages.iter()
                    .map(|age| {
                        let part = |count: u64, chance: f64| if count == 0 { 0.0 } else { count as f64 * chance.ln() };
                        part(age.returned, p * age.seen) + part(age.lines - age.returned, 1.0 - p * age.seen)
                    })
                    .sum()
            };
            let best = likelihood(found.rate);
            for step in 1..200 {
                let other = likelihood(f64::from(step) / 200.0);
                prop_assert!(other <= best + 1e-9 * (1.0 + best.abs()), "{} at {}", other - best, step);
            }
            if let Some(interval) = found.interval(0.9) {
                prop_assert!(interval.low <= found.rate && found.rate <= interval.high);
                prop_assert!(interval.low >= 0.0 && interval.high <= 1.0);
            }
        }
    }
}
