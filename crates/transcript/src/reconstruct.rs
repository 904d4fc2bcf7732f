//! What a streamed log shows of pastes and searches: a line in, the part of it that was entered out.

/// A shorter one may be a word written twice.
const PASTED_BYTES_MIN: usize = 8;

/// The line that was shown as pasted, and drawn again when it was entered: it stands there twice.
pub(crate) fn pasted(shown: &str) -> Option<&str> {
    let (first, second) = shown.split_at_checked(shown.len() / 2)?;
    (first == second && first.len() >= PASTED_BYTES_MIN).then_some(first)
}

/// What a search of the history found last, where the line that it was taken into is not written again. `written`: what stands behind the
/// prompt, with backspaces.
pub(crate) fn sought(written: &str) -> Option<&str> {
    let begins = written.rfind("-search)`")?;
    let (_, found) = written.get(begins..)?.rsplit_once("': ")?;
    found.split('\u{8}').next().filter(|found| !found.is_empty())
}

/// Lines that were pasted at once stand there twice, the second time without the colours of a paste, and the first of the second time behind the
/// last of the first. `first`: the line at the prompt; `shown`: those that follow it. Gives all lines of the paste, and how many of `shown` they
/// took.
pub(crate) fn pasted_lines<'a>(first: &str, shown: &[&'a str]) -> Option<(Vec<&'a str>, usize)> {
    let place = shown.iter().position(|line| line.ends_with(first) && !first.is_empty())?;
    let last = shown.get(place)?.strip_suffix(first)?;
    let mut rest: Vec<&str> = shown.get(..place)?.to_vec();
    rest.push(last);
    let again = shown.get(place + 1..place + 1 + rest.len())?;
    (again == rest.as_slice()).then(|| (rest, place + 1 + again.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_pasted_lines_stand_twice() {
        let shown = ["sudo id", "lsecho a", "sudo id", "ls", "a", "uid=0(root)"];
        assert_eq!(pasted_lines("echo a", &shown), Some((vec!["sudo id", "ls"], 4)));
        assert_eq!(pasted_lines("echo a", &["a"]), None);
        assert_eq!(pasted_lines("echo a", &["xecho a", "y"]), None);
    }

    #[test]
    fn pasted_lines_stand_twice() {
        assert_eq!(pasted("sudo reboot nowsudo reboot now"), Some("sudo reboot now"));
        assert_eq!(pasted("lsls"), None);
        assert_eq!(pasted("echo 日本日本"), None);
    }
}
