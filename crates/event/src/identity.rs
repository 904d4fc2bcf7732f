//! `userIdentity` as AWS wrote it (CloudTrail User Guide, userIdentity element), every part optional.

use crate::json::Json;
use crate::name::Known;
use crate::time;
use std::borrow::Cow;

type Text<'a> = Option<Cow<'a, str>>;

/// Who made a request, by the credentials it was signed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserIdentity<'a> {
    /// `type`: `AssumedRole`, `IAMUser`, `Root`, …; absent on some service events.
    pub kind: Text<'a>,
    /// `principalId`.
    pub principal_id: Text<'a>,
    /// `arn`.
    pub arn: Text<'a>,
    /// `accountId`: the account that owns the credentials.
    pub account_id: Text<'a>,
    /// `accessKeyId`, unless empty.
    pub access_key_id: Text<'a>,
    /// `userName`.
    pub user_name: Text<'a>,
    /// `invokedBy`: the service that made the request, for itself or for the caller.
    pub invoked_by: Text<'a>,
    /// `identityProvider` of a SAML or web identity user.
    pub identity_provider: Text<'a>,
    /// `credentialId` of bearer tokens.
    pub credential_id: Text<'a>,
    /// `onBehalfOf.userId`.
    pub on_behalf_of_user_id: Text<'a>,
    /// `onBehalfOf.identityStoreArn`.
    pub identity_store_arn: Text<'a>,
    /// `inScopeOf.credentialsIssuedTo`: the function or task that a role session runs in.
    pub credentials_issued_to: Text<'a>,
    /// `invokedByDelegate.accountId`: the product provider who acts with access that was delegated for a time.
    pub delegate_account_id: Text<'a>,
    /// `sessionContext`.
    pub session: SessionContext<'a>,
}

/// The session behind temporary credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionContext<'a> {
    /// `sessionIssuer.type`.
    pub issuer_kind: Text<'a>,
    /// `sessionIssuer.principalId`.
    pub issuer_principal_id: Text<'a>,
    /// `sessionIssuer.arn`: a role's ARN with its path.
    pub issuer_arn: Text<'a>,
    /// `sessionIssuer.accountId`.
    pub issuer_account_id: Text<'a>,
    /// `sessionIssuer.userName`.
    pub issuer_user_name: Text<'a>,
    /// `attributes.creationDate`, in microseconds since 1970.
    pub creation_date: Option<i64>,
    /// `attributes.mfaAuthenticated`.
    pub mfa_authenticated: Option<bool>,
    /// `attributes.sessionCredentialFromConsole`: some records have the mark here and not beside `userIdentity`.
    pub from_console: bool,
    /// `sourceIdentity`.
    pub source_identity: Text<'a>,
    /// `webIdFederationData.federatedProvider`.
    pub federated_provider: Text<'a>,
    /// `ec2RoleDelivery`: the version of the instance metadata service.
    pub ec2_role_delivery: Text<'a>,
    /// `signInSessionArn`.
    pub sign_in_session_arn: Text<'a>,
    /// `assumedRoot`.
    pub assumed_root: Option<bool>,
}

fn text<'a>(value: Json<'_, 'a>) -> Text<'a> {
    value.text().filter(|text| !text.is_empty())
}

impl<'a> UserIdentity<'a> {
    /// Reads the element; what it lacks, or writes otherwise than documented, stays empty.
    pub fn read(element: Option<Json<'_, 'a>>) -> Self {
        let mut read = Self::default();
        for member in element.iter().flat_map(Json::members) {
            let value = member.value();
            match member.traits.known {
                Some(Known::Type) => read.kind = text(value),
                Some(Known::PrincipalId) => read.principal_id = text(value),
                Some(Known::Arn) => read.arn = text(value),
                Some(Known::AccountId) => read.account_id = value.scalar().filter(|text| !text.is_empty()),
                Some(Known::AccessKeyId) => read.access_key_id = text(value).filter(|key| key != "Unknown"),
                Some(Known::UserName) => read.user_name = text(value),
                Some(Known::InvokedBy) => read.invoked_by = text(value),
                Some(Known::IdentityProvider) => read.identity_provider = text(value),
                Some(Known::CredentialId) => read.credential_id = text(value),
                Some(Known::OnBehalfOf) => {
                    read.on_behalf_of_user_id = value.text_of("userId");
                    read.identity_store_arn = value.text_of("identityStoreArn");
                }
                Some(Known::InvokedByDelegate) => {
                    read.delegate_account_id =
                        value.get("accountId").and_then(|account| account.scalar()).filter(|account| !account.is_empty());
                }
                Some(Known::InScopeOf) => read.credentials_issued_to = value.text_of("credentialsIssuedTo"),
                Some(Known::SessionContext) => read.session = SessionContext::read(value),
                _ => {}
            }
        }
        read
    }

    /// The role session name, or the name of a federated user: what follows the last part that AWS chose.
    pub fn session_name(&self) -> Option<&str> {
        let arn = self.arn.as_deref()?;
        let rest = arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split_once('/')).map(|(_, name)| name);
        rest.or_else(|| arn.split_once(":federated-user/").map(|(_, name)| name)).filter(|name| !name.is_empty())
    }
}

impl<'a> SessionContext<'a> {
    fn read(context: Json<'_, 'a>) -> Self {
        let mut read = Self::default();
        for member in context.members() {
            let value = member.value();
            match member.traits.known {
                Some(Known::SessionIssuer) => {
                    for member in value.members() {
                        let value = member.value();
                        match member.traits.known {
                            Some(Known::Type) => read.issuer_kind = text(value),
                            Some(Known::PrincipalId) => read.issuer_principal_id = text(value),
                            Some(Known::Arn) => read.issuer_arn = text(value),
                            Some(Known::AccountId) => read.issuer_account_id = value.scalar().filter(|text| !text.is_empty()),
                            Some(Known::UserName) => read.issuer_user_name = text(value),
                            _ => {}
                        }
                    }
                }
                Some(Known::Attributes) => {
                    read.creation_date = value.text_of("creationDate").and_then(|date| time::micros(&date));
                    read.mfa_authenticated = value.get("mfaAuthenticated").and_then(|mfa| mfa.boolean());
                    read.from_console = value.get("sessionCredentialFromConsole").and_then(|mark| mark.boolean()) == Some(true);
                }
                Some(Known::SourceIdentity) => read.source_identity = text(value),
                Some(Known::WebIdFederationData) => read.federated_provider = value.text_of("federatedProvider"),
                Some(Known::Ec2RoleDelivery) => read.ec2_role_delivery = value.scalar(),
                Some(Known::SignInSessionArn) => read.sign_in_session_arn = text(value),
                Some(Known::AssumedRoot) => read.assumed_root = value.boolean(),
                _ => {}
            }
        }
        read
    }
}
