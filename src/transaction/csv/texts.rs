//! The texts of one column in one block: each distinct one once, and a code per row.
//!
//! Nearly all texts of order lines are short. A short one is a number, its key, so that telling texts apart, sorting
//! them and joining columns is work on numbers.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::category::MISSING;

/// Bytes of a text that fit its key, next to its length.
const SHORT: usize = 15;

/// How many texts that came lately are remembered.
const RECENT: usize = 128;

/// The lowest byte of the key of a long text.
const LONG: u8 = 0xff;

/// A text as a number. That of a short text is its bytes, the first one topmost, and its length: keys order as the
/// texts do, and the empty text is zero. That of a long text is its position among the long ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Key(u128);

impl Key {
    pub(super) const EMPTY: Self = Self(0);

    /// The key of a short text whose bytes are the first ones of sixteen.
    #[inline]
    fn short(bytes: [u8; 16], length: usize) -> Self {
        let kept = u128::MAX.checked_shl(128 - 8 * length as u32).unwrap_or(0);
        Self((u128::from_be_bytes(bytes) & kept) | length as u128)
    }

    fn long(position: usize) -> Self {
        Self(((position as u128) << 8) | u128::from(LONG))
    }

    /// Where among those that came lately it has its place.
    #[inline]
    fn place(self) -> usize {
        let folded = (self.0 >> 64) as u64 ^ (self.0 as u64);
        (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57) as usize
    }

    /// The key of the text at a place, if that is a short one and ASCII; sixteen bytes are loaded at once.
    #[inline]
    pub(super) fn at(padded: &[u8], start: usize, end: usize) -> Option<Self> {
        let length = end - start;
        if length > SHORT {
            return None;
        }
        let key = Self::short(*padded.get(start..)?.first_chunk()?, length);
        key.is_ascii().then_some(key)
    }

    fn is_ascii(self) -> bool {
        self.0 & 0x8080_8080_8080_8080_8080_8080_8080_8000 == 0
    }

    /// A key by which a long text stands behind every short one that it begins with.
    pub(super) fn of_beginning(text: &str) -> Self {
        let mut bytes = [LONG; 16];
        let length = text.len().min(SHORT);
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Self(u128::from_be_bytes(bytes))
    }

    /// The text of a short one, written to a place.
    pub(super) fn text(self, place: &mut [u8; 16]) -> &str {
        *place = self.0.to_be_bytes();
        let length = usize::from(place[SHORT]).min(SHORT);
        std::str::from_utf8(&place[..length]).unwrap_or_default()
    }

    /// Where among the long texts it is, if it is a long one.
    #[inline]
    pub(super) fn position(self) -> Option<usize> {
        (self.0 as u8 == LONG).then_some((self.0 >> 8) as usize)
    }
}

/// Distinct texts in order of arrival.
#[derive(Default)]
pub(super) struct Dictionary {
    pub(super) keys: Vec<Key>,
    pub(super) long: LongTexts,
}

/// Texts that are too long for a key, end to end.
#[derive(Default)]
pub(super) struct LongTexts {
    text: String,
    ends: Vec<usize>,
}

impl LongTexts {
    pub(super) fn get(&self, position: usize) -> &str {
        let start = if position == 0 { 0 } else { self.ends[position - 1] };
        &self.text[start..self.ends[position]]
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }
}

/// A text column being read: tables that are used again, and what one block has filled.
#[derive(Default)]
pub(super) struct Texts {
    short: HashTable<(Key, u32)>,
    /// The codes of long texts.
    long: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Short texts that came lately, by a few bits of their keys: neighbouring lines are often of one order, and most
    /// columns have few texts.
    recent: Vec<(Key, u32)>,
    dictionary: Dictionary,
    pub(super) codes: Vec<u32>,
}

/// A text to add.
#[derive(Clone, Copy)]
pub(super) enum Cell<'t> {
    Short(Key),
    Long(&'t str),
}

impl<'t> Cell<'t> {
    /// The text at a place, if it is one. Bytes that are no ASCII are UTF-8, or not looked at.
    #[inline]
    pub(super) fn at(padded: &'t [u8], start: usize, end: usize, ascii_only: bool) -> Option<Self> {
        if let Some(key) = Key::at(padded, start, end) {
            return Some(Self::Short(key));
        }
        let text = std::str::from_utf8(padded.get(start..end)?).ok()?;
        (!ascii_only || text.is_ascii()).then(|| Self::of(text))
    }

    pub(super) fn of(text: &'t str) -> Self {
        if text.len() > SHORT {
            return Self::Long(text);
        }
        let mut bytes = [0; 16];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self::Short(Key::short(bytes, text.len()))
    }
}

impl Texts {
    /// Adds a row. An empty text is a missing value.
    pub(super) fn push(&mut self, cell: Cell<'_>) {
        let code = match cell {
            Cell::Short(key) => self.short_code(key),
            Cell::Long(text) => self.long_code(text),
        };
        self.codes.push(code);
    }

    /// Adds a row with the text at a place, which is one.
    #[inline]
    pub(super) fn push_at(&mut self, padded: &[u8], start: usize, end: usize, ascii_only: bool) {
        if let Some(key) = Key::at(padded, start, end) {
            let code = self.short_code(key);
            self.codes.push(code);
        } else if let Some(cell) = Cell::at(padded, start, end, ascii_only) {
            self.push(cell);
        }
    }

    #[inline]
    fn short_code(&mut self, key: Key) -> u32 {
        match self.recent.get(key.place()) {
            // The empty text is what the places of texts that did not come lately have.
            Some((recent, code)) if *recent == key => *code,
            _ => self.earlier_code(key),
        }
    }

    fn earlier_code(&mut self, key: Key) -> u32 {
        if key == Key::EMPTY {
            return MISSING;
        }
        if self.recent.is_empty() {
            self.recent.resize(RECENT, (Key::EMPTY, MISSING));
        }
        let Self { short, hasher, recent, dictionary, .. } = self;
        let hash = hasher.hash_one(key);
        let code = if let Some((_, code)) = short.find(hash, |known| known.0 == key) {
            *code
        } else {
            let code = dictionary.keys.len() as u32;
            dictionary.keys.push(key);
            short.insert_unique(hash, (key, code), |known| hasher.hash_one(known.0));
            code
        };
        recent[key.place()] = (key, code);
        code
    }

    fn long_code(&mut self, text: &str) -> u32 {
        let Self { long, hasher, dictionary: Dictionary { keys, long: texts }, .. } = self;
        let text_of = |keys: &[Key], texts: &LongTexts, code: u32| -> u64 {
            hasher.hash_one(keys[code as usize].position().map_or("", |position| texts.get(position)))
        };
        let hash = hasher.hash_one(text);
        let same =
            |code: &u32| keys[*code as usize].position().is_some_and(|position| texts.get(position) == text);
        if let Some(code) = long.find(hash, same) {
            return *code;
        }
        let code = keys.len() as u32;
        keys.push(Key::long(texts.ends.len()));
        texts.push(text);
        long.insert_unique(hash, code, |code| text_of(keys, texts, *code));
        code
    }

    /// Forgets everything but its room; the dictionary is given away.
    pub(super) fn take(&mut self) -> Dictionary {
        self.short.clear();
        self.long.clear();
        self.recent.fill((Key::EMPTY, MISSING));
        self.codes.clear();
        // The next block's texts are likely as many.
        let room =
            Dictionary { keys: Vec::with_capacity(self.dictionary.keys.len()), ..Dictionary::default() };
        std::mem::replace(&mut self.dictionary, room)
    }
}
