//! Downloads: whole or not at all, taken up again where they broke, and never made of two representations; by
//! both waits.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::download::*;
use crate::common::*;
use keepalive_core::*;

#[test]
fn a_whole_body_is_in_its_place_and_nothing_else_is() {
    let origin = origin();
    for (base, path, size) in [
        (origin.http(), "bytes/3000000", 3_000_000),
        (origin.https(), "bytes/3000000", 3_000_000),
        (origin.http(), "chunked/300000", 300_000),
        (origin.http(), "close-delimited/300000", 300_000),
        (origin.http(), "bytes/0", 0),
        (origin.http(), "ok", 2),
    ] {
        for blocking in [true, false] {
            let (dir, client) = (Dir::new(), trusting(&origin, |_| {}));
            let request = get_request(&format!("{base}/{path}"));
            let to = Download::to_path(dir.path("file")).fsync(true);
            let response = download(&client, &request, to, blocking).expect(path);
            assert_eq!(response.status(), 200);
            assert_eq!(saved(&response), Saved { bytes: size, kept: 0, resumes: 0 });
            let written = fs::read(dir.path("file")).expect("it is there");
            assert_eq!(written.len() as u64, size);
            assert!(
                path == "ok"
                    || written.iter().enumerate().all(|(at, &byte)| byte as usize == at % 251)
            );
            assert_eq!(dir.names(), ["file"]);
            settled(&client);
        }
    }
    assert!(origin.faults().is_empty());
}

#[test]
fn a_status_that_is_not_2xx_writes_nothing_and_can_be_read() {
    let origin = origin();
    for blocking in [true, false] {
        let (dir, client) = (Dir::new(), client(|_| {}));
        fs::write(dir.path("file"), "before").expect("writable");
        let request = get_request(&format!("{}/status/404", origin.http()));
        let response = download(&client, &request, Download::to_path(dir.path("file")), blocking);
        let response = response.expect("a response");
        assert_eq!((response.status(), response.saved()), (404, None));
        assert_eq!(text(response), "404");
        assert_eq!(fs::read(dir.path("file")).expect("it is there"), b"before");
        assert_eq!(dir.names(), ["file"]);
    }
}

#[test]
fn a_break_is_taken_up_where_it_was() {
    for blocking in [true, false] {
        let server = Server::new(|number, _| match number {
            0 => all(TAG, BODY, 5),
            1 => rest(TAG, BODY, 5, 7),
            _ => rest(TAG, BODY, 12, 8),
        });
        let (dir, client) = (Dir::new(), client(|_| {}));
        let to = Download::to_path(dir.path("file"));
        let response = download(&client, &get_request(&server.url), to, blocking).expect("saved");
        assert_eq!(saved(&response), Saved { bytes: 20, kept: 0, resumes: 2 });
        assert_eq!(fs::read(dir.path("file")).expect("it is there"), BODY);
        assert_eq!(dir.names(), ["file"]);
        assert_eq!(server.field(0, "Range"), None);
        assert_eq!(server.field(0, "Accept-Encoding").as_deref(), Some("identity"));
        assert_eq!(server.field(1, "Range").as_deref(), Some("bytes=5-"));
        assert_eq!(server.field(2, "Range").as_deref(), Some("bytes=12-"));
        assert_eq!(server.field(2, "If-Range").as_deref(), Some("\"one\""));
    }
}

/// What the second answer leads to, after 5 of 20 bytes came.
fn second(
    first: &'static str,
    answer: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> (Result<Saved>, Vec<u8>, Server, Vec<String>) {
    let other = [BODY, b"+"].concat();
    let server = Server::new(move |number, _| match number {
        0 => all(first, BODY, 5),
        1 => answer(),
        _ => all("ETag: \"new\"\r\n", &other, 21),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let to = Download::to_path(dir.path("file"));
    let result = download(&client, &get_request(&server.url), to, true);
    let written = fs::read(dir.path("file")).unwrap_or_default();
    (result.map(|response| saved(&response)), written, server, dir.names())
}

#[test]
fn what_does_not_fit_is_never_spliced() {
    type Made = fn() -> Vec<u8>;
    let misfits: [(&str, Made); 9] = [
        ("another range", || rest(TAG, BODY, 6, 14)),
        ("another total", || rest(TAG, &[BODY, b"+"].concat(), 5, 16)),
        ("another ETag", || rest("ETag: \"two\"\r\n", BODY, 5, 15)),
        ("a weak ETag", || rest("ETag: W/\"one\"\r\n", BODY, 5, 15)),
        ("a coding", || rest("Content-Encoding: gzip\r\n", BODY, 5, 15)),
        ("several ranges", || {
            rest("Content-Type: multipart/byteranges; boundary=x\r\n", BODY, 5, 15)
        }),
        ("no Content-Range", || {
            b"HTTP/1.1 206 Partial Content\r\nContent-Length: 15\r\n\r\n56789abcdefghij".to_vec()
        }),
        ("a length that differs", || {
            b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-19/20\r\nContent-Length: 3\r\n\r\n567".to_vec()
        }),
        ("nothing", || {
            b"HTTP/1.1 416 No\r\nContent-Range: bytes */3\r\nContent-Length: 0\r\n\r\n".to_vec()
        }),
    ];
    for (what, answer) in misfits {
        let (result, written, server, names) = second(TAG, answer);
        assert_eq!(result.expect(what), Saved { bytes: 21, kept: 0, resumes: 1 }, "{what}");
        assert_eq!(written, [BODY, b"+"].concat(), "{what}");
        assert_eq!(server.field(2, "Range"), None, "{what}: all of it is asked for");
        assert_eq!(names, ["file"]);
    }
}

/// 206 with those bytes, of so many.
fn part(first: usize, last: usize, total: &str) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{last}/{total}\r\nContent-Length: {}\r\n\r\n",
        last + 1 - first
    );
    [head.as_bytes(), &BODY.repeat(100)[first..=last]].concat()
}

/// 200 with an ETag, whose chunks end with the connection after 5 bytes.
fn broken_chunks() -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{TAG}Transfer-Encoding: chunked\r\n\r\n5\r\n");
    [head.as_bytes(), &BODY[..5], b"\r\n"].concat()
}

#[test]
fn a_length_that_only_a_part_tells_is_held_to() {
    let server = Server::new(|number, _| match number {
        0 => broken_chunks(),
        1 => part(5, 9, "20"),
        _ => part(10, 19, "*"),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let to = Download::to_path(dir.path("file"));
    let response = download(&client, &get_request(&server.url), to, true).expect("saved");
    assert_eq!(saved(&response).bytes, 20);
    assert_eq!(fs::read(dir.path("file")).expect("it is there"), BODY);
    assert_eq!(server.field(2, "Range").as_deref(), Some("bytes=10-"));
}

#[test]
fn what_is_a_part_of_nobody_knows_how_much_is_not_taken_for_the_rest() {
    let server = Server::new(|number, head| match head.contains("Range: ") {
        false if number == 0 => broken_chunks(),
        false => all("ETag: \"two\"\r\n", BODY, 20),
        true => part(5, 9, "*"),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let to = Download::to_path(dir.path("file"));
    download(&client, &get_request(&server.url), to, true).expect("saved");
    assert_eq!(fs::read(dir.path("file")).expect("it is there"), BODY);
    assert_eq!(server.heads().len(), 3);
}

#[test]
fn a_server_that_gives_a_byte_at_a_time_is_not_asked_for_ever() {
    let server = Server::new(|number, _| match number {
        0 => all(TAG, &BODY.repeat(100), 5),
        _ => part(number + 4, number + 4, "2000"),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let to = Download::to_path(dir.path("file"));
    let error = failure(download(&client, &get_request(&server.url), to, true));
    assert_eq!(error.kind(), ErrorKind::ResumeFailed, "{error}");
    assert!(error.message().contains("too small"), "{error}");
    assert_eq!(server.heads().len(), 102);
    assert!(dir.names().is_empty(), "{:?}", dir.names());
}

#[test]
fn another_representation_is_written_from_its_beginning() {
    let (result, written, server, _) = second(TAG, || all("ETag: \"two\"\r\n", b"other", 5));
    assert_eq!(result.expect("saved"), Saved { bytes: 5, kept: 0, resumes: 1 });
    assert_eq!((&*written, server.heads().len()), (&b"other"[..], 2));
}

#[test]
fn what_never_fits_is_an_error() {
    let server = Server::new(|number, head| match head.contains("Range: ") {
        false if number == 0 => all(TAG, BODY, 5),
        _ => rest(TAG, BODY, 6, 14),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let to = Download::to_path(dir.path("file"));
    let error = failure(download(&client, &get_request(&server.url), to, true));
    assert_eq!(error.kind(), ErrorKind::ResumeFailed, "{error}");
    assert!(dir.names().is_empty(), "{:?}", dir.names());
    assert_eq!(server.heads().len(), 3);
}

#[test]
fn the_rest_that_is_refused_is_an_error_and_one_that_is_put_off_is_asked_for_again() {
    let (result, _, server, names) =
        second(TAG, || b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".to_vec());
    let error = result.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ResumeFailed);
    assert!(error.message().contains("404"), "{error}");
    assert_eq!((server.heads().len(), names.len()), (2, 0));
    let (result, _, server, _) =
        second(TAG, || b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_vec());
    assert_eq!(result.expect("the third is another one").bytes, 21);
    assert_eq!(server.field(2, "Range").as_deref(), Some("bytes=5-"));
}

#[test]
fn without_a_strong_validator_a_break_is_an_error() {
    for first in [
        "",
        "ETag: W/\"one\"\r\n",
        "ETag: \"one\"\r\nETag: \"two\"\r\n",
        "ETag: one\r\n",
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        // Within the same minute, which two versions can share.
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:50:00 GMT\r\n",
        "Last-Modified: yesterday\r\nDate: Sun, 06 Nov 1994 08:50:00 GMT\r\n",
    ] {
        let (result, _, server, names) = second(first, Vec::new);
        let error = result.expect_err(first);
        assert_eq!(error.kind(), ErrorKind::BodyTruncated, "{first}");
        assert!(error.message().contains("no strong validator"), "{error}");
        assert_eq!((server.heads().len(), names.len()), (1, 0), "{first}");
    }
}

#[test]
fn a_last_modified_long_before_date_is_strong() {
    let first =
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 09:49:37 GMT\r\n";
    let (result, written, server, _) = second(first, || rest("", BODY, 5, 15));
    assert_eq!(result.expect("saved").resumes, 1);
    assert_eq!(written, BODY);
    assert_eq!(server.field(1, "If-Range").as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}

#[test]
fn only_a_get_is_taken_up_again() {
    let server = Server::new(|_, _| all(TAG, BODY, 5));
    let client = client(|_| {});
    for (method, field) in [("POST", None), ("GET", Some("bytes=0-19"))] {
        let dir = Dir::new();
        let mut request = Request::new(method, &server.url).expect("a request");
        if let Some(value) = field {
            request.add_header(b"Range", value.as_bytes()).expect("a field");
        }
        let before = server.heads().len();
        let to = Download::to_path(dir.path("file"));
        let error = failure(download(&client, &request, to, true));
        assert_eq!(error.kind(), ErrorKind::BodyTruncated);
        assert_eq!((server.heads().len() - before, dir.names().len()), (1, 0));
    }
}

#[test]
fn breaks_that_bring_nothing_come_to_an_end() {
    let server = Server::new(|number, _| match number {
        0 => all(TAG, BODY, 5),
        _ => rest(TAG, BODY, 5, 0),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let to = Download::to_path(dir.path("file"));
    let error = failure(download(&client, &get_request(&server.url), to, true));
    assert_eq!((error.kind(), error.tries()), (ErrorKind::BodyTruncated, 5), "{error}");
    assert_eq!(server.heads().len(), 5);
    assert!(dir.names().is_empty());
}

#[test]
fn the_whole_time_holds_for_all_tries() {
    let server = Server::new(|number, _| match number {
        0 => all(TAG, BODY, 5),
        number => rest(TAG, BODY, 4 + number.min(14), 1),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let mut request = get_request(&server.url);
    request.set_timeouts(Timeouts {
        total: Some(Some(Duration::from_nanos(1))),
        ..Timeouts::default()
    });
    let error = failure(download(&client, &request, Download::to_path(dir.path("file")), true));
    assert_eq!(error.kind(), ErrorKind::TotalTimeout);
}

#[test]
fn a_part_of_an_earlier_download_is_gone_on_with() {
    for blocking in [true, false] {
        let server = Server::new(|_, head| match head.contains("Range: bytes=5-") {
            false => all(TAG, BODY, 5),
            true if head.contains("X-Second: 1") => rest(TAG, BODY, 5, 15),
            true => Vec::new(),
        });
        let (dir, client) = (Dir::new(), client(|_| {}));
        let to = || Download::to_path(dir.path("file")).resume(true);
        let mut request = get_request(&server.url);
        failure(download(&client, &request, to(), blocking));
        assert_eq!(dir.names(), ["file.part", "file.part.info"]);
        let info = fs::read_to_string(dir.path("file.part.info")).expect("text");
        let host = server.url.trim_start_matches("http://").split(':').next().expect("an address");
        assert!(!info.contains(host), "no URL: {info}");
        request.add_header(b"X-Second", b"1").expect("a field");
        let response = download(&client, &request, to(), blocking).expect("saved");
        assert_eq!(saved(&response), Saved { bytes: 20, kept: 5, resumes: 0 });
        assert_eq!(response.status(), 206);
        assert_eq!(fs::read(dir.path("file")).expect("it is there"), BODY);
        assert_eq!(dir.names(), ["file"]);
    }
}

#[test]
fn a_part_of_something_else_is_written_anew() {
    let server = Server::new(|_, _| all(TAG, BODY, 20));
    let info = |validator: &str, total: &str| {
        format!("libkeepalive part 1\nurl 00\nvalidator {validator}\ntotal {total}\ncoding \nend\n")
    };
    for text in [info("\"one\"", "20"), info("", ""), "garbage".into(), String::new()] {
        let (dir, client) = (Dir::new(), client(|_| {}));
        fs::write(dir.path("file.part"), "xxxxx").expect("writable");
        fs::write(dir.path("file.part.info"), &text).expect("writable");
        let before = server.heads().len();
        let to = Download::to_path(dir.path("file")).resume(true);
        let response = download(&client, &get_request(&server.url), to, true).expect("saved");
        assert_eq!(saved(&response), Saved { bytes: 20, kept: 0, resumes: 0 }, "{text}");
        assert_eq!(server.field(before, "Range"), None);
        assert_eq!(dir.names(), ["file"]);
    }
}

#[test]
fn a_part_that_is_whole_asks_for_its_last_byte_again() {
    let server = Server::new(|number, _| match number {
        0 => all(TAG, BODY, 19),
        1..=4 => Vec::new(),
        _ => rest(TAG, BODY, 19, 1),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let to = || Download::to_path(dir.path("file")).resume(true);
    failure(download(&client, &get_request(&server.url), to(), true));
    // As if the process had ended before it gave the file its name.
    let mut part = fs::read(dir.path("file.part")).expect("it is there");
    part.push(BODY[19]);
    fs::write(dir.path("file.part"), part).expect("writable");
    let response = download(&client, &get_request(&server.url), to(), true).expect("saved");
    assert_eq!(saved(&response), Saved { bytes: 20, kept: 19, resumes: 0 });
    assert_eq!(fs::read(dir.path("file")).expect("it is there"), BODY);
}

#[test]
fn two_downloads_never_write_to_one_part() {
    let origin = origin();
    let (dir, client) = (Dir::new(), client(|_| {}));
    let to = || Download::to_path(dir.path("file")).resume(true);
    let gated = get_request(&format!("{}/gate-body/two?n=10&sent=5", origin.http()));
    let queue = Queue::new(|| {});
    client.submit_download(gated, to(), &queue, 7).expect("started");
    assert!(origin.wait_at_gate("two", 1, HANG));
    let error = download(&client, &get_request(&format!("{}/ok", origin.http())), to(), true);
    let error = failure(error);
    assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
    assert!(error.message().contains("another download"), "{error}");
    assert!(origin.open_gate("two", HANG));
    assert_eq!(saved(&response(next(&queue)).expect("saved")).bytes, 10);
    assert_eq!(dir.names(), ["file"]);
}

#[test]
fn what_comes_coded_is_written_as_the_request_says() {
    let origin = origin();
    let client = client(|_| {});
    let plain = body(get(&client, &format!("{}/compressible", origin.http())));
    for decode in [true, false] {
        let dir = Dir::new();
        let mut request = get_request(&format!("{}/gzip", origin.http()));
        request.set_decode(decode);
        let to = Download::to_path(dir.path("file")).resume(true);
        let response = download(&client, &request, to, true).expect("saved");
        let written = fs::read(dir.path("file")).expect("it is there");
        assert_eq!((written == plain, saved(&response).bytes), (decode, written.len() as u64));
    }
}

#[test]
fn progress_counts_the_whole_file() {
    #[derive(Default)]
    struct Seen(Mutex<Vec<Progress>>);
    impl ProgressSink for Seen {
        fn progress(&self, progress: &Progress) -> bool {
            self.0.lock().expect("no panic").push(*progress);
            true
        }
    }
    let server = Server::new(|number, _| match number {
        0 => all(TAG, BODY, 5),
        _ => rest(TAG, BODY, 5, 15),
    });
    let (dir, client, seen) = (Dir::new(), client(|_| {}), Arc::<Seen>::default());
    let mut request = get_request(&server.url);
    request.set_progress(seen.clone());
    download(&client, &request, Download::to_path(dir.path("file")), true).expect("saved");
    let seen = seen.0.lock().expect("no panic");
    assert_eq!(seen.last().map(|last| (last.bytes, last.total)), Some((20, Some(20))));
}

#[test]
fn redirects_are_followed_where_that_is_asked_for() {
    let origin = origin();
    let (dir, client) = (Dir::new(), client(|_| {}));
    let mut request = get_request(&format!("{}/redirect/302?n=2", origin.http()));
    request.set_follow_redirects(true);
    let response =
        download(&client, &request, Download::to_path(dir.path("file")), true).expect("saved");
    assert_eq!((saved(&response).bytes, response.status()), (2, 200));
}
