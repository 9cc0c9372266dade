//! Workload *kmeans*: iterations from given centroids, or seeding alone.

use kohort::Error;
use kohort::ndarray::Array2;
use kohort::segment::{Initialization, KMeans, KMeansFit};
use serde_json::{Value, json};

use crate::record::{emit, time};

fn iterations(mode: &str) -> Option<u32> {
    match mode {
        "fixed25" => Some(25),
        "strict" => Some(300),
        _ => None,
    }
}

/// From given centroids, at most so many iterations.
pub(crate) fn fit(points: &Array2<f64>, start: &Array2<f64>, most: u32) -> Result<KMeansFit, Error> {
    let given = Initialization::Centroids(start.clone());
    let kmeans = KMeans::builder(start.nrows()).initialization(given).max_iterations(most).build()?;
    kmeans.fit_matrix(points.view(), None)
}

/// k-means++ with the seed of the peers.
pub(crate) fn seeds(points: &Array2<f64>, clusters: usize) -> Result<Array2<f64>, Error> {
    KMeans::builder(clusters).build()?.seeds_matrix(points.view(), None)
}

/// The sum of squared distances from the nearest centroid, as the peers' script takes it.
pub(crate) fn inertia(points: &Array2<f64>, centroids: &Array2<f64>) -> f64 {
    let square = |point: &[f64], centroid: &[f64]| {
        point.iter().zip(centroid).map(|(x, y)| (x - y) * (x - y)).sum::<f64>()
    };
    let centroids: Vec<Vec<f64>> = centroids.outer_iter().map(|row| row.to_vec()).collect();
    let nearest = |point: Vec<f64>| {
        centroids.iter().map(|centroid| square(&point, centroid)).fold(f64::INFINITY, f64::min)
    };
    points.outer_iter().map(|point| nearest(point.to_vec())).sum()
}

pub(crate) fn run(
    points: &Array2<f64>,
    start: &Array2<f64>,
    mode: &str,
    runs: usize,
) -> Result<(), crate::Failure> {
    let shape = |more: Value| {
        let mut fields = json!({"bench": "kmeans", "n": points.nrows(), "d": points.ncols(), "k": start.nrows(), "mode": mode});
        if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
            fields.extend(more);
        }
        fields
    };
    match iterations(mode) {
        Some(most) => {
            let (timing, found) = time(runs, || (), |()| fit(points, start, most));
            let found = found?;
            let road = format!("{:?}", found.road());
            let figures = json!({"iters": found.iterations(), "inertia": found.inertia(), "road": road});
            emit(&timing, shape(figures));
        }
        None if mode == "kpp" => {
            let (timing, found) = time(runs, || (), |()| seeds(points, start.nrows()));
            emit(&timing, shape(json!({"inertia": inertia(points, &found?)})));
        }
        None => return Err(format!("no mode `{mode}`; there are fixed25, strict and kpp").into()),
    }
    Ok(())
}
