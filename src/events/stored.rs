//! How an event log is stored. The structs of a version are frozen once it is released.
//!
//! Events are stored in columns, in the order of the log, so that what is loaded equals what was stored. What follows
//! from them is not stored: the totals of the report. A damaged file is refused with the column and the row.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::category::{Category, MISSING};
use crate::events::event::EventAttribute;
use crate::events::log::{EventLog, NO_VALUE};
use crate::events::report::{EXAMPLES, EventReport, EventTotals, RejectedEvents};
use crate::model_file::{
    self, Check, IdsV1, StoredModel, TextsV1, check_count, check_ids, check_lengths, check_texts, check_times,
};
use crate::transaction::{MAX_LINE, MoneyTotal, RejectReason, Zone};

#[derive(Serialize, Deserialize)]
struct EventLogV1 {
    zone: Zone,
    report: ReportV1,
    customers: IdsV1,
    times: Vec<i64>,
    kinds: TextsV1,
    channel: Option<TextsV1>,
    campaign: Option<TextsV1>,
    product: Option<TextsV1>,
    category: Option<TextsV1>,
    label: Option<TextsV1>,
    /// In ten-thousandths.
    values: Option<Vec<Option<i64>>>,
}

/// What the events do not tell of the report.
#[derive(Serialize, Deserialize)]
struct ReportV1 {
    rejected: Vec<RejectedV1>,
    erased: TotalsV1,
}

#[derive(Serialize, Deserialize)]
struct RejectedV1 {
    reason: String,
    first_rows: Vec<u64>,
    example: String,
    totals: TotalsV1,
}

#[derive(Serialize, Deserialize)]
struct TotalsV1 {
    events: u64,
    values: u64,
    value: MoneyTotal,
}

impl StoredModel for EventLog {
    const KIND: &'static str = "event_log";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        EventLogV1::from(self.clone().without_unused())
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> Result<Self, D::Error> {
        let log = EventLogV1::deserialize(model)?.log();
        log.map_err(|problem| D::Error::custom(Self::refused(problem)))
    }
}

/// A log is stored with its zone, its events in their order and its report; what is loaded is equal to it. Memory in
/// passing is that of the log once more.
impl Serialize for EventLog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

/// What is damaged is refused with the reason; a log that was loaded is one that the doors could have made.
impl<'de> Deserialize<'de> for EventLog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

impl From<EventLog> for EventLogV1 {
    fn from(log: EventLog) -> Self {
        let [channel, campaign, product, category, label] =
            log.attributes.map(|column| column.map(TextsV1::from));
        let optional = |value: i64| (value != NO_VALUE).then_some(value);
        Self {
            zone: log.zone,
            report: log.report.into(),
            customers: log.customers.into(),
            times: log.times,
            kinds: log.kinds.into(),
            channel,
            campaign,
            product,
            category,
            label,
            values: log.values.map(|values| values.into_iter().map(optional).collect()),
        }
    }
}

impl EventLogV1 {
    /// The events as a log, checked.
    fn log(self) -> Check<EventLog> {
        let texts = [self.channel, self.campaign, self.product, self.category, self.label];
        let log = EventLog {
            zone: self.zone,
            customers: self.customers.into(),
            times: self.times,
            kinds: self.kinds.into(),
            attributes: texts.map(|column| column.map(Category::from)),
            values: self.values.map(values).transpose()?,
            report: EventReport::default(),
        };
        check(&log)?;
        let mut log = log.counted();
        log.report = self.report.report(log.report)?;
        Ok(log)
    }
}

/// Checks that every event is one that a log can have.
fn check(log: &EventLog) -> Check {
    check_times(&log.times)?;
    let attributes =
        EventAttribute::ALL.map(|attribute| (attribute.name(), log.attribute(attribute).map(Category::len)));
    let lengths = [
        ("customers", Some(log.customers.len())),
        ("kinds", Some(log.kinds.len())),
        ("values", log.values.as_ref().map(Vec::len)),
    ];
    check_lengths(log.len(), lengths.into_iter().chain(attributes))?;
    check_ids("customers", &log.customers)?;
    check_texts("kinds", &log.kinds)?;
    if let Some(row) = log.kinds.codes.iter().position(|code| *code == MISSING) {
        return Err(format!("row {row} has no kind"));
    }
    for attribute in EventAttribute::ALL {
        if let Some(column) = log.attribute(attribute) {
            check_texts(attribute.name(), column)?;
        }
    }
    Ok(())
}

/// Values as a log has them, none out of range.
fn values(stored: Vec<Option<i64>>) -> Check<Vec<i64>> {
    let in_range = |value: i64| value.unsigned_abs() <= MAX_LINE as u64;
    let value = |(row, value): (usize, Option<i64>)| match value {
        Some(value) if in_range(value) => Ok(value),
        Some(_) => Err(format!("row {row} has a value out of range")),
        None => Ok(NO_VALUE),
    };
    stored.into_iter().enumerate().map(value).collect()
}

impl ReportV1 {
    /// The report, with what the events told of it.
    fn report(self, mut report: EventReport) -> Check<EventReport> {
        for RejectedV1 { reason, first_rows, example, totals } in self.rejected {
            let known = RejectReason::named(&reason)
                .ok_or_else(|| format!("`{reason}` is no reason to reject a row"))?;
            let (examples, totals) = (first_rows.len(), totals.checked()?);
            if totals.events == 0 || examples > EXAMPLES || examples as u64 > totals.events {
                return Err(format!("{examples} examples of {} rejected rows", totals.events));
            }
            if report.rejected.insert(known, RejectedEvents { totals, first_rows, example }).is_some() {
                return Err(format!("rows are rejected twice for `{reason}`"));
            }
        }
        report.erased = self.erased.checked()?;
        report.rows_read = report.rows_kept() + report.rows_rejected() + report.erased.events;
        Ok(report)
    }
}

impl TotalsV1 {
    fn checked(self) -> Check<EventTotals> {
        let Self { events, values, value } = self;
        let (events, values) = (check_count(events)?, check_count(values)?);
        if values > events {
            return Err(format!("{values} values of {events} events"));
        }
        let limit = u128::from(values) * MAX_LINE as u128;
        if value.ten_thousandths().unsigned_abs() > limit {
            return Err(format!("a total of {value}"));
        }
        Ok(EventTotals { events, values, value })
    }
}

impl From<EventTotals> for TotalsV1 {
    fn from(EventTotals { events, values, value }: EventTotals) -> Self {
        Self { events, values, value }
    }
}

impl From<EventReport> for ReportV1 {
    fn from(report: EventReport) -> Self {
        let rejected = report.rejected.into_iter().map(|(reason, rejected)| RejectedV1 {
            reason: reason.name().to_owned(),
            first_rows: rejected.first_rows,
            example: rejected.example,
            totals: rejected.totals.into(),
        });
        Self { rejected: rejected.collect(), erased: report.erased.into() }
    }
}
