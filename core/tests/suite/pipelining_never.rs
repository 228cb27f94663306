//! What is never sent behind another request, nor another behind it, and when a line takes nobody any more.

use std::time::Duration;

use crate::common::puppet::*;
use crate::common::*;
use keepalive_core::*;

/// A request to a server at that URL.
type Make = fn(&str) -> Request;

fn plain(url: &str) -> Request {
    get_request(&format!("{url}/plain"))
}

fn with(method: &str, url: &str, fields: &[(&str, &str)], body: &'static str) -> Request {
    let mut request = Request::new(method, url).expect("a request");
    for (name, value) in fields {
        request.add_header(name.as_bytes(), value.as_bytes()).expect("a field");
    }
    if !body.is_empty() {
        request.set_body(body);
    }
    request
}

/// The second request waits until the connection is free, though it has answered before.
fn waits(what: &str, change: impl FnOnce(&mut ClientConfig), [front, behind]: [Make; 2]) {
    let server = puppet();
    let (client, _say) = server.warm(change);
    let queue = Queue::new(|| {});
    let submit = |make: Make, token| {
        client.submit(make(&server.url), Until::Head, &queue, token).expect("submitted")
    };
    let first = submit(front, 1);
    server.heard();
    let second = submit(behind, 2);
    let stats = eventually(&client, |stats| stats.waiting == 1);
    assert_eq!((stats.pipelined, stats.active), (0, 1), "{what}");
    for call in [second, first] {
        call.cancel();
        assert_eq!(answer(&queue).1.expect_err("cancelled").kind(), ErrorKind::Cancelled);
    }
}

#[test]
fn what_may_not_stand_in_a_line_stands_in_none() {
    let cases: [(&str, Make); 6] = [
        ("an upgrade", |url| {
            with("GET", url, &[("Connection", "Upgrade"), ("Upgrade", "echo")], "")
        }),
        ("CONNECT", |url| with("CONNECT", &format!("{url}/example.com:443"), &[], "")),
        ("one whose body waits", |url| with("PUT", url, &[("Expect", "100-continue")], "body")),
        ("the last one", |url| with("GET", url, &[("Connection", "close")], "")),
        ("a trailer", |url| {
            let mut request = with("PUT", url, &[], "body");
            request.add_trailer(b"A", b"b").expect("a trailer");
            request
        }),
        ("a body whose speed is limited", |url| {
            let mut request = with("PUT", url, &[], "body");
            request.set_max_speed(1 << 30);
            request
        }),
    ];
    for (what, make) in cases {
        waits(&format!("{what} in front"), |_| {}, [make, plain]);
        waits(&format!("{what} behind"), |_| {}, [plain, make]);
    }
    let limited = |config: &mut ClientConfig| config.max_speed = 1 << 30;
    waits("a body that its client limits", limited, [plain, |url| with("PUT", url, &[], "body")]);
}

#[test]
fn what_may_be_hedged_is_not_pipelined() {
    waits("a hedge", |config| config.hedge = true, [plain, plain]);
}

#[test]
fn a_line_takes_nobody_any_more_when_its_connection_is_too_old() {
    let age = Duration::from_secs(4);
    let server = puppet();
    let (client, say) = server.warm(|config| config.max_age = Some(age));
    let queue = Queue::new(|| {});
    let _calls = server.submit(&client, &queue, 1..3);
    assert_eq!([server.heard().1, server.heard().1], ["/1", "/2"]);
    // It grows old, with a fifth of jitter.
    std::thread::sleep(age * 5 / 4);
    say.send(Some(ok(b"1"))).expect("sent");
    assert_eq!(answer(&queue).1.expect("an answer"), "1");
    // The second one is answered; the third needs another connection, and waits for the place of this one.
    let _third = server.submit(&client, &queue, 3..4);
    let stats = eventually(&client, |stats| stats.waiting == 1);
    assert_eq!((stats.pipelined, stats.opened), (1, 1));
    say.send(Some(ok(b"2"))).expect("sent");
    assert_eq!(answer(&queue).1.expect("an answer"), "2");
    let next = server.connection();
    assert_eq!(server.heard(), (1, "/3".into()));
    next.send(Some(ok(b"3"))).expect("sent");
    assert_eq!(answer(&queue).1.expect("an answer"), "3");
    let stats = client.stats();
    assert_eq!((stats.pipelined, stats.replayed, stats.opened), (1, 0, 2));
    assert_eq!(closed(&stats, "max_age"), 1);
}
