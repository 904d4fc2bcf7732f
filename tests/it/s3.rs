//! The same trail out of a bucket as out of a folder, and what goes wrong with buckets.

use std::process::Command;

use simulate::Loss;
use tempfile::TempDir;

use crate::s3_server::{self, Server};
use crate::sessions::People;
use crate::signed::{Files, Signed, write_keys};
use crate::support::{Ended, Home, check_sum, run, write};
use crate::world::{deliver, plan, simulated, world};

/// A bucket `trail` on a server, and the runtime that it lives in.
struct Bucket {
    home: Home,
    folder: TempDir,
    server: Server,
    // Dropped last: the server stops in it.
    _runtime: tokio::runtime::Runtime,
}

impl Bucket {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir_all(folder.path().join("trail")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(s3_server::start(folder.path()));
        Self { home: Home::new(), folder, server, _runtime: runtime }
    }

    fn whodid(&self, key: &str, secret: &str) -> Command {
        let mut command = self.home.whodid();
        command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret);
        command.args(["--endpoint-url", &self.server.endpoint, "--region", "us-east-1"]);
        command
    }

    /// Puts objects as CloudTrail does, with their metadata.
    fn put(&self, files: &Files) {
        self.put_into("trail", files);
    }

    fn put_into(&self, bucket: &str, files: &Files) {
        for (key, (body, metadata)) in files {
            let path = self.folder.path().join(bucket).join(key);
            crate::support::write(&path, body);
            // Delivered when it was made, as its name has it.
            let stamp =
                key.rsplit(['_', 'Z']).find_map(|part| jiff::fmt::strtime::parse("%Y%m%dT%H%M", part.get(..13)?).ok()?.to_datetime().ok());
            let made = stamp.unwrap().to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(made.into()).unwrap();
            self.server.metadata.lock().unwrap().insert(format!("/{bucket}/{key}"), metadata.clone());
        }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        run(self.whodid(&self.server.access_key, &self.server.secret_key).args(arguments))
    }
}

#[test]
fn logs_of_sessions_are_read_out_of_a_bucket_and_shown_again() {
    let bucket = Bucket::new();
    let mut people = People::default();
    let started = people.start(1, None);
    let trail = bucket.folder.path().join("trail");
    people.deliver(&trail);
    let name = format!("ssm/{}.log", started.id);
    write(&trail.join(&name), b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ");
    let lake = bucket.home.text("lake");
    bucket.run(&["--lake", &lake, "ingest", "s3://trail"]).expect(0);
    let detail = bucket.run(&["--lake", &lake, "--format", "json", "session", &started.id, "--transcript"]).expect(0).json();
    assert_eq!(detail["sessions"][0]["actor"]["id"], started.actor.as_str());
    assert_eq!(detail["sessions"][0]["transcript"]["logs"][0]["object"], format!("s3://trail/{name}"));
    assert_eq!(detail["lines"][1]["text"], "uid=0(root)");
    assert_eq!((detail["commands"][0]["line"].as_str(), detail["commands"][0]["elevates"].as_bool()), (Some("sudo id"), Some(true)));
    bucket.run(&["--lake", &lake, "--offline", "session", &started.id, "--transcript"]).expect(2);
}

#[test]
fn a_bucket_gives_the_tables_and_answers_of_the_folder() {
    let world = world(1, Loss::None);
    let bucket = Bucket::new();
    deliver(&bucket.folder.path().join("trail"), &world.objects);
    // One key for secrets, so that their hashes compare.
    let lake = world.home.text("lake-of-the-bucket");
    let mut command = world.home.whodid();
    command.env("AWS_ACCESS_KEY_ID", &bucket.server.access_key).env("AWS_SECRET_ACCESS_KEY", &bucket.server.secret_key);
    command.args([
        "--endpoint-url",
        &bucket.server.endpoint,
        "--region",
        "us-east-1",
        "--lake",
        &lake,
        "--format",
        "json",
        "ingest",
        "s3://trail/",
    ]);
    let summary = run(&mut command).expect(0).json();
    check_sum(&summary);
    assert_eq!(summary["records"], world.summary["records"]);
    assert_eq!(summary["bytes"], world.summary["bytes"]);
    for table in ["events", "mentions", "changes"] {
        let without = ["object", "object_id", "resolved_version"];
        assert_eq!(world.home.rows(&lake, table, &without), world.home.rows(&world.lake(), table, &without), "{table}");
    }
    let folder = format!("{}/", world.logs());
    for question in world.ledger.questions.iter().step_by(15) {
        let (from_bucket, from_folder) = (world.home.ask(&lake, &question.thing), world.ask(&question.thing));
        let object = from_bucket["changes"][0]["evidence"]["object"].as_str().unwrap();
        assert!(object.starts_with("s3://trail/"), "{object}");
        assert_eq!(from_bucket.to_string(), from_folder.to_string().replace(&folder, "s3://trail/"), "{}", question.thing);
    }
}

#[test]
fn a_prefix_of_a_bucket_is_read_and_its_neighbours_are_not() {
    let (objects, _) = simulated(&plan(6, Loss::None));
    let bucket = Bucket::new();
    let root = bucket.folder.path().join("trail");
    deliver(&root.join("ours"), &objects[..3]);
    deliver(&root.join("theirs"), &objects[3..6]);
    let lake = bucket.home.text("lake");
    let summary = bucket.run(&["--lake", &lake, "--format", "json", "ingest", "s3://trail/ours/"]).expect(0).json();
    assert_eq!(summary["objects"]["new"], 3);
    assert_eq!(summary["records"]["read"], objects[..3].iter().map(|object| object.records).sum::<usize>());
}

#[test]
fn what_is_new_in_a_bucket_is_read_and_the_rest_is_not_read_again() {
    let (objects, _) = simulated(&plan(6, Loss::None));
    let bucket = Bucket::new();
    let root = bucket.folder.path().join("trail");
    deliver(&root, &objects[..4]);
    let lake = bucket.home.text("lake");
    let arguments = ["--lake", &lake, "--format", "json", "ingest", "s3://trail"];
    assert_eq!(bucket.run(&arguments).expect(0).json()["objects"]["new"], 4);
    deliver(&root, &objects[4..6]);
    assert_eq!(bucket.run(&arguments).expect(0).json()["objects"]["new"], 2);
    assert_eq!(bucket.run(&arguments).expect(0).json()["records"]["read"], 0);
}

#[test]
fn a_bucket_is_asked_without_a_lake() {
    let world = world(1, Loss::None);
    let bucket = Bucket::new();
    deliver(&bucket.folder.path().join("trail"), &world.objects);
    let question = &world.ledger.questions[0];
    let answer = bucket.run(&["--logs", "s3://trail", "--format", "json", &question.thing]).expect(0).json();
    assert_eq!(answer["changes"][0]["actor"]["id"], world.ledger.acts[question.act].actor.id.as_str());
}

#[test]
fn a_lake_in_a_bucket_answers_as_one_in_a_folder() {
    let (objects, ledger) = simulated(&plan(6, Loss::None));
    let bucket = Bucket::new();
    deliver(&bucket.home.path("logs"), &objects);
    let logs = bucket.home.text("logs");
    std::fs::create_dir_all(bucket.folder.path().join("lake")).unwrap();
    let lakes = ["s3://lake/whodid".to_owned(), bucket.home.text("lake")];
    for lake in &lakes {
        check_sum(&bucket.run(&["--lake", lake, "--format", "json", "ingest", &logs]).expect(0).json());
    }
    let question = &ledger.questions[0];
    let [one, other] = lakes.each_ref().map(|lake| bucket.run(&["--lake", lake, "--format", "json", &question.thing]).expect(0).json());
    assert_eq!(one["changes"], other["changes"]);
    assert_eq!(one["changes"][0]["event_id"], ledger.acts[question.act].event_id.as_str());
}

/// Metadata goes with the objects, and the lake's pages lie in a bucket as the tables do.
#[test]
fn a_signed_bucket_is_verified_from_a_lake_in_a_bucket() {
    let bucket = Bucket::new();
    let signed = Signed::new(5, 6 * 3600);
    bucket.put(&signed.files);
    std::fs::create_dir_all(bucket.folder.path().join("lake")).unwrap();
    let keys = bucket.home.text("keys.json");
    write_keys(&bucket.home.path("keys.json"));
    let lake = "s3://lake/whodid";
    let ingest = ["--lake", lake, "--json", "--public-keys", &keys, "ingest", "s3://trail/"];
    assert_eq!(bucket.run(&ingest).expect(0).json()["digests"]["believed"], 5);
    assert_eq!(bucket.run(&ingest).expect(0).json()["digests"]["new"], 0);
    let verified = bucket.run(&["--lake", lake, "--json", "verify", "--exit-code"]).expect(0).json();
    assert_eq!((&verified["tally"]["verified"], &verified["tally"]["missing"]), (&5.into(), &0.into()), "{verified}");
    assert!(verified["verify"][0]["object"].as_str().unwrap().starts_with("s3://trail/AWSLogs/"));
    let answer = bucket.run(&["--lake", lake, "--json", "topic-2"]).expect(0).json();
    assert_eq!(answer["changes"][0]["evidence"]["integrity"], "verified");
    let window = signed.window(1, 4);
    let window: Vec<&str> = window.iter().map(String::as_str).collect();
    bucket.run(&[&["--lake", lake][..], &window, &["topic-99"]].concat()).expect(1);
    // What is done to it later shows as well: another object in its place, one that no digest lists.
    let (added, text) = crate::signed::log(77, signed.start + 2 * 3600 + 900);
    let changed = crate::support::gzip(&crate::records::plain(&[crate::records::topic(78)]));
    let change = [(added, crate::support::gzip(&text)), (signed.logs[3].clone(), changed)];
    bucket.put(&change.map(|(key, body)| (key, (body, Default::default()))).into());
    bucket.run(&ingest).expect(0);
    let verified = bucket.run(&["--lake", lake, "--json", "verify", "--exit-code"]).expect(10).json();
    assert_eq!(
        (&verified["tally"]["unlisted"], &verified["tally"]["altered"], &verified["tally"]["verified"]),
        (&1.into(), &1.into(), &5.into())
    );
    // Without a lake: the same in one go.
    let ended = bucket.run(&["--logs", "s3://trail/", "--public-keys", &keys, "verify", "--exit-code"]).expect(10);
    assert!(ended.stdout.contains("1 altered") && ended.stdout.contains("1 unlisted"), "{}", ended.stdout);
}

#[test]
fn status_tells_how_late_objects_come_and_which_days_have_none() {
    let bucket = Bucket::new();
    let mut put = Files::new();
    // Three objects: five minutes, ten minutes and an hour after their last event; nothing of the 20th and 21st.
    for (number, (event, made)) in [("18T05:00", "18T0505"), ("19T05:00", "19T0510"), ("22T05:00", "22T0600")].into_iter().enumerate() {
        let mut record = crate::records::topic(u32::try_from(number).unwrap());
        record["eventTime"] = format!("2026-11-{event}:00Z").into();
        let name = format!("111122223333_CloudTrail_ap-northeast-1_202611{made}Z_A{number}.json.gz");
        let key = format!("AWSLogs/111122223333/CloudTrail/ap-northeast-1/2026/11/{}/{name}", &made[..2]);
        put.insert(key, (crate::records::packed(&[record]), Default::default()));
    }
    bucket.put(&put);
    let lake = bucket.home.text("lake");
    bucket.run(&["--lake", &lake, "ingest", "s3://trail/"]).expect(0);
    let status = bucket.home.run(&["--lake", &lake, "--json", "--since", "2026-11-01", "status"]).expect(0).json();
    let source = &status["status"][0];
    assert_eq!((&source["delay_seconds"], &source["delay_p95_seconds"]), (&600.into(), &3_300.into()), "{status}");
    let silent: Vec<_> = source["gaps"].as_array().unwrap().iter().filter(|gap| gap["why"] == "no_events").collect();
    assert_eq!(silent.len(), 1, "{status}");
    assert_eq!((&silent[0]["from"], &silent[0]["until"]), (&"2026-11-20T00:00:00Z".into(), &"2026-11-22T00:00:00Z".into()));
    let later = bucket.home.run(&["--lake", &lake, "--json", "--since", "2026-11-22", "status"]).expect(0).stdout;
    assert!(!later.contains("no_events"), "{later}");
    let human = bucket.home.run(&["--lake", &lake, "--since", "2026-11-01", "status"]).expect(0).stdout;
    assert!(human.contains("delivered after 10 min (95 of 100: 55 min)") && human.contains("gap: no events"), "{human}");
}

#[test]
fn public_keys_are_asked_of_aws_once_and_kept() {
    let bucket = Bucket::new();
    let signed = Signed::new(4, 6 * 3600);
    bucket.put(&signed.files);
    let lake = bucket.home.text("lake");
    let ingest = ["--lake", &lake, "--json", "ingest", "s3://trail/"];
    // AWS does not answer: nothing is proved, nothing is lost, and the run says so.
    let ended = bucket.run(&ingest).expect(0);
    assert_eq!((&ended.json()["digests"]["unverified"], ended.json()["records"]["written"].as_u64()), (&4.into(), Some(4)));
    assert!(ended.stderr.contains("public keys of CloudTrail in ap-northeast-1"), "{}", ended.stderr);
    let none = ["--lake", &lake, "--offline", "--json", "verify"];
    assert_eq!(bucket.run(&none).expect(0).json()["tally"]["not_covered"], 4);
    bucket.server.public_keys.lock().unwrap().answers.push_back(crate::signed::listed_keys());
    assert_eq!(bucket.run(&ingest).expect(0).json()["digests"]["believed"], 4);
    let asked = bucket.server.public_keys.lock().unwrap().regions.clone();
    assert!(asked.iter().all(|region| region == "ap-northeast-1"), "{asked:?}");
    assert_eq!(bucket.run(&none).expect(0).json()["tally"]["verified"], 4);
    // The keys are the lake's now.
    let before = asked.len();
    let later = Signed::new(2, 3600);
    bucket.put(&later.files);
    let summary = bucket.run(&ingest).expect(0).json();
    assert_eq!(
        (&summary["digests"]["unverified"], bucket.server.public_keys.lock().unwrap().regions.len()),
        (&0.into(), before),
        "{summary}"
    );
}

/// Whoever copies a bucket into another one says so; else its digests are not what AWS signed for that place.
#[test]
fn a_replica_is_verified_where_the_configuration_says_of_what() {
    let bucket = Bucket::new();
    let signed = Signed::new(3, 6 * 3600);
    bucket.put_into("replica", &signed.files);
    write_keys(&bucket.home.path("keys.json"));
    let (keys, config) = (bucket.home.text("keys.json"), bucket.home.text("replica.toml"));
    crate::support::write(&bucket.home.path("replica.toml"), b"[copies]\n's3://replica/' = 's3://trail/'\n");
    let lake = bucket.home.text("lake");
    let summary = bucket.run(&["--lake", &lake, "--json", "--public-keys", &keys, "ingest", "s3://replica/"]).expect(0).json();
    assert_eq!((&summary["digests"]["refused"], &summary["digests"]["believed"]), (&3.into(), &0.into()));
    let lake = bucket.home.text("other");
    let arguments = ["--lake", &lake, "--config", &config, "--json", "--public-keys", &keys, "ingest", "s3://replica/"];
    assert_eq!(bucket.run(&arguments).expect(0).json()["digests"]["believed"], 3);
    let verified = bucket.run(&["--lake", &lake, "--json", "verify", "--exit-code"]).expect(0).json();
    assert_eq!(verified["tally"]["verified"], 3);
    assert!(verified["verify"][0]["object"].as_str().unwrap().starts_with("s3://replica/AWSLogs/"), "{verified}");
}

#[test]
fn a_bucket_that_does_not_exist_is_said_with_code_2() {
    let bucket = Bucket::new();
    let ended = bucket.run(&["--lake", &bucket.home.text("lake"), "ingest", "s3://nowhere/"]).expect(2);
    assert!(ended.stderr.contains("nowhere") && ended.stderr.contains("hint:"), "{}", ended.stderr);
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
}

#[test]
fn wrong_credentials_are_said_with_code_4() {
    let bucket = Bucket::new();
    let lake = bucket.home.text("lake");
    for (key, secret) in [(bucket.server.access_key.as_str(), "wrong"), ("AKIANOBODYXXXXEXAMPLE", "wrong")] {
        let ended = run(bucket.whodid(key, secret).args(["--lake", &lake, "ingest", "s3://trail/"])).expect(4);
        assert!(ended.stderr.contains("hint:"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("wrong"), "a secret on stderr: {}", ended.stderr);
    }
}

#[test]
fn missing_credentials_are_said_with_code_4() {
    let bucket = Bucket::new();
    let mut command = bucket.home.whodid();
    command.args([
        "--endpoint-url",
        &bucket.server.endpoint,
        "--region",
        "us-east-1",
        "--format",
        "json",
        "--lake",
        &bucket.home.text("lake"),
        "ingest",
        "s3://trail/",
    ]);
    let ended = run(&mut command).expect(4);
    let error: serde_json::Value = serde_json::from_str(&ended.stderr).unwrap_or_else(|_| panic!("one JSON object: {:?}", ended.stderr));
    assert!(error.is_object(), "{error}");
}
