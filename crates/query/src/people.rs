//! Actors as the records name them in, the same as people know them out.
//!
//! A user of Identity Center whom a record names by id alone gets the name that another event showed beside that id, else the one that the
//! directory listed: the one of that time, since names change hands. What a record says is never replaced, and no grade rises.

use crate::answer::Change;
use crate::error::{Error, Result};
use crate::integrity::Doubts;
use crate::reader::Reader;
use event::time::{micros, rfc3339};
use identity::directory::identity_store_id;
use identity::resolution::{Certainty, Credential, IssuedBy, Link, Resolution};
use identity::{Actor, Directory, EntryKind, Organisation, People, UserNames, Vendors};
use lake::{Fact, FactsWanted, PointReader, Table};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Days before and after a call within which events are looked at that show a user's name.
const NAME_DAYS: i32 = 31;

/// What the user's configuration says of people and accounts.
#[derive(Debug, Clone, Default)]
pub struct Configured {
    /// Which identities are one person's.
    pub people: People,
    /// Whose the accounts outside are.
    pub vendors: Vendors,
    /// Accounts that are ours, whatever the logs show.
    pub accounts: BTreeSet<String>,
}

/// A user: identity store's ARN, and id in it.
type User = (String, String);

impl Reader {
    /// The directory's snapshots, where there are any.
    pub(crate) async fn directory_table(&self) -> Result<Option<Arc<PointReader>>> {
        let open = async || match self.open(&[Table::Directory]).await {
            Ok(mut open) => Ok(open.pop()),
            // A lake that was made before there were snapshots.
            Err(Error::Lake(lake::Error::Lacks { .. })) => Ok(None),
            Err(error) => Err(error),
        };
        self.directory_cell().get_or_try_init(open).await.cloned()
    }

    /// The accounts that snapshots of the directory list.
    pub(crate) async fn listed_accounts(&self) -> Result<Directory> {
        let mut directory = Directory::default();
        if let Some(table) = self.directory_table().await? {
            for (as_of, entry) in table.directory(EntryKind::Account, &BTreeSet::new(), &BTreeSet::new()).await? {
                directory.add(as_of, entry);
            }
        }
        Ok(directory)
    }

    /// Gives names to the actors of changes.
    pub(crate) async fn name_people(&self, organisation: &Organisation, changes: &mut [Change]) -> Result<()> {
        let mut actors = Vec::new();
        for change in changes {
            let Some(at) = micros(&change.event_time) else { continue };
            actors.push((at, &mut change.actor));
            actors.extend(change.candidates.iter_mut().map(|candidate| (at, &mut candidate.actor)));
            actors.extend(change.caused_by.iter_mut().map(|cause| (at, &mut cause.actor)));
        }
        let unnamed: Vec<(i64, User)> =
            actors.iter().filter_map(|(at, actor)| Some((*at, user(actor).filter(|_| is_unnamed(actor))?))).collect();
        let names = self.learnt(organisation, &unnamed).await?;
        let directory = self.listed_users(actors.iter().filter_map(|(_, actor)| user(actor))).await?;
        for (at, actor) in actors {
            name(actor, at, &names, &directory);
            self.configured().show(actor);
        }
        Ok(())
    }

    /// The names that events of that time show beside the ids of users.
    async fn learnt(&self, organisation: &Organisation, unnamed: &[(i64, User)]) -> Result<UserNames> {
        let mut wanted: BTreeMap<i32, BTreeSet<String>> = BTreeMap::new();
        for (at, (_, id)) in unnamed {
            let day = lake::day_of(*at);
            for day in day - NAME_DAYS..=day + NAME_DAYS {
                wanted.entry(day).or_default().insert(id.clone());
            }
        }
        let mut names = UserNames::default();
        if wanted.is_empty() {
            return Ok(names);
        }
        let credentials = self.points(Table::Credentials).await?;
        let mut facts = Vec::new();
        for (day, users) in wanted {
            facts.extend(credentials.facts(day, &FactsWanted { users, ..FactsWanted::default() }).await?);
        }
        // A record that somebody put there may give a name to whom he likes.
        let sources: Vec<Resolution> = facts.iter().map(source).collect();
        let doubts: Doubts = self.doubts(sources.iter()).await?;
        let is_ours = |account: Option<&str>| account.is_some_and(|account| organisation.accounts.contains(account));
        for (fact, source) in facts.iter().zip(&sources) {
            if doubts.of(false, source).is_some() {
                continue;
            }
            match fact {
                Fact::Used(seen) if is_ours(seen.identity.home()) => names.add(seen),
                Fact::Issued(issue) if is_ours(Some(&issue.recipient_account_id)) => names.add_sign_in(issue),
                _ => {}
            }
        }
        Ok(names)
    }

    /// What snapshots list of users.
    async fn listed_users(&self, users: impl Iterator<Item = User>) -> Result<Directory> {
        let ids: BTreeSet<String> = users.map(|(_, id)| id).collect();
        let mut directory = Directory::default();
        if ids.is_empty() {
            return Ok(directory);
        }
        if let Some(table) = self.directory_table().await? {
            for (as_of, entry) in table.directory(EntryKind::User, &ids, &BTreeSet::new()).await? {
                directory.add(as_of, entry);
            }
        }
        Ok(directory)
    }

    /// Ids under which a user of this name may be found: those that an event showed beside it, or a snapshot listed.
    pub(crate) async fn ids_of(&self, user_name: &str) -> Result<BTreeSet<String>> {
        let mut ids = BTreeSet::new();
        if let Some(table) = self.directory_table().await? {
            let listed = table.directory(EntryKind::User, &BTreeSet::new(), &[user_name.to_owned()].into()).await?;
            ids.extend(listed.into_iter().map(|(_, entry)| entry.id));
        }
        self.need(&[Table::Credentials]).await?;
        let escaped = user_name.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let parameters = vec![("session", format!("%/{escaped}").into()), ("name", user_name.into())];
        for batch in self.run(include_str!("../../../queries/trace/user_ids.sql"), parameters).await? {
            ids.extend(crate::hits::text(&batch, "user_id")?.iter().flatten().map(str::to_owned));
        }
        Ok(ids)
    }
}

impl Configured {
    /// Whose an actor of a report is, who is not of the company itself: the vendor of an account outside, or the company of a person.
    pub fn company(&self, kind: &str, id: &str) -> Option<&str> {
        let of = |actor: Actor| self.people.company(self.people.person_of(&actor)?);
        let sso = |user_name: Option<&str>, user_id: Option<&str>| {
            let (user_name, user_id) = (user_name.map(str::to_owned), user_id.map(str::to_owned));
            of(Actor::SsoUser { user_name, user_id, identity_store_arn: None, account_id: None })
        };
        match kind {
            "external_account" => self.vendors.name(id),
            // A report calls a user by the id where no record says the name.
            "sso_user" => sso(Some(id), None).or_else(|| sso(None, Some(id))),
            "iam_user" => of(Actor::IamUser(id.to_owned())),
            "saml_user" => of(Actor::SamlUser { subject: id.to_owned(), provider: String::new() }),
            _ => None,
        }
    }

    /// Adds what the configuration knows of an actor.
    fn show(&self, actor: &mut Value) {
        let text = |actor: &Value, key: &str| actor.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(kind), Some(id)) = (text(actor, "kind"), text(actor, "id")) else { return };
        let person = match kind.as_str() {
            "sso_user" => {
                let user_id = text(actor, "identity_store_user_id");
                let user_name = Some(id).filter(|id| Some(id) != user_id.as_ref());
                Actor::SsoUser { user_name, user_id, identity_store_arn: None, account_id: None }
            }
            "iam_user" => Actor::IamUser(id),
            "saml_user" => Actor::SamlUser { subject: id, provider: String::new() },
            "external_account" => {
                if let Some(vendor) = self.vendors.name(&id) {
                    put(actor, "name", vendor.into());
                }
                return;
            }
            _ => return,
        };
        if let Some(person) = self.people.person_of(&person) {
            put(actor, "person", person.into());
            if let Some(day) = self.people.left_on(person) {
                put(actor, "left_on", day.into());
            }
        }
    }
}

fn put(actor: &mut Value, key: &str, value: Value) {
    if let Some(actor) = actor.as_object_mut() {
        actor.insert(key.to_owned(), value);
    }
}

/// The user that an actor is, if a record says the id.
fn user(actor: &Value) -> Option<User> {
    let text = |key: &str| actor.get(key).and_then(Value::as_str).map(str::to_owned);
    text("identity_store_arn").zip(text("identity_store_user_id"))
}

/// Whether the records of the call say no more than the id.
fn is_unnamed(actor: &Value) -> bool {
    actor.get("id") == actor.get("identity_store_user_id")
}

fn name(actor: &mut Value, at: i64, names: &UserNames, directory: &Directory) {
    let Some((store, id)) = user(actor) else { return };
    let listed = directory.user(identity_store_id(&store), &id, at);
    if is_unnamed(actor) {
        let by_event = names.name(&store, &id, at).map(|name| (name.to_owned(), "event", None));
        let by_directory = || listed.and_then(|listed| Some((listed.entry.name.clone()?, "directory", Some(rfc3339(listed.as_of)))));
        if let Some((name, by, as_of)) = by_event.or_else(by_directory) {
            put(actor, "id", name.into());
            put(actor, "named_by", serde_json::json!({"source": by, "as_of": as_of}));
        }
    }
    if let Some(display_name) = listed.and_then(|listed| listed.entry.display_name.clone()) {
        put(actor, "name", display_name.into());
    }
}

/// A fact as something whose records can be looked at for doubt.
fn source(fact: &Fact) -> Resolution {
    let credential = match fact {
        Fact::Used(seen) => Credential { credential_id: seen.identity.session().credential_id(), ..Credential::default() },
        Fact::Issued(issue) => Credential {
            issued_by: Some(IssuedBy {
                event_ids: vec![issue.event_id.clone()],
                event_name: issue.event_name.clone(),
                event_time: issue.event_time,
                link: Link::SignIn,
            }),
            ..Credential::default()
        },
        Fact::Resolved { .. } => Credential::default(),
    };
    Resolution {
        actor: Actor::Unknown,
        certainty: Certainty::Unknown,
        reason: None,
        chain: vec![credential],
        claims: Vec::new(),
        candidates: Vec::new(),
        gap: None,
        via: None,
    }
}
