//! The wire cases as data, and a transport played by hand.
#![allow(dead_code)] // each test binary uses its part

pub mod play;

use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub why: String,
    #[serde(default)]
    pub request: Request,
    pub response: Bytes,
    #[serde(default)]
    pub after: After,
    #[serde(default)]
    pub end: End,
    #[serde(default)]
    pub tls: Tls,
    #[serde(default = "yes")]
    pub close_notify: bool,
    pub expect: Expect,
}

#[derive(Deserialize, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub method: Option<String>,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
    #[serde(default)]
    pub chunked: bool,
}

#[derive(Deserialize, Debug, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub status: Option<u16>,
    pub reason: Option<String>,
    pub version: Option<String>,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
    pub trailers: Option<Vec<(String, String)>>,
    pub informational: Option<Vec<u16>>,
    pub reuse: Option<String>,
    pub error: Option<String>,
    pub partial: Option<Bytes>,
}

#[derive(Deserialize, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum After {
    #[default]
    Request,
    Head,
}

#[derive(Deserialize, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum End {
    #[default]
    Open,
    Fin,
    Rst,
    Stall,
}

#[derive(Deserialize, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    #[default]
    Any,
    Only,
    Never,
}

#[derive(Deserialize, Debug, Clone)]
#[serde(untagged)]
pub enum Bytes {
    One(Part),
    Many(Vec<Part>),
}

#[derive(Deserialize, Debug, Clone)]
#[serde(untagged)]
pub enum Part {
    Text(String),
    Repeat { repeat: String, count: usize },
    Hex { hex: String },
}

fn yes() -> bool {
    true
}

/// U+0000..U+00FF as one byte each.
pub fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a character up to U+00FF")).collect()
}

impl Bytes {
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::One(part) => part.bytes(),
            Self::Many(parts) => parts.iter().flat_map(Part::bytes).collect(),
        }
    }
}

impl Part {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => latin1(text),
            Self::Repeat { repeat, count } => latin1(repeat).repeat(*count),
            Self::Hex { hex } => {
                assert!(hex.len().is_multiple_of(2), "odd hex");
                (0..hex.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits"))
                    .collect()
            }
        }
    }
}

/// All cases of tests/wire, sorted by file, with unique names.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("tests/wire")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut cases: Vec<Case> = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable case file");
        let file: File = toml::from_str(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        cases.extend(file.case);
    }
    for (index, case) in cases.iter().enumerate() {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(case.name.chars().all(word), "name of {}", case.name);
        let twin = cases[..index].iter().any(|other| other.name == case.name);
        assert!(!twin, "two cases are named {}", case.name);
        let verdicts = (case.expect.reuse.is_some(), case.expect.error.is_some());
        assert!(matches!(verdicts, (true, false) | (false, true)), "verdict of {}", case.name);
    }
    cases
}
