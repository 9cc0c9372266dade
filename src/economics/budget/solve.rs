//! Equal marginal returns, made whole steps, kept within all bounds, and proven where curves are S-shaped.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::economics::budget::envelope::Envelope;
use crate::economics::budget::network::Network;
use crate::economics::budget::problem::{Gains, Problem};

/// How far from the best, as a share of all that could be earned, a spread counts as the best.
const TOLERANCE: f64 = 4e-12;

/// The best spread that was found.
pub(super) struct Solution {
    /// Steps per line, in the problem's order.
    pub(super) flows: Vec<i64>,
    /// The network with those flows and the bounds of the problem.
    pub(super) network: Network,
    /// What a better spread could earn more, at most.
    pub(super) gap: f64,
}

/// One case: lines within narrower ranges, spread as well as their envelopes allow.
struct Case {
    envelopes: Vec<Envelope>,
    network: Network,
    /// What it earns on the envelopes: no spread within its ranges earns more.
    bound: f64,
    /// What it earns.
    value: f64,
    /// When it was made, which decides between equal bounds.
    number: u64,
}

/// Solves by branch and bound (Falk and Soland, Management Science 1969). Where all curves bend down the first case is the
/// answer. Otherwise its envelopes bound what can be had; the line that promises most beyond its curve is split in two
/// where it stands, and the case with the highest bound goes on.
pub(super) fn solve(problem: &Problem<'_>) -> Solution {
    let scale: f64 = problem.envelopes.iter().map(|line| line.worth(line.high).max(0.0)).sum();
    let tolerance = TOLERANCE * scale;
    let Some(first) = case(problem, problem.envelopes.clone(), tolerance, 0) else {
        // The bounds were checked when the budget was built; without a spread every line has its floor.
        let flows = problem.envelopes.iter().map(|line| line.low).collect();
        return Solution { flows, network: problem.network.clone(), gap: 0.0 };
    };
    // Nobody needs more than a ten-millionth of what is earned.
    let enough = (1e-7 * first.bound.abs()).max(tolerance);
    let (mut best_value, mut best) = (first.value, first.network.clone());
    let (mut looked_at, mut number) = (1, 1);
    let mut open = BinaryHeap::from([first]);
    let mut gap = 0.0;
    while let Some(case_at_hand) = open.pop() {
        gap = (case_at_hand.bound - best_value).max(0.0);
        if gap <= enough || looked_at >= problem.budget.effort {
            break;
        }
        for envelopes in case_at_hand.split() {
            looked_at += 1;
            let Some(part) = case(problem, envelopes, tolerance, number) else { continue };
            number += 1;
            if part.value > best_value {
                (best_value, best) = (part.value, part.network.clone());
            }
            if part.bound > best_value + enough {
                open.push(part);
            }
        }
        gap = 0.0;
    }
    let mut network = problem.network.clone();
    network.arcs.iter_mut().zip(&best.arcs).for_each(|(arc, found)| arc.flow = found.flow);
    let flows = network.arcs[..problem.envelopes.len()].iter().map(|arc| arc.flow).collect();
    // What is below `enough` is the rounding of the search, not a promise.
    Solution { flows, network, gap: if gap <= enough { 0.0 } else { gap } }
}

/// The best spread on given envelopes; `None` where their ranges do not fit the bounds.
fn case(problem: &Problem<'_>, envelopes: Vec<Envelope>, tolerance: f64, number: u64) -> Option<Case> {
    let total = problem.total as f64 * problem.step;
    let spends = spread(&envelopes, total, problem.kept()).0;
    let steps = whole_steps(&envelopes, &spends, problem.step, problem.total);
    let mut network = problem.network.clone();
    let lines = envelopes.len();
    let mut through = vec![0; network.nodes];
    for ((arc, envelope), flow) in network.arcs.iter_mut().zip(&envelopes).zip(steps) {
        (arc.low, arc.high, arc.flow) = (envelope.low, envelope.high, flow);
        through[arc.from] += flow;
        through[arc.to] += flow;
    }
    let spent: i64 = network.arcs[..lines].iter().map(|arc| arc.flow).sum();
    let total_arc = problem.total_arc();
    for (index, arc) in network.arcs.iter_mut().enumerate().skip(lines) {
        let node = if arc.from < 2 { arc.to } else { arc.from };
        let wanted = if index == total_arc { spent } else { through[node] };
        arc.flow = wanted.clamp(arc.low, arc.high);
    }
    network.balance().ok()?;
    let gains = Gains { envelopes: &envelopes, total_arc, kept_step: problem.kept() * problem.step };
    network.improve(&gains, tolerance);
    let kept = problem.kept() * problem.step * network.arcs[total_arc].flow as f64;
    let sum = |of: fn(&Envelope, i64) -> f64| -> f64 {
        envelopes.iter().zip(&network.arcs).map(|(line, arc)| of(line, arc.flow)).sum::<f64>() - kept
    };
    let (bound, value) = (sum(Envelope::value), sum(Envelope::worth));
    Some(Case { envelopes, network, bound, value, number })
}

impl Case {
    /// The two halves of the range of the line whose envelope promises most beyond its curve.
    fn split(&self) -> Vec<Vec<Envelope>> {
        let excess = |index: usize| {
            let (line, flow) = (&self.envelopes[index], self.network.arcs[index].flow);
            if line.is_straight(flow) { line.value(flow) - line.worth(flow) } else { 0.0 }
        };
        let widest =
            (0..self.envelopes.len()).max_by(|a, b| excess(*a).total_cmp(&excess(*b)).then(b.cmp(a)));
        let Some(line) = widest.filter(|line| excess(*line) > 0.0) else { return Vec::new() };
        let (old, flow) = (&self.envelopes[line], self.network.arcs[line].flow);
        let with = |low, high| {
            let mut envelopes = self.envelopes.clone();
            envelopes[line] = old.within(low, high);
            envelopes
        };
        vec![with(old.low, flow), with(flow + 1, old.high)]
    }
}

impl Ord for Case {
    /// The one that promises most, of equals the one made first.
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.total_cmp(&other.bound).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Case {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Case {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Case {}

/// Spends, in currency units, at which the last unit earns the same on every line that is not at an end of its range, and
/// that marginal return: at most `total` in sum, and no unit that earns less than `least`. Bounds of segments and
/// channels aside.
///
/// The sum of spends falls as the marginal return rises, so the return is found by bisection. Where the sum jumps,
/// because an envelope is straight, the lines that jump get equal parts of their jumps.
pub(super) fn spread(envelopes: &[Envelope], total: f64, least: f64) -> (Vec<f64>, f64) {
    let at = |wanted: f64| -> Vec<f64> { envelopes.iter().map(|line| line.at_marginal(wanted)).collect() };
    let sum = |spends: &[f64]| spends.iter().sum::<f64>();
    let least = least.max(1e-280);
    let most = at(least);
    if sum(&most) <= total {
        return (most, least);
    }
    let (mut low, mut high) = (least, least.max(1.0));
    while high < 1e280 && sum(&at(high)) > total {
        low = high;
        high *= 16.0;
    }
    // First in orders of magnitude, then within one.
    loop {
        let middle = if high > 4.0 * low { low.sqrt() * high.sqrt() } else { f64::midpoint(low, high) };
        if middle <= low || middle >= high {
            break;
        }
        if sum(&at(middle)) > total { low = middle } else { high = middle }
    }
    let (more, less) = (at(low), at(high));
    let jump = sum(&more) - sum(&less);
    let part = if jump > 0.0 { ((total - sum(&less)) / jump).clamp(0.0, 1.0) } else { 0.0 };
    (less.iter().zip(&more).map(|(less, more)| less + part * (more - less)).collect(), high)
}

/// Spends as whole steps that add up to at most the total: each rounded down, and what is left of their sum given to the
/// largest remainders, of equals to the first.
fn whole_steps(envelopes: &[Envelope], spends: &[f64], step: f64, total: i64) -> Vec<i64> {
    let exact: Vec<f64> = spends.iter().map(|spend| spend / step).collect();
    let mut steps: Vec<i64> = exact
        .iter()
        .zip(envelopes)
        .map(|(exact, line)| (exact.floor() as i64).clamp(line.low, line.high))
        .collect();
    let wanted = (exact.iter().sum::<f64>().round() as i64).min(total);
    let mut left = wanted - steps.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..steps.len()).collect();
    let remainder = |line: usize| exact[line] - exact[line].floor();
    order.sort_by(|a, b| remainder(*b).total_cmp(&remainder(*a)).then(a.cmp(b)));
    for line in order {
        if left > 0 && steps[line] < envelopes[line].high {
            steps[line] += 1;
            left -= 1;
        }
    }
    steps
}
