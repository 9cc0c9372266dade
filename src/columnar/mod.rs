//! Arrow arrays as what they stand for: ids, texts, times, numbers, flags.
//!
//! Data come in many Arrow types: a customer's number as `Int32`, `UInt64` or text, a price as `Float64` or
//! `Decimal128`, a time in seconds or nanoseconds. Each function here takes an array of whatever type and gives the
//! one form the crate works with, borrowed where the layout allows it. A type that cannot mean what is asked for is
//! [`Error::ColumnType`]. Every door that takes Arrow or Parquet goes through this module.

mod flags;
mod ids;
mod numbers;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
mod texts;
mod times;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

pub(crate) use flags::{Flag, date_flags, flags};
pub(crate) use ids::{id_kind, number_ids};
pub(crate) use numbers::{Number, Numbers, Writing};
pub(crate) use texts::{exact_texts, text_ids, texts};
pub(crate) use times::{Ticks, times};

use crate::error::{Error, Result, nearest};

/// An array and the name of its column, for what is said about it.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    pub(crate) array: &'a dyn Array,
}

impl<'a> Named<'a> {
    /// The column of a name.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`], or [`Error::File`] where two columns have the name.
    pub(crate) fn find(batch: &'a RecordBatch, name: &'a str) -> Result<Self> {
        let fields = batch.schema_ref().fields();
        let position = position(fields.iter().map(|field| field.name().as_str()), name, "the record batch")?;
        Ok(Self { name, array: &**batch.column(position) })
    }

    /// Another array under the same name.
    fn with(self, array: &'a ArrayRef) -> Self {
        Self { array: &**array, ..self }
    }

    /// What there is instead of what is needed.
    fn unfit(self, expected: impl Into<String>) -> Error {
        unfit(self.name, self.array.data_type(), expected)
    }
}

/// Says that a type cannot mean what is asked for.
pub(crate) fn unfit(column: &str, found: &DataType, expected: impl Into<String>) -> Error {
    Error::ColumnType { column: column.to_owned(), found: found.to_string(), expected: expected.into() }
}

/// Where a column of a name stands among others. Blanks around a name that is asked for are no part of it.
///
/// # Errors
/// [`Error::UnknownColumn`], or [`Error::File`] where two columns have the name.
pub(crate) fn position<'n>(
    names: impl Iterator<Item = &'n str> + Clone,
    wanted: &str,
    source: &str,
) -> Result<usize> {
    let wanted = wanted.trim();
    let mut positions = names.clone().enumerate().filter(|(_, name)| name.trim() == wanted);
    match (positions.next(), positions.next()) {
        (Some((position, _)), None) => Ok(position),
        (Some(_), Some(_)) => Err(Error::File {
            path: source.to_owned(),
            problem: format!("column `{wanted}` is there twice; name each column once"),
        }),
        (None, _) => Err(Error::UnknownColumn {
            column: wanted.to_owned(),
            nearest: nearest(wanted, names.clone()),
            available: names.map(str::to_owned).collect(),
        }),
    }
}

/// What stands in a row, for a report.
pub(crate) fn describe(column: Named<'_>, row: usize) -> String {
    let Named { name, array } = column;
    if row >= array.len() {
        return "empty".to_owned();
    }
    let one = array.slice(row, 1);
    let one = Named { name, array: &*one };
    if let Ok(text) = texts(one) {
        return text.get(0).map_or_else(|| "empty".to_owned(), |text| format!("`{text}`"));
    }
    let number =
        Numbers::new(one).ok().and_then(|numbers| numbers.get(0).map(|number| format!("`{number}`")));
    number.unwrap_or_else(|| "empty".to_owned())
}
