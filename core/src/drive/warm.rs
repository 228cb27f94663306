//! Opening connections before they are needed.

use std::sync::Arc;
use std::time::Instant;

use crate::config::{ClientConfig, Limits, Timeouts};
use crate::connection::lease::Lease;
use crate::connection::manager::ClientPool;
use crate::deadline::Deadlines;
use crate::drive::acquire::{granted, refusal, taken};
use crate::drive::wait::Wait;
use crate::error::Result;
use crate::origin::Origin;
use crate::origin::route::Route;
use crate::pool::{Checkout, CheckoutError, CheckoutOptions, Moment};

/// Opens connections until `origin` has `count` idle ones, within the caps; returns how many were
/// opened. All are dialled at once; the first failure is the result, what succeeded is kept.
pub(crate) async fn warm<W: Wait>(
    config: &ClientConfig,
    pool: &Arc<ClientPool>,
    origin: &Arc<Origin>,
    count: usize,
    wait: &mut W,
) -> Result<usize> {
    let limits = Limits::of(config, &Timeouts::default());
    let deadlines = Deadlines::new(&limits, Instant::now());
    let route = Route::by(pool.manager.roads.of(origin), origin);
    let room = usize::try_from(config.max_per_host).unwrap_or(usize::MAX);
    let missing = count.min(room).saturating_sub(pool.stays(&route).len());
    let wish = CheckoutOptions {
        registered: W::REGISTERED,
        fresh: true,
        dial_limit: deadlines.connect,
        ..CheckoutOptions::default()
    };
    let mut tickets = Vec::with_capacity(missing);
    for _ in 0..missing {
        match pool.checkout(&route, Moment::now(), wish) {
            Ok(Checkout::Ticket(ticket)) => tickets.push(ticket),
            Ok(Checkout::Idle(host, connection)) => {
                Lease::new(pool.clone(), host, connection).put_back();
            }
            Err(CheckoutError::QueueFull(_)) => break,
            Err(refused) => return Err(refusal(refused)),
        }
    }
    let mut opened = Vec::with_capacity(tickets.len());
    let mut failed = None;
    for mut ticket in tickets {
        let started = Instant::now();
        let grant = granted(&mut ticket, pool, wait, &deadlines, origin, started).await;
        match grant.and_then(|grant| taken(pool, grant)) {
            Ok(lease) => opened.push(lease),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let count = opened.len();
    opened.into_iter().for_each(Lease::put_back);
    failed.map_or(Ok(count), Err)
}
