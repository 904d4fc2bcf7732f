//! A screen beside an emulator that others wrote, and the texts on which both must show the same: for the tests and the fuzzer.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi::Processor;
use vte::{Params, Parser, Perform};

use super::Screen;

pub(crate) const WIDTH: usize = 40;
pub(crate) const HEIGHT: usize = 12;

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

/// Rows as shown, and the cursor's row and column.
pub(crate) type Shown = (Vec<String>, (usize, usize));

/// Our screen and theirs, fed with the same bytes.
pub(crate) struct Both {
    ours: (Parser, Plain),
    theirs: (Processor, Term<VoidListener>),
    width: usize,
    height: usize,
}

impl Both {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let term = Term::new(Config::default(), &TermSize::new(width, height), VoidListener);
        Self { ours: (Parser::new(), Plain(Screen::fixed(width, height))), theirs: (Processor::new(), term), width, height }
    }

    pub(crate) fn advance(&mut self, bytes: &[u8]) {
        self.ours.0.advance(&mut self.ours.1, bytes);
        self.theirs.0.advance(&mut self.theirs.1, bytes);
    }

    pub(crate) fn ours(&self) -> Shown {
        let at = self.ours.1.0.cursor();
        (self.ours.1.0.contents(), (at.row, at.column))
    }

    pub(crate) fn theirs(&self) -> Shown {
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

pub(crate) fn both(text: &str) -> (Shown, Shown) {
    let mut both = Both::new(WIDTH, HEIGHT);
    both.advance(text.as_bytes());
    (both.ours(), both.theirs())
}

/// What a text is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mix {
    /// What line editors write.
    Editing,
    /// What full-screen programs use beside: regions that scroll, saved places, tabs, insert mode, moves by column, row and line.
    Programs,
    /// Wide and combining characters.
    Wide,
}

impl Mix {
    pub(crate) const ALL: [Self; 3] = [Self::Editing, Self::Programs, Self::Wide];

    /// The text that these bytes stand for: a byte chooses a part, those after it its letters and numbers.
    ///
    /// Emulators differ in what an edit does while a wrap is pending: a backspace before each ends that. They differ in moves up and down at
    /// margins (ours stop there, as xterm's do), and alacritty leaves the first row when erasing upwards from the second, and the last column when
    /// more is deleted than stands to the right. What an erasure leaves of half a wide character differs too: wide text is printed, moved in
    /// and written over.
    pub(crate) fn text(self, bytes: &[u8]) -> String {
        let mut text = String::new();
        let mut bytes = bytes.iter().copied();
        while let Some(part) = bytes.next() {
            let part = part % 12;
            let mut below = |count: u8| bytes.next().unwrap_or(0) % count;
            match (self, part) {
                (Self::Editing | Self::Programs, 0..=3) => letters(25, &mut below, &mut text),
                (Self::Wide, 0..=3) => letters(9, &mut below, &mut text),
                (_, 4) => text.push_str(&format!("\x1b[{};{}H", 1 + below(12), 1 + below(40))),
                (Self::Editing, 5..=6) => text.push_str(one(&["\r\n", "\r", "\x08", "\x08\n"], &mut below)),
                (Self::Editing, 7..=8) => {
                    let count = 1 + below(5);
                    text.push_str(&format!("\x08\x1b[{count}{}", one(&["A", "B", "C", "D", "X", "L", "M", "S", "T"], &mut below)));
                }
                (Self::Editing, 9) => {
                    text.push_str(one(&["\x08\x1b[K", "\x08\x1b[1K", "\x08\x1b[2K", "\x08\x1b[J", "\x08\x1b[2J"], &mut below))
                }
                (Self::Editing, _) => {
                    let all = ["\x08\x1b[?1049h", "\x08\x1b[?1049l", "\x08\x1bM", "\x08\x1b[P", "\x08\x1b[@", "\x1b[7m", "\x1b[m"];
                    text.push_str(one(&all, &mut below));
                }
                (Self::Programs, 5..=6) => text.push_str(one(&["\r\n", "\r", "\x08\n", "\x08\t", "\tz"], &mut below)),
                (Self::Programs, 7) => {
                    let top = 1 + below(11);
                    text.push_str(&format!("\x1b[{top};{}r", (top + 1 + below(11)).min(12)));
                }
                (Self::Programs, 8) => text.push_str(&format!("\x1b[{}{}", 1 + below(40), one(&["G", "d", "`"], &mut below))),
                (Self::Programs, 9) => text.push_str(&format!("\x08\x1b[{}{}", 1 + below(3), one(&["I", "Z", "@"], &mut below))),
                (Self::Programs, _) => {
                    let all = ["\x08\x1b7", "\x1b8", "\x08\x1b[s", "\x1b[u", "\x1b[4h", "\x1b[4l", "\x08\x1bD", "\x08\x1bE", "\x1b[r"];
                    text.push_str(one(&all, &mut below));
                }
                (Self::Wide, 5..=8) => text.push_str(one(&["日本", "語", "é", "テキスト"], &mut below)),
                (Self::Wide, _) => text.push_str(one(&["\r\n", "\r", "\x08"], &mut below)),
            }
        }
        text
    }
}

fn letters(most: u8, below: &mut impl FnMut(u8) -> u8, text: &mut String) {
    let count = 1 + below(most);
    let first = below(27);
    text.extend((0..count).map(|at| match (first + at) % 27 {
        26 => ' ',
        letter => char::from(b'a' + letter),
    }));
}

fn one<'a>(all: &[&'a str], below: &mut impl FnMut(u8) -> u8) -> &'a str {
    let at = below(all.len() as u8);
    all.get(usize::from(at)).copied().unwrap_or_default()
}
