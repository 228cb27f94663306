//! Who asks, at the server itself: `auth` of clients and requests, Digest as RFC 7616 has it, and nothing of it
//! beyond the origin.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::common::*;
use keepalive_core::*;
use sha2::{Digest as _, Sha256};

fn with_auth(auth: &str) -> Client {
    client(|config| config.auth = Some(auth.to_string()))
}

/// The value of a field of a request head.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The parameters of an answer; none if it is another one.
fn parameters(value: &str) -> HashMap<String, String> {
    let Some(value) = value.strip_prefix("Digest ") else { return HashMap::new() };
    let pairs = value.split(", ").map(|pair| pair.split_once('=').expect("a parameter"));
    pairs.map(|(name, value)| (name.to_string(), value.trim_matches('"').to_string())).collect()
}

fn hash(parts: &[&str]) -> String {
    Sha256::digest(parts.join(":")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a server finds right, from the definitions of RFC 7616 3.4.
fn is_right(head: &str, [user, password]: [&str; 2], session: bool) -> bool {
    let Some(value) = field(head, "Authorization") else { return false };
    let given = parameters(value);
    let own = |name: &str| given.get(name).map_or("", String::as_str);
    let (method, rest) = head.split_once(' ').expect("a method");
    let target = rest.split(' ').next().expect("a target");
    let mut a1 = hash(&[user, own("realm"), password]);
    if session {
        a1 = hash(&[&a1, own("nonce"), own("cnonce")]);
    }
    let parts = [&a1, own("nonce"), own("nc"), own("cnonce"), "auth", &hash(&[method, target])];
    own("uri") == target && own("response") == hash(&parts)
}

fn asking(challenge: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 2\r\n\r\nno"
    )
    .into_bytes()
}

/// A server that wants Digest with SHA-256 of ann, and echoes the heads that are right.
fn digest_server(session: bool) -> Script {
    let algorithm = if session { "SHA-256-sess" } else { "SHA-256" };
    script(move |head, _| match is_right(head, ["ann", "secret"], session) {
        true => ok(head.as_bytes()),
        false => asking(&format!(
            "Digest realm=\"r\", qop=\"auth,auth-int\", algorithm={algorithm}, nonce=\"one\", opaque=\"o\""
        )),
    })
}

#[test]
fn basic_and_bearer_are_sent_at_once_unless_the_request_says_otherwise() {
    let server = script(|head, _| ok(head.as_bytes()));
    let client = with_auth("bearer of-the-client");
    let sent = |change: &dyn Fn(&mut Request), url: &str| {
        let mut request = get_request(url);
        change(&mut request);
        let head = text(client.send_whole(&request, Blocking::default()).expect("an answer"));
        field(&head, "Authorization").map(str::to_string)
    };
    let url = format!("{}/", server.url);
    let with_userinfo = url.replace("//", "//u:p@");
    let of_url = Some(basic_credentials(b"u", b"p"));
    let set = |value: &'static str| {
        move |request: &mut Request| request.set_option("auth", Some(value)).expect("valid")
    };
    assert_eq!(sent(&|_| {}, &url).as_deref(), Some("Bearer of-the-client"));
    assert_eq!(sent(&|_| {}, &with_userinfo).as_deref(), Some("Bearer of-the-client"));
    assert_eq!(sent(&set("basic a:b"), &url), Some(basic_credentials(b"a", b"b")));
    assert_eq!(sent(&set(""), &url), None);
    assert_eq!(sent(&set(""), &with_userinfo), of_url);
    let own = |request: &mut Request| {
        request.set_option("auth", Some("bearer mine")).expect("valid");
        request.add_header(b"authorization", b"Own x").expect("valid");
    };
    assert_eq!(sent(&own, &url), None, "the field has its own spelling");
    let error = get_request(&url).set_option("auth", Some("bearer ge heim")).expect_err("a blank");
    assert!(error.message().starts_with("option auth: ") && !error.message().contains("heim"));
    let config = {
        let mut config = ClientConfig::default();
        config.auth = Some("geheim".into());
        config
    };
    assert!(!format!("{config:?}").contains("geheim"));
    let error = Client::new(config).err().expect("no scheme");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(!error.message().contains("geheim"), "{error}");
}

#[test]
fn a_challenge_is_answered_once_and_its_nonce_counted_from_then_on() {
    for session in [false, true] {
        let server = digest_server(session);
        let client = with_auth("digest ann:secret");
        for count in 1..=3 {
            let head = text(get(&client, &format!("{}/a?b=c", server.url)));
            let given = parameters(field(&head, "Authorization").expect("one"));
            assert_eq!(given["nc"], format!("{count:08x}"));
            assert_eq!((&*given["opaque"], &*given["uri"]), ("o", "/a?b=c"));
        }
        // Asked once, and right at once from then on; on the engine too.
        let request = get_request(&format!("{}/b", server.url));
        let response = submit(&client, request, Until::Body).expect("an answer");
        assert_eq!((response.status(), server.count()), (200, 5));
    }
}

/// Status and method of what led to `response`.
fn history(response: &Response) -> Vec<(u16, String)> {
    let hops = response.history().iter();
    hops.map(|hop| (Response::from(&**hop).status(), hop.method().into())).collect()
}

#[test]
fn history_has_the_challenges_that_were_answered_among_the_redirects() {
    let server = script(|head, _| match head.split(' ').nth(1) {
        Some("/a") if is_right(head, ["ann", "secret"], false) => {
            b"HTTP/1.1 303 Over\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".to_vec()
        }
        Some("/b") if head.contains("nonce=\"2\"") => ok(b"in"),
        Some("/b") => asking("Digest realm=\"r\", qop=\"auth\", nonce=\"2\", stale=true"),
        _ => asking("Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, nonce=\"1\""),
    });
    for submitted in [false, true] {
        let client = with_auth("digest ann:secret");
        let mut request = Request::new("POST", &format!("{}/a", server.url)).expect("a request");
        request.set_body("body");
        request.set_follow_redirects(true);
        let response = match submitted {
            false => client.send_whole(&request, Blocking::default()),
            true => submit(&client, request, Until::Body),
        };
        let response = response.expect("an answer");
        let led = [(401, "POST".into()), (303, "POST".into()), (401, "GET".into())];
        assert_eq!(history(&response), led);
        assert_eq!(response.followed_method(), Some("GET"));
        assert_eq!((response.info().redirects, response.info().reused), (1, true));
        let first = Response::from(&*response.history()[0]);
        assert!(first.url().ends_with("/a") && first.headers().get(b"www-authenticate").is_some());
        assert_eq!(text(response), "in");
    }
}

#[test]
fn a_challenge_that_never_ends_is_the_answer_after_one_real_try() {
    for stale in ["", ", stale=true"] {
        let server = script(move |_, _| {
            static NONCES: AtomicUsize = AtomicUsize::new(0);
            let nonce = NONCES.fetch_add(1, Ordering::SeqCst);
            asking(&format!("Digest realm=\"r\", qop=\"auth\", nonce=\"{nonce}\"{stale}"))
        });
        let response = get(&with_auth("digest ann:wrong"), &server.url);
        assert_eq!(response.status(), 401);
        assert_eq!(text(response), "no");
        assert_eq!(server.count(), if stale.is_empty() { 2 } else { 4 });
    }
}

#[test]
fn a_nonce_that_is_too_old_is_replaced() {
    let good = Arc::new(AtomicUsize::new(1));
    let now = good.clone();
    let server = script(move |head, _| {
        let nonce = now.load(Ordering::SeqCst).to_string();
        let given = field(head, "Authorization").map(parameters);
        let current = given.as_ref().is_some_and(|given| given["nonce"] == nonce);
        if current && is_right(head, ["ann", "secret"], false) {
            return ok(b"in");
        }
        let stale = if given.is_some() { ", stale=TRUE" } else { "" };
        asking(&format!(
            "Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, nonce=\"{nonce}\"{stale}"
        ))
    });
    let client = with_auth("digest ann:secret");
    for round in 1..5 {
        good.store(round, Ordering::SeqCst);
        assert_eq!(text(get(&client, &server.url)), "in");
        assert_eq!(text(get(&client, &server.url)), "in");
    }
    assert_eq!(server.count(), 2 * 4 + 4);
}

#[test]
fn what_cannot_be_answered_is_the_answer() {
    for challenge in [
        "Basic realm=\"r\"",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-9",
        "Digest",
        "",
    ] {
        let server = script(move |_, _| asking(challenge));
        let client = with_auth("digest ann:secret");
        assert_eq!(get(&client, &server.url).status(), 401, "{challenge}");
        assert!(server.count() <= 2, "{challenge}");
    }
    // Nobody is asked who has no Digest to give, or a field of its own.
    let server = digest_server(false);
    assert_eq!(get(&with_auth("basic ann:secret"), &server.url).status(), 401);
    let mut request = get_request(&server.url);
    request.add_header(b"Authorization", b"Own x").expect("valid");
    let client = with_auth("digest ann:secret");
    let answer = client.send_whole(&request, Blocking::default()).expect("an answer");
    assert_eq!((answer.status(), server.count()), (401, 2));
}

/// A body of three pieces.
struct Source {
    left: usize,
    again: bool,
}

impl BodySource for Source {
    fn poll_chunk(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<Option<bytes::Bytes>>> {
        let piece = (self.left > 0).then(|| bytes::Bytes::from_static(b"piece "));
        self.left = self.left.saturating_sub(1);
        std::task::Poll::Ready(Ok(piece))
    }

    fn can_rewind(&self) -> bool {
        self.again
    }

    fn rewind(&mut self) -> bool {
        self.left = 3;
        self.again
    }
}

#[test]
fn a_body_is_sent_again_if_it_can_be() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = bodies.clone();
    let server = script(move |head, body| {
        seen.lock().expect("no panic").push(String::from_utf8_lossy(body).into_owned());
        match is_right(head, ["ann", "secret"], false) {
            true => ok(b"in"),
            false => asking("Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, nonce=\"n\""),
        }
    });
    for (again, status) in [(true, 200), (false, 401)] {
        let client = with_auth("digest ann:secret");
        let mut request = Request::new("POST", &server.url).expect("valid");
        request.set_body_stream(Box::new(Source { left: 3, again }), None);
        let answer = client.send_whole(&request, Blocking::default()).expect("an answer");
        assert_eq!(answer.status(), status);
    }
    let whole = "piece piece piece ".to_string();
    assert_eq!(*bodies.lock().expect("no panic"), [whole.clone(), whole.clone(), whole]);
}

#[test]
fn nothing_of_it_goes_beyond_the_origin() {
    // Another one by its port alone.
    let other = script_at(listen_local(), |head, _| ok(head.as_bytes()));
    let to = format!("{}/there", other.url);
    for auth in ["basic ann:secret", "bearer token", "digest ann:secret"] {
        let target = to.clone();
        let server = script_at(listen_local(), move |head, _| match head {
            head if auth.starts_with("digest") && !is_right(head, ["ann", "secret"], false) => {
                asking("Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, nonce=\"n\"")
            }
            head if head.starts_with("GET /near ") => {
                b"HTTP/1.1 302 Found\r\nLocation: /far\r\nContent-Length: 0\r\n\r\n".to_vec()
            }
            head if head.contains("Authorization: ") => {
                format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n")
                    .into()
            }
            _ => ok(b"nobody asks"),
        });
        for of_client in [true, false] {
            let client = client(|config| {
                config.redirect = Some("follow".into());
                config.auth = of_client.then(|| auth.to_string());
            });
            let mut request = get_request(&format!("{}/near", server.url));
            if !of_client {
                request.set_option("auth", Some(auth)).expect("valid");
            }
            let answer = client.send_whole(&request, Blocking::default()).expect("followed");
            assert_eq!((answer.url(), answer.info().redirects), (&*to, 2));
            assert!(!text(answer).to_lowercase().contains("authorization"), "{auth}");
        }
    }
}

#[test]
fn a_proxy_and_the_server_behind_it_each_ask_for_themselves() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let statuses = seen.clone();
    let proxy = script(move |head, _| {
        // What the server gets of it.
        let inner = head.replacen("http://origin.invalid/", "/", 1);
        let own = field(head, "Proxy-Authorization").map(parameters).unwrap_or_default();
        let challenge = "Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, nonce=\"n\"";
        let (status, answer) = if own.get("username").is_none_or(|user| user != "bob") {
            let ask = format!("HTTP/1.1 407 No\r\nProxy-Authenticate: {challenge}\r\n");
            (407, format!("{ask}Content-Length: 0\r\n\r\n").into_bytes())
        } else if is_right(&inner, ["ann", "secret"], false) {
            (200, ok(b"in"))
        } else {
            (401, asking(challenge))
        };
        statuses.lock().expect("no panic").push(status);
        answer
    });
    let client = client(|config| {
        config.proxy = Some(proxy.url.replace("//", "//bob:word@"));
        config.auth = Some("digest ann:secret".into());
    });
    let response = get(&client, "http://origin.invalid/a");
    assert_eq!(history(&response), [(407, "GET".into()), (401, "GET".into())]);
    assert_eq!(text(response), "in");
    let response = get(&client, "http://origin.invalid/b");
    assert_eq!(history(&response), [], "neither asked again");
    assert_eq!(text(response), "in");
    assert_eq!(*seen.lock().expect("no panic"), [407, 401, 200, 200]);
}

#[test]
fn an_answer_with_a_body_that_never_ends_holds_nobody_up() {
    let origin = origin();
    let server = script(move |head, _| match field(head, "Authorization") {
        Some(_) => ok(b"in"),
        None => {
            let mut endless =
                b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\nWWW-Authenticate: \
                                Digest realm=\"r\", qop=\"auth\", nonce=\"n\"\r\n\r\n"
                    .to_vec();
            (0..1000).for_each(|_| endless.extend_from_slice(b"400\r\n"));
            endless
        }
    });
    let client = with_auth("digest ann:secret");
    assert_eq!(text(get(&client, &server.url)), "in");
    assert_eq!(get(&client, &format!("{}/ok", origin.http())).status(), 200);
    settled(&client);
}
