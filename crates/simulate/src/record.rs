//! Writes one CloudTrail record as JSON text: its parts in, the text out.
//!
//! Written by hand rather than through a JSON tree, because most of a run's time goes here.

use crate::organisation::Organisation;
use crate::session::{Session, Who};
use crate::text::{quote, rfc3339};

/// What was asked of a service, and what it answered; the caller, time and place come from elsewhere.
/// `request`, `response`, `resources`, `additional` and `details` are JSON text, or empty for none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    /// Recorded in us-east-1, wherever the caller sits.
    pub(crate) global: bool,
    pub(crate) read_only: bool,
    pub(crate) request: String,
    pub(crate) response: String,
    pub(crate) resources: String,
    pub(crate) additional: String,
    pub(crate) details: String,
    /// `AwsApiCall` where empty.
    pub(crate) event_type: &'static str,
    /// Every spelling of what it changes.
    pub(crate) things: Vec<String>,
}

/// How a call reached AWS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'a> {
    pub(crate) ip: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) region: &'a str,
    /// Another key than the session's own: console pages and services get a fresh one for a call.
    pub(crate) key: Option<&'a str>,
    /// The service that called with the caller's identity (forward access).
    pub(crate) invoked_by: Option<&'a str>,
    pub(crate) from_console: bool,
    pub(crate) error: Option<(&'a str, &'a str)>,
}

/// The parts that [`How`] and [`Body`] do not hold.
pub(crate) struct Envelope<'a> {
    pub(crate) time: i64,
    pub(crate) region: &'a str,
    pub(crate) recipient: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) shared_event_id: Option<&'a str>,
}

/// `identity` is the JSON of `userIdentity`.
pub(crate) fn write(identity: &str, how: &How, body: &Body, envelope: &Envelope) -> String {
    let size = 800 + identity.len() + body.request.len() + body.response.len() + body.resources.len();
    let mut out = String::with_capacity(size);
    out.push_str("{\"eventVersion\":\"");
    out.push_str(version(body.source, identity));
    out.push_str("\",\"userIdentity\":");
    out.push_str(identity);
    text(&mut out, "eventTime", &rfc3339(envelope.time));
    text(&mut out, "eventSource", body.source);
    text(&mut out, "eventName", body.name);
    text(&mut out, "awsRegion", envelope.region);
    text(&mut out, "sourceIPAddress", how.ip);
    if body.source == "s3.amazonaws.com" && how.agent != how.ip {
        text(&mut out, "userAgent", &format!("[{}]", how.agent));
    } else {
        text(&mut out, "userAgent", how.agent);
    }
    if let Some((code, message)) = how.error {
        text(&mut out, "errorCode", code);
        text(&mut out, "errorMessage", message);
    }
    json(&mut out, "requestParameters", &body.request, true);
    // A call that failed answers nothing.
    let response = if how.error.is_some() { "" } else { &body.response };
    json(&mut out, "responseElements", response, true);
    json(&mut out, "additionalEventData", &body.additional, false);
    text(&mut out, "requestID", envelope.request_id);
    text(&mut out, "eventID", envelope.event_id);
    out.push_str(if body.read_only { ",\"readOnly\":true" } else { ",\"readOnly\":false" });
    json(&mut out, "resources", &body.resources, false);
    let event_type = if body.event_type.is_empty() { "AwsApiCall" } else { body.event_type };
    text(&mut out, "eventType", event_type);
    out.push_str(",\"managementEvent\":true");
    text(&mut out, "recipientAccountId", envelope.recipient);
    if let Some(id) = envelope.shared_event_id {
        text(&mut out, "sharedEventID", id);
    }
    json(&mut out, "serviceEventDetails", &body.details, false);
    text(&mut out, "eventCategory", "Management");
    if event_type == "AwsApiCall" && how.invoked_by.is_none() && !how.ip.ends_with("amazonaws.com") {
        tls(&mut out, body, envelope.region);
    }
    if how.from_console {
        text(&mut out, "sessionCredentialFromConsole", "true");
    }
    out.push('}');
    out
}

/// Services moved to newer versions at their own pace.
fn version(source: &str, identity: &str) -> &'static str {
    if identity.contains("onBehalfOf") {
        return "1.11";
    }
    ["1.08", "1.09", "1.10", "1.11"][source.len() % 4]
}

fn text(out: &mut String, key: &str, value: &str) {
    out.push_str(",\"");
    out.push_str(key);
    out.push_str("\":");
    quote(out, value);
}

fn json(out: &mut String, key: &str, value: &str, always: bool) {
    if value.is_empty() && !always {
        return;
    }
    out.push_str(",\"");
    out.push_str(key);
    out.push_str("\":");
    out.push_str(if value.is_empty() { "null" } else { value });
}

fn tls(out: &mut String, body: &Body, region: &str) {
    out.push_str(",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"");
    let service = body.source.strip_suffix(".amazonaws.com").unwrap_or(body.source);
    out.push_str(service);
    if !body.global {
        out.push('.');
        out.push_str(region);
    }
    out.push_str(".amazonaws.com\"}");
}

/// The `userIdentity` of a session's call.
pub(crate) fn identity(session: &Session, organisation: &Organisation, source: &str, how: &How) -> String {
    let mut out = String::with_capacity(900);
    let key = how.key.unwrap_or(&session.key);
    match &session.who {
        Who::Role { role, name } => {
            head(&mut out, "AssumedRole", &format!("{}:{name}", role.id));
            let arn = format!("arn:aws:sts::{}:assumed-role/{}/{name}", role.account_id, role.name);
            owner(&mut out, &arn, &role.account_id, key);
            context(&mut out, session, Some(("Role", &role.id, &role.arn(), &role.account_id, &role.name)));
        }
        Who::IamUser(user) => {
            head(&mut out, "IAMUser", &user.id);
            owner(&mut out, &user.arn(), &user.account_id, key);
            text(&mut out, "userName", &user.name);
            if session.created != 0 {
                context(&mut out, session, None);
            }
        }
        Who::Root { account_id } => {
            head(&mut out, "Root", account_id);
            owner(&mut out, &format!("arn:aws:iam::{account_id}:root"), account_id, key);
            if session.created != 0 {
                context(&mut out, session, None);
            }
        }
        Who::Federated { name, issuer } => {
            let account = &issuer.account_id;
            head(&mut out, "FederatedUser", &format!("{account}:{name}"));
            owner(&mut out, &format!("arn:aws:sts::{account}:federated-user/{name}"), account, key);
            context(&mut out, session, Some(("IAMUser", &issuer.id, &issuer.arn(), account, &issuer.name)));
        }
        Who::Service(principal) => {
            out.push_str("{\"type\":\"AWSService\"");
            text(&mut out, "invokedBy", principal);
        }
    }
    if let (Some(user_id), true) = (&session.on_behalf_of, writes_on_behalf_of(source)) {
        out.push_str(",\"onBehalfOf\":{\"userId\":");
        quote(&mut out, user_id);
        text(&mut out, "identityStoreArn", &organisation.store_arn());
        out.push('}');
    }
    if let Some(function) = &session.in_scope_of {
        out.push_str(",\"inScopeOf\":{\"issuerType\":\"AWS::Lambda::Function\"");
        text(&mut out, "credentialsIssuedTo", function);
        out.push('}');
    }
    if let Some(service) = how.invoked_by.or(session.invoked_by) {
        text(&mut out, "invokedBy", service);
    }
    out.push('}');
    out
}

/// It is written per service, not per session.
fn writes_on_behalf_of(source: &str) -> bool {
    !matches!(
        source,
        "iam.amazonaws.com"
            | "kms.amazonaws.com"
            | "route53.amazonaws.com"
            | "dynamodb.amazonaws.com"
            | "logs.amazonaws.com"
            | "sns.amazonaws.com"
    )
}

fn head(out: &mut String, kind: &str, principal_id: &str) {
    out.push_str("{\"type\":\"");
    out.push_str(kind);
    out.push('"');
    text(out, "principalId", principal_id);
}

fn owner(out: &mut String, arn: &str, account_id: &str, key: &str) {
    text(out, "arn", arn);
    text(out, "accountId", account_id);
    if !key.is_empty() {
        text(out, "accessKeyId", key);
    }
}

/// `issuer`: type, unique id, ARN, account, name.
fn context(out: &mut String, session: &Session, issuer: Option<(&str, &str, &str, &str, &str)>) {
    // No key: a sign-in record, which carries no session either.
    if session.created == 0 {
        return;
    }
    out.push_str(",\"sessionContext\":{");
    match issuer {
        Some((kind, id, arn, account, name)) => {
            out.push_str("\"sessionIssuer\":{\"type\":\"");
            out.push_str(kind);
            out.push('"');
            text(out, "principalId", id);
            text(out, "arn", arn);
            text(out, "accountId", account);
            text(out, "userName", name);
            out.push('}');
        }
        None => out.push_str("\"sessionIssuer\":{}"),
    }
    match &session.web_provider {
        Some(provider) => {
            out.push_str(",\"webIdFederationData\":{\"federatedProvider\":");
            quote(out, provider);
            out.push_str(",\"attributes\":{}}");
        }
        None => out.push_str(",\"webIdFederationData\":{}"),
    }
    out.push_str(",\"attributes\":{\"creationDate\":\"");
    out.push_str(&rfc3339(session.created));
    out.push_str("\",\"mfaAuthenticated\":\"");
    out.push_str(if session.mfa { "true\"}" } else { "false\"}" });
    if let Some(source_identity) = &session.source_identity {
        text(out, "sourceIdentity", source_identity);
    }
    if let Some(delivery) = session.role_delivery {
        text(out, "ec2RoleDelivery", delivery);
    }
    if let Some(sign_in) = &session.sign_in_session {
        text(out, "signInSessionArn", sign_in);
    }
    if session.assumed_root {
        text(out, "assumedRoot", "true");
    }
    out.push('}');
}
