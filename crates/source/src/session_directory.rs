//! What Systems Manager says of sessions that are open or were: a session id in, its owner out (`DescribeSessions`).

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{SessionFilter, SessionFilterKey, SessionState};

use crate::connect::config_in;
use crate::fault::{Cause, classify};
use crate::service::SESSION;
use crate::{Error, Options, Result};

/// Pages of one answer; a session's id stands for one session.
const PAGES_MAX: usize = 10;

/// Sessions of one region, in the account that the credentials are of.
#[derive(Debug, Clone)]
pub struct SessionDirectory {
    client: Client,
    profile: Option<String>,
}

/// A session, in AWS's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribedSession {
    /// ARN of the IAM user or of the role session that started it.
    pub owner: String,
    /// Instance.
    pub target: Option<String>,
    /// When it was started, microseconds since 1970.
    pub started: Option<i64>,
}

impl SessionDirectory {
    /// Sessions of a region; nothing is asked yet.
    ///
    /// # Errors
    /// None today: the region is given.
    pub async fn open(aws_region: &str, options: &Options) -> Result<SessionDirectory> {
        let client = Client::new(&config_in(options, Some(aws_region), aws_region).await?);
        Ok(SessionDirectory { client, profile: options.profile.clone() })
    }

    /// The session of this id, whole; none where AWS knows none. Ended ones stay known for 30 days.
    ///
    /// # Errors
    /// [`Error::Denied`] where the caller may not ask; else as of every request to AWS.
    pub async fn session(&self, session_id: &str) -> Result<Option<DescribedSession>> {
        for state in [SessionState::Active, SessionState::History] {
            if let Some(found) = self.in_state(session_id, state).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn in_state(&self, session_id: &str, state: SessionState) -> Result<Option<DescribedSession>> {
        let what = format!("{SESSION} {session_id}");
        let broken = |why: &'static str| Error::List { what: what.clone(), source: Cause::boxed(why) };
        let filter = SessionFilter::builder().key(SessionFilterKey::SessionId).value(session_id).build();
        let filter = filter.map_err(|_| broken("its id cannot be asked for"))?;
        let mut token = None;
        for _ in 0..PAGES_MAX {
            let request = self.client.describe_sessions().state(state.clone()).filters(filter.clone()).set_next_token(token.take());
            let page = request
                .send()
                .await
                .map_err(|error| classify(&error, &what, self.profile.as_deref(), |what, source| Error::List { what, source }))?;
            // Whatever else comes, an id that only begins alike is another session's.
            if let Some(found) = page.sessions().iter().find(|session| session.session_id() == Some(session_id)) {
                return Ok(found.owner().map(|owner| DescribedSession {
                    owner: owner.to_owned(),
                    target: found.target().map(str::to_owned),
                    started: found.start_date().and_then(|time| i64::try_from(time.as_nanos() / 1_000).ok()),
                }));
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(None);
            }
        }
        Err(broken("the answer does not end"))
    }
}
