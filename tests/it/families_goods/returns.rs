//! Returns, against plain loops and examples that can be counted on one's fingers.

use std::collections::{BTreeMap, BTreeSet};

use kohort::{Error, FeatureTable, IdKind, LogRules, TransactionLog};
use proptest::prelude::*;

use super::{Back, Cell, Kind, Plain, Row, builder, came_back, check, column, log_of, rows, share, shop};
use crate::features::DAY;

/// The rates of some orders: by value, items, orders and lines.
fn rates(rows: &[Row], back: &[(i64, i64)], own: &[usize]) -> [Option<f64>; 4] {
    let sent = || own.iter().filter(|i| !rows[**i].note);
    let sales = || own.iter().filter(|i| rows[**i].is_sale());
    let orders: BTreeSet<&str> = sales().map(|i| rows[*i].order.as_str()).collect();
    let returning: BTreeSet<&str> =
        sent().filter(|i| back[**i] != (0, 0)).map(|i| rows[*i].order.as_str()).collect();
    let lines = sales().filter(|i| back[**i] != (0, 0) && 2 * back[**i].0 >= rows[**i].pieces).count();
    [
        share(sent().map(|i| back[*i].1).sum(), sales().map(|i| rows[*i].paid()).sum()),
        share(sent().map(|i| back[*i].0).sum(), sent().map(|i| rows[*i].pieces).sum()),
        share(returning.len() as i64, orders.len() as i64),
        share(lines as i64, sales().count() as i64),
    ]
}

pub(super) fn plain(rows: &[Row], kind: Kind, as_of: i64) -> Plain {
    let found = came_back(rows, kind, as_of);
    let mut back = vec![(0, 0); rows.len()];
    for part in &found {
        back[part.row] = (back[part.row].0 + part.pieces, back[part.row].1 + part.value);
    }
    // The column of times is there as soon as any line has one, whenever that is.
    let always = i64::MAX / 2;
    let timed = kind == Kind::Notes || came_back(rows, kind, always).iter().any(|part| part.waited.is_some());
    let mut placed: BTreeMap<(u64, &str), i64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.time < as_of && row.is_sale()) {
        let time = placed.entry((row.customer, &row.order)).or_insert(row.time);
        *time = row.time.min(*time);
    }
    let mut customers: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate().filter(|(_, row)| row.time < as_of) {
        customers.entry(row.customer).or_default().push(i);
    }
    let mut waits: BTreeMap<u64, Vec<&Back>> = BTreeMap::new();
    for part in found.iter().filter(|part| part.waited.is_some()) {
        waits.entry(rows[part.row].customer).or_default().push(part);
    }
    let mut table = Plain::new();
    for (customer, own) in customers {
        let placed_before = |moment: i64| {
            let before =
                |i: &usize| placed.get(&(customer, rows[*i].order.as_str())).is_some_and(|t| *t < moment);
            own.iter().copied().filter(before).collect::<Vec<usize>>()
        };
        let (all, mature) = (placed_before(as_of), placed_before(as_of - 20 * DAY));
        let [_, _, by_orders, by_lines] = rates(rows, &back, &all);
        let [value_mature, items_mature, orders_mature, lines_mature] = rates(rows, &back, &mature);
        let returning: BTreeSet<&str> =
            all.iter().filter(|i| back[**i] != (0, 0)).map(|i| rows[*i].order.as_str()).collect();
        let pieces = all.iter().map(|i| back[*i].0).sum();
        let attributed: i64 = own.iter().map(|i| back[*i].1).sum();
        let credited = match kind {
            Kind::Notes => own.iter().filter(|i| rows[**i].note).map(|i| rows[*i].gross).sum(),
            _ => attributed,
        };
        let mut features = vec![
            ("return_rate_orders", by_orders),
            ("return_rate_lines", by_lines),
            ("return_rate_mature", value_mature),
            ("return_rate_items_mature", items_mature),
            ("return_rate_orders_mature", orders_mature),
            ("return_rate_lines_mature", lines_mature),
            ("items_per_returning_order", share(pieces, returning.len() as i64)),
            ("returned_attributed_share", share(attributed, credited)),
        ];
        if timed {
            let own = waits.remove(&customer).unwrap_or_default();
            let mean = |weight: fn(&Back) -> i64| {
                let weights: i64 = own.iter().map(|part| weight(part)).sum();
                let days = own
                    .iter()
                    .map(|part| part.waited.unwrap_or_default() as f64 / DAY as f64 * weight(part) as f64);
                (weights > 0).then(|| days.sum::<f64>() / weights as f64)
            };
            features.push(("days_to_return", mean(|part| part.pieces)));
            features.push(("days_to_refund", mean(|part| part.value)));
        }
        let cells = features.into_iter().map(|(name, value)| (name.to_owned(), Cell::Number(value)));
        table.insert(customer, cells.collect());
    }
    table
}

fn returns(log: &TransactionLog, as_of: i64) -> FeatureTable {
    builder(as_of).returns().build().unwrap().extract(log).unwrap()
}

fn agrees(rows: &[Row], kind: Kind, day: i64) {
    check(&returns(&log_of(rows, kind), day * DAY), &plain(rows, kind, day * DAY));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn by_flag_agree_with_plain_loops(rows in rows(Kind::Flag), day in 1_i64..110) {
        agrees(&rows, Kind::Flag, day);
    }

    #[test]
    fn by_quantity_agree_with_plain_loops(rows in rows(Kind::Quantity), day in 1_i64..110) {
        agrees(&rows, Kind::Quantity, day);
    }

    #[test]
    fn by_amount_agree_with_plain_loops(rows in rows(Kind::Amount), day in 1_i64..110) {
        agrees(&rows, Kind::Amount, day);
    }

    #[test]
    fn by_credit_note_agree_with_plain_loops(rows in rows(Kind::Notes), day in 1_i64..110) {
        agrees(&rows, Kind::Notes, day);
    }

    #[test]
    fn without_times_have_no_days((kind, mut rows) in shop(), day in 1_i64..110) {
        for row in &mut rows {
            row.after = None;
        }
        let table = returns(&log_of(&rows, kind), day * DAY);
        prop_assert_eq!(table.has("days_to_return"), kind == Kind::Notes);
        check(&table, &plain(&rows, kind, day * DAY));
    }

    #[test]
    fn keep_their_laws((kind, rows) in shop(), day in 1_i64..200) {
        let log = log_of(&rows, kind);
        let base = kohort::Feature::ALL.iter().copied().filter(|feature| feature.name() != "channel_share");
        let base = base.filter(|feature| ["orders_with_return", "orders", "lines_returned", "lines", "return_rate"].contains(&feature.name()));
        let table = builder(day * DAY).features(base).returns().build().unwrap().extract(&log).unwrap();
        let of = |name: &str| column(&table, name);
        for row in 0..table.len() {
            let one = |name: &str| of(name)[row];
            for name in table.names().filter(|name| name.contains("rate") || name.contains("share")) {
                prop_assert!(one(name).is_none_or(|rate| (0.0..=1.0).contains(&rate)), "{}", name);
            }
            let rate = |part: &str, whole: &str| one(part).zip(one(whole)).filter(|pair| pair.1 > 0.0).map(|(a, b)| a / b);
            prop_assert_eq!(one("return_rate_orders"), rate("orders_with_return", "orders"));
            prop_assert_eq!(one("return_rate_lines"), rate("lines_returned", "lines"));
            if day > 80 {
                prop_assert_eq!(one("return_rate_mature"), one("return_rate"), "all are mature");
                prop_assert_eq!(one("return_rate_orders_mature"), one("return_rate_orders"));
                prop_assert_eq!(one("return_rate_lines_mature"), one("return_rate_lines"));
            }
        }
    }
}

/// 1 keeps half of an old order and sends all of a young one back; 2 keeps everything; 3 gets a gift and returns it;
/// 4 is credited for what she never bought.
fn example(kind: Kind) -> Vec<Row> {
    let hours = |hours: i64| Some(hours * DAY / 24);
    let bought = |order: &str, day, pieces: i64, unwanted, after| Row {
        pieces,
        gross: pieces * 100_000,
        unwanted,
        after,
        ..Row::new(1, order, day)
    };
    let gift = Row { gross: 0, unwanted: 1, after: hours(6), ..Row::new(3, "d", 41) };
    if kind == Kind::Notes {
        let note = |row: Row| Row { note: true, ..row };
        return vec![
            bought("a", 10, 4, 0, None),
            note(bought("n", 13, 2, 0, None)),
            bought("b", 40, 1, 0, None),
            note(bought("o", 41, 1, 0, None)),
            Row::new(2, "c", 10),
            Row { unwanted: 0, after: None, ..gift },
            note(Row { gross: 300_000, ..Row::new(4, "p", 41) }),
        ];
    }
    vec![bought("a", 10, 4, 2, hours(72)), bought("b", 40, 1, 1, hours(24)), Row::new(2, "c", 10), gift]
}

#[test]
fn examples_counted_by_hand() {
    let moment = 50 * DAY;
    for kind in [Kind::Quantity, Kind::Notes] {
        let table = returns(&log_of(&example(kind), kind), moment);
        let first = |name: &str| column(&table, name)[0];
        assert_eq!(first("return_rate_orders"), Some(1.0));
        assert_eq!(first("return_rate_lines"), Some(1.0), "half of a line is enough");
        assert_eq!(first("return_rate_mature"), Some(0.5), "only the first order is older than twenty days");
        assert_eq!(first("return_rate_items_mature"), Some(0.5));
        assert_eq!(first("return_rate_orders_mature"), Some(1.0));
        assert_eq!(first("return_rate_lines_mature"), Some(1.0));
        assert_eq!(first("items_per_returning_order"), Some(1.5));
        assert_eq!(first("returned_attributed_share"), Some(1.0));
        assert_eq!(first("days_to_return"), Some((2.0 * 3.0 + 1.0) / 3.0));
        assert_eq!(first("days_to_refund"), Some((20.0 * 3.0 + 10.0) / 30.0));
        let second = |name: &str| column(&table, name)[1];
        for rate in table.names().filter(|name| name.starts_with("return_rate")) {
            assert_eq!(second(rate), Some(0.0), "{rate}");
        }
        for nothing in
            ["items_per_returning_order", "returned_attributed_share", "days_to_return", "days_to_refund"]
        {
            assert_eq!(second(nothing), None, "{nothing}");
        }
        let third = |name: &str| column(&table, name)[2];
        for name in table.names().filter(|name| *name != "days_to_return") {
            assert_eq!(third(name), None, "a gift is no order: {name}");
        }
        // Pieces came back, if no value: the time is known where the line says it.
        assert_eq!(third("days_to_return"), Some(0.25).filter(|_| kind == Kind::Quantity));
        if kind == Kind::Notes {
            let fourth = |name: &str| column(&table, name)[3];
            for name in table.names().filter(|name| *name != "returned_attributed_share") {
                assert_eq!(fourth(name), None, "{name}");
            }
            assert_eq!(fourth("returned_attributed_share"), Some(0.0), "credited, and for no known sale");
        }
        check(&table, &plain(&example(kind), kind, moment));
    }
}

#[test]
fn what_comes_back_after_the_moment_is_not_back_yet() {
    for kind in [Kind::Quantity, Kind::Notes] {
        let log = log_of(&example(kind), kind);
        let at = |day: i64, name: &str| column(&returns(&log, day * DAY), name)[0];
        assert_eq!((at(13, "return_rate_orders"), at(14, "return_rate_orders")), (Some(0.0), Some(1.0)));
        assert_eq!((at(13, "days_to_return"), at(14, "days_to_return")), (None, Some(3.0)));
        assert_eq!(
            (at(30, "return_rate_mature"), at(31, "return_rate_mature")),
            (None, Some(0.5)),
            "strictly older"
        );
    }
}

#[test]
fn a_log_without_a_record_of_returns_is_refused() {
    let rules = LogRules::builder("EUR").build().unwrap();
    let log = TransactionLog::builder(&rules, IdKind::Number).build().unwrap();
    let refused = builder(DAY).returns().build().unwrap().extract(&log).unwrap_err();
    assert!(matches!(&refused, Error::FeatureNeeds { needs, .. } if needs.contains("returns")), "{refused}");
}

#[test]
fn a_customer_with_a_thousand_credit_notes_for_one_sale_is_capped_at_what_she_bought() {
    let mut rows = vec![Row { pieces: 10, gross: 1_000_000, ..Row::new(1, "a", 1) }];
    rows.extend((0..1_000).map(|n| Row { note: true, ..Row::new(1, &format!("n{n}"), 2 + n % 30) }));
    let table = returns(&log_of(&rows, Kind::Notes), 100 * DAY);
    assert_eq!(column(&table, "returned_attributed_share"), [Some(0.01)]);
    assert_eq!(column(&table, "items_per_returning_order"), [Some(10.0)]);
    check(&table, &plain(&rows, Kind::Notes, 100 * DAY));
}
