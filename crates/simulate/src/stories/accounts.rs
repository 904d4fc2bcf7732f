//! Callers of an account's own: IAM users in every form, root, switch role, a SAML provider, a vendor outside.

use std::collections::BTreeSet;

use super::{account, person};
use crate::changes;
use crate::issue::{Assume, role_resource, use_key};
use crate::ledger::{Actor, Hop};
use crate::record::{Body, How};
use crate::scene::{By, Scene, account_identity};
use crate::session::{Grade, Session, Who};

/// The long-lived key, then the same user's session token with MFA.
pub(super) fn iam_user(scene: &mut Scene, round: usize, at: i64) {
    let network = account(scene, "network");
    let name = format!("{}-cli", person(scene, round, 9).short());
    let user = scene.organisation.iam_user(&network, &name);
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let direct = Session::iam_user(user.clone());
    let zone = format!("Z{}", scene.random.base32(19));
    let names = [format!("db-{}.example.co.jp.", scene.random.hex(6)), format!("api-{}.example.co.jp.", scene.random.hex(6))];
    let body = changes::change_record_sets(&mut scene.random, &zone, &names);
    scene.act(&direct, at, &body, &cli);
    scene.ask(&names[1], "The name points elsewhere since this morning: who changed it?");
    let token = scene.session_token(&user, at + 60, &cli);
    let bucket = format!("example-zone-{}", scene.random.hex(8));
    scene.act(&token, at + 90, &changes::create_bucket(&bucket), &cli);
    scene.act(&token, at + 95, &changes::put_bucket_policy(&network, &bucket, 1), &cli);
    scene.ask(&bucket, "Who made this bucket, with which credentials?");
}

/// A long-lived key that is made once, and used by two programs from two places when it is as old as the records reach back.
pub(super) fn old_key(scene: &mut Scene, early: i64, late: i64) {
    let data = account(scene, "data-prod");
    let who = person(scene, 0, 1);
    let own = scene.sso_session(&who, "AdministratorAccess", &data, early, &[]);
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let name = format!("export-{}", scene.random.hex(6));
    let user = scene.organisation.iam_user(&data, &name);
    scene.act(&own, early + 30, &changes::create_user(&user, early + 30), &cli);
    scene.make_key(&own, early + 32, &user, &cli);
    let direct = Session::iam_user(user);
    let there = scene.random.address();
    for (nth, how) in [cli, How::terraform(&there)].into_iter().enumerate() {
        let at = late + 60 * nth as i64;
        scene.call(&direct, at, &changes::read("s3.amazonaws.com", "ListBuckets", String::new()), &how);
        let bucket = format!("example-export-{}", scene.random.hex(8));
        scene.act(&direct, at + 10, &changes::create_bucket(&bucket), &how);
        scene.ask(&bucket, "An old key made this bucket: whose is it?");
    }
}

/// GetFederationToken, and AssumeRoot beside it.
pub(super) fn federation_token(scene: &mut Scene, round: usize, at: i64) {
    let data = account(scene, "data-prod");
    let user = scene.organisation.iam_user(&data, "broker");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let colleague = person(scene, round, 10);
    let mut session = scene.federation_token(&user, colleague.short(), at, &cli);
    session.not = vec![colleague.user_name.clone(), colleague.display_name.clone()];
    let rule = format!("nightly-{}", scene.random.hex(6));
    scene.act(&session, at + 30, &changes::put_rule(&data, &rule), &cli);
    scene.ask(&rule, "A rule runs every five minutes: who put it there?");
    assume_root(scene, round, at + 600);
}

/// A central team acts as a member account's root: the sessions look like a root user's, and are none.
fn assume_root(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 11);
    let (management, target) = (account(scene, "management"), account(scene, "training"));
    let ip = scene.random.address();
    let own = scene.sso_session(&who, "AdministratorAccess", &management, at, &[]);
    let key = scene.random.session_key();
    let body = Body {
        source: "sts.amazonaws.com",
        name: "AssumeRoot",
        request: format!(
            "{{\"targetPrincipal\":\"{target}\",\"taskPolicyArn\":{{\"arn\":\"arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy\"}}}}"
        ),
        response: format!(
            "{{\"credentials\":{{\"accessKeyId\":\"{key}\",\"sessionToken\":\"IQoJb3JpZ2luX2VjE{}\",\"expiration\":\"{}\"}}}}",
            scene.canaries.token,
            crate::text::wordy(at + 900 + 30, true)
        ),
        ..Body::default()
    };
    let issued = scene.call(&own, at + 30, &body, &How::cli(&ip));
    let who = Who::Root { account_id: target.clone() };
    let mut session = Session::new(who, &target, &key, own.actor.clone());
    session.created = at + 30;
    session.permission_set = own.permission_set.clone();
    session.grade = own.grade;
    session.not = vec![format!("arn:aws:iam::{target}:root")];
    session.chain = own.chain.clone();
    session.chain.push(Hop { kind: "root_session", issued_by: vec![issued], link: Some("access_key"), ..Hop::default() });
    use_key(&mut session, &key);
    let bucket = format!("example-locked-{}", scene.random.hex(8));
    scene.act(&session, at + 60, &changes::put_bucket_policy(&target, &bucket, 1), &How::cli(&ip));
    scene.ask(&bucket, "Root changed this bucket's policy: who was root?");
}

/// Root signs in to the console; each page has a key of its own.
pub(super) fn root_console(scene: &mut Scene, _round: usize, at: i64) {
    let training = account(scene, "training");
    let arn = format!("arn:aws:iam::{training}:root");
    let actor = Actor { kind: "root_user", id: arn, account_id: Some(training.clone()), ..Actor::default() };
    let root = Session::new(Who::Root { account_id: training.clone() }, &training, "", actor);
    let ip = scene.random.address();
    let session = scene.console_login(root, at, &ip);
    let user = format!("backup-{}", scene.random.hex(6));
    let user = scene.organisation.iam_user(&training, &user);
    let page = scene.random.session_key();
    scene.act(&session, at + 60, &changes::create_user(&user, at + 60), &How::browser(&ip).console(&page));
    let page = scene.random.session_key();
    scene.make_key(&session, at + 66, &user, &How::browser(&ip).console(&page));
    scene.ask(&user.key, "Where does this access key come from?");
    scene.ask(&user.arn(), "Who made this user?");
}

/// An IAM user in the console switches to another account's role: the issued key is never seen again.
pub(super) fn switch_role(scene: &mut Scene, round: usize, at: i64) {
    let (tools, shop) = (account(scene, "tools"), account(scene, "shop-stg"));
    let name = format!("{}-console", person(scene, round, 12).short());
    let user = scene.organisation.iam_user(&tools, &name);
    let ip = scene.random.address();
    let signed_in = scene.console_login(Session::iam_user(user.clone()), at, &ip);
    let page = scene.random.session_key();
    let topic = format!("tools-{}", scene.random.hex(6));
    scene.act(&signed_in, at + 40, &changes::create_topic(&tools, &topic), &How::browser(&ip).console(&page));
    scene.ask(&topic, "Who made this topic in the console?");
    let role = scene.organisation.role(&shop, "/", "SwitchAdmin");
    let (asked_with, used) = (scene.random.session_key(), scene.random.session_key());
    let internal =
        How { key: Some(&asked_with), invoked_by: Some("AWS Internal"), from_console: true, ..How::with("AWS Internal", "AWS Internal") };
    let ask = Assume { name: &user.name, other_key: Some(&used), ..Assume::default() };
    let mut session = scene.assume_role(&signed_in, role.clone(), at + 90, &internal, &ask);
    session.mfa = true;
    let switched = switch_record(scene, &session, &user.arn(), at + 90, &ip);
    if let Some(hop) = session.chain.last_mut() {
        if hop.issued_by.is_empty() {
            // SwitchRole alone names from and to: AWS wrote both.
            hop.issued_by = vec![switched];
            hop.link = Some("switch_role");
            session.grade = Grade::Proven;
            (session.gap, session.claims) = (None, BTreeSet::new());
        } else {
            hop.related = vec![switched];
        }
    }
    let page = scene.random.session_key();
    let instance = changes::id(&mut scene.random, "i");
    scene.act(&session, at + 150, &changes::change_state("StopInstances", &shop, &instance), &How::browser(&ip).console(&page));
    scene.ask(&instance, "The staging server was stopped in the console: by whom?");
    let page = scene.random.session_key();
    let queue = format!("orders-{}", scene.random.hex(6));
    scene.act(&session, at + 180, &changes::create_queue(&shop, &queue), &How::browser(&ip).console(&page));
    scene.ask(&queue, "Who made this queue?");
}

/// SwitchRole, in the target account, with no key and no session context.
fn switch_record(scene: &mut Scene, session: &Session, from: &str, at: i64, ip: &str) -> String {
    // Whatever is lost, this record names the user.
    let arriving = Session { key: String::new(), created: 0, grade: Grade::Proven, ..session.clone() };
    let body = Body {
        source: "signin.amazonaws.com",
        name: "SwitchRole",
        response: "{\"SwitchRole\":\"Success\"}".to_owned(),
        additional: format!(
            "{{\"SwitchFrom\":\"{from}\",\"RedirectTo\":\"https://ap-northeast-1.console.aws.amazon.com/console/home?region=ap-northeast-1#\"}}"
        ),
        event_type: "AwsConsoleSignIn",
        ..Body::default()
    };
    scene.call(&arriving, at, &body, &How::browser(ip))
}

/// The company's own identity provider, straight into an account.
pub(super) fn saml(scene: &mut Scene, round: usize, at: i64) {
    let network = account(scene, "network");
    let subject = person(scene, round, 13).user_name;
    let role = scene.organisation.role(&network, "/saml/", "NetworkOperator");
    let session = scene.saml_session(role, "CompanyIdP", &subject, at);
    let ip = scene.random.address();
    let page = scene.random.session_key();
    let group = changes::id(&mut scene.random, "sg");
    let body = changes::open_port(&mut scene.random, &network, &group, 3389);
    scene.act(&session, at + 45, &body, &How::browser(&ip).console(&page));
    scene.ask(&group, "Remote desktop is open to the world: who opened it?");
}

/// A vendor's role from outside the organisation: only the role owner's copy exists here.
pub(super) fn vendor(scene: &mut Scene, _round: usize, at: i64) {
    let prod = account(scene, "shop-prod");
    let outside = "999900001111";
    let role = scene.organisation.role(&prod, "/vendor/", "MonitoringVendor");
    let actor = Actor { kind: "external_account", id: outside.to_owned(), account_id: Some(outside.to_owned()), ..Actor::default() };
    let caller = Session::new(Who::Service("vendor"), outside, "", actor.clone());
    let ip = scene.random.address();
    let key = scene.random.session_key();
    let ask = Assume { name: "collector", ..Assume::default() };
    let mut body = scene.assume_body(&caller, &role, at, &ask, &key);
    body.request = body.request.replacen('{', "{\"externalId\":\"t-8fa2\",", 1);
    body.resources = role_resource(&role);
    let identity = account_identity("AROAVENDORXXXEXAMPLE1:collector-main", outside);
    let (mark, lost) = (scene.out.len(), scene.loses());
    let shared = scene.random.uuid();
    let how = How::with(&ip, "aws-sdk-go-v2/1.39.4 ua/2.1 os/linux lang/go#1.24.6");
    let issued = scene.record(&By::of(&identity, &caller), at, &prod, &body, &how, Some(&shared), None);
    let mut hop = Hop {
        kind: "role_session",
        role_arn: Some(role.arn()),
        session_name: Some("collector".to_owned()),
        issued_by: vec![issued],
        link: Some("access_key"),
        ..Hop::default()
    };
    let mut session = Session::new(Who::Role { role, name: "collector".to_owned() }, &prod, &key, actor);
    if lost {
        scene.lose_since(mark);
        hop.issued_by.clear();
        hop.link = None;
    }
    session.created = at;
    if lost {
        session.lose(Grade::Unknown, Some("AssumeRole"));
    }
    session.chain = vec![hop];
    use_key(&mut session, &key);
    let rule = format!("vendor-{}", scene.random.hex(6));
    scene.act(&session, at + 5, &changes::put_rule(&prod, &rule), &how);
    scene.ask(&rule, "A rule sends events somewhere: who put it there?");
}
