//! Values: plain numbers, texts and flags, and everything else under a word that says what it is.
//!
//! A number is written plainly where every reader makes the same 64 bits of it: whole numbers below 2⁵³, and those of at
//! most 15 digits with a small exponent, of which the product or quotient of two exact numbers is taken, rounded once. All
//! others carry their bits.

use std::fmt;

use serde::de::{self, DeserializeSeed, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::value::{Relative, Value};
use super::names::unknown;
use crate::model_file::ExactFloat;

/// The form in formats that are not for people. Variants keep their order, and new ones go to the end.
#[derive(Serialize, Deserialize)]
enum Stored {
    Number(ExactFloat),
    Text(String),
    Flag(bool),
    Date(String),
    Relative(Relative),
    Percentile(ExactFloat),
    Top(u64),
    Bottom(u64),
}

impl From<&Value> for Stored {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(ExactFloat(*number)),
            Value::Text(text) => Self::Text(text.clone()),
            Value::Flag(flag) => Self::Flag(*flag),
            Value::Date(date) => Self::Date(date.clone()),
            Value::Relative(moment) => Self::Relative(*moment),
            Value::Percentile(percentile) => Self::Percentile(ExactFloat(*percentile)),
            Value::Top(customers) => Self::Top(*customers),
            Value::Bottom(customers) => Self::Bottom(*customers),
        }
    }
}

impl From<Stored> for Value {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Number(number) => Self::Number(number.0),
            Stored::Text(text) => Self::Text(text),
            Stored::Flag(flag) => Self::Flag(flag),
            Stored::Date(date) => Self::Date(date),
            Stored::Relative(moment) => Self::Relative(moment),
            Stored::Percentile(percentile) => Self::Percentile(percentile.0),
            Stored::Top(customers) => Self::Top(customers),
            Stored::Bottom(customers) => Self::Bottom(customers),
        }
    }
}

/// As it stands in the JSON of a predicate; see [the module](crate::segment::rules).
impl Serialize for Value {
    /// # Errors
    /// For a number that is not finite.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return Stored::from(self).serialize(serializer);
        }
        match self {
            Self::Number(number) => Number(*number).serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Date(date) => worded(serializer, "date", date),
            Self::Relative(moment) => moment.serialize(serializer),
            Self::Percentile(percentile) => worded(serializer, "percentile", &Number(*percentile)),
            Self::Top(customers) => worded(serializer, "top", customers),
            Self::Bottom(customers) => worded(serializer, "bottom", customers),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    /// # Errors
    /// Where it is none of the forms that are written.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Stored::deserialize(deserializer).map(Self::from);
        }
        match Given::deserialize(deserializer)? {
            Given::One(value) => Ok(value),
            Given::Several(_) => Err(D::Error::custom("expected a value, found a list")),
        }
    }
}

fn worded<S: Serializer>(
    serializer: S,
    word: &'static str,
    value: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(word, value)?;
    map.end()
}

/// A number in a format for people.
#[derive(Clone, Copy)]
struct Number(f64);

impl Number {
    /// The whole number it is, if every reader takes it for that.
    fn whole(self) -> Option<i64> {
        let exact = self.0.abs() < 9_007_199_254_740_992.0 && self.0.fract().abs().to_bits() == 0;
        // The sign of a negative zero is lost on the way through a whole number.
        (exact && self.0.to_bits() != (-0.0_f64).to_bits()).then_some(self.0 as i64)
    }

    /// Whether all readers make the same of its decimal digits.
    fn is_short(self) -> bool {
        let text = format!("{:e}", self.0);
        let Some((digits, exponent)) = text.split_once('e') else { return false };
        let count = digits.bytes().filter(u8::is_ascii_digit).count() as i32;
        let last_digit = exponent.parse::<i32>().map(|exponent| exponent - (count - 1));
        count <= 15
            && last_digit.is_ok_and(|power| (-22..=22).contains(&power))
            && self.0.to_bits() != (-0.0_f64).to_bits()
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.0.is_finite() {
            return Err(S::Error::custom("a number of a condition is not finite"));
        }
        match self.whole() {
            Some(whole) => serializer.serialize_i64(whole),
            None if self.is_short() => serializer.serialize_f64(self.0),
            None => worded(serializer, "exact", &ExactFloat(self.0)),
        }
    }
}

/// What stands behind `value`.
pub(super) enum Given {
    One(Value),
    Several(Vec<Value>),
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader::Lists.deserialize(deserializer)
    }
}

/// What may stand at a place: a list holds no lists, and a percentile is a number, so nothing nests without end.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    Lists,
    Values,
    Numbers,
}

const WORDS: [&str; 7] = ["bottom", "date", "days", "exact", "months", "percentile", "top"];

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Given;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Given, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lists => {
                "a number, a text, true, false, an object such as {\"days\": -90}, or a list of these"
            }
            Self::Values => "a number, a text, true, false or an object such as {\"days\": -90}",
            Self::Numbers => "a number",
        })
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Given, E> {
        match self {
            Self::Numbers => Err(E::invalid_type(Unexpected::Bool(flag), &self)),
            _ => Ok(Given::One(Value::Flag(flag))),
        }
    }

    fn visit_i64<E>(self, number: i64) -> Result<Given, E> {
        Ok(Given::One(Value::Number(number as f64)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Given, E> {
        Ok(Given::One(Value::Number(number as f64)))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Given, E> {
        if number.is_finite() {
            Ok(Given::One(Value::Number(number)))
        } else {
            Err(E::custom("a number is not finite"))
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Given, E> {
        match self {
            Self::Numbers => Err(E::invalid_type(Unexpected::Str(text), &self)),
            _ => Ok(Given::One(Value::Text(text.to_owned()))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Given, A::Error> {
        if self != Self::Lists {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        let mut values = Vec::new();
        while let Some(given) = list.next_element_seed(Self::Values)? {
            if let Given::One(value) = given {
                values.push(value);
            }
        }
        Ok(Given::Several(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        let one = || A::Error::custom(format!("a value has one of the words {}", WORDS.join(", ")));
        let word: String = map.next_key()?.ok_or_else(one)?;
        let value = match word.as_str() {
            "exact" => Value::Number(map.next_value::<ExactFloat>()?.0),
            _ if self == Self::Numbers => return Err(A::Error::invalid_type(Unexpected::Map, &self)),
            "date" => Value::Date(map.next_value()?),
            "days" => Relative::Days(map.next_value()?).into(),
            "months" => Relative::Months(map.next_value()?).into(),
            "percentile" => match map.next_value_seed(Self::Numbers)? {
                Given::One(Value::Number(percentile)) => Value::Percentile(percentile),
                _ => return Err(one()),
            },
            "top" => Value::Top(map.next_value()?),
            "bottom" => Value::Bottom(map.next_value()?),
            _ => return Err(A::Error::custom(unknown("kind of value", &word, &WORDS))),
        };
        if map.next_key::<String>()?.is_some() { Err(one()) } else { Ok(Given::One(value)) }
    }
}
