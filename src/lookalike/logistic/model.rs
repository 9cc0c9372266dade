//! What a fit found.

use std::fmt;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::rows::sound;
use crate::error::{Error, Result};
use crate::layout::TextTable;
use crate::lookalike::scorer::Linear;

/// A fitted logistic regression. It serialises in a versioned form.
#[derive(Clone, PartialEq)]
pub struct LogisticModel {
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
    pub(super) penalty: f64,
    pub(super) objective: f64,
    pub(super) iterations: u32,
    pub(super) converged: bool,
}

impl LogisticModel {
    /// What each feature adds to the log odds, a unit of it.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The log odds where all features are 0.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// λ, as it was set.
    #[must_use]
    pub fn penalty(&self) -> f64 {
        self.penalty
    }

    /// The penalised loss that was minimised. What the very last step took off it is by the gradient, without another look at
    /// the rows.
    #[must_use]
    pub fn objective(&self) -> f64 {
        self.objective
    }

    /// Newton steps over all rows.
    #[must_use]
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Whether the last step was within the tolerance.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The log odds of each row of other points. O(rows · features), in parallel.
    ///
    /// # Errors
    /// [`Error::Setting`] for points of another width; [`Error::Coordinate`] for a number that is not finite or beyond 1e100,
    /// or so large that its row's log odds are no number.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a view is passed by value, as everywhere with ndarray"
    )]
    pub fn log_odds(&self, points: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
        if points.ncols() != self.coefficients.len() {
            return Err(Error::Setting {
                setting: "points",
                found: format!("{} features", points.ncols()),
                expected: "as many features as the model has",
            });
        }
        if let Some(((row, feature), found)) = points.indexed_iter().find(|(_, value)| !sound(**value)) {
            return Err(Error::Coordinate { row, feature, found: *found });
        }
        let linear = Linear { weights: self.coefficients.clone(), intercept: self.intercept };
        let rows = (0..points.nrows()).into_par_iter();
        let odds: Vec<f64> = rows.map(|row| linear.score_one(points.row(row).iter().copied())).collect();
        if let Some(row) = odds.iter().position(|odds| !odds.is_finite()) {
            let largest = points.row(row).into_iter().copied().enumerate();
            let largest = largest.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
            let (feature, found) = largest.unwrap_or((0, f64::NAN));
            return Err(Error::Coordinate { row, feature, found });
        }
        Ok(odds)
    }
}

impl fmt::Display for LogisticModel {
    /// The coefficients, and how the fit ended.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(&["<feature", "coefficient"]);
        table.row(["intercept".to_owned(), format!("{:.6}", self.intercept)]);
        for (feature, coefficient) in self.coefficients.iter().enumerate() {
            table.row([feature.to_string(), format!("{coefficient:.6}")]);
        }
        write!(f, "{table}")?;
        let end = if self.converged { "converged after" } else { "stopped after" };
        write!(
            f,
            "objective {:.6} with penalty {}, {end} {} iterations",
            self.objective, self.penalty, self.iterations
        )
    }
}

impl fmt::Debug for LogisticModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogisticModel")
            .field("features", &self.coefficients.len())
            .field("objective", &self.objective)
            .field("iterations", &self.iterations)
            .field("converged", &self.converged)
            .finish_non_exhaustive()
    }
}
