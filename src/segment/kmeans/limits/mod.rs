//! Segments within limits of size: at least so many customers each, at most so many.
//!
//! What it answers: which segments are there, if each must be large enough to be worth a campaign, or none may be larger
//! than a budget reaches? Two ways, [`LimitMethod`]: prices shift the borders and keep the number of segments; merging
//! keeps the borders and lets segments go.
//!
//! **Prices.** For given centroids, the cheapest assignment within limits is a minimum-cost flow (Bradley, Bennett and
//! Demiriz, *Constrained k-means clustering*, 2000). Solvers for general flows take minutes for ten thousand customers.
//! The dual of this flow has one number per segment only, its price λ: each customer is in the segment of
//! the least `d² − λ`, a positive price draws customers into a segment below its minimum, a negative one keeps them out
//! of one at its maximum, and a segment within the limits has none. So:
//!
//! 1. Prices come from a ladder of samples (`ladder`), each solved exactly from the prices of the smaller one.
//! 2. All customers are labelled by the prices in one vectorised pass (`kernel`), which leaves few misplaced.
//! 3. Those move along shortest paths in the graph of segments, which changes the prices and ends in the exact
//!    optimum (`exchange`, `offers`).
//! 4. Centroids move to the means, and it starts over from the last prices (`fit`), until labels repeat.
//! 5. At the end, prices move to the middle of those that fit, and a certificate says how far the assignment can be
//!    from the optimum (`prices`).
//!
//! **Ties.** Where many customers are equal, prices cannot part them: those at the same score from two segments are
//! shared out as the limits need, the lowest rows moving first. [`LimitsCertificate::ties`] counts them. A new customer
//! equal to them goes to one segment, so limits on data of few distinct rows hold less well for the next month.
//!
//! **Determinism.** The pass works in chunks of fixed size and counts in whole numbers; moves are in a fixed order, of
//! equal regrets the lowest row first. Any number of threads gives the same bits.

#![expect(clippy::needless_pass_by_value, reason = "array views are passed by value, like slices")]

mod exchange;
mod fit;
mod kernel;
mod ladder;
mod merging;
mod offers;
mod prices;
mod sizes;

pub(crate) use fit::{LimitedFit, Stop, fit_within, place};
pub use merging::Merge;
pub(crate) use merging::merge_small;
pub use prices::LimitsCertificate;
pub use sizes::{LimitMethod, SegmentSize, SizeLimits, SizeLimitsBuilder};

#[cfg(test)]
mod tests;
