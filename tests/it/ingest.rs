//! Every event once, whatever is repeated, split, reordered or done at the same time.

use std::process::Stdio;

use serde_json::{Value, json};
use simulate::{LogObject, Loss};

use crate::support::{Home, check_sum};
use crate::world::{deliver, plan, simulated, world};

/// Tables that a second run leaves as they are.
const TABLES: [&str; 6] = ["events", "mentions", "causes", "credentials", "objects", "rejects"];

/// Where a record lies and when it was resolved depends on how it came; what it says does not.
const PLACE: [&str; 6] = ["object", "object_id", "record", "object_sha256", "resolved_version", "ingested_version"];

#[test]
fn the_summary_counts_what_the_simulation_wrote() {
    let world = world(1, Loss::None);
    let ledger = &world.ledger;
    let (read, duplicate) = (ledger.records, ledger.duplicates);
    assert_eq!(world.summary["records"], json!({"read": read, "written": read - duplicate, "duplicate": duplicate, "rejected": 0}));
    let objects = &world.summary["objects"];
    assert_eq!(
        (&objects["seen"], &objects["new"], &objects["read"], &objects["rejected"]),
        (&json!(ledger.objects), &json!(ledger.objects), &json!(ledger.objects), &json!(0))
    );
    assert_eq!(world.summary["bytes"]["uncompressed"], json!(ledger.bytes_uncompressed));
    let compressed: usize = world.objects.iter().map(|object| object.body.len()).sum();
    assert_eq!(world.summary["bytes"]["compressed"], json!(compressed));
    assert!(world.summary["seconds"].is_number() && world.summary["late_issuers_healed"].is_number());
    assert_eq!(world.home.count(&world.lake(), "events"), (read - duplicate) as i64);
}

#[test]
fn a_second_run_writes_nothing() {
    let (home, objects) = some_objects();
    let (lake, logs) = (home.text("lake"), home.text("logs"));
    deliver(&home.path("logs"), &objects);
    home.ingest(&lake, &[&logs]);
    let before = tables(&home, &lake);
    let again = home.ingest(&lake, &[&logs]);
    assert_eq!(again["records"], json!({"read": 0, "written": 0, "duplicate": 0, "rejected": 0}));
    assert_eq!(again["objects"]["new"], 0);
    assert_eq!(again["objects"]["seen"], objects.len());
    assert_eq!(before, tables(&home, &lake));
}

#[test]
fn half_of_the_objects_first_gives_the_same_lake() {
    let (home, objects) = some_objects();
    let (lake, whole) = (home.text("lake"), home.text("whole"));
    let (early, late) = objects.split_at(objects.len() / 2);
    deliver(&home.path("logs"), early);
    home.ingest(&lake, &[&home.text("logs")]);
    deliver(&home.path("logs"), late);
    let second = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(second["objects"]["new"], late.len());
    home.ingest(&whole, &[&home.text("logs")]);
    same_lakes(&home, &lake, &whole);
    let before = tables(&home, &lake);
    let third = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(third["records"]["read"], 0);
    assert_eq!(before, tables(&home, &lake));
}

#[test]
fn parts_in_any_order_give_the_same_tables_and_answers() {
    let (objects, ledger) = simulated(&plan(7, Loss::None));
    let home = Home::new();
    let mut parts = vec![Vec::new(); 3];
    for (place, object) in objects.into_iter().enumerate() {
        parts[place * 7 % 3].push(object);
    }
    for (number, part) in parts.iter().enumerate() {
        deliver(&home.path(&format!("logs/{number}")), part);
    }
    home.ingest(&home.text("whole"), &[&home.text("logs")]);
    for (lake, order) in [("backwards", [2, 1, 0]), ("mixed", [1, 2, 0])] {
        for part in order {
            home.ingest(&home.text(lake), &[&home.text(&format!("logs/{part}"))]);
        }
        same_lakes(&home, &home.text(lake), &home.text("whole"));
        for question in ledger.questions.iter().step_by(40) {
            let [one, other] = [lake, "whole"].map(|lake| without_evidence(home.ask(&home.text(lake), &question.thing)));
            assert_eq!(one, other, "{} {}", lake, question.thing);
        }
    }
}

#[test]
fn a_source_given_twice_and_a_folder_within_another_are_read_once() {
    let (home, objects) = some_objects();
    deliver(&home.path("logs"), &objects);
    let (lake, logs) = (home.text("lake"), home.text("logs"));
    let inside = home.text("logs/AWSLogs");
    home.ingest(&lake, &[&logs, &logs, &inside]);
    once(&home, &lake);
    let whole = home.text("whole");
    home.ingest(&whole, &[&logs]);
    same_lakes(&home, &lake, &whole);
}

#[test]
fn one_file_is_a_source() {
    let (home, objects) = some_objects();
    deliver(&home.path("logs"), &objects[..1]);
    let summary = home.ingest(&home.text("lake"), &[home.path("logs").join(&objects[0].key).to_str().unwrap()]);
    assert_eq!(summary["records"]["read"], objects[0].records);
}

#[test]
fn copies_of_objects_under_other_names_add_nothing() {
    let (home, objects) = some_objects();
    deliver(&home.path("logs"), &objects);
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    let before = home.rows(&home.text("lake"), "changes", &[]);
    deliver(&home.path("copies"), &objects);
    let summary = home.ingest(&home.text("lake"), &[&home.text("copies")]);
    assert_eq!(summary["records"]["written"], 0);
    assert_eq!(summary["records"]["rejected"], 0);
    assert_eq!(before, home.rows(&home.text("lake"), "changes", &[]));
}

#[test]
fn three_processes_at_once_on_one_lake_give_each_event_once() {
    let (home, objects) = some_objects();
    deliver(&home.path("logs"), &objects);
    let (lake, alone, logs) = (home.text("lake"), home.text("alone"), home.text("logs"));
    let running: Vec<_> = (0..3)
        .map(|_| {
            let mut command = home.whodid();
            command.args(["--lake", &lake, "--format", "json", "ingest", &logs]).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut written = 0;
    for process in running {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        check_sum(&summary);
        written += summary["records"]["written"].as_i64().unwrap();
    }
    home.ingest(&alone, &[&logs]);
    once(&home, &lake);
    assert_eq!(written, home.count(&lake, "events"));
    same_lakes(&home, &lake, &alone);
    let again = home.ingest(&lake, &[&logs]);
    assert_eq!(again["records"]["read"], 0);
}

#[test]
fn an_ingest_that_was_killed_is_made_good_by_the_next() {
    let (home, objects) = some_objects();
    deliver(&home.path("logs"), &objects);
    let (lake, alone, logs) = (home.text("lake"), home.text("alone"), home.text("logs"));
    let mut killed = home.whodid().args(["--lake", &lake, "ingest", &logs]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // As soon as the first table has a commit: somewhere between the first and the last one.
    while !home.path("lake/events/_delta_log").exists() && killed.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = killed.kill();
    killed.wait().unwrap();
    home.ingest(&lake, &[&logs]);
    home.ingest(&alone, &[&logs]);
    once(&home, &lake);
    same_lakes(&home, &lake, &alone);
}

fn some_objects() -> (Home, Vec<LogObject>) {
    let (mut objects, _) = simulated(&plan(6, Loss::None));
    let objects = objects.drain(..).step_by(4).collect();
    (Home::new(), objects)
}

fn tables(home: &Home, lake: &str) -> Vec<(&'static str, Vec<String>)> {
    TABLES.into_iter().map(|table| (table, home.rows(lake, table, &[]))).collect()
}

#[track_caller]
pub(crate) fn once(home: &Home, lake: &str) {
    for (table, key) in [
        ("events", "event_id, recipient_account_id"),
        ("mentions", "key, form, arn, object_id, record"),
        ("causes", "key, kind, role_arn, detail, object_id, record"),
        ("objects", "object"),
    ] {
        let query = format!("SELECT {key}, count(*) AS n FROM {table} GROUP BY {key} HAVING count(*) > 1");
        let repeated = home.sql(lake, &query);
        assert!(repeated.is_empty(), "{table}: {repeated:?}");
    }
}

#[track_caller]
pub(crate) fn same_lakes(home: &Home, one: &str, other: &str) {
    for table in ["changes", "mentions", "causes"] {
        let [one, other] = [one, other].map(|lake| home.rows(lake, table, &PLACE));
        assert_eq!(one.len(), other.len(), "{table}");
        let differing: Vec<_> = one.iter().zip(&other).filter(|(one, other)| one != other).take(3).collect();
        assert!(differing.is_empty(), "{table}: {differing:#?}");
    }
    let columns = "credential_id, actor_kind, actor_id, certainty";
    let [one, other] = [one, other].map(|lake| home.sql(lake, &format!("SELECT {columns} FROM resolved_credentials ORDER BY {columns}")));
    assert_eq!(one, other, "resolved_credentials");
}

/// Of a record that lies in two objects, either place is a right one.
pub(crate) fn without_evidence(mut answer: Value) -> Value {
    if let Some(changes) = answer["changes"].as_array_mut() {
        for change in changes {
            change.as_object_mut().unwrap().remove("evidence");
            for hop in change["chain"].as_array_mut().into_iter().flatten() {
                if let Some(issued_by) = hop["issued_by"].as_object_mut() {
                    issued_by.remove("evidence");
                }
            }
        }
    }
    answer
}
