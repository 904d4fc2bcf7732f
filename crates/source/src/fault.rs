//! Turns what the AWS SDK says into an [`Error`].
//!
//! An answer of the service becomes its code, message, status and request id; anything else the texts of its causes, in
//! one line. Never keeps the SDK's own error, whose debug text holds the whole response.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

use crate::{BoxError, Error};

/// Codes by which AWS says that it does not know the caller.
const CREDENTIALS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "NotSignedUp",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
];

/// Codes by which S3 says that the bucket lies in another region.
const ELSEWHERE: &[&str] =
    &["AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "Redirect", "TemporaryRedirect"];

/// Codes by which AWS says that the caller may not; JSON APIs give them status 400.
const DENIED: &[&str] = &["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException", "NotAuthorized"];

/// Codes by which AWS says that there are too many requests.
const THROTTLED: &[&str] =
    &["RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"];

/// The identity cache's own timeout has a private type; only its text tells it.
const CREDENTIALS_TIMED_OUT: &str = "identity resolver timed out";

const REGION_HEADER: &str = "x-amz-bucket-region";

/// Why, in one line: the cause of an [`Error`].
#[derive(Debug)]
pub(crate) struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Cause {}

impl Cause {
    pub(crate) fn boxed(text: impl Into<String>) -> BoxError {
        Box::new(Cause(text.into()))
    }

    /// The texts of an error and of its causes, each once.
    pub(crate) fn chain(error: &(dyn StdError + 'static)) -> BoxError {
        let mut text = error.to_string();
        for cause in causes(error).skip(1) {
            let cause = cause.to_string();
            if !text.contains(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        Cause::boxed(text)
    }
}

/// What a failed request means, for the object or the listing `what`.
pub(crate) fn classify<E>(
    error: &SdkError<E, HttpResponse>,
    what: &str,
    profile: Option<&str>,
    otherwise: fn(String, BoxError) -> Error,
) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let what = what.to_owned();
    let source = cause(error);
    match (error.code().unwrap_or_default(), status(error)) {
        (code, _) if CREDENTIALS.contains(&code) || without_credentials(error) => {
            Error::Credentials { profile: profile.map(str::to_owned), source }
        }
        ("NoSuchBucket", _) => Error::NotFound { what: bucket_of(&what) },
        ("NoSuchKey" | "NotFound" | "NotFoundException" | "ResourceNotFoundException", _) | ("", Some(404)) => Error::NotFound { what },
        ("InvalidObjectState", _) => Error::Archived { uri: what },
        ("PreconditionFailed", _) | (_, Some(412)) => Error::Changed { uri: what },
        ("InvalidBucketName", _) => Error::BadSpec { spec: what, why: "S3 allows no such bucket name" },
        ("AccessDenied" | "AccessDeniedException" | "AllAccessDisabled" | "AccountProblem" | "AuthorizationError", _)
        | (_, Some(401 | 403)) => Error::Denied { what, source },
        _ => otherwise(what, source),
    }
}

/// What a failed call of an API other than S3's means.
pub(crate) fn classify_call<E>(error: &SdkError<E, HttpResponse>, what: &str, permission: &'static str, profile: Option<&str>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let what = what.to_owned();
    let source = cause(error);
    match (error.code().unwrap_or_default(), status(error)) {
        (code, _) if CREDENTIALS.contains(&code) || without_credentials(error) => {
            Error::Credentials { profile: profile.map(str::to_owned), source }
        }
        (code, _) if DENIED.contains(&code) => Error::Permission { what, permission, source },
        (_, Some(401 | 403)) => Error::Permission { what, permission, source },
        _ => Error::Call { what, source },
    }
}

/// Whether another attempt may be answered: AWS asks to slow down, has trouble of its own, or was not reached.
pub(crate) fn is_transient<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let code = error.code().unwrap_or_default();
    THROTTLED.contains(&code)
        || matches!(status(error), Some(429 | 500..=599))
        || matches!(error, SdkError::TimeoutError(_))
        || (matches!(error, SdkError::DispatchFailure(_)) && !without_credentials(error))
}

/// Whether S3 answered well, with something that cannot be read.
pub(crate) fn unreadable<E>(error: &SdkError<E, HttpResponse>) -> bool {
    matches!(status(error), Some(200..300))
}

/// The region that S3 says the bucket lies in; `Some(None)` when it only says that it lies elsewhere.
pub(crate) fn elsewhere<E>(error: &SdkError<E, HttpResponse>) -> Option<Option<String>>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let told = error.code().is_some_and(|code| ELSEWHERE.contains(&code)) || matches!(status(error), Some(301 | 307 | 400));
    told.then(|| region_header(error))
}

/// The header by which S3 names a bucket's region, in a refusal as well.
pub(crate) fn region_header<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    error.raw_response()?.headers().get(REGION_HEADER).map(str::to_owned)
}

fn cause<E>(error: &SdkError<E, HttpResponse>) -> BoxError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let Some(status) = status(error) else {
        return Cause::chain(error);
    };
    let code = error.code().unwrap_or("no code");
    let message = error.message().map(|message| format!(": {message}")).unwrap_or_default();
    let request = error.raw_response().and_then(|response| response.request_id()).map(|id| format!(", request {id}")).unwrap_or_default();
    let unread = if matches!(error, SdkError::ResponseError(_)) { format!(": {}", Cause::chain(error)) } else { String::new() };
    Cause::boxed(format!("{code}{message} (status {status}{request}){unread}"))
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether the request was never sent, for want of credentials.
fn without_credentials(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<CredentialsError>() || cause.to_string().starts_with(CREDENTIALS_TIMED_OUT))
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

/// `s3://bucket` of `s3://bucket/key`.
fn bucket_of(what: &str) -> String {
    what.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}
