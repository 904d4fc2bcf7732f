//! A table as CSV that a spreadsheet opens as it is: UTF-8 with a byte order mark, no cell a formula, a record a line.

use crate::model::Rows;
use crate::text::cell;
use std::io::{Result, Write};

/// Without it, a Japanese Excel takes UTF-8 for Shift_JIS.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Writes a table's file; columns by their names, times in UTC.
pub(crate) fn write(rows: &Rows, to: &mut impl Write) -> Result<()> {
    to.write_all(BYTE_ORDER_MARK.as_bytes())?;
    let mut line = Vec::new();
    add_line(&mut line, rows.columns.iter().map(String::as_str));
    for row in &rows.rows {
        to.write_all(&line)?;
        line.clear();
        add_line(&mut line, row.iter().map(|value| value.as_deref().unwrap_or_default()));
    }
    to.write_all(&line)
}

fn add_line<'v>(line: &mut Vec<u8>, values: impl Iterator<Item = &'v str>) {
    for (place, value) in values.enumerate() {
        if place > 0 {
            line.push(b',');
        }
        add_value(line, cell(value).as_bytes());
    }
    line.extend_from_slice(b"\r\n");
}

/// Adds a value, in quotes where one of its bytes may mean something else to a spreadsheet.
fn add_value(line: &mut Vec<u8>, value: &[u8]) {
    // Without leaving early, so that many are looked at in one step.
    let means = |byte: &u8| matches!(byte, b',' | b'"' | b'\'' | b';' | b'\t' | b' ');
    if !value.iter().fold(false, |so_far, byte| so_far | means(byte)) {
        return line.extend_from_slice(value);
    }
    let start = line.len();
    // Quotes stand where they are needed once all else is in its place.
    line.resize(start + 2 * value.len() + 2, b'"');
    let mut places = line.iter_mut().skip(start + 1);
    let mut doubled = 0;
    for byte in value {
        places.next().into_iter().for_each(|place| *place = *byte);
        if *byte == b'"' {
            doubled += 1;
            places.next();
        }
    }
    line.truncate(start + value.len() + doubled + 2);
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
