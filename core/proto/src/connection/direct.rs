//! Body bytes that go past the buffers, straight between the transport and the caller's memory: they
//! are only counted here.

use super::{Connection, RecvState, SendState};

impl Connection {
    /// For large bodies: how many body bytes may be sent straight from the caller's memory, behind what
    /// waits in the transmit buffer. Some only when the body has a length.
    pub fn direct_send(&self) -> Option<u64> {
        match &self.send {
            SendState::Body(encoder) if !self.send_stopped() => {
                encoder.direct().filter(|&left| left > 0)
            }
            _ => None,
        }
    }

    /// `n` body bytes went straight to the transport.
    pub fn sent_direct(&mut self, n: u64) {
        if let SendState::Body(encoder) = &mut self.send {
            encoder.skip(n);
        }
    }

    /// For large bodies: how many body bytes may be read straight into the caller's memory. Some
    /// only when nothing is buffered and the framing is Length (the bytes left) or CloseDelimited
    /// (`u64::MAX`).
    pub fn direct_body(&self) -> Option<u64> {
        match &self.recv {
            RecvState::Body(decoder) if self.buffered() == 0 && self.eof.is_none() => {
                decoder.direct()
            }
            _ => None,
        }
    }

    /// `n` body bytes went straight to the caller.
    pub fn received_direct(&mut self, n: u64) {
        if let RecvState::Body(decoder) = &mut self.recv {
            decoder.skip(n);
        }
    }
}
