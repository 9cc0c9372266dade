//! Which segments to keep: as many as there may be, and of all such sets the one that tells customers best apart by
//! value.
//!
//! Conditions are at most five, so a customer is one of 32 patterns of conditions met. Customers and value are summed
//! per pattern in one pass; every set of segments is then judged from those sums, whatever the number of customers.

use rayon::prelude::*;

use super::condition::first_of;
use crate::error::Result;
use crate::features::{Feature, FeatureTable};
use crate::layout::{grouped, percent};
use crate::segment::number::CHUNK;

/// The customers who meet the same conditions.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(super) struct Cell {
    pub(super) customers: u64,
    /// Those of them who have a value.
    pub(super) valued: u64,
    pub(super) value: f64,
}

impl Cell {
    fn add(&mut self, other: Self) {
        self.customers += other.customers;
        self.valued += other.valued;
        self.value += other.value;
    }
}

/// The customers with an order, by pattern. Sums in chunks of rows, added in their order.
pub(super) fn cells(table: &FeatureTable, patterns: &[u8], value: &str) -> Result<Vec<Cell>> {
    let recency = table.numeric(Feature::RecencyDays)?;
    let value = table.numeric(value)?;
    let count = usize::from(patterns.par_iter().copied().max().unwrap_or_default()) + 1;
    let pieces: Vec<Vec<Cell>> = patterns
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, patterns)| {
            let mut cells = vec![Cell::default(); count];
            for (row, pattern) in
                patterns.iter().enumerate().map(|(row, pattern)| (chunk * CHUNK + row, pattern))
            {
                if recency.is_valid(row) {
                    let value = value.number(row);
                    let valued = u64::from(value.is_some());
                    cells[usize::from(*pattern)].add(Cell {
                        customers: 1,
                        valued,
                        value: value.unwrap_or_default(),
                    });
                }
            }
            cells
        })
        .collect();
    let mut total = vec![Cell::default(); count];
    for piece in pieces {
        for (total, cell) in total.iter_mut().zip(piece) {
            total.add(cell);
        }
    }
    Ok(total)
}

/// The segments kept, a bit each, and how well every set of as many segments tells customers apart.
pub(super) struct Choice {
    pub(super) kept: u8,
    allowed: Vec<(u8, f64)>,
}

/// Chooses among `count` candidates; those of `forced` are kept where they have a customer.
pub(super) fn choose(
    cells: &[Cell],
    count: usize,
    forced: u8,
    max_segments: usize,
    min_share: f64,
) -> Choice {
    let customers: u64 = cells.iter().map(|cell| cell.customers).sum();
    let forced = forced & existing(cells);
    let mut allowed: Vec<(u8, f64)> = Vec::new();
    for set in (0..1_u16 << count).map(|set| set as u8) {
        let segments = segments(cells, set);
        let large_enough = |(bit, segment): (u32, &Cell)| {
            forced >> bit & 1 == 1
                || segment.customers > 0 && segment.customers as f64 >= min_share * customers as f64
        };
        let bits = (0..u8::BITS).filter(|bit| set >> bit & 1 == 1);
        let fits = set & forced == forced && (set.count_ones() as usize) < max_segments;
        if fits && bits.zip(&segments).all(large_enough) {
            allowed.push((set, between_segments(&segments)));
        }
    }
    let most = allowed.iter().map(|(set, _)| set.count_ones()).max().unwrap_or_default();
    allowed.retain(|(set, _)| set.count_ones() == most);
    // The first of equals, which has the segments that come first in the list.
    let best = allowed
        .iter()
        .fold((forced, f64::NEG_INFINITY), |best, set| if set.1 > best.1 { *set } else { best });
    Choice { kept: best.0, allowed }
}

impl Choice {
    /// Why a candidate was not kept.
    pub(super) fn reason(
        &self,
        cells: &[Cell],
        candidate: usize,
        value: &str,
        max_segments: usize,
        min_share: f64,
    ) -> String {
        let all: u64 = cells.iter().map(|cell| cell.customers).sum();
        let meets = |pattern: usize| pattern >> candidate & 1 == 1;
        let meeting: u64 = cells
            .iter()
            .enumerate()
            .filter(|(pattern, _)| meets(*pattern))
            .map(|(_, cell)| cell.customers)
            .sum();
        let of_all = |customers: u64| percent(Some(customers as f64 / all as f64));
        if meeting == 0 {
            return "no customer meets its condition".to_owned();
        }
        if (meeting as f64) < min_share * all as f64 {
            return format!(
                "only {} customers ({}) meet its condition, and a segment to act on needs {}",
                grouped(meeting),
                of_all(meeting),
                percent(Some(min_share))
            );
        }
        let sets =
            |with: bool| self.allowed.iter().filter(move |(set, _)| with == (set >> candidate & 1 == 1));
        let best = |with: bool| sets(with).map(|(_, between)| *between).max_by(f64::total_cmp);
        match (best(true), best(false)) {
            (Some(with), Some(without)) if without > 0.0 => format!(
                "{} customers ({}) meet its condition, but of all sets of {} segments the best with it shows {} of the \
                 difference in {value} per customer that the chosen set shows",
                grouped(meeting),
                of_all(meeting),
                self.kept.count_ones() + 1,
                percent(Some(with / without))
            ),
            (Some(_), _) => format!("{value} per customer is the same with and without it"),
            (None, _) => format!(
                "{} customers ({}) meet its condition, but beside the kept segments, of which there may be \
                 {max_segments} with the rest, it is too small or has no room",
                grouped(meeting),
                of_all(meeting)
            ),
        }
    }
}

/// One bit for each candidate that some customer meets.
fn existing(cells: &[Cell]) -> u8 {
    let patterns = cells.iter().enumerate().filter(|(_, cell)| cell.customers > 0);
    patterns.fold(0, |bits, (pattern, _)| bits | pattern as u8)
}

/// The segments of a set in order, the rest last.
fn segments(cells: &[Cell], set: u8) -> Vec<Cell> {
    let mut segments = vec![Cell::default(); set.count_ones() as usize + 1];
    for (pattern, cell) in cells.iter().enumerate() {
        segments[first_of(pattern as u8, set)].add(*cell);
    }
    segments
}

/// The sum of squares between segments: customers times the squared distance of their mean from the mean of all.
fn between_segments(segments: &[Cell]) -> f64 {
    let mut all = Cell::default();
    for segment in segments {
        all.add(*segment);
    }
    let mean = all.value / (all.valued.max(1)) as f64;
    let valued = segments.iter().filter(|segment| segment.valued > 0);
    valued.map(|segment| segment.valued as f64 * (segment.value / segment.valued as f64 - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(customers: u64, mean: f64) -> Cell {
        Cell { customers, valued: customers, value: mean * customers as f64 }
    }

    #[test]
    fn the_set_that_tells_values_furthest_apart_is_kept() {
        // Three conditions that exclude each other: the second is like the rest.
        let mut cells = vec![Cell::default(); 5];
        cells[0] = cell(50, 10.0);
        cells[1] = cell(20, 100.0);
        cells[2] = cell(20, 11.0);
        cells[4] = cell(10, 60.0);
        let kept = |max| choose(&cells, 3, 0, max, 0.01).kept;
        assert_eq!(kept(2), 0b001);
        assert_eq!(kept(3), 0b101);
        assert_eq!(kept(4), 0b111);
        assert_eq!(choose(&cells, 3, 0b010, 3, 0.01).kept, 0b011, "what is forced stays");
        assert_eq!(choose(&cells, 3, 0, 4, 0.15).kept, 0b011, "the third is too small");
        let reason = choose(&cells, 3, 0, 4, 0.15).reason(&cells, 2, "net", 4, 0.15);
        assert_eq!(
            reason,
            "only 10 customers (10.0 %) meet its condition, and a segment to act on needs 15.0 %"
        );
    }

    #[test]
    fn customers_of_a_segment_that_is_not_kept_fall_to_the_next_they_meet() {
        // Who meets the first condition meets the second as well.
        let mut cells = vec![Cell::default(); 4];
        cells[0] = cell(80, 10.0);
        cells[3] = cell(10, 50.0);
        cells[2] = cell(10, 50.0);
        let choice = choose(&cells, 2, 0, 2, 0.01);
        assert_eq!(choice.kept, 0b10);
        assert_eq!(segments(&cells, choice.kept), [cell(20, 50.0), cell(80, 10.0)]);
        let reason = choice.reason(&cells, 0, "net", 2, 0.01);
        assert!(
            reason.starts_with("10 customers (10.0 %) meet its condition, but of all sets of 2 segments"),
            "{reason}"
        );
    }

    #[test]
    fn without_differences_the_first_segments_are_kept() {
        let cells = [cell(50, 10.0), cell(30, 10.0), cell(20, 10.0)];
        let kept = |max| choose(&cells, 2, 0, max, 0.01);
        assert_eq!((kept(3).kept, kept(2).kept), (0b11, 0b01));
        let reason = kept(2).reason(&cells, 1, "net", 2, 0.01);
        assert_eq!(reason, "net per customer is the same with and without it");
    }

    #[test]
    fn a_segment_that_others_leave_too_small_is_not_kept() {
        // All who meet the second condition meet the first.
        let cells = [cell(80, 10.0), Cell::default(), Cell::default(), cell(20, 50.0)];
        let choice = choose(&cells, 2, 0b01, 4, 0.01);
        assert_eq!(choice.kept, 0b01);
        let reason = choice.reason(&cells, 1, "net", 4, 0.01);
        assert!(
            reason.starts_with("20 customers (20.0 %) meet its condition, but beside the kept"),
            "{reason}"
        );
    }

    #[test]
    fn a_forced_candidate_without_a_customer_is_not_kept() {
        let cells = [cell(50, 10.0)];
        let choice = choose(&cells, 1, 1, 4, 0.0);
        assert_eq!(choice.kept, 0);
        assert_eq!(choice.reason(&cells, 0, "net", 4, 0.0), "no customer meets its condition");
    }
}
