//! Our screen shows what alacritty's does.

#![no_main]
#![allow(dead_code, reason = "of the screen, only what a terminal does is asked for")]

#[path = "../../../crates/transcript/src/screen/beside.rs"]
mod beside;
#[path = "../../../crates/transcript/src/screen/mod.rs"]
mod screen;

use beside::Mix;
use libfuzzer_sys::fuzz_target;
use screen::Screen;

fuzz_target!(|bytes: &[u8]| {
    let Some((mix, bytes)) = bytes.split_first() else { return };
    let text = Mix::ALL[usize::from(*mix) % Mix::ALL.len()].text(bytes);
    let (ours, theirs) = beside::both(&text);
    assert_eq!(ours.0, theirs.0, "{text:?}");
});
