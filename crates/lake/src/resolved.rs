//! Who stands behind sessions, as columns.

use crate::schema::{CHAIN_COLUMNS, chain_fields, tag_fields};
use arrow::array::{ArrayRef, ListArray, MapArray, StringArray, StringBuilder, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use identity::{Credential, Resolution};
use std::sync::Arc;

/// A column of [`crate::schema::resolved`], a row for each resolution.
pub(crate) fn column<'r>(index: usize, resolutions: impl Iterator<Item = Option<&'r Resolution>> + Clone) -> ArrayRef {
    let text = |value: fn(&Resolution) -> Option<&str>| -> ArrayRef {
        Arc::new(resolutions.clone().map(|resolution| resolution.and_then(value)).collect::<StringArray>())
    };
    let last = |resolution: Option<&'r Resolution>| resolution.and_then(|resolution| resolution.chain.last());
    match index {
        0 => text(|resolution| Some(resolution.actor.kind())),
        1 => text(|resolution| resolution.actor.id()),
        2 => text(|_| None),
        3 => text(|resolution| resolution.actor.account_id()),
        4 => text(|resolution| Some(resolution.certainty.word())),
        5 => chains(resolutions.clone()),
        6 => tag_column(resolutions.clone().map(|resolution| last(resolution).map_or(&[][..], |credential| &credential.session_tags))),
        7 => Arc::new(
            resolutions
                .clone()
                .map(|resolution| last(resolution).and_then(|credential| credential.source_identity.as_deref()))
                .collect::<StringArray>(),
        ),
        _ => text(Resolution::permission_set),
    }
}

fn chains<'r>(resolutions: impl Iterator<Item = Option<&'r Resolution>>) -> ArrayRef {
    let mut columns: Vec<StringBuilder> = CHAIN_COLUMNS.iter().map(|_| StringBuilder::new()).collect();
    let mut lengths = Vec::new();
    for resolution in resolutions {
        let chain = resolution.map_or(&[][..], |resolution| resolution.chain.as_slice());
        lengths.push(chain.len());
        for Credential { kind, role_arn, session_name, source_identity, access_key_id, .. } in chain {
            let values = [Some(*kind), role_arn.as_deref(), session_name.as_deref(), source_identity.as_deref(), access_key_id.as_deref()];
            for (column, value) in columns.iter_mut().zip(values) {
                column.append_option(value);
            }
        }
    }
    let arrays: Vec<ArrayRef> = columns.into_iter().map(|mut column| Arc::new(column.finish()) as ArrayRef).collect();
    let links = StructArray::new(chain_fields(), arrays, None);
    Arc::new(ListArray::new(
        Arc::new(Field::new("element", DataType::Struct(chain_fields()), true)),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(links),
        None,
    ))
}

/// A map column of tags.
pub(crate) fn tag_column<'r>(rows: impl Iterator<Item = &'r [(String, String)]>) -> ArrayRef {
    let (mut keys, mut values, mut lengths) = (StringBuilder::new(), StringBuilder::new(), Vec::new());
    for tags in rows {
        lengths.push(tags.len());
        for (key, value) in tags {
            keys.append_value(key);
            values.append_value(value);
        }
    }
    let entries = StructArray::new(tag_fields(), vec![Arc::new(keys.finish()), Arc::new(values.finish())], None);
    let none: Option<NullBuffer> = None;
    Arc::new(MapArray::new(
        Arc::new(Field::new("key_value", DataType::Struct(tag_fields()), false)),
        OffsetBuffer::from_lengths(lengths),
        entries,
        none,
        false,
    ))
}
