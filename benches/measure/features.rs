//! Workload *features*: order lines to a customer table of fourteen outputs.

use std::fmt::Write;
use std::path::Path;

use kohort::transaction::{DiscountColumn, IdColumn, LogColumns, PriceColumn, ReturnedColumn};
use kohort::{
    AsOf, Attribute, Category, Error, Feature, FeatureExtractor, FeatureTable, LogRules, MoneyTotal, Returns,
    TransactionLog, Zone,
};
#[cfg(feature = "csv")]
use kohort::{IdKind, Schema, SchemaDiscount, SchemaPrice, TimeFormat};
use serde_json::json;

use crate::npz::Npz;
use crate::record::{Timing, emit, time};

/// The outputs of the peers' scripts: first and last time, orders, gross, returned value at list price, discount
/// share, mean basket, top category, distinct categories, and one share per channel.
const OUTPUTS: [Feature; 10] = [
    Feature::FirstOrder,
    Feature::LastOrder,
    Feature::Orders,
    Feature::Gross,
    Feature::ReturnedGross,
    Feature::DiscountShare,
    Feature::AverageOrderValue,
    Feature::TopCategory,
    Feature::Categories,
    Feature::ChannelShares,
];

/// Raw columns in file order.
pub(crate) struct Raw {
    pub(crate) customer: Vec<u64>,
    pub(crate) order: Vec<u64>,
    pub(crate) seconds: Vec<i64>,
    pub(crate) quantity: Vec<i32>,
    pub(crate) unit_price: Vec<f64>,
    pub(crate) discount: Vec<f64>,
    pub(crate) returned: Vec<i32>,
    pub(crate) category: Vec<i16>,
    pub(crate) channel: Vec<i8>,
}

impl Raw {
    pub(crate) fn read(path: &Path) -> std::io::Result<Self> {
        let mut npz = Npz::open(path)?;
        Ok(Self {
            customer: npz.array("customer_id")?,
            order: npz.array("order_id")?,
            seconds: npz.array("ts")?,
            quantity: npz.array("quantity")?,
            unit_price: npz.array("unit_price")?,
            discount: npz.array("discount")?,
            returned: npz.array("returned_qty")?,
            category: npz.array("category")?,
            channel: npz.array("channel")?,
        })
    }

    /// The id columns, which a log takes over; everything else it reads in place.
    pub(crate) fn ids(&self) -> (IdColumn, IdColumn) {
        (IdColumn::Numbers(self.customer.clone()), IdColumn::Numbers(self.order.clone()))
    }

    /// The text ids of the customers, one after the other: `C` and the rank of which the number is a multiple.
    fn keys(&self) -> (String, Vec<usize>) {
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(self.customer.len()));
        for customer in &self.customer {
            let rank = customer.wrapping_mul(inverse(0x9E37_79B9_7F4A_7C15));
            let _ = write!(text, "C{rank:08}");
            ends.push(text.len());
        }
        (text, ends)
    }

    /// Takes the raw columns in: ids, money, times, categories.
    pub(crate) fn log(&self, (customer, order): (IdColumn, IdColumn)) -> Result<TransactionLog, Error> {
        let rules = LogRules::builder("EUR").returns(Returns::Quantity).build()?;
        let prices = PriceColumn::Unit((&self.unit_price).into());
        let columns = LogColumns::new(customer, &self.seconds, prices)
            .times_in_seconds()
            .order(order)
            .quantity(&self.quantity)
            .discount(DiscountColumn::Rate((&self.discount).into()))
            .returned(ReturnedColumn::Quantity((&self.returned).into()))
            .attribute(Attribute::Category, Category::from_numbers(&self.category))
            .attribute(Attribute::Channel, Category::from_numbers(&self.channel));
        TransactionLog::from_columns(columns, &rules)
    }
}

pub(crate) fn extract(log: &TransactionLog) -> Result<FeatureTable, Error> {
    let as_of = AsOf::date("2030-01-01", &Zone::utc())?;
    FeatureExtractor::builder(as_of).features(OUTPUTS).build()?.extract(log)
}

/// The figures that must agree with the peers': rows, gross, orders, sum of the top categories' numbers.
pub(crate) fn agreement(table: &FeatureTable) -> Result<(usize, f64, u64, i64), Error> {
    let gross: MoneyTotal = table.money(Feature::Gross)?.iter().copied().sum();
    let orders = table.counts(Feature::Orders)?.iter().map(|orders| u64::from(*orders)).sum();
    let top = table.category(Feature::TopCategory)?;
    let top = top.iter().flatten().filter_map(|text| text.parse::<i64>().ok()).sum();
    Ok((table.len(), (gross.to_f64() * 100.0).round() / 100.0, orders, top))
}

/// The number that undoes a multiplication by an odd one, modulo 2⁶⁴: Newton's iteration doubles the bits that are right.
fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse))))
}

/// A line for one measurement of the workload.
fn report(timing: &Timing, source: &str, key: &str, size: &str, table: &FeatureTable) -> Result<(), Error> {
    let (rows, gross, orders, topcat_sum) = agreement(table)?;
    emit(
        timing,
        json!({"bench": "table", "source": source, "key": key, "size": size, "rows": rows, "gross": gross,
               "orders": orders, "topcat_sum": topcat_sum}),
    );
    Ok(())
}

/// From raw columns in memory, and from a log that is already taken in.
pub(crate) fn run(raw: &Raw, key: &str, size: &str, runs: usize) -> Result<(), Error> {
    let (timing, table) = if key == "customer_key" {
        let (text, ends) = raw.keys();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let keys: Vec<&str> = starts.zip(&ends).map(|(start, end)| &text[start..*end]).collect();
        let input = || IdColumn::Numbers(raw.order.clone());
        time(runs, input, |orders| {
            let log = raw.log((IdColumn::from(keys.as_slice()), orders))?;
            extract(&log).map(|table| (log, table))
        })
    } else {
        time(
            runs,
            || raw.ids(),
            |ids| {
                let log = raw.log(ids)?;
                extract(&log).map(|table| (log, table))
            },
        )
    };
    let (log, table) = table?;
    report(&timing, "mem", key, size, &table)?;
    drop(table);
    let (timing, table) = time(runs, || (), |()| extract(&log));
    report(&timing, "log", key, size, &table?)
}

/// From a file, the reading included.
#[cfg(feature = "csv")]
pub(crate) fn run_file(path: &Path, key: &str, size: &str, runs: usize) -> Result<(), Error> {
    let rules = LogRules::builder("EUR").returns(Returns::Quantity).build()?;
    let kind = if key == "customer_key" { IdKind::Text } else { IdKind::Number };
    let schema = Schema::builder(&rules, key, "ts", SchemaPrice::Unit("unit_price"))
        .customer_ids(kind)
        .time_format(TimeFormat::UnixSeconds)
        .order("order_id")
        .order_ids(IdKind::Number)
        .quantity("quantity")
        .discount(SchemaDiscount::Rate("discount"))
        .returned("returned_qty")
        .category("category")
        .channel("channel")
        .build()?;
    let parquet = path.extension().is_some_and(|extension| extension == "parquet");
    let read = |parquet: bool| -> Result<TransactionLog, Error> {
        if parquet {
            #[cfg(feature = "parquet")]
            return TransactionLog::from_parquet_path(path, &schema);
        }
        TransactionLog::from_csv_path(path, &schema)
    };
    let (timing, table) = time(
        runs,
        || (),
        |()| {
            let log = read(parquet)?;
            extract(&log).map(|table| (log, table))
        },
    );
    report(&timing, if parquet { "parquet" } else { "csv" }, key, size, &table?.1)?;
    let (timing, log) = time(runs, || (), |()| read(parquet));
    log?;
    emit(
        &timing,
        json!({"bench": "read", "source": if parquet { "parquet" } else { "csv" }, "key": key, "size": size}),
    );
    Ok(())
}
