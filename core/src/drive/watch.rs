//! How far an exchange has come, for observers: what is told of beyond what is written down of every call.

use crate::connection::wire::Wire;

/// What was told already.
#[derive(Default)]
pub(crate) struct Watch {
    /// What the wire will have sent when the head is written.
    head: u64,
    head_sent: bool,
    heard: bool,
}

impl Watch {
    /// The machine has the head, and nothing else, to be written.
    pub fn of(wire: &Wire) -> Watch {
        let size = wire.http.poll_transmit().map_or(0, <[u8]>::len);
        Watch { head: wire.sent + size as u64, ..Watch::default() }
    }

    /// Whether the head is written now and was not before.
    pub fn has_sent_head(&mut self, wire: &Wire) -> bool {
        wire.sent >= self.head && !std::mem::replace(&mut self.head_sent, true)
    }

    /// Whether the answer has begun now and had not before.
    pub fn has_heard(&mut self, wire: &Wire) -> bool {
        wire.http.response_started() && !std::mem::replace(&mut self.heard, true)
    }
}
