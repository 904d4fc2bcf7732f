//! An event bus of EventBridge that takes messages: a JSON object in, taken or an error out.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use tracing::warn;

use crate::connect::config_in;
use crate::fault::{Cause, classify};
use crate::service::EVENT_BUS;
use crate::{Error, Options, Result};

/// `source` of every event that is sent.
pub const EVENT_SOURCE: &str = "whodid";
/// `detail-type` of every event that is sent.
pub const EVENT_DETAIL_TYPE: &str = "alert";

/// An event bus.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
    profile: Option<String>,
}

impl EventBus {
    /// Finds a bus by its name or ARN. Asked for at once: EventBridge takes events for a bus that is not there, and drops them.
    ///
    /// # Errors
    /// [`Error::BadTarget`] for what names none; else as of every request to AWS.
    pub async fn open(name: &str, options: &Options) -> Result<EventBus> {
        let name = name.trim();
        let bad = |why| Error::BadTarget { what: "event bus", why };
        let region = match name.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "events", region, _, bus] if !region.is_empty() && bus.starts_with("event-bus/") => Some(*region),
            [bus] if !bus.is_empty() && bus.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte)) => None,
            _ => return Err(bad("it is neither a name nor an ARN: arn:aws:events:REGION:ACCOUNT:event-bus/NAME")),
        };
        let client = Client::new(&config_in(options, region, name).await?);
        let bus = EventBus { client, name: name.to_owned(), profile: options.profile.clone() };
        let described = bus.client.describe_event_bus().name(name).send().await.map_err(|error| bus.failed(&error));
        match described {
            Ok(_) => {}
            Err(Error::Denied { .. }) => warn!(bus = name, "whether the event bus is there cannot be seen (events:DescribeEventBus)"),
            Err(error) => return Err(error),
        }
        Ok(bus)
    }

    /// Name or ARN, as the user wrote it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends one event; returns once EventBridge has taken it.
    ///
    /// # Errors
    /// [`Error::Sink`] after all attempts; [`Error::NotFound`], [`Error::Denied`] and [`Error::Credentials`] for what the user has to mend.
    pub async fn put(&self, detail: &str) -> Result<()> {
        let entry = PutEventsRequestEntry::builder().source(EVENT_SOURCE).detail_type(EVENT_DETAIL_TYPE).event_bus_name(&self.name);
        let answer = self.client.put_events().entries(entry.detail(detail).build()).send().await.map_err(|error| self.failed(&error))?;
        // Taken as a request, and refused all the same.
        let Some(refused) = answer.entries().iter().find(|entry| entry.error_code().is_some()) else { return Ok(()) };
        let code = refused.error_code().unwrap_or_default();
        let source = Cause::boxed(format!("{code}: {}", refused.error_message().unwrap_or_default()));
        let what = self.what();
        let denied = code.contains("AccessDenied") || code.contains("NotAuthorized");
        Err(if denied { Error::Denied { what, source } } else { Error::Sink { what, source } })
    }

    fn what(&self) -> String {
        format!("{EVENT_BUS} {}", self.name)
    }

    fn failed<E>(&self, error: &aws_sdk_eventbridge::error::SdkError<E, aws_sdk_eventbridge::config::http::HttpResponse>) -> Error
    where
        E: aws_sdk_eventbridge::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        classify(error, &self.what(), self.profile.as_deref(), |what, source| Error::Sink { what, source })
    }
}
