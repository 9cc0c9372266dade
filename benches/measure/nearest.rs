//! Workload *lookalike*, its exact nearest seeds: the ten nearest of 10,000 seeds for every customer.

use std::path::Path;
use std::time::Instant;

use kohort::lookalike::NearestSeeds;
use kohort::ndarray::Array2;
use serde_json::json;

use crate::Failure;
use crate::npy::malformed;
use crate::npz::Npz;
use crate::record::{emit, time};

/// Seeds, as in the peers' script: the first customers with the label.
const SEEDS: usize = 10_000;

const NEIGHBOURS: usize = 10;

/// The seeds and all customers of a file with `X` and `y`.
pub(crate) fn read(path: &Path) -> std::io::Result<(Array2<f64>, Array2<f64>)> {
    let mut file = Npz::open(path)?;
    let values: Vec<f64> = file.array("X")?;
    let labels: Vec<i32> = file.array("y")?;
    if labels.is_empty() || values.len() % labels.len() != 0 {
        return Err(malformed("`X` has not one row a label of `y`"));
    }
    let dims = values.len() / labels.len();
    let rows = labels.iter().enumerate().filter(|(_, label)| **label == 1).map(|(row, _)| row);
    let seeds: Vec<f64> = rows.take(SEEDS).flat_map(|row| &values[row * dims..][..dims]).copied().collect();
    let matrix = |values: Vec<f64>| Array2::from_shape_vec((values.len() / dims.max(1), dims), values);
    Ok((matrix(seeds).map_err(malformed)?, matrix(values).map_err(malformed)?))
}

pub(crate) fn run(seeds: &Array2<f64>, points: &Array2<f64>, runs: usize) -> Result<(), Failure> {
    let start = Instant::now();
    let nearest = NearestSeeds::new(seeds.view(), NEIGHBOURS)?;
    let build = (start.elapsed().as_secs_f64() * 1e5).round() / 1e5;
    let (timing, found) = time(runs, || (), |()| nearest.distances(points.view()));
    let (squared, _) = found?;
    let mean = squared.mean().unwrap_or_default();
    let (customers, k) = (points.nrows(), seeds.nrows() / 1_000);
    let bench = format!("knn-{k}k-seed-{}M-query", customers / 1_000_000);
    emit(&timing, json!({"bench": bench, "build": build, "mean_d2": mean}));
    Ok(())
}
