//! A predicate: conditions joined by *and*, *or*, *not* and points, to any depth.
//!
//! Nodes stand in one vector, children before their parent (postfix), so that nothing here or anywhere recurses: a
//! predicate of a hundred thousand levels is built, copied, printed, evaluated and dropped like any other. A tree of boxes
//! would overflow the stack when it is dropped. Runs of one connective are one node: `a AND (b AND c)` is `a AND b AND c`,
//! however it was put together.

use std::collections::BTreeSet;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::truth::Truth;
use crate::features::Behaviour;

/// A condition on customers, made of conditions on their features; true, false or unknown for each of them.
///
/// Begun by [`feature`](super::feature), [`bucket`](fn@super::bucket), [`segment`] or a
/// [`Behaviour`], and joined by [`and`](Self::and), [`or`](Self::or) and `!`. Logic is
/// three-valued, see [`Truth`]. Prints as the `WHERE` of an SQL query, which `text.parse::<Predicate>()` reads
/// back with the crate feature `sql`; serialises with serde. Both forms are in [the module](crate::segment::rules).
///
/// ```
/// use kohort::segment::feature;
///
/// let slipping = feature("orders").ge(3).and(!feature("last_order").within_days(90));
/// assert_eq!(
///     slipping.to_string(),
///     "orders >= 3 AND NOT (last_order >= AS_OF - INTERVAL '90' DAY AND last_order < AS_OF)"
/// );
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "a predicate does nothing until it is evaluated"]
pub struct Predicate {
    nodes: Vec<Node>,
}

/// A node; its children stand before it. Stored as it is: variants keep names and order, and new ones go to the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Node {
    Condition(Condition),
    /// Meets the condition of another segment of the same rules.
    Segment(String),
    Not,
    /// All of so many children hold. True of none.
    All(usize),
    /// One of so many children holds. False of none.
    Any(usize),
    Score(Score),
}

/// One child for each entry of `points`; holds where the points of those that hold reach `least`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct Score {
    pub(crate) points: Vec<i32>,
    pub(crate) least: i64,
}

impl Score {
    /// Whether the points of the children that hold reach the least, whatever the unknown ones turn out to be.
    pub(crate) fn truth(&self, children: &[Truth]) -> Truth {
        let (mut sure, mut most, mut least) = (0_i64, 0_i64, 0_i64);
        for (points, truth) in self.points.iter().zip(children) {
            let points = i64::from(*points);
            match truth {
                Truth::True => sure += points,
                Truth::Unknown if points > 0 => most += points,
                Truth::Unknown => least += points,
                Truth::False => {}
            }
        }
        if sure + least >= self.least {
            Truth::True
        } else if sure + most < self.least {
            Truth::False
        } else {
            Truth::Unknown
        }
    }
}

impl Node {
    /// How many children it has.
    pub(crate) fn children(&self) -> usize {
        match self {
            Self::Condition(_) | Self::Segment(_) => 0,
            Self::Not => 1,
            Self::All(children) | Self::Any(children) => *children,
            Self::Score(score) => score.points.len(),
        }
    }
}

/// Meets the condition of another segment of the same rules, whatever becomes of her there: in a waterfall she may end in
/// an earlier one.
///
/// ```
/// use kohort::segment::{feature, segment};
///
/// let win_back = segment("lapsed").and(!segment("serial returner"));
/// assert_eq!(win_back.to_string(), "IN_SEGMENT('lapsed') AND NOT IN_SEGMENT('serial returner')");
/// ```
pub fn segment(name: impl Into<String>) -> Predicate {
    Predicate { nodes: vec![Node::Segment(name.into())] }
}

impl Predicate {
    pub(crate) fn condition(condition: Condition) -> Self {
        Self { nodes: vec![Node::Condition(condition)] }
    }

    /// The predicate of nodes that are exactly one tree, in the form the methods here give it.
    pub(super) fn of_nodes(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    /// Everyone.
    pub fn everyone() -> Self {
        Self { nodes: vec![Node::All(0)] }
    }

    /// No one.
    pub fn no_one() -> Self {
        Self { nodes: vec![Node::Any(0)] }
    }

    /// Both hold.
    pub fn and(self, other: Self) -> Self {
        self.joined(
            other,
            |node| if let Node::All(children) = node { Some(*children) } else { None },
            Node::All,
        )
    }

    /// One of them holds, or both.
    pub fn or(self, other: Self) -> Self {
        self.joined(
            other,
            |node| if let Node::Any(children) = node { Some(*children) } else { None },
            Node::Any,
        )
    }

    /// It does not hold; the same as `!`. Of unknown it is unknown.
    pub fn negated(mut self) -> Self {
        self.nodes.push(Node::Not);
        self
    }

    /// All of them hold; true of none.
    pub fn all(predicates: impl IntoIterator<Item = Self>) -> Self {
        predicates.into_iter().fold(Self::everyone(), Self::and)
    }

    /// One of them holds; false of none.
    pub fn any(predicates: impl IntoIterator<Item = Self>) -> Self {
        predicates.into_iter().fold(Self::no_one(), Self::or)
    }

    /// The points of the conditions that hold reach `least`. With unknown conditions among them it is unknown, unless
    /// these could not change the outcome. Points may be negative.
    ///
    /// ```
    /// use kohort::segment::{Predicate, feature};
    ///
    /// let hot = Predicate::score([(10, feature("orders").ge(3)), (5, feature("open_rate").gt(0.2))], 12);
    /// assert_eq!(hot.to_string(), "SCORE(10, orders >= 3, 5, open_rate > 0.2) >= 12");
    /// ```
    pub fn score(conditions: impl IntoIterator<Item = (i32, Self)>, least: i64) -> Self {
        let (mut nodes, mut points) = (Vec::new(), Vec::new());
        for (own, predicate) in conditions {
            points.push(own);
            nodes.extend(predicate.nodes);
        }
        nodes.push(Node::Score(Score { points, least }));
        Self { nodes }
    }

    /// Joins two by a connective, whose children a node of its kind gives up. What is appended is moved once, so a chain
    /// takes time in proportion to its length.
    fn joined(
        mut self,
        mut other: Self,
        children: impl Fn(&Node) -> Option<usize>,
        join: impl Fn(usize) -> Node,
    ) -> Self {
        let mut count = 0;
        for side in [&mut self.nodes, &mut other.nodes] {
            match side.last().and_then(&children) {
                Some(own) => {
                    side.pop();
                    count += own;
                }
                None => count += 1,
            }
        }
        self.nodes.append(&mut other.nodes);
        if count != 1 {
            self.nodes.push(join(count));
        }
        self
    }

    /// The nodes, children before their parent; the last one is the whole.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The part of it whose root stands at a position.
    pub(crate) fn part(&self, root: usize) -> Self {
        let (mut start, mut open) = (root + 1, 1);
        while open > 0 {
            start -= 1;
            open = open - 1 + self.nodes[start].children();
        }
        Self { nodes: self.nodes[start..=root].to_vec() }
    }

    /// How many levels of connectives stand above its deepest condition: 0 for a single one.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.fold(|_, children: &[usize]| children.iter().max().map_or(0, |deepest| deepest + 1))
    }

    /// The columns a table must have for it, each once, in the order of their names; those of
    /// [`behaviours`](Self::behaviours) among them.
    #[must_use]
    pub fn required_features(&self) -> Vec<String> {
        let names = self.conditions().filter_map(|condition| condition.source.column());
        let names: BTreeSet<&str> = names.collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// What has to be computed from orders and events for it, each once, in the order of their names.
    #[must_use]
    pub fn behaviours(&self) -> Vec<&Behaviour> {
        let mut behaviours: Vec<&Behaviour> = self
            .conditions()
            .filter_map(|condition| match &condition.source {
                super::condition::Source::Behaviour(behaviour) => Some(behaviour.as_ref()),
                _ => None,
            })
            .collect();
        behaviours.sort_by(|a, b| a.name().cmp(b.name()));
        behaviours.dedup_by(|a, b| a.name() == b.name());
        behaviours
    }

    /// The other segments it refers to, each once, in the order of their names.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        let names = self.nodes.iter().filter_map(|node| match node {
            Node::Segment(name) => Some(name.as_str()),
            _ => None,
        });
        names.collect::<BTreeSet<&str>>().into_iter().collect()
    }

    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Condition(condition) => Some(condition),
            _ => None,
        })
    }

    /// The outcome of the whole from the outcomes of each node's children.
    pub(crate) fn fold<T>(&self, mut node: impl FnMut(&Node, &[T]) -> T) -> T {
        let mut open: Vec<T> = Vec::new();
        for own in &self.nodes {
            let children = open.len() - own.children();
            let outcome = node(own, &open[children..]);
            open.truncate(children);
            open.push(outcome);
        }
        // A predicate has one node at least, and each node but the last is the child of another.
        open.swap_remove(0)
    }
}

impl Not for Predicate {
    type Output = Self;

    fn not(self) -> Self {
        self.negated()
    }
}

impl std::fmt::Debug for Predicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Predicate({self})")
    }
}
