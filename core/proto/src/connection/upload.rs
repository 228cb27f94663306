//! What an upload asks for beside the transitions: its end, with trailers or early, and whom it is sent to.

use super::{Connection, SendState, Version};
use crate::error::LocalError;
use crate::trailers::Trailers;

impl Connection {
    /// Ends a chunked body with its last chunk and `trailers` (RFC 9112 7.1.2). Otherwise as
    /// [`Connection::send_end`].
    ///
    /// # Errors
    /// Those of `send_end`, and `InvalidState` for a body that is not chunked.
    pub fn send_end_with(&mut self, trailers: &Trailers) -> Result<(), LocalError> {
        if self.send_stopped() {
            return Ok(());
        }
        match &mut self.send {
            SendState::Body(encoder) if encoder.direct().is_none() => {
                encoder.finish(trailers.bytes(), &mut self.tx)
            }
            _ => Err(LocalError::InvalidState("send_end_with: no chunked body is being sent")),
        }
    }

    /// Gives the rest of the upload up: it is not wanted. The connection is not to be used again, which
    /// `reuse` says (`RequestUnfinished`), unless the request was whole already.
    pub fn stop_sending(&mut self) {
        self.stop_upload();
    }

    /// The version of the last response on this connection; 1.1 before the first.
    pub fn peer_version(&self) -> Version {
        self.version
    }
}
