//! Prices: how much of her purchases a customer makes on discount, how deep the discounts are, whether she buys what is
//! cheap of its kind, and one score for how much the price seems to matter to her.

use crate::error::{Error, Result};
use crate::features::customer::{Customer, Lines};
use crate::features::derive::{Grow, Part, TooLarge, ratio};
use crate::features::families::assortment::{Assortment, Bought};
use crate::features::families::shop;
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Ratios, Source};
use crate::features::lines::Needs;
use crate::transaction::{Attribute, LineKind};

/// The family: all of it, or the part that needs no discounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Prices {
    All,
    Level,
}

/// Its columns that need discounts, but for the last, which is a count.
const NUMBERS: [&str; 5] = [
    "gross_on_discount_share",
    "orders_on_discount_share",
    "discount_depth",
    "price_level",
    "price_sensitivity",
];

/// After so many orders a customer's own record weighs as much as the shop's. Shares that scatter around a mean m with
/// a standard deviation s have the weight of m (1 − m) / s² − 1 orders (those of the beta distribution): about four
/// where customers scatter by some twenty points around a share of 0.3.
const PRIOR_ORDERS: f64 = 4.0;

impl Family for Prices {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let log = source.log;
        let category = log.attribute(Attribute::Category);
        let gross = shop::sums_by_level(source, category, |row| log.gross[row]);
        let pieces = shop::sums_by_level(source, category, |row| i64::from(log.quantities[row]));
        let means = gross.iter().zip(pieces).map(|(gross, pieces)| ratio(*gross, pieces).unwrap_or_default());
        let shop = match (self, &log.discounts) {
            (Self::Level, _) => Paid::default(),
            (Self::All, Some(discounts)) => Paid {
                gross: gross.iter().sum(),
                on_discount: shop::sum(source, |row| if discounts[row] > 0 { log.gross[row] } else { 0 }),
                discount: shop::sum(source, |row| discounts[row]),
                ..Paid::default()
            },
            (Self::All, None) => {
                let (feature, needs) = (NUMBERS[0].to_owned(), "a discount column");
                return Err(Error::FeatureNeeds { feature, needs });
            }
        };
        Ok(Box::new(PricePlan { which: *self, means: means.collect(), shop }))
    }
}

struct PricePlan {
    which: Prices,
    /// The shop's gross per piece in each category, in ten-thousandths; at the end that of lines without one.
    means: Vec<f64>,
    shop: Paid,
}

impl PricePlan {
    /// What a customer paid, per what the shop's customers pay for as many pieces of the same categories. `bought`
    /// ascends by category, so that the sum does not depend on the order of lines.
    fn level(&self, bought: &[Bought]) -> Option<f64> {
        let mean = |code: u32| self.means[(self.means.len() - 1).min(code as usize)];
        let gross: i128 = bought.iter().map(|level| level.gross).sum();
        let usual = bought.iter().fold(0.0, |sum, level| sum + level.pieces as f64 * mean(level.code));
        (usual > 0.0).then(|| gross as f64 / usual)
    }
}

impl Plan for PricePlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        match self.which {
            Prices::All => NUMBERS.into_iter().chain(["orders_full_price"]).map(ColumnPlan::number).collect(),
            Prices::Level => vec![ColumnPlan::number("price_level")],
        }
    }

    fn needs(&self) -> Needs {
        let level = Needs::text(Attribute::Category).and(Needs { quantity: true, ..Needs::NONE });
        match self.which {
            Prices::All => level.and(Needs { order: true, discount: true, ..Needs::NONE }),
            Prices::Level => level,
        }
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(PriceMeasure {
            plan: self,
            assortment: Assortment::default(),
            numbers: Ratios::new(self.columns().len() - usize::from(self.which == Prices::All)),
            full_price: Grow::default(),
        })
    }
}

struct PriceMeasure<'p> {
    plan: &'p PricePlan,
    assortment: Assortment,
    numbers: Ratios,
    full_price: Grow<u32>,
}

impl Measure for PriceMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        let bought = self.assortment.of(&customer.lines, customer.text(Attribute::Category));
        let level = self.plan.level(bought);
        if self.plan.which == Prices::Level {
            self.numbers.push([level]);
            return;
        }
        let paid = Paid::by(&customer.lines);
        self.numbers.push([
            ratio(paid.on_discount, paid.gross),
            ratio(i128::from(paid.orders_on_discount), i128::from(paid.orders)),
            ratio(paid.discount, paid.on_discount),
            level,
            level.and_then(|level| paid.sensitivity(level, &self.plan.shop)),
        ]);
        self.full_price.push(Some(paid.orders - paid.orders_on_discount));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        let mut parts = self.numbers.take();
        if self.plan.which == Prices::All {
            parts.push(self.full_price.take());
        }
        Ok(parts)
    }
}

/// What was bought with and without a discount.
#[derive(Default)]
struct Paid {
    gross: i128,
    /// Gross of the lines with a discount.
    on_discount: i128,
    discount: i128,
    orders: u32,
    orders_on_discount: u32,
}

impl Paid {
    fn by(lines: &Lines<'_>) -> Self {
        let mut paid = Self::default();
        for order in lines.order_runs() {
            let (mut bought, mut reduced) = (false, false);
            for line in order.filter(|line| lines.kind(*line) == LineKind::Sale) {
                let (gross, discount) = (i128::from(lines.gross[line]), i128::from(lines.discount(line)));
                bought = true;
                paid.gross += gross;
                if discount > 0 {
                    reduced = true;
                    paid.on_discount += gross;
                    paid.discount += discount;
                }
            }
            paid.orders += u32::from(bought);
            paid.orders_on_discount += u32::from(reduced);
        }
        paid
    }

    /// The score of a customer at a price level: the mean of three parts, drawn towards that of the shop as a whole.
    /// `None` where the shop gave no discount, or the customer bought nothing.
    fn sensitivity(&self, level: f64, shop: &Self) -> Option<f64> {
        let usual = ratio(shop.discount, shop.gross).filter(|share| *share > 0.0)?;
        let own = ratio(self.discount, self.gross)?;
        let parts = [ratio(self.on_discount, self.gross)?, own / (own + usual), 1.0 / (1.0 + level)];
        let shop_parts = [ratio(shop.on_discount, shop.gross)?, 0.5, 0.5];
        let score = |parts: [f64; 3]| (parts[0] + parts[1] + parts[2]) / 3.0;
        let orders = f64::from(self.orders);
        Some((orders * score(parts) + PRIOR_ORDERS * score(shop_parts)) / (orders + PRIOR_ORDERS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(gross: i128, on_discount: i128, discount: i128, orders: u32) -> Paid {
        Paid { gross, on_discount, discount, orders, orders_on_discount: 0 }
    }

    #[test]
    fn a_customer_like_the_shop_scores_like_it_however_often_she_came() {
        let shop = paid(1_000, 300, 60, 0);
        let expected = (0.3 + 0.5 + 0.5) / 3.0;
        for orders in [1, 4, 1_000] {
            let score = paid(100, 30, 6, orders).sensitivity(1.0, &shop).unwrap();
            approx::assert_relative_eq!(score, expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn the_score_rises_with_each_part_and_with_orders_moves_from_the_shops_to_her_own() {
        let shop = paid(1_000, 300, 60, 0);
        let score = |on_discount, discount, level, orders| {
            paid(100, on_discount, discount, orders).sensitivity(level, &shop).unwrap()
        };
        let base = score(30, 6, 1.0, 4);
        assert!(score(40, 6, 1.0, 4) > base && score(30, 7, 1.0, 4) > base && score(30, 6, 0.9, 4) > base);
        // All on discount, for nearly nothing: half of the way after four orders, close to one after many.
        let (own, usual) = ((1.0 + 1.0 / 1.06 + 1.0 / 1.1) / 3.0, (0.3 + 1.0) / 3.0);
        approx::assert_relative_eq!(score(100, 100, 0.1, 4), f64::midpoint(own, usual), max_relative = 1e-12);
        assert!(score(100, 100, 0.1, 1) < score(100, 100, 0.1, 2) && score(100, 100, 0.1, 9_999) < own);
        assert!(score(0, 0, 1e9, 9_999) > 0.0 && score(0, 0, 1e9, 9_999) < 0.001);
    }

    #[test]
    fn without_a_discount_in_the_shop_nobody_has_a_score() {
        assert_eq!(paid(100, 0, 0, 3).sensitivity(1.0, &paid(1_000, 0, 0, 0)), None);
        assert_eq!(paid(0, 0, 0, 0).sensitivity(1.0, &paid(1_000, 10, 1, 0)), None);
    }
}
