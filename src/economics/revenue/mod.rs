//! What moves our revenue? The change of net revenue between two windows, split into customers × orders per customer ×
//! basket × discount × returns.
//!
//! # What the parts are
//!
//! ```text
//! net revenue = customers × orders per customer × gross per order × (1 − discount rate) × (1 − return rate)
//! ```
//!
//! Each part is an amount of money: what the change of one factor did to net revenue, on average over all orders in
//! which the factors could have changed (its Shapley value). Parts are whole ten-thousandths and add up to the change
//! exactly; where rounding leaves something, the largest remainders take it. With the windows swapped every part has
//! the other sign. A factor that did not change has the part zero. The ratios are floats made of exact sums, so that a
//! part is right to some 14 digits.
//!
//! The part of the customers is split into those gained and those lost, each taken at the average worth of a customer.
//! What the gained, lost and kept customers in fact bought stands beside it, to the cent, and the kept customers' change
//! has parts of its own: whether those who stayed order more often, fill larger baskets, send back more.
//!
//! # What counts when
//!
//! - A sale line belongs to the window its time is in. An order is in a window that has one of its sale lines; one that
//!   stretches over the border of two windows is in both, its money where the lines are.
//! - A customer is in a window in which she has an order. Free lines make no order.
//! - What came back is *posted*: it counts in the window in which it came back, of whatever sale, as in
//!   [`Feature::Returned`](crate::Feature::Returned); without a time of its own it counts with its sale. So the net
//!   revenue of a window agrees with the books of that time. It also means that a rise of returns can be an echo of
//!   earlier sales.
//! - Amounts are those of the log: with tax where its prices include tax.
//!
//! # Edge cases
//!
//! - *No customers in one of the windows*: the sales of the other belong to the customers; a ratio of nothing is taken
//!   as in the other window and has no part.
//! - *More came back than was bought in a window*: the return rate counts as 1 and what is beyond belongs to the returns
//!   as it stands, because returns of earlier sales do not grow with the window's own. So do returns of
//!   customers without an order, in a window where nobody has one.
//! - *Net revenue below zero*, or the same windows twice: parts that add up to a negative change, or zeros.
//! - *Windows of unequal length*: parts are not scaled. The result says how long each window is and what each day
//!   brought; a longer window has more customers and more orders of each.
//! - *No record of discounts or returns*: their parts are `None`, and net revenue is before them.
//!
//! # Segments
//!
//! Customers, orders, net revenue and its change add up over segments to the shop's, to the last ten-thousandth. Parts do
//! so only all together: when customers move into segments with larger baskets, the shop's basket grows though no
//! segment's does. That difference, factor by factor, is the [mix](RevenueBySegment::mix).

mod builder;
mod change;
mod decompose;
mod text;
mod walk;

pub use builder::{RevenueDrivers, RevenueDriversBuilder};
pub use change::{
    RevenueBySegment, RevenueChange, RevenueOf, RevenueParts, RevenueScope, RevenueWindow, WindowRevenue,
};
