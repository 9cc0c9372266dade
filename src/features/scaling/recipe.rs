//! The recipe for one feature.

use std::fmt;

use crate::error::{Error, Result};

/// How one feature is brought to a scale on which it can be compared with others.
///
/// ```
/// use kohort::features::Scaling;
///
/// let money = Scaling::z_score().log1p().winsorised(0.01, 0.99);
/// assert_eq!(money.to_string(), "winsorised 1 % to 99 %, log1p, z-score");
/// ```
///
/// The steps are taken in this order, in whatever order they are named: winsorised, log1p, then the scale. Each keeps the
/// order of the customers, and all but the winsorised ends can be undone.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scaling {
    pub(super) scale: Scale,
    pub(super) log1p: bool,
    pub(super) winsor: Option<(f64, f64)>,
}

/// The last step of a recipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scale {
    None,
    ZScore,
    Robust,
    Quantile,
}

impl Scaling {
    const fn of(scale: Scale) -> Self {
        Self { scale, log1p: false, winsor: None }
    }

    /// The feature in its own unit: money in currency units, times in microseconds.
    #[must_use]
    pub const fn none() -> Self {
        Self::of(Scale::None)
    }

    /// Less the mean, per standard deviation of the population (divided by n, as scikit-learn's `StandardScaler`).
    ///
    /// For features without a long tail; for amounts and counts after [`Scaling::log1p`].
    #[must_use]
    pub const fn z_score() -> Self {
        Self::of(Scale::ZScore)
    }

    /// Less the median, per interquartile range (type 7, as scikit-learn's `RobustScaler`): a few extreme customers do
    /// not move it.
    ///
    /// Where the middle half of the customers share one value, as the one order of most, the range is zero. The
    /// standard deviation is then taken in its place (scikit-learn leaves such a feature in its own unit), and
    /// [`ScaledFeature::is_collapsed`](super::ScaledFeature::is_collapsed) says so.
    #[must_use]
    pub const fn robust() -> Self {
        Self::of(Scale::Robust)
    }

    /// The share of customers below, 0 to 1, by the percentiles of the customers it was learned from: linear between
    /// them, and the middle of a run of percentiles that fall on one value.
    ///
    /// What has any shape becomes uniform; distances then say how many customers stand between two, not how far apart
    /// they are. New values beyond those learned from are 0 or 1.
    #[must_use]
    pub const fn quantile() -> Self {
        Self::of(Scale::Quantile)
    }

    /// Takes `sign(x) · ln(1 + |x|)` first: for amounts and counts with a long tail. Net value can be negative, which is
    /// why the sign is kept; near zero it is as good as x itself. Defaults to not.
    #[must_use]
    pub const fn log1p(mut self) -> Self {
        self.log1p = true;
        self
    }

    /// Pulls what lies beyond two quantiles (type 7) to them, before all else: `winsorised(0.01, 0.99)` is usual.
    /// The quantiles are learned once, and pull in new customers too. Defaults to not.
    #[must_use]
    pub const fn winsorised(mut self, low: f64, high: f64) -> Self {
        self.winsor = Some((low, high));
        self
    }

    /// Checks the shares, for the builders that take a recipe.
    pub(crate) fn check(&self) -> Result<()> {
        match self.winsor {
            Some((low, high)) if !(0.0 <= low && low < high && high <= 1.0) => Err(Error::Setting {
                setting: "winsorised",
                found: format!("{low} and {high}"),
                expected: "two shares of 0 to 1, the first less than the second",
            }),
            _ => Ok(()),
        }
    }
}

impl Default for Scaling {
    /// [`Scaling::z_score`].
    fn default() -> Self {
        Self::z_score()
    }
}

impl fmt::Display for Scaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps = Vec::new();
        if let Some((low, high)) = self.winsor {
            steps.push(format!("winsorised {} % to {} %", percents(low), percents(high)));
        }
        if self.log1p {
            steps.push("log1p".to_owned());
        }
        match self.scale {
            Scale::None if steps.is_empty() => steps.push("as it is".to_owned()),
            Scale::None => {}
            Scale::ZScore => steps.push("z-score".to_owned()),
            Scale::Robust => steps.push("robust".to_owned()),
            Scale::Quantile => steps.push("quantile".to_owned()),
        }
        f.pad(&steps.join(", "))
    }
}

/// A share in per cent, without the digits that the multiplication added.
fn percents(share: f64) -> f64 {
    (share * 1e6).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_out_of_order_or_range_are_refused() {
        for (low, high) in [
            (0.99, 0.01),
            (0.5, 0.5),
            (-0.1, 0.9),
            (0.1, 1.1),
            (f64::NAN, 0.9),
            (0.1, f64::NAN),
            (0.0, f64::INFINITY),
        ] {
            let refused = Scaling::none().winsorised(low, high).check().unwrap_err().to_string();
            assert!(
                refused.contains("setting `winsorised`") && refused.contains(&low.to_string()),
                "{refused}"
            );
        }
        assert!(Scaling::robust().winsorised(0.0, 1.0).log1p().check().is_ok());
    }

    #[test]
    fn a_recipe_reads_in_the_order_of_its_steps() {
        for (scaling, text) in [
            (Scaling::none(), "as it is"),
            (Scaling::none().log1p(), "log1p"),
            (Scaling::default(), "z-score"),
            (Scaling::quantile().winsorised(0.005, 0.9), "winsorised 0.5 % to 90 %, quantile"),
            (Scaling::robust().log1p(), "log1p, robust"),
        ] {
            assert_eq!(scaling.to_string(), text);
        }
    }
}
