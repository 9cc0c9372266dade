//! kohort

mod bitmap;
mod category;
pub mod economics;
mod error;
pub mod features;
mod layout;
mod model_file;
mod random;
pub mod segment;
pub mod synthetic;
pub mod transaction;

pub use bitmap::Bitmap;
pub use category::{Category, Levels};
pub use economics::{Costs, Economics};
pub use error::{Error, Result};
pub use features::{Feature, FeatureExtractor, FeatureTable};
pub use segment::{Rfm, RfmModel, Segmentation, Segmenter, StarterModel, StarterSegments};
pub use transaction::{
    AsOf, Attribute, CustomerId, CustomerIds, IdKind, IngestReport, LogRules, Money, MoneyTotal,
    OrderIdentity, Rate, ReconcileBy, Reconciliation, Returns, TransactionLog, Zone,
};
#[cfg(feature = "csv")]
pub use transaction::{CsvDiscount, CsvPrice, DecimalMark, Encoding, ReadProgress, Schema, Undelivered};
