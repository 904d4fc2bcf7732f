//! A credential session while the simulation runs: what AWS writes on its calls, and beside it the truth.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Actor, Claim, Gap, Hop, Via};
use crate::organisation::{IamUser, Role};

#[derive(Clone, Debug)]
pub(crate) enum Who {
    Role { role: Role, name: String },
    IamUser(IamUser),
    Root { account_id: String },
    Federated { name: String, issuer: IamUser },
    Service(&'static str),
}

/// What the delivered records allow, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    Proven,
    Attested,
    Ambiguous,
    Claimed,
    Unknown,
}

impl Grade {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Attested => "attested",
            Self::Ambiguous => "ambiguous",
            Self::Claimed => "claimed",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) who: Who,
    pub(crate) account_id: String,
    /// The key seen on calls; empty for sign-in records and services.
    pub(crate) key: String,
    /// `creationDate`, in seconds; 0 for long-lived credentials.
    pub(crate) created: i64,
    pub(crate) mfa: bool,
    pub(crate) source_identity: Option<String>,
    pub(crate) web_provider: Option<String>,
    pub(crate) role_delivery: Option<&'static str>,
    pub(crate) in_scope_of: Option<String>,
    pub(crate) on_behalf_of: Option<String>,
    pub(crate) invoked_by: Option<&'static str>,
    pub(crate) assumed_root: bool,
    pub(crate) sign_in_session: Option<String>,
    /// The permission set by which the actor came in, as far as the records lead back.
    pub(crate) permission_set: Option<String>,

    pub(crate) actor: Actor,
    pub(crate) chain: Vec<Hop>,
    pub(crate) transitive: BTreeSet<String>,
    pub(crate) grade: Grade,
    pub(crate) candidates: Vec<String>,
    pub(crate) gap: Option<Gap>,
    /// What callers chose to be called, since the records lost sight of the actor.
    pub(crate) claims: BTreeSet<Claim>,
    pub(crate) via: Option<Via>,
    pub(crate) not: Vec<String>,
}

impl Session {
    /// A caller with no session behind it, and no chain yet.
    pub(crate) fn new(who: Who, account_id: &str, key: &str, actor: Actor) -> Self {
        Self {
            who,
            account_id: account_id.to_owned(),
            key: key.to_owned(),
            created: 0,
            mfa: false,
            source_identity: None,
            web_provider: None,
            role_delivery: None,
            in_scope_of: None,
            on_behalf_of: None,
            invoked_by: None,
            assumed_root: false,
            sign_in_session: None,
            permission_set: None,
            actor,
            chain: Vec::new(),
            transitive: BTreeSet::new(),
            grade: Grade::Proven,
            candidates: Vec::new(),
            gap: None,
            claims: BTreeSet::new(),
            via: None,
            not: Vec::new(),
        }
    }

    pub(crate) fn iam_user(user: IamUser) -> Self {
        let actor = Actor {
            kind: "iam_user",
            id: user.arn(),
            name: Some(user.name.clone()),
            account_id: Some(user.account_id.clone()),
            ..Actor::default()
        };
        let (account_id, key) = (user.account_id.clone(), user.key.clone());
        Self::new(Who::IamUser(user), &account_id, &key, actor)
    }

    pub(crate) fn service(principal: &'static str, account_id: &str) -> Self {
        let actor = Actor { kind: "aws_service", id: principal.to_owned(), ..Actor::default() };
        Self::new(Who::Service(principal), account_id, "", actor)
    }

    pub(crate) fn is_named(&self) -> bool {
        matches!(self.grade, Grade::Proven | Grade::Attested)
    }

    /// Notes that the records lose sight of the actor here: the event that opened the session is left out of them, or fits another session
    /// as well. What its opener chose is left.
    pub(crate) fn lose(&mut self, grade: Grade, lost: Option<&'static str>) {
        self.grade = grade;
        if self.is_named() {
            return;
        }
        self.permission_set = None;
        let when = jiff::Timestamp::from_second(self.created).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let lost = lost.map(|event_name| (event_name, self.account_id.clone(), when));
        self.gap = Some(Gap { session_arn: self.arn(), lost });
        self.claims = self.chosen();
    }

    /// Notes what is known of an actor whom the records lost sight of before this session.
    pub(crate) fn inherit(&mut self, parent: &Self) {
        self.grade = parent.grade;
        self.candidates.clone_from(&parent.candidates);
        if self.is_named() {
            return;
        }
        self.gap.clone_from(&parent.gap);
        self.claims = self.chosen();
        self.claims.extend(parent.claims.iter().cloned());
        if let Some(hop) = self.chain.last() {
            let set = hop.session_tags.iter().filter(|(key, value)| value.contains('@') && !hop.asserted_tag_keys.contains(*key));
            self.claims.extend(set.map(|(_, value)| Claim { source: "session_tag", value: value.clone() }));
        }
    }

    fn chosen(&self) -> BTreeSet<Claim> {
        let name = match &self.who {
            Who::Role { name, .. } | Who::Federated { name, .. } => Some(name.clone()),
            _ => None,
        };
        let of = |source| move |value| Claim { source, value };
        name.map(of("role_session_name")).into_iter().chain(self.source_identity.clone().map(of("source_identity"))).collect()
    }

    /// As events of the session have it.
    pub(crate) fn arn(&self) -> String {
        match &self.who {
            Who::Role { role, name } => format!("arn:aws:sts::{}:assumed-role/{}/{name}", role.account_id, role.name),
            Who::Federated { name, issuer } => format!("arn:aws:sts::{}:federated-user/{name}", issuer.account_id),
            Who::IamUser(user) => user.arn(),
            Who::Root { account_id } => format!("arn:aws:iam::{account_id}:root"),
            Who::Service(principal) => (*principal).to_owned(),
        }
    }

    /// The chain with the key that the next event shows.
    pub(crate) fn chain_using(&self, key: Option<&str>) -> Vec<Hop> {
        let mut chain = self.chain.clone();
        if let (Some(last), Some(key)) = (chain.last_mut(), key) {
            last.access_key_id = Some(key.to_owned());
        }
        chain
    }

    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        self.chain.last().map(|hop| hop.session_tags.clone()).unwrap_or_default()
    }

    /// `AROA..:name`, as `AWSAccount` copies have it.
    pub(crate) fn principal_id(&self) -> String {
        match &self.who {
            Who::Role { role, name } => format!("{}:{name}", role.id),
            Who::IamUser(user) => user.id.clone(),
            Who::Root { account_id } => account_id.clone(),
            Who::Federated { name, issuer } => format!("{}:{name}", issuer.account_id),
            Who::Service(principal) => (*principal).to_owned(),
        }
    }
}
