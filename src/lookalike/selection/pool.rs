//! Those among whom is chosen, as lines: what each is worth as returns weigh more.
//!
//! With `s` the score and `a` the excess of a candidate, both in units of their own typical size, her worth at a
//! weight `t` from 0 to 1 is `(1 − t)·s − t·a`: a line in `t`, which at 0 is her score alone and at 1 her excess
//! alone. The multiplier of the excess is `λ = t / (1 − t)` in those units. The best `n` are found by fences that a
//! sample sets: one pass counts and sums what lies above them and keeps what lies between, and selection among those
//! finds the border. Counts and sums are whole numbers, and the sample is drawn by what the candidates are, so
//! neither threads nor the order of the rows show.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use rayon::prelude::*;

use super::grid::{Grid, exponent, power_of_two};
use crate::error::{Error, Result};
use crate::numeric::LARGEST;

/// Candidates of one task. Fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 1 << 14;

/// Up to this many candidates a plain selection is as fast as anything.
pub(super) const FEW: usize = 1 << 17;

/// About how many candidates a sample has.
const SAMPLE: f64 = (1 << 16) as f64;

/// The units of scores and of excesses.
#[derive(Clone, Copy)]
pub(super) struct Units {
    pub(super) scores: Grid,
    pub(super) excesses: Grid,
    /// What scores and excesses are multiplied by to be about 1 in size: powers of two.
    score_scale: f64,
    excess_scale: f64,
    /// More than what rounding can do to a worth.
    pub(super) margin: f64,
}

/// The largest size of a chunk's numbers, and the sum of the exponents of those that are not zero.
#[derive(Clone, Copy, Default)]
struct Sizes {
    largest: f64,
    exponents: i64,
    count: i64,
    first_bad: Option<usize>,
}

impl Sizes {
    fn of(numbers: &[f64]) -> Self {
        let partials: Vec<Self> = numbers
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, numbers)| {
                let mut sizes = Self::default();
                for (place, number) in numbers.iter().enumerate() {
                    let size = number.abs();
                    // NaN is in no range.
                    if (f64::MIN_POSITIVE..=LARGEST).contains(&size) {
                        sizes.largest = sizes.largest.max(size);
                        sizes.exponents += exponent(size);
                        sizes.count += 1;
                    } else if !(0.0..f64::MIN_POSITIVE).contains(&size) {
                        sizes.first_bad = sizes.first_bad.or(Some(chunk * CHUNK + place));
                    }
                }
                sizes
            })
            .collect();
        partials.iter().fold(Self::default(), |all, part| Self {
            largest: all.largest.max(part.largest),
            exponents: all.exponents + part.exponents,
            count: all.count + part.count,
            first_bad: all.first_bad.or(part.first_bad),
        })
    }

    /// One over the typical size, a power of two.
    fn scale(&self) -> f64 {
        power_of_two((-self.exponents.checked_div(self.count).unwrap_or_default()).clamp(-330, 330))
    }
}

impl Units {
    /// Looks at all numbers once.
    pub(super) fn of(scores: &[f64], excesses: &[f64]) -> Result<Self> {
        let checked = |numbers: &[f64], setting| {
            let sizes = Sizes::of(numbers);
            match sizes.first_bad {
                None => Ok(sizes),
                Some(place) => Err(Error::Setting {
                    setting,
                    found: format!("{} at position {place}", numbers[place]),
                    expected: "finite numbers of at most 1e100 in size",
                }),
            }
        };
        let (scores, excesses) = (checked(scores, "scores")?, checked(excesses, "excesses")?);
        let (score_scale, excess_scale) = (scores.scale(), excesses.scale());
        Ok(Self {
            scores: Grid::for_up_to(scores.largest),
            excesses: Grid::for_up_to(excesses.largest),
            score_scale,
            excess_scale,
            margin: (scores.largest * score_scale + excesses.largest * excess_scale) * 16.0 * f64::EPSILON,
        })
    }

    /// What a candidate is worth at a weight of the excess.
    #[inline]
    pub(super) fn worth(&self, score: f64, excess: f64, weight: f64) -> f64 {
        (1.0 - weight) * (score * self.score_scale) - weight * (excess * self.excess_scale)
    }

    /// The weight of a multiplier: score points per unit of excess.
    pub(super) fn weight(&self, multiplier: f64) -> f64 {
        let ratio = multiplier * self.score_scale / self.excess_scale;
        if ratio.is_finite() { ratio / (1.0 + ratio) } else { 1.0 }
    }

    /// How far apart two candidates of a difference in score are in worth.
    pub(super) fn worth_of_score(&self, score: f64, weight: f64) -> f64 {
        (1.0 - weight) * score * self.score_scale
    }
}

/// What a candidate is; its worth first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) worth: f64,
    pub(super) excess: f64,
    pub(super) score: f64,
}

impl Standing {
    /// Who comes first: more worth, of equals less excess, of equals more score.
    #[inline]
    pub(super) fn order(&self, other: &Self) -> Ordering {
        other
            .worth
            .total_cmp(&self.worth)
            .then_with(|| self.excess.total_cmp(&other.excess))
            .then_with(|| other.score.total_cmp(&self.score))
    }
}

/// Sums over a set of candidates, in steps of the grids.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Sums {
    pub(super) score: i128,
    pub(super) excess: i128,
}

impl Sums {
    #[inline]
    pub(super) fn add(&mut self, units: &Units, score: f64, excess: f64) {
        self.score += i128::from(units.scores.near(score));
        self.excess += i128::from(units.excesses.up(excess));
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { score: self.score + other.score, excess: self.excess + other.excess }
    }
}

/// The best so many of a pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Top {
    /// The last of them.
    pub(super) border: Standing,
    /// How many that are equal to the last are among them.
    pub(super) at_border: usize,
    pub(super) sums: Sums,
    /// Σ excess² of those among them, in units, for what a sample can tell; 0 where there are so many that it is not one.
    pub(super) squares: f64,
}

/// Candidates: all, or those that are still undecided.
pub(super) struct Pool<'a> {
    pub(super) units: Units,
    pub(super) scores: Cow<'a, [f64]>,
    pub(super) excesses: Cow<'a, [f64]>,
    /// Positions of a sample, where there are many.
    sample: Vec<usize>,
}

/// Whether someone stays in a pool.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    In,
    Out,
    Undecided,
}

impl<'a> Pool<'a> {
    pub(super) fn new(units: Units, scores: Cow<'a, [f64]>, excesses: Cow<'a, [f64]>) -> Self {
        let mut pool = Self { units, scores, excesses, sample: Vec::new() };
        if pool.len() > FEW {
            let below = (SAMPLE / pool.len() as f64 * u64::MAX as f64) as u64;
            let drawn = |row: &usize| mixed(pool.scores[*row], pool.excesses[*row]) < below;
            pool.sample = pool.by_chunks(|rows| rows.filter(drawn).collect::<Vec<usize>>()).concat();
        }
        pool
    }

    pub(super) fn len(&self) -> usize {
        self.scores.len()
    }

    /// The sample as a pool of its own; `None` where there is none.
    pub(super) fn sampled(&self) -> Option<Pool<'static>> {
        (!self.sample.is_empty()).then(|| {
            let of = |numbers: &[f64]| self.sample.iter().map(|row| numbers[*row]).collect::<Vec<f64>>();
            Pool {
                units: self.units,
                scores: of(&self.scores).into(),
                excesses: of(&self.excesses).into(),
                sample: Vec::new(),
            }
        })
    }

    /// One result a chunk, in their order.
    pub(super) fn by_chunks<T: Send>(&self, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
        let len = self.len();
        (0..len.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| work(chunk * CHUNK..len.min((chunk + 1) * CHUNK)))
            .collect()
    }

    /// A distance that about `n` candidates are within, by the sample; infinite without one.
    pub(super) fn about_nearest(&self, n: usize, distance: impl Fn(f64, f64) -> f64) -> f64 {
        let mut distances: Vec<f64> =
            self.sample.iter().map(|row| distance(self.scores[*row], self.excesses[*row])).collect();
        let place = (n as f64 * 1.25 * distances.len() as f64 / self.len() as f64).ceil() as usize;
        if place < distances.len() {
            *distances.select_nth_unstable_by(place, f64::total_cmp).1
        } else {
            f64::INFINITY
        }
    }

    /// The best `n` at a weight; `n` is from 1 to the length.
    pub(super) fn top(&self, n: usize, weight: f64) -> Top {
        self.top_by(n, |score, excess| self.units.worth(score, excess, weight))
    }

    /// The best `n` by a worth of one's own.
    pub(super) fn top_by(&self, n: usize, worth: impl Fn(f64, f64) -> f64 + Sync) -> Top {
        debug_assert!((1..=self.len()).contains(&n), "{n} of {}", self.len());
        let (low, high) = self.fences(n, &worth);
        self.between(n, &worth, low, high)
            .or_else(|| self.between(n, &worth, f64::NEG_INFINITY, f64::INFINITY))
            .unwrap_or(Top {
                border: Standing { worth: f64::NEG_INFINITY, excess: 0.0, score: 0.0 },
                at_border: 0,
                sums: Sums::default(),
                squares: 0.0,
            })
    }

    /// Two worths between which that of the `n`-th almost surely lies.
    fn fences(&self, n: usize, worth: &(impl Fn(f64, f64) -> f64 + Sync)) -> (f64, f64) {
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        let m = self.sample.len();
        if m < 1_000 {
            return (low, high);
        }
        let mut worths: Vec<f64> =
            self.sample.iter().map(|row| worth(self.scores[*row], self.excesses[*row])).collect();
        let share = n as f64 / self.len() as f64;
        let place = share * m as f64;
        let reach = 4.0 * (place * (1.0 - share)).sqrt() + 4.0;
        let mut at = |place: f64| *worths.select_nth_unstable_by(place as usize, |a, b| b.total_cmp(a)).1;
        if place + reach < m as f64 {
            low = at(place + reach);
        }
        if place > reach {
            high = at(place - reach);
        }
        (low, high)
    }

    /// The best `n`, if the last of them lies between two worths.
    fn between(
        &self,
        n: usize,
        worth: &(impl Fn(f64, f64) -> f64 + Sync),
        low: f64,
        high: f64,
    ) -> Option<Top> {
        let is_sample = self.sample.is_empty();
        let parts = self.by_chunks(|rows| {
            let (mut count, mut sums, mut squares, mut near) = (0, Sums::default(), 0_i128, Vec::new());
            let values = self.scores[rows.clone()].iter().zip(&self.excesses[rows]);
            for (score, excess) in values {
                let worth = worth(*score, *excess);
                if worth > high {
                    count += 1;
                    sums.add(&self.units, *score, *excess);
                    if is_sample {
                        squares += square(&self.units, *excess);
                    }
                } else if worth >= low {
                    near.push(Standing { worth, excess: *excess, score: *score });
                }
            }
            (count, sums, squares, near)
        });
        let above: usize = parts.iter().map(|part| part.0).sum();
        let mut sums = parts.iter().fold(Sums::default(), |all, part| all.plus(part.1));
        let mut squares: i128 = parts.iter().map(|part| part.2).sum();
        let mut near: Vec<Standing> = parts.into_iter().flat_map(|part| part.3).collect();
        let wanted = n.checked_sub(above).filter(|wanted| (1..=near.len()).contains(wanted))?;
        near.select_nth_unstable_by(wanted - 1, Standing::order);
        let border = near[wanted - 1];
        let mut at_border = 0;
        for standing in &near[..wanted] {
            sums.add(&self.units, standing.score, standing.excess);
            squares += square(&self.units, standing.excess);
            at_border += usize::from(standing.order(&border).is_eq());
        }
        Some(Top { border, at_border, sums, squares: squares as f64 * SQUARE })
    }

    /// Who can still be on either side of the border at weights between two, of whom `n` are chosen: those alone as a pool,
    /// how many are chosen of them, and the sums of those who are in for sure. `None` where that would decide nothing.
    ///
    /// A line lies above a level between two weights if it does so at both. At no weight between them is the border above
    /// the `n`-th highest of the lines' upper ends, nor below that of their lower ends.
    pub(super) fn undecided(&self, n: usize, weights: (f64, f64)) -> Option<(Pool<'static>, usize, Sums)> {
        let units = &self.units;
        let ends =
            |score, excess| (units.worth(score, excess, weights.0), units.worth(score, excess, weights.1));
        let lower = |score, excess| {
            let (one, other) = ends(score, excess);
            one.min(other)
        };
        let upper = |score, excess| {
            let (one, other) = ends(score, excess);
            one.max(other)
        };
        let floor = self.top_by(n, lower).border.worth - units.margin;
        let ceiling = self.top_by(n, upper).border.worth + units.margin;
        let fate = |score: f64, excess: f64| {
            if lower(score, excess) > ceiling {
                Fate::In
            } else if upper(score, excess) < floor {
                Fate::Out
            } else {
                Fate::Undecided
            }
        };
        let parts = self.by_chunks(|rows| {
            let (mut sure, mut sums, mut scores, mut excesses) = (0, Sums::default(), Vec::new(), Vec::new());
            let values = self.scores[rows.clone()].iter().zip(&self.excesses[rows]);
            for (score, excess) in values {
                match fate(*score, *excess) {
                    Fate::In => {
                        sure += 1;
                        sums.add(units, *score, *excess);
                    }
                    Fate::Out => {}
                    Fate::Undecided => {
                        scores.push(*score);
                        excesses.push(*excess);
                    }
                }
            }
            (sure, sums, scores, excesses)
        });
        let sure: usize = parts.iter().map(|part| part.0).sum();
        let sums = parts.iter().fold(Sums::default(), |all, part| all.plus(part.1));
        let (scores, excesses): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
            parts.into_iter().map(|part| (part.2, part.3)).unzip();
        let (scores, excesses) = (scores.concat(), excesses.concat());
        let slots = n.checked_sub(sure).filter(|slots| (1..scores.len()).contains(slots))?;
        (scores.len() < self.len())
            .then(|| (Pool::new(self.units, scores.into(), excesses.into()), slots, sums))
    }
}

/// One over the parts of a square that [`square`] counts.
const SQUARE: f64 = 1.0 / (1_u64 << 40) as f64;

/// The square of an excess in units, in whole parts, so that a sum of them has no order.
fn square(units: &Units, excess: f64) -> i128 {
    let scaled = excess * units.excess_scale;
    (scaled * scaled / SQUARE).min(1e30) as i128
}

impl Units {
    /// An excess on its grid, in the units of [`Top::squares`].
    pub(super) fn scaled_excess(&self, steps: i128) -> f64 {
        self.excesses.amount(steps) * self.excess_scale
    }
}

impl Units {
    /// A difference in worth, in score points at a multiplier, that may be rounding.
    pub(super) fn resolution(&self, multiplier: f64) -> f64 {
        self.margin * (1.0 / self.score_scale + multiplier / self.excess_scale)
    }
}

/// Bits that follow from two numbers alone: the last steps of `SplitMix64` (Steele, Lea and Flood 2014).
pub(super) fn mixed(score: f64, excess: f64) -> u64 {
    let mut bits = score.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ excess.to_bits().rotate_left(32);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}
