//! All integration tests in one binary.

mod economics;
mod features;
