//! The trailer fields of a request: given beforehand, or told when its body is over, as a checksum is.

use std::sync::Arc;

use keepalive_proto::{RequestBody, Trailers as Lines};

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::request::Request;

/// Tells the value of a trailer field when the body has been sent.
pub type TrailerFn = dyn Fn() -> Result<Vec<u8>> + Send + Sync;

#[derive(Clone)]
enum Value {
    Given(Vec<u8>),
    Told(Arc<TrailerFn>),
}

/// Names and values, in the order in which they are sent.
#[derive(Clone, Default)]
pub(crate) struct Trailers(Vec<(Vec<u8>, Value)>);

impl Trailers {
    /// # Errors
    /// `InvalidHeader`.
    pub fn add(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        Lines::default().append(name, value)?;
        self.0.push((name.to_vec(), Value::Given(value.to_vec())));
        Ok(())
    }

    /// # Errors
    /// `InvalidHeader`.
    pub fn add_told(&mut self, name: &[u8], value: Arc<TrailerFn>) -> Result<()> {
        Lines::check_name(name)?;
        self.0.push((name.to_vec(), Value::Told(value)));
        Ok(())
    }

    /// The names as the value of a Trailer field (RFC 9110 6.6.2), each once.
    pub fn names(&self) -> Vec<u8> {
        let mut list = Vec::new();
        for (row, (name, _)) in self.0.iter().enumerate() {
            if self.0[..row].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                continue;
            }
            if !list.is_empty() {
                list.extend_from_slice(b", ");
            }
            list.extend_from_slice(name);
        }
        list
    }

    /// As they are sent, now that the body is over.
    ///
    /// # Errors
    /// What a function that tells a value returns, or `InvalidHeader` for what it told.
    pub fn lines(&self) -> Result<Lines> {
        let mut lines = Lines::default();
        for (name, value) in &self.0 {
            match value {
                Value::Given(value) => lines.append(name, value)?,
                Value::Told(told) => lines.append(name, &told()?)?,
            }
        }
        Ok(lines)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_announced_once() {
        let mut trailers = Trailers::default();
        trailers.add(b"X-A", b"1").expect("a field");
        trailers.add(b"x-a", b"2").expect("a field");
        trailers.add_told(b"X-B", Arc::new(|| Ok(b"3".to_vec()))).expect("a field");
        assert_eq!(trailers.names(), b"X-A, X-B");
        trailers.add_told(b"Host", Arc::new(|| Ok(Vec::new()))).expect_err("forbidden");
        trailers.lines().expect("three fields");
        trailers.add_told(b"X-C", Arc::new(|| Ok(b"a\nb".to_vec()))).expect("a name");
        trailers.lines().expect_err("a line end");
    }
}
