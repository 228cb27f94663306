//! The limits of time of one request: its own, and its client's where it has none.

use crate::config::{ClientConfig, Limit, Timeouts};

/// Made once for a client, and for each request that has some of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub queue: Limit,
    pub queue_stall: Limit,
    pub connect: Limit,
    pub header: Limit,
    pub send: Limit,
    pub read: Limit,
    /// Of the whole exchange.
    pub whole: Limit,
}

impl Limits {
    /// Those of a request that says `own`.
    pub fn of(config: &ClientConfig, own: &Timeouts) -> Limits {
        Limits {
            queue: own.queue.unwrap_or(config.queue_timeout),
            // A limit that a request gives is meant: it waits for so long, and no shorter.
            queue_stall: match own.queue {
                None => config.queue_stall_timeout,
                Some(_) => None,
            },
            connect: own.connect.unwrap_or(config.connect_timeout),
            header: own.header.unwrap_or(config.header_timeout),
            send: own.send.unwrap_or(config.stall_timeout),
            read: own.read.unwrap_or(config.stall_timeout),
            whole: own.total.unwrap_or(config.total_timeout),
        }
    }
}
