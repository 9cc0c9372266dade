//! How much hangs on each cost: what changes if it does, and from where on the ranking or an action would be another.

use std::fmt;

use serde::Serialize;

use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::plan::{Action, SegmentPlan, ranks};
use crate::economics::scenario::{CostChange, CostSetting, CostValue, Scenario};
use crate::economics::waterfall::Waterfall;
use crate::economics::waterfalls::waterfalls;
use crate::error::Result;
use crate::features::FeatureTable;
use crate::layout::{TextTable, money_whole};
use crate::segment::Segmentation;
use crate::transaction::MoneyTotal;

/// How many times the interval in which an action changes is halved: to a 128th of the step.
const HALVINGS: u32 = 7;

/// What one setting means for one segment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SegmentSensitivity {
    /// The segment.
    pub segment: String,
    /// What the setting costs it now. Raised by a share, the contribution falls by that share of this.
    pub costs: MoneyTotal,
    /// By how much its contribution changes if the setting is a step higher; a step lower the opposite.
    pub change: MoneyTotal,
}

/// What turns at a switch point.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Two neighbours in the ranking change places: the first falls behind the second.
    Rank {
        /// The one that is ahead now.
        ahead: String,
        /// The one that would be.
        behind: String,
    },
    /// A segment's contribution changes its sign.
    Sign {
        /// The segment.
        segment: String,
    },
    /// A segment's action becomes another.
    Action {
        /// The segment.
        segment: String,
        /// The action now.
        from: Action,
        /// The action then.
        to: Action,
    },
}

/// How far a setting has to move before something turns.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SwitchPoint {
    /// The move, as a share of the setting: `-0.25` is a quarter less.
    pub change: f64,
    /// What turns there.
    pub turn: Turn,
}

/// What hangs on one setting.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SettingSensitivity {
    /// The setting.
    pub setting: CostSetting,
    /// What it is called: that of an activity is its own name.
    pub name: String,
    /// What it is now.
    pub value: CostValue,
    /// What it costs the shop now.
    pub costs: MoneyTotal,
    /// By how much the shop's contribution changes if it is a step higher; a step lower the opposite.
    pub change: MoneyTotal,
    /// The segments, in the order of their ranks.
    pub segments: Vec<SegmentSensitivity>,
    /// The most places that a segment moves within a step up or down.
    pub largest_rank_change: usize,
    /// Where ranks, a sign and an action first turn as it rises, each kind once, the nearest first. Ranks and signs are
    /// looked for up to 100 % of a rate, actions within the step.
    pub rising: Vec<SwitchPoint>,
    /// The same as it falls: ranks and signs down to nothing, actions within the step.
    pub falling: Vec<SwitchPoint>,
}

/// What hangs on each cost. Made by [`Economics::sensitivity`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Sensitivity {
    /// The step, as a share of each setting.
    pub step: f64,
    /// The settings that cost something, those that cost most first.
    pub settings: Vec<SettingSensitivity>,
}

/// A segment's contribution, and what a setting costs it, in ten-thousandths.
#[derive(Clone, Copy)]
struct Line {
    contribution: i128,
    costs: i128,
}

impl Economics {
    /// What hangs on each cost setting: each one up and down by a step
    /// ([`sensitivity_step`](crate::economics::EconomicsBuilder::sensitivity_step)), and how far it would have to move before
    /// the ranking of two neighbours, the sign of a contribution or an action turned.
    ///
    /// Contribution is a straight line in every setting, so changes, ranks and their switch points follow from what a
    /// setting costs each segment now. That is read from the waterfall, or is what would be gained if the setting were
    /// zero: at most six more waterfalls. It is exact for amounts; for rates to the rounding of one ten-thousandth per
    /// customer. Actions do not follow a line: the plan is made anew a step up and a step down, and where an action differs,
    /// the point is narrowed down to a 128th of the step. O(settings · customers).
    ///
    /// ```
    /// use kohort::economics::{CostOfGoods, CostSetting, Turn};
    /// use kohort::features::{FeatureTable, Values};
    /// use kohort::transaction::CustomerIds;
    /// use kohort::{Costs, Economics, Money, Rate, Segmentation};
    ///
    /// let amounts = |of: [i64; 2]| Values::Money(of.map(|a| Money::from_ten_thousandths(a * 10_000)).to_vec());
    /// let table = FeatureTable::from_columns(
    ///     CustomerIds::rows(2),
    ///     [
    ///         ("gross", amounts([1_000, 400])),
    ///         ("returned", amounts([500, 0])),
    ///         ("return_parcels", Values::U32(vec![5, 0])),
    ///     ],
    /// )?;
    /// let names = vec!["returner".to_owned(), "keeper".to_owned()];
    /// let segments = Segmentation::new(&table, names, &[Some(0), Some(1)])?;
    /// let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.5)?)).write_down(Rate::ZERO).build()?;
    /// let sensitivity = Economics::builder(costs).build()?.sensitivity(&table, &segments)?;
    ///
    /// // The returner earns 215 and the keeper 200: handling of 35 may rise by 15 before they change places.
    /// let handling = sensitivity.setting(CostSetting::ReturnHandlingPerParcel).expect("it costs something");
    /// assert_eq!(handling.change.to_string(), "-3.50");
    /// let switch = &handling.rising[0];
    /// assert!((switch.change - 15.0 / 35.0).abs() < 1e-12);
    /// assert!(matches!(&switch.turn, Turn::Rank { ahead, .. } if ahead == "returner"));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Economics::prioritize`].
    pub fn sensitivity(&self, table: &FeatureTable, segments: &Segmentation) -> Result<Sensitivity> {
        let facts = Facts::read(table)?;
        let of_customers = waterfalls(&self.costs, &facts)?;
        let places = self.rank(&facts, &of_customers, segments)?.places;
        let now = of_customers.segments(segments)?;
        let step = self.settings.sensitivity_step;
        let mut settings = Vec::new();
        for setting in CostSetting::of(&self.costs) {
            let Some(value) = setting.value(&self.costs) else { continue };
            let costs = self.due(setting, value, &facts, segments, &now)?;
            if costs.iter().all(|costs| *costs == MoneyTotal::ZERO) {
                continue;
            }
            settings.push(self.one(setting, value, &costs, step, (table, segments, &places))?);
        }
        settings.sort_by_key(|setting: &SettingSensitivity| std::cmp::Reverse(setting.costs));
        Ok(Sensitivity { step, settings })
    }

    /// What a setting costs each segment, in their order, last the customers without one.
    fn due(
        &self,
        setting: CostSetting,
        value: CostValue,
        facts: &Facts<'_>,
        segments: &Segmentation,
        now: &[Waterfall],
    ) -> Result<Vec<MoneyTotal>> {
        let read: Option<Vec<MoneyTotal>> = now.iter().map(|group| setting.due(group)).collect();
        if let Some(read) = read {
            return Ok(read);
        }
        let nothing = match value {
            CostValue::Amount(amount) => amount == crate::transaction::Money::ZERO,
            CostValue::Rate(rate) => rate == crate::transaction::Rate::ZERO,
            CostValue::Recorded => false,
        };
        if nothing {
            return Ok(vec![MoneyTotal::ZERO; now.len()]);
        }
        let mut costs = self.costs.clone();
        setting.change(&mut costs, CostChange::By(-1.0))?;
        let without = waterfalls(&costs, facts)?.segments(segments)?;
        Ok(without.iter().zip(now).map(|(without, now)| without.last_margin() - now.last_margin()).collect())
    }

    fn one(
        &self,
        setting: CostSetting,
        value: CostValue,
        costs: &[MoneyTotal],
        step: f64,
        (table, segments, places): (&FeatureTable, &Segmentation, &[SegmentPlan]),
    ) -> Result<SettingSensitivity> {
        let changed = |costs: MoneyTotal| {
            MoneyTotal::from_ten_thousandths((costs.ten_thousandths() as f64 * -step).round() as i128)
        };
        let mut parts = Vec::with_capacity(places.len());
        let mut lines = Vec::with_capacity(places.len());
        for place in places {
            let costs = costs[segments.named(&place.segment)?];
            parts.push(SegmentSensitivity { segment: place.segment.clone(), costs, change: changed(costs) });
            let contribution = place.economics.contribution().ten_thousandths();
            lines.push(Line { contribution, costs: costs.ten_thousandths() });
        }
        let most = setting.most_rise(&self.costs);
        let names = |at: usize| places[at].segment.clone();
        let turns = |way: f64, most: f64| -> Result<Vec<SwitchPoint>> {
            let mut turns = first_turns(&lines, way, most, &names);
            turns.extend(self.action_switch(setting, way, step.min(most), (table, segments, places))?);
            turns.sort_by(|a, b| a.change.abs().total_cmp(&b.change.abs()));
            Ok(turns)
        };
        let (rising, falling) = (turns(1.0, most)?, turns(-1.0, 1.0)?);
        let total: MoneyTotal = costs.iter().copied().sum();
        Ok(SettingSensitivity {
            setting,
            name: setting.name_in(&self.costs).to_owned(),
            value,
            costs: total,
            change: changed(total),
            segments: parts,
            largest_rank_change: rank_change(&lines, step).max(rank_change(&lines, -step)),
            rising,
            falling,
        })
    }

    /// The nearest move within reach at which an action is another.
    fn action_switch(
        &self,
        setting: CostSetting,
        way: f64,
        reach: f64,
        (table, segments, places): (&FeatureTable, &Segmentation, &[SegmentPlan]),
    ) -> Result<Option<SwitchPoint>> {
        let turned = |change: f64| -> Result<Option<Turn>> {
            let scenario = Scenario::builder("").cost(setting, CostChange::By(change)).build()?;
            let (economics, recombined) = self.as_if(table, segments, &scenario)?;
            let facts = Facts::read(recombined.as_ref().unwrap_or(table))?;
            let others = economics.rank(&facts, &waterfalls(&economics.costs, &facts)?, segments)?.places;
            Ok(places.iter().find_map(|place| {
                let to = others.iter().find(|other| other.segment == place.segment)?.action;
                let segment = place.segment.clone();
                (to != place.action).then_some(Turn::Action { segment, from: place.action, to })
            }))
        };
        let Some(mut turn) = turned(way * reach)? else { return Ok(None) };
        let (mut same, mut other) = (0.0, reach);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(same, other);
            match turned(way * middle)? {
                Some(found) => (other, turn) = (middle, found),
                None => same = middle,
            }
        }
        Ok(Some(SwitchPoint { change: way * other, turn }))
    }
}

impl Sensitivity {
    /// What hangs on one setting; `None` where it costs nothing.
    #[must_use]
    pub fn setting(&self, setting: CostSetting) -> Option<&SettingSensitivity> {
        self.settings.iter().find(|known| known.setting == setting)
    }
}

/// The nearest moves in a direction, up to `most`, at which two neighbours change places and at which a contribution changes
/// its sign.
///
/// The lines of all segments over the move are straight, so of all crossings the nearest is one of neighbours.
fn first_turns(lines: &[Line], way: f64, most: f64, name: &impl Fn(usize) -> String) -> Vec<SwitchPoint> {
    // Where `gap`, positive now, is used up by `per`, what it loses per unit of the move.
    let meets = |gap: i128, per: i128| {
        let at = gap as f64 / (per as f64 * way);
        (at > 0.0 && at <= most).then_some(at * way)
    };
    let ranks = lines.windows(2).enumerate().filter_map(|(at, two)| {
        let change = meets(two[0].contribution - two[1].contribution, two[0].costs - two[1].costs)?;
        Some(SwitchPoint { change, turn: Turn::Rank { ahead: name(at), behind: name(at + 1) } })
    });
    let signs = lines.iter().enumerate().filter_map(|(at, line)| {
        let change = meets(line.contribution, line.costs)?;
        Some(SwitchPoint { change, turn: Turn::Sign { segment: name(at) } })
    });
    let nearest = |a: &SwitchPoint, b: &SwitchPoint| a.change.abs().total_cmp(&b.change.abs());
    ranks.min_by(nearest).into_iter().chain(signs.min_by(nearest)).collect()
}

/// The most places that one of the segments, given by rank, moves.
fn rank_change(lines: &[Line], change: f64) -> usize {
    let after = |line: &Line| line.contribution as f64 - change * line.costs as f64;
    let ranks = ranks(lines.len(), |a, b| after(&lines[b]).total_cmp(&after(&lines[a])));
    ranks.into_iter().zip(1..).map(|(now, before)| now.abs_diff(before)).max().unwrap_or(0)
}

impl fmt::Display for Sensitivity {
    /// A line per setting, those that cost most first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = format!("{:.0} % more", self.step * 100.0);
        let header = [
            "<setting",
            "<now",
            "costs",
            &step,
            "places",
            "<first turn if it rises",
            "<first turn if it falls",
        ];
        let mut table = TextTable::new(&header);
        let turn = |switches: &[SwitchPoint]| {
            let Some(switch) = switches.first() else { return "–".to_owned() };
            let change = format!("{:+.1} %", switch.change * 100.0);
            match &switch.turn {
                Turn::Rank { ahead, behind } => format!("{change}: {ahead} falls behind {behind}"),
                Turn::Sign { segment } => format!("{change}: {segment} passes zero"),
                Turn::Action { segment, from, to } => format!("{change}: {segment} from {from} to {to}"),
            }
        };
        for setting in &self.settings {
            table.row([
                setting.name.clone(),
                setting.value.to_string(),
                money_whole(setting.costs),
                money_whole(setting.change),
                setting.largest_rank_change.to_string(),
                turn(&setting.rising),
                turn(&setting.falling),
            ]);
        }
        write!(f, "{table}")
    }
}
