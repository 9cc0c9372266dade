//! Behaviours in the pass over events: those of events alone, and the events of sequences that have orders in them.

use rayon::prelude::*;

use super::deed::{Deed, EventDeed};
use super::follow::{Entry, Follow, active_periods, micros};
use super::{Behaviour, Same, What};
use crate::error::{Error, Result};
use crate::events::{ByCustomer, EventAttribute, EventLog};
use crate::features::computed::{
    Column, EventAggregate, EventPlan, EventTrait, EventValue, Item, Kind, Outcome,
};
use crate::features::derive::{Part, join_all};
use crate::features::family::Source;
use crate::features::table::FeatureTable;
use crate::transaction::{AsOf, CustomerIds};

/// Customers that one task measures. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 10;

/// The events of an extraction, those of a customer side by side.
pub(in crate::features) struct EventSource<'e> {
    pub(in crate::features) events: &'e EventLog,
    pub(in crate::features) customers: ByCustomer,
}

impl<'e> EventSource<'e> {
    pub(in crate::features) fn new(events: &'e EventLog, as_of: &AsOf) -> Self {
        Self { events, customers: ByCustomer::of(events, as_of) }
    }

    /// Those who have an event before the moment.
    pub(in crate::features) fn ids(&self) -> CustomerIds {
        self.customers.ids(self.events)
    }
}

impl Same {
    const fn event_attribute(self) -> EventAttribute {
        match self {
            Self::Product => EventAttribute::Product,
            Self::Category => EventAttribute::Category,
        }
    }
}

impl EventDeed {
    /// The trait that sums it up.
    fn summed(&self, name: &str, aggregate: EventAggregate) -> Result<EventTrait> {
        let selection = &self.selection;
        let texts = selection.texts.iter();
        let texts = texts.map(|filter| (filter.attribute, filter.texts.clone(), filter.pass)).collect();
        let mut bounds = None;
        for limit in &selection.limits {
            let (least, most) = bounds.unwrap_or((i64::MIN, i64::MAX));
            let own = limit.bounds()?;
            bounds = Some((own.0.max(least), own.1.min(most)));
        }
        Ok(EventTrait::of(name, aggregate, &selection.window, texts, bounds))
    }

    /// The trait that finds its events, each with the text that has to be the same.
    fn found(&self, name: &str, same: Option<Same>) -> Result<EventTrait> {
        let text = |same: Same| EventAggregate::First(EventValue::Text(same.event_attribute()));
        self.summed(name, same.map_or(EventAggregate::Count, text))
    }
}

/// The behaviours that look at events alone, in their order: one row for each customer with an event before the moment.
/// Without any of them, the rows alone.
///
/// Each event is read once for all behaviours, while it is in the processor's cache. O(events · behaviours), and the sort
/// of a customer's events where they are counted by periods or sequences.
///
/// # Errors
/// [`Error::FeatureNeeds`] where the log has no such text or no numbers; [`Error::MoneyRange`].
pub(in crate::features) fn event_table(
    behaviours: &[Behaviour],
    source: &EventSource<'_>,
    as_of: &AsOf,
) -> Result<FeatureTable> {
    let own: Vec<&Behaviour> = behaviours.iter().filter(|behaviour| !behaviour.needs_orders()).collect();
    let traits: Vec<Vec<EventTrait>> = own.iter().map(|own| traits_of(own)).collect::<Result<_>>()?;
    let plans: Vec<BehaviourPlan<'_>> = own
        .iter()
        .zip(&traits)
        .map(|(own, traits)| {
            let plan = |own| EventPlan::new(own, source.events, as_of);
            Ok(BehaviourPlan { own, plans: traits.iter().map(plan).collect::<Result<_>>()? })
        })
        .collect::<Result<_>>()?;
    let ids = source.ids();
    let too_large = |behaviour: &Behaviour, customer: usize| Error::MoneyRange {
        what: behaviour.name().to_owned(),
        customer: ids.id(customer).to_string(),
    };
    // One part at least, which says what type each column has.
    let parts: Vec<Vec<Part>> = (0..ids.len().div_ceil(CHUNK).max(1))
        .into_par_iter()
        .map(|chunk| {
            let range = chunk * CHUNK..ids.len().min((chunk + 1) * CHUNK);
            let mut columns: Vec<Column> = plans.iter().map(BehaviourPlan::column).collect();
            let mut scratch = Scratch::default();
            for customer in range.clone() {
                for (plan, column) in plans.iter().zip(&mut columns) {
                    plan.add(source.customers.rows(customer), as_of.micros(), &mut scratch, column);
                }
            }
            let columns = own.iter().zip(&mut columns);
            let part = |(own, column): (&&Behaviour, &mut Column)| {
                column.take().map_err(|customer| too_large(own, range.start + customer))
            };
            columns.map(part).collect()
        })
        .collect::<Result<_>>()?;
    let names = own.iter().map(|own| own.name());
    let columns = join_all(&parts, &vec![None; own.len()])?;
    FeatureTable::from_columns(ids, names.zip(columns))
}

/// The traits that a behaviour of events is made from.
fn traits_of(behaviour: &Behaviour) -> Result<Vec<EventTrait>> {
    let name = behaviour.name();
    let found = |deed: &Deed, same| match deed {
        Deed::Events(deed) => Some(deed.found(name, same)),
        Deed::Orders(_) => None,
    };
    match &behaviour.what {
        What::Orders(..) => Ok(Vec::new()),
        What::Events(deed, aggregate) => Ok(vec![deed.summed(name, *aggregate)?]),
        What::ActivePeriods(own) => found(&own.deed, None).into_iter().collect(),
        What::Sequence(own) => {
            [&own.first, &own.then].into_iter().filter_map(|deed| found(deed, own.same)).collect()
        }
    }
}

/// A behaviour of events for one log and one moment.
struct BehaviourPlan<'p> {
    own: &'p Behaviour,
    /// One, or two of a sequence.
    plans: Vec<EventPlan<'p>>,
}

#[derive(Default)]
struct Scratch {
    items: Vec<Item>,
    times: Vec<i64>,
    follow: Follow,
}

impl BehaviourPlan<'_> {
    fn column(&self) -> Column {
        match (&self.own.what, self.plans.first()) {
            (What::Events(..), Some(plan)) => plan.column(),
            _ => Column::new(Kind::Count),
        }
    }

    /// Adds a customer's value.
    fn add(
        &self,
        rows: impl Iterator<Item = usize> + Clone,
        as_of: i64,
        scratch: &mut Scratch,
        column: &mut Column,
    ) {
        let Scratch { items, times, follow } = scratch;
        let found = |plan: usize| {
            let plan = self.plans.get(plan);
            rows.clone().filter_map(move |row| plan?.item(row))
        };
        let count = match &self.own.what {
            What::Orders(..) => 0,
            What::Events(..) => {
                if let Some(plan) = self.plans.first() {
                    plan.add(rows, items, column);
                }
                return;
            }
            What::ActivePeriods(own) => {
                times.clear();
                times.extend(found(0).map(|item| item.time));
                active_periods(times, as_of, own.periods, own.days)
            }
            What::Sequence(own) => {
                follow.clear();
                follow.first.extend(found(0).zip(0..).map(|(item, deed)| entry(&item, deed)));
                if !follow.first.is_empty() {
                    follow.then.extend(found(1).zip(0..).map(|(item, deed)| entry(&item, deed)));
                }
                follow.count(micros(own.days))
            }
        };
        column.push(Some(Outcome::Count(count)));
    }
}

/// An event; the code of its text is 0 where no text is looked at.
fn entry(item: &Item, deed: u32) -> Entry {
    let text = item.value.and_then(|code| u32::try_from(code).ok()).unwrap_or_default();
    Entry { text, time: item.time, deed, count: 1 }
}

/// The events of a deed, customer by customer, for the pass over lines.
pub(super) struct Gathered {
    /// The keys of the customers' ids among those of the orders, ascending.
    keys: Vec<u64>,
    /// Where the entries of each customer begin, and the end of the last.
    starts: Vec<usize>,
    entries: Vec<Entry>,
}

impl Gathered {
    /// O(events), and the sum of logarithms where texts and ids are looked up among those of the orders.
    pub(super) fn new(
        deed: &EventDeed,
        name: &str,
        same: Option<Same>,
        from: &EventSource<'_>,
        source: &Source<'_>,
    ) -> Result<Self> {
        let own = deed.found(name, same)?;
        let plan = EventPlan::new(&own, from.events, source.as_of)?;
        // What no line has, no order can have in common with an event.
        let codes: Option<Vec<Option<u32>>> = same.map(|same| {
            let lines = source.log.attribute(same.attribute());
            let code = |text: &str| lines.and_then(|lines| lines.levels.code(text));
            let events = from.events.attribute(same.event_attribute());
            events.map(|events| events.levels.iter().map(code).collect()).unwrap_or_default()
        });
        let shared = |mut entry: Entry| {
            if let Some(codes) = &codes {
                entry.text = codes.get(entry.text as usize).copied().flatten()?;
            }
            Some(entry)
        };
        let ids = from.ids();
        let customers: Vec<(u64, Vec<Entry>)> = (0..ids.len())
            .into_par_iter()
            .with_min_len(CHUNK)
            .filter_map(|customer| {
                let items = from.customers.rows(customer).filter_map(|row| plan.item(row));
                let entries: Vec<Entry> =
                    items.zip(0..).filter_map(|(item, deed)| shared(entry(&item, deed))).collect();
                let key = || source.log.customers.key_of(&ids.id(customer));
                (!entries.is_empty()).then(|| key().map(|key| (key, entries))).flatten()
            })
            .collect();
        let mut gathered = Self { keys: Vec::new(), starts: vec![0], entries: Vec::new() };
        for (key, entries) in customers {
            gathered.keys.push(key);
            gathered.entries.extend(entries);
            gathered.starts.push(gathered.entries.len());
        }
        Ok(gathered)
    }

    /// Adds a customer's events.
    pub(super) fn list(&self, key: u64, entries: &mut Vec<Entry>) {
        if let Ok(customer) = self.keys.binary_search(&key) {
            entries.extend_from_slice(&self.entries[self.starts[customer]..self.starts[customer + 1]]);
        }
    }
}
