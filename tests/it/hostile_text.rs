//! A log's text is hostile: it reaches neither the terminal nor a spreadsheet as more than text.

use serde_json::json;
use simulate::Loss;

use crate::exits::session;
use crate::records::{event_id, packed, put, topic};
use crate::support::Home;
use crate::world::world;

const HOSTILE: &str =
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;owned\u{7}\u{202e}gnp.exe\u{202c}\u{2066}x\u{2069}\u{200f}\u{9b}2J\u{8}\r\n\u{0}\u{2028}end";

#[test]
fn no_control_or_direction_of_a_log_reaches_the_terminal() {
    let home = hostile_lake();
    let lake = home.text("lake");
    for format in ["human", "table", "json", "jsonl"] {
        for arguments in [
            vec!["trace", "topic-1", "-E", "--include-denied", "--include-reads"],
            vec!["log", "topic-1", "--include-denied"],
            vec!["show", "00000001-0000-4000-8000-00000000abcd", "-E"],
            vec!["show", "00000002-0000-4000-8000-00000000abcd", "-E"],
            vec!["by", "AKIATANAKAXXXEXAMPLE"],
            vec!["sql", "-c", "SELECT event_name, user_agent, error_code, resource_arns FROM events"],
        ] {
            let ended = home.run(&[&["--lake", &lake, "--format", format], &arguments[..]].concat());
            assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
            check_plain(&ended.stdout);
            check_plain(&ended.stderr);
        }
    }
}

#[test]
fn a_hostile_question_is_said_back_plainly() {
    let home = hostile_lake();
    let asked = HOSTILE.replace('\0', "");
    let ended = home.run(&["--lake", &home.text("lake"), &asked]).expect(5);
    check_plain(&ended.stdout);
    check_plain(&ended.stderr);
    for format in ["human", "json"] {
        let ended = home.run(&["--lake", &home.text("lake"), "--format", format, "ingest", &asked]).expect(2);
        check_plain(&ended.stderr);
    }
}

#[test]
fn the_simulations_hostile_tags_stay_text() {
    let world = world(1, Loss::None);
    for question in world.ledger.questions.iter().filter(|question| world.ledger.acts[question.act].story == "hostile_text") {
        let ended = world.home.run(&["--lake", &world.lake(), "-E", &question.thing]).expect(0);
        check_plain(&ended.stdout);
        assert!(ended.stdout.starts_with(&world.ledger.acts[question.act].actor.id), "{}", ended.stdout);
    }
}

#[test]
fn no_cell_of_a_spreadsheet_is_a_formula() {
    let home = Home::new();
    let formulas = ["=1+1", "+1", "-1+1", "@SUM(1)", "=HYPERLINK(\"https://example.com\",\"x\")", "\t=1", "\r=1", " =1", "\"=1", "a\n=1"];
    let records: Vec<_> = formulas
        .iter()
        .zip(1..)
        .map(|(formula, number)| {
            let mut record = topic(number);
            record["userAgent"] = json!(formula);
            record["eventName"] = json!(formula);
            record
        })
        .collect();
    put(&home.path("logs"), "CELLS", &packed(&records));
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    for (format, separator) in [("csv", ','), ("tsv", '\t')] {
        for arguments in
            [&["sql", "-c", "SELECT user_agent, event_name FROM events ORDER BY event_id"][..], &["by", "AKIATANAKAXXXEXAMPLE"]]
        {
            let ended = home.run(&[&["--lake", &lake, "--format", format], arguments].concat()).expect(0);
            // A line ends in both; the last cell of one may be empty.
            let text = ended.stdout.replace("\r\n", "\n");
            let cells = if separator == ',' { cells(&text) } else { text.split(['\t', '\n']).map(str::to_owned).collect() };
            assert!(cells.len() >= 2 * formulas.len());
            for cell in cells {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{format} {cell:?}: {}", ended.stdout);
            }
        }
    }
}

#[test]
fn a_question_is_never_sql() {
    let home = hostile_lake();
    let lake = home.text("lake");
    for thing in ["' OR '1'='1", "topic-1' --", "%", "_", "*", "topic-_", "'; DROP TABLE events; --", "\\", "AKIA%"] {
        let ended = home.run(&["--lake", &lake, "--format", "json", "trace", thing]).expect(5);
        assert_eq!(ended.json()["changes"], json!([]), "{thing}");
        let ended = home.run(&["--lake", &lake, "--format", "json", "by", thing]).expect(5);
        assert_eq!(ended.json()["changes"], json!([]), "{thing}");
    }
    assert_eq!(home.count(&lake, "events"), 3);
}

/// An event whose every free text is hostile, and two that are not.
fn hostile_lake() -> Home {
    let home = Home::new();
    let (mut one, mut two) = (topic(1), topic(2));
    one["eventName"] = json!(format!("CreateTopic{HOSTILE}"));
    one["userAgent"] = json!(HOSTILE);
    one["sourceIPAddress"] = json!(HOSTILE);
    one["awsRegion"] = json!(HOSTILE);
    one["resources"] = json!([{"ARN": format!("arn:aws:sns:ap-northeast-1:111122223333:topic-1{HOSTILE}")}, {"ARN": "arn:aws:sns:ap-northeast-1:111122223333:topic-1"}]);
    two["errorCode"] = json!(HOSTILE);
    two["errorMessage"] = json!(HOSTILE);
    two["userIdentity"] = session("/", "Batch", &format!("sato@example.co.jp{HOSTILE}"));
    two["userIdentity"]["sessionContext"]["sourceIdentity"] = json!(HOSTILE);
    put(&home.path("logs"), "HOSTILE", &packed(&[one, two, topic(3)]));
    let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
    assert_eq!(summary["records"]["written"], 3);
    assert!(!home.ask(&home.text("lake"), &event_id(2))["changes"].as_array().unwrap().is_empty());
    home
}

#[track_caller]
fn check_plain(text: &str) {
    for letter in text.chars() {
        let direction = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
        assert!(letter == '\n' || !letter.is_control() && !direction, "{letter:?} in {text:?}");
    }
}

/// Cells of a comma-separated table.
fn cells(text: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            '\n' if !quoted => cells.push(std::mem::take(&mut cell)),
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(letter),
        }
    }
    cells
}
