//! Who would move, and for how much: for each pair of segments the customers of the one that would lose least by
//! moving to the other.
//!
//! Only customers near a boundary can be among the first to move, so each pair holds the least regrets up to a limit.
//! Nothing below the limit is missing. When a pair has no offer left below its limit, the limit itself is a lower bound
//! of what the next one would be, and whoever wants to know better looks at all customers again.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

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
    /// The most offers a pair keeps; twice as many before it is cut back.
    capacity: usize,
    heaps: Vec<BinaryHeap<Reverse<Offer>>>,
    /// No regret below its pair's limit is missing.
    limits: Vec<f64>,
}

impl Offers {
    /// Of no customers yet; every regret is missing.
    pub(super) fn new(segments: usize, capacity: usize) -> Self {
        let pairs = segments * segments;
        Self {
            segments,
            capacity,
            heaps: vec![BinaryHeap::new(); pairs],
            limits: vec![f64::NEG_INFINITY; pairs],
        }
    }

    /// Starts anew: all regrets up to `window` above the difference of two segments' prices will be pushed.
    pub(super) fn open(&mut self, prices: &[f64], window: f64) {
        for from in 0..self.segments {
            for to in 0..self.segments {
                let pair = from * self.segments + to;
                self.heaps[pair].clear();
                self.limits[pair] = window + (prices[to] - prices[from]);
            }
        }
    }

    pub(super) fn limit(&self, from: usize, to: usize) -> f64 {
        self.limits[from * self.segments + to]
    }

    /// Takes an offer in, unless it is beyond the pair's limit.
    pub(super) fn push(&mut self, from: usize, to: usize, offer: Offer) {
        let pair = from * self.segments + to;
        if offer.regret <= self.limits[pair] {
            self.heaps[pair].push(Reverse(offer));
            if self.heaps[pair].len() > 2 * self.capacity {
                self.cut_back(pair);
            }
        }
    }

    /// Keeps the least offers and lowers the limit to the greatest of them.
    fn cut_back(&mut self, pair: usize) {
        let mut offers: Vec<Offer> =
            std::mem::take(&mut self.heaps[pair]).into_iter().map(|Reverse(offer)| offer).collect();
        let (_, last, _) = offers.select_nth_unstable(self.capacity);
        self.limits[pair] = last.regret;
        offers.truncate(self.capacity);
        self.heaps[pair] = offers.into_iter().map(Reverse).collect();
    }

    /// The least regret of a pair; drops stale offers.
    pub(super) fn least(&mut self, from: usize, to: usize, labels: &[u32]) -> Least {
        let pair = from * self.segments + to;
        while let Some(Reverse(offer)) = self.heaps[pair].peek() {
            if labels[offer.row as usize] as usize == from {
                return Least::Regret(offer.regret);
            }
            self.heaps[pair].pop();
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
    }
}
