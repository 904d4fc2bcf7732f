//! What acted for the actor: an agent, an application, a product provider; and the token by which a command line does.

use super::join::{KEY_SKEW_MICROS, may_have_fetched};
use super::{Graph, Walk, credential};
use crate::actor::Actor;
use crate::issue::Issue;
use crate::resolution::{Certainty, Credential, IssuedBy, Link, Resolution, Via};
use crate::session::{Identity, SessionKey};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The server by which agents call AWS; only its own calls bear its name.
const AGENTS_SERVER: &str = "aws-mcp.amazonaws.com";

/// What to look up before it can be said what acted for the caller of a session: whoever keeps facts elsewhere loads what is named here
/// and asks again, until nothing new is named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViaLookups {
    /// [`Issue::sign_in_session_arn`] of tokens.
    pub sign_in_session_arn: Option<String>,
    /// [`Issue::target_account_id`] and time (microseconds since 1970) of what Identity Center gave out.
    pub fetched: Option<(String, i64)>,
    /// [`Issue::issued_credential_id`] of tokens that applications got.
    pub credential_ids: BTreeSet<String>,
    /// The sessions of those applications.
    pub sessions: BTreeSet<SessionKey>,
}

/// Whether a record is of the server by which agents call AWS: it tells of a tool that an agent called for the caller (`AwsMcpEvent`,
/// CloudTrail User Guide, "CloudTrail record contents").
pub fn is_agents_call(event_source: &str) -> bool {
    event_source == AGENTS_SERVER
}

impl Graph {
    /// Who stands behind a call of a session to the agents' server, which the agent made: the person's other calls with the same
    /// credentials are the person's.
    pub fn resolve_agents_call(&self, key: &SessionKey) -> Resolution {
        let mut resolution = self.resolve(key);
        let Some(identity) = self.identity(key).filter(|_| resolution.certainty >= Certainty::Probable) else { return resolution };
        if resolution.via.is_none() {
            // A browser's calls bear no key: those of several sign-ins are one session here.
            let seen = self.uses.get(key).into_iter().flatten();
            let sign_ins: BTreeSet<&String> = seen.filter_map(|seen| seen.identity.sign_in_session_arn.as_ref()).collect();
            let grants = if sign_ins.len() == 1 { self.agents_grants(&identity) } else { Vec::new() };
            if identity.access_key_id.is_none() {
                add_grant_session(&identity, &grants, &mut resolution);
            }
            resolution.via = Some(agent(&grants));
        }
        resolution
    }

    /// What to look up next for a session, besides [`Graph::callers_of`].
    pub fn via_lookups(&self, key: &SessionKey) -> ViaLookups {
        let Some(identity) = self.identity(key) else { return ViaLookups::default() };
        let fetched = identity.home().map(str::to_owned).zip(identity.creation_date).filter(|_| self.is_genuine(&identity));
        let fetches = fetched.iter().filter_map(|place| self.by_account.get(place)).flatten();
        let credential_ids: BTreeSet<String> = fetches
            .filter(|fetch| may_have_fetched(&identity, fetch))
            .filter_map(|fetch| fetch.caller.bearer_credential_id.clone())
            .collect();
        let tokens = credential_ids.iter().filter_map(|token| self.tokens.get(token)).flatten();
        let sessions = tokens.map(|token| token.caller.session()).collect();
        ViaLookups { sign_in_session_arn: identity.sign_in_session_arn.clone(), fetched, credential_ids, sessions }
    }

    /// What AWS itself says of who acted for the caller of this session.
    pub(super) fn via(&self, identity: &Identity, walk: &mut Walk) -> Option<Via> {
        if let Some(account) = &identity.delegate_account_id {
            return Some(Via { kind: "delegate", id: account.clone(), actor: None, evidence: Vec::new() });
        }
        if identity.invoked_by.as_deref() == Some(AGENTS_SERVER) {
            return Some(agent(&self.agents_grants(identity)));
        }
        self.application(identity, walk)
    }

    /// The application for whose token Identity Center gave out the role's credentials. Where the user fetched credentials of the same
    /// role in the same second as well, nothing says whose this session is.
    fn application(&self, identity: &Identity, walk: &mut Walk) -> Option<Via> {
        if !self.is_genuine(identity) {
            return None;
        }
        let place = (identity.home()?.to_owned(), identity.creation_date?);
        let fetches: Vec<&Issue> =
            self.by_account.get(&place)?.iter().map(Arc::as_ref).filter(|issue| may_have_fetched(identity, issue)).collect();
        let mut clients: BTreeSet<&String> = BTreeSet::new();
        let mut events = fetches.clone();
        for fetch in &fetches {
            let token = fetch.caller.bearer_credential_id.as_ref().and_then(|token| self.tokens.get(token))?;
            let of_user = |token: &&Issue| token.subject == fetch.caller.on_behalf_of_user_id;
            let tokens: Vec<&Issue> = token.iter().map(Arc::as_ref).filter(of_user).collect();
            if tokens.is_empty() {
                return None;
            }
            clients.extend(tokens.iter().filter_map(|token| token.client.as_ref()));
            events.extend(tokens);
        }
        let client = clients.pop_first().filter(|_| clients.is_empty())?;
        let asked = events.iter().find(|event| event.client.as_ref() == Some(client))?.caller.session();
        let actor = Some(self.walk_on(&asked, walk).actor).filter(|actor| *actor != Actor::Unknown);
        Some(Via { kind: "application", id: client.clone(), actor, evidence: ids(&events) })
    }

    /// Shows the token by which a command line acts in the sign-in session's name as a session of its own.
    pub(super) fn add_grant(&self, identity: &Identity, resolution: &mut Resolution) {
        if identity.from_console || identity.access_key_id.is_none() {
            return;
        }
        add_grant_session(identity, &self.grants_of(identity).collect::<Vec<_>>(), resolution);
    }

    /// A sign-in session may have tokens for a command line as well: those are for nothing in particular.
    fn agents_grants(&self, identity: &Identity) -> Vec<&Issue> {
        self.grants_of(identity).filter(|grant| grant.resource.is_some()).collect()
    }

    /// Tokens that were given for the sign-in session of this one, by the same principal in the session that began in the same second.
    fn grants_of<'g>(&'g self, identity: &Identity) -> impl Iterator<Item = &'g Issue> + use<'g> {
        let grants = identity.sign_in_session_arn.as_ref().and_then(|sign_in| self.grants.get(sign_in));
        let (principal, created) = (identity.principal_id.clone(), identity.creation_date);
        let same = move |grant: &&Issue| {
            let near = |one: i64, other: i64| one.abs_diff(other) <= KEY_SKEW_MICROS.unsigned_abs();
            grant.caller.principal_id == principal && grant.caller.creation_date.zip(created).is_some_and(|(one, other)| near(one, other))
        };
        grants.into_iter().flatten().map(Arc::as_ref).filter(same)
    }
}

/// The agent, by the address that it was let in for where that is known.
fn agent(grants: &[&Issue]) -> Via {
    let resources: BTreeSet<&String> = grants.iter().filter_map(|grant| grant.resource.as_ref()).collect();
    let (id, evidence) = match resources.first() {
        Some(resource) if resources.len() == 1 => ((*resource).clone(), ids(grants)),
        _ => (AGENTS_SERVER.to_owned(), Vec::new()),
    };
    Via { kind: "agent", id, actor: None, evidence }
}

fn add_grant_session(identity: &Identity, grants: &[&Issue], resolution: &mut Resolution) {
    let Some(first) = grants.first() else { return };
    let by =
        IssuedBy { event_ids: ids(grants), event_name: first.event_name.clone(), event_time: first.event_time, link: Link::SignInSession };
    match resolution.chain.last_mut() {
        Some(last) if last.kind == "oauth_session" && last.issued_by.is_none() => last.issued_by = Some(by),
        Some(last) => {
            // The key is the token's; those of the session before are the browser's.
            last.access_key_id = None;
            // What is in force there goes on: it is the same session to STS.
            let own = Credential {
                issued_by: Some(by),
                source_identity: last.source_identity.clone(),
                session_tags: last.session_tags.clone(),
                transitive_tag_keys: last.transitive_tag_keys.clone(),
                asserted_tag_keys: last.asserted_tag_keys.clone(),
                ..credential("oauth_session", identity)
            };
            resolution.chain.push(own);
        }
        None => {}
    }
}

fn ids(events: &[&Issue]) -> Vec<String> {
    let ids: BTreeSet<&String> = events.iter().map(|event| &event.event_id).collect();
    ids.into_iter().cloned().collect()
}
