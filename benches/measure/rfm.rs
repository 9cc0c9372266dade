//! Workload *rfm*: quintile scores, code and name of every customer.

use std::path::Path;

use kohort::features::{Column, Values};
use kohort::segment::{Axis, ScoreBox, SegmentBoxes};
use kohort::transaction::CustomerIds;
use kohort::{Error, FeatureTable, Rfm, Segmentation};
use serde_json::json;

use crate::npz::Npz;
use crate::record::{emit, time};

/// Customers with recency, orders and value.
pub(crate) fn read(path: &Path, rows: usize) -> Result<FeatureTable, crate::Failure> {
    let mut npz = Npz::open(path)?;
    let (mut recency, mut orders) = (npz.array::<i32>("recency")?, npz.array::<i32>("orders")?);
    let mut monetary = npz.array::<f64>("monetary")?;
    recency.truncate(rows);
    orders.truncate(rows);
    monetary.truncate(rows);
    Ok(table(recency, orders, monetary)?)
}

pub(crate) fn table(recency: Vec<i32>, orders: Vec<i32>, monetary: Vec<f64>) -> Result<FeatureTable, Error> {
    let columns = [
        ("recency", Column::new(Values::I32(recency))),
        ("orders", Column::new(Values::I32(orders))),
        ("monetary", Column::new(Values::F64(monetary))),
    ];
    FeatureTable::from_columns(CustomerIds::rows(columns[0].1.len()), columns)
}

/// The peers' eight names, first match.
fn names() -> SegmentBoxes {
    SegmentBoxes::new("Lost")
        .segment("Champions", ScoreBox::any().recency(4..=5).frequency(4..=5))
        .segment("Loyal", ScoreBox::any().frequency(4..=5))
        .segment("New", ScoreBox::any().recency(5..=5).frequency(1..=1))
        .segment("Promising", ScoreBox::any().recency(4..=5).frequency(1..=3))
        .segment("Need attention", ScoreBox::any().recency(3..=3))
        .segment("At risk", ScoreBox::any().recency(1..=2).frequency(3..=5))
        .segment("Hibernating", ScoreBox::any().recency(2..=2))
}

/// Fits the cut points, scores every customer, makes the codes and names the segments.
pub(crate) fn score(table: &FeatureTable) -> Result<(Vec<u32>, Segmentation), Error> {
    let rfm = Rfm::builder()
        .feature(Axis::Recency, "recency")
        .feature(Axis::Frequency, "orders")
        .monetary("monetary")
        .segments(names())
        .build()?;
    let model = rfm.fit(table)?;
    let scores = model.scores(table)?;
    Ok((scores.codes(), model.name(&scores)?))
}

/// The figure that must agree with the peers'.
pub(crate) fn champions(segments: &Segmentation) -> u64 {
    segments.sizes()[0]
}

pub(crate) fn run(table: &FeatureTable, runs: usize) -> Result<(), Error> {
    let (timing, result) = time(runs, || (), |()| score(table));
    let (_, segments) = result?;
    let size = match table.len() {
        10_000_000 => "10M".to_owned(),
        1_000_000 => "1M".to_owned(),
        other => other.to_string(),
    };
    emit(&timing, json!({"bench": "rfm", "size": size, "champions": champions(&segments)}));
    Ok(())
}
