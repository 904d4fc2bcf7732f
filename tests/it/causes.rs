//! Who stands behind machines' acts, through the lake: kept once, found again, proved, and never told where it is not known.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use event::{Decoder, Event, HashKey, Reject, Sink};
use identity::CauseFact;
use lake::{Lake, PointReader, Table};
use serde_json::{Value, json};
use simulate::{Act, Loss};

use crate::contract::check_evidence;
use crate::records::{packed, put, topic};
use crate::scenarios;
use crate::signed::{Signed, copy, log, now, write_keys};
use crate::support::{Home, files, gzip, write};
use crate::world::{World, world};

const STACK: &str = "stack_with_a_role_leads_to_who_updated_it";
/// The update of the stack, and what CloudFormation then made.
const UPDATE: &str = "00000002-5ce0-4a10-9000-000000000002";
const MADE: &str = "stack-made-queue";

/// What was found of the causes of an organisation's machines.
#[derive(Debug, Default)]
struct Figures {
    machines: usize,
    /// Acts whose cause is in the logs, and those of them for which all of it was found.
    caused: usize,
    found: usize,
    wrong: Vec<String>,
    missed: Vec<String>,
}

#[test]
fn causes_of_machines_acts_are_found_and_nobody_is_blamed_who_did_nothing() {
    let mut figures = Figures::default();
    for seed in [1, 2, 3] {
        judge(&world(seed, Loss::None), &mut figures);
    }
    report("whole logs", &figures);
    assert!(figures.wrong.is_empty(), "{}", figures.wrong.join("\n"));
    assert!(figures.caused > 20 && figures.found * 100 >= figures.caused * 95, "{figures:#?}");
    assert!(figures.machines > figures.caused, "some act by themselves: {figures:?}");
}

#[test]
fn where_issuing_events_are_lost_nobody_is_blamed_who_did_nothing() {
    let mut figures = Figures::default();
    for seed in [4, 5] {
        judge(&world(seed, Loss::IssuingEvents), &mut figures);
    }
    report("lost events", &figures);
    assert!(figures.wrong.is_empty() && figures.caused > 10, "{figures:#?}");
}

/// `--nocapture` shows the figures.
#[expect(clippy::print_stderr, reason = "the figures of a run are read by people")]
fn report(name: &str, Figures { machines, caused, found, wrong, .. }: &Figures) {
    eprintln!("{name}: {machines} acts of machines, {found} of {caused} causes found, {} wrong", wrong.len());
}

fn judge(world: &World, figures: &mut Figures) {
    let asker = world.asker();
    for act in world.ledger.acts.iter().filter(|act| matches!(act.actor.kind, "workload" | "aws_service")) {
        figures.machines += 1;
        let answer = asker.show(&act.event_id);
        compare(act, &answer["changes"][0], figures);
    }
}

fn compare(act: &Act, change: &Value, figures: &mut Figures) {
    let found = change["caused_by"].as_array().unwrap();
    let is = |cause: &Value, truth: &simulate::Cause| {
        (cause["actor"]["kind"].as_str(), cause["actor"]["id"].as_str()) == (Some(truth.actor.kind), Some(&truth.actor.id))
    };
    let cites =
        |cause: &Value, truth: &simulate::Cause| truth.evidence.iter().all(|id| cause["evidence"].as_array().unwrap().contains(&json!(id)));
    let told = |truth: &simulate::Cause| {
        found.iter().any(|cause| is(cause, truth) && cites(cause, truth) && cause["certainty"] == truth.certainty)
    };
    for cause in found {
        let sure = !matches!(cause["certainty"].as_str(), Some("ambiguous" | "unknown"));
        let blamed = sure && !act.caused_by.iter().any(|truth| is(cause, truth));
        if blamed || matches!(cause["certainty"].as_str(), Some("proven" | "attested")) {
            figures.wrong.push(format!("[{}] {}: {cause} and not {:?}", act.story, act.event_id, act.caused_by));
        }
    }
    if !act.caused_by.is_empty() {
        figures.caused += 1;
        if act.caused_by.iter().all(told) {
            figures.found += 1;
        } else {
            figures.missed.push(format!("[{}] {}: {found:?} and not {:?}", act.story, act.event_id, act.caused_by));
        }
    }
}

#[test]
fn the_table_holds_what_the_events_tell_each_once() {
    let world = world(1, Loss::None);
    let mut told = Told::default();
    let mut decoder = Decoder::new(HashKey::new([7; 32]));
    for object in &world.objects {
        decoder.decode(&object.body, &mut told);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let kept = runtime.block_on(async {
        let table = PointReader::open(&Lake::at(&world.lake(), HashMap::new()).unwrap(), Table::Causes).await.unwrap();
        let keys: BTreeSet<String> = told.0.iter().map(|fact| fact.key.clone()).collect();
        table.causes_of(&keys, i64::MAX, usize::MAX).await.unwrap()
    });
    assert_eq!(world.home.count(&world.lake(), "causes"), kept.len() as i64);
    let facts: BTreeSet<CauseFact> = kept.iter().map(|kept| kept.fact.clone()).collect();
    assert!(facts == told.0, "{} kept, {} told", facts.len(), told.0.len());
    assert_eq!(facts.len(), kept.len());
    let kinds: BTreeSet<&str> = facts.iter().map(|fact| fact.kind.word()).collect();
    assert!(kinds.len() > 12 && facts.iter().any(|fact| !fact.marks.is_empty()), "{kinds:?}");
}

#[derive(Default)]
struct Told(BTreeSet<CauseFact>);

impl Sink for Told {
    fn event(&mut self, event: &Event<'_>) {
        self.0.extend(CauseFact::of(event));
    }

    fn reject(&mut self, reject: Reject) {
        panic!("{reject:?}");
    }
}

#[test]
fn what_is_read_ends_at_the_time_and_the_number_of_rows_asked_for() {
    let world = world(1, Loss::None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let table = PointReader::open(&Lake::at(&world.lake(), HashMap::new()).unwrap(), Table::Causes).await.unwrap();
        let act = world.ledger.acts.iter().find(|act| act.event_name == "RunInstances").unwrap();
        let keys: BTreeSet<String> = act.things.iter().cloned().collect();
        let all = table.causes_of(&keys, i64::MAX, usize::MAX).await.unwrap();
        let first = all.iter().map(|kept| kept.fact.event_time).min().unwrap();
        let until = table.causes_of(&keys, first, usize::MAX).await.unwrap();
        assert!(!until.is_empty() && until.iter().all(|kept| kept.fact.event_time == first));
        assert_eq!(table.causes_of(&keys, first - 1, usize::MAX).await.unwrap(), []);
        assert_eq!(table.causes_of(&keys, i64::MAX, 1).await.unwrap().len(), 1);
    });
}

#[test]
fn evidence_of_a_cause_lies_where_it_is_said_to_lie() {
    let world = world(1, Loss::None);
    let act = world.ledger.acts.iter().find(|act| act.caused_by.len() > 1).unwrap();
    let show = |flags: &[&str]| {
        world.home.run(&[&["--lake", &world.lake(), "--format", "json", "show", &act.event_id], flags].concat()).expect(0).json()
    };
    let answer = show(&["-E"]);
    let mut shown = 0;
    for cause in answer["changes"][0]["caused_by"].as_array().unwrap() {
        let records = cause["records"].as_array().unwrap();
        assert_eq!(records.len(), cause["evidence"].as_array().unwrap().len(), "{cause}");
        for record in records {
            let event =
                world.home.run(&["--lake", &world.lake(), "--format", "json", "show", record["event_id"].as_str().unwrap()]).expect(0);
            check_evidence(
                &json!({"evidence": record, "event_id": record["event_id"], "event_name": event.json()["changes"][0]["event_name"]}),
            );
            shown += 1;
        }
    }
    assert!(shown > 1, "{answer}");
    let bare = show(&[]);
    assert_eq!(bare["changes"][0]["caused_by"][0]["records"], json!([]), "only where it is asked for");
    let human = world.home.run(&["--lake", &world.lake(), "show", &act.event_id, "-E"]).expect(0).stdout;
    for truth in &act.caused_by {
        assert!(human.contains(&format!("  {} (ambiguous)\n   :  ", truth.actor.id)), "{human}");
        assert!(truth.evidence.iter().all(|id| human.contains(&format!("   :    event {id}\n   :      "))), "{human}");
    }
}

#[test]
fn a_machines_act_in_a_list_names_who_is_behind_it() {
    let (home, lake) = of_stack(|_| {});
    let listed = home.run(&["--lake", &lake, "log", MADE]).expect(0).stdout;
    assert!(
        listed.contains("the AWS service cloudformation.amazonaws.com, behind it sato@example.co.jp (probable)  CreateQueue"),
        "{listed}"
    );
    let table = home.run(&["--lake", &lake, "--format", "csv", MADE]).expect(0).stdout;
    assert!(table.lines().next().unwrap().ends_with(",caused_by,event_id") && table.contains(",sato@example.co.jp (probable),"), "{table}");
}

#[test]
fn a_second_record_under_the_id_of_a_cause_leaves_it_in_doubt() {
    // Whichever of the two stays, and whichever came first.
    for description in ["one", "another", "a third"] {
        let forged = |records: &mut Vec<Value>| {
            let mut other = records.iter().find(|record| record["eventID"] == UPDATE).unwrap().clone();
            other["requestParameters"]["description"] = json!(description);
            records.push(other);
        };
        let (home, lake) = of_stack(forged);
        let cause = &home.ask(&lake, MADE)["changes"][0]["caused_by"];
        assert_eq!(cause.as_array().map(Vec::len), Some(1), "{cause}");
        assert_eq!((&cause[0]["certainty"], &cause[0]["actor"]["id"]), (&json!("ambiguous"), &json!("sato@example.co.jp")), "{cause}");
        assert!(cause[0]["why"].as_str().unwrap().contains("another record under that event id"), "{cause}");
    }
}

#[test]
fn the_record_that_gave_way_is_no_cause() {
    // The loser names another stack: it stays in the table, and is passed over.
    let mut stayed = BTreeSet::new();
    for name in ["aaa", "bbb", "ccc", "ddd", "eee", "fff"] {
        let forged = |records: &mut Vec<Value>| {
            let mut other = records.iter().find(|record| record["eventID"] == UPDATE).unwrap().clone();
            other["requestParameters"] = json!({"stackName": name});
            other["responseElements"] = json!({"stackId": format!("arn:aws:cloudformation:eu-west-1:111122223333:stack/{name}/x")});
            other["awsRegion"] = json!("eu-west-1");
            records.push(other);
        };
        let (home, lake) = of_stack(forged);
        let region = &home.sql(&lake, &format!("SELECT aws_region FROM events WHERE event_id = '{UPDATE}'"))[0]["aws_region"];
        let causes = &home.ask(&lake, MADE)["changes"][0]["caused_by"];
        assert_eq!(causes.as_array().unwrap().is_empty(), region == "eu-west-1", "{region}: {causes}");
        stayed.insert(region.as_str().unwrap().to_owned());
    }
    assert_eq!(stayed.len(), 2, "either of the two stayed in one of them");
}

#[test]
fn a_table_that_fell_behind_is_brought_up_by_the_next_run() {
    let (home, lake) = of_stack(|_| {});
    let before = home.rows(&lake, "causes", &[]);
    assert!(!before.is_empty());
    // As if the run had been killed after `events` was committed.
    std::fs::remove_file(home.path("lake/causes/_delta_log/00000000000000000001.json")).unwrap();
    assert_eq!(home.count(&lake, "causes"), 0);
    home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(home.rows(&lake, "causes", &[]), before);
    home.ingest(&lake, &[&home.text("logs")]);
    assert_eq!(home.rows(&lake, "causes", &[]), before);
}

#[test]
fn a_lake_without_the_table_says_so_and_answers_what_needs_none() {
    let (home, lake) = of_stack(|_| {});
    std::fs::remove_dir_all(home.path("lake/causes")).unwrap();
    let asked = home.run(&["--lake", &lake, MADE]).expect(2);
    assert!(asked.stderr.contains("has no table causes") && asked.stderr.contains("hint: "), "{}", asked.stderr);
    let ingested = home.run(&["--lake", &lake, "ingest", &home.text("logs")]).expect(2);
    assert!(ingested.stderr.contains("has no table causes"), "{}", ingested.stderr);
    let person = home.run(&["--lake", &lake, "--format", "json", "show", UPDATE]).expect(0).json();
    assert_eq!((&person["changes"][0]["actor"]["id"], &person["changes"][0]["caused_by"]), (&json!("sato@example.co.jp"), &json!([])));
}

/// A lake of the scenario of a stack, its records changed.
fn of_stack(change: impl Fn(&mut Vec<Value>)) -> (Home, String) {
    let home = Home::new();
    let logs: BTreeMap<String, Vec<u8>> = files(&scenarios::root().join(STACK).join("logs"));
    for (place, body) in logs {
        let mut document: Value = serde_json::from_slice(&body).unwrap();
        let mut records = document["Records"].as_array().unwrap().clone();
        change(&mut records);
        document["Records"] = json!(records);
        write(&home.path("logs").join(Path::new(&place)), document.to_string().as_bytes());
    }
    let lake = home.text("lake");
    home.run(&["--lake", &lake, "ingest", &home.text("logs")]).expect(0);
    (home, lake)
}

/// A function that sato made ten days before it acts, in a lake with other logs of its account.
fn of_function(put_others: impl Fn(&Path)) -> Value {
    let home = Home::new();
    for body in files(&scenarios::root().join("function_leads_to_who_wrote_it_and_not_to_who_was_refused").join("logs")).into_values() {
        let document: Value = serde_json::from_slice(&body).unwrap();
        for (place, record) in document["Records"].as_array().unwrap().iter().enumerate() {
            let is_old = ["00000001-", "00000002-"].iter().any(|start| record["eventID"].as_str().unwrap().starts_with(start));
            let text = if is_old { record.to_string().replace("2026-11-18T", "2026-11-08T") } else { record.to_string() };
            put(&home.path("logs"), &format!("F{place}"), format!("{{\"Records\":[{text}]}}").as_bytes());
        }
    }
    put_others(&home.path("logs"));
    home.run(&["--lake", &home.text("lake"), "ingest", &home.text("logs")]).expect(0);
    let causes = home.ask(&home.text("lake"), "nightly-queue")["changes"][0]["caused_by"].clone();
    assert_eq!((causes.as_array().unwrap().len(), &causes[0]["actor"]["id"]), (1, &json!("sato@example.co.jp")), "{causes}");
    causes[0].clone()
}

/// A call on each of the days between.
fn put_days(logs: &Path, days: impl Iterator<Item = u32>) {
    for day in days {
        let mut record = topic(day);
        record["eventTime"] = json!(format!("2026-11-{day:02}T04:00:00Z"));
        put(logs, &format!("D{day}"), &packed(&[record]));
    }
}

#[test]
fn a_hole_in_the_log_may_hold_another_cause() {
    let whole = of_function(|logs| put_days(logs, 9..=18));
    assert_eq!(whole["certainty"], "probable", "{whole}");
    let lines = [
        ("none but its own", of_function(|_| {}), "from 2026-11-08T05:01:00Z to 2026-11-18T05:01:30Z"),
        (
            "two days apart",
            of_function(|logs| put_days(logs, (9..=18).filter(|day| *day != 12))),
            "from 2026-11-11T04:00:00Z to 2026-11-13T04:00:00Z",
        ),
        (
            "an object that is no log",
            of_function(|logs| {
                put_days(logs, 9..=18);
                put(logs, "JUNK", b"junk");
            }),
            "from 2026-11-18T04:10:59Z to 2026-11-18T05:10:59Z",
        ),
        (
            "a record that is no event",
            of_function(|logs| {
                put_days(logs, 9..=18);
                let mut timeless = topic(30);
                timeless["eventTime"] = json!("yesterday");
                let mut beside = topic(31);
                beside["eventTime"] = json!("2026-11-15T00:00:00Z");
                put(logs, "PART", &packed(&[timeless, beside]));
            }),
            "from 2026-11-15T00:00:00Z to 2026-11-15T00:00:00Z",
        ),
    ];
    for (name, cause, hole) in lines {
        let why = cause["why"].as_str().unwrap();
        assert_eq!(cause["certainty"], "ambiguous", "{name}: {cause}");
        assert!(why.contains(&format!("the log of account 111122223333, ap-northeast-1, is not whole {hole}")), "{name}: {why}");
    }
}

#[test]
fn a_cause_in_an_unlisted_object_is_no_more_than_a_claim() {
    let signed = Signed::new(4, 6 * 3600);
    let of = |number: u32, made: i64, change: &dyn Fn(&mut Value)| {
        let (key, text) = log(number, made);
        let mut document: Value = serde_json::from_slice(&text).unwrap();
        change(&mut document["Records"][0]);
        (key, (gzip(document.to_string().as_bytes()), BTreeMap::new()))
    };
    // Objects that a digest waits for, as far as anybody can tell; then one of an hour of which there is a digest that does not name it.
    for (made, certainty, kind) in [(now() - 2400, "probable", "iam_user"), (signed.start + 3600 + 900, "claimed", "unknown")] {
        let home = Home::new();
        write_keys(&home.path("keys.json"));
        let mut files = signed.files.clone();
        files.extend([of(80, made, &wrote), of(81, now() - 1800, &acts)]);
        copy(&home.path("logs"), &files, true);
        let lake = home.text("lake");
        home.run(&["--lake", &lake, "--public-keys", &home.text("keys.json"), "ingest", &home.text("logs")]).expect(0);
        let change = home.ask(&lake, "topic-81")["changes"][0].clone();
        assert_eq!(change["actor"]["kind"], "workload", "{change}");
        let cause = &change["caused_by"][0];
        assert_eq!((&cause["certainty"], &cause["actor"]["kind"]), (&json!(certainty), &json!(kind)), "{change}");
        let says = cause["why"].as_str().unwrap().contains("not what CloudTrail delivered");
        assert_eq!(says, certainty == "claimed", "{cause}");
    }
}

const FUNCTION: &str = "arn:aws:lambda:ap-northeast-1:111122223333:function:cleanup";

/// Makes a call one by which the function's code was changed.
fn wrote(record: &mut Value) {
    record["eventSource"] = json!("lambda.amazonaws.com");
    record["eventName"] = json!("UpdateFunctionCode20150331v2");
    record["requestParameters"] = json!({"functionName": "cleanup"});
    record["responseElements"] = json!({"functionArn": FUNCTION});
}

/// Makes a call the function's.
fn acts(record: &mut Value) {
    let role = json!({"type": "Role", "principalId": "AROAFN", "arn": "arn:aws:iam::111122223333:role/fn", "accountId": "111122223333", "userName": "fn"});
    record["userIdentity"] = json!({
        "type": "AssumedRole", "principalId": "AROAFN:cleanup", "arn": "arn:aws:sts::111122223333:assumed-role/fn/cleanup",
        "accountId": "111122223333", "accessKeyId": "ASIAFNXXXXXXXEXAMPLE",
        "sessionContext": {"sessionIssuer": role, "attributes": {"creationDate": record["eventTime"], "mfaAuthenticated": "false"}},
        "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": FUNCTION}
    });
}

#[test]
fn what_digests_show_to_be_missing_may_hold_another_cause() {
    let signed = Signed::of(5, 1800, |hour, record| match hour {
        0 => wrote(record),
        4 => acts(record),
        _ => {}
    });
    let of = |change: &dyn Fn(&mut crate::signed::Files)| {
        let home = Home::new();
        write_keys(&home.path("keys.json"));
        let mut files = signed.files.clone();
        change(&mut files);
        copy(&home.path("logs"), &files, true);
        let lake = home.text("lake");
        home.run(&["--lake", &lake, "--public-keys", &home.text("keys.json"), "ingest", &home.text("logs")]).expect(0);
        home.ask(&lake, "topic-4")["changes"][0]["caused_by"][0].clone()
    };
    let whole = of(&|_| {});
    assert_eq!((&whole["certainty"], &whole["actor"]["kind"]), (&json!("probable"), &json!("iam_user")), "{whole}");
    type Change<'c> = &'c dyn Fn(&mut crate::signed::Files);
    let holes: [(&str, Change<'_>); 3] = [
        ("a log that a digest lists", &|files| drop(files.remove(&signed.logs[2]))),
        ("a digest in the chain", &|files| drop(files.remove(&signed.digests[2]))),
        ("the bytes of a log", &|files| {
            let mut other = topic(2);
            other["eventTime"] = json!(crate::signed::time(signed.start + 2 * 3600 + 100));
            files.get_mut(&signed.logs[2]).unwrap().0 = packed(&[other]);
        }),
    ];
    for (what, change) in holes {
        let cause = of(change);
        let why = cause["why"].as_str().unwrap();
        assert_eq!(cause["certainty"], "ambiguous", "{what}: {cause}");
        assert!(why.contains("is not whole from") || why.contains("not what CloudTrail delivered"), "{what}: {why}");
    }
}
