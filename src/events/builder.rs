//! Rows into an event log: the door for callers that have events one at a time, and the place where it is decided
//! which rows of text are kept.

use crate::error::{Error, Result};
use crate::events::event::{Event, EventAttribute};
use crate::events::log::{EventLog, NO_VALUE};
use crate::events::report::EventReport;
use crate::events::rules::EventRules;
use crate::transaction::{
    CustomerId, Duplicates, IdBuilder, IdKind, MAX_LINE, Money, RawId, RejectReason, Strictness, TIME_RANGE,
    TextBuilder, attributes_of, id_text,
};

/// Takes events one by one and makes an [`EventLog`] of them.
///
/// ```
/// use kohort::events::{EventKind, EventRules};
/// use kohort::{Event, EventLog, IdKind, Money};
///
/// let mut events = EventLog::builder(&EventRules::builder().build()?, IdKind::Number);
/// let mut bought = Event::new(7, 1_325_419_200_000_000, EventKind::Converted);
/// bought.campaign = Some("spring".into());
/// bought.value = Some(Money::parse("49.90")?);
/// events.push(bought)?;
/// let log = events.build()?;
/// assert_eq!(log.report().kept["converted"].value.to_string(), "49.90");
/// # Ok::<(), kohort::Error>(())
/// ```
pub struct EventLogBuilder {
    rules: EventRules,
    customer_ids: IdKind,
    customers: IdBuilder,
    times: Vec<i64>,
    kinds: TextBuilder,
    attributes: [TextBuilder; EventAttribute::ALL.len()],
    values: Vec<i64>,
    /// Which optional columns the log has, whether or not any event has a value there.
    has_attributes: [bool; EventAttribute::ALL.len()],
    has_value: bool,
    /// The row number of each kept event, where a later rejection may need it.
    rows: Vec<u64>,
    report: EventReport,
}

/// A row as the doors hand it over.
pub(crate) struct RawEvent<'a> {
    pub(crate) row: u64,
    pub(crate) customer: Option<RawId<'a>>,
    pub(crate) time: Option<i64>,
    /// What stands in the time field, for the report.
    pub(crate) time_text: &'a str,
    pub(crate) kind: &'a str,
    /// Ten-thousandths, or why there are none.
    pub(crate) value: std::result::Result<Option<i64>, (RejectReason, String)>,
    pub(crate) texts: [Option<&'a str>; EventAttribute::ALL.len()],
}

impl EventLog {
    /// An empty builder for events read by `rules`, with customer ids of one kind.
    #[must_use]
    pub fn builder(rules: &EventRules, customers: IdKind) -> EventLogBuilder {
        EventLogBuilder {
            rules: rules.clone(),
            customer_ids: customers,
            customers: IdBuilder::new(customers),
            times: Vec::new(),
            kinds: TextBuilder::default(),
            attributes: Default::default(),
            values: Vec::new(),
            has_attributes: [false; EventAttribute::ALL.len()],
            has_value: false,
            rows: Vec::new(),
            report: EventReport::default(),
        }
    }
}

impl EventLogBuilder {
    /// Adds an event; one that cannot be kept is counted with its reason.
    ///
    /// # Errors
    /// [`Error::Rejected`] in strict mode; the builder stays usable and has counted the row.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a row is handed over; who made it has no more use for it"
    )]
    pub fn push(&mut self, event: Event) -> Result<()> {
        let customer = match &event.customer {
            CustomerId::Number(number) => RawId::Number(*number),
            CustomerId::Text(text) => RawId::Text(text),
        };
        let value = match event.value.map(Money::ten_thousandths) {
            Some(value) if value.unsigned_abs() > MAX_LINE as u64 => {
                Err((RejectReason::AmountRange, format!("value {}", Money::from_ten_thousandths(value))))
            }
            value => Ok(value),
        };
        let time_text = event.time.to_string();
        self.push_raw(&RawEvent {
            row: self.report.rows_read + 1,
            customer: Some(customer),
            time: Some(event.time),
            time_text: &time_text,
            kind: &event.kind,
            value,
            texts: [
                event.channel.as_deref(),
                event.campaign.as_deref(),
                event.product.as_deref(),
                event.category.as_deref(),
                event.label.as_deref(),
            ],
        })
    }

    /// Adds a row from any door. What is wrong with it is looked for in a fixed order: customer, time, kind, value.
    pub(crate) fn push_raw(&mut self, raw: &RawEvent<'_>) -> Result<()> {
        self.report.rows_read += 1;
        let value = raw.value.as_ref().ok().copied().flatten();
        let Some(customer) = raw.customer.and_then(|id| id.of_kind(self.customer_ids)) else {
            return self.reject(raw.row, RejectReason::MissingCustomer, || id_text(raw.customer), value);
        };
        let Some(time) = raw.time.filter(|time| TIME_RANGE.contains(time)) else {
            return self.reject(raw.row, RejectReason::Time, || format!("`{}`", raw.time_text), value);
        };
        if raw.kind.is_empty() {
            return self.reject(raw.row, RejectReason::MissingKind, || "empty".to_owned(), value);
        }
        if let Err((reason, detail)) = &raw.value {
            return self.reject(raw.row, *reason, || detail.clone(), None);
        }
        self.customers.push(customer);
        self.times.push(time);
        self.kinds.push(Some(self.rules.kind_of(raw.kind)));
        for (column, text) in self.attributes.iter_mut().zip(raw.texts) {
            column.push(text);
        }
        self.values.push(value.unwrap_or(NO_VALUE));
        self.has_value |= value.is_some();
        if self.rules.duplicates == Duplicates::Reject {
            self.rows.push(raw.row);
        }
        Ok(())
    }

    /// Counts a row that a file's door could not even split into fields.
    #[cfg(feature = "csv")]
    pub(crate) fn reject_unread(&mut self, row: u64, reason: RejectReason, detail: String) -> Result<()> {
        self.report.rows_read += 1;
        self.reject(row, reason, || detail, None)
    }

    fn reject(
        &mut self,
        row: u64,
        reason: RejectReason,
        detail: impl FnOnce() -> String,
        value: Option<i64>,
    ) -> Result<()> {
        if self.rules.strictness == Strictness::Stop && !reason.is_rule() {
            let detail = detail();
            self.report.reject(row, reason, || detail.clone(), value);
            return Err(Error::Rejected { row, reason, detail });
        }
        self.report.reject(row, reason, detail, value);
        Ok(())
    }

    /// Says which columns the source has, so that the log has them even where no event has a value.
    #[cfg(feature = "csv")]
    pub(crate) fn declare(&mut self, attributes: [bool; EventAttribute::ALL.len()], value: bool) {
        self.has_attributes = attributes;
        self.has_value |= value;
    }

    /// The log of all events that were kept. A log without events is a valid one.
    ///
    /// # Errors
    /// None at present; kept fallible because duplicates are found here.
    pub fn build(self) -> Result<EventLog> {
        let log = EventLog {
            zone: self.rules.zone.clone(),
            customers: self.customers.finish(),
            times: self.times,
            kinds: self.kinds.finish(),
            attributes: attributes_of(self.attributes, self.has_attributes),
            values: self.has_value.then_some(self.values),
            report: self.report,
        };
        Ok(log.finished(&self.rules, |row| self.rows[row]))
    }
}

impl std::fmt::Debug for EventLogBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLogBuilder").field("kept", &self.times.len()).finish_non_exhaustive()
    }
}
