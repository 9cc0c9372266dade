//! Predicates in serde: nested words and values in formats that people and pages read, nodes in a row in all others.
//!
//! What is nested is read and written by recursion, as formats have it, so its depth is bounded on both ways
//! ([`Predicate::MAX_DEPTH`]) and counted while it is read: no format has to protect the stack.

mod flat;
mod models;
mod names;
mod read;
mod value;
mod write;

use serde::de::{DeserializeSeed, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::predicate::Predicate;

/// The nested form in formats for people, such as JSON; see [the module](crate::segment::rules).
impl Serialize for Predicate {
    /// # Errors
    /// Where it is deeper than [`MAX_DEPTH`](Self::MAX_DEPTH), or has a number that is not finite.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        check_depth(self).map_err(S::Error::custom)?;
        if serializer.is_human_readable() {
            write::nested(self, serializer)
        } else {
            self.nodes().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Predicate {
    /// # Errors
    /// With the place of what is not as it should be, as in `all[2].not.op`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            read::Nested::WHOLE.deserialize(deserializer)
        } else {
            let predicate = flat::checked(Vec::deserialize(deserializer)?).map_err(D::Error::custom)?;
            check_depth(&predicate).map_err(D::Error::custom)?;
            Ok(predicate)
        }
    }
}

fn check_depth(predicate: &Predicate) -> Result<(), String> {
    let depth = predicate.depth();
    if depth <= Predicate::MAX_DEPTH { Ok(()) } else { Err(too_deep(depth)) }
}

fn too_deep(depth: usize) -> String {
    format!(
        "{depth} levels of conditions, of which a rule has at most {}; name a part of it as a rule of its own and refer \
         to it by {{\"segment\": \"…\"}}",
        Predicate::MAX_DEPTH
    )
}
