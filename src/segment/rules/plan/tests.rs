//! The program against a plain interpreter, row by row.

use proptest::prelude::*;
use proptest::test_runner::TestRng;

use super::Plan;
use crate::category::Category;
use crate::features::{Column, FeatureTable, ReturnKnowledge, TableContext, Values};
use crate::segment::rules::check::{Check, Frame, Given, Kind};
use crate::segment::rules::predicate::Node;
use crate::segment::rules::{Predicate, Rules, RulesModel, Truth, Value, bucket, feature, segment};
use crate::transaction::{AsOf, CustomerIds, DAY, Money, Vat, Zone};

const KINDS: [&str; 7] = ["u32", "i32", "i64", "f64", "money", "time", "text"];

/// A row's value.
fn given(column: &Column, row: usize) -> Option<Given<'_>> {
    match column.values() {
        Values::Category(category) => category.get(row).map(Given::Text),
        Values::Time(times) => column.is_valid(row).then(|| Given::Time(times[row])),
        _ => column.number(row).map(Given::Number),
    }
}

/// What each rule is for a row, condition by condition.
fn plain(model: &RulesModel, table: &FeatureTable, row: usize) -> Vec<Truth> {
    let frame = Frame { as_of: table.context().map(|context| &context.as_of), cuts: &model.cuts };
    let mut truths = vec![Truth::Unknown; model.rules.rules.len()];
    for position in &model.rules.order {
        truths[*position] =
            model.rules.rules[*position].predicate.fold(|node, children: &[Truth]| match node {
                Node::Condition(condition) => {
                    let column = condition.source.column().map(|name| table.column(name).unwrap());
                    let share = crate::segment::rules::bucket::share_of(table.ids(), row, "salt");
                    let kind = column.map_or(Kind::Number, |column| Kind::of(column.values()));
                    let given = column.map_or(Some(Given::Number(share)), |column| given(column, row));
                    Check::of(condition, kind, frame).unwrap().truth(given)
                }
                Node::Segment(name) => truths[model.rules.position(name).unwrap()],
                Node::Not => !children[0],
                Node::All(_) => children.iter().copied().fold(Truth::True, Truth::and),
                Node::Any(_) => children.iter().copied().fold(Truth::False, Truth::or),
                Node::Score(score) => score.truth(children),
            });
    }
    truths
}

fn below(rng: &mut TestRng, bound: u64) -> u64 {
    rng.next_u64() % bound
}

/// A table of every type of column, each complete or with gaps.
fn table(rng: &mut TestRng, rows: usize) -> FeatureTable {
    let as_of = AsOf::date("2024-02-29 12:00", &Zone::named("Europe/Berlin").unwrap()).unwrap();
    let mut table = FeatureTable::from_columns::<&str, Column>(CustomerIds::rows(rows), []).unwrap();
    for kind in KINDS {
        let small: Vec<i64> = (0..rows).map(|_| below(rng, 9) as i64 - 4).collect();
        let values = match kind {
            "u32" => Values::U32(small.iter().map(|v| v.unsigned_abs() as u32).collect()),
            "i32" => Values::I32(small.iter().map(|v| *v as i32).collect()),
            "i64" => Values::I64(small.iter().map(|v| if *v == 4 { i64::MAX - 1 } else { *v }).collect()),
            "f64" => Values::F64(small.iter().map(|v| *v as f64 / 2.0).collect()),
            "money" => Values::Money(small.iter().map(|v| Money::from_ten_thousandths(v * 5_000)).collect()),
            "time" => Values::Time(small.iter().map(|v| as_of.micros() + v * 16 * DAY).collect()),
            _ => {
                let texts = ["", "ab", "abc", "Äb", "b", "ca", "d%", "e_", "f'f", "gé"];
                let text = |v: &i64| (*v != 4).then(|| texts[(v + 4) as usize]);
                let texts: Vec<Option<&str>> = small.iter().map(text).collect();
                table = table.column_added(kind, Values::Category(Category::from_texts(texts))).unwrap();
                continue;
            }
        };
        let gaps = below(rng, 3);
        let valid = (0..rows).map(|_| gaps == 0 || below(rng, 4) > 0).collect();
        table = table.column_added(kind, Column::with_missing(values, valid).unwrap()).unwrap();
    }
    let returns = ReturnKnowledge::NotRecorded;
    let (currency, vat) = ("EUR".to_owned(), Vat::Excluded);
    table.described(TableContext { as_of, currency, vat, returns, lines_left_out: 0 })
}

fn value(rng: &mut TestRng, kind: &str) -> Value {
    match (kind, below(rng, 8)) {
        ("text", _) => Value::Text(["", "ab", "b", "cb", "gé", "zz"][below(rng, 6) as usize].to_owned()),
        (_, 0) => Value::Percentile(below(rng, 101) as f64),
        (_, 1) => Value::Top(1 + below(rng, 30)),
        (_, 2) => Value::Bottom(1 + below(rng, 30)),
        ("time", 3) => Value::Date("2024-02-13 12:00".to_owned()),
        ("time", 4) => Value::Relative(crate::segment::Relative::Months(below(rng, 3) as i32 - 1)),
        ("time", _) => Value::Relative(crate::segment::Relative::Days(16 * (below(rng, 9) as i32 - 4))),
        (_, 3) => Value::Number(i64::MAX as f64),
        _ => Value::Number((below(rng, 23) as f64 - 11.0) / 4.0),
    }
}

fn condition(rng: &mut TestRng) -> Predicate {
    if below(rng, 20) == 0 {
        return bucket("salt").lt(below(rng, 11) as f64 / 10.0);
    }
    let kind = KINDS[below(rng, 7) as usize];
    let own = feature(kind);
    match below(rng, 12) {
        0 => own.is_missing(),
        1 => own.is_present(),
        2 if kind == "text" => own.contains("b"),
        3 if kind == "text" => own.any_case().starts_with("ÄB"),
        4 if kind == "text" => own.ends_with("c"),
        2 | 3 if kind == "time" => own.anniversary_this_month(),
        4 if kind == "time" => own.anniversary_in_days(1 + below(rng, 40) as u32),
        2 if kind != "money" => own.is_yes(),
        5 if kind == "text" => own.is_in(["", "abc", "b", "d%", "f'f", "no"]),
        5 if kind != "time" => own.is_in([0.0, -1.5, 2.0, 0.5, 3.0]),
        6 if kind != "time" && kind != "text" => own.is_in([-0.0, 1.0]),
        7 => {
            let (low, high) = (value(rng, kind), value(rng, kind));
            // Times that end before they begin would be refused the other way round.
            own.clone().lt(high).and(own.ge(low))
        }
        8 => own.eq(value(rng, kind)),
        9 => own.ne(value(rng, kind)),
        10 => own.gt(value(rng, kind)),
        _ => own.le(value(rng, kind)),
    }
}

fn predicate(rng: &mut TestRng, depth: u32) -> Predicate {
    if depth == 0 || below(rng, 4) == 0 {
        return condition(rng);
    }
    let children = below(rng, 4);
    let mut some = || (0..children).map(|_| predicate(rng, depth - 1)).collect::<Vec<_>>();
    match children % 4 {
        0 => !predicate(rng, depth - 1),
        1 => {
            let conditions = some().into_iter().chain([feature("f64").ge(0.0)]).zip([3, -2]);
            Predicate::score(conditions.map(|(own, points)| (points, own)), 1)
        }
        2 => Predicate::all(some()),
        _ => Predicate::any(some()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_program_says_what_the_interpreter_says(rows in 0_usize..300, mut rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        let table = table(&mut rng, rows.max(1));
        let mut rules = Rules::builder();
        for rule in 0..4 {
            let own = predicate(&mut rng, 4);
            let own = if rule > 0 && below(&mut rng, 2) == 0 { own.or(!segment((rule - 1).to_string())) } else { own };
            rules = rules.rule(rule.to_string(), own);
        }
        let rules = rules.build().unwrap();
        let Ok(model) = rules.fit(&table) else {
            // A column without any value has no percentile.
            return Ok(());
        };
        let matches = Plan::new(&model.rules, &model.cuts, &table).unwrap().evaluate();
        for row in 0..table.len() {
            let expected = plain(&model, &table, row);
            let found: Vec<Truth> = matches.iter().map(|matches| matches.truth(row)).collect();
            prop_assert_eq!(&found, &expected, "row {} of {}", row, rules);
        }
    }
}

#[test]
fn pieces_and_threads_leave_no_trace() {
    // More than ten pieces of work, and a last one that ends within a word.
    let rows = 10 * (1 << 15) + 1_003;
    let mut rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let table = table(&mut rng, rows);
    let mut rules = Rules::builder();
    for rule in 0..6 {
        rules = rules.rule(rule.to_string(), predicate(&mut rng, 3));
    }
    // So many bounds that they take several trees, on a column whose values are all over the place.
    let many = (0..80).map(|bound| feature("f64").lt(f64::from(bound) / 40.0 - 1.0));
    let score = Predicate::score(many.map(|own| (1, own)).collect::<Vec<_>>(), 41);
    let model = rules.rule("many", score).build().unwrap().fit(&table).unwrap();
    let evaluate = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Plan::new(&model.rules, &model.cuts, &table).unwrap().evaluate())
    };
    let one = evaluate(1);
    assert!([2, 3, 8].into_iter().all(|threads| evaluate(threads) == one));
    let borders =
        (0..rows).step_by(1 << 15).flat_map(|start| start.saturating_sub(70)..(start + 70).min(rows));
    for row in borders.chain(rows - 70..rows) {
        let found: Vec<Truth> = one.iter().map(|matches| matches.truth(row)).collect();
        assert_eq!(found, plain(&model, &table, row), "row {row}");
    }
}
