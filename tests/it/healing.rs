//! An issuing event that comes late closes every chain that it heals, in answers and in the view alike.

use std::collections::BTreeSet;

use serde_json::Value;
use simulate::{Act, LogObject, Loss};

use crate::records::plain;
use crate::support::{Home, gunzip, write};
use crate::world::{plan, simulated};

const ISSUES: [&str; 8] = [
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "GetSessionToken",
    "GetFederationToken",
    "ConsoleLogin",
    "SwitchRole",
];

#[test]
fn late_issuing_events_heal_every_session_below_them() {
    let (objects, ledger) = simulated(&plan(8, Loss::None));
    let home = Home::new();
    let (lake, early, late) = (home.text("lake"), home.path("early"), home.path("late"));
    for object in &objects {
        let (issues, rest): (Vec<Value>, Vec<Value>) = records(object).into_iter().partition(issues);
        write(&late.join(&object.key).with_extension(""), &plain(&issues));
        write(&early.join(&object.key).with_extension(""), &plain(&rest));
    }
    home.ingest(&lake, &[early.to_str().unwrap()]);
    let open: Vec<&Act> = asked(&ledger).into_iter().filter(|act| act.certainty == "proven" && !act.chain.is_empty()).collect();
    check(&home, &open, false);
    let summary = home.ingest(&lake, &[late.to_str().unwrap()]);
    assert!(summary["late_issuers_healed"].as_i64().unwrap() > 0, "{summary}");
    check(&home, &open, true);
    let repeated = home.ingest(&lake, &[late.to_str().unwrap(), early.to_str().unwrap()]);
    assert_eq!(repeated["late_issuers_healed"], 0);
}

#[test]
fn one_late_issuing_event_heals_the_two_sessions_below_it() {
    let (objects, ledger) = simulated(&plan(8, Loss::None));
    let act = ledger.acts.iter().find(|act| act.story == "terraform" && act.chain.len() == 2).unwrap();
    let held_back: BTreeSet<&str> = act.chain[0].issued_by.iter().chain(&act.chain[0].related).map(String::as_str).collect();
    let home = Home::new();
    let (lake, early, late) = (home.text("lake"), home.path("early"), home.path("late"));
    for object in &objects {
        let is_late = |record: &Value| held_back.contains(record["eventID"].as_str().unwrap());
        let (held, rest): (Vec<Value>, Vec<Value>) = records(object).into_iter().partition(is_late);
        write(&early.join(&object.key).with_extension(""), &plain(&rest));
        if !held.is_empty() {
            write(&late.join(&object.key).with_extension(""), &plain(&held));
        }
    }
    home.ingest(&lake, &[early.to_str().unwrap()]);
    // A genuine reserved role names its person even so: attested, with the hop that is left.
    let before = shown(&home, act);
    assert_eq!((&before["certainty"], &before["actor"]["id"]), (&"attested".into(), &act.actor.id.clone().into()), "{before}");
    assert_eq!(before["chain"][1]["issued_by"]["event_ids"].as_array().map(Vec::len), Some(2), "{before}");
    assert!(before["chain"][0]["issued_by"].is_null() && before["reason"].is_string(), "{before}");
    home.ingest(&lake, &[late.to_str().unwrap()]);
    let after = shown(&home, act);
    assert_eq!((&after["certainty"], &after["actor"]["id"]), (&"proven".into(), &act.actor.id.clone().into()), "{after}");
}

fn asked(ledger: &simulate::Ledger) -> Vec<&Act> {
    let acts: BTreeSet<usize> = ledger.questions.iter().map(|question| question.act).collect();
    acts.into_iter().map(|act| &ledger.acts[act]).collect()
}

fn records(object: &LogObject) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&gunzip(&object.body)).unwrap();
    document["Records"].as_array().unwrap().clone()
}

/// Whether a record opens a session.
fn issues(record: &Value) -> bool {
    ISSUES.contains(&record["eventName"].as_str().unwrap())
}

fn shown(home: &Home, act: &Act) -> Value {
    let ended = home.run(&["--lake", &home.text("lake"), "--format", "json", "show", &act.event_id]).expect(0);
    ended.json()["changes"][0].clone()
}

#[track_caller]
fn check(home: &Home, acts: &[&Act], healed: bool) {
    let rows = home.sql(&home.text("lake"), "SELECT event_id, actor_kind, actor_id, certainty FROM changes");
    let mut wrong = Vec::new();
    // A question costs a third of a second in the dev profile.
    for act in acts.iter().step_by(6).chain(acts.iter().filter(|act| act.story == "federation_token")) {
        let change = shown(home, act);
        let (certainty, id) = (change["certainty"].as_str().unwrap(), change["actor"]["id"].as_str());
        // An IAM user or root is named by AWS in the event itself, unless through AssumeRoot.
        let named = act.chain.last().is_some_and(|hop| matches!(hop.kind, "session_token" | "console_session"));
        if (certainty == "proven") != (healed || named) {
            wrong.push(format!("[{}] {} is {certainty}, {id:?}", act.story, act.event_id));
        }
        if id.is_some_and(|id| id != act.actor.id) || healed && id.is_none() {
            wrong.push(format!("[{}] {} WRONG NAME {id:?} and not {}", act.story, act.event_id, act.actor.id));
        }
        let row = rows.iter().find(|row| row["event_id"] == act.event_id.as_str()).unwrap();
        let of_view = [&row["actor_kind"], &row["actor_id"], &row["certainty"]];
        if of_view != [&change["actor"]["kind"], &change["actor"]["id"], &change["certainty"]] {
            wrong.push(format!("[{}] {} the view has {row}, the answer {} {certainty}", act.story, act.event_id, change["actor"]));
        }
    }
    assert!(wrong.is_empty(), "{} wrong, {}:\n{}", wrong.len(), if healed { "healed" } else { "before" }, wrong.join("\n"));
}
