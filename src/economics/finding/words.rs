//! The finding in words: verdicts that name their numbers, and tables for people.

use std::fmt;

use crate::economics::builder::Economics;
use crate::economics::finding::{EvidenceRow, EvidenceUnit, Finding, Verdict};
use crate::features::Feature;
use crate::layout::{TextTable, grouped, money, percent};
use crate::transaction::Rate;

impl Economics {
    /// The verdict in words, with the numbers.
    pub(super) fn verdict(&self, finding: &Finding, exists: bool) -> Verdict {
        if finding.population == 0 {
            return Verdict::NotFound { reason: "No customer of the table has bought anything.".to_owned() };
        }
        if finding.return_rates.is_none() {
            let (lines, returned) = (Feature::Lines, Feature::LinesReturned);
            let reason = format!(
                "Returns are not known: the table has no `{returned}` with `{lines}` (or their mature counterparts)."
            );
            return Verdict::Unknown { reason };
        }
        let settings = &self.settings;
        let share_of_customers = finding.strong as f64 / finding.population as f64;
        let strong = format!(
            "{} customers ({} of those who bought, with {} of gross) look rich, earn little and send back more than {} \
             with a probability of at least {}",
            grouped(finding.strong),
            percent(Some(share_of_customers)),
            percent(finding.strong_gross.share_of(finding.population_gross)),
            finding.threshold,
            level(settings.strong_evidence),
        );
        if exists {
            let reason = format!(
                "{strong}; such a group exists from {} of customers. With a probability of at least {}, it is {} \
                 customers ({}) with {} of gross.",
                level(settings.minimum_share),
                level(settings.membership),
                grouped(finding.customers),
                percent(finding.share_of_customers),
                percent(finding.share_of_gross),
            );
            return Verdict::Found { reason };
        }
        let needed = if share_of_customers < settings.minimum_share || finding.strong == 0 {
            format!("at least {} of customers would be needed.", level(settings.minimum_share))
        } else {
            "such a group would have to hold at least as large a share of gross as of customers.".to_owned()
        };
        Verdict::NotFound { reason: format!("{strong}; {needed}{}", evidence_in_words(finding)) }
    }
}

/// How the raw share over the threshold changes from the least to the most evidence.
fn evidence_in_words(finding: &Finding) -> String {
    let unit = match finding.evidence_unit {
        Some(EvidenceUnit::Items) => "item",
        Some(EvidenceUnit::Lines) => "line",
        None => return String::new(),
    };
    let known = |row: &&EvidenceRow| row.customers > 0;
    let (Some(first), Some(last)) =
        (finding.evidence.iter().find(known), finding.evidence.iter().rev().find(known))
    else {
        return String::new();
    };
    let count = |minimum: u32| if minimum == 1 { format!("1 {unit}") } else { format!("{minimum} {unit}s") };
    let most = if last.minimum > first.minimum {
        format!(
            ", but customers above {} with {} or more are {} of such customers and {} of gross",
            finding.threshold,
            count(last.minimum),
            percent(last.share),
            percent(last.share_of_gross)
        )
    } else {
        String::new()
    };
    format!(
        " By raw rates {} of customers with {} or more are above {}{most}.",
        percent(first.share),
        count(first.minimum),
        finding.threshold,
    )
}

/// A share that was set, as it was set: `90 %`, `2.5 %`.
pub(in crate::economics) fn level(share: f64) -> String {
    Rate::from_f64(share).unwrap_or_default().to_string()
}

impl fmt::Display for Finding {
    /// The verdict, the numbers and the evidence table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (headline, reason) = match &self.verdict {
            Verdict::Found { reason } => ("Yes: some customers look rich and earn little.", reason),
            Verdict::NotFound { reason } => {
                ("No: this shop has no customers who look rich and earn little.", reason)
            }
            Verdict::Unknown { reason } => {
                ("It cannot be said whether customers look rich and earn little.", reason)
            }
        };
        writeln!(f, "{headline}\n{reason}")?;
        if self.is_found() {
            let mut table =
                TextTable::new(&["<", "customers", "share", "gross", "share", "returned", "contribution"]);
            table.row([
                "look rich, earn little".to_owned(),
                grouped(self.customers),
                percent(self.share_of_customers),
                money(self.gross),
                percent(self.share_of_gross),
                percent(self.return_rate),
                money(self.contribution),
            ]);
            write!(f, "\n{table}")?;
        }
        if let Some(unit) = self.evidence_unit {
            let unit = match unit {
                EvidenceUnit::Items => "items at least",
                EvidenceUnit::Lines => "lines at least",
            };
            let over = format!("above {}", self.threshold);
            let mut table = TextTable::new(&[unit, "customers", &over, "share", "of all gross"]);
            for row in &self.evidence {
                table.row([
                    row.minimum.to_string(),
                    grouped(row.customers),
                    grouped(row.over_threshold),
                    percent(row.share),
                    percent(row.share_of_gross),
                ]);
            }
            write!(f, "\nRaw return rates by value, by how much is known of a customer:\n{table}")?;
        }
        if let Some(groups) = &self.group_rates {
            write!(f, "\nReturn rates of lines by group, as learned from their customers:\n{groups}")?;
        }
        Ok(())
    }
}
