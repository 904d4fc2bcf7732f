//! How the program ends, and what it says when something is wrong.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::records::{ACCOUNT, event_id, packed, put, topic};
use crate::support::{Ended, Home, run};

#[test]
fn found_is_0() {
    lake().run(&["topic-1"]).expect(0);
}

#[test]
fn nothing_found_in_logs_that_no_digest_covers_is_5() {
    let ended = lake().run(&["topic-99"]).expect(5);
    assert!(ended.stdout.contains("topic-99"), "{}", ended.stdout);
    assert!(lake().run(&["--format", "json", "topic-99"]).expect(5).json().is_object());
    assert_eq!(lake().run(&["--format", "jsonl", "topic-99"]).expect(5).stdout, "");
}

#[test]
fn an_unknown_event_id_is_5() {
    lake().run(&["show", &event_id(77)]).expect(5);
}

#[test]
fn only_read_or_only_tried_is_0() {
    let lake = lake();
    for thing in ["topic-3", "topic-4"] {
        let answer = lake.run(&["--format", "json", thing]).expect(0).json();
        assert_eq!(answer["changes"], json!([]), "{thing}");
        assert_eq!(answer["reads"].as_u64().unwrap() + answer["attempts"].as_u64().unwrap(), 1, "{thing}");
    }
}

#[test]
fn less_certain_than_required_is_3() {
    let lake = lake();
    for (thing, require, code) in [
        ("topic-1", "proven", 0),
        ("topic-1", "attested", 0),
        ("topic-1", "probable", 0),
        ("topic-5", "proven", 3),
        ("topic-5", "attested", 0),
        ("topic-5", "probable", 0),
        ("topic-6", "proven", 3),
        ("topic-6", "attested", 3),
        ("topic-6", "probable", 3),
    ] {
        let ended = lake.run(&["--format", "json", "trace", thing, "--require", require]);
        assert_eq!(ended.code, code, "{thing} --require {require}: {}", ended.stdout);
        assert_eq!(ended.json()["changes"].as_array().unwrap().len(), 1, "the answer is given all the same");
    }
}

#[test]
fn what_is_required_of_nothing_is_still_5() {
    lake().run(&["trace", "topic-99", "--require", "proven"]).expect(5);
}

#[test]
fn bad_usage_is_2_and_says_what_to_do() {
    let lake = lake();
    for arguments in [
        &["--since", "yesterday", "topic-1"][..],
        &["--since", "2026-13-45", "topic-1"],
        &["--until", "soon", "topic-1"],
        &["--since", "2026-11-19", "--until", "2026-11-18", "topic-1"],
        &["--format", "xml", "topic-1"],
        &["--no-such-flag", "topic-1"],
        &["trace"],
        &["trace", "topic-1", "--require", "certain"],
        &["trace", "topic-1", "--limit", "many"],
        &["trace", "topic-1", "--tag", "no-value"],
        &["ingest"],
        &["--config", "/no/such/file", "topic-1"],
        &[],
    ] {
        let ended = lake.run(arguments).expect(2);
        assert!(ended.stdout.is_empty(), "{arguments:?}: {}", ended.stdout);
        assert!(ended.stderr.len() > 20, "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn a_missing_folder_is_2_and_named() {
    let lake = lake();
    for source in ["/no/such/folder", "/no/such/file.json.gz", "no-such-place"] {
        let ended = lake.run(&["ingest", source]).expect(2);
        assert!(ended.stderr.contains(source) && ended.stderr.contains("hint:"), "{}", ended.stderr);
        lake.run(&["--logs", source, "topic-1"]).expect(2);
    }
}

#[test]
fn a_missing_lake_is_2_and_says_how_to_make_one() {
    let home = Home::new();
    let ended = home.run(&["--lake", &home.text("none"), "topic-1"]).expect(2);
    assert!(ended.stderr.contains("ingest") && ended.stderr.contains("--logs"), "{}", ended.stderr);
    assert!(!home.path("none").exists(), "a question makes no lake");
}

#[test]
fn an_unknown_key_of_the_configuration_is_2() {
    let home = Home::new();
    crate::support::write(&home.path("config/whodid/config.toml"), b"laek = '/tmp'\n");
    let ended = home.run(&["topic-1"]).expect(2);
    assert!(ended.stderr.contains("laek") && ended.stderr.contains("config.toml"), "{}", ended.stderr);
}

#[test]
fn a_configuration_in_the_working_folder_is_never_read() {
    let lake = lake();
    for name in ["config.toml", "whodid.toml", ".whodid.toml", "whodid/config.toml"] {
        crate::support::write(&lake.home.path(name), b"nonsense = true\n");
    }
    lake.run(&["topic-1"]).expect(0);
}

#[test]
fn errors_are_one_json_object_on_stderr_in_json_mode() {
    let lake = lake();
    for format in ["json", "jsonl"] {
        for arguments in [
            &["--since", "yesterday", "topic-1"][..],
            &["ingest", "/no/such/folder"],
            &["--logs", "/no/such/folder", "topic-1"],
            &["--no-such-flag", "topic-1"],
            &["sql", "-c", "DROP TABLE events"],
            &["sql", "-c", "SELECT nonsense FROM events"],
        ] {
            let ended = lake.run(&[&["--format", format], arguments].concat()).expect(2);
            assert!(ended.stdout.is_empty(), "{arguments:?}: {}", ended.stdout);
            let error: Value =
                serde_json::from_str(&ended.stderr).unwrap_or_else(|_| panic!("{arguments:?}: one JSON object: {:?}", ended.stderr));
            assert!(error.is_object(), "{error}");
        }
    }
}

#[test]
fn the_errors_of_sql_are_said() {
    let ended = lake().run(&["sql", "-c", "SELECT nonsense FROM events"]).expect(2);
    assert!(ended.stderr.contains("nonsense"), "{}", ended.stderr);
}

#[test]
fn sql_reads_and_does_nothing_else() {
    let lake = lake();
    let before = crate::support::files(&lake.home.path("lake"));
    let out = lake.home.text("stolen");
    for statement in [
        format!("COPY events TO '{out}.csv'"),
        format!("COPY (SELECT 1) TO '{out}.parquet'"),
        "DROP TABLE events".to_owned(),
        "DROP VIEW changes".to_owned(),
        "INSERT INTO rejects SELECT * FROM rejects".to_owned(),
        "DELETE FROM events".to_owned(),
        "UPDATE events SET event_name = 'x'".to_owned(),
        "CREATE TABLE mine AS SELECT 1".to_owned(),
        "CREATE VIEW mine AS SELECT 1".to_owned(),
        format!("CREATE EXTERNAL TABLE mine STORED AS CSV LOCATION '{}'", lake.home.text("data/whodid/hash.key")),
        "SELECT * FROM '/etc/passwd'".to_owned(),
        "SELECT * FROM '/etc/passwd.csv'".to_owned(),
        format!("SELECT * FROM '{}/events'", lake.home.text("lake")),
        "SELECT * FROM read_csv('/etc/passwd')".to_owned(),
        "SELECT 1; DROP TABLE events".to_owned(),
        "SET datafusion.catalog.information_schema = false".to_owned(),
        "EXPLAIN ANALYZE COPY events TO '/tmp/x.csv'".to_owned(),
        "WITH x AS (DELETE FROM events) SELECT 1".to_owned(),
        String::new(),
    ] {
        let ended = lake.run(&["sql", "-c", &statement]);
        assert_eq!(ended.code, 2, "{statement}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.is_empty(), "{statement}: {}", ended.stdout);
    }
    assert!(!lake.home.path("stolen.csv").exists() && !lake.home.path("stolen.parquet").exists());
    assert_eq!(before, crate::support::files(&lake.home.path("lake")));
}

#[test]
fn stdout_that_closes_early_ends_quietly() {
    let home = Home::new();
    put(&home.path("logs"), "MANY", &packed(&(1..=2000).map(topic).collect::<Vec<_>>()));
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    for arguments in [
        &["--format", "jsonl", "sql", "--maxrows", "100000", "-c", "SELECT * FROM events"][..],
        &["--format", "json", "by", "AKIATANAKAXXXEXAMPLE"],
        &["log", "AKIATANAKAXXXEXAMPLE"],
    ] {
        let mut command = home.whodid();
        command.args(["--lake", &lake]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut first = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap(); // and then it is dropped, as by `head`
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert!(matches!(output.status.code(), Some(0) | None), "{arguments:?}: {:?}", output.status);
    }
}

#[test]
fn help_and_version_are_answers() {
    let home = Home::new();
    let help = home.run(&["--help"]).expect(0);
    assert!(help.stdout.contains("Exit codes") && help.stderr.is_empty());
    home.run(&["--version"]).expect(0);
}

struct Lake {
    home: Home,
}

impl Lake {
    fn run(&self, arguments: &[&str]) -> Ended {
        run(self.home.whodid().args(["--lake", &self.home.text("lake")]).args(arguments))
    }
}

/// topic-1 was made, topic-3 only read, topic-4 only tried; topic-5 by a person whose session has no issuing event, topic-6 by nobody known.
fn lake() -> Lake {
    let home = Home::new();
    let (mut read, mut tried, mut attested, mut unknown) = (topic(3), topic(4), topic(5), topic(6));
    read["eventName"] = json!("GetTopicAttributes");
    read["requestParameters"] = json!({"topicArn": "arn:aws:sns:ap-northeast-1:111122223333:topic-3"});
    read["responseElements"] = Value::Null;
    read["readOnly"] = json!(true);
    tried["errorCode"] = json!("AuthorizationError");
    tried["responseElements"] = Value::Null;
    let name = "AWSReservedSSO_Ops_0123456789abcdef";
    attested["userIdentity"] = session("/aws-reserved/sso.amazonaws.com/ap-northeast-1/", name, "sato@example.co.jp");
    unknown["userIdentity"] = session("/", "Batch", "job");
    put(&home.path("logs"), "ALL", &packed(&[topic(1), read, tried, attested, unknown]));
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    Lake { home }
}

pub(crate) fn session(path: &str, role: &str, name: &str) -> Value {
    let id = format!("AROA{:X<10}EXAMPLE", role.to_uppercase().replace('_', "").chars().take(10).collect::<String>());
    json!({
        "type": "AssumedRole", "principalId": format!("{id}:{name}"), "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"),
        "accountId": ACCOUNT, "accessKeyId": format!("ASIA{:X<9}EXAMPLE", role.to_uppercase().replace('_', "").chars().take(9).collect::<String>()),
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": id, "arn": format!("arn:aws:iam::{ACCOUNT}:role{path}{role}"), "accountId": ACCOUNT, "userName": role},
            "attributes": {"creationDate": "2026-11-18T04:00:00Z", "mfaAuthenticated": "false"}
        }
    })
}
