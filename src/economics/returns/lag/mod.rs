//! Returns that have not come back yet: how long they take, and return rates that allow for it.
//!
//! Of what was sold last week, most returns are still to come. Counting it as kept makes every return rate too low, and that
//! of young customers, new products and last month's campaign most of all: with a third of the lines younger than the return
//! window the rate is easily a sixth too low. Leaving young lines out is safe and throws away what they already tell.
//!
//! [`ReturnLag`] learns from the returns that have been seen which share of them a line of any age has shown
//! ([`ReturnLagModel`]). With it a line counts by that share: `lines_exposed` of a
//! [feature table](crate::features::FeatureExtractorBuilder::return_lag) sums it per customer, and [`CorrectedRate`] is the
//! rate of a group. The simple rule is there too: leave out what is younger than the day by which 95 % have come back.
//!
//! ```
//! use kohort::FeatureExtractor;
//! use kohort::economics::returns::ReturnLag;
//! use kohort::synthetic::Shop;
//!
//! let log = Shop::builder().customers(2_000).build()?.generate()?.log;
//! let as_of = log.as_of_end()?;
//! let lag = ReturnLag::builder().build()?.fit(&log, &as_of)?;
//! assert!(lag.curve().share_seen(7) < 0.5 && lag.curve().share_seen(30) > 0.95);
//!
//! // By effective exposure: every line counts, by what it can tell.
//! let exposed = FeatureExtractor::builder(as_of.clone()).return_lag(&lag).build()?.extract(&log)?;
//! assert!(exposed.has("lines_exposed"));
//!
//! // By the simple rule: lines count from the day on by which 95 % have come back.
//! let days = lag.curve().days_until(0.95);
//! let mature = FeatureExtractor::builder(as_of).maturity_days(days).build()?.extract(&log)?;
//! assert!((15..30).contains(&days) && mature.has("lines_mature"));
//! # Ok::<(), kohort::Error>(())
//! ```

mod counts;
mod curve;
mod fit;
mod model;
mod rate;
mod stored;

pub use curve::LagCurve;
pub use fit::{ReturnLag, ReturnLagBuilder};
pub use model::ReturnLagModel;
pub use rate::{AgeGroup, CorrectedRate};
