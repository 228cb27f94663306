//! How a request is started on a connection, beyond what stands in its head.

use crate::body::push_decimal;
use crate::error::LocalError;
use crate::event::RequestBody;
use crate::framing::RequestFacts;
use crate::request_head::{FramingField, RequestHead};

/// The request target's form (RFC 9112 3.2), which the route decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TargetForm<'a> {
    /// As it stands in the head: origin-form to the server itself and through tunnels,
    /// authority-form for CONNECT.
    #[default]
    Origin,
    /// absolute-form, to a forward proxy: scheme and authority (`http://example.org:8080`), which the
    /// head's own target follows.
    Absolute(&'a str),
}

/// What [`Connection::start_with`](crate::Connection::start_with) writes beside the head.
#[derive(Debug, Clone, Copy, Default)]
pub struct Start<'a> {
    /// Serialised field lines that follow the head's own; they must be valid and say nothing about
    /// framing or persistence.
    pub fields: &'a [u8],
    /// Further ones, such as those for a proxy.
    pub more: &'a [u8],
    /// It is the last request on this connection: `Connection: close` is written (RFC 9112 9.6), unless
    /// the head has a Connection field of its own. Afterwards `reuse` says `RequestSaidClose`, whether
    /// or not the field was written.
    pub last: bool,
    /// It asks for 100 (Continue), be it by one of these fields: "go on" is then no part of an answer, and
    /// an end behind it is one before any response.
    pub asks: bool,
    /// How the target is written.
    pub form: TargetForm<'a>,
}

/// Appends the head of a request; what its body is to be, and what it says of its response.
#[inline(always)]
pub(crate) fn serialise(
    head: &RequestHead,
    body: RequestBody,
    how: &Start<'_>,
    into: &mut Vec<u8>,
) -> Result<(RequestBody, RequestFacts), LocalError> {
    let (body, field) = head.framing(body)?;
    match how.form {
        TargetForm::Origin => into.extend_from_slice(head.bytes()),
        TargetForm::Absolute(base) => head.write_absolute(base, into),
    }
    into.extend_from_slice(how.fields);
    if !how.more.is_empty() {
        into.extend_from_slice(how.more);
    }
    if how.last && !head.contains(b"Connection") {
        into.extend_from_slice(b"Connection: close\r\n");
    }
    match field {
        FramingField::Nothing => into.extend_from_slice(b"\r\n"),
        FramingField::Chunked => {
            into.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        }
        FramingField::Length(length) => {
            into.extend_from_slice(b"Content-Length: ");
            push_decimal(into, length);
            into.extend_from_slice(b"\r\n\r\n");
        }
    }
    let mut request = head.facts();
    request.close |= how.last;
    request.forwarded = matches!(how.form, TargetForm::Absolute(_));
    Ok((body, request))
}
