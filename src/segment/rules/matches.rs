//! For whom one predicate holds, and for whom nobody can say.

use serde::{Deserialize, Serialize};

use crate::bitmap::Bitmap;

/// What a predicate is for each row of a table: two bits a customer at most.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawMatches")]
pub struct Matches {
    pub(crate) holds: Bitmap,
    /// `None` where it is known for everyone.
    pub(crate) unknown: Option<Bitmap>,
}

impl Matches {
    /// Those for whom it holds.
    #[must_use]
    pub fn holds(&self) -> &Bitmap {
        &self.holds
    }

    /// Those for whom nobody can say, because of a missing value.
    #[must_use]
    pub fn unknown(&self) -> Bitmap {
        self.unknown.clone().unwrap_or_else(|| Bitmap::filled(self.holds.len(), false))
    }

    /// Those for whom it does not hold.
    #[must_use]
    pub fn fails(&self) -> Bitmap {
        let fails = self.holds.negated();
        match &self.unknown {
            Some(unknown) => fails.minus(unknown),
            None => fails,
        }
    }

    /// Of how many nobody can say.
    pub(crate) fn unknown_count(&self) -> u64 {
        self.unknown.as_ref().map_or(0, Bitmap::count) as u64
    }

    /// What it is for a row.
    #[must_use]
    pub fn truth(&self, row: usize) -> super::Truth {
        if self.unknown.as_ref().is_some_and(|unknown| unknown.get(row)) {
            return super::Truth::Unknown;
        }
        self.holds.get(row).into()
    }
}

#[derive(Deserialize)]
struct RawMatches {
    holds: Bitmap,
    unknown: Option<Bitmap>,
}

impl TryFrom<RawMatches> for Matches {
    type Error = String;

    fn try_from(RawMatches { holds, unknown }: RawMatches) -> Result<Self, String> {
        match &unknown {
            Some(unknown)
                if unknown.len() != holds.len() || holds.and_count(unknown) > 0 || unknown.count() == 0 =>
            {
                Err("who is unknown is someone of the same rows of whom it is not said that it holds"
                    .to_owned())
            }
            _ => Ok(Self { holds, unknown }),
        }
    }
}
