//! Segments stated as rules: predicates over features.

mod condition;
#[cfg(feature = "sql")]
mod parse;
mod predicate;
mod stored;
mod text;
mod truth;
mod value;

pub use condition::{AnyCase, Operand, bucket, feature};
pub use predicate::{Predicate, segment};
pub use truth::Truth;
pub use value::{Relative, Value};
