//! What economics adds to the feature table, so that segmenters and lookalikes can use it.

use crate::bitmap::Bitmap;
use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::finding::return_rates;
use crate::economics::waterfalls::waterfalls;
use crate::error::Result;
use crate::features::{Column, FeatureTable, Values};

impl Economics {
    /// The table with three columns more:
    ///
    /// - `contribution` (money): the customer's CM2, net of tax; missing where a value it needs is;
    /// - `return_rate_expected` (64-bit float): the posterior mean of her return rate by order lines, shrunk towards
    ///   the shop's in proportion to what is not known; the prior mean for lines that may still come back; missing
    ///   where returns are not known or she bought nothing;
    /// - `rich_but_returning` (0 or 1): whether she is one of those that [`Economics::looks_rich`] finds; missing where
    ///   returns are not known, or her contribution is not.
    ///
    /// O(customers).
    ///
    /// # Errors
    /// As for [`Economics::looks_rich`], and [`Error::DuplicateFeature`](crate::Error::DuplicateFeature) where the
    /// table has one of the columns already.
    pub fn enrich(&self, table: &FeatureTable) -> Result<FeatureTable> {
        let facts = Facts::read(table)?;
        let waterfalls = waterfalls(&self.costs, &facts)?;
        let rates = return_rates(&facts)?;
        let finding = self.find(&facts, &waterfalls, rates);

        let rows = 0..facts.len();
        let contribution = rows.clone().map(|row| waterfalls.cm2(row).unwrap_or_default()).collect();
        let contribution =
            Column::with_missing(Values::Money(contribution), waterfalls.known_customers().clone())?;
        let expected = rows
            .clone()
            .map(|row| {
                let Some((rates, (y, n))) = rates.zip(facts.returned_lines(row)?) else { return Ok(None) };
                Ok(Some(rates.posterior(y, n).mean()))
            })
            .collect::<Result<Vec<Option<f64>>>>()?;
        let flag = rows.map(|row| u32::from(finding.mask.get(row))).collect();
        let known = match rates {
            Some(_) => waterfalls.known_customers().clone(),
            None => Bitmap::filled(facts.len(), false),
        };
        table
            .clone()
            .column_added("contribution", contribution)?
            .column_added("return_rate_expected", Column::optional(expected))?
            .column_added("rich_but_returning", Column::with_missing(Values::U32(flag), known)?)
    }
}
