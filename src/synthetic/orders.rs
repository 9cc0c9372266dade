//! From settings to order lines: customer by customer, then all of them in the order of time.

use std::fmt;

use rayon::prelude::*;

use crate::category::Category;
use crate::error::Result;
use crate::random::Stream;
use crate::synthetic::assortment::with_odds;
use crate::synthetic::classes::{Customer, CustomerClass};
use crate::synthetic::market::Market;
use crate::synthetic::shop::{LateReturns, ReturnTimes, Shop};
use crate::synthetic::truth::{TrueCustomer, Truth};
use crate::transaction::{
    Attribute, DAY, DiscountColumn, LogColumns, LogRules, Money, NO_TIME, PriceColumn, ReturnedColumn,
    Returns, TransactionLog,
};

/// Customers that one task draws. Fixed, so that nothing depends on the number of threads.
const CHUNK: u32 = 256;

/// How likely a line is of one piece rather than more.
const ONE_PIECE: f64 = 0.93;

/// How likely a return of the brand that runs small gives the first reason.
const BAD_FIT_REASON: f64 = 0.6;

/// A synthetic shop's order lines and the truth about its customers.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SyntheticShop {
    /// The order lines, sorted by time.
    pub log: TransactionLog,
    /// Who the customers are.
    pub truth: Truth,
}

/// A text column: its names, and each line's place among them.
type TextColumn<'a> = (Attribute, &'a [String], &'a (dyn Fn(&Draft) -> Option<usize> + Sync));

/// One order line while the shop is made. Positions point into the shop's lists of names.
struct Draft {
    time: i64,
    /// From 0 on.
    customer: u32,
    /// The number of the order among the customer's, and of the line in the order.
    order: u32,
    line: u32,
    product: u32,
    quantity: i32,
    /// In hundredths.
    discount: i64,
    return_time: i64,
    size: u16,
    channel: u16,
    country: u16,
    reason: u16,
}

impl Shop {
    /// The shop's order lines and the truth about its customers. Lines are sorted by time, customer and order; customer
    /// ids are the whole numbers from 1 on, order ids too. Each line says whether it came back
    /// ([`Returns::Flag`]); prices are net of tax.
    ///
    /// O(n log n) time in the lines, and about 150 bytes a line while it works.
    ///
    /// # Errors
    /// None for a shop that was built; kept fallible because the lines take the way of any others into a log.
    pub fn generate(&self) -> Result<SyntheticShop> {
        let market = Market::new(self);
        let chunks: Vec<(Vec<Draft>, Vec<TrueCustomer>)> = (0..self.customers.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let customers = chunk * CHUNK..((chunk + 1) * CHUNK).min(self.customers);
                let mut lines = Vec::new();
                let truth = customers.map(|customer| market.customer(customer, &mut lines)).collect();
                (lines, truth)
            })
            .collect();
        let (mut lines, mut customers) = (Vec::new(), Vec::with_capacity(self.customers as usize));
        for (chunk_lines, chunk_customers) in chunks {
            lines.extend(chunk_lines);
            customers.extend(chunk_customers);
        }
        lines.par_sort_unstable_by_key(|line| (line.time, line.customer, line.order, line.line));
        Ok(SyntheticShop { log: market.log(&lines)?, truth: Truth { customers } })
    }
}

impl Market<'_> {
    /// Draws a customer with all her lines.
    fn customer(&self, number: u32, lines: &mut Vec<Draft>) -> TrueCustomer {
        let mut stream = Stream::new(self.shop.seed, "synthetic customer", u64::from(number));
        let customer = Customer::draw(self, &mut stream);
        let orders = customer.orders.0 + stream.poisson(customer.orders.1);
        let mut times: Vec<i64> = (0..orders).map(|_| self.time(&customer, &mut stream)).collect();
        times.sort_unstable();
        for (order, time) in times.into_iter().enumerate() {
            // Most orders come through the channel a customer is used to.
            let channel =
                if stream.happens(0.7) { customer.channel } else { self.channels.choose(&mut stream) };
            // What comes back of one order comes back at about the same time: one draw of mean 1 for all its lines.
            let slowness = stream.gamma(3.0) / 3.0;
            for line in 0..customer.lines.0 + stream.poisson(customer.lines.1) {
                let mut draft = self.line(&customer, time, slowness, &mut stream);
                (draft.customer, draft.order, draft.line) = (number, order as u32, line);
                draft.channel = channel as u16;
                lines.push(draft);
            }
        }
        let pieces = 1.0 + (1.0 - ONE_PIECE) / ONE_PIECE;
        let basket = customer.mean_lines() * pieces * self.catalogue.choice(customer.taste).mean_price;
        TrueCustomer {
            class: customer.class,
            return_rate: customer.return_rate,
            expected_basket: hundredths(basket.round() as i64),
        }
    }

    /// When an order is placed: on one of the customer's days, rather in the evening than in the morning.
    fn time(&self, customer: &Customer, stream: &mut Stream) -> i64 {
        let (first, end) = customer.days;
        let day = first + stream.below(end - first);
        let second = (stream.unit().max(stream.unit()) * 86_400.0) as i64;
        self.shop.start + day as i64 * DAY + second * 1_000_000
    }

    /// A line's product, pieces, discount and fate.
    fn line(&self, customer: &Customer, time: i64, slowness: f64, stream: &mut Stream) -> Draft {
        let shop = self.shop;
        let number = self.catalogue.choice(customer.taste).weights.choose(stream);
        let product = &self.catalogue.products[number];
        let quantity = 1 + i64::from(stream.geometric(ONE_PIECE));
        let discount = if stream.happens(customer.discounted) {
            // Multiples of a twentieth, from half to one and a half times the mean.
            let twentieths =
                (shop.discount_depth * (0.5 + stream.unit()) * 20.0).round().clamp(1.0, 19.0) as i64;
            (product.price * quantity * twentieths + 10) / 20
        } else {
            0
        };
        let size = match stream.below(10) {
            0 => customer.size.saturating_sub(1),
            1 => (customer.size + 1).min(shop.sizes.len().saturating_sub(1)),
            _ => customer.size,
        };
        let (mut return_time, mut reason) = (NO_TIME, 0);
        if stream.happens(with_odds(customer.average_fit_rate, product.return_odds)) {
            let days = (shop.categories[product.category].return_days * slowness)
                .min(f64::from(shop.return_window_days));
            let arrival = time + (days * 86_400.0) as i64 * 1_000_000;
            // Drawn whether or not the return is known yet, so that a later look shows the same shop.
            let bad_fit = product.brand == 0 && shop.brands.len() > 1 && stream.happens(BAD_FIT_REASON);
            let why = if bad_fit { 0 } else { self.reasons.choose(stream) };
            if arrival < shop.end() || shop.late_returns == LateReturns::Known {
                (return_time, reason) = (arrival, why);
            }
        }
        Draft {
            time,
            customer: 0,
            order: 0,
            line: 0,
            product: number as u32,
            quantity: quantity as i32,
            discount,
            return_time,
            size: size as u16,
            channel: 0,
            country: customer.country as u16,
            reason: reason as u16,
        }
    }

    /// The lines as a log. Orders get their numbers in the order of time.
    fn log(&self, lines: &[Draft]) -> Result<TransactionLog> {
        let shop = self.shop;
        let mut last = None;
        let mut number = 0;
        let orders: Vec<u64> = lines
            .iter()
            .map(|line| {
                let order = Some((line.customer, line.order));
                number += u64::from(order != last);
                last = order;
                number
            })
            .collect();
        let products = &self.catalogue.products;
        let product = |line: &Draft| &products[line.product as usize];
        let customers: Vec<u64> = lines.iter().map(|line| u64::from(line.customer) + 1).collect();
        let times: Vec<i64> = lines.iter().map(|line| line.time).collect();
        let prices: Vec<Money> = lines.iter().map(|line| hundredths(product(line).price)).collect();
        let mut columns = LogColumns::new(customers, times, PriceColumn::UnitExact(prices.into()))
            .order(orders)
            .quantity(lines.iter().map(|line| line.quantity).collect::<Vec<_>>())
            .discount(DiscountColumn::Amount(
                lines.iter().map(|line| hundredths(line.discount).to_f64()).collect(),
            ))
            .unit_cost(lines.iter().map(|line| hundredths(product(line).cost).to_f64()).collect::<Vec<_>>())
            .returned(ReturnedColumn::Flag(lines.iter().map(|line| line.return_time != NO_TIME).collect()));
        if shop.return_times == ReturnTimes::Recorded {
            columns = columns.return_time(lines.iter().map(|line| line.return_time).collect::<Vec<_>>());
        }
        let codes: Vec<String> = (1..=products.len()).map(|number| format!("P{number:05}")).collect();
        let categories: Vec<String> = shop.categories.iter().map(|category| category.name.clone()).collect();
        let texts: [TextColumn<'_>; 7] = [
            (Attribute::Product, &codes, &|line| Some(line.product as usize)),
            (Attribute::Category, &categories, &|line| Some(product(line).category)),
            (Attribute::Brand, &shop.brands, &|line| Some(product(line).brand)),
            (Attribute::Size, &shop.sizes, &|line| Some(usize::from(line.size))),
            (Attribute::Channel, &shop.channels, &|line| Some(usize::from(line.channel))),
            (Attribute::Country, &shop.countries, &|line| Some(usize::from(line.country))),
            (Attribute::Reason, &shop.return_reasons, &|line| {
                (line.return_time != NO_TIME).then_some(usize::from(line.reason))
            }),
        ];
        let texts: Vec<(Attribute, Category)> = texts
            .into_par_iter()
            .filter(|(_, names, _)| !names.is_empty())
            .map(|(attribute, names, place)| {
                let text = |line| place(line).and_then(|place| names.get(place)).map(String::as_str);
                (attribute, Category::from_texts(lines.iter().map(text)))
            })
            .collect();
        for (attribute, column) in texts {
            columns = columns.attribute(attribute, column);
        }
        let rules =
            LogRules::builder(&shop.currency).zone(shop.zone.clone()).returns(Returns::Flag).build()?;
        TransactionLog::from_columns(columns, &rules)
    }
}

fn hundredths(amount: i64) -> Money {
    Money::from_ten_thousandths(amount * 100)
}

impl fmt::Display for SyntheticShop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heavy = self.truth.members(CustomerClass::HeavyReturner).len();
        let (lines, customers) = (self.log.len(), self.truth.len());
        write!(
            f,
            "a synthetic shop: {lines} order lines of {customers} customers, {heavy} of them heavy returners"
        )
    }
}

impl fmt::Debug for SyntheticShop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyntheticShop({} lines, {} customers)", self.log.len(), self.truth.len())
    }
}
