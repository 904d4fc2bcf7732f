//! Documents for programs.

use crate::failure::Failure;
use ::report::text::plain_json;
use serde::Serialize;
use serde_json::Value;

fn failed(error: serde_json::Error) -> Failure {
    Failure::internal(&error)
}

/// One document; with `fields`, only those of its members, or of the members of its lists.
pub(crate) fn document(value: &impl Serialize, fields: Option<&[String]>) -> Result<String, Failure> {
    let Some(fields) = fields else {
        let mut text = serde_json::to_string_pretty(value).map_err(failed)?;
        text.push('\n');
        return Ok(plain_json(text));
    };
    let mut value = serde_json::to_value(value).map_err(failed)?;
    if let Value::Object(map) = &mut value {
        let keep = |name: &str| fields.iter().any(|field| field == name);
        let top = map.keys().any(|name| keep(name));
        if top {
            map.retain(|name, _| name == "schema" || keep(name));
        } else {
            for list in map.values_mut().filter_map(Value::as_array_mut) {
                for item in list.iter_mut().filter_map(Value::as_object_mut) {
                    item.retain(|name, _| keep(name));
                }
            }
        }
    }
    let mut text = serde_json::to_string_pretty(&value).map_err(failed)?;
    text.push('\n');
    Ok(plain_json(text))
}

/// One object a line.
pub(crate) fn lines(items: &[impl Serialize]) -> Result<String, Failure> {
    let mut text = String::new();
    for item in items {
        text.push_str(&serde_json::to_string(item).map_err(failed)?);
        text.push('\n');
    }
    Ok(plain_json(text))
}
