//! Watches idle connections, so that an end, a reset or a stray byte is seen when it comes and
//! idle limits are kept without anybody calling; and does what else is due from time to time.
//!
//! One epoll descriptor per pool holds the connections that have been idle for a tick; a busy
//! connection is never added, so the warm path pays nothing.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::connection::ClientPool;
use crate::engine::{engine, steadily};
use crate::net::socket::watch as register;

/// Idle for longer than this: watched.
const TICK: Duration = Duration::from_millis(250);

/// The keeper's side of a pool.
#[derive(Default)]
pub(crate) struct Watch {
    started: AtomicBool,
    /// The keeper will look at the idle connections by itself within a tick.
    armed: AtomicBool,
    changed: Notify,
}

impl Watch {
    /// An idle connection came: makes sure the keeper looks at it.
    pub fn arm(&self, pool: &Arc<ClientPool>) {
        if self.armed.load(Ordering::Acquire) || self.armed.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.started.swap(true, Ordering::AcqRel) {
            self.changed.notify_one();
        } else if let Ok(engine) = engine() {
            let (pool, watch) = (Arc::downgrade(pool), pool.keeper.watch.clone());
            engine.spawn(steadily(move || keep(pool.clone(), watch.clone())));
        }
    }

    /// Until when an idle connection is kept has changed.
    pub fn look(&self) {
        self.changed.notify_one();
    }
}

impl Drop for crate::connection::ClientKeeper {
    fn drop(&mut self) {
        self.watch.changed.notify_one();
    }
}

fn create() -> std::io::Result<AsyncFd<OwnedFd>> {
    register(epoll::create(epoll::CreateFlags::CLOEXEC)?)
}

async fn keep(pool: Weak<ClientPool>, watch: Arc<Watch>) {
    // Without it idle limits still hold, and probes at checkout find the dead.
    let watched = create().ok();
    loop {
        let Some(alive) = pool.upgrade() else { return };
        watch.armed.store(false, Ordering::Release);
        let now = Instant::now();
        let next_expiry = alive.expire(now);
        let young = alive.unwatched(now.checked_sub(TICK).unwrap_or(now), |host, idle| {
            idle.connection.http.shrink();
            if let Some(watched) = &watched {
                let stay = (host as u64) << 32 | u64::from(idle.stay);
                add(watched.get_ref(), &idle.connection.io, stay);
            }
        });
        if young > 0 {
            watch.armed.store(true, Ordering::Release);
        }
        let next_lookup = alive.look_up_names(now);
        let next_unread = alive.give_up_unread(now);
        drop(alive);
        let tick = (young > 0).then(|| now + TICK);
        let until = [tick, next_expiry, next_lookup, next_unread].into_iter().flatten().min();
        if wait(&watch, watched.as_ref(), until).await && pool.strong_count() > 0 {
            // The connection that came is not looked at before it has been idle for a tick: while
            // requests follow each other, looking would only find it gone.
            let tick = Instant::now() + TICK;
            let until = Some(until.map_or(tick, |until| until.min(tick)));
            wait(&watch, watched.as_ref(), until).await;
        }
        let Some(alive) = pool.upgrade() else { return };
        for stay in watched.as_ref().map(fired).unwrap_or_default() {
            alive.examine((stay >> 32) as usize, stay as u32);
        }
    }
}

/// One-shot: what leaves the pool needs no removal, a later event of it names a stay that is over.
fn add(watched: &OwnedFd, io: &crate::net::socket::Io, stay: u64) {
    let flags = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ONESHOT;
    let data = epoll::EventData::new_u64(stay);
    if epoll::add(watched, io.fd(), data, flags) == Err(Errno::EXIST) {
        let _ = epoll::modify(watched, io.fd(), data, flags);
    }
}

/// Whether a connection came, or the pool went, rather than that a watched one moved or the time
/// was over.
async fn wait(watch: &Watch, watched: Option<&AsyncFd<OwnedFd>>, until: Option<Instant>) -> bool {
    let moved = async {
        match watched {
            // Left ready: `fired` reads and clears it.
            Some(watched) => drop(watched.readable().await),
            None => std::future::pending().await,
        }
    };
    let timer = async {
        match until {
            Some(until) => tokio::time::sleep_until(until.into()).await,
            None => std::future::pending().await,
        }
    };
    let mut moved = std::pin::pin!(moved);
    let mut timer = std::pin::pin!(timer);
    let mut changed = std::pin::pin!(watch.changed.notified());
    std::future::poll_fn(|cx| {
        if moved.as_mut().poll(cx).is_ready() || timer.as_mut().poll(cx).is_ready() {
            return std::task::Poll::Ready(false);
        }
        changed.as_mut().poll(cx).map(|()| true)
    })
    .await
}

/// The stays whose connections moved.
fn fired(watched: &AsyncFd<OwnedFd>) -> Vec<u64> {
    let mut stays = Vec::new();
    // The guard is taken before the events: one that comes in between is not cleared by it.
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok(mut guard)) = watched.poll_read_ready(&mut cx) else {
        return stays;
    };
    loop {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(64);
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        match epoll::wait(watched, spare_capacity(&mut events), Some(&now)) {
            Ok(0) | Err(_) => break,
            Ok(_) => stays.extend(events.iter().map(|event| event.data.u64())),
        }
    }
    guard.clear_ready();
    stays
}
