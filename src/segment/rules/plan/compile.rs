//! Rules to a program: every different question once, every different conjunction once.
//!
//! A question to a column is whether its value lies above a bound; *less*, *equal* and *between* are made of such
//! questions. A text is asked about by its code, so a condition on texts is decided once per text and not per customer: texts
//! that match stand in ranges of codes, or in a table of bits. *Or* is *and* of negations, which in three-valued logic it
//! is too (De Morgan), and *not* is a sign on a reference; so there are two connectives, *all* and points, and what two
//! rules have in common is found by looking nodes up.

use std::collections::BTreeMap;

use super::source::{Numbers, Source, Valid, with_typed};
use crate::category::{Category, MISSING};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::numeric::number::Ties;
use crate::segment::rules::builder::Rules;
use crate::segment::rules::check::{Check, Days, Frame, Kind, Ordered};
use crate::segment::rules::condition::{self, Comparison, Condition};
use crate::segment::rules::cuts::Cuts;
use crate::segment::rules::predicate::Node;
use crate::transaction::AsOf;

/// Up to so many ranges of codes, comparing is cheaper than looking up.
const FEW_RANGES: usize = 4;
/// Up to so many numbers, so are comparisons.
const FEW_NUMBERS: usize = 3;

/// A node, or its negation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Literal {
    pub(super) node: usize,
    pub(super) negated: bool,
}

/// What a node is, from the columns or from the nodes before it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Op {
    /// The value is above a bound of the source.
    Above { source: usize, bound: usize },
    /// There is a value. Never unknown.
    Present { source: usize },
    /// There is a value, whichever: true or unknown.
    Any { source: usize },
    /// The value is in a list of the source.
    Among { source: usize, list: usize },
    /// The text is one of these, a bit per code.
    Levels { source: usize, levels: Vec<u64> },
    /// The time is on one of these days of the year.
    Anniversary { source: usize, days: Days },
    /// All of them; true of none.
    All(Vec<Literal>),
    /// The points of those that hold reach the least.
    Score { points: Vec<i32>, least: i64, children: Vec<Literal> },
}

impl Op {
    /// The source it is a question to, if that may leave it unknown.
    pub(super) fn asks(&self) -> Option<usize> {
        match self {
            Self::Above { source, .. }
            | Self::Any { source }
            | Self::Among { source, .. }
            | Self::Levels { source, .. }
            | Self::Anniversary { source, .. } => Some(*source),
            Self::Present { .. } | Self::All(_) | Self::Score { .. } => None,
        }
    }
}

/// Sources and nodes, each node after those it is made of, and the node of each rule.
pub(super) struct Program<'t> {
    pub(super) sources: Vec<Source<'t>>,
    pub(super) ops: Vec<Op>,
    pub(super) outputs: Vec<Literal>,
    /// The moment whose zone anniversaries are in.
    pub(super) as_of: Option<&'t AsOf>,
}

/// A program in the making.
struct Compiler<'t> {
    table: &'t FeatureTable,
    program: Program<'t>,
    /// Positions of columns and salts among the sources.
    named: BTreeMap<(bool, &'t str), usize>,
    known: BTreeMap<Op, usize>,
}

impl<'t> Program<'t> {
    /// # Errors
    /// As for [`RulesModel::validate`](crate::segment::RulesModel::validate).
    pub(super) fn new(rules: &'t Rules, cuts: &'t Cuts, table: &'t FeatureTable) -> Result<Self> {
        let as_of = table.context().map(|context| &context.as_of);
        let program = Self { sources: Vec::new(), ops: Vec::new(), outputs: Vec::new(), as_of };
        let mut compiler = Compiler { table, program, named: BTreeMap::new(), known: BTreeMap::new() };
        let frame = Frame { as_of, cuts };
        let mut outputs = vec![Literal { node: 0, negated: false }; rules.rules.len()];
        for position in &rules.order {
            let mut open: Vec<Literal> = Vec::new();
            for node in rules.rules[*position].predicate.nodes() {
                let children = open.split_off(open.len() - node.children());
                open.push(match node {
                    Node::Condition(condition) => compiler.condition(condition, frame)?,
                    Node::Segment(name) => outputs[rules.position(name)?],
                    Node::Not => children[0].not(),
                    Node::All(_) => compiler.all(children),
                    Node::Any(_) => compiler.any(children),
                    Node::Score(score) => {
                        let (points, least) = (score.points.clone(), score.least);
                        compiler.node(Op::Score { points, least, children })
                    }
                });
            }
            outputs[*position] = open[0];
        }
        compiler.program.outputs = outputs;
        compiler.program.sources.iter_mut().for_each(Source::settle);
        Ok(compiler.program)
    }
}

impl Literal {
    fn not(self) -> Self {
        Self { negated: !self.negated, ..self }
    }
}

impl<'t> Compiler<'t> {
    /// The node of an operation, known or new.
    fn node(&mut self, op: Op) -> Literal {
        let Program { ops, .. } = &mut self.program;
        let node = *self.known.entry(op).or_insert_with_key(|op| {
            ops.push(op.clone());
            ops.len() - 1
        });
        Literal { node, negated: false }
    }

    fn all(&mut self, mut children: Vec<Literal>) -> Literal {
        children.sort_unstable();
        children.dedup();
        match children.as_slice() {
            [only] => *only,
            _ => self.node(Op::All(children)),
        }
    }

    fn any(&mut self, children: Vec<Literal>) -> Literal {
        self.all(children.into_iter().map(Literal::not).collect()).not()
    }

    /// True or false for everyone.
    fn constant(&mut self, holds: bool) -> Literal {
        let everyone = self.all(Vec::new());
        if holds { everyone } else { everyone.not() }
    }

    fn source(&mut self, condition: &'t Condition) -> Result<(usize, Kind)> {
        let (is_salt, name) = match &condition.source {
            condition::Source::Bucket(salt) => (true, salt.as_str()),
            condition::Source::Feature(name) => (false, name.as_str()),
            condition::Source::Behaviour(behaviour) => (false, behaviour.name()),
        };
        let (made, kind) = if is_salt {
            (None, Kind::Number)
        } else {
            let column = self.table.column(name)?;
            (Some(column), Kind::of(column.values()))
        };
        let (table, sources) = (self.table, &mut self.program.sources);
        let source = *self.named.entry((is_salt, name)).or_insert_with(|| {
            sources.push(made.map_or_else(|| Source::bucket(table.ids(), name), Source::column));
            sources.len() - 1
        });
        Ok((source, kind))
    }

    fn condition(&mut self, condition: &'t Condition, frame: Frame<'t>) -> Result<Literal> {
        let (source, kind) = self.source(condition)?;
        Ok(match Check::of(condition, kind, frame)? {
            Check::Present => self.present(source),
            Check::Missing => self.present(source).not(),
            Check::Number(check) => self.number(source, &check),
            Check::Time(check) => self.ordered(source, &check, |compiler, source, time, ties| {
                compiler.above_time(source, *time, ties)
            }),
            Check::Text(Ordered::Among(mut texts)) => {
                texts.sort_unstable();
                self.texts(source, |text| texts.binary_search_by(|own| own.as_str().cmp(text)).is_ok())
            }
            Check::Text(check) => self.texts(source, |text| check.holds_by(|own| text.cmp(own))),
            Check::Matches(pattern) => self.texts(source, |text| pattern.matches(text)),
            Check::Anniversary(days, _) => self.node(Op::Anniversary { source, days }),
        })
    }

    fn present(&mut self, source: usize) -> Literal {
        match self.program.sources[source].valid {
            Valid::All => self.constant(true),
            Valid::Bits(_) | Valid::Codes(_) => self.node(Op::Present { source }),
        }
    }

    /// Above a bound of the source; without one, above nothing: true where there is a value.
    fn above(&mut self, source: usize, bound: Option<usize>) -> Literal {
        match (bound, self.program.sources[source].valid) {
            (Some(bound), _) => self.node(Op::Above { source, bound }),
            (None, Valid::All) => self.constant(true),
            (None, _) => self.node(Op::Any { source }),
        }
    }

    fn number(&mut self, source: usize, check: &Ordered<f64>) -> Literal {
        match check {
            Ordered::Among(numbers) if numbers.len() > FEW_NUMBERS => {
                let lists = &mut self.program.sources[source].lists;
                lists.push(sorted(numbers));
                let list = lists.len() - 1;
                self.node(Op::Among { source, list })
            }
            _ => self.ordered(source, check, |compiler, source, cut, ties| {
                let values = &mut compiler.program.sources[source].values;
                let bound = with_typed!(values, typed => typed.cut(*cut, ties));
                compiler.above(source, bound)
            }),
        }
    }

    fn above_time(&mut self, source: usize, time: i64, ties: Ties) -> Literal {
        let bound = match ties {
            Ties::Below => Some(time),
            Ties::Above => time.checked_sub(1),
        };
        let bound = match (&mut self.program.sources[source].values, bound) {
            (Numbers::I64(typed), Some(bound)) => Some(typed.bound(bound)),
            _ => None,
        };
        self.above(source, bound)
    }

    /// A check among ordered values, of questions whether a value is above another: with `Ties::Above`, or equal to it.
    fn ordered<T>(
        &mut self,
        source: usize,
        check: &Ordered<T>,
        above: impl Fn(&mut Self, usize, &T, Ties) -> Literal,
    ) -> Literal {
        let from_to = |compiler: &mut Self, low: &T, high: &T| {
            let (low, high) =
                (above(compiler, source, low, Ties::Above), above(compiler, source, high, Ties::Below));
            compiler.all(vec![low, high.not()])
        };
        match check {
            Ordered::Compare(comparison, value) => match comparison {
                Comparison::Greater => above(self, source, value, Ties::Below),
                Comparison::AtMost => above(self, source, value, Ties::Below).not(),
                Comparison::AtLeast => above(self, source, value, Ties::Above),
                Comparison::Less => above(self, source, value, Ties::Above).not(),
                Comparison::Equal => from_to(self, value, value),
                Comparison::NotEqual => from_to(self, value, value).not(),
            },
            Ordered::Between(low, high) => from_to(self, low, high),
            Ordered::Among(values) => {
                let equal = values.iter().map(|value| from_to(self, value, value)).collect();
                self.any(equal)
            }
        }
    }

    /// The texts for which this holds, each asked once.
    fn texts(&mut self, source: usize, holds: impl Fn(&str) -> bool) -> Literal {
        let Valid::Codes(category) = self.program.sources[source].valid else { return self.constant(false) };
        let ranges = ranges_of(category, &holds);
        if ranges.len() > FEW_RANGES {
            let mut levels = vec![0; category.levels().len().div_ceil(64)];
            for code in ranges.into_iter().flatten() {
                levels[code as usize / 64] |= 1 << (code % 64);
            }
            return self.node(Op::Levels { source, levels });
        }
        let mut any = Vec::new();
        for range in ranges {
            let mut bound = |code: u32| match &mut self.program.sources[source].values {
                Numbers::U32(typed) => Some(typed.bound(code)),
                _ => None,
            };
            let (low, high) = (range.start.checked_sub(1).and_then(&mut bound), bound(range.end - 1));
            let (low, high) = (self.above(source, low), self.above(source, high));
            any.push(self.all(vec![low, high.not()]));
        }
        if any.is_empty() {
            // No text matches: false where there is one, unknown where it is missing.
            return self.above(source, None).not();
        }
        self.any(any)
    }
}

/// Numbers in ascending order. Adding zero makes one of both zeros.
fn sorted(numbers: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = numbers.iter().map(|number| number + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The ranges of codes whose texts hold.
fn ranges_of(category: &Category, holds: impl Fn(&str) -> bool) -> Vec<std::ops::Range<u32>> {
    let mut ranges: Vec<std::ops::Range<u32>> = Vec::new();
    for (code, text) in category.levels().iter().enumerate() {
        let code = code as u32;
        if code == MISSING || !holds(text) {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.end == code => last.end += 1,
            _ => ranges.push(code..code + 1),
        }
    }
    ranges
}
