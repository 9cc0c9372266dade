//! The settings of cost one by one: the one place that knows them all, for scenarios and sensitivity.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::economics::costs::{CostOfGoods, Costs, Marketing};
use crate::economics::waterfall::{Item, Waterfall};
use crate::error::{Error, Result};
use crate::transaction::{Money, MoneyTotal, Rate};

/// One setting of [`Costs`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CostSetting {
    /// The cost of goods, as a share of gross or as recorded on the lines.
    CostOfGoods,
    /// What returned goods lose in value.
    WriteDown,
    /// Fulfilment per order.
    FulfilmentPerOrder,
    /// Fulfilment per piece.
    FulfilmentPerItem,
    /// The payment provider's share.
    PaymentFee,
    /// The payment provider's fee per order.
    PaymentPerOrder,
    /// Return handling per parcel.
    ReturnHandlingPerParcel,
    /// Return handling per returned piece.
    ReturnHandlingPerItem,
    /// Service per customer.
    ServicePerCustomer,
    /// Marketing, however it falls on customers.
    Marketing,
    /// The rate of one of [`Costs::activities`], by its position. Amounts that stand in a column are facts of the table and
    /// no setting.
    Activity(usize),
}

/// What a setting is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostValue {
    /// A share.
    Rate(Rate),
    /// An amount.
    Amount(Money),
    /// As recorded on the order lines.
    Recorded,
}

impl fmt::Display for CostValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => write!(f, "{rate}"),
            Self::Amount(amount) => write!(f, "{amount}"),
            Self::Recorded => f.write_str("as recorded"),
        }
    }
}

/// How a setting changes.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostChange {
    /// By a share of itself: `0.2` is a fifth more, `-1.0` nothing left.
    By(f64),
    /// To an amount.
    ToAmount(Money),
    /// To a share.
    ToRate(Rate),
}

impl CostSetting {
    /// All that every shop has; activities are its own.
    pub const ALL: [Self; 10] = [
        Self::CostOfGoods,
        Self::WriteDown,
        Self::FulfilmentPerOrder,
        Self::FulfilmentPerItem,
        Self::PaymentFee,
        Self::PaymentPerOrder,
        Self::ReturnHandlingPerParcel,
        Self::ReturnHandlingPerItem,
        Self::ServicePerCustomer,
        Self::Marketing,
    ];

    /// All of given costs, its activities last.
    pub(super) fn of(costs: &Costs) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain((0..costs.activities.len()).map(Self::Activity))
    }

    /// Its name among given costs: that of an activity is its own.
    pub(super) fn name_in(self, costs: &Costs) -> &str {
        match self {
            Self::Activity(position) => {
                costs.activities.get(position).map_or(self.name(), |activity| &activity.name)
            }
            _ => self.name(),
        }
    }

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CostOfGoods => "cost of goods",
            Self::WriteDown => "write-down",
            Self::FulfilmentPerOrder => "fulfilment per order",
            Self::FulfilmentPerItem => "fulfilment per piece",
            Self::PaymentFee => "payment fee",
            Self::PaymentPerOrder => "payment per order",
            Self::ReturnHandlingPerParcel => "return handling per parcel",
            Self::ReturnHandlingPerItem => "return handling per piece",
            Self::ServicePerCustomer => "service per customer",
            Self::Marketing => "marketing",
            Self::Activity(_) => "activity",
        }
    }

    /// What it is in given costs; `None` where it is not known. Of costs by category it is the one of all other
    /// categories.
    #[must_use]
    pub fn value(self, costs: &Costs) -> Option<CostValue> {
        Some(match self {
            Self::CostOfGoods => match costs.cost_of_goods {
                CostOfGoods::ShareOfGross(rate) => CostValue::Rate(rate),
                CostOfGoods::FromLines => CostValue::Recorded,
            },
            Self::WriteDown => CostValue::Rate(costs.write_down),
            Self::FulfilmentPerOrder => CostValue::Amount(costs.fulfilment_per_order),
            Self::FulfilmentPerItem => CostValue::Amount(costs.fulfilment_per_item),
            Self::PaymentFee => CostValue::Rate(costs.payment_fee),
            Self::PaymentPerOrder => CostValue::Amount(costs.payment_per_order),
            Self::ReturnHandlingPerParcel => CostValue::Amount(costs.handling_per_parcel),
            Self::ReturnHandlingPerItem => CostValue::Amount(costs.handling_per_item),
            Self::ServicePerCustomer => CostValue::Amount(costs.service_per_customer?),
            Self::Marketing => match costs.marketing {
                Marketing::Unknown => return None,
                Marketing::PerOrder(amount)
                | Marketing::PerCustomer(amount)
                | Marketing::SpreadOverOrders(amount)
                | Marketing::SpreadOverCustomers(amount) => CostValue::Amount(amount),
            },
            Self::Activity(position) => CostValue::Amount(costs.activities.get(position)?.rate?),
        })
    }

    /// Sets it to a value, which was checked.
    fn set(self, costs: &mut Costs, value: CostValue) {
        match (self, value) {
            (Self::CostOfGoods, CostValue::Rate(rate)) => {
                costs.cost_of_goods = CostOfGoods::ShareOfGross(rate);
            }
            (Self::WriteDown, CostValue::Rate(rate)) => costs.write_down = rate,
            (Self::PaymentFee, CostValue::Rate(rate)) => costs.payment_fee = rate,
            (Self::FulfilmentPerOrder, CostValue::Amount(amount)) => costs.fulfilment_per_order = amount,
            (Self::FulfilmentPerItem, CostValue::Amount(amount)) => costs.fulfilment_per_item = amount,
            (Self::PaymentPerOrder, CostValue::Amount(amount)) => costs.payment_per_order = amount,
            (Self::ReturnHandlingPerParcel, CostValue::Amount(amount)) => costs.handling_per_parcel = amount,
            (Self::ReturnHandlingPerItem, CostValue::Amount(amount)) => costs.handling_per_item = amount,
            (Self::ServicePerCustomer, CostValue::Amount(amount)) => {
                costs.service_per_customer = Some(amount);
            }
            (Self::Marketing, CostValue::Amount(amount)) => match &mut costs.marketing {
                Marketing::Unknown => {}
                Marketing::PerOrder(old)
                | Marketing::PerCustomer(old)
                | Marketing::SpreadOverOrders(old)
                | Marketing::SpreadOverCustomers(old) => *old = amount,
            },
            (Self::Activity(position), CostValue::Amount(amount)) => {
                if let Some(activity) = costs.activities.get_mut(position) {
                    activity.rate = Some(amount);
                }
            }
            _ => {}
        }
    }

    /// Scales the rates that categories have of their own; one beyond 100 % is refused.
    fn scale_categories(self, costs: &mut Costs, factor: Rate) -> Result<()> {
        let rates = match self {
            Self::CostOfGoods => &mut costs.goods_by_category,
            Self::WriteDown => &mut costs.write_down_by_category,
            _ => return Ok(()),
        };
        for (category, rate) in rates {
            let scaled = Money::from_ten_thousandths(rate.millionths()).share(factor);
            let scaled = scaled.map_or(i64::MAX, Money::ten_thousandths);
            *rate = Rate::from_millionths(scaled);
            if *rate > Rate::ONE {
                return Err(Error::Setting {
                    setting: self.name(),
                    found: format!("{rate} for the category `{category}`"),
                    expected: "a share between 0 % and 100 %",
                });
            }
        }
        Ok(())
    }

    /// Changes it in given costs, by a share of itself for all categories alike. A recorded cost is not in them: it stays, and what it changes by is given back.
    pub(super) fn change(self, costs: &mut Costs, change: CostChange) -> Result<Option<Rate>> {
        let refused = |found: String, expected| Err(Error::Setting { setting: self.name(), found, expected });
        let is_rate = matches!(self, Self::CostOfGoods | Self::WriteDown | Self::PaymentFee);
        let old = self.value(costs);
        let value = match (change, old) {
            (CostChange::By(share), Some(old)) => {
                let factor = Rate::from_f64(1.0 + share)?;
                if factor >= Rate::ZERO {
                    self.scale_categories(costs, factor)?;
                }
                match old {
                    CostValue::Recorded => return Ok(Some(factor)),
                    CostValue::Rate(rate) => {
                        let scaled = Money::from_ten_thousandths(rate.millionths()).share(factor);
                        scaled.map(|scaled| CostValue::Rate(Rate::from_millionths(scaled.ten_thousandths())))
                    }
                    CostValue::Amount(amount) => amount.share(factor).map(CostValue::Amount),
                }
            }
            (CostChange::ToRate(rate), _) if is_rate => Some(CostValue::Rate(rate)),
            (CostChange::ToAmount(amount), Some(_)) if !is_rate => Some(CostValue::Amount(amount)),
            (CostChange::ToAmount(amount), None) if self == Self::ServicePerCustomer => {
                Some(CostValue::Amount(amount))
            }
            (_, None) => return refused("changed, but not known".to_owned(), "a cost that is set"),
            (CostChange::ToRate(_), _) => return refused("a share".to_owned(), "an amount"),
            (CostChange::ToAmount(_), _) => return refused("an amount".to_owned(), "a share"),
        };
        match value {
            Some(CostValue::Rate(rate)) if !(Rate::ZERO..=Rate::ONE).contains(&rate) => {
                refused(rate.to_string(), "a share between 0 % and 100 %")
            }
            Some(CostValue::Amount(amount)) if amount < Money::ZERO => {
                refused(amount.to_string(), "a cost of zero or more")
            }
            Some(value) => {
                self.set(costs, value);
                Ok(None)
            }
            None => refused("beyond all amounts".to_owned(), "an amount in range"),
        }
    }

    /// What it costs a group, where that can be read from its waterfall; `None` where it shares an item with another
    /// setting.
    pub(super) fn due(self, group: &Waterfall) -> Option<MoneyTotal> {
        let known = |item| group.get(item).unwrap_or_default();
        match self {
            // Goods that come back bring their cost back less the write-down, which is a share of it.
            Self::CostOfGoods => Some(group.cost_of_goods() + known(Item::WriteDown)),
            Self::WriteDown => Some(known(Item::WriteDown)),
            Self::ServicePerCustomer => Some(known(Item::Service)),
            Self::Marketing => Some(known(Item::Marketing)),
            _ => None,
        }
    }

    /// How far it can rise, as a share of itself: a share ends at 100 %, that of the dearest category first.
    pub(super) fn most_rise(self, costs: &Costs) -> f64 {
        let by_category = match self {
            Self::CostOfGoods => costs.goods_by_category.as_slice(),
            Self::WriteDown => &costs.write_down_by_category,
            _ => &[],
        };
        let own = match self.value(costs) {
            Some(CostValue::Rate(rate)) => rate,
            _ => Rate::ZERO,
        };
        match by_category.iter().map(|(_, rate)| *rate).fold(own, Rate::max) {
            Rate::ZERO => f64::INFINITY,
            rate => 1.0 / rate.to_f64() - 1.0,
        }
    }
}

impl fmt::Display for CostSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_can_be_read_and_changed() {
        let (amount, rate) = (Money::from_ten_thousandths(50_000), Rate::from_millionths(100_000));
        let costs = Costs::builder(CostOfGoods::ShareOfGross(rate))
            .fulfilment_per_order(amount)
            .fulfilment_per_item(amount)
            .payment_fee(rate)
            .payment_per_order(amount)
            .return_handling_per_parcel(amount)
            .return_handling_per_item(amount)
            .write_down(rate)
            .service_per_customer(amount)
            .marketing(Marketing::PerCustomer(amount))
            .build()
            .unwrap();
        for setting in CostSetting::ALL {
            let mut changed = costs.clone();
            assert_eq!(setting.change(&mut changed, CostChange::By(0.1)).unwrap(), None);
            let expected = match setting.value(&costs).unwrap() {
                CostValue::Rate(_) => CostValue::Rate(Rate::from_millionths(110_000)),
                _ => CostValue::Amount(Money::from_ten_thousandths(55_000)),
            };
            assert_eq!(setting.value(&changed), Some(expected), "{setting}");
            // Nothing else has changed.
            for other in CostSetting::ALL.into_iter().filter(|other| *other != setting) {
                assert_eq!(other.value(&changed), other.value(&costs), "{setting} {other}");
            }
            let wrong = match expected {
                CostValue::Rate(_) => CostChange::ToAmount(amount),
                _ => CostChange::ToRate(rate),
            };
            assert!(setting.change(&mut changed, wrong).is_err(), "{setting}");
            assert!(setting.change(&mut changed, CostChange::By(-1.5)).is_err(), "{setting}");
            assert!(setting.change(&mut changed, CostChange::By(f64::NAN)).is_err(), "{setting}");
        }
    }

    #[test]
    fn what_is_not_known_cannot_be_scaled() {
        let mut costs = Costs::builder(CostOfGoods::FromLines).build().unwrap();
        assert!(CostSetting::Marketing.change(&mut costs, CostChange::By(0.1)).is_err());
        assert!(CostSetting::ServicePerCustomer.change(&mut costs, CostChange::By(0.1)).is_err());
        let amount = Money::from_ten_thousandths(1);
        CostSetting::ServicePerCustomer.change(&mut costs, CostChange::ToAmount(amount)).unwrap();
        assert_eq!(costs.service_per_customer, Some(amount));
        let recorded = CostSetting::CostOfGoods.change(&mut costs, CostChange::By(0.1)).unwrap();
        assert_eq!(recorded, Some(Rate::from_millionths(1_100_000)));
    }

    #[test]
    fn categories_move_with_the_rest_and_activities_for_themselves() {
        let (amount, rate) = (Money::from_ten_thousandths(50_000), Rate::from_millionths(400_000));
        let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_millionths(300_000)))
            .cost_of_goods_by_category([("shoes", rate)])
            .activity(Item::Service, "ticket", amount, "tickets")
            .cost_column(Item::Fulfilment, "shipping_cost")
            .build()
            .unwrap();
        let mut changed = costs.clone();
        CostSetting::CostOfGoods.change(&mut changed, CostChange::By(0.5)).unwrap();
        assert_eq!(changed.goods_by_category[0].1, Rate::from_millionths(600_000));
        assert!((CostSetting::CostOfGoods.most_rise(&costs) - 1.5).abs() < 1e-12, "shoes end at 100 %");
        let beyond = CostSetting::CostOfGoods.change(&mut changed, CostChange::By(0.9)).unwrap_err();
        assert!(beyond.to_string().contains("`shoes`"), "{beyond}");

        let known: Vec<CostSetting> =
            CostSetting::of(&costs).filter(|setting| setting.value(&costs).is_some()).collect();
        let ticket = CostSetting::Activity(0);
        assert!(known.contains(&ticket), "{known:?}");
        assert!(!known.contains(&CostSetting::Activity(1)), "amounts of the table are no setting");
        assert_eq!(ticket.name_in(&costs), "ticket");
        let mut changed = costs.clone();
        ticket.change(&mut changed, CostChange::By(0.1)).unwrap();
        assert_eq!(ticket.value(&changed), Some(CostValue::Amount(Money::from_ten_thousandths(55_000))));
        assert!(CostSetting::Activity(7).change(&mut changed, CostChange::By(0.1)).is_err());
    }
}
