//! Requests of tasks that were woken together go to the engine together: it is woken once for all of them, and
//! handles them in one go. Until then they wait for nothing but each other: for the steps of those tasks, none of
//! which took long so far. A lone request, and one that somebody else makes, goes at once.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use keepalive_common::fork;
use keepalive_core::{Request, Until};

use crate::shared::Shared;

/// So many go without waiting for more.
const MOST: usize = 16;

/// A task that takes longer than this for its step is not waited for by what comes after it.
const STEP: Duration = Duration::from_millis(1);

/// A request that is to be submitted.
pub struct Held {
    pub shared: Arc<Shared>,
    pub request: Request,
    pub until: Until,
    pub token: u64,
}

/// Those of one loop. Locked for a moment and with the interpreter attached, so never across a fork.
pub struct Gatherer(Mutex<State>);

struct State {
    /// Since when the tasks that were woken have had no step that ended here; `None` when all had theirs.
    since: Option<Instant>,
    held: Vec<Held>,
    generation: u64,
}

impl Default for Gatherer {
    fn default() -> Gatherer {
        let state = State { since: None, held: Vec::new(), generation: fork::generation() };
        Gatherer(Mutex::new(state))
    }
}

impl Gatherer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Several tasks have been woken.
    pub fn open(&self) {
        self.state().since = Some(Instant::now());
    }

    /// They had their turn.
    pub fn close(&self) {
        self.state().since = None;
    }

    /// Keeps a request that is made now, or gives it back: it goes at once, and what is kept before it.
    pub fn keep(&self, held: Held) -> Option<Held> {
        let mut state = self.state();
        let Some(since) = state.since else { return Some(held) };
        let now = Instant::now();
        state.since = Some(now);
        if now.duration_since(since) > STEP || state.held.len() + 1 >= MOST {
            return Some(held);
        }
        state.held.push(held);
        None
    }

    /// What is kept; a forked child leaves that to its parent.
    pub fn take(&self) -> Vec<Held> {
        let mut state = self.state();
        let held = std::mem::take(&mut state.held);
        if state.generation != fork::generation() {
            std::mem::forget(held);
            return Vec::new();
        }
        held
    }
}
