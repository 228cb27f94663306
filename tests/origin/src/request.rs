//! Decides what a well-formed request is, strictly: what a lenient server would let pass is refused
//! here, so that a mistake of the client under test is noticed.

use crate::facts::latin1;

/// How the request body is framed (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Length(u64),
    Chunked,
}

/// A parsed request head. Text is latin-1: each byte is the character of the same number.
#[derive(Debug)]
pub(crate) struct Request {
    pub method: String,
    pub target: String,
    /// The target up to the query, percent-decoded.
    pub path: String,
    /// Query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The x of HTTP/1.x.
    pub minor: u8,
    /// Original order and case, values without surrounding blanks.
    pub headers: Vec<(String, String)>,
    pub framing: Framing,
}

impl Request {
    /// Parses a head including its final empty line. The error says which rule was broken.
    pub fn parse(head: &[u8]) -> Result<Self, String> {
        let text = head.strip_suffix(b"\r\n\r\n").ok_or("the head does not end in CRLF CRLF")?;
        let mut lines = split_lines(text)?.into_iter();
        let line = lines.next().unwrap_or_default();
        let [method, target, version]: [&[u8]; 3] = line
            .split(|b| *b == b' ')
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| format!("request line {:?} is not three words", latin1(line)))?;
        if !is_token(method) {
            return Err(format!("method {:?} is not a token", latin1(method)));
        }
        check_target(method, target)?;
        let minor = match version {
            b"HTTP/1.1" => 1,
            b"HTTP/1.0" => 0,
            other => return Err(format!("version {:?}", latin1(other))),
        };
        let headers = lines.map(parse_field).collect::<Result<Vec<_>, _>>()?;
        let framing = framing(&headers, minor)?;
        check_host(&headers, minor)?;
        let target = latin1(target);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(&name.replace('+', " ")), percent_decode(&value.replace('+', " ")))
        });
        Ok(Self {
            method: latin1(method),
            path: percent_decode(path),
            query: query.collect(),
            target: target.clone(),
            minor,
            headers,
            framing,
        })
    }

    /// The first field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first query parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A numeric query parameter; `default` when it is absent or not a number.
    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.param(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// Whether the connection goes on after this request (RFC 9112 section 9.3).
    pub fn keep_alive(&self) -> bool {
        let says = |option: &str| {
            let fields = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("connection"));
            fields
                .flat_map(|(_, value)| value.split(','))
                .any(|o| o.trim().eq_ignore_ascii_case(option))
        };
        !says("close") && (self.minor > 0 || says("keep-alive"))
    }

    /// The key the journal files this request under: `X-Key`, else the query parameter `key`.
    pub fn key(&self) -> Option<&str> {
        self.header("x-key").or_else(|| self.param("key"))
    }
}

/// Parses one header or trailer line.
pub(crate) fn parse_field(line: &[u8]) -> Result<(String, String), String> {
    let colon = line.iter().position(|b| *b == b':');
    let colon = colon.ok_or_else(|| format!("field line {:?} has no colon", latin1(line)))?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if !is_token(name) {
        return Err(format!("field name {:?} is not a token", latin1(name)));
    }
    if value.iter().any(|b| (*b < 0x20 && *b != b'\t') || *b == 0x7f) {
        return Err(format!("a control character in the value of {}", latin1(name)));
    }
    Ok((latin1(name), latin1(value).trim_matches([' ', '\t']).to_owned()))
}

/// Parses `chunk-size [;extension]`, without the CRLF.
pub(crate) fn parse_chunk_size(line: &[u8]) -> Result<u64, String> {
    let size = line.split(|b| *b == b';').next().unwrap_or_default();
    let valid = !size.is_empty() && size.len() <= 15 && size.iter().all(u8::is_ascii_hexdigit);
    let value = valid.then(|| u64::from_str_radix(&latin1(size), 16).ok()).flatten();
    value.ok_or_else(|| format!("chunk size {:?}", latin1(line)))
}

fn split_lines(text: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.iter().position(|b| matches!(b, b'\r' | b'\n')) {
        if !rest[at..].starts_with(b"\r\n") {
            return Err("a bare CR or LF in the head".into());
        }
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    Ok(lines)
}

fn is_token(bytes: &[u8]) -> bool {
    let tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !bytes.is_empty() && bytes.iter().all(tchar)
}

/// Origin-form, or `*` with OPTIONS; what WHATWG URL parsing leaves unescaped is let through.
fn check_target(method: &[u8], target: &[u8]) -> Result<(), String> {
    let form = target.first() == Some(&b'/') || (target == b"*" && method == b"OPTIONS");
    let legal = |b: &u8| b.is_ascii_graphic() && !b"\"<>#".contains(b);
    if form && target.iter().all(legal) {
        return Ok(());
    }
    Err(format!("request target {:?}", latin1(target)))
}

fn check_host(headers: &[(String, String)], minor: u8) -> Result<(), String> {
    let hosts: Vec<&String> =
        headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("host")).map(|(_, v)| v).collect();
    match hosts[..] {
        [] if minor == 0 => Ok(()),
        [host] if !host.contains([' ', '\t', '/', '@', ',']) => Ok(()),
        _ => Err(format!("Host {hosts:?}")),
    }
}

fn framing(headers: &[(String, String)], minor: u8) -> Result<Framing, String> {
    let all = |name: &str| -> Vec<&str> {
        let fields = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_str()).collect()
    };
    match (&all("content-length")[..], &all("transfer-encoding")[..]) {
        ([], []) => Ok(Framing::None),
        ([length], []) if !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit()) => {
            let length = length.parse().map_err(|_| format!("Content-Length {length}"))?;
            Ok(Framing::Length(length))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") && minor > 0 => {
            Ok(Framing::Chunked)
        }
        (lengths, codings) => {
            Err(format!("Content-Length {lengths:?} with Transfer-Encoding {codings:?}"))
        }
    }
}

/// `%xx` escapes undone; other text as it stands. Bytes that are not UTF-8 become U+FFFD.
fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.map(|pair| u8::from_str_radix(pair, 16)) {
            Some(Ok(byte)) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
