//! Sessions and the events that issued them, joined; a walk from any session to its root.
//!
//! A set of facts: adding the same one twice, or in another order, changes nothing. Adding more may raise a grade or show a conflict,
//! never swap one name for another.

use crate::actor::Actor;
use crate::issue::Issue;
use crate::resolution::{Candidate, Certainty, Claim, Credential, Gap, IssuedBy, Link, Resolution};
use crate::session::{Identity, SessionKey, Use};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Sessions in one chain, at most. AWS sets no limit; people's chains have three or four.
pub const HOPS_MAX: usize = 32;

/// Seconds by which an issuing event and its session may differ where a key already joins them: the clocks of two regions.
const KEY_SKEW_MICROS: i64 = 5_000_000;

/// Longest life of a session without a creation date on its events (GetSessionToken, IAM User Guide).
const SESSION_MICROS_MAX: i64 = 36 * 3_600 * 1_000_000;

/// Which accounts are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// Accounts whose own trail is in the lake.
    pub accounts: BTreeSet<String>,
}

/// What is known of credential sessions.
#[derive(Debug, Default)]
pub struct Graph {
    uses: BTreeMap<SessionKey, BTreeSet<Use>>,
    issues: BTreeSet<Arc<Issue>>,
    by_key: BTreeMap<String, BTreeSet<Arc<Issue>>>,
    by_principal: BTreeMap<(String, i64), BTreeSet<Arc<Issue>>>,
    by_account: BTreeMap<(String, i64), BTreeSet<Arc<Issue>>>,
    used_keys: BTreeMap<(String, i64), BTreeSet<String>>,
    ours: BTreeSet<String>,
}

/// Copies of one issuing event, and the value that joins it to the session in question.
struct Issuer<'g> {
    copies: Vec<&'g Issue>,
    link: Link,
}

impl<'g> Issuer<'g> {
    /// The copy that says most about the caller: the caller's own account's.
    fn best(&self) -> &'g Issue {
        self.copies.iter().copied().max_by_key(|issue| (issue.names_caller(), issue.caller.arn.is_some(), std::cmp::Reverse(&issue.event_id))).unwrap_or_else(|| self.copies[0])
    }

    fn issued_by(&self) -> IssuedBy {
        let mut event_ids: Vec<String> = self.copies.iter().map(|issue| issue.event_id.clone()).collect();
        event_ids.sort();
        let best = self.best();
        IssuedBy { event_ids, event_name: best.event_name.clone(), event_time: best.event_time, link: self.link }
    }
}

impl Graph {
    /// A graph of an organisation whose accounts are known from elsewhere; accounts in whose trail an event was seen join them.
    pub fn new(organisation: &Organisation) -> Self {
        Self { ours: organisation.accounts.clone(), ..Self::default() }
    }

    /// Adds what an event showed of its caller.
    pub fn add_use(&mut self, seen: Use) {
        if !seen.recipient_account_id.is_empty() {
            self.ours.insert(seen.recipient_account_id.clone());
        }
        let identity = &seen.identity;
        if let (Some(key), Some(principal), Some(created)) = (&identity.access_key_id, &identity.principal_id, identity.creation_date)
            && identity.invoked_by.is_none()
        {
            self.used_keys.entry((principal.clone(), created)).or_default().insert(key.clone());
        }
        self.uses.entry(identity.session()).or_default().insert(seen);
    }

    /// Adds what an event issued, and what it showed of its caller.
    pub fn add_issue(&mut self, issue: Issue) {
        if self.issues.contains(&issue) {
            return;
        }
        let issue = Arc::new(issue);
        if let Some(key) = &issue.issued_access_key_id {
            self.by_key.entry(key.clone()).or_default().insert(Arc::clone(&issue));
        }
        if let Some(principal) = &issue.issued_principal_id {
            self.by_principal.entry((principal.clone(), issue.event_time)).or_default().insert(Arc::clone(&issue));
        }
        if let (Some(account), "GetRoleCredentials") = (&issue.target_account_id, issue.event_name.as_str()) {
            self.by_account.entry((account.clone(), issue.event_time)).or_default().insert(Arc::clone(&issue));
        }
        self.add_use(Use { identity: issue.caller.clone(), recipient_account_id: issue.recipient_account_id.clone(), aws_region: issue.aws_region.clone() });
        self.issues.insert(issue);
    }

    /// The sessions that may have issued `key`: what to look up next before its chain can be walked.
    pub fn callers_of(&self, key: &SessionKey) -> Vec<SessionKey> {
        let Some(identity) = self.identity(key) else { return Vec::new() };
        let mut callers: Vec<SessionKey> = self.candidates(&identity).into_iter().flat_map(|issuer| issuer.copies).map(|issue| issue.caller.session()).collect();
        callers.sort();
        callers.dedup();
        callers
    }

    /// Every session that was seen.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionKey> {
        self.uses.keys()
    }

    /// Who stands behind a session; a session that was never seen is unknown.
    pub fn resolve(&self, key: &SessionKey) -> Resolution {
        self.walk(key, &mut Vec::new())
    }

    /// Whatever AWS wrote on any event of the session holds for the whole session.
    fn identity(&self, key: &SessionKey) -> Option<Identity> {
        let mut seen = self.uses.get(key)?.iter().map(|seen| &seen.identity);
        let mut whole = seen.next()?.clone();
        // A forward access session and the call behind it share a key; the caller's own words describe the session.
        for other in seen {
            let fill = |into: &mut Option<String>, from: &Option<String>| {
                if into.is_none() {
                    into.clone_from(from);
                }
            };
            fill(&mut whole.kind, &other.kind);
            fill(&mut whole.arn, &other.arn);
            fill(&mut whole.account_id, &other.account_id);
            fill(&mut whole.user_name, &other.user_name);
            fill(&mut whole.identity_provider, &other.identity_provider);
            fill(&mut whole.on_behalf_of_user_id, &other.on_behalf_of_user_id);
            fill(&mut whole.identity_store_arn, &other.identity_store_arn);
            fill(&mut whole.credentials_issued_to, &other.credentials_issued_to);
            fill(&mut whole.issuer_arn, &other.issuer_arn);
            fill(&mut whole.issuer_account_id, &other.issuer_account_id);
            fill(&mut whole.source_identity, &other.source_identity);
            fill(&mut whole.federated_provider, &other.federated_provider);
            fill(&mut whole.ec2_role_delivery, &other.ec2_role_delivery);
            fill(&mut whole.sign_in_session_arn, &other.sign_in_session_arn);
            whole.mfa_authenticated = whole.mfa_authenticated.max(other.mfa_authenticated);
            whole.assumed_root |= other.assumed_root;
            whole.from_console |= other.from_console;
            if other.invoked_by.is_none() {
                whole.invoked_by = None;
            }
        }
        Some(whole)
    }

    /// Two people on whose behalf one session acted: AWS never writes that, so something is forged.
    fn contradicts_itself(&self, key: &SessionKey) -> bool {
        let of = |field: fn(&Identity) -> Option<&String>| self.uses.get(key).into_iter().flatten().filter_map(|seen| field(&seen.identity)).collect::<BTreeSet<_>>().len() > 1;
        of(|identity| identity.on_behalf_of_user_id.as_ref()) || of(|identity| identity.issuer_arn.as_ref()) || of(|identity| identity.arn.as_ref().filter(|arn| !arn.contains(":role/")))
    }

    fn walk(&self, key: &SessionKey, path: &mut Vec<SessionKey>) -> Resolution {
        let Some(identity) = self.identity(key) else {
            return Resolution::gap(Gap { at: String::new(), why: "the record does not say who made the call".into(), needs: "a record with userIdentity".into() });
        };
        let at = identity.arn.clone().or_else(|| identity.principal_id.clone()).unwrap_or_default();
        if path.len() >= HOPS_MAX || path.contains(key) {
            let why = if path.contains(key) { "the chain of credentials comes back to itself".to_owned() } else { format!("the chain is longer than {HOPS_MAX} sessions") };
            return Resolution::gap(Gap { at, why, needs: "nothing: no log can close this".into() });
        }
        if self.contradicts_itself(key) {
            let why = "records of one session contradict each other about whose it is".to_owned();
            return Resolution::gap(Gap { at, why, needs: "the records as CloudTrail delivered them: check the digests".into() });
        }
        path.push(key.clone());
        let resolution = match identity.kind.as_deref() {
            Some("IAMUser") => self.long_lived(&identity, Actor::IamUser),
            Some("Root") => self.root(&identity, path),
            Some("AssumedRole") => self.assumed_role(&identity, path),
            Some("FederatedUser") => self.federated_user(&identity, path),
            Some("SAMLUser" | "WebIdentityUser") => vouched_for(&identity),
            Some("AWSAccount") => self.account(&identity),
            Some("AWSService") => service(&identity),
            _ if identity.on_behalf_of_user_id.is_some() => attested_user(&identity),
            None if identity.invoked_by.is_some() => service(&identity),
            _ => Resolution::gap(Gap {
                at,
                why: format!("the record names no person, only the type {:?}", identity.kind.as_deref().unwrap_or("none")),
                needs: "no CloudTrail record says more".into(),
            }),
        };
        path.pop();
        resolution
    }

    /// An IAM user: AWS names the user on every event; where a session stands between, it is shown.
    fn long_lived(&self, identity: &Identity, actor: fn(String) -> Actor) -> Resolution {
        let Some(arn) = identity.arn.clone() else {
            return Resolution::gap(Gap {
                at: identity.principal_id.clone().unwrap_or_default(),
                why: "AWS left the user's name out, as it does for a failed sign-in".into(),
                needs: "no CloudTrail record says more".into(),
            });
        };
        let mut resolution = Resolution::of(actor(arn), Certainty::Proven);
        if identity.is_temporary() {
            let issuers = self.candidates(identity);
            let issuer = if issuers.len() == 1 { issuers.into_iter().next() } else { None };
            let kind = match &issuer {
                Some(issuer) if issuer.best().event_name == "ConsoleLogin" => "console_session",
                Some(_) => "session_token",
                None if identity.from_console => "console_session",
                None => "session_token",
            };
            let mut credential = credential(kind, identity);
            credential.issued_by = issuer.map(|issuer| issuer.issued_by());
            resolution.chain.push(credential);
        }
        resolution
    }

    fn root(&self, identity: &Identity, path: &mut Vec<SessionKey>) -> Resolution {
        let issuers: Vec<Issuer<'_>> = self.candidates(identity).into_iter().filter(|issuer| issuer.best().event_name == "AssumeRoot").collect();
        if issuers.is_empty() && identity.assumed_root {
            return Resolution::gap(Gap {
                at: identity.arn.clone().unwrap_or_default(),
                why: "root was assumed by somebody, and the AssumeRoot event is not in the lake".into(),
                needs: "the trail of the organisation's management or delegated administrator account at that time".into(),
            });
        }
        if issuers.is_empty() {
            let mut resolution = self.long_lived(identity, Actor::RootUser);
            for credential in &mut resolution.chain {
                if credential.issued_by.is_none() && !identity.from_console {
                    credential.kind = "session_token";
                }
            }
            return resolution;
        }
        self.through(identity, "root_session", issuers, path)
    }

    fn federated_user(&self, identity: &Identity, path: &mut Vec<SessionKey>) -> Resolution {
        let issuers = self.candidates(identity);
        if !issuers.is_empty() {
            return self.through(identity, "federated_user", issuers, path);
        }
        // AWS wrote the issuing user on the session itself.
        let Some(arn) = identity.issuer_arn.clone() else { return missing(identity, "GetFederationToken") };
        let actor = if arn.ends_with(":root") { Actor::RootUser(arn) } else { Actor::IamUser(arn) };
        Resolution {
            chain: vec![credential("federated_user", identity)],
            reason: Some("the GetFederationToken event that opened this session is not in the lake; AWS names its user on the session".into()),
            ..Resolution::of(actor, Certainty::Attested)
        }
    }

    fn assumed_role(&self, identity: &Identity, path: &mut Vec<SessionKey>) -> Resolution {
        let issuers = self.candidates(identity);
        if !issuers.is_empty() && issuers.iter().any(|issuer| issuer.link != Link::GetRoleCredentials) {
            return self.through(identity, "role_session", issuers, path);
        }
        let mut own = credential("role_session", identity);
        if self.is_ours(identity.home()) {
            if let Some(actor) = self.written_on(identity) {
                if let [issuer] = issuers.as_slice() {
                    own.issued_by = Some(issuer.issued_by());
                }
                let needs = needs_log_of(identity);
                return Resolution {
                    chain: vec![own],
                    claims: Vec::new(),
                    reason: Some(format!("AWS wrote the actor on the session; the event that issued it is not in the lake ({needs})")),
                    ..Resolution::of(actor, Certainty::Attested)
                };
            }
        } else if let Some(account) = identity.home() {
            return Resolution {
                chain: vec![own],
                claims: claims(identity),
                ..Resolution::of(Actor::ExternalAccount(account.to_owned()), Certainty::Proven)
            };
        }
        missing(identity, if identity.federated_provider.is_some() { "AssumeRoleWithWebIdentity" } else { "AssumeRole" })
    }

    /// The actor that AWS itself wrote on a role session's events, whatever its session name claims.
    fn written_on(&self, identity: &Identity) -> Option<Actor> {
        if is_identity_center_role(identity) || identity.on_behalf_of_user_id.is_some() {
            return Some(sso_user(identity));
        }
        if identity.ec2_role_delivery.is_some() {
            let instance = identity.session_name().filter(|name| name.starts_with("i-") || name.starts_with("mi-"))?;
            return Some(self.instance(identity, instance));
        }
        if let Some(function) = identity.credentials_issued_to.as_deref().filter(|arn| arn.starts_with("arn:")) {
            return Some(Actor::Workload { id: function.to_owned(), issuer: None, account_id: identity.home().map(str::to_owned) });
        }
        service_of_linked_role(identity).map(Actor::AwsService)
    }

    fn instance(&self, identity: &Identity, instance: &str) -> Actor {
        let account = identity.home().unwrap_or("");
        let region = self.uses.get(&identity.session()).and_then(|seen| seen.iter().map(|seen| seen.aws_region.as_str()).find(|region| !region.is_empty())).unwrap_or("");
        let arn = format!("arn:{}:ec2:{region}:{account}:instance/{instance}", identity.partition());
        Actor::Workload { id: arn, issuer: None, account_id: Some(account.to_owned()) }
    }

    /// Follows a session to the one that issued it; several that lead to different callers make it ambiguous.
    fn through(&self, identity: &Identity, kind: &'static str, issuers: Vec<Issuer<'_>>, path: &mut Vec<SessionKey>) -> Resolution {
        let mut ends: Vec<(Resolution, &Issuer<'_>)> = issuers.iter().map(|issuer| (self.issuer_end(identity, issuer, path), issuer)).collect();
        let same = ends.windows(2).all(|pair| match pair {
            [a, b] => a.0.actor == b.0.actor && a.0.actor != Actor::Unknown && a.1.best().caller.session() == b.1.best().caller.session(),
            _ => true,
        });
        if ends.len() > 1 && !same {
            let mut candidates: Vec<Candidate> = ends
                .iter()
                .map(|(end, issuer)| {
                    let by = issuer.issued_by();
                    let why = format!("its {} fits this session's role, name and second of creation, and so does another", by.event_name);
                    Candidate { actor: end.actor.clone(), why, evidence: by.event_ids }
                })
                .collect();
            candidates.sort_by(|a, b| a.evidence.cmp(&b.evidence));
            return Resolution {
                chain: vec![credential(kind, identity)],
                claims: claims(identity),
                candidates,
                reason: Some("several issuing events fit this session, and nothing that AWS wrote tells them apart".into()),
                ..Resolution::of(Actor::Unknown, Certainty::Ambiguous)
            };
        }
        let mut own = credential(kind, identity);
        let mut event_ids: Vec<String> = issuers.iter().flat_map(|issuer| issuer.issued_by().event_ids).collect();
        event_ids.sort();
        event_ids.dedup();
        let Some((mut end, issuer)) = (!ends.is_empty()).then(|| ends.swap_remove(0)) else { return missing(identity, "AssumeRole") };
        let issue = issuer.best();
        own.issued_by = Some(IssuedBy { event_ids, ..issuer.issued_by() });
        own.role_arn = own.role_arn.or_else(|| issue.role_arn.clone().filter(|role| role.starts_with("arn:")));
        let before = end.chain.last();
        // Source identity, once set, goes down the whole chain (IAM User Guide, "Monitor and control actions taken with assumed roles").
        own.source_identity = own
            .source_identity
            .or_else(|| issuer.copies.iter().find_map(|copy| copy.source_identity.clone()))
            .or_else(|| before.and_then(|before| before.source_identity.clone()));
        (own.session_tags, own.transitive_tag_keys) = tags_in_force(issue, before);
        if end.certainty < Certainty::Probable {
            end.claims.extend(claims(identity));
            end.claims.sort();
            end.claims.dedup();
        }
        end.chain.push(own);
        end
    }

    /// Who asked for the session: the root of the caller's own chain, or whom a provider or service vouches for.
    fn issuer_end(&self, identity: &Identity, issuer: &Issuer<'_>, path: &mut Vec<SessionKey>) -> Resolution {
        let issue = issuer.best();
        match issue.caller.kind.as_deref() {
            _ if issue.event_name == "SwitchRole" => self.switched_from(issue, path),
            Some("SAMLUser") => Resolution::of(saml(identity, issue), Certainty::Proven),
            Some("WebIdentityUser") => match (&issue.provider, &issue.subject) {
                (Some(provider), Some(subject)) => Resolution::of(Actor::of_web_identity(provider, subject), Certainty::Proven),
                _ => missing(identity, "AssumeRoleWithWebIdentity"),
            },
            Some("AWSService") => Resolution::of(self.issued_by_service(identity, issue), Certainty::Proven),
            Some("AWSAccount") => self.account(&issue.caller),
            _ => self.walk(&issue.caller.session(), path),
        }
    }

    /// The console's record of a switch names the principal switched from; the API's copy of the same second names its credentials.
    fn switched_from(&self, issue: &Issue, path: &mut Vec<SessionKey>) -> Resolution {
        let Some(from) = issue.switch_from.clone() else { return missing(&issue.caller, "AssumeRole") };
        if from.contains(":user/") {
            return Resolution::of(Actor::IamUser(from), Certainty::Proven);
        }
        if from.ends_with(":root") {
            return Resolution::of(Actor::RootUser(from), Certainty::Proven);
        }
        // A role session by its ARN alone: proven only where one session of that name was alive.
        let alive: Vec<&SessionKey> = self
            .uses
            .iter()
            .filter(|(_, seen)| seen.iter().any(|seen| seen.identity.arn.as_deref() == Some(from.as_str())))
            .filter(|(key, _)| key.creation_date.is_some_and(|created| created <= issue.event_time && issue.event_time - created <= SESSION_MICROS_MAX))
            .map(|(key, _)| key)
            .collect();
        match alive.as_slice() {
            [one] => self.walk(one, path),
            _ => missing(&Identity { arn: Some(from), kind: Some("AssumedRole".into()), ..Identity::default() }, "AssumeRole"),
        }
    }

    /// A caller of whom only the account is recorded.
    fn account(&self, caller: &Identity) -> Resolution {
        match caller.account_id.as_deref().filter(|account| account.len() == 12) {
            Some(account) if !self.is_ours(Some(account)) => Resolution::of(Actor::ExternalAccount(account.to_owned()), Certainty::Proven),
            account => {
                let at = caller.principal_id.clone().or_else(|| account.map(str::to_owned)).unwrap_or_default();
                let why = "only the role owner's copy of the call is in the lake, and it names no more than the caller's account".to_owned();
                let needs = account.map_or_else(|| "the caller's own trail".to_owned(), |account| format!("the trail of account {account}, which holds the caller's copy"));
                let mut resolution = Resolution::gap(Gap { at, why, needs });
                let name = caller.principal_id.as_deref().and_then(|id| id.split_once(':')).map(|(_, name)| name.to_owned());
                resolution.claims.extend(name.filter(|name| !name.is_empty()).map(|value| Claim { value, source: "role_session_name" }));
                grade_claims(&mut resolution);
                resolution
            }
        }
    }

    fn issued_by_service(&self, identity: &Identity, issue: &Issue) -> Actor {
        let service = issue.caller.invoked_by.as_deref().unwrap_or("");
        let account = identity.home().or(Some(&issue.recipient_account_id)).map(str::to_owned);
        let name = identity.session_name().or(issue.role_session_name.as_deref()).unwrap_or("");
        let workload = |id: String| Actor::Workload { id, issuer: None, account_id: account.clone() };
        let here = |service: &str, rest: &str| format!("arn:{}:{service}:{}:{}:{rest}", identity.partition(), issue.aws_region, account.as_deref().unwrap_or(""));
        if let Some(arn) = identity.credentials_issued_to.as_deref().filter(|arn| arn.starts_with("arn:")) {
            return workload(arn.to_owned());
        }
        let tag = |key: &str| issue.session_tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        match service {
            "ec2.amazonaws.com" if name.starts_with("i-") || name.starts_with("mi-") => workload(here("ec2", &format!("instance/{name}"))),
            "lambda.amazonaws.com" if !name.is_empty() && !name.starts_with("awslambda_") => workload(here("lambda", &format!("function:{name}"))),
            "ecs-tasks.amazonaws.com" if !name.is_empty() => workload(here("ecs", &format!("task/{name}"))),
            "pods.eks.amazonaws.com" => match (tag("kubernetes-namespace"), tag("kubernetes-service-account")) {
                (Some(namespace), Some(account)) => workload(format!("system:serviceaccount:{namespace}:{account}")),
                _ => Actor::AwsService(service.to_owned()),
            },
            _ => Actor::AwsService(service.to_owned()),
        }
    }

    fn is_ours(&self, account: Option<&str>) -> bool {
        account.is_some_and(|account| self.ours.contains(account))
    }

    /// The issuing events that fit a session, their copies joined, by the surest value that fits any.
    fn candidates(&self, identity: &Identity) -> Vec<Issuer<'_>> {
        let fits = |issue: &&Arc<Issue>| {
            let principal = match (&issue.issued_principal_id, &identity.principal_id) {
                (Some(issued), Some(used)) => issued == used,
                _ => issue.role_session_name.is_none() || identity.session_name().is_none() || issue.role_session_name.as_deref() == identity.session_name(),
            };
            let time = identity.creation_date.is_none_or(|created| (created - issue.event_time).abs() <= KEY_SKEW_MICROS);
            principal && time
        };
        let by_key: Vec<&Issue> = identity.access_key_id.as_ref().and_then(|key| self.by_key.get(key)).into_iter().flatten().filter(fits).map(Arc::as_ref).collect();
        if !by_key.is_empty() {
            return self.grouped(by_key, identity, Link::AccessKey);
        }
        let (Some(principal), Some(created)) = (&identity.principal_id, identity.creation_date) else { return Vec::new() };
        let place = (principal.clone(), created);
        let at_once: Vec<&Issue> = self.by_principal.get(&place).into_iter().flatten().map(Arc::as_ref).collect();
        let (plain, others): (Vec<&Issue>, Vec<&Issue>) = at_once.into_iter().partition(|issue| !matches!(issue.event_name.as_str(), "SwitchRole" | "ConsoleLogin"));
        // Whoever calls the API uses the key that was issued. Where that key is in use, another key of the same name and second is
        // of another session; only the console, Identity Center and services acting for the caller change keys.
        let used = self.used_keys.get(&place);
        let key_is_kept = |issue: &Issue| {
            issue.issued_access_key_id.as_ref().is_some_and(|key| used.is_some_and(|used| used.contains(key))) && !is_identity_center_role(identity) && !identity.from_console && identity.invoked_by.is_none()
        };
        let plain: Vec<&Issue> = if identity.access_key_id.is_some() { plain.into_iter().filter(|issue| !key_is_kept(issue)).collect() } else { plain };
        if !plain.is_empty() {
            return self.grouped(plain, identity, Link::AssumedRoleId);
        }
        let (switches, logins): (Vec<&Issue>, Vec<&Issue>) = others.into_iter().partition(|issue| issue.event_name == "SwitchRole");
        if !switches.is_empty() {
            return self.grouped(switches, identity, Link::SwitchRole);
        }
        let logins: Vec<&Issue> = logins.into_iter().filter(|issue| issue.event_name == "ConsoleLogin" && identity.kind.as_deref() != Some("AssumedRole")).collect();
        if !logins.is_empty() {
            return self.grouped(logins, identity, Link::SignIn);
        }
        let account = identity.home().map(|account| (account.to_owned(), created));
        let given = account.and_then(|place| self.by_account.get(&place)).into_iter().flatten().map(Arc::as_ref).filter(|issue| permission_set_fits(identity, issue)).collect();
        self.grouped(given, identity, Link::GetRoleCredentials)
    }

    /// Joins the copies of one call: the same issued key, or the same shared event id.
    fn grouped<'g>(&self, issues: Vec<&'g Issue>, identity: &Identity, link: Link) -> Vec<Issuer<'g>> {
        let exact = issues.iter().any(|issue| Some(issue.event_time) == identity.creation_date);
        let mut groups: BTreeMap<&str, Vec<&'g Issue>> = BTreeMap::new();
        for issue in issues {
            if link == Link::AccessKey && exact && Some(issue.event_time) != identity.creation_date {
                continue;
            }
            let name = issue.issued_access_key_id.as_deref().or(issue.shared_event_id.as_deref()).unwrap_or(&issue.event_id);
            groups.entry(name).or_default().push(issue);
        }
        groups.into_values().map(|copies| Issuer { copies, link }).collect()
    }
}

fn permission_set_fits(identity: &Identity, issue: &Issue) -> bool {
    let role = identity.role_arn().unwrap_or_default();
    let name = role.rsplit('/').next().unwrap_or("");
    let set = name.strip_prefix("AWSReservedSSO_").and_then(|rest| rest.rsplit_once('_')).map(|(set, _)| set);
    is_identity_center_role(identity) && set.is_some() && set == issue.role_arn.as_deref()
}

/// A role that only Identity Center can make: by its path, never by its name (IAM Identity Center User Guide, "Referencing permission sets").
fn is_identity_center_role(identity: &Identity) -> bool {
    identity.issuer_arn.as_deref().and_then(|arn| arn.split_once(":role/")).is_some_and(|(_, role)| role.starts_with("aws-reserved/sso.amazonaws.com/"))
}

/// The service that alone can use a service-linked role (IAM User Guide, service-linked roles).
fn service_of_linked_role(identity: &Identity) -> Option<String> {
    let role = identity.issuer_arn.as_deref()?.split_once(":role/aws-service-role/")?.1;
    role.split_once('/').map(|(service, _)| service.to_owned())
}

fn sso_user(identity: &Identity) -> Actor {
    let user_name = if is_identity_center_role(identity) { identity.session_name().map(str::to_owned) } else { None };
    Actor::SsoUser { user_name, user_id: identity.on_behalf_of_user_id.clone(), account_id: identity.home().map(str::to_owned) }
}

fn saml(identity: &Identity, issue: &Issue) -> Actor {
    let provider = issue.provider.clone().unwrap_or_default();
    if is_identity_center_role(identity) {
        return sso_user(identity);
    }
    Actor::SamlUser { subject: issue.subject.clone().unwrap_or_default(), provider }
}

/// A caller whom a provider vouches for, on the issuing event itself.
fn vouched_for(identity: &Identity) -> Resolution {
    let subject = identity.user_name.clone().unwrap_or_default();
    let provider = identity.identity_provider.clone().unwrap_or_default();
    let actor = match identity.kind.as_deref() {
        Some("WebIdentityUser") => Actor::of_web_identity(&provider, &subject),
        _ => Actor::SamlUser { subject, provider },
    };
    Resolution::of(actor, Certainty::Proven)
}

fn attested_user(identity: &Identity) -> Resolution {
    let actor = Actor::SsoUser { user_name: None, user_id: identity.on_behalf_of_user_id.clone(), account_id: identity.account_id.clone() };
    Resolution { reason: Some("Identity Center wrote the user id on the event; its sign-in is not joined".into()), ..Resolution::of(actor, Certainty::Attested) }
}

fn service(identity: &Identity) -> Resolution {
    match identity.invoked_by.clone() {
        Some(service) => Resolution::of(Actor::AwsService(service), Certainty::Proven),
        None => Resolution::gap(Gap { at: String::new(), why: "the record says that a service acted, not which".into(), needs: "no CloudTrail record says more".into() }),
    }
}

fn credential(kind: &'static str, identity: &Identity) -> Credential {
    Credential {
        kind,
        credential_id: identity.session().credential_id(),
        role_arn: if kind == "role_session" { identity.role_arn() } else { None },
        session_name: identity.session_name().map(str::to_owned),
        access_key_id: identity.access_key_id.clone(),
        source_identity: identity.source_identity.clone(),
        session_tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        mfa: identity.mfa_authenticated,
        issued_by: None,
    }
}

/// Tags in force, and the keys of those that go on: what was set on the session, and the transitive ones of the session before it
/// (IAM User Guide, "Pass session tags in AWS STS": a tag that is not transitive ends with its session).
fn tags_in_force(issue: &Issue, before: Option<&Credential>) -> (Vec<(String, String)>, Vec<String>) {
    let mut tags: BTreeMap<String, String> = issue.incoming_transitive_tags.iter().cloned().collect();
    let mut transitive: BTreeSet<String> = tags.keys().cloned().collect();
    for credential in before {
        for (key, value) in credential.session_tags.iter().filter(|(key, _)| credential.transitive_tag_keys.contains(key)) {
            tags.entry(key.clone()).or_insert_with(|| value.clone());
            transitive.insert(key.clone());
        }
    }
    for (key, value) in &issue.session_tags {
        // An inherited transitive tag cannot be overridden.
        tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
    transitive.extend(issue.transitive_tag_keys.iter().filter(|key| tags.contains_key(*key)).cloned());
    (tags.into_iter().collect(), transitive.into_iter().collect())
}

fn claims(identity: &Identity) -> Vec<Claim> {
    let name = identity.session_name().map(|value| Claim { value: value.to_owned(), source: "role_session_name" });
    let source = identity.source_identity.clone().map(|value| Claim { value, source: "source_identity" });
    name.into_iter().chain(source).collect()
}

fn needs_log_of(identity: &Identity) -> String {
    let account = identity.home().unwrap_or("the role's account");
    let when = identity.creation_date.map_or_else(|| "at the session's start".to_owned(), |created| format!("at {}", event::time::rfc3339(created)));
    format!("the trail of account {account} {when}")
}

/// A session whose issuing event is not in the lake and on which AWS wrote no actor.
fn missing(identity: &Identity, event_name: &str) -> Resolution {
    let at = identity.arn.clone().or_else(|| identity.principal_id.clone()).unwrap_or_default();
    let why = format!("the {event_name} event that issued this session is not in the lake");
    let mut resolution = Resolution::gap(Gap { at, why, needs: format!("{event_name} in {}", needs_log_of(identity)) });
    let mut own = credential("role_session", identity);
    if identity.kind.as_deref() == Some("FederatedUser") {
        own.kind = "federated_user";
    }
    resolution.chain.push(own);
    resolution.claims = claims(identity);
    grade_claims(&mut resolution);
    resolution
}

/// Where a claim reads as a person's name the answer is that claim, marked as one; else nobody is named.
fn grade_claims(resolution: &mut Resolution) {
    if resolution.claims.iter().any(|claim| claim.source == "source_identity" || claim.value.contains('@')) {
        resolution.certainty = Certainty::Claimed;
    }
}
