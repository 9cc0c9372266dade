//! Laws of three-valued logic, of ranks, and of sets of rules, over random predicates: nothing is compared with an
//! interpreter here, only predicates with each other.

use kohort::segment::{Matches, Predicate, Rules, Value, feature};
use kohort::{Bitmap, FeatureTable};
use proptest::prelude::*;

use crate::rules_random::has_no_empty_window;

use super::random::{COLUMNS, expr, rows, sheet};
use super::textbook::{Against, Ask, Expr};

/// A random predicate that refers to no other, on a column that has something to learn from.
fn predicate() -> impl Strategy<Value = Predicate> {
    expr().prop_filter_map("refers to others or learns", |expr| {
        let learns = expr.asks().iter().any(|(_, ask)| ask.is_learned());
        (!expr.refers() && !learns).then(|| expr.predicate())
    })
}

fn of(table: &FeatureTable, predicate: &Predicate) -> Matches {
    predicate.evaluate(table).unwrap()
}

/// Which rows are in both.
fn within(inner: &Bitmap, outer: &Bitmap) -> bool {
    inner.minus(outer).count() == 0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn predicates_obey_the_laws_of_logic(
        sheet in sheet(rows()), (a, b, c) in (predicate(), predicate(), predicate()),
    ) {
        let table = sheet.table();
        let [all, none] = [Predicate::everyone(), Predicate::no_one()];
        let (x, y, z) = (|| a.clone(), || b.clone(), || c.clone());
        let laws: Vec<(&str, Predicate, Predicate)> = vec![
            ("De Morgan, and", !(x().and(y())), (!x()).or(!y())),
            ("De Morgan, or", !(x().or(y())), (!x()).and(!y())),
            ("not not", !!x(), x()),
            ("absorption, and", x().and(x().or(y())), x()),
            ("absorption, or", x().or(x().and(y())), x()),
            ("distribution, and", x().and(y().or(z())), x().and(y()).or(x().and(z()))),
            ("distribution, or", x().or(y().and(z())), x().or(y()).and(x().or(z()))),
            ("either way round", x().and(y()).or(z()), z().or(y().and(x()))),
            ("together", x().and(y()).and(z()), x().and(y().and(z()))),
            ("twice", x().and(x()), x()),
            ("everyone, and", x().and(all.clone()), x()),
            ("everyone, or", x().or(all.clone()), all.clone()),
            ("no one, and", x().and(none.clone()), none.clone()),
            ("no one, or", x().or(none.clone()), x()),
            ("points, and", Predicate::score([(1, x()), (1, y())], 2), x().and(y())),
            ("points, or", Predicate::score([(1, x()), (1, y())], 1), x().or(y())),
            ("points, not", Predicate::score([(-1, x())], 0), !x()),
            ("points, most", Predicate::score([(1, x()), (1, y()), (1, z())], 2),
                x().and(y()).or(y().and(z())).or(x().and(z()))),
            ("everyone is no one not", !all, none),
        ];
        // Two moments that come side by side may make a window of time that is empty, which is refused.
        prop_assume!(laws.iter().all(|(_, left, right)| has_no_empty_window(left) && has_no_empty_window(right)));
        // Each law alone, and all sides together in one set of rules, which share what they have in common.
        let mut together = Rules::builder();
        for (law, left, right) in &laws {
            prop_assert_eq!(of(&table, left), of(&table, right), "{}: {} against {}", law, left, right);
            together = together.rule(format!("{law}, left"), left.clone()).rule(format!("{law}, right"), right.clone());
        }
        let audiences = together.build().unwrap().fit(&table).unwrap().evaluate(&table).unwrap();
        for (law, left, _) in &laws {
            let alone = of(&table, left);
            for side in ["left", "right"] {
                prop_assert_eq!(audiences.matches(&format!("{law}, {side}")).unwrap(), &alone, "{}", law);
            }
        }
        // Who is in and not in is nobody, but not everyone is in or not in: it may be unknown.
        let contradiction = of(&table, &x().and(!x()));
        prop_assert_eq!(contradiction.holds().count(), 0);
        prop_assert_eq!(contradiction.unknown(), of(&table, &x()).unknown());
        prop_assert_eq!(of(&table, &x().or(!x())).fails().count(), 0);
    }

    #[test]
    fn what_more_is_known_never_turns_an_answer(
        sheet in sheet(1_usize..80), own in predicate(), seed in any::<u64>(),
    ) {
        // Values taken away make answers unknown; they never make a yes of a no. But for who asks whether they are there.
        prop_assume!(!own.to_string().contains(" NULL"));
        let known = of(&sheet.table(), &own);
        let mut less = sheet.clone();
        let taken = |row: usize, column: usize| (seed >> ((row * 5 + column * 7) % 61)) & 1 == 1;
        for (column, (_, cells)) in less.columns.iter_mut().enumerate() {
            macro_rules! take {
                ($($kind:ident),*) => {
                    match cells {
                        $(super::textbook::Cells::$kind(cells) => {
                            cells.iter_mut().enumerate().filter(|(row, _)| taken(*row, column)).for_each(|(_, cell)| *cell = None);
                        })*
                    }
                };
            }
            take!(U32, I32, I64, F64, Money, Time, Text);
        }
        let less = of(&less.table(), &own);
        prop_assert!(within(less.holds(), known.holds()), "{} holds where it did not", own);
        prop_assert!(within(&less.fails(), &known.fails()), "{} fails where it did not", own);
        prop_assert!(within(&known.unknown(), &less.unknown()), "{} is known where it was not", own);
    }

    #[test]
    fn ranks_and_percentiles_hold_for_more_the_more_is_asked_for(
        sheet in sheet(1_usize..200), (few, more) in (1_u64..70, 1_u64..70), (low, high) in (0.0..=100.0_f64, 0.0..=100.0_f64),
    ) {
        let table = sheet.table();
        let (few, more) = (few.min(more), few.max(more));
        let (low, high) = (low.min(high), low.max(high));
        for column in COLUMNS.into_iter().filter(|column| !["city", "code"].contains(column)) {
            let known = table.len() - table.column(column).unwrap().missing();
            if known == 0 {
                prop_assert!(feature(column).top(1).evaluate(&table).is_err(), "{}", column);
                continue;
            }
            let own = || feature(column);
            let holds = |predicate: Predicate| of(&table, &predicate).holds().clone();
            for (small, large, at_least) in [
                (holds(own().top(few)), holds(own().top(more)), few),
                (holds(own().bottom(few)), holds(own().bottom(more)), few),
            ] {
                prop_assert!(within(&small, &large) && small.count() as u64 >= at_least.min(known as u64), "{}", column);
            }
            prop_assert!(within(&holds(own().above_percentile(high)), &holds(own().above_percentile(low))), "{}", column);
            prop_assert!(within(&holds(own().below_percentile(low)), &holds(own().below_percentile(high))), "{}", column);
            // Nobody is above the greatest or below the smallest, and everyone else between.
            let cut = |p| Value::Percentile(p);
            prop_assert_eq!(holds(own().gt(cut(100.0)).or(own().lt(cut(0.0)))).count(), 0);
            prop_assert_eq!(holds(own().between(cut(0.0), cut(100.0))).count(), known, "{}", column);
            let least = of(&table, &own().below_percentile(low)).unknown();
            prop_assert_eq!(least.count(), table.len() - known, "who has no value is in no percentile");
        }
    }

    #[test]
    fn an_answer_depends_on_no_other_rule(
        sheet in sheet(1_usize..140), own in expr(), others in prop::collection::vec(expr(), 1..24),
    ) {
        let plain = |expr: &Expr| {
            !expr.refers() && expr.asks().iter().all(|(column, ask)| {
                let cells = sheet.cells(column);
                !ask.is_learned() || (0..sheet.len()).any(|row| cells.cell(row).is_some())
            })
        };
        prop_assume!(plain(&own));
        let table = sheet.table();
        let alone = of(&table, &own.predicate());
        let all = |builder: kohort::segment::RulesBuilder, others: &[Expr]| {
            others.iter().enumerate().filter(|(_, other)| plain(other)).fold(builder, |builder, (n, other)| {
                builder.rule(format!("{n}"), other.predicate()).rule(format!("not {n}"), !other.predicate())
            })
        };
        let (before, after) = others.split_at(others.len() / 2);
        let rules = all(all(Rules::builder(), after).rule("own", own.predicate()), &[]);
        let mut rules = rules;
        for (n, other) in before.iter().enumerate().filter(|(_, other)| plain(other)) {
            rules = rules.rule(format!("after {n}"), other.predicate().and(own.predicate()));
        }
        let audiences = rules.rule("again", !!own.predicate()).build().unwrap().fit(&table).unwrap().evaluate(&table).unwrap();
        prop_assert_eq!(audiences.matches("own").unwrap(), &alone, "{}", own.predicate());
        prop_assert_eq!(audiences.matches("again").unwrap(), &alone, "{}", own.predicate());
    }
}

#[test]
fn what_matches_as_written_matches_in_any_case() {
    // Greek ends words with a sigma of its own, and patterns end within words.
    let texts = ["ΑΣΑ", "ΟΔΟΣ", "οδος", "ΑΣ", "σ", "Straße", "İ", "e\u{301}", "K", "a_b", ""];
    let category = kohort::Category::from_texts(texts.iter().map(|text| Some(*text)));
    let column = kohort::Column::new(kohort::Values::Category(category));
    let table =
        FeatureTable::from_columns(kohort::CustomerIds::rows(texts.len()), [("city", column)]).unwrap();
    let own = || feature("city");
    for text in texts.iter().filter(|text| !text.is_empty()) {
        for start in text.char_indices().map(|(start, _)| start) {
            for end in text.char_indices().map(|(end, _)| end).chain([text.len()]).filter(|end| start < *end)
            {
                let part = &text[start..end];
                for (written, any) in [
                    (own().contains(part), own().any_case().contains(part)),
                    (own().starts_with(part), own().any_case().starts_with(part)),
                    (own().ends_with(part), own().any_case().ends_with(part)),
                    (own().eq(part), own().any_case().eq(part)),
                ] {
                    assert!(
                        within(of(&table, &written).holds(), of(&table, &any).holds()),
                        "{written} but not {any}"
                    );
                }
            }
        }
    }
    assert_eq!(of(&table, &own().any_case().eq("ΟΔΟΣ")).holds().count(), 2, "in small letters too");
}

/// A condition that learns, for the laws above to be about something.
#[test]
fn a_cut_point_is_that_of_the_fit() {
    let ask = Ask::Compare(super::textbook::Compare::Gt, Against::Percentile(50.0));
    assert!(ask.is_learned() && !Ask::Missing.is_learned());
    let table = |values: Vec<u32>| {
        let ids = kohort::CustomerIds::rows(values.len());
        FeatureTable::from_columns(ids, [("orders", kohort::Column::new(kohort::Values::U32(values)))])
            .unwrap()
    };
    let (past, now) = (table(vec![1, 2, 3, 4, 5]), table(vec![3, 30, 4, 40, 300, 2]));
    let rules = Rules::builder()
        .rule("above", feature("orders").above_percentile(50.0))
        .rule("top", feature("orders").top(2))
        .build()
        .unwrap();
    let sizes = |fitted, table| rules.fit(fitted).unwrap().evaluate(table).unwrap().sizes();
    assert_eq!((sizes(&past, &past), sizes(&past, &now)), (vec![2, 2], vec![4, 4]), "above 3, from 4 on");
    assert_eq!(sizes(&now, &now), [3, 2], "above 17, from 40 on");
}
