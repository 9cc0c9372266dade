//! The axes of RFM: what is scored, which end is good, and where the cut points lie.

use std::fmt;

use crate::error::{Error, Result};
use crate::segment::levels::Scale;
use crate::segment::number::Ties;

/// What RFM scores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Axis {
    /// How long ago the last order was.
    Recency,
    /// How many orders there were.
    Frequency,
    /// What the orders were worth.
    Monetary,
    /// How much came back: the optional fourth score.
    ReturnRate,
}

impl Axis {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Recency => "recency",
            Self::Frequency => "frequency",
            Self::Monetary => "monetary",
            Self::ReturnRate => "return rate",
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which end of a feature gets the highest score.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// The more the better, as orders and money.
    HighIsGood,
    /// The less the better, as days since the last order and the return rate.
    LowIsGood,
}

/// Where bins begin and end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum CutConvention {
    /// Bins include their upper cut point: the score is `1 + #{cut points < value}`. A value that is itself a
    /// quantile belongs to the lower bin, with all its ties.
    #[default]
    RightClosed,
    /// As the R package `rfm` (0.3) does: 1 is added to every quantile, and bins include their *lower* cut point.
    ///
    /// For whole numbers with quantiles that are whole this gives the same scores. Elsewhere it shifts customers by
    /// a bin: with a quantile of 296.4 days, 297 days are above it here and below 297.4 there; and for amounts below
    /// 1 the added 1 is no longer small. Cut points given by the user are taken as they are.
    RPackage,
}

impl CutConvention {
    pub(super) const fn ties(self) -> Ties {
        match self {
            Self::RightClosed => Ties::Below,
            Self::RPackage => Ties::Above,
        }
    }

    /// What is added to a quantile to make it a cut point.
    pub(super) const fn shift(self) -> f64 {
        match self {
            Self::RightClosed => 0.0,
            Self::RPackage => 1.0,
        }
    }
}

/// Whether the axes are scored on their own or within each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum RfmMode {
    /// Each axis has the same cut points for all customers, so that scores of an axis can be compared.
    #[default]
    Independent,
    /// Frequency is scored within each recency score, and money within each pair of the two (Hughes): cells are of
    /// about equal size, but a frequency score means another number of orders in each recency score. The return rate
    /// stays on its own.
    Nested,
}

/// How the cut points of an axis come about.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Cutting {
    /// Quantiles learned in the fit, for so many bins.
    Bins(usize),
    /// Given by the user.
    Points(Vec<f64>),
}

/// The most bins of an axis: a score has at most two digits.
const MOST_BINS: usize = 99;

impl Cutting {
    pub(super) fn check(&self, setting: &'static str) -> Result<()> {
        match self {
            Self::Bins(bins) if (1..=MOST_BINS).contains(bins) => Ok(()),
            Self::Bins(bins) => {
                Err(Error::Setting { setting, found: bins.to_string(), expected: "1 to 99 bins" })
            }
            Self::Points(points) => check_cuts(points).map_err(|problem| Error::Setting {
                setting,
                found: problem,
                expected: "at most 98 finite cut points, each greater than the one before",
            }),
        }
    }

    pub(super) fn bins(&self) -> u8 {
        match self {
            Self::Bins(bins) => *bins as u8,
            Self::Points(points) => points.len() as u8 + 1,
        }
    }
}

/// Says what is wrong with cut points given by a user.
fn check_cuts(cuts: &[f64]) -> std::result::Result<(), String> {
    if cuts.len() >= MOST_BINS {
        return Err(format!("{} cut points", cuts.len()));
    }
    if let Some(cut) = cuts.iter().find(|cut| !cut.is_finite()) {
        return Err(cut.to_string());
    }
    match cuts.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => Err(format!("{} followed by {}", pair[0], pair[1])),
        None => Ok(()),
    }
}

/// What the user says of an axis.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct AxisSetting {
    pub(super) feature: String,
    pub(super) direction: Direction,
    pub(super) cutting: Cutting,
}

/// An axis of a fitted model: its feature and its cut points.
#[derive(Clone, PartialEq, Debug)]
pub struct RfmAxis {
    pub(super) axis: Axis,
    pub(super) feature: String,
    pub(super) direction: Direction,
    pub(super) bins: u8,
    pub(super) bins_found: u8,
    /// One list of `bins − 1` cut points per group; one group where the axis is scored on its own.
    pub(super) groups: Vec<Vec<f64>>,
}

impl RfmAxis {
    /// Which axis it is.
    #[must_use]
    pub fn axis(&self) -> Axis {
        self.axis
    }

    /// The feature that is scored.
    #[must_use]
    pub fn feature(&self) -> &str {
        &self.feature
    }

    /// Which end is good.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// How many bins were asked for: scores are 1 to this.
    #[must_use]
    pub fn bins(&self) -> usize {
        usize::from(self.bins)
    }

    /// How many bins have bounds of their own.
    ///
    /// Fewer than [`RfmAxis::bins`] where quantiles collapsed: where so many customers share a value that two cut
    /// points fall on it, or the last one on the greatest value. The scores in between are then given to nobody; those
    /// given keep their meaning, the share of customers at or below. In nested mode the fewest of any group.
    #[must_use]
    pub fn bins_found(&self) -> usize {
        usize::from(self.bins_found)
    }

    /// Whether quantiles collapsed.
    #[must_use]
    pub fn is_collapsed(&self) -> bool {
        self.bins_found < self.bins
    }

    /// The cut points, ascending, in the feature's unit; repeated where quantiles collapsed. `bins − 1` of them for
    /// each group: one group where the axis is scored on its own, else one per recency score, or per recency and
    /// frequency score with frequency running faster.
    #[must_use]
    pub fn cut_points(&self) -> &[Vec<f64>] {
        &self.groups
    }

    pub(super) fn scale(&self) -> Scale {
        match self.direction {
            Direction::HighIsGood => Scale::Rising,
            Direction::LowIsGood => Scale::Falling { bins: self.bins },
        }
    }
}

/// The number of bins with bounds of their own, given ascending cut points and, where known, the greatest value.
pub(super) fn bins_found(cuts: &[f64], greatest: Option<f64>, ties: Ties) -> u8 {
    let mut distinct = cuts.to_vec();
    distinct.dedup_by(|a, b| a.total_cmp(b).is_eq());
    // A cut point that the greatest value does not pass has nothing above it.
    let passed = |cut: &f64| greatest.is_none_or(|g| g > *cut || ties == Ties::Above && g >= *cut);
    distinct.iter().filter(|cut| passed(cut)).count() as u8 + 1
}
