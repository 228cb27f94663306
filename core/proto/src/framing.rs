//! Where a response body ends: RFC 9112 6.3 as one pure function, its rules in their order.

use crate::error::RemoteError;
use crate::facts::{ContentLength, Facts, TransferEncoding};
use crate::head::Version;

/// How the end of a response body is found (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFraming {
    /// No body, whatever the fields say.
    None,
    /// Exactly so many bytes.
    Length(u64),
    /// Chunked transfer coding.
    Chunked,
    /// Everything until the peer closes the connection.
    CloseDelimited,
}

/// The verdict on one final response head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    pub body: BodyFraming,
    /// The fields contradict each other: deliver, but never reuse the connection.
    pub ambiguous: bool,
    /// What follows the head is another protocol.
    pub switched: bool,
}

/// What the request says about its response.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RequestFacts {
    pub head: bool,
    pub connect: bool,
    pub upgrade: bool,
    pub close: bool,
}

/// Decides the framing of a final response (or 101) to `request`.
pub(crate) fn response_framing(
    request: RequestFacts,
    status: u16,
    version: Version,
    facts: &Facts,
) -> Result<Framing, RemoteError> {
    let chunked_or_other = facts.transfer_encoding != TransferEncoding::Absent;
    let ambiguous = match facts.content_length {
        ContentLength::Absent => false,
        ContentLength::Valid(_) => chunked_or_other,
        ContentLength::Invalid(_) => true,
    } || (chunked_or_other && version == Version::Http10); // RFC 9112 6.1: faulty framing
    let framing = |body| Framing {
        body,
        ambiguous,
        switched: false,
    };

    if status == 101 && !request.upgrade {
        return Err(RemoteError::InvalidHead(
            "101 without an Upgrade in the request",
        ));
    }
    // Rule 2 (and 101): the connection becomes a tunnel or another protocol after the head.
    if status == 101 || (request.connect && (200..300).contains(&status)) {
        return Ok(Framing {
            body: BodyFraming::None,
            ambiguous,
            switched: true,
        });
    }
    // Rule 1: no body whatever the fields say.
    if request.head || status < 200 || status == 204 || status == 304 {
        return Ok(framing(BodyFraming::None));
    }
    // Rules 3 and 4: Transfer-Encoding overrides Content-Length; without a final chunked the end
    // of the connection is the end of the body.
    match facts.transfer_encoding {
        TransferEncoding::Chunked => return Ok(framing(BodyFraming::Chunked)),
        TransferEncoding::Coded | TransferEncoding::Other => {
            return Ok(framing(BodyFraming::CloseDelimited));
        }
        TransferEncoding::Absent => {}
    }
    match facts.content_length {
        // Rule 5: an invalid Content-Length cannot be recovered from.
        ContentLength::Invalid(reason) => Err(RemoteError::InvalidFraming(reason)),
        // Rule 6.
        ContentLength::Valid(length) => Ok(framing(BodyFraming::Length(length))),
        // Rule 8 (7 is for requests).
        ContentLength::Absent => Ok(framing(BodyFraming::CloseDelimited)),
    }
}
