//! The iterations: assign, take the means, until no point moves.
//!
//! What an iteration is: every point goes to its nearest centroid (the lowest of equally near ones), then every
//! centroid goes to the mean of its points. The fit has converged when an assignment moves no point. After the last
//! iteration of a fit that has not, points are assigned once more, so that labels and centroids belong together.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::apart::Apart;
use super::arithmetic::{Centroids, squared_distance};
use super::assign::{self, Moves, NONE, Pass, Setting};
use super::blocks::{BLOCK, Blocks, CHUNK};
use super::inertia::ExactSum;
use super::observe::KMeansProgress;
use super::points::Points;
use super::road::Road;
use super::screen::Screen;
use super::sums::{Grid, Sums};
use crate::error::{Error, Result};

/// One run of iterations from given centroids.
pub(crate) struct Run<'a> {
    pub(crate) points: &'a Points<'a>,
    pub(crate) grid: &'a Grid,
    /// The rough copy, for the roads that need one.
    pub(crate) blocks: Option<&'a Blocks>,
    pub(crate) road: Road,
    pub(crate) max_iterations: u32,
    /// Stop when the squared movements of the centroids add up to no more; 0 waits until no point moves.
    pub(crate) tolerance: f64,
    /// Where the inertia is taken from that the progress tells of.
    pub(crate) total: Option<Total<'a>>,
}

/// The inertia of all points around one point. What the clusters' means do not explain of it is the inertia around them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total<'a> {
    pub(crate) around: &'a [f64],
    pub(crate) inertia: f64,
}

/// Where a run ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) labels: Vec<u16>,
    /// Row by row; those of clusters without a point stay where they were last.
    pub(crate) centroids: Vec<f64>,
    /// The weight of each cluster, in units.
    pub(crate) weights: Vec<i128>,
    pub(crate) iterations: u32,
    pub(crate) converged: bool,
    pub(crate) road: Road,
}

/// Tells of an iteration; breaking stops the fit.
pub(crate) type Observer<'o> = &'o mut dyn FnMut(KMeansProgress) -> ControlFlow<()>;

/// Points that moved, of all, below which margins are worth measuring: from then on most keep their place.
const SETTLED: f64 = 0.008;

/// Products of clusters and features below which looking at every point is faster than reading margins.
const SMALL: usize = 128;

/// Iterations until margins are measured again after they did not last; doubled each time.
const PATIENCE: u32 = 4;

/// The share of points above which looking at every block is faster than fetching single points.
///
/// Measured: fetching one takes about 70 ns of a thread, and looking at one a nanosecond for each 45 products of
/// clusters and features.
fn worth_fetching(clusters: usize, dims: usize) -> f64 {
    let look = (clusters * dims) as f64 / 45.0;
    look / (look + 70.0)
}

/// What the centroids' movements have cost the margins.
struct Movements {
    exact: Vec<f64>,
    rounded: Vec<f32>,
}

impl Movements {
    fn new(clusters: usize) -> Self {
        Self { exact: vec![0.0; clusters], rounded: vec![0.0; clusters] }
    }

    /// Adds one iteration's movements: a point loses its own centroid's and the largest of the others'.
    fn add(&mut self, before: &Centroids, after: &Centroids, scale: f64) {
        let moved: Vec<f64> = (0..before.len())
            .map(|cluster| squared_distance(before.row(cluster), after.row(cluster)).sqrt() * scale)
            .collect();
        let (mut first, mut second) = (0.0_f64, 0.0_f64);
        for movement in &moved {
            second = second.max(movement.min(first));
            first = first.max(*movement);
        }
        for ((exact, rounded), movement) in self.exact.iter_mut().zip(&mut self.rounded).zip(&moved) {
            let other = if *movement < first { first } else { second };
            // Up, by more than the roundings of the movements and of this sum.
            *exact = (*exact + (movement + other) * (1.0 + 1e-12)) * (1.0 + 1e-15);
            *rounded = (*exact * (1.0 + 1e-6)) as f32;
        }
    }
}

impl Run<'_> {
    /// Runs from the given centroids.
    ///
    /// # Errors
    /// [`Error::Cancelled`] where the observer breaks.
    pub(crate) fn from(&self, start: Vec<f64>, mut observer: Option<Observer<'_>>) -> Result<Outcome> {
        let (points, dims) = (self.points, self.points.dims());
        let mut centroids = Centroids::new(start, dims);
        let mut labels = vec![NONE; points.len()];
        let mut sums = Sums::new(centroids.len(), dims);
        let mut search = Search::new(self, centroids.len());
        let (mut iterations, mut converged) = (0, false);
        while iterations < self.max_iterations && !converged {
            let moves = search.assign(&centroids, &mut labels);
            sums.add(&moves.sums);
            iterations += 1;
            converged = moves.moved == 0;
            let after = self.means(&sums, &centroids);
            let shift = centroids
                .rows()
                .iter()
                .zip(after.rows())
                .fold(0.0, |sum, (before, after)| (after - before).mul_add(after - before, sum));
            search.moved(&centroids, &after);
            centroids = after;
            if let Some(observer) = &mut observer {
                let progress = self.progress(iterations, &moves, &sums, &centroids);
                if observer(progress).is_break() {
                    return Err(Error::Cancelled { stage: "fitting k-means" });
                }
            }
            if !converged && shift <= self.tolerance {
                converged = true;
                sums.add(&search.assign(&centroids, &mut labels).sums);
            } else if !converged && iterations == self.max_iterations {
                sums.add(&search.assign(&centroids, &mut labels).sums);
            }
        }
        Ok(Outcome {
            labels,
            centroids: centroids.rows().to_vec(),
            weights: sums.weights().to_vec(),
            iterations,
            converged,
            road: search.used,
        })
    }

    fn progress(&self, iteration: u32, moves: &Moves, sums: &Sums, centroids: &Centroids) -> KMeansProgress {
        let points = self.points.len() as f64;
        let explained = |around| {
            let clusters = sums.weights().iter().enumerate();
            let of = |(cluster, weight): (usize, &i128)| {
                self.points.weight_of_units(*weight) * squared_distance(centroids.row(cluster), around)
            };
            clusters.map(of).sum::<f64>()
        };
        KMeansProgress {
            restart: 0,
            iteration,
            inertia: self.total.map_or(0.0, |total| (total.inertia - explained(total.around)).max(0.0)),
            moved: moves.moved as f64 / points,
            skipped: 1.0 - moves.looked as f64 / points,
        }
    }

    /// The mean of each cluster's points. A cluster without points goes to the point that is farthest from its
    /// centroid, one after the other; where every point sits on a centroid, up to the rounding of means, it stays where
    /// it was. (Without that grace empty clusters would take turns at points whose mean is not quite where they are.)
    fn means(&self, sums: &Sums, before: &Centroids) -> Centroids {
        let dims = self.points.dims();
        let mut rows = before.rows().to_vec();
        let mut filled = Vec::with_capacity(before.len());
        for (cluster, row) in rows.chunks_exact_mut(dims).enumerate() {
            filled.push(sums.mean(cluster, self.grid, row));
        }
        if filled.iter().all(|filled| *filled) {
            return Centroids::new(rows, dims);
        }
        let clusters = rows.chunks_exact(dims).zip(&filled);
        let placed = clusters.filter(|(_, filled)| **filled).flat_map(|(row, _)| row).copied().collect();
        let mut apart = Apart::new(self.points, &Centroids::new(placed, dims));
        for (row, _) in rows.chunks_exact_mut(dims).zip(&filled).filter(|(_, filled)| !**filled) {
            let Some(farthest) = apart.farthest(self.grid.rounding()) else { break };
            row.copy_from_slice(self.points.row(farthest));
            apart.approach(self.points, &Centroids::new(row.to_vec(), dims));
        }
        Centroids::new(rows, dims)
    }
}

/// The sum of squared distances of points from their centroids, exact up to one rounding at the end.
pub(crate) fn inertia(points: &Points<'_>, labels: &[u16], centroids: &[f64]) -> f64 {
    labels
        .par_chunks(CHUNK)
        .enumerate()
        .fold(ExactSum::new, |sum, (chunk, labels)| {
            pulp::Arch::new().dispatch(Inertia { points, labels, centroids, first: chunk * CHUNK, sum })
        })
        .reduce(ExactSum::new, |mut left, right| {
            left.add(&right);
            left
        })
        .round(points.weight_exponent())
}

struct Inertia<'a> {
    points: &'a Points<'a>,
    labels: &'a [u16],
    centroids: &'a [f64],
    first: usize,
    sum: ExactSum,
}

impl pulp::WithSimd for Inertia<'_> {
    type Output = ExactSum;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(mut self, _: S) -> ExactSum {
        let dims = self.points.dims();
        for (at, label) in self.labels.iter().enumerate() {
            let row = self.first + at;
            let centroid = &self.centroids[usize::from(*label) * dims..][..dims];
            self.sum.push(squared_distance(self.points.row(row), centroid), self.points.weight(row));
        }
        self.sum
    }
}

/// Which pass comes next, and what it needs to know of those before.
struct Search<'a> {
    run: &'a Run<'a>,
    /// Empty while none are kept.
    margins: Vec<f32>,
    movements: Movements,
    /// Passes until margins may be measured.
    wait: u32,
    patience: u32,
    /// Points without a margin, of all, that make margins not worth keeping.
    limit: f64,
    used: Road,
}

impl<'a> Search<'a> {
    fn new(run: &'a Run<'a>, clusters: usize) -> Self {
        let dims = run.points.dims();
        // Waiting for ever is how the other roads go.
        let wait = match run.road {
            Road::Margins => 0,
            Road::Auto if clusters * dims >= SMALL => 1,
            _ => u32::MAX,
        };
        Self {
            run,
            margins: Vec::new(),
            movements: Movements::new(clusters),
            wait,
            patience: PATIENCE,
            limit: worth_fetching(clusters, dims),
            used: Road::Exact,
        }
    }

    fn assign(&mut self, centroids: &Centroids, labels: &mut [u16]) -> Moves {
        let run = self.run;
        let points = run.points.len() as f64;
        let setting = Setting { points: run.points, grid: run.grid, centroids };
        let blocks = run.blocks.filter(|_| run.road != Road::Exact);
        let Some((blocks, screen)) =
            blocks.and_then(|blocks| Some((blocks, Screen::new(centroids, blocks.frame())?)))
        else {
            // Margins that a pass did not keep up are margins no more.
            self.margins.clear();
            return assign::assign(setting, Pass::Exact, labels);
        };
        if !self.margins.is_empty() {
            let (losses, margins) = (self.movements.rounded.as_slice(), self.margins.as_mut_slice());
            let many = (self.limit * BLOCK as f64).ceil() as usize;
            let pass = Pass::Margins { blocks, screen: &screen, losses, many, margins };
            let moves = assign::assign(setting, pass, labels);
            if run.road == Road::Auto && moves.looked as f64 > 2.0 * self.limit * points {
                self.margins.clear();
                self.wait = self.patience;
                self.patience = self.patience.saturating_mul(2);
            }
            return moves;
        }
        let measure = self.wait == 0;
        if measure {
            self.margins.resize(labels.len(), 0.0);
            self.movements = Movements::new(centroids.len());
            self.used = Road::Margins;
        }
        self.used = self.used.max(Road::Screened);
        let margins = measure.then_some(self.margins.as_mut_slice());
        let moves = assign::assign(setting, Pass::Rough { blocks, screen: &screen, margins }, labels);
        if self.wait < u32::MAX && (moves.moved as f64) < SETTLED * points {
            self.wait = self.wait.saturating_sub(1);
        }
        moves
    }

    fn moved(&mut self, before: &Centroids, after: &Centroids) {
        if let (Some(blocks), false) = (self.run.blocks, self.margins.is_empty()) {
            self.movements.add(before, after, blocks.frame().scale);
        }
    }
}
