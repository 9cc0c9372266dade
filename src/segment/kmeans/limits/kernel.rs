//! The distance loops of segments under limits: the only file here that knows how points lie in memory.
//!
//! Squared distances are those of all of k-means, to the bit: `t.mul_add(t, sum)` over the features in order, with
//! `t = x − c`. A *score* is a squared distance less the centroid's price; the lowest index wins a tie.

use std::borrow::Cow;

use pulp::Simd;
use rayon::prelude::*;

/// Points in a block: four registers of 512 bits.
const BLOCK: usize = 32;

/// Registers of points that are worked on together.
const REGISTERS: usize = 4;

/// Points that one task works on.
pub(super) const CHUNK: usize = 128 * BLOCK;

/// Points row by row, and once more in blocks for the vector units.
pub(super) struct Points<'a> {
    rows: Cow<'a, [f64]>,
    /// Block by block, in a block feature by feature, in a feature point by point; zeros beyond the last point.
    blocks: Vec<f64>,
    features: usize,
}

impl<'a> Points<'a> {
    /// Of rows of `features` numbers each, at least one.
    pub(super) fn new(rows: Cow<'a, [f64]>, features: usize) -> Self {
        let points = rows.len() / features;
        let mut blocks = vec![0.0; points.div_ceil(BLOCK) * BLOCK * features];
        blocks.par_chunks_mut(CHUNK * features).zip(rows.par_chunks(CHUNK * features)).for_each(
            |(blocks, rows)| {
                for (block, rows) in
                    blocks.chunks_exact_mut(BLOCK * features).zip(rows.chunks(BLOCK * features))
                {
                    for (lane, row) in rows.chunks_exact(features).enumerate() {
                        for (feature, value) in row.iter().enumerate() {
                            block[feature * BLOCK + lane] = *value;
                        }
                    }
                }
            },
        );
        Self { rows, blocks, features }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len() / self.features
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.rows[row * self.features..][..self.features]
    }
}

/// Centroids row by row, and column by column.
#[derive(Clone)]
pub(super) struct Centroids {
    rows: Vec<f64>,
    columns: Vec<f64>,
    features: usize,
}

impl Centroids {
    pub(super) fn new(rows: Vec<f64>, features: usize) -> Self {
        let count = rows.len() / features;
        let column = |feature: usize| (0..count).map(move |index| (feature, index));
        let columns =
            (0..features).flat_map(column).map(|(feature, index)| rows[index * features + feature]).collect();
        Self { rows, columns, features }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len() / self.features
    }

    pub(super) fn rows(&self) -> &[f64] {
        &self.rows
    }

    pub(super) fn into_rows(self) -> Vec<f64> {
        self.rows
    }

    /// The squared distances of a point from all of them.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn squared_distances(&self, point: &[f64], distances: &mut [f64]) {
        distances.fill(0.0);
        for (x, column) in point.iter().zip(self.columns.chunks_exact(distances.len())) {
            for (distance, c) in distances.iter_mut().zip(column) {
                let t = x - c;
                *distance = t.mul_add(t, *distance);
            }
        }
    }
}

/// Gives each point the label of its least score, and how much less it is than the second least: its gap.
///
/// Returns how many points each centroid has. O(points · centroids · features).
pub(super) fn label_all(
    points: &Points<'_>,
    centroids: &Centroids,
    prices: &[f64],
    labels: &mut [u32],
    gaps: &mut [f64],
) -> Vec<u64> {
    let chunks: Vec<Vec<u64>> = labels
        .par_chunks_mut(CHUNK)
        .zip(gaps.par_chunks_mut(CHUNK))
        .zip(points.blocks.par_chunks(CHUNK * points.features))
        .map(|((labels, gaps), blocks)| {
            pulp::Arch::new().dispatch(Label { blocks, centroids, prices, labels, gaps })
        })
        .collect();
    let mut counts = vec![0; centroids.len()];
    for chunk in &chunks {
        for (count, more) in counts.iter_mut().zip(chunk) {
            *count += more;
        }
    }
    counts
}

/// The kernel of [`label_all`] for a chunk.
struct Label<'a> {
    blocks: &'a [f64],
    centroids: &'a Centroids,
    prices: &'a [f64],
    labels: &'a mut [u32],
    gaps: &'a mut [f64],
}

impl pulp::WithSimd for Label<'_> {
    type Output = Vec<u64>;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<u64> {
        let features = self.centroids.features;
        let mut counts = vec![0; self.centroids.len()];
        let (mut found, mut lead) = ([0.0; BLOCK], [0.0; BLOCK]);
        let blocks = self.blocks.chunks_exact(BLOCK * features);
        for ((block, labels), gaps) in
            blocks.zip(self.labels.chunks_mut(BLOCK)).zip(self.gaps.chunks_mut(BLOCK))
        {
            nearest_two(simd, block, self.centroids, self.prices, &mut found, &mut lead);
            for ((label, gap), (index, lead)) in labels.iter_mut().zip(gaps).zip(found.iter().zip(&lead)) {
                *label = *index as u32;
                *gap = *lead;
                counts[*label as usize] += 1;
            }
        }
        counts
    }
}

/// Each point's index of the least score (as a float, to be selected like the scores), and its gap.
#[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
#[inline(always)]
fn nearest_two<S: Simd>(
    simd: S,
    block: &[f64],
    centroids: &Centroids,
    prices: &[f64],
    found: &mut [f64; BLOCK],
    lead: &mut [f64; BLOCK],
) {
    let width = REGISTERS * S::F64_LANES;
    for strip in (0..BLOCK).step_by(width) {
        let mut best = [simd.splat_f64s(f64::INFINITY); REGISTERS];
        let mut second = best;
        let mut index = [simd.splat_f64s(0.0); REGISTERS];
        for (number, (centroid, price)) in
            centroids.rows.chunks_exact(centroids.features).zip(prices).enumerate()
        {
            let mut sums = [simd.splat_f64s(0.0); REGISTERS];
            for (c, column) in centroid.iter().zip(block.chunks_exact(BLOCK)) {
                let c = simd.splat_f64s(*c);
                let (column, _) = S::as_simd_f64s(&column[strip..][..width]);
                for (sum, x) in sums.iter_mut().zip(column) {
                    let t = simd.sub_f64s(*x, c);
                    *sum = simd.mul_add_f64s(t, t, *sum);
                }
            }
            let (price, number) = (simd.splat_f64s(*price), simd.splat_f64s(number as f64));
            for at in 0..REGISTERS {
                let score = simd.sub_f64s(sums[at], price);
                second[at] = simd.min_f64s(second[at], simd.max_f64s(best[at], score));
                index[at] = simd.select_f64s(simd.less_than_f64s(score, best[at]), number, index[at]);
                best[at] = simd.min_f64s(best[at], score);
            }
        }
        for at in 0..REGISTERS {
            second[at] = simd.sub_f64s(second[at], best[at]);
        }
        S::as_mut_simd_f64s(&mut found[strip..][..width]).0.copy_from_slice(&index);
        S::as_mut_simd_f64s(&mut lead[strip..][..width]).0.copy_from_slice(&second);
    }
}

/// Calls `visit` with each of the rows and its squared distances from all centroids.
pub(super) fn visit_distances(
    points: &Points<'_>,
    centroids: &Centroids,
    rows: impl Iterator<Item = usize>,
    visit: impl FnMut(usize, &[f64]),
) {
    pulp::Arch::new().dispatch(Visit { points, centroids, rows, call: visit });
}

/// The kernel of [`visit_distances`].
struct Visit<'a, 'b, R, F> {
    points: &'a Points<'b>,
    centroids: &'a Centroids,
    rows: R,
    call: F,
}

impl<R: Iterator<Item = usize>, F: FnMut(usize, &[f64])> pulp::WithSimd for Visit<'_, '_, R, F> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let mut distances = vec![0.0; self.centroids.len()];
        for row in self.rows {
            self.centroids.squared_distances(self.points.row(row), &mut distances);
            (self.call)(row, &distances);
        }
    }
}

/// What the points of each label add up to, relative to its centroid.
pub(super) struct Moments {
    /// Per centroid and feature: the sum of `x − c`.
    pub(super) sums: Vec<f64>,
    /// The sum of all squared distances from the labels' centroids.
    pub(super) inertia: f64,
}

/// Adds up all points around their labels' centroids, in the order of chunks. O(points · features).
///
/// Relative to the centroids, because means far from the origin would lose digits.
pub(super) fn moments(points: &Points<'_>, centroids: &Centroids, labels: &[u32]) -> Moments {
    let chunks: Vec<Moments> = points
        .rows
        .par_chunks(CHUNK * points.features)
        .zip(labels.par_chunks(CHUNK))
        .map(|(rows, labels)| pulp::Arch::new().dispatch(AddUp { rows, labels, centroids }))
        .collect();
    let mut total = Moments { sums: vec![0.0; centroids.rows.len()], inertia: 0.0 };
    for chunk in &chunks {
        for (sum, more) in total.sums.iter_mut().zip(&chunk.sums) {
            *sum += more;
        }
        total.inertia += chunk.inertia;
    }
    total
}

/// The kernel of [`moments`] for a chunk.
struct AddUp<'a> {
    rows: &'a [f64],
    labels: &'a [u32],
    centroids: &'a Centroids,
}

impl pulp::WithSimd for AddUp<'_> {
    type Output = Moments;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Moments {
        let features = self.centroids.features;
        let mut sums = vec![0.0; self.centroids.rows.len()];
        let mut squares = vec![0.0; features];
        for (row, label) in self.rows.chunks_exact(features).zip(self.labels) {
            let first = *label as usize * features;
            let centroid = &self.centroids.rows[first..][..features];
            let sums = &mut sums[first..][..features];
            for (((x, c), sum), square) in row.iter().zip(centroid).zip(sums).zip(&mut squares) {
                let t = x - c;
                *sum += t;
                *square = t.mul_add(t, *square);
            }
        }
        Moments { sums, inertia: squares.iter().sum() }
    }
}
