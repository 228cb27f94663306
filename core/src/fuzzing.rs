//! What the fuzz targets (tests/fuzz) reach in core. No part of the API: nobody else turns the
//! feature on, and everything here may change at any time.
#![allow(missing_docs)]

use crate::target::Target;

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
