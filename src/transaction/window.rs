//! Windows of time: the part of history that a feature looks at.

use std::fmt;
use std::ops::Range;

use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::transaction::time::{AsOf, DAY, TIME_RANGE, Zone};

/// A window of time, relative to the moment of a table or between dates. What is at its start is in it, what is at its
/// end is not, and nothing at or after the moment of the table ever is.
///
/// ```
/// use kohort::{Window, Zone};
///
/// assert_eq!(Window::days(365).to_string(), "365d");
/// assert_eq!(Window::days_ago(60, 30).to_string(), "60d_30d");
/// assert_eq!(Window::dates("2011-01-01", "2011-07-01", &Zone::utc())?.to_string(), "20110101_20110701");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "Bounds", into = "Bounds")]
pub struct Window(Bounds);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
enum Bounds {
    All,
    /// From so many days of 24 hours before the moment until so many.
    Days(u32, u32),
    /// The same in calendar months of the moment's zone.
    Months(u32, u32),
    /// Microseconds UTC, with the text of both dates.
    Between(i64, i64, String),
}

impl From<Window> for Bounds {
    fn from(window: Window) -> Self {
        window.0
    }
}

impl TryFrom<Bounds> for Window {
    type Error = Error;

    fn try_from(bounds: Bounds) -> Result<Self> {
        match bounds {
            Bounds::Between(from, until, dates)
                if from >= until || ![from, until].iter().all(|time| TIME_RANGE.contains(time)) =>
            {
                Err(Error::Setting {
                    setting: "window",
                    found: format!("{dates} ({from} until {until})"),
                    expected: "a window that ends after it begins, within years 1 to 9998",
                })
            }
            bounds => Ok(Self(bounds)),
        }
    }
}

impl Window {
    /// All of history before the moment.
    #[must_use]
    pub const fn all() -> Self {
        Self(Bounds::All)
    }

    /// The last `days` days before the moment, each of 24 hours, as recency counts them.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self(Bounds::Days(days, 0))
    }

    /// From `from` days before the moment until `until` days before it: `days_ago(60, 30)` is the month before the
    /// last one.
    #[must_use]
    pub const fn days_ago(from: u32, until: u32) -> Self {
        Self(Bounds::Days(from, until))
    }

    /// The last `months` calendar months before the moment, in its zone; from the 31st, a month back is the last day
    /// of a shorter month.
    #[must_use]
    pub const fn months(months: u32) -> Self {
        Self(Bounds::Months(months, 0))
    }

    /// From `from` calendar months before the moment until `until` months before it.
    #[must_use]
    pub const fn months_ago(from: u32, until: u32) -> Self {
        Self(Bounds::Months(from, until))
    }

    /// Between two dates (or dates with a time) in a zone; the second is not in it any more.
    ///
    /// # Errors
    /// [`Error::Parse`] where a text is no date, [`Error::Setting`] where the second is not after the first.
    pub fn dates(from: &str, until: &str, zone: &Zone) -> Result<Self> {
        let (start, end) = (AsOf::date(from, zone)?.micros(), AsOf::date(until, zone)?.micros());
        if start >= end {
            return Err(Error::Setting {
                setting: "window",
                found: format!("{from} until {until}"),
                expected: "a window that ends after it begins",
            });
        }
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        Ok(Self(Bounds::Between(start, end, format!("{}_{}", digits(from), digits(until)))))
    }

    /// The instants it covers as of a moment.
    ///
    /// # Errors
    /// [`Error::Setting`] where it ends before it begins, or is empty.
    pub(crate) fn range(&self, as_of: &AsOf) -> Result<Range<i64>> {
        let now = as_of.micros();
        let range = match &self.0 {
            Bounds::All => *TIME_RANGE.start()..now,
            Bounds::Days(from, until) => days_before(now, *from)..days_before(now, *until),
            Bounds::Months(from, until) => months_before(as_of, *from)..months_before(as_of, *until),
            Bounds::Between(from, until, _) => *from..now.min(*until),
        };
        // A window between dates may lie after the moment: then it is empty, which is no mistake of its own.
        if range.start < range.end || matches!(self.0, Bounds::Between(..)) {
            return Ok(range);
        }
        Err(Error::Setting {
            setting: "window",
            found: self.to_string(),
            expected: "a window that ends after it begins",
        })
    }
}

/// The instant so many days of 24 hours before a moment, at most the beginning of time.
fn days_before(now: i64, days: u32) -> i64 {
    now.saturating_sub(i64::from(days).saturating_mul(DAY)).max(*TIME_RANGE.start())
}

/// The instant so many calendar months before a moment.
fn months_before(as_of: &AsOf, months: u32) -> i64 {
    months_from(as_of, -i64::from(months))
}

/// The instant so many calendar months after a moment, before it where negative; at most the ends of time.
pub(crate) fn months_from(as_of: &AsOf, months: i64) -> i64 {
    let zone = as_of.zone();
    let span: Span = months.clamp(-120_000, 120_000).months();
    let moved = zone.civil(as_of.micros()).checked_add(span).ok();
    let beyond = if months < 0 { TIME_RANGE.start() } else { TIME_RANGE.end() };
    moved.and_then(|civil| zone.instant(civil)).unwrap_or(*beyond)
}

impl fmt::Display for Window {
    /// As it stands in the name of a feature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Bounds::All => f.pad("all"),
            Bounds::Days(from, 0) => f.pad(&format!("{from}d")),
            Bounds::Days(from, until) => f.pad(&format!("{from}d_{until}d")),
            Bounds::Months(from, 0) => f.pad(&format!("{from}m")),
            Bounds::Months(from, until) => f.pad(&format!("{from}m_{until}m")),
            Bounds::Between(_, _, dates) => f.pad(dates),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_of(text: &str, zone: &str) -> AsOf {
        AsOf::date(text, &Zone::named(zone).unwrap()).unwrap()
    }

    #[test]
    fn days_are_of_24_hours_and_months_of_the_calendar() {
        // Clocks in Berlin went forward on 2012-03-25.
        let moment = as_of("2012-03-31", "Europe/Berlin");
        let days = Window::days(30).range(&moment).unwrap();
        assert_eq!(days, moment.micros() - 30 * DAY..moment.micros());
        let month = Window::months(1).range(&moment).unwrap();
        assert_eq!(month.start, as_of("2012-02-29", "Europe/Berlin").micros());
        let between = Window::months_ago(3, 2).range(&moment).unwrap();
        assert_eq!(between.start, as_of("2011-12-31", "Europe/Berlin").micros());
        assert_eq!(between.end, as_of("2012-01-31", "Europe/Berlin").micros());
    }

    #[test]
    fn a_window_never_reaches_beyond_the_moment() {
        let moment = as_of("2011-03-01", "UTC");
        let half = Window::dates("2011-01-01", "2011-07-01", &Zone::utc()).unwrap();
        assert_eq!(half.range(&moment).unwrap(), as_of("2011-01-01", "UTC").micros()..moment.micros());
        let later = Window::dates("2011-05-01", "2011-07-01", &Zone::utc()).unwrap();
        assert!(later.range(&moment).unwrap().is_empty());
        assert_eq!(Window::all().range(&moment).unwrap().end, moment.micros());
    }

    #[test]
    fn windows_that_end_before_they_begin_are_refused() {
        let moment = as_of("2011-03-01", "UTC");
        for window in [Window::days(0), Window::days_ago(30, 60), Window::months_ago(1, 1)] {
            let refused = window.range(&moment).unwrap_err();
            assert!(matches!(refused, Error::Setting { setting: "window", .. }), "{refused}");
        }
        assert!(Window::dates("2011-07-01", "2011-01-01", &Zone::utc()).is_err());
        assert!(Window::dates("2011-07-01", "July", &Zone::utc()).is_err());
    }

    #[test]
    fn a_stored_window_is_checked_as_a_new_one() {
        for window in [
            Window::days(30),
            Window::all(),
            Window::dates("2011-01-01", "2011-02-01", &Zone::utc()).unwrap(),
        ] {
            let json = serde_json::to_string(&window).unwrap();
            assert_eq!(serde_json::from_str::<Window>(&json).unwrap(), window, "{json}");
        }
        assert!(serde_json::from_str::<Window>(r#"{"Between":[5,4,"x"]}"#).is_err());
    }

    #[test]
    fn the_far_past_is_the_beginning_of_time() {
        let moment = as_of("2011-03-01", "UTC");
        assert_eq!(Window::months(u32::MAX).range(&moment).unwrap().start, *TIME_RANGE.start());
        assert_eq!(Window::days(u32::MAX).range(&moment).unwrap().start, *TIME_RANGE.start());
        assert!(
            Window::days_ago(u32::MAX, u32::MAX - 1).range(&moment).is_err(),
            "before the beginning of time"
        );
    }
}
