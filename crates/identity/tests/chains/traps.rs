//! Records as exporters, amendments and the console write them, where a reader might see one opening too many, or one that is none.

use super::check;
use super::records::*;

const ALICE: &str = "proven iam_user arn:aws:iam::111111111111:user/alice";

fn opened(id: &str) -> String {
    opening(&DEPLOY, "release", "K1", "08:00:00").across(id, &user("alice", "AKIAA", ""))
}

#[test]
fn amended_record_of_an_opening_is_the_same_opening() {
    // CloudTrail delivers a record again, under another id, where a field of it was late or wrong.
    let amended = opened("again").replace(
        "\"eventType\"",
        "\"addendum\":{\"reason\":\"UPDATED_DATA\",\"updatedFields\":\"responseElements\",\"originalEventID\":\"first\"},\"eventType\"",
    );
    let records = [
        opened("first"),
        amended,
        act("own", &session(&DEPLOY, "release", "K1", "08:00:00")),
        act("forwarded", &session(&DEPLOY, "release", "K9", "08:00:00").invoked_by("kms.amazonaws.com")),
    ];
    check(&records, "own", &format!("{ALICE}\nrole_session release Deploy <- again+first access_key"));
    check(&records, "forwarded", &format!("{ALICE}\nrole_session release Deploy <- again+first assumed_role_id"));
}

#[test]
fn marks_are_read_however_an_exporter_writes_them() {
    let page = |mark: &str| {
        click("page", &session(&DEPLOY, "release", "KPAGE", "08:00:00"))
            .replace("\"sessionCredentialFromConsole\":\"true\"", &format!("\"sessionCredentialFromConsole\":{mark}"))
    };
    let proven = format!("{ALICE}\nrole_session release Deploy <- first assumed_role_id");
    for mark in ["\"true\"", "true", "\"True\"", "\"TRUE\""] {
        check(&[opened("first"), page(mark)], "page", &proven);
    }
    for mark in ["\"false\"", "false", "null", "\"null\"", "\"\"", "\"yes\""] {
        check(
            &[opened("first"), page(mark)],
            "page",
            "ambiguous unknown -
             role_session release Deploy <- ?
             claims role_session_name release
             or iam_user arn:aws:iam::111111111111:user/alice first
             needs every event that opens a session in the trail of account 222222222222 at 2026-11-18T08:00:00Z, and a record with the session's key",
        );
    }
}

#[test]
fn mark_among_the_attributes_of_a_session_is_one() {
    let page = click("page", &session(&DEPLOY, "release", "KPAGE", "08:00:00"))
        .replace(",\"sessionCredentialFromConsole\":\"true\"", "")
        .replace("\"attributes\":{", "\"attributes\":{\"sessionCredentialFromConsole\":\"true\",");
    assert_eq!(page.matches("sessionCredentialFromConsole").count(), 1, "{page}");
    check(&[opened("first"), page], "page", &format!("{ALICE}\nrole_session release Deploy <- first assumed_role_id"));
}

#[test]
fn call_that_was_answered_with_nothing_opened_nothing() {
    for answer in ["null", "\"null\"", "{}", "\"\""] {
        let record = opened("first");
        let (before, rest) = record.split_once("\"responseElements\":").unwrap();
        let (_, after) = rest.split_once("}}").unwrap();
        let record = format!("{before}\"responseElements\":{answer}{}", after.trim_start_matches('}'));
        check(
            &[record, act("act", &session(&DEPLOY, "release", "K1", "08:00:00"))],
            "act",
            "unknown unknown -
             role_session release Deploy <- ?
             claims role_session_name release
             needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
        );
    }
}

#[test]
fn leaving_a_role_opens_no_session() {
    let from = format!("arn:aws:sts::{PROD}:assumed-role/Deploy/bob");
    let left = switch("left", &DEPLOY, "bob", "08:30:00", &from).replace("SwitchRole", "ExitRole");
    let records = [
        console_login("login", "07:00:00", &user("bob", "", "")),
        switch("switch", &DEPLOY, "bob", "08:00:00", "arn:aws:iam::111111111111:user/bob"),
        left,
        click("page", &session(&DEPLOY, "bob", "KPAGE", "08:00:00")),
        click("own", &user("bob", "KOWN", "07:00:00")),
        click("later", &session(&DEPLOY, "bob", "KLATER", "08:30:00")),
    ];
    check(&records, "page", "proven iam_user arn:aws:iam::111111111111:user/bob\nrole_session bob Deploy <- switch switch_role");
    check(&records, "own", "proven iam_user arn:aws:iam::111111111111:user/bob\nconsole_session - - <- login sign_in");
    check(
        &records,
        "later",
        "unknown unknown -
         role_session bob Deploy <- ?
         claims role_session_name bob
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:30:00Z",
    );
}
