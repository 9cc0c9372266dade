//! From the set that keeps the limit towards the one that breaks it, one exchange after another.
//!
//! Where many candidates are equal, the border at the price is a tie of whole groups: the best sets on both sides of
//! the price differ by thousands, one keeps the limit by far and the other breaks it by far. All in whom they differ are
//! worth the same at the price, so each set on the way from one to the other is as good at that price as both ends, and
//! the last that keeps the limit lacks at most what one exchange adds.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::finish::{Changes, Key, Side};
use super::pool::{Pool, Sums};

/// How far the way was gone.
pub(super) struct Walk {
    /// Who went and who came since the set that keeps the limit.
    pub(super) changes: Changes,
    /// Of the set reached, which keeps the limit.
    pub(super) sums: Sums,
    /// The exchange after it: who goes and who comes; `None` at the end of the way.
    pub(super) next: Option<(usize, usize)>,
    /// Of the set after that exchange.
    pub(super) further: Sums,
}

/// One of those in whom two sets differ.
struct Differing {
    score: i64,
    excess: i64,
    key: u64,
    row: usize,
}

impl Differing {
    /// The less excess the sooner; equal ones by key, those who come in the order of keys and those who go from its end.
    fn order(&self, other: &Self, comes: bool) -> Ordering {
        let by_content = self.excess.cmp(&other.excess).then_with(|| self.score.cmp(&other.score));
        by_content.then_with(|| {
            let by_key = (self.key, self.row).cmp(&(other.key, other.row));
            if comes { by_key } else { by_key.reverse() }
        })
    }
}

/// Rows that are in one of two sets and not in the other, ascending.
pub(super) fn apart(pool: &Pool<'_>, one: &Side, other: &Side) -> Vec<usize> {
    let differs = |row: &usize| one.has(pool, *row) != other.has(pool, *row);
    pool.by_chunks(|rows| rows.filter(differs).collect::<Vec<usize>>()).concat()
}

impl Walk {
    /// From one set, which keeps the limit, towards another of the same size: the best set on the way that keeps it.
    /// O(candidates), and a sort of those in whom they differ.
    pub(super) fn of(pool: &Pool<'_>, keeps: &Side, breaks: &Side, key: Key<'_>) -> Self {
        let (going, coming): (Vec<usize>, Vec<usize>) =
            apart(pool, keeps, breaks).into_iter().partition(|row| keeps.has(pool, *row));
        let sorted = |rows: Vec<usize>, comes: bool| {
            let of = |row: usize| Differing {
                score: pool.units.scores.near(pool.scores[row]),
                excess: pool.units.excesses.up(pool.excesses[row]),
                key: key(row),
                row,
            };
            let mut all: Vec<Differing> = rows.into_par_iter().map(of).collect();
            all.par_sort_unstable_by(|one, other| one.order(other, comes));
            all
        };
        let (going, coming) = (sorted(going, false), sorted(coming, true));
        let begun = keeps.end.sums;
        let (mut sums, mut best, mut steps) = (begun, begun, 0);
        let mut further = begun;
        for (place, (goes, comes)) in going.iter().zip(&coming).enumerate() {
            sums.score += i128::from(comes.score) - i128::from(goes.score);
            sums.excess += i128::from(comes.excess) - i128::from(goes.excess);
            if place == steps {
                further = sums;
            }
            if sums.excess <= 0 && sums.score > best.score {
                (best, steps) = (sums, place + 1);
            }
        }
        let next = going.get(steps).zip(coming.get(steps)).map(|(goes, comes)| (goes.row, comes.row));
        let rows = |all: &[Differing], member| {
            all.iter().take(steps).map(move |one| (one.row, member)).collect::<Vec<_>>()
        };
        let changes = Changes::new([rows(&going, false), rows(&coming, true)].concat());
        Self { changes, sums: best, next, further }
    }

    /// The most of the limit that is left, or lacking one exchange further.
    pub(super) fn slack(&self) -> i128 {
        self.further.excess.max(-self.sums.excess)
    }
}
