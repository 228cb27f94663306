//! What the environment says of proxies, read once for a client: nobody else may change it meanwhile
//! (setenv(3) and threads), and requests shall not differ.

use std::ffi::OsString;

use crate::origin::Scheme;

/// The variables, each with the name by which it was found.
#[derive(Default)]
pub(super) struct Environment {
    http: Option<(&'static str, String)>,
    https: Option<(&'static str, String)>,
    all: Option<(&'static str, String)>,
    no_proxy: String,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Proxies have passwords.
        f.write_str("Environment { .. }")
    }
}

impl Environment {
    /// Lower case wins, even when it is empty: that turns the other off, as in Python's urllib. In a CGI
    /// program HTTP_PROXY is the client's `Proxy` header (httpoxy, CVE-2016-5385), and not looked at.
    pub fn read(get: impl Fn(&'static str) -> Option<OsString>) -> Environment {
        let is_cgi = get("REQUEST_METHOD").is_some();
        let found = |lower: &'static str, upper: Option<&'static str>| {
            let mut names = [Some(lower), upper].into_iter().flatten();
            let (name, value) = names.find_map(|name| Some((name, get(name)?)))?;
            // What is no UTF-8 is no URL either, and refused as one.
            let value = value.to_string_lossy().trim().to_string();
            (!value.is_empty()).then_some((name, value))
        };
        Environment {
            http: found("http_proxy", (!is_cgi).then_some("HTTP_PROXY")),
            https: found("https_proxy", Some("HTTPS_PROXY")),
            all: found("all_proxy", Some("ALL_PROXY")),
            no_proxy: found("no_proxy", Some("NO_PROXY")).map_or(String::new(), |(_, list)| list),
        }
    }

    /// The proxies by scheme, `None` for all that have none of their own.
    pub fn proxies(&self) -> impl Iterator<Item = (Option<Scheme>, &'static str, &str)> {
        let schemes = [Some(Scheme::Http), Some(Scheme::Https), None];
        let variables = [&self.http, &self.https, &self.all];
        let found = schemes.into_iter().zip(variables);
        found.filter_map(|(scheme, variable)| {
            variable.as_ref().map(|(name, url)| (scheme, *name, url.as_str()))
        })
    }

    pub fn no_proxy(&self) -> &str {
        &self.no_proxy
    }
}
