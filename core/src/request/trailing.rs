//! What a request does with its trailer fields.

use std::sync::Arc;

use keepalive_proto::RequestBody;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::request::Request;
use crate::request::trailers::{TrailerFn, Trailers};

impl Request {
    /// Appends a field to what follows the body, which is then sent chunked (RFC 9110 6.5, RFC 9112
    /// 7.1.2); a Trailer field announces it, unless the request has its own. Sent with each repeat.
    ///
    /// # Errors
    /// `InvalidHeader`: no name or value of a field, or one that must stand before the body (RFC 9110
    /// 6.5.1).
    pub fn add_trailer(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        self.change_trailers(|trailers| trailers.add(name, value))
    }

    /// The same with a value that `told` tells when the body is over, on the thread that sends it, for a
    /// checksum of what was streamed. A repeat asks again.
    ///
    /// # Errors
    /// As [`Request::add_trailer`]. What `told` returns fails the request, as a value does that is none.
    pub fn add_told_trailer(&mut self, name: &[u8], told: Arc<TrailerFn>) -> Result<()> {
        self.change_trailers(|trailers| trailers.add_told(name, told))
    }

    fn change_trailers(&mut self, add: impl FnOnce(&mut Trailers) -> Result<()>) -> Result<()> {
        let mut trailers = self.trailers.as_deref().cloned().unwrap_or_default();
        add(&mut trailers)?;
        self.trailers = Some(Arc::new(trailers));
        Ok(())
    }

    /// How its body is framed: trailers follow chunks only.
    pub(crate) fn framing(&self) -> RequestBody {
        match self.body.framing() {
            RequestBody::Length(_) if self.trailers.is_some() => RequestBody::Unknown,
            framing => framing,
        }
    }

    /// The body of `other`, and what follows it.
    pub(crate) fn share_body(&mut self, other: &Request) {
        self.body = other.body.clone();
        self.trailers = other.trailers.clone();
    }

    /// Checks what can only be checked with the body.
    #[cold]
    pub(super) fn check_trailers(&self) -> Result<()> {
        let reason = match (self.framing(), self.head.content_length()) {
            (RequestBody::Unknown, None) => return Ok(()),
            (RequestBody::Unknown, Some(_)) => {
                "they follow a chunked body only, and the request has a Content-Length"
            }
            _ => "the request has no body that they could follow",
        };
        Err(Error::new(ErrorKind::InvalidHeader, Phase::Request, format!("trailers: {reason}")))
    }
}
