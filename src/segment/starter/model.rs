//! Fitted starter segments: which were kept, by what conditions, and why the others were not.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use super::condition::{Candidate, Condition, StarterSegment, first_of, patterns};
use crate::error::Result;
use crate::features::{Feature, FeatureTable};
use crate::layout::{TextTable, grouped};
use crate::segment::levels::clear_missing;
use crate::segment::number::{CHUNK, NumericFeature};
use crate::segment::segmentation::UNASSIGNED;
use crate::segment::{Segmentation, Segmenter};

/// Segments and cut points learned by [`StarterSegments::fit`](super::StarterSegments::fit).
///
/// Serialises with serde to any format; JSON carries the bits of each bound.
#[derive(Clone, PartialEq, Debug)]
pub struct StarterModel {
    pub(super) kept: Vec<Candidate>,
    pub(super) rest: String,
    pub(super) value: String,
    pub(super) dropped: Vec<DroppedSegment>,
    pub(super) customers: u64,
}

/// A segment that is not kept, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DroppedSegment {
    /// The segment.
    pub segment: StarterSegment,
    /// Its name.
    pub name: String,
    /// Why it is not kept, in a sentence without a full stop.
    pub reason: String,
}

impl StarterModel {
    /// The segments that are kept, in order, the rest last.
    #[must_use]
    pub fn kept(&self) -> Vec<StarterSegment> {
        self.kept.iter().map(|candidate| candidate.segment).chain([StarterSegment::Occasional]).collect()
    }

    /// The segments that are not kept, in order, and why.
    #[must_use]
    pub fn dropped(&self) -> &[DroppedSegment] {
        &self.dropped
    }

    /// What the customers of a segment meet, beside meeting none of those before it: `orders ≥ 3 and recency_days ≤
    /// 120`. `None` for the rest and for a segment that is not kept.
    #[must_use]
    pub fn condition(&self, segment: StarterSegment) -> Option<String> {
        let candidate = self.kept.iter().find(|candidate| candidate.segment == segment)?;
        let texts: Vec<String> = candidate.conditions.iter().map(Condition::to_string).collect();
        Some(texts.join(" and "))
    }

    /// The feature by whose value per customer the segments were chosen.
    #[must_use]
    pub fn value_feature(&self) -> &str {
        &self.value
    }

    /// How many customers the model was fitted on: those with a recency.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }
}

impl Segmenter for StarterModel {
    fn segment_names(&self) -> Vec<String> {
        self.kept.iter().map(|candidate| &candidate.name).chain([&self.rest]).cloned().collect()
    }

    fn required_features(&self) -> Vec<String> {
        let mut features = vec![Feature::RecencyDays.name().to_owned()];
        for condition in self.kept.iter().flat_map(|candidate| &candidate.conditions) {
            if !features.contains(&condition.feature) {
                features.push(condition.feature.clone());
            }
        }
        features
    }

    fn segment(&self, table: &FeatureTable) -> Result<Segmentation> {
        let recency = NumericFeature::of(table, Feature::RecencyDays.name())?;
        let patterns = patterns(table, &self.kept)?;
        let all = ((1_u16 << self.kept.len()) - 1) as u8;
        // Position 0 is for customers without an order, the segments follow.
        let mut positions: Vec<u8> = Vec::with_capacity(patterns.len());
        patterns.par_iter().map(|pattern| first_of(*pattern, all) as u8 + 1).collect_into_vec(&mut positions);
        if let Some(bought) = recency.present {
            clear_missing(&mut positions, bought);
        }
        let code = |position: &u8| u16::from(*position).checked_sub(1).unwrap_or(UNASSIGNED);
        let codes = positions.par_iter().with_min_len(CHUNK).map(code).collect();
        Segmentation::from_codes(Arc::clone(table.shared_ids()), self.segment_names(), codes)
    }
}

impl fmt::Display for StarterModel {
    /// The segments with their conditions, and why the others are not kept.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Starter segments of {} customers, chosen by {} per customer",
            grouped(self.customers),
            self.value
        )?;
        let mut table = TextTable::new(&["<segment", "<condition, the first that is met"]);
        for candidate in &self.kept {
            table.row([candidate.name.clone(), self.condition(candidate.segment).unwrap_or_default()]);
        }
        table.row([self.rest.clone(), "the rest".to_owned()]);
        write!(f, "{table}")?;
        for dropped in &self.dropped {
            writeln!(f, "  not kept: {}: {}", dropped.name, dropped.reason)?;
        }
        Ok(())
    }
}
