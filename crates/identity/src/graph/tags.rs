//! Session tags on their way down a chain.

use crate::issue::Issue;
use crate::resolution::Credential;
use std::collections::{BTreeMap, BTreeSet};

/// The tags of a session.
pub(super) struct Tags {
    /// Those in force.
    pub(super) set: Vec<(String, String)>,
    /// Keys of those that go on.
    pub(super) transitive: Vec<String>,
    /// Keys of those that an identity provider asserted.
    pub(super) asserted: Vec<String>,
}

/// Tags in force: what was set on the session, and the transitive ones of the session before it (IAM User Guide, "Pass session tags in AWS
/// STS": a tag that is not transitive ends with its session).
pub(super) fn in_force(issue: &Issue, before: Option<&Credential>) -> Tags {
    let mut tags: BTreeMap<String, String> = issue.incoming_transitive_tags.iter().cloned().collect();
    if let Some(before) = before {
        for (key, value) in before.session_tags.iter().filter(|(key, _)| before.transitive_tag_keys.contains(key)) {
            tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let mut transitive: BTreeSet<String> = tags.keys().cloned().collect();
    let inherited = |key: &&String| {
        let of_before = before.and_then(|before| before.session_tags.iter().find(|(name, _)| name == *key)).map(|(_, value)| value);
        before.is_some_and(|before| before.asserted_tag_keys.contains(*key)) && tags.get(*key) == of_before
    };
    let mut asserted: BTreeSet<String> = transitive.iter().filter(inherited).cloned().collect();
    asserted.extend(issue.asserted_tag_keys.iter().filter(|key| !tags.contains_key(*key)).cloned());
    for (key, value) in &issue.session_tags {
        // An inherited transitive tag cannot be overridden.
        tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
    transitive.extend(issue.transitive_tag_keys.iter().filter(|key| tags.contains_key(*key)).cloned());
    Tags { set: tags.into_iter().collect(), transitive: transitive.into_iter().collect(), asserted: asserted.into_iter().collect() }
}
