//! The filter: 64 points meet all seeds in whole numbers, and few seeds are left to be asked exactly.
//!
//! A point's limit follows the k-th smallest rough score it has met. Instead of the scores of single seeds, the smallest
//! score of each *bucket* of seeds goes into a sorted list of k, for 64 points at once by minimum and maximum alone: k
//! buckets are k different seeds, so their largest score is a bound, and a close one where there are many more buckets
//! than k. So the vector loop is left only for seeds within the limit. A first sweep over some of the seeds takes no
//! candidates and gives a limit to begin with, at a twentieth of the work; without it each point would put up with
//! several times k candidates before its limit is any good.
//!
//! Tried and dropped: 32-bit floats in place of whole numbers (half the multiplications a cycle); a heap of k for each point
//! that is kept up to date seed by seed (every second group of seeds leaves the vector loop).

use super::frame::{BLOCK, Frame, GROUP, NO_SEED, WholePoints, WholeSeeds, limit};
use super::lanes::{Lanes, Portable};

/// Groups of seeds after which the limits follow.
const TILE: usize = 128;

/// Groups in a bucket of the first sweep.
const FIRST_BUCKET: usize = 2;

/// Groups in a bucket at most.
const BUCKET: usize = 16;

/// The part of the seeds that the first sweep sees.
const FIRST_PART: usize = 20;

/// A seed that has to be asked, unless the limit of its point falls below its score.
#[derive(Clone, Copy)]
struct Candidate {
    seed: u32,
    score: i32,
    lane: u32,
}

/// What a block of points has found.
pub(super) struct Found {
    /// Rising scores of buckets, k of them.
    best: Vec<[i32; BLOCK]>,
    /// The largest score that has to be asked.
    limits: [i32; BLOCK],
    /// Of which the first `taken` count.
    candidates: Vec<Candidate>,
    taken: usize,
    /// What is left of them in the end, point by point.
    pub(super) asked: Vec<Vec<u32>>,
}

impl Found {
    pub(super) fn new(k: usize) -> Self {
        Self {
            best: vec![[NO_SEED; BLOCK]; k],
            limits: [i32::MIN; BLOCK],
            candidates: vec![Candidate { seed: 0, score: 0, lane: 0 }; 8 * k.min(64) * BLOCK],
            taken: 0,
            asked: vec![Vec::new(); BLOCK],
        }
    }

    fn clear(&mut self) {
        self.best.fill([NO_SEED; BLOCK]);
        self.taken = 0;
        self.asked.iter_mut().for_each(Vec::clear);
    }

    /// Keeps the candidates within the last limits.
    fn settle(&mut self) {
        for candidate in &self.candidates[..self.taken] {
            let lane = candidate.lane as usize;
            if candidate.score <= self.limits[lane] {
                self.asked[lane].push(candidate.seed);
            }
        }
    }

    /// Limits from what was found so far; points that take no part ask nobody.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn follow(&mut self, norms: &[f64; BLOCK], error: f64) {
        let Some(worst) = self.best.last() else { return };
        for ((to, norm), worst) in self.limits.iter_mut().zip(norms).zip(worst) {
            *to = limit(*worst, *norm, error);
        }
    }

    /// Takes up the smallest scores of a bucket.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn insert<L: Lanes, const REGISTERS: usize>(
        &mut self,
        lanes: L,
        at: usize,
        mut smallest: [L::Ints; REGISTERS],
    ) {
        for row in &mut self.best {
            for (register, smallest) in smallest.iter_mut().enumerate() {
                let place = &mut row[at + register * L::LANES..];
                let known = lanes.load(place);
                lanes.store(lanes.min(known, *smallest), place);
                *smallest = lanes.max(known, *smallest);
            }
        }
    }
}

/// Looks for the candidates of a block of points.
pub(super) struct Scan<'a> {
    pub(super) rows: &'a [f64],
    pub(super) frame: &'a Frame,
    pub(super) seeds: &'a WholeSeeds,
    /// What becomes of the rows.
    pub(super) points: &'a mut WholePoints,
    /// That of [`rough_error`](super::frame::rough_error).
    pub(super) error: f64,
    pub(super) found: &'a mut Found,
}

impl pulp::WithSimd for Scan<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        #[cfg(target_arch = "x86_64")]
        {
            // Which units these are is known when this is compiled; the comparisons leave no trace.
            let units: &dyn std::any::Any = &simd;
            if let Some(units) = units.downcast_ref::<pulp::x86::V4>() {
                return self.run::<_, 4>(*units);
            }
            if let Some(units) = units.downcast_ref::<pulp::x86::V3>() {
                return self.run::<_, 2>(*units);
            }
        }
        let _ = simd;
        self.run::<_, 2>(Portable);
    }
}

impl Scan<'_> {
    /// With `REGISTERS` registers of points at a time.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    pub(super) fn run<L: Lanes, const REGISTERS: usize>(mut self, lanes: L) {
        self.points.take(self.rows, self.frame);
        self.found.clear();
        let groups = self.seeds.halves.len();
        let k = self.found.best.len();
        let first = (groups / FIRST_PART).max(2 * k * FIRST_BUCKET).min(groups);
        let bucket = (groups / (8 * k)).clamp(1, BUCKET);
        self.sweep::<L, REGISTERS, false>(lanes, 0..first, FIRST_BUCKET);
        self.found.follow(&self.points.norms, self.error);
        self.sweep::<L, REGISTERS, true>(lanes, 0..first, usize::MAX);
        let mut from = first;
        while from < groups {
            let to = (from + (from / 4).max(TILE)).min(groups);
            self.sweep::<L, REGISTERS, true>(lanes, from..to, bucket);
            self.found.follow(&self.points.norms, self.error);
            from = to;
        }
        self.found.settle();
    }

    /// Meets groups of seeds; takes up each whole bucket, and each candidate if it shall.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn sweep<L: Lanes, const REGISTERS: usize, const TAKE: bool>(
        &mut self,
        lanes: L,
        groups: std::ops::Range<usize>,
        bucket: usize,
    ) {
        let pairs = self.seeds.pairs;
        let halves = &self.seeds.halves[groups.clone()];
        let turned = &self.seeds.turned[groups.start * pairs..groups.end * pairs];
        let width = REGISTERS * L::LANES;
        for strip in 0..BLOCK / width {
            let at = strip * width;
            let limits: [L::Ints; REGISTERS] =
                std::array::from_fn(|register| lanes.load(&self.found.limits[at + register * L::LANES..]));
            let none = [lanes.splat(NO_SEED); REGISTERS];
            let mut smallest = none;
            let mut left = bucket;
            for (number, (halves, turned)) in halves.iter().zip(turned.chunks_exact(pairs)).enumerate() {
                let mut scores = halves.map(|half| [lanes.splat(half); REGISTERS]);
                for (z, points) in turned.iter().zip(&self.points.pairs) {
                    let points = &points[at..at + width];
                    let x: [L::Ints; REGISTERS] =
                        std::array::from_fn(|register| lanes.load(&points[register * L::LANES..]));
                    for (scores, z) in scores.iter_mut().zip(z) {
                        let z = lanes.splat(*z);
                        for (score, x) in scores.iter_mut().zip(x) {
                            *score = lanes.add_products(*score, x, z);
                        }
                    }
                }
                let mut within = 0_u64;
                for register in 0..REGISTERS {
                    let [a, b, c, d] = scores.map(|scores| scores[register]);
                    let least = lanes.min(lanes.min(a, b), lanes.min(c, d));
                    smallest[register] = lanes.min(smallest[register], least);
                    if TAKE {
                        within |= u64::from(lanes.at_most(least, limits[register])) << (register * L::LANES);
                    }
                }
                if TAKE && within != 0 {
                    let seed = (groups.start + number) * GROUP;
                    self.take::<L, REGISTERS>(lanes, at, seed, &scores, within);
                }
                left -= 1;
                if left == 0 {
                    self.found.insert(lanes, at, smallest);
                    smallest = none;
                    left = bucket;
                }
            }
        }
    }

    /// Takes up the candidates among four seeds, for the points that have any.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn take<L: Lanes, const REGISTERS: usize>(
        &mut self,
        lanes: L,
        at: usize,
        seed: usize,
        scores: &[[L::Ints; REGISTERS]; GROUP],
        mut within: u64,
    ) {
        let mut values = [[0; BLOCK]; GROUP];
        for (values, scores) in values.iter_mut().zip(scores) {
            for (register, scores) in scores.iter().enumerate() {
                lanes.store(*scores, &mut values[register * L::LANES..]);
            }
        }
        let Found { limits, candidates, taken, .. } = &mut *self.found;
        if *taken + GROUP * BLOCK > candidates.len() {
            candidates.resize(2 * (*taken + GROUP * BLOCK), Candidate { seed: 0, score: 0, lane: 0 });
        }
        while within != 0 {
            let lane = within.trailing_zeros() as usize;
            within &= within - 1;
            for (number, values) in values.iter().enumerate() {
                // Written in any case, and counted if it is one: no branch that could be guessed wrong.
                let score = values[lane % BLOCK];
                candidates[*taken] =
                    Candidate { seed: (seed + number) as u32, score, lane: (at + lane) as u32 };
                *taken += usize::from(score <= limits[(at + lane) % BLOCK]);
            }
        }
    }
}
