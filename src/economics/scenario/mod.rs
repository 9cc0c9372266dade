//! What would change the ranking: scenarios, and how much hangs on each cost.
//!
//! A [`Scenario`] is recombined from the table, never from the log again: [`Economics::scenario`](crate::Economics::scenario)
//! gives the plan before and after. [`Economics::sensitivity`](crate::Economics::sensitivity) moves every [`CostSetting`] and
//! says from where on something turns.

mod builder;
mod outcome;
mod recombine;
mod sensitivity;
mod settings;

pub use builder::{Scenario, ScenarioBuilder};
pub use outcome::{ScenarioOutcome, SegmentChange};
pub use sensitivity::{SegmentSensitivity, Sensitivity, SettingSensitivity, SwitchPoint, Turn};
pub use settings::{CostChange, CostSetting, CostValue};
