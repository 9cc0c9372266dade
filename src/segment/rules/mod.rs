//! Segments stated as rules: predicates over features.

mod audience_set;
mod behaviour;
pub mod catalogue;
mod check;
mod condition;
mod cuts;
mod matches;
mod model;
mod order;
mod plan;
mod predicate;
mod rules;
mod text;
mod truth;
mod validity;
mod value;
mod waterfall;

pub use audience_set::AudienceSet;
pub use behaviour::{did, first_did, last_did, regular, restarted, stopped};
pub use condition::{AnyCase, Operand, bucket, feature};
pub use matches::Matches;
pub use model::RulesModel;
pub use predicate::{Predicate, segment};
pub use rules::{Rules, RulesBuilder};
pub use truth::Truth;
pub use value::{Relative, Value};
pub use waterfall::{Undecided, Waterfall, WaterfallBuilder, WaterfallModel};
