//! What resolving costs beside decoding, over simulated organisations: the same objects decoded with a sink that looks away, then read for
//! their sessions, then each session resolved.
//!
//! `cargo run --release --example share [EVENTS [SEEDS]]`; CPU of the one thread, from `/proc/self/schedstat`.
#![allow(clippy::print_stdout, reason = "what it is for")]

use event::{Decoder, Event, HashKey, Reject, Sink};
use hashbrown::DefaultHashBuilder;
use identity::{Graph, Identity, Issue, Use};
use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::sync::Arc;

type Error = Box<dyn std::error::Error>;

/// Looks away.
#[derive(Default)]
struct Passing(u64);

impl Sink for Passing {
    fn event(&mut self, _: &Event<'_>) {
        self.0 += 1;
    }

    fn reject(&mut self, _: Reject) {}
}

/// Keeps each session once, as ingest does, and every issuing event: sessions are told apart by their text before anything of it is read.
#[derive(Default)]
struct Sessions {
    texts: HashSet<u64>,
    hasher: DefaultHashBuilder,
    uses: HashSet<Arc<Use>>,
    issues: Vec<Arc<Issue>>,
}

impl Sink for Sessions {
    fn event(&mut self, event: &Event<'_>) {
        let delivered = event.user_identity.session.ec2_role_delivery.is_some();
        let region = if delivered { &*event.aws_region } else { "" };
        let text = (event.text.user_identity.as_deref(), event.session_credential_from_console, &*event.recipient_account_id, region);
        if self.texts.insert(self.hasher.hash_one(text)) {
            let mut seen = Use::of(event);
            if !delivered {
                seen.aws_region.clear();
            }
            self.uses.insert(Arc::new(seen));
        }
        self.issues.extend(Issue::of(event).map(Arc::new));
    }

    fn reject(&mut self, _: Reject) {}
}

/// CPU that this thread has used, in nanoseconds.
fn cpu() -> Result<f64, Error> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or("").parse()?)
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let events: usize = arguments.next().map_or(Ok(200_000), |count| count.parse())?;
    let seeds: u64 = arguments.next().map_or(Ok(3), |count| count.parse())?;
    println!("seed  records  sessions  issues  decode us  sessions us  graph us  resolve us  share of graph and resolve");
    for seed in 1..=seeds {
        let plan =
            simulate::Plan { seed, events, until: "2026-11-18T09:00:00Z".parse()?, days: 3, loss: simulate::Loss::None, hostile: true };
        let mut objects = Vec::new();
        simulate::run(&plan, &mut |object| objects.push(object.body));
        let mut decoder = Decoder::new(HashKey::new([7; 32]));
        let (mut passing, mut sessions) = (Passing::default(), Sessions::default());
        let began = cpu()?;
        for object in &objects {
            let text = decoder.decode(object, &mut passing).1;
            decoder.recycle(text);
        }
        let decoded = cpu()?;
        for object in &objects {
            let text = decoder.decode(object, &mut sessions).1;
            decoder.recycle(text);
        }
        let read = cpu()?;
        let mut graph = Graph::default();
        sessions.uses.iter().for_each(|seen| graph.add_use(Arc::clone(seen)));
        sessions.issues.iter().for_each(|issue| graph.add_issue(Arc::clone(issue)));
        let gathered = cpu()?;
        let keys: HashSet<_> = sessions.uses.iter().map(|seen| Identity::session(&seen.identity)).collect();
        let asked = cpu()?;
        let named = keys.iter().filter(|key| graph.resolve(key).actor.id().is_some()).count();
        let resolved = cpu()?;
        let per = |from: f64, until: f64| (until - from) / 1e3 / passing.0 as f64;
        let (decode, facts) = (per(began, decoded), per(decoded, read) - per(began, decoded));
        let (add, resolve) = (per(read, gathered), per(asked, resolved));
        println!(
            "{seed:4}  {:7}  {:8}  {:6}  {decode:9.2}  {facts:11.2}  {add:8.2}  {resolve:10.2}  {:.0} % of all ({named} named)",
            passing.0,
            keys.len(),
            sessions.issues.len(),
            100.0 * (add + resolve) / (decode + facts + add + resolve)
        );
    }
    Ok(())
}
