//! A topic of SNS that takes messages: a notice in, taken or an error out.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use crate::connect::config_in;
use crate::fault::{Cause, classify};
use crate::service::TOPIC;
use crate::{Error, Options, Result};

/// Letters of a subject, at most (SNS API Reference, Publish).
pub const SUBJECT_LETTERS_MAX: usize = 100;

/// A message.
#[derive(Debug, Clone, Default)]
pub struct Notice {
    /// For the subject of an e-mail, and for a telephone: printable ASCII; what is more than [`SUBJECT_LETTERS_MAX`] letters is cut.
    pub subject: String,
    /// For a person.
    pub text: String,
    /// For programs: a JSON object.
    pub document: String,
    /// For filter policies of subscriptions; empty values are left out.
    pub attributes: Vec<(&'static str, String)>,
    /// What keeps its order in a FIFO topic.
    pub group: String,
    /// The same for the same message.
    pub id: String,
}

/// A topic.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
    profile: Option<String>,
}

impl Topic {
    /// Reads a topic's ARN; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::BadSpec`] where it is none.
    pub async fn open(arn: &str, options: &Options) -> Result<Topic> {
        let arn = arn.trim();
        let parts: Vec<&str> = arn.split(':').collect();
        let region = match parts.as_slice() {
            ["arn", partition, "sns", region, account, name] if ![partition, region, account, name].iter().any(|part| part.is_empty()) => {
                *region
            }
            _ => return Err(Error::BadTarget { what: "topic", why: "it is no ARN of a topic: arn:aws:sns:REGION:ACCOUNT:NAME" }),
        };
        let client = Client::new(&config_in(options, Some(region), arn).await?);
        Ok(Topic { client, arn: arn.to_owned(), profile: options.profile.clone() })
    }

    /// The topic's ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Sends a message; returns once SNS has taken it.
    ///
    /// # Errors
    /// [`Error::Sink`] after all attempts; [`Error::NotFound`], [`Error::Denied`] and [`Error::Credentials`] for what the user has to mend.
    pub async fn publish(&self, notice: &Notice) -> Result<()> {
        let what = format!("{TOPIC} {}", self.arn);
        let subject: String =
            notice.subject.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).take(SUBJECT_LETTERS_MAX).collect();
        let forms = serde_json::json!({"default": notice.document, "email": notice.text, "sms": subject});
        let mut request = self.client.publish().topic_arn(&self.arn).subject(&subject).message_structure("json").message(forms.to_string());
        for (name, value) in notice.attributes.iter().filter(|(_, value)| !value.is_empty()) {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            request =
                request.message_attributes(*name, value.map_err(|error| Error::Sink { what: what.clone(), source: Cause::chain(&error) })?);
        }
        if self.arn.ends_with(".fifo") {
            request = request.message_group_id(&notice.group).message_deduplication_id(&notice.id);
        }
        let sent = request.send().await;
        sent.map(drop).map_err(|error| classify(&error, &what, self.profile.as_deref(), |what, source| Error::Sink { what, source }))
    }
}
