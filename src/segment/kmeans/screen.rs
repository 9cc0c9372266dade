//! The rough look: the nearest and the second nearest centroid of 64 points at once, in 32-bit floats.
//!
//! It decides nothing by itself. For a point ŷ and a centroid ẑ in the rough frame it computes `½|ẑ|² − ŷ·ẑ`, half of
//! what their squared distance is above |ŷ|², with one fused multiplication a feature. Where the second nearest is
//! farther than the nearest by more than every rounding error together, the exact arithmetic would have
//! chosen the same; where it is not, the caller asks the exact arithmetic.
//!
//! The proof. Let ε = 2⁻²⁴, d features, Z the longest rough centroid, R = |ŷ| + Z. Rounding a coordinate into the frame
//! moves a point by at most 1.02 ε |ŷ| and a centroid by 1.02 ε Z, so a distance by η = 1.02 ε R. A chain of d fused
//! multiplications that starts at a rounded ½|ẑ|² is off by at most (d + 1) ε (½Z² + |ŷ| Z) ≤ ½ (d + 1) ε R². So
//! the difference of two true squared distances is that of twice the scores up to 2 (d + 1) ε R² + 4 η R. The exact
//! arithmetic in turn errs by (d + 2) 2⁻⁵³ of a squared distance that is below 1.1 R². Hence a gap of scores above
//! (d + 4) ε R² is safe; R² ≤ 2 (|ŷ|² + Z²) spares the root, and 1.1 pays for the rounding of the bound itself.
//!
//! Near zero errors are absolute instead. Each operation on 32-bit floats adds at most 2⁻¹⁵⁰ and each coordinate is off by
//! as much, so two scores differ by less than (d + 4) 2⁻¹⁴⁸ more; the squares of the exact arithmetic, which the frame
//! enlarges to at most 2⁸⁰⁰ times, are off by d 2⁻²⁷⁴. A gap that is wider by 10⁻³⁰ pays for both.
//!
//! Tried and dropped: differences instead of products (twice the work); the index in the lowest bits of the score (one
//! operation fewer, but five bits of the gap's precision).

use pulp::Simd;

use super::arithmetic::Centroids;
use super::blocks::{BLOCK, Frame};

/// The relative rounding error of 32-bit floats.
pub(crate) const EPSILON: f32 = f32::EPSILON / 2.0;

/// Registers of points that are worked on together.
const REGISTERS: usize = 4;

/// Centroids that are worked on together.
const GROUP: usize = 4;

/// A gap of scores below this is none, whatever the points: products have lost their digits there.
const SMALLEST: f32 = 1e-30;

/// Rough centroids longer than this are not worth a look: the points are within a few units of the middle.
const FARTHEST: f64 = 1_048_576.0;

/// Centroids in the rough frame.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    /// Half the squared norm; infinite where a group is not full.
    halves: Vec<[f32; GROUP]>,
    /// The coordinates with the sign turned, in a group feature by feature.
    turned: Vec<[f32; GROUP]>,
    /// The longest centroid.
    pub(crate) reach: f32,
    /// A gap of scores must exceed this times (|ŷ|² + `reach`²).
    tolerance: f32,
    /// The part of it that all points share, and a floor below which 32-bit floats have no digits left.
    floor: f32,
    dims: usize,
}

/// What the rough look saw of each of 64 points.
pub(crate) struct Seen {
    pub(crate) index: [u32; BLOCK],
    pub(crate) nearest: [f32; BLOCK],
    pub(crate) second: [f32; BLOCK],
}

impl Seen {
    pub(crate) fn new() -> Self {
        Self { index: [0; BLOCK], nearest: [0.0; BLOCK], second: [0.0; BLOCK] }
    }
}

impl Screen {
    /// `None` where a centroid is so far from the points that 32-bit floats cannot tell.
    pub(crate) fn new(centroids: &Centroids, frame: &Frame) -> Option<Self> {
        let dims = centroids.dims();
        let rough: Vec<f32> = centroids
            .rows()
            .chunks_exact(dims)
            .flat_map(|row| row.iter().enumerate().map(|(feature, value)| frame.rough(feature, *value)))
            .collect();
        let squared = |row: &[f32]| row.iter().map(|z| f64::from(*z) * f64::from(*z)).sum::<f64>();
        let longest = rough.chunks_exact(dims).map(squared).fold(0.0, f64::max).sqrt();
        let groups = rough.chunks(GROUP * dims);
        let halves = groups.clone().map(|group| {
            std::array::from_fn(|lane| {
                group
                    .get(lane * dims..)
                    .filter(|rest| !rest.is_empty())
                    .map_or(f32::INFINITY, |rest| (squared(&rest[..dims]) / 2.0) as f32)
            })
        });
        let turned = groups.clone().flat_map(|group| {
            (0..dims).map(move |feature| {
                std::array::from_fn(|lane| group.get(lane * dims + feature).map_or(0.0, |z| -z))
            })
        });
        let reach = longest as f32 * 1.000_001;
        let tolerance = 2.2 * (dims as f32 + 4.0) * EPSILON;
        // Also not where the longest is no number.
        (longest < FARTHEST).then(|| Self {
            halves: halves.collect(),
            turned: turned.collect(),
            reach,
            tolerance,
            floor: tolerance * (reach * reach) + SMALLEST,
            dims,
        })
    }

    /// The gap of scores that leaves no doubt, for a point with a squared norm.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    pub(crate) fn doubt(&self, squared_norm: f32) -> f32 {
        self.tolerance * squared_norm + self.floor
    }

    /// Looks at 64 points, which lie feature by feature.
    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    pub(crate) fn look<S: Simd>(&self, simd: S, points: &[f32], seen: &mut Seen) {
        let lanes = S::F32_LANES;
        let width = REGISTERS * lanes;
        for strip in 0..BLOCK / width {
            let mut nearest = [simd.splat_f32s(f32::INFINITY); REGISTERS];
            let mut second = nearest;
            let mut index = [simd.splat_u32s(0); REGISTERS];
            let mut number = 0;
            for (halves, turned) in self.halves.iter().zip(self.turned.chunks_exact(self.dims)) {
                let mut scores = halves.map(|half| [simd.splat_f32s(half); REGISTERS]);
                for (z, column) in turned.iter().zip(points.chunks_exact(BLOCK)) {
                    let (column, _) = S::as_simd_f32s(&column[strip * width..][..width]);
                    for (scores, z) in scores.iter_mut().zip(z) {
                        let z = simd.splat_f32s(*z);
                        for (score, y) in scores.iter_mut().zip(column) {
                            *score = simd.mul_add_f32s(z, *y, *score);
                        }
                    }
                }
                for scores in scores {
                    let this = simd.splat_u32s(number);
                    number += 1;
                    for at in 0..REGISTERS {
                        let score = scores[at];
                        second[at] = simd.min_f32s(second[at], simd.max_f32s(nearest[at], score));
                        index[at] =
                            simd.select_u32s(simd.less_than_f32s(score, nearest[at]), this, index[at]);
                        nearest[at] = simd.min_f32s(nearest[at], score);
                    }
                }
            }
            let of = strip * width..(strip + 1) * width;
            S::as_mut_simd_f32s(&mut seen.nearest[of.clone()]).0.copy_from_slice(&nearest);
            S::as_mut_simd_f32s(&mut seen.second[of.clone()]).0.copy_from_slice(&second);
            S::as_mut_simd_u32s(&mut seen.index[of]).0.copy_from_slice(&index);
        }
    }
}
