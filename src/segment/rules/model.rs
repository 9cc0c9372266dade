//! Fitted rules: the predicates and the cut points they were fitted with.

use super::audience_set::AudienceSet;
use super::builder::Rules;
use super::check::{Check, Frame, Kind};
use super::cuts::Cuts;
use super::plan::Plan;
use super::predicate::Predicate;
use crate::error::Result;
use crate::features::FeatureTable;

/// [`Rules`] with their learned cut points: the same customer is in the same segments next month.
#[derive(Clone, PartialEq)]
pub struct RulesModel {
    pub(crate) rules: Rules,
    pub(crate) cuts: Cuts,
}

impl RulesModel {
    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Who is in each segment, and of whom nobody can say. One pass over the features for all rules.
    ///
    /// # Errors
    /// As for [`validate`](Self::validate).
    pub fn evaluate(&self, table: &FeatureTable) -> Result<AudienceSet> {
        let matches = Plan::new(&self.rules, &self.cuts, table)?.evaluate();
        Ok(AudienceSet::of(table, self.rules.names(), matches))
    }

    /// Whether the rules fit a table.
    ///
    /// # Errors
    /// [`Error::MissingFeature`](crate::Error::MissingFeature) with the nearest name,
    /// [`Error::FeatureType`](crate::Error::FeatureType),
    /// [`Error::Setting`](crate::Error::Setting) for a moment relative to that of a table which has none.
    pub fn validate(&self, table: &FeatureTable) -> Result<()> {
        let frame = Frame { as_of: table.context().map(|context| &context.as_of), cuts: &self.cuts };
        for condition in self.rules.rules.iter().flat_map(|rule| rule.predicate.conditions()) {
            let kind = match condition.source.column() {
                Some(column) => Kind::of(table.column(column)?.values()),
                None => Kind::Number,
            };
            Check::of(condition, kind, frame)?;
        }
        Ok(())
    }
}

impl Predicate {
    /// For which of a table's customers it holds. Cut points of percentiles and ranks are learned from this table; to keep
    /// them for the next, use [`Rules`].
    ///
    /// ```
    /// use kohort::features::{Column, FeatureTable, Values};
    /// use kohort::segment::feature;
    /// use kohort::transaction::CustomerIds;
    ///
    /// let table = FeatureTable::from_columns(
    ///     CustomerIds::rows(3),
    ///     [("return_rate", Column::optional(vec![Some(0.5), None, Some(0.0)]))],
    /// )?;
    /// let matches = (!feature("return_rate").gt(0.3)).evaluate(&table)?;
    /// assert_eq!(matches.holds().ones().collect::<Vec<_>>(), [2]);
    /// assert_eq!(matches.unknown().ones().collect::<Vec<_>>(), [1], "not known to be high is not known to be low");
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Rules::fit`]; [`Error::UnknownSegment`](crate::Error::UnknownSegment) where it refers to another segment.
    pub fn evaluate(&self, table: &FeatureTable) -> Result<super::Matches> {
        const NAME: &str = "predicate";
        let model = Rules::builder().rule(NAME, self.clone()).build()?.fit(table)?;
        let mut matches = Plan::new(&model.rules, &model.cuts, table)?.evaluate();
        Ok(matches.swap_remove(0))
    }
}

impl std::fmt::Debug for RulesModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RulesModel").field("rules", &self.rules).field("cuts", &self.cuts.0).finish()
    }
}
