//! What a bucket tells a queue is read as what lies in the bucket: each object once, and no message gone before it is.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use lake::fail_point::COMPILED;
use serde_json::{Value, json};
use simulate::{LogObject, Loss};

use crate::moto_owned::{Moto, OWNER};
use crate::records::{key, packed, topic};
use crate::support::{Ended, Home, check_sum, run, write};
use crate::world::{deliver, plan, simulated};

const REGION: &str = "us-east-1";
const BUCKET: &str = "trail";

/// A bucket that tells a queue of its objects.
struct Trail {
    home: Home,
    moto: Moto,
    runtime: tokio::runtime::Runtime,
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    url: String,
}

impl Trail {
    fn new() -> Self {
        let moto = Moto::start();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
        let s3 = aws_sdk_s3::config::Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials.clone())
            .endpoint_url(&moto.endpoint)
            .force_path_style(true);
        let sqs = aws_sdk_sqs::config::Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials)
            .endpoint_url(&moto.endpoint);
        let (s3, sqs) = (aws_sdk_s3::Client::from_conf(s3.build()), aws_sdk_sqs::Client::from_conf(sqs.build()));
        let url = runtime.block_on(async {
            s3.create_bucket().bucket(BUCKET).send().await.unwrap();
            let url = sqs.create_queue().queue_name("told").send().await.unwrap().queue_url.unwrap();
            let arn = format!("arn:aws:sqs:{REGION}:{OWNER}:told");
            let queue = QueueConfiguration::builder().queue_arn(arn).events(Event::from("s3:ObjectCreated:*")).build().unwrap();
            let configuration = NotificationConfiguration::builder().queue_configurations(queue).build();
            s3.put_bucket_notification_configuration().bucket(BUCKET).notification_configuration(configuration).send().await.unwrap();
            // S3 tests a queue that it is to tell.
            sqs.purge_queue().queue_url(&url).send().await.unwrap();
            url
        });
        Self { home: Home::new(), moto, runtime, s3, sqs, url }
    }

    /// Puts objects, of which S3 tells the queue.
    fn put(&self, objects: &[(String, Vec<u8>)]) {
        self.runtime.block_on(async {
            for (key, body) in objects {
                self.s3.put_object().bucket(BUCKET).key(key).body(body.clone().into()).send().await.unwrap();
            }
        });
    }

    fn send(&self, body: &Value) {
        let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        self.runtime.block_on(async { self.sqs.send_message().queue_url(&self.url).message_body(text).send().await.unwrap() });
    }

    fn etag(&self, key: &str) -> String {
        let head = self.runtime.block_on(async { self.s3.head_object().bucket(BUCKET).key(key).send().await.unwrap() });
        head.e_tag.unwrap().trim_matches('"').to_owned()
    }

    /// Messages in the queue, hidden ones as well.
    fn waiting(&self) -> usize {
        use QueueAttributeName as Name;
        let names = [Name::ApproximateNumberOfMessages, Name::ApproximateNumberOfMessagesNotVisible];
        let request = self.sqs.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(names.to_vec()));
        let told = self.runtime.block_on(async { request.send().await.unwrap() }).attributes.unwrap();
        names.iter().map(|name| told[name].parse::<usize>().unwrap()).sum()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.whodid();
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.args(["--endpoint-url", &self.moto.endpoint, "--region", REGION, "--json"]).args(arguments);
        command
    }

    fn ingest(&self, source: &str) -> Ended {
        run(&mut self.command(&["--lake", &self.home.text("lake"), "ingest", source]))
    }
}

fn objects(count: usize) -> Vec<(String, Vec<u8>)> {
    (0..count).map(|number| (key(&format!("Q{number}")), packed(&[topic(number as u32)]))).collect()
}

fn some_objects() -> Vec<LogObject> {
    simulated(&plan(6, Loss::None)).0.into_iter().step_by(12).collect()
}

#[test]
fn folder_bucket_and_queue_give_the_same_events() {
    let trail = Trail::new();
    let objects = some_objects();
    deliver(&trail.home.path("logs"), &objects);
    trail.put(&objects.iter().map(|object| (object.key.clone(), object.body.clone())).collect::<Vec<_>>());
    // The console makes an empty object for a folder, which is none.
    trail.put(&[("ssm/".to_owned(), Vec::new())]);
    let (log, text) = ("ssm/sato-0123456789abcdefghijklmnop.log".to_owned(), b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ");
    write(&trail.home.path("logs").join(&log), text);
    trail.put(&[(log, text.to_vec())]);
    let (told, count) = (objects.len() + 2, objects.len() + 1);
    assert_eq!(trail.waiting(), told);
    let logs = trail.home.text("logs");
    for (lake, source) in [("folder", logs.as_str()), ("bucket", "s3://trail/"), ("queue", "sqs://told")] {
        let summary = run(&mut trail.command(&["--lake", &trail.home.text(lake), "ingest", source])).expect(0).json();
        check_sum(&summary);
        assert_eq!((&summary["objects"]["new"], &summary["session_logs"]["written"]), (&json!(count), &json!(1)), "{summary}");
        if lake == "queue" {
            assert_eq!(summary["messages"], json!({"received": told, "deleted": told, "left": 0}));
        }
    }
    assert_eq!(trail.waiting(), 0);
    let rows = |lake: &str, table: &str| trail.home.rows(&trail.home.text(lake), table, &["object", "object_id", "resolved_version"]);
    for table in ["events", "mentions", "changes"] {
        assert_eq!(rows("queue", table), rows("folder", table), "{table}");
        assert_eq!(rows("bucket", table), rows("folder", table), "{table}");
    }
    // The queue's lake knows what the listing finds.
    let again = run(&mut trail.command(&["--lake", &trail.home.text("queue"), "ingest", "s3://trail/"])).expect(0).json();
    assert_eq!((&again["objects"]["seen"], &again["objects"]["new"]), (&json!(count), &json!(0)));
}

#[test]
fn messages_wrapped_by_sns_eventbridge_and_cloudtrail_itself_are_read() {
    let trail = Trail::new();
    let objects = objects(4);
    let (strange, body) = ("AWSLogs with + and 日本/x%2F.json.gz".to_owned(), packed(&[topic(77)]));
    // Put before anybody is told.
    trail.runtime.block_on(async {
        let none = NotificationConfiguration::builder().build();
        trail.s3.put_bucket_notification_configuration().bucket(BUCKET).notification_configuration(none).send().await.unwrap();
    });
    trail.put(&objects);
    trail.put(&[(strange.clone(), body.clone())]);
    let record = |key: &str, encoded: &str, size: usize| {
        json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": REGION, "eventTime": "2026-11-18T05:10:00.000Z",
            "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": {"key": encoded, "size": size, "eTag": trail.etag(key)}}}]})
    };
    let wrapped = |message: &Value| json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": message.to_string()});
    let [(plain, first), (by_sns, second), (bridged, third), (named, _)] = &objects[..] else { panic!() };
    trail.send(&record(plain, plain, first.len()));
    trail.send(&wrapped(&record(by_sns, by_sns, second.len())));
    trail.send(&json!({"version": "0", "detail-type": "Object Created", "source": "aws.s3", "account": OWNER, "time": "2026-11-18T05:10:00Z",
        "region": REGION, "detail": {"bucket": {"name": BUCKET}, "object": {"key": bridged, "size": third.len(), "etag": trail.etag(bridged)}}}));
    trail.send(&wrapped(&json!({"s3Bucket": BUCKET, "s3ObjectKey": [named]})));
    trail.send(&record(&strange, "AWSLogs+with+%2B+and+%E6%97%A5%E6%9C%AC/x%252F.json.gz", body.len()));
    let summary = trail.ingest(&format!("arn:aws:sqs:{REGION}:{OWNER}:told")).expect(0).json();
    assert_eq!(summary["messages"], json!({"received": 5, "deleted": 5, "left": 0}), "{summary}");
    assert_eq!(summary["records"], json!({"read": 5, "written": 5, "duplicate": 0, "rejected": 0}));
    assert_eq!(trail.waiting(), 0);
    // Known by the listing, each of them: CloudTrail's own message says nothing of size and ETag.
    assert_eq!(trail.ingest("s3://trail/").expect(0).json()["objects"]["new"], 0);
}

#[test]
fn what_is_no_notification_stays_and_what_can_never_be_read_goes_once_that_is_noted() {
    let trail = Trail::new();
    let objects = objects(2);
    trail.put(&objects);
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-18T05:10:00.000Z", "Bucket": BUCKET});
    trail.send(&test);
    trail.send(&json!("hello"));
    trail.send(&json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe"}));
    let gone = key("GONE");
    let about = |name: &str, key: &str| {
        json!({"Records": [{"eventSource": "aws:s3", "awsRegion": REGION, "eventTime": "2026-11-18T05:10:00.000Z", "eventName": name,
            "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 10, "eTag": "d41d8cd98f00b204e9800998ecf8427e"}}}]})
    };
    trail.send(&about("ObjectCreated:Put", &gone));
    trail.send(&about("ObjectCreated:Put", "elb/AWSLogs/1/elasticloadbalancing/notes.txt"));
    trail.send(&about("ObjectRemoved:Delete", &objects[0].0));
    let summary = trail.ingest(&trail.url).expect(0).json();
    assert_eq!(summary["messages"], json!({"received": 8, "deleted": 6, "left": 2}), "{summary}");
    assert_eq!(trail.waiting(), 2);
    let problems =
        |reason: &str| summary["problems"].as_array().unwrap().iter().find(|problem| problem["reason"] == reason).cloned().unwrap();
    assert_eq!(problems("message_left")["count"], 2);
    assert!(problems("message_left")["object"].as_str().unwrap().contains("told"), "{summary}");
    assert_eq!(problems("object_removed")["object"], format!("s3://{BUCKET}/{}", objects[0].0));
    let lake = trail.home.text("lake");
    let rejects = trail.home.sql(&lake, "SELECT object, reason FROM rejects");
    assert_eq!(rejects, [json!({"object": format!("s3://{BUCKET}/{gone}"), "reason": "unreadable"})]);
    assert_eq!(trail.home.count(&lake, "events"), 2);
}

/// Who may send to a queue might name a bucket of his own.
#[test]
fn a_bucket_of_another_account_than_the_queues_is_not_read_unless_it_is_named() {
    let trail = Trail::new();
    trail.put(&objects(1));
    let lake = trail.home.text("lake");
    let url = trail.url.replace(OWNER, "444455556666");
    let summary = trail.ingest(&url).expect(0).json();
    assert_eq!(summary["messages"], json!({"received": 1, "deleted": 0, "left": 1}), "{summary}");
    let unreadable = summary["problems"].as_array().unwrap().iter().find(|problem| problem["reason"] == "unreadable").unwrap();
    assert!(unreadable["detail"].as_str().unwrap().contains("denied"), "{summary}");
    assert_eq!((trail.home.count(&lake, "events"), trail.waiting()), (0, 1));
    trail.put(&objects(1));
    let named = ["--lake", &lake, "ingest", "--bucket", BUCKET, &url];
    assert_eq!(run(&mut trail.command(&named)).expect(0).json()["messages"]["deleted"], 1);
    trail.put(&[(key("NEXT"), packed(&[topic(9)]))]);
    std::fs::write(trail.home.path("config.toml"), "[sources]\naudit = 's3://trail/'\n").unwrap();
    let configured = ["--config", &trail.home.text("config.toml"), "--lake", &lake, "ingest", &url];
    assert_eq!(run(&mut trail.command(&configured)).expect(0).json()["messages"]["deleted"], 1);
    assert_eq!(trail.home.count(&lake, "events"), 2);
}

#[test]
fn a_worker_that_dies_before_it_deletes_leaves_messages_that_add_nothing() {
    if !COMPILED {
        return;
    }
    let trail = Trail::new();
    let objects = objects(3);
    trail.put(&objects);
    let lake = trail.home.text("lake");
    let arguments = ["--lake", lake.as_str(), "ingest", "sqs://told"];
    let dead = trail.command(&arguments).env("WHODID_CRASH_AT", "taken:1").output().unwrap();
    assert_eq!(dead.status.code(), None, "{}", String::from_utf8_lossy(&dead.stderr));
    assert_eq!(trail.home.count(&lake, "events"), 3);
    assert_eq!(trail.waiting(), 3, "nothing was deleted");
    // The same again, as the dead worker's messages come again in five minutes.
    trail.put(&objects);
    let summary = run(&mut trail.command(&arguments)).expect(0).json();
    assert_eq!((&summary["messages"]["deleted"], &summary["objects"]["new"]), (&json!(3), &json!(0)), "{summary}");
    assert_eq!((trail.home.count(&lake, "events"), trail.home.count(&lake, "objects"), trail.waiting()), (3, 3, 3));
}

/// A few kills; as many as `WHODID_KILLS` says, where somebody asks for more.
#[test]
#[expect(clippy::disallowed_methods, reason = "how long a run by hand takes is its caller's to say")]
fn workers_killed_with_messages_in_hand_lose_and_double_nothing() {
    if !COMPILED {
        return;
    }
    let kills: usize = std::env::var("WHODID_KILLS").ok().map_or(6, |kills| kills.parse().unwrap());
    let trail = Trail::new();
    let lake = trail.home.text("lake");
    let arguments = ["--lake", lake.as_str(), "ingest", "sqs://told"];
    let all = objects(2 * kills);
    for (kill, fresh) in all.chunks(2).enumerate() {
        trail.put(fresh);
        let mut command = trail.command(&arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        match kill % 3 {
            0 => drop(command.env("WHODID_CRASH_AT", "taken:1")),
            1 => drop(command.env("WHODID_CRASH_AT", "deleted:1")),
            _ => {}
        }
        let mut worker = command.spawn().unwrap();
        if kill % 3 == 2 {
            std::thread::park_timeout(Duration::from_millis(7 * (kill as u64 * 37 % 100)));
            worker.kill().unwrap();
        }
        let ended = worker.wait().unwrap();
        assert!(ended.code().is_none() || kill % 3 == 2 && ended.success(), "kill {kill}: {ended}");
        // A message of what is not there yet is still to come, to this worker or another.
        let read = if trail.home.path("lake/events/_delta_log").exists() { trail.home.count(&lake, "events") } else { 0 };
        assert!(trail.waiting() + read as usize >= 2 * (kill + 1), "after kill {kill}: {} wait, {read} read", trail.waiting());
    }
    // What the dead had in hand comes again in minutes: here at once, as S3 tells of everything twice.
    trail.put(&all);
    run(&mut trail.command(&arguments)).expect(0);
    let once = trail.home.sql(&lake, "SELECT event_id FROM events GROUP BY event_id HAVING count(*) = 1");
    assert_eq!(
        (once.len(), trail.home.count(&lake, "events"), trail.home.count(&lake, "objects")),
        (2 * kills, once.len() as i64, once.len() as i64)
    );
}

#[test]
fn several_workers_on_one_queue_and_one_lake_read_each_object_once() {
    let trail = Trail::new();
    let objects = objects(60);
    trail.put(&objects);
    // Told twice, as S3 may.
    trail.put(&objects[..20]);
    let lake = trail.home.text("lake");
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let mut command = trail.command(&["--lake", &lake, "ingest", "sqs://told"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let (mut written, mut deleted) = (0, 0);
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        check_sum(&summary);
        written += summary["records"]["written"].as_u64().unwrap();
        deleted += summary["messages"]["deleted"].as_u64().unwrap();
    }
    // A queue may hand a message to two.
    assert!(written == 60 && deleted >= 80, "{written} {deleted}");
    assert_eq!((trail.home.count(&lake, "events"), trail.home.count(&lake, "objects"), trail.waiting()), (60, 60, 0));
}

#[test]
fn a_queue_is_followed_until_the_user_interrupts() {
    let trail = Trail::new();
    let lake = trail.home.text("lake");
    let mut command = trail.command(&["--lake", &lake, "ingest", "--follow", "sqs://told"]);
    let worker = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let objects = objects(2);
    for object in &objects {
        trail.put(std::slice::from_ref(object));
        while trail.waiting() > 0 {
            std::thread::yield_now();
        }
    }
    run(Command::new("kill").args(["-INT", &worker.id().to_string()])).expect(0);
    let output = worker.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["messages"]["deleted"], 2);
    assert_eq!(trail.home.count(&lake, "events"), 2);
}

#[test]
fn a_queue_that_is_not_there_or_not_to_be_asked_is_refused_with_what_to_do() {
    let trail = Trail::new();
    let ended = trail.ingest("sqs://nobodys").expect(2);
    assert!(ended.stderr.contains("nobodys") && ended.stderr.contains("get-queue-url"), "{}", ended.stderr);
    let lake = trail.home.text("lake");
    for arguments in [
        &["--offline", "ingest", "sqs://told"][..],
        &["--since", "7d", "ingest", "sqs://told"],
        &["--logs", "sqs://told", "topic-1"],
        &["ingest", "--follow", "s3://trail/"],
        &["ingest", "sqs://"],
    ] {
        let ended = run(trail.command(&["--lake", &lake]).args(arguments)).expect(2);
        assert!(ended.stderr.contains("\"hint\":\""), "{arguments:?}: {}", ended.stderr);
    }
    assert!(!Path::new(&lake).exists());
}
