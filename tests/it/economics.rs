//! Stage 4 against reference values, plain computations and laws.

mod analysis;
mod backtest;
mod bad_input;
mod budget;
mod concentration;
mod costs;
mod criteria;
mod customer_rates;
mod discovery;
mod drivers;
mod finding;
mod plan;
mod portfolio;
mod rates;
#[cfg(feature = "csv")]
mod rates_real;
#[cfg(feature = "csv")]
mod real_shops;
mod return_lag;
mod revenue;
mod scenario;
mod uncertainty;
mod waterfall;

use kohort::features::{Column, FeatureTable, Values};
use kohort::transaction::CustomerIds;
use kohort::{Costs, Economics, Money, Rate, economics::CostOfGoods};

/// Whole currency units.
pub(crate) fn units(amounts: impl IntoIterator<Item = i64>) -> Values {
    Values::Money(amounts.into_iter().map(|amount| Money::from_ten_thousandths(amount * 10_000)).collect())
}

pub(crate) fn rate(fraction: f64) -> Rate {
    Rate::from_f64(fraction).unwrap()
}

pub(crate) fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

pub(crate) fn table<const N: usize>(rows: usize, columns: [(&str, Values); N]) -> FeatureTable {
    FeatureTable::from_columns(
        CustomerIds::rows(rows),
        columns.map(|(name, values)| (name, Column::new(values))),
    )
    .unwrap()
}

/// Goods at half the list price, nothing else.
pub(crate) fn half_for_goods() -> Economics {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)))
        .return_handling_per_parcel(Money::ZERO)
        .write_down(Rate::ZERO)
        .build()
        .unwrap();
    Economics::builder(costs).minimum_audience(2).minimum_evidence(2).build().unwrap()
}
