//! Records that say little, or too much.

use super::records::*;
use super::{check, graph};

#[test]
fn identity_that_names_nobody_is_unknown() {
    let cases = [
        "\"type\":\"Unknown\",\"principalId\":\"Anonymous\",\"accountId\":\"\"",
        "\"type\":\"Directory\",\"arn\":\"arn:aws:ds:ap-northeast-1::user/d-1/u\",\"userName\":\"sato\"",
        "\"type\":\"Directory\",\"userName\":\"sato\"",
        "\"accountId\":\"111111111111\"",
        "\"type\":\"SAMLUser\",\"principalId\":\"q:\",\"identityProvider\":\"q\"",
        "\"type\":\"WebIdentityUser\",\"principalId\":\"p\",\"userName\":\"repo:acme/shop:ref:refs/heads/main\"",
        "\"type\":\"Root\"",
        "\"type\":\"NewInTwentyThirty\",\"userName\":\"sato\"",
    ];
    for members in cases {
        let facts = super::read(&[act("act", &Who::of(members))]);
        let resolution = graph(&[TOOLS], facts.values()).resolve(&facts["act"].session);
        assert_eq!((resolution.actor, resolution.certainty.word()), (identity::Actor::Unknown, "unknown"), "{members}");
        assert!(resolution.gap.is_some() && resolution.reason.is_some(), "{members}");
    }
}

#[test]
fn record_without_an_identity_is_unknown() {
    let record = r#"{"eventVersion":"1.11","eventTime":"2026-11-18T09:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"StopInstances","eventID":"act","recipientAccountId":"111111111111"}"#;
    check(&[record.to_owned()], "act", "unknown unknown -\nneeds no log can close this");
    let null = record.replace("\"eventID\"", "\"userIdentity\":null,\"eventID\"");
    check(&[null], "act", "unknown unknown -\nneeds no log can close this");
}

#[test]
fn identity_centers_own_events_name_the_user_by_id() {
    check(&[act("act", &portal("u-1"))], "act", "attested sso_user u-1");
    let unknown = Who::of("\"type\":\"Unknown\",\"accountId\":\"333333333333\"").on_behalf_of("u-1");
    check(&[act("act", &unknown)], "act", "attested sso_user u-1");
    check(&[act("act", &Who::of("\"accountId\":\"333333333333\"").on_behalf_of("u-1"))], "act", "attested sso_user u-1");
}

#[test]
fn records_that_contradict_each_other_name_nobody() {
    let who = session(&OPS, "sato", "K1", "08:00:00");
    let digests = "unknown unknown -\nneeds the records as CloudTrail delivered them: check the digests";
    let others = [
        who.clone().on_behalf_of("u-2"),
        who.clone().json_as("assumed-role/AWSReservedSSO_Ops_0123456789abcdef", "assumed-role/Other"),
        who.clone().json_as("\"AssumedRole\"", "\"IAMUser\""),
    ];
    for other in others {
        check(&[act("one", &who.clone().on_behalf_of("u-1")), act("two", &other)], "one", digests);
    }
}

#[test]
fn role_session_without_context_is_unknown() {
    let who = session(&OPS, "sato@example.co.jp", "", "");
    check(
        &[act("act", &who)],
        "act",
        "claimed unknown -
         role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- ?
         claims role_session_name sato@example.co.jp
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 111111111111 at the session's start",
    );
}

#[test]
fn rare_form_with_the_roles_arn_is_the_session_all_the_same() {
    let who = session(&LOCAL, "work", "K1", "08:00:00");
    let rare = who.clone().json_as("arn:aws:sts::111111111111:assumed-role/Local/work", "arn:aws:iam::111111111111:role/Local");
    let opened = opening(&LOCAL, "work", "K1", "08:00:00").by("assume", &user("alice", "AKIAA", ""));
    check(
        &[opened, act("act", &who), act("rare", &rare)],
        "rare",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session work Local <- assume access_key",
    );
}

#[test]
fn session_that_was_never_seen_is_unknown() {
    let facts = super::read(&[act("act", &session(&LOCAL, "work", "K1", "08:00:00"))]);
    let resolution = identity::Graph::default().resolve(&facts["act"].session);
    assert_eq!(resolution.certainty.word(), "unknown");
}

#[test]
fn the_same_record_twice_is_one() {
    let call = opening(&LOCAL, "work", "K1", "08:00:00").by("assume", &user("alice", "AKIAA", ""));
    let facts = super::read(&[call.clone(), act("act", &session(&LOCAL, "work", "K1", "08:00:00"))]);
    let once = graph(&[TOOLS], facts.values()).resolve(&facts["act"].session);
    // One event delivered under two regions, as global ones once were.
    let again = super::read(&[call.replace("ap-northeast-1", "us-east-1")]);
    let twice = graph(&[TOOLS], facts.values().chain(facts.values()).chain(again.values())).resolve(&facts["act"].session);
    assert_eq!(once, twice);
}

#[test]
fn directory_user_is_named_by_aws_on_the_event() {
    let who = "\"type\":\"Directory\",\"arn\":\"arn:aws:ds:ap-northeast-1:111111111111:user/d-1/u\",\"accountId\":\"111111111111\",\"userName\":\"sato\"";
    let resolution =
        check(&[act("act", &Who::of(who))], "act", "attested directory_user arn:aws:ds:ap-northeast-1:111111111111:user/d-1/u");
    assert_eq!(resolution.actor.account_id(), Some(TOOLS));
}

#[test]
fn confusable_names_are_two_people() {
    // Cyrillic a; a full-width letter; a zero-width space; another case.
    for other in ["s\u{430}to@example.co.jp", "\u{ff53}ato@example.co.jp", "sa\u{200b}to@example.co.jp", "Sato@example.co.jp"] {
        let opened = |id: &str, name: &str, key: &str| sso_opening(id, name, key, "08:00:00");
        let records =
            [opened("one", "sato@example.co.jp", "K1"), opened("two", other, "K2"), act("act", &session(&OPS, other, "K9", "08:00:00"))];
        check(
            &records,
            "act",
            &format!("proven sso_user {other}\nrole_session {other} AWSReservedSSO_Ops_0123456789abcdef <- two assumed_role_id"),
        );
    }
}
