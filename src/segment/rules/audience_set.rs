//! Overlapping audiences: one mask per name, and what can be made of them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::matches::Matches;
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped, percent};
use crate::segment::CrossTable;
use crate::segment::position_of;
use crate::transaction::CustomerIds;

/// Named audiences that may overlap: a mask for each, and one of those of whom nobody can say.
///
/// Customers stand in the order of the table. What is unknown is not in an audience; it is a list of its own
/// ([`unknown`](Self::unknown)). Takes one bit a customer and audience, two where values are missing.
///
/// Masks are put together by [`Bitmap::and`], [`Bitmap::or`] and [`Bitmap::minus`]:
///
/// ```
/// use kohort::features::{FeatureTable, Values};
/// use kohort::segment::{Rules, feature};
/// use kohort::transaction::CustomerIds;
///
/// let columns = [("orders", Values::U32(vec![1, 5, 9])), ("recency_days", Values::U32(vec![3, 400, 20]))];
/// let table = FeatureTable::from_columns(CustomerIds::rows(3), columns)?;
/// let rules = Rules::builder()
///     .rule("loyal", feature("orders").ge(4))
///     .rule("away", feature("recency_days").gt(180))
///     .build()?;
/// let audiences = rules.fit(&table)?.evaluate(&table)?;
/// let still_here = audiences.mask("loyal")?.minus(audiences.mask("away")?);
/// assert_eq!(audiences.members_of(&still_here).iter().collect::<Vec<_>>(), [2_u64.into()]);
/// assert_eq!(audiences.overlap().counts, [[2, 1], [1, 1]]);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawAudienceSet")]
pub struct AudienceSet {
    ids: Arc<CustomerIds>,
    names: Vec<String>,
    matches: Vec<Matches>,
}

impl AudienceSet {
    pub(crate) fn of(table: &FeatureTable, names: Vec<&str>, matches: Vec<Matches>) -> Self {
        let names = names.into_iter().map(str::to_owned).collect();
        Self { ids: Arc::clone(table.shared_ids()), names, matches }
    }

    /// The names, in the order of the rules.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The customers, in row order.
    #[must_use]
    pub fn ids(&self) -> &CustomerIds {
        &self.ids
    }

    /// How many customers there are, in an audience or in none.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.ids.len()
    }

    /// What an audience is for each row.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`] with the nearest name.
    pub fn matches(&self, audience: &str) -> Result<&Matches> {
        let position = position_of(audience, self.names.iter().map(String::as_str))?;
        Ok(&self.matches[position])
    }

    /// One bit per customer: who is in an audience.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`].
    pub fn mask(&self, audience: &str) -> Result<&Bitmap> {
        self.matches(audience).map(Matches::holds)
    }

    /// One bit per customer: of whom nobody can say.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`].
    pub fn unknown(&self, audience: &str) -> Result<Bitmap> {
        self.matches(audience).map(Matches::unknown)
    }

    /// The ids of an audience, ascending.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`].
    pub fn members(&self, audience: &str) -> Result<CustomerIds> {
        self.mask(audience).map(|mask| self.members_of(mask))
    }

    /// The ids of the customers whose bit is set, as of a combination of masks.
    #[must_use]
    pub fn members_of(&self, mask: &Bitmap) -> CustomerIds {
        self.ids.gather(&mask.ones().take_while(|row| *row < self.ids.len()).collect::<Vec<usize>>())
    }

    /// How many customers an audience has.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`].
    pub fn size(&self, audience: &str) -> Result<u64> {
        self.mask(audience).map(|mask| mask.count() as u64)
    }

    /// Customers per audience, in the order of the names.
    #[must_use]
    pub fn sizes(&self) -> Vec<u64> {
        self.matches.iter().map(|matches| matches.holds.count() as u64).collect()
    }

    /// How many customers each pair of audiences shares; on the diagonal the size of each.
    #[must_use]
    pub fn overlap(&self) -> CrossTable {
        let row = |left: &Matches| {
            self.matches.iter().map(|right| left.holds.and_count(&right.holds) as u64).collect()
        };
        CrossTable {
            rows: self.names.clone(),
            columns: self.names.clone(),
            counts: self.matches.iter().map(row).collect(),
        }
    }
}

impl fmt::Display for AudienceSet {
    /// Size, share and how many are unknown, audience by audience.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share =
            |count: u64| percent((self.customers() > 0).then(|| count as f64 / self.customers() as f64));
        let mut table = TextTable::new(&["<audience", "customers", "share", "unknown"]);
        for (name, matches) in self.names.iter().zip(&self.matches) {
            let size = matches.holds.count() as u64;
            table.row([name.clone(), grouped(size), share(size), grouped(matches.unknown_count())]);
        }
        write!(f, "{table}")
    }
}

impl fmt::Debug for AudienceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudienceSet")
            .field("customers", &self.customers())
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct RawAudienceSet {
    ids: Arc<CustomerIds>,
    names: Vec<String>,
    matches: Vec<Matches>,
}

impl TryFrom<RawAudienceSet> for AudienceSet {
    type Error = Error;

    fn try_from(RawAudienceSet { ids, names, matches }: RawAudienceSet) -> Result<Self> {
        if let Some(other) = matches.iter().find(|matches| matches.holds.len() != ids.len()) {
            return Err(Error::ColumnLength {
                column: "matches".into(),
                found: other.holds.len(),
                against: "ids".into(),
                expected: ids.len(),
            });
        }
        if names.len() != matches.len() || (1..names.len()).any(|name| names[..name].contains(&names[name])) {
            return Err(Error::Setting {
                setting: "names",
                found: format!("{} names of {} audiences", names.len(), matches.len()),
                expected: "a name of its own for each audience",
            });
        }
        Ok(Self { ids, names, matches })
    }
}
