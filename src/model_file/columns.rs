//! Columns of stored logs: ids, times and texts, and what they must hold before they are believed.
//!
//! Later stages index by codes and walk the calendar without asking again, so that a damaged file is refused here, with
//! the column and the row. The structs are those of version 1 of every log and state, and are frozen with it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::category::{Category, Levels, MISSING};
use crate::transaction::{IdColumn, TIME_RANGE};

/// What is wrong, in words.
pub(crate) type Check<T = ()> = Result<T, String>;

/// Counts beyond this are no counts of rows; far below what could overflow when reports are added up.
pub(crate) const MOST: u64 = 1 << 53;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdsV1 {
    Numbers(Vec<u64>),
    Texts(TextsV1),
}

#[derive(Serialize, Deserialize)]
pub(crate) struct TextsV1 {
    levels: Levels,
    codes: Vec<Option<u32>>,
}

impl From<IdColumn> for IdsV1 {
    fn from(ids: IdColumn) -> Self {
        match ids {
            IdColumn::Numbers(numbers) => Self::Numbers(numbers),
            IdColumn::Texts(texts) => Self::Texts(texts.into()),
            IdColumn::ShortTexts(texts) => Self::Texts(texts.to_category().into()),
        }
    }
}

impl From<IdsV1> for IdColumn {
    fn from(stored: IdsV1) -> Self {
        match stored {
            IdsV1::Numbers(numbers) => Self::Numbers(numbers),
            IdsV1::Texts(texts) => Self::Texts(texts.into()),
        }
    }
}

impl From<Category> for TextsV1 {
    fn from(column: Category) -> Self {
        let codes = column.codes.into_iter().map(|code| (code != MISSING).then_some(code)).collect();
        Self { levels: Arc::unwrap_or_clone(column.levels), codes }
    }
}

impl From<TextsV1> for Category {
    fn from(stored: TextsV1) -> Self {
        let codes = stored.codes.into_iter().map(|code| code.unwrap_or(MISSING)).collect();
        Self { codes, levels: Arc::new(stored.levels) }
    }
}

/// Checks that times are of the years that every calendar computation succeeds in.
pub(crate) fn check_times(times: &[i64]) -> Check {
    let outside = times.iter().position(|time| !TIME_RANGE.contains(time));
    outside.map_or(Ok(()), |row| Err(format!("the time of row {row} is not within years 1 to 9998")))
}

/// Checks that every row has an id.
pub(crate) fn check_ids(name: &str, column: &IdColumn) -> Check {
    match column {
        IdColumn::Texts(column) if column.codes.contains(&MISSING) => {
            Err(format!("column `{name}` has a row without id"))
        }
        IdColumn::Texts(column) => check_texts(name, column),
        IdColumn::ShortTexts(column) if column.has_missing() => {
            Err(format!("column `{name}` has a row without id"))
        }
        IdColumn::Numbers(_) | IdColumn::ShortTexts(_) => Ok(()),
    }
}

/// Checks that every code has a text and every text a row.
pub(crate) fn check_texts(name: &str, column: &Category) -> Check {
    let mut used = vec![false; column.levels.len()];
    for code in column.codes.iter().filter(|code| **code != MISSING) {
        match used.get_mut(*code as usize) {
            Some(used) => *used = true,
            None => return Err(format!("column `{name}` has code {code} of {} texts", column.levels.len())),
        }
    }
    if column.levels.get(0) == Some("") {
        return Err(format!("column `{name}` has an empty text"));
    }
    match used.iter().position(|used| !used) {
        Some(code) => Err(format!("column `{name}` has no row with its text {code}")),
        None => Ok(()),
    }
}

/// Checks that columns have as many rows as there are times.
pub(crate) fn check_lengths<'n>(
    rows: usize,
    columns: impl IntoIterator<Item = (&'n str, Option<usize>)>,
) -> Check {
    for (name, length) in columns {
        if let Some(length) = length.filter(|length| *length != rows) {
            return Err(format!("column `{name}` has {length} rows where `times` has {rows}"));
        }
    }
    Ok(())
}

pub(crate) fn check_count(count: u64) -> Check<u64> {
    if count <= MOST { Ok(count) } else { Err(format!("{count} is no count of rows")) }
}
