//! A fit from the points to the clusters: preparation, restarts, and the order in which clusters are given.

use std::borrow::Cow;
use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};

use super::arithmetic::Centroids;
use super::blocks::{Blocks, Frame};
use super::builder::{Initialization, KMeans};
use super::lloyd::{self, Observer, Outcome, Run, Total};
use super::merge::{self, Merged};
use super::observe::KMeansProgress;
use super::order::{heaviest_first, places};
use super::points::{Extent, Points, row_by_row, whole_weights};
use super::result::KMeansFit;
use super::road::Road;
use super::seeding;
use super::sums::Grid;
use crate::error::{Error, Result};
use crate::random::Stream;

/// Points made ready for any number of runs: what does not depend on the number of clusters.
pub(crate) struct Prepared<'a> {
    /// As given.
    pub(super) rows: Points<'a>,
    /// The distinct ones, where that is worth while.
    merged: Option<Merged>,
    pub(super) extent: Extent,
    pub(super) grid: Grid,
}

impl<'a> Prepared<'a> {
    /// # Errors
    /// [`Error::Empty`] without rows or features, [`Error::Coordinate`] and [`Error::Setting`] for numbers and weights
    /// that cannot be used.
    pub(crate) fn new(values: &'a [f64], dims: usize, weights: Option<&[f64]>) -> Result<Self> {
        if values.is_empty() || dims == 0 {
            return Err(Error::Empty {
                what: "the matrix of points",
                hint: "k-means needs at least one customer with values, and one feature",
            });
        }
        let rows = values.len() / dims;
        if u32::try_from(rows).is_err() {
            return Err(Error::Setting {
                setting: "points",
                found: format!("{rows} rows"),
                expected: "at most 4,294,967,295",
            });
        }
        let weights = weights.map(|weights| whole_weights(weights, rows)).transpose()?.flatten();
        let rows = match weights {
            None => Points::new(values, dims),
            Some((weights, exponent)) => Points::weighted(values, dims, weights, exponent),
        };
        let extent = Extent::of(values, dims)?;
        let grid = Grid::new(&extent.largest());
        Ok(Self { merged: merge::merged(&rows), rows, extent, grid })
    }

    /// The points that the iterations work on.
    pub(super) fn points(&self) -> Cow<'_, Points<'_>> {
        match &self.merged {
            None => Cow::Borrowed(&self.rows),
            Some(merged) => {
                let (dims, exponent) = (self.rows.dims(), self.rows.weight_exponent());
                Cow::Owned(Points::weighted(&merged.values, dims, merged.weights.clone(), exponent))
            }
        }
    }

    /// The start of a run.
    fn start(&self, config: &KMeans, restart: u32) -> Vec<f64> {
        let mut stream = Stream::new(config.seed, "k-means", u64::from(restart));
        match &config.initialization {
            Initialization::Centroids(given) => given.iter().copied().collect(),
            Initialization::Random => {
                let drawn = seeding::random_rows(self.rows.len(), config.clusters, &mut stream);
                drawn.iter().flat_map(|row| self.rows.row(*row)).copied().collect()
            }
            Initialization::PlusPlus => {
                let sample = seeding::sample(self.rows.len(), config.clusters, &mut stream);
                let sides = self.extent.lowest.iter().zip(&self.extent.highest);
                let largest = sides.fold(0.0, |sum, (low, high)| (high - low).mul_add(high - low, sum));
                seeding::plus_plus(&self.rows, &sample, config.clusters, largest, &mut stream)
            }
        }
    }

    /// Fits, and gives the best of the restarts: the one of least inertia, the first of equal ones.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(crate) fn fit(&self, config: &KMeans, mut observer: Option<Observer<'_>>) -> Result<KMeansFit> {
        let points = self.points();
        let points = points.as_ref();
        let blocks = (config.road != Road::Exact)
            .then(|| Blocks::new(points, Frame::new(self.extent.middle.clone(), self.extent.spread())));
        let around = self.extent.middle.as_slice();
        let total = observer.is_some().then(|| {
            let inertia = lloyd::inertia(points, &vec![0; points.len()], around);
            Total { around, inertia }
        });
        let run = Run {
            points,
            grid: &self.grid,
            blocks: blocks.as_ref(),
            road: config.road,
            max_iterations: config.max_iterations,
            tolerance: config.tolerance,
            total,
        };
        let restarts =
            if matches!(config.initialization, Initialization::Centroids(_)) { 1 } else { config.restarts };
        let mut best: Option<(f64, u32, Outcome)> = None;
        for restart in 0..restarts {
            let start = self.start(config, restart);
            let outcome = match &mut observer {
                None => run.from(start, None)?,
                Some(observer) => {
                    let mut tell = |progress: KMeansProgress| -> ControlFlow<()> {
                        observer(KMeansProgress { restart, ..progress })
                    };
                    run.from(start, Some(&mut tell))?
                }
            };
            let inertia = lloyd::inertia(points, &outcome.labels, &outcome.centroids);
            if best.as_ref().is_none_or(|(least, ..)| inertia < *least) {
                best = Some((inertia, restart, outcome));
            }
        }
        let Some((inertia, restart, outcome)) = best else {
            return Err(Error::Setting { setting: "restarts", found: "0".into(), expected: "at least 1" });
        };
        Ok(self.finish(config, points, inertia, restart, &outcome))
    }

    /// Clusters with points, heaviest first, equally heavy ones by their centroids; labels for every row.
    pub(super) fn finish(
        &self,
        config: &KMeans,
        points: &Points<'_>,
        inertia: f64,
        restart: u32,
        outcome: &Outcome,
    ) -> KMeansFit {
        let dims = points.dims();
        let row = |cluster: usize| &outcome.centroids[cluster * dims..][..dims];
        let order = heaviest_first(&outcome.weights, &outcome.centroids, dims);
        let place = places(&order, outcome.weights.len());
        let labels: Vec<u32> = outcome.labels.iter().map(|label| place[usize::from(*label)]).collect();
        let merged_away =
            self.merged.as_ref().map(|merged| (merged.weights.len(), merge::spread(merged, &labels)));
        let (distinct, labels) =
            merged_away.map_or((None, labels), |(distinct, labels)| (Some(distinct as u64), labels));
        let mut sizes = vec![0; order.len()];
        for label in &labels {
            sizes[*label as usize] += 1;
        }
        let centroids: Vec<f64> = order.iter().flat_map(|cluster| row(*cluster)).copied().collect();
        KMeansFit {
            centroids: Array2::from_shape_vec((order.len(), dims), centroids).unwrap_or_default(),
            weights: order.iter().map(|cluster| points.weight_of_units(outcome.weights[*cluster])).collect(),
            labels,
            sizes,
            inertia,
            clusters: config.clusters,
            iterations: outcome.iterations,
            converged: outcome.converged,
            restart,
            road: outcome.road,
            distinct,
            prices: None,
            certificate: None,
            merges: Vec::new(),
        }
    }
}

/// Points without those of weight 0, who could otherwise be all there is of a cluster.
struct Counted {
    rows: Vec<usize>,
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl Counted {
    /// `None` where every point counts.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] and [`Error::Setting`] for weights, [`Error::Coordinate`] for numbers that cannot be used.
    fn of(values: &[f64], dims: usize, weights: Option<&[f64]>) -> Result<Option<Self>> {
        let Some(weights) = weights.filter(|_| !values.is_empty()) else { return Ok(None) };
        let whole = whole_weights(weights, values.len() / dims)?;
        let Some((whole, _)) = whole.filter(|(whole, _)| whole.contains(&0)) else { return Ok(None) };
        // Here, because a row that cannot be used is told by its number among all.
        Extent::of(values, dims)?;
        let rows: Vec<usize> = (0..whole.len()).filter(|row| whole[*row] > 0).collect();
        Ok(Some(Self {
            values: rows.iter().flat_map(|row| &values[row * dims..][..dims]).copied().collect(),
            weights: rows.iter().map(|row| weights[*row]).collect(),
            rows,
        }))
    }
}

impl KMeans {
    /// Fits plain numbers: a row for each customer, already scaled; `None` counts each once.
    ///
    /// Customers of weight 0 take no part in the fit and get the label of the nearest centroid; a weight below 2⁻⁶² of
    /// all together is 0. Where there are fewer distinct points than clusters asked for, fewer clusters come out.
    ///
    /// One copy of the points in 32-bit floats is made, and four bytes a point.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows or features; [`Error::Coordinate`] for a number that is not finite or beyond 1e100;
    /// [`Error::Setting`] for weights that are negative, not finite or 0 throughout, and for starting centroids of
    /// another width; [`Error::ColumnLength`] where there is not one weight a row.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn fit_matrix(&self, points: ArrayView2<'_, f64>, weights: Option<&[f64]>) -> Result<KMeansFit> {
        self.fit_points(&points, weights, None)
    }

    /// [`fit_matrix`](Self::fit_matrix) that tells of every iteration.
    ///
    /// # Errors
    /// Those of [`fit_matrix`](Self::fit_matrix), and [`Error::Cancelled`] where `progress` breaks.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn fit_matrix_with(
        &self,
        points: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        progress: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
    ) -> Result<KMeansFit> {
        self.fit_points(&points, weights, Some(progress))
    }

    /// Where the first start of [`fit_matrix`](Self::fit_matrix) begins: a row for each cluster, the last ones equal where
    /// there are fewer distinct points; random rows are fewer where there are fewer points.
    ///
    /// k-means++ takes O(sample · clusters · features), after two passes over the points.
    ///
    /// # Errors
    /// Those of [`fit_matrix`](Self::fit_matrix).
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn seeds_matrix(&self, points: ArrayView2<'_, f64>, weights: Option<&[f64]>) -> Result<Array2<f64>> {
        let dims = points.ncols();
        self.check_width(dims)?;
        let values = row_by_row(&points);
        let seeds = match Counted::of(&values, dims, weights)? {
            None => Prepared::new(&values, dims, weights)?.start(self, 0),
            Some(counted) => Prepared::new(&counted.values, dims, Some(&counted.weights))?.start(self, 0),
        };
        Ok(Array2::from_shape_vec((seeds.len() / dims, dims), seeds).unwrap_or_default())
    }

    pub(super) fn fit_points(
        &self,
        points: &ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        mut observer: Option<Observer<'_>>,
    ) -> Result<KMeansFit> {
        let Some(limits) = &self.limits else { return self.fit_freely(points, weights, observer) };
        let tell = observer.as_mut().map(|observer| &mut **observer as Observer<'_>);
        let fit = self.fit_freely(points, weights, tell)?;
        self.bring_within(limits, points, weights, fit, observer)
    }

    /// The fit without limits.
    fn fit_freely(
        &self,
        points: &ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        observer: Option<Observer<'_>>,
    ) -> Result<KMeansFit> {
        let dims = points.ncols();
        self.check_width(dims)?;
        let values = row_by_row(points);
        let Some(counted) = Counted::of(&values, dims, weights)? else {
            return Prepared::new(&values, dims, weights)?.fit(self, observer);
        };
        let mut fit = Prepared::new(&counted.values, dims, Some(&counted.weights))?.fit(self, observer)?;
        let centroids = Centroids::new(fit.centroids.iter().copied().collect(), dims);
        let mut labels = super::result::nearest_labels(&values, &centroids);
        // The others have theirs, which a tie could decide otherwise now that the clusters are in order.
        for (row, label) in counted.rows.iter().zip(&fit.labels) {
            labels[*row] = *label;
        }
        fit.labels = labels;
        fit.sizes.fill(0);
        for label in &fit.labels {
            fit.sizes[*label as usize] += 1;
        }
        Ok(fit)
    }

    /// # Errors
    /// [`Error::Setting`] where the starting centroids have another width.
    pub(crate) fn check_width(&self, dims: usize) -> Result<()> {
        match &self.initialization {
            Initialization::Centroids(given) if given.ncols() != dims => Err(Error::Setting {
                setting: "initialization",
                found: format!("centroids of {} features for points of {dims}", given.ncols()),
                expected: "centroids with the features of the points",
            }),
            _ => Ok(()),
        }
    }
}
