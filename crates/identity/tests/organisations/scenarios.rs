//! The scenarios of the whole program, on the level of sessions: what their logs say against what must come out of them.

use crate::world::Reader;
use event::{Decoder, HashKey};
use identity::{Actor, Graph};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[test]
fn every_scenario_resolves_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for folder in entries(&root) {
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
        let mut read = Reader::default();
        for file in files(&folder.join("logs")) {
            Decoder::new(HashKey::new([7; 32])).decode(&std::fs::read(file).unwrap(), &mut read);
        }
        let mut graph = Graph::default();
        read.uses.iter().for_each(|seen| graph.add_use(seen.clone()));
        read.issues.iter().for_each(|issue| graph.add_issue(issue.clone()));
        for change in expected["changes"].as_array().into_iter().flatten() {
            let Some(act) = change["event_id"].as_str().and_then(|id| read.acts.get(id)) else { continue };
            asked += 1;
            let found = answer(&graph, &read, act);
            let mut differs = Vec::new();
            lacks(change, &found, "", &mut differs);
            wrong.extend(differs.into_iter().map(|line| format!("{}{line}", folder.file_name().unwrap().display())));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 30, "{asked}");
}

/// What sessions and causes say of a call, under the names that an answer has for it.
fn answer(graph: &Graph, read: &Reader, act: &identity::Act) -> Value {
    let resolution = read.resolve(graph, act);
    let chain: Vec<Value> = resolution
        .chain
        .iter()
        .map(|credential| {
            let by = credential.issued_by.as_ref();
            let tags: serde_json::Map<String, Value> =
                credential.session_tags.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
            json!({
                "kind": credential.kind,
                "role_arn": credential.role_arn,
                "session_name": credential.session_name,
                "access_key_id": credential.access_key_id,
                "source_identity": credential.source_identity,
                "session_tags": tags,
                "asserted_tag_keys": credential.asserted_tag_keys,
                "mfa": credential.mfa,
                "issued_by": by.map(|by| json!({"event_ids": by.event_ids, "event_name": by.event_name, "link": by.link.word()})),
            })
        })
        .collect();
    let causes: Vec<Value> = graph
        .caused_by(act, &read.causes)
        .causes
        .iter()
        .map(|cause| json!({"actor": actor(&cause.actor), "certainty": cause.certainty.word(), "evidence": cause.evidence}))
        .collect();
    let candidates: Vec<Value> =
        resolution.candidates.iter().map(|candidate| json!({"actor": actor(&candidate.actor), "evidence": candidate.evidence})).collect();
    let claims: Vec<Value> = resolution.claims.iter().map(|claim| json!({"value": claim.value, "source": claim.source})).collect();
    json!({
        "certainty": resolution.certainty.word(),
        "actor": actor(&resolution.actor),
        "chain": chain,
        "via": resolution.via.as_ref().map(ToString::to_string),
        "caused_by": causes,
        "candidates": candidates,
        "claims": claims,
        "gap": resolution.gap.as_ref().map(|gap| json!({"at": gap.at, "why": gap.why, "needs": gap.needs})),
    })
}

fn actor(actor: &Actor) -> Value {
    let mut value = json!({
        "kind": actor.kind(),
        "id": actor.id(),
        "account_id": actor.account_id(),
        "provider": actor.provider(),
    });
    match actor {
        Actor::SsoUser { user_id, .. } => value["identity_store_user_id"] = json!(user_id),
        Actor::Pipeline(pipeline) => pipeline.parts.iter().for_each(|(name, part)| value[*name] = json!(part)),
        _ => {}
    }
    value
}

/// Where `found` does not hold `expected`; what sessions do not know is not compared.
fn lacks(expected: &Value, found: &Value, at: &str, wrong: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(keys), Value::Object(object)) => {
            let known = |key: &str| object.contains_key(key) || !at.is_empty() && key != "evidence";
            for (key, value) in keys.iter().filter(|(key, _)| known(key)) {
                lacks(value, object.get(key).unwrap_or(&Value::Null), &format!("{at}.{key}"), wrong);
            }
        }
        (Value::Array(items), Value::Array(list)) if items.len() == list.len() => {
            for (place, (item, found)) in items.iter().zip(list).enumerate() {
                lacks(item, found, &format!("{at}[{place}]"), wrong);
            }
        }
        _ if expected == found => {}
        _ => wrong.push(format!("{at} is {found} and not {expected}")),
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
