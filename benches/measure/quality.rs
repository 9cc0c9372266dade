//! Workload *quality*: how good a segmentation is, by the nearest of given centroids.

use std::path::Path;

use kohort::Error;
use kohort::ndarray::{Array2, ArrayView2, Axis};
use kohort::segment::quality::SegmentedPoints;
use serde_json::json;

use crate::npy;
use crate::record::{emit, time};

/// The points, and of each the nearest centroid.
pub(crate) fn read(points: &Path, centroids: &Path) -> Result<(Array2<f64>, Vec<u32>), crate::Failure> {
    let (points, centroids) = (npy::matrix(points)?, npy::matrix(centroids)?);
    let labels = nearest(&points, &centroids);
    Ok((points, labels))
}

pub(crate) fn nearest(points: &Array2<f64>, centroids: &Array2<f64>) -> Vec<u32> {
    let square = |point: &[f64], centroid: &[f64]| {
        point.iter().zip(centroid).map(|(x, y)| (x - y) * (x - y)).sum::<f64>()
    };
    let (points, centroids) = (points.as_standard_layout(), centroids.as_standard_layout());
    let rows = points.rows().into_iter().map(|point| {
        let squares = centroids.rows().into_iter().map(|centroid| {
            square(point.as_slice().unwrap_or_default(), centroid.as_slice().unwrap_or_default())
        });
        let first = (0_u32, f64::INFINITY);
        let least = (0..).zip(squares).fold(first, |least, next| if next.1 < least.1 { next } else { least });
        least.0
    });
    rows.collect()
}

/// One measure, with everything from the plain numbers on.
pub(crate) fn measure(
    points: &ArrayView2<'_, f64>,
    labels: &[u32],
    what: &str,
) -> Result<Option<f64>, Error> {
    let segmented = SegmentedPoints::of_labels(points.view(), labels)?;
    Ok(match what {
        "ch" => segmented.calinski_harabasz(),
        "db" => segmented.davies_bouldin(),
        "simplified" => segmented.simplified_silhouette().overall(),
        "sampled" => segmented.sampled_silhouette(10_000, 0)?.overall(),
        _ => segmented.silhouette().overall(),
    })
}

pub(crate) fn run(
    points: &Array2<f64>,
    labels: &[u32],
    what: &str,
    runs: usize,
) -> Result<(), crate::Failure> {
    let rows = match what {
        "silhouette10k" => 10_000,
        "silhouette50k" => 50_000,
        "ch" | "db" | "simplified" | "sampled" => labels.len(),
        other => return Err(format!("no measure `{other}`").into()),
    };
    let rows = rows.min(labels.len());
    let (points, labels) = (points.view().split_at(Axis(0), rows).0, &labels[..rows]);
    let (timing, value) = time(runs, || (), |()| measure(&points, labels, what));
    emit(&timing, json!({"bench": "quality", "what": what, "value": value?}));
    Ok(())
}
