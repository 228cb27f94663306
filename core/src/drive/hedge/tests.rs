use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::config::ClientConfig;
use crate::drive::wait::blocking::Blocking;
use crate::request::Request;

/// Answers at once; `/slow` after 200 ms.
fn serve(mut stream: TcpStream) {
    let mut request = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut request) {
        if request[..count].starts_with(b"GET /slow") {
            std::thread::sleep(Duration::from_millis(200));
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
}

#[test]
fn second_tries_are_paid_from_the_retry_budget() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || serve(stream.expect("a connection")));
        }
    });
    let config = ClientConfig { hedge: true, retry_budget: 0, ..ClientConfig::default() };
    let client = Client::new(config).expect("a client");
    let get = |path: &str| {
        let request = Request::new("GET", &format!("{url}{path}")).expect("a request");
        client.send_whole(&request, Blocking::default()).expect("a response")
    };
    client.warm(&url, 2, Blocking::default()).expect("opened");
    (0..20).for_each(|_| drop(get("/")));
    let origin = Request::new("GET", &url).expect("a request").target.origin;
    let memory = crate::process::process().origins.of(&origin);
    assert!(get("/slow").info().hedged);
    client.warm(&url, 2, Blocking::default()).expect("opened");
    // Of an hour ahead, so that none comes back meanwhile.
    let ahead = Instant::now() + Duration::from_secs(3600);
    while memory.budget.spend(ahead, 0) {}
    assert!(!get("/slow").info().hedged);
    assert_eq!(client.stats().hedged, 1);
}

#[test]
fn what_may_switch_protocols_is_sent_once() {
    let config = ClientConfig { hedge: true, ..ClientConfig::default() };
    let mut request = Request::new("GET", "http://a/").expect("a request");
    assert!(super::allowed(&config, &request));
    request.add_header(b"Upgrade", b"echo").expect("a field");
    assert!(!super::allowed(&config, &request));
}
