//! Everything accumulates: a shop's history as compacted order lines, without a moment.
//!
//! Sums of integers are exact, so a table made from a state equals, to the bit, the table made from all lines at once,
//! whatever the parts and the order in which they came. `runs.rs` keeps the lines so that a day costs what a day has,
//! `compact.rs` puts them together, `detail.rs` says what is kept of them, `stored.rs` and `check.rs` write and read
//! states.

mod check;
mod compact;
mod detail;
mod runs;
mod stored;

use std::fmt;

use crate::error::{Error, Result};
use crate::events::EventLog;
use crate::features::extractor::FeatureExtractor;
use crate::features::table::FeatureTable;
use crate::layout::grouped;
use crate::transaction::{
    CustomerId, Duplicates, Erasure, IdKind, IngestReport, LogRules, OrderLine, TransactionLog,
};

pub use detail::Detail;
use runs::Runs;

/// Rows that are taken from an iterator at a time: enough that a run of them is worth its overhead, and a few
/// megabytes.
const CHUNK: usize = 1 << 16;

/// A shop's order lines so far, compacted; takes more of them, is merged with other shards, and gives a table as of
/// any moment.
///
/// Yesterday's state and today's lines give exactly the table that one pass over all lines gives. What it keeps is its
/// [`Detail`]: orders by default, or every line.
///
/// Lines lie in runs of falling length that are joined as they grow. Taking *n* lines costs O(*n*) at once and O(*n*
/// log rows) over the life of the state, so that a day never waits for years of others, except that now and then its
/// lines complete a run that is joined with a longer one. Memory is proportional to orders times the categories in each,
/// or to lines; while runs are joined, three times what they hold on top of it.
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
///
/// # Storing
///
/// A state serialises with serde, in any format, in an envelope of kind and version. What is written depends on what
/// was taken and not on the order or the parts in which it came, as long as one set of rules read it; examples of
/// rejected rows are those of the first to come. What is read is checked as thoroughly as what a log is made from.
/// A text format takes about a hundred bytes a row and is for looking at; states of millions of rows want a binary one.
/// Writing and reading hold a second copy in memory.
///
/// ```
/// # use kohort::features::FeatureState;
/// # use kohort::synthetic::Shop;
/// # let (monday, tuesday) = (Shop::builder().customers(20).seed(1), Shop::builder().customers(20).seed(2));
/// # let (monday, tuesday) = (monday.build()?.generate()?.log, tuesday.build()?.generate()?.log);
/// let mut state = FeatureState::new();
/// state.push(&monday)?;
/// let stored = serde_json::to_string(&state)?;
///
/// let mut state: FeatureState = serde_json::from_str(&stored)?;
/// state.push(&tuesday)?;
/// assert_eq!(state.report().map(|report| report.rows_read), Some((monday.len() + tuesday.len()) as u64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct FeatureState {
    detail: Detail,
    /// `None` until the first log. Events will have a side of their own beside it: a state has one id per customer, but
    /// whoever never ordered has no line.
    lines: Option<Runs>,
}

impl FeatureState {
    /// A state without lines that keeps [`Detail::Orders`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A state without lines that keeps what is said.
    ///
    /// ```
    /// use kohort::FeatureState;
    /// use kohort::features::Detail;
    ///
    /// assert_eq!(FeatureState::keeping(Detail::Lines).detail(), Detail::Lines);
    /// ```
    #[must_use]
    pub fn keeping(detail: Detail) -> Self {
        Self { detail, lines: None }
    }

    /// Takes more lines. They may be of any time; a customer's or an order's lines may come in parts.
    ///
    /// Lines are never compared with those that were taken before: where the rules reject duplicates, that was done
    /// within the log, and a line of today that repeats one of yesterday's counts.
    ///
    /// O(lines), and O(lines log rows) over the life of the state.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where currency, zone, order identity, return convention, tax statement or kind of ids
    /// differ from those so far. The state is then unchanged.
    pub fn push(&mut self, log: &TransactionLog) -> Result<()> {
        let frame = Runs::of(&log.gather(&[]), self.detail);
        if let Some(own) = &self.lines {
            own.frame_with(&frame)?;
        }
        self.take(Runs::of(log, self.detail))
    }

    /// Takes rows one by one from any source, such as a cursor of a database or the lines of a stream.
    ///
    /// Rows are read in chunks, so that memory holds the state and one chunk and never all rows. They are numbered
    /// from 1 in the report.
    ///
    /// ```
    /// use kohort::{FeatureState, IdKind, LogRules, Money, OrderIdentity, OrderLine, Price};
    ///
    /// let rules = LogRules::builder("EUR").orders(OrderIdentity::CustomerAndDay).build()?;
    /// let price = Price::Unit(Money::parse("19.90")?);
    /// // In every hour, each of 500 customers buys two pieces, line by line.
    /// let hour = |row: i64| row / 1_000 * 3_600_000_000;
    /// let lines = (0..100_000).map(|row| OrderLine::new(row as u64 % 500, hour(row), price));
    /// let mut state = FeatureState::new();
    /// state.push_rows(lines, &rules, IdKind::Number)?;
    /// assert_eq!(state.report().map(|report| report.rows_kept()), Some(100_000));
    /// assert_eq!(state.rows(), 50_000);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`FeatureState::push`], before the first row is read; [`Error::Rejected`] in strict mode;
    /// [`Error::Setting`] where the rules reject duplicates, because a row cannot be compared with rows that were
    /// compacted. The state is then unchanged.
    pub fn push_rows(
        &mut self,
        rows: impl IntoIterator<Item = OrderLine>,
        rules: &LogRules,
        customers: IdKind,
    ) -> Result<()> {
        if rules.duplicates == Duplicates::Reject {
            return Err(Error::Setting {
                setting: "duplicates",
                found: "reject".into(),
                expected: "`Duplicates::Keep`, since a state keeps no rows to compare with; \
                           `TransactionLog::from_rows` rejects duplicates among all its rows",
            });
        }
        let mut taken = Self::keeping(self.detail);
        taken.push(&TransactionLog::builder(rules, customers).build()?)?;
        if let (Some(own), Some(taken)) = (&self.lines, &taken.lines) {
            own.frame_with(taken)?;
        }
        let mut rows = rows.into_iter();
        let mut read = 0;
        loop {
            let mut chunk = TransactionLog::builder(rules, customers).after(read);
            for row in rows.by_ref().take(CHUNK) {
                chunk.push(row)?;
                read += 1;
            }
            let chunk = chunk.build()?;
            if chunk.report().rows_read == 0 {
                break;
            }
            taken.push(&chunk)?;
        }
        taken.lines.map_or(Ok(()), |lines| self.take(lines))
    }

    /// Takes the lines of another state. Merging is associative and commutative.
    ///
    /// # Errors
    /// As for [`FeatureState::push`], and [`Error::Incompatible`] where the other keeps another detail.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.detail != other.detail {
            let (left, right) = (self.detail.to_string(), other.detail.to_string());
            return Err(Error::Incompatible { what: "the detail of the state", left, right });
        }
        other.lines.as_ref().map_or(Ok(()), |lines| self.take(lines.clone()))
    }

    fn take(&mut self, lines: Runs) -> Result<()> {
        match &mut self.lines {
            Some(own) => own.merge(lines),
            none => {
                *none = Some(lines);
                Ok(())
            }
        }
    }

    /// The features of all customers so far.
    ///
    /// O(rows): runs are copied into one log, unless there is only one, and extracted.
    ///
    /// # Errors
    /// [`Error::Empty`] where no log was pushed, [`Error::FeatureNeeds`] where a feature needs single lines and the
    /// state keeps orders, and those of [`FeatureExtractor::extract`].
    pub fn finish(&self, extractor: &FeatureExtractor) -> Result<FeatureTable> {
        match &self.lines {
            None => Err(Error::Empty { what: "the state", hint: "push a log first" }),
            Some(lines) => extractor.extract(&*lines.joined()?),
        }
    }

    /// The same with the features of events; an [`EventLog`] is its own state, which takes more by
    /// [`concat`](EventLog::concat).
    ///
    /// # Errors
    /// As for [`FeatureState::finish`] and [`FeatureExtractor::extract_with_events`].
    pub fn finish_with_events(
        &self,
        extractor: &FeatureExtractor,
        events: &EventLog,
    ) -> Result<FeatureTable> {
        match &self.lines {
            None => Err(Error::Empty { what: "the state", hint: "push a log first" }),
            Some(lines) => extractor.extract_with_events(&*lines.joined()?, events),
        }
    }

    /// Takes out all lines of some customers, with every text that was only theirs; gives what that was.
    ///
    /// See [`TransactionLog::erase`], which says what becomes of the report. What was stored or copied before keeps
    /// what it has. O(rows + customers · log customers); all runs become one.
    ///
    /// ```
    /// use kohort::{CustomerId, FeatureState, synthetic::Shop};
    ///
    /// let log = Shop::builder().customers(50).build()?.generate()?.log;
    /// let mut state = FeatureState::new();
    /// state.push(&log)?;
    /// let erased = state.erase(&[CustomerId::from(7), CustomerId::from("no such customer")])?;
    /// assert_eq!((erased.customers, state.customers()), (1, 49));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// None at present; kept fallible as everything that joins runs is.
    pub fn erase(&mut self, customers: &[CustomerId]) -> Result<Erasure> {
        match &mut self.lines {
            Some(lines) if !customers.is_empty() => lines.erase(customers),
            _ => Ok(Erasure::default()),
        }
    }

    /// What it keeps of the lines it takes.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// What became of every row that was pushed; `None` before the first push.
    #[must_use]
    pub fn report(&self) -> Option<&IngestReport> {
        self.lines.as_ref().map(Runs::report)
    }

    /// How many rows the state holds.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.lines.as_ref().map_or(0, |lines| lines.lengths().sum())
    }

    /// How many customers have a line. O(rows log rows).
    #[must_use]
    pub fn customers(&self) -> usize {
        self.lines.as_ref().map_or(0, Runs::customers)
    }

    /// The first and last time of any line, in microseconds UTC. O(rows).
    #[must_use]
    pub fn time_span(&self) -> Option<(i64, i64)> {
        self.lines.as_ref().and_then(Runs::time_span)
    }

    /// About how many bytes of memory the lines and their texts take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lines.as_ref().map_or(0, Runs::bytes)
    }
}

impl fmt::Debug for FeatureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs: Vec<usize> = self.lines.iter().flat_map(Runs::lengths).collect();
        f.debug_struct("FeatureState").field("detail", &self.detail).field("runs", &runs).finish()
    }
}

/// `1,200 rows of 300 customers in 2 runs, 2024-01-01 to 2024-06-30 (orders, EUR, 64 kB)`.
impl fmt::Display for FeatureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(lines) = &self.lines else { return write!(f, "no lines yet ({})", self.detail) };
        let plural = |count: usize, one: &str| {
            format!("{} {one}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
        };
        write!(
            f,
            "{} of {} in {}",
            plural(self.rows(), "row"),
            plural(self.customers(), "customer"),
            plural(lines.lengths().len(), "run")
        )?;
        if let Some((first, last)) = self.time_span() {
            write!(f, ", {} to {}", lines.date(first), lines.date(last))?;
        }
        let kilobytes = self.bytes().div_ceil(1_000) as u64;
        write!(f, " ({}, {}, {} kB)", self.detail, lines.currency(), grouped(kilobytes))
    }
}
