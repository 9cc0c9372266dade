//! Points and seeds as 16-bit whole numbers, and how far these can mislead.
//!
//! A point x becomes x′ = round((x − middle) · scale), a seed s likewise s′. For them the *rough score*
//! `⌊½|s′|²⌋ − x′·s′` is computed without any rounding: 2 · score + |x′|² is |x′ − s′|² or one less.
//!
//! **The proof.** Each coordinate of x′ and of s′ is off by at most ½ and what rounding to 64-bit floats adds, below 1e-9.
//! So with d dimensions the distance |x′ − s′| differs from the true one (times scale) by less than √d (1 + 1e-8), which is
//! below e = √d · 1.000001. If k seeds have rough scores of at most t, their rough distances are at most
//! r = √(|x′|² + 2t + 1), their true ones below r + e. A seed whose rough distance is above r + 2e is truly farther than
//! each of them, by a part in 10¹¹ at least; the 64-bit arithmetic that decides errs by (d + 2) 2⁻⁵³ of a squared distance
//! and sees them in the same order. Hence only seeds with a rough score of at most ½ ((r + 2e)² − |x′|²) =
//! t + ½ + 2e r + 2e² have to be asked: [`limit`].
//!
//! **Sums stay within 32 bits**, because seeds are no longer than [`SEED_NORM`] and points no longer than
//! [`POINT_NORM`]: |score| ≤ ½ · 17,000² + 65,536 · 17,000 < 1.26e9. What is longer does not take part: such seeds are
//! asked about every point, such points ask every seed.

/// No seed that takes part is longer.
const SEED_NORM: f64 = 17_000.0;

/// No point that takes part is longer.
const POINT_NORM: f64 = 65_536.0;

const ROUNDING: f64 = 6_755_399_441_055_744.0;

/// How long most seeds are made.
const SEED_REACH: f64 = 16_384.0;

/// How long most points may be made: half of their coordinates' range, so that few are longer than it.
const POINT_REACH: f64 = 24_576.0;

/// Seeds that are this many times as far from the middle as fifteen in sixteen do not set the scale.
const FAR_OUT: f64 = 16.0;

/// Beyond this the squares of 64-bit floats have no digits left that a finer scale could tell apart.
const FINEST: f64 = 1.0e120;

/// More dimensions than the proof allows for.
pub(super) const MOST_DIMS: usize = 4_096;

/// The rough score of seeds that take no part; no limit reaches it.
pub(super) const NO_SEED: i32 = i32::MAX;

/// Where whole numbers come from: `(x − middle) · scale`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Frame {
    pub(super) middle: Vec<f64>,
    pub(super) scale: f64,
}

/// How far rows are from the middle.
fn radii(rows: &[f64], middle: &[f64]) -> Vec<f64> {
    let square = |row: &[f64]| row.iter().zip(middle).map(|(x, m)| (x - m) * (x - m)).sum::<f64>();
    rows.chunks_exact(middle.len()).map(|row| square(row).sqrt()).collect()
}

/// The radius of fifteen in sixteen.
fn most(radii: &mut [f64]) -> f64 {
    let at = (radii.len() * 15).div_ceil(16);
    if at == 0 { 0.0 } else { *radii.select_nth_unstable_by(at - 1, f64::total_cmp).1 }
}

impl Frame {
    /// Around the mean of seeds, as fine as 16 bits allow.
    pub(super) fn of(seeds: &[f64], dims: usize) -> Self {
        let count = (seeds.len() / dims) as f64;
        let mut middle = vec![0.0; dims];
        for row in seeds.chunks_exact(dims) {
            for (middle, x) in middle.iter_mut().zip(row) {
                *middle += x / count;
            }
        }
        let mut radii = radii(seeds, &middle);
        let (most, longest) = (most(&mut radii), radii.iter().copied().fold(0.0, f64::max));
        let reach = if most > 0.0 { longest.min(FAR_OUT * most) } else { longest };
        Self { middle, scale: (SEED_REACH / reach).min(FINEST) }
    }

    /// This frame, or one that is coarser by a power of two if most of the points are too long for it.
    pub(super) fn fitting(&self, points: &[f64]) -> Option<Self> {
        let reach = most(&mut radii(points, &self.middle));
        let mut scale = self.scale;
        while reach * scale > POINT_REACH {
            scale /= 2.0;
        }
        (scale < self.scale).then(|| Self { middle: self.middle.clone(), scale })
    }

    /// A row as whole numbers, as the lower and upper half of each pair; `None` where it is too long. The second is the
    /// squared norm.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn whole(&self, row: &[f64], longest: f64, mut put: impl FnMut(usize, i16)) -> Option<f64> {
        let mut norm = 0.0;
        let mut fits = true;
        for (dim, (x, middle)) in row.iter().zip(&self.middle).enumerate() {
            // Adding and taking off 1.5 · 2⁵² rounds to whole numbers, and leaves what is beyond them beyond.
            let number = ((x - middle) * self.scale + ROUNDING) - ROUNDING;
            fits &= number.abs() <= f64::from(i16::MAX);
            // Whole numbers all along, so the sum is exact.
            norm += number * number;
            put(dim, number as i16);
        }
        (fits && norm <= longest * longest).then_some(norm)
    }
}

/// Seeds in a group, whose coordinates stand side by side.
pub(super) const GROUP: usize = 4;

/// Seeds as whole numbers.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct WholeSeeds {
    /// ½|s′|² rounded down; [`NO_SEED`] where there is none, or one that takes no part.
    pub(super) halves: Vec<[i32; GROUP]>,
    /// Pairs of coordinates with the sign turned, in a group pair by pair.
    pub(super) turned: Vec<[i32; GROUP]>,
    /// Seeds that are too long to take part, ascending.
    pub(super) far: Vec<u32>,
    pub(super) pairs: usize,
}

/// A pair of 16-bit numbers in one of 32.
fn packed(lower: i16, upper: i16) -> i32 {
    i32::from(upper) << 16 | i32::from(lower as u16)
}

impl WholeSeeds {
    pub(super) fn new(seeds: &[f64], dims: usize, frame: &Frame) -> Self {
        let pairs = dims.div_ceil(2);
        let groups = (seeds.len() / dims).div_ceil(GROUP);
        let mut whole = Self {
            halves: vec![[NO_SEED; GROUP]; groups],
            turned: vec![[0; GROUP]; groups * pairs],
            far: Vec::new(),
            pairs,
        };
        let mut numbers = vec![0_i16; 2 * pairs];
        for (index, row) in seeds.chunks_exact(dims).enumerate() {
            let Some(norm) = frame.whole(row, SEED_NORM, |dim, number| numbers[dim] = number) else {
                whole.far.push(index as u32);
                continue;
            };
            let (group, lane) = (index / GROUP, index % GROUP);
            whole.halves[group][lane] = (norm / 2.0) as i32;
            for (pair, both) in numbers.chunks_exact(2).enumerate() {
                whole.turned[group * pairs + pair][lane] = packed(-both[0], -both[1]);
            }
        }
        whole
    }
}

/// Points in a block: as many as the widest registers hold at once.
pub(super) const BLOCK: usize = 64;

/// At most [`BLOCK`] points as whole numbers, pair by pair.
pub(super) struct WholePoints {
    pub(super) pairs: Vec<[i32; BLOCK]>,
    /// Squared norms; not a number for points that are too long, and lanes without a point.
    pub(super) norms: [f64; BLOCK],
}

impl WholePoints {
    pub(super) fn new(dims: usize) -> Self {
        Self { pairs: vec![[0; BLOCK]; dims.div_ceil(2)], norms: [f64::NAN; BLOCK] }
    }

    /// Takes up points, row by row.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    pub(super) fn take(&mut self, points: &[f64], frame: &Frame) {
        self.norms = [f64::NAN; BLOCK];
        for (lane, row) in points.chunks_exact(frame.middle.len()).take(BLOCK).enumerate() {
            let pairs = &mut self.pairs;
            let norm = frame.whole(row, POINT_NORM, |dim, number| {
                let slot = &mut pairs[dim / 2][lane];
                *slot = if dim % 2 == 0 { packed(number, 0) } else { packed(*slot as i16, number) };
            });
            self.norms[lane] = norm.unwrap_or(f64::NAN);
        }
    }
}

/// How far rough distances can be from true ones: e of the proof.
pub(super) fn rough_error(dims: usize) -> f64 {
    (dims as f64).sqrt() * 1.000_001
}

/// The largest rough score that has to be asked, where k seeds have scores of at most `score`, for a point with a squared
/// norm; none where that is not a number.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
pub(super) fn limit(score: i32, norm: f64, error: f64) -> i32 {
    let score = f64::from(score);
    let rough = (norm + 2.0 * score + 1.0).max(0.0).sqrt();
    let limit = (score + 2.0 * error * (rough + error) + 3.0).min(f64::from(NO_SEED - 1));
    if norm.is_nan() { i32::MIN } else { limit as i32 }
}
