//! Workload *economics*: a log's customers to waterfalls, expected return rates, the finding and the plan, beside the
//! extraction of the features they need. No peer does this; the yardstick is the extraction.

use kohort::economics::CostOfGoods;
use kohort::{
    AsOf, Costs, Economics, Error, Feature, FeatureExtractor, FeatureTable, Money, Plan, Rate, Segmentation,
    TransactionLog, Zone,
};
use serde_json::json;

use crate::features::Raw;
use crate::record::{Timing, emit, time};

/// What economics reads of a log with returned quantities.
pub(crate) fn extract(log: &TransactionLog) -> Result<FeatureTable, Error> {
    FeatureExtractor::builder(AsOf::date("2030-01-01", &Zone::utc())?).build()?.extract(log)
}

/// Goods at 40 % of list price, and amounts that are easily added up by hand.
pub(crate) fn economics() -> Result<Economics, Error> {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.4)?))
        .fulfilment_per_order(Money::parse("4.50")?)
        .return_handling_per_parcel(Money::parse("7")?)
        .write_down(Rate::ZERO)
        .build()?;
    Economics::builder(costs).build()
}

/// Customers of one order, of two, three, four or five, and of more.
pub(crate) fn segments(table: &FeatureTable) -> Result<Segmentation, Error> {
    let names = ["one", "two", "three", "four or five", "more"].map(str::to_owned).to_vec();
    let of: Vec<Option<usize>> = table
        .counts(Feature::Orders)?
        .iter()
        .map(|orders| match orders {
            0 => None,
            1..=3 => Some(*orders as usize - 1),
            4..=5 => Some(3),
            _ => Some(4),
        })
        .collect();
    Segmentation::new(table, names, &of)
}

pub(crate) fn plan(table: &FeatureTable) -> Result<Plan, Error> {
    economics()?.prioritize(table, &segments(table)?)
}

pub(crate) fn run(raw: &Raw, size: &str, runs: usize) -> Result<(), Error> {
    let log = raw.log(raw.ids())?;
    let (extraction, table) = time(runs, || (), |()| extract(&log));
    let table = table?;
    let economics = economics()?;
    let segments = segments(&table)?;
    let report = |part: &str, timing: &Timing| {
        let ratio = (timing.median() / extraction.median() * 1e3).round() / 1e3;
        let fields = json!({"bench": "economics", "part": part, "size": size, "rows": table.len(), "of_extraction": ratio});
        emit(timing, fields);
    };
    report("extract", &extraction);
    let (timing, found) = time(runs, || (), |()| economics.waterfalls(&table));
    found?;
    report("waterfalls", &timing);
    let (timing, found) = time(runs, || (), |()| economics.prioritize(&table, &segments));
    found?;
    report("prioritize", &timing);
    let (timing, found) = time(runs, || (), |()| economics.looks_rich(&table));
    found?;
    report("looks rich", &timing);
    let (timing, found) = time(runs, || (), |()| economics.enrich(&table));
    found?;
    report("enrich", &timing);
    let all = || -> Result<(FeatureTable, Plan), Error> {
        Ok((economics.enrich(&table)?, economics.prioritize(&table, &segments)?))
    };
    let (timing, found) = time(runs, || (), |()| all());
    found?;
    report("enrich and prioritize", &timing);
    Ok(())
}
