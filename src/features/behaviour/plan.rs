//! Behaviours in the pass over lines: those of orders and lines, and sequences with one of them in it.

use super::deed::{Deed, OrderDeed};
use super::events::{EventSource, Gathered};
use super::follow::{Entry, Follow, active_periods, micros};
use super::{Behaviour, Same, What};
use crate::category::MISSING;
use crate::error::{Error, Result};
use crate::features::computed::{
    Aggregate, Bound, Column, Computed, ComputedPlan, Kind, Outcome, TextFilter,
};
use crate::features::customer::Customer;
use crate::features::derive::{Part, TooLarge};
use crate::features::family::{ColumnPlan, Measure, Plan, Source};
use crate::features::lines::Needs;
use crate::features::tally::OrderTally;
use crate::transaction::Attribute;

/// What is computed of the behaviours that look at orders, in their order.
///
/// # Errors
/// [`Error::FeatureNeeds`] for what a log lacks, events among it.
pub(in crate::features) fn order_plans(
    behaviours: &[Behaviour],
    source: &Source<'_>,
    events: Option<&EventSource<'_>>,
) -> Result<Vec<Box<dyn Plan>>> {
    let of_orders = behaviours.iter().filter(|behaviour| behaviour.needs_orders());
    of_orders.map(|behaviour| order_plan(behaviour, source, events)).collect()
}

fn order_plan(
    behaviour: &Behaviour,
    source: &Source<'_>,
    events: Option<&EventSource<'_>>,
) -> Result<Box<dyn Plan>> {
    let name = behaviour.name();
    let counted = |counted| Ok(Box::new(CountedPlan { name: name.to_owned(), counted }) as Box<dyn Plan>);
    let deed = |deed: &Deed, same: Option<Same>| match deed {
        Deed::Orders(deed) => {
            let attribute = same.map(Same::attribute);
            let aggregate =
                attribute.map_or(Aggregate::Count, |attribute| Aggregate::First(attribute.into()));
            Ok(Deeds::Orders(ComputedPlan::new(deed.computed(name, aggregate)?, source)?, attribute))
        }
        Deed::Events(deed) => {
            let needs = "events; extract with them";
            let events = events.ok_or_else(|| Error::FeatureNeeds { feature: name.to_owned(), needs })?;
            Ok(Deeds::Events(Gathered::new(deed, name, same, events, source)?))
        }
    };
    match &behaviour.what {
        What::Orders(deed, aggregate) => {
            Ok(Box::new(ComputedPlan::new(deed.computed(name, *aggregate)?, source)?))
        }
        What::ActivePeriods(own) => counted(Counted::Periods {
            deeds: deed(&own.deed, None)?,
            as_of: source.as_of.micros(),
            periods: own.periods,
            days: own.days,
        }),
        What::Sequence(own) => counted(Counted::Sequence {
            first: deed(&own.first, own.same)?,
            then: deed(&own.then, own.same)?,
            within: micros(own.days),
        }),
        What::Events(..) => {
            let needs = "events; extract with them";
            Err(Error::FeatureNeeds { feature: name.to_owned(), needs })
        }
    }
}

impl OrderDeed {
    /// The trait that sums it up.
    fn computed(&self, name: &str, aggregate: Aggregate) -> Result<Computed> {
        let filters = self.selection.texts.iter().map(|filter| TextFilter {
            attribute: filter.attribute,
            texts: filter.texts.clone(),
            pass: filter.pass,
        });
        let bounds = self.selection.limits.iter().map(|limit| {
            let (least, most) = limit.bounds()?;
            Ok(Bound { number: limit.number, least, most })
        });
        Ok(Computed {
            name: name.to_owned(),
            over: self.over,
            aggregate,
            window: self.selection.window.clone(),
            texts: filters.collect(),
            bounds: bounds.collect::<Result<_>>()?,
        })
    }
}

/// A behaviour that is a count and no trait.
struct CountedPlan {
    name: String,
    counted: Counted,
}

enum Counted {
    Periods { deeds: Deeds, as_of: i64, periods: u32, days: u32 },
    Sequence { first: Deeds, then: Deeds, within: i64 },
}

/// Where deeds are found. Orders are looked at for a text, or for none.
enum Deeds {
    Orders(ComputedPlan, Option<Attribute>),
    Events(Gathered),
}

impl Deeds {
    fn needs(&self) -> Needs {
        match self {
            Self::Orders(plan, _) => plan.needs(),
            Self::Events(_) => Needs::NONE,
        }
    }

    /// Adds a customer's deeds.
    fn list(&self, customer: &Customer<'_>, by_text: &mut OrderTally, entries: &mut Vec<Entry>) {
        let (plan, attribute) = match self {
            Self::Orders(plan, attribute) => (plan, attribute),
            Self::Events(gathered) => return gathered.list(customer.key, entries),
        };
        let mut deed = 0;
        plan.each(customer, by_text, |item, run| {
            let entry = |text| Entry { text, time: item.time, deed, count: item.count };
            match attribute {
                None => entries.push(entry(0)),
                Some(attribute) => {
                    let codes = customer.text(*attribute);
                    let lines = run.filter(|line| plan.passes(customer, *line));
                    let texts = lines.filter_map(|line| codes.get(line).filter(|code| **code != MISSING));
                    entries.extend(texts.map(|code| entry(*code)));
                }
            }
            deed += 1;
        });
    }
}

impl Plan for CountedPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        vec![ColumnPlan::number(&self.name)]
    }

    fn needs(&self) -> Needs {
        match &self.counted {
            Counted::Periods { deeds, .. } => deeds.needs(),
            Counted::Sequence { first, then, .. } => first.needs().and(then.needs()),
        }
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(CountedMeasure {
            plan: self,
            by_text: OrderTally::default(),
            follow: Follow::default(),
            times: Vec::new(),
            column: Column::new(Kind::Count),
        })
    }
}

struct CountedMeasure<'p> {
    plan: &'p CountedPlan,
    by_text: OrderTally,
    follow: Follow,
    times: Vec<i64>,
    column: Column,
}

impl Measure for CountedMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        let Self { follow, by_text, times, .. } = self;
        follow.clear();
        let count = match &self.plan.counted {
            Counted::Periods { deeds, as_of, periods, days } => {
                deeds.list(customer, by_text, &mut follow.first);
                times.clear();
                times.extend(follow.first.iter().map(|entry| entry.time));
                active_periods(times, *as_of, *periods, *days)
            }
            Counted::Sequence { first, then, within } => {
                first.list(customer, by_text, &mut follow.first);
                if !follow.first.is_empty() {
                    then.list(customer, by_text, &mut follow.then);
                }
                follow.count(*within)
            }
        };
        self.column.push(Some(Outcome::Count(count)));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        let too_large = |customer| TooLarge { what: self.plan.name.clone(), customer };
        self.column.take().map(|part| vec![part]).map_err(too_large)
    }
}
