//! A connection that speaks another protocol now: nobody's but its holder's.

use std::sync::Arc;

use crate::config::Limit;
use crate::connection::lease::Lease;
use crate::error::{Error, Result};
use crate::net::socket::Io;
use crate::net::transport::Transport;
use crate::origin::Origin;

/// A connection that has left its pool. Dropping it closes it.
pub(crate) struct Detached {
    pub io: Io,
    pub transport: Transport,
    /// What was read beyond the head: the first bytes of the other protocol.
    pub rest: Vec<u8>,
    pub terms: Terms,
}

/// What the exchange leaves to what follows it.
pub(crate) struct Terms {
    /// Who is at the other end.
    pub origin: Arc<Origin>,
    /// How long a read may wait for a byte.
    pub read: Limit,
    /// How long a write may wait until one is taken.
    pub send: Limit,
}

/// The lease of an answer that switched protocols (101, 2xx to CONNECT). Dropping it closes the
/// connection.
pub(crate) struct Switched(Option<(Lease, Terms)>);

impl Switched {
    pub fn new(lease: Lease, terms: Terms) -> Switched {
        Switched(Some((lease, terms)))
    }

    /// Takes the connection out of its pool.
    ///
    /// # Errors
    /// `InvalidState` in a forked child, and when the server switched before it had the whole request
    /// (which RFC 9110 7.8 forbids): what follows would begin in the middle of it.
    pub fn detach(mut self) -> Result<Detached> {
        let (mut lease, terms) =
            self.0.take().ok_or_else(|| Error::state("the connection is gone"))?;
        if !lease.connection()?.wire.is_sent() {
            return Err(Error::state("the server switched before it had the whole request"));
        }
        let mut connection = lease.detach()?;
        let rest = connection.wire.http.take_switched();
        let transport = std::mem::replace(&mut connection.wire.transport, Transport::Plain);
        Ok(Detached { io: connection.io.take(), transport, rest, terms })
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        if let Some((lease, _)) = self.0.take() {
            // The machine refuses reuse, for the reason that is counted.
            lease.check_in(std::time::Instant::now());
        }
    }
}
