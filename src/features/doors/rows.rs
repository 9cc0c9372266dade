//! Rows of customers in any order, put into that of a table.

use crate::category::Category;
use crate::error::{Error, Result};
use crate::features::table::{Column, FeatureTable, Values};
use crate::transaction::{CustomerIds, IdColumn};

/// The name of the column with the customers' ids.
pub(super) const CUSTOMER: &str = "customer";

/// A table from rows in any order, one per customer.
///
/// # Errors
/// [`Error::File`] where a row has no id, [`Error::DuplicateCustomer`], and those of
/// [`FeatureTable::from_columns`].
pub(super) fn table_of_rows(
    ids: IdColumn,
    columns: Vec<(String, Column)>,
    source: &str,
) -> Result<FeatureTable> {
    let (ids, order) = match ids {
        IdColumn::Numbers(numbers) => numbers_in_order(&numbers)?,
        IdColumn::Texts(texts) => texts_in_order(&texts, source)?,
        IdColumn::ShortTexts(texts) => texts_in_order(&texts.to_category(), source)?,
    };
    let in_order = order.windows(2).all(|pair| pair[0] < pair[1]);
    let columns = columns
        .into_iter()
        .map(|(name, column)| Ok((name, if in_order { column } else { ordered(&column, &order)? })))
        .collect::<Result<Vec<_>>>()?;
    FeatureTable::from_columns(ids, columns)
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

/// The rows of a column in another order.
fn ordered(column: &Column, order: &[usize]) -> Result<Column> {
    fn pick<T: Copy>(values: &[T], order: &[usize]) -> Vec<T> {
        order.iter().map(|row| values[*row]).collect()
    }
    let values = match column.values() {
        Values::U32(values) => Values::U32(pick(values, order)),
        Values::I32(values) => Values::I32(pick(values, order)),
        Values::I64(values) => Values::I64(pick(values, order)),
        Values::F64(values) => Values::F64(pick(values, order)),
        Values::Money(values) => Values::Money(pick(values, order)),
        Values::Time(values) => Values::Time(pick(values, order)),
        Values::Category(values) => Values::Category(values.gather(order)),
    };
    match column.validity() {
        None => Ok(Column::new(values)),
        Some(there) => Column::with_missing(values, order.iter().map(|row| there.get(*row)).collect()),
    }
}
