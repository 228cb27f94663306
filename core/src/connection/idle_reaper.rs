//! Watches idle connections, so that an end, a reset or a stray byte is seen when it comes and
//! idle limits are kept without anybody calling; and does what else is due from time to time.
//!
//! One watcher per pool holds the connections that have been idle for a tick; a busy
//! connection is never added, so the warm path pays nothing.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::connection::alarm::{Alarm, Armed};
use crate::connection::follow_dns::look_up_names;
use crate::connection::manager::ClientPool;
use crate::connection::{Connection, probe};
use crate::engine::steadily;
use crate::net::watcher::Watcher;
use crate::origin::route::Route;
use crate::pool::{HostId, Idle};
use crate::stats::CloseCause;

/// Idle for longer than this: watched.
const TICK: Duration = Duration::from_millis(250);

/// An idle connection came: makes sure that the reaper of its pool looks at it.
pub(super) fn arm(pool: &Arc<ClientPool>) {
    let manager = &pool.manager;
    if manager.alarm.arm() == Armed::First
        && let Ok(engine) = manager.process.engine()
    {
        let (pool, alarm) = (Arc::downgrade(pool), manager.alarm.clone());
        engine.spawn(steadily(move || keep(pool.clone(), alarm.clone())));
    }
}

/// One of them died: siblings often die together, so each is looked at before it is used.
pub(crate) fn examine_all(pool: &Arc<ClientPool>, route: &Route) {
    for (host, stay) in pool.stays(route) {
        examine(pool, host, stay);
    }
}

/// Judges an idle connection that was seen to move: it stays, or goes for its reason.
fn examine(pool: &Arc<ClientPool>, host: HostId, number: u32) {
    let Some(mut idle) = pool.take_stay(host, number) else {
        return;
    };
    match probe(&mut idle.connection) {
        Ok(()) => pool.check_in(host, Idle { watched: false, ..idle }),
        Err(reason) => bury(pool, host, idle.connection, reason),
    }
}

/// An idle connection was found dead, for `reason`: it is learnt from, counted, closed, and its place in
/// the pool is free.
pub(super) fn bury(
    pool: &Arc<ClientPool>,
    host: HostId,
    connection: Box<Connection>,
    reason: CloseCause,
) {
    connection.learn_from(reason);
    pool.manager.counters.stale.fetch_add(1, Ordering::Relaxed);
    pool.manager.closed(&connection, reason);
    connection.close();
    pool.discard(host);
}

async fn keep(pool: Weak<ClientPool>, alarm: Arc<Alarm>) {
    // Without it idle limits still hold, and probes at checkout find the dead.
    let watched = Watcher::new().ok();
    loop {
        let Some(alive) = pool.upgrade() else { return };
        alarm.disarm();
        let now = Instant::now();
        let next_expiry = alive.expire(now);
        let young = alive.unwatched(now.checked_sub(TICK).unwrap_or(now), |host, idle| {
            idle.connection.wire.http.shrink();
            if let Some(watched) = &watched {
                let stay = (host as u64) << 32 | u64::from(idle.stay);
                // What leaves the pool needs no removal: a later event of it names a stay that is over.
                watched.add(idle.connection.io.fd(), stay);
            }
        });
        if young > 0 {
            alarm.stay_armed();
        }
        let next_lookup = look_up_names(&alive, now);
        let next_unread = alive.manager.parked.give_up(now);
        drop(alive);
        let tick = (young > 0).then(|| now + TICK);
        let until = [tick, next_expiry, next_lookup, next_unread].into_iter().flatten().min();
        if wait(&alarm, watched.as_ref(), until).await && pool.strong_count() > 0 {
            // The connection that came is not looked at before it has been idle for a tick: while
            // requests follow each other, looking would only find it gone.
            let tick = Instant::now() + TICK;
            let until = Some(until.map_or(tick, |until| until.min(tick)));
            wait(&alarm, watched.as_ref(), until).await;
        }
        let Some(alive) = pool.upgrade() else { return };
        for stay in watched.as_ref().map(Watcher::take).unwrap_or_default() {
            examine(&alive, (stay >> 32) as usize, stay as u32);
        }
    }
}

/// Whether a connection came, or the pool went, rather than that a watched one moved or the time
/// was over.
async fn wait(alarm: &Alarm, watched: Option<&Watcher>, until: Option<Instant>) -> bool {
    let moved = async {
        match watched {
            Some(watched) => watched.moved().await,
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
    let mut changed = std::pin::pin!(alarm.rung());
    std::future::poll_fn(|cx| {
        if moved.as_mut().poll(cx).is_ready() || timer.as_mut().poll(cx).is_ready() {
            return std::task::Poll::Ready(false);
        }
        changed.as_mut().poll(cx).map(|()| true)
    })
    .await
}
