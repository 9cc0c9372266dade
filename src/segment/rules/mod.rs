//! Segments stated as rules: predicates over features.
#![doc = ""]
#![doc = include_str!("../../../docs/rules.md")]

mod behaviour;
mod condition;
#[cfg(feature = "sql")]
mod parse;
mod predicate;
mod stored;
mod text;
mod truth;
mod value;

pub use behaviour::{did, first_did, last_did, regular, restarted, stopped};
pub use condition::{AnyCase, Operand, bucket, feature};
pub use predicate::{Predicate, segment};
pub use truth::Truth;
pub use value::{Relative, Value};
