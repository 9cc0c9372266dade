//! k-means (documentation to be written).

mod arithmetic;
mod assign;
mod blocks;
mod builder;
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
pub mod stream;
mod sums;

pub use builder::{Initialization, KMeans, KMeansBuilder};
pub use observe::KMeansProgress;
pub use result::KMeansFit;
pub use road::Road;
pub use stream::{
    Batch, BatchProgress, KMeansState, KMeansStream, KMeansStreamBuilder, KMeansStreamFit, Passes,
};
