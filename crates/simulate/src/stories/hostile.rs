//! Bad luck and stubbornness: what repeats, comes round again, or goes in circles.

use super::{account, person};
use crate::changes;
use crate::issue::Assume;
use crate::ledger::Actor;
use crate::organisation::Person;
use crate::record::How;
use crate::scene::Scene;
use crate::session::{Grade, Session};

/// A person's session in the tools account.
fn tools_session(scene: &mut Scene, who: &Person, at: i64) -> Session {
    let tools = account(scene, "tools");
    scene.sso_session(who, "PowerUserAccess", &tools, at, &[])
}

/// Two people open sessions of one role under one name in one second. The keys tell them apart; a call that a
/// service makes with a key of its own does not.
///
/// Both issues are kept: were one lost, the other would seem to fit everything, and no reader could tell.
pub(super) fn same_second(scene: &mut Scene, round: usize, at: i64) {
    let (one, two) = (person(scene, round, 14), person(scene, round, 15));
    let prod = account(scene, "shop-prod");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let ask = Assume { name: "deploy", kept: true, ..Assume::default() };
    let role = scene.organisation.role(&prod, "/", "Release");
    let first = tools_session(scene, &one, at);
    let second = tools_session(scene, &two, at + 3);
    let mut first = scene.assume_role(&first, role.clone(), at + 60, &cli, &ask);
    let mut second = scene.assume_role(&second, role, at + 60, &cli, &ask);
    first.not = vec![two.user_name.clone()];
    second.not = vec![one.user_name.clone()];
    for (nth, session) in [&first, &second].into_iter().enumerate() {
        let queue = format!("release-{}", scene.random.hex(6));
        scene.act(session, at + 80 + nth as i64, &changes::create_queue(&prod, &queue), &cli);
        scene.ask(&queue, "Two releases ran at once: whose queue is this?");
    }
    let mut either = second;
    either.lose(Grade::Ambiguous, None);
    either.candidates = vec![one.user_name.clone(), two.user_name.clone()];
    either.not = vec![one.user_name, two.user_name];
    if let Some(hop) = either.chain.last_mut() {
        hop.link = Some("assumed_role_id");
    }
    let topic = format!("release-{}", scene.random.hex(6));
    let key = scene.random.session_key();
    let forwarded = How::forwarded("cloudformation.amazonaws.com", &key);
    scene.act(&either, at + 90, &changes::create_topic(&prod, &topic), &forwarded);
    scene.ask(&topic, "CloudFormation made this in one of the two releases: in which?");
}

/// A role is deleted and made again under its name by somebody else: the same session ARN, another principal.
pub(super) fn remade_role(scene: &mut Scene, round: usize, at: i64) {
    let (one, two) = (person(scene, round, 16), person(scene, round, 17));
    let shop = account(scene, "shop-stg");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let name = format!("batch-{}", scene.random.hex(6));
    let ask = Assume { name: "batch", ..Assume::default() };
    let mut arn = String::new();
    for (times, who, other) in [(0_i64, &one, &two), (1, &two, &one)] {
        let at = at + 1800 * times;
        let role = scene.organisation.remade_role(&shop, "/batch/", &name, times as u32);
        arn = role.arn();
        let own = scene.sso_session(who, "AdministratorAccess", &shop, at, &[]);
        if times > 0 {
            let before = scene.organisation.remade_role(&shop, "/batch/", &name, 0);
            scene.act(&own, at + 10, &changes::delete_role(&before), &cli);
        }
        scene.act(&own, at + 20, &changes::create_role(&role, at + 20), &cli);
        scene.act(&own, at + 22, &changes::attach_role_policy(&role, "PowerUserAccess"), &cli);
        let mut session = scene.assume_role(&own, role, at + 60, &cli, &ask);
        session.not = vec![other.user_name.clone()];
        let rule = format!("batch-{}", scene.random.hex(8));
        scene.act(&session, at + 70, &changes::put_rule(&shop, &rule), &cli);
        scene.ask(&rule, "The session's ARN fits two roles of one name: who was in this one?");
    }
    scene.ask(&arn, "The role is not the one of last week: who made the one that is there now?");
}

/// A chain as long as nobody draws it.
pub(super) fn twelve_hops(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 18);
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let mut session = tools_session(scene, &who, at);
    for hop in 1..=12 {
        let owner = account(scene, ["shop-stg", "data-prod", "network"][hop % 3]);
        let role = scene.organisation.role(&owner, "/relay/", &format!("Relay{hop}"));
        let name = format!("relay-{hop}");
        session = scene.assume_role(&session, role, at + 30 * hop as i64, &cli, &Assume { name: &name, ..Assume::default() });
    }
    let table = format!("relay-{}", scene.random.hex(6));
    let owner = session.account_id.clone();
    let body = changes::create_table(&mut scene.random, &owner, &table);
    scene.act(&session, at + 600, &body, &cli);
    scene.ask(&table, "Twelve roles lie between this table and a person: which person?");
}

/// Two roles that may assume each other, to outlive the hour that a chained session lasts.
pub(super) fn juggling(scene: &mut Scene, round: usize, at: i64) {
    let tools = account(scene, "tools");
    let name = format!("night-{round}");
    let user = scene.organisation.iam_user(&tools, &name);
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let mut session = Session::iam_user(user);
    for hop in 0..6 {
        let owner = account(scene, ["shop-prod", "data-prod"][hop % 2]);
        let role = scene.organisation.role(&owner, "/", ["JuggleA", "JuggleB"][hop % 2]);
        session = scene.assume_role(&session, role, at + 600 * hop as i64, &cli, &Assume { name: "juggle", ..Assume::default() });
    }
    let owner = session.account_id.clone();
    let group = changes::id(&mut scene.random, "sg");
    let body = changes::open_port(&mut scene.random, &owner, &group, 5432);
    scene.act(&session, at + 3600, &body, &cli);
    scene.ask(&group, "The database port opened at night, hours after anybody signed in: who?");
}

/// AWS hands out an access key id again, to another principal. `early` and `late` are far apart.
pub(super) fn reused_key(scene: &mut Scene, early: i64, late: i64) {
    let key = scene.random.session_key();
    let people = [person(scene, 0, 19), person(scene, 0, 20)];
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    for (nth, at) in [early, late].into_iter().enumerate() {
        let own = tools_session(scene, &people[nth], at);
        let owner = account(scene, ["shop-stg", "network"][nth]);
        let role = scene.organisation.role(&owner, "/", ["KeyFirst", "KeySecond"][nth]);
        let ask = Assume { name: "work", issued_key: Some(&key), ..Assume::default() };
        let mut session = scene.assume_role(&own, role, at + 60, &cli, &ask);
        session.not = vec![people[1 - nth].user_name.clone()];
        let bucket = format!("example-again-{}", scene.random.hex(8));
        scene.act(&session, at + 90, &changes::create_bucket(&bucket), &cli);
        scene.ask(&bucket, "The key of this call was seen before, with another role: whose was it now?");
    }
}

/// A bystander whose name a story borrows without letting them act.
pub(super) fn bystander(scene: &Scene, round: usize) -> Actor {
    let who = person(scene, round, 21);
    Actor { kind: "sso_user", id: who.user_name, name: Some(who.display_name), ..Actor::default() }
}
