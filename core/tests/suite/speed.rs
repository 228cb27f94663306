//! Limits on the speed of bodies, and who is told how far they have come; by both waits.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::common::*;
use keepalive_core::*;

/// The body of `request`, by either wait.
fn send(client: &Client, request: &Request, blocking: bool) -> Result<Vec<u8>> {
    let mut response = match blocking {
        true => client.send_whole(request, Blocking::default())?,
        false => submit(client, request.clone(), Until::Body)?,
    };
    Ok(response.read_all(Blocking::default())?.to_vec())
}

#[derive(Default)]
struct Seen {
    all: Mutex<Vec<Progress>>,
    stop_at: Option<u64>,
}

impl ProgressSink for Seen {
    fn progress(&self, progress: &Progress) -> bool {
        self.all.lock().expect("no panic").push(*progress);
        self.stop_at.is_none_or(|most| progress.bytes < most)
    }
}

fn watched(url: &str, stop_at: Option<u64>) -> (Request, Arc<Seen>) {
    let seen = Arc::new(Seen { stop_at, ..Seen::default() });
    let mut request = get_request(url);
    request.set_progress(seen.clone());
    (request, seen)
}

#[test]
fn a_body_that_is_slower_than_the_least_speed_is_given_up() {
    let origin = origin();
    for blocking in [true, false] {
        for path in ["stall-body?n=1000&sent=10", "drip?count=1000&ms=10&size=10"] {
            let client = client(|config| {
                config.min_speed = 1 << 30;
                config.min_speed_time = Some(Duration::from_millis(80));
            });
            let request = get_request(&format!("{}/{path}", origin.http()));
            let error = send(&client, &request, blocking).expect_err("too slow");
            assert_eq!((error.kind(), error.phase()), (ErrorKind::TooSlow, Phase::Body), "{error}");
            assert!(error.message().contains("1073741824 bytes per second for 80 ms"), "{error}");
            settled(&client);
            assert_eq!(client.stats().idle, 0, "its connection is closed");
        }
    }
}

#[test]
fn a_request_has_its_own_least_speed() {
    let origin = origin();
    let client = client(|_| {});
    let mut request = get_request(&format!("{}/stall-body?n=1000&sent=10", origin.http()));
    request.set_option("min_speed", Some("1")).expect("a number");
    request.set_option("min_speed_time", Some("40")).expect("a number");
    let error = send(&client, &request, true).expect_err("too slow");
    assert_eq!(error.kind(), ErrorKind::TooSlow);
    for name in ["min_speed", "min_speed_time", "max_speed"] {
        let error = request.set_option(name, Some("-1")).expect_err("no number");
        assert!(error.message().contains(name), "{error}");
    }
}

#[test]
fn what_is_fast_enough_passes() {
    let origin = origin();
    for blocking in [true, false] {
        let client = client(|config| {
            config.min_speed = 10;
            config.min_speed_time = Some(Duration::from_millis(400));
        });
        for path in ["bytes/3000000", "chunked/300000", "drip?count=40&ms=5&size=100", "ok"] {
            let request = get_request(&format!("{}/{path}", origin.http()));
            send(&client, &request, blocking).expect(path);
        }
    }
}

#[test]
fn a_body_moves_no_faster_than_the_greatest_speed() {
    let origin = origin();
    for blocking in [true, false] {
        for path in ["bytes/400000", "chunked/400000"] {
            let client = client(|config| config.max_speed = 1_000_000);
            let began = Instant::now();
            let body = send(&client, &get_request(&format!("{}/{path}", origin.http())), blocking);
            assert_eq!(body.expect("a body").len(), 400_000);
            // What came with the head, and the last step, are not waited for.
            assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
            assert_eq!(client.stats().idle, 1);
        }
    }
}

#[test]
fn a_pause_for_the_greatest_speed_ends_with_the_whole_time() {
    let origin = origin();
    let client = client(|config| {
        config.max_speed = 1;
        config.total_timeout = Some(Duration::from_millis(100));
    });
    for blocking in [true, false] {
        let request = get_request(&format!("{}/bytes/400000", origin.http()));
        let error = send(&client, &request, blocking).expect_err("no time");
        assert_eq!(error.kind(), ErrorKind::TotalTimeout);
    }
}

#[test]
fn progress_ends_with_all_of_the_body() {
    let origin = origin();
    for https in [false, true] {
        let client = trusting(&origin, |_| {});
        let base = if https { origin.https() } else { origin.http() };
        for (path, size, known) in [
            ("bytes/3000000", 3_000_000, true),
            ("chunked/300000", 300_000, false),
            ("close-delimited/300000", 300_000, false),
            ("ok", 2, true),
            ("status/204", 0, true),
        ] {
            for blocking in [true, false] {
                let (request, seen) = watched(&format!("{base}/{path}"), None);
                assert_eq!(send(&client, &request, blocking).expect(path).len(), size, "{path}");
                let all = seen.all.lock().expect("no panic");
                let last = all.last().expect("it is told at the end");
                assert_eq!((last.bytes, last.total), (size as u64, Some(size as u64)), "{path}");
                assert_eq!(last.transfer, Transfer::Download);
                assert!(last.rate >= 0.0 && last.rate.is_finite());
                assert!(all.is_sorted_by(|a, b| a.bytes <= b.bytes));
                let expected = known.then_some(size as u64);
                assert!(all[..all.len() - 1].iter().all(|one| one.total == expected), "{path}");
            }
        }
    }
}

#[test]
fn progress_of_a_coded_body_counts_what_came() {
    let origin = origin();
    let client = client(|_| {});
    let coded = body(get(&client, &format!("{}/gzip", origin.http()))).len() as u64;
    let (mut request, seen) = watched(&format!("{}/gzip", origin.http()), None);
    request.set_decode(true);
    assert!(send(&client, &request, true).expect("a body").len() as u64 > coded);
    assert_eq!(seen.all.lock().expect("no panic").last().map(|last| last.bytes), Some(coded));
}

#[test]
fn progress_is_not_told_of_what_is_not_handed_out() {
    let origin = origin();
    let client = client(|_| {});
    let (mut request, seen) = watched(&format!("{}/redirect/302?n=2", origin.http()), None);
    request.set_follow_redirects(true);
    assert_eq!(send(&client, &request, true).expect("a body"), b"ok");
    let all = seen.all.lock().expect("no panic");
    assert_eq!(all.iter().map(|one| one.bytes).collect::<Vec<_>>(), [2]);
}

#[test]
fn progress_is_told_on_the_way() {
    let origin = origin();
    let client = client(|_| {});
    let (request, seen) =
        watched(&format!("{}/drip?count=30&ms=20&size=1000", origin.http()), None);
    send(&client, &request, true).expect("a body");
    let all = seen.all.lock().expect("no panic");
    assert!((2..=20).contains(&all.len()), "{all:?}");
    assert!(all[0].bytes < 30_000 && all[0].rate > 0.0, "{all:?}");
}

#[test]
fn a_callback_can_end_the_request() {
    let origin = origin();
    let client = client(|_| {});
    for blocking in [true, false] {
        for path in ["endless/plain", "ok"] {
            let (request, _) = watched(&format!("{}/{path}", origin.http()), Some(0));
            let error = send(&client, &request, blocking).expect_err("ended");
            assert_eq!(error.kind(), ErrorKind::Cancelled, "{path}");
            assert!(error.message().contains("progress"), "{error}");
        }
        settled(&client);
    }
}

#[test]
fn a_callback_that_panics_ends_its_request_alone() {
    struct Panics;
    impl ProgressSink for Panics {
        fn progress(&self, _: &Progress) -> bool {
            panic!("a caller's mistake")
        }
    }
    let origin = origin();
    let client = client(|_| {});
    for blocking in [true, false] {
        let mut request = get_request(&format!("{}/bytes/100000", origin.http()));
        request.set_progress(Arc::new(Panics));
        let error = send(&client, &request, blocking).expect_err("a panic");
        assert_eq!(error.kind(), ErrorKind::Panic);
        assert_eq!(text(get(&client, &format!("{}/ok", origin.http()))), "ok");
    }
}

/// Two pieces, once or as often as is asked for.
struct Pieces {
    next: u8,
    again: bool,
}

impl BodySource for Pieces {
    fn poll_chunk(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<Option<bytes::Bytes>>> {
        self.next += 1;
        let piece = (self.next <= 2).then(|| bytes::Bytes::from(vec![b'x'; 1000]));
        std::task::Poll::Ready(Ok(piece))
    }

    fn can_rewind(&self) -> bool {
        self.again
    }

    fn rewind(&mut self) -> bool {
        self.next = 0;
        self.again
    }
}

#[test]
fn progress_of_a_request_s_body_is_told_too() {
    let origin = origin();
    let client = client(|_| {});
    for blocking in [true, false] {
        for (size, streamed, known) in
            [(3_000_000, false, true), (10, false, true), (2000, true, true), (2000, true, false)]
        {
            let (_, seen) = watched("http://127.0.0.1:1/", None);
            let url = format!("{}/upload-count", origin.http());
            let mut request = Request::new("POST", &url).expect("a request");
            request.set_progress(seen.clone());
            match streamed {
                true => request.set_body_stream(
                    Box::new(Pieces { next: 0, again: true }),
                    known.then_some(2000),
                ),
                false => request.set_body(vec![b'x'; size]),
            }
            // Twice: a body that can begin again is the request's after the first time.
            for _ in 0..2 {
                seen.all.lock().expect("no panic").clear();
                let count = send(&client, &request, blocking).expect("an answer");
                assert_eq!(String::from_utf8(count).expect("text"), size.to_string());
                let all = seen.all.lock().expect("no panic");
                let up: Vec<_> =
                    all.iter().filter(|one| one.transfer == Transfer::Upload).collect();
                let last = up.last().expect("told at the end");
                assert_eq!((last.bytes, last.total), (size as u64, Some(size as u64)));
                assert_eq!(all.last().map(|one| one.transfer), Some(Transfer::Download));
            }
        }
    }
}

/// Ten bytes, and nobody knows when it will say that there are no more.
struct Endless(bool);

impl BodySource for Endless {
    fn poll_chunk(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<Option<bytes::Bytes>>> {
        match std::mem::replace(&mut self.0, true) {
            false => std::task::Poll::Ready(Ok(Some(bytes::Bytes::from_static(&[b'x'; 10])))),
            true => std::task::Poll::Pending,
        }
    }
}

#[test]
fn all_of_a_told_length_is_told_of_without_asking_for_the_end() {
    let origin = origin();
    let client = client(|_| {});
    for blocking in [true, false] {
        let (_, seen) = watched("http://127.0.0.1:1/", None);
        let url = format!("{}/upload-count", origin.http());
        let mut request = Request::new("POST", &url).expect("a request");
        request.set_progress(seen.clone());
        request.set_body_stream(Box::new(Endless(false)), Some(10));
        assert_eq!(send(&client, &request, blocking).expect("an answer"), b"10");
        let all = seen.all.lock().expect("no panic");
        let up = all.iter().filter(|one| one.transfer == Transfer::Upload);
        // A machine that takes more than a tenth of a second for the beginning hears of no bytes, too.
        let up = up.filter(|one| one.bytes > 0);
        assert_eq!(up.map(|one| (one.bytes, one.total)).collect::<Vec<_>>(), [(10, Some(10))]);
    }
}

#[test]
fn an_upload_that_is_sent_again_is_told_of_anew_and_one_that_cannot_be_is_not_sent_again() {
    let origin = origin();
    let client = client(|_| {});
    let url = format!("{}/redirect/307?to=/upload-count", origin.http());
    for again in [true, false] {
        let (_, seen) = watched("http://127.0.0.1:1/", None);
        let mut request = Request::new("POST", &url).expect("a request");
        request.set_progress(seen.clone());
        request.set_follow_redirects(true);
        request.set_body_stream(Box::new(Pieces { next: 0, again }), Some(2000));
        let result = send(&client, &request, true);
        let all = seen.all.lock().expect("no panic");
        let ends = all.iter().filter(|one| one.transfer == Transfer::Upload && one.bytes == 2000);
        match again {
            true => assert_eq!((result.expect("an answer"), ends.count()), (b"2000".to_vec(), 2)),
            false => {
                assert_eq!(result.expect_err("gone").kind(), ErrorKind::InvalidRedirect);
                assert_eq!(ends.count(), 1);
            }
        }
    }
}

#[test]
fn a_callback_can_end_an_upload() {
    let origin = origin();
    let client = client(|_| {});
    for blocking in [true, false] {
        let (_, seen) = watched("http://127.0.0.1:1/", Some(1));
        let url = format!("{}/upload-count", origin.http());
        let mut request = Request::new("POST", &url).expect("a request");
        request.set_progress(seen);
        request.set_body(vec![b'x'; 3_000_000]);
        let error = send(&client, &request, blocking).expect_err("ended");
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        settled(&client);
    }
}
