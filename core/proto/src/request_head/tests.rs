use super::*;

fn head(method: &str) -> RequestHead {
    RequestHead::new(method, "/p?q=1", "host.test:81").unwrap()
}

fn refused(name: &[u8], value: &[u8]) -> String {
    head("GET").append(name, value).unwrap_err().to_string()
}

#[test]
fn order_and_case_are_kept() {
    let mut head = head("GET");
    head.append(b"X-b", b"  2 \t").unwrap();
    head.append(b"x-A", b"").unwrap();
    head.append(b"X-b", b"caf\xe9: \"1\"").unwrap();
    let expected =
        b"GET /p?q=1 HTTP/1.1\r\nHost: host.test:81\r\nX-b: 2\r\nx-A: \r\nX-b: caf\xe9: \"1\"\r\n";
    assert_eq!(head.bytes(), expected);
    let fields: Vec<_> = head.fields().collect();
    assert_eq!(fields.len(), 4);
    assert_eq!(fields[0], (&b"Host"[..], &b"host.test:81"[..]));
    assert_eq!(fields[3], (&b"X-b"[..], &b"caf\xe9: \"1\""[..]));
    assert!(head.contains(b"X-a") && !head.contains(b"X-c"));
    assert_eq!((head.method(), head.target(), head.host()), ("GET", "/p?q=1", "host.test:81"));
}

#[test]
fn the_users_host_stands_where_it_was_put() {
    let mut head = head("GET");
    head.append(b"X-A", b"1").unwrap();
    head.append(b"HOST", b"other.test").unwrap();
    head.append(b"X-B", b"2").unwrap();
    let expected = b"GET /p?q=1 HTTP/1.1\r\nX-A: 1\r\nHOST: other.test\r\nX-B: 2\r\n";
    assert_eq!(head.bytes(), expected);
    assert_eq!((head.host(), head.target()), ("other.test", "/p?q=1"));
    assert!(head.append(b"Host", b"third.test").is_err());
    assert_eq!(head.bytes(), expected);
}

#[test]
fn ipv6_and_ports_are_hosts() {
    for host in ["[::1]", "[fe80::1]:8080", "a-b.c_d", "127.0.0.1:1", "xn--bcher-kva.test"] {
        assert_eq!(RequestHead::new("GET", "/", host).unwrap().host(), host);
    }
    for host in ["", "a b", "a/b", "user@host", "a\r\nX: 1", "h\0", "b\u{fc}cher", "a?b", "a#b"] {
        let error = RequestHead::new("GET", "/", host).unwrap_err();
        assert!(error.to_string().starts_with("host: "), "{error}");
    }
}

#[test]
fn methods_are_tokens() {
    for method in ["get", "M-SEARCH", "X!#$%&'*+.^_`|~9"] {
        assert_eq!(RequestHead::new(method, "/", "h").unwrap().method(), method);
    }
    for method in ["", "G T", "GET\r\n", "GET\0", "GÉT", "GET/", "\u{7f}"] {
        let error = RequestHead::new(method, "/", "h").unwrap_err();
        assert!(matches!(error, LocalError::InvalidMethod(_)), "{method:?}");
    }
    let error = RequestHead::new("A\r\nB", "/", "h").unwrap_err();
    assert_eq!(error.to_string(), "method \"A\\r\\nB\" is not a token");
}

#[test]
fn targets_cannot_end_the_line() {
    for target in ["/", "*", "/a%20b?c=d&e", "http://h/p", "h:443", "/[x]|{y}\"^`"] {
        assert_eq!(RequestHead::new("GET", target, "h").unwrap().target(), target);
    }
    for target in ["", "/a b", "/a\tb", "/\r\nX: 1", "/\0", "/\u{e9}", "/a#b", "/\u{7f}"] {
        let error = RequestHead::new("GET", target, "h").unwrap_err();
        assert!(error.to_string().starts_with("request target: "), "{error}");
    }
}

#[test]
fn fields_cannot_hold_another_line() {
    for name in [&b""[..], b"X A", b"X:", b"X\r\n", b"X\0", b"\xe9", b"X\t"] {
        assert!(refused(name, b"1").starts_with("header name"), "{name:?}");
    }
    for value in [&b"a\r\nX: 1"[..], b"a\rb", b"a\nb", b"\0", b"a\x1bb", b"\x7f", b"a\r\n", b"\n"] {
        assert!(refused(b"X-A", value).starts_with("header value of X-A: "), "{value:?}");
    }
    assert_eq!(
        refused(b"X\n", b"1"),
        "header name \"X\\n\": is not a token (letters, digits and !#$%&'*+-.^_`|~)"
    );
    for name in ["Authorization: Bearer s3cret", "Cookie=s3cret", "X s3cret", "\x01s3cret"] {
        let text = refused(name.as_bytes(), b"1");
        assert!(text.contains("***") && !text.contains("s3cret"), "{text}");
    }
    let mut kept = head("GET");
    let before = kept.bytes().to_vec();
    assert!(kept.append(b"X", b"\n").is_err());
    assert_eq!(kept.bytes(), before);
}

#[test]
fn framing_fields_of_the_user_must_be_possible() {
    for value in [&b""[..], b"-1", b"x", b"1, 1", b"18446744073709551616"] {
        assert!(refused(b"Content-Length", value).starts_with("header value of Content-Length"));
    }
    for value in [&b"gzip"[..], b"gzip, chunked", b"", b"identity"] {
        assert!(refused(b"Transfer-Encoding", value).starts_with("header value of Transfer-"));
    }
    let mut head = head("POST");
    head.append(b"Content-Length", b"5").unwrap();
    head.append(b"content-length", b"5").unwrap();
    assert_eq!(head.fields().count(), 2);
    assert!(head.append(b"Content-Length", b"6").is_err());
}

#[test]
fn framing_follows_the_body() {
    use FramingField::*;
    use RequestBody as Body;
    let framing = |method: &str, fields: &[(&str, &str)], body| {
        let mut head = head(method);
        for (name, value) in fields {
            head.append(name.as_bytes(), value.as_bytes()).unwrap();
        }
        assert_eq!(head.check(body).is_ok(), head.framing(body).is_ok());
        head.framing(body).ok()
    };
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "CONNECT", "TRACE", "FOO"] {
        assert_eq!(framing(method, &[], Body::None), Some((Body::None, Nothing)));
    }
    for method in ["POST", "PUT", "PATCH"] {
        assert_eq!(framing(method, &[], Body::None), Some((Body::None, Length(0))));
    }
    assert_eq!(framing("GET", &[], Body::Length(3)), Some((Body::Length(3), Length(3))));
    assert_eq!(framing("POST", &[], Body::Length(0)), Some((Body::Length(0), Length(0))));
    assert_eq!(framing("POST", &[], Body::Unknown), Some((Body::Unknown, Chunked)));
    assert_eq!(framing("TRACE", &[], Body::Length(1)), None);

    let five = &[("Content-Length", "5")];
    assert_eq!(framing("POST", five, Body::Length(5)), Some((Body::Length(5), Nothing)));
    assert_eq!(framing("POST", five, Body::Unknown), Some((Body::Length(5), Nothing)));
    assert_eq!(framing("POST", five, Body::Length(6)), None);
    assert_eq!(framing("POST", five, Body::None), None);
    let zero = &[("Content-Length", "0")];
    assert_eq!(framing("GET", zero, Body::None), Some((Body::None, Nothing)));

    let chunked = &[("Transfer-Encoding", "Chunked")];
    assert_eq!(framing("POST", chunked, Body::Unknown), Some((Body::Unknown, Nothing)));
    assert_eq!(framing("POST", chunked, Body::Length(5)), None);
    assert_eq!(framing("POST", chunked, Body::None), None);
    let both = &[("Transfer-Encoding", "chunked"), ("Content-Length", "5")];
    assert_eq!(framing("POST", both, Body::Unknown), None);
}

#[test]
fn facts_are_noted() {
    let noted = |method: &str, name: &[u8], value: &[u8]| {
        let mut head = head(method);
        head.append(name, value).unwrap();
        head
    };
    assert!(noted("GET", b"connection", b"foo, CLOSE").facts().close);
    assert!(!noted("GET", b"Connection", b"keep-alive, closed").facts().close);
    assert!(noted("GET", b"Upgrade", b"websocket").facts().upgrade);
    assert!(!noted("GET", b"Upgrade", b" ").facts().upgrade);
    assert!(head("HEAD").facts().head && head("CONNECT").facts().connect);
    assert!(!head("head").facts().head);
}

#[test]
fn only_idempotent_requests_are_replayable() {
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
        assert!(head(method).is_replayable(), "{method}");
    }
    for method in ["POST", "PATCH", "CONNECT", "get", "FOO"] {
        assert!(!head(method).is_replayable(), "{method}");
    }
    let mut post = head("POST");
    post.append(b"idempotency-key", b"\"1\"").unwrap();
    assert!(post.is_replayable());
}

#[test]
fn a_target_of_the_callers_own_is_sent_as_it_is() {
    let mut head = head("GET");
    head.append(b"X-A", b"1").unwrap();
    head.set_target(b"/a/../b//c'%2e?x='y'&|").unwrap();
    let expected = b"GET /a/../b//c'%2e?x='y'&| HTTP/1.1\r\nHost: host.test:81\r\nX-A: 1\r\n";
    assert_eq!(head.bytes(), expected);
    assert_eq!((head.target(), head.host()), ("/a/../b//c'%2e?x='y'&|", "host.test:81"));
    head.set_target(b"*").unwrap();
    head.append(b"Host", b"other.test").unwrap();
    assert_eq!(head.bytes(), b"GET * HTTP/1.1\r\nX-A: 1\r\nHost: other.test\r\n");
    for target in [&b""[..], b"/a b", b"/\r\nX: 1", b"/\0", b"/\xe9", b"/#f"] {
        assert!(head.set_target(target).is_err(), "{target:?}");
        assert_eq!(head.target(), "*");
    }
    let mut connect = RequestHead::new("CONNECT", "h:1", "h:1").unwrap();
    assert!(connect.set_target(b"/").is_err());
}

#[test]
fn a_proxy_gets_the_origin_before_a_path_only() {
    let mut head = head("OPTIONS");
    for (target, absolute) in [
        ("/a/../b", "http://o/a/../b"),
        ("?q", "http://o?q"),
        ("*", "http://o"),
        ("http://other/x", "http://other/x"),
    ] {
        head.set_target(target.as_bytes()).unwrap();
        let mut sent = Vec::new();
        head.write_absolute("http://o", &mut sent);
        let line = format!("OPTIONS {absolute} HTTP/1.1\r\nHost: host.test:81\r\n");
        assert_eq!(String::from_utf8(sent).unwrap(), line);
    }
}
