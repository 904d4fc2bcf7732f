//! Tags whose keys begin with `aws:`, in a request: what a service notes on that which it makes.
//!
//! Services refuse that prefix from callers (AWS General Reference, "Tagging AWS resources"), and CloudFormation refuses it in templates, so
//! such a tag says which stack or group a service acted for. Only where tags stand: elsewhere a caller may write what he likes.

use event::json::Json;

/// Containers looked into, and how deep.
const VALUES_MAX: usize = 4_096;
const DEPTH_MAX: usize = 8;

/// The tags that say for what a service acted.
pub(super) const STACK_ID: &str = "aws:cloudformation:stack-id";
pub(super) const GROUP_NAME: &str = "aws:autoscaling:groupName";

const KEPT: [&str; 3] = [STACK_ID, "aws:cloudformation:stack-name", GROUP_NAME];

/// What AWS alone can have written among the tags of a request: stack id and name, and Auto Scaling group.
pub fn marks(request: Option<Json<'_, '_>>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = VALUES_MAX;
    if let Some(request) = request {
        look(request, 0, false, &mut left, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn look(value: Json<'_, '_>, depth: usize, among_tags: bool, left: &mut usize, found: &mut Vec<(String, String)>) {
    if depth > DEPTH_MAX || *left == 0 {
        return;
    }
    *left -= 1;
    if among_tags {
        let member = |name: &str| value.get_either_case(name).and_then(|value| value.text());
        if let (Some(key), Some(text)) = (member("key"), member("value")) {
            keep(&key, &text, found);
        }
    }
    for (name, member) in value.entries() {
        if among_tags && let Some(text) = member.text() {
            keep(&name, &text, found);
        }
        let is_tags = name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("tag"));
        look(member, depth + 1, among_tags || is_tags, left, found);
    }
    for item in value.items() {
        look(item, depth + 1, among_tags, left, found);
    }
}

fn keep(key: &str, value: &str, found: &mut Vec<(String, String)>) {
    if KEPT.contains(&key) && !value.is_empty() {
        found.push((key.to_owned(), value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::marks;
    use event::json::Tape;

    fn of(text: &str) -> Vec<(String, String)> {
        let mut tape = Tape::default();
        tape.read(text.as_bytes(), 0, text.len()).unwrap();
        marks(tape.root(text))
    }

    #[test]
    fn services_notes_are_found_wherever_tags_stand() {
        for text in [
            r#"{"tags":[{"key":"aws:autoscaling:groupName","value":"web"}]}"#,
            r#"{"tags":{"aws:autoscaling:groupName":"web","x":"y"}}"#,
            r#"{"tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"aws:autoscaling:groupName","value":"web"}]}]}}"#,
            r#"{"Tagging":{"TagSet":{"Tag":{"Key":"aws:autoscaling:groupName","Value":"web"}}}}"#,
        ] {
            assert_eq!(of(text), [("aws:autoscaling:groupName".to_owned(), "web".to_owned())], "{text}");
        }
    }

    #[test]
    fn what_lies_too_deep_or_too_far_back_is_left_out() {
        let note = r#"{"key":"aws:autoscaling:groupName","value":"web"}"#;
        // The request is at the top, and the note below the lists.
        for (lists, found) in [(super::DEPTH_MAX - 1, 1), (super::DEPTH_MAX, 0)] {
            let text = format!("{{\"tags\":{}{note}{}}}", "[".repeat(lists), "]".repeat(lists));
            assert_eq!(of(&text).len(), found, "{lists}");
            let text = format!("{{\"tags\":{}{note}{}}}", "{\"x\":".repeat(lists), "}".repeat(lists));
            assert_eq!(of(&text).len(), found, "{lists}");
        }
        for (others, found) in [(super::VALUES_MAX - 3, 1), (super::VALUES_MAX - 2, 0)] {
            let text = format!("{{\"tags\":[{}{note}]}}", "1,".repeat(others));
            assert_eq!(of(&text).len(), found, "{others}");
        }
    }

    #[test]
    fn what_a_caller_may_write_elsewhere_is_no_note() {
        for text in [
            r#"{"defaultArguments":{"aws:autoscaling:groupName":"web"}}"#,
            r#"{"parameters":[{"key":"aws:autoscaling:groupName","value":"web"}]}"#,
            r#"{"tags":[{"key":"team","value":"aws:autoscaling:groupName"}]}"#,
        ] {
            assert_eq!(of(text), [], "{text}");
        }
    }
}
