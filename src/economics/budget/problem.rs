//! A budget in the form in which it is solved: lines in the order of their names, amounts in whole steps, bounds on arcs.
//!
//! The order of names makes the result independent of the order in which lines were given.

use crate::economics::budget::builder::{Budget, Spend};
use crate::economics::budget::envelope::Envelope;
use crate::economics::budget::network::{Arc, Gain, Network, Way};
use crate::economics::budget::{BudgetLimit, BudgetPart};
use crate::error::{Error, Result};
use crate::transaction::Money;

const SOURCE: usize = 0;
const SINK: usize = 1;
/// More steps than any budget has. What has no cap of its own is held by the total alone, which then is what is named.
const UNLIMITED: i64 = i64::MAX / 4;

/// What is solved.
pub(super) struct Problem<'a> {
    pub(super) budget: &'a Budget,
    /// Positions of the lines in the budget, by segment and channel.
    pub(super) order: Vec<usize>,
    /// The lines in that order, over all that they may get.
    pub(super) envelopes: Vec<Envelope>,
    /// The arcs: first the lines in that order, then segments, channels, and last the total.
    pub(super) network: Network,
    /// What each arc beyond the lines is.
    parts: Vec<Option<BudgetPart>>,
    /// The size of a step, in currency units.
    pub(super) step: f64,
    /// The budget in steps.
    pub(super) total: i64,
}

impl<'a> Problem<'a> {
    pub(super) fn new(budget: &'a Budget) -> Self {
        let unit = budget.rounded_to.ten_thousandths().max(1);
        let steps = |amount: Money| amount.ten_thousandths() / unit;
        let lines = &budget.lines;
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by(|a, b| lines[*a].part().cmp(&lines[*b].part()));
        let mut segments: Vec<&str> = lines.iter().map(|line| line.segment.as_str()).collect();
        let mut channels: Vec<Option<&str>> = lines.iter().map(|line| line.channel.as_deref()).collect();
        segments.sort_unstable();
        segments.dedup();
        channels.sort_unstable();
        channels.dedup();
        let segment_node = |name: &str| 2 + segments.partition_point(|other| *other < name);
        let channel_node =
            |name: Option<&str>| 2 + segments.len() + channels.partition_point(|other| *other < name);

        let (step, total) = (Money::from_ten_thousandths(unit).to_f64(), steps(budget.total));
        let mut arcs: Vec<Arc> = Vec::new();
        let mut envelopes = Vec::new();
        for position in &order {
            let line = &lines[*position];
            let low = steps(line.at_least);
            let high = match line.at_most {
                _ if line.margin <= 0.0 => low,
                Some(cap) => steps(cap),
                None => UNLIMITED,
            };
            let (from, to) = (segment_node(&line.segment), channel_node(line.channel.as_deref()));
            arcs.push(Arc { from, to, low, high, flow: low });
            envelopes.push(Envelope::new(
                line.curve,
                line.margin,
                step,
                low,
                high.clamp(low, total.max(low)),
            ));
        }
        let mut parts = Vec::new();
        let mut bounded = |part: Option<BudgetPart>, from, to| {
            let bound = budget.bounds.iter().find(|bound| Some(&bound.part) == part.as_ref());
            let low = bound.map_or(0, |bound| steps(bound.at_least));
            let high = bound.and_then(|bound| bound.at_most).map_or(UNLIMITED, steps);
            arcs.push(Arc { from, to, low, high, flow: low });
            parts.push(part);
        };
        for name in &segments {
            bounded(Some(BudgetPart::Segment((*name).to_owned())), SOURCE, segment_node(name));
        }
        for name in &channels {
            bounded(name.map(|name| BudgetPart::Channel(name.to_owned())), channel_node(*name), SINK);
        }
        arcs.push(Arc { from: SINK, to: SOURCE, low: 0, high: total, flow: 0 });
        let network = Network { nodes: 2 + segments.len() + channels.len(), arcs };
        Self { budget, order, envelopes, network, parts, step, total }
    }

    /// The position of the arc of the total.
    pub(super) fn total_arc(&self) -> usize {
        self.network.arcs.len() - 1
    }

    /// What a unit that is not spent is worth.
    pub(super) fn kept(&self) -> f64 {
        if self.budget.spend == Spend::WhileItPays { 1.0 } else { 0.0 }
    }

    /// The bound that a user has set on an arc in a direction, if there is one.
    pub(super) fn limit(&self, arc: usize, way: Way) -> Option<BudgetLimit> {
        if arc == self.total_arc() {
            return (way == Way::Up).then_some(BudgetLimit::Total);
        }
        let (part, has_cap) = match self.order.get(arc) {
            Some(position) => {
                let line = &self.budget.lines[*position];
                (line.part(), line.at_most.is_some() || line.margin <= 0.0)
            }
            None => (self.parts[arc - self.order.len()].clone()?, true),
        };
        match way {
            Way::Up => has_cap.then_some(BudgetLimit::AtMost(part)),
            Way::Down => Some(BudgetLimit::AtLeast(part)),
        }
    }

    /// The amount of a bound.
    pub(super) fn amount(&self, arc: usize, way: Way) -> Money {
        let arc = &self.network.arcs[arc];
        self.money(if way == Way::Up { arc.high } else { arc.low })
    }

    pub(super) fn money(&self, steps: i64) -> Money {
        Money::from_ten_thousandths(steps.saturating_mul(self.budget.rounded_to.ten_thousandths()))
    }

    /// Whether floors and caps can be met at all.
    pub(super) fn check(&self) -> Result<()> {
        let crossed = |index: usize, arc: &Arc| {
            (arc.low > arc.high).then(|| vec![(index, Way::Down), (index, Way::Up)])
        };
        let crossed = self.network.arcs.iter().enumerate().find_map(|(index, arc)| crossed(index, arc));
        let mut network = self.network.clone();
        let cut = match crossed {
            Some(cut) => cut,
            None => match network.balance() {
                Ok(()) => return Ok(()),
                Err(cut) => cut,
            },
        };
        let said = |(index, way): (usize, Way)| {
            let amount = self.amount(index, way);
            let limit = self.limit(index, way).filter(|_| way == Way::Up || amount > Money::ZERO)?;
            let line = self.order.get(index).map(|position| &self.budget.lines[*position]);
            Some(match line {
                Some(line) if way == Way::Up && line.margin <= 0.0 => {
                    format!("{} with a margin of {} gets its floor only ({amount})", line.part(), line.margin)
                }
                _ => format!("{limit} ({amount})"),
            })
        };
        Err(Error::Contradiction { constraints: cut.into_iter().filter_map(said).collect() })
    }
}

/// What flows are worth: lines by their envelopes, and what is spent at what it is worth when kept.
pub(super) struct Gains<'a> {
    pub(super) envelopes: &'a [Envelope],
    pub(super) total_arc: usize,
    pub(super) kept_step: f64,
}

impl Gain for Gains<'_> {
    fn gain(&self, arc: usize, flow: i64) -> f64 {
        match self.envelopes.get(arc) {
            Some(envelope) => envelope.value(flow),
            None if arc == self.total_arc => -self.kept_step * flow as f64,
            None => 0.0,
        }
    }
}
