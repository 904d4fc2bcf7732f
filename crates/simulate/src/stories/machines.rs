//! Machines: an instance with Jenkins, GitHub Actions, AWS's own services, and a function.

use super::{account, person};
use crate::changes;
use crate::issue::{Assume, GITHUB, WebToken};
use crate::ledger::Actor;
use crate::organisation::HOME_REGION;
use crate::record::How;
use crate::scene::Scene;
use crate::session::Session;

/// Someone launches an instance with a profile; Jenkins on it then changes things with its role.
pub(super) fn jenkins(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 1);
    let training = account(scene, "training");
    let ip = scene.random.address();
    scene.portal_sign_in(&who, at, &ip);
    let own = scene.sso_session(&who, "AdministratorAccess", &training, at + 20, &[]);
    let instance = changes::id(&mut scene.random, "i");
    let arn = changes::ec2_arn(&training, "instance", &instance);
    let user_data = scene.canaries.user_data.clone();
    let launched = [instance.clone()];
    let body = changes::run_instances(&mut scene.random, &training, &launched, Some("jenkins"), &user_data);
    let launched = scene.act(&own, at + 60, &body, &How::cli(&ip));
    scene.ask(&arn, "A Jenkins that nobody registered runs in a trainee's account: who launched it?");
    let sessions = instance_sessions(scene, &training, "jenkins-role", &instance, at + 90);
    let how = How::with(
        "203.0.113.10",
        "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#6.1.156-177.286.amzn2023.x86_64 md/arch#x86_64 lang/python#3.9.24 md/pyimpl#CPython cfg/retry-mode#legacy",
    );
    for (nth, session) in sessions.iter().enumerate() {
        let later = at + 600 + 60 * nth as i64;
        let queue = format!("builds-{}", scene.random.hex(6));
        let made = scene.act(session, later, &changes::create_queue(&training, &queue), &how);
        let set = scene.act(session, later + 7, &changes::set_queue_attributes(&training, &queue), &how);
        for act in [made, set] {
            scene.behind(act, &[(&own, &[launched])], false);
        }
        scene.ask(&queue, "A queue keeps changing: which machine does that?");
    }
    if let Some(session) = sessions.first() {
        let act = deploy_from_jenkins(scene, session, at + 900, &how);
        scene.behind(act, &[(&own, &[launched])], false);
    }
}

fn deploy_from_jenkins(scene: &mut Scene, jenkins: &Session, at: i64, how: &How) -> usize {
    let shop = account(scene, "shop-stg");
    let role = scene.organisation.role(&shop, "/deploy/", "AppDeploy");
    let session = scene.assume_role(jenkins, role, at, how, &Assume { name: "jenkins-build", ..Assume::default() });
    let function = format!("resize-{}", scene.random.hex(6));
    let secret = scene.canaries.environment.clone();
    let body = changes::update_function_code(&mut scene.random, &shop, &function, &secret);
    let act = scene.act(&session, at + 10, &body, how);
    scene.ask(&function, "The function's code changed: which build server did it?");
    act
}

/// Both deliveries of an instance's credentials: two issues in one second, a key each, lost or kept together.
pub(crate) fn instance_sessions(scene: &mut Scene, account_id: &str, role: &str, instance: &str, at: i64) -> Vec<Session> {
    let role = scene.organisation.role(account_id, "/", role);
    let actor = Actor {
        kind: "workload",
        id: changes::ec2_arn(account_id, "instance", instance),
        account_id: Some(account_id.to_owned()),
        ..Actor::default()
    };
    let share = scene.loss_per_mille;
    scene.loss_per_mille = if scene.loses() { 1000 } else { 0 };
    let sessions = ["1.0", "2.0"].map(|delivery| {
        let mut session = scene.service_session("ec2.amazonaws.com", role.clone(), instance, at, actor.clone(), true);
        session.role_delivery = Some(delivery);
        session
    });
    scene.loss_per_mille = share;
    sessions.into()
}

/// What the OIDC subject of a GitHub job says; `owner/name` for `repository`.
pub(crate) fn github_actor(account_id: &str, subject: &str, git_ref: Option<&str>, environment: Option<&str>) -> Actor {
    Actor {
        kind: "pipeline",
        id: subject.to_owned(),
        account_id: Some(account_id.to_owned()),
        provider: Some(GITHUB.to_owned()),
        repository: Some("example-co/shop".to_owned()),
        git_ref: git_ref.map(str::to_owned),
        environment: environment.map(str::to_owned),
        ..Actor::default()
    }
}

/// Three shapes of subject, each with a second hop into production.
pub(super) fn github(scene: &mut Scene, _round: usize, at: i64) {
    let (tools, prod) = (account(scene, "tools"), account(scene, "shop-prod"));
    let shapes = [
        ("repo:example-co/shop:ref:refs/heads/main", Some("refs/heads/main"), None, "GitHubActions"),
        ("repo:example-co/shop:environment:production", None, Some("production"), "GitHubActions"),
        ("repo:example-co@90210/shop@777001:ref:refs/tags/v2.4.0", Some("refs/tags/v2.4.0"), None, "release-run-5521"),
    ];
    for (nth, (subject, git_ref, environment, name)) in shapes.into_iter().enumerate() {
        let at = at + 900 * nth as i64;
        let token =
            WebToken { issuer: GITHUB, audience: "sts.amazonaws.com", subject, actor: github_actor(&tools, subject, git_ref, environment) };
        let role = scene.organisation.role(&tools, "/ci/", "GitHubDeploy");
        let job = scene.web_session(token, role, name, at);
        let how = How::with(
            "192.0.2.140",
            "aws-sdk-js/3.921.0 ua/2.1 os/linux#6.11.0-1018-azure lang/js md/nodejs#20.19.5 api/sts#3.921.0 configure-aws-credentials-for-github-actions",
        );
        let parameter = format!("/ci/version/{}", scene.random.hex(6));
        scene.act(&job, at + 20, &changes::put_parameter(&tools, &parameter), &how);
        scene.ask(&parameter, "The released version moved: which pipeline moved it?");
        let role = scene.organisation.role(&prod, "/deploy/", "AppDeploy");
        let session = scene.assume_role(&job, role, at + 40, &how, &Assume { name: "deploy-shop", ..Assume::default() });
        let service = format!("web-{}", scene.random.hex(6));
        let secret = scene.canaries.environment.clone();
        let revision = scene.random.below(900) + 1;
        scene.act(&session, at + 60, &changes::register_task_definition(&prod, &service, revision, 2, &secret), &how);
        scene.act(&session, at + 70, &changes::update_service(&prod, "main", &service, revision), &how);
        scene.ask(&service, "The shop broke after a deployment: which pipeline deployed it?");
    }
}

/// A service on its own account, and its service-linked role (used with another key than was issued).
pub(super) fn service(scene: &mut Scene, round: usize, at: i64) {
    let prod = account(scene, "shop-prod");
    let who = person(scene, round, 7);
    let ip = scene.random.address();
    let own = scene.sso_session(&who, "PowerUserAccess", &prod, at, &[]);
    let group = format!("web-asg-{}", scene.random.hex(6));
    let resized = scene.act(&own, at + 30, &changes::set_desired_capacity(&prod, &group), &How::cli(&ip));
    let host = "autoscaling.amazonaws.com";
    let role = scene.organisation.role(&prod, "/aws-service-role/autoscaling.amazonaws.com/", "AWSServiceRoleForAutoScaling");
    let actor = Session::service(host, &prod).actor;
    let mut session = scene.service_session(host, role, "AutoScaling", at + 60, actor, true);
    let key = scene.random.session_key();
    crate::issue::use_key(&mut session, &key);
    if let Some(hop) = session.chain.last_mut().filter(|hop| hop.link.is_some()) {
        hop.link = Some("assumed_role_id");
    }
    session.invoked_by = Some(host);
    let instances = [changes::id(&mut scene.random, "i"), changes::id(&mut scene.random, "i")];
    let body = changes::run_instances(&mut scene.random, &prod, &instances, None, "");
    let body = changes::noted(body, &[("aws:autoscaling:groupName", &group)]);
    let act = scene.act(&session, at + 65, &body, &How::service(host));
    // Why a group launches an instance just now is not recorded.
    scene.behind(act, &[(&own, &[resized])], true);
    scene.ask(&changes::ec2_arn(&prod, "instance", &instances[1]), "This instance appeared by itself: what launched it?");
    let backup = Session::service("backup.amazonaws.com", &prod);
    let volume = changes::id(&mut scene.random, "snap");
    let body = changes::create_tags(&prod, "snapshot", &[&volume], &[("aws:backup:source-resource", "vol")]);
    scene.act(&backup, at + 120, &body, &How::service("backup.amazonaws.com"));
    scene.ask(&volume, "Who tagged this snapshot?");
}

/// CloudFormation without a role of its own acts with the person's identity and a key of its own.
pub(super) fn forward_access(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 8);
    let data = account(scene, "data-prod");
    let ip = scene.random.address();
    scene.portal_sign_in(&who, at, &ip);
    let own = scene.sso_session(&who, "PowerUserAccess", &data, at + 20, &[]);
    let stack = format!("events-{}", scene.random.hex(6));
    let (body, _) = changes::create_stack(&mut scene.random, &data, &stack);
    scene.act(&own, at + 60, &body, &How::cli(&ip));
    let key = scene.random.session_key();
    let forwarded = How::forwarded("cloudformation.amazonaws.com", &key);
    let topic = format!("alarms-{}", scene.random.hex(6));
    scene.act(&own, at + 70, &changes::create_topic(&data, &topic), &forwarded);
    scene.ask(&topic, "CloudFormation made this topic: for whom?");
    let cmk = scene.random.uuid();
    let key = scene.random.session_key();
    scene.act(&own, at + 75, &changes::create_key(&data, &cmk), &How::forwarded("cloudformation.amazonaws.com", &key));
    scene.ask(&format!("arn:aws:kms:{HOME_REGION}:{data}:key/{cmk}"), "Whose key is this?");
}

/// A function acts with its role; what AWS writes about its scope names it even where the issue is lost.
pub(super) fn function(scene: &mut Scene, _round: usize, at: i64) {
    let shop = account(scene, "shop-prod");
    let name = format!("cleanup-{}", scene.random.hex(6));
    let session = function_session(scene, &shop, &name, at);
    let group = format!("/aws/lambda/{name}-out");
    let how = How::with(
        "198.51.100.20",
        "Boto3/1.40.4 md/Botocore#1.40.4 ua/2.1 os/linux#5.10.244 md/arch#aarch64 lang/python#3.13.7 exec-env/AWS_Lambda_python3.13",
    );
    scene.act(&session, at + 5, &changes::create_log_group(&shop, &group), &how);
    scene.ask(&group, "Which function makes these log groups?");
}

pub(crate) fn function_session(scene: &mut Scene, account_id: &str, name: &str, at: i64) -> Session {
    let role = scene.organisation.role(account_id, "/service-role/", "lambda-basic");
    let arn = changes::function_arn(account_id, name);
    let actor = Actor { kind: "workload", id: arn.clone(), account_id: Some(account_id.to_owned()), ..Actor::default() };
    let mut session = scene.service_session("lambda.amazonaws.com", role, name, at, actor, true);
    session.in_scope_of = Some(arn);
    session
}
