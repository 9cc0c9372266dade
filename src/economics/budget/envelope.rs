//! A line's contribution over its range of spend, and the least concave function above it.
//!
//! Equal marginal returns are right where curves bend down. Where one bends up at first (an S), spending a little is
//! worse than both nothing and a lot; the straight line from the floor to the point where it touches the curve stands
//! for the choice between the two, and bounds what can be had.

use crate::economics::budget::ResponseCurve;

/// A line of the budget within a range of whole steps of money.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    curve: ResponseCurve,
    margin: f64,
    /// The size of a step, in currency units.
    step: f64,
    pub(super) low: i64,
    pub(super) high: i64,
    /// The spend up to which it is a straight line from the floor.
    straight_to: f64,
    /// The slope of that line.
    chord: f64,
}

impl Envelope {
    /// Over `low..=high` steps. A margin of zero or less is only ever met with `low == high`.
    pub(super) fn new(curve: ResponseCurve, margin: f64, step: f64, low: i64, high: i64) -> Self {
        let (from, to) = (low as f64 * step, high as f64 * step);
        let turn = curve.inflection();
        let straight_to = if from >= turn { from } else { tangent(&curve, from, turn, to) };
        let chord = if straight_to > from {
            margin * (curve.value(straight_to) - curve.value(from)) / (straight_to - from)
        } else {
            0.0
        };
        Self { curve, margin, step, low, high, straight_to, chord }
    }

    /// The same line within another range.
    pub(super) fn within(&self, low: i64, high: i64) -> Self {
        Self::new(self.curve, self.margin, self.step, low, high)
    }

    /// What the line earns with so many steps spent on it.
    pub(super) fn worth(&self, steps: i64) -> f64 {
        self.margin * self.curve.value(steps as f64 * self.step)
    }

    /// The same on the envelope: never less.
    pub(super) fn value(&self, steps: i64) -> f64 {
        let spend = steps as f64 * self.step;
        if self.is_straight(steps) {
            let from = self.low as f64 * self.step;
            return self.worth(self.low) + self.chord * (spend - from);
        }
        self.worth(steps)
    }

    /// Whether it stands on the straight part, where the envelope promises more than the curve keeps.
    pub(super) fn is_straight(&self, steps: i64) -> bool {
        steps > self.low && (steps as f64) * self.step < self.straight_to
    }

    /// What one currency unit more earns on the curve. Where that is without bound, as at the beginning of a power curve,
    /// what the first step earns per unit.
    pub(super) fn marginal(&self, steps: i64) -> f64 {
        if steps == 0 {
            return (self.worth(1) - self.worth(0)) / self.step;
        }
        self.margin * self.curve.slope(steps as f64 * self.step)
    }

    /// The most spend whose last unit still earns `wanted`, in currency units. Does not rise with `wanted`.
    pub(super) fn at_marginal(&self, wanted: f64) -> f64 {
        let (from, to) = (self.low as f64 * self.step, self.high as f64 * self.step);
        if self.margin <= 0.0 || from >= to || (self.straight_to > from && wanted > self.chord) {
            return from;
        }
        self.curve.at_slope(wanted / self.margin, self.straight_to.max(from), to)
    }
}

/// Where the line from the curve at `from` touches the curve beyond its turn; `to` where it does not touch before.
fn tangent(curve: &ResponseCurve, from: f64, turn: f64, to: f64) -> f64 {
    let start = curve.value(from);
    // Above zero while the curve is steeper than the line to it.
    let steeper = |at: f64| curve.slope(at) * (at - from) > curve.value(at) - start;
    if to <= turn || steeper(to) {
        return to;
    }
    let (mut low, mut high) = (turn, to);
    while high - low > 1e-14 * high {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if steeper(middle) { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_concave_and_lies_on_or_above_the_curve() {
        let curves = [
            ResponseCurve::hill(0.0, 1_000.0, 60.0, 3.0).unwrap(),
            ResponseCurve::hill(50.0, 90.0, 20.0, 1.4).unwrap(),
            ResponseCurve::hill(0.0, 400.0, 300.0, 6.0).unwrap(),
            ResponseCurve::square_root(5.0).unwrap(),
        ];
        for curve in curves {
            for (low, high) in [(0, 400), (13, 400), (0, 30), (150, 151), (70, 70)] {
                let envelope = Envelope::new(curve, 1.5, 1.0, low, high);
                let values: Vec<f64> = (low..=high).map(|steps| envelope.value(steps)).collect();
                for (steps, value) in (low..=high).zip(&values) {
                    assert!(*value >= envelope.worth(steps) - 1e-9, "{curve:?} {low} {high} {steps}");
                }
                for three in values.windows(3) {
                    assert!(three[1] - three[0] >= three[2] - three[1] - 1e-9, "{curve:?} {low} {high}");
                }
                let ends = [low, high].map(|end| (envelope.value(end) - envelope.worth(end)).abs());
                assert!(ends[0] < 1e-9 && ends[1] < 1e-9, "{curve:?} {low} {high}");
            }
        }
    }

    #[test]
    fn spend_falls_as_more_is_asked_of_it() {
        let envelope = Envelope::new(ResponseCurve::hill(0.0, 1_000.0, 60.0, 3.0).unwrap(), 1.0, 1.0, 0, 400);
        let spends: Vec<f64> =
            (1..200).map(|tenths| envelope.at_marginal(f64::from(tenths) / 10.0)).collect();
        assert!(spends.windows(2).all(|two| two[0] >= two[1]), "{spends:?}");
        // Either nothing or at least the point of tangency.
        let touch = envelope.straight_to;
        assert!(spends.iter().all(|spend| *spend <= 0.0 || *spend >= touch) && touch > 60.0, "{touch}");
    }
}
