//! What a condition asks of a value, or what it would take for it not to hold, as data.

use serde::Serialize;

use crate::segment::rules::FeatureValue;
use crate::segment::rules::check::{Check, Ordered};
use crate::segment::rules::condition::{Comparison, Condition, Letters, Pattern, Place, Test};
use crate::segment::rules::customer::Shape;
use crate::segment::rules::value::Value;
use crate::transaction::Money;

/// All values for which a condition would come out otherwise.
///
/// Prints as words that go on after *if it were*: `3 or more`, `one of DK, NO`, `missing`; times in UTC.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Needs {
    /// This or more; of a time, then or later.
    AtLeast(FeatureValue),
    /// More than this, or later.
    MoreThan(FeatureValue),
    /// This or less; of a time, then or earlier.
    AtMost(FeatureValue),
    /// Less than this, or earlier.
    LessThan(FeatureValue),
    /// Exactly this.
    Equal(FeatureValue),
    /// Anything else.
    OtherThan(FeatureValue),
    /// From the one to the other, both included.
    Between(FeatureValue, FeatureValue),
    /// Less than the one, or more than the other.
    Outside(FeatureValue, FeatureValue),
    /// One of these.
    OneOf(Vec<FeatureValue>),
    /// None of these.
    NoneOf(Vec<FeatureValue>),
    /// Any number but 0.
    Yes,
    /// 0.
    No,
    /// A text that matches.
    Matching(TextPattern),
    /// A text that does not match.
    NotMatching(TextPattern),
    /// A date that comes round then.
    ComingRound(Days),
    /// A date that does not come round then.
    NotComingRound(Days),
    /// Missing.
    Missing,
    /// Any value.
    Known,
}

/// Which texts match.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct TextPattern {
    /// What stands in the text.
    pub text: String,
    /// Where it stands there.
    pub place: TextPlace,
    /// Whether upper and lower case are the same.
    pub any_case: bool,
}

/// Where in a text a pattern stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextPlace {
    /// Anywhere in it.
    Anywhere,
    /// At its start.
    Start,
    /// At its end.
    End,
    /// It is the whole text.
    Whole,
}

/// Days on which anniversaries are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Days {
    /// The calendar month of the moment.
    ThisMonth,
    /// So many days from that of the moment on.
    Next(u32),
}

impl Needs {
    /// What makes a condition true, or false.
    pub(super) fn of(condition: &Condition, check: &Check, shape: Shape, wanted: bool) -> Self {
        match (check, &condition.test) {
            (Check::Missing, _) => {
                if wanted {
                    Self::Missing
                } else {
                    Self::Known
                }
            }
            (Check::Present, _) => {
                if wanted {
                    Self::Known
                } else {
                    Self::Missing
                }
            }
            (Check::Number(Ordered::Compare(comparison, _)), Test::Compare(_, Value::Flag(_))) => {
                // A flag is a number that is not 0.
                if (*comparison == Comparison::NotEqual) == wanted { Self::Yes } else { Self::No }
            }
            (Check::Number(check), _) => Self::ordered(check, wanted, |number| number_as(*number, shape)),
            (Check::Time(check), _) => Self::ordered(check, wanted, |time| FeatureValue::Time(*time)),
            (Check::Text(check), _) => Self::ordered(check, wanted, |text| FeatureValue::Text(text.clone())),
            (Check::Matches(pattern), _) => {
                let pattern = TextPattern::of(pattern);
                if wanted { Self::Matching(pattern) } else { Self::NotMatching(pattern) }
            }
            (Check::Anniversary(..), test) => {
                let days = Days::of(test);
                if wanted { Self::ComingRound(days) } else { Self::NotComingRound(days) }
            }
        }
    }

    fn ordered<T>(check: &Ordered<T>, wanted: bool, value: impl Fn(&T) -> FeatureValue) -> Self {
        match check {
            Ordered::Compare(comparison, bound) => {
                let bound = value(bound);
                match (comparison, wanted) {
                    (Comparison::Equal, true) | (Comparison::NotEqual, false) => Self::Equal(bound),
                    (Comparison::NotEqual, true) | (Comparison::Equal, false) => Self::OtherThan(bound),
                    (Comparison::Less, true) | (Comparison::AtLeast, false) => Self::LessThan(bound),
                    (Comparison::AtMost, true) | (Comparison::Greater, false) => Self::AtMost(bound),
                    (Comparison::Greater, true) | (Comparison::AtMost, false) => Self::MoreThan(bound),
                    (Comparison::AtLeast, true) | (Comparison::Less, false) => Self::AtLeast(bound),
                }
            }
            Ordered::Between(low, high) if wanted => Self::Between(value(low), value(high)),
            Ordered::Between(low, high) => Self::Outside(value(low), value(high)),
            Ordered::Among(values) => {
                let values = values.iter().map(value).collect();
                if wanted { Self::OneOf(values) } else { Self::NoneOf(values) }
            }
        }
    }
}

/// A number as a value of a shape, where it is one exactly.
pub(super) fn number_as(number: f64, shape: Shape) -> FeatureValue {
    match shape {
        Shape::Money => Money::from_f64(number).map_or(FeatureValue::Number(number), FeatureValue::Money),
        // Beyond these limits not every whole number has a float of its own.
        Shape::Count if number.fract() == 0.0 && number.abs() < 9e15 => FeatureValue::Count(number as i64),
        _ => FeatureValue::Number(number),
    }
}

impl TextPattern {
    fn of(pattern: &Pattern) -> Self {
        let place = match pattern.place {
            Place::Anywhere => TextPlace::Anywhere,
            Place::Start => TextPlace::Start,
            Place::End => TextPlace::End,
            Place::Whole => TextPlace::Whole,
        };
        Self { text: pattern.text.clone(), place, any_case: pattern.letters == Letters::AnyCase }
    }
}

impl Days {
    fn of(test: &Test) -> Self {
        use crate::segment::rules::condition::Anniversary;
        match test {
            Test::Anniversary(Anniversary::NextDays(days)) => Self::Next(*days),
            _ => Self::ThisMonth,
        }
    }
}
