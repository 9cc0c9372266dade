//! Flags: truth values, or words for them.

use arrow_array::cast::AsArray;
use arrow_schema::DataType;

use crate::columnar::{Named, texts};
use crate::error::Result;
use crate::transaction::yes_or_no;

/// What stands in a field that should be a flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flag {
    Yes,
    No,
    /// A null or a blank text.
    Blank,
    /// Something else than a word for yes or no.
    Other,
}

/// What a text says as a flag.
pub(crate) fn word(text: Option<&str>) -> Flag {
    match text {
        None | Some("") => Flag::Blank,
        Some(text) => yes_or_no(text).map_or(Flag::Other, |yes| if yes { Flag::Yes } else { Flag::No }),
    }
}

/// The flags of a column of truth values, text or whole numbers.
pub(crate) fn flags(column: Named<'_>) -> Result<Vec<Flag>> {
    if let DataType::Boolean = column.array.data_type() {
        let flag = |truth: Option<bool>| match truth {
            Some(true) => Flag::Yes,
            Some(false) => Flag::No,
            None => Flag::Blank,
        };
        return Ok(column.array.as_boolean().iter().map(flag).collect());
    }
    let texts = texts(column)?;
    let levels: Vec<Flag> = texts.levels().iter().map(|text| word(Some(text))).collect();
    Ok(texts.codes.iter().map(|code| levels.get(*code as usize).copied().unwrap_or(Flag::Blank)).collect())
}

/// Flags, or a date that is there or not, which is another value or a blank one.
pub(crate) fn date_flags(column: Named<'_>) -> Result<Vec<Flag>> {
    match column.array.data_type() {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            let flag = |row| if column.array.is_valid(row) { Flag::Other } else { Flag::Blank };
            Ok((0..column.array.len()).map(flag).collect())
        }
        _ => flags(column),
    }
}
