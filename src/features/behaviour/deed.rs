//! What a behaviour looks at: events, orders or order lines that pass filters, in a window.

use std::fmt;

use super::selection::{EventNumber, Named, Selection, Side, setting};
use super::{Behaviour, Same, What};
use crate::error::Result;
use crate::events::EventAttribute;
use crate::features::computed::{
    Aggregate, EventAggregate, EventText, EventValue, Number, Over, Pass, TraitValue,
};
use crate::transaction::{Attribute, Window};

/// Something customers do: events, orders or order lines. Begun by [`Behaviour::events`], [`Behaviour::orders`] and
/// [`Behaviour::lines`].
///
/// Where it is asked for as a [`Behaviour`], how often they did it is meant.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Deed {
    /// Events.
    Events(EventDeed),
    /// Orders or order lines.
    Orders(OrderDeed),
}

/// Events that pass filters, in a window; see [`Behaviour::events`].
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a deed is the beginning of a behaviour"]
pub struct EventDeed {
    pub(super) selection: Selection<EventText, EventNumber>,
}

/// Orders or order lines that pass filters, in a window; see [`Behaviour::orders`].
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a deed is the beginning of a behaviour"]
pub struct OrderDeed {
    pub(super) over: Over,
    pub(super) selection: Selection<Attribute, Number>,
}

/// How a deed is summed up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Total {
    Count,
    Sum,
    Average,
    Min,
    Max,
    FirstTime,
    LastTime,
}

fn owned<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

/// What events and orders have in common.
macro_rules! deed {
    ($deed:ident, $things:literal) => {
        impl $deed {
            #[doc = concat!("Only ", $things, " in a window of time. Defaults to [`Window::all`].")]
            pub fn within(mut self, window: Window) -> Self {
                self.selection = self.selection.within(window);
                self
            }

            /// When it was first. A time; missing where it never was.
            pub fn first_time(self) -> Behaviour {
                self.total(Total::FirstTime)
            }

            /// When it was last. A time; missing where it never was.
            pub fn last_time(self) -> Behaviour {
                self.total(Total::LastTime)
            }

            /// In how many of the last so many periods of so many days it was; see [`Behaviour::active_periods`].
            pub fn active_periods(self, periods: u32, days: u32) -> Behaviour {
                Behaviour::active_periods(self, periods, days)
            }

            /// How often another deed followed within so many days; see [`Behaviour::sequence`].
            pub fn then(self, then: impl Into<Deed>, days: u32) -> Behaviour {
                Behaviour::sequence(self, then, days, None)
            }

            /// How often another deed with the same product or category followed within so many days; see
            /// [`Behaviour::sequence`].
            pub fn then_same(self, same: Same, then: impl Into<Deed>, days: u32) -> Behaviour {
                Behaviour::sequence(self, then, days, Some(same))
            }

            #[doc = concat!("How many ", $things, ". A count; 0 where there are none.")]
            pub fn count(self) -> Behaviour {
                self.total(Total::Count)
            }
        }

        impl From<$deed> for Behaviour {
            /// How often.
            fn from(deed: $deed) -> Self {
                deed.count()
            }
        }
    };
}

deed!(EventDeed, "events");
deed!(OrderDeed, "orders or order lines");

impl EventDeed {
    pub(super) fn any() -> Self {
        Self { selection: Selection::all() }
    }

    fn texts(mut self, attribute: EventText, pass: Pass, texts: Vec<String>) -> Self {
        self.selection = self.selection.texts(attribute, pass, texts);
        self
    }

    /// Only events of these kinds. Defaults to those it was begun with.
    pub fn kinds<K: Into<String>>(self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.texts(EventText::Kind, Pass::Only, owned(kinds))
    }

    /// Only events of other kinds than these. Defaults to all kinds.
    pub fn except_kinds<K: Into<String>>(self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.texts(EventText::Kind, Pass::Except, owned(kinds))
    }

    /// Only events whose text is one of these; one without the text does not pass. Several filters have to pass
    /// together. Defaults to all events.
    pub fn only<T: Into<String>>(
        self,
        attribute: EventAttribute,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        self.texts(EventText::Of(attribute), Pass::Only, owned(texts))
    }

    /// Only events that have the text and whose text is none of these. Defaults to all events.
    pub fn except<T: Into<String>>(
        self,
        attribute: EventAttribute,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        self.texts(EventText::Of(attribute), Pass::Except, owned(texts))
    }

    fn limit(mut self, side: Side, value: f64) -> Self {
        self.selection = self.selection.limit(EventNumber, side, value);
        self
    }

    /// Only events whose number is at least this. Defaults to all, those without a number among them.
    pub fn at_least(self, least: f64) -> Self {
        self.limit(Side::Least, least)
    }

    /// Only events whose number is at most this. Defaults to all, those without a number among them.
    pub fn at_most(self, most: f64) -> Self {
        self.limit(Side::Most, most)
    }

    /// The sum of their numbers; 0 where there are none. An exact decimal.
    pub fn sum(self) -> Behaviour {
        self.total(Total::Sum)
    }

    /// The mean of their numbers; missing where there are none.
    pub fn average(self) -> Behaviour {
        self.total(Total::Average)
    }

    /// The smallest of their numbers; missing where there are none.
    pub fn min(self) -> Behaviour {
        self.total(Total::Min)
    }

    /// The largest of their numbers; missing where there are none.
    pub fn max(self) -> Behaviour {
        self.total(Total::Max)
    }

    pub(super) fn total(self, total: Total) -> Behaviour {
        let aggregate = match total {
            Total::Count => EventAggregate::Count,
            Total::Sum => EventAggregate::Sum,
            Total::Average => EventAggregate::Average,
            Total::Min => EventAggregate::Min,
            Total::Max => EventAggregate::Max,
            Total::FirstTime => EventAggregate::First(EventValue::Time),
            Total::LastTime => EventAggregate::Last(EventValue::Time),
        };
        Behaviour::of(What::Events(self, aggregate))
    }
}

impl OrderDeed {
    pub(super) fn any(over: Over) -> Self {
        Self { over, selection: Selection::all() }
    }

    fn texts(mut self, attribute: Attribute, pass: Pass, texts: Vec<String>) -> Self {
        self.selection = self.selection.texts(attribute, pass, texts);
        self
    }

    /// Only lines whose text is one of these; a line without the text does not pass. An order is made of its lines that
    /// pass. Several filters have to pass together. Defaults to all lines.
    pub fn only<T: Into<String>>(self, attribute: Attribute, texts: impl IntoIterator<Item = T>) -> Self {
        self.texts(attribute, Pass::Only, owned(texts))
    }

    /// Only lines that have the text and whose text is none of these. Defaults to all lines.
    pub fn except<T: Into<String>>(self, attribute: Attribute, texts: impl IntoIterator<Item = T>) -> Self {
        self.texts(attribute, Pass::Except, owned(texts))
    }

    fn limit(mut self, number: Number, side: Side, value: f64) -> Self {
        self.selection = self.selection.limit(number, side, value);
        self
    }

    /// Only lines, or orders, of which a number is at least this, in currency units or pieces. Defaults to all.
    pub fn at_least(self, number: Number, least: f64) -> Self {
        self.limit(number, Side::Least, least)
    }

    /// Only lines, or orders, of which a number is at most this. Defaults to all.
    pub fn at_most(self, number: Number, most: f64) -> Self {
        self.limit(number, Side::Most, most)
    }

    fn of(self, aggregate: Aggregate) -> Behaviour {
        Behaviour::of(What::Orders(self, aggregate))
    }

    /// The sum of a number; 0 where there are none, missing where one of them is unknown. Money, or pieces.
    pub fn sum(self, number: Number) -> Behaviour {
        self.of(Aggregate::Sum(number))
    }

    /// The mean of a number; missing where there are none.
    pub fn average(self, number: Number) -> Behaviour {
        self.of(Aggregate::Average(number))
    }

    /// The smallest of a number; missing where there are none.
    pub fn min(self, number: Number) -> Behaviour {
        self.of(Aggregate::Min(number))
    }

    /// The largest of a number; missing where there are none.
    pub fn max(self, number: Number) -> Behaviour {
        self.of(Aggregate::Max(number))
    }

    /// A total that looks at no number of the order.
    fn total(self, total: Total) -> Behaviour {
        match total {
            Total::FirstTime => self.of(Aggregate::First(TraitValue::Time)),
            Total::LastTime => self.of(Aggregate::Last(TraitValue::Time)),
            _ => self.of(Aggregate::Count),
        }
    }
}

impl From<EventDeed> for Deed {
    fn from(deed: EventDeed) -> Self {
        Self::Events(deed)
    }
}

impl From<OrderDeed> for Deed {
    fn from(deed: OrderDeed) -> Self {
        Self::Orders(deed)
    }
}

impl From<Deed> for Behaviour {
    /// How often.
    fn from(deed: Deed) -> Self {
        deed.count()
    }
}

impl Deed {
    /// How often. A count; 0 where it never was.
    pub fn count(self) -> Behaviour {
        match self {
            Self::Events(deed) => deed.count(),
            Self::Orders(deed) => deed.count(),
        }
    }

    /// The same in another window of time.
    #[must_use]
    pub fn within(self, window: Window) -> Self {
        match self {
            Self::Events(deed) => Self::Events(deed.within(window)),
            Self::Orders(deed) => Self::Orders(deed.within(window)),
        }
    }

    /// When it was first. A time; missing where it never was.
    pub fn first_time(self) -> Behaviour {
        match self {
            Self::Events(deed) => deed.first_time(),
            Self::Orders(deed) => deed.first_time(),
        }
    }

    /// When it was last. A time; missing where it never was.
    pub fn last_time(self) -> Behaviour {
        match self {
            Self::Events(deed) => deed.last_time(),
            Self::Orders(deed) => deed.last_time(),
        }
    }

    /// The deed of a source by its name: `events`, `orders` or `lines`.
    pub(crate) fn of(source: &str) -> Result<Self> {
        match source {
            "events" => Ok(EventDeed::any().into()),
            "orders" => Ok(OrderDeed::any(Over::Orders).into()),
            "lines" => Ok(OrderDeed::any(Over::Lines).into()),
            _ => Err(setting("source", format!("`{source}`"), "events, orders or lines")),
        }
    }

    /// The same with a filter on a text by its name, such as `kind` or `category`.
    pub(crate) fn filtered(self, attribute: &str, pass: Pass, texts: Vec<String>) -> Result<Self> {
        Ok(match self {
            Self::Events(deed) => Self::Events(deed.texts(Named::named(attribute)?, pass, texts)),
            Self::Orders(deed) => Self::Orders(deed.texts(Named::named(attribute)?, pass, texts)),
        })
    }

    /// The same with a limit of a number by its name, such as `value` or `gross`.
    pub(crate) fn limited(self, number: &str, side: Side, value: f64) -> Result<Self> {
        Ok(match self {
            Self::Events(deed) => {
                EventNumber::named(number)?;
                Self::Events(deed.limit(side, value))
            }
            Self::Orders(deed) => Self::Orders(deed.limit(Named::named(number)?, side, value)),
        })
    }

    /// A total of it, over a number by its name where it is one of numbers: `value` of events, `gross` of orders.
    pub(crate) fn total(self, total: Total, number: Option<&str>) -> Result<Behaviour> {
        let of_numbers = matches!(total, Total::Sum | Total::Average | Total::Min | Total::Max);
        match (self, number) {
            (Self::Events(deed), Some(number)) if of_numbers => {
                EventNumber::named(number).map(|_| deed.total(total))
            }
            (Self::Orders(deed), Some(number)) if of_numbers => {
                let number = Number::named(number)?;
                Ok(match total {
                    Total::Sum => deed.sum(number),
                    Total::Average => deed.average(number),
                    Total::Min => deed.min(number),
                    _ => deed.max(number),
                })
            }
            (Self::Events(deed), None) if !of_numbers => Ok(deed.total(total)),
            (Self::Orders(deed), None) if !of_numbers => Ok(deed.total(total)),
            (_, Some(number)) => {
                Err(setting("number", format!("`{number}`"), "none, since counts and times are of no number"))
            }
            (Self::Events(_), None) => Err(setting("number", "none".to_owned(), EventNumber::NAMES)),
            (Self::Orders(_), None) => Err(setting("number", "none".to_owned(), <Number as Named>::NAMES)),
        }
    }

    pub(super) fn view(&self) -> View<'_> {
        match self {
            Self::Events(deed) => View::Events(deed),
            Self::Orders(deed) => View::Orders(deed),
        }
    }
}

/// A deed, borrowed.
#[derive(Clone, Copy)]
pub(super) enum View<'d> {
    Events(&'d EventDeed),
    Orders(&'d OrderDeed),
}

impl<'d> View<'d> {
    /// What it looks at, by name.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Events(_) => "events",
            Self::Orders(OrderDeed { over: Over::Orders, .. }) => "orders",
            Self::Orders(OrderDeed { over: Over::Lines, .. }) => "lines",
        }
    }

    pub(super) fn check(self) -> Result<()> {
        match self {
            Self::Events(deed) => deed.selection.check(),
            Self::Orders(deed) => deed.selection.check(),
        }
    }

    pub(super) fn window(self) -> &'d Window {
        match self {
            Self::Events(deed) => &deed.selection.window,
            Self::Orders(deed) => &deed.selection.window,
        }
    }

    pub(super) fn is_events(self) -> bool {
        matches!(self, Self::Events(_))
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Average => "AVG",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::FirstTime => "FIRST_TIME",
            Self::LastTime => "LAST_TIME",
        })
    }
}
