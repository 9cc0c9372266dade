//! One for one: the exchange of a member for another candidate that gains most and keeps the limit.
//!
//! A set that is best at some price of excess leaves a little of the limit unused, less than one exchange is worth. What it
//! leaves is used up by exchanging one member for one other, the pair that gains most first, until no pair gains.
//!
//! Let `w = s − λa` be what candidates are worth at the price and `τ` the worth of the border. An exchange of a
//! member `i` for another `j` gains `(w_j − τ) + (τ − w_i) + λ(a_j − a_i)`, of which neither of the first two is
//! above zero and the last is at most `λ` times what is left of the limit. So only candidates within that of the
//! border can gain at all.

use std::cmp::Ordering;

use super::pairs::best_two;

/// Rounds of exchanges; each gains something.
const MOST_ROUNDS: u32 = 1_000;

/// Rounds of exchanges of two for two.
const MOST_PAIRS: u32 = 20;

/// A candidate near the border.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    pub(super) row: usize,
    /// On the grids of scores and excesses.
    pub(super) score: i64,
    pub(super) excess: i64,
    /// How far from the border it is worth, at the price.
    pub(super) distance: f64,
}

/// Who comes first when pairs are looked for: more excess, of equals more score, of equals the smaller key.
pub(super) fn order(one: &Near, other: &Near, key: &(dyn Fn(usize) -> u64 + Sync)) -> Ordering {
    other
        .excess
        .cmp(&one.excess)
        .then_with(|| other.score.cmp(&one.score))
        .then_with(|| key(one.row).cmp(&key(other.row)))
        .then_with(|| one.row.cmp(&other.row))
}

/// Whether two candidates, next to each other in [`order`], are equal.
pub(super) fn equals(one: &Near, other: &Near) -> bool {
    (one.score, one.excess) == (other.score, other.excess) && one.distance.total_cmp(&other.distance).is_eq()
}

/// Puts in, of equal candidates, those with the smallest keys.
pub(super) fn in_key_order(near: &[Near], member: &mut [bool]) {
    let mut from = 0;
    for run in near.chunk_by(equals) {
        let own = &mut member[from..from + run.len()];
        let members = own.iter().filter(|member| **member).count();
        own.iter_mut().enumerate().for_each(|(place, member)| *member = place < members);
        from += run.len();
    }
}

/// A set, as far as it differs from where it began.
pub(super) struct Exchanged {
    /// Who of those near the border is a member.
    pub(super) member: Vec<bool>,
    /// What the exchanges add.
    pub(super) score: i128,
    pub(super) excess: i128,
}

/// The place of the member that goes, that of the candidate that comes, and what is gained.
pub(super) type Swap = (usize, usize, i64);

/// Makes a set keep the limit, if one exchange can, and improves it by exchanges. `near` stands in [`order`]; `excess` is
/// that of the whole set. `None` where no exchange makes it keep the limit. O(near) a round.
pub(super) fn exchanged(near: &[Near], member: Vec<bool>, excess: i128) -> Option<Exchanged> {
    let mut set = Exchanged { member, score: 0, excess: 0 };
    let apply = |set: &mut Exchanged, (goes, comes, gain): Swap| {
        set.member[goes] = false;
        set.member[comes] = true;
        set.score += i128::from(gain);
        set.excess += i128::from(near[comes].excess) - i128::from(near[goes].excess);
    };
    if excess > 0 {
        let repair = best(near, &set.member, -excess)?;
        apply(&mut set, repair);
    }
    let (mut rounds, mut pairs) = (MOST_ROUNDS, MOST_PAIRS);
    loop {
        let slack = -(excess + set.excess);
        if let Some(swap) = best(near, &set.member, slack).filter(|(.., gain)| *gain > 0 && rounds > 0) {
            rounds -= 1;
            apply(&mut set, swap);
        } else if let Some(swaps) = (pairs > 0).then(|| best_two(near, &set.member, slack)).flatten() {
            pairs -= 1;
            for swap in swaps {
                apply(&mut set, swap);
            }
        } else {
            break;
        }
    }
    Some(set)
}

/// The exchange that gains most among those that add at most `slack` to the excess.
fn best(near: &[Near], member: &[bool], slack: i128) -> Option<Swap> {
    let mut best: Option<Swap> = None;
    // The member of the smallest score among those whose going leaves room; more come in as less room is needed.
    let (mut weakest, mut next): (Option<usize>, usize) = (None, 0);
    for (comes, candidate) in near.iter().enumerate().filter(|(place, _)| !member[*place]) {
        let at_least = i128::from(candidate.excess) - slack;
        while let Some(one) = near.get(next).filter(|one| i128::from(one.excess) >= at_least) {
            if member[next] && weakest.is_none_or(|place| one.score < near[place].score) {
                weakest = Some(next);
            }
            next += 1;
        }
        if let Some(goes) = weakest {
            let gain = candidate.score.saturating_sub(near[goes].score);
            if best.is_none_or(|(.., most)| gain > most) {
                best = Some((goes, comes, gain));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_best_pair_is_that_of_all_pairs(
            numbers in prop::collection::vec((-20_i64..20, -20_i64..20, any::<bool>()), 1..30),
            slack in -30_i128..30,
        ) {
            let mut near: Vec<Near> = numbers
                .iter()
                .enumerate()
                .map(|(row, (score, excess, _))| Near { row, score: *score, excess: *excess, distance: 0.0 })
                .collect();
            near.sort_by(|one, other| order(one, other, &|row| row as u64));
            let member: Vec<bool> = near.iter().map(|one| numbers[one.row].2).collect();
            let gain = |goes: usize, comes: usize| {
                let fits = i128::from(near[comes].excess) - i128::from(near[goes].excess) <= slack;
                (member[goes] && !member[comes] && fits).then(|| near[comes].score - near[goes].score)
            };
            let pairs = (0..near.len()).flat_map(|goes| (0..near.len()).map(move |comes| (goes, comes)));
            let most = pairs.filter_map(|(goes, comes)| gain(goes, comes)).max();
            let found = best(&near, &member, slack);
            prop_assert_eq!(found.map(|(.., gain)| gain), most);
            if let Some((goes, comes, own)) = found {
                prop_assert_eq!(gain(goes, comes), Some(own));
            }
        }
    }
}
