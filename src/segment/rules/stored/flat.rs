//! The form in formats that are not for people: the nodes in a row, children before their parent.

use super::super::condition::{Condition, Letters, Pattern, Place, Test};
use super::super::predicate::{Node, Predicate};

/// The predicate of nodes, if they are exactly one tree in the one form that each predicate has.
pub(super) fn checked(nodes: Vec<Node>) -> Result<Predicate, String> {
    // Positions of the trees that no parent has taken yet.
    let mut open: Vec<usize> = Vec::new();
    for (position, node) in nodes.iter().enumerate() {
        let refused = |problem: &str| Err(format!("node {position} of a predicate {problem}"));
        let Some(first) = open.len().checked_sub(node.children()) else {
            return refused("has more children than stand before it");
        };
        let children = &open[first..];
        let fits = match node {
            Node::All(count) => {
                *count != 1 && !children.iter().any(|own| matches!(nodes[*own], Node::All(_)))
            }
            Node::Any(count) => {
                *count != 1 && !children.iter().any(|own| matches!(nodes[*own], Node::Any(_)))
            }
            Node::Condition(Condition { test: Test::Matches(pattern), .. }) => is_plain(pattern),
            _ => true,
        };
        if !fits {
            return refused("is written in another form than it has");
        }
        open.truncate(first);
        open.push(position);
    }
    if open.len() == 1 {
        Ok(Predicate::of_nodes(nodes))
    } else {
        Err(format!("{} predicates stand for one", open.len()))
    }
}

/// Whether no simpler test says the same; see `Operand::matches`.
fn is_plain(pattern: &Pattern) -> bool {
    match pattern.place {
        Place::Anywhere => true,
        Place::Start | Place::End => !pattern.text.is_empty(),
        Place::Whole => pattern.letters == Letters::AnyCase,
    }
}
