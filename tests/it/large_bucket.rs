//! Buckets that are too large to be listed whole: what a run lists, reads, leaves out and tells.

use std::time::Duration;

use serde_json::Value;

use crate::listing_server::ListingServer;
use crate::records::{packed, topic};
use crate::support::{Ended, Home, check_sum, run};

const ORGANISATION: &str = "o-exampleorg1";
/// More than are listed whole.
const MANY: usize = 20_500;
const DAY_SECONDS: i64 = 86_400;

/// An organisation's bucket, as Control Tower lays it out, in which an account had very many objects long ago.
struct Large {
    home: Home,
    server: ListingServer,
}

/// A day so many days ago: its folder, and as a flag takes it.
fn day(ago: i64) -> (String, String) {
    let time = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() - ago * DAY_SECONDS).unwrap().to_string();
    (time[..10].replace('-', "/"), time[..10].to_owned())
}

fn region_folder(account: u64, region: &str) -> String {
    format!("{ORGANISATION}/AWSLogs/{ORGANISATION}/{account:012}/CloudTrail/{region}/")
}

fn key(account: u64, region: &str, ago: i64, number: usize) -> String {
    let (folder, _) = day(ago);
    let stamp = folder.replace('/', "");
    format!("{}{folder}/{account:012}_CloudTrail_{region}_{stamp}T0505Z_{number:016}.json.gz", region_folder(account, region))
}

const OLD: i64 = 400;
const ONE: u64 = 111_122_223_333;
const OTHER: u64 = 444_455_556_666;

impl Large {
    fn new() -> Self {
        let large = Self { home: Home::new(), server: ListingServer::new() };
        for number in 0..MANY {
            large.server.put(&key(ONE, "eu-west-1", OLD + 30, number), None);
        }
        large.server.put(&key(ONE, "eu-west-1", OLD, 0), None);
        large
    }

    /// The IAM user tanaka makes the topic of that number, delivered so many days ago.
    fn topic(&self, account: u64, region: &str, ago: i64, number: u32) -> String {
        let mut record = topic(number);
        record["eventTime"] = format!("{}T05:00:00Z", day(ago).1).into();
        record["awsRegion"] = region.into();
        record["recipientAccountId"] = format!("{account:012}").into();
        let key = key(account, region, ago, number as usize);
        self.server.put(&key, Some(packed(&[record])));
        key
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.home.whodid();
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        let lake = self.home.text("lake");
        command.args(["--endpoint-url", &self.server.endpoint, "--region", "us-east-1", "--lake", &lake, "--json"]);
        run(command.args(arguments))
    }

    #[track_caller]
    fn ingest(&self, more: &[&str]) -> Value {
        let summary = self.run(&[&["ingest", "s3://trail"][..], more].concat()).expect(0).json();
        check_sum(&summary);
        summary
    }

    /// As if the last sweep was long ago.
    fn forget_sweep(&self) {
        for (name, page) in crate::support::files(&self.home.path("lake/_whodid/listings")) {
            let text = String::from_utf8(page).unwrap();
            let mut state: Value = serde_json::from_str(&text).unwrap();
            for (_, source) in state["sources"].as_object_mut().unwrap() {
                source["swept"] = 1.into();
            }
            crate::support::write(&self.home.path("lake/_whodid/listings").join(name), state.to_string().as_bytes());
        }
    }
}

#[test]
fn first_run_takes_the_newest_week_of_each_account_and_region_and_tells_what_it_left_out() {
    let large = Large::new();
    large.topic(OTHER, "us-east-1", 0, 1);
    large.topic(OTHER, "us-east-1", 6, 2);
    let left_out = large.topic(OTHER, "us-east-1", 7, 3);
    // A region in which nothing has happened for long: its own last week.
    large.topic(OTHER, "ap-northeast-1", 90, 4);
    let summary = large.ingest(&["--account", "444455556666"]);
    assert_eq!(summary["records"]["written"], 3, "{summary}");
    let older = &summary["listing"]["not_ingested"];
    assert_eq!((older["folders"].as_u64(), older["since"].as_str()), (Some(1), Some(day(7).1.as_str())), "{summary}");
    // It is not there, and not seeing it proves nothing.
    let asked = large.run(&["topic-3"]).expect(5).json();
    let gaps = asked["coverage"]["gaps"].as_array().unwrap();
    let told = gaps.iter().find(|gap| gap["why"].as_str().unwrap().contains("not ingested")).expect("a gap of days that were left out");
    assert_eq!((told["account_id"].as_str(), told["aws_region"].as_str()), (Some("444455556666"), Some("us-east-1")));
    assert!(told["from"].as_str().unwrap().starts_with(&day(7).1) && told["until"].as_str().unwrap().starts_with(&day(6).1), "{told}");
    // Asked for, it comes; and then nothing is left out any more.
    let since = day(7).1;
    let summary = large.ingest(&["--account", "444455556666", "--since", &since]);
    assert_eq!((&summary["records"]["written"], &summary["records"]["duplicate"]), (&1.into(), &0.into()), "{summary}");
    assert!(large.server.asked().1.contains(&left_out));
    let asked = large.run(&["topic-3"]).expect(0).json();
    assert!(!asked["coverage"]["gaps"].to_string().contains("not ingested"), "{asked}");
}

#[test]
fn each_run_asks_for_accounts_and_regions_and_not_for_what_it_has() {
    let large = Large::new();
    for (number, region) in (1..).zip(["us-east-1", "us-east-2", "eu-west-1", "ap-northeast-1"]) {
        large.topic(OTHER, region, 1, number);
    }
    large.ingest(&[]);
    large.server.asked();
    let summary = large.ingest(&[]);
    let (listings, fetched) = large.server.asked();
    assert_eq!((fetched.len(), &summary["records"]["read"]), (0, &0.into()));
    // Opening; the four folders above accounts; kinds and regions of two accounts; one for each of five regions.
    let (accounts, regions) = (2, 5);
    assert_eq!(listings.len(), 1 + 4 + 2 * accounts + regions, "{listings:#?}");
    assert_eq!(summary["listing"]["requests"], listings.len(), "{summary}");
    assert!(listings.iter().all(|query| query.contains("delimiter=/") || query.contains("start-after=") || query.contains("max-keys=1")));
}

#[test]
fn late_backfilled_overwritten_and_vanished_objects_are_noticed() {
    let large = Large::new();
    let first = large.topic(OTHER, "us-east-1", 3, 50);
    let gone = large.topic(OTHER, "us-east-1", 4, 51);
    large.topic(OTHER, "us-east-1", 12, 52);
    large.topic(OTHER, "us-east-1", 0, 53);
    let since = day(20).1;
    large.ingest(&["--account", "444455556666", "--since", &since]);
    // Of a minute that was listed, with a name that sorts before; and in an account and region that were not there.
    large.topic(OTHER, "us-east-1", 0, 1);
    large.topic(777_788_889_999, "us-east-1", 0, 2);
    let summary = large.ingest(&["--account", "444455556666", "--account", "777788889999"]);
    assert_eq!(summary["records"]["written"], 2, "{summary}");
    assert_eq!(summary["listing"]["first_seen"]["count"], 1, "{summary}");
    // Ten days late, changed, taken away: the sweep of the next day finds each.
    large.topic(OTHER, "us-east-1", 10, 3);
    large.topic(OTHER, "us-east-1", 3, 50);
    large.server.state.lock().unwrap().objects.remove(&gone);
    let accounts = ["--account", "444455556666"];
    assert_eq!(large.ingest(&accounts)["records"]["read"], 0);
    large.forget_sweep();
    let summary = large.ingest(&accounts);
    assert_eq!((&summary["objects"]["new"], &summary["records"]["written"]), (&2.into(), &1.into()), "{summary}");
    assert_eq!(summary["listing"]["overwritten"]["names"][0], format!("s3://trail/{first}"), "{summary}");
    assert_eq!(summary["listing"]["vanished"]["names"][0], format!("s3://trail/{gone}"), "{summary}");
    let status = large.run(&["status"]).expect(0).json();
    assert_eq!((&status["listings"][0]["overwritten"], &status["listings"][0]["vanished"]), (&1.into(), &1.into()), "{status}");
    // Once told, it is not told again.
    large.forget_sweep();
    let summary = large.ingest(&accounts);
    assert_eq!((&summary["listing"]["overwritten"]["count"], &summary["listing"]["vanished"]["count"]), (&0.into(), &0.into()));
}

#[test]
fn other_layouts_in_a_large_bucket_are_listed_whole_and_other_services_are_not_listed() {
    let large = Large::new();
    large.server.put(&format!("{ORGANISATION}/AWSLogs/{OTHER}/Config/us-east-1/2026/11/18/x.json.gz"), None);
    large.server.put("odd/records.json.gz", Some(packed(&[topic(7)])));
    large.server.put("AWSLogs/111122223333/CloudTrail/us-east-1/loose.json.gz", Some(packed(&[topic(8)])));
    let summary = large.ingest(&["--account", "111122223333", "--aws-region", "us-east-1"]);
    assert_eq!(summary["records"]["written"], 2, "{summary}");
    assert_eq!(summary["listing"]["listed_whole"]["names"][0], "s3://trail/AWSLogs/111122223333/CloudTrail/us-east-1/", "{summary}");
    assert!(summary["listing"]["filtered"]["names"].to_string().contains("444455556666"), "{summary}");
    let (listings, _) = large.server.asked();
    assert!(!listings.iter().any(|query| query.contains("Config/")), "{listings:#?}");
    let summary = large.ingest(&["--account", "444455556666"]);
    assert_eq!(summary["listing"]["left_out"]["names"][0], format!("s3://trail/{ORGANISATION}/AWSLogs/{OTHER}/Config/"), "{summary}");
}

#[test]
fn a_region_that_cannot_be_listed_is_told_and_caught_up_by_the_next_run() {
    let large = Large::new();
    let accounts = ["--account", "444455556666"];
    large.topic(OTHER, "us-east-1", 5, 1);
    large.topic(OTHER, "us-east-2", 5, 2);
    large.ingest(&accounts);
    large.topic(OTHER, "us-east-1", 0, 3);
    let unread = large.topic(OTHER, "us-east-1", 4, 4);
    large.topic(OTHER, "us-east-2", 0, 5);
    large.server.state.lock().unwrap().refused = vec![("us-east-1".to_owned(), 403)];
    let summary = large.ingest(&accounts);
    assert_eq!((&summary["records"]["written"], &summary["problems"][0]["reason"]), (&1.into(), &"unlisted".into()), "{summary}");
    // Listed again, an object of it cannot be read: it is asked for until it can be, though its day is over.
    large.server.state.lock().unwrap().refused = vec![(unread.rsplit('/').next().unwrap().to_owned(), 403)];
    let since = day(5).1;
    let summary = large.ingest(&["--account", "444455556666", "--since", &since]);
    assert_eq!((&summary["records"]["written"], &summary["problems"][0]["reason"]), (&1.into(), &"unreadable".into()), "{summary}");
    large.server.state.lock().unwrap().refused.clear();
    let summary = large.ingest(&accounts);
    assert_eq!((&summary["records"]["written"], &summary["problems"]), (&1.into(), &serde_json::json!([])), "{summary}");
}

#[test]
fn a_dry_run_says_what_there_is_and_writes_nothing() {
    let large = Large::new();
    large.topic(OTHER, "us-east-1", 1, 1);
    large.topic(OTHER, "us-east-1", 9, 2);
    let since = day(9).1;
    let plan = large.run(&["ingest", "--dry-run", "s3://trail", "--since", &since]).expect(0).json();
    let (listings, fetched) = large.server.asked();
    assert_eq!((plan["schema"].as_str(), fetched.len()), (Some("whodid.ingest-plan/v1"), 0));
    assert_eq!((&plan["objects"]["new"], &plan["requests"]["get"]), (&2.into(), &2.into()), "{plan}");
    assert_eq!(plan["requests"]["list"], listings.len());
    let cost = listings.len() as f64 * 0.005 / 1000.0 + 2.0 * 0.0004 / 1000.0;
    assert!((plan["cost_usd"].as_f64().unwrap() - cost).abs() < 1e-9, "{plan}");
    assert!(!large.home.path("lake").exists() && !large.home.path("data").exists(), "something was written");
    large.ingest(&["--since", &since]);
    let plan = large.run(&["ingest", "--dry-run", "s3://trail", "--since", &since]).expect(0).json();
    assert_eq!(plan["objects"]["new"], 0, "{plan}");
}

#[test]
fn a_backfill_that_was_killed_goes_on() {
    let large = Large::new();
    for number in 0..40 {
        large.topic(OTHER, "us-east-1", i64::from(number) + 1, number);
    }
    let (hangs, hung) = std::sync::mpsc::channel();
    large.server.state.lock().unwrap().hangs_after = Some((25, hangs));
    let since = day(60).1;
    let mut command = large.home.whodid();
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    let (lake, endpoint) = (large.home.text("lake"), large.server.endpoint.clone());
    command.args(["--endpoint-url", &endpoint, "--region", "us-east-1", "--lake", &lake, "ingest", "s3://trail", "--since", &since]);
    let mut child = command.spawn().unwrap();
    hung.recv_timeout(Duration::from_secs(120)).expect("it reads");
    child.kill().unwrap();
    child.wait().unwrap();
    large.server.state.lock().unwrap().hangs_after = None;
    let summary = large.ingest(&["--since", &since]);
    assert_eq!(large.home.count(&lake, "events"), 40, "{summary}");
    assert_eq!(large.ingest(&["--since", &since])["records"]["read"], 0);
}

#[test]
fn a_source_is_read_through_the_role_that_the_configuration_names_for_it() {
    let large = Large { home: Home::new(), server: ListingServer::new() };
    large.topic(OTHER, "us-east-1", 1, 1);
    large.topic(ONE, "us-east-1", 1, 2);
    let config = large.home.text("whodid.toml");
    let table = "[sources.archive]\nurl = 's3://trail'\nrole = 'arn:aws:iam::444455556666:role/whodid-read'\nexternal_id = 'id-7'\naccounts = ['444455556666']\n";
    crate::support::write(&large.home.path("whodid.toml"), table.as_bytes());
    let summary = large.run(&["--config", &config, "ingest", "archive"]).expect(0).json();
    assert_eq!(summary["records"]["written"], 1, "{summary}");
    let state = large.server.state.lock().unwrap();
    assert_eq!(state.signers.iter().collect::<Vec<_>>(), [crate::listing_server::ROLE_KEY]);
    let asked = &state.assumed[0];
    assert!(asked.contains("Action=AssumeRole") && asked.contains("role/whodid-read") && asked.contains("ExternalId=id-7"), "{asked}");
}
