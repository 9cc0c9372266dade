//! How long returns take and what lines of an age can tell: against plain computations, simulated data and a shop whose
//! late returns are known.

mod stored;

use std::collections::BTreeMap;

use kohort::economics::returns::{AgeGroup, CorrectedRate, ReturnLag, ReturnLagModel};
use kohort::features::{Detail, Exposure, FeatureState};
use kohort::synthetic::{LateReturns, ReturnTimes, Shop};
use kohort::{AsOf, Attribute, Error, Feature, FeatureExtractor, FeatureTable, TransactionLog, Zone};
use proptest::prelude::*;

use crate::customers::Draws;
use crate::families_goods::laws::many;
use crate::families_goods::{KINDS, Kind, Row, builder, came_back, column, log_of, shop};
use crate::features::DAY;

fn moment(micros: i64) -> AsOf {
    AsOf::instant(micros, &Zone::utc()).unwrap()
}

fn any_lag() -> ReturnLag {
    ReturnLag::builder().window_days(30).build().unwrap()
}

/// The lags of lines that came back by half, in whole days, each with the last whole day its line could be watched.
fn lags(rows: &[Row], kind: Kind, as_of: i64) -> Vec<(usize, i64, i64)> {
    let mut parts: BTreeMap<usize, Vec<(i64, i64)>> = BTreeMap::new();
    for back in came_back(rows, kind, as_of).iter().filter(|back| rows[back.row].is_sale()) {
        // Of a line with a return on it, the time may not be recorded.
        parts.entry(back.row).or_default().push((back.waited.unwrap_or(i64::MIN), back.pieces));
    }
    let mut found = Vec::new();
    for (row, mut parts) in parts {
        parts.sort_unstable();
        let mut pieces = 0;
        let half = parts.iter().find(|(_, part)| {
            pieces += part;
            2 * pieces >= rows[row].pieces
        });
        if let Some((waited, _)) = half.filter(|(waited, _)| *waited != i64::MIN) {
            found.push((row, waited.div_euclid(DAY), (as_of - rows[row].time).div_euclid(DAY) - 1));
        }
    }
    found
}

/// The curve of the formula, from plain counts; a day that fewer than 20 returns could come on takes nothing away.
fn formula(lags: &[(i64, i64)], window: i64) -> Vec<f64> {
    let clamped: Vec<(i64, i64)> = lags
        .iter()
        .map(|(lag, last)| (*lag.min(&(window - 1)), *last))
        .filter(|(lag, last)| lag <= last)
        .collect();
    let kept = |day: i64| {
        let on = clamped.iter().filter(|(lag, last)| *lag == day && *last >= day).count();
        let by = clamped.iter().filter(|(lag, last)| *lag <= day && *last >= day).count();
        if by < 20 { 1.0 } else { 1.0 - on as f64 / by as f64 }
    };
    (0..window).map(|a| (a + 1..window).map(kept).product()).collect()
}

fn assert_curve(curve: &kohort::economics::returns::LagCurve, expected: &[f64], of: &str) {
    for (day, expected) in (1..).zip(expected) {
        let found = curve.share_seen(day);
        assert!((found - expected).abs() < 1e-12, "{of}, day {day}: {found} instead of {expected}");
    }
}

#[test]
fn lags_of_a_log_are_those_of_plain_counts_on_any_number_of_threads_and_in_any_order() {
    let as_of = 90 * DAY;
    let fitted =
        ReturnLag::builder().window_days(30).by(Attribute::Category).minimum_returns(150).build().unwrap();
    for kind in KINDS {
        let mut rows = many(kind);
        let log = log_of(&rows, kind);
        let model = fitted.fit(&log, &moment(as_of)).unwrap();
        let plain = lags(&rows, kind, as_of);
        let of = |wanted: Option<&str>| -> Vec<(i64, i64)> {
            let own = |row: usize| wanted.is_none() || rows[row].category.as_deref() == wanted;
            plain.iter().filter(|(row, ..)| own(*row)).map(|(_, lag, last)| (*lag, *last)).collect()
        };
        assert_curve(model.curve(), &formula(&of(None), 30), &format!("{kind:?}"));
        assert_eq!(model.curve().returns(), plain.len() as u64, "{kind:?}");
        let late = plain.iter().filter(|(_, lag, _)| *lag >= 30).count();
        assert_eq!(model.curve().late_returns(), late as u64);
        assert!(late > 0 && plain.len() > 1_000, "{} returns, {late} late", plain.len());
        let mut own = 0;
        for category in 0..12 {
            let name = format!("cat {category}");
            let lags = of(Some(&name));
            if lags.len() >= 150 {
                own += 1;
                assert_curve(model.curve_of(&name), &formula(&lags, 30), &format!("{kind:?} {name}"));
            } else {
                assert_eq!(model.curve_of(&name), model.curve(), "{name} has too few of its own");
            }
        }
        assert_eq!(model.levels().count(), own, "{kind:?}");
        assert!(own > 0, "some level has enough");

        let on = |threads: usize, log: &TransactionLog| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let model = fitted.fit(log, &moment(as_of)).unwrap();
                let table = builder(as_of).return_lag(&model).build().unwrap().extract(log).unwrap();
                (model, table)
            })
        };
        let alone = on(1, &log);
        assert_eq!(alone.0, model);
        for threads in [2, 3, 8] {
            assert_eq!(on(threads, &log), alone, "{kind:?} on {threads} threads");
        }
        let mut draws = Draws::new(5);
        for place in (1..rows.len()).rev() {
            rows.swap(place, draws.below(place as u64 + 1) as usize);
        }
        assert_eq!(on(2, &log_of(&rows, kind)), alone, "{kind:?} shuffled");
    }
}

/// What a customer's lines can tell, line by line: sixteenths of the share at each line's age.
fn exposed(rows: &[Row], as_of: i64, share_seen: impl Fn(&Row, u32) -> f64) -> BTreeMap<u64, (f64, f64)> {
    let mut found: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.time < as_of) {
        let own = found.entry(row.customer).or_default();
        if row.is_sale() {
            let (day, rest) = ((as_of - row.time) / DAY, (as_of - row.time) % DAY);
            let at = |day: i64| share_seen(row, day as u32);
            let share = at(day) + rest as f64 / DAY as f64 * (at(day + 1) - at(day));
            *own = (own.0 + (16.0 * share + 0.5).floor() / 16.0, own.1 + 1.0);
        }
    }
    found
}

/// Shares that floats add without an error, so that the plain rounding is exact.
const SHARES: [f64; 6] = [0.0, 0.25, 0.5, 0.5, 0.75, 1.0];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn exposure_is_the_sum_over_sale_lines((kind, rows) in shop(), day in 1_i64..70, rotate in 0_usize..60) {
        let extractor = builder(day * DAY).return_lag(Exposure::by_day(&SHARES).unwrap()).build().unwrap();
        let table = extractor.extract(&log_of(&rows, kind)).unwrap();
        let share = |_: &Row, day: u32| day.checked_sub(1).map_or(0.0, |day| SHARES[(day as usize).min(5)]);
        let plain = exposed(&rows, day * DAY, share);
        let expected: Vec<Option<f64>> = plain.values().map(|(exposed, _)| Some(*exposed)).collect();
        prop_assert_eq!(column(&table, "lines_exposed"), expected);

        let mut shuffled = rows.clone();
        shuffled.reverse();
        shuffled.rotate_left(rotate % rows.len());
        prop_assert_eq!(&extractor.extract(&log_of(&shuffled, kind)).unwrap(), &table);
        let (left, right) = rows.split_at(rotate % rows.len());
        for detail in [Detail::Orders, Detail::Lines] {
            let mut state = FeatureState::keeping(detail);
            for part in [right, left] {
                state.push(&log_of(part, kind)).unwrap();
            }
            prop_assert_eq!(&state.finish(&extractor).unwrap(), &table);
        }
    }

    /// The simple assumption is the maturity that extraction has.
    #[test]
    fn an_assumed_lag_counts_mature_lines((kind, rows) in shop(), day in 1_i64..70, maturity in 0_u32..40) {
        let log = log_of(&rows, kind);
        let extractor = FeatureExtractor::builder(moment(day * DAY))
            .features([Feature::LinesMature])
            .maturity_days(maturity)
            .return_lag(ReturnLagModel::assumed(maturity));
        let table = extractor.build().unwrap().extract(&log).unwrap();
        prop_assert_eq!(column(&table, "lines_exposed"), column(&table, "lines_mature"));
    }
}

#[test]
fn levels_count_by_their_own_curves_and_strangers_by_the_shops() {
    let as_of = 90 * DAY;
    let lag =
        ReturnLag::builder().window_days(30).by(Attribute::Category).minimum_returns(150).build().unwrap();
    let mut rows = many(Kind::Quantity);
    let model = lag.fit(&log_of(&rows, Kind::Quantity), &moment(as_of)).unwrap();
    assert!(model.levels().count() > 1 && model.attribute() == Some(Attribute::Category));
    // Next month there is a category that the model has not seen.
    rows.iter_mut().step_by(7).for_each(|row| row.category = Some("new".to_owned()));
    let log = log_of(&rows, Kind::Quantity);
    let extractor = builder(as_of).return_lag(&model).build().unwrap();
    let table = extractor.extract(&log).unwrap();
    let share = |row: &Row, day| {
        row.category.as_deref().map_or(model.curve(), |level| model.curve_of(level)).share_seen(day)
    };
    let plain = exposed(&rows, as_of, share);
    let found = column(&table, "lines_exposed");
    assert_eq!(found.len(), plain.len());
    for (found, (expected, lines)) in found.iter().zip(plain.values()) {
        // A share on the border between two sixteenths may be rounded either way.
        let border = 1.0 / 16.0;
        assert!((found.unwrap() - expected).abs() <= border, "{found:?} instead of {expected} of {lines}");
    }
    let off: f64 =
        found.iter().zip(plain.values()).map(|(found, plain)| (found.unwrap() - plain.0).abs()).sum();
    assert!(off < 1.0, "hardly a line is on a border: {off}");
    let mut state = FeatureState::new();
    state.push(&log).unwrap();
    assert_eq!(state.finish(&extractor).unwrap(), table, "orders keep their category");
    let without: Vec<Row> = rows.into_iter().map(|row| Row { category: None, ..row }).collect();
    let refused = extractor.extract(&log_of(&without, Kind::Quantity)).unwrap_err();
    assert!(refused.to_string().contains("`lines_exposed` needs a category column"), "{refused}");
}

/// A line's lag if it comes back, in whole days below 40: the sum of two draws, most around two weeks.
fn draw_lag(draws: &mut Draws) -> i64 {
    (draws.below(21) + draws.below(20)) as i64
}

/// Which share of such lags is at most `day`.
fn true_share(day: i64) -> f64 {
    let ways = (0..21).flat_map(|a| (0..20).map(move |b| a + b)).filter(|lag| *lag <= day).count();
    ways as f64 / 420.0
}

/// Lines of ages below `oldest`, of which a share comes back: lags and ages of the returns that have been seen, and how
/// many lines of each age there are.
fn simulated(seed: u64, lines: u64, oldest: u64, rate: f64) -> (Vec<i64>, Vec<i64>, Vec<u64>) {
    let mut draws = Draws::new(seed);
    let (mut lags, mut ages, mut of_age) = (Vec::new(), Vec::new(), vec![0; oldest as usize]);
    for _ in 0..lines {
        let age = draws.below(oldest);
        of_age[age as usize] += 1;
        let lag = draw_lag(&mut draws);
        if (draws.below(1 << 20) as f64) < rate * f64::from(1 << 20) && lag <= age as i64 {
            lags.push(lag);
            ages.push(age as i64);
        }
    }
    (lags, ages, of_age)
}

#[test]
fn right_truncation_recovers_the_lags_and_plain_counts_do_not() {
    // Nine in ten lines are younger than the longest lag.
    let (lags, ages, _) = simulated(3, 300_000, 45, 0.3);
    let model =
        ReturnLag::builder().window_days(40).build().unwrap().fit_days(&lags, &ages, &moment(0)).unwrap();
    let (mut off, mut plain_off) = (0.0_f64, 0.0_f64);
    for day in 0..40_i64 {
        let truth = true_share(day);
        let plain = lags.iter().filter(|lag| **lag <= day).count() as f64 / lags.len() as f64;
        off = off.max((model.curve().share_seen(day as u32 + 1) - truth).abs());
        plain_off = plain_off.max((plain - truth).abs());
    }
    assert!(off < 0.01, "off by {off}");
    assert!(plain_off > 0.10, "plain counts take returns for quicker: {plain_off}");
}

/// With 30 % of the lines younger than the longest lag, over ten data sets, so that bias shows and not chance.
#[test]
fn the_bias_of_corrected_rates_is_below_one_per_cent_with_30_per_cent_immature() {
    let (rate, oldest) = (0.3, 133);
    let (mut naive, mut ratio, mut likeliest, mut sure) = (0.0, 0.0, 0.0, 0);
    for seed in 0..10 {
        let (lags, ages, of_age) = simulated(seed, 100_000, oldest, rate);
        let immature: u64 = of_age[..40].iter().sum();
        assert!((0.29..0.31).contains(&(immature as f64 / 100_000.0)));
        let model =
            ReturnLag::builder().window_days(40).build().unwrap().fit_days(&lags, &ages, &moment(0)).unwrap();
        let groups: Vec<AgeGroup> = (0_i64..)
            .zip(&of_age)
            .map(|(age, lines)| AgeGroup {
                seen: model.curve().share_seen(age as u32 + 1),
                lines: *lines,
                returned: ages.iter().filter(|own| **own == age).count() as u64,
            })
            .collect();
        let found = CorrectedRate::of(&groups).unwrap();
        naive += found.naive / 10.0;
        ratio += found.ratio / 10.0;
        likeliest += found.rate / 10.0;
        let interval = found.interval(0.95).unwrap();
        sure += u32::from(interval.low <= rate && rate <= interval.high);
    }
    assert!(
        (ratio / rate - 1.0).abs() < 0.01 && (likeliest / rate - 1.0).abs() < 0.01,
        "{ratio}, {likeliest}"
    );
    assert!(naive / rate < 0.90, "taken as kept, what may still come makes the rate {naive}");
    assert!(sure >= 8, "{sure} of ten intervals have the rate");
}

fn total(table: &FeatureTable, name: &str) -> f64 {
    column(table, name).into_iter().flatten().sum()
}

/// The same shop drawn twice: as its data stood, and with all returns that came later.
#[test]
fn a_shop_with_young_lines_has_the_rate_that_time_will_show() {
    let shop = |late| {
        let shop =
            Shop::builder().customers(9_000).seed(11).days(150).return_window_days(40).late_returns(late);
        shop.build().unwrap().generate().unwrap().log
    };
    let (log, later) = (shop(LateReturns::NotYetKnown), shop(LateReturns::Known));
    let as_of = AsOf::date("2023-05-31", &Zone::utc()).unwrap();
    let counts = [Feature::Lines, Feature::LinesReturned, Feature::LinesMature, Feature::LinesReturnedMature];
    let extract = |as_of: &AsOf| FeatureExtractor::builder(as_of.clone()).features(counts);
    let in_time = extract(&later.as_of_end().unwrap()).build().unwrap().extract(&later).unwrap();
    let truth = total(&in_time, "lines_returned") / total(&in_time, "lines");

    for by in [None, Some(Attribute::Category)] {
        let lag = ReturnLag::builder().window_days(45);
        let lag = by.map_or(lag.clone(), |by| lag.clone().by(by)).build().unwrap();
        let model = lag.fit(&log, &as_of).unwrap();
        let days = model.curve().days_until(0.95);
        let table =
            extract(&as_of).maturity_days(days).return_lag(&model).build().unwrap().extract(&log).unwrap();
        let immature = 1.0 - total(&table, "lines_mature") / total(&table, "lines");
        let rate = |back: &str, lines: &str| total(&table, back) / total(&table, lines) / truth - 1.0;
        let naive = rate("lines_returned", "lines");
        let corrected = rate("lines_returned", "lines_exposed");
        let simple = rate("lines_returned_mature", "lines_mature");
        assert!(immature > 0.12, "{immature}");
        assert!(naive < -0.05, "plain: {naive}");
        assert!(corrected.abs() < 0.01, "by exposure: {corrected}, plain {naive}, simple rule {simple}");
        // What it leaves out is the last twentieth, and the young lines with all they tell.
        assert!(simple.abs() < 0.03, "simple rule: {simple}");
        assert_eq!(model.levels().count(), if by.is_some() { 8 } else { 0 });
    }
}

#[test]
fn what_cannot_be_learned_from_is_said() {
    let shop =
        |times| Shop::builder().customers(300).return_times(times).build().unwrap().generate().unwrap().log;
    let log = shop(ReturnTimes::Unrecorded);
    let as_of = log.as_of_end().unwrap();
    let refused = any_lag().fit(&log, &as_of).unwrap_err();
    assert!(refused.to_string().contains("`return lag` needs the times of returns"), "{refused}");
    assert!(ReturnLagModel::assumed(60).assumption().contains("older than 60 days"));

    let timed = shop(ReturnTimes::Recorded);
    let start = AsOf::date("2023-01-01", &Zone::utc()).unwrap();
    assert!(matches!(any_lag().fit(&timed, &start), Err(Error::Empty { .. })), "nothing was sold yet");

    let kept = log_of(&[Row::new(1, "a", 0), Row::new(2, "b", 3)], Kind::Flag);
    assert!(matches!(any_lag().fit(&kept, &moment(90 * DAY)), Err(Error::Empty { .. })), "nothing came back");
    let by_size = ReturnLag::builder().by(Attribute::Size).build().unwrap();
    assert!(matches!(by_size.fit(&kept, &moment(90 * DAY)), Err(Error::FeatureNeeds { .. })));

    let rules = kohort::LogRules::builder("EUR").build().unwrap();
    let unrecorded = TransactionLog::from_rows([], &rules, kohort::IdKind::Number).unwrap();
    let refused = any_lag().fit(&unrecorded, &moment(0)).unwrap_err();
    assert!(refused.to_string().contains("a record of returns"), "{refused}");
    let extractor = builder(DAY).return_lag(Exposure::after_days(60)).build().unwrap();
    assert!(matches!(extractor.extract(&unrecorded), Err(Error::FeatureNeeds { .. })));
}

#[test]
fn returns_of_one_day_without_a_time_and_after_the_moment() {
    let mut rows: Vec<Row> = (0..90).map(|day| Row::new(day as u64 % 7, &day.to_string(), day)).collect();
    for row in rows.iter_mut().step_by(2) {
        (row.unwanted, row.after) = (1, Some(DAY / 2));
    }
    let fit = |rows: &[Row]| any_lag().fit(&log_of(rows, Kind::Flag), &moment(80 * DAY)).unwrap();
    let model = fit(&rows);
    assert_eq!((model.curve().returns(), model.untimed_returns()), (40, 0), "what comes later is not known");
    assert_eq!(model.curve().days_until(1.0), 1, "everything comes back on the same day");
    let table =
        builder(80 * DAY).return_lag(&model).build().unwrap().extract(&log_of(&rows, Kind::Flag)).unwrap();
    assert!((total(&table, "lines_exposed") - 80.0).abs() < 1e-12, "the youngest line is a day old");
    // Some have no time: they are counted, and the others speak for them.
    rows.iter_mut().step_by(4).for_each(|row| row.after = None);
    let model = fit(&rows);
    assert_eq!((model.curve().returns(), model.untimed_returns()), (20, 20));
    assert!(model.assumption().ends_with("20 returned lines had no time and are left out."));
}
