//! Local time by arithmetic: which hour, weekday and month an instant is in, without asking the calendar each time.
//!
//! A zone's offsets are few (two changes a year), so they are listed once; a look-up is a comparison where the instant
//! is near the last one, and a binary search otherwise. The rest is division by constants.

use std::ops::Range;

use crate::transaction::time::DAY;

/// The offsets of a zone until a moment.
#[derive(Debug)]
pub(crate) struct Clock {
    /// From when each offset holds, ascending; the first from the beginning of time.
    starts: Vec<i64>,
    /// What is added to an instant, in microseconds.
    offsets: Vec<i64>,
}

impl Clock {
    /// Of offsets and from when each holds.
    pub(super) fn new(changes: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let (starts, offsets) = changes.into_iter().unzip();
        Self { starts, offsets }
    }

    /// A reader of the clock, which remembers the last offset.
    pub(crate) fn hand(&self) -> Hand<'_> {
        Hand { clock: self, holds: 0..0, offset: 0 }
    }
}

/// Reads a [`Clock`].
pub(crate) struct Hand<'c> {
    clock: &'c Clock,
    /// While the offset holds.
    holds: Range<i64>,
    offset: i64,
}

impl Hand<'_> {
    /// What the zone's clocks show at an instant before the moment.
    #[inline]
    pub(crate) fn local(&mut self, instant: i64) -> Local {
        if !self.holds.contains(&instant) {
            self.seek(instant);
        }
        Local(instant + self.offset)
    }

    #[cold]
    fn seek(&mut self, instant: i64) {
        let Clock { starts, offsets } = self.clock;
        let next = starts.partition_point(|start| *start <= instant);
        let start = next.checked_sub(1).map_or(i64::MIN, |own| starts[own]);
        self.holds = start..starts.get(next).copied().unwrap_or(i64::MAX);
        self.offset = next.checked_sub(1).map_or(0, |own| offsets[own]);
    }
}

/// What clocks show, in microseconds from the midnight that begins 1970 there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Local(i64);

impl Local {
    /// The full hour, 0 to 23.
    #[inline]
    pub(crate) fn hour(self) -> usize {
        (self.0.rem_euclid(DAY) / (DAY / 24)) as usize
    }

    /// 0 is Monday.
    #[inline]
    pub(crate) fn weekday(self) -> usize {
        // 1970 began on a Thursday.
        (self.0.div_euclid(DAY) + 3).rem_euclid(7) as usize
    }

    /// Months since January of the year 0, by the Gregorian calendar.
    ///
    /// Years that begin in March end with the leap day, so that a day's month is a linear function of its number
    /// (H. Hinnant, *chrono-compatible low-level date algorithms*, 2013).
    #[inline]
    pub(crate) fn month(self) -> i32 {
        // Days since 0000-03-01, in eras of 400 years.
        let day = self.0.div_euclid(DAY) as i32 + 719_468;
        let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        (era * 400 + year) * 12 + (5 * day + 2) / 153 + 2
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transaction::{TIME_RANGE, Zone};

    fn check(zone: &Zone, hand: &mut Hand<'_>, instant: i64) {
        let (local, civil) = (hand.local(instant), zone.civil(instant));
        assert_eq!(local.hour(), civil.hour() as usize, "{zone} {instant}");
        let weekday = civil.weekday().to_monday_zero_offset();
        assert_eq!(local.weekday(), weekday as usize, "{zone} {instant}");
        let month = i32::from(civil.year()) * 12 + i32::from(civil.month()) - 1;
        assert_eq!(local.month(), month, "{zone} {instant}");
    }

    #[test]
    fn changes_of_the_clock_are_met_to_the_microsecond() {
        for name in ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"] {
            let zone = Zone::named(name).unwrap();
            let clock = zone.clock(4_102_444_800_000_000);
            assert!(name == "UTC" || clock.starts.len() > 3, "{name}");
            let mut hand = clock.hand();
            for start in clock.starts.iter().filter(|start| TIME_RANGE.contains(*start)) {
                for around in [-1, 0, 1] {
                    check(&zone, &mut hand, start + around);
                }
            }
            check(&zone, &mut hand, *TIME_RANGE.start());
        }
    }

    proptest! {
        #[test]
        fn the_clock_shows_what_the_calendar_says(
            instants in prop::collection::vec(*TIME_RANGE.start()..2_000_000_000_000_000, 1..20),
            recent in prop::collection::vec(0_i64..2_000_000_000_000_000, 1..20),
            zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Pacific/Apia", "UTC"]),
        ) {
            let zone = Zone::named(zone).unwrap();
            let clock = zone.clock(2_000_000_000_000_000);
            let mut hand = clock.hand();
            instants.into_iter().chain(recent).for_each(|instant| check(&zone, &mut hand, instant));
        }
    }
}
