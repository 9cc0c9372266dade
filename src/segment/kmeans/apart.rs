//! How far points are from the centroids: where clusters without points go.

use rayon::prelude::*;

use super::arithmetic::Centroids;
use super::blocks::CHUNK;
use super::points::Points;

/// The squared distance of each point from the nearest of some centroids.
pub(crate) struct Apart(Vec<f64>);

impl Apart {
    /// From at least one centroid. O(points · centroids · features), and eight bytes a point.
    pub(crate) fn new(points: &Points<'_>, centroids: &Centroids) -> Self {
        let mut apart = Self(vec![f64::INFINITY; points.len()]);
        apart.approach(points, centroids);
        apart
    }

    /// Takes more centroids in.
    pub(crate) fn approach(&mut self, points: &Points<'_>, centroids: &Centroids) {
        let values = points.values().par_chunks(CHUNK * points.dims());
        self.0.par_chunks_mut(CHUNK).zip(values).for_each(|(distances, values)| {
            pulp::Arch::new().dispatch(Approach { distances, values, centroids });
        });
    }

    /// The farthest point, the first of equally far ones; `None` where no squared distance is above `least`.
    pub(crate) fn farthest(&self, least: f64) -> Option<usize> {
        let farther = |left: (f64, usize), right: (f64, usize)| {
            if right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)).is_gt() { right } else { left }
        };
        let rows = self.0.par_iter().enumerate().map(|(row, distance)| (*distance, row));
        let (distance, row) = rows.reduce(|| (0.0, usize::MAX), farther);
        (distance > least).then_some(row)
    }
}

struct Approach<'a> {
    distances: &'a mut [f64],
    values: &'a [f64],
    centroids: &'a Centroids,
}

impl pulp::WithSimd for Approach<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let points = self.values.chunks_exact(self.centroids.dims());
        for (distance, point) in self.distances.iter_mut().zip(points) {
            *distance = self.centroids.nearest(point).squared_distance.min(*distance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_farthest_points_is_found_in_any_chunk() {
        let mut values = vec![1.0; 3 * CHUNK + 5];
        let of = |values: &[f64], centroids: &[f64]| {
            Apart::new(&Points::new(values, 1), &Centroids::new(centroids.to_vec(), 1)).farthest(0.0)
        };
        assert_eq!(of(&values, &[1.0]), None);
        assert_eq!(of(&values, &[0.0]), Some(0));
        (values[CHUNK + 7], values[2 * CHUNK], values[3 * CHUNK + 4]) = (4.0, -2.0, 2.0);
        assert_eq!(of(&values, &[1.0]), Some(CHUNK + 7));
        assert_eq!(of(&values, &[1.0, 5.0, -2.0]), Some(CHUNK + 7));
        assert_eq!(of(&values, &[1.0, 4.0]), Some(2 * CHUNK));

        let points = Points::new(&values, 1);
        let mut apart = Apart::new(&points, &Centroids::new(vec![1.0, 4.0], 1));
        apart.approach(&points, &Centroids::new(vec![-2.0], 1));
        assert_eq!(apart.farthest(0.0), Some(3 * CHUNK + 4));
        assert_eq!((apart.farthest(0.999), apart.farthest(1.0)), (Some(3 * CHUNK + 4), None));
        apart.approach(&points, &Centroids::new(vec![2.0], 1));
        assert_eq!(apart.farthest(0.0), None);
    }
}
