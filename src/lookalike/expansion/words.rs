//! Audiences and frontiers as a manager reads them.

use std::fmt;

use super::audience::{Audience, Figures};
use super::frontier::{CapFrontier, Frontier};
use crate::layout::{TextTable, grouped, money_whole, percent};

fn amount(number: Option<f64>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| grouped(number.round() as i128))
}

fn contribution(figures: &Figures) -> String {
    figures.contribution.map_or_else(|| "–".to_owned(), money_whole)
}

fn similarity(number: f64) -> String {
    format!("{number:.4}")
}

impl fmt::Display for Audience {
    /// Size and quality, what is to be expected, what the limit costs, and who could not be chosen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: usize| grouped(number as u64);
        writeln!(
            f,
            "Audience `{}`: {} of {} customers ({})",
            self.name,
            count(self.len()),
            grouped(self.pool),
            self.asked
        )?;
        let figures = &self.expected;
        let mut table = TextTable::new(&["<expected", "value", "<note"]);
        let unknown = |number: u64| match number {
            0 => String::new(),
            _ => format!("not known of {}", grouped(number)),
        };
        table.row([
            "similarity, mean".into(),
            similarity(figures.similarity),
            format!("lowest {}", similarity(self.threshold)),
        ]);
        table.row(["demand".into(), amount(figures.demand), unknown(figures.demand_unknown)]);
        let rates = unknown(figures.return_rate_unknown);
        table.row(["return rate".into(), percent(figures.return_rate), rates]);
        if figures.return_rate_high.is_some() {
            table.row(["return rate, cautious".into(), percent(figures.return_rate_high)]);
        }
        let missing = unknown(figures.contribution_unknown);
        table.row(["contribution".into(), contribution(figures), missing]);
        write!(f, "{table}")?;
        if let Some(limited) = &self.limited {
            let (most, score) = if self.by_profit {
                ("those of most profit", "profit")
            } else {
                ("the most similar", "similarity")
            };
            let kept = percent(limited.kept());
            let least = percent((limited.bound > 0.0).then(|| limited.score / limited.bound));
            if limited.binding {
                writeln!(
                    f,
                    "  Under {}: {kept} of the {score} without it is left, {least} of what is possible; one currency \
                     unit more would bring {:.3e} points.",
                    limited.limit, limited.shadow_price
                )?;
            } else {
                writeln!(f, "  {} costs nothing: {most} keep it.", capitalised(&limited.limit))?;
            }
        }
        let left = &self.left_out;
        let reasons = [
            (left.not_eligible, "not eligible"),
            (left.eligibility_unknown, "not known to be eligible"),
            (left.seeds, "seeds"),
            (left.missing_outcome, "without what the limit needs"),
        ];
        let reasons: Vec<String> = reasons
            .iter()
            .filter(|reason| reason.0 > 0)
            .map(|(count, reason)| format!("{} {reason}", grouped(*count)))
            .collect();
        if reasons.is_empty() { Ok(()) } else { writeln!(f, "  Left out: {}.", reasons.join(", ")) }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl fmt::Display for Frontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Size against quality, of {} customers", grouped(self.pool))?;
        let mut table = TextTable::new(&[
            "share",
            "customers",
            "similarity",
            "at the border",
            "demand",
            "return rate",
            "contribution",
        ]);
        for row in &self.rows {
            let figures = &row.expected;
            table.row([
                percent(Some(row.share)),
                grouped(row.customers),
                similarity(figures.similarity),
                similarity(row.border),
                amount(figures.demand),
                percent(figures.return_rate),
                contribution(figures),
            ]);
        }
        write!(f, "{table}")
    }
}

impl fmt::Display for CapFrontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Cap against quality, for {} customers", grouped(self.customers))?;
        let mut table = TextTable::new(&[
            "cap",
            "score kept",
            "points per unit",
            "return rate",
            "demand",
            "contribution",
            "<note",
        ]);
        for row in &self.rows {
            let cap = percent(Some(row.cap));
            if let Some(reached) = &row.reached {
                let figures = &reached.expected;
                table.row([
                    cap,
                    percent(reached.kept),
                    format!("{:.2e}", reached.shadow_price),
                    percent(figures.return_rate),
                    amount(figures.demand),
                    contribution(figures),
                    if reached.binding { String::new() } else { "does not bind".into() },
                ]);
            } else {
                let mut cells = vec![cap];
                cells.extend(std::iter::repeat_n("–".to_owned(), 5));
                cells.push(row.reason.clone().unwrap_or_default());
                table.row(cells);
            }
        }
        write!(f, "{table}")
    }
}
