//! Sums of coordinates that are exact, so that nothing but the points decides them.
//!
//! Each feature has a grid: multiples of 2⁻⁶⁰ of the power of two that no value exceeds. A value is rounded to its
//! grid once (values above 1/128 of the largest are on it already), and from there on everything is adding whole
//! numbers. So a sum does not depend on the order of its points, on threads or chunks, on whether equal points
//! were merged into one of their joint weight, or on points that came and went. An iteration therefore takes the
//! points that moved out of one sum and into another, and touches no others.
//!
//! Points without weights, the usual case, take a fast way to the same number: a value is split into a coarse limb of 30
//! bits and a fine limb of 30 bits, both floats, which are added as floats; 2²² such additions fit into 53 bits, so
//! each is exact. Rejected: plain or compensated float sums, which a change of order changes; 128-bit sums for each
//! value, which take three times as long because they cannot use the vector units.

use super::points::{exponent_above, power_of_two};

/// Bits of a value above its grid.
const BITS: i32 = 60;

/// Bits of the fine limb.
const FINE_BITS: i32 = 30;

/// Additions of limbs that stay exact: 2³⁰ in absolute value each, 2⁵³ in all.
const EXACT_ADDITIONS: u32 = 1 << 22;

/// Features that are split and added at once: one register of 512 bits, or two of 256.
const LANES: usize = 8;

/// The numbers of [`LANES`] features.
type Lanes = [f64; LANES];

/// The grids of all features.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    /// Adding and subtracting it rounds to the coarse limb.
    coarse: Vec<Lanes>,
    /// The same for the fine limb.
    fine: Vec<Lanes>,
    /// The exponent of each feature's grid.
    exponents: Vec<i32>,
}

impl Grid {
    /// For features whose absolute values do not exceed `largest`, each finite and below 2⁵⁰⁰.
    pub(crate) fn new(largest: &[f64]) -> Self {
        // Below 2⁻⁴⁰⁰ a square is nothing, so the grid need not get finer.
        let exponents: Vec<i32> =
            largest.iter().map(|largest| exponent_above(*largest).max(-400) - BITS).collect();
        // 1.5 · 2⁵² units: a sum with it has its last bit at one unit, whatever the sign of the value.
        let rounding = |bits: i32| {
            let of = |features: &[i32]| {
                let number =
                    |lane| features.get(lane).map_or(0.0, |unit: &i32| 1.5 * power_of_two(unit + bits + 52));
                std::array::from_fn(number)
            };
            exponents.chunks(LANES).map(of).collect()
        };
        Self { coarse: rounding(FINE_BITS), fine: rounding(0), exponents }
    }

    /// No mean of equal points is farther from them, squared: half a unit of the grid, and its own rounding.
    pub(crate) fn rounding(&self) -> f64 {
        // 2⁻⁵¹ of the power of two that no value exceeds.
        let of = |exponent: &i32| power_of_two(exponent + BITS - 51);
        self.exponents.iter().fold(0.0, |sum, exponent| of(exponent).mul_add(of(exponent), sum))
    }

    /// A value as a whole number of units of its feature's grid.
    fn units(&self, feature: usize, value: f64) -> i64 {
        let (coarse, fine) = (self.coarse[feature / LANES], self.fine[feature / LANES]);
        let (upper, lower) = split(value, coarse[feature % LANES], fine[feature % LANES]);
        let unit = power_of_two(-self.exponents[feature]);
        (upper * unit) as i64 + (lower * unit) as i64
    }
}

/// A value's coarse and fine limb. What is left after the coarse one is exact, so nothing is rounded twice.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn split(value: f64, coarse: f64, fine: f64) -> (f64, f64) {
    let upper = (value + coarse) - coarse;
    let lower = ((value - upper) + fine) - fine;
    (upper, lower)
}

/// Adds a point's limbs, or takes them away.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn add_limbs<const SIGN: i8>(limbs: &mut [[Lanes; 2]], point: &[f64], grid: &Grid) {
    let (full, rest) = point.as_chunks::<LANES>();
    let mut lanes = limbs.iter_mut().zip(grid.coarse.iter().zip(&grid.fine));
    for (values, (limbs, (coarse, fine))) in full.iter().zip(&mut lanes) {
        add_lanes::<SIGN>(limbs, values, coarse, fine);
    }
    if let Some((limbs, (coarse, fine))) = lanes.next() {
        let mut values = [0.0; LANES];
        for (value, x) in values.iter_mut().zip(rest) {
            *value = *x;
        }
        add_lanes::<SIGN>(limbs, &values, coarse, fine);
    }
}

#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn add_lanes<const SIGN: i8>([upper, lower]: &mut [Lanes; 2], values: &Lanes, coarse: &Lanes, fine: &Lanes) {
    for lane in 0..LANES {
        let (more, rest) = split(values[lane], coarse[lane], fine[lane]);
        upper[lane] += if SIGN < 0 { -more } else { more };
        lower[lane] += if SIGN < 0 { -rest } else { rest };
    }
}

/// The sum and the weight of the points of each cluster.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    /// Limbs not yet in `totals`: per cluster and [`LANES`] features, the coarse ones and the fine ones.
    limbs: Vec<[Lanes; 2]>,
    /// How many points went into the limbs.
    pending: u32,
    /// Per cluster and feature, in units of the feature's grid times units of weight.
    totals: Vec<i128>,
    /// Per cluster, in units of weight.
    weights: Vec<i128>,
    dims: usize,
}

impl Sums {
    pub(crate) fn new(clusters: usize, dims: usize) -> Self {
        Self {
            limbs: vec![[[0.0; LANES]; 2]; clusters * dims.div_ceil(LANES)],
            pending: 0,
            totals: vec![0; clusters * dims],
            weights: vec![0; clusters],
            dims,
        }
    }

    /// Takes a point into cluster `to`, and out of `from` if it was in one.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    pub(crate) fn shift(
        &mut self,
        point: &[f64],
        weight: Option<u64>,
        grid: &Grid,
        from: Option<usize>,
        to: usize,
    ) {
        if let Some(weight) = weight {
            self.shift_weighted(point, weight, grid, from, to);
            return;
        }
        if self.pending == EXACT_ADDITIONS {
            self.settle(grid);
        }
        self.pending += 1;
        let groups = self.dims.div_ceil(LANES);
        self.weights[to] += 1;
        add_limbs::<1>(&mut self.limbs[to * groups..][..groups], point, grid);
        if let Some(from) = from {
            self.weights[from] -= 1;
            add_limbs::<-1>(&mut self.limbs[from * groups..][..groups], point, grid);
        }
    }

    /// The same for a point with a weight: 128 bits hold the product of its units and its weight.
    fn shift_weighted(&mut self, point: &[f64], weight: u64, grid: &Grid, from: Option<usize>, to: usize) {
        let weight = i128::from(weight);
        self.weights[to] += weight;
        if let Some(from) = from {
            self.weights[from] -= weight;
        }
        for (feature, x) in point.iter().enumerate() {
            let product = weight * i128::from(grid.units(feature, *x));
            self.totals[to * self.dims + feature] += product;
            if let Some(from) = from {
                self.totals[from * self.dims + feature] -= product;
            }
        }
    }

    /// Brings what the limbs hold into the totals.
    pub(crate) fn settle(&mut self, grid: &Grid) {
        if self.pending == 0 {
            return;
        }
        let groups = self.dims.div_ceil(LANES);
        for (limbs, totals) in
            self.limbs.chunks_exact_mut(groups).zip(self.totals.chunks_exact_mut(self.dims))
        {
            for (feature, (total, exponent)) in totals.iter_mut().zip(&grid.exponents).enumerate() {
                let [upper, lower] = limbs[feature / LANES].map(|limbs| limbs[feature % LANES]);
                *total += i128::from((upper * power_of_two(-exponent - FINE_BITS)) as i64) << FINE_BITS;
                *total += i128::from((lower * power_of_two(-exponent)) as i64);
            }
            limbs.fill([[0.0; LANES]; 2]);
        }
        self.pending = 0;
    }

    /// Adds the sums of other points, both settled.
    pub(crate) fn add(&mut self, other: &Self) {
        for (total, more) in self.totals.iter_mut().zip(&other.totals) {
            *total += more;
        }
        for (weight, more) in self.weights.iter_mut().zip(&other.weights) {
            *weight += more;
        }
    }

    /// The weight of each cluster's points, in units.
    pub(crate) fn weights(&self) -> &[i128] {
        &self.weights
    }

    /// The mean of a cluster's points, into `mean`; false where it has none.
    ///
    /// It is the float nearest to the quotient, so that equal points on the grid are their mean to the bit.
    pub(crate) fn mean(&self, cluster: usize, grid: &Grid, mean: &mut [f64]) -> bool {
        let weight = self.weights[cluster];
        if weight <= 0 {
            return false;
        }
        let totals = &self.totals[cluster * self.dims..][..self.dims];
        for ((mean, total), exponent) in mean.iter_mut().zip(totals).zip(&grid.exponents) {
            *mean = quotient(*total, weight) * power_of_two(*exponent);
        }
        true
    }
}

/// The float nearest to a quotient, ties to even; the divisor is positive and below 2⁶².
fn quotient(total: i128, divisor: i128) -> f64 {
    let (size, divisor) = (total.unsigned_abs(), divisor.unsigned_abs());
    if size == 0 {
        return 0.0;
    }
    // The quotient then has at least 65 bits, so that a last bit for what is left over decides ties alone.
    let shift = size.leading_zeros();
    let whole = (size << shift) / divisor;
    let rest = u128::from(whole * divisor != size << shift);
    let rounded = (whole | rest) as f64 * power_of_two(-(shift as i32));
    if total < 0 { -rounded } else { rounded }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value in units of the grid of `largest`, halves to the even number.
    fn plain_units(value: f64, largest: f64) -> i128 {
        let above = (-400..=401).find(|exponent| 2.0_f64.powi(*exponent) > largest).unwrap();
        (value * 2.0_f64.powi(BITS - above)).round_ties_even() as i128
    }

    fn totals(sums: &Sums) -> (Vec<i128>, Vec<i128>) {
        (sums.totals.clone(), sums.weights.clone())
    }

    proptest! {
        #[test]
        fn sums_are_those_of_whole_numbers(
            dims in 1..20_usize,
            power in -400..300_i32,
            points in prop::collection::vec(
                (prop::collection::vec(-1.0..1.0_f64, 20), -70..1_i32, 0..3_usize, 0..3_usize),
                1..60,
            ),
            weighted: bool,
        ) {
            let scaled: Vec<(Vec<f64>, usize, usize)> = points
                .into_iter()
                .map(|(values, small, first, second)| {
                    // Of all sizes, so that limbs are full, empty and half way between.
                    let size = 2.0_f64.powi(power + small);
                    (values[..dims].iter().map(|value| value * size).collect(), first, second)
                })
                .collect();
            let largest: Vec<f64> = (0..dims)
                .map(|feature| scaled.iter().map(|(point, ..)| point[feature].abs()).fold(0.0, f64::max))
                .collect();
            let grid = Grid::new(&largest);
            let mut sums = Sums::new(3, dims);
            let mut other = Sums::new(3, dims);
            let mut expected = (vec![0_i128; 3 * dims], vec![0_i128; 3]);
            for (at, (point, first, second)) in scaled.iter().enumerate() {
                let weight = weighted.then_some(1 + (at as u64 * 7_919) % (1 << 40));
                let target = if at % 2 == 0 { &mut sums } else { &mut other };
                target.shift(point, weight, &grid, None, *first);
                // Some points go on, and their first cluster is left without a trace of them.
                let cluster = if first == second { first } else {
                    target.shift(point, weight, &grid, Some(*first), *second);
                    second
                };
                let weight = i128::from(weight.unwrap_or(1));
                expected.1[*cluster] += weight;
                for (feature, value) in point.iter().enumerate() {
                    expected.0[cluster * dims + feature] += plain_units(*value, largest[feature]) * weight;
                }
            }
            sums.settle(&grid);
            other.settle(&grid);
            sums.add(&other);
            prop_assert_eq!(totals(&sums), expected);
        }

        /// A unit of weight is a point, and a point of weight five is five points.
        #[test]
        fn weights_are_repetition(value in 1.0..1e3_f64, weight in 1..40_u64) {
            let grid = Grid::new(&[value.abs()]);
            let (mut one, mut many) = (Sums::new(1, 1), Sums::new(1, 1));
            one.shift(&[value], Some(weight), &grid, None, 0);
            (0..weight).for_each(|_| many.shift(&[value], None, &grid, None, 0));
            many.settle(&grid);
            prop_assert_eq!(totals(&one), totals(&many));
            let (mut mean, mut of_many) = ([0.0], [0.0]);
            prop_assert!(one.mean(0, &grid, &mut mean) && many.mean(0, &grid, &mut of_many));
            prop_assert_eq!(mean[0].to_bits(), of_many[0].to_bits());
            prop_assert_eq!(mean[0].to_bits(), value.to_bits());
        }
    }

    /// The largest limbs there are, as often as they may be added and a few times more.
    #[test]
    fn limbs_are_brought_in_before_they_are_full() {
        let value = 4.0_f64.next_down();
        let grid = Grid::new(&[value]);
        let mut sums = Sums::new(1, 1);
        let count = EXACT_ADDITIONS + 3;
        (0..count).for_each(|_| sums.shift(&[value], None, &grid, None, 0));
        assert_eq!(sums.pending, 3);
        sums.settle(&grid);
        assert_eq!(sums.totals, [plain_units(value, value) * i128::from(count)]);
        assert_eq!(sums.weights(), [i128::from(count)]);
    }

    /// A tie, what is next to it on both sides, and numbers at both ends.
    #[test]
    fn a_quotient_is_rounded_once() {
        let tie = (1_i128 << 54) + 2;
        for (total, divisor, expected) in [
            (tie, 4, 2.0_f64.powi(52)),
            (3 * tie, 12, 2.0_f64.powi(52)),
            (3 * tie + 1, 12, 2.0_f64.powi(52) + 1.0),
            (3 * tie - 1, 12, 2.0_f64.powi(52)),
            (-(3 * tie + 1), 12, -(2.0_f64.powi(52) + 1.0)),
            ((1 << 54) + 6, 4, 2.0_f64.powi(52) + 2.0),
            (0, 7, 0.0),
            (1, (1 << 62) - 1, 2.0_f64.powi(-62)),
            (i128::MAX, 1, 2.0_f64.powi(127)),
            (-1, 3, -1.0 / 3.0),
        ] {
            assert_eq!(quotient(total, divisor).to_bits(), expected.to_bits(), "{total} / {divisor}");
        }
    }

    #[test]
    fn halves_go_to_the_even_unit() {
        let grid = Grid::new(&[1.5]);
        let unit = 2.0_f64.powi(1 - BITS);
        for (units, expected) in [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (0.51, 1), (-2.5, -2)]
        {
            assert_eq!(grid.units(0, units * unit), expected);
        }
        // The coarse limb is rounded first, and half of its unit is a whole number of the fine one's.
        let half = 2.0_f64.powi(FINE_BITS - 1);
        for units in [half, 3.0 * half, half - 0.5, half + 0.5, -half, half - 1.5, 3.0 * half + 1.5] {
            assert_eq!(i128::from(grid.units(0, units * unit)), units.round_ties_even() as i128);
        }
    }

    #[test]
    fn a_cluster_without_points_has_no_mean() {
        let mut mean = [7.0];
        assert!(!Sums::new(2, 1).mean(1, &Grid::new(&[1.0]), &mut mean));
        assert_eq!(mean[0].to_bits(), 7.0_f64.to_bits());
    }
}
