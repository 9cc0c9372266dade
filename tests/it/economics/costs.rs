//! Costs by category and by activity, against plain computations over the lines and the table.

use std::collections::BTreeMap;

use kohort::economics::{CostOfGoods, Costs, CostsBuilder, Economics, Item, Marketing, VatRates};
use kohort::features::{Aggregate, Column, Computed, FeatureTable, Number, Over, Values};
use kohort::synthetic::Shop;
use kohort::{
    AsOf, Attribute, Bitmap, Error, FeatureExtractor, IdKind, LogRules, Money, OrderLine, Price, Rate, Returns,
    TransactionLog, Zone,
};
use proptest::prelude::*;

use super::{money, rate, table, units};

fn economics(costs: CostsBuilder) -> Economics {
    Economics::builder(costs.build().unwrap()).build().unwrap()
}

/// Customer, category, pieces, unit price in ten-thousandths, pieces that came back.
type Line = (u64, Option<u8>, i32, i64, i32);

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = (0_u64..6, prop::option::of(0_u8..4), 1_i32..5, 1_i64..2_000_000, 0_i32..6);
    prop::collection::vec(line.prop_map(|(who, what, n, price, back)| (who, what, n, price, back.min(n))), 1..60)
}

const NAMES: [&str; 4] = ["Shoes & boots", "dresses", "underwear", "tops"];

fn log_of(lines: &[Line]) -> TransactionLog {
    let rules = LogRules::builder("EUR").returns(Returns::Quantity).build().unwrap();
    let as_line = |(order, (who, what, pieces, price, back)): (usize, &Line)| {
        let line = OrderLine::new(*who, 1_700_000_000_000_000, Price::Unit(Money::from_ten_thousandths(*price)));
        let line = line.order(order as u64).quantity(*pieces).returned(kohort::transaction::Returned::Quantity(*back));
        what.map_or(line.clone(), |what| line.category(NAMES[usize::from(what)]))
    };
    TransactionLog::from_rows(lines.iter().enumerate().map(as_line), IdKind::Number, &rules).unwrap()
}
