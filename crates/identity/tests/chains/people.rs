//! People: Identity Center, SAML, IAM users, root.

use super::check;
use super::records::*;

fn sato() -> Who {
    session(&OPS, "sato@example.co.jp", "KUSED", "08:00:00")
}

#[test]
fn identity_center_session_is_used_with_another_key() {
    let records =
        [sso_opening("saml", "sato@example.co.jp", "KISSUED", "08:00:00"), fetch("fetch", "u-1", "08:00:00"), act("act", &sato())];
    check(
        &records,
        "act",
        "proven sso_user sato@example.co.jp
         role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- saml assumed_role_id",
    );
}

#[test]
fn identity_center_path_may_have_no_region() {
    let role = Role { path: "/aws-reserved/sso.amazonaws.com/", ..OPS };
    let who = session(&role, "sato", "KUSED", "08:00:00");
    let resolution = check(
        &[act("act", &who)],
        "act",
        "attested sso_user sato
         role_session sato AWSReservedSSO_Ops_0123456789abcdef <- ?",
    );
    assert_eq!(resolution.permission_set(), Some("Ops"));
}

#[test]
fn user_id_on_one_call_holds_for_the_session_whatever_its_keys() {
    let other = session(&OPS, "sato@example.co.jp", "KPAGE", "08:00:00");
    let records = [
        sso_opening("saml", "sato@example.co.jp", "KISSUED", "08:00:00"),
        act("with", &sato().on_behalf_of("u-1")),
        act("without", &sato()),
        click("page", &other),
    ];
    for asked in ["with", "without", "page"] {
        let resolution = check(
            &records,
            asked,
            "proven sso_user sato@example.co.jp
             role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- saml assumed_role_id",
        );
        let identity::Actor::SsoUser { user_id, account_id, .. } = resolution.actor else { panic!() };
        assert_eq!((user_id.as_deref(), account_id.as_deref()), (Some("u-1"), Some(IDC)), "{asked}");
    }
}

#[test]
fn fetched_credentials_alone_attest() {
    let expected = "attested sso_user sato@example.co.jp
         role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- fetch get_role_credentials";
    check(&[fetch("fetch", "u-1", "08:00:00"), act("act", &sato())], "act", expected);
    let nobodys = "attested sso_user sato@example.co.jp
         role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- ?";
    check(&[fetch("fetch", "u-1", "08:00:01"), act("act", &sato())], "act", nobodys);
    check(&[fetch("fetch", "u-2", "08:00:00"), act("act", &sato().on_behalf_of("u-1"))], "act", nobodys);
    check(&[fetch("fetch", "u-1", "08:00:00"), fetch("fetch-2", "u-2", "08:00:00"), act("act", &sato())], "act", nobodys);
}

#[test]
fn one_tab_may_open_two_sessions_in_a_second() {
    let records = [
        sso_opening("one", "sato@example.co.jp", "K1", "08:00:00"),
        sso_opening("two", "sato@example.co.jp", "K2", "08:00:00"),
        act("act", &sato()),
    ];
    check(
        &records,
        "act",
        "proven sso_user sato@example.co.jp
         role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- one+two assumed_role_id",
    );
}

#[test]
fn who_opened_an_identity_center_session_is_its_user() {
    check(&[sso_opening("saml", "sato@example.co.jp", "K1", "08:00:00")], "saml", "proven sso_user sato@example.co.jp");
    check(&[fetch("fetch", "u-1", "08:00:00")], "fetch", "attested sso_user u-1");
}

#[test]
fn lookalike_role_is_no_identity_centers() {
    for path in ["/", "/x/aws-reserved/sso.amazonaws.com/", "/x:role/aws-reserved/sso.amazonaws.com/"] {
        let role = Role { path, id: "AROAFAKE", ..OPS };
        let who = session(&role, "sato@example.co.jp", "K1", "08:00:00");
        check(
            &[act("act", &who)],
            "act",
            "claimed unknown -
             role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- ?
             claims role_session_name sato@example.co.jp
             needs AssumeRole or AssumeRoleWithSAML in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
        );
        let opened = opening(&role, "sato@example.co.jp", "K1", "08:00:00").by("assume", &user("mallory", "AKIAM", ""));
        check(
            &[act("act", &who), opened],
            "act",
            "proven iam_user arn:aws:iam::111111111111:user/mallory
             role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- assume access_key",
        );
    }
}

#[test]
fn reserved_path_in_a_foreign_account_is_that_accounts() {
    let role = Role { account: OUTSIDE, id: "AROATHEIRS", ..OPS };
    let who = session(&role, "ceo@example.co.jp", "K1", "08:00:00").on_behalf_of("u-1");
    let here = record("act", "09:00:00", PROD, "s3:PutObject", &who, "");
    check(
        &[here],
        "act",
        "proven external_account 999999999999
         role_session ceo@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- ?
         claims role_session_name ceo@example.co.jp",
    );
}

#[test]
fn federation_token_of_the_same_name_and_second_is_its_own_users() {
    let issued = federation_token("token", "08:00:00", &user("broker", "AKIAB", ""), "suzuki@example.co.jp", "K1");
    let forwarded = federated("suzuki@example.co.jp", "K2", "08:00:00", "alice").invoked_by("kms.amazonaws.com");
    check(
        &[issued, act("act", &forwarded)],
        "act",
        "attested iam_user arn:aws:iam::111111111111:user/alice
         federated_user suzuki@example.co.jp - <- ?",
    );
}

#[test]
fn user_on_a_call_of_a_foreign_reserved_role_names_nobody_of_ours() {
    // Somebody of ours entered it, so our trail has the call; what its account's Identity Center says of users is not ours to believe.
    let role = Role { account: OUTSIDE, id: "AROATHEIRS", ..OPS };
    let opened = opening(&role, "ceo@example.co.jp", "K1", "08:00:00").across("assume", &user("mallory", "AKIAM", ""));
    let who = session(&role, "ceo@example.co.jp", "K1", "08:00:00").on_behalf_of("u-1");
    let resolution = check(
        &[opened, record("act", "09:00:00", PROD, "s3:PutObject", &who, "")],
        "act",
        "ambiguous unknown -
         role_session ceo@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- assume access_key
         or sso_user u-1
         or iam_user arn:aws:iam::111111111111:user/mallory assume
         needs no log can close this",
    );
    assert_eq!(resolution.actor, identity::Actor::Unknown);
}

#[test]
fn service_linked_path_cannot_be_forged() {
    let role = Role { path: "/x:role/aws-service-role/rds.amazonaws.com/", name: "Mine", id: "AROAMINE", account: TOOLS };
    check(
        &[act("act", &session(&role, "SLRManagement", "K1", "08:00:00"))],
        "act",
        "unknown unknown -
         role_session SLRManagement Mine <- ?
         claims role_session_name SLRManagement
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn saml_user_of_another_provider_is_the_providers() {
    let role = Role { name: "Network", id: "AROANET", ..LOCAL };
    let opened = opening(&role, "sato@example.co.jp", "K1", "08:00:00").saml("saml", "CompanyIdP", "sato@example.co.jp");
    let cli = session(&role, "sato@example.co.jp", "K1", "08:00:00");
    let page = session(&role, "sato@example.co.jp", "K2", "08:00:00");
    let records = [opened, act("cli", &cli), click("page", &page), act("odd", &session(&role, "sato@example.co.jp", "K3", "08:00:00"))];
    // Beside a key that nothing explains, one more session may have been opened, and what the console did may be of that.
    let cases = [
        (&records[..3], "cli", "access_key", "proven"),
        (&records[..3], "page", "assumed_role_id", "proven"),
        (&records[..], "cli", "access_key", "proven"),
        (&records[..], "page", "assumed_role_id", "probable"),
        (&records[..], "odd", "assumed_role_id", "probable"),
    ];
    for (records, asked, link, grade) in cases {
        let resolution = check(
            records,
            asked,
            &format!(
                "{grade} saml_user sato@example.co.jp
                 role_session sato@example.co.jp Network <- saml {link}"
            ),
        );
        assert_eq!(resolution.actor.provider(), Some("arn:aws:iam::111111111111:saml-provider/CompanyIdP"), "{asked}");
    }
    check(&records, "saml", "proven saml_user sato@example.co.jp");
    check(
        &records[1..2],
        "cli",
        "claimed unknown -
         role_session sato@example.co.jp Network <- ?
         claims role_session_name sato@example.co.jp
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn iam_user_is_named_by_aws_with_or_without_a_session_between() {
    check(&[act("act", &user("bob", "AKIABOB", ""))], "act", "proven iam_user arn:aws:iam::111111111111:user/bob");
    let temporary = user("bob", "ASIA1", "08:00:00");
    let opened = token("token", "08:00:00", "sts:GetSessionToken", &user("bob", "AKIABOB", ""), "", "", "ASIA1");
    check(
        &[act("act", &temporary), opened.clone()],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         session_token - - <- token access_key",
    );
    check(
        &[act("act", &temporary)],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         session_token - - <- ?",
    );
    check(
        &[act("act", &user("bob", "ASIA2", "08:00:00")), opened],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         session_token - - <- ?",
    );
}

#[test]
fn login_of_a_command_line_is_a_session_of_its_own() {
    let who = user("bob", "ASIA1", "08:00:00").context("\"signInSessionArn\":\"arn:aws:signin:ap-northeast-1:111111111111:session/1\"");
    check(
        &[act("act", &who)],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         oauth_session - - <- ?",
    );
    // A role session that began in the console draws new keys there, and AWS says so.
    let role =
        session(&LOCAL, "work", "K9", "08:00:00").context("\"signInSessionArn\":\"arn:aws:signin:ap-northeast-1:111111111111:session/1\"");
    check(
        &[act("act", &role), opening(&LOCAL, "work", "K1", "08:00:00").by("assume", &user("alice", "AKIAA", ""))],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session work Local <- assume assumed_role_id",
    );
}

#[test]
fn failed_sign_in_names_nobody() {
    let who =
        Who::of("\"type\":\"IAMUser\",\"accountId\":\"111111111111\",\"accessKeyId\":\"\",\"userName\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"");
    check(
        &[record("login", "08:00:00", TOOLS, "signin:ConsoleLogin", &who, "")],
        "login",
        "unknown unknown -\nneeds no log can close this",
    );
}

#[test]
fn renamed_user_is_listed_under_both_names() {
    let renamed = user("bob", "AKIA1", "").json_as("user/bob", "user/robert");
    check(
        &[act("before", &user("bob", "AKIA1", "")), act("after", &renamed)],
        "after",
        "ambiguous unknown -
         or iam_user arn:aws:iam::111111111111:user/bob
         or iam_user arn:aws:iam::111111111111:user/robert
         needs the records as CloudTrail delivered them: check the digests",
    );
}

#[test]
fn root_is_root_unless_assumed() {
    check(&[act("act", &root(PROD, "AKIAROOT", ""))], "act", "proven root_user arn:aws:iam::222222222222:root");
    // A temporary key of root's is its own or AssumeRoot's: with a second factor it is root's.
    check(
        &[act("act", &root(PROD, "ASIA1", "08:00:00"))],
        "act",
        "unknown unknown -
         session_token - - <- ?
         needs the account's ConsoleLogin or GetSessionToken, or AssumeRoot in the organisation's management or delegated account",
    );
    let with_factor =
        act("act", &root(PROD, "ASIA1", "08:00:00")).replace("\"mfaAuthenticated\":\"false\"", "\"mfaAuthenticated\":\"true\"");
    check(
        &[with_factor],
        "act",
        "proven root_user arn:aws:iam::222222222222:root
         session_token - - <- ?",
    );
    let assumed = root(PROD, "ASIA1", "08:00:00").context("\"assumedRoot\":\"true\"");
    check(
        &[act("act", &assumed)],
        "act",
        "unknown unknown -
         root_session - - <- ?
         needs AssumeRoot in the trail of the organisation's management account, or of its delegated administrator's, at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn assumed_root_is_whoever_assumed_it() {
    let caller = session(&OPS, "sato@example.co.jp", "KUSED", "07:00:00");
    for target in [PROD, "arn:aws:iam::222222222222:root"] {
        let records = [
            sso_opening("saml", "sato@example.co.jp", "KISSUED", "07:00:00"),
            assume_root("assume", "08:00:00", &caller, target, "ASIA1"),
            act("act", &root(PROD, "ASIA1", "08:00:00")),
            click("page", &root(PROD, "ASIA2", "08:00:00")),
            act("forward", &root(PROD, "ASIA3", "08:00:00").invoked_by("kms.amazonaws.com")),
        ];
        check(
            &records,
            "act",
            "proven sso_user sato@example.co.jp
             role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- saml assumed_role_id
             root_session - - <- assume access_key",
        );
        check(
            &records,
            "page",
            "ambiguous unknown -
             root_session - - <- ?
             or sso_user sato@example.co.jp assume
             or root_user arn:aws:iam::222222222222:root
             needs every event that opens a session in the trail of account 222222222222 at 2026-11-18T08:00:00Z, and a record with the session's key",
        );
        check(
            &records,
            "forward",
            "proven sso_user sato@example.co.jp
             role_session sato@example.co.jp AWSReservedSSO_Ops_0123456789abcdef <- saml assumed_role_id
             root_session - - <- assume assumed_role_id",
        );
    }
}

#[test]
fn federation_token_is_its_users() {
    let act_of = |key: &str, by: &str| act("act", &federated("suzuki@example.co.jp", key, "08:00:00", by));
    let issued = federation_token("token", "08:00:00", &user("broker", "AKIAB", ""), "suzuki@example.co.jp", "K1");
    check(
        &[act_of("K1", "broker"), issued.clone()],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/broker
         federated_user suzuki@example.co.jp - <- token access_key",
    );
    check(
        &[act_of("K1", "broker")],
        "act",
        "attested iam_user arn:aws:iam::111111111111:user/broker
         federated_user suzuki@example.co.jp - <- ?",
    );
    // Another user's token of the same name and second.
    check(
        &[act_of("K2", "alice"), issued.clone()],
        "act",
        "attested iam_user arn:aws:iam::111111111111:user/alice
         federated_user suzuki@example.co.jp - <- ?",
    );
    check(
        &[act_of("K2", ""), issued],
        "act",
        "ambiguous unknown -
         federated_user suzuki@example.co.jp - <- ?
         claims role_session_name suzuki@example.co.jp
         or iam_user arn:aws:iam::111111111111:user/broker token
         needs every event that opens a session in the trail of account 111111111111 at 2026-11-18T08:00:00Z, and a record with the session's key",
    );
    check(
        &[act_of("K2", "")],
        "act",
        "claimed unknown -
         federated_user suzuki@example.co.jp - <- ?
         claims role_session_name suzuki@example.co.jp
         needs GetFederationToken in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
    );
}
