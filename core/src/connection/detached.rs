//! A connection that speaks another protocol now: nobody's but its holder's.

use crate::connection::Connection;
use crate::connection::lease::Lease;
use crate::error::{Error, Result};

/// A connection that has left its pool. Dropping it closes it.
#[cfg_attr(not(test), expect(dead_code, reason = "no surface hands streams out yet"))]
pub(crate) struct Detached {
    pub connection: Box<Connection>,
    /// What was read beyond the head: the first bytes of the other protocol.
    pub rest: Vec<u8>,
}

/// The lease of an answer that switched protocols (101, 2xx to CONNECT). Dropping it closes the
/// connection.
pub(crate) struct Switched(Option<Lease>);

impl Switched {
    pub fn new(lease: Lease) -> Switched {
        Switched(Some(lease))
    }

    /// Takes the connection out of its pool.
    ///
    /// # Errors
    /// `InvalidState` in a forked child.
    pub fn detach(mut self) -> Result<Detached> {
        let lease = self.0.take().ok_or_else(|| Error::state("the connection is gone"))?;
        let mut connection = lease.detach()?;
        let rest = connection.wire.http.take_switched();
        Ok(Detached { connection, rest })
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        if let Some(lease) = self.0.take() {
            // The machine refuses reuse, for the reason that is counted.
            lease.check_in(std::time::Instant::now());
        }
    }
}
