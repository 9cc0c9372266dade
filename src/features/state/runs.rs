//! Order lines in runs of falling length: the logarithmic method, by which a day costs what a day has.
//!
//! What is taken becomes a run of its own; a run is joined with the next longer one once it is at least half as long.
//! So the lines of a day lie beside years of others without touching them, there are no more runs than the logarithm of
//! the rows, and a row is copied about as many times over the whole life of a state.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::mem;

use rayon::prelude::*;

use crate::category::{Category, Levels};
use crate::error::{Error, Result};
use crate::features::state::Detail;
use crate::transaction::{CustomerId, Erasure, IdColumn, IngestReport, TransactionLog};

/// A shop's lines in runs, each more than twice as long as the next.
#[derive(Clone)]
pub(super) struct Runs {
    detail: Detail,
    /// A log without rows: the rules, every column that any log had, and the report of all logs.
    frame: TransactionLog,
    logs: Vec<TransactionLog>,
}

impl Runs {
    /// The lines of a log.
    pub(super) fn of(log: &TransactionLog, detail: Detail) -> Self {
        Self::of_run(detail.run_of(log), detail)
    }

    /// The rows of a log that keeps what the detail says and no more.
    pub(super) fn of_run(run: TransactionLog, detail: Detail) -> Self {
        let frame = without_unused_texts(run.gather(&[]));
        Self { detail, frame, logs: if run.is_empty() { Vec::new() } else { vec![run] } }
    }

    /// A log without rows that has the rules, the columns and the report of both.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the lines of the two do not go together.
    pub(super) fn frame_with(&self, other: &Self) -> Result<TransactionLog> {
        if self.detail != other.detail {
            let (left, right) = (self.detail.to_string(), other.detail.to_string());
            return Err(Error::Incompatible { what: "the detail of the state", left, right });
        }
        self.frame.concat(&other.frame)
    }

    /// Takes the lines of the other; where they do not go together, nothing changes.
    pub(super) fn merge(&mut self, other: Self) -> Result<()> {
        self.frame = self.frame_with(&other)?;
        self.logs.extend(other.logs);
        self.settle()
    }

    /// Joins runs until each is more than twice as long as the next, the short ones first.
    fn settle(&mut self) -> Result<()> {
        loop {
            self.logs.sort_by_key(|run| Reverse(run.len()));
            let long = |run: &usize| self.logs[run - 1].len() <= 2 * self.logs[*run].len();
            let Some(run) = (1..self.logs.len()).rev().find(long) else { return Ok(()) };
            let joined = self.logs[run - 1].concat(&self.logs[run])?;
            // They go before compaction takes more memory.
            self.logs.drain(run - 1..=run);
            self.logs.push(self.detail.compacted(joined));
        }
    }

    /// All rows in one log, with every column and the whole report.
    pub(super) fn joined(&self) -> Result<Cow<'_, TransactionLog>> {
        if let [run] = self.logs.as_slice()
            && has_columns_of(run, &self.frame)
        {
            return Ok(Cow::Borrowed(run));
        }
        // The short ones first, so that a row is copied twice at most, if the runs are as long as they should be.
        let mut joined = self.frame.clone();
        for run in self.logs.iter().rev() {
            joined = run.concat(&joined)?;
        }
        joined.rules = self.frame.rules.clone();
        joined.report = self.frame.report.clone();
        Ok(Cow::Owned(joined))
    }

    /// All rows in one log that depends on what was taken and not on the order or the parts in which it came.
    pub(super) fn canonical(&self) -> Result<TransactionLog> {
        let joined = self.joined()?;
        let mut log = self.detail.canonical(&joined);
        log.report = self.frame.report.clone();
        Ok(log)
    }

    /// Takes out all lines of some customers.
    pub(super) fn erase(&mut self, customers: &[CustomerId]) -> Result<Erasure> {
        let mut log = self.canonical()?;
        let before = mem::take(&mut log.report.erased);
        let mut left = log.erase(customers);
        let erased = mem::replace(&mut left.report.erased, before);
        left.report.erased.merge(&erased);
        *self = Self::of_run(left, self.detail);
        Ok(erased)
    }

    pub(super) fn report(&self) -> &IngestReport {
        &self.frame.report
    }

    pub(super) fn currency(&self) -> &str {
        self.frame.rules.currency()
    }

    /// The day of an instant in the log's zone.
    pub(super) fn date(&self, micros: i64) -> jiff::civil::Date {
        self.frame.rules.zone.civil(micros).date()
    }

    /// How many rows each run has.
    pub(super) fn lengths(&self) -> impl ExactSizeIterator<Item = usize> {
        self.logs.iter().map(TransactionLog::len)
    }

    pub(super) fn time_span(&self) -> Option<(i64, i64)> {
        let spans = self.logs.iter().filter_map(TransactionLog::time_span);
        spans.reduce(|all, own| (all.0.min(own.0), all.1.max(own.1)))
    }

    /// How many customers have a line. O(rows log rows) where ids are numbers, O(runs · customers) where they are text.
    pub(super) fn customers(&self) -> usize {
        let mut numbers: Vec<u64> = Vec::new();
        let mut texts = Levels::default();
        for run in &self.logs {
            match &run.customers {
                IdColumn::Numbers(own) => numbers.extend_from_slice(own),
                IdColumn::Texts(own) => (texts, _, _) = texts.union(own.levels()),
                IdColumn::ShortTexts(own) => (texts, _, _) = texts.union(own.to_category().levels()),
            }
        }
        numbers.par_sort_unstable();
        numbers.dedup();
        numbers.len() + texts.len()
    }

    /// How many bytes the rows and their texts take.
    pub(super) fn bytes(&self) -> usize {
        self.logs.iter().map(bytes).sum()
    }
}

/// The same log without texts that no row has.
pub(super) fn without_unused_texts(mut log: TransactionLog) -> TransactionLog {
    log.customers = log.customers.without_unused();
    log.orders = log.orders.without_unused();
    log.attributes = log.attributes.map(|column| column.map(Category::without_unused));
    log
}

/// Whether a log has every optional column that another has.
fn has_columns_of(log: &TransactionLog, other: &TransactionLog) -> bool {
    let columns = |log: &TransactionLog| {
        let numbers = [
            log.discounts.is_some(),
            log.costs.is_some(),
            log.returned.is_some(),
            log.returned_quantities.is_some(),
            log.return_times.is_some(),
        ];
        numbers.into_iter().chain(log.attributes.each_ref().map(Option::is_some))
    };
    columns(log).zip(columns(other)).all(|(own, wanted)| own || !wanted)
}

fn bytes(log: &TransactionLog) -> usize {
    fn of<T>(column: Option<&Vec<T>>) -> usize {
        column.map_or(0, |values| size_of_val(values.as_slice()))
    }
    let ids = |column: &IdColumn| match column {
        IdColumn::Numbers(numbers) => of(Some(numbers)),
        IdColumn::Texts(texts) => texts.bytes(),
        IdColumn::ShortTexts(texts) => of(Some(&texts.keys)),
    };
    let money = [
        Some(&log.times),
        Some(&log.gross),
        log.discounts.as_ref(),
        log.costs.as_ref(),
        log.returned.as_ref(),
        log.return_times.as_ref(),
    ];
    let pieces = [Some(&log.quantities), log.returned_quantities.as_ref()];
    ids(&log.customers)
        + ids(&log.orders)
        + money.into_iter().map(of).sum::<usize>()
        + pieces.into_iter().map(of).sum::<usize>()
        + of(Some(&log.kinds))
        + of(log.line_counts.as_ref())
        + log.attributes.iter().flatten().map(Category::bytes).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::{OrderLine, Price};
    use crate::{IdKind, LogRules, Money};

    /// A day of orders of one line each.
    fn day(day: i64, orders: u64) -> Runs {
        let rules = LogRules::builder("EUR").build().unwrap();
        let rows = (0..orders).map(|order| {
            let price = Price::Line(Money::from_ten_thousandths(10_000 + day));
            let mut line = OrderLine::new(format!("c{}", order % 7), day * 86_400_000_000, price);
            line.order = Some(format!("{day}-{order}"));
            line
        });
        Runs::of(&TransactionLog::from_rows(rows, &rules, IdKind::Text).unwrap(), Detail::Orders)
    }

    #[test]
    fn a_day_leaves_the_long_runs_where_they_are() {
        let mut runs = day(0, 1_000);
        let place = runs.logs[0].times.as_ptr();
        for today in 1..=40 {
            runs.merge(day(today, 10)).unwrap();
            assert_eq!(runs.logs[0].times.as_ptr(), place, "day {today}");
            let lengths: Vec<usize> = runs.lengths().collect();
            assert!(lengths.windows(2).all(|pair| pair[0] > 2 * pair[1]), "{lengths:?}");
        }
        // Once what came since is half as long, it is joined with them.
        runs.merge(day(41, 400)).unwrap();
        assert!(runs.lengths().next().is_some_and(|longest| longest > 1_700));
        assert_eq!(runs.lengths().sum::<usize>(), 1_800);
        assert_eq!((runs.customers(), runs.report().rows_kept()), (7, 1_800));
    }

    #[test]
    fn runs_of_any_length_are_settled() {
        for lengths in
            [[1, 2, 4, 8, 16, 32], [32, 16, 8, 4, 2, 1], [5, 5, 5, 5, 5, 5], [1, 100, 1, 0, 100, 3]]
        {
            let mut runs = day(0, 0);
            for (today, orders) in (1_i64..).zip(lengths) {
                runs.merge(day(today, orders)).unwrap();
            }
            assert_eq!(runs.lengths().sum::<usize>() as u64, lengths.iter().sum::<u64>());
            let found: Vec<usize> = runs.lengths().collect();
            assert!(found.windows(2).all(|pair| pair[0] > 2 * pair[1]), "{found:?}");
            assert_eq!(runs.joined().unwrap().report(), runs.report());
        }
    }
}
