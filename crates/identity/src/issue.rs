//! What one event says of the credentials that it issued.

use crate::arn::Arn;
use crate::session::Identity;
use event::Event;
use event::json::Json;

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
    pub caller: Identity,
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
}

impl Issue {
    /// What `event` issued, if it is such an event and succeeded.
    pub fn of(event: &Event<'_>) -> Option<Self> {
        if event.error_code.is_some() {
            return None;
        }
        let read: fn(&mut Self, &Event<'_>) = match (event.event_source.as_ref(), event.event_name.as_ref()) {
            ("sts.amazonaws.com", "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity") => read_assume_role,
            ("sts.amazonaws.com", "GetSessionToken" | "GetFederationToken" | "AssumeRoot") => read_token,
            ("signin.amazonaws.com", "ConsoleLogin") => read_console_login,
            ("signin.amazonaws.com", "SwitchRole") => read_switch_role,
            ("sso.amazonaws.com", "GetRoleCredentials") => read_get_role_credentials,
            _ => return None,
        };
        let mut issue = Self {
            event_id: event.event_id.clone().into_owned(),
            event_time: event.event_time,
            event_name: event.event_name.clone().into_owned(),
            aws_region: event.aws_region.clone().into_owned(),
            recipient_account_id: event.recipient_account_id.clone().into_owned(),
            shared_event_id: event.shared_event_id.as_deref().map(str::to_owned),
            caller: Identity::of(event),
            ..Self::default()
        };
        read(&mut issue, event);
        Some(issue)
    }

    /// Whether this copy holds the caller's own credentials, rather than the account they are of alone.
    pub fn names_caller(&self) -> bool {
        self.caller.kind.as_deref() != Some("AWSAccount")
    }

    /// Whether the session was opened for a user of Identity Center by an application of theirs, or by the service that gives people
    /// access to accounts: who asked for it is then not who acts (IAM User Guide, AssumeRole, `ProvidedContexts`).
    pub(crate) fn is_for_somebody(&self) -> bool {
        let context = self.provider.as_deref().and_then(Arn::parse).is_some_and(|arn| arn.resource.starts_with("contextProvider/"));
        context || self.caller.invoked_by.as_deref() == Some("account-access.amazonaws.com")
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
    issue.session_tags.extend(pairs(event.request, "principalTags"));
    issue.session_tags.sort();
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

fn read_get_role_credentials(issue: &mut Issue, event: &Event<'_>) {
    let either = |told: &str, asked: &str| text(event.service_event_details, &[told]).or_else(|| text(event.request, &[asked]));
    issue.target_account_id = either("account_id", "accountId");
    issue.role_arn = either("role_name", "roleName");
}
