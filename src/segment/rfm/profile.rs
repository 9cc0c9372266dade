//! What the segments of an RFM are like, in the features that were scored.

use std::fmt;

use rayon::prelude::*;

use super::model::RfmModel;
use crate::error::Result;
use crate::features::{Column, FeatureTable};
use crate::layout::{TextTable, grouped, percent};
use crate::segment::Segmentation;
use crate::segment::number::CHUNK;

/// One segment of an [`RfmProfile`].
#[derive(Clone, PartialEq, Debug)]
pub struct RfmSegmentProfile {
    /// Its name.
    pub segment: String,
    /// Its customers.
    pub customers: u64,
    /// Its share of all customers with a segment; `None` where nobody has one.
    pub share: Option<f64>,
    /// Mean of the recency feature; `None` without a value.
    pub recency: Option<f64>,
    /// Mean of the frequency feature; `None` without a value.
    pub frequency: Option<f64>,
    /// Mean of the monetary feature, money in currency units; `None` without a value.
    pub monetary: Option<f64>,
    /// Mean of the return-rate feature; `None` without a value, and where it is not scored.
    pub return_rate: Option<f64>,
    /// Sum of the monetary feature, money in currency units.
    pub monetary_total: f64,
    /// That sum as a share of all segments'; `None` where theirs is not positive.
    pub monetary_share: Option<f64>,
}

/// The segments of a table by the features that were scored.
#[derive(Clone, PartialEq, Debug)]
pub struct RfmProfile {
    segments: Vec<RfmSegmentProfile>,
    unassigned: u64,
    return_rate: bool,
}

/// Sum and number of a feature's values.
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: f64,
    count: u64,
}

impl Sum {
    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

impl RfmProfile {
    pub(super) fn new(model: &RfmModel, segmentation: &Segmentation, table: &FeatureTable) -> Result<Self> {
        let sizes = segmentation.sizes();
        let assigned: u64 = sizes.iter().sum();
        let mut sums = Vec::new();
        for axis in model.axes() {
            sums.push(sums_by_segment(segmentation, table.numeric(axis.feature())?));
        }
        let fourth = sums.get(3);
        let total: f64 = sums[2].iter().map(|sum| sum.sum).sum();
        let profile = |(index, name): (usize, &String)| RfmSegmentProfile {
            segment: name.clone(),
            customers: sizes[index],
            share: (assigned > 0).then(|| sizes[index] as f64 / assigned as f64),
            recency: sums[0][index].mean(),
            frequency: sums[1][index].mean(),
            monetary: sums[2][index].mean(),
            return_rate: fourth.and_then(|sums| sums[index].mean()),
            monetary_total: sums[2][index].sum,
            monetary_share: (total > 0.0).then(|| sums[2][index].sum / total),
        };
        Ok(Self {
            segments: segmentation.names().iter().enumerate().map(profile).collect(),
            unassigned: segmentation.unassigned(),
            return_rate: fourth.is_some(),
        })
    }

    /// The segments, in the model's order.
    #[must_use]
    pub fn segments(&self) -> &[RfmSegmentProfile] {
        &self.segments
    }

    /// Customers without a segment.
    #[must_use]
    pub fn unassigned(&self) -> u64 {
        self.unassigned
    }
}

/// Sums in chunks of rows, added in their order: the same for any number of threads.
fn sums_by_segment(segmentation: &Segmentation, column: &Column) -> Vec<Sum> {
    let names = segmentation.names().len();
    let pieces: Vec<Vec<Sum>> = segmentation
        .codes()
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, codes)| {
            let mut sums = vec![Sum::default(); names];
            for (row, code) in codes.iter().enumerate() {
                let sum = sums.get_mut(usize::from(*code));
                if let (Some(sum), Some(value)) = (sum, column.number(chunk * CHUNK + row)) {
                    sum.sum += value;
                    sum.count += 1;
                }
            }
            sums
        })
        .collect();
    let mut totals = vec![Sum::default(); names];
    for piece in pieces {
        for (total, sum) in totals.iter_mut().zip(piece) {
            total.sum += sum.sum;
            total.count += sum.count;
        }
    }
    totals
}

impl fmt::Display for RfmProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut header = vec!["<segment", "customers", "share", "recency", "frequency", "monetary", "of all money"];
        if self.return_rate {
            header.push("return rate");
        }
        let mut table = TextTable::new(&header);
        let mean = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), |mean| format!("{mean:.1}"));
        for segment in &self.segments {
            let rate = self.return_rate.then(|| percent(segment.return_rate));
            table.row(
                [
                    segment.segment.clone(),
                    grouped(segment.customers),
                    percent(segment.share),
                    mean(segment.recency),
                    mean(segment.frequency),
                    mean(segment.monetary),
                    percent(segment.monetary_share),
                ]
                .into_iter()
                .chain(rate),
            );
        }
        if self.unassigned > 0 {
            table.row(["(none)".to_owned(), grouped(self.unassigned)]);
        }
        write!(f, "{table}")
    }
}
