//! A body into a file: whole or not at all, and taken up again where it broke off.
//!
//! | came                                   | goes to                                                  |
//! |----------------------------------------|----------------------------------------------------------|
//! | 2xx to a request for all               | written from the beginning                               |
//! | 206 that fits to what is there         | written behind it                                        |
//! | 206 or 416 that does not               | once more for all of it, once; then `ResumeFailed`       |
//! | 200 to a request for the rest          | it is another one: written from the beginning            |
//! | another status to the first request    | the caller's to read; nothing is written                 |
//! | another status to a later one          | tried again if it is one that `retries` would, else `ResumeFailed` |
//! | the connection broke inside the body   | asked for the rest, if `repeat` allows and what is there has a strong validator |
//!
//! [`fit`] decides what fits, [`disk`] writes, [`part`] is the file.

mod disk;
mod fit;
mod part;
mod target;

use std::sync::Arc;
use std::time::Instant;

use crate::client::download::disk::Disk;
use crate::client::download::fit::{Representation, Verdict, judge};
pub use crate::client::download::target::{BodyWriter, Download};
use crate::config::{Settings, Timeouts};
use crate::connection::manager::ClientPool;
use crate::deadline::Deadline;
use crate::drive::perform;
use crate::drive::retry::{is_retryable_status, rest};
use crate::drive::wait::Wait;
use crate::error::{Error, ErrorGroup, ErrorKind, Phase, Result, Sent};
use crate::progress::{Progress, ProgressSink};
use crate::repeat::{Answer, Attempt};
use crate::request::Request;
use crate::response::{Response, Until};

/// Bytes that are written at a time.
const PIECE: usize = 256 * 1024;

/// Breaks in a row that brought nothing; at least so many, whatever `retries` says.
const BARREN: u64 = 3;

/// Breaks at all.
const MOST_BREAKS: u32 = 1000;

/// Parts that are smaller than this and not the last one; so many of them at all.
const SCANT: u64 = 64 * 1024;
const MOST_SCANT: u32 = 100;

/// Bodies that did not fit, before that is the answer.
const MISFITS: u32 = 2;

/// Sends `request` and writes the body of its answer.
pub(super) async fn run<W: Wait>(
    settings: &Settings,
    pool: &Arc<ClientPool>,
    request: &Request,
    download: Download,
    wait: &mut W,
) -> Result<Response> {
    let disk = Disk::open::<W>(download, request).await?;
    let started = Instant::now();
    let total = request.timeouts.total.unwrap_or(settings.config.total_timeout);
    let total = Deadline::after(started, total, ErrorKind::TotalTimeout);
    let work = Work {
        settings,
        pool,
        request,
        wait,
        disk,
        total,
        breaks: 0,
        barren: 0,
        best: 0,
        scant: 0,
        misfits: 0,
    };
    work.run().await
}

struct Work<'a, W> {
    settings: &'a Settings,
    pool: &'a Arc<ClientPool>,
    request: &'a Request,
    wait: &'a mut W,
    disk: Disk,
    total: Deadline,
    /// How often it broke off and was taken up again.
    breaks: u32,
    /// Of these, the last ones that brought nothing.
    barren: u64,
    /// The most bytes that were there.
    best: u64,
    /// Parts that hardly brought anything, one of which costs as much as a large one.
    scant: u32,
    misfits: u32,
}

/// What became of one request.
enum Step {
    /// Everything is there.
    Whole(Response),
    /// Nothing is to be written.
    Answer(Response),
    /// More is to be asked for.
    More,
    /// The rest is to be asked for after a pause, if that may be; else it is the failure.
    Broke(Error),
    /// What came is no part of what is there.
    Misfit(String),
}

impl<W: Wait> Work<'_, W> {
    async fn run(mut self) -> Result<Response> {
        loop {
            match self.step().await? {
                Step::Whole(mut response) => {
                    let saved = self.disk.finish::<W>(self.breaks).await?;
                    response.set_saved(saved);
                    return Ok(response);
                }
                Step::Answer(mut response) => {
                    self.disk.leave();
                    response.receive_until(self.wait, Until::Body).await?;
                    return Ok(response);
                }
                Step::More => {}
                Step::Broke(error) => {
                    let len = self.disk.len();
                    self.barren = if len > self.best { 0 } else { self.barren + 1 };
                    self.best = self.best.max(len);
                    self.go_on(error).await?;
                }
                Step::Misfit(reason) => {
                    self.misfits += 1;
                    if self.misfits >= MISFITS {
                        return Err(misfit(&reason));
                    }
                    self.disk.restart::<W>(None).await?;
                }
            }
        }
    }

    /// Sends one request and writes what it brings.
    async fn step(&mut self) -> Result<Step> {
        let at = self.disk.len();
        let request = self.ask(at)?;
        let is_first = self.breaks == 0 && self.misfits == 0;
        let reply = match perform(self.settings, self.pool, &request, self.wait).await {
            Ok(reply) => reply,
            Err(error) if is_first => return Err(error),
            Err(error) => return Ok(Step::Broke(error)),
        };
        let mut response = Response::from(reply);
        let status = response.status();
        let came = Representation::of(&response);
        let own_range = self.request.has_header(b"range");
        match judge(&response, at, self.disk.representation(), &came, own_range) {
            Verdict::All => self.disk.restart::<W>(Some(came)).await?,
            Verdict::Rest(total) => self.disk.will_have(total),
            Verdict::Misfit(reason) => {
                response.discard();
                return Ok(Step::Misfit(reason));
            }
            Verdict::Other if is_first => return Ok(Step::Answer(response)),
            Verdict::Other => {
                let error = misfit(&format!("the rest was answered with {status}"));
                return match is_retryable_status(status) {
                    true => Ok(Step::Broke(error)),
                    false => Err(error),
                };
            }
        }
        response.tell_whole()?;
        loop {
            match response.next_chunk(self.wait, PIECE).await {
                Ok(Some(piece)) => {
                    if let Err(error) = self.disk.write::<W>(piece).await {
                        response.discard();
                        return Err(error);
                    }
                }
                Ok(None) => break,
                Err(error) => return Ok(Step::Broke(error)),
            }
        }
        match self.disk.representation().and_then(|known| known.total) {
            // A server may give less than it was asked for.
            Some(total) if self.disk.len() < total && status == 206 && self.disk.len() > at => {
                self.scant += u32::from(self.disk.len() - at < SCANT);
                match self.scant > MOST_SCANT {
                    true => Err(misfit("the server gives it in parts that are too small")),
                    false => Ok(Step::More),
                }
            }
            Some(total) if self.disk.len() != total => {
                let reason = format!("{} bytes came of {total}", self.disk.len());
                Ok(Step::Misfit(reason))
            }
            _ => Ok(Step::Whole(response)),
        }
    }

    /// The request for what is missing behind the first `at` bytes.
    fn ask(&self, at: u64) -> Result<Request> {
        let mut request = self.request.clone();
        if !request.decides_header(b"accept-encoding") {
            request.add_header(b"Accept-Encoding", b"identity")?;
        }
        if at > 0
            && let Some(condition) = self.disk.representation().and_then(Representation::condition)
        {
            request.add_header(b"Range", format!("bytes={at}-").as_bytes())?;
            request.add_header(b"If-Range", condition)?;
        }
        if let Some(left) = self.total.left() {
            if left.is_zero() {
                return Err(self.total.error(Phase::Body, &request.target.origin));
            }
            request.set_timeouts(Timeouts { total: Some(Some(left)), ..request.timeouts });
        }
        if let Some(sink) = request.pace.as_ref().and_then(|pace| pace.progress.clone()) {
            request.set_progress(Arc::new(Behind { sink, at }));
        }
        Ok(request)
    }

    /// Waits for another try, or returns the failure when there is none.
    async fn go_on(&mut self, error: Error) -> Result<()> {
        if !is_break(&error) {
            return Err(error);
        }
        let config = &self.settings.config;
        let resumable = self.disk.representation().is_some_and(|known| known.condition().is_some());
        let attempt =
            Attempt { sent: Sent::All, answer: Answer::Resumable, ..self.request.attempt() };
        if attempt.again().is_err() || !self.disk.can_resume() {
            return Err(error);
        }
        if !resumable {
            return Err(error.with_note("not taken up again: what came has no strong validator"));
        }
        let memory = self.pool.manager.process.origins.of(&self.request.target.origin);
        if self.barren > config.retries.max(BARREN)
            || self.breaks >= MOST_BREAKS
            || !memory.budget.spend(Instant::now(), config.retry_budget)
        {
            return Err(error.with_tries(self.breaks + 1));
        }
        self.breaks += 1;
        let tries = u32::try_from(self.barren).unwrap_or(u32::MAX);
        rest(self.wait, tries, &self.total, &self.request.target.origin).await
    }
}

/// The connection failed under the body, or the server's answer to the request for the rest was one of
/// those that pass.
fn is_break(error: &Error) -> bool {
    let kind = error.kind();
    matches!(kind.group(), ErrorGroup::Carry | ErrorGroup::Reach)
        || matches!(
            kind,
            ErrorKind::BodyTruncated
                | ErrorKind::HeadTruncated
                | ErrorKind::TlsHandshakeFailed
                | ErrorKind::TlsProtocol
                | ErrorKind::ResumeFailed
        )
}

fn misfit(reason: &str) -> Error {
    let text = format!("the download cannot be taken up again: {reason}");
    Error::new(ErrorKind::ResumeFailed, Phase::Body, text)
}

/// Adds what is there already.
struct Behind {
    sink: Arc<dyn ProgressSink>,
    at: u64,
}

impl ProgressSink for Behind {
    fn progress(&self, progress: &Progress) -> bool {
        let Progress { bytes, total, .. } = *progress;
        let total = total.map(|total| total.saturating_add(self.at));
        self.sink.progress(&Progress { bytes: bytes.saturating_add(self.at), total, ..*progress })
    }
}
