//! Exact type-7 quantiles without sorting: by counting where values are few, by selection where they are many.
//!
//! A type-7 quantile (Hyndman and Fan 1996; the default of R and `NumPy`) of `n` values lies at place `(n − 1)·q` of
//! the sorted values, linear between the two nearest ones. Only those two are needed:
//!
//! * **Counting.** Whole numbers of a small range (days, orders) are counted into a histogram in one pass.
//! * **Fences.** Otherwise a small sample gives for each quantile two values between which it almost surely lies. One
//!   pass counts what lies between these fences and keeps what lies near a quantile, some per cent of all; selection
//!   among those finds the two. The counts prove the result; where the sample misled, selection among all takes over.
//!
//! Sums of counts are whole numbers, so no order of the work can change a result. O(values) time for a fixed number
//! of quantiles; memory for the collected values.

mod counting;
mod fence;

use rayon::prelude::*;

use counting::counted;
use fence::fenced;

use super::number::{CHUNK, Number, NumericFeature, with_values};
use crate::bitmap::Bitmap;

/// Up to this many values, selecting among a copy is as fast as anything.
const FEW: usize = 1 << 17;

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

    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::numeric::number::Numbers;
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

    pub(super) const FIFTHS: [Quantile; 4] = [
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
                prop_assert_eq!(bits(&found), bits(&[f64::from(part) * times as f64 * 0.1]));
            }
        }
    }

    /// Numbers without a pattern, the same every time.
    pub(super) fn scattered(n: usize) -> impl Iterator<Item = u64> {
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
    fn missing_rows_are_left_out() {
        let n = CHUNK * 10 + 77;
        let values: Vec<i64> = scattered(n).map(|x| (x % 1000) as i64).collect();
        let present: Bitmap =
            values.iter().enumerate().map(|(row, value)| row < 640 || value % 3 == 0).collect();
        let expected: Vec<i64> = present.ones().map(|row| values[row]).collect();
        assert_eq!(compact(&values, &present), expected);
        let none = Bitmap::filled(n, false);
        let feature = NumericFeature { numbers: Numbers::I64(&values), present: None };
        assert_eq!(quantiles_of(feature, Some(&none), &FIFTHS), None);
    }

    #[test]
    fn huge_differences_and_negative_zero_do_not_spoil_a_quantile() {
        let half = [Quantile::Share(0.5)];
        assert_eq!(bits(&quantiles(&[f64::MAX, -f64::MAX], &half).unwrap()), bits(&[0.0]));
        assert_eq!(bits(&quantiles(&[-0.0, -0.0], &half).unwrap()), bits(&[0.0]));
    }
}
