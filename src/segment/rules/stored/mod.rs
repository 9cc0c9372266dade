//! Predicates in serde.

use super::predicate::Predicate;

impl Predicate {
    /// The most levels of conditions.
    pub const MAX_DEPTH: usize = 32;
}
