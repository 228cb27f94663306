#![allow(missing_docs)]
/// Why a connection may not carry another request. Every variant is reachable by a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    RequestUnfinished, ResponseUnfinished, RequestSaidClose, ResponseSaidClose, Http10, CloseDelimited,
    AmbiguousFraming, ExtraBytes, Switched, PeerClosed, Broken,
}
impl CloseReason {
    /// snake_case, stable: "response_said_close"
    pub fn name(self) -> &'static str { todo!() }
}

/// `Keep-Alive: timeout=N, max=M` of the last response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeepAliveHint { pub timeout: Option<u64>, pub max: Option<u64> }
