//! How an audience is to be: its size, who may be in it, and what limit it keeps.

use std::fmt;

use crate::error::{Error, Result};
use crate::segment::Predicate;
use crate::transaction::{Money, Rate};

/// How large an audience is. Shares are of the pool: those who could be chosen.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Size {
    /// The most similar share of the pool, such as 0.05; rounded to whole customers, at least one.
    Share(f64),
    /// So many customers.
    Customers(u64),
    /// All whose similarity is at least this.
    Threshold(f64),
    /// Those of the ranking from one share to another, such as from 0.01 to 0.02: the most similar 2 % without the first
    /// one.
    Band {
        /// The share at which it begins, from 0.
        from: f64,
        /// The share at which it ends.
        to: f64,
    },
    /// The size at which reach and precision balance.
    ///
    /// It is the number at which as large a share of the seeds lies at or above the border as of the pool lies below it
    /// (the first such number): of those like the seeds it reaches as large a part as it spares of the others. Where scores
    /// tell nothing that is half of the pool, where they tell everything it is a single customer. Takes the scores of
    /// the seeds as they are, which are a little high for a model that learned from them.
    Balanced,
}

/// Whether seeds may be in the audience.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SeedPolicy {
    /// They are not in the pool.
    #[default]
    Exclude,
    /// They are, as anyone else.
    Include,
}

/// What becomes of a customer whose value, return rate or contribution is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MissingOutcome {
    /// She counts as the pool does: as the mean of those in it of whom it is known, by value for return rates.
    #[default]
    Pool,
    /// She cannot be chosen.
    Exclude,
}

/// What ranks customers: the profit to be expected of each instead of her similarity.
///
/// ```text
/// π = p·v·[(1 − r)·m − r·h/v − w·r] − c
/// ```
///
/// with `p` the similarity, `v` the expected order value, `r` the expected return rate, `m` the margin of what is
/// kept, `h` what the handling of a return costs, `w` the part of a returned value that is lost and `c` what
/// contacting a customer costs. A similarity is no probability to buy, so profits are to be compared with each other
/// and with `c` only after `p` was scaled to what contacts of this kind brought ([`ProfitScore::response`]).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ProfitScore {
    margin: f64,
    handling: f64,
    write_off: f64,
    contact: f64,
    response: f64,
}

impl ProfitScore {
    /// With a margin of what is kept, after goods and the cost of an order. Nothing else costs anything.
    #[must_use]
    pub fn new(margin: Rate) -> Self {
        Self { margin: margin.to_f64(), handling: 0.0, write_off: 0.0, contact: 0.0, response: 1.0 }
    }

    /// What the handling of a returned order costs. Defaults to nothing.
    #[must_use]
    pub fn handling(mut self, cost: Money) -> Self {
        self.handling = cost.to_f64();
        self
    }

    /// The part of what comes back that cannot be sold again. Defaults to nothing.
    #[must_use]
    pub fn write_off(mut self, share: Rate) -> Self {
        self.write_off = share.to_f64();
        self
    }

    /// What contacting a customer costs. Defaults to nothing.
    #[must_use]
    pub fn contact(mut self, cost: Money) -> Self {
        self.contact = cost.to_f64();
        self
    }

    /// What a similarity is multiplied by to be the probability of an order. Defaults to 1.
    #[must_use]
    pub fn response(mut self, orders_per_similarity: f64) -> Self {
        self.response = orders_per_similarity;
        self
    }

    /// The profit of one customer.
    #[must_use]
    pub fn of(&self, similarity: f64, value: f64, return_rate: f64) -> f64 {
        let kept = (1.0 - return_rate) * self.margin - self.write_off * return_rate;
        similarity * self.response * (value * kept - return_rate * self.handling) - self.contact
    }

    fn check(&self) -> Result<()> {
        let shares = [self.margin, self.write_off].iter().all(|share| (0.0..=1.0).contains(share));
        let costs = [self.handling, self.contact].iter().all(|cost| (0.0..=1e12).contains(cost));
        if shares && costs && self.response > 0.0 && self.response <= 1e12 {
            return Ok(());
        }
        Err(Error::Setting {
            setting: "profit",
            found: format!("{self:?}"),
            expected: "shares from 0 to 1, costs from zero, and a response above zero",
        })
    }
}

/// The limit on an audience.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Limit {
    ReturnRate(f64),
    /// On the upper bounds of return rates.
    UpperReturnRate(f64),
    Contribution(Money),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |cap: f64| {
            // All of its digits, one at least, without those that a binary share has beyond its decimal ones.
            let text = ((cap * 1e8).round() / 1e6).to_string();
            if text.contains('.') { text } else { text + ".0" }
        };
        match self {
            Self::ReturnRate(cap) => write!(f, "an expected return rate of at most {} %", percent(*cap)),
            Self::UpperReturnRate(cap) => {
                write!(f, "an upper bound of the return rate of at most {} %", percent(*cap))
            }
            Self::Contribution(floor) => write!(f, "an expected contribution of at least {floor} a customer"),
        }
    }
}

/// Which columns tell what is to be expected of a customer.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Columns {
    pub(super) value: String,
    pub(super) return_rate: String,
    pub(super) return_rate_high: String,
    pub(super) contribution: String,
}

/// How an audience is chosen from scores: size, pool, limit.
///
/// ```
/// use kohort::features::{FeatureTable, Values};
/// use kohort::lookalike::{Expansion, Scores, Size};
/// use kohort::segment::feature;
/// use kohort::transaction::CustomerIds;
/// use kohort::Bitmap;
///
/// let consent = Values::U32((0..1_000).map(|row| u32::from(row % 2 == 0)).collect());
/// let customers = FeatureTable::from_columns(CustomerIds::rows(1_000), [("consent", consent)])?;
/// let log_odds = (0..1_000).map(|row| -f64::from(row) / 100.0).collect();
/// let scores = Scores::new(&customers, log_odds, Bitmap::filled(1_000, false))?;
///
/// let expansion = Expansion::builder(Size::Share(0.02)).eligible(feature("consent").ge(1)).build()?;
/// let audience = expansion.choose(&customers, &scores)?;
/// assert_eq!((audience.pool, audience.len()), (500, 10));
/// assert_eq!(audience.in_order().next(), Some((0_u64.into(), 0.5)));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Expansion {
    pub(super) size: Size,
    pub(super) name: String,
    pub(super) seeds: SeedPolicy,
    pub(super) eligible: Option<Predicate>,
    pub(super) min_customers: u64,
    pub(super) salt: String,
    pub(super) cap: Option<f64>,
    pub(super) floor: Option<Money>,
    pub(super) cautious: bool,
    pub(super) profit: Option<ProfitScore>,
    pub(super) missing: MissingOutcome,
    pub(super) columns: Columns,
}

impl Expansion {
    /// An audience of a size.
    #[must_use]
    pub fn builder(size: Size) -> ExpansionBuilder {
        ExpansionBuilder(Self {
            size,
            name: "lookalikes".into(),
            seeds: SeedPolicy::default(),
            eligible: None,
            min_customers: 0,
            salt: "lookalike".into(),
            cap: None,
            floor: None,
            cautious: false,
            profit: None,
            missing: MissingOutcome::default(),
            columns: Columns {
                value: "gross".into(),
                return_rate: "return_rate_expected".into(),
                return_rate_high: "return_rate_high".into(),
                contribution: "contribution".into(),
            },
        })
    }

    pub(super) fn limit(&self) -> Option<Limit> {
        let on_rates = if self.cautious { Limit::UpperReturnRate } else { Limit::ReturnRate };
        self.cap.map(on_rates).or_else(|| self.floor.map(Limit::Contribution))
    }

    /// The same under another cap.
    pub(super) fn capped(&self, cap: f64) -> Result<Self> {
        ExpansionBuilder(self.clone()).max_return_rate(cap).build()
    }
}

/// Builds an [`Expansion`].
#[derive(Clone, Debug)]
pub struct ExpansionBuilder(Expansion);

impl ExpansionBuilder {
    /// What the audience is called. Defaults to `lookalikes`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Whether seeds may be in it. Defaults to [`SeedPolicy::Exclude`].
    #[must_use]
    pub fn seeds(mut self, policy: SeedPolicy) -> Self {
        self.0.seeds = policy;
        self
    }

    /// Who may be in it, such as those with consent in a country who are not suppressed. Of whom that is unknown, because a
    /// value is missing, may not. Defaults to everyone.
    #[must_use]
    pub fn eligible(mut self, predicate: Predicate) -> Self {
        self.0.eligible = Some(predicate);
        self
    }

    /// The fewest customers an audience may have, as platforms demand and privacy does. A smaller one is an error.
    /// Defaults to 0.
    #[must_use]
    pub fn min_customers(mut self, customers: u64) -> Self {
        self.0.min_customers = customers;
        self
    }

    /// What ids are hashed with to break ties between equal customers. Defaults to `lookalike`.
    #[must_use]
    pub fn salt(mut self, salt: impl Into<String>) -> Self {
        self.0.salt = salt.into();
        self
    }

    /// The highest expected return rate of the audience, weighted by value: `Σ v·r ≤ ρ·Σ v`. Defaults to no limit.
    #[must_use]
    pub fn max_return_rate(mut self, cap: f64) -> Self {
        self.0.cap = Some(cap);
        self
    }

    /// The cap holds for the upper bound of each customer's return rate (`return_rate_high`, which hers exceeds with
    /// a probability of 20 %), or for the expected rate of those where it is the higher of the two, such as customers
    /// without a bound: so it holds for the expected rate as well. Defaults to the expected rate alone.
    #[must_use]
    pub fn cautious(mut self) -> Self {
        self.0.cautious = true;
        self
    }

    /// The lowest mean of expected contributions of the audience. Defaults to no limit.
    #[must_use]
    pub fn min_contribution(mut self, per_customer: Money) -> Self {
        self.0.floor = Some(per_customer);
        self
    }

    /// Customers are ranked by the profit to be expected of them. Defaults to their similarity.
    #[must_use]
    pub fn profit(mut self, score: ProfitScore) -> Self {
        self.0.profit = Some(score);
        self
    }

    /// What becomes of customers of whom is not known what a limit or the profit needs. Defaults to
    /// [`MissingOutcome::Pool`].
    #[must_use]
    pub fn missing(mut self, policy: MissingOutcome) -> Self {
        self.0.missing = policy;
        self
    }

    /// The column of what is expected to be sold to a customer; what is below zero counts as zero. Defaults to `gross`.
    #[must_use]
    pub fn value(mut self, column: impl Into<String>) -> Self {
        self.0.columns.value = column.into();
        self
    }

    /// The column of expected return rates, as shares; what is below zero counts as zero, and a rate above 10 in the pool
    /// is an error, as percentages are. Defaults to `return_rate_expected`, which
    /// [`Economics::enrich`](crate::Economics::enrich) adds.
    #[must_use]
    pub fn return_rate(mut self, column: impl Into<String>) -> Self {
        self.0.columns.return_rate = column.into();
        self
    }

    /// The column of upper bounds of return rates, for [`cautious`](Self::cautious). Defaults to `return_rate_high`.
    #[must_use]
    pub fn return_rate_high(mut self, column: impl Into<String>) -> Self {
        self.0.columns.return_rate_high = column.into();
        self
    }

    /// The column of expected contributions. Defaults to `contribution`.
    #[must_use]
    pub fn contribution(mut self, column: impl Into<String>) -> Self {
        self.0.columns.contribution = column.into();
        self
    }

    /// The expansion.
    ///
    /// # Errors
    /// [`Error::Setting`] for a size of zero, a share not above 0 or above 1, a band that does not rise, a threshold
    /// or a cap not from 0 to 1, or shares of a profit not from 0 to 1 or costs of it that are negative;
    /// [`Error::Contradiction`] for a cap and a floor at once, a limit on a threshold or a band or a profit with a
    /// threshold, which leave nothing to choose, or an upper bound without a cap.
    pub fn build(self) -> Result<Expansion> {
        let own = self.0;
        let refused = |found: String, expected| Err(Error::Setting { setting: "size", found, expected });
        let is_share = |share: f64| share > 0.0 && share <= 1.0;
        match own.size {
            Size::Share(share) if !is_share(share) => {
                return refused(format!("a share of {share}"), "a share above 0 and at most 1");
            }
            Size::Customers(0) => return refused("0 customers".into(), "at least one customer"),
            Size::Threshold(similarity) if !(0.0..=1.0).contains(&similarity) => {
                return refused(format!("a threshold of {similarity}"), "a similarity from 0 to 1");
            }
            Size::Band { from, to } if !(from >= 0.0 && from < to && to <= 1.0) => {
                return refused(format!("from {from} to {to}"), "two rising shares from 0 to 1");
            }
            _ => {}
        }
        if let Some(cap) = own.cap.filter(|cap| !(0.0..=1.0).contains(cap)) {
            let found = cap.to_string();
            return Err(Error::Setting {
                setting: "max_return_rate",
                found,
                expected: "a share from 0 to 1",
            });
        }
        if let Some(profit) = own.profit {
            profit.check()?;
        }
        let contradiction = |constraints: Vec<String>| Err(Error::Contradiction { constraints });
        if let (Some(cap), Some(floor)) = (own.cap, own.floor) {
            let both = [Limit::ReturnRate(cap), Limit::Contribution(floor)];
            return contradiction(both.iter().map(ToString::to_string).collect());
        }
        if own.cautious && own.cap.is_none() {
            return contradiction(vec!["cautious about a cap".into(), "no cap on return rates".into()]);
        }
        let fixed = matches!(own.size, Size::Threshold(_) | Size::Band { .. });
        if let Some(limit) = own.limit().filter(|_| fixed) {
            return contradiction(vec![
                limit.to_string(),
                format!("everyone in {} (give a share or a number instead)", own.size),
            ]);
        }
        if matches!(own.size, Size::Threshold(_)) && own.profit.is_some() {
            return contradiction(vec![
                "the customers of most profit".into(),
                format!("everyone of {} (give a share or a number instead)", own.size),
            ]);
        }
        Ok(own)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the digits that a binary share has beyond its decimal ones.
        let percent = |share: f64| (share * 1e8).round() / 1e6;
        match self {
            Self::Share(share) => write!(f, "{} % of the pool", percent(*share)),
            Self::Customers(customers) => write!(f, "{customers} customers"),
            Self::Threshold(similarity) => write!(f, "a similarity of at least {similarity}"),
            Self::Band { from, to } => write!(f, "the band from {} to {} %", percent(*from), percent(*to)),
            Self::Balanced => f.write_str("the size at which reach and precision balance"),
        }
    }
}
