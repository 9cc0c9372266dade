//! Where a beta distribution reaches a probability.

use crate::economics::returns::incomplete_beta::{BetaLaw, Point, Tail};
use crate::numeric::{exp, ln};

/// Steps after which the search ends wherever it stands; two to four are the rule.
const STEPS: u32 = 200;
/// A step whose own error is below this share of the rate is the last.
const NEGLIGIBLE: f64 = 1e-15;
/// Below the smallest rate that is told from 0.
const TINY: f64 = 1e-300;

impl BetaLaw {
    /// The rate that is not exceeded with a probability strictly between 0 and 1.
    ///
    /// The logarithm of the tail at hand is a concave function of the logarithm of its end, nearly a straight line
    /// where the tail is a power; Halley's method on it converges from wherever it starts. The probabilities seen
    /// bracket the rate, and a step that leaves them is replaced by halving.
    pub(super) fn quantile(&self, probability: f64) -> f64 {
        let (below, above) = (probability.max(TINY), 1.0 - probability);
        let mut at = self.start(below, above);
        let (mut low, mut high) = (Point { x: 0.0, y: 1.0 }, Point { x: 1.0, y: 0.0 });
        for _ in 0..STEPS {
            // Seen from the side of the tail, which is the lower one of the distribution or of its mirror image.
            let is_low = self.is_low(at);
            let step = if is_low { self.step(at, below) } else { self.mirrored().step(at.mirrored(), above) };
            let rising = is_low == (step.change > 0.0);
            *if rising { &mut low } else { &mut high } = at;
            let point = |near: f64| if is_low { Point::of(near) } else { Point::of(near).mirrored() };
            let near = if is_low { at.x } else { at.y };
            if near <= TINY && step.change < 0.0 {
                return point(0.0).x;
            }
            let moved = point((near * exp(step.change)).max(TINY));
            if step.error < NEGLIGIBLE {
                return moved.x.clamp(low.x, high.x);
            }
            let inside = moved.x >= low.x && moved.x <= high.x && moved.y >= high.y && moved.y <= low.y;
            at = if inside { moved } else { low.towards(high) };
        }
        at.x
    }

    /// Halley's step from a point in the lower tail towards a probability.
    fn step(&self, at: Point, probability: f64) -> Step {
        let (a, b) = self.parameters();
        let tail = self.low_tail(at);
        let Tail { log_scale, factor, hazard } = tail;
        let missed = log_scale + ln(factor / probability);
        // Of ln I as a function of ln x: slope x f / I, and curvature as a share of the slope.
        let slope = hazard / at.y;
        let newton = missed / slope;
        let curvature = a - (b - 1.0) * at.x / at.y - slope;
        let bend = newton * curvature;
        let change = -newton / (1.0 - 0.5 * bend).max(0.5);
        Step { change, error: (newton * bend * (bend.abs() + newton.abs())).abs() }
    }

    /// A first guess: for parameters above 1 from the normal quantile (Abramowitz and Stegun 26.5.22), else by taking
    /// both tails as powers.
    fn start(&self, below: f64, above: f64) -> Point {
        let (a, b) = self.parameters();
        if a > 1.0 && b > 1.0 {
            return self.start_of_bell(rough_normal_quantile(below, above));
        }
        let total = a + b;
        let (low, high) = (exp(a * ln(a / total)) / a, exp(b * ln(b / total)) / b);
        let share = low / (low + high);
        if below < share {
            Point::of((exp(ln(below / share * (a * low)) / a)).clamp(TINY, 0.999))
        } else {
            Point::of((exp(ln(above / (1.0 - share) * (b * high)) / b)).clamp(TINY, 0.999)).mirrored()
        }
    }

    /// The point that stands to this distribution about as `z` stands to the normal one, for parameters above 1.
    fn start_of_bell(&self, z: f64) -> Point {
        let (a, b) = self.parameters();
        let (of_a, of_b) = (1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0));
        let (lambda, harmonic) = ((z * z - 3.0) / 6.0, 2.0 / (of_a + of_b));
        let skew = (of_b - of_a) * (lambda + 5.0 / 6.0 - 2.0 / (3.0 * harmonic));
        let half_log_odds = -z * (harmonic + lambda).sqrt() / harmonic - skew;
        let odds = exp(-2.0 * half_log_odds.abs());
        let (low, high) = if half_log_odds > 0.0 { (a * odds, b) } else { (a, b * odds) };
        Point { x: (low / (low + high)).max(TINY), y: (high / (low + high)).max(TINY) }
    }
}

/// The standard normal's quantile within 4.5·10⁻⁴ (Abramowitz and Stegun 26.2.23), to start from.
fn rough_normal_quantile(below: f64, above: f64) -> f64 {
    let t = (-2.0 * ln(below.min(above))).sqrt();
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    (t - numerator / denominator).copysign(below - above)
}

/// A step along the logarithm of a tail's end.
struct Step {
    change: f64,
    /// What it may be wrong by: of the third order.
    error: f64,
}

#[cfg(test)]
#[path = "beta_quantile_tests.rs"]
mod tests;
