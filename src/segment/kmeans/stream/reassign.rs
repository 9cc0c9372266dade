//! Starved centroids move to where they are needed, if that pays.
//!
//! The rule is written at [`reassignment_ratio`](super::KMeansStreamBuilder::reassignment_ratio). It is tried before a
//! batch is assigned, so that a moved centroid learns from that batch at once, and no row is counted twice.
//!
//! Rejected: the row that is farthest from its centroid, which is an outlier and starves again; and scikit-learn's way
//! to keep a moved centroid from moving again at once, the weight of the lightest one that is not starved, which
//! also keeps it from learning. Here a moved centroid is judged by what the heaviest one has gained since.

use rayon::prelude::*;

use super::super::arithmetic::{Centroids, squared_distance};
use super::batch::Rows;
use super::builder::KMeansStream;
use super::running::Running;
use crate::random::Stream;

/// Rows that are tried for a centroid: one register of distances.
const CANDIDATES: usize = 8;

/// Rows of a task. Its sums are of floats, so it must not depend on the number of threads.
const CHUNK: usize = 1_024;

/// Moves starved centroids to rows of the batch, and says how many. The batch's draws depend on its number alone.
pub(super) fn reassign(running: &mut Running, rows: &Rows<'_>, stream: &KMeansStream, batch: u64) -> u32 {
    let heaviest = running.weights.iter().copied().fold(0.0, f64::max);
    let starved = starved(running, heaviest, stream.reassignment_ratio);
    let most = starved.len().min(rows.len() / 2);
    if most == 0 {
        return 0;
    }
    let mut draws = Stream::new(stream.seed, "k-means stream", batch);
    let mut near = Near::of(rows, &Centroids::new(running.centroids.clone(), rows.dims));
    let mut moved = 0;
    for cluster in &starved[..most] {
        let Some(better) = near.better_row(&mut draws) else { break };
        let neighbour = Neighbour::of(running, *cluster, rows.dims);
        if better.gain <= neighbour.cost {
            break;
        }
        neighbour.take(running, *cluster, rows.dims);
        let row = rows.row(better.row);
        running.centroids[cluster * rows.dims..][..rows.dims].copy_from_slice(row);
        running.marks[*cluster] = heaviest;
        near.add(row);
        moved += 1;
    }
    moved
}

/// The starved centroids, lightest first, the lower number of equally light ones.
fn starved(running: &Running, heaviest: f64, ratio: f64) -> Vec<usize> {
    let weight = |cluster: &usize| running.weights[*cluster];
    let mut starved: Vec<usize> = (0..running.clusters())
        .filter(|cluster| weight(cluster) < ratio * (heaviest - running.marks[*cluster]))
        .collect();
    starved.sort_by(|left, right| weight(left).total_cmp(&weight(right)));
    starved
}

/// The centroid that inherits a starved one's rows.
struct Neighbour {
    cluster: Option<usize>,
    /// By how much the mean squared distance of all rows so far grows.
    cost: f64,
}

impl Neighbour {
    fn of(running: &Running, starved: usize, dims: usize) -> Self {
        let row = |cluster: usize| &running.centroids[cluster * dims..][..dims];
        let mut nearest = (None, f64::INFINITY);
        for other in (0..running.clusters()).filter(|other| *other != starved) {
            let distance = squared_distance(row(starved), row(other));
            if distance < nearest.1 {
                nearest = (Some(other), distance);
            }
        }
        let weight = running.weights[starved];
        let cost = match nearest {
            (Some(other), distance) if weight > 0.0 => {
                let all: f64 = running.weights.iter().sum();
                // Ward's: the product of the weights over their sum, times the squared distance.
                weight / all * (running.weights[other] / (running.weights[other] + weight)) * distance
            }
            _ => 0.0,
        };
        Self { cluster: nearest.0, cost }
    }

    /// Takes over what the starved centroid has gathered.
    fn take(&self, running: &mut Running, starved: usize, dims: usize) {
        let Some(cluster) = self.cluster else { return };
        let weight = std::mem::take(&mut running.weights[starved]);
        running.counts[cluster] += std::mem::take(&mut running.counts[starved]);
        if weight <= 0.0 {
            return;
        }
        running.weights[cluster] += weight;
        let share = weight / running.weights[cluster];
        for feature in 0..dims {
            let (from, to) =
                (running.centroids[starved * dims + feature], running.centroids[cluster * dims + feature]);
            let moved = share.mul_add(from - to, to);
            running.centroids[cluster * dims + feature] = moved.max(to.min(from)).min(to.max(from));
        }
    }
}

/// How near each row of a batch is to its nearest centroid.
struct Near<'a> {
    rows: &'a Rows<'a>,
    /// Each row's share of the batch's weight.
    shares: Vec<f64>,
    squared: Vec<f64>,
}

/// A row to put a centroid on.
struct Better {
    row: usize,
    /// By how much the mean squared distance of the batch falls.
    gain: f64,
}

impl<'a> Near<'a> {
    fn of(rows: &'a Rows<'a>, centroids: &Centroids) -> Self {
        let total = rows.total_weight();
        let shares = (0..rows.len()).map(|row| rows.weight(row) / total).collect();
        let mut near = Self { rows, shares, squared: vec![f64::INFINITY; rows.len()] };
        near.approach(centroids);
        near
    }

    fn add(&mut self, centroid: &[f64]) {
        self.approach(&Centroids::new(centroid.to_vec(), self.rows.dims));
    }

    fn approach(&mut self, centroids: &Centroids) {
        let chunks = self.rows.values.par_chunks(CHUNK * self.rows.dims);
        self.squared.par_chunks_mut(CHUNK).zip(chunks).for_each(|(squared, values)| {
            pulp::Arch::new().dispatch(Approach { squared, values, centroids });
        });
    }

    /// The best of some rows that were drawn by weight and squared distance; `None` where every row sits on a centroid.
    fn better_row(&self, stream: &mut Stream) -> Option<Better> {
        let masses = || self.shares.iter().zip(&self.squared).map(|(share, squared)| share * squared);
        let total: f64 = masses().sum();
        if total <= 0.0 {
            return None;
        }
        let mut marks: Vec<f64> = (0..CANDIDATES).map(|_| stream.unit() * total).collect();
        marks.sort_by(f64::total_cmp);
        let mut drawn = Vec::with_capacity(CANDIDATES);
        let mut passed = 0.0;
        for (row, mass) in masses().enumerate().filter(|(_, mass)| *mass > 0.0) {
            passed += mass;
            while marks.get(drawn.len()).is_some_and(|mark| *mark < passed) {
                drawn.push(row);
            }
        }
        let values = drawn.iter().flat_map(|row| self.rows.row(*row)).copied().collect();
        let candidates = Centroids::new(values, self.rows.dims);
        let gains = self.gains(&candidates);
        // The first of equally good ones.
        let best = (0..drawn.len()).rev().max_by(|left, right| gains[*left].total_cmp(&gains[*right]))?;
        Some(Better { row: drawn[best], gain: gains[best] })
    }

    /// What each candidate would gain: partial sums of chunks, added up in the order of the chunks.
    fn gains(&self, candidates: &Centroids) -> [f64; CANDIDATES] {
        let chunks = self.rows.values.par_chunks(CHUNK * self.rows.dims);
        let parts: Vec<[f64; CANDIDATES]> = self
            .squared
            .par_chunks(CHUNK)
            .zip(self.shares.par_chunks(CHUNK))
            .zip(chunks)
            .map(|((squared, shares), values)| {
                pulp::Arch::new().dispatch(Gains { squared, shares, values, candidates })
            })
            .collect();
        parts.iter().fold([0.0; CANDIDATES], |sums, part| std::array::from_fn(|at| sums[at] + part[at]))
    }
}

struct Approach<'a> {
    squared: &'a mut [f64],
    values: &'a [f64],
    centroids: &'a Centroids,
}

impl pulp::WithSimd for Approach<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for (squared, point) in self.squared.iter_mut().zip(self.values.chunks_exact(self.centroids.dims())) {
            *squared = squared.min(self.centroids.nearest(point).squared_distance);
        }
    }
}

struct Gains<'a> {
    squared: &'a [f64],
    shares: &'a [f64],
    values: &'a [f64],
    candidates: &'a Centroids,
}

impl pulp::WithSimd for Gains<'_> {
    type Output = [f64; CANDIDATES];

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> [f64; CANDIDATES] {
        let mut gains = [0.0; CANDIDATES];
        for (at, point) in self.values.chunks_exact(self.candidates.dims()).enumerate() {
            for (gain, squared) in gains.iter_mut().zip(self.candidates.first_distances(point)) {
                *gain += self.shares[at] * (self.squared[at] - squared).max(0.0);
            }
        }
        gains
    }
}
