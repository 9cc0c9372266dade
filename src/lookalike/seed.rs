//! Who the seeds are, and what each counts for.

use std::fmt;

use crate::bitmap::Bitmap;
use crate::economics::{Finding, Plan};
use crate::error::{Error, Result};
use crate::features::{Column, FeatureTable};
use crate::numeric::number::NumericFeature;
use crate::segment::{Predicate, Segmentation};
use crate::transaction::{CustomerId, CustomerIds};

/// Fewer effective seeds than this are refused.
pub(crate) const FEWEST: f64 = 25.0;

/// The best segments of a plan make at most one customer in so many a seed.
const MOST_BEST: usize = 5;

/// Fewer than this are worth a warning.
const FEW: f64 = 100.0;

/// The customers that others shall resemble: who they are, what each counts for, and what likeness means.
///
/// ```
/// use kohort::features::{Column, FeatureTable, Values};
/// use kohort::lookalike::Seed;
/// use kohort::segment::feature;
/// use kohort::transaction::CustomerIds;
///
/// // A list from somewhere else, in either form of ids.
/// let listed = Seed::ids([17_u64, 4, 23]);
/// // Those for whom a rule holds in the table that the model is fitted to; a customer of twice the value counts twice.
/// let loyal = Seed::matching(feature("orders").ge(5)).valued_by("contribution");
/// # let _ = (listed, loyal);
/// ```
///
/// **Weights.** [`Seed::valued_by`] is for seeds that are meant to be the good customers: each counts for her value, less than
/// nothing is no seed, and what lies above the 95 % quantile of the seeds' values counts as that, so that no single
/// customer carries the audience. [`Seed::for_demand`] is for seeds whose demand is wanted and whose returns are not.
///
/// **How many are needed.** The *effective* number of seeds, `(Σw)²/Σw²` (Kish 1965), is what equal weights would give the
/// same precision. Below 25 a fit is refused, below 100 the model warns.
#[derive(Clone)]
pub struct Seed {
    who: Who,
    value: Option<String>,
    outcomes: Outcomes,
    unknown: UnknownIds,
}

#[derive(Clone)]
enum Who {
    List(Vec<CustomerId>),
    Ids(CustomerIds),
    Matching(Predicate),
}

/// Whether what came back, and what was earned after it, takes part in likeness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcomes {
    Used,
    LeftOut,
}

/// What to do with listed ids that the table does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum UnknownIds {
    /// Stop with an error that names the first.
    #[default]
    Error,
    /// Leave them out, and count them in [`SeedSummary::unknown`].
    Skip,
}

/// What became of a seed in the table a model was fitted to.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct SeedSummary {
    /// Customers that were named, each once.
    pub named: u64,
    /// Those of them that the table does not have.
    pub unknown: u64,
    /// Those who have no value, or none above zero, where value says what a seed counts for.
    pub without_value: u64,
    /// The seeds that are left.
    pub seeds: u64,
    /// As how many equal seeds they tell: `(Σw)²/Σw²`.
    pub effective: f64,
    /// The feature by whose value they count.
    pub valued_by: Option<String>,
    /// Whether returns and what is derived from them stayed out of likeness.
    pub outcomes_left_out: bool,
}

impl Seed {
    fn of(who: Who) -> Self {
        Self { who, value: None, outcomes: Outcomes::Used, unknown: UnknownIds::default() }
    }

    /// Customers listed by id, as a campaign tool or a survey gives them; who is named twice counts once.
    pub fn ids<I: Into<CustomerId>>(ids: impl IntoIterator<Item = I>) -> Self {
        Self::of(Who::List(ids.into_iter().map(Into::into).collect()))
    }

    /// The customers of a set, such as [`Segmentation::members`] or
    /// [`AudienceSet::members`](crate::AudienceSet::members) give.
    #[must_use]
    pub fn customers(ids: CustomerIds) -> Self {
        Self::of(Who::Ids(ids))
    }

    /// Those of the table for whom a predicate holds; unknown does not hold.
    #[must_use]
    pub fn matching(predicate: Predicate) -> Self {
        Self::of(Who::Matching(predicate))
    }

    /// The members of some segments.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`].
    pub fn segments<S: AsRef<str>>(segments: &Segmentation, names: &[S]) -> Result<Self> {
        let mut rows = Bitmap::filled(segments.len(), false);
        for name in names {
            rows = rows.or(&segments.mask(name.as_ref())?);
        }
        Ok(Self::customers(segments.ids().gather(&rows.ones().collect::<Vec<usize>>())))
    }

    /// The good customers of a plan: the members of its best segments ([`Plan::best`]) in the order of their rank, as long as
    /// they are a fifth of the customers together at most, of the first in any case; they count for their `contribution`
    /// (see [`Economics::enrich`](crate::Economics::enrich)). In a shop that is to keep nearly everyone, seeds that are
    /// nearly everyone would tell nobody apart. For others, name them: [`Seed::segments`].
    ///
    /// # Errors
    /// [`Error::Empty`] where the plan has no segment to build on; [`Error::UnknownSegment`] where the plan is that of
    /// other segments.
    pub fn best(plan: &Plan, segments: &Segmentation) -> Result<Self> {
        let best = plan.best();
        if best.is_empty() {
            return Err(Error::Empty {
                what: "the plan's list of segments to invest in, grow or maintain",
                hint: "choose seeds by a predicate or a list of ids, or mend what makes every segment lose money",
            });
        }
        let (mut kept, mut members) = (0, 0);
        for name in &best {
            members += segments.mask(name)?.count();
            if kept > 0 && members * MOST_BEST > segments.len() {
                break;
            }
            kept += 1;
        }
        Ok(Self::segments(segments, &best[..kept])?.valued_by("contribution"))
    }

    /// The customers who look rich and return nearly everything, to find others who want the same goods and keep them: they
    /// count for their `gross` demand, and returns stay out of likeness, as [`Seed::for_demand`] says.
    ///
    /// # Errors
    /// [`Error::Empty`] where the finding is that there are none; [`Error::Incompatible`] where it is of a table with another
    /// number of customers; a finding of other customers of the same number is not noticed.
    pub fn rich_but_returning(finding: &Finding, table: &FeatureTable) -> Result<Self> {
        if finding.mask.len() != table.len() {
            return Err(Error::Incompatible {
                what: "the number of customers of the finding and of the table",
                left: finding.mask.len().to_string(),
                right: table.len().to_string(),
            });
        }
        let rows: Vec<usize> = finding.mask.ones().collect();
        if rows.is_empty() {
            return Err(Error::Empty {
                what: "the finding of customers who look rich and return nearly everything",
                hint: "this shop has none that evidence supports; seed by a predicate if you want those who come nearest",
            });
        }
        Ok(Self::customers(table.ids().gather(&rows)).for_demand("gross"))
    }

    /// Each seed counts for her value in a feature of the table, such as contribution or lifetime value: zero or less, or
    /// missing, is no seed, and more than the 95 % quantile of the seeds' counts as that. Who is named and is no seed for
    /// lack of value is one of the others, whom seeds are told from, and may be in the audience. Defaults to all counting
    /// alike.
    #[must_use]
    pub fn valued_by(mut self, feature: impl AsRef<str>) -> Self {
        self.value = Some(feature.as_ref().to_owned());
        self
    }

    /// Each seed counts for her demand in a feature of the table, such as `gross`, as for [`Seed::valued_by`]; and returns,
    /// contribution and everything kohort derives from them stay out of the score. So the audience resembles
    /// the seeds in what they buy, and how much of it comes back enters through the limit of the
    /// [`Expansion`](super::Expansion) alone. Features of your own that tell of returns are left out by
    /// [`LookalikeBuilder::without`](super::LookalikeBuilder::without).
    #[must_use]
    pub fn for_demand(mut self, feature: impl AsRef<str>) -> Self {
        self.value = Some(feature.as_ref().to_owned());
        self.outcomes = Outcomes::LeftOut;
        self
    }

    /// What to do with listed ids that the table does not have. Defaults to [`UnknownIds::Error`].
    #[must_use]
    pub fn unknown_ids(mut self, policy: UnknownIds) -> Self {
        self.unknown = policy;
        self
    }

    /// The same with other customers: some of its own, as an evaluation leaves them.
    pub(crate) fn narrowed(&self, customers: CustomerIds) -> Self {
        Self { who: Who::Ids(customers), ..self.clone() }
    }

    pub(crate) fn outcomes(&self) -> Outcomes {
        self.outcomes
    }

    /// The rows of the seeds, ascending, with their weights, of mean 1. Not checked for how many they are.
    pub(crate) fn resolve(&self, table: &FeatureTable) -> Result<Resolved> {
        let (rows, named) = self.rows(table)?;
        let found = rows.len() as u64;
        let (rows, weights) = match &self.value {
            None => (rows.clone(), vec![1.0; rows.len()]),
            Some(feature) => valued(table, feature, rows)?,
        };
        let effective = effective(&weights);
        let summary = SeedSummary {
            named,
            unknown: named - found,
            without_value: found - rows.len() as u64,
            seeds: rows.len() as u64,
            effective,
            valued_by: self.value.clone(),
            outcomes_left_out: self.outcomes == Outcomes::LeftOut,
        };
        Ok(Resolved { rows, weights, summary })
    }

    /// The rows of those that the table has, and how many were named.
    fn rows(&self, table: &FeatureTable) -> Result<(Vec<usize>, u64)> {
        let ids = table.ids();
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        let mut look_up = |id: CustomerId| match ids.kind().form(&id).and_then(|id| ids.position(&id)) {
            Some(row) => found.push(row),
            None => unknown.push(id),
        };
        match &self.who {
            Who::Matching(predicate) => {
                let rows: Vec<usize> = predicate.evaluate(table)?.holds().ones().collect();
                let named = rows.len() as u64;
                return Ok((rows, named));
            }
            Who::List(list) => list.iter().cloned().for_each(&mut look_up),
            Who::Ids(list) => list.iter().for_each(&mut look_up),
        }
        if let (UnknownIds::Error, Some(first)) = (self.unknown, unknown.first()) {
            return Err(Error::UnknownCustomer { customer: first.to_string() });
        }
        unknown.sort_unstable();
        unknown.dedup();
        found.sort_unstable();
        found.dedup();
        let named = (found.len() + unknown.len()) as u64;
        Ok((found, named))
    }
}

/// Seeds in a table.
pub(crate) struct Resolved {
    pub(crate) rows: Vec<usize>,
    pub(crate) weights: Vec<f64>,
    pub(crate) summary: SeedSummary,
}

impl SeedSummary {
    /// Whether there are so few that the audience is not to be relied on without a test.
    #[must_use]
    pub fn is_small(&self) -> bool {
        self.effective < FEW
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.seeds == 0 {
            return Err(Error::Empty {
                what: "the seed",
                hint: "name customers of this table; where value counts, some of them need one above zero",
            });
        }
        if self.effective < FEWEST {
            return Err(Error::FewSeeds { seeds: self.seeds, effective: self.effective, least: FEWEST });
        }
        Ok(())
    }
}

impl fmt::Display for SeedSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seeds", self.seeds)?;
        if let Some(feature) = &self.valued_by {
            write!(f, ", counting for {feature} as {:.0} equal ones would", self.effective)?;
        }
        for (count, why) in
            [(self.unknown, "not in the table"), (self.without_value, "without a value above zero")]
        {
            if count > 0 {
                write!(f, "; {count} more {why}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match &self.who {
            Who::List(list) => format!("{} ids", list.len()),
            Who::Ids(list) => format!("{} customers", list.len()),
            Who::Matching(predicate) => predicate.to_string(),
        };
        f.debug_struct("Seed")
            .field("who", &who)
            .field("value", &self.value)
            .field("outcomes", &self.outcomes)
            .field("unknown", &self.unknown)
            .finish()
    }
}

/// Those with a value above zero, and what they count for: clipped at the 95 % quantile of theirs, of mean 1.
fn valued(table: &FeatureTable, feature: &str, rows: Vec<usize>) -> Result<(Vec<usize>, Vec<f64>)> {
    NumericFeature::of(table, feature)?;
    let column: &Column = table.column(feature)?;
    let mut kept: Vec<(usize, f64)> = Vec::new();
    for row in rows {
        if let Some(value) = column.number(row).filter(|value| *value > 0.0) {
            kept.push((row, value));
        }
    }
    let mut sorted: Vec<f64> = kept.iter().map(|(_, value)| *value).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let most = type_seven(&sorted, 0.95);
    // Largest value 1 before the mean, so that no sum overflows.
    let shares: Vec<f64> = kept.iter().map(|(_, value)| value.min(most) / most).collect();
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    Ok((kept.iter().map(|(row, _)| *row).collect(), shares.iter().map(|share| share / mean).collect()))
}

/// The quantile of sorted numbers, linear between them; 1 of none.
fn type_seven(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 1.0 };
    let place = last as f64 * probability;
    let below = sorted[place as usize];
    let above = sorted[(place as usize + 1).min(last)];
    below + (above - below) * place.fract()
}

/// `(Σw)²/Σw²`; 0 of none.
pub(crate) fn effective(weights: &[f64]) -> f64 {
    let (sum, squares) = weights.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}
