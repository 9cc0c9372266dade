//! Are the seeds of one kind or of several?
//!
//! One direction from the pool to the seeds, which is all that a linear score knows, says little where the seeds are two
//! groups on either side of it. Then nearness to a group says more. This asks whether there are such groups.
//!
//! **The criterion.** Seeds are cut into halves by their ids' hashes. For k = 2…8, k-means on one half, in the space where
//! the pool is round, gives k centroids; the seeds of the other half go to the nearest. For each pair of centroids, the seeds of both
//! are projected on the line between them. If the two are kinds of their own, there is a valley between; its depth is
//! [`dip`](super::dip) times the root of the number of seeds. Seeds are of k kinds if for every pair, and with the halves
//! changing places, the depth exceeds 0.42. Of several such k the largest counts.
//!
//! A valley that the pool has as well, along the same line, is none of the seeds': its dip is taken off. So features that
//! come in steps make no kinds; those of two values take no part, because a linear score serves them.
//!
//! **Why so.** A Gaussian's mixture or the gap statistic would find several kinds in any skewed group; the dip does not
//! mind skewness or long tails, and seeds that did not choose the centroids cannot be misled by them. Measured on simulated
//! seeds in 5 and 20 dimensions, 20 to 60 draws each: of normal, exponential, log-normal, correlated skewed and Student-t
//! seeds (100 to 3,000), 1 draw in 2,000 was taken for several kinds; two kinds five deviations apart were found in all
//! draws from 100 seeds on, four of them in all from 300 on (and as four), two that are four apart in all from 300 on and in
//! nearly half of those of 100; a kind of a fifth of the seeds, five apart, in nine of ten from 1,000 on. The dip of seeds projected
//! on an axis that they chose themselves would have been wrong for up to a fifth of the normal draws in 20 dimensions.

use ndarray::ArrayView2;

use super::dip::dip;
use super::whitening::Whitening;
use crate::lookalike::training::Training;
use crate::segment::KMeans;

/// More kinds than anyone would tell apart.
const MOST: usize = 8;

/// Seeds of a half that each kind needs.
const FEWEST: usize = 12;

/// How deep a valley must be: the dip times the root of the number of seeds.
const DEPTH: f64 = 0.42;

/// Seeds of a half that are looked at: more show no valley that these do not.
const SEEDS: usize = 20_000;

/// Customers of the background that are looked at for valleys of the pool.
const BACKGROUND: usize = 20_000;

/// The kinds that seeds fall into.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct SeedModes {
    /// How many there are, at least 1.
    pub(crate) modes: usize,
    /// Seeds in each, the largest first.
    pub(crate) sizes: Vec<usize>,
    /// Which of them each seed belongs to.
    pub(crate) labels: Vec<u32>,
    /// The depth of the shallowest valley between kinds, in units of the one that is needed; 0 where there is one kind.
    pub(crate) depth: f64,
    /// What was found, in words.
    pub(crate) reason: String,
}

impl SeedModes {
    fn one(seeds: usize, reason: String) -> Self {
        Self { modes: 1, sizes: vec![seeds], labels: vec![0; seeds], depth: 0.0, reason }
    }

    /// The same kinds among some of the seeds.
    pub(crate) fn of_seeds(&self, seeds: &[usize]) -> Self {
        let labels: Vec<u32> = seeds.iter().filter_map(|seed| self.labels.get(*seed).copied()).collect();
        let mut sizes = vec![0; self.modes];
        for label in &labels {
            sizes[*label as usize] += 1;
        }
        Self { sizes, labels, ..self.clone() }
    }

    /// O(k · seeds · dims) per iteration of k-means, for k to 8.
    pub(crate) fn find(training: &Training) -> Self {
        let seeds = training.seeds;
        let dims: Vec<usize> = (0..training.dims).filter(|dim| is_measured(training, *dim)).collect();
        if dims.is_empty() {
            return Self::one(
                seeds,
                "no feature is measured in numbers, so the seeds were taken as one kind".into(),
            );
        }
        let most = (seeds / 2 / FEWEST).min(MOST);
        if most < 2 {
            let reason =
                format!("{seeds} seeds are too few to be told apart, so they were taken as one kind");
            return Self::one(seeds, reason);
        }
        let (all, halves, background) = whitened(training, &dims);
        let mut found = None;
        for k in 2..=most {
            let depth = |learn: usize| {
                depth(k, dims.len(), &halves[learn], &halves[1 - learn], &background).unwrap_or_default()
            };
            let first = depth(0);
            if first > DEPTH {
                let both = first.min(depth(1));
                if both > DEPTH {
                    found = Some((k, both));
                }
            }
        }
        let Some((k, depth)) = found else {
            let reason = format!("no valley parts the {seeds} seeds, so they are one kind");
            return Self::one(seeds, reason);
        };
        let Some((_, labels)) = clusters(k, dims.len(), &all) else {
            return Self::one(seeds, "the seeds are one kind".into());
        };
        let mut sizes = vec![0; k];
        for label in &labels {
            sizes[*label as usize] += 1;
        }
        let depth = depth / DEPTH;
        let reason = format!(
            "{k} kinds of seeds, with valleys between them that are {depth:.1} times as deep as needed to tell them apart"
        );
        Self { modes: k, sizes, labels, depth, reason }
    }
}

/// Whether a dimension has more than two values; one with two is a flag, whatever its scale.
fn is_measured(training: &Training, dim: usize) -> bool {
    let column = || training.points[dim..].iter().step_by(training.dims);
    let first = training.points[dim];
    let Some(second) = column().find(|value| value.total_cmp(&first).is_ne()) else { return false };
    column().any(|value| value.total_cmp(&first).is_ne() && value.total_cmp(second).is_ne())
}

/// All seeds, their halves, and some of the background, in the space where that is round.
fn whitened(training: &Training, dims: &[usize]) -> (Vec<f64>, [Vec<f64>; 2], Vec<f64>) {
    let step = training.background().div_ceil(BACKGROUND).max(1);
    let rows: Vec<usize> =
        (0..training.seeds).chain((training.seeds..training.rows()).step_by(step)).collect();
    let drawn = training.with_rows(&rows);
    let mut reduced = Training {
        points: drawn
            .points
            .chunks_exact(drawn.dims)
            .flat_map(|row| dims.iter().map(|dim| row[*dim]))
            .collect(),
        dims: dims.len(),
        feature_of: dims.iter().map(|dim| drawn.feature_of[*dim]).collect(),
        ..drawn
    };
    let whitening = Whitening::fit(&reduced);
    whitening.rows(&mut reduced.points);
    let mut order: Vec<usize> = (0..training.seeds).collect();
    order.sort_by_key(|row| (training.keys[*row], *row));
    let half = |parity: usize| -> Vec<f64> {
        let half = order.iter().skip(parity).step_by(2).take(SEEDS);
        half.flat_map(|row| reduced.row(*row)).copied().collect()
    };
    let halves = [half(0), half(1)];
    let background = reduced.points[training.seeds * dims.len()..].to_vec();
    reduced.points.truncate(training.seeds * dims.len());
    (reduced.points, halves, background)
}

/// Centroids and labels; `None` where there are fewer distinct seeds, or numbers that k-means cannot work with.
fn clusters(k: usize, dims: usize, rows: &[f64]) -> Option<(Vec<f64>, Vec<u32>)> {
    let points = ArrayView2::from_shape((rows.len() / dims, dims), rows).ok()?;
    let fit = KMeans::builder(k).restarts(3).build().ok()?.fit_matrix(points, None).ok()?;
    (fit.clusters() == k).then(|| (fit.centroids().iter().copied().collect(), fit.labels().to_vec()))
}

fn nearest(row: &[f64], centroids: &[f64]) -> usize {
    let mut nearest = (0, f64::INFINITY);
    for (index, centroid) in centroids.chunks_exact(row.len()).enumerate() {
        let squared: f64 = row.iter().zip(centroid).map(|(x, c)| (x - c) * (x - c)).sum();
        if squared < nearest.1 {
            nearest = (index, squared);
        }
    }
    nearest.0
}

/// The shallowest valley between clusters that `learn` makes, among the rows of `test`.
fn depth(k: usize, dims: usize, learn: &[f64], test: &[f64], background: &[f64]) -> Option<f64> {
    let (centroids, _) = clusters(k, dims, learn)?;
    let members = |rows: &[f64]| {
        let mut members = vec![Vec::new(); k];
        for (row, values) in rows.chunks_exact(dims).enumerate() {
            members[nearest(values, &centroids)].push(row);
        }
        members
    };
    let (seeds, pool) = (members(test), members(background));
    if seeds.iter().any(|seeds| seeds.len() < FEWEST * 2 / 3) {
        return None;
    }
    let mut shallowest = f64::INFINITY;
    for one in 1..k {
        for other in 0..one {
            let axis: Vec<f64> =
                (0..dims).map(|dim| centroids[one * dims + dim] - centroids[other * dims + dim]).collect();
            let valley = |rows: &[f64], members: &[Vec<usize>]| {
                let both = members[one].iter().chain(&members[other]);
                let mut along: Vec<f64> = both
                    .map(|row| rows[row * dims..][..dims].iter().zip(&axis).map(|(x, a)| x * a).sum())
                    .collect();
                along.sort_unstable_by(f64::total_cmp);
                (dip(&along), along.len())
            };
            let (found, count) = valley(test, &seeds);
            let (pools, others) = valley(background, &pool);
            // A few customers of the pool show nothing but chance.
            let pools = if others < count { 0.0 } else { pools };
            shallowest = shallowest.min((found - pools) * (count as f64).sqrt());
        }
    }
    Some(shallowest)
}
