//! Runs a plan from its first window to its last: stories and background merged by time, packed and delivered.

use crate::deliver::{Delivery, WINDOW_SECONDS};
use crate::ledger::Ledger;
use crate::noise::Background;
use crate::organisation::{Organisation, REGIONS};
use crate::scene::Scene;
use crate::{LogObject, Plan, stories};

pub(crate) fn run(plan: &Plan, deliver: &mut dyn FnMut(LogObject)) -> Ledger {
    let organisation = Organisation::new(plan.seed);
    let until = plan.until.as_second();
    let from = until - i64::from(plan.days.max(1)) * 86_400;
    let mut scene = Scene::new(&organisation, "stories", plan.loss, until);
    let hostile = stories::play(&mut scene, from, until, plan.hostile, plan.events);
    let mut scripted = std::mem::take(&mut scene.out);
    scripted.sort_by_key(|pending| pending.time);

    let mut quiet = Scene::new(&organisation, "background", plan.loss, until);
    // One record is kept for the very end.
    let wanted = plan.events.saturating_sub(scripted.len() + 1);
    let mut background = Background::new(&mut quiet, wanted, plan.days);
    let rhythm = Rhythm::new(from, until, wanted);

    let places = organisation.accounts.len() * REGIONS.len();
    let mut delivery = Delivery::new(&organisation, places, deliver);
    let mut scripted = scripted.into_iter().peekable();
    let (mut start, mut weight) = (from, 0);
    while start <= until {
        let end = start + WINDOW_SECONDS;
        while let Some(pending) = scripted.next_if(|pending| pending.time < end) {
            delivery.take(pending);
        }
        weight += busy(start);
        background.fill(start, end.min(until), rhythm.due(weight));
        if end > until {
            background.last(until);
        }
        for pending in background.scene.out.drain(..) {
            delivery.take(pending);
        }
        delivery.close_window(end);
        start = end;
    }
    delivery.finish();

    let (records, duplicates) = (delivery.records, delivery.duplicates);
    let (objects, bytes_uncompressed) = (delivery.objects, delivery.bytes_uncompressed);
    let mut acts = scene.acts.clone();
    let mut questions = scene.questions();
    for mut question in quiet.questions() {
        question.act += acts.len();
        questions.push(question);
    }
    acts.append(&mut quiet.acts);
    let mut uses = scene.uses.clone();
    for (used, opened) in std::mem::take(&mut quiet.uses) {
        let last = uses.entry(used).or_insert(opened);
        *last = opened.max(*last);
    }
    Ledger {
        acts,
        questions,
        records,
        duplicates,
        objects,
        bytes_uncompressed,
        lost: scene.lost + quiet.lost,
        hostile,
        canaries: scene.canaries.all(),
        uses,
        organisation: organisation.clone(),
    }
}

/// How the background's records spread over the windows: more in Japan's working hours.
struct Rhythm {
    wanted: u64,
    total: u64,
}

impl Rhythm {
    fn new(from: i64, until: i64, wanted: usize) -> Self {
        let windows = (from..=until).step_by(WINDOW_SECONDS as usize);
        Self { wanted: wanted as u64, total: windows.map(busy).sum::<u64>().max(1) }
    }

    /// Records due in all by the window at which `weight` has summed up.
    fn due(&self, weight: u64) -> usize {
        (u128::from(self.wanted) * u128::from(weight) / u128::from(self.total)) as usize
    }
}

fn busy(window: i64) -> u64 {
    let hour = window.rem_euclid(86_400) / 3600;
    if (0..10).contains(&hour) { 5 } else { 2 }
}
