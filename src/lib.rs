//! kohort

mod bitmap;
mod category;
mod error;
mod layout;
pub mod features;
pub mod segment;
pub mod transaction;

pub use bitmap::Bitmap;
pub use category::{Category, Levels};
pub use error::{Error, Result};
pub use features::{Feature, FeatureTable};
pub use segment::{Segmentation, Segmenter};
#[cfg(feature = "csv")]
pub use transaction::{CsvDiscount, CsvPrice, DecimalMark, Encoding, ReadProgress, Schema, Undelivered};
pub use transaction::{
    AsOf, Attribute, CustomerId, CustomerIds, IdKind, IngestReport, LogRules, Money, MoneyTotal, OrderIdentity, Rate,
    ReconcileBy, Reconciliation, Returns, TransactionLog, Zone,
};
