//! What was in force beside the lake when a report was made: exceptions in, the register out; lists and files in, their hashes out.

use crate::commands::alert::{rule_files, text_of};
use crate::failure::Failure;
use crate::settings::Settings;
use ::report::{Period, Rows};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use transcript::rules::{Rules, SHIPPED};
use transcript::suppress::Suppressions;

/// How long before it expires an exception is shown to do so soon.
const SOON_MICROS: i64 = 30 * 86_400_000_000;

/// Rules, suppressions and lists that were in force.
#[derive(Debug, Default)]
pub(crate) struct InForce {
    register: Vec<Entry>,
    /// SHA-256 of each file and list, by its name.
    pub(crate) hashes: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Entry {
    kind: String,
    what: String,
    owner: String,
    reason: String,
    /// From when on it does nothing, microseconds since 1970.
    expires: i64,
}

impl InForce {
    /// Reads the files that a report was given, and takes what the configuration says.
    pub(crate) fn read(settings: &Settings, suppress: &[PathBuf], rules: &[PathBuf]) -> Result<Self, Failure> {
        let mut found = Self { register: Vec::new(), hashes: settings.hashes.clone() };
        for (name, text) in SHIPPED {
            found.add_rules(name, text)?;
        }
        for path in rules.iter().flat_map(|path| rule_files(path)) {
            found.add_rules(&name_of(&path), &text_of(&path)?)?;
        }
        for path in suppress {
            let (name, text) = (name_of(path), text_of(path)?);
            let mut list = Suppressions::default();
            refuse(&list.load(&name, &text))?;
            found.register.extend(list.counts().map(|(one, _)| Entry {
                kind: "suppression".to_owned(),
                what: format!("{} ({})", one.title, one.rules.join(" ")),
                owner: one.owner.clone(),
                reason: one.reason.clone(),
                expires: one.expires,
            }));
            found.note(format!("suppressions {name}"), &text);
        }
        found.register.extend(settings.exceptions.iter().map(|one| Entry {
            kind: one.kind.clone(),
            what: one.what.clone(),
            owner: one.owner.clone(),
            reason: one.reason.clone(),
            expires: one.expires,
        }));
        Ok(found)
    }

    fn add_rules(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let mut rules = Rules::default();
        refuse(&rules.load(name, text))?;
        let ids: BTreeSet<&str> = rules.list().map(|rule| rule.id.as_deref().unwrap_or(&rule.rule)).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        self.note(format!("rule {} {name}", ids.join(" ")), text);
        Ok(())
    }

    /// Two files of one name are told apart by a number.
    fn note(&mut self, name: String, text: &str) {
        let free = (2..).map(|count| format!("{name} {count}"));
        if let Some(name) = std::iter::once(name.clone()).chain(free).find(|name| !self.hashes.contains_key(name)) {
            self.hashes.insert(name, lake::sha256(text.as_bytes()));
        }
    }

    /// The register as of a period's end; with what suppressed alerts of the period and is in no file that was given.
    pub(crate) fn register(&self, period: &Period, alerts: &Rows) -> Rows {
        let state = |expires: i64| match () {
            () if expires <= period.until => "expired",
            () if expires <= period.until + SOON_MICROS => "expires_soon",
            () => "in_force",
        };
        let text = |text: &str| Some(text.to_owned());
        // The last day on which it holds.
        let day = |expires: i64| event::time::rfc3339(expires - 1).get(..10).map(str::to_owned);
        let mut rows: Vec<Vec<Option<String>>> = Vec::new();
        for entry in &self.register {
            let expires = (day(entry.expires), text(state(entry.expires)));
            rows.push(vec![text(&entry.kind), text(&entry.what), text(&entry.owner), text(&entry.reason), expires.0, expires.1]);
        }
        let place = alerts.columns.iter().position(|column| column == "suppressed_by");
        let used: BTreeSet<&str> = alerts.rows.iter().filter_map(|row| row.get(place?)?.as_deref()).collect();
        let given = |title: &str| {
            let head = format!("{title} (");
            self.register.iter().any(|entry| entry.kind == "suppression" && entry.what.starts_with(&head))
        };
        for title in used.into_iter().filter(|title| !given(title)) {
            rows.push(vec![text("suppression"), text(title), None, None, None, text("not_given")]);
        }
        rows.sort();
        Rows::new(&["exception_kind", "what", "owner", "reason", "expires", "exception_state"], rows)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A report says what was in force: a file that cannot be understood is no part of that.
fn refuse(errors: &[transcript::Error]) -> Result<(), Failure> {
    match errors.first() {
        Some(error) => Err(Failure::usage(error.to_string(), "give the files that whodid alert is given")),
        None => Ok(()),
    }
}
