//! The fit under limits: the cheapest assignment for the centroids, the centroids of the assignment, and so on.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};

use super::super::points::row_by_row;
use super::kernel::{Centroids, Points, label_all, moments};
use super::ladder::{assign, ladder};
use super::prices::{Assigned, LimitsCertificate};
use super::sizes::{LimitMethod, SizeLimits};
use crate::error::{Error, Result};

/// A fall of the inertia by less than this share of it is rounding.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// When a fit stops.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// After so many assignments, at least 1.
    pub(crate) max_iterations: u32,
    /// Or when the centroids have moved by no more than this: the sum of their squared movements.
    pub(crate) tolerance: f64,
}

/// One iteration of a fit under limits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Round {
    /// From 1.
    pub(crate) iteration: u32,
    /// The inertia of the assignment around the centroids it was made for.
    pub(crate) inertia: f64,
    /// Customers who changed their segment.
    pub(crate) moved: u64,
}

/// Segments whose sizes are within limits.
#[derive(Clone, Debug)]
pub(crate) struct LimitedFit {
    /// Per customer, 0..k.
    pub(crate) labels: Vec<u32>,
    /// Row by row; the labels are the cheapest ones within the limits for these.
    pub(crate) centroids: Array2<f64>,
    /// What is taken off a centroid's squared distances: positive where the minimum binds, negative where the maximum
    /// does.
    pub(crate) prices: Vec<f64>,
    pub(crate) sizes: Vec<u64>,
    pub(crate) inertia: f64,
    pub(crate) iterations: u32,
    /// Whether the labels repeated, or the centroids moved no farther than the tolerance.
    pub(crate) converged: bool,
    pub(crate) certificate: LimitsCertificate,
}

/// Fits segments within limits, from given centroids.
///
/// Inertia never rises from one iteration to the next, so the fit ends in a local optimum, which depends on where it
/// began: centroids of a fit without limits are a good place. A segment without customers, which no minimum
/// forbids, keeps its centroid. Customers are not weighted, since one who counts twice could not be split.
///
/// O(customers · segments · features) for each iteration, and 8 bytes a number of memory besides the points, 12 bytes
/// a customer and up to 64 for the offers of those who may have to move.
///
/// # Errors
/// [`Error::Setting`] where the limits cannot hold, the method is not [`LimitMethod::Prices`], centroids have
/// another number of features than the points, or coordinates overflow; [`Error::Empty`] without points or features;
/// [`Error::Cancelled`] where the observer breaks.
pub(crate) fn fit_within(
    points: ArrayView2<'_, f64>,
    start: ArrayView2<'_, f64>,
    limits: &SizeLimits,
    stop: Stop,
    mut observe: impl FnMut(Round) -> ControlFlow<()>,
) -> Result<LimitedFit> {
    let (customers, features) = points.dim();
    let segments = start.nrows();
    check(customers, features, start.dim(), limits)?;
    let bounds = limits.bounds(segments, customers)?;
    let rows = row_by_row(&points);
    let mut rungs = ladder(rows, features, bounds, segments);
    let mut centroids = Centroids::new(start.into_iter().copied().collect(), features);
    let mut prices = vec![0.0; segments];
    let mut before = Vec::new();
    let (mut iterations, mut converged) = (0, false);
    loop {
        assign(&mut rungs, &centroids, &mut prices)?;
        iterations += 1;
        let Some(all) = rungs.last() else { break };
        let moved = if before.is_empty() { customers } else { differing(&before, &all.labels) };
        let around = moments(&all.points, &centroids, &all.labels);
        let round = Round { iteration: iterations, inertia: around.inertia, moved: moved as u64 };
        if observe(round).is_break() {
            return Err(Error::Cancelled { stage: "fitting segments within size limits" });
        }
        let (next, movement) = moved_to_means(&centroids, &around.sums, &all.counts);
        // Where equal customers may change places, labels need not repeat.
        let falls = movement.inertia > ROUNDING * around.inertia;
        converged = moved == 0 || !falls || movement.squared <= stop.tolerance;
        if converged || iterations >= stop.max_iterations {
            break;
        }
        before.clone_from(&all.labels);
        centroids = next;
    }
    let Some(all) = rungs.pop() else {
        return Err(Error::Empty { what: "the table", hint: "check that it has customers" });
    };
    let assigned = Assigned {
        points: &all.points,
        centroids: &centroids,
        bounds,
        labels: &all.labels,
        counts: &all.counts,
    };
    let (inertia, certificate) = assigned.finish(&mut prices);
    let shape = (segments, features);
    let centroids = Array2::from_shape_vec(shape, centroids.into_rows()).unwrap_or_default();
    Ok(LimitedFit {
        labels: all.labels,
        centroids,
        prices,
        sizes: all.counts,
        inertia,
        iterations,
        converged,
        certificate,
    })
}

/// The segment of each customer by a model's prices: the least squared distance less price, the lowest of equals.
pub(crate) fn place(points: ArrayView2<'_, f64>, centroids: ArrayView2<'_, f64>, prices: &[f64]) -> Vec<u32> {
    let (customers, features) = points.dim();
    if customers == 0 || features == 0 {
        return vec![0; customers];
    }
    let rows = row_by_row(&points);
    let points = Points::new(rows, features);
    let centroids = Centroids::new(centroids.into_iter().copied().collect(), features);
    let (mut labels, mut gaps) = (vec![0; customers], vec![0.0; customers]);
    label_all(&points, &centroids, prices, &mut labels, &mut gaps);
    labels
}

fn check(customers: usize, features: usize, start: (usize, usize), limits: &SizeLimits) -> Result<()> {
    if customers == 0 || features == 0 {
        return Err(Error::Empty { what: "the matrix of points", hint: "check its customers and features" });
    }
    let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
    if customers > u32::MAX as usize {
        return refused("points", format!("{customers} customers"), "at most 4294967295 customers");
    }
    if start.0 == 0 || start.1 != features {
        let found = format!("{} × {}", start.0, start.1);
        return refused("centroids", found, "at least one row, and as many columns as the points");
    }
    if limits.method() == LimitMethod::Merging {
        return refused("method", "merging".to_owned(), "prices");
    }
    Ok(())
}

fn differing(before: &[u32], after: &[u32]) -> usize {
    before.iter().zip(after).filter(|(before, after)| before != after).count()
}

/// How far the centroids move.
struct Movement {
    /// The sum of their squared movements.
    squared: f64,
    /// What their movements take off the inertia.
    inertia: f64,
}

/// The centroids at the means of their customers.
fn moved_to_means(centroids: &Centroids, sums: &[f64], counts: &[u64]) -> (Centroids, Movement) {
    let features = sums.len() / counts.len();
    let mut movement = Movement { squared: 0.0, inertia: 0.0 };
    let mut rows = centroids.rows().to_vec();
    for ((row, sums), count) in rows.chunks_exact_mut(features).zip(sums.chunks_exact(features)).zip(counts) {
        if *count == 0 {
            continue;
        }
        let mut squared = 0.0;
        for (value, sum) in row.iter_mut().zip(sums) {
            let moved = *value + sum / *count as f64;
            squared += (moved - *value) * (moved - *value);
            *value = moved;
        }
        movement.squared += squared;
        movement.inertia += squared * *count as f64;
    }
    (Centroids::new(rows, features), movement)
}
