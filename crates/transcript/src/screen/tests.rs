//! Agreement with an emulator that others wrote.

use std::io::Read;

use proptest::prelude::*;

use super::beside::{Both, Mix, WIDTH, both};

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

/// As many cases as `PROPTEST_CASES` says, where it says more than these.
fn at_least(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(cases), failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(at_least(2048))]

    #[test]
    fn any_text_agrees(mix in prop::sample::select(Mix::ALL.to_vec()), bytes in prop::collection::vec(any::<u8>(), 0..240)) {
        let text = mix.text(&bytes);
        let (ours, theirs) = both(&text);
        prop_assert_eq!(ours.0, theirs.0, "{:?}", text);
    }
}
