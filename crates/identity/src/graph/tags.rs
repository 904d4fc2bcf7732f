//! Session tags on their way down a chain.

use crate::issue::Issue;
use crate::resolution::Credential;
use std::collections::{BTreeMap, BTreeSet};

/// Tags in force, and the keys of those that go on: what was set on the session, and the transitive ones of the session before it
/// (IAM User Guide, "Pass session tags in AWS STS": a tag that is not transitive ends with its session).
pub(super) fn in_force(issue: &Issue, before: Option<&Credential>) -> (Vec<(String, String)>, Vec<String>) {
    let mut tags: BTreeMap<String, String> = issue.incoming_transitive_tags.iter().cloned().collect();
    if let Some(before) = before {
        for (key, value) in before.session_tags.iter().filter(|(key, _)| before.transitive_tag_keys.contains(key)) {
            tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let mut transitive: BTreeSet<String> = tags.keys().cloned().collect();
    for (key, value) in &issue.session_tags {
        // An inherited transitive tag cannot be overridden.
        tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
    transitive.extend(issue.transitive_tag_keys.iter().filter(|key| tags.contains_key(*key)).cloned());
    (tags.into_iter().collect(), transitive.into_iter().collect())
}
