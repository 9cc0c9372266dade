//! What was discovered in words: a verdict that names its numbers, and a table for people.

use std::fmt;

use crate::economics::discovery::outcome::{Discovered, DiscoveredRule, GroupFigures, Ledger};
use crate::economics::finding::{Verdict, level};
use crate::layout::{TextTable, grouped, money_whole, percent};

impl Ledger<'_> {
    /// The verdict in words, with the numbers.
    pub(super) fn verdict(&self, discovered: &Discovered) -> Verdict {
        let (settings, discovery) = (&self.economics.settings, self.discovery);
        if discovered.population == 0 {
            let reason =
                "No customer of the table has bought anything whose contribution is known.".to_owned();
            return Verdict::NotFound { reason };
        }
        let asked = format!("{} of what the shop earns on its gross", level(settings.little));
        if let Some(rule) = discovered.rules.first() {
            let (all, held_out) = (&rule.all, &rule.held_out);
            let reason = format!(
                "{} customers ({} of those who bought, with {} of gross) are described by {}. They leave {} of their gross, the \
                 shop {}; below {} ({asked}) is little. Of {} held-out customers among them the margin is {} (corrected p = {}).",
                grouped(all.customers),
                percent(all.share_of_customers),
                percent(all.share_of_gross),
                rule.predicate,
                percent(all.margin),
                percent(discovered.shop.margin),
                percent(Some(discovered.line)),
                grouped(held_out.customers),
                percent(held_out.margin),
                probability(rule.adjusted_p_value),
            );
            return Verdict::Found { reason };
        }
        let share = discovered.rich_and_little as f64 / discovered.population as f64;
        let single = format!(
            "Each by her own numbers, {} customers ({} of those who bought) have a gross above {:.2} and leave less than {} of it \
             ({asked})",
            grouped(discovered.rich_and_little),
            percent(Some(share)),
            discovered.rich_above.unwrap_or_default(),
            percent(Some(discovered.line)),
        );
        let conditions = match discovery.max_conditions {
            1 => "one condition".to_owned(),
            most => format!("up to {most} conditions"),
        };
        let sought = format!(
            "no rule of {conditions} describes at least {} customers who mostly look rich and together earn so little \
             at the return rate to be expected of each, among {} rules that were tried",
            grouped(discovered.minimum_customers),
            grouped(discovered.tried),
        );
        let nearest = discovered.rejected.first().map_or_else(String::new, |rule| {
            format!(
                ". The nearest is {}: its {} held-out customers leave {} of their gross (corrected p = {})",
                rule.predicate,
                grouped(rule.held_out.customers),
                percent(rule.held_out.margin),
                probability(rule.adjusted_p_value),
            )
        });
        Verdict::NotFound { reason: format!("{single}; {sought}{nearest}.") }
    }
}

/// A p-value as people write it.
fn probability(p: f64) -> String {
    if p < 0.0001 { "below 0.0001".to_owned() } else { format!("{p:.4}") }
}

/// The cells of a row up to what was held out.
fn cells(name: String, group: &GroupFigures) -> [String; 8] {
    [
        name,
        grouped(group.customers),
        percent(group.share_of_customers),
        money_whole(group.gross),
        percent(group.share_of_gross),
        percent(group.return_rate),
        money_whole(group.contribution),
        percent(group.margin),
    ]
}

impl fmt::Display for Discovered {
    /// The verdict, then the rules with what their customers bring.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (headline, reason) = match &self.verdict {
            Verdict::Found { reason } => {
                ("Yes: rules describe customers who look rich and earn little.", reason)
            }
            Verdict::NotFound { reason } => {
                ("No: no rule describes customers who look rich and earn little.", reason)
            }
            Verdict::Unknown { reason } => ("It cannot be said who looks rich and earns little.", reason),
        };
        writeln!(f, "{headline}\n{reason}")?;
        let table = |rules: &[DiscoveredRule]| {
            let mut table = TextTable::new(&[
                "<rule",
                "customers",
                "share",
                "gross",
                "share",
                "returned",
                "contribution",
                "of gross",
                "held out",
                "of gross",
                "p",
            ]);
            for rule in rules {
                let held_out = [
                    grouped(rule.held_out.customers),
                    percent(rule.held_out.margin),
                    probability(rule.adjusted_p_value),
                ];
                table.row(cells(rule.predicate.to_string(), &rule.all).into_iter().chain(held_out));
            }
            table.rule();
            table.row(cells("(all who bought)".to_owned(), &self.shop));
            table
        };
        if !self.rules.is_empty() {
            write!(f, "\n{}", table(&self.rules))?;
        }
        if !self.rejected.is_empty() {
            write!(f, "\nFound, but not confirmed by held-out customers:\n{}", table(&self.rejected))?;
        }
        Ok(())
    }
}
