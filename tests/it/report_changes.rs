//! Reports on what changed from which value to which, on what moved machines, on exceptions, and on what was in force.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use simulate::Loss;

use crate::records::{event_id, packed, put, topic};
use crate::report::Written;
use crate::support::{Home, gzip, write};
use crate::world::world;

/// A call of IAM on a day of November.
fn call(number: u32, day: u32, event_name: &str, request: Value) -> Value {
    let mut record = topic(number);
    record["eventTime"] = json!(format!("2026-11-{day:02}T05:00:{:02}Z", number % 60));
    record["eventSource"] = json!("iam.amazonaws.com");
    record["eventName"] = json!(event_name);
    record["awsRegion"] = json!("us-east-1");
    record["requestParameters"] = request;
    record["responseElements"] = Value::Null;
    record
}

fn policy(role: &str, name: &str, document: &str) -> Value {
    json!({"roleName": role, "policyName": name, "policyDocument": document})
}

#[test]
fn a_value_before_is_that_of_the_last_call_that_set_it() {
    let mut denied = call(3, 19, "PutRolePolicy", policy("deploy", "p", "DENIED"));
    denied["errorCode"] = json!("AccessDenied");
    let mut other_account = call(4, 19, "PutRolePolicy", policy("deploy", "p", "ELSEWHERE"));
    other_account["recipientAccountId"] = json!("444455556666");
    let long = format!("{{\"Statement\":\"{}\"}}", "x".repeat(5_000));
    let records = [
        call(1, 1, "PutRolePolicy", policy("deploy", "p", "{\"old\":1}")),
        call(2, 2, "PutRolePolicy", policy("deploy", "other", "{\"other\":1}")),
        denied,
        other_account,
        call(5, 20, "PutRolePolicy", policy("deploy", "p", "{\"new\":1}")),
        call(6, 20, "DeleteRolePolicy", json!({"roleName": "deploy", "policyName": "p"})),
        call(7, 20, "PutRolePolicy", policy("deploy", "p", &long)),
        call(8, 20, "UpdateAssumeRolePolicy", json!({"roleName": "unknown", "policyDocument": "{\"trust\":1}"})),
        call(9, 20, "CreateRole", json!({"roleName": "fresh", "assumeRolePolicyDocument": "{\"first\":1}"})),
        call(10, 20, "TagRole", json!({"roleName": "fresh", "tags": []})),
    ];
    let home = Home::new();
    put(&home.path("logs"), "BEFORE", &packed(&records));
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let written = Written::of(&home, &lake, &["--date", "2026-11-20"], 0);
    let found: BTreeMap<&str, (&Value, &Value)> =
        written.table("access_rights").iter().map(|row| (row["event_id"].as_str().unwrap(), (&row["before"], &row["after"]))).collect();
    let after_long = found[event_id(7).as_str()].1.as_str().unwrap();
    assert!(after_long.starts_with("{\"Statement\":\"xxx") && after_long.len() < 1_200, "{after_long}");
    assert!(after_long.ends_with(&format!("… (SHA-256 {})", lake::sha256(long.as_bytes()))));
    let (long, text) = (json!(after_long), |text: &str| json!(text));
    for (number, before, after) in [
        (5, text("{\"old\":1}"), text("{\"new\":1}")),
        (6, text("{\"new\":1}"), text("none")),
        (7, text("none"), long),
        (8, text("not_in_lake"), text("{\"trust\":1}")),
        (9, text("none"), text("{\"first\":1}")),
        (10, Value::Null, Value::Null),
    ] {
        assert_eq!(found[event_id(number).as_str()], (&before, &after), "{number}");
    }
    assert_eq!(found.len(), 6);
    assert!(written.text("report.ja.html").contains("レイクにない") && written.text("report.en.html").contains("not in the lake"));
}

/// Half a surrogate pair and a number without bounds are JSON: a record with them is read like any other, and no report or answer fails for it.
#[test]
fn a_request_that_no_program_can_hold_is_shown_like_any_other() {
    let mut session = call(2, 20, "StartSession", json!({"target": "i-0123456789abcdef0", "reason": "LONE", "count": "ENDLESS"}));
    session["eventSource"] = json!("ssm.amazonaws.com");
    session["responseElements"] = json!({"sessionId": "sato-0123456789abcdef0"});
    let mut tagged = call(
        3,
        20,
        "CreateTags",
        json!({
            "resourcesSet": {"items": [{"resourceId": "i-0123456789abcdef0"}]}, "tagSet": {"items": [{"key": "team", "value": "LONE"}]}, "count": "ENDLESS"
        }),
    );
    tagged["eventSource"] = json!("ec2.amazonaws.com");
    let mut request = policy("deploy", "p", "LONE");
    request["count"] = json!("ENDLESS");
    let body = json!({"Records": [call(1, 20, "PutRolePolicy", request), session, tagged]}).to_string();
    let body = body.replace("LONE", "half \\ud83e of a letter").replace("\"ENDLESS\"", "1e999");
    let home = Home::new();
    put(&home.path("logs"), "HALF", &gzip(body.as_bytes()));
    let lake = home.text("lake");
    let summary = home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(summary["records"]["written"], 3, "{summary}");
    let written = Written::of(&home, &lake, &["--date", "2026-11-20"], 0);
    let row = &written.table("access_rights")[0];
    assert_eq!((&row["event_id"], &row["after"]), (&json!(event_id(1)), &json!("half \u{fffd} of a letter")));
    let sessions = home.run(&["--lake", &lake, "--format", "json", "sessions"]).expect(0).json();
    assert_eq!(sessions["sessions"][0]["session_id"], "sato-0123456789abcdef0");
    assert_eq!(sessions["sessions"][0]["stated_reason"], "half \u{fffd} of a letter");
    let blamed = ["--lake", &lake, "--format", "json", "log", "i-0123456789abcdef0", "--attribute", "tag:team"];
    let blamed = home.run(&blamed).expect(0).json();
    assert_eq!(blamed["changes"][0]["attribute"]["value"], "half \u{fffd} of a letter");
}

/// Every cause that the simulation knows of a day's acts is in the report, with the machine that it moved; and none that it does not know.
#[test]
fn causes_of_machines_are_those_of_the_ledger() {
    for (seed, loss) in [(1, Loss::None), (4, Loss::IssuingEvents)] {
        let world = world(seed, loss);
        let written = Written::of(&world.home, &world.lake(), &["--from", "2026-11-14", "--to", "2026-11-19"], 0);
        let causes = written.table("causes");
        let mut looked_at = 0;
        for act in world.ledger.acts.iter().filter(|act| act.named()) {
            let of_act = |row: &&Value| row["machine"] == act.actor.id.as_str() && row["event_id"] == act.event_id.as_str();
            for row in causes.iter().filter(of_act) {
                looked_at += 1;
                let known =
                    act.caused_by.iter().any(|cause| row["actor_id"] == cause.actor.id.as_str() && row["certainty"] == cause.certainty);
                assert!(known, "seed {seed}: {row} is no cause of {} {}: {:?}", act.event_name, act.event_id, act.caused_by);
            }
            for cause in &act.caused_by {
                let told = |row: &&Value| row["machine"] == act.actor.id.as_str() && row["actor_id"] == cause.actor.id.as_str();
                assert!(causes.iter().any(|row| told(&row)), "seed {seed}: {} of {} is left out", cause.actor.id, act.event_id);
            }
        }
        assert!(looked_at > 5, "seed {seed}: {looked_at}");
        assert!(causes.iter().all(|row| !["proven", "attested"].contains(&row["certainty"].as_str().unwrap())));
    }
}

/// What comes late is told by the next report, and the one that could not know it stays.
#[test]
fn a_change_that_comes_late_is_a_correction_of_the_next_report() {
    let at = |number: u32, day: u32| {
        let mut record = topic(number);
        record["eventTime"] = json!(format!("2026-11-{day:02}T05:00:{number:02}Z"));
        record
    };
    let home = Home::new();
    let (lake, logs) = (home.text("lake"), home.text("logs"));
    let add = |name: &str, records: &[Value]| {
        put(&home.path("logs"), name, &packed(records));
        home.ingest(&lake, &[&logs]);
    };
    let make = |day: &str| {
        let out = home.text(&format!("reports/{day}"));
        home.run(&["--lake", &lake, "--format", "json", "report", "--date", day, "--out", &out]).expect(0).json()["folder"].clone()
    };
    let files = |folder: &str| crate::support::files(Path::new(folder));
    add("FIRST", &[at(1, 17)]);
    let first = home.text("reports/2026-11-17");
    assert_eq!(make("2026-11-17"), first.as_str());
    let said = files(&first);
    add("LATE", &[at(2, 17), at(3, 16), at(4, 18)]);
    make("2026-11-18");
    let next: Value = serde_json::from_slice(&files(&home.text("reports/2026-11-18"))["report.json"]).unwrap();
    let tables = next["sections"].as_array().unwrap().iter().flat_map(|section| section["tables"].as_array().unwrap());
    let late: Vec<&Value> =
        tables.filter(|table| table["id"] == "late_changes").flat_map(|table| table["rows"].as_array().unwrap()).collect();
    let told: Vec<(&Value, &Value)> = late.iter().map(|row| (&row["event_id"], &row["actor_id"])).collect();
    // In the order of their times; the change of the day itself is none, nor what the report before had.
    let who = json!(crate::records::USER);
    assert_eq!(told, [(&json!(event_id(3)), &who), (&json!(event_id(2)), &who)]);
    let findings = next["opinion"]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "late_changes" && finding["count"] == 2));
    assert_eq!(next["totals"]["changes"], 1);
    // The report before is what it was, and one that knows more stands beside it.
    assert_eq!(make("2026-11-17"), format!("{first}.r2").as_str());
    assert_eq!(files(&first), said);
    home.run(&["report", "verify", &first, "--exit-code"]).expect(0);
}

/// Days, a month and a year count the same changes.
#[test]
fn a_month_and_a_year_are_the_sum_of_their_days() {
    let world = world(1, Loss::None);
    let of = |asked: &[&str]| Written::of(&world.home, &world.lake(), &[&["--lang", "en"], asked].concat(), 0);
    let days: Vec<Written> = ["14", "15", "16", "17", "18", "19"].iter().map(|day| of(&["--date", &format!("2026-11-{day}")])).collect();
    let (month, year) = (of(&["--month", "2026-11"]), of(&["--year", "2026"]));
    for name in ["events", "changes", "attempts", "person_changes", "unattributed", "privileged_changes", "sessions", "alerts"] {
        let sum: u64 = days.iter().map(|day| day.total(name)).sum();
        assert_eq!((month.total(name), year.total(name)), (sum, sum), "{name}");
    }
    assert!(month.total("changes") > 0 && month.total("people") <= days.iter().map(|day| day.total("people")).sum());
    assert_eq!((&month.json["period"]["label"], &year.json["period"]["label"]), (&json!("2026-11"), &json!("2026")));
}

const SUPPRESSION: &str = "title: TITLE\nlogsource:\n  product: aws\n  service: ssm_session\nowner: ops@example.co.jp\nreason: nightly restart\nexpires: 'DATE'\nfilter:\n  rules:\n    - sudo\n  selection:\n    argv: sudo systemctl restart nginx\n  condition: selection\n";

#[test]
fn exceptions_are_shown_with_owner_reason_and_expiry_and_what_was_in_force_with_its_hash() {
    let home = Home::new();
    put(&home.path("logs"), "EXCEPTIONS", &packed(&[topic(1)]));
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    let suppression = |title: &str, date: &str| SUPPRESSION.replace("TITLE", title).replace("DATE", date);
    let text = [suppression("restarts", "2027-03-31"), suppression("=old", "2026-11-17")].join("---\n");
    write(&home.path("suppress.yml"), text.as_bytes());
    write(&home.path("config/whodid/people.csv"), b"person,sso_user\nHanako Sato,sato\n");
    let config = "people = \"people.csv\"\naccounts = [\"444455556666\"]\n[vendors]\n\"555566667777\" = \"Our reseller\"\n[[exceptions]]\nkind = \"key\"\nwhat = \"AKIATANAKAXXXEXAMPLE\"\nowner = \"tanaka\"\nreason = \"billing export until it has a role\"\nuntil = \"2026-12-01\"\n";
    write(&home.path("config/whodid/config.toml"), config.as_bytes());
    let asked = ["--date", "2026-11-18", "--suppress", &home.text("suppress.yml")];
    let written = Written::of(&home, &lake, &asked, 0);
    let row = |row: &Value| json!([row["exception_kind"], row["what"], row["owner"], row["expires"], row["exception_state"]]);
    assert_eq!(
        written.table("exceptions").iter().map(row).collect::<Vec<_>>(),
        [
            json!(["key", "AKIATANAKAXXXEXAMPLE", "tanaka", "2026-12-01", "expires_soon"]),
            json!(["suppression", "=old (sudo)", "ops@example.co.jp", "2026-11-17", "expired"]),
            json!(["suppression", "restarts (sudo)", "ops@example.co.jp", "2027-03-31", "in_force"]),
        ]
    );
    assert_eq!(written.finding("exceptions_expired"), 1);
    assert!(written.text("12-exceptions.csv").contains("'=old (sudo)"));
    let in_force = written.json["configuration"].as_object().unwrap();
    let names: Vec<&str> = in_force.keys().map(String::as_str).filter(|name| !name.starts_with("rule ")).collect();
    assert_eq!(names, ["accounts", "exceptions", "people", "suppressions suppress.yml", "vendors"]);
    assert_eq!(in_force["suppressions suppress.yml"], lake::sha256(text.as_bytes()).as_str());
    assert_eq!(in_force["people"], lake::sha256(b"person,sso_user\nHanako Sato,sato\n").as_str());
    assert_eq!(in_force.len() - names.len(), transcript::rules::SHIPPED.len());
    let manifest: Value = serde_json::from_slice(&written.files["manifest.json"]).unwrap();
    assert_eq!(manifest["configuration"], written.json["configuration"]);
    // A rule more is another report.
    let rule = "title: mine\nid: 11111111-2222-4333-8444-555555555555\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  selection:\n    eventName: CreateTopic\n  condition: selection\n";
    write(&home.path("mine.yml"), rule.as_bytes());
    let more = Written::of(&home, &lake, &[&asked[..], &["--rules", &home.text("mine.yml")]].concat(), 0);
    let mine = "rule 11111111-2222-4333-8444-555555555555 mine.yml";
    assert_eq!(more.json["configuration"][mine], lake::sha256(rule.as_bytes()).as_str());
    for (file, text) in [("suppress.yml", "title: x\n".to_owned()), ("config/whodid/config.toml", config.replace("2026-12-01", "soon"))] {
        write(&home.path(file), text.as_bytes());
        let ended = home.run(&[&["--lake", &lake, "report", "--out", &home.text("refused")][..], &asked].concat());
        assert_eq!(ended.code, 2, "{file}: {ended:?}");
        write(&home.path("suppress.yml"), suppression("restarts", "2027-03-31").as_bytes());
    }
}

/// Checked by a validator of its own, Python's `jsonschema`; and that the schema is none that takes anything.
#[test]
fn a_report_is_as_its_schema_says() {
    let world = world(1, Loss::None);
    let written = Written::of(&world.home, &world.lake(), &["--date", "2026-11-17"], 0);
    let home = Home::new();
    write(&home.path("schema.json"), &written.files["report.schema.json"]);
    write(&home.path("0.json"), &written.files["report.json"]);
    let damages: [fn(&mut Value); 6] = [
        |report| report["schema"] = json!("whodid.report/v2"),
        |report| report["opinion"]["state"] = json!("fine"),
        |report| report["totals"]["events"] = json!("many"),
        |report| report["sections"][0]["tables"][0]["rows"][0]["account_id"] = json!(["x"]),
        |report| report["period"]["from"] = json!("yesterday"),
        |report| drop(report.as_object_mut().unwrap().remove("configuration")),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let mut report = written.json.clone();
        damage(&mut report);
        write(&home.path(&format!("{}.json", number + 1)), report.to_string().as_bytes());
    }
    let script = "import json,sys,jsonschema\nload=lambda name: json.load(open(sys.argv[1]+'/'+name))\nschema=load('schema.json')\njsonschema.Draft202012Validator.check_schema(schema)\nvalidator=jsonschema.Draft202012Validator(schema)\nprint(*[int(validator.is_valid(load(f'{n}.json'))) for n in range(7)])\n";
    let mut python = Command::new(crate::moto::installed().join("bin/python"));
    let ended = crate::support::run(python.args(["-c", script]).arg(home.root()));
    assert_eq!(ended.stdout.trim(), "1 0 0 0 0 0 0", "{ended:?}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/report/schema/report.schema.json");
    assert_eq!(std::fs::read(file).unwrap(), written.files["report.schema.json"]);
}
