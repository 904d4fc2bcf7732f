//! An answer and the ledger's truth about an act in; what differs, and the figures, out.

use crate::world::World;
use identity::{Actor, Cause, Certainty, Credential, Resolution, SessionKey};
use simulate::{Act, Hop};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// Figures over all worlds judged, and every difference.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) seeds: usize,
    pub(crate) events: usize,
    pub(crate) hostile: usize,
    pub(crate) acts: usize,
    /// Acts whose whole chain is in the logs, and those of them that were proven.
    pub(crate) complete: usize,
    pub(crate) proven: usize,
    pub(crate) wrong_names: usize,
    /// Acts of machines whose cause is in the logs, and those of them for which all of it was found.
    pub(crate) caused: usize,
    pub(crate) found: usize,
    /// Those told to be the likely cause who are not.
    pub(crate) wrong_causes: usize,
    /// Events on which the plain second opinion was asked, and those of them with one way back, by keys all along.
    pub(crate) compared: usize,
    pub(crate) plain: usize,
    pub(crate) wrong: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} seeds, {} events ({} hostile), {} acts; {} wrong names; {} of {} complete chains proven; {} of {} causes found, {} wrong; {} events compared, {} of them plain; {} differences",
            self.seeds,
            self.events,
            self.hostile,
            self.acts,
            self.wrong_names,
            self.proven,
            self.complete,
            self.found,
            self.caused,
            self.wrong_causes,
            self.compared,
            self.plain,
            self.wrong.len()
        )
    }
}

impl Verdict {
    pub(crate) fn judge(&mut self, world: &World) {
        self.seeds += 1;
        self.events += world.ledger.records - world.ledger.duplicates;
        self.hostile += world.ledger.hostile;
        for act in &world.ledger.acts {
            self.acts += 1;
            let asked = &world.acts[&act.event_id];
            let resolution = world.resolve(asked);
            let mut differs = Vec::new();
            grade(act, &resolution, &mut differs);
            chain(act, &resolution.chain, &mut differs);
            via(act, &resolution, &mut differs);
            self.causes(act, &world.graph.caused_by(asked, &world.causes).causes, &mut differs);
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

impl Verdict {
    /// Whether every answer, of whatever event, is among those that a plain walk over the records finds possible.
    pub(crate) fn compare(&mut self, world: &World) {
        let mut answers: HashMap<&SessionKey, Resolution> = HashMap::new();
        for (event_id, session) in &world.sessions {
            let resolution = answers.entry(session).or_insert_with(|| world.graph.resolve(session));
            let could = world.oracle.could(event_id);
            let named = resolution.actor.id().filter(|_| resolution.certainty >= Certainty::Attested);
            // An instance by its id, wherever it was seen.
            let short = |id: &str| if id.contains(":ec2:") { id.rsplit('/').next().unwrap_or(id).to_owned() } else { id.to_owned() };
            let named = named.map(|id| (resolution.actor.kind(), short(id)));
            self.compared += 1;
            let plain = could.by_keys && could.names.len() == 1;
            self.plain += usize::from(plain);
            let possible = named.as_ref().is_none_or(|named| could.names.contains(named));
            let gone = !plain || named.as_ref() == could.names.first() && resolution.certainty == Certainty::Proven;
            if !possible || !gone {
                self.wrong.push(format!("event {event_id}: {named:?} and not one of {:?}", could.names));
            }
        }
    }

    fn causes(&mut self, act: &Act, found: &[Cause], differs: &mut Vec<String>) {
        let is = |cause: &Cause, truth: &simulate::Cause| {
            (cause.actor.kind(), cause.actor.id()) == (truth.actor.kind, Some(truth.actor.id.as_str()))
        };
        let told = |truth: &simulate::Cause| {
            let evidence = |cause: &&Cause| truth.evidence.iter().all(|id| cause.evidence.contains(id));
            found.iter().filter(evidence).any(|cause| is(cause, truth) && cause.certainty.word() == truth.certainty)
        };
        let likely = found.iter().filter(|cause| cause.certainty >= Certainty::Probable);
        let wrong = likely.filter(|cause| !act.caused_by.iter().any(|truth| is(cause, truth))).count();
        self.wrong_causes += wrong;
        if !act.caused_by.is_empty() {
            self.caused += 1;
            self.found += usize::from(act.caused_by.iter().all(told));
        }
        if wrong > 0 || !act.caused_by.iter().all(told) || found.iter().any(|cause| cause.certainty > Certainty::Probable) {
            differs.push(format!("caused by {found:?} and not {:?}", act.caused_by));
        }
    }
}

fn via(act: &Act, resolution: &Resolution, differs: &mut Vec<String>) {
    let found = resolution.via.as_ref().map(|via| (via.kind, via.id.as_str()));
    let truth = act.via.as_ref().map(|via| (via.kind, via.id.as_str()));
    if found != truth {
        differs.push(format!("via {found:?} and not {truth:?}"));
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
        // What somebody outside was called is all that is known of them.
        if (!resolution.claims.is_empty() && act.actor.kind != "external_account") || !resolution.candidates.is_empty() {
            differs.push(format!("named, and yet {:?} and {:?}", resolution.claims, resolution.candidates));
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
    let claimed: BTreeSet<(&str, &str)> = resolution.claims.iter().map(|claim| (claim.source, claim.value.as_str())).collect();
    if claimed != act.claims.iter().map(|claim| (claim.source, claim.value.as_str())).collect() {
        differs.push(format!("claims are {claimed:?} and not {:?}", act.claims));
    }
    gap(act, resolution, differs);
}

/// Where the chain ends, why, and which record would close it: that one was left out of the logs.
fn gap(act: &Act, resolution: &Resolution, differs: &mut Vec<String>) {
    let (Some(found), Some(truth), Some(_)) = (&resolution.gap, &act.gap, &resolution.reason) else {
        differs.push(format!("gap is {:?} and not {:?}, for {:?}", resolution.gap, act.gap, resolution.reason));
        return;
    };
    let needs = |word: &str| found.needs.contains(word);
    let closes = truth.lost.as_ref().is_none_or(|(name, account, time)| needs(name) && needs(account) && needs(&time.to_string()));
    if found.at != truth.session_arn || found.why.is_empty() || found.needs.is_empty() || !closes {
        differs.push(format!("gap is {found:?} and not {truth:?}"));
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
    let asserted: BTreeSet<String> = credential.asserted_tag_keys.iter().cloned().collect();
    if whole && asserted != hop.asserted_tag_keys || !asserted.is_subset(&hop.asserted_tag_keys) {
        differs.push(format!("asserted tags are {asserted:?} and not {:?}", hop.asserted_tag_keys));
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
