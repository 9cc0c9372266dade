//! The integration tests, one binary.
#![allow(clippy::unwrap_used)]

#[cfg(feature = "csv")]
mod csv_files;
mod economics;
mod features;
#[cfg(feature = "csv")]
mod real_data;
mod reconcile;
mod synthetic;
