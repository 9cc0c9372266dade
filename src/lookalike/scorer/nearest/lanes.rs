//! Registers of 32-bit whole numbers, and the one instruction that makes the filter fast: products of pairs of 16-bit
//! numbers, added up in pairs.
//!
//! On many processors it does twice the multiplications of 32-bit floats in a cycle, and it rounds nothing. x86 has had
//! it for as long as vector units of 256 bits do whole numbers; elsewhere the same sums are left to the compiler.
#![expect(clippy::inline_always, reason = "each is an instruction that takes the vector units of its caller")]

/// Operations on a register of [`Lanes::LANES`] whole numbers.
pub(super) trait Lanes: Copy {
    const LANES: usize;
    type Ints: Copy;

    fn splat(self, value: i32) -> Self::Ints;
    /// The first numbers of a slice that has at least so many.
    fn load(self, values: &[i32]) -> Self::Ints;
    fn store(self, values: Self::Ints, to: &mut [i32]);
    /// The sum, plus the product of the lower and that of the upper 16 bits of each lane.
    fn add_products(self, sum: Self::Ints, x: Self::Ints, z: Self::Ints) -> Self::Ints;
    fn min(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn max(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// A bit for each lane in which `a` is no larger than `b`.
    fn at_most(self, a: Self::Ints, b: Self::Ints) -> u32;
}

/// What every processor has.
#[derive(Clone, Copy)]
pub(super) struct Portable;

const PORTABLE: usize = 8;

impl Lanes for Portable {
    const LANES: usize = PORTABLE;
    type Ints = [i32; PORTABLE];

    #[inline(always)]
    fn splat(self, value: i32) -> Self::Ints {
        [value; PORTABLE]
    }

    #[inline(always)]
    fn load(self, values: &[i32]) -> Self::Ints {
        let mut ints = [0; PORTABLE];
        ints.copy_from_slice(&values[..PORTABLE]);
        ints
    }

    #[inline(always)]
    fn store(self, values: Self::Ints, to: &mut [i32]) {
        to[..PORTABLE].copy_from_slice(&values);
    }

    #[inline(always)]
    fn add_products(self, sum: Self::Ints, x: Self::Ints, z: Self::Ints) -> Self::Ints {
        std::array::from_fn(|lane| {
            let lower = i32::from(x[lane] as i16) * i32::from(z[lane] as i16);
            let upper = (x[lane] >> 16) * (z[lane] >> 16);
            sum[lane].wrapping_add(lower).wrapping_add(upper)
        })
    }

    #[inline(always)]
    fn min(self, a: Self::Ints, b: Self::Ints) -> Self::Ints {
        std::array::from_fn(|lane| a[lane].min(b[lane]))
    }

    #[inline(always)]
    fn max(self, a: Self::Ints, b: Self::Ints) -> Self::Ints {
        std::array::from_fn(|lane| a[lane].max(b[lane]))
    }

    #[inline(always)]
    fn at_most(self, a: Self::Ints, b: Self::Ints) -> u32 {
        (0..PORTABLE).fold(0, |mask, lane| mask | u32::from(a[lane] <= b[lane]) << lane)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{__m256i, __m512i};

    use pulp::x86::{V3, V4};

    use super::Lanes;

    impl Lanes for V4 {
        const LANES: usize = 16;
        type Ints = __m512i;

        #[inline(always)]
        fn splat(self, value: i32) -> __m512i {
            self.avx512f._mm512_set1_epi32(value)
        }

        #[inline(always)]
        fn load(self, values: &[i32]) -> __m512i {
            let mut ints = [0; 16];
            ints.copy_from_slice(&values[..16]);
            pulp::cast(ints)
        }

        #[inline(always)]
        fn store(self, values: __m512i, to: &mut [i32]) {
            to[..16].copy_from_slice(&pulp::cast::<__m512i, [i32; 16]>(values));
        }

        #[inline(always)]
        fn add_products(self, sum: __m512i, x: __m512i, z: __m512i) -> __m512i {
            self.avx512f._mm512_add_epi32(sum, self.avx512bw._mm512_madd_epi16(x, z))
        }

        #[inline(always)]
        fn min(self, a: __m512i, b: __m512i) -> __m512i {
            self.avx512f._mm512_min_epi32(a, b)
        }

        #[inline(always)]
        fn max(self, a: __m512i, b: __m512i) -> __m512i {
            self.avx512f._mm512_max_epi32(a, b)
        }

        #[inline(always)]
        fn at_most(self, a: __m512i, b: __m512i) -> u32 {
            u32::from(self.avx512f._mm512_cmple_epi32_mask(a, b))
        }
    }

    impl Lanes for V3 {
        const LANES: usize = 8;
        type Ints = __m256i;

        #[inline(always)]
        fn splat(self, value: i32) -> __m256i {
            self.avx._mm256_set1_epi32(value)
        }

        #[inline(always)]
        fn load(self, values: &[i32]) -> __m256i {
            let mut ints = [0; 8];
            ints.copy_from_slice(&values[..8]);
            pulp::cast(ints)
        }

        #[inline(always)]
        fn store(self, values: __m256i, to: &mut [i32]) {
            to[..8].copy_from_slice(&pulp::cast::<__m256i, [i32; 8]>(values));
        }

        #[inline(always)]
        fn add_products(self, sum: __m256i, x: __m256i, z: __m256i) -> __m256i {
            self.avx2._mm256_add_epi32(sum, self.avx2._mm256_madd_epi16(x, z))
        }

        #[inline(always)]
        fn min(self, a: __m256i, b: __m256i) -> __m256i {
            self.avx2._mm256_min_epi32(a, b)
        }

        #[inline(always)]
        fn max(self, a: __m256i, b: __m256i) -> __m256i {
            self.avx2._mm256_max_epi32(a, b)
        }

        #[inline(always)]
        fn at_most(self, a: __m256i, b: __m256i) -> u32 {
            let above = self.avx2._mm256_cmpgt_epi32(a, b);
            !(self.avx._mm256_movemask_ps(self.avx._mm256_castsi256_ps(above)) as u32) & 0xff
        }
    }
}
