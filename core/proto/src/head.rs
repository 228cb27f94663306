#![allow(missing_docs, unused)]
use crate::error::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version { Http10, Http11 }

/// Ordered header or trailer fields: ranges over one buffer, original order, case and duplicates.
#[derive(Debug, Clone, Default)]
pub struct Fields {}

impl Fields {
    pub fn len(&self) -> usize { todo!() }
    pub fn is_empty(&self) -> bool { todo!() }
    pub fn at(&self, index: usize) -> Option<(&[u8], &[u8])> { todo!() }
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + '_ { (0..0).map(|_| -> (&[u8], &[u8]) { todo!() }) }
    /// first field of that name, ASCII case-insensitive
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> { todo!() }
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a { std::iter::empty() }
}

/// A validated request head: built once, may be sent many times. Fields are kept serialised
/// ("Name: value\r\n"...), with the facts about framing and persistence noted as they are added.
#[derive(Debug, Clone)]
pub struct RequestHead {}

impl RequestHead {
    /// `target` is the request target (origin-form, or absolute-form for a proxy later), `host` the
    /// default Host value (host, IPv6 in brackets, port unless default).
    pub fn new(method: &str, target: &str, host: &str) -> Result<Self, LocalError> { todo!() }
    /// Appends a field. Content-Length / Transfer-Encoding given by the user are remembered and
    /// checked against the body at `Connection::start` (a conflicting one is an error there).
    /// A user's Host replaces the default one (at its place in the order? first line is fine).
    pub fn append(&mut self, name: &[u8], value: &[u8]) -> Result<(), LocalError> { todo!() }
    pub fn method(&self) -> &str { todo!() }
    pub fn target(&self) -> &str { todo!() }
    /// the Host that will be sent
    pub fn host(&self) -> &str { todo!() }
    pub fn contains(&self, name: &[u8]) -> bool { todo!() }
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> + '_ { std::iter::empty() }
    /// GET HEAD OPTIONS TRACE PUT DELETE, or a field Idempotency-Key is present
    pub fn is_replayable(&self) -> bool { todo!() }
    /// Checks everything `Connection::start` would check, so bad input fails before a connection is taken.
    pub fn check(&self, body: crate::RequestBody) -> Result<(), LocalError> { todo!() }
}

/// A parsed response head. Owns its bytes (one exact copy out of the receive buffer).
#[derive(Debug, Clone)]
pub struct ResponseHead {
    pub status: u16,
    pub version: Version,
    pub fields: Fields,
}
impl ResponseHead {
    pub fn reason(&self) -> &[u8] { todo!() }
}
