//! The settings of a budget, checked once: amounts, margins, names, and whether its floors and caps can be met at all.

use serde::Serialize;

use crate::economics::budget::problem::Problem;
use crate::economics::budget::{BudgetLine, BudgetPart};
use crate::error::{Error, Result};
use crate::segment::position_of;
use crate::transaction::Money;

/// What becomes of money that would earn less than it costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spend {
    /// It is kept: the last unit spent anywhere brings at least one unit of contribution.
    #[default]
    WhileItPays,
    /// It is spent as well, as long as it brings anything.
    All,
}

/// A budget over segments, or over segments and channels, with the response of each.
///
/// See [`Budget::allocate`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Budget {
    pub(super) total: Money,
    pub(super) lines: Vec<BudgetLine>,
    pub(super) bounds: Vec<Bound>,
    pub(super) spend: Spend,
    pub(super) rounded_to: Money,
    pub(super) confidence: f64,
    pub(super) effort: u64,
}

/// A floor and a cap of a segment or channel.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Bound {
    pub(super) part: BudgetPart,
    pub(super) at_least: Money,
    pub(super) at_most: Option<Money>,
}

impl Budget {
    /// A budget of a total, at most.
    #[must_use]
    pub fn builder(total: Money) -> BudgetBuilder {
        BudgetBuilder(Self {
            total,
            lines: Vec::new(),
            bounds: Vec::new(),
            spend: Spend::default(),
            rounded_to: Money::from_ten_thousandths(100),
            confidence: 0.95,
            effort: 2_000,
        })
    }

    /// The total.
    #[must_use]
    pub fn total(&self) -> Money {
        self.total
    }

    /// The lines, in the order given.
    #[must_use]
    pub fn lines(&self) -> &[BudgetLine] {
        &self.lines
    }
}

/// Builds a [`Budget`].
#[derive(Clone, Debug)]
pub struct BudgetBuilder(Budget);

impl BudgetBuilder {
    /// One more place to spend on. Defaults to none, which is an error.
    #[must_use]
    pub fn line(mut self, line: BudgetLine) -> Self {
        self.0.lines.push(line);
        self
    }

    /// More places to spend on. Defaults to none, which is an error.
    #[must_use]
    pub fn lines(mut self, lines: impl IntoIterator<Item = BudgetLine>) -> Self {
        self.0.lines.extend(lines);
        self
    }

    /// The least that all lines of a segment get together. Defaults to nothing.
    #[must_use]
    pub fn segment_at_least(mut self, segment: impl Into<String>, floor: Money) -> Self {
        self.bound(BudgetPart::Segment(segment.into())).at_least = floor;
        self
    }

    /// The most that all lines of a segment get together. Defaults to the whole budget.
    #[must_use]
    pub fn segment_at_most(mut self, segment: impl Into<String>, cap: Money) -> Self {
        self.bound(BudgetPart::Segment(segment.into())).at_most = Some(cap);
        self
    }

    /// The least that all lines of a channel get together. Defaults to nothing.
    #[must_use]
    pub fn channel_at_least(mut self, channel: impl Into<String>, floor: Money) -> Self {
        self.bound(BudgetPart::Channel(channel.into())).at_least = floor;
        self
    }

    /// The most that all lines of a channel get together. Defaults to the whole budget.
    #[must_use]
    pub fn channel_at_most(mut self, channel: impl Into<String>, cap: Money) -> Self {
        self.bound(BudgetPart::Channel(channel.into())).at_most = Some(cap);
        self
    }

    /// What becomes of money that would earn less than it costs. Defaults to [`Spend::WhileItPays`].
    #[must_use]
    pub fn spend(mut self, spend: Spend) -> Self {
        self.0.spend = spend;
        self
    }

    /// The smallest amount that is dealt out; total, floors and caps are whole numbers of it. Defaults to 0.01.
    #[must_use]
    pub fn rounded_to(mut self, amount: Money) -> Self {
        self.0.rounded_to = amount;
        self
    }

    /// The level of the interval. Defaults to 0.95.
    #[must_use]
    pub fn confidence(mut self, level: f64) -> Self {
        self.0.confidence = level;
        self
    }

    /// How many cases of S-shaped curves are looked at before the best so far is returned with the gap that is left.
    /// Without effect where all curves bend down. Defaults to 2,000.
    #[must_use]
    pub fn effort(mut self, cases: u64) -> Self {
        self.0.effort = cases;
        self
    }

    fn bound(&mut self, part: BudgetPart) -> &mut Bound {
        let bounds = &mut self.0.bounds;
        let place = bounds.iter().position(|bound| bound.part == part).unwrap_or_else(|| {
            bounds.push(Bound { part, at_least: Money::ZERO, at_most: None });
            bounds.len() - 1
        });
        &mut bounds[place]
    }

    /// The budget.
    ///
    /// # Errors
    /// [`Error::Empty`] without lines; [`Error::Setting`] for an amount that is negative or no whole number of
    /// `rounded_to`, a margin that is not finite, a standard error that is not a finite number of zero or more, a line
    /// that is there twice, or a channel that no line has; [`Error::UnknownSegment`] for a segment that no line has;
    /// [`Error::Contradiction`] where floors and caps cannot all be met, naming those that stand against each other.
    pub fn build(self) -> Result<Budget> {
        let budget = self.0;
        if budget.lines.is_empty() {
            return Err(Error::Empty {
                what: "the list of lines of a budget",
                hint: "add the segments to spend on with `.line(..)`",
            });
        }
        let step = budget.rounded_to.ten_thousandths();
        if step <= 0 {
            return Err(refused("rounded_to", budget.rounded_to.to_string(), "an amount above zero"));
        }
        let whole = |name, amount: Money, of: &dyn Fn() -> String| {
            if amount < Money::ZERO {
                Err(refused(name, format!("{amount}{}", of()), "an amount of zero or more"))
            } else if amount.ten_thousandths() % step != 0 {
                Err(refused(name, format!("{amount}{}", of()), "a whole number of `rounded_to`"))
            } else {
                Ok(())
            }
        };
        whole("total", budget.total, &String::new)?;
        for (place, line) in budget.lines.iter().enumerate() {
            let of = || format!(" for {}", line.part());
            if budget.lines[..place].iter().any(|other| other.part() == line.part()) {
                return Err(refused("line", line.part().to_string(), "each segment and channel once"));
            }
            if !line.margin.is_finite() {
                return Err(refused("margin", format!("{}{}", line.margin, of()), "a finite number"));
            }
            if line.standard_error.is_some_and(|se| !(se.is_finite() && se >= 0.0)) {
                let found = format!("{}{}", line.standard_error.unwrap_or_default(), of());
                return Err(refused("standard_error", found, "a finite number of zero or more"));
            }
            whole("at_least", line.at_least, &of)?;
            whole("at_most", line.at_most.unwrap_or_default(), &of)?;
            if line.current.is_some_and(|spend| spend < Money::ZERO) {
                let found = format!("{}{}", line.current.unwrap_or_default(), of());
                return Err(refused("current", found, "an amount of zero or more"));
            }
        }
        for bound in &budget.bounds {
            let of = || format!(" for {}", bound.part);
            match &bound.part {
                BudgetPart::Segment(name) => {
                    position_of(name, budget.lines.iter().map(|line| line.segment.as_str()))?;
                }
                BudgetPart::Channel(name)
                    if budget.lines.iter().all(|line| line.channel.as_ref() != Some(name)) =>
                {
                    return Err(refused("channel", format!("`{name}`"), "the channel of a line"));
                }
                _ => {}
            }
            whole("at_least", bound.at_least, &of)?;
            whole("at_most", bound.at_most.unwrap_or_default(), &of)?;
        }
        if !(budget.confidence > 0.0 && budget.confidence < 1.0) {
            return Err(refused("confidence", budget.confidence.to_string(), "between 0 and 1"));
        }
        if budget.effort == 0 {
            return Err(refused("effort", "0".to_owned(), "at least one case"));
        }
        Problem::new(&budget).check()?;
        Ok(budget)
    }
}

fn refused(setting: &'static str, found: String, expected: &'static str) -> Error {
    Error::Setting { setting, found, expected }
}
