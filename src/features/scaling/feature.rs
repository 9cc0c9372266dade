//! One feature of a fitted scaler: what was learned of it, and the way there and back.

use super::ranks::Ranks;
use super::recipe::Scaling;
use crate::features::MissingPolicy;
use crate::numeric::elementary::{exp_m1, ln_1p};

/// One feature of a [`ScalerModel`](super::ScalerModel): its recipe and what was learned of it.
#[derive(Clone, PartialEq, Debug)]
pub struct ScaledFeature {
    pub(super) name: String,
    pub(super) scaling: Scaling,
    pub(super) missing_policy: MissingPolicy,
    pub(super) weight: f64,
    pub(super) missing: u64,
    pub(super) limits: Option<(f64, f64)>,
    pub(super) median: Option<f64>,
    pub(super) constant: bool,
    pub(super) map: Map,
}

/// The last step of a recipe, as learned.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Map {
    /// As it is.
    None,
    /// Everything is 0: the customers it was learned from had this value.
    Constant(f64),
    /// Less a centre, per spread.
    Linear { centre: f64, spread: f64, collapsed: bool },
    /// By percentiles.
    Ranks(Ranks),
}

impl ScaledFeature {
    /// Its name in a table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its recipe.
    #[must_use]
    pub fn scaling(&self) -> Scaling {
        self.scaling
    }

    /// What becomes of customers without a value.
    #[must_use]
    pub fn missing_policy(&self) -> MissingPolicy {
        self.missing_policy
    }

    /// What its scaled values are multiplied by.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// How many customers of the table it was learned from had no value.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Whether all customers it was learned from had the same value, after winsorising.
    ///
    /// Such a feature tells nobody apart, so its scaled value is 0 for everyone, new customers with another value among
    /// them, whatever the scale. ([`Scaling::none`] alone leaves it as it is.)
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.constant
    }

    /// Whether the interquartile range was zero and the standard deviation stands in for it: see
    /// [`Scaling::robust`].
    #[must_use]
    pub fn is_collapsed(&self) -> bool {
        matches!(self.map, Map::Linear { collapsed: true, .. })
    }

    /// The value that becomes 0: the mean of a z-score, the median of a robust scale, after
    /// [`log1p`](Scaling::log1p) where that is in the recipe; `None` for ranks and for a feature that is left as it is.
    #[must_use]
    pub fn centre(&self) -> Option<f64> {
        match self.map {
            Map::Constant(value) => Some(value),
            Map::Linear { centre, .. } => Some(centre),
            Map::None | Map::Ranks(_) => None,
        }
    }

    /// What becomes a distance of 1, before the weight: the standard deviation of a z-score, the interquartile range of
    /// a robust scale, after [`log1p`](Scaling::log1p) where that is in the recipe; 0 for a constant feature, `None`
    /// for ranks and for a feature that is left as it is.
    #[must_use]
    pub fn spread(&self) -> Option<f64> {
        match self.map {
            Map::Constant(_) => Some(0.0),
            Map::Linear { spread, .. } => Some(spread),
            Map::None | Map::Ranks(_) => None,
        }
    }

    /// The values that what lies beyond is pulled to, in the feature's unit; `None` where it is not winsorised.
    #[must_use]
    pub fn limits(&self) -> Option<(f64, f64)> {
        self.limits
    }

    /// The median that stands in for a missing value, in the feature's unit; `None` under another
    /// [`MissingPolicy`].
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.median
    }

    /// The percentiles that ranks are taken by, after [`log1p`](Scaling::log1p) where that is in the recipe; `None`
    /// for other scales.
    #[must_use]
    pub fn cut_points(&self) -> Option<&[f64]> {
        match &self.map {
            Map::Ranks(ranks) => Some(ranks.cuts()),
            _ => None,
        }
    }

    /// A finite value of the feature on its scale. Keeps the order of values, but for neighbours that the logarithm
    /// rounds by a last digit; and is always finite: what would leave the range of numbers is the greatest there is.
    #[must_use]
    pub fn scaled(&self, value: f64) -> f64 {
        let mut values = [value];
        self.scale(&mut values);
        values[0]
    }

    /// A scaled value in the feature's own unit: the inverse of [`ScaledFeature::scaled`] within what it was learned
    /// from.
    ///
    /// What winsorising pulled in stays where it was pulled to. A scaled value between those of customers, as a
    /// centroid's, gives a value between theirs, so the mean of scaled values need not give the mean of values: with
    /// [`log1p`](Scaling::log1p) it gives about a geometric mean. A constant feature gives its value.
    #[must_use]
    pub fn original(&self, scaled: f64) -> f64 {
        let scaled = scaled / self.weight;
        let value = match &self.map {
            Map::None => scaled,
            Map::Constant(value) => *value,
            Map::Linear { centre, spread, .. } => bounded(scaled * spread + centre),
            Map::Ranks(ranks) => ranks.value(scaled),
        };
        if self.scaling.log1p { exp_m1(value.abs()).copysign(value) } else { bounded(value) }
    }

    /// Values in the feature's unit that become scaled ones.
    pub(super) fn scale(&self, values: &mut [f64]) {
        self.prepare(values);
        match &self.map {
            Map::None => {}
            Map::Constant(_) => values.fill(0.0),
            Map::Linear { centre, spread, .. } => {
                for value in values.iter_mut() {
                    *value = standardised(*value, *centre, *spread);
                }
            }
            Map::Ranks(ranks) => {
                for value in values.iter_mut() {
                    *value = ranks.rank(*value);
                }
            }
        }
        for value in values {
            *value = bounded(*value * self.weight);
        }
    }

    /// The steps before the last one.
    pub(super) fn prepare(&self, values: &mut [f64]) {
        if let Some((low, high)) = self.limits {
            for value in values.iter_mut() {
                *value = value.max(low).min(high);
            }
        }
        if self.scaling.log1p {
            pulp::Arch::new().dispatch(SignedLog { values });
        }
    }
}

/// (value − centre) / spread, where the difference of two huge values may not exist.
#[inline]
fn standardised(value: f64, centre: f64, spread: f64) -> f64 {
    let difference = value - centre;
    if difference.is_finite() { difference / spread } else { value / spread - centre / spread }
}

/// The value, or the greatest there is of its sign.
#[inline]
fn bounded(value: f64) -> f64 {
    value.clamp(-f64::MAX, f64::MAX)
}

/// The kernel of [`Scaling::log1p`]: a struct rather than a closure, so that it is compiled for the vector units.
struct SignedLog<'a> {
    values: &'a mut [f64],
}

impl pulp::WithSimd for SignedLog<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for value in self.values {
            *value = ln_1p(value.abs()).copysign(*value);
        }
    }
}
