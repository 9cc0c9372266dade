//! A seeded fashion web shop with a known truth, for documentation, examples, tests and measurement.
//!
//! Real order lines never say who a customer is; here it is known. Each customer belongs to a latent
//! [`CustomerClass`] that is drawn *before any order*: heavy returners are people with a habit, not those whose
//! numbers crossed a threshold, so a method that finds them can be held against the [`Truth`] with precision and
//! recall. The shop has what makes the task hard in practice: ordinary customers with few lines of which, by chance,
//! all came back; returns that are still under way when the data ends; a category and a brand that fit badly.
//!
//! ```
//! use kohort::synthetic::{CustomerClass, Shop};
//!
//! let shop = Shop::builder().customers(2_000).seed(7).build()?.generate()?;
//! let heavy = shop.truth.members(CustomerClass::HeavyReturner);
//! assert!((150..250).contains(&heavy.len()), "about a tenth of the customers");
//! assert_eq!(shop.log.report().rows_kept(), shop.log.len() as u64);
//!
//! // Someone who guesses that all customers are heavy returners finds each of them, and is mostly wrong.
//! let guess = shop.truth.detection(CustomerClass::HeavyReturner, shop.truth.customers().map(|(id, _)| id));
//! assert!(guess.recall() == Some(1.0) && guess.precision() < Some(0.15));
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! # What the default shop looks like
//! About 22,000 customers buy 200,000 lines in two years. A tenth are heavy returners: some 23 lines each, a quarter
//! of the shop's gross sales, return rates around 95 %. The others return about a quarter. At usual costs (goods at
//! 45 % of the price, 4.50 to send an order, 7.00 to take one back, 7 % of the returned goods' cost written off) a
//! heavy returner costs the shop more than she brings.
//!
//! # Determinism
//! Every customer and every product is drawn from a stream of its own, named by the seed and its number, with
//! arithmetic that is rounded alike everywhere: the same settings give the same shop to the bit on every machine and
//! for any number of threads.

mod assortment;
#[cfg(test)]
pub(crate) mod bayes;
mod classes;
mod market;
mod orders;
mod shop;
mod truth;

#[cfg(test)]
mod tests;

pub use assortment::ProductCategory;
pub use classes::CustomerClass;
pub use orders::SyntheticShop;
pub use shop::{LateReturns, ReturnTimes, Shop, ShopBuilder};
pub use truth::{Detection, TrueCustomer, Truth};
