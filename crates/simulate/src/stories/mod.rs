//! The scripted stories: each plays one way of reaching a change, and notes who it was.
//!
//! A scene in; records, acts and questions go into it. Things that are asked about are named from a drawn suffix, so
//! that neither another story nor the background ever touches them.

mod accounts;
mod behind;
mod blame;
mod doors;
mod hostile;
pub(crate) mod machines;
mod mislead;
mod people;

use crate::organisation::Person;
use crate::scene::Scene;

type Story = (&'static str, fn(&mut Scene, usize, i64));

const STORIES: [Story; 23] = [
    ("terraform", people::terraform),
    ("jenkins", machines::jenkins),
    ("github", machines::github),
    ("contractor", people::contractor),
    ("borrowed_name", people::borrowed_name),
    ("borrowed_source_identity", people::borrowed_source_identity),
    ("iam_user", accounts::iam_user),
    ("federation_token", accounts::federation_token),
    ("root_console", accounts::root_console),
    ("switch_role", accounts::switch_role),
    ("saml", accounts::saml),
    ("vendor", accounts::vendor),
    ("service", machines::service),
    ("forward_access", machines::forward_access),
    ("function", machines::function),
    ("stack_role", behind::stack_role),
    ("stack_set", behind::stack_set),
    ("scheduled_function", behind::scheduled_function),
    ("started", behind::started),
    ("later", behind::later),
    ("agent", doors::agent),
    ("application", doors::application),
    ("pipelines", doors::pipelines),
];

const HOSTILE: [Story; 12] = [
    ("fake_reserved_role", mislead::fake_reserved_role),
    ("machine_like_name", mislead::machine_like_name),
    ("lookalike_issuer", mislead::lookalike_issuer),
    ("same_second", hostile::same_second),
    ("remade_role", hostile::remade_role),
    ("twelve_hops", hostile::twelve_hops),
    ("juggling", hostile::juggling),
    ("denied", mislead::denied),
    ("hostile_text", mislead::hostile_text),
    ("remade_function", blame::remade_function),
    ("borrowed_build", blame::borrowed_build),
    ("borrowed_instance", blame::borrowed_instance),
];

/// No story lasts longer.
const STORY_SECONDS_MAX: i64 = 5400;

/// Rounds of every story, at least: with other people each time.
const ROUNDS: usize = 2;

/// Records of one round of the hostile stories, about.
const HOSTILE_RECORDS: usize = 105;

/// Plays every story in each round, at moments spread over `from..until`; the hostile ones in so many rounds that they make a twentieth
/// of `events`. Returns how many records those made.
pub(crate) fn play(scene: &mut Scene, from: i64, until: i64, hostile: bool, events: usize) -> usize {
    let mut slots: Vec<(usize, bool, Story)> = Vec::new();
    for round in 0..ROUNDS {
        slots.extend(STORIES.iter().map(|story| (round, false, *story)));
    }
    if hostile {
        for round in 0..ROUNDS.max(events / 20 / HOSTILE_RECORDS) {
            slots.extend(HOSTILE.iter().map(|story| (round, true, *story)));
        }
    }
    scene.random.shuffle(&mut slots);
    let (room, count) = (until - from - STORY_SECONDS_MAX - 60, slots.len() as i64);
    let mut made = 0;
    for (slot, (round, is_hostile, (name, story))) in slots.into_iter().enumerate() {
        let before = scene.out.len();
        scene.story = name;
        story(scene, round, from + 30 + room * slot as i64 / count);
        made += if is_hostile { scene.out.len() - before } else { 0 };
    }
    if hostile {
        // Needs the whole span: the key comes round again as late as it can.
        scene.story = "reused_key";
        hostile::reused_key(scene, from + 600, until - STORY_SECONDS_MAX);
    }
    // Needs the whole span too.
    scene.story = "old_key";
    accounts::old_key(scene, from + 900, until - STORY_SECONDS_MAX);
    scene.story = "background";
    made
}

/// Somebody of the company; another one for each `nth`, and in each round.
fn person(scene: &Scene, round: usize, nth: usize) -> Person {
    // The last two of the list are contractors.
    let employees = scene.organisation.people.len() - 2;
    scene.organisation.people[(round * 11 + nth) % employees].clone()
}

fn contractor(scene: &Scene, round: usize) -> Person {
    let people = &scene.organisation.people;
    people[people.len() - 1 - round % 2].clone()
}

fn account(scene: &Scene, name: &str) -> String {
    scene.organisation.account(name).to_owned()
}
