//! How a sound connection is closed. The server gets TLS close_notify and a FIN at once; then what
//! it may still send is read for a while on the engine, since bytes that reach a closed socket
//! come back to it as a reset.

use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use crate::connection::{ClientPool, Connection};
use crate::engine::engine;
use crate::fork::{self, PerFork};
use crate::net::socket::{Io, recv};

/// The server's time to close its side, and the most that is read of it meanwhile.
const LONGEST: Duration = Duration::from_millis(50);
const MOST: usize = 256 * 1024;

/// Connections that wait for their server to close.
#[derive(Default)]
struct Parting {
    count: Mutex<usize>,
    none: Condvar,
}

impl Parting {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn parting() -> &'static Parting {
    static ALL: PerFork<Parting> = PerFork::new();
    static NONE: Parting = Parting { count: Mutex::new(0), none: Condvar::new() };
    ALL.get_or_try_init(|| Ok(Parting::default())).unwrap_or(&NONE)
}

/// Ends with the connection's wait.
struct Waiting(&'static Parting);

impl Waiting {
    fn begin() -> Waiting {
        let parting = parting();
        *parting.lock() += 1;
        Waiting(parting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut count = self.0.lock();
        *count -= 1;
        if *count == 0 {
            self.0.none.notify_all();
        }
    }
}

/// Closes a connection that is between two exchanges.
pub(crate) fn part(mut connection: Box<Connection>) {
    if connection.generation != fork::generation() {
        return;
    }
    let Connection { layer, io, .. } = &mut *connection;
    layer.half_close(io.fd());
    // Many servers close first.
    let mut scratch = Vec::new();
    if matches!(recv(io.fd(), &mut scratch), Ok(0)) {
        return;
    }
    if let Ok(engine) = engine() {
        let waiting = Waiting::begin();
        engine.spawn(async move {
            let _ = tokio::time::timeout(LONGEST, until_closed(&mut connection.io)).await;
            connection.close();
            drop(waiting);
        });
    }
}

async fn until_closed(io: &mut Io) {
    if io.make_registered().is_err() {
        return;
    }
    let Some(watch) = io.watch() else { return };
    let (mut scratch, mut count) = (Vec::with_capacity(8 * 1024), 0);
    while count < MOST {
        let Ok(mut ready) = watch.readable().await else { return };
        scratch.clear();
        match ready.try_io(|fd| recv(fd.as_fd(), &mut scratch)) {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(more)) => count += more,
            Err(_) => {}
        }
    }
}

/// The pools of all clients.
static POOLS: PerFork<Mutex<Vec<Weak<ClientPool>>>> = PerFork::new();

/// A pool whose connections are to be closed at the end of the process.
pub(crate) fn remember(pool: &Arc<ClientPool>) {
    let Ok(pools) = POOLS.get_or_try_init(|| Ok(Mutex::default())) else { return };
    let mut pools = pools.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    pools.retain(|pool| pool.strong_count() > 0);
    pools.push(Arc::downgrade(pool));
}

/// To be called when the process ends: closes the idle connections of all clients, so that servers
/// are told rather than cut off, and gives them at most 50 ms to close too. Clients stay usable.
pub fn at_exit() {
    let Some(pools) = POOLS.get() else { return };
    let pools: Vec<_> = {
        let pools = pools.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        pools.iter().filter_map(Weak::upgrade).collect()
    };
    pools.iter().for_each(|pool| pool.close(false));
    let (parting, until) = (parting(), Instant::now() + LONGEST);
    let mut count = parting.lock();
    while *count > 0 {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let waited = parting.none.wait_timeout(count, left);
        count = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
    }
}
