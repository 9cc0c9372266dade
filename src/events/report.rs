//! What became of every row of an event log: kept by kind, rejected with a reason, or erased.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::category::Category;
use crate::events::log::NO_VALUE;
use crate::layout::{TextTable, grouped, money};
use crate::transaction::{MoneyTotal, RejectReason};

/// How many row numbers a rejection keeps as examples.
pub(super) const EXAMPLES: usize = 5;

/// How many kinds the printed report lists.
const LISTED_KINDS: usize = 20;

/// Some events, and the values they carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EventTotals {
    /// Rows.
    pub events: u64,
    /// Those that have a value.
    pub values: u64,
    /// The sum of these values.
    pub value: MoneyTotal,
}

impl EventTotals {
    pub(crate) fn add(&mut self, value: Option<i64>) {
        self.events += 1;
        if let Some(value) = value {
            self.values += 1;
            self.value += MoneyTotal::from_ten_thousandths(i128::from(value));
        }
    }

    fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.values += other.values;
        self.value += other.value;
    }

    /// The kinds of rows, each with what its events add up to. O(rows).
    pub(crate) fn by_kind(kinds: &Category, values: Option<&[i64]>) -> BTreeMap<String, Self> {
        let mut totals = vec![Self::default(); kinds.levels.len()];
        for (row, code) in kinds.codes.iter().enumerate() {
            if let Some(totals) = totals.get_mut(*code as usize) {
                totals.add(values.map(|values| values[row]).filter(|value| *value != NO_VALUE));
            }
        }
        let named = kinds.levels.iter().map(str::to_owned).zip(totals);
        named.filter(|(_, totals)| totals.events > 0).collect()
    }
}

/// The rows that were rejected for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RejectedEvents {
    /// How many rows, and the values among them that can be read.
    pub totals: EventTotals,
    /// The numbers of the first of them, at most five.
    pub first_rows: Vec<u64>,
    /// What stood in the first one; empty once customers were erased.
    pub example: String,
}

/// What reading an event log has kept and rejected.
///
/// `rows_read = rows_kept + rows_rejected + rows erased`. `Display` prints it as a table.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EventReport {
    /// Rows read, a file's header not among them.
    pub rows_read: u64,
    /// Kept rows by kind.
    pub kept: BTreeMap<String, EventTotals>,
    /// Rejected rows by reason.
    pub rejected: BTreeMap<RejectReason, RejectedEvents>,
    /// Rows that were kept and then erased at a customer's wish.
    pub erased: EventTotals,
}

impl EventReport {
    /// Rows that are in the log.
    #[must_use]
    pub fn rows_kept(&self) -> u64 {
        self.kept.values().map(|totals| totals.events).sum()
    }

    /// Rows that could not be kept.
    #[must_use]
    pub fn rows_rejected(&self) -> u64 {
        self.rejected.values().map(|rejected| rejected.totals.events).sum()
    }

    /// Whether the report accounts for every row. Holds for every report of a log; a stored one that was edited may
    /// not.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.rows_read == self.rows_kept() + self.rows_rejected() + self.erased.events
    }

    /// Counts a rejected row; `value` is the number it carries, where that can be read.
    pub(crate) fn reject(
        &mut self,
        row: u64,
        reason: RejectReason,
        detail: impl FnOnce() -> String,
        value: Option<i64>,
    ) {
        let rejected = self.rejected.entry(reason).or_default();
        if rejected.totals.events == 0 {
            rejected.example = detail();
        }
        if rejected.first_rows.len() < EXAMPLES {
            rejected.first_rows.push(row);
        }
        rejected.totals.add(value);
    }

    /// The report of both logs together, but for what they keep.
    pub(crate) fn merge_unkept(&mut self, other: &Self) {
        self.rows_read += other.rows_read;
        self.erased.merge(&other.erased);
        for (reason, theirs) in &other.rejected {
            let ours = self.rejected.entry(*reason).or_default();
            if ours.totals.events == 0 {
                ours.example.clone_from(&theirs.example);
            }
            ours.totals.merge(&theirs.totals);
            ours.first_rows.extend(theirs.first_rows.iter().take(EXAMPLES - ours.first_rows.len()));
        }
    }
}

impl fmt::Display for EventReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events read: {} kept, {} rejected",
            grouped(self.rows_read),
            grouped(self.rows_kept()),
            grouped(self.rows_rejected())
        )?;
        if self.erased.events > 0 {
            write!(f, ", {} erased", grouped(self.erased.events))?;
        }
        write!(f, ".\n\n{}", accounts(self))?;
        if !self.rejected.is_empty() {
            writeln!(f, "\n  First rejected rows, by reason:")?;
        }
        for (reason, rejected) in &self.rejected {
            let rows: Vec<String> = rejected.first_rows.iter().map(u64::to_string).collect();
            let more = if rejected.totals.events > rows.len() as u64 { ", …" } else { "" };
            let word = if rejected.totals.events == 1 { "row" } else { "rows" };
            write!(f, "  - {reason}: {word} {}{more}", rows.join(", "))?;
            match rejected.example.as_str() {
                "" => writeln!(f)?,
                example => writeln!(f, " (the first: {example})")?,
            }
        }
        Ok(())
    }
}

/// What was kept, most frequent kinds first, and what was not; each column's total is the sum of what stands above.
fn accounts(report: &EventReport) -> TextTable {
    let mut table = TextTable::new(&["<", "rows", "with a value", "sum of values"]);
    let cells = |name: &str, totals: &EventTotals| {
        [name.to_owned(), grouped(totals.events), grouped(totals.values), money(totals.value)]
    };
    let mut kinds: Vec<(&str, &EventTotals)> =
        report.kept.iter().map(|(kind, totals)| (kind.as_str(), totals)).collect();
    kinds.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.events));
    let (listed, others) = kinds.split_at(kinds.len().min(LISTED_KINDS));
    let sum = |parts: &mut dyn Iterator<Item = &EventTotals>| {
        let mut sum = EventTotals::default();
        parts.for_each(|part| sum.merge(part));
        sum
    };
    for (kind, totals) in listed {
        table.row(cells(kind, totals));
    }
    if !others.is_empty() {
        let rest = sum(&mut others.iter().map(|(_, totals)| *totals));
        table.row(cells(&format!("{} more kinds", grouped(others.len() as u64)), &rest));
    }
    let mut all = sum(&mut report.kept.values());
    if !report.rejected.is_empty() || report.erased.events > 0 {
        table.rule();
        table.row(cells("kept", &all));
        table.rule();
        for (reason, rejected) in &report.rejected {
            table.row(cells(&reason.to_string(), &rejected.totals));
            all.merge(&rejected.totals);
        }
        if report.erased.events > 0 {
            table.row(cells("erased", &report.erased));
            all.merge(&report.erased);
        }
    }
    table.rule();
    table.row(cells("read", &all));
    table
}
