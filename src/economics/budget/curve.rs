//! How a response grows with the money spent on it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::numeric::{exp, ln};
use crate::transaction::Money;

/// What spending brings: a response (orders, customers, gross, contribution; the caller's choice) as a function of the
/// amount spent, in currency units. It never falls.
///
/// | shape | response to `b` | grows |
/// |---|---|---|
/// | power | `k · bᵖ`, `0 < p < 1` | ever more slowly, without end; `p` is its elasticity everywhere |
/// | Hill, ADBUDG | `min + (max − min) · bˢ / (Kˢ + bˢ)` | towards `max`; for a shape `s` above 1 slowly at first (an S) |
///
/// ADBUDG is Little's (Operations Research 1970); with `s = 1` it is the curve of Michaelis and Menten. `K` is the spend
/// that brings half of what can be had.
///
/// ```
/// use kohort::Money;
/// use kohort::economics::ResponseCurve;
///
/// let curve = ResponseCurve::hill(0.0, 1_000.0, 50.0, 1.0)?;
/// assert_eq!((curve.value(50.0), curve.value(150.0)), (500.0, 750.0));
/// assert_eq!(curve.slope(50.0), 5.0);
///
/// // 10,000 spent bring 400 orders today, and tests say that 1 % more brings 0.3 % more.
/// let curve = ResponseCurve::from_elasticity(Money::parse("10000")?, 400.0, 0.3)?;
/// assert!((curve.value(10_000.0) - 400.0).abs() < 1e-9 && (curve.slope(10_000.0) - 0.012).abs() < 1e-12);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Shape", into = "Shape")]
pub struct ResponseCurve(Shape);

#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Power { scale: f64, exponent: f64 },
    Hill { min: f64, max: f64, half: f64, shape: f64 },
}

impl ResponseCurve {
    /// `scale · bᵖ`: a curve that grows ever more slowly.
    ///
    /// # Errors
    /// [`Error::Setting`] for a scale that is not a finite number of zero or more, or an exponent not between 0 and 1.
    pub fn power(scale: f64, exponent: f64) -> Result<Self> {
        Shape::Power { scale, exponent }.try_into()
    }

    /// `scale · √b`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a scale that is not a finite number of zero or more.
    pub fn square_root(scale: f64) -> Result<Self> {
        Self::power(scale, 0.5)
    }

    /// `min + (max − min) · bˢ / (Kˢ + bˢ)` with `K = half` in currency units and `s = shape`: a curve with a ceiling.
    ///
    /// # Errors
    /// [`Error::Setting`] where `min` is not a finite number of zero or more, `max` is below it, `half` is not above
    /// zero, or `shape` is not above 0 and at most 20 (beyond, it is a step).
    pub fn hill(min: f64, max: f64, half: f64, shape: f64) -> Result<Self> {
        Shape::Hill { min, max, half, shape }.try_into()
    }

    /// The power curve through today's spend and response with a given elasticity there: the per cent of response that
    /// one per cent of spend brings. Its scale is `response / spendᵖ`, its exponent the elasticity.
    ///
    /// Reviews of tests and market data find short-term elasticities of advertising around 0.1 (Sethuraman, Tellis and
    /// Briesch, Journal of Marketing Research 2011); measure your own where you can.
    ///
    /// # Errors
    /// [`Error::Setting`] for a spend that is not above zero, a response that is not a finite number of zero or more, or
    /// an elasticity not between 0 and 1.
    pub fn from_elasticity(spend: Money, response: f64, elasticity: f64) -> Result<Self> {
        let spend = positive_spend(spend)?;
        check("elasticity", elasticity, elasticity > 0.0 && elasticity < 1.0, "between 0 and 1")?;
        check("response", response, response.is_finite() && response >= 0.0, NOT_NEGATIVE)?;
        Self::power(response / power(spend, elasticity), elasticity)
    }

    /// The Hill curve from zero to a known ceiling, through today's spend and response with a given elasticity there:
    /// `s = e / (1 − response/max)` and `K = spend · ((max − response) / response)^(1/s)`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a spend that is not above zero, a response not between 0 and `max`, or an elasticity that
    /// is not above zero or makes a shape above 20.
    pub fn hill_from_elasticity(spend: Money, response: f64, elasticity: f64, max: f64) -> Result<Self> {
        let spend = positive_spend(spend)?;
        check("max", max, max.is_finite() && max > 0.0, "a finite number above zero")?;
        check("response", response, response > 0.0 && response < max, "between 0 and `max`")?;
        check("elasticity", elasticity, elasticity.is_finite() && elasticity > 0.0, "above zero")?;
        let shape = elasticity / (1.0 - response / max);
        Self::hill(0.0, max, spend * power((max - response) / response, 1.0 / shape), shape)
    }

    /// The response to an amount in currency units; to less than nothing as to nothing.
    #[must_use]
    pub fn value(&self, spend: f64) -> f64 {
        let spend = spend.max(0.0);
        match self.0 {
            Shape::Power { scale, exponent } => scale * power(spend, exponent),
            Shape::Hill { min, max, half, shape } => {
                min + (max - min) * share(relative(spend, half, shape)).unwrap_or(1.0)
            }
        }
    }

    /// What one currency unit more brings: the derivative of [`ResponseCurve::value`]. Infinite at zero for a power curve
    /// and for a Hill curve with a shape below 1.
    #[must_use]
    pub fn slope(&self, spend: f64) -> f64 {
        let spend = spend.max(0.0);
        match self.0 {
            Shape::Power { scale: 0.0, .. } => 0.0,
            Shape::Power { .. } if spend < f64::MIN_POSITIVE => f64::INFINITY,
            Shape::Power { scale, exponent } => scale * exponent * power(spend, exponent) / spend,
            Shape::Hill { min, max, half, shape } if spend > 0.0 => {
                let u = relative(spend, half, shape);
                // u / (1 + u)² without leaving the range for a large u.
                let spread = share(u).map_or(0.0, |share| share / (1.0 + u));
                (max - min) * shape * spread / spend
            }
            Shape::Hill { min, max, half, shape } => match shape.total_cmp(&1.0) {
                std::cmp::Ordering::Less if max > min => f64::INFINITY,
                std::cmp::Ordering::Equal => (max - min) / half,
                _ => 0.0,
            },
        }
    }

    /// The largest spend of at least `from` (which is not below the inflection) and at most `to` whose slope is still at
    /// least `wanted`; `from` where none is. In closed form where there is one, otherwise by bisection.
    pub(super) fn at_slope(&self, wanted: f64, from: f64, to: f64) -> f64 {
        let found = match self.0 {
            Shape::Power { scale, exponent } => power(scale * exponent / wanted, 1.0 / (1.0 - exponent)),
            Shape::Hill { min, max, half, shape } if shape.total_cmp(&1.0).is_eq() => {
                ((max - min) * half / wanted).sqrt() - half
            }
            Shape::Hill { .. } => {
                if self.slope(to) >= wanted {
                    return to;
                }
                let (mut low, mut high) = (from, to);
                while high - low > 1e-14 * high {
                    let middle = f64::midpoint(low, high);
                    if middle <= low || middle >= high {
                        break;
                    }
                    if self.slope(middle) >= wanted { low = middle } else { high = middle }
                }
                low
            }
        };
        found.clamp(from, to)
    }

    /// The spend up to which each unit brings more than the one before it: zero unless the curve is an S.
    #[must_use]
    pub fn inflection(&self) -> f64 {
        match self.0 {
            Shape::Hill { half, shape, .. } if shape > 1.0 => {
                half * power((shape - 1.0) / (shape + 1.0), 1.0 / shape)
            }
            _ => 0.0,
        }
    }
}

/// `bᵖ` for a `b` of zero or more. What a processor rounds exactly is used where it serves.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.total_cmp(&0.5).is_eq() {
        base.sqrt()
    } else if exponent.total_cmp(&1.0).is_eq() {
        base
    } else if exponent.total_cmp(&2.0).is_eq() {
        base * base
    } else if base < f64::MIN_POSITIVE {
        0.0
    } else {
        exp(exponent * ln(base))
    }
}

/// `(b / K)ˢ`.
fn relative(spend: f64, half: f64, shape: f64) -> f64 {
    power(spend / half, shape)
}

/// `u / (1 + u)`; `None` where `u` is beyond all numbers.
fn share(u: f64) -> Option<f64> {
    u.is_finite().then(|| u / (1.0 + u))
}

const NOT_NEGATIVE: &str = "a finite number of zero or more";

fn check(setting: &'static str, found: f64, holds: bool, expected: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Setting { setting, found: found.to_string(), expected }) }
}

fn positive_spend(spend: Money) -> Result<f64> {
    let spend = spend.to_f64();
    check("spend", spend, spend > 0.0, "above zero")?;
    Ok(spend)
}

impl TryFrom<Shape> for ResponseCurve {
    type Error = Error;

    fn try_from(shape: Shape) -> Result<Self> {
        match shape {
            Shape::Power { scale, exponent } => {
                check("scale", scale, scale.is_finite() && scale >= 0.0, NOT_NEGATIVE)?;
                check("exponent", exponent, exponent > 0.0 && exponent < 1.0, "between 0 and 1")?;
            }
            Shape::Hill { min, max, half, shape } => {
                check("min", min, min.is_finite() && min >= 0.0, NOT_NEGATIVE)?;
                check("max", max, max.is_finite() && max >= min, "a finite number of at least `min`")?;
                check("half", half, half.is_finite() && half > 0.0, "a finite number above zero")?;
                check("shape", shape, shape > 0.0 && shape <= 20.0, "above 0 and at most 20")?;
            }
        }
        Ok(Self(shape))
    }
}

impl From<ResponseCurve> for Shape {
    fn from(curve: ResponseCurve) -> Self {
        curve.0
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn curves() -> Vec<ResponseCurve> {
        vec![
            ResponseCurve::square_root(3.0).unwrap(),
            ResponseCurve::power(2.0, 0.3).unwrap(),
            ResponseCurve::hill(10.0, 900.0, 40.0, 1.0).unwrap(),
            ResponseCurve::hill(0.0, 500.0, 80.0, 0.6).unwrap(),
            ResponseCurve::hill(5.0, 700.0, 120.0, 3.5).unwrap(),
        ]
    }

    #[test]
    fn the_slope_is_the_derivative() {
        for curve in curves() {
            for spend in [0.5, 7.0, 60.0, 119.0, 400.0, 1e4] {
                let h = spend * 1e-4;
                let difference = (curve.value(spend + h) - curve.value(spend - h)) / (2.0 * h);
                assert_relative_eq!(curve.slope(spend), difference, max_relative = 1e-5);
            }
        }
    }

    #[test]
    fn it_bends_at_its_inflection_alone() {
        for curve in curves() {
            let turn = curve.inflection();
            let rises = |spend: f64| curve.slope(spend * 1.001) > curve.slope(spend);
            assert!(turn <= 0.0 || rises(turn * 0.9), "{curve:?}");
            assert!(!rises(turn * 1.1 + 1.0), "{curve:?}");
        }
    }

    #[test]
    fn an_elasticity_is_met_at_the_given_point() {
        let spend = Money::parse("250").unwrap();
        let power = ResponseCurve::from_elasticity(spend, 80.0, 0.25).unwrap();
        let hill = ResponseCurve::hill_from_elasticity(spend, 80.0, 0.25, 130.0).unwrap();
        let steep = ResponseCurve::hill_from_elasticity(spend, 20.0, 1.4, 130.0).unwrap();
        for (curve, response, elasticity) in [(power, 80.0, 0.25), (hill, 80.0, 0.25), (steep, 20.0, 1.4)] {
            assert_relative_eq!(curve.value(250.0), response, max_relative = 1e-12);
            assert_relative_eq!(curve.slope(250.0) * 250.0 / response, elasticity, max_relative = 1e-12);
        }
        assert!(steep.inflection() > 0.0);
    }

    #[test]
    fn extremes_are_finite() {
        for curve in curves() {
            assert!(curve.value(-5.0).is_finite() && curve.value(1e13).is_finite());
            assert!(curve.slope(1e13) >= 0.0 && curve.slope(1e-300) >= 0.0 && !curve.slope(0.0).is_nan());
        }
        let steep = ResponseCurve::hill(0.0, 1.0, 1e-9, 20.0).unwrap();
        assert_eq!((steep.value(1e13), steep.slope(1e13), steep.value(0.0)), (1.0, 0.0, 0.0));
        let none = ResponseCurve::power(0.0, 0.5).unwrap();
        assert_eq!((none.value(3.0), none.slope(0.0)), (0.0, 0.0));
        let flat = ResponseCurve::hill(2.0, 2.0, 1.0, 0.5).unwrap();
        assert_eq!((flat.value(3.0), flat.slope(0.0)), (2.0, 0.0));
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let spend = Money::parse("10").unwrap();
        let damaged = [
            ("scale", ResponseCurve::power(-1.0, 0.5)),
            ("scale", ResponseCurve::square_root(f64::NAN)),
            ("exponent", ResponseCurve::power(1.0, 1.0)),
            ("exponent", ResponseCurve::power(1.0, f64::NAN)),
            ("min", ResponseCurve::hill(-1.0, 1.0, 1.0, 1.0)),
            ("max", ResponseCurve::hill(2.0, 1.0, 1.0, 1.0)),
            ("half", ResponseCurve::hill(0.0, 1.0, 0.0, 1.0)),
            ("shape", ResponseCurve::hill(0.0, 1.0, 1.0, f64::INFINITY)),
            ("spend", ResponseCurve::from_elasticity(Money::ZERO, 1.0, 0.5)),
            ("response", ResponseCurve::from_elasticity(spend, f64::NAN, 0.5)),
            ("elasticity", ResponseCurve::from_elasticity(spend, 1.0, 1.0)),
            ("elasticity", ResponseCurve::hill_from_elasticity(spend, 1.0, 0.0, 2.0)),
            ("response", ResponseCurve::hill_from_elasticity(spend, 2.0, 0.5, 2.0)),
            ("max", ResponseCurve::hill_from_elasticity(spend, 1.0, 0.5, f64::NAN)),
        ];
        for (name, curve) in damaged {
            let error = curve.unwrap_err();
            assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
        }
        assert!(serde_json::from_str::<ResponseCurve>(r#"{"power":{"scale":1.0,"exponent":2.0}}"#).is_err());
        for curve in curves() {
            let json = serde_json::to_string(&curve).unwrap();
            assert_eq!(serde_json::from_str::<ResponseCurve>(&json).unwrap(), curve);
        }
    }
}
