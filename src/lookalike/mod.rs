//! Stage 5: who resembles them?
//!
//! (The module's text is written once its parts stand.)

mod builder;
mod encoding;
pub mod evaluation;
mod expansion;
mod explain;
mod fit;
mod key;
mod learned;
mod logistic;
mod model;
mod scorer;
mod scores;
mod seed;
mod selection;
mod training;

pub use builder::{LeakPolicy, Lookalike, LookalikeBuilder, LookalikeProgress};
pub use encoding::Leak;
pub use explain::{Difference, Differences, Explanation, FeatureWeight, Reason, WeightUnit};
pub use model::LookalikeModel;
pub use scorer::ScorerKind;
pub use scores::Scores;
pub use seed::{Seed, SeedSummary, UnknownIds};
