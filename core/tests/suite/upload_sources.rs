//! Bodies from disk, forms that are read while they are sent, and blocking calls that wait for their
//! source or are ended.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::common::uploads::*;
use crate::common::*;
use bytes::Bytes;
use keepalive_core::*;

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
        let file = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .expect("a file");
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
