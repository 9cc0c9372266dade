//! From scores to the position of a name: one table lookup a customer.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use super::boxes::SegmentBoxes;
use super::map::SegmentMap;
use crate::error::{Error, Result};
use crate::segment::number::CHUNK;
use crate::segment::segmentation::UNASSIGNED;

/// How scores get their names.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SegmentScheme {
    /// A name for each pair of a recency and a frequency score.
    Map(SegmentMap),
    /// An ordered list of boxes.
    Boxes(SegmentBoxes),
}

impl Default for SegmentScheme {
    fn default() -> Self {
        Self::Map(SegmentMap::standard())
    }
}

impl From<SegmentMap> for SegmentScheme {
    fn from(map: SegmentMap) -> Self {
        Self::Map(map)
    }
}

impl From<SegmentBoxes> for SegmentScheme {
    fn from(boxes: SegmentBoxes) -> Self {
        Self::Boxes(boxes)
    }
}

/// The largest lookup table: 8 MiB.
const MOST_CELLS: usize = 1 << 22;

/// The name of every combination of scores, missing ones (0) among them.
#[derive(Clone, PartialEq)]
pub(super) struct NameTable {
    names: Arc<[String]>,
    positions: Arc<[u16]>,
    /// How far one score more moves in the table; 0 for an axis that does not matter.
    strides: [usize; 4],
}

impl NameTable {
    /// The table of a scheme over scores `1..=bins` of recency, frequency, money and return rate (0 bins: no score).
    pub(super) fn new(scheme: &SegmentScheme, bins: [u8; 4]) -> Result<Self> {
        let (mut names, matters) = match scheme {
            SegmentScheme::Map(map) => {
                map.check(bins[0], bins[1])?;
                (map.blocks.iter().map(|block| block.name.clone()).collect(), [true, true, false, false])
            }
            SegmentScheme::Boxes(list) => {
                list.check(bins.map(|bins| (bins > 0).then_some(bins)))?;
                let bounded = |axis: usize| list.boxes.iter().any(|(_, scores)| scores.bounds[axis].is_some());
                let names = list.boxes.iter().map(|(name, _)| name).chain([&list.rest]).cloned();
                (names.collect::<Vec<_>>(), [true, bounded(1), bounded(2), bounded(3)])
            }
        };
        let mut seen = Vec::new();
        names.retain(|name| {
            let first = !seen.contains(name);
            if first {
                seen.push(name.clone());
            }
            first
        });
        if let Some(name) = names.iter().find(|name| name.trim().is_empty()) {
            return Err(Error::Setting {
                setting: "segments",
                found: format!("the name `{name}`"),
                expected: "names with text",
            });
        }
        let sides: [usize; 4] = std::array::from_fn(|axis| if matters[axis] { usize::from(bins[axis]) + 1 } else { 1 });
        let cells: usize = sides.iter().product();
        if cells > MOST_CELLS || names.len() >= usize::from(UNASSIGNED) {
            return Err(Error::Setting {
                setting: "segments",
                found: format!("{} names for {cells} combinations of scores", names.len()),
                expected: "at most 65,534 names and 4,194,304 combinations: fewer bins, or fewer axes in the boxes",
            });
        }
        let mut strides = [0; 4];
        let mut stride = 1;
        for axis in (0..4).rev().filter(|axis| matters[*axis]) {
            strides[axis] = stride;
            stride *= sides[axis];
        }
        let scores_of = |cell: usize| -> [u8; 4] {
            std::array::from_fn(|axis| if matters[axis] { (cell / strides[axis] % sides[axis]) as u8 } else { 0 })
        };
        let positions = (0..cells)
            .map(|cell| {
                let scores = scores_of(cell);
                let name = match scheme {
                    _ if scores[0] == 0 => None,
                    SegmentScheme::Map(map) => map.names_of(scores[0], scores[1]).next(),
                    SegmentScheme::Boxes(list) => Some(list.name_of(scores)),
                };
                name.and_then(|name| names.iter().position(|other| other == name))
                    .map_or(UNASSIGNED, |position| position as u16)
            })
            .collect();
        Ok(Self { names: names.into(), positions, strides })
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The position of each customer's name, or [`UNASSIGNED`]; `scores` are one column for each axis there is.
    pub(super) fn positions(&self, scores: [&[u8]; 4]) -> Vec<u16> {
        let n = scores[0].len();
        let mut positions = vec![0; n];
        positions.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, positions)| {
            let start = chunk * CHUNK;
            let mut cells = [0_u32; 256];
            for (block, positions) in positions.chunks_mut(cells.len()).enumerate() {
                let start = start + block * cells.len();
                let cells = &mut cells[..positions.len()];
                cells.fill(0);
                for (scores, stride) in scores.iter().zip(self.strides).filter(|(_, stride)| *stride > 0) {
                    let scores = scores.get(start..start + cells.len()).unwrap_or_default();
                    for (cell, score) in cells.iter_mut().zip(scores) {
                        *cell += u32::from(*score) * stride as u32;
                    }
                }
                for (position, cell) in positions.iter_mut().zip(cells) {
                    *position = self.positions.get(*cell as usize).copied().unwrap_or(UNASSIGNED);
                }
            }
        });
        positions
    }
}

impl fmt::Debug for NameTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameTable({} names, {} combinations)", self.names.len(), self.positions.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScoreBox;
    use super::*;

    #[test]
    fn the_table_says_what_the_scheme_says() {
        let boxes = SegmentBoxes::new("rest")
            .segment("a", ScoreBox::any().recency(2..=3).return_rate(1..=1))
            .segment("b", ScoreBox::any().monetary(3..=3))
            .segment("a", ScoreBox::any().recency(1..=1).monetary(2..=3));
        let bins = [3, 2, 3, 2];
        let table = NameTable::new(&boxes.clone().into(), bins).unwrap();
        assert_eq!(table.names(), ["a", "b", "rest"]);
        let mut columns: [Vec<u8>; 4] = Default::default();
        for (r, f) in (0..=3).flat_map(|r| (0..=2).map(move |f| (r, f))) {
            for (m, back) in (0..=3).flat_map(|m| (0..=2).map(move |back| (m, back))) {
                for (column, score) in columns.iter_mut().zip([r, f, m, back]) {
                    column.push(score);
                }
            }
        }
        let positions = table.positions([&columns[0], &columns[1], &columns[2], &columns[3]]);
        for (row, position) in positions.iter().enumerate() {
            let scores = std::array::from_fn(|axis| columns[axis][row]);
            let expected = (scores[0] > 0).then(|| boxes.name_of(scores));
            assert_eq!(table.names().get(usize::from(*position)).map(String::as_str), expected, "{scores:?}");
        }
    }

    #[test]
    fn a_map_needs_both_scores() {
        let table = NameTable::new(&SegmentScheme::default(), [5, 5, 5, 0]).unwrap();
        assert_eq!(table.positions([&[5, 0, 5], &[5, 5, 0], &[0, 1, 1], &[]]), [0, UNASSIGNED, UNASSIGNED]);
    }
}
