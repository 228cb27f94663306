//! What a client's pool does besides lending connections: its counters, and judging idle
//! connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::connection::{ClientPool, FOREVER, probe};
use crate::net::dns_cache;
use crate::origin::Origin;
use crate::origin::state::{Hint, Memory};
use crate::pool::{HostId, Idle};
use crate::stats::{OriginStats, Stats};

impl ClientPool {
    /// What every surface shows.
    pub fn stats(&self) -> Stats {
        let counters = &self.keeper.counters;
        // Counted before the moment is looked at: what was counted has left the pool by then.
        let closed = counters.by_reason();
        let option = self.keeper.config.idle_timeout;
        let now = Instant::now();
        let origins: Vec<OriginStats> = self
            .counts_by_key()
            .into_iter()
            .map(|(origin, counts)| {
                let memory = Memory::of(&origin).unwrap_or_default();
                memory.forget(now);
                let (limit, source) = memory.limit(option.unwrap_or(FOREVER), Hint::Unknown, now);
                OriginStats {
                    origin: origin.to_string(),
                    waiting: counts.waiting as u64,
                    idle: counts.idle as u64,
                    active: counts.active as u64,
                    dialing: counts.dialing as u64,
                    idle_limit: (limit < FOREVER).then_some(limit),
                    idle_limit_source: source.name(),
                    breaker: memory.breaker_state(now).name(),
                    addresses: self.keeper.names.addresses(&origin),
                }
            })
            .collect();
        let sum = |part: fn(&OriginStats) -> u64| origins.iter().map(part).sum();
        Stats {
            opened: counters.opened.load(Ordering::Relaxed),
            reused: counters.reused.load(Ordering::Relaxed),
            stale: counters.stale.load(Ordering::Relaxed),
            replayed: counters.replayed.load(Ordering::Relaxed),
            retried: counters.retried.load(Ordering::Relaxed),
            hedged: counters.hedged.load(Ordering::Relaxed),
            stuck_lookups: dns_cache::stuck() as u64,
            closed,
            waiting: sum(|origin| origin.waiting),
            idle: sum(|origin| origin.idle),
            active: sum(|origin| origin.active),
            dialing: sum(|origin| origin.dialing),
            origins,
        }
    }

    /// Closes the breakers of the origins in use.
    pub fn forget_failures(&self) {
        for (origin, _) in self.counts_by_key() {
            if let Ok(memory) = Memory::of(&origin) {
                memory.reset_breaker();
            }
        }
    }

    /// One of them died: siblings often die together, so each is looked at before it is used.
    pub fn examine_all(self: &Arc<Self>, origin: &Arc<Origin>) {
        for (host, stay) in self.stays(origin) {
            self.examine(host, stay);
        }
    }

    /// Judges an idle connection that the keeper saw move: it stays, or goes for its reason.
    pub fn examine(self: &Arc<Self>, host: HostId, number: u32) {
        let Some(mut idle) = self.take_stay(host, number) else {
            return;
        };
        match probe(&mut idle.connection) {
            Ok(()) => self.check_in(host, Idle { watched: false, ..idle }),
            Err(reason) => {
                idle.connection.learn_from(reason);
                self.keeper.counters.stale.fetch_add(1, Ordering::Relaxed);
                self.keeper.counters.closed(reason);
                idle.connection.close();
                self.discard(host);
            }
        }
    }
}
