//! Stage 5: who resembles them?
//!
//! What it answers: given customers that are worth having (a segment, the best of a plan, a list of ids), which others look
//! like them, and whom of those to address if no more than so much may come back? A [`Seed`] says who they are and what
//! each counts for; [`Lookalike::fit`] learns how they differ from the rest of the pool; the [`LookalikeModel`] scores these
//! and next month's customers; an [`Expansion`] takes an [`Audience`] from the scores, of a wanted size and under a
//! limit.
//!
//! ```
//! use kohort::lookalike::{Expansion, Lookalike, Seed, Size};
//! use kohort::features::Breadth;
//! use kohort::synthetic::Shop;
//! use kohort::{CostOfGoods, Costs, Economics, FeatureExtractor};
//!
//! let log = Shop::builder().customers(5_000).build()?.generate()?.log;
//! let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
//! let extractor = FeatureExtractor::builder(log.as_of_end()?).breadth(Breadth::default()).build()?;
//! let customers = economics.enrich(&extractor.extract(&log)?)?;
//!
//! // Customers who look rich and send nearly everything back: who wants the same goods, and keeps them?
//! let finding = economics.looks_rich(&extractor.extract(&log)?)?;
//! let seed = Seed::rich_but_returning(&finding, &customers)?;
//! let model = Lookalike::builder().build()?.fit(&customers, &seed)?;
//! let expansion = Expansion::builder(Size::Share(0.05)).max_return_rate(0.30).build()?;
//! let audience = model.expand(&customers, &expansion)?;
//! println!("{model}\n{audience}");
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! # Which seed?
//!
//! - *The good customers*: [`Seed::best`] of a plan, or any seed with [`Seed::valued_by`] contribution or lifetime value.
//! - *The customers who look rich and earn little*, for what they want and not for what they return:
//!   [`Seed::rich_but_returning`], or any seed with [`Seed::for_demand`]. Returns, contribution and all that kohort derives
//!   from them stay out of likeness and enter through the limit alone.
//! - *A list* from anywhere: [`Seed::ids`]; *those for whom a rule holds*: [`Seed::matching`]; *segments*:
//!   [`Seed::segments`].
//!
//! Below 25 effective seeds, or 25 others in the pool, a fit is refused; below 100 seeds it warns. The platforms ask for 100
//! to 1,000.
//!
//! # Which scorer?
//!
//! | [`ScorerKind`] | what speaks for it | explained by |
//! |---|---|---|
//! | `Logistic` | 300 effective seeds or more | weights in the features' own units |
//! | `WeightOfEvidence` | fewer | evidence of each feature |
//! | `Mixture` | seeds that fall into kinds, with valleys between them | what each feature adds |
//! | `NearestSeeds` | the same, with kinds of fewer than 50 seeds | what each feature adds |
//! | `Discriminant` | nothing; on request | weights |
//!
//! Whichever of them seeds speak for, logistic regression is learned beside it and wins where held-out seeds rank higher by it.
//! The model says which one was chosen and why ([`LookalikeModel::scorer_reason`]).
//!
//! # What a score means
//!
//! The *similarity* is the share of seeds among customers like her. It ranks; it is no probability that she buys, because
//! seeds are not a random part of those who would be good ones. A probability needs outcomes: see
//! [`evaluation`].
//!
//! # How good is it?
//!
//! [`Evaluation`](evaluation::Evaluation) holds back part of the seeds, again and again, and counts how many of them the
//! audience finds, against a random one, RFM scores and the distance to the seeds' centre; or judges by who became good later.
//! Features that define the seed make every such figure look splendid: they are found and reported
//! ([`LookalikeModel::leaks`]).
//!
//! **Sources.** Elkan & Noto 2008 (learning from seeds and unlabelled customers); Ma et al. 2016 (information value);
//! deWet & Ou 2019 (classifiers and likeness); Ledoit & Wolf 2004 (shrunk covariance); Kish 1965 (effective size). Shares,
//! least numbers and the measure of recall follow the protocols of the advertising platforms.

mod builder;
mod compare;
mod encoding;
pub mod evaluation;
mod expansion;
mod explain;
mod fit;
mod key;
mod learned;
mod logistic;
mod model;
mod scorer;
mod scores;
mod seed;
pub mod selection;
mod stored;
mod stored_scorers;
mod training;

pub use builder::{LeakPolicy, Lookalike, LookalikeBuilder, LookalikeProgress};
pub use compare::{ComparedGroup, Comparison, ComparisonBuilder};
pub use encoding::Leak;
pub use expansion::{
    Audience, CapFrontier, CapReached, CapRow, Expansion, ExpansionBuilder, Figures, Frontier, FrontierRow,
    LeftOut, Limited, MissingOutcome, ProfitScore, SeedPolicy, Size,
};
pub use explain::{Difference, Differences, Explanation, FeatureEvidence, FeatureWeight, Reason, WeightUnit};
pub use logistic::{LogisticModel, LogisticRegression, LogisticRegressionBuilder};
pub use model::LookalikeModel;
pub use scorer::{NearestSeeds, ScorerKind};
pub use scores::Scores;
pub use seed::{Seed, SeedSummary, UnknownIds};
