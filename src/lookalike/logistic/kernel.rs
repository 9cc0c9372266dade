//! One look at the rows: the loss, its gradient and its Hessian at some coefficients.
//!
//! With η = b₀ + Σ β·x, the sign s = ±1 of a label and the margin m = s·η, a row of weight ω adds ω·softplus(−m) to the
//! loss, −s·ω·r·x to the gradient and ω·r·(1 − r)·x·xᵀ to the Hessian, where r = 1/(1 + eᵐ) is what the row is missed by.
//! Everything comes from t = e^−|m|, so that neither end overflows: softplus(−m) = max(−m, 0) + ln(1 + t), and
//! r·(1 − r) = t/(1 + t)².
//!
//! Rows are copied in blocks that stay in the nearest cache, each in whole *octets* of eight numbers, the number after its
//! last feature being the intercept's 1. A block is scaled by the roots of its rows' second derivatives; then the Hessian is
//! the product of the block with itself, eight features by eight in registers, row after row.
//!
//! The bits do not depend on the processor: sums have eight lanes whatever the width of the registers, products are added
//! with one rounding everywhere, and lanes, blocks and chunks are summed in their order. Chunks depend on the number of rows
//! alone.
//!
//! Tried and dropped: blocks that lie feature by feature, which took as long to turn as to multiply; reading the next block
//! ahead between the products of this one, which changed nothing.

use std::ops::Range;

use pulp::Simd;
use rayon::prelude::*;

use super::rows::{Data, Part, UNSUSPECTED};
use crate::numeric::elementary::{exp_down, ln_1p};

/// Rows of a block.
const BLOCK: usize = 64;

/// Numbers of an octet.
const LANES: usize = 8;

/// Sums that the gradient of an octet is split in, row by row in turn: one waits for its last addition.
const CHAINS: usize = 4;

/// Rows of a chunk, at least.
const CHUNK: usize = 16 * BLOCK;

/// Chunks of a part, at most.
const CHUNKS: usize = 128;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Need {
    Loss,
    Gradient,
    Hessian,
}

/// What was found: of the loss without its penalty.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) loss: f64,
    /// By feature, the intercept last; empty where it was not asked for.
    pub(super) gradient: Vec<f64>,
    /// Square, of features and the intercept as its last; empty where it was not asked for.
    pub(super) hessian: Vec<f64>,
    /// Whether all numbers could be worked with.
    pub(super) sound: bool,
}

impl Look {
    pub(super) fn nothing(dims: usize, need: Need) -> Self {
        let size = dims + 1;
        Self {
            loss: 0.0,
            gradient: vec![0.0; if need >= Need::Gradient { size } else { 0 }],
            hessian: vec![0.0; if need >= Need::Hessian { size * size } else { 0 }],
            sound: true,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.combine(other, |sum, part| sum + part);
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.combine(other, |sum, part| sum - part);
    }

    fn combine(&mut self, other: &Self, combined: impl Fn(f64, f64) -> f64) {
        self.loss = combined(self.loss, other.loss);
        let sums = self.gradient.iter_mut().chain(&mut self.hessian);
        for (sum, part) in sums.zip(other.gradient.iter().chain(&other.hessian)) {
            *sum = combined(*sum, *part);
        }
        self.sound &= other.sound;
    }
}

/// Looks at the rows of a part: coefficients by shifted feature, the intercept last; weights of each class times a factor.
pub(super) fn look(
    data: &Data<'_>,
    part: &Part,
    coefficients: &[f64],
    factors: [f64; 2],
    need: Need,
) -> Look {
    let rows = part.len();
    let chunk = rows.div_ceil(CHUNKS).next_multiple_of(BLOCK).max(CHUNK);
    let coefficients = octets(coefficients);
    // Less −1 the intercept's place is 1.
    let shifts: Vec<f64> = data.shift.iter().copied().chain([-1.0]).collect();
    let shifts = octets(&shifts);
    let looks: Vec<Look> = (0..rows.div_ceil(chunk))
        .into_par_iter()
        .map_init(
            || Scratch::new(data.dims, need),
            |scratch, number| {
                let start = number * chunk;
                let rows = start..rows.min(start + chunk);
                let (coefficients, shifts) = (&coefficients, &shifts);
                let chunk = Chunk { data, part, rows, coefficients, shifts, factors, need, scratch };
                pulp::Arch::new().dispatch(chunk)
            },
        )
        .collect();
    let mut sum = Look::nothing(data.dims, need);
    looks.iter().for_each(|look| sum.add(look));
    sum
}

/// Eight numbers that share a line of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Octet([f64; LANES]);

const ZEROS: Octet = Octet([0.0; LANES]);

/// Numbers in whole octets, zeros after the last.
fn octets(numbers: &[f64]) -> Vec<Octet> {
    let octet = |numbers: &[f64]| {
        let mut octet = ZEROS;
        octet.0[..numbers.len()].copy_from_slice(numbers);
        octet
    };
    numbers.chunks(LANES).map(octet).collect()
}

/// What a thread works in.
struct Scratch {
    /// The shift of each feature.
    rows: Vec<Octet>,
    gradient: Vec<[Octet; CHAINS]>,
    /// The Hessian, eight rows by an octet, the upper triangle of these row by row.
    tiles: Vec<[Octet; LANES]>,
    known: Known,
}

/// What is known of the rows of a block.
struct Known {
    /// 1 for a row of the class, −1 for another.
    signs: [f64; BLOCK],
    weights: [f64; BLOCK],
    /// η.
    scores: [f64; BLOCK],
    /// What each row takes part in the gradient with.
    slopes: [f64; BLOCK],
    /// The roots of the second derivatives.
    roots: [f64; BLOCK],
}

impl Scratch {
    fn new(dims: usize, need: Need) -> Self {
        let width = (dims + 1).div_ceil(LANES);
        let zeros = [0.0; BLOCK];
        let tiles = if need == Need::Hessian { width * (width + 1) / 2 } else { 0 };
        Self {
            rows: vec![ZEROS; width * BLOCK],
            gradient: vec![[ZEROS; CHAINS]; width],
            tiles: vec![[ZEROS; LANES]; tiles],
            known: Known { signs: zeros, weights: zeros, scores: zeros, slopes: zeros, roots: zeros },
        }
    }
}

/// Some neighbouring positions of a part.
struct Chunk<'a> {
    data: &'a Data<'a>,
    part: &'a Part,
    rows: Range<usize>,
    coefficients: &'a [Octet],
    shifts: &'a [Octet],
    factors: [f64; 2],
    need: Need,
    scratch: &'a mut Scratch,
}

impl pulp::WithSimd for Chunk<'_> {
    type Output = Look;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Look {
        let Scratch { rows, gradient, tiles, known } = self.scratch;
        gradient.fill([ZEROS; CHAINS]);
        tiles.fill([ZEROS; LANES]);
        let mut loss = ZEROS;
        let mut sound = true;
        for start in self.rows.clone().step_by(BLOCK) {
            let positions = start..self.rows.end.min(start + BLOCK);
            known.take(self.data, self.part, positions.clone(), self.factors);
            sound &= copy(self.data, self.part, positions, self.shifts, rows);
            known.score(rows, self.coefficients);
            known.derive(&mut loss);
            if self.need >= Need::Gradient {
                known.gradient(rows, gradient);
            }
            if self.need == Need::Hessian {
                known.scale(rows, gradient.len());
                products(simd, rows, tiles, gradient.len());
            }
        }
        let mut look = finish(&loss, gradient, tiles, self.data.dims, self.need);
        look.sound = sound || self.data.checked;
        look
    }
}

/// Lanes and chains to sums, tiles to a square.
fn finish(
    loss: &Octet,
    gradient: &[[Octet; CHAINS]],
    tiles: &[[Octet; LANES]],
    dims: usize,
    need: Need,
) -> Look {
    let mut look = Look::nothing(dims, need);
    look.loss = total(&loss.0);
    for (at, slope) in look.gradient.iter_mut().enumerate() {
        *slope = gradient[at / LANES].iter().map(|octet| octet.0[at % LANES]).sum();
    }
    if need == Need::Hessian {
        let size = dims + 1;
        let width = gradient.len();
        let places = (0..width).flat_map(|i| (i..width).map(move |j| (i * LANES, j * LANES)));
        for ((i, j), tile) in places.zip(tiles) {
            for (i, octet) in (i..size).zip(tile) {
                for (j, product) in (j..size).zip(octet.0) {
                    look.hessian[i * size + j] = product;
                    look.hessian[j * size + i] = product;
                }
            }
        }
    }
    look
}

/// The sum of an octet, half by half.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn total(lanes: &[f64; LANES]) -> f64 {
    let four: [f64; 4] = std::array::from_fn(|at| lanes[at] + lanes[at + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Copies rows into octets, less the shift; those missing from a block are 0. Gives whether all numbers are beyond
/// suspicion.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn copy(data: &Data<'_>, part: &Part, positions: Range<usize>, shifts: &[Octet], rows: &mut [Octet]) -> bool {
    let width = shifts.len();
    let whole = data.dims / LANES;
    let rest = data.dims % LANES;
    let mine: [u64; LANES] = std::array::from_fn(|lane| u64::from(lane < rest));
    let mut suspect = ZEROS;
    let mut put = |octet: &mut Octet, values: &[f64; LANES], shifts: &Octet| {
        for lane in 0..LANES {
            octet.0[lane] = values[lane] - shifts.0[lane];
            suspect.0[lane] = if octet.0[lane].abs() <= UNSUSPECTED { suspect.0[lane] } else { 1.0 };
        }
    };
    rows[positions.len() * width..].fill(ZEROS);
    for (octets, position) in rows.chunks_exact_mut(width).zip(positions) {
        let start = part.row(position) * data.dims;
        let (values, _) = data.values[start..start + data.dims].as_chunks::<LANES>();
        for ((octet, values), shifts) in octets.iter_mut().zip(values).zip(shifts) {
            put(octet, values, shifts);
        }
        // The last features, the intercept and what fills the octet: eight numbers again, of which some are the next row's.
        let beyond = &data.values[start + whole * LANES..];
        let last = match beyond.first_chunk::<LANES>() {
            Some(values) => std::array::from_fn(|lane| if mine[lane] > 0 { values[lane] } else { 0.0 }),
            None => std::array::from_fn(|lane| if lane < rest { beyond[lane] } else { 0.0 }),
        };
        put(&mut octets[whole], &last, &shifts[whole]);
    }
    suspect.0.iter().all(|suspect| *suspect <= 0.0)
}

impl Known {
    /// Labels and weights; rows that are missing weigh nothing.
    fn take(&mut self, data: &Data<'_>, part: &Part, positions: Range<usize>, factors: [f64; 2]) {
        let count = positions.len();
        for (lane, position) in positions.enumerate() {
            let row = part.row(position);
            let label = data.labels[row];
            self.signs[lane] = if label { 1.0 } else { -1.0 };
            self.weights[lane] = data.weight(row) * factors[usize::from(label)];
        }
        self.signs[count..].fill(1.0);
        self.weights[count..].fill(0.0);
    }

    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn score(&mut self, rows: &[Octet], coefficients: &[Octet]) {
        for (score, row) in self.scores.iter_mut().zip(rows.chunks_exact(coefficients.len())) {
            let mut sums = [0.0; LANES];
            for (values, coefficients) in row.iter().zip(coefficients) {
                for lane in 0..LANES {
                    sums[lane] = values.0[lane].mul_add(coefficients.0[lane], sums[lane]);
                }
            }
            *score = total(&sums);
        }
    }

    /// Adds the loss to its lanes, and leaves the derivatives.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn derive(&mut self, loss: &mut Octet) {
        for start in (0..BLOCK).step_by(LANES) {
            for (lane, loss) in loss.0.iter_mut().enumerate() {
                let row = start + lane;
                let (sign, weight) = (self.signs[row], self.weights[row]);
                let margin = sign * self.scores[row];
                let power = exp_down(-margin.abs());
                let inverse = 1.0 / (1.0 + power);
                let short = if margin < 0.0 { -margin } else { 0.0 };
                *loss += weight * (short + ln_1p(power));
                let missed = if margin < 0.0 { inverse } else { power * inverse };
                self.slopes[row] = -sign * weight * missed;
                self.roots[row] = inverse * (weight * power).sqrt();
            }
        }
    }

    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn gradient(&self, rows: &[Octet], gradient: &mut [[Octet; CHAINS]]) {
        let width = gradient.len();
        let (slopes, _) = self.slopes.as_chunks::<CHAINS>();
        for (at, sums) in gradient.iter_mut().enumerate() {
            let mut chains = *sums;
            for (rows, slopes) in rows.chunks_exact(CHAINS * width).zip(slopes) {
                for (number, chain) in chains.iter_mut().enumerate() {
                    let values = &rows[number * width + at];
                    for lane in 0..LANES {
                        chain.0[lane] = values.0[lane].mul_add(slopes[number], chain.0[lane]);
                    }
                }
            }
            *sums = chains;
        }
    }

    /// Each row times the root of its second derivative.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn scale(&self, rows: &mut [Octet], width: usize) {
        for (row, root) in rows.chunks_exact_mut(width).zip(&self.roots) {
            for octet in row {
                octet.0.iter_mut().for_each(|value| *value *= root);
            }
        }
    }
}

/// Adds the products of all features with each other to their tiles.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn products<S: Simd>(simd: S, rows: &[Octet], tiles: &mut [[Octet; LANES]], width: usize) {
    let mut tiles = tiles.iter_mut();
    for i in 0..width {
        for j in i..width {
            let Some(tile) = tiles.next() else { return };
            product(simd, rows, tile, (i, j), width);
        }
    }
}

/// The products of the features of one octet with those of another. Registers narrower than an octet go over the rows
/// several times.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn product<S: Simd>(
    simd: S,
    rows: &[Octet],
    tile: &mut [Octet; LANES],
    (i, j): (usize, usize),
    width: usize,
) {
    for strip in 0..LANES / S::F64_LANES {
        let mut sums = [simd.splat_f64s(0.0); LANES];
        for (sum, octet) in sums.iter_mut().zip(tile.iter()) {
            *sum = S::as_simd_f64s(&octet.0).0[strip];
        }
        for row in rows.chunks_exact(width) {
            let right = S::as_simd_f64s(&row[j].0).0[strip];
            for (sum, left) in sums.iter_mut().zip(&row[i].0) {
                *sum = simd.mul_add_f64s(simd.splat_f64s(*left), right, *sum);
            }
        }
        for (sum, octet) in sums.iter().zip(tile.iter_mut()) {
            S::as_mut_simd_f64s(&mut octet.0).0[strip] = *sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of everything found in a chunk of 300 rows, by registers of one number or by those of the processor.
    fn bits(dims: usize, scalar: bool) -> Vec<u64> {
        let values: Vec<f64> =
            (0..300 * dims).map(|at| ((at * 7_919) % 1_009) as f64 / 300.0 - 1.5).collect();
        let labels: Vec<bool> = (0..300).map(|row| row % 3 == 0).collect();
        let weights: Vec<f64> = (0..300).map(|row| f64::from(row % 7)).collect();
        let data = Data::new(&values, dims, &labels, Some(&weights));
        let coefficients: Vec<f64> = (0..=dims).map(|at| (at as f64 * 0.77).sin()).collect();
        let shifts: Vec<f64> = data.shift.iter().copied().chain([-1.0]).collect();
        let chunk = Chunk {
            data: &data,
            part: &Part::Range(0..300),
            rows: 0..300,
            coefficients: &octets(&coefficients),
            shifts: &octets(&shifts),
            factors: [1.0, 2.5],
            need: Need::Hessian,
            scratch: &mut Scratch::new(dims, Need::Hessian),
        };
        let look = if scalar {
            pulp::WithSimd::with_simd(chunk, pulp::Scalar::new())
        } else {
            pulp::Arch::new().dispatch(chunk)
        };
        assert!(look.sound);
        let numbers = look.gradient.iter().chain(&look.hessian).chain([&look.loss]);
        numbers.map(|number| number.to_bits()).collect()
    }

    #[test]
    fn registers_of_any_width_give_the_same_bits() {
        for dims in [1, 2, 7, 8, 9, 15, 16, 20] {
            assert_eq!(bits(dims, true), bits(dims, false), "{dims}");
        }
    }

    #[test]
    fn a_look_is_what_its_definition_says() {
        let (rows, dims) = (5_000, 10);
        let values: Vec<f64> =
            (0..rows * dims).map(|at| ((at * 7_919) % 1_009) as f64 / 300.0 - 1.5).collect();
        let labels: Vec<bool> = (0..rows).map(|row| row % 5 == 0).collect();
        let data = Data::new(&values, dims, &labels, None);
        let coefficients: Vec<f64> = (0..=dims).map(|at| (at as f64 * 0.77).sin()).collect();
        let picked = Part::Picked((0..rows as u32).filter(|row| row % 3 != 1).collect());
        for part in [Part::Range(0..rows), Part::Range(17..4_000), picked] {
            let factors = [1.5, 0.5];
            let mut wanted = Look::nothing(dims, Need::Hessian);
            for row in (0..part.len()).map(|position| part.row(position)) {
                let values = values[row * dims..][..dims].iter().zip(&data.shift);
                let values: Vec<f64> = values.map(|(x, shift)| x - shift).chain([1.0]).collect();
                let score: f64 = values.iter().zip(&coefficients).map(|(x, b)| x * b).sum();
                let (label, weight) = (f64::from(u8::from(labels[row])), factors[usize::from(labels[row])]);
                let share = 1.0 / (1.0 + (-score).exp());
                wanted.loss += weight * (score.max(0.0) + (-score.abs()).exp().ln_1p() - label * score);
                for i in 0..=dims {
                    wanted.gradient[i] += weight * (share - label) * values[i];
                    for j in 0..=dims {
                        wanted.hessian[i * (dims + 1) + j] +=
                            weight * share * (1.0 - share) * values[i] * values[j];
                    }
                }
            }
            for need in [Need::Loss, Need::Gradient, Need::Hessian] {
                let found = look(&data, &part, &coefficients, factors, need);
                assert!((found.loss - wanted.loss).abs() < 1e-10 * wanted.loss);
                let sums = found.gradient.iter().zip(&wanted.gradient);
                for (found, wanted) in sums.chain(found.hessian.iter().zip(&wanted.hessian)) {
                    assert!((found - wanted).abs() < 1e-8, "{found} {wanted}");
                }
                assert_eq!(found.gradient.len(), if need == Need::Loss { 0 } else { dims + 1 });
            }
        }
    }
}
