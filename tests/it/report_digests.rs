//! Reports over signed buckets: only whole records make a report well, and what digests contradict names nobody.

use std::path::Path;

use serde_json::{Value, json};

use crate::records::{plain, topic};
use crate::signed::{Files, Signed, copy, log, time, write_keys};
use crate::support::{Home, gzip};

const HOUR: i64 = 3600;

/// The report of the hours 1 to 5 of a bucket, and the code that it ends with.
fn report_of(files: &Files, signed: &Signed) -> (Value, i32) {
    let home = Home::new();
    write_keys(&home.path("keys.json"));
    copy(&home.path("logs"), files, true);
    let (lake, keys, out) = (home.text("lake"), home.text("keys.json"), home.text("out"));
    home.run(&["--lake", &lake, "--json", "--public-keys", &keys, "ingest", &home.text("logs")]).expect(0);
    let window = signed.window(1, 5);
    let window: Vec<&str> = window.iter().map(String::as_str).collect();
    let ended = home.run(&[&["--lake", &lake], &window[..], &["report", "--out", &out, "--exit-code"]].concat());
    let json = std::fs::read(Path::new(&out).join("report.json")).unwrap_or_else(|_| panic!("{ended:?}"));
    (serde_json::from_slice(&json).unwrap(), ended.code)
}

fn codes(report: &Value) -> Vec<&str> {
    report["opinion"]["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

fn rows<'r>(report: &'r Value, id: &str) -> &'r Vec<Value> {
    let tables = report["sections"].as_array().unwrap().iter().flat_map(|section| section["tables"].as_array().unwrap());
    tables.filter(|table| table["id"] == id).map(|table| table["rows"].as_array().unwrap()).next().unwrap()
}

#[test]
fn hours_that_digests_show_to_be_whole_are_clear() {
    let signed = Signed::new(6, 6 * HOUR);
    let (report, code) = report_of(&signed.files, &signed);
    assert_eq!((report["opinion"]["state"].as_str(), codes(&report).len(), code), (Some("clear"), 0, 0), "{}", report["opinion"]);
    assert_eq!(report["totals"]["changes"], 4);
    assert_eq!(rows(&report, "gaps"), &[] as &[Value]);
    assert_eq!(rows(&report, "changes_by_person").iter().map(|row| row["changes"].as_u64().unwrap()).sum::<u64>(), 4);
}

#[test]
fn whatever_is_missing_or_changed_makes_it_incomplete_and_names_nobody() {
    let signed = Signed::new(6, 6 * HOUR);
    let mut files = signed.files.clone();
    files.remove(&signed.logs[2]);
    let (report, code) = report_of(&files, &signed);
    assert_eq!((report["opinion"]["state"].as_str(), code), (Some("incomplete"), 10));
    assert!(codes(&report).contains(&"tampering") && codes(&report).contains(&"not_complete"), "{}", report["opinion"]);

    let mut files = signed.files.clone();
    files.remove(&signed.digests[2]);
    let (report, _) = report_of(&files, &signed);
    assert_eq!(report["opinion"]["state"], "incomplete");

    // Somebody else's name in a log that was delivered with another.
    let mut files = signed.files.clone();
    let mut record = topic(3);
    record["eventTime"] = time(signed.start + 3 * HOUR + 400).into();
    record["userIdentity"]["userName"] = "suzuki".into();
    files.get_mut(&signed.logs[3]).unwrap().0 = gzip(&plain(&[record]));
    let (report, _) = report_of(&files, &signed);
    assert_eq!(report["opinion"]["state"], "incomplete");
    assert_eq!(
        (&report["totals"]["changes"], &report["totals"]["unattributed"], &report["totals"]["person_changes"]),
        (&json!(4), &json!(1), &json!(3))
    );
    assert_eq!(rows(&report, "certainty"), &[json!({"certainty": "proven", "changes": 3}), json!({"certainty": "claimed", "changes": 1})]);
}

/// What an unlisted object says of a session may be a lie about all of it.
#[test]
fn a_session_with_a_record_in_an_unlisted_object_names_nobody() {
    let mut signed = Signed::new(6, 6 * HOUR);
    let began = time(signed.start + HOUR);
    let call = |number: u32, made: i64| {
        let (key, text) = log(number, made);
        let mut text: Value = serde_json::from_slice(&text).unwrap();
        text["Records"][0]["userIdentity"] = crate::exits::session(
            "/aws-reserved/sso.amazonaws.com/ap-northeast-1/",
            "AWSReservedSSO_Ops_0123456789abcdef",
            "sato@example.co.jp",
        );
        text["Records"][0]["userIdentity"]["sessionContext"]["attributes"]["creationDate"] = began.clone().into();
        (key, gzip(text.to_string().as_bytes()))
    };
    for made in [2, 3] {
        let (added, body) = call(50 + made, signed.start + i64::from(made) * HOUR + 900);
        signed.files.insert(added, (body, Default::default()));
    }
    let (report, _) = report_of(&signed.files, &signed);
    assert_eq!(report["totals"]["unattributed"], 2, "{}", report["totals"]);
    assert!(rows(&report, "changes_by_person").iter().all(|row| row["actor_id"] != "sato@example.co.jp"));
}
