//! Whom a question asks for: the identities that a name stands for.

use crate::answer::Change;
use crate::error::Result;
use crate::hits::text;
use crate::reader::Reader;
use event::resource::{Look, looks_like};
use serde_json::Value;
use std::collections::BTreeSet;

/// A principal that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Principal {
    /// What it is called: as it was asked, and every identity of the person if it names one.
    names: BTreeSet<String>,
    /// Ids of users of Identity Center who at some time were called so.
    user_ids: BTreeSet<String>,
}

impl Principal {
    /// Whether a change is of whom was asked for. Names change hands: what was found by a user's id alone may be another's of that time.
    pub(crate) fn is_meant(&self, change: &Change) -> bool {
        let part = |key: &str| change.actor.get(key).and_then(Value::as_str);
        let by_id = part("identity_store_user_id").is_some_and(|id| self.user_ids.contains(id) && !self.names.contains(id));
        !by_id || part("id").is_some_and(|id| self.names.contains(id)) || self.is_on_the_way(change)
    }

    /// Whether the name stands in the chain: a session may be asked for by its own name, whoever opened it.
    fn is_on_the_way(&self, change: &Change) -> bool {
        change.chain.iter().skip(1).any(|session| session.session_name.as_ref().is_some_and(|name| self.names.contains(name)))
    }
}

impl Reader {
    /// What a name stands for.
    pub(crate) async fn principal(&self, asked: &str) -> Result<Principal> {
        let joined = self.configured().people.identities(asked);
        let names: BTreeSet<String> = joined.into_iter().chain([asked]).map(str::to_owned).collect();
        let mut user_ids = BTreeSet::new();
        for name in names.iter().filter(|name| matches!(looks_like(name), Look::Email | Look::Bare)) {
            user_ids.extend(self.ids_of(name).await?);
        }
        Ok(Principal { names, user_ids })
    }

    /// The sessions of a principal, by their ids.
    pub(crate) async fn sessions_of(&self, principal: &Principal) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for name in principal.names.union(&principal.user_ids) {
            let escaped = name.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let name = name.as_str();
            let parameters = vec![("principal", name.into()), ("like", format!("{escaped}:%").into()), ("actor", name.into())];
            for batch in self.run(include_str!("../../../queries/trace/principal.sql"), parameters).await? {
                found.extend(text(&batch, "credential_id")?.iter().flatten().map(str::to_owned));
            }
        }
        Ok(found)
    }
}
