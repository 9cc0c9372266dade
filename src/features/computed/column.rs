//! The columns that computed traits make, over orders and over events.

use crate::features::computed::aggregate::Outcome;
use crate::features::derive::{Cell, Code, Grow, Instant, Part};
use crate::transaction::Money;

/// What a trait's values are.
#[derive(Clone, Copy, Debug)]
pub(in crate::features) enum Kind {
    Count,
    Pieces,
    Money,
    Time,
    /// Sums are divided by the unit beside their count.
    Average {
        unit: f64,
    },
    Text,
}

/// The column that a trait makes.
pub(in crate::features) enum Column {
    Counts(Wide<u32>),
    Pieces(Wide<i64>),
    Money(Wide<Money>),
    Times(Grow<Instant>),
    /// Sums are divided by this beside their count.
    Averages(Grow<f64>, f64),
    Texts(Grow<Code>),
}

/// A column whose values have to fit it; remembers the first customer whose does not.
pub(in crate::features) struct Wide<T> {
    values: Grow<T>,
    too_large: Option<usize>,
}

impl<T: Cell> Wide<T> {
    fn new() -> Self {
        Self { values: Grow::default(), too_large: None }
    }

    /// Adds a customer's value, converted by `fit`, or that she has none.
    fn push(&mut self, value: Option<i128>, fit: impl Fn(i128) -> Option<T>) {
        let fitted = value.and_then(fit);
        if value.is_some() && fitted.is_none() {
            self.too_large = self.too_large.or(Some(self.values.len()));
        }
        self.values.push(fitted);
    }

    fn take(&mut self) -> Result<Part, usize> {
        let part = self.values.take();
        self.too_large.take().map_or(Ok(part), Err)
    }
}

impl Column {
    pub(in crate::features) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Count => Self::Counts(Wide::new()),
            Kind::Pieces => Self::Pieces(Wide::new()),
            Kind::Money => Self::Money(Wide::new()),
            Kind::Time => Self::Times(Grow::default()),
            Kind::Average { unit } => Self::Averages(Grow::default(), unit),
            Kind::Text => Self::Texts(Grow::default()),
        }
    }

    pub(in crate::features) fn push(&mut self, outcome: Option<Outcome>) {
        let whole = outcome.map(|outcome| match outcome {
            Outcome::Count(count) => i128::from(count),
            Outcome::Whole(value) | Outcome::Average(value, _) => value,
        });
        match self {
            Self::Counts(column) => column.push(whole, |value| u32::try_from(value).ok()),
            Self::Pieces(column) => column.push(whole, |value| i64::try_from(value).ok()),
            Self::Money(column) => {
                column.push(whole, |value| i64::try_from(value).ok().map(Money::from_ten_thousandths));
            }
            Self::Averages(column, unit) => column.push(match outcome {
                Some(Outcome::Average(sum, count)) => Some(sum as f64 / count as f64 / *unit),
                _ => None,
            }),
            Self::Texts(column) => column.push(whole.map(|code| Code(code as u32))),
            Self::Times(column) => column.push(whole.map(|time| Instant(time as i64))),
        }
    }

    /// The column, or the first customer whose value does not fit it.
    pub(in crate::features) fn take(&mut self) -> Result<Part, usize> {
        match self {
            Self::Counts(column) => column.take(),
            Self::Pieces(column) => column.take(),
            Self::Money(column) => column.take(),
            Self::Averages(column, _) => Ok(column.take()),
            Self::Texts(column) => Ok(column.take()),
            Self::Times(column) => Ok(column.take()),
        }
    }
}
