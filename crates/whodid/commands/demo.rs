//! `whodid demo`: a sample organisation is written, ingested and asked five questions from real life.

use crate::commands::ingest;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use lake::Lake;
use query::{Question, Reader, Verb};
use simulate::{Loss, Plan};
use std::path::{Path, PathBuf};

/// The questions: a story of the simulation, and what somebody wants to know.
const QUESTIONS: [(&str, &str); 5] = [
    ("terraform", "Port 22 is open to the world, and CloudTrail says it was a Terraform role. Who ran it?"),
    ("jenkins", "The build server in a trainee's account changed this. Which machine was it, and who stands behind it?"),
    ("github", "A deployment changed this. Which repository and branch?"),
    ("contractor", "A contractor was on this machine. Who, and with which tags?"),
    ("borrowed_name", "The session carries a colleague's name. Was it the colleague?"),
];

/// The time of the newest event: fixed, so that one seed is one organisation for ever.
const UNTIL: &str = "2026-11-18T09:00:00Z";

pub(crate) async fn run(settings: &Settings, seed: u64, dir: Option<PathBuf>, events: usize) -> Result<Exit, Failure> {
    let dir = dir.unwrap_or_else(|| settings.data.join(format!("demo-{seed}-{events}")));
    let (logs, place) = (dir.join("logs"), dir.join("lake"));
    let until = UNTIL.parse().map_err(|error: jiff::Error| Failure::internal(&error))?;
    let plan = Plan { seed, events, until, days: 3, loss: Loss::None, hostile: true };
    let mut failed = None;
    let ledger = simulate::run(&plan, &mut |object| {
        if failed.is_none() {
            failed = write(&logs.join(&object.key), &object.body).err();
        }
    });
    if let Some(error) = failed {
        return Err(Failure::usage(
            format!("cannot write the sample organisation to {}: {error}", dir.display()),
            "name a folder that can be written with --dir",
        ));
    }
    let lake = Lake::at(&place.to_string_lossy(), std::collections::HashMap::new())?;
    let source = logs.to_string_lossy().into_owned();
    let summary = ingest::ingest(settings, &lake, std::slice::from_ref(&source), true).await?;
    summary.warn();
    let reader = Reader::new(&lake);
    let mut asked = Vec::new();
    for (story, why) in QUESTIONS {
        // Of the machine's story, what the machine did, not who launched it: that is the next question.
        let fits = |act: &simulate::Act| act.story == story && (story != "jenkins" || act.actor.kind == "workload");
        let question = ledger.questions.iter().find(|question| ledger.acts.get(question.act).is_some_and(fits));
        let Some(thing) = question.map(|question| question.thing.clone()) else { continue };
        let answer = reader
            .answer(&Question {
                thing: thing.clone(),
                verb: Verb::Trace,
                since: None,
                until: None,
                limit: 1,
                include_reads: false,
                include_denied: false,
                tags: Vec::new(),
                attribute: None,
                evidence: true,
            })
            .await?;
        asked.push(render::Asked { why, thing, answer });
    }
    render::demo(settings, &source, &place.to_string_lossy(), &summary, &asked)?;
    Ok(Exit::Done)
}

fn write(path: &Path, body: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // What is there already keeps its time of change, so that a second demo has nothing new to read.
    if std::fs::read(path).is_ok_and(|held| held == body) {
        return Ok(());
    }
    std::fs::write(path, body)
}
