//! What a runner says of a wire case it has run: facts, and no opinion. `verdict` judges them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer};

/// What became of a case. `None`: the runner does not say, which is a fault where the verdict names
/// it, unless the [`Way`] cannot know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// How the response was come by.
    pub way: Way,
    /// The name of the error kind; `None`: the exchange succeeded. JSON says `null` for that: the
    /// member must be there.
    #[serde(deserialize_with = "said")]
    pub error: Option<String>,
    /// Status code of the final head.
    pub status: Option<u16>,
    /// `"1.0"` or `"1.1"`.
    pub version: Option<String>,
    /// Reason phrase.
    pub reason: Option<String>,
    /// Fields of the final head.
    pub headers: Option<Fields>,
    /// The body, or what came of it before the error.
    #[serde(default, rename = "body_b64", deserialize_with = "base64")]
    pub body: Option<Vec<u8>>,
    /// Fields of the trailer section; empty when there was none.
    pub trailers: Option<Fields>,
    /// The status of each 1xx head before the final one.
    pub informational: Option<Vec<u16>>,
    /// Whether a `GET /ok` after the case came by the same connection.
    pub reused: Option<bool>,
    /// `"ok"`, or the reason against another request on the connection.
    pub close_reason: Option<String>,
    /// How often the server was sent the request; the origin knows, no runner says it.
    #[serde(skip)]
    pub requests: Option<usize>,
}

/// How a runner comes by a response, and so what it cannot know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The protocol machine alone, no socket: says why a connection ends instead of whether it was
    /// reused, and knows no number of requests.
    Machine,
    /// The head first, then the body in pieces: has a head to show also when the body fails.
    #[default]
    Pieces,
    /// All at once: a response, or an error without its head.
    Whole,
}

/// Header or trailer fields. Text is latin-1: each byte is the character of the same number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Fields {
    /// As they came: `[["a", "1"], ["b", "2"], ["a", "3"]]`.
    List(Vec<(String, String)>),
    /// By name, from a client that keeps a map: `[["a", ["1", "3"]], ["b", ["2"]]]`, the names in the
    /// order of their first field, the values of each in theirs.
    Map(Vec<(String, Vec<String>)>),
}

impl Fields {
    /// Fields as they came, of bytes.
    pub fn list<'a>(fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let pairs = fields.into_iter().map(|(name, value)| (latin1(name), latin1(value)));
        Self::List(pairs.collect())
    }
}

/// Each byte as the character of the same number.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// `null` is a fact, a missing member is none: serde asks for it where a function reads it.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(from)
}

fn base64<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let bytes = text.map(|text| STANDARD.decode(text)).transpose();
    bytes.map_err(serde::de::Error::custom)
}
