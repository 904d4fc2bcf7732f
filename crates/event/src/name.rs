//! The name of a member in, what every reader of records asks about it out.
//!
//! All that depends on a name alone and not on where it stands, so that it is worked out once for a name and not once for a record.

use crate::resource::Looks;
use crate::secret::Secrecy;
use xxhash_rust::xxh3::xxh3_64;

/// What one name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits {
    /// Stands for the name in fingerprints.
    pub(crate) hash: u64,
    /// Which field of a record it is, where the record or its `userIdentity` has one of that name.
    pub(crate) known: Option<Known>,
    /// Whether what stands under it is the same in many records.
    pub(crate) comes_again: bool,
    /// Whether what stands under it is a secret.
    pub(crate) secrecy: Secrecy,
    /// What it promises about a resource.
    pub(crate) looks: Looks,
}

impl Traits {
    pub(crate) fn of(name: &str) -> Self {
        let known = Known::of(name);
        let comes_again = matches!(known, Some(Known::UserIdentity | Known::TlsDetails));
        Self { hash: xxh3_64(name.as_bytes()), known, comes_again, secrecy: Secrecy::of(name), looks: Looks::of(name) }
    }
}

macro_rules! known {
    ($($name:ident = $text:literal,)*) => {
        /// The names that a record and its `userIdentity` are documented to have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Known {
            $($name,)*
        }

        impl Known {
            fn of(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

known! {
    EventVersion = "eventVersion",
    UserIdentity = "userIdentity",
    EventTime = "eventTime",
    EventSource = "eventSource",
    EventName = "eventName",
    AwsRegion = "awsRegion",
    SourceIpAddress = "sourceIPAddress",
    UserAgent = "userAgent",
    ErrorCode = "errorCode",
    ErrorMessage = "errorMessage",
    RequestParameters = "requestParameters",
    ResponseElements = "responseElements",
    AdditionalEventData = "additionalEventData",
    ServiceEventDetails = "serviceEventDetails",
    Resources = "resources",
    RequestId = "requestID",
    EventId = "eventID",
    ReadOnly = "readOnly",
    ManagementEvent = "managementEvent",
    EventType = "eventType",
    EventCategory = "eventCategory",
    RecipientAccountId = "recipientAccountId",
    SharedEventId = "sharedEventID",
    ApiVersion = "apiVersion",
    VpcEndpointId = "vpcEndpointId",
    TlsDetails = "tlsDetails",
    SessionCredentialFromConsole = "sessionCredentialFromConsole",
    Type = "type",
    PrincipalId = "principalId",
    Arn = "arn",
    AccountId = "accountId",
    AccessKeyId = "accessKeyId",
    UserName = "userName",
    InvokedBy = "invokedBy",
    IdentityProvider = "identityProvider",
    CredentialId = "credentialId",
    OnBehalfOf = "onBehalfOf",
    InvokedByDelegate = "invokedByDelegate",
    InScopeOf = "inScopeOf",
    SessionContext = "sessionContext",
    SessionIssuer = "sessionIssuer",
    Attributes = "attributes",
    SourceIdentity = "sourceIdentity",
    WebIdFederationData = "webIdFederationData",
    Ec2RoleDelivery = "ec2RoleDelivery",
    SignInSessionArn = "signInSessionArn",
    AssumedRoot = "assumedRoot",
}
