//! Pieces of work in, what came of each out, in order: done by as many threads as there are cores.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads for so many pieces of work.
fn threads(pieces: usize) -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(pieces).max(1)
}

/// Does `pieces` pieces of work; each thread has a tool of its own.
pub(crate) fn each<T: Send, Tool>(pieces: usize, tool: impl Fn() -> Tool + Sync, work: impl Fn(&mut Tool, usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let some = || {
        let (mut tool, mut done) = (tool(), Vec::new());
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return done;
            }
            done.push((piece, work(&mut tool, piece)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads(pieces)).map(|_| scope.spawn(some)).collect();
        let mut done = some();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(piece, _)| *piece);
    done.into_iter().map(|(_, result)| result).collect()
}
