//! Whether a connection may carry another request (RFC 9112 9.3), and the peer's wishes about it.

use crate::facts::{Facts, list, parse_decimal, trim};
use crate::framing::{BodyFraming, Framing, RequestFacts};
use crate::head::Version;

/// Why a connection may not carry another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The request was not sent to its end: the peer would read the next one as its body.
    RequestUnfinished,
    /// The response was not read to its end.
    ResponseUnfinished,
    /// The request carried `Connection: close`, or was started as the last one (RFC 9112 9.6).
    RequestSaidClose,
    /// The response carried `Connection: close` (RFC 9112 9.6), or a proxy's `Proxy-Connection: close`.
    ResponseSaidClose,
    /// An HTTP/1.0 response without `Connection: keep-alive` (RFC 9112 9.3).
    Http10,
    /// The end of the connection was the end of the body.
    CloseDelimited,
    /// Transfer-Encoding beside Content-Length or in HTTP/1.0, or an invalid Content-Length where
    /// no body can be: the peer's idea of the message may differ from ours (RFC 9112 6.1, 11.2).
    AmbiguousFraming,
    /// Bytes came that belong to no response: they must never be read as the next one.
    ExtraBytes,
    /// The connection speaks another protocol now (101, or 2xx to CONNECT).
    Switched,
    /// The peer closed the connection.
    PeerClosed,
    /// The peer broke the protocol.
    Broken,
}

impl CloseReason {
    /// Every reason, for tables and counters.
    pub const ALL: [Self; 11] = [
        Self::RequestUnfinished,
        Self::ResponseUnfinished,
        Self::RequestSaidClose,
        Self::ResponseSaidClose,
        Self::Http10,
        Self::CloseDelimited,
        Self::AmbiguousFraming,
        Self::ExtraBytes,
        Self::Switched,
        Self::PeerClosed,
        Self::Broken,
    ];

    /// Stable name in snake_case, such as "response_said_close".
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestUnfinished => "request_unfinished",
            Self::ResponseUnfinished => "response_unfinished",
            Self::RequestSaidClose => "request_said_close",
            Self::ResponseSaidClose => "response_said_close",
            Self::Http10 => "http10",
            Self::CloseDelimited => "close_delimited",
            Self::AmbiguousFraming => "ambiguous_framing",
            Self::ExtraBytes => "extra_bytes",
            Self::Switched => "switched",
            Self::PeerClosed => "peer_closed",
            Self::Broken => "broken",
        }
    }
}

/// What a finished exchange, sent and received to its end, says about another one (RFC 9112 9.3).
pub(crate) fn exchange_allows_reuse(
    request: RequestFacts,
    version: Version,
    response: &Facts,
    framing: Framing,
) -> Result<(), CloseReason> {
    if request.close {
        Err(CloseReason::RequestSaidClose)
    } else if response.close || (request.forwarded && response.proxy_close) {
        Err(CloseReason::ResponseSaidClose)
    } else if framing.ambiguous {
        Err(CloseReason::AmbiguousFraming)
    } else if framing.body == BodyFraming::CloseDelimited {
        Err(CloseReason::CloseDelimited)
    } else if version == Version::Http10 && !response.keep_alive {
        Err(CloseReason::Http10)
    } else {
        Ok(())
    }
}

/// `Keep-Alive: timeout=N, max=M` of the last response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeepAliveHint {
    /// Seconds the peer keeps an idle connection open.
    pub timeout: Option<u64>,
    /// Requests the peer will still take on this connection.
    pub max: Option<u64>,
}

impl KeepAliveHint {
    /// Reads one field value. Of repeated parameters the smaller one holds: it is the safer promise.
    pub(crate) fn note(&mut self, value: &[u8]) {
        for parameter in list(value) {
            let Some(at) = parameter.iter().position(|&b| b == b'=') else {
                continue;
            };
            let (name, number) = (trim(&parameter[..at]), trim(&parameter[at + 1..]));
            let Ok(number) = parse_decimal(number) else {
                continue;
            };
            let slot = if name.eq_ignore_ascii_case(b"timeout") {
                &mut self.timeout
            } else if name.eq_ignore_ascii_case(b"max") {
                &mut self.max
            } else {
                continue;
            };
            *slot = Some(slot.map_or(number, |old| old.min(number)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read_leniently() {
        let read = |values: &[&str]| {
            let mut hint = KeepAliveHint::default();
            values.iter().for_each(|value| hint.note(value.as_bytes()));
            (hint.timeout, hint.max)
        };
        assert_eq!(read(&["timeout=5, max=100"]), (Some(5), Some(100)));
        assert_eq!(read(&["Timeout = 5", "MAX=1"]), (Some(5), Some(1)));
        assert_eq!(read(&["timeout=9, timeout=5, timeout=7"]), (Some(5), None));
        assert_eq!(read(&["timeout=0"]), (Some(0), None));
        assert_eq!(read(&["timeout, max=, =5, timeout=-1, max=1e3, 5"]), (None, None));
        assert_eq!(read(&["timeout=99999999999999999999"]), (None, None));
    }

    #[test]
    fn names_are_snake_case_and_differ() {
        let mut names: Vec<_> = CloseReason::ALL.iter().map(|reason| reason.name()).collect();
        assert!(
            names
                .iter()
                .all(|n| { n.bytes().all(|b| b.is_ascii_lowercase() || b"_10".contains(&b)) })
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CloseReason::ALL.len());
    }
}
