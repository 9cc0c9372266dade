//! Order statistics from one pass and a sample: values near the quantiles are fenced off and kept, all others counted.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

use super::{FEW, Place, select};
use crate::numeric::levels::Ladder;
use crate::numeric::number::{CHUNK, Number};

/// The most quantiles for which every value is compared with every fence.
const MOST_FENCED: usize = 16;

/// Values near the quantiles, fenced off by bounds: interval `i` holds the values above bound `i − 1` up to bound `i`.
struct Fence<T> {
    bounds: Vec<T>,
    intervals: Vec<Interval>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Interval {
    /// No quantile is expected here; values are counted.
    Elsewhere,
    /// One value only, so that counting is enough.
    Single,
    /// Values are counted and kept.
    Near,
}

/// What a pass found in each interval.
struct Caught<T> {
    counts: Vec<usize>,
    kept: Vec<Vec<T>>,
}

impl<T: Number> Fence<T> {
    /// Fences four standard errors of a sample quantile to each side of the places.
    fn around(sample: &[T], n: usize, places: &[Place]) -> Self {
        let m = sample.len() as f64;
        let near: Vec<(Option<T>, Option<T>)> = places
            .iter()
            .map(|place| {
                let share = place.low as f64 / n as f64;
                let margin = (4.0 * (m * share * (1.0 - share)).sqrt()).ceil() as usize + 2;
                let centre = (share * m) as usize;
                let low = centre.checked_sub(margin).and_then(|at| sample.get(at));
                (low.and_then(|low| low.before()), sample.get(centre + margin).copied())
            })
            .collect();
        let mut bounds: Vec<T> = near.iter().flat_map(|(low, high)| [*low, *high]).flatten().collect();
        // A value that many customers share gets an interval of its own, or all of them would be kept.
        let shared = |value: &T| {
            let first = sample.partition_point(|other| other < value);
            sample.get(first + sample.len() / 1000).is_some_and(|other| other <= value)
        };
        let edges = near.iter().flat_map(|(low, high)| [low.and_then(T::after), *high]).flatten();
        for value in edges.filter(shared).collect::<Vec<T>>() {
            bounds.extend(value.before().into_iter().chain([value]));
        }
        bounds.sort_unstable_by(T::order);
        bounds.dedup_by(|a, b| a == b);

        let intervals = (0..=bounds.len())
            .map(|index| {
                let (above, up_to) =
                    (index.checked_sub(1).map(|below| bounds[below]), bounds.get(index).copied());
                let is_near = near.iter().any(|(low, high)| {
                    low.is_none_or(|low| above.is_some_and(|above| above >= low))
                        && high.is_none_or(|high| up_to.is_some_and(|up_to| up_to <= high))
                });
                match up_to.and_then(T::before) {
                    _ if !is_near => Interval::Elsewhere,
                    before if before.is_some() && before == above => Interval::Single,
                    _ => Interval::Near,
                }
            })
            .collect();
        Self { bounds, intervals }
    }

    fn catch(&self, ladder: &Ladder<T>, values: &[T]) -> Caught<T> {
        let mut caught =
            Caught { counts: vec![0; self.intervals.len()], kept: vec![Vec::new(); self.intervals.len()] };
        let near: Vec<bool> = self.intervals.iter().map(|interval| *interval == Interval::Near).collect();
        let mut levels = vec![0; values.len()];
        ladder.levels(values, &mut levels);
        for (value, level) in values.iter().zip(levels) {
            let level = usize::from(level);
            if let (Some(count), Some(near)) = (caught.counts.get_mut(level), near.get(level)) {
                *count += 1;
                if *near {
                    caught.kept[level].push(*value);
                }
            }
        }
        caught
    }

    /// The interval that holds a rank, and the rank within it, if its values are known.
    fn locate(&self, counts: &[usize], rank: usize) -> Option<(usize, usize)> {
        let mut start = 0;
        for (index, count) in counts.iter().enumerate() {
            if rank < start + count {
                return (self.intervals[index] != Interval::Elsewhere).then_some((index, rank - start));
            }
            start += count;
        }
        None
    }
}

/// Both values of each place from one pass over all values, where a sample's fences hold them.
pub(super) fn fenced<T: Number>(values: &[T], places: &[Place]) -> Option<Vec<(T, T)>> {
    if values.len() <= FEW || places.len() > MOST_FENCED {
        return None;
    }
    let fence = Fence::around(&sample(values), values.len(), places);
    let ladder = Ladder::of_bounds(&fence.bounds);
    let pieces: Vec<Caught<T>> = values.par_chunks(CHUNK).map(|chunk| fence.catch(&ladder, chunk)).collect();
    let intervals = 0..fence.intervals.len();
    let counts: Vec<usize> =
        intervals.clone().map(|i| pieces.iter().map(|piece| piece.counts[i]).sum()).collect();

    let mut wanted = vec![Vec::new(); intervals.len()];
    let mut located = Vec::with_capacity(places.len());
    for place in places {
        let low = fence.locate(&counts, place.low)?;
        let high = if place.is_between() { fence.locate(&counts, place.low + 1)? } else { low };
        for (interval, rank) in [low, high] {
            wanted[interval].push(rank);
        }
        located.push((low, high));
    }
    let kept: Vec<Vec<T>> = wanted
        .into_par_iter()
        .enumerate()
        .map(|(interval, mut ranks)| {
            if ranks.is_empty() || fence.intervals[interval] == Interval::Single {
                return Vec::new();
            }
            let mut kept = Vec::with_capacity(counts[interval]);
            for piece in &pieces {
                kept.extend_from_slice(&piece.kept[interval]);
            }
            ranks.sort_unstable();
            ranks.dedup();
            select(&mut kept, 0, &ranks);
            kept
        })
        .collect();
    let value_at = |(interval, rank): (usize, usize)| match fence.intervals[interval] {
        Interval::Single => fence.bounds[interval],
        _ => kept[interval][rank],
    };
    Some(located.into_iter().map(|(low, high)| (value_at(low), value_at(high))).collect())
}

/// A sorted sample: one value at a drawn place of each of equally long stretches.
fn sample<T: Number>(values: &[T]) -> Vec<T> {
    let size = (values.len() / 16).min(1 << 16);
    let stretch = values.len() / size;
    // The seed is fixed: the sample decides how fast the quantiles are found, never what they are.
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0x6b6f_686f_7274);
    let mut draw = || ((u128::from(random.next_u64()) * stretch as u128) >> 64) as usize;
    let mut sample: Vec<T> =
        values.chunks_exact(stretch).filter_map(|values| values.get(draw()).copied()).collect();
    sample.par_sort_unstable_by(T::order);
    sample
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FIFTHS, scattered};
    use super::super::{FEW, Quantile};
    use super::*;

    #[test]
    fn a_fence_that_misses_says_so() {
        let n = FEW + 16;
        // The sample holds nothing of what most values are.
        let sample: Vec<i64> = (0..1000).collect();
        let place = Quantile::Share(0.5).place(n);
        let fence = Fence::around(&sample, n, &[place]);
        let caught = fence.catch(&Ladder::of_bounds(&fence.bounds), &vec![5000; n]);
        assert_eq!(fence.locate(&caught.counts, place.low), None);
        let caught = fence.catch(&Ladder::of_bounds(&fence.bounds), &vec![500; n]);
        assert!(fence.locate(&caught.counts, place.low).is_some());
        assert_eq!(fence.locate(&caught.counts, n), None);
    }

    #[test]
    fn what_many_share_is_counted_and_not_kept() {
        let values: Vec<i64> =
            scattered(FEW + 1).map(|x| if x % 3 > 0 { 1 << 40 } else { (x >> 20) as i64 }).collect();
        let places: Vec<Place> = FIFTHS.iter().map(|quantile| quantile.place(values.len())).collect();
        let fence = Fence::around(&sample(&values), values.len(), &places);
        let caught = fence.catch(&Ladder::of_bounds(&fence.bounds), &values);
        let kept: usize = caught.kept.iter().map(Vec::len).sum();
        assert!(kept < values.len() / 5, "{kept} of {}", values.len());
    }
}
