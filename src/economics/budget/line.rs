//! What a budget is spread over: segments, or segments by channel, each with its response and what that is worth.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::economics::budget::ResponseCurve;
use crate::economics::plan::MeanEstimate;
use crate::transaction::Money;

/// One place where money can be spent: a segment, or a segment through one channel.
///
/// ```
/// use kohort::Money;
/// use kohort::economics::{BudgetLine, ResponseCurve};
///
/// let line = BudgetLine::new("loyal", ResponseCurve::square_root(12.0)?)
///     .channel("mail")
///     .margin(18.50)
///     .standard_error(2.10)
///     .at_most(Money::parse("5000")?);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BudgetLine {
    pub(super) segment: String,
    pub(super) channel: Option<String>,
    pub(super) curve: ResponseCurve,
    pub(super) margin: f64,
    pub(super) standard_error: Option<f64>,
    pub(super) at_least: Money,
    pub(super) at_most: Option<Money>,
    pub(super) current: Option<Money>,
}

impl BudgetLine {
    /// A segment and how it responds to spending.
    pub fn new(segment: impl Into<String>, curve: ResponseCurve) -> Self {
        Self {
            segment: segment.into(),
            channel: None,
            curve,
            margin: 1.0,
            standard_error: None,
            at_least: Money::ZERO,
            at_most: None,
            current: None,
        }
    }

    /// The segment the money is for.
    #[must_use]
    pub fn segment(&self) -> &str {
        &self.segment
    }

    /// The channel the money goes through. Defaults to none: the line is the whole segment.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// What one unit of response earns before this spending, in currency units: the contribution per order where the
    /// response is orders. A line whose margin is zero or less gets its floor and no more. Defaults to 1: the response
    /// is contribution already.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// The standard error of the margin. Defaults to not known, and then the result has no interval.
    #[must_use]
    pub fn standard_error(mut self, standard_error: f64) -> Self {
        self.standard_error = Some(standard_error);
        self
    }

    /// Margin and standard error from the contribution per customer of a segment in a plan, where the response is
    /// customers won or kept. Defaults to a margin of 1 without a standard error.
    #[must_use]
    pub fn margin_of(mut self, value: &MeanEstimate) -> Self {
        self.margin = value.mean;
        self.standard_error = value.standard_error;
        self
    }

    /// The least that is spent here. Defaults to nothing.
    #[must_use]
    pub fn at_least(mut self, floor: Money) -> Self {
        self.at_least = floor;
        self
    }

    /// The most that is spent here. Defaults to the whole budget.
    #[must_use]
    pub fn at_most(mut self, cap: Money) -> Self {
        self.at_most = Some(cap);
        self
    }

    /// What is spent here today, to compare with. Defaults to not known.
    #[must_use]
    pub fn current(mut self, spend: Money) -> Self {
        self.current = Some(spend);
        self
    }

    pub(super) fn part(&self) -> BudgetPart {
        BudgetPart::Line { segment: self.segment.clone(), channel: self.channel.clone() }
    }
}

/// A part of a budget that can have a floor and a cap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetPart {
    /// One line.
    Line {
        /// Its segment.
        segment: String,
        /// Its channel, if it has one.
        channel: Option<String>,
    },
    /// All lines of a segment.
    Segment(String),
    /// All lines of a channel.
    Channel(String),
}

impl fmt::Display for BudgetPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { segment, channel: None } => write!(f, "`{segment}`"),
            Self::Line { segment, channel: Some(channel) } => write!(f, "`{segment}` by `{channel}`"),
            Self::Segment(segment) => write!(f, "segment `{segment}`"),
            Self::Channel(channel) => write!(f, "channel `{channel}`"),
        }
    }
}

/// A limit on what is spent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetLimit {
    /// The budget itself.
    Total,
    /// The floor of a part.
    AtLeast(BudgetPart),
    /// The cap of a part.
    AtMost(BudgetPart),
}

impl fmt::Display for BudgetLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Total => f.write_str("the budget"),
            Self::AtLeast(part) => write!(f, "the floor of {part}"),
            Self::AtMost(part) => write!(f, "the cap of {part}"),
        }
    }
}
