//! What one event says of the credentials that signed it.

use crate::arn::{Arn, permission_set};
use event::{Event, UserIdentity};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// `userIdentity`, owned: what AWS wrote of a caller, every part optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// `type`.
    pub kind: Option<String>,
    /// `principalId`.
    pub principal_id: Option<String>,
    /// `arn`.
    pub arn: Option<String>,
    /// `accountId`: the account that owns the credentials.
    pub account_id: Option<String>,
    /// `accessKeyId`.
    pub access_key_id: Option<String>,
    /// `userName`.
    pub user_name: Option<String>,
    /// `invokedBy`.
    pub invoked_by: Option<String>,
    /// `identityProvider`.
    pub identity_provider: Option<String>,
    /// `onBehalfOf.userId`.
    pub on_behalf_of_user_id: Option<String>,
    /// `onBehalfOf.identityStoreArn`.
    pub identity_store_arn: Option<String>,
    /// `inScopeOf.credentialsIssuedTo`.
    pub credentials_issued_to: Option<String>,
    /// `sessionContext.sessionIssuer.arn`.
    pub issuer_arn: Option<String>,
    /// `sessionContext.sessionIssuer.accountId`.
    pub issuer_account_id: Option<String>,
    /// `sessionContext.attributes.creationDate`, microseconds since 1970.
    pub creation_date: Option<i64>,
    /// `sessionContext.attributes.mfaAuthenticated`.
    pub mfa_authenticated: Option<bool>,
    /// `sessionContext.sourceIdentity`.
    pub source_identity: Option<String>,
    /// `sessionContext.webIdFederationData.federatedProvider`.
    pub federated_provider: Option<String>,
    /// `sessionContext.ec2RoleDelivery`.
    pub ec2_role_delivery: Option<String>,
    /// `sessionContext.signInSessionArn`.
    pub sign_in_session_arn: Option<String>,
    /// `sessionContext.assumedRoot`.
    pub assumed_root: bool,
    /// `sessionCredentialFromConsole`.
    pub from_console: bool,
    /// `credentialId`: of a bearer token's caller, the portal session or the token.
    pub bearer_credential_id: Option<String>,
    /// `invokedByDelegate.accountId`.
    pub delegate_account_id: Option<String>,
}

/// What tells one credential session from every other: AWS's own values, exactly as written. A key id alone never does, since AWS
/// gives the same one out again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// `accessKeyId`, where the event has one.
    pub access_key_id: Option<String>,
    /// `principalId`.
    pub principal_id: Option<String>,
    /// `creationDate`.
    pub creation_date: Option<i64>,
    /// What else there is where all three are missing: type, ARN, service, account, user.
    pub otherwise: Option<String>,
}

impl SessionKey {
    /// A stable id: 32 hexadecimal digits, of which the first five are the day of the session's creation, counted from 1970 (none: 0),
    /// and the rest a SHA-256 over the parts. The day tells a reader where in time to look for the session.
    pub fn credential_id(&self) -> String {
        let mut hash = Sha256::new();
        for part in [&self.access_key_id, &self.principal_id, &self.otherwise] {
            hash.update([u8::from(part.is_some())]);
            hash.update(part.as_deref().unwrap_or(""));
            hash.update([0]);
        }
        hash.update(self.creation_date.unwrap_or(i64::MIN).to_le_bytes());
        let day = self.creation_date.map_or(0, |created| created.div_euclid(86_400_000_000)).clamp(0, 0xf_ffff);
        let mut text = hash.finalize().iter().take(14).fold(format!("{day:05x}"), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        text.truncate(32);
        text
    }
}

fn owned(text: &Option<std::borrow::Cow<'_, str>>) -> Option<String> {
    text.as_deref().map(str::to_owned)
}

impl Identity {
    /// What `event` says of its caller.
    pub fn of(event: &Event<'_>) -> Self {
        Self::read(&event.user_identity, event.session_credential_from_console)
    }

    fn read(identity: &UserIdentity<'_>, from_console: bool) -> Self {
        let session = &identity.session;
        Self {
            kind: owned(&identity.kind),
            principal_id: owned(&identity.principal_id),
            arn: owned(&identity.arn),
            account_id: owned(&identity.account_id),
            access_key_id: owned(&identity.access_key_id),
            user_name: owned(&identity.user_name),
            invoked_by: owned(&identity.invoked_by),
            identity_provider: owned(&identity.identity_provider),
            on_behalf_of_user_id: owned(&identity.on_behalf_of_user_id),
            identity_store_arn: owned(&identity.identity_store_arn),
            credentials_issued_to: owned(&identity.credentials_issued_to),
            issuer_arn: owned(&session.issuer_arn),
            issuer_account_id: owned(&session.issuer_account_id),
            creation_date: session.creation_date,
            mfa_authenticated: session.mfa_authenticated,
            source_identity: owned(&session.source_identity),
            federated_provider: owned(&session.federated_provider),
            ec2_role_delivery: owned(&session.ec2_role_delivery),
            sign_in_session_arn: owned(&session.sign_in_session_arn),
            assumed_root: session.assumed_root == Some(true),
            from_console,
            bearer_credential_id: owned(&identity.credential_id),
            delegate_account_id: owned(&identity.delegate_account_id),
        }
    }

    /// The session that these credentials are of.
    pub fn session(&self) -> SessionKey {
        let known = self.access_key_id.is_some() || self.principal_id.is_some();
        SessionKey {
            access_key_id: self.access_key_id.clone(),
            principal_id: self.principal_id.clone(),
            creation_date: self.creation_date,
            otherwise: (!known).then(|| {
                [
                    &self.kind,
                    &self.arn,
                    &self.invoked_by,
                    &self.account_id,
                    &self.on_behalf_of_user_id,
                    &self.identity_store_arn,
                    &self.user_name,
                ]
                .map(|part| part.as_deref().unwrap_or(""))
                .join("\n")
            }),
        }
    }

    /// Whether the key is one that STS or the console gave out for a time.
    pub fn is_temporary(&self) -> bool {
        self.creation_date.is_some() || self.access_key_id.as_deref().is_some_and(|key| key.starts_with("ASIA"))
    }

    /// The role session name, or the federated user's name.
    pub fn session_name(&self) -> Option<&str> {
        let arn = self.arn.as_deref().and_then(Arn::parse);
        let named = arn.and_then(|arn| arn.role_session().map(|(_, name)| name).or_else(|| arn.federated_user()));
        let by_id =
            || self.principal_id.as_deref().filter(|id| id.starts_with("AROA")).and_then(|id| id.split_once(':')).map(|(_, name)| name);
        named.or_else(by_id).filter(|name| !name.is_empty())
    }

    /// The account that owns the session, by its issuer where that is known.
    pub fn home(&self) -> Option<&str> {
        self.issuer_account_id.as_deref().or(self.account_id.as_deref())
    }

    /// The partition of the ARNs in it.
    pub fn partition(&self) -> &str {
        let arn = self.arn.as_deref().or(self.issuer_arn.as_deref()).and_then(Arn::parse);
        arn.map(|arn| arn.partition).filter(|part| !part.is_empty()).unwrap_or("aws")
    }

    /// The role of a session, with its path where the record has it.
    pub fn role_arn(&self) -> Option<String> {
        if let Some(arn) = self.issuer_arn.as_deref().filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.role().is_some())) {
            return Some(arn.to_owned());
        }
        let arn = Arn::parse(self.arn.as_deref()?)?;
        let (role, _) = arn.role_session()?;
        Some(format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account_id))
    }

    /// Whether AWS says that the key of the call is not the one that was issued: the console, a sign-in session and services that act
    /// for a caller draw keys of their own. Whoever calls the API by hand uses the key that was issued.
    pub(crate) fn draws_own_key(&self) -> bool {
        self.from_console || self.invoked_by.is_some() || self.sign_in_session_arn.is_some()
    }

    /// Whether the session is of a role that only Identity Center can make.
    pub(crate) fn is_identity_center(&self) -> bool {
        self.issuer_arn.as_deref().is_some_and(|arn| permission_set(arn).is_some())
    }
}

/// One session as some of its events showed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Use {
    /// What AWS wrote of the caller.
    pub identity: Arc<Identity>,
    /// The account in whose trail it was seen.
    pub recipient_account_id: String,
    /// The region in which it was seen.
    pub aws_region: String,
}

impl Use {
    /// What `event` says of the session that made the call.
    pub fn of(event: &Event<'_>) -> Self {
        Self {
            identity: Arc::new(Identity::of(event)),
            recipient_account_id: event.recipient_account_id.clone().into_owned(),
            aws_region: event.aws_region.clone().into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_session_has_an_id_that_begins_with_its_day() {
        let key = |access: Option<&str>, principal: Option<&str>, created: Option<i64>, otherwise: Option<&str>| SessionKey {
            access_key_id: access.map(str::to_owned),
            principal_id: principal.map(str::to_owned),
            creation_date: created,
            otherwise: otherwise.map(str::to_owned),
        };
        let day = 86_400_000_000;
        let keys = [
            key(None, None, None, None),
            key(Some("A"), None, None, None),
            key(None, Some("A"), None, None),
            key(None, None, None, Some("A")),
            key(Some("A"), Some(""), None, None),
            key(Some("A"), None, Some(0), None),
            key(Some("A"), None, Some(day * 20_775), None),
        ];
        let ids: BTreeSet<String> = keys.iter().map(SessionKey::credential_id).collect();
        assert_eq!(ids.len(), keys.len());
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{ids:?}");
        assert!(keys[6].credential_id().starts_with(&format!("{:05x}", 20_775)));
        assert!(keys[0].credential_id().starts_with("00000"));
    }

    #[test]
    fn partition_is_that_of_its_own_arn_or_of_its_role() {
        let of = |arn: Option<&str>, issuer: Option<&str>| {
            Identity { arn: arn.map(str::to_owned), issuer_arn: issuer.map(str::to_owned), ..Identity::default() }.partition().to_owned()
        };
        let (china, gov) = ("arn:aws-cn:sts::1:assumed-role/a/b", "arn:aws-us-gov:iam::1:role/a");
        assert_eq!([of(Some(china), Some(gov)), of(None, Some(gov)), of(None, None)], ["aws-cn", "aws-us-gov", "aws"]);
        assert_eq!(of(Some("arn::sts::1:assumed-role/a/b"), None), "aws");
    }
}
