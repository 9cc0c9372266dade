//! A few segments with plain names, for those who want to start with few.
//!
//! What it answers: which customers are new, loyal, spend much, wait for discounts, or look rich and send it all
//! back? Each customer is in the first segment of this list whose condition she meets, and otherwise in the rest:
//!
//! | segment | condition | from where |
//! |---|---|---|
//! | rich but returning | `rich_but_returning` is 1 | the table, if economics has added it |
//! | new | `tenure_days` below 90 | a setting |
//! | high-spend | `net` above its 80 % quantile | learned in the fit |
//! | loyal | `orders` at least 3, and `recency_days` within its 75 % quantile | a setting, and learned in the fit |
//! | price-sensitive | `discount_share` at least 0.2 and `orders` at least 2 | settings; if the table has the feature |
//! | occasional | the rest | |
//!
//! *Few* means four unless set otherwise. Where the data have more segments of a size to act on, those are kept
//! that tell customers best apart by value: of all sets of as many, the one with the largest sum of squares between
//! segments of `contribution` per customer (of `net`, where the table has no contribution). *Rich but
//! returning* is always kept where it has a customer. Customers of a segment that is not kept fall to the next segment
//! whose condition they meet, in the end to the rest; [`StarterModel::dropped`] says why each was not kept.
//!
//! The fit freezes segments and cut points, so that next month's segments mean what this month's do. Customers without
//! an order (without `recency_days`) have no segment. A condition on a feature that a customer lacks is not met.
//!
//! ```
//! use kohort::features::{Column, FeatureTable, Values};
//! use kohort::segment::{Segmenter, StarterSegments};
//! use kohort::transaction::CustomerIds;
//!
//! let customers = FeatureTable::from_columns(
//!     CustomerIds::rows(6),
//!     [
//!         ("recency_days", Values::U32(vec![5, 30, 2, 300, 20, 9])),
//!         ("tenure_days", Values::U32(vec![400, 500, 20, 300, 700, 35])),
//!         ("orders", Values::U32(vec![12, 5, 1, 1, 4, 1])),
//!         ("net", Values::F64(vec![2400.0, 180.0, 35.0, 20.0, 150.0, 40.0])),
//!     ],
//! )?;
//! let model = StarterSegments::builder().build()?.fit(&customers)?;
//! let segments = model.segment(&customers)?;
//! assert_eq!(segments.names(), ["new", "high-spend", "loyal", "occasional"]);
//! assert_eq!(segments.sizes(), [2, 1, 1, 2]);
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! Fitting and segmenting take one pass over each feature, and a byte or two a customer.

mod builder;
mod choice;
mod condition;
mod model;
mod stored;

pub use builder::{LoyalRecency, StarterSegments, StarterSegmentsBuilder};
pub use condition::StarterSegment;
pub use model::{DroppedSegment, StarterModel};
