//! Builds computed traits and finds what is wrong with them once.

use crate::error::{Error, Result};
use crate::features::computed::{Aggregate, Bound, Computed, Number, Over, Pass, TextFilter};
use crate::transaction::{Attribute, Money, Window};

/// Builds a [`Computed`] trait.
#[derive(Clone, Debug)]
pub struct ComputedBuilder {
    computed: Computed,
    bounds: Vec<(Number, Limit, f64)>,
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    Least,
    Most,
}

impl ComputedBuilder {
    pub(super) fn new(name: String, over: Over, aggregate: Aggregate) -> Self {
        let computed =
            Computed { name, over, aggregate, window: Window::all(), texts: Vec::new(), bounds: Vec::new() };
        Self { computed, bounds: Vec::new() }
    }

    /// Only lines whose text is one of these; a line without the text does not pass. Several filters have to pass
    /// together. Defaults to all lines.
    #[must_use]
    pub fn only<T: Into<String>>(self, attribute: Attribute, texts: impl IntoIterator<Item = T>) -> Self {
        self.text(attribute, texts.into_iter().map(Into::into).collect(), Pass::Only)
    }

    /// Only lines that have the text and whose text is none of these. Defaults to all lines.
    #[must_use]
    pub fn except<T: Into<String>>(self, attribute: Attribute, texts: impl IntoIterator<Item = T>) -> Self {
        self.text(attribute, texts.into_iter().map(Into::into).collect(), Pass::Except)
    }

    fn text(mut self, attribute: Attribute, texts: Vec<String>, pass: Pass) -> Self {
        self.computed.texts.push(TextFilter { attribute, texts, pass });
        self
    }

    /// Only lines (or orders, where it runs over orders) of which a number is at least this, in currency units or
    /// pieces. Defaults to all.
    #[must_use]
    pub fn at_least(mut self, number: Number, least: f64) -> Self {
        self.bounds.push((number, Limit::Least, least));
        self
    }

    /// Only lines (or orders) of which a number is at most this. Defaults to all.
    #[must_use]
    pub fn at_most(mut self, number: Number, most: f64) -> Self {
        self.bounds.push((number, Limit::Most, most));
        self
    }

    /// Only what happened in a window of time. Defaults to [`Window::all`].
    #[must_use]
    pub fn within(mut self, window: Window) -> Self {
        self.computed.window = window;
        self
    }

    /// The trait.
    ///
    /// # Errors
    /// [`Error::Setting`] where the name is empty, a filter on texts names none, or a limit is not finite, has more
    /// than four decimals (or any, for pieces), or is out of the range of money.
    pub fn build(self) -> Result<Computed> {
        let Self { mut computed, bounds } = self;
        let setting = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if computed.name.trim().is_empty() {
            return setting("name", format!("`{}`", computed.name), "a name for the trait");
        }
        if let Some(filter) = computed.texts.iter().find(|filter| filter.texts.is_empty()) {
            return setting("texts", format!("no {}", filter.attribute), "at least one text to filter by");
        }
        for (number, limit, value) in bounds {
            let Ok(exact) = Money::from_f64(value) else {
                return setting("limit", value.to_string(), "a finite amount with at most four decimals");
            };
            let exact = exact.ten_thousandths();
            let exact = match number.is_money() {
                true => exact,
                false if exact % 10_000 == 0 => exact / 10_000,
                false => return setting("limit", value.to_string(), "a whole number of pieces"),
            };
            let (least, most) = match limit {
                Limit::Least => (exact, i64::MAX),
                Limit::Most => (i64::MIN, exact),
            };
            computed.bounds.push(Bound { number, least, most });
        }
        Ok(computed)
    }
}
