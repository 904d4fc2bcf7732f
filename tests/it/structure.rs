//! Who may know whom: the dependency graph, as cargo sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The workspace's packages, and who needs whom.
struct Graph {
    /// Package ids by name; ours only.
    members: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
    /// By package id: ids of what it needs to run, build scripts and tests left out.
    needs: BTreeMap<String, Vec<String>>,
}

#[test]
fn the_simulation_knows_nothing_of_the_project() {
    let graph = graph();
    assert_eq!(graph.ours_below("simulate"), [""; 0]);
    let manifest = std::fs::read_to_string(root().join("crates/simulate/Cargo.toml")).unwrap();
    for name in graph.members.keys().filter(|name| *name != "simulate") {
        assert!(
            !manifest.lines().any(|line| line.starts_with(&format!("{name} ")) || line.starts_with(&format!("{name}."))),
            "not even for tests: {name}"
        );
    }
}

#[test]
fn crates_know_only_those_before_them() {
    let graph = graph();
    let allowed = [
        ("event", &[][..]),
        ("simulate", &[]),
        ("digest", &["event"]),
        ("transcript", &[]),
        ("identity", &["event"]),
        ("source", &["event"]),
        ("lake", &["digest", "event", "identity", "transcript"]),
        ("report", &[]),
        ("query", &["digest", "event", "identity", "lake", "transcript"]),
    ];
    for (name, allowed) in allowed {
        for below in graph.ours_below(name) {
            assert!(allowed.contains(&below.as_str()), "{name} knows {below}");
        }
    }
}

#[test]
fn pure_crates_wait_for_nothing_and_hold_no_tables() {
    let graph = graph();
    for name in ["digest", "event", "identity", "report", "simulate", "transcript"] {
        for below in graph.below(name) {
            let heavy = ["tokio", "futures", "async-trait", "deltalake", "object_store"].contains(&below.as_str())
                || ["aws-", "arrow", "parquet", "datafusion", "hyper"].iter().any(|start| below.starts_with(start));
            assert!(!heavy, "{name} needs {below}");
        }
    }
}

#[test]
fn each_heavy_dependency_is_named_by_one_crate() {
    let graph = graph();
    check(&graph, "datafusion", &["query"]);
    check(&graph, "deltalake", &["lake", "query"]);
    check(&graph, "aws-", &["source"]);
    check(&graph, "arrow", &["lake"]);
    check(&graph, "parquet", &["lake"]);
}

#[test]
fn arrow_and_datafusion_are_linked_once() {
    let graph = graph();
    for name in ["arrow-array", "parquet", "datafusion", "object_store"] {
        let versions = graph.names.values().filter(|found| *found == name).count();
        assert_eq!(versions, 1, "{name}");
    }
}

#[test]
fn every_query_is_a_file_that_says_what_it_answers() {
    for (name, body) in crate::support::files(&root().join("queries")).iter().filter(|(name, _)| name.ends_with(".sql")) {
        let text = String::from_utf8(body.clone()).unwrap();
        assert!(text.starts_with("-- "), "{name} begins with what it answers");
        assert!(text.contains("-- ") && text.contains("Out:"), "{name} says what comes out");
        assert!(!text.to_uppercase().contains("WITH RECURSIVE"), "{name}: no executor of a cluster takes it");
    }
}

#[track_caller]
fn check(graph: &Graph, start: &str, allowed: &[&str]) {
    for (name, id) in &graph.members {
        let direct = graph.needs[id].iter().map(|below| &graph.names[below]).find(|below| below.starts_with(start));
        assert!(direct.is_none() || allowed.contains(&name.as_str()), "{name} names {direct:?}");
    }
}

impl Graph {
    /// Everything that a crate needs, near and far.
    fn ids_below(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut next = vec![self.members[name].clone()];
        while let Some(id) = next.pop() {
            for below in &self.needs[&id] {
                if found.insert(below.clone()) {
                    next.push(below.clone());
                }
            }
        }
        found
    }

    fn below(&self, name: &str) -> BTreeSet<String> {
        self.ids_below(name).iter().map(|id| self.names[id].clone()).collect()
    }

    /// By id: a crate from elsewhere may have the name of one of ours.
    fn ours_below(&self, name: &str) -> Vec<String> {
        let below = self.ids_below(name);
        self.members.iter().filter(|(_, id)| below.contains(*id)).map(|(name, _)| name.clone()).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn graph() -> Graph {
    // What is built here: crates of other platforms need not have been fetched.
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", host]).current_dir(root());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let names: BTreeMap<String, String> =
        list(&metadata["packages"]).iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
    let members = list(&metadata["workspace_members"]).iter().map(|id| (names[&text(id)].clone(), text(id))).collect();
    let needs = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let runs = |dependency: &&Value| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            let below = list(&node["deps"]).iter().filter(runs).map(|dependency| text(&dependency["pkg"])).collect();
            (text(&node["id"]), below)
        })
        .collect();
    Graph { members, names, needs }
}
