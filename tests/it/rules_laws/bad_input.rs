//! What people and programs get wrong: a typed error that says what and where, and no stack or hour is used up.

use kohort::features::Behaviour;
use kohort::segment::rules::{did, first_did, last_did, restarted, stopped};
use kohort::segment::{
    CustomerFeatures, Predicate, Relative, Rules, Segmenter, Truth, Undecided, Value, Waterfall, bucket,
    days_ago, feature, months_ago, segment,
};
use kohort::{Category, Column, CustomerIds, Error, FeatureTable, Money, Result, Values, Window};

use super::stated::as_of;

/// A table with a column of each type.
fn table(rows: usize) -> FeatureTable {
    let whole = |of: fn(Vec<i64>) -> Values| Column::new(of((0..rows as i64).collect()));
    let columns = [
        ("count", whole(|v| Values::U32(v.into_iter().map(|v| v as u32).collect()))),
        ("whole", whole(|v| Values::I32(v.into_iter().map(|v| v as i32).collect()))),
        ("huge", whole(Values::I64)),
        ("ratio", whole(|v| Values::F64(v.into_iter().map(|v| v as f64).collect()))),
        ("net", whole(|v| Values::Money(v.into_iter().map(Money::from_ten_thousandths).collect()))),
        ("seen", whole(Values::Time)),
        ("city", whole(|v| Values::Category(Category::from_numbers(&v)))),
    ];
    FeatureTable::from_columns(CustomerIds::rows(rows), columns).unwrap()
}

fn described(rows: usize) -> FeatureTable {
    use kohort::features::{ReturnKnowledge, TableContext};
    let as_of = as_of(1_700_000_000_000_000, super::clock::Clock::Berlin);
    let (currency, vat) = ("EUR".to_owned(), kohort::Vat::Excluded);
    let returns = ReturnKnowledge::NotRecorded;
    table(rows).described(TableContext { as_of, currency, vat, returns, lines_left_out: 0 })
}

fn build(predicate: Predicate) -> Result<Rules> {
    Rules::builder().rule("own", predicate).build()
}

#[expect(clippy::needless_pass_by_value, reason = "so that what is refused can be stated in place")]
fn refused(predicate: Predicate) -> &'static str {
    match build(predicate.clone()) {
        Err(Error::Setting { setting, found, expected }) => {
            assert!(!found.is_empty() && !expected.is_empty());
            setting
        }
        other => panic!("{predicate}: {other:?}"),
    }
}

/// Whether each kind of value, or of question, fits each type of column: number, money, time and text.
#[test]
fn every_kind_of_value_meets_every_type_of_column() {
    let [number, money, time, text] =
        [["count", "whole", "huge", "ratio"].as_slice(), &["net"], &["seen"], &["city"]];
    let date = || Value::Date("2026-01-31".to_owned());
    let fits: Vec<(Predicate, [bool; 4])> = vec![
        (feature("x").eq(1), [true, true, false, false]),
        (feature("x").ge(Money::from_ten_thousandths(5)), [true, true, false, false]),
        (feature("x").between(1, 2), [true, true, false, false]),
        (feature("x").is_in([1, 2]), [true, true, false, false]),
        (feature("x").is_not_in([1, 2, 3, 4, 5]), [true, true, false, false]),
        (feature("x").is_yes(), [true, false, false, false]),
        (feature("x").ne(false), [true, false, false, false]),
        (feature("x").eq("a"), [false, false, false, true]),
        (feature("x").lt("a"), [false, false, false, true]),
        (feature("x").between("a", "b"), [false, false, false, true]),
        (feature("x").is_in(["a", "b", "c", "d", "e"]), [false, false, false, true]),
        (feature("x").contains("a"), [false, false, false, true]),
        (feature("x").starts_with("a"), [false, false, false, true]),
        (feature("x").ends_with("a"), [false, false, false, true]),
        (feature("x").any_case().eq("a"), [false, false, false, true]),
        (feature("x").any_case().contains("a"), [false, false, false, true]),
        (feature("x").lt(date()), [false, false, true, false]),
        (feature("x").between(date(), date()), [false, false, true, false]),
        (feature("x").before("2026-01-31T10:00:00Z"), [false, false, true, false]),
        (feature("x").within_days(3), [false, false, true, false]),
        (feature("x").more_than_months_ago(3), [false, false, true, false]),
        (feature("x").in_next_days(3), [false, false, true, false]),
        (feature("x").eq(Relative::Months(1)), [false, false, true, false]),
        (feature("x").anniversary_this_month(), [false, false, true, false]),
        (feature("x").anniversary_in_days(3), [false, false, true, false]),
        (feature("x").above_percentile(50.0), [true, true, true, false]),
        (feature("x").top(3), [true, true, true, false]),
        (feature("x").bottom(3), [true, true, true, false]),
        (feature("x").is_missing(), [true; 4]),
        (feature("x").is_present(), [true; 4]),
    ];
    let table = described(9);
    for (predicate, fits) in fits {
        for (columns, fits) in [number, money, time, text].iter().zip(fits) {
            for column in *columns {
                // The same question of another column, by what it prints.
                let renamed = table.select([*column]).unwrap().column(column).unwrap().clone();
                let renamed = FeatureTable::from_columns(table.ids().clone(), [("x", renamed)]).unwrap();
                let renamed = renamed.described(table.context().unwrap().clone());
                let rules = build(predicate.clone()).unwrap();
                let found = rules.fit(&renamed).and_then(|model| {
                    model.validate(&renamed)?;
                    model.evaluate(&renamed)
                });
                let one = renamed.ids().id(4);
                let one = CustomerFeatures::of(&renamed, &one).unwrap();
                let alone = predicate.truth_of(&one);
                let learned = matches!(&alone, Err(Error::Setting { setting: "cut point", .. }));
                if fits {
                    let truth = found.unwrap().matches("own").unwrap().truth(4);
                    assert!(learned || alone.unwrap() == truth, "{predicate} of {column}");
                    continue;
                }
                let is_type = |error: Error| {
                    matches!(&error, Error::FeatureType { feature, found, expected }
                        if feature == "x" && !found.is_empty() && !expected.is_empty())
                };
                assert!(found.map(|_| ()).is_err_and(is_type), "{predicate} of {column} in batch");
                assert!(learned || alone.map(|_| ()).is_err_and(is_type), "{predicate} of {column} alone");
            }
        }
    }
}

#[test]
fn unknown_features_and_segments_are_told_by_the_nearest_name() {
    let table = described(9);
    let asked = [
        feature("cont").gt(1),
        feature("cont").is_missing(),
        feature("cont").top(3),
        !feature("cont").within_days(3),
        Predicate::score([(1, feature("huge").gt(1)), (0, feature("cont").contains("a"))], 0),
        Predicate::no_one().and(feature("cont").eq("a")),
    ];
    for predicate in asked {
        let found = build(predicate.clone()).unwrap().fit(&table).map(|_| ());
        assert!(
            matches!(&found, Err(Error::MissingFeature { feature, nearest: Some(nearest) }) if feature == "cont" && nearest == "count"),
            "{predicate}: {found:?}"
        );
        let one = CustomerFeatures::of(&table, &table.ids().id(0)).unwrap();
        let alone = predicate.truth_of(&one).map(|_| ());
        let learned = predicate.to_string().contains("TOP");
        assert!(
            matches!(&alone, Err(Error::MissingFeature { nearest: Some(nearest), .. }) if nearest == "count")
                || (learned && alone.is_err()),
            "{predicate}: {alone:?}"
        );
    }
    let refers = Rules::builder()
        .rule("loyal", feature("count").gt(1))
        .rule("best", !segment("loyl").or(feature("count").gt(2)))
        .build();
    assert!(
        matches!(&refers, Err(Error::UnknownSegment { segment, nearest: Some(nearest) }) if segment == "loyl" && nearest == "loyal"),
        "{refers:?}"
    );
    assert!(matches!(segment("a").evaluate(&table), Err(Error::UnknownSegment { .. })));
    // A table that has lost a column since the fit, or has it with another type.
    let model = build(feature("count").gt(1).and(feature("net").top(2))).unwrap().fit(&table).unwrap();
    let lost = table.select(["count", "city"]).unwrap();
    assert!(matches!(model.evaluate(&lost), Err(Error::MissingFeature { feature, .. }) if feature == "net"));
    let text = lost.column_added("net", table.column("city").unwrap().clone()).unwrap();
    assert!(matches!(model.evaluate(&text), Err(Error::FeatureType { feature, .. }) if feature == "net"));
    let time =
        table.select(["count"]).unwrap().column_added("net", table.column("seen").unwrap().clone()).unwrap();
    assert!(matches!(model.evaluate(&time), Err(Error::FeatureType { feature, .. }) if feature == "net"));
}

#[test]
fn circles_of_any_length_are_found_wherever_the_references_stand() {
    let hidden: [fn(Predicate) -> Predicate; 6] = [
        |own| own,
        |own| !own,
        |own| feature("a").gt(1).and(own),
        |own| Predicate::any([feature("a").gt(1), !!own, Predicate::everyone()]),
        |own| Predicate::score([(1, feature("a").gt(1)), (-3, own)], 2),
        |own| Predicate::score([(0, !Predicate::score([(1, own)], 1))], 2).or(feature("a").is_missing()),
    ];
    for length in [1_usize, 2, 3, 7, 500] {
        for (turn, hide) in hidden.iter().enumerate() {
            // A tail that leads into the circle, and one that hangs from it.
            let mut rules = Rules::builder().rule("into", segment("0")).rule("end", feature("b").gt(1));
            for rule in (0..length).rev() {
                let next = segment(((rule + 1) % length).to_string());
                rules = rules.rule(rule.to_string(), hide(next).or(segment("end")));
            }
            let Err(Error::RuleCycle { path }) = rules.clone().build() else { panic!("{length} by {turn}") };
            assert_eq!((path.len(), path.first()), (length + 1, path.last()), "{path:?}");
            let mut names: Vec<usize> = path.iter().map(|name| name.parse().unwrap()).collect();
            assert!(
                names.windows(2).all(|pair| pair[1] == (pair[0] + 1) % length),
                "along the circle: {path:?}"
            );
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), length);
            // Without one of them there is no circle.
            let mut open = Rules::builder().rule("end", feature("b").gt(1)).rule("0", segment("end"));
            for rule in 1..length {
                open = open.rule(rule.to_string(), hide(segment((rule - 1).to_string())));
            }
            assert!(open.build().is_ok());
        }
    }
    let steps = Waterfall::builder().step("a", segment("b")).step("b", !segment("a")).build();
    assert!(matches!(steps, Err(Error::RuleCycle { .. })));
    // Many ways from one to the other are no circle.
    let mut diamonds = Rules::builder().rule("0", feature("count").gt(4));
    for rule in 1..200 {
        let before = || segment((rule - 1).to_string());
        diamonds = diamonds.rule(rule.to_string(), before().and(before()).or(before()));
    }
    let audiences = diamonds.build().unwrap().fit(&table(9)).unwrap().evaluate(&table(9)).unwrap();
    assert_eq!(audiences.size("199").unwrap(), 4);
}

#[test]
fn windows_that_end_before_they_begin() {
    let own = || feature("seen");
    let date = |text: &str| Value::Date(text.to_owned());
    for backwards in [
        own().between(2.0, 1.0),
        own().between(0.0, -0.5),
        own().between("b", "a"),
        own().between(Value::Percentile(90.0), Value::Percentile(10.0)),
        own().between(date("2026-02-01"), date("2026-01-31")),
        own().between(date("2026-02-01T00:00:01Z"), date("2026-02-01T00:00:00Z")),
        own().between(Relative::Days(-10), Relative::Days(-20)),
        own().between(Relative::Days(0), Relative::Months(-1)),
        own().between(Relative::Months(-3), Relative::Months(-6)),
    ] {
        assert_eq!(refused(!backwards), "between");
    }
    for fine in
        [own().between(1, 1), own().between(-0.0, 0.0), own().between(date("2026-02-01"), date("2026-02-01"))]
    {
        assert!(build(fine).is_ok());
    }
    let (recent, early) = (Window::days(30), Window::days_ago(30, 60));
    for predicate in [
        did(Behaviour::orders().within(early.clone())).at_least(1),
        stopped(Behaviour::any_event(), &early, &recent),
        stopped(Behaviour::any_event(), &recent, &Window::days(0)),
        restarted(Behaviour::orders(), 0, 30),
        restarted(Behaviour::orders(), 30, 0),
        first_did(Behaviour::orders(), &early),
        last_did(Behaviour::any_event(), &early),
        feature("seen").within(&early),
        feature("seen").within(&Window::days(0)),
        feature("seen").within_days(0),
        feature("seen").in_next_days(0),
        feature("seen").since("2026-02-01").and(feature("seen").before("2026-01-01")),
        !(feature("count").gt(1).or(feature("seen").from_until(days_ago(5), months_ago(2)))),
    ] {
        assert_eq!(refused(predicate), "window");
    }
}

#[test]
fn values_that_no_feature_can_have() {
    let own = || feature("count");
    for percentile in [f64::NAN, -1.0, 101.0, -f64::MIN_POSITIVE, 100.0_f64.next_up(), f64::INFINITY] {
        for predicate in [
            own().above_percentile(percentile),
            own().below_percentile(percentile),
            own().eq(Value::Percentile(percentile)),
            own().between(Value::Percentile(percentile), Value::Percentile(100.0)),
            own().from_until(Value::Percentile(0.0), Value::Percentile(percentile)),
        ] {
            let setting = refused(Predicate::score([(1, predicate)], 1));
            assert!(setting == "percentile" || (setting == "between" && percentile > 100.0), "{setting}");
        }
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(refused(own().gt(number)), "number");
        assert_eq!(refused(own().is_in([1.0, number])), "number");
        assert_eq!(refused(bucket("a").lt(number)), "number");
        assert!(build(own().between(number, number)).is_err());
    }
    assert_eq!([refused(own().top(0)), refused(own().bottom(0))], ["top", "top"]);
    assert_eq!(refused(own().is_in([0.0; 0])), "in");
    assert_eq!(refused(own().is_not_in([""; 0])), "in");
    assert_eq!(refused(own().is_in([Value::Number(1.0), Value::Text("1".into())])), "in");
    assert_eq!(refused(own().is_in([true])), "in");
    assert_eq!(refused(own().lt(true)), "flag");
    assert_eq!(refused(own().anniversary_in_days(0)), "days");
    assert_eq!(refused(Predicate::score([], 0)), "score");
    assert_eq!([refused(feature("").eq(1)), refused(feature(" \n").eq(1))], ["feature", "feature"]);
    for date in [
        "",
        "soon",
        "2026-02-30",
        "2026-13-01",
        "2026-01-01T25:00",
        "-2026-01-01",
        "99999-01-01",
        "2026-01-01T00:00+99:00",
    ] {
        let built = build(own().before(date));
        assert!(matches!(&built, Err(Error::Parse { text, .. }) if text == date), "{date}: {built:?}");
    }
    // A bucket is a number already, and of no type but that.
    let one = table(9);
    assert_eq!(
        [refused(bucket("a").top(3)), refused(bucket("a").above_percentile(50.0))],
        ["bucket", "bucket"]
    );
    assert!(matches!(build(bucket("a").eq("b")).unwrap().fit(&one), Err(Error::FeatureType { .. })));
    assert!(matches!(build(bucket("a").within_days(3)).unwrap().fit(&one), Err(Error::FeatureType { .. })));
    // What needs a moment needs a table that has one.
    let seen = feature("seen").within_days(3);
    assert!(matches!(build(seen).unwrap().fit(&one), Err(Error::Setting { setting: "as_of", .. })));
}

#[test]
fn names_of_rules_are_distinct_and_there() {
    let own = || feature("count").gt(1);
    for builder in [
        Rules::builder(),
        Rules::builder().rule("", own()),
        Rules::builder().rule(" \t", own()),
        Rules::builder().rule("a", own()).rule("b", own()).rule("a", own()),
    ] {
        assert!(matches!(builder.build(), Err(Error::Setting { setting: "rule", .. })));
    }
    let steps = || Waterfall::builder().step("a", own());
    for (setting, builder) in [
        ("rule", Waterfall::builder()),
        ("rest", steps().rest("a")),
        ("rest", steps().rest("")),
        ("undecided", steps().undecided(Undecided::Segment("a".into()))),
        ("undecided", steps().undecided(Undecided::Segment("rest".into()))),
        ("undecided", steps().undecided(Undecided::Segment("\n".into()))),
    ] {
        let found = builder.build();
        assert!(matches!(&found, Err(Error::Setting { setting: own, .. }) if *own == setting), "{found:?}");
    }
}

/// On a thread with a small stack, so that whatever recurses shows.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

#[test]
fn thousands_of_levels_are_refused_and_leave_no_trace() {
    on_a_small_stack(|| {
        let mut deep = feature("count").is_yes();
        for level in 0..20_000 {
            deep = match level % 4 {
                0 => deep.and(feature("a").gt(1)),
                1 => feature("a").gt(1).or(deep),
                2 => !deep,
                _ => Predicate::score([(1, deep)], 1),
            };
        }
        assert_eq!(deep.depth(), 20_000);
        assert_eq!(refused(deep.clone()), "rule");
        assert!(deep.evaluate(&table(3)).is_err());
        let one = CustomerFeatures::builder().count("count", 1).count("a", 1).build().unwrap();
        assert!(deep.truth_of(&one).is_err());
        assert_eq!(deep.clone(), deep);
        assert_ne!(deep.clone().negated(), deep);
        let printed = deep.to_string();
        assert!(printed.contains("SCORE(1, NOT (a > 1 OR ") && format!("{deep:?}").contains(&printed));
        assert_eq!(deep.required_features(), ["a", "count"]);
        assert!(deep.segments().is_empty() && deep.behaviours().is_empty());
        assert!(serde_json::to_string(&deep).is_err(), "what is too deep to be read is not written");
        let json = format!(
            "{}{{\"feature\":\"a\",\"missing\":true}}{}",
            "{\"not\":".repeat(9_999),
            "}".repeat(9_999)
        );
        assert!(serde_json::from_str::<Predicate>(&json).is_err());
        drop(deep);
    });
}

#[test]
fn the_deepest_rules_there_may_be_work_in_every_form() {
    on_a_small_stack(|| {
        let mut deep = feature("count").gt(4);
        for level in 0..Predicate::MAX_DEPTH {
            deep = match level % 3 {
                0 => !deep,
                1 => deep.and(feature("huge").ge(0)),
                _ => Predicate::score([(1, deep), (1, feature("huge").lt(0))], 1),
            };
        }
        assert_eq!(deep.depth(), Predicate::MAX_DEPTH);
        let truths = deep.evaluate(&table(9)).unwrap();
        let again: Predicate = serde_json::from_str(&serde_json::to_string(&deep).unwrap()).unwrap();
        assert_eq!(again, deep);
        #[cfg(feature = "sql")]
        assert_eq!(deep.to_string().parse::<Predicate>().unwrap(), deep);
        let one = CustomerFeatures::of(&table(9), &table(9).ids().id(7)).unwrap();
        assert_eq!(deep.truth_of(&one).unwrap(), truths.truth(7));
        let levels = Predicate::MAX_DEPTH + 1;
        assert!(
            matches!(build(!deep), Err(Error::Setting { found, .. }) if found.contains(&levels.to_string()))
        );
    });
}

#[test]
fn ten_thousand_rules_that_lean_on_each_other() {
    on_a_small_stack(|| {
        let count = 10_000_u32;
        let mut rules = Rules::builder();
        for rule in (0..count).rev() {
            let own = feature("count").ne(rule % 50);
            let own = if rule == 0 { own } else { own.and(segment((rule - 1).to_string())) };
            rules = rules.rule(rule.to_string(), own);
        }
        let table = table(130);
        let audiences = rules.build().unwrap().fit(&table).unwrap().evaluate(&table).unwrap();
        assert_eq!(audiences.size("0").unwrap(), 129);
        assert_eq!(audiences.size("30").unwrap(), 99);
        for rule in [49, 50, 9_999] {
            assert_eq!(audiences.size(&rule.to_string()).unwrap(), 80, "rule {rule}");
        }
    });
}

#[test]
fn a_rule_of_fifty_thousand_conditions() {
    on_a_small_stack(|| {
        let table = table(70);
        // Five thousand bounds on each of four columns, asked for in two ways, some of them twice.
        let columns = ["count", "whole", "huge", "ratio"];
        let condition = |own: u32| {
            let (column, bound) = (columns[own as usize % 4], f64::from(own / 4 % 5_000) / 100.0);
            if own % 8 < 4 { feature(column).ge(bound) } else { !feature(column).lt(bound) }
        };
        let holds =
            |row: u32| (0..50_000).filter(|own| f64::from(row) * 100.0 >= f64::from(own / 4 % 5_000)).count();
        let least = 20_001;
        let score = Predicate::score((0..50_000).map(|own| (1, condition(own))), least as i64);
        let all = Predicate::all((0..50_000).map(condition));
        let any = Predicate::any((0..50_000).filter(|own| own / 4 % 5_000 > 0).map(condition));
        let rules =
            Rules::builder().rule("score", score.clone()).rule("all", all).rule("any", any).build().unwrap();
        let model = rules.fit(&table).unwrap();
        let audiences = model.evaluate(&table).unwrap();
        for row in 0..70 {
            let truths =
                ["score", "all", "any"].map(|name| audiences.matches(name).unwrap().truth(row as usize));
            let expected = [holds(row) >= least, row >= 50, row >= 1].map(Truth::from);
            assert_eq!(truths, expected, "row {row}");
            if row % 10 == 0 {
                let one = CustomerFeatures::of(&table, &table.ids().id(row as usize)).unwrap();
                assert_eq!(
                    model.evaluate_one(&one).unwrap().into_iter().map(|(_, truth)| truth).collect::<Vec<_>>(),
                    expected
                );
            }
        }
    });
}

#[test]
fn points_as_large_as_they_can_be() {
    let (max, min) = (i64::from(i32::MAX), i64::from(i32::MIN));
    let columns = [("known", vec![Some(1.0), Some(0.0), None])];
    let columns = columns.into_iter().map(|(name, values)| (name, Column::optional(values)));
    let table = FeatureTable::from_columns(CustomerIds::rows(3), columns).unwrap();
    let yes = || feature("known").is_yes();
    let (t, f, u) = (Truth::True, Truth::False, Truth::Unknown);
    for (points, least, expected) in [
        (vec![i32::MAX; 3], 3 * max, [t, f, u]),
        (vec![i32::MAX; 3], 3 * max + 1, [f, f, f]),
        (vec![i32::MIN; 3], 3 * min, [t, t, t]),
        (vec![i32::MIN; 3], 3 * min + 1, [f, t, u]),
        (vec![i32::MIN, i32::MAX], -1, [t, t, u]),
        (vec![i32::MIN, i32::MAX], 0, [f, t, u]),
        (vec![0], 0, [t, t, t]),
        (vec![0, 0], 1, [f, f, f]),
        (vec![i32::MAX], i64::MAX, [f, f, f]),
        (vec![i32::MIN], i64::MIN, [t, t, t]),
    ] {
        let own = Predicate::score(points.iter().map(|points| (*points, yes())), least);
        let matches = own.evaluate(&table).unwrap();
        for (row, expected) in expected.into_iter().enumerate() {
            assert_eq!(matches.truth(row), expected, "{own} of row {row}");
            let one = CustomerFeatures::of(&table, &table.ids().id(row)).unwrap();
            assert_eq!(own.truth_of(&one).unwrap(), expected, "{own} of row {row} alone");
        }
    }
}

#[test]
fn a_table_of_nobody_and_a_table_of_one() {
    let rules = Rules::builder()
        .rule("some", feature("count").ge(0).and(feature("city").contains("0")).or(bucket("a").lt(0.0)))
        .rule("others", !segment("some"))
        .build()
        .unwrap();
    let waterfall = Waterfall::builder().step("some", feature("seen").is_present()).build().unwrap();
    for rows in [0, 1] {
        let table = described(rows);
        let audiences = rules.fit(&table).unwrap().evaluate(&table).unwrap();
        assert_eq!((audiences.customers(), audiences.sizes()), (rows, vec![rows as u64, 0]));
        assert_eq!(audiences.overlap().counts, [[rows as u64, 0], [0, 0]]);
        assert!(!audiences.to_string().is_empty());
        let segments = waterfall.fit(&table).unwrap().segment(&table).unwrap();
        assert_eq!(segments.sizes(), [rows as u64, 0]);
        let top = build(feature("net").top(5)).unwrap().fit(&table);
        assert!(if rows == 0 { matches!(top, Err(Error::Empty { .. })) } else { top.is_ok() });
    }
    // Fitted on some, asked of nobody.
    let model = build(feature("net").top(5)).unwrap().fit(&described(9)).unwrap();
    assert_eq!(model.evaluate(&described(0)).unwrap().sizes(), [0]);
    let no_columns = FeatureTable::from_columns::<&str, Column>(CustomerIds::rows(3), []).unwrap();
    let everyone = Predicate::everyone().and(!Predicate::no_one()).evaluate(&no_columns).unwrap();
    assert_eq!((everyone.holds().count(), everyone.unknown().count()), (3, 0));
}
