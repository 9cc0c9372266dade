//! From gross sales to contribution, item by item, for a customer, a segment or the shop.
//!
//! The items are the sum; margins are computed from them and never stored, so that they always add up.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::layout::{TextTable, money, percent};
use crate::transaction::MoneyTotal;

/// What stands in a waterfall. Amounts are positive and net of tax; whether one adds or takes away follows from what
/// it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Item {
    /// Sales at list price.
    Gross,
    /// Taken off the list price.
    Discount,
    /// What came back, at the price it was sold for.
    Returns,
    /// Cost of the goods that went out.
    CostOfGoodsSold,
    /// Cost of those that came back. At most the cost of what went out: what comes back without a known sale brings
    /// no goods.
    CostOfGoodsReturned,
    /// What the goods that came back have lost in value.
    WriteDown,
    /// Picking, packing, shipping.
    Fulfilment,
    /// Payment fees.
    Payment,
    /// Transport and processing of what came back.
    ReturnHandling,
    /// Service.
    Service,
    /// Marketing.
    Marketing,
}

impl Item {
    /// All of them, from the top.
    pub const ALL: [Self; 11] = [
        Self::Gross,
        Self::Discount,
        Self::Returns,
        Self::CostOfGoodsSold,
        Self::CostOfGoodsReturned,
        Self::WriteDown,
        Self::Fulfilment,
        Self::Payment,
        Self::ReturnHandling,
        Self::Service,
        Self::Marketing,
    ];

    /// Whether it adds to a margin.
    pub(super) const fn adds(self) -> bool {
        matches!(self, Self::Gross | Self::CostOfGoodsReturned)
    }

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gross => "gross",
            Self::Discount => "discount",
            Self::Returns => "returns",
            Self::CostOfGoodsSold => "cost of goods sold",
            Self::CostOfGoodsReturned => "cost of goods returned",
            Self::WriteDown => "write-down",
            Self::Fulfilment => "fulfilment",
            Self::Payment => "payment",
            Self::ReturnHandling => "return handling",
            Self::Service => "service",
            Self::Marketing => "marketing",
        }
    }
}

/// Which items are known: one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Known(u16);

impl Known {
    pub(super) fn with(self, item: Item, known: bool) -> Self {
        Self(if known { self.0 | 1 << item as u16 } else { self.0 & !(1 << item as u16) })
    }

    pub(super) fn has(self, item: Item) -> bool {
        self.0 >> item as u16 & 1 == 1
    }
}

/// Gross to contribution of a group of customers: exact sums, net of tax.
///
/// ```text
/// gross − discount − returns                       = net revenue
///       − cost of goods kept − write-down          = CM1
///       − fulfilment − payment − return handling − service = CM2
///       − marketing                                = CM3
/// ```
///
/// An item that is not known ([`Waterfall::get`] gives `None`) counts as nothing in the margins: of a shop that does
/// not record returns, CM1 and CM2 are margins before returns. CM3 alone is unknown where marketing is. Definitions
/// of contribution margins differ between firms, so every item can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waterfall {
    pub(super) customers: u64,
    pub(super) known: Known,
    pub(super) amounts: [MoneyTotal; Item::ALL.len()],
}

impl Waterfall {
    pub(super) const fn empty(known: Known) -> Self {
        Self { customers: 0, known, amounts: [MoneyTotal::ZERO; Item::ALL.len()] }
    }

    /// How many customers are summed.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// An item's sum; `None` where it is not known.
    #[must_use]
    pub fn get(&self, item: Item) -> Option<MoneyTotal> {
        self.known.has(item).then_some(self.amounts[item as usize])
    }

    fn counted(&self, item: Item) -> MoneyTotal {
        self.amounts[item as usize]
    }

    /// Sales at list price, net of tax.
    #[must_use]
    pub fn gross(&self) -> MoneyTotal {
        self.counted(Item::Gross)
    }

    /// Gross less discounts: what was charged, net of tax.
    #[must_use]
    pub fn demand(&self) -> MoneyTotal {
        self.counted(Item::Gross) - self.counted(Item::Discount)
    }

    /// Gross less discounts and returns.
    #[must_use]
    pub fn net_revenue(&self) -> MoneyTotal {
        self.demand() - self.counted(Item::Returns)
    }

    /// Cost of the goods that customers kept.
    #[must_use]
    pub fn cost_of_goods(&self) -> MoneyTotal {
        self.counted(Item::CostOfGoodsSold) - self.counted(Item::CostOfGoodsReturned)
    }

    /// Contribution after goods.
    #[must_use]
    pub fn cm1(&self) -> MoneyTotal {
        self.net_revenue() - self.cost_of_goods() - self.counted(Item::WriteDown)
    }

    /// Contribution after goods and operations.
    #[must_use]
    pub fn cm2(&self) -> MoneyTotal {
        let operations = [Item::Fulfilment, Item::Payment, Item::ReturnHandling, Item::Service];
        operations.into_iter().fold(self.cm1(), |margin, item| margin - self.counted(item))
    }

    /// Contribution after marketing; `None` where marketing is not known.
    #[must_use]
    pub fn cm3(&self) -> Option<MoneyTotal> {
        self.get(Item::Marketing).map(|marketing| self.cm2() - marketing)
    }

    /// The last margin that is known: CM3, or CM2 where marketing is not known.
    #[must_use]
    pub fn last_margin(&self) -> MoneyTotal {
        self.cm3().unwrap_or_else(|| self.cm2())
    }

    /// Returns as a share of what was charged; `None` where returns are not known or nothing was charged.
    #[must_use]
    pub fn return_rate(&self) -> Option<f64> {
        self.get(Item::Returns)?.share_of(self.demand())
    }

    /// What returns cost in margin: the price given back, less the cost of the goods that came back, plus their
    /// write-down and handling.
    pub(super) fn lost_to_returns(&self) -> Option<MoneyTotal> {
        let price = self.get(Item::Returns)?;
        let goods = self.counted(Item::CostOfGoodsReturned) - self.counted(Item::WriteDown);
        Some(price - goods + self.counted(Item::ReturnHandling))
    }

    pub(super) fn add(&mut self, amounts: &[i64; Item::ALL.len()]) {
        self.customers += 1;
        for (total, amount) in self.amounts.iter_mut().zip(amounts) {
            *total += MoneyTotal::from_ten_thousandths(i128::from(*amount));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        for (total, amount) in self.amounts.iter_mut().zip(other.amounts) {
            *total += amount;
        }
    }

    /// Label, amount and whether it is a margin, from the top. Costs are negative.
    fn lines(&self) -> Vec<(&'static str, Option<MoneyTotal>, bool)> {
        let cost = |item: Item| (item.name(), self.get(item).map(|amount| -amount), false);
        let goods = self.known.has(Item::CostOfGoodsSold).then(|| -self.cost_of_goods());
        vec![
            ("gross", self.get(Item::Gross), false),
            cost(Item::Discount),
            cost(Item::Returns),
            ("net revenue", Some(self.net_revenue()), true),
            ("cost of goods kept", goods, false),
            cost(Item::WriteDown),
            ("CM1", Some(self.cm1()), true),
            cost(Item::Fulfilment),
            cost(Item::Payment),
            cost(Item::ReturnHandling),
            cost(Item::Service),
            ("CM2", Some(self.cm2()), true),
            cost(Item::Marketing),
            ("CM3", self.cm3(), true),
        ]
    }
}

impl fmt::Display for Waterfall {
    /// A table of items and margins with their share of gross; a dash where something is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(&["<", "amount", "of gross"]);
        for (label, amount, margin) in self.lines() {
            if margin {
                table.rule();
            }
            let share = amount.and_then(|amount| amount.share_of(self.counted(Item::Gross)));
            table.row([label.to_owned(), amount.map_or_else(|| "–".to_owned(), money), percent(share)]);
        }
        write!(f, "{table}")
    }
}

impl Serialize for Waterfall {
    /// Items as positive amounts, `null` where not known, and the margins.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Record {
            customers: u64,
            gross: Option<MoneyTotal>,
            discount: Option<MoneyTotal>,
            returns: Option<MoneyTotal>,
            net_revenue: MoneyTotal,
            cost_of_goods: MoneyTotal,
            write_down: Option<MoneyTotal>,
            cm1: MoneyTotal,
            fulfilment: Option<MoneyTotal>,
            payment: Option<MoneyTotal>,
            return_handling: Option<MoneyTotal>,
            service: Option<MoneyTotal>,
            cm2: MoneyTotal,
            marketing: Option<MoneyTotal>,
            cm3: Option<MoneyTotal>,
        }
        let record = Record {
            customers: self.customers,
            gross: self.get(Item::Gross),
            discount: self.get(Item::Discount),
            returns: self.get(Item::Returns),
            net_revenue: self.net_revenue(),
            cost_of_goods: self.cost_of_goods(),
            write_down: self.get(Item::WriteDown),
            cm1: self.cm1(),
            fulfilment: self.get(Item::Fulfilment),
            payment: self.get(Item::Payment),
            return_handling: self.get(Item::ReturnHandling),
            service: self.get(Item::Service),
            cm2: self.cm2(),
            marketing: self.get(Item::Marketing),
            cm3: self.cm3(),
        };
        record.serialize(serializer)
    }
}
