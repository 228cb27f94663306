//! How the body of a response is received, by both waits: into its own buffer, or past it into the
//! caller's memory.

use bytes::Bytes;

use crate::drive::body::Progress;
use crate::drive::reply::State;
use crate::drive::wait::Wait;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::space::Space;
use crate::response::{Response, Until};

/// Bytes that are taken together into one piece when they are at hand: each piece costs its receiver
/// a turn, and this many still fit caches.
const GATHERED: usize = 256 * 1024;

/// A body with no more than this left is worth a look before its head is handed over.
const SMALL: u64 = 64 * 1024;

impl Response {
    /// The caller has it, who may forget it: `body_idle_timeout` begins.
    #[inline]
    pub(crate) fn park(&mut self) {
        if let State::Live(live) = &mut self.reply.state {
            live.park();
        }
    }

    /// Waits until body bytes are here; how many can be read at once, 0 at the verified end.
    pub(crate) async fn wait_at_hand<W: Wait>(&mut self, wait: &mut W) -> Result<usize> {
        if self.reply.ready.is_empty() {
            let direct = match &mut self.reply.state {
                State::Live(live) => live.at_hand(wait).await,
                _ => None,
            };
            match direct {
                Some(Ok(count)) => return Ok(count),
                Some(Err(error)) => return Err(self.fail(error)),
                None => self.receive_piece(wait, GATHERED).await?,
            }
        }
        Ok(self.reply.ready.len())
    }

    pub(crate) async fn read_into<W: Wait>(
        &mut self,
        wait: &mut W,
        to: &mut Space<'_>,
    ) -> Result<usize> {
        if self.reply.ready.is_empty() {
            let mut direct = None;
            if let State::Live(live) = &mut self.reply.state {
                direct = live.read_direct(wait, to).await;
            }
            match direct {
                Some(Ok(count)) => {
                    self.conclude();
                    return Ok(count);
                }
                Some(Err(error)) => return Err(self.fail(error)),
                None => self.receive(wait).await?,
            }
        }
        Ok(self.reply.ready.copy_to(to))
    }

    /// Reads until `to` is full or the body has ended.
    pub(crate) async fn fill_space<W: Wait>(
        &mut self,
        wait: &mut W,
        to: &mut Space<'_>,
    ) -> Result<()> {
        while to.left() > 0 && self.read_into(wait, to).await? > 0 {}
        Ok(())
    }

    /// Reads until `to` is full or the body has ended, which is collected whole: `max_body_size` holds.
    pub(crate) async fn fill_whole<W: Wait>(
        &mut self,
        wait: &mut W,
        to: &mut Space<'_>,
    ) -> Result<()> {
        let size = self.left_to_read().unwrap_or(0);
        self.check_size(size.saturating_add(to.filled() as u64))?;
        while to.left() > 0 && self.read_into(wait, to).await? > 0 {
            self.check_size(to.filled() as u64)?;
        }
        Ok(())
    }

    /// Bytes still to be read, if that is known.
    pub(crate) fn left_to_read(&mut self) -> Option<u64> {
        let to_come = match &mut self.reply.state {
            State::Done | State::Switched(_) => Some(0),
            State::Live(live) => live.remaining(),
            State::Failed(_) | State::Closed => None,
        };
        Some(to_come? + self.reply.ready.len() as u64)
    }

    /// Whether so large a body may be held whole; if not, it is given up.
    pub(crate) fn check_size(&mut self, size: u64) -> Result<()> {
        match self.reply.max_body_size {
            Some(most) if size > most => Err(self.too_large(most)),
            _ => Ok(()),
        }
    }

    #[cold]
    fn too_large(&mut self, most: u64) -> Error {
        let error = Error::new(
            ErrorKind::BodyTooLarge,
            Phase::Body,
            format!("the response body is larger than {most} bytes (option max_body_size)"),
        );
        let error = match &mut self.reply.state {
            State::Live(live) => live.fail(error),
            _ => error,
        };
        self.reply.ready.clear();
        self.fail(error)
    }

    pub(crate) async fn next_chunk<W: Wait>(
        &mut self,
        wait: &mut W,
        max: usize,
    ) -> Result<Option<Bytes>> {
        if max == 0 {
            return Ok((self.wait_at_hand(wait).await? > 0).then(Bytes::new));
        }
        if self.reply.ready.is_empty() {
            self.receive_piece(wait, max.min(GATHERED)).await?;
        }
        Ok(self.reply.ready.take(max))
    }

    /// What came of a body that failed.
    pub(crate) fn take_arrived(&mut self) -> Bytes {
        self.reply.ready.take_all()
    }

    /// A short rest of the body that is at hand: then the event loop need not ask for it.
    pub(crate) fn gather(&mut self) {
        let undecided = self.reply.is_undecided();
        let State::Live(live) = &mut self.reply.state else { return };
        // What may have to be decoded yet waits for its reader's word.
        if !undecided && live.remaining().is_some_and(|left| left <= SMALL) {
            let enough = self.reply.ready.len() + SMALL as usize;
            let result =
                live.receive_more(self.reply.ready.space(), &mut self.reply.trailers, enough);
            // What came is delivered first, the failure by the read that follows.
            let _ = self.progressed(result);
        }
    }

    /// Receives until the end; the body is then in `ready`.
    pub(crate) async fn collect<W: Wait>(&mut self, wait: &mut W) -> Result<()> {
        if self.is_complete() {
            return self.check_size(self.reply.ready.len() as u64);
        }
        let size = self.left_to_read().unwrap_or(0);
        self.check_size(size)?;
        if let State::Live(live) = &mut self.reply.state {
            live.reserve_whole(self.reply.ready.space());
        }
        loop {
            self.receive(wait).await?;
            self.check_size(self.reply.ready.len() as u64)?;
            if self.is_complete() {
                return Ok(());
            }
        }
    }

    /// Receives as much of the body as `until` wants; on failure the error has what came of it.
    pub(crate) async fn receive_until<W: Wait>(
        &mut self,
        wait: &mut W,
        until: Until,
    ) -> Result<()> {
        match self.is_enough(until)? {
            true => Ok(()),
            false => self.collect_whole(wait).await,
        }
    }

    /// Whether as much as `until` wants is here: then the caller has it.
    #[inline]
    pub(crate) fn is_enough(&mut self, until: Until) -> Result<bool> {
        if until == Until::Head && self.reply.extras.is_none() {
            self.park();
            return Ok(true);
        }
        self.has_enough(until)
    }

    fn has_enough(&mut self, until: Until) -> Result<bool> {
        self.tell_whole()?;
        let enough = match until {
            Until::Head => true,
            Until::SmallBody(limit) => self.whole_size()?.is_some_and(|left| left > limit),
            Until::Body => false,
        };
        if enough {
            self.park();
        }
        Ok(enough)
    }

    /// Receives the rest; on failure the error has what came of it.
    pub(crate) async fn collect_whole<W: Wait>(&mut self, wait: &mut W) -> Result<()> {
        self.collect(wait).await.map_err(|error| error.with_partial(self.take_arrived()))
    }

    /// Whoever wants to know how far it is, is told of a body that has come with its head.
    #[inline]
    pub(crate) fn tell_whole(&mut self) -> Result<()> {
        let extras = self.reply.extras.as_mut();
        match extras.and_then(|extras| extras.meter.take()) {
            Some(mut meter) => meter.tell(Phase::Body, true),
            None => Ok(()),
        }
    }

    /// Gives up what is unread and waits until its connection is free or closed; on the engine.
    pub(crate) async fn leave(&mut self) {
        self.reply.ready.clear();
        if let State::Live(live) = &mut self.reply.state {
            if let Some(work) = live.leave() {
                work.await;
            }
            self.reply.state = State::Closed;
        }
    }

    /// Waits for more body bytes; at the verified end the connection goes back at once, with the
    /// last bytes still in `ready`.
    async fn receive<W: Wait>(&mut self, wait: &mut W) -> Result<()> {
        let result = match &mut self.reply.state {
            State::Done | State::Switched(_) => return Ok(()),
            State::Failed(error) => return Err(error.clone()),
            State::Closed => return Err(Error::state("the response was closed")),
            State::Live(live) => {
                live.receive(wait, self.reply.ready.space(), &mut self.reply.trailers).await
            }
        };
        self.progressed(result)
    }

    /// Waits for more body bytes, and takes everything that is at hand up to `enough` bytes.
    async fn receive_piece<W: Wait>(&mut self, wait: &mut W, enough: usize) -> Result<()> {
        self.receive(wait).await?;
        let result = match &mut self.reply.state {
            State::Live(live) if self.reply.ready.len() < enough => {
                live.receive_more(self.reply.ready.space(), &mut self.reply.trailers, enough)
            }
            _ => return Ok(()),
        };
        self.progressed(result)
    }

    fn progressed(&mut self, result: Result<Progress>) -> Result<()> {
        match result {
            Ok(Progress::Data) => Ok(()),
            Ok(Progress::End) => {
                if let State::Live(mut live) = std::mem::replace(&mut self.reply.state, State::Done)
                {
                    live.finish();
                    live.ended.into_iter().for_each(|end| self.reply.ended(end));
                }
                Ok(())
            }
            Err(error) if self.reply.ready.is_empty() => Err(self.fail(error)),
            // What came before the failure is delivered first.
            Err(error) => {
                self.fail(error);
                Ok(())
            }
        }
    }

    /// After bytes went past `ready`: a body whose length is known ends with its last byte.
    pub(crate) fn conclude(&mut self) {
        if let State::Live(live) = &mut self.reply.state
            && live.conclude()
        {
            let end = live.ended;
            self.reply.state = State::Done;
            end.into_iter().for_each(|end| self.reply.ended(end));
        }
    }

    /// Whether the body itself failed, so that later reads say the same.
    pub(crate) fn is_failed(&self, error: &Error) -> bool {
        matches!(&self.reply.state, State::Failed(own) if own.kind() == error.kind())
    }

    /// Nobody wants the rest, and the connection is closed.
    pub(crate) fn discard(&mut self) {
        if let State::Live(live) = &mut self.reply.state {
            let _ = live.fail(Error::state("the response was given up"));
        }
        self.reply.ready.clear();
        self.reply.state = State::Closed;
    }

    pub(crate) fn fail(&mut self, error: Error) -> Error {
        let end = match &self.reply.state {
            State::Live(live) => live.ended,
            _ => None,
        };
        end.into_iter().for_each(|end| self.reply.ended(end));
        let error = error.with_info(self.reply.info(), self.reply.timings());
        self.reply.state = State::Failed(error.clone());
        error
    }
}
