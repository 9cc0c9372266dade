//! Who carries the profit: the whale curve, concentration by tenths, and gross rank against contribution rank.

mod tenths;
mod whale;
mod words;

use serde::Serialize;

use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::rows::by_chunks;
use crate::economics::waterfalls::{Waterfalls, waterfalls};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::transaction::MoneyTotal;

pub use tenths::Tenth;
pub use whale::{WhaleCurve, WhalePoint};

pub(super) use tenths::bounds;

use tenths::{Customer, Ranked, Sums, sums};
use whale::gini;

/// Into how many parts customers are divided.
pub(super) const TENTHS: usize = 10;

/// Who carries a shop's profit, and whether those who buy most do.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Concentration {
    /// The currency of its amounts; `None` where the table does not say.
    pub currency: Option<String>,
    /// The curve of contributions, with how many are unprofitable and the Gini coefficient where it is defined.
    pub whale: WhaleCurve,
    /// All gross, as in the table.
    pub gross: MoneyTotal,
    /// The Gini coefficient of gross; `None` where someone's is negative or all are zero.
    pub gini_of_gross: Option<f64>,
    /// The tenths by contribution, the one that brings most first.
    pub by_contribution: Vec<Tenth>,
    /// The tenths by gross, the one that buys most first.
    pub by_gross: Vec<Tenth>,
    /// How many customers of each tenth by gross (rows, the one that buys most first) are in each tenth by contribution
    /// (the one that brings most first).
    pub crossing: [[u64; TENTHS]; TENTHS],
}

impl Concentration {
    /// How many of the tenth that buys most are among the half that brings least.
    #[must_use]
    pub fn best_buyers_in_lower_half(&self) -> u64 {
        self.crossing[0][TENTHS / 2..].iter().sum()
    }
}

impl Economics {
    /// Who carries the profit: the whale curve of contributions, tenths by contribution and by gross, and how the two go
    /// together.
    ///
    /// Counted are the customers whose contribution is known (the last known margin: CM3, or CM2 where marketing is not
    /// known), so that it adds up to the shop's. Of equals the one with the smaller id comes first. O(customers log
    /// customers).
    ///
    /// ```
    /// use kohort::synthetic::Shop;
    /// use kohort::{CostOfGoods, Costs, Economics, FeatureExtractor};
    ///
    /// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
    /// let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
    /// let concentration = economics.concentration(&customers)?;
    /// println!("{concentration}");
    /// assert!(concentration.whale.peak_ratio > Some(1.0), "some customers cost more than they bring");
    /// // Heavy returners are among those who buy most and those who bring least.
    /// assert!(concentration.best_buyers_in_lower_half() > 50);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Economics::waterfalls`].
    pub fn concentration(&self, table: &FeatureTable) -> Result<Concentration> {
        let facts = Facts::read(table)?;
        Ok(Concentration::of(&facts, &waterfalls(&self.costs, &facts)?))
    }
}

impl Concentration {
    /// Of customers whose waterfalls are there already.
    pub(super) fn of(facts: &Facts<'_>, waterfalls: &Waterfalls) -> Self {
        let known = |row: usize| {
            let contribution = waterfalls.last_margin(row)?.ten_thousandths();
            Some(Customer { row, gross: facts.gross.get(row)?, contribution })
        };
        let customers = by_chunks(facts.len(), |rows| rows.filter_map(known).collect::<Vec<_>>());
        let customers: Vec<Customer> = customers.into_iter().flatten().collect();
        let contributions =
            Ranked::of(&customers.iter().map(|customer| customer.contribution).collect::<Vec<_>>());
        let grosses = Ranked::of(&customers.iter().map(|customer| customer.gross).collect::<Vec<_>>());
        let sums = sums(facts, &customers, &grosses.tenths, &contributions.tenths);
        let whale = WhaleCurve::of_falling(&contributions.falling);
        let gross =
            MoneyTotal::from_ten_thousandths(grosses.falling.iter().map(|gross| i128::from(*gross)).sum());
        let told = |sums: &[Sums]| -> Vec<Tenth> {
            sums.iter().map(|sums| sums.tenth((gross, whale.total), facts.attributed.is_some())).collect()
        };
        Self {
            currency: facts.table.context().map(|context| context.currency.clone()),
            by_contribution: told(&sums.by_contribution),
            by_gross: told(&sums.by_gross),
            gini_of_gross: gini(&grosses.falling),
            whale,
            gross,
            crossing: sums.crossing,
        }
    }
}
