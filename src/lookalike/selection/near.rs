//! Who is near enough to the border to gain by an exchange, and of many equal ones as few as can be told apart.

use rayon::prelude::*;

use super::finish::Key;
use super::multiplier::Price;
use super::pool::{FEW, Pool, mixed};
use super::swap::{Near, order};

/// Candidates among whom exchanges are looked for; where there are no more in all, it is all of them.
const NEAR: usize = 1 << 14;

/// Members, and other candidates, of the same score and excess that are taken where not all can be: more of them would hardly
/// be moved at once.
const EQUALS: usize = 64;

/// Someone within reach.
#[derive(Clone, Copy)]
struct Within {
    distance: f64,
    row: usize,
}

/// Those near enough to the border to gain by an exchange, at most about [`NEAR`], in the order that exchanges need; and
/// within what distance of it these are all that a search has to look at. `slack` is what exchanges may use of the limit.
pub(super) fn near_border(
    pool: &Pool<'_>,
    price: &Price,
    slack: i128,
    has: &(impl Fn(usize) -> bool + Sync),
    key: Key<'_>,
) -> (Vec<Near>, f64) {
    let units = &pool.units;
    let distance = |score: f64, excess: f64| (units.worth(score, excess, price.weight) - price.border).abs();
    let mut reach = if pool.len() <= NEAR {
        f64::INFINITY
    } else {
        let most = price.multiplier * units.excesses.amount(slack);
        let reach = units.worth_of_score(most, price.weight) + units.margin;
        // No more than wanted: a distance that about so many are within.
        if pool.len() > FEW { reach.min(pool.about_nearest(NEAR, distance)) } else { reach }
    };
    let within = pool.by_chunks(|rows| {
        rows.filter_map(|row| {
            let own = distance(pool.scores[row], pool.excesses[row]);
            (own <= reach).then_some(Within { distance: own, row })
        })
        .collect::<Vec<Within>>()
    });
    let mut within = within.concat();
    if within.len() > NEAR {
        (within, reach) = thinned(pool, within, reach, has, key);
    }
    let mut near: Vec<Near> = within
        .into_iter()
        .map(|Within { distance, row }| Near {
            row,
            distance,
            score: units.scores.near(pool.scores[row]),
            excess: units.excesses.up(pool.excesses[row]),
        })
        .collect();
    near.par_sort_unstable_by(|one, other| order(one, other, key));
    (near, reach)
}

/// The nearest, few of equal ones; and the distance within which no better set moves anyone else.
fn thinned(
    pool: &Pool<'_>,
    mut within: Vec<Within>,
    mut reach: f64,
    has: &(impl Fn(usize) -> bool + Sync),
    key: Key<'_>,
) -> (Vec<Within>, f64) {
    let content = |row: usize| (pool.scores[row], pool.excesses[row]);
    within.par_sort_unstable_by(|one, other| {
        let ((s, a), (t, b)) = (content(one.row), content(other.row));
        one.distance.total_cmp(&other.distance).then_with(|| a.total_cmp(&b)).then_with(|| s.total_cmp(&t))
    });
    let same = |one: &Within, other: &Within| {
        let ((s, a), (t, b)) = (content(one.row), content(other.row));
        s.total_cmp(&t).is_eq() && a.total_cmp(&b).is_eq()
    };
    let mut taken = Vec::with_capacity(NEAR);
    for level in within.chunk_by(|one, other| one.distance.total_cmp(&other.distance).is_eq()) {
        let mut runs: Vec<&[Within]> = level.chunk_by(same).collect();
        let all = level.len() <= NEAR - taken.len();
        if !all && runs.len() > 1 {
            // Not all may find room: which do must not follow any order.
            runs.sort_by_key(|run| {
                let (score, excess) = content(run[0].row);
                mixed(score, excess)
            });
        }
        let distance = level[0].distance;
        for run in runs {
            let few = if run.len() <= 2 * EQUALS { run.to_vec() } else { of_equals(run, has, key) };
            if few.len() > NEAR - taken.len() {
                return (taken, reach.min(distance.next_down()));
            }
            if few.len() < run.len() {
                // A set that moves more of them than were taken costs that much at least.
                reach = reach.min((EQUALS + 1) as f64 * distance);
            }
            taken.extend(few);
        }
    }
    (taken, reach)
}

/// Of equal candidates the members who would go first and the others who would come first.
fn of_equals(run: &[Within], has: &(impl Fn(usize) -> bool + Sync), key: Key<'_>) -> Vec<Within> {
    let keyed: Vec<(u64, Within, bool)> =
        run.par_iter().map(|one| (key(one.row), *one, has(one.row))).collect();
    let few = |side: bool| {
        let mut own: Vec<(u64, Within)> =
            keyed.iter().filter(|one| one.2 == side).map(|one| (one.0, one.1)).collect();
        let by_key = |one: &(u64, Within), other: &(u64, Within)| {
            let order = (one.0, one.1.row).cmp(&(other.0, other.1.row));
            if side { order.reverse() } else { order }
        };
        if own.len() > EQUALS {
            own.select_nth_unstable_by(EQUALS, by_key);
            own.truncate(EQUALS);
        }
        own.into_iter().map(|one| one.1).collect::<Vec<Within>>()
    };
    [few(true), few(false)].concat()
}
