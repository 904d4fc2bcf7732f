//! Sigma rules in, matches out: on commands and sessions (`product: aws, service: ssm_session`) and on CloudTrail records
//! (`product: aws, service: cloudtrail`).
//!
//! Fields of `ssm_session` events, as [`of_command`] and [`of_session`] write them; a list matches by any of its values:
//! `type` (`command`, `session`), `command` (the line, history expanded), `line` (as entered), `program` and `argv` (each program's name, and its
//! words joined by a blank), `elevates` (asks for another user's rights), `elevated` (asks for them, or has root's), `root_shell`,
//! `entered_root_shell`, `how`, `outcome`, `as_user`, `obscured`, `entry`, `doubt`, `run_as_user`, `actor`, `certainty`, `account`, `region`,
//! `instance`, `session_id`, `tags` (of the instance, by name), `transcript` (of a session: `present`, `missing`, `impossible`, `orphan`).

use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;
use rsigma_parser::{SigmaRule, parse_sigma_yaml};
use serde_json::{Map, Value, json};

use crate::command::Command;
use crate::{Error, Outcome};

/// Longest rule file read, in bytes.
pub const RULE_BYTES_MAX: usize = 256 * 1024;

/// The rules that come with the program: name and text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("sudo.yml", include_str!("../../../rules/sudo.yml")),
    ("root_shell.yml", include_str!("../../../rules/root_shell.yml")),
    ("sudo_obscured.yml", include_str!("../../../rules/sudo_obscured.yml")),
    ("transcript_missing.yml", include_str!("../../../rules/transcript_missing.yml")),
    ("logging_tampered.yml", include_str!("../../../rules/logging_tampered.yml")),
    ("credentials_read.yml", include_str!("../../../rules/credentials_read.yml")),
    ("trail_tampered.yml", include_str!("../../../rules/trail_tampered.yml")),
];

/// What a rule reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogSource {
    /// [`of_command`], [`of_session`].
    Session,
    /// A CloudTrail record, as JSON.
    CloudTrail,
}

/// A rule that took an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its `name`, else its `id`, else its title: what `--rule` and suppressions say.
    pub rule: String,
    pub id: Option<String>,
    pub title: String,
    /// `informational` to `critical`.
    pub level: Option<String>,
    pub tags: Vec<String>,
}

struct Loaded {
    rule: Match,
    engine: Engine,
}

/// Rules ready to run.
#[derive(Default)]
pub struct Rules {
    session: Vec<Loaded>,
    cloudtrail: Vec<Loaded>,
}

impl Rules {
    /// Those of [`SHIPPED`].
    pub fn shipped() -> (Self, Vec<Error>) {
        let mut rules = Self::default();
        let errors = SHIPPED.iter().flat_map(|(name, yaml)| rules.load(name, yaml)).collect();
        (rules, errors)
    }

    /// Adds the rules of a file, and gives an error for each document that is none; the others are added. `name` is for the errors.
    pub fn load(&mut self, name: &str, yaml: &str) -> Vec<Error> {
        let error = |line, reason: String| Error::Rule { name: name.to_owned(), line, reason };
        if yaml.len() > RULE_BYTES_MAX {
            return vec![error(1, format!("longer than {RULE_BYTES_MAX} bytes"))];
        }
        documents(yaml)
            .into_iter()
            .filter_map(|(first, text)| self.add(&text).err().map(|reason| error(first + line_of(&text, &reason), reason)))
            .collect()
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let collection = parse_sigma_yaml(text).map_err(|error| error.to_string())?;
        if let Some(error) = collection.errors.first() {
            return Err(error.clone());
        }
        if !collection.filters.is_empty() || !collection.correlations.is_empty() {
            return Err("only detection rules are run here".to_owned());
        }
        let Some(rule) = collection.rules.first() else { return Err("no rule in this document".to_owned()) };
        let target = match source(rule) {
            Some(LogSource::Session) => &mut self.session,
            Some(LogSource::CloudTrail) => &mut self.cloudtrail,
            None => return Err("logsource is neither aws/ssm_session nor aws/cloudtrail".to_owned()),
        };
        let mut engine = Engine::new();
        engine.add_rule(rule).map_err(|error| error.to_string())?;
        target.push(Loaded { rule: described(rule), engine });
        Ok(())
    }

    /// Every rule, in the order of loading.
    pub fn list(&self) -> impl Iterator<Item = &Match> {
        self.session.iter().chain(&self.cloudtrail).map(|loaded| &loaded.rule)
    }

    /// The rules of `source` that take `event`; of a line that most likely did not run, none.
    pub fn matching(&self, source: LogSource, event: &Value) -> Vec<&Match> {
        let rules = match source {
            LogSource::Session if event.get("not_run").and_then(Value::as_bool) == Some(true) => return Vec::new(),
            LogSource::Session => &self.session,
            LogSource::CloudTrail => &self.cloudtrail,
        };
        let event = JsonEvent::borrow(event);
        rules.iter().filter(|loaded| !loaded.engine.evaluate(&event).is_empty()).map(|loaded| &loaded.rule).collect()
    }
}

fn source(rule: &SigmaRule) -> Option<LogSource> {
    match (rule.logsource.product.as_deref(), rule.logsource.service.as_deref()) {
        (Some("aws"), Some("ssm_session")) => Some(LogSource::Session),
        (Some("aws"), Some("cloudtrail")) => Some(LogSource::CloudTrail),
        _ => None,
    }
}

fn described(rule: &SigmaRule) -> Match {
    Match {
        rule: rule.name.clone().or_else(|| rule.id.clone()).unwrap_or_else(|| rule.title.clone()),
        id: rule.id.clone(),
        title: rule.title.clone(),
        level: rule.level.as_ref().map(|level| format!("{level:?}").to_lowercase()),
        tags: rule.tags.clone(),
    }
}

/// The documents of a file with the line each begins in, counted from 1.
pub(crate) fn documents(yaml: &str) -> Vec<(usize, String)> {
    let mut documents = vec![(1, String::new())];
    for (number, line) in (1..).zip(yaml.lines()) {
        if line.trim_end() == "---" {
            documents.push((number + 1, String::new()));
        } else if let Some((_, text)) = documents.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    documents.retain(|(_, text)| text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')));
    documents
}

/// Where in a document an error lies, counted from 0: the line that the parser names, else the key that it speaks of.
pub(crate) fn line_of(text: &str, reason: &str) -> usize {
    let numbered = reason
        .split("line ")
        .nth(1)
        .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|number| number.parse::<usize>().ok());
    if let Some(line) = numbered.filter(|line| *line > 0) {
        return line - 1;
    }
    let quoted = reason.split(['\'', '"', '`']).nth(1).unwrap_or_default();
    let lower = reason.to_lowercase();
    let keys = ["condition", "detection", "logsource", "level", "title"];
    let place = |wanted: &dyn Fn(&str) -> bool| text.lines().position(wanted);
    let by_word = (!quoted.is_empty()).then(|| place(&|line| line.contains(quoted))).flatten();
    let by_key = || keys.iter().find(|key| lower.contains(*key)).and_then(|key| place(&|line| line.trim_start().starts_with(*key)));
    // A pattern is quoted by the engine that refused it; the rule's line holds the same text.
    let by_text = || {
        place(&|line| line.split_once(": ").is_some_and(|(_, value)| value.len() > 3 && reason.contains(value.trim_matches(['\'', '"']))))
    };
    by_word
        .or_else(by_text)
        .or_else(by_key)
        .or_else(|| place(&|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')))
        .unwrap_or(0)
}

/// What is known of the session that an event happened in; absent values give no field.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub session_id: Option<String>,
    /// The actor's id, as answers give it.
    pub actor: Option<String>,
    pub certainty: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub instance: Option<String>,
    pub run_as_user: Option<String>,
    /// Tags of the instance.
    pub tags: Vec<(String, String)>,
}

impl About {
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        for (name, value) in [
            ("session_id", &self.session_id),
            ("actor", &self.actor),
            ("certainty", &self.certainty),
            ("account", &self.account),
            ("region", &self.region),
            ("instance", &self.instance),
            ("run_as_user", &self.run_as_user),
        ] {
            if let Some(value) = value {
                fields.insert(name.to_owned(), Value::String(value.clone()));
            }
        }
        let tags: Map<String, Value> = self.tags.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        fields.insert("tags".to_owned(), Value::Object(tags));
        fields
    }
}

/// A command as rules see it. Secrets are not masked here: what goes out must be ([`crate::mask`]).
pub fn of_command(command: &Command, about: &About) -> Value {
    let mut fields = about.fields();
    let elevations = &command.elevations;
    let how = command.programs.iter().map(|program| json!(program.how)).chain(command.root_shell.then(|| json!("root_shell")));
    let obscured = elevations.iter().any(|by| by.obscured)
        || command.programs.iter().any(|program| program.obscured && reads_script(&program.program));
    let set = [
        ("type", json!("command")),
        ("command", json!(command.effective())),
        ("line", json!(command.line)),
        ("program", command.programs.iter().map(|program| json!(program.program)).collect()),
        ("argv", command.programs.iter().map(|program| json!(program.argv.join(" "))).collect()),
        ("elevates", json!(command.elevates())),
        ("elevated", json!(command.elevated())),
        ("root_shell", json!(command.root_shell)),
        ("entered_root_shell", json!(command.entered_root_shell)),
        ("how", how.collect()),
        ("outcome", elevations.iter().map(|by| json!(by.outcome)).collect()),
        ("as_user", elevations.iter().map(|by| json!(by.as_user.as_deref().unwrap_or("root"))).collect()),
        ("obscured", json!(obscured)),
        ("entry", json!(command.entry)),
        ("doubt", json!(command.doubt)),
        ("not_run", json!(command.not_run)),
    ];
    fields.extend(set.map(|(name, value)| (name.to_owned(), value)));
    if let Some(user) = &command.user {
        fields.insert("run_as_user".to_owned(), json!(user));
    }
    Value::Object(fields)
}

/// An event of [`of_command`] with what is known of its session, where that was not known when the event was made.
pub fn placed(event: &Value, about: &About) -> Value {
    let mut fields = about.fields();
    if let Value::Object(own) = event {
        fields.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    Value::Object(fields)
}

/// A session as rules see it. `transcript`: `present`, `missing`, `impossible`, `orphan`; `why` in words.
pub fn of_session(about: &About, transcript: &str, why: &str) -> Value {
    let mut fields = about.fields();
    fields.insert("type".to_owned(), json!("session"));
    fields.insert("transcript".to_owned(), json!(transcript));
    fields.insert("why".to_owned(), json!(why));
    Value::Object(fields)
}

fn reads_script(program: &str) -> bool {
    crate::shell::is_shell(program)
}

/// The outcome that an alert tells of a command with several attempts: the gravest. Of a line that most likely did not run, that.
pub fn outcome(command: &Command) -> Option<Outcome> {
    if command.not_run {
        return Some(Outcome::NotRun);
    }
    let order = [Outcome::Succeeded, Outcome::Unknown, Outcome::Refused, Outcome::PasswordFailed, Outcome::NotFound];
    order.into_iter().find(|outcome| command.elevations.iter().any(|by| by.outcome == *outcome))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Collected, Setup, Transcript};

    fn names(source: LogSource, event: &Value) -> Vec<String> {
        let (rules, errors) = Rules::shipped();
        assert!(errors.is_empty(), "{errors:?}");
        rules.matching(source, event).iter().map(|found| found.rule.clone()).collect()
    }

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let mut found = Collected::default();
        let mut transcript = Transcript::new(Setup::default());
        transcript.push(format!("sh-4.2$ {line}\r\nsh-4.2$ ").as_bytes(), None, &mut found);
        transcript.finish(&mut found);
        assert_eq!(names(LogSource::Session, &of_command(&found.commands[0], &About::default())), expected, "{line}");
    }

    #[test]
    fn shipped_rules_take_what_they_name() {
        check("sudo reboot", &["sudo"]);
        check("ls | sudo tee /x", &["sudo"]);
        check(r#"s""udo id"#, &["sudo", "sudo_obscured"]);
        check("echo c3Vkbw== | base64 -d | sh", &["sudo_obscured"]);
        check("sudo -l", &[]);
        check("man sudo", &[]);
        check("history -c", &["logging_tampered"]);
        check("sudo systemctl stop amazon-ssm-agent", &["sudo", "logging_tampered"]);
        check("systemctl restart nginx", &[]);
        check("unset HISTFILE", &["logging_tampered"]);
        check("bind 'set horizontal-scroll-mode on'", &["logging_tampered"]);
        check("setopt singlelinezle", &["logging_tampered"]);
        check("stty cols 9", &["logging_tampered"]);
        check("stty rows 40 cols 120", &[]);
        check("rm -rf /var/log/secure", &["logging_tampered"]);
        check("curl http://169.254.169.254/latest/meta-data/iam/security-credentials/", &["credentials_read"]);
        check("cat ~/.aws/credentials", &["credentials_read"]);
        check("aws secretsmanager get-secret-value --secret-id x", &["credentials_read"]);
        check("cat README.md", &[]);
    }

    #[test]
    fn sessions_and_records_are_taken_too() {
        assert_eq!(names(LogSource::Session, &of_session(&About::default(), "missing", "the host died")), ["transcript_missing"]);
        assert_eq!(names(LogSource::Session, &of_session(&About::default(), "impossible", "port forwarding")), [""; 0]);
        let record = |name: &str| json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": name});
        assert_eq!(names(LogSource::CloudTrail, &record("StopLogging")), ["trail_tampered"]);
        assert_eq!(names(LogSource::CloudTrail, &record("DescribeTrails")), [""; 0]);
        let document = json!({"eventSource": "ssm.amazonaws.com", "eventName": "UpdateDocument", "requestParameters": {"name": "SSM-SessionManagerRunShell"}});
        assert_eq!(names(LogSource::CloudTrail, &document), ["trail_tampered"]);
    }

    #[test]
    fn a_bad_rule_is_refused_by_its_line_and_the_others_run() {
        let good =
            "title: a\nname: a\nlogsource:\n  product: aws\n  service: ssm_session\ndetection:\n  s:\n    elevates: true\n  condition: s\n";
        for (bad, line) in [
            ("title: b\nlogsource:\n  product: aws\n  service: ssm_session\ndetection:\n  s:\n    x|nonsense: 1\n  condition: s\n", 7),
            ("title: b\nlogsource:\n  product: aws\n  service: ssm_session\ndetection:\n  s:\n    x: 1\n  condition: s and (\n", 8),
            ("title: b\nlogsource:\n  product: aws\n  service: ssm_session\ndetection:\n  s:\n    x: 1\n  condition: other\n", 8),
            ("title: b\nlogsource:\n  product: aws\n  service: ssm_session\ndetection:\n  s:\n    x|re: '(['\n  condition: s\n", 7),
            ("title: b\nlogsource:\n  product: windows\ndetection:\n  s:\n    x: 1\n  condition: s\n", 2),
            ("title: b\n  bad: [indent\n", 2),
            ("just text\n", 1),
        ] {
            let mut rules = Rules::default();
            let errors = rules.load("r.yml", &format!("{bad}---\n{good}"));
            assert_eq!(rules.list().count(), 1, "{bad}");
            let [Error::Rule { line: found, reason, .. }] = errors.as_slice() else { panic!("{bad}: {errors:?}") };
            assert_eq!(*found, line, "{bad}: {reason}");
            let mut rules = Rules::default();
            let errors = rules.load("r.yml", &format!("{good}---\n{bad}"));
            assert!(matches!(errors.as_slice(), [Error::Rule { line: found, .. }] if *found == line + 10), "{errors:?}");
        }
    }
}
