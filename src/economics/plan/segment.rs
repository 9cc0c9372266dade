//! The numbers of one segment: size, sales, returns, margins, and how sure they are.

use serde::Serialize;

use crate::economics::break_even::BreakEven;
use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::returns::{Interval, RatioEstimate, RatioSums, normal_cdf, normal_z};
use crate::economics::waterfall::Waterfall;
use crate::economics::waterfalls::Waterfalls;
use crate::error::Result;
use crate::segment::Segmentation;
use crate::transaction::MoneyTotal;

/// The mean of a margin per customer, in currency units.
///
/// By the normal approximation to the mean of customers: interval `mean ± z · sd / √n`, and `P(mean > 0) =
/// Φ(mean √n / sd)`. It describes what further customers of this kind would earn, not those at hand, whose sum is
/// exact. Good for a hundred customers or more; margins are skewed, so read it with care for fewer.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct MeanEstimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error; `None` for fewer than two customers.
    pub standard_error: Option<f64>,
    /// Its interval at the chosen level; `None` for fewer than two customers.
    pub interval: Option<Interval>,
    /// The probability that it is above zero; `None` for fewer than two customers.
    pub probability_positive: Option<f64>,
    /// Customers whose margin is known.
    pub customers: u64,
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

/// Sums that a pass over the rows fills, per group.
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
}

/// The numbers of each segment, of the customers without one, and of the shop.
///
/// Two passes in row order: sums are exact, residuals are added in the order of ids, so nothing depends on threads.
pub(super) fn segments(
    economics: &Economics,
    facts: &Facts<'_>,
    waterfalls: &Waterfalls,
    segmentation: &Segmentation,
) -> Result<(Vec<SegmentEconomics>, SegmentEconomics)> {
    let of_segments = waterfalls.segments(segmentation)?;
    let (groups, shop) = (of_segments.len(), of_segments.len());
    let mut of_all = of_segments;
    let mut shop_waterfall = of_all[0];
    of_all[1..].iter().for_each(|part| shop_waterfall.merge(part));
    of_all.push(shop_waterfall);

    let group_of = |row: usize| segmentation.position(row).unwrap_or(groups - 1);
    let bought_and_back = |row: usize| Some((facts.paid(row)?, facts.attributed?.get(row)?));
    let amount = |value: Option<i64>| MoneyTotal::from_ten_thousandths(i128::from(value.unwrap_or_default()));
    let mut sums = vec![Sums::default(); groups + 1];
    for row in 0..facts.len() {
        for group in [group_of(row), shop] {
            let sum = &mut sums[group];
            sum.customers += 1;
            sum.orders += facts.orders.and_then(|column| column.get(row)).unwrap_or_default() as u64;
            sum.gross += amount(facts.gross.get(row));
            sum.discount += amount(facts.discount.and_then(|column| column.get(row)));
            sum.returned += amount(facts.returned.and_then(|column| column.get(row)));
            if let Some((bought, back)) = bought_and_back(row) {
                sum.bought += amount(Some(bought));
                sum.attributed += amount(Some(back));
            }
        }
    }

    let mut rates: Vec<Option<RatioSums>> = sums
        .iter()
        .map(|sum| {
            facts.attributed.and_then(|_| RatioSums::new(sum.bought.to_f64(), sum.attributed.to_f64()))
        })
        .collect();
    let means: Vec<f64> = of_all
        .iter()
        .map(|waterfall| waterfall.last_margin().to_f64() / waterfall.customers().max(1) as f64)
        .collect();
    let mut squares = vec![0.0; groups + 1];
    for row in 0..facts.len() {
        let pair = bought_and_back(row);
        let margin = waterfalls.last_margin(row);
        for group in [group_of(row), shop] {
            if let (Some((bought, back)), Some(rate)) = (pair, &mut rates[group]) {
                rate.add(amount(Some(bought)).to_f64(), amount(Some(back)).to_f64());
            }
            if let Some(margin) = margin {
                squares[group] += (margin.to_f64() - means[group]).powi(2);
            }
        }
    }

    let level = economics.settings.confidence;
    let whole = (sums[shop].customers, sums[shop].gross, of_all[shop]);
    let mut numbers: Vec<SegmentEconomics> = (0..=groups)
        .map(|group| {
            let (sum, waterfall) = (&sums[group], of_all[group]);
            SegmentEconomics {
                customers: sum.customers,
                customers_unknown: sum.customers - waterfall.customers(),
                orders: facts.orders.map(|_| sum.orders),
                gross: sum.gross,
                returned: facts.returned.map(|_| sum.returned),
                net: sum.gross - sum.discount - sum.returned,
                return_rate: rates[group].and_then(|rate| rate.estimate(level)),
                value: mean_estimate(means[group], squares[group], waterfall.customers(), level),
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

fn mean_estimate(mean: f64, squares: f64, customers: u64, level: f64) -> Option<MeanEstimate> {
    if customers == 0 {
        return None;
    }
    let n = customers as f64;
    let standard_error = (customers > 1).then(|| (squares / (n - 1.0) / n).sqrt());
    Some(MeanEstimate {
        mean,
        standard_error,
        interval: standard_error.map(|se| {
            let reach = normal_z(level) * se;
            Interval { low: mean - reach, high: mean + reach }
        }),
        // Customers who all earn the same leave no doubt about the sign.
        probability_positive: standard_error
            .map(|se| if se > 0.0 { normal_cdf(mean / se) } else { f64::from(u8::from(mean > 0.0)) }),
        customers,
    })
}
