//! Three truth values, and what *and*, *or* and *not* make of them.

use std::fmt;
use std::ops::Not;

use serde::{Deserialize, Serialize};

/// Whether a condition holds for a customer: yes, no, or not known.
///
/// Unknown is what a condition on a missing value is. It is no *false*: its negation is unknown as well, and it decides
/// nothing that another condition does not decide alone (Kleene's strong logic, which is that of SQL):
///
/// ```
/// use kohort::segment::Truth::{False, True, Unknown};
///
/// assert_eq!(!Unknown, Unknown);
/// assert_eq!(False.and(Unknown), False, "whatever the other turns out to be");
/// assert_eq!(True.and(Unknown), Unknown);
/// assert_eq!(True.or(Unknown), True);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It does not hold.
    False,
    /// Nobody can say: a value is missing.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// Whether it holds for certain.
    #[must_use]
    pub fn is_true(self) -> bool {
        self == Self::True
    }

    /// True where both are; false where one is; otherwise unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// True where one is; false where both are; otherwise unknown.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::False => "no",
            Self::Unknown => "unknown",
            Self::True => "yes",
        })
    }
}
