//! Columns into an event log: the fast door for callers that hold their events as typed arrays.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use crate::category::{Category, MISSING};
use crate::error::{Error, Result};
use crate::events::event::EventAttribute;
use crate::events::log::{EventLog, NO_VALUE};
use crate::events::report::EventReport;
use crate::events::rules::EventRules;
use crate::transaction::{
    DecimalProblem, IdColumn, MAX_LINE, Money, RejectReason, Rounding, Strictness, TIME_RANGE,
    exact_from_f64, rounded_from_f64,
};

/// Rows that one task converts. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 14;

/// Values of events as they come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ValueColumn<'a> {
    /// Numbers that stand for decimals of at most four places; NaN where an event has none.
    Numbers(Cow<'a, [f64]>),
    /// Exact values.
    Exact(Cow<'a, [Option<Money>]>),
}

impl ValueColumn<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Exact(values) => values.len(),
        }
    }

    /// The ten-thousandths of a row, or [`NO_VALUE`].
    #[inline]
    fn read(&self, row: usize, rounding: Rounding) -> std::result::Result<i64, RejectReason> {
        match self {
            Self::Numbers(values) if values[row].is_nan() => Ok(NO_VALUE),
            Self::Numbers(values) => match rounding {
                Rounding::Refuse => exact_from_f64(values[row]),
                Rounding::HalfEven => rounded_from_f64(values[row]),
            }
            .map_err(reason_of),
            Self::Exact(values) => match values[row].map(Money::ten_thousandths) {
                Some(value) if value.unsigned_abs() > MAX_LINE as u64 => Err(RejectReason::AmountRange),
                value => Ok(value.unwrap_or(NO_VALUE)),
            },
        }
    }

    fn text(&self, row: usize) -> String {
        match self {
            Self::Numbers(values) => format!("value {}", values[row]),
            Self::Exact(values) => values[row].map_or_else(String::new, |value| format!("value {value}")),
        }
    }
}

/// Why an event is not kept whose value is no decimal.
pub(crate) fn reason_of(problem: DecimalProblem) -> RejectReason {
    match problem {
        DecimalProblem::NotANumber => RejectReason::Value,
        other => other.into(),
    }
}

/// A shop's events as arrays, one value per event, for [`EventLog::from_columns`].
///
/// Arrays are taken owned or borrowed.
#[derive(Clone, Debug)]
pub struct EventColumns<'a> {
    customer: IdColumn,
    time: Cow<'a, [i64]>,
    micros_per_tick: i64,
    kind: Category,
    attributes: [Option<Category>; EventAttribute::ALL.len()],
    value: Option<ValueColumn<'a>>,
}

impl<'a> EventColumns<'a> {
    /// Events of given customers at given times, in microseconds UTC, of given kinds.
    #[must_use]
    pub fn new(customer: impl Into<IdColumn>, time: impl Into<Cow<'a, [i64]>>, kind: Category) -> Self {
        Self {
            customer: customer.into(),
            time: time.into(),
            micros_per_tick: 1,
            kind,
            attributes: [const { None }; EventAttribute::ALL.len()],
            value: None,
        }
    }

    /// Times are whole seconds UTC. Defaults to microseconds.
    #[must_use]
    pub fn times_in_seconds(mut self) -> Self {
        self.micros_per_tick = 1_000_000;
        self
    }

    /// A text per event. Defaults to none.
    #[must_use]
    pub fn attribute(mut self, attribute: EventAttribute, column: Category) -> Self {
        self.attributes[attribute as usize] = Some(column);
        self
    }

    /// A number per event. Defaults to none.
    #[must_use]
    pub fn value(mut self, value: ValueColumn<'a>) -> Self {
        self.value = Some(value);
        self
    }

    fn check(&self) -> Result<()> {
        let expected = self.customer.len();
        let lengths = [
            ("time", Some(self.time.len())),
            ("kind", Some(self.kind.len())),
            ("value", self.value.as_ref().map(ValueColumn::len)),
        ];
        let attributes = EventAttribute::ALL
            .iter()
            .zip(&self.attributes)
            .map(|(attribute, column)| (attribute.name(), column.as_ref().map(Category::len)));
        for (column, length) in lengths.into_iter().chain(attributes) {
            if let Some(found) = length.filter(|length| *length != expected) {
                return Err(Error::ColumnLength {
                    column: column.to_owned(),
                    found,
                    against: "customer".to_owned(),
                    expected,
                });
            }
        }
        Ok(())
    }
}

/// Rows of events that are read one by one, whatever they hold.
pub(super) trait EventRows: Sync {
    /// The time and value of a row, or why it is not kept; looked for in the same order as in the row-wise door.
    fn event(&self, row: usize) -> std::result::Result<(i64, i64), RejectReason>;

    /// The value of a row, or [`NO_VALUE`] where it has none that can be read.
    fn value(&self, row: usize) -> i64;

    /// What stood in a rejected row.
    fn detail(&self, row: usize, reason: RejectReason) -> String;
}

/// The rows of columns.
struct ColumnRows<'c, 'a> {
    columns: &'c EventColumns<'a>,
    rounding: Rounding,
}

impl EventRows for ColumnRows<'_, '_> {
    #[inline]
    fn event(&self, row: usize) -> std::result::Result<(i64, i64), RejectReason> {
        let columns = self.columns;
        if columns.customer.is_missing(row) {
            return Err(RejectReason::MissingCustomer);
        }
        let time = columns.time[row].checked_mul(columns.micros_per_tick);
        let time = time.filter(|micros| TIME_RANGE.contains(micros)).ok_or(RejectReason::Time)?;
        if columns.kind.code(row).is_none() {
            return Err(RejectReason::MissingKind);
        }
        let value = columns.value.as_ref().map_or(Ok(NO_VALUE), |column| column.read(row, self.rounding))?;
        Ok((time, value))
    }

    fn value(&self, row: usize) -> i64 {
        let column = self.columns.value.as_ref();
        column.and_then(|column| column.read(row, self.rounding).ok()).unwrap_or(NO_VALUE)
    }

    fn detail(&self, row: usize, reason: RejectReason) -> String {
        match reason {
            RejectReason::Time => format!("`{}`", self.columns.time[row]),
            RejectReason::MissingCustomer | RejectReason::MissingKind => "empty".to_owned(),
            _ => self.columns.value.as_ref().map_or_else(String::new, |column| column.text(row)),
        }
    }
}

/// What rows came to, those that are not kept among them.
#[derive(Default)]
pub(super) struct Converted {
    pub(super) times: Vec<i64>,
    /// Empty where events have no values.
    pub(super) values: Vec<i64>,
    /// By their position in the whole log, ascending.
    pub(super) rejected: Vec<(usize, RejectReason)>,
    pub(super) report: EventReport,
}

impl Converted {
    /// Converts the rows of a source, of which `before` came earlier. Runs in parallel.
    ///
    /// # Errors
    /// [`Error::Rejected`] in strict mode.
    pub(super) fn new(
        source: &impl EventRows,
        rows: usize,
        before: usize,
        has_values: bool,
        rules: &EventRules,
    ) -> Result<Self> {
        let mut times = vec![0_i64; rows];
        let mut values = vec![NO_VALUE; if has_values { rows } else { 0 }];
        // A log without values has none to write, and yet each chunk needs a place for them.
        let mut value_chunks = values.chunks_mut(CHUNK);
        let slots: Vec<_> = times
            .chunks_mut(CHUNK)
            .enumerate()
            .map(|(chunk, times)| (chunk * CHUNK, times, value_chunks.next().unwrap_or_default()))
            .collect();
        let rejected: Vec<Vec<(usize, RejectReason)>> = slots
            .into_par_iter()
            .map(|(start, times, values)| {
                let mut rejected = Vec::new();
                for (place, time) in times.iter_mut().enumerate() {
                    match source.event(start + place) {
                        Ok((micros, value)) => {
                            *time = micros;
                            if let Some(slot) = values.get_mut(place) {
                                *slot = value;
                            }
                        }
                        Err(reason) => rejected.push((start + place, reason)),
                    }
                }
                rejected
            })
            .collect();
        let mut rejected = rejected.concat();

        let mut report = EventReport { rows_read: rows as u64, ..EventReport::default() };
        for (row, reason) in &mut rejected {
            let detail = || source.detail(*row, *reason);
            let number = (before + *row) as u64 + 1;
            if rules.strictness == Strictness::Stop {
                return Err(Error::Rejected { row: number, reason: *reason, detail: detail() });
            }
            let value = Some(source.value(*row)).filter(|value| *value != NO_VALUE);
            report.reject(number, *reason, detail, value);
            *row += before;
        }
        Ok(Self { times, values, rejected, report })
    }

    /// The log of these rows, with what else there is of each.
    pub(super) fn into_log(
        self,
        customers: IdColumn,
        kinds: &Category,
        attributes: [Option<Category>; EventAttribute::ALL.len()],
        has_values: bool,
        rules: &EventRules,
    ) -> EventLog {
        let Self { times, values, rejected, report } = self;
        let rows = times.len();
        let log = EventLog {
            zone: rules.zone.clone(),
            customers,
            times,
            kinds: kinds_of(kinds, rules),
            attributes,
            values: has_values.then_some(values),
            report,
        };
        if rejected.is_empty() {
            return log.finished(rules, |row| row as u64 + 1);
        }
        let mut dropped = rejected.iter().map(|(row, _)| *row).peekable();
        let kept: Vec<usize> = (0..rows).filter(|row| dropped.next_if_eq(row).is_none()).collect();
        // A text that only rejected rows have is none of this log, as it is none where rows come one by one.
        log.gather(&kept).without_unused().finished(rules, |row| kept[row] as u64 + 1)
    }
}

impl EventLog {
    /// A log from columns. Conversion runs in parallel; O(events).
    ///
    /// ```
    /// use kohort::events::{EventAttribute, EventColumns, EventRules};
    /// use kohort::{Category, EventLog};
    ///
    /// let kinds = Category::from_texts([Some("sent"), Some("opened"), None]);
    /// let columns = EventColumns::new(vec![7_u64, 7, 8], vec![0_i64, 60, 90], kinds)
    ///     .times_in_seconds()
    ///     .attribute(EventAttribute::Channel, Category::from_texts([Some("email"), Some("email"), None]));
    /// let log = EventLog::from_columns(columns, &EventRules::builder().build()?)?;
    /// assert_eq!((log.report().rows_kept(), log.report().rows_rejected()), (2, 1));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where columns differ in length, [`Error::Rejected`] in strict mode.
    pub fn from_columns(columns: EventColumns<'_>, rules: &EventRules) -> Result<Self> {
        columns.check()?;
        let has_values = columns.value.is_some();
        let source = ColumnRows { columns: &columns, rounding: rules.rounding };
        let converted = Converted::new(&source, columns.time.len(), 0, has_values, rules)?;
        let EventColumns { customer, kind, attributes, .. } = columns;
        Ok(converted.into_log(customer, &kind, attributes, has_values, rules))
    }
}

/// The kinds that the texts of a column stand for. No text is compared per row.
fn kinds_of(column: &Category, rules: &EventRules) -> Category {
    let kinds = Category::from_texts(column.levels().iter().map(|text| Some(rules.kind_of(text))));
    if kinds.levels() == column.levels() {
        return column.clone();
    }
    let code = |code: &u32| kinds.codes.get(*code as usize).copied().unwrap_or(MISSING);
    Category { codes: column.codes.par_iter().map(code).collect(), levels: Arc::clone(&kinds.levels) }
}
