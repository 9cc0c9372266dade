//! A stored model means the same wherever it is read, and a damaged one is refused.

use approx::assert_relative_eq;
use kohort::Money;
use kohort::lookalike::{Lookalike, LookalikeModel, ScorerKind, Seed};
use kohort::segment::{CustomerFeatures, feature};
use serde_json::{Value, json};

use super::model::{Shape, table_of};

const V0_1: &str = include_str!("../../fixtures/v0.1/lookalike_model.json");

/// The expected numbers were computed from the file by an independent program.
#[test]
fn the_lookalike_model_of_version_0_1_gives_the_same_scores() {
    let model: LookalikeModel = serde_json::from_str(V0_1).unwrap();
    for (orders, gross, recency, country, expected) in [
        (3, "250", Some(100.0), Some("DE"), 0.499_581_891_322_804),
        (1, "2000", None, Some("CH"), 0.019_328_629_121_062_28),
        (9, "900.50", Some(20.0), Some("AT"), 0.012_576_212_687_706_746),
        (2, "1200", Some(5.0), Some("JP"), 0.799_863_243_105_442_5),
        (4, "700", Some(60.0), None, 0.007_541_941_366_917_084),
    ] {
        let customer =
            CustomerFeatures::builder().count("orders", orders).money("gross", Money::parse(gross).unwrap());
        let customer = match recency {
            Some(days) => customer.number("recency_days", days),
            None => customer.missing("recency_days"),
        };
        let customer = match country {
            Some(country) => customer.text("country", country),
            None => customer.missing("country"),
        };
        let found = model.score_one(&customer.build().unwrap()).unwrap();
        assert_relative_eq!(found, expected, max_relative = 1e-11);
    }
    assert_eq!((model.scorer(), model.seed().seeds), (ScorerKind::Logistic, 352));
}

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

fn bits(number: f64) -> String {
    format!("{:016x}", number.to_bits())
}

/// Who is erased is in no stored byte of the model any more, and the others are scored as before where nothing was hers alone.
#[test]
fn erased_seeds_leave_the_model() {
    let table = table_of(&Shape { customers: 3_000, ..Shape::default() });
    for scorer in SCORERS {
        let model = model_of(scorer);
        let scores = model.score(&table).unwrap();
        let seeds: Vec<_> = scores.seeds().ones().map(|row| table.ids().id(row)).collect();
        let (without, erased) = model.without_customers(&seeds[..5]).unwrap();
        assert_eq!(erased, 5);
        let left = without.score(&table).unwrap();
        assert_eq!(left.seeds().count(), seeds.len() - 5);
        if scorer == ScorerKind::NearestSeeds {
            let rows = |model: &LookalikeModel| {
                let stored = serde_json::to_value(model).unwrap();
                let of = |part: &str| stored.pointer(part).unwrap().as_array().unwrap().clone();
                (of("/model/scorer/nearest/seeds"), of("/model/scorer/nearest/background"))
            };
            let ((before, others), (after, others_after)) = (rows(&model), rows(&without));
            let dims = before.len() / seeds.len();
            assert_eq!((&before[5 * dims..], others), (&after[..], others_after));
            assert!(model.without_customers(&seeds).is_err(), "no seed would be left to be near to");
        } else {
            assert_eq!(left.log_odds(), scores.log_odds());
            assert_eq!(model.without_customers(&seeds).unwrap().1, seeds.len());
        }
        let text = serde_json::to_string(&without).unwrap();
        assert_eq!(serde_json::from_str::<LookalikeModel>(&text).unwrap(), without, "{scorer}");
    }
}

#[test]
fn damaged_models_are_refused() {
    let stored = serde_json::to_value(model_of(ScorerKind::Logistic)).unwrap();
    let read =
        |stored: Value| serde_json::from_value::<LookalikeModel>(stored).map_err(|error| error.to_string());
    assert!(read(stored.clone()).is_ok());
    for (place, value, part) in [
        ("/kind", json!("rfm"), "rfm"),
        ("/version", json!(2), "update kohort"),
        ("/version", json!(0), "version 0"),
        ("/model/features", json!([]), "no feature"),
        (
            "/model/features/0/kind/number/spread",
            json!({ "value": 0.0, "bits": "0000000000000000" }),
            "positive",
        ),
        (
            "/model/features/0/kind/number/spread",
            json!({ "value": 1e-320, "bits": bits(1e-320) }),
            "positive",
        ),
        ("/model/features/3/kind/levels/levels", json!(["DE", "AT", "CH"]), "ascend"),
        (
            "/model/features/3",
            json!({ "name": "country", "kind": { "levels": { "levels": [], "other": false } }, "indicator": false }),
            "no dimension",
        ),
        ("/model/scorer/linear/intercept", json!({ "value": 1e101, "bits": bits(1e101) }), "up to"),
        ("/model/slope", json!({ "value": 1e300, "bits": bits(1e300) }), "1e100"),
        ("/model/scorer/linear/weights", json!([]), "as many"),
        ("/model/typical", json!([]), "dimensions"),
        ("/model/seeds/Numbers", json!([3, 1]), "ascend"),
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
