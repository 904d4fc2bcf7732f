//! What whodid promises, asked of the built program.
//!
//! Each module is a subject; each test a claim. Every test has a home, a lake and logs of its own, or shares a simulated
//! organisation that nobody changes. Loopback only.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod alarm;
mod attribute;
mod bad_input;
mod causes;
mod contract;
mod demo;
mod digests;
mod exits;
mod graded;
mod healing;
mod hostile_text;
mod ingest;
mod kill_inputs;
mod killed;
mod moto;
mod names;
mod properties;
mod queries;
mod queue;
mod records;
mod report;
mod report_digests;
mod runs;
mod s3;
#[path = "../../crates/source/tests/s3_server/mod.rs"]
mod s3_server;
mod scenarios;
mod secrets;
mod sessions;
mod signed;
mod structure;
mod support;
mod truth;
mod world;
