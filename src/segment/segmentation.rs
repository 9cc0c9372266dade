//! The common end of every segmenter: names, and one segment per customer or none.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bitmap::Bitmap;
use crate::error::{Error, Result, nearest};
use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped, percent};
use crate::transaction::{CustomerId, CustomerIds};

/// The code of a customer without a segment.
pub(crate) const UNASSIGNED: u16 = u16::MAX;

/// A partition of customers into named segments; a customer is in one segment or in none.
///
/// Customers stand in the order of the table that was segmented. Segments stand in the segmenter's order, empty
/// ones among them. Takes two bytes a customer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawSegmentation")]
pub struct Segmentation {
    ids: Arc<CustomerIds>,
    names: Vec<String>,
    codes: Vec<u16>,
}

/// How many customers two segmentations share, segment by segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrossTable {
    /// Row names, the segments of the one; last the customers without a segment.
    pub rows: Vec<String>,
    /// Column names, the segments of the other; last the customers without a segment.
    pub columns: Vec<String>,
    /// Customers, row by row.
    pub counts: Vec<Vec<u64>>,
}

/// A feature's distribution within one segment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FeatureSummary {
    /// The segment.
    pub segment: String,
    /// Its customers who have the feature.
    pub customers: u64,
    /// Its customers who lack it.
    pub missing: u64,
    /// The mean; `None` without a value.
    pub mean: Option<f64>,
    /// The lower quartile (type 7); `None` without a value.
    pub lower_quartile: Option<f64>,
    /// The median (type 7); `None` without a value.
    pub median: Option<f64>,
    /// The upper quartile (type 7); `None` without a value.
    pub upper_quartile: Option<f64>,
}

impl Segmentation {
    /// A segmentation from names and, per customer, the position of the name or `None`.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] unless there is one entry per customer, [`Error::Setting`] where names repeat or are
    /// empty, there are more than 65,535 of them, or a position is beyond them.
    pub fn new(table: &FeatureTable, names: Vec<String>, segment_of: &[Option<usize>]) -> Result<Self> {
        let count = names.len();
        let codes = segment_of
            .iter()
            .map(|segment| match segment {
                None => Ok(UNASSIGNED),
                Some(position) if *position < count.min(usize::from(UNASSIGNED)) => Ok(*position as u16),
                Some(position) => Err(Error::Setting {
                    setting: "segment_of",
                    found: position.to_string(),
                    expected: "positions of segment names",
                }),
            })
            .collect::<Result<Vec<u16>>>()?;
        Self::from_codes(Arc::clone(table.shared_ids()), names, codes)
    }

    /// The same from codes that are positions or [`UNASSIGNED`].
    pub(crate) fn from_codes(ids: Arc<CustomerIds>, names: Vec<String>, codes: Vec<u16>) -> Result<Self> {
        if codes.len() != ids.len() {
            return Err(Error::ColumnLength {
                column: "segments".into(),
                found: codes.len(),
                against: "ids".into(),
                expected: ids.len(),
            });
        }
        let setting = |found: String| {
            Err(Error::Setting {
                setting: "names",
                found,
                expected: "at most 65,535 distinct names with text",
            })
        };
        if names.len() > usize::from(UNASSIGNED) {
            return setting(names.len().to_string());
        }
        if let Some(name) = names.iter().enumerate().find_map(|(position, name)| {
            (name.trim().is_empty() || names[..position].contains(name)).then_some(name)
        }) {
            return setting(format!("`{name}`"));
        }
        // Without stopping at the first one, so that the check takes no time beside making the codes.
        if codes
            .iter()
            .fold(false, |beyond, code| beyond | (*code != UNASSIGNED && usize::from(*code) >= names.len()))
        {
            return setting(format!("{} names and a segment beyond them", names.len()));
        }
        Ok(Self { ids, names, codes })
    }

    /// The segments' names, in the segmenter's order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The customers, in row order.
    #[must_use]
    pub fn ids(&self) -> &CustomerIds {
        &self.ids
    }

    /// How many customers there are, those without a segment among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The position of a customer's segment among the names, by row.
    #[must_use]
    pub fn position(&self, row: usize) -> Option<usize> {
        self.codes.get(row).copied().filter(|code| *code != UNASSIGNED).map(usize::from)
    }

    /// The name of a customer's segment, by row.
    #[must_use]
    pub fn name_at(&self, row: usize) -> Option<&str> {
        self.position(row).map(|position| self.names[position].as_str())
    }

    pub(crate) fn codes(&self) -> &[u16] {
        &self.codes
    }

    /// The name of a customer's segment.
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`].
    pub fn segment_of(&self, customer: &CustomerId) -> Result<Option<&str>> {
        let row = self
            .ids
            .position(customer)
            .ok_or_else(|| Error::UnknownCustomer { customer: customer.to_string() })?;
        Ok(self.name_at(row))
    }

    /// Customers per segment, in the order of the names.
    #[must_use]
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes = vec![0; self.names.len()];
        for code in self.codes.iter().filter(|code| **code != UNASSIGNED) {
            sizes[usize::from(*code)] += 1;
        }
        sizes
    }

    /// Customers without a segment.
    #[must_use]
    pub fn unassigned(&self) -> u64 {
        self.codes.iter().filter(|code| **code == UNASSIGNED).count() as u64
    }

    /// The position of a name.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`] with the nearest name.
    pub fn named(&self, segment: &str) -> Result<usize> {
        position_of(segment, self.names.iter().map(String::as_str))
    }

    /// One bit per customer: who is in a segment.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`].
    pub fn mask(&self, segment: &str) -> Result<Bitmap> {
        let wanted = self.named(segment)? as u16;
        Ok(self.codes.iter().map(|code| *code == wanted).collect())
    }

    /// The ids of a segment's customers, ascending.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`].
    pub fn members(&self, segment: &str) -> Result<CustomerIds> {
        let rows: Vec<usize> = self.mask(segment)?.ones().collect();
        Ok(self.ids.gather(&rows))
    }

    /// The segmentation with some segments put together under one name, which stands where the first of them stood.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`], or [`Error::Setting`] where the new name is that of a segment which stays.
    pub fn merge(&self, segments: &[&str], into: &str) -> Result<Self> {
        let mut merged: Vec<usize> = segments.iter().map(|name| self.named(name)).collect::<Result<_>>()?;
        merged.sort_unstable();
        let Some(first) = merged.first().copied() else { return Ok(self.clone()) };
        let mut names = Vec::new();
        let mut target = vec![0_u16; self.names.len()];
        for (position, name) in self.names.iter().enumerate() {
            if position == first {
                target[position] = names.len() as u16;
                names.push(into.to_owned());
            } else if merged.contains(&position) {
                target[position] = target[first];
            } else {
                target[position] = names.len() as u16;
                names.push(name.clone());
            }
        }
        let codes =
            self.codes.iter().map(|code| target.get(usize::from(*code)).copied().unwrap_or(UNASSIGNED));
        Self::from_codes(Arc::clone(&self.ids), names, codes.collect())
    }

    /// How many customers each pair of segments shares.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the two are of different customers.
    pub fn cross(&self, other: &Self) -> Result<CrossTable> {
        self.check_same_customers(other)?;
        let with_none =
            |names: &[String]| names.iter().cloned().chain(["(none)".to_owned()]).collect::<Vec<_>>();
        let mut counts = vec![vec![0; other.names.len() + 1]; self.names.len() + 1];
        for (left, right) in self.codes.iter().zip(&other.codes) {
            let place = |code: u16, names: &[String]| usize::from(code).min(names.len());
            counts[place(*left, &self.names)][place(*right, &other.names)] += 1;
        }
        Ok(CrossTable { rows: with_none(&self.names), columns: with_none(&other.names), counts })
    }

    /// A numeric feature's distribution in each segment, in the order of the names. O(customers log customers).
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the table has other customers, [`Error::MissingFeature`],
    /// [`Error::FeatureType`] for text.
    pub fn summary(&self, table: &FeatureTable, feature: impl AsRef<str>) -> Result<Vec<FeatureSummary>> {
        self.check_customers(table)?;
        let column = table.numeric(feature)?;
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); self.names.len()];
        let mut missing = vec![0; self.names.len()];
        for row in 0..self.len() {
            let Some(segment) = self.position(row) else { continue };
            match column.number(row) {
                Some(value) => values[segment].push(value),
                None => missing[segment] += 1,
            }
        }
        let summaries = self.names.iter().zip(values).zip(missing).map(|((name, mut values), missing)| {
            values.sort_unstable_by(f64::total_cmp);
            let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
            FeatureSummary {
                segment: name.clone(),
                customers: values.len() as u64,
                missing,
                mean,
                lower_quartile: sorted_quantile(&values, 0.25),
                median: sorted_quantile(&values, 0.5),
                upper_quartile: sorted_quantile(&values, 0.75),
            }
        });
        Ok(summaries.collect())
    }

    pub(crate) fn check_same_customers(&self, other: &Self) -> Result<()> {
        if self.ids == other.ids {
            Ok(())
        } else {
            Err(Error::Incompatible {
                what: "the customers of a segmentation",
                left: format!("{} customers", self.len()),
                right: format!("{} other customers", other.len()),
            })
        }
    }

    pub(crate) fn check_customers(&self, table: &FeatureTable) -> Result<()> {
        if *self.ids == *table.ids() {
            Ok(())
        } else {
            Err(Error::Incompatible {
                what: "the customers",
                left: format!("those of the segmentation ({})", self.len()),
                right: format!("those of the table ({})", table.len()),
            })
        }
    }
}

/// The position of a segment among names.
///
/// # Errors
/// [`Error::UnknownSegment`] with the nearest name.
pub(crate) fn position_of<'n>(segment: &str, names: impl Iterator<Item = &'n str> + Clone) -> Result<usize> {
    names.clone().position(|name| name == segment).ok_or_else(|| Error::UnknownSegment {
        segment: segment.to_owned(),
        nearest: nearest(segment, names),
    })
}

/// The type-7 quantile of ascending values: linear between the two nearest order statistics.
fn sorted_quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let position = q * (sorted.len().checked_sub(1)? as f64);
    let (low, high) = (position.floor() as usize, position.ceil() as usize);
    Some(sorted[low] + (position - position.floor()) * (sorted[high] - sorted[low]))
}

impl fmt::Display for Segmentation {
    /// Sizes and shares, segment by segment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(&["<segment", "customers", "share"]);
        let share = |count: u64| percent((!self.is_empty()).then(|| count as f64 / self.len() as f64));
        for (name, size) in self.names.iter().zip(self.sizes()) {
            table.row([name.clone(), grouped(size), share(size)]);
        }
        if self.unassigned() > 0 {
            table.row(["(none)".into(), grouped(self.unassigned()), share(self.unassigned())]);
        }
        table.rule();
        table.row(["all".into(), grouped(self.len() as u64), share(self.len() as u64)]);
        write!(f, "{table}")
    }
}

impl fmt::Display for CrossTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header: Vec<&str> = std::iter::once("<").chain(self.columns.iter().map(String::as_str)).collect();
        let mut table = TextTable::new(&header);
        for (name, counts) in self.rows.iter().zip(&self.counts) {
            table.row(std::iter::once(name.clone()).chain(counts.iter().map(|count| grouped(*count))));
        }
        write!(f, "{table}")
    }
}

impl fmt::Debug for Segmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segmentation")
            .field("customers", &self.len())
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct RawSegmentation {
    ids: Arc<CustomerIds>,
    names: Vec<String>,
    codes: Vec<u16>,
}

impl TryFrom<RawSegmentation> for Segmentation {
    type Error = Error;

    fn try_from(raw: RawSegmentation) -> Result<Self> {
        Self::from_codes(raw.ids, raw.names, raw.codes)
    }
}
