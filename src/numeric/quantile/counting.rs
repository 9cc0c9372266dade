//! Order statistics by counting: whole numbers of a small range, such as days and orders.

use rayon::prelude::*;

use super::{FEW, Place};
use crate::numeric::number::{CHUNK, Number};

/// The largest range of values within one chunk that is counted: no more counters than rows.
const CHUNK_RANGE: i64 = 1 << 14;
/// The largest range of all values.
const RANGE: i64 = 1 << 20;

/// The values of one chunk, counted from `start` on.
struct Histogram {
    start: i64,
    counts: Vec<u32>,
}

impl Histogram {
    fn of<T: Number>(values: &[T]) -> Option<Self> {
        let whole = |value: T| value.whole().unwrap_or_default();
        let (mut least, mut greatest) = (T::TOP, T::BOTTOM);
        for value in values {
            least = if *value < least { *value } else { least };
            greatest = if *value > greatest { *value } else { greatest };
        }
        let start = whole(least);
        let range = whole(greatest).checked_sub(start).filter(|range| *range < CHUNK_RANGE)?;
        // Two counters per value: the same value twice in a row would otherwise wait for its own counter.
        let mut counts = vec![[0_u32; 2]; range as usize + 1];
        for pair in values.chunks(2) {
            for (value, side) in pair.iter().zip(0..) {
                if let Some(counter) = counts.get_mut((whole(*value) - start) as usize) {
                    let counter: &mut [u32; 2] = counter;
                    counter[side] += 1;
                }
            }
        }
        Some(Self { start, counts: counts.into_iter().map(|[even, odd]| even + odd).collect() })
    }

    fn end(&self) -> i64 {
        self.start + self.counts.len() as i64
    }
}

/// Both values of each place by counting, where the values are whole and of a small range.
pub(super) fn counted<T: Number>(values: &[T], places: &[Place]) -> Option<Vec<(T, T)>> {
    let first = values.first()?.whole()?;
    // A look at some values spares the pass that could not succeed.
    let close =
        |value: &T| value.whole().and_then(|whole| whole.checked_sub(first)).is_some_and(|d| d.abs() < RANGE);
    if values.len() <= FEW || !values.iter().step_by(values.len() / 64).all(close) {
        return None;
    }
    let pieces: Vec<Histogram> = values.par_chunks(CHUNK).map(Histogram::of).collect::<Option<_>>()?;
    let start = pieces.iter().map(|piece| piece.start).min()?;
    let end = pieces.iter().map(Histogram::end).max()?;
    end.checked_sub(start).filter(|range| *range <= RANGE)?;
    let mut counts = vec![0_usize; (end - start) as usize];
    for piece in pieces {
        for (total, count) in counts[(piece.start - start) as usize..].iter_mut().zip(piece.counts) {
            *total += count as usize;
        }
    }
    let mut up_to = Vec::with_capacity(counts.len());
    let mut total = 0;
    for count in counts {
        total += count;
        up_to.push(total);
    }
    let value_at = |rank: usize| T::from_whole(start + up_to.partition_point(|total| *total <= rank) as i64);
    let pair = |place: &Place| (value_at(place.low), value_at(place.low + usize::from(place.is_between())));
    Some(places.iter().map(pair).collect())
}
