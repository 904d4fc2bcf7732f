//! What somebody would write into the logs on purpose, so that another name comes out.

use super::hostile::bystander;
use super::{account, person};
use crate::changes;
use crate::issue::{Assume, WebToken};
use crate::ledger::Actor;
use crate::record::How;
use crate::scene::Scene;
use crate::session::Session;

/// A hand-made role with an Identity Center name and no reserved path; the session bears the victim's address.
pub(super) fn fake_reserved_role(scene: &mut Scene, round: usize, at: i64) {
    let shop = account(scene, ["shop-stg", "data-prod"][round % 2]);
    let victim = bystander(scene, round);
    let insider = Session::iam_user(scene.organisation.iam_user(&shop, "deploy-old"));
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let role = scene.organisation.role(&shop, "/", "AWSReservedSSO_Admin_0123456789abcdef");
    scene.act(&insider, at, &changes::create_role(&role, at), &cli);
    let ask = Assume { name: &victim.id, ..Assume::default() };
    let mut session = scene.assume_role(&insider, role, at + 60, &cli, &ask);
    session.not = std::iter::once(victim.id.clone()).chain(victim.name).collect();
    let key = scene.random.uuid();
    scene.act(&session, at + 90, &changes::create_key(&shop, &key), &cli);
    scene.ask(&key, "By its role and session name an administrator made this key: did they?");
}

/// People who call their sessions as machines are called.
pub(super) fn machine_like_name(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 18);
    let (tools, prod) = (account(scene, "tools"), account(scene, "shop-prod"));
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let own = scene.sso_session(&who, "PowerUserAccess", &tools, at, &[]);
    let instance = changes::id(&mut scene.random, "i");
    let arn = changes::ec2_arn(&prod, "instance", &instance);
    for (nth, (name, not)) in [(instance.as_str(), arn.as_str()), ("GitHubActions", "example-co/shop")].into_iter().enumerate() {
        let at = at + 60 + 300 * nth as i64;
        let role = scene.organisation.role(&prod, "/", "Maintenance");
        let mut session = scene.assume_role(&own, role, at, &cli, &Assume { name, ..Assume::default() });
        session.not = vec![not.to_owned(), name.to_owned()];
        let parameter = format!("/shop/price/{}", scene.random.hex(6));
        scene.act(&session, at + 30, &changes::put_parameter(&prod, &parameter), &cli);
        scene.ask(&parameter, "The session is called like a machine: was it one?");
    }
}

/// A provider of somebody else's whose tokens carry the company's own subjects.
pub(super) fn lookalike_issuer(scene: &mut Scene, _round: usize, at: i64) {
    let tools = account(scene, "tools");
    let issuer = "oidc.example.com/token.actions.githubusercontent.com";
    let subject = "repo:example-co/shop:ref:refs/heads/main";
    let actor = Actor {
        kind: "oidc_user",
        id: subject.to_owned(),
        account_id: Some(tools.clone()),
        provider: Some(issuer.to_owned()),
        ..Actor::default()
    };
    let token = WebToken { issuer, audience: "sts.amazonaws.com", subject, actor };
    let role = scene.organisation.role(&tools, "/ci/", "PartnerDeploy");
    let mut session = scene.web_session(token, role, "GitHubActions", at);
    session.not = vec!["example-co/shop".to_owned()];
    let topic = format!("ci-{}", scene.random.hex(6));
    let how = How::with("203.0.113.66", "configure-aws-credentials-for-github-actions");
    scene.act(&session, at + 20, &changes::create_topic(&tools, &topic), &how);
    scene.ask(&topic, "Was it the company's own pipeline?");
}

/// One person opens a port; others try in vain afterwards.
pub(super) fn denied(scene: &mut Scene, round: usize, at: i64) {
    let (who, other) = (person(scene, round, 2), person(scene, round, 20));
    let prod = account(scene, "shop-prod");
    let ip = scene.random.address();
    let cli = How::cli(&ip);
    let mut own = scene.sso_session(&who, "PowerUserAccess", &prod, at, &[]);
    own.not = vec![other.user_name.clone()];
    let trier = scene.sso_session(&other, "ReadOnlyAccess", &prod, at + 10, &[]);
    let group = changes::id(&mut scene.random, "sg");
    let body = changes::open_port(&mut scene.random, &prod, &group, 443);
    scene.act(&own, at + 60, &body, &cli);
    scene.ask(&group, "Several people touched this group, and only one with success: who?");
    let refused = cli.denied(
        "Client.UnauthorizedOperation",
        "You are not authorized to perform this operation. Encoded authorization failure message: CANTTELL",
    );
    let body = changes::open_port(&mut scene.random, &prod, &group, 22);
    scene.call(&trier, at + 120, &body, &refused);
    let role = scene.organisation.role(&prod, "/", &format!("Owner{}", scene.random.clone().hex(6)));
    scene.act(&own, at + 130, &changes::create_role(&role, at + 130), &cli);
    scene.ask(&role.arn(), "Somebody was refused this role; who made it?");
    let refused = cli.denied("AccessDenied", "User is not authorized to perform: sts:AssumeRole");
    let key = scene.random.session_key();
    let mut body = scene.assume_body(&trier, &role, at + 200, &Assume { name: "me", ..Assume::default() }, &key);
    // A refused call names no resource.
    body.resources.clear();
    scene.call(&trier, at + 200, &body, &refused);
    let body = changes::attach_role_policy(&role, "AdministratorAccess");
    scene.call(&trier, at + 210, &body, &refused);
}

/// Tags and a user agent that would like to be a terminal, a spreadsheet, a second field, or another direction.
pub(super) fn hostile_text(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 4);
    let shop = account(scene, "shop-stg");
    let own = scene.sso_session(&who, "Operations", &shop, at, &[]);
    let instance = changes::id(&mut scene.random, "i");
    let tags = [
        ("Name", "\u{1b}[31mweb\u{1b}[0m\u{1b}]0;owned\u{7}"),
        ("Owner", "\u{202e}pj.oc.elpmaxe@nimda\u{202c}"),
        ("Cost", "=HYPERLINK(\"https://example.com\",\"x\")"),
        ("Note", "\",\"userName\":\"admin@example.co.jp\",\"x\":\""),
        ("Path", "..\\..\\etc\u{0}\r\n'; DROP TABLE events; --"),
        ("名前", "検証用サーバー🦀\u{200b}\u{feff}"),
    ];
    let agent = "curl/8.7 \u{1b}[2J <script>alert(1)</script> \u{2028}\"}";
    let how = How::with("192.0.2.66", agent);
    scene.act(&own, at + 30, &changes::create_tags(&shop, "instance", &[&instance], &tags), &how);
    scene.ask(&instance, "The instance's tags break the console: who wrote them?");
}
