//! The segments there can be, and what a customer must meet to be in one.

use std::fmt;

use rayon::prelude::*;

use crate::error::Result;
use crate::features::FeatureTable;
use crate::segment::levels::{Scale, scores};
use crate::segment::number::{CHUNK, NumericFeature, Ties};

/// The segments of [`StarterSegments`](super::StarterSegments), in their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum StarterSegment {
    /// High gross sales of which little is left after returns, as economics found it.
    RichButReturning,
    /// First order lately.
    New,
    /// Spends more than most.
    HighSpend,
    /// Orders again and again, and lately.
    Loyal,
    /// Buys at a discount.
    PriceSensitive,
    /// The rest.
    Occasional,
}

impl StarterSegment {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::RichButReturning,
        Self::New,
        Self::HighSpend,
        Self::Loyal,
        Self::PriceSensitive,
        Self::Occasional,
    ];

    /// The name it has unless another is set.
    #[must_use]
    pub const fn default_name(self) -> &'static str {
        match self {
            Self::RichButReturning => "rich but returning",
            Self::New => "new",
            Self::HighSpend => "high-spend",
            Self::Loyal => "loyal",
            Self::PriceSensitive => "price-sensitive",
            Self::Occasional => "occasional",
        }
    }
}

/// How a value compares with a bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// One comparison of a feature with a bound.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Condition {
    pub(super) feature: String,
    pub(super) comparison: Comparison,
    pub(super) bound: f64,
}

impl Condition {
    pub(super) fn new(feature: impl AsRef<str>, comparison: Comparison, bound: f64) -> Self {
        Self { feature: feature.as_ref().to_owned(), comparison, bound }
    }

    /// One byte per customer: 1 where the condition is met, 0 where it is not or the feature is missing.
    fn met(&self, table: &FeatureTable) -> Result<Vec<u8>> {
        let feature = NumericFeature::of(table, &self.feature)?;
        let (ties, side) = match self.comparison {
            Comparison::AtLeast => (Ties::Above, ABOVE),
            Comparison::Below => (Ties::Above, BELOW),
            Comparison::Above => (Ties::Below, ABOVE),
            Comparison::AtMost => (Ties::Below, BELOW),
        };
        let mut met = scores(feature, feature.present, &[self.bound], ties, Scale::Rising);
        met.par_chunks_mut(CHUNK)
            .for_each(|met| met.iter_mut().for_each(|score| *score = u8::from(*score == side)));
        Ok(met)
    }
}

/// The score of a value on the lower side of a bound; a missing one has 0.
const BELOW: u8 = 1;
/// The score of a value on the upper side.
const ABOVE: u8 = 2;

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = match self.comparison {
            Comparison::AtLeast => "≥",
            Comparison::Above => ">",
            Comparison::AtMost => "≤",
            Comparison::Below => "<",
        };
        let bound = format!("{:.4}", self.bound);
        write!(f, "{} {comparison} {}", self.feature, bound.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A segment and the conditions that its customers meet, all of them.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Candidate {
    pub(super) segment: StarterSegment,
    pub(super) name: String,
    pub(super) conditions: Vec<Condition>,
}

/// Per customer, one bit for each candidate whose conditions she meets, the first in the lowest.
pub(super) fn patterns(table: &FeatureTable, candidates: &[Candidate]) -> Result<Vec<u8>> {
    let mut patterns = vec![0_u8; table.len()];
    for (bit, candidate) in candidates.iter().enumerate() {
        let mut all_met: Option<Vec<u8>> = None;
        for condition in &candidate.conditions {
            let met = condition.met(table)?;
            match &mut all_met {
                None => all_met = Some(met),
                Some(all) => {
                    all.par_iter_mut().zip(met).with_min_len(CHUNK).for_each(|(all, met)| *all &= met);
                }
            }
        }
        if let Some(met) = all_met {
            patterns
                .par_iter_mut()
                .zip(met)
                .with_min_len(CHUNK)
                .for_each(|(pattern, met)| *pattern |= met << bit);
        }
    }
    Ok(patterns)
}

/// The position of the first candidate of a pattern among those that are kept (a bit each), or of the rest after
/// them.
pub(super) fn first_of(pattern: u8, kept: u8) -> usize {
    let first = (pattern & kept).trailing_zeros();
    let before = (1_u16 << first) - 1;
    (u16::from(kept) & before).count_ones() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmap::Bitmap;
    use crate::features::{Column, Values};
    use crate::transaction::CustomerIds;

    #[test]
    fn comparisons_are_exact_and_unknown_is_not_met() {
        let column =
            Column::with_missing(Values::I32(vec![1, 2, 3, 2]), Bitmap::from_iter([true, true, true, false]));
        let table = FeatureTable::from_columns(CustomerIds::rows(4), [("x", column.unwrap())]).unwrap();
        let met = |comparison| Condition::new("x", comparison, 2.0).met(&table).unwrap();
        assert_eq!(met(Comparison::AtLeast), [0, 1, 1, 0]);
        assert_eq!(met(Comparison::Above), [0, 0, 1, 0]);
        assert_eq!(met(Comparison::AtMost), [1, 1, 0, 0]);
        assert_eq!(met(Comparison::Below), [1, 0, 0, 0]);
    }

    #[test]
    fn the_first_kept_candidate_counts() {
        assert_eq!(first_of(0b0110, 0b1111), 1);
        assert_eq!(
            first_of(0b0110, 0b1101),
            1,
            "the second is not kept, so the third is the second of the kept"
        );
        assert_eq!(first_of(0b0010, 0b1101), 3, "the rest stands after the three that are kept");
        assert_eq!(first_of(0, 0), 0);
        assert_eq!(first_of(0b1000_0000, 0b1000_0000), 0);
        assert_eq!(first_of(0, 0b1111_1111), 8);
    }
}
