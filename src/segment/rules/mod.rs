//! Segments stated as rules: predicates over features.

mod audience_set;
mod behaviour;
mod bucket;
mod builder;
pub mod catalogue;
mod check;
mod condition;
mod cuts;
mod matches;
mod model;
mod order;
mod plan;
mod predicate;
mod text;
mod truth;
mod validity;
mod value;
mod waterfall;

pub use audience_set::AudienceSet;
pub use behaviour::{did, first_did, last_did, regular, restarted, stopped};
pub use builder::{Rules, RulesBuilder};
pub use condition::{AnyCase, Operand, bucket, feature};
pub use matches::Matches;
pub use model::RulesModel;
pub use predicate::{Predicate, segment};
pub use truth::Truth;
pub use value::{Relative, Value};
pub use waterfall::{Undecided, Waterfall, WaterfallBuilder, WaterfallModel};
