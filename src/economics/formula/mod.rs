//! From one customer's counts and money to the amounts of her waterfall.

mod activities;
mod goods;
mod tax;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::economics::costs::{CostOfGoods, Costs, Marketing};
use crate::economics::facts::{Amounts, Counts, Facts};
use crate::economics::rows::{CHUNK, by_chunks};
use crate::economics::waterfall::{Item, Known};
use crate::economics::waterfalls::{ItemAmounts, margins_fit};
use crate::error::{Error, Result};
use crate::features::{Feature, FeatureTable};
use crate::transaction::{Money, Rate, mul_div};

use activities::Activities;
use goods::{Categories, CategorySums, Goods};
use tax::Tax;

/// Costs bound to the columns of one table, each of which is there if it is needed.
pub(super) struct Formula<'a> {
    costs: &'a Costs,
    facts: &'a Facts<'a>,
    tax: Tax,
    pub(super) known: Known,
    orders: Option<Counts<'a>>,
    items: Option<Counts<'a>>,
    return_parcels: Option<Counts<'a>>,
    items_returned: Option<Counts<'a>>,
    cost_of_goods: Option<Amounts<'a>>,
    categories: Option<Categories<'a>>,
    activities: Activities<'a>,
}

impl<'a> Formula<'a> {
    pub(super) fn new(costs: &'a Costs, facts: &'a Facts<'a>) -> Result<Self> {
        let returns_known = facts.returned.is_some();
        let needed = |column: Option<Counts<'a>>, feature: Feature, used: bool| match column {
            Some(column) if used => Ok(Some(column)),
            None if used => {
                Err(facts.table.column(feature).err().unwrap_or_else(|| no_value(feature.name())))
            }
            _ => Ok(None),
        };
        let nonzero = |amount: Money| amount > Money::ZERO;
        let per_order = nonzero(costs.fulfilment_per_order)
            || nonzero(costs.payment_per_order)
            || matches!(costs.marketing, Marketing::PerOrder(_) | Marketing::SpreadOverOrders(_));
        let cost_of_goods = match (costs.cost_of_goods, facts.cost_of_goods) {
            (CostOfGoods::FromLines, None) => {
                let feature = Feature::CostOfGoods;
                return Err(facts.table.column(feature).err().unwrap_or_else(|| no_value(feature.name())));
            }
            (CostOfGoods::FromLines, column) => column,
            (CostOfGoods::ShareOfGross(_), _) => None,
        };
        let categories = match costs.cost_of_goods {
            CostOfGoods::ShareOfGross(share) => Categories::of(costs, share, facts)?,
            CostOfGoods::FromLines => None,
        };
        let activities = Activities::of(costs, facts)?;
        let known = Item::ALL.into_iter().fold(Known::default(), |known, item| {
            known.with(
                item,
                activities.has(item)
                    || match item {
                        Item::Discount => facts.discount.is_some(),
                        Item::Returns
                        | Item::CostOfGoodsReturned
                        | Item::WriteDown
                        | Item::ReturnHandling => returns_known,
                        Item::Service => costs.service_per_customer.is_some(),
                        Item::Marketing => costs.marketing != Marketing::Unknown,
                        _ => true,
                    },
            )
        });
        Ok(Self {
            tax: Tax::of(costs, facts)?,
            known,
            orders: needed(facts.orders, Feature::Orders, per_order)?,
            items: needed(facts.items, Feature::Items, nonzero(costs.fulfilment_per_item))?,
            return_parcels: needed(
                facts.return_parcels,
                Feature::ReturnParcels,
                returns_known && nonzero(costs.handling_per_parcel),
            )?,
            items_returned: needed(
                facts.items_returned,
                Feature::ItemsReturned,
                returns_known && nonzero(costs.handling_per_item),
            )?,
            cost_of_goods,
            categories,
            activities,
            costs,
            facts,
        })
    }

    /// A customer's amounts but for a marketing total; `None` where a value is missing.
    pub(super) fn row(&self, row: usize) -> Result<Option<ItemAmounts>> {
        let Some(drivers) = self.drivers(row).filter(|_| self.activities.known(row)) else { return Ok(None) };
        let by_category = match &self.categories {
            Some(categories) => match categories.sums(self.facts, row, drivers.gross)? {
                Some(sums) => Some(sums),
                None => return Ok(None),
            },
            None => None,
        };
        let add_activities = |mut amounts| self.activities.add(row, &mut amounts).map(|()| amounts);
        let amounts = self.amounts(&drivers, by_category).and_then(add_activities);
        amounts.filter(margins_fit).map(Some).ok_or_else(|| out_of_range(self.facts.table, row))
    }

    /// A customer's counts and money; `None` where a value is missing.
    fn drivers(&self, row: usize) -> Option<Drivers> {
        fn optional<T>(column: Option<T>, get: impl Fn(T) -> Option<i64>) -> Option<i64> {
            column.map_or(Some(0), get)
        }
        let facts = self.facts;
        let amounts = |column: Option<Amounts<'_>>| optional(column, |column| column.get(row));
        let counts = |column: Option<Counts<'_>>| optional(column, |column| column.get(row));
        Some(Drivers {
            rate: self.tax.rate(facts, row),
            gross: facts.gross.get(row)?,
            discount: amounts(facts.discount)?,
            returned: amounts(facts.returned)?,
            attributed: amounts(facts.attributed)?,
            // Where these two are missing, the cost of returned goods is taken in proportion to value.
            returned_gross: facts.returned_gross.and_then(|column| column.get(row)),
            cost_of_goods: amounts(self.cost_of_goods)?,
            cost_of_goods_returned: facts.cost_of_goods_returned.and_then(|column| column.get(row)),
            orders: counts(self.orders)?,
            items: counts(self.items)?,
            return_parcels: counts(self.return_parcels)?,
            items_returned: counts(self.items_returned)?,
        })
    }

    /// The amounts that follow; `None` where one leaves its range.
    fn amounts(&self, drivers: &Drivers, by_category: Option<CategorySums>) -> Option<ItemAmounts> {
        let costs = self.costs;
        let times = |amount: Money, count: i64| amount.ten_thousandths().checked_mul(count);
        let share = |amount: i64, rate: Rate| mul_div(amount, rate.millionths(), Rate::ONE.millionths());
        let net = |amount: i64| drivers.net_of_tax(amount);
        let (gross, discount) = (net(drivers.gross)?, net(drivers.discount)?);
        let charged = drivers.gross.checked_sub(drivers.discount)?;
        let goods = match by_category {
            Some(sums) => sums.goods(drivers.rate)?,
            None => self.goods(drivers, gross, charged)?,
        };
        let fulfilment = times(costs.fulfilment_per_order, drivers.orders)?
            .checked_add(times(costs.fulfilment_per_item, drivers.items)?)?;
        let payment = share(charged.max(0), costs.payment_fee)?
            .checked_add(times(costs.payment_per_order, drivers.orders)?)?;
        let handling = times(costs.handling_per_parcel, drivers.return_parcels)?
            .checked_add(times(costs.handling_per_item, drivers.items_returned)?)?;
        let marketing = match costs.marketing {
            Marketing::PerOrder(cost) => times(cost, drivers.orders)?,
            Marketing::PerCustomer(cost) if drivers.gross > 0 => cost.ten_thousandths(),
            _ => 0,
        };
        let mut amounts = [0; Item::ALL.len()];
        amounts[Item::Gross as usize] = gross;
        amounts[Item::Discount as usize] = discount;
        amounts[Item::Returns as usize] = net(drivers.returned)?;
        amounts[Item::CostOfGoodsSold as usize] = goods.sold;
        amounts[Item::CostOfGoodsReturned as usize] = goods.returned;
        amounts[Item::WriteDown as usize] = goods.write_down;
        amounts[Item::Fulfilment as usize] = fulfilment;
        amounts[Item::Payment as usize] = payment;
        amounts[Item::ReturnHandling as usize] = handling;
        amounts[Item::Service as usize] = costs.service_per_customer.unwrap_or_default().ten_thousandths();
        amounts[Item::Marketing as usize] = marketing;
        Some(amounts)
    }

    /// What goods cost where no category differs: of a customer's gross net of tax, and of what she was charged.
    fn goods(&self, drivers: &Drivers, gross: i64, charged: i64) -> Option<Goods> {
        let share = |amount: i64, rate: Rate| mul_div(amount, rate.millionths(), Rate::ONE.millionths());
        let sold = match self.costs.cost_of_goods {
            CostOfGoods::ShareOfGross(rate) => share(gross, rate)?,
            CostOfGoods::FromLines => drivers.cost_of_goods,
        };
        let recorded = match self.costs.cost_of_goods {
            CostOfGoods::ShareOfGross(rate) => match drivers.returned_gross {
                Some(returned) => Some(share(drivers.net_of_tax(returned)?, rate)?),
                None => None,
            },
            CostOfGoods::FromLines => drivers.cost_of_goods_returned,
        };
        let returned = match recorded {
            _ if !self.known.has(Item::Returns) => 0,
            Some(cost) => cost.min(sold),
            // In proportion to value, of what belongs to a known sale.
            None if charged > 0 => mul_div(sold, drivers.attributed.clamp(0, charged), charged)?,
            None => 0,
        };
        Some(Goods { sold, returned, write_down: share(returned, self.costs.write_down)? })
    }

    /// Spreads a marketing total over customers so that the shares add up to it: each gets what the running count of
    /// orders or customers is due so far, less what was given before. Chunks of rows know the count before them, so
    /// they can be worked on side by side.
    pub(super) fn spread_marketing(&self, customers: &Bitmap, amounts: &mut [ItemAmounts]) -> Result<()> {
        let (total, by_orders) = match self.costs.marketing {
            Marketing::SpreadOverOrders(total) => (i128::from(total.ten_thousandths()), true),
            Marketing::SpreadOverCustomers(total) => (i128::from(total.ten_thousandths()), false),
            _ => return Ok(()),
        };
        let weight = |row: usize| -> i128 {
            if !customers.get(row) {
                0
            } else if by_orders {
                self.orders.and_then(|orders| orders.get(row)).unwrap_or_default().into()
            } else {
                i128::from(self.facts.gross.get(row).is_some_and(|gross| gross > 0))
            }
        };
        let mut before: Vec<i128> = by_chunks(amounts.len(), |rows| rows.map(weight).sum());
        let mut whole = 0;
        for count in &mut before {
            whole += std::mem::replace(count, whole);
        }
        if whole == 0 {
            return Err(Error::Empty {
                what: "the list of orders to spread marketing over",
                hint: "no customer of the table has an order with a value",
            });
        }
        let due = |weights: i128| {
            let product = total * weights;
            match (i64::try_from(product), i64::try_from(whole)) {
                (Ok(product), Ok(whole)) => product / whole,
                _ => (product / whole) as i64,
            }
        };
        let out_of_range: Vec<Option<usize>> = amounts
            .par_chunks_mut(CHUNK)
            .zip(before)
            .enumerate()
            .map(|(chunk, (amounts, mut weights))| {
                let mut given = due(weights);
                for (row, items) in (chunk * CHUNK..).zip(amounts).filter(|(row, _)| customers.get(*row)) {
                    weights += weight(row);
                    let now = due(weights);
                    let marketing = &mut items[Item::Marketing as usize];
                    match marketing.checked_add(now - given) {
                        Some(sum) => *marketing = sum,
                        None => return Some(row),
                    }
                    if !margins_fit(items) {
                        return Some(row);
                    }
                    given = now;
                }
                None
            })
            .collect();
        match out_of_range.into_iter().flatten().next() {
            Some(row) => Err(self::out_of_range(self.facts.table, row)),
            None => Ok(()),
        }
    }
}

/// One customer's counts and money.
struct Drivers {
    rate: Rate,
    gross: i64,
    discount: i64,
    returned: i64,
    attributed: i64,
    returned_gross: Option<i64>,
    cost_of_goods: i64,
    cost_of_goods_returned: Option<i64>,
    orders: i64,
    items: i64,
    return_parcels: i64,
    items_returned: i64,
}

impl Drivers {
    fn net_of_tax(&self, amount: i64) -> Option<i64> {
        if self.rate == Rate::ZERO {
            return Some(amount);
        }
        mul_div(amount, Rate::ONE.millionths(), Rate::ONE.millionths() + self.rate.millionths())
    }
}

/// The error for a column that a cost needs and that has no value in any row.
fn no_value(feature: &str) -> Error {
    Error::FeatureType {
        feature: feature.to_owned(),
        found: "missing for every customer",
        expected: "values, because a cost depends on it",
    }
}

/// The error for a column that a cost needs and that the table lacks.
fn missing_column(table: &FeatureTable, cost: &str, column: &str, hint: &'static str) -> Error {
    let nearest = match table.column(column) {
        Err(Error::MissingFeature { nearest, .. }) => nearest,
        _ => None,
    };
    Error::MissingCostColumn { cost: cost.to_owned(), column: column.to_owned(), nearest, hint }
}

/// The error of an amount that leaves its range.
fn out_of_range(table: &FeatureTable, row: usize) -> Error {
    Error::MoneyRange { what: "the contribution".to_owned(), customer: table.ids().id(row).to_string() }
}

#[cfg(test)]
mod tests;
