//! Drivers that a line tells by itself or by its place: how much was taken off, and whether it is of a first order.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kohort::economics::returns::RatioEstimate;
use kohort::economics::{DriverBy, ReturnDrivers};
use kohort::features::FeatureTable;
use kohort::transaction::{CustomerIds, DiscountColumn, LogColumns, PriceColumn, ReturnedColumn};
use kohort::{Attribute, Category, Error, LogRules, OrderIdentity, Returns, Segmentation, TransactionLog};
use proptest::prelude::*;

use crate::customers::Draws;
use crate::economics::{half_for_goods, units};

/// A line: who bought in which order at which hour for how much, with how much off, and whether it came back. Whole
/// currency units.
#[derive(Clone, Debug)]
struct Line {
    customer: u64,
    order: u64,
    hour: i64,
    price: i64,
    off: i64,
    back: bool,
}

fn lines(most: usize) -> impl Strategy<Value = Vec<Line>> {
    let line = (0_u64..12, 0_u64..5, 0_i64..6, 1_i64..500, 0_i64..110, any::<bool>()).prop_map(
        |(customer, order, hour, price, off, back)| {
            // Often a share at the end of a range.
            let off =
                [0, 0, 10, 25, 50, 100].get(off as usize / 10).map_or(off - 10, |share| price * share / 100);
            Line { customer, order, hour, price, off: off.clamp(0, price), back }
        },
    );
    prop::collection::vec(line, 1..most)
}

fn log(lines: &[Line], orders: OrderIdentity) -> TransactionLog {
    let of = |value: fn(&Line) -> f64| lines.iter().map(value).collect::<Vec<f64>>();
    let mut columns = LogColumns::new(
        lines.iter().map(|line| line.customer).collect::<Vec<u64>>(),
        lines.iter().map(|line| line.hour * 3_600_000_000).collect::<Vec<i64>>(),
        PriceColumn::Line(Cow::Owned(of(|line| line.price as f64))),
    )
    .discount(DiscountColumn::Amount(Cow::Owned(of(|line| line.off as f64))))
    .returned(ReturnedColumn::Flag(lines.iter().map(|line| line.back).collect()));
    if orders == OrderIdentity::Column {
        columns = columns.order(lines.iter().map(|line| line.order).collect::<Vec<u64>>());
    }
    let rules = LogRules::builder("EUR").returns(Returns::Flag).orders(orders).build().unwrap();
    TransactionLog::from_columns(columns, &rules).unwrap()
}

/// `n` customers from 0 on, those below `border` in segment `a`.
fn customers(n: u64, border: u64) -> (FeatureTable, Segmentation) {
    let ids = CustomerIds::numbers((0..n).collect()).unwrap();
    let table = FeatureTable::from_columns(ids, [("gross", units((0..n).map(|_| 1)))]).unwrap();
    let of: Vec<Option<usize>> = (0..n).map(|id| Some(usize::from(id >= border))).collect();
    let segments = Segmentation::new(&table, vec!["a".to_owned(), "b".to_owned()], &of).unwrap();
    (table, segments)
}

fn discount_level(line: &Line) -> &'static str {
    // In per cent of per cent, as floats would not tell the ends of a range.
    match line.off * 10_000 {
        0 => "not discounted",
        off if off <= 1_000 * line.price => "up to 10 %",
        off if off <= 2_500 * line.price => "above 10 to 25 %",
        off if off <= 5_000 * line.price => "above 25 to 50 %",
        _ => "above 50 %",
    }
}

/// The level of each line by whether it is of its customer's first order.
fn order_levels(lines: &[Line], orders: OrderIdentity) -> Vec<&'static str> {
    let mut placed: BTreeMap<(u64, u64), i64> = BTreeMap::new();
    // Where each line is an order, those of one instant are told apart by nothing.
    let order = |line: &Line| if orders == OrderIdentity::EachLine { line.hour as u64 } else { line.order };
    for line in lines {
        let hour = placed.entry((line.customer, order(line))).or_insert(line.hour);
        *hour = line.hour.min(*hour);
    }
    let first = |customer: u64| {
        let own = placed.iter().filter(|((id, _), _)| *id == customer);
        own.map(|((_, order), hour)| (*hour, *order)).min().map(|(_, order)| order)
    };
    let firsts: BTreeMap<u64, Option<u64>> =
        lines.iter().map(|line| (line.customer, first(line.customer))).collect();
    let level =
        |line: &Line| if firsts[&line.customer] == Some(order(line)) { "first order" } else { "later order" };
    lines.iter().map(level).collect()
}

/// The figures of the levels, from plain sums over customers below `known` and, for the segment, below `border`.
fn agrees(found: &ReturnDrivers, lines: &[Line], levels: &[&str], known: u64, border: u64) {
    let paid = |line: &Line| (line.price - line.off) as f64;
    let back = |line: &Line| if line.back { paid(line) } else { 0.0 };
    let shop: Vec<(&Line, &str)> =
        lines.iter().zip(levels.iter().copied()).filter(|(line, _)| line.customer < known).collect();
    let whole: f64 = shop.iter().map(|(line, _)| paid(line)).sum();
    let rate = (whole > 0.0).then(|| shop.iter().map(|(line, _)| back(line)).sum::<f64>() / whole);
    assert_eq!(found.shop_rate.is_some(), rate.is_some());
    let mut own: BTreeMap<&str, BTreeMap<u64, (u64, f64, f64)>> = BTreeMap::new();
    for (line, level) in shop.iter().filter(|(line, _)| line.customer < border) {
        let sums = own.entry(level).or_default().entry(line.customer).or_default();
        *sums = (sums.0 + 1, sums.1 + paid(line), sums.2 + back(line));
    }
    assert_eq!(found.levels.len(), own.len(), "{found:?}");
    for driver in &found.levels {
        let level = driver.level.as_deref().unwrap();
        let customers = &own[level];
        assert_eq!(driver.lines, customers.values().map(|sums| sums.0).sum::<u64>(), "{level}");
        let value: Vec<f64> = customers.values().map(|sums| sums.1).collect();
        let returned: Vec<f64> = customers.values().map(|sums| sums.2).collect();
        assert_eq!(driver.rate, RatioEstimate::of(&value, &returned, 0.95), "{level}");
        let at_shop = || shop.iter().filter(|(_, own)| *own == level);
        let bought: f64 = at_shop().map(|(line, _)| paid(line)).sum();
        let expected = (bought > 0.0).then(|| at_shop().map(|(line, _)| back(line)).sum::<f64>() / bought);
        assert_eq!(driver.shop_rate, expected, "{level}");
        let excess = returned.iter().sum::<f64>() - rate.unwrap_or_default() * value.iter().sum::<f64>();
        assert!((driver.excess - excess).abs() < 1e-6 * whole.max(1.0), "{level}");
    }
}

proptest! {
    #[test]
    fn discounts_and_first_orders_agree_with_plain_sums_in_any_order_of_lines(lines in lines(80)) {
        prop_assume!(lines.iter().any(|line| line.customer < 10));
        let (table, segments) = customers(10, 6);
        let economics = half_for_goods();
        for orders in [OrderIdentity::Column, OrderIdentity::EachLine] {
            let drivers = |lines: &[Line], by: DriverBy| {
                economics.return_drivers(&log(lines, orders), &table, &segments, "a", by).unwrap()
            };
            let discounts: Vec<&str> = lines.iter().map(discount_level).collect();
            let firsts = order_levels(&lines, orders);
            let reversed: Vec<Line> = lines.iter().rev().cloned().collect();
            for (by, levels) in [(DriverBy::Discount, discounts), (DriverBy::FirstOrder, firsts)] {
                let found = drivers(&lines, by);
                agrees(&found, &lines, &levels, 10, 6);
                prop_assert_eq!(drivers(&reversed, by), found);
            }
        }
    }
}

/// More than ten chunks of lines and a ragged tail.
#[test]
fn many_lines_give_the_same_on_any_number_of_threads_and_in_any_order() {
    let mut draws = Draws::new(9);
    let mut lines: Vec<Line> = (0..171_717)
        .map(|_| {
            let price = 1 + draws.below(500) as i64;
            let off = price * [0, 0, 0, 5, 10, 20, 25, 30, 50, 70][draws.below(10) as usize] / 100;
            let (customer, order) = (draws.below(3_000), draws.below(9));
            Line { customer, order, hour: draws.below(500) as i64, price, off, back: draws.below(3) == 0 }
        })
        .collect();
    let (table, segments) = customers(2_500, 400);
    let (economics, orders) = (half_for_goods(), OrderIdentity::Column);
    let on = |threads: usize, log: &TransactionLog, by: DriverBy| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| economics.return_drivers(log, &table, &segments, "a", by).unwrap())
    };
    let one = log(&lines, orders);
    let found: Vec<ReturnDrivers> =
        [DriverBy::Discount, DriverBy::FirstOrder].into_iter().map(|by| on(1, &one, by)).collect();
    agrees(&found[0], &lines, &lines.iter().map(discount_level).collect::<Vec<_>>(), 2_500, 400);
    let later = |drivers: &ReturnDrivers| drivers.levels.iter().map(|level| level.lines).sum::<u64>();
    assert_eq!(later(&found[1]), later(&found[0]));
    for place in (1..lines.len()).rev() {
        lines.swap(place, draws.below(place as u64 + 1) as usize);
    }
    let shuffled = log(&lines, orders);
    for drivers in &found {
        for threads in [2, 3, 8] {
            assert_eq!(&on(threads, &one, drivers.by), drivers, "{threads} threads");
            assert_eq!(&on(threads, &shuffled, drivers.by), drivers, "{threads} threads, shuffled");
        }
    }
}

#[test]
fn a_first_order_is_whole_and_the_earliest_before_the_moment() {
    let line = |customer, order, hour, back| Line { customer, order, hour, price: 100, off: 0, back };
    // Order 2 began at hour 1 and has a line of hour 5; order 1 came at hour 3. Customer 1 placed two orders at once.
    let lines = [
        line(0, 1, 3, false),
        line(0, 2, 5, true),
        line(0, 2, 1, true),
        line(1, 8, 4, false),
        line(1, 7, 4, true),
    ];
    let (table, segments) = customers(5, 5);
    let log = log(&lines, OrderIdentity::Column);
    let drivers =
        half_for_goods().return_drivers(&log, &table, &segments, "a", DriverBy::FirstOrder).unwrap();
    let found: Vec<_> =
        drivers.levels.iter().map(|level| (level.level.as_deref().unwrap(), level.lines)).collect();
    assert_eq!(found, [("first order", 3), ("later order", 2)]);
    assert_eq!(drivers.levels[0].rate.unwrap().rate.to_string(), "1");
    let text = drivers.to_string();
    assert!(text.contains("by first order") && text.contains("later order"), "{text}");
    let json = serde_json::to_value(&drivers).unwrap();
    assert_eq!((json["by"].as_str(), json["levels"][0]["lines"].as_u64()), (Some("first order"), Some(3)));
}

#[test]
fn a_log_without_discounts_has_no_drivers_by_them() {
    let columns = LogColumns::new(vec![0_u64], vec![0_i64], PriceColumn::Line(Cow::Owned(vec![5.0])))
        .returned(ReturnedColumn::Flag(vec![true].into()))
        .attribute(Attribute::Brand, Category::from_texts([Some("acme")]));
    let rules =
        LogRules::builder("EUR").returns(Returns::Flag).orders(OrderIdentity::EachLine).build().unwrap();
    let log = TransactionLog::from_columns(columns, &rules).unwrap();
    let (table, segments) = customers(1, 1);
    let by = |by| half_for_goods().return_drivers(&log, &table, &segments, "a", by);
    assert!(matches!(by(DriverBy::Discount), Err(Error::FeatureNeeds { .. })));
    assert_eq!(by(DriverBy::FirstOrder).unwrap().levels.len(), 1);
}
