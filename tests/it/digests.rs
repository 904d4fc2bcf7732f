//! From a signed bucket to `verify` and answers: what is whole is said to be, and whatever is done to it shows.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::records::{plain, topic};
use crate::signed::{Files, Signed, copy, log, now, organisation, time, write_keys};
use crate::support::{Ended, Home, files, gzip};

const HOUR: i64 = 3600;

struct Lake {
    home: Home,
}

impl Lake {
    fn new() -> Self {
        let home = Home::new();
        write_keys(&home.path("keys.json"));
        Self { home }
    }

    /// A lake of a folder with these files.
    fn of(files: &Files, sidecars: bool) -> Self {
        let lake = Self::new();
        copy(&lake.home.path("logs"), files, sidecars);
        lake.ingest("logs");
        lake
    }

    #[track_caller]
    fn ingest(&self, folder: &str) -> Value {
        let (folder, lake, keys) = (self.home.text(folder), self.home.text("lake"), self.home.text("keys.json"));
        self.home.run(&["--lake", &lake, "--json", "--public-keys", &keys, "ingest", &folder]).expect(0).json()
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.home.run(&[&["--lake", &self.home.text("lake"), "--json"], arguments].concat())
    }

    /// What `verify` says; code 10 where there is tampering, and only there.
    #[track_caller]
    fn verify(&self) -> Value {
        let ended = self.run(&["verify", "--exit-code"]);
        let verified = ended.json();
        assert_eq!(ended.code, if verified["tampering"] == true { 10 } else { 0 }, "{verified}");
        self.run(&["verify"]).expect(0);
        verified
    }

    #[track_caller]
    fn ask(&self, thing: &str, window: &[String], code: i32) -> Value {
        let mut arguments: Vec<&str> = window.iter().map(String::as_str).collect();
        arguments.extend(["trace", thing]);
        self.run(&arguments).expect(code).json()
    }
}

fn tally(verified: &Value, name: &str) -> u64 {
    verified["tally"][name].as_u64().unwrap_or_else(|| panic!("{name}: {verified}"))
}

fn breaks(verified: &Value) -> Vec<String> {
    let chains = verified["chains"].as_array().unwrap();
    chains.iter().flat_map(|chain| chain["breaks"].as_array().unwrap()).map(|hole| hole["why"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn integrity(answer: &Value) -> (&str, &str) {
    let change = &answer["changes"][0];
    (change["evidence"]["integrity"].as_str().unwrap_or_else(|| panic!("{answer}")), change["certainty"].as_str().unwrap())
}

#[test]
fn whole_bucket_is_verified_and_nothing_found_in_it_is_1() {
    let signed = Signed::new(6, 6 * HOUR);
    let lake = Lake::of(&signed.files, true);
    let verified = lake.verify();
    assert_eq!(verified["schema"], "whodid.verify/v1");
    assert_eq!((tally(&verified, "verified"), tally(&verified, "digests"), tally(&verified, "digests_refused")), (6, 6, 0), "{verified}");
    assert_eq!(verified["tampering"], false);
    let logs = verified["verify"].as_array().unwrap();
    assert_eq!(logs.iter().filter(|log| log["integrity"] == "verified").count(), 6);
    assert!(
        logs.iter().all(|log| log["object"].as_str().unwrap().starts_with(&lake.home.text("logs"))),
        "where they were read: {verified}"
    );
    assert_eq!(integrity(&lake.ask("topic-3", &[], 0)), ("verified", "proven"));
    let inside = signed.window(1, 5);
    let nothing = lake.ask("topic-99", &inside, 1);
    assert_eq!((&nothing["coverage"]["complete"], &nothing["coverage"]["gaps"]), (&true.into(), &Value::Array(Vec::new())));
    // A window that begins before the first digest, ends too near the last one, or does not end.
    for window in [&signed.window(-1, 5)[..], &signed.window(1, 6)[..], &inside[..2], &[]] {
        let nothing = lake.ask("topic-99", window, 5);
        assert_eq!(nothing["coverage"]["complete"], false, "{window:?}");
        assert!(!nothing["coverage"]["gaps"].as_array().unwrap().is_empty(), "{window:?}");
    }
    // Calls on data, and calls that only read, may not be recorded at all.
    lake.ask("arn:aws:s3:::example-bucket/file", &inside, 5);
    lake.ask("8f14e45f-ceea-467a-9575-1234567890ab", &inside, 5);
    let rows =
        lake.home.sql(&lake.home.text("lake"), "SELECT kind, state, integrity, count(*) AS n FROM objects GROUP BY 1, 2, 3 ORDER BY 1");
    let expected = [
        serde_json::json!({"kind": "cloudtrail", "state": "read", "integrity": "verified", "n": 6}),
        serde_json::json!({"kind": "digest", "state": "believed", "integrity": null, "n": 6}),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn whatever_is_done_to_a_small_bucket_shows() {
    let signed = Signed::new(5, 6 * HOUR);
    let inside = signed.window(1, 4);
    let case = |name: &str, change: &dyn Fn(&mut Files)| {
        let mut files = signed.files.clone();
        change(&mut files);
        assert_ne!(files, signed.files, "{name}");
        let lake = Lake::of(&files, true);
        let verified = lake.verify();
        (lake, verified)
    };
    for (hour, key) in signed.logs.iter().enumerate() {
        let (lake, verified) = case("a log is deleted", &|files| drop(files.remove(key)));
        assert_eq!((tally(&verified, "missing"), &verified["tampering"]), (1, &true.into()), "{key}");
        let nothing = lake.ask(&format!("topic-{hour}"), &inside, if (1..=4).contains(&hour) { 5 } else { 1 });
        let told = nothing["coverage"]["gaps"].to_string().contains("log missing");
        assert_eq!(told, (1..=4).contains(&hour), "{nothing}");

        let other = |files: &mut Files| {
            let mut record = topic(hour as u32);
            record["eventTime"] = time(signed.start + hour as i64 * HOUR + 400).into();
            record["userIdentity"]["userName"] = "suzuki".into();
            files.get_mut(key).unwrap().0 = gzip(&plain(&[record]));
        };
        let (lake, verified) = case("a log is changed", &other);
        assert_eq!((tally(&verified, "altered"), &verified["tampering"]), (1, &true.into()), "{key}");
        let answer = lake.ask(&format!("topic-{hour}"), &[], 0);
        assert_eq!(integrity(&answer), ("altered", "claimed"));
        assert_eq!(answer["changes"][0]["actor"]["kind"], "unknown", "{answer}");
        assert_eq!(lake.ask("topic-99", &inside, if (1..=4).contains(&hour) { 5 } else { 1 })["changes"], Value::Array(Vec::new()));
    }
    let uncompressed = |files: &mut Files, key: &str| {
        let object = &mut files.get_mut(key).unwrap().0;
        *object = event::gunzip::gunzip(object).unwrap().into_owned();
    };
    let (lake, verified) = case("a log's compression is taken off", &|files| uncompressed(files, &signed.logs[2]));
    assert_eq!((tally(&verified, "altered"), &verified["tampering"]), (1, &true.into()));
    assert_eq!(integrity(&lake.ask("topic-2", &[], 0)), ("altered", "claimed"));
    let (_, verified) = case("a digest's compression is taken off", &|files| uncompressed(files, &signed.digests[2]));
    assert!(breaks(&verified).contains(&"digest_invalid".to_owned()), "{verified}");
    let newest = signed.digests.len() - 1;
    for (hour, key) in signed.digests.iter().enumerate() {
        let (lake, verified) = case("a digest is deleted", &|files| drop(files.remove(key)));
        // The newest may just not be there yet: only the hours that it spoke of are no longer known to be whole.
        let expected = if hour == newest { "no_newer_digest" } else { "digest_missing" };
        assert!(breaks(&verified).iter().any(|why| why == expected), "{verified}");
        assert_eq!(verified["tampering"], hour != newest, "{verified}");
        lake.ask("topic-99", &inside, if hour == 0 { 1 } else { 5 });

        let flip = |files: &mut Files| {
            let text = String::from_utf8(crate::support::gunzip(&files[key].0)).unwrap();
            files.get_mut(key).unwrap().0 = gzip(text.replace("\"logFiles\":[{", "\"logFiles\":[{\"x\":1,").as_bytes());
        };
        let (lake, verified) = case("a digest is changed", &flip);
        assert_eq!((tally(&verified, "digests_refused"), &verified["tampering"]), (1, &true.into()), "{verified}");
        lake.ask("topic-99", &inside, if hour == 0 { 1 } else { 5 });
    }
    let (added, text) = log(77, signed.start + 2 * HOUR + 900);
    let (lake, verified) = case("a log is added", &|files| drop(files.insert(added.clone(), (gzip(&text), BTreeMap::new()))));
    assert_eq!((tally(&verified, "unlisted"), &verified["tampering"]), (1, &true.into()), "{verified}");
    assert_eq!(integrity(&lake.ask("topic-77", &[], 0)), ("unlisted", "claimed"));
    let copied = signed.digests[2].replace(".json.gz", "_copy.json.gz");
    let body = signed.files[&signed.digests[2]].clone();
    let (_, verified) = case("a digest is added", &|files| drop(files.insert(copied.clone(), body.clone())));
    assert_eq!((tally(&verified, "digests_refused"), &verified["tampering"]), (1, &true.into()), "{verified}");
}

#[test]
fn records_of_a_session_in_an_unlisted_object_put_it_in_doubt() {
    let mut signed = Signed::new(4, 6 * HOUR);
    let at = signed.start + HOUR;
    let session = || {
        crate::exits::session(
            "/aws-reserved/sso.amazonaws.com/ap-northeast-1/",
            "AWSReservedSSO_Ops_0123456789abcdef",
            "sato@example.co.jp",
        )
    };
    let began = time(at);
    let call = |number: u32, made: i64| {
        let (key, text) = log(number, made);
        let mut text: Value = serde_json::from_slice(&text).unwrap();
        text["Records"][0]["userIdentity"] = session();
        text["Records"][0]["userIdentity"]["sessionContext"]["attributes"]["creationDate"] = began.clone().into();
        (key, gzip(text.to_string().as_bytes()))
    };
    // One call in an object that a digest waits for, as far as anybody can tell.
    let (pending, body) = call(50, now() - 1800);
    signed.files.insert(pending, (body, BTreeMap::new()));
    let lake = Lake::of(&signed.files, true);
    let before = lake.ask("topic-50", &[], 0);
    let (verdict, certainty) = integrity(&before);
    assert!(matches!(verdict, "pending" | "not_covered") && certainty == "attested", "{before}");
    let (added, body) = call(51, signed.start + 2 * HOUR + 900);
    signed.files.insert(added, (body, BTreeMap::new()));
    let lake = Lake::of(&signed.files, true);
    assert_eq!(integrity(&lake.ask("topic-51", &[], 0)), ("unlisted", "claimed"));
    let after = lake.ask("topic-50", &[], 0);
    assert_eq!(integrity(&after).1, "claimed", "{after}");
    assert_eq!(after["changes"][0]["candidates"][0]["actor"]["id"], "sato@example.co.jp", "{after}");
}

/// `aws s3 sync` copies no metadata; the signature of each digest but the newest is in the next one.
#[test]
fn copy_without_metadata_is_verified_but_for_the_newest_digest() {
    let signed = Signed::new(6, 6 * HOUR);
    let lake = Lake::new();
    copy(&lake.home.path("logs"), &signed.files, false);
    let summary = lake.ingest("logs");
    assert_eq!(summary["digests"], serde_json::json!({"new": 6, "believed": 5, "refused": 0, "unverified": 1}));
    let verified = lake.verify();
    assert_eq!((tally(&verified, "verified"), &verified["tampering"]), (5, &false.into()), "{verified}");
    lake.ask("topic-99", &signed.window(1, 4), 1);
    lake.ask("topic-99", &signed.window(1, 5), 5);
    // It is looked at again each time: one that comes later proves it.
    assert_eq!(lake.ingest("logs")["digests"], serde_json::json!({"new": 1, "believed": 0, "refused": 0, "unverified": 1}));
    let newest = signed.digests.last().unwrap();
    let sidecar = serde_json::json!({"Metadata": signed.files[newest].1});
    crate::support::write(&lake.home.path("logs").join(format!("{newest}.metadata.json")), sidecar.to_string().as_bytes());
    assert_eq!(lake.ingest("logs")["digests"]["believed"], 1);
    lake.ask("topic-99", &signed.window(1, 5), 1);
    // A change shows all the same.
    let mut files = signed.files.clone();
    let text = String::from_utf8(crate::support::gunzip(&files[&signed.digests[3]].0)).unwrap();
    files.get_mut(&signed.digests[3]).unwrap().0 = gzip(text.replace("\"logFiles\":[{", "\"logFiles\":[{\"x\":1,").as_bytes());
    let verified = Lake::of(&files, false).verify();
    assert_eq!((tally(&verified, "digests_refused"), &verified["tampering"]), (1, &true.into()), "{verified}");
}

#[test]
fn without_keys_nothing_is_proved_and_with_them_the_next_run_proves_it() {
    let signed = Signed::new(4, 6 * HOUR);
    let home = Home::new();
    copy(&home.path("logs"), &signed.files, true);
    let (lake, logs) = (home.text("lake"), home.text("logs"));
    let ended = home.run(&["--lake", &lake, "--json", "ingest", &logs]).expect(0);
    assert!(ended.stderr.contains("--public-keys"), "{}", ended.stderr);
    assert_eq!(ended.json()["digests"]["unverified"], 4);
    let lake = Lake { home };
    let verified = lake.verify();
    assert_eq!((tally(&verified, "not_covered"), &verified["tampering"]), (4, &false.into()), "{verified}");
    assert_eq!(integrity(&lake.ask("topic-1", &[], 0)), ("not_covered", "proven"));
    write_keys(&lake.home.path("keys.json"));
    lake.ingest("logs");
    assert_eq!(tally(&lake.verify(), "verified"), 4);
    let bad = lake.run(&["--public-keys", &lake.home.text("logs"), "ingest", &logs]);
    assert_eq!((bad.code, bad.stderr.contains("public keys")), (2, true), "{}", bad.stderr);
}

/// However the bucket is split over runs, and in whatever order, the verdicts are those of one run over all of it.
#[test]
fn verdicts_do_not_depend_on_order_or_number_of_runs() {
    let signed = Signed::new(6, 6 * HOUR);
    let part = |wanted: &dyn Fn(&str, usize) -> bool| -> Files {
        let numbered = signed.files.iter().enumerate();
        numbered.filter(|(at, (key, _))| wanted(key, *at)).map(|(_, (key, file))| (key.clone(), file.clone())).collect()
    };
    let is_digest = |key: &str| key.contains("/CloudTrail-Digest/");
    let plans: [Vec<Files>; 3] = [
        vec![part(&|key, _| !is_digest(key)), part(&|_, _| true)],
        vec![part(&|key, _| is_digest(key)), part(&|_, _| true)],
        (1..=3).map(|most| part(&|_, at| at % 3 < most)).collect(),
    ];
    for plan in plans {
        let lake = Lake::new();
        for files in plan {
            copy(&lake.home.path("logs"), &files, true);
            lake.ingest("logs");
        }
        assert_eq!(lake.ingest("logs")["digests"]["new"], 0);
        let verified = lake.verify();
        assert_eq!((tally(&verified, "verified"), &verified["tampering"]), (6, &false.into()), "{verified}");
        lake.ask("topic-99", &signed.window(1, 5), 1);
    }
}

#[test]
fn runs_at_the_same_time_lose_nothing_of_each_other() {
    let signed = Signed::new(8, 6 * HOUR);
    let lake = Lake::new();
    copy(&lake.home.path("logs"), &signed.files, true);
    let (place, logs, keys) = (lake.home.text("lake"), lake.home.text("logs"), lake.home.text("keys.json"));
    let mut running: Vec<_> = (0..3)
        .map(|_| {
            let mut command = lake.home.whodid();
            command.args(["--lake", &place, "--public-keys", &keys, "ingest", &logs]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    running.iter_mut().for_each(|child| assert!(child.wait().unwrap().success()));
    let verified = lake.verify();
    assert_eq!((tally(&verified, "verified"), &verified["tampering"]), (8, &false.into()), "{verified}");
}

/// What was read and not noted when a run died is noted by the next, and `verify` knows it before that.
#[test]
fn run_that_died_before_it_kept_its_pages_is_caught_up() {
    let signed = Signed::new(6, 6 * HOUR);
    let lake = Lake::new();
    let digests: Files =
        signed.files.iter().filter(|(key, _)| key.contains("-Digest/")).map(|(key, file)| (key.clone(), file.clone())).collect();
    copy(&lake.home.path("logs"), &digests, true);
    lake.ingest("logs");
    let pages = files(&lake.home.path("lake/_whodid"));
    copy(&lake.home.path("logs"), &signed.files, true);
    lake.ingest("logs");
    // As if the run had been killed after its commit to the tables.
    std::fs::remove_dir_all(lake.home.path("lake/_whodid")).unwrap();
    pages.iter().for_each(|(name, body)| crate::support::write(&lake.home.path("lake/_whodid").join(name), body));
    assert_eq!(tally(&lake.verify(), "verified"), 6);
    assert_eq!(integrity(&lake.ask("topic-2", &[], 0)), ("verified", "proven"));
    lake.ingest("logs");
    assert_eq!(tally(&lake.verify(), "verified"), 6);
    lake.ask("topic-99", &signed.window(1, 5), 1);
}

#[test]
fn status_tells_freshness_rejects_and_gaps() {
    let mut signed = Signed::new(6, 6 * HOUR);
    signed.files.remove(&signed.digests[3]);
    signed
        .files
        .insert("AWSLogs/444455556666/CloudTrail/us-east-1/2026/11/18/odd.json.gz".to_owned(), (b"no log".to_vec(), BTreeMap::new()));
    let lake = Lake::of(&signed.files, true);
    let status = lake.run(&["status"]).expect(0).json();
    assert_eq!(status["schema"], "whodid.status/v1");
    let [whole, odd] = status["status"].as_array().unwrap().as_slice() else { panic!("{status}") };
    assert_eq!(
        (&whole["account_id"], &whole["objects"], &whole["records"], &whole["rejected"]),
        (&"111122223333".into(), &6.into(), &6.into(), &0.into())
    );
    assert_eq!(whole["source"], format!("{}/", lake.home.text("logs")));
    assert_eq!(whole["first_event_time"], time(signed.start + 400));
    assert_eq!(whole["last_event_time"], time(signed.start + 5 * HOUR + 400));
    let age = whole["age_seconds"].as_i64().unwrap() - (now() - signed.start - 5 * HOUR - 400);
    assert!(age.abs() < 60, "{status}");
    let why: Vec<&str> = whole["gaps"].as_array().unwrap().iter().map(|gap| gap["why"].as_str().unwrap()).collect();
    assert_eq!(why, ["before_first_digest", "digest_missing", "no_newer_digest"], "{status}");
    assert_eq!((&odd["account_id"], &odd["unread"], &odd["last_event_time"]), (&"444455556666".into(), &1.into(), &Value::Null));
    assert!(status["last_run"]["source"].as_str().unwrap().ends_with("/logs"), "{status}");
    let human = lake.home.run(&["--lake", &lake.home.text("lake"), "status"]).expect(0).stdout;
    assert!(human.contains("1 objects rejected or unread") && human.contains("gap: digest missing"), "{human}");
    // What was rejected is still there for whoever asks strictly, and a window with something not understood is not complete.
    let strict = ["--public-keys", &lake.home.text("keys.json"), "ingest", "--strict", &lake.home.text("logs")];
    assert_eq!(lake.run(&strict).expect(6).json()["objects"]["rejected_before"], 1);
    let gaps = lake.ask("topic-99", &signed.window(1, 2), 5)["coverage"]["gaps"].to_string();
    assert!(gaps.contains("444455556666") && !gaps.contains("111122223333"), "{gaps}");
}

#[test]
fn simulated_organisation_is_whole_from_the_bucket_to_the_answer() {
    let until = time(now() / HOUR * HOUR - HOUR);
    let (objects, ledger) = organisation(3, &until);
    let lake = Lake::of(&objects, true);
    let verified = lake.verify();
    assert_eq!(verified["tampering"], false, "{:?}", breaks(&verified));
    let logs = objects.len() as u64 - tally(&verified, "digests");
    assert_eq!(tally(&verified, "verified") + tally(&verified, "pending"), logs, "{}", verified["tally"]);
    assert!(tally(&verified, "verified") * 10 > logs * 8, "{}", verified["tally"]);
    assert_eq!(verified["coverage"].as_array().unwrap().len(), ledger.organisation.accounts.len() * 3);
    let ends: i64 = until.parse::<jiff::Timestamp>().unwrap().as_second();
    let window = ["--since", &time(ends - 18 * HOUR), "--until", &time(ends - 3 * HOUR)].map(str::to_owned);
    lake.ask("no-such-thing", &window, 1);
    for question in ledger.questions.iter().step_by(9) {
        let answer = lake.ask(&question.thing, &[], 0);
        let (verdict, certainty) = integrity(&answer);
        assert!(matches!(verdict, "verified" | "pending"), "{answer}");
        assert_eq!(certainty == "claimed", answer["changes"][0]["reason"].to_string().contains("not what CloudTrail"), "{answer}");
    }
}

#[test]
fn a_session_that_an_altered_log_tells_of_is_nobodys() {
    let signed = Signed::new(4, 6 * HOUR);
    let id = "tanaka-0123456789abcdefghijklmnop";
    let mut record = topic(2);
    record["eventTime"] = time(signed.start + 2 * HOUR + 400).into();
    record["eventSource"] = "ssm.amazonaws.com".into();
    record["eventName"] = "StartSession".into();
    record["requestParameters"] = serde_json::json!({"target": "i-0a1b2c3d"});
    record["responseElements"] = serde_json::json!({"sessionId": id});
    let mut files = signed.files.clone();
    files.get_mut(&signed.logs[2]).unwrap().0 = gzip(&plain(&[record]));
    files.insert(format!("ssm/{id}.log"), (b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ".to_vec(), std::collections::BTreeMap::new()));
    let lake = Lake::of(&files, true);
    let verified = lake.verify();
    assert_eq!((tally(&verified, "altered"), tally(&verified, "verified")), (1, 3), "{verified}");
    let place = lake.home.text("lake");
    let session = &lake.home.run(&["--lake", &place, "--format", "json", "session", id]).expect(0).json()["sessions"][0];
    assert_eq!(
        (&session["certainty"], &session["actor"]["kind"], &session["actor"]["id"]),
        (&"claimed".into(), &"unknown".into(), &Value::Null)
    );
    assert_eq!(session["evidence"]["integrity"], "altered");
    let alert = lake.home.run(&["--lake", &place, "--format", "jsonl", "alert", "--rule", "sudo"]).expect(0).json();
    assert_eq!((&alert["certainty"], &alert["actor"]["id"]), (&"claimed".into(), &Value::Null));
}
