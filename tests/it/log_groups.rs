//! Log groups of CloudWatch Logs: the same events as out of a folder, sessions told of while they run, and what goes wrong.

#![expect(clippy::print_stdout, reason = "figures, shown with --nocapture")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::alarm::Running;
use crate::moto::{Moto, REGION, Relay};
use crate::records::{ACCOUNT, plain, topic};
use crate::sessions::{People, Started, streamed, streamed_at};
use crate::support::{Ended, Home, check_sum, gzip, run, write};

const GROUP: &str = "/ssm/sessions";
const TRAIL: &str = "trail";
/// Columns that say where a record lies, not what it says.
const PLACES: [&str; 6] = ["object", "record", "object_sha256", "object_id", "ingested_at", "run_id"];

/// The program, asking a server of ours.
fn whodid(home: &Home, endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = home.whodid();
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    command.args(["--endpoint-url", endpoint, "--region", REGION, "--lake", &home.text("lake")]).args(arguments);
    command
}

fn ask(home: &Home, endpoint: &str, arguments: &[&str]) -> Ended {
    run(&mut whodid(home, endpoint, arguments))
}

#[track_caller]
fn ingest(home: &Home, endpoint: &str, source: &str) -> Value {
    let summary = ask(home, endpoint, &["--format", "json", "ingest", source]).expect(0).json();
    check_sum(&summary);
    summary
}

fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// What the agent streams of a session.
fn entry(started: &Started, lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    streamed(&started.id, &started.instance, &started.user_arn, &lines).trim_end().to_owned()
}

/// The emulator does not know DescribeSessions.
fn no_sessions(operation: &str, _: &Value) -> Option<(u16, Value)> {
    (operation == "AmazonSSM.DescribeSessions").then(|| (200, json!({"Sessions": []})))
}

#[test]
fn the_same_records_give_the_same_events_whichever_way_they_come() {
    let records: Vec<Value> = (0..30).map(topic).collect();
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let (folder, home) = (Home::new(), Home::new());
    write(&folder.path("logs/all.json"), &plain(&records));
    folder.ingest(&folder.text("lake"), &[&folder.text("logs")]);
    let expected = folder.rows(&folder.text("lake"), "events", &PLACES);
    let moto = Moto::start();
    moto.log_group(TRAIL);
    let (stream, now) = (format!("{ACCOUNT}_CloudTrail_{REGION}"), now_millis());
    for (place, part) in lines.chunks(7).enumerate() {
        let stream = if place % 2 == 0 { stream.clone() } else { format!("{stream}_2") };
        moto.put(TRAIL, &stream, place < 2, now - 90_000 * (5 - place as i64), part);
    }
    moto.put(TRAIL, "app/web/1", true, now, &["GET /".to_owned()]);
    let summary = ingest(&home, &moto.endpoint, "logs://trail");
    assert_eq!((&summary["records"]["written"], &summary["objects"]["skipped"]), (&json!(30), &json!(1)), "{summary}");
    assert_eq!(home.rows(&home.text("lake"), "events", &PLACES), expected);
    let again = ingest(&home, &moto.endpoint, "logs://trail");
    assert_eq!((&again["objects"]["new"], &again["records"]["read"]), (&json!(0), &json!(0)), "{again}");
    // Late, and into the past: its minute is read again, what is known of it is a duplicate.
    moto.put(TRAIL, &stream, false, now - 90_000 * 5, &[topic(30).to_string()]);
    let late = ingest(&home, &moto.endpoint, &format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{TRAIL}:*"));
    assert_eq!((&late["records"]["written"], &late["records"]["duplicate"]), (&json!(1), &json!(7)), "{late}");

    // As Firehose puts a subscription's payloads down: a member each, several in one object; or inflated, one after another.
    let payload = |part: &[String]| {
        let events: Vec<Value> =
            (0..).zip(part).map(|(at, line)| json!({"id": at.to_string(), "timestamp": now, "message": line})).collect();
        let (events, head) = (json!(events), format!(r#"{{"messageType":"DATA_MESSAGE","owner":"{ACCOUNT}","logGroup":"{TRAIL}","#));
        format!(r#"{head}"logStream":"{stream}","subscriptionFilters":["f"],"logEvents":{events}}}"#)
    };
    let control = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":
        [{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;
    let payloads: Vec<String> = std::iter::once(control.to_string()).chain(lines.chunks(7).map(payload)).collect();
    let members = payloads.iter().map(|payload| gzip(payload.as_bytes())).collect::<Vec<_>>().concat();
    for (name, body) in [("members", members.clone()), ("twice.gz", gzip(&members)), ("plain", payloads.concat().into_bytes())] {
        let home = Home::new();
        write(&home.path(&format!("logs/{name}")), &body);
        let summary = home.ingest(&home.text("lake"), &[&home.text("logs")]);
        assert_eq!((&summary["records"]["written"], &summary["problems"]), (&json!(30), &json!([])), "{name}");
        assert_eq!(home.rows(&home.text("lake"), "events", &PLACES), expected, "{name}");
    }
}

/// From the last byte of a command to its alert, at the default polling: the promise.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// What a monitor prints, as it prints it.
struct Following {
    child: Running,
    lines: mpsc::Receiver<(Instant, String)>,
}

impl Following {
    fn start(home: &Home, endpoint: &str, arguments: &[&str]) -> Self {
        let arguments = [&["--format", "jsonl", "alert", "--rule", "sudo", "--follow"], arguments].concat();
        let mut command = whodid(home, endpoint, &arguments);
        let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let (send, lines) = mpsc::channel();
        let stdout = BufReader::new(child.0.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(send.send((Instant::now(), line)))));
        Self { child, lines }
    }

    fn next(&self) -> (Instant, Value) {
        let (at, line) = self.lines.recv_timeout(Duration::from_secs(120)).expect("an alert in time");
        (at, serde_json::from_str(&line).unwrap())
    }

    /// What was printed until now, and nothing more comes.
    fn end(self) -> Vec<String> {
        drop(self.child);
        self.lines.iter().map(|(_, line)| line).collect()
    }
}

/// Puts lines into the log of a session, as its node sends them.
fn typed(moto: &Moto, started: &Started, is_new: bool, millis: i64, lines: &[&str]) {
    let time = jiff::Timestamp::from_millisecond(millis).unwrap().to_string();
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let entry = streamed_at(&time, &started.id, &started.instance, &started.user_arn, &lines);
    moto.put(GROUP, &started.id, is_new, millis, &[entry.trim_end().to_owned()]);
}

/// Machines of tests are busy at times: half of the matches must be told in time.
#[track_caller]
fn check_told_in_time(what: &str, mut times: Vec<Duration>) {
    println!("from the last byte of a command to its alert, {what}: {times:?}");
    times.sort();
    assert!(times[times.len() / 2] < TOLD_WITHIN, "{what}: {times:?}");
}

#[test]
fn a_streamed_match_is_told_within_two_seconds_and_names_the_person_when_the_proof_comes() {
    const MATCHES: usize = 7;
    let (home, moto) = (Home::new(), Moto::start());
    let relay = Relay::start(Some(&moto), no_sessions);
    moto.log_group(GROUP);
    let mut people = People::default();
    let started = people.start(1, None);
    let (logs, trail) = (format!("logs://{GROUP}"), home.text("logs"));
    std::fs::create_dir_all(&trail).unwrap();
    let sources = ["--source", &logs, "--source", &trail];
    let begun = Instant::now();
    let following = Following::start(&home, &relay.endpoint, &sources);
    let (mut told, mut times) = (Vec::new(), Vec::new());
    for number in 0..MATCHES {
        let command = format!("sudo systemctl restart web-{number}");
        typed(&moto, &started, number == 0, now_millis(), &[&format!("sh-4.2$ {command}"), "done", "sh-4.2$ "]);
        let put = Instant::now();
        let (at, alert) = following.next();
        assert_eq!((&alert["command"], &alert["update_of"]), (&json!(command), &Value::Null));
        assert_eq!((&alert["certainty"], &alert["actor"]["id"]), (&json!("unknown"), &Value::Null), "no record of its start is there");
        assert_eq!(alert["claims"][0], json!({"value": started.user_arn, "source": "node_user_arn"}));
        times.push(at - put);
        told.push(alert["alert_id"].clone());
    }
    let (asked, seconds) = (relay.asked("Logs_20140328.FilterLogEvents", begun, Instant::now()), begun.elapsed().as_secs_f64());
    println!("{asked} requests in {seconds:.1} s");
    // An account has five a second, for all its programs.
    assert!(asked as f64 <= 2.0 * seconds + 2.0, "{asked} requests in {seconds} s");
    check_told_in_time("at the default polling", times);
    // Told first, remembered after.
    while home.count(&home.text("lake"), "alerts") < MATCHES as i64 {
        assert!(begun.elapsed() < Duration::from_secs(120), "what was told is not remembered");
    }
    assert_eq!(following.end(), [""; 0], "none was told twice");
    people.deliver(&home.path("logs"));
    let following = Following::start(&home, &relay.endpoint, &[&sources[..], &["--every", "1"]].concat());
    let mut updates = Vec::new();
    for _ in 0..MATCHES {
        let (_, update) = following.next();
        assert!(told.contains(&update["update_of"]), "{update}");
        assert_eq!((&update["actor"]["id"], &update["certainty"]), (&json!(started.actor), &json!("proven")));
        updates.push(update);
    }
    assert_eq!(following.end(), [""; 0]);
    let again = ask(&home, &relay.endpoint, &["--format", "jsonl", "alert", "--rule", "sudo"]).expect(0).stdout;
    for line in again.lines() {
        let again: Value = serde_json::from_str(line).unwrap();
        assert!(updates.iter().any(|update| update["alert_id"] == again["alert_id"]), "{again}");
    }
    assert_eq!(home.count(&home.text("lake"), "alerts"), 2 * MATCHES as i64);
    let detail = ask(&home, &relay.endpoint, &["--format", "json", "session", &started.id, "--transcript"]).expect(0).json();
    assert_eq!(detail["lines"].as_array().unwrap().len(), 3 * MATCHES, "{}", detail["lines"]);
    assert_eq!(detail["sessions"][0]["transcript"]["logs"][0]["form"], "log_stream");
    ask(&home, &relay.endpoint, &["--offline", "session", &started.id, "--transcript"]).expect(2);
}

#[test]
fn what_is_typed_in_a_session_that_is_open_for_days_is_told_at_once_and_once() {
    const DAY: i64 = 86_400_000;
    let (home, moto) = (Home::new(), Moto::start());
    let relay = Relay::start(Some(&moto), no_sessions);
    moto.log_group(GROUP);
    let mut people = People::default();
    let (days, fast) = (people.start(1, None), people.start(2, None));
    typed(&moto, &days, true, now_millis() - 9 * DAY, &["sh-4.2$ sudo id", "uid=0(root)", "sh-4.2$ ls", "notes.txt", "sh-4.2$ "]);
    // Everything is looked at an hour from now again: what comes before that, a look at what was typed tells.
    let following = Following::start(&home, &relay.endpoint, &["--every", "3600", "--source", &format!("logs://{GROUP}")]);
    assert_eq!(following.next().1["command"], "sudo id");
    let mut times = Vec::new();
    // One session has been open for days; the clock of the other's node is days ahead.
    for number in 0..5 {
        let (started, millis) = if number % 2 == 0 { (&days, now_millis()) } else { (&fast, now_millis() + 100_000) };
        let command = format!("sudo systemctl restart web-{number}");
        let ahead = if number % 2 == 0 { 0 } else { 5 * DAY };
        let time = jiff::Timestamp::from_millisecond(millis + ahead).unwrap().to_string();
        let lines = [format!("sh-4.2$ {command}"), "done".to_owned(), "sh-4.2$ ".to_owned()];
        let entry = streamed_at(&time, &started.id, &started.instance, &started.user_arn, &lines);
        moto.put(GROUP, &started.id, number == 1, millis, &[entry.trim_end().to_owned()]);
        let put = Instant::now();
        let (at, alert) = following.next();
        assert_eq!((&alert["command"], &alert["session_id"]), (&json!(command), &json!(started.id)));
        times.push(at - put);
    }
    check_told_in_time("in a session of days", times);
    assert_eq!(following.end(), [""; 0], "none was told twice");
}

#[test]
fn an_alert_does_not_wait_until_systems_manager_answers_and_is_completed_when_it_does() {
    let (home, moto) = (Home::new(), Moto::start());
    moto.log_group(GROUP);
    let mut people = People::default();
    // IAM users as such, whom AWS's answer names.
    let users: Vec<Started> = (1..=5).map(|number| people.start(3 * number, None)).collect();
    let owners: Vec<(String, String)> = users.iter().map(|user| (user.id.clone(), user.user_arn.clone())).collect();
    let gate = Arc::new(Gate::default());
    gate.set_closed(true);
    let answer = {
        let gate = Arc::clone(&gate);
        move |operation: &str, body: &Value| {
            (operation == "AmazonSSM.DescribeSessions").then(|| {
                gate.pass();
                let asked = body["Filters"][0]["value"].as_str().unwrap();
                let (id, owner) = owners.iter().find(|(id, _)| id == asked).unwrap();
                (200, json!({"Sessions": [{"SessionId": id, "Owner": owner, "Status": "Connected"}]}))
            })
        }
    };
    let relay = Relay::start(Some(&moto), answer);
    let following = Following::start(&home, &relay.endpoint, &["--every", "5", "--source", &format!("logs://{GROUP}")]);
    let (mut told, mut times) = (Vec::new(), Vec::new());
    for user in &users {
        typed(&moto, user, true, now_millis(), &["sh-4.2$ sudo id", "uid=0(root)", "sh-4.2$ "]);
        let put = Instant::now();
        let (at, alert) = following.next();
        assert_eq!((&alert["session_id"], &alert["certainty"], &alert["actor"]["id"]), (&json!(user.id), &json!("unknown"), &Value::Null));
        times.push(at - put);
        told.push(alert["alert_id"].clone());
    }
    check_told_in_time("while Systems Manager does not answer", times);
    gate.set_closed(false);
    for _ in &users {
        let (_, update) = following.next();
        let user = users.iter().find(|user| update["session_id"] == user.id.as_str()).unwrap();
        assert!(told.contains(&update["update_of"]), "{update}");
        assert_eq!((&update["actor"]["id"], &update["certainty"]), (&json!(user.user_arn), &json!("attested")));
    }
    following.end();
}

/// Holds answers back while it is closed.
#[derive(Default)]
struct Gate {
    /// Whether it is closed, and how many questions wait.
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    fn set_closed(&self, is_closed: bool) {
        self.state.lock().unwrap().0 = is_closed;
        self.changed.notify_all();
    }

    fn pass(&self) {
        self.state.lock().unwrap().1 += 1;
        self.changed.notify_all();
        let mut state = self.changed.wait_while(self.state.lock().unwrap(), |(is_closed, _)| *is_closed).unwrap();
        state.1 -= 1;
    }

    /// Returns when a question waits.
    fn held(&self) {
        drop(self.changed.wait_while(self.state.lock().unwrap(), |(is_closed, waiting)| !*is_closed || *waiting == 0).unwrap());
    }
}

#[test]
fn what_is_typed_is_told_at_once_while_a_bucket_is_listed() {
    let (home, moto) = (Home::new(), Moto::start());
    moto.log_group(GROUP);
    moto.bucket("trail");
    let gate = Arc::new(Gate::default());
    let answer = {
        let gate = Arc::clone(&gate);
        move |operation: &str, body: &Value| {
            // S3 is asked by method and path, and names no operation.
            if operation.is_empty() {
                gate.pass();
            }
            no_sessions(operation, body)
        }
    };
    let relay = Relay::start(Some(&moto), answer);
    let started = People::default().start(1, None);
    let sources = ["--every", "1", "--source", &format!("logs://{GROUP}"), "--source", "s3://trail/"];
    let following = Following::start(&home, &relay.endpoint, &sources);
    let mut times = Vec::new();
    for number in 0..6 {
        let command = format!("sudo systemctl restart web-{number}");
        typed(&moto, &started, number == 0, now_millis(), &[&format!("sh-4.2$ {command}"), "done", "sh-4.2$ "]);
        let put = Instant::now();
        let (at, alert) = following.next();
        assert_eq!(alert["command"], json!(command));
        if number == 0 {
            gate.set_closed(true);
            gate.held();
        } else {
            times.push(at - put);
        }
    }
    gate.set_closed(false);
    check_told_in_time("while a bucket is listed", times);
    assert_eq!(following.end(), [""; 0], "none was told twice");
}

#[test]
fn a_log_that_grows_is_one_log_and_text_is_read_as_what_is_streamed() {
    let (home, moto) = (Home::new(), Moto::start());
    moto.log_group(GROUP);
    let mut people = People::default();
    let (one, two) = (people.start(3, None), people.start(4, None));
    people.deliver(&home.path("logs"));
    let source = format!("logs://{GROUP}");
    let now = now_millis();
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    moto.put(GROUP, &one.id, true, now - 5_400_000, &["sh-4.2$ sudo id\nuid=0(root)\nsh-4.2$ ls".to_owned()]);
    moto.put(GROUP, &two.id, true, now, &[entry(&two, &["sh-4.2$ sudo id"])]);
    // Names that no session has, and an entry of another's.
    moto.put(GROUP, "x/../../\u{1b}[2J", true, now, &["sh-4.2$ sudo id".to_owned()]);
    moto.put(GROUP, &format!("{}x", two.id), true, now, &[entry(&one, &["sh-4.2$ sudo reboot"])]);
    let first = ask(&home, &moto.endpoint, &["--format", "json", "ingest", "--strict", &source]).expect(6).json();
    assert_eq!((&first["session_logs"]["read"], &first["session_logs"]["rejected"]), (&json!(3), &json!(1)), "{first}");
    assert_eq!(first["problems"][0]["reason"], "session_id");
    // The first stream goes on, beyond what a look goes back to; a clock that was set back.
    moto.put(GROUP, &one.id, false, now, &["\nout\nsh-4.2$ sudo reboot\nsh-4.2$ ".to_owned()]);
    moto.put(GROUP, &two.id, false, now - 1_800_000, &[entry(&two, &["uid=0(root)", "sh-4.2$ sudo ls", "x", "sh-4.2$ "])]);
    let second = ingest(&home, &moto.endpoint, &source);
    assert_eq!((&second["objects"]["new"], &second["session_logs"]["replaced"]), (&json!(2), &json!(2)), "{second}");
    let shown = home.sql(&home.text("lake"), "SELECT session_id, line, doubt FROM commands WHERE elevates ORDER BY session_id, number");
    let shown: Vec<(&str, &str)> = shown.iter().map(|row| (row["session_id"].as_str().unwrap(), row["line"].as_str().unwrap())).collect();
    let mut expected = vec![(one.id.as_str(), "sudo id"), (&one.id, "sudo reboot"), (&two.id, "sudo id"), (&two.id, "sudo ls")];
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(shown, expected);
    let told = ask(&home, &moto.endpoint, &["--format", "jsonl", "alert", "--rule", "sudo"]).expect(0).stdout;
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 4);
    for alert in &told {
        let actor = if alert["session_id"] == one.id.as_str() { &one.actor } else { &two.actor };
        assert_eq!((&alert["actor"]["id"], &alert["certainty"]), (&json!(actor), &json!("proven")), "{alert}");
    }
    let third = ingest(&home, &moto.endpoint, &source);
    assert_eq!(third["objects"]["new"], 0, "{third}");
}

#[test]
fn systems_manager_names_a_user_and_no_role_sessions_person() {
    let moto = Moto::start();
    moto.log_group(GROUP);
    let mut people = People::default();
    // An IAM user as such; a colleague's name on a role's session.
    let (user, role) = (people.start(3, None), people.start(2, None));
    for started in [&user, &role] {
        let lines = entry(started, &["sh-4.2$ sudo id", "uid=0(root)", "sh-4.2$ "]);
        moto.put(GROUP, &started.id, true, now_millis(), &[lines]);
    }
    let owners = [(user.id.clone(), user.user_arn.clone()), (role.id.clone(), role.user_arn.clone())];
    let answer = move |operation: &str, body: &Value| {
        (operation == "AmazonSSM.DescribeSessions").then(|| {
            assert_eq!(body["Filters"][0]["key"], "SessionId");
            let asked = body["Filters"][0]["value"].as_str().unwrap();
            let (id, owner) = owners.iter().find(|(id, _)| id == asked).unwrap();
            let session =
                |id: &str, owner: &str| json!({"SessionId": id, "Owner": owner, "StartDate": 1_795_136_523.5, "Status": "Connected"});
            let other = session(&format!("{id}0"), "arn:aws:iam::111122223333:user/other");
            let sessions = if body["State"] == "Active" { json!([other, session(id, owner)]) } else { json!([]) };
            (200, json!({"Sessions": sessions}))
        })
    };
    let relay = Relay::start(Some(&moto), answer);
    let home = Home::new();
    ingest(&home, &relay.endpoint, &format!("logs://{GROUP}"));
    let alerts = || -> Vec<Value> {
        let told = ask(&home, &relay.endpoint, &["--format", "jsonl", "alert", "--rule", "sudo"]).expect(0).stdout;
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let told = alerts();
    let of = |told: &[Value], started: &Started| told.iter().find(|alert| alert["session_id"] == started.id.as_str()).unwrap().clone();
    let (by_user, by_role) = (of(&told, &user), of(&told, &role));
    assert_eq!((&by_user["certainty"], &by_user["actor"]["id"]), (&json!("attested"), &json!(user.user_arn)));
    assert_eq!((&by_role["certainty"], &by_role["actor"]["id"]), (&json!("claimed"), &Value::Null));
    let name = role.user_arn.rsplit('/').next().unwrap();
    assert_eq!(by_role["claims"][0], json!({"value": name, "source": "role_session_name"}));
    assert!(!role.actor.ends_with(name), "the name is a colleague's");
    people.deliver(&home.path("logs"));
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    let updates = alerts();
    assert_eq!(updates.len(), 2);
    for (started, before) in [(&user, &by_user), (&role, &by_role)] {
        let update = of(&updates, started);
        assert_eq!((&update["update_of"], &update["certainty"]), (&before["alert_id"], &json!("proven")));
        assert_eq!(update["actor"]["id"], json!(started.actor));
    }
    assert_eq!(alerts(), [Value::Null; 0]);

    // Not permitted: nobody is named, and that is said.
    let denied = |operation: &str, _: &Value| {
        (operation == "AmazonSSM.DescribeSessions").then(|| (400, json!({"__type": "AccessDeniedException", "Message": "not authorized"})))
    };
    let (relay, home) = (Relay::start(Some(&moto), denied), Home::new());
    ingest(&home, &relay.endpoint, &format!("logs://{GROUP}"));
    let ended = ask(&home, &relay.endpoint, &["--format", "jsonl", "alert", "--rule", "sudo"]).expect(0);
    assert!(ended.stderr.contains("ssm:DescribeSessions"), "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().filter(|line| line.contains("\"certainty\":\"unknown\"")).count(), 2);
}

#[test]
fn what_cannot_be_read_is_said_with_what_to_do() {
    let home = Home::new();
    let refuse = |code: &'static str| {
        move |operation: &str, _: &Value| {
            let group =
                json!({"logGroups": [{"logGroupName": "there", "arn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:there:*")}]});
            Some(match operation {
                "Logs_20140328.DescribeLogGroups" => (200, group),
                _ => (400, json!({"__type": code, "message": "no"})),
            })
        }
    };
    for (spec, code, exit, said) in [
        ("logs://nowhere", "", 2, "cannot find the log group nowhere in ap-northeast-1"),
        ("logs://there", "AccessDeniedException", 2, "logs:FilterLogEvents"),
        ("logs://there", "UnrecognizedClientException", 4, "aws sts get-caller-identity"),
        ("logs://there", "ResourceNotFoundException", 2, "aws logs describe-log-groups"),
        ("logs://", "", 2, "logs://LOG-GROUP"),
        ("arn:aws:logs:ap-northeast-1:1:log-group:there", "", 2, "lacks its region or account"),
    ] {
        let relay = Relay::start(None, refuse(code));
        let ended = ask(&home, &relay.endpoint, &["ingest", spec]).expect(exit);
        assert!(ended.stderr.contains(said) && ended.stderr.contains("hint: "), "{spec} {code}: {}", ended.stderr);
        let followed = ask(&home, &relay.endpoint, &["alert", "--follow", "--source", spec]).expect(exit);
        assert!(followed.stderr.contains(said), "{spec} {code}: {}", followed.stderr);
    }
    ask(&home, "http://127.0.0.1:9", &["--offline", "ingest", "logs://there"]).expect(2);
    let without_region = home.run(&["--lake", &home.text("lake"), "ingest", "logs://there"]).expect(2);
    assert!(without_region.stderr.contains("no region is known for it"), "{}", without_region.stderr);
}

#[test]
fn pages_that_never_end_or_are_empty_are_no_trap_and_lose_nothing() {
    let (home, started) = (Home::new(), People::default().start(3, None));
    let event = json!({"logStreamName": started.id, "timestamp": now_millis(), "ingestionTime": now_millis(), "eventId": "1",
        "message": entry(&started, &["sh-4.2$ sudo id", "uid=0(root)", "sh-4.2$ "])});
    let group = json!({"logGroups": [{"logGroupName": "g", "arn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:*")}]});
    let serve = |endless: bool| {
        let (group, event) = (group.clone(), event.clone());
        move |operation: &str, body: &Value| {
            let page = match body["nextToken"].as_str() {
                _ if operation.ends_with("DescribeLogGroups") => group.clone(),
                _ if body["endTime"] == 1 => json!({"events": []}),
                None => json!({"events": [], "nextToken": "a"}),
                Some("a") => json!({"events": [event], "nextToken": "b"}),
                Some("b") if endless => json!({"events": [], "nextToken": "a"}),
                Some(_) => json!({"events": [event]}),
            };
            Some((200, page))
        }
    };
    let endless = Relay::start(None, serve(true));
    let ended = ask(&home, &endless.endpoint, &["--format", "json", "ingest", "--strict", "logs://g"]).expect(6);
    let summary = ended.json();
    assert_eq!((&summary["problems"][0]["reason"], &summary["session_logs"]["commands"]), (&json!("unlisted"), &json!(1)), "{summary}");
    assert_eq!(home.sql(&home.text("lake"), "SELECT * FROM runs WHERE command = 'log_group'"), [Value::Null; 0], "not read to its end");
    let whole = Relay::start(None, serve(false));
    let summary = ask(&home, &whole.endpoint, &["--format", "json", "ingest", "--strict", "logs://g"]).expect(0).json();
    assert_eq!(summary["objects"]["new"], 0, "{summary}");
    assert_eq!(home.sql(&home.text("lake"), "SELECT count(*) AS n FROM runs WHERE command = 'log_group'"), [json!({"n": 1})]);
}

#[test]
fn logs_that_come_one_by_one_do_not_leave_a_file_each() {
    let (home, together) = (Home::new(), Home::new());
    let text = |number: usize| format!("sh-4.2$ sudo id {number}\r\nuid=0(root)\r\nsh-4.2$ ").into_bytes();
    for number in 0..11 {
        for home in [&home, &together] {
            write(&home.path(&format!("logs/sato-0a1b2c3d4e5f678{number:02}.log")), &text(number));
        }
        home.ingest(&home.text("lake"), &[&home.text("logs")]);
    }
    together.ingest(&together.text("lake"), &[&together.text("logs")]);
    let rows = |home: &Home, columns: &str, table: &str| {
        home.sql(&home.text("lake"), &format!("SELECT {columns} FROM {table} ORDER BY session_id"))
    };
    for (table, columns) in [("sessions", "session_id, object_sha256, lines, commands"), ("commands", "session_id, number, line, fields")] {
        assert_eq!(rows(&home, columns, table).len(), 11);
        assert_eq!(rows(&home, columns, table), rows(&together, columns, table));
        let mut alive = std::collections::BTreeSet::new();
        let mut log: Vec<_> =
            std::fs::read_dir(home.path(&format!("lake/{table}/_delta_log"))).unwrap().map(|entry| entry.unwrap().path()).collect();
        log.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        log.sort();
        for line in log.iter().flat_map(|path| std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()) {
            let action: Value = serde_json::from_str(&line).unwrap();
            if let Some(path) = action["add"]["path"].as_str() {
                alive.insert(path.to_owned());
            }
            if let Some(path) = action["remove"]["path"].as_str() {
                alive.remove(path);
            }
        }
        assert!(alive.len() < 9, "{table}: {alive:?}");
    }
    let again = home.ingest(&home.text("lake"), &[&home.text("logs")]);
    assert_eq!(again["objects"]["new"], 0);
}
