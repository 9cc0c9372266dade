//! How a fitted logistic regression is stored. The struct of a version is frozen once it is released.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::LogisticModel;
use crate::model_file::{self, ExactFloat, StoredModel};

#[derive(Serialize, Deserialize)]
struct LogisticModelV1 {
    coefficients: Vec<ExactFloat>,
    intercept: ExactFloat,
    penalty: ExactFloat,
    objective: ExactFloat,
    iterations: u32,
    converged: bool,
}

impl StoredModel for LogisticModel {
    const KIND: &'static str = "logistic";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        LogisticModelV1 {
            coefficients: self.coefficients.iter().copied().map(ExactFloat).collect(),
            intercept: ExactFloat(self.intercept),
            penalty: ExactFloat(self.penalty),
            objective: ExactFloat(self.objective),
            iterations: self.iterations,
            converged: self.converged,
        }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> Result<Self, D::Error> {
        let stored = LogisticModelV1::deserialize(model)?;
        let coefficients: Vec<f64> = stored.coefficients.iter().map(|number| number.0).collect();
        let numbers = [stored.intercept.0, stored.penalty.0, stored.objective.0];
        if coefficients.is_empty() {
            return Err(D::Error::custom(Self::refused("it has no coefficient")));
        }
        if !coefficients.iter().chain(&numbers).all(|number| number.is_finite()) || stored.penalty.0 < 0.0 {
            return Err(D::Error::custom(Self::refused("a number is not finite, or the penalty negative")));
        }
        Ok(Self {
            coefficients,
            intercept: stored.intercept.0,
            penalty: stored.penalty.0,
            objective: stored.objective.0,
            iterations: stored.iterations,
            converged: stored.converged,
        })
    }
}

impl Serialize for LogisticModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for LogisticModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_stored_comes_back_and_what_is_damaged_does_not() {
        let model = LogisticModel {
            coefficients: vec![0.1 + 0.2, -1.0 / 3.0, 5e-324],
            intercept: -4.25,
            penalty: 1.0,
            objective: 44_661.143_5,
            iterations: 7,
            converged: true,
        };
        let stored = serde_json::to_value(&model).unwrap();
        let read = |stored: Value| {
            serde_json::from_value::<LogisticModel>(stored).map_err(|error| error.to_string())
        };
        assert_eq!(read(stored.clone()).unwrap(), model);
        let infinite = json!({ "value": 1.0, "bits": format!("{:016x}", f64::INFINITY.to_bits()) });
        for (place, value, part) in [
            ("/kind", json!("lookalike"), "lookalike"),
            ("/model/coefficients", json!([]), "no coefficient"),
            ("/model/coefficients/1", infinite, "not finite"),
            ("/model/penalty", json!({ "value": -1.0, "bits": "bff0000000000000" }), "negative"),
        ] {
            let mut damaged = stored.clone();
            *damaged.pointer_mut(place).unwrap() = value;
            let refused = read(damaged).unwrap_err();
            assert!(refused.contains(part), "{place}: {refused}");
        }
    }
}
