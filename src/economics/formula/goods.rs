//! The cost of a customer's goods where categories have shares of their own.

use crate::economics::costs::{Costs, RETURNED_GROSS, gross_column, returned_gross_column};
use crate::economics::facts::{Amounts, Facts, amounts};
use crate::economics::formula::missing_column;
use crate::error::{Error, Result};
use crate::transaction::{Money, Rate};

/// The columns of the named categories, and the shares of all.
pub(super) struct Categories<'a> {
    named: Vec<Category<'a>>,
    other: Shares,
    /// Returned gross of all lines; `None` where returns are not known.
    returned: Option<Amounts<'a>>,
}

struct Category<'a> {
    gross: Amounts<'a>,
    returned: Option<Amounts<'a>>,
    shares: Shares,
}

/// In millionths: cost per list price, and loss per cost.
#[derive(Clone, Copy)]
struct Shares {
    goods: Rate,
    write_down: Rate,
}

/// A customer's sums over categories, exact: amounts times millionths, the write-down times millionths twice; with the
/// tax that prices include.
#[derive(Clone, Copy, Default)]
pub(super) struct CategorySums {
    sold: i128,
    returned: i128,
    write_down: i128,
}

/// What a customer's goods cost, in ten-thousandths.
pub(super) struct Goods {
    pub(super) sold: i64,
    pub(super) returned: i64,
    pub(super) write_down: i64,
}

impl<'a> Categories<'a> {
    /// `None` where no cost differs by category; `share` is that of a category that is not named.
    pub(super) fn of(costs: &Costs, share: Rate, facts: &Facts<'a>) -> Result<Option<Self>> {
        let names = costs.categories();
        if names.is_empty() {
            return Ok(None);
        }
        let column = |name: String| match amounts(facts.table, &name)? {
            Some(column) => Ok(column),
            None => Err(missing_column(facts.table, "cost of goods", &name, HINT)),
        };
        let returned = |name: String| facts.returned.map(|_| column(name)).transpose();
        let own = |rates: &[(String, Rate)], category: &str, other: Rate| {
            rates.iter().find(|(name, _)| name == category).map_or(other, |(_, rate)| *rate)
        };
        let category = |name: &str| {
            Ok(Category {
                gross: column(gross_column(name))?,
                returned: returned(returned_gross_column(name))?,
                shares: Shares {
                    goods: own(&costs.goods_by_category, name, share),
                    write_down: own(&costs.write_down_by_category, name, costs.write_down),
                },
            })
        };
        Ok(Some(Self {
            named: names.into_iter().map(category).collect::<Result<_>>()?,
            other: Shares { goods: share, write_down: costs.write_down },
            returned: returned(RETURNED_GROSS.to_owned())?,
        }))
    }

    /// A customer's sums, given her gross; `None` where a value is missing.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the named categories have more gross than the customer.
    pub(super) fn sums(&self, facts: &Facts<'_>, row: usize, gross: i64) -> Result<Option<CategorySums>> {
        let mut sums = CategorySums::default();
        let returned_of = |column: Option<Amounts<'_>>| column.map_or(Some(0), |column| column.get(row));
        let Some(all_returned) = returned_of(self.returned) else { return Ok(None) };
        let (mut rest, mut rest_returned) = (i128::from(gross), i128::from(all_returned));
        for category in &self.named {
            let Some((own, returned)) = category.gross.get(row).zip(returned_of(category.returned)) else {
                return Ok(None);
            };
            let (own, returned) = (i128::from(own), i128::from(returned));
            sums.add(own, returned, category.shares);
            rest -= own;
            rest_returned -= returned;
        }
        if rest < 0 && gross >= 0 {
            let over =
                Money::from_ten_thousandths(gross.saturating_sub(i64::try_from(rest).unwrap_or(i64::MIN)));
            return Err(Error::Incompatible {
                what: "the gross of a customer",
                left: format!("{over} in the categories with costs of their own"),
                right: format!(
                    "{} in all of customer `{}`",
                    Money::from_ten_thousandths(gross),
                    facts.table.ids().id(row)
                ),
            });
        }
        sums.add(rest, rest_returned, self.other);
        Ok(Some(sums))
    }
}

const HINT: &str = "hand `costs.traits(log.rules())` to the extractor's `computed`";

impl CategorySums {
    /// What came back of a category is at most what went out: without a known sale it brings no goods.
    fn add(&mut self, gross: i128, returned: i128, shares: Shares) {
        let (goods, write_down) =
            (i128::from(shares.goods.millionths()), i128::from(shares.write_down.millionths()));
        let returned = goods * returned.min(gross).max(0);
        self.sold += goods * gross;
        self.returned += returned;
        self.write_down += write_down * returned;
    }

    /// Net of a tax rate, each rounded half to even once; `None` beyond the range of money.
    pub(super) fn goods(&self, tax: Rate) -> Option<Goods> {
        let one = i128::from(Rate::ONE.millionths());
        let whole = one + i128::from(tax.millionths());
        Some(Goods {
            sold: rounded(self.sold, whole)?,
            returned: rounded(self.returned, whole)?,
            write_down: rounded(self.write_down, whole * one)?,
        })
    }
}

/// A quotient rounded half to even; `None` where it leaves `i64`. The divisor is positive.
fn rounded(amount: i128, by: i128) -> Option<i64> {
    let (whole, rest) = (amount.div_euclid(by), amount.rem_euclid(by));
    let up = 2 * rest > by || (2 * rest == by && whole % 2 != 0);
    i64::try_from(whole + i128::from(up)).ok()
}
