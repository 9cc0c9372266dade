//! Do the rules do what their authors meant? Conditions that tell nobody apart, and segments that nobody can act on.

mod compare;
mod parts;
mod text;

use rayon::prelude::*;
use serde::Serialize;

use super::matches::Matches;
use super::model::RulesModel;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::features::FeatureTable;

/// When a segment is too small to act on, and when too broad to differ from everyone.
///
/// ```
/// use kohort::segment::rules::{Audit, FindingKind};
/// use kohort::segment::{Rules, feature};
/// use kohort::synthetic::Shop;
/// use kohort::FeatureExtractor;
///
/// let log = Shop::builder().customers(500).build()?.generate()?.log;
/// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
/// let rules = Rules::builder()
///     .rule("buyers", feature("orders").ge(1))
///     .rule("loyal", feature("orders").ge(3).and(feature("gross").ge(0)))
///     .rule("nobody", feature("orders").lt(3).and(feature("orders").gt(5)))
///     .build()?
///     .fit(&customers)?;
/// let audit = Audit::builder().min_customers(20).build()?.run(&rules, &customers)?;
/// println!("{audit}");
/// let kinds = |segment: &str| -> Vec<FindingKind> {
///     audit.findings.iter().filter(|finding| finding.segment == segment).map(|finding| finding.kind).collect()
/// };
/// assert!(kinds("buyers").contains(&FindingKind::TooBroad));
/// assert!(kinds("loyal").contains(&FindingKind::SingleFactor), "no sum of sales is below 0");
/// assert_eq!(kinds("nobody"), [FindingKind::Empty, FindingKind::NeverHolds]);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Audit {
    settings: AuditBuilder,
}

/// Builds an [`Audit`].
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct AuditBuilder {
    min_customers: u64,
    max_share: f64,
}

/// What an audit of rules found on a table.
///
/// Prints segment by segment; serialises.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct RulesAudit {
    /// The customers of the table.
    pub customers: u64,
    /// The segments, in the order of the rules.
    pub segments: Vec<AuditedSegment>,
    /// What was found, in the order of the rules.
    pub findings: Vec<AuditFinding>,
}

/// How many customers a segment has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct AuditedSegment {
    /// The segment.
    pub segment: String,
    /// Its customers.
    pub customers: u64,
    /// Customers of whom nobody can say.
    pub unknown: u64,
}

/// Something about a rule that its author should know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct AuditFinding {
    /// The segment.
    pub segment: String,
    /// What it is.
    pub kind: FindingKind,
    /// The text of the condition, or of the part of the rule; `None` where it is of the segment itself.
    pub part: Option<String>,
    /// The other segment, where it is about two.
    pub other: Option<String>,
    /// For how many customers the part holds, or the segment.
    pub holds: u64,
    /// For how many of them it is unknown.
    pub unknown: u64,
}

/// What an audit finds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// The segment has no customer.
    Empty,
    /// The segment, or a part of it, is unknown for everyone.
    AlwaysUnknown,
    /// The segment has too few customers to act on.
    TooSmall,
    /// The segment has nearly everyone.
    TooBroad,
    /// The segment has the customers of another one, which stands before it.
    Equal,
    /// All customers of the segment are in another, which has more.
    Contained,
    /// One condition of several alone makes the segment what it is; with `NOT`, the opposite of one.
    SingleFactor,
    /// A part holds for everyone. That a time is before the moment, as the end of *within 30 days* says, is no finding.
    AlwaysHolds,
    /// A part holds for no one: one condition, or some that exclude each other.
    NeverHolds,
}

impl Audit {
    /// Begins an audit.
    pub fn builder() -> AuditBuilder {
        AuditBuilder { min_customers: 100, max_share: 0.8 }
    }

    /// Looks at fitted rules on a table.
    ///
    /// Every condition, every group of conditions and each pair of conditions on one feature is evaluated for all customers, in
    /// some passes over the features. O(customers · parts of the rules / 64) time beside that of evaluating them, and two
    /// bits for each customer and segment, and for each customer and 64 parts, in memory.
    ///
    /// # Errors
    /// As for [`RulesModel::validate`]; [`Error::Empty`] for a table without customers, of which nothing can be said.
    pub fn run(&self, model: &RulesModel, table: &FeatureTable) -> Result<RulesAudit> {
        if table.is_empty() {
            let hint = "take the customers for whom the rules are meant";
            return Err(Error::Empty { what: "the table for an audit", hint });
        }
        let masks = Plan::new(&model.rules, &model.cuts, table)?.evaluate();
        let of_parts = parts::findings(model, table, &masks)?;
        let per_rule: Vec<Vec<AuditFinding>> =
            (0..masks.len()).into_par_iter().map(|rule| self.of_segment(model, &masks, rule)).collect();
        let findings =
            per_rule.into_iter().zip(of_parts).flat_map(|(own, parts)| own.into_iter().chain(parts));
        let segments = model.rules.rules.iter().zip(&masks).map(|(rule, mask)| AuditedSegment {
            segment: rule.name.clone(),
            customers: mask.holds.count() as u64,
            unknown: mask.unknown_count(),
        });
        Ok(RulesAudit {
            customers: table.len() as u64,
            segments: segments.collect(),
            findings: findings.collect(),
        })
    }

    /// What is to be said of a segment as a whole.
    fn of_segment(&self, model: &RulesModel, masks: &[Matches], rule: usize) -> Vec<AuditFinding> {
        let mask = &masks[rule];
        let all = mask.holds.len() as u64;
        let (holds, unknown) = (mask.holds.count() as u64, mask.unknown_count());
        let name = |rule: usize| model.rules.rules[rule].name.clone();
        let finding = |kind, other: Option<usize>| AuditFinding {
            segment: name(rule),
            kind,
            part: None,
            other: other.map(name),
            holds,
            unknown,
        };
        let of_size = match holds {
            0 if unknown == all => Some(FindingKind::AlwaysUnknown),
            0 => Some(FindingKind::Empty),
            _ if holds < self.settings.min_customers => Some(FindingKind::TooSmall),
            _ if holds as f64 / all as f64 > self.settings.max_share => Some(FindingKind::TooBroad),
            _ => None,
        };
        let mut findings: Vec<AuditFinding> = of_size.map(|kind| finding(kind, None)).into_iter().collect();
        if holds > 0 {
            let (equal, containing) = compare::twins(masks, rule);
            findings.extend(equal.into_iter().map(|other| finding(FindingKind::Equal, Some(other))));
            findings.extend(containing.into_iter().map(|other| finding(FindingKind::Contained, Some(other))));
        }
        findings
    }
}

impl AuditBuilder {
    /// The least customers a segment needs to be acted on. Defaults to 100.
    pub fn min_customers(mut self, customers: u64) -> Self {
        self.min_customers = customers;
        self
    }

    /// The share of all customers, above 0 and at most 1, above which a segment does not differ from everyone. Defaults to
    /// 0.8.
    pub fn max_share(mut self, share: f64) -> Self {
        self.max_share = share;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn build(self) -> Result<Audit> {
        let share = self.max_share;
        if !(share.is_finite() && share > 0.0 && share <= 1.0) {
            let expected = "a share above 0 and at most 1";
            return Err(Error::Setting { setting: "max_share", found: share.to_string(), expected });
        }
        Ok(Audit { settings: self })
    }
}

impl RulesModel {
    /// Which of the rules' conditions tell nobody apart, and which segments are empty, the same as others, too small, too
    /// broad or decided by one condition; with the limits an [`Audit`] has by default.
    ///
    /// # Errors
    /// As for [`Audit::run`].
    pub fn audit(&self, table: &FeatureTable) -> Result<RulesAudit> {
        Audit::builder().build()?.run(self, table)
    }
}
