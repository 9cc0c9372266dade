//! Stage 5: who resembles them?
//!
//! (The module's text is written once its parts stand.)

mod encoding;
pub mod evaluation;
mod expansion;
mod explain;
mod logistic;
mod scorer;
mod scores;
mod selection;
mod training;

pub use scores::Scores;
