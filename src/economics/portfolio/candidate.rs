//! What a portfolio is chosen from.

use serde::Serialize;

use crate::bitmap::Bitmap;
use crate::economics::plan::SegmentPlan;
use crate::error::Result;
use crate::segment::AudienceSet;
use crate::transaction::Money;

/// A segment or audience that may be chosen.
///
/// ```
/// use kohort::Money;
/// use kohort::economics::Candidate;
///
/// let candidate = Candidate::new("loyal", 12_500.0, 840)
///     .reach(610)
///     .returns(98_000.0, 0.21)
///     .cost(Money::parse("1500")?);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Candidate {
    pub(super) name: String,
    pub(super) worth: f64,
    pub(super) customers: u64,
    pub(super) reach: Option<u64>,
    pub(super) returns: Option<(f64, f64)>,
    pub(super) cost: Money,
    #[serde(skip)]
    pub(super) members: Option<Bitmap>,
}

impl Candidate {
    /// A segment with what choosing it is worth (its contribution, a score: what is maximised is the sum) and how many
    /// customers it has.
    pub fn new(name: impl Into<String>, worth: f64, customers: u64) -> Self {
        let name = name.into();
        Self { name, worth, customers, reach: None, returns: None, cost: Money::ZERO, members: None }
    }

    /// An audience of rules with what choosing it is worth; its customers are those of its mask.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`](crate::Error::UnknownSegment) where the set has no such audience.
    pub fn of_audience(name: &str, worth: f64, audiences: &AudienceSet) -> Result<Self> {
        let mask = audiences.mask(name)?;
        Ok(Self::new(name, worth, mask.count() as u64).members(mask.clone()))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What choosing it is worth, in place of what it was made with.
    #[must_use]
    pub fn worth(mut self, worth: f64) -> Self {
        self.worth = worth;
        self
    }

    /// How many of its customers can be addressed with their consent. Defaults to not known.
    #[must_use]
    pub fn reach(mut self, customers: u64) -> Self {
        self.reach = Some(customers);
        self
    }

    /// What its customers bought, in currency units, and the share of that value that came back. Defaults to not known.
    #[must_use]
    pub fn returns(mut self, sales: f64, return_rate: f64) -> Self {
        self.returns = Some((sales, return_rate));
        self
    }

    /// What activating it costs. Defaults to nothing.
    #[must_use]
    pub fn cost(mut self, cost: Money) -> Self {
        self.cost = cost;
        self
    }

    /// Who is in it, one bit per customer of a table, so that overlaps can be told. Defaults to not known, as for the
    /// segments of one [`Segmentation`](crate::Segmentation), which never overlap.
    #[must_use]
    pub fn members(mut self, members: Bitmap) -> Self {
        self.members = Some(members);
        self
    }
}

impl From<&SegmentPlan> for Candidate {
    /// A segment of a plan, worth what its customers contribute together (their mean times their number), with its return
    /// rate weighted by what they bought. Its reach is not known.
    fn from(place: &SegmentPlan) -> Self {
        let numbers = &place.economics;
        let candidate = Self::new(place.segment.clone(), numbers.contribution().to_f64(), numbers.customers);
        let bought = numbers.net + numbers.returned.unwrap_or_default();
        match numbers.return_rate {
            Some(rate) => candidate.returns(bought.to_f64().max(0.0), rate.rate),
            None => candidate,
        }
    }
}
