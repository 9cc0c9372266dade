//! Rules compiled for a table, and evaluated for all its customers in one pass.

use super::builder::Rules;
use super::check::{Check, Frame, Given, Kind};
use super::cuts::Cuts;
use super::matches::Matches;
use super::predicate::Node;
use super::truth::Truth;
use crate::bitmap::Bitmap;
use crate::error::Result;
use crate::features::{Column, FeatureTable, Values};

/// Rules compiled for a table.
pub(crate) struct Plan<'t> {
    rules: &'t Rules,
    cuts: &'t Cuts,
    table: &'t FeatureTable,
}

impl<'t> Plan<'t> {
    pub(crate) fn new(rules: &'t Rules, cuts: &'t Cuts, table: &'t FeatureTable) -> Result<Self> {
        let plan = Self { rules, cuts, table };
        super::model::RulesModel { rules: rules.clone(), cuts: cuts.clone() }.validate(table)?;
        Ok(plan)
    }

    pub(crate) fn evaluate(&self) -> Vec<Matches> {
        let rows = self.table.len();
        let frame = Frame { as_of: self.table.context().map(|context| &context.as_of), cuts: self.cuts };
        let mut all: Vec<Vec<Truth>> = vec![Vec::new(); self.rules.rules.len()];
        for position in &self.rules.order {
            let predicate = &self.rules.rules[*position].predicate;
            let truths = (0..rows)
                .map(|row| {
                    predicate.fold(|node, children: &[Truth]| match node {
                        Node::Condition(condition) => {
                            let (kind, given) = match condition.source.column() {
                                Some(name) => {
                                    let Ok(column) = self.table.column(name) else { return Truth::Unknown };
                                    (Kind::of(column.values()), given(column, row))
                                }
                                None => (Kind::Number, Some(Given::Number(0.5))),
                            };
                            Check::of(condition, kind, frame)
                                .map_or(Truth::Unknown, |check| check.truth(given))
                        }
                        Node::Segment(name) => {
                            self.rules.position(name).map_or(Truth::Unknown, |position| all[position][row])
                        }
                        Node::Not => !children[0],
                        Node::All(_) => children.iter().copied().fold(Truth::True, Truth::and),
                        Node::Any(_) => children.iter().copied().fold(Truth::False, Truth::or),
                        Node::Score(score) => score.truth(children),
                    })
                })
                .collect();
            all[*position] = truths;
        }
        all.iter()
            .map(|truths| {
                let unknown: Bitmap = truths.iter().map(|truth| *truth == Truth::Unknown).collect();
                Matches {
                    holds: truths.iter().map(|truth| truth.is_true()).collect(),
                    unknown: (unknown.count() > 0).then_some(unknown),
                }
            })
            .collect()
    }
}

/// A row's value.
pub(crate) fn given(column: &Column, row: usize) -> Option<Given<'_>> {
    match column.values() {
        Values::Category(category) => category.get(row).map(Given::Text),
        Values::Time(times) => column.is_valid(row).then(|| Given::Time(times[row])),
        _ => column.number(row).map(Given::Number),
    }
}
