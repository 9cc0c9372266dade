//! Random sheets and expressions: small values that tie often, and those that computers get wrong.

use proptest::prelude::*;
use proptest::sample::select;

use crate::rules_random::has_no_empty_window;

use super::clock::{Clock, DAY, HOUR, MINUTE, day_number};
use super::textbook::{Against, Ask, Cells, Compare, Expr, Place, Sheet};

pub(crate) const COLUMNS: [&str; 9] =
    ["count", "whole", "huge", "ratio", "net", "seen", "city", "code", "flag"];

const FLOATS: [f64; 24] = [
    0.0,
    1.0,
    -1.0,
    0.5,
    -0.0,
    5e-324,
    -5e-324,
    2.225_073_858_507_201e-308,
    0.1,
    0.300_000_000_000_000_04,
    0.3,
    12.345_6,
    -12.345_6,
    0.000_1,
    9_007_199_254_740_992.0,
    9_007_199_254_740_994.0,
    9_223_372_036_854_775_807.0,
    -9_223_372_036_854_775_808.0,
    922_337_203_685_477.6,
    4_294_967_295.0,
    2_147_483_648.0,
    1e300,
    f64::MAX,
    f64::MIN,
];

const WHOLES: [i64; 14] = [
    0,
    1,
    -1,
    2,
    1 << 53,
    (1 << 53) + 1,
    -(1 << 53) - 1,
    (1 << 62) + 1,
    123_456,
    -123_456,
    i64::MAX,
    i64::MIN,
    i64::MAX - 1,
    i64::MIN + 1,
];

const TEXTS: [&str; 27] = [
    "a", "b", "ab", "", "A", "AB", "Äb", "äB", "ß", "SS", "gé", "e\u{301}", "%", "_", "a%b", "\\", "it's",
    "日本", "I", "i", "İ", "K", "σς", "ΑΣ", "ΑΣΑ", "ας", "Σ",
];

/// Instants that calendars get wrong, in each zone around midnight.
fn instants() -> Vec<i64> {
    let days = [
        (2024, 2, 29),
        (2024, 3, 31),
        (2024, 10, 27),
        (2023, 2, 28),
        (2023, 3, 1),
        (2024, 12, 31),
        (2000, 2, 29),
        (2021, 1, 31),
        (2025, 3, 30),
        (2024, 8, 31),
    ];
    let offsets = [0, 12 * HOUR, -HOUR, -2 * HOUR, -5 * HOUR - 30 * MINUTE, HOUR, -1, 2 * HOUR + 30 * MINUTE];
    let at = |(year, month, day): &(i64, i64, i64)| day_number(*year, *month, *day) * DAY;
    days.iter().flat_map(|day| offsets.iter().map(move |offset| at(day) + offset)).collect()
}

fn sign(pick: u32, modulus: u32) -> i64 {
    i64::from(pick % modulus) - i64::from(modulus / 2)
}

fn float(pick: u32) -> f64 {
    match pick % 3 {
        0 => FLOATS[pick as usize / 3 % FLOATS.len()],
        1 => sign(pick / 3, 17) as f64 / 4.0,
        _ => f64::from(pick) * 0.1,
    }
}

fn whole(pick: u32) -> i64 {
    if pick.is_multiple_of(2) { WHOLES[pick as usize / 2 % WHOLES.len()] } else { sign(pick / 2, 9) }
}

/// A time near the moment, or one of those that calendars get wrong.
fn time(pick: u32, now: i64) -> i64 {
    let instants = instants();
    match pick % 4 {
        0 => instants[pick as usize / 4 % instants.len()],
        1 => now + sign(pick / 4, 61) * DAY,
        2 => now + sign(pick / 4, 61) * 10 * DAY + i64::from(pick % 3) - 1,
        _ => now + sign(pick / 4, 1_461) * DAY + sign(pick, 7) * HOUR,
    }
}

fn text(pick: u32) -> String {
    TEXTS[pick as usize % TEXTS.len()].to_owned()
}

/// One of thousands.
fn code(pick: u32) -> String {
    format!("{}{}", ["x", "y", "Ω"][pick as usize % 3], pick / 3 % 4_001)
}

/// How much of a column is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gaps {
    None,
    Some,
    All,
}

fn cells(column: &str, now: i64, gaps: Gaps, picks: &[u32]) -> Cells {
    fn filled<T>(gaps: Gaps, picks: &[u32], value: impl Fn(u32) -> T) -> Vec<Option<T>> {
        let there = |pick: u32| match gaps {
            Gaps::None => true,
            Gaps::Some => !(pick >> 20).is_multiple_of(3),
            Gaps::All => false,
        };
        picks.iter().map(|pick| there(*pick).then(|| value(*pick & 0xf_ffff))).collect()
    }
    match column {
        "count" => Cells::U32(filled(gaps, picks, |pick| match pick % 9 {
            0 => u32::MAX,
            1 => 1 << 31,
            _ => pick % 12,
        })),
        "whole" => Cells::I32(filled(gaps, picks, |pick| match pick % 9 {
            0 => i32::MAX,
            1 => i32::MIN,
            _ => sign(pick, 11) as i32,
        })),
        "huge" => Cells::I64(filled(gaps, picks, whole)),
        "ratio" => Cells::F64(filled(gaps, picks, float)),
        "net" => Cells::Money(filled(gaps, picks, |pick| match pick % 3 {
            0 => whole(pick / 3),
            _ => sign(pick / 3, 9) * 2_500,
        })),
        "seen" => Cells::Time(filled(gaps, picks, |pick| time(pick, now))),
        "city" => Cells::Text(filled(gaps, picks, text)),
        "code" => Cells::Text(filled(gaps, picks, code)),
        _ => Cells::F64(filled(gaps, picks, |pick| [1.0, 0.0, -0.0, 5e-324, -1.0][pick as usize % 5])),
    }
}

fn gaps() -> impl Strategy<Value = Gaps> {
    prop_oneof![4 => Just(Gaps::None), 5 => Just(Gaps::Some), 1 => Just(Gaps::All)]
}

pub(crate) fn sheet(rows: impl Strategy<Value = usize>) -> impl Strategy<Value = Sheet> {
    let clock = select(vec![Clock::Utc, Clock::Berlin, Clock::Kolkata]);
    let now = prop_oneof![
        select(instants()),
        (10_000_i64..22_000, 0..DAY).prop_map(|(day, time)| day * DAY + time)
    ];
    // No clock of ours goes back before 1996.
    let now = now.prop_map(|now| now.max(day_number(2_001, 1, 1) * DAY));
    let of_rows = rows.prop_flat_map(|rows| {
        let column = (gaps(), prop::collection::vec(0_u32..1 << 24, rows));
        (prop::collection::vec(column, COLUMNS.len()), 0_u64..3)
    });
    (clock, now, of_rows).prop_map(|(clock, now, (columns, ids))| {
        let rows = columns[0].1.len();
        let id = |row: usize| match ids {
            0 => row.to_string(),
            1 => (row as u64 * 77 + 5 + if row > 3 { u64::MAX / 2 } else { 0 }).to_string(),
            _ => format!("c{row:06}é"),
        };
        let columns =
            COLUMNS.iter().zip(columns).map(|(name, (gaps, picks))| (*name, cells(name, now, gaps, &picks)));
        Sheet { ids: (0..rows).map(id).collect(), columns: columns.collect(), now, clock }
    })
}

/// A sheet of so many rows, whose values come from anywhere; two columns of three have gaps.
pub(crate) fn sheet_of(rows: usize, now: i64, clock: Clock, mut draw: impl FnMut() -> u32) -> Sheet {
    let columns = COLUMNS.iter().enumerate().map(|(at, name)| {
        let picks: Vec<u32> = (0..rows).map(|_| draw() % (1 << 24)).collect();
        (*name, cells(name, now, if at % 3 == 0 { Gaps::None } else { Gaps::Some }, &picks))
    });
    Sheet { columns: columns.collect(), ids: (0..rows).map(|row| row.to_string()).collect(), now, clock }
}

/// Sizes around those of words.
pub(crate) fn rows() -> impl Strategy<Value = usize> {
    prop_oneof![
        6 => select(vec![1_usize, 2, 3, 5, 10]),
        3 => select(vec![63_usize, 64, 65, 101, 127, 128, 129, 200]),
        1 => Just(0_usize),
    ]
}

fn compare() -> impl Strategy<Value = Compare> {
    select(vec![Compare::Ge, Compare::Lt, Compare::Eq, Compare::Ne, Compare::Le, Compare::Gt])
}

/// A number near those of columns: they, their neighbours, and what money of ten-thousandths comes to.
fn number() -> impl Strategy<Value = f64> {
    let near = (0_u32..400, -1_i32..2).prop_map(|(pick, nudge)| {
        let number = if pick % 5 == 0 {
            whole(pick / 5) as f64 / [1.0, 10_000.0][pick as usize / 5 % 2]
        } else {
            float(pick)
        };
        let moved = match nudge {
            0 => number,
            1 => number.next_up(),
            _ => number.next_down(),
        };
        if moved.is_finite() { moved } else { number }
    });
    prop_oneof![3 => near, 3 => (-12_i32..13).prop_map(|n| f64::from(n) / 4.0)]
}

fn learned() -> impl Strategy<Value = Against> {
    let percentile =
        prop_oneof![(0_u32..=100).prop_map(f64::from), 0.0..=100.0_f64, select(vec![0.0, 100.0, 50.0, 99.9])];
    let count = || prop_oneof![1_u64..12, select(vec![63, 64, 65, 1_000, u64::MAX])];
    prop_oneof![
        percentile.prop_map(Against::Percentile),
        count().prop_map(Against::Top),
        count().prop_map(Against::Bottom)
    ]
}

fn date() -> impl Strategy<Value = Against> {
    let day = prop_oneof![select(instants()).prop_map(|time| time.div_euclid(DAY)), 11_323_i64..22_000];
    let minute = prop::option::of(prop_oneof![0_i64..1_440, select(vec![90, 120, 150, 180])]);
    let ahead = prop::option::weighted(0.3, select(vec![0_i64, 120, -330]));
    (day, minute, ahead).prop_map(|(day, minute, ahead)| Against::Date { day, minute, ahead })
}

fn moment() -> impl Strategy<Value = Against> {
    prop_oneof![
        (-70_i32..70).prop_map(Against::Days),
        (-30_i32..30).prop_map(|days| Against::Days(days * 30)),
        (-30_i32..30).prop_map(Against::Months),
        date(),
    ]
}

fn texts() -> impl Strategy<Value = Against> {
    prop_oneof![3 => (0_u32..27).prop_map(text), 1 => (0_u32..12_003).prop_map(code), 1 => "\\PC{0,3}"]
        .prop_map(Against::Text)
}

/// A pair that begins before it ends, as far as that is known.
fn ordered(low: Against, high: Against) -> (Against, Against) {
    let least = |own: &Against| match own {
        Against::Days(days) => Some((i64::from(*days), i64::from(*days))),
        Against::Months(months) => {
            let months = i64::from(*months);
            Some(if months < 0 { (months * 31, months * 28) } else { (months * 28, months * 31) })
        }
        _ => None,
    };
    let turned = match (&low, &high) {
        (Against::Number(low), Against::Number(high))
        | (Against::Percentile(low), Against::Percentile(high)) => low > high,
        (Against::Text(low), Against::Text(high)) => low > high,
        (Against::Date { .. }, Against::Date { .. }) => {
            let instant = |own: &Against| {
                let Against::Date { day, minute, ahead } = own else { return 0 };
                day * DAY + (minute.unwrap_or(0) - ahead.unwrap_or(0)) * MINUTE
            };
            instant(&low) > instant(&high)
        }
        _ => least(&low).zip(least(&high)).is_some_and(|(low, high)| low.0 > high.1),
    };
    if turned { (high, low) } else { (low, high) }
}

/// A range without its end. One of time that ends where it begins is refused: instead, what is at that moment.
fn from_until(from: Against, until: Against) -> Ask {
    let moment = matches!(from, Against::Days(_) | Against::Months(_) | Against::Date { .. });
    if moment && from == until { Ask::Between(from, until) } else { Ask::FromUntil(from, until) }
}

/// What can be asked of values of one kind.
fn asks(values: impl Strategy<Value = Against> + Clone + 'static) -> BoxedStrategy<Ask> {
    prop_oneof![
        1 => Just(Ask::Missing),
        1 => Just(Ask::Present),
        8 => (compare(), values.clone()).prop_map(|(how, value)| Ask::Compare(how, value)),
        2 => (values.clone(), values.clone()).prop_map(|(a, b)| ordered(a, b)).prop_map(|(a, b)| Ask::Between(a, b)),
        2 => (values.clone(), values).prop_map(|(a, b)| ordered(a, b)).prop_map(|(a, b)| from_until(a, b)),
    ]
    .boxed()
}

fn listed(values: impl Strategy<Value = Against> + Clone + 'static) -> impl Strategy<Value = Ask> {
    let few = prop::collection::vec(values.clone(), 1..4);
    let many = prop::collection::vec(values, 4..40);
    prop_oneof![few, many].prop_flat_map(|values| select(vec![Ask::In(values.clone()), Ask::NotIn(values)]))
}

fn like() -> impl Strategy<Value = Ask> {
    let place = select(vec![Place::Anywhere, Place::Start, Place::End, Place::Whole]);
    let part = prop_oneof![
        3 => (0_u32..27).prop_map(text),
        1 => select(vec!["x", "y1", "0", "Ω", "ω", "99", "straße"]).prop_map(str::to_owned)
    ];
    (place, part, any::<bool>()).prop_map(|(place, text, any_case)| Ask::Like { place, text, any_case })
}

fn question() -> BoxedStrategy<Expr> {
    let numbers =
        prop_oneof![4 => number().prop_map(Against::Number).boxed(), 1 => learned().boxed()].boxed();
    let of_numbers = prop_oneof![
        8 => asks(numbers),
        2 => listed(number().prop_map(Against::Number).boxed()),
        1 => any::<[bool; 2]>().prop_map(|[equal, yes]| Ask::Flag { equal, yes }),
    ];
    // A flag says yes or no of plain numbers alone.
    let of_money = prop_oneof![
        8 => asks(prop_oneof![4 => number().prop_map(Against::Number).boxed(), 1 => learned().boxed()].boxed()),
        2 => listed(number().prop_map(Against::Number).boxed()),
    ];
    let spans = prop_oneof![1_u32..70, select(vec![1_u32, 365, 366, 10_000])];
    let months = || 0_u32..40;
    let of_times = prop_oneof![
        8 => asks(prop_oneof![4 => moment().boxed(), 1 => learned().boxed()].boxed()),
        1 => spans.clone().prop_map(Ask::WithinDays),
        1 => (1_u32..40).prop_map(Ask::WithinMonths),
        1 => spans.clone().prop_map(Ask::MoreThanDaysAgo),
        1 => months().prop_map(Ask::MoreThanMonthsAgo),
        1 => spans.prop_map(Ask::InNextDays),
        1 => Just(Ask::ThisMonth),
        2 => prop_oneof![1_u32..70, select(vec![365_u32, 366, 367, u32::MAX])].prop_map(Ask::InDays),
    ];
    let of_texts = prop_oneof![3 => asks(texts().boxed()), 2 => listed(texts().boxed()), 3 => like()];
    prop_oneof![
        5 => (select(vec!["count", "whole", "huge", "ratio", "flag"]), of_numbers).prop_map(|(own, ask)| Expr::Ask(own, ask)),
        2 => of_money.prop_map(|ask| Expr::Ask("net", ask)),
        3 => of_times.prop_map(|ask| Expr::Ask("seen", ask)),
        3 => (select(vec!["city", "code"]), of_texts).prop_map(|(own, ask)| Expr::Ask(own, ask)),
        1 => (select(vec!["salt", ""]), compare(), (0_i32..=10).prop_map(|n| f64::from(n) / 10.0))
            .prop_map(|(salt, how, bound)| Expr::Bucket(salt, how, bound)),
        1 => (0_usize..9).prop_map(Expr::Segment),
        1 => select(vec![Expr::Everyone, Expr::NoOne]),
    ]
    .boxed()
}

pub(crate) fn expr() -> BoxedStrategy<Expr> {
    let points = prop_oneof![4 => -5_i32..=5, 1 => select(vec![i32::MIN, i32::MAX, 0])];
    let least = prop_oneof![4 => -6_i64..7, 1 => select(vec![i64::MIN, i64::MAX, 1 << 31, -(1 << 31)])];
    question()
        .prop_recursive(4, 24, 5, move |inner| {
            let some = || prop::collection::vec(inner.clone(), 0..5);
            let scored = prop::collection::vec((points.clone(), inner.clone()), 1..6);
            prop_oneof![
                3 => some().prop_map(Expr::And),
                3 => some().prop_map(Expr::Or),
                2 => inner.clone().prop_map(|own| Expr::Not(Box::new(own))),
                1 => inner.clone().prop_map(|own| Expr::Not(Box::new(Expr::Not(Box::new(own))))),
                2 => (scored, least.clone()).prop_map(|(points, least)| Expr::Score(points, least)),
            ]
        })
        .prop_filter("a window of time is empty", |expr| has_no_empty_window(&expr.predicate()))
        .boxed()
}

/// Rules that refer to those before them, and in which order they are given.
pub(crate) fn rules() -> impl Strategy<Value = (Vec<Expr>, Vec<usize>)> {
    prop::collection::vec(expr(), 1..5).prop_flat_map(|mut rules| {
        for (position, rule) in rules.iter_mut().enumerate() {
            refer(rule, position);
        }
        let order = Just((0..rules.len()).collect::<Vec<usize>>()).prop_shuffle();
        (Just(rules), order)
    })
}

/// Turns references to those before `position`.
fn refer(expr: &mut Expr, position: usize) {
    match expr {
        Expr::Segment(_) if position == 0 => *expr = Expr::NoOne,
        Expr::Segment(rule) => *rule %= position,
        Expr::Not(own) => refer(own, position),
        Expr::And(own) | Expr::Or(own) => own.iter_mut().for_each(|own| refer(own, position)),
        Expr::Score(own, _) => own.iter_mut().for_each(|(_, own)| refer(own, position)),
        Expr::Everyone | Expr::NoOne | Expr::Ask(..) | Expr::Bucket(..) => {}
    }
}
