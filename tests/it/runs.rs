//! What a person did, the changes of one run of a tool folded into one act.

use serde_json::{Value, json};
use simulate::Loss;

use crate::records::{event_id, packed, put, topic};
use crate::support::Home;
use crate::world::world;

const KEY: &str = "AKIATANAKAXXXEXAMPLE";
const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 (+https://www.terraform.io) terraform-provider-aws/6.18.0";

/// A change by Terraform at a minute of the day.
fn applied(number: u32, hour: u32, minute: u32) -> Value {
    let mut record = topic(number);
    record["eventTime"] = json!(format!("2026-11-18T{hour:02}:{minute:02}:00Z"));
    record["userAgent"] = json!(TERRAFORM);
    record
}

fn by(records: &[Value], flags: &[&str]) -> (Value, String) {
    let home = Home::new();
    put(&home.path("logs"), "RUNS", &packed(records));
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    let lake = home.text("lake");
    let json = home.run(&[&["--lake", &lake, "--format", "json", "by", KEY], flags].concat()).expect(0).json();
    let human = home.run(&[&["--lake", &lake, "by", KEY], flags].concat()).expect(0).stdout;
    (json, human)
}

#[test]
fn changes_of_a_run_are_one_line_and_stay_apart_for_programs() {
    let mut by_hand = topic(9);
    by_hand["eventTime"] = json!("2026-11-18T05:05:00Z");
    let mut other = applied(4, 5, 20);
    other["eventName"] = json!("TagResource");
    let records = [applied(1, 5, 0), applied(2, 5, 0), applied(3, 5, 10), other, by_hand];
    let (json, human) = by(&records, &[]);
    assert_eq!(json["changes"].as_array().unwrap().len(), 5);
    for change in json["changes"].as_array().unwrap() {
        let run = match change["event_id"] == event_id(9).as_str() {
            true => Value::Null,
            false => json!({
                "id": event_id(1),
                "tool": "terraform",
                "changes": 4,
                "from": "2026-11-18T05:00:00Z",
                "until": "2026-11-18T05:20:00Z",
                "event_names": {"CreateTopic": 3, "TagResource": 1},
                "accounts": ["111122223333"]
            }),
        };
        assert_eq!(change["run"], run);
    }
    let lines: Vec<&str> = human.lines().collect();
    let whole = "  terraform run of 4 changes since 2026-11-18T05:00:00Z: 3 CreateTopic, 1 TagResource  111122223333  proven  ";
    assert!(
        lines[0].starts_with("2026-11-18T05:20:00Z  the IAM user ") && lines[0].ends_with(&format!("{whole}{}", event_id(1))),
        "{human}"
    );
    assert!(lines[1].starts_with("2026-11-18T05:05:00Z  ") && lines[1].ends_with(&event_id(9)), "{human}");
    assert_eq!(&lines[2..], ["each change of a run: --format table, or json"]);
    let (_, cut) = by(&records, &["--limit", "3"]);
    assert!(cut.contains("terraform run of at least 2 changes"), "{cut}");
}

#[test]
fn a_pause_begins_another_run_and_one_change_is_none() {
    let records = [applied(1, 5, 0), applied(2, 5, 20), applied(3, 5, 41), applied(4, 5, 42), applied(5, 7, 0)];
    let (json, _) = by(&records, &[]);
    let runs: Vec<Option<&str>> = json["changes"].as_array().unwrap().iter().map(|change| change["run"]["id"].as_str()).collect();
    let (first, second) = (event_id(1), event_id(3));
    assert_eq!(runs, [None, Some(&*second), Some(&*second), Some(&*first), Some(&*first)]);
}

#[test]
fn cloudformation_is_known_by_what_aws_writes_and_not_by_a_name() {
    let of = |number: u32, invoked_by: &str| {
        let mut record = topic(number);
        record["userAgent"] = json!("cloudformation.amazonaws.com");
        record["sourceIPAddress"] = json!("cloudformation.amazonaws.com");
        if !invoked_by.is_empty() {
            record["userIdentity"]["invokedBy"] = json!(invoked_by);
        }
        record
    };
    let (json, _) = by(&[of(1, ""), of(2, ""), of(3, "cloudformation.amazonaws.com"), of(4, "cloudformation.amazonaws.com")], &[]);
    let tools: Vec<Option<&str>> = json["changes"].as_array().unwrap().iter().map(|change| change["run"]["tool"].as_str()).collect();
    assert_eq!(tools, [Some("cloudformation"), Some("cloudformation"), None, None]);
}

#[test]
fn runs_of_an_organisation_are_of_one_person_and_one_tool() {
    let world = world(1, Loss::None);
    let act = world.ledger.acts.iter().find(|act| act.story == "terraform" && act.named()).unwrap();
    let answer = world.home.run(&["--lake", &world.lake(), "--format", "json", "by", &act.actor.id]).expect(0).json();
    let changes = answer["changes"].as_array().unwrap();
    let run = &changes.iter().find(|change| change["event_id"] == act.event_id.as_str()).unwrap()["run"];
    let members: Vec<&Value> = changes.iter().filter(|change| !run.is_null() && change["run"]["id"] == run["id"]).collect();
    assert_eq!((members.len() as u64, &run["tool"]), (run["changes"].as_u64().unwrap(), &json!("terraform")), "{run}");
    for member in members {
        assert_eq!(member["actor"]["id"], act.actor.id.as_str());
        assert_eq!(
            member["chain"][0]["issued_by"],
            changes.iter().find(|change| change["event_id"] == act.event_id.as_str()).unwrap()["chain"][0]["issued_by"]
        );
    }
    let of_thing = world.ask(&act.things[0]);
    let same = of_thing["changes"].as_array().unwrap().iter().find(|change| change["event_id"] == act.event_id.as_str()).unwrap();
    assert_eq!(&same["run"], run, "of a thing's change the whole run is told, as in the list of the person's");
}
