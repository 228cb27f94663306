//! The engine's thread. It can end and begin again with everything that it drives: a process that
//! forks should have no other threads at that moment (Python 3.12 warns of them), and may ask for it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::engine::thread;
use crate::sync::lock;

/// The stack of each of the engine's threads, whatever RUST_MIN_STACK says: body readers of a host
/// run there too, and are promised this much.
const STACK: usize = 2 * 1024 * 1024;

/// A look-up's thread that has nothing to do ends after this time: a new one costs less than a look-up.
/// A fork waits for it, or its child loses what only that thread had.
const IDLE: Duration = Duration::from_millis(1);

/// Look-ups at a time, all names together: each has a thread, and one that gets no answer keeps it
/// for as long as the system's resolver tries.
const LOOKUPS: usize = 512;

/// How long a pause waits for look-ups; they cannot be interrupted.
const PATIENCE: Duration = Duration::from_millis(200);

pub(crate) struct Driver {
    state: Mutex<State>,
    stop: Arc<Notify>,
    helpers: Arc<Mutex<Helpers>>,
    /// The thread could not be started again.
    stalled: AtomicBool,
    on_start: fn(),
    on_stop: fn(),
}

#[derive(Default)]
struct State {
    /// Pauses that have not ended.
    pauses: usize,
    /// What the thread leaves behind, when it ends.
    thread: Option<Receiver<Ended>>,
    /// While there is no thread.
    runtime: Option<Runtime>,
}

/// What the thread leaves behind.
struct Ended {
    runtime: Runtime,
    tid: i32,
}

/// The threads that look names up, and others that have ended.
#[derive(Default)]
struct Helpers {
    running: usize,
    /// Those that have no more work and may not have left the process yet.
    ending: Vec<i32>,
}

thread_local! {
    /// Whether this is an engine's thread.
    static OWN: Cell<bool> = const { Cell::new(false) };
}

#[cfg(target_os = "linux")]
fn tid() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// A thread that has run its last line is counted by the kernel for a moment longer.
#[cfg(target_os = "linux")]
fn has_left(tid: i32) -> bool {
    !std::path::Path::new(&format!("/proc/self/task/{tid}")).exists()
}

/// Elsewhere nobody can ask whether a thread has left; that it ran its last line has to do.
#[cfg(not(target_os = "linux"))]
fn tid() -> i32 {
    0
}

#[cfg(not(target_os = "linux"))]
fn has_left(_: i32) -> bool {
    true
}

impl Driver {
    /// The runtime that the driver drives is given to `begin` before its thread starts. `on_start`
    /// and `on_stop` run on each of its threads, first and last.
    pub fn start(
        park: impl Fn() + Send + Sync + 'static,
        unpark: impl Fn() + Send + Sync + 'static,
        begin: impl FnOnce(&Runtime),
        (on_start, on_stop): (fn(), fn()),
    ) -> std::io::Result<Driver> {
        let helpers = Arc::<Mutex<Helpers>>::default();
        let (started, stopped) = (helpers.clone(), helpers.clone());
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("keepalive")
            .max_blocking_threads(LOOKUPS)
            .thread_keep_alive(IDLE)
            .thread_stack_size(STACK)
            .on_thread_start(move || lock(&started).running += 1)
            .on_thread_stop(move || {
                let mut helpers = lock(&stopped);
                helpers.running -= 1;
                helpers.ending.retain(|&tid| !has_left(tid));
                helpers.ending.push(tid());
            })
            .on_thread_park(park)
            .on_thread_unpark(unpark)
            .build()?;
        begin(&runtime);
        let driver = Driver {
            state: Mutex::default(),
            stop: Arc::default(),
            helpers,
            stalled: AtomicBool::new(false),
            on_start,
            on_stop,
        };
        driver.run(&mut lock(&driver.state), runtime).map_err(|(error, _)| error)?;
        Ok(driver)
    }

    /// Starts the thread; gives the runtime back if that cannot be.
    fn run(&self, state: &mut State, runtime: Runtime) -> Result<(), (std::io::Error, Runtime)> {
        let (stop, on_start, on_stop) = (self.stop.clone(), self.on_start, self.on_stop);
        let place = Arc::new(Mutex::new(Some(runtime)));
        let own = place.clone();
        // Blocked before the thread exists and inherited, so there is no moment in which a signal
        // could be delivered to it.
        let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok();
        let (end, ended) = channel();
        let started = thread::start(STACK, move || {
            OWN.set(true);
            on_start();
            let Some(runtime) = lock(&own).take() else { return };
            runtime.block_on(stop.notified());
            on_stop();
            // Somebody waits for it, or it would not have been stopped.
            let _ = end.send(Ended { runtime, tid: tid() });
        });
        if let Some(before) = before {
            let _ = before.thread_set_mask();
        }
        match started {
            Ok(()) => {
                state.thread = Some(ended);
                Ok(())
            }
            Err(error) => match lock(&place).take() {
                Some(runtime) => Err((error, runtime)),
                None => Ok(()),
            },
        }
    }

    /// Ends the engine's threads until [`Driver::resume`] is called as often. What is under way waits
    /// so long. A look-up that gets no answer is waited for only briefly, and its thread stays.
    pub fn pause(&self) {
        let mut state = lock(&self.state);
        state.pauses += 1;
        // A callback on the engine's thread cannot wait for its own end.
        if let Some(thread) = state.thread.take_if(|_| !OWN.get()) {
            self.stop.notify_one();
            // A panic outside of all tasks is a bug of the runtime; there is nothing to go on with.
            if let Ok(ended) = thread.recv() {
                state.runtime = Some(ended.runtime);
                lock(&self.helpers).ending.push(ended.tid);
            }
        }
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let mut helpers = lock(&self.helpers);
            helpers.ending.retain(|&tid| !has_left(tid));
            if helpers.running == 0 && helpers.ending.is_empty() {
                break;
            }
            drop(helpers);
            std::thread::yield_now();
        }
    }

    /// Ends a pause.
    pub fn resume(&self) {
        let mut state = lock(&self.state);
        state.pauses = state.pauses.saturating_sub(1);
        if state.pauses == 0 {
            self.go_on(&mut state);
        }
    }

    /// Whether there is a thread; tries to start one that could not be started before.
    pub fn is_running(&self) -> bool {
        if self.stalled.load(Ordering::Relaxed) {
            self.go_on(&mut lock(&self.state));
        }
        !self.stalled.load(Ordering::Relaxed)
    }

    fn go_on(&self, state: &mut State) {
        let Some(runtime) = state.runtime.take() else { return };
        let result = self.run(state, runtime);
        self.stalled.store(result.is_err(), Ordering::Relaxed);
        if let Err((_, runtime)) = result {
            state.runtime = Some(runtime);
        }
    }
}
