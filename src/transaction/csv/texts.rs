//! The texts of one column in one block: each distinct one once, and a code per row.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::category::MISSING;

/// Bytes of a text that is kept in its key, next to its length.
const SHORT: usize = 15;

/// Distinct texts in order of arrival, end to end.
#[derive(Default)]
pub(super) struct Dictionary {
    text: String,
    ends: Vec<u32>,
}

impl Dictionary {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start as usize..self.ends[index] as usize]
    }

    fn push(&mut self, text: &str) -> u32 {
        let code = self.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        code
    }
}

/// A text column being read: tables that are used again, and what one block has filled.
#[derive(Default)]
pub(super) struct Texts {
    /// Codes of short texts by key: comparing numbers is several times faster than comparing texts.
    short: HashTable<(u128, u32)>,
    /// Codes of the others.
    long: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The latest short text; neighbouring lines are often of one order.
    latest: (u128, u32),
    dictionary: Dictionary,
    pub(super) codes: Vec<u32>,
}

/// A text in a block, found to be one.
#[derive(Clone, Copy)]
pub(super) struct Cell<'t> {
    pub(super) text: &'t str,
    /// `None` for a long text.
    key: Option<u128>,
}

impl<'t> Cell<'t> {
    /// The text at a place, if it is UTF-8; sixteen bytes are loaded at once.
    #[inline]
    pub(super) fn at(padded: &'t [u8], start: usize, end: usize) -> Option<Self> {
        let length = end - start;
        let text = std::str::from_utf8(padded.get(start..end)?).ok()?;
        let key = (length <= SHORT)
            .then(|| padded.get(start..)?.first_chunk().map(|bytes| key(u128::from_le_bytes(*bytes), length)))
            .flatten();
        Some(Self { text, key })
    }

    pub(super) fn of(text: &'t str) -> Self {
        let mut bytes = [0; 16];
        let key = (text.len() <= SHORT).then(|| {
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            key(u128::from_le_bytes(bytes), text.len())
        });
        Self { text, key }
    }
}

/// The first bytes of a text and its length as one number; that of no text is zero.
#[inline]
fn key(bytes: u128, length: usize) -> u128 {
    (bytes & ((1 << (8 * length)) - 1)) | (length as u128) << 120
}

impl Texts {
    /// Adds a row. An empty text is a missing value.
    #[inline]
    pub(super) fn push(&mut self, cell: Cell<'_>) {
        let code = match cell.key {
            Some(key) if key == self.latest.0 && key != 0 => self.latest.1,
            Some(0) => MISSING,
            Some(key) => {
                let code = self.short_code(key, cell.text);
                self.latest = (key, code);
                code
            }
            None => self.long_code(cell.text),
        };
        self.codes.push(code);
    }

    fn short_code(&mut self, key: u128, text: &str) -> u32 {
        let Self { short, hasher, dictionary, .. } = self;
        let hash = hasher.hash_one(key);
        if let Some((_, code)) = short.find(hash, |known| known.0 == key) {
            return *code;
        }
        let code = dictionary.push(text);
        short.insert_unique(hash, (key, code), |known| hasher.hash_one(known.0));
        code
    }

    fn long_code(&mut self, text: &str) -> u32 {
        let Self { long, hasher, dictionary, .. } = self;
        let hash = hasher.hash_one(text);
        if let Some(code) = long.find(hash, |code| dictionary.get(*code as usize) == text) {
            return *code;
        }
        let code = dictionary.push(text);
        long.insert_unique(hash, code, |code| hasher.hash_one(dictionary.get(*code as usize)));
        code
    }

    /// Forgets everything but its room; the dictionary is given away.
    pub(super) fn take(&mut self) -> Dictionary {
        self.short.clear();
        self.long.clear();
        self.latest = (0, MISSING);
        self.codes.clear();
        // The next block's texts are likely as many.
        let room = Dictionary {
            text: String::with_capacity(self.dictionary.text.len()),
            ends: Vec::with_capacity(self.dictionary.len()),
        };
        std::mem::replace(&mut self.dictionary, room)
    }
}
