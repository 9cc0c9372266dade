//! Why is she in, or not? The conditions of a rule for one customer: what was found, what it was compared with, what decided,
//! and what it would take.
//!
//! A tree of conditions is kept as lines with a depth, as pages show it, so that no chain of rules is too long to be built,
//! printed, stored or dropped.

mod nearest;
mod needs;
mod tell;
mod text;
mod waterfall;
mod whole;
mod words;

use serde::Serialize;

use super::customer::{CustomerFeatures, FeatureValue};
use super::model::RulesModel;
use super::one_by_one::OneByOne;
use super::truth::Truth;
use crate::error::Result;
use crate::features::FeatureTable;
use crate::transaction::CustomerId;

pub use needs::{Days, Needs, TextPattern, TextPlace};
pub use waterfall::WaterfallExplanation;

/// Why a customer is in a segment, or not, or why nobody can say.
///
/// Prints as an indented tree, in which `*` marks what decided; serialises for pages that show it.
///
/// ```
/// use kohort::segment::{CustomerFeatures, Rules, feature};
/// use kohort::features::{Column, FeatureTable, Values};
/// use kohort::transaction::CustomerIds;
///
/// let customers = FeatureTable::from_columns(
///     CustomerIds::rows(3),
///     [
///         ("orders", Column::new(Values::U32(vec![2, 5, 9]))),
///         ("return_rate", Column::optional(vec![Some(0.1), None, Some(0.6)])),
///     ],
/// )?;
/// let rules = Rules::builder().rule("loyal", feature("orders").ge(3).and(!feature("return_rate").gt(0.5))).build()?;
/// let explanation = rules.fit(&customers)?.explain(&customers, &0.into(), "loyal")?;
/// assert_eq!(
///     explanation.to_string(),
///     "0 is not in `loyal`\n\
///      * no       all of\n\
///      * no         orders >= 3 — orders: 2, needs 3 or more: 1 more\n\
///      \u{20} yes        not\n\
///      \u{20} no           return_rate > 0.5 — return_rate: 0.1, needs more than 0.5: over 0.4 more\n\
///      It would be in if orders were 3 or more.\n"
/// );
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The customer, if it was said who she is.
    pub customer: Option<CustomerId>,
    /// The segment.
    pub segment: String,
    /// Whether she is in.
    pub truth: Truth,
    /// The conditions and what joins them: each part before its own parts, which are one level deeper.
    pub lines: Vec<ExplanationLine>,
    /// For each feature that alone could change the outcome, the least change that does, in the order of the features. An
    /// unknown outcome can change to yes and to no.
    pub changes: Vec<Change>,
}

/// A part of a rule, as it is for a customer.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct ExplanationLine {
    /// How many levels stand above it.
    pub depth: usize,
    /// What it is.
    pub part: Part,
    /// Its text: of a condition, that of the rule.
    pub text: String,
    /// The points it counts, where it is a part of a score.
    pub points: Option<i32>,
    /// Whether it holds.
    pub truth: Truth,
    /// Whether the outcome rests on it: as long as all that decide stay as they are, the others can be anything.
    pub decisive: bool,
    /// What was found; of conditions alone.
    pub found: Option<Found>,
}

/// What a line of an explanation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// A condition on a feature.
    Condition,
    /// Holds where all of its parts do.
    All,
    /// Holds where one of its parts does.
    Any,
    /// Holds where its part does not.
    Not,
    /// Holds where the points of its parts reach a number.
    Score,
    /// Another segment, whose own tree is its part.
    Segment,
    /// Another segment, whose tree stands farther up.
    SegmentAbove,
}

/// What a condition found, and what it would take for it to come out otherwise.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Found {
    /// The feature; `None` for a bucket, which depends on the customer's id alone.
    pub feature: Option<String>,
    /// Its value; `None` where it is missing.
    pub value: Option<FeatureValue>,
    /// What the value is compared with, after all that was learned and all that depends on the moment is known.
    pub thresholds: Vec<Threshold>,
    /// What it would take for it to come out otherwise; an unknown one to hold, or not to hold where nothing could make it
    /// hold. `None` where no value of the feature does, and for a bucket.
    pub flip: Option<Flip>,
    /// All of it in words: `orders: 2, needs 3 or more: 1 more`.
    pub text: String,
}

/// What it would take for a condition to come out otherwise.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Flip {
    /// All values that do it.
    pub needs: Needs,
    /// Of these the one nearest to the customer's own, as a table could have it; `None` for a missing value.
    pub to: Option<FeatureValue>,
    /// What the condition becomes.
    pub becomes: Truth,
}

/// What a value is compared with.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Threshold {
    /// The value.
    pub value: FeatureValue,
    /// Where it comes from, if it does not stand in the rule: `90th percentile at the fit`.
    pub origin: Option<String>,
}

/// A change of one feature that changes the outcome of the whole.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The feature.
    pub feature: String,
    /// Its value; `None` where it is missing.
    pub from: Option<FeatureValue>,
    /// The nearest value with which the outcome is another; `None` for missing. See [`CustomerFeatures::what_if`].
    pub to: Option<FeatureValue>,
    /// What the outcome becomes.
    pub becomes: Truth,
    /// It in words: `in if orders were 3 or more`.
    pub text: String,
}

impl RulesModel {
    /// Why a customer of a table is in a segment, or not.
    ///
    /// Rules that it refers to are expanded where they are first met. O(nodes of these rules), and for the changes of the
    /// whole another such pass for each value that is tried, at most a few thousand of them.
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`](crate::Error::UnknownCustomer); as for [`truth_of`](Self::truth_of).
    pub fn explain(&self, table: &FeatureTable, customer: &CustomerId, segment: &str) -> Result<Explanation> {
        self.explain_one(&CustomerFeatures::of(table, customer)?, segment)
    }

    /// The same for a customer without a table.
    ///
    /// # Errors
    /// As for [`truth_of`](Self::truth_of).
    pub fn explain_one(&self, customer: &CustomerFeatures, segment: &str) -> Result<Explanation> {
        let position = self.rules.position(segment)?;
        tell::explain(self, &OneByOne::of(self, [position]), customer, position)
    }
}
