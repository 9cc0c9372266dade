//! Computed traits over events: the same aggregates as over orders, in a table that is joined by customer.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::category::Category;
use crate::error::{Error, Result};
use crate::events::{ByCustomer, EventAttribute, EventLog, NO_VALUE};
use crate::features::computed::Pass;
use crate::features::computed::aggregate::{How, Item, aggregate};
use crate::features::computed::column::{Column, Kind};
use crate::features::derive::{Part, join_all};
use crate::features::table::FeatureTable;
use crate::transaction::{AsOf, Money, Window};

/// Customers that one task measures. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 12;

/// A text of an event that filters look at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::features) enum EventText {
    Kind,
    Of(EventAttribute),
}

/// What of an event is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventValue {
    /// When it was.
    Time,
    /// Its number, exact to four decimals.
    Number,
    /// Its kind.
    Kind,
    /// One of its texts.
    Text(EventAttribute),
}

/// How a trait sums up events. Where none is in the window and passes the filters, counts and sums are zero and
/// everything else is missing. An event without what is looked at is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventAggregate {
    /// How many. Unsigned.
    Count,
    /// The sum of their numbers. Money, as an exact decimal.
    Sum,
    /// The mean of their numbers. 64-bit float.
    Average,
    /// The smallest number. Money, as an exact decimal.
    Min,
    /// The largest number. Money, as an exact decimal.
    Max,
    /// What the first has, by time; of equal times the smallest.
    First(EventValue),
    /// What the last has, by time; of equal times the largest.
    Last(EventValue),
    /// What most have; of equals the smallest number or first text.
    MostFrequent(EventValue),
    /// How many different ones. Unsigned.
    Distinct(EventValue),
}

/// A computed trait over events, as [`Computed`](crate::features::Computed) is one over orders.
///
/// ```
/// use kohort::events::{EventAttribute, EventRules};
/// use kohort::features::{EventAggregate, EventTrait, EventValue};
/// use kohort::{AsOf, Event, EventLog, IdKind, Window, Zone};
///
/// let mut events = EventLog::builder(&EventRules::builder().build()?, IdKind::Text);
/// for (customer, kind, seconds) in [("ada", "visited", 20.0), ("ada", "visited", 70.5), ("ben", "opened", 0.0)] {
///     let mut event = Event::new(customer, 0, kind);
///     event.value = Some(kohort::Money::from_f64(seconds)?);
///     events.push(event)?;
/// }
/// let on_site = EventTrait::builder("seconds_on_site_30d", EventAggregate::Sum)
///     .kinds(["visited"])
///     .within(Window::days(30))
///     .build()?;
/// let as_of = AsOf::date("1970-01-02", &Zone::utc())?;
/// let table = EventTrait::extract([&on_site], &events.build()?, &as_of)?;
/// assert_eq!(table.column("seconds_on_site_30d")?.number(0), Some(90.5));
/// assert_eq!(table.column("seconds_on_site_30d")?.number(1), Some(0.0));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct EventTrait {
    name: String,
    aggregate: EventAggregate,
    window: Window,
    kinds: Vec<String>,
    texts: Vec<(EventText, Vec<String>, Pass)>,
    /// Between which limits the number has to be, in ten-thousandths; `None` lets pass what has none.
    bounds: Option<(i64, i64)>,
}

/// Builds an [`EventTrait`].
#[derive(Clone, Debug)]
pub struct EventTraitBuilder {
    own: EventTrait,
    least: Option<f64>,
    most: Option<f64>,
}

impl EventTrait {
    /// A trait under a name of your own, which should be safe for SQL: lower-case letters, digits and underscores.
    #[must_use]
    pub fn builder(name: impl Into<String>, aggregate: EventAggregate) -> EventTraitBuilder {
        let own = Self {
            name: name.into(),
            aggregate,
            window: Window::all(),
            kinds: Vec::new(),
            texts: Vec::new(),
            bounds: None,
        };
        EventTraitBuilder { own, least: None, most: None }
    }

    /// Its name in a table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    /// A table of several traits: one row for each customer with an event before the moment, in ascending order of ids.
    /// O(events · log events) for the order of customers, and a walk over the events for each trait.
    ///
    /// # Errors
    /// [`Error::FeatureNeeds`] where the log has no such text or no numbers, [`Error::DuplicateFeature`],
    /// [`Error::Setting`] for a window that ends before it begins, [`Error::MoneyRange`] where a sum leaves its range.
    pub fn extract<'t>(
        traits: impl IntoIterator<Item = &'t Self>,
        events: &EventLog,
        as_of: &AsOf,
    ) -> Result<FeatureTable> {
        Self::table(traits, events, as_of, &ByCustomer::of(events, as_of))
    }

    /// The same of customers whose events were put side by side.
    pub(in crate::features) fn table<'t>(
        traits: impl IntoIterator<Item = &'t Self>,
        events: &EventLog,
        as_of: &AsOf,
        customers: &ByCustomer,
    ) -> Result<FeatureTable> {
        let plans: Vec<EventPlan<'_>> =
            traits.into_iter().map(|own| EventPlan::new(own, events, as_of)).collect::<Result<_>>()?;
        let ids = customers.ids(events);
        // One part at least, which says what type each column has.
        let parts: Vec<Vec<Part>> = (0..customers.len().div_ceil(CHUNK).max(1))
            .into_par_iter()
            .map(|chunk| {
                let range = chunk * CHUNK..customers.len().min((chunk + 1) * CHUNK);
                plans.iter().map(|plan| plan.part(customers, range.clone())).collect::<Result<_, _>>()
            })
            .collect::<Result<_, TooLarge>>()
            .map_err(|problem| Error::MoneyRange {
                what: problem.what,
                customer: ids.id(problem.customer).to_string(),
            })?;
        let levels: Vec<_> =
            plans.iter().map(|plan| plan.texts().map(|texts| Arc::clone(&texts.levels))).collect();
        let names = plans.iter().map(|plan| plan.own.name.clone());
        FeatureTable::from_columns(ids, names.zip(join_all(&parts, &levels)?))
    }

    /// A trait over events that pass filters, all of them checked.
    pub(in crate::features) fn of(
        name: &str,
        aggregate: EventAggregate,
        window: &Window,
        texts: Vec<(EventText, Vec<String>, Pass)>,
        bounds: Option<(i64, i64)>,
    ) -> Self {
        Self { name: name.to_owned(), aggregate, window: window.clone(), kinds: Vec::new(), texts, bounds }
    }
}

/// A sum that does not fit, and whose.
struct TooLarge {
    what: String,
    customer: usize,
}

impl EventTraitBuilder {
    /// Only events of these kinds. Defaults to all kinds.
    #[must_use]
    pub fn kinds<K: Into<String>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.own.kinds = kinds.into_iter().map(Into::into).collect();
        self
    }

    /// Only events whose text is one of these; one without the text does not pass. Several filters have to pass
    /// together. Defaults to all events.
    #[must_use]
    pub fn only<T: Into<String>>(
        mut self,
        attribute: EventAttribute,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        self.own.texts.push((
            EventText::Of(attribute),
            texts.into_iter().map(Into::into).collect(),
            Pass::Only,
        ));
        self
    }

    /// Only events that have the text and whose text is none of these. Defaults to all events.
    #[must_use]
    pub fn except<T: Into<String>>(
        mut self,
        attribute: EventAttribute,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        self.own.texts.push((
            EventText::Of(attribute),
            texts.into_iter().map(Into::into).collect(),
            Pass::Except,
        ));
        self
    }

    /// Only events whose number is at least this. Defaults to all, those without a number among them.
    #[must_use]
    pub fn at_least(mut self, least: f64) -> Self {
        self.least = Some(least);
        self
    }

    /// Only events whose number is at most this. Defaults to all, those without a number among them.
    #[must_use]
    pub fn at_most(mut self, most: f64) -> Self {
        self.most = Some(most);
        self
    }

    /// Only what happened in a window of time. Defaults to [`Window::all`].
    #[must_use]
    pub fn within(mut self, window: Window) -> Self {
        self.own.window = window;
        self
    }

    /// The trait.
    ///
    /// # Errors
    /// [`Error::Setting`] where the name is empty, a filter on texts names none, or a limit is not finite or has more
    /// than four decimals.
    pub fn build(self) -> Result<EventTrait> {
        let Self { mut own, least, most } = self;
        let setting = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if own.name.trim().is_empty() {
            return setting("name", format!("`{}`", own.name), "a name for the trait");
        }
        if let Some((EventText::Of(attribute), ..)) = own.texts.iter().find(|(_, texts, _)| texts.is_empty())
        {
            return setting("texts", format!("no {attribute}"), "at least one text to filter by");
        }
        let mut bounds = (i64::MIN, i64::MAX);
        for (limit, bound) in [(least, &mut bounds.0), (most, &mut bounds.1)] {
            let Some(limit) = limit else { continue };
            match Money::from_f64(limit) {
                Ok(exact) => *bound = exact.ten_thousandths(),
                Err(_) => {
                    return setting("limit", limit.to_string(), "a finite number with at most four decimals");
                }
            }
        }
        own.bounds = (least.is_some() || most.is_some()).then_some(bounds);
        Ok(own)
    }
}

/// A trait for one log and one moment.
pub(in crate::features) struct EventPlan<'e> {
    own: &'e EventTrait,
    events: &'e EventLog,
    range: Range<i64>,
    /// Which codes of kinds pass; empty for all.
    kinds: Vec<bool>,
    filters: Vec<(&'e Category, Vec<bool>)>,
}

impl<'e> EventPlan<'e> {
    /// # Errors
    /// [`Error::FeatureNeeds`] for what the log lacks, [`Error::Setting`] for a window that ends before it begins.
    pub(in crate::features) fn new(own: &'e EventTrait, events: &'e EventLog, as_of: &AsOf) -> Result<Self> {
        let lacks = |needs| Error::FeatureNeeds { feature: own.name.clone(), needs };
        let column = |attribute| events.attribute(attribute).ok_or_else(|| lacks(column_of(attribute)));
        if let Some(EventValue::Text(attribute)) = own.value() {
            column(attribute)?;
        }
        let numbers = own.value() == Some(EventValue::Number) || own.bounds.is_some();
        if numbers && events.values.is_none() {
            return Err(lacks("events with numbers"));
        }
        let kinds = if own.kinds.is_empty() {
            Vec::new()
        } else {
            events.kinds().levels().iter().map(|kind| own.kinds.iter().any(|wanted| wanted == kind)).collect()
        };
        let filter = |(text, texts, pass): &(EventText, Vec<String>, Pass)| {
            let column = match text {
                EventText::Kind => events.kinds(),
                EventText::Of(attribute) => column(*attribute)?,
            };
            Ok((column, column.levels().iter().map(|text| pass.of(texts, text)).collect()))
        };
        Ok(Self {
            own,
            events,
            range: own.window.range(as_of)?,
            kinds,
            filters: own.texts.iter().map(filter).collect::<Result<_>>()?,
        })
    }

    /// The texts of the outcome, where it is one.
    fn texts(&self) -> Option<&Category> {
        match (self.own.aggregate, self.own.value()) {
            (EventAggregate::Distinct(_), _) => None,
            (_, Some(EventValue::Kind)) => Some(self.events.kinds()),
            (_, Some(EventValue::Text(attribute))) => self.events.attribute(attribute),
            _ => None,
        }
    }

    /// The column of some customers.
    fn part(&self, customers: &ByCustomer, range: Range<usize>) -> Result<Part, TooLarge> {
        let mut column = self.column();
        let mut items = Vec::new();
        for customer in range.clone() {
            self.add(customers.rows(customer), &mut items, &mut column);
        }
        column
            .take()
            .map_err(|customer| TooLarge { what: self.own.name.clone(), customer: range.start + customer })
    }

    /// An empty column for it.
    pub(in crate::features) fn column(&self) -> Column {
        Column::new(self.own.kind())
    }

    /// Adds a customer's value.
    pub(in crate::features) fn add(
        &self,
        rows: impl Iterator<Item = usize>,
        items: &mut Vec<Item>,
        column: &mut Column,
    ) {
        items.clear();
        items.extend(rows.filter_map(|row| self.item(row)));
        column.push(aggregate(self.own.how(), items));
    }

    /// An event, if it is in the window, passes, and has what is looked at.
    pub(in crate::features) fn item(&self, row: usize) -> Option<Item> {
        let time = self.events.times[row];
        let passes = |column: &Category, codes: &[bool]| {
            column.code(row).and_then(|code| codes.get(code as usize).copied()).unwrap_or_default()
        };
        let number = || {
            let number = self.events.values.as_ref().map_or(NO_VALUE, |values| values[row]);
            (number != NO_VALUE).then_some(number)
        };
        let kind = self.kinds.is_empty() || passes(self.events.kinds(), &self.kinds);
        if !self.range.contains(&time) || !kind || !self.filters.iter().all(|(own, codes)| passes(own, codes))
        {
            return None;
        }
        if let Some((least, most)) = self.own.bounds {
            number().filter(|number| (least..=most).contains(number))?;
        }
        let value = match self.own.value() {
            None => 0,
            Some(EventValue::Time) => i128::from(time),
            Some(EventValue::Number) => i128::from(number()?),
            Some(EventValue::Kind) => i128::from(self.events.kinds().code(row)?),
            Some(EventValue::Text(attribute)) => {
                i128::from(self.events.attribute(attribute).and_then(|column| column.code(row))?)
            }
        };
        Some(Item { time, order: 0, count: 1, value: Some(value) })
    }
}

impl EventTrait {
    fn value(&self) -> Option<EventValue> {
        match self.aggregate {
            EventAggregate::Count => None,
            EventAggregate::Sum | EventAggregate::Average | EventAggregate::Min | EventAggregate::Max => {
                Some(EventValue::Number)
            }
            EventAggregate::First(value)
            | EventAggregate::Last(value)
            | EventAggregate::MostFrequent(value)
            | EventAggregate::Distinct(value) => Some(value),
        }
    }

    fn how(&self) -> How {
        match self.aggregate {
            EventAggregate::Count => How::Count,
            EventAggregate::Sum => How::Sum,
            EventAggregate::Average => How::Average,
            EventAggregate::Min => How::Min,
            EventAggregate::Max => How::Max,
            EventAggregate::First(_) => How::First,
            EventAggregate::Last(_) => How::Last,
            EventAggregate::MostFrequent(_) => How::MostFrequent,
            EventAggregate::Distinct(_) => How::Distinct,
        }
    }

    fn kind(&self) -> Kind {
        match (self.aggregate, self.value()) {
            (EventAggregate::Count | EventAggregate::Distinct(_), _) | (_, None) => Kind::Count,
            (EventAggregate::Average, _) => Kind::Average { unit: 10_000.0 },
            (_, Some(EventValue::Time)) => Kind::Time,
            (_, Some(EventValue::Number)) => Kind::Money,
            (_, Some(EventValue::Kind | EventValue::Text(_))) => Kind::Text,
        }
    }
}

/// The column of a text, in words.
const fn column_of(attribute: EventAttribute) -> &'static str {
    match attribute {
        EventAttribute::Channel => "events with channels",
        EventAttribute::Campaign => "events with campaigns",
        EventAttribute::Product => "events with products",
        EventAttribute::Category => "events with categories",
        EventAttribute::Label => "events with labels",
    }
}
