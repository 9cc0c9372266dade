//! Times from bytes. Most are a date, perhaps with a time of day, on a day on which the clocks do not change: then the
//! instant is the day's beginning plus the time of day, and the calendar is asked once a day and not once a row.

use crate::transaction::csv::decode::TimeReader;
use crate::transaction::csv::digits;
use crate::transaction::schema::Schema;
use crate::transaction::time::{TIME_RANGE, TimeFormat, Zone};

/// Days that are remembered, by the lowest bits of their number.
const DAYS: usize = 1 << 12;

/// The beginning of a day that is no plain one.
const UNEVEN: i64 = i64::MIN;

/// Reads times.
pub(super) struct Clock<'s> {
    format: &'s TimeFormat,
    zone: &'s Zone,
    /// The latest date, as its ten bytes, and when that day begins.
    latest: ([u8; 10], i64),
    /// Days from 1970 and when they begin.
    days: Vec<(i32, i64)>,
    reader: TimeReader<'s>,
}

impl<'s> Clock<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self {
            format: &schema.time_format,
            zone: &schema.rules.zone,
            latest: ([0; 10], UNEVEN),
            days: Vec::new(),
            reader: TimeReader::new(schema),
        }
    }

    /// The instant of the text at a place, in microseconds UTC, if it is written the usual way and has no blanks.
    #[inline]
    pub(super) fn plain(&mut self, text: &[u8], start: usize, end: usize) -> Option<i64> {
        let micros = match self.format {
            TimeFormat::Iso => self.iso(text.get(start..end)?),
            TimeFormat::UnixSeconds => scaled(digits::whole(text, start, end), 1_000_000),
            TimeFormat::UnixMilliseconds => scaled(digits::whole(text, start, end), 1_000),
            TimeFormat::Pattern(_) => None,
        };
        micros.filter(|micros| TIME_RANGE.contains(micros))
    }

    /// The instant of any text of ASCII. What other bytes stand for depends on the file's encoding.
    pub(super) fn general(&mut self, text: &[u8], start: usize, end: usize) -> Option<i64> {
        let text = std::str::from_utf8(text.get(start..end)?).ok()?;
        if text.is_ascii() { self.reader.read(text) } else { None }
    }

    /// `2011-12-09`, `2011-12-09 12:50` or `2011-12-09 12:50:00`.
    #[inline]
    fn iso(&mut self, text: &[u8]) -> Option<i64> {
        let (date, rest) = text.split_first_chunk::<10>()?;
        let seconds = match rest {
            [] => 0,
            [b' ' | b'T', rest @ ..] => time_of_day(rest)?,
            _ => return None,
        };
        if *date != self.latest.0 {
            self.latest = (*date, self.day(date).unwrap_or(UNEVEN));
        }
        (self.latest.1 != UNEVEN).then(|| self.latest.1 + seconds * 1_000_000)
    }

    /// When a date's day begins, if the clocks do not change then.
    fn day(&mut self, date: &[u8; 10]) -> Option<i64> {
        if date[4] != b'-' || date[7] != b'-' {
            return None;
        }
        let year = pair(date[0], date[1])? * 100 + pair(date[2], date[3])?;
        let (month, day) = (pair(date[5], date[6])?, pair(date[8], date[9])?);
        let date = jiff::civil::Date::new(year as i16, month as i8, day as i8).ok()?;
        // Any number of its own does for a day.
        let number = ((year * 16 + month) * 32 + day) as i32;
        if self.days.is_empty() {
            self.days.resize(DAYS, (0, UNEVEN));
        }
        let known = &mut self.days[number as usize % DAYS];
        if known.0 != number {
            *known = (number, self.zone.even_day(date).unwrap_or(UNEVEN));
        }
        Some(known.1)
    }
}

fn scaled(number: Option<u64>, micros: i64) -> Option<i64> {
    i64::try_from(number?).ok()?.checked_mul(micros)
}

/// Seconds since midnight of `12:50` or `12:50:00`.
#[inline]
fn time_of_day(text: &[u8]) -> Option<i64> {
    let seconds = match text.get(5..)? {
        [] => Some(0),
        [b':', tens, ones] => pair(*tens, *ones),
        _ => None,
    };
    let (hour, minute, second) = match text {
        [h, hh, b':', m, mm, ..] => (pair(*h, *hh)?, pair(*m, *mm)?, seconds?),
        _ => return None,
    };
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 60 + minute) * 60 + second)
}

/// The number of two digits.
#[inline]
fn pair(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transaction::{LogRules, SchemaPrice};

    fn schema(zone: &str, format: TimeFormat) -> Schema {
        let rules = LogRules::builder("EUR")
            .zone(Zone::named(zone).unwrap())
            .orders(crate::transaction::OrderIdentity::EachLine)
            .build()
            .unwrap();
        Schema::builder(&rules, "who", "when", SchemaPrice::Unit("price"))
            .time_format(format)
            .build()
            .unwrap()
    }

    fn check(schema: &Schema, texts: &[String]) {
        let mut clock = Clock::new(schema);
        for text in texts {
            let padded = [text.as_bytes(), &[0; 32]].concat();
            let expected =
                schema.time_format.parse(text, &schema.rules.zone).ok().filter(|_| text.is_ascii());
            let found = clock.plain(&padded, 0, text.len());
            assert!(found.is_none() || found == expected, "{text} in {}", schema.rules.zone);
            let found = found.or_else(|| clock.general(&padded, 0, text.len()));
            assert_eq!(found, expected, "{text} in {}", schema.rules.zone);
        }
    }

    #[test]
    fn every_hour_around_a_change_of_clocks_is_read_as_the_calendar_reads_it() {
        let hours: Vec<String> = (1..=31)
            .flat_map(|day| (0..24).map(move |hour| (day, hour)))
            .flat_map(|(day, hour)| ["03", "10"].map(|m| format!("2012-{m}-{day:02} {hour:02}:30")))
            .collect();
        for zone in ["Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "UTC"] {
            check(&schema(zone, TimeFormat::Iso), &hours);
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_general_way_reads(
            dates in prop::collection::vec("(19|20|00|99)[0-9]{2}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?(Z|\\+01:00)?)?", 1..20),
            numbers in prop::collection::vec("-?[0-9]{1,20}", 1..10),
            any in prop::collection::vec("[0-9: T.é-]{0,20}", 1..10),
        ) {
            let texts = [dates, numbers, any].concat();
            for zone in ["Europe/London", "Asia/Kathmandu", "UTC"] {
                for format in [TimeFormat::Iso, TimeFormat::UnixSeconds, TimeFormat::UnixMilliseconds,
                    TimeFormat::Pattern("%Y-%m-%d".into())]
                {
                    check(&schema(zone, format), &texts);
                }
            }
        }
    }
}
