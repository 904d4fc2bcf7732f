//! Sets of time.

/// Moments, in microseconds since 1970, as spans that neither touch nor overlap, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spans(Vec<(i64, i64)>);

impl Spans {
    /// Adds the time from `from` until `until`.
    pub(crate) fn add(&mut self, from: i64, until: i64) {
        if from >= until {
            return;
        }
        let first = self.0.partition_point(|span| span.1 < from);
        let last = self.0.partition_point(|span| span.0 <= until);
        let touched = self.0.get(first..last).unwrap_or(&[]);
        let from = touched.first().map_or(from, |span| span.0.min(from));
        let until = touched.last().map_or(until, |span| span.1.max(until));
        self.0.splice(first..last.max(first), [(from, until)]);
    }

    /// What of the time from `from` until `until` is not in the set.
    pub(crate) fn lacking(&self, from: i64, until: i64) -> Self {
        let mut lacking = Self(vec![(from, until)]);
        if from >= until {
            return Self::default();
        }
        let first = self.0.partition_point(|span| span.1 <= from);
        for span in self.0.iter().skip(first).take_while(|span| span.0 < until) {
            lacking.remove(span.0, span.1);
        }
        lacking
    }

    /// Takes the time from `from` until `until` out.
    pub(crate) fn remove(&mut self, from: i64, until: i64) {
        if from >= until {
            return;
        }
        let first = self.0.partition_point(|span| span.1 <= from);
        let last = self.0.partition_point(|span| span.0 < until);
        let touched = self.0.get(first..last).unwrap_or(&[]);
        let before = touched.first().map(|span| (span.0, from)).filter(|span| span.0 < span.1);
        let after = touched.last().map(|span| (until, span.1)).filter(|span| span.0 < span.1);
        self.0.splice(first..last.max(first), before.into_iter().chain(after));
    }

    /// Whether all the time from `from` until `until` is in the set.
    pub(crate) fn holds(&self, from: i64, until: i64) -> bool {
        let at = self.0.partition_point(|span| span.1 < until);
        self.0.get(at).is_some_and(|span| span.0 <= from)
    }

    /// The first moment of all.
    pub(crate) fn first(&self) -> Option<i64> {
        self.0.first().map(|span| span.0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn spans_are_the_set_of_their_moments(steps in prop::collection::vec((any::<bool>(), 0i64..60, 0i64..20), 0..40), from in 0i64..60, length in 1i64..20) {
            let (mut spans, mut moments) = (Spans::default(), [false; 100]);
            for (add, start, length) in steps {
                if add { spans.add(start, start + length) } else { spans.remove(start, start + length) }
                moments[start as usize..(start + length) as usize].fill(add);
            }
            for (start, end) in spans.iter() {
                prop_assert!(start < end);
            }
            prop_assert!(spans.0.windows(2).all(|pair| pair[0].1 < pair[1].0), "{spans:?}");
            for (at, inside) in moments.iter().enumerate() {
                prop_assert_eq!(spans.holds(at as i64, at as i64 + 1), *inside);
            }
            let asked = &moments[from as usize..(from + length) as usize];
            prop_assert_eq!(spans.holds(from, from + length), asked.iter().all(|inside| *inside));
            let lacking: i64 = spans.lacking(from, from + length).iter().map(|(start, end)| end - start).sum();
            prop_assert_eq!(lacking as usize, asked.iter().filter(|inside| !**inside).count());
            prop_assert_eq!(spans.first(), moments.iter().position(|inside| *inside).map(|at| at as i64));
        }
    }
}
