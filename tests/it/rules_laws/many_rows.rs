//! Nothing depends on where a customer stands, on how many others there are, or on how many threads look.

use kohort::segment::{Rules, Segmenter, Waterfall};
use proptest::prelude::*;

use super::agree::same;
use super::clock::{Clock, DAY, day_number};
use super::random::{expr, sheet, sheet_of};
use super::stated::name;
use super::textbook::{Against, Ask, Cells, Compare, Expr, Place, Sheet, Textbook, Three};
use crate::customers::Draws;

/// The same values with other customers.
fn shuffled(sheet: &Sheet, order: &[usize]) -> Sheet {
    let mut turned = sheet.clone();
    for (_, cells) in &mut turned.columns {
        macro_rules! turn {
            ($($kind:ident),*) => {
                match cells {
                    $(Cells::$kind(cells) => *cells = order.iter().map(|row| cells[*row].clone()).collect(),)*
                }
            };
        }
        turn!(U32, I32, I64, F64, Money, Time, Text);
    }
    turned
}

/// Questions of every kind, with what a fit has to learn.
fn questions() -> Vec<Expr> {
    let ask = |column, ask| Expr::Ask(column, ask);
    let number = |how, number| Ask::Compare(how, Against::Number(number));
    let texts =
        |texts: &[&str]| Ask::In(texts.iter().map(|text| Against::Text((*text).to_owned())).collect());
    let like = |place, text: &str| Ask::Like { place, text: text.to_owned(), any_case: true };
    vec![
        Expr::And(vec![
            ask("ratio", number(Compare::Gt, 0.3)),
            ask("net", number(Compare::Le, 0.25)),
            ask("seen", Ask::WithinMonths(9)),
            Expr::Not(Box::new(ask("city", texts(&["a", "Äb", "日本"])))),
        ]),
        Expr::Or(vec![
            ask("code", like(Place::Anywhere, "99")),
            ask("huge", Ask::Compare(Compare::Ge, Against::Top(2_000))),
            Expr::Segment(0),
        ]),
        Expr::Score(
            vec![
                (3, ask("whole", number(Compare::Lt, -1.0))),
                (-2, ask("seen", Ask::InDays(40))),
                (2, ask("net", Ask::Compare(Compare::Gt, Against::Percentile(61.5)))),
                (1, Expr::Not(Box::new(Expr::Segment(1)))),
            ],
            2,
        ),
        // More bounds than a tree of them has room for, on one column.
        Expr::Score(
            (0..90).map(|n| (1, ask("ratio", number(Compare::Ge, f64::from(n - 45) / 7.0)))).collect(),
            44,
        ),
        Expr::Not(Box::new(ask("code", Ask::Compare(Compare::Lt, Against::Text("x3".to_owned()))))),
    ]
}

#[test]
fn more_than_ten_pieces_with_a_ragged_tail_on_any_number_of_threads() {
    let (piece, mut draws) = (32_768, Draws::new(5));
    let rows = 10 * piece + 1_003;
    let now = day_number(2024, 3, 31) * DAY;
    let sheet = sheet_of(rows, now, Clock::Berlin, || draws.below(1 << 32) as u32);
    let (questions, table) = (questions(), sheet.table());
    let mut rules = Rules::builder();
    let mut steps = Waterfall::builder();
    for (rule, own) in questions.iter().enumerate() {
        rules = rules.rule(name(rule), own.predicate());
        steps = steps.step(name(rule), own.predicate());
    }
    let (rules, steps) = (rules.build().unwrap(), steps.build().unwrap());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (model, steps) = (rules.fit(&table).unwrap(), steps.fit(&table).unwrap());
            (model.evaluate(&table).unwrap(), steps.segment(&table).unwrap())
        })
    };
    let (audiences, segments) = on(1);
    for threads in [2, 5] {
        assert!(on(threads) == (audiences.clone(), segments.clone()), "{threads} threads");
    }
    let textbook = Textbook::new(&sheet, &sheet, &questions);
    let borders =
        (0..rows).step_by(piece / 2).flat_map(|start| start.saturating_sub(20)..(start + 20).min(rows));
    for row in borders.chain(rows - 70..rows) {
        let mut place = questions.len();
        for (rule, own) in questions.iter().enumerate().rev() {
            let expected = textbook.truth(own, row);
            let truth = audiences.matches(&name(rule)).unwrap().truth(row);
            assert_eq!(truth.is_true(), expected == Some(true), "row {row} of rule {rule}");
            assert_eq!(
                truth == kohort::segment::Truth::Unknown,
                expected.is_none(),
                "row {row} of rule {rule}"
            );
            place = if expected == Some(true) { rule } else { place };
        }
        assert_eq!(segments.position(row), Some(place), "row {row}");
    }
    assert_eq!(segments.sizes().iter().sum::<u64>(), rows as u64);
    for rule in 0..questions.len() {
        let matches = audiences.matches(&name(rule)).unwrap();
        let parts = [matches.holds().count(), matches.unknown().count(), matches.fails().count()];
        assert_eq!(parts.iter().sum::<usize>(), rows);
        assert!(parts[0] > 1_000 && parts[2] > 1_000, "rule {rule} says something: {parts:?}");
    }
}

#[test]
fn texts_by_the_thousand() {
    let mut draws = Draws::new(8);
    let sheet = sheet_of(4_500, day_number(2024, 2, 29) * DAY, Clock::Utc, || draws.below(1 << 32) as u32);
    assert!(sheet.table().category("code").unwrap().levels().len() > 2_000);
    let mut asked: Vec<Ask> = Vec::new();
    for text in ["", "x", "y1", "Ω39", "ω", "9", "zz", "x4000", "X1"] {
        for place in [Place::Anywhere, Place::Start, Place::End, Place::Whole] {
            asked.extend([false, true].map(|any_case| Ask::Like { place, text: text.to_owned(), any_case }));
        }
        for how in [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge] {
            asked.push(Ask::Compare(how, Against::Text(text.to_owned())));
        }
        asked.push(Ask::Between(Against::Text(text.to_owned()), Against::Text(format!("{text}z"))));
    }
    for step in [1, 2, 3, 700] {
        let texts = || (0..4_001).step_by(step).map(|n| Against::Text(format!("x{n}"))).collect();
        asked.extend([Ask::In(texts()), Ask::NotIn(texts())]);
    }
    let table = sheet.table();
    let none: [Expr; 0] = [];
    let textbook = Textbook::new(&sheet, &sheet, &none);
    // A few rows; a list of thousands takes its time where texts are compared one by one.
    for ask in asked {
        let own = Expr::Ask("code", ask);
        let matches = own.predicate().evaluate(&table).unwrap();
        for row in (0..sheet.len()).step_by(61) {
            let truth = matches.truth(row);
            let expected = textbook.truth(&own, row);
            assert_eq!(
                (truth.is_true(), truth.to_string() == "unknown"),
                (expected == Some(true), expected.is_none()),
                "{own:?} of row {row}"
            );
        }
    }
}

fn has_bucket(expr: &Expr) -> bool {
    match expr {
        Expr::Bucket(..) => true,
        Expr::Not(own) => has_bucket(own),
        Expr::And(own) | Expr::Or(own) => own.iter().any(has_bucket),
        Expr::Score(own, _) => own.iter().any(|(_, own)| has_bucket(own)),
        Expr::Everyone | Expr::NoOne | Expr::Segment(_) | Expr::Ask(..) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_same_values_are_judged_alike_wherever_they_stand(
        (sheet, order) in sheet(1_usize..300).prop_flat_map(|sheet| {
            let order = Just((0..sheet.len()).collect::<Vec<usize>>()).prop_shuffle();
            (Just(sheet), order)
        }),
        own in expr(),
    ) {
        prop_assume!(!own.refers() && !has_bucket(&own));
        let (table, turned) = (sheet.table(), shuffled(&sheet, &order).table());
        let own = own.predicate();
        let (Ok(here), Ok(there)) = (own.evaluate(&table), own.evaluate(&turned)) else {
            // Nothing to learn from, wherever it stands.
            prop_assert!(own.evaluate(&table).is_err() && own.evaluate(&turned).is_err());
            return Ok(());
        };
        let expected: Vec<Three> = order.iter().map(|row| match here.truth(*row) {
            kohort::segment::Truth::True => Some(true),
            kohort::segment::Truth::False => Some(false),
            kohort::segment::Truth::Unknown => None,
        }).collect();
        let found = same(&own.to_string(), &there, &expected);
        prop_assert!(found.is_ok(), "{:?}", found);
    }
}
