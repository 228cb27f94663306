//! The words spoken with the machine: what goes in beside bytes, and what comes out.

use crate::fields::Fields;
use crate::head::ResponseHead;

/// The body a request will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// No body: no framing field, but `Content-Length: 0` on POST, PUT and PATCH (RFC 9110 8.6).
    None,
    /// Exactly so many bytes, sent with Content-Length.
    Length(u64),
    /// Chunked, unless the user gave a Content-Length.
    Unknown,
}

/// Bounds on what a peer can make us hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all heads of one response, 1xx included; the trailer section has the same limit.
    /// Default 64 KiB, at most [`Limits::MOST_HEAD_BYTES`]: more is taken for that.
    pub head_bytes: usize,
    /// Fields of one head or trailer section. Default 512.
    pub fields: usize,
}

impl Limits {
    /// The highest limit on a head, 1 GiB: places in a head are kept in 32 bits.
    pub const MOST_HEAD_BYTES: usize = 1 << 30;

    pub(crate) fn capped(self) -> Self {
        Self { head_bytes: self.head_bytes.min(Self::MOST_HEAD_BYTES), ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { head_bytes: 64 * 1024, fields: 512 }
    }
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eof {
    /// FIN on plain TCP, close_notify on TLS.
    Clean,
    /// TLS without close_notify, or a reset.
    Abrupt,
}

/// What the peer sent. The order of one response: Informational*, Head, Data*, Trailers?, End.
#[derive(Debug)]
pub enum Event<'a> {
    /// A 1xx head other than 101.
    Informational(ResponseHead),
    /// The final head, or 101.
    Head(ResponseHead),
    /// Body bytes without transfer coding.
    Data(&'a [u8]),
    /// Trailer fields, only when there are any.
    Trailers(Fields),
    /// The verified end of the response, exactly once.
    End,
}
