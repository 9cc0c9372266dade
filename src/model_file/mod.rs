//! How fitted models are stored: an envelope of kind, version and one frozen struct per version.
//!
//! ```text
//! { "kind": "rfm", "version": 1, "model": { … } }
//! ```
//!
//! A model's serde goes through [`save`] and [`load`], so users choose the format. A version is frozen when it is
//! released: a change to a model means another struct and another arm in [`StoredModel::load`], and the old ones
//! stay, with their fixtures.

mod columns;
mod float;
mod replay;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

pub(crate) use columns::{
    Check, IdsV1, MOST, TextsV1, check_count, check_ids, check_lengths, check_texts, check_times,
};
pub(crate) use float::ExactFloat;
use replay::{Keep, Replay};

/// A fitted model with a stored form.
pub(crate) trait StoredModel: Sized {
    /// What the envelope calls it.
    const KIND: &'static str;
    /// The version it is written in, the newest it can be read from. The first is 1.
    const VERSION: u32;

    /// The model as it is written: the frozen struct of that version.
    fn to_latest(&self) -> impl Serialize;

    /// The model from what a version wrote, checked as thoroughly as one from a builder.
    fn load<'de, D: Deserializer<'de>>(version: u32, model: D) -> Result<Self, D::Error>;

    /// What is said of a stored model that cannot be read.
    fn refused(problem: impl fmt::Display) -> Error {
        Error::Model { expected: Self::KIND, problem: problem.to_string() }
    }
}

/// Writes a model in its envelope.
pub(crate) fn save<M: StoredModel, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut envelope = serializer.serialize_struct("Model", FIELDS.len())?;
    envelope.serialize_field(FIELDS[0], M::KIND)?;
    envelope.serialize_field(FIELDS[1], &M::VERSION)?;
    envelope.serialize_field(FIELDS[2], &model.to_latest())?;
    envelope.end()
}

/// Reads a model from its envelope.
pub(crate) fn load<'de, M: StoredModel, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    let human_readable = deserializer.is_human_readable();
    deserializer.deserialize_struct("Model", FIELDS, Envelope { human_readable, model: PhantomData })
}

const FIELDS: &[&str] = &["kind", "version", "model"];

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    Kind,
    Version,
    Model,
}

struct Envelope<M> {
    human_readable: bool,
    model: PhantomData<M>,
}

impl<'de, M: StoredModel> Visitor<'de> for Envelope<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a stored {} with kind, version and model", M::KIND)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<M, A::Error> {
        let missing = |position| A::Error::invalid_length(position, &"kind, version and model");
        check_kind::<M, _>(&fields.next_element::<String>()?.ok_or_else(|| missing(0))?)?;
        let version = fields.next_element()?.ok_or_else(|| missing(1))?;
        fields.next_element_seed(AtVersion::<M>::new(version)?)?.ok_or_else(|| missing(2))
    }

    /// The fields may come in any order, as some JSON libraries sort them: a model that comes before its version
    /// is kept until the version is known.
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<M, A::Error> {
        let (mut kind_seen, mut version, mut model, mut early) = (false, None, None, None);
        while let Some(field) = fields.next_key()? {
            match field {
                Field::Kind => {
                    check_kind::<M, _>(&fields.next_value::<String>()?)?;
                    kind_seen = true;
                }
                Field::Version => version = Some(AtVersion::<M>::new(fields.next_value()?)?),
                Field::Model => match version {
                    Some(version) if kind_seen => model = Some(fields.next_value_seed(version)?),
                    _ => early = Some(fields.next_value_seed(Keep::model(M::KIND))?),
                },
            }
        }
        if !kind_seen {
            return Err(A::Error::missing_field("kind"));
        }
        let version = version.ok_or_else(|| A::Error::missing_field("version"))?;
        match (model, early) {
            (Some(model), _) => Ok(model),
            (None, Some(early)) => version.deserialize(Replay::new(early, self.human_readable)),
            (None, None) => Err(A::Error::missing_field("model")),
        }
    }
}

fn check_kind<M: StoredModel, E: serde::de::Error>(found: &str) -> Result<(), E> {
    if found == M::KIND {
        Ok(())
    } else {
        Err(E::custom(M::refused(format_args!("it is a stored `{found}`"))))
    }
}

/// A version that this release can read.
struct AtVersion<M> {
    version: u32,
    model: PhantomData<M>,
}

impl<M> Clone for AtVersion<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for AtVersion<M> {}

impl<M: StoredModel> AtVersion<M> {
    fn new<E: serde::de::Error>(version: u32) -> Result<Self, E> {
        if (1..=M::VERSION).contains(&version) {
            return Ok(Self { version, model: PhantomData });
        }
        let problem = if version == 0 {
            "there is no version 0".to_owned()
        } else {
            format!("it is of version {version}, and this release reads up to {}; update kohort", M::VERSION)
        };
        Err(E::custom(M::refused(problem)))
    }
}

impl<'de, M: StoredModel> DeserializeSeed<'de> for AtVersion<M> {
    type Value = M;

    fn deserialize<D: Deserializer<'de>>(self, model: D) -> Result<M, D::Error> {
        M::load(self.version, model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(PartialEq, Debug)]
    struct Scale {
        cuts: Vec<f64>,
        note: Option<String>,
    }

    /// Version 1 had no note.
    #[derive(Deserialize)]
    struct ScaleV1 {
        cuts: Vec<ExactFloat>,
    }

    #[derive(Serialize, Deserialize)]
    struct ScaleV2 {
        cuts: Vec<ExactFloat>,
        note: Option<String>,
    }

    impl StoredModel for Scale {
        const KIND: &'static str = "scale";
        const VERSION: u32 = 2;

        fn to_latest(&self) -> impl Serialize {
            ScaleV2 { cuts: self.cuts.iter().copied().map(ExactFloat).collect(), note: self.note.clone() }
        }

        fn load<'de, D: Deserializer<'de>>(version: u32, model: D) -> Result<Self, D::Error> {
            let (cuts, note) = if version == 1 {
                (ScaleV1::deserialize(model)?.cuts, None)
            } else {
                let model = ScaleV2::deserialize(model)?;
                (model.cuts, model.note)
            };
            Ok(Self { cuts: cuts.into_iter().map(|cut| cut.0).collect(), note })
        }
    }

    impl Serialize for Scale {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            save(self, serializer)
        }
    }

    impl<'de> Deserialize<'de> for Scale {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            load(deserializer)
        }
    }

    fn scale() -> Scale {
        Scale { cuts: vec![0.1 + 0.2, -1e-300], note: Some("µ".into()) }
    }

    #[test]
    fn any_order_of_the_fields_gives_the_model() {
        let json = serde_json::to_value(scale()).unwrap();
        let fields = ["kind", "version", "model"];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let text: Vec<String> =
                order.iter().map(|i| format!("\"{}\":{}", fields[*i], json[fields[*i]])).collect();
            let text = format!("{{{}}}", text.join(","));
            assert_eq!(serde_json::from_str::<Scale>(&text).unwrap(), scale(), "{text}");
        }
    }

    #[test]
    fn a_format_of_bare_values_gives_the_model() {
        let json = serde_json::to_value(scale()).unwrap();
        let bare = serde_json::json!([json["kind"], json["version"], json["model"]]);
        assert_eq!(serde_json::from_value::<Scale>(bare).unwrap(), scale());
    }

    #[test]
    fn an_older_version_still_loads() {
        let old =
            r#"{"kind":"scale","version":1,"model":{"cuts":[{"value":2.0,"bits":"4000000000000000"}]}}"#;
        assert_eq!(serde_json::from_str::<Scale>(old).unwrap(), Scale { cuts: vec![2.0], note: None });
    }

    /// CBOR, of which a reader lets more stand in one another than JSON does.
    #[test]
    fn a_model_that_comes_early_and_is_too_deep_is_refused() {
        let deep = (0..200).fold(serde_json::json!([]), |inner, _| serde_json::json!([inner]));
        let mut bytes = Vec::new();
        ciborium::into_writer(
            &serde_json::json!({ "model": deep, "kind": "scale", "version": 2 }),
            &mut bytes,
        )
        .unwrap();
        let refused = ciborium::from_reader::<Scale, _>(bytes.as_slice()).unwrap_err().to_string();
        assert!(
            refused.contains("stored scale cannot be read: it is nested more than 128 levels"),
            "{refused}"
        );
    }

    #[test]
    fn other_kinds_and_newer_versions_are_refused_with_a_reason() {
        for (json, reason) in [
            (r#"{"kind":"rfm","version":1,"model":{}}"#, "stored scale cannot be read: it is a stored `rfm`"),
            (
                r#"{"kind":"scale","version":3,"model":{"new":1}}"#,
                "it is of version 3, and this release reads up to 2",
            ),
            (
                r#"{"kind":"scale","model":{"new":[1,null,"x",1.5,true,-1]},"version":3}"#,
                "it is of version 3",
            ),
            (r#"{"kind":"scale","version":0,"model":{}}"#, "there is no version 0"),
            (r#"{"kind":"scale","version":1}"#, "missing field `model`"),
            (r#"{"version":1,"model":{}}"#, "missing field `kind`"),
            (r#"{"kind":"scale","version":1,"model":{}}"#, "missing field `cuts`"),
            (r#"{"kind":"scale","version":1,"modell":{}}"#, "unknown field `modell`"),
        ] {
            let refused = serde_json::from_str::<Scale>(json).unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
