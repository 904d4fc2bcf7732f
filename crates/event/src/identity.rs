//! `userIdentity` as AWS wrote it (CloudTrail User Guide, userIdentity element), every part optional.

use crate::json::Json;
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
        for (name, value) in element.iter().flat_map(Json::entries) {
            match name.as_ref() {
                "type" => read.kind = text(value),
                "principalId" => read.principal_id = text(value),
                "arn" => read.arn = text(value),
                "accountId" => read.account_id = value.scalar().filter(|text| !text.is_empty()),
                "accessKeyId" => read.access_key_id = text(value).filter(|key| key != "Unknown"),
                "userName" => read.user_name = text(value),
                "invokedBy" => read.invoked_by = text(value),
                "identityProvider" => read.identity_provider = text(value),
                "credentialId" => read.credential_id = text(value),
                "onBehalfOf" => {
                    read.on_behalf_of_user_id = value.text_of("userId");
                    read.identity_store_arn = value.text_of("identityStoreArn");
                }
                "invokedByDelegate" => {
                    read.delegate_account_id =
                        value.get("accountId").and_then(|account| account.scalar()).filter(|account| !account.is_empty());
                }
                "inScopeOf" => read.credentials_issued_to = value.text_of("credentialsIssuedTo"),
                "sessionContext" => read.session = SessionContext::read(value),
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
        for (name, value) in context.entries() {
            match name.as_ref() {
                "sessionIssuer" => {
                    for (name, value) in value.entries() {
                        match name.as_ref() {
                            "type" => read.issuer_kind = text(value),
                            "principalId" => read.issuer_principal_id = text(value),
                            "arn" => read.issuer_arn = text(value),
                            "accountId" => read.issuer_account_id = value.scalar().filter(|text| !text.is_empty()),
                            "userName" => read.issuer_user_name = text(value),
                            _ => {}
                        }
                    }
                }
                "attributes" => {
                    read.creation_date = value.text_of("creationDate").and_then(|date| time::micros(&date));
                    read.mfa_authenticated = value.get("mfaAuthenticated").and_then(|mfa| mfa.boolean());
                }
                "sourceIdentity" => read.source_identity = text(value),
                "webIdFederationData" => read.federated_provider = value.text_of("federatedProvider"),
                "ec2RoleDelivery" => read.ec2_role_delivery = value.scalar(),
                "signInSessionArn" => read.sign_in_session_arn = text(value),
                "assumedRoot" => read.assumed_root = value.boolean(),
                _ => {}
            }
        }
        read
    }
}
