//! Lines into groups of customers: the one pass over memory that makes everything after it local.
//!
//! A log stands in the order of time, so that a customer's lines are far apart. Chunks of fixed size are each split
//! by customer into groups small enough for the second-level cache; all later work on a group stays there. The split
//! keeps the order of ids (group 0 has the smallest), so tables come out in ascending order of ids without a sort of
//! customers, and no hash is involved in what a caller sees.
//!
//! Rejected alternatives: sorting row numbers and reading the columns through them (each read misses every cache:
//! slower by a factor on logs beyond the last-level cache), and grouping by hash (an order of customers has to be
//! found afterwards, and every output column moved once more).

use std::ops::Range;

use rayon::prelude::*;

use crate::features::lines::{LineColumns, Needs};
use crate::transaction::{IdColumn, TransactionLog};

/// Rows that one task splits: a column of them fits the last-level cache beside its targets. Half and twice as many
/// measured 15 % slower.
const CHUNK: usize = 1 << 18;

/// Lines a group should have: some 60 bytes each, twice while they are put in order, so that a group takes half of a
/// second-level cache of 1 MB. Twice as many measured 12 % slower, half as many 5 %.
const GROUP_LINES: usize = 1 << 12;

/// More groups than this and a chunk writes to more places than the processor keeps addresses of.
const MOST_GROUPS: usize = 1 << 12;

/// Cells that ids are first sorted into by their leading bits.
const CELLS: usize = 1 << 14;

/// Ids that the borders of groups are taken from.
const SAMPLE: usize = 1 << 16;

/// A log's lines, split by customer.
pub(crate) struct Partition {
    chunks: Vec<PartitionedChunk>,
    groups: usize,
}

struct PartitionedChunk {
    /// Where each group begins, and the end of the last.
    starts: Vec<u32>,
    lines: LineColumns,
}

impl Partition {
    /// Splits a log. O(lines) time; moves each needed column once.
    pub(crate) fn new(log: &TransactionLog, needs: Needs) -> Self {
        let router = Router::new(&log.customers);
        let rows = log.len();
        let chunks = (0..rows.div_ceil(CHUNK))
            .into_par_iter()
            .map_init(Routes::default, |routes, chunk| {
                split(log, chunk * CHUNK..rows.min((chunk + 1) * CHUNK), &router, needs, routes)
            })
            .collect();
        Self { chunks, groups: router.groups }
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// Where the lines of a group lie: a range of each chunk, in the order of the log.
    pub(crate) fn parts(&self, group: usize) -> Vec<(&LineColumns, Range<usize>)> {
        let range = |chunk: &PartitionedChunk| chunk.starts[group] as usize..chunk.starts[group + 1] as usize;
        self.chunks
            .iter()
            .map(|chunk| (&chunk.lines, range(chunk)))
            .filter(|(_, range)| !range.is_empty())
            .collect()
    }
}

/// Scratch memory of a task: the group and the place of each line.
#[derive(Default)]
struct Routes {
    groups: Vec<u16>,
    places: Vec<u32>,
}

fn split(
    log: &TransactionLog,
    rows: Range<usize>,
    router: &Router,
    needs: Needs,
    Routes { groups, places }: &mut Routes,
) -> PartitionedChunk {
    let keys = log.customers.keys(rows.clone());
    groups.clear();
    groups.extend(keys.iter().map(|key| router.group(*key)));
    let mut starts = vec![0_u32; router.groups + 1];
    for group in groups.iter() {
        starts[usize::from(*group) + 1] += 1;
    }
    for group in 0..router.groups {
        starts[group + 1] += starts[group];
    }
    let mut next = starts.clone();
    places.clear();
    places.extend(groups.iter().map(|group| {
        let place = &mut next[usize::from(*group)];
        *place += 1;
        *place - 1
    }));
    PartitionedChunk { starts, lines: LineColumns::scattered(log, rows, &keys, places, needs) }
}

/// Finds the group of an id, so that groups are ranges of ids with about equally many lines.
struct Router {
    groups: usize,
    way: Way,
}

enum Way {
    /// By the leading bits: ids that spread over their range, as most do.
    Cells { lowest: u64, shift: u32, group_of: Vec<u16> },
    /// By binary search among borders: ids that crowd in a few places.
    Borders(Vec<u64>),
}

impl Router {
    fn new(customers: &IdColumn) -> Self {
        let rows = customers.len();
        let wanted = rows.div_ceil(GROUP_LINES).clamp(1, MOST_GROUPS);
        let step = rows.div_ceil(SAMPLE).max(1);
        let mut sample: Vec<u64> = (0..rows).step_by(step).map(|row| customers.key(row)).collect();
        sample.sort_unstable();
        let (Some(lowest), Some(highest)) = (sample.first().copied(), sample.last().copied()) else {
            return Self { groups: 1, way: Way::Borders(Vec::new()) };
        };
        let bits = u64::BITS - (highest - lowest).leading_zeros();
        let shift = bits.saturating_sub(CELLS.ilog2());
        let mut group_of = vec![0_u16; CELLS];
        let mut seen = 0;
        let mut largest_cell = 0;
        for (cell, group) in group_of.iter_mut().enumerate() {
            let end = seen + sample[seen..].partition_point(|key| ((key - lowest) >> shift) as usize <= cell);
            largest_cell = largest_cell.max(end - seen);
            // The group of a cell is that of its middle, so that a full cell does not drag its neighbours along.
            *group = (usize::midpoint(seen, end) * wanted / sample.len()).min(wanted - 1) as u16;
            seen = end;
        }
        if largest_cell <= 2 * sample.len().div_ceil(wanted) {
            return Self { groups: wanted, way: Way::Cells { lowest, shift, group_of } };
        }
        let mut borders: Vec<u64> = (1..wanted).map(|group| sample[group * sample.len() / wanted]).collect();
        borders.dedup();
        Self { groups: borders.len() + 1, way: Way::Borders(borders) }
    }

    #[inline]
    fn group(&self, key: u64) -> u16 {
        match &self.way {
            Way::Cells { lowest, shift, group_of } => {
                // Ids outside the sample's range belong to the first or last cell.
                let cell = (key.saturating_sub(*lowest) >> shift) as usize;
                group_of[cell.min(CELLS - 1)]
            }
            Way::Borders(borders) => borders.partition_point(|border| *border <= key) as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(ids: Vec<u64>) {
        let router = Router::new(&IdColumn::Numbers(ids.clone()));
        let mut sorted = ids;
        sorted.sort_unstable();
        let groups: Vec<u16> = sorted.iter().map(|id| router.group(*id)).collect();
        assert!(groups.windows(2).all(|pair| pair[0] <= pair[1]), "groups are ranges of ids");
        assert!(groups.iter().all(|group| usize::from(*group) < router.groups));
    }

    proptest! {
        #[test]
        fn groups_are_ranges_of_ids(ids in prop::collection::vec(any::<u64>(), 0..300)) {
            check(ids);
        }
    }

    #[test]
    fn crowded_ids_are_split_as_evenly_as_spread_ones() {
        let rows = 40 * GROUP_LINES as u64;
        for ids in [
            (0..rows).collect::<Vec<u64>>(),
            (0..rows).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect(),
            // All but one crowd at the low end of the range.
            (0..rows).map(|n| if n == 7 { u64::MAX } else { n }).collect(),
        ] {
            let router = Router::new(&IdColumn::Numbers(ids.clone()));
            let mut sizes = vec![0_usize; router.groups];
            for id in &ids {
                sizes[usize::from(router.group(*id))] += 1;
            }
            assert!(sizes.iter().all(|size| *size <= 4 * GROUP_LINES), "{sizes:?}");
            check(ids);
        }
    }

    #[test]
    fn one_customer_is_one_group() {
        check(vec![5; 3 * GROUP_LINES]);
    }
}
