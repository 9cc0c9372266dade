//! What a column's type means in a field.

use arrow_schema::DataType;

use crate::category::Category;
use crate::columnar::{Named, Number, Numbers, Ticks, exact_texts, times, unfit};
use crate::error::Result;
use crate::profiles::field::{FieldType, ProfileField};
use crate::profiles::schema::ProfileSchema;
use crate::profiles::value::RawValue;
use crate::transaction::{NO_TIME, TimeFormat};

/// How a column is read.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As text that stands in a file. Whole numbers and truth values, too: so they mean what they mean there.
    Texts,
    Numbers,
    Instants,
}

/// The values of a column of one batch.
pub(super) enum Cells<'a> {
    Texts(Category),
    /// With the texts that mean that a value is missing: a number may be one of them, such as -99.
    Numbers(Numbers<'a>, &'a [String]),
    Instants(Ticks<'a>),
}

impl Form {
    /// How a column is read as a field.
    ///
    /// # Errors
    /// [`Error::ColumnType`](crate::Error::ColumnType) where its type cannot mean what the field is.
    pub(super) fn of(column: Named<'_>, field: &ProfileField, schema: &ProfileSchema) -> Result<Self> {
        use DataType::{
            Boolean, Date32, Date64, Decimal32, Decimal64, Decimal128, Dictionary, Float16, Float32, Float64,
            LargeUtf8, Null, Timestamp, Utf8, Utf8View,
        };
        use FieldType::{Category, Date, Flag, Number, Score, Whole};
        let data_type = column.array.data_type();
        let plain = if let Dictionary(_, values) = data_type { values } else { data_type };
        let form = match (plain, field.values) {
            (Utf8 | LargeUtf8 | Utf8View | Null, _)
            | (Boolean, Flag | Category)
            | (Decimal32(_, 0) | Decimal64(_, 0) | Decimal128(_, 0), Category) => Some(Self::Texts),
            (whole, Date) if whole.is_integer() => {
                (schema.time_format != TimeFormat::Iso).then_some(Self::Texts)
            }
            (whole, _) if whole.is_integer() => Some(Self::Texts),
            (
                Float16 | Float32 | Float64 | Decimal32(..) | Decimal64(..) | Decimal128(..),
                Number | Score { .. } | Whole | Flag,
            ) => Some(Self::Numbers),
            (Timestamp(..) | Date32 | Date64, Date) => Some(Self::Instants),
            _ => None,
        };
        form.ok_or_else(|| unfit(column.name, data_type, expected(field.values)))
    }
}

/// The types that a field can stand in.
fn expected(values: FieldType) -> &'static str {
    match values {
        FieldType::Number | FieldType::Score { .. } | FieldType::Whole => "numbers, or text of them",
        FieldType::Flag => "truth values, the numbers 0 and 1, or text",
        FieldType::Category => "text, whole numbers or truth values",
        FieldType::Date => {
            "timestamps, dates, text of them, or whole numbers with a time format that says what they count"
        }
    }
}

impl<'a> Cells<'a> {
    pub(super) fn new(column: Named<'a>, field: &ProfileField, schema: &'a ProfileSchema) -> Result<Self> {
        Ok(match Form::of(column, field, schema)? {
            Form::Texts => Self::Texts(exact_texts(column)?),
            Form::Numbers => Self::Numbers(Numbers::new(column)?, &schema.missing),
            Form::Instants => Self::Instants(times(column, &schema.zone, &schema.time_format)?),
        })
    }

    /// The value of a row.
    pub(super) fn get(&self, row: usize) -> RawValue<'_> {
        match self {
            Self::Texts(texts) => texts.get(row).map_or(RawValue::Missing, RawValue::Text),
            Self::Numbers(numbers, missing) => numbers
                .get(row)
                .filter(|number| !stands_for_none(*number, missing))
                .map_or(RawValue::Missing, raw_number),
            Self::Instants(instants) => match instants.micros(row) {
                NO_TIME => RawValue::Missing,
                micros => RawValue::Time(micros),
            },
        }
    }
}

/// Whether a number, as it is printed, is a text that means that a value is missing.
fn stands_for_none(number: Number<'_>, missing: &[String]) -> bool {
    if missing.is_empty() {
        return false;
    }
    let text = number.to_string();
    missing.iter().any(|missing| missing.trim() == text)
}

fn raw_number(number: Number<'_>) -> RawValue<'static> {
    match (number, number.exact(0)) {
        (Number::Float(number), _) => RawValue::Number(number),
        (_, Some(whole)) => RawValue::Whole(whole),
        // Its decimal digits, which name the nearest float.
        _ => RawValue::Number(number.to_string().parse().unwrap_or(f64::NAN)),
    }
}
