//! One bit per row: which values are there, which customers are in.

use serde::{Deserialize, Serialize};

/// A fixed number of bits in 64-bit words; bits beyond the length are zero.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "RawBitmap", into = "RawBitmap")]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// `len` bits that are all `bit`.
    #[must_use]
    pub fn filled(len: usize, bit: bool) -> Self {
        let mut words = vec![if bit { u64::MAX } else { 0 }; len.div_ceil(64)];
        if bit && !len.is_multiple_of(64) {
            words[len / 64] = (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// How many bits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bit of a row; `false` beyond the end.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> bool {
        row < self.len && self.words[row / 64] >> (row % 64) & 1 == 1
    }

    /// Sets the bit of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn set(&mut self, row: usize, bit: bool) {
        assert!(row < self.len, "row {row} of {}", self.len);
        let mask = 1 << (row % 64);
        if bit {
            self.words[row / 64] |= mask;
        } else {
            self.words[row / 64] &= !mask;
        }
    }

    /// How many bits are set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The bits in 64-bit words, the first row in the lowest bit of the first word.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Words of bits that are there as such; those beyond the length are cleared.
    pub(crate) fn from_words(mut words: Vec<u64>, len: usize) -> Self {
        words.resize(len.div_ceil(64), 0);
        if let Some(last) = words.last_mut().filter(|_| !len.is_multiple_of(64)) {
            *last &= (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// The bits that are set in both. Where one is shorter, its missing bits are not set.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.joined(other, |left, right| left & right)
    }

    /// The bits that are set in one of the two, or in both.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.joined(other, |left, right| left | right)
    }

    /// The bits that are set here and not there.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.joined(other, |left, right| left & !right)
    }

    /// The bits that are not set.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self::from_words(self.words.iter().map(|word| !word).collect(), self.len)
    }

    /// How many bits are set in both.
    #[must_use]
    pub fn and_count(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(left, right)| (left & right).count_ones() as usize).sum()
    }

    /// Word by word, in the longer length of the two.
    fn joined(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let word = |words: &[u64], index: usize| words.get(index).copied().unwrap_or_default();
        let words = self.words.len().max(other.words.len());
        let words =
            (0..words).map(|index| join(word(&self.words, index), word(&other.words, index))).collect();
        Self { words, len: self.len.max(other.len) }
    }

    /// The rows whose bit is set, ascending.
    pub fn ones(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    index * 64 + bit
                })
            })
        })
    }
}

impl FromIterator<bool> for Bitmap {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut bitmap = Self::default();
        for bit in bits {
            if bitmap.len.is_multiple_of(64) {
                bitmap.words.push(0);
            }
            if bit {
                bitmap.words[bitmap.len / 64] |= 1 << (bitmap.len % 64);
            }
            bitmap.len += 1;
        }
        bitmap
    }
}

impl std::fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bitmap({} of {} set)", self.count(), self.len)
    }
}

#[derive(Serialize, Deserialize)]
struct RawBitmap {
    words: Vec<u64>,
    len: usize,
}

impl From<Bitmap> for RawBitmap {
    fn from(bitmap: Bitmap) -> Self {
        Self { words: bitmap.words, len: bitmap.len }
    }
}

impl TryFrom<RawBitmap> for Bitmap {
    type Error = String;

    fn try_from(raw: RawBitmap) -> Result<Self, String> {
        let spare =
            raw.words.last().is_some_and(|last| !raw.len.is_multiple_of(64) && last >> (raw.len % 64) != 0);
        if raw.words.len() != raw.len.div_ceil(64) || spare {
            return Err(format!("{} words do not hold exactly {} bits", raw.words.len(), raw.len));
        }
        Ok(Self { words: raw.words, len: raw.len })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_like_a_vector_of_bools(bits in prop::collection::vec(any::<bool>(), 0..200)) {
            let bitmap: Bitmap = bits.iter().copied().collect();
            prop_assert_eq!(bitmap.len(), bits.len());
            prop_assert_eq!(bitmap.count(), bits.iter().filter(|bit| **bit).count());
            let ones: Vec<usize> = (0..bits.len()).filter(|row| bits[*row]).collect();
            prop_assert_eq!(bitmap.ones().collect::<Vec<_>>(), ones);
            let mut rebuilt = Bitmap::filled(bits.len(), true);
            bits.iter().enumerate().for_each(|(row, bit)| rebuilt.set(row, *bit));
            prop_assert_eq!(&rebuilt, &bitmap);
            let json = serde_json::to_string(&bitmap).unwrap();
            prop_assert_eq!(serde_json::from_str::<Bitmap>(&json).unwrap(), bitmap);
        }
    }

    #[test]
    fn damaged_bits_are_refused() {
        for json in [r#"{"words":[8],"len":3}"#, r#"{"words":[],"len":1}"#, r#"{"words":[0,0],"len":64}"#] {
            assert!(serde_json::from_str::<Bitmap>(json).is_err(), "{json}");
        }
    }
}
