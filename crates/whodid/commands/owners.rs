//! Who Systems Manager says opened a session, for a match that came before CloudTrail's record of the start: sessions in, better known ones out.
//!
//! Asked only of sessions that are known by a log stream alone, and of each once for a while. A question goes on beside what else a look does, and
//! a match waits for its answer for a moment only: what comes later names the person in an update. That it may not be asked is said once, and
//! nobody is named then.

use crate::failure::causes;
use crate::render;
use query::{Session, SessionOwner};
use source::{DescribedSession, SessionDirectory};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};

/// Questions that are under way at a time.
const ASKED_MAX: usize = 20;
/// After so long a session that AWS did not know is asked about again.
const UNKNOWN_MICROS: i64 = 300 * 1_000_000;
/// How long after a question a look waits for its answer: with a second between two looks, an alert goes out within two whether AWS answers or
/// not.
const PATIENCE: Duration = Duration::from_millis(400);
/// As [`PATIENCE`], for a run that looks once.
const PATIENCE_ONCE: Duration = Duration::from_secs(30);
/// After a failure nothing is asked for so long.
const FAILED_MICROS: i64 = 60 * 1_000_000;
/// A log whose last entry is older belongs to no session that is still waited for: CloudTrail has delivered since.
const FRESH_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Region and session.
type Key = (String, String);

type Answer = source::Result<(SessionDirectory, Option<DescribedSession>)>;

/// A question that is under way.
#[derive(Debug)]
struct Question {
    begun: Instant,
    answer: JoinHandle<Answer>,
}

/// What was asked so far.
#[derive(Debug)]
pub(super) struct Owners {
    options: Option<source::Options>,
    patience: Duration,
    directories: BTreeMap<String, SessionDirectory>,
    /// Not before.
    ask_from: i64,
    /// When it was asked about, and the answer.
    known: BTreeMap<Key, (i64, Option<SessionOwner>)>,
    asked: BTreeMap<Key, Question>,
}

impl Owners {
    /// `options`: how AWS is reached; none where it must not be. `goes_on`: there will be other looks.
    pub(super) fn new(options: Option<source::Options>, goes_on: bool) -> Self {
        let patience = if goes_on { PATIENCE } else { PATIENCE_ONCE };
        let (directories, known, asked) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { options, patience, directories, ask_from: i64::MIN, known, asked }
    }

    /// Asks about sessions of a region whose owners will be wanted in a moment.
    pub(super) async fn ask(&mut self, aws_region: &str, session_ids: &BTreeSet<String>, now: i64) {
        self.harvest(now).await;
        for session_id in session_ids {
            self.begin(&(aws_region.to_owned(), session_id.clone()), now);
        }
    }

    /// Puts in the owners that AWS names.
    pub(super) async fn name(&mut self, sessions: &mut [Session], now: i64) {
        self.harvest(now).await;
        for session in sessions {
            let Some(region) = session.owner_region().map(str::to_owned) else { continue };
            // When CloudWatch took it: the times of entries are the node's word.
            let last = session.transcript.logs.iter().filter_map(|log| log.written).max().unwrap_or(session.time);
            if now.saturating_sub(last) > FRESH_MICROS {
                continue;
            }
            let key = (region, session.session_id.clone());
            self.begin(&key, now);
            let owner = self.answer(&key, now).await;
            if let Some(named) = owner.and_then(|owner| session.owned_by(&owner)) {
                *session = named;
            }
        }
    }

    /// What AWS answered lately; the outer none where that has to be asked.
    fn lately(&self, key: &Key, now: i64) -> Option<&Option<SessionOwner>> {
        let (at, owner) = self.known.get(key)?;
        (owner.is_some() || now - at < UNKNOWN_MICROS).then_some(owner)
    }

    fn begin(&mut self, key: &Key, now: i64) {
        if self.lately(key, now).is_some() || self.asked.contains_key(key) || self.asked.len() >= ASKED_MAX || now < self.ask_from {
            return;
        }
        let Some(options) = self.options.clone() else { return };
        let ((region, session_id), directory) = (key.clone(), self.directories.get(&key.0).cloned());
        let answer = tokio::spawn(async move {
            let directory = match directory {
                Some(directory) => directory,
                None => SessionDirectory::open(&region, &options).await?,
            };
            let found = directory.session(&session_id).await?;
            Ok((directory, found))
        });
        self.asked.insert(key.clone(), Question { begun: Instant::now(), answer });
    }

    /// The owner, if AWS has said it or says it in time.
    async fn answer(&mut self, key: &Key, now: i64) -> Option<SessionOwner> {
        if let Some(question) = self.asked.get_mut(key) {
            let until = question.begun + self.patience;
            match timeout_at(until, &mut question.answer).await {
                Ok(ended) => {
                    self.asked.remove(key);
                    self.note(key, ended, now);
                }
                Err(_) => tracing::warn!(session_id = key.1, "Systems Manager has not said yet who opened a session"),
            }
        }
        self.lately(key, now)?.clone()
    }

    /// Notes answers that came in the meantime.
    async fn harvest(&mut self, now: i64) {
        let ended: Vec<Key> = self.asked.iter().filter(|(_, question)| question.answer.is_finished()).map(|(key, _)| key.clone()).collect();
        for key in ended {
            if let Some(question) = self.asked.remove(&key) {
                self.note(&key, question.answer.await, now);
            }
        }
    }

    fn note(&mut self, key: &Key, ended: Result<Answer, JoinError>, now: i64) {
        let error = match ended {
            Ok(Ok((directory, found))) => {
                self.directories.insert(key.0.clone(), directory);
                let owner = found.map(|found| SessionOwner { owner: found.owner, target: found.target });
                self.known.insert(key.clone(), (now, owner));
                return;
            }
            Ok(Err(error)) => error,
            Err(error) => return tracing::warn!(session_id = key.1, %error, "who opened a session was not asked to the end"),
        };
        self.ask_from = now.saturating_add(FAILED_MICROS);
        let is_refused = matches!(error, source::Error::Denied { .. } | source::Error::Credentials { .. });
        if is_refused && self.options.take().is_some() {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            let text = format!("Systems Manager is not asked who opened a session: {}{hint}", causes(&error));
            render::note(&format!("whodid: {}\n", render::plain(&text)));
        } else {
            tracing::warn!(session_id = key.1, error = causes(&error), "Systems Manager did not say who opened a session");
        }
    }
}
