//! Who stands behind what a service did: stacks, groups, builds, tasks, roles, deletions, assignments.

use super::causes::{WEB, call, check, found, instance_acts, person, refused, run_instances, with};
use super::records::*;

const CFN: Role = Role { account: PROD, path: "/cdk/", name: "exec", id: "AROACFN" };
const SLR: Role =
    Role { path: "/aws-service-role/autoscaling.amazonaws.com/", name: "AWSServiceRoleForAutoScaling", id: "AROASLR", account: PROD };

const STACK: &str = "arn:aws:cloudformation:ap-northeast-1:222222222222:stack/shop/1";

fn stack_acts(marks: &str) -> Vec<String> {
    let who = session(&CFN, "AWSCloudFormation", "K1", "08:59:00").invoked_by("cloudformation.amazonaws.com");
    vec![
        opening(&CFN, "AWSCloudFormation", "K1", "08:59:00").by("cfn", &service("cloudformation.amazonaws.com")),
        call("act", "09:00:00", "sns:CreateTopic", &who, &format!("\"name\":\"t\",\"tags\":[{marks}]"), ""),
    ]
}

fn stack(id: &str, time: &str, name: &str, who: &Who, stack: &str, role: bool) -> String {
    let role = if role { format!(",\"roleARN\":\"{}\"", CFN.arn()) } else { String::new() };
    call(
        id,
        time,
        &format!("cloudformation:{name}"),
        who,
        &format!("\"stackName\":\"{stack}\"{role}"),
        &format!("\"stackId\":\"arn:aws:cloudformation:ap-northeast-1:222222222222:stack/{stack}/1\""),
    )
}

#[test]
fn stack_operation_under_way_leads_to_who_began_it() {
    let alice = person("alice");
    let one = with(&stack_acts(""), &[stack("one", "08:58:00", "CreateStack", &alice, "shop", true)]);
    check(&one, "act", "probable iam_user alice one");
    // Done before; refused; of another role; without a role; later.
    for other in [
        stack("x", "2026-11-17T20:00:00Z", "UpdateStack", &person("bob"), "old", true),
        refused(&stack("x", "08:58:30", "UpdateStack", &person("bob"), "other", true)),
        stack("x", "08:58:30", "UpdateStack", &person("bob"), "other", true).replace("role/cdk/exec", "role/cdk/else"),
        stack("x", "08:58:30", "CreateStack", &person("bob"), "other", false),
        stack("x", "09:00:01", "UpdateStack", &person("bob"), "other", true),
    ] {
        check(&with(&one, &[other]), "act", "probable iam_user alice one");
    }
    let two = with(&one, &[stack("two", "08:58:30", "UpdateStack", &person("bob"), "other", true)]);
    check(&two, "act", "ambiguous iam_user alice one\nambiguous iam_user bob two");
    // A stack whose making is not in sight may have the role as well.
    let unknown = with(&one, &[stack("two", "08:58:30", "UpdateStack", &person("bob"), "other", false)]);
    check(&unknown, "act", "ambiguous iam_user alice one\nambiguous iam_user bob two");
    // Of one stack the last operation counts.
    let again = with(&one, &[stack("two", "08:58:30", "UpdateStack", &person("bob"), "shop", false)]);
    check(&again, "act", "probable iam_user bob two");
    // Of one second nobody knows which came first.
    let at_once = with(&one, &[stack("two", "09:00:00", "UpdateStack", &person("bob"), "shop", false)]);
    check(&at_once, "act", "ambiguous iam_user alice one\nambiguous iam_user bob two");
}

#[test]
fn tag_that_only_aws_can_write_names_the_stack() {
    let marked = |id: &str| {
        let tag = format!("{{\"key\":\"aws:cloudformation:stack-id\",\"value\":\"{id}\"}}");
        with(
            &stack_acts(&tag),
            &[
                self::stack("one", "08:58:00", "CreateStack", &person("alice"), "shop", true),
                self::stack("two", "08:58:30", "UpdateStack", &person("bob"), "other", true),
            ],
        )
    };
    check(&marked(STACK), "act", "probable iam_user alice one");
    check(&marked(&STACK.replace("/shop/", "/other/")), "act", "probable iam_user bob two");
    check(&marked(&STACK.replace("/shop/", "/third/")), "act", "");
}

#[test]
fn change_set_says_the_role_and_its_execution_begins() {
    let alice = person("alice");
    let records = with(
        &stack_acts(""),
        &[
            stack("prepare", "08:50:00", "CreateChangeSet", &person("bob"), "shop", true),
            stack("execute", "08:58:00", "ExecuteChangeSet", &alice, STACK, false),
        ],
    );
    check(&records, "act", "probable iam_user alice execute");
    check(&records[..3], "act", "");
}

#[test]
fn machine_behind_a_machine_is_followed_further() {
    // CloudFormation launched the instance in a stack that Alice updated.
    let who = session(&CFN, "AWSCloudFormation", "K2", "07:00:00").invoked_by("cloudformation.amazonaws.com");
    let tag = format!("{{\"key\":\"aws:cloudformation:stack-id\",\"value\":\"{STACK}\"}}");
    let records = with(
        &instance_acts(),
        &[
            opening(&CFN, "AWSCloudFormation", "K2", "07:00:00").by("cfn", &service("cloudformation.amazonaws.com")),
            run_instances("run", "07:10:00", &who, &tag),
            stack("one", "06:59:00", "CreateStack", &person("alice"), "shop", true),
        ],
    );
    check(&records, "act", "probable iam_user alice one+run");
    // Without the stack's operation CloudFormation is as far as it goes.
    check(&records[..4], "act", "probable aws_service cloudformation.amazonaws.com run");
}

#[test]
fn group_that_launches_is_never_more_than_a_candidate() {
    let tag = "{\"key\":\"aws:autoscaling:groupName\",\"value\":\"web\"}";
    let who = session(&SLR, "AutoScaling", "K2", "08:00:00").invoked_by("autoscaling.amazonaws.com");
    let launched = |tag: &str| {
        vec![
            opening(&SLR, "AutoScaling", "K1", "08:00:00").by("slr", &service("autoscaling.amazonaws.com")),
            run_instances("act", "09:00:00", &who, tag),
        ]
    };
    let resized = |id: &str, time: &str, group: &str| {
        call(
            id,
            time,
            "autoscaling:SetDesiredCapacity",
            &person("alice"),
            &format!("\"autoScalingGroupName\":\"{group}\",\"desiredCapacity\":4"),
            "",
        )
    };
    check(&with(&launched(tag), &[resized("size", "08:59:00", "web")]), "act", "ambiguous iam_user alice size");
    check(&with(&launched(tag), &[resized("size", "08:59:00", "other")]), "act", "");
    check(&with(&launched(tag), &[resized("size", "08:00:00", "web")]), "act", "");
    check(&with(&launched(""), &[resized("size", "08:59:00", "web")]), "act", "");
    let policy =
        call("policy", "2026-11-01T00:00:00Z", "autoscaling:PutScalingPolicy", &person("bob"), "\"autoScalingGroupName\":\"web\"", "");
    check(
        &with(&launched(tag), &[resized("size", "08:59:00", "web"), policy]),
        "act",
        "ambiguous iam_user bob policy\nambiguous iam_user alice size",
    );
}

#[test]
fn build_and_automation_are_of_who_started_them() {
    let cases = [
        (
            "codebuild",
            "AWSCodeBuild-11111111-2222-3333-4444-555555555555",
            "codebuild:StartBuild",
            "\"build\":{\"id\":\"shop:11111111-2222-3333-4444-555555555555\"}",
        ),
        (
            "ssm",
            "Automation-11111111-2222-3333-4444-555555555555",
            "ssm:StartAutomationExecution",
            "\"automationExecutionId\":\"11111111-2222-3333-4444-555555555555\"",
        ),
    ];
    for (host, name, start, answer) in cases {
        let acts = [
            opening(&WEB, name, "K1", "08:00:00").by("open", &service(&format!("{host}.amazonaws.com"))),
            act("act", &session(&WEB, name, "K1", "08:00:00")),
        ];
        let started = |id: &str, who: &str, answer: &str| call(id, "07:59:00", start, &person(who), "\"x\":1", answer);
        let other = started("other", "bob", &answer.replace("1111", "9999"));
        check(&with(&acts, &[started("start", "alice", answer), other]), "act", "probable iam_user alice start");
        // An id is given out once: no log of what came between can name another who started it.
        let found = found(&with(&acts, &[started("start", "alice", answer)]), "act");
        assert_eq!(found.causes.iter().map(|cause| cause.rests_on.len()).collect::<Vec<_>>(), [0]);
        // A session that somebody named like one is that somebody's, and no machine's.
        let forged = [opening(&WEB, name, "K1", "08:00:00").by("open", &person("mallory")), acts[1].clone()];
        check(&with(&forged, &[started("start", "alice", answer)]), "act", "");
    }
}

#[test]
fn task_leads_to_who_ran_it_or_deployed_its_definition() {
    let task = "0123456789abcdef0123456789abcdef";
    let acts = [
        opening(&WEB, task, "K1", "08:00:00").by("open", &service("ecs-tasks.amazonaws.com")),
        act("act", &session(&WEB, task, "K1", "08:00:00")),
    ];
    let run = call(
        "run",
        "07:59:00",
        "ecs:RunTask",
        &person("alice"),
        "\"taskDefinition\":\"web:1\"",
        &format!("\"tasks\":[{{\"taskArn\":\"arn:aws:ecs:ap-northeast-1:{PROD}:task/main/{task}\"}}]"),
    );
    check(&with(&acts, std::slice::from_ref(&run)), "act", "probable iam_user alice run");
    let registered = |id: &str, who: &str, family: &str| {
        call(
            id,
            "07:00:00",
            "ecs:RegisterTaskDefinition",
            &person(who),
            &format!("\"family\":\"{family}\",\"taskRoleArn\":\"{}\"", WEB.arn()),
            "",
        )
    };
    let deployed = |who: &str| {
        call(
            "deploy",
            "07:30:00",
            "ecs:UpdateService",
            &person(who),
            "\"cluster\":\"main\",\"service\":\"web\",\"taskDefinition\":\"web:1\"",
            "",
        )
    };
    check(&with(&acts, &[registered("register", "alice", "web"), deployed("alice")]), "act", "probable iam_user alice deploy+register");
    check(
        &with(&acts, &[registered("register", "alice", "web"), deployed("bob")]),
        "act",
        "ambiguous iam_user bob deploy\nambiguous iam_user alice register",
    );
    check(
        &with(&acts, &[registered("register", "alice", "web"), registered("other", "bob", "jobs")]),
        "act",
        "ambiguous iam_user bob other\nambiguous iam_user alice register",
    );
}

#[test]
fn role_of_a_service_is_of_who_handed_it_over() {
    let acts = [
        opening(&WEB, "1700000000000", "K1", "08:00:00").by("open", &service("codepipeline.amazonaws.com")),
        act("act", &session(&WEB, "1700000000000", "K1", "08:00:00")),
    ];
    let handed = |id: &str, source: &str, who: &str| {
        call(id, "07:00:00", source, &person(who), &format!("\"pipeline\":{{\"name\":\"p\",\"roleArn\":\"{}\"}}", WEB.arn()), "")
    };
    check(&with(&acts, &[handed("made", "codepipeline:CreatePipeline", "alice")]), "act", "probable iam_user alice made");
    check(&with(&acts, &[handed("made", "states:CreateStateMachine", "alice")]), "act", "");
    // A principal that is let in is no role that is handed over.
    let let_in =
        call("entry", "07:00:00", "codepipeline:CreateAccessEntry", &person("bob"), &format!("\"principalArn\":\"{}\"", WEB.arn()), "");
    check(&with(&acts, &[let_in]), "act", "");
}

#[test]
fn deletion_asked_for_earlier_is_of_who_asked() {
    let key = format!("arn:aws:kms:ap-northeast-1:{PROD}:key/11111111-2222-3333-4444-555555555555");
    let resources =
        format!(",\"readOnly\":false,\"resources\":[{{\"ARN\":\"{key}\",\"accountId\":\"{PROD}\",\"type\":\"AWS::KMS::Key\"}}]");
    let gone = record(
        "act",
        "09:00:00",
        PROD,
        "kms:DeleteKey",
        &Who::of(&format!("\"accountId\":\"{PROD}\",\"invokedBy\":\"AWS Internal\"")),
        &resources,
    );
    let asked = |id: &str, time: &str, name: &str, who: &str| record(id, time, PROD, &format!("kms:{name}"), &person(who), &resources);
    let scheduled = [gone, asked("schedule", "2026-11-10T00:00:00Z", "ScheduleKeyDeletion", "alice")];
    check(&scheduled, "act", "probable iam_user alice schedule");
    let cancelled = with(&scheduled, &[asked("cancel", "2026-11-11T00:00:00Z", "CancelKeyDeletion", "bob")]);
    check(&cancelled, "act", "");
    check(
        &with(&cancelled, &[asked("again", "2026-11-12T00:00:00Z", "ScheduleKeyDeletion", "carol")]),
        "act",
        "probable iam_user carol again",
    );
}

#[test]
fn identity_centers_own_role_follows_an_assignment() {
    let slr = Role { path: "/aws-service-role/sso.amazonaws.com/", name: "AWSServiceRoleForSSO", id: "AROASSO", account: PROD };
    let who = session(&slr, "AWS-SSO", "K1", "08:59:58").invoked_by("sso.amazonaws.com");
    let role = format!("arn:aws:iam::{PROD}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef");
    let detached = call(
        "act",
        "09:00:00",
        "iam:DetachRolePolicy",
        &who,
        "\"roleName\":\"AWSReservedSSO_Ops_0123456789abcdef\",\"policyArn\":\"arn:aws:iam::aws:policy/AdministratorAccess\"",
        "",
    )
    .replace("\"eventType\"", &format!("\"resources\":[{{\"ARN\":\"{role}\"}}],\"eventType\""));
    let assigned = |id: &str, time: &str, who: &str, set: &str| {
        record(
            id,
            time,
            IDC,
            "sso:DeleteAccountAssignment",
            &person(who),
            &format!(
                ",\"readOnly\":false,\"requestParameters\":{{\"targetId\":\"{PROD}\",\"targetType\":\"AWS_ACCOUNT\",\"permissionSetArn\":\"arn:aws:sso:::permissionSet/ssoins-1/{set}\"}}"
            ),
        )
    };
    let named = |set: &str, name: &str| {
        record(
            &format!("name-{set}"),
            "2026-10-01T00:00:00Z",
            IDC,
            "sso:CreatePermissionSet",
            &person("carol"),
            &format!(
                ",\"readOnly\":false,\"requestParameters\":{{\"name\":\"{name}\"}},\"responseElements\":{{\"permissionSet\":{{\"name\":\"{name}\",\"permissionSetArn\":\"arn:aws:sso:::permissionSet/ssoins-1/{set}\"}}}}"
            ),
        )
    };
    for (time, fits) in [("08:45:00", true), ("08:44:59", false)] {
        let records = [detached.clone(), assigned("one", time, "alice", "ps-1")];
        check(&records, "act", if fits { "ambiguous iam_user alice one" } else { "" });
    }
    let records = [detached, assigned("one", "08:59:50", "alice", "ps-1")];
    check(&records, "act", "ambiguous iam_user alice one");
    let known = with(&records, &[named("ps-1", "Ops"), named("ps-2", "Admin"), assigned("two", "08:59:51", "bob", "ps-2")]);
    check(&known, "act", "probable iam_user alice one");
    check(&with(&records[..1], &[named("ps-1", "Ops"), assigned("old", "08:40:00", "bob", "ps-1")]), "act", "");
}

#[test]
fn what_is_too_long_ago_is_not_under_way() {
    // Whether a stack's operation of hours ago is still the one under way, nothing says.
    for (time, grade) in
        [("08:00:00", "probable"), ("07:59:59", "ambiguous"), ("2026-11-17T21:00:00Z", "ambiguous"), ("2026-11-17T20:59:59Z", "")]
    {
        let one = stack("one", time, "CreateStack", &person("alice"), "shop", true);
        let told = |id: &str| if grade.is_empty() { String::new() } else { format!("{grade} iam_user alice {id}") };
        check(&with(&stack_acts(""), &[one]), "act", &told("one"));
        let set = call("set", time, "cloudformation:UpdateStackSet", &person("alice"), "\"stackSetName\":\"guard\"", "");
        check(&with(&stack_set_acts("stacksets-exec-1", ""), &[set]), "act", &told("set"));
    }
    let tag = "{\"key\":\"aws:autoscaling:groupName\",\"value\":\"web\"}";
    let who = session(&SLR, "AutoScaling", "K2", "08:00:00").invoked_by("autoscaling.amazonaws.com");
    let launched = [
        opening(&SLR, "AutoScaling", "K1", "08:00:00").by("slr", &service("autoscaling.amazonaws.com")),
        run_instances("act", "09:00:00", &who, tag),
    ];
    for (time, fits) in [("08:30:00", true), ("08:29:59", false)] {
        let size = call("size", time, "autoscaling:SetDesiredCapacity", &person("alice"), "\"autoScalingGroupName\":\"web\"", "");
        check(&with(&launched, &[size]), "act", if fits { "ambiguous iam_user alice size" } else { "" });
    }
}

/// An act of CloudFormation in an account into which a stack set reaches.
fn stack_set_acts(role: &'static str, marks: &str) -> Vec<String> {
    let role = Role { name: role, path: "/", id: "AROASET", account: PROD };
    let who = session(&role, "AWSCloudFormation", "K1", "08:59:00").invoked_by("cloudformation.amazonaws.com");
    vec![
        opening(&role, "AWSCloudFormation", "K1", "08:59:00").by("open", &service("cloudformation.amazonaws.com")),
        call("act", "09:00:00", "sns:CreateTopic", &who, &format!("\"name\":\"t\",\"tags\":[{marks}]"), ""),
    ]
}

#[test]
fn stack_set_leads_to_who_rolled_it_out() {
    let rolled = |id: &str, name: &str, who: &str, set: &str| {
        let mut admin = user(who, &format!("AKIA{who}"), "");
        admin.account = TOOLS.to_owned();
        record(
            id,
            "08:58:00",
            TOOLS,
            &format!("cloudformation:{name}"),
            &admin,
            &format!(",\"readOnly\":false,\"requestParameters\":{{\"stackSetName\":\"{set}\"}}"),
        )
    };
    let one = rolled("one", "CreateStackInstances", "alice", "guard");
    let two = rolled("two", "UpdateStackSet", "bob", "guard-rail:8f0c");
    for role in ["stacksets-exec-0123456789abcdef", "AWSCloudFormationStackSetExecutionRole"] {
        check(&with(&stack_set_acts(role, ""), std::slice::from_ref(&one)), "act", "probable iam_user alice one");
        let both = with(&stack_set_acts(role, ""), &[one.clone(), two.clone()]);
        check(&both, "act", "ambiguous iam_user alice one\nambiguous iam_user bob two");
        let named = |stack: &str| {
            let tag = format!("{{\"key\":\"aws:cloudformation:stack-name\",\"value\":\"{stack}\"}}");
            with(&stack_set_acts(role, &tag), &[one.clone(), two.clone()])
        };
        let uuid = "11111111-2222-4333-8444-555555555555";
        check(&named(&format!("StackSet-guard-{uuid}")), "act", "probable iam_user alice one");
        check(&named(&format!("StackSet-guard-rail-{uuid}")), "act", "probable iam_user bob two");
        check(&named(&format!("StackSet-other-{uuid}")), "act", "");
        // Another name's stack says nothing of stack sets.
        check(&named("shop"), "act", "ambiguous iam_user alice one\nambiguous iam_user bob two");
    }
    let to = |id: &str, targets: &str| {
        let set = format!("\"stackSetName\":\"guard\",{targets}");
        call(id, "08:58:30", "cloudformation:CreateStackInstances", &person("alice"), &set, "")
    };
    let role = "stacksets-exec-0123456789abcdef";
    let elsewhere = [format!("\"accounts\":[\"{TOOLS}\"]"), format!("\"deploymentTargets\":{{\"accounts\":[\"{TOOLS}\"]}}")];
    for targets in &elsewhere {
        check(&with(&stack_set_acts(role, ""), &[to("elsewhere", targets)]), "act", "");
        check(&with(&stack_set_acts(role, ""), &[to("elsewhere", targets), two.clone()]), "act", "probable iam_user bob two");
    }
    let accounts = |count: u64| (0..count).map(|nth| format!("\"{:012}\"", 100_000_000_000 + nth)).collect::<Vec<_>>().join(",");
    check(&with(&stack_set_acts(role, ""), &[to("elsewhere", &format!("\"accounts\":[{}]", accounts(100)))]), "act", "");
    let many = accounts(101);
    let here = [
        format!("\"accounts\":[\"{TOOLS}\",\"{PROD}\"]"),
        format!("\"deploymentTargets\":{{\"accounts\":[\"{PROD}\"]}}"),
        // Which accounts these are is not in the record.
        format!("\"deploymentTargets\":{{\"accounts\":[\"{TOOLS}\"],\"organizationalUnitIds\":[\"ou-1\"]}}"),
        "\"deploymentTargets\":{\"accountsUrl\":\"s3://x\"}".to_owned(),
        "\"accounts\":[]".to_owned(),
        format!("\"accounts\":[{many}]"),
    ];
    for targets in &here {
        check(&with(&stack_set_acts(role, ""), &[to("here", targets)]), "act", "probable iam_user alice here");
    }
    // An account that is not understood may be this one.
    for odd in ["222222222222", "null", "\"HIDDEN_DUE_TO_SECURITY_REASONS\"", "\"22222222222\""] {
        let odd = to("odd", &format!("\"accounts\":[\"{TOOLS}\",{odd}]"));
        let both = with(&stack_set_acts(role, ""), &[odd, two.clone()]);
        check(&both, "act", "ambiguous iam_user alice odd\nambiguous iam_user bob two");
    }
    // Another role of CloudFormation's is of no stack set.
    check(&with(&stack_set_acts("exec", ""), &[one]), "act", "");
}

#[test]
fn maintenance_by_systems_manager_is_of_who_handed_it_the_role() {
    let acts = [
        opening(&WEB, "maintenance", "K1", "08:00:00").by("open", &service("ssm.amazonaws.com")),
        act("act", &session(&WEB, "maintenance", "K1", "08:00:00")),
    ];
    let window = call(
        "window",
        "07:00:00",
        "ssm:RegisterTaskWithMaintenanceWindow",
        &person("alice"),
        &format!("\"windowId\":\"mw-1\",\"serviceRoleArn\":\"{}\"", WEB.arn()),
        "",
    );
    check(&with(&acts, &[window]), "act", "probable iam_user alice window");
}

#[test]
fn stack_of_another_region_is_found_from_a_global_service() {
    let tag = format!("{{\"key\":\"aws:cloudformation:stack-id\",\"value\":\"{STACK}\"}}");
    let mut records = stack_acts(&tag);
    // IAM records in us-east-1 what CloudFormation does in Tokyo.
    records[1] = records[1].replace("ap-northeast-1\",\"eventID\"", "us-east-1\",\"eventID\"");
    assert!(records[1].contains("\"awsRegion\":\"us-east-1\""));
    let one = stack("one", "08:58:00", "CreateStack", &person("alice"), "shop", true);
    check(&with(&records, &[one]), "act", "probable iam_user alice one");
}

#[test]
fn group_made_again_under_its_name_is_another() {
    let tag = "{\"key\":\"aws:autoscaling:groupName\",\"value\":\"web\"}";
    let who = session(&SLR, "AutoScaling", "K2", "08:00:00").invoked_by("autoscaling.amazonaws.com");
    let group = |id: &str, time: &str, name: &str, who: &str| {
        call(id, time, &format!("autoscaling:{name}"), &person(who), "\"autoScalingGroupName\":\"web\"", "")
    };
    let records = [
        opening(&SLR, "AutoScaling", "K1", "08:00:00").by("slr", &service("autoscaling.amazonaws.com")),
        run_instances("act", "09:00:00", &who, tag),
        group("old", "2026-11-01T00:00:00Z", "PutScalingPolicy", "alice"),
        group("gone", "2026-11-02T00:00:00Z", "DeleteAutoScalingGroup", "alice"),
        group("new", "2026-11-03T00:00:00Z", "CreateAutoScalingGroup", "bob"),
    ];
    check(&records, "act", "ambiguous iam_user bob new");
}

#[test]
fn task_definition_of_a_services_name_hands_the_service_no_role() {
    // A pod's role, which a task definition of the family `eks` names as well.
    let acts = [
        opening(&WEB, "pod", "K1", "08:00:00").by("open", &service("pods.eks.amazonaws.com")),
        act("act", &session(&WEB, "pod", "K1", "08:00:00")),
    ];
    let registered = call(
        "register",
        "07:00:00",
        "ecs:RegisterTaskDefinition",
        &person("bob"),
        &format!("\"family\":\"eks\",\"taskRoleArn\":\"{}\"", WEB.arn()),
        "",
    );
    let associated = call(
        "associate",
        "07:00:00",
        "eks:CreatePodIdentityAssociation",
        &person("alice"),
        &format!("\"clusterName\":\"main\",\"roleArn\":\"{}\"", WEB.arn()),
        "",
    );
    check(&with(&acts, std::slice::from_ref(&registered)), "act", "");
    check(&with(&acts, &[registered, associated]), "act", "probable iam_user alice associate");
}

#[test]
fn deletion_that_was_asked_for_is_not_of_who_handed_the_service_its_role() {
    let key = format!("arn:aws:kms:ap-northeast-1:{PROD}:key/11111111-2222-3333-4444-555555555555");
    let resources =
        format!(",\"readOnly\":false,\"resources\":[{{\"ARN\":\"{key}\",\"accountId\":\"{PROD}\",\"type\":\"AWS::KMS::Key\"}}]");
    let handed = call("handed", "07:00:00", "kms:CreateCustomKeyStore", &person("bob"), &format!("\"roleArn\":\"{}\"", WEB.arn()), "");
    let records = [
        opening(&WEB, "sweep", "K1", "08:00:00").by("open", &service("kms.amazonaws.com")),
        record("act", "09:00:00", PROD, "kms:DeleteKey", &session(&WEB, "sweep", "K1", "08:00:00"), &resources),
        handed,
        record("schedule", "2026-11-10T00:00:00Z", PROD, "kms:ScheduleKeyDeletion", &person("alice"), &resources),
    ];
    check(&records, "act", "probable iam_user alice schedule");
    check(&records[..3], "act", "probable iam_user bob handed");
}
