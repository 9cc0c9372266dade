//! Time is explicit: instants are microseconds UTC in an `i64`, zones are named, and nothing reads the clock.

use std::fmt;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::transaction::clock::Clock;

/// Microseconds in a day of 24 hours, the unit of recency and tenure.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Instants outside years 1 to 9998 are refused, so that every calendar computation on a kept one succeeds.
pub(crate) const TIME_RANGE: std::ops::RangeInclusive<i64> =
    -62_135_596_800_000_000..=253_370_764_799_999_999;

/// A named time zone, `UTC` by default. The zone database is part of the crate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    /// A zone by its name, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// [`Error::Parse`] where the zone database has no such name.
    pub fn named(name: &str) -> Result<Self> {
        TimeZone::get(name).map(Self).map_err(|_| Error::Parse {
            text: name.to_owned(),
            expected: "a time zone such as `UTC` or `Europe/Berlin`".into(),
        })
    }

    /// Universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The instant of a civil time in this zone. A time that the clocks skip is moved forward by the gap, one that
    /// they pass twice is the first.
    pub(crate) fn instant(&self, civil: DateTime) -> Option<i64> {
        self.any_instant(civil).filter(|micros| TIME_RANGE.contains(micros))
    }

    /// [`Self::instant`] without the limits on order lines: the month of the earliest line can begin before them.
    fn any_instant(&self, civil: DateTime) -> Option<i64> {
        let timestamp = self.0.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(timestamp.as_microsecond())
    }

    /// When a day begins, if its clocks neither change on it nor near it: then every civil time of the day is that
    /// much later.
    #[cfg(feature = "csv")]
    pub(crate) fn even_day(&self, date: jiff::civil::Date) -> Option<i64> {
        let midnight = self.any_instant(date.to_datetime(Time::midnight()))?;
        let before = Timestamp::from_microsecond(midnight - 2 * DAY).ok()?;
        let next = self.0.following(before).next();
        let even = next.is_none_or(|change| change.timestamp().as_microsecond() > midnight + 2 * DAY);
        even.then_some(midnight)
    }

    /// The civil time of an instant in this zone.
    pub(crate) fn civil(&self, micros: i64) -> DateTime {
        let micros = micros.clamp(*TIME_RANGE.start(), *TIME_RANGE.end());
        let timestamp = Timestamp::from_microsecond(micros).unwrap_or_default();
        self.0.to_datetime(timestamp)
    }

    fn zoned(&self, micros: i64) -> Zoned {
        let micros = micros.clamp(*TIME_RANGE.start(), *TIME_RANGE.end());
        Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(self.0.clone())
    }

    /// The first instants of the calendar days, or months, that cover `first..=last`, and one after; each with its
    /// date. Looking an instant up among them is a binary search, where asking the calendar costs far more.
    pub(crate) fn periods(&self, first: i64, last: i64, period: Period) -> Vec<(i64, jiff::civil::Date)> {
        let mut start = self.civil(first).date();
        if period == Period::Month {
            start = start.first_of_month();
        }
        let mut periods = Vec::new();
        while let Some(instant) = self.any_instant(start.to_datetime(Time::midnight())) {
            periods.push((instant, start));
            if instant > last {
                break;
            }
            let step = if period == Period::Month { 1.month() } else { 1.day() };
            let Ok(next) = start.checked_add(step) else { break };
            start = next;
        }
        periods
    }

    /// What clocks in this zone show before a moment, by arithmetic.
    pub(crate) fn clock(&self, until: i64) -> Clock {
        let micros = |seconds: i32| i64::from(seconds) * 1_000_000;
        let first = (i64::MIN, micros(self.0.to_offset(Timestamp::MIN).seconds()));
        let changes = self.0.following(Timestamp::MIN);
        let changes =
            changes.map(|change| (change.timestamp().as_microsecond(), micros(change.offset().seconds())));
        Clock::new(std::iter::once(first).chain(changes.take_while(|(start, _)| *start <= until)))
    }
}

/// A calendar period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Period {
    Day,
    Month,
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

impl TryFrom<String> for Zone {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        Self::named(&name)
    }
}

/// The moment a table describes: what is not before it is left out.
///
/// ```
/// use kohort::{AsOf, Zone};
///
/// let as_of = AsOf::date("2011-12-10", &Zone::utc())?;
/// assert_eq!(as_of.to_string(), "2011-12-10T00:00:00+00:00[UTC]");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawAsOf")]
pub struct AsOf {
    micros: i64,
    zone: Zone,
}

#[derive(Deserialize)]
struct RawAsOf {
    micros: i64,
    zone: Zone,
}

impl TryFrom<RawAsOf> for AsOf {
    type Error = Error;

    fn try_from(raw: RawAsOf) -> Result<Self> {
        Self::instant(raw.micros, &raw.zone)
    }
}

impl AsOf {
    /// Midnight at the start of a date, or a date with a time, in a zone: `2011-12-10`, `2011-12-10 18:30`.
    ///
    /// # Errors
    /// [`Error::Parse`] where the text is not such a date.
    pub fn date(text: &str, zone: &Zone) -> Result<Self> {
        let micros = TimeFormat::Iso.parse(text, zone)?;
        Ok(Self { micros, zone: zone.clone() })
    }

    /// An instant in microseconds UTC, whose calendar is that of `zone`.
    ///
    /// # Errors
    /// [`Error::Setting`] outside years 1 to 9998.
    pub fn instant(micros: i64, zone: &Zone) -> Result<Self> {
        if TIME_RANGE.contains(&micros) {
            Ok(Self { micros, zone: zone.clone() })
        } else {
            Err(Error::Setting {
                setting: "as_of",
                found: micros.to_string(),
                expected: "microseconds UTC within years 1 to 9998",
            })
        }
    }

    /// Midnight at the start of the day after an instant: the earliest `as_of` that sees the instant's whole day.
    ///
    /// # Errors
    /// [`Error::Setting`] outside years 1 to 9998.
    pub fn day_after(micros: i64, zone: &Zone) -> Result<Self> {
        let next = zone.zoned(micros).start_of_day().and_then(|day| day.checked_add(1.day()));
        match next {
            Ok(next) => Self::instant(next.timestamp().as_microsecond(), zone),
            Err(_) => Self::instant(i64::MAX, zone),
        }
    }

    /// Microseconds UTC.
    #[must_use]
    pub const fn micros(&self) -> i64 {
        self.micros
    }

    /// The zone whose calendar is used.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.zone.zoned(self.micros))
    }
}

impl fmt::Debug for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsOf({self})")
    }
}

/// How times are written in text.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TimeFormat {
    /// `2011-12-09`, `2011-12-09 12:50`, `2011-12-09T12:50:00`, with an optional `Z` or `+01:00`.
    #[default]
    Iso,
    /// A `strftime` pattern such as `%d.%m.%Y %H:%M`; without a time of day it means midnight.
    Pattern(String),
    /// Seconds since 1970, UTC.
    UnixSeconds,
    /// Milliseconds since 1970, UTC.
    UnixMilliseconds,
}

impl TimeFormat {
    /// The instant of a text, in microseconds UTC; one that names no zone is read in `zone`.
    ///
    /// # Errors
    /// [`Error::Parse`] where the text does not have this form or is outside years 1 to 9998.
    pub fn parse(&self, text: &str, zone: &Zone) -> Result<i64> {
        self.read(text, zone)
            .filter(|micros| TIME_RANGE.contains(micros))
            .ok_or_else(|| Error::Parse { text: text.to_owned(), expected: format!("a time ({self})") })
    }

    /// Whether a text of this form says which day it means: a pattern has to write a date that it can read back.
    pub(crate) fn names_a_date(&self) -> bool {
        let Self::Pattern(pattern) = self else { return true };
        let sample = jiff::civil::date(2011, 12, 9).at(12, 50, 0, 0).to_zoned(TimeZone::UTC);
        let written = sample.and_then(|sample| jiff::fmt::strtime::format(pattern, &sample));
        written.is_ok_and(|text| self.parse(&text, &Zone::utc()).is_ok())
    }

    fn read(&self, text: &str, zone: &Zone) -> Option<i64> {
        let text = text.trim();
        match self {
            // A civil parse also accepts a text with an offset and would ignore it, so instants go first; they can
            // only be told by what follows the date.
            Self::Iso if text.get(10..).is_some_and(|rest| rest.contains(['Z', 'z', '+', '-'])) => {
                text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
            }
            Self::Iso => {
                let civil = plain_iso(text.as_bytes()).or_else(|| text.parse::<DateTime>().ok())?;
                zone.instant(civil)
            }
            Self::Pattern(pattern) => {
                let parsed = jiff::fmt::strtime::parse(pattern, text).ok()?;
                match parsed.offset() {
                    Some(_) => parsed.to_timestamp().ok().map(Timestamp::as_microsecond),
                    None => parsed
                        .to_datetime()
                        .or_else(|_| parsed.to_date().map(|date| date.to_datetime(Time::midnight())))
                        .ok()
                        .and_then(|civil| zone.instant(civil)),
                }
            }
            Self::UnixSeconds => text.parse::<i64>().ok()?.checked_mul(1_000_000),
            Self::UnixMilliseconds => text.parse::<i64>().ok()?.checked_mul(1_000),
        }
    }
}

/// `2011-12-09`, `2011-12-09 12:50` or `2011-12-09 12:50:00` without the generality of a full parser, which costs
/// several times more; `None` for everything else, right or wrong.
fn plain_iso(text: &[u8]) -> Option<DateTime> {
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0i16, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i16::from(byte - b'0'))
        })
    };
    let pair = |from: usize| number(from, from + 2).map(|number| number as i8);
    if !matches!(text.len(), 10 | 16 | 19) || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    if text.len() >= 16 {
        if !matches!(text[10], b' ' | b'T') || text[13] != b':' {
            return None;
        }
        (hour, minute) = (pair(11)?, pair(14)?);
    }
    if text.len() == 19 {
        if text[16] != b':' {
            return None;
        }
        second = pair(17)?;
    }
    DateTime::new(number(0, 4)?, pair(5)?, pair(8)?, hour, minute, second, 0).ok()
}

impl fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iso => f.write_str("such as 2011-12-09 12:50:00"),
            Self::Pattern(pattern) => write!(f, "in the form {pattern}"),
            Self::UnixSeconds => f.write_str("in seconds since 1970"),
            Self::UnixMilliseconds => f.write_str("in milliseconds since 1970"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_moment_is_checked_as_a_new_one() {
        let as_of = AsOf::date("2011-12-10 18:30", &Zone::named("Europe/London").unwrap()).unwrap();
        let json = serde_json::to_string(&as_of).unwrap();
        assert_eq!(serde_json::from_str::<AsOf>(&json).unwrap(), as_of);
        let damaged = format!(r#"{{"micros":{},"zone":"UTC"}}"#, i64::MAX);
        assert!(serde_json::from_str::<AsOf>(&damaged).unwrap_err().to_string().contains("as_of"));
        assert!(serde_json::from_str::<AsOf>(r#"{"micros":0,"zone":"Nowhere/Town"}"#).is_err());
    }

    #[test]
    fn civil_times_are_read_in_the_zone_and_offsets_win_over_it() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let noon_utc = 1_325_419_200_000_000; // 2012-01-01T12:00:00Z
        for text in
            ["2012-01-01 13:00", "2012-01-01T13:00:00", "2012-01-01T12:00:00Z", "2012-01-01T14:00:00+02:00"]
        {
            assert_eq!(TimeFormat::Iso.parse(text, &berlin).unwrap(), noon_utc, "{text}");
        }
        let german = TimeFormat::Pattern("%d.%m.%Y %H:%M".into());
        assert_eq!(german.parse("01.01.2012 13:00", &berlin).unwrap(), noon_utc);
        let day = TimeFormat::Pattern("%d.%m.%Y".into());
        assert_eq!(day.parse("01.01.2012", &berlin).unwrap(), noon_utc - 13 * 3_600_000_000);
        assert_eq!(TimeFormat::UnixSeconds.parse("1325419200", &berlin).unwrap(), noon_utc);
    }

    #[test]
    fn skipped_and_repeated_hours_have_one_instant() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let skipped = TimeFormat::Iso.parse("2012-03-25 02:30", &berlin).unwrap();
        assert_eq!(skipped, TimeFormat::Iso.parse("2012-03-25 03:30", &berlin).unwrap());
        let repeated = TimeFormat::Iso.parse("2012-10-28 02:30", &berlin).unwrap();
        assert_eq!(repeated, TimeFormat::Iso.parse("2012-10-28T00:30:00Z", &berlin).unwrap());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2012-13-01", "2012-02-30", "0000-01-01", "9999-12-31", "01.02.2012"] {
            assert!(TimeFormat::Iso.parse(text, &Zone::utc()).is_err(), "{text}");
        }
        assert!(TimeFormat::UnixSeconds.parse("99999999999999999", &Zone::utc()).is_err());
        assert!(Zone::named("Europe/Atlantis").is_err());
    }

    #[test]
    fn the_short_way_reads_what_the_full_parser_reads() {
        let mut seen = 0;
        for text in [
            "2012-02-29",
            "2011-02-29",
            "2012-01-01 13:00",
            "2012-01-01T23:59:59",
            "2012-01-01 24:00",
            "2012-01-01 12:60",
            "2016-12-31 23:59:60",
            "0001-01-01",
            "0000-12-31 10:00",
            "9998-12-31 23:59:59",
            "2012/01/01",
            "2012-1-01 ",
            "2012-01-01x10:00",
            "2012-01-01 10-00",
            "2012-01-01 10:00-00",
            "+012-01-01",
            "2012-01-01 1a:00",
        ] {
            if let Some(civil) = plain_iso(text.as_bytes()) {
                assert_eq!(text.parse::<DateTime>().unwrap(), civil, "{text}");
                seen += 1;
            }
        }
        assert_eq!(seen, 6);
    }

    #[test]
    fn text_that_is_no_ascii_is_refused_and_not_cut() {
        for text in ["201234567é1", "2012-01-0é", "２０１２-01-01", "2012-01-01é10:00+01:00"] {
            assert!(TimeFormat::Iso.parse(text, &Zone::utc()).is_err(), "{text}");
        }
    }

    #[test]
    fn periods_reach_the_ends_of_time() {
        for name in ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "UTC"] {
            let zone = Zone::named(name).unwrap();
            for edge in [*TIME_RANGE.start(), *TIME_RANGE.end()] {
                for period in [Period::Day, Period::Month] {
                    let periods = zone.periods(edge, edge, period);
                    assert!(
                        periods.len() == 2 && periods[0].0 <= edge && edge < periods[1].0,
                        "{name} {edge}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_day_after_is_a_midnight_of_the_zone() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let late = TimeFormat::Iso.parse("2012-03-24 23:59", &berlin).unwrap();
        assert_eq!(AsOf::day_after(late, &berlin).unwrap(), AsOf::date("2012-03-25", &berlin).unwrap());
        assert!(AsOf::day_after(i64::MAX, &berlin).is_err());
    }

    #[test]
    fn periods_cover_the_span_and_follow_the_zone() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let at = |text: &str| TimeFormat::Iso.parse(text, &berlin).unwrap();
        let months = berlin.periods(at("2012-03-05"), at("2012-04-01"), Period::Month);
        let dates: Vec<String> = months.iter().map(|(_, date)| date.to_string()).collect();
        assert_eq!(dates, ["2012-03-01", "2012-04-01", "2012-05-01"]);
        let days = berlin.periods(at("2012-03-24 10:00"), at("2012-03-26 00:00"), Period::Day);
        assert_eq!(days.len(), 4);
        assert_eq!(days[2].0 - days[1].0, 23 * 3_600_000_000, "the day of the change has 23 hours");
    }
}
