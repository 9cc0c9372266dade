//! What a state keeps of the lines it takes: orders, or every line.

use std::cmp::Ordering;
use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::features::state::compact::{TEXTS, compact};
use crate::features::state::runs::without_unused_texts;
use crate::transaction::{Attribute, LogRules, OrderIdentity, Returns, TransactionLog};

/// What a [`FeatureState`](crate::FeatureState) keeps of the lines it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// What features of orders are computed from: one row for all lines of an order that such features treat alike,
    /// without product, brand, size and reason. Features that need single lines are refused.
    ///
    /// Where returns are credit notes or each line is an order, lines stay apart, with the product that a credit note
    /// names; the other texts go all the same, and the same features are refused.
    #[default]
    Orders,
    /// Every line with all its texts, for features that need them.
    Lines,
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Orders => "orders",
            Self::Lines => "lines",
        })
    }
}

impl Detail {
    /// Whether lines may become one row.
    fn puts_together(self, rules: &LogRules) -> bool {
        let credit_notes = matches!(rules.returns(), Returns::CreditNotes { .. });
        self == Self::Orders && !credit_notes && rules.orders() != OrderIdentity::EachLine
    }

    /// Whether it keeps a text.
    pub(super) fn keeps(self, attribute: Attribute, rules: &LogRules) -> bool {
        // A credit note belongs to a sale of the same product.
        let named = attribute == Attribute::Product && matches!(rules.returns(), Returns::CreditNotes { .. });
        self == Self::Lines || TEXTS.contains(&attribute) || named
    }

    /// What it keeps of a log.
    pub(super) fn run_of(self, log: &TransactionLog) -> TransactionLog {
        if self.puts_together(&log.rules) {
            return compact(log);
        }
        let mut run = log.clone();
        if self == Self::Orders {
            for attribute in
                Attribute::ALL.into_iter().filter(|attribute| !self.keeps(*attribute, &log.rules))
            {
                run.attributes[attribute as usize] = None;
            }
            // By these a log tells that lines are not kept as they were.
            run.line_counts.get_or_insert_with(|| vec![1; log.len()]);
        }
        without_unused_texts(run)
    }

    /// Two runs that were joined, put together as far as they can be.
    pub(super) fn compacted(self, joined: TransactionLog) -> TransactionLog {
        if self.puts_together(&joined.rules) { compact(&joined) } else { joined }
    }

    /// The rows put together as far as they can be and in an order that depends on their content only.
    pub(super) fn canonical(self, log: &TransactionLog) -> TransactionLog {
        if self.puts_together(&log.rules) {
            return compact(log);
        }
        let mut rows: Vec<usize> = (0..log.len()).collect();
        rows.par_sort_unstable_by(|a, b| compare(log, *a, *b));
        log.gather(&rows)
    }
}

/// Orders rows by all they hold. Where each line is an order, its number is no content.
fn compare(log: &TransactionLog, a: usize, b: usize) -> Ordering {
    let key = |row: usize| {
        let order = if log.rules.orders() == OrderIdentity::EachLine { 0 } else { log.orders.key(row) };
        let line = log.line(row);
        let returned = log.return_times.as_ref().map(|times| times[row]);
        let money = (line.gross, line.discount, line.cost, line.returned);
        let pieces = (line.quantity, line.returned_quantity);
        (log.customers.key(row), order, log.times[row], line.kind, pieces, money, returned)
    };
    let texts = |row: usize| log.attributes.iter().flatten().map(move |column| column.codes[row]);
    key(a).cmp(&key(b)).then_with(|| texts(a).cmp(texts(b)))
}
