//! Stored lags of returns: that of an earlier release still loads, and damaged ones are refused.

use kohort::economics::returns::{ReturnLag, ReturnLagModel};
use kohort::synthetic::Shop;
use kohort::{Attribute, FeatureExtractor};
use serde_json::{Value, json};

/// Never made anew: it is what the release in its path has written.
const V0_1: &str = include_str!("../../../fixtures/v0.1/return_lag_model.json");

#[test]
fn the_lag_of_version_0_1_gives_the_same_exposure() {
    let model: ReturnLagModel = serde_json::from_str(V0_1).unwrap();
    let levels: Vec<(&str, u32)> =
        model.levels().map(|(level, curve)| (level, curve.days_until(0.95))).collect();
    assert_eq!(levels, [("dresses", 18), ("jeans", 20), ("shoes", 24)]);
    assert_eq!((model.curve().returns(), model.curve().late_returns()), (1_776, 35));
    let log = Shop::builder().customers(300).seed(2).days(60).build().unwrap().generate().unwrap().log;
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap()).return_lag(&model).build().unwrap();
    let table = extractor.extract(&log).unwrap();
    let exposed = table.column("lines_exposed").unwrap();
    let total: f64 = (0..table.len()).filter_map(|row| exposed.number(row)).sum();
    assert_eq!(total.to_string(), "2045.0625");
}

#[test]
fn what_is_stored_comes_back() {
    let log = Shop::builder().customers(400).build().unwrap().generate().unwrap().log;
    let lag = ReturnLag::builder().by(Attribute::Brand).minimum_returns(50).build().unwrap();
    let learned = lag.fit(&log, &log.as_of_end().unwrap()).unwrap();
    assert!(learned.levels().count() > 1);
    for model in [learned, ReturnLagModel::assumed(60), ReturnLagModel::assumed(0)] {
        let json = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<ReturnLagModel>(&json).unwrap(), model);
        let mut bytes = Vec::new();
        ciborium::into_writer(&model, &mut bytes).unwrap();
        assert_eq!(ciborium::from_reader::<ReturnLagModel, _>(bytes.as_slice()).unwrap(), model);
    }
}

#[test]
fn damaged_lags_are_refused_with_the_reason() {
    let shop = "/model/learned/shop";
    let by = "/model/learned/by";
    let number = |value: f64| json!({"value": value, "bits": format!("{:016x}", value.to_bits())});
    for (path, value, reason) in [
        ("/kind".to_owned(), json!("rfm"), "stored return_lag cannot be read: it is a stored `rfm`"),
        ("/version".to_owned(), json!(2), "this release reads up to 1"),
        (format!("{shop}/shares"), json!([]), "the curve of the shop has no window"),
        (format!("{shop}/shares/3"), number(0.0), "does not ascend"),
        (format!("{shop}/shares/27"), number(0.999), "does not ascend from 0 or more to 1"),
        (format!("{shop}/shares/0"), number(-0.1), "does not ascend"),
        (format!("{shop}/returns"), json!(0), "counts more than there is"),
        (format!("{shop}/watched_days"), json!(99), "counts more than there is"),
        (format!("{by}/attribute"), json!("reason"), "no attribute that lines have"),
        (format!("{by}/attribute"), json!("colour"), "no attribute that lines have"),
        (format!("{by}/levels/0/0"), json!("zebra"), "its levels do not ascend"),
        (format!("{by}/levels/0/1/shares"), json!(vec![number(1.0); 30]), "of several windows"),
        (format!("{by}/minimum_returns"), json!(100_000), "fewer returns than its minimum"),
    ] {
        let mut stored: Value = serde_json::from_str(V0_1).unwrap();
        *stored.pointer_mut(&path).unwrap_or_else(|| panic!("{path} is in the file")) = value;
        let refused = serde_json::from_str::<ReturnLagModel>(&stored.to_string()).unwrap_err().to_string();
        assert!(refused.contains(reason), "{path}: {refused}");
    }
    let assumed = r#"{"kind":"return_lag","version":1,"model":{"assumed":{"maturity_days":5000}}}"#;
    assert!(serde_json::from_str::<ReturnLagModel>(assumed).unwrap_err().to_string().contains("ten years"));
}
