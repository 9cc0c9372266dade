//! What a fit of plain numbers found.

use std::fmt;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::arithmetic::Centroids;
use super::blocks::CHUNK;
use super::limits::{LimitsCertificate, Merge, place};
use super::points::{Extent, row_by_row};
use super::road::Road;
use crate::error::{Error, Result};
use crate::layout::{TextTable, grouped, percent};

/// The clusters of a set of points.
///
/// Clusters stand in descending order of their weight, equally heavy ones in that of their centroids, coordinate by
/// coordinate; so the same clusters have the same numbers, whatever start led to them. None is empty.
#[derive(Clone, PartialEq)]
pub struct KMeansFit {
    pub(super) labels: Vec<u32>,
    pub(super) centroids: Array2<f64>,
    pub(super) sizes: Vec<u64>,
    pub(super) weights: Vec<f64>,
    pub(super) inertia: f64,
    pub(super) clusters: usize,
    pub(super) iterations: u32,
    pub(super) converged: bool,
    pub(super) restart: u32,
    pub(super) road: Road,
    pub(super) distinct: Option<u64>,
    pub(super) prices: Option<Vec<f64>>,
    pub(super) certificate: Option<LimitsCertificate>,
    pub(super) merges: Vec<Merge>,
}

impl KMeansFit {
    /// The cluster of each point, by row.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The clusters' centroids: a row for each cluster, a column for each feature.
    #[must_use]
    pub fn centroids(&self) -> ArrayView2<'_, f64> {
        self.centroids.view()
    }

    /// Points per cluster.
    #[must_use]
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// Weight per cluster; its size where points have no weights.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The sum of squared distances of the points from their centroids, times their weights: the nearest float to the
    /// exact sum.
    #[must_use]
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// How many clusters there are: those asked for, or fewer where there are not as many distinct points.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.sizes.len()
    }

    /// How many clusters were asked for.
    #[must_use]
    pub fn clusters_asked(&self) -> usize {
        self.clusters
    }

    /// Iterations of the best restart.
    #[must_use]
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Whether its last iteration moved no point, or its centroids by no more than the tolerance.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// Which restart was best, from 0.
    #[must_use]
    pub fn restart(&self) -> u32 {
        self.restart
    }

    /// The road that was taken to the nearest centroids: the one that did the most.
    #[must_use]
    pub fn road(&self) -> Road {
        self.road
    }

    /// How many distinct points there are, where so many were equal that they were merged.
    #[must_use]
    pub fn merged(&self) -> Option<u64> {
        self.distinct
    }

    /// Under limits kept by prices, what is taken off the squared distances from each centroid: positive where a minimum
    /// draws customers in, negative where a maximum keeps them out.
    #[must_use]
    pub fn prices(&self) -> Option<&[f64]> {
        self.prices.as_deref()
    }

    /// Under limits kept by prices, how far the assignment can be from the best one for these centroids.
    #[must_use]
    pub fn certificate(&self) -> Option<LimitsCertificate> {
        self.certificate
    }

    /// Under limits kept by merging, the merges in their order. After each round of them the clusters are fitted anew, so
    /// that a merge names clusters by their numbers at the start of its round.
    #[must_use]
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The nearest centroid of other points, less its price where there are prices; of equally near ones the first, which
    /// during the fit, when clusters were in another order, may have been another. O(points · clusters · features).
    ///
    /// # Errors
    /// [`Error::Setting`] for points of another width, [`Error::Coordinate`] for a number that is not finite.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn predict(&self, points: ArrayView2<'_, f64>) -> Result<Vec<u32>> {
        predict(&points, &self.centroids, self.prices.as_deref())
    }
}

/// The nearest of some centroids for each point, less their prices.
pub(crate) fn predict(
    points: &ArrayView2<'_, f64>,
    centroids: &Array2<f64>,
    prices: Option<&[f64]>,
) -> Result<Vec<u32>> {
    let dims = centroids.ncols();
    if points.ncols() != dims {
        return Err(Error::Setting {
            setting: "points",
            found: format!("{} features", points.ncols()),
            expected: "as many features as the centroids have",
        });
    }
    if points.nrows() == 0 {
        return Ok(Vec::new());
    }
    let values = row_by_row(points);
    Extent::of(&values, dims)?;
    if let Some(prices) = prices {
        return Ok(place(points.view(), centroids.view(), prices));
    }
    Ok(nearest_labels(&values, &Centroids::new(centroids.iter().copied().collect(), dims)))
}

/// The nearest centroid of each row.
pub(crate) fn nearest_labels(values: &[f64], centroids: &Centroids) -> Vec<u32> {
    let dims = centroids.dims();
    let mut labels = vec![0; values.len() / dims];
    labels.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK * dims)).for_each(|(labels, values)| {
        pulp::Arch::new().dispatch(Label { labels, values, centroids });
    });
    labels
}

struct Label<'a> {
    labels: &'a mut [u32],
    values: &'a [f64],
    centroids: &'a Centroids,
}

impl pulp::WithSimd for Label<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for (label, point) in self.labels.iter_mut().zip(self.values.chunks_exact(self.centroids.dims())) {
            *label = self.centroids.nearest(point).index as u32;
        }
    }
}

impl fmt::Display for KMeansFit {
    /// Size, share and centroid of each cluster, and how the fit ended.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(&["cluster", "points", "share", "<centroid"]);
        let points = self.labels.len();
        for (cluster, size) in self.sizes.iter().enumerate() {
            let share = percent((points > 0).then(|| *size as f64 / points as f64));
            let shown =
                self.centroids.row(cluster).iter().take(6).map(|x| format!("{x:.3}")).collect::<Vec<_>>();
            let more = if self.centroids.ncols() > 6 { ", …" } else { "" };
            table.row([cluster.to_string(), grouped(*size), share, format!("({}{more})", shown.join(", "))]);
        }
        write!(f, "{table}")?;
        let end = if self.converged { "converged after" } else { "stopped after" };
        write!(f, "inertia {:.6}, {end} {} iterations", self.inertia, self.iterations)
    }
}

impl fmt::Debug for KMeansFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KMeansFit")
            .field("points", &self.labels.len())
            .field("sizes", &self.sizes)
            .field("inertia", &self.inertia)
            .field("iterations", &self.iterations)
            .field("converged", &self.converged)
            .finish_non_exhaustive()
    }
}
