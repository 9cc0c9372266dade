//! The settings of a portfolio, checked once.

use std::fmt;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::transaction::{Money, Rate};

/// How many segments are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HowMany {
    /// The given number or fewer.
    #[default]
    AtMost,
    /// The given number.
    Exactly,
}

/// A limit on what may be chosen.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Constraint {
    /// At most so many segments.
    AtMost(usize),
    /// Exactly so many segments.
    Exactly(usize),
    /// Segments of at least so many customers.
    MinimumSize(u64),
    /// Segments of which at least so many customers can be addressed.
    MinimumReach(u64),
    /// Without this segment.
    Without(String),
    /// With this segment.
    With(String),
    /// Not both of these segments.
    Apart(String, String),
    /// No two audiences that share more than this part of the smaller one.
    MaximumOverlap(f64),
    /// A return rate of all chosen, by value, of at most this.
    MaximumReturnRate(Rate),
    /// Costs of all chosen of at most this.
    Budget(Money),
    /// All chosen together have at most so many customers.
    MaximumCustomers(u64),
    /// All chosen together reach at least so many customers.
    MinimumTotalReach(u64),
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(count) => write!(f, "at most {count} segments"),
            Self::Exactly(count) => write!(f, "exactly {count} segments"),
            Self::MinimumSize(customers) => write!(f, "at least {customers} customers a segment"),
            Self::MinimumReach(customers) => {
                write!(f, "at least {customers} addressable customers a segment")
            }
            Self::Without(name) => write!(f, "without `{name}`"),
            Self::With(name) => write!(f, "with `{name}`"),
            Self::Apart(one, other) => write!(f, "`{one}` and `{other}` apart"),
            Self::MaximumOverlap(share) => write!(f, "overlaps of at most {:.1} %", share * 100.0),
            Self::MaximumReturnRate(rate) => write!(f, "a return rate of at most {rate}"),
            Self::Budget(amount) => write!(f, "costs of at most {amount}"),
            Self::MaximumCustomers(customers) => write!(f, "at most {customers} customers in all"),
            Self::MinimumTotalReach(customers) => {
                write!(f, "at least {customers} addressable customers in all")
            }
        }
    }
}

/// How a few segments are chosen from many.
///
/// See [`Portfolio::choose`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Portfolio {
    pub(super) count: usize,
    pub(super) how_many: HowMany,
    pub(super) minimum_size: u64,
    pub(super) minimum_reach: u64,
    pub(super) without: Vec<String>,
    pub(super) with: Vec<String>,
    pub(super) apart: Vec<(String, String)>,
    pub(super) maximum_overlap: f64,
    pub(super) max_return_rate: Option<Rate>,
    pub(super) budget: Option<Money>,
    pub(super) max_customers: Option<u64>,
    pub(super) minimum_total_reach: u64,
    pub(super) effort: u64,
}

impl Portfolio {
    /// A portfolio of at most so many segments.
    #[must_use]
    pub fn builder(max_segments: usize) -> PortfolioBuilder {
        PortfolioBuilder(Self {
            count: max_segments,
            how_many: HowMany::default(),
            minimum_size: 0,
            minimum_reach: 0,
            without: Vec::new(),
            with: Vec::new(),
            apart: Vec::new(),
            maximum_overlap: 0.0,
            max_return_rate: None,
            budget: None,
            max_customers: None,
            minimum_total_reach: 0,
            effort: 5_000_000,
        })
    }

    /// The limits that are set, each once.
    #[must_use]
    pub fn constraints(&self) -> Vec<Constraint> {
        let count = match self.how_many {
            HowMany::AtMost => Constraint::AtMost(self.count),
            HowMany::Exactly => Constraint::Exactly(self.count),
        };
        let mut all = vec![count];
        all.extend((self.minimum_size > 0).then_some(Constraint::MinimumSize(self.minimum_size)));
        all.extend((self.minimum_reach > 0).then_some(Constraint::MinimumReach(self.minimum_reach)));
        all.extend(self.without.iter().cloned().map(Constraint::Without));
        all.extend(self.with.iter().cloned().map(Constraint::With));
        all.extend(self.apart.iter().cloned().map(|(one, other)| Constraint::Apart(one, other)));
        all.extend((self.maximum_overlap < 1.0).then_some(Constraint::MaximumOverlap(self.maximum_overlap)));
        all.extend(self.max_return_rate.map(Constraint::MaximumReturnRate));
        all.extend(self.budget.map(Constraint::Budget));
        all.extend(self.max_customers.map(Constraint::MaximumCustomers));
        let reach = self.minimum_total_reach;
        all.extend((reach > 0).then_some(Constraint::MinimumTotalReach(reach)));
        all
    }
}

/// Builds a [`Portfolio`].
#[derive(Clone, Debug)]
pub struct PortfolioBuilder(Portfolio);

impl PortfolioBuilder {
    /// Whether the number of segments is the most or exactly that. Defaults to [`HowMany::AtMost`].
    #[must_use]
    pub fn how_many(mut self, how_many: HowMany) -> Self {
        self.0.how_many = how_many;
        self
    }

    /// The fewest customers of a segment that is chosen. Defaults to 0.
    #[must_use]
    pub fn minimum_size(mut self, customers: u64) -> Self {
        self.0.minimum_size = customers;
        self
    }

    /// The fewest customers of a segment that can be addressed. A candidate whose reach is not known is left out then.
    /// Defaults to 0.
    #[must_use]
    pub fn minimum_reach(mut self, customers: u64) -> Self {
        self.0.minimum_reach = customers;
        self
    }

    /// Segments that are out. Defaults to none.
    #[must_use]
    pub fn exclude<S: Into<String>>(mut self, segments: impl IntoIterator<Item = S>) -> Self {
        self.0.without = sorted(segments);
        self
    }

    /// Segments that must be in. Defaults to none.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, segments: impl IntoIterator<Item = S>) -> Self {
        self.0.with = sorted(segments);
        self
    }

    /// Pairs of which at most one is chosen. Defaults to none.
    #[must_use]
    pub fn apart<A: Into<String>, B: Into<String>>(
        mut self,
        pairs: impl IntoIterator<Item = (A, B)>,
    ) -> Self {
        let in_order = |(one, other): (A, B)| {
            let (one, other) = (one.into(), other.into());
            if one <= other { (one, other) } else { (other, one) }
        };
        self.0.apart = sorted_values(pairs.into_iter().map(in_order).collect());
        self
    }

    /// The most that two audiences may share, as a part of the smaller one; 1 allows everything. Only candidates with known
    /// members can be told to overlap. Defaults to 0: none.
    #[must_use]
    pub fn maximum_overlap(mut self, share: f64) -> Self {
        self.0.maximum_overlap = share;
        self
    }

    /// The highest return rate of all chosen together, weighted by what they bought: `Σ sales · rate / Σ sales`. A candidate
    /// whose return rate is not known is left out then. Defaults to none.
    #[must_use]
    pub fn max_return_rate(mut self, rate: Rate) -> Self {
        self.0.max_return_rate = Some(rate);
        self
    }

    /// The most that all chosen may cost together. Defaults to no limit.
    #[must_use]
    pub fn budget(mut self, amount: Money) -> Self {
        self.0.budget = Some(amount);
        self
    }

    /// The most customers of all chosen together, counted once per segment. Defaults to no limit.
    #[must_use]
    pub fn max_customers(mut self, customers: u64) -> Self {
        self.0.max_customers = Some(customers);
        self
    }

    /// The fewest customers that all chosen reach together, counted once per segment; reach that is not known counts as
    /// none. Defaults to 0.
    #[must_use]
    pub fn minimum_total_reach(mut self, customers: u64) -> Self {
        self.0.minimum_total_reach = customers;
        self
    }

    /// How many cases a search may look at. Defaults to 5,000,000, a few seconds.
    #[must_use]
    pub fn effort(mut self, cases: u64) -> Self {
        self.0.effort = cases;
        self
    }

    /// The portfolio.
    ///
    /// # Errors
    /// [`Error::Setting`] for a number of segments or an effort of zero, an overlap or a return rate outside 0 to 1, a
    /// negative budget, or a segment that is to be apart from itself; [`Error::Contradiction`] where a segment is both in
    /// and out, two that must be in are to be apart, or more must be in than there is room for.
    pub fn build(self) -> Result<Portfolio> {
        let portfolio = self.0;
        let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if portfolio.count == 0 {
            return refused("max_segments", "0".to_owned(), "at least one segment");
        }
        if portfolio.effort == 0 {
            return refused("effort", "0".to_owned(), "at least one case");
        }
        if !(0.0..=1.0).contains(&portfolio.maximum_overlap) {
            return refused("maximum_overlap", portfolio.maximum_overlap.to_string(), "from 0 to 1");
        }
        if let Some(rate) = portfolio.max_return_rate.filter(|rate| !(Rate::ZERO..=Rate::ONE).contains(rate))
        {
            return refused("max_return_rate", rate.to_string(), "a share between 0 % and 100 %");
        }
        if let Some(amount) = portfolio.budget.filter(|amount| *amount < Money::ZERO) {
            return refused("budget", amount.to_string(), "an amount of zero or more");
        }
        if let Some((name, _)) = portfolio.apart.iter().find(|(one, other)| one == other) {
            return refused("apart", format!("`{name}` and itself"), "two segments");
        }
        let with = |name: &String| portfolio.with.contains(name);
        let contradiction = |constraints: Vec<Constraint>| {
            Err(Error::Contradiction { constraints: constraints.iter().map(ToString::to_string).collect() })
        };
        if let Some(name) = portfolio.without.iter().find(|name| with(name)) {
            return contradiction(vec![Constraint::With(name.clone()), Constraint::Without(name.clone())]);
        }
        if let Some((one, other)) = portfolio.apart.iter().find(|(one, other)| with(one) && with(other)) {
            return contradiction(vec![
                Constraint::With(one.clone()),
                Constraint::With(other.clone()),
                Constraint::Apart(one.clone(), other.clone()),
            ]);
        }
        if portfolio.with.len() > portfolio.count {
            let count = portfolio.constraints().into_iter().take(1);
            return contradiction(
                count.chain(portfolio.with.iter().cloned().map(Constraint::With)).collect(),
            );
        }
        Ok(portfolio)
    }
}

fn sorted<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Vec<String> {
    sorted_values(names.into_iter().map(Into::into).collect())
}

fn sorted_values<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values.dedup();
    values
}
