//! Two for two: where candidates are few or differ much in size, exchanges of one leave more of the limit unused than
//! they need.
//!
//! All exchanges of one between those nearest to the border are put in order of what they add to the excess. For each, the
//! partner that gains most among those that the limit leaves room for is looked up, so that all pairs of exchanges are
//! weighed in the time of one sort. Of the best partners up to a place a few are kept, none of which shares a candidate
//! with another, so that one of them can almost always be had.

use super::swap::{Near, Swap};

/// Members, and other candidates, that exchanges of two are made of: those nearest to the border.
const CORE: usize = 192;

/// Partners kept for each place.
const PARTNERS: usize = 4;

#[derive(Clone, Copy)]
struct Move {
    excess: i128,
    gain: i64,
    goes: u32,
    comes: u32,
}

impl Move {
    fn apart(&self, other: &Self) -> bool {
        self.goes != other.goes && self.comes != other.comes
    }

    fn swap(&self) -> Swap {
        (self.goes as usize, self.comes as usize, self.gain)
    }
}

/// The places of those nearest to the border on one side of it, in their order.
fn core(near: &[Near], member: &[bool], side: bool) -> Vec<u32> {
    let mut places: Vec<u32> =
        (0..near.len() as u32).filter(|place| member[*place as usize] == side).collect();
    if places.len() > CORE {
        let distance = |place: &u32| near[*place as usize].distance;
        places.select_nth_unstable_by(CORE, |one, other| {
            distance(one).total_cmp(&distance(other)).then_with(|| one.cmp(other))
        });
        places.truncate(CORE);
        places.sort_unstable();
    }
    places
}

/// Two exchanges that together gain most and add at most `slack` to the excess; `None` where none are found that gain.
pub(super) fn best_two(near: &[Near], member: &[bool], slack: i128) -> Option<[Swap; 2]> {
    let (members, others) = (core(near, member, true), core(near, member, false));
    let mut moves: Vec<Move> = Vec::with_capacity(members.len() * others.len());
    for goes in members {
        for comes in &others {
            let (one, other) = (&near[goes as usize], &near[*comes as usize]);
            moves.push(Move {
                excess: i128::from(other.excess) - i128::from(one.excess),
                gain: other.score.saturating_sub(one.score),
                goes,
                comes: *comes,
            });
        }
    }
    moves.sort_unstable_by_key(|own| (own.excess, std::cmp::Reverse(own.gain), own.goes, own.comes));
    let mut best: Option<(i64, [Swap; 2])> = None;
    // Partners among the first so many; from the last move on, more of them fit.
    let (mut partners, mut next): (Vec<Move>, usize) = (Vec::new(), 0);
    for own in moves.iter().rev() {
        while let Some(partner) = moves.get(next).filter(|partner| partner.excess <= slack - own.excess) {
            keep(&mut partners, *partner);
            next += 1;
        }
        if let Some(partner) = partners.iter().find(|partner| partner.apart(own)) {
            let gain = own.gain.saturating_add(partner.gain);
            if gain > best.map_or(0, |(most, _)| most) {
                best = Some((gain, [own.swap(), partner.swap()]));
            }
        }
    }
    best.map(|(_, swaps)| swaps)
}

/// Puts a move among the best partners, those with the most gain first, unless it shares a candidate with a better one.
fn keep(partners: &mut Vec<Move>, new: Move) {
    let place = partners.partition_point(|partner| partner.gain >= new.gain);
    if place == PARTNERS || partners[..place].iter().any(|partner| !partner.apart(&new)) {
        return;
    }
    partners.insert(place, new);
    let mut seen = 0;
    partners.retain(|partner| {
        seen += 1;
        seen <= place + 1 || partner.apart(&new)
    });
    partners.truncate(PARTNERS);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn two_exchanges_gain_what_they_say_and_mostly_as_much_as_any(
            numbers in prop::collection::vec((-50_i64..50, -50_i64..50, any::<bool>()), 4..12),
            slack in 0_i128..20,
        ) {
            let near: Vec<Near> = numbers
                .iter()
                .enumerate()
                .map(|(row, (score, excess, _))| Near { row, score: *score, excess: *excess, distance: 0.0 })
                .collect();
            let member: Vec<bool> = numbers.iter().map(|one| one.2).collect();
            let sides = |side| (0..near.len()).filter(|place| member[*place] == side).collect::<Vec<_>>();
            let (members, others) = (sides(true), sides(false));
            let mut most = 0;
            for (a, b) in members.iter().flat_map(|a| members.iter().map(move |b| (*a, *b))) {
                for (c, d) in others.iter().flat_map(|c| others.iter().map(move |d| (*c, *d))) {
                    let excess = near[c].excess + near[d].excess - near[a].excess - near[b].excess;
                    if a != b && c != d && i128::from(excess) <= slack {
                        most = most.max(near[c].score + near[d].score - near[a].score - near[b].score);
                    }
                }
            }
            match best_two(&near, &member, slack) {
                Some([(a, c, one), (b, d, other)]) => {
                    prop_assert!(a != b && c != d && member[a] && member[b] && !member[c] && !member[d]);
                    let excess = near[c].excess + near[d].excess - near[a].excess - near[b].excess;
                    prop_assert!(i128::from(excess) <= slack && one + other > 0 && one + other <= most);
                    prop_assert!((one + other) * 2 >= most);
                }
                None => prop_assert!(most == 0 || members.len() < 2 || others.len() < 2 || most < 20),
            }
        }
    }
}
