//! AssumeRole: within an account, across two, chained, and opened by an identity provider's token.

use super::records::*;
use super::{check, check_in, graph, plain, read, same_in_one_go};

fn alice() -> Who {
    user("alice", "AKIAALICE", "")
}

fn deploy(key: &str) -> Who {
    session(&DEPLOY, "release", key, "08:00:00")
}

#[test]
fn role_of_the_same_account() {
    check(
        &[opening(&LOCAL, "work", "K1", "08:00:00").by("assume", &alice()), act("act", &session(&LOCAL, "work", "K1", "08:00:00"))],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session work Local <- assume access_key",
    );
}

#[test]
fn role_of_another_account_is_recorded_twice() {
    let call = opening(&DEPLOY, "release", "K1", "08:00:00");
    let (mine, theirs, act) = (call.across("mine", &alice()), call.copy("theirs", &alice()), act("act", &deploy("K1")));
    let proven = |by: &str| format!("proven iam_user arn:aws:iam::111111111111:user/alice\nrole_session release Deploy <- {by} access_key");
    check(&[mine.clone(), theirs.clone(), act.clone()], "act", &proven("mine+theirs"));
    check(&[act.clone(), theirs.clone(), mine.clone()], "act", &proven("mine+theirs"));
    check(&[mine, act.clone()], "act", &proven("mine"));
    check(
        &[theirs, act],
        "act",
        "unknown unknown -
         role_session release Deploy <- theirs access_key
         claims role_session_name release
         needs AssumeRole in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn role_owners_copy_claims_the_callers_session_name() {
    let caller = session(&LOCAL, "sato@example.co.jp", "K0", "07:00:00");
    check(
        &[opening(&DEPLOY, "release", "K1", "08:00:00").copy("theirs", &caller), act("act", &deploy("K1"))],
        "act",
        "claimed unknown -
         role_session release Deploy <- theirs access_key
         claims role_session_name release
         claims role_session_name sato@example.co.jp
         needs AssumeRole in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn caller_outside_is_its_account_until_the_account_is_ours() {
    let mut vendor = Who::of("");
    (vendor.account, vendor.principal) = (OUTSIDE.into(), "AROATHEIRS:collector".into());
    let records = [opening(&DEPLOY, "release", "K1", "08:00:00").copy("theirs", &vendor), act("act", &deploy("K1"))];
    check(
        &records,
        "act",
        "proven external_account 999999999999
         role_session release Deploy <- theirs access_key",
    );
    check(&records, "theirs", "proven external_account 999999999999");
    check_in(
        &[OUTSIDE],
        &records,
        "act",
        "unknown unknown -
         role_session release Deploy <- theirs access_key
         claims role_session_name collector
         claims role_session_name release
         needs AssumeRole in the trail of account 999999999999 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn foreign_role_that_we_assumed_is_our_person() {
    let theirs = Role { account: OUTSIDE, path: "/", name: "Partner", id: "AROAPARTNER" };
    let who = session(&theirs, "x", "K1", "08:00:00");
    let here = record("act", "09:00:00", PROD, "s3:PutObject", &who, "");
    let expected = "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session x Partner <- assume access_key";
    check(&[here, opening(&theirs, "x", "K1", "08:00:00").across("assume", &alice())], "act", expected);
}

#[test]
fn copy_of_an_iam_users_call_knows_the_user_by_id() {
    let call = opening(&DEPLOY, "release", "K1", "08:00:00");
    let login = console_login("login", "07:00:00", &user("alice", "", ""));
    check(&[call.copy("theirs", &alice()), login], "theirs", "proven iam_user arn:aws:iam::111111111111:user/alice");
}

/// `hops` sessions of as many roles, each opened by the one before.
fn relay(hops: usize) -> Vec<String> {
    let mut records = Vec::new();
    let mut caller = alice();
    for hop in 1..=hops {
        let role = Role { account: [TOOLS, PROD][hop % 2], path: "/relay/", name: "Relay", id: "AROARELAY" };
        let (time, key) = (format!("08:{hop:02}:00"), format!("K{hop}"));
        records.push(opening(&role, &format!("hop-{hop}"), &key, &time).across(&format!("a{hop}"), &caller));
        caller = session(&role, &format!("hop-{hop}"), &key, &time);
    }
    records.push(act("act", &caller));
    records
}

#[test]
fn chain_of_any_length_leads_to_the_person() {
    for hops in [2, 3, 12, 31] {
        let chain: Vec<String> = (1..=hops).map(|hop| format!("role_session hop-{hop} Relay <- a{hop} access_key")).collect();
        check(&relay(hops), "act", &format!("proven iam_user arn:aws:iam::111111111111:user/alice\n{}", chain.join("\n")));
    }
}

#[test]
fn chain_over_the_limit_says_so() {
    let facts = read(&relay(identity::HOPS_MAX));
    let whole = graph(&[TOOLS, PROD], facts.values());
    let resolution = whole.resolve(&facts["act"].session);
    same_in_one_go(&whole);
    assert_eq!(resolution.actor, identity::Actor::Unknown);
    assert!(resolution.gap.unwrap().why.contains("more than 32 sessions"));
}

#[test]
fn juggling_two_roles_leads_back_to_who_began() {
    let role = |hop: usize| if hop.is_multiple_of(2) { &LOCAL } else { &DEPLOY };
    let mut records = Vec::new();
    let mut caller = alice();
    for hop in 0..6 {
        let (time, key) = (format!("08:{hop}0:00"), format!("K{hop}"));
        records.push(opening(role(hop), "juggle", &key, &time).across(&format!("a{hop}"), &caller));
        caller = session(role(hop), "juggle", &key, &time);
    }
    records.push(act("act", &caller));
    let chain: Vec<String> = (0..6).map(|hop| format!("role_session juggle {} <- a{hop} access_key", role(hop).name)).collect();
    check(&records, "act", &format!("proven iam_user arn:aws:iam::111111111111:user/alice\n{}", chain.join("\n")));
}

#[test]
fn sessions_that_come_from_a_cycle_are_the_same_in_one_go() {
    let (one, two) = (session(&LOCAL, "x", "K1", "08:00:00"), session(&DEPLOY, "x", "K2", "08:00:00"));
    let out = session(&LOCAL, "out", "K3", "08:05:00");
    let records = [
        opening(&LOCAL, "x", "K1", "08:00:00").across("a", &two),
        opening(&DEPLOY, "x", "K2", "08:00:00").across("b", &one),
        opening(&LOCAL, "out", "K3", "08:05:00").across("c", &two),
        opening(&DEPLOY, "far", "K4", "08:06:00").across("d", &out),
        act("act", &session(&DEPLOY, "far", "K4", "08:06:00")),
    ];
    same_in_one_go(&graph(&[TOOLS, PROD], read(&records).values()));
}

#[test]
fn true_cycle_ends() {
    let (one, two) = (session(&LOCAL, "x", "K1", "08:00:00"), session(&DEPLOY, "x", "K2", "08:00:00"));
    let records = [
        opening(&LOCAL, "x", "K1", "08:00:00").across("a", &two),
        opening(&DEPLOY, "x", "K2", "08:00:00").across("b", &one),
        act("act", &one),
    ];
    check(
        &records,
        "act",
        "unknown unknown -
         role_session x Deploy <- b access_key
         role_session x Local <- a access_key
         claims role_session_name x
         needs no log can close this",
    );
}

#[test]
fn borrowed_session_name_never_names_its_owner() {
    let call = Opening {
        told: ",\"sourceIdentity\":\"sato\"",
        asked: ",\"sourceIdentity\":\"sato\"",
        ..opening(&DEPLOY, "sato@example.co.jp", "K1", "08:00:00")
    };
    let who = session(&DEPLOY, "sato@example.co.jp", "K1", "08:00:00").context("\"sourceIdentity\":\"sato\"");
    check(
        &[call.across("assume", &alice()), act("act", &who)],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session sato@example.co.jp Deploy <- assume access_key source_identity=sato",
    );
    check(
        &[act("act", &who)],
        "act",
        "claimed unknown -
         role_session sato@example.co.jp Deploy <- ? source_identity=sato
         claims role_session_name sato@example.co.jp
         claims source_identity sato
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn failed_and_forged_calls_open_nothing() {
    let call = opening(&LOCAL, "work", "K1", "08:00:00").by("assume", &alice());
    let alone = "unknown unknown -
         role_session work Local <- ?
         claims role_session_name work
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 111111111111 at 2026-11-18T08:00:00Z";
    for forged in [
        call.replace("\"eventID\"", "\"errorCode\":\"AccessDenied\",\"eventID\""),
        call.replace("\"eventID\"", "\"errorMessage\":\"no\",\"eventID\""),
        call.replace("sts.amazonaws.com", "s3.amazonaws.com"),
        call.replace("sts.amazonaws.com", "sts.amazonaws.com.example"),
        call.replace("\"AssumeRole\"", "\"assumerole\""),
        call.replace("\"AssumeRole\"", "\"DecodeAuthorizationMessage\""),
    ] {
        check(&[forged, act("act", &session(&LOCAL, "work", "K1", "08:00:00"))], "act", alone);
    }
}

const GITHUB: &str = "token.actions.githubusercontent.com";

#[test]
fn web_identity_is_its_subject_by_its_issuer() {
    let cases = [
        (GITHUB, "repo:acme/shop:ref:refs/heads/main", "pipeline"),
        ("oidc.eks.ap-northeast-1.amazonaws.com/id/AB12", "system:serviceaccount:shop:web", "workload"),
        ("oidc.example.com/token.actions.githubusercontent.com", "repo:acme/shop:ref:refs/heads/main", "oidc_user"),
        ("gitlab.com/evil/x/-/raw/main", "project_path:acme/shop:ref_type:branch:ref:main", "oidc_user"),
    ];
    for (issuer, subject, kind) in cases {
        let opened = opening(&LOCAL, "GitHubActions", "K1", "08:00:00").web("web", issuer, subject);
        let resolution = check(
            &[opened.clone(), act("act", &session(&LOCAL, "GitHubActions", "K1", "08:00:00"))],
            "act",
            &format!(
                "proven {kind} {subject}
                 role_session GitHubActions Local <- web access_key"
            ),
        );
        assert_eq!(resolution.actor.provider(), Some(issuer));
        check(&[opened], "web", &format!("proven {kind} {subject}"));
    }
}

#[test]
fn hidden_subject_is_nobodys_name() {
    let hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
    let opened = opening(&LOCAL, "GitHubActions", "K1", "08:00:00").web("web", GITHUB, hidden);
    check(
        &[opened, act("act", &session(&LOCAL, "GitHubActions", "K1", "08:00:00"))],
        "act",
        "unknown unknown -
         role_session GitHubActions Local <- web access_key
         claims role_session_name GitHubActions
         needs no log can close this",
    );
}

#[test]
fn web_identity_without_its_opening_is_unknown() {
    let who = session(&LOCAL, "GitHubActions", "K1", "08:00:00").context(&format!(
        "\"webIdFederationData\":{{\"federatedProvider\":\"arn:aws:iam::111111111111:oidc-provider/{GITHUB}\",\"attributes\":{{}}}}"
    ));
    check(
        &[act("act", &who)],
        "act",
        "unknown unknown -
         role_session GitHubActions Local <- ?
         claims role_session_name GitHubActions
         needs AssumeRoleWithWebIdentity in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn session_opened_for_a_user_is_the_users() {
    let app = opening(&LOCAL, "app", "K0", "07:00:00").by("app", &service("lambda.amazonaws.com"));
    let context =
        ",\"providedContexts\":[{\"providerArn\":\"arn:aws:iam::aws:contextProvider/IdentityCenter\",\"contextAssertion\":\"x\"}]";
    let call = Opening { asked: context, ..opening(&DEPLOY, "release", "K1", "08:00:00") };
    let caller = session(&LOCAL, "app", "K0", "07:00:00");
    let records = [app.clone(), call.across("for", &caller), act("act", &deploy("K1").on_behalf_of("u-1"))];
    check(
        &records,
        "act",
        "proven sso_user u-1
         role_session release Deploy <- for access_key",
    );
    let silent = [app.clone(), call.across("for", &caller), act("act", &deploy("K1"))];
    check(
        &silent,
        "act",
        "unknown unknown -
         role_session release Deploy <- for access_key
         claims role_session_name release
         or workload arn:aws:lambda:ap-northeast-1:111111111111:function:app for
         needs no log can close this",
    );
    // A plain call does not carry a user along: something is not as it seems.
    let plain_call =
        [app, opening(&DEPLOY, "release", "K1", "08:00:00").across("for", &caller), act("act", &deploy("K1").on_behalf_of("u-1"))];
    check(
        &plain_call,
        "act",
        "ambiguous unknown -
         role_session app Local <- app access_key
         role_session release Deploy <- for access_key
         or sso_user u-1
         or workload arn:aws:lambda:ap-northeast-1:111111111111:function:app for
         needs no log can close this",
    );
}

#[test]
fn callers_are_the_sessions_to_look_up_next() {
    let facts = read(&relay(2));
    let all = graph(&[TOOLS, PROD], facts.values());
    let callers = all.callers_of(&facts["act"].session);
    assert_eq!(callers.len(), 1);
    assert_eq!(callers[0], facts["a2"].session);
    assert!(plain(&all.resolve(&callers[0])).starts_with("proven iam_user"));
}
