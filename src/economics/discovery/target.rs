//! What is searched for: of every customer who bought, how far she falls short of the little that is asked of her.

use crate::bitmap::Bitmap;
use crate::economics::builder::Economics;
use crate::economics::customer_rates::CustomerRates;
use crate::economics::discovery::builder::Discovery;
use crate::economics::facts::Facts;
use crate::economics::finding::upper_cut;
use crate::economics::returns::Posterior;
use crate::economics::rows::{each_row, try_each_row};
use crate::economics::waterfalls::Waterfalls;
use crate::error::Result;
use crate::features::{Feature, FeatureTable};
use crate::segment::rules::bucket_share;
use crate::transaction::MoneyTotal;

/// Shortfalls beyond these quantiles of all count as much as those: few very large customers shall not decide.
const WINSOR: f64 = 0.995;

/// The most a score may be, so that the scores of four billion customers add up within 64 bits.
const MOST: i64 = 1 << 28;

/// What is known of the customers, row by row of the table.
pub(super) struct Target {
    /// Customers who bought and whose contribution is known.
    pub(super) population: Bitmap,
    /// Those of them the search sees.
    pub(super) training: Bitmap,
    /// Those of them with a gross above the cut.
    pub(super) rich: Bitmap,
    /// What is to be expected of her contribution below the line, in ten-thousandths; negative above it.
    pub(super) shortfalls: Vec<i64>,
    /// The same in coarser units, without the extremes.
    pub(super) scores: Vec<i32>,
    /// The gross, as in the table, above which one looks rich.
    pub(super) rich_above: f64,
    /// The margin per gross below which one earns little.
    pub(super) line: f64,
}

impl Target {
    pub(super) fn of(
        economics: &Economics,
        discovery: &Discovery,
        facts: &Facts<'_>,
        waterfalls: &Waterfalls,
    ) -> Result<Self> {
        let rows = facts.len();
        let gross = |row: usize| facts.gross.get(row).filter(|gross| *gross > 0);
        let known = waterfalls.known_customers();
        let population: Bitmap = (0..rows).map(|row| known.get(row) && gross(row).is_some()).collect();
        let buyers = population.ones().filter_map(gross).collect();
        let rich_above = upper_cut(buyers, 1.0 - economics.settings.rich_share);
        let rich = (0..rows)
            .map(|row| population.get(row) && gross(row).is_some_and(|gross| gross as f64 > rich_above));
        let rich = rich.collect();
        let shop = waterfalls.shop();
        let shop_margin = shop.last_margin().share_of(shop.gross());
        let line = economics.settings.little * shop_margin.unwrap_or_default().max(0.0);
        let rates = CustomerRates::of(facts, &economics.settings)?;
        let expected = rates.map(|rates| rates.each(Posterior::mean));
        let shortfalls = shortfalls(facts, waterfalls, expected.as_deref(), line)?;
        let salt = discovery.salt();
        let training = each_row(rows, |row| {
            population.get(row) && bucket_share(facts.table.ids(), row, &salt) >= discovery.held_out
        });
        let training: Bitmap = training.into_iter().collect();
        let scores = scores(&shortfalls, &training);
        Ok(Self { population, training, rich, shortfalls, scores, rich_above, line })
    }
}

/// How far each customer's contribution, as it is to be expected, lies below `line` times her gross.
///
/// Her returns cost what they cost her so far, times the rate to be expected over the rate so far; where nothing has
/// come back yet, what a returned value costs in this shop.
fn shortfalls(
    facts: &Facts<'_>,
    waterfalls: &Waterfalls,
    expected: Option<&[Option<f64>]>,
    line: f64,
) -> Result<Vec<i64>> {
    let shop = waterfalls.shop();
    let ten_thousandths = |amount: MoneyTotal| amount.ten_thousandths() as f64;
    let returned = ten_thousandths(shop.demand() - shop.net_revenue());
    let cost_of_returned = shop
        .lost_to_returns()
        .filter(|_| returned > 0.0)
        .map_or(0.0, |lost| ten_thousandths(lost) / returned);
    let returned_so_far = LinesSoFar::read(facts.table);
    let shortfall = |row: usize| -> Result<i64> {
        let (Some(waterfall), Some(margin)) = (waterfalls.customer(row), waterfalls.last_margin(row)) else {
            return Ok(0);
        };
        let mut contribution = margin.ten_thousandths() as f64;
        if let (Some(expected), Some(lost)) =
            (expected.and_then(|rates| rates[row]), waterfall.lost_to_returns())
        {
            let lost = ten_thousandths(lost);
            let so_far = match returned_so_far.rate(row) {
                Some(rate) => rate,
                None => match facts.returned_lines(row)? {
                    Some((y, n @ 1..)) => f64::from(y) / f64::from(n),
                    _ => 0.0,
                },
            };
            contribution += lost
                - if so_far > 0.0 {
                    lost * expected / so_far
                } else {
                    expected * ten_thousandths(waterfall.demand()) * cost_of_returned
                };
        }
        Ok((line * ten_thousandths(waterfall.gross()) - contribution).round() as i64)
    };
    try_each_row(facts.len(), shortfall)
}

/// All lines, and those that have come back so far, recent ones among them.
struct LinesSoFar<'a>(Option<(&'a [u32], &'a [u32])>);

impl<'a> LinesSoFar<'a> {
    fn read(table: &'a FeatureTable) -> Self {
        let complete = |feature: Feature| {
            let column = table.column(feature).ok()?;
            if column.validity().is_none() { table.counts(feature).ok() } else { None }
        };
        Self(complete(Feature::Lines).zip(complete(Feature::LinesReturned)))
    }

    fn rate(&self, row: usize) -> Option<f64> {
        let (lines, returned) = self.0?;
        (lines[row] > 0).then(|| f64::from(returned[row]) / f64::from(lines[row]))
    }
}

/// Shortfalls without extremes, in units that keep their sums small.
fn scores(shortfalls: &[i64], training: &Bitmap) -> Vec<i32> {
    let mut known: Vec<i64> = training.ones().map(|row| shortfalls[row]).collect();
    let Some(end) = known.len().checked_sub(1) else { return vec![0; shortfalls.len()] };
    let place = (WINSOR * end as f64).ceil() as usize;
    let most = *known.select_nth_unstable(place).1;
    let least = *known.select_nth_unstable(end - place).1;
    let unit = most.saturating_abs().max(least.saturating_abs()) / MOST + 1;
    shortfalls.iter().map(|shortfall| (shortfall.clamp(&least, &most) / unit) as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_have_no_extremes_and_keep_their_sign() {
        let mut shortfalls: Vec<i64> = (-500..500).map(|i| i * 10).collect();
        shortfalls[0] = i64::MIN;
        shortfalls[999] = i64::MAX;
        let scores = scores(&shortfalls, &Bitmap::filled(1_000, true));
        assert!(scores.is_sorted());
        assert_eq!((scores[0], scores[999], scores[500]), (scores[4], scores[995], 0));
        assert!(scores[4] < scores[5] && scores[994] < scores[995]);
        let large: Vec<i64> = (0..1_000).map(|i| (i - 500) * 1_000_000_000_000_000).collect();
        let scores = super::scores(&large, &Bitmap::filled(1_000, true));
        assert!(scores.iter().all(|score| i64::from(score.unsigned_abs()) <= MOST));
        assert!(scores[10] < 0 && scores[990] > 1 << 26);
        assert_eq!(super::scores(&[3, 4], &Bitmap::filled(2, false)), [0, 0]);
    }
}
