//! The walk over a log's lines: sums of the shop per level, and the lines of the customers that are asked for.

use std::sync::OnceLock;

use rayon::prelude::*;

use crate::economics::drivers::DriverBy;
use crate::economics::drivers::levels::Levels;
use crate::economics::drivers::rows::Rows;
use crate::economics::drivers::statistic::{DriverLine, LevelSums};
use crate::economics::rows::CHUNK;
use crate::error::{Error, Result};
use crate::features::{FeatureTable, returned_by_line};
use crate::transaction::{LineKind, Returns, TransactionLog};

/// A log's sale lines with the row of their customer in a table, to be walked once for each thing they are told apart by.
pub(super) struct Walk<'a> {
    log: &'a TransactionLog,
    rows: Rows<'a>,
    until: i64,
    /// Of each line what came back, known by the table's moment; `None` where returns are not recorded. Looked for when it
    /// is first needed.
    returned: OnceLock<Option<Vec<i64>>>,
}

/// Where a walk finds what came back.
#[derive(Clone, Copy)]
enum Returned<'a> {
    /// At the sales.
    AtSales(&'a [i64]),
    /// At the credit notes, which name the reason.
    AtNotes,
}

impl<'a> Walk<'a> {
    /// # Errors
    /// [`Error::Incompatible`] where no line is of a customer of the table.
    pub(super) fn new(log: &'a TransactionLog, table: &'a FeatureTable) -> Result<Self> {
        let until = table.context().map_or(i64::MAX, |context| context.as_of.micros());
        Ok(Self { log, rows: Rows::of(log.customers(), table.ids())?, until, returned: OnceLock::new() })
    }

    /// What the lines are told apart by.
    ///
    /// # Errors
    /// [`Error::FeatureNeeds`] where the log does not have it.
    pub(super) fn levels(&self, by: DriverBy) -> Result<Levels<'a>> {
        Levels::of(self.log, &self.rows, by, self.until)
    }

    fn returned(&self, by: DriverBy) -> Result<Returned<'_>> {
        let notes = matches!(self.log.rules().returns(), Returns::CreditNotes { .. });
        if notes && by.is_reason() {
            return Ok(Returned::AtNotes);
        }
        let returned = self.returned.get_or_init(|| returned_by_line(self.log, self.until));
        returned.as_deref().map(Returned::AtSales).ok_or_else(|| Error::FeatureNeeds {
            feature: "return drivers".to_owned(),
            needs: "a record of returns",
        })
    }

    /// The shop's sums per level, the last for lines without one, and the lines of each of so many groups of rows.
    ///
    /// # Errors
    /// [`Error::FeatureNeeds`] where the log does not record returns.
    pub(super) fn sums(
        &self,
        levels: &Levels<'_>,
        by: DriverBy,
        groups: usize,
        group: impl Fn(usize) -> Option<usize> + Sync,
    ) -> Result<(Vec<LevelSums>, Vec<Vec<DriverLine>>)> {
        let came_back = self.returned(by)?;
        let none = levels.len();
        let empty = || (vec![LevelSums::default(); none + 1], vec![Vec::new(); groups]);
        let starts: Vec<usize> = (0..self.log.len()).step_by(CHUNK).collect();
        // Sums are whole numbers, so the size of tasks changes nothing but speed.
        let sums = starts
            .into_par_iter()
            .fold(empty, |(mut shop, mut lines), start| {
                for line in start..self.log.len().min(start + CHUNK) {
                    let Some((row, value, returned)) = self.line(line, came_back) else { continue };
                    let level = levels.level(line, row);
                    shop[(level as usize).min(none)].add(1, value.into(), returned.into());
                    if let Some(group) = group(row) {
                        lines[group].push(DriverLine::new(level, row, value, returned));
                    }
                }
                (shop, lines)
            })
            .reduce(empty, |(mut shop, mut lines), (other, more)| {
                shop.iter_mut().zip(other).for_each(|(sum, part)| sum.merge(&part));
                lines.iter_mut().zip(more).for_each(|(lines, more)| lines.extend(more));
                (shop, lines)
            });
        Ok(sums)
    }

    /// The customer's row, the value and what came back of it; `None` for lines that are neither sale nor wanted note,
    /// too late, or of a customer who is not in the table.
    fn line(&self, line: usize, returned: Returned<'_>) -> Option<(usize, i64, i64)> {
        let log = self.log;
        if log.times[line] >= self.until {
            return None;
        }
        let gross = log.gross[line];
        let (value, returned) = match (log.kinds[line], returned) {
            (LineKind::Sale, returned) => {
                let discount = log.discounts.as_ref().map_or(0, |discounts| discounts[line]);
                let returned = match returned {
                    Returned::AtSales(returned) => returned[line],
                    Returned::AtNotes => 0,
                };
                (gross - discount, returned)
            }
            (LineKind::Return, Returned::AtNotes) => (0, gross),
            _ => return None,
        };
        Some((self.rows.row(line)?, value, returned))
    }
}
