//! Return rates that differ between groups of customers: a prior for each group, its own where it is large enough.

use std::fmt;

use rayon::prelude::*;
use serde::Serialize;

use crate::category::Category;
use crate::economics::pooling::PartialPooling;
use crate::economics::returns::BetaBinomial;
use crate::error::{Error, Result};
use crate::layout::{TextTable, grouped, percent};
use crate::numeric::{exp, ln};

/// Return rates per group of customers, such as those of one title, channel or top category.
///
/// A group with enough customers has a beta distribution of its own, fitted to them. Of a smaller one the strength
/// `α + β` cannot be learned: it takes the shop's, and its mean is drawn towards that of the groups in proportion to
/// what is not known of it.
///
/// ```text
/// logit_g = ln (y+½)/(n−y+½)      se_g² = (1 + (Σnᵢ²/Σnᵢ − 1) ρ) (1/(y+½) + 1/(n−y+½))      ρ = 1 / (1 + α + β)
/// ```
///
/// are pooled by [`PartialPooling`] (`DerSimonian` and Laird); the factor before the bracket is the design effect of
/// lines that come back together because they are one customer's. A group that is large but whose strength its own
/// customers do not tell, because nobody has a second line or nothing came back, takes the shop's strength too and keeps
/// its own mean, `(y+½)/(n+1)`.
///
/// ```
/// use kohort::Category;
/// use kohort::economics::returns::{GroupRates, PriorSource};
///
/// // Shoes come back more often than socks; two customers bought hats.
/// let groups = (0..602).map(|i| Some(if i < 2 { "hats" } else if i % 2 == 0 { "shoes" } else { "socks" }));
/// let lines = vec![5; 602];
/// let returned: Vec<u32> = (0..602).map(|i| if i % 2 == 0 { 1 + i / 2 % 4 } else { i / 2 % 3 / 2 }).collect();
/// let rates = GroupRates::fit(&Category::from_texts(groups), &returned, &lines, 200)?;
/// assert!(rates.of(Some("shoes")).mean() > 0.4 && rates.of(Some("socks")).mean() < 0.1);
/// assert_eq!(rates.groups[0].source, PriorSource::Shared);
/// // Of a group that was never seen nothing is known but the shop.
/// assert_eq!(rates.of(Some("gloves")), &rates.shop);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GroupRates {
    /// The rates of all customers, whatever their group: the prior of those whose group is not known.
    pub shop: BetaBinomial,
    /// Groups of which someone has a line, in ascending order of their names.
    pub groups: Vec<GroupRate>,
    /// The mean rate of the groups, towards which small ones are drawn; `None` without groups.
    pub pooled_mean: Option<f64>,
    /// The standard deviation of the groups' rates on the logit scale; `None` without groups.
    pub between_deviation: Option<f64>,
}

/// The return rates of one group.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GroupRate {
    /// The group.
    pub name: String,
    /// Customers with at least one line.
    pub customers: u64,
    /// Their lines.
    pub lines: u64,
    /// Those of them that came back.
    pub returned: u64,
    /// What a customer of the group is judged by.
    pub rates: BetaBinomial,
    /// Where that comes from.
    pub source: PriorSource,
    /// How much of its mean is the group's own: 1 for a prior of its own, towards 0 for a group of which little is known.
    pub own_weight: f64,
}

/// Where the prior of a group comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum PriorSource {
    /// Fitted to the group's customers.
    Own,
    /// The shop's strength, with the group's own mean as far as it is known.
    Shared,
}

impl GroupRates {
    /// Fits the rates of customers who returned `returned` of `lines`, each in her group or, where it is missing, in
    /// none. Groups of at least `minimum_group` customers with lines have a prior of their own; 200 is a good number,
    /// as intervals then need not account for the error of the prior. O(customers + groups).
    ///
    /// # Errors
    /// As for [`BetaBinomial::fit`], and [`Error::ColumnLength`] where the groups are of another number of customers.
    pub fn fit(groups: &Category, returned: &[u32], lines: &[u32], minimum_group: u64) -> Result<Self> {
        if groups.len() != lines.len() {
            return Err(Error::ColumnLength {
                column: "groups".to_owned(),
                found: groups.len(),
                against: "lines".to_owned(),
                expected: lines.len(),
            });
        }
        let shop = BetaBinomial::fit(returned, lines)?;
        let pairs: Vec<(u32, u32)> = returned.iter().zip(lines).map(|(y, n)| (*y, *n)).collect();
        Self::of_pairs(groups, &pairs, minimum_group, shop)
    }

    /// The same for pairs of returned and bought, one for each customer, and the shop's rates.
    pub(in crate::economics) fn of_pairs(
        groups: &Category,
        pairs: &[(u32, u32)],
        minimum_group: u64,
        shop: BetaBinomial,
    ) -> Result<Self> {
        let (ordered, ends) = by_group(groups, pairs);
        let samples: Vec<Sample> = (0..ends.len())
            .into_par_iter()
            .map(|code| {
                let start = if code == 0 { 0 } else { ends[code - 1] };
                Sample::of(code as u32, &ordered[start..ends[code]], minimum_group)
            })
            .collect();
        let samples: Vec<Sample> = samples.into_iter().filter(|sample| sample.customers > 0).collect();
        if samples.is_empty() {
            return Ok(Self { shop, groups: Vec::new(), pooled_mean: None, between_deviation: None });
        }
        let strength = shop.prior_lines();
        let (logits, errors): (Vec<f64>, Vec<f64>) =
            samples.iter().map(|sample| sample.logit(1.0 / (1.0 + strength))).unzip();
        let pooling = PartialPooling::of(&logits, &errors)?;
        let rate_of = |logit: f64| 1.0 / (1.0 + exp(-logit));
        let group = |(sample, pooled): (Sample, &crate::economics::pooling::PooledEstimate)| {
            let shared = |mean| BetaBinomial::shared(mean, strength, sample.customers);
            let (rates, source, own_weight) = match sample.own {
                Some(own) if own.tells_strength() => (own, PriorSource::Own, 1.0),
                Some(_) => {
                    let mean = (sample.returned as f64 + 0.5) / (sample.lines as f64 + 1.0);
                    (shared(mean), PriorSource::Shared, 1.0)
                }
                None => (shared(rate_of(pooled.estimate)), PriorSource::Shared, pooled.own_weight),
            };
            let name = groups.levels().get(sample.code).unwrap_or_default().to_owned();
            let Sample { customers, lines, returned, .. } = sample;
            GroupRate { name, customers, lines, returned, rates, source, own_weight }
        };
        Ok(Self {
            shop,
            groups: samples.into_iter().zip(&pooling.groups).map(group).collect(),
            pooled_mean: Some(rate_of(pooling.mean)),
            between_deviation: Some(pooling.between_variance.sqrt()),
        })
    }

    /// The rates of a group: the shop's where the group is missing, or was not seen. O(log groups).
    #[must_use]
    pub fn of(&self, group: Option<&str>) -> &BetaBinomial {
        let place = |name: &str| self.groups.binary_search_by(|group| group.name.as_str().cmp(name)).ok();
        group.and_then(place).map_or(&self.shop, |place| &self.groups[place].rates)
    }
}

/// The pairs of those who have a group, group by group, and where each group ends.
fn by_group(groups: &Category, pairs: &[(u32, u32)]) -> (Vec<(u32, u32)>, Vec<usize>) {
    let mut places = vec![0; groups.levels().len()];
    let codes = || (0..groups.len()).map(|row| groups.code(row));
    codes().flatten().for_each(|code| places[code as usize] += 1);
    let mut start = 0;
    for place in &mut places {
        (*place, start) = (start, start + *place);
    }
    let mut ordered = vec![(0, 0); start];
    for (code, pair) in codes().zip(pairs) {
        if let Some(code) = code {
            ordered[places[code as usize]] = *pair;
            places[code as usize] += 1;
        }
    }
    (ordered, places)
}

/// What is counted in a group.
struct Sample {
    code: u32,
    customers: u64,
    lines: u64,
    returned: u64,
    squared_lines: u128,
    /// The group's own rates, where it is large enough.
    own: Option<BetaBinomial>,
}

impl Sample {
    fn of(code: u32, pairs: &[(u32, u32)], minimum_group: u64) -> Self {
        let mut sample = Self { code, customers: 0, lines: 0, returned: 0, squared_lines: 0, own: None };
        for (y, n) in pairs.iter().filter(|(_, n)| *n > 0) {
            sample.customers += 1;
            sample.lines += u64::from(*n);
            sample.returned += u64::from(*y);
            sample.squared_lines += u128::from(u64::from(*n) * u64::from(*n));
        }
        if sample.customers >= minimum_group.max(1) {
            sample.own = BetaBinomial::fit_pairs(pairs).ok();
        }
        sample
    }

    /// The logit of the group's rate and its standard error, for an intraclass correlation.
    fn logit(&self, correlation: f64) -> (f64, f64) {
        let (lines, returned) = (self.lines as f64, self.returned as f64);
        let (yes, no) = (returned + 0.5, lines - returned + 0.5);
        let design_effect = 1.0 + (self.squared_lines as f64 / lines - 1.0) * correlation;
        (ln(yes / no), (design_effect * (1.0 / yes + 1.0 / no)).sqrt())
    }
}

impl fmt::Display for GroupRates {
    /// A table of the groups: size, raw rate, the prior's mean and strength, and where it comes from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(&["<group", "customers", "raw rate", "mean", "strength", "<prior"]);
        for group in &self.groups {
            let prior = match group.source {
                PriorSource::Own => "own".to_owned(),
                PriorSource::Shared => format!("shared, {} own mean", percent(Some(group.own_weight))),
            };
            table.row([
                group.name.clone(),
                grouped(group.customers),
                percent(Some(group.returned as f64 / group.lines as f64)),
                percent(Some(group.rates.mean())),
                format!("{:.1}", group.rates.prior_lines()),
                prior,
            ]);
        }
        table.row([
            "all customers".to_owned(),
            grouped(self.shop.customers()),
            String::new(),
            percent(Some(self.shop.mean())),
            format!("{:.1}", self.shop.prior_lines()),
            String::new(),
        ]);
        write!(f, "{table}")
    }
}

#[cfg(test)]
#[path = "group_rates_tests.rs"]
mod tests;
