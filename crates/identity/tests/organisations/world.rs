//! A plan in; what its log objects say, as a graph of credential sessions, out.

use crate::oracle::Oracle;
use event::{Decoder, Event, HashKey, Reject, Sink};
use identity::{Act, CauseFact, CauseFacts, Graph, Identity, Issue, Resolution, SessionKey, Use, is_agents_call};
use simulate::{Ledger, Plan};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) graph: Graph,
    pub(crate) causes: CauseFacts,
    /// Each act's event, by its id.
    pub(crate) acts: BTreeMap<String, Act>,
    pub(crate) oracle: Oracle,
    /// The session of each event.
    pub(crate) sessions: BTreeMap<String, SessionKey>,
    agents_calls: BTreeSet<String>,
}

#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) uses: BTreeSet<Use>,
    pub(crate) issues: BTreeSet<Issue>,
    pub(crate) causes: CauseFacts,
    pub(crate) acts: BTreeMap<String, Act>,
    oracle: Oracle,
    sessions: BTreeMap<String, SessionKey>,
    agents_calls: BTreeSet<String>,
}

impl Reader {
    /// Who stands behind an act.
    pub(crate) fn resolve(&self, graph: &Graph, act: &Act) -> Resolution {
        resolve(graph, act, &self.agents_calls)
    }
}

fn resolve(graph: &Graph, act: &Act, agents_calls: &BTreeSet<String>) -> Resolution {
    if agents_calls.contains(&act.event_id) { graph.resolve_agents_call(&act.session) } else { graph.resolve(&act.session) }
}

impl Sink for Reader {
    fn event(&mut self, event: &Event<'_>) {
        self.uses.insert(Use::of(event));
        self.issues.extend(Issue::of(event));
        CauseFact::of(event).into_iter().for_each(|fact| self.causes.add(fact));
        // Some events are delivered twice.
        let session = Identity::of(event).session();
        if self.sessions.insert(event.event_id.clone().into_owned(), session).is_none() {
            self.oracle.add(event);
        }
        if is_agents_call(&event.event_source) {
            self.agents_calls.insert(event.event_id.clone().into_owned());
        }
        if !event.read_only {
            self.acts.insert(event.event_id.clone().into_owned(), Act::of(event));
        }
    }

    fn reject(&mut self, reject: Reject) {
        panic!("{reject:?}");
    }
}

impl World {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut read = Reader::default();
        let mut decoder = Decoder::new(HashKey::new([7; 32]));
        let ledger = simulate::run(plan, &mut |object| {
            decoder.decode(&object.body, &mut read);
        });
        let mut graph = Graph::default();
        read.uses.into_iter().for_each(|seen| graph.add_use(seen));
        read.issues.into_iter().for_each(|issue| graph.add_issue(issue));
        let asked: BTreeSet<&str> = ledger.acts.iter().map(|act| act.event_id.as_str()).collect();
        let acts = read.acts.into_iter().filter(|(id, _)| asked.contains(id.as_str())).collect();
        Self { ledger, graph, causes: read.causes, acts, oracle: read.oracle, sessions: read.sessions, agents_calls: read.agents_calls }
    }

    /// Who stands behind an act.
    pub(crate) fn resolve(&self, act: &Act) -> Resolution {
        resolve(&self.graph, act, &self.agents_calls)
    }
}
