//! Why is she in this audience? What the score goes by, for one customer and for all.
//!
//! The measure is the *log odds* a feature adds: how much the score of a customer would change if the feature were as in
//! the pool on average. For a linear score these parts add up to the difference between her and an average customer; for the
//! others they tell what matters, and do not add up.

mod differences;
mod reasons;
#[cfg(test)]
mod tests;
mod weights;

pub use differences::{Difference, Differences};
pub use reasons::{Explanation, Reason};
pub use weights::{FeatureEvidence, FeatureWeight, WeightUnit};
