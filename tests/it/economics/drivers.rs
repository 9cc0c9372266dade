//! What drives a segment's returns: levels against the shop, from a log whose lines record their returns.

mod lines;

use std::borrow::Cow;
use std::collections::BTreeMap;

use kohort::economics::DriverBy;
use kohort::economics::returns::RatioEstimate;
use kohort::features::FeatureTable;
use kohort::transaction::{CustomerIds, LogColumns, PriceColumn, ReturnedColumn};
use kohort::{Attribute, Category, Error, LogRules, OrderIdentity, Returns, Segmentation, TransactionLog};
use proptest::prelude::*;

use super::{half_for_goods, units};

/// One line: customer, level (3 is none), price, whether it came back.
type Line = (u64, usize, i64, bool);

const LEVELS: [Option<&str>; 4] = [Some("acme"), Some("bolt"), Some("coil"), None];

fn log(lines: &[Line], attribute: Attribute) -> TransactionLog {
    let prices: Vec<f64> = lines.iter().map(|line| line.2 as f64).collect();
    let columns = LogColumns::new(
        lines.iter().map(|line| line.0).collect::<Vec<u64>>(),
        vec![1_000_000_i64; lines.len()],
        PriceColumn::Line(Cow::Owned(prices)),
    )
    .returned(ReturnedColumn::Flag(lines.iter().map(|line| line.3).collect()))
    .attribute(attribute, Category::from_texts(lines.iter().map(|line| LEVELS[line.1])));
    let rules =
        LogRules::builder("EUR").returns(Returns::Flag).orders(OrderIdentity::EachLine).build().unwrap();
    TransactionLog::from_columns(columns, &rules).unwrap()
}

/// Customers 0 to 9, those below `border` in segment `a`.
fn customers(border: usize) -> (FeatureTable, Segmentation) {
    let ids = CustomerIds::numbers((0..10).collect()).unwrap();
    let table = FeatureTable::from_columns(ids, [("gross", units([1; 10]))]).unwrap();
    let of: Vec<Option<usize>> = (0..10).map(|row| Some(usize::from(row >= border))).collect();
    let segments = Segmentation::new(&table, vec!["a".to_owned(), "b".to_owned()], &of).unwrap();
    (table, segments)
}

proptest! {
    #[test]
    fn agrees_with_a_plain_computation_in_any_order_of_lines(
        lines in prop::collection::vec((0_u64..12, 0_usize..4, 1_i64..500, any::<bool>()), 1..80),
    ) {
        let (table, segments) = customers(6);
        prop_assume!(lines.iter().any(|line| line.0 < 10));
        let economics = half_for_goods();
        let drivers = |lines: &[Line]| {
            economics.return_drivers(&log(lines, Attribute::Brand), &table, &segments, "a", Attribute::Brand).unwrap()
        };
        let found = drivers(&lines);
        let reversed: Vec<Line> = lines.iter().rev().copied().collect();
        prop_assert_eq!(&drivers(&reversed), &found);

        let known: Vec<&Line> = lines.iter().filter(|line| line.0 < 10).collect();
        let back = |line: &Line| if line.3 { line.2 as f64 } else { 0.0 };
        let shop_rate = known.iter().map(|line| back(line)).sum::<f64>() / known.iter().map(|line| line.2 as f64).sum::<f64>();
        prop_assert!((found.shop_rate.unwrap() - shop_rate).abs() < 1e-12);
        let mut seen = 0;
        for (position, level) in LEVELS.iter().enumerate() {
            let mut by_customer: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
            let in_level = || known.iter().filter(|line| line.1 == position);
            for line in in_level().filter(|line| line.0 < 6) {
                let sums = by_customer.entry(line.0).or_default();
                *sums = (sums.0 + line.2 as f64, sums.1 + back(line));
            }
            let Some(driver) = found.levels.iter().find(|driver| driver.level.as_deref() == *level) else {
                prop_assert!(by_customer.is_empty());
                continue;
            };
            seen += 1;
            let (value, returned): (Vec<f64>, Vec<f64>) = by_customer.values().copied().unzip();
            prop_assert_eq!(driver.rate, RatioEstimate::of(&value, &returned, 0.95));
            prop_assert_eq!(driver.lines, in_level().filter(|line| line.0 < 6).count() as u64);
            let excess = returned.iter().sum::<f64>() - shop_rate * value.iter().sum::<f64>();
            prop_assert!((driver.excess - excess).abs() < 1e-9);
        }
        prop_assert_eq!(seen, found.levels.len());
        prop_assert!(found.levels.windows(2).all(|pair| pair[0].excess >= pair[1].excess));
    }
}

#[test]
fn every_attribute_of_a_line_can_drive_returns() {
    let lines = [(0, 0, 60, true), (0, 1, 20, false), (3, 3, 50, true), (7, 1, 80, true), (8, 0, 40, false)];
    let (table, segments) = customers(5);
    let economics = half_for_goods();
    let by = |attribute| {
        let drivers =
            economics.return_drivers(&log(&lines, attribute), &table, &segments, "a", attribute).unwrap();
        assert_eq!(drivers.by, DriverBy::Attribute(attribute));
        drivers.levels
    };
    let brands = by(Attribute::Brand);
    assert_eq!(brands.len(), 3, "the lines without a brand stand for themselves");
    // A reason is told of returned lines alone, so it is counted in another way.
    for attribute in Attribute::ALL.into_iter().filter(|attribute| *attribute != Attribute::Reason) {
        assert_eq!(by(attribute), brands, "{attribute}");
    }
}

#[test]
fn reasons_are_shares_of_what_came_back() {
    // Reasons stand on returned lines only: 60 of the segment's 80 came back for `acme`, 60 of the shop's 160.
    let lines = [(0, 0, 60, true), (0, 1, 20, true), (1, 3, 500, false), (7, 1, 80, true), (8, 3, 40, false)];
    let (table, segments) = customers(5);
    let log = log(&lines, Attribute::Reason);
    let drivers = half_for_goods().return_drivers(&log, &table, &segments, "a", Attribute::Reason).unwrap();
    let first = &drivers.levels[0];
    assert_eq!((first.level.as_deref(), first.rate, first.shop_rate), (Some("acme"), None, None));
    assert_eq!((first.share_of_returned, first.shop_share_of_returned), (Some(0.75), Some(0.375)));
    assert!((first.excess - 30.0).abs() < 1e-9);
    assert!(drivers.to_string().contains("share of returns"));
    let rate = drivers.rate.unwrap();
    assert!(
        (rate.rate - 80.0 / 580.0).abs() < 1e-12 && rate.customers == 2,
        "a customer stands once: {rate:?}"
    );
}

#[test]
fn logs_that_cannot_tell_are_refused() {
    let (table, segments) = customers(5);
    let economics = half_for_goods();
    let flagged = log(&[(0, 0, 60, true)], Attribute::Brand);
    let by = |log: &TransactionLog, segment, attribute| {
        economics.return_drivers(log, &table, &segments, segment, attribute).unwrap_err()
    };
    assert!(matches!(by(&flagged, "a", Attribute::Size), Error::FeatureNeeds { .. }));
    assert!(matches!(by(&flagged, "c", Attribute::Brand), Error::UnknownSegment { .. }));
    let strangers = log(&[(77, 0, 60, true)], Attribute::Brand);
    assert!(matches!(by(&strangers, "a", Attribute::Brand), Error::Incompatible { .. }));
    let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build().unwrap();
    let columns = LogColumns::new(vec![0_u64], vec![0_i64], PriceColumn::Line(Cow::Owned(vec![5.0])))
        .attribute(Attribute::Brand, Category::from_texts([Some("acme")]));
    let unrecorded = TransactionLog::from_columns(columns, &rules).unwrap();
    assert!(matches!(by(&unrecorded, "a", Attribute::Brand), Error::FeatureNeeds { .. }));
    // A segment that bought nothing has no levels.
    let drivers = economics.return_drivers(&flagged, &table, &segments, "b", Attribute::Brand).unwrap();
    assert!(drivers.levels.is_empty() && drivers.rate.is_none());
}

/// Customer 0 buys two products and sends the first one back; customer 7 keeps the same.
fn credit_notes(attribute: Attribute, levels: [Option<&str>; 5]) -> TransactionLog {
    let products = [Some("p1"), Some("p2"), Some("p1"), Some("p2"), Some("p1")];
    let columns = LogColumns::new(
        vec![0_u64, 0, 7, 7, 0],
        vec![1_000_000_i64, 1_000_000, 1_000_000, 1_000_000, 9_000_000],
        PriceColumn::Line(Cow::Owned(vec![60.0, 40.0, 60.0, 40.0, -60.0])),
    )
    .attribute(Attribute::Product, Category::from_texts(products))
    .attribute(attribute, Category::from_texts(levels));
    let rules = LogRules::builder("EUR")
        .returns(Returns::CreditNotes { prefix: None })
        .orders(OrderIdentity::EachLine)
        .build()
        .unwrap();
    TransactionLog::from_columns(columns, &rules).unwrap()
}

#[test]
fn credit_notes_count_at_the_sales_they_undo() {
    // The credit note itself names no brand.
    let log = credit_notes(Attribute::Brand, [Some("acme"), Some("bolt"), Some("acme"), Some("bolt"), None]);
    let (table, segments) = customers(5);
    let drivers = half_for_goods().return_drivers(&log, &table, &segments, "a", Attribute::Brand).unwrap();
    let levels: Vec<_> =
        drivers.levels.iter().map(|l| (l.level.as_deref(), l.returned.to_string())).collect();
    assert_eq!(levels, [(Some("acme"), "60.00".to_owned()), (Some("bolt"), "0.00".to_owned())]);
    assert_eq!((drivers.shop_rate, drivers.levels[0].shop_rate), (Some(0.3), Some(0.5)));
}

#[test]
fn reasons_of_credit_notes_stand_on_the_notes() {
    let log = credit_notes(Attribute::Reason, [None, None, None, None, Some("too small")]);
    let (table, segments) = customers(5);
    let drivers = half_for_goods().return_drivers(&log, &table, &segments, "a", Attribute::Reason).unwrap();
    let first = &drivers.levels[0];
    assert_eq!((first.level.as_deref(), first.share_of_returned), (Some("too small"), Some(1.0)));
    assert_eq!((drivers.rate.unwrap().rate.to_string(), drivers.shop_rate), ("0.6".to_owned(), Some(0.3)));
}
