//! Stage 3: customers into segments.
//!
//! Every segmenter ends in the same [`Segmentation`], through the same [`Segmenter`] trait.

mod levels;
mod number;
mod quantile;
mod rfm;
mod segmentation;
mod starter;

use crate::error::Result;
use crate::features::FeatureTable;

pub use rfm::{
    Axis, CutConvention, Direction, Rfm, RfmAxis, RfmBuilder, RfmMode, RfmModel, RfmProfile, RfmScores,
    RfmSegmentProfile, ScoreBox, SegmentBoxes, SegmentMap, SegmentScheme,
};
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
