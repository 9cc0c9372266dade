//! Who the customers are: latent classes, the habits of each, and one customer drawn from her class.

use std::fmt;

use crate::random::Stream;
use crate::synthetic::assortment::{Taste, rising_root, with_odds};
use crate::synthetic::market::Market;
use crate::synthetic::shop::Shop;

/// How firmly the return rates of a class sit around their mean, as a number of observations.
const HEAVY_STRENGTH: f64 = 60.0;
const OTHER_STRENGTH: f64 = 8.0;

/// How much customers of one class differ in how much they buy: the shape of a gamma law of mean one.
pub(super) const APPETITE: f64 = 6.0;

/// A latent class of the synthetic shop's customers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CustomerClass {
    /// Orders much and often and sends nearly all of it back.
    HeavyReturner,
    /// Orders often, over the whole period.
    Loyal,
    /// Buys cheaper things, nearly always at a discount.
    PriceSensitive,
    /// Ordered first in the last weeks of the period.
    New,
    /// Buys dearer things.
    HighSpender,
    /// Everyone else.
    Ordinary,
}

impl CustomerClass {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::HeavyReturner,
        Self::Loyal,
        Self::PriceSensitive,
        Self::New,
        Self::HighSpender,
        Self::Ordinary,
    ];

    /// Its name in plain words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeavyReturner => "heavy returner",
            Self::Loyal => "loyal",
            Self::PriceSensitive => "price-sensitive",
            Self::New => "new",
            Self::HighSpender => "high spender",
            Self::Ordinary => "ordinary",
        }
    }

    /// The habits of the class.
    const fn habits(self) -> Habits {
        let (share, orders, lines, returns, discounts, taste) = match self {
            Self::HeavyReturner => (0.0, (5, 1.0), (3, 0.8), 1.0, 0.4, Taste::Broad),
            Self::Loyal => (0.17, (8, 2.0), (1, 0.6), 0.8, 0.6, Taste::Broad),
            Self::PriceSensitive => (0.17, (3, 1.5), (1, 0.8), 1.1, 20.0, Taste::Cheap),
            Self::New => (0.24, (1, 0.4), (1, 0.7), 1.1, 0.6, Taste::Broad),
            Self::HighSpender => (0.09, (4, 2.0), (1, 1.0), 1.0, 0.6, Taste::Dear),
            Self::Ordinary => (0.33, (2, 2.0), (1, 0.5), 1.05, 0.6, Taste::Broad),
        };
        Habits { share, orders, lines, returns, discounts, taste }
    }
}

impl CustomerClass {
    /// The mean return rate of the class, and how firmly its customers' rates sit around it.
    pub(super) fn returns(self, shop: &Shop) -> (f64, f64) {
        match self {
            Self::HeavyReturner => (shop.heavy_return_rate, HEAVY_STRENGTH),
            other => ((shop.return_rate * other.habits().returns).min(0.999), OTHER_STRENGTH),
        }
    }

    /// Orders, lines of an order and taste of the class.
    #[cfg(test)]
    pub(super) const fn buys(self) -> ((u32, f64), (u32, f64), Taste) {
        let habits = self.habits();
        (habits.orders, habits.lines, habits.taste)
    }
}

impl fmt::Display for CustomerClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a class is like.
struct Habits {
    /// Its share of the customers who are no heavy returners.
    share: f64,
    /// Orders in the period: at least so many, and so many more on average.
    orders: (u32, f64),
    /// Lines of an order, likewise.
    lines: (u32, f64),
    /// Its return rate over the shop's; heavy returners have a rate of their own.
    returns: f64,
    /// How the odds that a line is discounted compare with those of others.
    discounts: f64,
    taste: Taste,
}

/// How frequent each class is where `heavy` of the customers are heavy returners.
pub(super) fn class_shares(heavy: f64) -> [f64; CustomerClass::ALL.len()] {
    CustomerClass::ALL.map(|class| match class {
        CustomerClass::HeavyReturner => heavy,
        other => (1.0 - heavy) * other.habits().share,
    })
}

/// How likely a line of each class is discounted, so that `share` of all lines are to be expected to be.
pub(super) fn discount_chances(heavy: f64, share: f64) -> [f64; CustomerClass::ALL.len()] {
    let habits = CustomerClass::ALL.map(CustomerClass::habits);
    let mean = |(least, more): (u32, f64)| f64::from(least) + more;
    let lines: Vec<f64> = class_shares(heavy)
        .iter()
        .zip(&habits)
        .map(|(class, habits)| class * mean(habits.orders) * mean(habits.lines))
        .collect();
    let total: f64 = lines.iter().sum();
    let expected = |base: f64| {
        let discounted =
            lines.iter().zip(&habits).map(|(lines, habits)| lines * with_odds(base, habits.discounts));
        discounted.sum::<f64>() / total
    };
    let base = rising_root(expected, share);
    habits.map(|habits| with_odds(base, habits.discounts))
}

/// One customer, as she is before her first order.
pub(super) struct Customer {
    pub(super) class: CustomerClass,
    /// How likely a line of hers comes back, over all products as she chooses among them.
    pub(super) return_rate: f64,
    /// How likely she returns a product of average fit.
    pub(super) average_fit_rate: f64,
    pub(super) orders: (u32, f64),
    pub(super) lines: (u32, f64),
    /// How likely a line of hers is discounted.
    pub(super) discounted: f64,
    pub(super) taste: Taste,
    /// The first and last day of the period on which she may order, the latter excluded.
    pub(super) days: (u64, u64),
    /// Her country, and the channel and size she is used to, as positions in the shop's lists.
    pub(super) country: usize,
    pub(super) channel: usize,
    pub(super) size: usize,
}

impl Customer {
    pub(super) fn draw(market: &Market<'_>, stream: &mut Stream) -> Self {
        let shop = market.shop;
        let place = market.classes.choose(stream);
        let class = CustomerClass::ALL[place];
        let habits = class.habits();
        let (mean, strength) = class.returns(shop);
        let return_rate = stream.beta(mean, strength);
        let appetite = stream.gamma(APPETITE) / APPETITE;
        Self {
            class,
            return_rate,
            average_fit_rate: market.catalogue.choice(habits.taste).average_fit_rate(return_rate),
            orders: (habits.orders.0, habits.orders.1 * appetite),
            lines: (habits.lines.0, habits.lines.1 * appetite),
            discounted: market.discounts[place],
            taste: habits.taste,
            days: active_days(class, u64::from(shop.days), stream),
            country: market.countries.choose(stream),
            channel: market.channels.choose(stream),
            size: stream.below(shop.sizes.len() as u64) as usize,
        }
    }

    /// The lines of an order of hers, on average.
    pub(super) fn mean_lines(&self) -> f64 {
        f64::from(self.lines.0) + self.lines.1
    }
}

/// When a customer orders: new ones in the last 60 days or last quarter, ordinary ones for a while, others from some
/// day of the first half on.
fn active_days(class: CustomerClass, days: u64, stream: &mut Stream) -> (u64, u64) {
    match class {
        CustomerClass::New => (days - (days / 4).clamp(1, 60), days),
        CustomerClass::Ordinary => {
            let first = stream.below(days);
            (first, first + 1 + stream.below(days - first))
        }
        _ => (stream.below(days / 2 + 1).min(days - 1), days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classes_other_than_heavy_returners_share_the_rest() {
        let total: f64 = CustomerClass::ALL.iter().map(|class| class.habits().share).sum();
        assert!((total - 1.0).abs() < 1e-12, "{total}");
    }

    #[test]
    fn discounts_add_up_to_the_shops_share() {
        let chances = discount_chances(0.1, 0.25);
        assert!(chances[2] > 0.85 && chances[1] < 0.25, "{chances:?}");
        for share in [0.0, 0.01, 0.5, 1.0] {
            // One class alone must have the share itself.
            assert!((discount_chances(1.0, share)[0] - share).abs() < 1e-9);
        }
    }

    #[test]
    fn every_period_has_days_to_order_on() {
        let mut stream = Stream::new(1, "days", 0);
        for days in [1, 2, 3, 4, 239, 730] {
            for class in CustomerClass::ALL {
                for _ in 0..200 {
                    let (first, end) = active_days(class, days, &mut stream);
                    assert!(first < end && end <= days, "{class}: {first}..{end} of {days}");
                }
            }
        }
    }
}
