//! From a session to the one that issued it.

use super::join::{Issuer, Joined, Surety};
use super::{Graph, Walk, credential, root, tags};
use crate::actor::Actor;
use crate::arn::Arn;
use crate::issue::Issue;
use crate::resolution::{Candidate, Certainty, Claim, Credential, Gap, IssuedBy, Link, Resolution, Via};
use crate::session::{Identity, SessionKey};
use std::borrow::Cow;

/// Who asked for a session, and the events that say so.
struct End<'g> {
    resolution: Resolution,
    /// The session that asked, where one did.
    caller: SessionKey,
    issuer: &'g Issuer<'g>,
}

impl Graph {
    pub(super) fn assumed_role(&self, identity: &Identity, walk: &mut Walk) -> Resolution {
        let joined = self.join(identity);
        let fetched = joined.issuers.iter().all(|issuer| issuer.link == Link::GetRoleCredentials);
        if !fetched && joined.surety == Surety::Sure {
            let through = self.through(identity, "role_session", &joined.issuers, walk);
            return self.on_behalf(identity, &joined, through);
        }
        if !self.is_ours(identity.home()) && joined.issuers.is_empty() {
            return root::outside(identity);
        }
        if let Some(actor) = self.written_on(identity) {
            let issuer = if fetched { joined.issuers.first().filter(|_| joined.issuers.len() == 1) } else { None };
            let own = Credential { issued_by: issuer.and_then(Issuer::issued_by), ..credential("role_session", identity) };
            let reason = "AWS wrote who acts on the session itself; the event that issued the session is not in the lake";
            return Resolution { chain: vec![own], reason: Some(reason.into()), ..Resolution::of(actor, Certainty::Attested) };
        }
        match joined.surety {
            _ if joined.issuers.is_empty() => root::missing(identity, root::opening_call(identity)),
            Surety::Likely => self.through(identity, "role_session", &joined.issuers, walk).at_most(
                Certainty::Probable,
                &format!(
                    "one opening of a session fits this role, name and second, and the console asked for it; the record does not say that the console made this call, and whether another session was opened then is for {} to show",
                    root::trail_of(identity)
                ),
            ),
            _ => self.doubtful(identity, "role_session", &joined.issuers, walk),
        }
    }

    pub(super) fn federated_user(&self, identity: &Identity, walk: &mut Walk) -> Resolution {
        let joined = self.join(identity);
        if !joined.issuers.is_empty() && joined.surety == Surety::Sure {
            return self.through(identity, "federated_user", &joined.issuers, walk);
        }
        // AWS wrote the issuing user on the session itself.
        let user = identity.issuer_arn.as_deref().and_then(root::principal);
        match user {
            Some(actor) => Resolution {
                chain: vec![credential("federated_user", identity)],
                reason: Some(
                    "AWS names the user who asked for this session on the session itself; the GetFederationToken event is not in the lake"
                        .into(),
                ),
                ..Resolution::of(actor, Certainty::Attested)
            },
            None if joined.issuers.is_empty() => root::missing(identity, "GetFederationToken"),
            None => self.doubtful(identity, "federated_user", &joined.issuers, walk),
        }
    }

    pub(super) fn root(&self, identity: &Identity, walk: &mut Walk) -> Resolution {
        let joined = self.join(identity);
        let (assumed, others): (Vec<Issuer<'_>>, Vec<Issuer<'_>>) =
            joined.issuers.into_iter().partition(|issuer| issuer.is_of("AssumeRoot"));
        if assumed.is_empty() {
            return if identity.assumed_root { root::missing_assume_root(identity) } else { self.root_user(identity) };
        }
        let by_key = assumed.iter().all(|issuer| issuer.link == Link::AccessKey);
        let alone = others.is_empty() && self.sign_ins(identity).is_empty() && !identity.from_console;
        if joined.surety == Surety::Sure && (by_key || alone) {
            return self.through(identity, "root_session", &assumed, walk);
        }
        let mut resolution = self.doubtful(identity, "root_session", &assumed, walk);
        if let Some(arn) = identity.arn.clone().filter(|_| !identity.assumed_root) {
            let why = "the call may as well be the root user's own: the key is not the one that AssumeRoot issued".to_owned();
            resolution.candidates.push(Candidate { actor: Actor::RootUser(arn), why, evidence: Vec::new() });
        }
        resolution
    }

    /// Follows a session to the one that issued it; several that lead to different actors make it ambiguous.
    fn through(&self, identity: &Identity, kind: &'static str, issuers: &[Issuer<'_>], walk: &mut Walk) -> Resolution {
        let ends = self.ends(identity, issuers, walk);
        let mut own = credential(kind, identity);
        let Some(first) = ends.first() else { return root::missing(identity, root::opening_call(identity)) };
        let one_actor =
            ends.iter().all(|end| end.resolution.actor.is_same(&first.resolution.actor) && end.resolution.actor != Actor::Unknown);
        if ends.len() > 1 && !one_actor {
            return ambiguous(
                own,
                identity,
                ends,
                "several events that open a session fit this one, and nothing that AWS wrote tells them apart",
            );
        }
        if ends.iter().any(|end| end.caller != first.caller) {
            let certainty = ends.iter().map(|end| end.resolution.certainty).min().unwrap_or(Certainty::Unknown);
            let reason = "several events that open a session fit this one; all of them lead to the same actor";
            return Resolution {
                chain: vec![own],
                ..Resolution::of(first.resolution.actor.clone(), certainty).at_most(Certainty::Attested, reason)
            };
        }
        let mut event_ids: Vec<String> = issuers.iter().filter_map(Issuer::issued_by).flat_map(|by| by.event_ids).collect();
        event_ids.sort();
        event_ids.dedup();
        own.issued_by = first.issuer.issued_by().map(|by| IssuedBy { event_ids, ..by });
        let before = first.resolution.chain.last();
        describe(&mut own, issuers, before);
        let mut whole = first.resolution.clone();
        if whole.certainty < Certainty::Probable {
            whole.claims.extend(root::claims(identity));
            whole.claims.extend(tag_claims(&own));
            root::grade_claims(&mut whole);
        }
        whole.chain.push(own);
        whole
    }

    /// What fits role, name and second alone: listed, and nobody chosen.
    fn doubtful(&self, identity: &Identity, kind: &'static str, issuers: &[Issuer<'_>], walk: &mut Walk) -> Resolution {
        let ends = self.ends(identity, issuers, walk);
        ambiguous(
            credential(kind, identity),
            identity,
            ends,
            "an event that opens a session fits this one, and nothing that AWS wrote says that it is the one: the key, or its time, is not known from it",
        )
    }

    fn ends<'g>(&self, identity: &Identity, issuers: &'g [Issuer<'g>], walk: &mut Walk) -> Vec<End<'g>> {
        let of = |issuer: &'g Issuer<'g>| {
            let issue = issuer.best()?;
            let resolution = self.asked_by(identity, issuer, issue, walk);
            Some(End { resolution, caller: issue.caller.session(), issuer })
        };
        issuers.iter().filter_map(of).collect()
    }

    /// Who asked for the session: the root of the caller's own chain, or whom a provider or service vouches for.
    fn asked_by(&self, identity: &Identity, issuer: &Issuer<'_>, issue: &Issue, walk: &mut Walk) -> Resolution {
        if let Some(switch) = issuer.switch() {
            return self.switched_from(switch, walk);
        }
        if issue.is_for_somebody() {
            return self.for_somebody(identity, issuer, issue, walk);
        }
        match issue.caller.kind.as_deref() {
            _ if issue.is_of_certificate() => root::certificate_holder(identity, issue),
            Some("SAMLUser") => self.saml(identity, issue),
            Some("WebIdentityUser") => root::web_identity(identity, issue),
            Some("AWSService") => Resolution::of(self.opened_by_service(identity, issue), Certainty::Proven),
            Some("AWSAccount") => self.account(&issue.caller, Some(issue)),
            _ => self.walk_on(&issue.caller.session(), walk),
        }
    }

    /// The user for whom an application or a service opened a session: AWS's word on the session's calls alone says who. Where it says
    /// nothing, the application is a candidate: it may as well have acted for itself.
    fn for_somebody(&self, identity: &Identity, issuer: &Issuer<'_>, issue: &Issue, walk: &mut Walk) -> Resolution {
        let mut resolution = root::acting_for_somebody(identity);
        if issue.is_with_context() && issue.names_caller() {
            let asked = self.walk_on(&issue.caller.session(), walk).actor;
            let evidence = issuer.issued_by().map(|by| by.event_ids).unwrap_or_default();
            if resolution.actor != Actor::Unknown {
                let id = issue.caller.role_arn().or_else(|| asked.id().map(str::to_owned)).unwrap_or_default();
                let actor = Some(asked).filter(|asked| *asked != Actor::Unknown);
                resolution.via = Some(Via { kind: "application", id, actor, evidence });
                return resolution;
            }
            let why = "asked for the session, for a user whom no event names".to_owned();
            resolution.candidates.extend((asked != Actor::Unknown).then_some(Candidate { actor: asked, why, evidence }));
        }
        resolution
    }

    /// The console's record of a switch names the principal switched from: a user by the ARN, a role session by role and name only.
    fn switched_from(&self, switch: &Issue, walk: &mut Walk) -> Resolution {
        let from = switch.switch_from.as_deref().unwrap_or_default();
        if let Some(actor) = root::principal(from) {
            return Resolution::of(actor, Certainty::Proven);
        }
        if let Some(account) =
            Arn::parse(from).map(|arn| arn.account_id).filter(|account| !account.is_empty() && !self.is_ours(Some(account)))
        {
            return Resolution::of(Actor::ExternalAccount(account.to_owned()), Certainty::Proven);
        }
        let alive: Vec<&SessionKey> = self.switched_sessions(switch).collect();
        let identities: Vec<Cow<'_, Identity>> = alive.iter().filter_map(|key| self.identity(key)).collect();
        let genuine = !identities.is_empty() && identities.iter().all(|identity| self.is_genuine(identity));
        match (alive.as_slice(), identities.first()) {
            ([one], _) if genuine => self.walk_on(one, walk).at_most(
                Certainty::Attested,
                "the console wrote which Identity Center user it switched from; the AssumeRole event is not in the lake",
            ),
            ([one], _) => self.walk_on(one, walk).at_most(
                Certainty::Probable,
                "the console wrote only the role and name that it switched from, and one such session was seen alive; the AssumeRole event is not in the lake",
            ),
            (_, Some(identity)) if genuine => Resolution {
                reason: Some("the console wrote which Identity Center user it switched from; the AssumeRole event is not in the lake".into()),
                ..Resolution::of(root::sso_user_named(identity), Certainty::Attested)
            },
            _ => {
                let account = Arn::parse(from).map_or("the caller", |arn| arn.account_id);
                let needs = format!("AssumeRole in the trail of account {account} at {}", event::time::rfc3339(switch.event_time));
                let why = "the console wrote only the role and name that it switched from, and the AssumeRole event is not in the lake".into();
                Resolution::gap(Gap { at: from.to_owned(), why, needs })
            }
        }
    }

    /// A user whom AWS wrote on a session that somebody else opened by a plain call: one of the two is not the whole story.
    fn on_behalf(&self, identity: &Identity, joined: &Joined<'_>, through: Resolution) -> Resolution {
        let for_somebody = joined.issuers.iter().any(|issuer| issuer.best().is_some_and(Issue::is_for_somebody));
        if identity.on_behalf_of_user_id.is_none() || for_somebody || self.is_genuine(identity) {
            return through;
        }
        let evidence: Vec<String> = joined.issuers.iter().filter_map(Issuer::issued_by).flat_map(|by| by.event_ids).collect();
        let mut candidates = vec![Candidate {
            actor: root::sso_user(identity),
            why: "AWS wrote on the call that it was on this user's behalf".into(),
            evidence: Vec::new(),
        }];
        if through.actor != Actor::Unknown {
            candidates.push(Candidate { actor: through.actor.clone(), why: "asked for the session".into(), evidence });
        }
        let reason = "AWS wrote a user on the call, and another caller asked for the session";
        Resolution {
            actor: Actor::Unknown,
            certainty: Certainty::Ambiguous,
            reason: Some(reason.into()),
            candidates,
            gap: Some(Gap { at: identity.arn.clone().unwrap_or_default(), why: reason.into(), needs: "no log can close this".into() }),
            ..through
        }
    }
}

fn ambiguous(own: Credential, identity: &Identity, ends: Vec<End<'_>>, reason: &str) -> Resolution {
    let candidate = |end: End<'_>| {
        let by = end.issuer.issued_by()?;
        let why = format!("its {} of {} fits this session", by.event_name, event::time::rfc3339(by.event_time));
        Some(Candidate { actor: end.resolution.actor, why, evidence: by.event_ids })
    };
    let mut candidates: Vec<Candidate> = ends.into_iter().filter_map(candidate).collect();
    candidates.sort_by(|a, b| (&a.evidence, &a.actor).cmp(&(&b.evidence, &b.actor)));
    let at = identity.arn.clone().or_else(|| identity.principal_id.clone()).unwrap_or_default();
    let needs = format!("every event that opens a session in {}, and a record with the session's key", root::trail_of(identity));
    Resolution {
        chain: vec![own],
        claims: root::claims(identity),
        candidates,
        reason: Some(reason.to_owned()),
        gap: Some(Gap { at, why: reason.to_owned(), needs }),
        ..Resolution::of(Actor::Unknown, Certainty::Ambiguous)
    }
}

/// What the issuing events say of the session beyond who asked for it.
fn describe(own: &mut Credential, issuers: &[Issuer<'_>], before: Option<&Credential>) {
    let copies = || issuers.iter().flat_map(|issuer| &issuer.copies);
    own.role_arn = own.role_arn.take().or_else(|| copies().filter_map(|copy| copy.role_arn.clone()).find(|role| role.starts_with("arn:")));
    // Source identity, once set, goes down the whole chain (IAM User Guide, "Monitor and control actions taken with assumed roles").
    let asked = || copies().find_map(|copy| copy.source_identity.clone());
    own.source_identity = own.source_identity.take().or_else(asked).or_else(|| before.and_then(|before| before.source_identity.clone()));
    let mut said = issuers.iter().filter_map(Issuer::best).map(|issue| tags::in_force(issue, before));
    if let Some(first) = said.next() {
        // Calls of one second that set different tags: only what all of them set is sure.
        let shared = said.fold(first, |mut tags, other| {
            tags.set.retain(|tag| other.set.contains(tag));
            tags.transitive.retain(|key| other.transitive.contains(key));
            tags.asserted.retain(|key| other.asserted.contains(key));
            tags
        });
        (own.session_tags, own.transitive_tag_keys, own.asserted_tag_keys) = (shared.set, shared.transitive, shared.asserted);
    }
}

fn tag_claims(own: &Credential) -> impl Iterator<Item = Claim> {
    let chosen = |(key, value): &&(String, String)| value.contains('@') && !own.asserted_tag_keys.contains(key);
    own.session_tags.iter().filter(chosen).map(|(_, value)| Claim { value: value.clone(), source: "session_tag" })
}
