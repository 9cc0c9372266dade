//! One look at the rows: the loss, its gradient and its Hessian at some coefficients.
//!
//! With η = b₀ + Σ β·x, the sign s = ±1 of a label and the margin m = s·η, a row of weight ω adds ω·softplus(−m) to the
//! loss, −s·ω·r·x to the gradient and ω·r·(1 − r)·x·xᵀ to the Hessian, where r = 1/(1 + eᵐ) is what the row is missed by.
//! Everything comes from t = e^−|m|, so that neither end overflows: softplus(−m) = max(−m, 0) + ln(1 + t), and
//! r·(1 − r) = t/(1 + t)².
//!
//! Rows are turned into blocks of 256 that lie feature by feature. A block is scaled by the roots of its rows' second
//! derivatives; then the Hessian is the product of the block with itself, four features by four in registers.
//!
//! The bits do not depend on the processor: each sum has eight lanes whatever the width of the registers, rows fall into
//! lanes by their position, products are added with one rounding everywhere, and lanes, blocks and chunks are summed in
//! their order. Chunks depend on the number of rows alone.

use pulp::Simd;
use rayon::prelude::*;

use super::rows::{Data, Part, UNSUSPECTED};
use crate::numeric::elementary::{exp_down, ln_1p};

/// Rows of a block.
const BLOCK: usize = 256;

/// From one feature of a block to the next: more than a block, or all features would fall on the same lines of the cache.
const STRIDE: usize = BLOCK + LANES;

/// Partial sums of each sum.
const LANES: usize = 8;

/// Features that are multiplied with as many others at once.
const TILE: usize = 4;

/// Rows of a chunk, at least.
const CHUNK: usize = 8 * BLOCK;

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
    let looks: Vec<Look> = (0..rows.div_ceil(chunk))
        .into_par_iter()
        .map_init(
            || Scratch::new(data.dims, need),
            |scratch, number| {
                let start = number * chunk;
                let rows = start..rows.min(start + chunk);
                pulp::Arch::new().dispatch(Chunk { data, part, rows, coefficients, factors, need, scratch })
            },
        )
        .collect();
    let mut sum = Look::nothing(data.dims, need);
    looks.iter().for_each(|look| sum.add(look));
    sum
}

/// What a thread works in.
struct Scratch {
    /// [`STRIDE`] numbers a column: features, a column for the intercept, and empty ones to fill a tile.
    columns: Vec<f64>,
    gradient: Vec<[f64; LANES]>,
    tiles: Vec<[[f64; LANES]; TILE * TILE]>,
}

impl Scratch {
    fn new(dims: usize, need: Need) -> Self {
        let tiles = (dims + 1).div_ceil(TILE);
        Self {
            columns: vec![0.0; tiles * TILE * STRIDE],
            gradient: vec![[0.0; LANES]; dims + 1],
            tiles: vec![
                [[0.0; LANES]; TILE * TILE];
                if need == Need::Hessian { tiles * (tiles + 1) / 2 } else { 0 }
            ],
        }
    }

    fn clear(&mut self) {
        self.gradient.fill([0.0; LANES]);
        self.tiles.fill([[0.0; LANES]; TILE * TILE]);
    }
}

/// Some neighbouring positions of a part.
struct Chunk<'a> {
    data: &'a Data<'a>,
    part: &'a Part,
    rows: std::ops::Range<usize>,
    coefficients: &'a [f64],
    factors: [f64; 2],
    need: Need,
    scratch: &'a mut Scratch,
}

impl pulp::WithSimd for Chunk<'_> {
    type Output = Look;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Look {
        let dims = self.data.dims;
        let scratch = self.scratch;
        scratch.clear();
        let mut loss = [0.0; LANES];
        let mut sound = true;
        let checked = self.data.checked;
        let mut block = Block::new();
        for start in self.rows.clone().step_by(BLOCK) {
            let rows = start..self.rows.end.min(start + BLOCK);
            block.take(self.data, self.part, rows, self.factors, &mut scratch.columns);
            let columns = &scratch.columns[..dims * STRIDE];
            sound &= block.margins(columns, self.coefficients);
            block.derive(&mut loss);
            if self.need >= Need::Gradient {
                block.gradient(columns, &mut scratch.gradient);
            }
            if self.need == Need::Hessian {
                block.scale(&mut scratch.columns, dims);
                products(simd, &scratch.columns, &mut scratch.tiles);
            }
        }
        finish(loss, sound || checked, scratch, dims, self.need)
    }
}

/// Lanes to sums.
fn finish(loss: [f64; LANES], sound: bool, scratch: &Scratch, dims: usize, need: Need) -> Look {
    let total = |lanes: &[f64; LANES]| lanes.iter().sum::<f64>();
    let mut look = Look::nothing(dims, need);
    (look.loss, look.sound) = (total(&loss), sound);
    for (sum, lanes) in look.gradient.iter_mut().zip(&scratch.gradient) {
        *sum = total(lanes);
    }
    if need == Need::Hessian {
        let size = dims + 1;
        let across = size.div_ceil(TILE);
        let places = (0..across).flat_map(|i| (i..across).map(move |j| (i, j)));
        for ((i, j), tile) in places.zip(&scratch.tiles) {
            for (at, lanes) in tile.iter().enumerate() {
                let (i, j) = (i * TILE + at / TILE, j * TILE + at % TILE);
                if i <= j && j < size {
                    look.hessian[i * size + j] = total(lanes);
                    look.hessian[j * size + i] = look.hessian[i * size + j];
                }
            }
        }
    }
    look
}

/// What a block knows of its rows.
struct Block {
    /// 1 for a row of the class, −1 for another.
    signs: [f64; BLOCK],
    weights: [f64; BLOCK],
    /// η.
    scores: [f64; BLOCK],
    /// What each row's η takes part in the gradient with.
    slopes: [f64; BLOCK],
    /// The roots of the second derivatives.
    roots: [f64; BLOCK],
}

impl Block {
    fn new() -> Self {
        let zeros = [0.0; BLOCK];
        Self { signs: zeros, weights: zeros, scores: zeros, slopes: zeros, roots: zeros }
    }

    /// Rows into columns; rows that are missing weigh nothing and are 0.
    ///
    /// Not compiled for the vector units: their gathering instructions take longer than single numbers.
    #[inline(never)]
    fn take(
        &mut self,
        data: &Data<'_>,
        part: &Part,
        rows: std::ops::Range<usize>,
        factors: [f64; 2],
        columns: &mut [f64],
    ) {
        let count = rows.len();
        for (lane, position) in rows.clone().enumerate() {
            let row = part.row(position);
            let label = data.labels[row];
            self.signs[lane] = if label { 1.0 } else { -1.0 };
            self.weights[lane] = data.weight(row) * factors[usize::from(label)];
        }
        self.signs[count..].fill(1.0);
        self.weights[count..].fill(0.0);
        if count < BLOCK {
            columns.fill(0.0);
        }
        // Eight rows at a time, which is a line of the cache in each column.
        for lane in (0..count).step_by(LANES) {
            let row = |at: usize| data.row(part.row(rows.start + at));
            if lane + LANES <= count {
                let group: [&[f64]; LANES] = std::array::from_fn(|at| row(lane + at));
                for (feature, shift) in data.shift.iter().enumerate() {
                    let column = &mut columns[feature * STRIDE + lane..][..LANES];
                    for (value, row) in column.iter_mut().zip(group) {
                        *value = row[feature] - shift;
                    }
                }
            } else {
                for lane in lane..count {
                    for (feature, (value, shift)) in row(lane).iter().zip(&data.shift).enumerate() {
                        columns[feature * STRIDE + lane] = value - shift;
                    }
                }
            }
        }
    }

    /// η of each row; gives whether all numbers are beyond suspicion.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn margins(&mut self, columns: &[f64], coefficients: &[f64]) -> bool {
        let mut sound = [true; LANES];
        self.scores.fill(coefficients[coefficients.len() - 1]);
        for (column, coefficient) in columns.chunks_exact(STRIDE).zip(coefficients) {
            let (scores, _) = self.scores.as_chunks_mut::<LANES>();
            let (values, _) = column.as_chunks::<LANES>();
            for (scores, values) in scores.iter_mut().zip(values) {
                for lane in 0..LANES {
                    scores[lane] = values[lane].mul_add(*coefficient, scores[lane]);
                    sound[lane] &= values[lane].abs() <= UNSUSPECTED;
                }
            }
        }
        sound.iter().all(|sound| *sound)
    }

    /// Adds the loss to its lanes, and leaves the derivatives.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn derive(&mut self, loss: &mut [f64; LANES]) {
        for start in (0..BLOCK).step_by(LANES) {
            for (lane, loss) in loss.iter_mut().enumerate() {
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
    fn gradient(&self, columns: &[f64], gradient: &mut [[f64; LANES]]) {
        let (slopes, _) = self.slopes.as_chunks::<LANES>();
        let (intercept, gradient) = match gradient.split_last_mut() {
            Some((intercept, gradient)) => (intercept, gradient),
            None => return,
        };
        for slopes in slopes {
            for lane in 0..LANES {
                intercept[lane] += slopes[lane];
            }
        }
        for (sums, columns) in gradient.chunks_mut(TILE).zip(columns.chunks(TILE * STRIDE)) {
            if let (Ok(sums), Ok(columns)) = (
                <&mut [[f64; LANES]; TILE]>::try_from(&mut *sums),
                <&[f64; TILE * STRIDE]>::try_from(columns),
            ) {
                let mut chains = *sums;
                for (number, slopes) in slopes.iter().enumerate() {
                    for (column, chain) in chains.iter_mut().enumerate() {
                        let values = &columns[column * STRIDE + number * LANES..][..LANES];
                        for lane in 0..LANES {
                            chain[lane] = values[lane].mul_add(slopes[lane], chain[lane]);
                        }
                    }
                }
                *sums = chains;
            } else {
                for (sum, column) in sums.iter_mut().zip(columns.chunks_exact(STRIDE)) {
                    let (values, _) = column.as_chunks::<LANES>();
                    for (values, slopes) in values.iter().zip(slopes) {
                        for lane in 0..LANES {
                            sum[lane] = values[lane].mul_add(slopes[lane], sum[lane]);
                        }
                    }
                }
            }
        }
    }

    /// Each row times the root of its second derivative, the intercept's column being that root.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn scale(&self, columns: &mut [f64], dims: usize) {
        for column in columns[..dims * STRIDE].chunks_exact_mut(STRIDE) {
            for (value, root) in column.iter_mut().zip(&self.roots) {
                *value *= root;
            }
        }
        columns[dims * STRIDE..][..BLOCK].copy_from_slice(&self.roots);
    }
}

/// Adds the products of all columns with each other to the lanes of their tiles, the upper triangle row by row.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn products<S: Simd>(simd: S, columns: &[f64], tiles: &mut [[[f64; LANES]; TILE * TILE]]) {
    let mut tiles = tiles.iter_mut();
    let across = columns.len() / (TILE * STRIDE);
    for i in 0..across {
        for j in i..across {
            let Some(tile) = tiles.next() else { return };
            product(simd, &columns[i * TILE * STRIDE..], &columns[j * TILE * STRIDE..], tile);
        }
    }
}

/// The products of four columns with four. Registers narrower than a sum's lanes go over the rows several times.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn product<S: Simd>(simd: S, left: &[f64], right: &[f64], tile: &mut [[f64; LANES]; TILE * TILE]) {
    let strips = LANES / S::F64_LANES;
    let registers = BLOCK / S::F64_LANES;
    let column = |columns, at: usize| {
        let columns: &[f64] = columns;
        &S::as_simd_f64s(&columns[at * STRIDE..][..BLOCK]).0[..registers]
    };
    let left: [&[S::f64s]; TILE] = std::array::from_fn(|at| column(left, at));
    let right: [&[S::f64s]; TILE] = std::array::from_fn(|at| column(right, at));
    for strip in 0..strips {
        let mut sums = [[simd.splat_f64s(0.0); TILE]; TILE];
        for (at, lanes) in tile.iter().enumerate() {
            sums[at / TILE][at % TILE] = S::as_simd_f64s(lanes).0[strip];
        }
        let mut at = strip;
        while at < registers {
            let b: [S::f64s; TILE] = std::array::from_fn(|column| right[column][at]);
            for (sums, left) in sums.iter_mut().zip(&left) {
                let a = left[at];
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = simd.mul_add_f64s(a, b, *sum);
                }
            }
            at += strips;
        }
        for (at, lanes) in tile.iter_mut().enumerate() {
            S::as_mut_simd_f64s(lanes).0[strip] = sums[at / TILE][at % TILE];
        }
    }
}
