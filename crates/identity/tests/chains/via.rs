//! Agents, applications and command lines that act for a person; names learnt of users.

use super::records::*;
use super::{check, graph, read};
use identity::{Resolution, UserNames};

const SIGN_IN: &str = "arn:aws:signin:ap-northeast-1:111111111111:session/1";
const MCP: &str = "https://aws-mcp.us-east-1.api.aws/mcp";
const APPLICATION: &str = "arn:aws:sso::333333333333:application/ssoins-1/apl-1";

fn browser() -> Who {
    session(&OPS, "sato", "", "08:00:00")
}

fn signed_in(who: Who) -> Who {
    who.context(&format!("\"signInSessionArn\":\"{SIGN_IN}\""))
}

fn grant(id: &str, who: &Who, client: &str, resource: &str) -> String {
    let resource = if resource.is_empty() { String::new() } else { format!(",\"resource\":\"{resource}\"") };
    record(
        id,
        "08:05:00",
        &who.account,
        "signin:CreateOAuth2Token",
        who,
        &format!(
            ",\"requestParameters\":{{\"client_id\":\"{client}\"{resource}}},\"additionalEventData\":{{\"signInSessionArn\":\"{SIGN_IN}\",\"success\":\"true\"}}"
        ),
    )
}

fn via(resolution: &Resolution) -> String {
    resolution.via.as_ref().map_or_else(|| "-".to_owned(), |via| format!("{via} <- {}", via.evidence.join("+")))
}

fn opened() -> String {
    sso_opening("saml", "sato", "K1", "08:00:00")
}

const SAML: &str = "role_session sato AWSReservedSSO_Ops_0123456789abcdef <- saml assumed_role_id";

#[test]
fn agent_acts_for_the_person_who_let_it() {
    let call = signed_in(session(&OPS, "sato", "KMCP", "08:00:00")).invoked_by("aws-mcp.amazonaws.com");
    let records = [opened(), grant("grant", &browser(), "arn:aws:signin:us-east-1::external-client/dcr/1", MCP), act("act", &call)];
    let resolution = check(&records, "act", &format!("proven sso_user sato\n{SAML}\noauth_session sato - <- grant sign_in_session"));
    assert_eq!(via(&resolution), format!("agent {MCP} <- grant"));
    // Without the grant the server that made the call is all that is known.
    let resolution = check(&[opened(), act("act", &call)], "act", &format!("proven sso_user sato\n{SAML}"));
    assert_eq!(via(&resolution), "agent aws-mcp.amazonaws.com <- ");
    // What a role that the agent entered then does is the agent's as well.
    let entered = opening(&DEPLOY, "agent", "KD", "09:00:00").across("assume", &call);
    let mut chained = records.to_vec();
    chained.extend([entered, act("deployed", &session(&DEPLOY, "agent", "KD", "09:00:00"))]);
    let facts = read(&chained);
    let resolution = graph(&[TOOLS, PROD, IDC], facts.values()).resolve(&facts["deployed"].session);
    assert_eq!((resolution.actor.id(), via(&resolution)), (Some("sato"), format!("agent {MCP} <- grant")));
}

#[test]
fn agents_of_two_addresses_are_told_by_the_server_alone() {
    let call = signed_in(session(&OPS, "sato", "KMCP", "08:00:00")).invoked_by("aws-mcp.amazonaws.com");
    let client = "arn:aws:signin:us-east-1::external-client/dcr/1";
    let records =
        [opened(), grant("one", &browser(), client, MCP), grant("two", &browser(), client, "https://other.example/mcp"), act("act", &call)];
    let resolution = check(&records, "act", &format!("proven sso_user sato\n{SAML}\noauth_session sato - <- one+two sign_in_session"));
    assert_eq!(via(&resolution), "agent aws-mcp.amazonaws.com <- ");
}

#[test]
fn only_the_agents_own_calls_are_the_agents() {
    let grant = grant("grant", &browser(), "arn:aws:signin:us-east-1::external-client/dcr/1", MCP);
    // The same sign-in session's browser, and another service on the person's behalf.
    let page = signed_in(session(&OPS, "sato", "KPAGE", "08:00:00"));
    let forwarded = signed_in(session(&OPS, "sato", "KFAS", "08:00:00")).invoked_by("cloudformation.amazonaws.com");
    for record in [click("act", &page), act("act", &forwarded)] {
        let facts = read(&[opened(), grant.clone(), record]);
        let resolution = graph(&[TOOLS, PROD, IDC], facts.values()).resolve(&facts["act"].session);
        assert_eq!((resolution.actor.id(), resolution.via), (Some("sato"), None));
    }
    // A user agent, or a session name, is nobody's word but the caller's.
    let named = session(&OPS, "aws-mcp.amazonaws.com", "KX", "08:00:00");
    let facts = read(&[act("act", &named)]);
    assert_eq!(graph(&[TOOLS], facts.values()).resolve(&facts["act"].session).via, None);
}

#[test]
fn login_of_a_command_line_is_a_session_out_of_the_browsers() {
    let grant_of = |who: &Who| grant("grant", who, "arn:aws:signin:::devtools/same-device", "");
    let role = signed_in(session(&OPS, "sato", "KCLI", "08:00:00"));
    let resolution = check(
        &[opened(), grant_of(&browser()), act("act", &role)],
        "act",
        &format!("proven sso_user sato\n{SAML}\noauth_session sato - <- grant sign_in_session"),
    );
    assert_eq!(resolution.via, None);
    assert_eq!((resolution.chain[0].access_key_id.as_deref(), resolution.chain[1].access_key_id.as_deref()), (None, Some("KCLI")));
    let bob = signed_in(user("bob", "KCLI", "08:00:00"));
    let grant = grant_of(&user("bob", "", "08:00:00"));
    check(
        &[grant.clone(), act("act", &bob)],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob\noauth_session - - <- grant sign_in_session",
    );
    check(
        &[grant, console_login("login", "08:00:00", &user("bob", "", "")), act("act", &bob)],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         console_session - - <- login sign_in
         oauth_session - - <- grant sign_in_session",
    );
}

#[test]
fn source_identity_of_the_sign_in_holds_for_a_command_lines_session() {
    let opened = Opening { asked: ",\"sourceIdentity\":\"sato-id\"", ..opening(&OPS, "sato", "K1", "08:00:00") };
    let opened = opened.saml("saml", "AWSSSO_0123456789abcdef_DO_NOT_DELETE", "sato");
    let role = signed_in(session(&OPS, "sato", "KCLI", "08:00:00"));
    check(
        &[opened, grant("grant", &browser(), "arn:aws:signin:::devtools/same-device", ""), act("act", &role)],
        "act",
        &format!(
            "proven sso_user sato\n{SAML} source_identity=sato-id\noauth_session sato - <- grant sign_in_session source_identity=sato-id"
        ),
    );
}

#[test]
fn anothers_token_of_the_same_sign_in_session_is_no_link() {
    // AWS writes one principal for a sign-in session; a record that says otherwise ties nothing.
    let role = signed_in(session(&OPS, "sato", "KCLI", "08:00:00"));
    for other in [session(&OPS, "suzuki", "", "08:00:00"), session(&OPS, "sato", "", "07:00:00")] {
        let grant = grant("grant", &other, "arn:aws:signin:::devtools/same-device", "");
        check(&[opened(), grant, act("act", &role)], "act", &format!("proven sso_user sato\n{SAML}"));
    }
}

#[test]
fn failed_token_ties_nothing() {
    let grant =
        grant("grant", &browser(), "arn:aws:signin:::devtools/same-device", "").replace("\"eventID\"", "\"errorCode\":\"x\",\"eventID\"");
    let role = signed_in(session(&OPS, "sato", "KCLI", "08:00:00"));
    check(&[opened(), grant, act("act", &role)], "act", &format!("proven sso_user sato\n{SAML}"));
}

fn app() -> Who {
    let scope = "\"inScopeOf\":{\"issuerType\":\"AWS::Lambda::Function\",\"credentialsIssuedTo\":\"arn:aws:lambda:ap-northeast-1:333333333333:function:app\"}";
    let role = Role { account: IDC, path: "/", name: "App", id: "AROAAPP" };
    session(&role, "app", "KAPP", "07:59:00").with(scope)
}

fn token_for(user: &str, credential: &str) -> String {
    record(
        "token",
        "07:59:59",
        IDC,
        "sso-oauth:CreateTokenWithIAM",
        &app(),
        &format!(
            ",\"requestParameters\":{{\"clientId\":\"{APPLICATION}\"}},\"additionalEventData\":{{\"identitystore:UserId\":\"{user}\",\"identitystore:IdentityStoreArn\":\"x\",\"identitycenter:CredentialId\":\"{credential}\"}}"
        ),
    )
}

fn fetched(id: &str, credential: &str) -> String {
    fetch(id, "u-1", "08:00:00").replace("\"credentialId\":\"AAAA\"", &format!("\"credentialId\":\"{credential}\""))
}

#[test]
fn application_that_acts_for_a_user_is_told() {
    let used = session(&OPS, "sato", "KUSED", "08:00:00").on_behalf_of("u-1");
    let records = [opened(), fetched("fetch", "BBBB"), token_for("u-1", "BBBB"), act("act", &used)];
    let resolution = check(&records, "act", &format!("proven sso_user sato\n{SAML}"));
    let told = format!("application {APPLICATION} (arn:aws:lambda:ap-northeast-1:333333333333:function:app) <- fetch+token");
    assert_eq!(via(&resolution), told);
    // The user's own portal session; another token; another user's; both in one second.
    for records in [
        vec![opened(), fetched("fetch", "AAAA"), token_for("u-1", "BBBB"), act("act", &used)],
        vec![opened(), fetched("fetch", "BBBB"), token_for("u-2", "BBBB"), act("act", &used)],
        vec![opened(), fetched("fetch", "BBBB"), fetched("own", "AAAA"), token_for("u-1", "BBBB"), act("act", &used)],
    ] {
        assert_eq!(check(&records, "act", &format!("proven sso_user sato\n{SAML}")).via, None);
    }
}

#[test]
fn application_in_a_foreign_account_is_not_told() {
    let role = Role { account: OUTSIDE, id: "AROATHEIRS", ..OPS };
    let fetched = fetched("fetch", "BBBB").replace(&format!("\"account_id\":\"{TOOLS}\""), &format!("\"account_id\":\"{OUTSIDE}\""));
    let who = session(&role, "sato", "KUSED", "08:00:00").on_behalf_of("u-1");
    let here = record("act", "09:00:00", PROD, "s3:PutObject", &who, "");
    let facts = read(&[fetched, token_for("u-1", "BBBB"), here]);
    let resolution = graph(&[TOOLS, PROD, IDC], facts.values()).resolve(&facts["act"].session);
    assert_eq!((resolution.actor.kind(), resolution.via), ("external_account", None));
}

#[test]
fn what_tells_the_application_is_named_so_that_it_can_be_loaded() {
    let used = session(&OPS, "sato", "KUSED", "08:00:00").on_behalf_of("u-1");
    let records = [opened(), fetched("fetch", "BBBB"), token_for("u-1", "BBBB"), act("act", &used)];
    let facts = read(&records);
    let mut known = vec![&facts["act"], &facts["saml"]];
    for step in ["fetch", "token"] {
        let graph = graph(&[TOOLS, PROD, IDC], known.iter().copied());
        let lookups = graph.via_lookups(&facts["act"].session);
        let issue = facts[step].issue.as_ref().unwrap();
        let fetched = issue.target_account_id.clone().zip(Some(issue.event_time)).filter(|_| step == "fetch");
        assert!(fetched.is_none() || lookups.fetched == fetched, "{lookups:?}");
        assert!(step == "fetch" || lookups.credential_ids.contains(issue.issued_credential_id.as_ref().unwrap()), "{lookups:?}");
        known.push(&facts[step]);
    }
    let whole = graph(&[TOOLS, PROD, IDC], known.iter().copied());
    assert!(whole.via_lookups(&facts["act"].session).sessions.contains(&facts["token"].session));
    assert!(whole.resolve(&facts["act"].session).via.is_some());
    // Of a role that somebody made, nothing is looked up.
    let facts = read(&[act("act", &session(&LOCAL, "sato", "K", "08:00:00"))]);
    assert_eq!(graph(&[TOOLS], facts.values()).via_lookups(&facts["act"].session), Default::default());
}

#[test]
fn application_that_enters_a_role_with_a_users_context_is_told() {
    let context =
        ",\"providedContexts\":[{\"providerArn\":\"arn:aws:iam::aws:contextProvider/IdentityCenter\",\"contextAssertion\":\"x\"}]";
    let call = Opening { asked: context, ..opening(&DEPLOY, "release", "K1", "08:00:00") };
    let records = [call.across("for", &app()), act("act", &session(&DEPLOY, "release", "K1", "08:00:00").on_behalf_of("u-1"))];
    let resolution = check(&records, "act", "proven sso_user u-1\nrole_session release Deploy <- for access_key");
    assert_eq!(
        via(&resolution),
        "application arn:aws:iam::333333333333:role/App (arn:aws:lambda:ap-northeast-1:333333333333:function:app) <- for"
    );
}

#[test]
fn product_provider_with_delegated_access_is_told() {
    let call = session(&OPS, "sato", "KX", "08:00:00").with("\"invokedByDelegate\":{\"accountId\":\"999999999999\"}");
    assert_eq!(via(&check(&[opened(), act("act", &call)], "act", &format!("proven sso_user sato\n{SAML}"))), "delegate 999999999999 <- ");
}

#[test]
fn certificate_holder_is_named_by_the_certificate() {
    let role = Role { name: "Batch", id: "AROABATCH", ..LOCAL };
    let who = session(&role, "2a9902", "K1", "08:00:00").context("\"sourceIdentity\":\"CN=batch-01\"");
    let own = record(
        "create",
        "08:00:00",
        TOOLS,
        "rolesanywhere:CreateSession",
        &Who::of("\"type\":\"Unknown\""),
        &format!(
            ",\"requestParameters\":{{\"roleArn\":\"{}\",\"trustAnchorArn\":\"arn:aws:rolesanywhere:ap-northeast-1:111111111111:trust-anchor/1\"}},\"responseElements\":{{\"credentialSet\":[{{\"credentials\":{{\"accessKeyId\":\"K1\"}},\"assumedRoleUser\":{{\"assumedRoleId\":\"AROABATCH:2a9902\"}},\"sourceIdentity\":\"CN=batch-01\"}}],\"subjectArn\":\"arn:aws:rolesanywhere:ap-northeast-1:111111111111:subject/1\"}}",
            role.arn()
        ),
    );
    let asked = ",\"sourceIdentity\":\"CN=batch-01\"";
    let assumed = Opening { asked, ..opening(&role, "2a9902", "K1", "08:00:00") }.by("assume", &service("rolesanywhere.amazonaws.com"));
    for (records, by) in [(vec![own.clone()], "create"), (vec![assumed.clone()], "assume"), (vec![own, assumed], "assume+create")] {
        let mut records = records;
        records.push(act("act", &who));
        let resolution = check(
            &records,
            "act",
            &format!("proven workload CN=batch-01\nrole_session 2a9902 Batch <- {by} access_key source_identity=CN=batch-01"),
        );
        assert_eq!(resolution.actor.provider(), Some("rolesanywhere.amazonaws.com"));
    }
    // A person may set the same source identity.
    let forged = Opening { asked, ..opening(&role, "2a9902", "K1", "08:00:00") }.by("assume", &user("mallory", "AKIAM", ""));
    check(
        &[forged, act("act", &who)],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/mallory
         role_session 2a9902 Batch <- assume access_key source_identity=CN=batch-01",
    );
}

#[test]
fn directory_that_lets_people_in_is_not_who_acts() {
    let role = Role { name: "Console", id: "AROACONSOLE", ..LOCAL };
    let opened = opening(&role, "sato@corp.example", "K1", "08:00:00").by("open", &service("ds.amazonaws.com"));
    check(
        &[opened, act("act", &session(&role, "sato@corp.example", "K1", "08:00:00"))],
        "act",
        "claimed unknown -
         role_session sato@corp.example Console <- open access_key
         claims role_session_name sato@corp.example
         needs no log can close this",
    );
}

#[test]
fn users_are_called_as_they_were_then() {
    let store = format!("arn:aws:identitystore::{IDC}:identitystore/d-1234567890");
    let mut names = UserNames::default();
    let records = [
        act("a", &session(&OPS, "sato", "K1", "2026-11-01T08:00:00Z").on_behalf_of("u-1")),
        act("b", &session(&OPS, "tanaka", "K2", "2026-11-10T08:00:00Z").on_behalf_of("u-1")),
        // The name goes to somebody else.
        act("c", &session(&OPS, "sato", "K3", "2026-11-12T08:00:00Z").on_behalf_of("u-2")),
        // A role that somebody made names nobody.
        act("d", &session(&LOCAL, "ceo", "K4", "2026-11-13T08:00:00Z").on_behalf_of("u-1")),
        act("e", &session(&OPS, "one", "K5", "2026-11-01T08:00:00Z").on_behalf_of("u-3")),
        act("f", &session(&OPS, "two", "K6", "2026-11-01T08:00:00Z").on_behalf_of("u-3")),
    ];
    let sign_in = |id: &str, user: &str, time: &str, call: &str, name: &str, outcome: &str| {
        let rest = format!(
            ",\"additionalEventData\":{{\"CredentialType\":\"PASSWORD\"{name}}},\"serviceEventDetails\":{{\"{call}\":\"{outcome}\"}}"
        );
        record(id, time, IDC, &format!("signin:{call}"), &portal(user), &rest)
    };
    let named = ",\"UserName\":\"suzuki\"";
    let sign_ins = [
        sign_in("f1", "u-4", "2026-11-10T08:00:00Z", "CredentialChallenge", named, "Success"),
        sign_in("f2", "u-5", "2026-11-10T08:00:00Z", "UserAuthentication", named, "Success"),
        // What somebody typed and was not let in with, what AWS hides, and what says no name.
        sign_in("f3", "u-6", "2026-11-10T08:00:00Z", "CredentialChallenge", named, "Failure"),
        sign_in("f4", "u-6", "2026-11-10T08:00:00Z", "CredentialChallenge", ",\"UserName\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"", "Success"),
        sign_in("f5", "u-6", "2026-11-10T08:00:00Z", "CredentialChallenge", "", "Success"),
        sign_in("f6", "u-6", "2026-11-10T08:00:00Z", "CredentialVerification", named, "Success"),
    ];
    read(&records).values().for_each(|facts| names.add(&facts.seen));
    read(&sign_ins).values().filter_map(|facts| facts.issue.as_ref()).for_each(|issue| names.add_sign_in(issue));
    let at = |time: &str| event::time::micros(&super::records::at(time)).unwrap();
    for (user, time, name) in [
        ("u-1", "2026-10-01T00:00:00Z", Some("sato")),
        ("u-1", "2026-11-05T00:00:00Z", Some("sato")),
        ("u-1", "2026-11-20T00:00:00Z", Some("tanaka")),
        ("u-2", "2026-11-20T00:00:00Z", Some("sato")),
        ("u-3", "2026-11-20T00:00:00Z", None),
        ("u-4", "2026-11-20T00:00:00Z", Some("suzuki")),
        ("u-5", "2026-11-20T00:00:00Z", Some("suzuki")),
        ("u-6", "2026-11-20T00:00:00Z", None),
        ("u-9", "2026-11-20T00:00:00Z", None),
    ] {
        assert_eq!(names.name(&store, user, at(time)), name, "{user} {time}");
    }
    assert_eq!(names.name("arn:aws:identitystore::999999999999:identitystore/d-1", "u-1", at("09:00:00")), None);
}

#[test]
fn token_is_a_session_of_its_own_and_takes_along_what_is_in_force() {
    let grant = grant("grant", &browser(), "arn:aws:signin:::devtools/same-device", "");
    let asked = ",\"principalTags\":{\"team\":\"shop\"},\"transitiveTagKeys\":[\"team\"],\"sourceIdentity\":\"sato\"";
    let saml = Opening { asked, told: ",\"sourceIdentity\":\"sato\"", ..opening(&OPS, "sato", "K1", "08:00:00") }.saml(
        "saml",
        "AWSSSO_1_DO_NOT_DELETE",
        "sato",
    );
    let line = signed_in(session(&OPS, "sato", "KCLI", "08:00:00")).context("\"sourceIdentity\":\"sato\"");
    let records = [saml, grant.clone(), act("act", &line)];
    let resolution = check(
        &records,
        "act",
        &format!(
            "proven sso_user sato\n{SAML} team*=shop source_identity=sato\noauth_session sato - <- grant sign_in_session team*=shop source_identity=sato"
        ),
    );
    assert_eq!(resolution.chain[1].asserted_tag_keys, ["team"]);
    // The event that opened the browser's session is missing: the token does not stand for it.
    check(
        &[grant.clone(), act("act", &signed_in(session(&OPS, "sato", "KCLI", "08:00:00")))],
        "act",
        "attested sso_user sato
         role_session sato AWSReservedSSO_Ops_0123456789abcdef <- ?
         oauth_session sato - <- grant sign_in_session",
    );
    // A page of the browser, and a record without a key, are not the token's.
    for record in [click("act", &signed_in(session(&OPS, "sato", "KPAGE", "08:00:00"))), act("act", &signed_in(browser()))] {
        check(&[opened(), grant.clone(), record], "act", &format!("proven sso_user sato\n{SAML}"));
    }
}

#[test]
fn tool_call_is_the_agents_and_the_persons_other_calls_are_not() {
    let resolved = |records: &[String], tool_call: bool| {
        let facts = read(records);
        let graph = graph(&[TOOLS, PROD, IDC], facts.values());
        let session = &facts["act"].session;
        let resolution = if tool_call { graph.resolve_agents_call(session) } else { graph.resolve(session) };
        (resolution.actor.id().unwrap_or("-").to_owned(), via(&resolution))
    };
    let grant_of = |id: &str, resource: &str| grant(id, &browser(), "arn:aws:signin:us-east-1::external-client/dcr/1", resource);
    let sato = |via: &str| ("sato".to_owned(), via.to_owned());
    // By a sign-in, without a key: as the browser's own calls, but for the sign-in that AWS wrote on it.
    let tool = act("act", &signed_in(browser()));
    let records = [opened(), grant_of("grant", MCP), tool.clone(), click("page", &browser())];
    assert_eq!(resolved(&records, true), sato(&format!("agent {MCP} <- grant")));
    assert_eq!(resolved(&records, false), sato("-"));
    assert_eq!(resolved(&[opened(), tool.clone()], true), sato("agent aws-mcp.amazonaws.com <- "));
    // Of two sign-ins the records without a key do not say which one it was.
    let other = act("other", &browser().context("\"signInSessionArn\":\"arn:aws:signin:ap-northeast-1:111111111111:session/2\""));
    let records = [opened(), grant_of("grant", MCP), tool, other];
    assert_eq!(resolved(&records, true), sato("agent aws-mcp.amazonaws.com <- "));
    // By the key that the person uses by hand.
    let hand = act("act", &user("alice", "AKIAALICE", ""));
    let alice = |via: &str| ("arn:aws:iam::111111111111:user/alice".to_owned(), via.to_owned());
    assert_eq!(resolved(std::slice::from_ref(&hand), true), alice("agent aws-mcp.amazonaws.com <- "));
    assert_eq!(resolved(&[hand], false), alice("-"));
    // Nobody is known for whom the agent could have acted.
    let lost = act("act", &session(&DEPLOY, "work", "KX", "08:00:00"));
    assert_eq!(resolved(&[lost], true), ("-".to_owned(), "-".to_owned()));
    assert!(identity::is_agents_call("aws-mcp.amazonaws.com") && !identity::is_agents_call("mcp.amazonaws.com"));
}
