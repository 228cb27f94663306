//! HTTP/1.0 and `Keep-Alive: timeout, max` by every road, and peers that end one half of a connection:
//! the tests behind the table of docs/http10.md that wire cases cannot be.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::common::*;
use keepalive_core::*;
use rustls::{ServerConnection, StreamOwned};

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Bytes up to the empty line; `None` at the end of the stream.
fn head(stream: &mut dyn Stream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(head).expect("text"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Road {
    Direct,
    Tls,
    Unix,
    Forward,
    Tunnel,
    Socks,
}

const ROADS: [Road; 6] =
    [Road::Direct, Road::Tls, Road::Unix, Road::Forward, Road::Tunnel, Road::Socks];

/// The proxy's part on a connection that was just accepted.
fn way(road: Road, stream: &mut dyn Stream) {
    match road {
        Road::Tunnel => {
            head(stream).expect("CONNECT");
            stream.write_all(b"HTTP/1.0 200 Connection established\r\n\r\n").expect("written");
        }
        Road::Socks => {
            let mut two = [0; 2];
            stream.read_exact(&mut two).expect("a greeting");
            let mut methods = vec![0; usize::from(two[1])];
            stream.read_exact(&mut methods).expect("methods");
            stream.write_all(&[5, 0]).expect("written");
            // CONNECT to an IPv4 address.
            let mut connect = [0; 10];
            stream.read_exact(&mut connect).expect("a request");
            stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).expect("written");
        }
        _ => {}
    }
}

/// A server at the end of `road` that answers every request with `answer`, a client that takes the
/// road, the URL to ask for, and the heads that came.
fn at_the_end_of(road: Road, answer: &'static str) -> (Client, String, Receiver<String>) {
    let (sender, heads) = channel::<String>();
    let serve = move |mut stream: Box<dyn Stream>, sender: Sender<String>| {
        while let Some(head) = head(&mut stream) {
            let last = head.contains("Connection: close\r\n");
            // The test may be over.
            let _ = sender.send(head);
            stream.write_all(answer.as_bytes()).expect("written");
            if last {
                break;
            }
        }
    };
    if road == Road::Unix {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ka-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("socket");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).expect("a socket");
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (socket, sender) = (socket.expect("accepted"), sender.clone());
                std::thread::spawn(move || serve(Box::new(socket), sender));
            }
        });
        let client = client(|config| {
            config.unix_socket = Some(path.to_string_lossy().into_owned());
        });
        return (client, format!("http://unix{number}.test/"), heads);
    }
    // The certificates are for that address.
    let listener = if road == Road::Tls { listen_local() } else { listen() };
    let place = listener.local_addr().expect("an address");
    // Its certificates outlive it.
    let origin = (road == Road::Tls).then(origin);
    let config = origin.as_ref().map(|origin| tls::config(origin, |_| {}));
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (mut socket, sender) = (socket.expect("accepted"), sender.clone());
            let session =
                config.clone().map(|config| ServerConnection::new(config).expect("valid"));
            std::thread::spawn(move || {
                way(road, &mut socket);
                match session {
                    None => serve(Box::new(socket), sender),
                    Some(session) => serve(Box::new(StreamOwned::new(session, socket)), sender),
                }
            });
        }
    });
    let client = match &origin {
        Some(origin) => trusting(origin, |_| {}),
        None => client(|config| {
            config.proxy = match road {
                Road::Forward => Some(format!("http://{place}")),
                Road::Socks => Some(format!("socks5://{place}")),
                _ => None,
            };
            if road == Road::Tunnel {
                // http goes through a tunnel where the request could switch protocols.
                config.proxy = Some(format!("http://{place}"));
            }
        }),
    };
    let url = match road {
        Road::Tls => format!("https://{place}/"),
        // Behind a proxy too, that what is learnt of it is of this one alone.
        _ => format!("http://{place}/"),
    };
    (client, url, heads)
}

fn request(road: Road, url: &str) -> Request {
    let mut request = get_request(url);
    if road == Road::Tunnel {
        request.add_header(b"Connection", b"Upgrade").expect("a field");
        request.add_header(b"Upgrade", b"other").expect("a field");
    }
    request
}

/// One GET, by turns through both waits; whether its connection had been used.
fn reused(client: &Client, road: Road, url: &str, round: usize) -> bool {
    let request = request(road, url);
    let response = match round % 2 {
        0 => client.send_whole(&request, Blocking::default()),
        _ => submit(client, request, Until::Body),
    };
    let response = response.unwrap_or_else(|error| panic!("{road:?}: {error}"));
    let reused = response.info().reused;
    assert_eq!(text(response), "ok", "{road:?}");
    reused
}

fn rounds(road: Road, answer: &'static str) -> (Vec<bool>, Stats, Vec<String>) {
    let (client, url, heads) = at_the_end_of(road, answer);
    let found = (0..4).map(|round| reused(&client, road, &url, round)).collect();
    let stats = client.stats();
    (found, stats, heads.try_iter().collect())
}

#[test]
fn a_server_of_http_10_keeps_its_connection_if_it_says_so_by_every_road() {
    const KEPT: &str = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
    const ALONE: &str = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for road in ROADS {
        let (found, stats, _) = rounds(road, KEPT);
        assert_eq!(found, [false, true, true, true], "{road:?}");
        assert_eq!(stats.idle, 1, "{road:?}: {stats:?}");
        let (found, stats, _) = rounds(road, ALONE);
        assert_eq!(found, [false; 4], "{road:?}");
        assert_eq!(closed(&stats, "http10"), 4, "{road:?}: {stats:?}");
    }
}

#[test]
fn keep_alive_timeout_is_the_idle_limit_by_every_road() {
    const HTTP_11: &str = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\n\r\nok";
    const HTTP_10: &str = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\n\
                           Content-Length: 2\r\n\r\nok";
    for road in ROADS {
        for answer in [HTTP_11, HTTP_10] {
            let (found, stats, _) = rounds(road, answer);
            assert_eq!(found, [false, true, true, true], "{road:?}");
            let [only] = &stats.origins[..] else { panic!("{road:?}: {stats:?}") };
            // A second is the margin.
            let limit = (only.idle_limit, only.idle_limit_source);
            assert_eq!(limit, (Some(Duration::from_secs(8)), "hint"), "{road:?}");
        }
    }
}

#[test]
fn keep_alive_max_ends_a_connection_in_time_by_every_road() {
    const HTTP_11: &str =
        "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=60, max=2\r\nContent-Length: 2\r\n\r\nok";
    const HTTP_10: &str = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: max=2\r\n\
                           Content-Length: 2\r\n\r\nok";
    for road in ROADS {
        for answer in [HTTP_11, HTTP_10] {
            let (found, stats, heads) = rounds(road, answer);
            assert_eq!(found, [false, true, false, true], "{road:?}");
            assert_eq!(stats.idle, 0, "{road:?}: {stats:?}");
            // The last one says so (RFC 9112 9.6), unless the caller has said something there.
            let said: Vec<bool> =
                heads.iter().map(|head| head.contains("Connection: close\r\n")).collect();
            match road {
                Road::Tunnel => assert_eq!(said, [false; 4]),
                _ => assert_eq!(said, [false, true, false, true], "{road:?}: {heads:?}"),
            }
            assert_eq!(closed(&stats, "request_said_close"), 2, "{road:?}: {stats:?}");
        }
    }
}

/// A server whose connections, one after the other, are each for the next of `parts`.
fn acts(parts: Vec<Box<dyn FnOnce(TcpStream) + Send>>) -> String {
    let listener = listen();
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for part in parts {
            part(listener.accept().expect("a connection").0);
        }
    });
    url
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_server_that_has_shut_its_reading_side_is_told_from_a_dead_one_by_its_answer() {
    let (sender, over) = channel::<()>();
    let url = acts(vec![Box::new(move |mut socket| {
        head(&mut socket).expect("a request");
        socket.shutdown(Shutdown::Read).expect("shut");
        socket.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").expect("sent");
        // Held open: nothing but the answer tells the client.
        let _ = over.recv();
    })]);
    let client = client(|_| {});
    let mut request = Request::new("POST", &url).expect("a request");
    request.set_body(vec![b'x'; 30_000_000]);
    let response = client.send_whole(&request, Blocking::default()).expect("the answer");
    assert_eq!((response.status(), text(response)), (413, "no".into()));
    assert_eq!(closed(&client.stats(), "request_unfinished"), 1);
    drop(sender);
}

#[test]
fn a_connection_whose_server_reads_no_more_costs_the_next_get_nothing() {
    for by_engine in [false, true] {
        let url = acts(vec![
            Box::new(|mut socket| {
                head(&mut socket).expect("a request");
                socket.shutdown(Shutdown::Read).expect("shut");
                socket.write_all(ANSWER).expect("sent");
                // The next request has come, and nobody will read it.
                let mut byte = [0];
                assert!(within(HANG, || matches!(socket.peek(&mut byte), Ok(1))), "it comes");
            }),
            Box::new(|mut socket| {
                while head(&mut socket).is_some() {
                    socket.write_all(ANSWER).expect("sent");
                }
            }),
        ]);
        let client = client(|_| {});
        let ask = || match by_engine {
            false => client.send_whole(&get_request(&url), Blocking::default()),
            true => submit(&client, get_request(&url), Until::Body),
        };
        assert!(!ask().expect("a response").info().reused);
        let response = ask().expect("a response");
        assert_eq!(response.info().replays, 1);
    }
}

#[test]
fn a_server_that_waits_for_our_end_gets_none_before_its_answer() {
    let (sender, seen) = channel();
    let url = acts(vec![Box::new(move |mut socket| {
        head(&mut socket).expect("a request");
        let mut byte = [0];
        // Until the limit of the client's ends it: a FIN or a RST then.
        sender.send(matches!(socket.read(&mut byte), Ok(0) | Err(_))).expect("asked for");
        let _ = socket.write_all(ANSWER);
    })]);
    let client = client(|config| config.header_timeout = Some(Duration::from_millis(100)));
    let error = try_get(&client, &url).err().expect("no answer");
    assert_eq!(error.kind(), ErrorKind::ReadTimeout);
    assert!(seen.recv_timeout(HANG).expect("an end"));
    assert_eq!(client.stats().idle, 0);
}
