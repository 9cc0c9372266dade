//! Several passes over batches that can be opened again: a file, a query, a matrix in pieces.

use std::ops::ControlFlow;

use super::batch::{Batch, BatchProgress};
use super::state::{KMeansState, Stage};
use crate::error::{Error, Result};

/// How passes over all batches ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Passes {
    /// Passes that were begun.
    pub passes: u32,
    /// Batches with rows in all of them.
    pub batches: u64,
    /// Whether the smoothed inertia had stopped to improve; not so after the last pass allowed.
    pub converged: bool,
}

impl KMeansState {
    /// Goes through all batches, several times, until the smoothed inertia does not improve any more.
    ///
    /// `open` gives the batches of a pass, whose number it is told, from 1. All batches of the first pass are
    /// taken in. From its end on, the fit stops as soon as
    /// [`patience`](super::KMeansStreamBuilder::patience) batches in a row have brought no new least
    /// [`smoothed_inertia`](Self::smoothed_inertia); else after
    /// [`max_passes`](super::KMeansStreamBuilder::max_passes). Where the first pass has no more rows than are kept for
    /// the start, their exact clusters are the result.
    ///
    /// ```
    /// use kohort::ndarray::{Array2, Axis};
    /// use kohort::segment::kmeans::KMeansStream;
    ///
    /// let points = Array2::from_shape_fn((4_000, 2), |(row, feature)| ((row * 7919 + feature) % 10) as f64);
    /// let mut state = KMeansStream::builder(3).first_rows(500).build()?.start();
    /// let passes = state.fit_batches(|_| Ok(points.axis_chunks_iter(Axis(0), 500).map(Ok)))?;
    /// assert!(passes.converged && state.rows() >= 4_000);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// What `open` or a batch of it brings, those of [`partial_fit`](Self::partial_fit), and [`Error::Empty`] where the
    /// first pass has no rows and none came before. The state then has what came before the error.
    pub fn fit_batches<'b, I, B>(&mut self, open: impl FnMut(u32) -> Result<I>) -> Result<Passes>
    where
        I: IntoIterator<Item = Result<B>>,
        B: Into<Batch<'b>>,
    {
        self.fit_batches_with(open, &mut |_| ControlFlow::Continue(()))
    }

    /// [`fit_batches`](Self::fit_batches) that tells of every batch.
    ///
    /// # Errors
    /// Those of [`fit_batches`](Self::fit_batches), and [`Error::Cancelled`] where `progress` breaks; the state then has
    /// all batches up to the one that was told of.
    pub fn fit_batches_with<'b, I, B>(
        &mut self,
        mut open: impl FnMut(u32) -> Result<I>,
        progress: &mut dyn FnMut(BatchProgress) -> ControlFlow<()>,
    ) -> Result<Passes>
    where
        I: IntoIterator<Item = Result<B>>,
        B: Into<Batch<'b>>,
    {
        let (first_batch, mut patience) = (self.batches, Patience::new(self.stream.patience));
        let mut window = f64::INFINITY;
        let mut passes = 0;
        let mut converged = false;
        while passes < self.stream.max_passes && !converged {
            passes += 1;
            let before = self.rows;
            for batch in open(passes)? {
                let batch: Batch<'_> = batch?.into();
                let told = self.take(&batch.points.view(), batch.weights.as_deref(), passes, window)?;
                if told.inertia.is_some() {
                    patience.see(told.smoothed_inertia);
                }
                if progress(told).is_break() {
                    return Err(Error::Cancelled { stage: "fitting k-means to batches" });
                }
                if passes > 1 && patience.is_lost() {
                    converged = true;
                    break;
                }
            }
            let rows = self.rows - before;
            if matches!(self.stage, Stage::Waiting(_)) {
                self.begin()?;
                converged = true;
            }
            if rows == 0 {
                break;
            }
            window = rows as f64;
            converged |= patience.is_lost();
        }
        Ok(Passes { passes, batches: self.batches - first_batch, converged })
    }
}

/// How long there has been no improvement.
struct Patience {
    least: f64,
    without: u32,
    most: u32,
}

impl Patience {
    fn new(most: u32) -> Self {
        Self { least: f64::INFINITY, without: 0, most }
    }

    fn see(&mut self, smoothed: Option<f64>) {
        match smoothed {
            Some(smoothed) if smoothed < self.least => (self.least, self.without) = (smoothed, 0),
            _ => self.without = self.without.saturating_add(1),
        }
    }

    fn is_lost(&self) -> bool {
        self.without >= self.most
    }
}
