//! The issuing events that fit a session, and how surely.
//!
//! A key joins where the same key of the same principal was issued within seconds of the session's creation. Where AWS says that the
//! key of a call is not the one that was issued, principal and second join. Everything else that fits is a candidate and no more.

use super::{Graph, Moment};
use crate::arn::{Arn, linked_service, permission_set};
use crate::issue::Issue;
use crate::resolution::{IssuedBy, Link};
use crate::session::{Identity, SessionKey};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// By how much an issuing event and its session may differ where a key already joins them: the clocks of two regions.
pub(super) const KEY_SKEW_MICROS: i64 = 5_000_000;

/// Longest life of a role session (IAM User Guide, "Maximum session duration").
const ROLE_SESSION_MICROS_MAX: i64 = 12 * 3_600 * 1_000_000;

/// Since when calls of console sessions bear a mark, whatever the service (CloudTrail User Guide, document history, 2022-02-24, and record
/// contents, `sessionCredentialFromConsole`: "not shown unless the value is `true`"), microseconds since 1970.
const CONSOLE_MARK_SINCE: i64 = 1_645_660_800_000_000;

/// How surely the issuers that were found are all that can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surety {
    /// By values that name one session only, or one of those listed.
    Sure,
    /// One fits, and it is of the kind that is used with another key; AWS does not say that this call's key is such.
    Likely,
    /// Role, name and second fit, and the key is another: a session whose own issuing event is missing fits as well.
    Doubtful,
}

/// Copies of one issuing event, and the value that joins it to the session in question.
#[derive(Debug)]
pub(super) struct Issuer<'g> {
    pub(super) copies: Vec<&'g Issue>,
    pub(super) link: Link,
    /// The console's own record of the same switch.
    switch: Option<&'g Issue>,
}

/// What fits a session.
#[derive(Debug)]
pub(super) struct Joined<'g> {
    pub(super) issuers: Vec<Issuer<'g>>,
    pub(super) surety: Surety,
}

impl<'g> Issuer<'g> {
    /// The copy that says most about the caller: the caller's own account's.
    pub(super) fn best(&self) -> Option<&'g Issue> {
        self.copies
            .iter()
            .copied()
            .max_by_key(|issue| (issue.names_caller(), issue.caller.arn.is_some(), std::cmp::Reverse(&issue.event_id)))
    }

    pub(super) fn is_of(&self, event_name: &str) -> bool {
        self.copies.iter().any(|copy| copy.event_name == event_name)
    }

    /// The console's record of the switch, where it says more than the copies of the call: these hold the caller or his account alone.
    pub(super) fn switch(&self) -> Option<&'g Issue> {
        let named = self.copies.iter().any(|copy| copy.names_caller() && copy.event_name != "SwitchRole");
        if named { None } else { self.switch }
    }

    pub(super) fn issued_by(&self) -> Option<IssuedBy> {
        let best = self.best()?;
        let events = self.copies.iter().copied().chain(self.switch());
        let event_ids: BTreeSet<String> = events.map(|issue| issue.event_id.clone()).collect();
        Some(IssuedBy {
            event_ids: event_ids.into_iter().collect(),
            event_name: best.event_name.clone(),
            event_time: best.event_time,
            link: self.link,
        })
    }

    fn is_consoles(&self) -> bool {
        self.switch.is_some() || self.copies.iter().any(|copy| copy.is_consoles())
    }

    /// Whether `switch` may be the console's record of this very call.
    fn is_switch(&self, switch: &Issue) -> bool {
        let Some(from) = switch.switch_from.as_deref() else { return false };
        self.best().is_some_and(|best| match best.names_caller() {
            true => best.caller.arn.as_deref() == Some(from),
            false => best.caller.account_id.as_deref() == Arn::parse(from).map(|from| from.account_id),
        })
    }
}

impl Graph {
    pub(super) fn join(&self, identity: &Identity) -> Joined<'_> {
        let joined = self.join_by_values(identity);
        let says_two_things = |copy: &&Issue| self.contradicted.contains(&(copy.event_id.clone(), copy.recipient_account_id.clone()));
        if joined.issuers.iter().flat_map(|issuer| &issuer.copies).any(says_two_things) {
            // One of the two records is forged or damaged, and nothing here shows which.
            return Joined { surety: Surety::Doubtful, ..joined };
        }
        joined
    }

    fn join_by_values(&self, identity: &Identity) -> Joined<'_> {
        let by_key = self.by_issued_key(identity);
        if !by_key.is_empty() {
            // A key comes round again: without the session's creation date the one that was issued long ago fits as well.
            let surety = if identity.creation_date.is_some() { Surety::Sure } else { Surety::Doubtful };
            return Joined { issuers: by_key, surety };
        }
        let none = Joined { issuers: Vec::new(), surety: Surety::Sure };
        let Some(moment) = identity.principal_id.clone().zip(identity.creation_date) else { return none };
        let issuers = self.opened_at(&moment, identity);
        if !issuers.is_empty() {
            let surety = self.surety(identity, &issuers, &moment);
            return Joined { issuers, surety };
        }
        if !self.is_genuine(identity) {
            return none;
        }
        let account = identity.home().map(|account| (account.to_owned(), moment.1));
        let given = account.and_then(|place| self.by_account.get(&place)).into_iter().flatten().map(Arc::as_ref);
        Joined { issuers: grouped(given.filter(|issue| may_have_fetched(identity, issue)), Link::GetRoleCredentials), ..none }
    }

    fn by_issued_key(&self, identity: &Identity) -> Vec<Issuer<'_>> {
        let Some(key) = &identity.access_key_id else { return Vec::new() };
        let near = |issue: &&Issue| {
            identity.creation_date.is_none_or(|created| created.abs_diff(issue.event_time) <= KEY_SKEW_MICROS.unsigned_abs())
        };
        let issued = self.by_key.get(key).into_iter().flatten().map(Arc::as_ref);
        let mut fitting: Vec<&Issue> = issued.filter(near).filter(|issue| is_of_principal(identity, issue)).collect();
        if fitting.iter().any(|issue| Some(issue.event_time) == identity.creation_date) {
            fitting.retain(|issue| Some(issue.event_time) == identity.creation_date);
        }
        grouped(fitting.into_iter(), Link::AccessKey)
    }

    /// Every opening of a session of this principal in this second that the lake knows of.
    fn opened_at(&self, moment: &Moment, identity: &Identity) -> Vec<Issuer<'_>> {
        let at_once = self.issues_at(moment);
        let fitting: Vec<&Issue> = at_once.filter(|issue| issue.event_name != "ConsoleLogin" && is_of_principal(identity, issue)).collect();
        let (switches, calls): (Vec<&Issue>, Vec<&Issue>) = fitting.into_iter().partition(|issue| issue.event_name == "SwitchRole");
        let mut issuers = grouped(calls.into_iter(), Link::AssumedRoleId);
        for switch in switches {
            let mut same: Vec<&mut Issuer<'_>> =
                issuers.iter_mut().filter(|issuer| issuer.switch.is_none() && issuer.is_switch(switch)).collect();
            let told_apart = same.len() == 1 || same.iter().all(|issuer| issuer.best().is_some_and(Issue::names_caller));
            match same.first_mut().filter(|_| told_apart) {
                Some(one) => one.switch = Some(switch),
                None => issuers.push(Issuer { copies: vec![switch], link: Link::SwitchRole, switch: Some(switch) }),
            }
        }
        issuers
    }

    fn surety(&self, identity: &Identity, issuers: &[Issuer<'_>], moment: &Moment) -> Surety {
        let genuine = self.is_genuine(identity) && issuers.iter().all(|issuer| issuer.is_of("AssumeRoleWithSAML"));
        let linked = identity.issuer_arn.as_deref().is_some_and(|arn| linked_service(arn).is_some());
        if genuine || linked {
            // Nobody but Identity Center, or the service, opens these, and whatever it opened under this name is one actor's.
            return Surety::Sure;
        }
        let consoles = issuers.iter().all(Issuer::is_consoles);
        // One more opening of a role of another account need not be in our logs.
        let ours = self.is_ours(identity.home());
        match issuers {
            // The call's own key is a stranger's, unless AWS says that it is not the one that was issued.
            _ if ours && !self.has_stranger(issuers, moment) => Surety::Sure,
            // The console gives out keys of its own for what it opened, whether or not the record of that time says so.
            [one] if ours && consoles && !self.is_strange(one, moment) => Surety::Sure,
            [_] if consoles => Surety::Likely,
            _ => Surety::Doubtful,
        }
    }

    /// Whether a key was used at this moment by hand that none of these issued: then one more session was opened, by whom is not known.
    fn has_stranger(&self, issuers: &[Issuer<'_>], moment: &Moment) -> bool {
        let issued: BTreeSet<&str> =
            issuers.iter().flat_map(|issuer| &issuer.copies).filter_map(|copy| copy.issued_access_key_id.as_deref()).collect();
        self.own_keys.get(moment).into_iter().flatten().any(|key| !issued.contains(key.as_str()) && !self.is_console_key(key, moment))
    }

    /// Whether a key that is not marked as the console's is strange beside a session that the console opened: where AWS marks those, where
    /// the issued key is itself in use, or where other keys of the session are marked. Then one more session may have been opened, and
    /// the event be missing.
    fn is_strange(&self, issuer: &Issuer<'_>, moment: &Moment) -> bool {
        moment.1 >= CONSOLE_MARK_SINCE || self.is_used_by_hand(issuer, moment) || self.marked.contains(moment)
    }

    /// Whether the key that was issued was then used as it was.
    fn is_used_by_hand(&self, issuer: &Issuer<'_>, moment: &Moment) -> bool {
        let used = self.own_keys.get(moment);
        issuer.copies.iter().filter_map(|copy| copy.issued_access_key_id.as_ref()).any(|key| used.is_some_and(|used| used.contains(key)))
    }

    fn is_console_key(&self, key: &str, (principal, created): &Moment) -> bool {
        let key = SessionKey {
            access_key_id: Some(key.to_owned()),
            principal_id: Some(principal.clone()),
            creation_date: Some(*created),
            otherwise: None,
        };
        self.uses.get(&key).into_iter().flatten().any(|seen| seen.identity.from_console)
    }

    fn issues_at(&self, (principal, time): &Moment) -> impl Iterator<Item = &Issue> {
        self.by_principal.get(principal).and_then(|moments| moments.get(time)).into_iter().flatten().map(Arc::as_ref)
    }

    /// Sign-ins to the console of this principal in the second in which the session began.
    pub(super) fn sign_ins(&self, identity: &Identity) -> Vec<Issuer<'_>> {
        let Some(moment) = identity.principal_id.clone().zip(identity.creation_date) else { return Vec::new() };
        let at_once = self.issues_at(&moment);
        grouped(at_once.filter(|issue| issue.event_name == "ConsoleLogin"), Link::SignIn)
    }

    /// The role sessions that a switch may have started from, by their ARN: those that were seen and were alive.
    pub(super) fn switched_sessions<'g>(&'g self, switch: &Issue) -> impl Iterator<Item = &'g SessionKey> + use<'g> {
        let until = switch.event_time;
        let from = switch.switch_from.as_ref().and_then(|from| self.by_arn.get(from));
        let alive = move |created: i64| created <= until && until - created <= ROLE_SESSION_MICROS_MAX;
        from.into_iter().flatten().filter(move |((created, _), _)| alive(*created)).map(|(_, key)| key)
    }

    /// Regions in which EC2 opened sessions of this principal: the instance's own.
    pub(super) fn regions_of(&self, principal: &str) -> BTreeSet<&str> {
        let issues = self.by_principal.get(principal).into_iter().flat_map(BTreeMap::values).flatten();
        let issues = issues.filter(|issue| issue.caller.invoked_by.as_deref() == Some("ec2.amazonaws.com"));
        issues.map(|issue| issue.aws_region.as_str()).filter(|region| !region.is_empty()).collect()
    }
}

/// Whether what was issued may be the session's at all, the key and the time aside.
fn is_of_principal(identity: &Identity, issue: &Issue) -> bool {
    if let (Some("FederatedUser"), Some(user), Some(caller)) = (identity.kind.as_deref(), &identity.issuer_arn, &issue.caller.arn)
        && user != caller
    {
        return false;
    }
    if let (Some(issued), Some(used)) = (&issue.issued_principal_id, &identity.principal_id) {
        return issued == used;
    }
    // Some services' calls do not say what they opened; the name asked for is not always the one that is used later.
    match (issue.role_arn.as_deref().and_then(Arn::parse), identity.role_arn()) {
        (Some(asked), Some(used)) => Arn::parse(&used).is_some_and(|used| is_role(asked, used)),
        _ => true,
    }
}

/// Whether two ARNs may be one role's: the one read from a session's has no path.
fn is_role(asked: Arn<'_>, used: Arn<'_>) -> bool {
    let name = |arn: Arn<'_>| arn.role().and_then(|role| role.rsplit('/').next()).map(str::to_owned);
    asked.account_id == used.account_id && name(asked) == name(used)
}

/// Whether this fetching of a role's credentials may be what began the session.
pub(super) fn may_have_fetched(identity: &Identity, issue: &Issue) -> bool {
    let set = identity.issuer_arn.as_deref().and_then(permission_set);
    let person = match (&identity.on_behalf_of_user_id, &issue.caller.on_behalf_of_user_id) {
        (Some(used), Some(fetched)) => used == fetched,
        _ => true,
    };
    set.is_some() && set == issue.role_arn.as_deref() && person
}

/// Joins the copies of one call: the same issued key or the same shared event id, in one second. Copies that name different callers
/// are of different calls.
fn grouped<'g>(issues: impl Iterator<Item = &'g Issue>, link: Link) -> Vec<Issuer<'g>> {
    let mut groups: BTreeMap<(&str, i64), Vec<&'g Issue>> = BTreeMap::new();
    for issue in issues {
        let name = issue.issued_access_key_id.as_deref().or(issue.shared_event_id.as_deref()).unwrap_or(&issue.event_id);
        groups.entry((name, issue.event_time)).or_default().push(issue);
    }
    groups.into_values().flat_map(|copies| by_caller(copies, link)).collect()
}

fn by_caller(copies: Vec<&Issue>, link: Link) -> Vec<Issuer<'_>> {
    let (naming, brief): (Vec<&Issue>, Vec<&Issue>) = copies.into_iter().partition(|issue| issue.names_caller());
    let mut callers: BTreeMap<SessionKey, Vec<&Issue>> = BTreeMap::new();
    for issue in naming {
        callers.entry(issue.caller.session()).or_default().push(issue);
    }
    if callers.is_empty() {
        return vec![Issuer { copies: brief, link, switch: None }];
    }
    callers
        .into_values()
        .map(|naming| Issuer { copies: naming.into_iter().chain(brief.iter().copied()).collect(), link, switch: None })
        .collect()
}
