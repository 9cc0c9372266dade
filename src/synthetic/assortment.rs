//! What the shop sells: categories and the products drawn from them, with their prices and their fit.

use crate::numeric::exp;
use crate::random::{Stream, Weights};
use crate::synthetic::shop::Shop;
use crate::transaction::Money;

/// How much likelier, as odds, a product of the first brand is to come back: it runs small.
const BAD_FIT: f64 = 1.8;

/// A category of the synthetic shop's products.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductCategory {
    pub(super) name: String,
    pub(super) price: Money,
    pub(super) return_odds: f64,
    pub(super) return_days: f64,
}

impl ProductCategory {
    /// A category with its typical price; as likely as others to come back, after ten days on average.
    #[must_use]
    pub fn new(name: impl Into<String>, price: Money) -> Self {
        Self { name: name.into(), price, return_odds: 1.0, return_days: 10.0 }
    }

    /// How the odds of a return compare with those of other categories: 2 doubles them. Defaults to 1.
    #[must_use]
    pub fn return_odds(mut self, factor: f64) -> Self {
        self.return_odds = factor;
        self
    }

    /// How many days after the order its returns arrive, on average. Defaults to 10.
    #[must_use]
    pub fn return_days(mut self, days: f64) -> Self {
        self.return_days = days;
        self
    }

    /// The default assortment of eight categories.
    pub(super) fn fashion() -> Vec<Self> {
        let rows = [
            ("dresses", 69, 1.5, 9.0),
            ("shoes", 89, 1.3, 11.0),
            ("jeans", 79, 1.2, 10.0),
            ("jackets", 129, 1.0, 12.0),
            ("knitwear", 49, 0.9, 10.0),
            ("tops", 29, 0.8, 8.0),
            ("accessories", 25, 0.4, 14.0),
            ("underwear", 19, 0.3, 7.0),
        ];
        rows.into_iter()
            .map(|(name, price, odds, days)| {
                Self::new(name, Money::from_ten_thousandths(price * 10_000))
                    .return_odds(odds)
                    .return_days(days)
            })
            .collect()
    }
}

/// What a class of customers likes to buy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taste {
    /// What is popular.
    Broad,
    /// The dearer things.
    Dear,
    /// The cheaper things.
    Cheap,
}

/// One product. Money in hundredths.
pub(super) struct Product {
    pub(super) category: usize,
    pub(super) brand: usize,
    pub(super) price: i64,
    pub(super) cost: i64,
    /// How its odds of a return compare with the assortment's.
    pub(super) return_odds: f64,
}

/// All products, and how each taste chooses among them.
pub(super) struct Catalogue {
    pub(super) products: Vec<Product>,
    broad: Choice,
    dear: Choice,
    cheap: Choice,
}

/// How one taste chooses.
pub(super) struct Choice {
    pub(super) weights: Weights,
    /// The share of lines at each factor of return odds.
    odds: Vec<(f64, f64)>,
    /// The mean price of a piece, in hundredths.
    pub(super) mean_price: f64,
}

impl Catalogue {
    pub(super) fn new(shop: &Shop) -> Self {
        let categories = shop.categories.len();
        let mut products: Vec<Product> =
            (0..shop.products as usize).map(|number| Product::new(shop, number)).collect();
        // A few products of each category sell well, the others now and then.
        let popularity: Vec<f64> =
            (0..products.len()).map(|number| 1.0 / (10 + number / categories) as f64).collect();
        let total: f64 = popularity.iter().sum();
        let mean = products
            .iter()
            .zip(&popularity)
            .map(|(product, weight)| product.return_odds * weight)
            .sum::<f64>();
        for product in &mut products {
            product.return_odds *= total / mean;
        }
        let choice = |weight: fn(f64) -> f64| {
            let weights = products
                .iter()
                .zip(&popularity)
                .map(|(product, popular)| popular * weight(product.price as f64 / 100.0));
            Choice::new(&products, &weights.collect::<Vec<_>>())
        };
        let (broad, dear, cheap) = (choice(|_| 1.0), choice(|price| price), choice(|price| 1.0 / price));
        Self { products, broad, dear, cheap }
    }

    pub(super) fn choice(&self, taste: Taste) -> &Choice {
        match taste {
            Taste::Broad => &self.broad,
            Taste::Dear => &self.dear,
            Taste::Cheap => &self.cheap,
        }
    }
}

impl Product {
    fn new(shop: &Shop, number: usize) -> Self {
        let mut stream = Stream::new(shop.seed, "synthetic product", number as u64);
        let category = number % shop.categories.len();
        let offer = &shop.categories[category];
        let typical = offer.price.to_f64();
        // Prices spread by about a third around the typical one and end in .95.
        let units = (typical * exp(0.35 * stream.normal())).round().max(4.0) as i64;
        let price = units * 100 - 5;
        let share = shop.unit_cost_share * (0.9 + 0.2 * stream.unit());
        let brand = stream.below(shop.brands.len() as u64) as usize;
        let fit = if brand == 0 && shop.brands.len() > 1 { BAD_FIT } else { 1.0 };
        Self {
            category,
            brand,
            price,
            cost: (price as f64 * share.min(1.0)).round() as i64,
            return_odds: offer.return_odds * fit,
        }
    }
}

impl Choice {
    fn new(products: &[Product], weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let mean_price =
            products.iter().zip(weights).map(|(product, weight)| product.price as f64 * weight).sum::<f64>();
        let mut odds: Vec<(f64, f64)> = products
            .iter()
            .zip(weights)
            .map(|(product, weight)| (weight / total, product.return_odds))
            .collect();
        // Few factors occur, so a customer's rate is a sum over those and not over all products.
        odds.sort_by(|left, right| left.1.total_cmp(&right.1));
        odds.dedup_by(|next, kept| {
            let same = next.1.total_cmp(&kept.1).is_eq();
            kept.0 += if same { next.0 } else { 0.0 };
            same
        });
        Self { weights: Weights::new(weights.iter().copied()), odds, mean_price: mean_price / total }
    }

    /// How likely a customer must return a product of average fit, so that a line of hers comes back with probability
    /// `rate` over all products as this taste chooses among them.
    pub(super) fn average_fit_rate(&self, rate: f64) -> f64 {
        rising_root(|average_fit| self.return_rate(average_fit), rate)
    }

    fn return_rate(&self, average_fit: f64) -> f64 {
        self.odds.iter().map(|(share, factor)| share * with_odds(average_fit, *factor)).sum()
    }
}

/// A probability whose odds are taken `factor` times.
pub(super) fn with_odds(probability: f64, factor: f64) -> f64 {
    let odds = probability * factor;
    let against = 1.0 - probability;
    if odds + against > 0.0 { odds / (odds + against) } else { 0.0 }
}

/// The probability at which a rising function reaches a value, by bisection to 2⁻⁴⁰.
pub(super) fn rising_root(function: impl Fn(f64) -> f64, value: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if function(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn odds_are_multiplied() {
        assert_relative_eq!(with_odds(0.25, 3.0), 0.5);
        assert_relative_eq!(with_odds(0.25, 1.0), 0.25);
        assert_relative_eq!(with_odds(1.0, 0.5), 1.0);
        assert_relative_eq!(with_odds(0.0, 5.0), 0.0);
        assert_relative_eq!(with_odds(1.0, 0.0), 0.0);
    }

    #[test]
    fn tastes_differ_in_price_and_rates_average_over_the_products() {
        let shop = Shop::builder().build().unwrap();
        let catalogue = Catalogue::new(&shop);
        let [broad, dear, cheap] =
            [Taste::Broad, Taste::Dear, Taste::Cheap].map(|taste| catalogue.choice(taste));
        assert!(dear.mean_price > 1.3 * broad.mean_price && broad.mean_price > 1.3 * cheap.mean_price);
        assert!(
            catalogue
                .products
                .iter()
                .all(|product| product.price % 100 == 95 && product.cost < product.price)
        );
        // Drawn as the shop draws, the lines of a customer come back at her rate.
        let mut stream = Stream::new(1, "test", 0);
        for rate in [0.02, 0.3, 0.93] {
            let average = dear.average_fit_rate(rate);
            let drawn: f64 = (0..50_000)
                .map(|_| with_odds(average, catalogue.products[dear.weights.choose(&mut stream)].return_odds))
                .sum();
            assert_relative_eq!(drawn / 50_000.0, rate, max_relative = 0.01);
        }
    }
}
