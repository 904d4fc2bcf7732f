//! What keeps an answer from saying more than the records do, each by itself.

use super::records::*;
use super::{check, graph, read};

#[test]
fn federation_token_of_the_root_user_is_roots() {
    let issuer = format!("\"type\":\"Root\",\"arn\":\"arn:aws:iam::{TOOLS}:root\",\"accountId\":\"{TOOLS}\"");
    let who = Who::of(&format!(
        "\"type\":\"FederatedUser\",\"principalId\":\"{TOOLS}:app\",\"arn\":\"arn:aws:sts::{TOOLS}:federated-user/app\",\"accountId\":\"{TOOLS}\",\"accessKeyId\":\"K1\""
    ));
    let who = who
        .context(&format!("\"sessionIssuer\":{{{issuer}}}"))
        .context("\"attributes\":{\"creationDate\":\"2026-11-18T08:00:00Z\",\"mfaAuthenticated\":\"false\"}");
    check(
        &[record("act", "09:00:00", TOOLS, "StopInstances", &who, "")],
        "act",
        "attested root_user arn:aws:iam::111111111111:root
         federated_user app - <- ?",
    );
}

#[test]
fn provider_is_told_by_the_answer_where_the_caller_says_its_host_alone() {
    let issuer = "token.actions.githubusercontent.com";
    let opened = opening(&DEPLOY, "ci", "K1", "08:00:00").web("web", issuer, "repo:acme/shop:pull_request");
    let arn = format!("arn:aws:iam::{TOOLS}:oidc-provider/{issuer}");
    let opened = opened.replacen(&format!("\"identityProvider\":\"{arn}\""), &format!("\"identityProvider\":\"{issuer}\""), 1);
    let facts = read(&[opened, act("act", &session(&DEPLOY, "ci", "K1", "08:00:00"))]);
    let resolution = graph(&[TOOLS, PROD], facts.values()).resolve(&facts.get("act").unwrap().session);
    assert_eq!((resolution.actor.kind(), resolution.actor.account_id()), ("pipeline", Some(TOOLS)));
}

#[test]
fn tag_is_a_claim_only_where_it_reads_as_a_person_and_a_caller_set_it() {
    let of = |asked: &str| {
        let lost = session(&LOCAL, "x", "KLOST", "07:00:00");
        let opened = Opening { asked, ..opening(&DEPLOY, "two", "K2", "08:00:00") }.across("open", &lost);
        let facts = read(&[opened, act("act", &session(&DEPLOY, "two", "K2", "08:00:00"))]);
        let resolution = graph(&[TOOLS, PROD], facts.values()).resolve(&facts.get("act").unwrap().session);
        let tags = resolution.claims.iter().filter(|claim| claim.source == "session_tag").map(|claim| claim.value.clone());
        (resolution.certainty.word(), tags.collect::<Vec<_>>())
    };
    let tag = |key: &str, value: &str| format!(",\"tags\":[{{\"key\":\"{key}\",\"value\":\"{value}\"}}]");
    assert_eq!(of(&tag("owner", "ceo@example.co.jp")), ("claimed", vec!["ceo@example.co.jp".to_owned()]));
    assert_eq!(of(&tag("team", "shop")), ("unknown", vec![]));
}

#[test]
fn what_is_less_than_proven_says_why() {
    let sessions = [
        act("reserved", &session(&OPS, "sato", "K1", "08:00:00")),
        act("reserved-later", &session(&OPS, "sato", "K9", "08:10:00")),
        act("federated", &federated("app", "K2", "08:00:00", "broker")),
        act("lost", &session(&LOCAL, "sato@example.co.jp", "K3", "08:00:00")),
        act("outside-call", &brief(&session(&LOCAL, "x", "", ""))),
        portal_act("portal", "u-1"),
        opening(&DEPLOY, "s", "K4", "08:00:00").across("open", &session(&OPS, "sato", "K1", "08:00:00")),
        act("other-key", &session(&DEPLOY, "s", "K5", "08:00:00")),
        act("behalf", &session(&DEPLOY, "s", "K4", "08:00:00").on_behalf_of("u-2")),
        switch("switch", &DEPLOY, "w", "08:30:00", &format!("arn:aws:sts::{TOOLS}:assumed-role/{}/sato", OPS.name)),
        click("switched", &session(&DEPLOY, "w", "K6", "08:30:00")),
    ];
    let facts = read(&sessions);
    let graph = graph(&[TOOLS, PROD, IDC], facts.values());
    let mut grades = std::collections::BTreeSet::new();
    for (id, fact) in &facts {
        let resolution = graph.resolve(&fact.session);
        let word = resolution.certainty.word();
        grades.insert(word);
        assert_eq!(resolution.reason.is_some(), word != "proven", "{id}: {word} {:?}", resolution.reason);
        assert_eq!(resolution.gap.is_some(), !matches!(word, "proven" | "attested" | "probable"), "{id}: {word} {:?}", resolution.gap);
    }
    assert_eq!(grades, ["ambiguous", "attested", "claimed", "unknown"].into());
}

fn portal_act(id: &str, user: &str) -> String {
    record(id, "09:00:00", IDC, "sso-directory:CreateGroup", &portal(user), "")
}
