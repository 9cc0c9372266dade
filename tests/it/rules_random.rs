//! Random tables, with missing values in columns of every type, and random rules on them.

use kohort::features::{Column, ReturnKnowledge, TableContext, Values};
use kohort::segment::{Operand, Predicate, Relative, Rules, Value, bucket, feature, segment};
use kohort::transaction::{CustomerIds, Vat};
use kohort::{AsOf, Bitmap, Category, Error, FeatureTable, Money, Zone};
use proptest::prelude::*;

const DAY: i64 = 86_400_000_000;
const COUNTRIES: [&str; 5] = ["DK", "NO", "SE", "Köln", "köln am rhein"];

/// Features that are whole numbers.
pub(crate) const WHOLE: [&str; 4] = ["orders", "balance", "points", "newsletter"];

/// The moment of the random tables, in a zone whose clocks change.
pub(crate) fn moment() -> AsOf {
    AsOf::date("2026-11-22 09:30", &Zone::named("Europe/Berlin").unwrap()).unwrap()
}

fn column<T: Clone>(values: &[Option<T>], fill: T, of: impl Fn(Vec<T>) -> Values) -> Column {
    let validity: Bitmap = values.iter().map(Option::is_some).collect();
    let values = values.iter().map(|value| value.clone().unwrap_or_else(|| fill.clone())).collect();
    Column::with_missing(of(values), validity).unwrap()
}

/// One customer's values, each missing now and then.
type Row = (
    (Option<u32>, Option<i32>, Option<i64>, Option<u32>),
    (Option<f64>, Option<Money>, Option<i64>, Option<i64>, Option<&'static str>),
);

fn row() -> impl Strategy<Value = Row> {
    use prop::option::weighted;
    let share = 0.75;
    let time = |days: std::ops::Range<i64>| {
        (days, 0..24_i64).prop_map(|(days, hours)| moment().micros() + days * DAY + hours * (DAY / 24))
    };
    (
        (
            weighted(share, 0..6_u32),
            weighted(share, -3..4_i32),
            weighted(share, prop_oneof![0..6_i64, Just(i64::MAX), Just(1_i64 << 53)]),
            weighted(share, 0..2_u32),
        ),
        (
            weighted(share, (-2..6_i32).prop_map(|quarters| f64::from(quarters) / 4.0)),
            weighted(share, (-8..24_i64).prop_map(|n| Money::from_ten_thousandths(n * 2_500))),
            weighted(share, time(-200..20)),
            weighted(share, time(-20_000..-5_000)),
            weighted(share, prop::sample::select(&COUNTRIES[..])),
        ),
    )
}

/// A table of some customers, the first of whom lacks nothing, so that percentiles can be learned.
pub(crate) fn tables(most: usize) -> impl Strategy<Value = FeatureTable> {
    prop::collection::vec(row(), 1..most).prop_map(|mut rows| {
        let noon = moment().micros() - 40 * DAY;
        rows[0] = (
            (Some(3), Some(-1), Some(4), Some(1)),
            (
                Some(0.25),
                Some(Money::from_ten_thousandths(5_000)),
                Some(noon),
                Some(noon - 9_000 * DAY),
                Some("NO"),
            ),
        );
        table(&rows)
    })
}

fn table(rows: &[Row]) -> FeatureTable {
    fn of<T>(rows: &[Row], pick: impl Fn(&Row) -> Option<T>) -> Vec<Option<T>> {
        rows.iter().map(pick).collect()
    }
    let countries = Category::from_texts(rows.iter().map(|row| row.1.4));
    let columns = [
        ("orders", column(&of(rows, |row| row.0.0), 0, Values::U32)),
        ("balance", column(&of(rows, |row| row.0.1), 0, Values::I32)),
        ("points", column(&of(rows, |row| row.0.2), 0, Values::I64)),
        ("newsletter", column(&of(rows, |row| row.0.3), 0, Values::U32)),
        ("return_rate", column(&of(rows, |row| row.1.0), 0.0, Values::F64)),
        ("gross", column(&of(rows, |row| row.1.1), Money::ZERO, Values::Money)),
        ("last_order", column(&of(rows, |row| row.1.2), 0, Values::Time)),
        ("birthday", column(&of(rows, |row| row.1.3), 0, Values::Time)),
        ("country", Column::new(Values::Category(countries))),
    ];
    let context = TableContext {
        as_of: moment(),
        currency: "EUR".into(),
        vat: Vat::Excluded,
        returns: ReturnKnowledge::NotRecorded,
        lines_left_out: 0,
    };
    let ids = CustomerIds::numbers((0..rows.len() as u64).map(|row| row * 7 + 3).collect()).unwrap();
    FeatureTable::from_columns(ids, columns).unwrap().described(context)
}

fn compared(operand: Operand, value: Value, how: u8) -> Predicate {
    match how % 6 {
        0 => operand.eq(value),
        1 => operand.ne(value),
        2 => operand.lt(value),
        3 => operand.le(value),
        4 => operand.gt(value),
        _ => operand.ge(value),
    }
}

/// One condition on one feature.
pub(crate) fn conditions() -> BoxedStrategy<Predicate> {
    use prop::sample::select;
    let numeric = || {
        select(vec!["orders", "balance", "points", "newsletter", "return_rate", "gross"]).prop_map(feature)
    };
    let dated = || select(vec!["last_order", "birthday"]).prop_map(feature);
    let number = || {
        prop_oneof![
            (-6..14_i32).prop_map(|halves| Value::Number(f64::from(halves) / 2.0)),
            Just(Value::Number(0.3)),
            Just(Value::Number(9_007_199_254_740_992.0)),
            (0..=20_u32).prop_map(|share| Value::Percentile(f64::from(share) * 5.0)),
            (1..9_u64).prop_map(Value::Top),
            (1..9_u64).prop_map(Value::Bottom),
        ]
    };
    let time = || {
        prop_oneof![
            (-200..30_i32).prop_map(|days| Value::Relative(Relative::Days(days))),
            (-7..2_i32).prop_map(|months| Value::Relative(Relative::Months(months))),
            select(vec!["2026-11-22", "2026-10-25 02:30", "2026-06-01T00:00:00Z", "2000-02-29"])
                .prop_map(|date| Value::Date(date.to_owned())),
            (0..=20_u32).prop_map(|share| Value::Percentile(f64::from(share) * 5.0)),
            (1..9_u64).prop_map(Value::Top),
        ]
    };
    let text = || select(vec!["DK", "NO", "SE", "Köln", "KÖLN", "k", "N", "zz"]);
    let country = || feature("country");
    prop_oneof![
        4 => (numeric(), number(), any::<u8>()).prop_map(|(operand, value, how)| compared(operand, value, how)),
        1 => (numeric(), -3..4_i32, 0..4_i32)
            .prop_map(|(operand, low, width)| operand.between(low, low + width)),
        1 => (numeric(), prop::collection::vec(-3..6_i32, 1..4)).prop_map(|(operand, list)| operand.is_in(list)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(flag, same)| {
            if same { feature("newsletter").eq(flag) } else { feature("newsletter").ne(flag) }
        }),
        3 => (dated(), time(), any::<u8>()).prop_map(|(operand, value, how)| compared(operand, value, how)),
        1 => (dated(), 1..300_u32).prop_map(|(operand, days)| operand.within_days(days)),
        1 => (dated(), -100..10_i32, 0..50_i32).prop_map(|(operand, from, days)| {
            operand.between(Relative::Days(from), Relative::Days(from + days))
        }),
        1 => (dated(), prop_oneof![Just(0), 1..400_u32]).prop_map(|(operand, days)| match days {
            0 => operand.anniversary_this_month(),
            days => operand.anniversary_in_days(days),
        }),
        2 => (text(), any::<u8>()).prop_map(move |(text, how)| compared(country(), text.into(), how)),
        1 => prop::collection::vec(text(), 1..4).prop_map(move |list| country().is_in(list)),
        1 => (text(), 0..7_u8).prop_map(move |(text, how)| match how {
            0 => country().contains(text),
            1 => country().starts_with(text),
            2 => country().ends_with(text),
            3 => country().any_case().eq(text),
            4 => country().any_case().contains(text),
            5 => country().any_case().starts_with(text),
            _ => country().any_case().ends_with(text),
        }),
        1 => (prop_oneof![numeric(), dated(), Just(country())], any::<bool>())
            .prop_map(|(operand, missing)| if missing { operand.is_missing() } else { operand.is_present() }),
        1 => (select(vec!["s", "t"]), 0..=8_u32, any::<u8>())
            .prop_map(|(salt, eighths, how)| compared(bucket(salt), (f64::from(eighths) / 8.0).into(), how)),
    ]
    .boxed()
}

/// A predicate that refers to other rules now and then.
pub(crate) fn predicates(others: &'static [&'static str]) -> BoxedStrategy<Predicate> {
    let leaf = if others.is_empty() {
        conditions()
    } else {
        prop_oneof![5 => conditions(), 1 => prop::sample::select(others).prop_map(segment)].boxed()
    };
    let leaf = prop_oneof![30 => leaf, 1 => Just(Predicate::everyone()), 1 => Just(Predicate::no_one())];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..5).prop_map(Predicate::all),
            3 => prop::collection::vec(inner.clone(), 2..5).prop_map(Predicate::any),
            2 => inner.clone().prop_map(|predicate| !predicate),
            1 => (prop::collection::vec((-3..6_i32, inner), 1..4), -4..9_i64)
                .prop_map(|(parts, least)| Predicate::score(parts, least)),
        ]
    })
    .prop_filter("a window of time is empty", has_no_empty_window)
    .boxed()
}

/// Three rules that refer to each other.
pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    (predicates(&["b", "c"]), predicates(&["c"]), predicates(&[]))
        .prop_map(|(a, b, c)| Rules::builder().rule("a", a).rule("b", b).rule("c", c).build().unwrap())
}

/// Whether rules take the predicate. They refuse the window of time that two moments drawn apart now and then make: one
/// that ends before it begins.
pub(crate) fn has_no_empty_window(predicate: &Predicate) -> bool {
    let everyone = Predicate::everyone;
    let rules =
        Rules::builder().rule("a", predicate.clone()).rule("b", everyone()).rule("c", everyone()).build();
    !matches!(rules, Err(Error::Setting { setting: "window", .. }))
}
