//! Stage 1: what did the shop record, and what does it mean?
//!
//! A [`TransactionLog`] is made from rows ([`TransactionLog::builder`]), from columns
//! ([`TransactionLog::from_columns`]) or from CSV files. [`LogRules`] say what the records mean: the currency, how
//! orders are told apart, how returns are recorded, what is neither sale nor return. Whatever door a row comes
//! through, the same code decides what it is, and [`IngestReport`] accounts for every row and its money;
//! [`TransactionLog::reconcile`] adds it up by month or country, from gross to net, for the books.
//!
//! ```
//! use kohort::{IdKind, LogRules, Money, OrderIdentity, OrderLine, Price, TransactionLog, Zone};
//! use kohort::transaction::TimeFormat;
//!
//! let rules = LogRules::builder("EUR").orders(OrderIdentity::CustomerAndDay).build()?;
//! let mut lines = TransactionLog::builder(&rules, IdKind::Text);
//! for (customer, day, price) in [("ada", "2024-03-01", "19.90"), ("ben", "2024-03-02", "5"), ("", "2024-03-02", "7")] {
//!     let time = TimeFormat::Iso.parse(day, &Zone::utc())?;
//!     lines.push(OrderLine::new(customer, time, Price::Line(Money::parse(price)?)))?;
//! }
//! let log = lines.build()?;
//! assert_eq!((log.report().rows_kept(), log.report().rows_rejected()), (2, 1), "the third has no customer");
//! assert_eq!(log.report().sales.value.to_string(), "24.90");
//! # Ok::<(), kohort::Error>(())
//! ```

#[cfg(feature = "arrow")]
mod arrow;
mod builder;
mod clock;
mod columns;
#[cfg(feature = "csv")]
mod csv;
#[cfg(test)]
#[cfg(feature = "csv")]
mod doors_test;
mod duplicates;
mod erase;
mod ids;
mod judge;
mod line;
mod log;
mod money;
mod reconcile;
mod report;
mod report_text;
mod rules;
#[cfg(any(feature = "csv", feature = "arrow"))]
mod schema;
mod short_texts;
mod time;
mod window;

pub use builder::LogBuilder;
pub use columns::{DiscountColumn, LogColumns, PriceColumn, ReturnedColumn};
#[cfg(feature = "csv")]
pub use csv::ReadProgress;
pub use ids::{CustomerId, CustomerIds, IdColumn, IdKind};
pub use line::{Discount, LineKind, OrderLine, Price, RejectReason, Returned};
pub use log::{Attribute, TransactionLog};
pub use money::{Money, MoneyTotal, Rate};
pub use reconcile::{ReconcileBy, ReconcileRow, Reconciliation};
pub use report::{ClassTotals, Erasure, IngestReport, Rejection};
pub use rules::{
    Duplicates, FreeLines, LogRules, LogRulesBuilder, OrderIdentity, Returns, Rounding, Strictness, Vat,
};
#[cfg(any(feature = "csv", feature = "arrow"))]
pub use schema::{DecimalMark, Encoding, Schema, SchemaBuilder, SchemaDiscount, SchemaPrice, Undelivered};
pub use short_texts::ShortTexts;
pub use time::{AsOf, TimeFormat, Zone};
pub use window::Window;
pub(crate) use window::months_from;

pub(crate) use builder::{IdBuilder, RawId, TextBuilder, attributes_of, day_orders, id_text};
pub(crate) use clock::{Clock, Hand};
#[cfg(feature = "arrow")]
pub(crate) use columns::rate_from_f64;
#[cfg(feature = "csv")]
pub(crate) use csv::{CsvFields, CsvRow, CsvRows, UNNAMED};
pub(crate) use duplicates::first_and_repeated;
#[cfg(feature = "arrow")]
pub(crate) use ids::concat_texts;
pub(crate) use line::{Line, UNKNOWN_COST};
pub(crate) use log::NO_TIME;
#[cfg(feature = "csv")]
pub(crate) use money::parse_unbounded;
pub(crate) use money::{DecimalProblem, MAX_LINE, exact_from_f64, mul_div, rounded_from_f64};
#[cfg(any(feature = "csv", feature = "arrow"))]
pub(crate) use money::{parse_decimal, parse_rounded};
pub(crate) use report::EXAMPLES;
#[cfg(any(feature = "csv", feature = "arrow"))]
pub(crate) use schema::check_writing;
#[cfg(feature = "arrow")]
pub(crate) use schema::yes_or_no;
#[cfg(feature = "arrow")]
pub(crate) use short_texts::ids_of_texts;
pub(crate) use time::{DAY, TIME_RANGE};
pub(crate) use window::WindowBounds;
