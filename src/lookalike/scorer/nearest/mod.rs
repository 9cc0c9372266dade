//! The nearest seeds of every customer, exactly.

mod exact;
mod frame;
mod lanes;
mod scan;
mod score;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::numeric::LARGEST;
use exact::{Neighbour, exact_nearest};
use frame::{BLOCK, Frame, MOST_DIMS, WholePoints, WholeSeeds, rough_error};
use scan::{Found, Scan};

pub(crate) use score::NearestScore;

/// Points that one task works on.
const CHUNK: usize = 16 * BLOCK;

/// Seeds that points can ask which of them are nearest: exactly, and about as fast as the processor multiplies.
///
/// For k-nearest-seed scores, duplicates and anything else that needs the k nearest of a few thousand rows for millions
/// of others. Distances are Euclidean, on the numbers as given: scale or whiten them first.
///
/// **How.** Seeds and points are brought to 16-bit whole numbers, with which a proven bound rules out nearly all seeds
/// without rounding anything; the few that are left, about k and one more, are decided in 64-bit floats. So the answer is
/// to the bit that of a plain loop that adds the squared differences dimension by dimension, each with one rounding
/// ([`f64::mul_add`]), and takes the smallest with the lowest index first among equals.
///
/// **Time.** O(points · seeds · dimensions), on all processors: about two multiplications for each of 32 16-bit numbers a
/// cycle where there are vector units of 512 bits. The ten nearest of 10,000 seeds in 20 dimensions take about three times as
/// long as one 64-bit multiplication for each point, seed and dimension would at the processor's peak rate. Each candidate
/// that comes near costs O(k) more. Seeds or points very far out (sixteen times as far from the middle as most of their kind)
/// cost as much as in the plain loop. Memory: ten bytes a number of the seeds, and the result.
///
/// ```
/// use kohort::lookalike::NearestSeeds;
/// use kohort::ndarray::array;
///
/// let seeds = array![[0.0, 0.0], [3.0, 4.0], [10.0, 0.0]];
/// let nearest = NearestSeeds::new(seeds.view(), 2)?;
/// let (squared, index) = nearest.distances(array![[0.0, 1.0], [9.0, 0.0]].view())?;
/// assert_eq!(squared, array![[1.0, 18.0], [1.0, 52.0]]);
/// assert_eq!(index, array![[0, 1], [2, 1]]);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct NearestSeeds {
    /// Row by row.
    seeds: Vec<f64>,
    dims: usize,
    k: usize,
    frame: Frame,
    whole: WholeSeeds,
}

impl std::fmt::Debug for NearestSeeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NearestSeeds")
            .field("seeds", &self.len())
            .field("dims", &self.dims)
            .field("k", &self.k)
            .finish_non_exhaustive()
    }
}

impl NearestSeeds {
    /// Of seeds, a row each, to be asked for the `k` nearest; for all of them where there are fewer.
    ///
    /// # Errors
    /// [`Error::Empty`] without seeds or dimensions, [`Error::Setting`] where `k` is 0 or there are more seeds than
    /// 4,294,967,295, [`Error::Coordinate`] for a number that is not finite or beyond 1e100.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn new(seeds: ArrayView2<'_, f64>, k: usize) -> Result<Self> {
        let dims = seeds.ncols();
        if seeds.is_empty() {
            return Err(Error::Empty {
                what: "the matrix of seeds",
                hint: "nearest seeds need at least one seed with values, and one dimension",
            });
        }
        if k == 0 {
            return Err(Error::Setting { setting: "k", found: "0".into(), expected: "at least 1" });
        }
        if u32::try_from(seeds.nrows()).is_err() {
            return Err(Error::Setting {
                setting: "seeds",
                found: format!("{} rows", seeds.nrows()),
                expected: "at most 4,294,967,295",
            });
        }
        let values: Vec<f64> = seeds.iter().copied().collect();
        check(&values, dims)?;
        Ok(Self::of(values, dims, k))
    }

    /// Of at least one row of usable numbers.
    pub(crate) fn of(seeds: Vec<f64>, dims: usize, k: usize) -> Self {
        let frame = Frame::of(&seeds, dims);
        let whole = WholeSeeds::new(&seeds, dims, &frame);
        Self { k: k.min(seeds.len() / dims), seeds, dims, frame, whole }
    }

    /// The seeds, row by row.
    pub(crate) fn values(&self) -> &[f64] {
        &self.seeds
    }

    /// How many seeds there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is at least one seed")]
    pub fn len(&self) -> usize {
        self.seeds.len() / self.dims
    }

    /// How many neighbours a point gets: k, or the number of seeds where that is smaller.
    #[must_use]
    pub fn neighbours(&self) -> usize {
        self.k
    }

    /// The squared distances of each point's nearest seeds, ascending, and the rows of these seeds; of equally near ones the
    /// first.
    ///
    /// # Errors
    /// [`Error::Setting`] for points of another width, [`Error::Coordinate`] for a number that is not finite or beyond
    /// 1e100.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn distances(&self, points: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<u32>)> {
        if points.ncols() != self.dims {
            return Err(Error::Setting {
                setting: "points",
                found: format!("{} dimensions", points.ncols()),
                expected: "as many dimensions as the seeds have",
            });
        }
        let owned: Vec<f64>;
        let values = if let Some(values) = points.as_slice() {
            values
        } else {
            owned = points.iter().copied().collect();
            &owned
        };
        check(values, self.dims)?;
        let shape = (points.nrows(), self.k);
        let mut squared = vec![0.0; shape.0 * shape.1];
        let mut index = vec![0; shape.0 * shape.1];
        values
            .par_chunks(CHUNK * self.dims)
            .zip(squared.par_chunks_mut(CHUNK * self.k))
            .zip(index.par_chunks_mut(CHUNK * self.k))
            .for_each(|((values, squared), index)| {
                let places = squared.iter_mut().zip(index);
                self.chunk(values, places, |(squared, index), neighbour| {
                    *squared = neighbour.squared;
                    *index = neighbour.seed;
                });
            });
        Ok((
            Array2::from_shape_vec(shape, squared).unwrap_or_default(),
            Array2::from_shape_vec(shape, index).unwrap_or_default(),
        ))
    }

    /// The neighbours of some points, one point's after the other's, each put into its place.
    pub(crate) fn chunk<P>(
        &self,
        points: &[f64],
        places: impl IntoIterator<Item = P>,
        mut put: impl FnMut(P, Neighbour),
    ) {
        let mut places = places.into_iter();
        let coarser = self.frame.fitting(points);
        let requantised = coarser.as_ref().map(|frame| WholeSeeds::new(&self.seeds, self.dims, frame));
        let frame = coarser.as_ref().unwrap_or(&self.frame);
        let whole = requantised.as_ref().unwrap_or(&self.whole);
        let mut block = WholePoints::new(self.dims);
        let mut found = Found::new(self.k);
        let mut nearest = Vec::new();
        let arch = pulp::Arch::new();
        let error = rough_error(self.dims);
        for points in points.chunks(BLOCK * self.dims) {
            if self.dims <= MOST_DIMS {
                let scan =
                    Scan { rows: points, frame, seeds: whole, points: &mut block, error, found: &mut found };
                arch.dispatch(scan);
            }
            for (lane, point) in points.chunks_exact(self.dims).enumerate() {
                let takes_part = !block.norms[lane].is_nan();
                let among = takes_part.then(|| [found.asked[lane].as_slice(), whole.far.as_slice()]);
                exact_nearest(arch, &self.seeds, point, among, self.k, &mut nearest);
                for (neighbour, place) in nearest.iter().zip(&mut places) {
                    put(place, *neighbour);
                }
            }
        }
    }
}

/// # Errors
/// [`Error::Coordinate`].
fn check(values: &[f64], dims: usize) -> Result<()> {
    // A NaN is at most nothing. Without a way out of the loop, for the vector units.
    let sound = |values: &[f64]| values.iter().fold(true, |sound, value| sound & (value.abs() <= LARGEST));
    if values.par_chunks(CHUNK * dims).all(sound) {
        return Ok(());
    }
    match values.iter().position(|value| !sound(&[*value])) {
        None => Ok(()),
        Some(at) => Err(Error::Coordinate { row: at / dims, feature: at % dims, found: values[at] }),
    }
}

#[cfg(test)]
mod tests;
