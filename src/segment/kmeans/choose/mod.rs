//! How many clusters? A sweep over their number that measures each, tests whether it holds, and recommends one or none.

mod builder;
mod candidate;
mod choice;
mod features;
mod points;
mod progress;
mod reference;
mod run;
mod stability;
mod sweep;
mod table;
mod verdict;

pub use builder::{ChooseClusters, ChooseClustersBuilder};
pub use candidate::{Candidate, ClusterStability, Gap, PredictionStrength};
pub use choice::{ClusterChoice, Measure};
pub use features::FeatureRole;
pub use progress::{ChoiceProgress, ChoiceStage};
pub use table::SegmentChoice;
pub use verdict::{ChoiceWarning, Rejection};
