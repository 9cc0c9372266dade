//! The incomplete beta function: how much of a beta distribution lies below a rate, and where it reaches a probability.
//!
//! Everything is made of additions, multiplications, divisions, square roots and the crate's own logarithm and
//! exponential, so that a probability has the same bits on every processor.

use crate::economics::returns::gamma::stirling_rest;
use crate::economics::returns::quadrature::tail_by_quadrature;
use crate::numeric::{exp, ln};

/// Both parameters above this: the continued fraction would need many terms, and the tail is so nearly that of a
/// normal distribution that a quadrature of fixed size takes its place.
const CONCENTRATED: f64 = 1_000.0;

/// A beta distribution with what its functions need again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct BetaLaw {
    a: f64,
    b: f64,
    total: f64,
    /// `x^a y^b / B(a, b)` at the mean.
    peak: f64,
}

/// A rate `x` with its complement `y = 1 − x`, each to its own precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    pub(super) fn of(x: f64) -> Self {
        Self { x, y: 1.0 - x }
    }

    pub(super) fn mirrored(self) -> Self {
        Self { x: self.y, y: self.x }
    }

    /// Half-way to another point.
    pub(super) fn towards(self, other: Self) -> Self {
        Self { x: f64::midpoint(self.x, other.x), y: f64::midpoint(self.y, other.y) }
    }
}

/// The tail on a point's side of the distribution: `exp(log_scale) · factor`.
pub(super) struct Tail {
    /// The logarithm of `x^a y^b` as a share of the same at the mean.
    pub(super) log_scale: f64,
    /// The rest, near the size of the peak.
    pub(super) factor: f64,
    /// The density times `x y`, as a share of the tail.
    pub(super) hazard: f64,
}

impl BetaLaw {
    /// For finite normal `a, b > 0`.
    pub(super) fn new(a: f64, b: f64) -> Self {
        let total = a + b;
        let rest = stirling_rest(total) - stirling_rest(a) - stirling_rest(b);
        let (smaller, larger) = if a < b { (a, b) } else { (b, a) };
        Self { a, b, total, peak: (smaller * (larger / total) / std::f64::consts::TAU).sqrt() * exp(rest) }
    }

    /// The distribution of the complement.
    pub(super) fn mirrored(self) -> Self {
        Self { a: self.b, b: self.a, ..self }
    }

    pub(super) fn parameters(&self) -> (f64, f64) {
        (self.a, self.b)
    }

    /// The probability below a point, which lies strictly between 0 and 1.
    pub(super) fn below(&self, at: Point) -> f64 {
        let probability = |tail: &Tail| (exp(tail.log_scale) * tail.factor).clamp(0.0, 1.0);
        if self.is_low(at) {
            probability(&self.low_tail(at))
        } else {
            1.0 - probability(&self.mirrored().low_tail(at.mirrored()))
        }
    }

    /// Whether the tail below the point is the one to compute, the other being what it leaves of 1.
    pub(super) fn is_low(&self, at: Point) -> bool {
        at.x * (self.total + 2.0) <= self.a + 1.0
    }

    /// The tail below a point that [is low](Self::is_low).
    pub(super) fn low_tail(&self, at: Point) -> Tail {
        let Self { a, b, total, peak } = *self;
        // How far the mean lies above, times a + b: from the smaller of x and y, which has lost nothing.
        let distance = if at.x <= at.y { a - total * at.x } else { total * at.y - b };
        let log_scale =
            a * log_rest(-distance / a, at.x * (total / a)) + b * log_rest(distance / b, at.y * (total / b));
        let integral = if a.min(b) < CONCENTRATED {
            continued_fraction(a, b, at, distance)
        } else {
            tail_by_quadrature(a, b, at, distance)
        };
        Tail { log_scale, factor: peak * integral, hazard: 1.0 / integral }
    }
}

/// `ln(1 + t) − t`, with `1 + t` known for itself and above 0.
fn log_rest(t: f64, one_more: f64) -> f64 {
    if t.abs() < 0.4 { log_rest_near_zero(t) } else { ln(one_more) - t }
}

/// `ln(1 + t) − t` for `|t| < 0.4`: with r = t / (2 + t), ln(1 + t) = 2 (r + r³/3 + r⁵/5 + …) and 2r − t = −r t.
pub(super) fn log_rest_near_zero(t: f64) -> f64 {
    let r = t / (2.0 + t);
    let square = r * r;
    let series = (1..=13).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    r * (2.0 * square * series - t)
}

/// The integral of `s^(a−1) (1−s)^(b−1)` from 0 to x, as a share of `x^a y^b`: the even part of the continued
/// fraction of Didonato and Morris (ACM TOMS 708, BFRAC), with `distance = a − (a+b) x`.
fn continued_fraction(a: f64, b: f64, at: Point, distance: f64) -> f64 {
    let Point { x, y } = at;
    let mut inverse = 1.0 / (a + 1.0);
    let first = a * (1.0 + distance) * inverse;
    // Numerators and denominators of the last two convergents, scaled so that the last denominator is 1.
    let (mut numerator_before, mut denominator_before, mut value) = (0.0, 1.0 / first, 1.0 / first);
    let mut m = 0.0;
    while m < 10_000.0 {
        m += 1.0;
        let step = m * (b - m) * x * inverse;
        let alpha = (a + m - 1.0) * (a + b + m - 1.0) * x * inverse * step;
        inverse = 1.0 / (a + 2.0 * m + 1.0);
        let beta = m + step + (a + m) * (distance + 1.0 + m * (1.0 + y)) * inverse;
        let scale = 1.0 / (alpha * denominator_before + beta);
        let next = (alpha * numerator_before + beta * value) * scale;
        (numerator_before, denominator_before) = (value * scale, scale);
        let change = (next - value).abs();
        value = next;
        if change <= f64::EPSILON * value {
            break;
        }
    }
    value
}
