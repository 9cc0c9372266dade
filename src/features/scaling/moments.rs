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
        let sums = |term: &(dyn Fn(f64) -> (f64, f64) + Sync)| {
            let pieces: Vec<(f64, f64)> = values
                .par_chunks(CHUNK)
                .map(|values| add_up(values.iter().map(|value| term(value * down))))
                .collect();
            add_up(pieces.into_iter())
        };
        let rough = sums(&|value| (value, 0.0)).0 / n;
        let (rest, squares) = sums(&|value| (value - rough, (value - rough) * (value - rough)));
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

fn add_up(terms: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    terms.fold((0.0, 0.0), |(left, right), term| (left + term.0, right + term.1))
}

/// A power of two near 1 / magnitude, and its inverse; both normal numbers.
fn units(magnitude: f64) -> (f64, f64) {
    let exponent = (magnitude.to_bits() >> 52).clamp(1, 2045);
    (f64::from_bits((2046 - exponent) << 52), f64::from_bits(exponent << 52))
}
