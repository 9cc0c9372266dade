//! The event log: events in columns, one row each, cleaned.

use std::fmt;
use std::sync::Arc;

use crate::category::{Category, MISSING};
use crate::error::{Error, Result};
use crate::events::event::EventAttribute;
use crate::events::report::{EventReport, EventTotals};
use crate::events::rules::EventRules;
use crate::transaction::{
    AsOf, CustomerId, Duplicates, IdColumn, Money, RejectReason, Zone, first_and_repeated,
};

/// The value of an event that has none.
pub(crate) const NO_VALUE: i64 = i64::MIN;

/// What happened to customers and what they did, beside their orders: clean, in columns, in the order it was read.
///
/// Made by [`EventLog::from_columns`], [`EventLog::builder`] from rows, or
/// [`EventLog::from_csv_path`]. Times are UTC; [`EventLog::report`] accounts for the rows that were not kept. Takes
/// about 20 bytes an event plus 4 per text column and 8 for values.
#[derive(Clone, PartialEq)]
pub struct EventLog {
    /// The zone its times were read in, for the calendar.
    pub(crate) zone: Zone,
    pub(crate) customers: IdColumn,
    /// Microseconds UTC.
    pub(crate) times: Vec<i64>,
    /// Never missing.
    pub(crate) kinds: Category,
    pub(crate) attributes: [Option<Category>; EventAttribute::ALL.len()],
    /// Ten-thousandths, or [`NO_VALUE`].
    pub(crate) values: Option<Vec<i64>>,
    pub(crate) report: EventReport,
}

impl EventLog {
    /// How many events were kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What became of every row.
    #[must_use]
    pub fn report(&self) -> &EventReport {
        &self.report
    }

    /// The customer of each event.
    #[must_use]
    pub fn customers(&self) -> &IdColumn {
        &self.customers
    }

    /// Each event's time, in microseconds UTC.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// What each event is; never missing.
    #[must_use]
    pub fn kinds(&self) -> &Category {
        &self.kinds
    }

    /// The text column of an attribute, if the log has it.
    #[must_use]
    pub fn attribute(&self, attribute: EventAttribute) -> Option<&Category> {
        self.attributes[attribute as usize].as_ref()
    }

    /// The value of an event, if it has one.
    #[must_use]
    pub fn value(&self, row: usize) -> Option<Money> {
        let value = *self.values.as_ref()?.get(row)?;
        (value != NO_VALUE).then(|| Money::from_ten_thousandths(value))
    }

    /// The first and last time of any event, in microseconds UTC.
    #[must_use]
    pub fn time_span(&self) -> Option<(i64, i64)> {
        Some((*self.times.iter().min()?, *self.times.iter().max()?))
    }

    /// Midnight after the last event, in the zone of the rules: the earliest `as_of` that sees every event.
    ///
    /// # Errors
    /// [`Error::Empty`] without events.
    pub fn as_of_end(&self) -> Result<AsOf> {
        let (_, last) = self
            .time_span()
            .ok_or(Error::Empty { what: "the event log", hint: "no row was kept; its report says why" })?;
        AsOf::day_after(last, &self.zone)
    }

    /// How many events are not before a moment, and so are left out of what is computed as of it.
    #[must_use]
    pub fn left_out(&self, as_of: &AsOf) -> u64 {
        self.times.iter().filter(|time| **time >= as_of.micros()).count() as u64
    }

    /// The events of both logs, those of `self` first. They may have been read by different rules, as those of two
    /// mail services are.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the zone or the kind of ids differs. A column that only one of them has is
    /// missing for the events of the other.
    pub fn concat(&self, other: &Self) -> Result<Self> {
        if self.zone != other.zone {
            return Err(Error::Incompatible {
                what: "the zone",
                left: self.zone.to_string(),
                right: other.zone.to_string(),
            });
        }
        let attributes = EventAttribute::ALL.map(|attribute| {
            match (self.attribute(attribute), other.attribute(attribute)) {
                (None, None) => None,
                (left, right) => {
                    let absent = |len| Category { codes: vec![MISSING; len], levels: Arc::default() };
                    let left = left.cloned().unwrap_or_else(|| absent(self.len()));
                    Some(left.concat(&right.cloned().unwrap_or_else(|| absent(other.len()))))
                }
            }
        });
        let values = match (&self.values, &other.values) {
            (None, None) => None,
            (left, right) => {
                let filled =
                    |values: &Option<Vec<i64>>, len| values.clone().unwrap_or_else(|| vec![NO_VALUE; len]);
                Some([filled(left, self.len()), filled(right, other.len())].concat())
            }
        };
        let mut report = self.report.clone();
        report.merge_unkept(&other.report);
        let log = Self {
            zone: self.zone.clone(),
            customers: self.customers.concat(&other.customers, "the kind of customer ids")?,
            times: [&self.times[..], &other.times].concat(),
            kinds: self.kinds.concat(&other.kinds),
            attributes,
            values,
            report,
        };
        Ok(log.counted())
    }

    /// The log without the events of some customers, and without any text that only their events had.
    ///
    /// The [`report`](Self::report) counts their events as erased and empties the examples of rejected rows, which may
    /// be theirs; see [`TransactionLog::erase`](crate::TransactionLog::erase), which does the same for order lines. Ids
    /// may be given in either form, as the doors read them; those without an event change nothing else, and no ids give
    /// an equal log. O(events + customers · log customers).
    #[must_use]
    pub fn erase(&self, customers: &[CustomerId]) -> Self {
        if customers.is_empty() {
            return self.clone();
        }
        let mut keys: Vec<u64> = customers.iter().filter_map(|id| self.customers.key_of(id)).collect();
        keys.sort_unstable();
        let (mut kept, mut erased) = (Vec::new(), self.report.erased);
        for row in 0..self.len() {
            if keys.binary_search(&self.customers.key(row)).is_ok() {
                erased.add(self.value(row).map(Money::ten_thousandths));
            } else {
                kept.push(row);
            }
        }
        let mut log = self.gather(&kept).without_unused();
        log.report.erased = erased;
        log.report.rejected.values_mut().for_each(|rejected| rejected.example.clear());
        log.counted()
    }

    /// The events at `rows`, with the same texts; the report stays that of the whole log.
    pub(crate) fn gather(&self, rows: &[usize]) -> Self {
        Self {
            zone: self.zone.clone(),
            customers: self.customers.gather(rows),
            times: rows.iter().map(|row| self.times[*row]).collect(),
            kinds: self.kinds.gather(rows),
            attributes: self
                .attributes
                .each_ref()
                .map(|column| column.as_ref().map(|column| column.gather(rows))),
            values: self.values.as_ref().map(|values| rows.iter().map(|row| values[*row]).collect()),
            report: self.report.clone(),
        }
    }

    /// The same events without texts that none of them has.
    pub(crate) fn without_unused(self) -> Self {
        Self {
            customers: self.customers.without_unused(),
            kinds: self.kinds.without_unused(),
            attributes: self.attributes.map(|column| column.map(Category::without_unused)),
            ..self
        }
    }

    /// The same log whose report says what it keeps.
    pub(crate) fn counted(mut self) -> Self {
        self.report.kept = EventTotals::by_kind(&self.kinds, self.values.as_deref());
        self
    }

    /// The log as the rules want it, at the end of every door; `row_of` gives the row number of an event.
    pub(crate) fn finished(mut self, rules: &EventRules, row_of: impl Fn(usize) -> u64) -> Self {
        if rules.duplicates == Duplicates::Reject {
            let (first, repeated) = first_and_repeated(self.len(), |row| self.content(row));
            for row in &repeated {
                let detail = || format!("kind `{}`", self.kinds.get(*row).unwrap_or_default());
                let value = self.value(*row).map(Money::ten_thousandths);
                self.report.reject(row_of(*row), RejectReason::Duplicate, detail, value);
            }
            if !repeated.is_empty() {
                self = self.gather(&first);
            }
        }
        self.counted()
    }

    /// Everything the log keeps of an event, as numbers.
    fn content(&self, row: usize) -> impl Iterator<Item = i64> {
        let numbers = [
            self.customers.key(row) as i64,
            self.times[row],
            i64::from(self.kinds.codes[row]),
            self.values.as_ref().map_or(NO_VALUE, |values| values[row]),
        ];
        let texts = self
            .attributes
            .iter()
            .map(move |column| column.as_ref().map_or(0, |column| i64::from(column.codes[row])));
        numbers.into_iter().chain(texts)
    }
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog")
            .field("events", &self.len())
            .field("kinds", &self.kinds.levels().len())
            .field("customers", &self.customers.kind())
            .finish_non_exhaustive()
    }
}
