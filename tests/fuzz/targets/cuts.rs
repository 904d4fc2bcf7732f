//! Any bytes, cut anywhere, are the same session: its lines and commands, and no line holds a control character.

#![no_main]

use libfuzzer_sys::fuzz_target;
use transcript::{Collected, Setup, Transcript};

fn read<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Collected {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    parts.for_each(|part| transcript.push(part, None, &mut found));
    transcript.finish(&mut found);
    found
}

fuzz_target!(|bytes: &[u8]| {
    let Some((length, bytes)) = bytes.split_first() else { return };
    let whole = read(std::iter::once(bytes));
    assert_eq!(read(bytes.chunks(1)), whole);
    assert_eq!(read(bytes.chunks(2 + usize::from(*length))), whole);
    for line in whole.lines.iter().chain(whole.commands.iter().map(|command| &command.line)) {
        assert!(!line.chars().any(|letter| letter.is_control() && letter != '\n'), "{line:?}");
    }
});
