//! An answer and the ledger's truth about an act in; what differs, and the figures, out.

use crate::world::World;
use identity::{Actor, Certainty, Credential, Resolution};
use simulate::{Act, Hop};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Figures over all worlds judged, and every difference.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) seeds: usize,
    pub(crate) events: usize,
    pub(crate) acts: usize,
    /// Acts whose whole chain is in the logs, and those of them that were proven.
    pub(crate) complete: usize,
    pub(crate) proven: usize,
    pub(crate) wrong_names: usize,
    pub(crate) wrong: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} seeds, {} events, {} acts; {} wrong names; {} of {} complete chains proven; {} differences",
            self.seeds,
            self.events,
            self.acts,
            self.wrong_names,
            self.proven,
            self.complete,
            self.wrong.len()
        )
    }
}

impl Verdict {
    pub(crate) fn judge(&mut self, world: &World) {
        self.seeds += 1;
        self.events += world.ledger.records - world.ledger.duplicates;
        for act in &world.ledger.acts {
            self.acts += 1;
            let resolution = world.graph.resolve(&world.sessions[&act.event_id]);
            let mut differs = Vec::new();
            grade(act, &resolution, &mut differs);
            chain(act, &resolution.chain, &mut differs);
            if act.certainty == "proven" {
                self.complete += 1;
                self.proven += usize::from(resolution.certainty == Certainty::Proven);
            }
            if is_wrong_name(act, &resolution) {
                self.wrong_names += 1;
                differs.push(format!("WRONG NAME {:?}", resolution.actor));
            }
            let seed = self.seeds;
            self.wrong.extend(differs.into_iter().map(|line| format!("world {seed} [{}] {}: {line}", act.story, act.event_id)));
        }
    }
}

/// Somebody named at `proven` or `attested` who is not who it was.
fn is_wrong_name(act: &Act, resolution: &Resolution) -> bool {
    let Some(id) = resolution.actor.id().filter(|_| resolution.certainty >= Certainty::Attested) else { return false };
    act.not.iter().any(|not| not == id) || (resolution.actor.kind(), id) != (act.actor.kind, act.actor.id.as_str())
}

fn grade(act: &Act, resolution: &Resolution, differs: &mut Vec<String>) {
    // Whether a name that a caller chose says anything at all is the reader's to judge.
    let open = |word: &str| matches!(word, "claimed" | "unknown");
    let word = resolution.certainty.word();
    if word != act.certainty && !(open(word) && open(act.certainty)) {
        differs.push(format!("{word} and not {}", act.certainty));
    }
    if act.named() {
        let told = (resolution.actor.kind(), resolution.actor.id().unwrap_or(""));
        if told != (act.actor.kind, act.actor.id.as_str()) || resolution.actor.provider() != act.actor.provider.as_deref() {
            differs.push(format!("{:?} and not {:?}", resolution.actor, act.actor));
        }
        let parts = |name: &str| match &resolution.actor {
            Actor::Pipeline(pipeline) => pipeline.parts.iter().find(|(part, _)| *part == name).map(|(_, value)| value.as_str()),
            _ => None,
        };
        for (name, truth) in [("repository", &act.actor.repository), ("ref", &act.actor.git_ref), ("environment", &act.actor.environment)] {
            if parts(name) != truth.as_deref() {
                differs.push(format!("{name} is {:?} and not {truth:?}", parts(name)));
            }
        }
        return;
    }
    if resolution.actor != Actor::Unknown {
        differs.push(format!("{:?} though the logs do not say who", resolution.actor));
    }
    let found: BTreeSet<&str> = resolution.candidates.iter().filter_map(|candidate| candidate.actor.id()).collect();
    if found != act.candidates.iter().map(String::as_str).collect() {
        differs.push(format!("candidates are {found:?} and not {:?}", act.candidates));
    }
    let gap = resolution.gap.as_ref().is_some_and(|gap| [&gap.at, &gap.why, &gap.needs].iter().all(|text| !text.is_empty()));
    if !gap || resolution.reason.is_none() {
        differs.push("no gap that says where, why and what would close it".to_owned());
    }
}

/// A proven chain is the whole truth; any other one is its end, as far as the logs reach.
fn chain(act: &Act, found: &[Credential], differs: &mut Vec<String>) {
    // SwitchRole names the user whom it came from, and not the sign-in.
    let before = usize::from(act.chain.len() > 1 && act.chain[1].link == Some("switch_role") && found.len() < act.chain.len());
    if act.certainty == "proven" && found.len() + before != act.chain.len() || found.len() > act.chain.len() {
        differs.push(format!("{} sessions and not {}", found.len(), act.chain.len()));
        return;
    }
    for (back, (credential, hop)) in found.iter().rev().zip(act.chain.iter().rev()).enumerate() {
        let mut of_session = Vec::new();
        session(act, credential, hop, &mut of_session);
        differs.extend(of_session.into_iter().map(|line| format!("session {back} from the call: {line}")));
    }
}

fn session(act: &Act, credential: &Credential, hop: &Hop, differs: &mut Vec<String>) {
    for (name, found, truth) in [
        ("kind", Some(credential.kind), Some(hop.kind)),
        ("role_arn", credential.role_arn.as_deref(), hop.role_arn.as_deref()),
        ("session_name", credential.session_name.as_deref(), hop.session_name.as_deref()),
        ("access_key_id", credential.access_key_id.as_deref(), hop.access_key_id.as_deref()),
        ("source_identity", credential.source_identity.as_deref(), hop.source_identity.as_deref()),
    ] {
        if found != truth {
            differs.push(format!("{name} is {found:?} and not {truth:?}"));
        }
    }
    let tags: BTreeMap<String, String> = credential.session_tags.iter().cloned().collect();
    let whole = act.certainty == "proven";
    if whole && tags != hop.session_tags || !tags.iter().all(|tag| hop.session_tags.get(tag.0) == Some(tag.1)) {
        differs.push(format!("tags are {tags:?} and not {:?}", hop.session_tags));
    }
    // Two issues that fit one session: none is told to be the one.
    if act.certainty == "ambiguous" {
        return;
    }
    let by = credential.issued_by.as_ref();
    let found: BTreeSet<&str> = by.into_iter().flat_map(|by| &by.event_ids).map(String::as_str).collect();
    let truth: BTreeSet<&str> = hop.issued_by.iter().map(String::as_str).collect();
    if found != truth {
        differs.push(format!("issued by {found:?} and not {truth:?}"));
    } else if !truth.is_empty() && by.map(|by| by.link.word()) != hop.link {
        differs.push(format!("link is {:?} and not {:?}", by.map(|by| by.link.word()), hop.link));
    }
}
