//! From a machine's act to those behind it.
//!
//! Gathers leads: calls that AWS's own values tie to the machine, each with the actor behind it, found by the same walk as any actor. A
//! lead that is a machine again is followed further. One actor left: probable; several, or time alone: each ambiguous.

use super::read::{plain_function, stack_sets};
use super::{Act, Cause, CauseFact, CauseFacts, CauseKind, CausedBy, LogSpan, marks};
use crate::actor::Actor;
use crate::arn::permission_set;
use crate::graph::Graph;
use crate::resolution::{Certainty, Resolution};
use std::collections::{BTreeMap, BTreeSet};

/// Machines behind machines, at most.
pub const CAUSE_HOPS_MAX: usize = 8;

/// Calls looked at for one act, at most; beyond it nobody is told to be the likely one.
pub const LEADS_MAX: usize = 64;

const SECOND: i64 = 1_000_000;

/// How long after its call a stack operation may still be under way: resources may be waited for half a day (CloudFormation User Guide,
/// `CreationPolicy` and `WaitCondition` timeouts, 12 hours).
const STACK_OPERATION_MICROS_MAX: i64 = 12 * 3_600 * SECOND;

/// How long after its call an operation is likely to be the one under way. No record says when one ends: later, another may have begun
/// of which there is none.
const STACK_OPERATION_MICROS_LIKELY: i64 = 3_600 * SECOND;

/// How long a shell may be open: Session Manager's longest session, 24 hours (Systems Manager User Guide, "maximum session duration").
const SHELL_MICROS_MAX: i64 = 24 * 3_600 * SECOND;

/// How long a command that was sent may run where nothing says otherwise (Systems Manager API Reference, `executionTimeout`).
const COMMAND_MICROS: i64 = 3_600 * SECOND;

/// How soon a group follows a call for another size, and Identity Center's own role one for an assignment.
const RESIZE_MICROS_MAX: i64 = 30 * 60 * SECOND;
const ASSIGNMENT_MICROS_MAX: i64 = 15 * 60 * SECOND;

/// Somebody who may stand behind the act.
#[derive(Clone)]
struct Lead {
    actor: Actor,
    certainty: Certainty,
    why: String,
    evidence: Vec<String>,
    /// Nothing but time ties it to the act.
    time_alone: bool,
    rests_on: BTreeSet<LogSpan>,
}

struct Search<'g> {
    graph: &'g Graph,
    facts: &'g CauseFacts,
    found: CausedBy,
    /// Events on the way from the act asked about.
    path: Vec<String>,
    looked_at: usize,
}

impl Graph {
    /// Who stands behind a machine's act; nobody where a person or pipeline acted, or where it is not known which machine did.
    pub fn caused_by(&self, act: &Act, facts: &CauseFacts) -> CausedBy {
        let mut search = Search { graph: self, facts, found: CausedBy::default(), path: Vec::new(), looked_at: 0 };
        search.found.sessions.insert(act.session.clone());
        let causes = search.causes(act, &self.resolve(&act.session));
        CausedBy { causes, ..search.found }
    }
}

impl<'g> Search<'g> {
    /// Who stands behind an act whose caller is known; nobody where that is no machine.
    fn causes(&mut self, act: &Act, caller: &Resolution) -> Vec<Cause> {
        self.path.push(act.event_id.clone());
        let leads = match &caller.actor {
            Actor::Workload { id, .. } => self.of_machine(act, id, caller),
            Actor::AwsService(service) => self.of_service(act, service, caller),
            _ => Vec::new(),
        };
        self.path.pop();
        combined(leads, self.looked_at > LEADS_MAX)
    }

    fn of_machine(&mut self, act: &Act, id: &str, resolution: &Resolution) -> Vec<Lead> {
        let since = began(act, resolution);
        let mut words = id.splitn(6, ':').skip(2);
        let (service, _, account, rest) = (words.next(), words.next(), words.next().unwrap_or(""), words.next().unwrap_or(""));
        match service {
            Some("ec2" | "ssm") => {
                let instance = rest.rsplit('/').next().unwrap_or("").to_owned();
                self.of_instance(act, &instance, account, since)
            }
            Some("lambda") => match plain_function(id) {
                Some(function) => self.of_function(act, &function, since),
                None => Vec::new(),
            },
            Some("ecs") => {
                let task = rest.rsplit('/').next().unwrap_or("").to_owned();
                self.of_task(act, &task, account, resolution)
            }
            _ => self.of_role(act, "eks", resolution),
        }
    }

    fn of_service(&mut self, act: &Act, service: &str, resolution: &Resolution) -> Vec<Lead> {
        let opened = resolution.chain.first();
        let name = opened.and_then(|session| session.session_name.as_deref()).unwrap_or("").to_owned();
        let role = opened.and_then(|session| session.role_arn.as_deref()).unwrap_or("").to_owned();
        let service = service.strip_suffix(".amazonaws.com").unwrap_or(service);
        match service {
            _ if service.ends_with("stacksets.cloudformation") || is_stack_sets(&role) => self.of_stack_set(act),
            "cloudformation" => self.of_stack(act, &role),
            "autoscaling" => self.of_group(act),
            "sso" => self.of_assignment(act),
            "codebuild" => self.of_started(act, name.strip_prefix("AWSCodeBuild-").unwrap_or(&name)),
            "ssm" if name.starts_with("Automation-") => self.of_started(act, name.trim_start_matches("Automation-")),
            _ => {
                let removal = self.of_removal(act);
                if removal.is_empty() { self.of_role(act, service, resolution) } else { removal }
            }
        }
    }

    /// Facts of a key from before the act, by time, the act itself and those on the way to it left out.
    fn before(&mut self, key: &str, act: &Act) -> Vec<&'g CauseFact> {
        self.found.keys.insert(key.to_owned());
        let (facts, path) = (self.facts, &self.path);
        facts.of(key).filter(|fact| fact.event_time <= act.event_time && !path.contains(&fact.event_id)).collect()
    }

    fn of_instance(&mut self, act: &Act, instance: &str, account: &str, since: i64) -> Vec<Lead> {
        let mut facts = self.before(instance, act);
        facts.retain(|fact| fact.recipient_account_id == account);
        let mut leads = self.each(act, latest(&facts, CauseKind::Launched), "launched this instance", false);
        for (kind, what) in [(CauseKind::GaveRole, "gave this instance its role"), (CauseKind::ChangedCode, "last changed its user data")] {
            leads.extend(self.each(act, in_effect(&facts, kind, since), what, false));
        }
        let open: Vec<&CauseFact> = facts.iter().copied().filter(|fact| self.is_open(fact, act)).collect();
        leads.extend(self.each(act, open, "had a shell open on this instance", true));
        let recent = |fact: &&CauseFact| fact.kind == CauseKind::SentCommand && act.event_time - fact.event_time <= COMMAND_MICROS;
        leads.extend(self.each(act, facts.iter().copied().filter(recent).collect(), "had sent this instance a command", true));
        leads
    }

    fn is_open(&mut self, shell: &CauseFact, act: &Act) -> bool {
        if shell.kind != CauseKind::OpenedShell || act.event_time - shell.event_time > SHELL_MICROS_MAX {
            return false;
        }
        let closed = shell.detail.as_deref().map(|session| self.before(session, act)).unwrap_or_default();
        // Ends are written in whole seconds: in its last one the shell may still have been used.
        !closed.iter().any(|end| end.kind == CauseKind::ClosedShell && end.event_time < act.event_time)
    }

    fn of_function(&mut self, act: &Act, function: &str, since: i64) -> Vec<Lead> {
        let mut facts = self.before(function, act);
        // A function made again under its name is another; what still ran of the one before is not.
        let ends_one = |fact: &&CauseFact| matches!(fact.kind, CauseKind::Made | CauseKind::Removed) && fact.event_time < since;
        let cut = facts.iter().rposition(ends_one).unwrap_or(0);
        facts.drain(..cut);
        facts.retain(|fact| fact.kind != CauseKind::Removed);
        let made = |fact: &&&CauseFact| matches!(fact.kind, CauseKind::Made | CauseKind::ChangedCode);
        let code: Vec<&CauseFact> = facts.iter().filter(made).copied().collect();
        let unseen = unseen_change(&facts, &code);
        let what = if unseen.is_some() { "changed the code of this function earlier" } else { "last changed the code of this function" };
        let mut leads = self.each(act, in_effect_of(&code, since), what, false);
        leads.extend(unseen);
        leads.extend(self.each(
            act,
            in_effect(&facts, CauseKind::ChangedSettings, since),
            "last changed the settings of this function",
            false,
        ));
        let mut triggers: BTreeMap<Option<&str>, &CauseFact> = BTreeMap::new();
        for trigger in facts.iter().filter(|fact| fact.kind == CauseKind::Triggered) {
            triggers.insert(trigger.detail.as_deref(), trigger);
        }
        for (rule, trigger) in triggers {
            leads.extend(self.each(act, vec![trigger], "set what starts this function", false));
            let rules = rule.filter(|rule| rule.starts_with("rule:")).map(|rule| self.before(rule, act)).unwrap_or_default();
            leads.extend(self.each(act, rules.last().copied().into_iter().collect(), "set when this function is started", false));
        }
        leads
    }

    fn of_task(&mut self, act: &Act, task: &str, account: &str, resolution: &Resolution) -> Vec<Lead> {
        let mut facts = self.before(task, act);
        facts.retain(|fact| fact.recipient_account_id == account);
        let mut leads = self.each(act, latest(&facts, CauseKind::Launched), "started this task", false);
        let role = resolution.chain.first().and_then(|session| session.role_arn.clone()).unwrap_or_default();
        let registered = self.before(&role, act);
        let mut families: BTreeMap<&str, &CauseFact> = BTreeMap::new();
        for definition in registered.iter().filter(|fact| fact.kind == CauseKind::ChangedCode) {
            families.insert(definition.detail.as_deref().unwrap_or(""), definition);
        }
        for (family, definition) in families {
            leads.extend(self.each(act, vec![definition], "registered the task definition that has this role", false));
            let deployed = self.before(&format!("family:{account}:{}:{family}", definition.aws_region), act);
            leads.extend(self.each(act, deployed.last().copied().into_iter().collect(), "deployed that task definition", false));
        }
        leads
    }

    /// The role of a service or pod, where nothing else says what it ran for: who handed the role over last.
    fn of_role(&mut self, act: &Act, service: &str, resolution: &Resolution) -> Vec<Lead> {
        let Some(role) = resolution.chain.first().and_then(|session| session.role_arn.clone()) else { return Vec::new() };
        let handed = self.before(&role, act);
        let fits = |fact: &&&CauseFact| {
            fact.kind == CauseKind::PassedRole && service.split(['.', '-']).any(|part| Some(part) == fact.detail.as_deref())
        };
        let handed: Vec<&CauseFact> = handed.iter().filter(fits).copied().collect();
        // More than one receiver may hold the role: each call counts.
        self.each(act, handed, "handed this role to the service", false)
    }

    fn of_started(&mut self, act: &Act, id: &str) -> Vec<Lead> {
        let facts = self.before(id, act);
        let mut leads = self.each(act, latest(&facts, CauseKind::Started), "started it", false);
        // An id is given out once: nobody else can have started it, but whatever drives a machine that did may be missing.
        leads.iter_mut().for_each(|lead| lead.rests_on.retain(|span| span.until < act.event_time));
        leads
    }

    /// The operation under way on the stack for which CloudFormation acted with a role of its own.
    fn of_stack(&mut self, act: &Act, role: &str) -> Vec<Lead> {
        let key = format!("stacks:{}:{}:", act.recipient_account_id, act.aws_region);
        // Calls to global services are recorded in us-east-1, wherever the stack is.
        let marked = act.marks.iter().find(|(name, _)| name == marks::STACK_ID).map(|(_, stack)| stack.clone());
        let home = marked.as_deref().and_then(|stack| stack.split(':').nth(3)).filter(|region| !region.is_empty());
        let key = home.map_or(key, |region| format!("stacks:{}:{region}:", act.recipient_account_id));
        let facts = self.before(&key, act);
        let mut stacks: BTreeMap<&str, Vec<&CauseFact>> = BTreeMap::new();
        for fact in facts {
            stacks.entry(stack_name(fact.detail.as_deref().unwrap_or(""))).or_default().push(fact);
        }
        if let Some(stack) = &marked {
            stacks.retain(|name, _| *name == stack_name(stack));
        }
        let mut leads = Vec::new();
        for operations in stacks.values() {
            // One operation runs on a stack at a time.
            let begun = |fact: &&&CauseFact| {
                fact.kind == CauseKind::StackOperation && act.event_time - fact.event_time <= STACK_OPERATION_MICROS_MAX
            };
            let begun: Vec<&CauseFact> = operations.iter().filter(begun).copied().collect();
            if marked.is_some() || may_use(operations, role) {
                let begun = in_effect_of(&begun, act.event_time);
                let (late, likely): (Vec<_>, Vec<_>) = begun.into_iter().partition(|fact| is_late(fact, act));
                leads.extend(self.each(act, likely, "began the operation under way on the stack", false));
                leads.extend(self.each(act, late, "began the last known operation on the stack, which may have ended since", true));
            }
        }
        leads
    }

    fn of_stack_set(&mut self, act: &Act) -> Vec<Lead> {
        let named = act.marks.iter().find(|(name, _)| name == "aws:cloudformation:stack-name").map(|(_, stack)| stack.clone());
        let mut facts = self.before(&stack_sets(None), act);
        facts.extend(self.before(&stack_sets(Some(&act.recipient_account_id)), act));
        facts.sort_by_key(|fact| (fact.event_time, &fact.event_id));
        facts.retain(|fact| fact.kind == CauseKind::StackSetOperation && act.event_time - fact.event_time <= STACK_OPERATION_MICROS_MAX);
        if let Some(set) = named.as_deref().and_then(stack_set_of) {
            facts.retain(|fact| fact.detail.as_deref() == Some(set));
        }
        let mut last: BTreeMap<Option<&str>, &CauseFact> = BTreeMap::new();
        for fact in facts {
            last.insert(fact.detail.as_deref(), fact);
        }
        let (late, likely): (Vec<_>, Vec<_>) = last.into_values().partition(|fact| is_late(fact, act));
        let mut leads = self.each(act, likely, "began the operation under way on the stack set", false);
        leads.extend(self.each(act, late, "began the last known operation on the stack set, which may have ended since", true));
        leads
    }

    /// What an Auto Scaling group was told: why it launches an instance just now is not recorded, so each of these is one of several.
    fn of_group(&mut self, act: &Act) -> Vec<Lead> {
        let Some((_, group)) = act.marks.iter().find(|(name, _)| name == marks::GROUP_NAME) else { return Vec::new() };
        let mut facts = self.before(&format!("group:{}:{}:{group}", act.recipient_account_id, act.aws_region), act);
        let cut = facts.iter().rposition(|fact| fact.kind == CauseKind::Removed).map_or(0, |at| at + 1);
        facts.drain(..cut);
        let recent = |fact: &&CauseFact| fact.kind == CauseKind::ResizedGroup && act.event_time - fact.event_time <= RESIZE_MICROS_MAX;
        let mut leads = self.each(act, facts.iter().copied().filter(recent).collect(), "asked the group for other instances", true);
        let mut standing: BTreeMap<Option<&str>, &CauseFact> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| fact.kind == CauseKind::ChangedGroup) {
            standing.insert(fact.detail.as_deref(), fact);
        }
        leads.extend(self.each(act, standing.into_values().collect(), "last set what the group launches", true));
        leads
    }

    /// Identity Center's own role makes, changes and removes roles of an account after the assignments of its permission sets changed.
    fn of_assignment(&mut self, act: &Act) -> Vec<Lead> {
        let set = act.resources.iter().find_map(|arn| reserved_set(arn)).map(str::to_owned);
        let mut facts = self.before(&format!("assignments:{}", act.recipient_account_id), act);
        facts.retain(|fact| act.event_time - fact.event_time <= ASSIGNMENT_MICROS_MAX);
        let mut leads = Vec::new();
        for fact in facts {
            let named = fact.detail.as_deref().map(|arn| self.before(arn, act)).unwrap_or_default();
            let name = named.iter().rfind(|name| name.kind == CauseKind::NamedPermissionSet).and_then(|name| name.detail.as_deref());
            let tied = set.is_some() && name == set.as_deref();
            if name.is_none() || tied {
                leads.extend(self.each(act, vec![fact], "changed who may enter the account", !tied));
            }
        }
        leads
    }

    /// A deletion that was asked for earlier.
    fn of_removal(&mut self, act: &Act) -> Vec<Lead> {
        let mut leads = Vec::new();
        for arn in &act.resources {
            let facts = self.before(arn, act);
            let last = facts.last().copied().filter(|fact| fact.kind == CauseKind::ScheduledRemoval);
            leads.extend(self.each(act, last.into_iter().collect(), "asked for this to be deleted later", false));
        }
        leads
    }

    /// Those behind calls: people and pipelines, or what a machine's own causes are, or the machine.
    fn each(&mut self, act: &Act, facts: Vec<&'g CauseFact>, what: &str, time_alone: bool) -> Vec<Lead> {
        let mut leads = Vec::new();
        for copies in calls(facts) {
            self.looked_at += 1;
            if self.looked_at > LEADS_MAX {
                break;
            }
            let resolved = copies.iter().map(|fact| (self.graph.resolve(&fact.session), *fact));
            let Some((resolution, fact)) = resolved.max_by_key(|(resolution, _)| resolution.certainty) else { continue };
            self.found.sessions.extend(copies.iter().map(|fact| fact.session.clone()));
            let why = format!("{what}: {} at {}", fact.event_name, event::time::rfc3339(fact.event_time));
            let mut evidence: Vec<String> = copies.iter().map(|fact| fact.event_id.clone()).collect();
            evidence.sort();
            let span = LogSpan {
                recipient_account_id: fact.recipient_account_id.clone(),
                aws_region: fact.aws_region.clone(),
                from: fact.event_time,
                until: act.event_time,
            };
            let lead = Lead {
                actor: resolution.actor.clone(),
                certainty: resolution.certainty,
                why,
                evidence,
                time_alone,
                rests_on: [span].into(),
            };
            leads.extend(self.behind(&resolution, fact, lead));
        }
        leads
    }

    fn behind(&mut self, resolution: &Resolution, fact: &CauseFact, lead: Lead) -> Vec<Lead> {
        let further = if self.path.len() < CAUSE_HOPS_MAX { self.causes(&Act::of_fact(fact), resolution) } else { Vec::new() };
        if !further.is_empty() {
            let through = |cause: Cause| Lead {
                actor: cause.actor,
                certainty: cause.certainty,
                why: format!("{}; that machine {}", cause.why, lead.why),
                evidence: lead.evidence.iter().cloned().chain(cause.evidence).collect(),
                time_alone: lead.time_alone,
                rests_on: lead.rests_on.union(&cause.rests_on).cloned().collect(),
            };
            return further.into_iter().map(through).collect();
        }
        if resolution.certainty == Certainty::Ambiguous && !resolution.candidates.is_empty() {
            let one = |actor: &Actor| Lead { actor: actor.clone(), ..lead.clone() };
            return resolution.candidates.iter().map(|candidate| one(&candidate.actor)).collect();
        }
        vec![lead]
    }
}

/// When the machine's session began: what was changed after that may not have been what ran.
fn began(act: &Act, resolution: &Resolution) -> i64 {
    let opened = resolution.chain.first().and_then(|session| session.issued_by.as_ref()).map(|by| by.event_time);
    let own = act.session.creation_date.filter(|_| resolution.chain.len() == 1);
    opened.or(own).unwrap_or(act.event_time).min(act.event_time)
}

/// The newest fact of a kind.
fn latest<'g>(facts: &[&'g CauseFact], kind: CauseKind) -> Vec<&'g CauseFact> {
    let of_kind: Vec<&CauseFact> = facts.iter().copied().filter(|fact| fact.kind == kind).collect();
    newest(&of_kind)
}

/// The newest of facts; several where they bear the same second.
fn newest<'g>(facts: &[&'g CauseFact]) -> Vec<&'g CauseFact> {
    let time = facts.iter().map(|fact| fact.event_time).max();
    facts.iter().copied().filter(|fact| Some(fact.event_time) == time).collect()
}

/// What may have been in effect: the newest when the session began, and all since then.
fn in_effect<'g>(facts: &[&'g CauseFact], kind: CauseKind, since: i64) -> Vec<&'g CauseFact> {
    let of_kind: Vec<&CauseFact> = facts.iter().copied().filter(|fact| fact.kind == kind).collect();
    in_effect_of(&of_kind, since)
}

fn in_effect_of<'g>(facts: &[&'g CauseFact], since: i64) -> Vec<&'g CauseFact> {
    // Of two things in one second, either may have come first.
    let (earlier, later): (Vec<&CauseFact>, Vec<&CauseFact>) = facts.iter().copied().partition(|fact| fact.event_time < since);
    let mut both = newest(&earlier);
    both.extend(later);
    both
}

/// Whoever changed a function's code in a call that is not in sight, where the function was seen with another code since the last that is.
fn unseen_change(facts: &[&CauseFact], code: &[&CauseFact]) -> Option<Lead> {
    let showed = facts.iter().rfind(|fact| fact.kind == CauseKind::ShowedCode)?;
    let last = newest(code);
    let is_earlier = last.first()?.event_time < showed.event_time;
    let is_other = last.iter().all(|last| last.detail.is_some() && last.detail != showed.detail);
    let (name, time) = (&showed.event_name, event::time::rfc3339(showed.event_time));
    (is_earlier && is_other).then(|| Lead {
        actor: Actor::Unknown,
        certainty: Certainty::Unknown,
        why: format!("changed the code of this function in a call that is not in these logs: {name} at {time} shows another"),
        evidence: vec![showed.event_id.clone()],
        time_alone: false,
        rests_on: BTreeSet::new(),
    })
}

/// Whether an operation began so long before the act that it may have ended.
fn is_late(operation: &CauseFact, act: &Act) -> bool {
    act.event_time - operation.event_time > STACK_OPERATION_MICROS_LIKELY
}

/// The recorded copies of each call together.
fn calls(facts: Vec<&CauseFact>) -> Vec<Vec<&CauseFact>> {
    let mut calls: BTreeMap<&str, Vec<&CauseFact>> = BTreeMap::new();
    for fact in facts {
        let name = fact.shared_event_id.as_deref().unwrap_or(&fact.event_id);
        let copies = calls.entry(name).or_default();
        if !copies.iter().any(|copy| copy.event_id == fact.event_id) {
            copies.push(fact);
        }
    }
    calls.into_values().collect()
}

/// A stack's name, from its ARN or as it stands.
fn stack_name(stack: &str) -> &str {
    let named = stack.split_once(":stack/").map_or(stack, |(_, rest)| rest);
    named.split('/').next().unwrap_or(named)
}

/// Whether the stack's operations may use the role: as was last said of the stack, or where its making is not in sight.
fn may_use(operations: &[&CauseFact], role: &str) -> bool {
    match operations.iter().rev().find_map(|fact| fact.role_arn.as_deref()) {
        Some(told) => told == role,
        None => !operations.iter().any(|fact| matches!(fact.event_name.as_str(), "CreateStack")),
    }
}

/// The stack set of a stack that one made: `StackSet-`, its name, and a UUID.
fn stack_set_of(stack: &str) -> Option<&str> {
    const UUID: usize = 36;
    let named = stack.strip_prefix("StackSet-")?;
    named.get(..named.len().checked_sub(UUID)?)?.strip_suffix('-')
}

/// Roles by which stack sets act in an account, by the names that CloudFormation gives them.
fn is_stack_sets(role: &str) -> bool {
    let name = role.rsplit('/').next().unwrap_or("");
    name == "AWSCloudFormationStackSetExecutionRole" || name.starts_with("stacksets-exec-")
}

/// The permission set of a reserved role, whose path a call about it may leave out.
fn reserved_set(arn: &str) -> Option<&str> {
    let by_name = || {
        let name = arn.split_once(":role/")?.1.rsplit('/').next()?.strip_prefix("AWSReservedSSO_")?;
        name.rsplit_once('_').map(|(set, _)| set)
    };
    permission_set(arn).or_else(by_name)
}

/// One actor for whom more than time speaks is the likely one; else everybody is one of several.
fn combined(leads: Vec<Lead>, too_many: bool) -> Vec<Cause> {
    let mut groups: Vec<Vec<Lead>> = Vec::new();
    for lead in leads {
        match groups.iter_mut().find(|group| group.iter().any(|held| held.actor.is_same(&lead.actor))) {
            Some(group) => group.push(lead),
            None => groups.push(vec![lead]),
        }
    }
    let alone = groups.len() == 1 && !too_many;
    let mut causes: Vec<Cause> = groups.into_iter().map(|group| cause(group, alone)).collect();
    causes.sort_by(|a, b| b.certainty.cmp(&a.certainty).then_with(|| a.evidence.cmp(&b.evidence)).then_with(|| a.actor.cmp(&b.actor)));
    causes
}

fn cause(mut group: Vec<Lead>, alone: bool) -> Cause {
    group.sort_by(|a, b| (a.time_alone, &a.evidence, &a.why).cmp(&(b.time_alone, &b.evidence, &b.why)));
    let sure = group.iter().any(|lead| !lead.time_alone && lead.certainty >= Certainty::Probable);
    let mut evidence: Vec<String> = group.iter().flat_map(|lead| lead.evidence.iter().cloned()).collect();
    evidence.sort();
    evidence.dedup();
    let mut whys: Vec<String> = group.iter().map(|lead| lead.why.clone()).collect();
    whys.dedup();
    let rests_on = group.iter().flat_map(|lead| lead.rests_on.iter().cloned()).collect();
    let actor = group.into_iter().map(|lead| lead.actor).next().unwrap_or(Actor::Unknown);
    let certainty = match actor {
        Actor::Unknown => Certainty::Unknown,
        _ if alone && sure => Certainty::Probable,
        _ => Certainty::Ambiguous,
    };
    Cause { actor, certainty, why: whys.join("; "), evidence, rests_on }
}
