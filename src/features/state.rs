//! Everything accumulates: a shop's history as compacted order lines, without a moment.
//!
//! Lines that every feature treats alike become one row: those of one customer, order, instant and set of texts, as
//! long as nothing or all of them came back. Sums of integers are exact, so a table made from the state equals, to the
//! bit, the table made from all lines at once. Where returns are credit notes, attribution looks at single lines, and
//! sale lines stay as they are.

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::features::extractor::FeatureExtractor;
use crate::features::table::FeatureTable;
use crate::transaction::{Attribute, IngestReport, MAX_LINE, Returns, TransactionLog, UNKNOWN_COST};

/// A shop's order lines so far, compacted; takes more of them, is merged with other shards, and gives a table as of
/// any moment.
///
/// Yesterday's state and today's lines give exactly the table that one pass over all lines gives. Memory is
/// proportional to orders times the categories in each, or to lines where returns are credit notes.
///
/// ```
/// use kohort::features::FeatureState;
/// use kohort::synthetic::Shop;
/// use kohort::{AsOf, FeatureExtractor, Zone};
///
/// let (north, south) = (Shop::builder().customers(50).seed(1), Shop::builder().customers(80).seed(2));
/// let (north, south) = (north.build()?.generate()?.log, south.build()?.generate()?.log);
/// let mut state = FeatureState::new();
/// state.push(&north)?;
/// let mut other = FeatureState::new();
/// other.push(&south)?;
/// state.merge(&other)?;
///
/// let extractor = FeatureExtractor::builder(AsOf::date("2024-07-01", &Zone::utc())?).build()?;
/// assert_eq!(state.finish(&extractor)?, extractor.extract(&north.concat(&south)?)?);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Default, Debug)]
pub struct FeatureState {
    log: Option<TransactionLog>,
    /// How many rows the last compaction left.
    compacted: usize,
}

impl FeatureState {
    /// A state without lines.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes more lines. They may be of any time; a customer's or an order's lines may come in parts.
    ///
    /// O(lines + rows of the state); a sort of all rows whenever they have doubled since the last one.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where currency, zone, order identity, return convention, tax statement or kind of ids
    /// differ from those so far. The state is then unchanged.
    pub fn push(&mut self, log: &TransactionLog) -> Result<()> {
        let mut joined = match &self.log {
            None => project(log),
            Some(own) => own.concat(&project(log))?,
        };
        if joined.len() > 2 * self.compacted {
            joined = compact(&joined);
            self.compacted = joined.len();
        }
        self.log = Some(joined);
        Ok(())
    }

    /// Takes the lines of another state. Merging is associative and commutative.
    ///
    /// # Errors
    /// As for [`FeatureState::push`].
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        match &other.log {
            None => Ok(()),
            Some(log) => self.push(log),
        }
    }

    /// The features of all customers so far.
    ///
    /// # Errors
    /// [`Error::Empty`] where no log was pushed, and those of [`FeatureExtractor::extract`].
    pub fn finish(&self, extractor: &FeatureExtractor) -> Result<FeatureTable> {
        match &self.log {
            None => Err(Error::Empty { what: "the state", hint: "push a log first" }),
            Some(log) => extractor.extract(log),
        }
    }

    /// What became of every row that was pushed.
    #[must_use]
    pub fn report(&self) -> Option<&IngestReport> {
        self.log.as_ref().map(TransactionLog::report)
    }

    /// How many rows the state holds.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.log.as_ref().map_or(0, TransactionLog::len)
    }
}

/// A log without the texts that no feature is computed from.
fn project(log: &TransactionLog) -> TransactionLog {
    let mut projected = log.clone();
    for attribute in [Attribute::Brand, Attribute::Size, Attribute::Reason] {
        projected.attributes[attribute as usize] = None;
    }
    if !keeps_lines(log) {
        projected.attributes[Attribute::Product as usize] = None;
    }
    projected
}

/// Whether single lines matter to the features.
fn keeps_lines(log: &TransactionLog) -> bool {
    matches!(log.rules().returns(), Returns::CreditNotes { .. })
}

/// How much of a row came back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Back {
    Nothing,
    All,
    Part,
}

fn back(log: &TransactionLog, row: usize) -> Back {
    let quantity = log.returned_quantities.as_ref().map_or(0, |values| values[row]);
    let value = log.returned.as_ref().map_or(0, |values| values[row]);
    let paid = log.gross[row] - log.discounts.as_ref().map_or(0, |values| values[row]);
    match (quantity, value) {
        (0, 0) => Back::Nothing,
        (quantity, value) if quantity == log.quantities[row] && value == paid => Back::All,
        _ => Back::Part,
    }
}

/// Orders rows so that those which may become one stand side by side. Complete but for the numbers that are added
/// up, so that the outcome does not depend on the order of rows.
fn compare(log: &TransactionLog, a: usize, b: usize) -> Ordering {
    let key = |row: usize| {
        (
            log.customers.key(row),
            log.orders.key(row),
            log.times[row],
            log.kinds[row],
            back(log, row),
            log.return_times.as_ref().map(|values| values[row]),
            log.costs.as_ref().map(|values| values[row] == UNKNOWN_COST),
        )
    };
    let texts = |row: usize| log.attributes.iter().flatten().map(move |column| column.codes[row]);
    let numbers = |row: usize| (log.gross[row], log.quantities[row]);
    key(a).cmp(&key(b)).then_with(|| texts(a).cmp(texts(b))).then_with(|| numbers(a).cmp(&numbers(b)))
}

/// Whether two rows that stand side by side may become one.
fn alike(log: &TransactionLog, a: usize, b: usize) -> bool {
    let texts = |row: usize| log.attributes.iter().flatten().map(move |column| column.codes[row]);
    let same = log.customers.key(a) == log.customers.key(b)
        && log.orders.key(a) == log.orders.key(b)
        && log.times[a] == log.times[b]
        && log.kinds[a] == log.kinds[b]
        && log.return_times.as_ref().is_none_or(|values| values[a] == values[b])
        && texts(a).eq(texts(b));
    same && back(log, a) == back(log, b) && back(log, a) != Back::Part
}

/// The log with rows put together that every feature treats alike.
fn compact(log: &TransactionLog) -> TransactionLog {
    if keeps_lines(log) {
        return log.clone();
    }
    let mut rows: Vec<usize> = (0..log.len()).collect();
    rows.par_sort_unstable_by(|a, b| compare(log, *a, *b));
    let mut heads: Vec<usize> = Vec::new();
    let mut sums: Vec<Sums> = Vec::new();
    for row in rows {
        let own = Sums::of(log, row);
        let joined = match (heads.last(), sums.last()) {
            (Some(head), Some(sum)) if alike(log, *head, row) => sum.add(&own),
            _ => None,
        };
        if let (Some(joined), Some(last)) = (joined, sums.last_mut()) {
            *last = joined;
        } else {
            heads.push(row);
            sums.push(own);
        }
    }
    let mut compacted = log.gather(&heads);
    compacted.quantities = sums.iter().map(|sum| sum.quantity).collect();
    compacted.gross = sums.iter().map(|sum| sum.gross).collect();
    compacted.discounts = log.discounts.as_ref().map(|_| sums.iter().map(|sum| sum.discount).collect());
    compacted.costs = log.costs.as_ref().map(|_| sums.iter().map(|sum| sum.cost).collect());
    compacted.returned = log.returned.as_ref().map(|_| sums.iter().map(|sum| sum.returned).collect());
    compacted.returned_quantities =
        log.returned_quantities.as_ref().map(|_| sums.iter().map(|sum| sum.returned_quantity).collect());
    compacted.line_counts = Some(sums.iter().map(|sum| sum.lines).collect());
    compacted
}

/// The numbers of a row that add up.
#[derive(Clone, Copy)]
struct Sums {
    lines: u32,
    quantity: i32,
    returned_quantity: i32,
    gross: i64,
    discount: i64,
    cost: i64,
    returned: i64,
}

impl Sums {
    fn of(log: &TransactionLog, row: usize) -> Self {
        let at = |column: &Option<Vec<i64>>| column.as_ref().map_or(0, |values| values[row]);
        Self {
            lines: log.line_counts.as_ref().map_or(1, |values| values[row]),
            quantity: log.quantities[row],
            returned_quantity: log.returned_quantities.as_ref().map_or(0, |values| values[row]),
            gross: log.gross[row],
            discount: at(&log.discounts),
            cost: at(&log.costs),
            returned: at(&log.returned),
        }
    }

    /// Both together, unless a number would leave what one line may have: sums rely on that bound.
    fn add(&self, other: &Self) -> Option<Self> {
        let bounded = |a: i64, b: i64| a.checked_add(b).filter(|sum| *sum <= MAX_LINE);
        Some(Self {
            lines: self.lines.checked_add(other.lines)?,
            quantity: self.quantity.checked_add(other.quantity)?,
            returned_quantity: self.returned_quantity.checked_add(other.returned_quantity)?,
            gross: bounded(self.gross, other.gross)?,
            discount: bounded(self.discount, other.discount)?,
            cost: match (self.cost, other.cost) {
                (UNKNOWN_COST, UNKNOWN_COST) => UNKNOWN_COST,
                (UNKNOWN_COST, _) | (_, UNKNOWN_COST) => return None,
                (own, other) => bounded(own, other)?,
            },
            returned: bounded(self.returned, other.returned)?,
        })
    }
}
