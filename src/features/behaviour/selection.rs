//! What passes: filters on texts and numbers, and a window, in one order however they were put together.

use crate::error::{Error, Result};
use crate::events::EventAttribute;
use crate::features::computed::{EventText, Number, Pass};
use crate::transaction::{Attribute, Money, Window};

/// What passes: all filters on texts and numbers, in the window. Equal selections are equal however they were put
/// together, since filters and their texts stand in one order, each once.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Selection<A, N> {
    pub(super) texts: Vec<Filter<A>>,
    pub(super) limits: Vec<Limit<N>>,
    pub(super) window: Window,
}

/// A filter on a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Filter<A> {
    pub(super) attribute: A,
    pub(super) pass: Pass,
    pub(super) texts: Vec<String>,
}

/// A limit of a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Limit<N> {
    pub(super) number: N,
    pub(super) side: Side,
    pub(super) value: f64,
}

/// Which numbers pass a limit: those that are not below it, or not above.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Side {
    Least,
    Most,
}

/// The number of an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct EventNumber;

/// What filters look at, by its name in texts and stored rules.
pub(super) trait Named: Copy + Ord + 'static {
    /// All of a kind.
    const ALL: &'static [Self];
    /// Their names, for messages.
    const NAMES: &'static str;
    fn name(self) -> &'static str;
    /// Whether it counts whole pieces, of which there are no halves.
    fn is_whole(self) -> bool {
        false
    }

    fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().copied().find(|own| own.name() == name);
        found.ok_or_else(|| setting("filter", format!("`{name}`"), Self::NAMES))
    }
}

impl Named for Attribute {
    const ALL: &'static [Self] = &Attribute::ALL;
    const NAMES: &'static str =
        "product, category, brand, size, channel, country or reason of orders and lines";
    fn name(self) -> &'static str {
        self.name()
    }
}

impl Named for Number {
    const ALL: &'static [Self] = &Number::ALL;
    const NAMES: &'static str = "quantity, gross, discount, paid, returned, net, quantity_returned, cost or unit_price of \
                                 orders and lines";
    fn name(self) -> &'static str {
        self.name()
    }

    fn is_whole(self) -> bool {
        !self.is_money()
    }
}

impl Named for EventText {
    const ALL: &'static [Self] = &[
        Self::Kind,
        Self::Of(EventAttribute::Channel),
        Self::Of(EventAttribute::Campaign),
        Self::Of(EventAttribute::Product),
        Self::Of(EventAttribute::Category),
        Self::Of(EventAttribute::Label),
    ];
    const NAMES: &'static str = "kind, channel, campaign, product, category or label of events";
    fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Of(attribute) => attribute.name(),
        }
    }
}

impl Named for EventNumber {
    const ALL: &'static [Self] = &[Self];
    const NAMES: &'static str = "value of events";
    fn name(self) -> &'static str {
        "value"
    }
}

pub(super) fn setting(setting: &'static str, found: String, expected: &'static str) -> Error {
    Error::Setting { setting, found, expected }
}

impl<A: Named, N: Named> Selection<A, N> {
    pub(super) fn all() -> Self {
        Self { texts: Vec::new(), limits: Vec::new(), window: Window::all() }
    }

    pub(super) fn texts(mut self, attribute: A, pass: Pass, texts: Vec<String>) -> Self {
        let mut filter = Filter { attribute, pass, texts };
        filter.texts.sort();
        filter.texts.dedup();
        self.texts.push(filter);
        self.texts.sort();
        self.texts.dedup();
        self
    }

    pub(super) fn limit(mut self, number: N, side: Side, value: f64) -> Self {
        // Of the two zeros, one.
        self.limits.push(Limit { number, side, value: value + 0.0 });
        self.limits
            .sort_by(|a, b| (a.number, a.side).cmp(&(b.number, b.side)).then(a.value.total_cmp(&b.value)));
        self.limits.dedup();
        self
    }

    pub(super) fn within(mut self, window: Window) -> Self {
        self.window = window.canonical();
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if let Some(filter) = self.texts.iter().find(|filter| filter.texts.is_empty()) {
            let found = format!("no {}", filter.attribute.name());
            return Err(setting("texts", found, "at least one text to filter by"));
        }
        self.limits.iter().try_for_each(|limit| limit.exact().map(|_| ()))?;
        self.window.check()
    }
}

impl<N: Named> Limit<N> {
    /// The limit in ten-thousandths, or in pieces.
    pub(super) fn exact(&self) -> Result<i64> {
        let refused = |expected| Err(setting("limit", self.value.to_string(), expected));
        match Money::from_f64(self.value).map(Money::ten_thousandths) {
            Err(_) => refused("a finite amount with at most four decimals"),
            Ok(exact) if !self.number.is_whole() => Ok(exact),
            Ok(exact) if exact % 10_000 == 0 => Ok(exact / 10_000),
            Ok(_) => refused("a whole number of pieces"),
        }
    }

    /// From where to where it lets pass.
    pub(super) fn bounds(&self) -> Result<(i64, i64)> {
        let exact = self.exact()?;
        Ok(match self.side {
            Side::Least => (exact, i64::MAX),
            Side::Most => (i64::MIN, exact),
        })
    }
}
