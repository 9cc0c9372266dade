//! k-means (documentation to be written).

mod arithmetic;
mod assign;
mod blocks;
mod builder;
mod choose;
mod fit;
mod inertia;
mod lloyd;
mod merge;
mod observe;
mod points;
mod result;
mod road;
mod screen;
mod seeding;
mod sums;

pub use builder::{Initialization, KMeans, KMeansBuilder};
pub use choose::{
    Candidate, ChoiceProgress, ChoiceStage, ChoiceWarning, ChooseClusters, ChooseClustersBuilder,
    ClusterChoice, ClusterStability, FeatureRole, Gap, Measure, PredictionStrength, Rejection, Structure,
};
pub use observe::KMeansProgress;
pub use result::KMeansFit;
pub use road::Road;
