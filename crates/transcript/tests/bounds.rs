//! Any bytes, cut anywhere: the same commands, bounded memory, no panic; and 100 MB in reasonable time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use simulate::terminal::{Shell, record};
use transcript::{Collected, Command, Line, Setup, Sink, Transcript};

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Collected {
    let mut found = Collected::default();
    let mut transcript = Transcript::new(Setup::default());
    for chunk in chunks {
        transcript.push(chunk, None, &mut found);
    }
    transcript.finish(&mut found);
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same(seed in 0_u64..10_000, shell in 0_usize..5, cuts in prop::collection::vec(0_usize..40_000, 0..40)) {
        let bytes = record(seed, Shell::ALL[shell], 8).as_s3();
        let mut places: Vec<usize> = cuts.into_iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let whole = read(std::iter::once(bytes.as_slice()));
        prop_assert_eq!(&read(places.windows(2).map(|pair| &bytes[pair[0]..pair[1]])), &whole);
        prop_assert_eq!(&read(bytes.chunks(1)), &whole);
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let found = read(bytes.chunks(101));
        for line in &found.lines {
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
        }
    }

    #[test]
    fn any_sequences_are_taken(parts in prop::collection::vec(part(), 0..400)) {
        let text: String = parts.concat();
        let found = read(text.as_bytes().chunks(13));
        for line in &found.lines {
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
        }
    }
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,30}",
        "\u{1b}\\[[?]?[0-9;]{0,8}[A-Za-z@`]",
        prop::sample::select(vec![
            "\r",
            "\n",
            "\r\n",
            "\u{8}",
            "\t",
            "\u{7}",
            "\u{1b}7",
            "\u{1b}8",
            "\u{1b}M",
            "\u{1b}D",
            "\u{1b}c",
            "\u{1b}[?1049h",
            "\u{1b}[?1049l",
            "\u{1b}[?2004h",
            "\u{1b}[?2004l",
            "日本",
            "e\u{301}",
            "sh-5.2$ ",
            "$ ",
            "\u{1b}]0;t",
            "\u{1b}]133;B\u{7}",
            "\u{1b}]133;C\u{7}",
            "%                                        \r \r",
            "sudo -i",
        ])
        .prop_map(str::to_owned),
    ]
}

/// Counts, and keeps nothing.
#[derive(Default)]
struct Count {
    lines: usize,
    longest: usize,
    commands: Vec<Command>,
}

impl Sink for Count {
    fn line(&mut self, line: &Line<'_>) {
        self.lines += 1;
        self.longest = self.longest.max(line.text.len());
    }

    fn command(&mut self, command: Command) {
        self.commands.push(command);
    }
}

#[test]
fn a_line_of_200_megabytes_is_bounded_and_what_follows_is_read() {
    let mut count = Count::default();
    let mut transcript = Transcript::new(Setup::default());
    transcript.push(b"sh-4.2$ cat x\r\n", None, &mut count);
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..200 {
        transcript.push(&piece, None, &mut count);
    }
    transcript.push(b"\r\nsh-4.2$ sudo id\r\nsh-4.2$ ", None, &mut count);
    transcript.finish(&mut count);
    assert!(count.longest <= 256 * 1024, "{}", count.longest);
    assert_eq!(count.commands.iter().map(|command| command.line.as_str()).collect::<Vec<_>>(), ["cat x", "sudo id"]);
}

#[test]
fn a_command_longer_than_the_limit_is_cut_and_says_so() {
    let found = read([format!("sh-4.2$ sudo echo {}\r\nsh-4.2$ ", "y".repeat(200_000)).as_bytes()].into_iter());
    let command = &found.commands[0];
    assert!(command.truncated && command.line.len() <= transcript::COMMAND_BYTES_MAX);
    assert_eq!(command.elevations.len(), 1);
}

#[test]
fn a_title_that_never_ends_hides_nothing() {
    let found = read([&b"sh-4.2$ printf x\r\n\x1b]0;evil\r\nsh-4.2$ sudo id\r\nsh-4.2$ "[..]].into_iter());
    assert_eq!(found.commands.iter().map(|command| command.line.as_str()).collect::<Vec<_>>(), ["printf x", "sudo id"]);
}

/// Each sequence would move 4,000 cells; where that is spent nothing moves, and the lines that follow say that they may lack something.
#[test]
fn insertions_beyond_the_limit_are_left_out_and_say_so() {
    let few = read([b"sh-4.2$ ls\r\n\x1b[4000@x\r\nsh-4.2$ sudo id\r\nsh-4.2$ ".as_slice()].into_iter());
    assert!(!few.commands[1].truncated);
    let insertions = "\x1b[4000@x\x1b[2000P\x1b[1G".repeat(20_000);
    let many = read([format!("sh-4.2$ ls\r\n{insertions}\r\nsh-4.2$ sudo id\r\nsh-4.2$ ").as_bytes()].into_iter());
    let last = many.commands.last().unwrap();
    assert!(last.truncated && last.line == "sudo id" && last.elevations.len() == 1, "{last:?}");
}
