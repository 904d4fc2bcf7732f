//! Agreement with an emulator that others wrote.

use std::io::Read;

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi::Processor;
use proptest::prelude::*;
use vte::{Params, Parser, Perform};

use super::Screen;

struct Plain(Screen);

impl Perform for Plain {
    fn print(&mut self, character: char) {
        if !character.is_control() {
            self.0.print(character);
        }
    }

    fn execute(&mut self, byte: u8) {
        if byte == b'\n' { self.0.index() } else { self.0.control(byte) }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if !ignore {
            self.0.sequence(params, intermediates, action);
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _ignore: bool, byte: u8) {
        self.0.escape(intermediates, byte);
    }
}

const WIDTH: usize = 40;
const HEIGHT: usize = 12;

/// Rows as shown, and the cursor's row and column.
type Shown = (Vec<String>, (usize, usize));

/// Our screen and theirs, fed with the same bytes.
struct Both {
    ours: (Parser, Plain),
    theirs: (Processor, Term<VoidListener>),
    width: usize,
    height: usize,
}

impl Both {
    fn new(width: usize, height: usize) -> Self {
        let term = Term::new(Config::default(), &TermSize::new(width, height), VoidListener);
        Self { ours: (Parser::new(), Plain(Screen::fixed(width, height))), theirs: (Processor::new(), term), width, height }
    }

    fn advance(&mut self, bytes: &[u8]) {
        self.ours.0.advance(&mut self.ours.1, bytes);
        self.theirs.0.advance(&mut self.theirs.1, bytes);
    }

    fn ours(&self) -> Shown {
        let at = self.ours.1.0.cursor();
        (self.ours.1.0.contents(), (at.row, at.column))
    }

    fn theirs(&self) -> Shown {
        let grid = self.theirs.1.grid();
        let row = |line: usize| {
            let cells = (0..self.width).map(|column| &grid[Line(line as i32)][Column(column)]);
            let shown = cells.filter(|cell| !cell.flags.intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER));
            // A tab keeps its mark in a cell; it is shown as a blank.
            let text: String = shown.map(|cell| if cell.c == '\t' { ' ' } else { cell.c }).collect();
            text.trim_end().to_owned()
        };
        let at = grid.cursor.point;
        ((0..self.height).map(row).collect(), (at.line.0 as usize, at.column.0))
    }
}

fn both(text: &str) -> (Shown, Shown) {
    let mut both = Both::new(WIDTH, HEIGHT);
    both.advance(text.as_bytes());
    (both.ours(), both.theirs())
}

#[track_caller]
fn check(text: &str) {
    let (ours, theirs) = both(text);
    assert_eq!(ours, theirs, "{text:?}");
}

#[test]
fn editing_and_scrolling_agree() {
    check("abc\x08\x08X\r\nsecond\x1b[Kline\x1b[3DY");
    check(&"wrapped ".repeat(12));
    check("日本語テキスト\x08\x08x\r\n日\x1b[2Gy");
    check(&(0..30).map(|n| format!("line {n}\r\n")).collect::<String>());
    check("a\x1b[5;10Hb\x1b[Ac\x1b[2Jd\x1b[He");
    check("abcdef\x1b[3G\x1b[2P\x1b[4G\x1b[2@z");
    check("\x1b[3;6r\x1b[6;1Hx\n\n\ny\x1b[r");
    check("one\x1b[?1049htwo\x1b[?1049lthree");
    check("a\tb\tc\x1b[1;20Hd\x1b[1K");
    check("abc\x1b7\r\nx\x1b8y");
    check(&format!("{}\tx", "a".repeat(WIDTH)));
    check(&format!("{}\r\n\x1b[A\x1b[2Lq", "z\r\n".repeat(5)));
}

/// What real shells, line editors and full-screen programs wrote, at the width that they wrote it for: after each line of the log.
#[test]
fn recorded_sessions_agree() {
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&include_bytes!("../../tests/recorded/sessions.z")[..]).read_to_string(&mut text).unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in text.lines() {
        let recording: serde_json::Value = serde_json::from_str(line).unwrap();
        let bytes: Vec<u8> = recording["bytes"].as_str().unwrap().chars().map(|byte| byte as u8).collect();
        let (width, height) = (recording["columns"].as_u64().unwrap() as usize, recording["rows"].as_u64().unwrap_or(24) as usize);
        let mut both = Both::new(width, height);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            both.advance(part);
            compared += 1;
            let (ours, theirs) = (both.ours().0, both.theirs().0);
            if let Some(row) = ours.iter().zip(&theirs).position(|(one, other)| one != other) {
                wrong.push(format!(
                    "{} row {row} after {:?}: {:?} for {:?}",
                    recording["name"],
                    String::from_utf8_lossy(part),
                    ours[row],
                    theirs[row]
                ));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} screens:\n{}", wrong.len(), wrong.join("\n"));
}

/// Emulators differ in what an edit does while a wrap is pending: a backspace before each ends that. They differ in moves up and down at margins
/// (ours stop there, as xterm's do), and alacritty leaves the first row when erasing upwards from the second, and
/// the last column when more is deleted than stands to the right.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z ]{1,25}",
        2 => prop::sample::select(vec!["\r\n", "\r", "\x08", "\x08\n"]).prop_map(str::to_owned),
        1 => (1..6_u8, prop::sample::select(vec!['A', 'B', 'C', 'D', 'X', 'L', 'M', 'S', 'T'])).prop_map(|(count, action)| format!("\x08\x1b[{count}{action}")),
        1 => (1..13_u8, 1..41_u8).prop_map(|(row, column)| format!("\x1b[{row};{column}H")),
        1 => prop::sample::select(vec![(0_u8, 'K'), (1, 'K'), (2, 'K'), (0, 'J'), (2, 'J')]).prop_map(|(count, action)| format!("\x08\x1b[{count}{action}")),
        1 => prop::sample::select(vec!["\x08\x1b[?1049h", "\x08\x1b[?1049l", "\x08\x1bM", "\x08\x1b[P", "\x08\x1b[@", "\x1b[7m", "\x1b[m"]).prop_map(str::to_owned),
    ]
}

/// What an erasure leaves of half a wide character differs too: wide text is printed, moved in and written over.
fn wide_part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z ]{1,9}",
        4 => prop::sample::select(vec!["日本", "語", "é", "テキスト"]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["\r\n", "\r", "\x08"]).prop_map(str::to_owned),
        1 => (1..13_u8, 1..41_u8).prop_map(|(row, column)| format!("\x1b[{row};{column}H")),
    ]
}

/// What full-screen programs use beside: regions that scroll, saved places, tabs, insert mode, moves by column, row and line.
fn program_part() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z ]{1,25}",
        2 => prop::sample::select(vec!["\r\n", "\r", "\x08\n", "\x08\t", "\tz"]).prop_map(str::to_owned),
        1 => (1..13_u8, 1..41_u8).prop_map(|(row, column)| format!("\x1b[{row};{column}H")),
        1 => (1..12_u8, 1..12_u8).prop_map(|(top, more)| format!("\x1b[{top};{}r", (top + more).min(12))),
        1 => (1..41_u8, prop::sample::select(vec!['G', 'd', '`'])).prop_map(|(count, action)| format!("\x1b[{count}{action}")),
        1 => (1..4_u8, prop::sample::select(vec!['I', 'Z', '@'])).prop_map(|(count, action)| format!("\x08\x1b[{count}{action}")),
        1 => prop::sample::select(vec!["\x08\x1b7", "\x1b8", "\x08\x1b[s", "\x1b[u", "\x1b[4h", "\x1b[4l", "\x08\x1bD", "\x08\x1bE", "\x1b[r"])
            .prop_map(str::to_owned),
    ]
}

/// As many cases as `PROPTEST_CASES` says, where it says more than these.
fn at_least(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(cases), failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(at_least(512))]

    #[test]
    fn any_text_agrees(parts in prop::collection::vec(part(), 0..60)) {
        let text = parts.concat();
        let (ours, theirs) = both(&text);
        prop_assert_eq!(ours.0, theirs.0, "{:?}", text);
    }

    #[test]
    fn programs_agree(parts in prop::collection::vec(program_part(), 0..60)) {
        let text = parts.concat();
        let (ours, theirs) = both(&text);
        prop_assert_eq!(ours.0, theirs.0, "{:?}", text);
    }

    #[test]
    fn wide_text_agrees(parts in prop::collection::vec(wide_part(), 0..60)) {
        let text = parts.concat();
        let (ours, theirs) = both(&text);
        prop_assert_eq!(ours.0, theirs.0, "{:?}", text);
    }
}
