//! Answers against the truth of simulated organisations: who, through which sessions, issued by which events.
//!
//! A question costs a third of a second in the dev profile: each seed is asked another fourth of them, and the view, at one query, all.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulate::{Act, Hop, Loss};

use crate::contract;
use crate::world::{World, world};

#[test]
fn questions_of_the_first_seed_are_answered_with_the_truth() {
    check(1, Loss::None);
}

#[test]
fn questions_of_the_second_seed_are_answered_with_the_truth() {
    check(2, Loss::None);
}

#[test]
fn questions_of_the_third_seed_are_answered_with_the_truth() {
    check(3, Loss::None);
}

#[test]
fn what_is_lost_in_the_fourth_seed_is_not_guessed() {
    check(4, Loss::IssuingEvents);
}

#[test]
fn what_is_lost_in_the_fifth_seed_is_not_guessed() {
    check(5, Loss::IssuingEvents);
}

#[test]
fn every_sampled_change_of_three_whole_organisations_has_the_true_actor_in_the_view() {
    for seed in [1, 2, 3] {
        check_view(&world(seed, Loss::None));
    }
}

#[test]
fn every_sampled_change_of_two_organisations_with_lost_events_has_a_justified_actor_in_the_view() {
    for seed in [4, 5] {
        check_view(&world(seed, Loss::IssuingEvents));
    }
}

#[test]
fn a_whole_trail_leaves_little_unproven() {
    let world = world(1, Loss::None);
    let unproven = world.ledger.questions.iter().filter(|question| world.ledger.acts[question.act].certainty != "proven").count();
    assert!(unproven * 10 < world.ledger.questions.len(), "{unproven} of {}", world.ledger.questions.len());
}

#[test]
fn a_person_reads_no_wrong_name_in_the_first_line() {
    for (seed, loss) in [(1, Loss::None), (4, Loss::IssuingEvents)] {
        let world = world(seed, loss);
        let misleading = world.ledger.questions.iter().filter(|question| !world.ledger.acts[question.act].not.is_empty());
        for question in misleading.step_by(4) {
            let act = &world.ledger.acts[question.act];
            let ended = world.home.run(&["--lake", &world.lake(), &question.thing]).expect(0);
            let first = ended.stdout.lines().next().unwrap().to_owned();
            let named = first.split(" (claims to be ").next().unwrap().split(&act.event_name).next().unwrap();
            for wrong in &act.not {
                // A subject that looks like the company's own is said as it stands, with its issuer.
                let said = named.starts_with(wrong.as_str()) || named.starts_with(&format!("pipeline {wrong}"));
                assert!(!said, "{}: {first}", act.story);
            }
        }
    }
}

/// Asks a fourth of the questions, another one for each seed, and reports all that differs from the truth.
#[track_caller]
fn check(seed: u64, loss: Loss) {
    let world = world(seed, loss);
    let asker = world.asker();
    let mut asked = BTreeSet::new();
    let mut wrong = Vec::new();
    let questions = world.ledger.questions.iter().skip(seed as usize % 4).step_by(4);
    for question in questions.filter(|question| asked.insert(question.act)) {
        let act = &world.ledger.acts[question.act];
        let answer = asker.ask(&question.thing);
        contract::check_answer(&answer, "whodid.answer/v1");
        answer["changes"].as_array().unwrap().iter().for_each(contract::check_evidence);
        let before = wrong.len();
        compare(act, &answer["changes"][0], &mut wrong);
        for line in &mut wrong[before..] {
            *line = format!("[{}] {}: {line}", act.story, question.thing);
        }
    }
    assert!(wrong.is_empty(), "{} of {} questions of seed {seed}:\n{}", wrong.len(), asked.len(), wrong.join("\n"));
}

/// Writes down what an answer says otherwise than the truth.
pub(crate) fn compare(act: &Act, change: &Value, wrong: &mut Vec<String>) {
    if change["event_id"] != act.event_id.as_str() {
        wrong.push(format!("the newest change is {} and not {} {}", change["event_id"], act.event_name, act.event_id));
        return;
    }
    let mut differ = |what: &str, found: &Value, truth: &str| wrong.push(format!("{what} is {found} and not {truth}"));
    if !same_grade(&change["certainty"], act) {
        differ("certainty", &change["certainty"], act.certainty);
    }
    if change["reason"].is_null() != (act.certainty == "proven") {
        differ("reason", &change["reason"], if act.certainty == "proven" { "null" } else { "a reason" });
    }
    for (key, truth) in [
        ("event_name", act.event_name.clone()),
        ("event_source", act.event_source.clone()),
        ("event_time", act.event_time.to_string()),
        ("recipient_account_id", act.recipient_account_id.clone()),
        ("aws_region", act.aws_region.clone()),
    ] {
        if change[key] != truth.as_str() {
            differ(key, &change[key], &truth);
        }
    }
    if strings(&change["copies"]) != act.copies.iter().map(String::as_str).collect() {
        differ("copies", &change["copies"], &format!("{:?}", act.copies));
    }
    if act.named() {
        actor(act, &change["actor"], wrong);
    } else {
        unnamed(act, change, wrong);
    }
    names(act, change, wrong);
    chain(act, &change["chain"], wrong);
}

/// Whether a name that a caller chose says anything at all is the reader's to judge: `claimed` and `unknown` are one here.
fn same_grade(found: &Value, act: &Act) -> bool {
    let open = |word: &str| matches!(word, "claimed" | "unknown");
    found.as_str().is_some_and(|found| found == act.certainty || open(found) && open(act.certainty))
}

fn actor(act: &Act, actor: &Value, wrong: &mut Vec<String>) {
    let truth = &act.actor;
    let mut check = |key: &str, truth: Option<&str>, may_be_absent: bool| {
        let found = &actor[key];
        let fits = found.as_str() == truth || (may_be_absent && found.is_null());
        if !fits {
            wrong.push(format!("actor.{key} is {found} and not {truth:?} ({})", act.certainty));
        }
    };
    check("kind", Some(truth.kind), false);
    check("id", Some(&truth.id), false);
    // Only a directory knows how a person is called.
    check("name", truth.name.as_deref(), true);
    check("provider", truth.provider.as_deref(), false);
    check("repository", truth.repository.as_deref(), false);
    check("ref", truth.git_ref.as_deref(), false);
    check("environment", truth.environment.as_deref(), false);
    // Not every chain carries the user id, nor with it the identity store and its account.
    check("identity_store_user_id", truth.identity_store_user_id.as_deref(), true);
    if truth.kind != "sso_user" || !actor["identity_store_user_id"].is_null() {
        check("account_id", truth.account_id.as_deref(), truth.kind == "aws_service");
    }
}

fn unnamed(act: &Act, change: &Value, wrong: &mut Vec<String>) {
    if change["actor"]["kind"] != "unknown" || !change["actor"]["id"].is_null() {
        wrong.push(format!("actor is {} though the logs do not say who", change["actor"]));
    }
    let candidates = change["candidates"].as_array().cloned().unwrap_or_default();
    let found: BTreeSet<&str> = candidates.iter().filter_map(|candidate| candidate["actor"]["id"].as_str()).collect();
    if found != act.candidates.iter().map(String::as_str).collect() {
        wrong.push(format!("candidates are {found:?} and not {:?}", act.candidates));
    }
    let claims = change["claims"].as_array().cloned().unwrap_or_default();
    let claimed: BTreeSet<(&str, &str)> =
        claims.iter().filter_map(|claim| Some((claim["source"].as_str()?, claim["value"].as_str()?))).collect();
    if claimed != act.claims.iter().map(|claim| (claim.source, claim.value.as_str())).collect() {
        wrong.push(format!("claims are {claimed:?} and not {:?}", act.claims));
    }
    let gap = |key: &str| change["gap"][key].as_str().unwrap_or("");
    let truth = act.gap.as_ref().expect("an act that nobody is named for has a gap");
    let closes = truth.lost.as_ref().is_none_or(|(name, account, time)| {
        [(*name).to_owned(), account.clone(), time.to_string()].iter().all(|word| gap("needs").contains(word))
    });
    if gap("at") != truth.session_arn || gap("why").is_empty() || gap("needs").is_empty() || !closes {
        wrong.push(format!("gap is {} and not {truth:?}", change["gap"]));
    }
}

/// A wrong name at `proven` or `attested` is the worst defect.
fn names(act: &Act, change: &Value, wrong: &mut Vec<String>) {
    let behind = change["caused_by"].as_array().cloned().unwrap_or_default();
    let sure = |entry: &Value| matches!(entry["certainty"].as_str(), Some("proven" | "attested"));
    let actors = std::iter::once(change).chain(&behind).filter(|entry| sure(entry)).map(|entry| &entry["actor"]);
    for actor in actors {
        for key in ["id", "name", "repository"] {
            if let Some(name) = actor[key].as_str().filter(|name| act.not.iter().any(|not| not == name)) {
                wrong.push(format!("WRONG NAME: actor.{key} is {name}"));
            }
        }
    }
}

/// A proven chain is the whole truth; any other one is its end, as far as the logs reach.
fn chain(act: &Act, chain: &Value, wrong: &mut Vec<String>) {
    let found = chain.as_array().cloned().unwrap_or_default();
    // SwitchRole names the user whom it came from, and not the sign-in.
    let before = usize::from(act.chain.len() > 1 && act.chain[1].link == Some("switch_role") && found.len() < act.chain.len());
    if act.certainty == "proven" && found.len() + before != act.chain.len() || found.len() > act.chain.len() {
        wrong.push(format!("the chain has {} sessions and not {}: {chain}", found.len(), act.chain.len()));
        return;
    }
    for (back, (hop, truth)) in found.iter().rev().zip(act.chain.iter().rev()).enumerate() {
        let mut differs = Vec::new();
        session(act, hop, truth, &mut differs);
        wrong.extend(differs.into_iter().map(|line| format!("session {back} from the call: {line}")));
    }
}

fn session(act: &Act, hop: &Value, truth: &Hop, wrong: &mut Vec<String>) {
    for (key, truth) in [
        ("kind", Some(truth.kind)),
        ("role_arn", truth.role_arn.as_deref()),
        ("session_name", truth.session_name.as_deref()),
        ("access_key_id", truth.access_key_id.as_deref()),
        ("source_identity", truth.source_identity.as_deref()),
    ] {
        if hop[key].as_str() != truth {
            wrong.push(format!("{key} is {} and not {truth:?}", hop[key]));
        }
    }
    let issued_by = &hop["issued_by"];
    let issuers: BTreeSet<&str> = truth.issued_by.iter().map(String::as_str).collect();
    // Two issues that fit one session: none is told to be the one.
    if act.certainty != "ambiguous" {
        if strings(&issued_by["event_ids"]) != issuers {
            wrong.push(format!("issued_by is {issued_by} and not {issuers:?}"));
        } else if !issuers.is_empty() && issued_by["link"].as_str() != truth.link {
            wrong.push(format!("link is {} and not {:?}", issued_by["link"], truth.link));
        }
    }
    let tags: BTreeMap<String, String> = serde_json::from_value(hop["session_tags"].clone()).unwrap_or_default();
    let fits = if act.certainty == "proven" {
        tags == truth.session_tags
    } else {
        tags.iter().all(|tag| truth.session_tags.get(tag.0) == Some(tag.1))
    };
    if !fits {
        wrong.push(format!("session_tags are {tags:?} and not {:?}", truth.session_tags));
    }
}

fn strings(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The same, as SQL sees it, for everything that the ledger knows of.
#[track_caller]
fn check_view(world: &World) {
    let rows = world.home.sql(
        &world.lake(),
        "SELECT event_id, recipient_account_id, actor_kind, actor_id, certainty, role_chain FROM changes WHERE NOT read_only AND error_code IS NULL",
    );
    let rows: BTreeMap<(&str, &str), &Value> =
        rows.iter().map(|row| ((row["event_id"].as_str().unwrap(), row["recipient_account_id"].as_str().unwrap()), row)).collect();
    let mut wrong = Vec::new();
    for act in &world.ledger.acts {
        let Some(row) = rows.get(&(act.event_id.as_str(), act.recipient_account_id.as_str())) else {
            wrong.push(format!("[{}] {} {} is not in the lake", act.story, act.event_name, act.event_id));
            continue;
        };
        let (kind, id) = if act.named() { (act.actor.kind, Some(act.actor.id.as_str())) } else { ("unknown", None) };
        if !same_grade(&row["certainty"], act) || row["actor_kind"] != kind || row["actor_id"].as_str() != id {
            wrong.push(format!("[{}] {} is {row} and not {kind} {id:?} {}", act.story, act.event_name, act.certainty));
        }
        let sessions: Vec<Option<&str>> =
            row["role_chain"].as_array().into_iter().flatten().map(|hop| hop["session_name"].as_str()).collect();
        // A view has what is known of a session; which token a call without a key was made by is the call's own.
        let by_token = |hop: &simulate::Hop| hop.kind == "oauth_session" && hop.access_key_id.is_none();
        let truth: Vec<Option<&str>> = act.chain.iter().filter(|hop| !by_token(hop)).map(|hop| hop.session_name.as_deref()).collect();
        let whole = act.certainty == "proven" && act.chain.iter().all(|hop| hop.link != Some("switch_role"));
        if !truth.ends_with(&sessions) || whole && sessions.len() != truth.len() {
            wrong.push(format!("[{}] {} has the sessions {sessions:?} and not {truth:?}", act.story, act.event_name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} acts:\n{}", wrong.len(), world.ledger.acts.len(), wrong.join("\n"));
}
