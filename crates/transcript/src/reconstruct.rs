//! What a streamed log shows of pastes and searches: a line in, the part of it that was entered out.

/// Longest prompt to the right that is looked for, in bytes.
const RIGHT_PROMPT_MAX: usize = 80;
/// A shorter one may be a word written twice.
const PASTED_BYTES_MIN: usize = 8;
/// Less than this may be said by many.
const HEARD_BYTES_MIN: usize = 3;

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

/// The line that `first` became when its last word was completed out of a list, which `shown` begins with, and how many of `shown` that took. zsh
/// writes the line again behind the list, and the prompt to the right behind that: `right`, digits as `0`.
pub(crate) fn completed(first: &str, shown: &[&str], right: Option<&str>) -> Option<(String, usize)> {
    let last = first.rsplit([' ', '/', '=', '\'', '"']).next().filter(|last| !last.is_empty() && *last != first)?;
    let place = shown.iter().position(|line| line.contains(first))?;
    let (list, added) = shown.get(place)?.split_once(first)?;
    let mut entries = shown.get(..place)?.iter().copied().chain([list]).flat_map(str::split_whitespace).peekable();
    if entries.peek().is_none() || !entries.all(|entry| entry.starts_with(last)) {
        return None;
    }
    let length = right.map_or(0, |right| right.chars().count());
    let beside: String = added.chars().take(length).collect();
    let added = if right == Some(shape(&beside).as_str()) { added.get(beside.len()..)? } else { added };
    Some((format!("{first}{}", added.trim_end()), place + 1))
}

/// The `echo` that `line` was, by what it `said`: it stands at the line's end, grown together with what was taken back before it, or an earlier
/// one was brought back, of which only the letters that differ were written.
pub(crate) fn heard(line: &str, said: &str, skips_letters: bool, was_entered: impl Fn(&str) -> bool) -> Option<String> {
    let said = said.trim_end();
    let plain = said.len() >= HEARD_BYTES_MIN && said.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' '));
    let echo = format!("echo {said}");
    let is_glued = |before: Option<&str>| before.is_some_and(|before| before.ends_with(char::is_alphanumeric));
    let line = line.trim_end();
    // zsh leaves out letters that stand there already, also between `sudo` and `echo`.
    let typed = !skips_letters && is_glued(line.strip_suffix(echo.as_str()));
    let before = line.strip_suffix(said).filter(|before| !before.contains("echo"));
    let brought_back = || skips_letters && is_glued(before) && was_entered(&echo);
    (plain && (typed || brought_back())).then_some(echo)
}

/// What readline writes of a prompt when a search of the history is over: what the two begin with stands there already.
pub(crate) fn drawn_after_search(prompt: &str) -> &str {
    let same = prompt.bytes().zip(b"(reverse-i-search)`".iter()).take_while(|(one, other)| one == *other).count();
    prompt.get(same..).unwrap_or(prompt)
}

/// What zsh was asked to look for in the history, which it shows below the line: each letter, and `_` behind it.
pub(crate) fn sought_below(written: &str) -> Option<String> {
    let shown = ["bck-i-search: _", "fwd-i-search: _"].iter().find_map(|says| written.strip_prefix(says))?;
    // Given up: the line that was found is blanked.
    if shown.rsplit('_').next().is_some_and(|rest| rest.contains("    ")) {
        return None;
    }
    let letters: Vec<char> = shown.chars().collect();
    let before_mark = letters.windows(2).filter_map(|pair| if let [letter, '_'] = pair { Some(*letter) } else { None });
    let sought: String = before_mark.collect();
    (!sought.is_empty() && !sought.contains('\u{8}')).then_some(sought)
}

/// How long the prompt to the right of the input is, which stands before it where moves were taken out. zsh writes the first letter that is
/// typed twice, so that it is seen; `known` is what stood there before, digits as `0`.
pub(crate) fn right_prompt(written: &str, known: &mut Option<String>) -> usize {
    let twice = written.find('\u{8}').filter(|at| {
        let before = written.get(..*at).and_then(|before| before.chars().next_back());
        before.is_some() && before == written.get(at + 1..).and_then(|behind| behind.chars().next())
    });
    if let Some(at) = twice
        && let Some(found) = written.get(..at).and_then(|before| before.char_indices().next_back().and_then(|(last, _)| before.get(..last)))
    {
        if found.len() > RIGHT_PROMPT_MAX {
            return 0;
        }
        *known = Some(shape(found)).filter(|found| !found.is_empty());
        return found.len();
    }
    let Some(known) = known.as_deref() else { return 0 };
    let length = known.chars().count();
    let found: String = written.chars().take(length).collect();
    if shape(&found) == known { found.len() } else { 0 }
}

/// Digits as `0`: a clock goes on.
fn shape(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect()
}

/// fish writes a word again once it is a known program, in another colour: a program that changes the user, and what follows it.
pub(crate) fn recoloured(written: &str) -> Option<String> {
    let letters: Vec<char> = written.chars().collect();
    let mut found = None;
    let mut at = 0;
    while at < letters.len() {
        let backs = letters.iter().skip(at).take_while(|letter| **letter == '\u{8}').count();
        let word: String = letters.iter().skip(at + backs).filter(|letter| **letter != ' ').take(6).collect();
        if (2..=6).contains(&backs)
            && let Some(name) = ["sudo", "doas", "pkexec"].into_iter().find(|name| word.starts_with(name) && backs <= name.len())
        {
            found = Some((name, at + backs));
        }
        at += backs.max(1);
    }
    let (name, from) = found?;
    let mut shown: Vec<char> = Vec::new();
    for letter in letters.into_iter().skip(from) {
        match letter {
            '\u{8}' => shown.truncate(shown.len().saturating_sub(1)),
            _ => shown.push(letter),
        }
    }
    // Its letters may stand apart, where a suggestion stood between them.
    let mut left = name.chars().peekable();
    let rest: String =
        shown.into_iter().skip_while(|letter| left.peek().is_some() && (*letter == ' ' || left.next_if_eq(letter).is_some())).collect();
    Some(format!("{name} {}", rest.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// Lines that were pasted at once stand there twice, the second time without the colours of a paste, and the first of the second time behind the
/// last of the first. `first`: the line at the prompt; `shown`: those that follow it. Gives all lines of the paste, and how many of `shown` they
/// took.
pub(crate) fn pasted_lines<'a>(first: &str, shown: &[&'a str]) -> Option<(Vec<&'a str>, usize)> {
    drawn_in_one(first, shown).or_else(|| drawn_in_lines(first, shown))
}

/// zsh goes from row to row by moves: of the second time all lines stand in one.
fn drawn_in_one<'a>(first: &str, shown: &[&'a str]) -> Option<(Vec<&'a str>, usize)> {
    let mut middle = String::new();
    for (place, line) in shown.iter().enumerate() {
        let apart = line.len().saturating_sub(first.len() + middle.len());
        let last = line.get(..apart / 2).filter(|last| !last.is_empty());
        if let Some(last) = last.filter(|last| *line == [last, first, &middle, last].concat()) {
            return Some((shown.iter().take(place).copied().chain([last]).collect(), place + 1));
        }
        middle.push_str(line);
    }
    None
}

fn drawn_in_lines<'a>(first: &str, shown: &[&'a str]) -> Option<(Vec<&'a str>, usize)> {
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
    fn prompts_to_the_right_are_known_again() {
        let mut known = None;
        assert_eq!(right_prompt("[10:01:02]t\u{8}touch", &mut known), 10);
        assert_eq!(right_prompt("[10:02:59]sudo id", &mut known), 10);
        assert_eq!(right_prompt("ls -l", &mut known), 0);
        assert_eq!(right_prompt("s\u{8}sudo id", &mut known), 0);
        assert_eq!(right_prompt("[10:02:59]sudo id", &mut known), 0);
    }

    #[test]
    fn an_echo_is_known_by_what_it_says() {
        let by = |zsh, line: &str, said| heard(line, said, zsh, |line| line == "echo golf49");
        let of = |line: &str, said| by(false, line, said).or_else(|| by(true, line, said));
        assert_eq!(by(false, "sudo reboot nowecho kilo85", "kilo85").as_deref(), Some("echo kilo85"));
        assert_eq!(by(true, "sudo id -uechgolf49", "golf49").as_deref(), Some("echo golf49"));
        assert_eq!(by(true, "lssudecho echo79", "echo79"), None);
        assert_eq!(of("sudo echo kilo85", "kilo85"), None);
        assert_eq!(of("sudo printf golf49", "golf49"), None);
        assert_eq!(of("sudo id -uechlima1", "lima1"), None);
        assert_eq!(of("sudo reboot nowecho kilo85", "rebooting"), None);
    }

    #[test]
    fn what_is_sought_below_the_line_is_seen() {
        let of = |written: &str| sought_below(&written.replace('<', "\u{8}"));
        assert_eq!(of("bck-i-search: _sudo echo oscar75o_os<<<<s_sc<<<<c_<ca<<<<a_").as_deref(), Some("osca"));
        assert_eq!(of("bck-i-search: _"), None);
        assert_eq!(of("bck-i-search: _ls -ll_<<             hostname"), None);
        assert_eq!(of("x bck-i-search: _a_"), None);
    }

    #[test]
    fn words_that_become_programs_are_seen() {
        let of = |written: &str| recoloured(&written.replace('<', "\u{8}"));
        assert_eq!(of("t<type<<<<... time  < sud<<<sudo<<<<sudo w<< wrong<<<<<i<id").as_deref(), Some("sudo id"));
        assert_eq!(of("s<sanstats u<<su do  < c<cat < n").as_deref(), Some("sudo cat n"));
        assert_eq!(of("e<echo cho ho o <<<<echo  < s<sudo id"), None);
    }

    #[test]
    fn several_pasted_lines_stand_twice() {
        let shown = ["sudo id", "lsecho a", "sudo id", "ls", "a", "uid=0(root)"];
        assert_eq!(pasted_lines("echo a", &shown), Some((vec!["sudo id", "ls"], 4)));
        let shown = ["sudo id", "lsecho asudo idls", "a", "uid=0(root)"];
        assert_eq!(pasted_lines("echo a", &shown), Some((vec!["sudo id", "ls"], 2)));
        assert_eq!(pasted_lines("echo a", &["a"]), None);
        assert_eq!(pasted_lines("echo a", &["xecho a", "y"]), None);
    }

    #[test]
    fn a_line_completed_out_of_a_list_is_whole() {
        let of = |shown: &[&str], right| completed("sudo rm sudo-", shown, right);
        let whole = Some(("sudo rm sudo-one".to_owned(), 1));
        assert_eq!(of(&["sudo-one  sudo-twosudo rm sudo-[10:01:41]one", "x"], Some("[00:00:00]")), whole);
        assert_eq!(of(&["sudo-one  sudo-twosudo rm sudo-one"], None), whole);
        assert_eq!(of(&["sudo-a", "sudo-one  sudo-twosudo rm sudo-one"], None), Some(("sudo rm sudo-one".to_owned(), 2)));
        assert_eq!(of(&["removed sudo-twosudo rm sudo-one"], None), None);
        assert_eq!(of(&["sudo rm sudo-one"], None), None);
        assert_eq!(completed("ls", &["lsls x"], None), None);
    }

    #[test]
    fn readline_leaves_what_the_prompt_and_a_search_begin_with() {
        assert_eq!(drawn_after_search("(venv) [a@h ~]$ "), "venv) [a@h ~]$ ");
        assert_eq!(drawn_after_search("[a@h ~]$ "), "[a@h ~]$ ");
        assert_eq!(drawn_after_search("(日本) $ "), "日本) $ ");
    }

    #[test]
    fn pasted_lines_stand_twice() {
        assert_eq!(pasted("sudo reboot nowsudo reboot now"), Some("sudo reboot now"));
        assert_eq!(pasted("lsls"), None);
        assert_eq!(pasted("echo 日本日本"), None);
    }
}
