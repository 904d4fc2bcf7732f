//! Sends messages to a webhook: text in, delivered or an error out.
//!
//! The address is a secret (whoever has it can write to the channel): it stands in no error and no log. Redirects are not followed, and plain
//! HTTP is spoken to the own machine only.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

use crate::error::{BoxError, Error, Result};

/// Attempts at one message.
pub const WEBHOOK_ATTEMPTS_MAX: u32 = 3;
/// Before the second attempt; the next waits double.
const WEBHOOK_RETRY_DELAY: Duration = Duration::from_millis(500);
/// One attempt, connecting included.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// A place that takes messages as JSON: Slack's incoming webhooks, and what is compatible with them.
#[derive(Clone)]
pub struct Webhook {
    client: Client,
    url: Url,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Reads an address; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::BadWebhook`] where it is none, or would send in clear over a network.
    pub fn open(address: &str) -> Result<Self> {
        let url = Url::parse(address.trim()).map_err(|_| Error::BadWebhook { why: "it is no URL" })?;
        let own = url.host_str().is_some_and(|host| {
            host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        });
        match url.scheme() {
            "https" => {}
            "http" if own => {}
            "http" => return Err(Error::BadWebhook { why: "it would be sent without encryption" }),
            _ => return Err(Error::BadWebhook { why: "it begins with neither https:// nor http://" }),
        }
        let client = Client::builder().timeout(WEBHOOK_TIMEOUT).redirect(Policy::none()).build();
        let client = client.map_err(|error| Error::Webhook { host: host(&url), source: error.without_url().into() })?;
        Ok(Self { client, url })
    }

    /// Sends one JSON document; returns once the other side has taken it.
    ///
    /// # Errors
    /// [`Error::Webhook`] where it was not taken, after all attempts.
    pub async fn post(&self, body: String) -> Result<()> {
        let failed = |source: BoxError| Error::Webhook { host: host(&self.url), source };
        let mut delay = WEBHOOK_RETRY_DELAY;
        let mut attempt = 1;
        loop {
            let sent = self.client.post(self.url.clone()).header("content-type", "application/json").body(body.clone()).send().await;
            let (again, why): (bool, BoxError) = match sent {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => {
                    let status = answer.status();
                    let again = status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
                    (again, format!("it answered {status}").into())
                }
                Err(error) => (true, error.without_url().into()),
            };
            if !again || attempt == WEBHOOK_ATTEMPTS_MAX {
                return Err(failed(why));
            }
            attempt += 1;
            tokio::time::sleep(delay).await;
            delay *= 2;
        }
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encrypted_or_stays_here_is_an_address() {
        for address in ["https://hooks.example.com/services/T/B/x", "http://127.0.0.1:9/x", "http://[::1]:9/x", "http://localhost/x"] {
            assert!(Webhook::open(address).is_ok(), "{address}");
        }
        for address in
            ["", "hooks.example.com", "http://hooks.example.com/x", "ftp://x/y", "file:///etc/passwd", "http://127.0.0.1.example.com/"]
        {
            assert!(Webhook::open(address).is_err(), "{address}");
        }
    }

    #[test]
    fn the_address_shows_nowhere() {
        let hook = Webhook::open("https://hooks.example.com/services/SECRET").unwrap();
        assert!(!format!("{hook:?}").contains("SECRET"));
    }
}
