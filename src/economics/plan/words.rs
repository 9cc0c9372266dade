//! The plan as tables for a manager.

use std::fmt;

use crate::economics::finding::level;
use crate::economics::plan::{Plan, units};
use crate::economics::returns::Interval;
use crate::layout::{TextTable, grouped, money_whole, percent};

/// Below this weight of a segment's own estimate it is said that others had a say.
const OWN: f64 = 0.95;

/// How many levels of what drives returns are shown, those with the largest excess.
const LEVELS: usize = 6;

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

        self.write_pooled(f)?;
        self.write_attractiveness(f)?;
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
        self.write_parts(f)
    }
}

impl Plan {
    /// Segments whose estimates move by pooling.
    fn write_pooled(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moves = |weight: Option<f64>| weight.is_some_and(|weight| weight < OWN);
        let mut table = TextTable::new(&[
            "<segment",
            "rate",
            "drawn to",
            "own weight",
            "per customer",
            "drawn to",
            "own weight",
        ]);
        let mut any = false;
        for place in &self.segments {
            let (rate, value) = (place.economics.return_rate_pooled, place.economics.value);
            let pooled = value.and_then(|value| value.pooled);
            if !moves(rate.map(|rate| rate.own_weight)) && !moves(pooled.map(|pooled| pooled.own_weight)) {
                continue;
            }
            any = true;
            let number = |amount: Option<f64>| amount.map_or_else(|| "–".to_owned(), units);
            table.row([
                place.segment.clone(),
                percent(place.economics.return_rate.map(|rate| rate.rate)),
                percent(rate.map(|rate| rate.rate)),
                percent(rate.map(|rate| rate.own_weight)),
                number(value.map(|value| value.mean)),
                number(pooled.map(|pooled| pooled.mean)),
                percent(pooled.map(|pooled| pooled.own_weight)),
            ]);
        }
        if !any {
            return Ok(());
        }
        writeln!(f, "Estimates of few customers, drawn towards those of the other segments\n{table}")
    }

    /// Criteria as numbers, and what there is to gain.
    fn write_attractiveness(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
        writeln!(f, "How attractive they are to act on, from 0 to 1")?;
        let mut table = TextTable::new(&[
            "<segment",
            "measurable",
            "substantial",
            "accessible",
            "differentiable",
            "actionable",
            "score",
            "to gain",
            "priority",
            "<differs most in",
        ]);
        for place in &self.segments {
            let found = &place.attractiveness;
            let most = found
                .difference
                .map(|difference| format!("{} ({:+.1} sd)", difference.measure, difference.standardised));
            let criteria = found.criteria().map(|(_, value)| number(value));
            let gain = found.value.map_or_else(|| "–".to_owned(), units);
            let rest = [number(found.score), gain, place.priority.to_string(), most.unwrap_or_default()];
            table.row([place.segment.clone()].into_iter().chain(criteria).chain(rest));
        }
        writeln!(f, "{table}")
    }

    /// The parts that were asked for, each under a heading.
    fn write_parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nWho carries the profit\n{}", self.concentration)?;
        writeln!(f, "Do some customers look rich and earn little?\n{}", self.finding)?;
        if let Some(discovery) = &self.discovery {
            writeln!(f, "Which rules describe them?\n{discovery}")?;
        }
        if let Some(portfolio) = &self.portfolio {
            writeln!(f, "Which segments to choose\n{portfolio}")?;
        }
        if let Some(budget) = &self.budget {
            writeln!(f, "How to spread the budget\n{budget}")?;
        }
        if let Some(sensitivity) = &self.sensitivity {
            writeln!(f, "What would change the ranking\n{sensitivity}")?;
        }
        for drivers in &self.drivers {
            let mut first = drivers.clone();
            first.levels.truncate(LEVELS);
            write!(f, "{first}")?;
            match drivers.levels.len().saturating_sub(LEVELS) {
                0 => writeln!(f)?,
                more => writeln!(f, "  and {} more\n", grouped(more as i128))?,
            }
        }
        if let Some(assumption) = &self.return_lag {
            writeln!(f, "Returns still to come\n  {assumption}\n")?;
        }
        if let Some(backtest) = &self.backtest {
            writeln!(f, "Would it have been right?\n{backtest}")?;
        }
        Ok(())
    }
}
