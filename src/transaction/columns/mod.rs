//! Columns into a log: the fast door for callers that hold their order lines as typed arrays.

mod fill;
#[cfg(feature = "arrow")]
mod parts;
mod plain;
mod reader;

use std::borrow::Cow;

#[cfg(feature = "arrow")]
pub(crate) use fill::{Optional, Rows};
#[cfg(feature = "arrow")]
pub(crate) use parts::{Layout, Outcome, Part, Texts, log_of_parts};
#[cfg(feature = "arrow")]
pub(crate) use plain::Plain;
#[cfg(feature = "arrow")]
pub(crate) use reader::{LevelMarks, rate_from_f64};

use crate::category::Category;
use crate::error::{Error, Result};
use crate::transaction::ids::IdColumn;
use crate::transaction::log::Attribute;
use crate::transaction::money::Money;
use crate::transaction::rules::{LogRules, OrderIdentity, Returns};

/// Prices as they come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PriceColumn<'a> {
    /// The price of one piece, in currency units.
    Unit(Cow<'a, [f64]>),
    /// The price of the line, in currency units.
    Line(Cow<'a, [f64]>),
    /// The price of one piece, exact.
    UnitExact(Cow<'a, [Money]>),
    /// The price of the line, exact.
    LineExact(Cow<'a, [Money]>),
}

/// Discounts as they come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DiscountColumn<'a> {
    /// Shares of the line's price, 0 to 1, with at most six decimals.
    Rate(Cow<'a, [f64]>),
    /// Amounts off the line's price, in currency units.
    Amount(Cow<'a, [f64]>),
}

/// Returns as they come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReturnedColumn<'a> {
    /// Whether all of the line came back.
    Flag(Cow<'a, [bool]>),
    /// Pieces that came back.
    Quantity(Cow<'a, [i32]>),
    /// Amounts that came back, at the price paid, in currency units.
    Amount(Cow<'a, [f64]>),
}

/// A shop's order lines as arrays, one value per line, for
/// [`TransactionLog::from_columns`](crate::TransactionLog::from_columns).
///
/// Arrays are taken owned or borrowed. Floating-point amounts must stand for decimals of at most four places.
#[derive(Clone, Debug)]
pub struct LogColumns<'a> {
    customer: IdColumn,
    order: Option<IdColumn>,
    time: Cow<'a, [i64]>,
    micros_per_tick: i64,
    price: PriceColumn<'a>,
    quantity: Option<Cow<'a, [i32]>>,
    discount: Option<DiscountColumn<'a>>,
    unit_cost: Option<Cow<'a, [f64]>>,
    returned: Option<ReturnedColumn<'a>>,
    return_time: Option<Cow<'a, [i64]>>,
    undelivered: Option<Cow<'a, [bool]>>,
    attributes: [Option<Category>; Attribute::ALL.len()],
}

impl<'a> LogColumns<'a> {
    /// Lines of given customers at given times, in microseconds UTC.
    #[must_use]
    pub fn new(
        customer: impl Into<IdColumn>,
        time: impl Into<Cow<'a, [i64]>>,
        price: PriceColumn<'a>,
    ) -> Self {
        Self {
            customer: customer.into(),
            order: None,
            time: time.into(),
            micros_per_tick: 1,
            price,
            quantity: None,
            discount: None,
            unit_cost: None,
            returned: None,
            return_time: None,
            undelivered: None,
            attributes: [const { None }; Attribute::ALL.len()],
        }
    }

    /// Times, those of returns too, are whole seconds UTC. Defaults to microseconds.
    #[must_use]
    pub fn times_in_seconds(mut self) -> Self {
        self.micros_per_tick = 1_000_000;
        self
    }

    /// The order of each line. Defaults to none, for rules that tell orders without a column.
    #[must_use]
    pub fn order(mut self, order: impl Into<IdColumn>) -> Self {
        self.order = Some(order.into());
        self
    }

    /// The pieces of each line. Defaults to one.
    #[must_use]
    pub fn quantity(mut self, quantity: impl Into<Cow<'a, [i32]>>) -> Self {
        self.quantity = Some(quantity.into());
        self
    }

    /// What was taken off. Defaults to nothing.
    #[must_use]
    pub fn discount(mut self, discount: DiscountColumn<'a>) -> Self {
        self.discount = Some(discount);
        self
    }

    /// The shop's cost of one piece, in currency units. Defaults to unknown.
    #[must_use]
    pub fn unit_cost(mut self, unit_cost: impl Into<Cow<'a, [f64]>>) -> Self {
        self.unit_cost = Some(unit_cost.into());
        self
    }

    /// What came back. Defaults to nothing; needed where the rules say that lines record it.
    #[must_use]
    pub fn returned(mut self, returned: ReturnedColumn<'a>) -> Self {
        self.returned = Some(returned);
        self
    }

    /// When it came back; `i64::MIN` where unknown. Defaults to unknown.
    #[must_use]
    pub fn return_time(mut self, return_time: impl Into<Cow<'a, [i64]>>) -> Self {
        self.return_time = Some(return_time.into());
        self
    }

    /// Which lines were never delivered; they are set aside. Defaults to none.
    #[must_use]
    pub fn undelivered(mut self, undelivered: impl Into<Cow<'a, [bool]>>) -> Self {
        self.undelivered = Some(undelivered.into());
        self
    }

    /// A text per line. Defaults to none.
    #[must_use]
    pub fn attribute(mut self, attribute: Attribute, column: Category) -> Self {
        self.attributes[attribute as usize] = Some(column);
        self
    }

    fn check(&self, rules: &LogRules) -> Result<()> {
        let expected = self.customer.len();
        let price = match &self.price {
            PriceColumn::Unit(values) | PriceColumn::Line(values) => values.len(),
            PriceColumn::UnitExact(values) | PriceColumn::LineExact(values) => values.len(),
        };
        let discount = self.discount.as_ref().map(|column| match column {
            DiscountColumn::Rate(values) | DiscountColumn::Amount(values) => values.len(),
        });
        let returned = self.returned.as_ref().map(|column| match column {
            ReturnedColumn::Flag(values) => values.len(),
            ReturnedColumn::Quantity(values) => values.len(),
            ReturnedColumn::Amount(values) => values.len(),
        });
        let lengths = [
            ("time", Some(self.time.len())),
            ("price", Some(price)),
            ("order", self.order.as_ref().map(IdColumn::len)),
            ("quantity", self.quantity.as_ref().map(|values| values.len())),
            ("discount", discount),
            ("unit_cost", self.unit_cost.as_ref().map(|values| values.len())),
            ("returned", returned),
            ("return_time", self.return_time.as_ref().map(|values| values.len())),
            ("undelivered", self.undelivered.as_ref().map(|values| values.len())),
        ];
        let attributes = Attribute::ALL
            .iter()
            .zip(&self.attributes)
            .map(|(attribute, column)| (attribute.name(), column.as_ref().map(Category::len)));
        for (column, length) in lengths.into_iter().chain(attributes) {
            if let Some(found) = length.filter(|length| *length != expected) {
                return Err(Error::ColumnLength {
                    column: column.to_owned(),
                    found,
                    against: "customer".to_owned(),
                    expected,
                });
            }
        }
        let mismatch = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if rules.orders == OrderIdentity::Column && self.order.is_none() {
            return mismatch(
                "order",
                "missing".into(),
                "a column, since the rules say that one names the order",
            );
        }
        let fits = matches!(
            (&rules.returns, &self.returned),
            (Returns::Flag, Some(ReturnedColumn::Flag(_)))
                | (Returns::Quantity, Some(ReturnedColumn::Quantity(_)))
                | (Returns::Amount, Some(ReturnedColumn::Amount(_)))
                | (Returns::NotRecorded | Returns::CreditNotes { .. }, None)
        );
        if !fits {
            let found = match &self.returned {
                Some(ReturnedColumn::Flag(_)) => "a flag",
                Some(ReturnedColumn::Quantity(_)) => "a quantity",
                Some(ReturnedColumn::Amount(_)) => "an amount",
                None => "missing",
            };
            return mismatch("returned", found.into(), "the column that the rules' return convention names");
        }
        if matches!(rules.returns, Returns::CreditNotes { prefix: Some(_) })
            && !matches!(self.order, Some(IdColumn::Texts(_) | IdColumn::ShortTexts(_)))
        {
            return mismatch(
                "order",
                "numbers".into(),
                "text, since credit notes are told by the id's beginning",
            );
        }
        Ok(())
    }
}
