//! People behind machines: what somebody set going, and what it then did by itself.

use super::{account, person};
use crate::changes;
use crate::ledger::Actor;
use crate::organisation::{HOME_REGION, Person, Role};
use crate::record::How;
use crate::scene::Scene;
use crate::session::Session;
use crate::stories::machines::function_session;

/// A session that a service opens for itself, with a role that somebody handed to it.
fn service_role(scene: &mut Scene, host: &'static str, role: Role, name: &str, at: i64) -> Session {
    let actor = Actor { kind: "aws_service", id: host.to_owned(), ..Actor::default() };
    scene.service_session(host, role, name, at, actor, false)
}

fn own_session(scene: &mut Scene, who: &Person, account: &str, at: i64) -> Session {
    scene.sso_session(who, "PowerUserAccess", account, at, &[])
}

/// Two people run stacks with one role, the second while the first may still be under way.
pub(super) fn stack_role(scene: &mut Scene, round: usize, at: i64) {
    let (one, two) = (person(scene, round, 1), person(scene, round, 5));
    let data = account(scene, "data-prod");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let name = format!("deploy-{}", scene.random.hex(6));
    let role = scene.organisation.role(&data, "/cdk/", &name);
    let (first, second) = (own_session(scene, &one, &data, at), own_session(scene, &two, &data, at + 5));
    let stacks = ["shop", "jobs"].map(|kind| format!("{kind}-{}", scene.random.hex(8)));
    let (body, arn) = changes::stack_with_role(&mut scene.random, &data, "CreateStack", &stacks[0], &role.arn());
    let created = scene.act(&first, at + 60, &body, &cli);
    let mut cloudformation = service_role(scene, "cloudformation.amazonaws.com", role.clone(), "AWSCloudFormation", at + 62);
    cloudformation.invoked_by = Some("cloudformation.amazonaws.com");
    let how = How::service("cloudformation.amazonaws.com");
    let queue = format!("stack-{}", scene.random.hex(8));
    let act = scene.act(&cloudformation, at + 65, &changes::create_queue(&data, &queue), &how);
    scene.behind(act, &[(&first, &[created])], false);
    scene.ask(&queue, "CloudFormation made this queue with its own role: who had it do so?");
    let (body, other) = changes::stack_with_role(&mut scene.random, &data, "UpdateStack", &stacks[1], &role.arn());
    let updated = scene.act(&second, at + 120, &body, &cli);
    let topic = format!("stack-{}", scene.random.hex(8));
    let act = scene.act(&cloudformation, at + 130, &changes::create_topic(&data, &topic), &how);
    scene.behind(act, &[(&first, &[created]), (&second, &[updated])], false);
    for (stack, session, operation) in [(&arn, &first, created), (&other, &second, updated)] {
        let queue = format!("stack-{}", scene.random.hex(8));
        let body = changes::noted(changes::create_queue(&data, &queue), &[("aws:cloudformation:stack-id", stack)]);
        let act = scene.act(&cloudformation, at + 140, &body, &how);
        scene.behind(act, &[(session, &[operation])], false);
    }
}

/// Two people roll stack sets out into one account, the second while the first may still be under way: a stack's name tells whose it is.
/// A third rolls one out elsewhere.
pub(super) fn stack_set(scene: &mut Scene, round: usize, at: i64) {
    let (one, two) = (person(scene, round, 7), person(scene, round, 9));
    let (management, data) = (account(scene, "management"), account(scene, "data-prod"));
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let (first, second) = (own_session(scene, &one, &management, at), own_session(scene, &two, &management, at + 5));
    let sets = ["guard", "guard-rail"].map(|kind| format!("{kind}-{}", scene.random.hex(6)));
    let operations = [scene.random.uuid(), scene.random.uuid()];
    let created = scene.act(&first, at + 60, &changes::roll_out("CreateStackInstances", &sets[0], &[&data], &operations[0]), &cli);
    let updated = scene.act(&second, at + 120, &changes::roll_out("UpdateStackSet", &sets[1], &[&data], &operations[1]), &cli);
    let (third, network) = (person(scene, round, 11), account(scene, "network"));
    let elsewhere = own_session(scene, &third, &management, at + 8);
    let (set, operation) = (format!("guard-{}", scene.random.hex(6)), scene.random.uuid());
    scene.act(&elsewhere, at + 122, &changes::roll_out("CreateStackInstances", &set, &[&network], &operation), &cli);
    let name = format!("stacksets-exec-{}", scene.random.hex(32));
    let role = scene.organisation.role(&data, "/", &name);
    let mut cloudformation = service_role(scene, "cloudformation.amazonaws.com", role, &operations[0], at + 125);
    cloudformation.invoked_by = Some("cloudformation.amazonaws.com");
    let how = How::service("cloudformation.amazonaws.com");
    for (set, session, operation) in [(&sets[0], &first, created), (&sets[1], &second, updated)] {
        let queue = format!("guard-{}", scene.random.hex(8));
        let stack = format!("StackSet-{set}-{}", scene.random.uuid());
        let body = changes::noted(changes::create_queue(&data, &queue), &[("aws:cloudformation:stack-name", &stack)]);
        let act = scene.act(&cloudformation, at + 140, &body, &how);
        scene.behind(act, &[(session, &[operation])], false);
        scene.ask(&queue, "A stack set made this queue: who rolled it out?");
    }
    let queue = format!("guard-{}", scene.random.hex(8));
    let act = scene.act(&cloudformation, at + 150, &changes::create_queue(&data, &queue), &how);
    scene.behind(act, &[(&first, &[created]), (&second, &[updated])], false);
}

/// Somebody writes a function and the rule that starts it; in the second round somebody else changes its code.
pub(super) fn scheduled_function(scene: &mut Scene, round: usize, at: i64) {
    let (maker, changer) = (person(scene, round, 2), person(scene, round, 6));
    let stg = account(scene, "shop-stg");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let first = own_session(scene, &maker, &stg, at);
    let name = format!("nightly-{}", scene.random.hex(8));
    let secret = scene.canaries.environment.clone();
    let body = changes::create_function(&mut scene.random, &stg, &name, &secret);
    let made = scene.act(&first, at + 30, &body, &cli);
    let rule = format!("nightly-{}", scene.random.hex(8));
    let ruled = scene.act(&first, at + 40, &changes::put_rule(&stg, &rule), &cli);
    let target = scene.act(&first, at + 41, &changes::put_targets(&rule, &changes::function_arn(&stg, &name)), &cli);
    let how = How::with("198.51.100.21", "Boto3/1.40.4 lang/python#3.13.7 exec-env/AWS_Lambda_python3.13");
    let running = function_session(scene, &stg, &name, at + 100);
    let group = format!("/nightly/{}", scene.random.hex(8));
    let act = scene.act(&running, at + 105, &changes::create_log_group(&stg, &group), &how);
    scene.behind(act, &[(&first, &[made, ruled, target])], false);
    scene.ask(&group, "A function does this every night: whose is it?");
    if round % 2 == 1 {
        let second = own_session(scene, &changer, &stg, at + 150);
        let body = changes::update_function_code(&mut scene.random, &stg, &name, &secret);
        let changed = scene.act(&second, at + 200, &body, &cli);
        let running = function_session(scene, &stg, &name, at + 300);
        let group = format!("/nightly/{}", scene.random.hex(8));
        let act = scene.act(&running, at + 305, &changes::create_log_group(&stg, &group), &how);
        scene.behind(act, &[(&second, &[changed]), (&first, &[ruled, target])], false);
    }
}

/// A build, an automation and a task that somebody started.
pub(super) fn started(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 3);
    let tools = account(scene, "tools");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let own = own_session(scene, &who, &tools, at);
    let (project, uuid) = (format!("app-{}", scene.random.hex(8)), scene.random.uuid());
    let start = scene.act(&own, at + 30, &changes::start_build(&tools, &project, &format!("{project}:{uuid}")), &cli);
    let role = scene.organisation.role(&tools, "/service-role/", "codebuild");
    let session = service_role(scene, "codebuild.amazonaws.com", role, &format!("AWSCodeBuild-{uuid}"), at + 40);
    let bucket = format!("example-build-{}", scene.random.hex(8));
    let act = scene.act(&session, at + 60, &changes::create_bucket(&bucket), &cli);
    scene.behind(act, &[(&own, &[start])], false);
    scene.ask(&bucket, "A build made this bucket: who started it?");
    let execution = scene.random.uuid();
    let document = format!("Patch-{}", scene.random.hex(8));
    let start = scene.act(&own, at + 100, &changes::start_automation(&document, &execution), &cli);
    let role = scene.organisation.role(&tools, "/", "automation");
    let session = service_role(scene, "ssm.amazonaws.com", role, &format!("Automation-{execution}"), at + 101);
    let volume = changes::id(&mut scene.random, "vol");
    let act = scene.act(&session, at + 105, &changes::create_tags(&tools, "volume", &[&volume], &[("Stage", "old")]), &cli);
    scene.behind(act, &[(&own, &[start])], false);
    task(scene, &own, &tools, at + 200);
}

fn task(scene: &mut Scene, own: &Session, tools: &str, at: i64) {
    let cli = How::cli("203.0.113.90");
    let family = format!("batch-{}", scene.random.hex(8));
    let role = scene.organisation.role(tools, "/tasks/", &family);
    let secret = scene.canaries.environment.clone();
    let mut body = changes::register_task_definition(tools, &family, 1, 1, &secret);
    body.request = body.request.replace(&format!("arn:aws:iam::{tools}:role/ecsTask"), &role.arn());
    let registered = scene.act(own, at, &body, &cli);
    let task = scene.random.hex(32);
    let ran = scene.act(own, at + 5, &changes::run_task(tools, &family, &task), &cli);
    let arn = format!("arn:aws:ecs:{HOME_REGION}:{tools}:task/{task}");
    let actor = Actor { kind: "workload", id: arn, account_id: Some(tools.to_owned()), ..Actor::default() };
    let session = scene.service_session("ecs-tasks.amazonaws.com", role, &task, at + 10, actor, false);
    let table = format!("batch-{}", scene.random.hex(8));
    let body = changes::create_table(&mut scene.random, tools, &table);
    let act = scene.act(&session, at + 30, &body, &cli);
    scene.behind(act, &[(own, &[registered, ran])], false);
    scene.ask(&table, "A task made this table: who ran the task?");
}

/// A key is deleted when nobody thinks of it any more, and a reserved role loses its policy.
pub(super) fn later(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 4);
    let (network, management) = (account(scene, "network"), account(scene, "management"));
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let own = own_session(scene, &who, &network, at);
    let key = scene.random.uuid();
    let scheduled = scene.act(&own, at + 30, &changes::delete_key(&network, &key, false), &cli);
    let kms = Session::service("AWS Internal", &network);
    let act = scene.act(&kms, at + 4000, &changes::delete_key(&network, &key, true), &How::service("AWS Internal"));
    scene.behind(act, &[(&own, &[scheduled])], false);
    scene.ask(&key, "The key is gone: who had it deleted?");
    let name = format!("Ops{}", scene.random.hex(6));
    let set = format!("arn:aws:sso:::permissionSet/ssoins-0000000000000000/ps-{}", scene.random.hex(16));
    let admin = scene.sso_session(&who, "AdministratorAccess", &management, at + 100, &[]);
    scene.act(&admin, at + 110, &changes::create_permission_set(&name, &set), &cli);
    let removed = scene.act(&admin, at + 900, &changes::delete_assignment(&network, &set, &who.user_id), &cli);
    let linked = scene.organisation.role(&network, "/aws-service-role/sso.amazonaws.com/", "AWSServiceRoleForSSO");
    let actor = Session::service("sso.amazonaws.com", &network).actor;
    let mut session = scene.service_session("sso.amazonaws.com", linked, "AWS-SSO", at + 902, actor, true);
    session.invoked_by = Some("sso.amazonaws.com");
    let role = scene.organisation.permission_set_role(&network, &name);
    let body = changes::attach_role_policy(&role, "AdministratorAccess");
    let act = scene.act(&session, at + 905, &body, &How::service("sso.amazonaws.com"));
    scene.behind(act, &[(&admin, &[removed])], false);
}
