//! Exact type-7 quantiles without sorting: by counting where values are few, by selection where they are many.
//!
//! A type-7 quantile (Hyndman and Fan 1996; the default of R and NumPy) of `n` values lies at place `(n − 1)·q` of
//! the sorted values, linear between the two nearest ones. Only those two are needed:
//!
//! * **Counting.** Whole numbers of a small range (days, orders) are counted into a histogram in one pass.
//! * **Brackets.** Otherwise a small sample gives for each quantile two values between which it almost surely lies.
//!   One pass counts what lies below each bracket and collects what lies within, some per cent of all; selection
//!   among those finds the two. The counts prove the result; where the sample misled, [`select`] takes over.
//!
//! Sums of counts are whole numbers, so no order of the work can change a result. O(values) time for a fixed number
//! of quantiles; memory for the collected values.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

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
/// The most quantiles for which every value is compared with every bracket.
const BRACKETS: usize = 16;

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
        .or_else(|| bracketed(values, &places))
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

/// Two values between which a place almost surely lies.
#[derive(Clone, Copy)]
struct Bracket<T> {
    low: T,
    high: T,
}

/// What a pass found of one bracket.
struct Caught<T> {
    below: usize,
    up_to_low: usize,
    up_to_high: usize,
    within: Vec<T>,
}

impl<T: Number> Bracket<T> {
    /// Brackets of four standard errors of a sample quantile to each side.
    fn around(sample: &[T], n: usize, place: Place) -> Self {
        let share = place.low as f64 / n as f64;
        let m = sample.len() as f64;
        let margin = (4.0 * (m * share * (1.0 - share)).sqrt()).ceil() as usize + 2;
        let centre = (share * m) as usize;
        Self {
            low: centre.checked_sub(margin).and_then(|at| sample.get(at)).copied().unwrap_or(T::BOTTOM),
            high: sample.get(centre + margin).copied().unwrap_or(T::TOP),
        }
    }

    fn catch(self, values: &[T]) -> Caught<T> {
        let Self { low, high } = self;
        let (mut below, mut up_to_low, mut below_high, mut up_to_high) = (0_u64, 0_u64, 0_u64, 0_u64);
        for value in values {
            below += u64::from(*value < low);
            up_to_low += u64::from(*value <= low);
            below_high += u64::from(*value < high);
            up_to_high += u64::from(*value <= high);
        }
        let mut within = Vec::with_capacity(below_high.saturating_sub(up_to_low) as usize);
        if within.capacity() > 0 {
            within.extend(values.iter().filter(|value| **value > low && **value < high));
        }
        Caught {
            below: below as usize,
            up_to_low: up_to_low as usize,
            up_to_high: up_to_high as usize,
            within,
        }
    }

    /// The value at a rank, if the bracket holds it. `within` is partly sorted on the way.
    fn value_at(self, caught: &mut Caught<T>, rank: usize) -> Option<T> {
        let rank_within = rank.checked_sub(caught.up_to_low);
        match rank_within {
            None => (rank >= caught.below).then_some(self.low),
            Some(rank) if rank < caught.within.len() => {
                Some(*caught.within.select_nth_unstable_by(rank, T::order).1)
            }
            Some(_) => (rank < caught.up_to_high).then_some(self.high),
        }
    }
}

/// Both values of each place from one pass over all values, where a sample's brackets hold them.
fn bracketed<T: Number>(values: &[T], places: &[Place]) -> Option<Vec<(T, T)>> {
    if values.len() <= FEW || places.len() > BRACKETS {
        return None;
    }
    let sample = sample(values);
    let brackets: Vec<Bracket<T>> =
        places.iter().map(|place| Bracket::around(&sample, values.len(), *place)).collect();
    let pieces: Vec<Vec<Caught<T>>> = values
        .par_chunks(CHUNK)
        .map(|chunk| brackets.iter().map(|bracket| bracket.catch(chunk)).collect())
        .collect();
    (0..places.len())
        .into_par_iter()
        .map(|index| {
            let mut all = Caught { below: 0, up_to_low: 0, up_to_high: 0, within: Vec::new() };
            all.within.reserve(pieces.iter().map(|piece| piece[index].within.len()).sum());
            for caught in pieces.iter().map(|piece| &piece[index]) {
                all.below += caught.below;
                all.up_to_low += caught.up_to_low;
                all.up_to_high += caught.up_to_high;
                all.within.extend_from_slice(&caught.within);
            }
            let (bracket, place) = (brackets[index], places[index]);
            let low = bracket.value_at(&mut all, place.low)?;
            let high = if place.is_between() { bracket.value_at(&mut all, place.low + 1)? } else { low };
            Some((low, high))
        })
        .collect()
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
        assert_eq!(bracketed(&days, &places), Some(by_selection));
        let amounts: Vec<f64> = scattered(n).map(|x| (x >> 11) as f64).collect();
        assert_eq!(counted(&amounts, &places), None);
        assert_eq!(bracketed(&amounts, &places), Some(selected(amounts.clone(), &places)));
    }

    #[test]
    fn a_bracket_that_misses_says_so() {
        let values: Vec<i64> = (0..100).collect();
        let bracket = Bracket { low: 10, high: 20 };
        let mut caught = bracket.catch(&values);
        let found: Vec<Option<i64>> =
            [9, 10, 11, 19, 20, 21].map(|rank| bracket.value_at(&mut caught, rank)).into();
        assert_eq!(found, [None, Some(10), Some(11), Some(19), Some(20), None]);
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
