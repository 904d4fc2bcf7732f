//! Records as AWS writes them, one for each way of naming a resource, and the keys that must find them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by it")]

use super::*;
use crate::json::Tape;

mod identity;
mod network;
mod rules;
mod services;

const A: &str = "111122223333";
const R: &str = "ap-northeast-1";

/// The mentions of a record whose fields are `record`.
#[track_caller]
fn keys_of(call: &str, region: &str, record: &str) -> Vec<Mention<'static>> {
    let (service, event_name) = call.split_once(':').unwrap();
    let mut tape = Tape::default();
    tape.read(record.as_bytes(), 0, record.len() + 1).unwrap_or_else(|fault| panic!("{fault:?} in {record}"));
    let root = tape.root(record).unwrap();
    let event_source = format!("{service}.amazonaws.com");
    let api_version = root.text_of("apiVersion");
    let touched = Touched {
        event_source: &event_source,
        event_name,
        aws_region: region,
        account_id: A,
        api_version: api_version.as_deref(),
        request: root.get("requestParameters"),
        response: root.get("responseElements"),
        resources: root.get("resources"),
        service_event_details: root.get("serviceEventDetails"),
        additional: root.get("additionalEventData"),
    };
    let texts = bumpalo::Bump::new();
    let mut out = Mentions::default();
    mentions(&touched, &mut Calls::default(), &texts, &mut out);
    let owned = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
    out.as_slice().iter().map(|m| Mention { key: owned(&m.key), form: m.form, arn: m.arn.as_ref().map(owned), exact: m.exact }).collect()
}

/// That a call's record has these exact keys, all of one ARN, and that a question by any of them finds it.
#[track_caller]
fn check(call: &str, record: &str, arn: &str, keys: &[&str]) {
    check_in(call, R, record, arn, keys);
}

#[track_caller]
fn check_in(call: &str, region: &str, record: &str, arn: &str, keys: &[&str]) {
    let found = keys_of(call, region, record);
    for key in keys.iter().copied().chain([arn]) {
        assert!(
            found.iter().any(|m| m.key == key && m.arn.as_deref() == Some(arn) && m.exact),
            "{call}: {key} does not stand for {arn}: {found:#?}"
        );
        assert_eq!(spellings(key)[0].key, key);
    }
    // However the resource of an exact key is asked for, the record is found.
    for arn in found.iter().filter(|m| m.exact).filter_map(|m| m.arn.as_deref()) {
        let asked = spellings(arn);
        assert!(asked.iter().any(|spelling| found.iter().any(|m| m.key == spelling.key)), "{call}: {arn} asked as {asked:?}");
    }
}

/// That a record has these keys, exact or not, resolved or not.
#[track_caller]
fn check_found(call: &str, record: &str, keys: &[&str]) {
    let found = keys_of(call, R, record);
    for key in keys {
        assert!(found.iter().any(|m| m.key == *key), "{call}: no {key} in {found:#?}");
    }
}

fn request(members: &str) -> String {
    format!(r#"{{"requestParameters": {{{members}}}, "responseElements": null}}"#)
}

fn response(members: &str) -> String {
    format!(r#"{{"requestParameters": null, "responseElements": {{{members}}}}}"#)
}

fn ec2(resource: &str) -> String {
    format!("arn:aws:ec2:{R}:{A}:{resource}")
}

/// The same members, each key's first letter a capital.
fn capitals(members: &str) -> String {
    let mut out = String::new();
    let mut parts = members.split('"');
    out.push_str(parts.next().unwrap());
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        out.push('"');
        let key = at % 2 == 0 && parts.get(at + 1).is_some_and(|next| next.starts_with(':')) && !matches!(*part, "content" | "tag");
        match part.chars().next().filter(|_| key) {
            Some(first) => {
                out.push(first.to_ascii_uppercase());
                out.push_str(&part[1..]);
            }
            None => out.push_str(part),
        }
    }
    out
}
