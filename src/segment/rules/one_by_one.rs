//! Rules compiled for customers who come one at a time, as in web requests.
//!
//! The meaning of a condition is that of [`check`](super::check), as for a whole table; what differs is only that a
//! customer brings her own values, and the moment they describe. So conditions on dates are resolved for each customer,
//! and all others once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::bucket::share;
use super::check::{Check, Frame, Given, Kind};
use super::condition::{Condition, Source, Test};
use super::customer::{CustomerFeatures, Field, Shape};
use super::cuts::Cuts;
use super::model::RulesModel;
use super::predicate::{Node, Predicate, Score};
use super::truth::Truth;
use super::value::Value;
use super::{Rules, WaterfallModel};
use crate::error::{Error, Result};
use crate::segment::position_of;
use crate::transaction::AsOf;

/// Fitted rules in a form that answers for one customer in a few microseconds; it stands on its own, and threads can share
/// it.
///
/// Made by [`RulesModel::one_by_one`]. Takes 0.1 to 0.3 µs for each condition of the rules that are asked for, and twice that
/// for conditions relative to a moment; no more memory than a truth value for each level of a predicate.
#[derive(Clone, PartialEq, Debug)]
pub struct OneByOne {
    rules: Vec<Compiled>,
    /// Positions of the rules, each after those it refers to.
    order: Vec<usize>,
    conditions: Vec<OneCondition>,
    cuts: Cuts,
}

/// A rule, its nodes where those of its predicate are.
#[derive(Clone, PartialEq, Debug)]
struct Compiled {
    name: String,
    steps: Vec<Step>,
}

/// A node of a predicate.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Step {
    /// One of the conditions.
    Condition(usize),
    /// What another rule came to.
    Rule(usize),
    Not,
    All(usize),
    Any(usize),
    Score(Score),
}

/// A condition with what it means for a feature of each kind, where it means something.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct OneCondition {
    pub(super) condition: Condition,
    /// By [`Kind`]; none of them where they depend on the moment.
    checks: [Option<Check>; KINDS.len()],
    dated: bool,
}

const KINDS: [Kind; 4] = [Kind::Number, Kind::Money, Kind::Time, Kind::Text];

impl OneByOne {
    /// Compiles the rules that are asked for, and those they refer to.
    pub(super) fn of(model: &RulesModel, wanted: impl IntoIterator<Item = usize>) -> Self {
        let all = &model.rules.rules;
        let positions: BTreeMap<&str, usize> =
            all.iter().enumerate().map(|(position, rule)| (rule.name.as_str(), position)).collect();
        let mut needed = vec![false; all.len()];
        wanted.into_iter().for_each(|position| needed[position] = true);
        let mut conditions = Vec::new();
        let mut rules: Vec<Compiled> =
            all.iter().map(|rule| Compiled { name: rule.name.clone(), steps: Vec::new() }).collect();
        // From the last, so that who refers comes before what is referred to.
        for position in model.rules.order.iter().rev().copied() {
            if !needed[position] {
                continue;
            }
            let step = |node: &Node| match node {
                Node::Condition(condition) => {
                    conditions.push(OneCondition::of(condition, &model.cuts));
                    Step::Condition(conditions.len() - 1)
                }
                Node::Segment(name) => {
                    // That it is there was checked when the rules were built.
                    let other = positions.get(name.as_str()).copied().unwrap_or_default();
                    needed[other] = true;
                    Step::Rule(other)
                }
                Node::Not => Step::Not,
                Node::All(children) => Step::All(*children),
                Node::Any(children) => Step::Any(*children),
                Node::Score(score) => Step::Score(score.clone()),
            };
            rules[position].steps = all[position].predicate.nodes().iter().map(step).collect();
        }
        let order = model.rules.order.clone();
        Self { rules, order, conditions, cuts: model.cuts.clone() }
    }

    /// What each rule is for a customer: names in the order of the rules.
    ///
    /// # Errors
    /// As for [`RulesModel::evaluate_one`].
    pub fn evaluate(&self, customer: &CustomerFeatures) -> Result<Vec<(&str, Truth)>> {
        let truths = self.truths(customer, &vec![true; self.rules.len()])?;
        Ok(self.rules.iter().map(|rule| rule.name.as_str()).zip(truths).collect())
    }

    /// What one rule is for a customer; only the features are looked at that it needs, and those that the rules need to
    /// which it refers.
    ///
    /// # Errors
    /// As for [`RulesModel::evaluate_one`], and [`Error::UnknownSegment`] with the nearest name.
    pub fn truth_of(&self, customer: &CustomerFeatures, segment: &str) -> Result<Truth> {
        let position = position_of(segment, self.rules.iter().map(|rule| rule.name.as_str()))?;
        Ok(self.truths(customer, &self.needed_for(position))?[position])
    }

    fn truths(&self, customer: &CustomerFeatures, needed: &[bool]) -> Result<Vec<Truth>> {
        self.run(needed, |condition| self.conditions[condition].truth(customer, &self.cuts), |_, _, _| {})
    }

    /// A rule and those it refers to.
    pub(super) fn needed_for(&self, position: usize) -> Vec<bool> {
        let mut needed = vec![false; self.rules.len()];
        needed[position] = true;
        for rule in self.order.iter().rev() {
            if needed[*rule] {
                for step in &self.rules[*rule].steps {
                    if let Step::Rule(other) = step {
                        needed[*other] = true;
                    }
                }
            }
        }
        needed
    }

    /// What the needed rules come to, given what conditions are; tells of each node (rule, node, truth) on the way.
    pub(super) fn run(
        &self,
        needed: &[bool],
        mut condition: impl FnMut(usize) -> Result<Truth>,
        mut seen: impl FnMut(usize, usize, Truth),
    ) -> Result<Vec<Truth>> {
        let mut truths = vec![Truth::Unknown; self.rules.len()];
        let mut open: Vec<Truth> = Vec::new();
        for rule in self.order.iter().copied().filter(|rule| needed[*rule]) {
            for (node, step) in self.rules[rule].steps.iter().enumerate() {
                let (children, truth) = match step {
                    Step::Condition(position) => (0, condition(*position)?),
                    Step::Rule(other) => (0, truths[*other]),
                    Step::Not => (1, !open[open.len() - 1]),
                    Step::All(count) => {
                        let children = &open[open.len() - count..];
                        (*count, children.iter().copied().fold(Truth::True, Truth::and))
                    }
                    Step::Any(count) => {
                        let children = &open[open.len() - count..];
                        (*count, children.iter().copied().fold(Truth::False, Truth::or))
                    }
                    Step::Score(score) => {
                        let count = score.points.len();
                        (count, score.truth(&open[open.len() - count..]))
                    }
                };
                seen(rule, node, truth);
                open.truncate(open.len() - children);
                open.push(truth);
            }
            truths[rule] = open.pop().unwrap_or(Truth::Unknown);
        }
        Ok(truths)
    }

    pub(super) fn steps(&self, rule: usize) -> &[Step] {
        &self.rules[rule].steps
    }

    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    pub(super) fn conditions(&self) -> &[OneCondition] {
        &self.conditions
    }

    pub(super) fn cuts(&self) -> &Cuts {
        &self.cuts
    }
}

impl OneCondition {
    fn of(condition: &Condition, cuts: &Cuts) -> Self {
        let dated = matches!(condition.test, Test::Anniversary(_))
            || condition.test.values().into_iter().any(Value::is_dated);
        let frame = Frame { as_of: None, cuts };
        let checks = KINDS.map(|kind| if dated { None } else { Check::of(condition, kind, frame).ok() });
        Self { condition: condition.clone(), checks, dated }
    }

    /// What it is for a customer.
    pub(super) fn truth(&self, customer: &CustomerFeatures, cuts: &Cuts) -> Result<Truth> {
        let (kind, given) = match &self.condition.source {
            Source::Bucket(salt) => (Some(Kind::Number), Some(Given::Number(self.place(customer, salt)?))),
            Source::Feature(_) | Source::Behaviour(_) => {
                let Field { shape, value, .. } = self.field(customer)?;
                (shape.map(Shape::kind), value.as_ref().map(super::FeatureValue::given))
            }
        };
        Ok(self.check(kind, customer.as_of(), cuts)?.truth(given))
    }

    /// The customer's value of the feature it is on.
    pub(super) fn field<'c>(&self, customer: &'c CustomerFeatures) -> Result<&'c Field> {
        customer.field(self.condition.source.column().unwrap_or_default())
    }

    /// Where a customer stands between 0 and 1 for a salt.
    pub(super) fn place(&self, customer: &CustomerFeatures, salt: &str) -> Result<f64> {
        customer.id_text().map(|id| share(salt, &id)).ok_or_else(|| Error::Setting {
            setting: "id",
            found: format!("a customer without an id, for `{}`", self.condition),
            expected: "the customer's id, of which her bucket is made",
        })
    }

    /// What it asks of a value of a kind; where the kind is not known, as of the first that it fits.
    pub(super) fn check(
        &self,
        kind: Option<Kind>,
        as_of: Option<&AsOf>,
        cuts: &Cuts,
    ) -> Result<Cow<'_, Check>> {
        let kinds = kind.as_ref().map_or(&KINDS[..], std::slice::from_ref);
        let known = kinds.iter().find_map(|kind| self.checks[*kind as usize].as_ref());
        if let Some(check) = known {
            return Ok(Cow::Borrowed(check));
        }
        // On the moment, or what is wrong with it is to be said.
        let kind = kind.unwrap_or(if self.dated { Kind::Time } else { Kind::Number });
        Check::of(&self.condition, kind, Frame { as_of, cuts }).map(Cow::Owned)
    }
}

impl Value {
    /// Whether it depends on a moment, or on the moment's zone.
    fn is_dated(&self) -> bool {
        matches!(self, Self::Date(_) | Self::Relative(_))
    }
}

impl RulesModel {
    /// The rules compiled for customers who come one at a time: once for many, as when a web service starts.
    ///
    /// ```
    /// use kohort::segment::{CustomerFeatures, Rules, Truth, feature};
    /// use kohort::synthetic::Shop;
    /// use kohort::FeatureExtractor;
    ///
    /// let log = Shop::builder().customers(500).build()?.generate()?.log;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
    /// let rules = Rules::builder().rule("vip", feature("orders").ge(3).and(feature("gross").above_percentile(90.0)));
    /// let vip = rules.build()?.fit(&customers)?.one_by_one();
    ///
    /// let request = CustomerFeatures::builder().count("orders", 7).number("gross", 1e6).build()?;
    /// assert_eq!(vip.truth_of(&request, "vip")?, Truth::True);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn one_by_one(&self) -> OneByOne {
        OneByOne::of(self, 0..self.rules.rules.len())
    }

    /// What each rule is for one customer, names in the order of the rules: the same as in [`evaluate`](Self::evaluate) of
    /// a table with her in it. Rules are compiled on the way; for many customers take [`one_by_one`](Self::one_by_one).
    /// O(nodes of the rules).
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name for a feature that was not given (one given as missing is unknown),
    /// [`Error::FeatureType`], [`Error::Setting`] where a rule asks for the moment or the id, and none was given.
    pub fn evaluate_one(&self, customer: &CustomerFeatures) -> Result<Vec<(&str, Truth)>> {
        let one = self.one_by_one();
        let truths = one.truths(customer, &vec![true; self.rules.rules.len()])?;
        Ok(self.rules.names().into_iter().zip(truths).collect())
    }

    /// What one rule is for one customer; only the features are looked at that it and the rules need to which it refers.
    ///
    /// # Errors
    /// As for [`evaluate_one`](Self::evaluate_one), and [`Error::UnknownSegment`] with the nearest name.
    pub fn truth_of(&self, customer: &CustomerFeatures, segment: &str) -> Result<Truth> {
        let position = self.rules.position(segment)?;
        let one = OneByOne::of(self, [position]);
        Ok(one.truths(customer, &one.needed_for(position))?[position])
    }
}

impl WaterfallModel {
    /// The segment of one customer: the one she has in [`segment`](crate::segment::Segmenter::segment) of a table with her
    /// in it. O(nodes of the rules).
    ///
    /// ```
    /// use kohort::segment::{CustomerFeatures, Waterfall, feature};
    /// use kohort::synthetic::Shop;
    /// use kohort::FeatureExtractor;
    ///
    /// let log = Shop::builder().customers(500).build()?.generate()?.log;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
    /// let waterfall = Waterfall::builder()
    ///     .step("new", feature("tenure_days").lt(90))
    ///     .step("loyal", feature("orders").ge(3))
    ///     .rest("others")
    ///     .build()?
    ///     .fit(&customers)?;
    /// let request = CustomerFeatures::builder().count("tenure_days", 400).count("orders", 5).build()?;
    /// assert_eq!(waterfall.segment_of(&request)?, "loyal");
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`RulesModel::evaluate_one`].
    pub fn segment_of(&self, customer: &CustomerFeatures) -> Result<&str> {
        let truths = self.model.evaluate_one(customer)?;
        Ok(self.ends_in(truths.iter().map(|(_, truth)| *truth)).1)
    }

    /// The step that takes a customer, or at which she stops, and the segment she ends in.
    pub(super) fn ends_in(&self, steps: impl IntoIterator<Item = Truth>) -> (Option<usize>, &str) {
        for (step, (truth, rule)) in steps.into_iter().zip(&self.model.rules.rules).enumerate() {
            match (truth, &self.undecided) {
                (Truth::True, _) => return (Some(step), &rule.name),
                (Truth::Unknown, super::Undecided::Segment(own)) => return (Some(step), own),
                _ => {}
            }
        }
        (None, &self.rest)
    }
}

impl Predicate {
    /// What it is for one customer. Percentiles and ranks are learned from many, so they need [`Rules`].
    ///
    /// # Errors
    /// As for [`RulesModel::evaluate_one`]; [`Error::Setting`] for a percentile or rank, [`Error::UnknownSegment`] where it
    /// refers to another segment.
    pub fn truth_of(&self, customer: &CustomerFeatures) -> Result<Truth> {
        const NAME: &str = "predicate";
        let rules = Rules::builder().rule(NAME, self.clone()).build()?;
        RulesModel { rules, cuts: Cuts::default() }.truth_of(customer, NAME)
    }
}
