//! The truth of a simulated organisation: what was done, by whom, through which sessions, noted at the act.
//!
//! Comes out of [`crate::run`]. Never worked out from the records: where the two disagree, the reader of the
//! records is wrong.

use std::collections::{BTreeMap, BTreeSet};

use crate::organisation::Organisation;

/// Everything that is known about a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    pub organisation: Organisation,
    /// Scripted changes first, in the order of the stories; then a sample of the background's, at most 2,000.
    pub acts: Vec<Act>,
    pub questions: Vec<Question>,
    /// Records in all objects, repeated ones counted each time.
    pub records: usize,
    /// Records that are byte-identical repeats of one in an earlier object: `records - duplicates` are distinct.
    pub duplicates: usize,
    pub objects: usize,
    /// Bytes of all objects before compression.
    pub bytes_uncompressed: u64,
    /// Issuing records that were left out of the logs ([`crate::Loss::IssuingEvents`]), copies counted each.
    pub lost: usize,
    /// Records of those stories that would mislead their reader.
    pub hostile: usize,
    /// Texts that lie in secret places of the records (session tokens, environment values, user data): none of
    /// them may show in any output.
    pub canaries: Vec<String>,
    /// When Identity Center last opened a session that then made a call, by whom, in which account and for which permission set.
    pub uses: BTreeMap<Use, jiff::Timestamp>,
    /// When each long-lived access key was made that a delivered record says was made, by the key's id.
    pub keys: BTreeMap<String, jiff::Timestamp>,
}

/// A permission set in an account, in a person's hands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    pub permission_set: String,
    pub account_id: String,
    /// The Identity Center user's.
    pub user_id: String,
}

/// A successful change that one may ask about.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// The caller's account's copy, where two accounts recorded the change.
    pub event_id: String,
    /// Event ids of the other account's copies.
    pub copies: Vec<String>,
    pub event_time: jiff::Timestamp,
    pub event_source: String,
    pub event_name: String,
    pub recipient_account_id: String,
    pub aws_region: String,
    /// Every spelling of what was changed: ARN, bare id, name.
    pub things: Vec<String>,
    pub story: &'static str,
    /// Who it was, in truth. An answer may name it only where [`Act::named`] says so.
    pub actor: Actor,
    /// From the session that the actor opened to the one that made the call; empty for long-lived credentials.
    /// Holds the truth even where logs have lost a part: a hop that is lost has an empty `issued_by`.
    pub chain: Vec<Hop>,
    /// One of `proven`, `attested`, `ambiguous`, `claimed`, `unknown`: the best that the delivered records allow.
    pub certainty: &'static str,
    /// Actor ids that fit equally well; not empty for `ambiguous` only, the true one among them.
    pub candidates: Vec<String>,
    /// Where the delivered records lose sight of the actor; none where the act is [`Act::named`].
    pub gap: Option<Gap>,
    /// What callers chose to be called, from where the delivered records end to the call; empty where the act is [`Act::named`].
    pub claims: BTreeSet<Claim>,
    /// Who stands behind a machine that acted; empty where nobody is in the logs. One entry that is `probable`, or several that are
    /// `ambiguous`.
    pub caused_by: Vec<Cause>,
    /// The agent or application that acted for the actor.
    pub via: Option<Via>,
    /// Actor ids and names that must never be answered at `proven` or `attested`.
    pub not: Vec<String>,
}

impl Act {
    /// Whether the delivered records allow an answer that names [`Act::actor`].
    pub fn named(&self) -> bool {
        matches!(self.certainty, "proven" | "attested")
    }
}

/// A delivered record, as it was made: handed out one by one ([`crate::run_noting`]), since all of them are as many as the logs.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub event_id: String,
    pub event_time: jiff::Timestamp,
    pub event_source: String,
    pub event_name: String,
    pub recipient_account_id: String,
    pub aws_region: String,
    pub read_only: bool,
    pub error_code: Option<String>,
    pub source_ip_address: String,
    pub user_agent: String,
    /// Whether a service made it in the caller's name, or in its own.
    pub by_service: bool,
    /// The key that it was made with.
    pub access_key_id: Option<String>,
    /// Whether this is another account's copy of a call that the caller's own account recorded as well.
    pub is_copy: bool,
    /// Who made it; none where that is no one whom the simulation follows: AWS by itself, and Identity Center's own records.
    pub caller: Option<Caller>,
}

impl Call {
    /// Whether it was to change something, and is no part of a sign-in.
    pub fn is_change(&self) -> bool {
        !self.read_only && self.event_source != "signin.amazonaws.com"
    }
}

/// Who made a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// In truth, whatever the delivered records say.
    pub actor: Actor,
    /// As of [`Act::certainty`].
    pub certainty: &'static str,
    /// What IAM says made the request: an ARN; of a service its principal.
    pub principal: String,
    /// When the session was opened; none of long-lived credentials and of services.
    pub opened: Option<jiff::Timestamp>,
    /// The permission set by which the actor came in, as far as the delivered records lead back to it.
    pub permission_set: Option<String>,
    /// Whether a second factor was used.
    pub mfa: bool,
}

impl Caller {
    /// Whether the delivered records allow an answer that names [`Caller::actor`].
    pub fn named(&self) -> bool {
        matches!(self.certainty, "proven" | "attested")
    }
}

/// A session of which the records do not say who opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The session's ARN.
    pub session_arn: String,
    /// The event that was left out of the logs: its name, an account in whose log it would be, its time. None where it is there, and
    /// another fits as well.
    pub lost: Option<(&'static str, String, jiff::Timestamp)>,
}

/// A value that a caller chose, in the delivered records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// `role_session_name`, `source_identity` or `session_tag`.
    pub source: &'static str,
    pub value: String,
}

/// Somebody behind a machine's act.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    pub actor: Actor,
    /// `probable` or `ambiguous`: the best that the delivered records allow.
    pub certainty: &'static str,
    /// Event ids of what was done.
    pub evidence: Vec<String>,
}

/// What acted in an actor's name.
#[derive(Clone, Debug, PartialEq)]
pub struct Via {
    /// `agent` or `application`.
    pub kind: &'static str,
    /// The agent's address, or the application's ARN.
    pub id: String,
}

/// An actor by the contract's kinds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Actor {
    /// `sso_user`, `iam_user`, `root_user`, `saml_user`, `oidc_user`, `pipeline`, `workload`, `aws_service`,
    /// `external_account`.
    pub kind: &'static str,
    pub id: String,
    /// A person's display name: only a directory knows it, no record holds it.
    pub name: Option<String>,
    /// Where the identity lives: the identity store's account for an SSO user, the provider's for SAML and OIDC.
    pub account_id: Option<String>,
    /// SAML: the provider's ARN. OIDC: the issuer without `https://`.
    pub provider: Option<String>,
    /// The Identity Center user id of an SSO user, as `onBehalfOf` has it. Not every chain carries it.
    pub identity_store_user_id: Option<String>,
    /// `owner/name` without immutable ids.
    pub repository: Option<String>,
    /// The contract's `ref`: `refs/heads/main`.
    pub git_ref: Option<String>,
    pub environment: Option<String>,
}

/// A credential session of a chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hop {
    /// `role_session`, `session_token`, `federated_user`, `console_session`, `oauth_session`, `root_session`.
    pub kind: &'static str,
    /// With its path, as in `sessionIssuer.arn`.
    pub role_arn: Option<String>,
    pub session_name: Option<String>,
    /// The key seen on the next event of the chain, which need not be the issued one.
    pub access_key_id: Option<String>,
    /// The tags in force, inherited transitive ones included.
    pub session_tags: BTreeMap<String, String>,
    /// Keys of the tags that an identity provider asserted.
    pub asserted_tag_keys: BTreeSet<String>,
    pub source_identity: Option<String>,
    /// Every recorded copy of the issuing event, the caller's first; empty where lost, or where none exists.
    pub issued_by: Vec<String>,
    /// Recorded events that belong to the same issue without being it: `GetRoleCredentials`, `SwitchRole`.
    pub related: Vec<String>,
    /// The first AWS-written value that joins the session to `issued_by`; none where that is empty.
    pub link: Option<&'static str>,
}

/// Something to ask, with the change that must come out as the newest.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    pub thing: String,
    /// Index into [`Ledger::acts`].
    pub act: usize,
    /// Why somebody asks, as a sentence.
    pub why: String,
}
