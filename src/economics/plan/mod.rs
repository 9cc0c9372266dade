//! The plan: segments ranked by what they earn, each with an action and its reasons.

mod action;
mod mean;
mod pooled;
mod rank;
mod segment;

use std::cmp::Reverse;
use std::fmt;

use serde::Serialize;

use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::finding::level;
use crate::economics::returns::Interval;
use crate::economics::waterfalls::waterfalls;
use crate::error::Result;
use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped, money_whole, percent};
use crate::segment::Segmentation;
use crate::transaction::AsOf;

pub use action::Action;
pub use mean::{MeanEstimate, PooledMean};
pub use pooled::PooledRate;
pub use rank::{RankBy, RankShift, RankShifts};
pub use segment::{ReturnedLines, SegmentEconomics};

use action::{Case, units};

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
    /// Its numbers.
    pub economics: SegmentEconomics,
}

/// Segments ranked by contribution, with an action each.
///
/// Ranked by the last known margin in total (CM3, or CM2 where marketing is not known), of equals in the order of
/// the segmentation. The action is that of the first rule that fires:
///
/// | rule | action |
/// |---|---|
/// | fewer customers, or fewer with known consent, than the minimum audience | hold |
/// | return-driven, no fix tried: a loss that would be a gain at the shop's return rate, or a loss to returns beyond that rate of more than 25 % of its value | fix |
/// | gross per customer above the shop's, margin per gross zero or less or below a quarter of the shop's, P(value > 0) ≥ 0.10 | reduce paid exposure |
/// | P(value > 0) < 0.10, known of at least 100 customers | suppress with a hold-out |
/// | high value (from 1.5 times the shop's mean per customer), response known to be high | invest |
/// | mid value (from 0.5 times), known to grow | grow |
/// | high value, response not known to be high | maintain |
/// | the rest | low-touch |
///
/// All numbers are settings of [`EconomicsBuilder`](crate::economics::EconomicsBuilder). A criterion without data is
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

    fn named(&self, actions: &[Action]) -> Vec<&str> {
        let fits = |segment: &&SegmentPlan| actions.contains(&segment.action);
        self.segments.iter().filter(fits).map(|segment| segment.segment.as_str()).collect()
    }
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
    /// As for [`Economics::waterfalls`]; [`Error::Incompatible`](crate::Error::Incompatible) where the segments are of
    /// other customers than the table, or a customer returned more lines than she bought; [`Error::UnknownSegment`](crate::Error::UnknownSegment) where a setting names
    /// a segment that is not there.
    pub fn prioritize(&self, table: &FeatureTable, segments: &Segmentation) -> Result<Plan> {
        let settings = &self.settings;
        let responses = settings.response.iter().map(|(name, _)| name);
        let shares = settings.growth.iter().chain(&settings.consented).map(|(name, _)| name);
        for name in settings.fix_tried.iter().chain(responses).chain(shares) {
            segments.named(name)?;
        }
        let facts = Facts::read(table)?;
        let waterfalls = waterfalls(&self.costs, &facts)?;
        let (mut numbers, shop) = segment::segments(self, &facts, &waterfalls, segments)?;
        let unassigned = numbers.pop().filter(|group| group.customers > 0);
        let mut by_gross: Vec<usize> = (0..numbers.len()).collect();
        by_gross.sort_by_key(|position| Reverse(numbers[*position].gross));
        let mut gross_rank = vec![0; numbers.len()];
        by_gross.iter().zip(1..).for_each(|(position, rank)| gross_rank[*position] = rank);
        let mut places: Vec<SegmentPlan> = segments
            .names()
            .iter()
            .zip(numbers)
            .zip(gross_rank)
            .map(|((name, economics), rank_by_gross)| {
                let decision = Case { name, segment: &economics, shop: &shop, settings }.decide();
                SegmentPlan {
                    segment: name.clone(),
                    rank: 0,
                    rank_by_gross,
                    action: decision.action,
                    reasons: decision.reasons,
                    also: decision.also,
                    economics,
                }
            })
            .collect();
        places.sort_by_key(|place| Reverse(place.economics.contribution()));
        places.iter_mut().zip(1..).for_each(|(place, rank)| place.rank = rank);
        Ok(Plan {
            currency: table.context().map(|context| context.currency.clone()),
            as_of: table.context().map(|context| context.as_of.clone()),
            confidence: settings.confidence,
            segments: places,
            unassigned,
            shop,
        })
    }
}

impl fmt::Display for Plan {
    /// What segments sell and send back, what they earn, and what to do, each as a table; then the reasons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |amount: Option<f64>| amount.map_or_else(|| "–".to_owned(), units);
        let whole = |amount| -> String { money_whole(amount) };
        let all = || {
            let named = self.segments.iter().map(|place| (place.segment.as_str(), &place.economics));
            let unassigned = self.unassigned.iter().map(|group| ("(none)", group));
            named.chain(unassigned).map(Some).chain([None, Some(("all", &self.shop))])
        };
        let rates = |i: Interval| format!("{:.1} … {:.1}", i.low * 100.0, i.high * 100.0);
        let amounts = |i: Interval| format!("{} … {}", units(i.low), units(i.high));
        let or_dash = |interval: Option<Interval>, set: fn(Interval) -> String| {
            interval.map_or_else(|| "–".to_owned(), set)
        };

        writeln!(f, "What segments buy and send back")?;
        let rate_heading = format!("{} interval, %", level(self.confidence));
        let mut sales = TextTable::new(&[
            "<segment",
            "customers",
            "share",
            "orders",
            "gross",
            "share",
            "returned",
            "rate",
            &rate_heading,
            "net",
        ]);
        for line in all() {
            let Some((name, group)) = line else {
                sales.rule();
                continue;
            };
            sales.row([
                name.to_owned(),
                grouped(group.customers),
                percent(group.share_of_customers),
                group.orders.map_or_else(|| "–".to_owned(), grouped),
                whole(group.gross),
                percent(group.share_of_gross),
                group.returned.map_or_else(|| "–".to_owned(), whole),
                percent(group.return_rate.map(|rate| rate.rate)),
                or_dash(group.return_rate.and_then(|rate| rate.interval), rates),
                whole(group.net),
            ]);
        }
        writeln!(f, "{sales}")?;

        writeln!(f, "What they earn, net of tax")?;
        let value_heading = format!("{} interval", level(self.confidence));
        let mut margins = TextTable::new(&[
            "<segment",
            "CM1",
            "CM2",
            "CM3",
            "share",
            "per customer",
            &value_heading,
            "P(> 0)",
            "breaks even at",
            "one point",
        ]);
        for line in all() {
            let Some((name, group)) = line else {
                margins.rule();
                continue;
            };
            let probability = group.value.and_then(|value| value.probability_positive);
            margins.row([
                name.to_owned(),
                whole(group.waterfall.cm1()),
                whole(group.waterfall.cm2()),
                group.waterfall.cm3().map_or_else(|| "–".to_owned(), whole),
                percent(group.share_of_contribution),
                number(group.value.map(|value| value.mean)),
                or_dash(group.value.and_then(|value| value.interval), amounts),
                probability.map_or_else(|| "–".to_owned(), |probability| format!("{probability:.2}")),
                percent(group.break_even.rate),
                number(group.break_even.value_of_point),
            ]);
        }
        writeln!(f, "{margins}")?;

        writeln!(f, "What to do")?;
        let mut plan = TextTable::new(&["rank", "by gross", "<segment", "<action", "<also"]);
        for place in &self.segments {
            let also: Vec<String> = place.also.iter().map(ToString::to_string).collect();
            let (rank, by_gross) = (place.rank.to_string(), place.rank_by_gross.to_string());
            plan.row([rank, by_gross, place.segment.clone(), place.action.to_string(), also.join(", ")]);
        }
        write!(f, "{plan}")?;
        for place in &self.segments {
            writeln!(f, "\n  {}: {}", place.segment, place.action)?;
            for reason in &place.reasons {
                writeln!(f, "    {reason}")?;
            }
        }
        Ok(())
    }
}
