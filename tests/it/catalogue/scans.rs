//! Templates over orders against scans of each customer's lines.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kohort::Attribute;
use kohort::features::{Custom, History};
use kohort::segment::Predicate;
use kohort::segment::catalogue::{
    Active, AtRisk, BuysOften, CategoryFan, ChannelPreference, Lapsed, Loyal, New, NewProductAudience,
    OneTimeBuyer, PriceSensitive, Reactivated, RegionSeason, Season, Seasonal, ShopsAt,
};
use kohort::transaction::LineKind;

use super::{DAY, holds, shop};

struct PlainLine {
    category: String,
    product: String,
    channel: String,
    country: String,
    gross: i64,
    discount: i64,
}

struct PlainOrder {
    time: i64,
    lines: Vec<PlainLine>,
}

/// A customer's orders with the moment, by scanning her lines.
fn orders(history: &History<'_>) -> (Vec<PlainOrder>, i64) {
    let mut orders: BTreeMap<u32, PlainOrder> = BTreeMap::new();
    for line in history.lines().filter(|line| line.kind() == LineKind::Sale) {
        let text = |attribute| line.text(attribute).unwrap().to_owned();
        let order = orders.entry(line.order()).or_insert(PlainOrder { time: line.time(), lines: Vec::new() });
        order.time = order.time.min(line.time());
        order.lines.push(PlainLine {
            category: text(Attribute::Category),
            product: text(Attribute::Product),
            channel: text(Attribute::Channel),
            country: text(Attribute::Country),
            gross: line.gross().ten_thousandths(),
            discount: line.discount().ten_thousandths(),
        });
    }
    let mut orders: Vec<PlainOrder> = orders.into_values().collect();
    orders.sort_by_key(|order| order.time);
    (orders, history.as_of().micros())
}

/// Orders, moment.
type Plain = fn(&[PlainOrder], i64) -> bool;

fn first(orders: &[PlainOrder]) -> i64 {
    orders[0].time
}

fn last(orders: &[PlainOrder]) -> i64 {
    orders[orders.len() - 1].time
}

/// The UTC hour and month of an order.
fn hour_and_month(order: &PlainOrder) -> (i8, i8) {
    let time = Timestamp::from_microsecond(order.time).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    (time.hour(), time.month())
}

/// How many of the orders meet a condition.
fn count(orders: &[PlainOrder], meets: impl Fn(&PlainOrder) -> bool) -> usize {
    orders.iter().filter(|order| meets(order)).count()
}

fn in_winter(order: &PlainOrder) -> bool {
    matches!(hour_and_month(order).1, 12 | 1 | 2)
}

/// The text with the largest gross, of equals the first, and that gross.
fn largest<'o>(
    orders: impl IntoIterator<Item = &'o PlainOrder>,
    text: fn(&PlainLine) -> &str,
) -> (String, i64) {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for line in orders.into_iter().flat_map(|order| &order.lines) {
        *sums.entry(text(line).to_owned()).or_default() += line.gross;
    }
    let most = *sums.values().max().unwrap();
    (sums.into_iter().find(|(_, gross)| *gross == most).unwrap().0, most)
}

fn has_category(order: &PlainOrder, category: &str) -> bool {
    order.lines.iter().any(|line| line.category == category)
}

#[test]
fn each_template_is_what_a_scan_of_the_lines_finds() {
    let cases: Vec<(Predicate, Plain)> = vec![
        (New::default().predicate().unwrap(), |orders, now| now - first(orders) < 30 * DAY),
        (New::default().within_days(200).predicate().unwrap(), |orders, now| now - first(orders) < 200 * DAY),
        (Active::default().predicate().unwrap(), |orders, now| now - last(orders) < 90 * DAY),
        (Loyal::default().predicate().unwrap(), |orders, now| {
            orders.len() >= 3 && now - first(orders) >= 30 * DAY && now - last(orders) < 90 * DAY
        }),
        (AtRisk::default().predicate().unwrap(), |orders, now| {
            (90 * DAY..365 * DAY).contains(&(now - last(orders)))
        }),
        (AtRisk::default().silent_days(30).lapsed_days(60).orders(4).predicate().unwrap(), |orders, now| {
            (30 * DAY..60 * DAY).contains(&(now - last(orders))) && orders.len() >= 4
        }),
        (Lapsed::default().predicate().unwrap(), |orders, now| now - last(orders) >= 365 * DAY),
        (Reactivated::default().silent_days(150).predicate().unwrap(), |orders, now| {
            let ago = |order: &PlainOrder| now - order.time;
            orders.iter().any(|order| ago(order) < 90 * DAY)
                && orders.iter().any(|order| ago(order) >= 240 * DAY)
                && !orders.iter().any(|order| (90 * DAY..240 * DAY).contains(&ago(order)))
        }),
        (OneTimeBuyer::default().predicate().unwrap(), |orders, _| orders.len() == 1),
        (OneTimeBuyer::default().waited_days(20).predicate().unwrap(), |orders, now| {
            orders.len() == 1 && now - last(orders) >= 20 * DAY
        }),
        (PriceSensitive::default().predicate().unwrap(), |orders, _| {
            let lines = || orders.iter().flat_map(|order| &order.lines);
            let on_discount: i64 = lines().filter(|line| line.discount > 0).map(|line| line.gross).sum();
            orders.len() >= 2 && 2 * on_discount > lines().map(|line| line.gross).sum::<i64>()
        }),
        (ShopsAt::morning().share(0.5).orders(2).predicate().unwrap(), |orders, _| {
            let then = count(orders, |order| (6..12).contains(&hour_and_month(order).0));
            orders.len() >= 2 && 2 * then >= orders.len()
        }),
        (ShopsAt::evening().predicate().unwrap(), |orders, _| {
            let then = count(orders, |order| hour_and_month(order).0 >= 18);
            orders.len() >= 3 && 4 * then >= 3 * orders.len()
        }),
        (Seasonal::of(Season::Winter).predicate().unwrap(), |orders, now| {
            let then = count(orders, in_winter);
            orders.len() >= 3 && 4 * then >= 3 * orders.len() && now - first(orders) >= 365 * DAY
        }),
        (RegionSeason::of(["AT", "CH"], Season::Winter).predicate().unwrap(), |orders, _| {
            let country = largest(orders, |line| &line.country).0;
            orders.len() >= 2
                && 2 * count(orders, in_winter) >= orders.len()
                && ["AT", "CH"].contains(&country.as_str())
        }),
        (ChannelPreference::of("app").predicate().unwrap(), |orders, _| {
            let through = count(orders, |order| largest([order], |line| &line.channel).0 == "app");
            orders.len() >= 3 && 4 * through >= 3 * orders.len()
        }),
        (CategoryFan::of("shoes").predicate().unwrap(), |orders, _| {
            let (category, gross) = largest(orders, |line| &line.category);
            let all: i64 = orders.iter().flat_map(|order| &order.lines).map(|line| line.gross).sum();
            orders.len() >= 3 && category == "shoes" && 2 * gross >= all
        }),
        (CategoryFan::default().share(0.9).orders(2).predicate().unwrap(), |orders, _| {
            let (_, gross) = largest(orders, |line| &line.category);
            let all: i64 = orders.iter().flat_map(|order| &order.lines).map(|line| line.gross).sum();
            orders.len() >= 2 && 10 * gross >= 9 * all
        }),
        (BuysOften::of("dresses").never("shoes").predicate().unwrap(), |orders, now| {
            let lately = |order: &PlainOrder| now - order.time <= 365 * DAY;
            count(orders, |order| lately(order) && has_category(order, "dresses")) >= 3
                && count(orders, |order| has_category(order, "shoes")) == 0
        }),
        (NewProductAudience::of("tops").predicate().unwrap(), |orders, now| {
            count(orders, |order| now - order.time <= 180 * DAY && has_category(order, "tops")) >= 2
        }),
    ];
    let shop = shop();
    for (predicate, plain) in cases {
        let custom = Custom::count("plain", move |history| {
            let (orders, now) = orders(history);
            Some(u32::from(plain(&orders, now)))
        });
        let (found, table) = holds(&predicate, &shop, vec![custom]);
        let expected: Vec<bool> = table.counts("plain").unwrap().iter().map(|mark| *mark == 1).collect();
        let (some, all) = (expected.iter().filter(|is| **is).count(), expected.len());
        assert!(some > 0 && some < all, "{predicate}: {some} of {all} tell nothing");
        assert!(found == expected, "{predicate}");
    }
}

#[test]
fn who_has_the_product_already_is_not_told_of_it() {
    let shop = shop();
    let buyers = |product: &'static str| {
        Custom::count("has_it", move |history| {
            let lines = orders(history).0.into_iter().flat_map(|order| order.lines);
            Some(lines.filter(|line| line.product == product).count() as u32)
        })
    };
    // Some product of the category.
    let products = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let collected = products.clone();
    let collect = Custom::count("collect", move |history| {
        for line in orders(history).0.into_iter().flat_map(|order| order.lines) {
            if line.category == "tops" {
                *collected.lock().unwrap().entry(line.product).or_default() += 1;
            }
        }
        Some(0)
    });
    let all = NewProductAudience::of("tops").predicate().unwrap();
    let (everyone, _) = holds(&all, &shop, vec![collect]);
    let bought = products.lock().unwrap().clone();
    let product: &'static str = bought.iter().max_by_key(|(_, lines)| **lines).unwrap().0.clone().leak();

    let without = NewProductAudience::of("tops").without_product(product).predicate().unwrap();
    let (found, table) = holds(&without, &shop, vec![buyers(product)]);
    let has_it = table.counts("has_it").unwrap();
    let expected: Vec<bool> = (0..found.len()).map(|row| everyone[row] && has_it[row] == 0).collect();
    assert!(found == expected);
    assert!(found != everyone, "someone has it");
}
