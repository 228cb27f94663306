#![allow(missing_docs)]
/// How the end of a response body is found (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFraming { None, Length(u64), Chunked, CloseDelimited }
