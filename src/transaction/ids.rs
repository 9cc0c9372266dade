//! Ids of customers and orders: whole numbers or text, declared per log, never mixed.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::category::{Category, Levels, MISSING};
use crate::error::{Error, Result};
use crate::transaction::short_texts::{NO_TEXT, ShortTexts, ids_of_texts};

/// The id of one customer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CustomerId {
    /// A whole number.
    Number(u64),
    /// Text, compared byte by byte.
    Text(String),
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<u64> for CustomerId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for CustomerId {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for CustomerId {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Whether ids are numbers or text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum IdKind {
    /// `u64`.
    Number,
    /// Text of any length.
    #[default]
    Text,
}

impl IdKind {
    /// An id in this form, as every door reads it: a number is its decimal text, a text may be a number.
    pub(crate) fn form(self, id: &CustomerId) -> Option<CustomerId> {
        match (self, id) {
            (Self::Number, CustomerId::Text(text)) => text.trim().parse().ok().map(CustomerId::Number),
            (Self::Text, CustomerId::Number(number)) => Some(CustomerId::Text(number.to_string())),
            _ => Some(id.clone()),
        }
    }
}

impl fmt::Display for IdKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "whole numbers",
            Self::Text => "text",
        })
    }
}

/// One id per row of a log, in any order and with repetitions.
#[derive(Clone)]
#[non_exhaustive]
pub enum IdColumn {
    /// Ids that are numbers.
    Numbers(Vec<u64>),
    /// Ids that are text.
    Texts(Category),
    /// Ids that are short texts.
    ShortTexts(ShortTexts),
}

impl IdColumn {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
            Self::ShortTexts(texts) => texts.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers or text.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        match self {
            Self::Numbers(_) => IdKind::Number,
            Self::Texts(_) | Self::ShortTexts(_) => IdKind::Text,
        }
    }

    /// The id of a row, or `None` where it is missing or there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<CustomerId> {
        match self {
            Self::Numbers(numbers) => numbers.get(row).copied().map(CustomerId::Number),
            Self::Texts(texts) => texts.get(row).map(CustomerId::from),
            Self::ShortTexts(texts) => texts.get(row).map(CustomerId::Text),
        }
    }

    /// Whether a row has no id.
    #[inline]
    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(_) => false,
            Self::Texts(texts) => texts.codes[row] == MISSING,
            Self::ShortTexts(texts) => texts.keys[row] == NO_TEXT,
        }
    }

    /// Whether any row has no id.
    pub(crate) fn has_missing(&self) -> bool {
        match self {
            Self::Numbers(_) => false,
            Self::Texts(texts) => texts.codes.contains(&MISSING),
            Self::ShortTexts(texts) => texts.has_missing(),
        }
    }

    /// The keys of some rows; see [`IdColumn::key`].
    pub(crate) fn keys(&self, rows: Range<usize>) -> Cow<'_, [u64]> {
        match self {
            Self::Numbers(numbers) => Cow::Borrowed(&numbers[rows]),
            Self::ShortTexts(texts) => Cow::Borrowed(&texts.keys[rows]),
            Self::Texts(texts) => texts.codes[rows].iter().map(|code| u64::from(*code)).collect(),
        }
    }

    /// A number that orders a row's id among those of this column: the id itself, the rank of its text, or the text
    /// as a number.
    #[inline]
    pub(crate) fn key(&self, row: usize) -> u64 {
        match self {
            Self::Numbers(numbers) => numbers[row],
            Self::Texts(texts) => u64::from(texts.codes[row]),
            Self::ShortTexts(texts) => texts.keys[row],
        }
    }

    /// The key of an id in either form, if a row of this column can have it.
    pub(crate) fn key_of(&self, id: &CustomerId) -> Option<u64> {
        match (self, self.kind().form(id)?) {
            (Self::Numbers(_), CustomerId::Number(number)) => Some(number),
            (Self::Texts(texts), CustomerId::Text(text)) => texts.levels.code(&text).map(u64::from),
            (Self::ShortTexts(texts), CustomerId::Text(text)) => {
                texts.key_of(&text).filter(|key| *key != NO_TEXT)
            }
            _ => None,
        }
    }

    /// The id whose key is `key`.
    pub(crate) fn id_of_key(&self, key: u64) -> CustomerId {
        match self {
            Self::Numbers(_) => CustomerId::Number(key),
            Self::Texts(texts) => {
                CustomerId::Text(texts.levels.get(key as u32).unwrap_or_default().to_owned())
            }
            Self::ShortTexts(texts) => CustomerId::Text(texts.text(key)),
        }
    }

    /// The ids of distinct keys that ascend.
    pub(crate) fn ids_of_keys(&self, keys: Vec<u64>) -> CustomerIds {
        match self {
            Self::Numbers(_) => CustomerIds::ascending_numbers(keys),
            Self::Texts(texts) if keys.len() == texts.levels.len() => {
                CustomerIds::texts((*texts.levels).clone())
            }
            Self::Texts(texts) => CustomerIds::texts(texts.levels.pick(keys.iter().map(|key| *key as u32))),
            Self::ShortTexts(texts) => CustomerIds::texts(texts.levels(&keys)),
        }
    }

    pub(crate) fn gather(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(numbers) => Self::Numbers(rows.iter().map(|row| numbers[*row]).collect()),
            Self::Texts(texts) => Self::Texts(texts.gather(rows)),
            Self::ShortTexts(texts) => Self::ShortTexts(texts.gather(rows)),
        }
    }

    /// The same ids without texts that no row has.
    pub(crate) fn without_unused(self) -> Self {
        match self {
            Self::Numbers(numbers) => Self::Numbers(numbers),
            Self::Texts(texts) => Self::Texts(texts.without_unused()),
            // What all texts begin with may be the whole of the only one that was there.
            Self::ShortTexts(texts) if texts.is_empty() => Self::Texts(Category::from_texts([])),
            Self::ShortTexts(texts) => Self::ShortTexts(texts.without_unused()),
        }
    }

    pub(crate) fn concat(&self, other: &Self, what: &'static str) -> Result<Self> {
        match (self, other) {
            (Self::Numbers(left), Self::Numbers(right)) => Ok(Self::Numbers([&left[..], right].concat())),
            (Self::ShortTexts(left), Self::ShortTexts(right)) => {
                let joined = left.concat(right);
                let longer = || Self::Texts(left.to_category().concat(&right.to_category()));
                Ok(joined.map_or_else(longer, Self::ShortTexts))
            }
            (Self::Texts(left), Self::Texts(right)) => Ok(Self::Texts(left.concat(right))),
            (Self::ShortTexts(left), Self::Texts(right)) => Ok(Self::Texts(left.to_category().concat(right))),
            (Self::Texts(left), Self::ShortTexts(right)) => {
                Ok(Self::Texts(left.concat(&right.to_category())))
            }
            _ => Err(Error::Incompatible {
                what,
                left: self.kind().to_string(),
                right: other.kind().to_string(),
            }),
        }
    }
}

/// The ids of all, one after the other, which are text.
#[cfg(feature = "arrow")]
pub(crate) fn concat_texts(columns: Vec<IdColumn>) -> IdColumn {
    let short: Vec<&ShortTexts> = columns
        .iter()
        .filter_map(|column| match column {
            IdColumn::ShortTexts(texts) => Some(texts),
            _ => None,
        })
        .collect();
    if short.len() == columns.len()
        && let Some(joined) = ShortTexts::concat_all(&short)
    {
        return IdColumn::ShortTexts(joined);
    }
    let categories = columns.into_iter().filter_map(|column| match column {
        IdColumn::ShortTexts(texts) => Some(texts.to_category()),
        IdColumn::Texts(texts) => Some(texts),
        IdColumn::Numbers(_) => None,
    });
    IdColumn::Texts(Category::concat_all(categories.collect()))
}

impl PartialEq for IdColumn {
    /// Equal ids are equal, however they are kept.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Numbers(left), Self::Numbers(right)) => left == right,
            (Self::Texts(left), Self::Texts(right)) => left == right,
            (Self::ShortTexts(left), Self::ShortTexts(right)) => left == right,
            (Self::ShortTexts(short), Self::Texts(texts)) | (Self::Texts(texts), Self::ShortTexts(short)) => {
                short.to_category() == *texts
            }
            _ => false,
        }
    }
}

impl Eq for IdColumn {}

impl fmt::Debug for IdColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdColumn({} rows of {})", self.len(), self.kind())
    }
}

impl From<Vec<u64>> for IdColumn {
    fn from(numbers: Vec<u64>) -> Self {
        Self::Numbers(numbers)
    }
}

impl From<Vec<String>> for IdColumn {
    fn from(texts: Vec<String>) -> Self {
        ids_of_texts(&texts)
    }
}

impl From<&[&str]> for IdColumn {
    fn from(texts: &[&str]) -> Self {
        ids_of_texts(texts)
    }
}

impl From<Vec<&str>> for IdColumn {
    fn from(texts: Vec<&str>) -> Self {
        ids_of_texts(&texts)
    }
}

impl From<Category> for IdColumn {
    fn from(texts: Category) -> Self {
        Self::Texts(texts)
    }
}

/// The distinct customers of a table, in ascending order of their ids.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawIds", into = "RawIds")]
pub struct CustomerIds(Distinct);

#[derive(Clone, PartialEq, Eq)]
enum Distinct {
    Numbers(Vec<u64>),
    Texts(Levels),
    /// `0..n`, as for a table made elsewhere that has row numbers and no ids.
    Rows(usize),
}

impl CustomerIds {
    /// Ids that are numbers.
    ///
    /// # Errors
    /// [`Error::DuplicateCustomer`] where two are the same, [`Error::Setting`] where they do not ascend.
    pub fn numbers(numbers: Vec<u64>) -> Result<Self> {
        match numbers.windows(2).find(|pair| pair[0] >= pair[1]) {
            None => Ok(Self::ascending_numbers(numbers)),
            Some(pair) if pair[0] == pair[1] => {
                Err(Error::DuplicateCustomer { customer: pair[0].to_string() })
            }
            Some(pair) => Err(Error::Setting {
                setting: "ids",
                found: format!("{} before {}", pair[0], pair[1]),
                expected: "distinct ids in ascending order",
            }),
        }
    }

    pub(crate) fn ascending_numbers(numbers: Vec<u64>) -> Self {
        debug_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "ids ascend");
        // Ascending from zero or more, they are `0..n` if the last one is `n - 1`. Then they are kept as such, so that
        // equal ids are equal however they came about.
        if numbers.last().is_none_or(|last| *last == numbers.len() as u64 - 1) {
            Self(Distinct::Rows(numbers.len()))
        } else {
            Self(Distinct::Numbers(numbers))
        }
    }

    /// Ids that are text.
    #[must_use]
    pub fn texts(levels: Levels) -> Self {
        Self(Distinct::Texts(levels))
    }

    /// The row numbers `0..n` as ids.
    #[must_use]
    pub fn rows(n: usize) -> Self {
        Self(Distinct::Rows(n))
    }

    /// How many customers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Distinct::Numbers(numbers) => numbers.len(),
            Distinct::Texts(levels) => levels.len(),
            Distinct::Rows(n) => *n,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers (row numbers among them) or text.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        match &self.0 {
            Distinct::Numbers(_) | Distinct::Rows(_) => IdKind::Number,
            Distinct::Texts(_) => IdKind::Text,
        }
    }

    /// The id at a position.
    ///
    /// # Panics
    /// If there are not that many customers.
    #[must_use]
    pub fn id(&self, position: usize) -> CustomerId {
        assert!(position < self.len(), "position {position} of {} customers", self.len());
        match &self.0 {
            Distinct::Numbers(numbers) => CustomerId::Number(numbers[position]),
            Distinct::Texts(levels) => {
                CustomerId::Text(levels.get(position as u32).unwrap_or_default().to_owned())
            }
            Distinct::Rows(_) => CustomerId::Number(position as u64),
        }
    }

    /// The position of an id. O(log customers).
    #[must_use]
    pub fn position(&self, id: &CustomerId) -> Option<usize> {
        match (&self.0, id) {
            (Distinct::Numbers(numbers), CustomerId::Number(number)) => numbers.binary_search(number).ok(),
            (Distinct::Texts(levels), CustomerId::Text(text)) => levels.code(text).map(|code| code as usize),
            (Distinct::Rows(n), CustomerId::Number(number)) => {
                usize::try_from(*number).ok().filter(|position| position < n)
            }
            _ => None,
        }
    }

    /// The ids in ascending order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = CustomerId> {
        (0..self.len()).map(|position| self.id(position))
    }

    /// The positions of those of `customers` that are there, in whichever form they are given; ascending, each once.
    pub(crate) fn positions(&self, customers: &[CustomerId]) -> Vec<usize> {
        let position = |customer| self.position(&self.kind().form(customer)?);
        let mut positions: Vec<usize> = customers.iter().filter_map(position).collect();
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    /// How the id at a position compares with one of `other`, which are of the same kind.
    pub(crate) fn compare(&self, position: usize, other: &Self, other_position: usize) -> Ordering {
        match (&self.0, &other.0) {
            (Distinct::Texts(left), Distinct::Texts(right)) => {
                left.get(position as u32).cmp(&right.get(other_position as u32))
            }
            _ => self.number(position).cmp(&other.number(other_position)),
        }
    }

    /// The id at a position as a number; the position itself where ids are text.
    fn number(&self, position: usize) -> u64 {
        match &self.0 {
            Distinct::Numbers(numbers) => numbers[position],
            Distinct::Rows(_) | Distinct::Texts(_) => position as u64,
        }
    }

    /// The ids of both, which are of the same kind.
    #[expect(clippy::stable_sort_primitive, reason = "it merges two runs that ascend already in one go")]
    pub(crate) fn union(&self, other: &Self) -> Self {
        if let (Distinct::Texts(left), Distinct::Texts(right)) = (&self.0, &other.0) {
            return Self::texts(left.union(right).0);
        }
        let numbers = |ids: &Self| (0..ids.len()).map(|position| ids.number(position)).collect::<Vec<_>>();
        let mut union = [numbers(self), numbers(other)].concat();
        union.sort();
        union.dedup();
        Self::ascending_numbers(union)
    }

    /// The ids at `positions`, which ascend.
    pub(crate) fn gather(&self, positions: &[usize]) -> Self {
        match &self.0 {
            Distinct::Numbers(numbers) => {
                Self::ascending_numbers(positions.iter().map(|p| numbers[*p]).collect())
            }
            Distinct::Rows(_) => Self::ascending_numbers(positions.iter().map(|p| *p as u64).collect()),
            Distinct::Texts(levels) => Self::texts(levels.pick(positions.iter().map(|p| *p as u32))),
        }
    }
}

impl fmt::Debug for CustomerIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            0 => f.write_str("CustomerIds(none)"),
            1 => write!(f, "CustomerIds({:?})", self.id(0)),
            n => write!(f, "CustomerIds({n}, {:?} to {:?})", self.id(0), self.id(n - 1)),
        }
    }
}

#[derive(Serialize, Deserialize)]
enum RawIds {
    Numbers(Vec<u64>),
    Texts(Levels),
    Rows(usize),
}

impl From<CustomerIds> for RawIds {
    fn from(ids: CustomerIds) -> Self {
        match ids.0 {
            Distinct::Numbers(numbers) => Self::Numbers(numbers),
            Distinct::Texts(levels) => Self::Texts(levels),
            Distinct::Rows(n) => Self::Rows(n),
        }
    }
}

impl TryFrom<RawIds> for CustomerIds {
    type Error = Error;

    fn try_from(raw: RawIds) -> Result<Self> {
        match raw {
            RawIds::Numbers(numbers) => Self::numbers(numbers),
            RawIds::Texts(levels) => Ok(Self::texts(levels)),
            RawIds::Rows(n) => Ok(Self::rows(n)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_ids_are_inverse() {
        let texts = Levels::try_from(vec!["10".to_owned(), "9".to_owned()]).unwrap();
        for ids in
            [CustomerIds::numbers(vec![3, 7, 9]).unwrap(), CustomerIds::texts(texts), CustomerIds::rows(4)]
        {
            for position in 0..ids.len() {
                assert_eq!(ids.position(&ids.id(position)), Some(position));
            }
            assert_eq!(ids.position(&CustomerId::from("no such customer")), None);
            let json = serde_json::to_string(&ids).unwrap();
            assert_eq!(serde_json::from_str::<CustomerIds>(&json).unwrap(), ids);
        }
        assert!(serde_json::from_str::<CustomerIds>(r#"{"Numbers":[2,1]}"#).is_err());
        assert!(matches!(CustomerIds::numbers(vec![1, 4, 4]), Err(Error::DuplicateCustomer { .. })));
        assert!(matches!(CustomerIds::numbers(vec![1, 9, 4]), Err(Error::Setting { .. })));
    }

    #[test]
    fn an_id_has_the_key_of_its_rows_however_ids_are_kept() {
        let texts = vec!["c017", "c18", "c019"];
        let short = IdColumn::from(texts.clone());
        assert!(matches!(short, IdColumn::ShortTexts(_)), "texts as short as these are");
        let category = IdColumn::Texts(Category::from_texts(texts.iter().map(|text| Some(*text))));
        let numbers = IdColumn::from(vec![17_u64, 18, 19]);
        for column in [&short, &category, &numbers] {
            for row in 0..3 {
                let id = column.get(row).unwrap();
                assert_eq!(column.key_of(&id), Some(column.key(row)));
            }
            let mut keys: Vec<u64> = (0..3).map(|row| column.key(row)).collect();
            keys.sort_unstable();
            let ids = column.ids_of_keys(keys.clone());
            assert!(keys.iter().enumerate().all(|(place, key)| column.id_of_key(*key) == ids.id(place)));
        }
        assert_eq!(numbers.key_of(&CustomerId::from("18")), Some(18));
        assert_eq!(IdColumn::from(vec!["17", "18"]).key_of(&CustomerId::Number(18)).map(|_| ()), Some(()));
        assert_eq!(short.key_of(&CustomerId::from("")), None, "no id is no customer");
    }

    #[test]
    fn equal_ids_are_equal_however_they_came_about() {
        assert_eq!(CustomerIds::numbers(vec![0, 1, 2]).unwrap(), CustomerIds::rows(3));
        assert_eq!(CustomerIds::rows(5).gather(&[0, 1, 2]), CustomerIds::rows(3));
        assert_eq!(CustomerIds::rows(5).gather(&[]), CustomerIds::rows(0));
        assert_eq!(CustomerIds::rows(5).gather(&[1, 4]), CustomerIds::numbers(vec![1, 4]).unwrap());
    }
}
