//! What a table knows of where it comes from.

use serde::{Deserialize, Serialize};

use crate::transaction::{AsOf, Vat};

/// What a table knows of where it comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TableContext {
    /// The moment it describes.
    pub as_of: AsOf,
    /// The currency of its money.
    pub currency: String,
    /// Whether its prices include value-added tax.
    pub vat: Vat,
    /// What is known of when things came back.
    pub returns: ReturnKnowledge,
    /// Lines of the log that are not before the moment.
    pub lines_left_out: u64,
}

/// What a table knows of returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ReturnKnowledge {
    /// The shop does not record returns.
    NotRecorded,
    /// Each return has its own time, so the table holds exactly what was known at its moment.
    Timed,
    /// Returns have no time: those of later than the table's moment are in it, and it cannot be cut back in history.
    AsKnown,
}
