//! Workload *features*: order lines to a customer table of fourteen outputs.

use std::path::Path;

use kohort::transaction::{DiscountColumn, IdColumn, LogColumns, PriceColumn, ReturnedColumn};
use kohort::{
    AsOf, Attribute, Category, Error, Feature, FeatureExtractor, FeatureTable, LogRules, MoneyTotal, Returns,
    TransactionLog, Zone,
};
use serde_json::json;

use crate::npz::Npz;
use crate::record::{emit, time};

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

pub(crate) fn run(raw: &Raw, size: &str, runs: usize) -> Result<(), Error> {
    let (timing, table) = time(
        runs,
        || raw.ids(),
        |ids| {
            let log = raw.log(ids)?;
            extract(&log).map(|table| (log, table))
        },
    );
    let (_, table) = table?;
    let (rows, gross, orders, topcat_sum) = agreement(&table)?;
    drop(table);
    let work = |source: &str| {
        json!({"bench": "table", "source": source, "key": "customer_id", "size": size, "rows": rows, "gross": gross,
               "orders": orders, "topcat_sum": topcat_sum})
    };
    emit(&timing, work("mem"));
    let log = raw.log(raw.ids())?;
    let (timing, table) = time(runs, || (), |()| extract(&log));
    table?;
    emit(&timing, work("log"));
    Ok(())
}
