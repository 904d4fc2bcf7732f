//! AWS's services as the emulator moto has them, on the loopback interface.
//!
//! The emulator is a Python package; it is put into an environment of its own below `target/` when a test first needs it. `python3` with `venv`,
//! and a package index, must be there.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::records::ACCOUNT;

/// The version that the tests were written against.
const VERSION: &str = "5.2.5";
pub(crate) const REGION: &str = "ap-northeast-1";

/// A server of its own; stopped when dropped.
pub(crate) struct Moto {
    process: Child,
    pub(crate) endpoint: String,
    address: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Moto {
    pub(crate) fn start() -> Self {
        let server = installed().join("bin").join("moto_server");
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new(server)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .env("MOTO_ACCOUNT_ID", ACCOUNT)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulator starts");
        let moto = Self { process, endpoint: format!("http://{address}"), address: address.to_string() };
        let begun = Instant::now();
        while TcpStream::connect(&moto.address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(120), "the emulator does not answer");
            std::thread::yield_now();
        }
        moto
    }

    /// A call in AWS's JSON protocol: `Logs_20140328.PutLogEvents` and the like.
    pub(crate) fn call(&self, service: &str, target: &str, body: &Value) -> Value {
        let headers = format!("X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.1\r\n");
        let answer = self.post(service, &headers, &body.to_string());
        if answer.is_empty() { Value::Null } else { serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{target}: {answer}")) }
    }

    /// A call in AWS's query protocol; the text of the first element of this name in the answer.
    pub(crate) fn query(&self, service: &str, body: &str, element: &str) -> String {
        let answer = self.post(service, "Content-Type: application/x-www-form-urlencoded\r\n", body);
        let (_, rest) = answer.split_once(&format!("<{element}>")).unwrap_or_else(|| panic!("{body}: {answer}"));
        rest.split('<').next().unwrap().to_owned()
    }

    fn post(&self, service: &str, headers: &str, body: &str) -> String {
        let scope = format!("AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/{service}/aws4_request");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, \
             Signature=00\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{body}");
        body.to_owned()
    }

    /// Makes a bucket.
    pub(crate) fn bucket(&self, name: &str) {
        let scope = format!("AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/s3/aws4_request");
        let request = format!(
            "PUT /{name} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, \
             SignedHeaders=host, Signature=00\r\nContent-Length: 138\r\n\r\n{:<138}",
            self.address,
            format!("<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>")
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    pub(crate) fn log_group(&self, group: &str) {
        self.call("logs", "Logs_20140328.CreateLogGroup", &json!({"logGroupName": group}));
    }

    /// Puts entries into a stream, all of this time (milliseconds since 1970), and makes the stream if it is new.
    pub(crate) fn put(&self, group: &str, stream: &str, is_new: bool, millis: i64, entries: &[String]) {
        if is_new {
            self.call("logs", "Logs_20140328.CreateLogStream", &json!({"logGroupName": group, "logStreamName": stream}));
        }
        let entries: Vec<Value> = entries.iter().map(|entry| json!({"timestamp": millis, "message": entry})).collect();
        let body = json!({"logGroupName": group, "logStreamName": stream, "logEvents": entries});
        let answer = self.call("logs", "Logs_20140328.PutLogEvents", &body);
        assert!(answer["rejectedLogEventsInfo"].is_null(), "{answer}");
    }

    /// A queue; its URL and its ARN.
    pub(crate) fn queue(&self, name: &str) -> (String, String) {
        let made = self.call("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": name}));
        (made["QueueUrl"].as_str().unwrap().to_owned(), format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"))
    }

    /// Takes what lies in a queue.
    pub(crate) fn take(&self, queue_url: &str) -> Vec<Value> {
        let body = json!({"QueueUrl": queue_url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0});
        let answer = self.call("sqs", "AmazonSQS.ReceiveMessage", &body);
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
        for message in &messages {
            let body = json!({"QueueUrl": queue_url, "ReceiptHandle": message["ReceiptHandle"]});
            self.call("sqs", "AmazonSQS.DeleteMessage", &body);
        }
        messages.iter().map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()).collect()
    }
}

/// The environment that the emulator lives in, made once.
pub(crate) fn installed() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("moto-{VERSION}"));
        if !place.join("bin/moto_server").exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&place));
            run(Command::new(place.join("bin/python")).args(["-m", "pip", "install", "--quiet", &format!("moto[server]=={VERSION}")]));
        }
        place
    })
}

fn run(command: &mut Command) {
    let ended =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("the tests need python3 with venv: {command:?}: {error}"));
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

type Answer = dyn Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync;

/// Stands before the emulator: notes what is asked, and answers by itself where the emulator cannot, or should not.
pub(crate) struct Relay {
    pub(crate) endpoint: String,
    asked: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Relay {
    /// `answer`: by the operation (`Logs_20140328.FilterLogEvents`, `Publish`) and its JSON; none hands the question on.
    pub(crate) fn start(moto: Option<&Moto>, answer: impl Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (upstream, answer): (_, Arc<Answer>) = (moto.map(|moto| moto.address.clone()), Arc::new(answer));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (upstream, noted, answer) = (upstream.clone(), Arc::clone(&noted), Arc::clone(&answer));
                // A client that goes away in the middle is its own affair.
                std::thread::spawn(move || drop(one(client, upstream.as_deref(), &noted, &*answer)));
            }
        });
        Self { endpoint, asked }
    }

    /// How often that was asked between two times.
    pub(crate) fn asked(&self, operation: &str, from: Instant, until: Instant) -> usize {
        self.asked.lock().unwrap().iter().filter(|(at, asked)| asked == operation && *at >= from && *at <= until).count()
    }
}

/// One question and its answer; then the connection is closed.
fn one(mut client: TcpStream, upstream: Option<&str>, noted: &Mutex<Vec<(Instant, String)>>, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length, mut operation) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "x-amz-target" => value.clone_into(&mut operation),
            _ => {}
        }
        if !line.to_ascii_lowercase().starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if operation.is_empty() {
        let text = String::from_utf8_lossy(&body).into_owned();
        operation = text.split('&').find_map(|part| part.strip_prefix("Action=")).unwrap_or_default().to_owned();
    }
    noted.lock().unwrap().push((Instant::now(), operation.clone()));
    let own = answer(&operation, &serde_json::from_slice(&body).unwrap_or_default());
    match (own, upstream) {
        (Some((status, value)), _) => {
            let value = value.to_string();
            let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\n");
            client.write_all(format!("{head}Content-Length: {}\r\n\r\n{value}", value.len()).as_bytes())
        }
        (None, Some(upstream)) => {
            let mut server = TcpStream::connect(upstream)?;
            server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
            server.write_all(&body)?;
            let mut whole = Vec::new();
            server.read_to_end(&mut whole)?;
            client.write_all(&whole)
        }
        (None, None) => Ok(()),
    }
}
