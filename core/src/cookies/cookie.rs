//! A cookie, and what makes one of a Set-Cookie field (RFC 6265bis 5.6 and the first half of 5.7).

use std::fmt;
use std::net::IpAddr;

use crate::cookies::date;

/// Most bytes of a name and its value together, and of an attribute's value (RFC 6265bis 5.6).
pub(super) const MOST_PAIR: usize = 4096;
const MOST_ATTRIBUTE: usize = 1024;

/// The longest that a server's cookie lives (RFC 6265bis 5.5: 400 days).
const LONGEST_LIFE: i64 = 400 * 24 * 3600;

/// A cookie as a jar keeps it. Its `Debug` form does not show the value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cookie {
    /// As bytes: servers send any. Empty for a cookie without a name.
    pub name: Vec<u8>,
    /// As bytes.
    pub value: Vec<u8>,
    /// Lower case, without a leading dot. Empty for one that a caller gave for all hosts.
    pub domain: String,
    /// For that host alone, not for those below it.
    pub host_only: bool,
    /// Begins with a slash.
    pub path: Vec<u8>,
    /// Seconds since 1970; `None`: it ends with the jar.
    pub expires: Option<i64>,
    /// For https alone, and for servers of this machine.
    pub secure: bool,
    /// Not for scripts of browsers; kept for files.
    pub http_only: bool,
}

impl Cookie {
    /// One for `domain` and, unless it is empty or begins with no dot, the hosts below it, at the path `/`
    /// and until the jar ends.
    pub fn new(name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>, domain: &str) -> Cookie {
        let (domain, host_only) = match domain.strip_prefix('.') {
            Some(domain) => (domain, false),
            None => (domain, !domain.is_empty()),
        };
        Cookie {
            name: name.into(),
            value: value.into(),
            domain: domain.to_ascii_lowercase(),
            host_only,
            path: b"/".to_vec(),
            expires: None,
            secure: false,
            http_only: false,
        }
    }

    pub(super) fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether it would take the other's place.
    pub(super) fn is_same(&self, other: &Cookie) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    /// Whether a request to `place` gets it (RFC 6265bis 5.8.3), expired or not.
    pub(super) fn is_for(&self, place: &Place<'_>) -> bool {
        let domain = match self.host_only {
            _ if self.domain.is_empty() => !place.strayed,
            true => self.domain == place.host,
            false => domain_matches(place.host, &self.domain),
        };
        domain && (!self.secure || place.secure) && path_matches(place.path, &self.path)
    }

    /// `name=value`; without a name the value alone (RFC 6265bis 5.8.3).
    pub(super) fn write(&self, field: &mut Vec<u8>) {
        if !self.name.is_empty() {
            field.extend_from_slice(&self.name);
            field.push(b'=');
        }
        field.extend_from_slice(&self.value);
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cookie { name, domain, path, .. } = self;
        let [name, path] = [name, path].map(|bytes| String::from_utf8_lossy(bytes));
        write!(f, "<Cookie {name:?} for {domain:?} {path:?}>")
    }
}

/// Where a request goes, as cookies see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Lower case; IPv6 without brackets.
    pub host: &'a str,
    /// What is said there stays secret: https, or this machine (as browsers and curl have it).
    pub secure: bool,
    /// Without a query.
    pub path: &'a [u8],
    /// A redirect led beyond the origin that the caller named.
    pub strayed: bool,
}

impl<'a> Place<'a> {
    /// `path` may have a query.
    pub fn new(is_https: bool, host: &'a str, path: &'a str) -> Place<'a> {
        let path = path.split(['?', '#']).next().unwrap_or_default().as_bytes();
        Place { host, secure: is_https || is_this_machine(host), path, strayed: false }
    }
}

fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// The site that a host or domain belongs to: what lies directly below its public suffix
/// (publicsuffix.org); an address, and what is a public suffix itself, are their own.
pub(super) fn site(domain: &str) -> &str {
    match is_address(domain) {
        true => domain,
        false => psl::domain_str(domain).unwrap_or(domain),
    }
}

/// Whether everybody can have names below it.
pub(super) fn is_public_suffix(domain: &str) -> bool {
    !is_address(domain) && psl::domain_str(domain).is_none()
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// RFC 6265bis 5.1.3; both in lower case.
pub(super) fn domain_matches(host: &str, domain: &str) -> bool {
    host == domain
        || (host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')) && !is_address(host))
}

/// RFC 6265bis 5.1.4.
pub(super) fn path_matches(path: &[u8], cookie: &[u8]) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with(b"/") || rest[0] == b'/')
}

/// The path of a cookie that says none (RFC 6265bis 5.1.4).
fn default_path(path: &[u8]) -> Vec<u8> {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(end @ 1..) if path[0] == b'/' => path[..end].to_vec(),
        _ => b"/".to_vec(),
    }
}

/// Makes a cookie of a Set-Cookie field's value that came from `place`.
///
/// # Errors
/// Why it is refused; for people.
pub(super) fn parse(field: &[u8], place: &Place<'_>, now: i64) -> Result<Cookie, &'static str> {
    let (pair, attributes) = split(field, b';');
    let (name, value) = match split(pair, b'=') {
        (value, None) => (&b""[..], value),
        (name, Some(value)) => (name, value),
    };
    let mut cookie = Cookie::new(trim(name), trim(value), place.host);
    // Whatever the host is called: it is one.
    (cookie.domain, cookie.host_only) = (place.host.to_string(), true);
    if let Some(rest) = attributes
        && rest.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f)
    {
        return Err("a control character in its attributes");
    }
    let (mut max_age, mut expires, mut domain, mut path) = (None, None, None, None);
    for attribute in attributes.into_iter().flat_map(|rest| rest.split(|&byte| byte == b';')) {
        let (name, value) = split(attribute, b'=');
        let (name, value) = (trim(name), trim(value.unwrap_or_default()));
        if value.len() > MOST_ATTRIBUTE {
            continue;
        }
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if is("Expires") {
            expires = date::parse(value).or(expires);
        } else if is("Max-Age") {
            max_age = seconds(value).or(max_age);
        } else if is("Domain") {
            domain = Some(value.strip_prefix(b".").unwrap_or(value));
        } else if is("Path") {
            path = Some(value);
        } else if is("Secure") {
            cookie.secure = true;
        } else if is("HttpOnly") {
            cookie.http_only = true;
        }
    }
    cookie.expires = match max_age {
        Some(1..) => max_age.map(|age| now.saturating_add(age.min(LONGEST_LIFE))),
        Some(_) => Some(i64::MIN),
        None => expires.map(|expires| expires.min(now.saturating_add(LONGEST_LIFE))),
    };
    if let Some(domain) = domain.filter(|domain| !domain.is_empty()) {
        set_domain(&mut cookie, domain, place)?;
    }
    let given = path.filter(|path| path.starts_with(b"/"));
    cookie.path = given.map_or_else(|| default_path(place.path), <[u8]>::to_vec);
    if cookie.secure && !place.secure {
        return Err("it is Secure and came by plain http");
    }
    check(&cookie)?;
    if has_prefix(&cookie, b"__Host-") && given.is_none() {
        return Err("__Host- needs Path=/");
    }
    Ok(cookie)
}

fn set_domain(cookie: &mut Cookie, domain: &[u8], place: &Place<'_>) -> Result<(), &'static str> {
    let domain = match std::str::from_utf8(domain) {
        Ok(domain) if domain.is_ascii() => domain.to_ascii_lowercase(),
        _ => return Err("its Domain is not ASCII"),
    };
    if !domain_matches(place.host, &domain) {
        return Err("its Domain is not the host's");
    }
    if is_public_suffix(&domain) {
        // A suffix that has pages of its own keeps their cookies to itself.
        return if domain == place.host { Ok(()) } else { Err("its Domain is a public suffix") };
    }
    (cookie.domain, cookie.host_only) = (domain, false);
    Ok(())
}

/// What holds for a cookie from wherever it comes.
///
/// # Errors
/// Why it is refused; for people, without its value.
pub(super) fn check(cookie: &Cookie) -> Result<(), &'static str> {
    let Cookie { name, value, domain, path, .. } = cookie;
    if name.is_empty() && value.is_empty() {
        return Err("it has neither a name nor a value");
    }
    if name.len() + value.len() > MOST_PAIR {
        return Err("its name and value are longer than 4096 bytes");
    }
    // A tab has no place in a file of cookies, and curl refuses it too.
    if name.iter().chain(value).any(|&byte| byte < b' ' || byte == 0x7f || byte == b';') {
        return Err("a control character, tab or semicolon in its name or value");
    }
    if name.contains(&b'=') || (name.is_empty() && value.contains(&b'=')) {
        return Err("an equals sign in its name");
    }
    if trim(name) != name || trim(value) != value {
        return Err("a blank at an end of its name or value");
    }
    let outside = |byte: u8| byte.is_ascii_control() || byte == b';';
    if !path.starts_with(b"/") || path.len() > MOST_ATTRIBUTE || path.iter().any(|&b| outside(b)) {
        return Err("its path does not begin with a slash, or is too long");
    }
    let bad = |byte: u8| byte <= b' ' || byte >= 0x7f || b";,/".contains(&byte);
    if domain.len() > 255 || domain.bytes().any(bad) || domain.starts_with('.') {
        return Err("its domain is no host name");
    }
    if !cookie.host_only && !domain.is_empty() && is_public_suffix(domain) {
        return Err("its domain is a public suffix");
    }
    // One without a name must not pass for one with such a name when it is sent (RFC 6265bis 5.7).
    let nameless = name.is_empty() && (starts(value, b"__Secure-") || starts(value, b"__Host-"));
    if nameless {
        return Err("it has no name and a value with a prefix");
    }
    if has_prefix(cookie, b"__Secure-") && !cookie.secure {
        return Err("__Secure- needs Secure");
    }
    if has_prefix(cookie, b"__Host-")
        && (!cookie.secure || !cookie.host_only || domain.is_empty() || path != b"/")
    {
        return Err("__Host- needs Secure, Path=/ and no Domain");
    }
    Ok(())
}

fn has_prefix(cookie: &Cookie, prefix: &[u8]) -> bool {
    starts(&cookie.name, prefix)
}

fn starts(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Max-Age: what is too long for a clock is longer than any cookie lives.
fn seconds(value: &[u8]) -> Option<i64> {
    let (negative, digits) = match value.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0i64, |number, digit| {
        number.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
    });
    Some(if negative { -1 } else { number })
}

fn split(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(at, text) {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}

/// Without blanks and tabs at its ends, which is less than `trim_ascii` takes.
fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &text[start..end]
}
