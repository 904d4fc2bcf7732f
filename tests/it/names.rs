//! One thing has many spellings, and one history.

use std::collections::BTreeSet;

use serde_json::json;
use simulate::Loss;

use crate::records::{put, topic};
use crate::support::{Home, event_ids};
use crate::world::world;

#[test]
fn every_spelling_of_what_was_changed_finds_the_change() {
    let world = world(1, Loss::None);
    let acts: BTreeSet<usize> = world.ledger.questions.iter().map(|question| question.act).collect();
    let asker = world.asker();
    let mut missed = Vec::new();
    for act in acts.into_iter().step_by(6).map(|act| &world.ledger.acts[act]) {
        for thing in &act.things {
            let answer = asker.ask(thing);
            if !event_ids(&answer).contains(&act.event_id) {
                missed.push(format!("[{}] {} by {thing:?}", act.story, act.event_name));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn arn_and_id_and_name_give_the_same_changes() {
    check(&["arn:aws:sns:ap-northeast-1:111122223333:topic-7", "topic-7"], "resource", 7);
}

#[test]
fn an_event_id_is_answered_whatever_it_is() {
    let home = lake_of_three();
    let lake = home.text("lake");
    for (number, name) in [(7, "CreateTopic"), (9, "ListTopics"), (11, "DeleteTopic")] {
        let id = crate::records::event_id(number);
        let answer = home.ask(&lake, &id);
        assert_eq!(event_ids(&answer), std::slice::from_ref(&id), "{name}");
        assert_eq!(answer["changes"][0]["event_name"], name);
        assert_eq!(answer["subject"]["kind"], "event");
        let shown = home.run(&["--lake", &lake, "--format", "json", "show", &id]).expect(0).json();
        assert_eq!(shown["changes"], answer["changes"]);
        assert_eq!(shown["schema"], "whodid.show/v1");
    }
}

#[test]
fn a_principal_is_found_by_key_and_unique_id_and_arn_and_name() {
    let home = lake_of_three();
    for principal in ["AKIATANAKAXXXEXAMPLE", "AIDATANAKAXXXXEXAMPLE", "arn:aws:iam::111122223333:user/tanaka"] {
        let ended = home.run(&["--lake", &home.text("lake"), "--format", "json", "by", principal]).expect(0);
        let answer = ended.json();
        assert_eq!(event_ids(&answer), [crate::records::event_id(7)], "{principal}");
        assert_eq!(answer["schema"], "whodid.by/v1");
        assert_eq!((&answer["reads"], &answer["attempts"]), (&json!(1), &json!(1)), "{principal}");
    }
}

#[test]
fn a_person_is_found_by_user_name() {
    let world = world(1, Loss::None);
    let act = world.ledger.acts.iter().find(|act| act.story == "terraform" && act.actor.kind == "sso_user").unwrap();
    let answer = world.home.run(&["--lake", &world.lake(), "--format", "json", "by", &act.actor.id]).expect(0).json();
    assert!(event_ids(&answer).contains(&act.event_id), "through another role, too");
    for change in answer["changes"].as_array().unwrap() {
        assert_eq!(change["actor"]["id"], act.actor.id.as_str(), "a name that somebody borrowed finds none of their calls: {change}");
    }
}

#[test]
fn a_session_is_found_by_its_assumed_role_arn() {
    let world = world(1, Loss::None);
    let act = world.ledger.acts.iter().find(|act| act.story == "terraform" && act.chain.len() == 2).unwrap();
    let hop = act.chain.last().unwrap();
    let role = hop.role_arn.as_ref().unwrap().rsplit('/').next().unwrap();
    let arn = format!("arn:aws:sts::{}:assumed-role/{role}/{}", act.recipient_account_id, hop.session_name.as_ref().unwrap());
    let answer = world.home.run(&["--lake", &world.lake(), "--format", "json", "by", &arn]).expect(0).json();
    assert!(event_ids(&answer).contains(&act.event_id), "{arn}");
}

#[test]
fn changes_come_newest_first_by_time_and_event_id() {
    let world = world(1, Loss::None);
    let person = &world.ledger.organisation.people[0].user_name;
    let answer = world.home.run(&["--lake", &world.lake(), "--format", "json", "by", person]).expect(0).json();
    let order: Vec<(String, String)> = answer["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["event_time"].as_str().unwrap().to_owned(), change["event_id"].as_str().unwrap().to_owned()))
        .collect();
    assert!(order.len() > 1 && order.is_sorted_by(|newer, older| newer > older), "{order:?}");
}

/// A topic made (7), read (9), and not deleted (11).
fn lake_of_three() -> Home {
    let home = Home::new();
    let mut read = topic(9);
    read["eventName"] = json!("ListTopics");
    read["readOnly"] = json!(true);
    let mut denied = topic(11);
    denied["eventName"] = json!("DeleteTopic");
    denied["errorCode"] = json!("AccessDenied");
    denied["responseElements"] = json!(null);
    denied["requestParameters"] = json!({"topicArn": "arn:aws:sns:ap-northeast-1:111122223333:topic-7"});
    put(&home.path("logs"), "THREE", &crate::records::packed(&[topic(7), read, denied]));
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    home
}

#[track_caller]
fn check(spellings: &[&str], kind: &str, number: u32) {
    let home = lake_of_three();
    for thing in spellings {
        let answer = home.ask(&home.text("lake"), thing);
        assert_eq!(event_ids(&answer), [crate::records::event_id(number)], "{thing}");
        assert_eq!(answer["subject"]["kind"], kind, "{thing}");
        assert_eq!(answer["subject"]["value"], *thing);
        assert_eq!(answer["subject"]["matched"], json!([spellings[0]]), "{thing}");
    }
}
