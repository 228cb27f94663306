//! The engine's thread. A host that is about to fork can have it end and begin again afterwards, with
//! everything that it drives: then the fork is one of a process without this thread.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// Of the engine's thread and of its helpers, which look names up.
pub(crate) const NAME: &str = "keepalive";

/// The stack of each of the engine's threads, whatever RUST_MIN_STACK says: body readers of a host
/// run there too, and are promised this much.
pub(crate) const STACK: usize = 2 * 1024 * 1024;

/// Helpers that have work are waited for no longer: a look-up may take many seconds.
const PATIENCE: Duration = Duration::from_millis(50);

/// Runs the runtime until told to stop.
pub(crate) type Serve = fn(&Runtime, &Notify);

/// The thread that drives a runtime, or the runtime while there is none.
pub(crate) struct Thread {
    serve: Serve,
    state: Mutex<State>,
}

struct State {
    /// Forks under way.
    parks: usize,
    what: What,
}

enum What {
    Running(JoinHandle<Runtime>, Arc<Notify>),
    Parked(Runtime),
    /// The thread panicked or could not be started; nothing drives the engine any more.
    Gone,
}

impl Thread {
    pub fn start(runtime: Runtime, serve: Serve) -> std::io::Result<Thread> {
        let what = spawn(runtime, serve)?;
        Ok(Thread { serve, state: Mutex::new(State { parks: 0, what }) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Ends the thread; what it drives waits until [`unpark`](Thread::unpark). May be called several
    /// times, by several threads.
    pub fn park(&self) {
        let mut state = self.lock();
        state.parks += 1;
        state.what = match std::mem::replace(&mut state.what, What::Gone) {
            What::Running(handle, stop) => {
                stop.notify_one();
                handle.join().map_or(What::Gone, What::Parked)
            }
            other => other,
        };
        drop(state);
        until_gone();
    }

    /// Once for each `park`: the last one starts the thread again.
    pub fn unpark(&self) {
        let mut state = self.lock();
        // The engine may be younger than the fork's beginning.
        state.parks = state.parks.saturating_sub(1);
        if state.parks > 0 {
            return;
        }
        state.what = match std::mem::replace(&mut state.what, What::Gone) {
            What::Parked(runtime) => spawn(runtime, self.serve).unwrap_or(What::Gone),
            other => other,
        };
    }
}

fn spawn(runtime: Runtime, serve: Serve) -> std::io::Result<What> {
    let stop = Arc::new(Notify::new());
    let stopped = stop.clone();
    // Blocked before the thread exists and inherited, so there is no moment in which a signal
    // could be delivered to it.
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok();
    let spawned = Builder::new().name(NAME.to_string()).stack_size(STACK).spawn(move || {
        serve(&runtime, &stopped);
        runtime
    });
    if let Some(before) = before {
        let _ = before.thread_set_mask();
    }
    Ok(What::Running(spawned?, stop))
}

/// A joined thread counts a moment longer with the kernel, and idle helpers end by themselves.
fn until_gone() {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && any_left() {
        std::thread::sleep(Duration::from_micros(100));
    }
}

fn any_left() -> bool {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return false };
    tasks.flatten().any(|task| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim_end() == NAME)
    })
}
