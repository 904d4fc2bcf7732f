//! Whom AWS takes us for (`GetCallerIdentity`), and what time it has.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_sts::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};

use crate::fault::{Cause, classify_call};
use crate::{Error, Result, aws_time};

/// Whose credentials ours are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Account that they belong to.
    pub account_id: String,
    /// Who they stand for.
    pub arn: String,
    /// AWS's time at its answer (the header `Date`, in whole seconds), microseconds since 1970.
    pub aws_now: Option<i64>,
}

/// Keeps the header `Date` of an answer.
#[derive(Debug, Clone, Default)]
struct Dated(Arc<Mutex<Option<String>>>);

impl Intercept for Dated {
    fn name(&self) -> &'static str {
        "Dated"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> std::result::Result<(), aws_sdk_sts::error::BoxError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = context.response().headers().get("date").map(str::to_owned);
        Ok(())
    }
}

/// Asks who we are. It takes no permission.
///
/// # Errors
/// [`Error::Credentials`] where there are none that hold; as of every request to AWS.
pub(crate) async fn caller(shared: &SdkConfig, profile: Option<&str>) -> Result<Caller> {
    let what = "who the caller is (GetCallerIdentity of STS)";
    let dated = Dated::default();
    let client = aws_sdk_sts::Client::new(shared);
    let asked = client.get_caller_identity().customize().interceptor(dated.clone()).send().await;
    let identity = asked.map_err(|error| classify_call(&error, what, "sts:GetCallerIdentity", profile))?;
    let lacks = |part: &str| Error::Call { what: what.to_owned(), source: Cause::boxed(format!("the answer lacks {part}")) };
    let date = dated.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(Caller {
        account_id: identity.account().filter(|id| !id.is_empty()).ok_or_else(|| lacks("the account"))?.to_owned(),
        arn: identity.arn().unwrap_or_default().to_owned(),
        aws_now: date.as_deref().and_then(aws_time::of_header),
    })
}
