//! The table's row of each line's customer.

use crate::error::{Error, Result};
use crate::transaction::{CustomerId, CustomerIds, IdColumn};

/// Numbers that fill at least one place in so many are looked up at their place.
const CROWDED: u64 = 8;

/// The row of a number that no customer of the table has.
const NOBODY: u32 = u32::MAX;

/// How a line finds the row of its customer.
pub(super) enum Rows<'a> {
    /// At the number's place after the smallest one.
    Places { numbers: &'a [u64], first: u64, rows: Vec<u32> },
    /// Found by the number.
    Numbers(&'a [u64], &'a CustomerIds),
    /// Found by the code of the text.
    Texts(&'a [u32], Vec<Option<usize>>),
    /// Found by the key of the short text, among those of the table in ascending order.
    ShortTexts(&'a IdColumn, Vec<(u64, usize)>),
}

impl<'a> Rows<'a> {
    /// For the customers of a log in a table.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where no line is of a customer of the table.
    pub(super) fn of(customers: &'a IdColumn, ids: &'a CustomerIds) -> Result<Self> {
        let rows = match customers {
            IdColumn::Numbers(numbers) => Self::of_numbers(numbers, ids),
            IdColumn::Texts(texts) => {
                let rows = texts.levels().iter().map(|text| ids.position(&text.into())).collect();
                Rows::Texts(&texts.codes, rows)
            }
            IdColumn::ShortTexts(texts) => {
                // Texts and their keys stand in one order.
                let key = |(row, id): (usize, CustomerId)| match id {
                    CustomerId::Text(text) => Some((texts.key_of(&text)?, row)),
                    CustomerId::Number(_) => None,
                };
                Rows::ShortTexts(customers, ids.iter().enumerate().filter_map(key).collect())
            }
        };
        if !customers.is_empty() && !(0..customers.len()).any(|line| rows.row(line).is_some()) {
            return Err(Error::Incompatible {
                what: "the customers",
                left: format!("those of the log ({})", customers.kind()),
                right: format!("those of the table ({} others)", ids.len()),
            });
        }
        Ok(rows)
    }

    fn of_numbers(numbers: &'a [u64], ids: &'a CustomerIds) -> Self {
        let number = |row: usize| match ids.id(row) {
            CustomerId::Number(number) => Some(number),
            CustomerId::Text(_) => None,
        };
        let ends = ids.len().checked_sub(1).and_then(|last| number(0).zip(number(last)));
        match ends {
            Some((first, last)) if (last - first) / CROWDED < ids.len() as u64 => {
                let mut rows = vec![NOBODY; (last - first) as usize + 1];
                for (row, number) in (0..ids.len()).filter_map(|row| Some((row, number(row)?))) {
                    rows[(number - first) as usize] = row as u32;
                }
                Self::Places { numbers, first, rows }
            }
            _ => Self::Numbers(numbers, ids),
        }
    }

    #[inline]
    pub(super) fn row(&self, line: usize) -> Option<usize> {
        match self {
            Self::Places { numbers, first, rows } => {
                let place = usize::try_from(numbers[line].checked_sub(*first)?).ok()?;
                rows.get(place).filter(|row| **row != NOBODY).map(|row| *row as usize)
            }
            Self::Numbers(numbers, ids) => ids.position(&numbers[line].into()),
            Self::Texts(codes, rows) => rows.get(codes[line] as usize).copied().flatten(),
            Self::ShortTexts(texts, rows) => {
                let found = rows.binary_search_by_key(&texts.key(line), |(key, _)| *key).ok()?;
                Some(rows[found].1)
            }
        }
    }

    /// One more than the largest row there is.
    pub(super) fn end(&self) -> usize {
        match self {
            Self::Places { rows, .. } => rows.last().map_or(0, |last| *last as usize + 1),
            Self::Numbers(_, ids) => ids.len(),
            Self::Texts(_, rows) => rows.iter().flatten().max().map_or(0, |last| last + 1),
            Self::ShortTexts(_, rows) => rows.last().map_or(0, |last| last.1 + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowded_and_scattered_numbers_find_their_rows() {
        let log = IdColumn::from(vec![7_u64, 3, 5, u64::MAX, 0, 30]);
        for (ids, crowded) in
            [(vec![3, 5, 7], true), (vec![3, 5, 7, 30], true), (vec![3, 5, u64::MAX - 1, u64::MAX], false)]
        {
            let ids = CustomerIds::numbers(ids).unwrap();
            let rows = Rows::of(&log, &ids).unwrap();
            assert_eq!(matches!(rows, Rows::Places { .. }), crowded);
            for line in 0..log.len() {
                assert_eq!(rows.row(line), ids.position(&log.get(line).unwrap()), "line {line} of {ids:?}");
            }
            assert_eq!(rows.end(), ids.len());
        }
        let strangers = CustomerIds::numbers(vec![4, 6]).unwrap();
        assert!(matches!(Rows::of(&log, &strangers), Err(Error::Incompatible { .. })));
        assert!(matches!(
            Rows::of(&log, &CustomerIds::numbers(Vec::new()).unwrap()),
            Err(Error::Incompatible { .. })
        ));
    }
}
