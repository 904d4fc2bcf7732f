//! People behind roles: Terraform over two hops, a contractor with tags, and two who borrow a colleague's name.

use super::{account, contractor as a_contractor, person};
use crate::changes;
use crate::issue::Assume;
use crate::record::How;
use crate::scene::Scene;
use crate::session::Session;

/// Portal, role in the tools account, role in production; tags travel, the person's key does not.
pub(super) fn terraform(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 0);
    let (tools, prod) = (account(scene, "tools"), account(scene, "shop-prod"));
    let ip = scene.random.address();
    scene.portal_sign_in(&who, at, &ip);
    let own = scene.sso_session(&who, "PowerUserAccess", &tools, at + 20, &[]);
    let cli = How::cli(&ip);
    scene.call(&own, at + 25, &changes::read("sts.amazonaws.com", "GetCallerIdentity", String::new()), &cli);
    scene.call(&own, at + 40, &changes::read("s3.amazonaws.com", "ListBuckets", String::new()), &cli);
    let role = scene.organisation.role(&prod, "/deploy/", "TerraformApply");
    let name = format!("terraform-{}", who.short());
    let ask = Assume {
        name: &name,
        tags: &[("team", &who.team), ("change", "CHG-1042"), ("run", "local")],
        transitive: &["team", "change"],
        ..Assume::default()
    };
    let terraform = How::terraform(&ip);
    let session = scene.assume_role(&own, role, at + 300, &terraform, &ask);
    let group = changes::id(&mut scene.random, "sg");
    let name = format!("bastion-{}", scene.random.hex(6));
    scene.act(&session, at + 310, &changes::create_security_group(&prod, &group, &name), &terraform);
    let body = changes::open_port(&mut scene.random, &prod, &group, 22);
    scene.act(&session, at + 312, &body, &terraform);
    scene.ask(&group, "Port 22 of this security group is open to the world: who opened it?");
    scene.ask(&changes::ec2_arn(&prod, "security-group", &group), "The finding names the group by its ARN: who opened it?");
    let bucket = format!("example-assets-{}", scene.random.hex(8));
    scene.act(&session, at + 320, &changes::create_bucket(&bucket), &terraform);
    scene.act(&session, at + 322, &changes::put_bucket_policy(&prod, &bucket, 3), &terraform);
    scene.ask(&bucket, "The bucket's policy lets another account read: who wrote it?");
    let made = format!("app-{}", scene.random.hex(8));
    let made = scene.organisation.role(&prod, "/app/", &made);
    scene.act(&session, at + 330, &changes::create_role(&made, at + 330), &terraform);
    scene.act(&session, at + 331, &changes::attach_role_policy(&made, "AdministratorAccess"), &terraform);
    scene.ask(&made.name, "An application's role is an administrator: who attached that?");
    let gateway = changes::id(&mut scene.random, "nat");
    scene.act(&session, at + 340, &changes::create_nat_gateway(&prod, &gateway), &terraform);
    scene.ask(&gateway, "The bill has a gateway that nobody knows: who made it?");
    let (vpc, log) = (changes::id(&mut scene.random, "vpc"), changes::id(&mut scene.random, "fl"));
    scene.act(&session, at + 350, &changes::create_flow_logs(&prod, &vpc, &log), &terraform);
    grant_across(scene, &session, at + 360, &terraform);
    // The person goes on in the first session beside Terraform.
    let parameter = format!("/shop/flag/{}", scene.random.hex(6));
    scene.act(&own, at + 400, &changes::put_parameter(&tools, &parameter), &cli);
    scene.ask(&parameter, "A parameter of the tools account was overwritten: by whom?");
}

/// A key of the data account, used from production: both accounts record it.
fn grant_across(scene: &mut Scene, session: &Session, at: i64, how: &How) {
    let data = account(scene, "data-prod");
    let key = scene.random.uuid();
    let grantee = format!("arn:aws:iam::{}:role/app/reader", session.account_id);
    let body = changes::create_grant(&mut scene.random, &data, &key, &grantee);
    scene.act_across(session, at, &data, &body, how);
    scene.ask(&key, "A key of the data account was granted to a role of another account: by whom?");
}

/// An outsider's session carries the company's tags, asserted by the identity provider.
pub(super) fn contractor(scene: &mut Scene, round: usize, at: i64) {
    let who = a_contractor(scene, round);
    let shop = account(scene, "shop-stg");
    let ip = scene.random.address();
    scene.portal_sign_in(&who, at, &ip);
    let tags = [("company", "toreta-now"), ("team", &who.team), ("ticket", "OPS-77")];
    let session = scene.sso_session(&who, "Operations", &shop, at + 15, &tags);
    let cli = How::cli(&ip);
    let instance = changes::id(&mut scene.random, "i");
    let shell = format!("{}-{}", who.user_name, scene.random.lower(26));
    scene.act(&session, at + 60, &changes::start_session(&shop, &instance, &shell), &cli);
    scene.act(&session, at + 500, &changes::create_tags(&shop, "instance", &[&instance], &[("Owner", "partner")]), &cli);
    scene.act(&session, at + 1500, &changes::terminate_session(&shell), &cli);
    scene.ask(&instance, "The instance has a new owner tag: who changed the instance last?");
    scene.ask(&shell, "Whose Session Manager session was this?");
    let database = format!("stg-{}", scene.random.hex(6));
    scene.act(&session, at + 1600, &changes::modify_db_instance(&shop, &database), &cli);
    scene.ask(&database, "Backups of the database were cut to one day: by whom?");
}

/// The session name is a colleague's address; nothing but the caller chose it.
pub(super) fn borrowed_name(scene: &mut Scene, round: usize, at: i64) {
    let colleague = person(scene, round, 3);
    let shop = account(scene, "shop-prod");
    let ip = scene.random.address();
    let mallory = if round == 0 {
        let tools = account(scene, "tools");
        Session::iam_user(scene.organisation.iam_user(&tools, "ops-batch"))
    } else {
        let who = person(scene, round, 4);
        let tools = account(scene, "tools");
        scene.portal_sign_in(&who, at - 20, &ip);
        scene.sso_session(&who, "PowerUserAccess", &tools, at, &[])
    };
    let role = scene.organisation.role(&shop, "/", "Maintenance");
    let ask = Assume { name: &colleague.user_name, ..Assume::default() };
    let cli = How::cli(&ip);
    let mut session = scene.assume_role(&mallory, role, at + 30, &cli, &ask);
    session.not = vec![colleague.user_name.clone(), colleague.display_name.clone()];
    let secret = format!("shop/{}", scene.random.hex(8));
    let body = changes::create_secret(&mut scene.random, &shop, &secret);
    scene.act(&session, at + 60, &body, &cli);
    scene.ask(&secret, "A secret appeared over night, and the session says it was a colleague: was it?");
    let user = format!("svc-{}", scene.random.hex(6));
    let user = scene.organisation.iam_user(&shop, &user);
    scene.act(&session, at + 90, &changes::create_user(&user, at + 90), &cli);
    scene.act(&session, at + 92, &changes::attach_user_policy(&user, "AdministratorAccess"), &cli);
    scene.make_key(&session, at + 95, &user, &cli);
    scene.ask(&user.name, "A new user is an administrator: who stands behind it?");
}

/// The same with the source identity, which then sticks to the whole chain.
pub(super) fn borrowed_source_identity(scene: &mut Scene, round: usize, at: i64) {
    let colleague = person(scene, round, 5);
    let who = person(scene, round, 6);
    let (tools, data) = (account(scene, "tools"), account(scene, "data-prod"));
    let ip = scene.random.address();
    scene.portal_sign_in(&who, at, &ip);
    let own = scene.sso_session(&who, "PowerUserAccess", &tools, at + 15, &[]);
    let cli = How::cli(&ip);
    let ask = Assume { name: "maintenance", source_identity: Some(&colleague.user_name), ..Assume::default() };
    let first = scene.organisation.role(&tools, "/", "Maintenance");
    let mut first = scene.assume_role(&own, first, at + 40, &cli, &ask);
    first.not = vec![colleague.user_name.clone(), colleague.display_name.clone()];
    let role = scene.organisation.role(&data, "/", "DataAdmin");
    let session = scene.assume_role(&first, role, at + 70, &cli, &Assume { name: "job", ..Assume::default() });
    let table = format!("orders-{}", scene.random.hex(6));
    let body = changes::create_table(&mut scene.random, &data, &table);
    scene.act(&session, at + 100, &body, &cli);
    scene.ask(&table, "The table's source identity says one person: who was it in truth?");
}
