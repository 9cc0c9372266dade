//! A plan of the past against what came after: refused where it cannot be had, otherwise equal to a plain count.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kohort::economics::{Backtest, BacktestOutcome, CostOfGoods, Marketing};
use kohort::features::FeatureTable;
use kohort::segment::{Segmenter, StarterSegments};
use kohort::synthetic::{ReturnTimes, Shop};
use kohort::transaction::{OrderLine, Price, Returned};
use kohort::{
    AsOf, Costs, Economics, Error, FeatureExtractor, IdKind, LogRules, Money, MoneyTotal, OrderIdentity,
    Result, Returns, Segmentation, TransactionLog, Zone,
};

use super::{money, rate};

const DAY: i64 = 86_400_000_000;

/// Goods at half the list price; marketing and service belong to all of the time and not to the days after.
fn economics() -> Economics {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)))
        .return_handling_per_parcel(Money::ZERO)
        .write_down(rate(0.0))
        .marketing(Marketing::PerCustomer(money("1.00")))
        .service_per_customer(money("2.00"));
    Economics::builder(costs.build().unwrap()).build().unwrap()
}

fn day(text: &str) -> AsOf {
    AsOf::date(text, &Zone::utc()).unwrap()
}

fn starters(customers: &FeatureTable) -> Result<Segmentation> {
    StarterSegments::builder().build()?.fit(customers)?.segment(customers)
}

fn backtest(log: &TransactionLog, at: &str) -> Result<BacktestOutcome> {
    let extractor = FeatureExtractor::builder(log.as_of_end()?).build()?;
    economics().backtest(log, &extractor, &Backtest::builder(day(at)).build()?, starters)
}

/// One line: customer, day of 2024, price in units, and the day on which it came back.
type Line = (u64, i64, i64, Option<i64>);

/// 60 customers with up to 12 lines each over a year, of whom every third sends back much; the last line is in no window.
fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for customer in 1..=60 {
        let first = next(330);
        for _ in 0..=next(12) {
            let day = (first + next(366 - first)) as i64;
            let back = next(10) < if customer % 3 == 0 { 8 } else { 2 };
            lines.push((customer, day, 10 + next(190) as i64, back.then_some(day + 1 + next(40) as i64)));
        }
    }
    lines.push((1, 364, 5, None));
    lines
}

fn log(lines: &[Line]) -> TransactionLog {
    let rules =
        LogRules::builder("EUR").returns(Returns::Flag).orders(OrderIdentity::EachLine).build().unwrap();
    let mut log = TransactionLog::builder(&rules, IdKind::Number);
    let start = day("2024-01-01").micros();
    for (customer, day, price, back) in lines {
        let mut line = OrderLine::new(
            *customer,
            start + day * DAY,
            Price::Line(Money::from_ten_thousandths(price * 10_000)),
        );
        if let Some(back) = back {
            (line.returned, line.return_time) = (Returned::All, Some(start + back * DAY));
        }
        log.push(line).unwrap();
    }
    log.build().unwrap()
}

#[test]
fn every_figure_is_that_of_a_plain_count() {
    // The moment is day 200 and the days after end with day 289.
    let lines = lines();
    let outcome = backtest(&log(&lines), "2024-07-19").unwrap();
    assert_eq!((outcome.at.clone(), outcome.until.clone()), (day("2024-07-19"), day("2024-10-17")));
    let mut before: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    let mut after: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    for (customer, day, price, back) in &lines {
        if *day < 200 {
            let sum = before.entry(*customer).or_default();
            *sum = (sum.0 + price, sum.1 + if back.is_some_and(|back| back < 200) { *price } else { 0 });
        } else if *day < 290 {
            let sum = after.entry(*customer).or_default();
            *sum = (sum.0 + price, sum.1 + if back.is_some() { *price } else { 0 });
        }
    }
    // In halves of a unit: half of what was kept.
    let contribution = |(gross, back): (i64, i64)| gross - back;
    let tenths = |rank: &dyn Fn((i64, i64)) -> i64| {
        let mut order: Vec<(u64, i64)> = before.iter().map(|(id, sums)| (*id, rank(*sums))).collect();
        order.sort_by_key(|(id, value)| (Reverse(*value), *id));
        let n = order.len();
        (0..10)
            .map(|tenth| {
                let group = &order[n * tenth / 10..n * (tenth + 1) / 10];
                group.iter().filter_map(|(id, _)| after.get(id)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
            })
            .collect::<Vec<(i64, i64)>>()
    };
    let found = |groups: &[kohort::economics::TenthOutcome]| -> Vec<(f64, f64)> {
        groups.iter().map(|t| (t.outcome.gross.to_f64(), 2.0 * t.contribution.to_f64())).collect()
    };
    let expected = |groups: Vec<(i64, i64)>| -> Vec<(f64, f64)> {
        groups.into_iter().map(|sums| (sums.0 as f64, contribution(sums) as f64)).collect()
    };
    assert_eq!(found(&outcome.by_gross), expected(tenths(&|sums| sums.0)));
    assert_eq!(found(&outcome.by_contribution), expected(tenths(&contribution)));

    let known: Vec<(i64, i64)> =
        after.iter().filter(|(id, _)| before.contains_key(id)).map(|(_, sums)| *sums).collect();
    let total = known.iter().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert_eq!((outcome.customers, outcome.all.buyers), (before.len() as u64, known.len() as u64));
    let units = |amount: i64| MoneyTotal::from_ten_thousandths(i128::from(amount) * 10_000);
    assert_eq!(outcome.all.gross, units(total.0));
    assert_eq!(outcome.all.contribution + outcome.all.contribution, units(contribution(total)));
    assert!((outcome.all.return_rate.unwrap().rate - total.1 as f64 / total.0 as f64).abs() < 1e-12);
    let new: Vec<i64> =
        after.iter().filter(|(id, _)| !before.contains_key(id)).map(|(_, sums)| sums.0).collect();
    assert!(!new.is_empty(), "the test must have newcomers");
    assert_eq!(outcome.customers_new, new.len() as u64);
    assert_eq!(outcome.gross_new, units(new.iter().sum()));

    let of_segments: i128 = outcome.segments.iter().map(|s| s.outcome.gross.ten_thousandths()).sum();
    assert_eq!(of_segments, outcome.all.gross.ten_thousandths(), "everyone has a segment here");
    let mut ranks: Vec<usize> = outcome.segments.iter().map(|segment| segment.rank_after).collect();
    ranks.sort_unstable();
    assert_eq!(ranks, (1..=ranks.len()).collect::<Vec<_>>());
    for pair in outcome.segments.windows(2) {
        assert!(pair[0].rank < pair[1].rank);
    }

    let mut shuffled = lines.clone();
    shuffled.reverse();
    assert_eq!(backtest(&log(&shuffled), "2024-07-19").unwrap(), outcome);
    let printed = outcome.to_string();
    assert!(printed.contains("held against the time until 2024-10-17"), "{printed}");
}

#[test]
fn it_knows_no_return_of_later_than_the_moment() {
    // The same sales; what came back after the moment must not change the plan, and all the more what came after.
    let lines = lines();
    let late: Vec<Line> = lines
        .iter()
        .map(|(customer, day, price, back)| (*customer, *day, *price, back.filter(|back| *back < 200)))
        .collect();
    let (all, early) =
        (backtest(&log(&lines), "2024-07-19").unwrap(), backtest(&log(&late), "2024-07-19").unwrap());
    let plan = |outcome: &BacktestOutcome| {
        let of = |s: &kohort::economics::SegmentOutcome| {
            (s.segment.clone(), s.rank, s.action, s.return_rate_before)
        };
        outcome.segments.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(plan(&all), plan(&early));
    assert!(early.all.contribution > all.all.contribution);
}

#[test]
fn contribution_ranks_better_than_gross_where_someone_looks_rich() {
    let log = Shop::builder().customers(5_000).seed(4).build().unwrap().generate().unwrap().log;
    let outcome = backtest(&log, "2024-08-01").unwrap();
    let (by_contribution, by_gross) = outcome.top_shares(2).unwrap();
    assert!(by_contribution > by_gross + 0.05, "{outcome}");
    let rate = |groups: &[kohort::economics::TenthOutcome]| groups[0].outcome.return_rate.unwrap().rate;
    assert!(rate(&outcome.by_gross) > 0.5 && rate(&outcome.by_contribution) < 0.25, "{outcome}");
}

#[test]
fn it_is_refused_where_returns_carry_no_time() {
    let shop = Shop::builder().customers(300).return_times(ReturnTimes::Unrecorded);
    let error = backtest(&shop.build().unwrap().generate().unwrap().log, "2024-07-01").unwrap_err();
    assert!(matches!(error, Error::Incompatible { what: "the time of returns", .. }), "{error}");
}

#[test]
fn moments_without_a_past_or_a_future_are_refused() {
    let log = log(&lines());
    for at in ["2024-12-20", "2031-01-01", "2023-01-01"] {
        let error = backtest(&log, at).unwrap_err();
        assert!(matches!(error, Error::Setting { setting: "at", .. }), "{at}: {error}");
    }
    for days in [0, 4_000] {
        let error = Backtest::builder(day("2024-07-01")).days(days).build().unwrap_err();
        assert!(matches!(error, Error::Setting { setting: "days", .. }), "{error}");
    }
}
