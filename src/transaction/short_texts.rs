//! Short texts as numbers: ids such as `C00007264` need no dictionary.
//!
//! Texts that share a beginning and go on for at most eight bytes are kept as that beginning and one `u64` each, the
//! bytes that follow in big-endian order. The numbers stand in the order of the texts, so that everything made for ids
//! that are numbers works on them as it is: nothing is hashed and nothing is looked up, which for millions of customers
//! costs more than all that is computed of them.

use std::fmt;

use rayon::prelude::*;

use crate::category::{Category, Interner, Levels};

/// Texts that one task looks at.
const CHUNK: usize = 1 << 15;

/// A text that is missing: no text has the byte 255.
pub(crate) const NO_TEXT: u64 = u64::MAX;

/// One short text per row.
#[derive(Clone)]
pub struct ShortTexts {
    /// What all of them begin with.
    beginning: Vec<u8>,
    /// What follows, filled up with zeros; or [`NO_TEXT`].
    pub(crate) keys: Vec<u64>,
}

impl ShortTexts {
    /// The texts as numbers, if they are short enough. An empty text is a missing one. O(bytes), in parallel.
    pub(crate) fn pack<T: AsRef<str> + Sync>(texts: &[T]) -> Option<Self> {
        let first = texts.iter().map(T::as_ref).find(|text| !text.is_empty()).unwrap_or_default().as_bytes();
        let shared = texts
            .par_chunks(CHUNK)
            .map(|chunk| {
                let texts = chunk.iter().map(|text| text.as_ref().as_bytes()).filter(|text| !text.is_empty());
                texts.fold(first.len(), |shared, text| common(&first[..shared], text))
            })
            .min()
            .unwrap_or_default();
        let beginning = first[..shared].to_vec();
        let keys: Vec<Vec<u64>> = texts
            .par_chunks(CHUNK)
            .map(|chunk| {
                chunk.iter().map(|text| key(text.as_ref().as_bytes(), shared)).collect::<Option<_>>()
            })
            .collect::<Option<_>>()?;
        Some(Self { beginning, keys: keys.concat() })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The text of a row, or `None` where it is missing or there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<String> {
        self.keys.get(row).copied().filter(|key| *key != NO_TEXT).map(|key| self.text(key))
    }

    /// The key of a text; `None` where no row can have it.
    pub(crate) fn key_of(&self, text: &str) -> Option<u64> {
        let begins = text.as_bytes().starts_with(&self.beginning);
        if begins { key(text.as_bytes(), self.beginning.len()) } else { None }
    }

    /// Whether the text of a row begins with another one.
    pub(crate) fn begins(&self, row: usize, with: &str) -> bool {
        let key = self.keys[row];
        let (with, shared) = (with.as_bytes(), self.beginning.len());
        let (head, tail) = with.split_at(with.len().min(shared));
        key != NO_TEXT && self.beginning.starts_with(head) && key.to_be_bytes().starts_with(tail)
    }

    /// Whether a row has no text.
    pub(crate) fn has_missing(&self) -> bool {
        self.keys.par_iter().any(|key| *key == NO_TEXT)
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: u64) -> String {
        let mut bytes = self.beginning.clone();
        let tail = key.to_be_bytes();
        bytes.extend_from_slice(&tail[..tail.len() - key.trailing_zeros() as usize / 8]);
        // They were a text before they were cut.
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// The texts of keys that ascend.
    pub(crate) fn levels(&self, keys: &[u64]) -> Levels {
        let chunks: Vec<Levels> = keys
            .par_chunks(CHUNK)
            .map(|chunk| Levels::ascending(chunk.iter().map(|key| self.text(*key))))
            .collect();
        Levels::chained(&chunks)
    }

    /// The same rows as a category. O(rows log rows).
    pub(crate) fn to_category(&self) -> Category {
        let mut distinct: Vec<u64> = self.keys.iter().copied().filter(|key| *key != NO_TEXT).collect();
        distinct.par_sort_unstable();
        distinct.dedup();
        let levels = self.levels(&distinct);
        let code =
            |key: &u64| distinct.binary_search(key).map_or(crate::category::MISSING, |code| code as u32);
        Category { codes: self.keys.par_iter().map(code).collect(), levels: std::sync::Arc::new(levels) }
    }

    /// The same texts. What all of them begin with says nothing that a row does not, unless there is none.
    pub(crate) fn without_unused(self) -> Self {
        let none = self.keys.par_iter().all(|key| *key == NO_TEXT);
        if none { Self { beginning: Vec::new(), keys: self.keys } } else { self }
    }

    /// Rows of other keys that were made for these texts.
    pub(crate) fn of_keys(&self, keys: Vec<u64>) -> Self {
        Self { beginning: self.beginning.clone(), keys }
    }

    pub(crate) fn gather(&self, rows: &[usize]) -> Self {
        Self { beginning: self.beginning.clone(), keys: rows.iter().map(|row| self.keys[*row]).collect() }
    }

    /// The rows of both, if they are short texts together.
    pub(crate) fn concat(&self, other: &Self) -> Option<Self> {
        if self.is_empty() || other.is_empty() {
            return Some(if self.is_empty() { other.clone() } else { self.clone() });
        }
        if self.beginning == other.beginning {
            return Some(Self {
                beginning: self.beginning.clone(),
                keys: [&self.keys[..], &other.keys].concat(),
            });
        }
        let shared = common(&self.beginning, &other.beginning);
        let joined = [self.moved(shared)?, other.moved(shared)?].concat();
        Some(Self { beginning: self.beginning[..shared].to_vec(), keys: joined })
    }

    /// The rows of all, one after the other, if they are short texts together.
    #[cfg(feature = "arrow")]
    pub(crate) fn concat_all(parts: &[&Self]) -> Option<Self> {
        let filled: Vec<bool> =
            parts.par_iter().map(|part| part.keys.iter().any(|key| *key != NO_TEXT)).collect();
        let mut beginnings = parts.iter().zip(&filled).filter(|(_, filled)| **filled).map(|(part, _)| part);
        let first = beginnings.next().map_or(&[][..], |part| &part.beginning);
        let shared = beginnings.fold(first.len(), |shared, part| common(&first[..shared], &part.beginning));
        let mut keys = vec![0; parts.iter().map(|part| part.len()).sum()];
        let mut rest = keys.as_mut_slice();
        let mut places = Vec::with_capacity(parts.len());
        for (part, filled) in parts.iter().zip(filled) {
            let (place, later) = rest.split_at_mut(part.len());
            places.push((place, part, filled));
            rest = later;
        }
        let fits = places.into_par_iter().all(|(place, part, filled)| {
            if !filled || part.beginning.len() == shared {
                place.copy_from_slice(&part.keys);
                return true;
            }
            part.moved(shared).map(|keys| place.copy_from_slice(&keys)).is_some()
        });
        fits.then(|| Self { beginning: first[..shared].to_vec(), keys })
    }

    /// The keys of the same texts behind the first `shared` bytes of the beginning, if they fit.
    fn moved(&self, shared: usize) -> Option<Vec<u64>> {
        let between = &self.beginning[shared..];
        let moved = |key: &u64| {
            let used = 8 - key.trailing_zeros() as usize / 8;
            match *key {
                NO_TEXT => Some(NO_TEXT),
                // A key of zero is the beginning alone.
                _ if between.len() + used.min(8) > 8 => None,
                key => {
                    let mut bytes = [0; 8];
                    bytes[..between.len()].copy_from_slice(between);
                    bytes[between.len()..].copy_from_slice(&key.to_be_bytes()[..8 - between.len()]);
                    Some(u64::from_be_bytes(bytes))
                }
            }
        };
        if between.len() > 8 { None } else { self.keys.iter().map(moved).collect() }
    }

    /// The text of each place, where there is one: what a dictionary's keys stand for.
    #[cfg(feature = "arrow")]
    pub(crate) fn looked_up(&self, places: impl Iterator<Item = Option<usize>>) -> Self {
        let key =
            |place: Option<usize>| place.and_then(|place| self.keys.get(place)).copied().unwrap_or(NO_TEXT);
        Self { beginning: self.beginning.clone(), keys: places.map(key).collect() }
    }
}

/// The key of a text whose first `shared` bytes are those of all.
#[inline]
fn key(text: &[u8], shared: usize) -> Option<u64> {
    if text.is_empty() {
        return Some(NO_TEXT);
    }
    let tail = &text[shared..];
    // A zero byte could not be told from the filling.
    if tail.len() > 8 || tail.contains(&0) {
        return None;
    }
    let mut bytes = [0; 8];
    bytes[..tail.len()].copy_from_slice(tail);
    Some(u64::from_be_bytes(bytes))
}

/// How many bytes two texts begin with together.
#[inline]
fn common(a: &[u8], b: &[u8]) -> usize {
    // Nearly always all of them, which is one comparison.
    if b.starts_with(a) { a.len() } else { a.iter().zip(b).take_while(|(a, b)| a == b).count() }
}

impl PartialEq for ShortTexts {
    /// Equal texts are equal, however they were cut.
    fn eq(&self, other: &Self) -> bool {
        if self.beginning == other.beginning {
            return self.keys == other.keys;
        }
        self.len() == other.len() && (0..self.len()).all(|row| self.get(row) == other.get(row))
    }
}

impl Eq for ShortTexts {}

impl fmt::Debug for ShortTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShortTexts({} rows)", self.len())
    }
}

impl From<&ShortTexts> for Category {
    fn from(texts: &ShortTexts) -> Self {
        texts.to_category()
    }
}

/// The ids of texts: short ones as numbers, longer ones in a dictionary.
pub(crate) fn ids_of_texts<T: AsRef<str> + Sync>(texts: &[T]) -> crate::transaction::IdColumn {
    use crate::transaction::IdColumn;
    ShortTexts::pack(texts).map_or_else(
        || {
            let mut interner = Interner::default();
            let codes = texts.iter().map(|text| interner.code(text.as_ref())).collect();
            IdColumn::Texts(interner.finish(codes))
        },
        IdColumn::ShortTexts,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn texts_that_are_too_long_or_have_a_zero_byte_are_left_alone() {
        assert!(ShortTexts::pack(&texts(&["123456789", "a"])).is_none());
        assert!(ShortTexts::pack(&texts(&["a\0", "b"])).is_none());
        assert!(ShortTexts::pack(&texts(&["C00007264", "C10007264"])).is_some());
        assert!(ShortTexts::pack(&texts(&[])).is_some_and(|none| none.is_empty()));
        // What all share may be as long as it likes, and end within a letter.
        let long = ShortTexts::pack(&texts(&["customer/number/ä", "customer/number/ö", ""])).unwrap();
        assert_eq!(long.get(1).as_deref(), Some("customer/number/ö"));
        assert_eq!(long.get(2), None);
    }

    proptest! {
        #[test]
        fn keys_stand_in_the_order_of_texts_and_give_them_back(
            rows in prop::collection::vec("[a-cÄ]{0,3}", 0..40), beginning in "[xü]{0,4}",
        ) {
            let rows: Vec<String> = rows.into_iter().map(|row| if row.is_empty() { row } else { format!("{beginning}{row}") }).collect();
            if let Some(packed) = ShortTexts::pack(&rows) {
                for (row, text) in rows.iter().enumerate() {
                    prop_assert_eq!(packed.get(row), (!text.is_empty()).then(|| text.clone()));
                    for with in rows.iter().filter(|with| !with.is_empty()).chain([&beginning]) {
                        prop_assert_eq!(packed.begins(row, with), !text.is_empty() && text.starts_with(with.as_str()));
                    }
                }
                for (a, b) in rows.iter().zip(&packed.keys).flat_map(|a| rows.iter().zip(&packed.keys).map(move |b| (a, b))) {
                    if !a.0.is_empty() && !b.0.is_empty() {
                        prop_assert_eq!(a.0.cmp(b.0), a.1.cmp(b.1));
                    }
                }
                let category = Category::from_texts(rows.iter().map(|row| Some(row.as_str())));
                prop_assert_eq!(packed.to_category(), category);
            } else {
                prop_assert!(rows.iter().any(|row| row.len() > 8));
            }
        }

        #[cfg(feature = "arrow")]
        #[test]
        fn many_joined_are_those_of_all(parts in prop::collection::vec(prop::collection::vec("x?[ab]{0,4}", 0..5), 0..5)) {
            let packed: Vec<ShortTexts> = parts.iter().filter_map(|part| ShortTexts::pack(part)).collect();
            prop_assert_eq!(packed.len(), parts.len());
            let joined = ShortTexts::concat_all(&packed.iter().collect::<Vec<_>>());
            prop_assert_eq!(joined.as_ref(), Some(&ShortTexts::pack(&parts.concat()).unwrap()));
            let long = ShortTexts::pack(&["123456789", "123456788"]).unwrap();
            let all: Vec<&ShortTexts> = packed.iter().chain([&long]).collect();
            let every: Vec<String> = parts.concat().into_iter().chain(["123456789".into(), "123456788".into()]).collect();
            prop_assert_eq!(ShortTexts::concat_all(&all), ShortTexts::pack(&every));
        }

        #[test]
        fn joined_texts_are_those_of_both(
            left in prop::collection::vec("[ab]{1,5}", 0..9), right in prop::collection::vec("[ab]{1,9}", 0..9),
        ) {
            let (Some(packed), Some(others)) = (ShortTexts::pack(&left), ShortTexts::pack(&right)) else { return Ok(()) };
            let both = [left, right].concat();
            match packed.concat(&others) {
                Some(joined) => {
                    prop_assert_eq!(&joined, &ShortTexts::pack(&both).unwrap());
                    for (row, text) in both.iter().enumerate() {
                        prop_assert_eq!(joined.get(row), Some(text.clone()));
                    }
                }
                None => prop_assert!(ShortTexts::pack(&both).is_none()),
            }
        }
    }
}
