//! Stage 2: from order lines to one row of features per customer.

mod attribution;
mod derive;
mod extractor;
mod feature;
mod group;
mod lines;
mod measures;
mod partition;
mod state;
mod table;
mod tally;

pub(crate) use attribution::returned_by_line;
pub use extractor::{FeatureExtractor, FeatureExtractorBuilder};
pub use feature::Feature;
pub use state::FeatureState;
pub use table::{Column, FeatureTable, MissingPolicy, ReturnKnowledge, TableContext, Values};
