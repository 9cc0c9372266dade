//! Profiles: what is known of a customer beside her orders?
//!
//! Who she is, where she lives, what she uses, what she answered in a survey, what she has agreed to. A
//! [`ProfileSchema`] says which fields there are and what each tells; a [`ProfileTable`] is made from rows, columns, CSV
//! files, Arrow record batches or Parquet files, and its [`ProfileReport`] accounts for every row and every value.
//! [`FeatureTable::enriched`](crate::FeatureTable::enriched) puts profiles beside the features of orders, customer by
//! customer.
//!
//! Personal data are used sparingly, and the types help with it:
//!
//! - only the columns that a schema names are read;
//! - a field is declared for [purposes](ProfileField::purpose), and
//!   [`FeatureTable::restricted_to`](crate::FeatureTable::restricted_to) leaves out what is not meant for one;
//! - a [consent](ProfileKind::Consent) is yes, no or not known, and what is not known is no yes
//!   ([`FeatureTable::consented`](crate::FeatureTable::consented));
//! - [special categories](SpecialCategory) of data are refused, until they are allowed with their legal basis;
//! - a customer is erased from [logs](crate::TransactionLog::erase),
//!   [feature tables](crate::FeatureTable::without_customers) and [profiles](ProfileTable::without_customers).
//!
//! This makes good practice easy. Whether it is lawful, people decide.
//!
//! ```
//! use kohort::profiles::{FieldType, ProfileField, ProfileKind, ProfileSchema};
//! use kohort::synthetic::Shop;
//! use kohort::{FeatureExtractor, ProfileTable};
//!
//! let log = Shop::builder().customers(100).build()?.generate()?.log;
//! let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
//!
//! let schema = ProfileSchema::builder("customer")
//!     .customer_ids(customers.ids().kind())
//!     .field(ProfileField::new("region", ProfileKind::Geographic, FieldType::Category).purpose("campaigns"))
//!     .field(ProfileField::new("mail_me", ProfileKind::Consent, FieldType::Flag).purpose("campaigns"))
//!     .build()?;
//! let mut profiles = ProfileTable::builder(&schema);
//! profiles.push(customers.ids().id(4), ["Bonn".into(), "yes".into()])?;
//! profiles.push(customers.ids().id(2), ["Ulm".into(), "".into()])?;
//!
//! let (customers, report) = customers.enriched(&profiles.build()?)?;
//! assert_eq!(report.customers.matched, 2);
//! let campaign = customers.restricted_to("campaigns")?.table;
//! let campaign = campaign.filter(&campaign.consented("mail_me")?)?;
//! assert_eq!((campaign.len(), campaign.names().len()), (1, 2));
//! # Ok::<(), kohort::Error>(())
//! ```

#[cfg(feature = "arrow")]
mod arrow;
mod builder;
mod columns;
#[cfg(feature = "csv")]
mod csv;
mod enrich;
mod field;
mod report;
mod schema;
mod special;
mod table;
mod value;

pub use builder::ProfileBuilder;
pub use enrich::{FieldCoverage, ProfileJoin};
pub use field::{FieldType, ProfileField, ProfileKind};
pub use report::{Allowance, FieldReport, Instances, ProfileReport};
pub use schema::{DuplicateIds, ProfileSchema, ProfileSchemaBuilder};
pub use special::SpecialCategory;
pub use table::ProfileTable;
pub use value::ProfileValue;
