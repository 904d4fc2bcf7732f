//! What whodid promises, asked of the built program.
//!
//! Each module is a subject; each test a claim. Every test has a home, a lake and logs of its own, or shares a simulated
//! organisation that nobody changes. Loopback only.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod alarm;
mod attribute;
#[path = "../../crates/source/tests/aws_server/mod.rs"]
mod aws_server;
mod bad_input;
mod causes;
mod compact;
mod contract;
mod damaged;
mod demo;
mod digests;
mod exits;
mod faulty_s3;
mod graded;
mod healing;
mod hostile_text;
mod ingest;
mod kill_inputs;
mod killed;
mod large_bucket;
mod listing_server;
mod live;
mod log_groups;
mod million;
mod misplaced;
mod moto;
mod moto_owned;
mod names;
mod people;
mod properties;
mod queries;
mod queue;
mod records;
mod report;
mod report_changes;
mod report_digests;
mod report_directory;
mod report_ledger;
mod report_truth;
mod runs;
mod s3;
#[path = "../../crates/source/tests/s3_server/mod.rs"]
mod s3_server;
mod scenarios;
mod secrets;
mod sessions;
mod setup;
mod signed;
mod sinks;
mod structure;
mod support;
mod truth;
mod typed;
mod world;
