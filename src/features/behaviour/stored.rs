//! Behaviours as data: plain names, lists and numbers that a page for building rules can write.
//!
//! `{"count": {"events": [{"only": {"kind": ["clicked"]}}, {"within": "30d"}]}}`. Nothing in it is optional in a place of
//! its own, so any format can hold it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::deed::{Deed, Total, View};
use super::selection::{Named, Selection, Side, setting};
use super::text::{event_total, order_total};
use super::{Behaviour, Same, What};
use crate::error::{Error, Result};
use crate::features::computed::Pass;
use crate::transaction::Window;

/// What stands for a behaviour.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Stored {
    Count(StoredDeed),
    Sum { number: String, of: StoredDeed },
    Average { number: String, of: StoredDeed },
    Min { number: String, of: StoredDeed },
    Max { number: String, of: StoredDeed },
    FirstTime(StoredDeed),
    LastTime(StoredDeed),
    ActivePeriods { of: StoredDeed, periods: u32, days: u32 },
    Sequence { first: StoredDeed, then: StoredDeed, days: u32, same: Option<Same> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredDeed {
    Events(Vec<Clause>),
    Orders(Vec<Clause>),
    Lines(Vec<Clause>),
}

/// One filter of a deed, or several of a kind; all of them have to pass.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Clause {
    Only(BTreeMap<String, Vec<String>>),
    Except(BTreeMap<String, Vec<String>>),
    AtLeast(BTreeMap<String, f64>),
    AtMost(BTreeMap<String, f64>),
    Within(String),
}

impl From<View<'_>> for StoredDeed {
    fn from(deed: View<'_>) -> Self {
        let clauses = match deed {
            View::Events(deed) => clauses(&deed.selection),
            View::Orders(deed) => clauses(&deed.selection),
        };
        match deed.source() {
            "events" => Self::Events(clauses),
            "orders" => Self::Orders(clauses),
            _ => Self::Lines(clauses),
        }
    }
}

fn clauses<A: Named, N: Named>(selection: &Selection<A, N>) -> Vec<Clause> {
    let texts = selection.texts.iter().map(|filter| {
        let named = BTreeMap::from([(filter.attribute.name().to_owned(), filter.texts.clone())]);
        if filter.pass == Pass::Only { Clause::Only(named) } else { Clause::Except(named) }
    });
    let limits = selection.limits.iter().map(|limit| {
        let named = BTreeMap::from([(limit.number.name().to_owned(), limit.value)]);
        if limit.side == Side::Least { Clause::AtLeast(named) } else { Clause::AtMost(named) }
    });
    let window = (selection.window != Window::all()).then(|| Clause::Within(selection.window.text()));
    texts.chain(limits).chain(window).collect()
}

impl TryFrom<StoredDeed> for Deed {
    type Error = Error;

    fn try_from(stored: StoredDeed) -> Result<Self> {
        let (source, clauses) = match stored {
            StoredDeed::Events(clauses) => ("events", clauses),
            StoredDeed::Orders(clauses) => ("orders", clauses),
            StoredDeed::Lines(clauses) => ("lines", clauses),
        };
        let mut deed = Self::of(source)?;
        let mut windows = 0;
        for clause in clauses {
            let (pass, side) = match &clause {
                Clause::Only(_) | Clause::AtLeast(_) => (Pass::Only, Side::Least),
                _ => (Pass::Except, Side::Most),
            };
            match clause {
                Clause::Only(filters) | Clause::Except(filters) => {
                    for (attribute, texts) in filters {
                        deed = deed.filtered(&attribute, pass, texts)?;
                    }
                }
                Clause::AtLeast(limits) | Clause::AtMost(limits) => {
                    for (number, value) in limits {
                        deed = deed.limited(&number, side, value)?;
                    }
                }
                Clause::Within(text) => {
                    windows += 1;
                    deed = deed.within(text.parse()?);
                }
            }
        }
        match windows {
            0 | 1 => Ok(deed),
            _ => Err(setting("within", format!("{windows} windows"), "one window for a deed")),
        }
    }
}

impl From<&Behaviour> for Stored {
    fn from(behaviour: &Behaviour) -> Self {
        let (of, total, number) = match &behaviour.what {
            What::Orders(deed, aggregate) => {
                let (total, number) = order_total(*aggregate);
                (View::Orders(deed), total, number)
            }
            What::Events(deed, aggregate) => {
                let (total, number) = event_total(*aggregate);
                (View::Events(deed), total, number)
            }
            What::ActivePeriods(own) => {
                let of = own.deed.view().into();
                return Self::ActivePeriods { of, periods: own.periods, days: own.days };
            }
            What::Sequence(own) => {
                return Self::Sequence {
                    first: own.first.view().into(),
                    then: own.then.view().into(),
                    days: own.days,
                    same: own.same,
                };
            }
        };
        let (of, number) = (of.into(), number.unwrap_or_default().to_owned());
        match total {
            Total::Count => Self::Count(of),
            Total::Sum => Self::Sum { number, of },
            Total::Average => Self::Average { number, of },
            Total::Min => Self::Min { number, of },
            Total::Max => Self::Max { number, of },
            Total::FirstTime => Self::FirstTime(of),
            Total::LastTime => Self::LastTime(of),
        }
    }
}

impl TryFrom<Stored> for Behaviour {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let total = |of: StoredDeed, total, number: Option<String>| {
            Deed::try_from(of)?.total(total, number.as_deref())
        };
        let behaviour = match stored {
            Stored::Count(of) => total(of, Total::Count, None)?,
            Stored::Sum { number, of } => total(of, Total::Sum, Some(number))?,
            Stored::Average { number, of } => total(of, Total::Average, Some(number))?,
            Stored::Min { number, of } => total(of, Total::Min, Some(number))?,
            Stored::Max { number, of } => total(of, Total::Max, Some(number))?,
            Stored::FirstTime(of) => total(of, Total::FirstTime, None)?,
            Stored::LastTime(of) => total(of, Total::LastTime, None)?,
            Stored::ActivePeriods { of, periods, days } => {
                Self::active_periods(Deed::try_from(of)?, periods, days)
            }
            Stored::Sequence { first, then, days, same } => {
                Self::sequence(Deed::try_from(first)?, Deed::try_from(then)?, days, same)
            }
        };
        behaviour.check().map(|()| behaviour)
    }
}

impl Serialize for Behaviour {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Stored::from(self).serialize(serializer)
    }
}

/// What is read is checked as what is built.
impl<'de> Deserialize<'de> for Behaviour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Stored::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use crate::events::EventAttribute;
    use crate::features::{Behaviour, Number, Same};
    use crate::transaction::{Attribute, Window};

    #[test]
    fn stored_and_read_back() {
        let clicks = || Behaviour::events(["clicked"]).only(EventAttribute::Channel, ["email"]);
        let shoes = || Behaviour::lines().only(Attribute::Category, ["shoes"]).at_most(Number::Gross, 99.95);
        let stored = [
            (
                clicks().within(Window::days(30)).count(),
                r#"{"count":{"events":[{"only":{"kind":["clicked"]}},{"only":{"channel":["email"]}},{"within":"30d"}]}}"#,
            ),
            (
                shoes().sum(Number::Net),
                r#"{"sum":{"number":"net","of":{"lines":[{"only":{"category":["shoes"]}},{"at_most":{"gross":99.95}}]}}}"#,
            ),
            (
                Behaviour::orders().active_periods(6, 30),
                r#"{"active_periods":{"of":{"orders":[]},"periods":6,"days":30}}"#,
            ),
            (
                Behaviour::any_event().then_same(Same::Product, Behaviour::orders(), 7),
                r#"{"sequence":{"first":{"events":[]},"then":{"orders":[]},"days":7,"same":"product"}}"#,
            ),
            (clicks().average(), ""),
            (shoes().first_time(), ""),
            (clicks().except(EventAttribute::Label, ["a"]).at_least(1.5).max(), ""),
        ];
        for (behaviour, text) in stored {
            let json = serde_json::to_string(&behaviour).unwrap();
            assert!(text.is_empty() || json == text, "{json}");
            assert_eq!(serde_json::from_str::<Behaviour>(&json).unwrap(), behaviour);
        }
    }

    #[test]
    fn what_is_stored_wrongly_is_refused() {
        let refused = [
            (r#"{"count":{"events":[{"only":{"brand":["x"]}}]}}"#, "kind, channel"),
            (r#"{"count":{"orders":[{"only":{"kind":["x"]}}]}}"#, "product, category"),
            (r#"{"count":{"orders":[{"only":{"category":[]}}]}}"#, "no category"),
            (r#"{"sum":{"number":"value","of":{"orders":[]}}}"#, "gross"),
            (r#"{"sum":{"number":"gross","of":{"events":[]}}}"#, "value of events"),
            (r#"{"count":{"events":[{"within":"30d"},{"within":"60d"}]}}"#, "one window"),
            (r#"{"count":{"events":[{"within":"30d_60d"}]}}"#, "ends after it begins"),
            (r#"{"count":{"events":[{"at_least":{"value":0.00001}}]}}"#, "four decimals"),
            (r#"{"count":{"lines":[{"at_least":{"quantity":1.5}}]}}"#, "pieces"),
            (r#"{"active_periods":{"of":{"orders":[]},"periods":0,"days":30}}"#, "periods"),
            (r#"{"sequence":{"first":{"events":[]},"then":{"orders":[]},"days":0,"same":null}}"#, "days"),
            (r#"{"count":{"visits":[]}}"#, "visits"),
            (r#"{"total":{"events":[]}}"#, "total"),
        ];
        for (json, hint) in refused {
            let error = serde_json::from_str::<Behaviour>(json).unwrap_err().to_string();
            assert!(error.contains(hint), "{json}: {error}");
        }
    }
}
