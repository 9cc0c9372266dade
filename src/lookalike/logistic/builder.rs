//! How to fit: an immutable configuration, validated once.

use crate::error::{Error, Result};

/// Logistic regression with a quadratic penalty, on plain numbers.
///
/// Fits the log odds of a class as an intercept plus a weighted sum of features, η = b₀ + Σ β·x, by minimising
///
/// ```text
/// Σ ω [ln(1 + e^η) − y·η]  +  λ/2 · Σ β²
/// ```
///
/// over all rows with their labels y (1 or 0) and weights ω. The intercept is not penalised. The penalty λ is scikit-learn's
/// 1/C. With a penalty above 0 there is always one solution, for separable classes and collinear features too.
///
/// # Examples
/// ```
/// use kohort::lookalike::LogisticRegression;
/// use kohort::ndarray::array;
///
/// let orders_and_returns = array![[1.0, 0.0], [2.0, 1.0], [6.0, 1.0], [3.0, 2.0], [8.0, 0.0], [9.0, 2.0]];
/// let good = [false, false, true, false, true, true];
/// let model = LogisticRegression::builder().penalty(0.5).build()?.fit(orders_and_returns.view(), &good, None)?;
/// assert!(model.converged() && model.coefficients()[0] > 0.0);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct LogisticRegression {
    pub(super) penalty: f64,
    pub(super) max_iterations: u32,
    pub(super) tolerance: f64,
}

/// Settings of a [`LogisticRegression`].
#[derive(Clone, Debug)]
#[must_use]
pub struct LogisticRegressionBuilder {
    penalty: f64,
    max_iterations: u32,
    tolerance: f64,
}

impl LogisticRegression {
    /// A configuration.
    pub fn builder() -> LogisticRegressionBuilder {
        LogisticRegressionBuilder { penalty: 1.0, max_iterations: 100, tolerance: 1e-8 }
    }

    /// λ.
    #[must_use]
    pub fn penalty(&self) -> f64 {
        self.penalty
    }
}

impl LogisticRegressionBuilder {
    /// λ, what half the sum of squared coefficients costs; not divided by the number of rows. Defaults to 1.
    ///
    /// With 0, separable classes have no solution: coefficients grow until the iterations are used up, and the model says
    /// that it has not converged. Of collinear features the later ones then keep a coefficient of 0.
    pub fn penalty(mut self, penalty: f64) -> Self {
        self.penalty = penalty;
        self
    }

    /// When to stop at the latest, in Newton steps over all rows; a fit that stops there says that it has not converged.
    /// Defaults to 100.
    pub fn max_iterations(mut self, iterations: u32) -> Self {
        self.max_iterations = iterations;
        self
    }

    /// Stops where another Newton step would move the log odds by no more, in the mean over rows by their weight and
    /// uncertainty. That step is still taken, so that what is left is smaller by far. Defaults to 1e-8.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The validated configuration.
    ///
    /// # Errors
    /// [`Error::Setting`] for a penalty that is negative or above 1e100, no iteration, or a tolerance that is not a finite
    /// number above 0.
    pub fn build(self) -> Result<LogisticRegression> {
        let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if !(self.penalty >= 0.0 && self.penalty <= 1e100) {
            return refused("penalty", self.penalty.to_string(), "a number of 0 to 1e100");
        }
        if self.max_iterations == 0 {
            return refused("max_iterations", "0".into(), "at least 1");
        }
        if !(self.tolerance.is_finite() && self.tolerance > 0.0) {
            return refused("tolerance", self.tolerance.to_string(), "a finite number above 0");
        }
        Ok(LogisticRegression {
            penalty: self.penalty,
            max_iterations: self.max_iterations,
            tolerance: self.tolerance,
        })
    }
}
