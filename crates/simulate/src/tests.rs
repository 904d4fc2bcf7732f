//! The crate's own promises: same plan, same bytes; the ledger agrees with what was delivered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{Act, Ledger, LogObject, Loss, Plan, run, run_noting};

fn plan(seed: u64, events: usize, loss: Loss, hostile: bool) -> Plan {
    Plan { seed, events, until: "2026-11-20T06:00:00Z".parse().unwrap(), days: 14, loss, hostile }
}

fn objects(plan: &Plan) -> (Vec<LogObject>, Ledger) {
    let mut objects = Vec::new();
    let ledger = run(plan, &mut |object| objects.push(object));
    (objects, ledger)
}

fn texts(object: &LogObject) -> String {
    let tail: [u8; 4] = object.body[object.body.len() - 4..].try_into().unwrap();
    let mut text = vec![0; u32::from_le_bytes(tail) as usize];
    libdeflater::Decompressor::new().gzip_decompress(&object.body, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn records(objects: &[LogObject]) -> Vec<Value> {
    let mut all = Vec::new();
    for object in objects {
        let Value::Object(mut top) = serde_json::from_str(&texts(object)).unwrap() else { panic!("not an object") };
        let Some(Value::Array(records)) = top.remove("Records") else { panic!("no Records") };
        assert_eq!(records.len(), object.records);
        all.extend(records);
    }
    all
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap_or("")
}

/// Every combination, small.
fn all_plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for seed in [1, 2, 3] {
        for loss in [Loss::None, Loss::IssuingEvents] {
            plans.extend([false, true].map(|hostile| plan(seed, 3000, loss, hostile)));
        }
    }
    plans.push(Plan { days: 1, ..plan(9, 2000, Loss::None, true) });
    plans
}

#[test]
fn same_plan_gives_same_bytes() {
    for plan in all_plans() {
        let (first, truth) = objects(&plan);
        let (second, again) = objects(&plan);
        assert!(first == second && truth == again);
    }
    assert!(objects(&plan(1, 3000, Loss::None, true)).0 != objects(&plan(2, 3000, Loss::None, true)).0);
}

#[test]
fn counts_equal_the_ledger() {
    for plan in all_plans() {
        let (objects, ledger) = objects(&plan);
        let records = records(&objects);
        let distinct: BTreeSet<&str> = records.iter().map(|record| text(record, "eventID")).collect();
        assert_eq!(records.len(), ledger.records);
        assert_eq!(objects.len(), ledger.objects);
        assert_eq!(records.len() - distinct.len(), ledger.duplicates);
        assert!(ledger.duplicates > 0);
        assert_eq!(ledger.lost > 0, plan.loss == Loss::IssuingEvents);
        assert!((2900..3400).contains(&ledger.records) || plan.days == 1, "{}", ledger.records);
    }
}

#[test]
fn every_record_is_whole_and_in_time() {
    for plan in all_plans() {
        let records = records(&objects(&plan).0);
        let until = plan.until.to_string();
        for record in &records {
            assert_eq!(text(record, "eventID").len(), 36);
            let time: jiff::Timestamp = text(record, "eventTime").parse().unwrap();
            assert!(time <= plan.until, "{time}");
            for key in ["eventSource", "eventName", "awsRegion", "recipientAccountId", "requestID", "sourceIPAddress"] {
                assert!(!text(record, key).is_empty(), "{key} in {record}");
            }
            assert!(record["userIdentity"].is_object() && record["readOnly"].is_boolean());
        }
        assert_eq!(records.iter().map(|record| text(record, "eventTime")).max(), Some(until.as_str()));
    }
}

#[test]
fn keys_match_the_layout_and_the_delay() {
    let plan = plan(5, 20_000, Loss::None, true);
    let (objects, ledger) = objects(&plan);
    let mut keys = BTreeSet::new();
    for object in &objects {
        assert!(keys.insert(&object.key), "{} twice", object.key);
        let parts: Vec<&str> = object.key.split('/').collect();
        let [root, organisation, account, kind, region, year, month, day, file] = parts[..] else { panic!("{}", object.key) };
        assert_eq!((root, kind, organisation), ("AWSLogs", "CloudTrail", ledger.organisation.id.as_str()));
        let name: Vec<&str> = file.split('_').collect();
        let [owner, trail, place, stamp, end] = name[..] else { panic!("{file}") };
        assert_eq!((owner, trail, place), (account, "CloudTrail", region));
        assert_eq!(&stamp[..8], format!("{year}{month}{day}"));
        assert!(stamp.len() == 14 && stamp.ends_with('Z'));
        let suffix = end.strip_suffix(".json.gz").unwrap();
        assert!(suffix.len() == 16 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let stamp: jiff::Timestamp = format!("{year}-{month}-{day}T{}:{}:00Z", &stamp[9..11], &stamp[11..13]).parse().unwrap();
        for record in records(std::slice::from_ref(object)) {
            assert_eq!((text(&record, "recipientAccountId"), text(&record, "awsRegion")), (account, region));
            let time: jiff::Timestamp = text(&record, "eventTime").parse().unwrap();
            let delay = stamp.as_second() - time.as_second();
            assert!((60..=600).contains(&delay), "{delay} s");
        }
    }
}

#[test]
fn objects_are_not_sorted_by_time() {
    let (objects, _) = objects(&plan(5, 30_000, Loss::None, false));
    let sorted = |object: &LogObject| {
        let records = records(std::slice::from_ref(object));
        records.is_sorted_by_key(|record| text(record, "eventTime").to_owned())
    };
    let long: Vec<&LogObject> = objects.iter().filter(|object| object.records > 4).collect();
    assert!(long.len() > 10 && long.iter().filter(|object| sorted(object)).count() * 4 < long.len());
}

/// Each distinct record is noted once, with what it says; a caller's key and ARN are those of the record.
#[test]
fn calls_are_the_delivered_records() {
    for plan in all_plans() {
        let (mut objects, mut calls) = (Vec::new(), Vec::new());
        let ledger = run_noting(&plan, &mut |object| objects.push(object), &mut |call| calls.push(call));
        assert!((objects.clone(), ledger.clone()) == self::objects(&plan));
        let records = records(&objects);
        let by_id: BTreeMap<&str, &Value> = records.iter().map(|record| (text(record, "eventID"), record)).collect();
        assert_eq!((calls.len(), by_id.len()), (ledger.records - ledger.duplicates, calls.len()));
        let acts: BTreeMap<&str, &Act> = ledger.acts.iter().map(|act| (act.event_id.as_str(), act)).collect();
        for call in &calls {
            let record = by_id[call.event_id.as_str()];
            for (key, noted) in [
                ("eventTime", call.event_time.to_string()),
                ("eventSource", call.event_source.clone()),
                ("eventName", call.event_name.clone()),
                ("recipientAccountId", call.recipient_account_id.clone()),
                ("awsRegion", call.aws_region.clone()),
                ("sourceIPAddress", call.source_ip_address.clone()),
                ("errorCode", call.error_code.clone().unwrap_or_default()),
            ] {
                assert_eq!(text(record, key), noted);
            }
            assert_eq!(record["readOnly"], call.read_only);
            if let Some(act) = acts.get(call.event_id.as_str()) {
                let caller = call.caller.as_ref().unwrap();
                assert_eq!((&caller.actor, caller.certainty, call.is_change()), (&act.actor, act.certainty, true));
            }
            let identity = &record["userIdentity"];
            if let Some(key) = &call.access_key_id {
                assert_eq!(text(identity, "accessKeyId"), key);
                assert_eq!(text(identity, "arn"), call.caller.as_ref().unwrap().principal);
            }
        }
        for object in &objects {
            let newest = self::records(std::slice::from_ref(object)).iter().map(|record| text(record, "eventTime").to_owned()).max();
            assert_eq!(newest, Some(object.newest.to_string()));
            let stamp: String = object.delivered.to_string().chars().filter(|letter| letter.is_ascii_alphanumeric()).collect();
            assert!(object.key.contains(&format!("_{}Z_", &stamp[..13])), "{} {stamp}", object.key);
        }
        for key in ledger.keys.keys() {
            assert!(records.iter().any(|record| text(&record["responseElements"]["accessKey"], "accessKeyId") == key));
        }
    }
}

/// What is delivered about an act, and its issues, says the same as the ledger.
#[test]
fn acts_lie_in_the_records() {
    for plan in all_plans() {
        let (objects, ledger) = objects(&plan);
        let records = records(&objects);
        let by_id: BTreeMap<&str, &Value> = records.iter().map(|record| (text(record, "eventID"), record)).collect();
        for act in &ledger.acts {
            check_act(act, &by_id);
        }
        let stories: BTreeSet<&str> = ledger.acts.iter().map(|act| act.story).collect();
        assert_eq!(stories.len(), if plan.hostile { 38 } else { 25 }, "{stories:?}");
    }
}

#[track_caller]
fn check_act(act: &Act, by_id: &BTreeMap<&str, &Value>) {
    let record = by_id[act.event_id.as_str()];
    assert_eq!(text(record, "eventTime"), act.event_time.to_string());
    assert_eq!(text(record, "eventName"), act.event_name);
    assert_eq!(text(record, "recipientAccountId"), act.recipient_account_id);
    assert_eq!(text(record, "awsRegion"), act.aws_region);
    assert_eq!((&record["readOnly"], &record["errorCode"]), (&Value::Bool(false), &Value::Null));
    // An agent's tool is called, and changes nothing itself.
    assert!(!act.things.is_empty() || act.event_source == "aws-mcp.amazonaws.com", "{act:?}");
    assert!(!act.actor.kind.is_empty());
    for copy in &act.copies {
        assert_eq!(by_id[copy.as_str()]["sharedEventID"], record["sharedEventID"]);
    }
    let used = text(&record["userIdentity"], "accessKeyId");
    if let Some(last) = act.chain.last() {
        assert_eq!(last.access_key_id.as_deref().unwrap_or(""), used);
    }
    let mut whole = true;
    for (place, hop) in act.chain.iter().enumerate() {
        whole &= !hop.issued_by.is_empty();
        assert_eq!(hop.issued_by.is_empty(), hop.link.is_none());
        for id in hop.issued_by.iter().chain(&hop.related) {
            assert!(by_id.contains_key(id.as_str()), "{id} of {act:?} is not delivered");
        }
        // The caller's copy of an issue is made with the session before.
        let issuer = hop.issued_by.first().map(|id| by_id[id.as_str()]);
        if let (Some(issuer), Some(before)) = (issuer, place.checked_sub(1).map(|at| &act.chain[at]))
            && text(issuer, "eventName") != "SwitchRole"
        {
            assert_eq!(before.access_key_id.as_deref().unwrap_or(""), text(&issuer["userIdentity"], "accessKeyId"));
        }
        if hop.link == Some("access_key") && act.story != "vendor" {
            let issued = issuer.map(|issuer| &issuer["responseElements"]["credentials"]["accessKeyId"]);
            assert_eq!(issued.and_then(Value::as_str), hop.access_key_id.as_deref());
        }
    }
    match act.certainty {
        "ambiguous" => assert!(act.candidates.len() > 1 && act.candidates.contains(&act.actor.id)),
        "proven" => assert!(whole || act.actor.kind == "iam_user", "{act:?}"),
        _ => assert!(!whole, "{act:?}"),
    }
    assert!(!act.not.contains(&act.actor.id) || act.certainty == "ambiguous");
    for cause in &act.caused_by {
        assert!(!cause.evidence.is_empty() && cause.evidence.iter().all(|id| by_id.contains_key(id.as_str())), "{act:?}");
        assert!(cause.certainty == "ambiguous" || act.caused_by.len() == 1, "{act:?}");
        assert!(matches!(act.actor.kind, "workload" | "aws_service"), "{act:?}");
    }
    let creation = &record["userIdentity"]["sessionContext"]["attributes"]["creationDate"];
    // A token is given out of a session that goes on.
    if let (Some(last), Some(creation)) = (act.chain.last().filter(|last| last.kind != "oauth_session"), creation.as_str()) {
        for id in &last.issued_by {
            assert_eq!(text(by_id[id.as_str()], "eventTime"), creation, "{act:?}");
        }
    }
}

/// No other change than the expected one is the newest that mentions the thing in any way but as its caller.
#[test]
fn questions_have_one_answer() {
    for plan in all_plans() {
        let (objects, ledger) = objects(&plan);
        let mut changes: Vec<(String, String, String)> = Vec::new();
        for mut record in records(&objects) {
            let silent = record["readOnly"] == true || !record["errorCode"].is_null();
            if !silent {
                record["userIdentity"].take();
                changes.push((text(&record, "eventTime").into(), text(&record, "eventID").into(), record.to_string()));
            }
        }
        changes.sort();
        assert!(ledger.questions.len() > 60);
        for question in &ledger.questions {
            let act = &ledger.acts[question.act];
            assert!(act.things.contains(&question.thing));
            // An ARN need not stand in the record: its last part does.
            let mark = if question.thing.contains('/') { '/' } else { ':' };
            let bare = question.thing.rsplit(mark).next().unwrap();
            let newest = changes.iter().rev().find(|(_, _, record)| record.contains(bare));
            let id = newest.map_or("", |(_, id, _)| id);
            assert!(id == act.event_id || act.copies.iter().any(|copy| copy == id), "{question:?} {act:?} {newest:?}");
        }
    }
}

#[test]
fn losses_take_every_grade() {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for seed in 0..4 {
        let (_, ledger) = objects(&plan(seed, 3000, Loss::IssuingEvents, true));
        seen.extend(ledger.acts.iter().map(|act| act.certainty));
        let (_, ledger) = objects(&plan(seed, 3000, Loss::None, true));
        assert!(ledger.acts.iter().all(|act| matches!(act.certainty, "proven" | "ambiguous")));
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn canaries_lie_in_the_records() {
    let (objects, ledger) = objects(&plan(4, 3000, Loss::None, true));
    let all: String = objects.iter().map(texts).collect();
    assert!(ledger.canaries.len() >= 3 && ledger.canaries.iter().all(|canary| canary.contains("CANARY") && all.contains(canary)));
}

#[test]
fn sizes_and_mix_are_a_trails() {
    let (objects, _) = objects(&plan(6, 40_000, Loss::None, false));
    let records = records(&objects);
    let mut sizes: Vec<usize> = records.iter().map(|record| record.to_string().len()).collect();
    sizes.sort_unstable();
    let at = |share: f64| sizes[(sizes.len() as f64 * share) as usize];
    let (median, high, most) = (at(0.5), at(0.99), sizes[sizes.len() - 1]);
    assert!((1200..1700).contains(&median), "median {median}");
    assert!((5000..9000).contains(&high), "p99 {high}");
    assert!((30_000..100_000).contains(&most), "max {most}");
    let reads = records.iter().filter(|record| record["readOnly"] == true).count() as f64 / records.len() as f64;
    assert!((0.62..0.80).contains(&reads), "reads {reads}");
}
