//! What is known of each customer's return rate: priors from those whose returns are in, posteriors on the evidence of
//! each.
//!
//! Most customers share their few lines with others. A posterior is made once for each set of equal evidence, and what
//! is derived from it, a quantile above all, is computed once and looked up by the rest.

use rayon::prelude::*;

use crate::economics::facts::Facts;
use crate::economics::returns::{BetaBinomial, GroupRates, Posterior};
use crate::economics::rows::{CHUNK, try_each_row};
use crate::economics::settings::Settings;
use crate::error::Result;

/// Exposure is counted in parts of this size of a line.
pub(super) const SIXTEENTHS: f64 = 16.0;

/// What customers with the same posterior have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Evidence {
    /// The place of the prior.
    prior: u32,
    returned: u32,
    /// Σ over lines of the share of their returns that has been seen, in sixteenths.
    exposed: u64,
}

/// The return rates of a table's customers.
pub(super) struct CustomerRates {
    shop: BetaBinomial,
    groups: Option<GroupRates>,
    /// One for each code of the column of groups, then the shop's.
    priors: Vec<BetaBinomial>,
    /// The evidence that occurs, ascending.
    distinct: Vec<Evidence>,
    /// Which of it a customer has; [`UNKNOWN`] for none.
    places: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl CustomerRates {
    /// Reads a table; `None` where it has no returned lines, or no lines whose returns are in.
    ///
    /// The priors are fitted on whole lines whose returns are in; the evidence of a customer is her exposed lines where
    /// the table has them, else the same whole lines.
    pub(super) fn of(facts: &Facts<'_>, settings: &Settings) -> Result<Option<Self>> {
        let grouping = match &settings.return_rates_by {
            Some(feature) => Some(facts.table.category(feature)?),
            None => None,
        };
        if facts.evidence.is_none() {
            return Ok(None);
        }
        let pairs: Vec<(u32, u32)> =
            try_each_row(facts.len(), |row| Ok(facts.returned_lines(row)?.unwrap_or_default()))?;
        if pairs.par_iter().all(|(_, lines)| *lines == 0) {
            return Ok(None);
        }
        let shop = BetaBinomial::fit_pairs(&pairs)?;
        let groups = match grouping {
            Some(column) => Some(GroupRates::of_pairs(column, &pairs, settings.minimum_group, shop)?),
            None => None,
        };
        let mut priors = Vec::new();
        if let (Some(column), Some(groups)) = (grouping, &groups) {
            priors.extend(column.levels().iter().map(|name| *groups.of(Some(name))));
        }
        priors.push(shop);
        let of_shop = priors.len() as u32 - 1;
        let evidence = try_each_row(facts.len(), |row| {
            let known = match facts.exposed_lines(row)? {
                Some(exposed) => Some(exposed),
                None => facts.returned_lines(row)?.map(|(y, n)| (y, u64::from(n) * SIXTEENTHS as u64)),
            };
            let prior = grouping.and_then(|column| column.code(row)).unwrap_or(of_shop);
            Ok(known.map(|(returned, exposed)| Evidence { prior, returned, exposed }))
        })?;
        let (distinct, places) = shared(&evidence);
        Ok(Some(Self { shop, groups, priors, distinct, places }))
    }

    /// The rates of all customers.
    pub(super) fn shop(&self) -> BetaBinomial {
        self.shop
    }

    /// The rates per group, where they are asked for.
    pub(super) fn groups(&self) -> Option<&GroupRates> {
        self.groups.as_ref()
    }

    /// Something of the posterior of each customer; `None` for one who has no lines.
    pub(super) fn each<T: Copy + Send + Sync>(
        &self,
        what: impl Fn(&Posterior) -> T + Sync,
    ) -> Vec<Option<T>> {
        let values: Vec<T> =
            self.distinct.par_iter().map(|evidence| what(&self.posterior(*evidence))).collect();
        self.places.par_iter().with_min_len(CHUNK).map(|place| values.get(*place as usize).copied()).collect()
    }

    /// Something of the posteriors of some customers, in the order of their rows.
    pub(super) fn of_rows<T: Copy + Send + Sync>(
        &self,
        rows: &[usize],
        what: impl Fn(&Posterior) -> T + Sync,
    ) -> Vec<Option<T>> {
        let mut asked: Vec<u32> = rows.iter().map(|row| self.places[*row]).collect();
        asked.par_sort_unstable();
        asked.dedup();
        let value_of =
            |place: &u32| self.distinct.get(*place as usize).map(|evidence| what(&self.posterior(*evidence)));
        let values: Vec<Option<T>> = asked.par_iter().map(value_of).collect();
        let found = |row: &usize| values[asked.partition_point(|place| *place < self.places[*row])];
        rows.par_iter().with_min_len(CHUNK).map(found).collect()
    }

    fn posterior(&self, evidence: Evidence) -> Posterior {
        let prior = &self.priors[evidence.prior as usize];
        prior.posterior_exposed(evidence.returned, evidence.exposed as f64 / SIXTEENTHS)
    }
}

/// The evidence that occurs, ascending, and the place in it of each customer's.
fn shared(evidence: &[Option<Evidence>]) -> (Vec<Evidence>, Vec<u32>) {
    let distinct_of = |mut some: Vec<Evidence>| {
        some.sort_unstable();
        some.dedup();
        some
    };
    let parts: Vec<Vec<Evidence>> = evidence
        .par_chunks(CHUNK)
        .map(|rows| distinct_of(rows.iter().copied().flatten().collect()))
        .collect();
    let distinct = distinct_of(parts.concat());
    let place = |known: Evidence| distinct.partition_point(|other| *other < known) as u32;
    let places =
        evidence.par_iter().with_min_len(CHUNK).map(|evidence| evidence.map_or(UNKNOWN, place)).collect();
    (distinct, places)
}
