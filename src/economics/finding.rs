//! The finding this crate exists for: customers who look rich, send nearly everything back and earn next to nothing;
//! or the plain verdict, with the numbers, that a shop has none.

use std::fmt;

use serde::Serialize;

use crate::bitmap::Bitmap;
use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::returns::{BetaBinomial, PosteriorTable};
use crate::economics::waterfalls::{Waterfalls, waterfalls};
use crate::error::Result;
use crate::features::{Feature, FeatureTable};
use crate::layout::{TextTable, grouped, money, percent};
use crate::transaction::{MoneyTotal, Rate};

/// The minimum pieces, or lines, of the evidence table.
const MINIMUMS: [u32; 5] = [1, 2, 3, 5, 10];

/// Whether a shop has customers who look rich and earn little.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum Verdict {
    /// It has.
    Found {
        /// Why, in words with the numbers.
        reason: String,
    },
    /// It has not.
    NotFound {
        /// Why, in words with the numbers.
        reason: String,
    },
    /// The table does not tell: returns are not known.
    Unknown {
        /// What is missing.
        reason: String,
    },
}

/// What evidence is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum EvidenceUnit {
    /// Pieces that went out, free ones among them (`items`).
    Items,
    /// Order lines with a value (`lines`).
    Lines,
}

/// One row of the evidence table: customers with at least so many pieces.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct EvidenceRow {
    /// The fewest pieces (or lines) of a customer in this row.
    pub minimum: u32,
    /// Buying customers with at least so many.
    pub customers: u64,
    /// Those of them whose raw posted return rate by value is above the threshold.
    pub over_threshold: u64,
    /// The share of them; `None` without customers.
    pub share: Option<f64>,
    /// The gross of those over the threshold.
    pub gross: MoneyTotal,
    /// That as a share of all gross.
    pub share_of_gross: Option<f64>,
}

/// Customers who look rich and earn little, if a shop has them.
///
/// The population are customers who bought: gross above zero. Of them one
///
/// - *looks rich* with a gross above the upper quartile (type 7; the share is a setting);
/// - *sends it back* with a return rate above 85 %, as far as evidence goes: the posterior probability from the
///   beta-binomial model of order lines, never the raw rate;
/// - *earns little* with CM2 of zero or less, or CM2 per gross (both net of tax) below a quarter of the shop's.
///
/// *They exist* when those who look rich, earn little and send it back with probability 0.90 are at least 1 % of the
/// population and hold at least as large a share of its gross. *They are*, then, all who look rich, earn little and
/// send it back with probability 0.50. Two steps, because few strong cases show that there is such a group, while its
/// border is best drawn where either error is as likely. A customer of whom a value is missing is never one of them.
///
/// The evidence table shows why raw rates do not do: of customers with one piece many have sent back everything, of
/// those with ten few.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// The return rate above which a customer sends it back.
    pub threshold: Rate,
    /// Customers who bought.
    pub population: u64,
    /// Their gross, as in the table.
    pub population_gross: MoneyTotal,
    /// Customers who look rich, earn little and send it back, with strong evidence.
    pub strong: u64,
    /// The gross of those.
    pub strong_gross: MoneyTotal,
    /// Customers found.
    pub customers: u64,
    /// As a share of the population; `None` without population.
    pub share_of_customers: Option<f64>,
    /// Their gross, as in the table.
    pub gross: MoneyTotal,
    /// As a share of the population's.
    pub share_of_gross: Option<f64>,
    /// Their return rate by value; `None` without members or where returns are not known.
    pub return_rate: Option<f64>,
    /// Their CM2.
    pub contribution: MoneyTotal,
    /// Customers whose raw posted return rate by value is above the threshold, whatever the evidence.
    pub over_threshold: u64,
    /// Their share of gross.
    pub over_threshold_share_of_gross: Option<f64>,
    /// What the evidence table counts; `None` where the table has neither pieces nor lines.
    pub evidence_unit: Option<EvidenceUnit>,
    /// How many are over the threshold among customers with at least 1, 2, 3, 5, 10 pieces.
    pub evidence: Vec<EvidenceRow>,
    /// The model of return rates; `None` where returns are not known.
    pub return_rates: Option<BetaBinomial>,
    /// One bit per customer of the table: who is found.
    #[serde(skip)]
    pub mask: Bitmap,
}

impl Finding {
    /// Whether such customers were found.
    #[must_use]
    pub fn is_found(&self) -> bool {
        matches!(self.verdict, Verdict::Found { .. })
    }
}

impl Economics {
    /// Whether a shop has customers who look rich and earn little, who they are, or the numbers that say it has none.
    /// O(customers).
    ///
    /// # Errors
    /// As for [`Economics::waterfalls`], and [`Error::Incompatible`](crate::Error::Incompatible) where a customer
    /// returned more lines than she bought.
    pub fn looks_rich(&self, table: &FeatureTable) -> Result<Finding> {
        let facts = Facts::read(table)?;
        let waterfalls = waterfalls(&self.costs, &facts)?;
        let rates = return_rates(&facts)?;
        Ok(self.find(&facts, &waterfalls, rates))
    }

    pub(super) fn find(
        &self,
        facts: &Facts<'_>,
        waterfalls: &Waterfalls,
        rates: Option<BetaBinomial>,
    ) -> Finding {
        let settings = &self.settings;
        let gross_of = |row: usize| facts.gross.get(row).filter(|gross| *gross > 0);
        let population: Vec<(usize, i64)> =
            (0..facts.len()).filter_map(|row| gross_of(row).map(|gross| (row, gross))).collect();
        let total = |rows: &mut dyn Iterator<Item = i64>| {
            MoneyTotal::from_ten_thousandths(rows.map(i128::from).sum())
        };
        let population_gross = total(&mut population.iter().map(|(_, gross)| *gross));
        let cut = upper_cut(population.iter().map(|(_, gross)| *gross).collect(), 1.0 - settings.rich_share);
        let shop_margin = waterfalls.shop();
        let shop_margin = shop_margin.cm2().share_of(shop_margin.gross());
        let candidates = self.candidates(facts, waterfalls, rates, &population, (cut, shop_margin));
        let strong: Vec<&(usize, i64, f64)> =
            candidates.iter().filter(|(_, _, p)| *p >= settings.strong_evidence).collect();
        let strong_gross = total(&mut strong.iter().map(|(_, gross, _)| *gross));
        let share = |count: usize| (!population.is_empty()).then(|| count as f64 / population.len() as f64);
        let strong_share = share(strong.len()).unwrap_or_default();
        let strong_share_of_gross = strong_gross.share_of(population_gross).unwrap_or_default();
        let exists = !strong.is_empty()
            && strong_share >= settings.minimum_share
            && strong_share_of_gross >= strong_share;
        let mut mask = Bitmap::filled(facts.len(), false);
        if exists {
            candidates
                .iter()
                .filter(|(_, _, p)| *p >= settings.membership)
                .for_each(|(row, ..)| mask.set(*row, true));
        }
        let gross = total(&mut mask.ones().filter_map(gross_of));
        let members = mask.count();
        let amount = |row: usize, column: &dyn Fn(usize) -> Option<i64>| column(row).unwrap_or_default();
        let returned = facts
            .attributed
            .map(|column| total(&mut mask.ones().map(|row| amount(row, &|row| column.get(row)))));
        let paid = total(&mut mask.ones().map(|row| amount(row, &|row| facts.paid(row))));
        let (evidence_unit, evidence) = self.evidence(facts, &population, population_gross);
        let over = |(row, gross): &(usize, i64)| self.over_threshold(facts, *row).then_some(*gross);
        let mut finding = Finding {
            verdict: Verdict::NotFound { reason: String::new() },
            threshold: settings.return_threshold,
            population: population.len() as u64,
            population_gross,
            strong: strong.len() as u64,
            strong_gross,
            customers: members as u64,
            share_of_customers: share(members),
            gross,
            share_of_gross: gross.share_of(population_gross),
            return_rate: returned.and_then(|returned| returned.share_of(paid)),
            contribution: mask.ones().filter_map(|row| waterfalls.cm2(row)).sum(),
            over_threshold: population.iter().filter_map(over).count() as u64,
            over_threshold_share_of_gross: total(&mut population.iter().filter_map(over))
                .share_of(population_gross),
            evidence_unit,
            evidence,
            return_rates: rates,
            mask,
        };
        finding.verdict = self.verdict(&finding, exists);
        finding
    }

    /// Who looks rich and earns little, with gross and the probability of sending it back.
    fn candidates(
        &self,
        facts: &Facts<'_>,
        waterfalls: &Waterfalls,
        rates: Option<BetaBinomial>,
        population: &[(usize, i64)],
        (cut, shop_margin): (f64, Option<f64>),
    ) -> Vec<(usize, i64, f64)> {
        let Some(rates) = rates else { return Vec::new() };
        let posteriors = PosteriorTable::new(rates, self.settings.return_threshold.to_f64());
        let earns_little = |row: usize| {
            waterfalls.customer(row).is_some_and(|waterfall| {
                let margin = waterfall.cm2().share_of(waterfall.gross());
                let below = |(margin, shop): (f64, f64)| margin < self.settings.little * shop;
                waterfall.cm2() <= MoneyTotal::ZERO || margin.zip(shop_margin).is_some_and(below)
            })
        };
        let rich = population.iter().filter(|(_, gross)| *gross as f64 > cut);
        rich.filter(|(row, _)| earns_little(*row))
            .filter_map(|(row, gross)| {
                let (y, n) = facts.returned_lines(*row).ok().flatten()?;
                Some((*row, *gross, posteriors.probability(y, n)))
            })
            .collect()
    }

    /// Whether a customer's raw posted return rate by value is above the threshold; exact.
    fn over_threshold(&self, facts: &Facts<'_>, row: usize) -> bool {
        let returned = facts.returned.and_then(|column| column.get(row));
        returned.zip(facts.paid(row)).is_some_and(|(returned, paid)| {
            let (scale, threshold) = (Rate::ONE.millionths(), self.settings.return_threshold.millionths());
            paid > 0 && i128::from(returned) * i128::from(scale) > i128::from(paid) * i128::from(threshold)
        })
    }

    fn evidence(
        &self,
        facts: &Facts<'_>,
        population: &[(usize, i64)],
        population_gross: MoneyTotal,
    ) -> (Option<EvidenceUnit>, Vec<EvidenceRow>) {
        let (unit, counts) = match (facts.items, facts.lines) {
            (Some(items), _) => (EvidenceUnit::Items, items),
            (None, Some(lines)) => (EvidenceUnit::Lines, lines),
            (None, None) => return (None, Vec::new()),
        };
        if facts.returned.is_none() {
            return (None, Vec::new());
        }
        let mut rows = MINIMUMS.map(|minimum| EvidenceRow {
            minimum,
            customers: 0,
            over_threshold: 0,
            share: None,
            gross: MoneyTotal::ZERO,
            share_of_gross: None,
        });
        for (row, gross) in population {
            let count = counts.get(*row).unwrap_or_default();
            let over = self.over_threshold(facts, *row);
            for line in rows.iter_mut().filter(|line| count >= i64::from(line.minimum)) {
                line.customers += 1;
                if over {
                    line.over_threshold += 1;
                    line.gross += MoneyTotal::from_ten_thousandths(i128::from(*gross));
                }
            }
        }
        for row in &mut rows {
            row.share = (row.customers > 0).then(|| row.over_threshold as f64 / row.customers as f64);
            row.share_of_gross = row.gross.share_of(population_gross);
        }
        (Some(unit), rows.to_vec())
    }

    fn verdict(&self, finding: &Finding, exists: bool) -> Verdict {
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
            percent(Some(settings.strong_evidence)),
        );
        if exists {
            let reason = format!(
                "{strong}; such a group exists from {} of customers. With a probability of at least {}, it is {} \
                 customers ({}) with {} of gross.",
                percent(Some(settings.minimum_share)),
                percent(Some(settings.membership)),
                grouped(finding.customers),
                percent(finding.share_of_customers),
                percent(finding.share_of_gross),
            );
            return Verdict::Found { reason };
        }
        let needed = if share_of_customers < settings.minimum_share || finding.strong == 0 {
            format!("at least {} of customers would be needed.", percent(Some(settings.minimum_share)))
        } else {
            "such a group would have to hold at least as large a share of gross as of customers.".to_owned()
        };
        Verdict::NotFound { reason: format!("{strong}; {needed}{}", evidence_in_words(finding)) }
    }
}

/// The model of the customers' return rates; `None` where the table has no returned lines, or no lines at all.
pub(super) fn return_rates(facts: &Facts<'_>) -> Result<Option<BetaBinomial>> {
    if facts.evidence.is_none() {
        return Ok(None);
    }
    let mut pairs = Vec::with_capacity(facts.len());
    for row in 0..facts.len() {
        pairs.extend(facts.returned_lines(row)?);
    }
    let any = pairs.iter().any(|(_, lines)| *lines > 0);
    if any { BetaBinomial::fit_pairs(pairs.into_iter()).map(Some) } else { Ok(None) }
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

/// The type-7 quantile of gross, above which one looks rich; infinite without customers. O(customers).
fn upper_cut(mut gross: Vec<i64>, quantile: f64) -> f64 {
    let Some(last) = gross.len().checked_sub(1) else { return f64::INFINITY };
    let position = quantile * last as f64;
    let low = (position.floor() as usize).min(last);
    let (_, below, above) = gross.select_nth_unstable(low);
    let below = *below as f64;
    let next = above.iter().min().map_or(below, |next| *next as f64);
    below + (position - low as f64) * (next - below)
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
        Ok(())
    }
}
