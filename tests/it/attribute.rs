//! Who changed one attribute of a thing: only those calls, each with what it left and what was there before.

use serde_json::{Value, json};

use crate::records::{ACCOUNT, event_id, packed, put, topic};
use crate::support::{Ended, Home, event_ids};

const GROUP: &str = "sg-0a1b2c3d4e5f60718";

/// A call of tanaka's about the security group.
fn call(number: u32, event_name: &str, request: Value) -> Value {
    let mut record = topic(number);
    record["eventSource"] = json!("ec2.amazonaws.com");
    record["eventName"] = json!(event_name);
    record["requestParameters"] = request;
    record["responseElements"] = json!({"_return": true});
    record
}

fn tags(number: u32, event_name: &str, key: &str, value: &str) -> Value {
    let tags = json!({"items": [{"key": key, "value": value}]});
    call(number, event_name, json!({"resourcesSet": {"items": [{"resourceId": GROUP}]}, "tagSet": tags}))
}

fn rule(number: u32, event_name: &str, port: u32) -> Value {
    let ranges = json!({"items": [{"cidrIp": "0.0.0.0/0"}]});
    let permission = json!({"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": ranges, "groups": {}});
    call(number, event_name, json!({"groupId": GROUP, "ipPermissions": {"items": [permission]}}))
}

fn asked(thing: &str, attribute: &str, flags: &[&str]) -> impl Fn(&[Value]) -> Ended {
    let arguments: Vec<String> = [&["log", thing, "--attribute", attribute], flags].concat().into_iter().map(str::to_owned).collect();
    move |records| {
        let home = Home::new();
        put(&home.path("logs"), "ATTRIBUTE", &packed(records));
        home.ingest(&home.text("lake"), &[&home.text("logs")]);
        let lake = home.text("lake");
        let mut all = vec!["--lake", &lake];
        all.extend(arguments.iter().map(String::as_str));
        home.run(&all)
    }
}

/// Event id, value and value before of each change, newest first.
#[track_caller]
fn check(thing: &str, attribute: &str, records: &[Value], expected: &[(u32, Option<&str>, Option<&str>)]) {
    let answer = asked(thing, attribute, &["--format", "json"])(records).expect(0).json();
    let found: Vec<Value> = answer["changes"].as_array().unwrap().iter().map(|change| change["attribute"].clone()).collect();
    let told: Vec<Value> = expected.iter().map(|(_, value, before)| json!({"path": attribute, "value": value, "before": before})).collect();
    assert_eq!(found, told);
    assert_eq!(event_ids(&answer), expected.iter().map(|(number, ..)| event_id(*number)).collect::<Vec<_>>());
}

#[test]
fn a_tag_is_blamed_on_those_who_changed_it() {
    let mut refused = tags(6, "CreateTags", "team", "jobs");
    refused["errorCode"] = json!("UnauthorizedOperation");
    let records = [
        tags(1, "CreateTags", "team", "shop"),
        tags(2, "CreateTags", "stage", "prod"),
        tags(3, "CreateTags", "team", "shop"),
        rule(4, "AuthorizeSecurityGroupIngress", 443),
        tags(5, "CreateTags", "team", "data"),
        refused,
        tags(7, "DeleteTags", "team", ""),
    ];
    // Setting it to what it is changes nothing, and a refused call neither.
    check(GROUP, "tag:team", &records, &[(7, None, Some("data")), (5, Some("data"), Some("shop")), (1, Some("shop"), None)]);
    let human = asked(GROUP, "tag:team", &[])(&records).expect(0).stdout;
    let ends: Vec<&str> = human.lines().map(|line| line.split_once("  tag:team: ").unwrap().1).collect();
    assert_eq!(ends, ["gone", "\"data\"", "\"shop\""], "{human}");
    let tried = asked(GROUP, "tag:team", &["--format", "json", "--include-denied"])(&records).expect(0).json();
    assert_eq!(event_ids(&tried), [7, 6, 5, 1].map(event_id));
    assert_eq!(tried["changes"][0]["attribute"]["before"], "data", "what was refused is no value");
}

#[test]
fn a_rule_of_a_security_group_is_blamed_by_its_words() {
    let records = [
        rule(1, "AuthorizeSecurityGroupIngress", 443),
        rule(2, "AuthorizeSecurityGroupIngress", 22),
        rule(3, "RevokeSecurityGroupIngress", 22),
    ];
    let value = "0.0.0.0/0 22 tcp";
    check(GROUP, "rule:tcp,22,0.0.0.0/0", &records, &[(3, None, Some(value)), (2, Some(value), None)]);
    check(GROUP, "rule:443", &records, &[(1, Some("0.0.0.0/0 443 tcp"), None)]);
}

#[test]
fn a_statement_that_a_new_document_leaves_out_is_gone() {
    let put = |number: u32, sid: &str| {
        let mut record = call(
            number,
            "SetTopicAttributes",
            json!({
                "topicArn": format!("arn:aws:sns:ap-northeast-1:{ACCOUNT}:alarms"),
                "attributeName": "Policy",
                "attributeValue": json!({"Version": "2012-10-17", "Statement": [{"Sid": sid, "Effect": "Allow"}]}).to_string()
            }),
        );
        record["eventSource"] = json!("sns.amazonaws.com");
        record
    };
    let records = [put(1, "Other"), put(2, "Publish"), put(3, "Publish"), put(4, "Other")];
    let value = json!({"Sid": "Publish", "Effect": "Allow"}).to_string();
    check("alarms", "statement:Publish", &records, &[(4, None, Some(&value)), (2, Some(&value), None)]);
}

#[test]
fn the_newest_change_of_an_attribute_is_told_in_a_sentence() {
    let home = Home::new();
    put(&home.path("logs"), "TWO", &packed(&[tags(1, "CreateTags", "team", "shop"), tags(2, "CreateTags", "team", "data")]));
    home.ingest(&home.text("lake"), &[&home.text("logs")]);
    let human = home.run(&["--lake", &home.text("lake"), GROUP, "--attribute", "tag:team"]).expect(0).stdout;
    assert!(human.lines().any(|line| line == "  tag:team is \"data\" since then; it was \"shop\""), "{human}");
    let none = home.run(&["--lake", &home.text("lake"), "--format", "json", GROUP, "--attribute", "tag:owner"]).expect(5).json();
    assert_eq!(none["changes"], json!([]));
    let said = home.run(&["--lake", &home.text("lake"), GROUP, "--attribute", "tag:owner"]).expect(5).stdout;
    assert!(said.starts_with(&format!("no such change of {GROUP} is in these logs")), "{said}");
    let wrong = home.run(&["--lake", &home.text("lake"), GROUP, "--attribute", "tag:"]).expect(2);
    assert!(wrong.stderr.contains("--attribute \"tag:\"") && wrong.stderr.contains("hint: "), "{}", wrong.stderr);
}
