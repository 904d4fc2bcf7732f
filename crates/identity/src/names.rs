//! Events that show an Identity Center user's name beside the id in; the name of an id, as of a time, out.
//!
//! Since 2025-07 Identity Center's own events have the user's id and no name. Roles that it made have both: `onBehalfOf` says the id, the
//! session's name is the user's. One event of a sign-in has both as well. A user may be renamed and a name given to another, so each name
//! holds from when it was first seen.

use crate::issue::Issue;
use crate::session::Use;
use std::collections::{BTreeMap, BTreeSet};

/// A user: the identity store's ARN and the id in it.
type User = (String, String);

/// Names by user, and by when a session of that name began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserNames {
    seen: BTreeMap<User, BTreeMap<i64, BTreeSet<String>>>,
}

impl UserNames {
    /// Learns from an event of a role session that Identity Center opened in an account of ours, which the caller has to know.
    pub fn add(&mut self, seen: &Use) {
        let identity = &seen.identity;
        let genuine = identity.is_identity_center() && identity.kind.as_deref() == Some("AssumedRole");
        let user = identity.identity_store_arn.clone().zip(identity.on_behalf_of_user_id.clone());
        let (Some(user), Some(name), Some(created), true) = (user, identity.session_name(), identity.creation_date, genuine) else {
            return;
        };
        self.insert(user, created, name);
    }

    /// Learns from a sign-in to Identity Center, recorded in an account of ours, which the caller has to know.
    pub fn add_sign_in(&mut self, issue: &Issue) {
        let user = issue.caller.identity_store_arn.clone().zip(issue.caller.on_behalf_of_user_id.clone());
        let is_sign_in = matches!(issue.event_name.as_str(), "CredentialChallenge" | "UserAuthentication");
        if let (Some(user), Some(name), true) = (user, &issue.subject, is_sign_in) {
            self.insert(user, issue.event_time, name);
        }
    }

    fn insert(&mut self, user: User, from: i64, name: &str) {
        self.seen.entry(user).or_default().entry(from).or_default().insert(name.to_owned());
    }

    /// How the user was called at a time (microseconds since 1970): the name seen last before it, else the first after it. Nothing where
    /// two names were seen in one second.
    pub fn name(&self, identity_store_arn: &str, user_id: &str, at: i64) -> Option<&str> {
        let seen = self.seen.get(&(identity_store_arn.to_owned(), user_id.to_owned()))?;
        let names = seen.range(..=at).next_back().or_else(|| seen.range(at..).next())?.1;
        names.first().filter(|_| names.len() == 1).map(String::as_str)
    }
}
