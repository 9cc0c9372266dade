//! One condition on one feature, and how it is begun: `feature("orders").ge(3)`.
//!
//! Types that serde knows are stored in formats that are not for people: their variants keep names and order, and new ones
//! go to the end.

use serde::{Deserialize, Serialize};

use super::predicate::Predicate;
use super::value::{Relative, Value, days_ago, months_ago};
use crate::features::Behaviour;

/// What a condition looks at, and the beginning of every condition; see [`feature`], [`bucket`] and
/// [`Behaviour`].
///
/// Each method makes a [`Predicate`] of one condition. On a customer whose value is missing all are unknown, but for
/// [`is_missing`](Self::is_missing) and [`is_present`](Self::is_present). Whether a value fits the feature's type is found
/// when the predicate meets a table.
#[derive(Clone, PartialEq, Debug)]
#[must_use = "an operand is the beginning of a condition"]
pub struct Operand(pub(crate) Source);

/// Where an operand's value comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Source {
    /// A column of the table.
    Feature(String),
    /// A number in [0, 1) from the customer's id and a salt.
    Bucket(String),
    /// A column of the table that is computed from orders or events for the rules.
    Behaviour(Box<Behaviour>),
}

impl Source {
    /// The column of the table it is; a bucket needs none.
    pub(crate) fn column(&self) -> Option<&str> {
        match self {
            Self::Feature(name) => Some(name),
            Self::Behaviour(behaviour) => Some(behaviour.name()),
            Self::Bucket(_) => None,
        }
    }
}

/// A condition: an operand and what is asked of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Condition {
    pub(crate) source: Source,
    pub(crate) test: Test,
}

/// What is asked of a value.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Test {
    Compare(Comparison, Value),
    /// From the one to the other, both included.
    Between(Value, Value),
    /// One of these numbers or texts.
    In(Vec<Value>),
    Matches(Pattern),
    Missing,
    Present,
    Anniversary(Anniversary),
}

impl Test {
    /// What it compares with, in the order in which it was stated.
    pub(crate) fn values(&self) -> Vec<&Value> {
        match self {
            Self::Compare(_, value) => vec![value],
            Self::Between(low, high) => vec![low, high],
            Self::In(values) => values.iter().collect(),
            Self::Matches(_) | Self::Missing | Self::Present | Self::Anniversary(_) => Vec::new(),
        }
    }
}

/// How a value compares.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// Which texts match.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct Pattern {
    pub(crate) place: Place,
    pub(crate) text: String,
    pub(crate) letters: Letters,
}

/// Where in a text the pattern stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Place {
    Anywhere,
    Start,
    End,
    Whole,
}

/// Whether `Köln` and `köln` are the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Letters {
    AsWritten,
    AnyCase,
}

/// Which days of the year a date has to come round on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Anniversary {
    /// In the calendar month of the moment.
    ThisMonth,
    /// On one of so many days from that of the moment on, which is the first of them. Of the 29th of February: on the
    /// 28th in years that have none.
    NextDays(u32),
}

/// A feature of the table by its name, as the beginning of a condition.
///
/// ```
/// use kohort::segment::feature;
///
/// let rule = feature("gross").gt(500.0).and(feature("country").is_in(["DK", "NO"]));
/// assert_eq!(rule.to_string(), "gross > 500 AND country IN ('DK', 'NO')");
/// ```
pub fn feature(name: impl AsRef<str>) -> Operand {
    Operand(Source::Feature(name.as_ref().to_owned()))
}

/// A number in [0, 1) that depends on the customer's id and a salt alone, spread evenly and independently for each salt:
/// for hold-outs and experiments that stay as they are however the customers change.
///
/// It is made of the first 53 bits of SHA-256 of the text `salt:id`, the id of a number in decimal, divided by 2⁵³, so any
/// other system can recompute it.
///
/// ```
/// use kohort::segment::bucket;
///
/// let held_out = bucket("spring campaign").lt(0.1);
/// let variant_b = bucket("spring campaign").from_until(0.5, 1.0);
/// assert_eq!(held_out.to_string(), "BUCKET('spring campaign') < 0.1");
/// # let _ = variant_b;
/// ```
pub fn bucket(salt: impl Into<String>) -> Operand {
    Operand(Source::Bucket(salt.into()))
}

impl From<Behaviour> for Operand {
    fn from(behaviour: Behaviour) -> Self {
        Self(Source::Behaviour(Box::new(behaviour)))
    }
}

impl Operand {
    fn test(self, test: Test) -> Predicate {
        Predicate::condition(Condition { source: self.0, test })
    }

    pub(super) fn compare(self, comparison: Comparison, value: Value) -> Predicate {
        self.test(Test::Compare(comparison, value))
    }

    /// Equal to a number, text, flag or moment.
    pub fn eq(self, value: impl Into<Value>) -> Predicate {
        self.compare(Comparison::Equal, value.into())
    }

    /// There, and not equal to it.
    pub fn ne(self, value: impl Into<Value>) -> Predicate {
        self.compare(Comparison::NotEqual, value.into())
    }

    /// Less, or earlier; texts compare by bytes.
    pub fn lt(self, value: impl Into<Value>) -> Predicate {
        self.compare(Comparison::Less, value.into())
    }

    /// Less or equal.
    pub fn le(self, value: impl Into<Value>) -> Predicate {
        self.compare(Comparison::AtMost, value.into())
    }

    /// Greater, or later.
    pub fn gt(self, value: impl Into<Value>) -> Predicate {
        self.compare(Comparison::Greater, value.into())
    }

    /// Greater or equal.
    pub fn ge(self, value: impl Into<Value>) -> Predicate {
        self.compare(Comparison::AtLeast, value.into())
    }

    /// From `low` to `high`, both included, as SQL has it.
    pub fn between(self, low: impl Into<Value>, high: impl Into<Value>) -> Predicate {
        self.test(Test::Between(low.into(), high.into()))
    }

    /// From `low` on, but less than `high`: ranges that touch share no value.
    pub fn from_until(self, low: impl Into<Value>, high: impl Into<Value>) -> Predicate {
        self.clone().ge(low).and(self.lt(high))
    }

    /// One of some numbers or texts.
    pub fn is_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Predicate {
        self.test(Test::In(values.into_iter().map(Into::into).collect()))
    }

    /// There, and none of them.
    pub fn is_not_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Predicate {
        self.is_in(values).negated()
    }

    /// A text that a pattern matches. What other tests say as well, they say: equality, and that any text has the empty
    /// one in it.
    pub(super) fn matches(self, place: Place, text: impl Into<String>, letters: Letters) -> Predicate {
        let text = text.into();
        match (place, letters) {
            (Place::Whole, Letters::AsWritten) => self.eq(text),
            (Place::Start | Place::End, _) if text.is_empty() => {
                self.test(Test::Matches(Pattern { place: Place::Anywhere, text, letters }))
            }
            _ => self.test(Test::Matches(Pattern { place, text, letters })),
        }
    }

    /// A text that has this one in it.
    pub fn contains(self, text: impl Into<String>) -> Predicate {
        self.matches(Place::Anywhere, text, Letters::AsWritten)
    }

    /// A text that starts with this one.
    pub fn starts_with(self, text: impl Into<String>) -> Predicate {
        self.matches(Place::Start, text, Letters::AsWritten)
    }

    /// A text that ends with this one.
    pub fn ends_with(self, text: impl Into<String>) -> Predicate {
        self.matches(Place::End, text, Letters::AsWritten)
    }

    /// The same tests of a text in upper or lower case alike.
    pub fn any_case(self) -> AnyCase {
        AnyCase(self)
    }

    /// A flag that says yes: any number but 0.
    pub fn is_yes(self) -> Predicate {
        self.eq(true)
    }

    /// A flag that says no: 0. A missing one says neither.
    pub fn is_no(self) -> Predicate {
        self.eq(false)
    }

    /// Missing. Never unknown.
    pub fn is_missing(self) -> Predicate {
        self.test(Test::Missing)
    }

    /// There. Never unknown.
    pub fn is_present(self) -> Predicate {
        self.test(Test::Present)
    }

    /// A time within the last so many days of 24 hours before the moment, as recency counts them.
    pub fn within_days(self, days: u32) -> Predicate {
        self.from_until(days_ago(days), days_ago(0))
    }

    /// A time within the last so many calendar months before the moment.
    pub fn within_months(self, months: u32) -> Predicate {
        self.from_until(months_ago(months), days_ago(0))
    }

    /// A time more than so many days of 24 hours before the moment.
    pub fn more_than_days_ago(self, days: u32) -> Predicate {
        self.lt(days_ago(days))
    }

    /// A time more than so many calendar months before the moment.
    pub fn more_than_months_ago(self, months: u32) -> Predicate {
        self.lt(months_ago(months))
    }

    /// A time from the moment on, less than so many days of 24 hours after it: an expected order, the end of a contract.
    pub fn in_next_days(self, days: u32) -> Predicate {
        self.from_until(Relative::Days(0), Relative::Days(i32::try_from(days).unwrap_or(i32::MAX)))
    }

    /// A time before a date, or a date with a time.
    pub fn before(self, date: impl Into<String>) -> Predicate {
        self.lt(Value::Date(date.into()))
    }

    /// A time on a date or later.
    pub fn since(self, date: impl Into<String>) -> Predicate {
        self.ge(Value::Date(date.into()))
    }

    /// A date that comes round in the calendar month of the moment, in its zone.
    pub fn anniversary_this_month(self) -> Predicate {
        self.test(Test::Anniversary(Anniversary::ThisMonth))
    }

    /// A date that comes round on one of so many days from that of the moment on, which is the first of them. One of the
    /// 29th of February comes round on the 28th in years that have none.
    pub fn anniversary_in_days(self, days: u32) -> Predicate {
        self.test(Test::Anniversary(Anniversary::NextDays(days)))
    }

    /// Above a percentile from 0 to 100 of all customers of the fit who have the feature. The cut point is learned once
    /// and kept, so that next month's segment means what this month's does.
    pub fn above_percentile(self, percentile: f64) -> Predicate {
        self.gt(Value::Percentile(percentile))
    }

    /// Below a percentile.
    pub fn below_percentile(self, percentile: f64) -> Predicate {
        self.lt(Value::Percentile(percentile))
    }

    /// Among the so many customers of the fit with the largest values, and whoever has as much as the last of them.
    pub fn top(self, customers: u64) -> Predicate {
        self.ge(Value::Top(customers))
    }

    /// Among the so many with the smallest values, and whoever has as little as the last of them.
    pub fn bottom(self, customers: u64) -> Predicate {
        self.le(Value::Bottom(customers))
    }
}

/// Tests of a text in upper and lower case alike; see [`Operand::any_case`].
#[derive(Clone, PartialEq, Debug)]
#[must_use = "it is the beginning of a condition"]
pub struct AnyCase(Operand);

impl AnyCase {
    /// The same text.
    pub fn eq(self, text: impl Into<String>) -> Predicate {
        self.0.matches(Place::Whole, text, Letters::AnyCase)
    }

    /// A text that has this one in it.
    pub fn contains(self, text: impl Into<String>) -> Predicate {
        self.0.matches(Place::Anywhere, text, Letters::AnyCase)
    }

    /// A text that starts with this one.
    pub fn starts_with(self, text: impl Into<String>) -> Predicate {
        self.0.matches(Place::Start, text, Letters::AnyCase)
    }

    /// A text that ends with this one.
    pub fn ends_with(self, text: impl Into<String>) -> Predicate {
        self.0.matches(Place::End, text, Letters::AnyCase)
    }
}
