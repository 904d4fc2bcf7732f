//! CloudTrail bytes in, normalised events and rejects out.
//!
//! [`Decoder::decode`] takes the bytes of one object, compressed or not, in any wrapping that CloudTrail records come in, and hands each record
//! to a [`Sink`] as an [`Event`] that borrows from them, or as a [`Reject`] with its reason. [`resource::spellings`] and
//! [`resource::looks_like`] read what a person asks for; [`log_key`] reads what an object's key promises.
//!
//! Pure: no file, no clock, no network, and nothing that a log says can make it panic, recurse or grow without bound.

pub mod decode;
pub mod fingerprint;
pub mod gunzip;
pub mod identity;
pub mod json;
pub mod log_key;
mod name;
pub mod payloads;
pub mod record;
pub mod reject;
pub mod resource;
pub mod secret;
pub mod time;

pub use decode::{Decoder, Sink, Summary};
pub use identity::{SessionContext, UserIdentity};
pub use record::{Event, FreeText};
pub use reject::{Reason, Reject};
pub use secret::HashKey;
