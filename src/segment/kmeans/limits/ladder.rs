//! One assignment under limits: prices from a ladder of samples, then the exact exchange among all customers.
//!
//! Customers who have to move cost far more than customers who are looked at. So good prices are found first, on
//! a sample of a sixteenth of the customers, whose own prices come from a sixteenth of the sample, and so on. What is
//! left to move at each rung is sampling noise, some `√(16 n k)` customers of n in all. Where the prices of the
//! iteration before are better than that, the ladder is not climbed at all. Samples change the time it takes, never
//! the result's being the cheapest assignment.

use std::borrow::Cow;

use super::exchange::{Placed, settle, to_move};
use super::kernel::{Centroids, Points, label_all};
use super::sizes::Bounds;
use crate::error::Result;
use crate::random::Stream;

/// How many times larger a rung is than the one below.
const GROWTH: usize = 16;

/// Customers that the lowest rung has at least.
const LOWEST: usize = 2_048;

/// One customer in so many may have to move before prices are taken from the rung below.
const WORTH_A_RUNG: u64 = 32;

/// Offers of 16 bytes that may be in memory, per customer and for few customers.
const OFFERS_PER_CUSTOMER: usize = 2;
const OFFERS_AT_LEAST: usize = 1 << 20;

/// Some or all customers, and where they are.
pub(super) struct Rung<'a> {
    pub(super) points: Points<'a>,
    pub(super) bounds: Bounds,
    pub(super) labels: Vec<u32>,
    gaps: Vec<f64>,
    pub(super) counts: Vec<u64>,
}

impl<'a> Rung<'a> {
    fn new(points: Points<'a>, bounds: Bounds, segments: usize) -> Self {
        let customers = points.len();
        Self {
            points,
            bounds,
            labels: vec![0; customers],
            gaps: vec![0.0; customers],
            counts: vec![0; segments],
        }
    }

    fn label(&mut self, centroids: &Centroids, prices: &[f64]) {
        self.counts = label_all(&self.points, centroids, prices, &mut self.labels, &mut self.gaps);
    }

    fn to_move(&self, prices: &[f64]) -> u64 {
        to_move(self.bounds, &self.counts, prices)
    }

    /// Where centroids have moved far, their prices can be worse than none.
    fn start_over_if_better(&mut self, centroids: &Centroids, prices: &mut [f64]) {
        let before = self.to_move(prices);
        let none = vec![0.0; prices.len()];
        self.label(centroids, &none);
        if self.to_move(&none) < before {
            prices.copy_from_slice(&none);
        } else {
            self.label(centroids, prices);
        }
    }
}

/// The rungs for these customers, the smallest first and all customers last.
pub(super) fn ladder(
    rows: Cow<'_, [f64]>,
    features: usize,
    bounds: Bounds,
    segments: usize,
) -> Vec<Rung<'_>> {
    let all = Rung::new(Points::new(rows, features), bounds, segments);
    let customers = all.points.len();
    let mut rungs = vec![all];
    let mut step = GROWTH;
    while customers / step >= LOWEST.max(GROWTH * segments) {
        let sample = sample(&rungs[0].points, step);
        rungs.push(Rung::new(sample, bounds.of_sample(customers / step, customers), segments));
        step *= GROWTH;
    }
    rungs.reverse();
    rungs
}

/// One customer out of every `step`, which one drawn by lot, since the order of customers may have a period.
fn sample(points: &Points<'_>, step: usize) -> Points<'static> {
    let features = points.features();
    let mut lot = Stream::new(0, "k-means under limits: sample", step as u64);
    let rows = (0..points.len() / step)
        .flat_map(|block| points.row(block * step + lot.below(step as u64) as usize).iter().copied());
    Points::new(Cow::Owned(rows.collect()), features)
}

impl Bounds {
    /// What the bounds mean for a sample; they can hold for it if they can for all.
    fn of_sample(self, sample: usize, customers: usize) -> Self {
        let scaled = |limit: u64| u128::from(limit) * sample as u128;
        Self {
            least: (scaled(self.least) / customers as u128) as u64,
            most: scaled(self.most).div_ceil(customers as u128) as u64,
        }
    }
}

/// Assigns the customers of the highest rung at the least inertia within the bounds. Prices are those to begin with, and
/// then those of the assignment.
///
/// # Errors
/// As [`settle`].
pub(super) fn assign(rungs: &mut [Rung<'_>], centroids: &Centroids, prices: &mut [f64]) -> Result<()> {
    let Some((rung, lower)) = rungs.split_last_mut() else { return Ok(()) };
    rung.label(centroids, prices);
    let far_off = rung.to_move(prices) > rung.labels.len() as u64 / WORTH_A_RUNG;
    if far_off && !lower.is_empty() {
        assign(lower, centroids, prices)?;
        rung.label(centroids, prices);
    } else if far_off {
        rung.start_over_if_better(centroids, prices);
    }
    let Rung { points, bounds, labels, gaps, counts } = rung;
    let offers = (OFFERS_PER_CUSTOMER * labels.len()).max(OFFERS_AT_LEAST);
    settle(Placed { points, centroids, bounds: *bounds, labels, gaps, counts, offers }, prices)
}
