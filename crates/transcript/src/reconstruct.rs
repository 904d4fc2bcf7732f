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
    let begins = written.rfind("-search)`").filter(|_| !written.contains("': \u{8}"))?;
    let (_, found) = written.get(begins..)?.rsplit_once("': ")?;
    found.split('\u{8}').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_lines_stand_twice() {
        assert_eq!(pasted("sudo reboot nowsudo reboot now"), Some("sudo reboot now"));
        assert_eq!(pasted("lsls"), None);
        assert_eq!(pasted("echo 日本日本"), None);
    }
}
