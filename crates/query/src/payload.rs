//! Requests and answers of calls, as `events` keeps them, in; their values out.
//!
//! They are JSON as it stood in a record. Half a surrogate pair, or a number that no program can hold, is JSON too: one record with it must not keep
//! a report from being made, nor hide what else its call says.

use crate::error::{Error, Result};
use event::json::{Json, Tape};
use serde_json::{Number, Value};

/// Reads a request or an answer; of none, nothing.
///
/// # Errors
/// Where it is no JSON, which nothing that was ingested is.
pub(crate) fn read<'t, 'a>(tape: &'t mut Tape, text: Option<&'a str>) -> Result<Option<Json<'t, 'a>>> {
    let Some(text) = text else { return Ok(None) };
    tape.read(text.as_bytes(), 0, text.len()).map_err(|error| Error::Query { source: format!("{error:?}").into() })?;
    Ok(tape.root(text))
}

/// The same, for who looks at all of it.
pub(crate) fn parsed(text: Option<&str>) -> Result<Value> {
    Ok(read(&mut Tape::default(), text)?.map_or(Value::Null, value))
}

/// A value, which is nested no deeper than a tape reads.
fn value(json: Json<'_, '_>) -> Value {
    if json.is_object() {
        Value::Object(json.entries().map(|(name, member)| (name.into_owned(), value(member))).collect())
    } else if json.is_array() {
        Value::Array(json.items().map(value).collect())
    } else if let Some(text) = json.text() {
        Value::String(text.into_owned())
    } else {
        let number = || serde_json::from_str::<Number>(json.raw()).map_or_else(|_| Value::String(json.raw().to_owned()), Value::Number);
        match json.raw() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ if json.is_null() => Value::Null,
            _ => number(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_any_program_reads_is_read_alike() {
        for text in [
            r#"{"a":[1,-2.5e3,true,false,null,"x\"\\\u00e9\ud83e\udd80",{}],"b":{"c":{"d":[[]]}},"z":"佐藤"}"#,
            "null",
            r#""text""#,
            "18446744073709551615",
        ] {
            assert_eq!(parsed(Some(text)).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        assert_eq!(parsed(None).unwrap(), Value::Null);
        assert!(parsed(Some("{\"a\":")).is_err());
    }

    #[test]
    fn what_no_program_can_hold_hides_nothing_else() {
        let text = r#"{"a":"x\ud800y","b":1e999,"c":"seen"}"#;
        assert_eq!(parsed(Some(text)).unwrap(), json!({"a": "x\u{fffd}y", "b": "1e999", "c": "seen"}));
    }
}
