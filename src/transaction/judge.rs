//! What becomes of a row, whichever door it came through: kept as a line, or refused for a reason.
//!
//! Deciding and storing are two things. Rows that come one by one and blocks of a file that are read side by side
//! store differently and decide here alike.

use std::fmt;

use crate::transaction::builder::{RawId, RawRow, id_text};
use crate::transaction::ids::IdKind;
use crate::transaction::line::{Classifier, Exclusions, Line, Numbers, RejectReason, matches_any};
use crate::transaction::log::Attribute;
use crate::transaction::rules::{LogRules, OrderIdentity, Returns};
use crate::transaction::time::TIME_RANGE;

/// Decides by a shop's rules and the kinds of its ids.
pub(crate) struct Judge {
    pub(crate) rules: LogRules,
    pub(crate) classifier: Classifier,
    pub(crate) customers: IdKind,
    /// The kind of order ids, where a column names the order.
    pub(crate) orders: Option<IdKind>,
}

/// A row that is kept. Its ids are of the kind that the log has, so that a text stands for a number only where it is
/// one.
pub(crate) struct Kept<'a> {
    pub(crate) customer: RawId<'a>,
    /// The order's id, where a column names it.
    pub(crate) order: Option<RawId<'a>>,
    pub(crate) time: i64,
    pub(crate) line: Line,
    pub(crate) return_time: Option<i64>,
}

/// A row that is not.
pub(crate) struct Refused<'r> {
    pub(crate) reason: RejectReason,
    /// What stands in the row; written out only where it is reported.
    pub(crate) detail: Detail<'r>,
    /// What the row would be if it had an id and no rule of the user set it aside: its money is accounted for.
    pub(crate) line: Option<Line>,
}

/// What stands in a refused row.
pub(crate) enum Detail<'r> {
    Text(&'r str),
    Id(Option<RawId<'r>>),
    Time(&'r str),
    Names { order: &'r str, product: &'r str },
    Numbers { order: &'r str, product: &'r str, numbers: Numbers },
    ReturnedBefore { returned: i64, ordered: i64 },
    ReturnTime(&'r str),
}

impl Judge {
    pub(crate) fn new(rules: &LogRules, customers: IdKind, orders: IdKind) -> Self {
        Self {
            rules: rules.clone(),
            classifier: Classifier::new(rules),
            customers,
            orders: (rules.orders == OrderIdentity::Column).then_some(orders),
        }
    }

    /// Whether an order's id says that the line is a credit note.
    #[inline]
    pub(crate) fn is_credit_note(&self, order: &str) -> bool {
        matches!(&self.rules.returns,
            Returns::CreditNotes { prefix: Some(prefix) } if order.starts_with(prefix.as_str()))
    }

    /// Which of the user's exclusions a row falls under.
    #[inline]
    pub(crate) fn exclusions(&self, undelivered: bool, order: &str, product: &str) -> Exclusions {
        Exclusions {
            undelivered,
            excluded_product: matches_any(product, &self.rules.excluded_products),
            excluded_order: self
                .rules
                .excluded_orders
                .iter()
                .any(|prefix| order.starts_with(prefix.as_str())),
        }
    }

    /// What becomes of a row. What is wrong with it is looked for in a fixed order: currency, customer, order, time,
    /// the user's rules, numbers that cannot be read, and last the kind of line.
    #[expect(clippy::result_large_err, reason = "whoever asks takes it apart at once; it is never passed on")]
    pub(crate) fn judge<'r>(&self, raw: &'r RawRow<'_>) -> Result<Kept<'r>, Refused<'r>> {
        let order_text = match raw.order {
            Some(RawId::Text(text)) => text,
            _ => "",
        };
        let product = raw.texts[Attribute::Product as usize].unwrap_or_default();
        let credit_note = self.is_credit_note(order_text);
        let refuse = |reason, detail| {
            let numbers = raw.numbers.as_ref().ok();
            let line = numbers.and_then(|numbers| self.classifier.line_without_rules(*numbers, credit_note));
            Refused { reason, detail, line }
        };

        if let Some(currency) = raw.currency.filter(|currency| *currency != self.rules.currency) {
            // Its amounts are no amounts of this log.
            return Err(Refused {
                reason: RejectReason::Currency,
                detail: Detail::Text(currency),
                line: None,
            });
        }
        let Some(customer) = raw.customer.and_then(|id| id.of_kind(self.customers)) else {
            return Err(refuse(RejectReason::MissingCustomer, Detail::Id(raw.customer)));
        };
        let order = match self.orders {
            None => None,
            Some(kind) => match raw.order.and_then(|id| id.of_kind(kind)) {
                None => return Err(refuse(RejectReason::MissingOrder, Detail::Id(raw.order))),
                order => order,
            },
        };
        let Some(time) = raw.time.filter(|time| TIME_RANGE.contains(time)) else {
            return Err(refuse(RejectReason::Time, Detail::Time(raw.time_text)));
        };
        self.exclusions(raw.undelivered, order_text, product)
            .check()
            .map_err(|reason| refuse(reason, Detail::Names { order: order_text, product }))?;
        let numbers = match &raw.numbers {
            Ok(numbers) => *numbers,
            Err((reason, detail)) => {
                return Err(Refused { reason: *reason, detail: Detail::Text(detail), line: None });
            }
        };
        let line = self
            .classifier
            .line(numbers, credit_note)
            .map_err(|reason| refuse(reason, Detail::Numbers { order: order_text, product, numbers }))?;
        let returned = |detail| Refused { reason: RejectReason::Returned, detail, line: Some(line) };
        let return_time = match raw.return_time {
            _ if !line.came_back() => None,
            Ok(Some(back)) if back < time || !TIME_RANGE.contains(&back) => {
                return Err(returned(Detail::ReturnedBefore { returned: back, ordered: time }));
            }
            Ok(return_time) => return_time,
            Err(text) => return Err(returned(Detail::ReturnTime(text))),
        };
        Ok(Kept { customer, order, time, line, return_time })
    }
}

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Id(id) => f.write_str(&id_text(*id)),
            Self::Time(text) => write!(f, "`{text}`"),
            Self::Names { order, product } => write!(f, "order `{order}`, product `{product}`"),
            Self::Numbers { order, product, numbers } => {
                write!(f, "order `{order}`, product `{product}`, {numbers}")
            }
            Self::ReturnedBefore { returned, ordered } => {
                write!(f, "returned at {returned}, ordered at {ordered} (microseconds UTC)")
            }
            Self::ReturnTime(text) => write!(f, "return time `{text}`"),
        }
    }
}
