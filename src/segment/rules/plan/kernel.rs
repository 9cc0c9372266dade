//! Which values lie above a bound, as bits: the loop that rules spend their time in.
//!
//! Sixty-four values make a word. On x86-64 the comparisons are the processor's own: with AVX-512 they yield bits, with AVX2
//! lanes whose signs are collected. Left to the compiler, the plain loop in `Scalar` is 2.5 times as slow as AVX-512, and
//! six times as slow when it is compiled for AVX-512, because bits are then put together one by one. Comparing two or four
//! bounds in one sweep over the values was tried and gains a tenth at most: a chunk's values are in the first-level cache
//! anyway.

use crate::numeric::number::Number;
use crate::transaction::Money;

/// Values of a word.
pub(super) const LANES: usize = 64;

/// The vector units that are there, found once.
#[derive(Clone, Copy)]
pub(super) enum Units {
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    Scalar,
}

impl Units {
    /// The best of this processor.
    pub(super) fn best() -> Self {
        Self::all().swap_remove(0)
    }

    /// All that this processor has, the best first.
    pub(super) fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            let wide = pulp::x86::V4::try_new().map(Self::Avx512);
            let narrow = pulp::x86::V3::try_new().map(Self::Avx2);
            wide.into_iter().chain(narrow).chain([Self::Scalar]).collect()
        }
        #[cfg(not(target_arch = "x86_64"))]
        vec![Self::Scalar]
    }
}

/// A value that the vector units compare.
pub(crate) trait Key: Number + Default {
    #[cfg(target_arch = "x86_64")]
    fn above_avx512(simd: pulp::x86::V4, values: &[Self; LANES], bound: Self) -> u64;

    #[cfg(target_arch = "x86_64")]
    fn above_avx2(simd: pulp::x86::V3, values: &[Self; LANES], bound: Self) -> u64;
}

/// For each bound, which values lie above it: `words` words a bound, one after the other. Bits beyond the values are not
/// set where a bound is at least the type's default, and mean nothing.
pub(super) fn above<T: Key>(units: Units, values: &[T], bounds: &[T], words: usize, bits: &mut [u64]) {
    debug_assert!(values.len() <= words * LANES && bits.len() == bounds.len() * words, "room for every bit");
    match units {
        #[cfg(target_arch = "x86_64")]
        Units::Avx512(simd) => simd.vectorize(Wide { simd, values, bounds, words, bits }),
        #[cfg(target_arch = "x86_64")]
        Units::Avx2(simd) => simd.vectorize(Narrow { simd, values, bounds, words, bits }),
        Units::Scalar => sweep(values, bounds, words, bits, |values, bound| {
            let mut bytes = [0; 8];
            for (byte, values) in bytes.iter_mut().zip(values.as_chunks::<8>().0) {
                for (bit, value) in values.iter().enumerate() {
                    *byte |= u8::from(*value > bound) << bit;
                }
            }
            u64::from_le_bytes(bytes)
        }),
    }
}

#[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
#[inline(always)]
fn sweep<T: Key>(
    values: &[T],
    bounds: &[T],
    words: usize,
    bits: &mut [u64],
    word: impl Fn(&[T; LANES], T) -> u64,
) {
    let (full, rest) = values.as_chunks::<LANES>();
    let mut tail = [T::default(); LANES];
    tail[..rest.len()].copy_from_slice(rest);
    for (bound, bits) in bounds.iter().zip(bits.chunks_exact_mut(words)) {
        for (bits, values) in bits.iter_mut().zip(full) {
            *bits = word(values, *bound);
        }
        if !rest.is_empty() {
            bits[full.len()] = word(&tail, *bound);
        }
    }
}

#[cfg(target_arch = "x86_64")]
struct Wide<'a, T> {
    simd: pulp::x86::V4,
    values: &'a [T],
    bounds: &'a [T],
    words: usize,
    bits: &'a mut [u64],
}

#[cfg(target_arch = "x86_64")]
impl<T: Key> pulp::NullaryFnOnce for Wide<'_, T> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "this is what is compiled for the vector units")]
    #[inline(always)]
    fn call(self) {
        let word = |values: &[T; LANES], bound| T::above_avx512(self.simd, values, bound);
        sweep(self.values, self.bounds, self.words, self.bits, word);
    }
}

#[cfg(target_arch = "x86_64")]
struct Narrow<'a, T> {
    simd: pulp::x86::V3,
    values: &'a [T],
    bounds: &'a [T],
    words: usize,
    bits: &'a mut [u64],
}

#[cfg(target_arch = "x86_64")]
impl<T: Key> pulp::NullaryFnOnce for Narrow<'_, T> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "this is what is compiled for the vector units")]
    #[inline(always)]
    fn call(self) {
        let word = |values: &[T; LANES], bound| T::above_avx2(self.simd, values, bound);
        sweep(self.values, self.bounds, self.words, self.bits, word);
    }
}

/// The comparison of eight values of 64 bits, or of sixteen of 32, in both widths of vector units.
macro_rules! key {
    ($type:ty, $lane:ty, $wide:ty, $narrow:ty, $lanes:literal, $lt512:ident, $lt256:ident, $signs:ident, $lane_of:expr) => {
        impl Key for $type {
            #[cfg(target_arch = "x86_64")]
            #[inline(always)]
            fn above_avx512(simd: pulp::x86::V4, values: &[Self; LANES], bound: Self) -> u64 {
                let bound: $wide = pulp::cast([$lane_of(bound); $lanes]);
                let mut bits = 0;
                for (part, values) in values.as_chunks::<$lanes>().0.iter().enumerate() {
                    let lanes: [$lane; $lanes] = std::array::from_fn(|lane| $lane_of(values[lane]));
                    bits |= u64::from(simd.$lt512(bound, pulp::cast(lanes)).0) << (part * $lanes);
                }
                bits
            }

            #[cfg(target_arch = "x86_64")]
            #[inline(always)]
            fn above_avx2(simd: pulp::x86::V3, values: &[Self; LANES], bound: Self) -> u64 {
                const NARROW: usize = $lanes / 2;
                let bound: $narrow = pulp::cast([$lane_of(bound); NARROW]);
                let mut bits = 0;
                for (part, values) in values.as_chunks::<NARROW>().0.iter().enumerate() {
                    let lanes: [$lane; NARROW] = std::array::from_fn(|lane| $lane_of(values[lane]));
                    let above = simd.$lt256(bound, pulp::cast(lanes));
                    let signs = simd.avx.$signs(pulp::cast(above)) as u32;
                    bits |= u64::from(signs) << (part * NARROW);
                }
                bits
            }
        }
    };
}

key!(f64, f64, pulp::f64x8, pulp::f64x4, 8, cmp_lt_f64x8, cmp_lt_f64x4, _mm256_movemask_pd, |v: f64| v);
key!(i64, i64, pulp::i64x8, pulp::i64x4, 8, cmp_lt_i64x8, cmp_lt_i64x4, _mm256_movemask_pd, |v: i64| v);
key!(
    Money,
    i64,
    pulp::i64x8,
    pulp::i64x4,
    8,
    cmp_lt_i64x8,
    cmp_lt_i64x4,
    _mm256_movemask_pd,
    Money::ten_thousandths
);
key!(i32, i32, pulp::i32x16, pulp::i32x8, 16, cmp_lt_i32x16, cmp_lt_i32x8, _mm256_movemask_ps, |v: i32| v);
key!(u32, u32, pulp::u32x16, pulp::u32x8, 16, cmp_lt_u32x16, cmp_lt_u32x8, _mm256_movemask_ps, |v: u32| v);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agrees<T: Key + std::fmt::Debug>(values: &[T], bounds: &[T]) {
        let words = values.len().div_ceil(LANES);
        for units in Units::all() {
            let mut bits = vec![0; bounds.len() * words];
            above(units, values, bounds, words, &mut bits);
            for (bound, bits) in bounds.iter().zip(bits.chunks_exact(words.max(1))) {
                for (row, value) in values.iter().enumerate() {
                    assert_eq!(
                        bits[row / 64] >> (row % 64) & 1 == 1,
                        value > bound,
                        "{value:?} above {bound:?}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_unit_compares_as_the_values_do(
            values in prop::collection::vec(prop_oneof![any::<i64>(), -3_i64..3], 1..400),
            bounds in prop::collection::vec(prop_oneof![any::<i64>(), -3_i64..3], 1..5),
        ) {
            let of = |f: fn(i64) -> f64| (values.iter().map(|v| f(*v)).collect::<Vec<_>>(), bounds.iter().map(|v| f(*v)).collect::<Vec<_>>());
            let (floats, cuts) = of(|v| v as f64 / 3.0);
            agrees(&floats, &cuts);
            agrees(&values, &bounds);
            let narrow = |values: &[i64]| values.iter().map(|v| *v as i32).collect::<Vec<_>>();
            agrees(&narrow(&values), &narrow(&bounds));
            let counts = |values: &[i64]| values.iter().map(|v| *v as u32).collect::<Vec<_>>();
            agrees(&counts(&values), &counts(&bounds));
            let money = |values: &[i64]| values.iter().map(|v| Money::from_ten_thousandths(*v)).collect::<Vec<_>>();
            agrees(&money(&values), &money(&bounds));
        }
    }
}
