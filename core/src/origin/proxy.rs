//! A proxy: where it is, how it is spoken to, and what it is told of who asks.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::auth::tries::Tries;
use crate::auth::{Challenges, Digest, Login};
use crate::origin::Origin;
use crate::sync::lock;

/// The kinds of proxies, by the schemes of their URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ProxyScheme {
    Http,
    /// HTTP over TLS with the proxy itself.
    Https,
    /// SOCKS4, by address.
    Socks4,
    /// SOCKS4A, by name.
    Socks4a,
    /// SOCKS5 (RFC 1928), by address.
    Socks5,
    /// SOCKS5, by name.
    Socks5h,
}

impl ProxyScheme {
    /// All of them, with their names in URLs and their default ports.
    pub const ALL: [(ProxyScheme, &'static str, u16); 6] = [
        (ProxyScheme::Http, "http", 80),
        (ProxyScheme::Https, "https", 443),
        (ProxyScheme::Socks4, "socks4", 1080),
        (ProxyScheme::Socks4a, "socks4a", 1080),
        (ProxyScheme::Socks5, "socks5", 1080),
        (ProxyScheme::Socks5h, "socks5h", 1080),
    ];

    /// As in a URL.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(scheme, ..)| *scheme == self).map_or("", |(_, name, _)| name)
    }

    /// Whether it speaks HTTP.
    pub fn is_http(self) -> bool {
        matches!(self, ProxyScheme::Http | ProxyScheme::Https)
    }
}

/// One proxy. Two of them are one if all that was configured of them is.
pub(crate) struct ProxyServer {
    pub scheme: ProxyScheme,
    /// Where it is; `https` if TLS is spoken with it.
    pub origin: Arc<Origin>,
    pub login: Option<Login>,
    /// Field lines for it alone.
    fields: Vec<u8>,
    /// The same with Basic credentials.
    with_basic: Vec<u8>,
    /// It asked for Digest.
    is_digest: AtomicBool,
    digest: Mutex<Option<Digest>>,
}

impl ProxyServer {
    /// `fields` are valid field lines.
    pub fn new(
        scheme: ProxyScheme,
        origin: Arc<Origin>,
        login: Option<Login>,
        fields: Vec<u8>,
    ) -> ProxyServer {
        let mut with_basic = fields.clone();
        if let Some(login) = &login {
            with_basic.extend(format!("Proxy-Authorization: {}\r\n", login.basic()).into_bytes());
        }
        ProxyServer {
            scheme,
            origin,
            login,
            fields,
            with_basic,
            is_digest: AtomicBool::new(false),
            digest: Mutex::default(),
        }
    }

    /// The field lines of a request to it, with the credentials that it is known to want: Basic, until
    /// it asked for Digest; `line` is the method and the target.
    #[inline]
    pub fn fields<'m>(
        &self,
        line: impl FnOnce() -> (&'m str, String),
        tried: &mut Tries,
    ) -> Cow<'_, [u8]> {
        if self.is_digest.load(Ordering::Acquire) || tried.is_asked_now() {
            let (method, target) = line();
            return self.digest_fields(method, &target, tried);
        }
        Cow::Borrowed(&self.with_basic)
    }

    fn digest_fields(&self, method: &str, target: &str, tried: &mut Tries) -> Cow<'_, [u8]> {
        let mut shared = lock(&self.digest);
        if let Some(own) = tried.take() {
            *shared = Some(own);
            self.is_digest.store(true, Ordering::Release);
        }
        if let Some(login) = &self.login
            && let Some(digest) = &mut *shared
            && let Some(answer) = login.digest(digest, method, target)
        {
            let line = format!("Proxy-Authorization: {answer}\r\n").into_bytes();
            tried.answered();
            return Cow::Owned([&*self.fields, &line].concat());
        }
        Cow::Borrowed(&self.with_basic)
    }

    /// Whether it gets no field of its own.
    #[inline]
    pub fn is_told_nothing(&self) -> bool {
        self.with_basic.is_empty() && self.login.is_none()
    }

    /// Those without credentials.
    pub fn own_fields(&self) -> &[u8] {
        &self.fields
    }

    /// It answered 407. Whether another try is worth it: not with what was refused already, but with
    /// Digest after Basic, and with a new nonce for one that was too old.
    pub fn asks(&self, challenges: Challenges, tried: &mut Tries) -> bool {
        let Some(digest) = challenges.digest.filter(|_| self.login.is_some()) else {
            // Nothing better than what was sent: Basic goes out at once.
            return false;
        };
        tried.asks(digest)
    }

    fn key(&self) -> (ProxyScheme, &Origin, &Option<Login>, &[u8]) {
        (self.scheme, &self.origin, &self.login, &self.fields)
    }
}

impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.origin.authority())
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for ProxyServer {
    fn eq(&self, other: &ProxyServer) -> bool {
        self.key() == other.key()
    }
}

impl Eq for ProxyServer {}

impl Hash for ProxyServer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // One word, computed once; what differs beyond that is told apart by `eq`.
        self.origin.hash(state);
    }
}
