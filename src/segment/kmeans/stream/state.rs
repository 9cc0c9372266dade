//! The state of a stream: small, complete, and ready for the next batch.

use std::borrow::Cow;
use std::fmt;

use ndarray::ArrayView2;

use super::super::builder::KMeans;
use super::super::fit::Prepared;
use super::super::result::predict;
use super::batch::{BatchProgress, MOST_WEIGHT, Rows, bad_weights};
use super::builder::KMeansStream;
use super::result::KMeansStreamFit;
use super::running::Running;
use crate::error::{Error, Result};

/// What a stream has learned so far, and all that it needs to go on.
///
/// It serialises, to the bit: a state that was stored and read goes on as if nothing had happened. It holds the
/// centroids, three numbers for each, and before they have started the first rows; no customer is in it after that.
///
/// A cluster keeps its number from batch to batch, also where its centroid is moved to other rows;
/// [`finish`](Self::finish) numbers them anew, heaviest first.
#[derive(Clone, PartialEq)]
pub struct KMeansState {
    pub(super) stream: KMeansStream,
    /// Features, from the first rows on.
    pub(super) dims: Option<usize>,
    pub(super) stage: Stage,
    pub(super) batches: u64,
    /// Rows that counted, those that given centroids brought with them included.
    pub(super) rows: u64,
    pub(super) reassigned: u64,
}

#[derive(Clone, PartialEq)]
pub(super) enum Stage {
    Waiting(Waiting),
    Running(Running),
}

/// The first rows.
#[derive(Clone, PartialEq, Default)]
pub(super) struct Waiting {
    pub(super) values: Vec<f64>,
    /// None while all are 1.
    pub(super) weights: Option<Vec<f64>>,
}

impl Waiting {
    pub(super) fn len(&self, dims: usize) -> usize {
        self.values.len() / dims
    }

    /// Keeps rows until there are `wanted`; how many it took.
    fn keep(&mut self, rows: &Rows<'_>, wanted: usize) -> usize {
        let before = self.len(rows.dims);
        let kept = rows.len().min(wanted.saturating_sub(before));
        self.values.extend_from_slice(&rows.values[..kept * rows.dims]);
        if self.weights.is_some() || rows.weights.is_some() {
            let weights = self.weights.get_or_insert_with(|| vec![1.0; before]);
            weights.extend((0..kept).map(|row| rows.weight(row)));
        }
        kept
    }

    fn total_weight(&self, dims: usize) -> f64 {
        self.weights.as_ref().map_or(self.len(dims) as f64, |weights| weights.iter().sum())
    }

    /// The exact clusters of the rows kept. Where they are fewer than wanted, the others wait at the first one, without
    /// weight, for rows to be moved to.
    fn begin(&self, stream: &KMeansStream, dims: usize) -> Result<Running> {
        let config = KMeans::builder(stream.clusters).seed(stream.seed).build()?;
        let fit = Prepared::new(&self.values, dims, self.weights.as_deref())?.fit(&config, None)?;
        let mut centroids: Vec<f64> = fit.centroids().iter().copied().collect();
        let (mut weights, mut counts) = (fit.weights().to_vec(), fit.sizes().to_vec());
        for _ in weights.len()..stream.clusters {
            centroids.extend_from_within(..dims);
        }
        weights.resize(stream.clusters, 0.0);
        counts.resize(stream.clusters, 0);
        Ok(Running::new(centroids, weights, counts))
    }
}

impl KMeansState {
    pub(super) fn waiting(stream: KMeansStream) -> Self {
        let stage = Stage::Waiting(Waiting::default());
        Self { stream, dims: None, stage, batches: 0, rows: 0, reassigned: 0 }
    }

    pub(super) fn running(stream: KMeansStream, dims: usize, running: Running) -> Self {
        let rows = running.counts.iter().sum();
        Self { stream, dims: Some(dims), stage: Stage::Running(running), batches: 0, rows, reassigned: 0 }
    }

    /// Takes a batch in: rows of numbers, already scaled, and the weight of each; `None` counts each once.
    ///
    /// O(rows · clusters · features). A batch without rows, and rows of weight 0, change nothing.
    ///
    /// # Errors
    /// [`Error::Incompatible`] for rows of another width than those before; [`Error::Empty`] for a matrix without
    /// features; [`Error::Coordinate`] for a number that is not finite, [`Error::Setting`] for a weight that is
    /// neither 0 nor at least 1e-120, and for weights of more than 1e120 in all; [`Error::ColumnLength`] where there
    /// is not one weight a row. The state is then as it was.
    #[expect(clippy::needless_pass_by_value, reason = "a view is passed as ndarray passes it")]
    pub fn partial_fit(
        &mut self,
        points: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
    ) -> Result<BatchProgress> {
        self.take(&points, weights, 1, f64::INFINITY)
    }

    /// Takes a batch of some pass in; the smoothed inertia looks back over at most `window` rows.
    pub(super) fn take(
        &mut self,
        points: &ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        pass: u32,
        window: f64,
    ) -> Result<BatchProgress> {
        self.check_width(points.ncols())?;
        let rows = Rows::checked(points, weights)?;
        let total = self.total_weight() + rows.total_weight();
        if total > MOST_WEIGHT {
            return Err(bad_weights(format!("{total:e} in all")));
        }
        let (mut inertia, mut reassigned) = (None, 0);
        if rows.len() > 0 {
            let batch = self.batches + 1;
            let step = match &mut self.stage {
                Stage::Running(running) => Some(running.step(&rows, &self.stream, batch, window)?),
                Stage::Waiting(waiting) => {
                    let kept = waiting.keep(&rows, self.stream.first_rows);
                    if waiting.len(rows.dims) < self.stream.first_rows {
                        None
                    } else {
                        let mut running = waiting.begin(&self.stream, rows.dims)?;
                        let rest = (kept < rows.len()).then(|| rows.rest(kept)).transpose()?;
                        let step = rest.map(|rest| running.step(&rest, &self.stream, batch, window));
                        self.stage = Stage::Running(running);
                        step.transpose()?
                    }
                }
            };
            (inertia, reassigned) = step.map_or((None, 0), |step| (Some(step.inertia), step.reassigned));
            self.dims = Some(rows.dims);
            self.batches = batch;
            self.rows += rows.len() as u64;
            self.reassigned += u64::from(reassigned);
        }
        Ok(BatchProgress {
            pass,
            batch: self.batches,
            rows: rows.len() as u64,
            inertia,
            smoothed_inertia: self.smoothed_inertia(),
            reassigned,
        })
    }

    fn check_width(&self, found: usize) -> Result<()> {
        match self.dims {
            Some(dims) if dims != found => Err(Error::Incompatible {
                what: "the number of features",
                left: dims.to_string(),
                right: found.to_string(),
            }),
            _ => Ok(()),
        }
    }

    fn total_weight(&self) -> f64 {
        match &self.stage {
            Stage::Running(running) => running.weights.iter().sum(),
            Stage::Waiting(waiting) => self.dims.map_or(0.0, |dims| waiting.total_weight(dims)),
        }
    }

    /// Starts the centroids from the rows so far, however few.
    ///
    /// # Errors
    /// [`Error::Empty`] where there are none.
    pub(super) fn begin(&mut self) -> Result<()> {
        if let Stage::Waiting(waiting) = &self.stage {
            let dims = self.dims.ok_or_else(no_rows)?;
            self.stage = Stage::Running(waiting.begin(&self.stream, dims)?);
        }
        Ok(())
    }

    /// This state, or where the centroids have not started, one that starts them.
    fn begun(&self) -> Result<Cow<'_, Self>> {
        match self.stage {
            Stage::Running(_) => Ok(Cow::Borrowed(self)),
            Stage::Waiting(_) => {
                let mut begun = self.clone();
                begun.begin()?;
                Ok(Cow::Owned(begun))
            }
        }
    }

    /// The nearest centroid of points, by the numbers of [`centroids`](Self::centroids).
    ///
    /// O(points · clusters · features). Before the centroids have started, they are started from the rows so far, anew
    /// for each call.
    ///
    /// # Errors
    /// [`Error::Empty`] where no row has come yet; [`Error::Setting`] for points of another width, or a number that is
    /// not finite.
    #[expect(clippy::needless_pass_by_value, reason = "a view is passed as ndarray passes it")]
    pub fn predict(&self, points: ArrayView2<'_, f64>) -> Result<Vec<u32>> {
        let begun = self.begun()?;
        predict(&points, &begun.centroids().ok_or_else(no_rows)?.to_owned(), None)
    }

    /// The clusters as they are now. The state can go on afterwards.
    ///
    /// Where the centroids have not started, they start from the rows so far; with fewer distinct rows than clusters
    /// there are fewer clusters.
    ///
    /// # Errors
    /// [`Error::Empty`] where no row has come yet.
    pub fn finish(&self) -> Result<KMeansStreamFit> {
        let begun = self.begun()?;
        match (&begun.stage, begun.dims) {
            (Stage::Running(running), Some(dims)) if begun.rows > 0 => {
                Ok(KMeansStreamFit::new(running, dims, &begun))
            }
            _ => Err(no_rows()),
        }
    }

    /// The configuration.
    #[must_use]
    pub fn stream(&self) -> &KMeansStream {
        &self.stream
    }

    /// The centroids as they are now, a row for each cluster; none before they have started.
    #[must_use]
    pub fn centroids(&self) -> Option<ArrayView2<'_, f64>> {
        match (&self.stage, self.dims) {
            (Stage::Running(running), Some(dims)) => {
                ArrayView2::from_shape((running.clusters(), dims), &running.centroids).ok()
            }
            _ => None,
        }
    }

    /// Batches with rows so far.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Rows that counted so far; for a state that goes on from a fit, with the rows of that fit.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How often a starved centroid was moved.
    #[must_use]
    pub fn reassigned(&self) -> u64 {
        self.reassigned
    }

    /// The mean squared distance of a row from its nearest centroid, smoothed over the batches; none before one was
    /// measured.
    ///
    /// ```text
    /// S ← S + α (M − S),   α = 2n / (rows so far, at most one pass, + n), at most 1
    /// ```
    ///
    /// M is the mean of a batch's n rows, before the batch moved the centroids, so that no row praises itself; the rows
    /// that the centroids started from are not measured. α weighs rows in proportion to how late they came; with a
    /// half-life, the rows so far decay by it.
    #[must_use]
    pub fn smoothed_inertia(&self) -> Option<f64> {
        match &self.stage {
            Stage::Running(running) => running.smoothed.map(|smoothed| smoothed.inertia),
            Stage::Waiting(_) => None,
        }
    }
}

fn no_rows() -> Error {
    Error::Empty { what: "the stream", hint: "give it a batch with at least one row of weight above 0" }
}

impl fmt::Debug for KMeansState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KMeansState")
            .field("clusters", &self.stream.clusters)
            .field("features", &self.dims)
            .field("started", &matches!(self.stage, Stage::Running(_)))
            .field("batches", &self.batches)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
