//! A lake whose files a disk forgot bits of, or that lost some: an error that says so, never another answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simulate::Loss;

use crate::support::{Home, write};
use crate::world::{plan, simulated};

fn lake() -> (Home, String) {
    let (objects, ledger) = simulated(&plan(5, Loss::None));
    let home = Home::new();
    for object in &objects {
        write(&home.path("logs").join(&object.key), &object.body);
    }
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    let thing = ledger.questions.iter().find(|question| home.ask(&home.text("lake"), &question.thing)["changes"] != json!([]));
    (home, thing.expect("a question that has an answer").thing.clone())
}

fn data_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            data_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            found.push(path);
        }
    }
}

/// In each file, a bit of every so many bytes is another one: the answer is the same, or an error.
#[test]
fn flipped_bits_give_an_error_or_the_same_answer() {
    let (home, thing) = lake();
    let lake = home.text("lake");
    let changes = home.ask(&lake, &thing)["changes"].clone();
    let mut files = BTreeMap::new();
    for table in ["events", "mentions", "credentials", "objects"] {
        let mut found = Vec::new();
        data_files(&home.path("lake").join(table), &mut found);
        assert!(!found.is_empty(), "{table}");
        files.extend(found.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())));
    }
    let (mut noticed, mut queries_noticed) = (0, 0);
    for start in [211, 1_009, 4_001] {
        for (path, bytes) in &files {
            let mut spoilt = bytes.clone();
            // The footer and indexes are at the end: what they lead to is what is checked.
            let end = bytes.len() * 6 / 10;
            (start.min(end)..end).step_by(509).for_each(|place| spoilt[place] ^= 1);
            std::fs::write(path, spoilt).unwrap();
        }
        let ended = home.run(&["--lake", &lake, "--format", "json", &thing]);
        match ended.code {
            0 => assert_eq!(ended.json()["changes"], changes),
            2 => {
                let said: Value = serde_json::from_str(&ended.stderr).unwrap();
                assert!(ended.stdout.is_empty() && said["code"] == "damaged", "{}", ended.stderr);
                let names_file =
                    files.keys().any(|path| said["message"].as_str().unwrap().contains(path.file_name().unwrap().to_str().unwrap()));
                assert!(names_file, "{}", ended.stderr);
                noticed += 1;
            }
            other => panic!("{other}: {}{}", ended.stdout, ended.stderr),
        }
        let queried = home.run(&["--lake", &lake, "--format", "json", "sql", "-c", "SELECT count(*) FROM mentions WHERE key LIKE '%-%'"]);
        if queried.code != 0 {
            let said: Value = serde_json::from_str(&queried.stderr).unwrap();
            assert!(queried.stdout.is_empty() && said["code"] == "damaged", "{}", queried.stderr);
            queries_noticed += 1;
        }
        for (path, bytes) in &files {
            std::fs::write(path, bytes).unwrap();
        }
    }
    assert!(noticed > 0 && queries_noticed > 0);
    assert_eq!(home.ask(&lake, &thing)["changes"], changes);
}

/// A report reads whole days past the engine's own reader.
#[test]
fn a_report_over_spoilt_or_lost_events_is_an_error_that_names_the_file() {
    let (home, _) = lake();
    let lake = home.text("lake");
    let report = |out: &str| {
        let ended = home.run(&[
            "--lake",
            &lake,
            "--format",
            "json",
            "report",
            "--from",
            "2026-01-01",
            "--to",
            "2026-12-31",
            "--out",
            &home.text(out),
        ]);
        assert!(ended.code == 0 || (ended.stdout.is_empty() && !home.path(out).exists()), "{}", ended.stderr);
        (ended.code, ended.stderr)
    };
    let mut files = Vec::new();
    data_files(&home.path("lake/events"), &mut files);
    let path = files.into_iter().max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut spoilt = bytes.clone();
    (211..bytes.len() * 6 / 10).step_by(509).for_each(|place| spoilt[place] ^= 1);
    for spoilt in [Some(spoilt), None] {
        match &spoilt {
            Some(spoilt) => std::fs::write(&path, spoilt).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let (code, stderr) = report("spoilt");
        let said: Value = serde_json::from_str(&stderr).unwrap();
        assert_eq!((code, said["code"].as_str()), (2, Some("damaged")), "{stderr}");
        assert!(said["message"].as_str().unwrap().contains(name), "{stderr}");
    }
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(report("whole").0, 0);
}

/// The index names an event, and nothing holds it: that is no answer of nothing.
#[test]
fn a_lost_file_of_events_is_told() {
    let (home, thing) = lake();
    let lake = home.text("lake");
    let log = home.path("lake").join("events/_delta_log");
    let mut versions: Vec<PathBuf> = std::fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path()).collect();
    versions.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    versions.sort();
    for path in &versions {
        let text = std::fs::read_to_string(path).unwrap();
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("{\"add\"")).collect();
        std::fs::write(path, kept.join("\n")).unwrap();
    }
    let ended = home.run(&["--lake", &lake, "--format", "json", &thing]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
    let said: Value = serde_json::from_str(&ended.stderr).unwrap();
    assert_eq!(said["code"], "damaged", "{said}");
    assert!(ended.stderr.contains("into a new lake"), "{}", ended.stderr);
}
