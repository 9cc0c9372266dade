//! Prices, against plain loops and examples that can be counted on one's fingers.

use std::collections::{BTreeMap, BTreeSet};

use kohort::{CustomerId, Error, FeatureTable, IdKind, Money, TransactionLog};
use proptest::prelude::*;

use super::{Cell, Kind, Plain, Row, builder, check, column, log_of, rules, sales_of, share, shop, sums};
use crate::features::DAY;

pub(super) fn plain(rows: &[Row], as_of: i64) -> Plain {
    let sales = sales_of(rows, as_of);
    let all: Vec<&Row> = sales.values().flatten().map(|i| &rows[*i]).collect();
    let gross_of = sums(all.iter().copied(), |row| Some(&row.category), |row| row.gross);
    let pieces_of = sums(all.iter().copied(), |row| Some(&row.category), |row| row.pieces);
    let total = |of: &[&Row], value: fn(&Row) -> i64| of.iter().map(|row| value(row)).sum::<i64>();
    let gross = |of: &[&Row]| total(of, |row| row.gross);
    let on_discount = |of: &[&Row]| total(of, |row| if row.off > 0 { row.gross } else { 0 });
    let off = |of: &[&Row]| total(of, |row| row.off);
    let [all_gross, all_on_discount, all_off] = [gross(&all), on_discount(&all), off(&all)];
    let mut table = Plain::new();
    for (customer, own) in &sales {
        let own: Vec<&Row> = own.iter().map(|i| &rows[*i]).collect();
        let orders: BTreeSet<&str> = own.iter().map(|row| row.order.as_str()).collect();
        let reduced: BTreeSet<&str> =
            own.iter().filter(|row| row.off > 0).map(|row| row.order.as_str()).collect();
        let usual: f64 = own
            .iter()
            .map(|row| row.pieces as f64 * gross_of[&row.category] as f64 / pieces_of[&row.category] as f64)
            .sum();
        let level = (!own.is_empty()).then(|| gross(&own) as f64 / usual);
        let score = level.filter(|_| all_off > 0).map(|level| {
            let rate = off(&own) as f64 / gross(&own) as f64;
            let shop_rate = all_off as f64 / all_gross as f64;
            let part = on_discount(&own) as f64 / gross(&own) as f64;
            let own_score = (part + rate / (rate + shop_rate) + 1.0 / (1.0 + level)) / 3.0;
            let shop_score = (all_on_discount as f64 / all_gross as f64 + 1.0) / 3.0;
            let n = orders.len() as f64;
            n / (n + 4.0) * own_score + 4.0 / (n + 4.0) * shop_score
        });
        let full_price = orders.len() - reduced.len();
        let features = [
            ("gross_on_discount_share", share(on_discount(&own), gross(&own))),
            ("orders_on_discount_share", share(reduced.len() as i64, orders.len() as i64)),
            ("discount_depth", share(off(&own), on_discount(&own))),
            ("price_level", level),
            ("price_sensitivity", score),
            ("orders_full_price", Some(full_price as f64)),
        ];
        table.insert(
            *customer,
            features.into_iter().map(|(name, value)| (name.to_owned(), Cell::Number(value))).collect(),
        );
    }
    table
}

pub(super) fn prices(log: &TransactionLog, as_of: i64) -> FeatureTable {
    builder(as_of).prices().build().unwrap().extract(log).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn agree_with_plain_loops((kind, rows) in shop(), day in 1_i64..70) {
        let log = log_of(&rows, kind);
        check(&prices(&log, day * DAY), &plain(&rows, day * DAY));
        let level = builder(day * DAY).price_level().build().unwrap().extract(&log).unwrap();
        prop_assert_eq!(level.names().collect::<Vec<_>>(), ["price_level"]);
        let all = prices(&log, day * DAY);
        prop_assert_eq!(level.column("price_level").unwrap(), all.column("price_level").unwrap());
    }

    #[test]
    fn keep_their_laws((kind, rows) in shop(), day in 1_i64..70) {
        let table = builder(day * DAY)
            .features([kohort::Feature::Gross, kohort::Feature::Orders, kohort::Feature::DiscountShare])
            .prices().build().unwrap().extract(&log_of(&rows, kind)).unwrap();
        let of = |name| column(&table, name);
        let (gross, level) = (of("gross"), of("price_level"));
        let usual: f64 = gross.iter().zip(&level).filter_map(|(gross, level)| Some((*gross)? / (*level)?)).sum();
        let whole: f64 = gross.iter().flatten().sum();
        prop_assert!((usual - whole).abs() < 1e-9 * whole.max(1.0), "the shop as a whole pays what things cost");
        for row in 0..table.len() {
            let one = |name| of(name)[row];
            let product = one("gross_on_discount_share").zip(one("discount_depth")).map(|(part, depth)| part * depth);
            let off = one("discount_share").unwrap_or_default();
            prop_assert!((product.unwrap_or_default() - off).abs() < 1e-12, "{:?} and {}", product, off);
            let reduced = one("orders_on_discount_share").map_or(0.0, |part| part * one("orders").unwrap());
            let orders = one("orders_full_price").unwrap() + reduced;
            prop_assert!((orders - one("orders").unwrap()).abs() < 1e-9);
            for name in ["gross_on_discount_share", "orders_on_discount_share", "discount_depth", "price_sensitivity"] {
                prop_assert!(one(name).is_none_or(|value| (0.0..=1.0).contains(&value)), "{}", name);
            }
        }
    }
}

/// 1 buys a coat at 40 and a reduced one at 80, then a sock; 2 a coat at 120; 3 gets a sock for nothing; 4 sends one
/// back that nobody knows of; 5 buys after the moment.
fn example() -> Vec<Row> {
    let of = |row: Row, category: &str, gross: i64, off: i64| Row {
        category: Some(category.to_owned()),
        gross: gross * 10_000,
        off: off * 10_000,
        ..row
    };
    vec![
        of(Row::new(1, "a", 1), "coat", 40, 0),
        of(Row::new(1, "a", 1), "coat", 80, 20),
        Row { pieces: 2, ..of(Row::new(1, "b", 2), "sock", 8, 0) },
        of(Row::new(2, "c", 3), "coat", 120, 0),
        of(Row::new(3, "d", 3), "sock", 0, 0),
        Row { note: true, ..of(Row::new(4, "e", 3), "coat", 500, 0) },
        of(Row::new(5, "f", 9), "coat", 900, 900),
    ]
}

#[test]
fn an_example_counted_by_hand() {
    let table = prices(&log_of(&example(), Kind::Notes), 9 * DAY);
    assert_eq!(table.ids().len(), 4, "who buys later is not there");
    // Coats cost 240 / 3 = 80 on average, socks 4.
    let level = 128.0 / (2.0 * 80.0 + 2.0 * 4.0);
    let close = |name: &str, expected: [Option<f64>; 4]| {
        for (found, expected) in column(&table, name).into_iter().zip(expected) {
            let same = match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
                (found, expected) => found == expected,
            };
            assert!(same, "{name}: {found:?} instead of {expected:?}");
        }
    };
    close("gross_on_discount_share", [Some(80.0 / 128.0), Some(0.0), None, None]);
    close("orders_on_discount_share", [Some(0.5), Some(0.0), None, None]);
    close("discount_depth", [Some(0.25), None, None, None]);
    close("orders_full_price", [Some(1.0), Some(1.0), Some(0.0), Some(0.0)]);
    close("price_level", [Some(level), Some(1.5), None, None]);
    // Of 248 the shop sold 80 on discount, 20 off.
    let (own_rate, shop_rate) = (20.0 / 128.0, 20.0 / 248.0);
    let first = (80.0 / 128.0 + own_rate / (own_rate + shop_rate) + 1.0 / (1.0 + level)) / 3.0;
    let second = (0.0 + 0.0 + 1.0 / 2.5) / 3.0;
    let shop = (80.0 / 248.0 + 0.5 + 0.5) / 3.0;
    let drawn = |own: f64, orders: f64| Some((orders * own + 4.0 * shop) / (orders + 4.0));
    close("price_sensitivity", [drawn(first, 2.0), drawn(second, 1.0), None, None]);
}

#[test]
fn discounts_after_the_moment_do_not_count_and_without_any_nobody_is_sensitive() {
    let rows: Vec<Row> = example().into_iter().filter(|row| row.off == 0 || row.customer == 5).collect();
    let table = prices(&log_of(&rows, Kind::Notes), 9 * DAY);
    assert_eq!(column(&table, "price_sensitivity"), [None; 4]);
    assert_eq!(column(&table, "discount_depth"), [None; 4]);
    assert_eq!(column(&table, "gross_on_discount_share"), [Some(0.0), Some(0.0), None, None]);
    let later = prices(&log_of(&rows, Kind::Notes), 10 * DAY);
    assert!(column(&later, "price_sensitivity").iter().filter(|score| score.is_some()).count() == 3);
}

/// A log of lines that only have a price.
fn bare(customers: &[(u64, i64)]) -> TransactionLog {
    let mut builder = TransactionLog::builder(&rules(Kind::Flag), IdKind::Number);
    for (customer, price) in customers {
        let price = kohort::transaction::Price::Unit(Money::from_ten_thousandths(price * 10_000));
        let mut line = kohort::transaction::OrderLine::new(CustomerId::Number(*customer), 0, price);
        line.order = Some("1".into());
        builder.push(line).unwrap();
    }
    builder.build().unwrap()
}

#[test]
fn a_log_without_discounts_has_a_price_level_and_nothing_else() {
    let log = bare(&[(1, 5), (2, 15), (2, 10)]);
    let refused = builder(DAY).prices().build().unwrap().extract(&log).unwrap_err();
    assert!(matches!(&refused, Error::FeatureNeeds { needs, .. } if needs.contains("discount")), "{refused}");
    let table = builder(DAY).price_level().build().unwrap().extract(&log).unwrap();
    assert_eq!(
        column(&table, "price_level"),
        [Some(0.5), Some(1.25)],
        "without categories all goods are of one kind"
    );
    let both = builder(DAY).prices().price_level().build().unwrap().extract(&log_of(&example(), Kind::Notes));
    assert!(matches!(both, Err(Error::DuplicateFeature { feature }) if feature == "price_level"));
}

#[test]
fn a_customer_who_pays_what_the_category_costs_is_at_one_whatever_she_buys() {
    let priced = |customer, category: &str, gross, pieces| Row {
        category: Some(category.to_owned()),
        gross,
        pieces,
        ..Row::new(customer, "a", 1)
    };
    let rows = [
        priced(1, "dear", 900_000, 1),
        priced(1, "dear", 1_100_000, 1),
        priced(2, "cheap", 30_000, 3),
        priced(3, "cheap", 10_000, 1),
        priced(3, "dear", 2_000_000, 2),
    ];
    let levels: BTreeMap<u64, f64> = plain(&rows, 2 * DAY)
        .into_iter()
        .map(|(customer, features)| match features["price_level"] {
            Cell::Number(Some(level)) => (customer, level),
            _ => (customer, 0.0),
        })
        .collect();
    assert!(levels.values().all(|level| (level - 1.0).abs() < 1e-12), "{levels:?}");
    check(&prices(&log_of(&rows, Kind::Quantity), 2 * DAY), &plain(&rows, 2 * DAY));
}
