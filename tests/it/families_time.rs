//! The families calendar and life cycle against the calendar itself and plain loops.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kohort::features::{Calendar, FeatureExtractorBuilder, Hemisphere, LifeCycle, Weekday};
use kohort::transaction::{OrderLine, Price, TimeFormat};
use kohort::{
    AsOf, FeatureExtractor, FeatureTable, IdKind, LogRules, Money, OrderIdentity, TransactionLog, Zone,
};
use proptest::prelude::*;

use crate::features::{DAY, Row, log_of, rows};

/// 2010-11-20, midnight UTC.
pub(crate) const START: i64 = 1_290_211_200_000_000;

/// Lines from [`START`] on over 420 days, which clocks in Europe and America change in three times; and whether some are
/// credit notes.
pub(crate) fn shop() -> impl Strategy<Value = (Vec<Row>, bool)> {
    any::<bool>().prop_flat_map(|credit_notes| {
        let spread = |mut row: Row| {
            row.time = START + row.time * 7;
            row
        };
        let rows = rows(credit_notes).prop_map(move |rows| rows.into_iter().map(spread).collect());
        (rows, Just(credit_notes))
    })
}

pub(crate) const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Pacific/Auckland"];

pub(crate) struct PlainOrder {
    pub(crate) time: i64,
    /// The sale lines.
    pub(crate) lines: Vec<Row>,
}

/// A customer's orders before a moment by time, then by id.
pub(crate) fn orders_of(rows: &[Row], customer: u64, as_of: i64) -> Vec<PlainOrder> {
    let mut orders: BTreeMap<u64, Vec<Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.customer == customer && row.time < as_of && row.is_sale()) {
        orders.entry(row.order).or_default().push(row.clone());
    }
    let time = |lines: &[Row]| lines.iter().map(|row| row.time).min().unwrap();
    let mut orders: Vec<PlainOrder> =
        orders.into_values().map(|lines| PlainOrder { time: time(&lines), lines }).collect();
    orders.sort_by_key(|order| order.time);
    orders
}

/// Customers with a line of any kind before a moment, as the table has them.
pub(crate) fn customers(rows: &[Row], as_of: i64) -> Vec<u64> {
    let customers: BTreeSet<u64> =
        rows.iter().filter(|row| row.time < as_of).map(|row| row.customer).collect();
    customers.into_iter().collect()
}

/// A table of families alone.
pub(crate) fn table(
    log: &TransactionLog,
    as_of: &AsOf,
    ask: impl Fn(FeatureExtractorBuilder) -> FeatureExtractorBuilder,
) -> FeatureTable {
    ask(FeatureExtractor::builder(as_of.clone()).features([])).build().unwrap().extract(log).unwrap()
}

pub(crate) fn number(table: &FeatureTable, name: &str, row: usize) -> Option<f64> {
    table.column(name).unwrap().number(row)
}

pub(crate) fn text(table: &FeatureTable, name: &str, row: usize) -> Option<String> {
    table.category(name).unwrap().get(row).map(str::to_owned)
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A log of one customer's orders at instants such as `2011-03-27T01:00:00Z`, each of one line.
fn orders_at(instants: &[&str]) -> TransactionLog {
    let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build().unwrap();
    let mut builder = TransactionLog::builder(&rules, IdKind::Text);
    for instant in instants {
        let time = TimeFormat::Iso.parse(instant, &Zone::utc()).unwrap();
        builder.push(OrderLine::new("ada", time, Price::Unit(Money::parse("5").unwrap()))).unwrap();
    }
    builder.build().unwrap()
}

fn berlin(date: &str) -> AsOf {
    AsOf::date(date, &Zone::named("Europe/Berlin").unwrap()).unwrap()
}

/// What the calendar itself says of orders at ascending instants, by name of column; shares as counts.
fn plain_calendar(times: &[i64], zone: &str) -> (BTreeMap<String, u32>, BTreeMap<String, String>) {
    let zone = TimeZone::get(zone).unwrap();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let (bands, seasons) =
        (["night", "morning", "afternoon", "evening"], ["winter", "spring", "summer", "autumn"]);
    let mut texts = BTreeMap::new();
    for time in times {
        let local = Timestamp::from_microsecond(*time).unwrap().to_zoned(zone.clone());
        let band = match local.hour() {
            0..6 => "night",
            6..12 => "morning",
            12..18 => "afternoon",
            _ => "evening",
        };
        let season = match local.month() {
            12 | 1 | 2 => "winter",
            3..=5 => "spring",
            6..=8 => "summer",
            _ => "autumn",
        };
        let weekday = local.weekday().to_monday_zero_offset() as usize;
        *counts.entry(format!("hour_share__{band}")).or_default() += 1;
        *counts.entry(format!("weekday_share__{}", WEEKDAYS[weekday])).or_default() += 1;
        *counts.entry("weekend_share".into()).or_default() += u32::from(weekday >= 5);
        *counts.entry(format!("season_share__{season}")).or_default() += 1;
        if texts.is_empty() {
            let (year, month) = (local.year(), local.month());
            texts.insert("cohort_month".to_owned(), format!("{year}-{month:02}"));
            texts.insert("cohort_quarter".to_owned(), format!("{year}-Q{}", (month + 2) / 3));
            texts.insert("cohort_year".to_owned(), format!("{year}"));
        }
    }
    for (column, prefix, names) in [
        ("favourite_hours", "hour_share", &bands[..]),
        ("favourite_weekday", "weekday_share", &WEEKDAYS),
        ("favourite_season", "season_share", &seasons),
    ] {
        let mut favourite = None;
        let mut most = 0;
        for name in names {
            let count = *counts.entry(format!("{prefix}__{name}")).or_default();
            if count > most {
                (favourite, most) = (Some(name), count);
            }
        }
        if let Some(favourite) = favourite {
            texts.insert(column.to_owned(), (*favourite).to_owned());
        }
    }
    counts.entry("weekend_share".into()).or_default();
    (counts, texts)
}

/// Calendar periods from the first order to the moment, counted one by one.
fn plain_ages(first: i64, as_of: i64, zone: &str) -> [u32; 3] {
    let zone = TimeZone::get(zone).unwrap();
    let date = |time| Timestamp::from_microsecond(time).unwrap().to_zoned(zone.clone()).date();
    let (mut month, end) = (date(first).first_of_month(), date(as_of).first_of_month());
    let mut ages = [0; 3];
    while month < end {
        month = month.checked_add(jiff::Span::new().months(1)).unwrap();
        ages[0] += 1;
        ages[1] += u32::from([1, 4, 7, 10].contains(&month.month()));
        ages[2] += u32::from(month.month() == 1);
    }
    ages
}

fn check_calendar(table: &FeatureTable, row: usize, times: &[i64], as_of: i64, zone: &str) {
    let (counts, texts) = plain_calendar(times, zone);
    assert_eq!(counts.len(), 4 + 7 + 1 + 4);
    for (name, count) in counts {
        let share = (!times.is_empty()).then(|| f64::from(count) / times.len() as f64);
        assert_eq!(number(table, &name, row), share, "{name}");
    }
    for name in ["favourite_hours", "favourite_weekday", "favourite_season"].into_iter().chain([
        "cohort_month",
        "cohort_quarter",
        "cohort_year",
    ]) {
        assert_eq!(text(table, name, row), texts.get(name).cloned(), "{name}");
    }
    let ages = times.first().map(|first| plain_ages(*first, as_of, zone));
    for (place, name) in ["cohort_age_months", "cohort_age_quarters", "cohort_age_years"].iter().enumerate() {
        assert_eq!(number(table, name, row), ages.map(|ages| f64::from(ages[place])), "{name}");
    }
}

/// The stages whose rule holds when each is written out on its own.
fn plain_stages(
    times: &[i64],
    now: i64,
    fixed: [i64; 4],
    loyal: usize,
    own: Option<(f64, f64)>,
) -> Vec<&str> {
    let [new, active, lapse, absence] = fixed.map(|days| days * DAY);
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Vec::new() };
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (mut at_risk, mut lapsed, mut absence) = (active, lapse, absence);
    if let Some(own) = own.filter(|_| gaps.len() >= 2) {
        gaps.sort_unstable();
        let median = i64::midpoint(gaps[(gaps.len() - 1) / 2], gaps[gaps.len() / 2]);
        let late = |multiple: f64| ((median as f64 * multiple) as i64).max(new);
        (at_risk, lapsed) = (late(own.0), late(own.1));
        absence = lapsed;
    }
    let is_new = now - first < new;
    let came = now - last < at_risk;
    let back = (1..times.len()).any(|i| now - times[i] < at_risk && times[i] - times[i - 1] >= absence);
    [
        ("new", came && is_new),
        ("active", came && !is_new && !back && times.len() < loyal),
        ("loyal", came && !is_new && !back && times.len() >= loyal),
        ("at_risk", !came && now - last < lapsed),
        ("lapsed", !came && now - last >= lapsed),
        ("reactivated", came && !is_new && back),
    ]
    .into_iter()
    .filter(|(_, holds)| *holds)
    .map(|(stage, _)| stage)
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_calendar_family_agrees_with_the_calendar(
        (rows, credit_notes) in shop(),
        zone in prop::sample::select(ZONES.to_vec()),
        hours in 1_i64..430 * 24,
    ) {
        let now = START + hours * DAY / 24;
        let as_of = AsOf::instant(now, &Zone::named(zone).unwrap()).unwrap();
        let found = table(&log_of(&rows, credit_notes, IdKind::Number), &as_of, |b| b.calendar(Calendar::default()));
        let customers = customers(&rows, now);
        prop_assert_eq!(found.len(), customers.len());
        for (row, customer) in customers.into_iter().enumerate() {
            let times: Vec<i64> = orders_of(&rows, customer, now).iter().map(|order| order.time).collect();
            check_calendar(&found, row, &times, now, zone);
        }
    }

    #[test]
    fn every_way_to_divide_time_adds_up_to_one(
        (rows, credit_notes) in shop(),
        starts in prop::collection::btree_set(0_u8..24, 1..8),
        southern: bool,
    ) {
        let bands = starts.iter().map(|start| (format!("From {start}"), *start));
        let hemisphere = if southern { Hemisphere::Southern } else { Hemisphere::Northern };
        let calendar = Calendar::builder().hour_bands(bands).hemisphere(hemisphere);
        let calendar = calendar.weekend([Weekday::Friday, Weekday::Sunday]).build().unwrap();
        let log = log_of(&rows, credit_notes, IdKind::Text);
        let found = table(&log, &berlin("2012-02-01"), |b| b.calendar(calendar.clone()));
        for prefix in ["hour_share__", "weekday_share__", "season_share__"] {
            let names: Vec<&str> = found.names().filter(|name| name.starts_with(prefix)).collect();
            if prefix == "hour_share__" {
                prop_assert_eq!(&names[..], starts.iter().map(|start| format!("hour_share__from_{start}")).collect::<Vec<_>>());
            }
            for row in 0..found.len() {
                let shares: Option<Vec<f64>> = names.iter().map(|name| number(&found, name, row)).collect();
                prop_assert_eq!(shares.is_some(), text(&found, "cohort_month", row).is_some());
                prop_assert!(shares.is_none_or(|shares| (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12));
            }
        }
        for row in 0..found.len() {
            let of = |name: &str| number(&found, name, row);
            let days = of("weekday_share__friday").zip(of("weekday_share__sunday"));
            let sum = days.map_or(0.0, |(friday, sunday)| friday + sunday);
            prop_assert!((of("weekend_share").unwrap_or(0.0) - sum).abs() < 1e-12);
        }
    }

    #[test]
    fn exactly_one_stage_holds_of_a_customer_with_orders(
        (rows, credit_notes) in shop(),
        day in 1_i64..500,
        (new, active, lapse) in (1_i64..40, 0_i64..60, 1_i64..150),
        (away, loyal) in (prop::option::of(0_i64..100), 2_u32..4),
        own in prop::option::of((0.2_f64..3.0, 0.1_f64..3.0)),
    ) {
        let now = START + day * DAY;
        let (active, lapse) = (new + active, new + active + lapse);
        let mut rules = LifeCycle::builder()
            .new_days(new as u32)
            .active_days(active as u32)
            .lapse_days(lapse as u32)
            .loyal_orders(loyal);
        // A gap that brings back and gaps of her own are tested apart.
        let own = own.filter(|_| away.is_none()).map(|(at_risk, more)| (at_risk, at_risk + more));
        if let Some(away) = away {
            rules = rules.reactivation_days((active + away) as u32);
        }
        if let Some((at_risk, lapsed)) = own {
            rules = rules.own_gaps(at_risk, lapsed);
        }
        let rules = rules.build().unwrap();
        let as_of = AsOf::instant(now, &Zone::utc()).unwrap();
        let found = table(&log_of(&rows, credit_notes, IdKind::Number), &as_of, |b| b.life_cycle(rules.clone()));
        for (row, customer) in customers(&rows, now).into_iter().enumerate() {
            let times: Vec<i64> = orders_of(&rows, customer, now).iter().map(|order| order.time).collect();
            let fixed = [new, active, lapse, away.map_or(lapse, |away| active + away)];
            let stages = plain_stages(&times, now, fixed, loyal as usize, own);
            prop_assert_eq!(stages.len(), usize::from(!times.is_empty()), "{:?}", stages);
            prop_assert_eq!(text(&found, "life_cycle", row), stages.first().map(|stage| (*stage).to_owned()));
        }
    }
}

#[test]
fn hours_are_those_of_the_clock_on_the_wall() {
    // Clocks in Berlin go from 02:00 to 03:00 at 01:00 UTC on 2011-03-27, and back from 03:00 to 02:00 at 01:00 UTC on
    // 2011-10-30.
    let log = orders_at(&[
        "2011-03-27T00:59:59Z",
        "2011-03-27T01:00:00Z",
        "2011-10-30T00:30:00Z",
        "2011-10-30T01:30:00Z",
        "2011-10-30T02:00:00Z",
    ]);
    let hours = (0..24).map(|hour| (format!("h{hour}"), hour));
    let calendar = Calendar::builder().hour_bands(hours).build().unwrap();
    let found = table(&log, &berlin("2012-01-01"), |b| b.calendar(calendar.clone()));
    for (hour, orders) in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 0)] {
        let share = number(&found, &format!("hour_share__h{hour}"), 0);
        assert_eq!(share, Some(f64::from(orders) / 5.0), "{hour}");
    }
    assert_eq!(text(&found, "favourite_hours", 0).as_deref(), Some("h2"), "of equals the first");
    assert_eq!(number(&found, "weekday_share__sunday", 0), Some(1.0));
}

#[test]
fn days_months_and_cohorts_begin_at_midnight_in_the_zone() {
    let log = orders_at(&["2011-02-28T23:30:00Z", "2011-04-01T21:59:59Z", "2011-06-30T22:00:00Z"]);
    let found = table(&log, &berlin("2012-01-01"), |b| b.calendar(Calendar::default()));
    let texts = ["cohort_month", "cohort_quarter", "cohort_year"].map(|name| text(&found, name, 0).unwrap());
    assert_eq!(texts, ["2011-03", "2011-Q1", "2011"]);
    let ages = ["cohort_age_months", "cohort_age_quarters", "cohort_age_years"];
    assert_eq!(ages.map(|name| number(&found, name, 0)), [Some(10.0), Some(4.0), Some(1.0)]);
    let share = |name: &str| number(&found, name, 0).map(|share| share * 3.0);
    assert_eq!((share("weekday_share__tuesday"), share("weekday_share__friday")), (Some(1.0), Some(2.0)));
    assert_eq!((share("season_share__spring"), share("season_share__summer")), (Some(2.0), Some(1.0)));
    // A moment before the later orders, at which the first one is all there is.
    let early = table(&log, &berlin("2011-03-31"), |b| b.calendar(Calendar::default()));
    assert_eq!(number(&early, "season_share__spring", 0), Some(1.0));
    assert_eq!(number(&early, "cohort_age_months", 0), Some(0.0));
    let south = Calendar::builder().hemisphere(Hemisphere::Southern).build().unwrap();
    let south = table(&log, &berlin("2012-01-01"), |b| b.calendar(south.clone()));
    assert_eq!(text(&south, "favourite_season", 0).as_deref(), Some("autumn"));
}

#[test]
fn orders_of_any_age_have_a_cohort() {
    let log = orders_at(&["0001-01-01T00:00:00Z"]);
    let zone = Zone::named("America/New_York").unwrap();
    let as_of = AsOf::date("9998-12-30", &zone).unwrap();
    let found = table(&log, &as_of, |b| b.calendar(Calendar::default()).life_cycle(LifeCycle::default()));
    assert_eq!(text(&found, "cohort_month", 0).as_deref(), Some("0000-12"), "it was evening in America");
    assert_eq!(number(&found, "cohort_age_years", 0), Some(9_998.0));
    assert_eq!(text(&found, "life_cycle", 0).as_deref(), Some("lapsed"));
}

#[test]
fn a_customer_passes_through_the_stages() {
    let log = orders_at(&["2011-01-01", "2011-02-20", "2012-05-01", "2012-06-01"]);
    let stage = |date: &str| {
        let as_of = AsOf::date(date, &Zone::utc()).unwrap();
        let found = table(&log, &as_of, |b| b.life_cycle(LifeCycle::default()));
        text(&found, "life_cycle", 0).unwrap()
    };
    for (date, expected) in [
        ("2011-01-02", "new"),
        ("2011-01-30", "new"),
        ("2011-01-31", "active"),
        ("2011-05-20", "active"),
        ("2011-05-21", "at_risk"),
        ("2012-02-19", "at_risk"),
        ("2012-02-20", "lapsed"),
        ("2012-05-02", "reactivated"),
        ("2012-07-29", "reactivated"),
        ("2012-07-30", "loyal"),
        ("2012-08-30", "at_risk"),
    ] {
        assert_eq!(stage(date), expected, "{date}");
    }
}

#[test]
fn a_gap_of_just_so_many_days_brings_a_customer_back() {
    let log = orders_at(&["2011-01-01", "2011-04-11", "2011-04-20"]);
    for (days, expected) in [(100, "reactivated"), (101, "loyal")] {
        let rules = LifeCycle::builder().reactivation_days(days).build().unwrap();
        let as_of = AsOf::date("2011-05-01", &Zone::utc()).unwrap();
        let found = table(&log, &as_of, |b| b.life_cycle(rules.clone()));
        assert_eq!(text(&found, "life_cycle", 0).as_deref(), Some(expected), "{days}");
    }
}

#[test]
fn orders_in_quick_succession_make_nobody_late() {
    let log = orders_at(&["2011-01-01", "2011-01-01T01:00:00Z", "2011-01-01T02:00:00Z"]);
    let rules = LifeCycle::builder().own_gaps(1.5, 3.0).build().unwrap();
    for (date, expected) in [("2011-01-30", "new"), ("2011-01-31", "loyal"), ("2011-02-01", "lapsed")] {
        let as_of = AsOf::date(date, &Zone::utc()).unwrap();
        let found = table(&log, &as_of, |b| b.life_cycle(rules.clone()));
        assert_eq!(text(&found, "life_cycle", 0).as_deref(), Some(expected), "{date}");
    }
}

#[test]
fn a_weekly_customer_is_late_by_her_own_measure() {
    let weekly = orders_at(&["2011-01-01", "2011-01-08", "2011-01-15", "2011-01-22", "2011-01-29"]);
    let rules = LifeCycle::builder().new_days(7).own_gaps(2.0, 4.0).build().unwrap();
    for (date, expected) in [
        ("2011-01-30", "loyal"),
        ("2011-02-11", "loyal"),
        ("2011-02-12", "at_risk"),
        ("2011-02-25", "at_risk"),
        ("2011-02-26", "lapsed"),
    ] {
        let as_of = AsOf::date(date, &Zone::utc()).unwrap();
        let found = table(&weekly, &as_of, |b| b.life_cycle(rules.clone()));
        assert_eq!(text(&found, "life_cycle", 0).as_deref(), Some(expected), "{date}");
    }
}

/// The time and the gross of each order.
#[cfg(feature = "csv")]
type Orders = BTreeMap<String, (i64, i64)>;

/// Online Retail read by plain loops: the orders of each customer with any line.
#[cfg(feature = "csv")]
fn plain_online_retail() -> Option<BTreeMap<String, Orders>> {
    let path = crate::real_data::data_file("online_retail_2010_2011.csv.gz")?;
    let file = std::fs::File::open(path).unwrap();
    let zone = TimeZone::get("Europe/London").unwrap();
    let mut customers: BTreeMap<String, Orders> = BTreeMap::new();
    for record in csv::Reader::from_reader(flate2::read::GzDecoder::new(file)).records() {
        let record = record.unwrap();
        if record[6].is_empty() || record[0].starts_with('A') {
            continue;
        }
        let orders = customers.entry(record[6].to_owned()).or_default();
        let (pieces, price): (i64, f64) = (record[3].parse().unwrap(), record[5].parse().unwrap());
        if record[0].starts_with('C') || pieces <= 0 || price <= 0.0 {
            continue;
        }
        let local: jiff::civil::DateTime = record[4].parse().unwrap();
        let time = zone.to_zoned(local).unwrap().timestamp().as_microsecond();
        let order = orders.entry(record[0].to_owned()).or_insert((time, 0));
        *order = (order.0.min(time), order.1 + pieces * (price * 10_000.0).round() as i64);
    }
    Some(customers)
}

#[cfg(feature = "csv")]
#[test]
fn online_retail_has_the_times_that_plain_loops_find() {
    use kohort::features::Trend;

    let Some(plain) = plain_online_retail() else { return };
    let Some(log) = crate::real_data::online_retail(&[]) else { return };
    let as_of = AsOf::date("2011-12-10", &Zone::named("Europe/London").unwrap()).unwrap();
    let now = as_of.micros();
    let found = table(&log, &as_of, |b| {
        b.calendar(Calendar::default()).life_cycle(LifeCycle::default()).trend(Trend::default())
    });
    assert_eq!((found.len(), plain.len()), (4_372, 4_372));
    let (mut first_month, mut orders_placed, mut stages) = (0, 0, BTreeMap::<String, u32>::new());
    for (row, orders) in plain.values().enumerate() {
        let mut times: Vec<i64> = orders.values().map(|(time, _)| *time).collect();
        times.sort_unstable();
        check_calendar(&found, row, &times, now, "Europe/London");
        let closed = (!orders.is_empty()).then_some(0.0);
        assert_eq!(number(&found, "weekday_share__saturday", row), closed, "closed on Saturdays");
        first_month += u32::from(text(&found, "cohort_month", row).as_deref() == Some("2010-12"));
        orders_placed += times.len();

        let stage = text(&found, "life_cycle", row);
        let plain = plain_stages(&times, now, [30, 90, 365, 365], 3, None);
        assert_eq!(stage.as_deref(), plain.first().copied());
        *stages.entry(stage.unwrap_or_default()).or_default() += 1;

        // In this file all lines of an order have one time, or are minutes apart.
        let gross = |from: i64, until: i64| {
            let days = now - from * DAY..now - until * DAY;
            orders.values().filter(|(time, _)| days.contains(time)).map(|(_, gross)| *gross).sum::<i64>()
        };
        let (recent, earlier) = (gross(90, 0), gross(180, 90));
        let ratio = (earlier > 0).then(|| recent as f64 / earlier as f64);
        assert_eq!(number(&found, "gross_ratio__90d_vs_90d", row), ratio);
        let periods: Vec<i64> = (0..6).map(|i| gross((6 - i) * 30, (5 - i) * 30)).collect();
        let moment: i64 = periods.iter().zip([-5, -3, -1, 1, 3, 5]).map(|(gross, u)| gross * u).sum();
        let slope = (!times.is_empty()).then(|| moment as f64 / 350_000.0);
        assert_eq!(number(&found, "gross_slope__6x30d", row), slope);
        let old = times.iter().filter(|time| now - **time >= 90 * DAY).count();
        let soon = times.windows(2).take(old).filter(|pair| pair[1] - pair[0] < 90 * DAY).count();
        let rate = (old > 0).then(|| soon as f64 / old as f64);
        assert_eq!(number(&found, "repurchase_rate__90d", row), rate);
    }
    // The cohort of December 2010 has 885 customers in every account of this data.
    assert_eq!((first_month, orders_placed), (885, 18_532));
    let stages: Vec<(&str, u32)> = stages.iter().map(|(stage, count)| (stage.as_str(), *count)).collect();
    let expected =
        [("", 34), ("active", 925), ("at_risk", 1_375), ("lapsed", 74), ("loyal", 1_711), ("new", 252)];
    assert_eq!(stages[..6], expected, "34 have credit notes only");
    assert_eq!(stages[6..], [("reactivated", 1)]);
}
