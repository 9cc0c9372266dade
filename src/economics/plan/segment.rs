//! The numbers of one segment: size, sales, returns, margins, and how sure they are.

use serde::Serialize;

use crate::economics::break_even::BreakEven;
use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::plan::mean::{MeanEstimate, Moments};
use crate::economics::plan::pooled::{self, PooledRate};
use crate::economics::returns::{Interval, RatioEstimate, RatioSums, wilson};
use crate::economics::rows::by_groups;
use crate::economics::waterfall::Waterfall;
use crate::economics::waterfalls::Waterfalls;
use crate::error::Result;
use crate::segment::Segmentation;
use crate::transaction::{Money, MoneyTotal};

/// Order lines that came back, as counts.
///
/// The interval is Wilson's, which takes lines for independent. Lines of one customer come back together, so it is too
/// short where customers differ; [`SegmentEconomics::return_rate`] has customers as the sampling unit.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct ReturnedLines {
    /// Order lines bought, of customers of whom both counts are known.
    pub lines: u64,
    /// Those of them of which at least half the pieces came back.
    pub returned: u64,
    /// Their share.
    pub share: f64,
    /// Its interval at the chosen level.
    pub interval: Interval,
}

/// What a group of customers buys, sends back and earns.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SegmentEconomics {
    /// Customers, also those of whom a value is missing.
    pub customers: u64,
    /// Customers of whom a value that a margin needs is missing; they are in no sum of the waterfall.
    pub customers_unknown: u64,
    /// Orders; `None` where the table has none.
    pub orders: Option<u64>,
    /// Gross, as in the table: with tax where prices include it.
    pub gross: MoneyTotal,
    /// Posted returns, as in the table; `None` where returns are not known.
    pub returned: Option<MoneyTotal>,
    /// Gross less discounts and returns, as in the table; what is not known counts as nothing.
    pub net: MoneyTotal,
    /// Attributed returns by value: rate, standard error and interval with customers as the sampling unit. `None` where
    /// returns are not known or nothing was bought.
    pub return_rate: Option<RatioEstimate>,
    /// The return rate drawn towards that of all segments by as much as it is unsure; `None` for the shop, for customers
    /// without a segment, where the rate is not known or above 1, and where fewer than two segments have one.
    pub return_rate_pooled: Option<PooledRate>,
    /// Returned lines of lines, mature ones where the table tells; `None` where it has neither or none were bought.
    pub returned_lines: Option<ReturnedLines>,
    /// Gross to contribution, net of tax.
    pub waterfall: Waterfall,
    /// The last known margin per customer: CM3, or CM2 where marketing is not known. `None` without customers.
    pub value: Option<MeanEstimate>,
    /// The return rate at which the last known margin is zero, and the value of one point.
    pub break_even: BreakEven,
    /// Customers as a share of the shop's; `None` without any.
    pub share_of_customers: Option<f64>,
    /// Gross as a share of the shop's; `None` where the shop has none.
    pub share_of_gross: Option<f64>,
    /// The last known margin as a share of the shop's; `None` where the shop's is not above zero.
    pub share_of_contribution: Option<f64>,
}

impl SegmentEconomics {
    /// The last known margin of all customers together: CM3, or CM2 where marketing is not known.
    #[must_use]
    pub fn contribution(&self) -> MoneyTotal {
        self.waterfall.last_margin()
    }

    /// Gross per customer, in currency units; `None` without customers.
    #[must_use]
    pub fn gross_per_customer(&self) -> Option<f64> {
        (self.customers > 0).then(|| self.gross.to_f64() / self.customers as f64)
    }

    /// The last known margin per gross, both net of tax; `None` without gross.
    #[must_use]
    pub fn margin(&self) -> Option<f64> {
        self.contribution().share_of(self.waterfall.gross())
    }
}

/// Whole numbers that a pass over the rows adds up, per group.
#[derive(Clone, Default)]
struct Sums {
    customers: u64,
    orders: u64,
    gross: MoneyTotal,
    discount: MoneyTotal,
    returned: MoneyTotal,
    /// Value bought and attributed value that came back, of customers of whom both are known.
    bought: MoneyTotal,
    attributed: MoneyTotal,
    lines: u64,
    lines_returned: u64,
}

impl Sums {
    fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        self.orders += other.orders;
        self.gross += other.gross;
        self.discount += other.discount;
        self.returned += other.returned;
        self.bought += other.bought;
        self.attributed += other.attributed;
        self.lines += other.lines;
        self.lines_returned += other.lines_returned;
    }

    fn returned_lines(&self, level: f64) -> Option<ReturnedLines> {
        let interval = wilson(self.lines_returned, self.lines, level)?;
        Some(ReturnedLines {
            lines: self.lines,
            returned: self.lines_returned,
            share: self.lines_returned as f64 / self.lines as f64,
            interval,
        })
    }
}

/// Distances from means and rates that are known, per group.
#[derive(Clone)]
struct Spread {
    rate: Option<RatioSums>,
    margin: Moments,
}

/// What the passes read.
struct Rows<'a> {
    facts: &'a Facts<'a>,
    waterfalls: &'a Waterfalls,
    segmentation: &'a Segmentation,
    /// Segments, and the customers without one.
    groups: usize,
}

impl Rows<'_> {
    fn group(&self, row: usize) -> usize {
        self.segmentation.position(row).unwrap_or(self.groups - 1)
    }

    fn bought_and_back(&self, row: usize) -> Option<(i64, i64)> {
        Some((self.facts.paid(row)?, self.facts.attributed?.get(row)?))
    }

    /// The whole numbers of each group.
    fn sums(&self) -> Result<Vec<Sums>> {
        let facts = self.facts;
        let amount =
            |value: Option<i64>| MoneyTotal::from_ten_thousandths(i128::from(value.unwrap_or_default()));
        let partials = by_groups(facts.len(), self.groups, |rows| {
            let mut sums = vec![Sums::default(); self.groups];
            for row in rows {
                let sum = &mut sums[self.group(row)];
                sum.customers += 1;
                sum.orders += facts.orders.and_then(|column| column.get(row)).unwrap_or_default() as u64;
                sum.gross += amount(facts.gross.get(row));
                sum.discount += amount(facts.discount.and_then(|column| column.get(row)));
                sum.returned += amount(facts.returned.and_then(|column| column.get(row)));
                if let Some((bought, back)) = self.bought_and_back(row) {
                    sum.bought += amount(Some(bought));
                    sum.attributed += amount(Some(back));
                }
                if let Some((returned, lines)) = facts.returned_lines(row)? {
                    sum.lines += u64::from(lines);
                    sum.lines_returned += u64::from(returned);
                }
            }
            Ok(sums)
        });
        let mut sums = vec![Sums::default(); self.groups];
        // Of several errors, that of the first customer.
        for partial in partials {
            sums.iter_mut().zip(&partial?).for_each(|(sum, part)| sum.merge(part));
        }
        Ok(sums)
    }

    /// The distances of each group, and last of the shop: floats, added up run by run in the order of rows.
    fn spreads(&self, rates: &[Option<RatioSums>], means: &[f64]) -> Vec<Spread> {
        let units = |amount: i64| MoneyTotal::from_ten_thousandths(i128::from(amount)).to_f64();
        let empty: Vec<Spread> =
            rates.iter().map(|rate| Spread { rate: *rate, margin: Moments::default() }).collect();
        let partials = by_groups(self.facts.len(), self.groups, |rows| {
            let mut spreads = empty.clone();
            for row in rows {
                let pair = self.bought_and_back(row).map(|(bought, back)| (units(bought), units(back)));
                let margin = self.waterfalls.last_margin(row).map(Money::to_f64);
                for group in [self.group(row), self.groups] {
                    let spread = &mut spreads[group];
                    if let (Some((bought, back)), Some(rate)) = (pair, &mut spread.rate) {
                        rate.add(bought, back);
                    }
                    if let Some(margin) = margin {
                        spread.margin.add(margin, means[group]);
                    }
                }
            }
            spreads
        });
        let mut spreads = empty;
        for partial in &partials {
            for (sum, part) in spreads.iter_mut().zip(partial) {
                if let (Some(sum), Some(part)) = (&mut sum.rate, &part.rate) {
                    sum.merge(part);
                }
                sum.margin.merge(&part.margin);
            }
        }
        spreads
    }
}

/// The numbers of each segment, of the customers without one, and of the shop.
///
/// Two passes over runs of rows: sums are exact, distances are added in the order of runs, so nothing depends on
/// threads.
///
/// # Errors
/// [`Error::Incompatible`](crate::Error::Incompatible) where the segments are of other customers, or a customer returned
/// more lines than she bought.
pub(super) fn segments(
    economics: &Economics,
    facts: &Facts<'_>,
    waterfalls: &Waterfalls,
    segmentation: &Segmentation,
) -> Result<(Vec<SegmentEconomics>, SegmentEconomics)> {
    let mut of_all = waterfalls.segments(segmentation)?;
    let (groups, shop) = (of_all.len(), of_all.len());
    let mut shop_waterfall = of_all[0];
    of_all[1..].iter().for_each(|part| shop_waterfall.merge(part));
    of_all.push(shop_waterfall);

    let rows = Rows { facts, waterfalls, segmentation, groups };
    let mut sums = rows.sums()?;
    let mut whole = Sums::default();
    for sum in &sums {
        whole.merge(sum);
    }
    sums.push(whole);
    let rates: Vec<Option<RatioSums>> = sums
        .iter()
        .map(|sum| {
            facts.attributed.and_then(|_| RatioSums::new(sum.bought.to_f64(), sum.attributed.to_f64()))
        })
        .collect();
    let means: Vec<f64> = of_all
        .iter()
        .map(|waterfall| waterfall.last_margin().to_f64() / waterfall.customers().max(1) as f64)
        .collect();
    let spreads = rows.spreads(&rates, &means);

    let level = economics.settings.confidence;
    let estimated = |spread: &Spread| spread.rate.and_then(|rate| rate.estimate(level));
    let names = groups - 1;
    let own_rates: Vec<Option<(RatioEstimate, f64)>> = spreads[..names]
        .iter()
        .map(|spread| estimated(spread).zip(spread.rate?.effective_customers()))
        .collect();
    let own_means: Vec<(Moments, f64)> =
        spreads[..names].iter().zip(&means).map(|(spread, mean)| (spread.margin, *mean)).collect();
    let (pooled_rates, pooled_means) = (pooled::rates(&own_rates, level), pooled::means(&own_means, level));
    let of = |pooled: usize| pooled_means.get(pooled).copied().flatten();
    let whole = (sums[shop].customers, sums[shop].gross, of_all[shop]);
    let mut numbers: Vec<SegmentEconomics> = (0..=groups)
        .map(|group| {
            let (sum, waterfall, spread) = (&sums[group], of_all[group], &spreads[group]);
            let value = spread.margin.estimate(means[group], level);
            SegmentEconomics {
                customers: sum.customers,
                customers_unknown: sum.customers - waterfall.customers(),
                orders: facts.orders.map(|_| sum.orders),
                gross: sum.gross,
                returned: facts.returned.map(|_| sum.returned),
                net: sum.gross - sum.discount - sum.returned,
                return_rate: estimated(spread),
                return_rate_pooled: pooled_rates.get(group).copied().flatten(),
                returned_lines: sum.returned_lines(level),
                value: value.map(|value| MeanEstimate { pooled: of(group), ..value }),
                break_even: BreakEven::of(&waterfall, &whole.2),
                share_of_customers: (whole.0 > 0).then(|| sum.customers as f64 / whole.0 as f64),
                share_of_gross: sum.gross.share_of(whole.1),
                share_of_contribution: (whole.2.last_margin() > MoneyTotal::ZERO)
                    .then(|| waterfall.last_margin().share_of(whole.2.last_margin()))
                    .flatten(),
                waterfall,
            }
        })
        .collect();
    let shop = numbers.swap_remove(shop);
    Ok((numbers, shop))
}
