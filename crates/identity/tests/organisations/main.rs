//! Simulated organisations, end to end in memory: log objects in, every act's answer out, compared with the ledger of what was done.
//!
//! The ledger is written by the simulation as it acts, and knows nothing of how the answers are found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should say so at once")]

mod oracle;
mod scenarios;
mod truth;
mod world;

use simulate::{Loss, Plan};
use truth::Verdict;
use world::World;

/// `--nocapture` shows the figures.
#[expect(clippy::print_stderr, reason = "the figures of a run are read by people")]
fn report(name: &str, verdict: &Verdict) {
    eprintln!("{name}: {verdict}");
}

fn plan(seed: u64, events: usize, loss: Loss) -> Plan {
    Plan { seed, events, until: "2026-11-18T09:00:00Z".parse().unwrap(), days: 3, loss, hostile: true }
}

#[track_caller]
fn check(name: &str, plans: impl Iterator<Item = Plan>) -> Verdict {
    let mut verdict = Verdict::default();
    for plan in plans {
        let world = World::of(&plan);
        verdict.judge(&world);
        verdict.compare(&world);
    }
    report(name, &verdict);
    assert!(verdict.wrong.is_empty(), "{} differ from the truth:\n{}", verdict.wrong.len(), verdict.wrong.join("\n"));
    verdict
}

#[test]
fn whole_logs_prove_every_complete_chain_and_name_nobody_wrongly() {
    let verdict = check("whole logs", (1..=8).map(|seed| plan(seed, 25_000, Loss::None)));
    assert!(verdict.events >= 200_000 && verdict.hostile * 20 >= verdict.events, "{verdict}");
    assert_eq!((verdict.proven, verdict.wrong_names, verdict.wrong_causes), (verdict.complete, 0, 0), "{verdict}");
    assert!(verdict.plain * 6 > verdict.compared, "{verdict}");
    assert!(verdict.caused > 100 && verdict.found * 100 >= verdict.caused * 95, "{verdict}");
}

#[test]
fn lost_issuing_events_name_nobody_wrongly() {
    let verdict = check("lost events", (11..=14).map(|seed| plan(seed, 10_000, Loss::IssuingEvents)));
    assert!(verdict.acts > verdict.complete, "{verdict}");
}
