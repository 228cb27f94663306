//! A caller's URL and a server's Location: whatever is accepted names the host that every parser
//! reads there, goes into a request line as it is, and is itself accepted with the same meaning.
//!
//! Input: the URL, a line feed, the Location.

use keepalive_core::fuzzing::{self, Url};
use keepalive_core::join_url;
use keepalive_proto::RequestHead;

/// A password that the seeds carry: it must not reach a message.
const SECRET: &str = "S3CRET";

/// Panics when a rule is broken.
pub fn check(input: &[u8]) {
    let at = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    let (text, location) = (&input[..at], input.get(at + 1..).unwrap_or_default());
    let Ok(text) = std::str::from_utf8(text) else { return };
    let base = match fuzzing::url(text) {
        Ok(base) => base,
        Err(message) => return check_message(text, &message),
    };
    check_target(&base);
    assert_eq!(fuzzing::url(text), Ok(base.clone()), "a URL that is known by now");
    check_host(text, &base);
    check_again(&base);
    check_location(text, &base, location);
    if let Ok(reference) = std::str::from_utf8(location) {
        check_reference(text, &base, reference);
    }
}

/// Path and Host field are what a request can carry.
fn check_target(url: &Url) {
    assert!(url.path.starts_with('/') && url.path.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!url.path.contains('#') && !url.href.contains('#') && url.port != 0);
    RequestHead::new("GET", &url.path, &url.host_field).expect("a request can carry it");
    let authority = url.href.split('/').nth(2).expect("an authority");
    assert!(!authority.contains('@'), "userinfo is not shown");
    assert!(url.url.starts_with(&url.href));
}

/// The host is the one that WHATWG's parser reads, and the one of a parser that only splits, as
/// Python's and libcurl's do.
fn check_host(text: &str, url: &Url) {
    let zone = url.host.contains('%');
    if !zone {
        let whatwg = url::Url::parse(text).expect("what is accepted is a URL");
        let host = whatwg.host_str().expect("a host");
        assert_eq!(host.trim_matches(['[', ']']), url.host);
        assert_eq!(whatwg.port_or_known_default(), Some(url.port));
    }
    let (scheme, rest) = text.split_once("://").expect("a scheme and a host");
    assert!(scheme.eq_ignore_ascii_case(url.scheme));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match host.strip_prefix('[') {
        Some(literal) => literal.split_once(']').expect("a bracket that is closed"),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = match port.trim_start_matches(':') {
        "" => {
            if url.scheme == "http" {
                80
            } else {
                443
            }
        }
        digits => digits.parse().expect("a port"),
    };
    assert_eq!(port, url.port);
    match host.split_once('%') {
        Some((address, _)) => assert_eq!(ipv6(address), ipv6(&url.host)),
        None if url.host.contains(':') => assert_eq!(ipv6(host), ipv6(&url.host)),
        None if host.is_ascii() => assert_eq!(host.to_ascii_lowercase(), url.host),
        None => assert!(url.host.contains("xn--"), "a name in another alphabet"),
    }
}

fn ipv6(text: &str) -> std::net::Ipv6Addr {
    let address = text.split('%').next().unwrap_or_default();
    address.parse().expect("an IPv6 address")
}

/// What is shown of a URL can be asked for again. WHATWG leaves a Location's backslashes in query and
/// fragment as they are, a caller's are encoded: that is the only difference.
fn check_again(url: &Url) {
    let spelt = |text: &str| text.replace('\\', "%5C");
    let expected = Url {
        authorization: None,
        path: spelt(&url.path),
        href: spelt(&url.href),
        url: spelt(&url.url),
        ..url.clone()
    };
    let again = fuzzing::url(&url.url).expect("a URL of our own making");
    assert_eq!(again, expected, "the URL with its fragment");
    let again = fuzzing::url(&url.href).expect("a URL of our own making");
    assert_eq!(again, Url { url: expected.href.clone(), ..expected }, "the URL without it");
}

fn check_location(text: &str, base: &Url, location: &[u8]) {
    let next = match fuzzing::location(text, location) {
        Ok(next) => next,
        Err(message) => return check_message(&String::from_utf8_lossy(location), &message),
    };
    check_target(&next);
    check_again(&next);
    let same_origin = (next.scheme, &next.host, next.port) == (base.scheme, &base.host, base.port);
    if let Ok(text) = std::str::from_utf8(location)
        && !base.host.contains('%')
    {
        let whatwg = url::Url::parse(&base.href).expect("a URL").join(text).expect("a Location");
        assert_eq!(whatwg.host_str().expect("a host").trim_matches(['[', ']']), next.host);
        assert_eq!(whatwg.port_or_known_default(), Some(next.port));
        assert_eq!(whatwg.scheme(), next.scheme);
        let own = !whatwg.username().is_empty() || whatwg.password().is_some();
        assert!(own || next.authorization.is_none() || same_origin, "credentials leave the origin");
    }
    if same_origin && base.authorization.is_some() {
        assert!(next.authorization.is_some(), "credentials are lost within the origin");
    }
    if !location.contains(&b'#') {
        let fragment = |url: &Url| url.url[url.href.len()..].to_owned();
        assert_eq!(fragment(&next), fragment(base), "the request's fragment is inherited");
    }
}

/// What is joined below a base stays at its origin, unless it is absolute.
fn check_reference(base: &str, at: &Url, reference: &str) {
    let Ok(joined) = join_url(base, reference) else { return };
    let Ok(url) = fuzzing::url(&joined) else { return };
    let absolute = reference.split_once("://").is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    });
    if !absolute {
        assert_eq!((url.scheme, &url.host, url.port), (at.scheme, &at.host, at.port));
    }
}

/// No password in an error's text.
fn check_message(text: &str, message: &str) {
    let authority = text
        .split_once("//")
        .and_then(|(_, rest)| rest.split(['/', '?', '#', '\\']).next())
        .unwrap_or_default();
    let Some((userinfo, host)) = authority.rsplit_once('@') else { return };
    if userinfo.contains(SECRET) && text.matches(SECRET).count() == 1 && !host.contains(SECRET) {
        assert!(!message.contains(SECRET), "{message}");
    }
}
