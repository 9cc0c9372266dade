//! Times of an array, whatever their unit and with or without a zone.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit};
use hashbrown::HashMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::columnar::Named;
use crate::columnar::numbers::{Number, Numbers};
use crate::columnar::texts::map_keys;
use crate::error::Result;
use crate::transaction::{DAY, NO_TIME, TimeFormat, Zone};

/// A time that is there and cannot be read.
const UNREADABLE: i64 = i64::MAX;

const HOUR: i64 = 3_600_000_000;

/// Instants, each a whole number of so many microseconds UTC. [`NO_TIME`] stands for a null; a time that cannot be
/// read is beyond the range of those that can.
pub(crate) struct Ticks<'a> {
    pub(crate) values: Cow<'a, [i64]>,
    pub(crate) micros_per_tick: i64,
}

impl Ticks<'_> {
    /// The instant of a row in microseconds UTC; [`NO_TIME`] for a null.
    #[inline]
    pub(crate) fn micros(&self, row: usize) -> i64 {
        match self.values[row] {
            NO_TIME => NO_TIME,
            ticks => ticks.checked_mul(self.micros_per_tick).unwrap_or(UNREADABLE),
        }
    }
}

/// The times of a column: timestamps of any unit, dates (midnight), text, dictionaries of such; whole numbers where
/// `format` says what they count. Those that name no zone are read in `zone`.
pub(crate) fn times<'a>(column: Named<'a>, zone: &Zone, format: &TimeFormat) -> Result<Ticks<'a>> {
    let array = column.array;
    let ticks = |values, micros_per_tick| Ok(Ticks { values, micros_per_tick });
    match array.data_type() {
        DataType::Timestamp(unit, stated) => {
            let instants = match unit {
                TimeUnit::Second => counted(array.as_primitive::<TimestampSecondType>(), 1_000_000),
                TimeUnit::Millisecond => counted(array.as_primitive::<TimestampMillisecondType>(), 1_000),
                TimeUnit::Microsecond => counted(array.as_primitive::<TimestampMicrosecondType>(), 1),
                TimeUnit::Nanosecond => {
                    let values = array.as_primitive::<TimestampNanosecondType>();
                    Ticks { values: mapped(values, |nanos| nanos.div_euclid(1_000)), micros_per_tick: 1 }
                }
            };
            Ok(if stated.is_some() { instants } else { in_zone(instants, zone) })
        }
        DataType::Date32 => {
            let midnights = mapped(array.as_primitive::<Date32Type>(), |days| i64::from(days) * DAY);
            Ok(in_zone(Ticks { values: midnights, micros_per_tick: 1 }, zone))
        }
        DataType::Date64 => Ok(in_zone(counted(array.as_primitive::<Date64Type>(), 1_000), zone)),
        DataType::Utf8 => ticks(read(array.as_string::<i32>().iter(), zone, format).into(), 1),
        DataType::LargeUtf8 => ticks(read(array.as_string::<i64>().iter(), zone, format).into(), 1),
        DataType::Utf8View => ticks(read(array.as_string_view().iter(), zone, format).into(), 1),
        DataType::Dictionary(..) => {
            let values = times(column.with(array.as_any_dictionary().values()), zone, format)?;
            let of = |key: Option<usize>| {
                key.filter(|key| *key < values.values.len()).map_or(NO_TIME, |key| values.micros(key))
            };
            ticks(map_keys(array, of).into(), 1)
        }
        whole if whole.is_integer() => counted_from(column, zone, format),
        DataType::Null => ticks(vec![NO_TIME; array.len()].into(), 1),
        _ => Err(column.unfit("timestamps, dates, text, or whole numbers")),
    }
}

/// Times in text; neighbouring rows are often of one order, so the latest text is remembered.
fn read<'a>(texts: impl Iterator<Item = Option<&'a str>>, zone: &Zone, format: &TimeFormat) -> Vec<i64> {
    let mut last = ("", NO_TIME);
    let instant = |text: Option<&'a str>| {
        let text = text.unwrap_or_default().trim_ascii();
        if text != last.0 {
            let missing = text.is_empty();
            last = (text, if missing { NO_TIME } else { format.parse(text, zone).unwrap_or(UNREADABLE) });
        }
        last.1
    };
    texts.map(instant).collect()
}

/// Whole numbers as times, if the format says what they count or how their digits are to be read.
fn counted_from<'a>(column: Named<'a>, zone: &Zone, format: &TimeFormat) -> Result<Ticks<'a>> {
    let micros_per_tick = match format {
        TimeFormat::UnixSeconds => 1_000_000,
        TimeFormat::UnixMilliseconds => 1_000,
        TimeFormat::Pattern(_) => 1,
        TimeFormat::Iso => {
            return Err(column.unfit("a timestamp, or a time format that says what whole numbers count"));
        }
    };
    let by_digits = matches!(format, TimeFormat::Pattern(_));
    if let (DataType::Int64, false, 0) = (column.array.data_type(), by_digits, column.array.null_count()) {
        let values = column.array.as_primitive::<arrow_array::types::Int64Type>().values();
        return Ok(Ticks { values: Cow::Borrowed(values), micros_per_tick });
    }
    let numbers = Numbers::new(column)?;
    let read = |row| match numbers.get(row) {
        Some(Number::Whole(number)) if by_digits => {
            format.parse(&number.to_string(), zone).unwrap_or(UNREADABLE)
        }
        Some(Number::Whole(number)) => i64::try_from(number).unwrap_or(UNREADABLE),
        _ => NO_TIME,
    };
    Ok(Ticks { values: (0..column.array.len()).map(read).collect(), micros_per_tick })
}

/// Values as they lie there, if none is null.
fn counted<T: ArrowPrimitiveType<Native = i64>>(
    array: &PrimitiveArray<T>,
    micros_per_tick: i64,
) -> Ticks<'_> {
    let values = if array.null_count() == 0 {
        Cow::Borrowed(&array.values()[..])
    } else {
        mapped(array, |ticks| ticks)
    };
    Ticks { values, micros_per_tick }
}

fn mapped<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    value: impl Fn(T::Native) -> i64,
) -> Cow<'static, [i64]> {
    array.iter().map(|ticks| ticks.map_or(NO_TIME, &value)).collect()
}

/// Times of the wall clock as instants.
fn in_zone<'a>(civil: Ticks<'a>, zone: &Zone) -> Ticks<'a> {
    if *zone == Zone::utc() {
        return civil;
    }
    let mut clock = WallClock { zone, offsets: HashMap::new(), last: (i64::MIN, None) };
    let instants = (0..civil.values.len()).map(|row| match civil.micros(row) {
        NO_TIME => NO_TIME,
        micros => clock.instant(micros),
    });
    Ticks { values: instants.collect(), micros_per_tick: 1 }
}

/// Tells instants by the wall clock of a zone, and asks the calendar once an hour.
struct WallClock<'z> {
    zone: &'z Zone,
    /// For each hour of the wall clock how far its instants are ahead, if that is the same for all of it.
    offsets: HashMap<i64, Option<i64>>,
    /// The latest entry of them: neighbouring rows are often of one hour.
    last: (i64, Option<i64>),
}

impl WallClock<'_> {
    fn instant(&mut self, civil: i64) -> i64 {
        let hour = civil.div_euclid(HOUR);
        if self.last.0 != hour {
            let zone = self.zone;
            let offset = *self.offsets.entry(hour).or_insert_with(|| {
                let start = ask(zone, hour.checked_mul(HOUR)?)?;
                let end = ask(zone, hour.checked_mul(HOUR)?.checked_add(HOUR - 1)?)?;
                (end - start == HOUR - 1).then_some(start - hour * HOUR)
            });
            self.last = (hour, offset);
        }
        match self.last.1 {
            Some(offset) => civil + offset,
            None => ask(self.zone, civil).unwrap_or(UNREADABLE),
        }
    }
}

/// The instant of a time of the wall clock, given as microseconds as if it were UTC.
fn ask(zone: &Zone, civil: i64) -> Option<i64> {
    let civil = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(civil).ok()?);
    zone.instant(civil)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Half-hour changes, days that were left out, offsets of odd seconds: the clock says what the calendar does.
        #[test]
        fn the_clock_of_the_wall_says_what_the_calendar_does(
            starts in prop::collection::vec(-3_000_000_000_000_000_i64..3_000_000_000_000_000, 1..8),
            steps in prop::collection::vec(-4_000_000_000_i64..4_000_000_000, 1..40),
            name in prop::sample::select(vec![
                "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Africa/Monrovia",
                "Europe/Amsterdam", "Antarctica/Troll",
            ]),
        ) {
            let zone = Zone::named(name).unwrap();
            let mut clock = WallClock { zone: &zone, offsets: HashMap::new(), last: (i64::MIN, None) };
            for start in starts {
                for step in &steps {
                    let civil = start + step;
                    prop_assert_eq!(clock.instant(civil), ask(&zone, civil).unwrap_or(UNREADABLE), "{} {}", name, civil);
                }
            }
        }
    }

    #[test]
    fn the_clock_of_the_wall_knows_every_change_of_an_hour() {
        for name in ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"] {
            let zone = Zone::named(name).unwrap();
            let mut clock = WallClock { zone: &zone, offsets: HashMap::new(), last: (i64::MIN, None) };
            // Each quarter of an hour of 2012.
            let year = (1_325_376_000..1_356_998_400).step_by(900).map(|seconds: i64| seconds * 1_000_000);
            let mut gaps = 0;
            for civil in year {
                let instant = clock.instant(civil);
                assert_eq!(instant, ask(&zone, civil).unwrap(), "{name} {civil}");
                gaps += i32::from(clock.last.1.is_none());
            }
            // Only the zone that changes by half an hour has hours that are no plain ones.
            assert_eq!(gaps > 0, name == "Australia/Lord_Howe", "{name}");
        }
    }
}
