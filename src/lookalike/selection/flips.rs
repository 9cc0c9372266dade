//! The best set there is, where few enough can be in it: all ways to put candidates on the other side of the border.
//!
//! With `w = s − λa` the worth of a candidate at the price `λ`, `τ` that of the border and `L` the bound, the score
//! of any set of the size is `L − Σ |w − τ| + λ Σ a`, the first sum over those who are on another side than the best
//! set at that price has them, the second over the set. The second is at most zero, so in a set that is better than
//! the best one known, those moved cost less together than what that one lacks of the bound. Where few are chosen
//! these are few sets, and they are counted through; where many are chosen they are too many, and next to nothing is
//! lacking. Of equal candidates it only matters how many are moved, so the first ones are moved first.

use super::swap::{Near, equals};

/// Steps after which a search among all is left.
pub(super) const MOST_STEPS: u32 = 1 << 20;

/// A set by its difference from where it began.
pub(super) struct Flipped {
    /// Who of those near the border is a member.
    pub(super) member: Vec<bool>,
    pub(super) score: i128,
    /// Whether all sets that could be better were looked at.
    pub(super) complete: bool,
}

/// The search's place: who is moved, in the order of distance, and what that sums to.
#[derive(Default)]
struct Path {
    moved: Vec<usize>,
    /// Whether a candidate is among them.
    is_moved: Vec<bool>,
    cost: f64,
    /// How many more have come than gone.
    balance: i64,
    score: i128,
    excess: i128,
}

impl Path {
    fn step(&mut self, one: &Near, member: bool, sign: i64) {
        let come = if member { -sign } else { sign };
        self.cost += one.distance * sign as f64;
        self.balance += come;
        self.score += i128::from(come) * i128::from(one.score);
        self.excess += i128::from(come) * i128::from(one.excess);
    }
}

/// For each candidate the one before it who is equal and on the same side.
fn twins(near: &[Near], member: &[bool]) -> Vec<Option<usize>> {
    let mut twins = vec![None; near.len()];
    let mut from = 0;
    for run in near.chunk_by(equals) {
        let mut last = [None; 2];
        for place in from..from + run.len() {
            twins[place] = last[usize::from(member[place])].replace(place);
        }
        from += run.len();
    }
    twins
}

/// The best set that can be reached from the best one at the price. `excess` is that of the latter; a set must gain more
/// than `least` over it; `room` says in worth by how much a set of such a gain falls short of the bound.
pub(super) fn best_flips(
    near: &[Near],
    member: &[bool],
    excess: i128,
    least: i128,
    steps: u32,
    room: impl Fn(i128) -> f64,
) -> Flipped {
    let mut order: Vec<usize> = (0..near.len()).collect();
    // Stable: of equal distances the order of the candidates themselves, which follows from what they are.
    order.sort_by(|one, other| near[*one].distance.total_cmp(&near[*other].distance));
    let (mut score, mut best): (i128, Vec<usize>) = (least, Vec::new());
    let mut left = room(score);
    let twins = twins(near, member);
    // Where those who are equal to each end: as many as stand behind one another.
    let mut ends: Vec<usize> = (1..=order.len()).collect();
    for place in (1..order.len()).rev() {
        if twins[order[place]] == Some(order[place - 1]) {
            ends[place - 1] = ends[place];
        }
    }
    let (mut path, mut next) = (Path { is_moved: vec![false; near.len()], ..Path::default() }, 0);
    let mut complete = false;
    for _ in 0..steps {
        // Who has an equal that was not moved would only stand for it.
        while order.get(next).is_some_and(|place| twins[*place].is_some_and(|twin| !path.is_moved[twin])) {
            next = ends[next];
        }
        let candidate = order.get(next).map(|place| (&near[*place], member[*place]));
        if let Some((one, own)) = candidate.filter(|(one, _)| path.cost + one.distance < left) {
            path.step(one, own, 1);
            // Those still needed to keep the number are at least as far off.
            if path.cost + path.balance.unsigned_abs() as f64 * one.distance < left {
                path.moved.push(next);
                path.is_moved[order[next]] = true;
                if path.balance == 0 && excess + path.excess <= 0 && path.score > score {
                    score = path.score;
                    best.clone_from(&path.moved);
                    left = room(score);
                }
            } else {
                path.step(one, own, -1);
            }
            next += 1;
        } else if let Some(place) = path.moved.pop() {
            path.step(&near[order[place]], member[order[place]], -1);
            path.is_moved[order[place]] = false;
            next = place + 1;
        } else {
            complete = true;
            break;
        }
    }
    let mut member = member.to_vec();
    for place in best {
        member[order[place]] ^= true;
    }
    Flipped { member, score, complete }
}
