//! What one event says of the credentials that it issued.

use crate::arn::{Arn, linked_service};
use crate::session::Identity;
use event::Event;
use event::json::Json;
use std::sync::Arc;

/// An event by which AWS gave out credentials, or opened a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Issue {
    /// `eventID`.
    pub event_id: String,
    /// `eventTime`, microseconds since 1970.
    pub event_time: i64,
    /// `eventName`.
    pub event_name: String,
    /// `awsRegion`.
    pub aws_region: String,
    /// The account in whose trail this copy lies.
    pub recipient_account_id: String,
    /// `sharedEventID`: the same in the copies of the caller's and the role owner's account.
    pub shared_event_id: Option<String>,
    /// `responseElements.credentials.accessKeyId`.
    pub issued_access_key_id: Option<String>,
    /// `responseElements.assumedRoleUser.assumedRoleId`, or what stands for it in other calls.
    pub issued_principal_id: Option<String>,
    /// The role, with its path where the record has it; for Identity Center's own event the name of the permission set.
    pub role_arn: Option<String>,
    /// The session name that was asked for.
    pub role_session_name: Option<String>,
    /// Who asked.
    pub caller: Arc<Identity>,
    /// The SAML or OIDC provider that vouched, or the one that vouched for the user on whose behalf the session acts: its ARN.
    pub provider: Option<String>,
    /// Whom the provider vouched for.
    pub subject: Option<String>,
    /// Tags set on the session, those that a provider asserted among them.
    pub session_tags: Vec<(String, String)>,
    /// Tags that came down the chain.
    pub incoming_transitive_tags: Vec<(String, String)>,
    /// Keys of the tags that go on down the chain.
    pub transitive_tag_keys: Vec<String>,
    /// Source identity set or carried on.
    pub source_identity: Option<String>,
    /// `additionalEventData.SwitchFrom`.
    pub switch_from: Option<String>,
    /// The account into which Identity Center gave credentials, or for which root was assumed.
    pub target_account_id: Option<String>,
    /// Keys of the session tags that a SAML or OIDC provider asserted; a caller set the others.
    pub asserted_tag_keys: Vec<String>,
    /// `additionalEventData.signInSessionArn`: the sign-in session that an OAuth token was given for.
    pub sign_in_session_arn: Option<String>,
    /// `additionalEventData.identitycenter:CredentialId`: the token that an application got to act for a user.
    pub issued_credential_id: Option<String>,
    /// The OAuth client or application that got a token: its ARN.
    pub client: Option<String>,
    /// What an OAuth token is for: an address.
    pub resource: Option<String>,
}

impl Issue {
    /// What `event` issued, if it is such an event and succeeded.
    pub fn of(event: &Event<'_>) -> Option<Self> {
        Self::by(event, || Arc::new(Identity::of(event)))
    }

    /// The same where [`Identity::of`] the event is at hand.
    pub fn by(event: &Event<'_>, caller: impl FnOnce() -> Arc<Identity>) -> Option<Self> {
        if event.error_code.is_some() {
            return None;
        }
        let read: fn(&mut Self, &Event<'_>) = match (event.event_source.as_ref(), event.event_name.as_ref()) {
            ("sts.amazonaws.com", "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity") => read_assume_role,
            ("sts.amazonaws.com", "GetSessionToken" | "GetFederationToken" | "AssumeRoot") => read_token,
            ("signin.amazonaws.com", "ConsoleLogin") => read_console_login,
            ("signin.amazonaws.com", "SwitchRole") => read_switch_role,
            ("signin.amazonaws.com", "CreateOAuth2Token") => read_oauth_token,
            ("sso.amazonaws.com", "GetRoleCredentials") => read_get_role_credentials,
            ("sso-oauth.amazonaws.com", "CreateTokenWithIAM") => read_token_with_iam,
            ("rolesanywhere.amazonaws.com", "CreateSession") => read_create_session,
            ("signin.amazonaws.com", "CredentialChallenge" | "UserAuthentication") if names_user(event) => read_sign_in,
            _ => return None,
        };
        let mut issue = Self {
            event_id: event.event_id.clone().into_owned(),
            event_time: event.event_time,
            event_name: event.event_name.clone().into_owned(),
            aws_region: event.aws_region.clone().into_owned(),
            recipient_account_id: event.recipient_account_id.clone().into_owned(),
            shared_event_id: event.shared_event_id.as_deref().map(str::to_owned),
            caller: caller(),
            ..Self::default()
        };
        read(&mut issue, event);
        Some(issue)
    }

    /// Whether this copy holds the caller's own credentials, rather than the account they are of alone, or nobody's.
    pub fn names_caller(&self) -> bool {
        self.caller.kind.as_deref() != Some("AWSAccount") && !self.is_of_certificate()
    }

    /// Whether a certificate opened the session (IAM Roles Anywhere, CreateSession): who holds it signs no request to AWS.
    pub(crate) fn is_of_certificate(&self) -> bool {
        self.event_name == "CreateSession"
    }

    /// Whether the session was opened for a user of Identity Center by an application of theirs, or for somebody by a service that gives
    /// people access to accounts, or lets users of a directory into the console: who asked for it is then not who acts (IAM User Guide, AssumeRole, `ProvidedContexts`).
    pub(crate) fn is_for_somebody(&self) -> bool {
        let linked = self.role_arn.as_deref().and_then(linked_service).is_some();
        let opens_for_people = matches!(self.caller.invoked_by.as_deref(), Some("account-access.amazonaws.com" | "ds.amazonaws.com"));
        self.is_with_context() || opens_for_people && !linked
    }

    /// Whether an application asked for it with a user's context.
    pub(crate) fn is_with_context(&self) -> bool {
        self.provider.as_deref().and_then(Arn::parse).is_some_and(|arn| arn.resource.starts_with("contextProvider/"))
    }

    /// Whether AWS's console asked for the session: the key that it is used with is then never the one that was issued.
    pub(crate) fn is_consoles(&self) -> bool {
        let internal = matches!(self.caller.invoked_by.as_deref(), Some("AWS Internal" | "signin.amazonaws.com"));
        matches!(self.event_name.as_str(), "SwitchRole" | "AssumeRoleWithSAML") || internal
    }
}

/// What AWS writes where it hides a value: no name, and the same for everybody.
pub(crate) const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

fn text(value: Option<Json<'_, '_>>, path: &[&str]) -> Option<String> {
    value?.at(path)?.text().filter(|text| !text.is_empty() && text != HIDDEN).map(std::borrow::Cow::into_owned)
}

fn pairs(value: Option<Json<'_, '_>>, name: &str) -> Vec<(String, String)> {
    let Some(tags) = value.and_then(|value| value.get(name)) else { return Vec::new() };
    let map = tags.entries().filter_map(|(key, value)| Some((key.into_owned(), value.scalar()?.into_owned())));
    let list = tags.items().filter_map(|tag| Some((text(Some(tag), &["key"])?, tag.get("value")?.scalar()?.into_owned())));
    let mut pairs: Vec<_> = map.chain(list).collect();
    pairs.sort();
    pairs
}

fn read_assume_role(issue: &mut Issue, event: &Event<'_>) {
    issue.issued_access_key_id = text(event.response, &["credentials", "accessKeyId"]);
    issue.issued_principal_id = text(event.response, &["assumedRoleUser", "assumedRoleId"]);
    issue.role_arn = text(event.request, &["roleArn"]);
    issue.role_session_name = text(event.request, &["roleSessionName"]);
    let named = issue.caller.identity_provider.clone();
    issue.provider = match issue.event_name.as_str() {
        "AssumeRoleWithSAML" => text(event.request, &["principalArn"]).or(named),
        "AssumeRoleWithWebIdentity" => {
            let arn = named.clone().filter(|provider| provider.starts_with("arn:"));
            arn.or_else(|| text(event.response, &["provider"])).or(named)
        }
        _ => event.request.and_then(|request| text(request.get("providedContexts")?.items().next(), &["providerArn"])),
    };
    let told = |name| text(event.response, &[name]);
    let user_name = issue.caller.user_name.clone().filter(|name| name != HIDDEN);
    issue.subject = told("subjectFromWebIdentityToken").or_else(|| told("subject")).or(user_name);
    issue.session_tags = pairs(event.request, "tags");
    if matches!(issue.event_name.as_str(), "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity") {
        let asserted = pairs(event.request, "principalTags");
        issue.asserted_tag_keys = asserted.iter().map(|(key, _)| key.clone()).collect();
        issue.session_tags.extend(asserted);
        issue.session_tags.sort();
    }
    issue.incoming_transitive_tags = pairs(event.request, "incomingTransitiveTags");
    issue.transitive_tag_keys = event
        .request
        .and_then(|request| request.get("transitiveTagKeys"))
        .iter()
        .flat_map(Json::items)
        .filter_map(|key| Some(key.text()?.into_owned()))
        .collect();
    issue.transitive_tag_keys.sort();
    issue.source_identity = text(event.response, &["sourceIdentity"])
        .or_else(|| text(event.request, &["sourceIdentity"]))
        .or_else(|| issue.caller.source_identity.clone());
}

fn read_token(issue: &mut Issue, event: &Event<'_>) {
    issue.issued_access_key_id = text(event.response, &["credentials", "accessKeyId"]);
    issue.issued_principal_id = text(event.response, &["federatedUser", "federatedUserId"]);
    issue.role_session_name = text(event.request, &["name"]);
    issue.session_tags = pairs(event.request, "tags");
    // Either the account id or the ARN of its root user.
    issue.target_account_id = text(event.request, &["targetPrincipal"])
        .map(|target| Arn::parse(&target).map_or_else(|| target.clone(), |arn| arn.account_id.to_owned()));
    if issue.event_name == "GetSessionToken" {
        issue.issued_principal_id = issue.caller.principal_id.clone();
    } else if issue.event_name == "AssumeRoot" {
        issue.issued_principal_id = issue.target_account_id.clone();
    }
}

fn read_console_login(issue: &mut Issue, _event: &Event<'_>) {
    issue.issued_principal_id = issue.caller.principal_id.clone();
}

fn read_switch_role(issue: &mut Issue, event: &Event<'_>) {
    issue.issued_principal_id = issue.caller.principal_id.clone();
    issue.switch_from = text(event.additional, &["SwitchFrom"]);
    issue.role_arn = issue.caller.role_arn();
}

/// Whether a sign-in to Identity Center says the user's name beside the id, once for each that succeeds (IAM Identity Center User Guide,
/// "Username in sign-in CloudTrail events"). Of one that failed the name is what somebody typed.
fn names_user(event: &Event<'_>) -> bool {
    let succeeded = text(event.service_event_details, &[event.event_name.as_ref()]).is_some_and(|outcome| outcome == "Success");
    succeeded && event.user_identity.on_behalf_of_user_id.is_some() && text(event.additional, &["UserName"]).is_some()
}

/// Opens no session of itself: it tells how the user was called then.
fn read_sign_in(issue: &mut Issue, event: &Event<'_>) {
    issue.subject = text(event.additional, &["UserName"]);
}

/// A token for a command line or an agent, given out of a sign-in session (AWS Sign-In, `aws login`; the AWS MCP server).
fn read_oauth_token(issue: &mut Issue, event: &Event<'_>) {
    issue.sign_in_session_arn = text(event.additional, &["signInSessionArn"]).or_else(|| issue.caller.sign_in_session_arn.clone());
    issue.client = text(event.request, &["client_id"]);
    issue.resource = text(event.request, &["resource"]);
}

/// A token by which an application acts for a user of Identity Center (IAM Identity Center User Guide, "CloudTrail use cases").
fn read_token_with_iam(issue: &mut Issue, event: &Event<'_>) {
    issue.issued_credential_id = text(event.additional, &["identitycenter:CredentialId"]);
    issue.subject = text(event.additional, &["identitystore:UserId"]);
    issue.provider = text(event.additional, &["identitystore:IdentityStoreArn"]);
    issue.client = text(event.request, &["clientId"]);
}

/// Credentials for whoever holds a certificate's key (IAM Roles Anywhere User Guide, CreateSession).
fn read_create_session(issue: &mut Issue, event: &Event<'_>) {
    let set = event.response.and_then(|response| response.get("credentialSet")?.items().next());
    issue.issued_access_key_id = text(set, &["credentials", "accessKeyId"]);
    issue.issued_principal_id = text(set, &["assumedRoleUser", "assumedRoleId"]);
    issue.source_identity = text(set, &["sourceIdentity"]);
    issue.role_arn = text(event.request, &["roleArn"]);
    issue.provider = text(event.request, &["trustAnchorArn"]);
    issue.subject = text(event.response, &["subjectArn"]);
}

fn read_get_role_credentials(issue: &mut Issue, event: &Event<'_>) {
    let either = |told: &str, asked: &str| text(event.service_event_details, &[told]).or_else(|| text(event.request, &[asked]));
    issue.target_account_id = either("account_id", "accountId");
    issue.role_arn = either("role_name", "roleName");
}
