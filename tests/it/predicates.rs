//! Predicates of every kind, by proptest: for whatever has to hold of all of them.
//!
//! Strategies are boxed: their types would otherwise hold each other, and overflow the stack of a test.

use kohort::events::EventAttribute;
use kohort::features::{Behaviour, Deed, EventDeed, Number, OrderDeed, Same};
use kohort::segment::rules::did;
use kohort::segment::{Operand, Predicate, Relative, Value, bucket, feature, segment};
use kohort::{Attribute, Window, Zone};
use proptest::prelude::*;

/// Any predicate of at most eight levels, over features whose names and values are as odd as they may be.
pub(crate) fn predicate() -> impl Strategy<Value = Predicate> {
    joined(condition())
}

/// Conditions joined in every way there is.
pub(crate) fn joined(conditions: BoxedStrategy<Predicate>) -> impl Strategy<Value = Predicate> {
    let leaf = prop_oneof![
        12 => conditions,
        1 => name().prop_map(segment),
        1 => Just(Predicate::everyone()),
        1 => Just(Predicate::no_one()),
    ];
    leaf.prop_recursive(8, 40, 4, |inner| {
        let some = |inner: &BoxedStrategy<Predicate>| prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.clone().prop_map(|inner| !inner),
            some(&inner).prop_map(Predicate::all),
            some(&inner).prop_map(Predicate::any),
            (prop::collection::vec((any::<i32>(), inner), 0..4), any::<i64>())
                .prop_map(|(entries, least)| Predicate::score(entries, least)),
        ]
    })
}

/// One condition with any of the tests.
pub(crate) fn condition() -> BoxedStrategy<Predicate> {
    let operand = || prop_oneof![8 => name().prop_map(feature), 1 => name().prop_map(bucket), 2 => behaviour().prop_map(did)];
    prop_oneof![
        (operand(), value(), 0..6).prop_map(|(operand, value, comparison)| match comparison {
            0 => operand.eq(value),
            1 => operand.ne(value),
            2 => operand.lt(value),
            3 => operand.le(value),
            4 => operand.gt(value),
            _ => operand.ge(value),
        }),
        (operand(), value(), value(), any::<bool>()).prop_map(|(operand, low, high, open)| {
            if open { operand.from_until(low, high) } else { operand.between(low, high) }
        }),
        (operand(), prop::collection::vec(value(), 0..4), any::<bool>()).prop_map(
            |(operand, values, in_it)| {
                if in_it { operand.is_in(values) } else { operand.is_not_in(values) }
            }
        ),
        (operand(), words(), 0..7).prop_map(|(operand, text, test)| match test {
            0 => operand.contains(text),
            1 => operand.starts_with(text),
            2 => operand.ends_with(text),
            3 => operand.any_case().contains(text),
            4 => operand.any_case().starts_with(text),
            5 => operand.any_case().ends_with(text),
            _ => operand.any_case().eq(text),
        }),
        (operand(), any::<u32>(), 0..10).prop_map(|(operand, count, test)| of_time(operand, count, test)),
    ]
    .boxed()
}

fn of_time(operand: Operand, count: u32, test: i32) -> Predicate {
    match test {
        0 => operand.is_missing(),
        1 => operand.is_present(),
        2 => operand.is_yes(),
        3 => operand.is_no(),
        4 => operand.within_days(count),
        5 => operand.within_months(count),
        6 => operand.more_than_days_ago(count),
        7 => operand.in_next_days(count),
        8 => operand.anniversary_this_month(),
        _ => operand.anniversary_in_days(count),
    }
}

/// Anything that a condition compares with.
pub(crate) fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => number().prop_map(Value::Number),
        3 => words().prop_map(Value::Text),
        1 => any::<bool>().prop_map(Value::Flag),
        1 => prop::sample::select(vec!["2026-01-31", "2024-02-29 18:30", "2025-12-01T00:00:00Z", "1999-12-31T23:59:59.25+02:00"])
            .prop_map(|date| Value::Date(date.to_owned())),
        1 => any::<i32>().prop_map(|days| Relative::Days(days).into()),
        1 => any::<i32>().prop_map(|months| Relative::Months(months).into()),
        1 => (0.0..=100.0).prop_map(Value::Percentile),
        1 => (1..=u64::MAX).prop_map(Value::Top),
        1 => (1..1000_u64).prop_map(Value::Bottom),
    ]
    .boxed()
}

/// Finite numbers: those that people write, and any other.
pub(crate) fn number() -> BoxedStrategy<f64> {
    prop_oneof![
        (-1000..1000).prop_map(f64::from),
        (-100_000..100_000).prop_map(|number| f64::from(number) / 100.0),
        any::<f64>().prop_filter("finite", |number| number.is_finite()),
        prop::sample::select(vec![
            0.0,
            -0.0,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            9_007_199_254_740_993.0,
            1e22,
            1e23
        ]),
    ]
    .boxed()
}

fn name() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[a-z_][a-z0-9_]{0,8}",
        1 => prop::sample::select(vec!["and", "NOT", "date", "Größe", "gross__365d", "two words", "a\"b", "it's", "a.b", "365d", "--", "score"])
            .prop_map(str::to_owned),
        1 => "\\PC{1,6}",
    ]
    .boxed()
}

fn words() -> BoxedStrategy<String> {
    prop_oneof![4 => "[A-Z]{2}", 1 => "[%_\\\\'\"a/*-]{0,6}", 1 => any::<String>()].boxed()
}

/// Any behaviour.
pub(crate) fn behaviour() -> BoxedStrategy<Behaviour> {
    let number = || prop::sample::select(&Number::ALL[..]);
    let same = prop::option::of(prop::sample::select(&Same::ALL[..]));
    prop_oneof![
        (events(), 0..7).prop_map(|(deed, total)| match total {
            0 => deed.count(),
            1 => deed.sum(),
            2 => deed.average(),
            3 => deed.min(),
            4 => deed.max(),
            5 => deed.first_time(),
            _ => deed.last_time(),
        }),
        (orders(), number(), 0..7).prop_map(|(deed, number, total)| match total {
            0 => deed.count(),
            1 => deed.sum(number),
            2 => deed.average(number),
            3 => deed.min(number),
            4 => deed.max(number),
            5 => deed.first_time(),
            _ => deed.last_time(),
        }),
        (deed(), 1..=u32::MAX, 1..=u32::MAX)
            .prop_map(|(deed, periods, days)| Behaviour::active_periods(deed, periods, days)),
        (deed(), deed(), 1..=u32::MAX, same)
            .prop_map(|(first, then, days, same)| Behaviour::sequence(first, then, days, same)),
    ]
    .boxed()
}

fn deed() -> BoxedStrategy<Deed> {
    prop_oneof![events().prop_map(Deed::from), orders().prop_map(Deed::from)].boxed()
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(words(), 1..4)
}

/// An attribute or number by its place among all, whether the filter is the one or the other of its kind, and its texts.
fn filters() -> impl Strategy<Value = Vec<(prop::sample::Index, bool, Vec<String>)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), texts()), 0..3)
}

fn limits() -> impl Strategy<Value = Vec<(prop::sample::Index, bool, i32)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), any::<i32>()), 0..3)
}

fn events() -> BoxedStrategy<EventDeed> {
    (prop::option::of(texts()), filters(), limits(), window())
        .prop_map(|(kinds, filters, limits, window)| {
            let mut deed = kinds.map_or_else(Behaviour::any_event, Behaviour::events).within(window);
            for (attribute, only, texts) in filters {
                let attribute = *attribute.get(&EventAttribute::ALL);
                deed = if only { deed.only(attribute, texts) } else { deed.except(attribute, texts) };
            }
            for (_, least, limit) in limits {
                let limit = f64::from(limit) / 8.0;
                deed = if least { deed.at_least(limit) } else { deed.at_most(limit) };
            }
            deed
        })
        .boxed()
}

fn orders() -> BoxedStrategy<OrderDeed> {
    (any::<bool>(), filters(), limits(), window())
        .prop_map(|(lines, filters, limits, window)| {
            let mut deed = if lines { Behaviour::lines() } else { Behaviour::orders() }.within(window);
            for (attribute, only, texts) in filters {
                let attribute = *attribute.get(&Attribute::ALL);
                deed = if only { deed.only(attribute, texts) } else { deed.except(attribute, texts) };
            }
            for (number, least, limit) in limits {
                let (number, limit) = (*number.get(&Number::ALL), f64::from(limit));
                deed = if least { deed.at_least(number, limit) } else { deed.at_most(number, limit) };
            }
            deed
        })
        .boxed()
}

fn window() -> BoxedStrategy<Window> {
    prop_oneof![
        2 => Just(Window::all()),
        2 => (1..=u32::MAX).prop_map(Window::days),
        1 => (0..1000_u32, 1..1000_u32).prop_map(|(until, length)| Window::days_ago(until + length, until)),
        1 => (1..200_u32).prop_map(Window::months),
        1 => (0..200_u32, 1..50_u32).prop_map(|(until, length)| Window::months_ago(until + length, until)),
        1 => Just(Window::dates("2026-01-01 08:30", "2026-07-01", &Zone::utc()).unwrap()),
    ]
    .boxed()
}
