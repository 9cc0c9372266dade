//! Fits for a range of numbers of clusters that share what does not depend on the number.
//!
//! Shared are the prepared points, their rough copy, and the seeding: k-means++ places one centroid after the other, so
//! the start for k clusters is the beginning of that for more. One start grows from the clusters of one number less by a
//! point far from them, so inertia never rises with the number. Starts are tried until they hardly move, where there
//! are many points on a sample of them; only the best goes on, with all points and to its very end.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::error::Result;
use crate::random::Stream;

use super::super::arithmetic::{Centroids, squared_distance};
use super::super::blocks::{Blocks, Frame};
use super::super::builder::KMeans;
use super::super::fit::Prepared;
use super::super::lloyd::{self, Observer, Outcome, Run};
use super::super::observe::KMeansProgress;
use super::super::points::{Points, power_of_two};
use super::super::result::KMeansFit;
use super::super::road::Road;
use super::super::seeding;
use super::builder::ChooseClusters;

/// Points on which every start is tried to its end; with more, it is tried on a sample of so many.
const TRIED: usize = 1 << 17;

/// When a start is near enough to its end to be compared with others, in shares of the features' mean variance: the default
/// of scikit-learn. To the very end it can take ten times as long, where clusters have no place of their own.
const NEAR_THE_END: f64 = 1e-4;

/// Points that a grown start is looked for among.
const LOOKED_AT: usize = 1 << 14;

/// Points drawn for a grown start, of which the best is taken.
const CANDIDATES: usize = 8;

/// Random draws for a purpose, of which there may be several, such as bootstraps.
#[derive(Clone, Copy)]
pub(super) struct Draws {
    pub(super) seed: u64,
    pub(super) purpose: &'static str,
    pub(super) number: u64,
}

impl Draws {
    pub(super) fn stream(&self, what: &str, index: usize) -> Stream {
        Stream::new(self.seed, &format!("{}: {what}", self.purpose), (self.number << 32) | index as u64)
    }
}

/// Clusters, numbered as the run left them.
pub(super) struct Fitted {
    pub(super) inertia: f64,
    restart: u32,
    outcome: Outcome,
}

/// Points with what their fits share.
pub(super) struct Ground<'a> {
    prepared: &'a Prepared<'a>,
    points: Cow<'a, Points<'a>>,
    blocks: Blocks,
    /// When a start is near its end.
    tolerance: f64,
}

impl<'a> Ground<'a> {
    pub(super) fn new(prepared: &'a Prepared<'a>) -> Self {
        let points = prepared.points();
        let frame = Frame::new(prepared.extent.middle.clone(), prepared.extent.spread());
        let blocks = Blocks::new(&points, frame);
        let unit = power_of_two(points.weight_exponent());
        let weight = points.weights().map_or(points.len() as f64, |weights| {
            weights.iter().map(|weight| *weight as f64).sum::<f64>() * unit
        });
        let whole = lloyd::inertia(&points, &vec![0; points.len()], &prepared.extent.middle);
        let tolerance = NEAR_THE_END * (whole / weight / points.dims() as f64);
        Self { prepared, points, blocks, tolerance }
    }

    fn run(
        &self,
        start: Vec<f64>,
        restart: u32,
        max_iterations: u32,
        tolerance: f64,
        observer: Option<Observer<'_>>,
    ) -> Result<Fitted> {
        let run = Run {
            points: &self.points,
            grid: &self.prepared.grid,
            blocks: Some(&self.blocks),
            road: Road::Auto,
            max_iterations,
            tolerance,
            total: None,
        };
        let outcome = run.from(start, observer)?;
        let inertia = lloyd::inertia(&self.points, &outcome.labels, &outcome.centroids);
        Ok(Fitted { inertia, restart, outcome })
    }

    /// The best of all starts for each number of clusters, in order.
    fn tried(
        &self,
        choose: &ChooseClusters,
        draws: Draws,
        observer: &mut dyn FnMut(u32) -> Result<()>,
    ) -> Result<Vec<Fitted>> {
        let (points, dims) = (self.points.as_ref(), self.points.dims());
        let extent = &self.prepared.extent;
        let sides = extent.lowest.iter().zip(&extent.highest);
        let largest = sides.fold(0.0, |sum, (low, high)| (high - low).mul_add(high - low, sum));
        let most = *choose.clusters.end();
        let starts: Vec<Vec<f64>> = (0..choose.restarts)
            .map(|restart| {
                let mut stream = draws.stream("starts", restart as usize);
                let rows = seeding::sample(points.len(), most, &mut stream);
                seeding::plus_plus(points, &rows, most, largest, &mut stream)
            })
            .collect();
        let mut fits: Vec<Fitted> = Vec::new();
        for (number, clusters) in (0..).zip(choose.clusters.clone()) {
            observer(number)?;
            let mut best: Option<Fitted> = None;
            let grown = fits.last().map(|fewer| self.grown(fewer, &mut draws.stream("growth", clusters)));
            let of_start = |start: &Vec<f64>| start[..clusters * dims].to_vec();
            for (restart, start) in (0..).zip(starts.iter().map(of_start).chain(grown)) {
                let fit = self.run(start, restart, choose.max_iterations, self.tolerance, None)?;
                if best.as_ref().is_none_or(|best| fit.inertia < best.inertia) {
                    best = Some(fit);
                }
            }
            fits.extend(best);
        }
        Ok(fits)
    }

    /// The best fit for each number of clusters to its very end, in order. `observer` is told how many are behind: each is
    /// tried first, and fitted to the end later.
    fn sweep(
        &self,
        choose: &ChooseClusters,
        draws: Draws,
        observer: &mut dyn FnMut(u32) -> Result<()>,
    ) -> Result<Vec<Fitted>> {
        let points = self.points.as_ref();
        let tried = if points.len() <= TRIED {
            self.tried(choose, draws, observer)?
        } else {
            let rows = seeding::sample(points.len(), 1, &mut draws.stream("sample", 0));
            let values: Vec<f64> = rows.iter().flat_map(|row| points.row(*row)).copied().collect();
            let weights: Option<Vec<f64>> =
                points.weights().map(|weights| rows.iter().map(|row| weights[*row] as f64).collect());
            let prepared = Prepared::new(&values, points.dims(), weights.as_deref())?;
            Ground::new(&prepared).tried(choose, draws, observer)?
        };
        let mut fits: Vec<Fitted> = Vec::new();
        let numbers = tried.len() as u32;
        for (number, tried) in (numbers..).zip(tried) {
            let mut tell = |_: KMeansProgress| match observer(number) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            };
            let mut finished =
                |start, restart| self.run(start, restart, choose.max_iterations, 0.0, Some(&mut tell));
            let mut best = finished(tried.outcome.centroids, tried.restart)?;
            if let Some(fewer) = fits.last().filter(|fewer| fewer.inertia < best.inertia) {
                // What was best before is not at the end: rare, and then the clusters of one less help.
                let grown = self.grown(fewer, &mut draws.stream("last growth", number as usize));
                let second = finished(grown, choose.restarts)?;
                if second.inertia < best.inertia {
                    best = second;
                }
            }
            fits.push(best);
        }
        Ok(fits)
    }

    /// A start of one cluster more: the centroids there are, and of some points drawn by their squared distance from them
    /// the one that takes away most of it.
    fn grown(&self, fewer: &Fitted, stream: &mut Stream) -> Vec<f64> {
        let (points, dims) = (self.points.as_ref(), self.points.dims());
        let centroids = &fewer.outcome.centroids;
        let rows: Vec<usize> = (0..points.len()).step_by(points.len().div_ceil(LOOKED_AT)).collect();
        let squared: Vec<f64> = rows
            .iter()
            .map(|row| {
                let cluster = usize::from(fewer.outcome.labels[*row]);
                squared_distance(points.row(*row), &centroids[cluster * dims..][..dims])
            })
            .collect();
        let weight = |at: usize| points.weight(rows[at]) as f64;
        let total = (0..rows.len()).fold(0.0, |sum, at| sum + squared[at] * weight(at));
        let mut best = (f64::INFINITY, 0);
        for _ in 0..CANDIDATES {
            let mut left = stream.unit() * total;
            let drawn = (0..rows.len()).find(|at| {
                left -= squared[*at] * weight(*at);
                left < 0.0
            });
            let Some(drawn) = drawn else { continue };
            let candidate = points.row(rows[drawn]);
            let remains = (0..rows.len()).fold(0.0, |sum, at| {
                sum + squared_distance(points.row(rows[at]), candidate).min(squared[at]) * weight(at)
            });
            if remains < best.0 {
                best = (remains, rows[drawn]);
            }
        }
        let mut start = centroids.clone();
        start.extend_from_slice(points.row(best.1));
        start
    }

    /// The fits to all customers.
    pub(super) fn finished(
        &self,
        choose: &ChooseClusters,
        draws: Draws,
        observer: &mut dyn FnMut(u32) -> Result<()>,
    ) -> Result<Vec<KMeansFit>> {
        self.in_order(choose, self.sweep(choose, draws, observer)?)
    }

    /// Fits in canonical order, with a label for every row.
    fn in_order(&self, choose: &ChooseClusters, fits: Vec<Fitted>) -> Result<Vec<KMeansFit>> {
        let fits = choose.clusters.clone().zip(fits);
        fits.map(|(clusters, Fitted { inertia, restart, outcome })| {
            let config = KMeans::builder(clusters).build()?;
            Ok(self.prepared.finish(&config, &self.points, inertia, restart, &outcome))
        })
        .collect()
    }
}

/// Some of the customers, and a good fit of each number of clusters to them.
pub(super) struct Clustered {
    pub(super) values: Vec<f64>,
    pub(super) fits: Vec<KMeansFit>,
}

impl Clustered {
    /// Of values row by row.
    pub(super) fn new(
        values: Vec<f64>,
        dims: usize,
        weights: Option<&[f64]>,
        choose: &ChooseClusters,
        draws: Draws,
    ) -> Result<Self> {
        let prepared = Prepared::new(&values, dims, weights)?;
        let ground = Ground::new(&prepared);
        let fits = ground.in_order(choose, ground.tried(choose, draws, &mut |_| Ok(()))?)?;
        drop(ground);
        Ok(Self { values, fits })
    }
}

/// A fit's centroids, as the arithmetic wants them.
pub(super) fn centroids_of(fit: &KMeansFit) -> Centroids {
    Centroids::new(fit.centroids.iter().copied().collect(), fit.centroids.ncols())
}
