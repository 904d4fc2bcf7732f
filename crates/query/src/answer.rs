//! An answer, in the shape that programs rely on.

use crate::hits::{Event, Hit};
use event::time::rfc3339;
use identity::{Actor, Certainty, Credential, Resolution};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What was found of a question.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// `whodid.answer/v1`, or that of another verb.
    pub schema: String,
    /// What was asked.
    pub subject: Subject,
    /// Who changed it, newest first.
    pub changes: Vec<Change>,
    /// Denied and failed calls left out.
    pub attempts: u64,
    /// Calls that only read, left out.
    pub reads: u64,
    /// Whether there are more than were asked for.
    pub truncated: bool,
    /// What the logs could have shown.
    pub coverage: Coverage,
}

/// What was asked, and what it stands for in the logs.
#[derive(Debug, Clone, Serialize)]
pub struct Subject {
    /// As it was asked.
    pub value: String,
    /// `resource`, `event`, `access_key`, `unique_id`, `principal` or `session`.
    pub kind: &'static str,
    /// The ARNs, or other ids, that it stands for.
    pub matched: Vec<String>,
}

/// The span of the logs, and its holes.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// Where the window begins.
    pub from: Option<String>,
    /// Where it ends.
    pub until: Option<String>,
    /// Whether nothing can be missing in it.
    pub complete: bool,
    /// What may be missing.
    pub gaps: Vec<CoverageGap>,
    /// What CloudTrail's event history was asked besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveCoverage>,
}

/// What CloudTrail's event history (`LookupEvents`) was asked for an answer: one account and region, and what it cannot show.
#[derive(Debug, Clone, Serialize)]
pub struct LiveCoverage {
    /// Whose event history.
    pub account_id: String,
    /// Where.
    pub aws_region: String,
    /// From when all that it has of what was looked up is here.
    pub from: String,
    /// Until when.
    pub until: String,
    /// Whether there was a lake to add it to.
    pub with_lake: bool,
    /// What was looked up.
    pub lookups: Vec<LiveLookup>,
    /// Events that it gave.
    pub events: u64,
    /// Those of them that the lake has as well, or that came twice.
    pub duplicate: u64,
    /// Those of them that could not be understood.
    pub rejected: u64,
    /// Requests that this took.
    pub requests: u64,
    /// What it does not show, in words.
    pub lacks: Vec<String>,
}

/// One lookup.
#[derive(Debug, Clone, Serialize)]
pub struct LiveLookup {
    /// `ResourceName`, `EventId`, `AccessKeyId`, `Username`, `EventName`; none for all events of a time.
    pub attribute: Option<String>,
    /// Its value.
    pub value: Option<String>,
    /// From when.
    pub from: String,
    /// Until when.
    pub until: String,
    /// Events found.
    pub events: u64,
    /// Whether that is all there is; else `from` is the time of the oldest one that was fetched.
    pub complete: bool,
}

impl Coverage {
    /// Says why nothing found proves nothing, though the logs are whole.
    pub(crate) fn doubt(&mut self, why: &str) {
        self.complete = false;
        let (from, until) = (self.from.clone(), self.until.clone());
        self.gaps.push(CoverageGap { account_id: String::new(), aws_region: String::new(), from, until, why: why.to_owned() });
    }
}

/// A span in which something may be missing.
#[derive(Debug, Clone, Serialize)]
pub struct CoverageGap {
    /// Whose trail.
    pub account_id: String,
    /// Where.
    pub aws_region: String,
    /// From when.
    pub from: Option<String>,
    /// Until when.
    pub until: Option<String>,
    /// Why it is not known to be whole.
    pub why: String,
}

/// One call, and who made it.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// `eventID`.
    pub event_id: String,
    /// `eventTime`.
    pub event_time: String,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// `recipientAccountId`.
    pub recipient_account_id: String,
    /// `awsRegion`.
    pub aws_region: String,
    /// `readOnly`.
    pub read_only: bool,
    /// `errorCode`.
    pub error_code: Option<String>,
    /// ARNs of what the call was about.
    pub resources: Vec<String>,
    /// Whether the call was about what was asked, rather than naming it in passing.
    pub about: bool,
    /// How surely the actor is known.
    pub certainty: &'static str,
    /// Why no more surely.
    pub reason: Option<String>,
    /// Who.
    pub actor: Value,
    /// Sessions from the actor to the call.
    pub chain: Vec<Chain>,
    /// An agent or application that acted for the actor.
    pub via: Option<String>,
    /// Values that a caller chose.
    pub claims: Vec<Claim>,
    /// Who it could be, where there are several.
    pub candidates: Vec<Candidate>,
    /// Where the chain ends.
    pub gap: Option<Gap>,
    /// Who stands behind a machine, the likelier first.
    pub caused_by: Vec<CausedBy>,
    /// Ids of the other accounts' copies of the same call.
    pub copies: Vec<String>,
    /// The run of a tool that it is part of, where a list of one actor's calls was asked for.
    pub run: Option<Run>,
    /// What it did to the attribute, where one was asked about.
    pub attribute: Option<AttributeChange>,
    /// Where the record lies.
    pub evidence: Evidence,
}

/// What a call did to an attribute of a thing; of one that failed, what it would have done.
#[derive(Debug, Clone, Serialize)]
pub struct AttributeChange {
    /// As it was asked for.
    pub path: String,
    /// What it left; none where it took it away.
    pub value: Option<String>,
    /// What was there before, where an earlier call in the answer's window says so.
    pub before: Option<String>,
}

/// A credential session.
#[derive(Debug, Clone, Serialize)]
pub struct Chain {
    /// Its kind.
    pub kind: &'static str,
    /// The role, with its path.
    pub role_arn: Option<String>,
    /// The session's name.
    pub session_name: Option<String>,
    /// The key used.
    pub access_key_id: Option<String>,
    /// The source identity in force.
    pub source_identity: Option<String>,
    /// The tags in force.
    pub session_tags: Map<String, Value>,
    /// Keys of those that an identity provider asserted; callers set the others.
    pub asserted_tag_keys: Vec<String>,
    /// `mfaAuthenticated`.
    pub mfa: Option<bool>,
    /// The event that issued it.
    pub issued_by: Option<IssuedBy>,
}

/// The event that issued a session.
#[derive(Debug, Clone, Serialize)]
pub struct IssuedBy {
    /// Every recorded copy.
    pub event_ids: Vec<String>,
    /// `eventName`.
    pub event_name: String,
    /// `eventTime`.
    pub event_time: String,
    /// The value that joins it.
    pub link: &'static str,
    /// Where each copy lies, for a person to check.
    pub evidence: Vec<Evidence>,
}

/// A value that a caller chose.
#[derive(Debug, Clone, Serialize)]
pub struct Claim {
    /// What.
    pub value: String,
    /// Where it stood.
    pub source: &'static str,
}

/// One of several that fit.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// Who.
    pub actor: Value,
    /// Why.
    pub why: String,
    /// Which events say so.
    pub evidence: Vec<String>,
}

/// What a tool did in one go, as far as the answer has it.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// `eventID` of its first change.
    pub id: String,
    /// `terraform`, `opentofu` or `cloudformation`.
    pub tool: &'static str,
    /// How many changes.
    pub changes: u64,
    /// Time of the first.
    pub from: String,
    /// Time of the last.
    pub until: String,
    /// How many of each `eventName`.
    pub event_names: BTreeMap<String, u64>,
    /// The accounts in which they were made.
    pub accounts: BTreeSet<String>,
}

/// Somebody behind a machine's act.
#[derive(Debug, Clone, Serialize)]
pub struct CausedBy {
    /// Who.
    pub actor: Value,
    /// `probable` at most.
    pub certainty: &'static str,
    /// What was done, in words.
    pub why: String,
    /// Which events say so.
    pub evidence: Vec<String>,
    /// Where each of them lies, for a person to check.
    pub records: Vec<Evidence>,
}

/// Where a chain ends.
#[derive(Debug, Clone, Serialize)]
pub struct Gap {
    /// At which session or account.
    pub at: String,
    /// Why.
    pub why: String,
    /// Which log would close it.
    pub needs: String,
}

/// Where a record lies.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Evidence {
    /// The event, where it is not plain from what is around.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Address of the object.
    pub object: String,
    /// Place in it, from 0.
    pub record: u64,
    /// SHA-256 of the uncompressed object.
    pub sha256: String,
    /// What the digests say of it.
    pub integrity: &'static str,
}

/// `actor` as programs read it.
pub(crate) fn actor(actor: &Actor) -> Value {
    let text = |value: Option<&str>| value.map_or(Value::Null, Value::from);
    let mut map = Map::new();
    map.insert("kind".into(), actor.kind().into());
    map.insert("id".into(), text(actor.id()));
    map.insert("name".into(), Value::Null);
    map.insert("account_id".into(), text(actor.account_id()));
    map.insert("provider".into(), text(actor.provider()));
    match actor {
        Actor::SsoUser { user_id, identity_store_arn, .. } => {
            map.insert("identity_store_user_id".into(), text(user_id.as_deref()));
            map.insert("identity_store_arn".into(), text(identity_store_arn.as_deref()));
        }
        Actor::Pipeline(pipeline) => {
            for (name, value) in &pipeline.parts {
                map.insert((*name).into(), value.as_str().into());
            }
        }
        _ => {}
    }
    Value::Object(map)
}

impl Change {
    /// Puts together what was found of a call and of its caller.
    pub(crate) fn of(hit: &Hit, event: &Event, copies: Vec<String>, resolution: &Resolution, evidence: Evidence) -> Self {
        let named = resolution.certainty >= Certainty::Probable;
        Self {
            event_id: event.event_id.clone(),
            event_time: rfc3339(hit.event_time),
            event_source: event.event_source.clone(),
            event_name: event.event_name.clone(),
            recipient_account_id: hit.recipient_account_id.clone(),
            aws_region: hit.aws_region.clone(),
            read_only: hit.read_only,
            error_code: event.error_code.clone(),
            resources: event.resource_arns.clone(),
            about: hit.exact,
            certainty: resolution.certainty.word(),
            reason: resolution.reason.clone(),
            actor: actor(if named { &resolution.actor } else { &Actor::Unknown }),
            chain: resolution.chain.iter().map(chain).collect(),
            via: resolution.via.as_ref().map(ToString::to_string),
            claims: resolution.claims.iter().map(|claim| Claim { value: claim.value.clone(), source: claim.source }).collect(),
            candidates: resolution
                .candidates
                .iter()
                .map(|candidate| Candidate {
                    actor: actor(&candidate.actor),
                    why: candidate.why.clone(),
                    evidence: candidate.evidence.clone(),
                })
                .collect(),
            gap: resolution.gap.as_ref().map(|gap| Gap { at: gap.at.clone(), why: gap.why.clone(), needs: gap.needs.clone() }),
            caused_by: Vec::new(),
            copies,
            run: None,
            attribute: None,
            evidence,
        }
    }
}

pub(crate) fn chain(credential: &Credential) -> Chain {
    Chain {
        kind: credential.kind,
        role_arn: credential.role_arn.clone(),
        session_name: credential.session_name.clone(),
        access_key_id: credential.access_key_id.clone(),
        source_identity: credential.source_identity.clone(),
        session_tags: credential.session_tags.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect(),
        asserted_tag_keys: credential.asserted_tag_keys.clone(),
        mfa: credential.mfa,
        issued_by: credential.issued_by.as_ref().map(|issued| IssuedBy {
            event_ids: issued.event_ids.clone(),
            event_name: issued.event_name.clone(),
            event_time: rfc3339(issued.event_time),
            link: issued.link.word(),
            evidence: Vec::new(),
        }),
    }
}
