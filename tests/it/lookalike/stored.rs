//! A stored model means the same wherever it is read, and a damaged one is refused.

use kohort::lookalike::{Lookalike, LookalikeModel, ScorerKind, Seed};
use kohort::segment::feature;
use serde_json::{Value, json};

use super::model::{Shape, table_of};

pub(super) fn model_of(scorer: ScorerKind) -> LookalikeModel {
    let table = table_of(&Shape { customers: 3_000, ..Shape::default() });
    let rule = feature("recency_days").lt(200).and(feature("country").ne("AT")).and(feature("gross").gt(100));
    let lookalike = Lookalike::builder().scorer(scorer).build().unwrap();
    lookalike.fit(&table, &Seed::matching(rule).valued_by("gross")).unwrap()
}

const SCORERS: [ScorerKind; 5] = [
    ScorerKind::Logistic,
    ScorerKind::WeightOfEvidence,
    ScorerKind::Discriminant,
    ScorerKind::Mixture,
    ScorerKind::NearestSeeds,
];

#[test]
fn a_model_that_was_stored_scores_to_the_bit_as_before() {
    let table = table_of(&Shape { customers: 2_500, seed: 7, ..Shape::default() });
    for scorer in SCORERS {
        let model = model_of(scorer);
        let text = serde_json::to_string(&model).unwrap();
        let from_text: LookalikeModel = serde_json::from_str(&text).unwrap();
        let mut bytes = Vec::new();
        ciborium::into_writer(&model, &mut bytes).unwrap();
        let from_bytes: LookalikeModel = ciborium::from_reader(&bytes[..]).unwrap();
        // JSON libraries that sort fields put the model before its kind.
        let sorted: LookalikeModel = serde_json::from_value(serde_json::from_str(&text).unwrap()).unwrap();
        for read in [from_text, from_bytes, sorted] {
            assert_eq!(read, model, "{scorer}");
            assert_eq!(read.score(&table).unwrap(), model.score(&table).unwrap(), "{scorer}");
        }
    }
}

#[test]
fn damaged_models_are_refused() {
    let stored = serde_json::to_value(model_of(ScorerKind::Logistic)).unwrap();
    let read =
        |stored: Value| serde_json::from_value::<LookalikeModel>(stored).map_err(|error| error.to_string());
    assert!(read(stored.clone()).is_ok());
    let nan = serde_json::to_value(f64::NAN.to_bits()).unwrap();
    for (place, value, part) in [
        ("/kind", json!("rfm"), "rfm"),
        ("/version", json!(2), "update kohort"),
        ("/version", json!(0), "version 0"),
        ("/model/features", json!([]), "no feature"),
        ("/model/features/0/kind/number/spread", json!({ "value": 0.0, "bits": 0.0_f64.to_bits() }), ""),
        ("/model/features/3/kind/levels/levels", json!(["DE", "AT", "CH"]), "ascend"),
        ("/model/scorer/linear/weights", json!([]), "dimensions"),
        ("/model/typical", json!([]), "dimensions"),
        ("/model/seeds/numbers", json!([3, 1]), "ascend"),
        ("/model/slope", nan, ""),
    ] {
        let mut damaged = stored.clone();
        *damaged.pointer_mut(place).unwrap_or_else(|| panic!("{place} in {stored}")) = value;
        let refused = read(damaged).unwrap_err();
        assert!(refused.contains(part), "{place}: {refused}");
    }
    for field in stored["model"].as_object().unwrap().keys() {
        let mut damaged = stored.clone();
        damaged["model"].as_object_mut().unwrap().remove(field);
        assert!(field == "penalty" || read(damaged).is_err(), "a model without `{field}` was read");
    }
}
