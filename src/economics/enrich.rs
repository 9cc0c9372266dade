//! What economics adds to the feature table, so that segmenters and lookalikes can use it.

use crate::bitmap::Bitmap;
use crate::economics::builder::Economics;
use crate::economics::customer_rates::CustomerRates;
use crate::economics::facts::Facts;
use crate::economics::returns::Posterior;
use crate::economics::waterfalls::waterfalls;
use crate::error::Result;
use crate::features::{Column, FeatureTable, Values};

/// Her return rate is above `return_rate_low` with this probability.
const SURE: f64 = 0.95;
/// Her return rate is at most `return_rate_high` with this probability.
const CAUTIOUS: f64 = 0.80;

impl Economics {
    /// The table with five columns more:
    ///
    /// - `contribution` (money): the customer's CM2, net of tax; missing where a value it needs is;
    /// - `return_rate_expected` (64-bit float): the posterior mean of her return rate by order lines, shrunk towards
    ///   the shop's in proportion to what is not known; the prior mean for lines that may still come back; missing
    ///   where returns are not known or she bought nothing;
    /// - `return_rate_low` (64-bit float): the 5 % quantile of the same posterior, so that her return rate is above it with a
    ///   probability of 95 %: low for someone of whom little is known, near her own rate for someone who bought much; missing where the expected rate is;
    /// - `return_rate_high` (64-bit float): the 80 % quantile of the same posterior, which her return rate exceeds with a
    ///   probability of 20 %: high for someone of whom little is known. For caps on an audience that should hold even where
    ///   the expected rates were too kind; missing where the expected rate is;
    /// - `rich_but_returning` (0 or 1): whether she is one of those that [`Economics::looks_rich`] finds; missing where
    ///   returns are not known, or her contribution is not.
    ///
    /// O(customers), and some four microseconds for each set of lines, bought and returned, that someone has.
    ///
    /// # Errors
    /// As for [`Economics::looks_rich`], and [`Error::DuplicateFeature`](crate::Error::DuplicateFeature) where the
    /// table has one of the columns already.
    pub fn enrich(&self, table: &FeatureTable) -> Result<FeatureTable> {
        let facts = Facts::read(table)?;
        let waterfalls = waterfalls(&self.costs, &facts)?;
        let rates = CustomerRates::of(&facts, &self.settings)?;
        let finding = self.find(&facts, &waterfalls, rates.as_ref());

        let rows = 0..facts.len();
        let contribution = rows.clone().map(|row| waterfalls.cm2(row).unwrap_or_default()).collect();
        let contribution =
            Column::with_missing(Values::Money(contribution), waterfalls.known_customers().clone())?;
        let none = || vec![None; facts.len()];
        let quantile = |probability: f64| {
            let of = |posterior: &Posterior| posterior.quantile(probability);
            rates
                .as_ref()
                .map_or_else(none, |rates| rates.each(of).into_iter().map(Option::flatten).collect())
        };
        let (lows, highs) = (quantile(1.0 - SURE), quantile(CAUTIOUS));
        let means = rates.as_ref().map_or_else(none, |rates| rates.each(Posterior::mean));
        let flag = rows.map(|row| u32::from(finding.mask.get(row))).collect();
        let known = match rates {
            Some(_) => waterfalls.known_customers().clone(),
            None => Bitmap::filled(facts.len(), false),
        };
        table
            .clone()
            .column_added("contribution", contribution)?
            .column_added("return_rate_expected", Column::optional(means))?
            .column_added("return_rate_low", Column::optional(lows))?
            .column_added("return_rate_high", Column::optional(highs))?
            .column_added("rich_but_returning", Column::with_missing(Values::U32(flag), known)?)
    }
}
