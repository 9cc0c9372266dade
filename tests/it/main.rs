//! The integration tests, one binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod bad_features;
mod behaviours;
mod catalogue;
mod contract;
#[cfg(feature = "csv")]
mod csv_bytes;
#[cfg(feature = "csv")]
mod csv_files;
mod customers;
mod economics;
mod erasure;
mod events;
#[cfg(feature = "csv")]
mod events_csv;
mod events_stored;
mod families_goods;
mod families_time;
mod families_trend;
mod feature_cases;
mod feature_computed;
mod feature_laws;
mod feature_state;
mod feature_table;
mod feature_windows;
mod features;
mod guarantees;
mod join;
mod kmeans;
mod kmeans_choose;
mod kmeans_model;
mod kmeans_stream;
mod kmeans_stream_ends;
mod kmeans_stream_finds;
mod kmeans_stream_stored;
mod lookalike;
mod predicates;
mod profiles;
#[cfg(all(feature = "csv", feature = "arrow"))]
mod profiles_arrow;
#[cfg(feature = "csv")]
mod profiles_csv;
mod purposes;
mod quality;
#[cfg(feature = "csv")]
mod real_data;
#[cfg(feature = "csv")]
mod real_flow;
mod reconcile;
#[cfg(feature = "csv")]
mod reference;
mod response;
mod rfm;
mod rules;
mod rules_audit;
mod rules_explain;
mod rules_json;
mod rules_laws;
mod rules_one;
mod rules_random;
#[cfg(feature = "csv")]
mod rules_real;
mod rules_stored;
#[cfg(feature = "sql")]
mod rules_text;
mod scaling;
mod segmentation;
mod starter;
mod state_laws;
mod state_stored;
mod stored_models;
mod synthetic;
