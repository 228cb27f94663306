//! What a server sees when its connections are closed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::common::*;
use keepalive_core::*;

/// Answers one request on one connection, then does `after` with it.
fn server<T: Send + 'static>(
    after: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).expect("a request") > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").expect("sent");
        after(stream)
    });
    (url, thread)
}

#[test]
fn a_servers_last_bytes_are_read_and_do_not_turn_into_a_reset() {
    let (url, thread) = server(|mut stream| {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).expect("a FIN"), 0);
        for _ in 0..10 {
            // A reset by the first would fail the next.
            stream.write_all(&[b'x'; 1000])?;
        }
        stream.shutdown(std::net::Shutdown::Write)?;
        stream.take_error().map(|error| assert!(error.is_none(), "{error:?}"))
    });
    let client = client(|_| {});
    get(&client, &url);
    client.close();
    thread.join().expect("no panic").expect("no reset");
}

#[test]
fn a_server_that_does_not_close_is_not_waited_for() {
    let (url, thread) = server(|mut stream| {
        let (mut byte, mut count) = ([0], 0);
        assert_eq!(stream.read(&mut byte).expect("a FIN"), 0);
        // Until the connection is gone for good.
        while stream.write_all(&[b'x'; 1000]).is_ok() && count < 100_000 {
            count += 1;
        }
        count
    });
    let client = client(|config| config.idle_timeout = Some(Duration::from_millis(20)));
    get(&client, &url);
    assert!(thread.join().expect("no panic") < 100_000, "a reset in the end");
    assert_eq!(closed(&client.stats(), "idle_timeout"), 1);
}

#[test]
fn requests_under_way_finish_after_close_and_waiting_ones_fail() {
    let origin = origin();
    let client = client(|config| config.max_per_host = 1);
    let queue = Queue::new(|| {});
    let request = |path: &str| get_request(&format!("{}{path}", origin.http()));
    client.submit(request("/gate/end"), Until::Body, &queue, 1).expect("submitted");
    assert!(origin.wait_at_gate("end", 1, Duration::from_secs(5)));
    client.submit(request("/ok"), Until::Body, &queue, 2).expect("submitted");
    eventually(&client, |stats| stats.waiting == 1);
    client.close();
    let next = || {
        let Completion { token, outcome } = completion(&queue);
        (token, response(outcome).map(|response| response.status()).map_err(|error| error.kind()))
    };
    assert_eq!(next(), (2, Err(ErrorKind::InvalidState)));
    assert!(client.submit(request("/ok"), Until::Body, &queue, 3).is_err());
    assert!(origin.open_gate("end", Duration::from_secs(5)));
    assert_eq!(next(), (1, Ok(200)));
    assert!(origin.wait_for_open(0, Duration::from_secs(5)));
    assert_eq!(closed(&client.stats(), "client_closed"), 1);
}
