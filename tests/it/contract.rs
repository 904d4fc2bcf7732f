//! The shape of answers, and the evidence that they cite; `truth` checks both of all that it asks.

use serde_json::{Value, json};
use simulate::Loss;

use crate::records::{event_id, packed, put, topic};
use crate::support::{Home, event_ids, gunzip};
use crate::world::world;

const ANSWER: [&str; 7] = ["schema", "subject", "changes", "attempts", "reads", "truncated", "coverage"];
const CHANGE: [&str; 20] = [
    "event_id",
    "event_time",
    "event_source",
    "event_name",
    "recipient_account_id",
    "aws_region",
    "read_only",
    "error_code",
    "resources",
    "certainty",
    "reason",
    "actor",
    "chain",
    "via",
    "claims",
    "candidates",
    "gap",
    "caused_by",
    "evidence",
    "copies",
];
const SESSION: [&str; 8] = ["kind", "role_arn", "session_name", "access_key_id", "source_identity", "session_tags", "mfa", "issued_by"];

#[test]
fn the_program_prints_what_the_library_answers() {
    for (seed, loss) in [(1, Loss::None), (4, Loss::IssuingEvents)] {
        let world = world(seed, loss);
        let asker = world.asker();
        for question in world.ledger.questions.iter().step_by(19) {
            assert_eq!(world.ask(&question.thing), asker.ask(&question.thing), "{}", question.thing);
        }
    }
}

#[test]
fn an_empty_answer_has_every_key_too() {
    let world = world(1, Loss::None);
    let answer = world.ask("no-such-thing-anywhere");
    check_answer(&answer, "whodid.answer/v1");
    assert_eq!(answer["changes"], json!([]));
    assert_eq!((&answer["attempts"], &answer["reads"], &answer["truncated"]), (&json!(0), &json!(0), &json!(false)));
    assert_eq!(answer["subject"]["value"], "no-such-thing-anywhere");
    assert_eq!(answer["subject"]["matched"], json!([]));
    assert_eq!(answer["coverage"]["complete"], json!(false), "no digest shows the logs to be whole");
    assert!(!answer["coverage"]["gaps"].as_array().unwrap().is_empty());
}

#[test]
fn each_verb_names_its_own_schema_and_gives_the_same_changes() {
    let world = world(1, Loss::None);
    let question = &world.ledger.questions[0];
    let lake = world.lake();
    let newest = world.ledger.acts[question.act].event_id.clone();
    let asked = |arguments: &[&str]| world.home.run(&[&["--lake", &lake, "--format", "json"], arguments].concat()).expect(0).json();
    let bare = asked(&[&question.thing]);
    assert_eq!(bare, asked(&["trace", &question.thing]));
    assert_eq!(bare, world.home.run(&["--lake", &lake, "--json", &question.thing]).expect(0).json());
    let log = asked(&["log", &question.thing]);
    check_answer(&log, "whodid.log/v1");
    assert_eq!(log["changes"], bare["changes"]);
    let show = asked(&["show", &newest]);
    check_answer(&show, "whodid.show/v1");
    assert_eq!(show["changes"][0]["event_id"], newest.as_str());
    assert_eq!(show["changes"][0]["chain"], bare["changes"][0]["chain"]);
    check_answer(&asked(&["by", &world.ledger.acts[question.act].actor.id]), "whodid.by/v1");
}

#[test]
fn fields_of_json_are_those_asked_for() {
    let world = world(1, Loss::None);
    let thing = &world.ledger.questions[0].thing;
    let answer = world.home.run(&["--lake", &world.lake(), "--json=event_id,certainty", thing]).expect(0).json();
    for change in answer["changes"].as_array().unwrap() {
        assert_eq!(change.as_object().unwrap().keys().collect::<Vec<_>>(), ["certainty", "event_id"]);
    }
}

#[test]
fn json_lines_are_the_changes() {
    let world = world(1, Loss::None);
    let thing = &world.ledger.questions[0].thing;
    let lines = world.home.run(&["--lake", &world.lake(), "--format", "jsonl", thing]).expect(0).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(lines), world.ask(thing)["changes"]);
}

#[test]
fn logs_asked_without_a_lake_give_the_same_answer() {
    let world = world(1, Loss::None);
    for question in world.ledger.questions.iter().step_by(40) {
        let direct = world.home.run(&["--logs", &world.logs(), "--format", "json", &question.thing]).expect(0).json();
        assert_eq!(direct, world.ask(&question.thing), "{}", question.thing);
    }
}

#[test]
fn two_folders_of_logs_are_one_trail() {
    let home = Home::new();
    put(&home.path("one"), "ONE", &packed(&[topic(1)]));
    put(&home.path("two"), "TWO", &packed(&[topic(2)]));
    let both =
        ["--logs", &home.text("one"), "--logs", &home.text("two"), "--format", "json", "by", "AKIATANAKAXXXEXAMPLE"].map(str::to_owned);
    let answer = home.run(&both.each_ref().map(String::as_str)).expect(0).json();
    assert_eq!(event_ids(&answer), [event_id(2), event_id(1)]);
}

#[test]
fn a_limit_says_that_there_is_more() {
    let home = Home::new();
    put(&home.path("logs"), "FIVE", &packed(&(1..=5).map(topic).collect::<Vec<_>>()));
    let (lake, logs) = (home.text("lake"), home.text("logs"));
    home.ingest(&lake, &[&logs]);
    let ask =
        |limit: &str| home.run(&["--lake", &lake, "--format", "json", "by", "AKIATANAKAXXXEXAMPLE", "--limit", limit]).expect(0).json();
    assert_eq!((event_ids(&ask("2")), &ask("2")["truncated"]), (vec![event_id(5), event_id(4)], &json!(true)));
    assert_eq!((event_ids(&ask("5")).len(), &ask("5")["truncated"]), (5, &json!(false)));
}

#[test]
fn a_window_holds_its_start_and_not_its_end() {
    let home = Home::new();
    put(&home.path("logs"), "THREE", &packed(&[topic(10), topic(20), topic(30)]));
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    let lake = home.text("lake");
    let window = ["--since", "2026-11-18T05:00:10Z", "--until", "2026-11-18T14:00:30+09:00"];
    let answer =
        home.run(&[&["--lake", &lake, "--format", "json"], &window[..], &["by", "AKIATANAKAXXXEXAMPLE"]].concat()).expect(0).json();
    assert_eq!(event_ids(&answer), [event_id(20), event_id(10)]);
}

#[test]
fn reads_and_attempts_are_counted_and_shown_when_asked_for() {
    let home = Home::new();
    let (mut read, mut denied) = (topic(3), topic(4));
    for (record, name) in [(&mut read, "GetTopicAttributes"), (&mut denied, "SetTopicAttributes")] {
        record["eventName"] = json!(name);
        record["requestParameters"] = json!({"topicArn": "arn:aws:sns:ap-northeast-1:111122223333:topic-1"});
        record["responseElements"] = Value::Null;
    }
    read["readOnly"] = json!(true);
    denied["errorCode"] = json!("AuthorizationError");
    put(&home.path("logs"), "ALL", &packed(&[topic(1), read, denied]));
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let ask = |flags: &[&str]| home.run(&[&["--lake", &lake, "--format", "json", "trace", "topic-1"], flags].concat()).expect(0).json();
    let plain = ask(&[]);
    assert_eq!((event_ids(&plain), &plain["reads"], &plain["attempts"]), (vec![event_id(1)], &json!(1), &json!(1)));
    let reads = ask(&["--include-reads"]);
    assert_eq!((event_ids(&reads), &reads["reads"], &reads["attempts"]), (vec![event_id(3), event_id(1)], &json!(0), &json!(1)));
    let all = ask(&["--include-reads", "--include-denied"]);
    assert_eq!(event_ids(&all), [event_id(4), event_id(3), event_id(1)]);
    assert_eq!(all["changes"][0]["error_code"], "AuthorizationError");
    assert_eq!(all["changes"][1]["read_only"], json!(true));
}

#[track_caller]
pub(crate) fn check_answer(answer: &Value, schema: &str) {
    assert_eq!(answer["schema"], schema);
    check_keys(answer, &ANSWER);
    check_keys(&answer["subject"], &["value", "kind", "matched"]);
    check_keys(&answer["coverage"], &["from", "until", "complete", "gaps"]);
    for gap in answer["coverage"]["gaps"].as_array().unwrap() {
        check_keys(gap, &["account_id", "aws_region", "from", "until", "why"]);
    }
    assert!(answer["attempts"].is_u64() && answer["reads"].is_u64() && answer["truncated"].is_boolean());
    for change in answer["changes"].as_array().unwrap() {
        check_change(change);
    }
}

#[track_caller]
fn check_change(change: &Value) {
    check_keys(change, &CHANGE);
    check_keys(&change["actor"], &["kind", "id", "name", "account_id", "provider"]);
    check_keys(&change["evidence"], &["object", "record", "sha256", "integrity"]);
    assert_eq!(change["evidence"]["integrity"], "not_covered", "no digest is there");
    let grades = ["proven", "attested", "probable", "ambiguous", "claimed", "unknown"];
    let certainty = change["certainty"].as_str().unwrap();
    assert!(grades.contains(&certainty), "{change}");
    for hop in change["chain"].as_array().unwrap() {
        check_keys(hop, &SESSION);
        let kinds = ["role_session", "session_token", "federated_user", "console_session", "oauth_session", "root_session"];
        assert!(kinds.contains(&hop["kind"].as_str().unwrap()), "{hop}");
        if !hop["issued_by"].is_null() {
            check_keys(&hop["issued_by"], &["event_ids", "event_name", "event_time", "link"]);
            let links = ["access_key", "assumed_role_id", "switch_role", "sign_in_session", "sign_in", "get_role_credentials"];
            assert!(links.contains(&hop["issued_by"]["link"].as_str().unwrap()), "{hop}");
        }
    }
    let open = matches!(certainty, "ambiguous" | "claimed" | "unknown");
    assert_eq!(change["actor"]["kind"] == "unknown", open, "{change}");
    assert_eq!(change["actor"]["id"].is_null(), open, "{change}");
    for claim in change["claims"].as_array().unwrap() {
        check_keys(claim, &["value", "source"]);
        let sources = ["role_session_name", "source_identity", "session_tag", "user_agent"];
        assert!(sources.contains(&claim["source"].as_str().unwrap()), "{claim}");
    }
    for candidate in change["candidates"].as_array().unwrap() {
        check_keys(candidate, &["actor", "why", "evidence"]);
    }
    if !change["gap"].is_null() {
        check_keys(&change["gap"], &["at", "why", "needs"]);
    }
}

#[track_caller]
fn check_keys(value: &Value, keys: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    for key in keys {
        assert!(object.contains_key(*key), "{key} is missing: {value}");
    }
}

/// Opens the object that is named and finds the event where it is said to be.
#[track_caller]
pub(crate) fn check_evidence(change: &Value) {
    use sha2::Digest as _;
    let evidence = &change["evidence"];
    let object = evidence["object"].as_str().unwrap();
    let plain = gunzip(&std::fs::read(object).unwrap_or_else(|error| panic!("{object}: {error}")));
    let digest: String = sha2::Sha256::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(evidence["sha256"], digest, "of the uncompressed object");
    let document: Value = serde_json::from_slice(&plain).unwrap();
    let record = &document["Records"][evidence["record"].as_u64().unwrap() as usize];
    assert_eq!(record["eventID"], change["event_id"]);
    assert_eq!(record["eventName"], change["event_name"]);
}
