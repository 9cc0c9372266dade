//! From one customer's counts and money to the amounts of her waterfall.

use crate::bitmap::Bitmap;
use crate::economics::costs::{CostOfGoods, Costs, Marketing};
use crate::economics::facts::{Amounts, Counts, Facts};
use crate::economics::waterfall::{Item, Known};
use crate::economics::waterfalls::ItemAmounts;
use crate::error::{Error, Result};
use crate::features::{Feature, FeatureTable};
use crate::transaction::{Money, Rate, Vat, mul_div};

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
}

/// The tax in a table's prices.
enum Tax {
    None,
    Uniform(Rate),
    /// By the code of the country, and for customers without one.
    ByCountry(Vec<Rate>, Rate),
}

impl<'a> Formula<'a> {
    pub(super) fn new(costs: &'a Costs, facts: &'a Facts<'a>) -> Result<Self> {
        let returns_known = facts.returned.is_some();
        let needed = |column: Option<Counts<'a>>, feature: Feature, used: bool| match column {
            Some(column) if used => Ok(Some(column)),
            None if used => Err(facts.table.column(feature).err().unwrap_or_else(|| no_value(feature))),
            _ => Ok(None),
        };
        let nonzero = |amount: Money| amount > Money::ZERO;
        let per_order = nonzero(costs.fulfilment_per_order)
            || nonzero(costs.payment_per_order)
            || matches!(costs.marketing, Marketing::PerOrder(_) | Marketing::SpreadOverOrders(_));
        let cost_of_goods = match (costs.cost_of_goods, facts.cost_of_goods) {
            (CostOfGoods::FromLines, None) => {
                let feature = Feature::CostOfGoods;
                return Err(facts.table.column(feature).err().unwrap_or_else(|| no_value(feature)));
            }
            (CostOfGoods::FromLines, column) => column,
            (CostOfGoods::ShareOfGross(_), _) => None,
        };
        let known = Item::ALL.into_iter().fold(Known::default(), |known, item| {
            known.with(
                item,
                match item {
                    Item::Discount => facts.discount.is_some(),
                    Item::Returns | Item::CostOfGoodsReturned | Item::WriteDown | Item::ReturnHandling => {
                        returns_known
                    }
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
            costs,
            facts,
        })
    }

    /// A customer's amounts but for a marketing total; `None` where a value is missing.
    pub(super) fn row(&self, row: usize) -> Result<Option<ItemAmounts>> {
        let Some(drivers) = self.drivers(row) else { return Ok(None) };
        self.amounts(&drivers).map(Some).ok_or_else(|| out_of_range(self.facts.table, row))
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
    fn amounts(&self, drivers: &Drivers) -> Option<ItemAmounts> {
        let costs = self.costs;
        let times = |amount: Money, count: i64| amount.ten_thousandths().checked_mul(count);
        let share = |amount: i64, rate: Rate| mul_div(amount, rate.millionths(), Rate::ONE.millionths());
        let net = |amount: i64| drivers.net_of_tax(amount);
        let (gross, discount) = (net(drivers.gross)?, net(drivers.discount)?);
        let charged = drivers.gross.checked_sub(drivers.discount)?;
        let sold = match costs.cost_of_goods {
            CostOfGoods::ShareOfGross(rate) => share(gross, rate)?,
            CostOfGoods::FromLines => drivers.cost_of_goods,
        };
        let recorded = match costs.cost_of_goods {
            CostOfGoods::ShareOfGross(rate) => match drivers.returned_gross {
                Some(returned) => Some(share(net(returned)?, rate)?),
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
        amounts[Item::CostOfGoodsSold as usize] = sold;
        amounts[Item::CostOfGoodsReturned as usize] = returned;
        amounts[Item::WriteDown as usize] = share(returned, costs.write_down)?;
        amounts[Item::Fulfilment as usize] = fulfilment;
        amounts[Item::Payment as usize] = payment;
        amounts[Item::ReturnHandling as usize] = handling;
        amounts[Item::Service as usize] = costs.service_per_customer.unwrap_or_default().ten_thousandths();
        amounts[Item::Marketing as usize] = marketing;
        Some(amounts)
    }

    /// Spreads a marketing total so that the shares add up to it: each customer gets what the running count of
    /// orders or customers is due so far, less what was given before.
    pub(super) fn spread_marketing(&self, customers: &Bitmap, amounts: &mut [ItemAmounts]) -> Result<()> {
        let weight = |row: usize| -> i128 {
            match self.costs.marketing {
                Marketing::SpreadOverOrders(_) => {
                    self.orders.and_then(|orders| orders.get(row)).unwrap_or_default().into()
                }
                _ => i128::from(self.facts.gross.get(row).is_some_and(|gross| gross > 0)),
            }
        };
        let (Marketing::SpreadOverOrders(total) | Marketing::SpreadOverCustomers(total)) =
            self.costs.marketing
        else {
            return Ok(());
        };
        let whole: i128 = customers.ones().map(weight).sum();
        if whole == 0 {
            return Err(Error::Empty {
                what: "the list of orders to spread marketing over",
                hint: "no customer of the table has an order with a value",
            });
        }
        let (mut weights, mut given) = (0, 0);
        for row in customers.ones() {
            weights += weight(row);
            let due = i128::from(total.ten_thousandths()) * weights / whole;
            amounts[row][Item::Marketing as usize] = (due - given) as i64;
            given = due;
        }
        Ok(())
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

impl Tax {
    fn of(costs: &Costs, facts: &Facts<'_>) -> Result<Self> {
        let stated = facts.table.context().map(|context| context.vat);
        match (stated, &costs.vat) {
            (Some(Vat::Excluded), _) | (None, None) => Ok(Self::None),
            (Some(Vat::Included), None) => Err(Error::Setting {
                setting: "vat",
                found: "not set, but the table's prices include tax".to_owned(),
                expected: "the tax rate: `.vat(VatRates::uniform(..))` or `.vat(VatRates::by_country(..))` on the costs",
            }),
            (_, Some(rates)) if rates.is_by_country() => {
                let Some(country) = facts.country else {
                    let feature = Feature::Country;
                    return Err(facts.table.column(feature).err().unwrap_or_else(|| no_value(feature)));
                };
                let by_code = country.levels().iter().map(|name| rates.rate(Some(name))).collect();
                Ok(Self::ByCountry(by_code, rates.rate(None)))
            }
            (_, Some(rates)) => Ok(Self::Uniform(rates.rate(None))),
        }
    }

    #[inline]
    fn rate(&self, facts: &Facts<'_>, row: usize) -> Rate {
        match self {
            Self::None => Rate::ZERO,
            Self::Uniform(rate) => *rate,
            Self::ByCountry(rates, other) => {
                let code = facts.country.and_then(|country| country.code(row));
                code.and_then(|code| rates.get(code as usize)).copied().unwrap_or(*other)
            }
        }
    }
}

/// The error for a column that a cost needs and that has no value in any row.
fn no_value(feature: Feature) -> Error {
    Error::FeatureType {
        feature: feature.name().to_owned(),
        found: "missing for every customer",
        expected: "values, because a cost depends on it",
    }
}

/// The error of an amount that leaves its range.
pub(super) fn out_of_range(table: &FeatureTable, row: usize) -> Error {
    Error::MoneyRange { what: "the contribution".to_owned(), customer: table.ids().id(row).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::category::Category;
    use crate::economics::{Economics, VatRates};
    use crate::features::{Column, ReturnKnowledge, TableContext, Values};
    use crate::transaction::{AsOf, CustomerIds, Zone};

    fn money(units: &[i64]) -> Values {
        Values::Money(units.iter().map(|units| Money::from_ten_thousandths(units * 10_000)).collect())
    }

    fn with_tax(table: FeatureTable, vat: Vat) -> FeatureTable {
        table.described(TableContext {
            as_of: AsOf::date("2026-01-01", &Zone::utc()).unwrap(),
            currency: "EUR".to_owned(),
            vat,
            returns: ReturnKnowledge::AsKnown,
            lines_left_out: 0,
        })
    }

    fn half() -> crate::economics::CostsBuilder {
        Costs::builder(CostOfGoods::ShareOfGross(Rate::from_millionths(500_000)))
            .return_handling_per_parcel(Money::ZERO)
    }

    fn economics(costs: crate::economics::CostsBuilder) -> Economics {
        Economics::builder(costs.build().unwrap()).build().unwrap()
    }

    #[test]
    fn tax_is_needed_where_prices_include_it_and_ignored_where_they_do_not() {
        let plain =
            FeatureTable::from_columns(CustomerIds::rows(2), [("gross", money(&[119, 238]))]).unwrap();
        let nineteen = VatRates::uniform(Rate::from_millionths(190_000));
        let gross = |table: &FeatureTable, costs| {
            economics(costs).waterfalls(table).map(|w| w.shop().gross().to_f64())
        };
        let included = with_tax(plain.clone(), Vat::Included);
        let error = gross(&included, half()).unwrap_err();
        assert!(matches!(error, Error::Setting { setting: "vat", .. }), "{error}");
        assert_eq!(gross(&included, half().vat(nineteen.clone())).unwrap().to_string(), "300");
        let excluded = with_tax(plain.clone(), Vat::Excluded);
        assert_eq!(gross(&excluded, half().vat(nineteen.clone())).unwrap().to_string(), "357");
        assert_eq!(gross(&plain, half().vat(nineteen)).unwrap().to_string(), "300");
        assert_eq!(gross(&plain, half()).unwrap().to_string(), "357");
    }

    #[test]
    fn tax_by_country_follows_the_customer() {
        let country = Category::from_texts([Some("DE"), Some("AT"), None, Some("CH")]);
        let gross = ("gross", money(&[119, 120, 110, 110]));
        let rates = VatRates::by_country(
            Rate::from_millionths(100_000),
            [("DE", Rate::from_millionths(190_000)), ("AT", Rate::from_millionths(200_000))],
        );
        let economics = economics(half().vat(rates));
        let table = FeatureTable::from_columns(CustomerIds::rows(4), [gross.clone()]).unwrap();
        assert!(matches!(economics.waterfalls(&table).unwrap_err(), Error::MissingFeature { .. }));
        let table = table.column_added("country", Column::new(Values::Category(country))).unwrap();
        let waterfalls = economics.waterfalls(&table).unwrap();
        for row in 0..4 {
            assert_eq!(waterfalls.customer(row).unwrap().gross().to_string(), "100.00");
        }
    }

    #[test]
    fn a_rate_is_rounded_half_to_even_once_per_customer() {
        let amounts = Values::Money([1, 3, 5].map(Money::from_ten_thousandths).to_vec());
        let table = FeatureTable::from_columns(CustomerIds::rows(3), [("gross", amounts)]).unwrap();
        let waterfalls = economics(half()).waterfalls(&table).unwrap();
        let goods = (0..3).map(|row| waterfalls.customer(row).unwrap().cost_of_goods().ten_thousandths());
        assert_eq!(goods.collect::<Vec<_>>(), [0, 2, 2]);
        assert_eq!(waterfalls.shop().cost_of_goods().ten_thousandths(), 4, "and not half of 9");
    }

    #[test]
    fn the_cost_of_returned_goods_comes_from_the_best_record() {
        let ids = || CustomerIds::rows(3);
        // 200 at list price, 100 paid, 50 of it back; the third customer has sent back more than she bought.
        let columns = [
            ("gross", money(&[200, 200, 20])),
            ("discount", money(&[100, 100, 0])),
            ("returned", money(&[50, 50, 90])),
        ];
        let returned = |table: &FeatureTable, costs| {
            let waterfalls = economics(costs).waterfalls(table).unwrap();
            (0..3)
                .map(|row| {
                    waterfalls.customer(row).unwrap().get(Item::CostOfGoodsReturned).unwrap().to_string()
                })
                .collect()
        };
        let plain = FeatureTable::from_columns(ids(), columns).unwrap();
        let by_value: Vec<String> = returned(&plain, half());
        assert_eq!(by_value, ["50.00", "50.00", "10.00"], "half of the goods, and no more than went out");
        let list = plain.clone().column_added("returned_gross", money(&[80, 0, 10])).unwrap();
        let by_list: Vec<String> = returned(&list, half());
        assert_eq!(by_list, ["40.00", "0.00", "5.00"]);
        let costs = || Costs::builder(CostOfGoods::FromLines).return_handling_per_parcel(Money::ZERO);
        let lines = plain.column_added("cost_of_goods", money(&[60, 70, 9])).unwrap();
        let by_value: Vec<String> = returned(&lines, costs());
        assert_eq!(by_value, ["30.00", "35.00", "9.00"]);
        let lines = lines.column_added("cost_of_goods_returned", money(&[20, 70, 12])).unwrap();
        let recorded: Vec<String> = returned(&lines, costs());
        assert_eq!(recorded, ["20.00", "70.00", "9.00"]);
    }
}
