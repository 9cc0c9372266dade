//! Costs that follow a column of the table.

use crate::economics::costs::{Activity, Costs};
use crate::economics::facts::{Amounts, Counts, Facts, amounts, counts};
use crate::economics::formula::{missing_column, no_value};
use crate::economics::waterfall::Item;
use crate::economics::waterfalls::ItemAmounts;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::transaction::Money;

/// The activities of a shop, bound to their columns.
pub(super) struct Activities<'a>(Vec<(Item, Driver<'a>)>);

enum Driver<'a> {
    Count(Money, Counts<'a>),
    Amount(Amounts<'a>),
}

impl<'a> Activities<'a> {
    pub(super) fn of(costs: &Costs, facts: &Facts<'a>) -> Result<Self> {
        costs
            .activities
            .iter()
            .map(|activity| Ok((activity.item, Driver::of(activity, facts.table)?)))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Whether an item has one.
    pub(super) fn has(&self, item: Item) -> bool {
        self.0.iter().any(|(own, _)| *own == item)
    }

    /// Whether all of a customer's values are there.
    pub(super) fn known(&self, row: usize) -> bool {
        self.0.iter().all(|(_, driver)| match driver {
            Driver::Count(_, counts) => counts.get(row).is_some(),
            Driver::Amount(amounts) => amounts.get(row).is_some(),
        })
    }

    /// Adds a customer's costs to her items; `None` where one leaves its range.
    pub(super) fn add(&self, row: usize, items: &mut ItemAmounts) -> Option<()> {
        for (item, driver) in &self.0 {
            let cost = match driver {
                Driver::Count(rate, counts) => {
                    rate.ten_thousandths().checked_mul(counts.get(row).unwrap_or_default())?
                }
                Driver::Amount(amounts) => amounts.get(row).unwrap_or_default(),
            };
            let own = &mut items[*item as usize];
            *own = own.checked_add(cost)?;
        }
        Some(())
    }
}

impl<'a> Driver<'a> {
    fn of(activity: &Activity, table: &'a FeatureTable) -> Result<Self> {
        let Activity { name, column, .. } = activity;
        let absent = || match table.column(column) {
            Ok(_) => no_value(column),
            Err(_) => missing_column(table, name, column, "add it to the table, or leave the cost out"),
        };
        if let Some(rate) = activity.rate {
            return counts(table, column)?.map(|counts| Self::Count(rate, counts)).ok_or_else(absent);
        }
        let amounts = amounts(table, column)?.ok_or_else(absent)?;
        if amounts.any_negative() {
            return Err(Error::FeatureType {
                feature: column.clone(),
                found: "a column with negative amounts",
                expected: "costs of zero or more",
            });
        }
        Ok(Self::Amount(amounts))
    }
}
