//! kohort

mod bitmap;
mod category;
pub mod economics;
mod error;
pub mod features;
mod layout;
mod model_file;
pub mod segment;
pub mod transaction;

pub use bitmap::Bitmap;
pub use category::{Category, Levels};
pub use economics::{Costs, Economics};
pub use error::{Error, Result};
pub use features::{Feature, FeatureExtractor, FeatureTable};
pub use segment::{Rfm, RfmModel, Segmentation, Segmenter};
pub use transaction::{
    AsOf, Attribute, CustomerId, CustomerIds, IdKind, IngestReport, LogRules, Money, MoneyTotal, OrderIdentity,
    Rate, Returns, TransactionLog, Zone,
};
