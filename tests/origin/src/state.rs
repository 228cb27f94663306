//! What all connections of one origin share: counters, the journal, gates, and the wish to stop.
//! Never held locked over I/O.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cases::Case;
use crate::certificate_cases::CertificateCase;
use crate::chaos;
use crate::facts::Facts;
use crate::runs::{Over, Report, Run};

/// One request the journal saw: each with a key, and each that was malformed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The `X-Key` field, else the query parameter `key`; empty for a malformed request.
    pub key: String,
    /// The request method.
    pub method: String,
    /// The request target as it was sent.
    pub target: String,
    /// Number of the connection, from 1 in order of acceptance.
    pub connection: u64,
    /// Number of the request on its connection, from 1.
    pub request: u64,
    /// Body bytes received, without transfer-coding.
    pub body_length: u64,
    /// Whether the request was read to its end.
    pub complete: bool,
    /// The rule a malformed request broke.
    pub error: Option<String>,
}

impl Entry {
    /// For a request that broke `rule`.
    pub(crate) fn faulty(connection: u64, request: u64, rule: String) -> Self {
        Self {
            key: String::new(),
            method: String::new(),
            target: String::new(),
            connection,
            request,
            body_length: 0,
            complete: false,
            error: Some(rule),
        }
    }
}

/// Counters since the start or the last reset. Control connections do not count: those whose first
/// request goes to a control path (`/_...`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// Connections accepted.
    pub opened: u64,
    /// Connections not yet closed; a reset leaves it.
    pub open: u64,
    /// Requests read, without those to control paths.
    pub requests: u64,
    /// Bytes given to the kernel on all connections, TLS framing not counted.
    pub bytes_sent: u64,
}

/// Old entries go when there are more.
const JOURNAL_LIMIT: usize = 20_000;
/// How often a waiting request looks whether its peer is still there.
pub(crate) const PEER_CHECK: Duration = Duration::from_millis(20);

pub(crate) struct Shared {
    pub cases: Vec<Case>,
    /// Set when their port is known.
    pub certificate_cases: OnceLock<Vec<CertificateCase>>,
    pub requests: AtomicU64,
    pub bytes_sent: AtomicU64,
    last_connection: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub stopping: bool,
    pub gates: HashMap<String, Gate>,
    /// How often a `/flaky` key has failed.
    pub failures: HashMap<String, u64>,
    pub chaos: chaos::Register,
    /// Runs of the wire cases, by name.
    pub runs: HashMap<String, Run>,
    /// Counts resets, so that a waiter from before one does not touch a gate made after it.
    resets: u64,
    opened: u64,
    open: u64,
    live: HashMap<u64, Live>,
    journal: Vec<Entry>,
    dropped_entries: usize,
}

#[derive(Default)]
pub(crate) struct Gate {
    pub open: bool,
    pub waiting: u64,
}

struct Live {
    socket: Weak<TcpStream>,
    counted: bool,
}

impl Shared {
    pub fn new(cases: Vec<Case>) -> Self {
        Self {
            cases,
            certificate_cases: OnceLock::new(),
            requests: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            last_connection: AtomicU64::new(0),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes all who wait for a change.
    pub fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `ready` holds; false when `limit` passed first or the origin stops.
    pub fn wait(&self, limit: Duration, ready: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            if ready(&state) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.stopping {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Registers an accepted connection and numbers it; `None` when the origin stops.
    pub fn accepted(&self, socket: &Arc<TcpStream>) -> Option<u64> {
        let mut state = self.lock();
        if state.stopping {
            return None;
        }
        let number = self.last_connection.fetch_add(1, Relaxed) + 1;
        state.live.insert(number, Live { socket: Arc::downgrade(socket), counted: true });
        state.opened += 1;
        state.open += 1;
        Some(number)
    }

    /// Takes a control connection out of the counters.
    pub fn uncount(&self, number: u64) {
        self.update(|state| {
            if let Some(live) = state.live.get_mut(&number)
                && std::mem::take(&mut live.counted)
            {
                state.opened = state.opened.saturating_sub(1);
                state.open -= 1;
            }
        });
    }

    /// The connection's socket is closed.
    pub fn closed(&self, number: u64) {
        self.update(|state| {
            if state.live.remove(&number).is_some_and(|live| live.counted) {
                state.open -= 1;
            }
        });
    }

    pub fn connections(&self) -> Connections {
        let state = self.lock();
        Connections {
            opened: state.opened,
            open: state.open,
            requests: self.requests.load(Relaxed),
            bytes_sent: self.bytes_sent.load(Relaxed),
        }
    }

    /// Waits until at most `open` connections are open.
    pub fn wait_for_open(&self, open: u64, limit: Duration) -> bool {
        self.wait(limit, |state| state.open <= open)
    }

    /// Opens a gate and waits until each waiter has been answered.
    pub fn open_gate(&self, name: &str, limit: Duration) -> bool {
        self.update(|state| state.gates.entry(name.into()).or_default().open = true);
        self.wait(limit, |state| state.gates.get(name).is_none_or(|gate| gate.waiting == 0))
    }

    /// How many wait at a gate.
    pub fn waiting_at(&self, name: &str) -> u64 {
        self.lock().gates.get(name).map_or(0, |gate| gate.waiting)
    }

    /// Waits until at least `count` wait at a gate.
    pub fn wait_at_gate(&self, name: &str, count: u64, limit: Duration) -> bool {
        let waiting = |state: &State| state.gates.get(name).map_or(0, |gate| gate.waiting);
        self.wait(limit, |state| waiting(state) >= count)
    }

    /// Adds a journal entry; the result names it to `complete`.
    pub fn note(&self, entry: Entry) -> usize {
        self.update(|state| {
            if state.journal.len() == JOURNAL_LIMIT {
                state.journal.drain(..JOURNAL_LIMIT / 2);
                state.dropped_entries += JOURNAL_LIMIT / 2;
            }
            state.journal.push(entry);
            state.dropped_entries + state.journal.len() - 1
        })
    }

    /// Records how much body a request brought.
    pub fn note_body(&self, entry: usize, body_length: u64, complete: bool) {
        self.update(|state| {
            let at = entry.checked_sub(state.dropped_entries);
            if let Some(entry) = at.and_then(|at| state.journal.get_mut(at)) {
                entry.body_length = body_length;
                entry.complete = complete;
            }
        });
    }

    /// The entries with that key, or all.
    pub fn journal(&self, key: Option<&str>) -> Vec<Entry> {
        let state = self.lock();
        let wanted = |entry: &&Entry| key.is_none_or(|key| entry.key == key);
        state.journal.iter().filter(wanted).cloned().collect()
    }

    /// Judges a case of a run, once its request has come or `limit` has passed.
    pub fn judge(&self, run: &str, case: &Case, facts: Facts, limit: Duration) -> Vec<String> {
        self.wait(limit, |state| state.runs.get(run).is_some_and(|run| run.has_played(&case.name)));
        self.lock().runs.entry(run.into()).or_default().judge(case, facts)
    }

    /// Ends a run.
    pub fn verdict(&self, run: &str, over: &[Over]) -> Report {
        let run = self.lock().runs.remove(run).unwrap_or_default();
        run.report(&self.cases, over)
    }

    /// Clears counters, journal, failure counts and gates, whose waiters go on.
    pub fn reset(&self) {
        self.requests.store(0, Relaxed);
        self.bytes_sent.store(0, Relaxed);
        self.update(|state| {
            state.opened = 0;
            state.failures.clear();
            state.chaos = chaos::Register::default();
            state.dropped_entries += state.journal.len();
            state.journal.clear();
            state.gates.clear();
            state.resets += 1;
        });
    }

    /// Ends every connection and waits for their threads.
    pub fn stop(&self) {
        let sockets: Vec<_> = self.update(|state| {
            state.stopping = true;
            state.live.values().filter_map(|live| live.socket.upgrade()).collect()
        });
        for socket in sockets {
            // It may be closed already, which is what is wanted.
            let _ = socket.shutdown(Shutdown::Both);
        }
        let mut state = self.lock();
        while !state.live.is_empty() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A place in the queue at a gate; leaving is dropping it.
pub(crate) struct GateTicket {
    shared: Arc<Shared>,
    name: String,
    resets: u64,
}

impl GateTicket {
    pub fn new(shared: &Arc<Shared>, name: &str) -> Self {
        let resets = shared.update(|state| {
            state.gates.entry(name.into()).or_default().waiting += 1;
            state.resets
        });
        Self { shared: shared.clone(), name: name.into(), resets }
    }

    /// A reset opens every gate.
    pub fn is_open(&self, state: &State) -> bool {
        state.resets != self.resets || state.gates.get(&self.name).is_none_or(|gate| gate.open)
    }
}

impl Drop for GateTicket {
    fn drop(&mut self) {
        self.shared.update(|state| {
            if state.resets == self.resets
                && let Some(gate) = state.gates.get_mut(&self.name)
            {
                gate.waiting -= 1;
            }
        });
    }
}
