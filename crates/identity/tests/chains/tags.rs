//! Session tags and source identity on their way down.

use super::check;
use super::records::*;

const THIRD: Role = Role { account: TOOLS, path: "/", name: "Third", id: "AROATHIRD" };

fn first() -> Opening<'static> {
    let asked = ",\"tags\":[{\"key\":\"team\",\"value\":\"shop\"},{\"key\":\"run\",\"value\":\"local\"}],\"transitiveTagKeys\":[\"team\"],\"sourceIdentity\":\"alice\"";
    Opening { asked, told: ",\"sourceIdentity\":\"alice\"", ..opening(&LOCAL, "one", "K1", "08:00:00") }
}

fn records(second: Opening<'_>) -> [String; 4] {
    let one = session(&LOCAL, "one", "K1", "08:00:00").context("\"sourceIdentity\":\"alice\"");
    let two = session(&DEPLOY, "two", "K2", "08:10:00");
    let third = opening(&THIRD, "three", "K3", "08:20:00");
    [
        first().by("a", &user("alice", "AKIAA", "")),
        second.across("b", &one),
        third.across("c", &two),
        act("act", &session(&THIRD, "three", "K3", "08:20:00")),
    ]
}

#[test]
fn transitive_tags_and_source_identity_go_on() {
    let second = opening(&DEPLOY, "two", "K2", "08:10:00");
    let told = Opening { asked: ",\"incomingTransitiveTags\":{\"team\":\"shop\"}", ..second.clone() };
    for second in [second, told] {
        check(
            &records(second),
            "act",
            "proven iam_user arn:aws:iam::111111111111:user/alice
             role_session one Local <- a access_key run=local team*=shop source_identity=alice
             role_session two Deploy <- b access_key team*=shop source_identity=alice
             role_session three Third <- c access_key team*=shop source_identity=alice",
        );
    }
}

#[test]
fn inherited_tag_cannot_be_overridden() {
    let asked =
        ",\"tags\":[{\"key\":\"team\",\"value\":\"audit\"},{\"key\":\"change\",\"value\":\"7\"}],\"transitiveTagKeys\":[\"change\"]";
    check(
        &records(Opening { asked, ..opening(&DEPLOY, "two", "K2", "08:10:00") }),
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session one Local <- a access_key run=local team*=shop source_identity=alice
         role_session two Deploy <- b access_key change*=7 team*=shop source_identity=alice
         role_session three Third <- c access_key change*=7 team*=shop source_identity=alice",
    );
}

#[test]
fn recorded_tags_stand_where_the_session_before_is_missing() {
    let second =
        Opening { asked: ",\"incomingTransitiveTags\":{\"owner\":\"sato@example.co.jp\"}", ..opening(&DEPLOY, "two", "K2", "08:10:00") };
    check(
        &records(second)[1..],
        "act",
        "claimed unknown -
         role_session one Local <- ? source_identity=alice
         role_session two Deploy <- b access_key owner*=sato@example.co.jp source_identity=alice
         role_session three Third <- c access_key owner*=sato@example.co.jp source_identity=alice
         claims role_session_name one
         claims role_session_name three
         claims role_session_name two
         claims session_tag sato@example.co.jp
         claims source_identity alice
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn provider_asserts_tags_too() {
    let asked = ",\"principalTags\":{\"team\":\"shop\"},\"transitiveTagKeys\":[\"team\"]";
    let opened = Opening { asked, ..opening(&OPS, "sato", "K1", "08:00:00") }.saml("saml", "AWSSSO_1_DO_NOT_DELETE", "sato");
    check(
        &[opened, act("act", &session(&OPS, "sato", "K2", "08:00:00"))],
        "act",
        "proven sso_user sato
         role_session sato AWSReservedSSO_Ops_0123456789abcdef <- saml assumed_role_id team*=shop",
    );
}

#[test]
fn calls_of_one_second_vouch_only_for_the_tags_they_share() {
    let call = |id: &str, key: &str, run: &str| {
        let asked = format!(",\"tags\":[{{\"key\":\"team\",\"value\":\"shop\"}},{{\"key\":\"run\",\"value\":\"{run}\"}}]");
        Opening { asked: &asked, ..opening(&LOCAL, "one", key, "08:00:00") }.by(id, &user("alice", "AKIAA", ""))
    };
    let forwarded = session(&LOCAL, "one", "K9", "08:00:00").invoked_by("kms.amazonaws.com");
    check(
        &[call("a", "K1", "1"), call("b", "K2", "2"), act("act", &forwarded)],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session one Local <- a+b assumed_role_id team=shop",
    );
}

#[test]
fn what_the_provider_asserted_is_told_apart_from_what_a_caller_set() {
    let by_provider = ",\"principalTags\":{\"company\":\"partner\",\"desk\":\"7\"},\"transitiveTagKeys\":[\"company\"]";
    let saml = Opening { asked: by_provider, ..opening(&OPS, "sato", "K1", "08:00:00") }.saml("saml", "AWSSSO_1_DO_NOT_DELETE", "sato");
    // The caller's own tags, one of them under the provider's name; and what is no member of this call.
    let by_caller =
        ",\"tags\":[{\"key\":\"company\",\"value\":\"ours\"},{\"key\":\"change\",\"value\":\"7\"}],\"principalTags\":{\"team\":\"audit\"}";
    let assumed =
        Opening { asked: by_caller, ..opening(&DEPLOY, "two", "K3", "08:10:00") }.across("b", &session(&OPS, "sato", "K2", "08:00:00"));
    let resolution = check(
        &[saml, assumed, act("act", &session(&DEPLOY, "two", "K3", "08:10:00"))],
        "act",
        "proven sso_user sato
         role_session sato AWSReservedSSO_Ops_0123456789abcdef <- saml assumed_role_id company*=partner desk=7
         role_session two Deploy <- b access_key change=7 company*=partner",
    );
    let asserted: Vec<&[String]> = resolution.chain.iter().map(|credential| credential.asserted_tag_keys.as_slice()).collect();
    assert_eq!(asserted, [&["company".to_owned(), "desk".to_owned()][..], &["company".to_owned()][..]]);
}

#[test]
fn tag_that_was_recorded_as_inherited_is_asserted_only_where_the_session_before_shows_it() {
    let told = ",\"incomingTransitiveTags\":{\"company\":\"partner\"}";
    let assumed =
        Opening { asked: told, ..opening(&DEPLOY, "two", "K3", "08:10:00") }.across("b", &session(&OPS, "sato", "K2", "08:00:00"));
    let resolution = check(
        &[assumed, act("act", &session(&DEPLOY, "two", "K3", "08:10:00"))],
        "act",
        "attested sso_user sato
         role_session sato AWSReservedSSO_Ops_0123456789abcdef <- ?
         role_session two Deploy <- b access_key company*=partner",
    );
    assert!(resolution.chain.iter().all(|credential| credential.asserted_tag_keys.is_empty()));
}
