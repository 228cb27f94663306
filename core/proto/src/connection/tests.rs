mod table;

use super::*;
use crate::start::TargetForm;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

fn head(method: &str) -> RequestHead {
    RequestHead::new(method, "/", "origin.test").unwrap()
}

fn with(method: &str, fields: &[(&str, &str)]) -> RequestHead {
    let mut head = head(method);
    for (name, value) in fields {
        head.append(name.as_bytes(), value.as_bytes()).unwrap();
    }
    head
}

/// Takes everything there is to transmit.
fn transmit(c: &mut Connection) -> Vec<u8> {
    let mut sent = Vec::new();
    while let Some(bytes) = c.poll_transmit() {
        sent.extend_from_slice(bytes);
        let n = bytes.len();
        c.transmitted(n);
    }
    sent
}

fn feed(c: &mut Connection, bytes: &[u8]) {
    c.receive_space(bytes.len()).extend_from_slice(bytes);
    c.received(bytes.len());
}

/// Polls until nothing comes; the body and the error, if any.
fn drain(c: &mut Connection) -> (Vec<u8>, Option<RemoteError>) {
    let mut body = Vec::new();
    loop {
        match c.poll_event() {
            Ok(None) => return (body, None),
            Ok(Some(Event::Data(data))) => body.extend_from_slice(data),
            Ok(Some(_)) => {}
            Err(error) => return (body, Some(error)),
        }
    }
}

/// A connection whose request is sent.
fn requested(request: &RequestHead) -> Connection {
    let mut c = Connection::new(Limits::default());
    c.start(request, RequestBody::None).unwrap();
    transmit(&mut c);
    c
}

/// A connection that has been through one exchange with this response.
fn exchanged(request: &RequestHead, response: &[u8]) -> Connection {
    let mut c = requested(request);
    feed(&mut c, response);
    drain(&mut c);
    c
}

#[test]
fn every_close_reason_is_reachable() {
    let get = head("GET");
    let reason = |request: &RequestHead, response: &[u8]| exchanged(request, response).reuse();
    let mut seen = Vec::new();
    let mut check = |result: Result<(), CloseReason>, expected: CloseReason| {
        assert_eq!(result, Err(expected));
        seen.push(expected);
    };
    let mut unsent = Connection::new(Limits::default());
    unsent.start(&get, RequestBody::None).unwrap();
    check(unsent.reuse(), CloseReason::RequestUnfinished);
    check(reason(&get, &OK[..OK.len() - 1]), CloseReason::ResponseUnfinished);
    check(reason(&with("GET", &[("Connection", "close")]), OK), CloseReason::RequestSaidClose);
    let said = b"HTTP/1.1 204 No Content\r\nConnection: a, Close\r\n\r\n";
    check(reason(&get, said), CloseReason::ResponseSaidClose);
    check(reason(&get, b"HTTP/1.0 204 No Content\r\n\r\n"), CloseReason::Http10);
    let mut close = requested(&get);
    feed(&mut close, b"HTTP/1.1 200 OK\r\n\r\nhi");
    close.received_eof(Eof::Clean);
    assert_eq!(drain(&mut close), (b"hi".to_vec(), None));
    check(close.reuse(), CloseReason::CloseDelimited);
    let both =
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    check(reason(&get, both), CloseReason::AmbiguousFraming);
    check(reason(&get, &[OK, b"x"].concat()), CloseReason::ExtraBytes);
    let mut closed = exchanged(&get, OK);
    closed.received_eof(Eof::Clean);
    check(closed.reuse(), CloseReason::PeerClosed);
    check(reason(&head("CONNECT"), b"HTTP/1.1 200 OK\r\n\r\n"), CloseReason::Switched);
    check(reason(&get, b"SSH-2.0"), CloseReason::Broken);
    for reason in CloseReason::ALL {
        assert!(seen.contains(&reason), "{reason:?} is not tested");
    }
}

#[test]
fn one_connection_carries_many_exchanges_without_new_buffers() {
    let mut c = Connection::new(Limits::default());
    let mut buffers = None;
    for _ in 0..3 {
        c.start(&head("GET"), RequestBody::None).unwrap();
        assert_eq!(transmit(&mut c), b"GET / HTTP/1.1\r\nHost: origin.test\r\n\r\n");
        assert!(c.send_done() && !c.response_started());
        feed(&mut c, OK);
        assert!(c.response_started() && !c.response_done());
        assert_eq!(drain(&mut c), (b"hi".to_vec(), None));
        assert!(c.response_done());
        assert_eq!(c.body_framing(), Some(BodyFraming::Length(2)));
        assert_eq!(c.recycle(), Ok(()));
        assert!(!c.response_started());
        let now = (c.rx.as_ptr(), c.rx.capacity(), c.tx.as_ptr(), c.tx.capacity());
        assert_eq!(*buffers.get_or_insert(now), now);
        assert_eq!(c.rx.capacity(), RECEIVE_INITIAL);
    }
    c.shrink();
    assert_eq!((c.rx.capacity(), c.tx.capacity()), (0, 0));
    c.start(&head("GET"), RequestBody::None).unwrap();
}

#[test]
fn what_a_large_body_made_of_the_buffer_is_not_kept_for_the_next_exchange() {
    let mut c = exchanged(&head("GET"), OK);
    c.receive_space(RECEIVE_KEPT + 1);
    c.recycle().unwrap();
    assert_eq!(c.rx.capacity(), 0);
}

#[test]
fn a_connection_that_is_not_idle_refuses_start() {
    let mut c = exchanged(&head("GET"), OK);
    assert!(matches!(c.start(&head("GET"), RequestBody::None), Err(LocalError::InvalidState(_))));
    c.recycle().unwrap();
    feed(&mut c, b"HTTP/1.1 408 Request Timeout\r\n\r\n");
    assert_eq!(c.reuse(), Err(CloseReason::ExtraBytes));
    assert_eq!(c.recycle(), Err(CloseReason::ExtraBytes));
    assert!(matches!(c.start(&head("GET"), RequestBody::None), Err(LocalError::InvalidState(_))));
    assert!(c.poll_event().unwrap().is_none());
    let mut c = Connection::new(Limits::default());
    c.received_eof(Eof::Clean);
    assert_eq!(c.reuse(), Err(CloseReason::PeerClosed));
    assert!(matches!(c.start(&head("GET"), RequestBody::None), Err(LocalError::InvalidState(_))));
    assert!(c.send_data(b"x").is_err() && c.send_end().is_err());
}

#[test]
fn the_last_request_says_so_and_the_machine_knows() {
    let sent = |request: &RequestHead, last| {
        let mut c = Connection::new(Limits::default());
        let how = Start { fields: b"A: 1\r\n", last, ..Start::default() };
        c.start_with(request, RequestBody::Length(0), &how).unwrap();
        let sent = String::from_utf8(transmit(&mut c)).unwrap();
        feed(&mut c, OK);
        drain(&mut c);
        (sent.split_once("origin.test\r\n").unwrap().1.to_owned(), c.reuse())
    };
    let closed = Err(CloseReason::RequestSaidClose);
    let expected = "A: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(sent(&head("PUT"), true), (expected.to_owned(), closed));
    let expected = "A: 1\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(sent(&head("PUT"), false), (expected.to_owned(), Ok(())));
    for own in ["close", "keep-alive", "upgrade"] {
        let (head, reuse) = sent(&with("PUT", &[("connection", own)]), true);
        assert_eq!((head.matches("onnection: ").count(), reuse), (1, closed), "{own}");
    }
}

/// However much waits, one call does no more than one line or one piece of data asks for.
#[test]
fn each_event_is_one_step() {
    let mut c = requested(&head("GET"));
    feed(&mut c, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(matches!(c.poll_event(), Ok(Some(Event::Head(_)))));
    let line = b"1;x=yz\r\nb\r\n";
    feed(&mut c, &line.repeat(10_000));
    for left in (0..10_000).rev() {
        assert!(matches!(c.poll_event(), Ok(Some(Event::Data(b"b")))));
        assert_eq!(c.buffered(), left * line.len() + 2);
    }
    let mut c = requested(&head("GET"));
    let interim = b"HTTP/1.1 100 Go on\r\n\r\n";
    feed(&mut c, &interim.repeat(1_000));
    for left in (0..1_000).rev() {
        assert!(matches!(c.poll_event(), Ok(Some(Event::Informational(_)))));
        assert_eq!(c.buffered(), left * interim.len());
    }
    assert!(matches!(c.poll_event(), Ok(None)));
}

#[test]
fn a_body_of_known_length_is_sent_as_it_is() {
    let mut c = Connection::new(Limits::default());
    c.start(&head("PUT"), RequestBody::Length(5)).unwrap();
    assert_eq!(c.send_data(b"abc"), Ok(3));
    assert!(!c.send_done());
    let mismatch = |given| LocalError::BodyLengthMismatch { declared: 5, given };
    assert_eq!(c.send_end(), Err(mismatch(3)));
    assert_eq!(c.send_data(b"defg"), Err(mismatch(7)));
    assert_eq!(c.send_data(b"de"), Ok(2));
    assert_eq!(c.send_data(b"f"), Err(mismatch(6)));
    assert_eq!(c.send_end(), Ok(()));
    assert_eq!(c.send_end(), Ok(()));
    let sent = transmit(&mut c);
    assert_eq!(sent, b"PUT / HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 5\r\n\r\nabcde");
    assert!(c.send_done());
}

#[test]
fn a_body_of_unknown_length_is_sent_in_chunks() {
    let mut c = Connection::new(Limits::default());
    c.start(&head("POST"), RequestBody::Unknown).unwrap();
    assert_eq!(c.send_data(b""), Ok(0)); // an empty chunk would end the body
    assert_eq!(c.send_data(b"0123456789abcdef!"), Ok(17));
    assert_eq!(c.send_data(b"x"), Ok(1));
    assert_eq!(c.send_end(), Ok(()));
    assert_eq!(c.send_end(), Ok(()));
    assert!(matches!(c.send_data(b"y"), Err(LocalError::InvalidState(_))));
    let sent = transmit(&mut c);
    let body = b"\r\n\r\n11\r\n0123456789abcdef!\r\n1\r\nx\r\n0\r\n\r\n";
    assert!(sent.ends_with(body), "{}", sent.escape_ascii());
    assert!(c.send_done());
}

#[test]
fn the_transmit_buffer_is_bounded() {
    for body in [RequestBody::Length(1 << 20), RequestBody::Unknown] {
        let data = vec![b'x'; 1 << 20];
        let mut c = Connection::new(Limits::default());
        c.start(&head("POST"), body).unwrap();
        let (mut taken, mut sent) = (0, Vec::new());
        while taken < data.len() {
            let n = c.send_data(&data[taken..]).unwrap();
            taken += n;
            assert!(c.tx.len() - c.tx_pos <= TRANSMIT_CAP && c.tx.capacity() <= 2 * TRANSMIT_CAP);
            let part = c.poll_transmit().unwrap();
            let part = &part[..part.len().min(50_000)];
            sent.extend_from_slice(part);
            let n = part.len();
            c.transmitted(n);
        }
        c.send_end().unwrap();
        sent.extend(transmit(&mut c));
        assert!(c.send_done());
        assert_eq!(sent.iter().filter(|&&b| b == b'x').count(), data.len());
    }
}

#[test]
fn a_large_upload_may_go_past_the_buffer() {
    let mut c = Connection::new(Limits::default());
    c.start(&head("PUT"), RequestBody::Length(1000)).unwrap();
    assert!(c.poll_transmit().is_some(), "the head comes first");
    assert_eq!(c.direct_send(), Some(1000));
    assert_eq!(c.send_data(&[b'a'; 100]).unwrap(), 100);
    transmit(&mut c);
    assert_eq!(c.direct_send(), Some(900));
    c.sent_direct(800);
    assert_eq!((c.direct_send(), c.send_done()), (Some(100), false));
    c.sent_direct(100);
    assert_eq!((c.direct_send(), c.send_done()), (None, true));
    c.send_end().unwrap();
    feed(&mut c, OK);
    drain(&mut c);
    assert_eq!(c.reuse(), Ok(()));

    c.recycle().unwrap();
    c.start(&head("PUT"), RequestBody::Unknown).unwrap();
    transmit(&mut c);
    assert_eq!(c.direct_send(), None, "chunks are framed");

    let mut c = Connection::new(Limits::default());
    c.start(&head("PUT"), RequestBody::Length(1000)).unwrap();
    transmit(&mut c);
    feed(&mut c, b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
    drain(&mut c);
    assert_eq!(c.direct_send(), None, "the answer came early");
}

#[test]
fn an_early_response_stops_the_upload() {
    let mut c = Connection::new(Limits::default());
    c.start(&head("POST"), RequestBody::Length(100)).unwrap();
    c.send_data(b"part").unwrap();
    feed(&mut c, b"HTTP/1.1 100 Continue\r\n\r\n");
    drain(&mut c);
    assert!(!c.send_stopped() && c.poll_transmit().is_some());
    feed(&mut c, OK);
    assert_eq!(drain(&mut c), (b"hi".to_vec(), None));
    assert!(c.send_stopped() && c.poll_transmit().is_none() && !c.send_done());
    assert_eq!((c.send_data(b"more"), c.send_end()), (Ok(0), Ok(())));
    assert_eq!(c.reuse(), Err(CloseReason::RequestUnfinished));
    assert_eq!(c.recycle(), Err(CloseReason::RequestUnfinished));
}

#[test]
fn errors_are_final() {
    let mut c = requested(&head("GET"));
    feed(&mut c, b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
    let first = c.poll_event().unwrap_err();
    assert!(matches!(first, RemoteError::InvalidFraming(_)));
    feed(&mut c, OK);
    c.received_eof(Eof::Clean);
    assert_eq!(c.poll_event().unwrap_err(), first);
    assert_eq!(c.reuse(), Err(CloseReason::Broken));
    assert!(!c.response_done());
}

#[test]
fn truncation_tells_how_much_came() {
    let cut = |response: &[u8]| {
        let mut c = requested(&head("GET"));
        feed(&mut c, response);
        c.received_eof(Eof::Abrupt);
        drain(&mut c).1.unwrap()
    };
    assert_eq!(cut(b""), RemoteError::Closed);
    assert_eq!(cut(b"HTTP/1.1 2"), RemoteError::HeadTruncated { received: 10 });
    let after_interim = cut(b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(after_interim, RemoteError::HeadTruncated { received: 25 });
    let truncated = |received, expected| RemoteError::BodyTruncated { received, expected };
    assert_eq!(cut(&OK[..OK.len() - 1]), truncated(1, Some(2)));
    assert_eq!(cut(b"HTTP/1.1 200 OK\r\n\r\nhello"), truncated(5, None));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde";
    assert_eq!(cut(chunked), truncated(5, None));
}

#[test]
fn large_bodies_may_go_past_the_buffer() {
    let mut c = requested(&head("GET"));
    assert_eq!(c.direct_body(), None);
    feed(&mut c, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
    assert!(matches!(c.poll_event(), Ok(Some(Event::Head(_)))));
    assert_eq!((c.direct_body(), c.body_remaining(), c.buffered()), (None, Some(100), 5));
    assert!(matches!(c.poll_event(), Ok(Some(Event::Data(b"first")))));
    assert_eq!((c.direct_body(), c.body_remaining()), (Some(95), Some(95)));
    c.received_direct(90);
    assert!(c.poll_event().unwrap().is_none());
    feed(&mut c, b"later");
    assert_eq!(drain(&mut c), (b"later".to_vec(), None));
    assert_eq!((c.response_done(), c.direct_body(), c.reuse()), (true, None, Ok(())));

    let mut c = requested(&head("GET"));
    feed(&mut c, b"HTTP/1.1 200 OK\r\n\r\n");
    drain(&mut c);
    assert_eq!((c.direct_body(), c.body_remaining()), (Some(u64::MAX), None));
    c.received_direct(7);
    c.received_eof(Eof::Abrupt);
    let truncated = RemoteError::BodyTruncated { received: 7, expected: None };
    assert_eq!(drain(&mut c).1, Some(truncated));

    let mut c = requested(&head("GET"));
    feed(&mut c, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    drain(&mut c);
    assert_eq!(c.direct_body(), None);
}

#[test]
fn a_switched_connection_hands_over_its_bytes() {
    let connect = head("CONNECT");
    let mut c = exchanged(&connect, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntunnel");
    assert!(c.response_done());
    assert_eq!(c.take_switched(), b"tunnel");
    assert_eq!((c.take_switched(), c.buffered()), (Vec::new(), 0));
    assert_eq!(c.reuse(), Err(CloseReason::Switched));

    let mut refused = exchanged(&connect, b"HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\nagain");
    assert_eq!(refused.reuse(), Ok(()));
    assert!(refused.take_switched().is_empty());

    let upgrade = with("GET", &[("Connection", "upgrade"), ("Upgrade", "echo")]);
    let mut c = exchanged(&upgrade, b"HTTP/1.1 101 Switching Protocols\r\n\r\nframes");
    assert_eq!(c.take_switched(), b"frames");
}

#[test]
fn the_hint_is_that_of_the_last_response() {
    let hinted = b"HTTP/1.1 204 No\r\nKeep-Alive: timeout=5, max=7\r\n\r\n";
    let mut c = exchanged(&head("GET"), hinted);
    let hint = KeepAliveHint { timeout: Some(5), max: Some(7) };
    assert_eq!(c.keep_alive_hint(), hint);
    c.recycle().unwrap();
    assert_eq!(c.keep_alive_hint(), hint);
    c.start(&head("GET"), RequestBody::None).unwrap();
    transmit(&mut c);
    feed(&mut c, OK);
    drain(&mut c);
    assert_eq!(c.keep_alive_hint(), KeepAliveHint::default());
}

#[test]
fn small_limits_hold() {
    let limits = Limits { head_bytes: 30, fields: 1 };
    let result = |response: &[u8]| {
        let mut c = Connection::new(limits);
        c.start(&head("GET"), RequestBody::None).unwrap();
        transmit(&mut c);
        feed(&mut c, response);
        drain(&mut c).1
    };
    assert_eq!(result(b"HTTP/1.1 204 No\r\nA: 12345678\r\n\r\n"), bytes_exceeded());
    assert_eq!(result(b"HTTP/1.1 204 No\r\nA: 12345\r\n\r\n"), None);
    let fields = RemoteError::HeadTooLarge { limit: 1, what: "fields" };
    assert_eq!(result(b"HTTP/1.1 204 No\r\nA:1\r\nB:2\r\n\r\n"), Some(fields));
}

#[test]
fn no_limit_lets_a_head_outgrow_its_places() {
    let c = Connection::new(Limits { head_bytes: usize::MAX, fields: usize::MAX });
    assert_eq!(c.limits.head_bytes, 1 << 30);
    assert_eq!(Connection::new(Limits::default()).limits.head_bytes, 64 * 1024);
}

fn bytes_exceeded() -> Option<RemoteError> {
    Some(RemoteError::HeadTooLarge { limit: 30, what: "bytes" })
}

#[test]
fn the_receive_buffer_grows_only_when_it_must() {
    let mut c = requested(&head("GET"));
    let buffer = c.receive_space(0);
    assert_eq!((buffer.len(), buffer.capacity()), (0, RECEIVE_INITIAL));
    feed(&mut c, b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n");
    drain(&mut c);
    for _ in 0..4 {
        feed(&mut c, &[b'z'; 1000]);
        assert_eq!(drain(&mut c).0.len(), 1000);
    }
    assert_eq!((c.rx.capacity(), c.reuse()), (RECEIVE_INITIAL, Ok(())));
    assert!(c.receive_space(20_000).capacity() >= 20_000);
}

#[test]
fn the_form_of_the_target_is_the_route_s() {
    let sent = |method: &str, target: &str, form| {
        let head = RequestHead::new(method, target, "a.example:81").unwrap();
        let mut c = Connection::new(Limits::default());
        c.start_with(&head, RequestBody::None, &Start { form, ..Start::default() }).unwrap();
        let sent = c.poll_transmit().unwrap().to_vec();
        String::from_utf8(sent).unwrap().lines().next().unwrap().to_string()
    };
    let absolute = TargetForm::Absolute("http://a.example:81");
    assert_eq!(sent("GET", "/x?y", TargetForm::Origin), "GET /x?y HTTP/1.1");
    assert_eq!(sent("GET", "/x?y", absolute), "GET http://a.example:81/x?y HTTP/1.1");
    assert_eq!(sent("OPTIONS", "*", TargetForm::Origin), "OPTIONS * HTTP/1.1");
    assert_eq!(sent("OPTIONS", "*", absolute), "OPTIONS http://a.example:81 HTTP/1.1");
}

#[test]
fn an_upload_that_is_given_up_ends_the_connection_but_not_its_answer() {
    let head = RequestHead::new("POST", "/", "a").unwrap();
    let mut c = Connection::new(Limits::default());
    c.start(&head, RequestBody::Length(5)).unwrap();
    let n = c.poll_transmit().unwrap().len();
    c.transmitted(n);
    c.stop_sending();
    assert!(c.send_stopped() && c.poll_transmit().is_none());
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    c.receive_space(answer.len()).extend_from_slice(answer);
    c.received(answer.len());
    assert!(matches!(c.poll_event(), Ok(Some(Event::Head(_)))));
    assert!(matches!(c.poll_event(), Ok(Some(Event::End))));
    assert_eq!(c.reuse(), Err(CloseReason::RequestUnfinished));

    // One that is whole is not given up.
    let mut c = Connection::new(Limits::default());
    c.start(&RequestHead::new("GET", "/", "a").unwrap(), RequestBody::None).unwrap();
    let n = c.poll_transmit().unwrap().len();
    c.transmitted(n);
    c.stop_sending();
    assert!(!c.send_stopped());
}

#[test]
fn a_proxy_s_own_word_ends_a_forwarded_exchange_and_no_other() {
    let head = RequestHead::new("GET", "/", "a").unwrap();
    for (form, reuse) in [
        (TargetForm::Origin, Ok(())),
        (TargetForm::Absolute("http://a"), Err(CloseReason::ResponseSaidClose)),
    ] {
        let mut connection = Connection::new(Limits::default());
        connection
            .start_with(&head, RequestBody::None, &Start { form, ..Start::default() })
            .unwrap();
        connection.send_end().unwrap();
        let sent = connection.poll_transmit().unwrap().len();
        connection.transmitted(sent);
        let answer = b"HTTP/1.1 204 No Content\r\nProxy-Connection: close\r\n\r\n";
        connection.receive_space(answer.len()).extend_from_slice(answer);
        connection.received(answer.len());
        while connection.poll_event().unwrap().is_some() {}
        assert_eq!(connection.reuse(), reuse, "{form:?}");
    }
}
