//! One request and its answer: what every route works with.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use crate::connection::{Connection, Ending, Failure};
use crate::request::{Framing, Request};
use crate::state::Entry;

/// What comes after an answer.
pub(crate) enum Next {
    /// The next request on the connection.
    Request,
    /// The end of the connection.
    End(Ending),
}

/// FIN in good order.
pub(crate) const FIN: Ending = Ending::Fin { notify: true, linger: false };
/// Answers up to this size leave in one write.
const ONE_WRITE: usize = 64 << 10;

pub(crate) struct Exchange<'a> {
    pub connection: &'a mut Connection,
    pub request: Request,
    pub trailers: Vec<(String, String)>,
    /// Whether `Expect: 100-continue` gets its answer before the body is read.
    pub answers_expect: bool,
    /// Bytes of the answer not yet sent.
    pending: Vec<u8>,
    body_read: bool,
    entry: Option<usize>,
}

impl<'a> Exchange<'a> {
    /// Counts the request, and enters it in the journal if it has a key.
    pub fn new(connection: &'a mut Connection, request: Request) -> Self {
        connection.requests += 1;
        let control = request.path.starts_with("/_");
        if control && connection.requests == 1 {
            connection.shared.uncount(connection.number);
        }
        if !control {
            connection.shared.requests.fetch_add(1, Relaxed);
        }
        if let Some(owner) = request.header("x-owner") {
            let first = connection.owner.get_or_insert_with(|| owner.to_owned());
            if first != owner {
                let rule = format!("connection {} of {first} used by {owner}", connection.number);
                connection.shared.note(Entry::faulty(connection.number, connection.requests, rule));
            }
        }
        let entry = request.key().filter(|_| !control).map(|key| {
            connection.shared.note(Entry {
                key: key.to_owned(),
                method: request.method.clone(),
                target: request.target.clone(),
                connection: connection.number,
                request: connection.requests,
                body_length: 0,
                complete: false,
                error: None,
            })
        });
        let body_read = request.framing == Framing::None;
        if let Some(entry) = entry.filter(|_| body_read) {
            connection.shared.note_body(entry, 0, true);
        }
        let answers_expect =
            request.header("expect").is_some_and(|e| e.eq_ignore_ascii_case("100-continue"));
        let (trailers, pending) = Default::default();
        Self { connection, request, trailers, answers_expect, pending, body_read, entry }
    }

    pub fn is_body_read(&self) -> bool {
        self.body_read
    }

    /// Reads the request body, once, giving each piece to `sink`; with `Expect: 100-continue` asks
    /// for it first. Returns its length.
    pub fn read_body(&mut self, mut sink: impl FnMut(&[u8])) -> Result<u64, Failure> {
        if std::mem::replace(&mut self.body_read, true) {
            return Ok(0);
        }
        if self.answers_expect {
            self.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut length = 0;
        let read = self.connection.read_body(self.request.framing, &mut |piece| {
            length += piece.len() as u64;
            sink(piece);
        });
        if let Some(entry) = self.entry {
            self.connection.shared.note_body(entry, length, read.is_ok());
        }
        self.trailers = read?;
        Ok(length)
    }

    /// The request body as one piece.
    pub fn body(&mut self) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        self.read_body(|piece| body.extend_from_slice(piece))?;
        Ok(body)
    }

    /// Sends a complete answer.
    pub fn send(&mut self, reply: Reply) -> Result<Next, Failure> {
        let Reply { status, mut headers, body } = reply;
        // RFC 9112 section 6.3: these have no body whatever they say.
        let bodiless = status < 200 || status == 204 || status == 304;
        if !bodiless && !headers.iter().any(|(name, _)| name == "Content-Length") {
            headers.push(("Content-Length".into(), body.len().to_string()));
        }
        self.start(status, &headers);
        if !bodiless {
            self.write(&body)?;
        }
        self.finish()
    }

    /// Begins an answer whose body follows by `write`.
    pub fn start(&mut self, status: u16, headers: &[(String, String)]) {
        let head = self.head(status, headers);
        self.pending.extend_from_slice(head.as_bytes());
    }

    /// Adds body bytes as they are; nothing when the request is HEAD.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.request.method == "HEAD" { Ok(()) } else { self.write_raw(bytes) }
    }

    /// Adds bytes whatever the request is.
    pub fn write_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() > ONE_WRITE { self.flush() } else { Ok(()) }
    }

    /// Sends what has been added, in one write.
    pub fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() { Ok(()) } else { self.connection.write(&pending) }
    }

    /// Ends a complete answer. The next request follows unless one side said close.
    pub fn finish(&mut self) -> Result<Next, Failure> {
        self.flush()?;
        Ok(match (self.body_read, self.request.keep_alive()) {
            (true, true) => Next::Request,
            (true, false) => Next::End(FIN),
            (false, _) => Next::End(Ending::Fin { notify: true, linger: true }),
        })
    }

    fn head(&self, status: u16, headers: &[(String, String)]) -> String {
        use std::fmt::Write;
        let mut head = String::with_capacity(256);
        let reason = reason(status);
        // Writing to a String cannot fail.
        let _ = write!(head, "HTTP/1.1 {status} {reason}\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !headers.iter().any(|(name, _)| name == "Connection") {
            if !self.body_read || !self.request.keep_alive() {
                head.push_str("Connection: close\r\n");
            } else if self.request.minor == 0 {
                head.push_str("Connection: keep-alive\r\n");
            }
        }
        head.push_str("\r\n");
        head
    }
}

/// A complete answer. `Content-Length` is added when absent, `Connection` when it is due.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status).body("text/plain", text.into().into_bytes())
    }

    pub fn json(value: &impl serde::Serialize) -> Self {
        // What is serialised here are lists, strings and numbers: it cannot fail.
        Self::new(200).body("application/json", serde_json::to_vec(value).unwrap_or_default())
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn body(self, content_type: &str, body: Vec<u8>) -> Self {
        Self { body, ..self.header("Content-Type", content_type) }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
