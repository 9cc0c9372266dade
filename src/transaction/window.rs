//! Windows of time: the part of history that a feature looks at.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use jiff::{Span, Timestamp, ToSpan};
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

/// From where to where a window reaches, for whoever asks it of a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum WindowBounds {
    All,
    /// From so many days of 24 hours before the moment until so many.
    Days(u32, u32),
    /// The same in calendar months.
    Months(u32, u32),
    /// The texts of two instants.
    Instants(String, String),
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

    /// Between two instants in microseconds UTC, named by their dates, and by the time of day where it is not midnight.
    fn instants(from: i64, until: i64) -> Result<Self> {
        let midnight = [from, until].iter().all(|micros| micros.rem_euclid(DAY) == 0);
        let digits = |micros| {
            let text: String = instant_text(micros).chars().filter(char::is_ascii_digit).collect();
            if midnight { text[..text.len().min(8)].to_owned() } else { text }
        };
        Bounds::Between(from, until, format!("{}_{}", digits(from), digits(until))).try_into()
    }

    /// The same window; one between dates is named by its instants, so that it equals any other between the same two.
    pub(crate) fn canonical(self) -> Self {
        match self.0 {
            Bounds::Between(from, until, _) => Self::instants(from, until).unwrap_or(self),
            _ => self,
        }
    }

    /// Its text, from which it is read back: `30d`, `60d_30d`, `6m`, `6m_3m`, `all`, or two instants such as
    /// `2026-01-01T00:00:00Z_2026-07-01T00:00:00Z`.
    ///
    /// The name of a feature has dates without a zone ([`Display`](fmt::Display)); this text says which instants they are.
    ///
    /// ```
    /// use kohort::{Window, Zone};
    ///
    /// let may = Window::dates("2026-05-01", "2026-06-01", &Zone::named("Europe/Berlin")?)?;
    /// assert_eq!(may.text(), "2026-04-30T22:00:00Z_2026-05-31T22:00:00Z");
    /// assert_eq!("60d_30d".parse::<Window>()?, Window::days_ago(60, 30));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn text(&self) -> String {
        match &self.0 {
            Bounds::Between(from, until, _) => format!("{}_{}", instant_text(*from), instant_text(*until)),
            _ => self.to_string(),
        }
    }

    /// From where to where it reaches.
    pub(crate) fn bounds(&self) -> WindowBounds {
        match &self.0 {
            Bounds::All => WindowBounds::All,
            Bounds::Days(from, until) => WindowBounds::Days(*from, *until),
            Bounds::Months(from, until) => WindowBounds::Months(*from, *until),
            Bounds::Between(from, until, _) => {
                WindowBounds::Instants(instant_text(*from), instant_text(*until))
            }
        }
    }

    /// Whether it can have anything in it, whatever the moment.
    ///
    /// # Errors
    /// [`Error::Setting`] where it ends before it begins, or is empty.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.0 {
            Bounds::Days(from, until) | Bounds::Months(from, until) if from <= until => Err(self.backwards()),
            _ => Ok(()),
        }
    }

    fn backwards(&self) -> Error {
        let expected = "a window that ends after it begins";
        Error::Setting { setting: "window", found: self.to_string(), expected }
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
        Err(self.backwards())
    }
}

impl FromStr for Window {
    type Err = Error;

    /// Reads what [`Window::text`] writes.
    ///
    /// # Errors
    /// [`Error::Parse`] where it has none of these forms, [`Error::Setting`] where it ends before it begins.
    fn from_str(text: &str) -> Result<Self> {
        let number = |text: &str, unit| {
            let digits =
                text.strip_suffix(unit).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse::<u32>().ok()
        };
        let pair = |unit| match text.split_once('_') {
            Some((from, until)) => Some((number(from, unit)?, number(until, unit)?)),
            None => Some((number(text, unit)?, 0)),
        };
        let instant = |text: &str| text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
        let between = || text.split_once('_').and_then(|(from, until)| instant(from).zip(instant(until)));
        let window = if text == "all" {
            Self::all()
        } else if let Some((from, until)) = pair('d') {
            Self::days_ago(from, until)
        } else if let Some((from, until)) = pair('m') {
            Self::months_ago(from, until)
        } else if let Some((from, until)) = between() {
            Self::instants(from, until)?
        } else {
            let expected = "a window such as `30d`, `60d_30d`, `6m` or two instants joined by `_`".to_owned();
            return Err(Error::Parse { text: text.to_owned(), expected });
        };
        window.check().map(|()| window)
    }
}

/// An instant as text in UTC.
fn instant_text(micros: i64) -> String {
    Timestamp::from_microsecond(micros).unwrap_or_default().to_string()
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
    fn a_window_is_read_back_from_its_text() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let dates = Window::dates("2011-01-01", "2011-07-01", &berlin).unwrap();
        for window in [
            Window::all(),
            Window::days(30),
            Window::days_ago(60, 30),
            Window::months_ago(6, 3),
            dates.clone(),
        ] {
            let read: Window = window.text().parse().unwrap();
            assert_eq!(read, window.clone().canonical(), "{}", window.text());
            assert_eq!(read.text(), window.text());
        }
        assert_eq!(dates.canonical().to_string(), "20101231230000_20110630220000");
        let utc = Window::dates("2011-01-01", "2011-07-01", &Zone::utc()).unwrap();
        assert_eq!(utc.text().parse::<Window>().unwrap(), utc, "midnight in UTC is the date alone");
        for text in [
            "",
            "30",
            "d",
            "30w",
            "+3d",
            "-3d",
            "30d_",
            "6m_30d",
            "2011-01-01_2011-02-01",
            "30d_60d",
            "0d",
            "1m_1m",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
        assert!("2011-02-01T00:00:00Z_2011-01-01T00:00:00Z".parse::<Window>().is_err());
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
