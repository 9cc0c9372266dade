//! A cost that follows a column of the table: a rate times a count, or an amount as it stands there.

use serde::Serialize;

use crate::economics::waterfall::Item;
use crate::transaction::Money;

/// A cost that follows a column of the table, added to an item of the waterfall.
///
/// Activity-based costing (Cooper and Kaplan, Harvard Business Review 1988): a customer costs what she makes the shop
/// do, which is a rate times how often. Set by [`CostsBuilder::activity`](crate::economics::CostsBuilder::activity) and
/// [`CostsBuilder::cost_column`](crate::economics::CostsBuilder::cost_column).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Activity {
    /// What it is called in messages.
    pub name: String,
    /// The item that it is part of.
    pub item: Item,
    /// The column it follows.
    pub column: String,
    /// What one of the column's counts costs; `None` where the column holds the amounts themselves.
    pub rate: Option<Money>,
}

impl Item {
    /// Whether a cost can be added to it. What was sold and sent back, and the goods themselves, have sources of their own.
    pub(crate) const fn takes_costs(self) -> bool {
        matches!(
            self,
            Self::WriteDown
                | Self::Fulfilment
                | Self::Payment
                | Self::ReturnHandling
                | Self::Service
                | Self::Marketing
        )
    }
}
