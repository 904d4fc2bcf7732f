//! Calls in, the runs of a tool that they are parts of out: one `terraform apply` or one stack's update is one act of whoever began it.
//!
//! A run is what one tool did through the sessions that come from one session of the actor, without a pause. CloudFormation is known by
//! what AWS writes (`invokedBy`); Terraform by the user agent, which a caller may choose: it folds a list, and says nothing of who it was.

use crate::answer::{Change, Run};
use event::time::rfc3339;
use std::collections::{BTreeMap, BTreeSet};

/// A pause that ends a run: what creates slowly (databases, clusters, distributions) is waited for that long between two changes.
pub(crate) const PAUSE_MICROS: i64 = 20 * 60 * 1_000_000;

/// The tool that made a call, if it is one that works in runs.
pub(crate) fn tool(user_agent: Option<&str>, invoked_by: Option<&str>) -> Option<&'static str> {
    if invoked_by == Some("cloudformation.amazonaws.com") {
        return Some("cloudformation");
    }
    let user_agent = user_agent?;
    // OpenTofu's providers name Terraform as well.
    [("OpenTofu/", "opentofu"), ("Terraform/", "terraform")].into_iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, tool)| tool)
}

/// A change that a tool made: its place in the answer, and what tells its run from others.
pub(crate) struct Step {
    pub(crate) change: usize,
    pub(crate) tool: &'static str,
    /// The first session of the chain.
    pub(crate) session: String,
    pub(crate) event_time: i64,
}

/// Notes on each change the run that it is part of; one change alone is none.
pub(crate) fn fold(mut steps: Vec<Step>, changes: &mut [Change]) {
    steps.sort_by(|a, b| (a.tool, &a.session, a.event_time).cmp(&(b.tool, &b.session, b.event_time)));
    let is_one = |a: &Step, b: &Step| a.tool == b.tool && a.session == b.session && b.event_time - a.event_time <= PAUSE_MICROS;
    for steps in steps.chunk_by(is_one) {
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { continue };
        let mut events: BTreeMap<String, u64> = BTreeMap::new();
        let mut accounts = BTreeSet::new();
        // The first in time, by its id where there are several.
        let mut id: Option<(i64, String)> = None;
        for step in steps {
            let Some(change) = changes.get(step.change) else { continue };
            *events.entry(change.event_name.clone()).or_default() += 1;
            accounts.insert(change.recipient_account_id.clone());
            let this = (step.event_time, change.event_id.clone());
            id = Some(id.map_or_else(|| this.clone(), |id| id.min(this.clone())));
        }
        let Some((_, id)) = id.filter(|_| steps.len() > 1) else { continue };
        let (from, until) = (rfc3339(first.event_time), rfc3339(last.event_time));
        let run = Run { id, tool: first.tool, changes: steps.len() as u64, from, until, event_names: events, accounts };
        for step in steps {
            if let Some(change) = changes.get_mut(step.change) {
                change.run = Some(run.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tool;

    #[test]
    fn tools_are_known_by_what_they_say_of_themselves_and_cloudformation_by_aws() {
        let terraform = "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 (+https://www.terraform.io) terraform-provider-aws/6.18.0";
        assert_eq!(tool(Some(terraform), None), Some("terraform"));
        assert_eq!(tool(Some(&terraform.replace("Terraform/", "OpenTofu/")), None), Some("opentofu"));
        assert_eq!(tool(Some("cloudformation.amazonaws.com"), Some("cloudformation.amazonaws.com")), Some("cloudformation"));
        assert_eq!(tool(Some("cloudformation.amazonaws.com"), None), None, "a caller may call himself so");
        assert_eq!(tool(Some("aws-cli/2.31.0"), None), None);
        assert_eq!(tool(None, Some("athena.amazonaws.com")), None);
    }
}
