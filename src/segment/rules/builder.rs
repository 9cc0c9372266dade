//! Rules: named predicates that may refer to each other, checked once.

use std::collections::BTreeSet;

use super::cuts::Cuts;
use super::model::RulesModel;
use super::order::ordered;
use super::predicate::Predicate;
use crate::error::{Error, Result};
use crate::features::{Behaviour, FeatureTable};
use crate::segment::position_of;

/// Segments stated as rules: each a name and a [`Predicate`]. A customer may be in any number of them.
///
/// A rule may refer to another by [`segment`](super::segment), in any order as long as they do not go round in circles.
///
/// ```
/// use kohort::segment::{Rules, feature, segment};
/// use kohort::synthetic::Shop;
/// use kohort::FeatureExtractor;
///
/// let log = Shop::builder().customers(500).build()?.generate()?.log;
/// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
/// let rules = Rules::builder()
///     .rule("big spenders", feature("gross").above_percentile(90.0))
///     .rule("slipping away", segment("big spenders").and(feature("last_order").more_than_days_ago(180)))
///     .build()?;
/// let model = rules.fit(&customers)?;
/// let audiences = model.evaluate(&customers)?;
/// assert!(audiences.size("slipping away")? <= audiences.size("big spenders")?);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    /// Positions of the rules, each after those it refers to.
    pub(crate) order: Vec<usize>,
}

/// A name and what is meant by it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) predicate: Predicate,
}

/// Builds [`Rules`].
#[derive(Clone, PartialEq, Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct RulesBuilder {
    rules: Vec<Rule>,
}

impl Rules {
    /// Begins rules.
    pub fn builder() -> RulesBuilder {
        RulesBuilder::default()
    }

    /// The names, in the order they were given.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.rules.iter().map(|rule| rule.name.as_str()).collect()
    }

    /// The predicate of a name.
    ///
    /// # Errors
    /// [`Error::UnknownSegment`] with the nearest name.
    pub fn predicate(&self, name: &str) -> Result<&Predicate> {
        self.position(name).map(|position| &self.rules[position].predicate)
    }

    /// The columns a table must have, each once, in the order of their names; those of
    /// [`behaviours`](Self::behaviours) among them.
    #[must_use]
    pub fn required_features(&self) -> Vec<String> {
        let all = self.rules.iter().flat_map(|rule| rule.predicate.required_features());
        all.collect::<BTreeSet<String>>().into_iter().collect()
    }

    /// What has to be computed from orders and events for the rules, each once, in the order of their names.
    #[must_use]
    pub fn behaviours(&self) -> Vec<&Behaviour> {
        let mut all: Vec<&Behaviour> =
            self.rules.iter().flat_map(|rule| rule.predicate.behaviours()).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all.dedup_by(|a, b| a.name() == b.name());
        all
    }

    /// Checks the rules against a table and learns the cut points of percentiles and ranks from its customers.
    /// O(customers) for each feature with such a cut point.
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name, [`Error::FeatureType`], [`Error::Empty`] where no customer has a
    /// feature that a cut point is learned from, [`Error::Setting`] for a moment relative to that of a table which has
    /// none.
    pub fn fit(&self, table: &FeatureTable) -> Result<RulesModel> {
        let cuts = Cuts::learn(self.rules.iter().map(|rule| &rule.predicate), table)?;
        let model = RulesModel { rules: self.clone(), cuts };
        model.validate(table)?;
        Ok(model)
    }

    pub(crate) fn position(&self, name: &str) -> Result<usize> {
        position_of(name, self.rules.iter().map(|rule| rule.name.as_str()))
    }
}

impl RulesBuilder {
    /// A segment: its name and for whom it is. Defaults to none.
    pub fn rule(mut self, name: impl Into<String>, predicate: Predicate) -> Self {
        self.rules.push(Rule { name: name.into(), predicate });
        self
    }

    /// Several segments, in their order. Defaults to none.
    ///
    /// ```
    /// use kohort::segment::{Rules, catalogue};
    ///
    /// let all = catalogue::all().into_iter().map(|entry| (entry.name, entry.predicate));
    /// let rules = Rules::builder().rules(all).build()?;
    /// assert!(rules.names().contains(&"one-time buyer"));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    pub fn rules<N: Into<String>>(self, rules: impl IntoIterator<Item = (N, Predicate)>) -> Self {
        rules.into_iter().fold(self, |builder, (name, predicate)| builder.rule(name, predicate))
    }

    /// Checks all that can be checked without a table.
    ///
    /// # Errors
    /// [`Error::Setting`] without a rule, for names that repeat or have no text, and for conditions that make no sense
    /// (a percentile outside 0 to 100, an empty list, a date that is none, a predicate nested too deep to be stored);
    /// [`Error::UnknownSegment`] for a reference to a rule that is not there, [`Error::RuleCycle`] for rules that refer
    /// to each other in a circle.
    pub fn build(self) -> Result<Rules> {
        let rules = self.rules;
        let setting = |found: String| {
            Err(Error::Setting { setting: "rule", found, expected: "at least one rule, with distinct names" })
        };
        if rules.is_empty() {
            return setting("no rule".to_owned());
        }
        let mut names = BTreeSet::new();
        for rule in &rules {
            if rule.name.trim().is_empty() || !names.insert(rule.name.as_str()) {
                return setting(format!("`{}`", rule.name));
            }
            rule.predicate.check()?;
        }
        let order = ordered(&rules)?;
        Ok(Rules { rules, order })
    }
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.rules.iter().map(|rule| (&rule.name, &rule.predicate))).finish()
    }
}

impl std::fmt::Display for Rules {
    /// Name and text of each.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for rule in &self.rules {
            writeln!(f, "{}: {}", rule.name, rule.predicate)?;
        }
        Ok(())
    }
}
