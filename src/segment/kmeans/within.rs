//! A fit within limits of size, from the fit without.

use std::ops::ControlFlow;

use ndarray::ArrayView2;

use super::builder::{Initialization, KMeans};
use super::limits::{LimitMethod, LimitedFit, SizeLimits, Stop, fit_within, merge_small};
use super::lloyd::Observer;
use super::observe::KMeansProgress;
use super::order::{heaviest_first, places};
use super::points::row_by_row;
use super::result::KMeansFit;
use crate::error::Result;

impl KMeans {
    /// Brings a fit within the limits.
    ///
    /// By prices, the limited fit starts from the centroids of the fit without limits. By merging, clusters that are too
    /// small are merged and the rest is fitted anew from the merged centroids, until none is: so that each customer ends
    /// with the nearest centroid, as a new one will.
    pub(super) fn bring_within(
        &self,
        limits: &SizeLimits,
        points: &ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        mut fit: KMeansFit,
        mut observer: Option<Observer<'_>>,
    ) -> Result<KMeansFit> {
        if limits.method() == LimitMethod::Prices {
            let stop = Stop { max_iterations: self.max_iterations, tolerance: self.tolerance };
            let customers = points.nrows() as f64;
            let restart = fit.restart;
            let limited = fit_within(points.view(), fit.centroids(), limits, stop, |round| {
                observer.as_mut().map_or(ControlFlow::Continue(()), |observer| {
                    observer(KMeansProgress {
                        restart,
                        iteration: round.iteration,
                        inertia: round.inertia,
                        moved: round.moved as f64 / customers,
                        skipped: 0.0,
                    })
                })
            })?;
            return Ok(priced(fit, &limited));
        }
        let mut made = Vec::new();
        loop {
            let merged = merge_small(fit.labels(), fit.centroids(), limits)?;
            if merged.merges.is_empty() {
                return Ok(KMeansFit { merges: made, ..fit });
            }
            made.extend(merged.merges);
            let fewer = Self {
                clusters: merged.centroids.nrows(),
                initialization: Initialization::Centroids(merged.centroids),
                limits: None,
                ..self.clone()
            };
            let observer = observer.as_mut().map(|observer| &mut **observer as Observer<'_>);
            fit = KMeansFit { clusters: self.clusters, ..fewer.fit_points(points, weights, observer)? };
        }
    }
}

/// The limited fit in the order of every fit: the largest cluster first, equally large ones by their centroids.
fn priced(mut fit: KMeansFit, limited: &LimitedFit) -> KMeansFit {
    let centroids = limited.centroids.view();
    let order = heaviest_first(&limited.sizes, &row_by_row(&centroids), centroids.ncols());
    let place = places(&order, limited.sizes.len());
    let sizes: Vec<u64> = order.iter().map(|cluster| limited.sizes[*cluster]).collect();
    fit.weights = sizes.iter().map(|size| *size as f64).collect();
    KMeansFit {
        labels: limited.labels.iter().map(|label| place[*label as usize]).collect(),
        centroids: limited.centroids.select(ndarray::Axis(0), &order),
        sizes,
        inertia: limited.inertia,
        iterations: limited.iterations,
        converged: limited.converged,
        prices: Some(order.iter().map(|cluster| limited.prices[*cluster]).collect()),
        certificate: Some(limited.certificate),
        ..fit
    }
}
