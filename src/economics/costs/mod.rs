//! What an order costs the shop: the rates and amounts that turn counts and money of the feature table into
//! contribution.
//!
//! Costs follow activities: an amount per order, per piece, per parcel that comes back, a share of a value. They are
//! not spread as a percentage of revenue, because that hides exactly the customers whose orders cost more than
//! others'.

mod activity;
mod builder;
mod categories;
mod vat;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::features::Computed;
use crate::transaction::{LogRules, Money, Rate, Returns};

pub use activity::Activity;
pub use builder::CostsBuilder;
pub use vat::VatRates;

pub(in crate::economics) use categories::{
    GROSS_PREFIX, RETURNED_GROSS, category_of, gross_column, gross_column_of, returned_gross_column,
};

/// Where the cost of goods comes from. Always net of tax.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum CostOfGoods {
    /// A share of the list price, net of tax and before discounts and returns. Goods do not become cheaper to buy
    /// when they are sold at a discount.
    ShareOfGross(Rate),
    /// As recorded on the order lines: the table's `cost_of_goods` and, where it has it, `cost_of_goods_returned`.
    FromLines,
}

/// What marketing costs, and how it falls on customers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[non_exhaustive]
pub enum Marketing {
    /// Not known: CM3 is then not known either, and CM2 is the last margin.
    #[default]
    Unknown,
    /// An amount per order.
    PerOrder(Money),
    /// An amount per customer who bought (gross above zero).
    PerCustomer(Money),
    /// A total for all customers of the table, spread evenly over their orders; the shares add up to it exactly.
    SpreadOverOrders(Money),
    /// A total for all customers of the table, spread evenly over those who bought (gross above zero); the shares
    /// add up to it exactly.
    SpreadOverCustomers(Money),
}

/// What an order costs. Amounts are in the log's currency and net of tax.
///
/// Two costs are not nothing unless you say so, and both are of German e-commerce in euros: 7.00 per parcel that comes
/// back, and 7 % of the cost of returned goods as their loss in value. The amount is seven units of *whatever* currency
/// the log has, which is far off for a shop in yen or forints: set
/// [`return_handling_per_parcel`](CostsBuilder::return_handling_per_parcel) to your own.
///
/// ```
/// use kohort::{Costs, Money, Rate};
/// use kohort::economics::CostOfGoods;
///
/// let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.45)?))
///     .fulfilment_per_order(Money::parse("4.50")?)
///     .payment_fee(Rate::from_f64(0.02)?)
///     .build()?;
/// # Ok::<(), kohort::Error>(())
/// ```
///
/// Costs may differ by category ([`cost_of_goods_by_category`](CostsBuilder::cost_of_goods_by_category)), follow any
/// count of the table ([`activity`](CostsBuilder::activity)) or stand in it as amounts
/// ([`cost_column`](CostsBuilder::cost_column)).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Costs {
    pub(crate) cost_of_goods: CostOfGoods,
    /// In ascending order of categories, each once; what is not named has the share of `cost_of_goods`.
    pub(crate) goods_by_category: Vec<(String, Rate)>,
    pub(crate) fulfilment_per_order: Money,
    pub(crate) fulfilment_per_item: Money,
    pub(crate) payment_fee: Rate,
    pub(crate) payment_per_order: Money,
    pub(crate) handling_per_parcel: Money,
    pub(crate) handling_per_item: Money,
    pub(crate) write_down: Rate,
    /// In ascending order of categories, each once; what is not named has `write_down`.
    pub(crate) write_down_by_category: Vec<(String, Rate)>,
    pub(crate) activities: Vec<Activity>,
    pub(crate) service_per_customer: Option<Money>,
    pub(crate) marketing: Marketing,
    pub(crate) vat: Option<VatRates>,
}

impl Costs {
    /// Costs of a shop whose goods cost what `cost_of_goods` says.
    #[must_use]
    pub fn builder(cost_of_goods: CostOfGoods) -> CostsBuilder {
        CostsBuilder(Self {
            cost_of_goods,
            goods_by_category: Vec::new(),
            fulfilment_per_order: Money::ZERO,
            fulfilment_per_item: Money::ZERO,
            payment_fee: Rate::ZERO,
            payment_per_order: Money::ZERO,
            handling_per_parcel: Money::from_ten_thousandths(70_000),
            handling_per_item: Money::ZERO,
            write_down: Rate::from_millionths(70_000),
            write_down_by_category: Vec::new(),
            activities: Vec::new(),
            service_per_customer: None,
            marketing: Marketing::Unknown,
            vat: None,
        })
    }

    /// The costs that follow a column of the table, in the order they were named.
    #[must_use]
    pub fn activities(&self) -> &[Activity] {
        &self.activities
    }

    /// The traits that costs by category are reckoned from: gross and returned gross of each category that is named, and
    /// returned gross of all lines. Hand them to the extractor; none are needed where no cost differs by category.
    ///
    /// ```
    /// use kohort::economics::CostOfGoods;
    /// use kohort::synthetic::Shop;
    /// use kohort::{Costs, Economics, FeatureExtractor, Rate};
    ///
    /// let log = Shop::builder().customers(500).build()?.generate()?.log;
    /// let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.42)?))
    ///     .cost_of_goods_by_category([("shoes", Rate::from_f64(0.50)?), ("underwear", Rate::from_f64(0.30)?)])
    ///     .build()?;
    /// let extractor = FeatureExtractor::builder(log.as_of_end()?).computed(costs.traits(log.rules())).build()?;
    /// let shop = Economics::builder(costs).build()?.waterfalls(&extractor.extract(&log)?)?.shop();
    /// assert!(shop.cost_of_goods() > kohort::MoneyTotal::ZERO);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn traits(&self, rules: &LogRules) -> Vec<Computed> {
        categories::traits(&self.categories(), *rules.returns() != Returns::NotRecorded)
    }

    /// The costs of orders alone, without what belongs to customers or to all of a table's time: service, marketing and
    /// activities.
    pub(crate) fn of_orders_alone(&self) -> Self {
        Self {
            activities: Vec::new(),
            service_per_customer: None,
            marketing: Marketing::Unknown,
            ..self.clone()
        }
    }

    /// The categories that have a cost of their own, ascending, each once.
    pub(crate) fn categories(&self) -> Vec<&str> {
        let shares = self.goods_by_category.iter().chain(&self.write_down_by_category);
        let each_once: BTreeSet<&str> = shares.map(|(category, _)| category.as_str()).collect();
        each_once.into_iter().collect()
    }
}

/// Rates in ascending order of names. Of a name that is there twice, the last rate counts.
fn by_name<N: Into<String>>(rates: impl IntoIterator<Item = (N, Rate)>) -> Vec<(String, Rate)> {
    let rates = rates.into_iter().map(|(name, rate)| (name.into(), rate));
    rates.collect::<BTreeMap<String, Rate>>().into_iter().collect()
}
