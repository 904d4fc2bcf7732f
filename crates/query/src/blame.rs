//! Calls about a thing in, those that changed one attribute of it out, each with the value that it left and the one before.

use crate::answer::AttributeChange;
use crate::attribute::{Attribute, Said, Touch};
use crate::error::Result;
use crate::hits::{number, text};
use crate::payload::parsed;
use crate::reader::Reader;
use crate::trace::Folded;
use datafusion::arrow::array::{Array as _, StringArray};
use lake::{Moments, Table};
use std::collections::{BTreeMap, HashMap};

/// The record of a call: its object's number, and its place in it.
type Place = (i64, u64);

/// What calls did to the attribute, by their records.
pub(crate) type Blamed = HashMap<Place, AttributeChange>;

const COLUMNS: [&str; 6] = ["object_id", "record", "event_id", "event_name", "request_parameters", "response_elements"];

impl Reader {
    /// Leaves those calls that changed the attribute, or that tried to and failed.
    pub(crate) async fn blame(&self, folded: Vec<Folded>, path: &str, attribute: &Attribute) -> Result<(Vec<Folded>, Blamed)> {
        let mut days: BTreeMap<i32, Moments> = BTreeMap::new();
        for Folded { hit, .. } in folded.iter().filter(|folded| !folded.hit.read_only) {
            days.entry(lake::day_of(hit.event_time)).or_default().insert((hit.event_time, hit.recipient_account_id.clone()));
        }
        let events = self.points(Table::Events).await?;
        let mut touched: HashMap<Place, (String, Touch)> = HashMap::new();
        for (day, moments) in days {
            for batch in events.events_at(day, &moments, &COLUMNS).await? {
                let (object, record) = (number(&batch, "object_id")?, number(&batch, "record")?);
                let (id, name) = (text(&batch, "event_id")?, text(&batch, "event_name")?);
                let (request, response) = (text(&batch, "request_parameters")?, text(&batch, "response_elements")?);
                for row in 0..batch.num_rows() {
                    let json = |column: &StringArray| parsed(column.is_valid(row).then(|| column.value(row)));
                    let (request, response) = (json(&request)?, json(&response)?);
                    let said = Said { event_name: name.value(row), request: &request, response: &response };
                    if let Some(touch) = attribute.touched(&said) {
                        let place = (object.value(row), u64::try_from(record.value(row)).unwrap_or(0));
                        touched.insert(place, (id.value(row).to_owned(), touch));
                    }
                }
            }
        }
        Ok(chronicle(folded, path, touched))
    }
}

/// Goes through what was done from the oldest on.
fn chronicle(folded: Vec<Folded>, path: &str, mut touched: HashMap<Place, (String, Touch)>) -> (Vec<Folded>, Blamed) {
    let mut touches: Vec<(i64, String, Folded, Touch)> = Vec::new();
    for folded in folded {
        if let Some((id, touch)) = touched.remove(&folded.hit.place()) {
            touches.push((folded.hit.event_time, id, folded, touch));
        }
    }
    touches.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let (mut kept, mut blamed, mut held) = (Vec::new(), Blamed::new(), None::<String>);
    for (_, _, folded, touch) in touches {
        let before = held.clone();
        let value = match touch {
            Touch::Set(value) => Some(value),
            Touch::Removed => None,
            Touch::LeftOut if before.is_some() => None,
            Touch::LeftOut => continue,
        };
        if !folded.hit.failed {
            if value.is_some() && value == before {
                continue;
            }
            held.clone_from(&value);
        }
        blamed.insert(folded.hit.place(), AttributeChange { path: path.to_owned(), value, before });
        kept.push(folded);
    }
    kept.reverse();
    (kept, blamed)
}
