//! From scores to an audience: how large, of whom, and under which limit.
//!
//! [`Expansion`] holds the settings, [`Expansion::choose`] makes the [`Audience`]; [`Frontier`] and [`CapFrontier`]
//! show what other sizes and other caps would bring.

mod audience;
mod choose;
mod frontier;
mod pool;
mod settings;
#[cfg(test)]
mod tests;
mod words;

pub use audience::{Audience, Figures, Limited};
pub use frontier::{CapFrontier, CapReached, CapRow, Frontier, FrontierRow};
pub use pool::LeftOut;
pub use settings::{Expansion, ExpansionBuilder, MissingOutcome, ProfitScore, SeedPolicy, Size};
