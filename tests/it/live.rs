//! Event history beside a lake and without one, from the question to the answer, with AWS's APIs in this process.

use std::process::Command;

use serde_json::{Value, json};

use crate::aws_server::{self, AwsServer, Estate, Past};
use crate::records::{ACCOUNT, event_id, packed, put};
use crate::s3_server;
use crate::scenarios;
use crate::signed::now;
use crate::support::{Ended, Home, event_ids, files, run, write};

const REGION: &str = "ap-northeast-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/Deploy";
const KEY: &str = "ASIAEXAMPLEEXAMPLE01";

/// AWS with one account, a home, and the runtime that the server lives in.
struct Aws {
    home: Home,
    server: AwsServer,
    // Dropped last: the server stops in it.
    runtime: tokio::runtime::Runtime,
}

impl Aws {
    fn new(history: Vec<Past>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let estate = Estate { account_id: ACCOUNT.to_owned(), history, ..Estate::default() };
        let server = runtime.block_on(aws_server::start(estate));
        Self { home: Home::new(), server, runtime }
    }

    fn whodid(&self) -> Command {
        let mut command = self.home.whodid();
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.args(["--endpoint-url", &self.server.endpoint, "--region", REGION]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        run(self.whodid().args(arguments))
    }

    fn with_lake(&self, records: &[Value]) -> String {
        put(&self.home.path("logs"), "Ab", &packed(records));
        let lake = self.home.text("lake");
        self.home.ingest(&lake, &[&self.home.text("logs")]);
        lake
    }
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

fn record(number: u32, seconds: i64, name: &str, user_identity: Value) -> Value {
    json!({
        "eventVersion": "1.09", "eventID": event_id(number), "eventTime": time(seconds), "eventType": "AwsApiCall",
        "eventCategory": "Management", "managementEvent": true, "readOnly": false, "awsRegion": REGION,
        "recipientAccountId": ACCOUNT, "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2", "requestID": format!("r{number}"),
        "eventName": name, "eventSource": "ec2.amazonaws.com", "userIdentity": user_identity,
    })
}

/// Of a role session that began five minutes before.
fn session(seconds: i64) -> Value {
    json!({
        "type": "AssumedRole", "principalId": "AROAEXAMPLEDEPLOY0001:run-7", "accountId": ACCOUNT, "accessKeyId": KEY,
        "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/run-7",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEDEPLOY0001", "arn": ROLE, "accountId": ACCOUNT, "userName": "Deploy"},
            "attributes": {"creationDate": time(seconds - 300), "mfaAuthenticated": "false"},
        },
    })
}

fn ingress(number: u32, seconds: i64) -> Past {
    let mut record = record(number, seconds, "AuthorizeSecurityGroupIngress", session(seconds));
    record["requestParameters"] = json!({"groupId": "sg-0a1b2c3d4e5f60718"});
    Past { record, seconds, username: "run-7".into(), resources: vec!["sg-0a1b2c3d4e5f60718".into()] }
}

/// By an IAM user of the account, as AWS lists it: under the key that it issued.
fn assume_role(number: u32, seconds: i64) -> Past {
    let user = json!({
        "type": "IAMUser", "principalId": "AIDAEXAMPLETANAKA0001", "accountId": ACCOUNT, "accessKeyId": "AKIAEXAMPLETANAKA001",
        "arn": "arn:aws:iam::111122223333:user/tanaka", "userName": "tanaka",
    });
    let mut record = record(number, seconds - 300, "AssumeRole", user);
    record["eventSource"] = "sts.amazonaws.com".into();
    record["readOnly"] = true.into();
    record["requestParameters"] = json!({"roleArn": ROLE, "roleSessionName": "run-7"});
    record["responseElements"] = json!({
        "credentials": {"accessKeyId": KEY, "expiration": time(seconds + 3_300), "sessionToken": "token"},
        "assumedRoleUser": {"assumedRoleId": "AROAEXAMPLEDEPLOY0001:run-7", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/run-7"},
    });
    record["resources"] = json!([{"ARN": ROLE, "accountId": ACCOUNT, "type": "AWS::IAM::Role"}]);
    Past { record, seconds: seconds - 300, username: "tanaka".into(), resources: vec![KEY.into(), ROLE.into(), "run-7".into()] }
}

#[test]
fn who_changed_it_five_minutes_ago_is_answered_without_a_lake() {
    let at = now() - 300;
    let aws = Aws::new(vec![ingress(2, at), assume_role(1, at)]);
    let answer = aws.run(&["--json", "--live", "sg-0a1b2c3d4e5f60718"]).expect(0).json();
    let change = &answer["changes"][0];
    assert_eq!(event_ids(&answer), [event_id(2)]);
    assert_eq!(
        (&change["certainty"], &change["actor"]["id"]),
        (&"proven".into(), &"arn:aws:iam::111122223333:user/tanaka".into()),
        "{answer}"
    );
    assert_eq!(change["chain"][0]["issued_by"]["event_ids"], json!([event_id(1)]));
    assert_eq!(change["evidence"]["integrity"], "not_covered");
    assert!(
        change["evidence"]["object"].as_str().unwrap().starts_with("cloudtrail://111122223333/ap-northeast-1/LookupEvents/"),
        "{answer}"
    );
    let live = &answer["coverage"]["live"];
    assert_eq!((&live["account_id"], &live["aws_region"], &live["with_lake"]), (&ACCOUNT.into(), &REGION.into(), &false.into()));
    assert_eq!((&live["events"], &live["duplicate"], &live["rejected"], &live["requests"]), (&2.into(), &0.into(), &0.into(), &2.into()));
    assert_eq!(answer["coverage"]["complete"], false);
    assert!(answer["coverage"]["gaps"].to_string().contains("one account and region"), "{answer}");
    // By what AWS can find it under: the thing, then the key whose issuing event was missing.
    let asked = [("ResourceName", "sg-0a1b2c3d4e5f60718"), ("ResourceName", KEY)];
    assert_eq!(aws.server.lookups(), asked.map(|(attribute, value)| (attribute.to_owned(), value.to_owned())));
    let human = aws.run(&["--live", "sg-0a1b2c3d4e5f60718"]).expect(0);
    assert!(human.stdout.contains("arn:aws:iam::111122223333:user/tanaka: AuthorizeSecurityGroupIngress"), "{}", human.stdout);
    assert!(human.stdout.contains("event history of account 111122223333") && human.stdout.contains("whodid init"), "{}", human.stdout);
    assert!(!aws.home.path("data/whodid/lake").exists(), "nothing is kept");
}

#[test]
fn with_credentials_and_no_lake_event_history_is_asked_by_itself() {
    let at = now() - 300;
    let aws = Aws::new(vec![ingress(2, at), assume_role(1, at)]);
    let ended = aws.run(&["--json", "sg-0a1b2c3d4e5f60718"]).expect(0);
    assert_eq!(ended.json()["changes"][0]["actor"]["id"], "arn:aws:iam::111122223333:user/tanaka");
    assert_eq!((ended.stderr.as_str(), &ended.json()["coverage"]["live"]["with_lake"]), ("", &Value::Bool(false)));
    let human = aws.run(&["sg-0a1b2c3d4e5f60718"]).expect(0);
    assert!(human.stderr.contains("no lake"), "{}", human.stderr);
    let before = aws.server.count("LookupEvents");
    // Not where the user said where the lake is, not offline, and not without credentials.
    for arguments in [&["--lake", "nowhere", "sg-1"][..], &["--offline", "sg-1"], &["--offline", "--live", "sg-1"]] {
        assert!(aws.run(arguments).expect(2).stderr.contains("lake"), "{arguments:?}");
    }
    let none = run(aws.home.whodid().args(["--endpoint-url", &aws.server.endpoint, "sg-1"])).expect(2);
    assert!(none.stderr.contains("lake"), "{}", none.stderr);
    assert_eq!(aws.server.count("LookupEvents"), before);
}

#[test]
fn newest_minutes_are_put_over_the_lake_which_stays_as_it_is() {
    let (old, new) = (now() - 3 * 86_400, now() - 240);
    let in_both = assume_role(3, old);
    let aws = Aws::new(vec![ingress(12, new), assume_role(11, new), in_both.clone(), ingress(4, old)]);
    let lake = aws.with_lake(&[in_both.record, ingress(4, old).record]);
    let before = files(&aws.home.path("lake"));
    let answer = aws.run(&["--lake", &lake, "--json", "--live", "--since", "7d", "sg-0a1b2c3d4e5f60718"]).expect(0).json();
    assert_eq!(event_ids(&answer), [event_id(12), event_id(4)]);
    let objects: Vec<bool> =
        (0..2).map(|change| answer["changes"][change]["evidence"]["object"].as_str().unwrap().starts_with("cloudtrail://")).collect();
    assert_eq!(objects, [true, false], "what the lake has stays the lake's: {answer}");
    assert!((0..2).all(|change| answer["changes"][change]["certainty"] == "proven"), "{answer}");
    let live = &answer["coverage"]["live"];
    assert_eq!((&live["with_lake"], &live["events"], &live["duplicate"]), (&true.into(), &3.into(), &1.into()), "{answer}");
    assert_eq!(files(&aws.home.path("lake")), before, "the lake is not written");
    // Without it the newest is not there; without --since only what is newer than the lake is asked for.
    assert_eq!(event_ids(&aws.home.ask(&lake, "sg-0a1b2c3d4e5f60718")), [event_id(4)]);
    let answer = aws.run(&["--lake", &lake, "--json", "--live", "sg-0a1b2c3d4e5f60718"]).expect(0).json();
    assert_eq!(answer["coverage"]["live"]["from"], time(old - 3_600), "{answer}");
    let logs = aws.home.text("logs");
    let answer = aws.run(&["--logs", &logs, "--json", "--live", "sg-0a1b2c3d4e5f60718"]).expect(0).json();
    assert_eq!(event_ids(&answer), [event_id(12), event_id(4)], "over raw logs as well");
    let offline = aws.run(&["--lake", &lake, "--json", "--live", "--offline", "sg-0a1b2c3d4e5f60718"]).expect(0).json();
    assert_eq!((event_ids(&offline), &offline["coverage"]["live"]), (vec![event_id(4)], &Value::Null));
}

/// A lake in a bucket is read through, and nothing is put there.
#[test]
fn newest_minutes_are_put_over_a_lake_in_a_bucket() {
    let (old, new) = (now() - 3 * 86_400, now() - 240);
    let aws = Aws::new(vec![ingress(12, new), assume_role(11, new)]);
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::create_dir_all(folder.path().join("lake")).unwrap();
    let s3 = aws.runtime.block_on(s3_server::start(folder.path()));
    put(&aws.home.path("logs"), "Ab", &packed(&[assume_role(3, old).record, ingress(4, old).record]));
    let whodid = |arguments: &[&str]| {
        let mut command = aws.home.whodid();
        command.env("AWS_ACCESS_KEY_ID", &s3.access_key).env("AWS_SECRET_ACCESS_KEY", &s3.secret_key).env("AWS_REGION", REGION);
        command.env("AWS_ENDPOINT_URL_S3", &s3.endpoint).env("AWS_ENDPOINT_URL", &aws.server.endpoint);
        run(command.args(["--lake", "s3://lake/whodid", "--json"]).args(arguments)).expect(0).json()
    };
    whodid(&["ingest", &aws.home.text("logs")]);
    let before = files(folder.path());
    let answer = whodid(&["--live", "sg-0a1b2c3d4e5f60718"]);
    assert_eq!(event_ids(&answer), [event_id(12), event_id(4)]);
    assert!((0..2).all(|change| answer["changes"][change]["certainty"] == "proven"), "{answer}");
    assert_eq!(files(folder.path()), before, "the lake is not written");
}

/// AWS finds what bears the person's name, and by their keys what they did under another.
#[test]
fn what_a_person_did_in_the_newest_minutes_is_found_through_the_sessions_they_opened() {
    let at = now() - 300;
    let mut namesake = assume_role(5, at);
    namesake.record["userIdentity"]["arn"] = "arn:aws:iam::111122223333:user/other/tanaka".into();
    namesake.record["userIdentity"]["principalId"] = "AIDAEXAMPLETANAKA0002".into();
    namesake.record["responseElements"]["credentials"]["accessKeyId"] = "ASIAEXAMPLEEXAMPLE02".into();
    let mut not_theirs = ingress(6, at);
    not_theirs.record["userIdentity"]["accessKeyId"] = "ASIAEXAMPLEEXAMPLE02".into();
    let aws = Aws::new(vec![ingress(2, at), assume_role(1, at), namesake, not_theirs]);
    let answer = aws.run(&["--json", "by", "arn:aws:iam::111122223333:user/tanaka", "--live"]).expect(0).json();
    assert_eq!(event_ids(&answer), [event_id(2)], "{answer}");
    assert_eq!(answer["changes"][0]["actor"]["id"], "arn:aws:iam::111122223333:user/tanaka");
    let asked = aws.server.lookups();
    assert_eq!(asked[0], ("Username".to_owned(), "tanaka".to_owned()));
    assert!(asked.contains(&("AccessKeyId".to_owned(), KEY.to_owned())), "{asked:?}");
    let shown = aws.run(&["--json", "--live", "show", &event_id(2)]).expect(0).json();
    assert_eq!(shown["changes"][0]["certainty"], "proven", "{shown}");
}

#[test]
fn an_issuing_event_in_another_account_is_a_gap_that_says_what_was_asked() {
    let at = now() - 300;
    let aws = Aws::new(vec![ingress(2, at)]);
    let answer = aws.run(&["--json", "--live", "sg-0a1b2c3d4e5f60718"]).expect(0).json();
    let change = &answer["changes"][0];
    assert_eq!((&change["certainty"], &change["actor"]["kind"]), (&"unknown".into(), &"unknown".into()), "{answer}");
    let needs = change["gap"]["needs"].as_str().unwrap();
    assert!(needs.contains("account 111122223333 in ap-northeast-1 alone"), "{needs}");
    assert_eq!(aws.server.lookups().len(), 2, "the key was looked up too");
    aws.run(&["--live", "trace", "sg-0a1b2c3d4e5f60718", "--require", "attested"]).expect(3);
}

/// A cause may be the likely one where the log is whole around it. Event history was asked for one thing: who else acted is not known.
#[test]
fn a_cause_out_of_event_history_is_never_the_likely_one() {
    let logs = scenarios::root().join("stack_with_a_role_leads_to_who_updated_it/logs");
    let day = &time(now() - 2 * 86_400)[..11];
    let (home, mut history) = (Home::new(), Vec::new());
    for (name, body) in files(&logs) {
        let text = String::from_utf8(body).unwrap().replace("2026-11-18T", day);
        write(&home.path("logs").join(name), text.as_bytes());
        for record in serde_json::from_str::<Value>(&text).unwrap()["Records"].as_array().unwrap() {
            let seconds = record["eventTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
            let resources = vec!["stack-made-queue".to_owned()];
            history.push(Past { record: record.clone(), seconds, username: String::new(), resources });
        }
    }
    let grade = |answer: &Value| answer["changes"][0]["caused_by"][0]["certainty"].clone();
    let whole = home.run(&["--logs", &home.text("logs"), "--json", "stack-made-queue"]).expect(0).json();
    assert_eq!(grade(&whole), "probable", "{whole}");
    let aws = Aws::new(history);
    let live = aws.run(&["--json", "--live", "stack-made-queue"]).expect(0).json();
    assert_eq!(live["changes"][0]["certainty"], whole["changes"][0]["certainty"]);
    assert_eq!(grade(&live), "ambiguous", "{live}");
}

#[test]
fn nothing_in_event_history_proves_nothing() {
    let aws = Aws::new(Vec::new());
    let ended = aws.run(&["--live", "sg-0a1b2c3d4e5f60718"]).expect(5);
    for part in ["no proof", "event history of account 111122223333", "recorded in us-east-1", "by name finds the events that AWS lists"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn a_record_that_cannot_be_understood_is_counted_and_told() {
    let at = now() - 300;
    let mut odd = ingress(3, at);
    odd.record = json!({"eventID": event_id(3)});
    let aws = Aws::new(vec![ingress(2, at), odd]);
    let ended = aws.run(&["--json", "--live", "sg-0a1b2c3d4e5f60718"]).expect(0);
    let answer = ended.json();
    assert_eq!((event_ids(&answer), &answer["coverage"]["live"]["rejected"]), (vec![event_id(2)], &1.into()), "{answer}");
    assert!(ended.stderr.contains("warning: cloudtrail://"), "{}", ended.stderr);
}

#[test]
fn credentials_that_are_missing_or_expired_are_4_and_a_refusal_names_the_permission() {
    let aws = Aws::new(Vec::new());
    let missing = run(aws.home.whodid().args(["--endpoint-url", &aws.server.endpoint, "--live", "sg-1"])).expect(4);
    assert!(missing.stderr.contains("hint:"), "{}", missing.stderr);
    aws.server.estate.lock().unwrap().denied.insert("LookupEvents".to_owned());
    let denied = aws.run(&["--json", "--live", "sg-1"]).expect(2);
    let error: Value = serde_json::from_str(&denied.stderr).unwrap();
    assert_eq!(error["code"], "denied", "{error}");
    assert!(error["message"].as_str().unwrap().contains("cloudtrail:LookupEvents"), "{error}");
    aws.server.estate.lock().unwrap().is_expired = true;
    let expired = aws.run(&["--live", "sg-1"]).expect(4);
    assert!(expired.stderr.contains("ExpiredToken") && expired.stderr.contains("hint:"), "{}", expired.stderr);
    aws.run(&["--live", "status"]).expect(2);
}
