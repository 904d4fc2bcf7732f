//! A value as a page says it: times on the period's clocks, our own words in the page's language, all else as it is, cut where it is long.

use crate::catalogue::Catalogue;
use crate::model::Kind;
use crate::period::Period;
use crate::text::plain;

/// Letters of a value on a page, at most; its file has more.
const LETTERS_SHOWN_MAX: usize = 400;
/// Words that stand for a value that is not known, or not there, or that a call itself says.
const WORDS_OF_VALUES: [&str; 6] = ["not_in_lake", "not_looked_for", "none", "attached", "assigned", "member"];
/// What a cause begins with that lies behind a machine which is a cause itself.
const THROUGH: &str = "that machine ";

/// A value of a column.
pub(crate) fn said(column: &str, value: &str, clock: &Period, catalogue: &Catalogue) -> String {
    let word = |prefix: &str| {
        let key = format!("{prefix}-{}", value.replace('_', "-"));
        if catalogue.has(&key) { catalogue.text(&key) } else { cut(value) }
    };
    match Kind::of(column) {
        Kind::Time => clock.local(value, "%Y-%m-%d %H:%M:%S"),
        Kind::Certainty => word("certainty"),
        Kind::Word => word("value"),
        _ if column == "why" => why(value, clock, catalogue),
        _ if matches!(column, "before" | "after") && WORDS_OF_VALUES.contains(&value) => word("value"),
        _ => cut(value),
    }
}

/// Reasons, parted by semicolons: a sentence of ours, or one before the call that it rests on.
fn why(value: &str, clock: &Period, catalogue: &Catalogue) -> String {
    let of = |sentence: &str| {
        let key = format!("why-{}", slug(sentence));
        catalogue.has(&key).then(|| catalogue.text(&key))
    };
    let reason = |part: &str| {
        if let Some(sentence) = of(part) {
            return sentence;
        }
        let (through, rest) = part.strip_prefix(THROUGH).map_or((false, part), |rest| (true, rest));
        let told = rest.split_once(": ").and_then(|(sentence, call)| Some((of(sentence)?, call.split_once(" at ")?)));
        let Some((sentence, (call, time))) = told else { return cut(part) };
        let (call, time) = (cut(call), clock.local(time, "%Y-%m-%d %H:%M:%S"));
        let key = if through { "why-call-of-a-machine" } else { "why-call" };
        catalogue.with(key, &[("why", &sentence), ("call", &call), ("time", &time)])
    };
    let both = |one: String, two: String| catalogue.with("why-two", &[("one", &one), ("two", &two)]);
    value.split("; ").map(reason).reduce(both).unwrap_or_default()
}

/// A sentence of ours as a key: letters, and a hyphen for what is between them.
fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// A value that fits a page.
pub(crate) fn cut(value: &str) -> String {
    let text = plain(value);
    match text.char_indices().nth(LETTERS_SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn a_reason_is_said_in_the_pages_language_on_its_clocks() {
        let clock = Period::days("2026-11-17", "2026-11-17", "Asia/Tokyo").unwrap();
        let two =
            "started this task: RunTask at 2026-11-17T09:23:48Z; that machine launched this instance: RunInstances at 2026-11-17T10:00:00Z";
        let unknown = "did what no catalogue knows: RunTask at 2026-11-17T09:23:48Z";
        for (language, value, expected) in [
            (
                Language::En,
                two,
                "started this task: RunTask at 2026-11-17 18:23:48; that machine launched this instance: RunInstances at 2026-11-17 19:00:00",
            ),
            (
                Language::Ja,
                two,
                "このタスクを開始：RunTask（2026-11-17 18:23:48）。その機械は次による：このインスタンスを起動：RunInstances（2026-11-17 19:00:00）",
            ),
            (Language::Ja, unknown, unknown),
            (Language::Ja, "the next digest is overdue", "the next digest is overdue"),
            (Language::Ja, "no digests", "ダイジェストがありません"),
        ] {
            assert_eq!(said("why", value, &clock, &Catalogue::new(language)), expected);
        }
        let ja = Catalogue::new(Language::Ja);
        assert_eq!(said("after", "attached", &clock, &ja), "アタッチ済み");
        assert_eq!(said("request", "attached", &clock, &ja), "attached");
    }
}
