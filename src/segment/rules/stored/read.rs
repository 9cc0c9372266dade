//! Reading the nested form: objects whose keys come in any order, level by level and no deeper than is allowed.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::condition::{Comparison, Letters, Operand, Place, bucket, feature};
use super::super::predicate::{Predicate, segment};
use super::super::value::Value;
use super::names::{Op, unknown};
use super::too_deep;
use super::value::Given;
use crate::features::Behaviour;

/// Where a predicate stands in the whole.
#[derive(Clone, Copy)]
enum Path<'p> {
    Whole,
    Key(&'p Path<'p>, &'static str),
    Item(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// Reads a value that has no predicates in it.
    fn value<'de, T: Deserialize<'de>, A: MapAccess<'de>>(&self, map: &mut A) -> Result<T, A::Error> {
        map.next_value().map_err(|error| self.problem(error))
    }

    /// A problem with its place before it.
    fn problem<E: Error>(&self, problem: impl fmt::Display) -> E {
        match self {
            Self::Whole => E::custom(problem),
            _ => E::custom(format_args!("{self}: {problem}")),
        }
    }
}

impl fmt::Display for Path<'_> {
    /// Recurses no deeper than what is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Key(Self::Whole, key) => f.write_str(key),
            Self::Key(outer, key) => write!(f, "{outer}.{key}"),
            Self::Item(outer, position) => write!(f, "{outer}[{position}]"),
        }
    }
}

/// A predicate at a place, below so many levels.
#[derive(Clone, Copy)]
pub(super) struct Nested<'p> {
    path: &'p Path<'p>,
    depth: usize,
}

impl Nested<'static> {
    pub(super) const WHOLE: Self = Self { path: &Path::Whole, depth: 0 };
}

impl<'p> Nested<'p> {
    fn below(self, path: &'p Path<'p>) -> Self {
        Self { path, depth: self.depth + 1 }
    }
}

const KEYS: [&str; 12] = [
    "all",
    "any",
    "any_case",
    "behaviour",
    "bucket",
    "feature",
    "least",
    "not",
    "op",
    "score",
    "segment",
    "value",
];

/// What an object is about, under the first of its keys that says so.
enum What {
    Predicate(Predicate),
    Score(Vec<(i32, Predicate)>),
    Operand(Operand),
}

/// What else it has.
#[derive(Default)]
struct Rest {
    op: Option<String>,
    value: Option<Given>,
    any_case: Option<bool>,
    least: Option<i64>,
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = Predicate;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Predicate, D::Error> {
        if self.depth > Predicate::MAX_DEPTH {
            return Err(self.path.problem(too_deep(self.depth)));
        }
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = Predicate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about =
            "an object with `all`, `any`, `not`, `score`, `segment`, `feature`, `bucket` or `behaviour`";
        match self.path {
            Path::Whole => write!(f, "a predicate: {about}"),
            path => write!(f, "a predicate at {path}: {about}"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Predicate, A::Error> {
        let mut seen: Vec<&str> = Vec::new();
        let mut what: Option<(&str, What)> = None;
        let mut rest = Rest::default();
        while let Some(found) = map.next_key::<String>()? {
            let Some(key) = KEYS.into_iter().find(|key| *key == found) else {
                return Err(self.path.problem(unknown("key", &found, &KEYS)));
            };
            if seen.contains(&key) {
                return Err(self.path.problem(format_args!("`{key}` is there twice")));
            }
            seen.push(key);
            let at = Path::Key(self.path, key);
            let below = self.below(&at);
            let own = match key {
                "all" => What::Predicate(Predicate::all(map.next_value_seed(Several(below))?)),
                "any" => What::Predicate(Predicate::any(map.next_value_seed(Several(below))?)),
                "not" => What::Predicate(map.next_value_seed(below)?.negated()),
                "score" => What::Score(map.next_value_seed(Entries(below))?),
                "segment" => What::Predicate(segment(at.value::<String, A>(&mut map)?)),
                "feature" => What::Operand(feature(at.value::<String, A>(&mut map)?)),
                "bucket" => What::Operand(bucket(at.value::<String, A>(&mut map)?)),
                "behaviour" => What::Operand(at.value::<Behaviour, A>(&mut map)?.into()),
                other => {
                    // Pages write null for what an op does not need.
                    match other {
                        "op" => rest.op = at.value::<_, A>(&mut map)?,
                        "value" => rest.value = at.value::<_, A>(&mut map)?,
                        "any_case" => rest.any_case = at.value::<_, A>(&mut map)?,
                        _ => rest.least = at.value::<_, A>(&mut map)?,
                    }
                    continue;
                }
            };
            if let Some((before, _)) = what {
                let problem = format_args!("`{before}` and `{key}` do not go together");
                return Err(self.path.problem(problem));
            }
            what = Some((key, own));
        }
        match what {
            Some((key, what)) => rest.combine(key, what).map_err(|problem| self.path.problem(problem)),
            None => Err(self.path.problem(format_args!("expected {}", Expected(&self)))),
        }
    }
}

/// What a visitor expects, as text.
struct Expected<'v, V>(&'v V);

impl<'de, V: Visitor<'de>> fmt::Display for Expected<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }
}

impl Rest {
    /// The predicate of what an object is about, under `key`, and of what else it has.
    fn combine(self, key: &str, what: What) -> Result<Predicate, String> {
        let Self { op, value, any_case, least } = self;
        let extra = [
            ("op", op.is_some() && !matches!(what, What::Operand(_))),
            ("value", value.is_some() && !matches!(what, What::Operand(_))),
            ("any_case", any_case.is_some() && !matches!(what, What::Operand(_))),
            ("least", least.is_some() && !matches!(what, What::Score(_))),
        ];
        if let Some((extra, _)) = extra.into_iter().find(|(_, extra)| *extra) {
            return Err(format!("`{extra}` does not go with `{key}`"));
        }
        match what {
            What::Predicate(predicate) => Ok(predicate),
            What::Score(entries) => match least {
                Some(least) => Ok(Predicate::score(entries, least)),
                None => Err("`score` needs `least`, the points that have to be reached".to_owned()),
            },
            What::Operand(operand) => {
                let op = op.ok_or_else(|| format!("`{key}` needs `op`, such as `>` or `is missing`"))?;
                let (op, negated) = Op::named(&op)?;
                let letters = if any_case == Some(true) { Letters::AnyCase } else { Letters::AsWritten };
                let predicate = condition(operand, op, value, letters)?;
                Ok(if negated { predicate.negated() } else { predicate })
            }
        }
    }
}

/// A condition from its parts.
fn condition(operand: Operand, op: Op, value: Option<Given>, letters: Letters) -> Result<Predicate, String> {
    let expected = |what: &str| Err(format!("`{}` needs {what} as its `value`", op.name()));
    let any_case = letters == Letters::AnyCase;
    match (op, value) {
        (Op::Compare(Comparison::Equal), Some(Given::One(Value::Text(text)))) if any_case => {
            Ok(operand.matches(Place::Whole, text, letters))
        }
        (Op::Compare(Comparison::NotEqual), Some(Given::One(Value::Text(text)))) if any_case => {
            Ok(operand.matches(Place::Whole, text, letters).negated())
        }
        (Op::Matches(place), Some(Given::One(Value::Text(text)))) => {
            Ok(operand.matches(place, text, letters))
        }
        (Op::Matches(_), _) => expected("a text"),
        _ if any_case => Err(format!("`any_case` does not go with `{}` and such a value", op.name())),
        (Op::Compare(comparison), Some(Given::One(value))) => Ok(operand.compare(comparison, value)),
        (Op::Compare(_), None) => {
            expected("a number, a text, true, false or an object such as {\"days\": -90}")
        }
        (Op::Compare(_), Some(Given::Several(_))) => expected("one value, and not a list,"),
        (Op::Between, Some(Given::Several(values))) => match <[Value; 2]>::try_from(values) {
            Ok([low, high]) => Ok(operand.between(low, high)),
            Err(_) => expected("a list of two values"),
        },
        (Op::Between, _) => expected("a list of two values"),
        (Op::In, Some(Given::Several(values))) => Ok(operand.is_in(values)),
        (Op::In, _) => expected("a list of values"),
        (Op::Missing, None) => Ok(operand.is_missing()),
        (Op::Present, None) => Ok(operand.is_present()),
        (Op::AnniversaryThisMonth, None) => Ok(operand.anniversary_this_month()),
        (Op::Missing | Op::Present | Op::AnniversaryThisMonth, Some(_)) => expected("nothing"),
        (Op::AnniversaryInDays, Some(Given::One(Value::Number(days))))
            if days.fract().abs().to_bits() == 0 && (0.0..=f64::from(u32::MAX)).contains(&days) =>
        {
            Ok(operand.anniversary_in_days(days as u32))
        }
        (Op::AnniversaryInDays, _) => expected("a whole number of days"),
    }
}

/// A list of predicates.
struct Several<'p>(Nested<'p>);

impl<'de> DeserializeSeed<'de> for Several<'_> {
    type Value = Vec<Predicate>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Several<'_> {
    type Value = Vec<Predicate>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of predicates at {}", self.0.path)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut predicates = Vec::new();
        loop {
            let at = Path::Item(self.0.path, predicates.len());
            match list.next_element_seed(Nested { path: &at, ..self.0 })? {
                Some(predicate) => predicates.push(predicate),
                None => return Ok(predicates),
            }
        }
    }
}

/// The entries of a score.
struct Entries<'p>(Nested<'p>);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = Vec<(i32, Predicate)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Vec<(i32, Predicate)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of objects with `points` and `if` at {}", self.0.path)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        loop {
            let at = Path::Item(self.0.path, entries.len());
            match list.next_element_seed(Entry(Nested { path: &at, ..self.0 }))? {
                Some(entry) => entries.push(entry),
                None => return Ok(entries),
            }
        }
    }
}

/// One entry of a score.
struct Entry<'p>(Nested<'p>);

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = (i32, Predicate);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = (i32, Predicate);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `points` and `if` at {}", self.0.path)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let path = self.0.path;
        let (mut points, mut predicate) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "points" if points.is_none() => {
                    points = Some(Path::Key(path, "points").value::<i32, A>(&mut map)?);
                }
                "if" if predicate.is_none() => {
                    let at = Path::Key(path, "if");
                    predicate = Some(map.next_value_seed(Nested { path: &at, ..self.0 })?);
                }
                "points" | "if" => return Err(path.problem(format_args!("`{key}` is there twice"))),
                _ => return Err(path.problem(unknown("key", &key, &["if", "points"]))),
            }
        }
        match (points, predicate) {
            (Some(points), Some(predicate)) => Ok((points, predicate)),
            (None, _) => Err(path.problem("an entry of a score needs `points`")),
            (_, None) => Err(path.problem("an entry of a score needs `if`")),
        }
    }
}
