//! Stage 3: who belongs together?
//!
//! Four segmenters are here. [`StarterSegments`] (see [`starter`]) gives a few exclusive segments with plain names, chosen
//! so that they tell customers apart by value: a place to start. [`Rfm`] (see [`rfm`]) scores customers by recency,
//! frequency and monetary value, and names them by a map or by boxes of your own. [`KMeans`] (see [`kmeans`]) puts together
//! customers who resemble each other in features of your choice. A [`Waterfall`] (see [`rules`]) takes segments that you
//! state; [`Rules`] of which may overlap make an [`AudienceSet`].
//!
//! All have the same shape: an immutable configuration whose `fit` learns a model ([`StarterModel`], [`RfmModel`],
//! [`KMeansModel`], [`WaterfallModel`]) from a table. The model keeps its cut points or centroids, serialises, and puts this and next month's
//! customers into segments through the [`Segmenter`] trait. What comes out is always a [`Segmentation`]: one segment or
//! none for each customer, with sizes, members, cross-tables, merging and summaries of any feature. How good it is, and
//! how far two agree, is measured by [`quality`].
//!
//! ```
//! use kohort::segment::{Segmenter, StarterSegments};
//! use kohort::synthetic::Shop;
//! use kohort::FeatureExtractor;
//!
//! let log = Shop::builder().customers(500).build()?.generate()?.log;
//! let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
//! let model = StarterSegments::builder().max_segments(3).build()?.fit(&customers)?;
//! let segments = model.segment(&customers)?;
//! assert_eq!(segments.sizes().iter().sum::<u64>() + segments.unassigned(), 500);
//! # Ok::<(), kohort::Error>(())
//! ```

pub mod kmeans;
pub mod quality;
pub mod rfm;
pub mod rules;
mod segmentation;
pub mod starter;

use crate::error::Result;
use crate::features::FeatureTable;
use crate::numeric::{levels, number, quantile};

pub use kmeans::{
    ChooseClusters, ChooseClustersBuilder, ClusterChoice, Initialization, KMeans, KMeansBuilder, KMeansFit,
    KMeansModel, KMeansProfile, KMeansProgress, KMeansQuality, KMeansSegmentProfile, LimitMethod,
    LimitsCertificate, Merge, Road, SegmentChoice, SegmentSize, SizeLimits, SizeLimitsBuilder,
};
pub use quality::{Agreement, SegmentedPoints, Silhouette};
pub use rfm::{
    Axis, CutConvention, Direction, Rfm, RfmAxis, RfmBuilder, RfmMode, RfmModel, RfmProfile, RfmScores,
    RfmSegmentProfile, ScoreBox, SegmentBoxes, SegmentMap, SegmentScheme,
};
pub use rules::{
    AnyCase, AudienceSet, Audit, CustomerFeatures, CustomerFeaturesBuilder, Explanation, FeatureValue,
    Matches, OneByOne, Operand, Predicate, Relative, Rules, RulesAudit, RulesBuilder, RulesModel,
    SizeEstimates, Truth, Undecided, Value, Waterfall, WaterfallBuilder, WaterfallExplanation,
    WaterfallModel, bucket, catalogue, days_ago, did, feature, first_did, last_did, months_ago, percentile,
    regular, restarted, segment, stopped,
};
pub(crate) use segmentation::position_of;
pub use segmentation::{CrossTable, FeatureSummary, Segmentation};
pub use starter::{
    DroppedSegment, LoyalRecency, StarterModel, StarterSegment, StarterSegments, StarterSegmentsBuilder,
};

/// A fitted model that puts each customer of a table into one segment or none.
pub trait Segmenter {
    /// The names of all segments it can give, in its order.
    fn segment_names(&self) -> Vec<String>;

    /// The features a table must have.
    fn required_features(&self) -> Vec<String>;

    /// The segments of a table's customers, new ones among them.
    ///
    /// # Errors
    /// [`Error::MissingFeature`](crate::Error::MissingFeature) or
    /// [`Error::FeatureType`](crate::Error::FeatureType) where the table lacks what the model needs.
    fn segment(&self, table: &FeatureTable) -> Result<Segmentation>;
}
