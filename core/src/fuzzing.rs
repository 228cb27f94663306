//! What the fuzz targets (tests/fuzz) reach in core. No part of the API: nobody else turns the
//! feature on, and everything here may change at any time.
#![allow(missing_docs)]

use crate::decode;
use crate::request::url::Target;

/// A URL as core understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub scheme: &'static str,
    pub host: String,
    pub port: u16,
    /// The Host field of a request to it.
    pub host_field: String,
    /// What a request asks for.
    pub path: String,
    /// Without userinfo and fragment.
    pub href: String,
    /// With the fragment.
    pub url: String,
    /// What its userinfo became, or inherited.
    pub authorization: Option<String>,
}

impl From<Target> for Url {
    fn from(target: Target) -> Self {
        let origin = &target.origin;
        Self {
            scheme: origin.scheme.name(),
            host: origin.host.clone(),
            port: origin.port,
            host_field: origin.host_field().to_string(),
            path: target.path().to_string(),
            href: target.href.to_string(),
            url: target.url().to_string(),
            authorization: target.authorization.clone(),
        }
    }
}

/// A caller's URL; the error's text.
pub fn url(text: &str) -> Result<Url, String> {
    Target::parse(text).map(Url::from).map_err(|error| error.to_string())
}

/// A caller's URL and what a server's Location makes of it.
pub fn location(text: &str, location: &[u8]) -> Result<Url, String> {
    let base = Target::parse(text).map_err(|error| error.to_string())?;
    base.join(location).map(Url::from).map_err(|error| error.to_string())
}

/// The decoder of one body.
pub struct Decoder(decode::Decoder);

/// What a pull did, besides what it appended.
#[derive(Debug)]
pub struct Pulled {
    /// Bytes taken and made by all codings.
    pub work: usize,
    /// The next pull may bring something without another piece.
    pub more: bool,
}

impl Decoder {
    /// For the values of all Content-Encoding fields; None when nothing is to be undone.
    pub fn new(codings: &[&[u8]]) -> Result<Option<Self>, String> {
        let decoder = decode::Decoder::for_fields(codings.iter().copied());
        decoder.map(|found| found.map(Self)).map_err(|error| error.to_string())
    }

    pub fn push(&mut self, data: &[u8]) {
        self.0.push(data);
    }

    pub fn end(&mut self) {
        self.0.end();
    }

    pub fn pull(&mut self, into: &mut Vec<u8>, most: usize) -> Result<Pulled, String> {
        let work = self.0.pull(into, most).map_err(|error| error.to_string())?;
        Ok(Pulled { work, more: self.0.has_more() })
    }

    pub fn finish(&self) -> Result<(), String> {
        self.0.finish().map_err(|error| error.to_string())
    }
}
