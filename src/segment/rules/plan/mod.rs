//! Rules compiled for a table, and evaluated for all its customers in one pass.
//!
//! `compile.rs` makes of the rules a program without repetitions, `source.rs` reads the columns, `kernel.rs` compares them
//! and `run.rs` walks over the rows in chunks.

mod compile;
mod kernel;
mod run;
mod source;

#[cfg(test)]
mod tests;

use compile::Program;

use super::builder::Rules;
use super::cuts::Cuts;
use super::matches::Matches;
use crate::error::Result;
use crate::features::FeatureTable;

/// Rules compiled for a table.
pub(crate) struct Plan<'t> {
    program: Program<'t>,
    rows: usize,
}

impl<'t> Plan<'t> {
    /// # Errors
    /// As for [`RulesModel::validate`](super::RulesModel::validate).
    pub(crate) fn new(rules: &'t Rules, cuts: &'t Cuts, table: &'t FeatureTable) -> Result<Self> {
        Ok(Self { program: Program::new(rules, cuts, table)?, rows: table.len() })
    }

    /// What each rule is for each customer. One pass over the columns, on all processors: O(customers · different
    /// conditions / 8 or 16) comparisons of vectors.
    pub(crate) fn evaluate(&self) -> Vec<Matches> {
        run::run(&self.program, self.rows)
    }
}
