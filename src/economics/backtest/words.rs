//! The outcome of a backtest as tables for people.

use std::fmt;

use crate::economics::backtest::{BacktestOutcome, Outcome, TenthOutcome};
use crate::economics::plan::units;
use crate::layout::{TextTable, grouped, money_whole, percent};

fn figures(outcome: &Outcome) -> [String; 4] {
    [
        money_whole(outcome.gross),
        percent(outcome.return_rate.map(|rate| rate.rate)),
        money_whole(outcome.contribution),
        outcome.contribution_per_customer().map_or_else(|| "–".to_owned(), units),
    ]
}

impl BacktestOutcome {
    /// The share of the contribution after that the highest `tenths` of the customers brought, by their contribution until
    /// the moment and by their gross; `None` where the contribution of all was not above zero.
    #[must_use]
    pub fn top_shares(&self, tenths: usize) -> Option<(f64, f64)> {
        let share = |groups: &[TenthOutcome]| {
            groups.iter().take(tenths).map(|tenth| tenth.share_of_contribution).sum::<Option<f64>>()
        };
        Some((share(&self.by_contribution)?, share(&self.by_gross)?))
    }
}

impl fmt::Display for BacktestOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The plan of {}, held against the time until {} ({} customers, of whom {} bought; returns seen for {} days more)",
            self.at,
            self.until,
            grouped(self.customers),
            grouped(self.all.buyers),
            self.days_seen_after,
        )?;
        let headings = ["<segment", "<action then", "rank", "by gross", "after"];
        let figures_of = ["gross after", "rate after", "contribution after", "per customer"];
        let mut table = TextTable::new(&[&headings[..], &figures_of].concat());
        for segment in &self.segments {
            let ranks =
                [segment.rank, segment.rank_by_gross, segment.rank_after].map(|rank| rank.to_string());
            let names = [segment.segment.clone(), segment.action.to_string()];
            table.row(names.into_iter().chain(ranks).chain(figures(&segment.outcome)));
        }
        writeln!(f, "{table}")?;
        if let Some((plan, gross)) = self.rank_correlation.zip(self.rank_correlation_by_gross) {
            writeln!(
                f,
                "Ranks of segments agree with what they earned after by {plan:.2}, ranks by gross by {gross:.2} (1 is the \
                 same order, 0 no relation)."
            )?;
        }
        let headings =
            ["tenth", "rate after", "contribution after", "share", "by gross: rate", "contribution", "share"];
        let mut table = TextTable::new(&headings);
        for (by_contribution, by_gross) in self.by_contribution.iter().zip(&self.by_gross) {
            let cells = |tenth: &TenthOutcome| {
                let rate = tenth.outcome.return_rate.map(|rate| rate.rate);
                [percent(rate), money_whole(tenth.contribution), percent(tenth.share_of_contribution)]
            };
            table.row(
                [by_contribution.tenth.to_string()]
                    .into_iter()
                    .chain(cells(by_contribution))
                    .chain(cells(by_gross)),
            );
        }
        writeln!(f, "Customers by contribution until then, and by gross")?;
        write!(f, "{table}")?;
        if self.customers_new > 0 {
            writeln!(
                f,
                "Beside them {} customers bought for the first time, for {}.",
                grouped(self.customers_new),
                money_whole(self.gross_new)
            )?;
        }
        Ok(())
    }
}
