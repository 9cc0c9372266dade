//! What the parts of rules do: conditions, groups of them, and pairs of conditions on one feature that could exclude each
//! other.
//!
//! Parts are evaluated as rules of their own, some at a time, so that what they share is computed once and their masks need
//! not all be there at once.

use std::collections::BTreeSet;

use super::{AuditFinding, FindingKind};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::segment::rules::builder::{Rule, Rules};
use crate::segment::rules::condition::{Comparison, Test};
use crate::segment::rules::matches::Matches;
use crate::segment::rules::model::RulesModel;
use crate::segment::rules::plan::Plan;
use crate::segment::rules::predicate::{Node, Predicate};
use crate::segment::rules::text::children_of;
use crate::segment::rules::value::{Relative, Value};

/// Parts that are evaluated together.
const TOGETHER: usize = 64;

/// Conditions on one feature in one group of which all pairs are looked at; of more, the first.
const PAIRED: usize = 16;

/// A part of a rule.
struct Part {
    rule: usize,
    /// The position of its node; of a pair, of the node that joins the two.
    node: usize,
    what: What,
    predicate: Predicate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Condition,
    Group,
    /// Two conditions of a group, which holds only if both do, or if one does.
    Both,
    Either,
}

/// What is to be said of the parts of each rule.
pub(super) fn findings(
    model: &RulesModel,
    table: &FeatureTable,
    masks: &[Matches],
) -> Result<Vec<Vec<AuditFinding>>> {
    let parts: Vec<Part> = (0..masks.len()).flat_map(|rule| parts_of(model, rule)).collect();
    let mut found: Vec<Found> = Vec::new();
    for parts in parts.chunks(TOGETHER) {
        let evaluated = evaluate(model, table, parts)?;
        found.extend(
            parts.iter().zip(&evaluated).map(|(part, mask)| Found::of(part, mask, &masks[part.rule])),
        );
    }
    let mut findings: Vec<Vec<AuditFinding>> = vec![Vec::new(); masks.len()];
    let mut from = 0;
    for (rule, findings) in findings.iter_mut().enumerate() {
        let until = from + parts[from..].iter().take_while(|part| part.rule == rule).count();
        let name = &model.rules.rules[rule].name;
        let predicate = &model.rules.rules[rule].predicate;
        *findings = of_rule(name, predicate, &parts[from..until], &found[from..until]);
        from = until;
    }
    Ok(findings)
}

/// What was found of a part, without its mask.
struct Found {
    holds: u64,
    unknown: u64,
    all: u64,
    /// `Some(true)` where it holds for the customers of the segment and no others, `Some(false)` where it fails for them and
    /// no others.
    makes_segment: Option<bool>,
}

impl Found {
    fn of(part: &Part, mask: &Matches, segment: &Matches) -> Self {
        // Nobody and everyone are no segment that a condition could make.
        let members = segment.holds.count();
        let makes_segment = if part.what != What::Condition || members == 0 || members == segment.holds.len()
        {
            None
        } else if mask.holds == segment.holds {
            Some(true)
        } else {
            (mask.fails() == segment.holds).then_some(false)
        };
        Self {
            holds: mask.holds.count() as u64,
            unknown: mask.unknown_count(),
            all: mask.holds.len() as u64,
            makes_segment,
        }
    }

    /// What it is for everyone, if it is the same for everyone; never to hold is said where it is unknown for some too.
    fn constant(&self) -> Option<FindingKind> {
        match self.holds {
            _ if self.unknown == self.all => Some(FindingKind::AlwaysUnknown),
            0 => Some(FindingKind::NeverHolds),
            holds if holds == self.all => Some(FindingKind::AlwaysHolds),
            _ => None,
        }
    }
}

/// The parts of a rule that can be something of their own, those deeper down first.
fn parts_of(model: &RulesModel, rule: usize) -> Vec<Part> {
    let predicate = &model.rules.rules[rule].predicate;
    let nodes = predicate.nodes();
    let children = children_of(nodes);
    let mut seen = BTreeSet::new();
    let mut parts = Vec::new();
    for (node, own) in nodes.iter().enumerate() {
        let part = |what, predicate| Part { rule, node, what, predicate };
        match own {
            Node::Condition(condition) => {
                if seen.insert(condition.to_string()) {
                    parts.push(part(What::Condition, predicate.part(node)));
                }
            }
            Node::Segment(_) | Node::All(0) | Node::Any(0) => {}
            Node::All(_) | Node::Any(_) => {
                let both = matches!(own, Node::All(_));
                for [a, b] in pairs(nodes, &children[node]) {
                    let (a, b) = (predicate.part(a), predicate.part(b));
                    parts.push(if both { part(What::Both, a.and(b)) } else { part(What::Either, a.or(b)) });
                }
                if node + 1 < nodes.len() {
                    parts.push(part(What::Group, predicate.part(node)));
                }
            }
            Node::Not | Node::Score(_) => {
                // The whole is the segment.
                if node + 1 < nodes.len() {
                    parts.push(part(What::Group, predicate.part(node)));
                }
            }
        }
    }
    parts
}

/// Children of a group that are conditions on the same feature, two by two.
fn pairs(nodes: &[Node], children: &[usize]) -> Vec<[usize; 2]> {
    let column = |child: usize| match &nodes[child] {
        Node::Condition(condition) => condition.source.column(),
        _ => None,
    };
    let mut named: Vec<(&str, usize)> =
        children.iter().filter_map(|child| Some((column(*child)?, *child))).collect();
    named.sort_unstable();
    let mut pairs = Vec::new();
    for same in named.chunk_by(|a, b| a.0 == b.0) {
        let same = &same[..same.len().min(PAIRED)];
        for (place, (_, first)) in same.iter().enumerate() {
            pairs.extend(same[place + 1..].iter().map(|(_, second)| [*first, *second]));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// The masks of some parts: rules of their own, after those they refer to.
fn evaluate(model: &RulesModel, table: &FeatureTable, parts: &[Part]) -> Result<Vec<Matches>> {
    let all = &model.rules.rules;
    let mut wanted: BTreeSet<&str> = parts.iter().flat_map(|part| part.predicate.segments()).collect();
    let mut referred: Vec<usize> = Vec::new();
    for position in model.rules.order.iter().rev() {
        if wanted.contains(all[*position].name.as_str()) {
            wanted.extend(all[*position].predicate.segments());
            referred.push(*position);
        }
    }
    referred.reverse();
    // Longer than any name of a rule.
    let longest = all.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let own = parts.iter().enumerate().map(|(position, part)| Rule {
        name: format!("{:longest$}{position}", "part"),
        predicate: part.predicate.clone(),
    });
    let rules: Vec<Rule> = referred.iter().map(|position| all[*position].clone()).chain(own).collect();
    let order = (0..rules.len()).collect();
    let rules = Rules { rules, order };
    let mut masks = Plan::new(&rules, &model.cuts, table)?.evaluate();
    Ok(masks.split_off(referred.len()))
}

/// What is to be said of a rule's parts: of the innermost that are the same for everyone, not of what follows from them.
fn of_rule(name: &str, predicate: &Predicate, parts: &[Part], found: &[Found]) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    let finding = |found: &Found, kind, text: String| AuditFinding {
        segment: name.to_owned(),
        kind,
        part: Some(text),
        other: None,
        holds: found.holds,
        unknown: found.unknown,
    };
    let conditions = || parts.iter().zip(found).filter(|(part, _)| part.what == What::Condition);
    let constant = |found: &Found| found.constant().is_some();
    let several = conditions().filter(|(part, _)| !closes_a_window(&part.predicate)).count() > 1;
    if several {
        let sole = conditions().find(|(_, found)| !constant(found) && found.makes_segment.is_some());
        if let Some((part, found)) = sole {
            let not = if found.makes_segment == Some(true) { "" } else { "NOT " };
            let text = format!("{not}{}", part.predicate);
            findings.push(finding(found, FindingKind::SingleFactor, text));
        }
    }
    let same_text: BTreeSet<String> = conditions()
        .filter(|(_, found)| constant(found))
        .map(|(part, _)| part.predicate.to_string())
        .collect();
    // Nodes that are the same for everyone, and those above them.
    let nodes = predicate.nodes();
    let children = children_of(nodes);
    let mut explained = vec![false; nodes.len()];
    for (node, own) in nodes.iter().enumerate() {
        explained[node] = match own {
            Node::Condition(condition) => same_text.contains(&condition.to_string()),
            _ => children[node].iter().any(|child| explained[*child]),
        };
        for (part, found) in parts.iter().zip(found).filter(|(part, _)| part.node == node) {
            let Some(kind) = found.constant() else { continue };
            let news = match part.what {
                What::Condition => kind != FindingKind::AlwaysHolds || !closes_a_window(&part.predicate),
                What::Group => !explained[node],
                What::Both => kind == FindingKind::NeverHolds && !of_constants(part, &same_text),
                What::Either => kind == FindingKind::AlwaysHolds && !of_constants(part, &same_text),
            };
            if news {
                findings.push(finding(found, kind, part.predicate.to_string()));
                explained[node] = true;
            }
        }
    }
    findings
}

/// Whether it says that a time is before the moment, as the end of *within 30 days* does: of what has happened that holds for
/// everyone, and is no condition that its author meant.
fn closes_a_window(predicate: &Predicate) -> bool {
    let moment = Value::Relative(Relative::Days(0));
    predicate.conditions().all(|condition| condition.test == Test::Compare(Comparison::Less, moment.clone()))
}

/// Whether one of a pair is the same for everyone itself.
fn of_constants(pair: &Part, constant: &BTreeSet<String>) -> bool {
    pair.predicate.conditions().any(|condition| constant.contains(&condition.to_string()))
}
