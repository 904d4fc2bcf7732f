//! Where one rule ends and the next begins: the second, the name, the one opening more that makes the difference.

use super::records::*;
use super::{check, graph, read, same_in_one_go};

const WEB: Role = Role { account: PROD, path: "/", name: "web", id: "AROAWEB" };

#[test]
fn session_switched_from_may_have_begun_in_the_same_second() {
    let records = [
        switch("switch", &DEPLOY, "work", "08:00:00", &format!("arn:aws:sts::{TOOLS}:assumed-role/Local/work")),
        opening(&LOCAL, "work", "K1", "08:00:00").by("hers", &user("alice", "AKIAA", "")),
        act("local", &session(&LOCAL, "work", "K1", "08:00:00")),
        click("page", &session(&DEPLOY, "work", "KPAGE", "08:00:00")),
    ];
    check(
        &records,
        "page",
        "probable iam_user arn:aws:iam::111111111111:user/alice
         role_session work Local <- hers access_key
         role_session work Deploy <- switch switch_role",
    );
}

#[test]
fn credentials_of_another_permission_set_began_another_session() {
    let of = |set: &str| fetch("fetch", "u-1", "08:00:00").replace("\"role_name\":\"Ops\"", &format!("\"role_name\":\"{set}\""));
    let user = |set: &str| {
        let facts = read(&[of(set), act("act", &session(&OPS, "sato", "K1", "08:00:00"))]);
        let resolution = graph(&[TOOLS, PROD, IDC], facts.values()).resolve(&facts["act"].session);
        resolution.chain[0].issued_by.is_some()
    };
    assert_eq!([user("Ops"), user("Audit")], [true, false]);
}

#[test]
fn root_session_of_before_assume_root_existed_is_roots_own() {
    for (created, expected) in [
        ("2024-11-13T23:59:59Z", "proven root_user arn:aws:iam::222222222222:root\nsession_token - - <- ?"),
        (
            "2024-11-14T00:00:00Z",
            "unknown unknown -
             session_token - - <- ?
             needs the account's ConsoleLogin or GetSessionToken, or AssumeRoot in the organisation's management or delegated account",
        ),
    ] {
        check(&[record("act", "2026-11-18T09:00:00Z", PROD, "s3:DeleteBucketPolicy", &root(PROD, "ASIA1", created), "")], "act", expected);
    }
}

#[test]
fn token_that_was_asked_for_is_no_sign_in_of_the_same_second() {
    let records = [
        token("token", "08:00:00", "sts:GetSessionToken", &user("bob", "AKIABOB", ""), "", "", "K1"),
        console_login("login", "08:00:00", &user("bob", "", "")),
        act("act", &user("bob", "K1", "08:00:00")),
    ];
    check(
        &records,
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         session_token - - <- token access_key",
    );
}

#[test]
fn providers_that_vouched_for_one_subject_are_not_told_apart() {
    let role = |name: &'static str, id: &'static str| Role { name, id, ..LOCAL };
    let (one, other) = (role("One", "AROAONE"), role("Other", "AROAOTHER"));
    let first = opening(&one, "sato", "K1", "08:00:00").saml("first", "CompanyIdP", "sato");
    let second = |provider: &str| opening(&other, "sato", "K2", "08:30:00").saml("second", provider, "sato");
    for (provider, expected) in [("CompanyIdP", "arn:aws:iam::111111111111:saml-provider/CompanyIdP"), ("OtherIdP", "qualifier=")] {
        let resolution = check(&[first.clone(), second(provider)], "first", "proven saml_user sato");
        assert_eq!(resolution.actor.provider(), Some(expected), "{provider}");
    }
}

#[test]
fn instance_that_runs_where_global_services_record_is_there() {
    let who = session(&WEB, "i-0abc", "K1", "08:00:00").context("\"ec2RoleDelivery\":\"2.0\"");
    check(
        &[act("act", &who).replace("ap-northeast-1", "us-east-1")],
        "act",
        "attested workload arn:aws:ec2:us-east-1:222222222222:instance/i-0abc
         role_session i-0abc web <- ?",
    );
}

#[test]
fn session_that_a_service_named_as_no_machine_is_the_services() {
    for (service_name, session_name) in [
        ("ec2.amazonaws.com", "fleet"),
        ("ssm.amazonaws.com", "i-0abc"),
        ("lambda.amazonaws.com", "awslambda_7_20261118080000000"),
        ("codebuild.amazonaws.com", "AWSCodeBuild-1"),
        ("ecs-tasks.amazonaws.com", ""),
    ] {
        let opened = opening(&WEB, session_name, "K1", "08:00:00").by("opened", &service(service_name));
        check(
            &[opened, act("act", &session(&WEB, session_name, "K1", "08:00:00"))],
            "act",
            &format!(
                "proven aws_service {service_name}\nrole_session {} web <- opened access_key",
                if session_name.is_empty() { "-" } else { session_name }
            ),
        );
    }
}

#[test]
fn delivery_to_what_is_no_instance_says_nothing() {
    let who = session(&WEB, "sato", "K1", "08:00:00").context("\"ec2RoleDelivery\":\"2.0\"");
    check(
        &[act("act", &who)],
        "act",
        "unknown unknown -
         role_session sato web <- ?
         claims role_session_name sato
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn directory_user_is_attested_for_a_reason_and_a_hidden_name_is_none() {
    let who = |name: &str| {
        Who::of(&format!(
            "\"type\":\"Directory\",\"arn\":\"arn:aws:ds:ap-northeast-1:{TOOLS}:user/d-1/u\",\"accountId\":\"{TOOLS}\",\"userName\":\"{name}\""
        ))
    };
    for (name, shown) in [("sato", Some("sato")), ("HIDDEN_DUE_TO_SECURITY_REASONS", None)] {
        let resolution =
            check(&[act("act", &who(name))], "act", &format!("attested directory_user arn:aws:ds:ap-northeast-1:{TOOLS}:user/d-1/u"));
        assert!(resolution.reason.is_some());
        let identity::Actor::DirectoryUser { user_name, .. } = &resolution.actor else { panic!("{:?}", resolution.actor) };
        assert_eq!(user_name.as_deref(), shown);
    }
}

#[test]
fn what_a_caller_set_is_not_asserted_because_it_was_handed_on() {
    let tag = ",\"tags\":[{\"key\":\"team\",\"value\":\"shop\"}],\"transitiveTagKeys\":[\"team\"]";
    let records = [
        Opening { asked: tag, ..opening(&LOCAL, "one", "K1", "07:00:00") }.by("first", &user("alice", "AKIAA", "")),
        opening(&DEPLOY, "two", "K2", "08:00:00").across("second", &session(&LOCAL, "one", "K1", "07:00:00")),
        act("act", &session(&DEPLOY, "two", "K2", "08:00:00")),
    ];
    let resolution = check(
        &records,
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session one Local <- first access_key team*=shop
         role_session two Deploy <- second access_key team*=shop",
    );
    assert!(resolution.chain.iter().all(|credential| credential.asserted_tag_keys.is_empty()), "{:?}", resolution.chain);
}

#[test]
fn root_who_signed_in_in_the_second_of_an_assume_root_may_be_who_acts() {
    let caller = session(&OPS, "sato", "KUSED", "07:00:00");
    let records = [
        sso_opening("saml", "sato", "KISSUED", "07:00:00"),
        assume_root("assume", "08:00:00", &caller, PROD, "ASIA1"),
        console_login("login", "08:00:00", &root(PROD, "", "")),
        act("forward", &root(PROD, "ASIA3", "08:00:00").invoked_by("kms.amazonaws.com")),
    ];
    check(
        &records,
        "forward",
        "ambiguous unknown -
         root_session - - <- ?
         or sso_user sato assume
         or root_user arn:aws:iam::222222222222:root
         needs every event that opens a session in the trail of account 222222222222 at 2026-11-18T08:00:00Z, and a record with the session's key",
    );
}

#[test]
fn what_a_key_of_its_own_did_in_anothers_account_is_not_proven_to_be_the_session_that_we_saw_opened() {
    let theirs = Role { account: OUTSIDE, path: "/", name: "Theirs", id: "AROATHEIRS" };
    let page = click("page", &session(&theirs, "bob", "KPAGE", "08:00:00"))
        .replace(&format!("\"recipientAccountId\":\"{OUTSIDE}\""), &format!("\"recipientAccountId\":\"{TOOLS}\""));
    let hand = |id: &str, key: &str| record(id, "09:00:00", TOOLS, "s3:PutObject", &session(&theirs, "bob", key, "08:00:00"), "");
    let opened =
        opening(&theirs, "bob", "KISSUED", "08:00:00").across("mine", &user("bob", "ASIABOB", "07:00:00").invoked_by("AWS Internal"));
    // Whoever of that account opens one under the same name leaves no record here.
    let certainty = |records: &[String]| {
        let facts = read(records);
        graph(&[TOOLS, PROD, IDC], facts.values()).resolve(&facts["page"].session).certainty.word()
    };
    assert_eq!(certainty(&[opened.clone(), page.clone()]), "probable");
    let by_hand = opening(&theirs, "bob", "KISSUED", "08:00:00").across("mine", &user("bob", "AKIABOB", ""));
    assert_eq!(certainty(&[by_hand.clone(), page.clone()]), "ambiguous");
    let of_the_key = page.replace("KPAGE", "KISSUED");
    assert_eq!(certainty(&[by_hand, of_the_key]), "proven");
    assert_eq!(certainty(&[opened, page, hand("issued", "KISSUED"), hand("strange", "KOTHER")]), "probable");
}

#[test]
fn accounts_in_whose_trail_something_was_seen_are_ours() {
    super::check_in(
        &[],
        &[act("act", &session(&OPS, "sato", "K1", "08:00:00"))],
        "act",
        "attested sso_user sato
         role_session sato AWSReservedSSO_Ops_0123456789abcdef <- ?",
    );
}

#[test]
fn somebody_elses_session_of_the_same_second_lends_no_user() {
    let records =
        [act("behalf", &session(&DEPLOY, "s", "K1", "08:00:00").on_behalf_of("u-2")), act("act", &session(&DEPLOY, "s", "K2", "08:00:00"))];
    check(
        &records,
        "act",
        "unknown unknown -
         role_session s Deploy <- ?
         claims role_session_name s
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn subject_of_a_saml_provider_waits_for_the_event_that_names_the_provider() {
    let settled = |records: &[String], asked: &str| {
        let facts = read(records);
        let session = facts[asked].session.clone();
        graph(&[TOOLS], facts.values()).settled_sessions().any(|settled| *settled == session)
    };
    let alone = record("alone", "08:00:00", TOOLS, "sts:GetCallerIdentity", &saml_subject("sato"), "");
    let opened = opening(&LOCAL, "sato", "K1", "08:00:00").saml("opened", "CompanyIdP", "sato");
    assert!(!settled(std::slice::from_ref(&alone), "alone"));
    assert!(settled(&[alone, opened], "alone"));
    assert!(settled(&[act("act", &session(&LOCAL, "sato", "K1", "08:00:00"))], "act"));
    assert!(settled(&[act("act", &user("bob", "AKIABOB", ""))], "act"));
}

#[test]
fn agent_of_a_session_that_is_probable_is_told_too() {
    let page = session(&DEPLOY, "work", "KPAGE", "08:00:00").invoked_by("aws-mcp.amazonaws.com");
    let records = [
        switch("switch", &DEPLOY, "work", "08:00:00", &format!("arn:aws:sts::{TOOLS}:assumed-role/Local/work")),
        opening(&LOCAL, "work", "K1", "07:00:00").by("hers", &user("alice", "AKIAA", "")),
        act("local", &session(&LOCAL, "work", "K1", "07:00:00")),
        act("page", &page),
    ];
    let facts = read(&records);
    let resolution = graph(&[TOOLS, PROD, IDC], facts.values()).resolve(&facts["page"].session);
    assert_eq!((resolution.certainty.word(), resolution.via.as_ref().map(|via| via.kind)), ("probable", Some("agent")));
}

#[test]
fn record_that_says_less_takes_nothing_from_one_that_says_more() {
    let who = session(&LOCAL, "work", "K1", "08:00:00");
    let records = [
        opening(&LOCAL, "work", "K1", "08:00:00").by("hers", &user("alice", "AKIAA", "")),
        act("act", &who),
        act("vague", &who.clone().json_as("\"type\":\"AssumedRole\"", "\"type\":\"Unknown\"")),
    ];
    for asked in ["act", "vague"] {
        check(
            &records,
            asked,
            "proven iam_user arn:aws:iam::111111111111:user/alice
             role_session work Local <- hers access_key",
        );
    }
}

#[test]
fn sign_in_names_a_user_only_where_it_succeeded_and_says_the_id() {
    let sign_in = |outcome: &str, name: &str, who: &Who| {
        record(
            "sign-in",
            "08:00:00",
            IDC,
            "signin:UserAuthentication",
            who,
            &format!(",\"additionalEventData\":{{{name}}},\"serviceEventDetails\":{{\"UserAuthentication\":\"{outcome}\"}}"),
        )
    };
    let typed = "\"UserName\":\"sato\"";
    let nameless = Who::of(&format!("\"type\":\"Unknown\",\"accountId\":\"{IDC}\""));
    for (record, names) in [
        (sign_in("Success", typed, &portal("u-1")), true),
        (sign_in("Failure", typed, &portal("u-1")), false),
        (sign_in("Success", "\"CredentialType\":\"PASSWORD\"", &portal("u-1")), false),
        (sign_in("Success", typed, &nameless), false),
    ] {
        let facts = read(std::slice::from_ref(&record));
        assert_eq!(facts["sign-in"].issue.as_ref().and_then(|issue| issue.subject.as_deref()), names.then_some("sato"), "{record}");
        assert_eq!(facts["sign-in"].issue.is_some(), names, "{record}");
    }
}

#[test]
fn token_is_of_the_sign_in_that_began_within_five_seconds() {
    let sign_in = "\"signInSessionArn\":\"arn:aws:signin:ap-northeast-1:111111111111:session/1\"";
    for (began, joined) in [("08:00:05", true), ("08:00:06", false)] {
        let rest = format!(
            ",\"requestParameters\":{{\"client_id\":\"arn:aws:signin:::devtools/same-device\"}},\"additionalEventData\":{{{sign_in},\"success\":\"true\"}}"
        );
        let grant = record("grant", "08:05:00", TOOLS, "signin:CreateOAuth2Token", &user("bob", "", "08:00:00"), &rest);
        let used = user("bob", "K1", began).context(sign_in);
        let by = if joined { "grant sign_in_session" } else { "?" };
        check(&[grant, act("act", &used)], "act", &format!("proven iam_user arn:aws:iam::{TOOLS}:user/bob\noauth_session - - <- {by}"));
    }
}

#[test]
fn sessions_are_looked_at_as_far_as_the_limit() {
    // Each of Alice's openings fits a call that a service made with a key of its own.
    let openings = |count: usize| -> Vec<String> {
        let opened = |nth: usize| {
            let (key, caller) = (format!("K{nth}"), user("alice", &format!("AKIA{nth}"), ""));
            opening(&DEPLOY, "release", &key, "08:00:00").across(&format!("o{nth}"), &caller)
        };
        let forwarded = |id: &str, key: &str| act(id, &session(&DEPLOY, "release", key, "08:00:00").invoked_by("kms.amazonaws.com"));
        // Which openings are looked at last depends on their order: each of the callers opened something alone as well.
        let alone = |nth: usize| {
            let caller = user("alice", &format!("AKIA{nth}"), "");
            opening(&LOCAL, &format!("alone-{nth}"), &format!("L{nth}"), "08:01:00").across(&format!("l{nth}"), &caller)
        };
        let used = |nth: usize| act(&format!("u{nth}"), &session(&LOCAL, &format!("alone-{nth}"), &format!("L{nth}"), "08:01:00"));
        (0..count)
            .map(opened)
            .chain((0..count).map(alone))
            .chain((0..count).map(used))
            .chain([forwarded("act", "K"), forwarded("again", "L")])
            .collect()
    };
    // The session that is asked about is the first.
    for (count, word) in [(identity::STEPS_MAX - 1, "attested"), (identity::STEPS_MAX, "ambiguous")] {
        let facts = read(&openings(count));
        let whole = graph(&[TOOLS, PROD], facts.values());
        let resolution = whole.resolve(&facts["act"].session);
        assert_eq!(resolution.certainty.word(), word, "{count}");
        same_in_one_go(&whole);
    }
}

#[test]
fn record_that_names_no_caller_says_so_and_not_that_a_service_acted() {
    let why = |members: &str| {
        let facts = read(&[act("act", &Who::of(members))]);
        graph(&[PROD], facts.values()).resolve(&facts["act"].session).reason.unwrap_or_default()
    };
    assert_eq!(why("\"accountId\":\"222222222222\""), "the record names no caller at all");
    assert_eq!(why("\"type\":\"AWSService\",\"accountId\":\"222222222222\""), "the record says that a service acted, not which");
}
