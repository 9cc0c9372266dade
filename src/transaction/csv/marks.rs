//! Where a block's fields end: the positions of all delimiters, line ends and quotes, found eight bytes at a time.
//!
//! Finding them first and walking over them afterwards keeps both loops free of branches that depend on how long a
//! field is, which no processor can foresee.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The positions of the marks in a text, ascending. A list that is used again.
#[derive(Default)]
pub(super) struct Marks {
    /// Longer than there are marks: words are written whole.
    positions: Vec<u32>,
    count: usize,
}

impl Marks {
    pub(super) fn positions(&self) -> &[u32] {
        &self.positions[..self.count]
    }

    /// Finds the marks in a text that is followed by at least seven bytes which are none.
    pub(super) fn find(&mut self, padded: &[u8], len: usize, delimiter: u8) {
        let words = len.div_ceil(8);
        if self.positions.len() < words * 8 {
            // Not resized, which would write all of it: most of this room is never touched.
            self.positions = vec![0; words * 8];
        }
        let [delimiters, line_ends, quotes] = [delimiter, b'\n', b'"'].map(|mark| LOW * u64::from(mark));
        let mut count = 0;
        for (index, chunk) in padded.as_chunks::<8>().0.iter().take(words).enumerate() {
            let word = u64::from_le_bytes(*chunk);
            let others = others(word ^ delimiters) & others(word ^ line_ends) & others(word ^ quotes);
            let all = !others & HIGH;
            let mut found = all;
            let Some(room) = self.positions[count..].first_chunk_mut::<8>() else { break };
            // Most words have no more than three marks. All three are written, there or not, and counted after.
            let start = index as u32 * 8;
            for slot in &mut room[..3] {
                *slot = start + (found.trailing_zeros() >> 3);
                found &= found.wrapping_sub(1);
            }
            let mut slot = 3;
            while found != 0 {
                room[slot & 7] = start + (found.trailing_zeros() >> 3);
                found &= found - 1;
                slot += 1;
            }
            // One bit a byte, summed up in the topmost.
            count += ((all >> 7).wrapping_mul(LOW) >> 56) as usize;
        }
        self.count = count;
    }
}

/// The high bit of each byte that is not zero; the other bits mean nothing.
#[inline]
fn others(word: u64) -> u64 {
    ((word & !HIGH) + !HIGH) | word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_marks_are_found(text in prop::collection::vec(
            prop_oneof![prop::sample::select(&b",;\"\n,,,,a\x2d\x2b\xac\0\x0b\x21"[..]), any::<u8>()], 0..200,
        )) {
            let mut marks = Marks::default();
            let padded = [&text[..], &[0; 32]].concat();
            for delimiter in [b',', b';'] {
                marks.find(&padded, text.len(), delimiter);
                let expected: Vec<u32> = (0..text.len())
                    .filter(|at| [delimiter, b'\n', b'"'].contains(&text[*at]))
                    .map(|at| at as u32)
                    .collect();
                prop_assert_eq!(marks.positions(), expected);
            }
        }
    }
}
