//! Second tries: when, where, and what becomes of the one that loses.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::common::*;
use keepalive_core::*;

/// Answers at once, except: `/slow` after 200 ms; `/late` and `/twice` by whether the connection is the
/// one that was used last, which is where a first try goes (two tries may arrive in either order). A
/// first try of `/late` is never answered, a first try of `/twice` once the second has come, a second
/// try of `/late` at once and of `/twice` never.
struct Server {
    url: String,
}

#[derive(Default)]
struct State {
    /// Requests for `/late` and `/twice`.
    count: Mutex<usize>,
    came: Condvar,
    /// The connection that carried the last other request.
    last: AtomicUsize,
}

impl State {
    fn arrived(&self) {
        *self.count.lock().expect("no panic") += 1;
        self.came.notify_all();
    }

    fn wait_for(&self, least: usize) {
        let count = self.count.lock().expect("no panic");
        drop(self.came.wait_while(count, |count| *count < least).expect("no panic"));
    }
}

impl Server {
    fn start() -> Server {
        let listener = listen();
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(State::default());
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (stream, state) = (stream.expect("a connection"), shared.clone());
                std::thread::spawn(move || serve(stream, number, &state));
            }
        });
        Server { url }
    }

    /// A client with two idle connections that knows how fast the server is, and has not hedged yet.
    fn client(&self, change: impl FnOnce(&mut ClientConfig)) -> Client {
        let client = client(|config| {
            config.hedge = true;
            change(config);
        });
        client.warm(&self.url, 2, Blocking::default()).expect("opened");
        for _ in 0..20 {
            assert!(!get(&client, &self.url).info().hedged, "not before 20 answers are known");
        }
        client
    }

    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("{}{path}", self.url)).expect("a request")
    }
}

fn serve(mut stream: TcpStream, number: usize, state: &State) {
    let mut request = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut request) {
        let text = String::from_utf8_lossy(&request[..count]).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default();
        let answers = match path {
            "/late" => {
                state.arrived();
                state.last.load(Ordering::SeqCst) != number
            }
            "/twice" => {
                state.arrived();
                let is_first = state.last.load(Ordering::SeqCst) == number;
                if is_first {
                    state.wait_for(2);
                }
                is_first
            }
            "/slow" => {
                std::thread::sleep(Duration::from_millis(200));
                true
            }
            _ => {
                state.last.store(number, Ordering::SeqCst);
                true
            }
        };
        if answers {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    }
}

/// Sends in both ways.
fn send(client: &Client, request: &Request, submit: bool) -> Response {
    if !submit {
        return client.send_whole(request, Blocking::default()).expect("a response");
    }
    crate::common::submit(client, request.clone(), Until::Body).expect("a response")
}

#[test]
fn a_late_answer_is_overtaken_by_a_second_try_on_an_idle_connection() {
    for submit in [false, true] {
        let server = Server::start();
        let client = server.client(|_| {});
        let response = send(&client, &server.request("GET", "/late"), submit);
        let info = response.info();
        assert!(info.hedged && info.hedge_won, "{info:?}");
        let stats = eventually(&client, |stats| stats.active == 0);
        assert_eq!((stats.hedged, stats.opened, stats.idle), (1, 2, 1));
        assert_eq!(closed(&stats, "hedge_lost"), 1);
        assert_eq!(get(&client, &server.url).info().connection_id, info.connection_id);
    }
}

#[test]
fn the_first_try_may_still_win() {
    for submit in [false, true] {
        let server = Server::start();
        let client = server.client(|_| {});
        let response = send(&client, &server.request("GET", "/twice"), submit);
        let info = response.info();
        assert!(info.hedged && !info.hedge_won && info.reused, "{info:?}");
        assert_eq!(closed(&client.stats(), "hedge_lost"), 1);
    }
}

#[test]
fn what_may_not_be_repeated_is_sent_once() {
    let server = Server::start();
    let client = server.client(|_| {});
    let mut post = server.request("POST", "/slow");
    post.set_body("x");
    assert!(!send(&client, &post, true).info().hedged);
    post = server.request("POST", "/late");
    post.set_body("x");
    post.add_header(b"Idempotency-Key", b"1").expect("a header");
    let response = send(&client, &post, true);
    assert!(response.info().hedge_won, "{:?} {:?}", response.info(), client.stats());
}

#[test]
fn nothing_is_dialled_for_a_second_try() {
    let server = Server::start();
    let client = server.client(|config| config.max_per_host = 1);
    assert!(!send(&client, &server.request("GET", "/slow"), false).info().hedged);
    assert_eq!((client.stats().opened, client.stats().hedged), (1, 0));
}

#[test]
fn nothing_is_hedged_unless_asked_for() {
    let server = Server::start();
    let client = server.client(|config| config.hedge = false);
    assert!(!send(&client, &server.request("GET", "/slow"), false).info().hedged);
}

#[test]
fn an_interrupt_ends_a_hedged_call() {
    let server = Server::start();
    let client = server.client(|config| config.max_per_host = 1);
    let mut interrupt = || true;
    let request = server.request("GET", "/late");
    let error = client.send(&request, Blocking::interruptible(&mut interrupt)).err();
    assert_eq!(error.expect("interrupted").kind(), ErrorKind::Interrupted);
    let stats = eventually(&client, |stats| stats.active == 0);
    assert_eq!(closed(&stats, "abandoned"), 1);
}
