//! Segments stated as rules: predicates over features.
#![doc = ""]
#![doc = include_str!("../../../docs/rules.md")]

mod audience_set;
mod audit;
mod behaviour;
mod bucket;
mod builder;
pub mod catalogue;
mod check;
mod condition;
mod customer;
mod cuts;
mod estimate;
mod explain;
mod matches;
mod model;
mod one_by_one;
mod order;
#[cfg(feature = "sql")]
mod parse;
mod plan;
mod predicate;
mod stored;
mod text;
mod truth;
mod validity;
mod value;
mod waterfall;

pub use audience_set::AudienceSet;
pub use audit::{Audit, AuditBuilder, AuditFinding, AuditedSegment, FindingKind, RulesAudit};
pub use behaviour::{did, first_did, last_did, regular, restarted, stopped};
pub use builder::{Rules, RulesBuilder};
pub use condition::{AnyCase, Operand, bucket, feature};
pub use customer::{CustomerFeatures, CustomerFeaturesBuilder, FeatureValue};
pub use estimate::{SizeEstimate, SizeEstimates};
pub use explain::{
    Change, Days, Explanation, ExplanationLine, Flip, Found, Needs, Part, TextPattern, TextPlace, Threshold,
    WaterfallExplanation,
};
pub use matches::Matches;
pub use model::RulesModel;
pub use one_by_one::OneByOne;
pub use predicate::{Predicate, segment};
pub use truth::Truth;
pub use value::{Relative, Value, days_ago, months_ago, percentile};
pub use waterfall::{Undecided, Waterfall, WaterfallBuilder, WaterfallModel};
