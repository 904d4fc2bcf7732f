//! A value in, its JSON out: a member a line where a person looks at it, and a row of a table a line.

use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use std::io::{Result, Write};

/// How deep in a report the rows of its tables lie; what is in them stays on their line.
const ROW_DEPTH: usize = 7;

/// Writes a value, and a line's end.
pub(crate) fn write(value: &impl serde::Serialize, mut to: impl Write) -> Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut to, Lines { wide: PrettyFormatter::new(), depth: 0 }))?;
    to.write_all(b"\n")
}

struct Lines {
    wide: PrettyFormatter<'static>,
    /// Lists and objects that are open.
    depth: usize,
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
    fn what_is_no_report_is_written_as_anybody_would() {
        let value = json!({"a": [1, {"b": null}], "c": {}});
        assert_eq!(written(&value), format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
    }
}
