//! Prices, breadth and returns of customers: made-up lines, and what plain loops find in them.

mod breadth;
pub(crate) mod laws;
mod prices;

#[cfg(feature = "csv")]
mod real;
mod returns;

use std::collections::{BTreeMap, BTreeSet};

use kohort::features::{Column, FeatureExtractorBuilder};
use kohort::transaction::{Discount, OrderLine, Price, Returned};
use kohort::{
    AsOf, CustomerId, FeatureExtractor, FeatureTable, IdKind, LogRules, Money, Returns, TransactionLog, Zone,
};
use proptest::prelude::*;

use crate::features::DAY;

/// How returns are recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Flag,
    Quantity,
    Amount,
    Notes,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Flag, Kind::Quantity, Kind::Amount, Kind::Notes];

/// A line in the terms of the plain computation; money in ten-thousandths.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) customer: u64,
    pub(crate) order: String,
    pub(crate) time: i64,
    pub(crate) pieces: i64,
    pub(crate) gross: i64,
    pub(crate) off: i64,
    /// Pieces that the customer wants to send back.
    pub(crate) unwanted: i64,
    /// After how long, where that is recorded.
    pub(crate) after: Option<i64>,
    pub(crate) product: String,
    pub(crate) category: Option<String>,
    pub(crate) brand: Option<String>,
    pub(crate) note: bool,
}

impl Row {
    /// One piece at 10, bought at full price and kept.
    pub(crate) fn new(customer: u64, order: &str, day: i64) -> Self {
        Self {
            customer,
            order: order.to_owned(),
            time: day * DAY,
            pieces: 1,
            gross: 100_000,
            off: 0,
            unwanted: 0,
            after: None,
            product: "p".to_owned(),
            category: None,
            brand: None,
            note: false,
        }
    }

    pub(crate) fn is_sale(&self) -> bool {
        !self.note && self.gross > 0
    }

    pub(crate) fn paid(&self) -> i64 {
        self.gross - self.off
    }

    /// Pieces and value that come back, where that stands on the line.
    fn back(&self, kind: Kind) -> (i64, i64) {
        match kind {
            Kind::Flag if self.unwanted > 0 => (self.pieces, self.paid()),
            Kind::Quantity => (self.unwanted, rounded(self.paid() * self.unwanted, self.pieces)),
            Kind::Amount if self.unwanted > 0 && self.paid() > 0 => {
                let value = self.paid() * (2 * self.unwanted - 1) / (2 * self.pieces);
                (rounded(self.pieces * value, self.paid()), value)
            }
            _ => (0, 0),
        }
    }
}

/// Half to even, in the plainest way.
fn rounded(numerator: i64, denominator: i64) -> i64 {
    let (floor, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    match (2 * rest).cmp(&denominator) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}

/// Few customers, orders, days and texts, so that everything meets everything. A third of the credit notes come of
/// nothing that was bought.
pub(crate) fn rows(kind: Kind) -> impl Strategy<Value = Vec<Row>> {
    let ids = (0_u64..5, 0_u64..6, 0_i64..60 * 4);
    let money = (1_i64..5, 0_i64..4_000, 0_usize..5);
    let back = (0_i64..9, prop::option::weighted(0.7, 0_i64..40 * 24));
    let texts = (0_u8..4, prop::option::weighted(0.8, 0_u8..5), prop::option::weighted(0.8, 0_u8..3));
    let row = (ids, money, back, texts, prop::bool::weighted(0.25)).prop_map(
        move |((customer, order, quarter), (pieces, price, off), (unwanted, after), texts, note)| {
            let unit = if price < 300 { 0 } else { price * 7 + 1 };
            let note = note && kind == Kind::Notes && unit > 0;
            let gross = pieces * unit;
            Row {
                customer,
                order: order.to_string(),
                time: quarter * DAY / 4,
                pieces,
                gross,
                off: if note { 0 } else { gross * [0, 0, 25, 50, 100][off] / 100 },
                unwanted: if unwanted > pieces || kind == Kind::Notes { 0 } else { unwanted },
                after: after.map(|hours| hours * DAY / 24),
                product: format!("p{}", texts.0),
                category: texts.1.map(|category| format!("cat {category}")),
                brand: texts.2.map(|brand| format!("b{brand}")),
                note,
            }
        },
    );
    prop::collection::vec(row, 1..60).prop_map(|mut rows| {
        // One line at least says what was taken off, if nothing: a log where none does has no column of discounts.
        rows[0].note = false;
        rows
    })
}

/// Rows of any convention, and which it is.
pub(crate) fn shop() -> impl Strategy<Value = (Kind, Vec<Row>)> {
    prop::sample::select(&KINDS[..]).prop_flat_map(|kind| (Just(kind), rows(kind)))
}

pub(crate) fn rules(kind: Kind) -> LogRules {
    let returns = match kind {
        Kind::Flag => Returns::Flag,
        Kind::Quantity => Returns::Quantity,
        Kind::Amount => Returns::Amount,
        Kind::Notes => Returns::CreditNotes { prefix: None },
    };
    LogRules::builder("EUR").returns(returns).build().unwrap()
}

pub(crate) fn log_of(rows: &[Row], kind: Kind) -> TransactionLog {
    let mut builder = TransactionLog::builder(&rules(kind), IdKind::Number);
    for row in rows {
        let sign = if row.note { -1 } else { 1 };
        let gross = Money::from_ten_thousandths(sign * row.gross);
        let mut line = OrderLine::new(CustomerId::Number(row.customer), row.time, Price::Line(gross));
        line.order = Some(row.order.clone());
        line.quantity = sign * row.pieces;
        if !row.note {
            line.discount = Discount::Amount(Money::from_ten_thousandths(row.off));
        }
        let (pieces, value) = row.back(kind);
        line.returned = match kind {
            Kind::Flag if row.unwanted > 0 => Returned::All,
            Kind::Notes | Kind::Flag => Returned::Nothing,
            Kind::Quantity => Returned::Quantity(pieces),
            Kind::Amount => Returned::Amount(Money::from_ten_thousandths(value)),
        };
        line.return_time = row.after.filter(|_| (pieces, value) != (0, 0)).map(|after| row.time + after);
        line.product = Some(row.product.clone());
        line.category.clone_from(&row.category);
        line.brand.clone_from(&row.brand);
        builder.push(line).unwrap();
    }
    let log = builder.build().unwrap();
    assert_eq!(log.report().rows_rejected(), 0);
    log
}

/// What came back of one row at once.
pub(crate) struct Back {
    pub(crate) row: usize,
    pub(crate) pieces: i64,
    pub(crate) value: i64,
    /// From the sale to the return.
    pub(crate) waited: Option<i64>,
}

/// What came back before a moment and belongs to a sale before it, by the documented rules.
pub(crate) fn came_back(rows: &[Row], kind: Kind, as_of: i64) -> Vec<Back> {
    let known = (0..rows.len()).filter(|i| rows[*i].time < as_of);
    if kind != Kind::Notes {
        let of = |i: usize| {
            let (row, (pieces, value)) = (&rows[i], rows[i].back(kind));
            let in_time = row.after.is_none_or(|after| row.time + after < as_of);
            let waited = row.after;
            (in_time && (pieces, value) != (0, 0)).then_some(Back { row: i, pieces, value, waited })
        };
        return known.filter_map(of).collect();
    }
    let mut shelves: BTreeMap<(u64, &str), Vec<usize>> = BTreeMap::new();
    for i in known.filter(|i| rows[*i].gross > 0) {
        shelves.entry((rows[i].customer, &rows[i].product)).or_default().push(i);
    }
    let mut found = Vec::new();
    for mut shelf in shelves.into_values() {
        shelf.sort_by_key(|i| {
            let row = &rows[*i];
            (row.time, row.note, row.gross, row.pieces, row.order.clone(), row.off)
        });
        // Pieces and value that each sale has left.
        let mut left: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
        for (place, note) in shelf.iter().enumerate() {
            if !rows[*note].note {
                left.insert(*note, (rows[*note].pieces, rows[*note].paid()));
                continue;
            }
            let (mut pieces, mut value) = (rows[*note].pieces, rows[*note].gross);
            for sale in shelf[..place].iter().rev().filter(|i| !rows[**i].note) {
                let own = left.get_mut(sale).unwrap();
                let take = pieces.min(own.0);
                if take == 0 {
                    continue;
                }
                let share = rounded(value * take, pieces);
                let taken = share.min(own.1);
                *own = (own.0 - take, own.1 - taken);
                (pieces, value) = (pieces - take, value - share);
                let waited = Some(rows[*note].time - rows[*sale].time);
                found.push(Back { row: *sale, pieces: take, value: taken, waited });
            }
        }
    }
    found
}

/// One value of the plain computation.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Cell {
    Number(Option<f64>),
    Text(Option<String>),
}

/// Values by customer and column.
pub(crate) type Plain = BTreeMap<u64, BTreeMap<String, Cell>>;

/// Customers with a line before the moment, and their sale lines, each with its place.
pub(crate) fn sales_of(rows: &[Row], as_of: i64) -> BTreeMap<u64, Vec<usize>> {
    let mut sales: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate().filter(|(_, row)| row.time < as_of) {
        let own = sales.entry(row.customer).or_default();
        own.extend(row.is_sale().then_some(i));
    }
    sales
}

pub(crate) fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Sums by a key.
pub(crate) fn sums<'r, K: Ord>(
    rows: impl IntoIterator<Item = &'r Row>,
    key: impl Fn(&'r Row) -> Option<K>,
    value: impl Fn(&Row) -> i64,
) -> BTreeMap<K, i64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            *sums.entry(key).or_default() += value(row);
        }
    }
    sums
}

/// The table has these customers and columns and no others, and their values.
pub(crate) fn check(table: &FeatureTable, expected: &Plain) {
    let ids: Vec<String> = expected.keys().map(u64::to_string).collect();
    let found: BTreeSet<String> = table.ids().iter().map(|id| id.to_string()).collect();
    assert_eq!(found, ids.iter().cloned().collect(), "customers");
    for (row, id) in table.ids().iter().enumerate() {
        let features = &expected[&id.to_string().parse().unwrap()];
        let names: BTreeSet<&str> = table.names().collect();
        assert_eq!(names, features.keys().map(String::as_str).collect(), "columns");
        for (name, expected) in features {
            let close = match (expected, cell(table, name, row)) {
                (Cell::Number(Some(expected)), Cell::Number(Some(found))) => {
                    (expected - found).abs() <= 1e-12 * expected.abs().max(1.0)
                }
                (expected, found) => *expected == found,
            };
            assert!(close, "{name} of {id}: {:?} instead of {expected:?}", cell(table, name, row));
        }
    }
}

pub(crate) fn cell(table: &FeatureTable, name: &str, row: usize) -> Cell {
    match table.category(name) {
        Ok(column) => Cell::Text(column.get(row).map(str::to_owned)),
        Err(_) => Cell::Number(table.column(name).unwrap().number(row)),
    }
}

/// A column of numbers.
pub(crate) fn column(table: &FeatureTable, name: &str) -> Vec<Option<f64>> {
    let column = table.column(name).unwrap();
    (0..table.len()).map(|row| column.number(row)).collect()
}

/// A column as text, so that levels that no customer has do not show.
pub(crate) fn texts(column: &Column) -> Vec<String> {
    (0..column.len()).map(|row| format!("{:?}", column.text(row))).collect()
}

/// An extractor without base features, as of a moment; orders are mature after twenty days.
pub(crate) fn builder(as_of: i64) -> FeatureExtractorBuilder {
    let as_of = AsOf::instant(as_of, &Zone::utc()).unwrap();
    FeatureExtractor::builder(as_of).features([]).maturity_days(20)
}
