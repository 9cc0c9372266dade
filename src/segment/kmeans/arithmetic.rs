//! The one arithmetic that decides: every road to the nearest centroid ends in these few lines, or proves that they
//! would have decided the same.
//!
//! A squared distance adds the squares of `x − c` feature by feature, in order, each with one rounding
//! ([`f64::mul_add`]). Its rounding error is relative to the distance itself, also far from the origin, because
//! nothing is subtracted from anything but the two coordinates. The lowest index wins a tie.

/// The squared distance of a point from a centroid.
#[expect(
    clippy::inline_always,
    reason = "it takes the vector units of its caller, a fused multiplication above all"
)]
#[inline(always)]
pub(crate) fn squared_distance(point: &[f64], centroid: &[f64]) -> f64 {
    point.iter().zip(centroid).fold(0.0, |sum, (x, c)| {
        let t = x - c;
        t.mul_add(t, sum)
    })
}

/// Centroids side by side, feature by feature, so that one point meets [`LANES`] of them at once.
#[derive(Clone, Debug)]
pub(crate) struct Centroids {
    /// Row by row, as given.
    rows: Vec<f64>,
    /// Groups of centroids; in a group feature by feature, in a feature lane by lane.
    groups: Vec<[f64; LANES]>,
    dims: usize,
}

/// Centroids that are compared at once: one register of 512 bits, or two of 256.
const LANES: usize = 8;

/// The nearest centroid.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Nearest {
    pub(crate) index: usize,
    pub(crate) squared_distance: f64,
}

impl Centroids {
    /// Of rows of `dims` numbers, `dims` at least 1.
    pub(crate) fn new(rows: Vec<f64>, dims: usize) -> Self {
        let groups = rows
            .chunks(LANES * dims)
            .flat_map(|group| {
                // A lane without a centroid is infinitely far from every point.
                (0..dims).map(move |feature| {
                    std::array::from_fn(|lane| {
                        group.get(lane * dims + feature).copied().unwrap_or(f64::INFINITY)
                    })
                })
            })
            .collect();
        Self { rows, groups, dims }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len() / self.dims
    }

    pub(crate) fn dims(&self) -> usize {
        self.dims
    }

    /// All of them, row by row.
    pub(crate) fn rows(&self) -> &[f64] {
        &self.rows
    }

    pub(crate) fn row(&self, index: usize) -> &[f64] {
        &self.rows[index * self.dims..][..self.dims]
    }

    /// The squared distances from the first eight centroids, infinite where there are fewer.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    pub(crate) fn first_distances(&self, point: &[f64]) -> [f64; LANES] {
        distances(point, &self.groups[..self.dims])
    }

    /// The nearest centroid of a point, the lowest of equally near ones.
    ///
    /// Lane by lane the additions are those of [`squared_distance`], so the bits are the same.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    pub(crate) fn nearest(&self, point: &[f64]) -> Nearest {
        let mut nearest = Nearest { index: 0, squared_distance: f64::INFINITY };
        for (group, features) in self.groups.chunks_exact(self.dims).enumerate() {
            for (lane, sum) in distances(point, features).iter().enumerate() {
                if *sum < nearest.squared_distance {
                    nearest = Nearest { index: group * LANES + lane, squared_distance: *sum };
                }
            }
        }
        nearest
    }
}

/// The squared distances from a group of centroids, lane by lane as in [`squared_distance`].
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn distances(point: &[f64], group: &[[f64; LANES]]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for (x, centroids) in point.iter().zip(group) {
        for (sum, c) in sums.iter_mut().zip(centroids) {
            let t = x - c;
            *sum = t.mul_add(t, *sum);
        }
    }
    sums
}
