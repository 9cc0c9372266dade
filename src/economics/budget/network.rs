//! A budget as a flow: from the total to segments, along lines to channels, and back; floors and caps bound each arc.
//!
//! Bounds on segments and on channels at once make no tree, so no single marginal return solves them. As a circulation in
//! whole steps of money they are all alike: a floor or a cap that cannot be met shows as a cut, which names the bounds
//! that contradict each other, and money is best spread when no round trip of a step gains anything (Ahuja, Magnanti and
//! Orlin, *Network Flows* 1993, ch. 14).

use std::collections::VecDeque;

/// An arc that money flows along, in whole steps.
#[derive(Clone, Debug)]
pub(super) struct Arc {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) flow: i64,
}

/// What flow along an arc is worth.
pub(super) trait Gain {
    /// With so many steps on arc `arc`.
    fn gain(&self, arc: usize, flow: i64) -> f64;
}

/// A direction in which an arc can be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Up,
    Down,
}

/// Nodes from 0 to `nodes − 1` and the arcs between them.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) nodes: usize,
    pub(super) arcs: Vec<Arc>,
}

impl Network {
    /// Turns flows that keep to the bounds of their arcs into a circulation: what flows into a node flows out of it.
    /// Where there is none, the arcs whose bounds stand against each other, with the bound that binds.
    pub(super) fn balance(&mut self) -> Result<(), Vec<(usize, Way)>> {
        loop {
            let mut excess = vec![0_i64; self.nodes];
            for arc in &self.arcs {
                excess[arc.from] -= arc.flow;
                excess[arc.to] += arc.flow;
            }
            let Some(start) = (0..self.nodes).find(|node| excess[*node] > 0) else { return Ok(()) };
            let mut reached: Vec<Option<(usize, Way)>> = vec![None; self.nodes];
            let mut seen = vec![false; self.nodes];
            seen[start] = true;
            let mut queue = VecDeque::from([start]);
            let mut end = None;
            while let Some(node) = queue.pop_front() {
                if excess[node] < 0 {
                    end = Some(node);
                    break;
                }
                for (index, arc) in self.arcs.iter().enumerate() {
                    for way in [Way::Up, Way::Down] {
                        let (from, to, room) = arc.residual(way);
                        if from == node && room > 0 && !seen[to] {
                            seen[to] = true;
                            reached[to] = Some((index, way));
                            queue.push_back(to);
                        }
                    }
                }
            }
            let Some(end) = end else { return Err(self.cut(&seen)) };
            let mut path = Vec::new();
            let mut node = end;
            while let Some((arc, way)) = reached[node] {
                path.push((arc, way));
                node = self.arcs[arc].residual(way).0;
            }
            let room = path.iter().map(|(arc, way)| self.arcs[*arc].residual(*way).2).min().unwrap_or(0);
            self.push(&path, room.min(excess[start]).min(-excess[end]));
        }
    }

    /// The bounds that keep what is on one side from the other.
    fn cut(&self, seen: &[bool]) -> Vec<(usize, Way)> {
        let bound = |(index, arc): (usize, &Arc)| match (seen[arc.from], seen[arc.to]) {
            (true, false) => Some((index, Way::Up)),
            (false, true) => Some((index, Way::Down)),
            _ => None,
        };
        self.arcs.iter().enumerate().filter_map(bound).collect()
    }

    fn push(&mut self, path: &[(usize, Way)], steps: i64) {
        for (arc, way) in path {
            self.arcs[*arc].flow += if *way == Way::Up { steps } else { -steps };
        }
    }

    /// Spreads the flow so that no round trip gains more than `tolerance`, in steps that are halved down to one. For
    /// concave gains this is the best there is.
    pub(super) fn improve(&mut self, gains: &impl Gain, tolerance: f64) {
        let widest = self.arcs.iter().map(|arc| arc.high - arc.low).max().unwrap_or(0).max(1);
        let mut step = 1_i64 << widest.ilog2();
        while step > 0 {
            // By the proximity of the optima at two steps a few trips per arc suffice; the limit is there against noise.
            for _ in 0..8 * (self.arcs.len() + self.nodes) {
                let Some(cycle) = self.gaining_cycle(gains, step, tolerance) else { break };
                self.push(&cycle, step);
            }
            step /= 2;
        }
    }

    /// A round trip of `step` that gains, after Bellman and Ford.
    fn gaining_cycle(&self, gains: &impl Gain, step: i64, tolerance: f64) -> Option<Vec<(usize, Way)>> {
        let mut moves = Vec::with_capacity(2 * self.arcs.len());
        for (index, arc) in self.arcs.iter().enumerate() {
            for (way, flow) in [(Way::Up, arc.flow + step), (Way::Down, arc.flow - step)] {
                let (from, to, room) = arc.residual(way);
                if room >= step {
                    let gain = gains.gain(index, flow) - gains.gain(index, arc.flow);
                    moves.push((index, way, from, to, gain));
                }
            }
        }
        let mut best = vec![0.0; self.nodes];
        let mut by: Vec<Option<(usize, Way)>> = vec![None; self.nodes];
        let mut last = None;
        for _ in 0..self.nodes {
            last = None;
            for (index, way, from, to, gain) in &moves {
                if best[*from] + gain > best[*to] + tolerance {
                    best[*to] = best[*from] + gain;
                    by[*to] = Some((*index, *way));
                    last = Some(*to);
                }
            }
            last?;
        }
        // Still improving after as many rounds as nodes: walking back leads into the cycle.
        let back = |node: usize| by[node].map(|(arc, way)| (arc, way, self.arcs[arc].residual(way).0));
        let mut node = last?;
        for _ in 0..self.nodes {
            node = back(node)?.2;
        }
        let (start, mut cycle) = (node, Vec::new());
        loop {
            let (arc, way, from) = back(node)?;
            cycle.push((arc, way));
            node = from;
            if node == start {
                return Some(cycle);
            }
        }
    }

    /// The most that moving one unit from a node to another along arcs with room can gain, given what a unit more or less
    /// on an arc is worth; `None` where no way leads there. The arc `without` is not used.
    pub(super) fn best_path(
        &self,
        from: usize,
        to: usize,
        without: usize,
        marginal: impl Fn(usize, Way) -> f64,
    ) -> Option<f64> {
        let mut best: Vec<Option<f64>> = vec![None; self.nodes];
        best[from] = Some(0.0);
        for _ in 1..self.nodes {
            let before = best.clone();
            for (index, arc) in self.arcs.iter().enumerate().filter(|(index, _)| *index != without) {
                for way in [Way::Up, Way::Down] {
                    let (tail, head, room) = arc.residual(way);
                    let Some(so_far) = before[tail].filter(|_| room > 0) else { continue };
                    let found = so_far + marginal(index, way);
                    if best[head].is_none_or(|known| found > known) && head != from {
                        best[head] = Some(found);
                    }
                }
            }
        }
        best[to]
    }
}

impl Arc {
    /// Tail, head and room of a change of this arc.
    fn residual(&self, way: Way) -> (usize, usize, i64) {
        match way {
            Way::Up => (self.from, self.to, self.high - self.flow),
            Way::Down => (self.to, self.from, self.flow - self.low),
        }
    }
}
