//! Instances, functions, pods and services.

use super::check;
use super::records::*;

const WEB: Role = Role { account: PROD, path: "/", name: "web", id: "AROAWEB" };

fn instance(key: &str, delivery: &str) -> Who {
    session(&WEB, "i-0abc", key, "08:00:00").context(&format!("\"ec2RoleDelivery\":\"{delivery}\""))
}

#[test]
fn instance_has_two_sessions_in_a_second() {
    let long = opening(&WEB, "i-0abc", "K1", "08:00:00");
    for call in [long.clone(), Opening { short: true, ..long }] {
        let records = [
            call.by("one", &service("ec2.amazonaws.com")),
            Opening { key: "K2", ..call.clone() }.by("two", &service("ec2.amazonaws.com")),
            act("first", &instance("K1", "1.0")),
            act("second", &instance("K2", "2.0")),
        ];
        for (asked, by) in [("first", "one"), ("second", "two")] {
            check(
                &records,
                asked,
                &format!(
                    "proven workload arn:aws:ec2:ap-northeast-1:222222222222:instance/i-0abc
                     role_session i-0abc web <- {by} access_key"
                ),
            );
        }
        // The event of the other key proves nothing; the delivery attests.
        for (kept, asked) in [(1..4, "first"), (2..4, "second")] {
            check(
                &records[kept],
                asked,
                "attested workload arn:aws:ec2:ap-northeast-1:222222222222:instance/i-0abc
                 role_session i-0abc web <- ?",
            );
        }
    }
}

#[test]
fn instances_region_is_not_where_a_global_service_records() {
    let elsewhere = |id: &str, region: &str| act(id, &instance("K1", "2.0")).replace("ap-northeast-1", region);
    let attested = |region: &str| {
        format!(
            "attested workload arn:aws:ec2:{region}:222222222222:instance/i-0abc
             role_session i-0abc web <- ?"
        )
    };
    check(&[elsewhere("a", "us-east-1"), elsewhere("b", "eu-west-1")], "a", &attested("eu-west-1"));
    check(&[elsewhere("a", "eu-central-1"), elsewhere("b", "eu-west-1")], "a", &attested(""));
    // Another of its sessions says where EC2 runs it.
    let other = opening(&WEB, "i-0abc", "K9", "02:00:00").by("earlier", &service("ec2.amazonaws.com"));
    check(&[elsewhere("a", "us-east-1"), other], "a", &attested("ap-northeast-1"));
}

#[test]
fn session_named_as_an_instance_is_no_instance() {
    let who = session(&WEB, "i-0abc", "K1", "08:00:00");
    check(
        &[act("act", &who)],
        "act",
        "unknown unknown -
         role_session i-0abc web <- ?
         claims role_session_name i-0abc
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
    );
    check(
        &[act("act", &who), opening(&WEB, "i-0abc", "K1", "08:00:00").across("hers", &user("alice", "AKIAA", ""))],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session i-0abc web <- hers access_key",
    );
}

#[test]
fn what_a_foreign_account_says_of_its_machines_names_nobody() {
    // A role of another account that one of ours entered: its own records of what it runs on are not ours to believe.
    let role = Role { account: OUTSIDE, id: "AROATHEIRS", ..WEB };
    let hers = opening(&role, "i-0abc", "K1", "08:00:00").across("hers", &user("alice", "AKIAA", ""));
    let who = session(&role, "i-0abc", "K2", "08:00:00").context("\"ec2RoleDelivery\":\"2.0\"");
    check(
        &[hers, record("act", "09:00:00", PROD, "s3:PutObject", &who, "")],
        "act",
        "ambiguous unknown -
         role_session i-0abc web <- ?
         claims role_session_name i-0abc
         or iam_user arn:aws:iam::111111111111:user/alice hers
         needs every event that opens a session in the trail of account 999999999999 at 2026-11-18T08:00:00Z, and a record with the session's key",
    );
}

#[test]
fn managed_instance_without_a_profile_has_ec2s_own_role() {
    let who = Who::of(&format!(
        "\"type\":\"AssumedRole\",\"principalId\":\"{PROD}:aws:ec2-instance:i-0abc\",\"arn\":\"arn:aws:sts::{PROD}:assumed-role/aws:ec2-instance/i-0abc\",\"accountId\":\"{PROD}\",\"accessKeyId\":\"K1\""
    ))
    .context("\"attributes\":{\"creationDate\":\"2026-11-18T08:00:00Z\"}");
    check(
        &[act("act", &who)],
        "act",
        "attested workload arn:aws:ec2:ap-northeast-1:222222222222:instance/i-0abc
         role_session i-0abc aws:ec2-instance <- ?",
    );
}

#[test]
fn machine_outside_that_is_managed_is_itself() {
    let opened = opening(&WEB, "mi-0abc", "K1", "08:00:00").by("ssm", &service("ssm.amazonaws.com"));
    check(
        &[opened, act("act", &session(&WEB, "mi-0abc", "K1", "08:00:00"))],
        "act",
        "proven workload arn:aws:ssm:ap-northeast-1:222222222222:managed-instance/mi-0abc
         role_session mi-0abc web <- ssm access_key",
    );
}

#[test]
fn function_is_named_by_its_scope() {
    let role = Role { path: "/service-role/", name: "fn", id: "AROAFN", account: PROD };
    let function = "arn:aws:lambda:ap-northeast-1:222222222222:function:cleanup";
    let scope = format!("\"inScopeOf\":{{\"issuerType\":\"AWS::Lambda::Function\",\"credentialsIssuedTo\":\"{function}\"}}");
    let who = session(&role, "cleanup", "K1", "08:00:00");
    let opened = opening(&role, "cleanup", "K1", "08:00:00").by("lambda", &service("lambda.amazonaws.com"));
    check(
        &[act("act", &who.clone().with(&scope)), opened.clone()],
        "act",
        &format!("proven workload {function}\nrole_session cleanup fn <- lambda access_key"),
    );
    check(&[act("act", &who.clone()), opened], "act", &format!("proven workload {function}\nrole_session cleanup fn <- lambda access_key"));
    check(&[act("act", &who.clone().with(&scope))], "act", &format!("attested workload {function}\nrole_session cleanup fn <- ?"));
    // The older call does not say what it opened, and names it otherwise.
    let old = Opening { short: true, ..opening(&role, "awslambda_7_20261118080000000", "K1", "08:00:00") }
        .by("lambda", &service("lambda.amazonaws.com"));
    check(&[act("act", &who), old], "act", &format!("proven workload {function}\nrole_session cleanup fn <- lambda access_key"));
}

#[test]
fn pod_is_its_service_account_in_its_cluster() {
    let role = Role { path: "/", name: "pod", id: "AROAPOD", account: PROD };
    let tags = ",\"tags\":[{\"key\":\"eks-cluster-arn\",\"value\":\"arn:aws:eks:ap-northeast-1:222222222222:cluster/a\"},{\"key\":\"kubernetes-namespace\",\"value\":\"shop\"},{\"key\":\"kubernetes-service-account\",\"value\":\"web\"}],\"transitiveTagKeys\":[\"kubernetes-namespace\"]";
    let opened = Opening { asked: tags, ..opening(&role, "eks-a-web-1", "K1", "08:00:00") };
    let who = session(&role, "eks-a-web-1", "K1", "08:00:00");
    let resolution = check(
        &[opened.by("pod", &service("pods.eks.amazonaws.com")), act("act", &who)],
        "act",
        "proven workload system:serviceaccount:shop:web
         role_session eks-a-web-1 pod <- pod access_key eks-cluster-arn=arn:aws:eks:ap-northeast-1:222222222222:cluster/a kubernetes-namespace*=shop kubernetes-service-account=web",
    );
    assert_eq!(resolution.actor.provider(), Some("arn:aws:eks:ap-northeast-1:222222222222:cluster/a"));
    // A person may set the same tags.
    check(
        &[opened.across("hers", &user("alice", "AKIAA", "")), act("act", &who)],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session eks-a-web-1 pod <- hers access_key eks-cluster-arn=arn:aws:eks:ap-northeast-1:222222222222:cluster/a kubernetes-namespace*=shop kubernetes-service-account=web",
    );
}

#[test]
fn service_linked_role_is_its_services() {
    let role =
        Role { path: "/aws-service-role/autoscaling.amazonaws.com/", name: "AWSServiceRoleForAutoScaling", id: "AROASLR", account: PROD };
    let who = session(&role, "AutoScaling", "K2", "08:00:00");
    let opened = opening(&role, "AutoScaling", "K1", "08:00:00").by("slr", &service("autoscaling.amazonaws.com"));
    for who in [who.clone(), who.clone().invoked_by("autoscaling.amazonaws.com")] {
        check(
            &[act("act", &who), opened.clone()],
            "act",
            "proven aws_service autoscaling.amazonaws.com
             role_session AutoScaling AWSServiceRoleForAutoScaling <- slr assumed_role_id",
        );
    }
    check(
        &[act("act", &who)],
        "act",
        "attested aws_service autoscaling.amazonaws.com
         role_session AutoScaling AWSServiceRoleForAutoScaling <- ?",
    );
}

#[test]
fn service_on_its_own_account_is_itself() {
    check(&[act("act", &service("backup.amazonaws.com"))], "act", "proven aws_service backup.amazonaws.com");
    check(
        &[act("act", &Who::of("\"accountId\":\"222222222222\",\"invokedBy\":\"AWS Internal\""))],
        "act",
        "proven aws_service AWS Internal",
    );
    check(&[act("act", &Who::of("\"type\":\"AWSService\""))], "act", "unknown unknown -\nneeds no log can close this");
}

#[test]
fn forwarded_call_is_its_callers() {
    let forwarded = |key: &str| session(&LOCAL, "work", key, "08:00:00").invoked_by("cloudformation.amazonaws.com");
    let opened = opening(&LOCAL, "work", "K1", "08:00:00").by("assume", &user("alice", "AKIAA", ""));
    let proven = |link: &str| {
        format!(
            "proven iam_user arn:aws:iam::111111111111:user/alice
             role_session work Local <- assume {link}"
        )
    };
    check(&[opened.clone(), act("act", &forwarded("K9"))], "act", &proven("assumed_role_id"));
    check(&[opened.clone(), act("act", &forwarded("K1"))], "act", &proven("access_key"));
    // Somebody opened one more session in that second, and whose it is the logs do not say.
    check(
        &[opened, act("act", &forwarded("K9")), act("other", &session(&LOCAL, "work", "K2", "08:00:00"))],
        "act",
        "ambiguous unknown -
         role_session work Local <- ?
         claims role_session_name work
         or iam_user arn:aws:iam::111111111111:user/alice assume
         needs every event that opens a session in the trail of account 111111111111 at 2026-11-18T08:00:00Z, and a record with the session's key",
    );
}

#[test]
fn access_manager_opens_sessions_for_people() {
    let opened = opening(&DEPLOY, "sato@example.co.jp", "K1", "08:00:00").by("open", &service("account-access.amazonaws.com"));
    let who = session(&DEPLOY, "sato@example.co.jp", "K1", "08:00:00");
    check(
        &[opened.clone(), act("act", &who.clone().on_behalf_of("u-1"))],
        "act",
        "proven sso_user u-1
         role_session sato@example.co.jp Deploy <- open access_key",
    );
    check(
        &[opened, act("act", &who)],
        "act",
        "claimed unknown -
         role_session sato@example.co.jp Deploy <- open access_key
         claims role_session_name sato@example.co.jp
         needs no log can close this",
    );
}
