//! What becomes of requests behind others when one of them, or their connection, ends.

use std::time::Duration;

use crate::common::puppet::*;
use crate::common::*;
use keepalive_core::*;

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
    // Reading what is left of the first ends within it, also beside other work.
    let stall = Duration::from_secs(2);
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
    let (client, say) = server.warm(|_| {});
    let queue = Queue::new(|| {});
    let _first = server.submit(&client, &queue, 1..2);
    // The limit is that of the one which is not answered, from its turn on.
    let header = Some(Some(Duration::from_millis(200)));
    let mut request = get_request(&format!("{}/2", server.url));
    request.set_timeouts(Timeouts { header, ..Timeouts::default() });
    let _second = client.submit(request, Until::Body, &queue, 2).expect("submitted");
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
