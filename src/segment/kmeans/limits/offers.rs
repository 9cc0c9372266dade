//! Who would move, and for how much: for each pair of segments the customers of the one that would lose least by
//! moving to the other.
//!
//! Only customers near a boundary can be among the first to move, so each pair holds the least regrets up to a limit.
//! Nothing below the limit is missing. When a pair has no offer left below its limit, the limit itself is a lower bound
//! of what the next one would be, and whoever wants to know better looks at all customers again.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Offers that a pair keeps whatever happens, so that each look gets the exchange on.
const LEAST_OFFERS: usize = 4;

/// A customer's regret of moving: how much farther her new centroid is, as a squared distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) regret: f64,
    pub(super) row: u32,
}

impl Ord for Offer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.regret.total_cmp(&other.regret).then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Offer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Offer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Offer {}

/// What is known of the least regret of a pair.
#[derive(Clone, Copy, Debug)]
pub(super) enum Least {
    /// It is this.
    Regret(f64),
    /// It is not below this.
    AtLeast(f64),
}

/// The offers of all pairs of segments.
///
/// Offers are never taken out when their customer moves elsewhere; they go stale, and are dropped when they come up.
pub(super) struct Offers {
    segments: usize,
    /// The most offers of all pairs together.
    capacity: usize,
    /// How many there are, stale ones among them.
    held: usize,
    /// Whether there were more than the capacity since the offers were opened.
    cut_back: bool,
    heaps: Vec<BinaryHeap<Reverse<Offer>>>,
    /// By how much a price exceeds the other: what a regret is measured from.
    bases: Vec<f64>,
    /// No regret below its pair's limit is missing.
    limits: Vec<f64>,
}

impl Offers {
    /// Of no customers yet; every regret is missing.
    pub(super) fn new(segments: usize, capacity: usize) -> Self {
        let pairs = segments * segments;
        Self {
            segments,
            capacity: capacity.max(4 * LEAST_OFFERS * pairs),
            held: 0,
            cut_back: false,
            heaps: vec![BinaryHeap::new(); pairs],
            bases: vec![0.0; pairs],
            limits: vec![f64::NEG_INFINITY; pairs],
        }
    }

    /// Starts anew: all regrets up to `window` above the difference of two segments' prices will be pushed.
    pub(super) fn open(&mut self, prices: &[f64], window: f64) {
        self.held = 0;
        self.cut_back = false;
        for from in 0..self.segments {
            for to in 0..self.segments {
                let pair = from * self.segments + to;
                self.heaps[pair].clear();
                self.bases[pair] = prices[to] - prices[from];
                self.limits[pair] = window + self.bases[pair];
            }
        }
    }

    /// Whether offers below the window were left out for want of memory.
    pub(super) fn were_cut_back(&self) -> bool {
        self.cut_back
    }

    pub(super) fn limit(&self, from: usize, to: usize) -> f64 {
        self.limits[from * self.segments + to]
    }

    /// Takes an offer in, unless it is beyond the pair's limit.
    pub(super) fn push(&mut self, from: usize, to: usize, offer: Offer) {
        let pair = from * self.segments + to;
        if offer.regret <= self.limits[pair] {
            self.heaps[pair].push(Reverse(offer));
            self.held += 1;
            if self.held > self.capacity {
                self.cut_back();
            }
        }
    }

    /// Says that offers are missing, none of them below a regret.
    pub(super) fn lower_limit(&mut self, from: usize, to: usize, limit: f64) {
        let pair = from * self.segments + to;
        self.limits[pair] = self.limits[pair].min(limit);
    }

    /// Halves the offers: those with a greater regret than most go, though each pair keeps a few.
    fn cut_back(&mut self) {
        self.cut_back = true;
        let mut reduced: Vec<f64> = Vec::with_capacity(self.held);
        for (heap, base) in self.heaps.iter().zip(&self.bases) {
            reduced.extend(heap.iter().map(|Reverse(offer)| offer.regret - base));
        }
        let middle = reduced.len() / 2;
        let window = *reduced.select_nth_unstable_by(middle, f64::total_cmp).1;
        for pair in 0..self.heaps.len() {
            let heap = std::mem::take(&mut self.heaps[pair]);
            let mut offers: Vec<Offer> = heap.into_iter().map(|Reverse(offer)| offer).collect();
            let (mut below, mut equal) = (0, 0);
            for offer in &offers {
                match (offer.regret - self.bases[pair]).total_cmp(&window) {
                    Ordering::Less => below += 1,
                    Ordering::Equal => equal += 1,
                    Ordering::Greater => {}
                }
            }
            // Equal regrets may be most of them, so half of each pair's go.
            let keep = (below + equal / 2).max(LEAST_OFFERS);
            if keep < offers.len() {
                let (_, next, _) = offers.select_nth_unstable(keep);
                self.limits[pair] = next.regret;
                offers.truncate(keep);
            }
            self.heaps[pair] = offers.into_iter().map(Reverse).collect();
        }
        self.held = self.heaps.iter().map(BinaryHeap::len).sum();
    }

    /// The least regret of a pair; drops stale offers.
    pub(super) fn least(&mut self, from: usize, to: usize, labels: &[u32]) -> Least {
        let pair = from * self.segments + to;
        while let Some(Reverse(offer)) = self.heaps[pair].peek() {
            if offer.regret > self.limits[pair] {
                break;
            }
            if labels[offer.row as usize] as usize == from {
                return Least::Regret(offer.regret);
            }
            self.heaps[pair].pop();
            self.held -= 1;
        }
        Least::AtLeast(self.limits[pair])
    }

    /// Takes out up to `most` offers that equal the least, by ascending row.
    pub(super) fn take(&mut self, from: usize, to: usize, most: usize, labels: &[u32], taken: &mut Vec<u32>) {
        let Least::Regret(least) = self.least(from, to, labels) else { return };
        let heap = &mut self.heaps[from * self.segments + to];
        let start = taken.len();
        while let Some(Reverse(offer)) = heap.peek().copied() {
            if taken.len() - start == most || offer.regret.total_cmp(&least).is_ne() {
                break;
            }
            heap.pop();
            self.held -= 1;
            // A customer who came back has offered twice.
            let twice = taken[start..].last() == Some(&offer.row);
            if !twice && labels[offer.row as usize] as usize == from {
                taken.push(offer.row);
            }
        }
    }

    /// Puts back what [`take`](Self::take) took too much.
    pub(super) fn put_back(&mut self, from: usize, to: usize, regret: f64, rows: &[u32]) {
        let heap = &mut self.heaps[from * self.segments + to];
        heap.extend(rows.iter().map(|row| Reverse(Offer { regret, row: *row })));
        self.held += rows.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn what_is_left_after_cutting_back_is_the_least_without_a_hole() {
        let mut draws = Stream::new(3, "offers", 0);
        // Every third customer ties with others.
        let all: Vec<Offer> = (0..900)
            .map(|row| Offer { regret: if row % 3 == 0 { 0.25 } else { draws.unit() }, row })
            .collect();
        let labels = vec![0; 900];
        let mut offers = Offers::new(3, 0);
        offers.open(&[0.0, 0.5, 0.1], f64::INFINITY);
        for offer in &all {
            offers.push(0, 1 + offer.row as usize % 2, *offer);
        }
        assert!(offers.were_cut_back());
        for to in [1, 2] {
            let mut expected: Vec<Offer> =
                all.iter().filter(|offer| 1 + offer.row as usize % 2 == to).copied().collect();
            expected.sort();
            let mut taken = Vec::new();
            while let Least::Regret(_) = offers.least(0, to, &labels) {
                offers.take(0, to, 7, &labels, &mut taken);
            }
            assert!(taken.len() >= LEAST_OFFERS && taken.len() < expected.len());
            let regrets =
                |rows: &[u32]| rows.iter().map(|row| all[*row as usize].regret.to_bits()).collect::<Vec<_>>();
            let least: Vec<u32> = expected.iter().take(taken.len()).map(|offer| offer.row).collect();
            assert_eq!(regrets(&taken), regrets(&least));
            let Least::AtLeast(limit) = offers.least(0, to, &labels) else { panic!("an offer is left") };
            assert!(expected[taken.len()..].iter().all(|offer| offer.regret >= limit));
        }
    }

    #[test]
    fn those_who_left_are_skipped_and_those_who_came_back_are_taken_once() {
        let mut offers = Offers::new(2, 0);
        offers.open(&[0.0, 0.0], 2.0);
        for (regret, row) in [(1.0, 4), (1.0, 2), (1.0, 2), (0.5, 1), (3.0, 0)] {
            offers.push(0, 1, Offer { regret, row });
        }
        let labels = [0, 1, 0, 0, 0];
        let mut taken = Vec::new();
        offers.take(0, 1, 9, &labels, &mut taken);
        assert_eq!(taken, [2, 4]);
        assert!(
            matches!(offers.least(0, 1, &labels), Least::AtLeast(limit) if limit.to_bits() == 2.0_f64.to_bits())
        );
        offers.put_back(0, 1, 1.0, &taken[1..]);
        assert!(matches!(offers.least(0, 1, &labels), Least::Regret(_)));
        offers.lower_limit(0, 1, 0.75);
        assert!(matches!(offers.least(0, 1, &labels), Least::AtLeast(_)));
    }
}
