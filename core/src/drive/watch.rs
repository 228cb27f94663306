//! What observers are told while a request is written and its answer comes, beyond what is written down of
//! every call. Without one, each look is one branch.

use crate::connection::wire::Wire;
use crate::drive::call::Record;
use crate::observe::Event;

/// How far an exchange has come for those who watch it.
#[derive(Default)]
pub(crate) struct Watch {
    /// What the wire will have sent when the head is written.
    head: u64,
    head_sent: bool,
    heard: bool,
}

impl Record<'_> {
    /// The machine has the head, and nothing else, to be written.
    #[inline]
    pub fn head_ready(&mut self, wire: &Wire) {
        if self.is_observed() {
            let size = wire.http.poll_transmit().map_or(0, <[u8]>::len);
            self.watch = Watch { head: wire.sent + size as u64, ..Watch::default() };
        }
    }

    /// Something was written.
    #[inline]
    pub fn wrote(&mut self, wire: &Wire) {
        if self.is_observed() {
            self.look_at_head(wire);
        }
    }

    #[cold]
    fn look_at_head(&mut self, wire: &Wire) {
        if wire.sent >= self.watch.head && !std::mem::replace(&mut self.watch.head_sent, true) {
            self.tell(Event::HeadSent);
        }
    }

    /// Something was read.
    #[inline]
    pub fn read(&mut self, wire: &Wire) {
        if self.is_observed() {
            self.look_at_answer(wire);
        }
    }

    #[cold]
    fn look_at_answer(&mut self, wire: &Wire) {
        if wire.http.response_started() && !std::mem::replace(&mut self.watch.heard, true) {
            self.tell(Event::FirstByte);
        }
    }
}
