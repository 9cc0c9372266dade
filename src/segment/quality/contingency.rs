//! How many customers each pair of segments shares, for any labels.

use rayon::prelude::*;

/// So many cells are counted in a table; of more, the pairs that occur are sorted.
const TABLE: usize = 65_536;

/// The pairs of segments that share customers.
pub(super) struct Contingency {
    pub(super) cells: Vec<Cell>,
    /// Sizes of the segments that occur, ascending.
    pub(super) left: Vec<u64>,
    pub(super) right: Vec<u64>,
    pub(super) customers: u64,
}

/// Customers that two segments share, and the two segments' sizes, the smaller one first. In ascending order, so that
/// sums over cells are the same whatever the labels are, and whichever side is which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Cell {
    pub(super) shared: u64,
    pub(super) sizes: [u64; 2],
}

impl Contingency {
    /// Of two labels per customer.
    pub(super) fn of(left: &[u32], right: &[u32]) -> Self {
        let counts = counts(left, right);
        let (of_left, left) = sizes(counts.iter().map(|(pair, count)| (pair[0], *count)));
        let (of_right, right) = sizes(counts.iter().map(|(pair, count)| (pair[1], *count)));
        let mut cells: Vec<Cell> = counts
            .iter()
            .zip(of_left.iter().zip(&of_right))
            .map(|((_, shared), (one, other))| Cell {
                shared: *shared,
                sizes: [*one.min(other), *one.max(other)],
            })
            .collect();
        cells.par_sort_unstable();
        Self { cells, left, right, customers: counts.iter().map(|(_, count)| count).sum() }
    }

    /// Whether the two sides put the same customers together.
    pub(super) fn is_equal(&self) -> bool {
        self.cells.len() == self.left.len() && self.cells.len() == self.right.len()
    }
}

/// The pairs of labels that occur, ascending, and how often.
fn counts(left: &[u32], right: &[u32]) -> Vec<([u32; 2], u64)> {
    let width = |labels: &[u32]| labels.par_iter().copied().max().map_or(0, |highest| highest as usize + 1);
    let (rows, columns) = (width(left), width(right));
    if rows.saturating_mul(columns) <= TABLE {
        let chunk = TABLE.max(8 * rows * columns);
        let tables: Vec<Vec<u64>> = left
            .par_chunks(chunk)
            .zip(right.par_chunks(chunk))
            .map(|(left, right)| {
                let mut table = vec![0; rows * columns];
                for (left, right) in left.iter().zip(right) {
                    table[*left as usize * columns + *right as usize] += 1;
                }
                table
            })
            .collect();
        let total = |place: usize| tables.iter().map(|table| table[place]).sum::<u64>();
        let pair = |place: usize| [(place / columns) as u32, (place % columns) as u32];
        return (0..rows * columns)
            .map(|place| (pair(place), total(place)))
            .filter(|(_, count)| *count > 0)
            .collect();
    }
    let mut pairs: Vec<[u32; 2]> =
        left.par_iter().zip(right.par_iter()).map(|(left, right)| [*left, *right]).collect();
    pairs.par_sort_unstable();
    pairs.chunk_by(|one, other| one == other).map(|run| (run[0], run.len() as u64)).collect()
}

/// Of labelled counts, the total of each one's label, and the totals of all labels, ascending.
fn sizes(labelled: impl Iterator<Item = (u32, u64)>) -> (Vec<u64>, Vec<u64>) {
    let mut labelled: Vec<(u32, usize, u64)> =
        labelled.enumerate().map(|(place, (label, count))| (label, place, count)).collect();
    labelled.par_sort_unstable();
    let mut of_each = vec![0; labelled.len()];
    let mut totals = Vec::new();
    for run in labelled.chunk_by(|one, other| one.0 == other.0) {
        let total = run.iter().map(|(_, _, count)| count).sum();
        for (_, place, _) in run {
            of_each[*place] = total;
        }
        totals.push(total);
    }
    totals.par_sort_unstable();
    (of_each, totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_and_sorting_count_alike() {
        // The same pairs with labels that are too many for a table.
        let labels = |modulus: u32| (0..200_000_u32).map(move |i| i.wrapping_mul(2_654_435_761) % modulus);
        let (left, right): (Vec<u32>, Vec<u32>) = (labels(7).collect(), labels(11).collect());
        let far: Vec<u32> = left.iter().map(|label| u32::MAX - 6 + label).collect();
        let (table, sorted) = (Contingency::of(&left, &right), Contingency::of(&far, &right));
        assert_eq!(table.cells, sorted.cells);
        assert_eq!((&table.left, &table.right), (&sorted.left, &sorted.right));
        assert_eq!((table.cells.len(), table.left.len(), table.right.len()), (77, 7, 11));
        assert_eq!(table.customers, 200_000);
    }
}
