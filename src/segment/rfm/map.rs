//! Named segments from a map of all pairs of recency and frequency scores.

use std::ops::RangeInclusive;

use crate::error::{Error, Result, nearest};

/// A name for each pair of a recency and a frequency score: every pair has one, and no two claim the same.
///
/// ```
/// use kohort::segment::{Rfm, SegmentMap};
///
/// let map = SegmentMap::new()
///     .cells("Stammkunden", 2..=3, 2..=3)
///     .cells("Neue", 3..=3, 1..=1)
///     .cells("Gefährdet", 1..=1, 2..=3)
///     .cells("Verloren", 1..=2, 1..=1);
/// let rfm = Rfm::builder().bins(3).segments(map).build()?;
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct SegmentMap {
    pub(super) blocks: Vec<Block>,
    renamed: Vec<(String, String)>,
}

/// A rectangle of the map.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Block {
    pub(super) name: String,
    pub(super) recency: RangeInclusive<u8>,
    pub(super) frequency: RangeInclusive<u8>,
}

impl Default for SegmentMap {
    fn default() -> Self {
        Self::standard()
    }
}

impl SegmentMap {
    /// A map without names, to be filled with [`SegmentMap::cells`].
    #[must_use]
    pub fn new() -> Self {
        Self { blocks: Vec::new(), renamed: Vec::new() }
    }

    /// The common map of ten segments over 5 × 5 scores (recency downwards, frequency to the right):
    ///
    /// ```text
    ///      1                    2                    3                    4                5
    /// 5    new                  potential loyalists  potential loyalists  champions        champions
    /// 4    promising            potential loyalists  potential loyalists  loyal            loyal
    /// 3    about to sleep       about to sleep       need attention       loyal            loyal
    /// 2    hibernating          hibernating          at risk              at risk          can't lose
    /// 1    hibernating          hibernating          at risk              at risk          can't lose
    /// ```
    #[must_use]
    pub fn standard() -> Self {
        Self::new()
            .cells("champions", 5..=5, 4..=5)
            .cells("loyal", 3..=4, 4..=5)
            .cells("potential loyalists", 4..=5, 2..=3)
            .cells("new", 5..=5, 1..=1)
            .cells("promising", 4..=4, 1..=1)
            .cells("need attention", 3..=3, 3..=3)
            .cells("about to sleep", 3..=3, 1..=2)
            .cells("at risk", 1..=2, 3..=4)
            .cells("can't lose", 1..=2, 5..=5)
            .cells("hibernating", 1..=2, 1..=2)
    }

    /// Names a rectangle of scores. The same name may be given to several; segments stand in the order in which
    /// their names first appear.
    #[must_use]
    pub fn cells(
        mut self,
        name: impl Into<String>,
        recency: RangeInclusive<u8>,
        frequency: RangeInclusive<u8>,
    ) -> Self {
        self.blocks.push(Block { name: name.into(), recency, frequency });
        self
    }

    /// Gives a segment another name, as in another language.
    #[must_use]
    pub fn renamed(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        let (from, to) = (from.into(), to.into());
        let mut found = false;
        for block in self.blocks.iter_mut().filter(|block| block.name == from) {
            block.name.clone_from(&to);
            found = true;
        }
        if !found {
            self.renamed.push((from, to));
        }
        self
    }

    /// Checks that the map names each pair of scores exactly once.
    pub(super) fn check(&self, recency_bins: u8, frequency_bins: u8) -> Result<()> {
        if let Some((from, _)) = self.renamed.first() {
            let nearest = nearest(from, self.blocks.iter().map(|block| block.name.as_str()));
            return Err(Error::UnknownSegment { segment: from.clone(), nearest });
        }
        let setting = |found: String| Error::Setting {
            setting: "segments",
            found,
            expected: "a map that names each pair of a recency and a frequency score once, and no others",
        };
        for block in &self.blocks {
            let within = |range: &RangeInclusive<u8>, bins| *range.start() >= 1 && *range.end() <= bins && !range.is_empty();
            if !within(&block.recency, recency_bins) || !within(&block.frequency, frequency_bins) {
                return Err(setting(format!(
                    "`{}` for recency {:?} and frequency {:?}, with scores up to {recency_bins} and {frequency_bins}",
                    block.name, block.recency, block.frequency
                )));
            }
        }
        for recency in 1..=recency_bins {
            for frequency in 1..=frequency_bins {
                let names: Vec<&str> = self.names_of(recency, frequency).collect();
                if names.len() != 1 {
                    let names = if names.is_empty() { "no name".to_owned() } else { names.join(" and ") };
                    return Err(setting(format!("{names} for recency {recency} and frequency {frequency}")));
                }
            }
        }
        Ok(())
    }

    pub(super) fn names_of(&self, recency: u8, frequency: u8) -> impl Iterator<Item = &str> {
        self.blocks
            .iter()
            .filter(move |block| block.recency.contains(&recency) && block.frequency.contains(&frequency))
            .map(|block| block.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_map_is_the_one_of_the_table() {
        let map = SegmentMap::standard();
        map.check(5, 5).unwrap();
        let row = |recency| (1..=5).map(|f| map.names_of(recency, f).next().unwrap()).collect::<Vec<_>>();
        assert_eq!(row(5), ["new", "potential loyalists", "potential loyalists", "champions", "champions"]);
        assert_eq!(row(4), ["promising", "potential loyalists", "potential loyalists", "loyal", "loyal"]);
        assert_eq!(row(3), ["about to sleep", "about to sleep", "need attention", "loyal", "loyal"]);
        assert_eq!(row(2), ["hibernating", "hibernating", "at risk", "at risk", "can't lose"]);
        assert_eq!(row(1), row(2));
    }

    #[test]
    fn gaps_overlaps_and_scores_that_do_not_exist_are_named() {
        let refused = |map: SegmentMap, bins| map.check(bins, bins).unwrap_err().to_string();
        assert!(refused(SegmentMap::new(), 2).contains("no name for recency 1 and frequency 1"));
        let map = SegmentMap::new().cells("a", 1..=2, 1..=2).cells("b", 2..=2, 2..=2);
        assert!(refused(map, 2).contains("a and b for recency 2 and frequency 2"));
        assert!(refused(SegmentMap::new().cells("a", 0..=2, 1..=2), 2).contains("`a` for recency 0..=2"));
        #[expect(clippy::reversed_empty_ranges, reason = "that is the slip under test")]
        let backwards = SegmentMap::new().cells("a", 2..=1, 1..=2);
        assert!(refused(backwards, 2).contains("2..=1"));
        assert!(refused(SegmentMap::standard(), 4).contains("with scores up to 4 and 4"));
        assert!(refused(SegmentMap::standard().renamed("champion", "x"), 5).contains("did you mean `champions`"));
    }

    #[test]
    fn a_segment_can_be_renamed() {
        let map = SegmentMap::standard().renamed("new", "Neukunden");
        map.check(5, 5).unwrap();
        assert_eq!(map.names_of(5, 1).collect::<Vec<_>>(), ["Neukunden"]);
    }
}
