//! Where one candidate weighs as much as many: with her, and without her.
//!
//! The relaxation may take a third of a candidate who would use up, or save, more of the limit than all others near
//! the border. A set of whole customers has her or has not, and both are choices of the same kind among the others,
//! each with a price and a bound of its own. So she is put in and left out, then the same is done where the bound is
//! still the highest (branch and bound, Land and Doig 1960), until little is left between the bound and the best set,
//! or enough was looked at. Whoever is farther from the border than the best set lacks of the bound is on her side in
//! every better set, and is settled at once.

use rayon::prelude::*;

use super::finish::{Chosen, Key, constrained, plain, split};
use super::multiplier::{Found, Price, search};
use super::pool::{Pool, Sums};

/// The part of the bound that may be lacking without more being looked at.
pub(super) const ENOUGH: f64 = 3e-4;

/// Candidates looked at in all branches together, and branches.
const MOST_CANDIDATES: usize = 1 << 23;
const MOST_BRANCHES: u32 = 100;

/// Steps of the search near the border in each branch.
const STEPS: u32 = 1 << 16;

/// A choice with some candidates in and some out, that may hold a better set.
struct Branch {
    /// Places in the core, and whether they are in.
    forced: Vec<(usize, bool)>,
    bound: f64,
    /// Who is to be in or out next.
    next: usize,
}

/// What is known of the candidates who are not settled.
struct Core<'a> {
    pool: &'a Pool<'a>,
    /// Their rows, ascending.
    rows: Vec<usize>,
    /// Those who are in whatever happens.
    settled: Vec<usize>,
    sums: Sums,
    slots: usize,
    key: Key<'a>,
}

/// The best set of a branch, what no set of it can exceed, and whom to branch on.
struct Solved {
    chosen: Chosen,
    bound: f64,
    next: Option<usize>,
}

/// A better set than the one given, if branching finds one, what no set can exceed, and whether that proves it to be
/// the best.
pub(super) fn branched(
    pool: &Pool<'_>,
    n: usize,
    price: &Price,
    begun: Chosen,
    key: Key<'_>,
) -> (Chosen, f64, bool) {
    let score = |sums: &Sums| pool.units.scores.amount(sums.score);
    let room = pool.units.worth_of_score(price.bound - score(&begun.sums), price.weight);
    let mut best = begun;
    let Some(core) = Core::of(pool, n, price, room, key) else { return (best, price.bound, false) };
    let mut open = Vec::new();
    let (mut looked_at, mut branches) = (0, 0);
    let visit = |forced: Vec<(usize, bool)>, best: &mut Chosen, open: &mut Vec<Branch>| {
        let Some(solved) = core.solve(&forced) else { return };
        if solved.chosen.sums.score > best.sums.score {
            *best = solved.chosen;
        }
        if let Some(next) = solved.next {
            open.push(Branch { forced, bound: solved.bound, next });
        }
    };
    visit(Vec::new(), &mut best, &mut open);
    loop {
        let lacking = |branch: &Branch| branch.bound - score(&best.sums);
        open.retain(|branch| lacking(branch) > pool.units.resolution(price.multiplier));
        let highest = (0..open.len()).max_by(|one, other| open[*one].bound.total_cmp(&open[*other].bound));
        let Some(highest) = highest else { return (best, price.bound, true) };
        let bound = open[highest].bound.min(price.bound);
        looked_at += 2 * core.rows.len();
        branches += 2;
        let enough = lacking(&open[highest]) <= ENOUGH * bound.abs();
        if enough || looked_at > MOST_CANDIDATES || branches > MOST_BRANCHES {
            return (best, bound, false);
        }
        let branch = open.swap_remove(highest);
        for side in [true, false] {
            let mut forced = branch.forced.clone();
            forced.push((branch.next, side));
            visit(forced, &mut best, &mut open);
        }
    }
}

impl<'a> Core<'a> {
    fn of(pool: &'a Pool<'a>, n: usize, price: &Price, room: f64, key: Key<'a>) -> Option<Self> {
        let units = &pool.units;
        let parts = pool.by_chunks(|chunk| {
            let (mut rows, mut settled, mut sums) = (Vec::new(), Vec::new(), Sums::default());
            for row in chunk {
                let (score, excess) = (pool.scores[row], pool.excesses[row]);
                let above = units.worth(score, excess, price.weight) - price.border;
                if above.abs() <= room + units.margin {
                    rows.push(row);
                } else if above > 0.0 {
                    settled.push(row);
                    sums.add(units, score, excess);
                }
            }
            (rows, settled, sums)
        });
        let sums = parts.iter().fold(Sums::default(), |all, part| all.plus(part.2));
        let (rows, settled): (Vec<Vec<usize>>, Vec<Vec<usize>>) =
            parts.into_iter().map(|part| (part.0, part.1)).unzip();
        let (rows, settled) = (rows.concat(), settled.concat());
        let slots = n.checked_sub(settled.len())?;
        let rows = no_more_than(pool, rows, slots, key);
        (1..=rows.len()).contains(&slots).then_some(Self { pool, rows, settled, sums, slots, key })
    }

    /// The best set with some in and some out; `None` where none keeps the limit.
    fn solve(&self, forced: &[(usize, bool)]) -> Option<Solved> {
        let pool = self.pool;
        let units = &pool.units;
        let (mut sums, mut with) = (self.sums, self.settled.clone());
        for (place, _) in forced.iter().filter(|(_, side)| *side) {
            let row = self.rows[*place];
            sums.add(units, pool.scores[row], pool.excesses[row]);
            with.push(row);
        }
        let slots = (self.slots + self.settled.len()).checked_sub(with.len())?;
        let is_free = |place: &usize| forced.iter().all(|(other, _)| other != place);
        let free: Vec<usize> = (0..self.rows.len()).filter(is_free).collect();
        let of = |numbers: &[f64]| free.iter().map(|place| numbers[self.rows[*place]]).collect::<Vec<f64>>();
        if slots == 0 || slots > free.len() {
            let whole = slots == 0 && sums.excess <= 0;
            return whole.then(|| {
                self.whole(
                    &Chosen { rows: Vec::new(), sums },
                    with,
                    &free,
                    units.scores.amount(sums.score),
                    None,
                )
            });
        }
        let part = Pool::new(*units, of(&pool.scores).into(), of(&pool.excesses).into());
        let key = |place: usize| (self.key)(self.rows[free[place]]);
        match search(&part, slots, sums) {
            Found::Impossible => None,
            Found::Loose(end) => {
                let chosen = plain(&part, end, sums, &key);
                let bound = units.scores.amount(chosen.sums.score);
                Some(self.whole(&chosen, with, &free, bound, None))
            }
            Found::Tight(price) => {
                let (chosen, proven) = constrained(&part, &price, sums, STEPS, &key);
                let next = if proven { None } else { split(&part, &price, &key) };
                let bound = if next.is_some() { price.bound } else { units.scores.amount(chosen.sums.score) };
                Some(self.whole(&chosen, with, &free, bound, next))
            }
        }
    }

    /// A set of the free, as rows of all and with those who are in anyway.
    fn whole(
        &self,
        chosen: &Chosen,
        mut rows: Vec<usize>,
        free: &[usize],
        bound: f64,
        next: Option<usize>,
    ) -> Solved {
        rows.extend(chosen.rows.iter().map(|place| self.rows[free[*place]]));
        rows.sort_unstable();
        Solved { chosen: Chosen { rows, sums: chosen.sums }, bound, next: next.map(|place| free[place]) }
    }
}

/// At most so many of each kind of equal candidates, those with the smallest keys: no set of the size takes more.
fn no_more_than(pool: &Pool<'_>, mut rows: Vec<usize>, most: usize, key: Key<'_>) -> Vec<usize> {
    let by_content = |one: &usize, other: &usize| {
        let of = |row: usize| (pool.excesses[row], pool.scores[row]);
        let ((a, s), (b, t)) = (of(*one), of(*other));
        a.total_cmp(&b).then_with(|| s.total_cmp(&t))
    };
    rows.par_sort_unstable_by(by_content);
    let mut few = Vec::with_capacity(rows.len());
    for run in rows.chunk_by(|one, other| by_content(one, other).is_eq()) {
        if run.len() <= most {
            few.extend_from_slice(run);
        } else {
            let mut keyed: Vec<(u64, usize)> = run.par_iter().map(|row| (key(*row), *row)).collect();
            keyed.select_nth_unstable(most);
            few.extend(keyed[..most].iter().map(|one| one.1));
        }
    }
    few.sort_unstable();
    few
}
