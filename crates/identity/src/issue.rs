//! What one event says of the credentials that it issued.

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
    /// The SAML or OIDC provider that vouched: its ARN.
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
}

fn text(value: Option<Json<'_, '_>>, path: &[&str]) -> Option<String> {
    value?.at(path)?.text().filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned)
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
    issue.provider = text(event.request, &["principalArn"])
        .or_else(|| issue.caller.identity_provider.clone().filter(|provider| provider.starts_with("arn:")))
        .or_else(|| text(event.response, &["provider"]))
        .or_else(|| issue.caller.identity_provider.clone());
    issue.subject = text(event.response, &["subjectFromWebIdentityToken"]).or_else(|| text(event.response, &["subject"])).or_else(|| issue.caller.user_name.clone());
    issue.session_tags = pairs(event.request, "tags");
    issue.session_tags.extend(pairs(event.request, "principalTags"));
    issue.incoming_transitive_tags = pairs(event.request, "incomingTransitiveTags");
    issue.transitive_tag_keys =
        event.request.and_then(|request| request.get("transitiveTagKeys")).iter().flat_map(Json::items).filter_map(|key| Some(key.text()?.into_owned())).collect();
    issue.transitive_tag_keys.sort();
    issue.source_identity =
        text(event.response, &["sourceIdentity"]).or_else(|| text(event.request, &["sourceIdentity"])).or_else(|| issue.caller.source_identity.clone());
}

fn read_token(issue: &mut Issue, event: &Event<'_>) {
    issue.issued_access_key_id = text(event.response, &["credentials", "accessKeyId"]);
    issue.issued_principal_id = text(event.response, &["federatedUser", "federatedUserId"]);
    issue.role_session_name = text(event.request, &["name"]);
    issue.session_tags = pairs(event.request, "tags");
    issue.target_account_id = text(event.request, &["targetPrincipal"]).map(|target| {
        // Either the account id or the ARN of its root user.
        target.split(':').nth(4).filter(|account| !account.is_empty()).map_or_else(|| target.clone(), str::to_owned)
    });
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
    let either = |names: [&str; 2]| text(event.service_event_details, &[names[0]]).or_else(|| text(event.request, &[names[1]]));
    issue.target_account_id = either(["account_id", "accountId"]);
    issue.role_arn = either(["role_name", "roleName"]);
}
