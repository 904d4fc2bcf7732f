//! Sizes of the files of a partition in, which of them become one out.

/// Bytes of files that become one, at most; decoded, they are held in memory together.
pub(crate) const MERGE_BYTES_MAX: u64 = 16 << 20;

/// The same of `events`, whose requests and responses become ten times as large.
pub(crate) const EVENT_MERGE_BYTES_MAX: u64 = 4 << 20;

/// Files of one size class that lie in a partition before they become one: each row is written again once for each class.
pub(crate) const FAN_IN: usize = 8;

/// Where the classes begin: files below this are all of the first.
const CLASS_BYTES: u64 = 64 << 10;

/// A data file, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    /// Files of different kinds are never merged: what a reader looks for lies in one kind alone.
    pub(crate) kind: String,
    /// Its least time in the log's statistics: neighbours are merged, so that times still tell files apart.
    pub(crate) low: String,
    pub(crate) path: String,
    pub(crate) size: u64,
}

/// Which files are worth being merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Only where several of about one size have come together.
    WhereItPays,
    /// All that are not full.
    Everything,
}

/// The sets of files of one partition that each become one file of about `bytes_max` at most, by their places in `files`. A file of half
/// of that is left as it is: what is gained by fewer files no longer pays for writing it again.
pub(crate) fn groups(files: &[Held], extent: Extent, bytes_max: u64) -> Vec<Vec<usize>> {
    let full = bytes_max / 2;
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|place| files.get(*place));
    let mut found = Vec::new();
    for run in order.chunk_by(|a, b| files.get(*a).map(|file| &file.kind) == files.get(*b).map(|file| &file.kind)) {
        let parts = run.iter().filter_map(|place| {
            let size = files.get(*place)?.size;
            (size < full).then(|| Part { places: vec![*place], size })
        });
        let mut parts: Vec<Part> = parts.collect();
        match extent {
            Extent::Everything => parts = packed(parts, bytes_max),
            Extent::WhereItPays => {
                while let Some(class) = crowded(&parts, full) {
                    let (of_class, others): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.class(full) == class);
                    parts = others;
                    parts.extend(packed(of_class, bytes_max));
                }
            }
        }
        found.extend(parts.into_iter().map(|part| part.places).filter(|places| places.len() > 1));
    }
    found
}

/// Files that become one.
struct Part {
    places: Vec<usize>,
    size: u64,
}

impl Part {
    fn class(&self, full: u64) -> u32 {
        if self.size >= full {
            return u32::MAX;
        }
        (self.size / CLASS_BYTES).checked_ilog(FAN_IN as u64).map_or(0, |class| class + 1)
    }
}

/// The least class that holds too many.
fn crowded(parts: &[Part], full: u64) -> Option<u32> {
    let mut classes: Vec<u32> = parts.iter().map(|part| part.class(full)).filter(|class| *class != u32::MAX).collect();
    classes.sort_unstable();
    classes.chunk_by(|a, b| a == b).find(|class| class.len() >= FAN_IN).and_then(|class| class.first().copied())
}

/// Neighbours together, as far as the limit goes.
fn packed(parts: Vec<Part>, bytes_max: u64) -> Vec<Part> {
    let mut packed: Vec<Part> = Vec::new();
    for part in parts {
        match packed.last_mut() {
            Some(last) if last.size < bytes_max / 2 && last.size + part.size <= bytes_max => {
                last.size += part.size;
                last.places.extend(part.places);
            }
            _ => packed.push(part),
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL_BYTES: u64 = MERGE_BYTES_MAX / 2;

    fn groups(files: &[Held], extent: Extent) -> Vec<Vec<usize>> {
        super::groups(files, extent, MERGE_BYTES_MAX)
    }

    fn held(sizes: &[u64]) -> Vec<Held> {
        let file =
            |(place, size): (usize, &u64)| Held { kind: String::new(), low: format!("{place:06}"), path: String::new(), size: *size };
        sizes.iter().enumerate().map(file).collect()
    }

    #[test]
    fn few_files_are_left_alone_until_they_pay() {
        assert!(groups(&held(&[1_000; FAN_IN - 1]), Extent::WhereItPays).is_empty());
        assert_eq!(groups(&held(&[1_000; FAN_IN]), Extent::WhereItPays), [(0..FAN_IN).collect::<Vec<_>>()]);
        assert_eq!(groups(&held(&[1_000; 2]), Extent::Everything), [vec![0, 1]]);
        assert!(groups(&held(&[1_000]), Extent::Everything).is_empty());
    }

    #[test]
    fn full_files_and_kinds_stay_apart() {
        let mut files = held(&[FULL_BYTES, 10, FULL_BYTES + 1, 10, 10, 10]);
        assert_eq!(groups(&files, Extent::Everything), [vec![1, 3, 4, 5]]);
        files.iter_mut().take(4).for_each(|file| file.kind = "resolved".into());
        assert_eq!(groups(&files, Extent::Everything), [vec![4, 5], vec![1, 3]]);
    }

    #[test]
    fn no_merge_is_larger_than_the_limit() {
        let files = held(&[FULL_BYTES - 1; 9]);
        for extent in [Extent::Everything, Extent::WhereItPays] {
            for group in groups(&files, extent) {
                assert!(group.iter().map(|place| files[*place].size).sum::<u64>() <= MERGE_BYTES_MAX, "{group:?}");
            }
        }
    }

    /// A file is written again once for each class that it rises through, and few files are left, however many came.
    #[test]
    fn a_thousand_small_commits_leave_few_files_and_little_work() {
        let (mut files, mut written): (Vec<Held>, u64) = (Vec::new(), 0);
        for commit in 0..1_000 {
            files.push(Held { kind: String::new(), low: format!("{commit:06}"), path: String::new(), size: 20_000 });
            let merges = groups(&files, Extent::WhereItPays);
            let merged: Vec<Held> = merges
                .iter()
                .map(|group| Held { size: group.iter().map(|place| files[*place].size).sum(), ..files[group[0]].clone() })
                .collect();
            written += merged.iter().map(|file| file.size).sum::<u64>();
            let gone: Vec<usize> = merges.into_iter().flatten().collect();
            files = files.into_iter().enumerate().filter(|(place, _)| !gone.contains(place)).map(|(_, file)| file).chain(merged).collect();
        }
        assert!(files.len() <= 21, "{}", files.len());
        assert!(written <= 6 * 1_000 * 20_000, "{written}");
        assert_eq!(files.iter().map(|file| file.size).sum::<u64>(), 20_000_000);
    }
}
