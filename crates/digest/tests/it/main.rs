//! Synthetic buckets, signed with a key of our own: what is done to them, and what the verifier says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "one binary of modules")]

mod bucket;
mod bytes;
mod chains;
mod logs;
mod memory;
mod official;
mod properties;
mod shared;
mod simulated;
