//! A calendar of our own: days and months counted, and three zones whose rules fit in a line.

pub(crate) const MINUTE: i64 = 60_000_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// A zone that has had one rule since 1996.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Clock {
    Utc,
    /// Five and a half hours ahead.
    Kolkata,
    /// An hour ahead, and two from the last Sunday of March to that of October, at one o'clock UTC.
    Berlin,
}

/// A date and the microseconds since its midnight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) micros: i64,
}

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the first of a year.
fn days_to(year: i64) -> i64 {
    let before = year - 1;
    (year - 1970) * 365 + (before / 4 - before / 100 + before / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400)
}

pub(crate) fn day_number(year: i64, month: i64, day: i64) -> i64 {
    days_to(year) + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1
}

/// Year, month and day of a number of days since 1970.
pub(crate) fn date(number: i64) -> (i64, i64, i64) {
    let mut year = 1970 + number.div_euclid(366);
    while days_to(year + 1) <= number {
        year += 1;
    }
    while days_to(year) > number {
        year -= 1;
    }
    let mut day = number - days_to(year);
    let mut month = 1;
    while day >= days_in(year, month) {
        day -= days_in(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

/// One o'clock UTC on the last Sunday of a month of 31 days.
fn last_sunday(year: i64, month: i64) -> i64 {
    let last = day_number(year, month, 31);
    // The first of January 1970 was a Thursday.
    let weekday = (last + 4).rem_euclid(7);
    (last - weekday) * DAY + HOUR
}

impl Clock {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utc => "UTC",
            Self::Kolkata => "Asia/Kolkata",
            Self::Berlin => "Europe/Berlin",
        }
    }

    fn ahead(self, micros: i64) -> i64 {
        match self {
            Self::Utc => 0,
            Self::Kolkata => 5 * HOUR + 30 * MINUTE,
            Self::Berlin => {
                let (year, ..) = date(micros.div_euclid(DAY));
                let summer = last_sunday(year, 3) <= micros && micros < last_sunday(year, 10);
                HOUR * (1 + i64::from(summer))
            }
        }
    }

    pub(crate) fn civil(self, micros: i64) -> Civil {
        let local = micros + self.ahead(micros);
        let (year, month, day) = date(local.div_euclid(DAY));
        Civil { year, month, day, micros: local.rem_euclid(DAY) }
    }

    /// The first instant with this civil time; of one that the clocks skip, as if they had not been moved yet.
    pub(crate) fn instant(self, civil: Civil) -> i64 {
        let local = day_number(civil.year, civil.month, civil.day) * DAY + civil.micros;
        let offsets = match self {
            Self::Utc => vec![0],
            Self::Kolkata => vec![5 * HOUR + 30 * MINUTE],
            Self::Berlin => vec![2 * HOUR, HOUR],
        };
        let mut instants = offsets.iter().map(|ahead| local - ahead);
        let found = instants.find(|instant| self.civil(*instant) == civil);
        found.unwrap_or(local - offsets[offsets.len() - 1])
    }

    /// So many calendar months after an instant; of a day that the month does not have, its last.
    pub(crate) fn months_after(self, micros: i64, months: i64) -> i64 {
        let civil = self.civil(micros);
        let count = civil.year * 12 + civil.month - 1 + months;
        let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
        let day = civil.day.min(days_in(year, month));
        self.instant(Civil { year, month, day, ..civil })
    }
}

#[test]
fn clocks_go_as_they_do() {
    assert_eq!((day_number(1970, 1, 1), day_number(2000, 3, 1), day_number(1969, 12, 31)), (0, 11_017, -1));
    for number in (-800_000..800_000).step_by(997) {
        let (year, month, day) = date(number);
        assert_eq!(day_number(year, month, day), number);
    }
    let berlin = |year, month, day, hour, minute| {
        Clock::Berlin.instant(Civil { year, month, day, micros: hour * HOUR + minute * MINUTE })
    };
    // Skipped, and twice there.
    assert_eq!(berlin(2024, 3, 31, 2, 30), berlin(2024, 3, 31, 3, 30));
    assert_eq!(berlin(2024, 10, 27, 3, 0) - berlin(2024, 10, 27, 2, 30), HOUR + HOUR / 2);
    assert_eq!(Clock::Utc.months_after(day_number(2024, 3, 31) * DAY, -1), day_number(2024, 2, 29) * DAY);
}
