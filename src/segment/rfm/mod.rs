//! RFM: customers scored by recency, frequency and monetary value, and named by their scores.
//!
//! What it answers: who bought lately, often and for much, and in which of a few named segments does each customer
//! stand? Scores are quantile bins, 1 to 5 unless set otherwise, and 5 is always good: few days since the last order,
//! many orders, much money. A fitted [`RfmModel`] keeps the cut points, so next month's customers are scored on the
//! same scale.
//!
//! ```
//! use kohort::features::{Column, FeatureTable, Values};
//! use kohort::segment::{Rfm, Segmenter};
//! use kohort::transaction::CustomerIds;
//! use kohort::Money;
//!
//! let money = |amounts: [i64; 5]| Values::Money(amounts.map(|a| Money::from_ten_thousandths(a * 10_000)).into());
//! let customers = FeatureTable::from_columns(
//!     CustomerIds::rows(5),
//!     [
//!         ("recency_days", Values::U32(vec![3, 200, 40, 8, 90])),
//!         ("orders", Values::U32(vec![9, 1, 2, 1, 4])),
//!         ("net", money([900, 20, 55, 60, 310])),
//!     ],
//! )?;
//! let model = Rfm::builder().build()?.fit(&customers)?;
//! let scores = model.scores(&customers)?;
//! assert_eq!(scores.code(0), Some(555));
//! let segments = model.segment(&customers)?;
//! assert_eq!(segments.names()[segments.position(1).unwrap_or_default()], "hibernating");
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! **Quantiles.** Type 7 (Hyndman and Fan 1996), as R and NumPy compute them; bins include their upper cut point, so
//! customers with equal values have equal scores. [`CutConvention`] has the other convention that is in use.
//!
//! **Who is scored.** Customers with a recency, that is with an order. The others have no score and no segment, and
//! do not shift the quantiles. A customer who has an order but lacks another feature has no score on that axis.
//!
//! **Degenerate data.** One customer, or all values equal: every cut point is that value and nothing is above it, so
//! an axis where much is good gives 1 and one where little is good gives its highest score. Where many customers share
//! a value, as the one order of most, quantiles collapse: see [`RfmAxis::bins_found`].
//!
//! **Time and memory.** Fitting takes one pass over each column and a few per cent of its memory; scoring one more pass
//! and one byte a score; naming one table lookup and two bytes a customer. Nothing is sorted.
//!
//! **Sources.** Hughes, *Strategic Database Marketing* (nested scores); the R package `rfm` (its boxes and its cut
//! convention).

mod axis;
mod boxes;
mod builder;
mod fit;
mod map;
mod model;
mod naming;
mod profile;
mod scores;
mod stored;

pub use axis::{Axis, CutConvention, Direction, RfmAxis, RfmMode};
pub use boxes::{ScoreBox, SegmentBoxes};
pub use builder::{Rfm, RfmBuilder};
pub use map::SegmentMap;
pub use model::RfmModel;
pub use naming::SegmentScheme;
pub use profile::{RfmProfile, RfmSegmentProfile};
pub use scores::RfmScores;
