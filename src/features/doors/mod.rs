//! Feature tables out of kohort and back: Arrow record batches, Parquet files, CSV.
//!
//! A table keeps its rows in ascending order of ids; what comes from elsewhere may have any order, and is put into
//! this one here, for every door.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(feature = "csv")]
mod csv;
#[cfg(feature = "arrow")]
mod metadata;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(test)]
mod tests;
mod value_type;

use crate::category::Category;
use crate::error::{Error, Result};
use crate::features::table::{Column, FeatureTable};
use crate::transaction::{CustomerIds, IdColumn};

pub use value_type::ValueType;

/// The name of the column with the customers' ids.
const CUSTOMER: &str = "customer";

/// A table from rows in any order, one per customer.
///
/// # Errors
/// [`Error::File`] where a row has no id, [`Error::DuplicateCustomer`], and those of
/// [`FeatureTable::from_columns`].
fn table_of_rows(ids: IdColumn, columns: Vec<(String, Column)>, source: &str) -> Result<FeatureTable> {
    let (ids, order) = match ids {
        IdColumn::Numbers(numbers) => numbers_in_order(&numbers)?,
        IdColumn::Texts(texts) => texts_in_order(&texts, source)?,
        IdColumn::ShortTexts(texts) => texts_in_order(&texts.to_category(), source)?,
    };
    let in_order = order.windows(2).all(|pair| pair[0] < pair[1]);
    let put = |column: Column| if in_order { column } else { column.gather(&order) };
    FeatureTable::from_columns(ids, columns.into_iter().map(|(name, column)| (name, put(column))))
}

/// Ids in ascending order, and the row of each.
fn numbers_in_order(numbers: &[u64]) -> Result<(CustomerIds, Vec<usize>)> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_unstable_by_key(|row| numbers[*row]);
    Ok((CustomerIds::numbers(order.iter().map(|row| numbers[*row]).collect())?, order))
}

fn texts_in_order(texts: &Category, source: &str) -> Result<(CustomerIds, Vec<usize>)> {
    const NOT_SEEN: usize = usize::MAX;
    let mut order = vec![NOT_SEEN; texts.levels().len()];
    for row in 0..texts.len() {
        let Some(code) = texts.code(row) else {
            return Err(Error::File {
                path: source.to_owned(),
                problem: format!("row {} has no customer id", row + 1),
            });
        };
        let first = std::mem::replace(&mut order[code as usize], row);
        if first != NOT_SEEN {
            return Err(Error::DuplicateCustomer { customer: texts.get(row).unwrap_or_default().to_owned() });
        }
    }
    Ok((CustomerIds::texts(texts.levels().clone()), order))
}
