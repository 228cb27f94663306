//! What a client's pool shows of itself.

use std::sync::Arc;
use std::time::Instant;

use crate::connection::FOREVER;
use crate::connection::manager::ClientPool;
use crate::origin::Origin;
use crate::origin::route::Route;
use crate::origin::state::Hint;
use crate::pool::Counts;
use crate::process::ClosesIdle;
use crate::stats::{OriginStats, Stats};

impl ClientPool {
    /// What every surface shows.
    pub fn stats(&self) -> Stats {
        let counters = &self.manager.counters;
        // Counted before the moment is looked at: what was counted has left the pool by then.
        let closed = counters.by_reason();
        let option = self.manager.config.idle_timeout;
        let now = Instant::now();
        let mut origins: Vec<(Arc<Origin>, Counts)> = Vec::new();
        // One origin may be reached by several routes.
        for (route, counts) in self.counts_by_key() {
            match origins.iter_mut().find(|(origin, _)| *origin == route.origin) {
                Some((_, all)) => *all += counts,
                None => origins.push((route.origin, counts)),
            }
        }
        let shown = |(origin, counts): (Arc<Origin>, Counts)| {
            let memory = self.manager.process.origins.of(&origin);
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
                addresses: self.manager.names.addresses(&origin),
            }
        };
        let origins: Vec<OriginStats> = origins.into_iter().map(shown).collect();
        let stuck_lookups = self.manager.process.dns.stuck() as u64;
        let mut stats = Stats { closed, stuck_lookups, origins, ..counters.totals() };
        stats.add_up();
        stats
    }

    /// Closes the breakers of the origins in use.
    pub fn forget_failures(&self) {
        for (Route { origin, .. }, _) in self.counts_by_key() {
            let memory = self.manager.process.origins.of(&origin);
            memory.reset_breaker();
            memory.pipelining.forget();
        }
    }
}

impl ClosesIdle for ClientPool {
    fn close_idle(self: Arc<Self>) {
        self.close(false);
    }
}
