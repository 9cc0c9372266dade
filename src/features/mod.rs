//! Stage 2: from order lines to one row of features per customer.

mod attribution;
mod derive;
mod extractor;
mod feature;
mod group;
mod lines;
mod measures;
mod partition;
mod table;

pub use extractor::{FeatureExtractor, FeatureExtractorBuilder};
pub use feature::Feature;
pub use table::{Column, FeatureTable, MissingPolicy, ReturnKnowledge, TableContext, Values};
