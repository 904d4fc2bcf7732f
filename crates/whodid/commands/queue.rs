//! `whodid ingest` from a queue: receive, read what the messages tell of, and delete them once all of it is in the lake.
//!
//! A message is deleted after the commit of what it tells of, or after that was rejected for good, and that was committed. Whatever is not
//! understood, or could not be read this time, stays in the queue: it comes again after [`source::VISIBILITY`], until it goes to the
//! queue's dead-letter queue. Several workers may read one queue into one lake: what comes twice is written once.

use crate::commands::discover::{Opened, is_log};
use crate::commands::ingest::{Messages, Summary, ingest_from};
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use lake::fail_point::{Point, reach};
use lake::{Known, Lake, Writer};
use source::{Delivery, Listed, Message, Queue};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Messages read in one go.
const MESSAGES_MAX: usize = 1_000;
/// How long a queue must bring nothing to be empty.
const EMPTY_AFTER: Duration = Duration::from_secs(1);
/// How long one request waits for messages where more will come.
const FOLLOW_WAIT: Duration = Duration::from_secs(10);
/// After a failure that goes by itself.
const FAILED_WAIT: Duration = Duration::from_secs(10);

/// How queues are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Go on when the queue is empty, until interrupted.
    pub(crate) follow: bool,
    /// Buckets that are believed whoever owns them.
    pub(crate) buckets: Vec<String>,
}

/// Reads a queue until it is empty, or until the user interrupts.
pub(crate) async fn drain(
    settings: &Settings,
    lake: &Lake,
    spec: &str,
    asked: &Asked,
    note: bool,
    sum: &mut Summary,
) -> Result<(), Failure> {
    if settings.since.is_some() || settings.until.is_some() {
        return Err(Failure::usage(
            "--since and --until, and a queue is to be read",
            "a queue is read whole: list the bucket for a window",
        ));
    }
    let mut buckets = settings.source_buckets();
    buckets.extend(asked.buckets.iter().cloned());
    let queue = Queue::open(spec, &buckets, &settings.source_options()).await?;
    let worked = async {
        tokio::select! {
            outcome = turns(settings, lake, &queue, asked.follow, note, sum) => outcome,
            () = queue.keep() => Ok(()),
        }
    };
    let outcome = if asked.follow {
        tokio::select! {
            outcome = worked => outcome,
            // To be cut off anywhere is no worse than a crash, which is made good.
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    } else {
        worked.await
    };
    queue.release().await;
    outcome
}

async fn turns(settings: &Settings, lake: &Lake, queue: &Queue, follow: bool, note: bool, sum: &mut Summary) -> Result<(), Failure> {
    let mut left = BTreeSet::new();
    loop {
        let turn = async {
            let mut messages = gather(queue, if follow { FOLLOW_WAIT } else { EMPTY_AFTER }).await?;
            let is_empty = messages.is_empty();
            // What this run could not read, it leaves to another; one that goes on tries it again.
            messages.retain(|message| follow || !left.contains(&message.id));
            let turn = read(settings, lake, queue, &messages, note).await?;
            if follow {
                turn.summary.warn();
            }
            sum.add(turn.summary);
            let done = turn.done;
            let stays: Vec<&str> = messages.iter().map(|message| message.id.as_str()).filter(|id| !done.contains(*id)).collect();
            queue.forget(&stays);
            left.extend(stays.into_iter().map(str::to_owned));
            Ok::<bool, Failure>(is_empty)
        };
        match turn.await {
            Ok(true) if !follow => return Ok(()),
            Ok(_) => {}
            // What goes by itself is tried again; what the user must mend ends the run.
            Err(failure) if follow && matches!(failure.code, "source" | "lake") => {
                render::failure(&failure, settings.format != crate::args::Format::Human);
                queue.release().await;
                tokio::time::sleep(FAILED_WAIT).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// What is in the queue, up to a number of messages.
async fn gather(queue: &Queue, wait: Duration) -> Result<Vec<Message>, Failure> {
    let mut messages = queue.receive(wait).await?;
    let mut more = messages.len();
    while more > 0 && messages.len() < MESSAGES_MAX {
        let next = queue.receive(Duration::ZERO).await?;
        more = next.len();
        messages.extend(next);
    }
    Ok(messages)
}

/// What one go came to.
struct Turn {
    summary: Summary,
    /// Ids of the messages that were deleted.
    done: BTreeSet<String>,
}

/// Reads what messages tell of, and deletes those of which all is settled.
async fn read(settings: &Settings, lake: &Lake, queue: &Queue, messages: &[Message], note: bool) -> Result<Turn, Failure> {
    let mut turn = Summary::default();
    let mut done: BTreeSet<String> = BTreeSet::new();
    let delivery = Arc::new(queue.delivery(messages));
    let writer = if messages.iter().any(|message| !message.objects.is_empty()) {
        let opened = Opened { source: Arc::clone(&delivery) as _, filter: settings.filter.clone() };
        let (read, mut writer) = ingest_from(settings, lake, &[queue.name().to_owned()], &[opened], &mut [], note).await?;
        writer.look_again().await?;
        turn = read;
        Some(writer)
    } else {
        None
    };
    reach(Point::Taken);
    for message in messages {
        for removed in message.removed.iter().filter(|uri| is_log(uri)) {
            turn.problem("object_removed", removed, None, "S3 says that it was removed");
        }
        let unsettled = message.objects.iter().find(|listed| !is_settled(listed, writer.as_ref(), &delivery));
        match (&message.refused, unsettled) {
            (None, None) => {
                done.insert(message.id.clone());
            }
            (Some(why), _) => turn.problem("message_left", &format!("{} message {}", queue.name(), message.id), None, why),
            (None, Some(listed)) => {
                let detail = format!("{} could not be read this time", listed.uri);
                turn.problem("message_left", &format!("{} message {}", queue.name(), message.id), None, &detail);
            }
        }
    }
    let ids: Vec<&str> = done.iter().map(String::as_str).collect();
    queue.delete(&ids).await;
    reach(Point::Deleted);
    let counted = Messages { received: messages.len() as u64, deleted: done.len() as u64, left: (messages.len() - done.len()) as u64 };
    turn.messages = Some(counted);
    Ok(Turn { summary: turn, done })
}

/// Whether nothing of an object can be lost any more: it is in the lake, or noted there as one that nobody can read, or no log at all.
fn is_settled(listed: &Listed, writer: Option<&Writer>, delivery: &Delivery) -> bool {
    if !is_log(&listed.key) {
        return true;
    }
    match writer.and_then(|writer| writer.known(&listed.uri, listed.size, listed.etag.as_deref(), listed.modified)) {
        Some(Known::Read | Known::Rejected) => true,
        Some(Known::Unreadable) => delivery.is_lost(&listed.uri),
        None => false,
    }
}
