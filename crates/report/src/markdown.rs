//! A report in a chat's few lines.

use crate::catalogue::Catalogue;
use crate::model::Report;
use crate::text::plain;

/// Lines, at most.
const LINES_MAX: usize = 15;

/// The numbers that a summary shows, in order.
pub(crate) const CARDS: [&str; 6] = ["people", "privileged_sessions", "changes", "person_changes", "alerts", "unattributed"];

/// Text that no reader of Markdown takes for markup, a mention or a link.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in plain(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~' | '@' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}

/// The summary.
pub(crate) fn summary(report: &Report<'_>, catalogue: &Catalogue) -> String {
    let company = report.company.as_deref().map(|company| format!(" {}", escaped(company))).unwrap_or_default();
    let mut lines = vec![format!("**{}** {}{company}", catalogue.text("page-title"), escaped(&report.period.label))];
    lines.push(format!("{} {}", mark(report), catalogue.text(&format!("opinion-{}", report.opinion.state.word()))));
    for card in CARDS {
        lines.push(format!(
            "- {}: {}",
            catalogue.text(&format!("card-{}", card.replace('_', "-"))),
            report.totals.get(card).copied().unwrap_or_default()
        ));
    }
    let findings = &report.opinion.findings;
    let room = LINES_MAX - lines.len();
    let shown = if findings.len() > room { room - 1 } else { findings.len() };
    for finding in findings.iter().take(shown) {
        lines.push(format!("- {}", crate::html::finding(finding, catalogue)));
    }
    if shown < findings.len() {
        lines.push(format!("- {}", catalogue.with("more-findings", &[("count", &(findings.len() - shown).to_string())])));
    }
    lines.join("\n") + "\n"
}

/// A sign that needs no colour.
pub(crate) fn mark(report: &Report<'_>) -> &'static str {
    match report.opinion.state {
        crate::opinion::State::Incomplete => "✖",
        crate::opinion::State::Findings => "▲",
        crate::opinion::State::Clear => "✔",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_log_stays_text() {
        for (text, expected) in [
            ("<!channel>", "&lt;\\!channel&gt;"),
            ("[x](javascript:1)", "\\[x\\]\\(javascript:1\\)"),
            ("|a| `b` *c* @here", "\\|a\\| \\`b\\` \\*c\\* \\@here"),
            ("a\n# b", "a\\\\u\\{a\\}\\# b"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
