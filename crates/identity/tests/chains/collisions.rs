//! What fits twice: keys that come round again, sessions of one role, name and second, roles made again under their name.

use super::check;
use super::records::*;

fn opened(id: &str, by: &str, key: &str) -> String {
    opening(&DEPLOY, "release", key, "08:00:00").across(id, &user(by, &format!("AKIA{by}"), ""))
}

fn deploy(key: &str) -> Who {
    session(&DEPLOY, "release", key, "08:00:00")
}

fn named(who: &str, id: &str, link: &str) -> String {
    format!("proven iam_user arn:aws:iam::111111111111:user/{who}\nrole_session release Deploy <- {id} {link}")
}

const OPENINGS: &str = "needs every event that opens a session in the trail of account 222222222222 at 2026-11-18T08:00:00Z, and a record with the session's key";

fn either(candidates: &str) -> String {
    format!("ambiguous unknown -\nrole_session release Deploy <- ?\nclaims role_session_name release\n{candidates}\n{OPENINGS}")
}

const ALICE: &str = "or iam_user arn:aws:iam::111111111111:user/alice a";
const BOB: &str = "or iam_user arn:aws:iam::111111111111:user/bob b";

#[test]
fn keys_tell_two_sessions_of_one_second_apart() {
    let records = [opened("a", "alice", "K1"), opened("b", "bob", "K2"), act("one", &deploy("K1")), act("two", &deploy("K2"))];
    check(&records, "one", &named("alice", "a", "access_key"));
    check(&records, "two", &named("bob", "b", "access_key"));
}

#[test]
fn unknown_key_is_nobodys_even_where_one_opening_is_left() {
    let (a, b, third) = (opened("a", "alice", "K1"), opened("b", "bob", "K2"), act("third", &deploy("K3")));
    check(&[a.clone(), b.clone(), third.clone()], "third", &either(&format!("{ALICE}\n{BOB}")));
    check(&[a.clone(), third.clone()], "third", &either(ALICE));
    check(&[a.clone(), act("one", &deploy("K1")), third.clone()], "third", &either(ALICE));
    check(&[a, b, act("one", &deploy("K1")), act("two", &deploy("K2")), third], "third", &either(&format!("{ALICE}\n{BOB}")));
}

#[test]
fn forwarded_call_of_one_of_two_sessions_is_ambiguous() {
    let forwarded = act("act", &deploy("K9").invoked_by("cloudformation.amazonaws.com"));
    check(&[opened("a", "alice", "K1"), opened("b", "bob", "K2"), forwarded.clone()], "act", &either(&format!("{ALICE}\n{BOB}")));
    check(&[opened("a", "alice", "K1"), opened("b", "alice", "K2"), forwarded], "act", &named("alice", "a+b", "assumed_role_id"));
}

#[test]
fn record_without_its_key_may_be_either_sessions() {
    let keyless = act("act", &deploy(""));
    check(&[opened("a", "alice", "K1"), opened("b", "bob", "K2"), keyless.clone()], "act", &either(&format!("{ALICE}\n{BOB}")));
    check(&[opened("a", "alice", "K1"), keyless], "act", &named("alice", "a", "assumed_role_id"));
}

#[test]
fn two_sessions_of_one_person_are_that_persons() {
    let first = user("alice", "AKIA1", "");
    let second = user("alice", "AKIA2", "");
    let call = |id: &str, key: &str, who: &Who| opening(&DEPLOY, "release", key, "08:00:00").across(id, who);
    let records = [call("a", "K1", &first), call("b", "K2", &second), act("act", &deploy("K9").invoked_by("kms.amazonaws.com"))];
    check(&records, "act", "attested iam_user arn:aws:iam::111111111111:user/alice\nrole_session release Deploy <- ?");
}

#[test]
fn key_comes_round_again_to_another() {
    let later = Role { id: "AROALATER", name: "Later", ..DEPLOY };
    let records = [
        opened("a", "alice", "K1"),
        opening(&later, "release", "K1", "2026-12-20T08:00:00Z").across("b", &user("bob", "AKIAB", "")),
        act("one", &deploy("K1")),
        act("two", &session(&later, "release", "K1", "2026-12-20T08:00:00Z")),
    ];
    check(&records, "one", &named("alice", "a", "access_key"));
    check(&records, "two", "proven iam_user arn:aws:iam::111111111111:user/bob\nrole_session release Later <- b access_key");
    check(&records[..3], "one", &named("alice", "a", "access_key"));
    check(
        &[records[0].clone(), records[3].clone()],
        "two",
        "unknown unknown -
         role_session release Later <- ?
         claims role_session_name release
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-12-20T08:00:00Z",
    );
}

#[test]
fn key_comes_round_again_to_the_same_role_and_name() {
    let again = "2026-12-20T08:00:00Z";
    let records = [
        opened("a", "alice", "K1"),
        opening(&DEPLOY, "release", "K1", again).across("b", &user("bob", "AKIAB", "")),
        act("one", &deploy("K1")),
        act("two", &session(&DEPLOY, "release", "K1", again)),
    ];
    check(&records, "one", &named("alice", "a", "access_key"));
    check(&records, "two", &named("bob", "b", "access_key"));
    let unknown = |time: &str| {
        format!(
            "unknown unknown -\nrole_session release Deploy <- ?\nclaims role_session_name release\nneeds AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at {time}"
        )
    };
    check(&[records[0].clone(), records[3].clone()], "two", &unknown(again));
    check(&[records[1].clone(), records[2].clone()], "one", &unknown("2026-11-18T08:00:00Z"));
}

#[test]
fn key_without_a_creation_date_proves_nothing() {
    let undated = session(&DEPLOY, "release", "K1", "").context("\"attributes\":{}");
    let b = opening(&DEPLOY, "release", "K1", "2026-12-20T08:00:00Z").across("b", &user("bob", "AKIAB", ""));
    let needs = "needs every event that opens a session in the trail of account 222222222222 at the session's start, and a record with the session's key";
    let listed = |candidates: &str| {
        format!("ambiguous unknown -\nrole_session release Deploy <- ?\nclaims role_session_name release\n{candidates}\n{needs}")
    };
    check(&[opened("a", "alice", "K1"), b.clone(), act("act", &undated)], "act", &listed(&format!("{ALICE}\n{BOB}")));
    check(&[b, act("act", &undated)], "act", &listed(BOB));
}

#[test]
fn clocks_of_two_regions_may_differ_by_seconds() {
    for (time, joins) in [("07:59:55", true), ("08:00:05", true), ("07:59:54", false), ("08:00:06", false)] {
        let call = opening(&DEPLOY, "release", "K1", time).across("a", &user("alice", "AKIAA", ""));
        let facts = super::read(&[call, act("act", &deploy("K1"))]);
        let resolution = super::graph(&[TOOLS, PROD], facts.values()).resolve(&facts["act"].session);
        assert_eq!(resolution.certainty == identity::Certainty::Proven, joins, "{time}");
    }
}

#[test]
fn key_that_two_callers_were_given_at_once_is_either_ones() {
    let records = [opened("a", "alice", "K1"), opened("b", "bob", "K1"), act("act", &deploy("K1"))];
    check(&records, "act", &either(&format!("{ALICE}\n{BOB}")));
}

#[test]
fn opening_in_the_very_second_goes_before_one_seconds_away() {
    let near = opening(&DEPLOY, "release", "K1", "08:00:03").across("b", &user("bob", "AKIAB", ""));
    check(&[opened("a", "alice", "K1"), near.clone(), act("act", &deploy("K1"))], "act", &named("alice", "a", "access_key"));
    check(&[near, act("act", &deploy("K1"))], "act", &named("bob", "b", "access_key"));
}

#[test]
fn role_made_again_under_its_name_is_another() {
    let again = Role { id: "AROAAGAIN", ..DEPLOY };
    for short in [false, true] {
        let call = Opening { short, ..opening(&again, "release", "K2", "08:00:00") };
        let records = [
            opened("a", "alice", "K1"),
            call.across("b", &user("bob", "AKIAB", "")),
            act("old", &deploy("K1")),
            act("new", &session(&again, "release", "K2", "08:00:00")),
        ];
        check(&records, "old", &named("alice", "a", "access_key"));
        check(&records, "new", &named("bob", "b", "access_key"));
        check(
            &[records[0].clone(), records[3].clone()],
            "new",
            "unknown unknown -
             role_session release Deploy <- ?
             claims role_session_name release
             needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
        );
    }
}

#[test]
fn key_of_another_role_joins_nothing() {
    let call = Opening { short: true, ..opening(&LOCAL, "release", "K1", "08:00:00") };
    check(
        &[call.by("a", &user("alice", "AKIAA", "")), act("act", &deploy("K1"))],
        "act",
        "unknown unknown -
         role_session release Deploy <- ?
         claims role_session_name release
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn key_of_a_namesake_role_elsewhere_joins_nothing() {
    // The call does not say what it opened; role and account together do.
    for namesake in [Role { account: TOOLS, ..DEPLOY }, Role { name: "Other", ..DEPLOY }] {
        let call = Opening { short: true, ..opening(&namesake, "release", "K1", "08:00:00") };
        check(
            &[call.by("a", &user("alice", "AKIAA", "")), act("act", &deploy("K1"))],
            "act",
            "unknown unknown -
             role_session release Deploy <- ?
             claims role_session_name release
             needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
        );
    }
}

#[test]
fn hidden_key_joins_nothing() {
    let hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
    let records = [opened("a", "alice", hidden), opened("b", "bob", hidden), act("act", &deploy("K9").invoked_by("kms.amazonaws.com"))];
    let records =
        records.map(|record| record.replace("shared-HIDDEN_DUE_TO_SECURITY_REASONS", if record.contains("alice") { "s1" } else { "s2" }));
    check(&records, "act", &either(&format!("{ALICE}\n{BOB}")));
}

#[test]
fn ways_back_do_not_multiply_without_end() {
    // Two openings fit each of thirty hops, none of them by its key: a thousand million ways.
    let forwarded = |hop: usize, key: &str| {
        session(&DEPLOY, "release", &format!("F{hop}{key}"), &format!("08:{hop:02}:00")).invoked_by("kms.amazonaws.com")
    };
    let mut records = Vec::new();
    for hop in 0..30 {
        for (key, who) in [("x", "alice"), ("y", "bob")] {
            let caller = if hop == 0 { user(who, &format!("AKIA{who}"), "") } else { forwarded(hop - 1, key) };
            records.push(
                opening(&DEPLOY, "release", &format!("K{hop}{key}"), &format!("08:{hop:02}:00")).across(&format!("{key}{hop}"), &caller),
            );
        }
    }
    records.push(act("act", &forwarded(29, "x")));
    let facts = super::read(&records);
    let resolution = super::graph(&[TOOLS, PROD], facts.values()).resolve(&facts["act"].session);
    assert_eq!(resolution.certainty, identity::Certainty::Ambiguous);
}
