//! What a stream has found when someone asks.

use std::fmt;

use ndarray::{Array2, ArrayView2};

use super::super::builder::Initialization;
use super::super::model::KMeansModel;
use super::super::order::heaviest_first;
use super::super::result::predict;
use super::running::Running;
use super::state::KMeansState;
use crate::error::Result;
use crate::features::ScalerModel;
use crate::layout::{TextTable, grouped, percent};

/// The clusters of a stream at one moment.
///
/// They stand in descending order of their weight, equally heavy ones in that of their centroids, coordinate by
/// coordinate. Those without weight are left out.
#[derive(Clone, PartialEq)]
pub struct KMeansStreamFit {
    centroids: Array2<f64>,
    weights: Vec<f64>,
    sizes: Vec<u64>,
    smoothed_inertia: Option<f64>,
    rows: u64,
    batches: u64,
    reassigned: u64,
    asked: usize,
}

impl KMeansStreamFit {
    pub(super) fn new(running: &Running, dims: usize, state: &KMeansState) -> Self {
        let row = |cluster: usize| &running.centroids[cluster * dims..][..dims];
        let order = heaviest_first(&running.weights, &running.centroids, dims);
        let centroids: Vec<f64> = order.iter().flat_map(|cluster| row(*cluster)).copied().collect();
        Self {
            centroids: Array2::from_shape_vec((order.len(), dims), centroids).unwrap_or_default(),
            weights: order.iter().map(|cluster| running.weights[*cluster]).collect(),
            sizes: order.iter().map(|cluster| running.counts[*cluster]).collect(),
            smoothed_inertia: state.smoothed_inertia(),
            rows: state.rows,
            batches: state.batches,
            reassigned: state.reassigned,
            asked: state.stream.clusters,
        }
    }

    /// The clusters' centroids: a row for each cluster, a column for each feature.
    #[must_use]
    pub fn centroids(&self) -> ArrayView2<'_, f64> {
        self.centroids.view()
    }

    /// The weight of the rows that went to each centroid as they came, in all passes; older ones less where there is a
    /// half-life.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The rows that went to each centroid as they came, in all passes. Which rows are nearest to the centroids where
    /// they stand now, [`predict`](Self::predict) tells.
    #[must_use]
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// See [`KMeansState::smoothed_inertia`].
    #[must_use]
    pub fn smoothed_inertia(&self) -> Option<f64> {
        self.smoothed_inertia
    }

    /// How many clusters there are: those asked for, or fewer where some never got a row.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.weights.len()
    }

    /// How many clusters were asked for.
    #[must_use]
    pub fn clusters_asked(&self) -> usize {
        self.asked
    }

    /// Rows that counted, in all passes.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Batches with rows, in all passes.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// How often a starved centroid was moved.
    #[must_use]
    pub fn reassigned(&self) -> u64 {
        self.reassigned
    }

    /// A model that puts the customers of tables into segments, where the rows of the stream were those of
    /// `scaler.transform(..)`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) where the scaler has another number of features.
    pub fn model(&self, scaler: ScalerModel) -> Result<KMeansModel> {
        KMeansModel::of_centroids(scaler, self.centroids.clone(), &self.sizes)
    }

    /// The centroids as a start for [`KMeans::fit_matrix`](crate::segment::kmeans::KMeans::fit_matrix) with
    /// [`clusters`](Self::clusters) clusters, to finish exactly on rows that fit in memory.
    #[must_use]
    pub fn initialization(&self) -> Initialization {
        Initialization::Centroids(self.centroids.clone())
    }

    /// The nearest centroid of points. O(points · clusters · features).
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for points of another width,
    /// [`Error::Coordinate`](crate::Error::Coordinate) for a number that is not finite.
    #[expect(clippy::needless_pass_by_value, reason = "a view is passed as ndarray passes it")]
    pub fn predict(&self, points: ArrayView2<'_, f64>) -> Result<Vec<u32>> {
        predict(&points, &self.centroids, None)
    }
}

impl fmt::Display for KMeansStreamFit {
    /// Rows, share of the weight and centroid of each cluster, and how much was taken in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(&["cluster", "rows", "weight", "<centroid"]);
        let all: f64 = self.weights.iter().sum();
        for (cluster, (size, weight)) in self.sizes.iter().zip(&self.weights).enumerate() {
            let share = percent((all > 0.0).then(|| weight / all));
            let shown: Vec<String> =
                self.centroids.row(cluster).iter().take(6).map(|x| format!("{x:.3}")).collect();
            let more = if self.centroids.ncols() > 6 { ", …" } else { "" };
            table.row([cluster.to_string(), grouped(*size), share, format!("({}{more})", shown.join(", "))]);
        }
        write!(f, "{table}")?;
        write!(f, "{} rows in {} batches", grouped(self.rows), grouped(self.batches))?;
        match self.smoothed_inertia {
            Some(inertia) => write!(f, ", mean squared distance {inertia:.6}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for KMeansStreamFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KMeansStreamFit")
            .field("sizes", &self.sizes)
            .field("smoothed_inertia", &self.smoothed_inertia)
            .field("batches", &self.batches)
            .finish_non_exhaustive()
    }
}
