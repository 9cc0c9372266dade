//! One value of a profile, and what it is as a value of its field.

use crate::profiles::field::FieldType;
use crate::profiles::schema::ProfileSchema;
use crate::transaction::TIME_RANGE;

/// A value for [`ProfileBuilder::push`](crate::profiles::ProfileBuilder::push). Every field takes a text, which is
/// read as one from a file; made from numbers, texts, flags and options of them by `into()`.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum ProfileValue {
    /// Not known.
    Missing,
    /// A number; NaN is missing.
    Number(f64),
    /// A whole number.
    Whole(i64),
    /// A text, blanks around it aside.
    Text(String),
    /// Microseconds UTC.
    Time(i64),
    /// Yes or no.
    Flag(bool),
}

/// The same, borrowed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum RawValue<'a> {
    Missing,
    Number(f64),
    Whole(i64),
    Text(&'a str),
    Time(i64),
    Flag(bool),
}

impl ProfileValue {
    pub(super) fn raw(&self) -> RawValue<'_> {
        match self {
            Self::Missing => RawValue::Missing,
            Self::Number(number) => RawValue::Number(*number),
            Self::Whole(whole) => RawValue::Whole(*whole),
            Self::Text(text) => RawValue::Text(text),
            Self::Time(micros) => RawValue::Time(*micros),
            Self::Flag(flag) => RawValue::Flag(*flag),
        }
    }
}

impl From<f64> for ProfileValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for ProfileValue {
    fn from(whole: i64) -> Self {
        Self::Whole(whole)
    }
}

impl From<bool> for ProfileValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for ProfileValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for ProfileValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for ProfileValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// A value as its field has it.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Cell<'a> {
    Missing,
    Number(f64),
    Whole(i64),
    Time(i64),
    Flag(bool),
    Text(std::borrow::Cow<'a, str>),
    Unreadable,
}

/// The largest number up to which every whole one is an `f64`.
const EXACT: f64 = (1_u64 << 53) as f64;

impl<'a> RawValue<'a> {
    /// The value as one of a field of this type.
    pub(super) fn read(self, values: FieldType, schema: &ProfileSchema) -> Cell<'a> {
        let raw = match self {
            Self::Text(text) => {
                let text = text.trim();
                if text.is_empty() || schema.missing.iter().any(|missing| missing.trim() == text) {
                    return Cell::Missing;
                }
                Self::Text(text)
            }
            Self::Missing => return Cell::Missing,
            Self::Number(number) if number.is_nan() => return Cell::Missing,
            other => other,
        };
        let cell = match values {
            FieldType::Number => raw.number(schema).map(Cell::Number),
            FieldType::Score { lowest, highest } => {
                raw.number(schema).filter(|number| (lowest..=highest).contains(number)).map(Cell::Number)
            }
            FieldType::Whole => raw.whole(schema).map(Cell::Whole),
            FieldType::Date => raw.time(schema).map(Cell::Time),
            FieldType::Flag => raw.flag().map(Cell::Flag),
            FieldType::Category => raw.text().map(Cell::Text),
        };
        cell.unwrap_or(Cell::Unreadable)
    }

    fn number(self, schema: &ProfileSchema) -> Option<f64> {
        let number = match self {
            Self::Number(number) => number,
            Self::Whole(whole) => whole as f64,
            Self::Text(text) => decimal(text, schema.decimal_mark)?,
            _ => return None,
        };
        // Zero has no sign here, so that equal values are equal bits.
        number.is_finite().then_some(number + 0.0)
    }

    fn whole(self, schema: &ProfileSchema) -> Option<i64> {
        match self {
            Self::Whole(whole) => Some(whole),
            Self::Number(number) => {
                (number.fract().abs() < f64::MIN_POSITIVE && number.abs() <= EXACT).then_some(number as i64)
            }
            Self::Text(text) => {
                let (whole, fraction) = text.split_once(schema.decimal_mark).unwrap_or((text, ""));
                fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok()).flatten()
            }
            _ => None,
        }
    }

    fn time(self, schema: &ProfileSchema) -> Option<i64> {
        match self {
            Self::Time(micros) => TIME_RANGE.contains(&micros).then_some(micros),
            Self::Text(text) => schema.time_format.parse(text, &schema.zone).ok(),
            _ => None,
        }
    }

    fn flag(self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(flag),
            Self::Whole(0) => Some(false),
            Self::Whole(1) => Some(true),
            Self::Number(number) if number.abs() <= 0.0 => Some(false),
            Self::Number(number) if (number - 1.0).abs() <= 0.0 => Some(true),
            Self::Text(text) => {
                let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
                if is_one_of(&["1", "true", "yes", "y", "t", "ja", "j", "wahr"]) {
                    Some(true)
                } else if is_one_of(&["0", "false", "no", "n", "f", "nein", "falsch"]) {
                    Some(false)
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    fn text(self) -> Option<std::borrow::Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Whole(whole) => Some(whole.to_string().into()),
            _ => None,
        }
    }

    /// The value for a report.
    pub(super) fn shown(self) -> String {
        let text = match self {
            Self::Missing => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Whole(number) | Self::Time(number) => number.to_string(),
            Self::Text(text) => text.trim().to_owned(),
            Self::Flag(flag) => flag.to_string(),
        };
        let cut: String = text.chars().take(SHOWN).collect();
        let more = if cut.len() < text.len() { "…" } else { "" };
        format!("`{cut}{more}`")
    }
}

/// How much of a value a report shows, in characters.
const SHOWN: usize = 60;

/// A decimal number, with an exponent or without. Not what else Rust takes for one, such as `inf`.
fn decimal(text: &str, mark: char) -> Option<f64> {
    let plain =
        |letter: char| letter.is_ascii_digit() || matches!(letter, '+' | '-' | 'e' | 'E') || letter == mark;
    if !text.chars().all(plain) {
        return None;
    }
    if mark == '.' { text.parse().ok() } else { text.replace(mark, ".").parse().ok() }
}
