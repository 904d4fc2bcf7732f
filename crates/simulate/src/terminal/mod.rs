//! Simulates what a terminal shows in a shell session: a seed in; the bytes that shells, their line editors and programs would write, and what
//! really ran, out.
//!
//! What ran is noted when the simulated person presses Enter. How the line came to stand there (typed with mistakes, recalled, pasted,
//! completed) is written as the line editors of bash, zsh, fish and a plain tty do, from what they were seen to write.

mod editor;
mod lines;
mod session;

pub use session::record;

/// The shell, and so the line editor, of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shell {
    /// readline with bracketed paste, as bash 5.1 and later have it.
    Bash,
    /// readline without (Amazon Linux 2).
    OldBash,
    Zsh,
    Fish,
    /// No line editor: the kernel echoes.
    Dash,
}

impl Shell {
    pub const ALL: [Self; 5] = [Self::Bash, Self::OldBash, Self::Zsh, Self::Fish, Self::Dash];
}

/// A line that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// As it stood when Enter was pressed, lines parted by `\n`.
    pub line: String,
    /// It asked for another user's rights.
    pub elevates: bool,
    /// What became of that, in the words of the alert's contract; empty for other lines.
    pub outcome: &'static str,
    /// The shell it was entered in was root's.
    pub root_shell: bool,
    /// It was put together by moving the cursor back and inserting, or wrapped: a log without control sequences does not show the line.
    pub rearranged: bool,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub shell: Shell,
    /// Columns of the terminal.
    pub width: usize,
    /// What the terminal got.
    pub bytes: Vec<u8>,
    /// What ran, in order.
    pub entered: Vec<Entered>,
}

impl Recording {
    /// As Session Manager uploads it to S3: replayed through `script`, with its header and footer, and newlines once more translated.
    pub fn as_s3(&self) -> Vec<u8> {
        let mut bytes = b"Script started on 2026-11-20 01:02:03+00:00 [COMMAND=\"cat /var/lib/amazon/ssm/i-0a1b2c3d/session/ipcTempFile.log\" <not executed on terminal>]\n".to_vec();
        for byte in &self.bytes {
            if *byte == b'\n' {
                bytes.push(b'\r');
            }
            bytes.push(*byte);
        }
        bytes.extend_from_slice(b"\r\n\nScript done on 2026-11-20 01:02:04+00:00 [COMMAND_EXIT_CODE=\"0\"]\n");
        bytes
    }

    /// As one CloudWatch text: `\r\n` became `\n`.
    pub fn as_text(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for (at, byte) in self.bytes.iter().enumerate() {
            if *byte != b'\r' || self.bytes.get(at + 1) != Some(&b'\n') {
                bytes.push(*byte);
            }
        }
        bytes
    }

    /// The lines of a streamed log: control sequences and returns taken out, tabs made blanks.
    pub fn as_streamed(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        let mut plain = String::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\u{1b}' => skip_sequence(&mut characters),
                '\r' => {}
                '\t' => plain.push(' '),
                _ => plain.push(character),
            }
        }
        let mut lines: Vec<String> = plain.split('\n').map(str::to_owned).collect();
        if lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

fn skip_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => while characters.next().is_some_and(|next| !next.is_ascii_alphabetic() && next != '@') {},
        Some(']') => while characters.next().is_some_and(|next| next != '\u{7}') {},
        Some('(') => {
            characters.next();
        }
        _ => {}
    }
}
