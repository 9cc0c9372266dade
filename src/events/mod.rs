//! Beside the orders: what else happened to a customer and what did she do?
//!
//! Mails sent and opened, links clicked, visits, complaints, anything with a time and a customer: an [`EventLog`] keeps
//! them in columns, as a [`TransactionLog`](crate::TransactionLog) keeps order lines. It is made from rows
//! ([`EventLog::builder`]), from columns ([`EventLog::from_columns`]) or from CSV files; [`EventRules`] say what the
//! records mean, the same code decides at every door what is kept, and an [`EventReport`] accounts for every row.
//!
//! How customers respond to marketing is a family of features of its own: [`Response`](crate::features::Response).
//!
//! ```
//! use kohort::events::{EventKind, EventRules};
//! use kohort::{Event, EventLog, IdKind};
//!
//! // The mail service says `email_open` where kohort says `opened`.
//! let rules = EventRules::builder().kind("email_open", EventKind::Opened).build()?;
//! let mut events = EventLog::builder(&rules, IdKind::Text);
//! for (customer, seconds, kind) in [("ada", 0, "sent"), ("ada", 60, "email_open"), ("", 90, "sent")] {
//!     let mut event = Event::new(customer, seconds * 1_000_000, kind);
//!     event.channel = Some("email".into());
//!     events.push(event)?;
//! }
//! let log = events.build()?;
//! assert_eq!(log.kinds().iter().flatten().collect::<Vec<_>>(), ["sent", "opened"]);
//! assert_eq!(log.report().rows_rejected(), 1, "the third names no customer");
//! # Ok::<(), kohort::Error>(())
//! ```

#[cfg(feature = "arrow")]
mod arrow;
mod builder;
mod by_customer;
mod columns;
#[cfg(feature = "csv")]
mod csv;
mod event;
mod log;
mod report;
mod rules;
#[cfg(any(feature = "csv", feature = "arrow"))]
mod schema;
mod stored;

pub use builder::EventLogBuilder;
pub use columns::{EventColumns, ValueColumn};
pub use event::{Event, EventAttribute, EventKind};
pub use log::EventLog;
pub use report::{EventReport, EventTotals, RejectedEvents};
pub use rules::{EventRules, EventRulesBuilder};
#[cfg(any(feature = "csv", feature = "arrow"))]
pub use schema::{EventSchema, EventSchemaBuilder, SchemaKind};

pub(crate) use by_customer::ByCustomer;
pub(crate) use log::NO_VALUE;
