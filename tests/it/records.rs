//! Records written by hand, for tests that need a few of them and no organisation.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{gzip, write};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const USER: &str = "arn:aws:iam::111122223333:user/tanaka";

/// An event id that is its number.
pub(crate) fn event_id(number: u32) -> String {
    format!("{number:08x}-0000-4000-8000-00000000abcd")
}

/// The IAM user tanaka makes the topic `topic-NUMBER`, at second NUMBER of an hour.
pub(crate) fn topic(number: u32) -> Value {
    let name = format!("topic-{number}");
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDATANAKAXXXXEXAMPLE", "arn": USER, "accountId": ACCOUNT, "accessKeyId": "AKIATANAKAXXXEXAMPLE", "userName": "tanaka"},
        "eventTime": format!("2026-11-18T05:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "eventSource": "sns.amazonaws.com",
        "eventName": "CreateTopic",
        "awsRegion": "ap-northeast-1",
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": {"name": name},
        "responseElements": {"topicArn": format!("arn:aws:sns:ap-northeast-1:{ACCOUNT}:{name}")},
        "requestID": format!("{number:08x}-1111-4111-8111-111111111111"),
        "eventID": event_id(number),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management"
    })
}

/// The key of an object of the account's trail, told from others by its name's last part.
pub(crate) fn key(name: &str) -> String {
    key_of(ACCOUNT, name)
}

pub(crate) fn key_of(account: &str, name: &str) -> String {
    format!("AWSLogs/{account}/CloudTrail/ap-northeast-1/2026/11/18/{account}_CloudTrail_ap-northeast-1_20261118T0510Z_{name:A<16}.json.gz")
}

pub(crate) fn plain(records: &[Value]) -> Vec<u8> {
    serde_json::to_vec(&json!({"Records": records})).unwrap()
}

pub(crate) fn packed(records: &[Value]) -> Vec<u8> {
    gzip(&plain(records))
}

/// Writes an object of the account's trail.
pub(crate) fn put(logs: &Path, name: &str, body: &[u8]) {
    write(&logs.join(key(name)), body);
}
