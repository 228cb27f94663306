//! Cookies between requests, as the wire has them: through both waits, hop by hop, over retries, and by
//! somebody else's jar.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;

use crate::common::*;
use keepalive_core::*;

/// The Cookie field of a request head, `-` without one; two would be seen.
fn cookie(head: &str) -> String {
    let fields: Vec<_> = head.lines().filter_map(|line| line.strip_prefix("Cookie: ")).collect();
    if fields.is_empty() { "-".into() } else { fields.join(" AND ") }
}

fn answer(status: &str, fields: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// `/set?a=1` sets that, `/go?URL` redirects there and sets `hop`, `/status?N` answers it and sets `at`;
/// every body is the Cookie field that came. Two of them are on one host.
fn server() -> Script {
    script_at(listen_local(), |head, _| {
        let target = head.split(' ').nth(1).unwrap_or_default();
        let sent = cookie(head);
        match target.split_once('?') {
            Some(("/set", field)) => answer("200 OK", &format!("Set-Cookie: {field}\r\n"), &sent),
            Some(("/go", to)) => {
                let fields = format!("Location: {to}\r\nSet-Cookie: hop=1; Path=/\r\n");
                answer("302 Found", &fields, &sent)
            }
            Some(("/status", status)) => {
                answer(&format!("{status} x"), "Set-Cookie: at=1; Path=/\r\n", &sent)
            }
            _ => answer("200 OK", "", &sent),
        }
    })
}

fn keeping() -> (Client, CookieJar) {
    let (client, jar) = (client(|_| {}), CookieJar::new());
    client.set_cookies(jar.clone().into()).expect("the first");
    (client, jar)
}

fn asked(client: &Client, url: &str) -> String {
    text(get(client, url))
}

fn followed(client: &Client, url: &str, change: impl FnOnce(&mut Request)) -> String {
    let mut request = get_request(url);
    request.set_follow_redirects(true);
    change(&mut request);
    text(client.send_whole(&request, Blocking::default()).expect("followed"))
}

#[test]
fn cookies_are_kept_and_sent_by_both_waits() {
    let server = server();
    let url = |path: &str| format!("{}{path}", server.url);
    let (client, jar) = keeping();
    assert_eq!(asked(&client, &url("/set?a=1")), "-");
    assert_eq!(asked(&client, &url("/")), "a=1");
    let reply = submit(&client, get_request(&url("/set?b=2")), Until::Body);
    assert_eq!(text(reply.expect("a response")), "a=1");
    let reply = submit(&client, get_request(&url("/")), Until::Body);
    assert_eq!(text(reply.expect("a response")), "a=1; b=2");
    assert_eq!(jar.len(), 2);
}

#[test]
fn no_client_keeps_cookies_unless_it_is_asked_to() {
    let server = server();
    let plain = client(|_| {});
    get(&plain, &format!("{}/set?a=1", server.url));
    assert_eq!(asked(&plain, &server.url), "-");
    assert!(plain.cookies().is_none());
    let own = client(|config| config.cookies = true);
    get(&own, &format!("{}/set?a=1", server.url));
    assert_eq!(asked(&own, &server.url), "a=1");
    let error = own.set_cookies(CookieJar::new().into()).expect_err("it has one");
    assert_eq!(error.kind(), ErrorKind::InvalidState);
}

#[test]
fn clients_share_a_jar() {
    let server = server();
    let (first, jar) = keeping();
    let second = client(|_| {});
    second.set_cookies(jar.into()).expect("the first");
    get(&first, &format!("{}/set?a=1", server.url));
    assert_eq!(asked(&second, &server.url), "a=1");
}

#[test]
fn each_hop_of_a_redirect_sets_and_gets_its_cookies() {
    let (server, other) = (server(), server());
    let (client, jar) = keeping();
    let own = Cookie::new("all", "1", "");
    jar.add(own).expect("valid");
    assert_eq!(followed(&client, &format!("{}/go?/", server.url), |_| {}), "all=1; hop=1");
    jar.clear();
    // 127.0.0.1 and localhost are different hosts.
    let away = other.url.replace("127.0.0.1", "localhost");
    jar.add(Cookie::new("all", "1", "")).expect("valid");
    let body = followed(&client, &format!("{}/go?{away}/", server.url), |_| {});
    assert_eq!(body, "-", "neither what another host set nor what was meant for the caller's own");
    let set: Vec<_> = jar.cookies().into_iter().map(|cookie| cookie.domain).collect();
    assert_eq!(set, ["", "127.0.0.1"]);
}

#[test]
fn a_cookie_field_of_the_request_s_own_stands_alone_until_a_redirect() {
    let server = server();
    let url = |path: &str| format!("{}{path}", server.url);
    let (client, _jar) = keeping();
    get(&client, &url("/set?a=1"));
    let mut request = get_request(&url("/"));
    request.add_header(b"cookie", b"own=1").expect("valid");
    request.add_cookie(b"pair", b"2").expect("valid");
    let reply = client.send_whole(&request, Blocking::default()).expect("a response");
    // The case of the name is the caller's, which `cookie` does not look for.
    assert_eq!(text(reply), "-");
    let own = |request: &mut Request| request.add_header(b"Cookie", b"own=1").expect("valid");
    assert_eq!(followed(&client, &url("/"), own), "own=1");
    assert_eq!(followed(&client, &url("/go?/"), own), "a=1; hop=1");
    // Without a jar it is what it was.
    assert_eq!(followed(&crate::common::client(|_| {}), &url("/go?/"), own), "own=1");
}

#[test]
fn a_request_s_own_cookies_are_for_the_origin_that_it_named() {
    let (server, other) = (server(), server());
    let add = |request: &mut Request| request.add_cookie(b"mine", b"2").expect("valid");
    for client in [client(|_| {}), keeping().0] {
        let kept = if client.cookies().is_some() { "hop=1; " } else { "" };
        assert_eq!(followed(&client, &server.url, add), "mine=2");
        let body = followed(&client, &format!("{}/go?/", server.url), add);
        assert_eq!(body, format!("{kept}mine=2"));
        let away = other.url.replace("127.0.0.1", "localhost");
        assert_eq!(followed(&client, &format!("{}/go?{away}/", server.url), add), "-");
        let back = format!("{}/go?{away}/go?{}/", server.url, server.url);
        assert!(!followed(&client, &back, add).contains("mine"), "not after a stranger either");
    }
    let error =
        get_request(&server.url).add_cookie(b"a", b"geheim\r\nX: 1").expect_err("no cookie");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(!error.message().contains("geheim"));
}

#[test]
fn a_request_has_its_own_jar_or_none() {
    let server = server();
    let url = |path: &str| format!("{}{path}", server.url);
    let (client, jar) = keeping();
    get(&client, &url("/set?a=1"));
    let none = |request: &mut Request| request.set_cookies(None);
    assert_eq!(followed(&client, &url("/set?b=2"), none), "-");
    let own = CookieJar::new();
    own.set(&server.url, b"own=1").expect("kept");
    let other = |request: &mut Request| request.set_cookies(Some(own.clone().into()));
    assert_eq!(followed(&client, &url("/set?c=3"), other), "own=1");
    assert_eq!((jar.len(), own.len()), (1, 2));
    assert_eq!(followed(&client, &url("/go?/"), other), "own=1; c=3; hop=1");
}

#[test]
fn error_answers_set_cookies_but_interim_ones_and_407_do_not() {
    let server = server();
    for (status, kept) in [(401, true), (404, true), (500, true), (407, false)] {
        let (client, jar) = keeping();
        let reply = get(&client, &format!("{}/status?{status}", server.url));
        assert_eq!((reply.status(), jar.len() == 1), (status, kept));
    }
    let interim = script(|head, _| {
        let early = "HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1; Path=/\r\n\r\n";
        [early.as_bytes(), &answer("200 OK", "", &cookie(head))].concat()
    });
    let (client, jar) = keeping();
    get(&client, &interim.url);
    assert_eq!(asked(&client, &interim.url), "-");
    assert!(jar.is_empty());
}

#[test]
fn a_retry_sends_what_the_failed_try_was_told() {
    let tries = AtomicUsize::new(0);
    let server = script(move |head, _| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => answer("503 x", "Set-Cookie: stick=1\r\nRetry-After: 0\r\n", ""),
        _ => answer("200 OK", "", &cookie(head)),
    });
    let client = client(|config| {
        config.retries = 1;
        config.cookies = true;
    });
    assert_eq!(asked(&client, &server.url), "stick=1");
}

#[test]
fn a_bomb_of_cookies_leaves_requests_small() {
    let server = script(|head, _| {
        let bomb: String = (0..500)
            .map(|number| format!("Set-Cookie: n{number}={}\r\n", "x".repeat(100)))
            .collect();
        let fields = if head.starts_with("GET /bomb") { &bomb[..] } else { "" };
        answer("200 OK", fields, &head.len().to_string())
    });
    let client = client(|config| {
        config.cookies = true;
        config.max_head_size = 1 << 20;
    });
    for _ in 0..3 {
        get(&client, &format!("{}/bomb", server.url));
    }
    let size: usize = asked(&client, &server.url).parse().expect("a number");
    assert!((1000..8500).contains(&size), "{size}");
}

/// A jar that says what it is told.
#[derive(Default)]
struct Foreign {
    told: Mutex<Vec<String>>,
    threads: Mutex<Vec<ThreadId>>,
    value: Mutex<Vec<u8>>,
}

impl CookieKeeper for Foreign {
    fn header(&self, url: &str) -> Result<Option<Vec<u8>>> {
        self.threads.lock().expect("whole").push(std::thread::current().id());
        let value = self.value.lock().expect("whole").clone();
        assert!(value != b"panic", "as a caller's jar may");
        if value == b"fail" {
            return Err(Error::argument(format!("no cookies for {url}")));
        }
        Ok((!value.is_empty()).then_some(value))
    }

    fn received(&self, url: &str, fields: Vec<Vec<u8>>) -> Result<()> {
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let fields = String::from_utf8_lossy(&fields.join(&b","[..])).into_owned();
        self.told.lock().expect("whole").push(format!("/{path}: {fields}"));
        Ok(())
    }
}

#[test]
fn somebody_else_s_jar_is_asked_and_told_at_each_hop() {
    let server = server();
    let foreign = std::sync::Arc::new(Foreign::default());
    let client = client(|_| {});
    client.set_cookies(Cookies::Keeper(foreign.clone())).expect("the first");
    *foreign.value.lock().expect("whole") = b"theirs=1".to_vec();
    let url = format!("{}/go?/set?a=1", server.url);
    let add = |request: &mut Request| request.add_cookie(b"own", b"2").expect("valid");
    assert_eq!(followed(&client, &url, add), "theirs=1; own=2");
    let told = |foreign: &Foreign| std::mem::take(&mut *foreign.told.lock().expect("whole"));
    assert_eq!(told(&foreign), ["/go?/set?a=1: hop=1; Path=/", "/set?a=1: a=1"]);
    let here = std::thread::current().id();
    assert!(foreign.threads.lock().expect("whole").drain(..).all(|thread| thread == here));
    let mut request = get_request(&url);
    request.set_follow_redirects(true);
    let reply = submit(&client, request, Until::Body).expect("a response");
    assert_eq!(text(reply), "theirs=1");
    assert_eq!(told(&foreign).len(), 2);
    let threads = foreign.threads.lock().expect("whole").clone();
    assert!(threads.len() == 2 && threads[0] != threads[1], "on threads of its own");
}

#[test]
fn somebody_else_s_jar_that_fails_ends_its_request_and_nothing_else() {
    let server = server();
    let foreign = std::sync::Arc::new(Foreign::default());
    let client = client(|_| {});
    client.set_cookies(Cookies::Keeper(foreign.clone())).expect("the first");
    for (value, kind) in [
        ("fail", ErrorKind::InvalidArgument),
        ("panic", ErrorKind::Panic),
        ("a=1\r\nX-Evil: 1", ErrorKind::InvalidHeader),
    ] {
        *foreign.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = value.into();
        let error = try_get(&client, &server.url).err().expect("an error");
        assert_eq!((error.kind(), error.sent()), (kind, Sent::Nothing), "{error}");
        let request = get_request(&server.url);
        let error = submit(&client, request, Until::Body).err().expect("an error");
        assert_eq!((error.kind(), error.sent()), (kind, Sent::Nothing), "{error}");
    }
    assert_eq!(server.count(), 0);
    foreign.value.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    assert_eq!(asked(&client, &server.url), "-");
}
