//! Mean and standard deviation, to the bit for any number of threads and without overflow at any magnitude.

use rayon::prelude::*;

use crate::numeric::number::CHUNK;

/// What two passes over some values give.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) least: f64,
    pub(super) greatest: f64,
    pub(super) mean: f64,
    /// Of the population: divided by n.
    pub(super) deviation: f64,
}

impl Moments {
    /// Of finite values, or `None` where there are none.
    ///
    /// The corrected two-pass algorithm (Chan, Golub & `LeVeque`, *The American Statistician* 1983): the second pass adds up
    /// the differences from the first mean, which are small whatever the offset, and their sum corrects both results.
    /// All is done in units of a power of two near the greatest magnitude, which changes no bit of ordinary numbers and
    /// keeps sums and squares of extreme ones in range.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let first = *values.first()?;
        let pieces: Vec<(f64, f64)> = values.par_chunks(CHUNK).map(|values| range(first, values)).collect();
        let (least, greatest) = pieces
            .iter()
            .fold((first, first), |(least, greatest), (low, high)| (least.min(*low), greatest.max(*high)));
        if least >= greatest {
            return Some(Self { least, greatest, mean: least, deviation: 0.0 });
        }
        let (down, up) = units(least.abs().max(greatest.abs()));
        let n = values.len() as f64;
        let rough = sums(values, |value| (value * down, 0.0)).0 / n;
        let (rest, squares) = sums(values, |value| {
            let difference = value * down - rough;
            (difference, difference * difference)
        });
        let mean = (rough + rest / n) * up;
        let variance = (squares - rest * rest / n) / n;
        Some(Self {
            least,
            greatest,
            mean: mean.max(least).min(greatest),
            deviation: (variance.max(0.0).sqrt() * up).clamp(f64::MIN_POSITIVE, f64::MAX),
        })
    }
}

fn range(first: f64, values: &[f64]) -> (f64, f64) {
    values.iter().fold((first, first), |(least, greatest), value| {
        (if *value < least { *value } else { least }, if *value > greatest { *value } else { greatest })
    })
}

/// Two sums over the values, chunk by chunk and the chunks in their order.
fn sums(values: &[f64], term: impl Fn(f64) -> (f64, f64) + Sync) -> (f64, f64) {
    fn add_up(terms: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
        terms.fold((0.0, 0.0), |(left, right), term| (left + term.0, right + term.1))
    }
    let chunks = values.par_chunks(CHUNK).map(|values| add_up(values.iter().map(|value| term(*value))));
    add_up(chunks.collect::<Vec<_>>().into_iter())
}

/// A power of two near 1 / magnitude, and its inverse; both normal numbers.
fn units(magnitude: f64) -> (f64, f64) {
    let exponent = (magnitude.to_bits() >> 52).clamp(1, 2045);
    (f64::from_bits((2046 - exponent) << 52), f64::from_bits(exponent << 52))
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    /// The definition, term by term.
    fn plain(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
    }

    proptest! {
        #[test]
        fn few_values_agree_with_the_definition(values in prop::collection::vec(-1e3..1e3_f64, 1..60)) {
            let found = Moments::of(&values).unwrap();
            let (mean, deviation) = plain(&values);
            prop_assert!((found.mean - mean).abs() < 1e-10);
            prop_assert!((found.deviation - deviation).abs() < 1e-10);
        }

        /// A power of two changes no digit, at whatever magnitude.
        #[test]
        fn magnitude_changes_no_bit(values in prop::collection::vec(-1e3..1e3_f64, 2..60), power in -900_i32..900) {
            let unit = 2_f64.powi(power);
            let scaled: Vec<f64> = values.iter().map(|value| value * unit).collect();
            let (here, there) = (Moments::of(&values).unwrap(), Moments::of(&scaled).unwrap());
            prop_assert_eq!((here.mean * unit).to_bits(), there.mean.to_bits());
            prop_assert_eq!((here.deviation * unit).to_bits(), there.deviation.to_bits());
        }
    }

    /// Whole numbers around an offset, more than ten chunks of them and a ragged tail; their deviation is known.
    #[test]
    fn a_far_offset_takes_no_digits() {
        for offset in [0.0, 1e8, -1e12] {
            let values: Vec<f64> = (0..CHUNK * 12 + 8).map(|row| offset + (row % 8) as f64).collect();
            let found = Moments::of(&values).unwrap();
            assert_relative_eq!(found.mean, offset + 3.5, max_relative = 1e-15);
            assert_relative_eq!(found.deviation, 5.25_f64.sqrt(), max_relative = 1e-12);
        }
    }

    #[test]
    fn any_magnitude_has_a_mean_and_a_spread() {
        let of = |values: &[f64]| Moments::of(values).unwrap();
        let huge = of(&[f64::MAX, -f64::MAX, f64::MAX, -f64::MAX]);
        assert_eq!((huge.mean.to_bits(), huge.deviation.to_bits()), (0, f64::MAX.to_bits()));
        let top = of(&[f64::MAX, f64::MAX.next_down(), f64::MAX]);
        assert!(top.mean >= f64::MAX.next_down() && top.deviation.is_normal());
        let tiny = of(&[1e-300, 3e-300]);
        assert_relative_eq!(tiny.mean, 2e-300, max_relative = 1e-15);
        assert_relative_eq!(tiny.deviation, 1e-300, max_relative = 1e-15);
        let least = of(&[0.0, f64::from_bits(1)]);
        assert_eq!(least.deviation.to_bits(), f64::MIN_POSITIVE.to_bits());
        let both = of(&[1e300, 1e-300, 0.0]);
        assert!(both.mean.is_normal() && both.deviation.is_normal());
    }

    #[test]
    fn equal_values_have_no_spread_at_all() {
        // 0.1 added up many times is not a multiple of 0.1.
        let found = Moments::of(&vec![0.1; CHUNK * 10 + 3]).unwrap();
        assert_eq!((found.mean.to_bits(), found.deviation.to_bits()), (0.1_f64.to_bits(), 0));
        assert!(Moments::of(&[]).is_none());
    }
}
