//! Logistic regression: the log odds that a customer is of a class, as a weighted sum of what is known of her.
//!
//! [`LogisticRegression`] fits plain numbers at a given penalty; the stage itself chooses the penalty by how well it
//! foretells seeds that were held out. Inside: the [`kernel`] looks at all rows and gives loss, gradient and Hessian;
//! [`newton`] walks to the minimum; [`penalised`] chooses the penalty.

mod builder;
mod cholesky;
mod fit;
mod kernel;
mod model;
mod newton;
mod penalised;
mod rows;
mod stored;

pub use builder::{LogisticRegression, LogisticRegressionBuilder};
pub use model::LogisticModel;
pub(crate) use penalised::PenalisedFit;

#[cfg(test)]
mod tests;
