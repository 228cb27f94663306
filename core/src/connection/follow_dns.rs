//! Connections follow their names: what a new answer leaves out is not used for long any more.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::connection::manager::ClientPool;
use crate::guard::caught;
use crate::net::connect::dialled::Dialled;
use crate::origin::Origin;
use crate::origin::dns_refresh::{Lookup, PeerAddress};
use crate::origin::route::Route;

/// What a connection just opened follows; `None` when its name is not looked up again.
pub(super) fn follow(pool: &ClientPool, route: &Route, dialled: &Dialled) -> Option<PeerAddress> {
    let (peer, answer) = (dialled.peer?, dialled.answer.as_ref()?);
    // A hook is asked when a connection is made, and nobody else is.
    if route.road().via.0.is_some() || pool.manager.resolver.has_hook() {
        return None;
    }
    let origin = &route.origin;
    let (address, changed) = pool.manager.names.follow(origin, peer.ip(), answer)?;
    if changed {
        look_at_addresses(pool, origin);
    }
    Some(address)
}

fn look_at_addresses(pool: &ClientPool, origin: &Arc<Origin>) {
    let now = Instant::now();
    let config = &pool.manager.config;
    let route = Route::direct(origin.clone());
    pool.visit(&route, |idle| idle.connection.look_at_address(config, now, &mut idle.until));
    pool.manager.alarm.ring();
}

/// Starts the look-ups that are due; returns when the next will be. On the engine.
pub(super) fn look_up_names(pool: &Arc<ClientPool>, now: Instant) -> Option<Instant> {
    let (due, next) = pool.manager.names.due(now);
    for lookup in due {
        tokio::spawn(look_up(Arc::downgrade(pool), lookup));
    }
    next
}

async fn look_up(pool: Weak<ClientPool>, lookup: Lookup) {
    let Some((resolver, process)) =
        pool.upgrade().map(|pool| (pool.manager.resolver.clone(), pool.manager.process))
    else {
        return;
    };
    let Lookup { origin, .. } = &lookup;
    let answer = caught(resolver.lookup(&process.dns, &origin.host, origin.port, None)).await;
    let answer = answer.unwrap_or_else(|| Err(io::Error::other("it panicked")));
    let changed = lookup.ended(&answer, Instant::now());
    if changed && let Some(pool) = pool.upgrade() {
        look_at_addresses(&pool, origin);
    }
}
