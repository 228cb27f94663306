//! What submissions end in: the completions of the engine's queue, as clients fill it.

use std::any::Any;
use std::mem::MaybeUninit;
use std::sync::Arc;

use bytes::Bytes;
use keepalive_proto::ResponseHead;

use crate::engine::queue;
use crate::error::Result;
use crate::progress::{Progress, ProgressSink};
use crate::request::body::BodyWant;
use crate::request::redirect_hook::RedirectQuestion;
use crate::response::Response;

/// One finished submission.
pub type Completion = queue::Completion<Outcome>;

/// Collects the completions of one consumer's submissions.
pub type Queue = queue::Queue<Outcome>;

/// OriginState of the caller's that the engine receives a body into.
pub trait Destination: Any + Send {
    /// All of it, always the same. It need not have been written: the engine only writes to it, from
    /// its front, and says how far it came.
    fn memory(&mut self) -> &mut [MaybeUninit<u8>];
}

/// What a submission ended in. Each submission ends in exactly one.
pub enum Outcome {
    /// Of `Client::submit`.
    Response(Result<Response>),
    /// Of `Client::submit_read`: the response comes back with its next piece; `None` is the
    /// verified end.
    Chunk(Response, Result<Option<Bytes>>),
    /// Of `Client::submit_warm`: how many connections were opened.
    Warmed(Result<usize>),
    /// Of `Client::submit_read_full`: the response and the memory come back, with how many bytes of
    /// it, from the first on, have been written; also on failure, whose error has none of them
    /// ([`Error::with_partial`](crate::Error::with_partial) adds them).
    Filled(Response, Box<dyn Destination>, usize, Result<()>),
    /// Of `UpgradedStream::submit_read`: the next piece; `None` is the end of what the peer sends.
    StreamRead(Result<Option<Bytes>>),
    /// Of `UpgradedStream::submit_ready`: bytes at hand; 0 is the end of what the peer sends.
    StreamReady(Result<usize>),
    /// Of `UpgradedStream::submit_write` and `UpgradedStream::submit_shutdown`.
    StreamWritten(Result<()>),
    /// A piped request body wants its next piece, or its first one again
    /// ([`body_pipe`](crate::body_pipe)); not an end.
    WantBody(BodyWant),
    /// How far a body has come, of a request whose sink is that of [`progress_events`]; not an end.
    Progress(Progress),
    /// An interim response came (1xx, but not 101), of a request whose observer pushes them; not an end.
    Informational(ResponseHead),
    /// An observer of the caller's has something to tell where the completions are taken; not an end. The
    /// engine itself makes none.
    Observed,
    /// A hook of the caller's handed a question on ([`RedirectHook`](crate::RedirectHook)); not an end. The
    /// engine itself makes none.
    Redirect(RedirectQuestion),
}

/// A sink that has the consumer of `queue` told, by [`Outcome::Progress`] with `token`, of what goes on on
/// the engine's thread.
pub fn progress_events(queue: &Arc<Queue>, token: u64) -> Arc<dyn ProgressSink> {
    Arc::new(Events { queue: queue.clone(), token })
}

struct Events {
    queue: Arc<Queue>,
    token: u64,
}

impl ProgressSink for Events {
    fn progress(&self, progress: &Progress) -> bool {
        self.queue.push(self.token, Outcome::Progress(*progress));
        true
    }
}
