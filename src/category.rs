//! Category columns: a code per row and the text of each code, in byte order of the text.
//!
//! Products, channels, countries, text ids: everything that is text and repeats is kept this way. Because codes
//! follow the order of the texts and not the order of arrival, two columns with the same content are equal, and
//! sorting by code is sorting by text.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The code of a row that has no value.
pub(crate) const MISSING: u32 = u32::MAX;

/// Distinct texts in ascending byte order, in one piece of memory.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Levels(TextArena);

/// Texts end to end, each found by its position.
#[derive(Clone, PartialEq, Eq, Default)]
struct TextArena {
    text: String,
    ends: Vec<usize>,
}

impl TextArena {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }
}

impl Levels {
    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of a code.
    #[must_use]
    pub fn get(&self, code: u32) -> Option<&str> {
        ((code as usize) < self.len()).then(|| self.0.get(code as usize))
    }

    /// The code of a text. O(log levels).
    #[must_use]
    pub fn code(&self, text: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.0.get(middle).cmp(text) {
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The texts in ascending byte order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.0.get(index))
    }

    /// The levels of many, and for each of them the new code of each old one.
    ///
    /// Ranges of texts are merged in parallel, each by a stable sort, which takes lists that ascend as they are.
    /// O(levels · log lists).
    #[cfg(feature = "arrow")]
    pub(crate) fn union_all(lists: &[&Self]) -> (Self, Vec<Vec<u32>>) {
        /// Texts that one task merges, about. Fixed, so that nothing depends on the number of threads.
        const RANGE: usize = 1 << 16;
        let total: usize = lists.iter().map(|list| list.len()).sum();
        let Some(longest) = lists.iter().max_by_key(|list| list.len()).filter(|_| total > 0) else {
            return (Self::default(), vec![Vec::new(); lists.len()]);
        };
        // The longest list says where to cut; each list is cut before the first text that is not below the cut.
        let pieces = total.div_ceil(RANGE).min(longest.len());
        let cuts: Vec<Vec<usize>> = (0..=pieces)
            .into_par_iter()
            .map(|piece| {
                let cut = longest.get((piece * longest.len() / pieces) as u32);
                let place = |list: &&Self| match cut {
                    _ if piece == 0 => 0,
                    Some(text) => list.lower_bound(text),
                    None => list.len(),
                };
                lists.iter().map(place).collect()
            })
            .collect();
        let merged: Vec<(Self, Vec<Vec<u32>>)> = cuts
            .par_windows(2)
            .map(|ends| {
                let mut entries =
                    Vec::with_capacity(ends[1].iter().sum::<usize>() - ends[0].iter().sum::<usize>());
                for (index, list) in lists.iter().enumerate() {
                    entries.extend((ends[0][index]..ends[1][index]).map(|code| (list.0.get(code), index)));
                }
                entries.sort_by(|a, b| a.0.cmp(b.0));
                let mut arena = TextArena::default();
                let mut codes: Vec<Vec<u32>> =
                    ends[0].iter().zip(&ends[1]).map(|(from, to)| Vec::with_capacity(to - from)).collect();
                let mut last = None;
                for (text, index) in entries {
                    if last != Some(text) {
                        arena.push(text);
                        last = Some(text);
                    }
                    codes[index].push(arena.len() as u32 - 1);
                }
                (Self(arena), codes)
            })
            .collect();
        let mut codes: Vec<Vec<u32>> = lists.iter().map(|list| Vec::with_capacity(list.len())).collect();
        let mut pieces = Vec::with_capacity(merged.len());
        let mut before = 0;
        for (levels, piece_codes) in merged {
            for (codes, piece) in codes.iter_mut().zip(piece_codes) {
                codes.extend(piece.into_iter().map(|code| before + code));
            }
            before += levels.len() as u32;
            pieces.push(levels);
        }
        (Self::chained(&pieces), codes)
    }

    /// How many levels are below a text.
    #[cfg(feature = "arrow")]
    fn lower_bound(&self, text: &str) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.0.get(middle) < text { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Levels of texts that ascend.
    pub(crate) fn ascending<T: AsRef<str>>(texts: impl Iterator<Item = T>) -> Self {
        let mut arena = TextArena::default();
        texts.for_each(|text| arena.push(text.as_ref()));
        Self(arena)
    }

    /// Levels one after the other, each part's after those of the part before it.
    pub(crate) fn chained(parts: &[Self]) -> Self {
        let mut arena = TextArena {
            text: String::with_capacity(parts.iter().map(|part| part.0.text.len()).sum()),
            ends: Vec::with_capacity(parts.iter().map(Self::len).sum()),
        };
        for part in parts {
            let start = arena.text.len();
            arena.text.push_str(&part.0.text);
            arena.ends.extend(part.0.ends.iter().map(|end| start + end));
        }
        Self(arena)
    }

    /// Adds a text that is larger than all others.
    #[cfg(feature = "csv")]
    pub(crate) fn push_larger(&mut self, text: &str) {
        debug_assert!(self.0.len() == 0 || self.0.get(self.0.len() - 1) < text, "levels ascend");
        self.0.push(text);
    }

    /// Some of the levels, by ascending codes.
    pub(crate) fn pick(&self, codes: impl Iterator<Item = u32>) -> Self {
        let mut picked = TextArena::default();
        codes.for_each(|code| picked.push(self.get(code).unwrap_or_default()));
        Self(picked)
    }

    /// How many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.0.text.len() + size_of_val(self.0.ends.as_slice())
    }

    /// The levels of both, and for each side the new code of each old one. O(sum of lengths).
    pub(crate) fn union(&self, other: &Self) -> (Self, Vec<u32>, Vec<u32>) {
        let mut merged = TextArena::default();
        let (mut left, mut right) = (Vec::with_capacity(self.len()), Vec::with_capacity(other.len()));
        while left.len() < self.len() || right.len() < other.len() {
            let code = merged.len() as u32;
            let (l, r) = (self.get(left.len() as u32), other.get(right.len() as u32));
            let take_left = r.is_none() || l.is_some_and(|l| r.is_some_and(|r| l <= r));
            let take_right = l.is_none() || r.is_some_and(|r| l.is_some_and(|l| r <= l));
            merged.push(if take_left { l } else { r }.unwrap_or_default());
            if take_left {
                left.push(code);
            }
            if take_right {
                right.push(code);
            }
        }
        (Self(merged), left, right)
    }
}

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Levels({} texts)", self.len())
    }
}

impl From<Levels> for Vec<String> {
    fn from(levels: Levels) -> Self {
        levels.iter().map(str::to_owned).collect()
    }
}

impl TryFrom<Vec<String>> for Levels {
    type Error = Error;

    fn try_from(texts: Vec<String>) -> Result<Self> {
        if texts.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::Setting {
                setting: "levels",
                found: "not in strictly ascending byte order".into(),
                expected: "distinct texts in ascending byte order",
            });
        }
        let mut arena = TextArena::default();
        for text in &texts {
            arena.push(text);
        }
        Ok(Self(arena))
    }
}

/// A category column: one text, or none, per row.
///
/// ```
/// use kohort::Category;
///
/// let channel = Category::from_texts([Some("web"), None, Some("app"), Some("web")]);
/// assert_eq!(channel.get(0), Some("web"));
/// assert_eq!(channel.get(1), None);
/// assert_eq!(channel.levels().iter().collect::<Vec<_>>(), ["app", "web"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Category {
    pub(crate) codes: Vec<u32>,
    pub(crate) levels: Arc<Levels>,
}

impl Category {
    /// A column from one optional text per row. An empty text is a missing value.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut interner = Interner::default();
        let codes = texts.into_iter().map(|text| text.map_or(MISSING, |text| interner.code(text))).collect();
        interner.finish(codes)
    }

    /// A column from whole numbers, whose texts are their decimal digits.
    pub fn from_numbers<N: Copy + Into<i64> + Sync>(numbers: &[N]) -> Self {
        let range = numbers
            .par_iter()
            .map(|n| ((*n).into(), (*n).into()))
            .reduce(|| (i64::MAX, i64::MIN), |a, b| (a.0.min(b.0), a.1.max(b.1)));
        // A narrow range is a table look-up per row; a wide one is sorted.
        let width = range.1.checked_sub(range.0).and_then(|width| usize::try_from(width).ok());
        let distinct: Vec<i64> = match width {
            Some(width) if width < 1 << 16 => {
                let none = || vec![false; width + 1];
                let seen = numbers
                    .par_chunks(1 << 16)
                    .fold(none, |mut seen, chunk| {
                        for n in chunk {
                            seen[((*n).into() - range.0) as usize] = true;
                        }
                        seen
                    })
                    .reduce(none, |mut seen, other| {
                        seen.iter_mut().zip(other).for_each(|(seen, other)| *seen |= other);
                        seen
                    });
                (0..=width).filter(|offset| seen[*offset]).map(|offset| range.0 + offset as i64).collect()
            }
            _ => {
                let mut distinct: Vec<i64> = numbers.iter().map(|n| (*n).into()).collect();
                distinct.par_sort_unstable();
                distinct.dedup();
                distinct
            }
        };
        let mut by_text: Vec<(String, i64)> = distinct.iter().map(|n| (n.to_string(), *n)).collect();
        by_text.sort_unstable();
        let mut levels = TextArena::default();
        let mut code_of = vec![0u32; distinct.len()];
        for (code, (text, number)) in by_text.iter().enumerate() {
            levels.push(text);
            if let Ok(position) = distinct.binary_search(number) {
                code_of[position] = code as u32;
            }
        }
        let codes = match width {
            Some(width) if width < 1 << 16 => {
                let mut table = vec![MISSING; width + 1];
                distinct.iter().zip(&code_of).for_each(|(n, code)| table[(n - range.0) as usize] = *code);
                numbers.par_iter().map(|n| table[((*n).into() - range.0) as usize]).collect()
            }
            _ => numbers
                .par_iter()
                .map(|n| distinct.binary_search(&(*n).into()).map_or(MISSING, |position| code_of[position]))
                .collect(),
        };
        Self { codes, levels: Arc::new(Levels(levels)) }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The text of a row, or `None` where it is missing or there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        self.codes.get(row).and_then(|code| self.levels.get(*code))
    }

    /// The code of a row: its text's position in byte order.
    #[must_use]
    pub fn code(&self, row: usize) -> Option<u32> {
        self.codes.get(row).copied().filter(|code| *code != MISSING)
    }

    /// The distinct texts.
    #[must_use]
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// One optional text per row.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        self.codes.iter().map(|code| self.levels.get(*code))
    }

    /// How many bytes codes and levels take.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.codes.as_slice()) + self.levels.bytes()
    }

    /// The rows at `rows`, with the same levels.
    pub(crate) fn gather(&self, rows: &[usize]) -> Self {
        Self { codes: rows.iter().map(|row| self.codes[*row]).collect(), levels: Arc::clone(&self.levels) }
    }

    /// The rows at `rows`, with the same levels; missing where there is no such row.
    pub(crate) fn gather_some(&self, rows: &[usize]) -> Self {
        let code = |row: &usize| self.codes.get(*row).copied().unwrap_or(MISSING);
        Self { codes: rows.iter().map(code).collect(), levels: Arc::clone(&self.levels) }
    }

    /// The same column without levels that no row has. O(rows + levels), and no longer than until every level was seen.
    pub(crate) fn without_unused(self) -> Self {
        let mut codes = vec![MISSING; self.levels.len()];
        let mut unseen = codes.len();
        for code in self.codes.iter().filter(|code| **code != MISSING) {
            let seen = &mut codes[*code as usize];
            if *seen == MISSING {
                *seen = 0;
                unseen -= 1;
                if unseen == 0 {
                    break;
                }
            }
        }
        if unseen == 0 {
            return self;
        }
        let mut levels = TextArena::default();
        for (level, code) in self.levels.iter().zip(&mut codes).filter(|(_, code)| **code != MISSING) {
            *code = levels.len() as u32;
            levels.push(level);
        }
        let renumbered = self.codes.iter().map(|code| codes.get(*code as usize).copied().unwrap_or(MISSING));
        Self { codes: renumbered.collect(), levels: Arc::new(Levels(levels)) }
    }

    /// The rows of both, one after the other, over the union of their levels.
    pub(crate) fn concat(&self, other: &Self) -> Self {
        let (levels, left, right) = self.levels.union(&other.levels);
        let remap = |codes: &[u32], map: &[u32]| -> Vec<u32> {
            codes.iter().map(|code| map.get(*code as usize).copied().unwrap_or(MISSING)).collect()
        };
        let mut codes = remap(&self.codes, &left);
        codes.extend(remap(&other.codes, &right));
        Self { codes, levels: Arc::new(levels) }
    }

    /// The rows of all, one after the other, over the union of their levels. Runs in parallel; O(rows + levels · log
    /// columns).
    #[cfg(feature = "arrow")]
    pub(crate) fn concat_all(mut columns: Vec<Self>) -> Self {
        if columns.len() < 2 {
            return columns.pop().unwrap_or_else(|| Self { codes: Vec::new(), levels: Arc::default() });
        }
        let lists: Vec<&Levels> = columns.iter().map(|column| &*column.levels).collect();
        let (levels, maps) = Levels::union_all(&lists);
        let mut codes = vec![0; columns.iter().map(Self::len).sum()];
        let mut rest = codes.as_mut_slice();
        let mut parts = Vec::with_capacity(columns.len());
        for (column, map) in columns.iter().zip(&maps) {
            let (part, after) = rest.split_at_mut(column.len());
            parts.push((part, column, map));
            rest = after;
        }
        parts.into_par_iter().for_each(|(part, column, map)| {
            part.par_chunks_mut(1 << 14).zip(column.codes.par_chunks(1 << 14)).for_each(|(new, old)| {
                for (new, old) in new.iter_mut().zip(old) {
                    *new = map.get(*old as usize).copied().unwrap_or(MISSING);
                }
            });
        });
        Self { codes, levels: Arc::new(levels) }
    }
}

impl fmt::Debug for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Category({} rows, {} levels)", self.len(), self.levels.len())
    }
}

/// Gives texts codes in order of arrival, then renumbers them in byte order.
#[derive(Default)]
pub(crate) struct Interner {
    texts: TextArena,
    table: HashTable<u32>,
    // The seed is random, which cannot show: the table is only asked for members, never walked.
    hasher: DefaultHashBuilder,
}

impl Interner {
    /// The provisional code of a text; [`MISSING`] for an empty one.
    pub(crate) fn code(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return MISSING;
        }
        let Self { texts, table, hasher } = self;
        let hash = hasher.hash_one(text);
        if let Some(code) = table.find(hash, |code| texts.get(*code as usize) == text) {
            return *code;
        }
        let code = texts.len() as u32;
        texts.push(text);
        table.insert_unique(hash, code, |code| hasher.hash_one(texts.get(*code as usize)));
        code
    }

    /// The column of the given provisional codes, renumbered.
    pub(crate) fn finish(self, mut codes: Vec<u32>) -> Category {
        let texts = self.texts;
        let mut order: Vec<u32> = (0..texts.len() as u32).collect();
        order.par_sort_unstable_by(|a, b| texts.get(*a as usize).cmp(texts.get(*b as usize)));
        let mut levels = TextArena { text: String::with_capacity(texts.text.len()), ends: Vec::new() };
        let mut renumbered = vec![0u32; order.len()];
        for (new, old) in order.iter().enumerate() {
            levels.push(texts.get(*old as usize));
            renumbered[*old as usize] = new as u32;
        }
        codes
            .par_iter_mut()
            .for_each(|code| *code = renumbered.get(*code as usize).copied().unwrap_or(MISSING));
        Category { codes, levels: Arc::new(Levels(levels)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_their_texts_give_the_same_column() {
        for numbers in [vec![3i64, -1, 10, 2, 10], vec![], vec![i64::MIN, i64::MAX, 0]] {
            let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            let expected = Category::from_texts(texts.iter().map(|text| Some(text.as_str())));
            assert_eq!(Category::from_numbers(&numbers), expected);
        }
    }

    #[cfg(feature = "arrow")]
    #[test]
    fn long_lists_of_levels_are_merged_in_ranges() {
        let part = |step: u32, from: u32| -> Vec<String> {
            (0..90_000).map(|n| format!("{:07}", from + n * step)).collect()
        };
        let parts = [part(1, 0), part(3, 5), part(2, 100_000), Vec::new()];
        let column = |texts: &[String]| Category::from_texts(texts.iter().map(|text| Some(text.as_str())));
        let all = column(&parts.concat());
        assert_eq!(Category::concat_all(parts.iter().map(|part| column(part)).collect()), all);
    }

    #[test]
    fn levels_refuse_a_wrong_order() {
        assert!(Levels::try_from(vec!["b".to_owned(), "a".to_owned()]).is_err());
        assert!(Levels::try_from(vec!["a".to_owned(), "a".to_owned()]).is_err());
    }

    proptest! {
        #[test]
        fn a_column_gives_back_its_texts_and_its_order_is_the_texts(texts in prop::collection::vec("[a-cÄ€]{0,3}", 0..40)) {
            let column = Category::from_texts(texts.iter().map(|text| Some(text.as_str())));
            for (row, text) in texts.iter().enumerate() {
                prop_assert_eq!(column.get(row), Some(text.as_str()).filter(|text| !text.is_empty()));
            }
            let levels: Vec<&str> = column.levels().iter().collect();
            prop_assert!(levels.windows(2).all(|pair| pair[0] < pair[1]));
            for (code, level) in levels.iter().enumerate() {
                prop_assert_eq!(column.levels().code(level), Some(code as u32));
            }
        }

        #[test]
        fn a_part_of_a_column_without_unused_levels_equals_one_of_its_own(
            texts in prop::collection::vec("[a-e]{0,2}", 1..30),
            keep in prop::collection::vec(any::<bool>(), 30),
        ) {
            let column = |texts: &[&String]| Category::from_texts(texts.iter().map(|text| Some(text.as_str())));
            let rows: Vec<usize> = (0..texts.len()).filter(|row| keep[*row]).collect();
            let picked: Vec<&String> = rows.iter().map(|row| &texts[*row]).collect();
            let all: Vec<&String> = texts.iter().collect();
            prop_assert_eq!(column(&all).gather(&rows).without_unused(), column(&picked));
        }

        #[cfg(feature = "arrow")]
        #[test]
        fn concatenating_many_columns_equals_one_column_of_all_rows(
            parts in prop::collection::vec(prop::collection::vec("[a-d]{0,2}", 0..20), 0..6),
        ) {
            let column = |texts: &[String]| Category::from_texts(texts.iter().map(|text| Some(text.as_str())));
            let all: Vec<String> = parts.iter().flatten().cloned().collect();
            let columns = parts.iter().map(|part| column(part)).collect();
            prop_assert_eq!(Category::concat_all(columns), column(&all));
        }

        #[test]
        fn concatenating_columns_equals_one_column_of_all_rows(
            left in prop::collection::vec("[a-c]{0,2}", 0..20),
            right in prop::collection::vec("[b-d]{0,2}", 0..20),
        ) {
            let column = |texts: &[String]| Category::from_texts(texts.iter().map(|text| Some(text.as_str())));
            let all: Vec<String> = left.iter().chain(&right).cloned().collect();
            prop_assert_eq!(column(&left).concat(&column(&right)), column(&all));
        }
    }
}
