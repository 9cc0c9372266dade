//! k-means: customers who resemble each other in a few features, without a rule that says which.
//!
//! What it answers: if there were k kinds of customers, what would they be like, how many of each are there, and of which
//! kind is she? A [`KMeans`] says which features count and how each is scaled; its fit learns scales and centroids; the
//! [`KMeansModel`] names the segments by what sets them apart, and puts these and next month's customers into them.
//!
//! ```
//! use kohort::features::{MissingPolicy, Scaler, Scaling};
//! use kohort::segment::{KMeans, Segmenter};
//! use kohort::synthetic::Shop;
//! use kohort::FeatureExtractor;
//!
//! let log = Shop::builder().customers(2_000).build()?.generate()?.log;
//! let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
//! let scaler = Scaler::builder(["recency_days", "orders", "gross", "return_rate"])
//!     .scaling(Scaling::z_score().log1p())
//!     .feature_scaling("return_rate", Scaling::z_score())
//!     .missing(MissingPolicy::Drop)
//!     .build()?;
//! let model = KMeans::builder(4).scaler(scaler).build()?.fit(&customers)?;
//! println!("{model}");
//! println!("{}", model.profile(&customers)?);
//!
//! let segments = model.segment(&customers)?;
//! assert_eq!(segments.sizes(), model.sizes());
//! assert!(segments.names().iter().any(|name| name.contains("high return_rate")), "{:?}", segments.names());
//! # Ok::<(), kohort::Error>(())
//! ```
//!
//! **How many?** Nobody knows k beforehand. [`ChooseClusters`] tries a range of numbers and recommends one, or none;
//! [`quality`](crate::segment::quality) has the measures.
//!
//! **One arithmetic, many roads.** A squared distance adds the squares of the coordinates' differences in the order of the
//! features, each with one rounding; the lowest index wins a tie; sums of coordinates and the inertia are exact. That
//! is a definition which a plain loop of ten lines follows, and it leaves no room for the number of threads, the order of
//! rows, or how the work was saved: every [`Road`] gives the bits of the plain loop, in labels, centroids, inertia and
//! iterations. What saves the work: a rough look at 64 customers at once in 32-bit floats, which settles all but the few
//! close calls under a proven error bound; sums from which an iteration takes only the customers who moved;
//! margins that tell who cannot have moved; and equal customers merged into one.
//!
//! **Empty clusters.** A cluster that lost all its customers moves to the customer farthest from every centroid. Where there
//! are fewer distinct customers than clusters, fewer segments come out ([`KMeansModel::clusters_asked`]); nothing is
//! ever NaN.
//!
//! **Limits of size.** [`KMeansBuilder::limits`] says how many customers a segment must have at least or may have at most:
//! see [`SizeLimits`]. Borders are shifted by a price per segment, which the model keeps, or small segments are merged.
//!
//! **Order and names.** Segments stand in descending order of weight. A name is made of the features whose centroid is
//! farthest from the mean of all; [`KMeansModel::renamed`] takes better ones.
//!
//! **Time and memory.** An iteration is O(customers · clusters · features) at first, and less as customers settle. The matrix
//! takes eight bytes a number, its rough copy four, and labels and bounds up to ten bytes a customer. Figures beside other
//! libraries stand in [`guide::benchmarks`](crate::guide::benchmarks).
//!
//! **Sources.** Lloyd 1982; Arthur & Vassilvitskii 2007 (k-means++); Hamerly 2010 (bounds).

mod apart;
mod arithmetic;
mod assign;
mod blocks;
mod builder;
mod choose;
mod fit;
mod inertia;
mod limits;
mod lloyd;
mod merge;
mod model;
mod naming;
mod observe;
mod order;
mod points;
mod profile;
mod quality;
mod result;
mod road;
mod screen;
mod seeding;
mod stored;
pub mod stream;
mod sums;
mod within;

pub use builder::{Initialization, KMeans, KMeansBuilder};
pub use choose::{
    Candidate, ChoiceProgress, ChoiceStage, ChoiceWarning, ChooseClusters, ChooseClustersBuilder,
    ClusterChoice, ClusterStability, FeatureRole, Gap, Measure, PredictionStrength, Rejection, SegmentChoice,
};
pub use limits::{LimitMethod, LimitsCertificate, Merge, SegmentSize, SizeLimits, SizeLimitsBuilder};
pub use model::KMeansModel;
pub use observe::KMeansProgress;
pub use profile::{KMeansProfile, KMeansSegmentProfile};
pub use quality::KMeansQuality;
pub use result::KMeansFit;
pub use road::Road;
pub use stream::{
    Batch, BatchProgress, KMeansState, KMeansStream, KMeansStreamBuilder, KMeansStreamFit, Passes,
};
