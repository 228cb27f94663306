//! Retries, their budget, the circuit breaker, redirects and pre-connecting.

use std::time::Duration;

use crate::common::*;
use keepalive_core::*;

fn send(client: &Client, method: &str, url: &str) -> Result<Response> {
    client.send_whole(&Request::new(method, url)?, Blocking::default())
}

#[test]
fn a_replayable_request_is_tried_again_as_often_as_asked_for() {
    let origin = origin();
    let client = client(|config| config.retries = 2);
    let url = format!("{}/flaky?key=get&times=2&how=fin", origin.http());
    let response = send(&client, "GET", &url).expect("the third try");
    assert_eq!((response.status(), response.info().retries), (200, 2));
    assert_eq!(origin.journal("get").len(), 3);
    assert_eq!(client.stats().retried, 2);

    let url = format!("{}/flaky?key=post&times=1&how=fin", origin.http());
    let mut request = Request::new("POST", &url).expect("a request");
    request.set_body("x");
    let error = client.send(&request, Blocking::default()).err().expect("no second try");
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert_eq!(origin.journal("post").len(), 1);
}

#[test]
fn statuses_are_retried_and_the_last_one_is_the_answer() {
    let origin = origin();
    for retry_budget in [0, 20, 100] {
        let client = client(|config| {
            config.retries = 3;
            config.retry_budget = retry_budget;
        });
        let key = format!("busy-{retry_budget}");
        let url = format!("{}/status/503?key={key}", origin.http());
        let response = send(&client, "GET", &url).expect("a response");
        assert_eq!((response.status(), response.info().retries), (503, 3));
        assert_eq!(origin.journal(&key).len(), 4);
    }
}

#[test]
fn an_error_says_how_many_tries_were_made() {
    let refused = script(|_, _| Vec::new());
    for (retries, tries) in [(0, 1), (2, 3)] {
        let client = client(|config| config.retries = retries);
        let error = send(&client, "GET", &refused.url).err().expect("refused");
        assert_eq!(error.tries(), tries, "{error}");
        let text = format!("{tries} tries were made");
        assert_eq!(error.message().contains(&text), tries > 1, "{error}");
    }
    assert_eq!(refused.count(), 4);
}

#[test]
fn a_retry_after_that_is_too_long_returns_the_response_at_once() {
    let text = |after: &str| {
        format!("HTTP/1.1 503 X\r\nRetry-After: {after}\r\nContent-Length: 0\r\n\r\n")
    };
    for after in [
        "86400",
        "31",
        "18446744073709551615",
        "99999999999999999999",
        "Thu, 31 Dec 2899 23:59:59 GMT",
    ] {
        let answer = text(after).into_bytes();
        let busy = script(move |_, _| answer.clone());
        let client = client(|config| config.retries = 3);
        let response = send(&client, "GET", &busy.url).expect("a response");
        assert_eq!((response.status(), response.info().retries), (503, 0), "{after}");
        assert_eq!(busy.count(), 1);
    }
    // One within the limit is waited for, here up to a shorter one of the client's own.
    let busy = script(move |_, _| text("1").into_bytes());
    let client = client(|config| {
        config.retries = 1;
        config.retry_max_wait = Some(Duration::from_millis(999));
    });
    send(&client, "GET", &busy.url).expect("a response");
    assert_eq!(busy.count(), 1);
}

#[test]
fn an_error_names_the_system_call_and_the_address() {
    let client = client(|_| {});
    let listener = listen();
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = send(&client, "GET", &format!("http://{address}")).err().expect("refused");
    assert_eq!((error.syscall(), error.address()), (Some("connect"), Some(address)));
    assert!(error.os_errno().is_some());
    let error = send(&client, "GET", "http://name.invalid/").err().expect("no such name");
    assert_eq!((error.syscall(), error.address()), (Some("getaddrinfo"), None));
    let closing = script(|_, _| Vec::new());
    let error = send(&client, "GET", &closing.url).err().expect("closed");
    assert_eq!(error.address().map(|address| format!("http://{address}")), Some(closing.url));
}

#[test]
fn a_pause_that_outlasts_the_deadline_is_not_begun() {
    let origin = origin();
    let client = client(|config| {
        config.retries = 3;
        config.total_timeout = Some(Duration::ZERO);
    });
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let error = send(&client, "GET", &url).err().expect("too late");
    assert_eq!(error.kind(), ErrorKind::TotalTimeout);
    drop(origin);
}

#[test]
fn the_breaker_opens_for_every_client_and_says_when_the_next_probe_is() {
    let origin = origin();
    let first = client(|config| config.circuit_breaker = true);
    let url = format!("{}/status/500?key=down", origin.http());
    for _ in 0..20 {
        assert_eq!(send(&first, "GET", &url).expect("a response").status(), 500);
    }
    let second = client(|config| config.circuit_breaker = true);
    for client in [&first, &second] {
        let error = send(client, "GET", &url).err().expect("open");
        assert_eq!(error.kind(), ErrorKind::CircuitOpen);
        assert!(error.message().contains("next probe in"), "{error}");
    }
    assert_eq!(first.stats().origins[0].breaker, "open");
    assert_eq!(origin.journal("down").len(), 20);
    second.reset_breaker(&url).expect("a URL");
    assert_eq!(send(&first, "GET", &url).expect("a response").status(), 500);
}

#[test]
fn the_service_profile_has_its_numbers_and_another_is_refused() {
    let service = ClientConfig::profile("service").expect("known");
    assert_eq!(service.total_timeout, Some(Duration::from_secs(5)));
    assert_eq!((service.retries, service.circuit_breaker), (2, true));
    let error = ClientConfig::profile("srvice").expect_err("unknown");
    assert!(error.message().contains("\"srvice\""), "{error}");
}

#[test]
fn warm_opens_what_is_missing_and_no_more() {
    let origin = origin();
    let client = client(|config| config.max_per_host = 6);
    let opened = |count| client.warm(origin.http(), count, Blocking::default());
    assert_eq!(opened(4).expect("opened"), 4);
    assert_eq!(opened(4).expect("opened"), 0);
    assert_eq!(opened(50).expect("opened"), 2);
    assert_eq!(client.stats().idle, 6);
    // It was opened before, so opening it is no part of this exchange.
    let first = send(&client, "GET", &format!("{}/ok", origin.http())).expect("ok");
    let (reused, timings) = (first.info().reused, first.timings());
    assert!(!reused && timings.connect.is_zero() && timings.resolve.is_zero(), "{timings:?}");
    assert_eq!(client.stats().opened, 6);
    client.network_changed();
    assert_eq!(client.stats().idle, 0);
}

#[test]
fn warm_on_the_engine_says_how_many_or_why_not() {
    let origin = origin();
    let client = client(|_| {});
    let queue = Queue::new(|| {});
    let next = || {
        let Completion { token, outcome } = completion(&queue);
        let Outcome::Warmed(result) = outcome else { panic!("not of warm") };
        (token, result.map_err(|error| error.kind()))
    };
    client.submit_warm(origin.http(), 3, &queue, 1).expect("submitted");
    assert_eq!(next(), (1, Ok(3)));
    assert_eq!(client.stats().idle, 3);
    let listener = listen();
    let closed = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    client.submit_warm(&closed, 1, &queue, 2).expect("submitted");
    assert_eq!(next(), (2, Err(ErrorKind::ConnectFailed)));
    assert!(client.submit_warm("nowhere", 1, &queue, 3).is_err());
}

#[test]
fn a_warmed_connection_keeps_the_idle_limit() {
    let origin = origin();
    let client = client(|config| config.idle_timeout = Some(Duration::from_millis(200)));
    client.warm(origin.http(), 3, Blocking::default()).expect("opened");
    let stats = eventually(&client, |stats| closed(stats, "idle_timeout") == 3);
    assert_eq!((stats.idle, stats.closed.len()), (0, 1));
}

#[test]
fn redirects_are_followed_when_asked_for() {
    let origin = origin();
    let client = client(|config| config.max_redirects = 3);
    let to = |code: u16, n: u32| format!("{}/redirect/{code}?n={n}&to=/echo", origin.http());
    let follow = |method: &str, url: &str| {
        let mut request = Request::new(method, url).expect("a request");
        request.set_follow_redirects(true);
        if method == "POST" {
            request.set_body("body");
            request.add_header(b"Content-Type", b"text/plain").expect("a header");
        }
        request.add_header(b"Authorization", b"secret").expect("a header");
        client.send_whole(&request, Blocking::default())
    };
    for (code, method) in [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
        let response = follow("POST", &to(code, 0)).expect("followed");
        assert_eq!(response.info().redirects, 1, "{code}");
        assert!(response.url().ends_with("/echo"), "{}", response.url());
        let echo = text(response);
        assert!(echo.contains(&format!("\"method\":\"{method}\"")), "{code}: {echo}");
        assert_eq!(echo.contains("Content-Type"), method == "POST", "{code}: {echo}");
        assert!(echo.contains("secret"), "same origin: {echo}");
    }
    let error = follow("GET", &to(302, 5)).err().expect("too many");
    assert_eq!(error.kind(), ErrorKind::TooManyRedirects);

    let other = crate::common::origin();
    let away = format!("{}/redirect/302?to={}/echo", origin.http(), other.http());
    assert!(!text(follow("GET", &away).expect("followed")).contains("secret"));
}
