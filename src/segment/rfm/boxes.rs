//! Named segments from an ordered list of boxes in score space: the first that holds a customer names her.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};

use super::axis::Axis;

/// Scores between bounds; an axis without bounds may have any score, or none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScoreBox {
    pub(super) bounds: [Option<RangeInclusive<u8>>; 4],
}

impl ScoreBox {
    /// All scores.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Only these recency scores. Defaults to any.
    #[must_use]
    pub fn recency(self, scores: RangeInclusive<u8>) -> Self {
        self.bounded(0, scores)
    }

    /// Only these frequency scores. Defaults to any.
    #[must_use]
    pub fn frequency(self, scores: RangeInclusive<u8>) -> Self {
        self.bounded(1, scores)
    }

    /// Only these monetary scores. Defaults to any.
    #[must_use]
    pub fn monetary(self, scores: RangeInclusive<u8>) -> Self {
        self.bounded(2, scores)
    }

    /// Only these scores of the return rate, where a high score is a low rate. Defaults to any.
    #[must_use]
    pub fn return_rate(self, scores: RangeInclusive<u8>) -> Self {
        self.bounded(3, scores)
    }

    fn bounded(mut self, axis: usize, scores: RangeInclusive<u8>) -> Self {
        self.bounds[axis] = Some(scores);
        self
    }

    /// Whether scores lie within; a missing score (0) lies within no bounds.
    pub(super) fn holds(&self, scores: [u8; 4]) -> bool {
        self.bounds.iter().zip(scores).all(|(bounds, score)| bounds.as_ref().is_none_or(|b| b.contains(&score)))
    }
}

/// An ordered list of named boxes; what is in none of them gets the name of the rest.
///
/// Every customer with a recency has a segment. A customer who lacks another score is in no box that bounds it.
///
/// ```
/// use kohort::segment::{Rfm, ScoreBox, SegmentBoxes};
///
/// let boxes = SegmentBoxes::new("others")
///     .segment("rich but returning", ScoreBox::any().monetary(4..=5).return_rate(1..=1))
///     .segment("best", ScoreBox::any().recency(4..=5).frequency(4..=5));
/// let rfm = Rfm::builder().return_rate("return_rate").segments(boxes).build()?;
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct SegmentBoxes {
    pub(super) boxes: Vec<(String, ScoreBox)>,
    pub(super) rest: String,
}

impl SegmentBoxes {
    /// A list without boxes, and the name of what is in none of those to come.
    #[must_use]
    pub fn new(rest: impl Into<String>) -> Self {
        Self { boxes: Vec::new(), rest: rest.into() }
    }

    /// The map in the README of the R package `rfm`: ten boxes of five scores, first match, the rest "Others".
    #[must_use]
    pub fn r_package() -> Self {
        let scores = |recency, frequency, monetary| {
            ScoreBox::any().recency(recency).frequency(frequency).monetary(monetary)
        };
        Self::new("Others")
            .segment("Champions", scores(5..=5, 5..=5, 5..=5))
            .segment("Potential Loyalist", scores(3..=5, 3..=5, 2..=5))
            .segment("Loyal Customers", scores(2..=4, 2..=4, 2..=4))
            .segment("Promising", scores(3..=4, 1..=3, 3..=5))
            .segment("New Customers", scores(4..=5, 1..=3, 1..=5))
            .segment("Can't Lose Them", scores(1..=2, 3..=4, 4..=5))
            .segment("At Risk", scores(1..=2, 2..=5, 4..=5))
            .segment("Need Attention", scores(1..=3, 3..=5, 3..=5))
            .segment("About To Sleep", scores(2..=3, 1..=3, 1..=4))
            .segment("Lost", scores(1..=1, 1..=5, 1..=5))
    }

    /// Appends a box. The same name may be given to several; segments stand in the order in which their names first
    /// appear, the rest last.
    #[must_use]
    pub fn segment(mut self, name: impl Into<String>, scores: ScoreBox) -> Self {
        self.boxes.push((name.into(), scores));
        self
    }

    /// Checks that the boxes lie within the scores there are.
    pub(super) fn check(&self, bins: [Option<u8>; 4]) -> Result<()> {
        const AXES: [Axis; 4] = [Axis::Recency, Axis::Frequency, Axis::Monetary, Axis::ReturnRate];
        for (name, scores) in &self.boxes {
            for ((axis, bounds), bins) in AXES.iter().zip(&scores.bounds).zip(bins) {
                let Some(bounds) = bounds else { continue };
                let Some(bins) = bins else {
                    return Err(Error::Setting {
                        setting: "segments",
                        found: format!("`{name}` with bounds on the {axis} score, which is not computed"),
                        expected: "bounds on axes that are scored; add the axis with `return_rate`",
                    });
                };
                if *bounds.start() < 1 || *bounds.end() > bins || bounds.is_empty() {
                    return Err(Error::Setting {
                        setting: "segments",
                        found: format!("`{name}` for {axis} scores {bounds:?}, with scores up to {bins}"),
                        expected: "bounds within the scores",
                    });
                }
            }
        }
        Ok(())
    }

    pub(super) fn name_of(&self, scores: [u8; 4]) -> &str {
        self.boxes.iter().find(|(_, bounds)| bounds.holds(scores)).map_or(self.rest.as_str(), |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_box_that_holds_a_customer_names_her() {
        let map = SegmentBoxes::r_package();
        map.check([Some(5), Some(5), Some(5), None]).unwrap();
        for (scores, name) in [
            ([5, 5, 5, 0], "Champions"),
            ([5, 5, 4, 0], "Potential Loyalist"),
            ([4, 4, 4, 0], "Potential Loyalist"),
            ([2, 3, 4, 0], "Loyal Customers"),
            ([4, 1, 5, 0], "Promising"),
            ([5, 1, 1, 0], "New Customers"),
            ([1, 4, 5, 0], "Can't Lose Them"),
            ([1, 5, 5, 0], "At Risk"),
            ([2, 5, 3, 0], "Need Attention"),
            ([3, 1, 1, 0], "About To Sleep"),
            ([1, 1, 1, 0], "Lost"),
            ([4, 5, 1, 0], "Others"),
        ] {
            assert_eq!(map.name_of(scores), name, "{scores:?}");
        }
    }

    #[test]
    fn a_missing_score_is_in_no_bounds() {
        let boxes = SegmentBoxes::new("rest").segment("rich", ScoreBox::any().monetary(1..=5));
        assert_eq!(boxes.name_of([3, 3, 0, 0]), "rest");
        assert_eq!(boxes.name_of([3, 0, 3, 0]), "rich");
    }

    #[test]
    fn boxes_beyond_the_scores_are_refused() {
        let bins = [Some(5), Some(5), Some(3), None];
        let refused = |scores: ScoreBox| SegmentBoxes::new("r").segment("s", scores).check(bins).unwrap_err().to_string();
        assert!(refused(ScoreBox::any().monetary(2..=4)).contains("`s` for monetary scores 2..=4, with scores up to 3"));
        assert!(refused(ScoreBox::any().recency(0..=4)).contains("0..=4"));
        assert!(refused(ScoreBox::any().return_rate(1..=1)).contains("return rate score, which is not computed"));
    }
}
