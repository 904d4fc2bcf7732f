//! The files of `queries/`, each with a script of `tests/queries/` beside it, over a small lake that never changes.
//!
//! In a script, `show COLUMN,…` on the first line says which columns follow, in which order; `run FILE NAME=VALUE …` is that file with its
//! parameters written out, and `{FILE NAME=VALUE …}` the same within a query. Expectations are worked out by hand from the scenarios' logs.

use std::fmt;
use std::path::Path;

use serde_json::Value;
use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};

use crate::scenarios;
use crate::support::{Home, files};

/// Scenarios whose logs make the lake.
const LOGS: [&str; 3] = [
    "sso_user_is_found_behind_a_cross_account_role",
    "denied_call_is_an_attempt_and_no_change",
    "role_with_a_path_is_found_by_arn_and_by_name",
];

/// What the directory lists on two days: tanaka is gone on the second, and suzuki new.
const LISTINGS: [(&str, &str); 2] = [
    (
        "2026-11-10",
        r#"{"Users": [{"UserId": "9067a1b2c3-11111111-2222-4333-8444-555555555555", "UserName": "sato@example.co.jp", "IdentityStoreId": "d-1"},
                      {"UserId": "u-2", "UserName": "tanaka@example.co.jp", "IdentityStoreId": "d-1"}]}"#,
    ),
    (
        "2026-11-17",
        r#"{"Users": [{"UserId": "9067a1b2c3-11111111-2222-4333-8444-555555555555", "UserName": "sato@example.co.jp", "IdentityStoreId": "d-1"},
                      {"UserId": "u-3", "UserName": "suzuki@example.co.jp", "IdentityStoreId": "d-1"}],
            "Groups": [{"GroupId": "g-1", "DisplayName": "sre", "IdentityStoreId": "d-1"}],
            "GroupMemberships": [{"MembershipId": "m-1", "GroupId": "g-1", "IdentityStoreId": "d-1",
                                  "MemberId": {"UserId": "9067a1b2c3-11111111-2222-4333-8444-555555555555"}}],
            "AccountAssignments": [{"AccountId": "444455556666", "PermissionSetArn": "ps-1", "PrincipalType": "GROUP", "PrincipalId": "g-1"},
                                   {"AccountId": "444455556666", "PermissionSetArn": "ps-1", "PrincipalType": "USER", "PrincipalId": "u-3"},
                                   {"AccountId": "444455556666", "PermissionSetArn": "ps-9", "PrincipalType": "USER", "PrincipalId": "u-3"}]}"#,
    ),
];

#[test]
fn every_query_answers_as_its_script_says() {
    let home = Home::new();
    let lake = home.text("lake");
    for (number, name) in LOGS.iter().enumerate() {
        // Event ids begin anew in each scenario.
        for (place, body) in files(&scenarios::root().join(name).join("logs")) {
            let apart = String::from_utf8(body).unwrap().replace("-5ce0-", &format!("-5ce{number}-"));
            crate::support::write(&home.path(&format!("logs/{number}")).join(place), apart.as_bytes());
        }
    }
    home.ingest(&lake, &[&home.text("logs")]);
    for (day, listing) in LISTINGS {
        crate::support::write(&home.path("directory").join(day).join("all.json"), listing.as_bytes());
    }
    let set = r#"{"PermissionSet": {"Name": "Ops", "PermissionSetArn": "ps-1"}}"#;
    crate::support::write(&home.path("directory/2026-11-17/set.json"), set.as_bytes());
    home.ingest(&lake, &[&format!("directory://{}", home.text("directory"))]);
    for script in scripts() {
        let mut runner = Runner::new(|| async { Ok(Asker { home: &home, lake: &lake }) });
        runner.run_file(root().join("tests/queries").join(&script)).unwrap_or_else(|error| panic!("{script}: {error}"));
    }
}

#[test]
fn scripts_match_the_queries_file_for_file() {
    let queries: Vec<String> = files(&root().join("queries")).into_keys().map(|name| name.replace(".sql", ".slt")).collect();
    assert_eq!(queries, scripts());
}

struct Asker<'a> {
    home: &'a Home,
    lake: &'a str,
}

#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl DB for Asker<'_> {
    type Error = Refused;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, script: &str) -> Result<DBOutput<DefaultColumnType>, Refused> {
        let (columns, sql) = script.split_once('\n').expect("`show` on a line of its own");
        let columns: Vec<&str> = columns.strip_prefix("show ").expect("`show` first").split(',').collect();
        let sql = sql.strip_prefix("run ").map_or_else(|| filled(sql), written_out);
        // Queries of reports are about a span; the scenarios' calls are of this day.
        let day = ["--since", "2026-11-18", "--until", "2026-11-19"];
        let asked = ["--lake", self.lake, "--format", "jsonl", "sql", &format!("--command={sql}")];
        let ended = self.home.run(&[&day[..], &asked[..]].concat());
        if ended.code != 0 {
            return Err(Refused(ended.stderr));
        }
        let row = |line: &str| {
            let row: Value = serde_json::from_str(line).unwrap();
            columns.iter().map(|column| plain(&row[*column])).collect()
        };
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Any; columns.len()], rows: ended.stdout.lines().map(row).collect() })
    }
}

/// A query with the files that it names in braces written out.
fn filled(sql: &str) -> String {
    let Some((before, rest)) = sql.split_once('{') else { return sql.to_owned() };
    let (words, after) = rest.split_once('}').unwrap();
    format!("{before}(\n{}\n){after}", written_out(words))
}

/// A query's file with its parameters written out; `$bucket` is that of `$key`.
fn written_out(words: &str) -> String {
    let mut words = words.split_whitespace();
    let mut sql = std::fs::read_to_string(root().join("queries").join(words.next().unwrap())).unwrap();
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        if name == "key" {
            sql = sql.replace("$bucket", &lake::bucket(value).to_string());
        }
        let time = matches!(name, "since" | "until");
        sql = sql.replace(&format!("${name}"), &if time { format!("TIMESTAMP '{value}'") } else { format!("'{value}'") });
    }
    sql
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => "NULL".to_owned(),
        other => other.to_string(),
    }
}

fn scripts() -> Vec<String> {
    files(&root().join("tests/queries")).into_keys().collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
