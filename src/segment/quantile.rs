//! Exact type-7 quantiles without sorting: by counting where values are few, by selection where they are many.
//!
//! A type-7 quantile (Hyndman and Fan 1996; the default of R and NumPy) of `n` values lies at place `(n − 1)·q` of
//! the sorted values, linear between the two nearest ones. Only those two are needed:
//!
//! * **Counting.** Whole numbers of a small range (days, orders) are counted into a histogram in one pass.
//! * **Fences.** Otherwise a small sample gives for each quantile two values between which it almost surely lies. One
//!   pass counts what lies between these fences and keeps what lies near a quantile, some per cent of all; selection
//!   among those finds the two. The counts prove the result; where the sample misled, selection among all takes over.
//!
//! Sums of counts are whole numbers, so no order of the work can change a result. O(values) time for a fixed number
//! of quantiles; memory for the collected values.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

use super::levels::Ladder;
use super::number::{CHUNK, Number, NumericFeature, with_values};
use crate::bitmap::Bitmap;

/// Up to this many values, selecting among a copy is as fast as anything.
const FEW: usize = 1 << 17;
/// Values per histogram of the counting pass.
const COUNTING_CHUNK: usize = 1 << 18;
/// The largest range of values within one such chunk: its counters fit the first-level cache.
const CHUNK_RANGE: i64 = 1 << 14;
/// The largest range of all values.
const RANGE: i64 = 1 << 20;
/// The most quantiles for which every value is compared with every fence.
const MOST_FENCED: usize = 16;

/// A quantile that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quantile {
    /// `part / parts`: places are found in whole numbers, so that a place on a value is met exactly.
    Part { part: u32, parts: u32 },
    /// A share between 0 and 1.
    Share(f64),
}

/// A place among sorted values: between the value at `low` and the next, `fraction` of the way.
#[derive(Clone, Copy, Debug)]
struct Place {
    low: usize,
    fraction: f64,
}

impl Place {
    /// Whether the next value matters.
    fn is_between(self) -> bool {
        self.fraction > 0.0
    }
}

impl Quantile {
    fn place(self, n: usize) -> Place {
        match self {
            Self::Part { part, parts } => {
                let scaled = (n as u128 - 1) * u128::from(part);
                let parts = u128::from(parts);
                Place { low: (scaled / parts) as usize, fraction: (scaled % parts) as f64 / parts as f64 }
            }
            Self::Share(share) => {
                let place = share * (n as f64 - 1.0);
                let low = (place.floor() as usize).min(n - 1);
                Place { low, fraction: if low + 1 < n { place - place.floor() } else { 0.0 } }
            }
        }
    }
}

/// The quantiles of a feature over the rows that are present, or `None` where none is.
pub(crate) fn quantiles_of(
    feature: NumericFeature<'_>,
    present: Option<&Bitmap>,
    at: &[Quantile],
) -> Option<Vec<f64>> {
    with_values!(feature.numbers, values => match present {
        None => quantiles(values, at),
        Some(present) => quantiles(&compact(values, present), at),
    })
}

/// The quantiles of some values, or `None` where there are none.
pub(crate) fn quantiles<T: Number>(values: &[T], at: &[Quantile]) -> Option<Vec<f64>> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let places: Vec<Place> = at.iter().map(|quantile| quantile.place(n)).collect();
    let found = counted(values, &places)
        .or_else(|| fenced(values, &places))
        .unwrap_or_else(|| selected(values.to_vec(), &places));
    Some(
        places
            .iter()
            .zip(found)
            .map(|(place, (low, high))| between(low.to_f64(), high.to_f64(), place.fraction))
            .collect(),
    )
}

/// The values of the rows that are present, in row order.
pub(crate) fn compact<T: Number>(values: &[T], present: &Bitmap) -> Vec<T> {
    let pieces: Vec<Vec<T>> = values
        .par_chunks(CHUNK)
        .zip(present.words().par_chunks(CHUNK / 64))
        .map(|(values, words)| {
            let mut kept = Vec::with_capacity(values.len());
            for (values, word) in values.chunks(64).zip(words) {
                if *word == u64::MAX {
                    kept.extend_from_slice(values);
                } else {
                    kept.extend(
                        values.iter().enumerate().filter(|(bit, _)| word >> bit & 1 == 1).map(|(_, v)| *v),
                    );
                }
            }
            kept
        })
        .collect();
    pieces.concat()
}

/// Linear between two values; the difference of two huge ones may not exist, their weighted sum does.
fn between(low: f64, high: f64, fraction: f64) -> f64 {
    let step = high - low;
    let value =
        if step.is_finite() { low + fraction * step } else { low * (1.0 - fraction) + high * fraction };
    // A negative zero among the values would show in the sign of the result.
    value + 0.0
}

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
fn counted<T: Number>(values: &[T], places: &[Place]) -> Option<Vec<(T, T)>> {
    let first = values.first()?.whole()?;
    // A look at some values spares the pass that could not succeed.
    let close =
        |value: &T| value.whole().and_then(|whole| whole.checked_sub(first)).is_some_and(|d| d.abs() < RANGE);
    if values.len() <= FEW || !values.iter().step_by(values.len() / 64).all(close) {
        return None;
    }
    let pieces: Vec<Histogram> =
        values.par_chunks(COUNTING_CHUNK).map(Histogram::of).collect::<Option<_>>()?;
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
                let (above, up_to) = (index.checked_sub(1).map(|below| bounds[below]), bounds.get(index).copied());
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
fn fenced<T: Number>(values: &[T], places: &[Place]) -> Option<Vec<(T, T)>> {
    if values.len() <= FEW || places.len() > MOST_FENCED {
        return None;
    }
    let fence = Fence::around(&sample(values), values.len(), places);
    let ladder = Ladder::of_bounds(&fence.bounds);
    let pieces: Vec<Caught<T>> = values.par_chunks(CHUNK).map(|chunk| fence.catch(&ladder, chunk)).collect();
    let intervals = 0..fence.intervals.len();
    let counts: Vec<usize> = intervals.clone().map(|i| pieces.iter().map(|piece| piece.counts[i]).sum()).collect();

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
            pieces.iter().for_each(|piece| kept.extend_from_slice(&piece.kept[interval]));
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

/// Both values of each place by selection among all values.
fn selected<T: Number>(mut values: Vec<T>, places: &[Place]) -> Vec<(T, T)> {
    let mut ranks: Vec<usize> =
        places.iter().flat_map(|place| [place.low, place.low + usize::from(place.is_between())]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    select(&mut values, 0, &ranks);
    places
        .iter()
        .map(|place| (values[place.low], values[place.low + usize::from(place.is_between())]))
        .collect()
}

/// Puts the values of ascending `ranks` where a sort would put them; `values` begin at rank `start`.
fn select<T: Number>(values: &mut [T], start: usize, ranks: &[usize]) {
    if ranks.is_empty() {
        return;
    }
    let (left, right) = ranks.split_at(ranks.len() / 2);
    let at = right[0] - start;
    let (before, _, after) = values.select_nth_unstable_by(at, T::order);
    select(before, start, left);
    select(after, start + at + 1, &right[1..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transaction::Money;

    /// The definition: sort, and go to the place.
    fn plain<T: Number>(values: &[T], at: &[Quantile]) -> Vec<f64> {
        let mut sorted = values.to_vec();
        sorted.sort_by(T::order);
        at.iter()
            .map(|quantile| {
                let place = quantile.place(values.len());
                let next = sorted.get(place.low + 1).copied().unwrap_or(sorted[place.low]);
                between(sorted[place.low].to_f64(), next.to_f64(), place.fraction)
            })
            .collect()
    }

    const FIFTHS: [Quantile; 4] = [
        Quantile::Part { part: 1, parts: 5 },
        Quantile::Part { part: 2, parts: 5 },
        Quantile::Part { part: 3, parts: 5 },
        Quantile::Part { part: 4, parts: 5 },
    ];

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    proptest! {
        #[test]
        fn few_values_agree_with_the_definition(
            values in prop::collection::vec(prop_oneof![-5_i64..5, any::<i64>()], 1..40),
            shares in prop::collection::vec(0.0..=1.0, 0..4),
            parts in 1_u32..12,
        ) {
            let mut at: Vec<Quantile> = shares.into_iter().map(Quantile::Share).collect();
            at.extend((0..=parts).map(|part| Quantile::Part { part, parts }));
            let small: Vec<i32> = values.iter().map(|value| *value as i32).collect();
            let money: Vec<Money> = values.iter().map(|value| Money::from_ten_thousandths(*value)).collect();
            let floats: Vec<f64> = values.iter().map(|value| *value as f64 / 7.0).collect();
            prop_assert_eq!(bits(&quantiles(&values, &at).unwrap()), bits(&plain(&values, &at)));
            prop_assert_eq!(bits(&quantiles(&small, &at).unwrap()), bits(&plain(&small, &at)));
            prop_assert_eq!(bits(&quantiles(&money, &at).unwrap()), bits(&plain(&money, &at)));
            prop_assert_eq!(bits(&quantiles(&floats, &at).unwrap()), bits(&plain(&floats, &at)));
        }

        #[test]
        fn places_on_a_value_give_the_value(parts in 1_u32..20, times in 1_usize..20) {
            let values: Vec<f64> = (0..=parts as usize * times).map(|i| i as f64 * 0.1).collect();
            for part in 0..=parts {
                let found = quantiles(&values, &[Quantile::Part { part, parts }]).unwrap();
                prop_assert_eq!(bits(&found), bits(&[part as f64 * times as f64 * 0.1]));
            }
        }
    }

    /// Numbers without a pattern, the same every time.
    fn scattered(n: usize) -> impl Iterator<Item = u64> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
        (0..n).map(move |_| random.next_u64())
    }

    /// Values of every shape that the fast ways must get through, more than [`FEW`].
    fn shapes() -> Vec<(&'static str, Vec<i64>)> {
        let n = FEW + 4321;
        let wide: Vec<i64> = scattered(n).map(|x| (x >> 20) as i64 - (1 << 43)).collect();
        let mut ascending = wide.clone();
        ascending.sort_unstable();
        vec![
            ("small range", scattered(n).map(|x| (x % 700) as i64).collect()),
            ("two values", scattered(n).map(|x| (x % 10 / 9) as i64 * i64::MAX).collect()),
            ("all equal", vec![-7; n]),
            (
                "an atom of a third",
                wide.iter().map(|x| if x % 3 == 0 { 12_345_678_901 } else { *x }).collect(),
            ),
            ("extremes", wide.iter().map(|x| if x % 2 == 0 { i64::MIN } else { i64::MAX }).collect()),
            ("heavy tail", scattered(n).map(|x| i64::MAX / ((x >> 40) as i64 + 1)).collect()),
            // The sample sees at most one value of each stretch: a few rows hold all that is different.
            ("hidden", (0..n).map(|row| if row % 16 == 3 { row as i64 * 1_000_003 } else { 5 }).collect()),
            ("drifting in small steps", (0..n).map(|row| row as i64).collect()),
            ("ascending", ascending),
            ("wide", wide),
        ]
    }

    #[test]
    fn many_values_agree_with_the_definition_whatever_their_shape() {
        let mut at = FIFTHS.to_vec();
        at.extend([Quantile::Share(0.0), Quantile::Share(1.0), Quantile::Share(0.999_99)]);
        for (shape, values) in shapes() {
            let floats: Vec<f64> = values.iter().map(|value| *value as f64 * 0.01).collect();
            assert_eq!(bits(&quantiles(&values, &at).unwrap()), bits(&plain(&values, &at)), "{shape}");
            assert_eq!(
                bits(&quantiles(&floats, &at).unwrap()),
                bits(&plain(&floats, &at)),
                "{shape}, as floats"
            );
        }
    }

    #[test]
    fn each_way_is_taken_and_gives_the_same() {
        let n = FEW + 999;
        let places: Vec<Place> = FIFTHS.iter().map(|quantile| quantile.place(n)).collect();
        let days: Vec<i32> = scattered(n).map(|x| (x % 700) as i32 - 50).collect();
        let by_selection = selected(days.clone(), &places);
        assert_eq!(counted(&days, &places), Some(by_selection.clone()));
        assert_eq!(fenced(&days, &places), Some(by_selection));
        let amounts: Vec<f64> = scattered(n).map(|x| (x >> 11) as f64).collect();
        assert_eq!(counted(&amounts, &places), None);
        assert_eq!(fenced(&amounts, &places), Some(selected(amounts.clone(), &places)));
    }

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
        let values: Vec<i64> = scattered(FEW + 1).map(|x| if x % 3 > 0 { 1 << 40 } else { (x >> 20) as i64 }).collect();
        let places: Vec<Place> = FIFTHS.iter().map(|quantile| quantile.place(values.len())).collect();
        let fence = Fence::around(&sample(&values), values.len(), &places);
        let caught = fence.catch(&Ladder::of_bounds(&fence.bounds), &values);
        let kept: usize = caught.kept.iter().map(Vec::len).sum();
        assert!(kept < values.len() / 5, "{kept} of {}", values.len());
    }

    #[test]
    fn missing_rows_are_left_out() {
        let n = CHUNK * 10 + 77;
        let values: Vec<i64> = scattered(n).map(|x| (x % 1000) as i64).collect();
        let present: Bitmap =
            values.iter().enumerate().map(|(row, value)| row < 640 || value % 3 == 0).collect();
        let expected: Vec<i64> = present.ones().map(|row| values[row]).collect();
        assert_eq!(compact(&values, &present), expected);
        let none = Bitmap::filled(n, false);
        let feature = NumericFeature { numbers: super::super::number::Numbers::I64(&values), present: None };
        assert_eq!(quantiles_of(feature, Some(&none), &FIFTHS), None);
    }

    #[test]
    fn huge_differences_and_negative_zero_do_not_spoil_a_quantile() {
        let half = [Quantile::Share(0.5)];
        assert_eq!(bits(&quantiles(&[f64::MAX, -f64::MAX], &half).unwrap()), bits(&[0.0]));
        assert_eq!(bits(&quantiles(&[-0.0, -0.0], &half).unwrap()), bits(&[0.0]));
    }
}
