//! Two writers of one lake, in every order that once lost, doubled or hid something.

use super::{Tally, Writer};
use crate::fail_point::{Point, when};
use crate::rows::{ObjectRow, Rows};
use crate::schema::Table;
use crate::table::{Lake, files, read};
use arrow::array::AsArray as _;
use event::{Decoder, HashKey, Reason, Reject};
use serde_json::{Value, json};
use std::collections::HashMap;

const NOW: i64 = 1_794_978_131_000_000;
const USER: &str = "arn:aws:iam::111122223333:user/sato";

fn lake(folder: &tempfile::TempDir) -> Lake {
    Lake::at(&folder.path().to_string_lossy(), HashMap::new()).unwrap()
}

fn record(number: u32, name: &str, identity: Value, response: Value) -> Value {
    json!({"eventVersion": "1.11", "eventID": format!("e-{number}"), "eventTime": "2026-11-18T05:00:00Z", "eventSource": "sts.amazonaws.com",
        "eventName": name, "awsRegion": "us-east-1", "recipientAccountId": "111122223333", "userIdentity": identity, "responseElements": response,
        "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true, "eventCategory": "Management"})
}

fn user() -> Value {
    json!({"type": "IAMUser", "principalId": "AIDASATOXXXXXEXAMPLE", "arn": USER, "accountId": "111122223333",
        "accessKeyId": "AKIASATOXXXXXEXAMPLE", "userName": "sato"})
}

fn topic(number: u32) -> Value {
    record(number, "CreateTopic", user(), json!({"topicArn": format!("arn:aws:sns:us-east-1:111122223333:t{number}")}))
}

fn issue(number: u32) -> Value {
    let response = json!({"credentials": {"accessKeyId": "ASIAROLEXXXXXEXAMPLE", "expiration": "Nov 18, 2026, 9:00:00 AM"},
        "assumedRoleUser": {"assumedRoleId": "AROAROLEXXXXXEXAMPLE:x", "arn": "arn:aws:sts::111122223333:assumed-role/Role/x"}});
    record(number, "AssumeRole", user(), response)
}

fn used(number: u32) -> Value {
    let identity = json!({"type": "AssumedRole", "principalId": "AROAROLEXXXXXEXAMPLE:x", "arn": "arn:aws:sts::111122223333:assumed-role/Role/x",
        "accountId": "111122223333", "accessKeyId": "ASIAROLEXXXXXEXAMPLE", "sessionContext": {"sessionIssuer": {"type": "Role",
        "principalId": "AROAROLEXXXXXEXAMPLE", "arn": "arn:aws:iam::111122223333:role/Role", "accountId": "111122223333", "userName": "Role"},
        "attributes": {"creationDate": "2026-11-18T05:00:00Z", "mfaAuthenticated": "false"}}});
    record(number, "CreateTopic", identity, Value::Null)
}

fn object(uri: &str) -> ObjectRow {
    let (account_id, kind) = ("111122223333".to_owned(), "cloudtrail");
    ObjectRow { uri: uri.to_owned(), kind, state: "read", account_id, size: 7, modified: Some(1), ..ObjectRow::default() }
}

fn rows(uri: &str, records: &[Value]) -> Rows {
    let mut rows = Rows::default();
    let text = json!({"Records": records}).to_string();
    rows.read(&mut Decoder::new(HashKey::new([7; 32])), object(uri), text.as_bytes());
    rows
}

async fn commit(writer: &mut Writer, uri: &str, records: &[Value]) -> Tally {
    writer.commit(&mut [rows(uri, records)], "run", NOW).await.unwrap()
}

async fn add(writer: &mut Writer, uri: &str, records: &[Value]) -> Tally {
    writer.add(&mut [rows(uri, records)], "run", NOW).await.unwrap()
}

/// A column of a table, in order.
async fn column(lake: &Lake, table: Table, name: &str) -> Vec<String> {
    let open = lake.open(table).await.unwrap();
    let mut found = Vec::new();
    for (path, size) in files(table, &open, |_| true).unwrap() {
        for batch in read(open.object_store(), table, &path, size, &[name]).await.unwrap() {
            found.extend(batch.column(0).as_string::<i32>().iter().map(|value| value.unwrap_or("").to_owned()));
        }
    }
    found.sort_unstable();
    found
}

/// Commits on a thread with a runtime of its own, as another process would beside this one.
fn commit_beside(lake: Lake, uri: &'static str, records: Vec<Value>) {
    let other = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            commit(&mut Writer::open(&lake).await.unwrap(), uri, &records).await;
        });
    });
    other.join().unwrap();
}

#[tokio::test]
async fn object_that_another_noted_right_after_an_own_commit_is_noted_once() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(&folder);
    let mut writer = Writer::open(&lake).await.unwrap();
    // Between the commit and the look at what the log says then: no race is lost, and the other's commit is seen with the own one.
    let same = lake.clone();
    when(Point::Committed(Table::Events), move || commit_beside(same, "s3://b/second", vec![topic(2)]));
    commit(&mut writer, "s3://b/first", &[topic(1)]).await;
    let tally = commit(&mut writer, "s3://b/second", &[topic(2)]).await;
    assert_eq!((tally.written, tally.duplicate), (0, 1));
    assert_eq!(column(&lake, Table::Objects, "object").await, ["s3://b/first", "s3://b/second"]);
    assert_eq!(column(&lake, Table::Events, "event_id").await, ["e-1", "e-2"]);
}

#[tokio::test]
async fn conflict_that_two_writers_find_in_one_object_is_rejected_once() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(&folder);
    let (mut one, mut other) = (Writer::open(&lake).await.unwrap(), Writer::open(&lake).await.unwrap());
    let mut another = topic(1);
    another["eventName"] = "DeleteTopic".into();
    let both = [topic(1), another];
    assert_eq!(commit(&mut one, "s3://b/x", &both).await.rejected, 1);
    assert_eq!(commit(&mut other, "s3://b/x", &both).await.written, 0);
    assert_eq!(column(&lake, Table::Rejects, "reason").await, ["conflict"]);
    assert_eq!(column(&lake, Table::Objects, "object").await, ["s3://b/x"]);
}

#[tokio::test]
async fn object_that_could_be_read_at_last_is_noted_as_read() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(&folder);
    let mut unreadable = Rows::default();
    let reject = Reject { record: None, reason: Reason::Unreadable, detail: "denied".into(), bytes: 0..7 };
    unreadable.note_unreadable(ObjectRow { state: "unreadable", ..object("s3://b/x") }, reject);
    Writer::open(&lake).await.unwrap().commit(&mut [unreadable], "run", NOW).await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    commit(&mut writer, "s3://b/x", &[topic(1)]).await;
    assert_eq!(column(&lake, Table::Objects, "state").await, ["read", "unreadable"]);
    let next = Writer::open(&lake).await.unwrap();
    assert_eq!(next.known("s3://b/x", 7, None, Some(1)), Some(super::Known::Read));
}

#[tokio::test]
async fn several_readings_are_one_commit_and_a_dead_writer_has_written_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(&folder);
    let mut dead = Writer::open(&lake).await.unwrap();
    assert_eq!(add(&mut dead, "s3://b/1", &[topic(1)]).await, Tally::default());
    assert_eq!(dead.known("s3://b/1", 7, None, Some(1)), Some(super::Known::Read));
    drop(dead);
    assert!(column(&lake, Table::Events, "event_id").await.is_empty());
    let mut writer = Writer::open(&lake).await.unwrap();
    assert_eq!(writer.known("s3://b/1", 7, None, Some(1)), None);
    for (uri, records) in [("s3://b/1", [topic(1), issue(3)]), ("s3://b/2", [topic(2), topic(1)])] {
        assert_eq!(add(&mut writer, uri, &records).await, Tally::default());
    }
    assert_eq!(writer.pending(), 4);
    let tally = writer.flush().await.unwrap();
    assert_eq!((tally.read, tally.written, tally.duplicate, tally.rejected), (4, 3, 1, 0));
    assert_eq!(writer.flush().await.unwrap(), Tally::default());
    assert_eq!(column(&lake, Table::Events, "event_id").await, ["e-1", "e-2", "e-3"]);
    assert_eq!(column(&lake, Table::Objects, "object").await, ["s3://b/1", "s3://b/2"]);
    assert_eq!(versions(&lake).await, [1, 1, 1]);
    let keys = column(&lake, Table::Mentions, "key").await;
    for number in 1..=2 {
        assert_eq!(keys.iter().filter(|key| key.ends_with(&format!(":t{number}"))).count(), 1, "{keys:?}");
    }
    assert_eq!(add(&mut writer, "s3://b/3", &[topic(2), topic(4)]).await, Tally::default());
    let tally = writer.flush().await.unwrap();
    assert_eq!((tally.written, tally.duplicate), (1, 1));
    assert_eq!(versions(&lake).await, [1, 1, 1, 2]);
}

/// A lost race: what is in the lake now is taken out of what waited, and the rest comes in the version after it.
#[tokio::test]
async fn what_another_committed_in_the_meantime_is_left_out_of_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(&folder);
    let (mut one, mut other) = (Writer::open(&lake).await.unwrap(), Writer::open(&lake).await.unwrap());
    add(&mut one, "s3://b/one", &[topic(1), topic(2)]).await;
    add(&mut one, "s3://b/same", &[topic(3)]).await;
    commit(&mut other, "s3://b/other", &[topic(2), topic(4)]).await;
    commit(&mut other, "s3://b/same", &[topic(3)]).await;
    let tally = one.flush().await.unwrap();
    assert_eq!((tally.read, tally.written, tally.duplicate, tally.rejected), (3, 1, 2, 0));
    assert_eq!(column(&lake, Table::Events, "event_id").await, ["e-1", "e-2", "e-3", "e-4"]);
    assert_eq!(column(&lake, Table::Objects, "object").await, ["s3://b/one", "s3://b/other", "s3://b/same"]);
    assert_eq!(versions(&lake).await, [1, 1, 2, 3]);
    let mut arns = column(&lake, Table::Mentions, "key").await;
    arns.retain(|key| key.starts_with("arn:aws:sns:"));
    assert_eq!(arns.len(), 4, "{arns:?}");
}

/// Whichever of two records with one id is committed first, or waits, the same one stays and the other is rejected.
#[tokio::test]
async fn conflict_with_a_record_that_waits_ends_as_any_other() {
    let mut another = topic(1);
    another["eventName"] = "DeleteTopic".into();
    let mut ends = Vec::new();
    for (first, second) in [(topic(1), another.clone()), (another, topic(1))] {
        for waits_with_another in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let lake = lake(&folder);
            let mut writer = Writer::open(&lake).await.unwrap();
            let mut tally = add(&mut writer, "s3://b/first", &[first.clone(), topic(2)]).await;
            if waits_with_another {
                let mut other = Writer::open(&lake).await.unwrap();
                tally += commit(&mut other, "s3://b/second", std::slice::from_ref(&second)).await;
            } else {
                tally += add(&mut writer, "s3://b/second", std::slice::from_ref(&second)).await;
            }
            tally += writer.flush().await.unwrap();
            assert_eq!(tally.read, 3);
            assert_eq!(column(&lake, Table::Rejects, "reason").await, ["conflict"]);
            assert_eq!(column(&lake, Table::Rejects, "event_id").await, ["e-1"]);
            ends.push((column(&lake, Table::Events, "event_id").await, column(&lake, Table::Events, "event_name").await));
        }
    }
    assert_eq!(ends[0].0, ["e-1", "e-2"]);
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
}

/// The versions in which the events came, in order.
async fn versions(lake: &Lake) -> Vec<i64> {
    let open = lake.open(Table::Events).await.unwrap();
    let mut found = Vec::new();
    for (path, size) in files(Table::Events, &open, |_| true).unwrap() {
        for batch in read(open.object_store(), Table::Events, &path, size, &["resolved_version"]).await.unwrap() {
            found.extend(crate::parquet_file::number_column(Table::Events, &batch, "resolved_version").unwrap().iter().flatten());
        }
    }
    found.sort_unstable();
    found
}

/// The issue is one writer's, its use the other's, and neither has the other's when it looks first.
#[tokio::test]
async fn session_of_one_writer_is_healed_by_the_issue_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(&folder);
    let (mut one, mut other) = (Writer::open(&lake).await.unwrap(), Writer::open(&lake).await.unwrap());
    commit(&mut one, "s3://b/use", &[used(1)]).await;
    commit(&mut other, "s3://b/issue", &[issue(2)]).await;
    other.heal(NOW).await.unwrap();
    one.heal(NOW).await.unwrap();
    assert!(!last_words(&lake).await.is_empty());
    for (session, actor) in last_words(&lake).await {
        assert_eq!(actor, USER, "{session}");
    }
}

/// What it heals last is all that it says is healed, though another's issue came in between, and the other died.
#[tokio::test]
async fn what_a_dead_writer_left_unhealed_is_healed_by_one_that_goes_past_it() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(&folder);
    let mut one = Writer::open(&lake).await.unwrap();
    commit(&mut one, "s3://b/use", &[used(1)]).await;
    one.heal(NOW).await.unwrap();
    commit(&mut Writer::open(&lake).await.unwrap(), "s3://b/issue", &[issue(2)]).await;
    // Of another day, so that nothing of its own asks for the first.
    let mut later = used(3);
    later["eventTime"] = "2026-12-01T05:00:00Z".into();
    later["userIdentity"]["sessionContext"]["attributes"]["creationDate"] = "2026-12-01T05:00:00Z".into();
    commit(&mut one, "s3://b/later", &[later]).await;
    one.heal(NOW).await.unwrap();
    let healed = last_words(&lake).await.into_iter().filter(|(_, actor)| actor == USER).count();
    assert!(healed >= 1);
    let mut next = Writer::open(&lake).await.unwrap();
    assert!(!next.needs_healing());
    assert_eq!(next.heal(NOW).await.unwrap(), 0);
}

/// The actor of each session by the last word on it.
async fn last_words(lake: &Lake) -> Vec<(String, String)> {
    let open = lake.open(Table::Credentials).await.unwrap();
    let mut words: HashMap<String, (i64, String)> = HashMap::new();
    for (path, size) in files(Table::Credentials, &open, |_| true).unwrap() {
        for batch in read(open.object_store(), Table::Credentials, &path, size, &[]).await.unwrap() {
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let versions = crate::parquet_file::number_column(Table::Credentials, &batch, "resolved_version").unwrap().clone();
            let (fact, session, actor) = (text("fact"), text("credential_id"), text("actor_id"));
            for row in (0..batch.num_rows()).filter(|row| fact.value(*row) == "resolved") {
                let held = words.entry(session.value(row).to_owned()).or_default();
                if versions.value(row) >= held.0 {
                    *held = (versions.value(row), actor.value(row).to_owned());
                }
            }
        }
    }
    words.into_iter().map(|(session, (_, actor))| (session, actor)).collect()
}
