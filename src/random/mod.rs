//! Named random streams: one generator per (seed, purpose, index), so that what is drawn for one customer or one run
//! depends on nothing that was drawn before it, on no thread and on no order of work.
//!
//! The generator is Xoshiro256++ (Blackman & Vigna 2021), of which only `next_u64` is used. Every draw made of it is
//! ours and pinned by tests, because those of a library may change between its versions. The few elementary functions
//! the draws need are those of [`elementary`](crate::numeric::elementary), so a stream gives the same numbers on every processor of every target.

mod laws;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

pub(crate) use laws::Weights;

/// A stream of random draws.
pub(crate) struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream number `index` of a purpose. Streams that differ in seed, purpose or index are independent.
    ///
    /// The 256 bits of state are four steps of `SplitMix64`, started from the three parts mixed one into the other.
    pub(crate) fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let mut state =
            [name_hash(purpose), index].iter().fold(split_mix(seed), |mixed, part| split_mix(mixed ^ part));
        let mut bytes = [0; 32];
        for word in bytes.chunks_exact_mut(8) {
            state = state.wrapping_add(GOLDEN_GAMMA);
            word.copy_from_slice(&finalize(state).to_le_bytes());
        }
        Self(Xoshiro256PlusPlus::from_seed(bytes))
    }

    /// 64 random bits.
    #[inline]
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A multiple of 2⁻⁵³ in [0, 1), each as likely as another.
    #[inline]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * f64::EPSILON / 2.0
    }

    /// A number in (0, 1], for logarithms.
    #[inline]
    pub(crate) fn positive_unit(&mut self) -> f64 {
        1.0 - self.unit()
    }

    /// A whole number below `bound`, each as likely as another; 0 where the bound is 0.
    ///
    /// Lemire's multiplication (ACM TOMACS 2019): the high word of a 128-bit product, redrawn in the few cases that
    /// would favour some results.
    #[inline]
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.bits()) * u128::from(bound);
        if (product as u64) < bound {
            let surplus = bound.wrapping_neg() % bound;
            while (product as u64) < surplus {
                product = u128::from(self.bits()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// Whether an event of probability `chance` happens; never at 0 or less, always at 1 or more.
    #[inline]
    pub(crate) fn happens(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }
}

/// 2⁶⁴ over the golden ratio, made odd: the step of `SplitMix64`.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// One step of `SplitMix64` (Steele, Lea & Flood 2014).
fn split_mix(state: u64) -> u64 {
    finalize(state.wrapping_add(GOLDEN_GAMMA))
}

/// Its output function: every input bit reaches every output bit.
fn finalize(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// FNV-1a of a purpose's name.
fn name_hash(name: &str) -> u64 {
    continued(0xcbf2_9ce4_8422_2325, name.as_bytes())
}

fn continued(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A number of 64 bits for a text and a purpose, as if drawn for it: the same on every machine and in every order of
/// rows. For draws by customer; it is no protection of what the text says.
pub(crate) fn hash(purpose: &str, text: &[u8]) -> u64 {
    split_mix(continued(split_mix(name_hash(purpose)), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words were computed by an independent program from the published algorithms.
    #[test]
    fn streams_are_frozen() {
        let mut stream = Stream::new(1, "test", 0);
        let words: Vec<u64> = (0..4).map(|_| stream.bits()).collect();
        let frozen = [
            12_093_975_610_859_089_383,
            11_006_930_922_717_848_502,
            15_112_735_359_502_159_763,
            18_094_597_260_405_353_419,
        ];
        assert_eq!(words, frozen);
        let mut stream = Stream::new(1, "test", 0);
        assert_eq!(stream.unit().to_bits(), 4_604_080_481_074_016_205);
        assert_eq!(
            [stream.below(10), stream.below(1_000), stream.below(u64::MAX)],
            [5, 819, 18_094_597_260_405_353_418]
        );
    }

    #[test]
    fn hashes_are_frozen_and_spread() {
        assert_eq!(hash("", b""), split_mix(split_mix(0xcbf2_9ce4_8422_2325)));
        assert_ne!(hash("a", b"bc"), hash("ab", b"c"));
        let mut below = 0;
        for id in 0..100_000_u32 {
            below += u32::from(hash("test", id.to_string().as_bytes()) < u64::MAX / 10);
        }
        assert!((9_700..10_300).contains(&below), "{below} of 100000 in the first tenth");
    }

    #[test]
    fn split_mix_gives_the_published_sequence() {
        // The first outputs for state 1234567, as in the reference implementation's test vectors.
        let mut state = 1_234_567_u64;
        let outputs: Vec<u64> = (0..3)
            .map(|_| {
                let output = split_mix(state);
                state = state.wrapping_add(GOLDEN_GAMMA);
                output
            })
            .collect();
        assert_eq!(
            outputs,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn seed_purpose_and_index_each_make_another_stream() {
        let first = |seed, purpose, index| Stream::new(seed, purpose, index).bits();
        let words = [first(1, "a", 0), first(2, "a", 0), first(1, "b", 0), first(1, "a", 1), first(0, "", 0)];
        for (at, word) in words.iter().enumerate() {
            assert!(!words[..at].contains(word));
        }
    }

    #[test]
    fn units_fill_their_interval_evenly() {
        let mut stream = Stream::new(2, "test", 0);
        let draws: Vec<f64> = (0..100_000).map(|_| stream.unit()).collect();
        assert!(draws.iter().all(|unit| (0.0..1.0).contains(unit)));
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|unit| (unit - mean) * (unit - mean)).sum::<f64>() / 1e5;
        // Three standard errors of the mean are 0.0027, of the variance 0.0007.
        assert!((mean - 0.5).abs() < 0.0027, "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 0.0007, "{variance}");
        assert!((0..1_000).all(|_| stream.positive_unit() > 0.0));
    }

    #[test]
    fn indices_are_unbiased_and_below_their_bound() {
        let mut stream = Stream::new(3, "test", 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7) as usize] += 1;
        }
        // Chi-square with 6 degrees of freedom: 22.46 is its 99.9 % quantile.
        let chi: f64 = counts.iter().map(|count| (f64::from(*count) - 1e4).powi(2) / 1e4).sum();
        assert!(chi < 22.46, "{chi}");
        // A bound of three quarters of 2⁶⁴ is where a plain multiplication would favour every third number.
        let bound = 3 << 62;
        let thirds: Vec<u64> = (0..30_000).map(|_| stream.below(bound) % 3).collect();
        for third in 0..3 {
            let share = thirds.iter().filter(|found| **found == third).count();
            assert!(share.abs_diff(10_000) < 300, "{third}: {share}");
        }
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
    }

    #[test]
    fn certain_events_are_certain() {
        let mut stream = Stream::new(4, "test", 0);
        assert!((0..1_000).all(|_| stream.happens(1.0) && !stream.happens(0.0)));
    }
}
