//! Customer segmentation from a shop's order lines to a ranked plan and an audience.
//!
//! kohort answers five questions of whoever runs a shop: who are my customers, which of them belong together, what does
//! each segment earn once returns and their costs are counted, what should I do about it, and who else is like the good
//! ones? A segment that looks rich
//! by gross sales can earn next to nothing, because nearly everything comes back. kohort finds that segment or says with
//! numbers that a shop has none, and does not take a customer for a serial returner who sent back her only order.
//!
//! # The flow
//!
//! ```text
//!  order lines ───► TransactionLog ───► FeatureTable ───► Segmentation ───► Plan ──────────► Audience
//!  rows, columns,     transaction         features           segment          economics        lookalike
//!  CSV, Arrow,        what was            what is known      who belongs      what they earn,  who else is
//!  Parquet            recorded?           of a customer?     together?        what to do?      like them?
//!                                             ▲
//!  events ──────────► EventLog ───────────────┤
//!  who she is ──────► ProfileTable ───────────┘
//! ```
//!
//! Values flow one way, and each stage is a module. A later stage looks only at values that were made before it,
//! so you can come in wherever you have data: with a table from a warehouse, or with segments of your own. What happened
//! beside the orders ([`EventLog`]) and what is known of a customer otherwise ([`ProfileTable`]) become columns of the
//! same table, joined by the customer's id ([`FeatureTable::join`]); who is in one source alone has a row whose other
//! features are missing.
//!
//! # Quick start
//!
//! Six lines, here on a made-up shop that needs no file:
//!
//! ```
//! use kohort::synthetic::Shop;
//! use kohort::{
//!     CostOfGoods, Costs, Economics, Expansion, FeatureExtractor, Lookalike, Seed, Segmenter, Size, StarterSegments,
//! };
//!
//! let log = Shop::builder().customers(5_000).build()?.generate()?.log;
//! let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
//! let customers = economics.enrich(&FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?)?;
//! let segments = StarterSegments::builder().build()?.fit(&customers)?.segment(&customers)?;
//! let plan = economics.prioritize(&customers, &segments)?;
//! let expansion = Expansion::builder(Size::Share(0.05)).max_return_rate(0.30).build()?;
//! let audience = Lookalike::builder().build()?.fit(&customers, &Seed::best(&plan, &segments)?)?.expand(&customers, &expansion)?;
//!
//! println!("{plan}\n{audience}");
//! // Of all segments, the one that looks rich earns least: it loses money.
//! assert!(plan.segment("rich but returning").is_some_and(|rich| rich.rank == plan.segments.len()));
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! Line by line: the order lines; what orders and returns cost the shop; one row of features per customer, to which
//! economics adds what each contributes and who looks rich but returns it all; up to four segments with plain names;
//! the segments ranked by what they earn, each with an action and the reasons in words; and the twentieth of all others
//! who are most like the best, with at most 30 % of their value to be expected back. [`Economics::analyse`] does all of
//! it in one call, allows for returns that are still to come, and adds what drives returns, which rules describe those who
//! look rich and earn little, what would change the ranking, and how an earlier plan would have done.
//!
//! For files of your own, a [`Schema`] names the columns and [`LogRules`] say what they mean: see
//! [`TransactionLog::from_csv_path`]. Reports, segments, the finding and the plan print as well-set tables and serialise
//! with serde, so a result can go to a person and to a program; a table writes itself as CSV.
//!
//! # Where to find what
//!
//! | module | what it has |
//! |---|---|
//! | [`transaction`] | [`TransactionLog`] and its doors, exact [`Money`], return conventions, the [`Window`], the [`IngestReport`] |
//! | [`events`] | [`EventLog`]: what happened beside the orders, such as mails sent, opened and clicked |
//! | [`profiles`] | [`ProfileTable`]: what is known of a customer beside her orders, with purposes and consent |
//! | [`features`] | [`FeatureExtractor`] with its families, windows, traits and features of your own; [`FeatureTable`]; [`FeatureState`] for lines that keep coming |
//! | [`segment`] | [`StarterSegments`], [`Rfm`], [`KMeans`], [`Rules`] and [`Waterfall`], the [`Segmenter`] trait, [`Segmentation`] and its quality |
//! | [`economics`] | [`Costs`], waterfalls, return rates with their uncertainty, [`Finding`], discovered rules, [`Plan`], portfolio, budget, scenarios, backtest, what drives returns and revenue |
//! | [`lookalike`] | [`Seed`], [`Lookalike`], [`Expansion`] under a limit of returns, [`Audience`], evaluation on held-out seeds |
//! | [`synthetic`] | a seeded fashion shop whose customers are known, for examples and tests |
//! | [`guide`] | longer texts: guarantees, architecture, benchmarks |
//!
//! What the flow needs is at the root; settings that fewer people turn are in the modules.
//!
//! # What you can rely on
//!
//! [`guide::guarantees`] has each promise with its limits and the tests that hold it. In short:
//!
//! - *Money is exact*, from the file to the plan.
//! - *The same answer every time*: for any number of threads and any order of the rows, to the bit.
//! - *Time is explicit*: nothing reads the clock, every table is as of a moment you name.
//! - *Missing is not zero*, and what is not known decides nothing.
//! - *Nothing is lost silently*: every row is kept or rejected with a reason, and the sums add up.
//! - *Data never panics*: it makes an [`Error`] or a documented result.
//! - *A model is complete*: it stores, loads and means the same next month.
//! - *Everything accumulates*: days and shards add up to what one pass gives.
//! - *No unsafe code.*
//!
//! # Crate features
//!
//! - `csv` (on by default): order lines, events and profiles from CSV files, plain or gzip, in UTF-8 or windows-1252, and
//!   feature tables back from them. Without it the crate needs fewer dependencies and reads rows and columns.
//! - `arrow`: Arrow record batches as a source, without a copy where the layout allows; feature tables to batches and back.
//! - `parquet` (brings `arrow`): the same for Parquet files, of which only the columns a schema names are read.
//! - `sql`: rules from text in the syntax of an SQL `WHERE`. Printing rules and storing them as JSON needs no feature.
//!
//! Features add doors; they never change a result.

#![forbid(unsafe_code)]

mod bitmap;
mod category;
#[cfg(feature = "arrow")]
mod columnar;
pub mod economics;
mod error;
pub mod events;
pub mod features;
pub mod guide;
mod layout;
pub mod lookalike;
mod model_file;
mod numeric;
pub mod profiles;
mod random;
pub mod segment;
pub mod synthetic;
pub mod transaction;

/// The crate of the feature matrix, so that its type can be named without a dependency of one's own.
pub use ndarray;

/// The crates of Arrow arrays and their types, so that they can be named without a dependency of one's own.
#[cfg(feature = "arrow")]
pub use {arrow_array, arrow_schema};

pub use bitmap::Bitmap;
pub use category::{Category, Levels};
pub use economics::{
    Action, CostOfGoods, Costs, Economics, Finding, Marketing, Plan, SegmentPlan, VatRates, Verdict,
};
pub use error::{Error, Result};
pub use events::{Event, EventLog};
pub use features::{
    Column, Feature, FeatureExtractor, FeatureState, FeatureTable, Join, JoinReport, Purpose, Scaler,
    Scaling, Values,
};
pub use lookalike::{Audience, Expansion, Lookalike, LookalikeModel, Seed, Size};
pub use profiles::{ProfileReport, ProfileSchema, ProfileTable};
pub use segment::{
    AudienceSet, KMeans, KMeansModel, Predicate, Rfm, RfmModel, Rules, RulesModel, Segmentation, Segmenter,
    StarterModel, StarterSegments, Waterfall, WaterfallModel,
};
#[cfg(feature = "csv")]
pub use transaction::ReadProgress;
pub use transaction::{
    AsOf, Attribute, CustomerId, CustomerIds, IdKind, IngestReport, LogColumns, LogRules, Money, MoneyTotal,
    OrderIdentity, OrderLine, Price, PriceColumn, Rate, ReconcileBy, Reconciliation, Returns, TimeFormat,
    TransactionLog, Vat, Window, Zone,
};
#[cfg(any(feature = "csv", feature = "arrow"))]
pub use transaction::{DecimalMark, Encoding, Schema, SchemaDiscount, SchemaPrice, Undelivered};

/// The code of the README, compiled and run with the documentation tests.
#[cfg(all(doctest, feature = "csv"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
