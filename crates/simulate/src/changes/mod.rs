//! What can be done to a resource: names and ids in; the request, the answer and every spelling of the thing out.
//!
//! Shapes follow real records, their quirks included: ids in lists, XML wrappers, suffixed event names, no
//! `resources` on most writes.

mod compute;
mod identity;
mod machines;
mod storage;

pub(crate) use compute::*;
pub(crate) use identity::*;
pub(crate) use machines::*;
pub(crate) use storage::*;

use crate::record::Body;

/// A write of a regional service.
fn write(source: &'static str, name: &'static str, request: String, response: String, things: &[&str]) -> Body {
    Body { source, name, request, response, things: things.iter().map(|thing| (*thing).to_owned()).collect(), ..Body::default() }
}

/// A read of a service: nothing is answered in the log.
pub(crate) fn read(source: &'static str, name: &'static str, request: String) -> Body {
    Body { source, name, read_only: true, request, ..Body::default() }
}

fn resource(account: &str, kind: &str, arn: &str) -> String {
    format!("[{{\"accountId\":\"{account}\",\"type\":\"{kind}\",\"ARN\":\"{arn}\"}}]")
}
