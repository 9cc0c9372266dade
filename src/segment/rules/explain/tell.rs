//! How the lines of an explanation come about: every part's truth, then from the top what decided, then the lines.

use std::collections::BTreeMap;

use super::nearest::flip;
use super::needs::{Needs, number_as};
use super::whole::changes;
use super::words;
use super::{Explanation, ExplanationLine, Flip, Found, Part, Threshold};
use crate::error::Result;
use crate::segment::rules::check::{Check, Given, Ordered};
use crate::segment::rules::condition::{Condition, Source};
use crate::segment::rules::customer::{CustomerFeatures, Shape};
use crate::segment::rules::model::RulesModel;
use crate::segment::rules::one_by_one::{OneByOne, OneCondition, Step};
use crate::segment::rules::predicate::Node;
use crate::segment::rules::text::children_of;
use crate::segment::rules::value::Value;
use crate::segment::rules::{FeatureValue, Truth};
use crate::transaction::Zone;

/// Explains one of the compiled rules.
pub(super) fn explain(
    model: &RulesModel,
    one: &OneByOne,
    customer: &CustomerFeatures,
    position: usize,
) -> Result<Explanation> {
    let teller = Teller::of(model, one, customer, position)?;
    Ok(Explanation {
        customer: customer.id().cloned(),
        segment: model.rules.rules[position].name.clone(),
        truth: teller.truths[position],
        lines: teller.lines()?,
        changes: changes(&teller)?,
    })
}

/// A rule and those it refers to, as they are for a customer.
pub(super) struct Teller<'m> {
    model: &'m RulesModel,
    pub(super) one: &'m OneByOne,
    pub(super) customer: &'m CustomerFeatures,
    pub(super) position: usize,
    /// The rule and those it refers to.
    pub(super) needed: Vec<bool>,
    /// By rule.
    pub(super) truths: Vec<Truth>,
    /// By condition.
    pub(super) conditions: Vec<Truth>,
    /// By rule and node.
    nodes: Vec<Vec<Truth>>,
    children: Vec<Vec<Vec<usize>>>,
    decisive: Vec<Vec<bool>>,
    /// Of features that were given as missing and nothing else: what is asked of them.
    shapes: BTreeMap<&'m str, Shape>,
}

impl<'m> Teller<'m> {
    fn of(
        model: &'m RulesModel,
        one: &'m OneByOne,
        customer: &'m CustomerFeatures,
        position: usize,
    ) -> Result<Self> {
        let needed = one.needed_for(position);
        let mut conditions = vec![Truth::Unknown; one.conditions().len()];
        let mut nodes: Vec<Vec<Truth>> = vec![Vec::new(); needed.len()];
        let truths = one.run(
            &needed,
            |at| {
                conditions[at] = one.conditions()[at].truth(customer, one.cuts())?;
                Ok(conditions[at])
            },
            |rule, _, truth| nodes[rule].push(truth),
        )?;
        let own = |rule: usize| -> &[Node] {
            if needed[rule] { model.rules.rules[rule].predicate.nodes() } else { &[] }
        };
        let children = (0..needed.len()).map(|rule| children_of(own(rule))).collect();
        let decisive = nodes.iter().map(|nodes| vec![false; nodes.len()]).collect();
        let shapes = shapes(one, customer)?;
        let mut teller = Self {
            model,
            one,
            customer,
            position,
            needed,
            truths,
            conditions,
            nodes,
            children,
            decisive,
            shapes,
        };
        teller.decide();
        Ok(teller)
    }

    /// Marks the parts whose truths together make the outcome what it is, from the top.
    fn decide(&mut self) {
        if let Some(root) = self.decisive[self.position].last_mut() {
            *root = true;
        }
        // Who refers comes after what is referred to, so backwards; within a rule the same holds of parents.
        for rule in self.one.order().iter().rev().copied().filter(|rule| self.needed[*rule]) {
            for node in (0..self.nodes[rule].len()).rev() {
                if !self.decisive[rule][node] {
                    continue;
                }
                if let Step::Rule(other) = self.one.steps(rule)[node]
                    && let Some(root) = self.decisive[other].last_mut()
                {
                    *root = true;
                }
                for place in 0..self.children[rule][node].len() {
                    let child = self.children[rule][node][place];
                    self.decisive[rule][child] = self.decides(rule, node, place);
                }
            }
        }
    }

    /// Whether a child is one of those that make its parent what it is.
    fn decides(&self, rule: usize, parent: usize, place: usize) -> bool {
        let truth = self.nodes[rule][parent];
        let child = self.nodes[rule][self.children[rule][parent][place]];
        match &self.one.steps(rule)[parent] {
            Step::All(_) | Step::Any(_) => child == truth,
            Step::Score(score) => match (truth, child) {
                // Points that are there, and points taken off that are not, hold a reached score up.
                (Truth::True, Truth::True) | (Truth::False, Truth::False) => score.points[place] > 0,
                (Truth::True, Truth::False) | (Truth::False, Truth::True) => score.points[place] < 0,
                (Truth::Unknown, Truth::Unknown) => score.points[place] != 0,
                _ => false,
            },
            _ => true,
        }
    }

    /// The conditions on which the outcome rests, by their positions.
    pub(super) fn decisive_conditions(&self) -> impl Iterator<Item = usize> {
        self.needed.iter().enumerate().filter(|(_, needed)| **needed).flat_map(|(rule, _)| {
            let steps = self.one.steps(rule).iter().zip(&self.decisive[rule]);
            steps.filter_map(|(step, decisive)| match step {
                Step::Condition(at) if *decisive => Some(*at),
                _ => None,
            })
        })
    }

    /// The zone in which times are told.
    pub(super) fn zone(&self) -> Zone {
        self.customer.as_of().map_or_else(Zone::utc, |as_of| as_of.zone().clone())
    }

    fn lines(&self) -> Result<Vec<ExplanationLine>> {
        let mut lines = Vec::new();
        let mut expanded = vec![false; self.needed.len()];
        expanded[self.position] = true;
        let root = |rule: usize| self.nodes[rule].len() - 1;
        // What is to be told first is pushed last.
        let mut open = vec![(self.position, root(self.position), 0, None)];
        while let Some((rule, node, depth, points)) = open.pop() {
            let step = &self.one.steps(rule)[node];
            let mut line = ExplanationLine {
                depth,
                part: Part::Condition,
                text: String::new(),
                points,
                truth: self.nodes[rule][node],
                decisive: self.decisive[rule][node],
                found: None,
            };
            (line.part, line.text) = match step {
                Step::Condition(at) => {
                    let condition = &self.one.conditions()[*at];
                    line.found = Some(self.found(condition, line.truth)?);
                    (Part::Condition, condition.condition.to_string())
                }
                Step::Rule(other) => {
                    let name = &self.model.rules.rules[*other].name;
                    if expanded[*other] {
                        (Part::SegmentAbove, format!("in segment `{name}`, see above"))
                    } else {
                        expanded[*other] = true;
                        open.push((*other, root(*other), depth + 1, None));
                        (Part::Segment, format!("in segment `{name}`"))
                    }
                }
                Step::Not => (Part::Not, "not".to_owned()),
                Step::All(0) => (Part::All, "everyone".to_owned()),
                Step::Any(0) => (Part::Any, "no one".to_owned()),
                Step::All(_) => (Part::All, "all of".to_owned()),
                Step::Any(_) => (Part::Any, "one of".to_owned()),
                Step::Score(score) => {
                    let children = self.children[rule][node].iter().map(|child| self.nodes[rule][*child]);
                    let sum = |wanted: Truth| -> i64 {
                        let points = score.points.iter().zip(children.clone());
                        points
                            .filter(|(_, truth)| *truth == wanted)
                            .map(|(points, _)| i64::from(*points))
                            .sum()
                    };
                    let (sure, open) =
                        (sum(Truth::True), children.clone().any(|truth| truth == Truth::Unknown));
                    let open = if open { ", others unknown" } else { "" };
                    (Part::Score, format!("at least {} points: {sure}{open}", score.least))
                }
            };
            lines.push(line);
            for (place, child) in self.children[rule][node].iter().enumerate().rev() {
                let points = match step {
                    Step::Score(score) => Some(score.points[place]),
                    _ => None,
                };
                open.push((rule, *child, depth + 1, points));
            }
        }
        Ok(lines)
    }

    /// What a condition found, and what it would take for it to come out otherwise.
    fn found(&self, one: &OneCondition, truth: Truth) -> Result<Found> {
        let condition = &one.condition;
        if let Source::Bucket(salt) = &condition.source {
            let place = one.place(self.customer, salt)?;
            let check = one.check(Some(Shape::Number.kind()), self.customer.as_of(), self.one.cuts())?;
            return Ok(Found {
                feature: None,
                value: Some(FeatureValue::Number(place)),
                thresholds: self.thresholds(condition, &check, Shape::Number),
                flip: None,
                text: format!("{place:.4} by her id, whatever she does"),
            });
        }
        let field = one.field(self.customer)?;
        let check = self.check(one)?;
        let shape = self.shape(condition.source.column().unwrap_or_default())?;
        let present = field.value.as_ref();
        let flip = |wanted| flip(condition, &check, shape, present, wanted);
        let flip = match truth {
            Truth::False => flip(true),
            Truth::True => flip(false),
            Truth::Unknown => flip(true).or_else(|| flip(false)),
        };
        let thresholds = self.thresholds(condition, &check, shape);
        let name = condition.source.column().unwrap_or_default();
        let text = self.found_text(name, present, truth, &thresholds, flip.as_ref());
        Ok(Found { feature: Some(name.to_owned()), value: present.cloned(), thresholds, flip, text })
    }

    /// The shape of a feature's values.
    pub(super) fn shape(&self, feature: &str) -> Result<Shape> {
        let known = self.customer.field(feature)?.shape.or_else(|| self.shapes.get(feature).copied());
        Ok(known.unwrap_or(Shape::Number))
    }

    /// What a condition asks of the customer's value.
    fn check(&self, one: &'m OneCondition) -> Result<std::borrow::Cow<'m, Check>> {
        let kind = one.field(self.customer)?.shape.map(Shape::kind);
        one.check(kind, self.customer.as_of(), self.one.cuts())
    }

    fn thresholds(&self, condition: &Condition, check: &Check, shape: Shape) -> Vec<Threshold> {
        fn of<T>(check: &Ordered<T>) -> Vec<&T> {
            match check {
                Ordered::Compare(_, bound) => vec![bound],
                Ordered::Between(low, high) => vec![low, high],
                Ordered::Among(values) => values.iter().collect(),
            }
        }
        let values: Vec<FeatureValue> = match check {
            Check::Number(check) => of(check).into_iter().map(|number| number_as(*number, shape)).collect(),
            Check::Time(check) => of(check).into_iter().map(|time| FeatureValue::Time(*time)).collect(),
            Check::Text(check) => {
                of(check).into_iter().map(|text| FeatureValue::Text(text.clone())).collect()
            }
            Check::Missing | Check::Present | Check::Matches(_) | Check::Anniversary(..) => Vec::new(),
        };
        let origin = |value: &Value| words::origin(value, self.customer.as_of());
        let both = values.into_iter().zip(condition.test.values());
        both.map(|(value, stated)| Threshold { value, origin: origin(stated) }).collect()
    }

    fn found_text(
        &self,
        name: &str,
        present: Option<&FeatureValue>,
        truth: Truth,
        thresholds: &[Threshold],
        flip: Option<&Flip>,
    ) -> String {
        let zone = self.zone();
        let value = match present {
            Some(value) if flip.is_some_and(|flip| matches!(flip.needs, Needs::Yes | Needs::No)) => {
                let flag = value.given() != Given::Number(0.0);
                format!("{name}: {}", if flag { "yes" } else { "no" })
            }
            Some(value) => format!("{name}: {}", words::short(value, &zone)),
            None => format!("{name} is missing"),
        };
        let Some(Flip { needs, to, becomes }) = flip else {
            return if truth == Truth::Unknown { value } else { format!("{value}, as any value would do") };
        };
        let origins: Vec<&str> =
            thresholds.iter().filter_map(|threshold| threshold.origin.as_deref()).collect();
        let origins = if origins.is_empty() { String::new() } else { format!(" ({})", origins.join(", ")) };
        let gap = present
            .zip(to.as_ref())
            .and_then(|(from, to)| words::gap(needs, from, to))
            .map_or_else(String::new, |gap| format!(": {gap}"));
        let wording = words::needs(needs, &zone);
        if becomes.is_true() {
            format!("{value}, needs {}{wording}{origins}{gap}", words::to_be(needs))
        } else {
            format!("{value}, no longer if {wording}{origins}{gap}")
        }
    }
}

/// What is asked of features that were given as missing, and nothing else of them.
fn shapes<'m>(one: &'m OneByOne, customer: &CustomerFeatures) -> Result<BTreeMap<&'m str, Shape>> {
    let mut shapes = BTreeMap::new();
    for one_condition in one.conditions() {
        let Some(column) = one_condition.condition.source.column() else { continue };
        let missing = customer.field(column).is_ok_and(|field| field.shape.is_none());
        if !missing || shapes.contains_key(column) {
            continue;
        }
        match &*one_condition.check(None, customer.as_of(), one.cuts())? {
            Check::Number(_) => shapes.insert(column, Shape::Number),
            Check::Time(_) | Check::Anniversary(..) => shapes.insert(column, Shape::Time),
            Check::Text(_) | Check::Matches(_) => shapes.insert(column, Shape::Text),
            Check::Missing | Check::Present => None,
        };
    }
    Ok(shapes)
}
