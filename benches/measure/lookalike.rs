//! Workload *lookalike*: who resembles the customers of a class.

use std::path::Path;

use kohort::Error;
use kohort::lookalike::{LogisticModel, LogisticRegression};
use kohort::ndarray::Array2;
use serde_json::json;

use crate::npz::Npz;
use crate::record::{emit, time};

/// Customers, and whether each is of the class.
pub(crate) struct Labelled {
    pub(crate) points: Array2<f64>,
    pub(crate) labels: Vec<bool>,
}

pub(crate) fn read(path: &Path) -> std::io::Result<Labelled> {
    let mut file = Npz::open(path)?;
    let labels: Vec<bool> = file.array::<i32>("y")?.iter().map(|label| *label != 0).collect();
    let values: Vec<f64> = file.array("X")?;
    let shape = (labels.len(), values.len() / labels.len().max(1));
    let points = Array2::from_shape_vec(shape, values).map_err(std::io::Error::other)?;
    Ok(Labelled { points, labels })
}

/// To the optimum, with the penalty of the peers.
pub(crate) fn fit(rows: &Labelled) -> Result<LogisticModel, Error> {
    LogisticRegression::builder().penalty(1.0).build()?.fit(rows.points.view(), &rows.labels, None)
}

/// The penalised loss, added up row by row.
pub(crate) fn objective(rows: &Labelled, model: &LogisticModel) -> f64 {
    let loss = |(row, label): (&[f64], &bool)| {
        let score = row.iter().zip(model.coefficients()).fold(model.intercept(), |sum, (x, w)| sum + x * w);
        score.max(0.0) + (-score.abs()).exp().ln_1p() - if *label { score } else { 0.0 }
    };
    let points = rows.points.rows().into_iter().map(|row| row.to_slice().unwrap_or_default());
    let losses: f64 = points.zip(&rows.labels).map(loss).sum();
    losses + 0.5 * model.coefficients().iter().map(|w| w * w).sum::<f64>()
}

pub(crate) fn run(rows: &Labelled, mode: &str, runs: usize) -> Result<(), crate::Failure> {
    match mode {
        "fit" => {
            let (timing, model) = time(runs, || (), |()| fit(rows));
            let model = model?;
            let rounded = (objective(rows, &model) * 1e4).round() / 1e4;
            let fields = json!({"bench": "logistic", "n": rows.points.nrows(), "d": rows.points.ncols(), "iters": model.iterations(), "objective": rounded});
            emit(&timing, fields);
        }
        _ => return Err(format!("no mode `{mode}`; there is fit").into()),
    }
    Ok(())
}
