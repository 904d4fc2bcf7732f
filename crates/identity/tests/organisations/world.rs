//! A plan in; what its log objects say, as a graph of credential sessions, out.

use event::{Decoder, Event, HashKey, Reject, Sink};
use identity::{Graph, Identity, Issue, SessionKey, Use};
use simulate::{Ledger, Plan};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) graph: Graph,
    /// The session of each act's event, by event id.
    pub(crate) sessions: BTreeMap<String, SessionKey>,
}

#[derive(Default)]
struct Reader {
    uses: BTreeSet<Use>,
    issues: BTreeSet<Issue>,
    sessions: BTreeMap<String, SessionKey>,
}

impl Sink for Reader {
    fn event(&mut self, event: &Event<'_>) {
        self.uses.insert(Use::of(event));
        self.issues.extend(Issue::of(event));
        self.sessions.insert(event.event_id.clone().into_owned(), Identity::of(event).session());
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
        let sessions = read.sessions.into_iter().filter(|(id, _)| asked.contains(id.as_str())).collect();
        Self { ledger, graph, sessions }
    }
}
