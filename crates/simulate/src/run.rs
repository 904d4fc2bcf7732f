//! Runs a plan from its first window to its last: stories and background merged by time, packed and delivered.

use crate::deliver::{Delivery, WINDOW_SECONDS};
use crate::ledger::{Call, Ledger};
use crate::noise::Background;
use crate::organisation::{Organisation, REGIONS};
use crate::scene::{Pending, Scene};
use crate::{LogObject, Plan, stories};

pub(crate) fn run(plan: &Plan, deliver: &mut dyn FnMut(LogObject), mut note: Option<&mut dyn FnMut(Call)>) -> Ledger {
    let organisation = Organisation::new(plan.seed);
    let until = plan.until.as_second();
    let from = until - i64::from(plan.days.max(1)) * 86_400;
    let mut scene = Scene::new(&organisation, "stories", plan.loss, until);
    scene.notes_calls = note.is_some();
    let hostile = stories::play(&mut scene, from, until, plan.hostile, plan.events);
    let mut scripted = std::mem::take(&mut scene.out);
    scripted.sort_by_key(|pending| pending.time);

    let mut quiet = Scene::new(&organisation, "background", plan.loss, until);
    quiet.notes_calls = note.is_some();
    // One record is kept for the very end.
    let wanted = plan.events.saturating_sub(scripted.len() + 1);
    let mut background = Background::new(&mut quiet, wanted, plan.days);
    let rhythm = Rhythm::new(from, until, wanted);

    let places = organisation.accounts.len() * REGIONS.len();
    let mut delivery = Delivery::new(&organisation, places, deliver);
    let mut take = |delivery: &mut Delivery, pending: Pending| {
        if let (Some(note), Some(call)) = (note.as_mut(), delivery.take(pending)) {
            note(*call);
        }
    };
    let mut scripted = scripted.into_iter().peekable();
    let (mut start, mut weight) = (from, 0);
    while start <= until {
        let end = start + WINDOW_SECONDS;
        while let Some(pending) = scripted.next_if(|pending| pending.time < end) {
            take(&mut delivery, pending);
        }
        weight += busy(start);
        background.fill(start, end.min(until), rhythm.due(weight));
        if end > until {
            background.last(until);
        }
        for pending in background.scene.out.drain(..) {
            take(&mut delivery, pending);
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
    let mut keys = scene.keys.clone();
    keys.append(&mut quiet.keys);
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
        keys,
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
