//! The Bayes rule of the generator: what the best of all methods, one that knows the shop's laws, could say about who
//! is a heavy returner. Methods that know only the order lines are held against it.
//!
//! The probability of a class given a customer's lines follows from the laws in [`classes`](super::classes) and
//! [`orders`](super::orders): how many orders and lines she has (the appetite integrated out exactly), how many lines
//! were discounted, and which came back, with her return rate integrated over a grid and lines whose return may still
//! be under way counted as such. Left out is what says little beside that: which products she chose (but for their
//! odds of a return), her days (but that new customers are new), and that lines of one order come back together. Left
//! out information can only make the true Bayes rule better than this one; its F1 is at most 1.

use crate::numeric::{exp, ln};
use crate::synthetic::SyntheticShop;
use crate::synthetic::assortment::{Taste, with_odds};
use crate::synthetic::classes::{APPETITE, CustomerClass, class_shares};
use crate::synthetic::market::Market;
use crate::synthetic::shop::{LateReturns, Shop};
use crate::transaction::{Attribute, CustomerId, DAY};

/// Points of the grid that return rates are integrated over.
const GRID: usize = 100;

/// What a customer did.
#[derive(Clone, Default)]
struct Deeds {
    /// The number of lines of each order.
    orders: Vec<(u64, u32)>,
    lines: Vec<Deed>,
    first: i64,
}

#[derive(Clone)]
struct Deed {
    return_odds: f64,
    /// How likely a return of this line would be known by now.
    seen: f64,
    returned: bool,
    discounted: bool,
}

/// The customers that are more likely heavy returners than not, given the laws of the shop and its order lines.
pub(crate) fn heavy_returners(settings: &Shop, shop: &SyntheticShop) -> Vec<CustomerId> {
    let market = Market::new(settings);
    let classes: Vec<Class> = CustomerClass::ALL.iter().map(|class| Class::new(&market, *class)).collect();
    let heavy = &classes[0];
    let deeds = deeds(settings, &market, shop);
    let likely = |deeds: &Deeds| {
        let own = heavy.log_posterior(settings, deeds);
        if own.is_infinite() {
            return false;
        }
        let others = classes[1..].iter().map(|class| exp(class.log_posterior(settings, deeds) - own));
        others.sum::<f64>() < 1.0
    };
    let found = deeds.iter().enumerate().filter(|(_, deeds)| likely(deeds));
    found.map(|(position, _)| CustomerId::Number(position as u64 + 1)).collect()
}

fn deeds(settings: &Shop, market: &Market<'_>, shop: &SyntheticShop) -> Vec<Deeds> {
    let log = &shop.log;
    let mut customers = vec![Deeds { first: i64::MAX, ..Deeds::default() }; shop.truth.len()];
    let discounts = log.discounts.as_ref().unwrap();
    let returned = log.returned.as_ref().unwrap();
    let products = log.attribute(Attribute::Product).unwrap();
    for (row, time) in log.times().iter().enumerate() {
        let customer = &mut customers[log.customers.key(row) as usize - 1];
        let order = log.orders.key(row);
        match customer.orders.last_mut() {
            Some((last, lines)) if *last == order => *lines += 1,
            _ => customer.orders.push((order, 1)),
        }
        customer.first = customer.first.min(*time);
        let number: usize = products.get(row).unwrap()[1..].parse().unwrap();
        let product = &market.catalogue.products[number - 1];
        let days_left = (settings.end() - time) as f64 / DAY as f64;
        let complete =
            settings.late_returns == LateReturns::Known || days_left > f64::from(settings.return_window_days);
        // Slowness is a third of a gamma variable of shape 3.
        let z = 3.0 * days_left / settings.categories[product.category].return_days;
        customer.lines.push(Deed {
            return_odds: product.return_odds,
            seen: if complete { 1.0 } else { 1.0 - exp(-z) * (1.0 + z + z * z / 2.0) },
            returned: returned[row] > 0,
            discounted: discounts[row] > 0,
        });
    }
    customers
}

/// What a class does, made ready.
struct Class {
    is_new: bool,
    log_share: f64,
    orders: (u32, f64),
    lines: (u32, f64),
    discounted: f64,
    /// Rates on the grid: how likely a product of average fit comes back, with the rate's weight.
    rates: Vec<(f64, f64)>,
}

impl Class {
    fn new(market: &Market<'_>, class: CustomerClass) -> Self {
        let place = CustomerClass::ALL.iter().position(|other| *other == class).unwrap();
        let (orders, lines, taste): (_, _, Taste) = class.buys();
        let (mean, strength) = class.returns(market.shop);
        let (a, b) = (mean * strength, (1.0 - mean) * strength);
        let choice = market.catalogue.choice(taste);
        let rates: Vec<(f64, f64)> = (0..GRID)
            .map(|point| {
                let rate = (point as f64 + 0.5) / GRID as f64;
                let weight = exp((a - 1.0) * ln(rate) + (b - 1.0) * ln(1.0 - rate));
                (choice.average_fit_rate(rate), weight)
            })
            .collect();
        let total: f64 = rates.iter().map(|(_, weight)| weight).sum();
        Self {
            is_new: class == CustomerClass::New,
            log_share: ln(class_shares(market.shop.heavy_returners)[place].max(1e-300)),
            orders,
            lines,
            discounted: market.discounts[place],
            rates: rates.into_iter().map(|(rate, weight)| (rate, weight / total)).collect(),
        }
    }

    /// The logarithm of share times likelihood, up to a term that all classes have.
    fn log_posterior(&self, shop: &Shop, deeds: &Deeds) -> f64 {
        let days = i64::from(shop.days);
        let new_from = shop.start + (days - (days / 4).clamp(1, 60)) * DAY;
        if self.is_new && deeds.first < new_from {
            return f64::NEG_INFINITY;
        }
        let Some(orders) = (deeds.orders.len() as u32).checked_sub(self.orders.0) else {
            return f64::NEG_INFINITY;
        };
        let mut beyond = 0;
        let mut log = self.log_share - log_factorial(orders);
        for (_, lines) in &deeds.orders {
            let Some(lines) = lines.checked_sub(self.lines.0) else { return f64::NEG_INFINITY };
            beyond += lines;
            log -= log_factorial(lines);
        }
        // The appetite's gamma law against two Poisson laws: ∫ aˣ⁺ˡ⁺ˢ⁻¹ e^(−(s + λ + kμ) a) da.
        let shape = APPETITE as u32 + orders + beyond;
        log += f64::from(orders) * ln(self.orders.1) + f64::from(beyond) * ln(self.lines.1);
        log += log_factorial(shape - 1)
            - f64::from(shape) * ln(APPETITE + self.orders.1 + deeds.orders.len() as f64 * self.lines.1);
        let discounted = deeds.lines.iter().filter(|line| line.discounted).count() as f64;
        log += discounted * ln(self.discounted)
            + (deeds.lines.len() as f64 - discounted) * ln(1.0 - self.discounted);
        let returns = self.rates.iter().map(|(rate, weight)| {
            deeds.lines.iter().fold(*weight, |likelihood, line| {
                let returned = with_odds(*rate, line.return_odds);
                likelihood * if line.returned { returned } else { 1.0 - returned * line.seen }
            })
        });
        log + ln(returns.sum::<f64>().max(1e-300))
    }
}

fn log_factorial(number: u32) -> f64 {
    (2..=number).map(|factor| ln(f64::from(factor))).sum()
}
