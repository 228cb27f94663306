//! The end of the process.

use std::time::Instant;

use crate::connection::graceful_close::LONGEST;
use crate::process::process;

/// To be called when the process ends: closes the idle connections of all clients, so that servers
/// are told rather than cut off, and gives them at most 50 ms to close too. Clients stay usable.
/// Any thread.
pub fn at_exit() {
    let process = process();
    process.close_idle();
    process.closing.wait(Instant::now() + LONGEST);
}
