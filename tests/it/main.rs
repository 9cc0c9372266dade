//! The integration tests, one binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod customers;
mod rfm;
mod segmentation;
mod starter;
mod stored_models;
