//! Damaged scalers are refused with the reason.

use kohort::features::{MissingPolicy, Scaler, ScalerModel, Scaling};
use serde_json::{Value, json};

use super::{FEATURES, seven};

fn stored() -> Value {
    let scaler = Scaler::builder(FEATURES)
        .feature_scaling("recency_days", Scaling::quantile())
        .feature_scaling("orders", Scaling::robust().winsorised(0.1, 0.9))
        .feature_scaling("net", Scaling::z_score().log1p())
        .feature_missing("net", MissingPolicy::Median)
        .build()
        .unwrap();
    serde_json::to_value(scaler.fit(&seven()).unwrap()).unwrap()
}

fn number(value: f64) -> Value {
    json!({"value": value, "bits": format!("{:016x}", value.to_bits())})
}

#[test]
fn damaged_scalers_are_refused_with_the_reason() {
    for (path, value, reason) in [
        ("/kind", json!("rfm"), "stored scaler cannot be read: it is a stored `rfm`"),
        ("/version", json!(2), "update kohort"),
        ("/model/customers", json!(0), "learned from no customers"),
        ("/model/customers", json!(u64::MAX), "is no count"),
        ("/model/dropped", json!(-1), "invalid value"),
        ("/model/features", json!([]), "it has no features"),
        ("/model/features/1/feature", json!("net"), "feature `net` is there twice"),
        ("/model/features/0/missing", json!(1_u64 << 60), "is no count"),
        ("/model/features/0/weight", number(0.0), "setting `weight` is 0"),
        ("/model/features/0/weight/bits", json!("7ff8000000000000"), "not finite"),
        ("/model/features/0/constant", json!(true), "it is constant, but has several cut points"),
        ("/model/features/0/scale/quantile/cut_points/0", number(1e9), "do not ascend"),
        ("/model/features/0/scale/quantile/cut_points", json!([]), "0 cut points"),
        ("/model/features/0/scale/quantile/cut_points", json!([number(1.0)]), "1 cut points"),
        ("/model/features/1/scale/robust/spread", number(0.0), "its spread is 0"),
        ("/model/features/1/scale/robust/spread", Value::Null, "its spread is 0"),
        ("/model/features/1/scale/robust/spread", number(-2.0), "its spread is -2"),
        ("/model/features/1/scale/robust/spread", number(1e-310), "its spread is"),
        ("/model/features/1/winsorised/limits/0", number(1e9), "its winsorising limits do not ascend"),
        ("/model/features/1/winsorised/low", number(0.95), "setting `winsorised`"),
        ("/model/features/2/constant", json!(true), "it is constant, but has a spread"),
        ("/model/features/2/scale", json!("min_max"), "unknown variant `min_max`"),
        ("/model/features/2/missing_policy", json!("median"), "invalid type"),
    ] {
        let mut stored = stored();
        *stored.pointer_mut(path).unwrap_or_else(|| panic!("{path} is in the file")) = value;
        let refused = serde_json::from_value::<ScalerModel>(stored).unwrap_err().to_string();
        assert!(refused.contains(reason), "{path}: {refused}");
    }
    let empty = json!({"kind": "scaler", "version": 1, "model": {"customers": 1, "dropped": 0}});
    assert!(serde_json::from_value::<ScalerModel>(empty).is_err());
}
