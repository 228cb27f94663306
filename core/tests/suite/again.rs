//! Sending a body again, for a replay, a retry and a redirect: every source that can be produced
//! again is, by both waits alike; the others are not, the error says so, and nobody touches them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use crate::common::*;
use bytes::Bytes;
use keepalive_core::*;

const BODY: &[u8] = b"one two three ";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Whole,
    Rewindable,
    OneShot,
    RewindablePipe,
    OneShotPipe,
}

const KINDS: [Kind; 5] =
    [Kind::Whole, Kind::Rewindable, Kind::OneShot, Kind::RewindablePipe, Kind::OneShotPipe];

impl Kind {
    fn repeats(self) -> bool {
        !matches!(self, Kind::OneShot | Kind::OneShotPipe)
    }
}

fn pieces() -> Vec<Bytes> {
    BODY.split_inclusive(|&byte| byte == b' ').map(Bytes::from_static).collect()
}

struct Source {
    left: Vec<Bytes>,
    rewinds: Option<Arc<AtomicUsize>>,
}

impl BodySource for Source {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        Poll::Ready(Ok((!self.left.is_empty()).then(|| self.left.remove(0))))
    }

    fn can_rewind(&self) -> bool {
        self.rewinds.is_some()
    }

    fn rewind(&mut self) -> bool {
        let Some(rewinds) = &self.rewinds else { return false };
        rewinds.fetch_add(1, Ordering::SeqCst);
        self.left = pieces();
        true
    }
}

/// Hands over a piece for each that is asked for, on a thread of its own.
fn produce(rewindable: bool, rewinds: &Arc<AtomicUsize>) -> Box<dyn BodySource> {
    let (wants, wanted) = std::sync::mpsc::channel();
    let (sender, source) = body_pipe(rewindable, move |want| {
        let _ = wants.send(want);
    });
    let rewinds = rewinds.clone();
    std::thread::spawn(move || {
        let mut left = pieces();
        for want in wanted {
            if want == BodyWant::Restart {
                rewinds.fetch_add(1, Ordering::SeqCst);
                left = pieces();
                sender.restarted();
            }
            // The request may be over.
            let _ = match left.is_empty() {
                true => sender.finish(),
                false => sender.push(left.remove(0)),
            };
        }
    });
    source
}

/// Sends a body of that kind, and tells how often it was rewound.
fn one(
    client: &Client,
    kind: Kind,
    url: &str,
    submitted: bool,
    prepare: impl Fn(&mut Request),
) -> (Result<Response>, usize) {
    let rewinds = Arc::new(AtomicUsize::new(0));
    let mut request = Request::new("PUT", url).expect("a request");
    match kind {
        Kind::Whole => request.set_body(BODY),
        Kind::Rewindable | Kind::OneShot => {
            let rewinds = (kind == Kind::Rewindable).then(|| rewinds.clone());
            request.set_body_stream(Box::new(Source { left: pieces(), rewinds }), None);
        }
        Kind::RewindablePipe => request.set_body_stream(produce(true, &rewinds), None),
        Kind::OneShotPipe => request.set_body_stream(produce(false, &rewinds), None),
    }
    prepare(&mut request);
    let result = match submitted {
        false => client.send_whole(&request, Blocking::default()),
        true => submit(client, request, Until::Body),
    };
    (result, rewinds.load(Ordering::SeqCst))
}

/// Each kind of body with each way to send it; a blocking call cannot wait for a pipe.
fn ways() -> impl Iterator<Item = (Kind, bool)> {
    let all = KINDS.into_iter().flat_map(|kind| [(kind, false), (kind, true)]);
    all.filter(|&(kind, submitted)| {
        submitted || !matches!(kind, Kind::RewindablePipe | Kind::OneShotPipe)
    })
}

/// Answers a GET, dies under the first request with a body, and answers the next.
fn dying() -> Script {
    let died = AtomicBool::new(false);
    script(move |head, body| match head.starts_with("GET") {
        true => {
            died.store(false, Ordering::SeqCst);
            ok(b"warm")
        }
        false if !died.swap(true, Ordering::SeqCst) => Vec::new(),
        false => ok(body),
    })
}

#[test]
fn a_replay_sends_every_body_that_can_be_produced_again() {
    for (kind, submitted) in ways() {
        let (origin, client) = (dying(), client(|_| {}));
        get(&client, &origin.url);
        let (result, rewinds) = one(&client, kind, &origin.url, submitted, |_| {});
        if kind.repeats() {
            let mut response = result.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            assert_eq!(response.info().replays, 1, "{kind:?}");
            assert_eq!(&response.read_all(Blocking::default()).expect("a body")[..], BODY);
            assert_eq!(origin.count(), 3);
        } else {
            let error = result.err().expect("not sent again");
            assert_eq!(error.kind(), ErrorKind::ConnectionClosed, "{kind:?}");
            let text = "cannot be produced a second time";
            assert!(error.message().contains(text), "{kind:?}: {error}");
            assert_eq!((origin.count(), rewinds), (2, 0), "{kind:?}");
        }
    }
}

#[test]
fn a_failed_request_that_is_not_sent_again_touches_no_source() {
    let refused = script(|_, _| Vec::new());
    let client = client(|_| {});
    for (kind, submitted) in ways() {
        let (result, rewinds) = one(&client, kind, &refused.url, submitted, |_| {});
        assert!(result.is_err());
        assert_eq!(rewinds, 0, "{kind:?}");
    }
}

#[test]
fn a_redirect_that_keeps_the_method_sends_the_body_again() {
    let origin = script(|head, body| match head.contains("/there") {
        true => ok(body),
        false => b"HTTP/1.1 307 X\r\nContent-Length: 0\r\nLocation: /there\r\n\r\n".to_vec(),
    });
    let client = client(|_| {});
    for (kind, submitted) in ways() {
        let follow = |request: &mut Request| request.set_follow_redirects(true);
        let (result, _) = one(&client, kind, &origin.url, submitted, follow);
        if kind.repeats() {
            let mut response = result.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            assert_eq!(&response.read_all(Blocking::default()).expect("a body")[..], BODY);
        } else {
            let error = result.err().expect("not sent again");
            assert_eq!(error.kind(), ErrorKind::InvalidRedirect, "{kind:?}");
            assert!(error.message().contains("cannot be produced again"), "{error}");
        }
    }
}

#[test]
fn an_error_says_that_a_retry_lacked_the_body() {
    let refused = script(|_, _| Vec::new());
    let client = client(|config| config.retries = 1);
    for (kind, submitted) in ways() {
        let (result, _) = one(&client, kind, &refused.url, submitted, |_| {});
        let error = result.err().expect("refused");
        assert_eq!(error.message().contains("not tried again"), !kind.repeats(), "{error}");
        assert_eq!(error.tries(), 1 + u32::from(kind.repeats()), "{error}");
    }
}

#[test]
fn a_retry_sends_the_body_again() {
    for (kind, submitted) in ways() {
        let failed = AtomicBool::new(false);
        let origin = script(move |_, body| match failed.swap(true, Ordering::SeqCst) {
            false => b"HTTP/1.1 503 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".to_vec(),
            true => ok(body),
        });
        let client = client(|config| config.retries = 1);
        let (result, _) = one(&client, kind, &origin.url, submitted, |_| {});
        let mut response = result.expect("a response");
        let retries = u32::from(kind.repeats());
        assert_eq!((response.info().retries, origin.count()), (retries, 1 + retries as usize));
        if kind.repeats() {
            assert_eq!(&response.read_all(Blocking::default()).expect("a body")[..], BODY);
        } else {
            assert_eq!(response.status(), 503, "{kind:?}");
        }
    }
}

#[test]
fn the_caller_knows_better_than_the_method() {
    for (method, idempotent, again) in
        [("POST", None, 0), ("POST", Some(true), 1), ("PUT", None, 1), ("PUT", Some(false), 0)]
    {
        for submitted in [false, true] {
            let (origin, client) = (dying(), client(|_| {}));
            get(&client, &origin.url);
            let mut request = Request::new(method, &origin.url).expect("a request");
            request.set_body(BODY);
            if let Some(idempotent) = idempotent {
                request.set_idempotent(idempotent);
            }
            let result = match submitted {
                false => client.send_whole(&request, Blocking::default()),
                true => submit(&client, request, Until::Body),
            };
            let replays = result.map(|response| response.info().replays);
            assert_eq!(replays.unwrap_or(0), again, "{method} {idempotent:?}");
        }
    }
}
