//! Segments stated as rules: what a marketer can say in a sentence, evaluated for millions of customers at once, and
//! explained for one.
//!
//! A [`Predicate`] is made of conditions on features: begun by [`feature`], [`bucket`](fn@bucket), [`segment`] or [`did`], joined by
//! `and`, `or`, `!` and points. Or it is read from text (crate feature `sql`) or JSON; the three mean the same and turn into
//! each other. Named predicates are [`Rules`], which overlap, or the steps of a [`Waterfall`], which do not.
//!
//! ```
//! use kohort::segment::{Rules, Segmenter, Waterfall, feature, segment};
//! use kohort::synthetic::Shop;
//! use kohort::FeatureExtractor;
//!
//! let log = Shop::builder().customers(1_000).build()?.generate()?.log;
//! let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
//!
//! let rules = Rules::builder()
//!     .rule("big", feature("gross").above_percentile(80.0))
//!     .rule("slipping away", segment("big").and(feature("last_order").more_than_days_ago(120)))
//!     .build()?;
//! let model = rules.fit(&customers)?;
//! let audiences = model.evaluate(&customers)?;
//! println!("{audiences}");
//! if let Some(somebody) = audiences.members("slipping away")?.iter().next() {
//!     println!("{}", model.explain(&customers, &somebody, "slipping away")?);
//! }
//!
//! let waterfall = Waterfall::builder()
//!     .step("new", feature("tenure_days").lt(90))
//!     .step("slipping away", feature("last_order").more_than_days_ago(120))
//!     .rest("active")
//!     .build()?;
//! let segments = waterfall.fit(&customers)?.segment(&customers)?;
//! assert_eq!(segments.sizes().iter().sum::<u64>(), 1_000);
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! | to | there is |
//! |---|---|
//! | begin with what guides name | [`catalogue`] |
//! | ask what customers did in orders and events | [`Behaviour`](crate::features::Behaviour), [`did`], [`stopped`], [`regular`] … |
//! | keep cut points for next month | [`Rules::fit`], whose [`RulesModel`] is stored |
//! | know who is in, and of whom nobody can say | [`AudienceSet`] |
//! | put everyone into one segment | [`Waterfall`], a [`Segmenter`](crate::segment::Segmenter) |
//! | answer for one customer, as in a web request | [`CustomerFeatures`], [`OneByOne`] |
//! | say why she is in, and what it would take | [`RulesModel::explain`] |
//! | find rules that never hold, are too small or say the same | [`RulesModel::audit`] |
//! | guess a size before evaluating | [`RulesModel::estimate`] |
//!
//! # What is not known
//!
//! A condition on a missing value is [`Unknown`](Truth::Unknown), and so is its negation: a customer whose return rate is not
//! known is neither among those above 30 % nor among the others. Logic is that of SQL (Kleene's): *and* is the least, *or* the
//! greatest of the two in the order false, unknown, true. Who is unknown in the end is not in the audience, and on a list of
//! her own ([`AudienceSet::unknown`], [`Undecided`]). Counts of what customers did are known for everyone in the table: who
//! has no event has done it zero times, also where nobody records such events.
//!
//! # Dates
//!
//! Times compare with moments relative to that of the table, so a rule means the same next month. Days are of 24 hours; a
//! time exactly 90 days ago is within the last 90 days, as it is for windows, while `recency_days < 90` leaves it out.
//!
//! # How fast
//!
//! One pass over the columns that any rule asks about, on all processors: chunks of at most 32,768 customers become masks of
//! bits. A column is compared with all bounds of all rules while it is at hand; of many bounds, each value is placed by a
//! search on the vector units. Texts are asked once per text, not per customer, and what rules have in common is computed once.
//! [The benchmarks](crate::guide::benchmarks) have the figures.
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
pub(crate) use bucket::share_of as bucket_share;
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
