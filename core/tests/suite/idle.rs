//! What happens to connections between requests, without any caller doing anything.

use std::time::Duration;

use crate::common::*;
use keepalive_core::*;

#[test]
fn an_end_a_reset_or_a_stray_byte_on_an_idle_connection_is_seen_without_a_call() {
    for (path, reason) in
        [("close-idle", "idle_eof"), ("reset-idle", "idle_reset"), ("stray-idle", "stray_bytes")]
    {
        // Its own origin each: what one server does to idle connections is remembered.
        let (origin, client) = (origin(), client(|_| {}));
        get(&client, &format!("{}/{path}?gate={path}", origin.http()));
        assert_eq!(client.stats().idle, 1);
        assert!(origin.open_gate(path, Duration::from_secs(5)));
        let stats = eventually(&client, |stats| closed(stats, reason) == 1 && stats.active == 0);
        assert_eq!((stats.idle, stats.stale), (0, 1), "{path}: {stats:?}");
    }
}

#[test]
fn a_connection_found_dead_at_checkout_is_replaced_at_once() {
    let origin = origin();
    let client = client(|_| {});
    for path in ["close-idle", "reset-idle", "stray-idle"] {
        let gate = format!("dead-{path}");
        let first = get(&client, &format!("{}/{path}?gate={gate}", origin.http()));
        assert!(origin.open_gate(&gate, Duration::from_secs(5)));
        let mut next = get(&client, &format!("{}/ok", origin.http()));
        assert_ne!(next.info().connection_id, first.info().connection_id, "{path}");
        assert_eq!(&next.read_all(Blocking::default()).expect("a body")[..], b"ok");
        client.close_idle();
    }
}

#[test]
fn idle_limits_come_from_the_option_and_from_the_server() {
    let origin = origin();
    let short = client(|config| config.idle_timeout = Some(Duration::from_millis(300)));
    get(&short, &format!("{}/ok", origin.http()));
    let stats = eventually(&short, |stats| closed(stats, "idle_timeout") == 1);
    assert_eq!(stats.idle, 0);

    // 1 s minus the margin of 1 s: still used for what follows at once, and then given up.
    let hinted = client(|_| {});
    for round in 0..3 {
        let response = get(&hinted, &format!("{}/keepalive?timeout=1", origin.http()));
        assert_eq!(response.info().reused, round > 0);
    }
    let stats = eventually(&hinted, |stats| closed(stats, "idle_timeout") == 1);
    assert_eq!(stats.idle, 0);
    // What one of its servers says does not bind the connections to the others.
    let other = client(|_| {});
    get(&other, &format!("{}/ok", origin.http()));
    get(&other, &format!("{}/ok", origin.http()));
    assert_eq!(other.stats().reused, 1);

    let limited = client(|_| {});
    for round in 0..4 {
        let response = get(&limited, &format!("{}/keepalive?timeout=60&max=2", origin.http()));
        assert_eq!(response.info().reused, round % 2 == 1);
    }
    // The last request the server allows says so, and the server closes.
    let stats = limited.stats();
    assert_eq!(closed(&stats, "request_said_close"), 2);
}

#[test]
fn max_age_retires_a_connection() {
    let origin = origin();
    let client = client(|config| config.max_age = Some(Duration::from_millis(1)));
    get(&client, &format!("{}/slow-head?ms=5", origin.http()));
    let stats = client.stats();
    assert_eq!((stats.idle, closed(&stats, "max_age")), (0, 1));
}

#[test]
fn an_unread_small_body_gives_its_connection_back_and_a_large_one_does_not() {
    let origin = origin();
    let client = client(|config| config.drain_timeout = None);
    for (size, reason) in [(200_000, None), (20_000_000, Some("abandoned"))] {
        let request = Request::new("GET", &format!("{}/bytes/{size}", origin.http()));
        let response = client.send(&request.expect("a request"), Blocking::default());
        drop(response.expect("a response"));
        let stats = eventually(&client, |stats| stats.active == 0);
        assert_eq!(stats.idle, u64::from(reason.is_none()), "{stats:?}");
        assert_eq!(reason.map_or(0, |reason| closed(&stats, reason)), u64::from(reason.is_some()));
    }
}

#[test]
fn closing_a_client_closes_its_connections_and_refuses_more() {
    let origin = origin();
    let client = client(|_| {});
    get(&client, &format!("{}/ok", origin.http()));
    assert!(origin.wait_for_open(1, Duration::from_secs(5)));
    client.close();
    assert!(origin.wait_for_open(0, Duration::from_secs(5)));
    let request = Request::new("GET", &format!("{}/ok", origin.http())).expect("a request");
    let error = client.send(&request, Blocking::default()).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidState);
}

#[test]
fn dropping_a_client_leaves_no_connection() {
    let origin = origin();
    let client = client(|_| {});
    get(&client, &format!("{}/ok", origin.http()));
    drop(client);
    assert!(origin.wait_for_open(0, Duration::from_secs(5)));
}

#[test]
fn an_early_answer_stops_the_upload() {
    let origin = origin();
    let client = client(|_| {});
    let mut request =
        Request::new("POST", &format!("{}/early?status=413", origin.http())).expect("a request");
    request.set_body(vec![b'x'; 30_000_000]);
    let response = client.send_whole(&request, Blocking::default()).expect("the answer");
    assert_eq!(response.status(), 413);
    assert_eq!(client.stats().idle, 0);
}

#[test]
fn waiting_for_a_connection_is_bounded_in_time_and_number() {
    let origin = origin();
    let client = client(|config| {
        config.max_per_host = 1;
        config.queue_limit = 1;
        config.queue_timeout = Some(Duration::from_millis(50));
    });
    let queue = Queue::new(|| {});
    let held = Request::new("GET", &format!("{}/gate/held", origin.http())).expect("a request");
    client.submit(held.clone(), Until::Body, &queue, 1).expect("submitted");
    assert!(origin.wait_at_gate("held", 1, Duration::from_secs(5)));
    let error = client.send(&held, Blocking::default()).err().expect("no connection");
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    assert!(error.message().contains("50 ms"), "{error}");

    let mut patient = held.clone();
    patient.set_timeouts(Timeouts { queue: Some(None), ..Timeouts::default() });
    client.submit(patient, Until::Body, &queue, 2).expect("submitted");
    eventually(&client, |stats| stats.waiting == 1);
    let error = client.send(&held, Blocking::default()).err().expect("no room");
    assert_eq!(error.kind(), ErrorKind::QueueFull);
    origin.open_gate("held", Duration::from_secs(5));
}

#[test]
fn a_refused_connection_and_an_unknown_name_say_so() {
    let client = client(|_| {});
    let listener = listen();
    let address = listener.local_addr().expect("an address");
    drop(listener);
    for (url, kind, text) in [
        (format!("http://{address}/"), ErrorKind::ConnectFailed, address.to_string()),
        (
            "http://no-such-host.invalid/".into(),
            ErrorKind::ResolveFailed,
            "no-such-host.invalid".into(),
        ),
    ] {
        let request = Request::new("GET", &url).expect("a request");
        let error = client.send(&request, Blocking::default()).err().expect("an error");
        assert_eq!(error.kind(), kind);
        assert!(error.message().contains(&text), "{error}");
        assert!(error.retry_safe());
    }
    assert_eq!(client.stats().dialing, 0);
}

#[test]
fn the_servers_idle_limit_is_shown_with_its_source() {
    let origin = origin();
    let client = client(|_| {});
    get(&client, &format!("{}/keepalive?timeout=9", origin.http()));
    let stats = client.stats();
    let [only] = &stats.origins[..] else { panic!("{stats:?}") };
    assert_eq!(only.origin, origin.http());
    assert_eq!((only.idle_limit, only.idle_limit_source), (Some(Duration::from_secs(8)), "hint"));
}

#[test]
fn the_servers_idle_limit_is_learnt_from_its_ends() {
    let origin = origin();
    let client = client(|_| {});
    get(&client, &format!("{}/close-idle?ms=400", origin.http()));
    let stats = eventually(&client, |stats| closed(stats, "idle_eof") == 1);
    let [only] = &stats.origins[..] else { panic!("{stats:?}") };
    assert_eq!(only.idle_limit_source, "learnt");
    let limit = only.idle_limit.expect("a limit");
    assert!(limit > Duration::from_millis(300) && limit < Duration::from_secs(5), "{limit:?}");
}
