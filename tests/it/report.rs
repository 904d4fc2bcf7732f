//! Reports: their numbers against the simulation's own ledger, their files against each other, and hostile data in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use simulate::{Act, Loss};

use crate::records::{event_id, packed, put};
use crate::support::{Home, files, gunzip};
use crate::world::{World, world};

/// A day in the middle of the simulated ones.
const DAY: &str = "2026-11-17";

pub(crate) struct Written {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) json: Value,
}

#[track_caller]
fn report(home: &Home, lake: &str, out: &str, more: &[&str]) -> Written {
    let asked = [&["--lake", lake, "--format", "json", "report", "--date", DAY, "--out", out][..], more].concat();
    home.run(&asked).expect(0);
    read(Path::new(out))
}

fn read(folder: &Path) -> Written {
    let files = files(folder);
    Written { json: serde_json::from_slice(&files["report.json"]).unwrap(), files }
}

impl Written {
    /// A report in a folder of its own.
    #[track_caller]
    pub(crate) fn of(home: &Home, lake: &str, asked: &[&str], code: i32) -> Self {
        let folder = tempfile::tempdir_in(home.root()).unwrap();
        let out = folder.path().join("report");
        home.run(&[&["--lake", lake, "report", "--out", out.to_str().unwrap()], asked].concat()).expect(code);
        read(&out)
    }

    pub(crate) fn finding(&self, code: &str) -> u64 {
        let findings = self.json["opinion"]["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["code"] == code).map_or(0, |finding| finding["count"].as_u64().unwrap())
    }

    pub(crate) fn note(&self, id: &str) -> Value {
        let tables = self.json["sections"].as_array().unwrap().iter().flat_map(|section| section["tables"].as_array().unwrap());
        tables.filter(|table| table["id"] == id).map(|table| table["note"].clone()).next().unwrap()
    }

    pub(crate) fn table(&self, id: &str) -> &Vec<Value> {
        let tables = self.json["sections"].as_array().unwrap().iter().flat_map(|section| section["tables"].as_array().unwrap());
        tables
            .filter(|table| table["id"] == id)
            .map(|table| table["rows"].as_array().unwrap())
            .next()
            .unwrap_or_else(|| panic!("no table {id}"))
    }

    pub(crate) fn total(&self, name: &str) -> u64 {
        self.json["totals"][name].as_u64().unwrap_or_else(|| panic!("no total {name}"))
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        std::str::from_utf8(&self.files[name]).unwrap()
    }
}

/// Acts of the ledger on a day of UTC.
fn acts<'w>(world: &'w World, day: &str) -> Vec<&'w Act> {
    world.ledger.acts.iter().filter(|act| act.event_time.to_string().starts_with(day)).collect()
}

fn is_person(act: &Act) -> bool {
    act.named() && matches!(act.actor.kind, "sso_user" | "iam_user" | "root_user" | "saml_user" | "oidc_user")
}

fn sum(rows: &[Value], column: &str) -> u64 {
    rows.iter().map(|row| row[column].as_u64().unwrap()).sum()
}

#[test]
fn numbers_of_a_report_are_those_of_the_ledger() {
    for (seed, loss) in [(1, Loss::None), (4, Loss::IssuingEvents)] {
        let world = world(seed, loss);
        let written = report(&world.home, &world.lake(), &world.home.text("report-numbers"), &[]);
        // All days together have each distinct record of the ledger.
        let whole = world.home.text("report-whole");
        world.home.run(&["--lake", &world.lake(), "report", "--from", "2026-11-14", "--to", "2026-11-19", "--out", &whole]).expect(0);
        let whole = read(Path::new(&whole));
        assert_eq!(whole.total("events") as usize, world.ledger.records - world.ledger.duplicates, "seed {seed}");
        assert_eq!(sum(whole.table("completeness"), "events"), whole.total("events"));
        // The ledger holds every scripted change and a sample of the others: each one of the day is in the report, under whom it was.
        let day = acts(&world, DAY);
        assert!(day.len() > 20, "{}", day.len());
        let people: BTreeSet<&str> = day.iter().filter(|act| is_person(act)).map(|act| act.actor.id.as_str()).collect();
        let listed: BTreeSet<&str> = written.table("people_by_account").iter().map(|row| row["actor_id"].as_str().unwrap()).collect();
        assert!(people.is_subset(&listed), "missing: {:?}", people.difference(&listed));
        let mut by_person: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
        for act in day.iter().filter(|act| is_person(act)) {
            *by_person.entry((&act.actor.id, &act.recipient_account_id, &act.event_source)).or_default() += 1;
        }
        for ((id, account, source), changes) in by_person {
            let rows: Vec<Value> = written
                .table("changes_by_person")
                .iter()
                .filter(|row| row["actor_id"] == id && row["account_id"] == account && row["event_source"] == source)
                .cloned()
                .collect();
            assert!(sum(&rows, "changes") >= changes, "seed {seed}: {id} in {account} with {source}: {rows:?} and not {changes}");
        }
        let unnamed = day.iter().filter(|act| matches!(act.certainty, "ambiguous" | "claimed" | "unknown")).count() as u64;
        assert!(written.total("unattributed") >= unnamed, "seed {seed}: {unnamed}");
        assert_eq!(sum(written.table("unattributed"), "changes"), written.total("unattributed"));
        for act in day.iter().filter(|act| !act.named()) {
            let told = written
                .table("unattributed")
                .iter()
                .any(|row| row["event_name"] == act.event_name.as_str() && row["account_id"] == act.recipient_account_id.as_str());
            assert!(told || act.certainty == "probable", "seed {seed}: {} {}", act.event_name, act.event_id);
        }
        consistent(&written);
        both_languages_say_the_same(&written);
    }
}

/// Sums of one table are those of another.
#[track_caller]
fn consistent(written: &Written) {
    let changes = written.total("changes");
    assert!(changes > 0);
    assert_eq!(sum(written.table("certainty"), "changes"), changes);
    assert_eq!(sum(written.table("changes_by_hour"), "changes"), changes);
    assert_eq!(sum(written.table("changes_by_person"), "changes"), written.total("person_changes"));
    assert_eq!(sum(written.table("people_by_account"), "changes"), written.total("person_changes"));
    assert_eq!(sum(written.table("failures"), "attempts"), written.total("attempts"));
    assert_eq!(sum(written.table("completeness"), "events"), written.total("events"));
    let machines = sum(written.table("changes_by_machine"), "changes");
    assert!(written.total("person_changes") + machines + written.total("unattributed") <= changes);
}

/// Each page shows the same numbers; the summary has at most 15 lines.
#[track_caller]
fn both_languages_say_the_same(written: &Written) {
    let digits = |page: &str| -> Vec<String> {
        page.split("<dl class=\"cards\">")
            .nth(1)
            .unwrap()
            .split("</dl>")
            .next()
            .unwrap()
            .split("<dd>")
            .skip(1)
            .map(|part| part.split('<').next().unwrap().to_owned())
            .collect()
    };
    let (en, ja) = (digits(written.text("report.en.html")), digits(written.text("report.ja.html")));
    assert_eq!(en, ja);
    let totals = ["people", "privileged_sessions", "changes", "person_changes", "alerts", "unattributed"];
    assert_eq!(en, totals.map(|name| written.total(name).to_string()));
    let cells = |page: &str| page.matches("<td").count();
    assert_eq!(cells(written.text("report.en.html")), cells(written.text("report.ja.html")));
    for language in ["en", "ja"] {
        assert!(written.text(&format!("summary.{language}.md")).lines().count() <= 15);
    }
}

/// Counted anew from the simulation's objects, by what CloudTrail's fields mean and by nothing of ours.
#[test]
fn numbers_of_a_report_are_those_of_the_logs() {
    for (seed, loss) in [(3, Loss::None), (5, Loss::IssuingEvents)] {
        let world = world(seed, loss);
        let out = world.home.text("report-counted");
        world.home.run(&["--lake", &world.lake(), "report", "--from", "2026-11-14", "--to", "2026-11-19", "--out", &out]).expect(0);
        let written = read(Path::new(&out));
        let mut records: BTreeMap<(String, String), Value> = BTreeMap::new();
        for object in &world.objects {
            let mut read: Value = serde_json::from_slice(&gunzip(&object.body)).unwrap();
            for record in read["Records"].as_array_mut().unwrap() {
                let text = |name: &str| record[name].as_str().unwrap().to_owned();
                records.insert((text("eventID"), text("recipientAccountId")), record.take());
            }
        }
        assert_eq!(written.total("events") as usize, records.len());
        let mut changes: BTreeSet<String> = BTreeSet::new();
        let (mut attempts, mut places): (BTreeSet<String>, BTreeMap<(String, String), u64>) = Default::default();
        let mut hours: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((id, account), record) in &records {
            *places.entry((account.clone(), record["awsRegion"].as_str().unwrap().to_owned())).or_default() += 1;
            if record["readOnly"] == true || record["eventSource"] == "signin.amazonaws.com" {
                continue;
            }
            let once = record["sharedEventID"].as_str().map_or_else(|| format!("{id} {account}"), str::to_owned);
            if record["errorCode"].is_null() {
                let hour = format!("{}:00:00Z", &record["eventTime"].as_str().unwrap()[..13]);
                hours.entry(hour).or_default().insert(once.clone());
                changes.insert(once);
            } else {
                attempts.insert(once);
            }
        }
        assert_eq!(written.total("changes") as usize, changes.len(), "seed {seed}");
        assert_eq!(written.total("attempts") as usize, attempts.len(), "seed {seed}");
        let told = written
            .table("changes_by_hour")
            .iter()
            .map(|row| (row["hour"].as_str().unwrap().to_owned(), row["changes"].as_u64().unwrap() as usize));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), hours.into_iter().map(|(hour, once)| (hour, once.len())).collect(), "seed {seed}");
        let told = written.table("completeness").iter().map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            ((text("account_id"), text("aws_region")), row["events"].as_u64().unwrap())
        });
        assert_eq!(told.collect::<BTreeMap<_, _>>(), places, "seed {seed}");
        consistent(&written);
    }
}

/// A wrong name in a report is as bad as one in an answer: every change that the ledger knows stands under its true actor or under nobody.
#[test]
fn a_report_names_nobody_wrongly() {
    for (seed, loss) in [(2, Loss::None), (5, Loss::IssuingEvents)] {
        let world = world(seed, loss);
        let rows = world.home.run(&[
            "--lake",
            &world.lake(),
            "--format",
            "jsonl",
            "--since",
            "2026-11-14",
            "--until",
            "2026-11-20",
            "sql",
            "--maxrows",
            "100000",
            "-c",
            "SELECT event_id, actor_kind, actor_id, certainty FROM window_changes WHERE error_code IS NULL",
        ]);
        let rows: Vec<Value> = rows.expect(0).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let found: BTreeMap<&str, &Value> = rows.iter().map(|row| (row["event_id"].as_str().unwrap(), row)).collect();
        assert_eq!(found.len(), rows.len(), "a change stands once");
        for act in &world.ledger.acts {
            let row =
                found.get(act.event_id.as_str()).unwrap_or_else(|| panic!("seed {seed}: {} {} is left out", act.event_name, act.event_id));
            assert!(act.copies.iter().all(|copy| !found.contains_key(copy.as_str())), "{}: a copy counts too", act.event_id);
            let truth = if act.named() { json!([act.actor.kind, act.actor.id]) } else { json!(["unknown", null]) };
            assert_eq!(json!([row["actor_kind"], row["actor_id"]]), truth, "seed {seed}: {} {}", act.event_name, act.event_id);
        }
    }
}

#[test]
fn the_same_lake_gives_the_same_bytes_and_a_changed_part_is_found() {
    let world = world(1, Loss::None);
    let lake = world.lake();
    let (one, two) = (world.home.text("reports-one/a"), world.home.text("reports-two/a"));
    let first = report(&world.home, &lake, &one, &[]);
    let second = report(&world.home, &lake, &two, &["--lang", "ja,en"]);
    assert_eq!(first.files, second.files);
    let verify = |folder: &str| world.home.run(&["--format", "json", "report", "verify", folder, "--exit-code"]);
    assert_eq!(verify(&one).expect(0).json()["faults"], json!([]));
    for name in first.files.keys().filter(|name| *name != "manifest.json") {
        let mut bytes = first.files[name].clone();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(Path::new(&two).join(name), &bytes).unwrap();
        assert_eq!(verify(&two).expect(10).json()["faults"], json!([{"name": name, "fault": "altered"}]));
        std::fs::write(Path::new(&two).join(name), &first.files[name]).unwrap();
    }
    std::fs::remove_file(Path::new(&two).join("report.ja.html")).unwrap();
    std::fs::write(Path::new(&two).join("more.html"), b"x").unwrap();
    assert_eq!(
        verify(&two).expect(10).json()["faults"],
        json!([{"name": "report.ja.html", "fault": "missing"}, {"name": "more.html", "fault": "extra"}])
    );
}

#[test]
fn a_report_knows_the_one_before_it_and_never_takes_its_place() {
    let world = world(1, Loss::None);
    let lake = world.lake();
    let place = |name: &str| world.home.text(&format!("chain/{name}"));
    let make = |date: &str, more: &[&str]| {
        let out = place(date);
        let asked = [&["--lake", &lake, "--format", "json", "report", "--date", date, "--out", &out][..], more].concat();
        world.home.run(&asked).expect(0).json()
    };
    let before = make("2026-11-16", &[]);
    let after = make("2026-11-17", &[]);
    assert_eq!(before["manifest"]["previous"], Value::Null);
    assert_eq!(after["manifest"]["previous"]["period"], "2026-11-16");
    world.home.run(&["report", "verify", &place("2026-11-17"), "--exit-code"]).expect(0);
    // Another report of the same day: both are kept.
    let other = make("2026-11-17", &["--company", "Example"]);
    assert_eq!(other["folder"], place("2026-11-17.r2"));
    assert_eq!(make("2026-11-17", &[])["folder"], place("2026-11-17"));
    // A night without a report shows.
    let late = make("2026-11-19", &[]);
    assert_eq!(late["manifest"]["previous"]["period"], "2026-11-17");
    let late = read(Path::new(&place("2026-11-19")));
    assert!(late.json["opinion"]["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == "missed_period"));
    // The one before is no longer what it was.
    std::fs::remove_dir_all(place("2026-11-17.r2")).unwrap();
    std::fs::write(
        Path::new(&place("2026-11-17")).join("manifest.json"),
        std::fs::read_to_string(Path::new(&place("2026-11-17")).join("manifest.json")).unwrap().replace("incomplete", "clear"),
    )
    .unwrap();
    world.home.run(&["report", "verify", &place("2026-11-19"), "--exit-code"]).expect(10);
}

#[test]
fn without_digests_a_report_is_never_well() {
    let world = world(1, Loss::None);
    let out = world.home.text("report-holes");
    let asked = ["--lake", &world.lake(), "--format", "json", "report", "--date", DAY, "--out", &out];
    assert_eq!(world.home.run(&[&asked[..], &["--exit-code"]].concat()).expect(10).json()["manifest"]["opinion"], "incomplete");
    let written = read(Path::new(&out));
    assert!(!written.table("gaps").is_empty());
    for language in ["en", "ja"] {
        assert!(written.text(&format!("report.{language}.html")).contains("class=\"cover incomplete\""));
    }
    // A day of which nothing is known is no quiet day.
    let empty = world.home.text("report-empty");
    world.home.run(&["--lake", &world.lake(), "report", "--date", "2026-10-01", "--out", &empty, "--exit-code"]).expect(10);
    let empty = read(Path::new(&empty));
    assert_eq!(empty.json["opinion"]["state"], "incomplete");
    assert!(empty.json["opinion"]["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == "no_events"));
}

#[test]
fn a_sample_is_drawn_by_its_seed_with_every_chain() {
    let world = world(1, Loss::None);
    let lake = world.lake();
    let draw = |seed: &str| {
        world
            .home
            .run(&["--lake", &lake, "--format", "json", "report", "sample", "--date", DAY, "--n", "5", "--seed", seed])
            .expect(0)
            .json()
    };
    let sample = draw("20261117");
    assert_eq!(sample, draw("20261117"));
    assert_ne!(sample["changes"], draw("2")["changes"]);
    let changes = sample["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 5);
    for change in changes {
        crate::contract::check_evidence(change);
        assert!(change["event_time"].as_str().unwrap().starts_with(DAY));
        assert_eq!(change["read_only"], false);
    }
    assert!(sample["population"].as_u64().unwrap() >= acts(&world, DAY).len() as u64);
}

#[test]
fn a_day_of_tokyo_begins_the_evening_before() {
    let world = world(1, Loss::None);
    let written = report(&world.home, &world.lake(), &world.home.text("report-tokyo"), &["--tz", "Asia/Tokyo"]);
    assert_eq!(written.json["period"]["from"], "2026-11-16T15:00:00Z");
    assert_eq!(written.json["period"]["until"], "2026-11-17T15:00:00Z");
    let within = |row: &Value| row["hour"].as_str().is_some_and(|hour| ("2026-11-16T15:00:00Z".."2026-11-17T15:00:00Z").contains(&hour));
    assert!(written.table("changes_by_hour").iter().all(within));
    assert!(written.text("report.en.html").contains("2026-11-17 00:00:00 +09:00"));
}

#[test]
fn wrong_periods_and_languages_are_usage_errors() {
    let home = Home::new();
    for arguments in [
        &["report", "--date", "yesterday"][..],
        &["report", "--date", "2026-02-30"],
        &["report", "--from", "2026-11-20", "--to", "2026-11-19"],
        &["report", "--from", "2026-11-20"],
        &["report", "--date", "2026-11-20", "--tz", "Nowhere/Land"],
        &["report", "--date", "2026-11-20", "--lang", "fr"],
        &["report", "verify", "nowhere"],
    ] {
        home.run(arguments).expect(2);
    }
}

/// Values that would change a page, a cell or a chat, if they could.
const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</td></tr></table><h1>x",
    "=HYPERLINK(\"http://203.0.113.7\")",
    "+1\t@SUM(A1)",
    "\u{202e}gnp.exe\u{1b}[2J\u{7}\r\n-- x",
    "{{ 7 * 7 }}{% for x in y %}",
    "<!channel> [x](javascript:1) `y` |z|",
    "佐藤 花子 👩‍💻 ﷽",
];

#[test]
fn hostile_data_changes_neither_page_nor_cells() {
    let shape = |names: &[String]| {
        let home = Home::new();
        let records: Vec<Value> = names.iter().enumerate().map(|(number, name)| hostile_record(number as u32 + 1, name)).collect();
        put(&home.path("logs"), "hostile", &packed(&records));
        let lake = home.text("lake");
        home.ingest(&lake, &[&home.text("logs")]);
        let out = home.text("out");
        home.run(&["--lake", &lake, "report", "--date", "2026-11-18", "--out", &out]).expect(0);
        let written = read(Path::new(&out));
        let page = written.text("report.ja.html").to_owned();
        let rows: usize = written.table("failures").len();
        (tags(&page), csv_shape(written.text("05-failures.csv")), rows, page, written)
    };
    let mut hostile: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    hostile.push("n".repeat(10_240));
    let plain: Vec<String> = (0..hostile.len()).map(|number| format!("plain{number}")).collect();
    let (plain_tags, plain_cells, plain_rows, ..) = shape(&plain);
    let (tags, cells, rows, page, written) = shape(&hostile);
    assert_eq!(rows, hostile.len());
    assert_eq!(rows, plain_rows);
    assert_eq!(tags, plain_tags, "the page's elements are those of a page of plain names");
    assert_eq!(cells, plain_cells);
    assert!(!page.chars().any(|letter| letter.is_control() && letter != '\n' || letter == '\u{202e}'));
    for (name, bytes) in written.files.iter().filter(|(name, _)| name.ends_with(".csv")) {
        let text = std::str::from_utf8(bytes).unwrap().trim_start_matches('\u{feff}');
        for cell in text.split("\r\n").flat_map(csv_cells) {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{name}: {cell}");
            assert!(!cell.contains(['\n', '\r', '\u{1b}', '\u{202e}']), "{name}: {cell}");
        }
    }
}

/// A denied call of an IAM user with that name, from a program and with an error of that name.
fn hostile_record(number: u32, name: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventID": event_id(number), "eventTime": "2026-11-18T05:00:00Z",
        "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "awsRegion": "ap-northeast-1", "recipientAccountId": "111122223333",
        "sourceIPAddress": name, "userAgent": name, "errorCode": name, "errorMessage": name, "readOnly": false, "managementEvent": true,
        "eventType": "AwsApiCall", "eventCategory": "Management",
        "userIdentity": {"type": "IAMUser", "principalId": format!("AIDA{number:012}EXAMPLE"), "arn": format!("arn:aws:iam::111122223333:user/{name}"),
                         "accountId": "111122223333", "accessKeyId": format!("AKIA{number:09}EXAMPLE"), "userName": name},
        "requestParameters": {"userName": name}, "responseElements": null
    })
}

/// Opening tags of a page in order, without what stands in attributes that hold text of ours.
fn tags(page: &str) -> Vec<String> {
    let page = page.split("<style>").next().unwrap().to_owned() + page.split("</style>").nth(1).unwrap();
    page.split('<').skip(1).map(|part| part.split(['>', ' ']).next().unwrap().to_owned()).collect()
}

fn csv_shape(text: &str) -> Vec<usize> {
    text.split("\r\n").map(|line| csv_cells(line).len()).collect()
}

fn csv_cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

#[test]
fn an_answer_as_a_page_cites_every_record_of_its_chain() {
    let world = world(1, Loss::None);
    let question = world.ledger.questions.iter().find(|question| world.ledger.acts[question.act].chain.len() > 1).unwrap();
    let act = &world.ledger.acts[question.act];
    for format in ["html", "markdown"] {
        let page = world.home.run(&["--lake", &world.lake(), "--format", format, &question.thing]).expect(0).stdout;
        let said = page.replace("\\", "");
        for id in act.chain.iter().flat_map(|hop| &hop.issued_by).chain([&act.event_id]) {
            assert!(said.contains(id.as_str()), "{format}: {id}");
        }
        assert!(said.contains(&act.actor.id) && said.contains(".json.gz"), "{format}");
        assert!(!page.contains("<script"));
        let folded: Vec<&str> = page.split("<details><summary>").skip(1).collect();
        let records = act.chain.iter().map(|hop| hop.issued_by.len()).sum::<usize>() + 1;
        if format == "html" {
            assert!(folded.len() > records, "{} records and not {records}", folded.len());
            let own = folded.iter().find(|record| record.contains(&act.event_id) && record.contains("requestParameters")).unwrap();
            assert!(own.contains("object_sha256") && world.ledger.canaries.iter().all(|secret| !page.contains(secret)));
        }
        let japanese = world.home.run(&["--lake", &world.lake(), "--format", format, "--lang", "ja", &question.thing]).expect(0).stdout;
        assert!(japanese.contains("ロールのセッション") && japanese.contains(act.event_id.as_str()) && japanese != page, "{format}");
        // Other verbs have no page.
        world.home.run(&["--lake", &world.lake(), "--format", format, "status"]).expect(2);
        world.home.run(&["--lake", &world.lake(), "--lang", "ja", &question.thing]).expect(2);
    }
}

#[test]
fn every_table_of_a_report_has_a_query() {
    let known: BTreeSet<&str> = query::REPORT_QUERIES
        .iter()
        .map(|(name, _)| *name)
        .chain(["causes", "exceptions", "gaps", "leavers", "sessions", "verdicts"])
        .collect();
    for table in ::report::tables() {
        assert!(known.contains(table), "{table}");
    }
    let files: BTreeSet<String> = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("queries/report")).into_keys().collect();
    for (name, _) in query::REPORT_QUERIES {
        assert!(files.contains(&format!("{name}.sql")));
    }
}
