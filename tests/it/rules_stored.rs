//! Rules, waterfalls and their models through serde: equal when they come back, refused when they are damaged.

use kohort::segment::{
    Operand, Predicate, Rules, RulesModel, Segmenter, Undecided, Waterfall, WaterfallModel, bucket, days_ago,
    feature, percentile, segment,
};
use kohort::{AudienceSet, Error};
use serde_json::{Value, json};

use crate::customers::customers;

fn rules() -> Rules {
    Rules::builder()
        .rule("big", feature("net").above_percentile(80.0).and(feature("orders").top(900)))
        .rule("middle", feature("net").between(percentile(25.0), percentile(75.0)).and(!segment("big")))
        .rule("held out", bucket("spring").lt(0.1).or(feature("return_rate").bottom(100)))
        .build()
        .unwrap()
}

fn waterfall() -> Waterfall {
    Waterfall::builder()
        .step("big", feature("net").above_percentile(90.0))
        .step("returns", feature("return_rate").gt(0.3))
        .rest("others")
        .undecided(Undecided::Segment("nobody can say".to_owned()))
        .build()
        .unwrap()
}

/// The same value with the keys of every object in their order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            Value::Object(names.into_iter().map(|name| (name.clone(), sorted(&fields[name]))).collect())
        }
        Value::Array(values) => values.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[test]
fn what_a_page_states_becomes_rules() {
    let page = json!({"rules": [
        {"name": "big", "if": {"feature": "net", "op": ">", "value": {"percentile": 90}}},
        {"name": "slipping", "if": {"all": [{"segment": "big"}, {"feature": "recency_days", "op": ">", "value": 180}]}},
    ]});
    let read: Rules = serde_json::from_value(page).unwrap();
    let slipping = segment("big").and(feature("recency_days").gt(180));
    let stated =
        Rules::builder().rule("big", feature("net").above_percentile(90.0)).rule("slipping", slipping);
    assert_eq!(read, stated.build().unwrap());
    let steps = json!({"steps": [{"name": "new", "if": {"feature": "tenure_days", "op": "<", "value": 90}}], "rest": "others"});
    let read: Waterfall = serde_json::from_value(steps).unwrap();
    let stated = Waterfall::builder().step("new", feature("tenure_days").lt(90)).rest("others");
    assert_eq!(read, stated.build().unwrap());
}

#[test]
fn what_is_stored_comes_back() {
    let table = customers(2_000, 7);
    let model = rules().fit(&table).unwrap();
    let json = serde_json::to_value(&model).unwrap();
    for json in [&json, &sorted(&json)] {
        let loaded: RulesModel = serde_json::from_str(&json.to_string()).unwrap();
        assert_eq!(loaded, model);
        let next_month = customers(1_500, 8);
        assert_eq!(loaded.evaluate(&next_month).unwrap(), model.evaluate(&next_month).unwrap());
    }
    assert_eq!(serde_json::from_str::<Rules>(&serde_json::to_string(&rules()).unwrap()).unwrap(), rules());
    let (stated, fitted) = (waterfall(), waterfall().fit(&table).unwrap());
    assert_eq!(serde_json::from_str::<Waterfall>(&serde_json::to_string(&stated).unwrap()).unwrap(), stated);
    assert_eq!(
        serde_json::from_str::<WaterfallModel>(&serde_json::to_string(&fitted).unwrap()).unwrap(),
        fitted
    );
    let audiences = model.evaluate(&table).unwrap();
    let json = serde_json::to_string(&audiences).unwrap();
    assert_eq!(serde_json::from_str::<AudienceSet>(&json).unwrap(), audiences);
}

/// A stored value with something else at a place.
fn with(mut value: Value, place: &str, other: Value) -> Value {
    *value.pointer_mut(place).unwrap_or_else(|| panic!("no {place}")) = other;
    value
}

#[test]
fn damaged_models_are_refused_with_the_reason() {
    let table = customers(2_000, 7);
    let model = serde_json::to_value(rules().fit(&table).unwrap()).unwrap();
    let cuts = model["model"]["cuts"].as_array().unwrap().clone();
    assert_eq!(cuts.len(), 5);
    let fewer = json!(cuts[1..]);
    let other = with(cuts[0].clone(), "/feature", json!("orders "));
    for (damaged, reason) in [
        (with(model.clone(), "/model/cuts", fewer), "its 4 cut points are not the 5 of its rules"),
        (with(model.clone(), "/model/cuts/0", other), "cut points are not the 5"),
        (with(model.clone(), "/model/rules/1/name", json!("big")), "distinct names"),
        (with(model.clone(), "/model/rules", json!([])), "at least one rule"),
        (with(model.clone(), "/model/rules/0/if", json!({"segment": "middle"})), "circle"),
        (with(model.clone(), "/model/rules/0/if", json!({"segment": "bog"})), "did you mean `big`"),
        (with(model.clone(), "/version", json!(2)), "version"),
        (with(model.clone(), "/kind", json!("waterfall")), "waterfall"),
    ] {
        let refused = serde_json::from_value::<RulesModel>(damaged.clone()).unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused} does not say {reason}");
    }
    let steps = serde_json::to_value(waterfall().fit(&table).unwrap()).unwrap();
    for (damaged, reason) in [
        (with(steps.clone(), "/model/rest", json!("big")), "no other segment has"),
        (with(steps.clone(), "/model/undecided", json!({"segment": " "})), "no other segment has"),
        (with(steps.clone(), "/model/cuts", json!([])), "its 0 cut points are not the 1"),
    ] {
        let refused = serde_json::from_value::<WaterfallModel>(damaged).unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused} does not say {reason}");
    }
    let audiences = serde_json::to_value(rules().fit(&table).unwrap().evaluate(&table).unwrap()).unwrap();
    for (place, other) in [
        ("/names", json!(["a"])),
        ("/names/1", json!("big")),
        ("/matches/0/holds", json!({"words": [1], "len": 1})),
    ] {
        assert!(
            serde_json::from_value::<AudienceSet>(with(audiences.clone(), place, other)).is_err(),
            "{place}"
        );
    }
    let both = audiences.pointer("/matches/2/holds").unwrap().clone();
    assert!(serde_json::from_value::<AudienceSet>(with(audiences, "/matches/2/unknown", both)).is_err());
}

#[test]
fn cut_points_stay_those_of_the_fit() {
    let (last_month, next_month) = (customers(2_000, 7), customers(3_000, 9));
    let model = rules().fit(&last_month).unwrap();
    let mut net: Vec<f64> =
        (0..2_000).filter_map(|row| last_month.column("net").unwrap().number(row)).collect();
    net.sort_unstable_by(f64::total_cmp);
    // Type 7: place 0.8·(n − 1), linear between its neighbours.
    let place = 0.8 * (net.len() - 1) as f64;
    let (low, fraction) = (place.floor() as usize, place - place.floor());
    let cut = net[low] + fraction * (net[low + 1] - net[low]);
    let audiences = model.evaluate(&next_month).unwrap();
    let mut orders: Vec<f64> =
        (0..2_000).map(|row| last_month.column("orders").unwrap().number(row).unwrap()).collect();
    orders.sort_unstable_by(|a, b| b.total_cmp(a));
    let expected = (0..3_000).filter(|row| {
        let of = |feature| next_month.column(feature).unwrap().number(*row).unwrap();
        of("net") > cut && of("orders") >= orders[899]
    });
    assert_eq!(audiences.mask("big").unwrap().ones().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn a_waterfall_gives_the_first_that_holds_and_keeps_the_undecided_apart() {
    let table = customers(3_000, 10);
    let stated = waterfall();
    let model = stated.fit(&table).unwrap();
    let segments = model.segment(&table).unwrap();
    assert_eq!(segments.names(), ["big", "returns", "others", "nobody can say"]);
    let overlapping = stated.rules().fit(&table).unwrap().evaluate(&table).unwrap();
    for row in 0..table.len() {
        let of = |name| overlapping.matches(name).unwrap().truth(row).to_string();
        let expected = match (of("big").as_str(), of("returns").as_str()) {
            ("yes", _) => "big",
            ("unknown", _) | (_, "unknown") => "nobody can say",
            (_, "yes") => "returns",
            _ => "others",
        };
        assert_eq!(segments.name_at(row), Some(expected), "row {row}");
    }
    assert!(segments.sizes().iter().all(|size| *size > 0), "{segments}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let of = |predicate: Predicate| Rules::builder().rule("it", predicate).build().map(|_| ());
    let own = || feature("net");
    let no_number: [f64; 0] = [];
    let refused: [(Predicate, &str); 16] = [
        (own().above_percentile(101.0), "percentile"),
        (own().above_percentile(-1.0), "percentile"),
        (own().above_percentile(f64::NAN), "percentile"),
        (own().top(0), "top"),
        (own().gt(f64::INFINITY), "number"),
        (own().is_in(no_number), "in"),
        (own().is_in([kohort::segment::Value::Number(1.0), "x".into()]), "in"),
        (own().between(5, 3), "between"),
        (own().between(days_ago(10), days_ago(20)), "between"),
        (own().gt(true), "flag"),
        (own().anniversary_in_days(0), "days"),
        (feature(" ").is_missing(), "feature"),
        (bucket("x").above_percentile(50.0), "bucket"),
        (Predicate::score([], 1), "score"),
        (segment("other"), "other"),
        (own().before("yesterday"), "yesterday"),
    ];
    for (predicate, says) in refused {
        let text = predicate.to_string();
        let refused = of(predicate).unwrap_err().to_string();
        assert!(refused.contains(&format!("`{says}`")), "{text}: {refused}");
    }
    let deep = (0..3_000).fold(own().is_missing(), |deep, _| !(deep.or(own().is_present())));
    assert!(matches!(of(deep), Err(Error::Setting { setting: "rule", .. })));
    assert!(Rules::builder().build().is_err());
    for names in [["a", "a"], ["a", " "]] {
        assert!(Rules::builder().rules(names.map(|name| (name, own().is_missing()))).build().is_err());
    }
    let circle = Rules::builder()
        .rule("a", segment("b"))
        .rule("b", !segment("c"))
        .rule("c", segment("a").or(segment("c")));
    match circle.build() {
        Err(Error::RuleCycle { path }) => assert_eq!(path, ["a", "b", "c", "a"]),
        other => panic!("{other:?}"),
    }
    for waterfall in [
        Waterfall::builder().rest("x"),
        Waterfall::builder().step("x", own().is_missing()).rest("x"),
        Waterfall::builder().step("x", own().is_missing()).undecided(Undecided::Segment("rest".into())),
    ] {
        assert!(waterfall.build().is_err());
    }
}

#[test]
fn what_does_not_fit_a_table_is_named() {
    let table = customers(100, 1);
    let refused = |predicate: Predicate| predicate.evaluate(&table).unwrap_err().to_string();
    assert!(refused(feature("nett").gt(1)).contains("did you mean `net`"));
    assert!(refused(feature("net").gt("much")).contains("`net` is money"));
    assert!(refused(feature("net").contains("x")).contains("expected a category"));
    assert!(refused(feature("net").within_days(9)).contains("`net` is money; expected a time"));
    assert!(refused(feature("net").is_yes()).contains("expected a flag"));
    let operand: Operand = feature("orders");
    assert!(refused(operand.anniversary_this_month()).contains("expected a time"));
}
