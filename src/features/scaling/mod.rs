//! Scaling: from features in their own units to numbers that can be compared.
//!
//! What it answers: how far apart are two customers, when one feature counts days and another money? A [`Scaler`] says how
//! each feature is scaled and what becomes of customers who lack one; its fit learns means, medians and percentiles once;
//! the [`ScalerModel`] puts these and next month's customers on the same scales, tells what a point means in the
//! features' own units, and is stored within the models that need it.
//!
//! ```
//! use kohort::features::{FeatureExtractor, MissingPolicy, Scaler, Scaling};
//! use kohort::synthetic::Shop;
//!
//! let log = Shop::builder().customers(500).build()?.generate()?.log;
//! let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
//! let scaler = Scaler::builder(["recency_days", "orders", "net", "return_rate"])
//!     .scaling(Scaling::z_score().log1p().winsorised(0.01, 0.99))
//!     .feature_scaling("return_rate", Scaling::none())
//!     .missing(MissingPolicy::Drop)
//!     .feature_missing("return_rate", MissingPolicy::Fill(0.0))
//!     .weight("recency_days", 2.0)
//!     .build()?;
//! let model = scaler.fit(&customers)?;
//! let matrix = model.transform(&customers)?;
//! assert_eq!(matrix.values().ncols(), 4);
//! assert_eq!(matrix.values().nrows() as u64 + matrix.dropped(), 500);
//!
//! // The centre of the scale of money, in currency units.
//! let typical = model.feature("net")?.original(0.0);
//! assert!((10.0..1_000.0).contains(&typical), "{typical}");
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! **Which recipe?** Amounts and counts have long tails: `Scaling::z_score().log1p()`, winsorised where single customers
//! are extreme. Shares and rates lie between 0 and 1 already. Ranks ([`Scaling::quantile`]) when only the order counts.
//! Numbers of every type are scaled alike, money in currency units and times in microseconds; text is an error.
//!
//! **What is learned from whom.** From the customers that stand in the matrix: those dropped shift nothing. A median that
//! stands in for missing values is that of the customers who have one, and is not counted among the values; a number that
//! is filled in is.
//!
//! **Degenerate data.** A feature that is the same for all becomes 0 and is reported ([`ScaledFeature::is_constant`]).
//! Numbers of any magnitude are served: no sum, square or difference overflows on the way, and what would leave the range of
//! numbers is the greatest there is. No result is NaN or infinite.
//!
//! **The same answer every time.** Sums are added in chunks of rows, in their order, and the logarithm is the crate's own, so
//! the scale is the same to the bit for any number of threads, on every processor.
//!
//! **Sources.** Chan, Golub & `LeVeque` 1983 (the two-pass variance); Hyndman & Fan 1996 (type-7 quantiles). Mean, deviation,
//! median and interquartile range agree with scikit-learn's `StandardScaler` and `RobustScaler`.

mod builder;
mod feature;
mod learn;
mod model;
mod moments;
mod ranks;
mod recipe;
mod stored;

pub use builder::{Scaler, ScalerBuilder};
pub use feature::ScaledFeature;
pub use model::ScalerModel;
pub use recipe::Scaling;
pub(crate) use stored::ScalerV1;
