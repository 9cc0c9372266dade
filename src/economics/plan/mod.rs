//! The plan: segments ranked by what they earn, each with an action and its reasons.

mod action;
mod criteria;
mod mean;
mod pooled;
mod rank;
mod segment;
mod words;

use std::cmp::Reverse;

use serde::Serialize;

use crate::economics::analysis::Backtested;
use crate::economics::budget::{Allocation, Budget, BudgetLine, ResponseCurve};
use crate::economics::builder::Economics;
use crate::economics::concentration::Concentration;
use crate::economics::customer_rates::CustomerRates;
use crate::economics::discovery::Discovered;
use crate::economics::drivers::ReturnDrivers;
use crate::economics::facts::Facts;
use crate::economics::finding::Finding;
use crate::economics::portfolio::{Candidate, Choice};
use crate::economics::scenario::Sensitivity;
use crate::economics::waterfalls::{Waterfalls, waterfalls};
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::segment::{Segmentation, position_of};
use crate::transaction::AsOf;

pub use action::Action;
pub use criteria::{Attractiveness, Difference, DifferenceMeasure};
pub use mean::{MeanEstimate, PooledMean};
pub use pooled::PooledRate;
pub use rank::{RankBy, RankShift, RankShifts};
pub(super) use rank::{descending, ranks};
pub use segment::{ReturnedLines, SegmentEconomics};

use action::Case;

pub(super) use action::units;

/// A segment's place in the plan.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SegmentPlan {
    /// Its name.
    pub segment: String,
    /// Its rank by contribution; 1 earns most.
    pub rank: usize,
    /// Its rank by gross.
    pub rank_by_gross: usize,
    /// What to do.
    pub action: Action,
    /// Why, in words with the numbers; last what is not known.
    pub reasons: Vec<String>,
    /// Further actions whose own condition holds.
    pub also: Vec<Action>,
    /// How attractive it is to act on.
    pub attractiveness: Attractiveness,
    /// Its rank by what there is to gain from acting on it ([`Attractiveness::value`]).
    pub priority: usize,
    /// Its numbers.
    pub economics: SegmentEconomics,
}

/// Segments ranked by contribution, with an action each, and what else is known of the shop.
///
/// Ranked by the last known margin in total (CM3, or CM2 where marketing is not known), of equals in the order of
/// the segmentation. The action is that of the first rule that fires:
///
/// | rule | action |
/// |---|---|
/// | fewer customers, or fewer with known consent, than the minimum audience | hold |
/// | return-driven, no fix tried: a return rate likely above the shop's, and a loss that would be a gain at the shop's rate, or a loss to returns beyond that rate of more than 25 % of its value | fix |
/// | gross per customer above the shop's, margin per gross zero or less or below a quarter of the shop's, P(value > 0) ≥ 0.10 | reduce paid exposure |
/// | P(value > 0) < 0.10, on the evidence of at least 100 customers of equal weight | suppress with a hold-out |
/// | likely of high value (from 1.5 times the shop's mean per customer), response known to be high | invest |
/// | likely of mid value (from 0.5 times), known to grow | grow |
/// | likely of high value, response not known to be high | maintain |
/// | the rest | low-touch |
///
/// *Likely* is a probability of 0.80. Probabilities are those of the segment's pooled estimates, so that a small segment does
/// not pass for a good or a bad one by chance. All numbers are settings of [`EconomicsBuilder`](crate::economics::EconomicsBuilder). A criterion without data is
/// unknown: it neither fires a rule nor forbids one, and the reasons say so. A return rate alone never suppresses:
/// customers allowed to return may be worth more (Petersen and Kumar, Journal of Marketing Research 2015), which is
/// why *fix* comes before *suppress*, and both ask for a hold-out.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Plan {
    /// The currency of its amounts; `None` where the table does not say.
    pub currency: Option<String>,
    /// The moment it describes; `None` where the table does not say.
    pub as_of: Option<AsOf>,
    /// The level of its intervals.
    pub confidence: f64,
    /// The segments, by rank.
    pub segments: Vec<SegmentPlan>,
    /// Customers without a segment; `None` without any.
    pub unassigned: Option<SegmentEconomics>,
    /// All customers together.
    pub shop: SegmentEconomics,
    /// Who carries the profit.
    pub concentration: Concentration,
    /// Whether the shop has customers who look rich and earn little, and who they are.
    pub finding: Finding,
    /// The best few segments under the limits that were set; `None` where none were.
    pub portfolio: Option<Choice>,
    /// How a budget is best spread over the segments; `None` until [`Plan::spend`] has been asked.
    pub budget: Option<Allocation>,
    /// Rules that describe the customers who look rich and earn little; `None` unless made by [`Economics::analyse`].
    pub discovery: Option<Discovered>,
    /// How much hangs on each cost setting; `None` unless made by [`Economics::analyse`].
    pub sensitivity: Option<Sensitivity>,
    /// What is known or assumed of returns still to come; `None` unless made by [`Economics::analyse`], and where returns are
    /// not recorded.
    pub return_lag: Option<String>,
    /// What drives the returns of the segments whose returns ask for an action, segment by segment in the order of ranks;
    /// empty unless made by [`Economics::analyse`].
    pub drivers: Vec<ReturnDrivers>,
    /// How a plan made earlier would have done; `None` unless made by [`Economics::analyse`].
    pub backtest: Option<Backtested>,
}

impl Plan {
    /// A segment's place.
    #[must_use]
    pub fn segment(&self, name: &str) -> Option<&SegmentPlan> {
        self.segments.iter().find(|segment| segment.segment == name)
    }

    /// The segments to keep or to build on (invest, grow or maintain), by rank.
    #[must_use]
    pub fn best(&self) -> Vec<&str> {
        self.named(&[Action::Invest, Action::Grow, Action::Maintain])
    }

    /// The segments whose returns are to be mended, by rank.
    #[must_use]
    pub fn fix(&self) -> Vec<&str> {
        self.named(&[Action::Fix])
    }

    /// The segments to leave out of paid activation, by rank.
    #[must_use]
    pub fn suppress(&self) -> Vec<&str> {
        self.named(&[Action::Suppress])
    }

    /// The segments to show fewer paid ads: by their action, or also beside it; by rank.
    #[must_use]
    pub fn reduce_paid_exposure(&self) -> Vec<&str> {
        let wanted = Action::ReducePaidExposure;
        let fits = |segment: &&SegmentPlan| segment.action == wanted || segment.also.contains(&wanted);
        self.segments.iter().filter(fits).map(|segment| segment.segment.as_str()).collect()
    }

    /// A line of a budget for a segment, whose response is customers won or kept: each is worth what a customer of the
    /// segment contributes, as sure as that is.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`] where the plan has no such segment,
    /// [`Error::Empty`] where nothing is known of what it earns.
    pub fn budget_line(&self, segment: &str, response: ResponseCurve) -> Result<BudgetLine> {
        let value = self.place(segment)?.economics.value.ok_or(Error::Empty {
            what: "the list of margins of the segment",
            hint: "nothing is known of what its customers earn; set the margin of the line",
        })?;
        let line = BudgetLine::new(segment, response);
        Ok(match (value.pooled, value.standard_error) {
            (Some(pooled), _) => line.margin(pooled.mean).standard_error(pooled.standard_error),
            (None, Some(error)) => line.margin(value.mean).standard_error(error),
            (None, None) => line.margin(value.mean),
        })
    }

    /// Spreads a budget over segments of this plan, and keeps the result with it.
    ///
    /// ```
    /// use kohort::economics::{Budget, CostOfGoods, ResponseCurve};
    /// use kohort::segment::{Segmenter, StarterSegments};
    /// use kohort::synthetic::Shop;
    /// use kohort::{Costs, Economics, FeatureExtractor, Money};
    ///
    /// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
    /// let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
    /// let customers = economics.enrich(&FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?)?;
    /// let segments = StarterSegments::builder().build()?.fit(&customers)?.segment(&customers)?;
    /// let mut plan = economics.prioritize(&customers, &segments)?;
    ///
    /// // 1,000 a month has won 30 customers in either segment; 1 % more spending wins 0.4 % more.
    /// let response = ResponseCurve::from_elasticity(Money::parse("1000")?, 30.0, 0.4)?;
    /// let mut budget = Budget::builder(Money::parse("2000")?);
    /// for segment in plan.best() {
    ///     budget = budget.line(plan.budget_line(segment, response)?);
    /// }
    /// println!("{}", plan.spend(&budget.build()?)?);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownSegment`] where a line names a segment that the plan does not have.
    pub fn spend(&mut self, budget: &Budget) -> Result<&Allocation> {
        for line in budget.lines() {
            self.place(line.segment())?;
        }
        Ok(self.budget.insert(budget.allocate()))
    }

    fn place(&self, segment: &str) -> Result<&SegmentPlan> {
        let position = position_of(segment, self.segments.iter().map(|place| place.segment.as_str()))?;
        Ok(&self.segments[position])
    }

    fn named(&self, actions: &[Action]) -> Vec<&str> {
        let fits = |segment: &&SegmentPlan| actions.contains(&segment.action);
        self.segments.iter().filter(fits).map(|segment| segment.segment.as_str()).collect()
    }
}

/// Segments by rank, with the customers who have none and the shop.
pub(super) struct Ranking {
    pub(super) places: Vec<SegmentPlan>,
    unassigned: Option<SegmentEconomics>,
    shop: SegmentEconomics,
}

impl Economics {
    /// Segments ranked by contribution, with an action and its reasons. O(customers).
    ///
    /// An empty segment is in the plan, on hold and with nothing known.
    ///
    /// ```
    /// use kohort::economics::{Action, CostOfGoods};
    /// use kohort::features::{FeatureTable, Values};
    /// use kohort::transaction::CustomerIds;
    /// use kohort::{Costs, Economics, Money, Rate, Segmentation};
    ///
    /// // 100 keepers of 80 each, and 100 who buy for 400 and send back 390 of it in two parcels.
    /// let amounts = |of: fn(i64) -> i64| Values::Money((0..200).map(|i| Money::from_ten_thousandths(of(i))).collect());
    /// let table = FeatureTable::from_columns(
    ///     CustomerIds::rows(200),
    ///     [
    ///         ("gross", amounts(|i| if i < 100 { 800_000 } else { 4_000_000 } + i)),
    ///         ("returned", amounts(|i| if i < 100 { 0 } else { 3_900_000 })),
    ///         ("return_parcels", Values::U32((0..200).map(|i| if i < 100 { 0 } else { 2 }).collect())),
    ///     ],
    /// )?;
    /// let names = vec!["keepers".to_owned(), "big spenders".to_owned()];
    /// let segments = Segmentation::new(&table, names, &(0..200).map(|row| Some(row / 100)).collect::<Vec<_>>())?;
    ///
    /// let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.4)?)).build()?;
    /// let plan = Economics::builder(costs).build()?.prioritize(&table, &segments)?;
    /// let spenders = plan.segment("big spenders").expect("it was named");
    /// assert_eq!((spenders.rank_by_gross, spenders.rank, spenders.action), (1, 2, Action::Fix));
    /// assert_eq!(plan.best(), ["keepers"]);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Economics::waterfalls`]; [`Error::Incompatible`] where the segments are of
    /// other customers than the table, or a customer returned more lines than she bought; [`Error::UnknownSegment`] where a setting names
    /// a segment that is not there.
    pub fn prioritize(&self, table: &FeatureTable, segments: &Segmentation) -> Result<Plan> {
        let facts = Facts::read(table)?;
        let waterfalls = waterfalls(&self.costs, &facts)?;
        let Ranking { places, unassigned, shop } = self.rank(&facts, &waterfalls, segments)?;
        let rates = CustomerRates::of(&facts, &self.settings)?;
        Ok(Plan {
            currency: table.context().map(|context| context.currency.clone()),
            as_of: table.context().map(|context| context.as_of.clone()),
            confidence: self.settings.confidence,
            concentration: Concentration::of(&facts, &waterfalls),
            finding: self.find(&facts, &waterfalls, rates.as_ref()),
            portfolio: self.portfolio(&places)?,
            segments: places,
            unassigned,
            shop,
            budget: None,
            discovery: None,
            sensitivity: None,
            return_lag: None,
            drivers: Vec::new(),
            backtest: None,
        })
    }

    /// The segments of a plan, without what else is known of the shop.
    pub(super) fn rank(
        &self,
        facts: &Facts<'_>,
        waterfalls: &Waterfalls,
        segments: &Segmentation,
    ) -> Result<Ranking> {
        let settings = &self.settings;
        let responses = settings.response.iter().map(|(name, _)| name);
        let shares = [&settings.growth, &settings.consented, &settings.stability, &settings.described];
        let shares = shares.into_iter().flatten().map(|(name, _)| name);
        for name in settings.fix_tried.iter().chain(responses).chain(shares) {
            segments.named(name)?;
        }
        let (mut numbers, shop) = segment::segments(self, facts, waterfalls, segments)?;
        let unassigned = numbers.pop().filter(|group| group.customers > 0);
        let by_gross = ranks(numbers.len(), |a, b| numbers[b].gross.cmp(&numbers[a].gross));
        let differences = criteria::differences(facts, waterfalls, segments);
        let stakes: f64 = numbers.iter().map(|segment| segment.contribution().to_f64().abs()).sum();
        let mut places: Vec<SegmentPlan> = segments
            .names()
            .iter()
            .zip(numbers)
            .zip(by_gross.into_iter().zip(differences))
            .map(|((name, economics), (rank_by_gross, difference))| {
                let decision = Case { name, segment: &economics, shop: &shop, settings }.decide();
                SegmentPlan {
                    segment: name.clone(),
                    rank: 0,
                    rank_by_gross,
                    action: decision.action,
                    reasons: decision.reasons,
                    also: decision.also,
                    attractiveness: Attractiveness::of(name, &economics, difference, stakes, settings),
                    priority: 0,
                    economics,
                }
            })
            .collect();
        places.sort_by_key(|place| Reverse(place.economics.contribution()));
        places.iter_mut().zip(1..).for_each(|(place, rank)| place.rank = rank);
        let gain = |place: usize| places[place].attractiveness.value.unwrap_or(f64::NEG_INFINITY);
        let by_gain = ranks(places.len(), |a, b| gain(b).total_cmp(&gain(a)));
        places.iter_mut().zip(by_gain).for_each(|(place, priority)| place.priority = priority);
        Ok(Ranking { places, unassigned, shop })
    }

    /// The best few segments under the limits that were set, each worth what there is to gain from acting on it.
    fn portfolio(&self, places: &[SegmentPlan]) -> Result<Option<Choice>> {
        let Some(portfolio) = &self.settings.portfolio else { return Ok(None) };
        let candidates = places.iter().map(|place| {
            let candidate = Candidate::from(place).worth(place.attractiveness.value.unwrap_or_default());
            match place.attractiveness.accessible {
                Some(share) => candidate.reach((share * place.economics.customers as f64).floor() as u64),
                None => candidate,
            }
        });
        portfolio.choose(&candidates.collect::<Vec<_>>()).map(Some)
    }
}
