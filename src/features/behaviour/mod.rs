//! Behaviours: what customers did, counted and timed over their orders and events, so that rules can ask for it.
//!
//! A deed (events, orders or order lines that pass filters, in a window) becomes a [`Behaviour`]: how often, how much, when
//! first and last, in how many periods, followed by what. Each is one column of the table under a name that is made of
//! what it means, so equal behaviours of many rules are computed once. `deed.rs` has the deeds and
//! `selection.rs` their filters; `text.rs`, `name.rs` and
//! `stored.rs` their forms; `plan.rs` and `events.rs` what is computed in the pass over lines and in the one over events;
//! `follow.rs` the two measures that traits do not have; and `absent.rs` the zeros of those who are in one log alone.

mod absent;
mod deed;
mod events;
mod follow;
mod name;
mod plan;
mod selection;
mod stored;
mod text;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::features::computed::{Aggregate, EventAggregate, Over};
use crate::transaction::{Attribute, Window};

pub(in crate::features) use absent::counted_where_absent;
pub(crate) use deed::Total;
pub use deed::{Deed, EventDeed, OrderDeed};
pub(in crate::features) use events::{EventSource, event_table};
pub(in crate::features) use plan::order_plans;
#[cfg(feature = "sql")]
pub(crate) use selection::Side;

use deed::View;

/// What a customer did, as one value: how often, how much, when first or last, in how many periods, followed by what.
///
/// Begun by what she did ([`events`](Self::events), [`orders`](Self::orders), [`lines`](Self::lines)), narrowed by
/// filters and a window, and ended by what is asked of it. It becomes a column of the table
/// ([`FeatureExtractorBuilder::behaviours`](crate::features::FeatureExtractorBuilder::behaviours)) and the beginning of
/// a condition ([`did`](crate::segment::rules::did)).
///
/// Only what happened before the moment of the table counts. Orders are made of sale lines, as for a
/// [`Computed`](crate::features::Computed) trait. A customer who never did it has 0 where it is a count or a sum, even
/// where she has no order, or no event, at all; averages, extremes and times are missing.
///
/// Two behaviours that were put together differently, but pass the same filters, are equal. Prints in the text of rules,
/// and serialises with serde.
///
/// ```
/// use kohort::events::EventAttribute;
/// use kohort::features::{Behaviour, Number};
/// use kohort::{Attribute, Window};
///
/// let clicks = Behaviour::events(["clicked"]).only(EventAttribute::Channel, ["email"]).within(Window::days(30)).count();
/// assert_eq!(clicks.to_string(), "COUNT(EVENTS WHERE kind = 'clicked' AND channel = 'email' WITHIN '30d')");
///
/// let on_shoes = Behaviour::orders().only(Attribute::Category, ["shoes"]).within(Window::days(365)).sum(Number::Gross);
/// assert_eq!(on_shoes.to_string(), "SUM(ORDERS.gross WHERE category = 'shoes' WITHIN '365d')");
/// assert!(on_shoes.name().starts_with("sum_orders_gross_shoes__365d__"));
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a behaviour does nothing until it is computed or asked for"]
pub struct Behaviour {
    what: What,
    name: String,
}

/// What a behaviour is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum What {
    Orders(OrderDeed, Aggregate),
    Events(EventDeed, EventAggregate),
    ActivePeriods(Regularity),
    Sequence(Box<Sequence>),
}

/// In how many of the last periods a deed was.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Regularity {
    deed: Deed,
    periods: u32,
    days: u32,
}

/// How often a deed was followed by another.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Sequence {
    first: Deed,
    then: Deed,
    days: u32,
    same: Option<Same>,
}

/// What the two deeds of a sequence have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Same {
    /// The product.
    Product,
    /// The category.
    Category,
}

impl Same {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Product, Self::Category];

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.attribute().name()
    }

    const fn attribute(self) -> Attribute {
        match self {
            Self::Product => Attribute::Product,
            Self::Category => Attribute::Category,
        }
    }
}

impl Behaviour {
    /// Events of some kinds.
    pub fn events<K: Into<String>>(kinds: impl IntoIterator<Item = K>) -> EventDeed {
        Self::any_event().kinds(kinds)
    }

    /// Events of any kind.
    pub fn any_event() -> EventDeed {
        EventDeed::any()
    }

    /// Orders: each is the sum of its sale lines that pass the filters on texts, at the time of the earliest of them.
    pub fn orders() -> OrderDeed {
        OrderDeed::any(Over::Orders)
    }

    /// Order lines that are sales.
    pub fn lines() -> OrderDeed {
        OrderDeed::any(Over::Lines)
    }

    /// In how many of the last `periods` periods, each of `days` days of 24 hours up to the moment, a customer did it: how
    /// regular she is. The latest period ends at the moment. A count; 0 where she never did.
    ///
    /// ```
    /// use kohort::features::Behaviour;
    ///
    /// let months = Behaviour::orders().active_periods(6, 30);
    /// assert_eq!(months.to_string(), "ACTIVE_PERIODS(ORDERS, 6, '30d')");
    /// ```
    pub fn active_periods(deed: impl Into<Deed>, periods: u32, days: u32) -> Self {
        Self::of(What::ActivePeriods(Regularity { deed: deed.into(), periods, days }))
    }

    /// How often a customer did `first` and then `then`, later, but at most `days` days of 24 hours later: of the deeds
    /// that came first, those that at least one of the other kind followed. What happened at the same instant does not
    /// follow. A count; 0 where she did not.
    ///
    /// With `same`, one with the same product or category has to follow. One without that text follows nothing and is
    /// followed by nothing; an order has the texts of all its lines that pass the filters. Each deed has its own window,
    /// which is all of history unless it is said.
    ///
    /// ```
    /// use kohort::Window;
    /// use kohort::features::{Behaviour, Same};
    ///
    /// let viewed = Behaviour::events(["viewed"]).within(Window::days(90));
    /// let bought_it = Behaviour::sequence(viewed, Behaviour::orders(), 7, Some(Same::Product));
    /// assert_eq!(
    ///     bought_it.to_string(),
    ///     "SEQUENCE(EVENTS WHERE kind = 'viewed' WITHIN '90d', ORDERS, '7d', SAME product)"
    /// );
    /// ```
    pub fn sequence(first: impl Into<Deed>, then: impl Into<Deed>, days: u32, same: Option<Same>) -> Self {
        Self::of(What::Sequence(Box::new(Sequence { first: first.into(), then: then.into(), days, same })))
    }

    fn of(what: What) -> Self {
        let name = name::name_of(&what);
        Self { what, name }
    }

    /// The name of its column in a table: readable, safe for SQL, at most 63 characters, and made of what it means, so
    /// that equal behaviours have equal names. Its end is the first 8 hexadecimal digits of SHA-256 of its text.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it looks at events, so that a table with it needs an [`EventLog`](crate::EventLog).
    #[must_use]
    pub fn needs_events(&self) -> bool {
        self.deeds().any(View::is_events)
    }

    /// Whether it looks at orders or order lines.
    #[must_use]
    pub fn needs_orders(&self) -> bool {
        self.deeds().any(|deed| !deed.is_events())
    }

    /// What has to be right whatever the log and the moment.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a filter on texts that names none, a limit that is no exact number,
    /// a window that ends before it begins, or periods or days of which there are none.
    pub fn check(&self) -> Result<()> {
        let some = |name, count: u32, expected| match count {
            0 => Err(selection::setting(name, "0".to_owned(), expected)),
            _ => Ok(()),
        };
        match &self.what {
            What::Orders(..) | What::Events(..) => {}
            What::ActivePeriods(own) => {
                some("periods", own.periods, "at least one period")?;
                some("days", own.days, "periods of at least one day")?;
            }
            What::Sequence(own) => some("days", own.days, "at least one day for the second to follow")?,
        }
        self.deeds().try_for_each(View::check)
    }

    /// Whether a customer who never did it has 0, rather than no value.
    fn starts_at_zero(&self) -> bool {
        match self.what {
            What::Orders(_, aggregate) => matches!(aggregate, Aggregate::Count | Aggregate::Sum(_)),
            What::Events(_, aggregate) => matches!(aggregate, EventAggregate::Count | EventAggregate::Sum),
            What::ActivePeriods(_) | What::Sequence(_) => true,
        }
    }

    /// The windows it looks at.
    pub(crate) fn windows(&self) -> impl Iterator<Item = &Window> {
        self.deeds().map(View::window)
    }

    fn deeds(&self) -> impl Iterator<Item = View<'_>> {
        let (first, then) = match &self.what {
            What::Orders(deed, _) => (View::Orders(deed), None),
            What::Events(deed, _) => (View::Events(deed), None),
            What::ActivePeriods(own) => (own.deed.view(), None),
            What::Sequence(own) => (own.first.view(), Some(own.then.view())),
        };
        std::iter::once(first).chain(then)
    }
}
