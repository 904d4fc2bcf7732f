//! What a user should do where a service of AWS other than S3 refuses: an error in, a hint out.
//!
//! Which thing an error is about, its first words say; they are the constants below.

use crate::Error;

/// A log group of CloudWatch Logs, by name or ARN.
pub(crate) const LOG_GROUP: &str = "the log group";
/// A topic of SNS.
pub(crate) const TOPIC: &str = "the topic";
/// An event bus of EventBridge.
pub(crate) const EVENT_BUS: &str = "the event bus";
/// Sessions of Session Manager.
pub(crate) const SESSION: &str = "the session";

/// What to do; none where the thing is none of these.
pub(crate) fn hint(error: &Error) -> Option<String> {
    let hint = match error {
        Error::NotFound { what } if what.starts_with(LOG_GROUP) => {
            "check its name, the account and the region (--region, or the ARN of the group): aws logs describe-log-groups"
        }
        Error::NotFound { what } if what.starts_with(TOPIC) => "check the topic's ARN: aws sns list-topics",
        Error::NotFound { what } if what.starts_with(EVENT_BUS) => {
            "check its name, the account and the region (--region, or the ARN of the bus): aws events list-event-buses"
        }
        Error::Denied { what, .. } if what.starts_with(LOG_GROUP) => {
            "the caller needs logs:FilterLogEvents on the group, and logs:DescribeLogGroups to find it by its name"
        }
        Error::Denied { what, .. } if what.starts_with(TOPIC) => {
            "the caller needs sns:Publish on the topic, and kms:GenerateDataKey and kms:Decrypt if it is encrypted with a key"
        }
        Error::Denied { what, .. } if what.starts_with(EVENT_BUS) => "the caller needs events:PutEvents on the bus",
        Error::Denied { what, .. } if what.starts_with(SESSION) => "the caller needs ssm:DescribeSessions",
        Error::List { what, .. } | Error::Fetch { uri: what, .. } if what.starts_with(LOG_GROUP) => {
            "check the network, the region and who else reads log groups of this account, then run again: what is already read is kept"
        }
        Error::BadSpec { spec, .. } if crate::is_log_group(spec) => {
            "write logs://LOG-GROUP, logs://LOG-GROUP:log-stream:PREFIX, or the ARN of the log group; name a region with --region"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}
