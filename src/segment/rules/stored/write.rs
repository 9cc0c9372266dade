//! Writing the nested form.

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use super::super::condition::{Anniversary, Condition, Letters, Pattern, Place, Source, Test};
use super::super::predicate::{Node, Predicate};
use super::super::text::children_of;
use super::super::value::Value;
use super::names::Op;
use crate::segment::rules::condition::Comparison;

/// Writes a predicate whose depth has been checked.
pub(super) fn nested<S: Serializer>(predicate: &Predicate, serializer: S) -> Result<S::Ok, S::Error> {
    let nodes = predicate.nodes();
    Tree { nodes, children: &children_of(nodes), node: nodes.len() - 1 }.serialize(serializer)
}

/// A node and what is below it.
#[derive(Clone, Copy)]
struct Tree<'p> {
    nodes: &'p [Node],
    children: &'p [Vec<usize>],
    node: usize,
}

impl Tree<'_> {
    fn children(self) -> impl Iterator<Item = Self> {
        self.children[self.node].iter().map(move |node| Self { node: *node, ..self })
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, list) = match &self.nodes[self.node] {
            Node::Condition(condition) => return write(condition, serializer),
            Node::Score(score) => {
                let entries = self.children().zip(&score.points);
                let entries: Vec<Entry<'_>> =
                    entries.map(|(own, points)| Entry { points: *points, own }).collect();
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("score", &entries)?;
                map.serialize_entry("least", &score.least)?;
                return map.end();
            }
            Node::Segment(name) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("segment", name)?;
                return map.end();
            }
            Node::Not => ("not", false),
            Node::All(_) => ("all", true),
            Node::Any(_) => ("any", true),
        };
        let children: Vec<Self> = self.children().collect();
        let mut map = serializer.serialize_map(Some(1))?;
        match children.as_slice() {
            [child] if !list => map.serialize_entry(key, child)?,
            children => map.serialize_entry(key, children)?,
        }
        map.end()
    }
}

/// An entry of a score.
struct Entry<'p> {
    points: i32,
    own: Tree<'p>,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("Entry", 2)?;
        entry.serialize_field("points", &self.points)?;
        entry.serialize_field("if", &self.own)?;
        entry.end()
    }
}

fn write<S: Serializer>(condition: &Condition, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    match &condition.source {
        Source::Feature(name) => map.serialize_entry("feature", name)?,
        Source::Bucket(salt) => map.serialize_entry("bucket", salt)?,
        Source::Behaviour(behaviour) => map.serialize_entry("behaviour", behaviour)?,
    }
    let op = match &condition.test {
        Test::Compare(comparison, _) => Op::Compare(*comparison),
        Test::Between(..) => Op::Between,
        Test::In(_) => Op::In,
        Test::Matches(Pattern { place: Place::Whole, .. }) => Op::Compare(Comparison::Equal),
        Test::Matches(pattern) => Op::Matches(pattern.place),
        Test::Missing => Op::Missing,
        Test::Present => Op::Present,
        Test::Anniversary(Anniversary::ThisMonth) => Op::AnniversaryThisMonth,
        Test::Anniversary(Anniversary::NextDays(_)) => Op::AnniversaryInDays,
    };
    map.serialize_entry("op", op.name())?;
    match &condition.test {
        Test::Compare(_, value) => map.serialize_entry("value", value)?,
        Test::Between(low, high) => map.serialize_entry("value", &[low, high])?,
        Test::In(values) => map.serialize_entry::<_, [Value]>("value", values)?,
        Test::Matches(pattern) => {
            map.serialize_entry("value", &pattern.text)?;
            if pattern.letters == Letters::AnyCase {
                map.serialize_entry("any_case", &true)?;
            }
        }
        Test::Anniversary(Anniversary::NextDays(days)) => map.serialize_entry("value", days)?,
        Test::Missing | Test::Present | Test::Anniversary(Anniversary::ThisMonth) => {}
    }
    map.end()
}
