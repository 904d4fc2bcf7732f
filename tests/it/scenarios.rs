//! Scenarios written by hand, a folder each: what the logs hold, what is asked, and what must come out.
//!
//! `logs/` as a bucket would hold them; `command`, a line for each way of asking; `expected.json`, contained in the answer to each (a list is
//! compared item by item, an object by the keys that are given); `expected.txt`, lines that a person reads; `exit`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Home, files};

#[test]
fn every_scenario_comes_out_as_written() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        wrong.extend(play(&folder).into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn scenarios_are_whole() {
    assert!(folders().len() >= 10);
    for folder in folders() {
        for part in ["command", "expected.json", "expected.txt", "exit", "logs/AWSLogs"] {
            assert!(folder.join(part).exists(), "{} lacks {part}", folder.display());
        }
    }
}

#[test]
fn together_in_one_lake_the_scenarios_leave_each_other_alone() {
    // Ids are invented anew in each scenario; those that stand alone with theirs can share a lake.
    let home = Home::new();
    let names =
        ["github_deployment_names_the_repository", "root_by_console_is_proven_with_its_sign_in", "instance_profile_names_the_instance"];
    for (number, name) in names.iter().enumerate() {
        for (place, body) in files(&root().join(name).join("logs")) {
            let apart = String::from_utf8(body).unwrap().replace("-5ce0-4a10-", &format!("-5ce{number}-4a1{number}-"));
            crate::support::write(&home.path(&format!("logs/{number}")).join(place), apart.as_bytes());
        }
    }
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    let answer = home.ask(&home.text("lake"), "builds-two");
    assert_eq!(answer["changes"][0]["actor"]["kind"], "workload");
    assert_eq!(home.ask(&home.text("lake"), "backup")["changes"][0]["actor"]["kind"], "root_user");
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// What differs from the expectation.
fn play(folder: &Path) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let home = Home::new();
    let lake = home.text("lake");
    let ingest = home.run(&["--lake", &lake, "ingest", "--strict", folder.join("logs").to_str().unwrap()]);
    if ingest.code != 0 {
        return vec![format!("ingest ended with {}: {}", ingest.code, ingest.stderr)];
    }
    let expected: Value = serde_json::from_str(&read("expected.json")).unwrap();
    let exit: i32 = read("exit").trim().parse().unwrap();
    let mut wrong = Vec::new();
    for command in read("command").lines() {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let answer = home.run(&[&["--lake", &lake, "--format", "json"], &words[..]].concat());
        let human = home.run(&[&["--lake", &lake], &words[..]].concat());
        for (format, ended) in [("json", &answer), ("human", &human)] {
            if ended.code != exit {
                wrong.push(format!("{command}: {format} ended with {} and not {exit}: {}", ended.code, ended.stderr));
            }
        }
        match serde_json::from_str(&answer.stdout) {
            Ok(found) => lacks(&expected, &found, command, &mut wrong),
            Err(error) => wrong.push(format!("{command}: stdout is no JSON: {error}")),
        }
        for line in read("expected.txt").lines().filter(|line| !line.is_empty()) {
            if !human.stdout.lines().any(|said| said == line) {
                wrong.push(format!("{command}: a person does not read {line:?} in {:?}", human.stdout));
            }
        }
    }
    wrong
}

/// Where `found` does not hold `expected`.
pub(crate) fn lacks(expected: &Value, found: &Value, at: &str, wrong: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(keys), Value::Object(object)) => {
            for (key, value) in keys {
                match object.get(key) {
                    Some(found) => lacks(value, found, &format!("{at}.{key}"), wrong),
                    None => wrong.push(format!("{at}.{key} is missing")),
                }
            }
        }
        (Value::Array(items), Value::Array(list)) if items.len() == list.len() => {
            for (place, (item, found)) in items.iter().zip(list).enumerate() {
                lacks(item, found, &format!("{at}[{place}]"), wrong);
            }
        }
        _ if expected == found => {}
        _ => wrong.push(format!("{at} is {found} and not {expected}")),
    }
}
