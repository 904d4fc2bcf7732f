//! What somebody would do so that a colleague seems to stand behind a machine, or a machine behind him.

use super::{account, person};
use crate::changes;
use crate::issue::Assume;
use crate::record::How;
use crate::scene::Scene;
use crate::stories::machines::{function_session, instance_sessions};

/// A function is deleted and made again under its name by somebody else; others' changes of it are refused.
pub(super) fn remade_function(scene: &mut Scene, round: usize, at: i64) {
    let (old, new, refused) = (person(scene, round, 9), person(scene, round, 10), person(scene, round, 11));
    let training = account(scene, "training");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let name = format!("again-{}", scene.random.hex(8));
    let secret = scene.canaries.environment.clone();
    let first = scene.sso_session(&old, "PowerUserAccess", &training, at, &[]);
    let body = changes::create_function(&mut scene.random, &training, &name, &secret);
    scene.act(&first, at + 30, &body, &cli);
    scene.act(&first, at + 40, &changes::delete_function(&name), &cli);
    let second = scene.sso_session(&new, "PowerUserAccess", &training, at + 50, &[]);
    let body = changes::create_function(&mut scene.random, &training, &name, &secret);
    let made = scene.act(&second, at + 100, &body, &cli);
    let third = scene.sso_session(&refused, "ReadOnlyAccess", &training, at + 110, &[]);
    let denied = cli.denied("AccessDenied", "User is not authorized to perform: lambda:UpdateFunctionCode");
    let body = changes::update_function_code(&mut scene.random, &training, &name, &secret);
    scene.call(&third, at + 120, &body, &denied);
    // Tried out: answered with success, and nothing changed.
    let mut body = changes::update_function_code(&mut scene.random, &training, &name, &secret);
    body.request = body.request.replace("\"dryRun\":false", "\"dryRun\":true");
    scene.call(&third, at + 130, &body, &cli);
    let running = function_session(scene, &training, &name, at + 200);
    let queue = format!("again-{}", scene.random.hex(8));
    let act = scene.act(&running, at + 210, &changes::create_queue(&training, &queue), &cli);
    scene.behind(act, &[(&second, &[made])], false);
    scene.ask(&queue, "The function has had two lives: who stands behind this one?");
}

/// A person calls a session as a colleague's build is called, and says to be an agent.
pub(super) fn borrowed_build(scene: &mut Scene, round: usize, at: i64) {
    let (colleague, who) = (person(scene, round, 12), person(scene, round, 13));
    let tools = account(scene, "tools");
    let ip = scene.random.address();
    let theirs = scene.sso_session(&colleague, "PowerUserAccess", &tools, at, &[]);
    let (project, uuid) = (format!("app-{}", scene.random.hex(8)), scene.random.uuid());
    scene.act(&theirs, at + 30, &changes::start_build(&tools, &project, &format!("{project}:{uuid}")), &How::cli(&ip));
    let own = scene.sso_session(&who, "PowerUserAccess", &tools, at + 40, &[]);
    let role = scene.organisation.role(&tools, "/service-role/", "codebuild");
    let name = format!("AWSCodeBuild-{uuid}");
    let ask = Assume { name: &name, tags: &[("owner", &colleague.user_name)], transitive: &["owner"], ..Assume::default() };
    let mut session = scene.assume_role(&own, role, at + 60, &How::cli(&ip), &ask);
    session.not = vec![colleague.user_name.clone(), "codebuild.amazonaws.com".to_owned()];
    let table = format!("build-{}", scene.random.hex(8));
    let body = changes::create_table(&mut scene.random, &tools, &table);
    scene.act(&session, at + 90, &body, &How::with(&ip, "aws-mcp.amazonaws.com"));
    scene.ask(&table, "A build, an agent, or somebody who calls himself so?");
}

/// Somebody has a shell on a colleague's instance while it acts: which of the two it was is not in these logs.
pub(super) fn borrowed_instance(scene: &mut Scene, round: usize, at: i64) {
    let (launcher, guest) = (person(scene, round, 14), person(scene, round, 16));
    let training = account(scene, "training");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let own = scene.sso_session(&launcher, "PowerUserAccess", &training, at, &[]);
    let instance = changes::id(&mut scene.random, "i");
    let user_data = scene.canaries.user_data.clone();
    let launched = [instance.clone()];
    let body = changes::run_instances(&mut scene.random, &training, &launched, Some("bastion"), &user_data);
    let ran = scene.act(&own, at + 30, &body, &cli);
    let sessions = instance_sessions(scene, &training, "bastion-role", &instance, at + 60);
    let theirs = scene.sso_session(&guest, "Operations", &training, at + 100, &[]);
    let shell = format!("{}-{}", guest.user_name, scene.random.lower(26));
    let opened = scene.act(&theirs, at + 120, &changes::start_session(&training, &instance, &shell), &cli);
    for session in &sessions {
        let bucket = format!("example-shell-{}", scene.random.hex(8));
        let act = scene.act(session, at + 200, &changes::create_bucket(&bucket), &cli);
        scene.behind(act, &[(&own, &[ran]), (&theirs, &[opened])], false);
        scene.ask(&bucket, "The bastion made this bucket: who was on it?");
    }
    scene.act(&theirs, at + 300, &changes::terminate_session(&shell), &cli);
    for session in &sessions {
        let queue = format!("shell-{}", scene.random.hex(8));
        let act = scene.act(session, at + 400, &changes::create_queue(&training, &queue), &cli);
        scene.behind(act, &[(&own, &[ran])], false);
    }
}
