//! Predicates in serde: the JSON of rule-builder pages, and formats that are not for people.

use kohort::segment::{Predicate, Relative, Rules, Value, bucket, feature, segment};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::predicates::predicate;

fn read(json: &serde_json::Value) -> Predicate {
    serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// The same with the keys of all objects in ascending order, or descending.
fn sorted(json: serde_json::Value, ascending: bool) -> serde_json::Value {
    match json {
        serde_json::Value::Array(items) => items.into_iter().map(|item| sorted(item, ascending)).collect(),
        serde_json::Value::Object(map) => {
            let mut entries: Vec<_> =
                map.into_iter().map(|(key, value)| (key, sorted(value, ascending))).collect();
            entries.sort_by(|(a, _), (b, _)| if ascending { a.cmp(b) } else { b.cmp(a) });
            serde_json::Value::Object(entries.into_iter().collect())
        }
        other => other,
    }
}

fn cbor<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

proptest! {
    #[test]
    fn what_is_written_reads_back(predicate in predicate()) {
        let written = serde_json::to_string(&predicate).unwrap();
        let again: Predicate = serde_json::from_str(&written).unwrap();
        // Text tells the sign of a zero, which equality does not.
        prop_assert_eq!(again.to_string(), predicate.to_string());
        prop_assert_eq!(&again, &predicate);
        let value = serde_json::to_value(&predicate).unwrap();
        for ascending in [true, false] {
            prop_assert_eq!(&read(&sorted(value.clone(), ascending)), &predicate);
        }
        let again: Predicate = ciborium::from_reader(&*cbor(&predicate)).unwrap();
        prop_assert_eq!(again.to_string(), predicate.to_string());
        prop_assert_eq!(&again, &predicate);
    }

    #[test]
    fn numbers_survive_to_the_bit(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        let written = serde_json::to_string(&Value::Number(number));
        prop_assert_eq!(written.is_ok(), number.is_finite());
        if let Ok(written) = written {
            let Value::Number(again) = serde_json::from_str(&written).unwrap() else { panic!("{written}") };
            prop_assert_eq!(again.to_bits(), bits);
        }
    }
}

#[test]
fn the_form_of_everything() {
    let x = || feature("x");
    let cases = [
        (json!({"feature": "x", "op": "=", "value": 1}), x().eq(1)),
        (json!({"feature": "x", "op": "!=", "value": 0.1}), x().ne(0.1)),
        (json!({"feature": "x", "op": "<", "value": "y"}), x().lt("y")),
        (
            json!({"feature": "x", "op": "<=", "value": {"date": "2026-01-31"}}),
            x().le(Value::Date("2026-01-31".into())),
        ),
        (json!({"feature": "x", "op": ">", "value": {"percentile": 99.5}}), x().above_percentile(99.5)),
        (json!({"feature": "x", "op": ">=", "value": {"top": 1000}}), x().top(1000)),
        (json!({"feature": "x", "op": "<=", "value": {"bottom": 10}}), x().bottom(10)),
        (json!({"feature": "x", "op": "<", "value": {"days": -90}}), x().more_than_days_ago(90)),
        (json!({"feature": "x", "op": ">", "value": {"months": 6}}), x().gt(Relative::Months(6))),
        (json!({"feature": "x", "op": "=", "value": true}), x().is_yes()),
        (json!({"feature": "x", "op": "between", "value": [1, 2.5]}), x().between(1, 2.5)),
        (json!({"feature": "x", "op": "in", "value": ["DK", "NO"]}), x().is_in(["DK", "NO"])),
        (json!({"not": {"feature": "x", "op": "in", "value": []}}), x().is_not_in(Vec::<Value>::new())),
        (
            json!({"feature": "x", "op": "contains", "value": "ber", "any_case": true}),
            x().any_case().contains("ber"),
        ),
        (json!({"feature": "x", "op": "starts with", "value": "Ber"}), x().starts_with("Ber")),
        (json!({"feature": "x", "op": "ends with", "value": "lin"}), x().ends_with("lin")),
        (
            json!({"feature": "x", "op": "=", "value": "BERLIN", "any_case": true}),
            x().any_case().eq("BERLIN"),
        ),
        (json!({"feature": "x", "op": "is missing"}), x().is_missing()),
        (json!({"feature": "x", "op": "is present"}), x().is_present()),
        (json!({"feature": "x", "op": "anniversary this month"}), x().anniversary_this_month()),
        (json!({"feature": "x", "op": "anniversary in days", "value": 14}), x().anniversary_in_days(14)),
        (json!({"bucket": "salt", "op": "<", "value": 0.1}), bucket("salt").lt(0.1)),
        (json!({"segment": "vip"}), segment("vip")),
        (json!({"all": []}), Predicate::everyone()),
        (json!({"any": []}), Predicate::no_one()),
        (
            json!({"any": [{"segment": "a"}, {"all": [{"segment": "b"}, {"not": {"segment": "c"}}]}]}),
            segment("a").or(segment("b").and(!segment("c"))),
        ),
        (
            json!({"score": [{"points": 10, "if": {"segment": "a"}}, {"points": -5, "if": {"segment": "b"}}], "least": 12}),
            Predicate::score([(10, segment("a")), (-5, segment("b"))], 12),
        ),
        (
            json!({"feature": "x", "op": "=", "value": {"exact": {"value": 0.1 + 0.2, "bits": "3fd3333333333334"}}}),
            x().eq(0.1 + 0.2),
        ),
        (
            json!({
                "behaviour": {"count": {"events": [{"only": {"kind": ["clicked"]}}, {"within": "30d"}]}},
                "op": ">=", "value": 3
            }),
            kohort::segment::rules::did(
                kohort::features::Behaviour::events(["clicked"]).within(kohort::Window::days(30)),
            )
            .at_least(3),
        ),
    ];
    for (json, predicate) in cases {
        assert_eq!(serde_json::to_value(&predicate).unwrap(), json, "{predicate}");
        assert_eq!(read(&json), predicate, "{json}");
    }
}

#[test]
fn other_names_of_ops_and_other_shapes_are_understood() {
    let cases = [
        ("==", json!(1), feature("x").eq(1)),
        ("eq", json!(1), feature("x").eq(1)),
        ("Equals", json!(1), feature("x").eq(1)),
        ("<>", json!(1), feature("x").ne(1)),
        ("not_equal", json!(1), feature("x").ne(1)),
        ("gte", json!(1), feature("x").ge(1)),
        ("greaterThanOrEqual", json!(1), feature("x").ge(1)),
        ("less or equal", json!(1), feature("x").le(1)),
        ("≤", json!(1), feature("x").le(1)),
        ("before", json!({"date": "2026-01-31"}), feature("x").before("2026-01-31")),
        ("notIn", json!([1]), feature("x").is_not_in([1])),
        ("is not in", json!([1]), feature("x").is_not_in([1])),
        ("notBetween", json!([1, 2]), !feature("x").between(1, 2)),
        ("beginsWith", json!("a"), feature("x").starts_with("a")),
        ("doesNotContain", json!("a"), !feature("x").contains("a")),
        ("not_ends_with", json!("a"), !feature("x").ends_with("a")),
        ("isNull", json!(null), feature("x").is_missing()),
        ("is_not_null", json!(null), feature("x").is_present()),
        ("ends with", json!(""), feature("x").contains("")),
    ];
    for (op, value, predicate) in cases {
        assert_eq!(
            read(&json!({"value": value, "any_case": null, "op": op, "feature": "x"})),
            predicate,
            "{op}"
        );
    }
    let ne = json!({"feature": "x", "op": "!=", "value": "a", "any_case": true});
    assert_eq!(read(&ne), !feature("x").any_case().eq("a"));
    let nested = json!({"all": [{"segment": "a"}, {"all": [{"segment": "b"}, {"all": []}, {"any": [{"segment": "c"}]}]}]});
    assert_eq!(read(&nested).to_string(), "IN_SEGMENT('a') AND IN_SEGMENT('b') AND IN_SEGMENT('c')");
}

#[test]
fn errors_name_the_place() {
    let x = |op: &str| json!({"feature": "x", "op": op});
    let cases = [
        (
            json!({"all": [{"segment": "a"}, x("is missing"), {"not": x(">")}]}),
            "all[2].not: `>` needs a number",
        ),
        (
            json!({"all": [{"not": {"any": [x("contians")]}}]}),
            "all[0].not.any[0]: there is no op `contians`; did you mean `contains`?",
        ),
        (json!({"not": x("~=~")}), "not: there is no op `~=~`; there are =, !=, "),
        (x("is never"), "there is no op `is never`"),
        (json!({"featur": "x"}), "there is no key `featur`; did you mean `feature`?"),
        (json!({"all": [{}]}), "all[0]: expected a predicate at all[0]: an object with `all`, "),
        (json!({}), "expected a predicate: an object with"),
        (
            json!("gross > 500"),
            "invalid type: string \"gross > 500\", expected a predicate: an object with `all`",
        ),
        (json!({"any": [1]}), "invalid type: integer `1`, expected a predicate at any[0]: an object"),
        (json!({"any": {"segment": "x"}}), "invalid type: map, expected a list of predicates at any"),
        (json!({"feature": 1, "op": "="}), "feature: invalid type: integer `1`, expected a string"),
        (json!({"not": {"segment": null}}), "not.segment: invalid type: null"),
        (json!({"all": [], "any": []}), "`all` and `any` do not go together"),
        (json!({"feature": "x", "bucket": "y", "op": "="}), "`feature` and `bucket` do not go together"),
        (json!({"segment": "x", "op": "="}), "`op` does not go with `segment`"),
        (json!({"feature": "x", "op": "=", "value": 1, "least": 1}), "`least` does not go with `feature`"),
        (json!({"feature": "x", "value": 1}), "`feature` needs `op`"),
        (json!({"score": []}), "`score` needs `least`"),
        (json!({"score": [{"points": 1}], "least": 1}), "score[0]: an entry of a score needs `if`"),
        (
            json!({"score": [{"if": {"segment": "x"}}], "least": 1}),
            "score[0]: an entry of a score needs `points`",
        ),
        (
            json!({"score": [{"point": 1}], "least": 1}),
            "score[0]: there is no key `point`; did you mean `points`?",
        ),
        (
            json!({"score": [{"points": 1.5}], "least": 1}),
            "score[0].points: invalid type: floating point `1.5`, expected i32",
        ),
        (json!({"score": [{"points": 1, "if": x("~")}], "least": 1}), "score[0].if: there is no op"),
        (json!({"feature": "x", "op": "=", "value": [1]}), "`=` needs one value, and not a list,"),
        (json!({"feature": "x", "op": "in", "value": 1}), "`in` needs a list of values"),
        (
            json!({"feature": "x", "op": "in", "value": [[1]]}),
            "value: invalid type: sequence, expected a number, a text",
        ),
        (
            json!({"feature": "x", "op": "between", "value": [1, 2, 3]}),
            "`between` needs a list of two values",
        ),
        (json!({"feature": "x", "op": "contains", "value": 1}), "`contains` needs a text"),
        (json!({"feature": "x", "op": "is missing", "value": 1}), "`is missing` needs nothing"),
        (json!({"feature": "x", "op": "anniversary in days", "value": 1.5}), "needs a whole number of days"),
        (json!({"feature": "x", "op": ">", "value": 1, "any_case": true}), "`any_case` does not go with `>`"),
        (
            json!({"feature": "x", "op": ">", "value": {"day": -90}}),
            "value: there is no kind of value `day`; did you mean `days`?",
        ),
        (json!({"feature": "x", "op": ">", "value": {}}), "value: a value has one of the words"),
        (
            json!({"feature": "x", "op": ">", "value": {"days": 1, "months": 1}}),
            "value: a value has one of the words",
        ),
        (json!({"feature": "x", "op": ">", "value": {"days": 1.5}}), "value: invalid type: floating point"),
        (
            json!({"feature": "x", "op": ">", "value": {"percentile": {"percentile": 1}}}),
            "value: invalid type: map, expected a number",
        ),
        (json!({"feature": "x", "op": ">", "value": {"exact": {"value": 1.0, "bits": "00"}}}), "hexadecimal"),
        (
            json!({"not": {"behaviour": {"count": {"visits": []}}, "op": ">"}}),
            "not.behaviour: unknown variant `visits`",
        ),
    ];
    for (json, problem) in cases {
        let refused = serde_json::from_value::<Predicate>(json.clone()).unwrap_err().to_string();
        assert!(refused.contains(problem), "{json}: {refused}");
        let from_text = serde_json::from_str::<Predicate>(&json.to_string()).unwrap_err().to_string();
        assert!(from_text.contains(problem) && from_text.contains("line 1"), "{json}: {from_text}");
    }
    let twice = r#"{"segment":"x","segment":"y"}"#;
    let refused = serde_json::from_str::<Predicate>(twice).unwrap_err().to_string();
    assert!(refused.contains("`segment` is there twice"), "{refused}");
}

#[test]
fn what_is_too_deep_is_refused_whichever_way_it_goes() {
    let depth = Predicate::MAX_DEPTH;
    // The form of most values inside each other that each level and the leaf can have.
    let behaviour =
        kohort::features::Behaviour::events(["clicked"]).then(kohort::features::Behaviour::orders(), 7);
    let leaf = || kohort::segment::rules::did(behaviour.clone()).at_least(1);
    let deep = |levels| (0..levels).fold(leaf(), |inner, _| Predicate::score([(1, inner)], 1));
    let predicate = deep(depth);
    let written = serde_json::to_string(&predicate).unwrap();
    assert_eq!(serde_json::from_str::<Predicate>(&written).unwrap(), predicate);
    // What stores it has room around it, also where its keys were sorted.
    let rules = Rules::builder().rule("deep", predicate).build().unwrap();
    let stored = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<Rules>(&stored).unwrap(), rules);
    let keys_sorted = sorted(serde_json::from_str(&stored).unwrap(), true).to_string();
    assert_eq!(serde_json::from_str::<Rules>(&keys_sorted).unwrap(), rules);
    let inside_more = format!("{}{stored}{}", "[".repeat(10), "]".repeat(10));
    assert!(serde_json::from_str::<serde_json::Value>(&inside_more).is_ok());

    for levels in [depth + 1, 100_000] {
        let predicate = (0..levels).fold(segment("x"), |inner, _| !inner);
        let refused = serde_json::to_string(&predicate).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("{levels} levels of conditions, of which a rule has at most 32")),
            "{refused}"
        );
        let mut bytes = Vec::new();
        assert!(
            ciborium::into_writer(&predicate, &mut bytes).unwrap_err().to_string().contains("at most 32")
        );
    }
    // A value in memory protects no stack of its own.
    for (before, after) in
        [(r#"{"not":"#, "}"), (r#"{"all":["#, "]}"), (r#"{"score":[{"points":1,"if":"#, r#"}],"least":1}"#)]
    {
        let levels = if before.contains('[') { 40 } else { 100 };
        let nested = format!("{}{{}}{}", before.repeat(levels), after.repeat(levels));
        let refused = Predicate::deserialize(serde_json::from_str::<serde_json::Value>(&nested).unwrap())
            .unwrap_err()
            .to_string();
        assert!(refused.contains("33 levels of conditions"), "{refused}");
    }
    let text = format!("{}1", r#"{"not":"#.repeat(1_000_000));
    assert!(serde_json::from_str::<Predicate>(&text).is_err());
}

#[test]
fn nodes_that_are_no_tree_are_refused() {
    let leaf = json!({"Segment": "x"});
    let matches = |place: &str, text: &str| {
        json!([{"Condition": {
            "source": {"Feature": "x"},
            "test": {"Matches": {"place": place, "text": text, "letters": "AsWritten"}},
        }}])
    };
    let cases = [
        (json!([]), "0 predicates stand for one"),
        (json!([leaf, leaf]), "2 predicates stand for one"),
        (json!(["Not"]), "node 0 of a predicate has more children than stand before it"),
        (json!([leaf, {"All": 2}]), "node 1 of a predicate has more children"),
        (json!([leaf, leaf, {"Any": u64::MAX}]), "node 2 of a predicate has more children"),
        (json!([leaf, {"Score": {"points": [1, 2], "least": 1}}]), "node 1 of a predicate has more children"),
        (json!([leaf, {"All": 1}]), "another form"),
        (
            json!([leaf, leaf, {"All": 2}, leaf, {"All": 2}]),
            "node 4 of a predicate is written in another form",
        ),
        (json!([{"Any": 0}, leaf, {"Any": 2}]), "another form"),
        (matches("Whole", "a"), "another form"),
        (matches("End", ""), "another form"),
        (json!([leaf, {"Xor": 1}]), "unknown variant"),
    ];
    for (nodes, problem) in cases {
        let refused = ciborium::from_reader::<Predicate, _>(&*cbor(&nodes)).unwrap_err().to_string();
        assert!(refused.contains(problem), "{nodes}: {refused}");
    }
    let deep: Vec<serde_json::Value> =
        std::iter::once(leaf.clone()).chain((0..100_000).map(|_| json!("Not"))).collect();
    let refused = ciborium::from_reader::<Predicate, _>(&*cbor(&deep)).unwrap_err().to_string();
    assert!(refused.contains("100000 levels"), "{refused}");
    assert!(ciborium::from_reader::<Predicate, _>(&*cbor(&json!([leaf]))).is_ok());
}
