//! What a self-describing format said, kept to be read once more.
//!
//! Needed for one case only: an envelope whose model comes before its version, as in JSON whose keys were sorted.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// So many values may stand in one another, as in JSON: a value that is kept is walked by calls within calls.
const LEVELS: usize = 128;

/// A value of any shape.
pub(super) enum Replayed {
    Nothing,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Sequence(Vec<Self>),
    Map(Vec<(Self, Self)>),
}

/// Keeps a value of a stored model, unless it is nested too deeply.
#[derive(Clone, Copy)]
pub(super) struct Keep {
    kind: &'static str,
    levels: usize,
}

impl Keep {
    /// For the model of a kind.
    pub(super) fn model(kind: &'static str) -> Self {
        Self { kind, levels: LEVELS }
    }

    /// For what stands in the value.
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(E::custom(crate::error::Error::Model {
                expected: self.kind,
                problem: format!("it is nested more than {LEVELS} levels deep"),
            })),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Keep {
    type Value = Replayed;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Replayed, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keep {
    type Value = Replayed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Replayed, E> {
        Ok(Replayed::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Replayed, E> {
        Ok(Replayed::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Replayed, E> {
        Ok(Replayed::Signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Replayed, E> {
        Ok(Replayed::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Replayed, E> {
        Ok(Replayed::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Replayed, E> {
        Ok(Replayed::Bytes(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Replayed, E> {
        Ok(Replayed::Nothing)
    }

    fn visit_none<E>(self) -> Result<Replayed, E> {
        Ok(Replayed::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Replayed, D::Error> {
        self.inner()?.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Replayed, D::Error> {
        self.inner()?.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Replayed, A::Error> {
        let (mut sequence, inner) = (Vec::new(), self.inner()?);
        while let Some(item) = items.next_element_seed(inner)? {
            sequence.push(item);
        }
        Ok(Replayed::Sequence(sequence))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Replayed, A::Error> {
        let (mut map, inner) = (Vec::new(), self.inner()?);
        while let Some(entry) = entries.next_entry_seed(inner, inner)? {
            map.push(entry);
        }
        Ok(Replayed::Map(map))
    }
}

/// Reads a kept value as the format it came from would have been read.
pub(super) struct Replay<E> {
    value: Replayed,
    human_readable: bool,
    error: PhantomData<E>,
}

impl<E> Replay<E> {
    pub(super) fn new(value: Replayed, human_readable: bool) -> Self {
        Self { value, human_readable, error: PhantomData }
    }

    fn inner(&self, value: Replayed) -> Self {
        Self::new(value, self.human_readable)
    }
}

impl<E: Error> IntoDeserializer<'_, E> for Replay<E> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de, E: Error> Deserializer<'de> for Replay<E> {
    type Error = E;

    fn is_human_readable(&self) -> bool {
        self.human_readable
    }

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, E> {
        match std::mem::replace(&mut self.value, Replayed::Nothing) {
            Replayed::Nothing => visitor.visit_unit(),
            Replayed::Bool(value) => visitor.visit_bool(value),
            Replayed::Unsigned(value) => visitor.visit_u64(value),
            Replayed::Signed(value) => visitor.visit_i64(value),
            Replayed::Float(value) => visitor.visit_f64(value),
            Replayed::Text(value) => visitor.visit_string(value),
            Replayed::Bytes(value) => visitor.visit_byte_buf(value),
            Replayed::Sequence(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(|item| self.inner(item))))
            }
            Replayed::Map(entries) => visitor.visit_map(MapDeserializer::new(
                entries.into_iter().map(|(key, value)| (self.inner(key), self.inner(value))),
            )),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        if matches!(self.value, Replayed::Nothing) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    /// A variant is its name, or a map of its name to what it holds.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        let human_readable = self.human_readable;
        match self.value {
            Replayed::Text(name) => visitor.visit_enum(name.into_deserializer()),
            Replayed::Map(entries) => {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| (Self::new(key, human_readable), Self::new(value, human_readable)));
                visitor
                    .visit_enum(serde::de::value::MapAccessDeserializer::new(MapDeserializer::new(entries)))
            }
            _ => Err(E::custom("expected the name of a variant")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Shape {
        Unit,
        New(Wrapper),
        Tuple(i8, u64),
        Struct { name: String, parts: Vec<Option<f64>> },
    }

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Wrapper(bool);

    #[test]
    fn a_kept_value_reads_as_it_would_have_been_read_at_once() {
        let shapes = [
            Shape::Unit,
            Shape::New(Wrapper(true)),
            Shape::Tuple(-3, u64::MAX),
            Shape::Struct { name: "ä".into(), parts: vec![None, Some(1.5)] },
        ];
        for shape in shapes {
            let json = serde_json::to_string(&shape).unwrap();
            let kept = kept(&json);
            let read = Shape::deserialize(Replay::<serde::de::value::Error>::new(kept, true)).unwrap();
            assert_eq!(read, shape);
        }
        let kept = kept("[1]");
        assert!(Shape::deserialize(Replay::<serde::de::value::Error>::new(kept, true)).is_err());
    }

    fn kept(json: &str) -> Replayed {
        Keep::model("shape").deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused() {
        let wrapped = |levels: usize, list: bool| {
            (0..levels).fold(serde_json::Value::Null, |inner, _| {
                if list { serde_json::json!([inner]) } else { serde_json::json!({ "more": inner }) }
            })
        };
        for list in [true, false] {
            assert!(Keep::model("shape").deserialize(wrapped(LEVELS, list)).is_ok());
            for levels in [LEVELS + 1, LEVELS + 2, 10 * LEVELS] {
                let refused = Keep::model("shape").deserialize(wrapped(levels, list)).map(drop).unwrap_err();
                let said = "stored shape cannot be read: it is nested more than 128 levels deep";
                assert!(refused.to_string().contains(said), "{refused}");
            }
        }
    }
}
