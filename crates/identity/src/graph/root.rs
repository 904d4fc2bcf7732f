//! Where a chain ends: whom AWS, a provider or a service names, and what a gap says.

use super::join::{Issuer, Surety};
use super::{Graph, credential};
use crate::actor::Actor;
use crate::arn::{Arn, linked_service, permission_set};
use crate::issue::{HIDDEN, Issue};
use crate::resolution::{Candidate, Certainty, Claim, Gap, Resolution};
use crate::session::{Identity, SessionKey};
use std::collections::BTreeSet;

/// When AssumeRoot first existed (AWS What's New, 2024-11-15: centrally managing root access), microseconds since 1970.
const ASSUME_ROOT_SINCE: i64 = 1_731_542_400_000_000;

/// Whether a root session could have been opened by AssumeRoot: a temporary one, of a time when that exists, neither the console's nor
/// with a second factor, which AssumeRoot has none of.
fn may_be_assumed(identity: &Identity) -> bool {
    identity.is_temporary()
        && identity.creation_date.is_none_or(|created| created >= ASSUME_ROOT_SINCE)
        && !identity.from_console
        && identity.mfa_authenticated != Some(true)
}

impl Graph {
    /// An IAM user: AWS names the user on every event; where a session stands between, it is shown.
    pub(super) fn iam_user(&self, identity: &Identity) -> Resolution {
        match identity.arn.clone() {
            Some(arn) => self.long_lived(identity, Actor::IamUser(arn)),
            None => Resolution::gap(Gap {
                at: identity.principal_id.clone().or_else(|| identity.account_id.clone()).unwrap_or_default(),
                why: "AWS left the user's name out, as it does for a failed sign-in".into(),
                needs: "no log can close this".into(),
            }),
        }
    }

    /// The root user, where no AssumeRoot event says that somebody else acted as root.
    pub(super) fn root_user(&self, identity: &Identity) -> Resolution {
        let arn =
            identity.arn.clone().or_else(|| Some(format!("arn:{}:iam::{}:root", identity.partition(), identity.account_id.as_deref()?)));
        match arn {
            Some(arn) => {
                let resolution = self.long_lived(identity, Actor::RootUser(arn.clone()));
                let opened = resolution.chain.iter().any(|credential| credential.issued_by.is_some());
                if opened || !may_be_assumed(identity) {
                    return resolution;
                }
                // Whoever assumes root through AssumeRoot looks the same from here.
                Resolution {
                    chain: resolution.chain,
                    ..Resolution::gap(Gap {
                        at: arn,
                        why: "the session is root's own or was opened by AssumeRoot, and the event that opened it is not in the lake".into(),
                        needs: "the account's ConsoleLogin or GetSessionToken, or AssumeRoot in the organisation's management or delegated account".into(),
                    })
                }
            }
            None => Resolution::gap(Gap {
                at: identity.principal_id.clone().unwrap_or_default(),
                why: "the record says that a root user acted, not of which account".into(),
                needs: "no log can close this".into(),
            }),
        }
    }

    fn long_lived(&self, identity: &Identity, actor: Actor) -> Resolution {
        let mut resolution = Resolution::of(actor, Certainty::Proven);
        if !identity.is_temporary() {
            return resolution;
        }
        let joined = self.join(identity);
        let by_key = joined.issuers.iter().any(|issuer| issuer.link == crate::Link::AccessKey);
        let mut openings = if by_key { Vec::new() } else { self.sign_ins(identity) };
        if openings.is_empty() && joined.surety == Surety::Sure {
            openings = joined.issuers;
        }
        let opening = if openings.len() == 1 { openings.first() } else { None };
        let signed_in = opening.map_or(identity.from_console, |opening| opening.is_of("ConsoleLogin"));
        let kind = match opening {
            _ if signed_in => "console_session",
            None if identity.sign_in_session_arn.is_some() => "oauth_session",
            _ => "session_token",
        };
        let mut own = credential(kind, identity);
        own.issued_by = opening.and_then(Issuer::issued_by);
        resolution.chain.push(own);
        resolution
    }

    /// Whom a SAML provider vouched for, on the event by which a session was opened.
    pub(super) fn saml_user(&self, key: &SessionKey, identity: &Identity) -> Resolution {
        let Some(subject) = identity.user_name.clone().filter(|name| name != HIDDEN) else {
            return unnamed(identity, "the record says that a SAML provider vouched for somebody, not for whom");
        };
        let opened: Vec<&Issue> = self.by_subject.get(key).into_iter().flatten().map(AsRef::as_ref).collect();
        let providers: BTreeSet<&String> = opened.iter().filter_map(|issue| issue.provider.as_ref()).collect();
        if let Some(issue) = opened.iter().find(|issue| self.is_identity_centers(issue)) {
            let user_name = issue.role_session_name.clone().or(Some(subject));
            return Resolution::of(
                Actor::SsoUser { user_name, user_id: None, identity_store_arn: None, account_id: Some(issue.recipient_account_id.clone()) },
                Certainty::Proven,
            );
        }
        let provider = match providers.first() {
            Some(provider) if providers.len() == 1 => (*provider).clone(),
            _ => identity.identity_provider.clone().unwrap_or_default(),
        };
        Resolution::of(Actor::SamlUser { subject, provider }, Certainty::Proven)
    }

    fn is_identity_centers(&self, issue: &Issue) -> bool {
        issue.role_arn.as_deref().is_some_and(|role| permission_set(role).is_some()) && self.is_ours(Some(&issue.recipient_account_id))
    }

    /// Whom a SAML provider vouched for: a user of Identity Center where the role is one that only Identity Center can make.
    pub(super) fn saml(&self, identity: &Identity, issue: &Issue) -> Resolution {
        let genuine = if identity.issuer_arn.is_some() { self.is_genuine(identity) } else { self.is_identity_centers(issue) };
        if genuine && identity.session_name().is_some() {
            return Resolution::of(sso_user_named(identity), Certainty::Proven);
        }
        match issue.subject.clone() {
            Some(subject) => {
                Resolution::of(Actor::SamlUser { subject, provider: issue.provider.clone().unwrap_or_default() }, Certainty::Proven)
            }
            None => unnamed(identity, "the AssumeRoleWithSAML event does not say for whom the provider vouched"),
        }
    }

    /// A caller of whom only the account is recorded.
    pub(super) fn account(&self, caller: &Identity, issue: Option<&Issue>) -> Resolution {
        let account = caller.account_id.as_deref().filter(|account| account.len() == 12);
        if let Some(account) = account.filter(|account| !self.is_ours(Some(account))) {
            return Resolution::of(Actor::ExternalAccount(account.to_owned()), Certainty::Proven);
        }
        let at = caller.principal_id.clone().or_else(|| account.map(str::to_owned)).unwrap_or_default();
        let call = issue.map_or("the caller's copy of this call", |issue| issue.event_name.as_str());
        let when = issue.map(|issue| format!(" at {}", event::time::rfc3339(issue.event_time))).unwrap_or_default();
        let whose = account.map_or_else(|| "the caller's account".to_owned(), |account| format!("account {account}"));
        let mut resolution = Resolution::gap(Gap {
            at,
            why: "the lake holds the role owner's copy of the call alone, and that copy names the caller's account but no caller".into(),
            needs: format!("{call} in the trail of {whose}{when}"),
        });
        let name = caller.principal_id.as_deref().and_then(|id| id.split_once(':')).map(|(_, name)| name.to_owned());
        resolution.claims.extend(name.filter(|name| !name.is_empty()).map(|value| Claim { value, source: "role_session_name" }));
        grade_claims(&mut resolution);
        resolution
    }

    /// The actor that AWS itself wrote on a role session's events, whatever its session name claims.
    pub(super) fn written_on(&self, identity: &Identity) -> Option<Actor> {
        if !self.is_ours(identity.home()) {
            return None;
        }
        if self.is_genuine(identity) && identity.session_name().is_some() {
            return Some(sso_user_named(identity));
        }
        if identity.on_behalf_of_user_id.is_some() {
            return Some(sso_user(identity));
        }
        if let Some(instance) = instance_of(identity) {
            return Some(self.instance(identity, instance));
        }
        if let Some(runs) = identity.credentials_issued_to.as_deref().filter(|arn| Arn::parse(arn).is_some()) {
            return Some(Actor::Workload { id: runs.to_owned(), issuer: None, account_id: identity.home().map(str::to_owned) });
        }
        identity.issuer_arn.as_deref().and_then(linked_service).map(|service| Actor::AwsService(service.to_owned()))
    }

    /// An instance by its ARN. Its region is the one in which EC2 opened its sessions, else the one in which it was seen; global
    /// services record calls of every region in us-east-1.
    fn instance(&self, identity: &Identity, instance: &str) -> Actor {
        let account = identity.home().unwrap_or("");
        let mut regions = identity.principal_id.as_deref().map(|principal| self.regions_of(principal)).unwrap_or_default();
        if regions.is_empty() {
            let seen = self.uses.get(&identity.session()).into_iter().flatten();
            regions = seen.map(|seen| seen.aws_region.as_str()).filter(|region| !region.is_empty()).collect();
        }
        if regions.len() > 1 {
            regions.remove("us-east-1");
        }
        let region = if regions.len() == 1 { regions.first().copied().unwrap_or("") } else { "" };
        let id = format!("arn:{}:ec2:{region}:{account}:instance/{instance}", identity.partition());
        Actor::Workload { id, issuer: None, account_id: Some(account.to_owned()) }
    }

    /// What a service opened a session for: a machine of ours where the service names it, else the service itself.
    pub(super) fn opened_by_service(&self, identity: &Identity, issue: &Issue) -> Actor {
        if let Some(service) = identity.issuer_arn.as_deref().and_then(linked_service) {
            return Actor::AwsService(service.to_owned());
        }
        let service = issue.caller.invoked_by.as_deref().unwrap_or("AWS Internal");
        let account = identity.home().or(Some(&issue.recipient_account_id)).map(str::to_owned);
        let name = identity.session_name().or(issue.role_session_name.as_deref()).unwrap_or("");
        let workload =
            |id: String, issuer: Option<&str>| Actor::Workload { id, issuer: issuer.map(str::to_owned), account_id: account.clone() };
        let here = |service: &str, rest: &str| {
            let account = account.as_deref().unwrap_or("");
            workload(format!("arn:{}:{service}:{}:{account}:{rest}", identity.partition(), issue.aws_region), None)
        };
        if let Some(arn) = identity.credentials_issued_to.as_deref().filter(|arn| Arn::parse(arn).is_some()) {
            return workload(arn.to_owned(), None);
        }
        let tag = |key: &str| issue.session_tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        match service {
            "ec2.amazonaws.com" if is_instance(name) => here("ec2", &format!("instance/{name}")),
            "ssm.amazonaws.com" if name.starts_with("mi-") => here("ssm", &format!("managed-instance/{name}")),
            "lambda.amazonaws.com" if !name.is_empty() && !name.starts_with("awslambda_") => here("lambda", &format!("function:{name}")),
            "rolesanywhere.amazonaws.com" => match certificate(issue, identity) {
                Some(subject) => workload(subject, Some(service)),
                None => Actor::AwsService(service.to_owned()),
            },
            "ecs-tasks.amazonaws.com" if !name.is_empty() => here("ecs", &format!("task/{name}")),
            "pods.eks.amazonaws.com" => match (tag("kubernetes-namespace"), tag("kubernetes-service-account")) {
                (Some(namespace), Some(account)) => {
                    workload(format!("system:serviceaccount:{namespace}:{account}"), tag("eks-cluster-arn"))
                }
                _ => Actor::AwsService(service.to_owned()),
            },
            _ => Actor::AwsService(service.to_owned()),
        }
    }
}

/// The subject of the certificate by which a session was opened: Roles Anywhere sets it as the source identity, no caller does (IAM Roles
/// Anywhere User Guide, "Trust model").
fn certificate(issue: &Issue, identity: &Identity) -> Option<String> {
    issue.source_identity.clone().or_else(|| identity.source_identity.clone())
}

fn is_instance(name: &str) -> bool {
    name.starts_with("i-") || name.starts_with("mi-")
}

/// The instance whose metadata service delivered the credentials, or that has them from EC2's own role, whose id no other role can have.
fn instance_of(identity: &Identity) -> Option<&str> {
    let own_role = identity
        .principal_id
        .as_deref()
        .zip(identity.account_id.as_deref())
        .and_then(|(principal, account)| principal.strip_prefix(account)?.strip_prefix(":aws:ec2-instance:"));
    let delivered = if identity.ec2_role_delivery.is_some() { identity.session_name() } else { None };
    own_role.or(delivered).filter(|name| is_instance(name))
}

/// The user or root user that an ARN names.
pub(super) fn principal(arn: &str) -> Option<Actor> {
    let parsed = Arn::parse(arn)?;
    match parsed {
        _ if parsed.is_user() => Some(Actor::IamUser(arn.to_owned())),
        _ if parsed.is_root() => Some(Actor::RootUser(arn.to_owned())),
        _ => None,
    }
}

/// The Identity Center user on whose behalf a session acts, by id: the session's name is whatever its opener chose.
pub(super) fn sso_user(identity: &Identity) -> Actor {
    let store = identity.identity_store_arn.as_deref().and_then(Arn::parse).map(|arn| arn.account_id).filter(|account| !account.is_empty());
    let account_id = store.or(identity.home()).map(str::to_owned);
    let identity_store_arn = identity.identity_store_arn.clone().filter(|_| identity.on_behalf_of_user_id.is_some());
    Actor::SsoUser { user_name: None, user_id: identity.on_behalf_of_user_id.clone(), identity_store_arn, account_id }
}

/// The same of a session that Identity Center named.
pub(super) fn sso_user_named(identity: &Identity) -> Actor {
    match sso_user(identity) {
        Actor::SsoUser { user_id, identity_store_arn, account_id, .. } => {
            Actor::SsoUser { user_name: identity.session_name().map(str::to_owned), user_id, identity_store_arn, account_id }
        }
        other => other,
    }
}

pub(super) fn acting_for_somebody(identity: &Identity) -> Resolution {
    if identity.on_behalf_of_user_id.is_some() {
        return Resolution::of(sso_user(identity), Certainty::Proven);
    }
    unnamed(identity, "the session was opened for a user of Identity Center, and no event of it that is in the lake says for whom")
}

pub(super) fn identity_center_user(identity: &Identity) -> Resolution {
    let reason = "Identity Center wrote the user id on the event; the sign-in behind it is not joined";
    Resolution { reason: Some(reason.into()), ..Resolution::of(sso_user(identity), Certainty::Attested) }
}

/// Whom an OIDC provider vouched for, on the event by which a session was opened.
pub(super) fn web_identity_user(identity: &Identity) -> Resolution {
    let subject = identity.user_name.as_deref().filter(|name| *name != HIDDEN);
    match (identity.identity_provider.as_deref(), subject) {
        (Some(provider), Some(subject)) => Resolution::of(Actor::of_web_identity(provider, subject), Certainty::Proven),
        _ => unnamed(identity, "the record says that a web identity provider vouched for somebody, not which provider or for whom"),
    }
}

/// Whoever holds the certificate by which a session was opened.
pub(super) fn certificate_holder(identity: &Identity, issue: &Issue) -> Resolution {
    let account_id = identity.home().or(Some(&issue.recipient_account_id)).map(str::to_owned);
    match certificate(issue, identity) {
        Some(id) => {
            let issuer = Some("rolesanywhere.amazonaws.com".to_owned());
            Resolution::of(Actor::Workload { id, issuer, account_id }, Certainty::Proven)
        }
        None => unnamed(identity, "the CreateSession event does not say whose certificate opened the session"),
    }
}

pub(super) fn web_identity(identity: &Identity, issue: &Issue) -> Resolution {
    match (&issue.provider, &issue.subject) {
        (Some(provider), Some(subject)) => Resolution::of(Actor::of_web_identity(provider, subject), Certainty::Proven),
        _ => unnamed(identity, "the AssumeRoleWithWebIdentity event does not say which provider vouched for whom"),
    }
}

/// A user of a directory, whom AWS names on the event.
pub(super) fn directory_user(identity: &Identity) -> Resolution {
    let arn = identity.arn.clone().filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.is_user() && arn.account_id.len() == 12));
    match arn {
        Some(arn) => Resolution {
            reason: Some("AWS wrote the directory's user on the event; the sign-in behind it is not joined".into()),
            ..Resolution::of(
                Actor::DirectoryUser { arn, user_name: identity.user_name.clone().filter(|name| name != HIDDEN) },
                Certainty::Attested,
            )
        },
        None => unnamed(identity, "the record says that a user of a directory acted, not which"),
    }
}

pub(super) fn service(identity: &Identity) -> Resolution {
    match identity.invoked_by.clone() {
        Some(service) => Resolution::of(Actor::AwsService(service), Certainty::Proven),
        None => unnamed(identity, "the record says that a service acted, not which"),
    }
}

pub(super) fn nobody(identity: &Identity, kind: Option<&str>) -> Resolution {
    unnamed(
        identity,
        &kind.map_or_else(
            || "the record names no caller at all".to_owned(),
            |kind| format!("the record names no person, only the type {kind:?}"),
        ),
    )
}

/// A principal of an account whose trail is not ours to read.
pub(super) fn outside(identity: &Identity) -> Resolution {
    match identity.home() {
        Some(account) => Resolution {
            chain: vec![credential("role_session", identity)],
            claims: claims(identity),
            ..Resolution::of(Actor::ExternalAccount(account.to_owned()), Certainty::Proven)
        },
        None => missing(identity, opening_call(identity)),
    }
}

/// Records of one session that say it is two principals'. A user who was renamed keeps key and id.
pub(super) fn contradicted(identity: &Identity, said: &BTreeSet<&str>) -> Resolution {
    let at = identity.principal_id.clone().or_else(|| identity.arn.clone()).unwrap_or_default();
    let why = "records of one session name different callers".to_owned();
    let mut resolution =
        Resolution::gap(Gap { at, why: why.clone(), needs: "the records as CloudTrail delivered them: check the digests".into() });
    if identity.kind.as_deref() == Some("IAMUser") {
        let named = said.iter().filter_map(|arn| principal(arn));
        resolution.candidates = named
            .map(|actor| Candidate {
                actor,
                why: "AWS wrote this name on calls with this key: the user may have been renamed".into(),
                evidence: Vec::new(),
            })
            .collect();
    }
    if !resolution.candidates.is_empty() {
        resolution.certainty = Certainty::Ambiguous;
    }
    resolution
}

fn unnamed(identity: &Identity, why: &str) -> Resolution {
    let at = identity.arn.clone().or_else(|| identity.principal_id.clone()).unwrap_or_default();
    let mut resolution = Resolution::gap(Gap { at, why: why.to_owned(), needs: "no log can close this".into() });
    resolution.claims = claims(identity);
    grade_claims(&mut resolution);
    resolution
}

pub(super) fn missing_assume_root(identity: &Identity) -> Resolution {
    let at = identity.arn.clone().or_else(|| identity.account_id.clone()).unwrap_or_default();
    let when = identity.creation_date.map_or_else(|| "the session's start".to_owned(), event::time::rfc3339);
    let mut resolution = Resolution::gap(Gap {
        at,
        why: "somebody assumed root, and the AssumeRoot event is not in the lake".into(),
        needs: format!("AssumeRoot in the trail of the organisation's management account, or of its delegated administrator's, at {when}"),
    });
    resolution.chain.push(credential("root_session", identity));
    resolution
}

/// A session whose issuing event is not in the lake and on which AWS wrote no actor.
pub(super) fn missing(identity: &Identity, event_name: &str) -> Resolution {
    let at = identity.arn.clone().or_else(|| identity.principal_id.clone()).unwrap_or_default();
    let why = format!("the {event_name} event that issued this session is not in the lake");
    let mut resolution = Resolution::gap(Gap { at, why, needs: format!("{event_name} in {}", trail_of(identity)) });
    let kind = if identity.kind.as_deref() == Some("FederatedUser") { "federated_user" } else { "role_session" };
    resolution.chain.push(credential(kind, identity));
    resolution.claims = claims(identity);
    grade_claims(&mut resolution);
    resolution
}

/// The calls that can have opened a role session: AWS writes on later events which OIDC provider vouched, and of a SAML provider nothing.
pub(super) fn opening_call(identity: &Identity) -> &'static str {
    if identity.federated_provider.is_some() { "AssumeRoleWithWebIdentity" } else { "AssumeRole or AssumeRoleWithSAML" }
}

pub(super) fn trail_of(identity: &Identity) -> String {
    let whose = identity.home().map_or_else(|| "the role's account".to_owned(), |account| format!("account {account}"));
    let when = identity
        .creation_date
        .map_or_else(|| "at the session's start".to_owned(), |created| format!("at {}", event::time::rfc3339(created)));
    format!("the trail of {whose} {when}")
}

pub(super) fn claims(identity: &Identity) -> Vec<Claim> {
    let name = identity.session_name().map(|value| Claim { value: value.to_owned(), source: "role_session_name" });
    let source = identity.source_identity.clone().map(|value| Claim { value, source: "source_identity" });
    name.into_iter().chain(source).collect()
}

/// Where a claim reads as a person's name the answer is that claim, marked as one; else nobody is named.
pub(super) fn grade_claims(resolution: &mut Resolution) {
    resolution.claims.sort_by(|a, b| (a.source, &a.value).cmp(&(b.source, &b.value)));
    resolution.claims.dedup();
    let person = resolution.claims.iter().any(|claim| claim.source == "source_identity" || claim.value.contains('@'));
    if person && resolution.certainty == Certainty::Unknown {
        resolution.certainty = Certainty::Claimed;
    }
}
