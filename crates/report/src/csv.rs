//! A table as CSV that a spreadsheet opens as it is: UTF-8 with a byte order mark, no cell a formula, a record a line.

use crate::model::Rows;
use crate::text::cell;
use std::io::{Result, Write};

/// Without it, a Japanese Excel takes UTF-8 for Shift_JIS.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Writes a table's file; columns by their names, times in UTC.
pub(crate) fn write(rows: &Rows, to: &mut impl Write) -> Result<()> {
    to.write_all(BYTE_ORDER_MARK.as_bytes())?;
    line(to, rows.columns.iter().map(String::as_str))?;
    rows.rows.iter().try_for_each(|row| line(to, row.iter().map(|value| value.as_deref().unwrap_or_default())))
}

fn line<'v>(to: &mut impl Write, values: impl Iterator<Item = &'v str>) -> Result<()> {
    for (place, value) in values.enumerate() {
        if place > 0 {
            to.write_all(b",")?;
        }
        let value = cell(value);
        if value.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\'' | b';' | b'\t' | b' ')) {
            to.write_all(b"\"")?;
            for (place, part) in value.split('"').enumerate() {
                to.write_all(if place > 0 { b"\"\"" } else { b"" })?;
                to.write_all(part.as_bytes())?;
            }
            to.write_all(b"\"")?;
        } else {
            to.write_all(value.as_bytes())?;
        }
    }
    to.write_all(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_stay_one_cell_each() {
        let hostile = ["=1+1", "a,b", "a\"b", "a\r\nb", "\u{202e}x", "＝SUM(A1)", "-2", "日本", "", "\u{1b}[2J"];
        let rows = Rows::new(&["one", "two"], hostile.iter().map(|value| vec![Some((*value).to_owned()), None]).collect());
        let mut written = Vec::new();
        write(&rows, &mut written).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert!(text.starts_with("\u{feff}one,two\r\n"));
        let lines: Vec<&str> = text.trim_end().split("\r\n").skip(1).collect();
        assert_eq!(lines.len(), hostile.len());
        assert_eq!(lines[0], "\"'=1+1\",");
        assert_eq!(lines[1], "\"a,b\",");
        assert_eq!(lines[2], "\"a\"\"b\",");
        assert_eq!(lines[3], "a\\u{d}\\u{a}b,");
        assert_eq!(lines[4], "\\u{202e}x,");
        assert_eq!(lines[5], "\"'＝SUM(A1)\",");
        assert_eq!(lines[7], "日本,");
    }
}
