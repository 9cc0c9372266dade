//! Which value would make a condition come out otherwise: values around its bounds, of which the nearest that does is taken.
//!
//! A condition's truth is the same for all values between two of its bounds. So of each ordered kind the values just below,
//! at and just above each bound are enough to find the nearest of all; that one of them does it is tried, never assumed.

use super::Flip;
use super::needs::Needs;
use crate::numeric::number::{Above, Number, Ties};
use crate::segment::rules::check::{Check, Ordered};
use crate::segment::rules::condition::{Condition, Pattern, Place};
use crate::segment::rules::customer::Shape;
use crate::segment::rules::{FeatureValue, Truth};
use crate::transaction::{AsOf, DAY, Money, TIME_RANGE};

/// A text that is probably not in a list.
const OTHER: &str = "other";

/// Days on either side within which every day of the year comes round, but for the 29th of February.
const YEAR: i64 = 366;

/// What it takes to make a condition true, or false: the nearest value that does, if there is one.
pub(super) fn flip(
    condition: &Condition,
    check: &Check,
    shape: Shape,
    present: Option<&FeatureValue>,
    wanted: bool,
) -> Option<Flip> {
    let mut found = candidates(check, shape, present, wanted);
    sort_by_distance(&mut found, present);
    let becomes = Truth::from(wanted);
    let does = |value: &Option<FeatureValue>| check.truth(value.as_ref().map(FeatureValue::given)) == becomes;
    let to = found.into_iter().find(does)?;
    Some(Flip { needs: Needs::of(condition, check, shape, wanted), to, becomes })
}

/// Puts values in order of their distance from the present one; as they are, where there is none.
pub(super) fn sort_by_distance(values: &mut [Option<FeatureValue>], present: Option<&FeatureValue>) {
    values.sort_by(|a, b| distance(a.as_ref(), present).total_cmp(&distance(b.as_ref(), present)));
}

fn distance(value: Option<&FeatureValue>, present: Option<&FeatureValue>) -> f64 {
    use FeatureValue::{Count, Money, Number, Time};
    let whole = |a: i64, b: i64| a.abs_diff(b) as f64;
    match (value, present) {
        (Some(Count(a)), Some(Count(b))) | (Some(Time(a)), Some(Time(b))) => whole(*a, *b),
        (Some(Money(a)), Some(Money(b))) => whole(a.ten_thousandths(), b.ten_thousandths()),
        (Some(Number(a)), Some(Number(b))) => (a - b).abs(),
        // A value that is lost is farther than any other.
        (None, Some(_)) => f64::INFINITY,
        _ => 0.0,
    }
}

/// Values among which is one for which a check is true, or false, if there is any of the shape.
pub(super) fn candidates(
    check: &Check,
    shape: Shape,
    present: Option<&FeatureValue>,
    wanted: bool,
) -> Vec<Option<FeatureValue>> {
    let given = match check {
        Check::Missing | Check::Present => {
            let missing = wanted == matches!(check, Check::Missing);
            return vec![(!missing).then(|| present.cloned().unwrap_or_else(|| any_value(shape)))];
        }
        Check::Number(check) => {
            let bounds = bounds(check, wanted, |value: &f64| *value);
            let number = present.and_then(|present| match present {
                FeatureValue::Count(count) => Some(*count as f64),
                FeatureValue::Number(number) => Some(*number),
                FeatureValue::Money(amount) => Some(amount.to_f64()),
                _ => None,
            });
            // To leave a list, the next value on either side may do.
            let bounds = bounds.into_iter().chain(number);
            match shape {
                Shape::Count => bounds.flat_map(around::<i64>).map(FeatureValue::Count).collect(),
                Shape::Money => bounds.flat_map(around::<Money>).map(FeatureValue::Money).collect(),
                _ => bounds.flat_map(around::<f64>).map(FeatureValue::Number).collect(),
            }
        }
        Check::Time(check) => bounds(check, wanted, |time| *time)
            .into_iter()
            .flat_map(|time| [time, time.saturating_add(1), time.saturating_sub(1)])
            .filter(|time| TIME_RANGE.contains(time))
            .map(FeatureValue::Time)
            .collect(),
        Check::Text(check) => texts(&bounds(check, wanted, Clone::clone)),
        Check::Matches(pattern) => matching(pattern, wanted),
        Check::Anniversary(_, as_of) => days_around(present, as_of),
    };
    given.into_iter().map(Some).collect()
}

/// A value of a shape, where any would do.
fn any_value(shape: Shape) -> FeatureValue {
    match shape {
        Shape::Count => FeatureValue::Count(0),
        Shape::Number => FeatureValue::Number(0.0),
        Shape::Money => FeatureValue::Money(Money::ZERO),
        Shape::Time => FeatureValue::Time(0),
        Shape::Text => FeatureValue::Text(OTHER.to_owned()),
    }
}

/// What a check compares with; of a list that is to be left, its ends.
fn bounds<T: PartialOrd, U>(check: &Ordered<T>, wanted: bool, own: impl Fn(&T) -> U) -> Vec<U> {
    match check {
        Ordered::Compare(_, bound) => vec![own(bound)],
        Ordered::Between(low, high) => vec![own(low), own(high)],
        Ordered::Among(values) if wanted => values.iter().map(own).collect(),
        Ordered::Among(values) => {
            let end = |better: std::cmp::Ordering| {
                values.iter().reduce(
                    |end, value| {
                        if value.partial_cmp(end) == Some(better) { value } else { end }
                    },
                )
            };
            [end(std::cmp::Ordering::Less), end(std::cmp::Ordering::Greater)]
                .into_iter()
                .flatten()
                .map(own)
                .collect()
        }
    }
}

/// The values of a type next to a number: at it or on either side of it.
fn around<T: Number>(bound: f64) -> Vec<T> {
    let from = |ties| match T::above(bound, ties) {
        Above::All => Some(T::BOTTOM),
        Above::Than(below) => below.after(),
    };
    let until = |ties| match T::above(bound, ties) {
        Above::All => None,
        Above::Than(below) => Some(below),
    };
    [from(Ties::Above), until(Ties::Below), from(Ties::Below), until(Ties::Above)]
        .into_iter()
        .flatten()
        .filter(|value| value.to_f64().is_finite())
        .collect()
}

/// Texts at some bounds and on either side of them, and ones that are none of them.
fn texts(bounds: &[String]) -> Vec<FeatureValue> {
    let mut texts: Vec<String> = bounds.to_vec();
    texts.push(OTHER.to_owned());
    for bound in bounds {
        // Longer is after; shorter, or with an earlier letter, is before.
        texts.push(format!("{bound}a"));
        let mut letters = bound.chars();
        let last = letters.next_back();
        let start = letters.as_str();
        texts.push(start.to_owned());
        let earlier = last.and_then(|last| (0..last as u32).rev().find_map(char::from_u32));
        texts.extend(earlier.map(|earlier| format!("{start}{earlier}")));
    }
    // Longer than any is none of them.
    if let Some(longest) = bounds.iter().max_by_key(|bound| bound.len()) {
        texts.push(format!("{longest}a"));
    }
    texts.into_iter().filter(|text| !text.is_empty()).map(FeatureValue::Text).collect()
}

/// Texts that match a pattern, or do not.
fn matching(pattern: &Pattern, wanted: bool) -> Vec<FeatureValue> {
    let texts = match wanted {
        true if pattern.text.is_empty() && pattern.place != Place::Whole => vec![OTHER.to_owned()],
        true => vec![pattern.text.clone()],
        // No text but itself stands in a text of one letter.
        false => [OTHER, "-", "x"].map(str::to_owned).to_vec(),
    };
    texts.into_iter().filter(|text| !text.is_empty()).map(FeatureValue::Text).collect()
}

/// The same time of day on the days around, and the moment itself, on whose day every anniversary comes round.
fn days_around(present: Option<&FeatureValue>, as_of: &AsOf) -> Vec<FeatureValue> {
    let moment = as_of.micros();
    let from = if let Some(FeatureValue::Time(time)) = present { *time } else { moment };
    (0..=YEAR)
        .flat_map(|days| [from.saturating_add(days * DAY), from.saturating_sub(days * DAY)])
        .chain([moment])
        .filter(|time| TIME_RANGE.contains(time))
        .map(FeatureValue::Time)
        .collect()
}
