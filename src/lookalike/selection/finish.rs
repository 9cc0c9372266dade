//! From the price to the set: who is on which side of the border, exchanges near it, and the sums again from the rows.

use rayon::prelude::*;

use super::flips::best_flips;
use super::multiplier::{End, Price};
use super::pool::{FEW, Pool, Standing, Sums};
use super::swap::{Exchanged, Near, exchanged, order};

/// Candidates among whom exchanges are looked for; where there are no more in all, it is all of them.
const NEAR: usize = 1 << 14;

/// What breaks ties between equal candidates: a number for a row.
pub(super) type Key<'a> = &'a (dyn Fn(usize) -> u64 + Sync);

/// A set of candidates: rows that ascend, and its sums.
pub(super) struct Chosen {
    pub(super) rows: Vec<usize>,
    pub(super) sums: Sums,
}

/// Who is in the best set at a weight.
struct Side {
    end: End,
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

    fn has(&self, pool: &Pool<'_>, row: usize) -> bool {
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
            for row in rows {
                if changes.of(row).unwrap_or_else(|| self.has(pool, row)) {
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
struct Changes(Vec<(usize, bool)>);

impl Changes {
    fn of(&self, row: usize) -> Option<bool> {
        if self.0.is_empty() {
            return None;
        }
        self.0.binary_search_by_key(&row, |change| change.0).ok().map(|place| self.0[place].1)
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
    let breaks = Side::of(pool, price.breaks, key);
    let (near, reach) = near_border(pool, price, key);
    let members = |side: &Side| near.par_iter().map(|one| side.has(pool, one.row)).collect::<Vec<bool>>();
    let first = members(&keeps);
    let begun = |side: &Side, member| exchanged(&near, member, side.end.sums.excess);
    let total = |side: &Side, set: &Exchanged| side.end.sums.score + set.score;
    let improved = begun(&keeps, first.clone()).map(|set| (&keeps, set));
    let repaired = begun(&breaks, members(&breaks)).map(|set| (&breaks, set));
    let best = match (improved, repaired) {
        (Some(one), Some(other)) if total(other.0, &other.1) > total(one.0, &one.1) => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    };
    let (mut side, mut member, score) = match best {
        Some((side, set)) => {
            let score = total(side, &set);
            (side, set.member, score)
        }
        None => (&keeps, first.clone(), keeps.end.sums.score),
    };
    // What a set lacks of the bound, in worth.
    let base = keeps.end.sums.score;
    let lacks =
        |gain: i128| units.worth_of_score(price.bound - units.scores.amount(base + gain), price.weight);
    let least = score - base;
    let found = best_flips(&near, &first, keeps.end.sums.excess, least, steps, lacks);
    if found.score > least {
        (side, member) = (&keeps, found.member);
    }
    let proven = found.complete && lacks(found.score) <= reach;
    let mut changes: Vec<(usize, bool)> =
        near.iter().zip(&member).map(|(one, member)| (one.row, *member)).collect();
    changes.par_sort_unstable();
    let chosen = side.chosen(pool, &Changes(changes), beside);
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
    let apart = |row: &usize| keeps.has(pool, *row) != breaks.has(pool, *row);
    let parts = pool.by_chunks(|rows| rows.filter(apart).collect::<Vec<usize>>()).concat();
    parts.into_iter().max_by(|one, other| {
        let of = |row: usize| (pool.excesses[row].abs(), pool.scores[row]);
        let ((a, s), (b, t)) = (of(*one), of(*other));
        a.total_cmp(&b).then_with(|| s.total_cmp(&t)).then_with(|| key(*one).cmp(&key(*other)))
    })
}

/// Those near enough to the border to gain by an exchange, at most about [`NEAR`], in the order that exchanges need; and
/// within what distance of it these are all.
fn near_border(pool: &Pool<'_>, price: &Price, key: Key<'_>) -> (Vec<Near>, f64) {
    let units = &pool.units;
    let distance = |score: f64, excess: f64| (units.worth(score, excess, price.weight) - price.border).abs();
    let mut reach = if pool.len() <= NEAR {
        f64::INFINITY
    } else {
        let slack = price.breaks.sums.excess.max(-price.keeps.sums.excess);
        let most = price.multiplier * units.excesses.amount(slack);
        let reach = units.worth_of_score(most, price.weight) + units.margin;
        // No more than wanted: a distance that about so many are within.
        if pool.len() > FEW { reach.min(pool.about_nearest(NEAR, distance)) } else { reach }
    };
    let within = pool.by_chunks(|rows| {
        rows.filter_map(|row| {
            let own = distance(pool.scores[row], pool.excesses[row]);
            (own <= reach).then_some((own, row))
        })
        .collect::<Vec<(f64, usize)>>()
    });
    let mut within = within.concat();
    if within.len() > NEAR {
        within.select_nth_unstable_by(NEAR, |one, other| one.0.total_cmp(&other.0));
        // Those at the same distance as the first one too many are left out together, so that no order decides.
        let cut = within[NEAR].0;
        within.truncate(NEAR);
        within.retain(|one| one.0 < cut);
        reach = cut.next_down();
    }
    let mut near: Vec<Near> = within
        .into_iter()
        .map(|(distance, row)| Near {
            row,
            distance,
            score: units.scores.near(pool.scores[row]),
            excess: units.excesses.up(pool.excesses[row]),
        })
        .collect();
    near.par_sort_unstable_by(|one, other| order(one, other, key));
    (near, reach)
}
