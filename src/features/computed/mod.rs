//! Computed traits: an aggregate over a customer's lines or orders that a user names, filters and puts in a window.
//!
//! What the base features and families do not have, a trait says in one line: how many web orders in the last 90 days,
//! the first product she bought, her dearest pair of shoes.

mod aggregate;
mod builder;
mod column;
mod events;
mod plan;

use crate::transaction::{Attribute, Window};

pub(in crate::features) use aggregate::{Item, Outcome};
pub use builder::ComputedBuilder;
pub(in crate::features) use column::{Column, Kind};
pub use events::{EventAggregate, EventTrait, EventTraitBuilder, EventValue};
pub(in crate::features) use events::{EventPlan, EventText};
pub(in crate::features) use plan::ComputedPlan;

/// What a computed trait runs over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Over {
    /// Sale lines.
    Lines,
    /// Orders: each is the sum of its sale lines that pass the filters on texts. Its time is that of the earliest of
    /// them; its text is the one with the largest gross value among them, of equals the first. Lines without a text
    /// have no say in it.
    Orders,
}

/// A number of a line, or of an order as the sum over its lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Number {
    /// Pieces.
    Quantity,
    /// Value before discount. Money.
    Gross,
    /// What was taken off. Money.
    Discount,
    /// Value paid: gross less discount. Money.
    Paid,
    /// Attributed value that came back. Money.
    Returned,
    /// The same at list price: the part of the gross value that belongs to the pieces that came back, rounded half to
    /// even on each line. Money.
    ReturnedGross,
    /// Value paid less what came back. Money.
    Net,
    /// Pieces that came back.
    QuantityReturned,
    /// Cost of the pieces. Money; a trait over a line of unknown cost is missing.
    Cost,
    /// Gross value per piece, rounded half to even. Money.
    UnitPrice,
}

impl Number {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Quantity,
        Self::Gross,
        Self::Discount,
        Self::Paid,
        Self::Returned,
        Self::ReturnedGross,
        Self::Net,
        Self::QuantityReturned,
        Self::Cost,
        Self::UnitPrice,
    ];

    /// Whether it is money, rather than a number of pieces.
    pub(crate) const fn is_money(self) -> bool {
        !matches!(self, Self::Quantity | Self::QuantityReturned)
    }

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::Gross => "gross",
            Self::Discount => "discount",
            Self::Paid => "paid",
            Self::Returned => "returned",
            Self::ReturnedGross => "returned_gross",
            Self::Net => "net",
            Self::QuantityReturned => "quantity_returned",
            Self::Cost => "cost",
            Self::UnitPrice => "unit_price",
        }
    }
}

/// A number, a text or a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraitValue {
    /// When it was.
    Time,
    /// A number.
    Number(Number),
    /// A text.
    Text(Attribute),
}

impl From<Number> for TraitValue {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<Attribute> for TraitValue {
    fn from(attribute: Attribute) -> Self {
        Self::Text(attribute)
    }
}

/// How a trait sums up what it runs over. Where nothing is in the window and passes the filters, counts and sums are
/// zero and everything else is missing. A line or order without the text of a [`TraitValue::Text`] is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Aggregate {
    /// How many lines or orders. Unsigned.
    Count,
    /// The sum. Money, or 64-bit for pieces.
    Sum(Number),
    /// The sum divided by the count. 64-bit float in currency units or pieces.
    Average(Number),
    /// The smallest. Money, or 64-bit for pieces.
    Min(Number),
    /// The largest. Money, or 64-bit for pieces.
    Max(Number),
    /// The value of the first, by time; of equal times by order id, then the smallest value.
    First(TraitValue),
    /// The value of the last, by time; of equal times by order id, then the largest value.
    Last(TraitValue),
    /// The value that is there most often; of equals the smallest number or first text.
    MostFrequent(TraitValue),
    /// How many different values. Unsigned.
    Distinct(TraitValue),
}

/// A computed trait.
///
/// ```
/// use kohort::features::{Aggregate, Computed, Number, Over};
/// use kohort::synthetic::Shop;
/// use kohort::{Attribute, FeatureExtractor, Window};
///
/// let log = Shop::builder().customers(200).build()?.generate()?.log;
/// let dearest = Computed::builder("dearest_dress", Over::Lines, Aggregate::Max(Number::UnitPrice))
///     .only(Attribute::Category, ["dresses"])
///     .build()?;
/// let app_orders = Computed::builder("app_orders_90d", Over::Orders, Aggregate::Count)
///     .only(Attribute::Channel, ["app"])
///     .within(Window::days(90))
///     .build()?;
/// let customers = FeatureExtractor::builder(log.as_of_end()?)
///     .features([])
///     .computed([dearest, app_orders])
///     .build()?
///     .extract(&log)?;
/// assert_eq!(customers.names().collect::<Vec<_>>(), ["dearest_dress", "app_orders_90d"]);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Computed {
    pub(crate) name: String,
    pub(crate) over: Over,
    pub(crate) aggregate: Aggregate,
    pub(crate) window: Window,
    pub(crate) texts: Vec<TextFilter>,
    pub(crate) bounds: Vec<Bound>,
}

/// Which texts pass.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TextFilter {
    pub(crate) attribute: Attribute,
    pub(crate) texts: Vec<String>,
    pub(crate) pass: Pass,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Pass {
    Only,
    Except,
}

impl Pass {
    /// Whether a text passes.
    fn of(self, texts: &[String], text: &str) -> bool {
        match self {
            Self::Only => texts.iter().any(|own| own == text),
            Self::Except => texts.iter().all(|own| own != text),
        }
    }
}

/// Between which limits a number has to be, in pieces or ten-thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bound {
    pub(crate) number: Number,
    pub(crate) least: i64,
    pub(crate) most: i64,
}

impl Computed {
    /// A trait under a name of your own, which should be safe for SQL: lower-case letters, digits and underscores.
    #[must_use]
    pub fn builder(name: impl Into<String>, over: Over, aggregate: Aggregate) -> ComputedBuilder {
        ComputedBuilder::new(name.into(), over, aggregate)
    }

    /// Its name in a table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
