//! Centroids on their way: what a batch does to them.

use rayon::prelude::*;

use super::super::arithmetic::Centroids;
use super::super::inertia::ExactSum;
use super::super::points::{exponent_above, power_of_two, whole_weights};
use super::super::sums::{Grid, Sums};
use super::batch::Rows;
use super::builder::KMeansStream;
use super::reassign;
use crate::error::Result;
use crate::numeric::exp;

/// Centroids and what they have gathered. A number of a cluster stays its number.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Running {
    /// Row by row.
    pub(super) centroids: Vec<f64>,
    /// The weight of all rows that each ever got, older ones decayed.
    pub(super) weights: Vec<f64>,
    /// The rows that each ever got.
    pub(super) counts: Vec<u64>,
    /// What the heaviest centroid weighed when each was last moved by reassignment, decayed like it.
    pub(super) marks: Vec<f64>,
    /// Rows since starved centroids were last looked for.
    pub(super) unchecked: u64,
    pub(super) smoothed: Option<Smoothed>,
}

/// A mean of the batches' inertias in which later ones count more.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Smoothed {
    pub(super) inertia: f64,
    /// Rows that it is taken over, older ones decayed.
    pub(super) rows: f64,
}

/// What a batch did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Step {
    pub(super) inertia: f64,
    pub(super) reassigned: u32,
}

/// Rows of a task: so few that a batch of a few thousand keeps several threads busy.
const CHUNK: usize = 1_024;

/// Rows a cluster after which starved centroids are looked for.
const CHECK_EVERY: u64 = 10;

impl Running {
    pub(super) fn new(centroids: Vec<f64>, weights: Vec<f64>, counts: Vec<u64>) -> Self {
        let marks = vec![0.0; weights.len()];
        Self { centroids, weights, counts, marks, unchecked: 0, smoothed: None }
    }

    pub(super) fn clusters(&self) -> usize {
        self.weights.len()
    }

    /// Takes a batch in, which has rows. `batch` numbers it for random draws; the smoothed inertia looks back over
    /// at most `window` rows.
    pub(super) fn step(
        &mut self,
        rows: &Rows<'_>,
        stream: &KMeansStream,
        batch: u64,
        window: f64,
    ) -> Result<Step> {
        let whole = rows.weights.as_ref().map(|weights| whole_weights(weights, rows.len())).transpose()?;
        let (whole, exponent) =
            whole.flatten().map_or((None, 0), |(whole, exponent)| (Some(whole), exponent));
        let decay = stream
            .half_life
            .map_or(1.0, |half_life| exp(-(rows.len() as f64 / half_life) * std::f64::consts::LN_2));
        self.weights.iter_mut().chain(&mut self.marks).for_each(|weight| *weight *= decay);
        let reassigned = self.reassign(rows, stream, batch);
        let grid = Grid::new(&rows.largest);
        let centroids = Centroids::new(self.centroids.clone(), rows.dims);
        let gathered = Gathered::of(rows, whole.as_deref(), &centroids, &grid);
        self.follow(&gathered, &grid, power_of_two(exponent));
        let inertia = gathered.mean_inertia();
        let (count, past) = (rows.len() as f64, self.smoothed);
        let seen = past.map_or(0.0, |past| past.rows).mul_add(decay, count);
        let share = (2.0 * count / (seen.min(window) + count)).min(1.0);
        let before = past.map_or(inertia, |past| past.inertia);
        self.smoothed =
            Some(Smoothed { inertia: share.mul_add(inertia - before, before).max(0.0), rows: seen });
        Ok(Step { inertia, reassigned })
    }

    fn reassign(&mut self, rows: &Rows<'_>, stream: &KMeansStream, batch: u64) -> u32 {
        let due = self.unchecked >= CHECK_EVERY * self.clusters() as u64;
        let reassigned = if due || self.weights.contains(&0.0) {
            self.unchecked = 0;
            reassign::reassign(self, rows, stream, batch)
        } else {
            0
        };
        self.unchecked += rows.len() as u64;
        reassigned
    }

    /// Moves each centroid towards the mean of the rows that it got, by their share of its weight.
    fn follow(&mut self, gathered: &Gathered, grid: &Grid, unit: f64) {
        let dims = self.centroids.len() / self.clusters();
        let mut mean = vec![0.0; dims];
        for (cluster, centroid) in self.centroids.chunks_exact_mut(dims).enumerate() {
            self.counts[cluster] += gathered.counts[cluster];
            if !gathered.sums.mean(cluster, grid, &mut mean) {
                continue;
            }
            let more = gathered.sums.weights()[cluster] as f64 * unit;
            self.weights[cluster] += more;
            let share = more / self.weights[cluster];
            for (c, m) in centroid.iter_mut().zip(&mean) {
                // Rounding must not carry it beyond either end, nor leave it short of the mean where nothing was before.
                let moved = share.mul_add(m - *c, *c).max(c.min(*m)).min(c.max(*m));
                *c = if share < 1.0 { moved } else { *m };
            }
        }
    }
}

/// What the rows of a batch add up to, exactly: their order and division among threads leave no trace.
struct Gathered {
    sums: Sums,
    counts: Vec<u64>,
    inertia: ExactSum,
}

impl Gathered {
    fn new(centroids: &Centroids) -> Self {
        Self {
            sums: Sums::new(centroids.len(), centroids.dims()),
            counts: vec![0; centroids.len()],
            inertia: ExactSum::new(),
        }
    }

    fn of(rows: &Rows<'_>, weights: Option<&[u64]>, centroids: &Centroids, grid: &Grid) -> Self {
        let fresh = || Self::new(centroids);
        // A task costs at least its own sums.
        let chunk = CHUNK.max(centroids.len());
        rows.values
            .par_chunks(chunk * rows.dims)
            .enumerate()
            .fold(fresh, |gathered, (at, values)| {
                let weights = weights.map(|weights| &weights[at * chunk..]);
                pulp::Arch::new().dispatch(Gather { values, weights, centroids, grid, gathered })
            })
            .map(|mut gathered| {
                gathered.sums.settle(grid);
                gathered
            })
            .reduce(fresh, Self::joined)
    }

    fn joined(mut self, other: Self) -> Self {
        self.sums.add(&other.sums);
        self.inertia.add(&other.inertia);
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self
    }

    /// The mean squared distance, by weight.
    fn mean_inertia(&self) -> f64 {
        let total = self.sums.weights().iter().sum::<i128>() as f64;
        // Both scaled down alike, so that the sum is a float where the mean is one.
        let exponent = exponent_above(total);
        self.inertia.round(-exponent) / (total * power_of_two(-exponent))
    }
}

struct Gather<'a> {
    values: &'a [f64],
    weights: Option<&'a [u64]>,
    centroids: &'a Centroids,
    grid: &'a Grid,
    gathered: Gathered,
}

impl pulp::WithSimd for Gather<'_> {
    type Output = Gathered;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(mut self, _: S) -> Gathered {
        for (at, point) in self.values.chunks_exact(self.centroids.dims()).enumerate() {
            let nearest = self.centroids.nearest(point);
            let weight = self.weights.map(|weights| weights[at]);
            self.gathered.counts[nearest.index] += 1;
            self.gathered.inertia.push(nearest.squared_distance, weight.unwrap_or(1));
            self.gathered.sums.shift(point, weight, self.grid, None, nearest.index);
        }
        self.gathered
    }
}
