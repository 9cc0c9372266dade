//! A rough copy of the points for the vector units: 32-bit floats, in blocks of 64 points that lie feature by feature.
//!
//! The copy is shifted to the middle of the points and scaled by a power of two, so that no coordinate leaves [−2, 2]
//! and its rounding errors are relative to the spread of the points, not to their distance from the origin.

use rayon::prelude::*;

use super::points::{Points, exponent_above, power_of_two};

/// Points in a block: four registers of 512 bits, and a whole number of registers of any size.
pub(crate) const BLOCK: usize = 64;

/// Blocks that one task works on.
pub(crate) const CHUNK_BLOCKS: usize = 128;

/// Points that one task works on.
pub(crate) const CHUNK: usize = BLOCK * CHUNK_BLOCKS;

/// Where the rough copy's coordinates come from: `(x − middle) · scale`.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) middle: Vec<f64>,
    pub(crate) scale: f64,
}

/// The rough copy.
pub(crate) struct Blocks {
    frame: Frame,
    /// Block by block, in a block feature by feature, in a feature point by point; zeros beyond the last point.
    values: Vec<f32>,
    /// The squared norm of each rough point, rounded like any sum of 32-bit floats.
    squared_norms: Vec<f32>,
    /// No rough point is farther from the middle.
    reach: f32,
    dims: usize,
}

impl Frame {
    /// Around `middle`, for points no coordinate of which is farther from it than `spread`.
    pub(crate) fn new(middle: Vec<f64>, spread: f64) -> Self {
        // The power of two that brings the spread into [1/2, 1); 1 where all points are equal. Where squares are next to
        // nothing, as on the grid of the sums, it is no larger: the rough look must not tell what the exact one cannot.
        let scale = if spread > 0.0 { power_of_two(-exponent_above(spread).max(-400)) } else { 1.0 };
        Self { middle, scale }
    }

    /// A coordinate in the frame.
    pub(crate) fn rough(&self, feature: usize, value: f64) -> f32 {
        rough(value, self.middle[feature], self.scale)
    }

    /// At most 64 points, row by row, into a block; lanes beyond them keep what they had.
    ///
    /// Not compiled for the vector units: their gathering instructions take longer than single numbers.
    #[inline(never)]
    pub(crate) fn transpose(&self, points: &[f64], block: &mut [f32]) {
        let dims = self.middle.len();
        for (feature, (column, middle)) in block.chunks_exact_mut(BLOCK).zip(&self.middle).enumerate() {
            let values = points[feature..].iter().step_by(dims);
            for (lane, value) in column.iter_mut().zip(values) {
                *lane = rough(*value, *middle, self.scale);
            }
        }
    }
}

#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn rough(value: f64, middle: f64, scale: f64) -> f32 {
    ((value - middle) * scale) as f32
}

impl Blocks {
    /// Four bytes a number, and one pass over the points.
    pub(crate) fn new(points: &Points<'_>, frame: Frame) -> Self {
        let dims = points.dims();
        let blocks = points.len().div_ceil(BLOCK);
        let mut values = vec![0.0; blocks * BLOCK * dims];
        let mut squared_norms = vec![0.0; blocks * BLOCK];
        let reach = values
            .par_chunks_mut(CHUNK * dims)
            .zip(squared_norms.par_chunks_mut(CHUNK))
            .enumerate()
            .map(|(chunk, (values, squared_norms))| {
                let first = chunk * CHUNK;
                pulp::Arch::new().dispatch(Copy { frame: &frame, points, first, values, squared_norms })
            })
            .reduce(|| 0.0, f32::max);
        // The norm's own rounding error is far below a thousandth.
        Self { frame, values, squared_norms, reach: reach.sqrt() * 1.001, dims }
    }

    pub(crate) fn frame(&self) -> &Frame {
        &self.frame
    }

    pub(crate) fn reach(&self) -> f32 {
        self.reach
    }

    /// The values and squared norms of a chunk of blocks.
    pub(crate) fn chunk(&self, chunk: usize) -> (&[f32], &[f32]) {
        let values = chunk * CHUNK * self.dims..;
        let values = &self.values[values];
        let squared_norms = &self.squared_norms[chunk * CHUNK..];
        (&values[..values.len().min(CHUNK * self.dims)], &squared_norms[..squared_norms.len().min(CHUNK)])
    }
}

/// Copies a chunk of points; gives the largest squared norm.
struct Copy<'a> {
    frame: &'a Frame,
    points: &'a Points<'a>,
    /// The row of the chunk's first point.
    first: usize,
    values: &'a mut [f32],
    squared_norms: &'a mut [f32],
}

impl pulp::WithSimd for Copy<'_> {
    type Output = f32;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> f32 {
        let dims = self.points.dims();
        let mut largest = 0.0_f32;
        let blocks =
            self.values.chunks_exact_mut(BLOCK * dims).zip(self.squared_norms.chunks_exact_mut(BLOCK));
        for (number, (block, norms)) in blocks.enumerate() {
            let start = self.first + number * BLOCK;
            let count = (self.points.len() - start).min(BLOCK);
            self.frame.transpose(&self.points.values()[start * dims..(start + count) * dims], block);
            for column in block.chunks_exact(BLOCK) {
                for (norm, value) in norms.iter_mut().zip(column) {
                    *norm = value.mul_add(*value, *norm);
                }
            }
            largest = norms.iter().fold(largest, |largest, norm| largest.max(*norm));
        }
        largest
    }
}
