//! Request heads: validated as they are built, kept serialised, sent by a copy (RFC 9112 3, 5).
//!
//! Nothing that could end a line or start another message gets in: method and names are tokens,
//! values and target hold no control character.

use crate::error::LocalError;
use crate::event::RequestBody;
use crate::facts::{ContentLength, TransferEncoding, list, same, trim};
use crate::framing::RequestFacts;

/// A validated request head: built once, may be sent many times.
#[derive(Debug, Clone)]
pub struct RequestHead {
    /// Request line and field lines, the framing field and the empty line left out.
    bytes: Vec<u8>,
    method_len: usize,
    target_end: usize,
    /// The Host value in `bytes`.
    host: (usize, usize),
    user_host: bool,
    content_length: ContentLength,
    transfer_encoding: TransferEncoding,
    replayable: bool,
    expects_continue: bool,
    facts: RequestFacts,
}

/// The framing field `Connection::start` adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FramingField {
    /// None is needed, or the user gave the right one.
    Nothing,
    Length(u64),
    Chunked,
}

impl RequestHead {
    /// `target` is the request target (origin-form; absolute-form for a proxy; authority-form for
    /// CONNECT), already percent-encoded and without a fragment. `host` is the Host value unless the
    /// user gives one: IPv6 in brackets, port unless default.
    ///
    /// # Errors
    /// `InvalidMethod`, `InvalidTarget`, `InvalidHeader` naming "host".
    pub fn new(method: &str, target: &str, host: &str) -> Result<Self, LocalError> {
        if method.is_empty() || !all(method.as_bytes(), TOKEN) {
            return Err(LocalError::InvalidMethod(method.escape_debug().to_string()));
        }
        check_target(target.as_bytes())?;
        if host.is_empty() {
            return Err(invalid("host", "is empty"));
        }
        check_host(host.as_bytes())?;
        let mut bytes = Vec::with_capacity(method.len() + target.len() + host.len() + 128);
        bytes.extend_from_slice(method.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(target.as_bytes());
        let target_end = bytes.len();
        bytes.extend_from_slice(b" HTTP/1.1\r\nHost: ");
        let host_start = bytes.len();
        bytes.extend_from_slice(host.as_bytes());
        let host = (host_start, bytes.len());
        bytes.extend_from_slice(b"\r\n");
        Ok(Self {
            bytes,
            method_len: method.len(),
            target_end,
            host,
            user_host: false,
            content_length: ContentLength::Absent,
            transfer_encoding: TransferEncoding::Absent,
            replayable: matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE"),
            expects_continue: false,
            facts: RequestFacts {
                head: method == "HEAD",
                connect: method == "CONNECT",
                ..RequestFacts::default()
            },
        })
    }

    /// Whether it has `Connection: close`.
    pub fn says_close(&self) -> bool {
        self.facts.close
    }

    /// Sends `target` byte for byte in place of the one it was made with: nothing is encoded, no dot
    /// segment removed.
    ///
    /// # Errors
    /// `InvalidTarget` names the byte that cannot be in one; for CONNECT, whose target is the
    /// authority-form alone.
    pub fn set_target(&mut self, target: &[u8]) -> Result<(), LocalError> {
        if self.facts.connect {
            return Err(LocalError::InvalidTarget {
                reason: "CONNECT has no other than host:port",
            });
        }
        check_target(target)?;
        let start = self.method_len + 1;
        self.bytes.splice(start..self.target_end, target.iter().copied());
        let end = start + target.len();
        let moved = |at: usize| at - self.target_end + end;
        (self.host, self.target_end) = ((moved(self.host.0), moved(self.host.1)), end);
        Ok(())
    }

    /// Appends a field; order and case are kept, outer whitespace of the value is not.
    ///
    /// A user's Host replaces the default one and stands where the user put it. A Content-Length or
    /// Transfer-Encoding is checked against the body at `Connection::start`; an equal one given
    /// again is sent once.
    ///
    /// # Errors
    /// `InvalidHeader` naming "header name" or "header value".
    pub fn append(&mut self, name: &[u8], value: &[u8]) -> Result<(), LocalError> {
        let value = check_field(name, value)?;
        if !self.note(name, value)? {
            return Ok(());
        }
        self.bytes.reserve(name.len() + value.len() + 4);
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(b": ");
        if name.len() == 4 && same(name, b"Host") {
            self.host = (self.bytes.len(), self.bytes.len() + value.len());
        }
        self.bytes.extend_from_slice(value);
        self.bytes.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Notes what the field says about framing and persistence; false when it is not to be written.
    fn note(&mut self, name: &[u8], value: &[u8]) -> Result<bool, LocalError> {
        // The first letter spares most names the whole comparison.
        let first = name[0] | 0x20;
        let is = |usual: &[u8]| usual[0] | 0x20 == first && same(name, usual);
        match name.len() {
            4 if is(b"Host") => {
                if self.user_host {
                    return Err(invalid_value(name, "is given twice"));
                }
                check_host(value)?;
                self.user_host = true;
                self.bytes.drain(self.host.0 - "Host: ".len()..self.host.1 + "\r\n".len());
            }
            6 if is(b"Expect") => {
                self.expects_continue |= value.eq_ignore_ascii_case(b"100-continue")
            }
            7 if is(b"Upgrade") => self.facts.upgrade |= !value.is_empty(),
            10 if is(b"Connection") => {
                self.facts.close |= list(value).any(|token| same(token, b"close"));
            }
            14 if is(b"Content-Length") => {
                let first = self.content_length == ContentLength::Absent;
                self.content_length.note(value);
                if let ContentLength::Invalid(reason) = self.content_length {
                    return Err(invalid_value(name, reason));
                }
                if value.contains(&b',') {
                    return Err(invalid_value(name, "is a list"));
                }
                return Ok(first);
            }
            15 if is(b"Idempotency-Key") => self.replayable = true,
            17 if is(b"Transfer-Encoding") => {
                let first = self.transfer_encoding == TransferEncoding::Absent;
                if !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(invalid_value(name, "only chunked can be sent"));
                }
                self.transfer_encoding = TransferEncoding::Chunked;
                return Ok(first);
            }
            _ => {}
        }
        Ok(true)
    }

    /// Appends the head with its target in absolute-form.
    #[inline(always)]
    pub(crate) fn write_absolute(&self, base: &str, into: &mut Vec<u8>) {
        let method_end = self.method_len + 1;
        into.extend_from_slice(&self.bytes[..method_end]);
        let (has_base, has_target) = self.absolute_parts();
        if has_base {
            into.extend_from_slice(base.as_bytes());
        }
        into.extend_from_slice(
            &self.bytes[if has_target { method_end } else { self.target_end }..],
        );
    }

    /// The target in absolute-form (RFC 9112 3.2.2), in two parts: `base`, and the head's own one behind
    /// it, which is left out when it is the asterisk-form (RFC 9112 3.2.4). What begins with no slash
    /// stands for itself, as a caller's own absolute-form.
    pub fn absolute_target<'a>(&'a self, base: &'a str) -> (&'a str, &'a str) {
        let (has_base, has_target) = self.absolute_parts();
        (if has_base { base } else { "" }, if has_target { self.target() } else { "" })
    }

    /// Which of the two it has.
    #[inline(always)]
    fn absolute_parts(&self) -> (bool, bool) {
        match &self.bytes[self.method_len + 1..self.target_end] {
            b"*" => (true, false),
            [b'/' | b'?', ..] => (true, true),
            _ => (false, true),
        }
    }

    fn text(&self, start: usize, end: usize) -> &str {
        // Checked to be ASCII when it was added.
        self.bytes.get(start..end).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }

    fn method_bytes(&self) -> &[u8] {
        &self.bytes[..self.method_len]
    }

    /// The method, case kept.
    pub fn method(&self) -> &str {
        self.text(0, self.method_len)
    }

    /// The request target.
    pub fn target(&self) -> &str {
        self.text(self.method_len + 1, self.target_end)
    }

    /// The Host that will be sent.
    pub fn host(&self) -> &str {
        self.text(self.host.0, self.host.1)
    }

    /// Whether a field of that name (ASCII case-insensitive) will be sent, framing added by
    /// `Connection::start` left out. "Host" always is.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.fields().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// The fields in the order they will be sent, Host included, framing added by
    /// `Connection::start` left out.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> + '_ {
        const LINE_REST: usize = " HTTP/1.1\r\n".len();
        let mut rest = self.bytes.get(self.target_end + LINE_REST..).unwrap_or_default();
        std::iter::from_fn(move || {
            // A name holds no colon and a value no CR, so both ends are exact.
            let colon = memchr::memchr(b':', rest)?;
            let end = memchr::memchr(b'\r', rest)?;
            let field = (&rest[..colon], &rest[colon + 2..end]);
            rest = &rest[end + 2..];
            Some(field)
        })
    }

    /// Whether the request may be sent a second time when the first got no answer: GET HEAD OPTIONS
    /// TRACE PUT DELETE (RFC 9110 9.2.2), or the user gave an Idempotency-Key.
    pub fn is_replayable(&self) -> bool {
        self.replayable
    }

    /// The caller knows better than the method whether it may be sent a second time.
    pub fn set_replayable(&mut self, replayable: bool) {
        self.replayable = replayable;
    }

    /// Whether it is a CONNECT (RFC 9110 9.3.6).
    pub fn is_connect(&self) -> bool {
        self.facts.connect
    }

    /// Whether the connection may speak another protocol after the answer: it is a CONNECT, or asks for
    /// an Upgrade (RFC 9110 7.8).
    #[inline]
    pub fn switches(&self) -> bool {
        self.facts.connect | self.facts.upgrade
    }

    /// Whether it carries `Expect: 100-continue` (RFC 9110 10.1.1): its body waits for the server's word.
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// The length that the user's Content-Length gives the body.
    pub fn content_length(&self) -> Option<u64> {
        match self.content_length {
            ContentLength::Valid(length, _) => Some(length),
            _ => None,
        }
    }

    /// The same head without the fields of that name, which says nothing of framing and is not Host.
    pub fn without(&self, name: &[u8]) -> Self {
        let (mut bytes, mut host) = (Vec::with_capacity(self.bytes.len()), self.host);
        let fields = self.target_end + " HTTP/1.1\r\n".len();
        bytes.extend_from_slice(&self.bytes[..fields]);
        for (own, value) in self.fields().filter(|(own, _)| !own.eq_ignore_ascii_case(name)) {
            bytes.extend_from_slice(own);
            bytes.extend_from_slice(b": ");
            if own.eq_ignore_ascii_case(b"Host") {
                host = (bytes.len(), bytes.len() + value.len());
            }
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        let expects_continue = self.expects_continue && !name.eq_ignore_ascii_case(b"Expect");
        Self { bytes, host, expects_continue, ..self.clone() }
    }

    /// Checks everything `Connection::start` would check, so bad input fails before a connection is
    /// taken.
    ///
    /// # Errors
    /// `InvalidHeader` when the user's Content-Length or Transfer-Encoding contradicts `body`.
    pub fn check(&self, body: RequestBody) -> Result<(), LocalError> {
        self.framing(body).map(|_| ())
    }

    /// The body as it will be framed and the field to add for it. A user's Content-Length turns a
    /// body of unknown length into one of that length.
    pub(crate) fn framing(
        &self,
        body: RequestBody,
    ) -> Result<(RequestBody, FramingField), LocalError> {
        let conflict = |name: &str, reason| Err(invalid(format!("header value of {name}"), reason));
        if self.method_bytes() == b"TRACE" && body != RequestBody::None {
            return Err(invalid("body", "TRACE cannot have one (RFC 9110 9.3.8)"));
        }
        if self.facts.connect && body != RequestBody::None {
            return Err(invalid("body", "CONNECT cannot have one (RFC 9110 9.3.6)"));
        }
        let chunked_given = self.transfer_encoding == TransferEncoding::Chunked;
        let length_given = self.content_length();
        if chunked_given && (length_given.is_some() || body != RequestBody::Unknown) {
            return conflict("Transfer-Encoding", "contradicts the length of the body");
        }
        match (body, length_given) {
            (RequestBody::None, Some(0)) => Ok((body, FramingField::Nothing)),
            (RequestBody::Length(length), Some(given)) if length == given => {
                Ok((body, FramingField::Nothing))
            }
            (RequestBody::Unknown, Some(given)) => {
                Ok((RequestBody::Length(given), FramingField::Nothing))
            }
            (_, Some(_)) => conflict("Content-Length", "contradicts the length of the body"),
            (RequestBody::None, None) => {
                let expects_body = matches!(self.method_bytes(), b"POST" | b"PUT" | b"PATCH");
                let nothing = FramingField::Nothing;
                Ok((body, if expects_body { FramingField::Length(0) } else { nothing }))
            }
            (RequestBody::Length(length), None) => Ok((body, FramingField::Length(length))),
            (RequestBody::Unknown, None) if chunked_given => Ok((body, FramingField::Nothing)),
            (RequestBody::Unknown, None) => Ok((body, FramingField::Chunked)),
        }
    }

    /// Request line and field lines.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn facts(&self) -> RequestFacts {
        self.facts
    }
}

/// The value of a field as it is written.
///
/// # Errors
/// `InvalidHeader`: no name or no value of a field.
#[inline]
pub(crate) fn check_field<'a>(name: &[u8], value: &'a [u8]) -> Result<&'a [u8], LocalError> {
    if name.is_empty() {
        return Err(invalid("header name", "is empty"));
    }
    if !all(name, TOKEN) {
        return Err(invalid(
            format!("header name \"{}\"", without_value(name)),
            "is not a token (letters, digits and !#$%&'*+-.^_`|~)",
        ));
    }
    if !all(value, VALUE) {
        return Err(invalid_value(name, "holds a control character such as CR, LF or NUL"));
    }
    Ok(trim(value))
}

/// What a message shows of a name that is none: perhaps it is a whole line, whose value may be secret.
fn without_value(name: &[u8]) -> String {
    let shown = name.iter().take_while(|byte| all(&[**byte], TOKEN)).count() + 1;
    let rest = if name.len() > shown { "***" } else { "" };
    format!("{}{rest}", name[..shown.min(name.len())].escape_ascii())
}

pub(crate) fn invalid(name: impl Into<String>, reason: &'static str) -> LocalError {
    LocalError::InvalidHeader { name: name.into(), reason }
}

fn invalid_value(name: &[u8], reason: &'static str) -> LocalError {
    invalid(format!("header value of {}", name.escape_ascii()), reason)
}

/// tchar (RFC 9110 5.6.2): methods and field names.
const TOKEN: u8 = 1;
/// What a host may consist of (RFC 9110 7.2, RFC 3986 3.2.2).
const HOST: u8 = 2;
/// Visible ASCII but "#": targets.
const TARGET: u8 = 4;
/// Everything but control characters, HTAB allowed (RFC 9110 5.5): field values.
const VALUE: u8 = 8;

/// The classes each byte belongs to: one load decides.
const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        let byte = b as u8;
        if byte.is_ascii_alphanumeric() {
            table[b] |= TOKEN | HOST;
        }
        if byte.is_ascii_graphic() && byte != b'#' {
            table[b] |= TARGET;
        }
        if byte == b'\t' || !byte.is_ascii_control() {
            table[b] |= VALUE;
        }
        b += 1;
    }
    let tokens = b"!#$%&'*+-.^_`|~";
    let mut i = 0;
    while i < tokens.len() {
        table[tokens[i] as usize] |= TOKEN;
        i += 1;
    }
    let hosts = b"-._~%!$&'()*+,;=:[]";
    i = 0;
    while i < hosts.len() {
        table[hosts[i] as usize] |= HOST;
        i += 1;
    }
    table
};

fn all(bytes: &[u8], class: u8) -> bool {
    bytes.iter().all(|&b| CLASSES[b as usize] & class != 0)
}

fn check_target(target: &[u8]) -> Result<(), LocalError> {
    let reason = if target.is_empty() {
        "is empty"
    } else if all(target, TARGET) {
        return Ok(());
    } else if target.iter().any(|&b| b <= b' ' || b == 0x7f) {
        "holds a space or control character"
    } else if !target.is_ascii() {
        "holds a character that is not ASCII; percent-encode it"
    } else {
        "holds a fragment, which is never sent"
    };
    Err(LocalError::InvalidTarget { reason })
}

/// uri-host [":" port] by its characters; may be empty when the user wants it so.
fn check_host(host: &[u8]) -> Result<(), LocalError> {
    if all(host, HOST) {
        return Ok(());
    }
    Err(invalid("host", "holds a character that is not allowed in a host"))
}

#[cfg(test)]
mod tests;
