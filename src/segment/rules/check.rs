//! What a condition means for one value, once the moment, the zone and the learned cut points are known.
//!
//! This is the one place that gives a condition its meaning. A customer who is asked about alone is judged by
//! [`Check::truth`]; the plan for a whole table translates a check into the numbers of a column.

use super::condition::{Anniversary, Comparison, Condition, Letters, Pattern, Place, Test};
use super::cuts::{Cut, Cuts};
use super::truth::Truth;
use super::value::{Relative, Value};
use crate::error::{Error, Result};
use crate::features::Values;
use crate::transaction::{AsOf, DAY, TIME_RANGE, months_from};

/// What the values of a column are to a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Number,
    Money,
    Time,
    Text,
}

impl Kind {
    pub(crate) fn of(values: &Values) -> Self {
        match values {
            Values::U32(_) | Values::I32(_) | Values::I64(_) | Values::F64(_) => Self::Number,
            Values::Money(_) => Self::Money,
            Values::Time(_) => Self::Time,
            Values::Category(_) => Self::Text,
        }
    }

    /// For messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Money => "money",
            Self::Time => "a time",
            Self::Text => "a category",
        }
    }
}

/// One customer's value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Given<'v> {
    /// Also money, in currency units.
    Number(f64),
    /// Microseconds UTC.
    Time(i64),
    Text(&'v str),
}

/// What conditions depend on beside a customer's values.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'f> {
    /// The moment of the table, if it has one.
    pub(crate) as_of: Option<&'f AsOf>,
    pub(crate) cuts: &'f Cuts,
}

/// A condition of which all is known but the customer's value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Check {
    Missing,
    Present,
    Number(Ordered<f64>),
    Time(Ordered<i64>),
    Text(Ordered<String>),
    Matches(Pattern),
    /// Comes round on one of these days, in this zone.
    Anniversary(Days, AsOf),
}

/// A comparison among values that have an order.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Ordered<T> {
    Compare(Comparison, T),
    /// Both included.
    Between(T, T),
    Among(Vec<T>),
}

/// Days of a year, a bit for each day of each month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Days([u32; 12]);

impl Check {
    /// The condition on a column of a kind.
    ///
    /// # Errors
    /// [`Error::FeatureType`] where what it compares with does not fit the kind, [`Error::Setting`] for a moment that
    /// depends on that of a table which has none, or for a cut point that was not learned.
    pub(crate) fn of(condition: &Condition, kind: Kind, frame: Frame<'_>) -> Result<Self> {
        let scope = Scope { condition, kind, frame };
        Ok(match &condition.test {
            Test::Missing => Self::Missing,
            Test::Present => Self::Present,
            Test::Matches(pattern) if kind == Kind::Text => Self::Matches(pattern.clone()),
            Test::Anniversary(anniversary) if kind == Kind::Time => {
                let as_of = scope.as_of()?;
                Self::Anniversary(Days::of(*anniversary, as_of), as_of.clone())
            }
            Test::Matches(_) => return Err(scope.wrong_type("a category, whose texts can match")),
            Test::Anniversary(_) => return Err(scope.wrong_type("a time, which has anniversaries")),
            Test::Compare(comparison, Value::Flag(flag)) => Self::Number(scope.flag(*comparison, *flag)?),
            test => match kind {
                Kind::Number | Kind::Money => Self::Number(Ordered::of(test, |value| scope.number(value))?),
                Kind::Time => Self::Time(Ordered::of(test, |value| scope.time(value))?),
                Kind::Text => Self::Text(Ordered::of(test, |value| scope.text(value))?),
            },
        })
    }

    /// Whether it holds for a value, or for a missing one.
    pub(crate) fn truth(&self, given: Option<Given<'_>>) -> Truth {
        match (self, given) {
            (Self::Missing, given) => Truth::from(given.is_none()),
            (Self::Present, given) => Truth::from(given.is_some()),
            (Self::Number(check), Some(Given::Number(number))) => Truth::from(check.holds(&number)),
            (Self::Time(check), Some(Given::Time(time))) => Truth::from(check.holds(&time)),
            (Self::Text(check), Some(Given::Text(text))) => Truth::from(check.holds_by(|own| text.cmp(own))),
            (Self::Matches(pattern), Some(Given::Text(text))) => Truth::from(pattern.matches(text)),
            (Self::Anniversary(days, as_of), Some(Given::Time(time))) => Truth::from(days.has(time, as_of)),
            // Without a value nobody can say. A check is made for the kind of its column, so another kind does not happen.
            _ => Truth::Unknown,
        }
    }
}

impl<T> Ordered<T> {
    fn of(test: &Test, read: impl Fn(&Value) -> Result<T>) -> Result<Self> {
        Ok(match test {
            Test::Compare(comparison, value) => Self::Compare(*comparison, read(value)?),
            Test::Between(low, high) => Self::Between(read(low)?, read(high)?),
            Test::In(values) => Self::Among(values.iter().map(read).collect::<Result<_>>()?),
            Test::Matches(_) | Test::Missing | Test::Present | Test::Anniversary(_) => {
                Self::Among(Vec::new())
            }
        })
    }

    /// Whether it holds for a value that compares so with each of the check's own.
    pub(crate) fn holds_by(&self, compare: impl Fn(&T) -> std::cmp::Ordering) -> bool {
        match self {
            Self::Compare(comparison, bound) => comparison.holds(compare(bound)),
            Self::Between(low, high) => compare(low).is_ge() && compare(high).is_le(),
            Self::Among(values) => values.iter().any(|value| compare(value).is_eq()),
        }
    }
}

impl<T: PartialOrd> Ordered<T> {
    /// Whether it holds for a value.
    pub(crate) fn holds(&self, value: &T) -> bool {
        // Values of a table are finite, so that any two compare.
        self.holds_by(|own| value.partial_cmp(own).unwrap_or(std::cmp::Ordering::Less))
    }
}

impl Comparison {
    pub(crate) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

impl Pattern {
    /// Whether a text matches. In any case means that the lower-case forms of both do.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self.letters {
            Letters::AsWritten => self.place.matches(text, &self.text),
            Letters::AnyCase => self.place.matches(&lower_case(text), &lower_case(&self.text)),
        }
    }
}

/// A text in lower case. The Greek sigma has two, one for the end of words: as one, since a pattern may end within a word.
fn lower_case(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

impl Place {
    fn matches(self, text: &str, pattern: &str) -> bool {
        match self {
            Self::Anywhere => text.contains(pattern),
            Self::Start => text.starts_with(pattern),
            Self::End => text.ends_with(pattern),
            Self::Whole => text == pattern,
        }
    }
}

impl Days {
    fn of(anniversary: Anniversary, as_of: &AsOf) -> Self {
        let today = as_of.zone().civil(as_of.micros()).date();
        match anniversary {
            Anniversary::ThisMonth => {
                let mut days = Self::default();
                days.0[usize::from(today.month().unsigned_abs()) - 1] = u32::MAX;
                days
            }
            // A year has every day, that of leap years too.
            Anniversary::NextDays(days) if days >= 366 => Self([u32::MAX; 12]),
            Anniversary::NextDays(count) => {
                let mut days = Self::default();
                let coming = std::iter::successors(Some(today), |day| day.tomorrow().ok());
                for day in coming.take(count as usize) {
                    days.add(day.month(), day.day());
                    if (day.month(), day.day()) == (2, 28) && !day.in_leap_year() {
                        days.add(2, 29);
                    }
                }
                days
            }
        }
    }

    fn add(&mut self, month: i8, day: i8) {
        self.0[usize::from(month.unsigned_abs()) - 1] |= 1 << day;
    }

    /// Whether an instant is on one of the days, in the zone of a moment.
    pub(crate) fn has(self, time: i64, as_of: &AsOf) -> bool {
        let date = as_of.zone().civil(time).date();
        self.0[usize::from(date.month().unsigned_abs()) - 1] >> date.day() & 1 == 1
    }
}

/// A condition on a column, while its check is made.
#[derive(Clone, Copy)]
struct Scope<'c> {
    condition: &'c Condition,
    kind: Kind,
    frame: Frame<'c>,
}

impl<'c> Scope<'c> {
    fn wrong_type(self, expected: &'static str) -> Error {
        let feature = self.condition.source.column().unwrap_or("bucket").to_owned();
        Error::FeatureType { feature, found: self.kind.name(), expected }
    }

    fn as_of(self) -> Result<&'c AsOf> {
        self.frame.as_of.ok_or_else(|| Error::Setting {
            setting: "as_of",
            found: format!("not known, for `{}`", self.condition),
            expected: "the moment of the table (see `FeatureTable::described`) or of the customer",
        })
    }

    fn cut(self, value: &Value) -> Result<Cut> {
        let column = self.condition.source.column().unwrap_or_default();
        self.frame.cuts.get(column, value).ok_or_else(|| Error::Setting {
            setting: "cut point",
            found: format!("none for `{}`", self.condition),
            expected: "a model that was fitted with this condition",
        })
    }

    fn flag(self, comparison: Comparison, flag: bool) -> Result<Ordered<f64>> {
        if self.kind != Kind::Number {
            return Err(self.wrong_type("a flag: a number, 0 for no"));
        }
        let comparison = match (comparison, flag) {
            (Comparison::Equal, false) | (Comparison::NotEqual, true) => Comparison::Equal,
            (Comparison::Equal, true) | (Comparison::NotEqual, false) => Comparison::NotEqual,
            _ => return Err(self.wrong_type("something with an order; a flag only equals yes or no")),
        };
        Ok(Ordered::Compare(comparison, 0.0))
    }

    fn number(self, value: &Value) -> Result<f64> {
        match value {
            Value::Number(number) => Ok(*number),
            Value::Text(_) => Err(self.wrong_type("a category, to be compared with a text")),
            Value::Flag(_) => Err(self.wrong_type("a flag, compared by `=` or `<>` alone")),
            Value::Date(_) | Value::Relative(_) => {
                Err(self.wrong_type("a time, to be compared with a moment"))
            }
            Value::Percentile(_) | Value::Top(_) | Value::Bottom(_) => match self.cut(value)? {
                Cut::Number(number) => Ok(number),
                Cut::Time(_) => Err(self.wrong_type("a time, as it was in the fit")),
            },
        }
    }

    fn time(self, value: &Value) -> Result<i64> {
        match value {
            Value::Date(text) => AsOf::date(text, self.as_of()?.zone()).map(|date| date.micros()),
            Value::Relative(moment) => Ok(moment.from(self.as_of()?)),
            Value::Percentile(_) | Value::Top(_) | Value::Bottom(_) => match self.cut(value)? {
                Cut::Time(time) => Ok(time),
                Cut::Number(_) => Err(self.wrong_type("a number, as it was in the fit")),
            },
            Value::Number(_) | Value::Text(_) | Value::Flag(_) => Err(self.wrong_type(
                "a number or a text; a time is compared with a date, or with AS_OF and an interval",
            )),
        }
    }

    fn text(self, value: &Value) -> Result<String> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            Value::Date(_) | Value::Relative(_) => {
                Err(self.wrong_type("a time, to be compared with a moment"))
            }
            _ => Err(self.wrong_type("a number; a category is compared with texts")),
        }
    }
}

impl Relative {
    /// The instant it is as of a moment, within the years that times have.
    pub(crate) fn from(self, as_of: &AsOf) -> i64 {
        match self {
            Self::Days(days) => {
                let time = as_of.micros().saturating_add(i64::from(days).saturating_mul(DAY));
                time.clamp(*TIME_RANGE.start(), *TIME_RANGE.end())
            }
            Self::Months(months) => months_from(as_of, i64::from(months)),
        }
    }
}
