//! Requests behind others on their connection: which, when, and in which order.

use crate::common::puppet::*;
use crate::common::*;
use keepalive_core::*;

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
fn a_forwarding_proxy_gets_requests_to_several_origins_behind_one_another() {
    let proxy = puppet();
    let client = client(|config| {
        one(config);
        config.proxy = Some(proxy.url.clone());
    });
    let queue = Queue::new(|| {});
    let submit = |token: u64| {
        let request = get_request(&format!("http://host-{token}.test/{token}"));
        client.submit(request, Until::Body, &queue, token).expect("submitted")
    };
    submit(0);
    let say = proxy.connection();
    proxy.heard();
    say.send(Some(ok(b"0"))).expect("sent");
    assert_eq!(answer(&queue).1.expect("an answer"), "0");
    let _calls = [submit(1), submit(2), submit(3)];
    for token in 1..4 {
        assert_eq!(proxy.heard(), (0, format!("http://host-{token}.test/{token}")));
    }
    say.send(Some([ok(b"1"), ok(b"2"), ok(b"3")].concat())).expect("sent");
    for token in 1..4 {
        let (found, text) = answer(&queue);
        assert_eq!((found, text.expect("an answer")), (token, token.to_string()));
    }
}
