//! The integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

mod synthetic;
