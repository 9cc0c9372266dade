//! Stage 2: what does the shop know about a customer, as of a moment?
//!
//! A [`FeatureExtractor`] turns a log into a [`FeatureTable`]: one row per customer in ascending order of ids, one typed
//! column per [`Feature`]. When did she buy first and last, how often, for how much, and what came back; with which
//! discounts, through which channels; and the counts on which costs depend. What does not exist for a customer is
//! missing, never zero. The table is all that the later stages look at, so one that was made elsewhere does as well
//! ([`FeatureTable::from_columns`]).
//!
//! A [`FeatureState`] takes lines day by day and shard by shard, and gives the same table as one pass over all of them.
//!
//! ```
//! use kohort::synthetic::Shop;
//! use kohort::{AsOf, Feature, FeatureExtractor, Zone};
//!
//! let log = Shop::builder().customers(100).build()?.generate()?.log;
//! let midsummer = AsOf::date("2024-06-21", &Zone::utc())?;
//! let customers = FeatureExtractor::builder(midsummer)
//!     .features([Feature::RecencyDays, Feature::Orders, Feature::Net])
//!     .build()?
//!     .extract(&log)?;
//! assert_eq!(customers.names().collect::<Vec<_>>(), ["recency_days", "orders", "net"]);
//! assert!(customers.context().is_some_and(|context| context.lines_left_out > 0), "what came later is counted");
//! # Ok::<(), kohort::Error>(())
//! ```

mod attribution;
mod behaviour;
mod came_back;
mod computed;
mod custom;
mod customer;
mod derive;
mod doors;
mod extraction;
mod extractor;
mod families;
mod family;
mod feature;
mod group;
mod join;
mod lines;
mod measures;
mod partition;
mod requirements;
mod response;
pub mod scaling;
mod state;
mod table;
mod tally;
mod windowed;

pub(crate) use attribution::returned_by_line;
pub use behaviour::{Behaviour, Deed, EventDeed, OrderDeed, Same};
#[cfg(feature = "sql")]
pub(crate) use behaviour::{Side, Total};
pub(crate) use came_back::{Returned, returned_lines};
pub use computed::{
    Aggregate, Computed, ComputedBuilder, EventAggregate, EventTrait, EventTraitBuilder, EventValue, Number,
    Over, TraitValue,
};
pub(crate) use computed::{Pass, TextFilter};
pub use custom::{Custom, History, HistoryLine};
pub use doors::ValueType;
pub use extractor::{FeatureExtractor, FeatureExtractorBuilder};
pub use families::{
    Breadth, BreadthBuilder, Calendar, CalendarBuilder, Exposure, Hemisphere, LifeCycle, LifeCycleBuilder,
    Trend, TrendBuilder, Weekday,
};
pub use feature::Feature;
pub(crate) use feature::slug;
pub(crate) use group::Group;
pub use join::{Join, JoinReport, Unmatched};
pub(crate) use lines::{LineColumns, Needs};
pub(crate) use partition::Partition;
pub use response::{ByChannel, Response, ResponseBuilder};
pub(crate) use scaling::ScalerV1;
pub use scaling::{ScaledFeature, Scaler, ScalerBuilder, ScalerModel, Scaling};
pub use state::{Detail, FeatureState};
pub use table::{
    Column, FeatureMatrix, FeatureTable, MissingPolicy, Purpose, Restricted, ReturnKnowledge, TableContext,
    Values,
};
