//! Stage 5: who resembles them?
//!
//! (The module's text is written once its parts stand.)

mod compare;
mod encoding;
mod evaluation;
mod expansion;
mod explain;
mod logistic;
mod scorer;
mod scores;
pub mod selection;
mod training;

pub use compare::{ComparedGroup, Comparison, ComparisonBuilder};
pub use expansion::{
    Audience, CapFrontier, CapReached, CapRow, Expansion, ExpansionBuilder, Figures, Frontier, FrontierRow,
    LeftOut, Limited, MissingOutcome, ProfitScore, SeedPolicy, Size,
};
pub use scores::Scores;
