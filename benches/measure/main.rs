//! kohort's side of the comparison with its peers: the same work on the same files, one JSON line a measurement.
//!
//! ```text
//! cargo bench --bench measure -- features --npz tx_10M.npz --key customer_id
//! cargo bench --bench measure -- features --csv tx_10M.csv --key customer_key
//! cargo bench --bench measure --features parquet -- features --parquet tx_10M.parquet --key customer_id
//! cargo bench --bench measure -- economics --npz tx_10M.npz
//! cargo bench --bench measure -- rfm --npz rules_10M.npz --rows 10000000
//! cargo bench --bench measure -- rules --npz rules_10M.npz --mode twenty
//! cargo bench --bench measure -- kmeans --matrix X.npy --centroids C.npy --mode fixed25
//! cargo bench --bench measure -- lookalike --npz look_1M.npz --mode fit|score --rows 1000000|10000000
//! cargo bench --bench measure -- nearest --npz look_1M.npz
//! cargo bench --bench measure -- quality --matrix X.npy --centroids C.npy --what silhouette10k
//! ```
//! `--mode` of rules is `one` or `twenty`; of k-means it is `fixed25` (at most 25 iterations), `strict` (to convergence, at most 300) or `kpp` (seeding alone);
//! of lookalike they are `fit` and `score`.
//! `--what` is `silhouette10k`, `silhouette50k`, `ch` or `db`; `simplified` and `sampled` have no peer.
//!
//! Without a workload, as `cargo bench` and the tests call it, every workload runs on a small seeded sample and its
//! figures are checked against a plain computation.

mod economics;
mod features;
mod kmeans;
mod lookalike;
mod nearest;
mod npy;
mod npz;
mod quality;
mod record;
mod rfm;
mod rules;
mod sample;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs of which the median counts.
const RUNS: usize = 5;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("measure: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments.first().map(String::as_str) {
        Some("features") => {
            let key = option(arguments, "--key").unwrap_or("customer_id");
            #[cfg(feature = "csv")]
            for file in ["--csv", "--parquet"] {
                if let Ok(path) = path_of(arguments, file) {
                    return Ok(features::run_file(&path, key, &size_of_name(&path), RUNS)?);
                }
            }
            let path = path_of(arguments, "--npz")?;
            Ok(features::run(&features::Raw::read(&path)?, key, &size_of_name(&path), RUNS)?)
        }
        Some("economics") => {
            let path = path_of(arguments, "--npz")?;
            Ok(economics::run(&features::Raw::read(&path)?, &size_of_name(&path), RUNS)?)
        }
        Some("rfm") => {
            let rows = option(arguments, "--rows")?.parse()?;
            Ok(rfm::run(&rfm::read(&path_of(arguments, "--npz")?, rows)?, RUNS)?)
        }
        Some("rules") => {
            let table = rules::read(&path_of(arguments, "--npz")?)?;
            rules::run(&table, option(arguments, "--mode")?, RUNS)
        }
        Some("kmeans") => {
            let points = npy::matrix(&path_of(arguments, "--matrix")?)?;
            let start = npy::matrix(&path_of(arguments, "--centroids")?)?;
            kmeans::run(&points, &start, option(arguments, "--mode")?, RUNS)
        }
        Some("lookalike") => {
            let rows = lookalike::read(&path_of(arguments, "--npz")?)?;
            let customers = option(arguments, "--rows").map_or(Ok(1_000_000), str::parse)?;
            lookalike::run(&rows, option(arguments, "--mode")?, customers, RUNS)
        Some("nearest") => {
            let (seeds, points) = nearest::read(&path_of(arguments, "--npz")?)?;
            nearest::run(&seeds, &points, RUNS)
        }
        Some("quality") => {
            let (matrix, centroids) = (path_of(arguments, "--matrix")?, path_of(arguments, "--centroids")?);
            let (points, labels) = quality::read(&matrix, &centroids)?;
            quality::run(&points, &labels, option(arguments, "--what")?, RUNS)
        }
        Some(other) if !other.starts_with('-') => Err(format!(
            "no workload `{other}`; there are economics, features, kmeans, lookalike, quality, rfm and rules"
            "no workload `{other}`; there are economics, features, kmeans, nearest, quality, rfm and rules"
        )
        .into()),
        _ => sample::check_all(),
    }
}

fn option<'a>(arguments: &'a [String], name: &str) -> Result<&'a str, Failure> {
    let position = arguments.iter().position(|argument| argument == name);
    let value = position.and_then(|position| arguments.get(position + 1));
    Ok(value.ok_or_else(|| format!("{name} is missing"))?)
}

fn path_of(arguments: &[String], name: &str) -> Result<PathBuf, Failure> {
    Ok(PathBuf::from(option(arguments, name)?))
}

/// `tx_10M.npz` has size `10M`.
fn size_of_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    stem.rsplit('_').next().unwrap_or_default().to_owned()
}
