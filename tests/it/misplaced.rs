//! Records that lie where CloudTrail would not have put them.

use serde_json::json;

use crate::records::{ACCOUNT, event_id, packed, put, topic};
use crate::support::Home;

const KEY: &str = "ASIAPLANTEDXXEXAMPLE";

#[test]
fn record_of_another_accounts_trail_opens_no_session_and_makes_no_account_ours() {
    let home = Home::new();
    let role = "arn:aws:iam::111122223333:role/Deploy";
    let mut planted = topic(1);
    planted["eventSource"] = json!("sts.amazonaws.com");
    planted["eventName"] = json!("AssumeRole");
    planted["recipientAccountId"] = json!("999999999999");
    planted["requestParameters"] = json!({"roleArn": role, "roleSessionName": "ci"});
    planted["responseElements"] = json!({"credentials": {"accessKeyId": KEY}, "assumedRoleUser": {"assumedRoleId": "AROADEPLOY:ci", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/ci"}});
    let mut acted = topic(2);
    acted["userIdentity"] = json!({
        "type": "AssumedRole", "principalId": "AROADEPLOY:ci", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/ci", "accountId": ACCOUNT, "accessKeyId": KEY,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": "AROADEPLOY", "arn": role, "accountId": ACCOUNT, "userName": "Deploy"},
            "attributes": {"creationDate": planted["eventTime"], "mfaAuthenticated": "false"}
        }
    });
    let mut outside = topic(3);
    outside["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AROAELSE:x", "accountId": "999999999999"});
    put(&home.path("logs"), "PLANTED", &packed(&[planted, acted, outside]));
    let lake = home.text("lake");
    let strict = home.run(&["--lake", &lake, "ingest", "--strict", &home.text("logs")]);
    assert!(strict.code == 6 && strict.stderr.contains("[path_record_mismatch]"), "{}", strict.stderr);
    assert_eq!(home.run(&["--lake", &lake, &event_id(1)]).code, 5, "nothing of it is in the lake");
    let change = home.ask(&lake, &event_id(2))["changes"][0].clone();
    assert_eq!((&change["certainty"], &change["actor"]["kind"]), (&json!("unknown"), &json!("unknown")), "{change}");
    assert_eq!(home.ask(&lake, &event_id(3))["changes"][0]["actor"]["kind"], "external_account");
}
