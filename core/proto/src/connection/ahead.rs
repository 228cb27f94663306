//! Requests that are sent behind others, before those have been answered (pipelining, RFC 9112 9.3.2).
//! The machine is told of each when its answer is the next one; until then it belongs to the request
//! in front.

use super::{Connection, RecvState, SendState};
use crate::body::BodyEncoder;
use crate::error::LocalError;
use crate::event::RequestBody;
use crate::facts::Facts;
use crate::framing::RequestFacts;
use crate::head::{HeadParser, Version};
use crate::persist::{CloseReason, exchange_allows_reuse};
use crate::request_head::RequestHead;
use crate::start::{Start, serialise};

/// A request that was written as a whole: what its answer has to be read by.
#[derive(Debug, Clone, Copy)]
pub struct Ahead {
    request: RequestFacts,
}

impl Ahead {
    /// Appends a request with its whole body, as [`Connection::start_with`] would send it.
    ///
    /// # Errors
    /// Those of [`Connection::start`]; something may have been appended then.
    pub fn write(
        head: &RequestHead,
        body: Option<&[u8]>,
        how: &Start<'_>,
        into: &mut Vec<u8>,
    ) -> Result<Ahead, LocalError> {
        let framing = body.map_or(RequestBody::None, |body| RequestBody::Length(body.len() as u64));
        let (framing, request) = serialise(head, framing, how, into)?;
        let mut encoder = BodyEncoder::new(framing);
        encoder.encode(body.unwrap_or_default(), usize::MAX, into)?;
        encoder.finish(b"", into)?;
        Ok(Ahead { request })
    }
}

impl Connection {
    /// The response is over, and that to a request that was sent behind it is next: what has been
    /// received beyond the one belongs to the other.
    ///
    /// # Errors
    /// The reason why there is no other response on this connection, as of [`Connection::reuse`];
    /// nothing has changed then.
    pub fn follow(&mut self, ahead: Ahead) -> Result<(), CloseReason> {
        self.ended_well()?;
        self.request = ahead.request;
        self.parser = HeadParser::default();
        self.framing = None;
        self.facts = Facts::default();
        self.started = self.buffered() > 0;
        self.send = SendState::Body(BodyEncoder::new(RequestBody::None));
        self.recv = RecvState::Head;
        Ok(())
    }

    /// Whether the response at hand, whose head has come, lets another one follow.
    pub fn promises_more(&self) -> bool {
        self.framing.is_some_and(|framing| {
            exchange_allows_reuse(self.request, self.version, &self.facts, framing).is_ok()
        })
    }

    /// The version of the last response; HTTP/1.1 before there was one.
    pub fn version(&self) -> Version {
        self.version
    }
}
