//! One order line: as a caller gives it, as the log keeps it, and why it may not be kept.
//!
//! [`Classifier`] is the only place that decides what a row is. Every door (rows, columns, CSV) goes through it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::transaction::ids::CustomerId;
use crate::transaction::money::{DecimalProblem, MAX_LINE, Money, Rate, mul_div};
use crate::transaction::rules::{FreeLines, LogRules, Returns};

/// One row of a shop's records, for [`LogBuilder::push`](crate::transaction::LogBuilder::push).
///
/// Only customer, time and price are needed; every other field has a neutral default.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OrderLine {
    /// Who ordered.
    pub customer: CustomerId,
    /// When, in microseconds UTC.
    pub time: i64,
    /// What it cost before discount.
    pub price: Price,
    /// The order's id; needed where the rules say that a column names the order.
    pub order: Option<String>,
    /// Pieces; negative on a credit note.
    pub quantity: i64,
    /// What was taken off the price.
    pub discount: Discount,
    /// The shop's cost of one piece.
    pub unit_cost: Option<Money>,
    /// What of this line came back.
    pub returned: Returned,
    /// When it came back, in microseconds UTC.
    pub return_time: Option<i64>,
    /// The product's code.
    pub product: Option<String>,
    /// The product's category.
    pub category: Option<String>,
    /// The product's brand.
    pub brand: Option<String>,
    /// The product's size.
    pub size: Option<String>,
    /// The channel the order came through.
    pub channel: Option<String>,
    /// The country it went to.
    pub country: Option<String>,
    /// Why it came back.
    pub reason: Option<String>,
}

impl OrderLine {
    /// One piece, sold at a price and kept.
    pub fn new(customer: impl Into<CustomerId>, time: i64, price: Price) -> Self {
        Self {
            customer: customer.into(),
            time,
            price,
            order: None,
            quantity: 1,
            discount: Discount::None,
            unit_cost: None,
            returned: Returned::Nothing,
            return_time: None,
            product: None,
            category: None,
            brand: None,
            size: None,
            channel: None,
            country: None,
            reason: None,
        }
    }
}

/// The price of an order line before discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// The price of one piece.
    Unit(Money),
    /// The price of the whole line; negative on a credit note.
    Line(Money),
}

/// What was taken off the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Discount {
    /// Nothing.
    #[default]
    None,
    /// A share of the line's price between 0 and 1, rounded half to even to a ten-thousandth.
    Rate(Rate),
    /// An amount between 0 and the line's price.
    Amount(Money),
}

/// What of a sale line came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Returned {
    /// Nothing.
    #[default]
    Nothing,
    /// All of it.
    All,
    /// So many pieces, at the price paid per piece.
    Quantity(i64),
    /// So much of what was paid; the pieces are taken in proportion, rounded half to even.
    Amount(Money),
}

/// What a kept row is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[repr(u8)]
pub enum LineKind {
    /// Pieces sold at a price.
    #[default]
    Sale,
    /// Pieces that went out without a price.
    Free,
    /// A credit note: pieces that came back.
    Return,
}

/// Why a row is not kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RejectReason {
    /// The row has another number of fields than the header.
    Ragged,
    /// The row has bytes that are not of the stated encoding.
    Encoding,
    /// There is no customer id.
    MissingCustomer,
    /// There is no order id, and a column should name it.
    MissingOrder,
    /// An event does not say what happened.
    MissingKind,
    /// The time is missing or cannot be read.
    Time,
    /// The quantity is not a number.
    Quantity,
    /// The quantity is not whole, or beyond two billion.
    QuantityRange,
    /// The price or amount is not a number.
    Price,
    /// The value of an event is not a number.
    Value,
    /// The discount is not a number, or not between nothing and the whole price.
    Discount,
    /// The unit cost is not a number, or negative.
    UnitCost,
    /// The returned flag, quantity, amount or time cannot be read.
    Returned,
    /// A number has more than four decimals.
    Decimals,
    /// An amount is beyond ±100 billion.
    AmountRange,
    /// The row is in another currency than the log.
    Currency,
    /// More came back than was bought.
    ReturnedTooMuch,
    /// A quantity or price is negative and the line is no credit note: a stock or bookkeeping entry.
    Negative,
    /// A credit note whose amount is not negative.
    PositiveCreditNote,
    /// The quantity is zero.
    NoPieces,
    /// The line was never delivered (the user's rule).
    Undelivered,
    /// The product code is none of a product (the user's rule).
    ExcludedProduct,
    /// The order id is that of a bookkeeping entry (the user's rule).
    ExcludedOrder,
    /// The line has no value (the user's rule).
    FreeLine,
    /// The row equals an earlier one (the user's rule).
    Duplicate,
}

impl RejectReason {
    const ALL: [Self; 25] = [
        Self::Ragged,
        Self::Encoding,
        Self::MissingCustomer,
        Self::MissingOrder,
        Self::MissingKind,
        Self::Value,
        Self::Time,
        Self::Quantity,
        Self::QuantityRange,
        Self::Price,
        Self::Discount,
        Self::UnitCost,
        Self::Returned,
        Self::Decimals,
        Self::AmountRange,
        Self::Currency,
        Self::ReturnedTooMuch,
        Self::Negative,
        Self::PositiveCreditNote,
        Self::NoPieces,
        Self::Undelivered,
        Self::ExcludedProduct,
        Self::ExcludedOrder,
        Self::FreeLine,
        Self::Duplicate,
    ];

    /// The reason of a [`RejectReason::name`].
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// Whether a rule of the user sets such rows aside, rather than something being wrong with them.
    #[must_use]
    pub const fn is_rule(self) -> bool {
        matches!(
            self,
            Self::Undelivered
                | Self::ExcludedProduct
                | Self::ExcludedOrder
                | Self::FreeLine
                | Self::Duplicate
        )
    }

    /// A short name for programs, such as `missing_customer`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ragged => "ragged_row",
            Self::Encoding => "encoding",
            Self::MissingCustomer => "missing_customer",
            Self::MissingOrder => "missing_order",
            Self::MissingKind => "missing_kind",
            Self::Time => "time",
            Self::Quantity => "quantity",
            Self::QuantityRange => "quantity_range",
            Self::Price => "price",
            Self::Value => "value",
            Self::Discount => "discount",
            Self::UnitCost => "unit_cost",
            Self::Returned => "returned",
            Self::Decimals => "too_many_decimals",
            Self::AmountRange => "amount_range",
            Self::Currency => "currency",
            Self::ReturnedTooMuch => "returned_too_much",
            Self::Negative => "negative",
            Self::PositiveCreditNote => "positive_credit_note",
            Self::NoPieces => "no_pieces",
            Self::Undelivered => "undelivered",
            Self::ExcludedProduct => "excluded_product",
            Self::ExcludedOrder => "excluded_order",
            Self::FreeLine => "free_line",
            Self::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ragged => "fields missing or too many",
            Self::Encoding => "bytes not of the stated encoding",
            Self::MissingCustomer => "no customer id",
            Self::MissingOrder => "no order id",
            Self::MissingKind => "no kind of event",
            Self::Time => "time missing or unreadable",
            Self::Quantity => "quantity unreadable",
            Self::QuantityRange => "quantity not whole or too large",
            Self::Price => "price unreadable",
            Self::Value => "value unreadable",
            Self::Discount => "discount unreadable or out of range",
            Self::UnitCost => "unit cost unreadable or negative",
            Self::Returned => "return record unreadable",
            Self::Decimals => "more than four decimals",
            Self::AmountRange => "amount out of range",
            Self::Currency => "another currency",
            Self::ReturnedTooMuch => "more returned than bought",
            Self::Negative => "negative line that is no return",
            Self::PositiveCreditNote => "credit note that is not negative",
            Self::NoPieces => "quantity of zero",
            Self::Undelivered => "never delivered",
            Self::ExcludedProduct => "excluded product code",
            Self::ExcludedOrder => "excluded order prefix",
            Self::FreeLine => "no value",
            Self::Duplicate => "exact duplicate",
        })
    }
}

impl From<DecimalProblem> for RejectReason {
    fn from(problem: DecimalProblem) -> Self {
        match problem {
            DecimalProblem::NotANumber => Self::Price,
            DecimalProblem::TooManyDecimals => Self::Decimals,
            DecimalProblem::OutOfRange => Self::AmountRange,
        }
    }
}

/// The numbers of a row, before it is known what the row is. Money in ten-thousandths.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) quantity: i64,
    pub(crate) price: Price,
    pub(crate) discount: Discount,
    pub(crate) unit_cost: Option<i64>,
    pub(crate) returned: Returned,
}

/// The cost of a line that has none on record: unknown is not free.
pub(crate) const UNKNOWN_COST: i64 = -1;

/// The numbers of a kept row. Money in ten-thousandths, everything known non-negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) kind: LineKind,
    /// Pieces bought, or credited on a return line.
    pub(crate) quantity: i32,
    /// Value before discount, or credited on a return line.
    pub(crate) gross: i64,
    pub(crate) discount: i64,
    /// Cost of the pieces, or [`UNKNOWN_COST`].
    pub(crate) cost: i64,
    /// Pieces and paid value of a sale line that came back.
    pub(crate) returned_quantity: i32,
    pub(crate) returned: i64,
}

impl Numbers {
    /// Whether every number is one that a line can have, looked at in the order in which the doors read them, so
    /// that a number is refused for the same reason whether it came as text, as `f64` or exact.
    #[inline]
    fn check(&self) -> Result<(), RejectReason> {
        let limit = |amount: i64| {
            if amount.unsigned_abs() <= MAX_LINE as u64 { Ok(()) } else { Err(RejectReason::AmountRange) }
        };
        match self.price {
            Price::Unit(price) | Price::Line(price) => limit(price.ten_thousandths())?,
        }
        match self.discount {
            Discount::Rate(rate) if !(0..=Rate::ONE.millionths()).contains(&rate.millionths()) => {
                return Err(RejectReason::Discount);
            }
            Discount::Amount(amount) => limit(amount.ten_thousandths())?,
            _ => {}
        }
        limit(self.unit_cost.unwrap_or_default())?;
        match self.returned {
            Returned::Amount(amount) => limit(amount.ten_thousandths()),
            _ => Ok(()),
        }
    }
}

impl Line {
    /// Whether something of this sale came back.
    #[inline]
    pub(crate) fn came_back(&self) -> bool {
        self.returned_quantity > 0 || self.returned > 0
    }
}

/// Which of the user's exclusions a row falls under.
#[derive(Clone, Copy, Default)]
pub(crate) struct Exclusions {
    pub(crate) undelivered: bool,
    pub(crate) excluded_product: bool,
    pub(crate) excluded_order: bool,
}

impl Exclusions {
    /// Sets a row aside that one of the user's rules names. Asked before the row's numbers are looked at: what the
    /// user does not want counted cannot be wrong either.
    #[inline]
    pub(crate) fn check(self) -> Result<(), RejectReason> {
        match self {
            Self { undelivered: true, .. } => Err(RejectReason::Undelivered),
            Self { excluded_order: true, .. } => Err(RejectReason::ExcludedOrder),
            Self { excluded_product: true, .. } => Err(RejectReason::ExcludedProduct),
            _ => Ok(()),
        }
    }
}

/// Decides what a row is.
#[derive(Clone)]
pub(crate) struct Classifier {
    free_lines: FreeLines,
    credit_notes: CreditNotes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CreditNotes {
    /// A negative line is no return.
    None,
    /// Every negative line is one.
    AnyNegative,
    /// A negative line of a marked order is one.
    Marked,
}

impl Classifier {
    pub(crate) fn new(rules: &LogRules) -> Self {
        let credit_notes = match &rules.returns {
            Returns::CreditNotes { prefix: Some(_) } => CreditNotes::Marked,
            Returns::CreditNotes { prefix: None } => CreditNotes::AnyNegative,
            _ => CreditNotes::None,
        };
        Self { free_lines: rules.free_lines, credit_notes }
    }

    /// The kept line, or why there is none. `marked` says that the order's id is that of a credit note.
    #[inline]
    pub(crate) fn line(&self, numbers: Numbers, marked: bool) -> Result<Line, RejectReason> {
        numbers.check()?;
        let Numbers { quantity, price, .. } = numbers;
        let Ok(pieces) = i32::try_from(quantity) else { return Err(RejectReason::QuantityRange) };
        let value = match price {
            Price::Unit(price) if price < Money::ZERO => return Err(RejectReason::Negative),
            Price::Unit(price) => {
                price.ten_thousandths().checked_mul(quantity).ok_or(RejectReason::AmountRange)?
            }
            Price::Line(amount) => amount.ten_thousandths(),
        };
        if value.unsigned_abs() > MAX_LINE as u64 {
            return Err(RejectReason::AmountRange);
        }
        if pieces == 0 {
            return Err(RejectReason::NoPieces);
        }
        let negative = value < 0 || pieces < 0;
        match self.credit_notes {
            CreditNotes::Marked if marked && value >= 0 => return Err(RejectReason::PositiveCreditNote),
            CreditNotes::Marked if marked => return credit(pieces, value),
            CreditNotes::AnyNegative if value < 0 => return credit(pieces, value),
            _ if negative => return Err(RejectReason::Negative),
            _ => {}
        }
        self.sale(pieces, value, &numbers)
    }

    /// What a rejected row would have been, had it an id and did no rule of the user set it aside.
    pub(crate) fn line_without_rules(&self, numbers: Numbers, marked: bool) -> Option<Line> {
        Self { free_lines: FreeLines::Keep, ..self.clone() }.line(numbers, marked).ok()
    }

    #[inline]
    fn sale(&self, pieces: i32, gross: i64, numbers: &Numbers) -> Result<Line, RejectReason> {
        let kind = if gross > 0 { LineKind::Sale } else { LineKind::Free };
        if kind == LineKind::Free && self.free_lines == FreeLines::Exclude {
            return Err(RejectReason::FreeLine);
        }
        let discount = match numbers.discount {
            Discount::None => 0,
            Discount::Rate(rate) => {
                mul_div(gross, rate.millionths(), Rate::ONE.millionths()).ok_or(RejectReason::AmountRange)?
            }
            Discount::Amount(amount) if (0..=gross).contains(&amount.ten_thousandths()) => {
                amount.ten_thousandths()
            }
            Discount::Amount(_) => return Err(RejectReason::Discount),
        };
        let cost = match numbers.unit_cost {
            None => UNKNOWN_COST,
            Some(unit) if unit >= 0 => unit
                .checked_mul(i64::from(pieces))
                .filter(|cost| *cost <= MAX_LINE)
                .ok_or(RejectReason::AmountRange)?,
            Some(_) => return Err(RejectReason::UnitCost),
        };
        let paid = gross - discount;
        let (returned_quantity, returned) = match numbers.returned {
            Returned::All => (pieces, paid),
            Returned::Quantity(quantity) if quantity < 0 => return Err(RejectReason::Returned),
            Returned::Quantity(quantity) if quantity > i64::from(pieces) => {
                return Err(RejectReason::ReturnedTooMuch);
            }
            Returned::Nothing | Returned::Quantity(0) => (0, 0),
            Returned::Quantity(quantity) if quantity == i64::from(pieces) => (pieces, paid),
            Returned::Quantity(quantity) => {
                let value = mul_div(paid, quantity, i64::from(pieces)).ok_or(RejectReason::AmountRange)?;
                (quantity as i32, value)
            }
            Returned::Amount(amount) => match amount.ten_thousandths() {
                amount if amount < 0 => return Err(RejectReason::Returned),
                amount if amount > paid => return Err(RejectReason::ReturnedTooMuch),
                0 => (0, 0),
                amount => {
                    let share = mul_div(i64::from(pieces), amount, paid).ok_or(RejectReason::AmountRange)?;
                    (share as i32, amount)
                }
            },
        };
        Ok(Line { kind, quantity: pieces, gross, discount, cost, returned_quantity, returned })
    }
}

/// A return line; its pieces and value are stored positive.
fn credit(pieces: i32, value: i64) -> Result<Line, RejectReason> {
    let quantity = pieces.checked_abs().ok_or(RejectReason::QuantityRange)?;
    Ok(Line {
        kind: LineKind::Return,
        quantity,
        gross: -value,
        discount: 0,
        cost: UNKNOWN_COST,
        returned_quantity: 0,
        returned: 0,
    })
}

/// Whether `text` is one of `patterns`, whose `*` at the end stands for any rest.
pub(crate) fn matches_any(text: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(returns: Returns) -> Classifier {
        Classifier::new(&LogRules::builder("EUR").returns(returns).build().unwrap())
    }

    fn unit(quantity: i64, price: i64) -> Numbers {
        Numbers {
            quantity,
            price: Price::Unit(Money::from_ten_thousandths(price)),
            discount: Discount::None,
            unit_cost: None,
            returned: Returned::Nothing,
        }
    }

    #[test]
    fn negative_lines_are_returns_only_where_the_rules_say_so() {
        let prefixed = rules(Returns::CreditNotes { prefix: Some("C".into()) });
        assert_eq!(prefixed.line(unit(-2, 100), true).unwrap().kind, LineKind::Return);
        assert_eq!(prefixed.line(unit(-2, 100), false), Err(RejectReason::Negative));
        assert_eq!(prefixed.line(unit(2, 100), true), Err(RejectReason::PositiveCreditNote));
        assert_eq!(prefixed.line(unit(-2, 0), false), Err(RejectReason::Negative));
        let any = rules(Returns::CreditNotes { prefix: None });
        assert_eq!(any.line(unit(-2, 100), false).unwrap().gross, 200);
        assert_eq!(rules(Returns::Flag).line(unit(-2, 100), false), Err(RejectReason::Negative));
    }

    #[test]
    fn returned_parts_come_back_at_the_price_paid() {
        let classifier = rules(Returns::Quantity);
        let mut numbers = unit(3, 1_000);
        numbers.discount = Discount::Rate(Rate::from_millionths(100_000));
        numbers.returned = Returned::Quantity(1);
        let line = classifier.line(numbers, false).unwrap();
        assert_eq!((line.gross, line.discount, line.returned), (3_000, 300, 900));
        numbers.returned = Returned::Amount(Money::from_ten_thousandths(1_800));
        assert_eq!(classifier.line(numbers, false).unwrap().returned_quantity, 2);
        numbers.returned = Returned::All;
        assert_eq!(classifier.line(numbers, false).unwrap().returned, 2_700);
        numbers.returned = Returned::Quantity(4);
        assert_eq!(classifier.line(numbers, false), Err(RejectReason::ReturnedTooMuch));
        numbers.returned = Returned::Amount(Money::from_ten_thousandths(2_701));
        assert_eq!(classifier.line(numbers, false), Err(RejectReason::ReturnedTooMuch));
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let classifier = rules(Returns::NotRecorded);
        assert_eq!(classifier.line(unit(i64::MAX, 1), false), Err(RejectReason::QuantityRange));
        assert_eq!(classifier.line(unit(2, MAX_LINE), false), Err(RejectReason::AmountRange));
        assert_eq!(classifier.line(unit(0, 1), false), Err(RejectReason::NoPieces));
        assert_eq!(classifier.line(unit(1, -1), false), Err(RejectReason::Negative));
        let mut numbers = unit(1, 100);
        numbers.discount = Discount::Amount(Money::from_ten_thousandths(101));
        assert_eq!(classifier.line(numbers, false), Err(RejectReason::Discount));
        numbers.discount = Discount::None;
        numbers.unit_cost = Some(-1);
        assert_eq!(classifier.line(numbers, false), Err(RejectReason::UnitCost));
    }

    #[test]
    fn patterns_match_whole_codes_or_beginnings() {
        let patterns = ["POST".to_owned(), "gift*".to_owned()];
        assert!(matches_any("POST", &patterns) && matches_any("gift_0001_20", &patterns));
        assert!(!matches_any("POSTER", &patterns) && !matches_any("Gift", &patterns));
    }
}
