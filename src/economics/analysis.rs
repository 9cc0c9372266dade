//! The one call: from order lines to the plan with everything that is known of it.

use std::fmt;

use serde::Serialize;

use crate::economics::backtest::{Backtest, BacktestOutcome};
use crate::economics::builder::Economics;
use crate::economics::customer_rates::CustomerRates;
use crate::economics::drivers::DriverBy;
use crate::economics::facts::Facts;
use crate::economics::plan::Plan;
use crate::economics::returns::ReturnLagModel;
use crate::economics::waterfalls::waterfalls;
use crate::error::{Error, Result};
use crate::features::{FeatureExtractor, FeatureTable, ReturnKnowledge, TableContext};
use crate::segment::Segmentation;
use crate::transaction::{AsOf, Attribute, DAY, TransactionLog};

/// A plan made earlier is held against days of whose last at least this share of the returns has been seen.
const SEEN: f64 = 0.95;

/// What may explain returns. Products are too many for a plan.
const EXPLAINING: [DriverBy; 8] = [
    DriverBy::Attribute(Attribute::Category),
    DriverBy::Attribute(Attribute::Brand),
    DriverBy::Attribute(Attribute::Size),
    DriverBy::Attribute(Attribute::Reason),
    DriverBy::Attribute(Attribute::Channel),
    DriverBy::Attribute(Attribute::Country),
    DriverBy::Discount,
    DriverBy::FirstOrder,
];

/// What [`Economics::analyse`] finds: the plan, and the customers and segments it is about, for the next stage.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Analysis {
    /// The customers, with what economics adds to them.
    pub customers: FeatureTable,
    /// Their segments.
    pub segments: Segmentation,
    /// The plan.
    pub plan: Plan,
}

/// How a plan made earlier would have done, or why that cannot be said.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Backtested {
    /// It was held against what came after.
    Outcome(Box<BacktestOutcome>),
    /// It could not be.
    Refused {
        /// Why.
        reason: String,
    },
}

impl Backtested {
    /// The outcome, where there is one.
    #[must_use]
    pub fn outcome(&self) -> Option<&BacktestOutcome> {
        match self {
            Self::Outcome(outcome) => Some(outcome),
            Self::Refused { .. } => None,
        }
    }
}

impl fmt::Display for Backtested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcome(outcome) => write!(f, "{outcome}"),
            Self::Refused { reason } => writeln!(f, "Not held against the past: {reason}"),
        }
    }
}

impl Economics {
    /// From order lines to the whole plan: features as of the extractor's moment, with young orders counted for what they
    /// can tell of returns; what economics adds to them ([`Economics::enrich`]); segments, made by `segment` from that
    /// table; the plan ([`Economics::prioritize`]); what drives the returns of each segment to fix, suppress or show fewer
    /// ads ([`Economics::return_drivers`]); and how a plan made earlier would have done in the 90 days after it
    /// ([`Economics::backtest`]; early enough that 95 % of the returns of the last of these days are in), or why that cannot
    /// be said. Beside them stand rules that describe the customers who look rich and earn little
    /// ([`Economics::discover`]), and how much hangs on each cost setting ([`Economics::sensitivity`]).
    ///
    /// The extractor is to have no [return lag](crate::features::FeatureExtractorBuilder::return_lag) of its own: it is
    /// learned here, for the past moment from what was known then.
    ///
    /// ```
    /// use kohort::economics::CostOfGoods;
    /// use kohort::segment::{Segmenter, StarterSegments};
    /// use kohort::synthetic::Shop;
    /// use kohort::{Costs, Economics, FeatureExtractor};
    ///
    /// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
    /// let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
    /// let extractor = FeatureExtractor::builder(log.as_of_end()?).build()?;
    /// let analysis = economics.analyse(&log, &extractor, |customers| {
    ///     StarterSegments::builder().build()?.fit(customers)?.segment(customers)
    /// })?;
    /// println!("{}", analysis.plan);
    /// for segment in analysis.plan.best() {
    ///     println!("{segment}: {} customers", analysis.segments.members(segment)?.len());
    /// }
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`FeatureExtractor::extract`], [`Economics::enrich`] and [`Economics::prioritize`]; what `segment` returns.
    pub fn analyse(
        &self,
        log: &TransactionLog,
        extractor: &FeatureExtractor,
        segment: impl Fn(&FeatureTable) -> Result<Segmentation>,
    ) -> Result<Analysis> {
        let (table, lag) = self.customers_of(log, extractor)?;
        let customers = self.enrich(&table)?;
        let segments = segment(&customers)?;
        let facts = Facts::read(&customers)?;
        let waterfalls = waterfalls(&self.costs, &facts)?;
        let ranking = self.rank(&facts, &waterfalls, &segments)?;
        let rates = CustomerRates::of(&facts, &self.settings)?;
        let mut plan = self.plan_of(&facts, &waterfalls, rates.as_ref(), ranking)?;
        plan.return_lag = lag.as_ref().map(ReturnLagModel::assumption);
        plan.discovery = match self.search(&facts, &waterfalls, rates.as_ref(), &self.settings.discovery) {
            Ok(discovered) => Some(discovered),
            // No feature to search.
            Err(Error::Empty { .. }) => None,
            Err(other) => return Err(other),
        };
        plan.sensitivity = Some(self.sensitivity_of(&facts, &waterfalls, &segments, &plan.segments)?);
        let mut troubled = [plan.fix(), plan.suppress(), plan.reduce_paid_exposure()].concat();
        troubled.sort_by_key(|segment| plan.segment(segment).map(|place| place.rank));
        troubled.dedup();
        plan.drivers = self.drivers_of(log, &customers, &segments, &troubled, &EXPLAINING)?;
        let seen = lag.as_ref().map_or(0, |lag| lag.curve().days_until(SEEN));
        plan.backtest = Some(self.look_back(log, extractor, seen, segment));
        Ok(Analysis { customers, segments, plan })
    }

    /// The table of an extractor, with effective exposure where the log tells when things come back; where it records returns
    /// without their times, with what the extractor assumes of them.
    pub(super) fn customers_of(
        &self,
        log: &TransactionLog,
        extractor: &FeatureExtractor,
    ) -> Result<(FeatureTable, Option<ReturnLagModel>)> {
        let lag = &self.settings.return_lag;
        let fits = lag.attribute().is_none_or(|attribute| log.attribute(attribute).is_some());
        match lag.fit(log, extractor.as_of()) {
            Ok(lag) => {
                let extractor = extractor.to_builder().return_lag(&lag).build()?;
                Ok((extractor.extract(log)?, Some(lag)))
            }
            // Nothing is recorded of returns or of their times, or nothing came back yet.
            Err(Error::FeatureNeeds { .. } | Error::Empty { .. }) if fits => {
                let table = extractor.extract(log)?;
                let untimed = |context: &TableContext| context.returns == ReturnKnowledge::AsKnown;
                let assumed = || ReturnLagModel::assumed(extractor.maturity_days);
                let lag = table.context().is_some_and(untimed).then(assumed);
                Ok((table, lag))
            }
            Err(other) => Err(other),
        }
    }

    fn look_back(
        &self,
        log: &TransactionLog,
        extractor: &FeatureExtractor,
        seen_after: u32,
        segment: impl Fn(&FeatureTable) -> Result<Segmentation>,
    ) -> Backtested {
        let days = self.settings.look_back_days;
        let as_of = extractor.as_of();
        let back = i64::from(days.saturating_add(seen_after)).saturating_mul(DAY);
        let at = AsOf::instant(as_of.micros().saturating_sub(back), as_of.zone());
        let outcome = at.and_then(|at| {
            let test = Backtest::builder(at).days(days).build()?;
            self.backtest(log, extractor, &test, segment)
        });
        match outcome {
            Ok(outcome) => Backtested::Outcome(Box::new(outcome)),
            // A shop too young, or without times of returns, has a plan all the same.
            Err(error) => Backtested::Refused { reason: error.to_string() },
        }
    }
}
