//! In which order rules that refer to each other are evaluated.

use std::collections::BTreeMap;

use super::builder::Rule;
use crate::error::{Error, Result, nearest};

/// The positions of the rules, each after those it refers to; of equals in the given order.
///
/// # Errors
/// [`Error::UnknownSegment`], [`Error::RuleCycle`] with the names along the circle.
pub(crate) fn ordered(rules: &[Rule]) -> Result<Vec<usize>> {
    let positions: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(position, rule)| (rule.name.as_str(), position)).collect();
    let refers = |rule: &Rule| -> Result<Vec<usize>> {
        let position = |name: &&str| {
            positions.get(name).copied().ok_or_else(|| Error::UnknownSegment {
                segment: (*name).to_owned(),
                nearest: nearest(name, positions.keys().copied()),
            })
        };
        rule.predicate.segments().iter().map(position).collect()
    };
    let refers: Vec<Vec<usize>> = rules.iter().map(refers).collect::<Result<_>>()?;
    let mut order = Vec::with_capacity(rules.len());
    let mut done = vec![false; rules.len()];
    for start in 0..rules.len() {
        // A path from rule to rule, and how many of its references each has behind it.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((rule, next)) = path.pop() {
            if done[rule] {
                continue;
            }
            let Some(other) = refers[rule].get(next).copied() else {
                done[rule] = true;
                order.push(rule);
                continue;
            };
            path.push((rule, next + 1));
            if let Some(from) = path.iter().position(|(on, _)| *on == other) {
                let names = path[from..].iter().map(|(on, _)| rules[*on].name.clone());
                return Err(Error::RuleCycle { path: names.chain([rules[other].name.clone()]).collect() });
            }
            path.push((other, 0));
        }
    }
    Ok(order)
}
