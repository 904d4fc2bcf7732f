//! Who stands behind a machine: what events tell of how it came to act, and whom that leads to.
//!
//! [`CauseFact::of`] reads from one event who launched, changed, triggered or started what; [`CauseFacts`] holds such facts by what they
//! are about; [`Graph::caused_by`](crate::Graph::caused_by) goes from an act of a machine to the people and pipelines behind it.
//!
//! A machine stays the actor: what stands behind it is evidence, never better than [`Certainty::Probable`], and that only where one
//! candidate is left and AWS's own values tie the machine to what the candidate did. Time alone ties nothing. A failed call is no cause.

mod find;
mod marks;
mod read;

use crate::actor::Actor;
use crate::resolution::Certainty;
use crate::session::{Identity, SessionKey};
use event::Event;
use std::collections::{BTreeMap, BTreeSet};

pub use find::{CAUSE_HOPS_MAX, LEADS_MAX};

/// What an event did to a machine, or to what drives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    /// Made it: what was known under its name before is of another.
    Made,
    /// Launched an instance or a task.
    Launched,
    /// Changed the code, image or user data that it runs; of a task's role: registered a task definition with it, of the family in the detail.
    ChangedCode,
    /// Showed which code it runs, without changing it; the detail is the code's hash, as it is of what made or changed code.
    ShowedCode,
    /// Changed the settings under which it runs.
    ChangedSettings,
    /// Took it away: what comes later under its name is another.
    Removed,
    /// Gave an instance its role.
    GaveRole,
    /// Set what starts a function; the detail is a rule's key where one does.
    Triggered,
    /// Set when a rule fires.
    ChangedRule,
    /// Started a build or an automation.
    Started,
    /// Opened a shell on an instance; the detail is the Session Manager session's id, where it is one.
    OpenedShell,
    /// Closed a shell.
    ClosedShell,
    /// Sent a command to an instance.
    SentCommand,
    /// Began an operation on a stack; the detail is the stack's ARN or name.
    StackOperation,
    /// Told which role a stack's operations use, without beginning one.
    PreparedStack,
    /// Began an operation on a stack set; the detail is its name.
    StackSetOperation,
    /// Changed what an Auto Scaling group launches, or when.
    ChangedGroup,
    /// Asked an Auto Scaling group for another number of instances.
    ResizedGroup,
    /// Gave a service a role; the detail is the service.
    PassedRole,
    /// Had a resource deleted at a later time.
    ScheduledRemoval,
    /// Took such a deletion back.
    CancelledRemoval,
    /// Changed who may enter an account by which permission set; the detail is the permission set's ARN.
    Assigned,
    /// Named a permission set; the detail is its name.
    NamedPermissionSet,
}

impl CauseKind {
    /// Every kind, in order: each stands at the place that is its number.
    pub const ALL: [Self; 23] = [
        Self::Made,
        Self::Launched,
        Self::ChangedCode,
        Self::ShowedCode,
        Self::ChangedSettings,
        Self::Removed,
        Self::GaveRole,
        Self::Triggered,
        Self::ChangedRule,
        Self::Started,
        Self::OpenedShell,
        Self::ClosedShell,
        Self::SentCommand,
        Self::StackOperation,
        Self::PreparedStack,
        Self::StackSetOperation,
        Self::ChangedGroup,
        Self::ResizedGroup,
        Self::PassedRole,
        Self::ScheduledRemoval,
        Self::CancelledRemoval,
        Self::Assigned,
        Self::NamedPermissionSet,
    ];

    /// A word to store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Launched => "launched",
            Self::ChangedCode => "changed_code",
            Self::ShowedCode => "showed_code",
            Self::ChangedSettings => "changed_settings",
            Self::Removed => "removed",
            Self::GaveRole => "gave_role",
            Self::Triggered => "triggered",
            Self::ChangedRule => "changed_rule",
            Self::Started => "started",
            Self::OpenedShell => "opened_shell",
            Self::ClosedShell => "closed_shell",
            Self::SentCommand => "sent_command",
            Self::StackOperation => "stack_operation",
            Self::PreparedStack => "prepared_stack",
            Self::StackSetOperation => "stack_set_operation",
            Self::ChangedGroup => "changed_group",
            Self::ResizedGroup => "resized_group",
            Self::PassedRole => "passed_role",
            Self::ScheduledRemoval => "scheduled_removal",
            Self::CancelledRemoval => "cancelled_removal",
            Self::Assigned => "assigned",
            Self::NamedPermissionSet => "named_permission_set",
        }
    }

    /// The kind that a word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What one successful event tells of how a machine came to act.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseFact {
    /// What it is about, the same for whoever asks for it: facts are looked up by it.
    pub key: String,
    /// `eventTime`, microseconds since 1970.
    pub event_time: i64,
    /// What was done.
    pub kind: CauseKind,
    /// `eventID`.
    pub event_id: String,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`, as written.
    pub event_name: String,
    /// The account in whose trail it lies.
    pub recipient_account_id: String,
    /// `awsRegion`.
    pub aws_region: String,
    /// `sharedEventID`: the same in every account's copy.
    pub shared_event_id: Option<String>,
    /// The session that made the call.
    pub session: SessionKey,
    /// The role that was passed along.
    pub role_arn: Option<String>,
    /// What the kind says of it.
    pub detail: Option<String>,
    /// Tags that only AWS can write, on what the call made.
    pub marks: Vec<(String, String)>,
}

/// An act of which one asks what caused it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Act {
    /// `eventID`.
    pub event_id: String,
    /// `eventTime`, microseconds since 1970.
    pub event_time: i64,
    /// `eventName`.
    pub event_name: String,
    /// The account in whose trail it lies.
    pub recipient_account_id: String,
    /// `awsRegion`.
    pub aws_region: String,
    /// The session that made the call.
    pub session: SessionKey,
    /// ARNs of what the call was about.
    pub resources: Vec<String>,
    /// Tags that only AWS can write, on what the call made: see [`marks`].
    pub marks: Vec<(String, String)>,
}

impl Act {
    /// What `event` says of itself.
    pub fn of(event: &Event<'_>) -> Self {
        let exact = event.mentions.as_slice().iter().filter(|mention| mention.exact);
        let resources: BTreeSet<String> = exact.filter_map(|mention| mention.arn.as_deref().map(str::to_owned)).collect();
        Self {
            event_id: event.event_id.clone().into_owned(),
            event_time: event.event_time,
            event_name: event.event_name.clone().into_owned(),
            recipient_account_id: event.recipient_account_id.clone().into_owned(),
            aws_region: event.aws_region.clone().into_owned(),
            session: Identity::of(event).session(),
            resources: resources.into_iter().collect(),
            marks: marks(event.request),
        }
    }

    fn of_fact(fact: &CauseFact) -> Self {
        Self {
            event_id: fact.event_id.clone(),
            event_time: fact.event_time,
            event_name: fact.event_name.clone(),
            recipient_account_id: fact.recipient_account_id.clone(),
            aws_region: fact.aws_region.clone(),
            session: fact.session.clone(),
            resources: Vec::new(),
            marks: fact.marks.clone(),
        }
    }
}

pub use marks::marks;
pub use read::{Told, told};

/// Somebody behind a machine's act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Who.
    pub actor: Actor,
    /// `Probable` at most; `Ambiguous` where there are others, or time alone speaks for it; `Unknown` where nobody can be named.
    pub certainty: Certainty,
    /// What was done, in words.
    pub why: String,
    /// The events that say so.
    pub evidence: Vec<String>,
    /// The logs in which whatever would speak for somebody else lies: it is as sure as they are whole.
    pub rests_on: BTreeSet<LogSpan>,
}

/// The log of an account and region over a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogSpan {
    /// Whose.
    pub recipient_account_id: String,
    /// Where.
    pub aws_region: String,
    /// From when, microseconds since 1970.
    pub from: i64,
    /// Until when.
    pub until: i64,
}

/// What [`Graph::caused_by`](crate::Graph::caused_by) found, and what it looked for: whoever keeps facts elsewhere loads what is named
/// here and asks again, until nothing new is named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CausedBy {
    /// Those behind the act, the likelier first.
    pub causes: Vec<Cause>,
    /// Keys of [`CauseFact`]s that were looked up, found or not.
    pub keys: BTreeSet<String>,
    /// Sessions that were resolved.
    pub sessions: BTreeSet<SessionKey>,
}

/// Facts by what they are about. A set: order and repetition change nothing.
#[derive(Debug, Clone, Default)]
pub struct CauseFacts {
    by_key: BTreeMap<String, BTreeSet<CauseFact>>,
}

impl CauseFacts {
    /// Adds a fact.
    pub fn add(&mut self, fact: CauseFact) {
        self.by_key.entry(fact.key.clone()).or_default().insert(fact);
    }

    /// Facts of a key, by time.
    pub fn of(&self, key: &str) -> impl DoubleEndedIterator<Item = &CauseFact> {
        // The key is the first field by which facts are ordered, and time the second.
        self.by_key.get(key).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::CauseKind;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        let words: BTreeSet<&str> = CauseKind::ALL.into_iter().map(CauseKind::word).collect();
        assert_eq!(words.len(), CauseKind::ALL.len());
        for kind in CauseKind::ALL {
            assert_eq!(CauseKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(CauseKind::from_word("nothing"), None);
    }
}
