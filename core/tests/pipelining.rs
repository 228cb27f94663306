//! Requests behind others on their connection.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use common::*;
use keepalive_core::*;
use keepalive_origin::Origin;

const SOON: Duration = Duration::from_secs(10);

/// One connection that carries up to four requests at a time.
fn one(config: &mut ClientConfig) {
    (config.max_per_host, config.pipelining) = (1, 4);
}

/// A client that has used its only connection, over TLS or not.
fn warmed(origin: &Origin, tls: bool, change: impl FnOnce(&mut ClientConfig)) -> (Client, String) {
    let client = trusting(origin, |config| {
        one(config);
        change(config);
    });
    let base = if tls { origin.https() } else { origin.http() }.to_string();
    get(&client, &format!("{base}/ok"));
    (client, base)
}

fn behind(client: &Client, count: u64) {
    eventually(client, |stats| stats.pipelined == count);
}

/// The next outcome, which need not be in order.
fn answer(queue: &Queue) -> (u64, Result<String>) {
    let Completion { token, outcome } = completion(queue);
    (token, response(outcome).map(text))
}

/// A server that does as it is told: each head it reads goes out by one channel, and what comes by the
/// other is written; an empty text ends the connection.
struct Puppet {
    url: String,
    heads: Receiver<(usize, String)>,
    says: Receiver<Sender<Option<Vec<u8>>>>,
}

fn puppet() -> Puppet {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (heard, heads) = channel();
    let (hand, says) = channel();
    std::thread::spawn(move || {
        for (number, socket) in listener.incoming().enumerate() {
            let socket = socket.expect("a connection");
            let (say, said) = channel::<Option<Vec<u8>>>();
            let (mut writer, heard) = (socket.try_clone().expect("a copy"), heard.clone());
            std::thread::spawn(move || {
                while let Ok(Some(bytes)) = said.recv() {
                    // The client may be gone.
                    let _ = writer.write_all(&bytes);
                }
                let _ = writer.shutdown(std::net::Shutdown::Both);
            });
            std::thread::spawn(move || read_heads(socket, number, &heard));
            if hand.send(say).is_err() {
                return;
            }
        }
    });
    Puppet { url, heads, says }
}

fn read_heads(mut socket: TcpStream, number: usize, heard: &Sender<(usize, String)>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while matches!(socket.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
        if head.ends_with(b"\r\n\r\n") {
            let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let _ = heard.send((number, String::from_utf8_lossy(line).into_owned()));
            head.clear();
        }
    }
}

impl Puppet {
    fn connection(&self) -> Sender<Option<Vec<u8>>> {
        self.says.recv_timeout(HANG).expect("a connection")
    }

    /// The next request: its connection and its target.
    fn heard(&self) -> (usize, String) {
        let (number, line) = self.heads.recv_timeout(HANG).expect("a request");
        (number, line.split(' ').nth(1).expect("a target").to_string())
    }

    /// A client whose connection has carried an answer, and who speaks for the server on it.
    fn warm(&self, change: impl FnOnce(&mut ClientConfig)) -> (Client, Sender<Option<Vec<u8>>>) {
        let client = client(|config| {
            one(config);
            change(config);
        });
        let queue = Queue::new(|| {});
        let request = get_request(&format!("{}/warm", self.url));
        client.submit(request, Until::Body, &queue, 0).expect("submitted");
        let say = self.connection();
        assert_eq!(self.heard(), (0, "/warm".into()));
        say.send(Some(ok(b"warm"))).expect("sent");
        assert_eq!(answer(&queue).1.expect("an answer"), "warm");
        (client, say)
    }

    fn submit(
        &self,
        client: &Client,
        queue: &Arc<Queue>,
        tokens: std::ops::Range<u64>,
    ) -> Vec<Call> {
        let ask = |token: u64| {
            let request = get_request(&format!("{}/{token}", self.url));
            client.submit(request, Until::Body, queue, token).expect("submitted")
        };
        tokens.map(ask).collect()
    }
}

#[test]
fn requests_go_behind_one_another_and_are_answered_in_order() {
    let server = puppet();
    let (client, say) = server.warm(|_| {});
    let queue = Queue::new(|| {});
    let _calls = server.submit(&client, &queue, 1..7);
    // Four at a time, and nothing has been answered.
    for token in 1..5 {
        assert_eq!(server.heard(), (0, format!("/{token}")));
    }
    let stats = eventually(&client, |stats| stats.waiting == 2);
    assert_eq!((stats.pipelined, stats.active), (3, 1));
    // One answer makes room for one.
    say.send(Some(ok(b"1"))).expect("sent");
    assert_eq!(server.heard(), (0, "/5".into()));
    // All others in one piece, which no one's read keeps to itself.
    say.send(Some([ok(b"2"), ok(b"3"), ok(b"4"), ok(b"5")].concat())).expect("sent");
    assert_eq!(server.heard(), (0, "/6".into()));
    say.send(Some(ok(b"6"))).expect("sent");
    for _ in 1..7 {
        let Completion { token, outcome } = completion(&queue);
        let response = response(outcome).expect("an answer");
        let info = response.info().clone();
        assert_eq!((info.reused, info.replays), (true, 0), "{token}");
        assert_eq!(info.pipelined, token > 1, "{token}");
        assert_eq!(text(response), token.to_string());
    }
    let stats = eventually(&client, |stats| stats.idle == 1);
    assert_eq!((stats.opened, stats.pipelined, stats.replayed), (1, 5, 0));
}

#[test]
fn both_waits_go_behind_each_other() {
    let origin = origin();
    for tls in [false, true] {
        for blocking_first in [false, true] {
            let (client, base) = warmed(&origin, tls, |_| {});
            let gate = format!("both-{tls}-{blocking_first}");
            let (front, behind_it) =
                (format!("{base}/gate/{gate}"), format!("{base}/bytes/100000"));
            let (first, second) =
                if blocking_first { (front, behind_it) } else { (behind_it, front) };
            let thread = |url: String| {
                let client = client.clone();
                std::thread::spawn(move || body(try_get(&client, &url).expect("an answer")))
            };
            let queue = Queue::new(|| {});
            let (blocked, lengths);
            if blocking_first {
                blocked = thread(first);
                assert!(origin.wait_at_gate(&gate, 1, SOON));
                client.submit(get_request(&second), Until::Body, &queue, 1).expect("submitted");
                lengths = (2, 100_000);
            } else {
                client.submit(get_request(&second), Until::Body, &queue, 1).expect("submitted");
                assert!(origin.wait_at_gate(&gate, 1, SOON));
                blocked = thread(first);
                lengths = (100_000, 2);
            }
            behind(&client, 1);
            assert!(origin.open_gate(&gate, SOON));
            let submitted = body(response(next(&queue)).expect("an answer"));
            assert_eq!((blocked.join().expect("no panic").len(), submitted.len()), lengths);
            assert_eq!(client.stats().opened, 1);
        }
    }
}

#[test]
fn many_threads_and_the_engine_share_few_connections() {
    let origin = origin();
    for tls in [false, true] {
        let (client, base) = warmed(&origin, tls, |config| {
            (config.max_per_host, config.pipelining) = (2, 8);
        });
        let queue = Queue::new(|| {});
        let each = 100;
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let (client, base) = (client.clone(), base.clone());
                std::thread::spawn(move || {
                    for round in 0..each {
                        let size = (thread * 7919 + round * 104_729) % 40_000;
                        let path = ["bytes", "chunked"][round % 2];
                        let response = get(&client, &format!("{base}/{path}/{size}"));
                        let body = body(response);
                        assert_eq!(body.len(), size);
                        assert!(body.iter().enumerate().all(|(at, b)| usize::from(*b) == at % 251));
                    }
                })
            })
            .collect();
        for token in 0..each as u64 {
            let request = get_request(&format!("{base}/bytes/{}", token * 100));
            client.submit(request, Until::Body, &queue, token).expect("submitted");
        }
        for _ in 0..each {
            let Completion { token, outcome } = completion(&queue);
            assert_eq!(body(response(outcome).expect("an answer")).len() as u64, token * 100);
        }
        for thread in threads {
            thread.join().expect("no panic");
        }
        let stats = eventually(&client, |stats| stats.active == 0);
        assert!(stats.pipelined > 0 && stats.opened <= 2, "{stats:?}");
        assert_eq!(stats.replayed, 0, "{stats:?}");
    }
}

#[test]
fn nothing_goes_behind_a_first_request_or_one_that_may_not_be_repeated() {
    let origin = origin();
    let queue = Queue::new(|| {});
    let request = |method: &str, path: String| Request::new(method, &path).expect("a request");
    // On a connection that has not answered yet.
    let fresh = client(one);
    let base = origin.http();
    fresh.submit(get_request(&format!("{base}/gate/first")), Until::Body, &queue, 1).expect("ok");
    assert!(origin.wait_at_gate("first", 1, SOON));
    fresh.submit(get_request(&format!("{base}/ok")), Until::Body, &queue, 2).expect("ok");
    assert_eq!(eventually(&fresh, |stats| stats.waiting == 1).pipelined, 0);
    assert!(origin.open_gate("first", SOON));
    answer(&queue).1.expect("an answer");
    answer(&queue).1.expect("an answer");

    // Behind a POST; and a POST, or a streamed body, behind a GET.
    struct Empty;
    impl BodySource for Empty {
        fn poll_chunk(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<Option<bytes::Bytes>>> {
            std::task::Poll::Ready(Ok(None))
        }
    }
    let (client, base) = warmed(&origin, false, |_| {});
    for (round, front) in ["POST", "GET", "GET"].into_iter().enumerate() {
        let gate = format!("never-{round}");
        let front = request(front, format!("{base}/gate/{gate}"));
        client.submit(front, Until::Body, &queue, 1).expect("submitted");
        assert!(origin.wait_at_gate(&gate, 1, SOON));
        let mut second = request(["GET", "POST", "PUT"][round], format!("{base}/ok"));
        if round == 2 {
            second.set_body_stream(Box::new(Empty), None);
        }
        client.submit(second, Until::Body, &queue, 2).expect("submitted");
        assert_eq!(eventually(&client, |stats| stats.waiting == 1).pipelined, 0, "{round}");
        assert!(origin.open_gate(&gate, SOON));
        answer(&queue).1.expect("an answer");
        answer(&queue).1.expect("an answer");
    }
    // A small body of a request that may be repeated does.
    client.submit(get_request(&format!("{base}/gate/put")), Until::Body, &queue, 1).expect("ok");
    assert!(origin.wait_at_gate("put", 1, SOON));
    let mut put = request("PUT", format!("{base}/upload-count"));
    put.set_body(vec![b'x'; 16 * 1024]);
    client.submit(put, Until::Body, &queue, 2).expect("submitted");
    behind(&client, 1);
    assert!(origin.open_gate("put", SOON));
    assert_eq!(answer(&queue).1.expect("an answer"), "ok");
    assert_eq!(answer(&queue).1.expect("an answer"), "16384");
}

#[test]
fn nothing_goes_behind_on_a_connection_of_http_10() {
    let server = puppet();
    let client = client(one);
    let queue = Queue::new(|| {});
    let _warm = server.submit(&client, &queue, 0..1);
    let say = server.connection();
    let old = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx".to_vec();
    server.heard();
    say.send(Some(old.clone())).expect("sent");
    answer(&queue).1.expect("an answer");
    let _calls = server.submit(&client, &queue, 1..3);
    assert_eq!(server.heard().1, "/1");
    eventually(&client, |stats| stats.waiting == 1);
    say.send(Some(old.clone())).expect("sent");
    assert_eq!(server.heard().1, "/2");
    say.send(Some(old)).expect("sent");
    answer(&queue).1.expect("an answer");
    answer(&queue).1.expect("an answer");
    assert_eq!(client.stats().pipelined, 0);
}

#[test]
fn an_idle_connection_or_a_new_one_goes_before_a_place_behind() {
    let origin = origin();
    let (client, base) = warmed(&origin, false, |config| config.max_per_host = 2);
    let queue = Queue::new(|| {});
    for token in 0..2 {
        let request = get_request(&format!("{base}/gate/own-{token}"));
        client.submit(request, Until::Body, &queue, token).expect("submitted");
        assert!(origin.wait_at_gate(&format!("own-{token}"), 1, SOON));
    }
    let stats = client.stats();
    assert_eq!((stats.opened, stats.pipelined), (2, 0));
    for token in 0..2 {
        assert!(origin.open_gate(&format!("own-{token}"), SOON));
        answer(&queue).1.expect("an answer");
    }
}

#[test]
fn the_unanswered_are_replayed_once_when_the_connection_breaks() {
    let server = puppet();
    let (client, say) = server.warm(|_| {});
    let queue = Queue::new(|| {});
    let _calls = server.submit(&client, &queue, 1..5);
    (1..5).for_each(|token| assert_eq!(server.heard(), (0, format!("/{token}"))));
    // The second answer is cut in its head.
    let cut = &ok(b"2")[..20];
    say.send(Some([&ok(b"1")[..], cut].concat())).expect("sent");
    say.send(None).expect("sent");
    let mut seen = Vec::new();
    let mut replayed = 0;
    for _ in 0..2 {
        let (token, answer) = answer(&queue);
        match token {
            1 => assert_eq!(answer.expect("an answer"), "1"),
            2 => assert_eq!(answer.expect_err("cut").kind(), ErrorKind::HeadTruncated),
            _ => panic!("{token} has no answer yet"),
        }
    }
    for number in [1, 2] {
        // Each on a connection of its own, one after the other: nothing goes behind a replay.
        let say = server.connection();
        let (connection, target) = server.heard();
        assert_eq!(connection, number);
        seen.push(target.clone());
        say.send(Some(ok(target.as_bytes()))).expect("sent");
        let Completion { token, outcome } = completion(&queue);
        let response = response(outcome).expect("an answer");
        assert_eq!((response.info().replays, response.info().reused), (1, false));
        replayed += response.info().replays;
        assert_eq!(text(response), format!("/{token}"));
    }
    seen.sort();
    assert_eq!((seen, replayed), (vec!["/3".into(), "/4".into()], 2));
    assert_eq!(client.stats().replayed, 2);
}

#[test]
fn what_an_announced_end_leaves_unanswered_asks_for_another_connection() {
    let server = puppet();
    let (client, say) = server.warm(|_| {});
    let queue = Queue::new(|| {});
    let _calls = server.submit(&client, &queue, 1..4);
    (1..4).for_each(|token| assert_eq!(server.heard(), (0, format!("/{token}"))));
    // They do not wait for the body.
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n";
    say.send(Some(head.to_vec())).expect("sent");
    eventually(&client, |stats| stats.waiting == 2);
    say.send(Some(b"1".to_vec())).expect("sent");
    let (token, first) = answer(&queue);
    assert_eq!((token, first.expect("an answer")), (1, "1".into()));
    let next = server.connection();
    for _ in 0..2 {
        let (number, target) = server.heard();
        assert_eq!(number, 1);
        next.send(Some(ok(target.as_bytes()))).expect("sent");
        let Completion { token, outcome } = completion(&queue);
        let response = response(outcome).expect("an answer");
        assert_eq!(response.info().replays, 0);
        assert_eq!(text(response), format!("/{token}"));
    }
    assert_eq!(client.stats().opened, 2);
}

#[test]
fn who_gives_up_in_the_line_hurts_nobody_behind() {
    let server = puppet();
    let (client, say) = server.warm(|_| {});
    let queue = Queue::new(|| {});
    let calls = server.submit(&client, &queue, 1..5);
    (1..5).for_each(|token| assert_eq!(server.heard(), (0, format!("/{token}"))));
    calls[1].cancel();
    let (token, cancelled) = answer(&queue);
    assert_eq!((token, cancelled.expect_err("cancelled").kind()), (2, ErrorKind::Cancelled));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n";
    say.send(Some([&ok(b"1")[..], chunked, &ok(b"3"), &ok(b"4")].concat())).expect("sent");
    let mut found: Vec<_> =
        (0..3).map(|_| answer(&queue)).map(|(token, text)| (token, text.expect("ok"))).collect();
    found.sort();
    assert_eq!(found, [(1, "1".into()), (3, "3".into()), (4, "4".into())]);
    let stats = eventually(&client, |stats| stats.idle == 1);
    assert_eq!((stats.opened, stats.replayed), (1, 0));
}

#[test]
fn who_gives_up_in_front_costs_those_behind_a_replay() {
    let server = puppet();
    let (client, _say) = server.warm(|_| {});
    let queue = Queue::new(|| {});
    let calls = server.submit(&client, &queue, 1..3);
    (1..3).for_each(|token| assert_eq!(server.heard(), (0, format!("/{token}"))));
    calls[0].cancel();
    let (token, cancelled) = answer(&queue);
    assert_eq!((token, cancelled.expect_err("cancelled").kind()), (1, ErrorKind::Cancelled));
    let say = server.connection();
    assert_eq!(server.heard(), (1, "/2".into()));
    say.send(Some(ok(b"2"))).expect("sent");
    assert_eq!(answer(&queue).1.expect("an answer"), "2");
    assert_eq!(client.stats().replayed, 1);
}

#[test]
fn an_unread_body_in_front_is_drained_or_given_up_and_a_slow_reader_is_left_behind() {
    let origin = origin();
    let stall = Duration::from_millis(100);
    let (client, base) = warmed(&origin, false, |config| config.queue_stall_timeout = Some(stall));
    let queue = Queue::new(|| {});
    for (round, size) in [100_000, 20_000_000].into_iter().enumerate() {
        let request = get_request(&format!("{base}/bytes/{size}"));
        let front = client.send(&request, Blocking::default()).expect("a head");
        client.submit(get_request(&format!("{base}/ok")), Until::Body, &queue, 1).expect("ok");
        behind(&client, round as u64 + 1);
        drop(front);
        assert_eq!(answer(&queue).1.expect("an answer"), "ok");
        assert_eq!(client.stats().replayed, round as u64);
    }
    // One who reads nothing: those behind look elsewhere, which here is nowhere.
    let request = get_request(&format!("{base}/bytes/20000000"));
    get(&client, &format!("{base}/ok"));
    let front = client.send(&request, Blocking::default()).expect("a head");
    client.submit(get_request(&format!("{base}/ok")), Until::Body, &queue, 1).expect("ok");
    let error = answer(&queue).1.expect_err("no connection");
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    assert_eq!(body(front).len(), 20_000_000);
}

#[test]
fn a_stalled_line_is_left_for_a_connection_that_comes_free() {
    let origin = origin();
    let (client, base) = warmed(&origin, false, |config| {
        config.max_per_host = 2;
        config.pipelining = 2;
        config.queue_stall_timeout = Some(Duration::from_millis(200));
    });
    let queue = Queue::new(|| {});
    // The new connection has not answered, so that the place is behind the old one.
    for (token, gate) in [(1, "stuck"), (2, "free")] {
        let request = get_request(&format!("{base}/gate/{gate}"));
        client.submit(request, Until::Body, &queue, token).expect("submitted");
        assert!(origin.wait_at_gate(gate, 1, SOON));
    }
    client
        .submit(get_request(&format!("{base}/ok?key=moved")), Until::Body, &queue, 3)
        .expect("ok");
    behind(&client, 1);
    assert!(origin.open_gate("free", SOON));
    assert_eq!(answer(&queue).0, 2);
    let (token, moved) = answer(&queue);
    assert_eq!((token, moved.expect("an answer")), (3, "ok".into()));
    assert_eq!(client.stats().replayed, 1);
    // Its answer is read where it was sent first, for nobody.
    assert!(origin.open_gate("stuck", SOON));
    assert_eq!(answer(&queue).0, 1);
    eventually(&client, |stats| stats.active == 0);
    assert_eq!(origin.journal("moved").len(), 2);
}

#[test]
fn limits_of_time_hold_in_the_line() {
    let origin = origin();
    let (client, base) = warmed(&origin, false, |_| {});
    let queue = Queue::new(|| {});
    client.submit(get_request(&format!("{base}/gate/slow")), Until::Body, &queue, 1).expect("ok");
    assert!(origin.wait_at_gate("slow", 1, SOON));
    let short = Some(Some(Duration::from_millis(50)));
    let mut request = get_request(&format!("{base}/ok"));
    request.set_timeouts(Timeouts { total: short, ..Timeouts::default() });
    let error = client.send(&request, Blocking::default()).err().expect("no time");
    assert_eq!(error.kind(), ErrorKind::TotalTimeout);
    assert!(error.retry_safe() && error.sent() == Sent::All, "{error:?}");
    request.set_timeouts(Timeouts { queue: short, ..Timeouts::default() });
    client.submit(request, Until::Body, &queue, 2).expect("submitted");
    let (token, error) = answer(&queue);
    assert_eq!((token, error.expect_err("no time").kind()), (2, ErrorKind::PoolTimeout));
    client.submit(get_request(&format!("{base}/ok")), Until::Body, &queue, 3).expect("submitted");
    behind(&client, 3);
    assert!(origin.open_gate("slow", SOON));
    for token in [1, 3] {
        let (found, answer) = answer(&queue);
        assert_eq!((found, answer.expect("an answer")), (token, "ok".into()));
    }
    assert_eq!(client.stats().opened, 1);
}

#[test]
fn an_origin_that_drops_what_stands_behind_is_remembered() {
    // Answers the first of what came together and never the rest.
    let server = puppet();
    let (client, say) =
        server.warm(|config| config.header_timeout = Some(Duration::from_millis(200)));
    let queue = Queue::new(|| {});
    let _calls = server.submit(&client, &queue, 1..3);
    assert_eq!([server.heard().1, server.heard().1], ["/1", "/2"]);
    say.send(Some(ok(b"1"))).expect("sent");
    assert_eq!(answer(&queue).0, 1);
    let (token, error) = answer(&queue);
    assert_eq!((token, error.expect_err("silence").kind()), (2, ErrorKind::ReadTimeout));

    let _warm = server.submit(&client, &queue, 3..4);
    let say = server.connection();
    assert_eq!(server.heard(), (1, "/3".into()));
    say.send(Some(ok(b"3"))).expect("sent");
    assert_eq!(answer(&queue).1.expect("an answer"), "3");
    let _calls = server.submit(&client, &queue, 4..6);
    assert_eq!(server.heard(), (1, "/4".into()));
    let stats = eventually(&client, |stats| stats.waiting == 1);
    assert_eq!(stats.pipelined, 1);
    say.send(Some(ok(b"4"))).expect("sent");
    assert_eq!(server.heard(), (1, "/5".into()));
    say.send(Some(ok(b"5"))).expect("sent");
    assert_eq!([answer(&queue).0, answer(&queue).0], [4, 5]);
}

#[test]
fn keep_alive_max_is_not_exceeded() {
    let server = puppet();
    let client = client(one);
    let queue = Queue::new(|| {});
    let _warm = server.submit(&client, &queue, 0..1);
    let say = server.connection();
    server.heard();
    let left = |left: u32| {
        format!("HTTP/1.1 200 OK\r\nKeep-Alive: max={left}\r\nContent-Length: 1\r\n\r\nx")
            .into_bytes()
    };
    // It takes four in all: the second in front, the third behind it, the fourth says that it is last.
    say.send(Some(left(4))).expect("sent");
    answer(&queue).1.expect("an answer");
    let _calls = server.submit(&client, &queue, 1..5);
    assert_eq!([server.heard().1, server.heard().1], ["/1", "/2"]);
    eventually(&client, |stats| stats.waiting == 2);
    say.send(Some([left(4), left(4)].concat())).expect("sent");
    assert_eq!(server.heard(), (0, "/3".into()));
    say.send(Some(left(4))).expect("sent");
    let next = server.connection();
    assert_eq!(server.heard(), (1, "/4".into()));
    next.send(Some(left(4))).expect("sent");
    (0..4).for_each(|_| assert_eq!(answer(&queue).1.expect("an answer"), "x"));
    let stats = client.stats();
    assert_eq!((stats.pipelined, stats.replayed, stats.opened), (1, 0, 2));
}

#[test]
fn closing_a_client_lets_the_line_finish() {
    let origin = origin();
    let (client, base) = warmed(&origin, false, |_| {});
    let queue = Queue::new(|| {});
    client.submit(get_request(&format!("{base}/gate/close")), Until::Body, &queue, 1).expect("ok");
    assert!(origin.wait_at_gate("close", 1, SOON));
    client.submit(get_request(&format!("{base}/ok")), Until::Body, &queue, 2).expect("submitted");
    behind(&client, 1);
    client.close();
    assert!(origin.open_gate("close", SOON));
    for token in [1, 2] {
        assert_eq!(answer(&queue).0, token);
    }
    assert!(origin.wait_for_open(0, SOON));
    assert_eq!(closed(&client.stats(), "client_closed"), 1);
}
