//! Names of people: by another event, by the directory, by a table of the company's own; and whose the accounts are.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::records::{ACCOUNT, event_id, packed, put, topic};
use crate::support::{Home, write};

const STORE: &str = "arn:aws:identitystore::111122223333:identitystore/d-0a1b2c3d4e";
const RESERVED: &str = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0a1b2c3d4e5f6a7b";

/// A change by a role session of Identity Center on a day of November, named and with the user's id.
pub(crate) fn by_session(number: u32, day: u32, name: &str, user_id: &str) -> Value {
    let mut record = topic(number);
    let created = format!("2026-11-{day:02}T04:00:00Z");
    record["eventTime"] = json!(format!("2026-11-{day:02}T05:00:00Z"));
    record["userIdentity"] = json!({
        "type": "AssumedRole", "principalId": format!("AROAOPS:{name}"), "accountId": ACCOUNT, "accessKeyId": format!("ASIAOPS{number:09}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Ops_0a1b2c3d4e5f6a7b/{name}"),
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": "AROAOPS", "arn": RESERVED, "accountId": ACCOUNT, "userName": "AWSReservedSSO_Ops_0a1b2c3d4e5f6a7b"},
            "attributes": {"creationDate": created, "mfaAuthenticated": "false"}
        },
        "onBehalfOf": {"userId": user_id, "identityStoreArn": STORE}
    });
    record
}

/// A change by an event that says the user's id alone.
pub(crate) fn by_id(number: u32, day: u32, user_id: &str) -> Value {
    let mut record = topic(number);
    record["eventTime"] = json!(format!("2026-11-{day:02}T05:00:00Z"));
    record["userIdentity"] = json!({"type": "IdentityCenterUser", "accountId": ACCOUNT, "onBehalfOf": {"userId": user_id, "identityStoreArn": STORE}, "credentialId": "CRED"});
    record
}

fn sign_in(number: u32, day: u32, user_id: &str, name: &str, outcome: &str) -> Value {
    let mut record = by_id(number, day, user_id);
    record["eventSource"] = json!("signin.amazonaws.com");
    record["eventName"] = json!("UserAuthentication");
    record["additionalEventData"] = json!({"CredentialType": "EXTERNAL_IDP", "UserName": name});
    record["serviceEventDetails"] = json!({"UserAuthentication": outcome});
    record
}

pub(crate) fn lake(records: &[Value]) -> (Home, String) {
    let home = Home::new();
    put(&home.path("logs"), "PEOPLE", &packed(records));
    let lake = home.text("lake");
    home.ingest(&lake, &[&home.text("logs")]);
    (home, lake)
}

/// Id and source of the name of who made a call.
fn named(home: &Home, lake: &str, number: u32) -> (Value, Value) {
    let change = home.ask(lake, &event_id(number))["changes"][0].clone();
    assert_eq!(change["certainty"], "attested", "{change}");
    (change["actor"]["id"].clone(), change["actor"]["named_by"]["source"].clone())
}

pub(crate) fn listing(home: &Home, day: &str, users: &[(&str, &str, &str)]) {
    let user = |(id, name, shown): &(&str, &str, &str)| json!({"UserId": id, "UserName": name, "DisplayName": shown, "IdentityStoreId": "d-0a1b2c3d4e"});
    let users: Vec<Value> = users.iter().map(user).collect();
    write(&home.path("directory").join(day).join("users.json"), json!({"Users": users}).to_string().as_bytes());
}

#[test]
fn user_named_by_id_alone_is_called_as_other_events_show_for_that_time() {
    let records = [
        by_session(1, 1, "sato", "u-1"),
        by_id(2, 5, "u-1"),
        by_session(3, 10, "tanaka", "u-1"),
        by_id(4, 15, "u-1"),
        // The name goes to somebody else.
        by_session(5, 12, "sato", "u-2"),
        by_id(6, 15, "u-2"),
        sign_in(7, 14, "u-3", "suzuki", "Success"),
        by_id(8, 15, "u-3"),
        sign_in(9, 14, "u-4", "suzuki", "Failure"),
        by_id(10, 15, "u-4"),
    ];
    let (home, lake) = lake(&records);
    for (number, id, source) in [(2, "sato", "event"), (4, "tanaka", "event"), (6, "sato", "event"), (8, "suzuki", "event")] {
        assert_eq!(named(&home, &lake, number), (json!(id), json!(source)), "{number}");
    }
    assert_eq!(named(&home, &lake, 10), (json!("u-4"), Value::Null), "what somebody typed names nobody");
    let by = |who: &str| -> Vec<String> {
        let answer = home.run(&["--lake", &lake, "--format", "json", "by", who]).json();
        answer["changes"].as_array().unwrap().iter().rev().map(|change| change["event_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(by("sato"), [1, 2, 5, 6].map(event_id));
    assert_eq!(by("tanaka"), [3, 4].map(event_id));
    assert_eq!(by("u-1"), [1, 2, 3, 4].map(event_id));
}

#[test]
fn directory_names_leavers_as_of_the_day_and_never_against_an_event() {
    let records = [by_id(1, 3, "u-1"), by_id(2, 20, "u-1"), by_id(3, 20, "u-9"), by_session(4, 20, "hsato", "u-7"), by_id(5, 20, "u-8")];
    let (home, lake) = lake(&records);
    listing(&home, "2026-11-01", &[("u-1", "sato", "Hanako"), ("u-9", "leaver", "Left Early"), ("u-7", "other", "Shown")]);
    listing(&home, "2026-11-10", &[("u-1", "tanaka", "Hanako T."), ("u-7", "other", "Shown")]);
    let source = format!("directory://{}", home.text("directory"));
    let first = home.ingest(&lake, &[&source]);
    assert_eq!(first["directory"], json!({"new": 2, "seen_before": 0, "entries": {"user": 5}}));
    let again = home.ingest(&lake, &[&source]);
    assert_eq!(again["directory"], json!({"new": 0, "seen_before": 2, "entries": {}}));
    assert_eq!(home.count(&lake, "directory"), 5);
    for (number, id) in [(1, "sato"), (2, "tanaka"), (3, "leaver")] {
        assert_eq!(named(&home, &lake, number), (json!(id), json!("directory")), "{number}");
    }
    assert_eq!(named(&home, &lake, 5), (json!("u-8"), Value::Null));
    let kept = home.ask(&lake, &event_id(4))["changes"][0]["actor"].clone();
    assert_eq!(
        (&kept["id"], &kept["name"], kept.get("named_by")),
        (&json!("hsato"), &json!("Shown"), None),
        "the session's own name stands"
    );
    let text = home.run(&["--lake", &lake, &event_id(3)]).stdout;
    assert!(text.starts_with("leaver (Left Early): CreateTopic on "), "{text}");
    assert!(text.contains("the id u-9; the directory of 2026-11-01T00:00:00Z lists the name beside it"), "{text}");
    let by: Value = home.run(&["--lake", &lake, "--format", "json", "by", "tanaka"]).json();
    let found: Vec<&str> = by["changes"].as_array().unwrap().iter().map(|change| change["event_id"].as_str().unwrap()).collect();
    assert_eq!(found, [event_id(2)], "what the same user did under the name before is not asked for");
}

#[test]
fn listed_accounts_are_ours_and_silent_ones_are_holes() {
    let mut outside = topic(1);
    outside["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AROAELSE:deploy", "accountId": "444455556666"});
    let (home, lake) = lake(&[outside]);
    let of = |home: &Home| home.ask(&lake, &event_id(1))["changes"][0].clone();
    assert_eq!(of(&home)["actor"]["id"], "444455556666");
    let accounts = json!({"Accounts": [{"Id": "111122223333", "Status": "ACTIVE"}, {"Id": "444455556666", "Status": "ACTIVE"}, {"Id": "777788889999", "Status": "SUSPENDED"}]});
    write(&home.path("directory/accounts.json"), accounts.to_string().as_bytes());
    home.ingest(&lake, &[&format!("directory://{}", home.text("directory"))]);
    let change = of(&home);
    assert_eq!(
        (&change["actor"]["kind"], &change["certainty"]),
        (&json!("unknown"), &json!("unknown")),
        "a caller of ours has a copy of the call"
    );
    assert!(change["gap"]["needs"].as_str().unwrap().contains("account 444455556666"), "{change}");
    let nothing = home.ask(&lake, "nowhere");
    let gaps: Vec<&str> = nothing["coverage"]["gaps"].as_array().unwrap().iter().map(|gap| gap["account_id"].as_str().unwrap()).collect();
    assert_eq!(gaps, ["111122223333", "444455556666"]);
    assert!(nothing["coverage"]["gaps"][1]["why"].as_str().unwrap().contains("no log of it is in the lake"));
}

#[test]
fn configuration_joins_identities_names_suppliers_and_takes_accounts_for_ours() {
    let mut supplier = topic(2);
    supplier["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AROAELSE:x", "accountId": "555566667777"});
    let mut ours = topic(3);
    ours["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AROAELSE:y", "accountId": "444455556666"});
    let (home, lake) = lake(&[topic(1), supplier, ours, by_session(4, 10, "tanaka@example.co.jp", "u-1")]);
    let people = "person,email,sso_user,iam_user_arn,left_on\nTaro Tanaka,taro@example.co.jp,tanaka@example.co.jp,arn:aws:iam::111122223333:user/tanaka,2026-10-31\n";
    write(&home.path("config/whodid/people.csv"), people.as_bytes());
    let config = "people = \"people.csv\"\naccounts = [\"444455556666\"]\n[vendors]\n\"555566667777\" = \"Our reseller\"\n";
    write(&home.path("config/whodid/config.toml"), config.as_bytes());
    let by: Value = home.run(&["--lake", &lake, "--format", "json", "by", "taro@example.co.jp"]).json();
    let found: Vec<(&Value, &Value)> =
        by["changes"].as_array().unwrap().iter().map(|change| (&change["actor"]["id"], &change["actor"]["person"])).collect();
    let person = json!("Taro Tanaka");
    assert_eq!(found, [(&json!("arn:aws:iam::111122223333:user/tanaka"), &person), (&json!("tanaka@example.co.jp"), &person)]);
    let text = home.run(&["--lake", &lake, "topic-1"]).stdout;
    assert!(text.starts_with("the IAM user arn:aws:iam::111122223333:user/tanaka (Taro Tanaka, who left on 2026-10-31): "), "{text}");
    assert_eq!(home.ask(&lake, &event_id(2))["changes"][0]["actor"]["name"], "Our reseller");
    assert_eq!(home.ask(&lake, &event_id(3))["changes"][0]["actor"]["kind"], "unknown");
    for (file, text, says) in [
        ("people.csv", "person,sso_user\na,x\nb,x\n", "line 3 gives an identity to a second person"),
        ("config.toml", "accounts = [\"1\"]\n", "is no account"),
        ("config.toml", "[vendors]\n\"x\" = \"y\"\n", "is no vendor"),
    ] {
        write(&home.path("config/whodid").join(file), text.as_bytes());
        let refused = home.run(&["--lake", &lake, "topic-1"]);
        assert!(refused.code == 2 && refused.stderr.contains(says), "{file}: {} {}", refused.code, refused.stderr);
    }
}

#[test]
fn what_is_no_listing_is_told_and_aws_is_not_asked_offline() {
    let (home, lake) = lake(&[topic(1)]);
    write(&home.path("directory/other.json"), b"{\"Things\":[]}");
    write(&home.path("directory/README.md"), b"no listing");
    let ended = home.run(&["--lake", &lake, "ingest", "--strict", &format!("directory://{}", home.text("directory"))]);
    assert!(ended.code == 6 && ended.stderr.contains("not_a_listing"), "{} {}", ended.code, ended.stderr);
    let offline = home.run(&["--lake", &lake, "--offline", "ingest", "directory://"]);
    assert!(offline.code == 2 && offline.stderr.contains("directory:// asks AWS"), "{}", offline.stderr);
}

/// Answers as Organizations, Identity Center and the identity store do, one request a connection; group memberships may not be read.
fn fake_aws() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 4096];
            let whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request).to_ascii_lowercase();
                let head = text.find("\r\n\r\n")? + 4;
                let length = text.split("content-length:").nth(1)?.split("\r\n").next()?.trim().parse::<usize>().ok()?;
                (request.len() >= head + length).then_some(())
            };
            while whole(&request).is_none() {
                let read = stream.read(&mut part).unwrap();
                if read == 0 {
                    break;
                }
                request.extend(&part[..read]);
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            let target = text.lines().find(|line| line.to_ascii_lowercase().starts_with("x-amz-target:")).unwrap_or("").to_owned();
            let second = text.contains("more");
            let operation = target.rsplit('.').next().unwrap_or("").trim();
            let (status, body) = match operation {
                "ListAccounts" if second => ("200 OK", json!({"Accounts": [{"Id": "444455556666", "Name": "tools", "State": "ACTIVE"}]})),
                "ListAccounts" => {
                    ("200 OK", json!({"Accounts": [{"Id": "111122223333", "Name": "prod", "State": "ACTIVE"}], "NextToken": "more"}))
                }
                "ListInstances" => (
                    "200 OK",
                    json!({"Instances": [{"InstanceArn": "arn:aws:sso:::instance/ssoins-1", "IdentityStoreId": "d-0a1b2c3d4e", "OwnerAccountId": "111122223333"}]}),
                ),
                "ListPermissionSets" => ("200 OK", json!({"PermissionSets": ["arn:aws:sso:::permissionSet/ssoins-1/ps-1"]})),
                "DescribePermissionSet" => {
                    ("200 OK", json!({"PermissionSet": {"Name": "Ops", "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1/ps-1"}}))
                }
                "ListAccountAssignments" => (
                    "200 OK",
                    json!({"AccountAssignments": [{"AccountId": "111122223333", "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1/ps-1", "PrincipalType": "USER", "PrincipalId": "u-1"}]}),
                ),
                "ListUsers" => (
                    "200 OK",
                    json!({"Users": [{"UserId": "u-1", "UserName": "sato", "DisplayName": "Hanako", "IdentityStoreId": "d-0a1b2c3d4e", "Emails": [{"Value": "s@example.co.jp", "Primary": true}]}]}),
                ),
                "ListGroups" => {
                    ("200 OK", json!({"Groups": [{"GroupId": "g-1", "DisplayName": "sre", "IdentityStoreId": "d-0a1b2c3d4e"}]}))
                }
                _ => ("400 Bad Request", json!({"__type": "AccessDeniedException", "Message": "not allowed"})),
            };
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    format!("http://{address}")
}

#[test]
fn directory_is_listed_from_aws_part_by_part() {
    let (home, lake) = lake(&[by_id(1, 20, "u-1")]);
    let mut command = home.whodid();
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_REGION", "ap-northeast-1");
    command.args(["--lake", &lake, "--endpoint-url", &fake_aws(), "--format", "json", "ingest", "directory://"]);
    let ended = crate::support::run(&mut command);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let summary = ended.json();
    let entries = json!({"account": 2, "instance": 1, "permission_set": 1, "assignment": 2, "user": 1, "group": 1});
    assert_eq!(summary["directory"], json!({"new": 1, "seen_before": 0, "entries": entries}), "{}", ended.stderr);
    assert_eq!(summary["problems"][0]["reason"], "unlisted");
    assert!(summary["problems"][0]["detail"].as_str().unwrap().contains("members of group g-1"), "{summary}");
    assert_eq!(named(&home, &lake, 1), (json!("sato"), json!("directory")));
}
