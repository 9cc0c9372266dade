//! Stage 2: from order lines to one row of features per customer.

mod feature;
mod table;

pub use feature::Feature;
pub use table::{Column, FeatureTable, MissingPolicy, ReturnKnowledge, TableContext, Values};
