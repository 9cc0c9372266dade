//! Where a block's fields end: the positions of all delimiters, line ends and quotes, found 64 bytes at a time.
//!
//! Finding them first and walking over them afterwards keeps both loops free of branches that depend on how long a
//! field is, which no processor can foresee.

/// Bytes that are looked at together.
const CHUNK: usize = 64;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The positions of the marks in a text, ascending. A list that is used again.
#[derive(Default)]
pub(super) struct Marks {
    /// Longer than there are marks.
    positions: Vec<u32>,
    count: usize,
}

impl Marks {
    pub(super) fn positions(&self) -> &[u32] {
        &self.positions[..self.count]
    }

    /// Finds the marks in the first `len` bytes of a text, behind which there are at least 63 that are none.
    pub(super) fn find(&mut self, padded: &[u8], len: usize, delimiter: u8) {
        let chunks = &padded.as_chunks().0[..len.div_ceil(CHUNK)];
        if self.positions.len() < chunks.len() * CHUNK {
            // Not resized, which would write all of it: most of this room is never touched.
            self.positions = vec![0; chunks.len() * CHUNK];
        }
        let marks = [delimiter, b'\n', b'"'];
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            self.count = simd.vectorize(Wide { simd, chunks, marks, positions: &mut self.positions });
            return;
        }
        self.count = collect(chunks, &mut self.positions, |chunk| narrow(chunk, marks));
    }
}

/// Writes the positions of the marks, of which `marks` gives a bit for each of 64 bytes; gives how many.
#[expect(clippy::inline_always, reason = "compiled for the vector units of whoever calls it")]
#[inline(always)]
fn collect(chunks: &[[u8; CHUNK]], positions: &mut [u32], marks: impl Fn(&[u8; CHUNK]) -> u64) -> usize {
    let mut count = 0;
    for (index, chunk) in chunks.iter().enumerate() {
        let mut found = marks(chunk);
        let Some(room) = positions[count..].first_chunk_mut::<CHUNK>() else { break };
        count += found.count_ones() as usize;
        let start = (index * CHUNK) as u32;
        for slots in room.as_chunks_mut::<8>().0 {
            // Eight are written whether there are as many or not: those behind the last are written over.
            for slot in slots {
                *slot = start + found.trailing_zeros();
                found &= found.wrapping_sub(1);
            }
            if found == 0 {
                break;
            }
        }
    }
    count
}

/// A bit for each byte that is one of three.
#[inline]
fn narrow(chunk: &[u8; CHUNK], marks: [u8; 3]) -> u64 {
    let [delimiters, line_ends, quotes] = marks.map(|mark| LOW * u64::from(mark));
    let words = chunk.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    words.enumerate().fold(0, |found, (index, word)| {
        let others = others(word ^ delimiters) & others(word ^ line_ends) & others(word ^ quotes);
        // The high bits of eight bytes, brought together.
        let bits = ((!others & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        found | bits << (8 * index)
    })
}

/// The high bit of each byte that is not zero; the other bits mean nothing.
#[inline]
fn others(word: u64) -> u64 {
    ((word & !HIGH) + !HIGH) | word
}

/// The kernel for vector units of 32 bytes. A struct, so that it is compiled for them.
#[cfg(target_arch = "x86_64")]
struct Wide<'a> {
    simd: pulp::x86::V3,
    chunks: &'a [[u8; CHUNK]],
    marks: [u8; 3],
    positions: &'a mut [u32],
}

#[cfg(target_arch = "x86_64")]
impl pulp::NullaryFnOnce for Wide<'_> {
    type Output = usize;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn call(self) -> usize {
        let Self { simd, chunks, marks, positions } = self;
        let [delimiter, line_end, quote] = marks.map(|mark| simd.avx._mm256_set1_epi8(mark as i8));
        collect(chunks, positions, |chunk| {
            let [first, second]: [std::arch::x86_64::__m256i; 2] = pulp::cast(*chunk);
            let bits = |bytes| {
                let delimiters = simd.avx2._mm256_cmpeq_epi8(bytes, delimiter);
                let line_ends = simd.avx2._mm256_cmpeq_epi8(bytes, line_end);
                let quotes = simd.avx2._mm256_cmpeq_epi8(bytes, quote);
                let any = simd.avx2._mm256_or_si256(simd.avx2._mm256_or_si256(delimiters, line_ends), quotes);
                u64::from(simd.avx2._mm256_movemask_epi8(any) as u32)
            };
            bits(first) | bits(second) << 32
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_marks_are_found(text in prop::collection::vec(
            prop_oneof![prop::sample::select(&b",;\"\n,,,,a\x2d\x2b\xac\0\x0b\x21"[..]), any::<u8>()], 0..300,
        )) {
            let mut marks = Marks::default();
            let padded = [&text[..], &[0; CHUNK]].concat();
            for delimiter in [b',', b';'] {
                let expected: Vec<u32> = (0..text.len())
                    .filter(|at| [delimiter, b'\n', b'"'].contains(&text[*at]))
                    .map(|at| at as u32)
                    .collect();
                marks.find(&padded, text.len(), delimiter);
                prop_assert_eq!(marks.positions(), &expected);
                // The way without vector units.
                let mut positions = vec![0; padded.len()];
                let chunks = &padded.as_chunks().0[..text.len().div_ceil(CHUNK)];
                let count = collect(chunks, &mut positions, |chunk| narrow(chunk, [delimiter, b'\n', b'"']));
                prop_assert_eq!(&positions[..count], &expected);
            }
        }
    }
}
