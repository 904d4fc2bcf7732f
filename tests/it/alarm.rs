//! The alarm's ways out: a webhook that fails and comes back, and a monitor that goes on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::sessions::{People, alerts};
use crate::support::{Home, write};

const TYPED: &[u8] = b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ sudo reboot\r\nsh-4.2$ ";

#[test]
fn what_a_webhook_did_not_take_is_told_again_under_the_same_id() {
    let (home, lake) = one_session();
    let (url, messages) = webhook(vec![500, 503, 500, 200]);
    let arguments = ["--lake", &lake, "--format", "jsonl", "alert", "--rule", "sudo", "--webhook", &url];
    let ended = home.run(&arguments).expect(2);
    let first: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(first.len(), 2);
    assert!(ended.stderr.contains("\"sink\"") && !ended.stderr.contains("SECRET"), "{}", ended.stderr);
    assert_eq!(home.count(&lake, "alerts"), 0);
    let ended = home.run(&arguments).expect(0);
    let second: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(first, second);
    let sent: Vec<Value> = messages.try_iter().collect();
    assert_eq!(sent.len(), 4, "three attempts, then one that was taken");
    assert_eq!(sent[3]["count"], 2, "one message for the session");
    assert!(sent[3]["text"].as_str().unwrap().starts_with("whodid: 2 matches: "), "{}", sent[3]["text"]);
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]), [Value::Null; 0]);
    assert_eq!(home.count(&lake, "alerts"), 2);
}

#[test]
fn an_address_that_is_none_is_refused_and_not_repeated() {
    let (home, lake) = one_session();
    for address in ["http://hooks.example.com/SECRET", "SECRET", "ftp://SECRET/x"] {
        let ended = home.run(&["--lake", &lake, "alert", "--webhook", address]).expect(2);
        assert!(!ended.stderr.contains("SECRET") && !ended.stderr.is_empty(), "{}", ended.stderr);
    }
    home.run(&["--lake", &lake, "--offline", "alert", "--webhook", "https://hooks.example.com/x"]).expect(2);
    home.run(&["--lake", &lake, "alert", "--every", "5"]).expect(2);
}

#[test]
fn a_monitor_goes_on_and_tells_of_what_comes() {
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(1, None);
    people.deliver(&home.path("logs"));
    let (lake, logs) = (home.text("lake"), home.text("logs"));
    let mut command = home.whodid();
    command.args(["--lake", &lake, "--format", "jsonl", "alert", "--rule", "sudo", "--follow", "--every", "1", "--source", &logs]);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let (send, lines) = mpsc::channel();
    let stdout = BufReader::new(child.0.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(send.send(line))));
    let next = || -> Value { serde_json::from_str(&lines.recv_timeout(Duration::from_secs(120)).expect("an alert in time")).unwrap() };
    let log = home.path(&format!("logs/ssm/{}.log", started.id));
    write(&log, b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ");
    assert_eq!(next()["command"], "sudo id");
    write(&log, TYPED);
    let alert = next();
    assert_eq!((&alert["command"], &alert["actor"]["id"]), (&Value::from("sudo reboot"), &Value::from(started.actor)));
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.0.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let after = lines.recv_timeout(Duration::from_secs(60));
    assert_eq!(after, Err(mpsc::RecvTimeoutError::Disconnected), "nothing was told twice, and it ended");
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

#[test]
fn while_a_sink_is_down_a_monitor_goes_on_and_the_sink_gets_everything_once_it_is_back() {
    const DOWN: usize = 9;
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(1, None);
    people.deliver(&home.path("logs"));
    let (lake, logs) = (home.text("lake"), home.text("logs"));
    let (url, messages) = webhook([vec![503; DOWN], vec![200]].concat());
    let mut command = home.whodid();
    command.args(["--lake", &lake, "--format", "jsonl", "alert", "--rule", "sudo", "--webhook", &url, "--follow", "--every", "1"]);
    let mut child = Running(command.args(["--source", &logs]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let (send, lines) = mpsc::channel();
    let stdout = BufReader::new(child.0.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(send.send(line))));
    let next = || -> Value { serde_json::from_str(&lines.recv_timeout(Duration::from_secs(120)).expect("an alert in time")).unwrap() };
    let log = home.path(&format!("logs/ssm/{}.log", started.id));
    let mut told = Vec::new();
    write(&log, b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ");
    told.push(next());
    let message = || messages.recv_timeout(Duration::from_secs(120)).expect("the sink is asked again");
    assert_eq!(message()["count"], 1);
    write(&log, TYPED);
    told.push(next());
    let refused: Vec<Value> = (1..DOWN).map(|_| message()).collect();
    assert!(refused.iter().all(|message| message["count"] == 1 || message["count"] == 2), "{refused:?}");
    let taken = message();
    let mut ids: Vec<&Value> = taken["alerts"].as_array().unwrap().iter().map(|alert| &alert["alert_id"]).collect();
    ids.sort_by_key(|id| id.as_str());
    let mut expected: Vec<&Value> = told.iter().map(|alert| &alert["alert_id"]).collect();
    expected.sort_by_key(|id| id.as_str());
    assert_eq!((ids, &taken["count"]), (expected, &Value::from(2)), "all that waited, in one message");
    let sent = Instant::now();
    while home.count(&lake, "alerts") < 2 {
        assert!(sent.elapsed() < Duration::from_secs(120), "what every sink has is not remembered");
    }
    drop(child);
    assert_eq!(lines.try_iter().collect::<Vec<_>>(), [""; 0], "on standard output once");
    assert_eq!(alerts(&home, &lake, &["--rule", "sudo"]), [Value::Null; 0], "remembered");
}

#[test]
fn a_crash_between_the_tables_is_made_good() {
    for tables in [&["commands"][..], &["commands", "rejects", "objects"]] {
        let (home, lake) = one_session();
        let rows = |table: &str| home.rows(&lake, table, &[]);
        let before = ["sessions", "commands", "objects", "rejects"].map(rows);
        for table in tables {
            // As if the process had died before this commit.
            let mut log: Vec<_> =
                std::fs::read_dir(home.path(&format!("lake/{table}/_delta_log"))).unwrap().map(|entry| entry.unwrap().path()).collect();
            log.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
            log.sort();
            std::fs::remove_file(log.last().unwrap()).unwrap();
        }
        assert_ne!(before, ["sessions", "commands", "objects", "rejects"].map(rows));
        let summary = home.ingest(&lake, &[&home.text("logs")]);
        assert_eq!(summary["objects"]["new"], 0, "{tables:?}");
        assert_eq!(before, ["sessions", "commands", "objects", "rejects"].map(rows), "{tables:?}");
    }
}

pub(crate) fn one_session() -> (Home, String) {
    let home = Home::new();
    let mut people = People::default();
    let started = people.start(2, None);
    people.deliver(&home.path("logs"));
    write(&home.path(&format!("logs/ssm/{}.log", started.id)), TYPED);
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    (home, lake)
}

/// Kills what was started, if the test ends early.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended by itself if all is well.
        let _ = self.0.kill();
    }
}

/// A webhook on the loopback interface that answers with these codes, one a message, and what it was sent.
pub(crate) fn webhook(codes: Vec<u16>) -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/services/SECRET", listener.local_addr().unwrap());
    let (send, messages) = mpsc::channel();
    std::thread::spawn(move || {
        for code in codes {
            let (stream, _) = listener.accept().unwrap();
            send.send(taken(stream, code)).unwrap();
        }
    });
    (url, messages)
}

fn taken(mut stream: TcpStream, code: u16) -> Value {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(stream, "HTTP/1.1 {code} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    serde_json::from_slice(&body).unwrap()
}
