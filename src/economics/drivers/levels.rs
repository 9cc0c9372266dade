//! The level of each order line: a text, how much was taken off, or first order and later.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::category::Category;
use crate::economics::drivers::DriverBy;
use crate::economics::drivers::rows::Rows;
use crate::economics::rows::by_chunks;
use crate::error::{Error, Result};
use crate::transaction::{LineKind, OrderIdentity, TransactionLog};

/// The levels of discounts: their names, and the largest per cent in each but the last.
const DISCOUNTS: [&str; 5] =
    ["not discounted", "up to 10 %", "above 10 to 25 %", "above 25 to 50 %", "above 50 %"];
const MOST_OFF: [i64; 4] = [0, 10, 25, 50];

const ORDERS: [&str; 2] = ["first order", "later order"];

/// Where the level of a line is found.
pub(super) enum Levels<'a> {
    Texts(&'a Category),
    /// Value and discount of each line.
    Discounts(&'a [i64], &'a [i64]),
    Orders(FirstOrders<'a>),
}

impl<'a> Levels<'a> {
    /// # Errors
    /// [`Error::FeatureNeeds`] where the log does not have what the levels are told by.
    pub(super) fn of(log: &'a TransactionLog, rows: &Rows<'_>, by: DriverBy, until: i64) -> Result<Self> {
        let lacks = |needs| Error::FeatureNeeds { feature: format!("return drivers by {by}"), needs };
        match by {
            DriverBy::Attribute(attribute) => {
                let texts = log.attribute(attribute);
                texts.map(Self::Texts).ok_or_else(|| lacks("a column of that attribute"))
            }
            DriverBy::Discount => {
                let discounts = log.discounts.as_ref().ok_or_else(|| lacks("a discount column"))?;
                Ok(Self::Discounts(&log.gross, discounts))
            }
            DriverBy::FirstOrder => Ok(Self::Orders(FirstOrders::of(log, rows, until))),
        }
    }

    /// How many levels there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.levels().len(),
            Self::Discounts(..) => DISCOUNTS.len(),
            Self::Orders(_) => ORDERS.len(),
        }
    }

    /// The level of a line of the customer in a row; one beyond the last where it has none.
    #[inline]
    pub(super) fn level(&self, line: usize, row: usize) -> u32 {
        match self {
            Self::Texts(texts) => texts.codes[line],
            Self::Discounts(gross, discounts) => {
                let (off, whole) = (100 * i128::from(discounts[line]), i128::from(gross[line]));
                MOST_OFF.iter().map(|most| u32::from(off > i128::from(*most) * whole)).sum()
            }
            Self::Orders(first) => u32::from(!first.has(line, row)),
        }
    }

    pub(super) fn name(&self, level: u32) -> Option<String> {
        let names: &[&str] = match self {
            Self::Texts(texts) => return texts.levels().get(level).map(str::to_owned),
            Self::Discounts(..) => &DISCOUNTS,
            Self::Orders(_) => &ORDERS,
        };
        names.get(level as usize).map(|name| (*name).to_owned())
    }
}

/// The first order of each customer.
pub(super) struct FirstOrders<'a> {
    log: &'a TransactionLog,
    /// Of each row of the table, when she first bought.
    times: Vec<i64>,
    /// The smallest id of an order of that instant; empty where each line is an order.
    orders: Vec<u64>,
}

impl<'a> FirstOrders<'a> {
    /// O(lines), with 16 bytes a customer. The smallest of numbers is the same in whatever order they come, so that tasks
    /// may share the places.
    fn of(log: &'a TransactionLog, rows: &Rows<'_>, until: i64) -> Self {
        let sales = |visit: &(dyn Fn(usize, usize) + Sync)| {
            by_chunks(log.len(), |lines| {
                for line in lines {
                    if log.kinds[line] == LineKind::Sale
                        && log.times[line] < until
                        && let Some(row) = rows.row(line)
                    {
                        visit(line, row);
                    }
                }
            });
        };
        let times: Vec<AtomicI64> = (0..rows.end()).map(|_| AtomicI64::new(i64::MAX)).collect();
        sales(&|line, row| {
            times[row].fetch_min(log.times[line], Ordering::Relaxed);
        });
        let times: Vec<i64> = times.into_iter().map(AtomicI64::into_inner).collect();
        if log.rules().orders() == OrderIdentity::EachLine {
            return Self { log, times, orders: Vec::new() };
        }
        let orders: Vec<AtomicU64> = (0..rows.end()).map(|_| AtomicU64::new(u64::MAX)).collect();
        sales(&|line, row| {
            if log.times[line] == times[row] {
                orders[row].fetch_min(log.orders.key(line), Ordering::Relaxed);
            }
        });
        Self { log, times, orders: orders.into_iter().map(AtomicU64::into_inner).collect() }
    }

    /// Whether a line of the customer in a row is of her first order.
    #[inline]
    fn has(&self, line: usize, row: usize) -> bool {
        match self.orders.get(row) {
            Some(order) => self.log.orders.key(line) == *order,
            None => self.times.get(row) == Some(&self.log.times[line]),
        }
    }
}
