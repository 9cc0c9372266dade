//! The points of a fit: a row of numbers for each customer, and her weight as a whole number.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::blocks::CHUNK;
use crate::error::{Error, Result};
use crate::numeric::LARGEST;

/// Bits that all weights together may have.
const WEIGHT_BITS: i32 = 61;

/// Rows of finite numbers, and whole weights where points count differently.
#[derive(Clone, Debug)]
pub(crate) struct Points<'a> {
    values: &'a [f64],
    dims: usize,
    weights: Option<Vec<u64>>,
    /// What a unit of weight stands for, as a power of two.
    weight_exponent: i32,
}

impl<'a> Points<'a> {
    /// Of rows of `dims` numbers each, all of weight 1.
    pub(crate) fn new(values: &'a [f64], dims: usize) -> Self {
        Self { values, dims, weights: None, weight_exponent: 0 }
    }

    /// The same with whole weights, in units of 2 to the power `weight_exponent`.
    pub(crate) fn weighted(values: &'a [f64], dims: usize, weights: Vec<u64>, weight_exponent: i32) -> Self {
        Self { values, dims, weights: Some(weights), weight_exponent }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    pub(crate) fn dims(&self) -> usize {
        self.dims
    }

    pub(crate) fn values(&self) -> &'a [f64] {
        self.values
    }

    #[inline]
    pub(crate) fn row(&self, row: usize) -> &'a [f64] {
        &self.values[row * self.dims..][..self.dims]
    }

    #[inline]
    pub(crate) fn weights(&self) -> Option<&[u64]> {
        self.weights.as_deref()
    }

    /// A point's weight in units.
    #[inline]
    pub(crate) fn weight(&self, row: usize) -> u64 {
        self.weights.as_ref().map_or(1, |weights| weights[row])
    }

    pub(crate) fn weight_exponent(&self) -> i32 {
        self.weight_exponent
    }

    /// Units of weight as a weight; in steps, because a unit of tiny weights is below the range of floats.
    pub(crate) fn weight_of_units(&self, units: i128) -> f64 {
        let half = self.weight_exponent / 2;
        units as f64 * power_of_two(half) * power_of_two(self.weight_exponent - half)
    }
}

/// The weights as whole numbers, and what a unit of them stands for; `None` where each is 1.
///
/// The unit is the power of two with which all weights together take 61 bits. So whole weights stay what they are,
/// a common factor of two changes nothing, and another weight is rounded by at most 2⁻⁶² of the total.
///
/// # Errors
/// [`Error::ColumnLength`], and [`Error::Setting`] for a weight that is negative or not finite, or where none is
/// above zero.
pub(crate) fn whole_weights(weights: &[f64], points: usize) -> Result<Option<(Vec<u64>, i32)>> {
    if weights.len() != points {
        return Err(Error::ColumnLength {
            column: "weights".into(),
            found: weights.len(),
            against: "points".into(),
            expected: points,
        });
    }
    let refused = |found: String| Error::Setting {
        setting: "weights",
        found,
        expected: "finite numbers of at least 0, some above",
    };
    if let Some((row, weight)) =
        weights.iter().enumerate().find(|(_, weight)| !(weight.is_finite() && **weight >= 0.0))
    {
        return Err(refused(format!("{weight} in row {row}")));
    }
    if weights.iter().all(|weight| weight.to_bits() == 1.0_f64.to_bits()) {
        return Ok(None);
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Err(refused("0 everywhere".into()));
    }
    // Scaled first, so that their sum is a float; scaling by a power of two rounds nothing that matters.
    let first = -exponent_above(largest);
    let scaled = |weight: f64| weight * power_of_two(first / 2) * power_of_two(first - first / 2);
    let total: f64 = weights.iter().map(|weight| scaled(*weight)).sum();
    let second = WEIGHT_BITS - exponent_above(total);
    let whole =
        weights.iter().map(|weight| (scaled(*weight) * power_of_two(second)).round_ties_even() as u64);
    Ok(Some((whole.collect(), -first - second)))
}

/// The exponent of the least power of two above a normal number that is not negative.
pub(crate) fn exponent_above(value: f64) -> i32 {
    ((value.to_bits() >> 52) & 0x7ff) as i32 - 1022
}

/// 2 to a power, for powers of normal numbers; beyond, the nearest of those.
pub(crate) fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent.clamp(-1022, 1023) + 1023) as u64) << 52)
}

/// Where the points of a matrix lie, feature by feature.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    pub(crate) lowest: Vec<f64>,
    pub(crate) highest: Vec<f64>,
    /// Close to the mean, which is all that it is used for.
    pub(crate) middle: Vec<f64>,
}

/// Rows whose features lie side by side while the extent is taken, so that the vector units are full.
const ROWS: usize = 16;

impl Extent {
    /// Of at least one row of `dims` numbers. One pass.
    ///
    /// # Errors
    /// [`Error::Coordinate`] for a number that is not finite or too large.
    pub(crate) fn of(values: &[f64], dims: usize) -> Result<Self> {
        let parts: Vec<Tiles> = values
            .par_chunks(CHUNK * dims)
            .map(|values| pulp::Arch::new().dispatch(TakeExtent { values, dims }))
            .collect();
        let mut extent = Self {
            lowest: vec![f64::INFINITY; dims],
            highest: vec![f64::NEG_INFINITY; dims],
            middle: vec![0.0; dims],
        };
        let mut usable = true;
        for tiles in &parts {
            usable &= tiles.sound.iter().all(|sound| *sound);
            for at in 0..tiles.lowest.len() {
                let feature = at % dims;
                extent.lowest[feature] = extent.lowest[feature].min(tiles.lowest[at]);
                extent.highest[feature] = extent.highest[feature].max(tiles.highest[at]);
                extent.middle[feature] += tiles.sum[at];
            }
        }
        if !usable {
            return Err(unusable(values, dims));
        }
        let points = (values.len() / dims) as f64;
        extent.middle.iter_mut().for_each(|middle| *middle /= points);
        Ok(extent)
    }

    /// No value of a feature is larger in absolute value.
    pub(crate) fn largest(&self) -> Vec<f64> {
        self.lowest.iter().zip(&self.highest).map(|(low, high)| low.abs().max(high.abs())).collect()
    }

    /// No coordinate is farther from the middle.
    pub(crate) fn spread(&self) -> f64 {
        let sides = self.lowest.iter().zip(&self.highest).zip(&self.middle);
        sides.fold(0.0, |spread, ((low, high), middle)| spread.max(high - middle).max(middle - low))
    }
}

fn unusable(values: &[f64], dims: usize) -> Error {
    let at = values.iter().position(|value| !sound(*value)).unwrap_or_default();
    Error::Coordinate { row: at / dims, feature: at % dims, found: values[at] }
}

/// Whether a coordinate can be worked with.
pub(crate) fn sound(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// The extent of some rows, for each place in a tile of [`ROWS`] rows.
struct Tiles {
    lowest: Vec<f64>,
    highest: Vec<f64>,
    sum: Vec<f64>,
    sound: Vec<bool>,
}

struct TakeExtent<'a> {
    values: &'a [f64],
    dims: usize,
}

impl pulp::WithSimd for TakeExtent<'_> {
    type Output = Tiles;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Tiles {
        let width = ROWS * self.dims;
        let mut lowest = vec![f64::INFINITY; width];
        let mut highest = vec![f64::NEG_INFINITY; width];
        let mut sum = vec![0.0; width];
        // A NaN is not below a bound and takes part in no minimum: hence a flag of its own.
        let mut sound = vec![true; width];
        for row in self.values.chunks(width) {
            let places = lowest.iter_mut().zip(&mut highest).zip(&mut sum).zip(&mut sound);
            for (value, (((lowest, highest), sum), sound)) in row.iter().zip(places) {
                *lowest = if *value < *lowest { *value } else { *lowest };
                *highest = if *value > *highest { *value } else { *highest };
                *sum += value;
                *sound &= value.abs() <= LARGEST;
            }
        }
        Tiles { lowest, highest, sum, sound }
    }
}

/// The numbers of a matrix row by row, without a copy where they lie so.
pub(crate) fn row_by_row<'a>(points: &'a ArrayView2<'_, f64>) -> std::borrow::Cow<'a, [f64]> {
    match points.as_slice() {
        Some(values) => values.into(),
        None => points.iter().copied().collect::<Vec<f64>>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(weights: &[f64]) -> (Vec<u64>, i32) {
        whole_weights(weights, weights.len()).unwrap().unwrap()
    }

    #[test]
    fn weights_are_whole_units_of_a_power_of_two() {
        assert!(whole_weights(&[1.0; 9], 9).unwrap().is_none());
        assert!(whole_weights(&[], 0).unwrap().is_none());
        for weights in
            [vec![2.0; 3], vec![1.0, 7.0, 1e6], vec![0.1, 0.2, 0.3], vec![f64::MAX; 4], vec![5e-324]]
        {
            let (units, exponent) = whole(&weights);
            let total: u64 = units.iter().sum();
            assert_eq!(u64::BITS - total.leading_zeros(), WEIGHT_BITS as u32, "{weights:?}");
            let points = Points::weighted(&[], 1, units.clone(), exponent);
            for (unit, weight) in units.iter().zip(&weights) {
                assert_eq!(points.weight_of_units(i128::from(*unit)).to_bits(), weight.to_bits());
            }
        }
    }

    #[test]
    fn a_power_of_two_changes_the_unit_alone() {
        let weights = [0.3, 7.1, 1e-9, 2.0];
        let (units, exponent) = whole(&weights);
        for power in [-900, -1, 3, 900] {
            let scaled = weights.map(|weight| weight * 2.0_f64.powi(power));
            assert_eq!(whole(&scaled), (units.clone(), exponent + power));
        }
    }

    #[test]
    fn exponents_are_those_above() {
        for (value, above) in
            [(1.0, 1), (1.5, 1), (2.0_f64.next_down(), 1), (2.0, 2), (0.4, -1), (1e-310, -1022)]
        {
            assert_eq!(exponent_above(value), above);
            assert!(power_of_two(above) > value);
        }
        assert_eq!(power_of_two(-1022).to_bits(), f64::MIN_POSITIVE.to_bits());
        assert_eq!(power_of_two(-4000).to_bits(), f64::MIN_POSITIVE.to_bits());
    }

    #[test]
    fn the_extent_covers_every_point() {
        for (rows, dims) in [(1, 1), (15, 3), (16, 2), (17, 5), (CHUNK + 1, 3), (2 * CHUNK + 33, 1)] {
            let number = |at: usize| ((at * 7_919) % 10_007) as f64 - 5_000.0;
            let values: Vec<f64> = (0..rows * dims).map(number).collect();
            let extent = Extent::of(&values, dims).unwrap();
            for feature in 0..dims {
                let column = || values[feature..].iter().step_by(dims).copied();
                assert!((extent.lowest[feature] - column().fold(f64::INFINITY, f64::min)).abs() <= 0.0);
                assert!((extent.highest[feature] - column().fold(f64::NEG_INFINITY, f64::max)).abs() <= 0.0);
                assert!((extent.middle[feature] - column().sum::<f64>() / rows as f64).abs() < 1e-9);
                assert!(column().all(|x| (x - extent.middle[feature]).abs() <= extent.spread()));
            }
        }
    }
}
