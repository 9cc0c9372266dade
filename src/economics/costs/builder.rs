//! Builds costs, and finds what is wrong with them once.

use crate::economics::costs::{Activity, CostOfGoods, Costs, Marketing, VatRates, by_name, categories};
use crate::economics::waterfall::Item;
use crate::error::{Error, Result};
use crate::transaction::{Money, Rate};

/// Builds [`Costs`].
#[derive(Clone, Debug)]
pub struct CostsBuilder(pub(super) Costs);

impl CostsBuilder {
    /// The cost of goods of some categories as a share of list price; all others, and lines without a category, have the
    /// share of [`CostOfGoods::ShareOfGross`]. A category that is named twice has its last share. Needs the columns that
    /// [`Costs::traits`] makes. Defaults to none.
    ///
    /// A customer's cost of goods is then the exact sum over categories, rounded half to even once.
    #[must_use]
    pub fn cost_of_goods_by_category<C: Into<String>>(
        mut self,
        shares: impl IntoIterator<Item = (C, Rate)>,
    ) -> Self {
        self.0.goods_by_category = by_name(shares);
        self
    }

    /// What returned goods of some categories lose in value, as a share of their cost: all of it for what cannot be
    /// sold again. All others lose [`write_down`](Self::write_down). Needs the columns that [`Costs::traits`] makes, and
    /// a cost of goods that is a share of list price. Defaults to none.
    #[must_use]
    pub fn write_down_by_category<C: Into<String>>(
        mut self,
        shares: impl IntoIterator<Item = (C, Rate)>,
    ) -> Self {
        self.0.write_down_by_category = by_name(shares);
        self
    }

    /// A cost that is a rate times a count: `count` names a column of whole numbers from zero, such as support tickets of
    /// a profile or express parcels of a [computed trait](crate::features::Computed). It is added to `item`, which has to
    /// be write-down, fulfilment, payment, return handling, service or marketing; an item may have several. A customer of
    /// whom the count is missing has no waterfall. Defaults to none.
    ///
    /// ```
    /// use kohort::economics::{CostOfGoods, Item};
    /// use kohort::features::{Aggregate, Computed, Number, Over};
    /// use kohort::synthetic::Shop;
    /// use kohort::{Attribute, Costs, Economics, FeatureExtractor, Money};
    ///
    /// let log = Shop::builder().customers(500).build()?.generate()?.log;
    /// // Jackets that come back have to be cleaned.
    /// let jackets = Computed::builder("jackets_returned", Over::Lines, Aggregate::Sum(Number::QuantityReturned))
    ///     .only(Attribute::Category, ["jackets"])
    ///     .build()?;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?).computed([jackets]).build()?.extract(&log)?;
    /// let costs = Costs::builder(CostOfGoods::FromLines)
    ///     .activity(Item::ReturnHandling, "cleaning", Money::parse("3.20")?, "jackets_returned")
    ///     .build()?;
    /// let shop = Economics::builder(costs).build()?.waterfalls(&customers)?.shop();
    /// assert!(shop.get(Item::ReturnHandling) > Some(kohort::MoneyTotal::ZERO));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn activity(
        mut self,
        item: Item,
        name: impl Into<String>,
        rate: Money,
        count: impl Into<String>,
    ) -> Self {
        let (name, column, rate) = (name.into(), count.into(), Some(rate));
        self.0.activities.push(Activity { name, item, column, rate });
        self
    }

    /// A cost as it stands in the table: a column of money from zero, net of tax, such as what shipping or marketing has
    /// cost for each customer. Added to an item as by [`activity`](Self::activity). Defaults to none.
    #[must_use]
    pub fn cost_column(mut self, item: Item, column: impl Into<String>) -> Self {
        let column = column.into();
        self.0.activities.push(Activity { name: column.clone(), item, column, rate: None });
        self
    }

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

    /// Transport and processing of one parcel that comes back. Defaults to 7.00, in whatever currency the log has: German
    /// e-commerce reports 6.95 euros per returned shipment (European Return-o-Meter, Bamberg 2022), so set your own for
    /// another country or currency. Needs the feature `return_parcels`, or in its
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
    /// goods are resold as new (European Return-o-Meter, Bamberg 2022), the rest is taken as lost. Set nothing
    /// ([`Rate::ZERO`]) where all of it is sold again at full price.
    #[must_use]
    pub fn write_down(mut self, rate: Rate) -> Self {
        self.0.write_down = rate;
        self
    }

    /// Service per customer over the time of the table. Defaults to not known, which counts as nothing. What follows a
    /// count, such as tickets, is an [`activity`](Self::activity).
    #[must_use]
    pub fn service_per_customer(mut self, amount: Money) -> Self {
        self.0.service_per_customer = Some(amount);
        self
    }

    /// What marketing costs. Defaults to not known, unless an [`activity`](Self::activity) or a
    /// [column](Self::cost_column) is marketing.
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
    /// [`Error::Setting`] for a negative amount, a rate outside 0 to 1, costs by category where the lines record the
    /// cost of goods, an item that takes no activity, or an activity without a name or column.
    /// [`Error::DuplicateFeature`] where two categories differ in punctuation only, so that their columns would have one
    /// name.
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
        let by_category = [
            ("cost_of_goods_by_category", &costs.goods_by_category),
            ("write_down_by_category", &costs.write_down_by_category),
        ];
        for (setting, shares) in by_category {
            shares.iter().try_for_each(|(_, share)| rate(setting, *share))?;
            if costs.cost_of_goods == CostOfGoods::FromLines && !shares.is_empty() {
                return Err(Error::Setting {
                    setting,
                    found: "a cost of goods from the lines".to_owned(),
                    expected: "a cost of goods that is a share of gross",
                });
            }
        }
        categories::check(&costs.categories())?;
        if let CostOfGoods::ShareOfGross(share) = costs.cost_of_goods {
            rate("cost_of_goods", share)?;
        }
        for activity in &costs.activities {
            amount("activity", activity.rate.unwrap_or_default())?;
            if !activity.item.takes_costs() {
                return Err(Error::Setting {
                    setting: "activity",
                    found: format!("`{}` in {}", activity.name, activity.item.name()),
                    expected: "write-down, fulfilment, payment, return handling, service or marketing",
                });
            }
            if activity.name.trim().is_empty() || activity.column.is_empty() {
                return Err(Error::Setting {
                    setting: "activity",
                    found: format!("`{}` by column `{}`", activity.name, activity.column),
                    expected: "a name and a column",
                });
            }
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
        let share = || Costs::builder(CostOfGoods::ShareOfGross(Rate::ZERO));
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
            ("cost_of_goods_by_category", share().cost_of_goods_by_category([("coats", above)])),
            ("write_down_by_category", share().write_down_by_category([("coats", above)])),
            ("cost_of_goods_by_category", base().cost_of_goods_by_category([("coats", Rate::ONE)])),
            ("write_down_by_category", base().write_down_by_category([("coats", Rate::ONE)])),
            ("activity", base().activity(Item::Service, "tickets", minus, "tickets")),
            ("activity", base().activity(Item::Returns, "tickets", Money::ZERO, "tickets")),
            ("activity", base().activity(Item::Service, " ", Money::ZERO, "tickets")),
            ("activity", base().cost_column(Item::CostOfGoodsSold, "shipping_cost")),
            ("activity", base().cost_column(Item::Fulfilment, "")),
        ];
        for (name, builder) in damaged {
            let error = builder.build().unwrap_err();
            assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
        }
        assert!(base().build().is_ok());
    }

    #[test]
    fn categories_that_would_share_a_column_are_refused() {
        let shares = |names: [&'static str; 2]| names.map(|name| (name, Rate::ONE));
        let build = |names| {
            let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::ZERO));
            costs.cost_of_goods_by_category(shares(names)).build()
        };
        assert!(matches!(build(["T-shirts", "t shirts"]), Err(Error::DuplicateFeature { .. })));
        let costs = build(["coats", "coats"]).unwrap();
        assert_eq!(costs.categories(), ["coats"]);
    }
}
