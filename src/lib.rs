//! kohort

mod bitmap;
mod category;
mod error;
pub mod features;
mod layout;
mod random;
pub mod segment;
pub mod synthetic;
pub mod transaction;

pub use bitmap::Bitmap;
pub use category::{Category, Levels};
pub use error::{Error, Result};
pub use features::{Feature, FeatureExtractor, FeatureTable};
pub use segment::{Segmentation, Segmenter};
pub use transaction::{
    AsOf, Attribute, CustomerId, CustomerIds, IdKind, IngestReport, LogRules, Money, MoneyTotal,
    OrderIdentity, Rate, Returns, TransactionLog, Zone,
};
