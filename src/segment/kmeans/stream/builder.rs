//! How to cluster a stream: an immutable configuration, validated once.

use ndarray::ArrayView2;

use super::super::builder::KMeans;
use super::super::points::Extent;
use super::super::result::KMeansFit;
use super::running::Running;
use super::state::KMeansState;
use crate::error::{Error, Result};

/// k-means over batches: a number of clusters, and how their centroids follow what arrives.
///
/// See [`stream`](crate::segment::kmeans::stream) for how it goes, and [`KMeansState`] for what it gives.
#[derive(Clone, PartialEq, Debug)]
pub struct KMeansStream {
    pub(super) clusters: usize,
    pub(super) first_rows: usize,
    pub(super) reassignment_ratio: f64,
    pub(super) half_life: Option<f64>,
    pub(super) max_passes: u32,
    pub(super) patience: u32,
    pub(super) seed: u64,
}

/// Settings of a [`KMeansStream`].
#[derive(Clone, Debug)]
#[must_use]
pub struct KMeansStreamBuilder {
    stream: KMeansStream,
    first_rows: Option<usize>,
}

/// Rows that the start looks at where nothing else is asked for, and at least so many for each cluster.
const FIRST_ROWS: usize = 8_192;
const FIRST_ROWS_PER_CLUSTER: usize = 64;

impl KMeansStream {
    /// A configuration with a number of clusters.
    pub fn builder(clusters: usize) -> KMeansStreamBuilder {
        let stream = Self {
            clusters,
            first_rows: 0,
            reassignment_ratio: 0.01,
            half_life: None,
            max_passes: 10,
            patience: 10,
            seed: 0,
        };
        KMeansStreamBuilder { stream, first_rows: None }
    }

    /// How many clusters it looks for.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.clusters
    }

    /// A state that has seen nothing yet. Its first rows decide where the centroids start.
    #[must_use]
    pub fn start(&self) -> KMeansState {
        KMeansState::waiting(self.clone())
    }

    /// A state that starts at given centroids, a row each. They have no weight: the first rows of each replace it.
    ///
    /// # Errors
    /// [`Error::Setting`] for another number of centroids than clusters, for centroids without features, and for a
    /// number that is not finite.
    #[expect(clippy::needless_pass_by_value, reason = "a view is passed as ndarray passes it")]
    pub fn start_at(&self, centroids: ArrayView2<'_, f64>) -> Result<KMeansState> {
        self.started(&centroids, vec![0.0; self.clusters], vec![0; self.clusters])
    }

    /// A state that goes on from a fit: its centroids, with the weights of their clusters.
    ///
    /// So a fit of last quarter's customers can follow this quarter's, without last quarter's rows.
    ///
    /// # Errors
    /// [`Error::Setting`] where the fit has another number of clusters.
    pub fn start_from(&self, fit: &KMeansFit) -> Result<KMeansState> {
        self.started(&fit.centroids(), fit.weights().to_vec(), fit.sizes().to_vec())
    }

    fn started(
        &self,
        centroids: &ArrayView2<'_, f64>,
        weights: Vec<f64>,
        counts: Vec<u64>,
    ) -> Result<KMeansState> {
        let refused = |found: String, expected| Error::Setting { setting: "centroids", found, expected };
        let (rows, dims) = centroids.dim();
        if rows != self.clusters {
            return Err(refused(format!("{rows} rows"), "one row a cluster"));
        }
        if dims == 0 {
            return Err(refused("rows without features".into(), "at least one feature"));
        }
        let centroids: Vec<f64> = centroids.iter().copied().collect();
        if Extent::of(&centroids, dims).is_err() {
            return Err(refused(
                "not finite, or too large".into(),
                "finite numbers, in absolute value of at most 1e100",
            ));
        }
        Ok(KMeansState::running(self.clone(), dims, Running::new(centroids, weights, counts)))
    }
}

impl KMeansStreamBuilder {
    /// How many rows are kept until the centroids start from them; rows beyond are not kept. Defaults to 8,192, or 64
    /// for each cluster if that is more.
    pub fn first_rows(mut self, rows: usize) -> Self {
        self.first_rows = Some(rows);
        self
    }

    /// When a centroid is starved: when it has less than this share of the weight that the heaviest centroid has gained
    /// since the two stood where they stand. 0 never finds one starved.
    ///
    /// Before a batch is assigned, though only once 10 rows a cluster have come since the last time or some centroid
    /// has no weight at all, starved centroids are looked for and tried, lightest first, at most one for two rows of the
    /// batch. Eight candidate rows are drawn with a chance in proportion to weight and squared distance from the
    /// nearest centroid, as greedy k-means++ does, and the one that lowers the batch's inertia most is taken.
    /// The move pays where it lowers the batch's mean squared distance by more than merging the starved centroid into
    /// its nearest neighbour costs all rows so far, by Ward's formula; so a small segment that lies far off keeps
    /// its centroid. If it pays, the old weight goes to that neighbour, and the centroid moves to the row, without
    /// weight. If not, the search ends until the next time.
    ///
    /// The settings of scikit-learn's `MiniBatchKMeans` are the model, which draws the rows uniformly, and neither
    /// asks whether it pays nor keeps the weight. Defaults to 0.01.
    pub fn reassignment_ratio(mut self, ratio: f64) -> Self {
        self.stream.reassignment_ratio = ratio;
        self
    }

    /// For customers who change: after so many further rows, a row counts half. Defaults to none, all rows count alike.
    pub fn half_life(mut self, rows: f64) -> Self {
        self.stream.half_life = Some(rows);
        self
    }

    /// How often [`fit_batches`](KMeansState::fit_batches) goes through all batches at most. Defaults to 10.
    pub fn max_passes(mut self, passes: u32) -> Self {
        self.stream.max_passes = passes;
        self
    }

    /// After how many batches in a row without a new least smoothed inertia [`fit_batches`](KMeansState::fit_batches)
    /// stops. Defaults to 10.
    pub fn patience(mut self, batches: u32) -> Self {
        self.stream.patience = batches;
        self
    }

    /// What random draws depend on. Defaults to 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.stream.seed = seed;
        self
    }

    /// The validated configuration.
    ///
    /// # Errors
    /// [`Error::Setting`] for no cluster or more than 65,534, fewer first rows than clusters, a ratio outside 0 to 1, a
    /// half-life that is not a finite number above 0, no pass, and no patience.
    pub fn build(self) -> Result<KMeansStream> {
        let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        let Self { mut stream, first_rows } = self;
        KMeans::builder(stream.clusters).build()?;
        stream.first_rows =
            first_rows.unwrap_or_else(|| FIRST_ROWS.max(FIRST_ROWS_PER_CLUSTER * stream.clusters));
        if stream.first_rows < stream.clusters {
            return refused("first_rows", stream.first_rows.to_string(), "at least one row a cluster");
        }
        if !(stream.reassignment_ratio >= 0.0 && stream.reassignment_ratio < 1.0) {
            return refused("reassignment_ratio", stream.reassignment_ratio.to_string(), "0 to below 1");
        }
        if let Some(rows) = stream.half_life.filter(|rows| !(rows.is_finite() && *rows > 0.0)) {
            return refused("half_life", rows.to_string(), "a finite number of rows above 0");
        }
        if stream.max_passes == 0 {
            return refused("max_passes", "0".into(), "at least 1");
        }
        if stream.patience == 0 {
            return refused("patience", "0".into(), "at least 1");
        }
        Ok(stream)
    }
}
