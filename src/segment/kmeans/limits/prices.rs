//! The prices that go into a model, and how far the assignment is from the best one for its centroids.
//!
//! Prices of an assignment are not unique: each customer allows a range. The exchange ends at an edge of it, where the
//! customers it moved last are undecided between two segments, so that a rounding error would put them elsewhere. A
//! model gets prices from the middle of the range; with them, the rule for new customers places those of the fit as
//! the fit did, except true ties.

use rayon::prelude::*;

use super::kernel::{CHUNK, Centroids, Points, label_all, visit_distances};
use super::sizes::Bounds;

/// Pieces of a pass whose results are as large as the square of the number of segments.
const PIECES: usize = 64;

/// How far an assignment is from the best one for its centroids and limits.
///
/// The dual of the assignment gives a bound that no assignment within the limits can be below, whatever the prices.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LimitsCertificate {
    pub(crate) gap: f64,
    pub(crate) lower_bound: f64,
    pub(crate) ties: u64,
}

impl LimitsCertificate {
    /// No assignment to these centroids within the limits has a lower inertia, up to rounding.
    #[must_use]
    pub fn lower_bound(&self) -> f64 {
        self.lower_bound
    }

    /// By how much the inertia may be above the best one: 0, or what rounding leaves.
    #[must_use]
    pub fn gap(&self) -> f64 {
        self.gap
    }

    /// Customers whom the prices alone would put into another segment: they are at the same score from two, and the
    /// limits needed some of them here and some there.
    #[must_use]
    pub fn ties(&self) -> u64 {
        self.ties
    }
}

/// An assignment to check.
pub(super) struct Assigned<'a> {
    pub(super) points: &'a Points<'a>,
    pub(super) centroids: &'a Centroids,
    pub(super) bounds: Bounds,
    pub(super) labels: &'a [u32],
    pub(super) counts: &'a [u64],
}

/// What the customers of an assignment allow the prices to be.
struct Room {
    inertia: f64,
    /// Per pair of segments: the least regret of a customer of the one who moves to the other.
    regrets: Vec<f64>,
}

impl Assigned<'_> {
    /// Puts the prices into the middle of their range; gives the inertia and the certificate.
    ///
    /// O(customers · segments · features + segments³).
    pub(super) fn finish(&self, prices: &mut [f64]) -> (f64, LimitsCertificate) {
        let room = self.room();
        centre(&room.regrets, self.bounds, self.counts, prices);
        (room.inertia, self.certificate(room.inertia, prices))
    }

    fn room(&self) -> Room {
        let segments = self.centroids.len();
        let piece = self.points.len().div_ceil(PIECES).div_ceil(CHUNK) * CHUNK;
        let pieces: Vec<Room> = self
            .labels
            .par_chunks(piece)
            .enumerate()
            .map(|(number, labels)| {
                let first = number * piece;
                let mut room = Room { inertia: 0.0, regrets: vec![f64::INFINITY; segments * segments] };
                visit_distances(
                    self.points,
                    self.centroids,
                    first..first + labels.len(),
                    |row, distances| {
                        let label = labels[row - first] as usize;
                        room.inertia += distances[label];
                        let own = distances[label];
                        for (least, distance) in room.regrets[label * segments..].iter_mut().zip(distances) {
                            *least = least.min(distance - own);
                        }
                    },
                );
                room
            })
            .collect();
        let mut total = Room { inertia: 0.0, regrets: vec![f64::INFINITY; segments * segments] };
        for piece in &pieces {
            total.inertia += piece.inertia;
            for (least, other) in total.regrets.iter_mut().zip(&piece.regrets) {
                *least = least.min(*other);
            }
        }
        total
    }

    /// The gap is added up from terms that are never negative: what each customer loses by not being at her least
    /// score, and what each price costs where its limit does not bind.
    pub(super) fn certificate(&self, inertia: f64, prices: &[f64]) -> LimitsCertificate {
        let mut labels = vec![0; self.labels.len()];
        let mut gaps = vec![0.0; self.labels.len()];
        label_all(self.points, self.centroids, prices, &mut labels, &mut gaps);
        let elsewhere: Vec<usize> =
            (0..labels.len()).filter(|row| labels[*row] != self.labels[*row]).collect();
        let mut gap = 0.0;
        visit_distances(self.points, self.centroids, elsewhere.iter().copied(), |row, distances| {
            let score = |label: u32| distances[label as usize] - prices[label as usize];
            gap += score(self.labels[row]) - score(labels[row]);
        });
        for (count, price) in self.counts.iter().zip(prices) {
            gap += price.max(0.0) * (count - self.bounds.least.min(*count)) as f64;
            gap += (-price).max(0.0) * (self.bounds.most.max(*count) - count) as f64;
        }
        LimitsCertificate { gap, lower_bound: (inertia - gap).max(0.0), ties: elsewhere.len() as u64 }
    }
}

/// Moves prices that fit an assignment into the middle of all that do.
///
/// A price may exceed another by no more than the least regret of a customer between the two, so the prices that fit
/// are the potentials of a graph. The lengths of the shortest paths from one node are such potentials, at an edge of the
/// range; their average over all nodes is inside it, except where the range is a point.
fn centre(regrets: &[f64], bounds: Bounds, counts: &[u64], prices: &mut [f64]) {
    let segments = prices.len();
    let nodes = segments + 1;
    let pool = segments;
    // A price of exactly 0 belongs to a segment that no limit has touched; it stays tied to the pool.
    let untouched: Vec<bool> = prices.iter().map(|price| price.total_cmp(&0.0).is_eq()).collect();
    let mut lengths = vec![f64::INFINITY; nodes * nodes];
    for from in 0..segments {
        for to in (0..segments).filter(|to| *to != from) {
            let reduced = regrets[from * segments + to] + (prices[from] - prices[to]);
            lengths[from * nodes + to] = reduced.max(0.0);
        }
        if untouched[from] || counts[from] < bounds.most {
            lengths[from * nodes + pool] = prices[from].max(0.0);
        }
        if untouched[from] || counts[from] > bounds.least {
            lengths[pool * nodes + from] = (-prices[from]).max(0.0);
        }
        lengths[from * nodes + from] = 0.0;
    }
    lengths[pool * nodes + pool] = 0.0;
    shortest_lengths(&mut lengths, nodes);
    let mut sums = vec![0.0; nodes];
    let mut roots = 0_u32;
    for row in lengths.chunks_exact(nodes) {
        let farthest = row[..segments].iter().copied().fold(0.0, f64::max);
        // From a pool that gives no place, or a segment without customers, not all others can be reached.
        if farthest.is_finite() {
            roots += 1;
            for (sum, length) in sums.iter_mut().zip(row) {
                *sum += length.min(farthest);
            }
        }
    }
    if roots > 0 {
        let average = |node: usize| sums[node] / f64::from(roots);
        for (segment, price) in prices.iter_mut().enumerate() {
            if !untouched[segment] {
                *price += average(segment) - average(pool);
            }
        }
    }
}

/// Lengths of arcs become lengths of shortest paths (Floyd and Warshall).
fn shortest_lengths(lengths: &mut [f64], nodes: usize) {
    for through in 0..nodes {
        let second = lengths[through * nodes..][..nodes].to_vec();
        for row in lengths.chunks_exact_mut(nodes) {
            let first = row[through];
            for (length, rest) in row.iter_mut().zip(&second) {
                *length = length.min(first + rest);
            }
        }
    }
}
