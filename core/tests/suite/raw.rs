//! Requests and bodies that are left as the caller has them: the target, fields that are not added, bodies
//! that are not decoded.

use crate::common::*;
use keepalive_core::*;

/// The head that a server saw of a request, which names that server.
fn seen(client: &Client, change: impl FnOnce(&mut Request)) -> String {
    let (sender, heads) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let server = script(move |head, _| {
        let _ = sender.lock().expect("one at a time").send(head.to_string());
        ok(b"ok")
    });
    let mut request = get_request(&format!("{}/url?q", server.url));
    change(&mut request);
    client.send_whole(&request, Blocking::default()).expect("an answer");
    let head = heads.recv().expect("a head");
    let host = server.url.replace("http://", "Host: ");
    assert_eq!(head.lines().nth(1), Some(&*host), "{head}");
    head
}

#[test]
fn a_raw_target_is_sent_byte_for_byte() {
    let client = client(|_| {});
    for target in
        ["/a/../b/./c", "/it's%2f%2F?X='1'&y=%zz", "//double///slashes", "*", "/a|b\\c{}^`\""]
    {
        let head =
            seen(&client, |request| request.set_raw_target(target.as_bytes()).expect(target));
        assert!(head.starts_with(&format!("GET {target} HTTP/1.1\r\nHost: ")), "{head}");
    }
}

#[test]
fn what_cannot_be_in_a_target_is_named_with_its_place() {
    let mut request = get_request("http://127.0.0.1:1/kept");
    for (target, text) in [
        (&b""[..], "is empty"),
        (b"/a b", "a space at byte 2"),
        (b"/a\r\nX: 1", "a line break at byte 2"),
        (b"/\0", "the control character 0x00 at byte 1"),
        (b"/\x7f", "the control character 0x7f at byte 1"),
        (b"/\xc3\xa9", "0xc3, which is not ASCII at byte 1"),
        (b"/a#b", "begins a fragment at byte 2"),
    ] {
        let error = request.set_raw_target(target).expect_err("no target");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.message().starts_with("raw_target: "), "{error}");
        assert!(error.message().contains(text), "{error}");
    }
    let mut connect = Request::new("CONNECT", "http://127.0.0.1:1/h:1").expect("a request");
    let error = connect.set_raw_target(b"/").expect_err("no CONNECT");
    assert!(error.message().contains("CONNECT"), "{error}");
}

#[test]
fn a_redirect_does_not_inherit_a_raw_target() {
    let origin = origin();
    let client = client(|_| {});
    let mut request = get_request(&format!("{}/ok", origin.http()));
    request.set_raw_target(b"/redirect/302?to=/echo").expect("a target");
    request.set_follow_redirects(true);
    let response = client.send_whole(&request, Blocking::default()).expect("an answer");
    assert!(response.url().ends_with("/echo"), "{}", response.url());
    assert!(text(response).contains("\"target\":\"/echo\""));
}

#[test]
fn every_default_field_can_be_left_out() {
    let client = client(|_| {});
    let head = seen(&client, |request| {
        request.set_decode(true);
        request.omit_header(b"user-agent").expect("a name");
        request.omit_header(b"ACCEPT-ENCODING").expect("a name");
    });
    assert_eq!(head.lines().count(), 3, "{head}");
    // What is said by name is sent.
    let head = seen(&client, |request| {
        request.omit_header(b"User-Agent").expect("a name");
        request.add_header(b"User-Agent", b"own").expect("a field");
    });
    assert!(head.contains("\r\nUser-Agent: own\r\n"), "{head}");
    let origin = origin();
    let url = origin.http().replace("//", "//user:secret@");
    let mut request = get_request(&format!("{url}/auth"));
    request.omit_header(b"authorization").expect("a name");
    let response = client.send_whole(&request, Blocking::default()).expect("an answer");
    assert_eq!(response.status(), 401);
}

#[test]
fn what_is_left_out_stays_out_after_a_redirect() {
    let origin = origin();
    let client = client(|_| {});
    let mut request = get_request(&format!("{}/redirect/307?to=/echo", origin.http()));
    request.omit_header(b"User-Agent").expect("a name");
    request.set_follow_redirects(true);
    let seen = text(client.send_whole(&request, Blocking::default()).expect("an answer"));
    assert!(!seen.to_lowercase().contains("user-agent"), "{seen}");
}

#[test]
fn host_and_framing_cannot_be_left_out() {
    let mut request = get_request("http://127.0.0.1:1/");
    for name in ["Host", "content-length", "Transfer-Encoding"] {
        let error = request.omit_header(name.as_bytes()).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::InvalidHeader);
        assert!(error.message().to_lowercase().contains(&name.to_lowercase()), "{error}");
    }
    assert_eq!(request.omit_header(b"a b").expect_err("no name").kind(), ErrorKind::InvalidHeader);
}

#[test]
fn a_request_decodes_as_its_client_unless_it_says_otherwise() {
    let origin = origin();
    let plain = body(get(&client(|_| {}), &format!("{}/compressible", origin.http())));
    for client_decodes in [false, true] {
        let client = client(|config| config.decode = client_decodes);
        for own in [None, Some("true"), Some("false")] {
            let mut request = get_request(&format!("{}/gzip", origin.http()));
            request.set_option("decode", own).expect("an option");
            let response = client.send_whole(&request, Blocking::default()).expect("an answer");
            let decodes = own.map_or(client_decodes, |own| own == "true");
            assert_eq!(response.is_decoded(), decodes);
            assert_eq!(body(response) == plain, decodes);
        }
    }
    let error = get_request("http://a/").set_option("decode", Some("2")).expect_err("no flag");
    assert!(error.message().contains("decode"), "{error}");
}

/// A request whose reader says later whether it wants the body decoded.
fn later(url: &str) -> Request {
    let mut request = get_request(url);
    request.set_decode(true);
    request.set_decode_later(true);
    request
}

#[test]
fn a_reader_decides_when_it_begins_to_read() {
    let origin = origin();
    let client = client(|_| {});
    let plain = body(get(&client, &format!("{}/compressible", origin.http())));
    for coding in ["gzip", "br", "zstd", "deflate", "gzip?chunked=1"] {
        let url = format!("{}/{coding}", origin.http());
        let coded = body(get(&client, &url));
        assert_ne!(coded, plain);
        for blocking in [true, false] {
            let send = || match blocking {
                true => client.send(&later(&url), Blocking::default()),
                false => submit(&client, later(&url), Until::Head),
            };
            let response = send().expect("a head");
            assert!(!response.is_decoded());
            assert_eq!(body(response), coded, "{coding}");
            let mut response = send().expect("a head");
            response.start_decoding();
            response.start_decoding();
            assert!(response.is_decoded());
            assert_eq!(body(response), plain, "{coding}");
        }
    }
    settled(&client);
    assert_eq!(client.stats().opened, 1);
}

#[test]
fn a_body_that_is_cut_is_told_of_in_either_form() {
    let origin = origin();
    let client = client(|_| {});
    for (path, kind) in
        [("gzip?cut=1", ErrorKind::DecodingFailed), ("endless/gzip", ErrorKind::BodyTooLarge)]
    {
        let mut request = later(&format!("{}/{path}", origin.http()));
        request.set_max_body_size(1 << 20);
        let mut response = client.send(&request, Blocking::default()).expect("a head");
        response.start_decoding();
        let error = response.read_all(Blocking::default()).expect_err("broken");
        assert_eq!(error.kind(), kind, "{path}");
    }
}

#[test]
fn nothing_happens_where_nothing_is_coded() {
    let origin = origin();
    let client = client(|_| {});
    let mut response =
        client.send(&later(&format!("{}/ok", origin.http())), Blocking::default()).expect("a head");
    response.start_decoding();
    assert!(!response.is_decoded());
    assert_eq!(text(response), "ok");
    let mut request = Request::new("HEAD", &format!("{}/gzip", origin.http())).expect("a request");
    request.set_decode(true);
    request.set_decode_later(true);
    let mut response = client.send(&request, Blocking::default()).expect("a head");
    response.start_decoding();
    assert_eq!(text(response), "");
}
