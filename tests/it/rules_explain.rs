//! Explanations: they say what evaluation says, and what they promise to change the outcome does.

use kohort::segment::rules::Part;
use kohort::segment::{
    CustomerFeatures, Explanation, FeatureValue, Predicate, Rules, RulesModel, Truth, Undecided, Waterfall,
    bucket, feature, segment,
};
use kohort::{AsOf, FeatureTable, Money, Zone};
use proptest::prelude::*;

use crate::rules_one::by_hand;
use crate::rules_random::{WHOLE, conditions, rules, tables};

fn of(table: &FeatureTable, row: usize) -> CustomerFeatures {
    CustomerFeatures::of(table, &table.ids().id(row)).unwrap()
}

fn one_rule(predicate: &Predicate, table: &FeatureTable) -> RulesModel {
    Rules::builder().rule("it", predicate.clone()).build().unwrap().fit(table).unwrap()
}

/// Values of each kind that a feature could have, without missing.
fn values_like(value: Option<&FeatureValue>) -> Vec<FeatureValue> {
    match value {
        Some(FeatureValue::Count(_)) => (-8..40).map(FeatureValue::Count).collect(),
        Some(FeatureValue::Number(_)) => {
            (-32..64).map(|n| FeatureValue::Number(f64::from(n) / 4.0)).collect()
        }
        Some(FeatureValue::Money(_)) => {
            (-80..160).map(|n| FeatureValue::Money(Money::from_ten_thousandths(n * 1_250))).collect()
        }
        Some(FeatureValue::Text(_)) => ["DK", "NO", "SE", "Köln", "a", "zzz", "-", "other"]
            .map(|text| FeatureValue::Text(text.into()))
            .to_vec(),
        _ => Vec::new(),
    }
}

/// Nothing nearer than a whole number does.
fn nothing_nearer(
    customer: &CustomerFeatures,
    name: &str,
    to: Option<&FeatureValue>,
    does: impl Fn(&CustomerFeatures) -> bool,
) {
    let Some(FeatureValue::Count(from)) = customer.value(name).unwrap() else { return };
    let reach = match to {
        Some(FeatureValue::Count(to)) => from.abs_diff(*to).saturating_sub(1),
        _ => 24,
    };
    for step in 1..=i64::try_from(reach.min(24)).unwrap() {
        for value in [from.saturating_add(step), from.saturating_sub(step)] {
            let other = customer.what_if(name, Some(FeatureValue::Count(value))).unwrap();
            assert!(!does(&other), "{name} = {value} does, which is nearer to {from} than {to:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each condition comes out as its flip says, and where there is none no value makes it.
    #[test]
    fn what_it_would_take_flips_a_condition(table in tables(6), predicate in conditions()) {
        let model = one_rule(&predicate, &table);
        for row in 0..table.len() {
            for customer in [of(&table, row), by_hand(&of(&table, row))] {
                let told = model.explain_one(&customer, "it").unwrap();
                for (at, line) in told.lines.iter().enumerate() {
                    let Some(found) = &line.found else { continue };
                    let Some(name) = &found.feature else { continue };
                    prop_assert_eq!(found.value.as_ref(), customer.value(name).unwrap());
                    let truth = |customer: &CustomerFeatures| model.explain_one(customer, "it").unwrap().lines[at].truth;
                    match &found.flip {
                        Some(flip) => {
                            prop_assert!(flip.becomes != line.truth && flip.becomes != Truth::Unknown);
                            let other = customer.what_if(name, flip.to.clone()).unwrap();
                            prop_assert_eq!(truth(&other), flip.becomes, "{} by {:?}", line.text, flip);
                            nothing_nearer(&customer, name, flip.to.as_ref(), |other| truth(other) == flip.becomes);
                        }
                        None => for value in values_like(found.value.as_ref()) {
                            let other = customer.what_if(name, Some(value)).unwrap();
                            prop_assert_eq!(truth(&other), line.truth, "{}", line.text);
                        },
                    }
                }
            }
        }
    }

    /// Explanations of random rules are those of evaluation, and each change of the whole changes the whole.
    #[test]
    fn changes_change_the_whole(table in tables(5), rules in rules()) {
        let model = rules.fit(&table).unwrap();
        for row in 0..table.len() {
            let customer = of(&table, row);
            for (name, truth) in model.evaluate_one(&customer).unwrap() {
                let told = model.explain(&table, &table.ids().id(row), name).unwrap();
                prop_assert_eq!(&told, &model.explain_one(&customer, name).unwrap());
                prop_assert_eq!((told.truth, told.lines[0].truth), (truth, truth));
                prop_assert!(told.lines[0].decisive && told.lines[0].depth == 0);
                check_tree(&told);
                let truth_of = |customer: &CustomerFeatures| model.truth_of(customer, name).unwrap();
                for change in &told.changes {
                    prop_assert!(change.becomes != truth && change.becomes != Truth::Unknown);
                    prop_assert_eq!(change.from.as_ref(), customer.value(&change.feature).unwrap());
                    let other = customer.what_if(&change.feature, change.to.clone()).unwrap();
                    prop_assert_eq!(truth_of(&other), change.becomes, "{} by {:?}", told, change);
                    nothing_nearer(&customer, &change.feature, change.to.as_ref(), |other| {
                        truth_of(other) == change.becomes
                    });
                }
                // No change is left out.
                for feature in WHOLE {
                    for becomes in [Truth::True, Truth::False] {
                        let listed =
                            told.changes.iter().any(|change| change.feature == feature && change.becomes == becomes);
                        if truth != becomes && !listed {
                            nothing_nearer(&customer, feature, None, |other| truth_of(other) == becomes);
                        }
                    }
                }
            }
        }
    }

    /// What does not decide a yes or no can be anything.
    #[test]
    fn the_outcome_rests_on_what_decides(table in tables(8), rules in rules(), draw in any::<u64>()) {
        let model = rules.fit(&table).unwrap();
        for row in 0..table.len() {
            let customer = of(&table, row);
            let told = model.explain_one(&customer, "a").unwrap();
            if told.truth == Truth::Unknown {
                // It is unknown because of something that is.
                let unknown = told.lines.iter().filter(|line| line.decisive && line.part == Part::Condition);
                prop_assert!(unknown.clone().count() > 0 && unknown.clone().all(|line| line.truth == Truth::Unknown));
                continue;
            }
            let rests: Vec<&str> = told
                .lines
                .iter()
                .filter(|line| line.decisive)
                .filter_map(|line| line.found.as_ref()?.feature.as_deref())
                .collect();
            // Every feature that does not decide gets the value of another customer.
            let mut other = customer.clone();
            for (place, name) in table.names().enumerate().filter(|(_, name)| !rests.contains(name)) {
                let from = (draw >> place) as usize % table.len();
                other = other.what_if(name, of(&table, from).value(name).unwrap().cloned()).unwrap();
            }
            prop_assert_eq!(model.truth_of(&other, "a").unwrap(), told.truth, "{}", told);
        }
    }

    #[test]
    fn a_waterfall_tells_of_each_step_up_to_the_one_that_took_her(
        table in tables(6), rules in rules(), stop in any::<bool>(),
    ) {
        let mut builder = Waterfall::builder();
        for name in rules.names() {
            builder = builder.step(name, rules.predicate(name).unwrap().clone());
        }
        if stop {
            builder = builder.undecided(Undecided::Segment("unclear".into()));
        }
        let model = builder.build().unwrap().fit(&table).unwrap();
        for row in 0..table.len() {
            let told = model.explain(&table, &table.ids().id(row)).unwrap();
            let customer = of(&table, row);
            prop_assert_eq!(told.segment.as_str(), model.segment_of(&customer).unwrap());
            prop_assert_eq!(told.steps.len(), told.step.map_or(3, |step| step + 1));
            for (position, step) in told.steps.iter().enumerate() {
                prop_assert_eq!(step, &model.rules().explain_one(&customer, &step.segment).unwrap());
                let last = told.step == Some(position);
                prop_assert_eq!(last, step.truth == Truth::True || (stop && step.truth == Truth::Unknown));
            }
            prop_assert!(!told.to_string().is_empty() && serde_json::to_value(&told).is_ok());
        }
    }
}

/// Depths grow by one at most, and each connective's truth follows from those of its parts.
fn check_tree(told: &Explanation) {
    for (at, line) in told.lines.iter().enumerate() {
        let below = told.lines[at + 1..].iter().take_while(|below| below.depth > line.depth);
        let parts: Vec<Truth> =
            below.clone().filter(|below| below.depth == line.depth + 1).map(|below| below.truth).collect();
        match line.part {
            Part::All => assert_eq!(line.truth, parts.iter().copied().fold(Truth::True, Truth::and)),
            Part::Any => assert_eq!(line.truth, parts.iter().copied().fold(Truth::False, Truth::or)),
            Part::Not => assert_eq!(parts, [!line.truth]),
            Part::Segment => assert_eq!(parts, [line.truth]),
            Part::Score => assert!(!parts.is_empty()),
            _ => assert!(parts.is_empty() && below.count() == 0),
        }
    }
}

fn berlin(date: &str) -> AsOf {
    AsOf::date(date, &Zone::named("Europe/Berlin").unwrap()).unwrap()
}

#[test]
fn words_are_those_of_the_shop() {
    let customer = CustomerFeatures::builder()
        .id("anna")
        .as_of(berlin("2026-11-22"))
        .count("orders", 2)
        .money("gross", Money::parse("480").unwrap())
        .number("open_rate", 0.1)
        .text("country", "SE")
        .time("last_order", berlin("2026-01-05").micros())
        .time("birthday", berlin("1990-03-04").micros())
        .flag("newsletter", false)
        .missing("return_rate")
        .build()
        .unwrap();
    let told = |predicate: Predicate| {
        let table = FeatureTable::from_columns(
            kohort::transaction::CustomerIds::rows(5),
            [(
                "gross",
                kohort::Values::Money((1..=5).map(|n| Money::from_ten_thousandths(n * 1_281_000)).collect()),
            )],
        )
        .unwrap();
        // Learned where there is something to learn from; the others have no cut points.
        let rules = Rules::builder().rule("it", predicate).build().unwrap();
        let rules = rules.fit(&table).unwrap_or_else(|_| panic!("{rules}"));
        rules.explain_one(&customer, "it").unwrap()
    };
    let text = |predicate: Predicate| {
        let told = told(predicate);
        told.lines.iter().find_map(|line| line.found.as_ref()).unwrap().text.clone()
    };
    assert_eq!(
        text(feature("gross").above_percentile(75.0)),
        "gross: 480.00, needs more than 512.40 (75th percentile at the fit): over 32.40 more"
    );
    assert_eq!(
        text(feature("gross").top(2)),
        "gross: 480.00, needs 512.40 or more (the last of the top 2 at the fit): 32.40 more"
    );
    // Without a table to check against, the words are those of one customer.
    let plain = |predicate: Predicate| explain_plain(&predicate, &customer).lines;
    let text = |predicate: Predicate| {
        plain(predicate).iter().find_map(|line| line.found.as_ref()).unwrap().text.clone()
    };
    for (predicate, expected) in [
        (feature("orders").ge(3), "orders: 2, needs 3 or more: 1 more"),
        (feature("orders").gt(2.5), "orders: 2, needs more than 2.5: 1 more"),
        (feature("orders").le(3), "orders: 2, no longer if more than 3: 2 more"),
        (feature("orders").between(4, 6), "orders: 2, needs from 4 to 6: 2 more"),
        (feature("orders").eq(2), "orders: 2, no longer if anything but 2"),
        (feature("orders").is_in([5, 7]), "orders: 2, needs one of 5, 7: 3 more"),
        (feature("orders").eq(2.5), "orders: 2, as any value would do"),
        (feature("open_rate").gt(0.3), "open_rate: 0.1, needs more than 0.3: over 0.2 more"),
        (feature("country").is_in(["DK", "NO"]), "country: SE, needs one of DK, NO"),
        (feature("country").eq("DK"), "country: SE, needs DK"),
        (feature("country").starts_with("D"), "country: SE, needs a text that starts with `D`"),
        (feature("country").ne("DK"), "country: SE, no longer if DK"),
        (
            feature("last_order").since("2026-08-24"),
            "last_order: 2026-01-05, needs to be on or after 2026-08-24: 231 days later",
        ),
        (
            feature("last_order").ge(kohort::segment::Relative::Days(-30)),
            "last_order: 2026-01-05, needs to be at or after 2026-10-23 01:00 (30 days before 2026-11-22): 291 days later",
        ),
        (
            feature("last_order").lt(kohort::segment::Relative::Months(-1)),
            "last_order: 2026-01-05, no longer if on or after 2026-10-22 (1 month before 2026-11-22): 290 days later",
        ),
        (
            feature("birthday").anniversary_this_month(),
            "birthday: 1990-03-04, needs a date that comes round this month: 94 days earlier",
        ),
        (feature("newsletter").is_yes(), "newsletter: no, needs to be yes"),
        (feature("return_rate").gt(0.3), "return_rate is missing, needs more than 0.3"),
        (feature("return_rate").is_missing(), "return_rate is missing, no longer if known"),
        (feature("orders").is_missing(), "orders: 2, needs to be missing"),
    ] {
        assert_eq!(text(predicate.clone()), expected, "{predicate}");
    }
    let place = text(bucket("s").lt(0.5));
    assert!(place.ends_with("by her id, whatever she does"), "{place}");
    let score = Predicate::score([(10, feature("orders").ge(3)), (5, feature("return_rate").lt(0.3))], 12);
    let lines: Vec<String> = plain(score).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "* no       at least 12 points: 0, others unknown",
            "* no         10 points: orders >= 3 — orders: 2, needs 3 or more: 1 more",
            "  unknown    5 points: return_rate < 0.3 — return_rate is missing, needs less than 0.3",
        ]
    );
}

/// Explains a predicate that learns nothing, from a customer alone.
fn explain_plain(predicate: &Predicate, customer: &CustomerFeatures) -> Explanation {
    let mut columns: Vec<(String, kohort::Values)> = Vec::new();
    for name in customer.names() {
        let values = match customer.value(name).unwrap() {
            Some(FeatureValue::Count(count)) => kohort::Values::I64(vec![*count]),
            Some(FeatureValue::Money(amount)) => kohort::Values::Money(vec![*amount]),
            Some(FeatureValue::Time(time)) => kohort::Values::Time(vec![*time]),
            Some(FeatureValue::Text(text)) => {
                kohort::Values::Category(kohort::Category::from_texts([Some(text.as_str())]))
            }
            _ => kohort::Values::F64(vec![0.0]),
        };
        columns.push((name.to_owned(), values));
    }
    let table = FeatureTable::from_columns(kohort::transaction::CustomerIds::rows(1), columns).unwrap();
    let table = crate::rules_one::with_moment(table);
    one_rule(predicate, &table).explain_one(customer, "it").unwrap()
}

#[test]
fn the_whole_says_which_single_change_would_do() {
    let customer = CustomerFeatures::builder()
        .count("orders", 2)
        .money("gross", Money::parse("480").unwrap())
        .text("country", "SE")
        .missing("return_rate")
        .build()
        .unwrap();
    let changes = |predicate: Predicate| -> Vec<String> {
        explain_plain(&predicate, &customer).changes.into_iter().map(|change| change.text).collect()
    };
    let (orders, gross) = (|| feature("orders").ge(3), || feature("gross").gt(500));
    let home = || feature("country").is_in(["DK", "NO"]);
    assert_eq!(changes(orders().and(feature("gross").gt(100))), ["in if orders were 3 or more"]);
    assert_eq!(changes(orders().and(gross())), [""; 0], "neither alone");
    assert_eq!(
        changes(orders().or(home())),
        ["in if country were one of DK, NO", "in if orders were 3 or more"]
    );
    assert_eq!(changes(!orders()), ["out if orders were 3 or more"]);
    // Two conditions on one feature: the value that meets both.
    let between = feature("orders").gt(3).and(feature("orders").ne(4)).and(feature("orders").lt(7));
    assert_eq!(changes(between), ["in if orders were 5"]);
    let contradiction = feature("orders").lt(2).and(feature("orders").gt(5));
    assert_eq!(changes(contradiction), [""; 0]);
    let unknown = feature("return_rate").gt(0.3).and(feature("orders").ge(1));
    assert_eq!(
        changes(unknown),
        [
            "out if orders were less than 1",
            "in if return_rate were more than 0.3",
            "out if return_rate were 0.3 or less"
        ]
    );
}

#[test]
fn rules_that_are_referred_to_are_told_once() {
    let table = FeatureTable::from_columns(
        kohort::transaction::CustomerIds::rows(1),
        [("x", kohort::Values::U32(vec![5]))],
    )
    .unwrap();
    // Each refers twice to the one before: told in full each time it would take 2^40 lines.
    let mut builder = Rules::builder().rule("0", feature("x").gt(1));
    for level in 1..40 {
        let before = || segment((level - 1).to_string());
        builder = builder.rule(level.to_string(), before().and(before()));
    }
    let model = builder.build().unwrap().fit(&table).unwrap();
    let told = model.explain(&table, &0.into(), "39").unwrap();
    assert_eq!(told.lines.len(), 39 * 3 + 1);
    assert_eq!(told.lines.iter().filter(|line| line.part == Part::SegmentAbove).count(), 39);
    assert!(told.lines.iter().all(|line| line.decisive));
    assert_eq!(told.changes.len(), 1);
    assert_eq!(told.changes[0].text, "out if x were 1 or less");
}

#[test]
fn a_chain_of_thousands_of_rules_is_told() {
    let mut builder = Rules::builder().rule("0", feature("x").gt(1));
    for level in 1..3_000 {
        builder = builder.rule(level.to_string(), !segment((level - 1).to_string()));
    }
    let table = FeatureTable::from_columns(
        kohort::transaction::CustomerIds::rows(1),
        [("x", kohort::Values::U32(vec![5]))],
    )
    .unwrap();
    let model = builder.build().unwrap().fit(&table).unwrap();
    let told = model.explain(&table, &0.into(), "2999").unwrap();
    assert_eq!(told.lines.len(), 2 * 2_999 + 1);
    assert_eq!(told.lines.last().unwrap().depth, 2 * 2_999);
    assert!(told.to_string().len() < 1_000_000, "deep lines are not indented without end");
    assert!(serde_json::to_string(&told.clone()).unwrap().len() > 1_000);
    let error = model.explain(&table, &7.into(), "2999").unwrap_err();
    assert!(matches!(error, kohort::Error::UnknownCustomer { .. }), "{error}");
    let error = model.explain(&table, &0.into(), "3000").unwrap_err();
    assert!(matches!(error, kohort::Error::UnknownSegment { .. }), "{error}");
}
