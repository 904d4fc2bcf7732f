//! CPU seconds and peak memory of reading 100 MB (or as many as named) of transcript, an ordinary one and hostile ones; Linux only (`/proc`).
//!
//! ```sh
//! cargo run --release --manifest-path crates/transcript/Cargo.toml --example measure [MEGABYTES]
//! ```
//! Each shape is read by a process of its own, so that a peak is one shape's.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement, run by hand")]

use std::process::Command as Process;

use simulate::terminal::{Shell, record};
use transcript::{Command, Line, Setup, Sink, Transcript};

const SHAPES: &[&str] = &[
    "sessions",
    "output",
    "one_line",
    "one_streamed_line",
    "colours",
    "titles",
    "alternate_screen",
    "cursor_moves",
    "scroll_regions",
    "scrolling",
    "wide_combining",
    "backspaces",
    "prompts",
    "pasted_marks",
    "inserts",
    "eucjp",
    "open_quotes",
    "tabs",
    "erasures",
    "resizes",
    "repeats",
    "shells",
    "false_marks",
    "lost_marks",
    "unprompted",
    "suspected",
];

#[derive(Default)]
struct Count {
    lines: u64,
    commands: u64,
}

impl Sink for Count {
    fn line(&mut self, _: &Line<'_>) {
        self.lines += 1;
    }

    fn command(&mut self, _: Command) {
        self.commands += 1;
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some("--shape") {
        let shape = arguments.next().unwrap();
        return measure(&shape, arguments.next().unwrap().parse().unwrap());
    }
    let megabytes: usize = first.map_or(100, |text| text.parse().unwrap());
    println!("{:<18} {:>8} {:>8} {:>12} {:>10}", "shape", "CPU s", "MiB", "lines", "commands");
    for shape in SHAPES {
        let size = if shape.starts_with("one_") { megabytes * 2 } else { megabytes };
        let done = Process::new(std::env::current_exe().unwrap()).args(["--shape", shape, &size.to_string()]).status().unwrap();
        assert!(done.success(), "{shape}");
    }
}

fn measure(shape: &str, megabytes: usize) {
    let (start, piece) = shape_of(shape);
    let mut count = Count::default();
    let mut transcript = Transcript::new(Setup::default());
    let before = cpu_seconds();
    transcript.push(&start, None, &mut count);
    let mut left = megabytes * 1_000_000;
    while left > 0 {
        let part = &piece[..piece.len().min(left)];
        transcript.push(part, None, &mut count);
        left -= part.len();
    }
    transcript.finish(&mut count);
    println!("{shape:<18} {:>8.2} {:>8.1} {:>12} {:>10}", cpu_seconds() - before, peak_mebibytes(), count.lines, count.commands);
}

/// What comes first, and what is repeated.
fn shape_of(shape: &str) -> (Vec<u8>, Vec<u8>) {
    let prompt = b"sh-4.2$ cat x\r\n".to_vec();
    let repeated = |text: &str| text.repeat(1 + 1_000_000 / text.len()).into_bytes();
    let piece = match shape {
        "sessions" => {
            let mut bytes = Vec::new();
            for seed in 0..40 {
                for shell in Shell::ALL {
                    bytes.extend(record(seed, shell, 14).bytes);
                }
            }
            bytes
        }
        "output" => repeated("-rw-r--r--. 1 ec2-user ec2-user  4096 Nov 20 01:02 some-file-of-a-folder.txt\r\n"),
        "one_line" => vec![b'x'; 1_000_000],
        "one_streamed_line" => vec![b'y'; 1_000_000],
        "colours" => repeated("\x1b[38;5;12mx\x1b[0m\x1b[1;32my\x1b[m"),
        "titles" => repeated("\x1b]0;a title that changes\x07x"),
        "alternate_screen" => repeated("\x1b[?1049h\x1b[2J\x1b[Hsudo id\x1b[5;5Htext\x1b[?1049l"),
        "cursor_moves" => repeated("\x1b[1;1H\x1b[300;4000Hx\x1b[A\x1b[999D\x1b[B\x1b[999C"),
        "scroll_regions" => repeated("\x1b[1;300r\x1b[300;1H\n\n\n\x1b[50S\x1b[50T\x1b[2;299r\x1b[99L\x1b[99M"),
        "scrolling" => repeated("\n"),
        "wide_combining" => repeated("日本e\u{301}\u{302}\u{303}語"),
        "backspaces" => repeated("abc\x08\x08\x08"),
        "prompts" => repeated("sh-4.2$ sudo id\r\nuid=0(root)\r\n"),
        "pasted_marks" => repeated("\x1b[?2004hsh-5.2$ sudo id\r\n\x1b[?2004l\r"),
        "inserts" => repeated("\x1b[4000@x\x1b[2000P\x1b[4h\x1b[1Gy"),
        "eucjp" => {
            let mut bytes = Vec::new();
            while bytes.len() < 1_000_000 {
                bytes.extend(encoding_rs::EUC_JP.encode("設定ファイルを確認しました sudo\r\n").0.iter());
            }
            bytes
        }
        "open_quotes" => repeated("sh-4.2$ echo 'a\r\n> b | c $(d\r\n"),
        "tabs" => repeated("\t\t\t\t\t\t\t\tx\r"),
        "erasures" => repeated("text\x1b[2J\x1b[H\x1b[1J\x1b[K"),
        "resizes" => repeated("%                                        \r \rx\x1b[8;300;4000t\x1b[1;12r"),
        "repeats" => repeated("x\x1b[4000b"),
        "shells" => repeated("[a@h ~]$ sudo -i\r\n[root@h ~]# su - b\r\n[b@h ~]$ bash\r\n"),
        "false_marks" => repeated("\x1b[?2004hsh-4.2$ sudo id\r\nuid=0(root)\r\n"),
        "lost_marks" => repeated("sh-5.2$ sudo id\r\nuid=0(root)\r\n"),
        "unprompted" | "suspected" => (0..30_000).flat_map(|number| format!("x sudo kill {number} # a line\r\n").into_bytes()).collect(),
        _ => unreachable!("{shape}"),
    };
    let start = match shape {
        "sessions" | "prompts" | "pasted_marks" | "shells" => Vec::new(),
        "lost_marks" => b"\x1b[?2004hsh-5.2$ set +o emacs\r\n\x1b[?2004l\r".to_vec(),
        "unprompted" => b"sh-4.2$ PS1=\r\n".to_vec(),
        "suspected" => b"sh-4.2$ PS1=\r\n\x1b[?2004h".to_vec(),
        "one_streamed_line" => br#"{"eventVersion":"1.0","runAsUser":"a","sessionId":"a-1","sessionData":["sh-4.2$ cat x"]}"#.iter().chain(b"\n").copied().collect(),
        _ => prompt,
    };
    (start, piece)
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    // User and system time in hundredths of a second (proc(5), fields 14 and 15).
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn peak_mebibytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
