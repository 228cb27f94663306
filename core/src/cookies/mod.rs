//! Cookies between requests (RFC 6265bis): a jar that any number of threads and clients share.
//!
//! The public suffix list is the crate `psl`'s. The jar itself is our own: the crate `cookie_store` knows
//! neither the order in which cookies are sent nor when they were used, so that it can evict none, reads
//! only the usual dates, leaves out cookies without a name, the prefixes and the protection of secure
//! cookies, and walks all domains for each request (docs/cookies.md).

mod cookie;
mod date;
mod file;
mod json;
mod netscape;
mod store;
#[cfg(test)]
mod tests;
mod twin;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use url::{Host, Url};

pub use crate::cookies::cookie::Cookie;
pub(crate) use crate::cookies::cookie::Place;
pub use crate::cookies::file::CookieFormat;
use crate::cookies::store::{Change, Store};
use crate::cookies::twin::Twin;
use crate::error::{Error, Result};
use crate::fork::PerFork;

/// Set-Cookie fields of one answer that are looked at (curl's number).
const MOST_OF_ANSWER: usize = 50;

/// Most cookies of a request, and most bytes of its Cookie field (curl's numbers: servers take no longer
/// fields).
const MOST_SENT: usize = 150;
const MOST_SENT_BYTES: usize = 8190;

/// Cookies that servers set and get back. Cheap to clone; clones are the same jar. Any thread. Bounded: 180
/// cookies of a site, 3,000 and 4 MiB in all, of which the longest unused go first; 8,190 bytes are sent. A
/// forked child has a copy.
#[derive(Clone)]
pub struct CookieJar {
    inner: Arc<Inner>,
}

struct Inner {
    stores: PerFork<Twin>,
    /// Counts what happens: the order of creation and of use.
    ticks: AtomicU64,
}

/// Somebody else's jar, which decides by itself what is sent and what is kept.
pub trait CookieKeeper: Send + Sync {
    /// The value of the Cookie field of a request to `url`; `None` for no field. It is called on the thread
    /// that sends, or for a submitted request on one of its own, where it may block.
    ///
    /// # Errors
    /// End the request.
    fn header(&self, url: &str) -> Result<Option<Vec<u8>>>;

    /// An answer from `url` had these Set-Cookie fields, of which there is at least one. Called as
    /// [`CookieKeeper::header`] is.
    ///
    /// # Errors
    /// End the request.
    fn received(&self, url: &str, fields: Vec<Vec<u8>>) -> Result<()>;
}

/// Who keeps the cookies of a client or a request.
#[derive(Clone)]
pub enum Cookies {
    /// The engine's jar.
    Jar(CookieJar),
    /// Somebody else.
    Keeper(Arc<dyn CookieKeeper>),
}

impl From<CookieJar> for Cookies {
    fn from(jar: CookieJar) -> Cookies {
        Cookies::Jar(jar)
    }
}

impl Default for CookieJar {
    fn default() -> CookieJar {
        CookieJar::new()
    }
}

impl std::fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<CookieJar of {}>", self.len())
    }
}

impl CookieJar {
    /// An empty one.
    pub fn new() -> CookieJar {
        CookieJar { inner: Arc::new(Inner { stores: PerFork::new(), ticks: AtomicU64::new(1) }) }
    }

    fn twin(&self) -> &Twin {
        self.inner.stores.get_or_inherit(Twin::inherited)
    }

    fn tick(&self) -> u64 {
        self.inner.ticks.fetch_add(1, Ordering::Relaxed)
    }

    /// Keeps a cookie as if the server at `url` had set it by the Set-Cookie field `field`.
    ///
    /// # Errors
    /// `InvalidArgument`: not a URL with a host, or why the cookie is refused (RFC 6265bis 5.7).
    pub fn set(&self, url: &str, field: &[u8]) -> Result<()> {
        let url = Spot::parse(url)?;
        self.take(&url.place(), field, now()).map_err(refused)
    }

    /// Keeps a cookie as it is: any domain, any time, but the rules that hold for each (RFC 6265bis 5.7).
    ///
    /// # Errors
    /// `InvalidArgument`: why it is refused.
    pub fn add(&self, cookie: Cookie) -> Result<()> {
        cookie::check(&cookie).map_err(refused)?;
        let (now, tick) = (now(), self.tick());
        self.twin().change(|store| (store.keep(cookie, now, tick), ()));
        Ok(())
    }

    /// The value of the Cookie field of a request to `url`; `None`: no cookie is sent.
    ///
    /// # Errors
    /// `InvalidArgument`: not a URL with a host.
    pub fn header(&self, url: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.field(&Spot::parse(url)?.place(), &[]))
    }

    /// The cookies that a request to `url` would have, in the order in which they are sent.
    ///
    /// # Errors
    /// `InvalidArgument`: not a URL with a host.
    pub fn cookies_for(&self, url: &str) -> Result<Vec<Cookie>> {
        let spot = Spot::parse(url)?;
        let entries = self.twin().read(|store| store.of(&spot.place(), now()));
        Ok(entries.iter().map(|entry| entry.cookie.clone()).collect())
    }

    /// All cookies that are not over, the oldest first.
    pub fn cookies(&self) -> Vec<Cookie> {
        let now = now();
        let all = self.twin().read(Store::all);
        let alive = all.iter().filter(|entry| !entry.cookie.is_expired(now));
        alive.map(|entry| entry.cookie.clone()).collect()
    }

    /// How many cookies there are that are not over.
    pub fn len(&self) -> usize {
        let now = now();
        let all = self.twin().read(Store::all);
        all.iter().filter(|entry| !entry.cookie.is_expired(now)).count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.twin().is_empty() || self.len() == 0
    }

    /// Removes the cookies that `which` says yes to; how many those were.
    pub fn remove(&self, which: impl Fn(&Cookie) -> bool) -> usize {
        // Asked before, not under the lock: it is the caller's.
        let gone: Vec<_> =
            self.twin().read(Store::all).into_iter().filter(|entry| which(&entry.cookie)).collect();
        let count = gone.len();
        self.twin().change(|_| (gone.into_iter().map(Change::Drop).collect(), ()));
        count
    }

    /// Removes all.
    pub fn clear(&self) {
        self.remove(|_| true);
    }

    /// All cookies as a file has them, those that end with the jar too.
    pub fn to_bytes(&self, format: CookieFormat) -> Vec<u8> {
        file::write(format, &self.cookies())
    }

    /// Adds the cookies of a file's content; how many. What is over is left out, as is what no jar keeps.
    ///
    /// # Errors
    /// `InvalidArgument`: it has neither form, or where it is wrong. Nothing is added then.
    pub fn add_bytes(&self, bytes: &[u8]) -> Result<usize> {
        let cookies = file::read(bytes).map_err(Error::argument)?;
        let now = now();
        let mut count = 0;
        for cookie in cookies {
            if !cookie.is_expired(now) && self.add(cookie).is_ok() {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Writes all cookies to a file, in place of what is there, which is replaced when the new one is whole;
    /// it is made for its owner alone.
    ///
    /// # Errors
    /// `InvalidArgument` names the file and what the system says.
    pub fn save(&self, path: &Path, format: CookieFormat) -> Result<()> {
        file::save(path, &self.to_bytes(format))
    }

    /// Adds the cookies of a file, in either form; how many.
    ///
    /// # Errors
    /// `InvalidArgument` names the file and what is wrong with it. Nothing is added then.
    pub fn load(&self, path: &Path) -> Result<usize> {
        let named = |error: Error| {
            Error::argument(format!("cookies of {}: {}", path.display(), error.message()))
        };
        self.add_bytes(&file::load(path)?).map_err(named)
    }

    /// The value of the Cookie field of a request to `place`, with the request's `own` cookies, which stand
    /// for those of their names.
    pub(crate) fn field(&self, place: &Place<'_>, own: &[(Vec<u8>, Vec<u8>)]) -> Option<Vec<u8>> {
        let mut field = Vec::new();
        // What the caller gave for this request has its place first.
        let own_length: usize = own.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
        let mut left = MOST_SENT_BYTES.saturating_sub(own_length);
        let twin = self.twin();
        if !twin.is_empty() {
            let entries = twin.read(|store| store.of(place, now()));
            let mut sent = Vec::with_capacity(entries.len().min(MOST_SENT));
            for entry in entries {
                let Cookie { name, value, .. } = &entry.cookie;
                let length = name.len() + value.len() + 3;
                let replaced = own.iter().any(|(other, _)| other == name);
                if replaced || sent.len() == MOST_SENT || length > left {
                    continue;
                }
                left -= length;
                separate(&mut field);
                entry.cookie.write(&mut field);
                sent.push(entry);
            }
            Store::touch(&sent, self.tick());
        }
        for (name, value) in own {
            separate(&mut field);
            field.extend_from_slice(&[name, &b"="[..], value].concat());
        }
        (!field.is_empty()).then_some(field)
    }

    /// Takes the Set-Cookie fields of an answer that came from `place`.
    pub(crate) fn receive<'a>(&self, place: &Place<'_>, fields: impl Iterator<Item = &'a [u8]>) {
        let now = now();
        for field in fields.take(MOST_OF_ANSWER) {
            // What is refused is as if it had not been said.
            let _ = self.take(place, field, now);
        }
    }

    fn take(
        &self,
        place: &Place<'_>,
        field: &[u8],
        now: i64,
    ) -> std::result::Result<(), &'static str> {
        let cookie = cookie::parse(field, place, now)?;
        let tick = self.tick();
        self.twin().change(|store| {
            if !cookie.secure && !place.secure && store.is_hidden_by_secure(&cookie) {
                return (Vec::new(), Err("https set a Secure one of that name"));
            }
            (store.keep(cookie, now, tick), Ok(()))
        })
    }
}

fn separate(field: &mut Vec<u8>) {
    if !field.is_empty() {
        field.extend_from_slice(b"; ");
    }
}

/// Cookies of a request that no jar has, as one field.
pub(crate) fn field_of(own: &[(Vec<u8>, Vec<u8>)]) -> Option<Vec<u8>> {
    let pairs: Vec<_> = own.iter().map(|(name, value)| [name, &b"="[..], value].concat()).collect();
    (!pairs.is_empty()).then(|| pairs.join(&b"; "[..]))
}

/// Checks a cookie that a request has for itself.
///
/// # Errors
/// `InvalidArgument`: why it cannot be sent.
pub(crate) fn check_own(name: &[u8], value: &[u8]) -> Result<()> {
    if name.is_empty() {
        return Err(refused("its name is empty"));
    }
    let name = name.to_vec();
    cookie::check(&Cookie { secure: true, ..Cookie::new(name, value, "a") }).map_err(refused)
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The reason says nothing of the value.
fn refused(reason: &str) -> Error {
    Error::argument(format!("the cookie is refused: {reason}"))
}

/// A URL that a caller gave.
struct Spot {
    is_https: bool,
    host: String,
    path: String,
}

impl Spot {
    fn parse(url: &str) -> Result<Spot> {
        let parsed = Url::parse(url).ok();
        let spot = parsed.as_ref().and_then(|url| {
            let host = match url.host()? {
                Host::Domain(name) => name.to_string(),
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            };
            let is_https = matches!(url.scheme(), "https" | "wss");
            Some(Spot { is_https, host, path: url.path().to_string() })
        });
        spot.filter(|spot| !spot.host.is_empty())
            .ok_or_else(|| Error::argument("url: expected an absolute URL with a host"))
    }

    fn place(&self) -> Place<'_> {
        Place::new(self.is_https, &self.host, &self.path)
    }
}
