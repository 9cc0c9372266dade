//! The ingest report: every row read is kept, or rejected with a reason, and so is its money.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::transaction::line::{Line, LineKind, RejectReason};
use crate::transaction::money::MoneyTotal;

/// How many row numbers a rejection keeps as examples.
pub(crate) const EXAMPLES: usize = 5;

/// Lines of one class, with their pieces and their value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ClassTotals {
    /// Rows.
    pub lines: u64,
    /// Pieces.
    pub pieces: u64,
    /// Value before discount of sale lines, credited value of return lines.
    pub value: MoneyTotal,
}

impl ClassTotals {
    pub(crate) fn add(&mut self, pieces: i32, value: i64) {
        self.lines += 1;
        self.pieces += u64::from(pieces.unsigned_abs());
        self.value += MoneyTotal::from_ten_thousandths(i128::from(value));
    }

    /// Takes back what `lines` lines have added.
    fn take(&mut self, lines: u64, pieces: i32, value: i64) {
        self.lines -= lines;
        self.pieces -= u64::from(pieces.unsigned_abs());
        self.value += MoneyTotal::from_ten_thousandths(-i128::from(value));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.lines += other.lines;
        self.pieces += other.pieces;
        self.value += other.value;
    }
}

/// The rows that were rejected for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Rejection {
    /// How many rows.
    pub rows: u64,
    /// The numbers of the first of them, at most five.
    pub first_rows: Vec<u64>,
    /// What stood in the first one; empty once customers were erased, for it may have been theirs.
    pub example: String,
    /// Those that would have been sale lines.
    pub sales: ClassTotals,
    /// Those that would have been free lines.
    pub free: ClassTotals,
    /// Those that would have been a record of a return: credit notes, and sale lines of which something came back.
    pub returns: ClassTotals,
}

/// What was kept once and then erased with the customers it belonged to: sums, and nothing that tells whose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Erasure {
    /// Customers, counted anew in every log they were erased from.
    pub customers: u64,
    /// How many rows.
    pub rows: u64,
    /// Those that were sale lines.
    pub sales: ClassTotals,
    /// Those that were free lines.
    pub free: ClassTotals,
    /// Those that were a record of a return: credit notes, and sale lines of which something came back.
    pub returns: ClassTotals,
}

impl Erasure {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        self.rows += other.rows;
        self.sales.merge(&other.sales);
        self.free.merge(&other.free);
        self.returns.merge(&other.returns);
    }
}

/// What reading a log has kept and rejected, and what was erased from it since.
///
/// `rows_read = rows_kept + rows_rejected + erased.rows`, and the value of all readable sale and return lines is the
/// value of those kept plus that of those rejected and erased. `Display` prints it as a table.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct IngestReport {
    /// Rows read, the header not among them.
    pub rows_read: u64,
    /// Kept lines with a value.
    pub sales: ClassTotals,
    /// Kept lines without one.
    pub free: ClassTotals,
    /// Kept credit notes.
    pub credit_notes: ClassTotals,
    /// Kept sale lines of which something came back, with the pieces and the paid value that did.
    pub returned_lines: ClassTotals,
    /// Discounts on the kept sale lines.
    pub discount: MoneyTotal,
    /// Rejected rows by reason.
    pub rejected: BTreeMap<RejectReason, Rejection>,
    /// Rows that [`TransactionLog::erase`](crate::TransactionLog::erase) took out again.
    #[serde(default)]
    pub erased: Erasure,
    /// The currency of all amounts.
    pub currency: String,
}

impl IngestReport {
    /// Rows that are in the log.
    #[must_use]
    pub fn rows_kept(&self) -> u64 {
        self.sales.lines + self.free.lines + self.credit_notes.lines
    }

    /// Rows that are not.
    #[must_use]
    pub fn rows_rejected(&self) -> u64 {
        self.rejected.values().map(|rejection| rejection.rows).sum()
    }

    /// Records of a return: credit-note lines and sale lines of which something came back.
    #[must_use]
    pub fn return_lines(&self) -> u64 {
        self.credit_notes.lines + self.returned_lines.lines
    }

    /// The value that came back, as the shop posted it.
    #[must_use]
    pub fn returned(&self) -> MoneyTotal {
        self.credit_notes.value + self.returned_lines.value
    }

    /// Whether the report accounts for every row: those read are those kept, those rejected and those erased. Holds
    /// for every report of a log; a stored one that was edited may not.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.rows_read == self.rows_kept() + self.rows_rejected() + self.erased.rows
    }

    /// Rows and value of everything readable that was read as a sale: kept, rejected and erased sale lines together.
    #[must_use]
    pub fn sales_read(&self) -> ClassTotals {
        let mut all = self.sales;
        all.merge(&self.erased.sales);
        self.rejected.values().for_each(|rejection| all.merge(&rejection.sales));
        all
    }

    /// Records and value of everything readable that was read as a return: kept, rejected and erased.
    #[must_use]
    pub fn returns_read(&self) -> ClassTotals {
        let mut all = self.credit_notes;
        all.merge(&self.returned_lines);
        all.merge(&self.erased.returns);
        self.rejected.values().for_each(|rejection| all.merge(&rejection.returns));
        all
    }

    /// Gross less discounts and returns.
    #[must_use]
    pub fn net(&self) -> MoneyTotal {
        self.sales.value - self.discount - self.returned()
    }

    /// Counts a kept line.
    pub(crate) fn keep(&mut self, line: &Line) {
        match line.kind {
            LineKind::Sale => self.sales.add(line.quantity, line.gross),
            LineKind::Free => self.free.add(line.quantity, 0),
            LineKind::Return => self.credit_notes.add(line.quantity, line.gross),
        }
        if line.came_back() {
            self.returned_lines.add(line.returned_quantity, line.returned);
        }
        self.discount += MoneyTotal::from_ten_thousandths(i128::from(line.discount));
    }

    /// Takes back a row that was counted as kept; one that a state has compacted stands for `lines` of them.
    pub(crate) fn unkeep(&mut self, line: &Line, lines: u64) {
        match line.kind {
            LineKind::Sale => self.sales.take(lines, line.quantity, line.gross),
            LineKind::Free => self.free.take(lines, line.quantity, 0),
            LineKind::Return => self.credit_notes.take(lines, line.quantity, line.gross),
        }
        if line.came_back() {
            self.returned_lines.take(lines, line.returned_quantity, line.returned);
        }
        self.discount += MoneyTotal::from_ten_thousandths(-i128::from(line.discount));
    }

    /// Moves what was kept in `before` and is not any more to what was erased, and takes every text out of the
    /// report: which of the rejected rows were those customers' cannot be told.
    pub(crate) fn settle_erasure(&mut self, before: &Self, customers: u64) {
        let gone = |before: &ClassTotals, after: &ClassTotals| ClassTotals {
            lines: before.lines - after.lines,
            pieces: before.pieces - after.pieces,
            value: before.value - after.value,
        };
        let mut returns = gone(&before.credit_notes, &self.credit_notes);
        returns.merge(&gone(&before.returned_lines, &self.returned_lines));
        self.erased.merge(&Erasure {
            customers,
            rows: before.rows_kept() - self.rows_kept(),
            sales: gone(&before.sales, &self.sales),
            free: gone(&before.free, &self.free),
            returns,
        });
        self.rejected.values_mut().for_each(|rejection| rejection.example.clear());
    }

    /// Counts a rejected row; `line` is what it would have been, where that can be told.
    pub(crate) fn reject(
        &mut self,
        row: u64,
        reason: RejectReason,
        detail: impl FnOnce() -> String,
        line: Option<&Line>,
    ) {
        let rejection = self.rejected.entry(reason).or_default();
        if rejection.rows == 0 {
            rejection.example = detail();
        }
        if rejection.first_rows.len() < EXAMPLES {
            rejection.first_rows.push(row);
        }
        rejection.rows += 1;
        let Some(line) = line else { return };
        match line.kind {
            LineKind::Sale => rejection.sales.add(line.quantity, line.gross),
            LineKind::Free => rejection.free.add(line.quantity, 0),
            LineKind::Return => rejection.returns.add(line.quantity, line.gross),
        }
        if line.came_back() {
            rejection.returns.add(line.returned_quantity, line.returned);
        }
    }

    /// The report of both logs together.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.rows_read += other.rows_read;
        self.sales.merge(&other.sales);
        self.free.merge(&other.free);
        self.credit_notes.merge(&other.credit_notes);
        self.returned_lines.merge(&other.returned_lines);
        self.discount += other.discount;
        self.erased.merge(&other.erased);
        for (reason, theirs) in &other.rejected {
            let ours = self.rejected.entry(*reason).or_default();
            if ours.rows == 0 {
                ours.example.clone_from(&theirs.example);
            }
            ours.rows += theirs.rows;
            ours.first_rows.extend(theirs.first_rows.iter().take(EXAMPLES - ours.first_rows.len()));
            ours.sales.merge(&theirs.sales);
            ours.free.merge(&theirs.free);
            ours.returns.merge(&theirs.returns);
        }
    }
}
