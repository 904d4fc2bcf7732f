//! A value in, its JSON out: a member a line where a person looks at it, and a row of a table a line.
//!
//! Bytes are text here, those of a `str`: most of a report is requests, half of whose letters would be written one by one.

use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use std::io::{Result, Write};

/// How deep in a report the rows of its tables lie; what is in them stays on their line.
const ROW_DEPTH: usize = 7;

/// Writes a value, and a line's end.
pub(crate) fn write(value: &impl serde::Serialize, mut to: impl Write) -> Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut to, Lines { wide: PrettyFormatter::new(), depth: 0, text: Vec::new() }))?;
    to.write_all(b"\n")
}

struct Lines {
    wide: PrettyFormatter<'static>,
    /// Lists and objects that are open.
    depth: usize,
    /// The text that is being written.
    text: Vec<u8>,
}

impl Lines {
    fn is_in_row(&self) -> bool {
        self.depth >= ROW_DEPTH
    }
}

macro_rules! by_depth {
    ($($name:ident($($argument:ident: $kind:ty),*)),+ $(,)?) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> Result<()> {
            if self.is_in_row() { CompactFormatter.$name(writer $(, $argument)*) } else { self.wide.$name(writer $(, $argument)*) }
        })+
    };
}

macro_rules! opening {
    ($($name:ident),+) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
            self.depth += 1;
            if self.is_in_row() { CompactFormatter.$name(writer) } else { self.wide.$name(writer) }
        })+
    };
}

macro_rules! closing {
    ($($name:ident),+) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
            let done = if self.is_in_row() { CompactFormatter.$name(writer) } else { self.wide.$name(writer) };
            self.depth -= 1;
            done
        })+
    };
}

impl Formatter for Lines {
    opening!(begin_array, begin_object);
    closing!(end_array, end_object);
    by_depth!(
        begin_array_value(first: bool),
        end_array_value(),
        begin_object_key(first: bool),
        end_object_key(),
        begin_object_value(),
        end_object_value(),
    );

    fn write_byte_array<W: ?Sized + Write>(&mut self, writer: &mut W, value: &[u8]) -> Result<()> {
        quote(&mut self.text, value)?;
        writer.write_all(&self.text)
    }
}

/// Makes a JSON string of a text.
fn quote(out: &mut Vec<u8>, text: &[u8]) -> Result<()> {
    out.clear();
    // Without leaving early, so that many are looked at in one step.
    if text.iter().fold(false, |so_far, byte| so_far | (*byte < b' ')) {
        let text = std::str::from_utf8(text).map_err(std::io::Error::other)?;
        return Ok(serde_json::to_writer(out, text)?);
    }
    // Backslashes stand where they are needed once all else is in its place.
    out.resize(2 * text.len() + 2, b'\\');
    let mut end = 0;
    let mut put = |byte: u8, escaped: bool| {
        end += usize::from(escaped);
        out.get_mut(end).into_iter().for_each(|place| *place = byte);
        end += 1;
    };
    put(b'"', false);
    text.iter().for_each(|byte| put(*byte, matches!(byte, b'"' | b'\\')));
    put(b'"', false);
    out.truncate(end);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_of_a_table_is_a_line() {
        let rows = json!([{"a": 1, "b": [1, {"c": []}]}, {"a": "x\n"}, {}]);
        let report = json!({"sections": [{"tables": [{"rows": rows, "none": []}]}], "totals": {"events": 3}});
        let text = written(&report);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), report);
        for line in [r#"{"a":1,"b":[1,{"c":[]}]},"#, r#"{"a":"x\n"},"#, "{}", r#""none": [],"#, r#""events": 3"#] {
            assert!(text.lines().any(|found| found.trim() == line), "{line} in {text}");
        }
    }

    #[test]
    fn text_given_as_bytes_is_what_it_is_as_text() {
        struct Bytes<'b>(&'b str);
        impl serde::Serialize for Bytes<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.0.as_bytes())
            }
        }
        for text in ["", "a", "\"", "\\", r#"{"a":"\"b\\""}"#, "\u{0}\t\n\"", "\u{7f}\u{9b}\u{202e}", "漢字 🦀 \"引用\"", "日\r本"]
        {
            let mut out = Vec::new();
            write(&Bytes(text), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{}\n", serde_json::to_string(text).unwrap()));
        }
    }

    #[test]
    fn what_is_no_report_is_written_as_anybody_would() {
        let value = json!({"a": [1, {"b": null}], "c": {}});
        assert_eq!(written(&value), format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
    }
}
