//! Calls that set the whole of something in who may do what: what they set, out of their requests and responses.
//!
//! IAM, Organizations, IAM Identity Center, S3, KMS, Lambda, ECR, SQS and SNS, each by its API Reference: the parameter that names the
//! thing, the one that tells two settings of a thing apart, and the one that carries the new value.

use event::json::Json;
use std::borrow::Cow;

/// What a call did to a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// Gave it this value.
    Set(String),
    /// Made the thing with this value: there was none before.
    Made(String),
    /// Took it away.
    Removed,
    /// Changed it to what the call does not say.
    Unsaid,
}

/// A setting of a thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Setting {
    /// The thing, as the call names it.
    pub(crate) thing: String,
    /// Which of its settings.
    pub(crate) aspect: String,
    /// The service.
    pub(crate) event_source: String,
}

/// Where in a request something stands: members by name, in `response.` of the response.
type Place = &'static str;

const RESPONSE: &str = "response.";

/// What of a call is its value.
#[derive(Clone, Copy)]
enum How {
    /// A member of the request.
    Value(Place),
    /// The same, of something new.
    Made(Place),
    /// The call itself says it.
    Word(&'static str),
    Removed,
    Unsaid,
}

/// A call: service, name, the thing, its setting, what tells that from others of its kind, and the value.
type Row = (&'static str, &'static str, Place, &'static str, &'static [Place], How);

const IAM: &str = "iam";
const SSO: &str = "sso";
/// Calls that set a value only where they say so.
const VERSIONED: [(&str, &str); 2] = [(IAM, "CreatePolicyVersion"), ("organizations", "UpdatePolicy")];
const ATTACHED: How = How::Word("attached");

static CALLS: [Row; 52] = [
    (IAM, "PutRolePolicy", "roleName", "policy", &["policyName"], How::Value("policyDocument")),
    (IAM, "DeleteRolePolicy", "roleName", "policy", &["policyName"], How::Removed),
    (IAM, "PutUserPolicy", "userName", "user_policy", &["policyName"], How::Value("policyDocument")),
    (IAM, "DeleteUserPolicy", "userName", "user_policy", &["policyName"], How::Removed),
    (IAM, "PutGroupPolicy", "groupName", "group_policy", &["policyName"], How::Value("policyDocument")),
    (IAM, "DeleteGroupPolicy", "groupName", "group_policy", &["policyName"], How::Removed),
    (IAM, "CreateRole", "roleName", "trust", &[], How::Made("assumeRolePolicyDocument")),
    (IAM, "UpdateAssumeRolePolicy", "roleName", "trust", &[], How::Value("policyDocument")),
    (IAM, "DeleteRole", "roleName", "trust", &[], How::Removed),
    (IAM, "CreatePolicy", "response.policy.arn", "document", &[], How::Made("policyDocument")),
    (IAM, "SetDefaultPolicyVersion", "policyArn", "document", &[], How::Unsaid),
    (IAM, "DeletePolicy", "policyArn", "document", &[], How::Removed),
    (IAM, "AttachRolePolicy", "roleName", "attached", &["policyArn"], ATTACHED),
    (IAM, "DetachRolePolicy", "roleName", "attached", &["policyArn"], How::Removed),
    (IAM, "AttachUserPolicy", "userName", "user_attached", &["policyArn"], ATTACHED),
    (IAM, "DetachUserPolicy", "userName", "user_attached", &["policyArn"], How::Removed),
    (IAM, "AttachGroupPolicy", "groupName", "group_attached", &["policyArn"], ATTACHED),
    (IAM, "DetachGroupPolicy", "groupName", "group_attached", &["policyArn"], How::Removed),
    (IAM, "AddUserToGroup", "userName", "member", &["groupName"], How::Word("member")),
    (IAM, "RemoveUserFromGroup", "userName", "member", &["groupName"], How::Removed),
    (IAM, "PutRolePermissionsBoundary", "roleName", "boundary", &[], How::Value("permissionsBoundary")),
    (IAM, "DeleteRolePermissionsBoundary", "roleName", "boundary", &[], How::Removed),
    (IAM, "PutUserPermissionsBoundary", "userName", "user_boundary", &[], How::Value("permissionsBoundary")),
    (IAM, "DeleteUserPermissionsBoundary", "userName", "user_boundary", &[], How::Removed),
    (IAM, "CreateAccessKey", "response.accessKey.accessKeyId", "status", &[], How::Made("response.accessKey.status")),
    (IAM, "UpdateAccessKey", "accessKeyId", "status", &[], How::Value("status")),
    (IAM, "DeleteAccessKey", "accessKeyId", "status", &[], How::Removed),
    ("organizations", "CreatePolicy", "response.policy.policySummary.id", "content", &[], How::Made("content")),
    ("organizations", "AttachPolicy", "policyId", "attached", &["targetId"], ATTACHED),
    ("organizations", "DetachPolicy", "policyId", "attached", &["targetId"], How::Removed),
    (SSO, "PutInlinePolicyToPermissionSet", "permissionSetArn", "inline_policy", &[], How::Value("inlinePolicy")),
    (SSO, "DeleteInlinePolicyFromPermissionSet", "permissionSetArn", "inline_policy", &[], How::Removed),
    (SSO, "AttachManagedPolicyToPermissionSet", "permissionSetArn", "attached", &["managedPolicyArn"], ATTACHED),
    (SSO, "DetachManagedPolicyFromPermissionSet", "permissionSetArn", "attached", &["managedPolicyArn"], How::Removed),
    (SSO, "CreateAccountAssignment", "permissionSetArn", "assigned", &["targetId", "principalType", "principalId"], How::Word("assigned")),
    (SSO, "DeleteAccountAssignment", "permissionSetArn", "assigned", &["targetId", "principalType", "principalId"], How::Removed),
    ("s3", "PutBucketPolicy", "bucketName", "policy", &[], How::Value("bucketPolicy")),
    ("s3", "DeleteBucketPolicy", "bucketName", "policy", &[], How::Removed),
    ("s3", "PutBucketAcl", "bucketName", "acl", &[], How::Value("AccessControlPolicy")),
    ("s3", "PutBucketPublicAccessBlock", "bucketName", "public_access_block", &[], How::Value("PublicAccessBlockConfiguration")),
    ("s3", "DeleteBucketPublicAccessBlock", "bucketName", "public_access_block", &[], How::Removed),
    ("kms", "CreateKey", "response.keyMetadata.keyId", "policy", &[], How::Made("policy")),
    ("kms", "PutKeyPolicy", "keyId", "policy", &[], How::Value("policy")),
    ("lambda", "AddPermission20150331v2", "functionName", "statement", &["statementId"], How::Value("")),
    ("lambda", "RemovePermission20150331v2", "functionName", "statement", &["statementId"], How::Removed),
    ("lambda", "AddPermission20150331", "functionName", "statement", &["statementId"], How::Value("")),
    ("lambda", "RemovePermission20150331", "functionName", "statement", &["statementId"], How::Removed),
    ("ecr", "SetRepositoryPolicy", "repositoryName", "policy", &[], How::Value("policyText")),
    ("ecr", "DeleteRepositoryPolicy", "repositoryName", "policy", &[], How::Removed),
    ("sqs", "AddPermission", "queueUrl", "statement", &["label"], How::Value("")),
    ("sqs", "RemovePermission", "queueUrl", "statement", &["label"], How::Removed),
    ("sns", "AddPermission", "topicArn", "statement", &["label"], How::Value("")),
];

/// What is known of a call; names are compared first, since few agree.
fn call(service: &str, event_name: &str) -> Option<&'static Row> {
    CALLS.iter().find(|(of, name, ..)| *name == event_name && *of == service)
}

/// Whether calls of that name may set something.
pub(crate) fn may_set(event_source: &str, event_name: &str) -> bool {
    let service = event_source.strip_suffix(".amazonaws.com").unwrap_or_default();
    VERSIONED.contains(&(service, event_name)) || call(service, event_name).is_some()
}

/// Whether what such a call did is known from its response alone.
pub(crate) fn is_in_response(event_source: &str, event_name: &str) -> bool {
    let service = event_source.strip_suffix(".amazonaws.com").unwrap_or_default();
    call(service, event_name).is_some_and(|(_, _, thing, _, apart, how)| {
        let value = match how {
            How::Value(place) | How::Made(place) => Some(place),
            How::Word(_) | How::Removed | How::Unsaid => None,
        };
        std::iter::once(thing).chain(apart.iter()).chain(value).any(|place| place.starts_with(RESPONSE))
    })
}

/// A request or an answer, where there is one.
pub(crate) type Payload<'t, 'a> = Option<Json<'t, 'a>>;

/// What a call of a service did; `None` where it sets nothing that is known here, or does not say of what.
pub(crate) fn done(event_source: &str, event_name: &str, request: Payload<'_, '_>, response: Payload<'_, '_>) -> Option<(Setting, Done)> {
    let service = event_source.strip_suffix(".amazonaws.com")?;
    if VERSIONED.contains(&(service, event_name)) {
        return versioned(service, event_source, request?);
    }
    let (_, _, thing, aspect, apart, how) = call(service, event_name)?;
    let at = |place: Place| member(place, request, response);
    let thing = text(at(thing)?).filter(|thing| !thing.is_empty())?;
    let mut words = vec![(*aspect).to_owned()];
    for place in *apart {
        words.push(at(place).map(said)?);
    }
    let setting = Setting { event_source: event_source.to_owned(), thing: plain(&thing).to_owned(), aspect: words.join(" ") };
    let done = match how {
        How::Value(place) => at(place).map_or(Done::Unsaid, |value| Done::Set(said(value))),
        How::Made(place) => at(place).map_or(Done::Unsaid, |value| Done::Made(said(value))),
        How::Word(word) => Done::Set((*word).to_owned()),
        How::Removed => Done::Removed,
        How::Unsaid => Done::Unsaid,
    };
    Some((setting, done))
}

/// A key or function is named by its id or name, or by its ARN.
fn plain(thing: &str) -> &str {
    match thing.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "kms", _, _, key] => key.strip_prefix("key/").unwrap_or(thing),
        ["arn", _, "lambda", _, _, "function", name, ..] => name,
        _ => thing,
    }
}

/// What one of [`VERSIONED`] did.
fn versioned(service: &str, event_source: &str, request: Json<'_, '_>) -> Option<(Setting, Done)> {
    let named = |name: &str| request.get(name).and_then(text);
    let setting =
        |thing: &str, aspect: &str| Setting { event_source: event_source.to_owned(), thing: thing.to_owned(), aspect: aspect.to_owned() };
    if service == IAM {
        // A version that is not the default one is in force nowhere.
        let is_default = request.get("setAsDefault").is_some_and(|value| value.raw() == "true");
        let thing = named("policyArn").filter(|_| is_default)?;
        let done = named("policyDocument").map_or(Done::Unsaid, |value| Done::Set(value.into_owned()));
        return Some((setting(&thing, "document"), done));
    }
    let content = request.get("content").filter(|content| !content.is_null())?;
    Some((setting(&named("policyId")?, "content"), Done::Set(said(content))))
}

/// The text of a string, and of nothing else.
fn text<'a>(value: Json<'_, 'a>) -> Option<Cow<'a, str>> {
    value.is_string().then(|| value.text()).flatten()
}

/// A member; the whole request where the place is empty.
fn member<'t, 'a>(place: Place, request: Payload<'t, 'a>, response: Payload<'t, 'a>) -> Payload<'t, 'a> {
    if place.is_empty() {
        return request.filter(Json::is_object);
    }
    let (root, path) = place.strip_prefix(RESPONSE).map_or((request, place), |path| (response, path));
    path.split('.').try_fold(root?, |value, name| value.get(name)).filter(|value| !value.is_null())
}

/// A value as text: a document as it was written, anything else as the JSON that it is in the record.
fn said(value: Json<'_, '_>) -> String {
    text(value).map_or_else(|| value.raw().to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::read;
    use event::json::Tape;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(source: &str, name: &str, request: Value, expected: Option<(&str, &str, Done)>) {
        let (mut of_request, mut of_response) = (Tape::default(), Tape::default());
        let response = r#"{"policy": {"arn": "arn:p"}, "accessKey": {"accessKeyId": "AKIA1", "status": "Active"}}"#;
        let request = request.to_string();
        let found = done(source, name, read(&mut of_request, Some(&request)).unwrap(), read(&mut of_response, Some(response)).unwrap());
        let found = found.as_ref().map(|(setting, done)| (setting.thing.as_str(), setting.aspect.as_str(), done.clone()));
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn calls_say_what_they_set_of_what() {
        let iam = "iam.amazonaws.com";
        let set = |value: &str| Done::Set(value.to_owned());
        check(
            iam,
            "PutRolePolicy",
            json!({"roleName": "r", "policyName": "p", "policyDocument": "{}"}),
            Some(("r", "policy p", set("{}"))),
        );
        check(iam, "PutRolePolicy", json!({"roleName": "r", "policyName": "p"}), Some(("r", "policy p", Done::Unsaid)));
        check(iam, "PutRolePolicy", json!({"policyName": "p", "policyDocument": "{}"}), None);
        check(iam, "CreateRole", json!({"roleName": "r", "assumeRolePolicyDocument": "{}"}), Some(("r", "trust", Done::Made("{}".into()))));
        check(
            iam,
            "CreatePolicy",
            json!({"policyName": "p", "policyDocument": "{}"}),
            Some(("arn:p", "document", Done::Made("{}".into()))),
        );
        check(
            iam,
            "CreatePolicyVersion",
            json!({"policyArn": "a", "policyDocument": "{}", "setAsDefault": true}),
            Some(("a", "document", set("{}"))),
        );
        check(iam, "CreatePolicyVersion", json!({"policyArn": "a", "policyDocument": "{}", "setAsDefault": false}), None);
        check(iam, "SetDefaultPolicyVersion", json!({"policyArn": "a", "versionId": "v1"}), Some(("a", "document", Done::Unsaid)));
        check(iam, "CreateAccessKey", json!(null), Some(("AKIA1", "status", Done::Made("Active".into()))));
        check(iam, "DetachRolePolicy", json!({"roleName": "r", "policyArn": "a"}), Some(("r", "attached a", Done::Removed)));
        let bucket = json!({"bucketName": "b", "bucketPolicy": {"Statement": []}});
        check("s3.amazonaws.com", "PutBucketPolicy", bucket, Some(("b", "policy", set("{\"Statement\":[]}"))));
        let key = json!({"keyId": "arn:aws:kms:eu-west-1:111122223333:key/1a", "policyName": "default", "policy": "{}"});
        check("kms.amazonaws.com", "PutKeyPolicy", key, Some(("1a", "policy", set("{}"))));
        check("s3.amazonaws.com", "PutObject", json!({"bucketName": "b"}), None);
        check("evil.example.com", "PutRolePolicy", json!({"roleName": "r", "policyName": "p", "policyDocument": "{}"}), None);
        let whole = json!({"functionName": "f", "statementId": "s", "principal": "*"});
        check("lambda.amazonaws.com", "AddPermission20150331v2", whole.clone(), Some(("f", "statement s", set(&whole.to_string()))));
    }

    #[test]
    fn few_calls_say_only_in_their_response_what_they_did() {
        let iam = "iam.amazonaws.com";
        for (source, name, expected) in [
            (iam, "CreatePolicy", true),
            (iam, "CreateAccessKey", true),
            ("organizations.amazonaws.com", "CreatePolicy", true),
            ("kms.amazonaws.com", "CreateKey", true),
            (iam, "CreateRole", false),
            (iam, "CreatePolicyVersion", false),
            (iam, "DetachRolePolicy", false),
            ("lambda.amazonaws.com", "AddPermission20150331v2", false),
            ("evil.example.com", "CreatePolicy", false),
        ] {
            assert_eq!(is_in_response(source, name), expected, "{source} {name}");
        }
    }

    #[test]
    fn a_call_stands_once() {
        let names: std::collections::BTreeSet<_> = CALLS.iter().map(|(service, name, ..)| (service, name)).collect();
        assert_eq!(names.len(), CALLS.len());
    }
}
