//! Uploads: which bodies wait for the server's word by themselves, what is learnt of servers that do not
//! give it, trailers, files and forms that are read while they are sent, and calls that are ended.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::*;
use keepalive_core::*;

const LARGE: usize = (1 << 20) + 1;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
const REFUSED: &[u8] = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";

/// What a request was: its head, its body up to the end or the client's, and the trailers.
#[derive(Debug)]
struct Seen {
    head: String,
    body: Vec<u8>,
    trailers: String,
    whole: bool,
}

impl Seen {
    fn asks(&self) -> bool {
        self.head.contains("Expect: 100-continue\r\n")
    }
}

/// Serves each request by what `word` says to its head before its body is read, then by `OK` unless that
/// was final already.
fn server(
    word: impl Fn(&str) -> &'static [u8] + Send + Sync + 'static,
) -> (String, Receiver<Seen>) {
    serving(word, OK)
}

fn serving(
    word: impl Fn(&str) -> &'static [u8] + Send + Sync + 'static,
    answer: &'static [u8],
) -> (String, Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (sender, receiver) = channel();
    let word = Arc::new(word);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (sender, word) = (sender.clone(), word.clone());
            let stream = stream.expect("a connection");
            std::thread::spawn(move || serve(stream, &*word, answer, &sender));
        }
    });
    (url, receiver)
}

fn serve(
    stream: TcpStream,
    word: &dyn Fn(&str) -> &'static [u8],
    answer: &[u8],
    sender: &Sender<Seen>,
) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let said = word(&head);
        writer.write_all(said).ok()?;
        let mut seen = Seen { head, body: Vec::new(), trailers: String::new(), whole: false };
        seen.whole = read_body(&mut reader, &mut seen).is_ok();
        let is_final = !said.is_empty() && !said.starts_with(GO_ON);
        let go_on = seen.whole;
        if go_on && !is_final {
            writer.write_all(answer).ok()?;
        }
        sender.send(seen).ok()?;
        if !go_on {
            return None;
        }
    }
}

fn read_body(reader: &mut BufReader<TcpStream>, seen: &mut Seen) -> std::io::Result<()> {
    if let Some((_, length)) = seen.head.split_once("Content-Length: ") {
        let length = length.split("\r\n").next().and_then(|text| text.parse().ok());
        let mut left: usize = length.expect("a length");
        let mut buffer = [0; 8192];
        while left > 0 {
            let most = left.min(buffer.len());
            let count = reader.read(&mut buffer[..most])?;
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            seen.body.extend_from_slice(&buffer[..count]);
            left -= count;
        }
    } else if seen.head.contains("Transfer-Encoding: chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Ok(size) = usize::from_str_radix(line.trim_end(), 16) else {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            };
            if size == 0 {
                break;
            }
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk)?;
            seen.body.extend_from_slice(&chunk[..size]);
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.as_str() {
                "\r\n" => break,
                "" => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                line => seen.trailers.push_str(line),
            }
        }
    }
    Ok(())
}

fn put(url: &str, size: usize) -> Request {
    let mut request = Request::new("PUT", url).expect("a request");
    request.set_body(vec![b'x'; size]);
    request
}

/// Pieces that may be pending until they are released, and can begin again if `again`.
struct Pieces {
    pieces: Vec<&'static [u8]>,
    next: usize,
    again: bool,
    gate: Option<Arc<Gate>>,
}

#[derive(Default)]
struct Gate {
    open: AtomicBool,
    asked: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker.lock().expect("a lock").take() {
            waker.wake();
        }
    }

    fn until_asked(&self) {
        let limit = Instant::now() + HANG;
        while !self.asked.load(Ordering::SeqCst) {
            assert!(Instant::now() < limit, "asked");
            std::thread::yield_now();
        }
    }
}

impl BodySource for Pieces {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        if let Some(gate) = &self.gate {
            *gate.waker.lock().expect("a lock") = Some(cx.waker().clone());
            gate.asked.store(true, Ordering::SeqCst);
            if !gate.open.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
        }
        let piece = self.pieces.get(self.next).map(|piece| Bytes::from_static(piece));
        self.next += 1;
        Poll::Ready(Ok(piece))
    }

    fn can_rewind(&self) -> bool {
        self.again
    }

    fn rewind(&mut self) -> bool {
        self.next = 0;
        self.again
    }
}

fn streamed(url: &str, length: Option<u64>, gate: Option<Arc<Gate>>) -> Request {
    let mut request = Request::new("PUT", url).expect("a request");
    let pieces = Pieces { pieces: vec![b"bo", b"dy"], next: 0, again: true, gate };
    request.set_body_stream(Box::new(pieces), length);
    request
}

/// By both waits.
fn send(client: &Client, request: &Request, queued: bool) -> Result<Response> {
    match queued {
        false => client.send_whole(request, Blocking::default()),
        true => submit(client, request.clone(), Until::Body),
    }
}

#[test]
fn a_body_waits_by_itself_above_the_threshold_or_without_a_length() {
    let (url, seen) = server(|head| if head.contains("Expect") { GO_ON } else { b"" });
    for queued in [false, true] {
        let client = client(|_| {});
        for (request, asks) in [
            (put(&url, LARGE), true),
            (put(&url, LARGE - 1), false),
            (streamed(&url, None, None), true),
            (streamed(&url, Some(4), None), false),
        ] {
            assert_eq!(send(&client, &request, queued).expect("a response").status(), 200);
            let seen = seen.recv().expect("served");
            assert_eq!((seen.asks(), seen.whole), (asks, true), "{}", seen.head);
        }
        assert_eq!(client.stats().opened, 1);
    }
}

#[test]
fn a_request_decides_for_itself_and_a_client_for_all() {
    let (url, seen) = server(|head| if head.contains("Expect") { GO_ON } else { b"" });
    let never = client(|config| config.expect_threshold = 0);
    send(&never, &put(&url, LARGE), false).expect("a response");
    assert!(!seen.recv().expect("served").asks());
    let mut request = put(&url, 1);
    request.add_header(b"Expect", b"100-continue").expect("a field");
    send(&never, &request, false).expect("a response");
    assert!(seen.recv().expect("served").asks());
    let small = client(|config| config.expect_threshold = 9);
    send(&small, &put(&url, 10), false).expect("a response");
    assert!(seen.recv().expect("served").asks());
    let mut request = put(&url, LARGE);
    request.add_header(b"expect", b"").expect("a field");
    send(&small, &request, false).expect("a response");
    assert!(!seen.recv().expect("served").head.to_lowercase().contains("expect"));
}

#[test]
fn a_refused_body_is_not_sent() {
    for queued in [false, true] {
        let (url, seen) = server(|_| b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
        let client = client(|_| {});
        let response = send(&client, &put(&url, LARGE), queued).expect("a response");
        assert_eq!(response.status(), 413);
        let seen = seen.recv().expect("served");
        // The server would take the next request for the body.
        assert_eq!((seen.body.len(), seen.whole), (0, false));
        assert_eq!(eventually(&client, |stats| stats.active == 0).idle, 0);
    }
}

#[test]
fn a_server_that_ignores_it_costs_a_second_once() {
    let (url, seen) = server(|_| b"");
    let client = client(|_| {});
    for queued in [false, true] {
        let begun = Instant::now();
        send(&client, &put(&url, LARGE), queued).expect("a response");
        let seen = seen.recv().expect("served");
        assert_eq!((seen.asks(), seen.whole), (!queued, true));
        assert!(queued || begun.elapsed() >= Duration::from_secs(1));
    }
    // Nor does one wait that asks by itself, on any connection.
    client.close_idle();
    let mut request = put(&url, 5);
    request.add_header(b"Expect", b"100-continue").expect("a field");
    send(&client, &request, false).expect("a response");
    assert!(seen.recv().expect("served").asks());
}

#[test]
fn a_short_limit_is_not_spent_on_waiting() {
    let (url, seen) = server(|_| b"");
    let client = client(|config| config.total_timeout = Some(Duration::from_secs(1)));
    send(&client, &put(&url, LARGE), false).expect("a response");
    assert!(seen.recv().expect("served").asks());
}

#[test]
fn a_word_that_comes_late_is_one() {
    // It says the word when a part of the body is here.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (sender, heads) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut writer = stream.try_clone().expect("a socket");
        let mut reader = BufReader::new(stream);
        for late in [true, false] {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).expect("a head");
            }
            let mut body = vec![0; LARGE];
            if late {
                reader.read_exact(&mut body[..1]).expect("a byte");
                writer.write_all(GO_ON).expect("written");
                reader.read_exact(&mut body[1..]).expect("a body");
            } else {
                writer.write_all(GO_ON).expect("written");
                reader.read_exact(&mut body).expect("a body");
            }
            writer.write_all(OK).expect("written");
            sender.send(head).expect("heard");
        }
    });
    let client = client(|_| {});
    for _ in 0..2 {
        send(&client, &put(&url, LARGE), false).expect("a response");
        assert!(heads.recv().expect("served").contains("Expect: 100-continue"));
    }
}

#[test]
fn a_417_is_sent_again_without_it_once() {
    for queued in [false, true] {
        let (url, seen) = server(|head| if head.contains("Expect") { REFUSED } else { b"" });
        let client = client(|_| {});
        for request in [put(&url, LARGE), streamed(&url, None, None)] {
            assert_eq!(send(&client, &request, queued).expect("a response").status(), 200);
        }
        let mut asked = put(&url, 5);
        asked.add_header(b"X-A", b"1").expect("a field");
        asked.add_header(b"Expect", b"100-continue").expect("a field");
        asked.add_header(b"X-B", b"2").expect("a field");
        assert_eq!(send(&client, &asked, queued).expect("a response").status(), 200);
        let seen: Vec<Seen> = (0..5).map(|_| seen.recv().expect("served")).collect();
        let asks: Vec<bool> = seen.iter().map(Seen::asks).collect();
        // What is remembered keeps the second from asking; the third asks by its own field.
        assert_eq!(asks, [true, false, false, true, false], "{seen:?}");
        assert!(seen[4].head.contains("X-A: 1\r\nX-B: 2\r\n") && seen[4].body == b"xxxxx");
        // One that refuses it without being asked is heard.
        let (url, _seen) = server(|_| REFUSED);
        let status = send(&client, &put(&url, LARGE), queued).expect("a response").status();
        assert_eq!(status, 417);
    }
}

#[test]
fn a_server_of_http_1_0_is_not_asked_again() {
    const OLD: &[u8] = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    let (url, seen) = serving(|_| b"", OLD);
    let client = client(|_| {});
    send(&client, &put(&url, 1), false).expect("a response");
    assert!(!seen.recv().expect("served").asks());
    // It is known of the connection.
    send(&client, &put(&url, LARGE), false).expect("a response");
    assert!(!seen.recv().expect("served").asks());
}

#[test]
fn what_was_told_to_go_on_is_replayed_and_retried_as_before() {
    // The connection dies after the word, with the body half-way.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for attempt in 0.. {
            let (stream, _) = listener.accept().expect("a connection");
            let mut writer = stream.try_clone().expect("a socket");
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).expect("a head");
            }
            writer.write_all(GO_ON).expect("written");
            let mut body = vec![0; if attempt == 0 { 1000 } else { LARGE }];
            reader.read_exact(&mut body).expect("a body");
            if attempt > 0 {
                writer.write_all(OK).expect("written");
            }
        }
    });
    let client = client(|config| config.retries = 1);
    let response = send(&client, &put(&url, LARGE), false).expect("a response");
    assert_eq!((response.status(), response.info().retries), (200, 1));
}

#[test]
fn trailers_follow_chunks_and_are_announced() {
    let (url, seen) = server(|head| if head.contains("Expect") { GO_ON } else { b"" });
    let client = client(|_| {});
    for queued in [false, true] {
        for mut request in [put(&url, 5), streamed(&url, None, None), streamed(&url, Some(4), None)]
        {
            request.add_trailer(b"X-One", b" 1 ").expect("a field");
            let told = || Ok(b"2".to_vec());
            request.add_told_trailer(b"X-Two", Arc::new(told)).expect("a field");
            send(&client, &request, queued).expect("a response");
            let seen = seen.recv().expect("served");
            assert!(seen.head.contains("Trailer: X-One, X-Two\r\n"), "{}", seen.head);
            assert!(seen.head.contains("Transfer-Encoding: chunked\r\n"), "{}", seen.head);
            assert_eq!(seen.trailers, "X-One: 1\r\nX-Two: 2\r\n");
        }
        let mut own = put(&url, 5);
        own.add_header(b"Trailer", b"X-One").expect("a field");
        own.add_trailer(b"X-One", b"1").expect("a field");
        send(&client, &own, queued).expect("a response");
        assert_eq!(seen.recv().expect("served").head.matches("Trailer").count(), 1);
    }
    assert_eq!(client.stats().opened, 1);
}

#[test]
fn trailers_that_cannot_be_are_refused_before_anything_is_sent() {
    let client = client(|_| {});
    let mut request = put("http://127.0.0.1:1/", 5);
    for name in [&b"Content-Length"[..], b"host", b"authorization", b"If-Match", b"a b", b""] {
        let error = request.add_trailer(name, b"x").expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidHeader, "{error}");
    }
    request.add_trailer(b"X", b"a\r\nb").expect_err("refused");
    let mut empty = get_request("http://127.0.0.1:1/");
    empty.add_trailer(b"X", b"1").expect("a field");
    let mut long = put("http://127.0.0.1:1/", 5);
    long.add_header(b"Content-Length", b"5").expect("a field");
    long.add_trailer(b"X", b"1").expect("a field");
    for request in [empty, long] {
        let error = send(&client, &request, false).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidHeader, "{error}");
        assert!(error.message().starts_with("trailers: "), "{error}");
    }
}

#[test]
fn a_told_trailer_that_fails_fails_the_request() {
    let (url, seen) = server(|_| b"");
    let client = client(|_| {});
    for told in [|| Err(source_failed("no sum")), || Ok(b"a\nb".to_vec())] {
        let mut request = put(&url, 5);
        request.add_told_trailer(b"X", Arc::new(told)).expect("a field");
        let error = send(&client, &request, false).err().expect("it failed");
        assert!(error.message().contains("no sum") || error.message().contains("header value"));
        assert!(seen.try_iter().all(|seen| !seen.whole));
        assert_eq!(client.stats().idle, 0);
    }
}

#[test]
fn a_file_is_sent_with_its_length_and_again() {
    let origin = origin();
    let path = std::env::temp_dir().join(format!("keepalive-file-{}", std::process::id()));
    let content: Vec<u8> = (0..700_000u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(&path, &content).expect("written");
    let client = client(|_| {});
    for queued in [false, true] {
        let target = format!("{}/redirect/307?to=/echo-body", origin.http());
        let mut request = Request::new("PUT", &target).expect("a request");
        request.set_follow_redirects(true);
        request.set_body_file(FileBody::new(&path).expect("a file"));
        let response = send(&client, &request, queued).expect("a response");
        assert_eq!(response.info().redirects, 1);
        assert!(body(response) == content);
    }
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(origin.faults(), [""; 0]);
}

#[test]
fn a_file_that_changes_is_an_error_and_costs_the_connection() {
    let dir = std::env::temp_dir().join(format!("keepalive-changes-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let path = dir.join("file");
    let client = client(|config| config.expect_threshold = 0);
    let (url, seen) = server(|_| b"");
    let resize = |size: u64| {
        let file = std::fs::File::options().write(true).create(true).open(&path).expect("a file");
        file.set_len(size).expect("its size");
    };
    let size = 4_000_000;
    for queued in [false, true] {
        for (change, kind) in [
            (None, ErrorKind::BodySourceFailed),
            (Some(10), ErrorKind::BodyLengthMismatch),
            (Some(0), ErrorKind::BodyLengthMismatch),
            (Some(size + 1), ErrorKind::BodyLengthMismatch),
        ] {
            // Before it is opened, and while it is sent.
            for during in [false, true] {
                if during && change.is_none() {
                    continue;
                }
                resize(size);
                let changed = {
                    let path = path.clone();
                    move || match change {
                        None => std::fs::remove_file(&path).expect("removed"),
                        Some(size) => {
                            let file = std::fs::File::options().write(true).open(&path);
                            file.expect("a file").set_len(size).expect("its size");
                        }
                    }
                };
                let file = FileBody::new(&path).expect("a file");
                let mut form = Multipart::new(None).expect("a form");
                let part = Part { name: "f", filename: Some("f"), ..Part::default() };
                let mut request = Request::new("PUT", &url).expect("a request");
                match during {
                    false => {
                        changed();
                        form.add(&part, Content::File(file)).expect("a part");
                    }
                    true => {
                        // Changes it after its first piece was read: the second part is asked for later.
                        let large = Change { changed: Some(Box::new(changed)), file };
                        form.add(&part, Content::Source(Box::new(large), Some(size)))
                            .expect("a part");
                    }
                }
                request.set_form(form).expect("a body");
                let error = send(&client, &request, queued).err().expect("it failed");
                assert_eq!(error.kind(), kind, "{error} {change:?} {during}");
                assert_eq!(error.os_errno().is_some(), change.is_none(), "{error}");
                assert!(error.message().contains("file"), "{error}");
                assert!(seen.try_iter().all(|seen| !seen.whole));
                assert_eq!(client.stats().idle, 0);
            }
        }
    }
    std::fs::remove_dir_all(&dir).expect("removed");
}

/// A file that changes once it has been begun.
struct Change {
    changed: Option<Box<dyn FnOnce() + Send>>,
    file: FileBody,
}

impl BodySource for Change {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let piece = self.file.poll_chunk(cx);
        if piece.is_ready()
            && let Some(changed) = self.changed.take()
        {
            changed();
        }
        piece
    }
}

#[test]
fn a_file_that_cannot_be_is_refused_at_once() {
    for (path, errno) in [("/nowhere/at/all", Some(2)), ("/tmp", None)] {
        let error = FileBody::new(path).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.message().contains(path), "{error}");
        assert!(errno.is_none() || error.os_errno() == errno);
    }
    assert_eq!(FileBody::new("/proc/version").expect("a file").length(), None);
}

#[test]
fn a_form_has_the_length_of_its_parts() {
    let origin = origin();
    let path = std::env::temp_dir().join(format!("keepalive-form-{}", std::process::id()));
    std::fs::write(&path, b"of the file").expect("written");
    let client = client(|_| {});
    for queued in [false, true] {
        for length in [Some(4), None] {
            let mut form = Multipart::new(None).expect("a form");
            form.add_text("a", "1");
            let part = Part { name: "f", filename: Some("f.txt"), ..Part::default() };
            form.add(&part, Content::File(FileBody::new(&path).expect("a file"))).expect("a part");
            let pieces = Pieces { pieces: vec![b"bo", b"dy"], next: 0, again: true, gate: None };
            form.add(&part, Content::Source(Box::new(pieces), length)).expect("a part");
            form.add(&part, Content::Bytes(Bytes::from_static(b"bytes"))).expect("a part");
            let target = format!("{}/redirect/307?to=/echo-body", origin.http());
            let mut request = Request::new("POST", &target).expect("a request");
            request.set_follow_redirects(true);
            request.set_form(form).expect("a body");
            let typed = request.headers().any(|(name, value)| {
                name == b"Content-Type" && value.starts_with(b"multipart/form-data; boundary=")
            });
            assert!(typed);
            let sent = text(send(&client, &request, queued).expect("a response"));
            for content in
                ["\r\n\r\n1\r\n", "\r\nof the file\r\n", "\r\nbody\r\n", "\r\nbytes\r\n--"]
            {
                assert!(sent.contains(content), "{sent}");
            }
        }
    }
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(origin.faults(), [""; 0]);
}

#[test]
fn a_blocking_call_waits_for_its_source_and_can_be_ended() {
    let (url, seen) = server(|head| if head.contains("Expect") { GO_ON } else { b"" });
    let client = client(|_| {});
    let gate = Arc::<Gate>::default();
    let opener = {
        let gate = gate.clone();
        std::thread::spawn(move || {
            gate.until_asked();
            gate.open();
        })
    };
    send(&client, &streamed(&url, None, Some(gate)), false).expect("a response");
    assert_eq!(seen.recv().expect("served").body, b"body");
    opener.join().expect("no panic");
    // A limit of the whole call holds while it waits.
    let mut request = streamed(&url, None, Some(Arc::default()));
    let total = Some(Some(Duration::from_millis(50)));
    request.set_timeouts(Timeouts { total, ..Timeouts::default() });
    let error = send(&client, &request, false).err().expect("over");
    assert_eq!(error.kind(), ErrorKind::TotalTimeout, "{error}");
    // Somebody else ends it.
    let (gate, canceller) = (Arc::<Gate>::default(), Canceller::new());
    let ender = {
        let (gate, canceller) = (gate.clone(), canceller.clone());
        std::thread::spawn(move || {
            gate.until_asked();
            canceller.cancel();
        })
    };
    let request = streamed(&url, None, Some(gate));
    let ended = client.send(&request, Blocking::cancellable(&canceller));
    assert_eq!(ended.err().expect("ended").kind(), ErrorKind::Cancelled);
    ender.join().expect("no panic");
    // It stays so.
    let again = client.send(&get_request(&url), Blocking::cancellable(&canceller));
    assert_eq!(again.err().expect("ended").kind(), ErrorKind::Cancelled);
    assert_eq!(client.stats().active, 0);
}

#[test]
fn a_wait_for_the_answer_a_body_or_a_connection_can_be_ended() {
    let origin = origin();
    let client = trusting(&origin, |config| config.max_per_host = 1);
    for base in [origin.http(), origin.https()] {
        let (canceller, waiting) = (Canceller::new(), Canceller::new());
        let ended = std::thread::scope(|scope| {
            let call = scope.spawn(|| {
                let request = get_request(&format!("{base}/gate/ended?key={}", base.len()));
                client.send(&request, Blocking::cancellable(&canceller)).err()
            });
            eventually(&client, |stats| stats.active == 1);
            // One that waits for its connection, too.
            let second = scope.spawn(|| {
                let request = get_request(&format!("{base}/ok"));
                client.send(&request, Blocking::cancellable(&waiting)).err()
            });
            eventually(&client, |stats| stats.waiting == 1);
            waiting.cancel();
            let error = second.join().expect("no panic").expect("ended");
            assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
            canceller.cancel();
            call.join().expect("no panic")
        });
        assert_eq!(ended.expect("ended").kind(), ErrorKind::Cancelled);
        let canceller = Canceller::new();
        let request = get_request(&format!("{base}/stall-body?n=1000&sent=10"));
        let mut response =
            client.send(&request, Blocking::cancellable(&canceller)).expect("a response");
        std::thread::scope(|scope| {
            let reading =
                scope.spawn(|| response.read_all(Blocking::cancellable(&canceller)).err());
            canceller.cancel();
            let error = reading.join().expect("no panic").expect("ended");
            assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        });
        drop(response);
        settled(&client);
    }
}
