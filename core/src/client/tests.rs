//! What no surface shows yet: roads, connections that are taken over, processes side by side.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::error::ErrorKind;
use crate::origin::route::{Address, Road, Route, Source, TlsIdentity};

/// Request lines, each with the number of the connection that it came on.
type Seen = Arc<Mutex<Vec<(usize, String)>>>;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Answers each request of a stream with `answer`.
fn serve(stream: impl Read + Write, number: usize, seen: &Seen, answer: &[u8]) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let line = head.lines().next().unwrap_or_default().to_string();
        seen.lock().unwrap().push((number, line));
        if stream.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}

fn tcp(answer: &'static [u8]) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let seen = Seen::default();
    let log = seen.clone();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let log = log.clone();
            std::thread::spawn(move || serve(stream.expect("a stream"), number, &log, answer));
        }
    });
    (address, seen)
}

fn request(url: &str, options: &[(&str, &str)]) -> Request {
    let mut request = Request::new("GET", url).expect("a request");
    for (name, value) in options {
        request.set_option(name, Some(value)).expect("an option");
    }
    request
}

fn send(client: &Client, url: &str, options: &[(&str, &str)]) -> Response {
    client.send_whole(&request(url, options), Blocking::default()).expect("a response")
}

#[test]
fn two_routes_never_share_a_connection_and_one_route_does() {
    let (address, seen) = tcp(OK);
    let dir = std::env::temp_dir().join(format!("keepalive-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    let path = dir.join("roads");
    let _ = std::fs::remove_file(&path);
    let unix = UnixListener::bind(&path).expect("a socket");
    let log = seen.clone();
    std::thread::spawn(move || {
        for (number, stream) in unix.incoming().enumerate() {
            let log = log.clone();
            std::thread::spawn(move || serve(stream.expect("a stream"), 100 + number, &log, OK));
        }
    });
    let socket = path.to_str().expect("text");
    let elsewhere = format!("::127.0.0.1:{}", address.port());
    let proxy = format!("http://{address}");
    let with_login = format!("http://us:er@{address}");
    let roads: [&[(&str, &str)]; 7] = [
        &[],
        &[("local_address", "127.0.0.1")],
        &[("local_address", "127.0.0.2")],
        &[("connect_to", &elsewhere)],
        &[("unix_socket", socket)],
        &[("proxy", &proxy)],
        &[("proxy", &with_login)],
    ];
    let client = Client::new(ClientConfig::default()).expect("a client");
    let url = format!("http://127.0.0.1:{}/x", address.port());
    let mut first = Vec::new();
    for road in &roads {
        let info = send(&client, &url, road).info().clone();
        assert!(!info.reused, "{road:?}");
        first.push(info.connection_id);
    }
    // Each finds its own again, whatever order they come in.
    for at in [3, 0, 6, 5, 1, 4, 2] {
        let info = send(&client, &url, roads[at]).info().clone();
        assert_eq!((info.reused, info.connection_id), (true, first[at]), "{:?}", roads[at]);
    }
    let seen = seen.lock().unwrap();
    let absolute = format!("GET {url} HTTP/1.1");
    for (at, (_, line)) in seen.iter().enumerate() {
        let road = if at < roads.len() { at } else { [3, 0, 6, 5, 1, 4, 2][at - roads.len()] };
        let forwarded = road >= 5;
        let expected = if forwarded { &*absolute } else { "GET /x HTTP/1.1" };
        assert_eq!(line, expected, "{:?}", roads[road]);
    }
    assert_eq!(seen.iter().filter(|(number, _)| *number >= 100).count(), 2);
    // One origin, whatever the roads to it; what a proxy forwards is the proxy's, and it is the same
    // place here.
    assert_eq!(client.stats().origins.len(), 1);
    assert_eq!(client.stats().idle, roads.len() as u64);
    std::fs::remove_dir_all(&dir).expect("removed");
}

fn own_tls() -> TlsIdentity {
    let settings = TlsSettings::new(&ClientConfig::default(), &process().tls);
    TlsIdentity(Some(Arc::new(settings.expect("settings"))))
}

#[test]
fn routes_are_told_apart_by_each_of_their_parts() {
    let origin = |host: &str| Request::new("GET", host).expect("a request").target.origin;
    let road = |change: fn(&mut Road)| {
        let mut road = Road::default();
        change(&mut road);
        road
    };
    let parts = [
        Road::default(),
        road(|road| road.tls = own_tls()),
        road(|road| road.tls = own_tls()),
        road(|road| road.address = Address::Other("a".into(), 80)),
        road(|road| road.address = Address::Other("a".into(), 81)),
        road(|road| road.address = Address::Unix(std::path::Path::new("/a").into())),
        road(|road| road.address = Address::Unix(std::path::Path::new("/b").into())),
        road(|road| {
            road.source = Some(Arc::new(Source { interface: Some("a".into()), address: None }))
        }),
    ];
    let by = |road: &Road, origin: &Arc<crate::origin::Origin>| {
        let road = Some(Arc::new(road.clone())).filter(|road| **road != Road::default());
        Route::by(road, origin)
    };
    let routes: Vec<Route> = [origin("http://a/"), origin("http://b/"), origin("https://a/")]
        .iter()
        .flat_map(|origin| parts.iter().map(|road| by(road, origin)))
        .collect();
    for (at, one) in routes.iter().enumerate() {
        for (other_at, other) in routes.iter().enumerate() {
            assert_eq!(one == other, at == other_at, "{one:?} {other:?}");
        }
    }
    assert_eq!(Route::direct(routes[0].origin.clone()), routes[0]);
}

#[test]
fn a_missing_socket_is_named() {
    let client = Client::new(ClientConfig::default()).expect("a client");
    let url = "http+unix://%2Fnowhere%2Fsocket/x";
    let error = client.send(&request(url, &[]), Blocking::default()).err().expect("no socket");
    assert!(error.message().contains("/nowhere/socket"), "{error}");
    for (path, shown) in [("/nowhere/socket", "/nowhere/socket"), ("@nobody is here", "@nobody")] {
        let request = request("http://a/", &[("unix_socket", path)]);
        let error = client.send(&request, Blocking::default()).err().expect("no socket");
        assert_eq!(error.kind(), ErrorKind::ConnectFailed);
        assert!(error.message().contains(shown), "{error}");
    }
}

fn taken_over(request: &Request, answer: &'static [u8], status: u16) {
    let (address, _) = tcp(answer);
    let mut request = request.clone();
    let elsewhere = format!("::127.0.0.1:{}", address.port());
    request.set_option("connect_to", Some(&elsewhere)).expect("an option");
    let client = Client::new(ClientConfig::default()).expect("a client");
    let mut response = client.send(&request, Blocking::default()).expect("a response");
    assert_eq!((response.status(), response.is_complete()), (status, true));
    assert_eq!(client.stats().active, 1, "the response has it");
    let stream = response.take_stream().expect("switched");
    let error = response.take_stream().err().expect("once");
    assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidState, TAKEN));
    assert_eq!(client.stats().active, 0, "its place in the pool is free");
    assert_eq!(client.stats().closed, [("switched", 1)]);
    assert_eq!(stream.pending(), b"first".len());
    let read = |buffer: &mut [u8]| stream.read(buffer, Blocking::default()).expect("read");
    let mut first = [0; 16];
    assert_eq!((read(&mut first), &first[..5]), (5, &b"first"[..]));
    // The rest of the connection is the holder's: the server answers what is written to it.
    stream.write(b"GET / HTTP/1.1\r\n\r\n", Blocking::default()).expect("written");
    let mut came = vec![0; answer.len()];
    let mut count = 0;
    while count < came.len() {
        count += read(&mut came[count..]);
    }
    assert_eq!(came, answer);
}

const TAKEN: &str = "the response's stream was taken before, or closed";

#[test]
fn a_101_hands_its_connection_over_with_what_was_read_beyond_the_head() {
    let mut request = Request::new("GET", "http://a/chat").expect("a request");
    request.add_header(b"Connection", b"upgrade").expect("a field");
    request.add_header(b"Upgrade", b"echo").expect("a field");
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\
        Upgrade: echo\r\n\r\nfirst";
    taken_over(&request, answer, 101);
}

#[test]
fn a_2xx_to_connect_hands_its_connection_over_with_what_was_read_beyond_the_head() {
    let request = Request::new("CONNECT", "http://a/b:443").expect("a request");
    taken_over(&request, b"HTTP/1.1 200 Connected\r\n\r\nfirst", 200);
}

#[test]
fn a_101_that_nobody_takes_over_is_closed_for_what_it_is() {
    let (address, _) =
        tcp(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\nx");
    let client = Client::new(ClientConfig::default()).expect("a client");
    let mut request = Request::new("GET", &format!("http://{address}/")).expect("a request");
    request.add_header(b"Connection", b"upgrade").expect("a field");
    request.add_header(b"Upgrade", b"a").expect("a field");
    drop(client.send(&request, Blocking::default()).expect("a response"));
    let stats = client.stats();
    assert_eq!((stats.active, stats.idle, &stats.closed[..]), (0, 0, &[("switched", 1)][..]));
}

#[test]
fn two_processes_side_by_side_share_nothing() {
    let (address, seen) = tcp(OK);
    let url = format!("http://{address}/");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let own: &'static Process = Box::leak(Box::default());
        let client = Client::in_process(ClientConfig::default(), Some(own), None).expect("made");
        let queue = Queue::new(|| {});
        let request = Request::new("GET", &url).expect("a request");
        client.submit(request, Until::Body, &queue, 1).expect("submitted");
        assert!(queue.wait(Some(Duration::from_secs(20))), "answered");
        ids.push(send(&client, &url, &[]).info().connection_id);
        assert!(own.running_engine().is_some(), "an engine of its own");
        assert_eq!(client.stats().opened, 1);
        // What one has learnt of the origin the other does not know.
        let origin = Request::new("GET", &url).expect("a request").target.origin;
        let known = own.origins.of(&origin);
        assert!(!Arc::ptr_eq(&known, &process().origins.of(&origin)));
    }
    assert_eq!(ids, [1, 1], "each counts its own connections");
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[test]
fn clients_side_by_side_have_one_pool_that_the_last_one_closes() {
    let (address, seen) = tcp(OK);
    let url = format!("http://{address}/");
    let first = Client::new(ClientConfig::default()).expect("a client");
    let second = first.beside().expect("another one");
    for client in [&first, &second] {
        send(client, &url, &[]);
    }
    first.close();
    first.close();
    assert!(first.is_closed() && !second.is_closed());
    let refused = first.send(&request(&url, &[]), Blocking::default()).err();
    assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::InvalidState));
    send(&second, &url, &[]);
    // The pool is there as long as somebody has it.
    let third = first.beside().expect("one more");
    drop(second);
    send(&third, &url, &[]);
    let numbers: Vec<usize> = seen.lock().unwrap().iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [0; 4]);
    third.close();
    assert_eq!(third.stats().idle, 0);
    assert_eq!(first.beside().err().map(|error| error.kind()), Some(ErrorKind::InvalidState));
}

#[test]
fn clients_side_by_side_have_cookies_of_their_own() {
    let config = ClientConfig { cookies: true, ..ClientConfig::default() };
    let first = Client::new(config).expect("a client");
    let second = first.beside().expect("another one");
    let jar = |client: &Client| match client.cookies() {
        Some(Cookies::Jar(jar)) => jar.clone(),
        _ => panic!("it has a jar"),
    };
    jar(&first).set("http://server.example/", b"a=b").expect("a cookie");
    assert_eq!((jar(&first).cookies().len(), jar(&second).cookies().len()), (1, 0));
}
