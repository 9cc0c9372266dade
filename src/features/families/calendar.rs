//! Calendar: at which hours, on which days and in which seasons a customer orders, and the cohort she came with.

use std::sync::Arc;

use rayon::prelude::*;

use crate::category::Levels;
use crate::error::{Error, Result};
use crate::features::customer::{Customer, Order};
use crate::features::derive::{Code, Grow, Part, TooLarge};
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Ratios, Source};
use crate::features::feature::slug;
use crate::features::lines::Needs;
use crate::transaction::{Clock, Hand};

/// A day of the week.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names of days say all")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// In lower case, as they stand in names and values of features.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// On which side of the equator seasons are named. They are those of meteorologists, of three whole months each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Hemisphere {
    /// Winter is December to February.
    #[default]
    Northern,
    /// Summer is December to February.
    Southern,
}

impl Hemisphere {
    /// The seasons, the one of January first.
    const fn seasons(self) -> [&'static str; 4] {
        match self {
            Self::Northern => ["winter", "spring", "summer", "autumn"],
            Self::Southern => ["summer", "autumn", "winter", "spring"],
        }
    }
}

/// How [`FeatureExtractorBuilder::calendar`](crate::features::FeatureExtractorBuilder::calendar) divides the day, the
/// week and the year.
///
/// ```
/// use kohort::features::{Calendar, Weekday};
///
/// let calendar = Calendar::builder()
///     .hour_bands([("work", 8), ("leisure", 17), ("sleep", 23)])
///     .weekend([Weekday::Friday, Weekday::Saturday])
///     .build()?;
/// assert_ne!(calendar, Calendar::default());
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calendar {
    /// Names and first hours; ascending by hour once built.
    bands: Vec<(String, u8)>,
    weekend: Vec<Weekday>,
    hemisphere: Hemisphere,
}

/// Settings of a [`Calendar`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct CalendarBuilder(Calendar);

impl Default for Calendar {
    fn default() -> Self {
        Self {
            bands: [("night", 0), ("morning", 6), ("afternoon", 12), ("evening", 18)]
                .map(|(name, start)| (name.to_owned(), start))
                .to_vec(),
            weekend: vec![Weekday::Saturday, Weekday::Sunday],
            hemisphere: Hemisphere::Northern,
        }
    }
}

impl Calendar {
    /// Begins with the defaults.
    pub fn builder() -> CalendarBuilder {
        CalendarBuilder(Self::default())
    }

    /// The band of each hour. Hours before the first band belong to the last one, which goes on past midnight.
    fn band_of_hours(&self) -> [u8; 24] {
        std::array::from_fn(|hour| {
            let begun = self.bands.iter().rposition(|(_, start)| usize::from(*start) <= hour);
            begun.unwrap_or(self.bands.len() - 1) as u8
        })
    }
}

impl CalendarBuilder {
    /// The bands of hours of the day: a name and the hour, 0 to 23, at which each begins; it lasts until the next one
    /// begins, the last of the day until the first of the next. Defaults to `night` from 0, `morning` from 6,
    /// `afternoon` from 12, `evening` from 18.
    pub fn hour_bands<S: Into<String>>(mut self, bands: impl IntoIterator<Item = (S, u8)>) -> Self {
        self.0.bands = bands.into_iter().map(|(name, start)| (name.into(), start)).collect();
        self
    }

    /// The days of the weekend. Defaults to Saturday and Sunday.
    pub fn weekend(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.0.weekend = days.into_iter().collect();
        self
    }

    /// Where the seasons are. Defaults to [`Hemisphere::Northern`].
    pub fn hemisphere(mut self, hemisphere: Hemisphere) -> Self {
        self.0.hemisphere = hemisphere;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] without a band, for a band that begins after 23, two that begin at one hour or whose names
    /// differ in case and punctuation only, an empty name, and a weekend of no day or of all.
    pub fn build(self) -> Result<Calendar> {
        let Self(mut calendar) = self;
        calendar.bands.sort_by_key(|(_, start)| *start);
        let bands = &calendar.bands;
        let mut names: Vec<String> = bands.iter().map(|(name, _)| slug(name)).collect();
        names.sort_unstable();
        let right = !bands.is_empty()
            && bands.iter().all(|(name, start)| !name.is_empty() && *start < 24)
            && bands.windows(2).all(|pair| pair[0].1 < pair[1].1)
            && names.windows(2).all(|pair| pair[0] != pair[1]);
        if !right {
            return Err(Error::Setting {
                setting: "hour_bands",
                found: format!("{bands:?}"),
                expected: "at least one band, each with a name and a first hour from 0 to 23 of its own",
            });
        }
        calendar.weekend.sort_unstable();
        calendar.weekend.dedup();
        if !(1..=6).contains(&calendar.weekend.len()) {
            return Err(Error::Setting {
                setting: "weekend",
                found: format!("{:?}", calendar.weekend),
                expected: "one to six days",
            });
        }
        Ok(calendar)
    }
}

impl Family for Calendar {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let now = source.as_of.micros();
        let clock = source.as_of.zone().clock(now);
        let month = |instant: i64| clock.hand().local(instant).month();
        let this_month = month(now);
        // An order is never before the first line.
        let first = source.log.times.par_iter().copied().min().unwrap_or(now).min(now);
        let mut weekend = [false; 7];
        self.weekend.iter().for_each(|day| weekend[*day as usize] = true);
        Ok(Box::new(CalendarPlan {
            band_of_hours: self.band_of_hours(),
            bands: Names::of(self.bands.iter().map(|(name, _)| name.as_str())),
            weekdays: Names::of(WEEKDAYS),
            weekend,
            seasons: Names::of(self.hemisphere.seasons()),
            first_month: month(first).min(this_month),
            this_month,
            clock,
        }))
    }
}

/// Names in the order of the calendar, as the levels of a category.
struct Names {
    texts: Vec<String>,
    levels: Arc<Levels>,
    /// The code of each.
    codes: Vec<u32>,
}

impl Names {
    /// `names` are distinct.
    fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut sorted = texts.clone();
        sorted.sort_unstable();
        let levels = Levels::try_from(sorted).unwrap_or_default();
        let codes = texts.iter().filter_map(|name| levels.code(name)).collect();
        Self { texts, levels: Arc::new(levels), codes }
    }

    /// The columns of the shares.
    fn shares(&self, prefix: &str) -> impl Iterator<Item = ColumnPlan> {
        self.texts.iter().map(move |name| ColumnPlan::number(format!("{prefix}__{}", slug(name))))
    }

    /// The name with the largest count, of equals the first; none where nothing was counted.
    fn favourite(&self, counts: &[u32]) -> Option<Code> {
        let (most, count) = counts.iter().enumerate().rev().max_by_key(|(_, count)| **count)?;
        (*count > 0).then(|| Code(self.codes[most]))
    }
}

struct CalendarPlan {
    clock: Clock,
    band_of_hours: [u8; 24],
    bands: Names,
    weekdays: Names,
    weekend: [bool; 7],
    seasons: Names,
    /// Of the first line, and of the moment.
    first_month: i32,
    this_month: i32,
}

/// A kind of cohort.
struct Cohort {
    column: &'static str,
    age: &'static str,
    /// Months of a period.
    months: i32,
    /// How a period is written, by its number since the year 0.
    text: fn(i32) -> String,
}

const COHORTS: [Cohort; 3] = [
    Cohort {
        column: "cohort_month",
        age: "cohort_age_months",
        months: 1,
        text: |month| format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1),
    },
    Cohort {
        column: "cohort_quarter",
        age: "cohort_age_quarters",
        months: 3,
        text: |quarter| format!("{:04}-Q{}", quarter.div_euclid(4), quarter.rem_euclid(4) + 1),
    },
    Cohort { column: "cohort_year", age: "cohort_age_years", months: 12, text: |year| format!("{year:04}") },
];

impl Plan for CalendarPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        let mut columns: Vec<ColumnPlan> = self.bands.shares("hour_share").collect();
        columns.extend(self.weekdays.shares("weekday_share"));
        columns.push(ColumnPlan::number("weekend_share"));
        columns.extend(self.seasons.shares("season_share"));
        columns.push(ColumnPlan::category("favourite_hours", &self.bands.levels));
        columns.push(ColumnPlan::category("favourite_weekday", &self.weekdays.levels));
        columns.push(ColumnPlan::category("favourite_season", &self.seasons.levels));
        for cohort in COHORTS {
            let period = |month: i32| month.div_euclid(cohort.months);
            let periods = period(self.first_month)..=period(self.this_month);
            // The text of a year from 0 to 9998 sorts as its number does.
            let levels = Levels::try_from(periods.map(cohort.text).collect::<Vec<_>>()).unwrap_or_default();
            columns.push(ColumnPlan::category(cohort.column, &Arc::new(levels)));
        }
        columns.extend(COHORTS.map(|cohort| ColumnPlan::number(cohort.age)));
        columns
    }

    fn needs(&self) -> Needs {
        Needs { order: true, order_list: true, ..Needs::NONE }
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(CalendarMeasure {
            plan: self,
            hand: self.clock.hand(),
            shares: Ratios::new(self.bands.texts.len() + 7 + 1 + 4),
            favourites: Default::default(),
            cohorts: Default::default(),
            ages: Default::default(),
        })
    }
}

struct CalendarMeasure<'p> {
    plan: &'p CalendarPlan,
    hand: Hand<'p>,
    shares: Ratios,
    /// Of hours, weekdays and seasons.
    favourites: [Grow<Code>; 3],
    cohorts: [Grow<Code>; 3],
    ages: [Grow<u32>; 3],
}

impl Measure for CalendarMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        let (plan, orders) = (self.plan, customer.orders);
        let bands = plan.bands.texts.len();
        let (mut hours, mut weekdays, mut seasons) = ([0_u32; 24], [0_u32; 7], [0_u32; 4]);
        for order in orders {
            let local = self.hand.local(order.time);
            hours[usize::from(plan.band_of_hours[local.hour()])] += 1;
            weekdays[local.weekday()] += 1;
            // The first season has December, January and February.
            seasons[((local.month() + 1).rem_euclid(12) / 3) as usize] += 1;
        }
        let all = f64::from(orders.len() as u32);
        let weekend: u32 = weekdays.iter().zip(plan.weekend).filter(|(_, free)| *free).map(|(n, _)| n).sum();
        let counts = hours[..bands].iter().chain(&weekdays).chain([&weekend]).chain(&seasons);
        self.shares.push(counts.map(|count| (all > 0.0).then(|| f64::from(*count) / all)));
        self.favourites[0].push(plan.bands.favourite(&hours[..bands]));
        self.favourites[1].push(plan.weekdays.favourite(&weekdays));
        self.favourites[2].push(plan.seasons.favourite(&seasons));
        let month = orders.first().map(|order| self.month(order));
        for ((cohort, starts), ages) in COHORTS.iter().zip(&mut self.cohorts).zip(&mut self.ages) {
            let period = |month: i32| month.div_euclid(cohort.months);
            let since = |start: i32, end: i32| (period(end) - period(start)) as u32;
            starts.push(month.map(|month| Code(since(plan.first_month, month))));
            ages.push(month.map(|month| since(month, plan.this_month)));
        }
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        let mut parts = self.shares.take();
        parts.extend(self.favourites.iter_mut().map(Grow::take));
        parts.extend(self.cohorts.iter_mut().map(Grow::take));
        parts.extend(self.ages.iter_mut().map(Grow::take));
        Ok(parts)
    }
}

impl CalendarMeasure<'_> {
    /// The month of an order. Clocks that are put back over midnight show the new month first and the old one again;
    /// no order is later than the moment for that.
    fn month(&mut self, order: &Order) -> i32 {
        self.hand.local(order.time).month().clamp(self.plan.first_month, self.plan.this_month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_before_the_first_band_belong_to_the_last() {
        let bands = [("evening", 18), ("Morning", 6), ("night", 22)];
        let calendar = Calendar::builder().hour_bands(bands).build().unwrap();
        let names: Vec<&str> = calendar.bands.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Morning", "evening", "night"]);
        let hours = calendar.band_of_hours();
        assert_eq!(hours[..6], [2; 6]);
        assert_eq!(hours[6..18], [0; 12]);
        assert_eq!(hours[18..22], [1; 4]);
        assert_eq!(hours[22..], [2; 2]);
    }

    #[test]
    fn the_first_of_equals_in_the_calendar_is_the_favourite() {
        let names = Names::of(["monday", "friday", "sunday"]);
        let favourite = |counts: [u32; 3]| {
            names.favourite(&counts).and_then(|code| names.levels.get(code.0)).map(str::to_owned)
        };
        assert_eq!(favourite([1, 2, 2]).as_deref(), Some("friday"));
        assert_eq!(favourite([2, 1, 2]).as_deref(), Some("monday"));
        assert_eq!(favourite([0, 0, 1]).as_deref(), Some("sunday"));
        assert_eq!(favourite([0, 0, 0]), None);
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
        let bands = |bands: &[(&str, u8)]| Calendar::builder().hour_bands(bands.iter().copied()).build();
        for wrong in [
            &[][..],
            &[("", 3)],
            &[("late", 24)],
            &[("a", 3), ("b", 3)],
            &[("late night", 3), ("Late-Night", 4)],
        ] {
            let refused = bands(wrong);
            assert!(matches!(refused, Err(Error::Setting { setting: "hour_bands", .. })), "{wrong:?}");
        }
        assert!(bands(&[("day", 5)]).is_ok());
        let all = [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday];
        for wrong in [&all[..0], &all] {
            let refused = Calendar::builder().weekend(wrong.iter().copied()).build();
            assert!(matches!(refused, Err(Error::Setting { setting: "weekend", .. })), "{wrong:?}");
        }
        assert!(Calendar::builder().weekend([Friday, Friday]).build().is_ok());
        assert_eq!(Calendar::builder().build().unwrap(), Calendar::default());
    }
}
