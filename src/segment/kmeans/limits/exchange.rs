//! The exact part: customers move between segments until every size is within its limits, at the least total regret.
//!
//! Segments are the nodes of a graph. An arc from a to b is as long as the least regret of a customer of a who moves
//! to b, corrected by the two prices; it is never negative, because prices start where each customer is in the segment
//! of her least score. Customers go from a segment that has too many to one that has too few along a shortest path, one
//! or several of equal regret from each segment on the way, and prices change by the lengths. That is the method of
//! successive shortest paths for the minimum-cost flow of Bradley, Bennett and Demiriz (2000), on a graph of k nodes
//! instead of n + k; each step keeps the assignment the cheapest one for its sizes.
//!
//! Sizes between the limits cost nothing. One more node, the *pool*, stands for them: a segment above its minimum
//! can give its place to the pool, one below its maximum can take one. A segment whose size is between the limits
//! therefore keeps the pool's price, which is 0.

use rayon::prelude::*;

use super::kernel::{CHUNK, Centroids, Points, visit_distances};
use super::offers::{Least, Offer, Offers};
use super::sizes::Bounds;
use crate::error::{Error, Result};

/// Regrets that are computed at once, before the least of them are kept.
const REGRETS_AT_ONCE: usize = 1 << 22;

/// Customers who moved together and offer at once to move on. More than these, which happens to equal ones, are seen
/// by the next look, if a path leads through them at all.
const OFFER_AGAIN: usize = 1_024;

/// Every so-manieth gap is looked at when a window is chosen.
const GAPS_LOOKED_AT: usize = 1 << 14;

/// Customers, their labels, and how far each is from another label.
pub(super) struct Placed<'a> {
    pub(super) points: &'a Points<'a>,
    pub(super) centroids: &'a Centroids,
    pub(super) bounds: Bounds,
    /// Of the least score.
    pub(super) labels: &'a mut [u32],
    /// By how much the second least score is greater.
    pub(super) gaps: &'a mut [f64],
    pub(super) counts: &'a mut [u64],
    /// The most offers that are in memory at once, or a few for each pair of segments if that is more.
    pub(super) offers: usize,
}

/// How many seats each segment is to have, and by how many customers it misses that.
struct Seats {
    /// Per segment.
    wanted: Vec<i64>,
    /// Per segment and for the pool: customers beyond the wanted number, negative where some are missing.
    excess: Vec<i64>,
}

impl Seats {
    /// What prices stand for: a positive price, the minimum; a negative one, the maximum; none, whatever is between.
    fn new(bounds: Bounds, counts: &[u64], prices: &[f64]) -> Self {
        let (least, most) = (bounds.least as i64, bounds.most as i64);
        let wanted: Vec<i64> = counts
            .iter()
            .zip(prices)
            .map(|(count, price)| {
                if *price > 0.0 {
                    least
                } else if *price < 0.0 {
                    most
                } else {
                    (*count as i64).clamp(least, most)
                }
            })
            .collect();
        let mut excess: Vec<i64> =
            counts.iter().zip(&wanted).map(|(count, wanted)| *count as i64 - wanted).collect();
        excess.push(-excess.iter().sum::<i64>());
        Self { wanted, excess }
    }

    fn to_move(&self) -> u64 {
        self.excess.iter().filter(|excess| **excess > 0).sum::<i64>() as u64
    }
}

/// How many customers are beyond what the prices stand for.
pub(super) fn to_move(bounds: Bounds, counts: &[u64], prices: &[f64]) -> u64 {
    Seats::new(bounds, counts, prices).to_move()
}

/// Moves customers until all sizes are within the bounds, and the prices with them. The result has the least inertia
/// of all assignments within the bounds, up to rounding.
///
/// O(k² + k log) for each customer who moves and little more, one look at the gaps and a few at customers near
/// the boundaries.
///
/// # Errors
/// [`Error::Setting`] where squared distances are beyond the range of numbers.
pub(super) fn settle(placed: Placed<'_>, prices: &mut [f64]) -> Result<()> {
    let seats = Seats::new(placed.bounds, placed.counts, prices);
    if seats.to_move() == 0 {
        return Ok(());
    }
    let mut exchange = Exchange::new(placed, seats, prices);
    exchange.look();
    while let Some(source) = exchange.seats.excess.iter().position(|excess| *excess > 0) {
        match exchange.shortest_path(source) {
            Some(target) if !exchange.path.uncertain[target] => exchange.move_along(target),
            _ => exchange.look_again()?,
        }
    }
    exchange.pass_prices_to(prices);
    Ok(())
}

struct Exchange<'a> {
    placed: Placed<'a>,
    seats: Seats,
    /// Per segment and of the pool.
    prices: Vec<f64>,
    /// Those by which the gaps were computed.
    prices_of_gaps: Vec<f64>,
    offers: Offers,
    /// Per pair of segments: the least regret, or a lower bound of it.
    regrets: Vec<f64>,
    known: Vec<bool>,
    /// How many customers the next look takes in.
    wanted: usize,
    /// Whether the last look took in all of them.
    seen_all: bool,
    /// How many moves there were since.
    moves: u64,
    path: Path,
}

/// Lengths of the shortest paths from a source.
struct Path {
    lengths: Vec<f64>,
    previous: Vec<Option<usize>>,
    settled: Vec<bool>,
    /// Whether an arc on the way may be longer than was assumed.
    uncertain: Vec<bool>,
}

/// Customers who go from one node to the next, or seats where one of the two is the pool.
struct Step {
    from: usize,
    to: usize,
    regret: f64,
    rows: std::ops::Range<usize>,
}

impl<'a> Exchange<'a> {
    fn new(placed: Placed<'a>, seats: Seats, prices: &[f64]) -> Self {
        let segments = prices.len();
        let nodes = segments + 1;
        Self {
            wanted: (4 * seats.to_move() as usize).max(32 * segments),
            offers: Offers::new(segments, placed.offers),
            placed,
            seats,
            prices: prices.iter().copied().chain([0.0]).collect(),
            prices_of_gaps: prices.to_vec(),
            regrets: vec![f64::INFINITY; segments * segments],
            known: vec![false; segments * segments],
            seen_all: false,
            moves: 0,
            path: Path {
                lengths: vec![0.0; nodes],
                previous: vec![None; nodes],
                settled: vec![false; nodes],
                uncertain: vec![false; nodes],
            },
        }
    }

    fn segments(&self) -> usize {
        self.seats.wanted.len()
    }

    fn pool(&self) -> usize {
        self.segments()
    }

    /// Looks for more offers: at four times as many customers, unless those seen the last time did not fit into memory.
    fn look_again(&mut self) -> Result<()> {
        let moves = std::mem::replace(&mut self.moves, 0);
        if self.seen_all && moves == 0 {
            return Err(Error::Setting {
                setting: "points",
                found: "so far apart that their squared distances overflow".to_owned(),
                expected: "coordinates between -1e150 and 1e150",
            });
        }
        if moves == 0 || !self.offers.were_cut_back() {
            self.wanted = self.wanted.saturating_mul(4);
        }
        self.look();
        Ok(())
    }

    /// Collects the offers of the customers nearest to another segment.
    fn look(&mut self) {
        let segments = self.segments();
        // Since the gaps were computed, prices have changed; no gap has lost more than this.
        let changes = self.prices.iter().zip(&self.prices_of_gaps).map(|(now, then)| now - then);
        let (low, high) = changes.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), change| {
            (low.min(change), high.max(change))
        });
        let lost = high - low;
        let window = self.window();
        self.seen_all = window.total_cmp(&f64::INFINITY).is_ge();
        self.offers.open(&self.prices, window);
        let Placed { points, centroids, labels, gaps, .. } = &self.placed;
        let (labels, gaps): (&[u32], &[f64]) = (labels, gaps);
        let group = (REGRETS_AT_ONCE / segments / CHUNK).max(1) * CHUNK;
        for start in (0..labels.len()).step_by(group) {
            let end = labels.len().min(start + group);
            let offers = &self.offers;
            let found: Vec<Vec<(usize, usize, Offer)>> = (start..end)
                .into_par_iter()
                .step_by(CHUNK)
                .map(|first| {
                    let mut found = Vec::new();
                    let rows = first..end.min(first + CHUNK);
                    let near = rows.filter(|row| gaps[*row] <= window + lost);
                    visit_distances(points, centroids, near, |row, distances| {
                        let from = labels[row] as usize;
                        for (to, distance) in distances.iter().enumerate() {
                            let regret = distance - distances[from];
                            if to != from && regret <= offers.limit(from, to) {
                                found.push((from, to, Offer { regret, row: row as u32 }));
                            }
                        }
                    });
                    found
                })
                .collect();
            for (from, to, offer) in found.into_iter().flatten() {
                self.offers.push(from, to, offer);
            }
        }
        for from in 0..segments {
            self.refresh(from);
        }
    }

    /// A window of regrets that about the wanted number of customers are in; all regrets where those are all customers.
    fn window(&self) -> f64 {
        let gaps = &self.placed.gaps;
        if self.wanted >= gaps.len() {
            return f64::INFINITY;
        }
        let step = gaps.len().div_ceil(GAPS_LOOKED_AT);
        let mut sample: Vec<f64> = gaps.iter().step_by(step).copied().collect();
        let rank = (self.wanted / step).min(sample.len() - 1);
        *sample.select_nth_unstable_by(rank, f64::total_cmp).1
    }

    /// Brings what is known of a segment's arcs up to date.
    fn refresh(&mut self, from: usize) {
        let segments = self.segments();
        for to in (0..segments).filter(|to| *to != from) {
            let pair = from * segments + to;
            (self.regrets[pair], self.known[pair]) = match self.offers.least(from, to, self.placed.labels) {
                Least::Regret(regret) => (regret, true),
                Least::AtLeast(_) if self.placed.counts[from] == 0 => (f64::INFINITY, true),
                Least::AtLeast(limit) => (limit, false),
            };
        }
    }

    /// Finds the nearest node that misses customers, and the lengths of the paths up to it (Dijkstra). Of paths of equal
    /// length, one of known arcs alone is taken if there is one.
    fn shortest_path(&mut self, source: usize) -> Option<usize> {
        let (segments, pool) = (self.segments(), self.pool());
        let (least, most) = (self.placed.bounds.least as i64, self.placed.bounds.most as i64);
        let Path { lengths, previous, settled, uncertain } = &mut self.path;
        lengths.fill(f64::INFINITY);
        settled.fill(false);
        lengths[source] = 0.0;
        previous[source] = None;
        uncertain[source] = false;
        loop {
            let open = (0..lengths.len()).filter(|node| !settled[*node] && lengths[*node] < f64::INFINITY);
            let order = |node: &usize| (lengths[*node], uncertain[*node]);
            let node = open.min_by(|left, right| {
                let ((left, left_uncertain), (right, right_uncertain)) = (order(left), order(right));
                left.total_cmp(&right).then(left_uncertain.cmp(&right_uncertain))
            })?;
            let (length, on_the_way) = (lengths[node], uncertain[node]);
            if self.seats.excess[node] < 0 {
                return Some(node);
            }
            settled[node] = true;
            let mut relax = |to: usize, regret: f64, known: bool| {
                // Rounding can make a length of 0 negative.
                let through = length + (regret + (self.prices[node] - self.prices[to])).max(0.0);
                let doubtful = on_the_way || !known;
                if through < lengths[to] || (through <= lengths[to] && uncertain[to] && !doubtful) {
                    lengths[to] = through;
                    previous[to] = Some(node);
                    uncertain[to] = doubtful;
                }
            };
            if node == pool {
                (0..segments).filter(|to| self.seats.wanted[*to] > least).for_each(|to| relax(to, 0.0, true));
            } else {
                let arcs = node * segments..(node + 1) * segments;
                let arcs = self.regrets[arcs.clone()].iter().zip(&self.known[arcs]).enumerate();
                arcs.for_each(|(to, (regret, known))| relax(to, *regret, *known));
                if self.seats.wanted[node] < most {
                    relax(pool, 0.0, true);
                }
            }
        }
    }

    /// Moves as many customers along the path as may go at its length.
    fn move_along(&mut self, target: usize) {
        let (segments, pool) = (self.segments(), self.pool());
        let length = self.path.lengths[target];
        for (node, price) in self.prices.iter_mut().enumerate() {
            if self.path.settled[node] {
                *price -= length - self.path.lengths[node];
            }
        }
        let arcs: Vec<(usize, usize)> = self.path.arcs(target).collect();
        let source = arcs.last().map_or(target, |(from, _)| *from);
        let mut several = self.seats.excess[source].min(-self.seats.excess[target]);
        let mut taken = Vec::new();
        let mut steps = Vec::with_capacity(arcs.len());
        for (from, to) in arcs {
            let start = taken.len();
            let mut regret = 0.0;
            if from == pool {
                several = several.min(self.seats.wanted[to] - self.placed.bounds.least as i64);
            } else if to == pool {
                several = several.min(self.placed.bounds.most as i64 - self.seats.wanted[from]);
            } else {
                regret = self.regrets[from * segments + to];
                self.offers.take(from, to, several as usize, self.placed.labels, &mut taken);
                several = several.min((taken.len() - start) as i64);
            }
            steps.push(Step { from, to, regret, rows: start..taken.len() });
        }
        for Step { from, to, regret, rows } in &steps {
            if *from == pool {
                self.seats.wanted[*to] -= several;
            } else if *to == pool {
                self.seats.wanted[*from] += several;
            } else {
                let (go, stay) = taken[rows.clone()].split_at(several as usize);
                self.offers.put_back(*from, *to, *regret, stay);
                self.relabel(go, *from, *to);
            }
        }
        for Step { from, to, .. } in &steps {
            [*from, *to].into_iter().filter(|node| *node != pool).for_each(|node| self.refresh(node));
        }
        self.seats.excess[source] -= several;
        self.seats.excess[target] += several;
        self.moves += 1;
    }

    fn relabel(&mut self, rows: &[u32], from: usize, to: usize) {
        let Placed { points, centroids, labels, gaps, counts, .. } = &mut self.placed;
        for row in rows {
            labels[*row as usize] = to as u32;
            gaps[*row as usize] = 0.0;
        }
        counts[from] -= rows.len() as u64;
        counts[to] += rows.len() as u64;
        let offers = &mut self.offers;
        let rows_moved = rows.iter().map(|row| *row as usize);
        if rows.len() <= OFFER_AGAIN {
            visit_distances(points, centroids, rows_moved, |row, distances| {
                for (other, distance) in distances.iter().enumerate().filter(|(other, _)| *other != to) {
                    offers.push(to, other, Offer { regret: distance - distances[to], row: row as u32 });
                }
            });
        } else {
            let mut least = vec![f64::INFINITY; self.seats.wanted.len()];
            visit_distances(points, centroids, rows_moved, |_, distances| {
                for (least, distance) in least.iter_mut().zip(distances) {
                    *least = least.min(distance - distances[to]);
                }
            });
            for (other, least) in least.iter().enumerate().filter(|(other, _)| *other != to) {
                offers.lower_limit(to, other, *least);
            }
        }
    }

    /// The segments' prices relative to the pool's.
    fn pass_prices_to(&self, prices: &mut [f64]) {
        let zero = self.prices[self.pool()];
        for (price, found) in prices.iter_mut().zip(&self.prices) {
            *price = found - zero;
        }
    }
}

impl Path {
    /// The arcs to a target, the last one first.
    fn arcs(&self, target: usize) -> impl Iterator<Item = (usize, usize)> {
        let mut to = target;
        std::iter::from_fn(move || {
            let from = self.previous[to]?;
            Some((from, std::mem::replace(&mut to, from)))
        })
    }
}
