//! Who stands behind the act of an instance or a function.

use super::records::*;
use super::{graph, read};
use identity::{CauseFacts, CausedBy};

const FN: Role = Role { account: PROD, path: "/service-role/", name: "fn", id: "AROAFN" };
const FUNCTION: &str = "arn:aws:lambda:ap-northeast-1:222222222222:function:cleanup";
pub(crate) const WEB: Role = Role { account: PROD, path: "/", name: "web", id: "AROAWEB" };

/// A person with a long-lived key in production.
pub(crate) fn person(name: &str) -> Who {
    let mut who = user(name, &format!("AKIA{name}"), "").json_as(TOOLS, PROD);
    who.account = PROD.to_owned();
    who
}

pub(crate) fn call(id: &str, time: &str, call: &str, who: &Who, request: &str, response: &str) -> String {
    record(
        id,
        time,
        PROD,
        call,
        who,
        &format!(",\"readOnly\":false,\"requestParameters\":{{{request}}},\"responseElements\":{{{response}}}"),
    )
}

pub(crate) fn found(records: &[String], asked: &str) -> CausedBy {
    let facts = read(records);
    let mut causes = CauseFacts::default();
    facts.values().flat_map(|fact| fact.causes.clone()).for_each(|fact| causes.add(fact));
    graph(&[TOOLS, PROD, IDC], facts.values()).caused_by(&facts[asked].act, &causes)
}

/// Causes as a few lines: certainty, actor, evidence.
#[track_caller]
pub(crate) fn check(records: &[String], asked: &str, expected: &str) {
    let lines: Vec<String> = found(records, asked)
        .causes
        .iter()
        .map(|cause| {
            assert!(!cause.why.is_empty() && !cause.evidence.is_empty());
            let name = cause.actor.id().map_or("-", |id| id.rsplit('/').next().unwrap_or(id));
            format!("{} {} {name} {}", cause.certainty.word(), cause.actor.kind(), cause.evidence.join("+"))
        })
        .collect();
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected);
}

pub(crate) fn with(records: &[String], more: &[String]) -> Vec<String> {
    records.iter().chain(more).cloned().collect()
}

pub(crate) fn refused(record: &str) -> String {
    record.replace("\"eventType\"", "\"errorCode\":\"AccessDenied\",\"eventType\"")
}

pub(crate) fn run_instances(id: &str, time: &str, who: &Who, tags: &str) -> String {
    call(
        id,
        time,
        "RunInstances",
        who,
        &format!(
            "\"iamInstanceProfile\":{{\"name\":\"web\"}},\"tagSpecificationSet\":{{\"items\":[{{\"resourceType\":\"instance\",\"tags\":[{tags}]}}]}}"
        ),
        "\"instancesSet\":{\"items\":[{\"instanceId\":\"i-0abc\"},{\"instanceId\":\"i-0def\"}]}",
    )
}

pub(crate) fn instance_acts() -> Vec<String> {
    let who = session(&WEB, "i-0abc", "K1", "08:00:00").context("\"ec2RoleDelivery\":\"2.0\"");
    vec![opening(&WEB, "i-0abc", "K1", "08:00:00").by("ec2", &service("ec2.amazonaws.com")), act("act", &who)]
}

#[test]
fn launcher_of_an_instance_stands_behind_it() {
    let records = with(&instance_acts(), &[run_instances("run", "07:59:00", &person("alice"), "")]);
    check(&records, "act", "probable iam_user alice run");
    // Other instances, later launches and failed ones are nobody's cause.
    let other = run_instances("other", "07:59:00", &person("bob"), "").replace("i-0abc", "i-0aaa");
    let denied = refused(&run_instances("denied", "07:59:30", &person("bob"), ""));
    check(&with(&records, &[other, denied]), "act", "probable iam_user alice run");
    check(&instance_acts(), "act", "");
}

#[test]
fn instance_that_launched_through_a_role_leads_to_the_person() {
    let own = session(&LOCAL, "work", "K5", "07:30:00");
    let mut here = own.clone();
    here.account = PROD.to_owned();
    let records = with(
        &instance_acts(),
        &[
            opening(&DEPLOY, "work", "K5", "07:30:00").across("assume", &user("alice", "AKIAA", "")),
            run_instances("run", "07:59:00", &session(&DEPLOY, "work", "K5", "07:30:00"), ""),
        ],
    );
    check(&records, "act", "probable iam_user alice run");
}

#[test]
fn whoever_gave_the_role_or_the_user_data_is_another_candidate() {
    let launched = with(&instance_acts(), &[run_instances("run", "07:50:00", &person("alice"), "")]);
    let gave = call(
        "gave",
        "07:55:00",
        "AssociateIamInstanceProfile",
        &person("bob"),
        "\"AssociateIamInstanceProfileRequest\":{\"InstanceId\":\"i-0abc\",\"IamInstanceProfile\":{\"Name\":\"web\"}}",
        "",
    );
    check(&with(&launched, &[gave]), "act", "ambiguous iam_user bob gave\nambiguous iam_user alice run");
    let data = call(
        "data",
        "07:56:00",
        "ModifyInstanceAttribute",
        &person("bob"),
        "\"instanceId\":\"i-0abc\",\"userData\":\"<sensitiveDataRemoved>\"",
        "",
    );
    check(&with(&launched, &[data]), "act", "ambiguous iam_user bob data\nambiguous iam_user alice run");
    let stopped = call(
        "stop",
        "07:56:00",
        "ModifyInstanceAttribute",
        &person("bob"),
        "\"instanceId\":\"i-0abc\",\"disableApiTermination\":{\"value\":true}",
        "",
    );
    check(&with(&launched, &[stopped]), "act", "probable iam_user alice run");
}

fn shell(id: &str, time: &str, who: &str, shell: &str) -> String {
    call(
        id,
        time,
        "ssm:StartSession",
        &person(who),
        "\"target\":\"i-0abc\"",
        &format!("\"sessionId\":\"{shell}\",\"tokenValue\":\"Value hidden\""),
    )
}

#[test]
fn open_shell_is_a_candidate_by_time_alone() {
    check(&with(&instance_acts(), &[shell("shell", "08:50:00", "bob", "bob-1")]), "act", "ambiguous iam_user bob shell");
    let launched = with(&instance_acts(), &[run_instances("run", "07:50:00", &person("alice"), "")]);
    let open = with(&launched, &[shell("shell", "08:50:00", "bob", "bob-1")]);
    check(&open, "act", "ambiguous iam_user alice run\nambiguous iam_user bob shell");
    // The launcher's own shell speaks for nobody else.
    check(&with(&launched, &[shell("shell", "08:50:00", "alice", "alice-1")]), "act", "probable iam_user alice run+shell");
    let ended =
        |time: &str| call("end", time, "ssm:TerminateSession", &person("bob"), "\"sessionId\":\"bob-1\"", "\"sessionId\":\"bob-1\"");
    check(&with(&open, &[ended("08:55:00")]), "act", "probable iam_user alice run");
    check(&with(&open, &[ended("09:00:00")]), "act", "ambiguous iam_user alice run\nambiguous iam_user bob shell");
    check(&with(&launched, &[shell("shell", "2026-11-17T08:50:00Z", "bob", "bob-1")]), "act", "probable iam_user alice run");
}

#[test]
fn shell_on_a_managed_machine_outside_counts_as_well() {
    let acts = [
        opening(&WEB, "mi-0abc", "K1", "08:00:00").by("ssm", &service("ssm.amazonaws.com")),
        act("act", &session(&WEB, "mi-0abc", "K1", "08:00:00")),
    ];
    let shell = shell("shell", "08:50:00", "bob", "bob-1").replace("i-0abc", "mi-0abc");
    check(&with(&acts, &[shell]), "act", "ambiguous iam_user bob shell");
}

#[test]
fn command_sent_within_the_hour_is_a_candidate() {
    let sent = |time: &str| {
        call(
            "sent",
            time,
            "ssm:SendCommand",
            &person("bob"),
            "\"documentName\":\"AWS-RunShellScript\",\"instanceIds\":[\"i-0abc\"],\"parameters\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"",
            "\"command\":{\"commandId\":\"c-1\"}",
        )
    };
    check(&with(&instance_acts(), &[sent("08:30:00")]), "act", "ambiguous iam_user bob sent");
    check(&with(&instance_acts(), &[sent("07:30:00")]), "act", "");
}

fn function_acts() -> Vec<String> {
    let scope = format!("\"inScopeOf\":{{\"issuerType\":\"AWS::Lambda::Function\",\"credentialsIssuedTo\":\"{FUNCTION}\"}}");
    let who = session(&FN, "cleanup", "K1", "08:00:00").with(&scope);
    vec![opening(&FN, "cleanup", "K1", "08:00:00").by("lambda", &service("lambda.amazonaws.com")), act("act", &who)]
}

fn function(id: &str, time: &str, name: &str, who: &str, more: &str) -> String {
    let request = format!("\"functionName\":\"cleanup\",\"role\":\"arn:aws:iam::{PROD}:role/service-role/fn\"{more}");
    call(id, time, &format!("lambda:{name}"), &person(who), &request, &format!("\"functionArn\":\"{FUNCTION}\""))
}

#[test]
fn whoever_last_changed_the_code_of_a_function_stands_behind_it() {
    let made = function("made", "2026-11-01T00:00:00Z", "CreateFunction20150331", "alice", "");
    check(&with(&function_acts(), std::slice::from_ref(&made)), "act", "probable iam_user alice made");
    let changed = |id: &str, time: &str, who: &str, more: &str| function(id, time, "UpdateFunctionCode20150331v2", who, more);
    let both = with(&function_acts(), &[made.clone(), changed("code", "2026-11-10T00:00:00Z", "bob", "")]);
    check(&both, "act", "probable iam_user bob code");
    // Tried out only; refused; another function's; later than the act.
    for other in [
        changed("x", "2026-11-11T00:00:00Z", "carol", ",\"dryRun\":true"),
        refused(&changed("x", "2026-11-11T00:00:00Z", "carol", "")),
        changed("x", "2026-11-11T00:00:00Z", "carol", "").replace("cleanup", "other"),
        changed("x", "2026-11-18T09:00:01Z", "carol", ""),
    ] {
        check(&with(&both, &[other]), "act", "probable iam_user bob code");
    }
}

#[test]
fn code_changed_while_the_session_lasted_may_not_have_run() {
    let changed = |id: &str, time: &str, who: &str| function(id, time, "UpdateFunctionCode20150331v2", who, "");
    let records = with(&function_acts(), &[changed("one", "2026-11-10T00:00:00Z", "alice"), changed("two", "08:30:00", "bob")]);
    check(&records, "act", "ambiguous iam_user alice one\nambiguous iam_user bob two");
    // The session says by itself when it began.
    check(&records[1..], "act", "ambiguous iam_user alice one\nambiguous iam_user bob two");
}

#[test]
fn function_made_again_under_its_name_is_another() {
    let records = with(
        &function_acts(),
        &[
            function("old", "2026-11-01T00:00:00Z", "CreateFunction20150331", "alice", ""),
            function("gone", "2026-11-02T00:00:00Z", "DeleteFunction20150331", "alice", ""),
            function("new", "2026-11-03T00:00:00Z", "CreateFunction20150331", "bob", ""),
        ],
    );
    check(&records, "act", "probable iam_user bob new");
    let rule_of_old = call(
        "rule",
        "2026-11-01T01:00:00Z",
        "events:PutTargets",
        &person("alice"),
        &format!("\"rule\":\"nightly\",\"targets\":[{{\"id\":\"1\",\"arn\":\"{FUNCTION}\"}}]"),
        "\"failedEntryCount\":0",
    );
    check(&with(&records, &[rule_of_old]), "act", "probable iam_user bob new");
    // Its maker is not in sight: whoever made the one before is not its maker.
    check(&with(&records[..4], &[]), "act", "");
    // What still ran of the old one when the new one was made.
    let late = with(
        &function_acts(),
        &[
            function("old", "2026-11-01T00:00:00Z", "CreateFunction20150331", "alice", ""),
            function("new", "08:30:00", "CreateFunction20150331", "bob", ""),
        ],
    );
    check(&late, "act", "ambiguous iam_user bob new\nambiguous iam_user alice old");
    let in_the_second = with(&late[..3], &[function("new", "08:00:00", "CreateFunction20150331", "bob", "")]);
    check(&in_the_second, "act", "ambiguous iam_user bob new\nambiguous iam_user alice old");
}

#[test]
fn whoever_set_the_trigger_is_a_candidate_too() {
    let made = with(&function_acts(), &[function("made", "2026-11-01T00:00:00Z", "CreateFunction20150331", "alice", "")]);
    let target = |who: &str, failed: &str| {
        call(
            "target",
            "2026-11-02T00:00:00Z",
            "events:PutTargets",
            &person(who),
            &format!("\"rule\":\"nightly\",\"targets\":[{{\"id\":\"1\",\"arn\":\"{FUNCTION}:live\"}}]"),
            &format!("\"failedEntryCount\":{failed}"),
        )
    };
    let rule = |who: &str| {
        call(
            "rule",
            "2026-11-03T00:00:00Z",
            "events:PutRule",
            &person(who),
            "\"name\":\"nightly\",\"scheduleExpression\":\"rate(1 day)\"",
            "",
        )
    };
    check(&with(&made, &[target("alice", "0"), rule("alice")]), "act", "probable iam_user alice made+rule+target");
    check(&with(&made, &[target("bob", "0")]), "act", "ambiguous iam_user alice made\nambiguous iam_user bob target");
    check(&with(&made, &[target("alice", "0"), rule("bob")]), "act", "ambiguous iam_user alice made+target\nambiguous iam_user bob rule");
    check(&with(&made, &[target("bob", "1")]), "act", "probable iam_user alice made");
    // The rule of another name starts nothing.
    check(&with(&made, &[target("alice", "0"), rule("bob").replace("nightly", "weekly")]), "act", "probable iam_user alice made+target");
}

#[test]
fn settings_that_change_what_runs_count_and_others_do_not() {
    let made = with(&function_acts(), &[function("made", "2026-11-01T00:00:00Z", "CreateFunction20150331", "alice", "")]);
    let set = |more: &str| {
        call(
            "set",
            "2026-11-02T00:00:00Z",
            "lambda:UpdateFunctionConfiguration20150331v2",
            &person("bob"),
            &format!("\"functionName\":\"{FUNCTION}\",{more}"),
            "",
        )
    };
    check(&with(&made, &[set("\"timeout\":30")]), "act", "probable iam_user alice made");
    check(&with(&made, &[set("\"handler\":\"x\"")]), "act", "ambiguous iam_user alice made\nambiguous iam_user bob set");
}

#[test]
fn code_that_no_known_change_brought_keeps_its_maker_a_candidate() {
    let answer = |code: &str| format!("\"functionArn\":\"{FUNCTION}\",\"codeSha256\":\"{code}\"");
    let of = |id: &str, time: &str, name: &str, who: &str, code: &str| {
        call(id, time, &format!("lambda:{name}"), &person(who), &format!("\"functionName\":\"{FUNCTION}\""), &answer(code))
    };
    let made = with(&function_acts(), &[of("made", "2026-11-01T00:00:00Z", "CreateFunction20150331", "alice", "one=")]);
    for (name, code, expected) in [
        ("PublishVersion20150331", "one=", "probable iam_user alice made"),
        ("PublishVersion20150331", "two=", "ambiguous iam_user alice made\nunknown unknown - seen"),
        ("UpdateFunctionConfiguration20150331v2", "two=", "ambiguous iam_user alice made\nunknown unknown - seen"),
    ] {
        check(&with(&made, &[of("seen", "2026-11-02T00:00:00Z", name, "bob", code)]), "act", expected);
        // Later than the act it says nothing of it, nor does the code before that which was changed in sight.
        check(&with(&made, &[of("seen", "2026-11-18T09:00:01Z", name, "bob", code)]), "act", "probable iam_user alice made");
        let changed = of("code", "2026-11-03T00:00:00Z", "UpdateFunctionCode20150331v2", "carol", "three=");
        let both = with(&made, &[of("seen", "2026-11-02T00:00:00Z", name, "bob", code), changed]);
        check(&both, "act", "probable iam_user carol code");
        // Of what was seen in the very second nobody knows whether it was the code before or after.
        check(&with(&made, &[of("seen", "2026-11-01T00:00:00Z", name, "bob", code)]), "act", "probable iam_user alice made");
    }
}

#[test]
fn cause_says_on_which_logs_it_rests() {
    let made = function("made", "2026-11-01T00:00:00Z", "CreateFunction20150331", "alice", "");
    let causes = found(&with(&function_acts(), &[made]), "act").causes;
    let spans: Vec<(&str, &str, i64)> = causes[0]
        .rests_on
        .iter()
        .map(|span| (span.recipient_account_id.as_str(), span.aws_region.as_str(), (span.until - span.from) / 3_600_000_000))
        .collect();
    assert_eq!(spans, [(PROD, "ap-northeast-1", 17 * 24 + 9)]);
}

#[test]
fn unknown_caller_keeps_everybody_else_a_candidate() {
    let stranger = session(&LOCAL, "x", "KX", "06:00:00");
    let mut stranger = stranger.json_as(TOOLS, PROD);
    stranger.account = PROD.to_owned();
    let records = with(
        &function_acts(),
        &[
            function("made", "2026-11-01T00:00:00Z", "CreateFunction20150331", "alice", ""),
            call(
                "set",
                "2026-11-02T00:00:00Z",
                "lambda:UpdateFunctionConfiguration20150331v2",
                &stranger,
                "\"functionName\":\"cleanup\",\"handler\":\"x\"",
                "",
            ),
        ],
    );
    check(&records, "act", "ambiguous iam_user alice made\nunknown unknown - set");
}

#[test]
fn people_and_unknown_machines_have_no_causes() {
    let launched = run_instances("run", "07:59:00", &person("alice"), "");
    check(std::slice::from_ref(&launched), "run", "");
    // A session that is only named like the instance.
    let named = act("act", &session(&WEB, "i-0abc", "K1", "08:00:00"));
    check(&[launched, named], "act", "");
}

#[test]
fn machines_that_stand_behind_each_other_end() {
    // Two functions change each other's code.
    let scope = |name: &str| {
        format!(
            "\"inScopeOf\":{{\"issuerType\":\"AWS::Lambda::Function\",\"credentialsIssuedTo\":\"{}\"}}",
            FUNCTION.replace("cleanup", name)
        )
    };
    let acting = |name: &str, key: &str, time: &str| session(&FN, name, key, time).with(&scope(name));
    let update = |id: &str, time: &str, who: &Who, of: &str| {
        call(id, time, "lambda:UpdateFunctionCode20150331v2", who, &format!("\"functionName\":\"{of}\""), "")
    };
    let records: Vec<String> = (0..30)
        .flat_map(|hop| {
            let (own, other) = if hop % 2 == 0 { ("a", "b") } else { ("b", "a") };
            let (key, time) = (format!("K{hop}"), format!("06:{hop:02}:00"));
            let who = acting(own, &key, &time);
            [
                opening(&FN, own, &key, &time).by(&format!("o{hop}"), &service("lambda.amazonaws.com")),
                update(&format!("u{hop}"), &format!("06:{hop:02}:30"), &who, other),
            ]
        })
        .collect();
    let causes = found(&records, "u29").causes;
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].actor.kind(), "workload");
}

#[test]
fn what_was_looked_up_is_told_so_that_it_can_be_loaded() {
    let records = with(&instance_acts(), &[run_instances("run", "07:59:00", &person("alice"), "")]);
    let facts = read(&records);
    let whole = found(&records, "act");
    // From nothing but the act's own session, whatever is named is loaded, until nothing new is.
    let (mut causes, mut known) = (CauseFacts::default(), vec![facts["act"].clone(), facts["ec2"].clone()]);
    for _ in 0..5 {
        let graph = graph(&[TOOLS, PROD, IDC], known.iter());
        let step = graph.caused_by(&facts["act"].act, &causes);
        for fact in facts.values() {
            fact.causes.iter().filter(|cause| step.keys.contains(&cause.key)).for_each(|cause| causes.add(cause.clone()));
            if step.sessions.contains(&fact.session) {
                known.push(fact.clone());
            }
        }
    }
    let last = graph(&[TOOLS, PROD, IDC], known.iter()).caused_by(&facts["act"].act, &causes);
    assert_eq!(last, whole);
    assert!(whole.keys.contains("i-0abc"));
}

#[test]
fn what_is_too_long_ago_is_no_candidate_by_time() {
    for (time, fits) in [("2026-11-17T09:00:00Z", true), ("2026-11-17T08:59:59Z", false)] {
        let expected = if fits { "ambiguous iam_user bob shell" } else { "" };
        check(&with(&instance_acts(), &[shell("shell", time, "bob", "bob-1")]), "act", expected);
    }
    for (time, fits) in [("08:00:00", true), ("07:59:59", false)] {
        let sent =
            call("sent", time, "ssm:SendCommand", &person("bob"), "\"instanceIds\":[\"i-0abc\"]", "\"command\":{\"commandId\":\"c-1\"}");
        check(&with(&instance_acts(), &[sent]), "act", if fits { "ambiguous iam_user bob sent" } else { "" });
    }
}

#[test]
fn too_many_calls_leave_nobody_the_likely_one() {
    let triggers = |count: usize| -> Vec<String> {
        (0..count)
            .map(|nth| {
                call(
                    &format!("t{nth:02}"),
                    "2026-11-02T00:00:00Z",
                    "events:PutTargets",
                    &person("alice"),
                    &format!("\"rule\":\"r{nth:02}\",\"targets\":[{{\"id\":\"1\",\"arn\":\"{FUNCTION}\"}}]"),
                    "\"failedEntryCount\":0",
                )
            })
            .collect()
    };
    for (count, word) in [(identity::cause::LEADS_MAX, "probable"), (identity::cause::LEADS_MAX + 1, "ambiguous")] {
        let causes = found(&with(&function_acts(), &triggers(count)), "act").causes;
        assert_eq!(causes.len(), 1);
        assert_eq!((causes[0].certainty.word(), causes[0].evidence.len()), (word, identity::cause::LEADS_MAX), "{count}");
    }
}

#[test]
fn instance_connect_opens_a_shell_too() {
    let sent = call(
        "key",
        "08:59:00",
        "ec2-instance-connect:SendSSHPublicKey",
        &person("bob"),
        "\"instanceId\":\"i-0abc\",\"instanceOSUser\":\"ec2-user\"",
        "\"success\":true",
    );
    check(&with(&instance_acts(), &[sent]), "act", "ambiguous iam_user bob key");
}

#[test]
fn recorded_copies_of_one_call_are_one_lead() {
    // A role of the tools account changes the function by its ARN: both accounts record it.
    let update = |id: &str, account: &str, who: &Who| {
        record(
            id,
            "2026-11-10T00:00:00Z",
            account,
            "lambda:UpdateFunctionCode20150331v2",
            who,
            &format!(",\"readOnly\":false,\"requestParameters\":{{\"functionName\":\"{FUNCTION}\"}},\"sharedEventID\":\"s-1\""),
        )
    };
    let alice = user("alice", "AKIAA", "");
    let records = with(&function_acts(), &[update("mine", TOOLS, &alice), update("theirs", PROD, &brief(&alice))]);
    check(&records, "act", "probable iam_user alice mine+theirs");
}

#[test]
fn caller_who_may_be_two_lists_both() {
    let opened =
        |id: &str, by: &str, key: &str| opening(&DEPLOY, "release", key, "07:30:00").across(id, &user(by, &format!("AKIA{by}"), ""));
    let forwarded = session(&DEPLOY, "release", "K9", "07:30:00").invoked_by("cloudformation.amazonaws.com");
    let records =
        with(&instance_acts(), &[opened("a", "alice", "K7"), opened("b", "bob", "K8"), run_instances("run", "07:59:00", &forwarded, "")]);
    check(&records, "act", "ambiguous iam_user alice run\nambiguous iam_user bob run");
}

#[test]
fn way_through_a_machine_is_told() {
    // Jenkins, which Alice launched, changed the function.
    let jenkins = session(&WEB, "i-0abc", "K5", "07:00:00").context("\"ec2RoleDelivery\":\"2.0\"");
    let records = with(
        &function_acts(),
        &[
            opening(&WEB, "i-0abc", "K5", "07:00:00").by("ec2", &service("ec2.amazonaws.com")),
            run_instances("run", "06:59:00", &person("alice"), ""),
            call("code", "07:30:00", "lambda:UpdateFunctionCode20150331v2", &jenkins, "\"functionName\":\"cleanup\"", ""),
        ],
    );
    check(&records, "act", "probable iam_user alice code+run");
    let causes = found(&records, "act").causes;
    assert_eq!(
        causes[0].why,
        "launched this instance: RunInstances at 2026-11-18T06:59:00Z; that machine last changed the code of this function: UpdateFunctionCode20150331v2 at 2026-11-18T07:30:00Z"
    );
}

#[test]
fn machines_behind_machines_are_followed_as_far_as_the_limit() {
    // Alice changed the first function's code, and each one changed the next one's.
    let scope = |name: &str| {
        format!(
            "\"inScopeOf\":{{\"issuerType\":\"AWS::Lambda::Function\",\"credentialsIssuedTo\":\"{}\"}}",
            FUNCTION.replace("cleanup", name)
        )
    };
    let update = |id: &str, time: &str, who: &Who, of: &str| {
        call(id, time, "lambda:UpdateFunctionCode20150331v2", who, &format!("\"functionName\":\"{of}\""), "")
    };
    let line = |machines: usize| -> Vec<String> {
        let first = update("u00", "06:00:00", &person("alice"), "f01");
        let others = (1..=machines).flat_map(|nth| {
            let (name, key, time) = (format!("f{nth:02}"), format!("K{nth}"), format!("06:{nth:02}:00"));
            let who = session(&FN, &name, &key, &time).with(&scope(&name));
            let opened = opening(&FN, &name, &key, &time).by(&format!("o{nth:02}"), &service("lambda.amazonaws.com"));
            [opened, update(&format!("u{nth:02}"), &format!("06:{nth:02}:30"), &who, &format!("f{:02}", nth + 1))]
        });
        std::iter::once(first).chain(others).collect()
    };
    let limit = identity::cause::CAUSE_HOPS_MAX;
    for (machines, kind, calls) in [(limit, "iam_user", limit), (limit + 1, "workload", limit)] {
        let causes = found(&line(machines), &format!("u{machines:02}")).causes;
        let told: Vec<_> = causes.iter().map(|cause| (cause.actor.kind(), cause.certainty.word(), cause.evidence.len())).collect();
        assert_eq!(told, [(kind, "probable", calls)], "{machines}");
    }
}

#[test]
fn application_that_acted_for_a_user_whom_nothing_names_is_not_told_to_have_launched_it() {
    let context =
        ",\"providedContexts\":[{\"providerArn\":\"arn:aws:iam::aws:contextProvider/IdentityCenter\",\"contextAssertion\":\"x\"}]";
    let app = Role { account: PROD, path: "/", name: "App", id: "AROAAPP" };
    let records = with(
        &instance_acts(),
        &[
            opening(&app, "app", "K5", "06:00:00").by("app", &service("lambda.amazonaws.com")),
            Opening { asked: context, ..opening(&DEPLOY, "release", "K6", "07:00:00") }.by("for", &session(&app, "app", "K5", "06:00:00")),
            run_instances("run", "07:59:00", &session(&DEPLOY, "release", "K6", "07:00:00"), ""),
        ],
    );
    check(&records, "act", "unknown unknown - run");
}
