//! Tails by quadrature: of a concentrated beta distribution, at a cost that does not grow with its parameters, and of the
//! normal distribution that it comes to resemble.

use crate::economics::returns::incomplete_beta::{Point, log_rest_near_zero};
use crate::numeric::exp;

/// Nodes between 0 and 1 and weights of the Gauss–Legendre rule of 24 points, of which the other half mirrors these.
const RULE: [(f64, f64); 12] = [
    (0.995_187_219_997_021_3, 0.012_341_229_799_987_2),
    (0.974_728_555_971_309_5, 0.028_531_388_628_933_663),
    (0.938_274_552_002_732_8, 0.044_277_438_817_419_81),
    (0.886_415_527_004_401_1, 0.059_298_584_915_436_78),
    (0.820_001_985_973_903, 0.073_346_481_411_080_3),
    (0.740_124_191_578_554_4, 0.086_190_161_531_953_27),
    (0.648_093_651_936_975_5, 0.097_618_652_104_113_88),
    (0.545_421_471_388_839_6, 0.107_444_270_115_965_63),
    (0.433_793_507_626_045_1, 0.115_505_668_053_725_6),
    (0.315_042_679_696_163_4, 0.121_670_472_927_803_39),
    (0.191_118_867_473_616_3, 0.125_837_456_346_828_3),
    (0.064_056_892_862_605_63, 0.127_938_195_346_752_16),
];
/// The integrand is followed down to about e to the minus this.
const DEPTH: f64 = 50.0;

/// The integral of `s^(a−1) (1−s)^(b−1)` from 0 to x, as a share of `x^a y^b`, for large `a` and `b` and a point
/// below the mean, `distance = a − (a+b) x`.
///
/// With standard deviations u as the unit the integrand falls as `exp(−slope u − u²/2)`, so its support is known
/// beforehand and 24 points give it to 10⁻¹³.
pub(super) fn tail_by_quadrature(a: f64, b: f64, at: Point, distance: f64) -> f64 {
    let Point { x, y } = at;
    let deviation = (x * y / (a + b)).sqrt();
    let slope = distance * deviation / (x * y);
    let end = 2.0 * DEPTH / (slope + (slope * slope + 2.0 * DEPTH).sqrt());
    let integrand = |u: f64| {
        let s = u * deviation;
        // (1−s/x)^a (1+s/y)^b and the s of the density's x^−1 y^−1.
        let (left, right) = (s / x, s / y);
        let exponent = a * log_rest_near_zero(-left) + b * log_rest_near_zero(right) - slope * u;
        exp(exponent) / ((1.0 - left) * (1.0 + right))
    };
    integral(end, integrand) * deviation / (x * y)
}

/// The probability that a standard normal number is above `z`, for a `z` of 0 or more.
pub(super) fn normal_tail(z: f64) -> f64 {
    if z > 40.0 {
        return 0.0;
    }
    let density = exp(-0.5 * z * z) / std::f64::consts::TAU.sqrt();
    let end = 2.0 * DEPTH / (z + (z * z + 2.0 * DEPTH).sqrt());
    density * integral(end, |u| exp(-u * (z + 0.5 * u)))
}

/// The integral from 0 to `end`.
fn integral(end: f64, integrand: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 * end;
    let pair = |(node, weight): &(f64, f64)| {
        weight * (integrand(half * (1.0 - node)) + integrand(half * (1.0 + node)))
    };
    RULE.iter().map(pair).sum::<f64>() * half
}
