//! The client's side of a plan: the request through the engine, and what came of it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use keepalive_core::*;

use crate::plan::{Body, Fault, Plan, Way};
use crate::server::Stage;

/// The limit of a plan in which the server falls silent.
pub const SILENCE: Duration = Duration::from_millis(60);
/// The limit of every other wait: none may come near it.
pub const LIMIT: Duration = Duration::from_secs(20);

/// What the caller got.
#[derive(Debug)]
pub struct Seen {
    pub status: Option<u16>,
    pub info: Option<Info>,
    /// The body, or as much as came before the error.
    pub body: Vec<u8>,
    pub error: Option<Error>,
    pub took: Duration,
}

pub const UPLOAD: &[u8; 20] = b"0123456789abcdefghij";

/// A body in one piece, which tells the stage when it is first asked for: the connection is checked
/// out then, and nothing is written yet.
struct Source {
    left: bool,
    rewinds: bool,
    stage: Option<Arc<Stage>>,
}

impl BodySource for Source {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<bytes::Bytes>>> {
        if let Some(stage) = self.stage.take() {
            stage.act.open();
            stage.acted.wait(&stage.plan);
        }
        let piece = std::mem::take(&mut self.left).then(|| bytes::Bytes::from_static(UPLOAD));
        Poll::Ready(Ok(piece))
    }

    fn can_rewind(&self) -> bool {
        self.rewinds
    }

    fn rewind(&mut self) -> bool {
        self.left |= self.rewinds;
        self.rewinds
    }
}

pub fn named(method: &str, base: &str, id: &str) -> Request {
    let mut request = Request::new(method, &format!("{base}/x")).expect("a request");
    request.add_header(b"X-Id", id.as_bytes()).expect("a field");
    request
}

pub fn request(plan: &Plan, base: &str, stage: &Arc<Stage>) -> Request {
    let mut request = named(plan.method.name, base, "it");
    if plan.method.key {
        request.add_header(b"Idempotency-Key", b"k").expect("a field");
    }
    match plan.body {
        Body::None => {}
        Body::Whole => request.set_body(&UPLOAD[..]),
        Body::Large => request.set_body(vec![b'x'; 2_000_000]),
        Body::Rewinds | Body::Once => {
            let stage = (plan.fault == Fault::BeforeWrite).then(|| stage.clone());
            let source = Source { left: true, rewinds: plan.body == Body::Rewinds, stage };
            request.set_body_stream(Box::new(source), Some(UPLOAD.len() as u64));
        }
    }
    let timeouts = match plan.fault {
        Fault::Stall { .. } => Timeouts {
            header: Some(Some(SILENCE)),
            read: Some(Some(SILENCE)),
            ..Timeouts::default()
        },
        _ => Timeouts::default(),
    };
    request.set_timeouts(timeouts);
    request
}

/// Sends it the plan's way.
pub fn perform(client: &Client, plan: &Plan, request: &Request, stage: &Stage) -> Seen {
    let start = Instant::now();
    let mut seen = match plan.way {
        Way::Send => send(client, request, plan.pieces),
        Way::Submit => submit(client, request, plan, stage),
    };
    seen.took = start.elapsed();
    seen
}

impl Seen {
    fn of(result: Result<Response>) -> (Seen, Option<Response>) {
        let mut seen =
            Seen { status: None, info: None, body: Vec::new(), error: None, took: Duration::ZERO };
        match result {
            Ok(response) => {
                seen.status = Some(response.status());
                seen.info = Some(response.info().clone());
                (seen, Some(response))
            }
            Err(error) => {
                seen.body.extend_from_slice(error.partial_body().unwrap_or_default());
                seen.error = Some(error);
                (seen, None)
            }
        }
    }
}

fn send(client: &Client, request: &Request, pieces: bool) -> Seen {
    let blocking = Blocking::default();
    let result =
        if pieces { client.send(request, blocking) } else { client.send_whole(request, blocking) };
    let (mut seen, response) = Seen::of(result);
    let Some(mut response) = response else { return seen };
    loop {
        let most = if pieces { 7 } else { usize::MAX };
        match response.read_chunk(most, Blocking::default()) {
            Ok(Some(piece)) => seen.body.extend_from_slice(&piece),
            Ok(None) => return seen,
            Err(error) => {
                seen.error = Some(error);
                return seen;
            }
        }
    }
}

fn next(queue: &Queue) -> Outcome {
    assert!(queue.wait(Some(2 * LIMIT)), "a submission never ended");
    let (mut taken, more) = queue.take(1);
    assert!(!more, "more than one completion");
    taken.pop().expect("one").outcome
}

fn submit(client: &Client, request: &Request, plan: &Plan, stage: &Stage) -> Seen {
    let queue = Queue::new(|| {});
    let until = if plan.pieces { Until::Head } else { Until::Body };
    let call = client.submit(request.clone(), until, &queue, 1).expect("submitted");
    if matches!(plan.fault, Fault::Cancel { .. }) {
        stage.held.wait(plan);
        call.cancel();
    }
    let Outcome::Response(result) = next(&queue) else { panic!("not a response") };
    let (mut seen, response) = Seen::of(result);
    let Some(mut response) = response else { return seen };
    if !plan.pieces {
        seen.body.extend_from_slice(&response.take_complete().expect("it is whole"));
        return seen;
    }
    loop {
        Client::submit_read(response, 7, &queue, 2).expect("submitted");
        let Outcome::Chunk(back, result) = next(&queue) else { panic!("not a piece") };
        response = back;
        match result {
            Ok(Some(piece)) => seen.body.extend_from_slice(&piece),
            Ok(None) => return seen,
            Err(error) => {
                seen.error = Some(error);
                return seen;
            }
        }
    }
}
