//! Workload *rules*: one predicate of six comparisons, or twenty of them at once, over six columns.

use std::path::Path;

use kohort::features::{Column, Values};
use kohort::segment::{AudienceSet, Rules, feature};
use kohort::transaction::CustomerIds;
use kohort::{Error, FeatureTable};
use serde_json::json;

use crate::Failure;
use crate::npz::Npz;
use crate::record::{emit, time};

/// The six columns, at the width the file has.
pub(crate) fn read(path: &Path) -> Result<FeatureTable, Failure> {
    let mut npz = Npz::open(path)?;
    let mut columns: Vec<(&str, Column)> = Vec::new();
    for name in ["recency", "orders", "tenure"] {
        columns.push((name, Column::new(Values::I32(npz.array(name)?))));
    }
    for name in ["monetary", "return_rate", "discount_share"] {
        columns.push((name, Column::new(Values::F64(npz.array(name)?))));
    }
    Ok(table(columns)?)
}

pub(crate) fn table(columns: Vec<(&str, Column)>) -> Result<FeatureTable, Error> {
    FeatureTable::from_columns(CustomerIds::rows(columns[0].1.len()), columns)
}

/// The bounds of a predicate of the peers' script.
pub(crate) struct Bounds {
    pub(crate) recency: i32,
    pub(crate) orders: i32,
    pub(crate) monetary: f64,
    pub(crate) return_rate: f64,
    pub(crate) discount_share: f64,
    pub(crate) tenure: i32,
}

impl Bounds {
    pub(crate) fn of(index: u32) -> Self {
        let (whole, float) = (index as i32, f64::from(index));
        Self {
            recency: 30 + 15 * whole,
            orders: 3 + whole % 5,
            monetary: 40.0 + 10.0 * float,
            return_rate: 0.1 + 0.01 * float,
            discount_share: 0.2 + 0.02 * float,
            tenure: 100 + 50 * whole,
        }
    }
}

pub(crate) fn rules(count: u32) -> Result<Rules, Error> {
    let rule = |index: u32| {
        let own = Bounds::of(index);
        let recent = feature("recency").le(own.recency).and(feature("orders").ge(own.orders));
        let spends = recent.or(feature("monetary").gt(own.monetary));
        let keeps = feature("return_rate").lt(own.return_rate);
        let bargains = keeps.or(feature("discount_share").gt(own.discount_share));
        spends.and(bargains).and(feature("tenure").ge(own.tenure))
    };
    let named = |rules: kohort::segment::RulesBuilder, index| rules.rule(format!("s{index}"), rule(index));
    (0..count).fold(Rules::builder(), named).build()
}

/// From the stated rules to a mask each: compiling them is part of the work.
pub(crate) fn evaluate(table: &FeatureTable, count: u32) -> Result<AudienceSet, Error> {
    rules(count)?.fit(table)?.evaluate(table)
}

pub(crate) fn run(table: &FeatureTable, mode: &str, runs: usize) -> Result<(), Failure> {
    let count = match mode {
        "one" => 1,
        "twenty" => 20,
        other => return Err(format!("no mode `{other}`; there are one and twenty").into()),
    };
    let (timing, result) = time(runs, || (), |()| evaluate(table, count));
    let sizes = result?.sizes();
    let fields =
        json!({"bench": "rules", "mode": mode, "hits": sizes[0], "hits_sum": sizes.iter().sum::<u64>()});
    emit(&timing, fields);
    Ok(())
}
