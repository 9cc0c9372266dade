//! Stage 5: who resembles them?
//!
//! (The module's text is written once its parts stand.)

mod encoding;
mod evaluation;
mod expansion;
mod explain;
mod logistic;
mod scorer;
mod scores;
mod selection;
mod training;

pub use scorer::{NearestSeeds, ScorerKind};
pub use scores::Scores;
