//! Where in a bucket logs lie, by its folders: accounts and regions of trails, and everything of another shape.
//!
//! Found anew in each run, so that a new account, region or organisation is there as soon as it has an object. What has no trail's shape
//! is not left out: it is listed whole.

use crate::settings::Filter;
use event::log_key::{self, Folder, Kind};
use futures::StreamExt as _;
use source::{Bucket, Error, Listed, Range};
use std::collections::BTreeSet;

/// Listings at a time.
pub(crate) const LISTINGS_MAX: usize = 16;
/// Folders above any `AWSLogs/` that are looked into, one below the other.
const SEARCH_DEPTH_MAX: usize = 4;
/// Folders beside each other, above any `AWSLogs/`, that are looked into one by one.
const SEARCH_FOLDERS_MAX: usize = 64;
/// Folders above any `AWSLogs/` that are looked into, in all.
const SEARCH_LEVELS_MAX: usize = 500;
/// Entries of a folder of no trail's shape up to which they are taken from its own listing.
const LEVEL_ENTRIES_MAX: usize = 10_000;
/// Services that write below `AWSLogs/ACCOUNT/` and of which no object is a CloudTrail log or a session's (each service's guide).
const OTHER_SERVICES: [&str; 12] = [
    "Config",
    "elasticloadbalancing",
    "vpcflowlogs",
    "vpcdnsquerylogs",
    "WAFLogs",
    "GuardDuty",
    "RedshiftLogs",
    "redshift",
    "network-firewall",
    "globalaccelerator",
    "S3AccessLogs",
    "CloudFront",
];

/// What a bucket holds, as far as its folders tell.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Folders of an account and region, of logs and of digests, each ending in `/`.
    pub(crate) regions: BTreeSet<String>,
    /// What is to be listed whole.
    pub(crate) ranges: Vec<Range>,
    /// Objects that the search met.
    pub(crate) objects: Vec<source::Result<Listed>>,
    /// Folders of other services, and of kinds of CloudTrail's that are not read.
    pub(crate) left_out: BTreeSet<String>,
    /// Accounts and regions that the filter leaves out.
    pub(crate) filtered: BTreeSet<String>,
    /// Folders that could not be listed.
    pub(crate) failed: Vec<Error>,
    searched: usize,
}

impl Layout {
    /// Looks through a bucket's folders.
    pub(crate) async fn of(bucket: &Bucket, filter: &Filter) -> Layout {
        let mut layout = Layout::default();
        let mut frontier = vec![(bucket.root().to_owned(), 0)];
        if matches!(log_key::folder(bucket.root()), Folder::Days { .. } | Folder::Objects) || !is_folder(bucket.root()) {
            layout.enter(bucket.root(), filter, 0, &mut Vec::new());
            return layout;
        }
        while !frontier.is_empty() {
            let mut next = Vec::new();
            let mut levels = futures::stream::iter(frontier.into_iter().map(|(folder, depth)| async move {
                let level = bucket.level(&folder, LEVEL_ENTRIES_MAX).await;
                (folder, depth, level)
            }))
            .buffered(LISTINGS_MAX);
            while let Some((folder, depth, level)) = levels.next().await {
                match level {
                    Ok(level) => layout.take(&folder, depth, level, filter, &mut next),
                    Err(error) => layout.failed.push(error),
                }
            }
            frontier = next;
        }
        layout
    }

    fn take(&mut self, folder: &str, depth: usize, level: source::Level, filter: &Filter, next: &mut Vec<(String, usize)>) {
        let search = log_key::folder(folder) == Folder::Outside;
        self.searched += usize::from(search);
        let is_enough = self.searched > SEARCH_LEVELS_MAX || level.folders.len() > SEARCH_FOLDERS_MAX || depth >= SEARCH_DEPTH_MAX;
        if search && (!level.whole || is_enough) {
            return self.search_no_further(folder, &level.folders, next);
        }
        if !level.whole {
            return self.ranges.push(Range { prefix: folder.to_owned(), ..Range::default() });
        }
        self.objects.extend(level.objects);
        for below in &level.folders {
            self.enter(below, filter, depth + 1, next);
        }
    }

    /// Takes a folder of too many entries whole, but for trails that lie in it.
    fn search_no_further(&mut self, folder: &str, folders: &[String], next: &mut Vec<(String, usize)>) {
        let logs = format!("{folder}AWSLogs/");
        if !folders.contains(&logs) {
            return self.ranges.push(Range { prefix: folder.to_owned(), ..Range::default() });
        }
        // `0` is what follows `/` in the order of bytes.
        let after = format!("{folder}AWSLogs0");
        self.ranges.push(Range { prefix: folder.to_owned(), after: None, before: Some(logs.clone()) });
        self.ranges.push(Range { prefix: folder.to_owned(), after: Some(after), before: None });
        next.push((logs, 0));
    }

    fn enter(&mut self, folder: &str, filter: &Filter, depth: usize, next: &mut Vec<(String, usize)>) {
        let whole = || Range { prefix: folder.to_owned(), ..Range::default() };
        let name = folder.trim_end_matches('/').rsplit('/').next().unwrap_or("");
        match log_key::folder(folder) {
            Folder::Kinds { account_id } | Folder::Regions { account_id, .. } if !filter.takes(account_id, "") => {
                self.filtered.insert(account_id.to_owned());
            }
            Folder::Outside | Folder::Accounts | Folder::Kinds { .. } => next.push((folder.to_owned(), depth)),
            Folder::Regions { kind: Kind::CloudTrail | Kind::Digest, .. } => next.push((folder.to_owned(), depth)),
            Folder::Regions { kind: Kind::OtherService, .. } if !OTHER_SERVICES.contains(&name) => self.ranges.push(whole()),
            Folder::Regions { .. } => {
                self.left_out.insert(folder.to_owned());
            }
            Folder::Days { kind: Kind::CloudTrail | Kind::Digest, account_id, aws_region } => {
                if filter.takes(account_id, aws_region) {
                    self.regions.insert(folder.to_owned());
                } else {
                    self.filtered.insert(format!("{account_id} {aws_region}"));
                }
            }
            Folder::Days { .. } | Folder::Objects => self.ranges.push(whole()),
        }
    }
}

fn is_folder(path: &str) -> bool {
    path.is_empty() || path.ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use source::Level;

    /// One level of a bucket of these keys.
    fn level(keys: &[String], folder: &str) -> Level {
        let mut level = Level { whole: true, ..Level::default() };
        for key in keys {
            let Some(rest) = key.strip_prefix(folder) else { continue };
            match rest.split_once('/') {
                Some((below, _)) => level.folders.push(format!("{folder}{below}/")),
                None => level.objects.push(Ok(Listed { uri: key.clone(), key: key.clone(), size: 1, etag: None, modified: None })),
            }
        }
        level.folders.sort();
        level.folders.dedup();
        level
    }

    fn walk(keys: &[String], filter: &Filter) -> Layout {
        let mut layout = Layout::default();
        let mut frontier = vec![(String::new(), 0)];
        while let Some((folder, depth)) = frontier.pop() {
            layout.take(&folder, depth, level(keys, &folder), filter, &mut frontier);
        }
        layout
    }

    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn trails_of_every_layout_are_found_beside_each_other() {
        let found = walk(
            &keys(&[
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/18/a.json.gz",
                "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/18/a.json.gz",
                "AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/11/18/a.json.gz",
                "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/11/18/a.log.gz",
                "AWSLogs/111122223333/sessions/a.log",
                "AWSLogs/o-ab/111122223333/CloudTrail/us-east-1/2026/11/18/a.json.gz",
                "o-ab/AWSLogs/o-ab/444455556666/CloudTrail/us-east-1/2026/11/18/a.json.gz",
                "cloudtrail-organization/AWSLogs/o-ab/444455556666/CloudTrail/us-east-1/2026/11/18/a.json.gz",
                "session/a.log",
                "top.json",
            ]),
            &Filter::default(),
        );
        assert_eq!(
            found.regions.iter().map(String::as_str).collect::<Vec<_>>(),
            [
                "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/",
                "AWSLogs/111122223333/CloudTrail/eu-west-1/",
                "AWSLogs/o-ab/111122223333/CloudTrail/us-east-1/",
                "cloudtrail-organization/AWSLogs/o-ab/444455556666/CloudTrail/us-east-1/",
                "o-ab/AWSLogs/o-ab/444455556666/CloudTrail/us-east-1/",
            ]
        );
        assert_eq!(found.left_out.len(), 2, "{:?}", found.left_out);
        assert_eq!(found.ranges, [Range { prefix: "AWSLogs/111122223333/sessions/".into(), ..Range::default() }]);
        let objects: Vec<String> = found.objects.into_iter().map(|object| object.unwrap().key).collect();
        assert_eq!(objects.len(), 2);
        assert!(objects.contains(&"session/a.log".to_owned()) && objects.contains(&"top.json".to_owned()));
    }

    #[test]
    fn among_very_many_folders_a_trail_is_found_and_the_rest_is_listed_whole() {
        let mut all: Vec<String> = (0..200).map(|number| format!("{number}/a.json")).collect();
        all.push("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/18/a.json.gz".to_owned());
        let found = walk(&all, &Filter::default());
        assert_eq!(found.regions.len(), 1);
        let kept = |key: &String| {
            let is_in = |range: &Range| {
                range.after.as_ref().is_none_or(|after| key > after) && range.before.as_ref().is_none_or(|before| key < before)
            };
            found.ranges.iter().filter(|range| is_in(range)).count()
                + found.regions.iter().filter(|folder| key.starts_with(*folder)).count()
        };
        assert!(all.iter().all(|key| kept(key) == 1), "each key once");
    }

    #[test]
    fn what_the_filter_leaves_out_is_not_entered() {
        let filter = Filter { accounts: vec!["111122223333".into()], aws_regions: vec!["eu-west-1".into()] };
        let found = walk(
            &keys(&[
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/18/a.json.gz",
                "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/18/a.json.gz",
                "AWSLogs/444455556666/CloudTrail/eu-west-1/2026/11/18/a.json.gz",
            ]),
            &filter,
        );
        assert_eq!((found.regions.len(), found.filtered.len()), (1, 2));
    }
}
