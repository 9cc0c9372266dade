//! What an order costs the shop: the rates and amounts that turn counts and money of the feature table into
//! contribution.
//!
//! Costs follow activities: an amount per order, per piece, per parcel that comes back, a share of a value. They are
//! not spread as a percentage of revenue, because that hides exactly the customers whose orders cost more than
//! others'.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::transaction::{Money, Rate};

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

/// The rate of value-added tax that prices include.
///
/// ```
/// use kohort::Rate;
/// use kohort::economics::VatRates;
///
/// let rates = VatRates::by_country(Rate::from_f64(0.19)?, [("AT", Rate::from_f64(0.20)?)]);
/// assert_eq!(rates.rate(Some("AT")), Rate::from_f64(0.20)?);
/// assert_eq!(rates.rate(None), Rate::from_f64(0.19)?);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VatRates {
    other: Rate,
    /// In ascending order of countries, each once.
    countries: Vec<(String, Rate)>,
}

impl VatRates {
    /// The same rate for everyone.
    #[must_use]
    pub fn uniform(rate: Rate) -> Self {
        Self { other: rate, countries: Vec::new() }
    }

    /// A rate by the customer's country (the table's column `country`), and one for all others and for customers
    /// whose country is not known. Of a country that is named twice, the last rate counts.
    pub fn by_country<C: Into<String>>(other: Rate, countries: impl IntoIterator<Item = (C, Rate)>) -> Self {
        let mut sorted: Vec<(String, Rate)> = Vec::new();
        for (country, rate) in countries {
            let country = country.into();
            match sorted.binary_search_by(|(known, _)| known.cmp(&country)) {
                Ok(place) => sorted[place].1 = rate,
                Err(place) => sorted.insert(place, (country, rate)),
            }
        }
        Self { other, countries: sorted }
    }

    /// The rate of a country.
    #[must_use]
    pub fn rate(&self, country: Option<&str>) -> Rate {
        country
            .and_then(|name| self.countries.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok())
            .map_or(self.other, |place| self.countries[place].1)
    }

    /// Whether rates differ by country.
    #[must_use]
    pub fn is_by_country(&self) -> bool {
        !self.countries.is_empty()
    }

    fn all(&self) -> impl Iterator<Item = Rate> {
        std::iter::once(self.other).chain(self.countries.iter().map(|(_, rate)| *rate))
    }
}

/// What an order costs. Amounts are in the log's currency and net of tax.
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
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Costs {
    pub(crate) cost_of_goods: CostOfGoods,
    pub(crate) fulfilment_per_order: Money,
    pub(crate) fulfilment_per_item: Money,
    pub(crate) payment_fee: Rate,
    pub(crate) payment_per_order: Money,
    pub(crate) handling_per_parcel: Money,
    pub(crate) handling_per_item: Money,
    pub(crate) write_down: Rate,
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
            fulfilment_per_order: Money::ZERO,
            fulfilment_per_item: Money::ZERO,
            payment_fee: Rate::ZERO,
            payment_per_order: Money::ZERO,
            handling_per_parcel: Money::from_ten_thousandths(70_000),
            handling_per_item: Money::ZERO,
            write_down: Rate::from_millionths(70_000),
            service_per_customer: None,
            marketing: Marketing::Unknown,
            vat: None,
        })
    }

    /// The costs of orders alone, without what belongs to customers or to all of a table's time: service and marketing.
    pub(super) fn of_orders_alone(&self) -> Self {
        Self { service_per_customer: None, marketing: Marketing::Unknown, ..self.clone() }
    }
}

/// Builds [`Costs`].
#[derive(Clone, Debug)]
pub struct CostsBuilder(Costs);

impl CostsBuilder {
    /// Picking, packing and shipping of one order. Defaults to nothing. Needs the feature `orders`.
    #[must_use]
    pub fn fulfilment_per_order(mut self, amount: Money) -> Self {
        self.0.fulfilment_per_order = amount;
        self
    }

    /// Picking, packing and shipping of one piece. Defaults to nothing. Needs the feature `items`.
    #[must_use]
    pub fn fulfilment_per_item(mut self, amount: Money) -> Self {
        self.0.fulfilment_per_item = amount;
        self
    }

    /// The payment provider's share of what is charged: gross less discount, with tax where prices include it. It is
    /// not refunded when goods come back. Defaults to nothing.
    #[must_use]
    pub fn payment_fee(mut self, rate: Rate) -> Self {
        self.0.payment_fee = rate;
        self
    }

    /// The payment provider's fee per order. Defaults to nothing. Needs the feature `orders`.
    #[must_use]
    pub fn payment_per_order(mut self, amount: Money) -> Self {
        self.0.payment_per_order = amount;
        self
    }

    /// Transport and processing of one parcel that comes back. Defaults to 7: German e-commerce reports 6.95 euros
    /// per returned shipment (European Return-o-Meter, Bamberg 2022). Needs the feature `return_parcels`, or in its
    /// place `orders_with_return`.
    #[must_use]
    pub fn return_handling_per_parcel(mut self, amount: Money) -> Self {
        self.0.handling_per_parcel = amount;
        self
    }

    /// Inspection and refurbishing of one piece that comes back. Defaults to nothing. Needs the feature
    /// `items_returned`.
    #[must_use]
    pub fn return_handling_per_item(mut self, amount: Money) -> Self {
        self.0.handling_per_item = amount;
        self
    }

    /// What returned goods lose in value, as a share of their cost. Defaults to 7 %: a little over 93 % of returned
    /// goods are resold as new (European Return-o-Meter, Bamberg 2022), the rest is taken as lost.
    #[must_use]
    pub fn write_down(mut self, rate: Rate) -> Self {
        self.0.write_down = rate;
        self
    }

    /// Service per customer over the time of the table. Defaults to not known, which counts as nothing.
    #[must_use]
    pub fn service_per_customer(mut self, amount: Money) -> Self {
        self.0.service_per_customer = Some(amount);
        self
    }

    /// What marketing costs. Defaults to not known.
    #[must_use]
    pub fn marketing(mut self, marketing: Marketing) -> Self {
        self.0.marketing = marketing;
        self
    }

    /// The tax that prices include. Needed where a table says that they do, without effect where it says that they
    /// do not; a table that says nothing is taken to include the tax that is set here. Defaults to not set.
    #[must_use]
    pub fn vat(mut self, rates: VatRates) -> Self {
        self.0.vat = Some(rates);
        self
    }

    /// The costs.
    ///
    /// # Errors
    /// [`Error::Setting`] for a negative amount or a rate outside 0 to 1.
    pub fn build(self) -> Result<Costs> {
        let costs = self.0;
        let rate = |setting, rate: Rate| {
            if (Rate::ZERO..=Rate::ONE).contains(&rate) {
                Ok(())
            } else {
                Err(Error::Setting {
                    setting,
                    found: rate.to_string(),
                    expected: "a share between 0 % and 100 %",
                })
            }
        };
        let amount = |setting, amount: Money| {
            if amount >= Money::ZERO {
                Ok(())
            } else {
                Err(Error::Setting { setting, found: amount.to_string(), expected: "a cost of zero or more" })
            }
        };
        if let CostOfGoods::ShareOfGross(share) = costs.cost_of_goods {
            rate("cost_of_goods", share)?;
        }
        rate("payment_fee", costs.payment_fee)?;
        rate("write_down", costs.write_down)?;
        costs.vat.iter().flat_map(VatRates::all).try_for_each(|tax| rate("vat", tax))?;
        amount("fulfilment_per_order", costs.fulfilment_per_order)?;
        amount("fulfilment_per_item", costs.fulfilment_per_item)?;
        amount("payment_per_order", costs.payment_per_order)?;
        amount("return_handling_per_parcel", costs.handling_per_parcel)?;
        amount("return_handling_per_item", costs.handling_per_item)?;
        amount("service_per_customer", costs.service_per_customer.unwrap_or_default())?;
        match costs.marketing {
            Marketing::Unknown => {}
            Marketing::PerOrder(cost)
            | Marketing::PerCustomer(cost)
            | Marketing::SpreadOverOrders(cost)
            | Marketing::SpreadOverCustomers(cost) => amount("marketing", cost)?,
        }
        Ok(costs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_out_of_range_are_named() {
        let base = || Costs::builder(CostOfGoods::FromLines);
        let (minus, above) = (Money::from_ten_thousandths(-1), Rate::from_millionths(1_000_001));
        let damaged = [
            ("cost_of_goods", Costs::builder(CostOfGoods::ShareOfGross(above))),
            ("fulfilment_per_order", base().fulfilment_per_order(minus)),
            ("fulfilment_per_item", base().fulfilment_per_item(minus)),
            ("payment_fee", base().payment_fee(Rate::from_millionths(-1))),
            ("payment_per_order", base().payment_per_order(minus)),
            ("return_handling_per_parcel", base().return_handling_per_parcel(minus)),
            ("return_handling_per_item", base().return_handling_per_item(minus)),
            ("write_down", base().write_down(above)),
            ("service_per_customer", base().service_per_customer(minus)),
            ("marketing", base().marketing(Marketing::SpreadOverOrders(minus))),
            ("vat", base().vat(VatRates::by_country(Rate::ZERO, [("DE", above)]))),
        ];
        for (name, builder) in damaged {
            let error = builder.build().unwrap_err();
            assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
        }
        assert!(base().build().is_ok());
    }

    #[test]
    fn the_last_rate_of_a_country_counts() {
        let (low, high) = (Rate::from_millionths(70_000), Rate::from_millionths(190_000));
        let rates = VatRates::by_country(Rate::ZERO, [("DE", low), ("AT", low), ("DE", high)]);
        assert_eq!(rates.rate(Some("DE")), high);
        assert_eq!(rates.rate(Some("AT")), low);
        assert_eq!(rates.rate(Some("CH")), Rate::ZERO);
    }
}
