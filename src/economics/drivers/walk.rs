//! The walk over a log's lines: sums of the shop per level, and the lines of the customers that are asked for.

use rayon::prelude::*;

use crate::economics::drivers::DriverBy;
use crate::economics::drivers::levels::Levels;
use crate::economics::drivers::rows::Rows;
use crate::economics::drivers::statistic::{DriverLine, LevelSums};
use crate::features::returned_by_line;
use crate::transaction::{LineKind, Returns, TransactionLog};

/// Lines of one task. Sums are whole numbers, so the size changes nothing but speed.
const CHUNK: usize = 1 << 14;

/// A log's sale lines with the row of their customer and their level.
pub(super) struct Walk<'a> {
    log: &'a TransactionLog,
    rows: Rows<'a>,
    returned: Returned,
    levels: &'a Levels<'a>,
    until: i64,
}

/// Where a walk finds what came back.
enum Returned {
    /// At the sales: of each line, known by the table's moment.
    AtSales(Vec<i64>),
    /// At the credit notes, which name the reason.
    AtNotes,
}

impl Returned {
    fn of(log: &TransactionLog, by: DriverBy, until: i64) -> Option<Self> {
        let notes = matches!(log.rules().returns(), Returns::CreditNotes { .. });
        if notes && by.is_reason() {
            return Some(Self::AtNotes);
        }
        returned_by_line(log, until).map(Self::AtSales)
    }
}

impl<'a> Walk<'a> {
    /// `None` where the log does not record returns.
    pub(super) fn new(
        log: &'a TransactionLog,
        rows: Rows<'a>,
        levels: &'a Levels<'a>,
        by: DriverBy,
        until: i64,
    ) -> Option<Self> {
        Some(Self { log, rows, returned: Returned::of(log, by, until)?, levels, until })
    }

    /// The shop's sums per level, the last for lines without one, and the lines of customers that are `wanted`.
    pub(super) fn sums(&self, wanted: impl Fn(usize) -> bool + Sync) -> (Vec<LevelSums>, Vec<DriverLine>) {
        let none = self.levels.len();
        let empty = || (vec![LevelSums::default(); none + 1], Vec::new());
        let starts: Vec<usize> = (0..self.log.len()).step_by(CHUNK).collect();
        starts
            .into_par_iter()
            .fold(empty, |(mut shop, mut lines), start| {
                for line in start..self.log.len().min(start + CHUNK) {
                    let Some((row, value, returned)) = self.line(line) else { continue };
                    let level = self.levels.level(line, row);
                    shop[(level as usize).min(none)].add(1, value.into(), returned.into());
                    if wanted(row) {
                        lines.push(DriverLine::new(level, row, value, returned));
                    }
                }
                (shop, lines)
            })
            .reduce(empty, |(mut shop, mut lines), (other, more)| {
                shop.iter_mut().zip(other).for_each(|(sum, part)| sum.merge(&part));
                lines.extend(more);
                (shop, lines)
            })
    }

    /// The customer's row, the value and what came back of it; `None` for lines that are neither sale nor wanted note,
    /// too late, or of a customer who is not in the table.
    fn line(&self, line: usize) -> Option<(usize, i64, i64)> {
        let log = self.log;
        if log.times[line] >= self.until {
            return None;
        }
        let gross = log.gross[line];
        let (value, returned) = match (log.kinds[line], &self.returned) {
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
