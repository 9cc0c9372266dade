//! Do two segmentations put the same customers together?

use std::fmt;

use rayon::prelude::*;
use serde::Serialize;

use super::contingency::Contingency;
use super::points::check_customers;
use crate::error::{Error, Result};
use crate::layout::grouped;
use crate::numeric::ln;
use crate::segment::segmentation::{Segmentation, UNASSIGNED};

/// Probabilities below this share of the largest are left out of an expectation: far below a rounding.
const NEGLIGIBLE: f64 = 1e-24;
/// Sizes that one piece of parallel work takes.
const SIZES: usize = 8;

/// How far two segmentations of the same customers agree, whatever their segments are called.
///
/// Last month's and this month's, k-means with one seed and with another, the segments of a model and those of the
/// sales team. Three measures, each 1 where both put the same customers together:
///
/// - [`adjusted_rand`](Self::adjusted_rand): of pairs of customers. The one to look at first.
/// - [`adjusted_mutual_information`](Self::adjusted_mutual_information): of what one says about the other. It suits
///   segments of very different sizes (Romano et al., *JMLR* 17, 2016).
/// - [`normalised_mutual_information`](Self::normalised_mutual_information): the same without the correction for chance,
///   so it grows with the number of segments. For comparison with figures from elsewhere.
///
/// Labels may be any numbers. Time O(n) and O(k²) memory for up to 65,536 pairs of segments, beyond them O(n log n) and 8
/// bytes a customer; the expectation takes O(√n) for each pair of *different sizes* of segments, of which there are at most
/// 2 n. Results do not depend on the order of customers, the labels or which of the two comes first, to the bit.
///
/// ```
/// use kohort::segment::quality::Agreement;
///
/// let agreement = Agreement::of_labels(&[0, 0, 1, 1], &[0, 0, 1, 2])?;
/// assert!((agreement.adjusted_rand() - 4.0 / 7.0).abs() < 1e-15);
/// assert!((agreement.normalised_mutual_information() - 0.8).abs() < 1e-15);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Agreement {
    customers: u64,
    left_out: u64,
    segments: [u64; 2],
    adjusted_rand: f64,
    adjusted_mutual_information: f64,
    normalised_mutual_information: f64,
}

/// What an adjusted Rand index speaks for, by the rule of thumb of Steinley (*Psychological Methods* 9, 2004).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub enum Recovery {
    /// Below 0.65.
    Poor,
    /// From 0.65.
    Moderate,
    /// From 0.80.
    Good,
    /// From 0.90.
    Excellent,
}

impl Agreement {
    /// Of two labels per customer.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where the lengths differ, [`Error::Empty`] without customers, [`Error::Setting`] for
    /// 2³² − 1 customers or more.
    pub fn of_labels(left: &[u32], right: &[u32]) -> Result<Self> {
        if left.len() != right.len() {
            return Err(Error::ColumnLength {
                column: "right".into(),
                found: right.len(),
                against: "left".into(),
                expected: left.len(),
            });
        }
        check_customers(left.len())?;
        Ok(Self::new(&Contingency::of(left, right), 0))
    }

    /// Of two segmentations. Customers who lack a segment in either are left out and counted.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the two are of different customers, [`Error::Empty`] where nobody has a segment in
    /// both.
    pub fn of(left: &Segmentation, right: &Segmentation) -> Result<Self> {
        left.check_same_customers(right)?;
        let both =
            left.codes().iter().zip(right.codes()).filter(|(l, r)| **l != UNASSIGNED && **r != UNASSIGNED);
        let (left_codes, right_codes): (Vec<u32>, Vec<u32>) =
            both.map(|(left, right)| (u32::from(*left), u32::from(*right))).unzip();
        if left_codes.is_empty() {
            return Err(Error::Empty {
                what: "the list of customers with a segment in both",
                hint: "nobody has one, so there is nothing to compare",
            });
        }
        check_customers(left_codes.len())?;
        let left_out = (left.len() - left_codes.len()) as u64;
        Ok(Self::new(&Contingency::of(&left_codes, &right_codes), left_out))
    }

    fn new(table: &Contingency, left_out: u64) -> Self {
        let segments = [table.left.len() as u64, table.right.len() as u64];
        let (rand, adjusted, normalised) = if table.is_equal() {
            (1.0, 1.0, 1.0)
        } else {
            let shared = mutual_information(table);
            let mean_entropy = f64::midpoint(entropy(&table.left), entropy(&table.right));
            let expected = expected_information(table);
            let ratio = |part: f64, whole: f64| if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 };
            (
                adjusted_rand(table),
                ratio(shared - expected, mean_entropy - expected),
                ratio(shared, mean_entropy).max(0.0),
            )
        };
        Self {
            customers: table.customers,
            left_out,
            segments,
            adjusted_rand: rand,
            adjusted_mutual_information: adjusted,
            normalised_mutual_information: normalised,
        }
    }

    /// The adjusted Rand index: of all pairs of customers, how many are together in both or apart in both, corrected for
    /// chance. 1 where the two agree, 0 on average for random labels, and a little below where they agree less than by
    /// chance. Computed from whole numbers; 1 as well where both have a single segment.
    ///
    /// Hubert & Arabie, *Journal of Classification* 2 (1985).
    #[must_use]
    pub fn adjusted_rand(&self) -> f64 {
        self.adjusted_rand
    }

    /// What the adjusted Rand index speaks for.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match self.adjusted_rand {
            high if high >= 0.90 => Recovery::Excellent,
            high if high >= 0.80 => Recovery::Good,
            high if high >= 0.65 => Recovery::Moderate,
            _ => Recovery::Poor,
        }
    }

    /// The mutual information of the two, less what random segments of the same sizes share on average, as a share of the
    /// most it could be: `(I − E) / ((H₁ + H₂) / 2 − E)`. The expectation is exact, over all ways to deal the customers
    /// out.
    ///
    /// Vinh, Epps & Bailey, *JMLR* 11 (2010); the arithmetic mean, as scikit-learn has it.
    #[must_use]
    pub fn adjusted_mutual_information(&self) -> f64 {
        self.adjusted_mutual_information
    }

    /// The mutual information of the two as a share of the mean of their entropies, 0 to 1: `I / ((H₁ + H₂) / 2)`.
    #[must_use]
    pub fn normalised_mutual_information(&self) -> f64 {
        self.normalised_mutual_information
    }

    /// Customers who were compared.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// Customers who lack a segment in either, and were left out.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// Pairs of so many customers.
fn pairs(customers: u64) -> i128 {
    let customers = i128::from(customers);
    customers * (customers - 1) / 2
}

/// In whole numbers up to the last division: numbers of pairs are below 2⁶³, so their products fit.
fn adjusted_rand(table: &Contingency) -> f64 {
    let all = pairs(table.customers);
    let of_sizes = |sizes: &[u64]| sizes.iter().map(|size| pairs(*size)).sum::<i128>();
    let (left, right) = (of_sizes(&table.left), of_sizes(&table.right));
    let both: i128 = table.cells.iter().map(|cell| pairs(cell.shared)).sum();
    // Twice the usual numerator and denominator, to stay whole.
    let above_chance = 2 * (both * all - left * right);
    let most = left * all + right * all - 2 * left * right;
    if most == 0 { 1.0 } else { above_chance as f64 / most as f64 }
}

/// In nats, over ascending sizes.
fn entropy(sizes: &[u64]) -> f64 {
    let customers = sizes.iter().sum::<u64>() as f64;
    -sizes.iter().map(|size| *size as f64 / customers * ln(*size as f64 / customers)).sum::<f64>()
}

/// What a cell of so many customers adds to the mutual information.
fn information(customers: u64, shared: u64, sizes: [u64; 2]) -> f64 {
    let by_chance = u128::from(sizes[0]) * u128::from(sizes[1]);
    let ratio = (u128::from(customers) * u128::from(shared)) as f64 / by_chance as f64;
    shared as f64 / customers as f64 * ln(ratio)
}

fn mutual_information(table: &Contingency) -> f64 {
    table.cells.iter().map(|cell| information(table.customers, cell.shared, cell.sizes)).sum()
}

/// The mean mutual information over all ways to deal customers out to segments of these sizes: a sum over pairs of
/// segments, which depends on their sizes only, so equal sizes are taken once.
fn expected_information(table: &Contingency) -> f64 {
    // In an order of their own, so that the sum does not depend on which side is which.
    let (one, other) =
        if table.left <= table.right { (&table.left, &table.right) } else { (&table.right, &table.left) };
    let counted = |sizes: &[u64]| -> Vec<(u64, f64)> {
        sizes.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as f64)).collect()
    };
    let (one, other) = (counted(one), counted(other));
    let parts: Vec<f64> = one
        .par_chunks(SIZES)
        .map(|sizes| {
            let pairs = sizes.iter().flat_map(|one| other.iter().map(move |other| (one, other)));
            pairs
                .map(|((a, times), (b, by))| times * by * expected_of_pair(table.customers, [*a, *b]))
                .sum::<f64>()
        })
        .collect();
    parts.iter().sum()
}

/// The mean of what two segments of these sizes add, where the customers they share follow the hypergeometric law.
///
/// Its probabilities are found one from the other, from the most likely number down and up until they are negligible, and
/// divided by their sum: no factorials, and O(√n) terms.
fn expected_of_pair(customers: u64, sizes: [u64; 2]) -> f64 {
    let [a, b] = sizes;
    let (least, most) = ((a + b).saturating_sub(customers), a.min(b));
    let mode = (u128::from(a + 1) * u128::from(b + 1) / u128::from(customers + 2)) as u64;
    let mode = mode.clamp(least, most);
    let value = |shared: u64| if shared == 0 { 0.0 } else { information(customers, shared, sizes) };
    // The chance of one customer more over that of `shared`.
    let ratio = |shared: u64| {
        let favourable = (a - shared) as f64 * (b - shared) as f64;
        favourable / ((shared + 1) as f64 * (customers + shared + 1 - a - b) as f64)
    };
    let (mut chances, mut sum) = (1.0, value(mode));
    let mut chance = 1.0;
    for shared in mode..most {
        chance *= ratio(shared);
        if chance < NEGLIGIBLE {
            break;
        }
        chances += chance;
        sum += chance * value(shared + 1);
    }
    let mut chance = 1.0;
    for shared in (least..mode).rev() {
        chance /= ratio(shared);
        if chance < NEGLIGIBLE {
            break;
        }
        chances += chance;
        sum += chance * value(shared);
    }
    sum / chances
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Poor => "poor",
            Self::Moderate => "moderate",
            Self::Good => "good",
            Self::Excellent => "excellent",
        })
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, other] = self.segments;
        writeln!(f, "agreement of {one} with {other} segments: {}", self.recovery())?;
        writeln!(f, "  adjusted Rand index            {:.3}", self.adjusted_rand)?;
        writeln!(f, "  adjusted mutual information    {:.3}", self.adjusted_mutual_information)?;
        writeln!(f, "  normalised mutual information  {:.3}", self.normalised_mutual_information)?;
        write!(f, "  {} customers", grouped(self.customers))?;
        if self.left_out > 0 {
            write!(f, "; {} left out who lack a segment", grouped(self.left_out))?;
        }
        writeln!(f, "\n  1: the same customers are together in both; 0 (adjusted): no more than by chance")
    }
}
