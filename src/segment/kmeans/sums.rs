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
    /// The sum of units is rounded to a float once, and the quotient once.
    pub(crate) fn mean(&self, cluster: usize, grid: &Grid, mean: &mut [f64]) -> bool {
        let weight = self.weights[cluster];
        if weight <= 0 {
            return false;
        }
        let totals = &self.totals[cluster * self.dims..][..self.dims];
        for ((mean, total), exponent) in mean.iter_mut().zip(totals).zip(&grid.exponents) {
            *mean = *total as f64 / weight as f64 * power_of_two(*exponent);
        }
        true
    }
}
