//! Whether a body waits for the server's word (`Expect: 100-continue`, RFC 9110 10.1.1), and what a
//! request with a body says beside its own fields.
//!
//! Asked for by the request's own field, or by itself for a body that is longer than `expect_threshold` or
//! of unknown length, as curl does: a refusal (413, 401, a redirect) then costs a round trip instead of the
//! upload and the connection. Servers that do not know it say nothing; they cost a second, once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keepalive_proto::{RequestBody, Version};

use crate::config::ClientConfig;
use crate::connection::Connection;
use crate::deadline::{Deadline, Deadlines};
use crate::error::ErrorKind;
use crate::origin::state::OriginState;
use crate::repeat::{self, Answer};
use crate::request::Request;

/// How long a body waits for 100 (Continue): servers that do not know it say nothing (curl's time).
const PATIENCE: Duration = Duration::from_secs(1);

/// The server does not do as it was asked, whatever the request (RFC 9110 15.5.18).
pub(super) const EXPECTATION_FAILED: u16 = 417;

/// How a request with a body goes out.
#[derive(Default)]
pub(super) struct Manner {
    /// Field lines beside its own.
    pub lines: Vec<u8>,
    /// It says that its body waits for the word; what is known of the server is told how that ends.
    pub asks: Option<Arc<OriginState>>,
    /// Its body does wait.
    pub held: bool,
}

/// That of `request`, which has a body, on `connection`.
pub(super) fn manner(config: &ClientConfig, connection: &Connection, request: &Request) -> Manner {
    let asked = request.head.expects_continue();
    if !asked && request.trailers.is_none() && !request.body.is_longer(config.expect_threshold) {
        return Manner::default();
    }
    let mut lines = Vec::new();
    if let Some(trailers) = &request.trailers
        && !request.decides_header(b"Trailer")
    {
        lines = [b"Trailer: ", &trailers.names()[..], b"\r\n"].concat();
    }
    let memory = connection.memory();
    // A server of HTTP/1.0 cannot say it.
    let in_vain = connection.wire.http.peer_version() == Version::Http10
        || memory.expectation.is_ignored(Instant::now());
    let by_itself = !in_vain && by_itself(config, request);
    if by_itself {
        lines.extend_from_slice(b"Expect: 100-continue\r\n");
    }
    let asks = (asked || by_itself).then(|| memory.clone());
    Manner { lines, asks, held: !in_vain && (asked || by_itself) }
}

fn by_itself(config: &ClientConfig, request: &Request) -> bool {
    let long = match (request.framing(), request.head.content_length()) {
        (RequestBody::None, _) => false,
        (RequestBody::Length(length), _) | (RequestBody::Unknown, Some(length)) => {
            length > config.expect_threshold
        }
        (RequestBody::Unknown, None) => true,
    };
    long && config.expect_threshold > 0
        && !request.head.switches()
        && !request.decides_header(b"Expect")
}

/// The answer is here, in that version; whether 100 came before it, be it late.
pub(super) fn concluded(memory: &OriginState, version: Version, word: bool, now: Instant) {
    match (version, word) {
        (Version::Http10, _) => memory.expectation.ignored(now),
        (_, true) => memory.expectation.heeded(),
        _ => {}
    }
}

/// When a body that waits goes without the word: after a second, or when half of the time is over that
/// the whole exchange has, so that a short limit is not spent on it.
pub(super) fn patience(now: Instant, deadlines: &Deadlines<'_>) -> Deadline {
    let half = deadlines.total.left().map(|left| left / 2);
    let limits = [deadlines.send, half];
    let time = limits.into_iter().flatten().fold(PATIENCE, Duration::min);
    deadlines.starting(now, Some(time), ErrorKind::ReadTimeout)
}

/// The request without its wish, after a server refused that; `None` when its body is gone.
pub(super) fn without(request: &Request, body: repeat::Body) -> Option<Box<Request>> {
    let attempt = repeat::Attempt { answer: Answer::Redirect, body, ..request.attempt() };
    attempt.again().ok()?;
    let mut plain = Box::new(request.clone());
    plain.head = plain.head.without(b"Expect");
    plain.omit_header(b"Expect").ok()?;
    Some(plain)
}
