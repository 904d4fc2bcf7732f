//! Who Systems Manager says opened a session, for a match that came before CloudTrail's record of the start: sessions in, better known ones out.
//!
//! Asked only of sessions that are known by a log stream alone, and of each once for a while. That it may not be asked is said once, and nobody is
//! named then.

use crate::failure::causes;
use crate::render;
use query::{Session, SessionOwner};
use source::SessionDirectory;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Sessions asked about in one look, at most.
const ASKED_MAX: usize = 20;
/// After so long a session that AWS did not know is asked about again.
const UNKNOWN_MICROS: i64 = 300 * 1_000_000;
/// For all answers that one look waits for: an alert that is told at once does not wait for a name.
const PATIENCE: Duration = Duration::from_secs(1);
/// As [`PATIENCE`], for a run that looks once.
const PATIENCE_ONCE: Duration = Duration::from_secs(30);
/// After a failure nothing is asked for so long.
const FAILED_MICROS: i64 = 60 * 1_000_000;
/// A log whose last entry is older belongs to no session that is still waited for: CloudTrail has delivered since.
const FRESH_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// What was asked so far.
#[derive(Debug)]
pub(super) struct Owners {
    options: Option<source::Options>,
    patience: Duration,
    directories: BTreeMap<String, SessionDirectory>,
    /// Not before.
    ask_from: i64,
    /// By region and session: when it was asked about, and the answer.
    known: BTreeMap<(String, String), (i64, Option<SessionOwner>)>,
}

impl Owners {
    /// `options`: how AWS is reached; none where it must not be. `goes_on`: there will be other looks.
    pub(super) fn new(options: Option<source::Options>, goes_on: bool) -> Self {
        let patience = if goes_on { PATIENCE } else { PATIENCE_ONCE };
        Self { options, patience, directories: BTreeMap::new(), ask_from: i64::MIN, known: BTreeMap::new() }
    }

    /// Puts in the owners that AWS names.
    pub(super) async fn name(&mut self, sessions: &mut [Session], now: i64) {
        let mut asked = 0;
        let patience = Instant::now() + self.patience;
        for session in sessions {
            let Some(region) = session.owner_region().map(str::to_owned) else { continue };
            // When CloudWatch took it: the times of entries are the node's word.
            let last = session.transcript.logs.iter().filter_map(|log| log.written).max().unwrap_or(session.time);
            if now.saturating_sub(last) > FRESH_MICROS {
                continue;
            }
            let key = (region, session.session_id.clone());
            let known =
                self.known.get(&key).filter(|(at, owner)| owner.is_some() || now - at < UNKNOWN_MICROS).map(|known| known.1.clone());
            let owner = match known {
                Some(owner) => owner,
                None if asked == ASKED_MAX || now < self.ask_from => continue,
                None => {
                    asked += 1;
                    let answer = match timeout_at(patience, self.ask(&key.0, &key.1)).await {
                        Ok(answer) => answer,
                        Err(_) => {
                            tracing::warn!(session_id = key.1, "Systems Manager did not say in time who opened a session");
                            None
                        }
                    };
                    let Some(owner) = answer else {
                        self.ask_from = now.saturating_add(FAILED_MICROS);
                        continue;
                    };
                    self.known.insert(key, (now, owner.clone()));
                    owner
                }
            };
            if let Some(named) = owner.and_then(|owner| session.owned_by(&owner)) {
                *session = named;
            }
        }
    }

    /// AWS's answer; the outer none where there was none.
    async fn ask(&mut self, region: &str, session_id: &str) -> Option<Option<SessionOwner>> {
        let options = self.options.clone()?;
        let answer = async {
            if !self.directories.contains_key(region) {
                self.directories.insert(region.to_owned(), SessionDirectory::open(region, &options).await?);
            }
            match self.directories.get(region) {
                Some(directory) => directory.session(session_id).await,
                None => Ok(None),
            }
        };
        match answer.await {
            Ok(found) => Some(found.map(|found| SessionOwner { owner: found.owner, target: found.target })),
            Err(error @ (source::Error::Denied { .. } | source::Error::Credentials { .. })) => {
                self.options = None;
                let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                let text = format!("Systems Manager is not asked who opened a session: {}{hint}", causes(&error));
                render::note(&format!("whodid: {}\n", render::plain(&text)));
                None
            }
            Err(error) => {
                tracing::warn!(session_id, error = causes(&error), "Systems Manager did not say who opened a session");
                None
            }
        }
    }
}
