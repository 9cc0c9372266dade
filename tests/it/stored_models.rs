//! Stored models of earlier releases still load and give the answers they gave; damaged ones are refused.
//!
//! The files under `tests/fixtures` are never made anew: each is what the release in its path has written.

use kohort::segment::{
    KMeansModel, Rfm, RfmModel, RulesModel, Segmenter, StarterModel, StarterSegments, WaterfallModel,
};
use serde_json::Value;

use crate::customers::customers;

const RFM_V0_1: &str = include_str!("../fixtures/v0.1/rfm_model.json");
const KMEANS_V0_1: &str = include_str!("../fixtures/v0.1/kmeans_model.json");
const RULES_V0_1: &str = include_str!("../fixtures/v0.1/rules_model.json");
const WATERFALL_V0_1: &str = include_str!("../fixtures/v0.1/waterfall_model.json");
const STARTER_V0_1: &str = include_str!("../fixtures/v0.1/starter_model.json");

/// Sums up positions so that any change shows.
fn fingerprint(values: impl IntoIterator<Item = u64>) -> u64 {
    values
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, value| (hash ^ value).wrapping_mul(0x0100_0000_01b3))
}

fn segments_of(model: &dyn Segmenter) -> u64 {
    let segments = model.segment(&customers(2_500, 41)).unwrap();
    fingerprint((0..segments.len()).map(|row| segments.position(row).map_or(99, |position| position as u64)))
}

#[test]
fn the_rfm_model_of_version_0_1_gives_the_same_scores() {
    let model: RfmModel = serde_json::from_str(RFM_V0_1).unwrap();
    let scores = model.scores(&customers(2_500, 41)).unwrap();
    assert_eq!(scores.codes()[..8], [2440, 4114, 5221, 3133, 1435, 1453, 3554, 4232]);
    assert_eq!(fingerprint(scores.codes().into_iter().map(u64::from)), 2_745_618_011_519_129_264);
    assert_eq!(segments_of(&model), 1_104_078_418_624_049_643);
    assert_eq!(model.customers(), 1_945);
    let names = ["rich but returning", "Stammkunden", "the rest"];
    assert_eq!(model.segment_names(), names);
}

#[test]
fn the_starter_model_of_version_0_1_gives_the_same_segments() {
    let model: StarterModel = serde_json::from_str(STARTER_V0_1).unwrap();
    assert_eq!(segments_of(&model), 2_299_011_954_015_420_586);
    assert_eq!(model.segment_names(), ["rich but returning", "high-spend", "loyal", "rest"]);
    assert_eq!(model.dropped().len(), 2);
}

#[test]
fn the_kmeans_model_of_version_0_1_gives_the_same_segments() {
    let model: KMeansModel = serde_json::from_str(KMEANS_V0_1).unwrap();
    let segments = model.segment(&customers(2_500, 41)).unwrap();
    assert_eq!((segments.sizes(), segments.unassigned()), (vec![738, 668, 535, 485], 74));
    let names =
        ["high recency_days, low orders", "high orders, high net", "low net, low orders", "low recency_days"];
    assert_eq!(model.segment_names(), names);
    assert!(model.prices().is_some_and(|prices| prices.len() == 4));
}

#[test]
fn the_rules_of_version_0_1_give_the_same_audiences() {
    let model: RulesModel = serde_json::from_str(RULES_V0_1).unwrap();
    let audiences = model.evaluate(&customers(2_500, 41)).unwrap();
    assert_eq!(audiences.names(), ["big", "middle", "held out", "points", "flags", "lists"]);
    assert_eq!(audiences.sizes(), [485, 1250, 369, 1070, 2426, 10]);
}

#[test]
fn the_waterfall_of_version_0_1_gives_the_same_segments() {
    let model: WaterfallModel = serde_json::from_str(WATERFALL_V0_1).unwrap();
    let segments = model.segment(&customers(2_500, 41)).unwrap();
    assert_eq!(segments.names(), ["big", "returns", "others", "nobody can say"]);
    assert_eq!(segments.sizes(), [250, 1366, 593, 291]);
}

/// What is written today is read the same, whatever order a JSON library puts the keys in.
#[test]
fn sorted_keys_do_not_matter() {
    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(entries) => {
                let mut entries: Vec<(String, Value)> = entries.into_iter().collect();
                entries.sort_by(|a, b| b.0.cmp(&a.0));
                Value::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect())
            }
            Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
            other => other,
        }
    }
    let table = customers(2_000, 40);
    let rfm = Rfm::builder().build().unwrap().fit(&table).unwrap();
    let json = sorted(serde_json::to_value(&rfm).unwrap()).to_string();
    assert!(json.starts_with(r#"{"version":1,"model":"#), "{json}");
    assert_eq!(serde_json::from_str::<RfmModel>(&json).unwrap(), rfm);
    let starter = StarterSegments::builder().build().unwrap().fit(&table).unwrap();
    let json = sorted(serde_json::to_value(&starter).unwrap()).to_string();
    assert_eq!(serde_json::from_str::<StarterModel>(&json).unwrap(), starter);
}

/// The stored model with the value at a path replaced.
fn damaged(json: &str, path: &str, value: Value) -> String {
    let mut stored: Value = serde_json::from_str(json).unwrap();
    *stored.pointer_mut(path).unwrap_or_else(|| panic!("{path} is in the file")) = value;
    stored.to_string()
}

#[test]
fn damaged_rfm_models_are_refused_with_the_reason() {
    use serde_json::json;
    for (path, value, reason) in [
        ("/kind", json!("starter_segments"), "stored rfm cannot be read: it is a stored `starter_segments`"),
        ("/version", json!(2), "it is of version 2, and this release reads up to 1; update kohort"),
        ("/version", json!("1"), "invalid type"),
        ("/model/mode", json!("neested"), "unknown variant `neested`"),
        ("/model/recency/bins", json!(0), "expected 1 to 99 bins"),
        ("/model/recency/bins", json!(4), "the recency axis has"),
        ("/model/recency/bins_found", json!(6), "the recency axis has 6 of 5 bins"),
        (
            "/model/monetary/cut_points",
            json!([]),
            "the monetary axis has 0 groups of cut points instead of 1",
        ),
        ("/model/monetary/cut_points/0/1/value", json!(0), "its bits say"),
        ("/model/monetary/cut_points/0/3/bits", json!("7ff0000000000000"), "not finite"),
        (
            "/model/monetary/cut_points/0/0",
            json!({"value": 1e9, "bits": format!("{:016x}", 1e9_f64.to_bits())}),
            "cut points that do not ascend",
        ),
        ("/model/return_rate", Value::Null, "bounds on the return rate score, which is not computed"),
        ("/model/segments/boxes/boxes/0/monetary", json!([4, 6]), "with scores up to 5"),
        ("/model/segments/boxes/rest", json!(""), "names with text"),
    ] {
        let refused =
            serde_json::from_str::<RfmModel>(&damaged(RFM_V0_1, path, value)).unwrap_err().to_string();
        assert!(refused.contains(reason), "{path}: {refused}");
    }
}

#[test]
fn damaged_starter_models_are_refused_with_the_reason() {
    use serde_json::json;
    for (path, value, reason) in [
        ("/model/segments/0/conditions", json!([]), "has no condition"),
        ("/model/segments/0/segment", json!("loyal"), "not in their order"),
        ("/model/segments/2/segment", json!("occasional"), "the rest has a condition"),
        ("/model/segments/1/name", json!("rest"), "distinct names"),
        ("/model/segments/1/conditions/0/bound/bits", json!("0"), "hexadecimal"),
        ("/model/segments/1/conditions/0/comparison", json!("about"), "unknown variant"),
    ] {
        let refused = serde_json::from_str::<StarterModel>(&damaged(STARTER_V0_1, path, value)).unwrap_err();
        assert!(refused.to_string().contains(reason), "{path}: {refused}");
    }
}
