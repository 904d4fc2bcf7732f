//! Fewer files, the same rows: whoever asks, ingests or compacts beside it sees nothing of that.

use std::collections::HashMap;
use std::path::Path;
use std::process::Child;

use lake::Table;
use serde_json::Value;
use simulate::{LogObject, Loss};

use crate::ingest::{once, same_lakes, without_evidence};
use crate::support::{Home, write};
use crate::world::{plan, simulated};

/// Writes the objects into so many folders, as they would have been delivered one after another.
fn deliveries(home: &Home, objects: &[LogObject], count: usize) -> Vec<String> {
    let folder = |place: usize| home.path("logs").join(format!("{:02}", place * count / objects.len()));
    for (place, object) in objects.iter().enumerate() {
        write(&folder(place).join(&object.key), &object.body);
    }
    (0..count).map(|place| home.text(&format!("logs/{place:02}"))).collect()
}

/// The data files that a table's newest version names.
fn files_of(lake: &str, table: Table) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let open = lake::Lake::at(lake, HashMap::new()).unwrap().open(table).await.unwrap();
        let log = open.snapshot().unwrap().log_data();
        log.iter().map(|file| file.object_store_path().to_string()).collect()
    })
}

fn number(table: &Value, name: &str) -> i64 {
    table[name].as_i64().unwrap_or_else(|| panic!("{name} is missing: {table}"))
}

#[test]
fn many_small_ingests_leave_few_files_and_the_answers_of_one_large_one() {
    let (objects, ledger) = simulated(&plan(11, Loss::None));
    let home = Home::new();
    let (lake, whole) = (home.text("lake"), home.text("whole"));
    let deliveries = deliveries(&home, &objects, 10);
    let runs: i64 = deliveries.iter().map(|folder| home.ingest(&lake, &[folder])["records"]["written"].as_i64().unwrap()).sum();
    let once = home.ingest(&whole, &[&home.text("logs")]);
    assert_eq!(once["records"]["written"], runs);
    // Ten runs wrote ten files or more to each; those of like size became one as they came.
    for table in [Table::Mentions, Table::Causes, Table::Objects] {
        let files = files_of(&lake, table).len();
        let partitions = files_of(&whole, table).len();
        assert!(files <= partitions * 9, "{}: {files} files in {partitions} parts", table.name());
    }
    let compact = home.run(&["--lake", &lake, "--format", "json", "compact"]).expect(0).json();
    assert_eq!(compact["schema"], "whodid.compact/v1");
    for table in compact["compact"].as_array().unwrap() {
        assert!(number(table, "files_after") <= number(table, "files_before"), "{table}");
        // Replaced a moment ago: somebody may still read them.
        assert_eq!(table["files_deleted"], 0, "{table}");
    }
    let again = home.run(&["--lake", &lake, "--format", "json", "compact"]).expect(0).json();
    for table in again["compact"].as_array().unwrap() {
        assert_eq!(table["files_before"], table["files_after"], "{table}");
    }
    same_lakes(&home, &lake, &whole);
    for question in ledger.questions.iter().step_by(7) {
        let [one, other] = [&lake, &whole].map(|lake| without_evidence(home.ask(lake, &question.thing))["changes"].clone());
        assert_eq!(one, other, "{}", question.thing);
    }
    let repeated = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!((&repeated["records"]["written"], &repeated["objects"]["new"]), (&0.into(), &0.into()), "{repeated}");
}

/// A reader that opened the lake before goes on with the files that it knows.
#[test]
fn replaced_files_stay_for_who_reads_an_older_version_and_go_later() {
    let (objects, _) = simulated(&plan(12, Loss::None));
    let home = Home::new();
    let lake = home.text("lake");
    for folder in deliveries(&home, &objects, 3) {
        home.ingest(&lake, &[&folder]);
    }
    let before = files_of(&lake, Table::Mentions);
    home.run(&["--lake", &lake, "compact"]).expect(0);
    let after = files_of(&lake, Table::Mentions);
    assert!(after.len() < before.len(), "{} and then {}", before.len(), after.len());
    let is_there = |file: &String| Path::new(&lake).join("mentions").join(file).is_file();
    assert!(before.iter().all(is_there) && after.iter().all(is_there));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let two_days_on = crate::signed::now() * 1_000_000 + 2 * lake::rows::DAY_MICROS;
    let deleted = runtime.block_on(async {
        let lake = lake::Lake::at(&lake, HashMap::new()).unwrap();
        let mut writer = lake::Writer::open(&lake).await.unwrap();
        let done = writer.compact(lake::compact::Extent::Everything, lake::compact::KEEP, two_days_on).await.unwrap();
        done.iter().find(|table| table.table == "mentions").map_or(0, |table| table.files_deleted)
    });
    let gone: Vec<&String> = before.iter().filter(|file| !after.contains(file)).collect();
    assert_eq!(deleted as usize, gone.len());
    assert!(gone.into_iter().all(|file| !is_there(file)) && after.iter().all(is_there));
    assert_eq!(home.count(&lake, "events"), home.sql(&lake, "SELECT DISTINCT event_id, recipient_account_id FROM events").len() as i64);
}

#[test]
fn ingests_and_compactions_at_once_lose_nothing_and_write_nothing_twice() {
    let (objects, _) = simulated(&plan(13, Loss::None));
    let home = Home::new();
    let (lake, whole) = (home.text("lake"), home.text("whole"));
    let folders = deliveries(&home, &objects, 6);
    home.ingest(&whole, &[&home.text("logs")]);
    home.ingest(&lake, &[&folders[0]]);
    let start =
        |arguments: &[&str]| home.whodid().args(["--lake", &lake]).args(arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut running: Vec<Child> = folders[1..].iter().map(|folder| start(&["ingest", folder])).collect();
    running.extend((0..3).map(|_| start(&["compact"])));
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    once(&home, &lake);
    same_lakes(&home, &lake, &whole);
}

#[test]
fn a_lake_that_is_not_there_is_not_made() {
    let home = Home::new();
    let ended = home.run(&["--lake", &home.text("none"), "compact"]).expect(2);
    assert!(ended.stderr.contains("no lake"), "{}", ended.stderr);
    assert!(!home.path("none").exists());
}
