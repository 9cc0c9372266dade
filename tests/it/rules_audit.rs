//! The audit of rules against counts row by row, and estimates of sizes against the sizes.

use kohort::features::{Column, Values};
use kohort::segment::rules::{Audit, AuditFinding, FindingKind};
use kohort::segment::{Predicate, Rules, RulesModel, Truth, feature, segment};
use kohort::transaction::CustomerIds;
use kohort::{Error, FeatureTable};
use proptest::prelude::*;

use crate::rules_one::with_moment;
use crate::rules_random::{conditions, has_no_empty_window, moment, predicates, tables};

fn model(rules: &[(&str, Predicate)], table: &FeatureTable) -> RulesModel {
    let builder = rules
        .iter()
        .fold(Rules::builder(), |builder, (name, predicate)| builder.rule(*name, predicate.clone()));
    builder.build().unwrap().fit(table).unwrap()
}

/// A thousand customers: `x` counts from 0 to 9, `half` is missing for every other one, `none` for all.
fn shop() -> FeatureTable {
    let rows = 1_000_u32;
    FeatureTable::from_columns(
        CustomerIds::rows(rows as usize),
        [
            ("x", Column::new(Values::U32((0..rows).map(|row| row % 10).collect()))),
            ("y", Column::new(Values::U32((0..rows).map(|row| row / 10).collect()))),
            ("half", Column::optional((0..rows).map(|row| (row % 2 == 0).then_some(1.0)).collect())),
            ("none", Column::optional((0..rows).map(|_| None).collect())),
        ],
    )
    .unwrap()
}

fn findings(rules: &[(&str, Predicate)]) -> Vec<AuditFinding> {
    let table = shop();
    model(rules, &table).audit(&table).unwrap().findings
}

/// Kind and part of what is found of one rule.
fn of_one(predicate: Predicate) -> Vec<(FindingKind, Option<String>)> {
    findings(&[("it", predicate)]).into_iter().map(|finding| (finding.kind, finding.part)).collect()
}

#[test]
fn conditions_that_tell_nobody_apart_are_found() {
    let part = |kind, text: &str| (kind, Some(text.to_owned()));
    let own = |kind| (kind, None);
    let some = || feature("y").lt(40);
    assert_eq!(of_one(some().and(feature("x").lt(5))), [], "nothing to say");
    assert_eq!(
        of_one(some().and(feature("x").ge(0))),
        [part(FindingKind::SingleFactor, "y < 40"), part(FindingKind::AlwaysHolds, "x >= 0")]
    );
    assert_eq!(
        of_one(some().and(feature("x").gt(9))),
        [own(FindingKind::Empty), part(FindingKind::NeverHolds, "x > 9")]
    );
    assert_eq!(
        of_one(some().and(feature("none").gt(9))),
        [own(FindingKind::Empty), part(FindingKind::AlwaysUnknown, "none > 9")]
    );
    assert_eq!(
        of_one(feature("none").gt(9)),
        [own(FindingKind::AlwaysUnknown), part(FindingKind::AlwaysUnknown, "none > 9")]
    );
    // Together they exclude each other, or leave nobody out.
    assert_eq!(
        of_one(feature("x").lt(3).and(feature("x").gt(5))),
        [own(FindingKind::Empty), part(FindingKind::NeverHolds, "x < 3 AND x > 5")]
    );
    assert_eq!(
        of_one(some().and(feature("x").lt(3).or(feature("x").ge(2)))),
        [part(FindingKind::SingleFactor, "y < 40"), part(FindingKind::AlwaysHolds, "x < 3 OR x >= 2")]
    );
    // A group that holds for no one, though each of its parts and pairs does for some.
    let group =
        Predicate::score([(1, feature("x").lt(2)), (1, feature("y").lt(2)), (1, feature("x").gt(7))], 3);
    assert_eq!(
        of_one(some().and(!group.clone())),
        [part(FindingKind::SingleFactor, "y < 40"), part(FindingKind::NeverHolds, &group.to_string())],
        "what follows for its opposite is no news"
    );
    // The opposite of one condition.
    assert_eq!(
        of_one((!feature("x").lt(5)).and(feature("y").ge(0))),
        [part(FindingKind::SingleFactor, "NOT x < 5"), part(FindingKind::AlwaysHolds, "y >= 0")]
    );
    // What is missing for some is not the same for everyone, even if all others meet it.
    assert_eq!(of_one(feature("half").ge(0).and(some())), []);
}

#[test]
fn the_end_of_a_window_is_no_condition_of_its_own() {
    let moment = moment().micros();
    let times = (0..1_000_i64).map(|day| moment - (day + 1) * 86_400_000_000).collect();
    let table =
        FeatureTable::from_columns(CustomerIds::rows(1_000), [("last_order", Values::Time(times))]).unwrap();
    let table = with_moment(table);
    let recent = feature("last_order").within_days(365);
    assert_eq!(model(&[("it", recent)], &table).audit(&table).unwrap().findings, []);
    let ever = model(&[("it", feature("last_order").within_days(2_000))], &table).audit(&table).unwrap();
    let found: Vec<(FindingKind, bool)> =
        ever.findings.iter().map(|finding| (finding.kind, finding.part.is_some())).collect();
    assert_eq!(found, [(FindingKind::TooBroad, false), (FindingKind::AlwaysHolds, true)]);
}

#[test]
fn segments_are_compared_with_limits_and_with_each_other() {
    let rules = [
        ("few", feature("y").lt(5)),
        ("low", feature("x").lt(3)),
        ("low again", feature("x").le(2)),
        ("lower", segment("low").and(feature("x").lt(2))),
        ("most", feature("x").lt(9)),
        ("all", feature("x").ge(0)),
        ("nobody", feature("x").gt(9)),
    ];
    let found: Vec<(String, FindingKind, Option<String>, u64)> = findings(&rules)
        .into_iter()
        .filter(|finding| finding.part.is_none())
        .map(|finding| (finding.segment, finding.kind, finding.other, finding.holds))
        .collect();
    let other = |name: &str| Some(name.to_owned());
    let expected: Vec<(String, FindingKind, Option<String>, u64)> = [
        ("few", FindingKind::TooSmall, None, 50),
        ("low", FindingKind::Contained, other("most"), 300),
        ("low again", FindingKind::Equal, other("low"), 300),
        ("low again", FindingKind::Contained, other("most"), 300),
        ("lower", FindingKind::Contained, other("low"), 200),
        ("lower", FindingKind::Contained, other("low again"), 200),
        ("lower", FindingKind::Contained, other("most"), 200),
        ("most", FindingKind::TooBroad, None, 900),
        ("all", FindingKind::TooBroad, None, 1_000),
        ("nobody", FindingKind::Empty, None, 0),
    ]
    .map(|(segment, kind, other, holds)| (segment.to_owned(), kind, other, holds))
    .to_vec();
    assert_eq!(found, expected);
    // The limits are the caller's.
    let table = shop();
    let audit = Audit::builder().min_customers(50).max_share(1.0).build().unwrap();
    let audit = audit.run(&model(&rules, &table), &table).unwrap();
    assert!(
        audit
            .findings
            .iter()
            .all(|finding| { !matches!(finding.kind, FindingKind::TooSmall | FindingKind::TooBroad) })
    );
    let page = audit.to_string();
    for text in
        ["few", "low again: has the same 300 as `low`", "nobody: has no customer", "`x > 9` holds for no one"]
    {
        assert!(page.contains(text), "{text} is not on the page:\n{page}");
    }
    assert!(serde_json::to_string(&audit).unwrap().contains("\"never_holds\""));
}

/// For how many customers a predicate holds and is unknown, one by one.
fn counted(model: &RulesModel, table: &FeatureTable, part: &Predicate) -> (u64, u64) {
    // Cut points are those of the rules' fit, which is of this table.
    let names =
        model.rules().names().into_iter().map(|name| (name, model.rules().predicate(name).unwrap().clone()));
    let rules = names
        .fold(Rules::builder().rule("part of it", part.clone()), |builder, (name, predicate)| {
            builder.rule(name, predicate)
        });
    let model = rules.build().unwrap().fit(table).unwrap();
    let (mut holds, mut unknown) = (0, 0);
    for row in 0..table.len() {
        let customer = kohort::segment::CustomerFeatures::of(table, &table.ids().id(row)).unwrap();
        match model.truth_of(&customer, "part of it").unwrap() {
            Truth::True => holds += 1,
            Truth::Unknown => unknown += 1,
            Truth::False => {}
        }
    }
    (holds, unknown)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is found of random rules is what counting finds.
    #[test]
    fn findings_are_those_of_counting(
        table in tables(20),
        alone in prop::collection::vec(conditions(), 1..4)
            .prop_filter("a window of time is empty", |alone| has_no_empty_window(&Predicate::all(alone.clone()))),
        a in predicates(&["b"]),
        b in predicates(&[]),
        least in 0..10_u64,
    ) {
        let rules = [("a", a), ("b", b), ("c", Predicate::all(alone.clone()))];
        let model = model(&rules, &table);
        let audit = Audit::builder().min_customers(least).max_share(0.5).build().unwrap();
        let audit = audit.run(&model, &table).unwrap();
        let all = table.len() as u64;
        let members: Vec<Vec<usize>> = {
            let set = model.evaluate(&table).unwrap();
            rules.iter().map(|(name, _)| set.mask(name).unwrap().ones().collect()).collect()
        };
        for (place, (name, predicate)) in rules.iter().enumerate() {
            let (holds, unknown) = counted(&model, &table, predicate);
            prop_assert_eq!((audit.segments[place].customers, audit.segments[place].unknown), (holds, unknown));
            let found = |kind: FindingKind| {
                audit.findings.iter().any(|finding| {
                    finding.segment == *name && finding.kind == kind && finding.part.is_none()
                })
            };
            prop_assert_eq!(found(FindingKind::Empty), holds == 0 && unknown < all);
            prop_assert_eq!(found(FindingKind::AlwaysUnknown), unknown == all);
            prop_assert_eq!(found(FindingKind::TooSmall), holds > 0 && holds < least);
            prop_assert_eq!(found(FindingKind::TooBroad), holds > 0 && holds >= least && 2 * holds > all);
            for (other_place, (other, _)) in rules.iter().enumerate().filter(|(other, _)| *other != place) {
                let (own, others) = (&members[place], &members[other_place]);
                let found = |kind: FindingKind| {
                    audit.findings.iter().any(|finding| {
                        finding.segment == *name && finding.kind == kind && finding.other.as_deref() == Some(other)
                    })
                };
                let inside = !own.is_empty() && own.iter().all(|row| others.contains(row));
                prop_assert_eq!(found(FindingKind::Equal), inside && own == others && other_place < place);
                let more = others.len() > own.len() && others.len() < table.len();
                prop_assert_eq!(found(FindingKind::Contained), inside && more);
            }
        }
        // Each condition that stands alone is told where it is the same for everyone, and only there.
        for condition in &alone {
            if condition.to_string().contains(" AND ") && !condition.to_string().contains("BETWEEN") {
                continue;
            }
            let (holds, unknown) = counted(&model, &table, condition);
            let kinds = [
                (FindingKind::AlwaysUnknown, unknown == all),
                (FindingKind::NeverHolds, holds == 0 && unknown < all),
                (FindingKind::AlwaysHolds, holds == all && !condition.to_string().ends_with("< AS_OF")),
            ];
            for (kind, expected) in kinds {
                let found = audit.findings.iter().any(|finding| {
                    finding.segment == "c"
                        && finding.kind == kind
                        && finding.part.as_deref() == Some(&condition.to_string())
                });
                prop_assert_eq!(found, expected, "{} {:?}", condition, kind);
            }
        }
    }
}

#[test]
fn a_share_out_of_range_and_a_table_without_customers_are_refused() {
    for share in [0.0, -1.0, 1.5, f64::NAN] {
        let error = Audit::builder().max_share(share).build().unwrap_err();
        assert!(matches!(error, Error::Setting { setting: "max_share", .. }), "{error}");
    }
    let nobody = FeatureTable::from_columns(CustomerIds::rows(0), [("x", Values::U32(vec![]))]).unwrap();
    let table = shop();
    let rules = model(&[("it", feature("x").gt(1))], &table);
    assert!(matches!(rules.audit(&nobody).unwrap_err(), Error::Empty { .. }));
    assert!(matches!(rules.estimate(&nobody, 5, 1).unwrap_err(), Error::Empty { .. }));
    let error = rules.estimate(&table, 0, 1).unwrap_err();
    assert!(matches!(error, Error::Setting { setting: "look_at", .. }), "{error}");
    let other = table.select(["y"]).unwrap();
    assert!(matches!(rules.audit(&other).unwrap_err(), Error::MissingFeature { .. }));
    assert!(matches!(rules.estimate(&other, 5, 1).unwrap_err(), Error::MissingFeature { .. }));
}

#[test]
fn intervals_hold_the_size_as_often_as_they_say() {
    let rows = 20_000_u64;
    // A share of each size, spread over the rows.
    let spread = |row: u64| (row * 7_919 % rows) as u32;
    let table = FeatureTable::from_columns(
        CustomerIds::rows(rows as usize),
        [("x", Column::new(Values::U32((0..rows).map(spread).collect())))],
    )
    .unwrap();
    let sizes = [200_u64, 1_000, 6_000, 19_000];
    let names: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    let rules = names
        .iter()
        .zip(sizes)
        .fold(Rules::builder(), |builder, (name, size)| builder.rule(name, feature("x").lt(size as f64)));
    let model = rules.build().unwrap().fit(&table).unwrap();
    // A small sample, and one of half the customers, where what is left is half as uncertain.
    for look_at in [500, 10_000] {
        let mut covered = [0; 4];
        for seed in 0..200 {
            let estimates = model.estimate(&table, look_at, seed).unwrap();
            assert_eq!((estimates.customers, estimates.looked_at), (rows, look_at as u64));
            for (place, estimate) in estimates.segments.iter().enumerate() {
                let (least, most) = estimate.customers_range;
                assert!(least <= estimate.customers && estimate.customers <= most);
                assert!(least >= estimate.seen && most < rows);
                covered[place] += u32::from((least..=most).contains(&sizes[place]));
            }
        }
        for (size, covered) in sizes.iter().zip(covered) {
            assert!(covered >= 186, "{size} of {rows} from {look_at}: {covered} of 200");
            assert!(
                covered < 200 || *size == 200,
                "an interval that is always right is too wide: {size} from {look_at}"
            );
        }
    }
}

#[test]
fn everyone_looked_at_is_exact_and_a_seed_is_a_sample() {
    let table = shop();
    let rules = model(&[("low", feature("x").lt(3)), ("half", feature("half").gt(0))], &table);
    for look_at in [1_000, 5_000] {
        let estimates = rules.estimate(&table, look_at, 1).unwrap();
        assert_eq!(estimates.looked_at, 1_000);
        let (low, half) = (&estimates.segments[0], &estimates.segments[1]);
        assert_eq!((low.customers, low.customers_range), (300, (300, 300)));
        assert_eq!((half.customers, half.seen_unknown), (500, 500));
        assert_eq!(
            (low.share_interval.low.to_bits(), low.share_interval.high.to_bits()),
            (0.3_f64.to_bits(), 0.3_f64.to_bits())
        );
    }
    let sample = |seed| rules.estimate(&table, 100, seed).unwrap();
    assert_eq!(sample(1), sample(1));
    assert!((2..20).any(|seed| sample(seed) != sample(1)));
    // One thread or three: the same sample.
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| sample(1)), sample(1));
    }
    let page = sample(1).to_string();
    assert!(page.starts_with("100 of 1,000 customers looked at"), "{page}");
    // All but one: what is not known is one customer.
    let (least, most) = rules.estimate(&table, 999, 1).unwrap().segments[0].customers_range;
    assert!(most - least <= 1 && (least..=most).contains(&300));
}
