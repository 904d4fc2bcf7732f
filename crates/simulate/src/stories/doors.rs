//! More ways in: agents, command lines and applications with tokens, pipelines of several makes, pods.

use super::{account, person};
use crate::changes;
use crate::issue::{Assume, GITHUB, WebToken, use_key};
use crate::ledger::{Actor, Hop, Via};
use crate::organisation::HOME_REGION;
use crate::record::{Body, How};
use crate::scene::Scene;
use crate::session::Session;
use crate::stories::machines::function_session;

const MCP: &str = "https://aws-mcp.us-east-1.api.aws/mcp";

/// A person lets an agent in, which then enters a role of another account; and logs in on a command line out of the same browser.
pub(super) fn agent(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 7);
    let (tools, stg) = (account(scene, "tools"), account(scene, "shop-stg"));
    let ip = scene.random.address();
    let browser = scene.sso_session(&who, "PowerUserAccess", &tools, at, &[("team", &who.team)]);
    let client = "arn:aws:signin:us-east-1::external-client/dcr/11111111-2222-4333-8444-555555555555";
    let mut agent = token(scene, &browser, at + 20, client, Some(MCP));
    agent.via = Some(Via { kind: "agent", id: MCP.to_owned() });
    let host = "aws-mcp.amazonaws.com";
    let how = How { invoked_by: Some(host), ..How::service(host) };
    let queue = format!("agent-{}", scene.random.hex(8));
    tool_call(scene, &agent, at + 59, "sqs:CreateQueue", &ip);
    scene.act(&agent, at + 60, &changes::create_queue(&tools, &queue), &how);
    scene.ask(&queue, "Was this queue made by hand?");
    let role = scene.organisation.role(&stg, "/", "AgentDeploy");
    let entered = scene.assume_role(&agent, role, at + 80, &how, &Assume { name: "agent-task", ..Assume::default() });
    let topic = format!("agent-{}", scene.random.hex(8));
    scene.act(&entered, at + 90, &changes::create_topic(&stg, &topic), &How::cli(&ip));
    let line = token(scene, &browser, at + 200, "arn:aws:signin:::devtools/same-device", None);
    let bucket = format!("example-login-{}", scene.random.hex(8));
    scene.act(&line, at + 230, &changes::create_bucket(&bucket), &How::cli(&ip));
    scene.ask(&bucket, "Who made this bucket, from which login?");
}

/// The record of the tool that the agent called: the person's session, and no key.
fn tool_call(scene: &mut Scene, agent: &Session, at: i64, api: &str, ip: &str) {
    let mut called = agent.clone();
    called.key.clear();
    if let Some(hop) = called.chain.last_mut() {
        hop.access_key_id = None;
    }
    let request = scene.random.uuid();
    let body = Body {
        source: "aws-mcp.amazonaws.com",
        name: "CallReadWriteTool",
        event_type: "AwsMcpEvent",
        request: "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"id\":2,\"params\":{\"name\":\"aws___call_aws\"}}".to_owned(),
        additional: format!(
            "{{\"downstreamRequests\":[{{\"apiName\":\"{api}\",\"requestId\":\"{request}\",\"awsRegion\":\"{HOME_REGION}\"}}]}}"
        ),
        ..Body::default()
    };
    scene.act(&called, at, &body, &How::with(ip, "agent/2.1.202 (cli)"));
}

/// CreateOAuth2Token out of a browser's session. What is done with it bears the sign-in session and a key of its own.
fn token(scene: &mut Scene, browser: &Session, at: i64, client: &str, resource: Option<&str>) -> Session {
    let sign_in = format!("arn:aws:signin:us-east-1:{}:session/{}", browser.account_id, scene.random.uuid());
    let resource = resource.map_or_else(String::new, |resource| format!(",\"resource\":\"{resource}\""));
    let body = Body {
        source: "signin.amazonaws.com",
        name: "CreateOAuth2Token",
        request: format!("{{\"client_id\":\"{client}\"{resource}}}"),
        additional: format!("{{\"signInSessionArn\":\"{sign_in}\",\"grant_type\":\"authorization_code\",\"success\":\"true\"}}"),
        ..Body::default()
    };
    let keyless = Session { key: String::new(), ..browser.clone() };
    let issued = scene.call(&keyless, at, &body, &How::browser("198.51.100.60"));
    let key = scene.random.session_key();
    let mut session = Session { sign_in_session: Some(sign_in), ..browser.clone() };
    if let Some(before) = session.chain.last_mut() {
        before.access_key_id = None;
        let own = Hop {
            kind: "oauth_session",
            session_name: before.session_name.clone(),
            session_tags: before.session_tags.clone(),
            asserted_tag_keys: before.asserted_tag_keys.clone(),
            issued_by: vec![issued],
            link: Some("sign_in_session"),
            ..Hop::default()
        };
        session.chain.push(own);
    }
    use_key(&mut session, &key);
    session
}

/// An application takes a token in a user's name, and with it a role of the user's.
pub(super) fn application(scene: &mut Scene, round: usize, at: i64) {
    let who = person(scene, round, 8);
    let (management, network) = (account(scene, "management"), account(scene, "network"));
    let name = format!("portal-{}", scene.random.hex(6));
    let app = function_session(scene, &management, &name, at);
    let client = format!("arn:aws:sso::{management}:application/ssoins-0000000000000000/apl-{}", scene.random.hex(16));
    let credential = format!("AAAAB{}", scene.random.alnum(60));
    let store = scene.organisation.store_arn();
    let body = Body {
        source: "sso-oauth.amazonaws.com",
        name: "CreateTokenWithIAM",
        request: format!(
            "{{\"clientId\":\"{client}\",\"grantType\":\"urn:ietf:params:oauth:grant-type:jwt-bearer\",\"assertion\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}}"
        ),
        additional: format!(
            "{{\"identitystore:UserId\":\"{}\",\"identitystore:IdentityStoreArn\":\"{store}\",\"identitycenter:CredentialId\":\"{credential}\"}}",
            who.user_id
        ),
        ..Body::default()
    };
    let how = How::with("198.51.100.61", "aws-sdk-go-v2/1.39.4 exec-env/AWS_Lambda_provided.al2023");
    scene.call(&app, at + 5, &body, &how);
    let mut session = scene.sso_session_of(&who, "Operations", &network, at + 6, &[], Some(&credential));
    // Where the records of the fetch are lost, nothing ties the token to the session.
    session.via = session.chain.last().filter(|hop| !hop.issued_by.is_empty()).map(|_| Via { kind: "application", id: client });
    let parameter = format!("/portal/{}", scene.random.hex(8));
    scene.act(&session, at + 10, &changes::put_parameter(&network, &parameter), &how);
    scene.ask(&parameter, "Did the person do this, or an application in their name?");
}

/// Pipelines of other makes, and subjects of other shapes.
pub(super) fn pipelines(scene: &mut Scene, _round: usize, at: i64) {
    let tools = account(scene, "tools");
    let circle = "oidc.circleci.com/org/0d0f6b0e-1f4c-4a53-9d3c-5b1b0c6b7a01";
    let of = |kind, issuer: &str, subject: &str| Actor {
        kind,
        id: subject.to_owned(),
        account_id: Some(tools.clone()),
        provider: Some(issuer.to_owned()),
        ..Actor::default()
    };
    let shapes = [
        ("gitlab.com", "project_path:example/shop:ref_type:branch:ref:main", "pipeline", None, Some("main")),
        (circle, "org/0d0f6b0e-1f4c-4a53-9d3c-5b1b0c6b7a01/project/3e0a/user/77aa", "pipeline", None, None),
        ("app.terraform.io", "organization:example:project:core:workspace:prod:run_phase:apply", "pipeline", None, None),
        (GITHUB, "repo:example-co/shop:pull_request", "pipeline", Some("example-co/shop"), None),
        (
            GITHUB,
            "repository_owner:example-co:job_workflow_ref:example-co/shop/.github/workflows/r.yml@refs/heads/main",
            "pipeline",
            None,
            None,
        ),
        ("ci.example.co.jp/oidc", "job:42", "oidc_user", None, None),
        ("oidc.eks.ap-northeast-1.amazonaws.com/id/0123456789ABCDEF", "system:serviceaccount:shop:web", "workload", None, None),
    ];
    for (nth, (issuer, subject, kind, repository, git_ref)) in shapes.into_iter().enumerate() {
        let at = at + 120 * nth as i64;
        let actor = Actor { repository: repository.map(str::to_owned), git_ref: git_ref.map(str::to_owned), ..of(kind, issuer, subject) };
        let token = WebToken { issuer, audience: "sts.amazonaws.com", subject, actor };
        let role = scene.organisation.role(&tools, "/ci/", "OtherDeploy");
        let session = scene.web_session(token, role, "ci-run", at);
        let topic = format!("ci-{}", scene.random.hex(8));
        let how = How::with("192.0.2.150", "aws-sdk-go-v2/1.39.4 ua/2.1 os/linux lang/go#1.24.6");
        scene.act(&session, at + 20, &changes::create_topic(&tools, &topic), &how);
        scene.ask(&topic, "Which pipeline made this topic?");
    }
}
