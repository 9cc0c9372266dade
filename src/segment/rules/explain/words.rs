//! Values, bounds and distances in words that a manager reads.

use std::fmt::{self, Write};

use super::needs::{Days, Needs, TextPattern, TextPlace};
use crate::segment::rules::FeatureValue;
use crate::segment::rules::value::{Relative, Value};
use crate::transaction::{AsOf, DAY, Money, Zone};

/// How many values of a list are written out.
const LISTED: usize = 10;

/// A value as text: times as dates in a zone, with the time of day where it is not midnight.
pub(super) fn text(value: &FeatureValue, zone: &Zone) -> String {
    match value {
        FeatureValue::Count(count) => count.to_string(),
        FeatureValue::Number(number) => number.to_string(),
        FeatureValue::Money(amount) => amount.to_string(),
        FeatureValue::Time(time) => {
            let time = zone.civil(*time);
            if time.time() == jiff::civil::Time::midnight() {
                time.date().to_string()
            } else {
                let text = time.to_string().replace('T', " ");
                // Only where they say something.
                text.strip_suffix(":00").map_or_else(|| text.clone(), str::to_owned)
            }
        }
        FeatureValue::Text(text) => text.clone(),
    }
}

/// The same, with averages and rates rounded to what one reads.
pub(super) fn short(value: &FeatureValue, zone: &Zone) -> String {
    match value {
        FeatureValue::Number(number) if number.fract() != 0.0 => {
            format!("{number:.5e}").parse().unwrap_or(*number).to_string()
        }
        value => text(value, zone),
    }
}

/// Words of [`Needs`] with times in a zone.
pub(super) fn needs(needs: &Needs, zone: &Zone) -> String {
    let text = |value: &FeatureValue| short(value, zone);
    let day = |value: &FeatureValue| matches!(value, FeatureValue::Time(time) if zone.civil(*time).time() == jiff::civil::Time::midnight());
    // A date alone would leave open whether the day itself counts.
    let instant = |value: &FeatureValue| {
        if day(value) { format!("{} 00:00", text(value)) } else { text(value) }
    };
    let listed = |values: &[FeatureValue]| {
        let mut list: Vec<String> = values.iter().take(LISTED).map(text).collect();
        if let Some(more) = values.len().checked_sub(LISTED).filter(|more| *more > 0) {
            list.push(format!("{more} more"));
        }
        list.join(", ")
    };
    match needs {
        Needs::AtLeast(value @ FeatureValue::Time(_)) => {
            format!("{} or after {}", if day(value) { "on" } else { "at" }, text(value))
        }
        Needs::MoreThan(value @ FeatureValue::Time(_)) => format!("after {}", instant(value)),
        Needs::AtMost(value @ FeatureValue::Time(_)) => format!("at or before {}", instant(value)),
        Needs::LessThan(value @ FeatureValue::Time(_)) => format!("before {}", text(value)),
        Needs::Equal(value @ FeatureValue::Time(_)) => format!("at {}", instant(value)),
        Needs::OtherThan(value @ FeatureValue::Time(_)) => format!("at any time but {}", instant(value)),
        Needs::Between(low @ FeatureValue::Time(_), high) => {
            format!("from {} to {}", instant(low), instant(high))
        }
        Needs::Outside(low @ FeatureValue::Time(_), high) => {
            format!("before {} or after {}", text(low), instant(high))
        }
        Needs::AtLeast(value @ FeatureValue::Text(_)) => format!("{} or after it in byte order", text(value)),
        Needs::MoreThan(value @ FeatureValue::Text(_)) => format!("after {} in byte order", text(value)),
        Needs::AtMost(value @ FeatureValue::Text(_)) => format!("{} or before it in byte order", text(value)),
        Needs::LessThan(value @ FeatureValue::Text(_)) => format!("before {} in byte order", text(value)),
        Needs::AtLeast(value) => format!("{} or more", text(value)),
        Needs::MoreThan(value) => format!("more than {}", text(value)),
        Needs::AtMost(value) => format!("{} or less", text(value)),
        Needs::LessThan(value) => format!("less than {}", text(value)),
        Needs::Equal(value) => text(value),
        Needs::OtherThan(value) => format!("anything but {}", text(value)),
        Needs::Between(low, high) => format!("from {} to {}", text(low), text(high)),
        Needs::Outside(low, high) => format!("less than {} or more than {}", text(low), text(high)),
        Needs::OneOf(values) if values.len() == 1 => listed(values),
        Needs::OneOf(values) => format!("one of {}", listed(values)),
        Needs::NoneOf(values) => format!("none of {}", listed(values)),
        Needs::Yes => "yes".to_owned(),
        Needs::No => "no".to_owned(),
        Needs::Matching(pattern) => format!("a text that {}", matching(pattern, true)),
        Needs::NotMatching(pattern) => format!("a text that {}", matching(pattern, false)),
        Needs::ComingRound(days) => format!("a date that comes round {}", coming(*days)),
        Needs::NotComingRound(days) => format!("a date that does not come round {}", coming(*days)),
        Needs::Missing => "missing".to_owned(),
        Needs::Known => "known".to_owned(),
    }
}

fn matching(pattern: &TextPattern, wanted: bool) -> String {
    let verb = match (pattern.place, wanted) {
        (TextPlace::Anywhere, true) => "contains",
        (TextPlace::Anywhere, false) => "does not contain",
        (TextPlace::Start, true) => "starts with",
        (TextPlace::Start, false) => "does not start with",
        (TextPlace::End, true) => "ends with",
        (TextPlace::End, false) => "does not end with",
        (TextPlace::Whole, true) => "is",
        (TextPlace::Whole, false) => "is not",
    };
    let case = if pattern.any_case { ", in upper or lower case" } else { "" };
    format!("{verb} `{}`{case}", pattern.text)
}

fn coming(days: Days) -> String {
    match days {
        Days::ThisMonth => "this month".to_owned(),
        Days::Next(1) => "today".to_owned(),
        Days::Next(days) => format!("on one of {days} days from today on"),
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&needs(self, &Zone::utc()))
    }
}

/// Whether what is needed reads well after *needs to be* rather than *needs*.
pub(super) fn to_be(needs: &Needs) -> &'static str {
    match needs {
        Needs::AtLeast(FeatureValue::Time(_))
        | Needs::MoreThan(FeatureValue::Time(_))
        | Needs::AtMost(FeatureValue::Time(_))
        | Needs::LessThan(FeatureValue::Time(_))
        | Needs::Equal(FeatureValue::Time(_))
        | Needs::OtherThan(FeatureValue::Time(_))
        | Needs::Between(FeatureValue::Time(_), _)
        | Needs::Outside(FeatureValue::Time(_), _)
        | Needs::Missing
        | Needs::Known
        | Needs::Yes
        | Needs::No => "to be ",
        _ => "",
    }
}

/// How far the nearest value that does is from the present one: `1 more`, `231 days later`.
pub(super) fn gap(needs: &Needs, from: &FeatureValue, to: &FeatureValue) -> Option<String> {
    let any_step =
        matches!(needs, Needs::OtherThan(_) | Needs::NoneOf(_) | Needs::Yes | Needs::No | Needs::Known);
    if any_step {
        return None;
    }
    let direction = |less: bool| if less { "less" } else { "more" };
    match (from, to) {
        (FeatureValue::Count(from), FeatureValue::Count(to)) => {
            Some(format!("{} {}", from.abs_diff(*to), direction(to < from)))
        }
        (FeatureValue::Money(from), FeatureValue::Money(to)) => {
            let (over, FeatureValue::Money(to)) = beyond(needs, FeatureValue::Money(*to))? else {
                return None;
            };
            let less = to.ten_thousandths() < from.ten_thousandths();
            let difference = from.ten_thousandths().abs_diff(to.ten_thousandths());
            let difference = Money::from_ten_thousandths(i64::try_from(difference).ok()?);
            Some(format!("{over}{difference} {}", direction(less)))
        }
        (FeatureValue::Number(from), FeatureValue::Number(to)) => {
            let (over, FeatureValue::Number(to)) = beyond(needs, FeatureValue::Number(*to))? else {
                return None;
            };
            let difference = short(&FeatureValue::Number((to - from).abs()), &Zone::utc());
            Some(format!("{over}{difference} {}", direction(to < *from)))
        }
        (FeatureValue::Time(from), FeatureValue::Time(to)) => {
            let days = from.abs_diff(*to).div_ceil(DAY.unsigned_abs());
            let unit = if days == 1 { "day" } else { "days" };
            Some(format!("{days} {unit} {}", if to < from { "earlier" } else { "later" }))
        }
        _ => None,
    }
}

/// How far to go: to the nearest value that does, or beyond a bound that does not do itself. `None` where the least step is
/// no news.
fn beyond(needs: &Needs, nearest: FeatureValue) -> Option<(&'static str, FeatureValue)> {
    match needs {
        Needs::MoreThan(bound) | Needs::LessThan(bound) => Some(("over ", bound.clone())),
        Needs::Outside(..) => None,
        _ => Some(("", nearest)),
    }
}

/// Where a bound comes from, if it is not what the rule says: `90th percentile at the fit`.
pub(super) fn origin(value: &Value, as_of: Option<&AsOf>) -> Option<String> {
    let moment = |sign: i64, count: u64, unit: &str| {
        let plural = if count == 1 { "" } else { "s" };
        let side = if sign < 0 { "before" } else { "after" };
        let zone = as_of.map(|as_of| text(&FeatureValue::Time(as_of.micros()), as_of.zone()));
        format!("{count} {unit}{plural} {side} {}", zone.as_deref().unwrap_or("the moment"))
    };
    match value {
        Value::Percentile(percentile) => Some(format!("{} percentile at the fit", ordinal(*percentile))),
        Value::Top(customers) => Some(format!("the last of the top {customers} at the fit")),
        Value::Bottom(customers) => Some(format!("the last of the bottom {customers} at the fit")),
        Value::Relative(Relative::Days(0) | Relative::Months(0)) => Some("the moment".to_owned()),
        Value::Relative(Relative::Days(days)) => {
            Some(moment(i64::from(*days), u64::from(days.unsigned_abs()), "day"))
        }
        Value::Relative(Relative::Months(months)) => {
            Some(moment(i64::from(*months), u64::from(months.unsigned_abs()), "month"))
        }
        Value::Number(_) | Value::Text(_) | Value::Flag(_) | Value::Date(_) => None,
    }
}

/// `90th`, `1st`, `99.5th`.
fn ordinal(number: f64) -> String {
    let mut text = number.to_string();
    let ending = match text.as_bytes() {
        [.., b'1', _] | [b'1', _] if !text.contains('.') => "th",
        [.., b'1'] if !text.contains('.') => "st",
        [.., b'2'] if !text.contains('.') => "nd",
        [.., b'3'] if !text.contains('.') => "rd",
        _ => "th",
    };
    // Writing to a text cannot fail.
    let _ = write!(text, "{ending}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_read_as_they_are_said() {
        let texts = [1.0, 2.0, 3.0, 4.0, 11.0, 12.0, 21.0, 90.0, 99.5, 100.0, 0.0].map(ordinal);
        assert_eq!(
            texts,
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "90th", "99.5th", "100th", "0th"]
        );
    }

    #[test]
    fn differences_have_the_digits_that_were_given() {
        let (from, to) = (FeatureValue::Number(0.1), FeatureValue::Number(0.3));
        let needs = Needs::AtLeast(to.clone());
        assert_eq!(gap(&needs, &from, &to).as_deref(), Some("0.2 more"));
        let more = Needs::MoreThan(FeatureValue::Number(0.3));
        let next = FeatureValue::Number(0.3_f64.next_up());
        assert_eq!(gap(&more, &from, &next).as_deref(), Some("over 0.2 more"));
    }

    #[test]
    fn instants_say_whether_the_day_counts() {
        let day = FeatureValue::Time(AsOf::date("2026-08-24", &Zone::utc()).map_or(0, |day| day.micros()));
        let texts = [
            Needs::AtLeast(day.clone()),
            Needs::MoreThan(day.clone()),
            Needs::AtMost(day.clone()),
            Needs::LessThan(day),
        ]
        .map(|needs| needs.to_string());
        let expected = [
            "on or after 2026-08-24",
            "after 2026-08-24 00:00",
            "at or before 2026-08-24 00:00",
            "before 2026-08-24",
        ];
        assert_eq!(texts, expected);
    }
}
