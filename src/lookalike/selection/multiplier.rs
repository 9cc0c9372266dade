//! The price of excess at which a set of a size just keeps the limit.
//!
//! The dual of the choice, `L(λ) = max Σ(s − λa)` over sets of `n`, is convex and made of straight pieces, one for
//! each set that is best somewhere. Two sets are kept, the best at a weight that breaks the limit and the best at a
//! larger one that keeps it. Where their pieces meet is the next multiplier to try; when no set is better there than
//! these two, it is the minimum (Kelley's cutting planes in one dimension), and its value is what the linear
//! relaxation reaches. Steps that gain little halve the bracket instead. As the bracket shrinks, candidates whose
//! lines stay on one side of the border are decided, so only the first steps look at all of them; a sample says where
//! to begin.

use super::pool::{Pool, Sums, Top, Units};

/// Steps after which the bracket counts as good enough; each halves it every second time.
const MOST_STEPS: u32 = 400;

/// Steps on a sample to find where the search begins.
const SAMPLE_STEPS: u32 = 18;

/// Standard errors of a sample's sum that the first bracket keeps off.
const ERRORS: f64 = 4.0;

/// Below so many candidates nothing is gained by deciding some.
const SMALL: usize = 256;

/// The best set at a weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) weight: f64,
    pub(super) top: Top,
    /// Of the whole set, those decided before among them.
    pub(super) sums: Sums,
}

impl End {
    fn keeps(&self) -> bool {
        self.sums.excess <= 0
    }
}

/// The multiplier that a binding limit has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Price {
    /// Score points per unit of excess.
    pub(super) multiplier: f64,
    /// The same as a weight, and the worth of the border there.
    pub(super) weight: f64,
    pub(super) border: f64,
    /// Of the best set at no price.
    pub(super) plain: Sums,
    /// What the linear relaxation reaches.
    pub(super) bound: f64,
    /// The best set at a smaller weight, which breaks the limit.
    pub(super) breaks: End,
    /// The best set at a larger weight, which keeps it.
    pub(super) keeps: End,
}

/// What the search ends with.
pub(super) enum Found {
    /// The best set by score alone keeps the limit.
    Loose(End),
    Tight(Box<Price>),
    /// Not even the set of the smallest excess keeps it.
    Impossible,
}

/// Those who are undecided, and what the others sum to.
struct Rest<'a> {
    pool: Undecided<'a>,
    slots: usize,
    decided: Sums,
}

/// A pool: all candidates, or what is left of them.
enum Undecided<'a> {
    Whole(&'a Pool<'a>),
    Part(Pool<'static>),
}

impl Rest<'_> {
    fn evaluate(&self, weight: f64) -> End {
        let top = match &self.pool {
            Undecided::Whole(pool) => pool.top(self.slots, weight),
            Undecided::Part(pool) => pool.top(self.slots, weight),
        };
        End { weight, top, sums: self.decided.plus(top.sums) }
    }

    /// Decides whom a bracket decides.
    fn narrow(&mut self, weights: (f64, f64)) {
        let (len, narrowed) = match &self.pool {
            Undecided::Whole(pool) => (pool.len(), pool.undecided(self.slots, weights)),
            Undecided::Part(pool) => (pool.len(), pool.undecided(self.slots, weights)),
        };
        if let Some((pool, slots, sums)) = narrowed.filter(|(pool, ..)| pool.len() < len) {
            *self = Self { pool: Undecided::Part(pool), slots, decided: self.decided.plus(sums) };
        }
    }

    fn len(&self) -> usize {
        match &self.pool {
            Undecided::Whole(pool) => pool.len(),
            Undecided::Part(pool) => pool.len(),
        }
    }
}

/// The price of excess among all candidates, of whom `n` are chosen beside some who sum to `base`.
pub(super) fn search<'a>(pool: &'a Pool<'a>, n: usize, base: Sums) -> Found {
    let units = &pool.units;
    let mut rest = Rest { pool: Undecided::Whole(pool), slots: n, decided: base };
    let mut breaks = rest.evaluate(0.0);
    if breaks.keeps() {
        return Found::Loose(breaks);
    }
    let plain = breaks.sums;
    let Some(mut keeps) = first_bracket(&rest, pool, n, &mut breaks) else { return Found::Impossible };
    let mut narrowed_at = f64::INFINITY;
    let mut halve = false;
    let mut meeting = meets(units, &breaks, &keeps);
    for _ in 0..MOST_STEPS {
        let width = keeps.weight - breaks.weight;
        if rest.len() > SMALL && width < narrowed_at / 4.0 {
            rest.narrow((breaks.weight, keeps.weight));
            narrowed_at = width;
        }
        let crossing = units.weight(meeting);
        let inside = |weight: f64| weight > breaks.weight && weight < keeps.weight;
        let middle = f64::midpoint(breaks.weight, keeps.weight);
        let weight = if halve || !inside(crossing) { middle } else { crossing };
        if !inside(weight) {
            break;
        }
        let found = rest.evaluate(weight);
        let gain = gain_over(units, &breaks, &found, meeting);
        let settled = weight.total_cmp(&crossing).is_eq() && gain <= units.resolution(meeting);
        if found.keeps() {
            keeps = found;
        } else {
            breaks = found;
        }
        if settled {
            break;
        }
        meeting = meets(units, &breaks, &keeps);
        halve = keeps.weight - breaks.weight > width / 2.0;
    }
    let weight = units.weight(meeting).clamp(breaks.weight, keeps.weight);
    let border = rest.evaluate(weight).top.border.worth;
    let dual =
        |end: &End| units.scores.amount(end.sums.score) - meeting * units.excesses.amount(end.sums.excess);
    let bound = dual(&breaks).max(dual(&keeps));
    Found::Tight(Box::new(Price { multiplier: meeting, weight, border, plain, bound, breaks, keeps }))
}

/// A weight at which the limit is kept, and a better one at which it is not; `None` where none keeps it.
fn first_bracket(rest: &Rest<'_>, pool: &Pool<'_>, n: usize, breaks: &mut End) -> Option<End> {
    let mut keeps: Option<End> = None;
    let guesses = pool.sampled().map(|sample| guessed(&sample, n, pool.len(), rest.decided));
    // Without a sample the end of the range is as good a first try as any.
    let mut tries: u32 = if guesses.is_some() { 3 } else { 0 };
    for guess in guesses.into_iter().flatten() {
        if guess > breaks.weight && keeps.is_none_or(|keeps| guess < keeps.weight) {
            let found = rest.evaluate(guess);
            if found.keeps() {
                keeps = Some(found);
            } else {
                *breaks = found;
            }
        }
    }
    while keeps.is_none() {
        if breaks.weight >= 1.0 {
            return None;
        }
        let weight = if tries == 0 { 1.0 } else { 1.0 - (1.0 - breaks.weight) / 4.0 };
        tries = tries.saturating_sub(1);
        let found = rest.evaluate(weight);
        if found.keeps() {
            keeps = Some(found);
        } else {
            *breaks = found;
        }
    }
    keeps
}

/// Two weights between which the sample puts the price.
fn guessed(sample: &Pool<'_>, n: usize, len: usize, base: Sums) -> [f64; 2] {
    let n = ((n as f64 / len as f64 * sample.len() as f64).round() as usize).clamp(1, sample.len());
    // The sample stands for its part of the sum as well.
    let base = sample.units.scaled_excess(base.excess) * sample.len() as f64 / len as f64;
    [-ERRORS, ERRORS].map(|errors| {
        let keeps = |weight: f64| {
            let top = sample.top(n, weight);
            base + sample.units.scaled_excess(top.sums.excess) + errors * top.squares.sqrt() <= 0.0
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..SAMPLE_STEPS {
            let middle = f64::midpoint(low, high);
            if keeps(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    })
}

/// The multiplier at which both sets are worth the same.
fn meets(units: &Units, breaks: &End, keeps: &End) -> f64 {
    let score = units.scores.amount(breaks.sums.score - keeps.sums.score);
    let excess = units.excesses.amount(breaks.sums.excess - keeps.sums.excess);
    (score / excess).max(0.0)
}

/// By how much one set is worth more than another at a multiplier.
fn gain_over(units: &Units, base: &End, other: &End, multiplier: f64) -> f64 {
    units.scores.amount(other.sums.score - base.sums.score)
        - multiplier * units.excesses.amount(other.sums.excess - base.sums.excess)
}
