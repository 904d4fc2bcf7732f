//! Which tables stand in which section, and which controls of ISO/IEC 27001:2022, Annex A, each serves. Numbers alone: the standard's text is not
//! ours to print.

/// A section to be.
#[derive(Debug)]
pub(crate) struct SectionPlan {
    pub(crate) id: &'static str,
    pub(crate) controls: &'static [&'static str],
    /// Names of queries, and of what is no query.
    pub(crate) tables: &'static [&'static str],
}

/// Every section, in order.
pub(crate) const SECTIONS: [SectionPlan; 13] = [
    SectionPlan { id: "completeness", controls: &["8.15", "5.33", "8.17"], tables: &["completeness", "gaps", "rejects", "delay"] },
    SectionPlan { id: "summary", controls: &[], tables: &["changes_by_hour"] },
    SectionPlan { id: "attribution", controls: &["5.16", "5.28"], tables: &["certainty", "unattributed"] },
    SectionPlan { id: "privileged", controls: &["8.2", "8.18"], tables: &["privileged"] },
    SectionPlan {
        id: "changes",
        controls: &["8.32", "8.9"],
        tables: &["changes_by_person", "people_by_account", "changes_by_machine", "causes", "failures"],
    },
    SectionPlan { id: "access_rights", controls: &["5.15", "5.18"], tables: &["access_rights", "assigned", "permission_sets"] },
    SectionPlan {
        id: "identities",
        controls: &["5.16", "5.17", "6.5", "8.5"],
        tables: &["leavers", "long_lived_keys", "shared_identities", "sign_ins"],
    },
    SectionPlan { id: "suppliers", controls: &["5.19", "5.22"], tables: &["suppliers", "contractors"] },
    SectionPlan { id: "sessions", controls: &["8.15", "8.18"], tables: &["sessions"] },
    SectionPlan { id: "alerts", controls: &["8.16", "5.25", "5.26"], tables: &["alerts", "runs"] },
    SectionPlan { id: "protection", controls: &["5.33", "8.15"], tables: &["verdicts", "log_protection"] },
    SectionPlan { id: "exceptions", controls: &["5.36", "8.16"], tables: &["exceptions"] },
    SectionPlan { id: "corrections", controls: &["5.28"], tables: &["late_changes"] },
];

/// Controls of the index, each with a label of our own in the catalogues.
pub(crate) const CONTROLS: [&str; 20] = [
    "5.15", "5.16", "5.17", "5.18", "5.19", "5.22", "5.25", "5.26", "5.28", "5.33", "5.36", "6.5", "8.2", "8.5", "8.9", "8.15", "8.16",
    "8.17", "8.18", "8.32",
];

/// Names of the tables of every section, in order.
pub fn tables() -> Vec<&'static str> {
    SECTIONS.iter().flat_map(|section| section.tables.iter().copied()).collect()
}

/// The index: a control and the numbers of the sections that serve it.
pub(crate) fn index() -> Vec<(&'static str, Vec<usize>)> {
    let sections = |control: &str| {
        let serves = SECTIONS.iter().enumerate().filter(|(_, section)| section.controls.contains(&control));
        serves.map(|(index, _)| index + 1).collect()
    };
    CONTROLS.iter().map(|control| (*control, sections(control))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Language};

    #[test]
    fn every_control_is_indexed_and_every_name_has_a_title() {
        for section in &SECTIONS {
            for control in section.controls {
                assert!(CONTROLS.contains(control), "{control}");
            }
        }
        for language in Language::ALL {
            let catalogue = Catalogue::new(language);
            for section in &SECTIONS {
                assert!(catalogue.has(&format!("section-{}", section.id)), "{}", section.id);
                assert!(catalogue.has(&format!("about-{}", section.id)), "{}", section.id);
                for table in section.tables {
                    assert!(catalogue.has(&format!("table-{table}")), "{table}");
                }
            }
            for (table, note) in [
                ("alerts", "not-run"),
                ("assigned", "no-directory"),
                ("leavers", "no-leavers-known"),
                ("contractors", "no-companies-known"),
            ] {
                assert!(tables().contains(&table) && catalogue.has(&format!("note-{table}-{note}")), "{table} {note}");
            }
            for (control, sections) in index() {
                assert!(!sections.is_empty(), "{control}");
                assert!(catalogue.has(&format!("control-{}", control.replace('.', "-"))), "{control}");
            }
        }
    }
}
