use super::*;
use crate::error::ErrorKind;

#[test]
fn the_short_way_and_the_parser_agree() {
    for url in [
        "http://a/",
        "http://a/x",
        "http://a/x/y?z=1&w=a,b;c:d@e",
        "http://a/?",
        "http://a//b",
        "http://a/./b",
        "http://a/../b",
        "http://a/.b",
        "http://a/b/..",
        "http://a/%2e%2e/b",
        "http://a/'?'",
        "http://a/x#f",
        "http://a/ä",
        "http://a/<",
        "http://a/\\b",
        "http://a/b c",
        "http://a/|",
        "http://a:80/x",
        "HTTP://a/x",
        "http://A/x",
        "http://u:p@a/x",
        "https://a:443/x",
        "https://a:8443/x",
        "http://[::1]:9/x",
        "http://127.0.0.1/x",
        "http://[fe80::1%25lo]/x",
    ] {
        let slow = Target::parse_anew(url).expect(url);
        for _ in 0..2 {
            let target = Target::parse(url).expect(url);
            assert_eq!(target.path(), slow.path(), "{url}");
            assert_eq!(target.href, slow.href, "{url}");
            assert_eq!(target.origin, slow.origin, "{url}");
            assert_eq!(target.authorization, slow.authorization, "{url}");
        }
    }
}

fn parts(url: &str) -> (String, String, String) {
    let target = Target::parse(url).expect(url);
    (target.origin.host_field().to_string(), target.path().to_string(), target.href.to_string())
}

#[test]
fn hosts_ports_and_paths_are_split_as_whatwg_says() {
    for (url, host, path, href) in [
        ("http://Example.COM", "example.com", "/", "http://example.com/"),
        ("http://a:80/x?y#z", "a", "/x?y", "http://a/x?y"),
        ("https://a:443/", "a", "/", "https://a/"),
        ("https://a:80/", "a:80", "/", "https://a:80/"),
        ("http://[::1]:8080/p", "[::1]:8080", "/p", "http://[::1]:8080/p"),
        ("http://a/ä?ö=\"", "a", "/%C3%A4?%C3%B6=%22", "http://a/%C3%A4?%C3%B6=%22"),
        ("http://a/b/../c/./d", "a", "/c/d", "http://a/c/d"),
        ("http://bücher.example/", "xn--bcher-kva.example", "/", "http://xn--bcher-kva.example/"),
        ("http://a/b c?d e#f g", "a", "/b%20c?d%20e", "http://a/b%20c?d%20e"),
        ("http://a/b ", "a", "/b%20", "http://a/b%20"),
        ("http://a/\\b?\\c", "a", "/%5Cb?%5Cc", "http://a/%5Cb?%5Cc"),
        (
            "http://a/x?next=http://b\\@c",
            "a",
            "/x?next=http://b%5C@c",
            "http://a/x?next=http://b%5C@c",
        ),
        ("http://[::ffff:127.0.0.1]/", "[::ffff:127.0.0.1]", "/", "http://[::ffff:7f00:1]/"),
        ("http://a:/", "a", "/", "http://a/"),
        ("http://BÜCHER.example/", "xn--bcher-kva.example", "/", "http://xn--bcher-kva.example/"),
        ("http://a?q", "a", "/?q", "http://a/?q"),
    ] {
        assert_eq!(parts(url), (host.into(), path.into(), href.into()), "{url}");
    }
}

#[test]
fn userinfo_becomes_basic_credentials_and_is_not_shown() {
    let target = Target::parse("http://us%65r:p%40ss%2B+@a/").expect("a URL");
    assert_eq!(target.authorization.as_deref(), Some("Basic dXNlcjpwQHNzKys="));
    assert_eq!(&*target.href, "http://a/");
    assert_eq!(Target::parse("http://a/").expect("a URL").authorization, None);
}

#[test]
fn bad_urls_are_refused_with_the_reason() {
    for (url, kind, reason) in [
        ("example.com/", ErrorKind::InvalidUrl, "no scheme"),
        ("/path", ErrorKind::InvalidUrl, "no scheme"),
        ("", ErrorKind::InvalidUrl, "no scheme"),
        ("ftp://a/", ErrorKind::UnsupportedScheme, "\"ftp\""),
        ("http://", ErrorKind::InvalidUrl, "host is empty"),
        ("http://a:99999/", ErrorKind::InvalidUrl, "port"),
        ("http://a:x/", ErrorKind::InvalidUrl, "port"),
        ("http://a:0/", ErrorKind::InvalidUrl, "port"),
        ("http://a b/", ErrorKind::InvalidUrl, "a space at byte 8"),
        ("http://{tenant}.example/", ErrorKind::InvalidUrl, "'{' in the host"),
        ("http://a`b/", ErrorKind::InvalidUrl, "'`' in the host"),
        ("http://a\"b/", ErrorKind::InvalidUrl, "'\"' in the host"),
        ("localhost:80/x", ErrorKind::InvalidUrl, "no scheme"),
        ("mailto:a@b", ErrorKind::UnsupportedScheme, "\"mailto\""),
        ("http:///a", ErrorKind::InvalidUrl, "host is empty"),
        ("http:a", ErrorKind::InvalidUrl, "expected http://"),
        ("http:/a", ErrorKind::InvalidUrl, "expected http://"),
        ("http:\\\\a", ErrorKind::InvalidUrl, "expected http://"),
        ("http://\\a", ErrorKind::InvalidUrl, "a backslash at byte 7"),
        ("http://127.0.0.1:1\\@allowed.example/", ErrorKind::InvalidUrl, "a backslash at byte 18"),
        ("http://a@b@c/", ErrorKind::InvalidUrl, "%40"),
        ("http://%61/", ErrorKind::InvalidUrl, "a percent sign in the host"),
        ("http://127.1/", ErrorKind::InvalidUrl, "\"127.0.0.1\""),
        ("http://0x7f.0.0.1/", ErrorKind::InvalidUrl, "\"127.0.0.1\""),
        ("http://2130706433/", ErrorKind::InvalidUrl, "\"127.0.0.1\""),
        ("http://0177.0.0.1/", ErrorKind::InvalidUrl, "\"127.0.0.1\""),
        ("http://１２７.0.0.1/", ErrorKind::InvalidUrl, "\"127.0.0.1\""),
        ("http://a。b/", ErrorKind::InvalidUrl, "\"a.b\""),
        ("http://a\u{ad}b/", ErrorKind::InvalidUrl, "\"ab\""),
        ("http://ａ/", ErrorKind::InvalidUrl, "\"a\""),
        ("http://[fe80::1%25]/", ErrorKind::InvalidUrl, "[fe80::1%25eth0]"),
        ("http://[fe80::1%]/", ErrorKind::InvalidUrl, "[fe80::1%25eth0]"),
        ("http://[fe80::1%a b]/", ErrorKind::InvalidUrl, "a space"),
        ("http://[fe80::1%25a%20b]/", ErrorKind::InvalidUrl, "[fe80::1%25eth0]"),
        ("http://[::1]x/", ErrorKind::InvalidUrl, ""),
        ("http://a/\tb", ErrorKind::InvalidUrl, "a tab at byte 9"),
        (" http://a/", ErrorKind::InvalidUrl, "a space at byte 0"),
        ("http://a/\r\nX: y", ErrorKind::InvalidUrl, "a line break"),
        ("http://a/\0", ErrorKind::InvalidUrl, "a NUL at byte 9"),
        ("http://a/\x7f", ErrorKind::InvalidUrl, "a control character at byte 9"),
        ("http://a\tb/", ErrorKind::InvalidUrl, "a tab at byte 8"),
        ("http://[::1/", ErrorKind::InvalidUrl, "IPv6"),
    ] {
        let error = Target::parse(url).expect_err(url);
        assert_eq!(error.kind(), kind, "{url:?}: {error}");
        assert!(error.message().contains(reason), "{url:?}: {error}");
    }
}

#[test]
fn a_zone_is_part_of_the_origin_and_not_of_the_host_field() {
    for url in ["http://[fe80::1%25eth0]:81/x", "http://[fe80::1%eth0]:81/x"] {
        let target = Target::parse(url).expect(url);
        assert_eq!(target.origin.host, "fe80::1%eth0");
        assert_eq!(target.origin.host_field(), "[fe80::1]:81");
        assert_eq!(&*target.href, "http://[fe80::1%25eth0]:81/x");
        assert_eq!(target.path(), "/x");
        let next = target.join(b"y").expect("a path");
        assert_eq!((&next.origin, next.path()), (&target.origin, "/y"));
        let other = target.join(b"http://[fe80::2]:81/").expect("another address");
        assert_eq!(other.origin.host, "fe80::2");
    }
    assert_ne!(
        Target::parse("http://[fe80::1%1]/").expect("a URL").origin,
        Target::parse("http://[fe80::1%2]/").expect("a URL").origin,
    );
}

#[test]
fn a_location_is_repaired_as_browsers_do() {
    let base = Target::parse("http://a/b/c?d#part").expect("a URL");
    for (location, url) in [
        (&b"e f"[..], "http://a/b/e%20f#part"),
        (b" e\t", "http://a/b/e#part"),
        (b"e\tf", "http://a/b/ef#part"),
        ("\u{e4}".as_bytes(), "http://a/b/%C3%A4#part"),
        (b"\xe4", "http://a/b/%E4#part"),
        (b"\xe4?\xff", "http://a/b/%E4?%FF#part"),
        (b"\\e\\f", "http://a/e/f#part"),
        (b"//h/i", "http://h/i#part"),
        (b"\\\\h/i", "http://h/i#part"),
        (b"http:///h/i", "http://h/i#part"),
        (b"?q", "http://a/b/c?q#part"),
        (b"#own", "http://a/b/c?d#own"),
        (b"/x#", "http://a/x#"),
        ("http://b\u{fc}cher/".as_bytes(), "http://xn--bcher-kva/#part"),
    ] {
        let next = base.join(location).expect("a Location");
        assert_eq!(&*next.url(), url, "{}", location.escape_ascii());
        assert!(!next.href.contains('#'));
    }
    let refused =
        [&b"ftp://a/"[..], b"http://\xe4/", b"http://a:x/", b"http://a b/", b"http://{a}/"];
    for location in refused {
        assert!(base.join(location).is_err(), "{}", location.escape_ascii());
    }
}

#[test]
fn userinfo_is_inherited_within_the_origin() {
    let base = Target::parse("http://u:p@a/").expect("a URL");
    let own = base.authorization.clone();
    assert!(own.is_some());
    let join = |location: &[u8]| base.join(location).expect("a Location").authorization;
    assert_eq!(join(b"/x"), own);
    assert_eq!(join(b"http://a:80/x"), own);
    assert_eq!(join(b"http://b/x"), None);
    assert_eq!(join(b"https://a/x"), None);
    assert_eq!(join(b"http://a:81/x"), None);
    assert_ne!(join(b"http://v:q@a/x"), own);
}

#[test]
fn no_error_shows_userinfo() {
    for url in [
        "http://us:geheim@a b/",
        "http://us:geheim@a:x/",
        "http://us:geheim@a:0/",
        "http://us:geheim@/",
        "http://us:ge@heim@a/",
        "http://us:geheim@%61/",
        "http://us:geheim@127.1/",
        "http://us:geheim@a/\n",
        "http:us:geheim@a/",
        "us:geheim@a/",
        "http://us:geheim\\@a/",
        "http://us:gehe/im@a:x/",
        "ftp://us:geheim@a/",
        "http://us:geheim@[::1/",
        "http://us:geheim@[fe80::1%25]/",
    ] {
        let error = Target::parse(url).expect_err(url);
        assert!(!error.message().contains("eheim"), "{error}");
        let base = Target::parse("http://a/").expect("a URL");
        if let Err(error) = base.join(url.as_bytes()) {
            assert!(!error.message().contains("eheim"), "{error}");
        }
    }
}
