//! Floats that survive to the bit in every format.
//!
//! Text formats round: many JSON readers are off by the last bit, and other tools shorten what they write. A text
//! format therefore carries the number for people and its bits for kohort:
//! `{"value": 12.5, "bits": "4029000000000000"}`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How far, relative to its size, the number that people read may be from the bits: what rounding to ten digits does.
const TEXT_ROUNDING: f64 = 1e-9;

/// A finite float of a stored model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExactFloat(pub(crate) f64);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    value: f64,
    bits: String,
}

impl Serialize for ExactFloat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            Written { value: self.0, bits: format!("{:016x}", self.0.to_bits()) }.serialize(serializer)
        } else {
            serializer.serialize_u64(self.0.to_bits())
        }
    }
}

impl<'de> Deserialize<'de> for ExactFloat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = if deserializer.is_human_readable() {
            let Written { value, bits } = Written::deserialize(deserializer)?;
            let exact = (bits.len() == 16 && bits.bytes().all(|digit| digit.is_ascii_hexdigit()))
                .then(|| u64::from_str_radix(&bits, 16).ok())
                .flatten()
                .map(f64::from_bits)
                .ok_or_else(|| {
                    D::Error::custom(format!("`{bits}` is not the 16 hexadecimal digits of a number"))
                })?;
            let agree = (exact - value).abs() <= TEXT_ROUNDING * exact.abs().max(value.abs());
            if exact.is_finite() && !agree {
                return Err(D::Error::custom(format!(
                    "a number is {value:?}, but its bits say {exact:?}; change both or neither"
                )));
            }
            exact
        } else {
            f64::from_bits(u64::deserialize(deserializer)?)
        };
        if number.is_finite() { Ok(Self(number)) } else { Err(D::Error::custom("a number is not finite")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn json_gives_back_every_bit(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            let json = serde_json::to_string(&ExactFloat(number)).unwrap();
            match serde_json::from_str::<ExactFloat>(&json) {
                Ok(read) => prop_assert_eq!(read.0.to_bits(), bits),
                Err(_) => prop_assert!(!number.is_finite()),
            }
        }
    }

    #[test]
    fn a_number_that_was_rounded_by_a_tool_is_read_from_its_bits() {
        let third = 1.0 / 3.0;
        let json = format!(r#"{{"value":0.3333333333,"bits":"{:016x}"}}"#, f64::to_bits(third));
        assert_eq!(serde_json::from_str::<ExactFloat>(&json).unwrap().0.to_bits(), third.to_bits());
    }

    #[test]
    fn what_does_not_agree_is_refused() {
        for (json, reason) in [
            (r#"{"value":12.6,"bits":"4029000000000000"}"#, "its bits say 12.5"),
            (r#"{"value":12.5,"bits":"4029"}"#, "16 hexadecimal digits"),
            (r#"{"value":12.5,"bits":"+029000000000000"}"#, "is not"),
            (r#"{"value":12.5,"bits":"402900000000000ä"}"#, "hexadecimal"),
            (r#"{"value":1e308,"bits":"7ff0000000000000"}"#, "not finite"),
            (r#"{"value":0.0,"bits":"7ff8000000000000"}"#, "not finite"),
            (r#"{"value":-12.5,"bits":"4029000000000000"}"#, "its bits say 12.5"),
            ("12.5", "invalid type"),
        ] {
            let refused = serde_json::from_str::<ExactFloat>(json).unwrap_err().to_string();
            assert!(refused.contains(reason), "{json}: {refused}");
        }
    }
}
