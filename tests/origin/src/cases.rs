//! Reads the wire cases (`tests/wire/*.toml`, format in `tests/wire/README.md`), and renders them as
//! JSON for programs in other languages: there is no second parser.

use std::collections::HashSet;
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a server sends, how it ends, and the verdict. See `tests/wire/README.md` for each field.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique over all files, `[a-z0-9_]+`.
    pub name: String,
    /// The rule the case protects.
    pub why: String,
    /// The request the runner sends.
    pub request: CaseRequest,
    /// The bytes the server sends, exactly.
    pub response: Vec<u8>,
    /// When the server answers.
    pub after: After,
    /// Whether the server shuts its reading side before it answers.
    pub shut: bool,
    /// How the server ends the connection after the response.
    pub end: End,
    /// Over which transports the case is played.
    pub tls: Tls,
    /// TLS with `End::Fin`: whether a close_notify is sent before the FIN. Default true, with
    /// `Tls::Only` false.
    pub close_notify: bool,
    /// The verdict.
    pub expect: Expect,
}

/// The request of a case.
#[derive(Clone, Debug)]
pub struct CaseRequest {
    /// Default `GET`.
    pub method: String,
    /// Fields to add, in order.
    pub headers: Vec<(String, String)>,
    /// Empty: no body.
    pub body: Repeated,
    /// Send the body with an unknown length.
    pub chunked: bool,
    /// Content codings are undone; the bodies of the verdict are decoded then.
    pub decode: bool,
}

/// Bytes as a piece and how often it comes: each test starts an origin, which is not to fill the large bodies of all
/// cases each time.
#[derive(Clone, Debug)]
pub struct Repeated {
    /// One byte, or with `times` 1 all of it.
    pub piece: Vec<u8>,
    /// How often the piece comes.
    pub times: usize,
}

impl Repeated {
    /// How many bytes that is.
    pub fn len(&self) -> usize {
        self.piece.len() * self.times
    }

    /// No bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        self.piece.repeat(self.times)
    }
}

impl CaseRequest {
    /// The fields as bytes: each character is the byte of the same number.
    pub fn fields(&self) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        // Parsing has refused every other character.
        let bytes = |text: &str| text.chars().map(|c| c as u8).collect();
        self.headers.iter().map(move |(name, value)| (bytes(name), bytes(value)))
    }
}

/// The verdict of a case. `None`: not looked at. Exactly one of `reuse` and `error` is given.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Status code.
    pub status: Option<u16>,
    /// Reason phrase.
    pub reason: Option<String>,
    /// `"1.0"` or `"1.1"`.
    pub version: Option<String>,
    /// A subset of the fields, in order; names compare case-insensitively.
    pub headers: Option<Vec<(String, String)>>,
    /// The whole body, decoded from transfer-coding only, or also from content codings (`decode`).
    pub body: Option<Vec<u8>>,
    /// The whole trailer section.
    pub trailers: Option<Vec<(String, String)>>,
    /// The status of each 1xx response before the final one.
    pub informational: Option<Vec<u16>>,
    /// `"ok"` or the name of a close reason.
    pub reuse: Option<String>,
    /// The name of an error kind.
    pub error: Option<String>,
    /// Body bytes delivered before the error.
    pub partial: Option<Vec<u8>>,
}

/// When the server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// With the whole request read.
    #[default]
    Request,
    /// With the head read and the body not.
    Head,
}

/// How the server ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Serves further requests on the connection.
    #[default]
    Open,
    /// Closes in order.
    Fin,
    /// Resets.
    Rst,
    /// Sends nothing more until the peer closes.
    Stall,
}

/// Over which transports a case is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Plain and TLS.
    #[default]
    Any,
    /// TLS alone.
    Only,
    /// Plain alone.
    Never,
}

/// Loads all `*.toml` files of `dir`, in the order of their names. The error names file and case.
pub fn load(dir: &Path) -> Result<Vec<Case>, String> {
    let entries = std::fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut paths: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let name = path.display();
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{name}: {e}"))?;
        cases.extend(parse(&text).map_err(|e| format!("{name}: {e}"))?);
    }
    let mut names = HashSet::new();
    match cases.iter().find(|case| !names.insert(case.name.as_str())) {
        Some(case) => Err(format!("case {}: the name is used twice", case.name)),
        None => Ok(cases),
    }
}

/// Parses the text of one file.
pub fn parse(text: &str) -> Result<Vec<Case>, String> {
    let file: raw::File = toml::from_str(text).map_err(|e| e.to_string())?;
    file.case
        .into_iter()
        .map(|case| {
            let name = case.name.clone();
            Case::from_raw(case).map_err(|e| format!("case {name}: {e}"))
        })
        .collect()
}

impl Case {
    fn from_raw(case: raw::Case) -> Result<Self, String> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if case.name.is_empty() || !case.name.chars().all(legal) {
            return Err("a name is made of a-z, 0-9 and _".into());
        }
        let expect = case.expect;
        if expect.reuse.is_some() == expect.error.is_some() {
            return Err("expect has either reuse or error".into());
        }
        if case.end == End::Rst && (expect.partial.is_some() || expect.status.is_some()) {
            return Err(
                "a reset may overtake what was sent before it: no status, no partial".into()
            );
        }
        if case.shut && (case.after != After::Request || case.end != End::Fin) {
            return Err(
                "shut goes with the whole request and with fin: nothing more is read".into()
            );
        }
        for (name, value) in &case.request.headers {
            raw::latin1(name)?;
            raw::latin1(value)?;
        }
        let bytes = |value: Option<raw::Bytes>| value.map(|b| b.to_bytes()).transpose();
        Ok(Self {
            name: case.name,
            why: case.why,
            request: CaseRequest {
                method: case.request.method.unwrap_or_else(|| "GET".into()),
                headers: case.request.headers,
                body: match case.request.body {
                    Some(body) => body.to_repeated()?,
                    None => Repeated { piece: Vec::new(), times: 1 },
                },
                chunked: case.request.chunked,
                decode: case.request.decode,
            },
            response: case.response.to_bytes()?,
            after: case.after,
            shut: case.shut,
            end: case.end,
            tls: case.tls,
            close_notify: case.close_notify.unwrap_or(case.tls != Tls::Only),
            expect: Expect {
                status: expect.status,
                reason: expect.reason,
                version: expect.version,
                headers: expect.headers,
                body: bytes(expect.body)?,
                trailers: expect.trailers,
                informational: expect.informational,
                reuse: expect.reuse,
                error: expect.error,
                partial: bytes(expect.partial)?,
            },
        })
    }

    /// The case and its verdict as other programs read it; `null`: not looked at. A byte string is a
    /// piece in base64 and how often it comes: bodies larger than any buffer are a byte, repeated.
    pub fn to_json(&self) -> Value {
        let (expect, request) = (&self.expect, &self.request);
        json!({
            "name": self.name,
            "why": self.why,
            "path": format!("/wire/{}", self.name),
            "request": {
                "method": request.method,
                "headers": request.headers,
                "body": piece_json(&request.body.piece, request.body.times),
                "chunked": request.chunked,
                "decode": request.decode,
            },
            "response": bytes_json(&self.response),
            "after": self.after,
            "shut": self.shut,
            "end": self.end,
            "tls": self.tls,
            "close_notify": self.close_notify,
            "expect": {
                "status": expect.status,
                "reason": expect.reason,
                "version": expect.version,
                "headers": expect.headers,
                "body": self.delivered().map(bytes_json),
                "trailers": expect.trailers,
                "informational": expect.informational,
                "errors": self.errors(),
                "reused": expect.reuse.as_deref() == Some("ok"),
            },
        })
    }
}

fn bytes_json(bytes: &[u8]) -> Value {
    let (piece, times) = unrepeated(bytes);
    piece_json(piece, times)
}

fn piece_json(piece: &[u8], times: usize) -> Value {
    json!({ "piece_b64": STANDARD.encode(piece), "times": times })
}

/// One byte many times as that byte and the number; anything else as it is, once.
fn unrepeated(bytes: &[u8]) -> (&[u8], usize) {
    match bytes {
        [first, rest @ ..] if rest.iter().all(|byte| byte == first) => (&bytes[..1], bytes.len()),
        _ => (bytes, 1),
    }
}

/// The file format, before defaults and byte strings are worked out.
mod raw {
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct File {
        #[serde(default)]
        pub case: Vec<Case>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Case {
        pub name: String,
        pub why: String,
        #[serde(default)]
        pub request: Request,
        pub response: Bytes,
        #[serde(default)]
        pub after: super::After,
        #[serde(default)]
        pub shut: bool,
        #[serde(default)]
        pub end: super::End,
        #[serde(default)]
        pub tls: super::Tls,
        pub close_notify: Option<bool>,
        pub expect: Expect,
    }

    #[derive(Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Request {
        pub method: Option<String>,
        #[serde(default)]
        pub headers: Vec<(String, String)>,
        pub body: Option<Bytes>,
        #[serde(default)]
        pub chunked: bool,
        #[serde(default)]
        pub decode: bool,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Expect {
        pub status: Option<u16>,
        pub reason: Option<String>,
        pub version: Option<String>,
        pub headers: Option<Vec<(String, String)>>,
        pub body: Option<Bytes>,
        pub trailers: Option<Vec<(String, String)>>,
        pub informational: Option<Vec<u16>>,
        pub reuse: Option<String>,
        pub error: Option<String>,
        pub partial: Option<Bytes>,
    }

    /// A byte string: latin-1 text, a repetition, hex digits, or a list of these.
    #[derive(Deserialize)]
    #[serde(untagged)]
    pub enum Bytes {
        Text(String),
        Repeat { repeat: String, count: usize },
        Hex { hex: String },
        Parts(Vec<Bytes>),
    }

    impl Bytes {
        pub fn to_repeated(&self) -> Result<super::Repeated, String> {
            match self {
                Self::Repeat { repeat, count } if repeat.chars().count() == 1 => {
                    Ok(super::Repeated { piece: latin1(repeat)?, times: *count })
                }
                _ => Ok(super::Repeated { piece: self.to_bytes()?, times: 1 }),
            }
        }

        pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
            match self {
                Self::Text(text) => latin1(text),
                Self::Repeat { repeat, count } => Ok(latin1(repeat)?.repeat(*count)),
                Self::Hex { hex } => {
                    let digits: Vec<u8> =
                        hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
                    let pair = |pair: &[u8]| {
                        let text = std::str::from_utf8(pair).ok()?;
                        let valid = pair.len() == 2 && !text.starts_with('+');
                        valid.then(|| u8::from_str_radix(text, 16).ok()).flatten()
                    };
                    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
                    bytes.ok_or_else(|| format!("hex {hex:?} is not pairs of hex digits"))
                }
                Self::Parts(parts) => {
                    let parts: Result<Vec<_>, _> = parts.iter().map(Self::to_bytes).collect();
                    Ok(parts?.concat())
                }
            }
        }
    }

    pub fn latin1(text: &str) -> Result<Vec<u8>, String> {
        let byte = |c: char| u8::try_from(c).map_err(|_| format!("{c:?} is beyond U+00FF"));
        text.chars().map(byte).collect()
    }
}
