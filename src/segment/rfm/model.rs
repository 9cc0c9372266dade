//! A fitted RFM: cut points, and names for scores.

use std::fmt;
use std::sync::Arc;

use super::axis::{CutConvention, Direction, RfmAxis, RfmMode};
use super::naming::{NameTable, SegmentScheme};
use super::profile::RfmProfile;
use super::scores::{RfmScores, Scored};
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped};
use crate::segment::number::NumericFeature;
use crate::segment::{Segmentation, Segmenter};

/// Cut points learned by [`Rfm::fit`](super::Rfm::fit), and the names of scores.
///
/// Scores the customers of any table that has the features, by the cut points of the fit. Serialises with serde to
/// any format; JSON carries the bits of each cut point.
#[derive(Clone, PartialEq, Debug)]
pub struct RfmModel {
    pub(super) axes: [RfmAxis; 3],
    pub(super) return_rate: Option<RfmAxis>,
    pub(super) mode: RfmMode,
    pub(super) convention: CutConvention,
    pub(super) scheme: SegmentScheme,
    pub(super) naming: NameTable,
    pub(super) customers: u64,
}

impl RfmModel {
    /// The axes: recency, frequency, money and, where it is scored, the return rate.
    pub fn axes(&self) -> impl Iterator<Item = &RfmAxis> {
        self.axes.iter().chain(&self.return_rate)
    }

    /// Whether axes are scored on their own or within each other.
    #[must_use]
    pub fn mode(&self) -> RfmMode {
        self.mode
    }

    /// To which bin a value on a cut point belongs.
    #[must_use]
    pub fn cut_convention(&self) -> CutConvention {
        self.convention
    }

    /// How scores get their names.
    #[must_use]
    pub fn scheme(&self) -> &SegmentScheme {
        &self.scheme
    }

    /// How many customers the cut points were learned from: those with a recency.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// The axes whose quantiles collapsed: see [`RfmAxis::bins_found`].
    pub fn collapsed(&self) -> impl Iterator<Item = &RfmAxis> {
        self.axes().filter(|axis| axis.is_collapsed())
    }

    /// The scores of a table's customers. One pass over each column.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] or [`Error::FeatureType`] where the table lacks what is scored.
    pub fn scores(&self, table: &FeatureTable) -> Result<RfmScores> {
        let [recency, frequency, monetary] = &self.axes;
        let features = [
            NumericFeature::of(table, &recency.feature)?,
            NumericFeature::of(table, &frequency.feature)?,
            NumericFeature::of(table, &monetary.feature)?,
        ];
        let bought = features[0].present;
        let own = |axis, feature| Scored::on_its_own(axis, feature, bought, self.convention);
        let return_rate = match &self.return_rate {
            Some(axis) => Some(own(axis, NumericFeature::of(table, &axis.feature)?).0),
            None => None,
        };
        let first = own(recency, features[0]);
        let (second, third) = match self.mode {
            RfmMode::Independent => (own(frequency, features[1]), own(monetary, features[2])),
            RfmMode::Nested => {
                let second = Scored::in_groups(frequency, features[1], &first.groups(), self.convention);
                let groups = first.groups_with(&second, frequency.bins());
                let third = Scored::in_groups(monetary, features[2], &groups, self.convention);
                (second, third)
            }
        };
        Ok(RfmScores {
            ids: Arc::clone(table.shared_ids()),
            axes: [first.0, second.0, third.0],
            return_rate,
            base: if self.axes().any(|axis| axis.bins > 9) { 100 } else { 10 },
        })
    }

    /// The segments of customers whose scores are known. One table lookup a customer.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the scores are of another number of axes, as those of another model may be.
    pub fn name(&self, scores: &RfmScores) -> Result<Segmentation> {
        let axes = |has_fourth| if has_fourth { "four axes" } else { "three axes" }.to_owned();
        if scores.return_rate.is_some() != self.return_rate.is_some() {
            return Err(Error::Incompatible {
                what: "the number of scores",
                left: axes(self.return_rate.is_some()),
                right: axes(scores.return_rate.is_some()),
            });
        }
        let [recency, frequency, monetary] = &scores.axes;
        let columns = [&recency[..], frequency, monetary, scores.return_rate.as_deref().unwrap_or_default()];
        let positions = self.naming.positions(columns);
        Segmentation::from_codes(Arc::clone(&scores.ids), self.naming.names().to_vec(), positions)
    }

    /// The segments of a table's customers, with the means of what is scored.
    ///
    /// # Errors
    /// As for [`RfmModel::scores`].
    pub fn profile(&self, table: &FeatureTable) -> Result<RfmProfile> {
        RfmProfile::new(self, &self.segment(table)?, table)
    }
}

impl Segmenter for RfmModel {
    fn segment_names(&self) -> Vec<String> {
        self.naming.names().to_vec()
    }

    fn required_features(&self) -> Vec<String> {
        let mut features: Vec<String> = Vec::new();
        for axis in self.axes() {
            if !features.contains(&axis.feature) {
                features.push(axis.feature.clone());
            }
        }
        features
    }

    fn segment(&self, table: &FeatureTable) -> Result<Segmentation> {
        self.name(&self.scores(table)?)
    }
}

impl fmt::Display for RfmModel {
    /// The axes with their cut points, collapsed ones explained, and the segments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            RfmMode::Independent => "each axis on its own",
            RfmMode::Nested => "frequency within recency, money within both",
        };
        writeln!(f, "RFM of {} customers, {mode}", grouped(self.customers))?;
        let mut table = TextTable::new(&["<axis", "<feature", "<highest score for", "bins", "<cut points"]);
        for axis in self.axes() {
            let good = match axis.direction {
                Direction::HighIsGood => "the most",
                Direction::LowIsGood => "the least",
            };
            let cuts = match &axis.groups[..] {
                [cuts] => cuts.iter().map(|cut| short(*cut)).collect::<Vec<_>>().join(" | "),
                groups => format!("of {} groups", groups.len()),
            };
            table.row([axis.axis.to_string(), axis.feature.clone(), good.into(), axis.bins.to_string(), cuts]);
        }
        write!(f, "{table}")?;
        for axis in self.collapsed() {
            writeln!(
                f,
                "  {}: so many customers share a value that {} of {} bins are left",
                axis.axis, axis.bins_found, axis.bins
            )?;
        }
        writeln!(f, "Segments: {}", self.naming.names().join(", "))
    }
}

/// A number with at most four decimals and no zeros at the end.
fn short(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
