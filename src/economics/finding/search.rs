//! Who looks rich, earns little and sends it back.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::economics::builder::Economics;
use crate::economics::customer_rates::CustomerRates;
use crate::economics::facts::Facts;
use crate::economics::finding::group::TwoKinds;
use crate::economics::finding::{EvidenceRow, EvidenceUnit, Finding, Verdict};
use crate::economics::waterfalls::{Waterfalls, waterfalls};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::transaction::{MoneyTotal, Rate};

/// The minimum pieces, or lines, of the evidence table.
const MINIMUMS: [u32; 5] = [1, 2, 3, 5, 10];

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
        let rates = CustomerRates::of(&facts, &self.settings)?;
        Ok(self.find(&facts, &waterfalls, rates.as_ref()))
    }

    pub(in crate::economics) fn find(
        &self,
        facts: &Facts<'_>,
        waterfalls: &Waterfalls,
        rates: Option<&CustomerRates>,
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
        let candidates = self.candidates(waterfalls, rates, &population, (cut, shop_margin));
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
            let mut probability = self.knowing_of_the_group(facts, &population, cut, &strong);
            candidates
                .iter()
                .filter(|(row, _, p)| probability(*row).unwrap_or(*p) >= settings.membership)
                .for_each(|(row, ..)| mask.set(*row, true));
        }
        let gross = total(&mut mask.ones().filter_map(gross_of));
        let members = mask.count();
        let amount = |row: usize, column: &dyn Fn(usize) -> Option<i64>| column(row).unwrap_or_default();
        let returned = facts
            .attributed
            .map(|column| total(&mut mask.ones().map(|row| amount(row, &|row| column.get(row)))));
        let paid = total(&mut mask.ones().map(|row| amount(row, &|row| facts.paid(row))));
        let over: Vec<(usize, i64)> =
            population.par_iter().copied().filter(|(row, _)| self.over_threshold(facts, *row)).collect();
        let (evidence_unit, evidence) = evidence(facts, &population, &over, population_gross);
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
            over_threshold: over.len() as u64,
            over_threshold_share_of_gross: total(&mut over.iter().map(|(_, gross)| *gross))
                .share_of(population_gross),
            evidence_unit,
            evidence,
            return_rates: rates.map(CustomerRates::shop),
            group_rates: rates.and_then(CustomerRates::groups).cloned(),
            mask,
        };
        finding.verdict = self.verdict(&finding, exists);
        finding
    }

    /// Who looks rich and earns little, with gross and the probability of sending it back.
    fn candidates(
        &self,
        waterfalls: &Waterfalls,
        rates: Option<&CustomerRates>,
        population: &[(usize, i64)],
        (cut, shop_margin): (f64, Option<f64>),
    ) -> Vec<(usize, i64, f64)> {
        let Some(rates) = rates else { return Vec::new() };
        let threshold = self.settings.return_threshold.to_f64();
        let earns_little = |row: usize| {
            waterfalls.customer(row).is_some_and(|waterfall| {
                let margin = waterfall.cm2().share_of(waterfall.gross());
                let below = |(margin, shop): (f64, f64)| margin < self.settings.little * shop;
                waterfall.cm2() <= MoneyTotal::ZERO || margin.zip(shop_margin).is_some_and(below)
            })
        };
        let (rows, gross): (Vec<usize>, Vec<i64>) = population
            .par_iter()
            .copied()
            .filter(|(row, gross)| *gross as f64 > cut && earns_little(*row))
            .unzip();
        let probabilities = rates.of_rows(&rows, |posterior| posterior.probability_above(threshold));
        let known =
            |((row, gross), probability): ((usize, i64), Option<f64>)| Some((row, gross, probability?));
        rows.into_iter().zip(gross).zip(probabilities).filter_map(known).collect()
    }

    /// The probability that a customer sends it back, given that there is a group of such customers among those who
    /// look rich; `None` where they cannot be parted.
    fn knowing_of_the_group(
        &self,
        facts: &Facts<'_>,
        population: &[(usize, i64)],
        cut: f64,
        strong: &[&(usize, i64, f64)],
    ) -> impl FnMut(usize) -> Option<f64> {
        let lines = |row: usize| facts.returned_lines(row).ok().flatten().filter(|(_, n)| *n > 0);
        let mut marks = Bitmap::filled(facts.len(), false);
        for (row, ..) in strong {
            marks.set(*row, true);
        }
        let rich = population.iter().filter(|(_, gross)| *gross as f64 > cut);
        let rich: Vec<((u32, u32), bool)> =
            rich.filter_map(|(row, _)| Some((lines(*row)?, marks.get(*row)))).collect();
        let kinds = TwoKinds::part(&rich);
        let threshold = self.settings.return_threshold.to_f64();
        let mut known = BTreeMap::new();
        move |row| {
            let (kinds, pair) = (kinds.as_ref()?, lines(row)?);
            Some(*known.entry(pair).or_insert_with(|| kinds.probability_above(threshold, pair)))
        }
    }

    /// Whether a customer's raw posted return rate by value is above the threshold; exact.
    fn over_threshold(&self, facts: &Facts<'_>, row: usize) -> bool {
        let returned = facts.returned.and_then(|column| column.get(row));
        returned.zip(facts.paid(row)).is_some_and(|(returned, paid)| {
            let (scale, threshold) = (Rate::ONE.millionths(), self.settings.return_threshold.millionths());
            paid > 0 && i128::from(returned) * i128::from(scale) > i128::from(paid) * i128::from(threshold)
        })
    }
}

/// The evidence table: of customers with so many pieces or lines how many are over the threshold.
fn evidence(
    facts: &Facts<'_>,
    population: &[(usize, i64)],
    over: &[(usize, i64)],
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
    let row = |minimum: u32| {
        let enough = |(row, _): &&(usize, i64)| counts.get(*row).unwrap_or_default() >= i64::from(minimum);
        let customers = population.par_iter().filter(enough).count() as u64;
        let over_threshold = over.iter().filter(enough).count() as u64;
        let gross = over.iter().filter(enough).map(|(_, gross)| i128::from(*gross)).sum();
        let gross = MoneyTotal::from_ten_thousandths(gross);
        EvidenceRow {
            minimum,
            customers,
            over_threshold,
            share: (customers > 0).then(|| over_threshold as f64 / customers as f64),
            gross,
            share_of_gross: gross.share_of(population_gross),
        }
    };
    (Some(unit), MINIMUMS.map(row).to_vec())
}

/// The type-7 quantile of gross, above which one looks rich; infinite without customers. O(customers).
pub(in crate::economics) fn upper_cut(mut gross: Vec<i64>, quantile: f64) -> f64 {
    let Some(last) = gross.len().checked_sub(1) else { return f64::INFINITY };
    let position = quantile * last as f64;
    let low = (position.floor() as usize).min(last);
    let (_, below, above) = gross.select_nth_unstable(low);
    let below = *below as f64;
    let next = above.iter().min().map_or(below, |next| *next as f64);
    below + (position - low as f64) * (next - below)
}
