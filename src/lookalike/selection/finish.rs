//! From the price to the set: who is on which side of the border, exchanges near it, and the sums again from the rows.

use rayon::prelude::*;

use super::flips::best_flips;
use super::multiplier::{End, Price};
use super::near::near_border;
use super::pool::{Pool, Standing, Sums};
use super::swap::{Exchanged, exchanged, in_key_order};
use super::walk::Walk;

/// What breaks ties between equal candidates: a number for a row.
pub(super) type Key<'a> = &'a (dyn Fn(usize) -> u64 + Sync);

/// The part of a bound that its own sums and the multiplier may be off.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// A set of candidates: rows that ascend, and its sums.
pub(super) struct Chosen {
    pub(super) rows: Vec<usize>,
    pub(super) sums: Sums,
}

/// Who is in the best set at a weight.
pub(super) struct Side {
    pub(super) end: End,
    /// Of those equal to the border the rows that are in, ascending.
    at_border: Vec<usize>,
}

impl Side {
    fn of(pool: &Pool<'_>, end: End, key: Key<'_>) -> Self {
        let equal = |row: &usize| standing(pool, *row, end.weight).order(&end.top.border).is_eq();
        let rows = pool.by_chunks(|rows| rows.filter(equal).collect::<Vec<usize>>()).concat();
        let mut at_border = rows;
        if at_border.len() > end.top.at_border {
            let mut keyed: Vec<(u64, usize)> = at_border.par_iter().map(|row| (key(*row), *row)).collect();
            keyed.par_sort_unstable();
            at_border = keyed.into_iter().take(end.top.at_border).map(|(_, row)| row).collect();
            at_border.sort_unstable();
        }
        Self { end, at_border }
    }

    pub(super) fn has(&self, pool: &Pool<'_>, row: usize) -> bool {
        match standing(pool, row, self.end.weight).order(&self.end.top.border) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => self.at_border.binary_search(&row).is_ok(),
            std::cmp::Ordering::Greater => false,
        }
    }

    /// The set after some candidates have gone and others come.
    fn chosen(&self, pool: &Pool<'_>, changes: &Changes, base: Sums) -> Chosen {
        let parts = pool.by_chunks(|rows| {
            let (mut own, mut sums) = (Vec::new(), Sums::default());
            let mut next = changes.from(rows.start).iter().peekable();
            for row in rows {
                let change = next.next_if(|change| change.0 == row);
                if change.map_or_else(|| self.has(pool, row), |change| change.1) {
                    own.push(row);
                    sums.add(&pool.units, pool.scores[row], pool.excesses[row]);
                }
            }
            (own, sums)
        });
        let sums = parts.iter().fold(base, |all, part| all.plus(part.1));
        let rows = parts.into_iter().map(|part| part.0).collect::<Vec<_>>().concat();
        Chosen { rows, sums }
    }
}

/// Rows that are in or out whatever the border says, ascending.
#[derive(Default)]
pub(super) struct Changes(Vec<(usize, bool)>);

impl Changes {
    pub(super) fn new(mut changes: Vec<(usize, bool)>) -> Self {
        changes.par_sort_unstable();
        Self(changes)
    }

    /// These, and others that overrule them.
    fn and(self, others: &Self) -> Self {
        let kept = self.0.into_iter().filter(|change| others.of(change.0).is_none());
        Self::new(kept.chain(others.0.iter().copied()).collect())
    }

    pub(super) fn of(&self, row: usize) -> Option<bool> {
        self.0.binary_search_by_key(&row, |change| change.0).ok().map(|place| self.0[place].1)
    }

    /// Those from a row on.
    fn from(&self, row: usize) -> &[(usize, bool)] {
        &self.0[self.0.partition_point(|change| change.0 < row)..]
    }
}

fn standing(pool: &Pool<'_>, row: usize, weight: f64) -> Standing {
    let (score, excess) = (pool.scores[row], pool.excesses[row]);
    Standing { worth: pool.units.worth(score, excess, weight), excess, score }
}

/// The best set at one weight, as it is, beside those who sum to `base`.
pub(super) fn plain(pool: &Pool<'_>, end: End, base: Sums, key: Key<'_>) -> Chosen {
    Side::of(pool, end, key).chosen(pool, &Changes::default(), base)
}

/// The best set that the price, exchanges near its border and a search find, and whether it is proven to be the best; it
/// keeps the limit together with those who sum to `beside`. The search takes so many steps at most.
pub(super) fn constrained(
    pool: &Pool<'_>,
    price: &Price,
    beside: Sums,
    steps: u32,
    key: Key<'_>,
) -> (Chosen, bool) {
    let units = &pool.units;
    let keeps = Side::of(pool, price.keeps, key);
    let walk = Walk::of(pool, &keeps, &Side::of(pool, price.breaks, key), key);
    let has = |row: usize| walk.changes.of(row).unwrap_or_else(|| keeps.has(pool, row));
    let (near, reach) = near_border(pool, price, walk.slack(), &has, key);
    let first: Vec<bool> = near.par_iter().map(|one| has(one.row)).collect();
    // One exchange further the limit is broken; other exchanges may repair that at less cost.
    let further = walk.next.and_then(|rows| {
        let place = |row: usize| near.iter().position(|one| one.row == row);
        let (goes, comes) = (place(rows.0)?, place(rows.1)?);
        let mut member = first.clone();
        (member[goes], member[comes]) = (false, true);
        Some(member)
    });
    let total = |sums: &Sums, set: &Exchanged| sums.score + set.score;
    let improved = exchanged(&near, first.clone(), walk.sums.excess).map(|set| (walk.sums, set));
    let repaired = further
        .and_then(|member| exchanged(&near, member, walk.further.excess))
        .map(|set| (walk.further, set));
    let best = match (improved, repaired) {
        (Some(one), Some(other)) if total(&other.0, &other.1) > total(&one.0, &one.1) => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    };
    let (mut member, score) = match best {
        Some((sums, set)) => {
            let score = total(&sums, &set);
            (set.member, score)
        }
        None => (first.clone(), walk.sums.score),
    };
    // What a set lacks of the bound, in worth.
    let base = walk.sums.score;
    let lacks =
        |gain: i128| units.worth_of_score(price.bound - units.scores.amount(base + gain), price.weight);
    let least = score - base;
    // Where the bound is reached, there is nothing to search for.
    let reached = |score: i128| price.bound - units.scores.amount(score) <= ROUNDING * price.bound.abs();
    let proven = if reached(score) {
        true
    } else {
        let found = best_flips(&near, &first, walk.sums.excess, least, steps, lacks);
        if found.score > least {
            member = found.member;
        }
        reached(base + found.score) || found.complete && lacks(found.score) <= reach
    };
    in_key_order(&near, &mut member);
    let own = near.iter().zip(&member).map(|(one, member)| (one.row, *member)).collect();
    let chosen = keeps.chosen(pool, &walk.changes.and(&Changes::new(own)), beside);
    // The sums are taken from the rows once more, so that what is handed out keeps the limit whatever happened before.
    if chosen.sums.excess <= 0 {
        (chosen, proven)
    } else {
        (keeps.chosen(pool, &Changes::default(), beside), false)
    }
}

/// Of those whom the best sets on both sides of the price do not agree on, the one with the largest excess, above or below
/// zero: the relaxation takes a part of her.
pub(super) fn split(pool: &Pool<'_>, price: &Price, key: Key<'_>) -> Option<usize> {
    let (keeps, breaks) = (Side::of(pool, price.keeps, key), Side::of(pool, price.breaks, key));
    super::walk::apart(pool, &keeps, &breaks).into_iter().max_by(|one, other| {
        let of = |row: usize| (pool.excesses[row].abs(), pool.scores[row]);
        let ((a, s), (b, t)) = (of(*one), of(*other));
        a.total_cmp(&b).then_with(|| s.total_cmp(&t)).then_with(|| key(*one).cmp(&key(*other)))
    })
}
