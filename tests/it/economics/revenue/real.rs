//! What moved the net revenue of Online Retail between the halves of 2011, against a reading of the file of its own.

use std::collections::{BTreeMap, BTreeSet};

use flate2::read::GzDecoder;
use kohort::economics::RevenueDrivers;
use kohort::economics::revenue::{RevenueChange, RevenueOf};
use kohort::{AsOf, FeatureExtractor, MoneyTotal, Segmenter, StarterSegments, Window, Zone};

use crate::real_data::{data_file, online_retail};

/// One customer's half-year; money in ten-thousandths.
#[derive(Clone, Default)]
struct Half {
    invoices: BTreeSet<String>,
    gross: i128,
    returned: i128,
}

/// Both halves of every customer, read with a plain loop.
fn halves() -> Option<BTreeMap<String, [Half; 2]>> {
    let file = std::fs::File::open(data_file("online_retail_2010_2011.csv.gz")?).unwrap();
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    let mut customers: BTreeMap<String, [Half; 2]> = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap();
        let (invoice, time) = (&record[0], &record[4]);
        if record[6].is_empty() || invoice.starts_with('A') || time < "2011" {
            continue;
        }
        let half = &mut customers.entry(record[6].to_owned()).or_default()[usize::from(time >= "2011-07")];
        let (whole, decimals) = record[5].split_once('.').unwrap_or((&record[5], ""));
        let unit: i128 = format!("{whole}{decimals:0<4}").parse().unwrap();
        let value = record[3].parse::<i128>().unwrap() * unit;
        if invoice.starts_with('C') {
            half.returned -= value;
        } else if value > 0 {
            half.invoices.insert(invoice.to_owned());
            half.gross += value;
        }
    }
    Some(customers)
}

fn drivers() -> RevenueDrivers {
    let london = Zone::named("Europe/London").unwrap();
    let first = Window::dates("2011-01-01", "2011-07-01", &london).unwrap();
    let second = Window::dates("2011-07-01", "2012-01-01", &london).unwrap();
    RevenueDrivers::builder(first, second, AsOf::date("2011-12-10", &london).unwrap()).build().unwrap()
}

fn money(ten_thousandths: i128) -> MoneyTotal {
    MoneyTotal::from_ten_thousandths(ten_thousandths)
}

#[test]
fn the_halves_of_2011_are_those_of_a_plain_reading() {
    let (Some(log), Some(halves)) = (online_retail(&[]), halves()) else { return };
    let change = drivers().compare(&log);
    for (found, half) in [(&change.before, 0), (&change.after, 1)] {
        let buying = halves.values().filter(|halves| !halves[half].invoices.is_empty()).count();
        assert_eq!(found.customers, buying as u64);
        assert_eq!(
            found.orders,
            halves.values().map(|halves| halves[half].invoices.len() as u64).sum::<u64>()
        );
        assert_eq!(found.gross, money(halves.values().map(|halves| halves[half].gross).sum()));
        assert_eq!(found.returned, Some(money(halves.values().map(|halves| halves[half].returned).sum())));
    }
    assert_eq!(change.before.window.days.to_string(), "180.95833333333334", "clocks went forward in March");
    assert_eq!(change.after.window.until.to_string(), "2011-12-10T00:00:00+00:00[Europe/London]");

    let mut groups: BTreeMap<[bool; 2], (u64, i128, i128)> = BTreeMap::new();
    for halves in halves.values() {
        let nets = halves.each_ref().map(|half| half.gross - half.returned);
        let nothing = halves.iter().all(|half| half.invoices.is_empty() && half.returned == 0);
        let sums = groups.entry(halves.each_ref().map(|half| !half.invoices.is_empty())).or_default();
        *sums = (sums.0 + u64::from(!nothing), sums.1 + nets[0], sums.2 + nets[1]);
    }
    let of = |present: [bool; 2]| {
        let (customers, before, after) = groups[&present];
        RevenueOf { customers, before: money(before), after: money(after) }
    };
    assert_eq!(change.kept, of([true, true]));
    assert_eq!(change.gained, of([false, true]));
    assert_eq!(change.lost, of([true, false]));
    assert_eq!(change.returns_only, of([false, false]));
    parts_are_shapley_values(&change);
}

/// By going through all 24 orders of four factors: the file has no discounts.
fn parts_are_shapley_values(change: &RevenueChange) {
    let [before, after] = [&change.before, &change.after].map(|window| {
        let (orders, rate) = (window.orders_per_customer.unwrap(), window.return_rate.unwrap());
        [window.customers as f64, orders, window.basket.unwrap(), 1.0 - rate]
    });
    let mut parts = [0.0; 4];
    for code in 0..256_usize {
        let order: Vec<usize> = (0..4_u32).map(|place| code >> (2 * place) & 3).collect();
        if order.iter().collect::<BTreeSet<_>>().len() == 4 {
            let mut now = before;
            for factor in order {
                let earlier: f64 = now.iter().product();
                now[factor] = after[factor];
                parts[factor] += (now.iter().product::<f64>() - earlier) / 24.0;
            }
        }
    }
    let found = &change.parts;
    assert_eq!((found.discount, found.total()), (None, change.change));
    let found = [found.customers, found.orders_per_customer, found.basket, found.returns.unwrap()];
    for (found, plain) in found.into_iter().zip(parts) {
        assert!((found.to_f64() - plain).abs() < 0.001, "{found} is not {plain}");
    }
}

#[test]
fn segments_of_the_first_half_add_up_to_the_shop() {
    let Some(log) = online_retail(&[]) else { return };
    let end_of_june = AsOf::date("2011-07-01", &Zone::named("Europe/London").unwrap()).unwrap();
    let customers = FeatureExtractor::builder(end_of_june).build().unwrap().extract(&log).unwrap();
    let starter = StarterSegments::builder().build().unwrap().fit(&customers).unwrap();
    let segments = starter.segment(&customers).unwrap();
    let found = drivers().compare_segments(&log, &segments).unwrap();
    assert_eq!(found.shop, drivers().compare(&log));
    let net =
        |window: fn(&RevenueChange) -> MoneyTotal| found.segments.iter().map(window).sum::<MoneyTotal>();
    assert_eq!(net(|change| change.before.net), found.shop.before.net);
    assert_eq!(net(|change| change.after.net), found.shop.after.net);
    assert!(found.segments.iter().all(|change| change.parts.total() == change.change));
    assert_eq!(found.mix.total(), MoneyTotal::ZERO);
    // As of the end of June those without a segment had not bought, so that all of their sales were gained.
    let newcomers = found.segments.last().unwrap();
    assert_eq!((newcomers.before.customers, newcomers.before.orders, newcomers.kept.customers), (0, 0, 0));
    assert_eq!(newcomers.parts.customers, newcomers.after.net);
    assert_eq!(newcomers.parts.returns, Some(-newcomers.before.net));
}
