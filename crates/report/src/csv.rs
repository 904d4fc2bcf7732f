//! A table as CSV that a spreadsheet opens as it is: UTF-8 with a byte order mark, no cell a formula, a record a line.

use crate::model::Rows;
use crate::text::cell;

/// Without it, a Japanese Excel takes UTF-8 for Shift_JIS.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The bytes of a table's file; columns by their names, times in UTC.
pub(crate) fn bytes(rows: &Rows) -> Vec<u8> {
    let mut text = String::from(BYTE_ORDER_MARK);
    line(&mut text, rows.columns.iter().map(String::as_str));
    for row in &rows.rows {
        line(&mut text, row.iter().map(|value| value.as_deref().unwrap_or_default()));
    }
    text.into_bytes()
}

fn line<'v>(text: &mut String, values: impl Iterator<Item = &'v str>) {
    for (place, value) in values.enumerate() {
        if place > 0 {
            text.push(',');
        }
        let value = cell(value);
        if value.contains([',', '"', '\'', ';', '\t', ' ']) {
            text.push('"');
            text.push_str(&value.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&value);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_stay_one_cell_each() {
        let hostile = ["=1+1", "a,b", "a\"b", "a\r\nb", "\u{202e}x", "＝SUM(A1)", "-2", "日本", "", "\u{1b}[2J"];
        let rows = Rows::new(&["one", "two"], hostile.iter().map(|value| vec![Some((*value).to_owned()), None]).collect());
        let text = String::from_utf8(bytes(&rows)).unwrap();
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
