//! The console: sign-in, and switching role.

use super::records::*;
use super::{check, check_in, graph, plain, read};

fn bob() -> Who {
    user("bob", "ASIABOB", "07:00:00")
}

fn copies() -> [String; 3] {
    let switching = opening(&DEPLOY, "bob", "KISSUED", "08:00:00");
    let caller = bob().invoked_by("AWS Internal");
    [
        switching.across("mine", &caller),
        switching.copy("theirs", &bob()),
        switch("switch", &DEPLOY, "bob", "08:00:00", "arn:aws:iam::111111111111:user/bob"),
    ]
}

fn page() -> String {
    click("page", &session(&DEPLOY, "bob", "KPAGE", "08:00:00"))
}

#[test]
fn sign_in_is_a_link_of_the_chain() {
    let login = |who: &Who| console_login("login", "07:00:00", who);
    check(
        &[login(&user("bob", "", "")), click("act", &bob())],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         console_session - - <- login sign_in",
    );
    check(
        &[login(&root(TOOLS, "", "")), click("act", &root(TOOLS, "ASIA9", "07:00:00"))],
        "act",
        "proven root_user arn:aws:iam::111111111111:root
         console_session - - <- login sign_in",
    );
    check(&[login(&user("bob", "", ""))], "login", "proven iam_user arn:aws:iam::111111111111:user/bob");
    check(
        &[click("act", &bob())],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         console_session - - <- ?",
    );
}

#[test]
fn failed_sign_in_opens_nothing() {
    let rest = ",\"errorMessage\":\"Failed authentication\",\"responseElements\":{\"ConsoleLogin\":\"Failure\"}";
    let failed = record("login", "07:00:00", TOOLS, "signin:ConsoleLogin", &user("bob", "", ""), rest);
    check(
        &[failed, click("act", &bob())],
        "act",
        "proven iam_user arn:aws:iam::111111111111:user/bob
         console_session - - <- ?",
    );
}

#[test]
fn each_record_of_a_switch_says_what_it_can() {
    let signed_in = "console_session - - <- login sign_in";
    let cases: [(&[usize], &str, bool); 6] = [
        (&[0, 1, 2], "mine+theirs assumed_role_id", true),
        (&[0, 2], "mine assumed_role_id", true),
        (&[0, 1], "mine+theirs assumed_role_id", true),
        (&[0], "mine assumed_role_id", true),
        (&[1, 2], "switch+theirs assumed_role_id", false),
        (&[2], "switch switch_role", false),
    ];
    for (kept, by, own) in cases {
        let mut records: Vec<String> = kept.iter().map(|index| copies()[*index].clone()).collect();
        records.extend([page(), console_login("login", "07:00:00", &user("bob", "", ""))]);
        let before = if own { format!("{signed_in}\n") } else { String::new() };
        check(&records, "page", &format!("proven iam_user arn:aws:iam::111111111111:user/bob\n{before}role_session bob Deploy <- {by}"));
    }
    check(
        &[copies()[1].clone(), page()],
        "page",
        "unknown unknown -
         role_session bob Deploy <- theirs assumed_role_id
         claims role_session_name bob
         needs AssumeRole in the trail of account 111111111111 at 2026-11-18T08:00:00Z",
    );
    check_in(
        &[],
        &[copies()[1].clone(), page()],
        "page",
        "proven external_account 111111111111
         role_session bob Deploy <- theirs assumed_role_id",
    );
}

#[test]
fn key_that_is_not_marked_as_the_consoles_is_likely_its_own_and_was_surely_before_there_were_marks() {
    // Whoever opens a session by hand under the name and in the second of a switch has such a key too, and the event may be missing.
    for (opened, grade) in [("2022-02-23T23:59:59Z", "proven"), ("2022-02-24T00:00:00Z", "probable"), ("2026-11-18T08:00:00Z", "probable")]
    {
        let other = act("act", &session(&DEPLOY, "bob", "KOTHER", "08:00:00"));
        let records: Vec<String> =
            copies().into_iter().chain([other]).map(|record| record.replace("2026-11-18T08:00:00Z", opened)).collect();
        check(
            &records,
            "act",
            &format!(
                "{grade} iam_user arn:aws:iam::111111111111:user/bob
                 session_token - - <- ?
                 role_session bob Deploy <- mine+theirs assumed_role_id"
            ),
        );
    }
}

#[test]
fn switch_by_somebody_beside_a_call_by_another_is_ambiguous() {
    // Alice opens a session by hand in the second and under the name of Bob's switch; Bob's own call is lost.
    let by_hand = opening(&DEPLOY, "bob", "KA", "08:00:00").across("hers", &user("alice", "AKIAA", ""));
    let records = [by_hand, copies()[2].clone(), page(), act("hand", &session(&DEPLOY, "bob", "KA", "08:00:00"))];
    check(
        &records,
        "page",
        "ambiguous unknown -
         role_session bob Deploy <- ?
         claims role_session_name bob
         or iam_user arn:aws:iam::111111111111:user/alice hers
         or iam_user arn:aws:iam::111111111111:user/bob switch
         needs every event that opens a session in the trail of account 222222222222 at 2026-11-18T08:00:00Z, and a record with the session's key",
    );
    check(
        &records,
        "hand",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session bob Deploy <- hers access_key",
    );
    // Without her call her key is not his: AWS marks those of the console.
    check(
        &records[1..],
        "hand",
        "probable iam_user arn:aws:iam::111111111111:user/bob
         role_session bob Deploy <- switch switch_role",
    );
}

fn switched_from_role(name: &str) -> Vec<String> {
    vec![
        switch("switch", &DEPLOY, name, "08:00:00", &format!("arn:aws:sts::111111111111:assumed-role/Local/{name}")),
        click("page", &session(&DEPLOY, name, "KPAGE", "08:00:00")),
    ]
}

#[test]
fn switch_from_a_role_session_needs_the_call() {
    let local = |key: &str, created: &str| session(&LOCAL, "work", key, created);
    let mut records = switched_from_role("work");
    let nobody = "unknown unknown -
         role_session work Deploy <- switch switch_role
         claims role_session_name work
         needs AssumeRole in the trail of account 111111111111 at 2026-11-18T08:00:00Z";
    check(&records, "page", nobody);
    records.extend([
        opening(&LOCAL, "work", "K1", "07:00:00").by("hers", &user("alice", "AKIAA", "")),
        act("local", &local("K1", "07:00:00")),
    ]);
    check(
        &records,
        "page",
        "probable iam_user arn:aws:iam::111111111111:user/alice
         role_session work Local <- hers access_key
         role_session work Deploy <- switch switch_role",
    );
    let mut two = records.clone();
    two.push(act("local-2", &local("K2", "07:30:00")));
    check(&two, "page", nobody);
    // The call itself says which.
    two.push(opening(&DEPLOY, "work", "K9", "08:00:00").across("call", &local("K1", "07:00:00").invoked_by("AWS Internal")));
    check(
        &two,
        "page",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session work Local <- hers access_key
         role_session work Deploy <- call assumed_role_id",
    );
    // A session of another day is not alive.
    let mut old = switched_from_role("work");
    old.push(act("local", &local("K1", "2026-11-17T07:00:00Z")));
    check(&old, "page", nobody);
}

#[test]
fn switch_from_an_identity_center_session_is_its_users() {
    let from = format!("arn:aws:sts::111111111111:assumed-role/{}/sato", OPS.name);
    let switched = [switch("switch", &DEPLOY, "sato", "08:00:00", &from), click("page", &session(&DEPLOY, "sato", "KPAGE", "08:00:00"))];
    let mut records = switched.to_vec();
    records.extend([
        sso_opening("saml", "sato", "K1", "07:00:00"),
        click("one", &session(&OPS, "sato", "K2", "07:00:00")),
        click("two", &session(&OPS, "sato", "K3", "07:00:00")),
    ]);
    check(
        &records,
        "page",
        "attested sso_user sato
         role_session sato AWSReservedSSO_Ops_0123456789abcdef <- saml assumed_role_id
         role_session sato Deploy <- switch switch_role",
    );
    records.push(click("later", &session(&OPS, "sato", "K4", "07:30:00")));
    check(
        &records,
        "page",
        "attested sso_user sato
         role_session sato Deploy <- switch switch_role",
    );
}

#[test]
fn switch_from_outside_is_the_accounts() {
    let from = "arn:aws:sts::999999999999:assumed-role/Theirs/x";
    check(
        &[switch("switch", &DEPLOY, "x", "08:00:00", from), click("page", &session(&DEPLOY, "x", "KPAGE", "08:00:00"))],
        "page",
        "proven external_account 999999999999
         role_session x Deploy <- switch switch_role",
    );
}

#[test]
fn failed_switch_opens_nothing() {
    let failed = copies()[2].replace("\"SwitchRole\":\"Success\"", "\"SwitchRole\":\"Failure\"");
    check(
        &[failed, page()],
        "page",
        "unknown unknown -
         role_session bob Deploy <- ?
         claims role_session_name bob
         needs AssumeRole or AssumeRoleWithSAML in the trail of account 222222222222 at 2026-11-18T08:00:00Z",
    );
}

#[test]
fn federated_console_draws_keys_of_its_own() {
    // A broker turns an API session into a console session with GetSigninToken.
    let broker = opening(&LOCAL, "work", "K1", "08:00:00").by("hers", &user("alice", "AKIAA", ""));
    let records =
        [broker, act("signin", &session(&LOCAL, "work", "K1", "08:00:00")), click("page", &session(&LOCAL, "work", "K2", "08:00:00"))];
    check(
        &records,
        "page",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session work Local <- hers assumed_role_id",
    );
    let mut stranger = records.to_vec();
    stranger.push(act("other", &session(&LOCAL, "work", "K3", "08:00:00")));
    check(
        &stranger,
        "page",
        "ambiguous unknown -
         role_session work Local <- ?
         claims role_session_name work
         or iam_user arn:aws:iam::111111111111:user/alice hers
         needs every event that opens a session in the trail of account 111111111111 at 2026-11-18T08:00:00Z, and a record with the session's key",
    );
}

#[test]
fn two_records_under_one_event_id_prove_nothing() {
    let opening = |user_name: &str| opening(&DEPLOY, "job", "KA", "08:00:00").by("opened", &user(user_name, "AKIA1", ""));
    let acted = read(&[act("act", &session(&DEPLOY, "job", "KA", "08:00:00"))]);
    let (one, other) = (read(&[opening("bob")]), read(&[opening("mallory")]));
    for facts in [[&one, &other, &acted], [&other, &one, &acted], [&acted, &other, &one]] {
        let graph = graph(&[TOOLS, PROD, IDC], facts.into_iter().flat_map(|facts| facts.values()));
        let resolution = graph.resolve(&acted["act"].session);
        assert_eq!((resolution.actor.kind(), resolution.certainty.word()), ("unknown", "ambiguous"), "{}", plain(&resolution));
    }
}

#[test]
fn record_that_is_contradicted_under_its_own_id_proves_nothing_by_its_key() {
    // The other record of that id gave out another key: the one that fits may be the forged one.
    let opening = |who: &str, key: &str| opening(&DEPLOY, "job", key, "08:00:00").by("opened", &user(who, "AKIA1", ""));
    let acted = read(&[act("act", &session(&DEPLOY, "job", "KA", "08:00:00"))]);
    let (one, other) = (read(&[opening("bob", "KA")]), read(&[opening("mallory", "KB")]));
    for facts in [[&one, &other, &acted], [&acted, &other, &one]] {
        let graph = graph(&[TOOLS, PROD, IDC], facts.into_iter().flat_map(|facts| facts.values()));
        let resolution = graph.resolve(&acted["act"].session);
        assert_eq!((resolution.actor.kind(), resolution.certainty.word()), ("unknown", "ambiguous"), "{}", plain(&resolution));
    }
}

#[test]
fn before_every_console_key_was_marked_others_are_strange_beside_a_marked_or_an_issued_one() {
    let hand = act("hand", &session(&DEPLOY, "bob", "KISSUED", "08:00:00"));
    for (beside, grade) in [(None, "proven"), (Some(hand), "probable"), (Some(page()), "probable")] {
        let other = act("other", &session(&DEPLOY, "bob", "KOTHER", "08:00:00"));
        let records: Vec<String> =
            [copies()[0].clone(), other].into_iter().chain(beside).map(|record| record.replace("2026-11-18", "2021-11-18")).collect();
        check(
            &records,
            "other",
            &format!(
                "{grade} iam_user arn:aws:iam::111111111111:user/bob
                 session_token - - <- ?
                 role_session bob Deploy <- mine assumed_role_id"
            ),
        );
    }
}

#[test]
fn before_there_were_marks_only_the_consoles_own_opening_in_an_account_of_ours_gave_out_other_keys() {
    let old = |record: &String| record.replace("2026-11-18", "2021-11-18");
    let other = act("other", &session(&DEPLOY, "bob", "KOTHER", "08:00:00"));
    let grade = |ours: &[&str], records: &[String]| {
        let facts = read(&records.iter().map(old).collect::<Vec<_>>());
        graph(ours, facts.values()).resolve(&facts["other"].session).certainty.word()
    };
    let by_hand = opening(&DEPLOY, "bob", "KA", "08:00:00").across("hers", &user("alice", "AKIAA", ""));
    assert_eq!(grade(&[TOOLS, PROD], &[copies()[0].clone(), other.clone()]), "proven");
    assert_eq!(grade(&[TOOLS, PROD], &[by_hand, other.clone()]), "ambiguous");
    // What the role's account records is not ours to read.
    let seen_here = other.replace(&format!("\"recipientAccountId\":\"{PROD}\""), &format!("\"recipientAccountId\":\"{TOOLS}\""));
    assert_eq!(grade(&[TOOLS], &[copies()[0].clone(), seen_here]), "probable");
}

#[test]
fn session_switched_from_lives_twelve_hours() {
    for (created, alive) in [("2026-11-17T20:00:00Z", true), ("2026-11-17T19:59:59Z", false)] {
        let mut records = switched_from_role("work");
        records.push(opening(&LOCAL, "work", "K1", created).by("hers", &user("alice", "AKIAA", "")));
        records.push(act("local", &session(&LOCAL, "work", "K1", created)));
        let facts = read(&records);
        let resolution = graph(&[TOOLS, PROD, IDC], facts.values()).resolve(&facts["page"].session);
        assert_eq!(resolution.certainty == identity::Certainty::Probable, alive, "{created}: {}", plain(&resolution));
    }
}

#[test]
fn key_that_aws_marked_once_as_the_consoles_is_no_strangers() {
    let records = [
        opening(&LOCAL, "work", "K1", "08:00:00").by("hers", &user("alice", "AKIAA", "")),
        click("page", &session(&LOCAL, "work", "K2", "08:00:00")),
        // One page's calls, of which AWS marked only the first.
        click("marked", &session(&LOCAL, "work", "K3", "08:00:00")),
        act("unmarked", &session(&LOCAL, "work", "K3", "08:00:00")),
    ];
    check(
        &records,
        "page",
        "proven iam_user arn:aws:iam::111111111111:user/alice
         role_session work Local <- hers assumed_role_id",
    );
}
