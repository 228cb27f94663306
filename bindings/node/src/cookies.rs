//! A jar of cookies, as `lib/cookies.js` has it.

use keepalive_core::{Cookie, CookieFormat, CookieJar, Cookies};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::client::NativeClient;
use crate::convert::{Payload, Thrown, invalid, thrown};

/// A cookie for JavaScript: texts that are no UTF-8 have a character for each byte.
#[napi(object)]
pub struct NativeCookie {
    /// May be empty.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Without a leading dot; empty for all hosts.
    pub domain: String,
    /// For that host alone.
    pub host_only: bool,
    /// Begins with a slash.
    pub path: String,
    /// Milliseconds since 1970; none: with the jar.
    pub expires: Option<f64>,
    /// For https alone.
    pub secure: bool,
    /// Not for scripts of browsers.
    pub http_only: bool,
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

impl From<&Cookie> for NativeCookie {
    fn from(cookie: &Cookie) -> NativeCookie {
        NativeCookie {
            name: text(&cookie.name),
            value: text(&cookie.value),
            domain: cookie.domain.clone(),
            host_only: cookie.host_only,
            path: text(&cookie.path),
            expires: cookie.expires.map(|expires| expires as f64 * 1e3),
            secure: cookie.secure,
            http_only: cookie.http_only,
        }
    }
}

/// See the module.
#[napi]
pub struct NativeCookies {
    jar: CookieJar,
}

impl Default for NativeCookies {
    fn default() -> NativeCookies {
        NativeCookies::new()
    }
}

#[napi]
impl NativeCookies {
    /// An empty one.
    #[napi(constructor)]
    pub fn new() -> NativeCookies {
        NativeCookies { jar: CookieJar::new() }
    }

    /// Keeps a cookie as the server at `url` sets it.
    #[napi]
    pub fn set(&self, url: String, field: String) -> Result<(), Thrown> {
        self.jar.set(&url, field.as_bytes()).map_err(thrown)
    }

    /// The cookies of a request to `url`, in their order; without it all.
    #[napi]
    pub fn cookies(&self, url: Option<String>) -> Result<Vec<NativeCookie>, Thrown> {
        let cookies = match url {
            Some(url) => self.jar.cookies_for(&url).map_err(thrown)?,
            None => self.jar.cookies(),
        };
        Ok(cookies.iter().map(NativeCookie::from).collect())
    }

    /// The Cookie field of a request to `url`; empty for none.
    #[napi]
    pub fn header(&self, url: String) -> Result<String, Thrown> {
        let field = self.jar.header(&url).map_err(thrown)?;
        Ok(text(&field.unwrap_or_default()))
    }

    /// Removes the cookies of that domain, path and name; how many.
    #[napi]
    pub fn remove(
        &self,
        domain: Option<String>,
        path: Option<String>,
        name: Option<String>,
    ) -> u32 {
        let domain = domain.map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
        let count = self.jar.remove(|cookie| {
            domain.as_ref().is_none_or(|domain| cookie.domain == *domain)
                && path.as_ref().is_none_or(|path| cookie.path == path.as_bytes())
                && name.as_ref().is_none_or(|name| cookie.name == name.as_bytes())
        });
        count as u32
    }

    /// A file's content: `netscape` or `json`.
    #[napi]
    pub fn write(&self, format: String) -> Result<Buffer, Thrown> {
        let format = match format.as_str() {
            "netscape" => CookieFormat::Netscape,
            "json" => CookieFormat::Json,
            _ => return Err(invalid("format: expected 'netscape' or 'json'")),
        };
        Ok(self.jar.to_bytes(format).into())
    }

    /// Adds the cookies of a file's content; how many.
    #[napi]
    pub fn read(&self, content: Payload) -> Result<u32, Thrown> {
        self.jar.add_bytes(&content.0).map(|count| count as u32).map_err(thrown)
    }
}

#[napi]
impl NativeClient {
    /// Has `cookies` keep the cookies of this client.
    #[napi]
    pub fn keep_cookies(&self, cookies: &NativeCookies) -> Result<(), Thrown> {
        self.client.set_cookies(cookies.jar.clone().into()).map_err(thrown)
    }

    /// Its jar, if it has one.
    #[napi]
    pub fn jar(&self) -> Option<NativeCookies> {
        match self.client.cookies() {
            Some(Cookies::Jar(jar)) => Some(NativeCookies { jar: jar.clone() }),
            _ => None,
        }
    }
}
