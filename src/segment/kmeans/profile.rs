//! What the segments of a k-means are like, in the features' own units.

use std::fmt;

use super::model::{KMeansModel, short};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped, percent};
use crate::segment::{FeatureSummary, Segmentation};

/// One segment of a [`KMeansProfile`].
#[derive(Clone, PartialEq, Debug)]
pub struct KMeansSegmentProfile {
    /// Its name.
    pub segment: String,
    /// Its customers.
    pub customers: u64,
    /// Its share of all customers with a segment; `None` where nobody has one.
    pub share: Option<f64>,
    /// Each feature among its customers, in the order of the scaler: mean, median and quartiles in the feature's unit.
    pub features: Vec<FeatureSummary>,
}

/// The segments of a table by the features that they were made from.
#[derive(Clone, PartialEq, Debug)]
pub struct KMeansProfile {
    features: Vec<String>,
    segments: Vec<KMeansSegmentProfile>,
    unassigned: u64,
}

impl KMeansProfile {
    pub(super) fn new(
        model: &KMeansModel,
        segmentation: &Segmentation,
        table: &FeatureTable,
    ) -> Result<Self> {
        let features: Vec<String> = model.scaler().names().map(str::to_owned).collect();
        let sizes = segmentation.sizes();
        let assigned: u64 = sizes.iter().sum();
        let mut segments: Vec<KMeansSegmentProfile> = segmentation
            .names()
            .iter()
            .zip(&sizes)
            .map(|(name, size)| KMeansSegmentProfile {
                segment: name.clone(),
                customers: *size,
                share: (assigned > 0).then(|| *size as f64 / assigned as f64),
                features: Vec::with_capacity(features.len()),
            })
            .collect();
        for feature in &features {
            for (segment, summary) in segments.iter_mut().zip(segmentation.summary(table, feature)?) {
                segment.features.push(summary);
            }
        }
        Ok(Self { features, segments, unassigned: segmentation.unassigned() })
    }

    /// The segments, in the model's order.
    #[must_use]
    pub fn segments(&self) -> &[KMeansSegmentProfile] {
        &self.segments
    }

    /// The features, in the order of the scaler.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// Customers without a segment.
    #[must_use]
    pub fn unassigned(&self) -> u64 {
        self.unassigned
    }
}

impl fmt::Display for KMeansProfile {
    /// Size, share and the mean of each feature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let means = self.features.iter().map(|feature| format!("mean {feature}"));
        let header: Vec<String> =
            ["<segment", "customers", "share"].into_iter().map(str::to_owned).chain(means).collect();
        let mut table = TextTable::new(&header.iter().map(String::as_str).collect::<Vec<_>>());
        for segment in &self.segments {
            let numbers =
                segment.features.iter().map(|feature| feature.mean.map_or_else(|| "–".to_owned(), short));
            let first = [segment.segment.clone(), grouped(segment.customers), percent(segment.share)];
            table.row(first.into_iter().chain(numbers));
        }
        write!(f, "{table}")?;
        if self.unassigned > 0 {
            writeln!(f, "  {} customers lack a feature and have no segment", grouped(self.unassigned))?;
        }
        Ok(())
    }
}
