//! A fit from the rows to the model: what they must be, and the search.

use std::borrow::Cow;

use ndarray::ArrayView2;

use super::builder::LogisticRegression;
use super::model::LogisticModel;
use super::newton::{Limits, minimise, rough_start};
use super::rows::{Data, Part};
use crate::error::{Error, Result};

impl LogisticRegression {
    /// Fits plain numbers: a row for each customer, and whether she is of the class; `None` counts each once.
    ///
    /// A weight of 2 counts a row as if it stood there twice; rows of weight 0 take no part. The result has the same bits
    /// for any number of threads. It depends on the order of the rows in the last digits, as sums of floats do.
    ///
    /// O(rows · features²) a step, of which there are mostly fewer than ten, with many rows two or three; 128 sums of
    /// features² numbers are held, and no copy of the rows is made where they lie row by row.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows or features; [`Error::ColumnLength`] where there is not one label, or one weight, a
    /// row; [`Error::Coordinate`] for a number that is not finite or beyond 1e100; [`Error::Setting`] for weights that are
    /// negative, not finite or 0 throughout, where all rows that count have the same label, and for more than 4,294,967,295
    /// rows.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn fit(
        &self,
        points: ArrayView2<'_, f64>,
        labels: &[bool],
        weights: Option<&[f64]>,
    ) -> Result<LogisticModel> {
        let (rows, dims) = points.dim();
        if rows == 0 || dims == 0 {
            return Err(Error::Empty {
                what: "the matrix of points",
                hint: "logistic regression needs customers of both classes, and one feature",
            });
        }
        if u32::try_from(rows).is_err() {
            return Err(Error::Setting {
                setting: "points",
                found: format!("{rows} rows"),
                expected: "at most 4,294,967,295",
            });
        }
        check_length("labels", labels.len(), rows)?;
        let scaled = weights.map(|weights| Scaled::of(weights, rows)).transpose()?;
        check_classes(labels, scaled.as_ref().map(|scaled| scaled.weights.as_slice()))?;
        let unit = scaled.as_ref().map_or(1.0, |scaled| scaled.unit);
        let values = row_by_row(&points);
        let mut data =
            Data::new(&values, dims, labels, scaled.as_ref().map(|scaled| scaled.weights.as_slice()));
        if data.suspect() {
            data.check()?;
        }
        let penalty = self.penalty / unit;
        let limits = Limits { iterations: self.max_iterations, tolerance: self.tolerance };
        let everything = Part::Range(0..rows);
        let search = |data: &Data<'_>| {
            let start = rough_start(data, penalty);
            minimise(data, &everything, [1.0; 2], penalty, start, limits).0
        };
        let mut state = search(&data);
        if !state.sound {
            data.check()?;
            // Large numbers, and nothing worse.
            state = search(&data);
        }
        let (coefficients, intercept) = unshifted(&state.coefficients, &data.shift);
        Ok(LogisticModel {
            coefficients,
            intercept,
            penalty: self.penalty,
            objective: state.objective * unit,
            iterations: state.iterations,
            converged: state.converged,
        })
    }
}

/// Coefficients and intercept for the features as they were given.
pub(super) fn unshifted(coefficients: &[f64], shift: &[f64]) -> (Vec<f64>, f64) {
    let features = &coefficients[..shift.len()];
    let intercept =
        features.iter().zip(shift).fold(coefficients[shift.len()], |intercept, (coefficient, shift)| {
            (-coefficient).mul_add(*shift, intercept)
        });
    (features.to_vec(), intercept)
}

/// The numbers of a matrix row by row, without a copy where they lie so.
fn row_by_row<'a>(points: &'a ArrayView2<'_, f64>) -> Cow<'a, [f64]> {
    match points.as_slice() {
        Some(values) => values.into(),
        None => points.iter().copied().collect::<Vec<f64>>().into(),
    }
}

/// Weights of mean about 1, in units of a power of two, so that tiny and huge ones are worked with like others.
struct Scaled {
    weights: Vec<f64>,
    unit: f64,
}

impl Scaled {
    fn of(weights: &[f64], rows: usize) -> Result<Self> {
        check_length("weights", weights.len(), rows)?;
        let refused = |found: String| Error::Setting {
            setting: "weights",
            found,
            expected: "finite numbers of at least 0, some above",
        };
        if let Some((row, weight)) =
            weights.iter().enumerate().find(|(_, weight)| !(weight.is_finite() && **weight >= 0.0))
        {
            return Err(refused(format!("{weight} in row {row}")));
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest <= 0.0 {
            return Err(refused("0 everywhere".into()));
        }
        let mean = weights.iter().map(|weight| weight / rows as f64).sum::<f64>();
        // The power of two below the mean; its inverse is one too, and neither leaves the range of floats.
        let exponent = ((mean.to_bits() >> 52) & 0x7ff).clamp(24, 2_022);
        let unit = f64::from_bits(exponent << 52);
        Ok(Self { weights: weights.iter().map(|weight| weight / unit).collect(), unit })
    }
}

fn check_length(column: &'static str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::ColumnLength { column: column.into(), found, against: "points".into(), expected })
}

/// # Errors
/// Where all rows that count have the same label.
fn check_classes(labels: &[bool], weights: Option<&[f64]>) -> Result<()> {
    let counts = |row: usize| weights.is_none_or(|weights| weights[row] > 0.0);
    let found = |wanted: bool| labels.iter().enumerate().any(|(row, label)| *label == wanted && counts(row));
    if found(true) && found(false) {
        return Ok(());
    }
    Err(Error::Setting {
        setting: "labels",
        found: format!("only {} where weights are above 0", found(true)),
        expected: "rows of both classes that count",
    })
}
